//! What a firm's name looks like: legal forms, the noise around it, and the lines that are no name.

use super::{
    looks::looks_like_address,
    words::{
        ARTICLES, BIND_FORM, BIND_TRADE, BORNE, COUNTRIES, FORMER, LEGAL, NOT_NAME, SHORT_LEGAL, SPEECH,
        TERM, TRADE,
    },
};
use crate::understand::{
    places::cities,
    sheet::{fold, has_phrase},
};

/// A word of a name: folded, without dots ("S.A." is `sa`), and where it stands in the text (bytes).
#[derive(Debug, Clone, PartialEq)]
pub struct Token {
    /// Folded, without dots.
    pub plain: String,
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

/// Cuts a text into words; single letters parted by dots become one word.
#[must_use]
pub fn tokens(text: &str) -> Vec<Token> {
    let mut out: Vec<Token> = Vec::new();
    let mut start = None;
    for (i, c) in text.char_indices().chain([(text.len(), ' ')]) {
        let inside = c.is_alphanumeric() || matches!(c, '/' | '&' | '\'' | '’' | '_');
        match (inside, start) {
            (true, None) => start = Some(i),
            (false, Some(from)) => {
                push(&mut out, text, from, i);
                start = None;
            }
            _ => {}
        }
    }
    out
}

fn push(out: &mut Vec<Token>, text: &str, start: usize, end: usize) {
    let plain = fold(&text[start..end]);
    let single = |t: &str| t.chars().count() == 1 && t.chars().all(char::is_alphabetic);
    if let Some(last) = out.last_mut()
        && single(&plain)
        && last.plain.chars().all(char::is_alphabetic)
        && text[last.start..last.end].chars().filter(|c| *c != '.' && *c != ' ').count()
            == text[last.start..last.end].split(['.', ' ']).filter(|p| !p.is_empty()).count()
        && (&text[last.end..start] == "." || (&text[last.end..start] == ". " && single(&last.plain)))
    {
        last.plain.push_str(&plain);
        last.end = end;
        return;
    }
    out.push(Token { plain, start, end });
}

/// The words of a text, folded and without dots, parted by single blanks.
#[must_use]
pub fn plain(text: &str) -> String {
    tokens(text).into_iter().map(|t| t.plain).collect::<Vec<_>>().join(" ")
}

fn ends_with_at(words: &[Token], form: &str, at: usize) -> Option<usize> {
    let parts: Vec<&str> = form.split(' ').collect();
    let from = (at + 1).checked_sub(parts.len())?;
    let same = words.get(from..=at)?.iter().zip(&parts).all(|(w, p)| w.plain == **p);
    same.then_some(from)
}

/// The last legal form of a name, as indices of its first and last word; a name is more than its form.
#[must_use]
pub fn legal_form(words: &[Token], text: &str) -> Option<(usize, usize)> {
    (0..words.len()).rev().find_map(|at| {
        let long = LEGAL.iter().filter_map(|f| ends_with_at(words, f, at)).min();
        let dotted = |w: &Token| text[w.end..].starts_with('.') || text[w.start..w.end].contains('.');
        let last = at + 1 == words.len();
        let short = || {
            let word = &words[at];
            let after_name = at >= 1 && !words[at - 1].plain.chars().all(|c| c.is_ascii_digit());
            let printed = &text[word.start..word.end];
            let known = SHORT_LEGAL.contains(&word.plain.as_str())
                && printed.chars().next().is_some_and(char::is_uppercase);
            // "Acme, S.A. B-123", "Acme Co. The Mall": a dotted form ends the name though words follow.
            let inner = printed.contains('.') || (word.plain == "co" && at >= 2 && dotted(word));
            (known && after_name && (last || inner)).then_some(at)
        };
        long.or_else(short).map(|from| (from, at))
    })
}

/// How much a text looks like a firm's name by its words: 1 for a legal form, less for a word of trade.
#[must_use]
pub fn firm(text: &str) -> f32 {
    let words = tokens(text);
    let formed = legal_form(&words, text).is_some_and(|(from, _)| from > 0 || words.len() > 3);
    if formed && !ends_in_state(text) {
        return 1.0;
    }
    let plain = plain(text);
    if TRADE.iter().any(|w| has_phrase(&plain, w)) { 0.4 } else { 0.0 }
}

/// "12 Mesa Rd, Colorado Springs, CO": what looks like a legal form is a state's letters behind its town.
fn ends_in_state(text: &str) -> bool {
    let folded = fold(text);
    let parts =
        folded.rsplit_once(',').map(|(ahead, state)| (ahead.rsplit(',').next().unwrap_or(ahead), state));
    parts.is_some_and(|(town, state)| cities::with_state(&format!("{town},{state}")))
}

/// Whether a text says only what is sold ("BAR - CAFETERIA"), not by whom.
#[must_use]
pub fn only_trade(text: &str) -> bool {
    let words = tokens(text);
    words.iter().all(|w| TRADE.contains(&w.plain.as_str()) || BIND_TRADE.contains(&w.plain.as_str()))
}

/// Whether a text is but an article, "THE", "LA": the name goes on below. A lone letter is none.
#[must_use]
pub fn only_articles(text: &str) -> bool {
    let words = tokens(text);
    !words.is_empty()
        && words.iter().all(|w| w.plain.chars().count() > 1 && ARTICLES.contains(&w.plain.as_str()))
}

/// Whether a text is only the end of a name: legal forms, brackets and country words ("CO. (M) SDN BHD").
#[must_use]
pub fn only_ending(text: &str) -> bool {
    let words = tokens(text);
    let Some((from, to)) = legal_form(&words, text).or_else(|| alone(&words)) else { return false };
    let outside = words.iter().enumerate().filter(|(i, _)| *i < from || *i > to);
    let bracketed = text.trim_start().starts_with('(');
    outside.clone().all(|(_, w)| BIND_FORM.contains(&w.plain.as_str()))
        || (bracketed && outside.count() <= 2 && !text.chars().any(|c| c.is_ascii_digit()))
}

fn alone(words: &[Token]) -> Option<(usize, usize)> {
    let last = words.len().checked_sub(1)?;
    let word = words.get(last).filter(|_| last == 0)?;
    SHORT_LEGAL.contains(&word.plain.as_str()).then_some((last, last))
}

/// Whether a name's line says something a name does not; what firms do call themselves by is none before a legal form:
/// "Nube Express Shopping Limited".
#[must_use]
pub fn says_other(text: &str) -> bool {
    let plain = plain(text);
    let folded = fold(text);
    let term = TERM.iter().any(|d| has_phrase(&plain, d));
    let formed = ends_in_form(text);
    let other = |w: &&&str| !(formed && BORNE.contains(*w));
    (term && folded.contains(|c: char| c.is_ascii_digit()))
        || NOT_NAME.iter().filter(other).any(|w| has_phrase(&plain, w) || has_phrase(&folded, w))
        || (folded.contains('@') && folded.contains('.'))
        || letter_by_letter(&folded).is_some_and(|word| NOT_NAME.contains(&word.as_str()))
        || broken(text)
}

/// Fewest letters of a word that is known though something was read into it.
const BROKEN: usize = 8;

/// "Einz:elkarte": a long word that no name says, with a mark or a blank read into it.
fn broken(text: &str) -> bool {
    let words = tokens(text);
    words.windows(2).any(|pair| {
        let word: String = pair.iter().map(|w| w.plain.as_str()).collect();
        word.chars().count() >= BROKEN && NOT_NAME.contains(&word.as_str())
    })
}

/// Whether a text ends in a legal form that is not all of it.
#[must_use]
pub fn ends_in_form(text: &str) -> bool {
    let words = tokens(text);
    legal_form(&words, text).is_some_and(|(from, to)| from > 0 && to + 1 == words.len())
}

/// Fewest letters of a word that is printed letter by letter.
const SPACED: usize = 5;

/// "-K-U-N-D-E-N-B-E-L-E-G-": the word of single letters that a line is.
fn letter_by_letter(folded: &str) -> Option<String> {
    let letters: Vec<&str> =
        folded.split(|c: char| !c.is_alphanumeric()).filter(|part| !part.is_empty()).collect();
    let spaced = letters.len() >= SPACED && letters.iter().all(|part| part.chars().count() == 1);
    spaced.then(|| letters.concat())
}

/// Whether a line says that the names about it are of the past.
#[must_use]
pub fn says_former(folded: &str) -> bool {
    FORMER.iter().any(|w| has_phrase(folded, w))
}

/// The name without its legal form, squeezed: what two printings of one firm have in common.
#[must_use]
pub fn core(name: &str) -> String {
    let words = tokens(name);
    words
        .iter()
        .take(stem(&words, name))
        .flat_map(|w| w.plain.chars())
        .filter(|c| c.is_alphanumeric())
        .collect()
}

/// How many words of a name stand before its legal form: all, where it has none or is nothing else.
#[must_use]
pub fn stem(words: &[Token], name: &str) -> usize {
    match legal_form(words, name) {
        Some((from, _)) if from > 0 => from,
        _ => words.len(),
    }
}

/// Whether one of two [`core()`]s is but a part of the other: a town in it, the name without its branch.
#[must_use]
pub fn kin(top: &str, other: &str) -> bool {
    other == top
        || (top.len() >= 4 && other.starts_with(top))
        || (other.len() >= 4 && (top.ends_with(other) || top.starts_with(other)))
}

/// The legal form of a name, squeezed.
#[must_use]
pub fn form(name: &str) -> Option<String> {
    let words = tokens(name);
    let (from, to) = legal_form(&words, name)?;
    Some(words.get(from..=to)?.iter().map(|w| w.plain.as_str()).collect())
}

/// Words of a sentence at least, how many of them speak to whoever reads, and how many are written small where one alone does.
const SENTENCE: (usize, usize, usize) = (6, 2, 3);

/// "Please note our new account at Lago Bank Ltd": a sentence, though a firm's name is in it.
fn speaks(text: &str) -> bool {
    let words = tokens(text);
    let speech = words.iter().filter(|w| SPEECH.contains(&w.plain.as_str())).count();
    let small = words.iter().filter(|w| text[w.start..].starts_with(char::is_lowercase)).count();
    words.len() >= SENTENCE.0 && (speech >= SENTENCE.1 || speech == 1 && small >= SENTENCE.2)
}

/// "H&M": two letters that a sign binds are a name, where two others are a code or what is left of a word.
fn is_bound_pair(folded: &str) -> bool {
    let mut parts = folded.split('&').map(|part| {
        let mut letters = part.trim().chars();
        letters.next().is_some_and(char::is_alphabetic) && letters.next().is_none()
    });
    parts.next() == Some(true) && parts.next() == Some(true) && parts.next().is_none()
}

/// Whether a text can be a name at all.
#[must_use]
pub fn plausible(name: &str) -> bool {
    let folded = fold(name);
    let letters = folded.chars().filter(|c| c.is_alphabetic()).count();
    let digits = folded.chars().filter(char::is_ascii_digit).count();
    (letters >= 3 || is_bound_pair(&folded))
        && folded.chars().count() <= 80
        && digits <= letters
        && !folded.ends_with(':')
        && !COUNTRIES.contains(&plain(name).as_str())
        && !speaks(name)
        && (firm(name) > 0.9 || (!says_other(name) && !looks_like_address(&folded)))
}

#[cfg(test)]
mod tests {
    use super::{super::tidy::tidy, *};

    #[test]
    fn legal_forms_in_any_dress() {
        for name in [
            "Nube Roja S.A. de C.V.",
            "NUBE ROJA SDN.BHD.",
            "Nube Roja, S. L. U.",
            "Nube Roja, Inc.",
            "Nube Roja S.p.A.",
        ] {
            assert!(firm(name) > 0.9, "{name}");
        }
        assert!(firm("12 Mesa Rd, Colorado Springs, CO") < 0.9 && firm("Nube Roja, Co.") > 0.9);
        assert!(firm("RICE 5 KG") < 0.9 && firm("Nube Roja KG") > 0.9 && firm("sdn bhd") < 0.9);
    }

    #[test]
    fn what_is_around_a_name_goes() {
        assert_eq!(tidy("NUBE ROJA SDN BHD (123456-X)"), "NUBE ROJA SDN BHD");
        assert_eq!(tidy("Nube Roja S/B 273511-U (NR1)"), "Nube Roja S/B");
        assert_eq!(tidy("NUBE ROJA SON BHD"), "NUBE ROJA SDN BHD");
        assert_eq!(tidy("NUBE ROJA 5/B (1234-X)"), "NUBE ROJA S/B");
        assert_eq!(tidy("OWN BY: NUBE ROJA SDN BHD"), "NUBE ROJA SDN BHD");
        assert_eq!(tidy("Nube Roja Invoice"), "Nube Roja");
        assert_eq!(tidy("NUBE ROJA ENTERPRISE P)"), "NUBE ROJA ENTERPRISE");
        assert_eq!(tidy("Nube Roja Co. The Long Mall"), "Nube Roja Co.");
        assert_eq!(tidy("Nube Roja GmbH · Hauptstr. 3 · 12345 Altstadt"), "Nube Roja GmbH");
        assert_eq!(tidy("Nube Roja AG - Uferweg 4 - D-63999 Neustadt"), "Nube Roja AG");
        assert_eq!(tidy("NUBE (M) SDN BHD"), "NUBE (M) SDN BHD");
        assert_eq!(tidy("* NUBE_ROJA_* CC Alta"), "NUBE_ROJA");
        assert_eq!(tidy("* NUBE ROJA *"), "NUBE ROJA");
        assert_eq!(tidy("Nube Roja S.A."), "Nube Roja S.A.");
        assert_eq!(tidy("NUBE ROJA, S.A. A-58818501"), "NUBE ROJA, S.A.");
        assert_eq!(tidy("Nube Roja GmbH & Co. KG, Amtsgericht Altstadt"), "Nube Roja GmbH & Co. KG");
        assert!(only_trade("BAR - CAFETERIA") && !only_trade("BAR LUNA"));
    }

    #[test]
    fn a_sentence_is_no_name() {
        for text in [
            "Please note our new bank details with Lago Ltd",
            "Bitte beachten Sie unsere neue Bankverbindung bei der Lago AG",
            "PLEASE NOTE OUR NEW ACCOUNT AT LAGO LTD",
            "Tome nota de nuestra nueva cuenta en Lago, S.A.",
        ] {
            assert!(!plausible(text), "{text}");
        }
        for name in
            ["Thank You Pizza Ltd", "Sociedad de Amigos de la Luna y del Sol S.L.", "We Are Nube Roja GmbH"]
        {
            assert!(plausible(name), "{name}");
        }
    }

    #[test]
    fn a_long_word_with_a_mark_read_into_it() {
        assert!(says_other("Einz:elkarte Altstadt") && says_other("Fahr schein"));
        assert!(!says_other("Ein Nube") && !says_other("Nube Roja"));
    }

    #[test]
    fn labels_of_many_languages() {
        for text in [
            "Adresa poslovnog subjekta",
            "NAZIV LOKALA",
            "Stolik 4",
            "VALID FOR 23 JUL",
            "Tot ziens!",
            "Gratuity not included",
        ] {
            assert!(says_other(text), "{text}");
        }
        assert_eq!(tidy("Naziv: Nube Roja d.o.o."), "Nube Roja d.o.o.");
        assert_eq!(tidy("Nazwa: NUBE ROJA"), "NUBE ROJA");
    }

    #[test]
    fn words_that_firms_bear() {
        for name in ["Nube Express Shopping Limited", "Nube Medical Inc.", "NUBE CASH & CARRY S.L."] {
            assert!(!says_other(name), "{name}");
        }
        for text in [
            "Shopping hours",
            "Nube Shopping",
            "Cash",
            "Customer Nube Medical Ltd",
            "Medical Inc. Invoice 17",
        ] {
            assert!(says_other(text), "{text}");
        }
    }

    #[test]
    fn two_letters_that_a_sign_binds() {
        assert!(plausible("N&R") && plausible("N & R"));
        for text in ["NR", "N&", "&R", "N&R&", "4&5", "A"] {
            assert!(!plausible(text), "{text}");
        }
    }

    #[test]
    fn an_article_alone() {
        assert!(only_articles("THE") && only_articles("La"));
        assert!(!only_articles("The Nube") && !only_articles("A") && !only_articles(""));
    }

    #[test]
    fn titles_of_two_words_before_a_firm() {
        assert_eq!(tidy("Sales Receipt N.U.B.E. S.A."), "N.U.B.E. S.A.");
        assert_eq!(tidy("Factura de Venta Nube Roja S.A.S."), "Nube Roja S.A.S.");
        for name in ["Cash Nube Roja S.L.", "Tax Receipt Services Ltd", "Receipt Nube Roja"] {
            assert_eq!(tidy(name), name);
        }
    }

    #[test]
    fn endings_and_cores() {
        assert!(only_ending("CO. (M) SDN BHD") && only_ending("(NORTE) SDN BHD") && only_ending("Inc."));
        assert!(!only_ending("N.R.MOTOR(NORTE)SDN.BHD."));
        assert_eq!(core("Nube Roja, Inc."), core("NUBE ROJA"));
    }

    #[test]
    fn addresses() {
        assert!(looks_like_address("springfield, ny 10001") && looks_like_address("80333 munchen"));
        assert!(!looks_like_address("99 speed shop s/b"));
        assert!(!looks_like_address("1842 brewing company") && looks_like_address("1842 altstadt"));
    }

    proptest::proptest! {
        #[test]
        fn never_panics(text in "\\PC{0,40}") {
            let _ = (tidy(&text), firm(&text), core(&text), only_ending(&text), plausible(&text));
        }
    }
}
