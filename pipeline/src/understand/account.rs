//! Where an invoice is to be paid to.

use super::{
    numbers::Numbered,
    parties::blocks::{Side, is_others, whose},
    scorer::Signs,
    sheet::{Row, Sheet},
    values::iban,
};

/// Words that one account may be cut into.
const WORDS: usize = 10;
/// An account whose check digits hold was read right; whose it is, its block says.
const CHECKED: f32 = 0.95;

/// The account (IBAN, ISO 13616) to pay to: the only one on the paper that is not the recipient's.
#[must_use]
pub fn account(sheet: &Sheet) -> Option<Numbered> {
    let theirs = sheet.blocks();
    let mut found: Option<Numbered> = None;
    for (r, row) in sheet.rows.iter().enumerate() {
        let Some(value) = iban_of(row) else { continue };
        // Whom the claim was sold to is to be paid.
        let other = |at| is_others(theirs, at) && whose(theirs, at) != Some(Side::Factor);
        if (0..row.cells.len()).all(|c| other((r, c))) {
            continue;
        }
        match &found {
            Some(first) if first.value != value => return None,
            Some(_) => {}
            None => {
                let (page, bbox, signs) = (row.page, row.bbox, Signs::new());
                found = Some(Numbered { value, confidence: CHECKED, page, bbox, signs });
            }
        }
    }
    found
}

fn iban_of(row: &Row) -> Option<String> {
    let words: Vec<&str> = row.text.split_whitespace().collect();
    (0..words.len()).find_map(|from| {
        let first = words[from].rsplit(':').next().unwrap_or_default();
        let begins = first.bytes().take(2).all(|b| b.is_ascii_uppercase()) && first.len() >= 4;
        let ends = (from + 1..=words.len().min(from + WORDS)).rev();
        begins.then_some(ends)?.find_map(|to| {
            let joined =
                std::iter::once(first).chain(words[from + 1..to].iter().copied()).collect::<String>();
            iban::checked(joined.trim_end_matches(|c: char| !c.is_alphanumeric()))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::understand::sheet::drawn;

    #[test]
    fn the_account_whose_digits_hold() {
        let of = |lines: &[&[(f32, &str)]]| account(&drawn(lines)).map(|r| r.value);
        let text = "Bank: IBAN DE89 3704 0044 0532 0130 00 BIC COBADEFFXXX";
        assert_eq!(of(&[&[(0.1, text)]]).as_deref(), Some("DE89370400440532013000"));
        assert_eq!(
            of(&[&[(0.1, "IBAN:ES9121000418450200051332")]]).as_deref(),
            Some("ES9121000418450200051332")
        );
        assert_eq!(of(&[&[(0.1, "IBAN DE89 3704 0044 0532 0130 01")]]), None);
        let two: &[&[(f32, &str)]] = &[&[(0.1, text)], &[(0.1, "ES9121000418450200051332")]];
        assert_eq!(of(two), None, "which of two is not said");
    }

    proptest::proptest! {
        #[test]
        fn never_panics(text in "\\PC{0,60}") {
            let _ = account(&drawn(&[&[(0.1, text.as_str())]]));
        }
    }
}
