//! The desk's words in Spanish and Portuguese. English is what the pages are written in; the others are data, a line a
//! text: English, a tab, the translation, with `{}` where values go, in the same order.
//!
//! What other rooms say (why a document waits, what is wrong with a field) comes as an English sentence with its values in
//! it, as it stands in rows and answers. [`Tongue::say`] finds which sentence of the data it is, and says it with them; a
//! third column says that its values are to be typed as they stand, so that they are not said in the language.

use std::{cmp::Reverse, collections::HashMap, fmt::Display, sync::LazyLock};

use axum::http::{HeaderMap, header};
use cookie::Cookie;

use super::{assets, labels, sentence};
pub use crate::tongue::Tongue;

/// The cookie in which a person's choice is kept.
pub const COOKIE: &str = "acuse_language";

type Table = HashMap<&'static str, &'static str>;

fn table(text: &'static str) -> Table {
    text.lines().filter_map(|line| line.split_once('\t')).collect()
}

/// What the desk's script says: what stands in its `tr("…")`.
static SCRIPT: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
    let calls = assets::SCRIPT.split("tr(\"").skip(1);
    calls.filter_map(|after| after.split('"').next()).collect()
});

/// A sentence with values in it: what stands around them, and the whole in another language.
struct Sentence {
    around: Vec<&'static str>,
    to: &'static str,
    /// Whether its values stay as they are.
    as_they_stand: bool,
}

impl Sentence {
    fn of(from: &'static str, to: &'static str) -> Self {
        let (to, as_they_stand) = to.split_once('\t').map_or((to, false), |(to, _)| (to, true));
        Self { around: from.split("{}").collect(), to, as_they_stand }
    }

    /// The values of a text that is this sentence.
    fn values<'a>(&self, text: &'a str) -> Option<Vec<&'a str>> {
        let (first, rest) = self.around.split_first()?;
        let (last, between) = rest.split_last()?;
        let mut left = text.strip_prefix(first)?;
        let mut values = Vec::with_capacity(rest.len());
        for part in between {
            let (value, after) = left.split_once(*part)?;
            values.push(value);
            left = after;
        }
        values.push(left.strip_suffix(last)?);
        Some(values)
    }

    /// How many letters of it are its own: none, and any text would be it.
    fn letters(&self) -> usize {
        self.around.iter().map(|part| part.chars().filter(|c| c.is_alphabetic()).count()).sum()
    }
}

/// The sentences of a table, what says most first: the first that a text is, is it.
fn sentences(table: &Table) -> Vec<Sentence> {
    let with_values = table.iter().filter(|(from, _)| from.contains("{}"));
    let mut all: Vec<Sentence> = with_values.map(|(&from, &to)| Sentence::of(from, to)).collect();
    all.retain(|sentence| sentence.letters() > 0);
    all.sort_by_cached_key(|sentence| (Reverse(sentence.letters()), sentence.around.clone()));
    all
}

/// How deep sentences are looked for in the values of others: what stands on a paper, or is sent to an address, is a value
/// too, and may be made of them without end.
const DEEP: u8 = 4;

/// A text with these values at its `{}`.
fn filled(text: &str, values: impl IntoIterator<Item = String>) -> String {
    let mut parts = text.split("{}");
    let mut said = parts.next().unwrap_or_default().to_owned();
    let mut values = values.into_iter();
    for part in parts {
        said.push_str(&values.next().unwrap_or_default());
        said.push_str(part);
    }
    said
}

/// A text as it stands in the middle of a sentence. What is written in capitals keeps them.
fn within(text: &str) -> String {
    let mut chars = text.chars();
    match (chars.next(), chars.clone().next()) {
        (Some(first), Some(second)) if !second.is_uppercase() => first.to_lowercase().chain(chars).collect(),
        _ => text.to_owned(),
    }
}

static ES_SENTENCES: LazyLock<Vec<Sentence>> = LazyLock::new(|| sentences(&ES));
static PT_SENTENCES: LazyLock<Vec<Sentence>> = LazyLock::new(|| sentences(&PT));
static ES: LazyLock<Table> = LazyLock::new(|| table(include_str!("data/es.tsv")));
static PT: LazyLock<Table> = LazyLock::new(|| table(include_str!("data/pt.tsv")));

impl Tongue {
    /// What the person chose, else what their browser asks for, else English.
    #[must_use]
    pub fn asked(headers: &HeaderMap) -> Self {
        let cookies = headers.get_all(header::COOKIE).iter().filter_map(|v| v.to_str().ok());
        let mut cookies = cookies.flat_map(Cookie::split_parse).filter_map(Result::ok);
        let chosen = cookies.find(|c| c.name() == COOKIE).and_then(|c| Self::of(c.value()));
        let accepted = || {
            let tags = headers.get(header::ACCEPT_LANGUAGE)?.to_str().ok()?;
            tags.split(',').find_map(Self::of)
        };
        chosen.or_else(accepted).unwrap_or_default()
    }

    /// A text in this language; as it is where nobody translated it.
    #[must_use]
    pub fn t(self, english: &str) -> &str {
        self.known(english).unwrap_or(english)
    }

    fn known(self, english: &str) -> Option<&'static str> {
        match self {
            Self::En => None,
            Self::Es => ES.get(english).copied(),
            Self::Pt => PT.get(english).copied(),
        }
    }

    /// A sentence that came with its values in it, in this language; as it is where nobody translated it.
    #[must_use]
    pub fn say(self, english: &str) -> String {
        self.say_within(english, DEEP)
    }

    fn say_within(self, english: &str, deep: u8) -> String {
        if let Some(known) = self.known(english) {
            return known.to_owned();
        }
        let sentences = match self {
            Self::En => return english.to_owned(),
            Self::Es => &*ES_SENTENCES,
            Self::Pt => &*PT_SENTENCES,
        };
        let found = sentences.iter().find_map(|sentence| Some((sentence, sentence.values(english)?)));
        let Some((sentence, values)) = found else { return english.to_owned() };
        let said = |value: &str| match deep.checked_sub(1).filter(|_| !sentence.as_they_stand) {
            Some(deep) => self.value(value, deep),
            None => value.to_owned(),
        };
        filled(sentence.to, values.into_iter().map(said))
    }

    /// A value of a sentence: the name of a field, a phrase, or a list of them, is said in the language too.
    fn value(self, value: &str, deep: u8) -> String {
        if let Some(known) = self.known(value) {
            return known.to_owned();
        }
        if let Some(named) = self.known(&labels::label(value)) {
            return within(named);
        }
        let whole = sentence(value);
        if value.contains(", ") && self.known(&whole).is_none() {
            return value.split(", ").map(|one| self.value(one, deep)).collect::<Vec<_>>().join(", ");
        }
        let said = self.say_within(&whole, deep);
        if said == whole { value.to_owned() } else { within(said.trim_end_matches('.')) }
    }

    /// What the script says, in this language, as JSON; empty in English.
    #[must_use]
    pub fn script_words(self) -> String {
        if self == Self::En {
            return String::new();
        }
        let words =
            SCRIPT.iter().map(|english| ((*english).to_owned(), serde_json::Value::from(self.t(english))));
        serde_json::Value::Object(words.collect()).to_string()
    }

    /// Whether a text is there in this language, be it the same word.
    #[cfg(test)]
    pub(super) fn knows(self, english: &str) -> bool {
        match self {
            Self::En => true,
            Self::Es => ES.contains_key(english),
            Self::Pt => PT.contains_key(english),
        }
    }

    /// A text with one value in it, at `{}`.
    #[must_use]
    pub fn f(self, english: &str, value: impl Display) -> String {
        self.with(english, &[&value])
    }

    /// A text with several values in it, at each `{}` one.
    #[must_use]
    pub fn with(self, english: &str, values: &[&dyn Display]) -> String {
        filled(self.t(english), values.iter().map(ToString::to_string))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use acuse_pipeline::{
        checks,
        document::Kind,
        fields::{Entry, Field, FieldName, Fields, Source},
        reason::ReasonCode,
    };
    use acuse_storage::{
        incidents::kinds,
        outbox::OutboxState,
        reviews::{Resolution, Resolved},
    };

    use crate::{
        desk::{
            came::{ARRIVALS, SENT, STANDS},
            document::DECIDED,
            ledger::{AGES, PLACES},
        },
        review,
    };

    /// The pages as they are written.
    fn pages() -> Vec<String> {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/templates");
        let files = std::fs::read_dir(folder).unwrap().map(|f| f.unwrap().path());
        files.map(|file| std::fs::read_to_string(file).unwrap()).collect()
    }

    /// The texts that the pages ask for: what stands in `frame.t("…")` and `frame.f("…"`.
    fn asked_for() -> Vec<String> {
        let mut found = Vec::new();
        for text in pages() {
            for call in ["frame.t(\"", "frame.f(\""] {
                let texts = text.split(call).skip(1).filter_map(|after| after.split('"').next());
                found.extend(texts.map(str::to_owned));
            }
        }
        found
    }

    #[test]
    fn every_text_is_there_in_every_language() {
        let mut wanted = asked_for();
        assert!(wanted.len() > 40, "{}", wanted.len());
        assert!(SCRIPT.len() > 5, "{SCRIPT:?}");
        wanted.extend(SCRIPT.iter().map(|text| (*text).to_owned()));
        let names = Kind::ALL.iter().flat_map(|kind| FieldName::of(*kind)).map(|name| name.as_str());
        wanted.extend(names.map(labels::label));
        wanted.extend(ReasonCode::ALL.iter().map(|code| labels::label(code.as_str())));
        wanted.extend(Kind::ALL.iter().map(|kind| labels::kind(Some(*kind)).to_owned()));
        let kinds = kinds::all().into_iter().chain(["never_heard_of"]).map(kinds::kind);
        wanted.extend(kinds.flat_map(|kind| [kind.title, kind.ended_by]).map(str::to_owned));
        wanted.extend(PLACES.iter().map(|(_, label)| (*label).to_owned()));
        wanted.extend(AGES.map(str::to_owned));
        wanted.extend(ARRIVALS.iter().map(|(_, label)| (*label).to_owned()));
        wanted.extend(SENT.iter().map(|(_, label)| (*label).to_owned()));
        wanted.extend(STANDS.map(str::to_owned));
        wanted.extend(OutboxState::ALL.iter().map(|state| labels::label(state.as_str())));
        wanted.extend(Resolution::ALL.iter().map(|resolution| labels::label(resolution.as_str())));
        wanted.extend(DECIDED.iter().map(|event| labels::label(event)));
        for (table, name) in [(&*ES, "es"), (&*PT, "pt")] {
            let missing: Vec<_> = wanted.iter().filter(|text| !table.contains_key(text.as_str())).collect();
            assert!(missing.is_empty(), "{name}.tsv lacks {missing:#?}");
            let holes = |text: &str| text.matches("{}").count();
            assert!(table.iter().all(|(from, to)| holes(from) == holes(to)), "a value is lost in {name}.tsv");
        }
    }

    #[test]
    fn no_page_says_its_title_or_how_long_ago_in_english_alone() {
        for page in pages() {
            for raw in ["{{ ago }}", ".ago }}", ".age }}"] {
                assert!(!page.contains(raw), "{raw}: {page}");
            }
            let title =
                page.split("{% block title %}").nth(1).and_then(|rest| rest.split("{% endblock %}").next());
            let mut bare = title.unwrap_or_default().replace("Acuse", "");
            for (open, close) in [("{{", "}}"), ("{%", "%}")] {
                while let Some((before, inside)) = bare.split_once(open) {
                    let after = inside.split_once(close).map_or("", |(_, after)| after);
                    bare = format!("{before}{after}");
                }
            }
            assert!(!bare.chars().any(char::is_alphabetic), "{bare}: {title:?}");
        }
        is_said("3 days", &["3"]);
        is_said("now", &[]);
    }

    /// A text in both other languages, which is neither English nor without its values.
    fn is_said(text: &str, values: &[&str]) {
        for tongue in [Tongue::Es, Tongue::Pt] {
            let said = tongue.say(text);
            assert_ne!(said, text, "{tongue:?}");
            assert!(values.iter().all(|value| said.contains(value)), "{said}");
        }
        assert_eq!(Tongue::En.say(text), text);
    }

    #[test]
    fn what_is_wrong_with_a_value_is_said_in_every_language() {
        let long = "x".repeat(600);
        for (kind, name) in Kind::ALL.iter().flat_map(|k| FieldName::of(*k).iter().map(move |n| (*k, *n))) {
            for bad in ["?", "1.234", "05/06/2026", long.as_str()] {
                if let Err(fault) = checks::typed(kind, name, bad) {
                    is_said(&sentence(&fault), &[]);
                }
            }
        }
        let line = |quantity: &str, amount: &str| Entry {
            quantity: Some(quantity.into()),
            amount: Some(amount.into()),
            ..Entry::default()
        };
        for wrong in [line("ten", "1.00"), line("1", "ten")] {
            let lines = vec![line("1", "1.00"), wrong];
            is_said(&sentence(&checks::typed_list(FieldName::LineItems, lines).unwrap_err()), &["2: "]);
        }
        let choices = checks::typed(Kind::Invoice, FieldName::Type, "?").unwrap_err();
        is_said(&sentence(&choices), &["credit_note"]);
    }

    #[test]
    fn what_speaks_against_a_decision_is_said_in_every_language() {
        use FieldName::{Currency, Date, MerchantTaxId, Subtotal, Tax, Total};
        let typed = [
            (Date, "2099-01-01"),
            (Currency, "ZZZ"),
            (Subtotal, "100.00"),
            (Tax, "21.00"),
            (Total, "131.00"),
            (MerchantTaxId, "B12345675"),
        ];
        let field = |value: &str| Field::unplaced(value, 1.0, Source::Reviewer);
        let fields: Fields = typed.map(|(name, value)| (name, field(value))).into();
        let found = checks::warnings(Kind::Receipt, &fields, "", time::macros::date!(2026 - 06 - 01));
        assert!(found.len() >= 5, "{found:?}");
        for warning in found {
            is_said(&warning.message, &[]);
        }
    }

    #[test]
    fn why_somebody_else_is_waited_for_is_said_in_every_language() {
        for resolved in [
            Resolved::NoPerson,
            Resolved::DecidedByTwo,
            Resolved::NeedsFourEyes,
            Resolved::NotTheirOwnSecond,
            Resolved::StillHeld { secs: 9 },
        ] {
            let why = review::told(resolved).unwrap_err();
            is_said(&sentence(&why.to_string()), &[]);
        }
    }

    #[test]
    fn a_sentence_of_another_room_is_said_with_its_values() {
        let named = |name: &str| within(Tongue::Es.t(name));
        let two = format!("No se encontró: {}, {}.", named("Issuer name"), named("Total"));
        assert_eq!(Tongue::Es.say("Not found: issuer_name, total."), two);
        let said =
            Tongue::Es.say("2 documents seem to be in this file: an invoice on page 1, a receipt on page 2.");
        assert_eq!(
            said,
            "Parece que hay 2 documentos en este archivo: una factura en la página 1, un recibo en la página 2."
        );
        assert_eq!(Tongue::Pt.say("3 h"), "3 h");
        assert_eq!(Tongue::Es.say("Nobody ever wrote this of {}."), "Nobody ever wrote this of {}.");
        let endless = format!("X{}.", " is in the future".repeat(9));
        assert!(Tongue::Es.say(&endless).contains("is in the future"), "not without end");
        assert_eq!(Tongue::Es.with("with {} until {}", &[&"ana", &"12:00"]), "con ana hasta 12:00");
    }

    #[test]
    fn the_persons_choice_goes_before_the_browsers() {
        let mut headers = HeaderMap::new();
        assert_eq!(Tongue::asked(&headers), Tongue::En);
        headers.insert(header::ACCEPT_LANGUAGE, "fr, pt-BR;q=0.8, en".parse().unwrap());
        assert_eq!(Tongue::asked(&headers), Tongue::Pt);
        headers.insert(header::COOKIE, "acuse_session=x; acuse_language=es".parse().unwrap());
        assert_eq!(Tongue::asked(&headers), Tongue::Es);
        assert_eq!(Tongue::Es.f("{} pages", 3), "3 páginas");
    }
}
