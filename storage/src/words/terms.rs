//! The words and numbers of a text, as search compares them: no case, no accents, numbers by their value whatever their
//! notation, identifiers with and without what stands between their pieces.

use std::{collections::BTreeSet, ops::Bound};

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

use super::spelled::Spelled;

/// Begins a token that is a number's value: no word does.
const VALUE: char = '§';
/// Longest token, characters.
const TOKEN_CHARS: usize = 64;
/// Most terms of one question.
const MOST_TERMS: usize = 16;
/// Longest question, characters.
const QUESTION_CHARS: usize = 200;
/// What may stand between the digits of a number.
const SEPARATORS: [char; 4] = ['.', ',', '\'', '’'];
/// Longest written number, bytes.
const NUMBER_BYTES: usize = 24;

/// One word, or one number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token {
    text: String,
    /// Whether it is found only as it is; otherwise also what begins with it.
    is_whole: bool,
}

/// What was written with no space in it (or is one number): each way to read it is some tokens that are all there.
pub(super) type Term = Vec<Vec<Token>>;

/// What is looked for: all of these terms, of each one of its readings, of that all tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wanted(Vec<Term>);

impl Token {
    /// Found also by its beginning, unless that is a single letter.
    fn beginning(text: &str) -> Self {
        let text: String = text.chars().take(TOKEN_CHARS).collect();
        Self { is_whole: text.chars().nth(1).is_none(), text }
    }

    fn value(value: &str, is_whole: bool) -> Self {
        let text = std::iter::once(VALUE).chain(value.chars().take(TOKEN_CHARS)).collect();
        Self { text, is_whole }
    }

    fn is_in(&self, kept: &BTreeSet<String>) -> bool {
        if self.is_whole {
            return kept.contains(&self.text);
        }
        let from = (Bound::Included(self.text.as_str()), Bound::Unbounded);
        kept.range::<str, _>(from).next().is_some_and(|text| text.starts_with(&self.text))
    }
}

/// All tokens of a text, once each: what an index keeps of it.
pub(crate) fn tokens(text: &str) -> BTreeSet<String> {
    terms(text).into_iter().flatten().flatten().map(|token| token.text).collect()
}

impl Wanted {
    /// What a text asks for. None where it says nothing that could be found.
    pub(crate) fn of(q: &str) -> Option<Self> {
        let q: String = q.chars().take(QUESTION_CHARS).collect();
        let terms: Vec<Term> = terms(&q).into_iter().take(MOST_TERMS).collect();
        (!terms.is_empty()).then_some(Self(terms))
    }

    /// What begins with any of these, each taken for one word. None where no letter or digit is left of them.
    pub(crate) fn beginning_with(any: &[&str]) -> Option<Self> {
        let letters = |text: &&str| fold(text).chars().filter(|c| c.is_alphanumeric()).collect::<String>();
        let kept = any.iter().map(letters).filter(|text| !text.is_empty());
        let term: Term = kept.take(MOST_TERMS).map(|text| vec![Token::beginning(&text)]).collect();
        (!term.is_empty()).then(|| Self(vec![term]))
    }

    /// The beginnings among its tokens that are longer than so many letters.
    pub(super) fn beginnings_beyond(&self, letters: usize) -> BTreeSet<String> {
        let tokens = self.0.iter().flatten().flatten().filter(|token| !token.is_whole);
        tokens.filter(|token| token.text.chars().count() > letters).map(|token| token.text.clone()).collect()
    }

    /// The same in the words of one database's full-text search: `AND` of terms, `OR` of readings, `AND` of tokens; of a
    /// beginning that is spelled out the `OR` of its words.
    pub(super) fn written(&self, words: &Dialect, spelled: &Spelled) -> String {
        let all = |tokens: &Vec<Token>| {
            let each: Vec<String> = tokens.iter().map(|t| words.of(t, spelled)).collect();
            format!("({})", each.join(words.and))
        };
        let any = |term: &Term| {
            let each: Vec<String> = term.iter().map(all).collect();
            format!("({})", each.join(words.or))
        };
        self.0.iter().map(any).collect::<Vec<_>>().join(words.and)
    }

    /// Whether what an index keeps by these tokens has it: as the database says of its own.
    pub(super) fn is_in(&self, kept: &BTreeSet<String>) -> bool {
        self.0.iter().all(|term| term.iter().any(|reading| reading.iter().all(|token| token.is_in(kept))))
    }
}

/// How a database writes such a question.
pub(super) struct Dialect {
    quote: char,
    beginning: &'static str,
    and: &'static str,
    or: &'static str,
}

/// FTS5 of SQLite.
pub(super) const FTS5: Dialect = Dialect { quote: '"', beginning: "*", and: " AND ", or: " OR " };
/// `tsquery` of PostgreSQL.
pub(super) const TSQUERY: Dialect = Dialect { quote: '\'', beginning: ":*", and: " & ", or: " | " };

impl Dialect {
    /// A token holds only letters, digits and [`VALUE`], so nothing of it needs an escape.
    fn of(&self, token: &Token, spelled: &Spelled) -> String {
        let quoted = |text: &str| format!("{quote}{text}{quote}", quote = self.quote);
        if token.is_whole {
            return quoted(&token.text);
        }
        match spelled.get(&token.text).map(Vec::as_slice) {
            None => format!("{}{}", quoted(&token.text), self.beginning),
            // No row has a word that begins so.
            Some([]) => quoted(&token.text),
            Some(words) => {
                let each: Vec<String> = words.iter().map(|word| quoted(word)).collect();
                format!("({})", each.join(self.or))
            }
        }
    }
}

/// A text in small letters without accents; compatibility forms (full-width digits, ligatures) as their plain ones.
#[must_use]
pub fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for c in text.chars().flat_map(char::to_lowercase).nfkd().filter(|c| !is_combining_mark(*c)) {
        match c {
            'ß' => folded.push_str("ss"),
            'æ' => folded.push_str("ae"),
            'œ' => folded.push_str("oe"),
            'ø' => folded.push('o'),
            'ł' => folded.push('l'),
            'đ' => folded.push('d'),
            'ı' => folded.push('i'),
            // NFKD may write a capital where the compatibility form stood for one.
            c => folded.extend(c.to_lowercase()),
        }
    }
    folded
}

fn terms(text: &str) -> Vec<Term> {
    let folded = fold(text);
    let chunks: Vec<&str> = folded.split_whitespace().collect();
    let mut terms = Vec::new();
    let mut rest = chunks.as_slice();
    while let Some((first, tail)) = rest.split_first() {
        let spaced = spaced(rest);
        if spaced > 1 {
            let (number, after) = rest.split_at(spaced);
            terms.push(spaced_term(number));
            rest = after;
        } else {
            terms.extend(term(first));
            rest = tail;
        }
    }
    terms
}

fn bare(chunk: &str) -> &str {
    chunk.trim_matches(|c: char| !c.is_alphanumeric())
}

fn are_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

/// How many chunks are one number whose thousands are set apart by spaces.
fn spaced(chunks: &[&str]) -> usize {
    let first = chunks[0].trim_start_matches(|c: char| !c.is_alphanumeric());
    if !are_digits(first) || first.len() > 3 {
        return 1;
    }
    for (n, chunk) in chunks.iter().enumerate().skip(1).take(5) {
        let Some((_, behind)) = chunk.split_at_checked(3).filter(|(group, _)| are_digits(group)) else {
            return n;
        };
        if behind.is_empty() {
            continue;
        }
        let decimals = bare(behind);
        let ends = decimals.is_empty() || (behind.starts_with(['.', ',']) && are_digits(decimals));
        return if ends && decimals.len() <= 2 { n + 1 } else { n };
    }
    chunks.len().min(6)
}

fn spaced_term(chunks: &[&str]) -> Term {
    let digits: String = chunks.concat();
    let mut readings: Term =
        values(bare(&digits)).iter().map(|v| vec![Token::value(&v.text, v.is_whole)]).collect();
    readings.push(chunks.iter().flat_map(|chunk| pieces(bare(chunk))).map(Token::beginning).collect());
    readings
}

fn pieces(chunk: &str) -> impl Iterator<Item = &str> {
    chunk.split(|c: char| !c.is_alphanumeric()).filter(|piece| !piece.is_empty())
}

fn term(chunk: &str) -> Option<Term> {
    let chunk = bare(chunk);
    if chunk.is_empty() {
        return None;
    }
    // "1.234,50€" and "EUR1.234,50": the currency is no part of it.
    let number = chunk.trim_matches(|c: char| !c.is_ascii_digit());
    let mut readings: Term = Vec::new();
    for value in values(number) {
        if number.len() == chunk.len() || value.is_decimal {
            readings.push(vec![Token::value(&value.text, value.is_whole)]);
        }
    }
    let is_amount = is_surely_decimal(number);
    if is_amount && number.len() == chunk.len() {
        return Some(readings);
    }
    let pieces: Vec<&str> = pieces(chunk).collect();
    if pieces.len() > 1 && !is_amount && chunk.contains(|c: char| c.is_ascii_digit()) {
        readings.push(vec![Token::beginning(&pieces.concat())]);
    }
    readings.push(pieces.into_iter().map(Token::beginning).collect());
    Some(readings)
}

/// A number's value, written one way: no separators, no leading or trailing zeros, `d` before the decimals.
struct Value {
    text: String,
    is_decimal: bool,
    is_whole: bool,
}

fn value(whole: &str, decimals: &str) -> Value {
    let digits: String = whole.chars().filter(char::is_ascii_digit).collect();
    let digits = digits.trim_start_matches('0');
    let digits = if digits.is_empty() { "0" } else { digits };
    let behind = decimals.trim_end_matches('0');
    let text = if behind.is_empty() { digits.to_owned() } else { format!("{digits}d{behind}") };
    // Of a number that is being typed the beginning is found, as soon as it says something.
    Value { is_whole: !decimals.is_empty() || digits.len() < 3, is_decimal: !decimals.is_empty(), text }
}

/// Thousands (or lakhs) set apart.
fn is_grouped(text: &str) -> bool {
    let groups: Vec<&str> = text.split(SEPARATORS).collect();
    let Some(([first, between @ ..], last)) = groups.split_last().map(|(last, head)| (head, last)) else {
        return false;
    };
    (1..=3).contains(&first.len())
        && last.len() == 3
        && between.iter().all(|g| (2..=3).contains(&g.len()))
        && groups.iter().all(|g| are_digits(g))
}

fn is_surely_decimal(text: &str) -> bool {
    matches!(values(text).as_slice(), [only] if only.is_decimal)
}

/// What a written number may be worth: two values where one separator may be either kind.
fn values(text: &str) -> Vec<Value> {
    let is_number = text.len() <= NUMBER_BYTES
        && text.starts_with(|c: char| c.is_ascii_digit())
        && text.chars().all(|c| c.is_ascii_digit() || SEPARATORS.contains(&c));
    let mut read = Vec::new();
    if is_number {
        let point = text.char_indices().rev().find(|(_, c)| SEPARATORS.contains(c));
        match point {
            None => read.push(value(text, "")),
            Some((at, separator)) => {
                let (head, decimals) = (&text[..at], &text[at + separator.len_utf8()..]);
                let once = !head.contains(separator);
                let may_be_point = once && matches!(separator, '.' | ',') && are_digits(decimals);
                if is_grouped(text) && !(once && head.contains(SEPARATORS)) {
                    read.push(value(text, ""));
                }
                if may_be_point && (are_digits(head) || is_grouped(head)) {
                    read.push(value(head, decimals));
                }
            }
        }
    }
    read
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str, q: &str) -> bool {
        Wanted::of(q).is_some_and(|wanted| wanted.is_in(&tokens(text)))
    }

    #[test]
    fn a_number_is_found_in_any_notation() {
        let notations = [
            "1234.50",
            "1,234.50",
            "1.234,50",
            "1 234,50",
            "1\u{202F}234,50",
            "1'234.50",
            "€1.234,5",
            "1234,50EUR",
        ];
        for text in notations {
            for q in notations {
                assert!(found(text, q), "{q} in {text}");
            }
            assert!(found(text, "1234"), "by its beginning: {text}");
            assert!(!found(text, "1234.51") && !found(text, "234.50") && !found(text, "12345"), "{text}");
        }
        assert!(found("TOTAL 1.234", "1234") && found("TOTAL 1.234", "1,234") && found("1234", "1.234"));
        assert!(found("12,34,567.00", "1234567") && !found("45.00", "450"));
    }

    #[test]
    fn an_identifier_is_found_with_and_without_what_is_between() {
        for q in ["F-001/00123", "F00100123", "f001 00123", "00123", "f001"] {
            assert!(found("Factura F001-00123", q), "{q}");
        }
        assert!(found("NIT 900.123.456-7", "9001234567") && found("9001234567", "900.123.456-7"));
        assert!(found("12/05/2026", "12.05.2026"));
    }

    #[test]
    fn words_are_found_in_any_order_by_their_beginning_and_without_accents() {
        let text = "Panadería Núñez y Compañía, S.L. Straße 5 ﬁn Łódź";
        for q in ["nunez panaderia", "PANAD", "compan", "S.L.", "strasse", "fin", "lodz núñ"] {
            assert!(found(text, q), "{q}");
        }
        assert!(!found(text, "anaderia") && !found(text, "panaderia lopez") && !found(text, "%_!\"'"));
    }

    #[test]
    fn a_question_is_written_for_each_database() {
        let asked = |q, words| Wanted::of(q).unwrap().written(words, &Spelled::new());
        assert_eq!(asked("Año 45,00", &FTS5), r#"(("ano"*)) AND (("§45"))"#);
        assert_eq!(asked("a-1 x", &TSQUERY), "(('a1':*) | ('a' & '1')) & (('x'))");
        assert_eq!(Wanted::of(" \0 '\""), None);
        let beginning = Wanted::beginning_with(&["José", "3-4"]).unwrap();
        assert_eq!(beginning.written(&FTS5, &Spelled::new()), r#"(("jose"*) OR ("34"*))"#);
        assert!(beginning.is_in(&tokens("Josefa")) && !beginning.is_in(&tokens("Ana")));
        assert_eq!(Wanted::beginning_with(&["'", ""]), None);
    }

    #[test]
    fn a_long_beginning_is_asked_for_by_its_words() {
        let wanted = Wanted::of("Electrónica factura a 1234567890,12").unwrap();
        let long = wanted.beginnings_beyond(8);
        assert_eq!(long, BTreeSet::from(["electronica".to_owned()]), "what is whole is no beginning");
        let words = ["electronica", "electronicas"].map(str::to_owned).to_vec();
        let written = |words| wanted.written(&FTS5, &Spelled::from([("electronica".to_owned(), words)]));
        let rest = r#"(("factura"*)) AND (("a")) AND (("§1234567890d12"))"#;
        assert_eq!(written(words), format!(r#"((("electronica" OR "electronicas"))) AND {rest}"#));
        assert_eq!(written(Vec::new()), format!(r#"(("electronica")) AND {rest}"#), "and finds nothing");
    }
}
