//! Tax identification numbers: found by their labels, judged by their check digits, given to whose block they stand in.
//!
//! The way of the data: [`schemes`] names the labels and forms, [`checks`] the check digits; the value stands behind its
//! label, beside it or below it. A slip of OCR is mended only where the check digit then holds.

pub mod checks;
pub mod national;
pub mod schemes;
pub mod values;
mod words;

use self::{
    schemes::{LABELS, Named, Scheme, Verdict},
    values::{bare, joined},
    words::{ISSUER, RECIPIENT, THIRD},
};
use super::{
    letters::Letters,
    parties::blocks::{Block, Side, whose},
    sheet::{Cell, Sheet, has_phrase},
};
use crate::fields::{PageBox, Source};

/// A tax id found in the text.
#[derive(Debug, Clone, PartialEq)]
pub struct TaxId {
    /// Without blanks, dots and dashes; upper case.
    pub value: String,
    /// What kind of id.
    pub scheme: Scheme,
    /// Whether its check digit is right; `None` where the scheme has none that we know.
    pub checked: Option<bool>,
    /// Whose it is, where its block or its label says so.
    pub side: Option<Side>,
    /// Probability that the value is read right and is an id.
    pub confidence: f32,
    /// One-based page.
    pub page: u32,
    /// On the upright page.
    pub bbox: PageBox,
    /// The row it stands on.
    pub row: usize,
}

/// The issuer's id among all found: named as theirs, else the first that is nobody else's.
#[must_use]
pub fn issuers(ids: &[TaxId]) -> Option<(&TaxId, f32)> {
    let open: Vec<&TaxId> = ids
        .iter()
        .filter(|i| !matches!(i.side, Some(Side::Recipient | Side::Delivery | Side::Third | Side::Factor)))
        .collect();
    let rank = |i: &TaxId| {
        let named = match i.side {
            Some(Side::Issuer) => 0.5,
            // Who is paid may be a factor or a bank.
            Some(Side::Payee) => -0.1,
            _ => 0.0,
        };
        let local = matches!(i.scheme, Scheme::Siret | Scheme::Cpf)
            || (i.scheme == Scheme::TaxId && i.value.len() < 12);
        named + i.confidence - if local { 0.35 } else { 0.0 } - if i.page > 1 { 0.2 } else { 0.0 }
    };
    let best = open.iter().copied().reduce(|a, b| if rank(b) > rank(a) + 0.02 { b } else { a })?;
    let rivals = open.iter().any(|i| i.value != best.value && i.scheme == best.scheme && i.side == best.side);
    Some((best, best.confidence - if rivals { 0.22 } else { 0.0 }))
}

/// The recipient's id: the surest in their block.
#[must_use]
pub fn recipients(ids: &[TaxId]) -> Option<(&TaxId, f32)> {
    let theirs = ids.iter().filter(|i| i.side == Some(Side::Recipient));
    let best = theirs.reduce(|a, b| if b.confidence > a.confidence + 0.02 { b } else { a })?;
    Some((best, best.confidence - 0.05))
}

/// Every labelled tax id, in reading order, and unlabelled ones whose form and check digit leave no doubt.
#[must_use]
pub fn tax_ids(sheet: &Sheet) -> Vec<TaxId> {
    let blocks = sheet.blocks();
    let mut found: Vec<TaxId> = Vec::new();
    for (r, row) in sheet.rows.iter().enumerate() {
        for (c, cell) in row.cells.iter().enumerate() {
            for hit in in_cell(sheet, blocks, (r, c), cell) {
                match found.iter_mut().find(|f| f.value == hit.value) {
                    // The clearer of two printings says whose it is; an id printed twice is read right.
                    Some(known) => {
                        known.side = known.side.or(hit.side);
                        known.confidence = known.confidence.max(hit.confidence);
                    }
                    None => found.push(hit),
                }
            }
        }
    }
    found
}

fn in_cell(sheet: &Sheet, blocks: &[Block], at: (usize, usize), cell: &Cell) -> Vec<TaxId> {
    let Some(row) = sheet.rows.get(at.0) else { return Vec::new() };
    let letters = Letters::of(&cell.text);
    let marks = labels(&letters);
    let mut out: Vec<TaxId> = Vec::new();
    for (n, (start, end, named)) in marks.iter().enumerate() {
        let until = marks.get(n + 1).map_or(usize::MAX, |m| m.0);
        let behind: String = cell.text.chars().take(until).skip(*end).collect();
        let Some((value, verdict, bbox, mended)) = value_of(sheet, at, cell, named, &behind, row.source)
        else {
            continue;
        };
        let before: String = cell.folded.chars().take(*start).collect();
        let side = named_side(&before).or_else(|| whose(blocks, at));
        let confidence = confidence(verdict, named, &value, row.source, mended);
        let (scheme, page) = (named.scheme, row.page);
        let checked = match verdict {
            Verdict::Right => Some(true),
            Verdict::Wrong | Verdict::Misfit => Some(false),
            Verdict::Unknown => None,
        };
        out.push(TaxId { value, scheme, checked, side, confidence, page, bbox, row: at.0 });
    }
    if out.is_empty()
        && let Some((value, scheme)) = bare(&cell.text)
    {
        let (side, page) = (whose(blocks, at), row.page);
        let confidence = 0.85;
        out.push(TaxId {
            value,
            scheme,
            checked: Some(true),
            side,
            confidence,
            page,
            bbox: cell.bbox,
            row: at.0,
        });
    }
    out
}

/// "Buyer VAT ID", "Uw BTW-nummer": whose the label itself says.
fn named_side(before: &str) -> Option<Side> {
    let says = |words: &[&str]| words.iter().any(|w| has_phrase(before, w));
    if says(&THIRD) {
        Some(Side::Third)
    } else if says(&RECIPIENT) {
        Some(Side::Recipient)
    } else if says(&ISSUER) {
        Some(Side::Issuer)
    } else {
        None
    }
}

/// Labels of a text as (first character, first character behind, what), longest at each place.
fn labels(letters: &Letters) -> Vec<(usize, usize, &'static Named)> {
    let mut out = Vec::new();
    let mut i = 0;
    while i < letters.folded.len() {
        let best = if letters.word_start(i) {
            let ends = LABELS.iter().filter_map(|n| letters.read(i, n.label).map(|end| (end, n)));
            ends.filter(|(end, _)| letters.word_end(*end)).max_by_key(|(end, _)| *end)
        } else {
            None
        };
        match best.and_then(|(end, n)| Some((end, *letters.at.get(i)?, letters.at.get(end - 1)? + 1, n))) {
            Some((end, start, stop, named)) => {
                out.push((start, stop, named));
                i = end;
            }
            None => i += 1,
        }
    }
    out
}

type Value = (String, Verdict, PageBox, bool);

fn value_of(
    sheet: &Sheet,
    at: (usize, usize),
    cell: &Cell,
    named: &Named,
    behind: &str,
    source: Source,
) -> Option<Value> {
    let row = sheet.rows.get(at.0)?;
    let read = |text: &str| joined(text, named, source);
    if let Some((value, verdict, mended)) = read(behind) {
        return Some((value, verdict, cell.bbox, mended));
    }
    if behind.chars().filter(|c| c.is_alphanumeric()).count() > 3 {
        return None;
    }
    let beside = row.cells.get(at.1 + 1).and_then(|c| read(&c.text).map(|(v, k, m)| (v, k, c.bbox, m)));
    beside.or_else(|| {
        let reach = cell.bbox[3] + 3.5 * cell.height.max(0.008);
        sheet.rows.iter().skip(at.0 + 1).filter(|r| r.page == row.page).take(3).find_map(|below| {
            let hit = below.cells.iter().find(|c| c.bbox[0] < cell.bbox[2] && c.bbox[2] > cell.bbox[0])?;
            let (value, verdict, mended) = read(&hit.text).filter(|_| hit.bbox[1] < reach)?;
            Some((value, verdict, hit.bbox, mended))
        })
    })
}

fn confidence(verdict: Verdict, named: &Named, value: &str, source: Source, mended: bool) -> f32 {
    let printed = source != Source::Ocr;
    let surely: f32 = match verdict {
        Verdict::Right => 0.97,
        // A GST id of twelve digits, an EIN of nine: the right length behind the right label.
        Verdict::Unknown
            if named.sure
                && named.scheme == Scheme::Vat
                && value.starts_with(|c: char| c.is_ascii_digit()) =>
        {
            0.7
        }
        Verdict::Unknown if named.sure && matches!(value.len(), 9 | 11 | 12 | 15) => 0.93,
        Verdict::Unknown if named.sure => 0.8,
        Verdict::Unknown => 0.65,
        // What a PDF's own text says is printed so, right or wrong.
        Verdict::Wrong if printed => 0.75,
        Verdict::Wrong | Verdict::Misfit => 0.4,
    };
    surely - if mended { 0.1 } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::{schemes::judge, *};
    use crate::understand::sheet::drawn;

    fn first(lines: &[&[(f32, &str)]]) -> Option<String> {
        issuers(&tax_ids(&drawn(lines))).map(|(id, _)| id.value.clone())
    }

    #[test]
    fn behind_beside_and_below() {
        assert_eq!(first(&[&[(0.1, "GST1D:000123456789")]]).as_deref(), Some("000123456789"));
        assert_eq!(first(&[&[(0.1, "VAT Registration No: GB 980 7806 84")]]).as_deref(), Some("GB980780684"));
        assert_eq!(first(&[&[(0.1, "USt-IdNr."), (0.4, "DE 136 695 976")]]).as_deref(), Some("DE136695976"));
        let below: &[&[(f32, &str)]] =
            &[&[(0.1, "VAT Registration No."), (0.5, "Home Page")], &[(0.1, "DE136695976"), (0.5, "x")]];
        assert_eq!(first(below).as_deref(), Some("DE136695976"));
    }

    #[test]
    fn amounts_are_no_ids() {
        for text in
            ["VAT @ 20% 19,728.00", "TVA 20,00", "IVA 1.234.567", "GST 6% 12.34", "IVA 21% 1.234.567,00"]
        {
            assert!(tax_ids(&drawn(&[&[(0.1, text)]])).is_empty(), "{text}");
        }
    }

    #[test]
    fn the_recipients_id_is_theirs() {
        let sheet = drawn(&[
            &[(0.1, "Nube Roja GmbH"), (0.5, "Bill to:")],
            &[(0.1, "Hauptstr. 1"), (0.5, "Monte Verde SARL")],
            &[(0.1, "12345 Altstadt"), (0.5, "58 rue Haute")],
            &[(0.1, "USt-ID: DE136695976"), (0.5, "N° TVA : FR 83 404 833 048")],
        ]);
        let ids = tax_ids(&sheet);
        assert_eq!(issuers(&ids).unwrap().0.value, "DE136695976");
        assert_eq!(recipients(&ids).unwrap().0.value, "FR83404833048");
        let lone = drawn(&[&[(0.1, "Uw BTW nummer: NL004495445B01")]]);
        assert!(issuers(&tax_ids(&lone)).is_none());
    }

    #[test]
    fn a_slip_is_mended_only_where_the_check_holds() {
        assert_eq!(first(&[&[(0.1, "USt-ID: DE13669S976")]]).as_deref(), Some("DE136695976"));
        let wrong = tax_ids(&drawn(&[&[(0.1, "USt-ID: DE13669S975")]]));
        assert!(wrong.iter().all(|i| i.confidence < 0.5));
    }

    proptest::proptest! {
        #[test]
        fn never_panics(text in "\\PC{0,40}") {
            for named in LABELS.iter() {
                let _ = judge(named.scheme, &text);
                let _ = joined(&text, named, Source::Ocr);
            }
            let _ = (bare(&text), tax_ids(&drawn(&[&[(0.1, text.as_str())]])));
        }
    }
}
