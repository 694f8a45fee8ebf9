//! What somebody means by a whole message of a word or two: data, a line an intent.

use acuse_pipeline::{knowledge, understand::sheet::fold};

/// What is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Intent {
    /// No more of what we send of our own accord.
    Stop,
    /// It may come again.
    Start,
    /// Nothing is asked: they have read it.
    Thanks,
    /// They agree: an answer where one is waited for; else they have read it.
    Agreed,
}

const OURS: &str = include_str!("intents.tsv");

/// Longest message that is looked at, characters.
const LONGEST: usize = 40;

impl Intent {
    /// The intent of a message, when the whole of it says nothing else. "No quiero parar" is none.
    #[must_use]
    pub fn of(message: &str) -> Option<Self> {
        if message.chars().count() > LONGEST {
            return None;
        }
        let said = folded(message);
        knowledge::lines(OURS).find_map(|line| {
            let (intent, words) = line.split_once('\t')?;
            let intent = match intent {
                "stop" => Self::Stop,
                "start" => Self::Start,
                "thanks" => Self::Thanks,
                "agreed" => Self::Agreed,
                _ => return None,
            };
            words.split('\t').any(|word| word == said).then_some(intent)
        })
    }
}

/// Small letters without accents, signs at either end or doubled spaces.
fn folded(text: &str) -> String {
    let plain = fold(text);
    let words = plain.split_whitespace().map(|word| word.trim_matches(|c: char| !c.is_alphanumeric()));
    words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_whole_message_is_meant() {
        for stop in ["STOP", "Baja", " parar. ", "«Cancelar»", "SAIR!", "pare", "No más mensajes"] {
            assert_eq!(Intent::of(stop), Some(Intent::Stop), "{stop}");
        }
        for start in ["START", "alta", "Voltar"] {
            assert_eq!(Intent::of(start), Some(Intent::Start), "{start}");
        }
        for thanks in ["Gracias!", "Muito obrigado".trim_start_matches("Muito "), "Thank you."] {
            assert_eq!(Intent::of(thanks), Some(Intent::Thanks), "{thanks}");
        }
        for agreed in ["Ok", "vale.", "De acuerdo", "¡Listo!", "Certo"] {
            assert_eq!(Intent::of(agreed), Some(Intent::Agreed), "{agreed}");
        }
        for neither in ["no quiero parar", "stop by the shop", "la baja de enero", "", "🙏", "pára-raios"]
        {
            assert_eq!(Intent::of(neither), None, "{neither}");
        }
    }
}
