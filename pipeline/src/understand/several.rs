//! Several documents in one file: invoices page after page, two receipts side by side in one photo.
//!
//! Nothing is split here. A person is told where one document seems to end and the next to begin, and why.

use std::ops::RangeInclusive;

use super::{amounts, numbers, sheet::Sheet, surer::bare};
use crate::{
    document::Kind,
    fields::{PageBox, Source},
    reading::{Evidence, Line, PageText, Word},
    reason::{Reason, ReasonCode},
};

/// Least confidence of a page's number for it to begin a document.
const NUMBER: f32 = 0.7;
/// Least confidence of a part's total for it to be a document.
const TOTAL: f32 = 0.6;
/// Lines that each half of a photo must have.
const FEW_LINES: usize = 6;

/// Why this file seems to hold more than one document; `None` for nearly all.
#[must_use]
pub fn reason(evidence: &Evidence, kind: Kind) -> Option<Reason> {
    match kind {
        Kind::Invoice | Kind::Receipt if evidence.pages.len() > 1 => pages(evidence, kind),
        Kind::Receipt => evidence.pages.first().and_then(halves),
        _ => None,
    }
}

/// Pages of one document, by its number.
struct Part {
    number: String,
    pages: RangeInclusive<u32>,
    /// It has a total of its own.
    total: bool,
}

fn pages(evidence: &Evidence, kind: Kind) -> Option<Reason> {
    let mut parts: Vec<Part> = Vec::new();
    for page in &evidence.pages {
        let sheet = sheet_of(page.clone());
        let total = amounts::sums(&sheet).total.is_some_and(|t| t.confidence >= TOTAL);
        let number = match kind {
            Kind::Receipt => numbers::receipt(&sheet),
            _ => numbers::invoice(&sheet),
        };
        let number = number.filter(|n| n.confidence >= NUMBER).map(|n| n.value);
        match (parts.last_mut(), number) {
            // A page without a number, or with the same, goes on with what came before.
            (Some(last), number) if number.as_ref().is_none_or(|n| bare(n) == bare(&last.number)) => {
                last.pages = *last.pages.start()..=page.number;
                last.total |= total;
            }
            (_, Some(number)) => parts.push(Part { number, pages: page.number..=page.number, total }),
            (_, None) => {}
        }
    }
    // A page that names another document only refers to it; one with a total of its own is it.
    parts.retain(|part| part.total);
    if parts.len() < 2 {
        return None;
    }
    let said: Vec<String> =
        parts.iter().map(|p| format!("number {} on page {}", p.number, p.pages.start())).collect();
    let ranges: Vec<serde_json::Value> = parts
        .iter()
        .map(|p| serde_json::json!({ "first": p.pages.start(), "last": p.pages.end(), "number": p.number }))
        .collect();
    let message = format!("{} documents seem to be in this file: {}.", parts.len(), said.join(", "));
    Some(Reason::new(ReasonCode::MultipleDocuments, message).with("documents", ranges))
}

/// Two receipts side by side: a gutter down the whole text, and a total on either side of it.
fn halves(page: &PageText) -> Option<Reason> {
    if page.source != Source::Ocr {
        return None;
    }
    let (from, to) = gutter(page)?;
    let middle = (from + to) / 2.0;
    let sides = [part(page, |w| w.bbox[2] <= middle), part(page, |w| w.bbox[0] >= middle)];
    let mut boxes: Vec<PageBox> = Vec::new();
    for side in sides {
        if side.lines.iter().filter(|l| l.text.chars().any(char::is_alphabetic)).count() < FEW_LINES {
            return None;
        }
        boxes.push(side.lines.iter().map(|l| l.bbox).reduce(around)?);
        let total = amounts::sums(&sheet_of(side)).total?;
        if total.confidence < TOTAL {
            return None;
        }
    }
    Some(
        Reason::new(
            ReasonCode::MultipleDocuments,
            "Two receipts seem to lie side by side, each with its own total.",
        )
        .with("boxes", boxes.iter().map(|b| serde_json::json!(b)).collect::<Vec<_>>()),
    )
}

/// The widest strip in the middle of the page that no word crosses.
fn gutter(page: &PageText) -> Option<(f32, f32)> {
    let mut spans: Vec<(f32, f32)> =
        page.lines.iter().flat_map(|l| &l.words).map(|w| (w.bbox[0], w.bbox[2])).collect();
    spans.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (mut right, mut best) = (f32::MAX, None);
    for (x0, x1) in spans {
        if x0 > right {
            let middle = (right + x0) / 2.0;
            if (0.25..=0.75).contains(&middle) && best.is_none_or(|(a, b)| x0 - right > b - a) {
                best = Some((right, x0));
            }
        }
        right = if right == f32::MAX { x1 } else { right.max(x1) };
    }
    best.filter(|(a, b)| b - a >= 0.015)
}

/// What of the page's lines fulfils a condition.
fn part(page: &PageText, on: impl Fn(&Word) -> bool) -> PageText {
    let lines = page.lines.iter().filter_map(|line| {
        let words: Vec<Word> = line.words.iter().filter(|w| on(w)).cloned().collect();
        let bbox = words.iter().map(|w| w.bbox).reduce(around)?;
        let text = words.iter().map(|w| w.text.as_str()).collect::<Vec<_>>().join(" ");
        Some(Line { text, bbox, confidence: line.confidence, words })
    });
    PageText { lines: lines.collect(), ..page.clone() }
}

fn around(a: PageBox, b: PageBox) -> PageBox {
    [a[0].min(b[0]), a[1].min(b[1]), a[2].max(b[2]), a[3].max(b[3])]
}

fn sheet_of(page: PageText) -> Sheet {
    Sheet::of(&Evidence { pages: vec![page], ..Evidence::default() })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A page of lines; each is runs of text and where they begin.
    fn page(number: u32, rows: &[&[(f32, &str)]]) -> PageText {
        let lines = rows.iter().enumerate().map(|(n, runs)| {
            let y = 0.05 + n as f32 * 0.03;
            let mut words = Vec::new();
            for (x, text) in *runs {
                let mut at = *x;
                for word in text.split(' ') {
                    let width = word.chars().count() as f32 * 0.011;
                    words.push(Word {
                        text: word.to_owned(),
                        bbox: [at, y, at + width, y + 0.02],
                        confidence: 1.0,
                    });
                    at += width + 0.006;
                }
            }
            let text = words.iter().map(|w| w.text.as_str()).collect::<Vec<_>>().join(" ");
            Line { text, bbox: [0.0, y, 1.0, y + 0.02], confidence: 1.0, words }
        });
        let lines = lines.collect();
        PageText { number, source: Source::Ocr, aspect: 0.75, lines, quarter_turns: 0, sharpness: None }
    }

    fn invoice(number: u32, name: &str) -> PageText {
        page(
            number,
            &[
                &[(0.1, "Nova Papel S.L.")],
                &[(0.1, &format!("Factura número: {name}"))],
                &[(0.1, "Fecha: 14/03/2024")],
                &[(0.1, "Subtotal"), (0.8, "100,00")],
                &[(0.1, "IVA 21%"), (0.8, "21,00")],
                &[(0.1, "Total a pagar"), (0.8, "121,00 €")],
            ],
        )
    }

    #[test]
    fn invoices_page_after_page() {
        let more = page(2, &[&[(0.1, "Condiciones generales de venta")]]);
        let file = |pages| Evidence { pages, ..Evidence::default() };
        let several = file(vec![invoice(1, "F-2024/17"), more.clone(), invoice(3, "F-2024/18")]);
        let reason = reason(&several, Kind::Invoice).expect("two invoices");
        assert_eq!(reason.code, ReasonCode::MultipleDocuments);
        assert_eq!(reason.detail["documents"][0]["last"], 2);
        assert_eq!(reason.detail["documents"][1]["number"], "F-2024/18");
        let one = file(vec![invoice(1, "F-2024/17"), more, invoice(3, "F-2024/17")]);
        assert!(super::reason(&one, Kind::Invoice).is_none());
    }

    #[test]
    fn two_receipts_side_by_side() {
        let rows: [(&str, &str); 8] = [
            ("BAR SOL", "CAFE LUNA"),
            ("14/03/2024 10:02", "15/03/2024 18:40"),
            ("Cafe con leche 2,50", "Te verde 3,00"),
            ("Tostada 4,50", "Bizcocho 2,00"),
            ("Zumo 3,00", "Agua 1,00"),
            ("TOTAL 10,00", "TOTAL 6,00"),
            ("EFECTIVO 10,00", "TARJETA 6,00"),
            ("GRACIAS POR SU VISITA", "VUELVA PRONTO"),
        ];
        let both: Vec<Vec<(f32, &str)>> = rows.iter().map(|(a, b)| vec![(0.05, *a), (0.6, *b)]).collect();
        let both: Vec<&[(f32, &str)]> = both.iter().map(Vec::as_slice).collect();
        let evidence = Evidence { pages: vec![page(1, &both)], ..Evidence::default() };
        let reason = reason(&evidence, Kind::Receipt).expect("two receipts");
        assert_eq!(reason.detail["boxes"].as_array().map(Vec::len), Some(2));
        // Names left, prices right: one receipt.
        let one: Vec<Vec<(f32, &str)>> = rows
            .iter()
            .map(|(a, _)| {
                a.rsplit_once(' ').map_or(vec![(0.05, *a)], |(name, price)| vec![(0.05, name), (0.8, price)])
            })
            .collect();
        let one: Vec<&[(f32, &str)]> = one.iter().map(Vec::as_slice).collect();
        let evidence = Evidence { pages: vec![page(1, &one)], ..Evidence::default() };
        assert!(super::reason(&evidence, Kind::Receipt).is_none());
    }
}
