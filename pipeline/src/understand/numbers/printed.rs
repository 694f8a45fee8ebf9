//! What the page prints of a number: in full where an access key says `2` of `000.000.002`, struck out where it is a card's.

use super::words::EARLIER;
use crate::{
    fields::PageBox,
    understand::sheet::{Row, Sheet, find_phrase, fold},
};

/// Figures that a printed form has at least: shorter ones with zeros in front are codes of goods and of places.
const LONG: usize = 6;

/// The form with zeros in front in which the page prints `number`, and where; `None` where it does not.
#[must_use]
pub fn in_full(sheet: &Sheet, number: &str) -> Option<(String, u32, PageBox)> {
    let own = number.trim_start_matches('0');
    if own.is_empty() || !own.bytes().all(|b| b.is_ascii_digit()) || number.len() >= LONG && own != number {
        return None;
    }
    sheet.rows.iter().find_map(|row| Some((in_row(row, own)?, row.page, row.bbox)))
}

fn in_row(row: &Row, own: &str) -> Option<String> {
    row.text.split_whitespace().find_map(|word| {
        let word = word.trim_matches(|c: char| !c.is_ascii_digit());
        let plain = word.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | ','));
        let figures: String = word.chars().filter(char::is_ascii_digit).collect();
        let padded = figures.starts_with('0') && figures.trim_start_matches('0') == own;
        (plain && padded && figures.len() >= LONG).then(|| word.to_owned())
    })
}

/// Whether these are the last figures of a card, whose others are struck out: `############7637`.
pub(super) fn of_a_card(sheet: &Sheet, value: &str) -> bool {
    if !(3..=6).contains(&value.len()) || !value.bytes().all(|b| b.is_ascii_digit()) {
        return false;
    }
    let masked = ["##", "**", "xxx", "XXX"].map(|mask| format!("{mask}{value}"));
    sheet.rows.iter().any(|row| masked.iter().any(|m| row.text.contains(m.as_str())))
}

/// A number and what says that it is an earlier paper's stand so near to each other.
const NEAR: usize = 40;
/// Characters of a number that is sure to be the same one elsewhere.
const OWN: usize = 4;

/// Whether a line calls a number an earlier paper's (`Ursprüngliche Rg.nr.: R-17`): it is so wherever it stands.
pub(super) fn of_an_earlier(sheet: &Sheet, value: &str) -> bool {
    let own = fold(value);
    let said = |row: &Row| {
        let before = find_phrase(&row.folded, &own).and_then(|at| row.folded.get(..at));
        let near = |text: &str| text.chars().rev().take(NEAR).collect::<Vec<char>>();
        let words: Option<String> = before.map(|text| near(text).into_iter().rev().collect());
        words.is_some_and(|words| EARLIER.iter().any(|w| find_phrase(&words, w).is_some()))
    };
    own.chars().count() >= OWN && sheet.rows.iter().any(said)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::understand::{numbers::receipt, sheet::drawn};

    #[test]
    fn the_form_with_its_zeros() {
        for (row, number, full) in [
            ("Nº000.000.002", "2", Some("000.000.002")),
            ("Bela Vista Nº 000.114.427 Consulta", "114427", Some("000.114.427")),
            ("NFC-e 000340273 Serie 315", "340273", Some("000340273")),
            ("Nº 000,001,452", "1452", Some("000,001,452")),
            ("0002 PAN 3,00", "2", None),
            ("Nº 114427", "114427", None),
            ("0,000 0,000", "0", None),
            ("000.000.002", "FT 2", None),
        ] {
            let found = in_full(&drawn(&[&[(0.1, row)]]), number).map(|f| f.0);
            assert_eq!(found.as_deref(), full, "{row}");
        }
    }

    #[test]
    fn an_earlier_papers_number_is_not_this_ones() {
        let bill: &[&[(f32, &str)]] = &[
            &[(0.1, "Rechnungsnummer : R2000490")],
            &[(0.1, "Referenz : X17 Ursprüngliche Rg.nr.: R2000263")],
            &[(0.1, "Rechnungsnummer R2000263")],
        ];
        assert_eq!(receipt(&drawn(bill)).map(|n| n.value).as_deref(), Some("R2000490"));
        assert_eq!(receipt(&drawn(&bill[2..])).map(|n| n.value).as_deref(), Some("R2000263"));
    }

    #[test]
    fn the_last_figures_of_a_card_are_no_number() {
        let slip: &[&[(f32, &str)]] = &[&[(0.1, "PAN ############7637")], &[(0.1, "Bon Nr: 7637")]];
        assert_eq!(receipt(&drawn(slip)), None);
        assert!(receipt(&drawn(&[&[(0.1, "Bon Nr: 7637")]])).is_some());
    }
}
