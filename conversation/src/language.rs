//! The languages that are written.

use std::fmt;

use acuse_pipeline::knowledge;

/// A language we write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Language {
    /// Spanish.
    Es,
    /// English.
    En,
    /// Portuguese.
    Pt,
}

/// Country calling codes (ITU-T E.164), countries, and the language most spoken there; the longer code wins.
const SPOKEN: &str = include_str!("spoken.tsv");

impl Language {
    /// Every one.
    pub const ALL: [Self; 3] = [Self::Es, Self::En, Self::Pt];

    /// ISO 639-1.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Es => "es",
            Self::En => "en",
            Self::Pt => "pt",
        }
    }

    /// The language to write in: the contact's own where known, else that of the country of their number, or of their user id
    /// (two letters) where no number is known, else the document's, else Spanish.
    #[must_use]
    pub fn choose(contact: Option<&str>, phone_or_country: Option<&str>, document: Option<&str>) -> Self {
        contact
            .and_then(Self::of_tag)
            .or_else(|| phone_or_country.and_then(Self::of_phone))
            .or_else(|| document.and_then(Self::of_tag))
            .unwrap_or(Self::Es)
    }

    /// The language of a tag such as `pt-BR` or `es`.
    #[must_use]
    pub fn of_tag(tag: &str) -> Option<Self> {
        let tag = tag.split(['-', '_']).next()?;
        Self::ALL.into_iter().find(|language| language.as_str().eq_ignore_ascii_case(tag))
    }

    /// The language most spoken where a number is from, digits only, or in a country.
    #[must_use]
    pub fn of_phone(phone_or_country: &str) -> Option<Self> {
        let rows = knowledge::lines(SPOKEN).filter_map(|line| line.split_once('\t'));
        let of = |(language, codes): (&'static str, &'static str)| {
            let longest =
                codes.split(' ').filter(|code| phone_or_country.starts_with(code)).map(str::len).max()?;
            Some((longest, Self::of_tag(language)?))
        };
        rows.filter_map(of).max_by_key(|(length, _)| *length).map(|(_, language)| language)
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_is_the_contacts_then_the_numbers_then_the_documents() {
        let choose = Language::choose;
        assert_eq!(choose(Some("pt-BR"), Some("34600"), Some("en")), Language::Pt);
        assert_eq!(choose(Some("de"), Some("5511"), Some("en")), Language::Pt);
        assert_eq!(choose(None, Some("1787555"), None), Language::Es);
        assert_eq!(choose(None, Some("15550190002"), None), Language::En);
        assert_eq!(choose(None, Some("49170"), Some("en")), Language::En);
        assert_eq!(choose(None, Some("BR"), Some("en")), Language::Pt);
        assert_eq!(choose(None, None, Some("de")), Language::Es);
    }
}
