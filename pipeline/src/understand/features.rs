//! What the classifier looks at: concepts said, titles, layout, and what the other readers found.
//!
//! About 130 numbers, nearly all within 0..=2, none of them a word of one document: a concept counts how many of its
//! words are said, a title whether one stands high and large, and the rest is shape.

use super::{
    amounts::Sums,
    dates,
    kind_words::{CONCEPTS, Concept, TITLES},
    money::{Style, amounts},
    mrz::Zone,
    payment,
    sheet::{Row, Sheet, has_phrase},
    tax_ids::TaxId,
};
use crate::reading::Evidence;

/// What was read of a document, as the classifier sees it.
#[derive(Clone, Copy)]
pub struct Seen<'a> {
    /// Pages, codes, attachments.
    pub evidence: &'a Evidence,
    /// The lines.
    pub sheet: &'a Sheet,
    /// Machine readable zone.
    pub zone: &'a Zone,
    /// Tax ids.
    pub ids: &'a [TaxId],
    /// Amounts.
    pub sums: &'a Sums,
}

/// One thing seen.
#[derive(Debug, Clone, PartialEq)]
pub struct Feature {
    /// As in the weights.
    pub name: String,
    /// Its strength; never 0.
    pub value: f32,
    /// For a person.
    pub told: String,
}

const SHAPES: &[&str] = &[
    "no_text",
    "little_text",
    "words",
    "many_words",
    "lines",
    "long_lines",
    "short_lines",
    "digits",
    "capitals",
    "letters_unread",
    "amounts",
    "amount_lines",
    "amount_share",
    "amounts_last",
    "columns",
    "crowded_rows",
    "large_first",
    "narrow",
    "tall",
    "page_upright",
    "page_square",
    "page_wide",
    "card_shape",
    "very_wide",
    "pdf",
    "pages_2",
    "pages_many",
    "total",
    "total_sure",
    "total_proved",
    "subtotal",
    "tax",
    "change_given",
    "zone_read",
    "zone_unread",
    "fillers",
    "tax_id",
    "tax_id_checked",
    "date",
    "dates_many",
    "clock",
    "currency_sign",
    "percent",
    "mail_or_web",
    "masked_card",
    "card_number",
    "qr_code",
    "id_barcode",
    "line_barcode",
    "xml",
    "total_no_date",
    "total_clock",
    "invoice_pdf",
    "invoice_tall",
];

/// The name of every feature, `bias` first.
#[must_use]
pub fn names() -> Vec<String> {
    let titles = TITLES.iter().map(|c| format!("title {}", c.name));
    let said = TITLES.iter().chain(CONCEPTS.iter()).map(|c| format!("says {}", c.name));
    let shapes = SHAPES.iter().map(|s| format!("shape {s}"));
    std::iter::once("bias".to_owned()).chain(titles).chain(said).chain(shapes).collect()
}

/// Looks at a document.
#[must_use]
pub fn features(seen: &Seen<'_>) -> Vec<Feature> {
    let mut out = Vec::new();
    let text = Text::of(&seen.sheet.folded);
    let top = Text::of(&headlines(seen.sheet));
    for concept in TITLES.iter() {
        if let Some(word) = concept.words.iter().find(|w| top.says(w)) {
            let told = format!("“{word}” stands high on it: {}", concept.meaning);
            out.push(Feature { name: format!("title {}", concept.name), value: 1.0, told });
        }
    }
    out.extend(TITLES.iter().chain(CONCEPTS.iter()).filter_map(|concept| said(concept, &text)));
    for (name, value) in shapes(seen) {
        if value != 0.0 {
            let told = name.replace('_', " ");
            out.push(Feature { name: format!("shape {name}"), value, told });
        }
    }
    out
}

fn said(concept: &Concept, text: &Text) -> Option<Feature> {
    let words: Vec<&str> = concept.words.iter().copied().filter(|w| text.says(w)).collect();
    // The fourth word adds little to the first.
    let value = (words.len().min(4) as f32).sqrt();
    let told = format!(
        "it says “{}”: {}",
        words.iter().take(3).copied().collect::<Vec<_>>().join("”, “"),
        concept.meaning
    );
    (!words.is_empty()).then(|| Feature { name: format!("says {}", concept.name), value, told })
}

/// Text to look words up in, with and without its blanks: readers of pictures lose some.
struct Text {
    plain: String,
    squeezed: String,
}

impl Text {
    fn of(folded: &str) -> Self {
        let squeezed = folded.chars().filter(|c| c.is_alphanumeric() || *c == '\n').collect();
        Self { plain: folded.to_owned(), squeezed }
    }

    fn says(&self, word: &str) -> bool {
        if has_phrase(&self.plain, word) {
            return true;
        }
        // A long phrase is itself wherever it stands; a short word may be a part of another.
        let bare: String = word.chars().filter(|c| c.is_alphanumeric()).collect();
        bare.len() >= 9 && self.squeezed.contains(&bare)
    }
}

/// Short lines that stand in the upper part, or larger than the rest.
fn headlines(sheet: &Sheet) -> String {
    let mut heights: Vec<f32> = sheet.rows.iter().map(height).collect();
    heights.sort_by(f32::total_cmp);
    let middling = heights.get(heights.len() / 2).copied().unwrap_or(0.0);
    let upper = sheet.rows.len() / 3 + 3;
    let headline = |(at, row): &(usize, &Row)| {
        let words = row.folded.split_whitespace().count();
        words <= 8 && (*at < upper && row.page == 1 || height(row) > 1.45 * middling)
    };
    let rows = sheet.rows.iter().enumerate().filter(headline);
    rows.map(|(_, r)| r.folded.as_str()).collect::<Vec<_>>().join("\n")
}

fn height(row: &Row) -> f32 {
    row.bbox[3] - row.bbox[1]
}

/// Shape and what others found; every name is one of [`SHAPES`].
fn shapes(seen: &Seen<'_>) -> Vec<(&'static str, f32)> {
    let Seen { evidence, sheet, .. } = seen;
    let yes = |is: bool| if is { 1.0 } else { 0.0 };
    let words = sheet.folded.split_whitespace().count() as f32;
    let aspect = evidence.pages.first().map_or(1.0, |p| p.aspect);
    let pdf = evidence.media_type == "application/pdf";
    let pages = evidence.pages.len();
    let mut out = vec![
        ("no_text", yes(words < 3.0)),
        ("little_text", yes(words < 15.0)),
        ("words", (1.0 + words).ln() / 3.0),
        ("many_words", (words / 250.0 - 1.0).clamp(0.0, 2.0)),
        ("tall", yes(aspect < 0.6)),
        ("narrow", yes(aspect < 0.45)),
        ("page_upright", yes((0.66..0.82).contains(&aspect))),
        ("page_square", yes((0.82..1.25).contains(&aspect))),
        ("page_wide", yes((1.25..1.45).contains(&aspect))),
        ("card_shape", yes((1.45..1.75).contains(&aspect))),
        ("very_wide", yes(aspect >= 1.75)),
        ("pdf", yes(pdf)),
        ("pages_2", yes(pages == 2)),
        ("pages_many", yes(pages > 2)),
        ("xml", yes(!evidence.attachments.is_empty())),
        ("qr_code", yes(evidence.barcodes.iter().any(|b| b.symbology.contains("qr")))),
        ("id_barcode", yes(evidence.barcodes.iter().any(|b| b.symbology.contains("417")))),
        (
            "line_barcode",
            yes(evidence
                .barcodes
                .iter()
                .any(|b| b.symbology.contains("ean") || b.symbology.contains("code"))),
        ),
    ];
    out.extend(lines(sheet));
    out.extend(found(seen));
    let invoice = TITLES.first().is_some_and(|c| c.words.iter().any(|w| has_phrase(&sheet.folded, w)));
    out.push(("invoice_pdf", yes(invoice && pdf)));
    out.push(("invoice_tall", yes(invoice && !pdf && aspect < 0.62)));
    out
}

/// How the lines look.
fn lines(sheet: &Sheet) -> Vec<(&'static str, f32)> {
    let rows = &sheet.rows;
    let n = rows.len().max(1) as f32;
    let share = |count: usize| count as f32 / n;
    let mut chars = [0_usize; 3];
    for c in rows.iter().flat_map(|r| r.text.chars()).filter(|c| c.is_alphanumeric()) {
        chars[0] += 1;
        chars[1] += usize::from(c.is_numeric());
        chars[2] += usize::from(c.is_uppercase());
    }
    let of = |part: usize, all: usize| part as f32 / all.max(1) as f32;
    let money: Vec<usize> = rows
        .iter()
        .map(|r| {
            amounts(&r.text, Style::Unknown).iter().filter(|s| (s.decimals || s.signed) && !s.percent).count()
        })
        .collect();
    let with_money = money.iter().filter(|m| **m > 0).count();
    let last = |r: &&Row| {
        let found = amounts(&r.text, Style::Unknown);
        found.last().is_some_and(|s| (s.decimals || s.signed) && r.text.len() <= s.at.1 + 3)
    };
    let mut heights: Vec<f32> = rows.iter().map(height).collect();
    heights.sort_by(f32::total_cmp);
    let middling = heights.get(heights.len() / 2).copied().unwrap_or(1.0).max(0.001);
    let unread = rows.iter().filter(|r| r.confidence < 0.8).count();
    let long = rows.iter().filter(|r| r.text.split_whitespace().count() > 9).count();
    let short = rows.iter().filter(|r| r.text.split_whitespace().count() <= 3).count();
    let columns: usize = rows.iter().map(|r| r.cells.len()).sum();
    vec![
        ("lines", (1.0 + rows.len() as f32).ln() / 3.0),
        ("long_lines", share(long)),
        ("short_lines", share(short)),
        ("digits", of(chars[1], chars[0]) * 2.0),
        ("capitals", of(chars[2], chars[0] - chars[1])),
        ("letters_unread", share(unread)),
        ("amounts", (1.0 + money.iter().sum::<usize>() as f32).ln() / 2.0),
        ("amount_lines", (with_money.min(3) as f32).sqrt()),
        ("amount_share", share(with_money) * 2.0),
        ("amounts_last", share(rows.iter().filter(last).count()) * 2.0),
        ("columns", if rows.is_empty() { 0.0 } else { columns as f32 / n - 1.0 }.min(2.0)),
        ("crowded_rows", share(rows.iter().filter(|r| r.cells.len() > 3).count()) * 2.0),
        ("large_first", rows.first().map_or(0.0, |r| (height(r) / middling - 1.0).clamp(0.0, 2.0))),
    ]
}

/// What the other readers found.
fn found(seen: &Seen<'_>) -> Vec<(&'static str, f32)> {
    let Seen { sheet, zone, ids, sums, .. } = seen;
    let yes = |is: bool| if is { 1.0 } else { 0.0 };
    let total = sums.total.map_or(0.0, |t| t.confidence);
    let dated =
        sheet.rows.iter().filter(|r| !dates::dates(&r.folded, dates::Order::DayFirst).is_empty()).count();
    let clock = sheet.rows.iter().any(|r| dates::clock(&r.folded).is_some());
    let text = &sheet.folded;
    vec![
        ("total", yes(total > 0.35)),
        ("total_sure", yes(total > 0.8)),
        ("total_proved", yes(!sums.because.is_empty())),
        ("subtotal", yes(sums.subtotal.is_some())),
        ("tax", yes(sums.tax.is_some())),
        ("change_given", yes(total > 0.35 && payment::gives_change(sheet))),
        ("zone_read", 3.0 * yes(matches!(zone, Zone::Read(_)))),
        ("zone_unread", yes(matches!(zone, Zone::Unread { .. }))),
        ("fillers", yes(text.contains("<<<"))),
        ("tax_id", yes(!ids.is_empty())),
        ("tax_id_checked", yes(ids.iter().any(|t| t.checked == Some(true)))),
        ("date", yes(dated > 0)),
        ("dates_many", yes(dated > 5)),
        ("clock", yes(clock)),
        ("currency_sign", yes(text.contains(['$', '€', '£', '₹', '¥']))),
        ("percent", yes(text.contains('%'))),
        ("mail_or_web", yes(text.contains('@') || text.contains("www.") || text.contains("http"))),
        ("masked_card", yes(masked_card(text))),
        ("card_number", yes(card_number(text))),
        ("total_no_date", yes(total > 0.35 && dated == 0)),
        ("total_clock", yes(total > 0.35 && clock && dated > 0)),
    ]
}

/// `XXXX1234`, `****1234`.
fn masked_card(text: &str) -> bool {
    let masks = ["xxxx", "****", "####", "••••"];
    masks.iter().any(|mask| {
        text.split(mask).skip(1).any(|rest| {
            let tail: String =
                rest.chars().skip_while(|c| matches!(c, 'x' | '*' | '#' | '•' | ' ' | '-')).take(4).collect();
            tail.chars().count() == 4 && tail.chars().all(|c| c.is_ascii_digit())
        })
    })
}

/// Sixteen digits in fours on a line of their own.
fn card_number(text: &str) -> bool {
    text.lines().any(|line| {
        let groups: Vec<&str> = line.split_whitespace().collect();
        groups.len() == 4 && groups.iter().all(|g| g.len() == 4 && g.chars().all(|c| c.is_ascii_digit()))
    })
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_name_is_there_once() {
        let names = names();
        assert_eq!(names.iter().collect::<HashSet<_>>().len(), names.len());
        assert!(names.len() < 200, "few rows to learn from: {}", names.len());
    }

    #[test]
    fn every_feature_has_a_name() {
        let evidence = Evidence::default();
        let (sheet, sums) = (Sheet::default(), Sums::default());
        let seen = Seen { evidence: &evidence, sheet: &sheet, zone: &Zone::None, ids: &[], sums: &sums };
        let shapes: Vec<&str> = shapes(&seen).into_iter().map(|s| s.0).collect();
        assert_eq!(shapes.len(), SHAPES.len());
        assert!(SHAPES.iter().all(|s| shapes.contains(s)));
        assert!(features(&seen).iter().all(|f| f.value.is_finite()));
    }

    #[test]
    fn words_are_found_without_their_blanks_when_long() {
        let text = Text::of("taxinvoice\nthankyouforshopping");
        assert!(text.says("tax invoice") && text.says("thank you for shopping"));
        assert!(!Text::of("barcelona").says("bar") && Text::of("bar 3").says("bar"));
    }

    #[test]
    fn cards_are_told_from_their_masks() {
        assert!(masked_card("visa ************1234") && masked_card("xxxx xxxx xxxx 0042"));
        assert!(!masked_card("xxxx") && !masked_card("**** menu ****"));
        assert!(card_number("4000 1234 5678 9010") && !card_number("tel 4000 1234 5678 9010"));
    }
}
