//! Whom a paper addresses without a label: `Monte Verde GmbH` over `Herr Juan Campo` and a street.

use super::{
    blocks::{Block, Side, named},
    labels::labels,
    looks::looks_like_address,
    names::{firm, tokens},
    tidy::tidy,
    words::SALUTATIONS,
};
use crate::understand::sheet::{Cell, Row, Sheet};

/// Words of a person's name, the salutation among them.
const WORDS: std::ops::RangeInclusive<usize> = 2..=5;
/// Depth of the page down to which letters are addressed.
const HEAD: f32 = 0.5;
/// Rows at the top that are the sender's own.
const OWN_ROWS: usize = 2;
/// Lines below that belong to the address.
const BELOW: usize = 5;

/// The block of whom a paper is to, where a cell addresses a person: with the firm right above, or the address below.
pub(super) fn addressed(sheet: &Sheet, at: (usize, usize), row: &Row, cell: &Cell) -> Option<Block> {
    if row.page != 1 || row.bbox[1] > HEAD || !salutes(&cell.text) {
        return None;
    }
    let above = near(sheet, at.0.checked_sub(1)?, row.page, cell)
        .filter(|(_, c)| cell.bbox[1] - c.bbox[3] < 1.5 * cell.height.max(0.005))
        .filter(|(_, c)| firm(&c.text) > 0.9 && named(&c.text) && labels(c).is_empty());
    let mut cells: Vec<(usize, usize)> = above.iter().map(|(at, _)| *at).chain([at]).collect();
    let mut bottom = cell.bbox[3];
    let mut address = false;
    for (r, row) in sheet.rows.iter().enumerate().skip(at.0 + 1).take_while(|(_, r)| r.page == row.page) {
        let Some((at, next)) = near(sheet, r, row.page, cell) else { continue };
        if next.bbox[1] - bottom > 2.0 * cell.height.max(0.005) || cells.len() > BELOW {
            break;
        }
        address |= looks_like_address(&next.folded);
        bottom = next.bbox[3];
        cells.push(at);
    }
    let name = match above {
        Some((_, firm)) => firm,
        None if at.0 > OWN_ROWS && address => cell,
        None => return None,
    };
    let (bbox, page) = (name.bbox, row.page);
    Some(Block {
        side: Side::Recipient,
        name: Some(tidy(&name.text)),
        bbox,
        page,
        cells,
        person: above.is_none(),
    })
}

/// The cell of a row that begins where `cell` does.
fn near<'a>(sheet: &'a Sheet, r: usize, page: u32, cell: &Cell) -> Option<((usize, usize), &'a Cell)> {
    let row = sheet.rows.get(r).filter(|row| row.page == page)?;
    let found = row.cells.iter().enumerate().find(|(_, c)| (c.bbox[0] - cell.bbox[0]).abs() < 0.03)?;
    Some(((r, found.0), found.1))
}

/// Whether a text addresses a person and says nothing else.
fn salutes(text: &str) -> bool {
    let words = tokens(text);
    let upper = |start: usize| text[start..].starts_with(char::is_uppercase);
    WORDS.contains(&words.len())
        && words.first().is_some_and(|w| SALUTATIONS.contains(&w.plain.as_str()))
        && words.iter().skip(1).all(|w| upper(w.start))
        && !text.contains(|c: char| c.is_ascii_digit() || matches!(c, ':' | '@'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::understand::{parties::blocks::blocks, sheet::drawn};

    #[test]
    fn the_firm_over_a_person() {
        let sheet = drawn(&[
            &[(0.1, "Hotel Nube Roja")],
            &[(0.1, "Monte Verde Consulting GmbH")],
            &[(0.1, "Herr Juan Campo")],
            &[(0.1, "Hauptstr. 9")],
            &[(0.1, "12345 Altstadt")],
        ]);
        let found = blocks(&sheet);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].name.as_deref(), Some("Monte Verde Consulting GmbH"));
    }

    #[test]
    fn a_shop_named_after_a_person() {
        let sheet =
            drawn(&[&[(0.1, "Mr. Pizza")], &[(0.1, "12 High Street")], &[(0.1, "Springfield, NY 10001")]]);
        assert!(blocks(&sheet).is_empty());
        assert!(!salutes("Sr. Director: 12") && !salutes("Pan pizza") && salutes("Sra. Ana Campo"));
    }
}
