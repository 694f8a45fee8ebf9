//! A letter without labels: the sender's name and address at the head, below them those of whom it is to.

use super::{
    blocks::{Block, Side, named},
    labels::labels,
    looks::{looks_like_address, says_contact},
    tidy::tidy,
};
use crate::understand::{
    sheet::{Cell, Sheet},
    tables::heads_table,
};

/// Depth of the page down to which letters are addressed.
const HEAD: f32 = 0.5;
/// How far the left edges of one column lie apart, in widths of the page.
const ASIDE: f32 = 0.02;
/// A gap that parts two blocks, in heights of a letter.
const GAP: f32 = 1.4;
/// How much larger the sender's name is printed than whom he writes to.
const LARGER: f32 = 1.15;
/// Lines of an address, its name among them.
const LINES: std::ops::RangeInclusive<usize> = 2..=6;

/// Lines of one column without a gap.
struct Lines<'a> {
    cells: Vec<((usize, usize), &'a Cell)>,
}

impl Lines<'_> {
    fn bottom(&self) -> f32 {
        self.cells.last().map_or(0.0, |(_, c)| c.bbox[3])
    }

    /// A name with something of an address, a registration or a way to reach somebody below it.
    fn addresses(&self) -> bool {
        let below = || self.cells.iter().skip(1).map(|(_, c)| c.folded.as_str());
        LINES.contains(&self.cells.len())
            && self.cells.first().is_some_and(|(_, c)| {
                named(&c.text) && !looks_like_address(&c.folded) && !says_contact(&c.folded)
            })
            && self.cells.iter().all(|(_, c)| labels(c).is_empty())
            && below().any(|text| looks_like_address(text) || says_contact(text))
    }

    fn height(&self) -> f32 {
        self.cells.first().map_or(0.0, |(_, c)| c.height)
    }

    fn reached(&self) -> bool {
        self.cells.iter().any(|(_, c)| says_contact(&c.folded))
    }
}

/// The block of whom a paper is to, where nothing labels it: the second address of the column that the letterhead begins,
/// printed smaller than that, or without the registrations and telephones that a sender prints of himself.
pub(super) fn second_address(sheet: &Sheet) -> Option<Block> {
    let all = columns(sheet);
    let (from, to) = all.iter().enumerate().find_map(|(n, head)| {
        let left = head.cells.first()?.1.bbox[0];
        let next = all[n + 1..].iter().find(|l| (l.cells[0].1.bbox[0] - left).abs() < ASIDE)?;
        head.addresses().then_some((head, next))
    })?;
    let apart = from.height() >= LARGER * to.height() || (from.reached() && !to.reached());
    let (_, name) = to.cells.first().filter(|_| to.addresses() && apart)?;
    Some(Block {
        side: Side::Recipient,
        name: Some(tidy(&name.text)),
        bbox: name.bbox,
        page: 1,
        cells: to.cells.iter().map(|(at, _)| *at).collect(),
        person: false,
    })
}

/// The lines above the table of items, by columns and gaps.
fn columns(sheet: &Sheet) -> Vec<Lines<'_>> {
    let mut out: Vec<Lines<'_>> = Vec::new();
    let head =
        |row: &&crate::understand::sheet::Row| row.page == 1 && row.bbox[1] < HEAD && !heads_table(row);
    for (r, row) in sheet.rows.iter().take_while(head).enumerate() {
        for (c, cell) in row.cells.iter().enumerate() {
            let own = |l: &&mut Lines<'_>| (l.cells[0].1.bbox[0] - cell.bbox[0]).abs() < ASIDE;
            let last = out.iter_mut().rev().find(own);
            match last.filter(|l| cell.bbox[1] - l.bottom() < GAP * cell.height.max(0.005)) {
                Some(lines) => lines.cells.push(((r, c), cell)),
                None => out.push(Lines { cells: vec![((r, c), cell)] }),
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::understand::{parties::blocks::blocks, sheet::letter};

    fn page(large: f32) -> Sheet {
        letter(&[
            (0.1, 0.06, large, "María Campo Ruiz"),
            (0.1, 0.08, 9.0, "Calle Luna 4, 41003 Sevilla"),
            (0.7, 0.08, 9.0, "Nº factura: 2026/31"),
            (0.1, 0.095, 9.0, "NIF: 12345678Z"),
            (0.1, 0.14, 9.0, "Monte Verde, S.L."),
            (0.1, 0.155, 9.0, "Avda. Paz 1, 41013 Sevilla"),
            (0.1, 0.17, 9.0, "CIF: B81234561"),
            (0.1, 0.3, 9.0, "Servicios 1.000,00"),
        ])
    }

    #[test]
    fn the_smaller_of_two_addresses_is_whom_it_is_to() {
        let found = blocks(&page(13.0));
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!((found[0].side, found[0].name.as_deref()), (Side::Recipient, Some("Monte Verde, S.L.")));
        // Alike in size and in what they say of themselves: nobody knows.
        assert!(blocks(&page(9.0)).is_empty());
    }

    #[test]
    fn one_address_is_the_senders() {
        let sheet = letter(&[
            (0.1, 0.06, 13.0, "Monte Verde, S.L."),
            (0.1, 0.08, 9.0, "Calle Luna 4, 41003 Sevilla"),
            (0.1, 0.15, 9.0, "Fecha: 14/10/2026"),
            (0.1, 0.165, 9.0, "Mesa 4, 2 cubiertos"),
        ]);
        assert!(blocks(&sheet).is_empty());
    }
}
