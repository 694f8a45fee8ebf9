//! Whom a bill's claim was sold to: "Die Forderung ist abgetreten an die Lago Factoring GmbH". He is paid, and issued nothing.

use super::{
    blocks::{Block, Side},
    labels::{ASSIGNED, FACTOR},
    names::{firm, plain},
};
use crate::understand::sheet::{Cell, Sheet, has_phrase};

/// Words of a line of prose, and how many of them are written small.
const PROSE: (usize, usize) = (5, 3);
/// Lines of a paragraph on either side that are its own.
const ON: usize = 2;
/// A gap that parts two paragraphs, in heights of a letter.
const GAP: f32 = 1.0;

/// Whether a name is of somebody who buys claims.
pub(super) fn is_factor(name: &str) -> bool {
    let words = plain(name);
    FACTOR.iter().any(|word| has_phrase(&words, word))
}

/// The block of the sentence that says whom a claim was sold to, where a cell is of one: its line and those of its paragraph
/// up to his name.
pub(super) fn assigned(sheet: &Sheet, at: (usize, usize), cell: &Cell) -> Option<Block> {
    let says = ASSIGNED.iter().any(|phrase| has_phrase(&cell.folded, phrase));
    if !(says || is_prose(cell) && is_factor(&cell.text)) {
        return None;
    }
    let page = sheet.rows.get(at.0)?.page;
    let mut cells = vec![at];
    let ends = firm(&cell.text) > 0.9 || is_factor(&cell.text) || cell.text.trim_end().ends_with('.');
    for r in (at.0 + 1..=at.0 + ON).take_while(|_| !ends) {
        let last = cells.last().copied()?;
        let Some((next, on)) = adjoining(sheet, page, r, last) else { break };
        cells.push(next);
        if firm(&on.text) > 0.9 || is_factor(&on.text) {
            break;
        }
    }
    // "… haben wir an die" / "Lago Factoring GmbH" / "abgetreten."
    let mut first = at;
    for r in (at.0.saturating_sub(ON)..at.0).rev() {
        let Some((before, on)) = adjoining(sheet, page, r, first) else { break };
        let begun =
            is_prose(on) || r + 1 == at.0 && is_factor(&on.text) && !on.text.trim_end().ends_with('.');
        if !begun {
            break;
        }
        cells.push(before);
        first = before;
    }
    Some(Block { side: Side::Factor, name: None, bbox: cell.bbox, page, cells, person: false })
}

/// The cell of row `r` that stands right over or under the one at `from`, without a gap.
fn adjoining(sheet: &Sheet, page: u32, r: usize, from: (usize, usize)) -> Option<((usize, usize), &Cell)> {
    let cell = sheet.rows.get(from.0)?.cells.get(from.1)?;
    let row = sheet.rows.get(r).filter(|row| row.page == page)?;
    let inline = |c: &&Cell| (c.bbox[0] - cell.bbox[0]).abs() < 0.03;
    let (c, on) = row.cells.iter().enumerate().find(|(_, c)| inline(c))?;
    let gap = (on.bbox[1] - cell.bbox[3]).max(cell.bbox[1] - on.bbox[3]);
    (gap < GAP * cell.height.max(0.005)).then_some(((r, c), on))
}

/// Whether a line reads on as a sentence does.
fn is_prose(cell: &Cell) -> bool {
    let words = || cell.text.split_whitespace().filter(|w| w.chars().any(char::is_alphabetic));
    words().count() >= PROSE.0 && words().filter(|w| w.starts_with(char::is_lowercase)).count() >= PROSE.1
}

#[cfg(test)]
mod tests {
    use crate::understand::{parties::issuer, scorer::Scorers, sheet::drawn};

    fn issued_by(foot: &[&str]) -> Option<String> {
        let head: [&[(f32, &str)]; 7] = [
            &[(0.1, "Nube Roja")],
            &[(0.1, "Uferweg 3")],
            &[(0.1, "63999 Neustadt")],
            &[(0.1, "www.nuberoja.com")],
            &[(0.1, "Kunde: Monte Verde AG")],
            &[(0.1, "Rechnung 17")],
            &[(0.1, "Summe 120,00 EUR")],
        ];
        let foot: Vec<Vec<(f32, &str)>> = foot.iter().map(|line| vec![(0.1, *line)]).collect();
        let lines: Vec<&[(f32, &str)]> = head.into_iter().chain(foot.iter().map(Vec::as_slice)).collect();
        issuer(&drawn(&lines), &[], Scorers::committed()).map(|n| n.name)
    }

    #[test]
    fn neither_a_sentence_nor_the_factor_issued_the_bill() {
        for foot in [
            &["Die Forderung ist abgetreten an Lago Factoring GmbH."][..],
            &["Die Forderung ist abgetreten an", "Lago Bank AG, Uferweg 1, 12345 Altstadt"],
            &["Die Forderungen aus dieser Rechnung haben wir an die", "Lago Factoring GmbH", "abgetreten."],
            &["Diese Rechnung wurde an die Lago Factoring GmbH verkauft und abgetreten."],
            &["Factoring: pay to Lago Finance Ltd"],
            &["This invoice has been assigned to Lago Finance Ltd, 1 Road, and is payable only to them."],
            &["La presente factura ha sido cedida a Lago Factoring, S.A."],
            &["El crédito de esta factura ha sido cedido a", "Lago Finanzas, S.A., a quien debe pagarse"],
            &["Esta fatura foi cedida ao Lago Factoring Ltda"],
            &["Cette facture a été cédée à Lago Affacturage SAS dans le cadre d'un contrat d'affacturage"],
            &["Il credito è stato ceduto a Lago Factor S.p.A."],
            &["Deze vordering is overgedragen aan Lago Finance B.V."],
            &["Wierzytelność została scedowana na Lago Faktoring Sp. z o.o."],
            &["Zahlbar an:", "Pay to: Lago Inkasso GmbH"],
            &["Please note our new bank details with Lago Bank Ltd"],
            &["Bitte beachten Sie unsere neue Bankverbindung bei der Lago Bank AG"],
            &["Por favor tome nota de nuestra nueva cuenta en Banco Lago, S.A."],
        ] {
            assert_eq!(issued_by(foot).as_deref(), Some("Nube Roja"), "{foot:?}");
        }
    }

    #[test]
    fn a_factor_may_bill_for_himself() {
        let sheet = drawn(&[
            &[(0.1, "Lago Factoring GmbH")],
            &[(0.1, "Uferweg 3, 63999 Neustadt")],
            &[(0.1, "Kunde: Monte Verde AG")],
            &[(0.1, "Factoringgebühr 120,00 EUR")],
        ]);
        assert_eq!(issuer(&sheet, &[], Scorers::committed()).unwrap().name, "Lago Factoring GmbH");
    }
}
