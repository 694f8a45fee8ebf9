//! What words say of a name: the lists of `data/name_words.tsv`, by role.

use std::sync::LazyLock;

use crate::knowledge::{self, Phrases};

/// The words of a role.
fn of(role: &str) -> Vec<&'static str> {
    knowledge::phrases(include_str!("../data/name_words.tsv"), role)
}

/// Legal forms: strong evidence of a firm's name wherever they end it.
pub static LEGAL: Phrases = LazyLock::new(|| of("legal"));
/// Short legal forms that are also words, units or initials: they count only as the last word of a name of two or more.
pub static SHORT_LEGAL: Phrases = LazyLock::new(|| of("short_legal"));
/// Words of a trade, which a shop's name often says.
pub static TRADE: Phrases = LazyLock::new(|| of("trade"));
/// Words that a name does not say. A legal form outweighs them only in part.
pub static NOT_NAME: Phrases = LazyLock::new(|| of("not_name"));
/// Words of an address line.
pub static ADDRESS: Phrases = LazyLock::new(|| of("address"));
/// Words before a firm's name on its own line: what follows is the name.
pub static OWNED: Phrases = LazyLock::new(|| of("owned"));
/// Labels of a firm's registered name, which do not say whose it is.
pub static LEGAL_NAME: Phrases = LazyLock::new(|| of("legal_name"));
/// Words before a name that need their colon.
pub static NAMED: Phrases = LazyLock::new(|| of("named"));
/// Titles of documents, which stand at a name's end or start ("Acme Invoice").
pub static TITLES: Phrases = LazyLock::new(|| of("title"));
/// Words after which a name on the line above or before is no longer the firm's own.
pub static FORMER: Phrases = LazyLock::new(|| of("former"));
/// Countries as addresses print them: a line that is only one is no name.
pub static COUNTRIES: Phrases = LazyLock::new(|| of("country"));
/// Words that name a part that somebody plays, and nobody.
pub static ROLES: Phrases = LazyLock::new(|| of("role"));
/// Words that speak to whoever reads, as slogans and greetings do and names seldom.
pub static SPEECH: Phrases = LazyLock::new(|| of("speech"));
/// Words beside a way to reach a firm, or its registration.
pub static CONTACT: Phrases = LazyLock::new(|| of("contact"));

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_role_has_its_words() {
        let lists = [
            &LEGAL,
            &SHORT_LEGAL,
            &TRADE,
            &NOT_NAME,
            &ADDRESS,
            &OWNED,
            &LEGAL_NAME,
            &NAMED,
            &TITLES,
            &FORMER,
            &COUNTRIES,
            &ROLES,
            &SPEECH,
            &CONTACT,
        ];
        let text = include_str!("../data/name_words.tsv");
        knowledge::assert_read(text, &lists);
        knowledge::assert_folded(text);
    }
}
