//! What somebody asks us about, by their words: data, a line a topic. Only what is answered from rows alone is one; of all
//! else it is said once what can be asked, and then it is a person's.

use acuse_pipeline::{knowledge, understand::sheet::fold};

const OURS: &str = include_str!("topics.tsv");

/// Longest question that is understood, words: a longer one says more than one thing.
const LONGEST: usize = 12;

/// What is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Topic {
    /// What became of their documents.
    Status,
    /// What we wait for.
    Needs,
    /// How a file is sent again.
    Again,
    /// When we work.
    Hours,
    /// They want a person.
    Person,
    /// They complain.
    Complaint,
}

impl Topic {
    /// The topic of a message; none where it has none, or more than one.
    #[must_use]
    pub fn of(message: &str) -> Option<Self> {
        let plain = fold(message);
        let words: Vec<&str> =
            plain.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
        if words.len() > LONGEST {
            return None;
        }
        let said = format!(" {} ", words.join(" "));
        let mut found = knowledge::lines(OURS).filter_map(|line| {
            let mut cells = line.split('\t');
            let topic = match cells.next()? {
                "status" => Self::Status,
                "needs" => Self::Needs,
                "again" => Self::Again,
                "hours" => Self::Hours,
                "person" => Self::Person,
                "complaint" => Self::Complaint,
                _ => return None,
            };
            cells.any(|words| said.contains(&format!(" {words} "))).then_some(topic)
        });
        match (found.next(), found.next()) {
            // Whoever wants a person, or complains, gets one whatever else they say.
            (Some(topic @ (Self::Person | Self::Complaint)), _) => Some(topic),
            (Some(topic), None) => Some(topic),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_is_understood_by_its_words_or_is_a_persons() {
        let table = [
            ("¿Cómo va mi factura?", Some(Topic::Status)),
            ("Did you get my receipt?", Some(Topic::Status)),
            ("Vocês receberam meu recibo?", Some(Topic::Status)),
            ("¿Qué falta?", Some(Topic::Needs)),
            ("What do you need from me?", Some(Topic::Needs)),
            ("O que falta enviar?", Some(Topic::Needs)),
            ("¿Puedo enviar de nuevo la foto?", Some(Topic::Again)),
            ("Quiero hablar con una persona", Some(Topic::Person)),
            ("Quiero poner una queja: ¿cómo va mi factura?", Some(Topic::Complaint)),
            ("¿Qué falta y cómo va mi factura?", None),
            ("¿A qué hora abren?", Some(Topic::Hours)),
            ("What are your opening hours?", Some(Topic::Hours)),
            ("Qual é o horário de atendimento?", Some(Topic::Hours)),
            ("Hola", None),
            ("", None),
        ];
        for (message, topic) in table {
            assert_eq!(Topic::of(message), topic, "{message}");
        }
        let long = format!("{} cómo va mi factura", "bla ".repeat(12));
        assert_eq!(Topic::of(&long), None);
    }
}
