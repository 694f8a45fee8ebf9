//! What a case says: how a burst is told of, and what is waited for.
//!
//! What was read off a document is a stranger's text: it is cut, and stripped of everything but plain characters.

use std::fmt::Write;

use minijinja::{Value, context};

use crate::{book::say, language::Language, wording::particulars::plain};

/// Most files that one message names.
const MOST_ITEMS: usize = 20;

/// What became of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Became {
    /// It is filed.
    Filed,
    /// It came before.
    Same,
    /// A person looks at it.
    InReview,
    /// Another is asked for.
    Again,
    /// A person refused it.
    Rejected,
    /// It is still worked on.
    Reading,
}

impl Became {
    /// In the order in which they are told.
    const ALL: [Self; 6] =
        [Self::Filed, Self::Same, Self::InReview, Self::Again, Self::Rejected, Self::Reading];

    fn key(self) -> &'static str {
        match self {
            Self::Filed => "filed",
            Self::Same => "same",
            Self::InReview => "review",
            Self::Again => "again",
            Self::Rejected => "rejected",
            Self::Reading => "reading",
        }
    }
}

/// A file of a burst.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Which of those that were sent, from 1.
    pub number: usize,
    /// A word of `Kind` of documents: `invoice`, `receipt`, `id`, `other`.
    pub kind: String,
    /// Whom it is from, and what it comes to, as far as that may be said.
    pub particulars: Vec<String>,
    /// What became of it.
    pub became: Became,
    /// The reason, where another is asked for: a word of the closed list.
    pub why: Option<String>,
}

/// A sentence of a case.
fn sentence(key: &str, language: Language, values: Value) -> String {
    say(language, &format!("case.{key}"), values)
}

/// One that names nothing.
fn plainly(key: &str, language: Language) -> String {
    sentence(key, language, context! {})
}

/// So many files came.
#[must_use]
pub fn received(count: u32, language: Language) -> String {
    sentence("received", language, context! { n => count })
}

/// What became of the files of a burst, each in its place: what is filed, what waits, what to send again.
#[must_use]
pub fn summary(items: &[Item], language: Language) -> String {
    let mut text = sentence("summary", language, context! { n => items.len() });
    let mut named = 0;
    for became in Became::ALL {
        let of_these: Vec<&Item> = items.iter().filter(|item| item.became == became).collect();
        let fit = of_these.len().min(MOST_ITEMS.saturating_sub(named));
        let Some(shown) = of_these.get(..fit).filter(|_| !of_these.is_empty()) else { continue };
        named += fit;
        let _ = write!(text, "\n\n{}:", plainly(became.key(), language));
        for item in shown {
            let _ = write!(text, "\n{}. {}", item.number, line(item, language));
        }
        if fit < of_these.len() {
            let more = sentence("more", language, context! { n => of_these.len() - fit });
            let _ = write!(text, "\n{more}");
        }
    }
    text
}

/// What is still waited for: one sentence, or a numbered list.
#[must_use]
pub fn reminder(items: &[Item], language: Language) -> String {
    if let [one] = items {
        return sentence("reminder.one", language, context! { what => line(one, language) });
    }
    let mut text = plainly("reminder", language);
    for (n, item) in items.iter().take(MOST_ITEMS).enumerate() {
        let _ = write!(text, "\n{}. {}", n + 1, line(item, language));
    }
    text
}

/// No more notices, as was asked.
#[must_use]
pub fn stopped(language: Language) -> String {
    plainly("stopped", language)
}

/// Notices again, as was asked.
#[must_use]
pub fn started(language: Language) -> String {
    plainly("started", language)
}

fn line(item: &Item, language: Language) -> String {
    let kind = match plainly(&item.kind, language) {
        kind if kind.is_empty() => plainly("other", language),
        kind => kind,
    };
    let particulars = item.particulars.iter().map(|text| plain(text)).filter(|text| !text.is_empty());
    let name: Vec<String> = std::iter::once(kind).chain(particulars).collect();
    let name = name.join(", ");
    let why = item.why.as_ref().map(|why| plainly(&format!("why.{why}"), language)).unwrap_or_default();
    if why.is_empty() { name } else { format!("{name} ({why})") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(number: usize, became: Became) -> Item {
        let particulars = vec!["Café\nUno https://x.example".into(), "45.00 EUR".into()];
        let why = (became == Became::Again).then(|| "unreadable".to_owned());
        Item { number, kind: "receipt".into(), particulars, became, why }
    }

    #[test]
    fn every_language_says_everything() {
        for became in Became::ALL {
            assert!(!plainly(became.key(), Language::Pt).is_empty());
        }
        let other = Language::choose(Some("fr"), None, None);
        assert_eq!(summary(&[], other), summary(&[], Language::Es));
    }

    #[test]
    fn a_summary_says_what_became_of_each_in_its_place() {
        let items = [
            item(1, Became::Filed),
            item(2, Became::Again),
            item(3, Became::Filed),
            item(4, Became::Reading),
        ];
        assert_eq!(
            summary(&items, Language::En),
            "This is what became of your 4 files:\n\nFiled:\n1. receipt, Café Uno, 45.00 EUR\n3. receipt, Café Uno, \
             45.00 EUR\n\nPlease send them again:\n2. receipt, Café Uno, 45.00 EUR (it is hard to read)\n\n\
             We are still reading them:\n4. receipt, Café Uno, 45.00 EUR"
        );
    }

    #[test]
    fn a_long_summary_fits_a_message() {
        let items: Vec<Item> = (1..=500).map(|n| item(n, Became::Filed)).collect();
        let text = summary(&items, Language::Es);
        assert!(text.chars().count() < 4_096 && text.ends_with("y 480 más"), "{text}");
    }

    #[test]
    fn one_thing_is_a_sentence_and_more_are_a_list() {
        let one = reminder(&[item(1, Became::Again)], Language::Es);
        assert!(one.contains("tu recibo, Café Uno, 45.00 EUR (no se lee bien)."), "{one}");
        let two = reminder(&[item(7, Became::Again), item(9, Became::Again)], Language::En);
        assert!(two.contains("\n1. receipt") && two.contains("\n2. receipt"), "{two}");
    }
}
