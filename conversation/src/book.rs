//! The sentences of each language, as data: a file a language, a key and a template a line.

use std::sync::LazyLock;

use acuse_pipeline::knowledge;
use minijinja::{Environment, Error, UndefinedBehavior, Value};

use crate::language::Language;

static ES: LazyLock<Environment<'static>> = LazyLock::new(|| book(include_str!("book/es.tsv")));
static EN: LazyLock<Environment<'static>> = LazyLock::new(|| book(include_str!("book/en.tsv")));
static PT: LazyLock<Environment<'static>> = LazyLock::new(|| book(include_str!("book/pt.tsv")));

/// A value that a sentence names and is not given is an error, not a hole in the sentence.
fn book(text: &'static str) -> Environment<'static> {
    let mut book = Environment::new();
    book.set_undefined_behavior(UndefinedBehavior::Strict);
    for (key, sentence) in rows(text) {
        // A line that is no template is missing when it is said, which the tests do with every one.
        let _ = book.add_template(key, sentence);
    }
    book
}

fn rows(text: &'static str) -> impl Iterator<Item = (&'static str, &'static str)> {
    knowledge::lines(text).filter_map(|line| line.split_once('\t'))
}

/// The sentence of this key, with these values.
pub(crate) fn sentence(language: Language, key: &str, values: Value) -> Result<String, Error> {
    let book = match language {
        Language::Es => &ES,
        Language::En => &EN,
        Language::Pt => &PT,
    };
    book.get_template(key)?.render(values)
}

/// The same, for those who give what the sentence names. Were it not there, the text would be empty: Meta refuses
/// that, and a person hears of the message.
pub(crate) fn say(language: Language, key: &str, values: Value) -> String {
    sentence(language, key, values).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_language_has_the_same_keys_and_every_line_is_a_template() {
        let [es, en, pt] =
            [include_str!("book/es.tsv"), include_str!("book/en.tsv"), include_str!("book/pt.tsv")];
        let keys = |text| rows(text).map(|(key, _)| key).collect::<Vec<_>>();
        assert_eq!((keys(es), keys(es)), (keys(en), keys(pt)));
        for (language, text) in [(Language::Es, es), (Language::En, en), (Language::Pt, pt)] {
            assert_eq!(knowledge::lines(text).count(), rows(text).count(), "{language}");
            let values = minijinja::context! { read => "a", words => "a", date => "a", number => "a", amount => "a",
            currency => "a", day => 1, month => "a", year => 1, n => 1, what => "a", days => "a",
            times => "a", first => "a", last => "a", time => "a" };
            for (key, _) in rows(text) {
                assert!(!sentence(language, key, values.clone()).unwrap().is_empty(), "{language} {key}");
            }
        }
    }

    #[test]
    fn what_is_not_given_leaves_no_hole() {
        assert!(sentence(Language::Es, "duplicate", minijinja::context! {}).is_err());
        assert!(sentence(Language::Es, "nothing of that name", minijinja::context! {}).is_err());
    }
}
