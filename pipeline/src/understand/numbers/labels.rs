//! Labels of a document's number, read as a small grammar over letters: "Invoice No.:", "N.º de factura", "Rechnungs-Nr".
//!
//! Blanks, dots, colons and hyphens between the parts do not matter, nor does a blank inside a word ("F actuurnummer"),
//! so glued and broken labels read alike.

use std::sync::LazyLock;

use super::words::{SERIES, TILL};
use crate::{
    knowledge,
    understand::{letters::Letters, sheet::fold},
};

/// What a label says its number is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// An invoice, bill or credit note.
    Invoice,
    /// A receipt, ticket or slip.
    Receipt,
    /// A document of whatever kind.
    Document,
    /// An order or booking.
    Order,
    /// Only "No." or "#".
    Bare,
}

/// How a label was put.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// "Invoice No", "N.º de factura".
    Full,
    /// "Invoice" alone, before a colon or a number.
    Title,
    /// "No.", "#".
    Short,
}

/// A label found in a text.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Label {
    /// What of.
    pub what: What,
    /// How put.
    pub form: Form,
    /// Index of its first character in the text.
    pub start: usize,
    /// Index of the first character behind it.
    pub end: usize,
    /// A colon stands behind it.
    pub colon: bool,
}

/// The phrases of `data/number_labels.tsv`, by role.
struct Phrases {
    documents: Vec<(&'static str, What)>,
    numbers: Vec<&'static str>,
    bare: Vec<&'static str>,
    bind: Vec<&'static str>,
    after: Vec<&'static str>,
    before: Vec<&'static str>,
}

static PHRASES: LazyLock<Phrases> = LazyLock::new(|| {
    let of = |role: &str| knowledge::phrases(include_str!("../data/number_labels.tsv"), role);
    let documents = [
        ("invoice", What::Invoice),
        ("receipt", What::Receipt),
        ("document", What::Document),
        ("order", What::Order),
    ];
    Phrases {
        documents: documents.iter().flat_map(|(r, what)| of(r).into_iter().map(|w| (w, *what))).collect(),
        numbers: of("number"),
        bare: of("bare"),
        bind: of("bind"),
        after: of("after"),
        before: of("before"),
    }
});

/// A document word at `i`, longest first; a long one may have one letter wrong.
fn docs(letters: &Letters, i: usize) -> Vec<(usize, What, bool)> {
    let mut ends: Vec<(usize, What, bool)> = PHRASES
        .documents
        .iter()
        .filter_map(|(w, what)| letters.read(i, w).map(|end| (end, *what, true)))
        .collect();
    ends.sort_unstable_by_key(|end| std::cmp::Reverse(end.0));
    ends.extend(PHRASES.documents.iter().filter(|(w, _)| w.len() >= 6).flat_map(|(w, what)| {
        let word: Vec<char> = w.chars().filter(|c| *c != ' ').collect();
        (word.len() - 1..=word.len() + 1).filter_map(move |n| {
            let seen = letters.folded.get(i..i + n)?;
            one_slip(seen, &word).then_some((i + n, *what, false))
        })
    }));
    ends
}

/// Whether one letter put in, left out or exchanged makes `word` of what was seen.
fn one_slip(seen: &[char], word: &[char]) -> bool {
    let same = seen.iter().zip(word).take_while(|(a, b)| a == b).count();
    let rest = |from: usize, of: usize| seen.iter().skip(from).eq(word.iter().skip(of));
    match seen.len().cmp(&word.len()) {
        std::cmp::Ordering::Less => rest(same, same + 1),
        std::cmp::Ordering::Greater => rest(same + 1, same),
        std::cmp::Ordering::Equal => same < seen.len() && rest(same + 1, same + 1),
    }
}

/// One or more number words: "No", "# No.".
fn nums(letters: &Letters, i: usize) -> Vec<usize> {
    let once = letters.any(i, &PHRASES.numbers);
    let mut all: Vec<usize> =
        once.iter().flat_map(|e| letters.any(*e, &PHRASES.numbers)).chain(once.iter().copied()).collect();
    all.sort_unstable_by(|a, b| b.cmp(a));
    all.into_iter().filter(|e| letters.word_end(*e)).collect()
}

/// Every label of a text, in its order.
#[must_use]
pub fn labels(text: &str) -> Vec<Label> {
    let letters = Letters::of(text);
    let mut out = Vec::new();
    let mut i = 0;
    while i < letters.folded.len() {
        let found = if letters.word_start(i) { label_at(&letters, i) } else { None };
        match found {
            Some((what, form, end)) => {
                let start = letters.at[i];
                let stop = letters.at[end - 1] + 1;
                // "FACTURA Invoice/Facture 0694": one label in three tongues.
                let again = out.last_mut().filter(|l: &&mut Label| {
                    let between = letters.chars.get(l.end..start).unwrap_or_default();
                    l.what == what && !between.iter().any(|c| c.is_alphanumeric() || *c == ':')
                });
                if let Some(label) = again {
                    (label.end, label.colon) = (stop, colon(&letters.chars, stop));
                    label.form = if form == Form::Full { form } else { label.form };
                } else if fits(&letters.chars, start, stop, form) {
                    out.push(Label { what, form, start, end: stop, colon: colon(&letters.chars, stop) });
                }
                i = end;
            }
            None => i += 1,
        }
    }
    out
}

fn label_at(letters: &Letters, i: usize) -> Option<(What, Form, usize)> {
    // "INV-100" and "INV03051" are numbers with their prefix, not titles.
    let apart = |end: usize| {
        let after = letters.at.get(end - 1).and_then(|a| letters.chars.get(a + 1));
        after.is_none_or(|c| c.is_whitespace() || matches!(c, ':' | '#' | '.' | ')'))
    };
    for (doc, what, _) in docs(letters, i) {
        if let Some(end) = nums(letters, doc).first() {
            return Some((what, Form::Full, *end));
        }
    }
    for num in letters.any(i, &PHRASES.numbers) {
        let starts =
            letters.any(num, &PHRASES.bind).into_iter().chain([num]).filter(|s| letters.word_end(*s));
        for start in starts {
            if let Some((end, what, _)) = docs(letters, start)
                .into_iter()
                .find(|(e, _, exact)| *exact && letters.word_end(*e) && apart(*e))
            {
                return Some((what, Form::Full, end));
            }
        }
    }
    let title = docs(letters, i).into_iter().find(|(end, what, exact)| {
        let long = end - i >= 3 || letters.at.get(end - 1).is_some_and(|a| colon(&letters.chars, a + 1));
        *exact && letters.word_end(*end) && apart(*end) && !matches!(what, What::Order) && long
    });
    if let Some((end, what, _)) = title {
        return Some((what, Form::Title, end));
    }
    let end = letters.any(i, &PHRASES.bare).into_iter().find(|e| letters.word_end(*e))?;
    Some((What::Bare, Form::Short, end))
}

/// Whether a colon stands at `at`, a point before it allowed.
fn colon(chars: &[char], at: usize) -> bool {
    chars.iter().skip(at).find(|c| **c != '.').is_some_and(|c| *c == ':')
}

/// Whether the words around a label leave it what it is.
fn fits(chars: &[char], start: usize, end: usize, form: Form) -> bool {
    // The words next to it stand near it.
    const NEAR: usize = 120;
    let word = |s: String| fold(s.trim_matches(|c: char| !c.is_alphanumeric()));
    let end = end.min(chars.len());
    let after: String = chars[end..(end + NEAR).min(chars.len())].iter().collect();
    let next = word(
        after
            .split_whitespace()
            .find(|w| w.chars().any(char::is_alphanumeric))
            .unwrap_or_default()
            .to_owned(),
    );
    let start = start.min(chars.len());
    let before: String = chars[start.saturating_sub(NEAR)..start].iter().collect();
    let last = word(before.split_whitespace().last().unwrap_or_default().to_owned());
    // "Rechnungsnr./-datum": the date shares the label.
    let shared = after.trim_start_matches(['.', ' ']).starts_with("/-");
    if (PHRASES.after.contains(&next.as_str()) && !shared) || PHRASES.before.contains(&last.as_str()) {
        return false;
    }
    match form {
        Form::Full => true,
        // A title or a bare "No." only where nothing but marks stands before it.
        Form::Title if series(&before).is_some() => true,
        Form::Title | Form::Short => {
            // "Kassa: 61364 Arve: 645907": the value of another label stands before it.
            let apart = before.ends_with(char::is_whitespace);
            let valued = apart
                && before.split_whitespace().last().is_some_and(|w| w.contains(|c: char| c.is_ascii_digit()));
            let marked =
                chars.get(start..end).is_some_and(|l| l.iter().any(|c| matches!(c, 'º' | '°' | '№')));
            last.is_empty()
                || valued && (marked || colon(chars, end))
                || before.trim_end().ends_with([':', '|', ',', '-', '(']) && form == Form::Title
        }
    }
}

/// "Serie: A" before "Folio: 1234": the letters of the number.
#[must_use]
pub fn series(before: &str) -> Option<String> {
    let folded = fold(before);
    let at = SERIES.iter().filter_map(|word| folded.rfind(word)).max()?;
    let words: Vec<&str> = folded.get(at..)?.split_whitespace().collect();
    let [_, series] = words.as_slice() else { return None };
    let series = series.trim_matches(|c: char| !c.is_alphanumeric());
    ((1..=8).contains(&series.chars().count())).then(|| series.to_uppercase())
}

/// "Punto de Venta: 00003" before "Comp. Nro: 00001475": the till's part of an Argentine number (RG 1415, annex II).
#[must_use]
pub fn point_of_sale(before: &str) -> Option<String> {
    let folded = fold(before);
    let at = TILL.iter().filter_map(|word| Some(folded.rfind(word)? + word.len())).max()?;
    let digits: String = folded.get(at..)?.trim_start_matches([':', ' ', '.']).chars().collect();
    let point: String = digits.chars().take_while(char::is_ascii_digit).collect();
    (4..=5).contains(&point.len()).then_some(point)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(text: &str) -> Option<(What, Form, String)> {
        let label = labels(text).into_iter().next()?;
        Some((label.what, label.form, text.chars().skip(label.end).collect()))
    }

    #[test]
    fn labels_in_many_tongues() {
        for text in [
            "Invoice No.: 12",
            "INVOICE # 12",
            "Invoice#12",
            "Factura Nº 12",
            "N.º de factura: 12",
            "Número de factura 12",
            "N° DE FACTURE : 12",
            "Rechnungs-Nr.: 12",
            "Rechnungsnummer 12",
            "F actuurnummer: 12",
            "Numero fattura 12",
            "INV0ICE NO : 12",
            "Inv No :12",
            "INVO:CE NO. 12",
            "Facture n°12",
            "Bi11#:12",
            "TaxInvNo. 12",
            "INVOICE : NO. 12",
            "Fakturanr. 12",
            "RgNr: 12",
            "Broj računa: 12",
            "RACUN BROJ:. ..12",
            "Factura Siaplificada n: 12",
        ] {
            let (what, form, rest) = first(text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!((what, form), (What::Invoice, Form::Full), "{text}");
            assert_eq!(rest.trim_matches(|c: char| !c.is_alphanumeric()), "12", "{text}");
        }
        assert_eq!(first("N.º do documento 7").unwrap().0, What::Document);
        assert_eq!(first("Receipt # No.: 98").unwrap().2, " 98".replace(' ', ".: "));
        assert_eq!(first("Slip No.: 603").unwrap().0, What::Receipt);
        for text in [
            "FACTURA Invoice/Facture 12",
            "Rg.: 12",
            "VAT INVOICE:12 HH#",
            "št. računa: 12",
            "Kassa: 61364 Arve: 12",
        ] {
            let (what, _, rest) = first(text).unwrap_or_else(|| panic!("{text}"));
            assert!(
                what == What::Invoice && rest.trim_start_matches([':', '.', ' ']).starts_with("12"),
                "{text}"
            );
        }
    }

    #[test]
    fn one_slip_is_an_edit_distance_of_one() {
        for (seen, word) in [
            ("invoice", "invoice"),
            ("invoce", "invoice"),
            ("inv0ice", "invoice"),
            ("iinvoice", "invoice"),
            ("nvoice", "invoice"),
            ("voices", "invoice"),
            ("invoicee", "invoice"),
            ("", "a"),
        ] {
            let letters: Vec<char> = seen.chars().collect();
            let chars: Vec<char> = word.chars().collect();
            assert_eq!(one_slip(&letters, &chars), strsim::levenshtein(seen, word) == 1, "{seen}");
        }
    }

    #[test]
    fn labels_of_other_things() {
        for text in [
            "Invoice date: 12",
            "Invoice for: Ana",
            "N° de facture associée : F3",
            "Your order no 12",
            "Customer number 12",
            "Notas 12",
            "Factura no afecta 12",
        ] {
            assert_eq!(first(text), None, "{text}");
        }
        assert_eq!(first("Invoice INV-7").unwrap().1, Form::Title);
        assert_eq!(first("No: 22").unwrap().1, Form::Short);
    }
}
