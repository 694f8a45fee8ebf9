//! The desk's words in Spanish and Portuguese. English is what the pages are written in; the others are data, a line a
//! text: English, a tab, the translation.

use std::{collections::HashMap, fmt::Display, sync::LazyLock};

use axum::http::{HeaderMap, header};
use cookie::Cookie;

/// The cookie in which a person's choice is kept.
pub const COOKIE: &str = "acuse_language";

/// A language of the desk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tongue {
    /// English.
    #[default]
    En,
    /// Spanish.
    Es,
    /// Portuguese.
    Pt,
}

type Table = HashMap<&'static str, &'static str>;

fn table(text: &'static str) -> Table {
    text.lines().filter_map(|line| line.split_once('\t')).collect()
}

/// What the desk's script says: what stands in its `tr("…")`.
static SCRIPT: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
    let calls = include_str!("../../assets/desk.js").split("tr(\"").skip(1);
    calls.filter_map(|after| after.split('"').next()).collect()
});

static ES: LazyLock<Table> = LazyLock::new(|| table(include_str!("data/es.tsv")));
static PT: LazyLock<Table> = LazyLock::new(|| table(include_str!("data/pt.tsv")));

impl Tongue {
    /// All of them, with their own names.
    pub const ALL: [(Self, &'static str); 3] =
        [(Self::Es, "Español"), (Self::En, "English"), (Self::Pt, "Português")];

    /// ISO 639-1.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Es => "es",
            Self::Pt => "pt",
        }
    }

    /// By its code, or a tag that begins with it.
    #[must_use]
    pub fn of(tag: &str) -> Option<Self> {
        let code = tag.split(['-', '_', ';']).next()?.trim().to_ascii_lowercase();
        Self::ALL.into_iter().map(|(tongue, _)| tongue).find(|tongue| tongue.code() == code)
    }

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
        let table = match self {
            Self::En => return english,
            Self::Es => &*ES,
            Self::Pt => &*PT,
        };
        table.get(english).copied().unwrap_or(english)
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
        self.t(english).replacen("{}", &value.to_string(), 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use acuse_pipeline::{document::Kind, fields::FieldName, reason::ReasonCode};
    use acuse_storage::incidents::kinds;

    use crate::desk::words;

    /// The texts that the pages ask for: what stands in `frame.t("…")` and `frame.f("…"`.
    fn asked_for() -> Vec<String> {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/templates");
        let mut found = Vec::new();
        for file in std::fs::read_dir(folder).unwrap().map(|f| f.unwrap().path()) {
            let text = std::fs::read_to_string(file).unwrap();
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
        wanted.extend(names.map(words::label));
        wanted.extend(ReasonCode::ALL.iter().map(|code| words::label(code.as_str())));
        wanted.extend(Kind::ALL.iter().map(|kind| words::kind(Some(*kind)).to_owned()));
        let kinds = kinds::all().into_iter().chain(["never_heard_of"]).map(kinds::kind);
        wanted.extend(kinds.flat_map(|kind| [kind.title, kind.ended_by]).map(str::to_owned));
        for (table, name) in [(&*ES, "es"), (&*PT, "pt")] {
            let missing: Vec<_> = wanted.iter().filter(|text| !table.contains_key(text.as_str())).collect();
            assert!(missing.is_empty(), "{name}.tsv lacks {missing:#?}");
            let holes = |text: &str| text.matches("{}").count();
            assert!(table.iter().all(|(from, to)| holes(from) == holes(to)), "a value is lost in {name}.tsv");
        }
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
