//! The privacy notice that whoever writes for the first time gets, and where an identity document is read only once its
//! holder has agreed: data, a line a language, and a line a country.

use acuse_pipeline::knowledge;

use crate::{language::Language, policy::BadPolicy};

/// Calling codes, and countries of user ids, where the law asks for an authorization first.
const AUTHORIZED: &str = include_str!("authorization.tsv");
/// Longest notice, characters (Meta's limit of a text with choices).
const MOST_CHARS: usize = 1_024;

/// A notice, in as many languages as it was written in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Privacy {
    version: String,
    texts: Vec<(Language, String)>,
}

impl Privacy {
    /// Out of a file: `version`, a tab, which one; then a language, a tab, the text (`\n` is a new line).
    ///
    /// # Errors
    /// When there is no version or no text, or a line is wrong.
    pub fn read(data: &str) -> Result<Self, BadPolicy> {
        let mut read = Self { version: String::new(), texts: Vec::new() };
        for (n, line) in data.lines().enumerate() {
            let bad = |problem| BadPolicy { line: n + 1, problem };
            if line.trim().is_empty() || line.starts_with('#') {
                continue;
            }
            let (key, text) = line.split_once('\t').ok_or(bad("write a key, a tab and a text"))?;
            let text = text.trim().replace("\\n", "\n");
            if text.is_empty() || text.chars().count() > MOST_CHARS {
                return Err(bad("a notice has 1 to 1024 characters"));
            }
            match (key, Language::ALL.into_iter().find(|l| l.as_str() == key)) {
                ("version", _) => read.version = text,
                (_, Some(language)) => read.texts.push((language, text)),
                _ => return Err(bad("a key is version, es, en or pt")),
            }
        }
        let whole = !read.version.is_empty() && !read.texts.is_empty();
        if whole { Ok(read) } else { Err(BadPolicy { line: 0, problem: "there is no version, or no text" }) }
    }

    /// Which one it is.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Its text, in this language or the first that it was written in.
    #[must_use]
    pub fn text(&self, language: Language) -> &str {
        let written = self.texts.iter().find(|(of, _)| *of == language).or(self.texts.first());
        written.map(|(_, text)| text.as_str()).unwrap_or_default()
    }
}

/// Whether whoever has this number (digits, with its calling code), or a user id of this country (two letters) where no number
/// is known, must agree before an identity document of theirs is read.
#[must_use]
pub fn needs_authorization(phone_or_country: &str) -> bool {
    let keys = knowledge::lines(AUTHORIZED).filter_map(|line| line.split('\t').next());
    keys.flat_map(|keys| keys.split(' ')).any(|key| phone_or_country.starts_with(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notice_is_read_and_a_bad_line_says_which() {
        let privacy = Privacy::read("# ours\nversion\t2026-01\nes\tHola.\\nMás en x.\npt\tOlá.\n").unwrap();
        assert_eq!((privacy.version(), privacy.text(Language::Es)), ("2026-01", "Hola.\nMás en x."));
        assert_eq!(privacy.text(Language::Pt), "Olá.");
        assert_eq!(privacy.text(Language::En), "Hola.\nMás en x.", "the first, where there is no other");
        for (text, line) in
            [("es\tHola", 0), ("version\t1", 0), ("version\t1\nfr\tSalut", 2), ("version 1", 1)]
        {
            assert_eq!(Privacy::read(text).unwrap_err().line, line, "{text}");
        }
    }

    #[test]
    fn the_law_of_the_numbers_country_speaks() {
        for (of, asks) in [
            ("573001112233", true),
            ("5511999990000", true),
            ("34600111222", false),
            ("CO", true),
            ("BR", true),
            ("ES", false),
            ("", false),
        ] {
            assert_eq!(needs_authorization(of), asks, "{of}");
        }
    }
}
