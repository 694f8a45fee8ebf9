//! What words say of a name: the lists of `data/name_words.tsv`, and of `data/party_words.tsv`, by role.

use std::sync::LazyLock;

use crate::knowledge::{self, Phrases};

/// The words of a role.
fn of(role: &str) -> Vec<&'static str> {
    knowledge::phrases(include_str!("../data/name_words.tsv"), role)
}

/// The words of a role, of those beside names and in them.
fn beside(role: &str) -> Vec<&'static str> {
    knowledge::phrases(include_str!("../data/party_words.tsv"), role)
}

/// Legal forms: strong evidence of a firm's name wherever they end it.
pub static LEGAL: Phrases = LazyLock::new(|| of("legal"));
/// Short legal forms that are also words, units or initials: they count only as the last word of a name of two or more.
pub static SHORT_LEGAL: Phrases = LazyLock::new(|| of("short_legal"));
/// Words of a trade, which a shop's name often says.
pub static TRADE: Phrases = LazyLock::new(|| of("trade"));
/// Words that a name does not say. A legal form outweighs them only in part.
pub static NOT_NAME: Phrases = LazyLock::new(|| of("not_name"));
/// Words of those that firms do call themselves by, before a legal form.
pub static BORNE: Phrases = LazyLock::new(|| of("borne"));
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

/// Words of the lines that end an address.
pub static ADDRESS_END: Phrases = LazyLock::new(|| beside("address_end"));
/// How a person is addressed.
pub static SALUTATIONS: Phrases = LazyLock::new(|| beside("salutation"));
/// How the names of streets end.
pub static STREET_END: Phrases = LazyLock::new(|| beside("street_end"));
/// Labels of a company's registration number.
pub static REGISTRATION: Phrases = LazyLock::new(|| beside("registration"));
/// Words before a branch's number.
pub static NUMBERED: Phrases = LazyLock::new(|| beside("branch"));
/// What makes another label of the label of a party before it: "Customer No".
pub static OTHER_LABEL: Phrases = LazyLock::new(|| beside("other_label"));
/// A company's particulars behind its name.
pub static CAPITAL: Phrases = LazyLock::new(|| beside("capital"));
/// What begins the stub by which a buyer in Brazil receipts goods ("Recebemos de … os produtos constantes da nota fiscal": MOC,
/// annex II); the issuer follows.
pub static STUB: Phrases = LazyLock::new(|| beside("stub"));
/// What follows him.
pub static STUB_END: Phrases = LazyLock::new(|| beside("stub_end"));
/// Days, in which a term is counted.
pub static TERM: Phrases = LazyLock::new(|| beside("term"));
/// Articles before a name, which its site leaves out.
pub static ARTICLES: Phrases = LazyLock::new(|| beside("article"));
/// Words that bind two names to one: "Smith, Jones & Partners".
pub static BIND: Phrases = LazyLock::new(|| beside("bind"));
/// What thanks or welcomes in the name of the firm that follows: "thank you for shopping at".
pub static VOICE: Phrases = LazyLock::new(|| beside("voice"));
/// What follows the firm in whose name the paper greets: "wishes you".
pub static SPEAKER: Phrases = LazyLock::new(|| beside("speaker"));
/// Who greets for a firm, and is none.
pub static STAFF: Phrases = LazyLock::new(|| beside("staff"));
/// What may stand between a title and the name behind it: "Sales Receipt Acme Ltd".
pub static TITLE_OF: Phrases = LazyLock::new(|| beside("title_of"));
/// What tickets and tills print of how something is sold: fares, zones, "take away".
pub static SALE: Phrases = LazyLock::new(|| beside("sale"));
/// Words between words of trade.
pub static BIND_TRADE: Phrases = LazyLock::new(|| beside("bind_trade"));
/// Words beside a legal form that stands without a name.
pub static BIND_FORM: Phrases = LazyLock::new(|| beside("bind_form"));
/// Words between words of roles.
pub static BIND_ROLE: Phrases = LazyLock::new(|| beside("bind_role"));

/// What stands before a phrase and the blank before that, where both stand in a text.
pub fn before<'t>(text: &'t str, phrase: &str) -> Option<&'t str> {
    text.match_indices(phrase).find_map(|(at, _)| text[..at].strip_suffix(' '))
}

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
            &BORNE,
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

    #[test]
    fn every_role_beside_names_has_its_words() {
        let lists = [
            &ADDRESS_END,
            &SALUTATIONS,
            &STREET_END,
            &REGISTRATION,
            &NUMBERED,
            &OTHER_LABEL,
            &CAPITAL,
            &STUB,
            &STUB_END,
            &TERM,
            &ARTICLES,
            &BIND,
            &VOICE,
            &SPEAKER,
            &STAFF,
            &TITLE_OF,
            &SALE,
            &BIND_TRADE,
            &BIND_FORM,
            &BIND_ROLE,
        ];
        let text = include_str!("../data/party_words.tsv");
        knowledge::assert_read(text, &lists);
        knowledge::assert_folded(text);
    }

    #[test]
    fn what_stands_before_a_phrase() {
        assert_eq!(before("acme sas au capital de 1 000", "sas au capital"), Some("acme"));
        assert_eq!(before("xsas au capital y sas au capital", "sas au capital"), Some("xsas au capital y"));
        assert_eq!(before("sas au capital", "sas au capital"), None);
    }
}
