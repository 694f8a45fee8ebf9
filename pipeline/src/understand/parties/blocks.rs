//! Whose corner of the page a line stands in: blocks under "Bill to", "Sold by", "Remit to" and the like.

use super::{
    addressed::addressed,
    assigned::{assigned, is_factor},
    inline::before_address,
    labels::{Label, labels},
    letter::second_address,
    names::plausible,
    nobody::is_nobody,
    tidy::{sender_line, tidy},
};
use crate::{
    fields::PageBox,
    understand::{
        sheet::{Cell, Row, Sheet},
        tables::heads_table,
    },
};

/// Whose block it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// "From", "Sold by", "Emisor".
    Issuer,
    /// "Remit to", "Account holder": mostly the issuer, sometimes its department or bank.
    Payee,
    /// "Bill to", "Cliente".
    Recipient,
    /// "Ship to".
    Delivery,
    /// A tax representative, a warehouse: neither of the two.
    Third,
    /// Whom the claim was sold to: to be paid, and neither of the two.
    Factor,
}

/// A labelled block: its name and the cells that belong to it.
#[derive(Debug, Clone)]
pub struct Block {
    /// Whose.
    pub side: Side,
    /// The first name in it.
    pub name: Option<String>,
    /// Where the name stands.
    pub bbox: PageBox,
    /// One-based.
    pub page: u32,
    /// Row and cell of everything in it, the label's own first.
    pub cells: Vec<(usize, usize)>,
    /// Whether the label asks for a person ("Attn"), not a firm.
    pub person: bool,
}

/// All blocks of the sheet, in reading order.
#[must_use]
pub fn blocks(sheet: &Sheet) -> Vec<Block> {
    let mut out = Vec::new();
    for (r, row) in sheet.rows.iter().enumerate() {
        for (c, cell) in row.cells.iter().enumerate() {
            let labels = labels(cell);
            out.extend(labels.iter().map(|label| block(sheet, (r, c), row, cell, label)));
            out.extend(addressed(sheet, (r, c), row, cell));
            out.extend(assigned(sheet, (r, c), cell));
            let sender = labels.is_empty() && sender_line(&cell.text).is_some();
            if sender && row.bbox[1] < 0.4 && row.page == 1 {
                out.extend(window(sheet, (r, c), cell));
            }
        }
    }
    if !out.iter().any(|b| matches!(b.side, Side::Issuer | Side::Recipient)) {
        out.extend(second_address(sheet));
    }
    out
}

fn block(sheet: &Sheet, at: (usize, usize), row: &Row, cell: &Cell, label: &Label) -> Block {
    let behind = label.behind.trim();
    let mut cells = vec![at];
    let most = match label.side {
        Side::Third => 4,
        Side::Payee => 5,
        _ => 10,
    };
    let right = row.cells.get(at.1 + 1).map_or(cell.bbox[2].max(label.left + 0.35), |c| c.bbox[0] - 0.005);
    cells.extend(column(sheet, at.0, row.page, (label.left - 0.03, right), cell, most, 2.5));
    let mut block =
        Block { side: label.side, name: None, bbox: cell.bbox, page: row.page, cells, person: label.person };
    let behind_label = before_address(behind).unwrap_or(behind);
    if named(behind_label) {
        block.name = Some(tidy(behind_label));
        return with_side(block);
    }
    let below = block.cells.iter().skip(1).enumerate().find_map(|(n, (r, c))| {
        let cell = sheet.rows.get(*r)?.cells.get(*c)?;
        // Further down a town stands before its street.
        let name = before_address(&cell.text).filter(|_| n == 0).unwrap_or(&cell.text);
        named(name).then_some(cell)
    });
    let behind = tidy(behind);
    let beside = row.cells.get(at.1 + 1).filter(|c| {
        let name = before_address(&c.text).unwrap_or(&c.text);
        behind.is_empty() && c.bbox[0] - cell.bbox[2] < 0.2 && named(name) && labels(c).is_empty()
    });
    let close = below.filter(|b| b.bbox[1] - cell.bbox[3] < 2.0 * cell.height.max(0.005));
    if let Some(cell) = close.or(beside).or(below) {
        if beside.is_some_and(|b| b.bbox == cell.bbox) {
            block.cells.push((at.0, at.1 + 1));
        }
        let whole = Some(tidy(&cell.text)).filter(|_| named(&cell.text));
        block.name = whole.or_else(|| before_address(&cell.text).map(tidy));
        block.bbox = cell.bbox;
    }
    with_side(block)
}

/// Who is to be paid may be a factor, by his name.
fn with_side(mut block: Block) -> Block {
    if block.side == Side::Payee && block.name.as_deref().is_some_and(is_factor) {
        block.side = Side::Factor;
    }
    block
}

/// Whether a text can be the name in a block; another label cannot, alone or with its value.
pub(super) fn named(text: &str) -> bool {
    let name = tidy(text);
    plausible(&name) && !is_nobody(&name) && !name.contains(": ") && !text.trim_end().ends_with(':')
}

/// The recipient's window of a letter: the lines under the sender's small line.
fn window(sheet: &Sheet, at: (usize, usize), cell: &Cell) -> Option<Block> {
    let page = sheet.rows.get(at.0)?.page;
    let cells =
        column(sheet, at.0, page, (cell.bbox[0] - 0.06, cell.bbox[2].max(cell.bbox[0] + 0.3)), cell, 7, 9.0);
    let lines: Vec<&Cell> =
        cells.iter().filter_map(|(r, c)| sheet.rows.get(*r).and_then(|row| row.cells.get(*c))).collect();
    let name = lines.iter().find(|c| named(&c.text))?;
    (lines.len() >= 2).then(|| Block {
        side: Side::Recipient,
        name: Some(tidy(&name.text)),
        bbox: name.bbox,
        page,
        cells,
        person: false,
    })
}

/// Cells under `cell` whose left edge lies within `span`, until a gap or another label.
fn column(
    sheet: &Sheet,
    from: usize,
    page: u32,
    span: (f32, f32),
    cell: &Cell,
    most: usize,
    gap: f32,
) -> Vec<(usize, usize)> {
    let mut out: Vec<(usize, usize)> = Vec::new();
    let (mut bottom, mut height) = (cell.bbox[3], cell.height.max(0.006));
    let mut gap = gap;
    for (r, row) in sheet.rows.iter().enumerate().skip(from + 1).take_while(|(_, r)| r.page == page) {
        if heads_table(row) {
            break;
        }
        let inside = row.cells.iter().enumerate().find(|(_, c)| c.bbox[0] >= span.0 && c.bbox[0] < span.1);
        if row.bbox[1] - bottom > gap * height && inside.is_none() && row.bbox[1] - bottom > 0.1 {
            break;
        }
        let Some((c, cell)) = inside else { continue };
        if cell.bbox[1] - bottom > gap * height || out.len() >= most {
            break;
        }
        let own = labels(cell);
        if own.iter().any(|l| l.behind.trim().is_empty() || !matches!(l.side, Side::Recipient))
            && !out.is_empty()
        {
            break;
        }
        if !own.is_empty() && out.is_empty() && own.iter().all(|l| l.behind.trim().is_empty()) {
            break;
        }
        out.push((r, c));
        (bottom, height) = (cell.bbox[3], cell.height.max(0.006));
        gap = gap.min(2.5);
    }
    out
}

/// Whose block a cell stands in, if in any; the recipient's label weighs most, as it is the clearest.
#[must_use]
pub fn whose(blocks: &[Block], at: (usize, usize)) -> Option<Side> {
    let mine = |side: Side| blocks.iter().any(|b| b.side == side && b.cells.contains(&at));
    let all = [Side::Factor, Side::Third, Side::Recipient, Side::Delivery, Side::Issuer, Side::Payee];
    all.into_iter().find(|s| mine(*s))
}

/// Whether a cell stands in the block of somebody else than who issued the paper.
#[must_use]
pub fn is_others(blocks: &[Block], at: (usize, usize)) -> bool {
    matches!(whose(blocks, at), Some(Side::Recipient | Side::Delivery | Side::Third | Side::Factor))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::understand::sheet::drawn as page;

    #[test]
    fn bill_to_owns_the_lines_below_it() {
        let sheet = page(&[
            &[(0.1, "Nube Roja GmbH"), (0.6, "INVOICE")],
            &[(0.1, "Calle Alta 3")],
            &[(0.1, "Bill To:"), (0.5, "Ship To:")],
            &[(0.1, "Monte Verde Ltd"), (0.5, "Monte Verde Depot")],
            &[(0.1, "12 Low Street"), (0.5, "1 Quay Road")],
        ]);
        let blocks = blocks(&sheet);
        assert_eq!(blocks.len(), 2);
        assert_eq!((blocks[0].side, blocks[0].name.as_deref()), (Side::Recipient, Some("Monte Verde Ltd")));
        assert_eq!((blocks[1].side, blocks[1].name.as_deref()), (Side::Delivery, Some("Monte Verde Depot")));
        assert_eq!(whose(&blocks, (4, 0)), Some(Side::Recipient));
        assert_eq!(whose(&blocks, (0, 0)), None);
    }

    #[test]
    fn labels_with_their_value() {
        let sheet = page(&[&[(0.1, "Sold By : Nube Roja Pvt. Ltd.,"), (0.6, "Customer No: 12345")]]);
        let blocks = blocks(&sheet);
        assert_eq!(blocks.len(), 1);
        assert_eq!((blocks[0].side, blocks[0].name.as_deref()), (Side::Issuer, Some("Nube Roja Pvt. Ltd.")));
    }

    #[test]
    fn a_label_below_a_label_is_no_name() {
        let sheet = page(&[
            &[(0.02, "PRESTADOR / FORNECEDOR"), (0.3, "11.222.333/0001-81")],
            &[(0.02, "Nome / Nome Empresarial"), (0.5, "Município / Sigla UF")],
            &[(0.02, "Nube Roja Publicidade"), (0.5, "Vila Alta / SP")],
            &[(0.02, "TOMADOR / ADQUIRENTE"), (0.3, "45.723.174/0001-10")],
            &[(0.02, "Nome / Nome Empresarial"), (0.5, "Município / Sigla UF")],
            &[(0.02, "Monte Verde Doces Ltda"), (0.5, "Vila Baixa / SP")],
        ]);
        let blocks = blocks(&sheet);
        let named: Vec<_> = blocks.iter().map(|b| (b.side, b.name.as_deref())).collect();
        assert_eq!(
            named,
            [
                (Side::Issuer, Some("Nube Roja Publicidade")),
                (Side::Recipient, Some("Monte Verde Doces Ltda"))
            ]
        );
    }

    #[test]
    fn the_window_of_a_letter_is_the_recipients() {
        let sheet = page(&[
            &[(0.1, "Nube Roja AG - Uferweg 4 - D-63999 Neustadt")],
            &[(0.1, "Monte Verde Ltd.")],
            &[(0.1, "Hauptstr. 9")],
            &[(0.1, "12345 Altstadt")],
        ]);
        let blocks = blocks(&sheet);
        assert_eq!(blocks[0].name.as_deref(), Some("Monte Verde Ltd."));
        assert_eq!(whose(&blocks, (1, 0)), Some(Side::Recipient));
    }
}
