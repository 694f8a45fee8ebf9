//! A merchant's postal address: the lines under its name.

use super::{
    Named,
    looks::{is_price, is_registration, looks_like_address},
    words::ADDRESS_END,
};
use crate::understand::sheet::{Row, Sheet, has_phrase};

/// The lines under the merchant that read like an address, joined.
#[must_use]
pub fn address(sheet: &Sheet, merchant: &Named) -> Option<Named> {
    let at = sheet.rows.iter().position(|r| {
        r.page == merchant.page && r.bbox[1] <= merchant.bbox[1] + 0.001 && r.bbox[3] > merchant.bbox[1]
    })?;
    let stops = |r: &Row| ADDRESS_END.iter().any(|w| has_phrase(&r.folded, w)) || r.folded.contains('@');
    let under: Vec<&Row> =
        sheet.rows.iter().skip(at + 1).take(9).filter(|r| r.bbox[1] >= merchant.bbox[3] - 0.01).collect();
    let letters = |r: &Row| r.folded.chars().filter(|c| c.is_alphabetic()).count();
    let other = |r: &Row| {
        stops(r)
            || is_phone(r)
            || is_registration(&r.folded)
            || r.cells.iter().skip(1).any(|c| is_price(&c.folded))
    };
    let numbered = |r: &Row| r.folded.contains(',') && r.folded.chars().any(|c| c.is_ascii_digit());
    let reads = |r: &Row| looks_like_address(&r.folded) || numbered(r);
    let first = under.iter().position(|r| reads(r) && !other(r) && letters(r) >= 2)?;
    let mut bottom = under.get(first)?.bbox[1];
    let near = |r: &&Row| {
        let gap = r.bbox[1] - bottom;
        bottom = r.bbox[3];
        !other(r) && gap < 1.2 * (r.bbox[3] - r.bbox[1])
    };
    let lines: Vec<&Row> = under.iter().copied().skip(first).take_while(near).take(6).collect();
    let head = lines.first()?;
    let name = lines.iter().map(|r| r.text.trim().trim_end_matches(',')).collect::<Vec<_>>().join(", ");
    let bbox = lines.iter().fold(head.bbox, |b, r| {
        [b[0].min(r.bbox[0]), b[1].min(r.bbox[1]), b[2].max(r.bbox[2]), b[3].max(r.bbox[3])]
    });
    Some(Named { name, confidence: 0.7, page: head.page, bbox, signs: Vec::new() })
}

fn is_phone(row: &Row) -> bool {
    let digits = row.folded.chars().filter(char::is_ascii_digit).count();
    digits >= 8 && row.folded.chars().filter(|c| c.is_alphabetic()).count() <= 3
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::understand::scorer::Scorers;
    use crate::understand::{parties::merchant, sheet::drawn};

    #[test]
    fn the_lines_between_name_and_telephone() {
        let sheet = drawn(&[
            &[(0.3, "NUBE ROJA SDN BHD")],
            &[(0.3, "(123456-X)")],
            &[(0.2, "No. 3, Jalan Alta 7/4,")],
            &[(0.2, "Bandar Luna,")],
            &[(0.2, "81200 Puerto, Johor")],
            &[(0.2, "Tel: 07-1234567")],
            &[(0.1, "COFFEE 12"), (0.7, "4.50")],
        ]);
        let name = merchant(&sheet, &[], Scorers::committed()).unwrap();
        assert_eq!(
            address(&sheet, &name).unwrap().name,
            "No. 3, Jalan Alta 7/4, Bandar Luna, 81200 Puerto, Johor"
        );
        let bare = drawn(&[&[(0.3, "NUBE ROJA SDN BHD")], &[(0.1, "22241 SCISSORS"), (0.7, "18.00")]]);
        assert_eq!(address(&bare, &merchant(&bare, &[], Scorers::committed()).unwrap()), None);
    }
}
