//! What a label beside an amount says the amount is.
//!
//! A label is first brought to plain words (`I.V.A. (19%)` → `iva 19`), then the longest phrase known says its role;
//! what else the label says ("excluding", "rounded", words nobody knows) changes role or weight.

use std::sync::LazyLock;

use strsim::levenshtein;

use crate::{
    knowledge::{self, Phrases},
    understand::values::currency,
};

/// What an amount is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// The sum of the document.
    Total,
    /// What is left to pay: the total, unless something was paid before or is still owed.
    Due,
    /// The sum before tax and extras.
    Net,
    /// A tax.
    Tax,
    /// Something added: service, delivery.
    Extra,
    /// Something added for who served.
    Tip,
    /// Something taken off.
    Discount,
    /// A tax the payer keeps back.
    Withheld,
    /// The cents that rounding added or took.
    Rounding,
    /// Paid before.
    Prepaid,
    /// Owed from before.
    Previous,
    /// Money handed over.
    Paid,
    /// Money given back.
    Change,
    /// A total of something that is not money to pay: pieces, savings, points.
    Count,
}

use Role::{
    Change, Count, Discount, Due, Extra, Net, Paid, Prepaid, Previous, Rounding, Tax, Tip, Total, Withheld,
};

/// Phrases in [`plain`] words, parted by semicolons, with their role and how sure they are of it.
/// A phrase in [`plain`] words, with what it says and how sure it is of it.
struct Phrase {
    role: Role,
    weight: f32,
    text: &'static str,
}

/// All phrases of `data/amount_labels.tsv`.
static PHRASES: LazyLock<Vec<Phrase>> = LazyLock::new(|| {
    let lines = knowledge::lines(include_str!("../data/amount_labels.tsv"));
    let phrases = lines.filter_map(|line| {
        let mut cells = line.split('\t').skip(1);
        let (role, weight) = (Role::named(cells.next()?)?, cells.next()?.parse().ok()?);
        Some(cells.next()?.split("; ").map(move |text| Phrase { role, weight, text }))
    });
    phrases.flatten().collect()
});

impl Role {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "total" => Total,
            "due" => Due,
            "net" => Net,
            "tax" => Tax,
            "extra" => Extra,
            "tip" => Tip,
            "discount" => Discount,
            "withheld" => Withheld,
            "rounding" => Rounding,
            "prepaid" => Prepaid,
            "previous" => Previous,
            "paid" => Paid,
            "change" => Change,
            "count" => Count,
            _ => return None,
        })
    }
}

/// The words of a role in `data/amount_words.tsv`.
fn of(role: &str) -> Vec<&'static str> {
    knowledge::phrases(include_str!("../data/amount_words.tsv"), role)
}

/// Words that say a sum is before tax.
static EXCLUDING: Phrases = LazyLock::new(|| of("excluding"));
/// Words that say tax is in it.
static INCLUDING: Phrases = LazyLock::new(|| of("including"));
/// Words that make a total the sum before tax.
static NET: Phrases = LazyLock::new(|| of("net"));
/// Totals that such a word is in and that are to be paid.
static NET_TOTAL: Phrases = LazyLock::new(|| of("net_total"));
static ROUNDED: Phrases = LazyLock::new(|| of("rounded"));
static TAX: Phrases = LazyLock::new(|| of("tax"));
/// Sums that the tax named behind them is in.
static TAXED: Phrases = LazyLock::new(|| of("taxed"));
/// Short words for a total that need no known words beside them.
static SURE: Phrases = LazyLock::new(|| of("sure"));
/// Words a total may carry without being another total.
static HARMLESS: Phrases = LazyLock::new(|| of("harmless"));
static BASE: Phrases = LazyLock::new(|| of("base"));
static SUMMARY: Phrases = LazyLock::new(|| of("summary"));
static SUMMARY_OF: Phrases = LazyLock::new(|| of("summary_of"));
static CURRENCY: Phrases = LazyLock::new(|| of("currency"));
/// Words that OCR's slips are mended to, and words that are no slips of them.
static MEANT: Phrases = LazyLock::new(|| of("meant"));
static ITSELF: Phrases = LazyLock::new(|| of("itself"));

/// Whether a word names a tax.
pub(super) fn names_tax(word: &str) -> bool {
    TAX.contains(&word)
}

/// Whether a word stands between a tax and what it is counted on.
pub(super) fn before_base(word: &str) -> bool {
    BASE.contains(&word)
}

/// A label in plain words: letters and digits parted by single spaces, abbreviations closed, slips of OCR in the
/// commonest words mended.
pub(in crate::understand) fn plain(folded: &str) -> String {
    let mut words: Vec<String> = Vec::new();
    let mut word = String::new();
    let mut abbreviation = false;
    let close = |word: &mut String, words: &mut Vec<String>| {
        if !word.is_empty() {
            words.push(std::mem::take(word));
        }
    };
    for c in folded.chars() {
        let last = word.chars().next_back();
        if c.is_alphanumeric() {
            // `6%gst`, `tax1`: digits and letters are words of their own.
            if last.is_some_and(|l| l.is_numeric() != c.is_numeric()) {
                close(&mut word, &mut words);
            }
            word.push(c);
        } else if c == '.'
            && (word.chars().count() == 1 || abbreviation)
            && last.is_some_and(char::is_alphabetic)
        {
            // `i.v.a.`: one word.
            abbreviation = true;
            continue;
        } else {
            close(&mut word, &mut words);
        }
        abbreviation &= c.is_alphabetic();
    }
    close(&mut word, &mut words);
    words.iter().map(|w| mended(w)).collect::<Vec<_>>().join(" ")
}

/// The word meant, where OCR slipped by one letter in a word that matters.
fn mended(word: &str) -> &str {
    if word.len() < 4 || ITSELF.contains(&word) || MEANT.contains(&word) {
        return word;
    }
    let slip = |meant: &&&str| meant.chars().next() == word.chars().next() && levenshtein(meant, word) == 1;
    MEANT.iter().find(slip).copied().unwrap_or(word)
}

/// Where `phrase` stands in `label`, both in plain words.
pub(in crate::understand) fn stands(label: &str, phrase: &str) -> Option<usize> {
    let mut from = 0;
    while let Some(at) = label.get(from..)?.find(phrase).map(|i| i + from) {
        let end = at + phrase.len();
        let open = at == 0 || label.as_bytes()[at - 1] == b' ';
        if open && label.as_bytes().get(end).is_none_or(|b| *b == b' ') {
            return Some(at);
        }
        from = at + label[at..].chars().next().map_or(1, char::len_utf8);
    }
    None
}

/// Role and weight of a label in plain words.
pub(super) fn role_of(label: &str) -> Option<(Role, f32)> {
    let found = PHRASES.iter().filter_map(|p| stands(label, p.text).map(|at| (p.role, p.weight, p.text, at)));
    let (role, weight, phrase, at) =
        found.max_by(|a, b| a.2.len().cmp(&b.2.len()).then(a.3.cmp(&b.3)).then(a.1.total_cmp(&b.1)))?;
    let says = |words: &[&str]| label.split(' ').any(|w| words.contains(&w));
    let tax_at = label.split(' ').scan(0, |at, w| {
        let own = *at;
        *at += w.len() + 1;
        Some((own, w))
    });
    let tax_at = tax_at.filter(|(_, w)| names_tax(w)).map(|(at, _)| at).next();
    match role {
        Total if says(&NET) && !NET_TOTAL.contains(&phrase) => Some((Net, weight)),
        Total | Due | Net if says(&EXCLUDING) => Some((Net, weight.min(0.9) * known(label, phrase))),
        // `gst included in total` is the tax.
        Total
            if tax_at.is_some_and(|tax| tax < at)
                && label[..at].split(' ').any(|w| INCLUDING.contains(&w)) =>
        {
            Some((Tax, 0.9))
        }
        Total | Due if says(&INCLUDING) => Some((role, (weight + 0.05).min(1.0) * known(label, phrase))),
        Total | Due if says(&ROUNDED) => Some((role, 1.05)),
        // `total sales inclusive gst`: the longest phrase may be the tax's.
        Tax => match TAXED.iter().find_map(|sum| Some((stands(label, sum)?, sum))) {
            Some((total, sum)) if says(&INCLUDING) && tax_at.is_some_and(|tax| total < tax) => {
                Some((Total, 0.95 * known(label, sum)))
            }
            Some(_) | None if says(&EXCLUDING) => Some((Net, 0.8)),
            _ => Some((Tax, 1.0)),
        },
        Total | Due if phrase.len() <= 6 && !SURE.contains(&phrase) => {
            Some((role, weight * known(label, phrase)))
        }
        // `cash` in `cash bill no` is no payment; a long label that merely holds the word is weaker.
        _ => {
            let leads =
                at == 0 || label[..at].split_whitespace().all(|w| HARMLESS.contains(&w) || w.len() < 3);
            Some((role, if leads { weight } else { weight * 0.8 }))
        }
    }
}

/// 1, or less where the label also says words nobody expects in a total: it may be the total of a part.
fn known(label: &str, phrase: &str) -> f32 {
    let own: Vec<&str> = phrase.split(' ').collect();
    let strange = label
        .split(' ')
        .filter(|w| w.chars().count() > 2 && w.chars().all(char::is_alphabetic))
        .filter(|w| !own.contains(w) && !HARMLESS.contains(w) && !INCLUDING.contains(w) && !names_tax(w))
        .filter(|w| !EXCLUDING.contains(w))
        .count();
    if strange == 0 { 1.0 } else { 0.7 }
}

/// Whether a row begins a table of tax by rate, whose sums are not the document's.
pub(super) fn begins_summary(label: &str) -> bool {
    let says = |words: &[&str]| words.iter().any(|w| stands(label, w).is_some());
    says(&SUMMARY) || (says(&SUMMARY_OF) && label.split(' ').any(names_tax))
}

/// Whether a word is only a currency or nothing at all.
pub(super) fn only_currency(label: &str) -> bool {
    label
        .split(' ')
        .filter(|w| !w.is_empty())
        .all(|w| CURRENCY.contains(&w) || currency::is_sign(w, false) || w.chars().all(char::is_numeric))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn role(label: &str) -> Option<Role> {
        role_of(&plain(&crate::understand::sheet::fold(label))).map(|(role, _)| role)
    }

    fn weight(label: &str) -> f32 {
        role_of(&plain(&crate::understand::sheet::fold(label))).map_or(0.0, |(_, weight)| weight)
    }

    #[test]
    fn labels_say_their_role() {
        for (label, wanted) in [
            ("TOTAL (RM):", Total),
            ("Total Sales (Inclusive of GST) :", Total),
            ("Total Sales (Excluding GST)", Net),
            ("Total Incl. GST@6% RM", Total),
            ("GST @6% included in total RM", Tax),
            ("Tota1:", Total),
            ("Total GST", Tax),
            ("Total Qty:", Count),
            ("Rounding Adj.", Rounding),
            ("Total Rounded", Total),
            ("I.V.A. 21%", Tax),
            ("Retención I.R.P.F. (15%)", Withheld),
            ("Base imponible", Net),
            ("Exclusief BTW €", Net),
            ("Net à payer", Due),
            ("CHANGE DUE", Change),
            ("Previous unpaid balance", Previous),
            ("Sub - Total", Net),
            ("Acompte :", Prepaid),
            ("6%GST", Tax),
            ("Gesamtbetrag", Total),
            ("Service charge 10%", Extra),
        ] {
            assert_eq!(role(label), Some(wanted), "{label}");
        }
        assert_eq!(role("Thank you"), None);
    }

    #[test]
    fn every_line_of_the_file_is_read() {
        let lines = knowledge::lines(include_str!("../data/amount_labels.tsv"));
        let phrases: usize = lines.map(|l| l.split('\t').nth(3).map_or(0, |p| p.split("; ").count())).sum();
        assert_eq!(PHRASES.len(), phrases);
        for phrase in PHRASES.iter() {
            assert_eq!(crate::understand::sheet::fold(phrase.text), phrase.text);
        }
    }

    #[test]
    fn every_word_of_the_file_is_read() {
        let text = include_str!("../data/amount_words.tsv");
        let lists = [
            &EXCLUDING,
            &INCLUDING,
            &NET,
            &NET_TOTAL,
            &ROUNDED,
            &TAX,
            &TAXED,
            &SURE,
            &HARMLESS,
            &BASE,
            &SUMMARY,
            &SUMMARY_OF,
            &CURRENCY,
            &MEANT,
            &ITSELF,
        ];
        knowledge::assert_read(text, &lists);
        knowledge::assert_folded(text);
        assert!(TAX.iter().chain(HARMLESS.iter()).all(|w| !w.contains(' ')), "words are looked up singly");
    }

    #[test]
    fn tills_of_other_languages() {
        for (label, wanted) in [
            ("SUMA PLN", Total),
            ("SUMA PTU", Tax),
            ("PTU A 23%", Tax),
            ("SPRZEDAŻ OPODATKOWANA A", Net),
            ("RESZTA", Change),
            ("Celkem k úhradě", Total),
            ("ATT BETALA", Total),
            ("Totalt SEK", Total),
            ("UKUPNO:", Total),
            ("PDV 25%", Tax),
            ("Kokku", Total),
            ("IŠ VISO", Total),
            ("Yhteensä EUR", Total),
            ("TOPLAM", Total),
            ("TOPKDV", Tax),
        ] {
            assert_eq!(role(label), Some(wanted), "{label}");
        }
    }

    #[test]
    fn strange_words_make_a_total_weaker() {
        assert!(weight("Total 0% supplies") < 0.8);
        assert!(weight("Total abonnement") < 0.8);
        assert!(weight("Total RM") >= 0.9);
        assert!(weight("Total Amount Payable") >= 0.95);
    }

    #[test]
    fn labels_in_plain_words() {
        assert_eq!(plain("i.v.a. (19%) s/ 3"), "iva 19 s 3");
        assert_eq!(plain("sub-total:"), "sub total");
        assert_eq!(plain("iotal"), "iotal");
        assert_eq!(plain("totai"), "total");
    }

    proptest::proptest! {
        #[test]
        fn never_panics(text in "\\PC{0,60}") {
            let label = plain(&crate::understand::sheet::fold(&text));
            let _ = (role_of(&label), begins_summary(&label), only_currency(&label));
        }
    }
}
