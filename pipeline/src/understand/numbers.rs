//! The number of an invoice or a receipt: behind its label, with the look of a number.

use super::sheet::{Cell, Sheet, find_phrase};
use crate::fields::PageBox;

/// A number with its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Numbered {
    /// As printed, without blanks around it.
    pub value: String,
    /// Probability that it is the one sought.
    pub confidence: f32,
    /// One-based page.
    pub page: u32,
    /// On the upright page.
    pub bbox: PageBox,
}

/// Labels that say a number means something else.
const OTHER: &[&str] = &[
    "order",
    "po ",
    "p.o",
    "customer",
    "account",
    "kunden",
    "client",
    "cliente",
    "phone",
    "tel",
    "fax",
    "vat",
    "tax id",
    "gst",
    "iban",
    "reg",
    "nif",
    "cif",
    "rfc",
    "nit",
    "page",
    "pedido",
    "delivery",
    "bestell",
    "lieferschein",
    "steuer",
    "ust",
    "iva",
    "contract",
    "reference",
    "internal",
    "tracking",
    "cuenta",
    "table",
    "seat",
];

/// The first word of `text` that can be a document number.
fn number_in(text: &str) -> Option<String> {
    let text = text.trim_start_matches(|c: char| !c.is_alphanumeric());
    let mut words = text.split_whitespace().peekable();
    let mut skipped = 0;
    while let Some(word) = words.next() {
        let folded = super::sheet::fold(word);
        let bare = folded.trim_matches(|c: char| !c.is_alphanumeric());
        let filler = [
            "no", "nr", "n", "num", "number", "numero", "nº", "n°", "id", "de", "nro", "serie", "der", "du",
            "da", "del", "e", "y", "folio", "#", "factura", "fattura", "facture", "fatura", "date", "fecha",
        ]
        .contains(&bare)
            || bare.is_empty();
        if filler && skipped < 3 {
            skipped += 1;
            continue;
        }
        let value = word.trim_matches(|c: char| !c.is_alphanumeric());
        let digits = value.chars().filter(char::is_ascii_digit).count();
        // A prefix in letters may stand apart: "CS 10012", "FE 2041", "A-1 004".
        if digits == 0
            && (1..=5).contains(&value.chars().count())
            && value.chars().all(|c| c.is_uppercase() || c == '-')
            && let Some(next) = words.peek()
            && next.chars().filter(char::is_ascii_digit).count() >= 2
            && next.starts_with(|c: char| c.is_ascii_digit())
        {
            let tail = next.trim_matches(|c: char| !c.is_alphanumeric());
            return Some(format!("{value} {tail}"));
        }
        let shaped = value.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '/' | '.' | '_'));
        let money = value.contains('.')
            && value.split('.').next_back().is_some_and(|p| p.len() == 2)
            && digits + 1 == value.len();
        let dated = !super::dates::dates(&folded, super::dates::Order::Unknown).is_empty()
            && value.contains(['/', '.']);
        if digits >= 1 && shaped && value.len() <= 40 && !money && !dated {
            return Some(value.to_owned());
        }
        return None;
    }
    None
}

fn under(sheet: &Sheet, at: usize, cell: &Cell) -> Option<(String, PageBox)> {
    let row = sheet.rows.get(at)?;
    sheet.rows.iter().skip(at + 1).take(2).filter(|r| r.page == row.page).find_map(|r| {
        let below = r.cells.iter().find(|c| {
            let centre = (c.bbox[0] + c.bbox[2]) / 2.0;
            (centre > cell.bbox[0] - 0.03 && centre < cell.bbox[2] + 0.03)
                || (c.bbox[0] - cell.bbox[0]).abs() < 0.02
        })?;
        number_in(&below.text).map(|v| (v, below.bbox))
    })
}

/// Looks for the number behind the first of `labels` that has one.
#[must_use]
pub fn number(sheet: &Sheet, labels: &[&str]) -> Option<Numbered> {
    let sure = labels.len().saturating_sub(16);
    for (rank, label) in labels.iter().enumerate() {
        for (i, row) in sheet.rows.iter().enumerate() {
            for (n, cell) in row.cells.iter().enumerate() {
                let Some(at) = find_phrase(&cell.folded, label) else { continue };
                let before = &cell.folded[..at];
                if OTHER.iter().any(|w| before.contains(w)) || (label.len() <= 4 && at > 0) {
                    continue;
                }
                let skip = cell.folded[..at + label.len()].chars().count();
                let rest: String = cell.text.chars().skip(skip).collect();
                let found = number_in(&rest).map(|v| (v, cell.bbox, 0.93)).or_else(|| {
                    let empty = rest.chars().filter(|c| c.is_alphanumeric()).count() <= 3;
                    let right = row.cells.get(n + 1).filter(|_| empty);
                    right.and_then(|c| number_in(&c.text).map(|v| (v, c.bbox, 0.9))).or_else(|| {
                        if empty { under(sheet, i, cell).map(|(v, b)| (v, b, 0.88)) } else { None }
                    })
                });
                if let Some((value, bbox, confidence)) = found {
                    let long = value.chars().filter(char::is_ascii_digit).count() >= 3;
                    let mut confidence: f32 = if rank < sure { confidence } else { confidence - 0.2 };
                    if !long {
                        confidence -= 0.12;
                    }
                    return Some(Numbered { value, confidence, page: row.page, bbox });
                }
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_number_looks_like() {
        assert_eq!(number_in(" No: 22497").as_deref(), Some("22497"));
        assert_eq!(number_in(": TD01167104").as_deref(), Some("TD01167104"));
        assert_eq!(number_in("CS 10012").as_deref(), Some("CS 10012"));
        assert_eq!(number_in("n° F-2024/001").as_deref(), Some("F-2024/001"));
        assert_eq!(number_in(": 12/03/2024"), None);
        assert_eq!(number_in("thank you"), None);
        assert_eq!(number_in("12.50"), None);
    }
}
