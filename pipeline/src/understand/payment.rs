//! How a receipt was paid: by card or in cash, by the words beside the amounts handed over.

use std::sync::LazyLock;

use super::{
    amounts::{plain, stands},
    money::{Style, amounts},
    sheet::{Row, Sheet},
};
use crate::knowledge::{self, Phrases};

/// The phrases of a role in `data/payment_words.tsv`.
fn of(role: &str) -> Vec<&'static str> {
    knowledge::phrases(include_str!("data/payment_words.tsv"), role)
}

static CARD: Phrases = LazyLock::new(|| of("card"));
static CASH: Phrases = LazyLock::new(|| of("cash"));
/// Words of money given back, and those that are one only beside an amount, or only where no amount is asked for.
static CHANGE: Phrases = LazyLock::new(|| of("change"));
static CHANGE_BESIDE: Phrases = LazyLock::new(|| of("change_beside"));
static CHANGE_SAID: Phrases = LazyLock::new(|| of("change_said"));
/// What stands before how it was paid.
static ASKED: Phrases = LazyLock::new(|| of("asked"));
/// What a card's terminal prints beside them.
static SLIP: Phrases = LazyLock::new(|| of("slip"));
/// Where such a word speaks of something else.
static NOT: Phrases = LazyLock::new(|| of("not"));

/// What was found.
#[derive(Debug, Clone, Copy)]
pub struct Paid<'a> {
    /// `card` or `cash`.
    pub how: &'static str,
    /// Probability that it is right.
    pub confidence: f32,
    /// Where it is said best.
    pub row: &'a Row,
}

/// Reads how a receipt was paid.
#[must_use]
pub fn paid(sheet: &Sheet) -> Option<Paid<'_>> {
    let best = |points: &dyn Fn(&Row) -> u32| {
        let rows = sheet.rows.iter().map(|r| (points(r), r)).filter(|(n, _)| *n > 0);
        rows.rev().max_by_key(|(n, _)| *n)
    };
    let card = best(&card_points);
    let cash = best(&cash_points);
    let points = |found: &Option<(u32, &Row)>| found.map_or(0, |(n, _)| n);
    let (how, (mine, row), other) = match points(&card).cmp(&points(&cash)) {
        std::cmp::Ordering::Greater => ("card", card?, points(&cash)),
        std::cmp::Ordering::Less => ("cash", cash?, points(&card)),
        std::cmp::Ordering::Equal => return None,
    };
    let confidence = match (mine, other) {
        (3.., 0) => 0.94,
        (3.., 1) => 0.88,
        (_, 0) => 0.75,
        _ => 0.6,
    };
    Some(Paid { how, confidence, row })
}

/// Whether a phrase in plain words is one of those that say how something was paid.
pub(super) fn says_how(phrase: &str) -> bool {
    [&CARD, &CASH, &CHANGE, &ASKED, &SLIP].into_iter().any(|words| words.contains(&phrase))
}

/// Whether a paper says that money was given back.
pub(super) fn gives_change(sheet: &Sheet) -> bool {
    sheet.says(&CHANGE) || sheet.says(&CHANGE_SAID)
}

fn says(label: &str, phrases: &[&str]) -> bool {
    phrases.iter().any(|p| stands(label, p).is_some())
}

/// 3 beside an amount, behind "payment by" or beside a masked number, 1 alone.
fn points(row: &Row, words: &[&str]) -> u32 {
    let label = plain(&row.folded);
    if !says(&label, words) || says(&label, &NOT) {
        return 0;
    }
    if says(&label, &ASKED) || amount(row) { 3 } else { 1 }
}

fn amount(row: &Row) -> bool {
    let seen = amounts(&row.folded, Style::Unknown);
    seen.iter().any(|s| !s.percent && s.amount.mantissa != 0 && (s.decimals || s.signed || s.grouped))
}

fn card_points(row: &Row) -> u32 {
    let masked = ["***", "xxxx", "####"].iter().any(|m| row.folded.contains(m))
        && row.folded.chars().filter(char::is_ascii_digit).count() >= 3;
    let own = points(row, &CARD);
    if own > 0 && masked { own + 1 } else { own.max(2 * u32::from(masked)) }
}

fn cash_points(row: &Row) -> u32 {
    let label = plain(&row.folded);
    let given = says(&label, &CHANGE) || says(&label, &CHANGE_BESIDE);
    let back = given && !says(&label, &NOT) && amount(row);
    points(row, &CASH).max(3 * u32::from(back))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::understand::amounts::tests::sheet;

    fn how(text: &str) -> Option<&'static str> {
        paid(&sheet(text)).map(|p| p.how)
    }

    #[test]
    fn every_word_of_the_file_is_read() {
        let text = include_str!("data/payment_words.tsv");
        let lists = [&CARD, &CASH, &CHANGE, &CHANGE_BESIDE, &CHANGE_SAID, &ASKED, &SLIP, &NOT];
        knowledge::assert_read(text, &lists);
        knowledge::assert_folded(text);
        assert!(lists.iter().flat_map(|l| l.iter()).all(|w| plain(w) == *w));
    }

    #[test]
    fn by_the_words_beside_the_amount() {
        for (text, wanted) in [
            ("CASH BILL\nTOTAL   12.00\nMASTER CARD   12.00", Some("card")),
            ("Member card 1234\nTotal   12.00\nCash   20.00\nChange   8.00", Some("cash")),
            ("TOTAL   24,50\nTarjeta débito   24,50\n**** **** **** 7579", Some("card")),
            ("Total   24,50\nEntregado   30,00\nCambio   5,50", Some("cash")),
            ("Forma de pago: efectivo\nTotal   24,50", Some("cash")),
            ("Total   24,50", None),
            ("STRICTLY NO CASH REFUND\nTotal   24,50\nVISA ****1234", Some("card")),
        ] {
            assert_eq!(how(text), wanted, "{text}");
        }
    }
}
