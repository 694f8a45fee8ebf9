//! The number of an invoice or a receipt.
//!
//! The way of the data: every cell is searched for `labels`; behind, beside or below each stands a value of the right
//! [`shapes`]; each pair is a candidate weighed by how plainly the label says it and how near the value is.

pub mod labels;
mod printed;
pub mod shapes;
mod words;

use self::{
    labels::{Form, Label, What, labels, point_of_sale, series},
    printed::{of_a_card, of_an_earlier},
    shapes::{certified, doubtful, number_at},
};
use super::{
    scorer::{Signs, said, yes},
    sheet::{Cell, Row, Sheet},
};
use crate::fields::{PageBox, Source};

pub use printed::in_full;
pub(super) use words::FREIGHT;

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
    /// What speaks for it and against it.
    pub signs: Signs,
}

/// The number of an invoice.
#[must_use]
pub fn invoice(sheet: &Sheet) -> Option<Numbered> {
    best(sheet, |what| match what {
        What::Invoice => 1.0,
        What::Document => 0.9,
        What::Receipt => 0.8,
        What::Bare => 0.62,
        What::Order => 0.35,
    })
}

/// The number of a receipt.
#[must_use]
pub fn receipt(sheet: &Sheet) -> Option<Numbered> {
    best(sheet, |what| match what {
        What::Invoice => 1.0,
        What::Receipt => 0.98,
        What::Document => 0.95,
        What::Bare => 0.6,
        What::Order => 0.55,
    })
}

/// The order that a bill names by a full label.
#[must_use]
pub fn order(sheet: &Sheet) -> Option<Numbered> {
    let number = best(sheet, |what| if what == What::Order { 1.0 } else { -1.0 })?;
    let named = number.signs.iter().any(|(sign, is)| *sign == "order" && *is > 0.0);
    (named && number.confidence >= 0.5).then_some(number)
}

/// Where a value stands to its label.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Stands {
    Behind,
    Beside,
    Below,
}

struct Candidate {
    value: String,
    score: f32,
    page: u32,
    bbox: PageBox,
    source: Source,
    /// Its label and where it stands to it; none for a number whose form says what it is.
    label: Option<(What, Form, Stands)>,
    row: usize,
}

/// Candidates weighed at most, from the start: more labels than this are no document's.
const MOST: usize = 500;

/// What is known of each row before its labels are weighed.
struct Rows {
    /// Letters and digits.
    squeezed: Vec<String>,
    /// Whether it is headed by an invoice's or a receipt's title.
    titles: Vec<bool>,
    /// Whether it is nothing but such a title.
    heads: Vec<bool>,
}

impl Rows {
    fn of(sheet: &Sheet) -> Self {
        let squeezed = sheet.rows.iter().map(|row| squeezed(&row.text)).collect();
        let titles: Vec<bool> = sheet.rows.iter().map(is_title).collect();
        let heads = sheet.rows.iter().zip(&titles).map(|(row, title)| *title && is_head(row)).collect();
        Self { squeezed, titles, heads }
    }

    /// Whether the line above `at` is nothing but a title.
    fn under_head(&self, at: usize) -> bool {
        at.checked_sub(1).and_then(|above| self.heads.get(above)).is_some_and(|head| *head)
    }

    /// Whether one of the lines above `at`, or the line itself, is headed by a title.
    fn titled(&self, at: usize) -> bool {
        self.titles.iter().take(at + 1).skip(at.saturating_sub(3)).any(|t| *t)
    }
}

fn best(sheet: &Sheet, strength: impl Fn(What) -> f32) -> Option<Numbered> {
    let rows = Rows::of(sheet);
    let mut found: Vec<Candidate> = Vec::new();
    for (r, row) in sheet.rows.iter().enumerate() {
        if found.len() > MOST {
            break;
        }
        for (c, cell) in row.cells.iter().enumerate() {
            if let Some(value) = certified(&cell.text) {
                let score = 0.9 - if row.page > 1 { 0.15 } else { 0.0 };
                let (page, bbox, source) = (row.page, cell.bbox, row.source);
                found.push(Candidate { value, score, page, bbox, source, label: None, row: r });
            }
            let here = labels(&cell.text);
            for (n, label) in here.iter().enumerate() {
                let until = here.get(n + 1).map_or(usize::MAX, |next| next.start);
                let before = row_before(row, c, cell, label);
                let (letters, point) = (series(&before), point_of_sale(&before));
                for (value, bbox, stands) in values(sheet, (r, c), cell, label, until) {
                    let eight = value.len() == 8 && value.bytes().all(|b| b.is_ascii_digit());
                    let value = match (&point, &letters) {
                        (Some(point), _) if eight => format!("{point}-{value}"),
                        (_, Some(letters)) => format!("{letters} {value}"),
                        _ => value,
                    };
                    let score = score(&rows, (r, row), label, strength(label.what), &value, stands);
                    let (page, source) = (row.page, row.source);
                    let label = Some((label.what, label.form, stands));
                    found.push(Candidate { value, score, page, bbox, source, label, row: r });
                }
            }
        }
    }
    found.retain(|c| !of_a_card(sheet, &c.value) && !of_an_earlier(sheet, &c.value));
    found.sort_by(|a, b| b.score.total_cmp(&a.score));
    let top = found.first()?;
    let rival = found.iter().find(|c| squeezed(&c.value) != squeezed(&top.value));
    let confidence = confidence(top, rival);
    let signs = signs(top, rival, confidence, &rows, found.len());
    Some(Numbered { value: top.value.clone(), confidence, page: top.page, bbox: top.bbox, signs })
}

/// What speaks for the best number and against it.
fn signs(top: &Candidate, rival: Option<&Candidate>, confidence: f32, rows: &Rows, of: usize) -> Signs {
    let is = |what: What| yes(top.label.is_some_and(|l| l.0 == what));
    let stands = |s: Stands| yes(top.label.is_some_and(|l| l.2 == s));
    let own = squeezed(&top.value);
    let digits = top.value.chars().filter(char::is_ascii_digit).count();
    let again = rows.squeezed.iter().enumerate().filter(|(r, t)| *r != top.row && has_whole(t, &own)).count();
    vec![
        ("said", said(confidence)),
        ("score", top.score),
        ("invoice", is(What::Invoice)),
        ("receipt", is(What::Receipt)),
        ("document", is(What::Document)),
        ("bare", is(What::Bare)),
        ("order", is(What::Order)),
        ("title", yes(top.label.is_some_and(|l| l.1 == Form::Title))),
        ("short_label", yes(top.label.is_some_and(|l| l.1 == Form::Short))),
        ("certified", yes(top.label.is_none())),
        ("beside", stands(Stands::Beside)),
        ("below", stands(Stands::Below)),
        ("digits", digits.min(12) as f32 / 10.0),
        ("few_digits", yes(digits <= 2)),
        ("long", yes(digits > 12)),
        ("lettered", yes(top.value.chars().any(char::is_alphabetic))),
        ("spaced", yes(top.value.contains(' '))),
        ("dashed", yes(top.value.contains(['-', '/']))),
        ("doubtful", yes(top.source == Source::Ocr && doubtful(&top.value))),
        ("text", yes(top.source == Source::Text)),
        ("again", if own.len() >= 4 { again.min(2) as f32 } else { 0.0 }),
        ("margin", rival.map_or(1.0, |r| top.score - r.score).clamp(0.0, 1.0)),
        ("rivals", of.min(8) as f32 / 8.0),
        ("row", top.row as f32 / rows.squeezed.len().max(1) as f32),
    ]
}

fn confidence(top: &Candidate, rival: Option<&Candidate>) -> f32 {
    let mut confidence: f32 = match top.score {
        s if s >= 0.95 => 0.96,
        s if s >= 0.85 => 0.92,
        s if s >= 0.75 => 0.84,
        s if s >= 0.6 => 0.72,
        s if s >= 0.45 => 0.55,
        _ => 0.35,
    };
    // "Rechnung Nr. 79" of a small house is what it says; a lone digit may be a till's.
    let digits = top.value.chars().filter(char::is_ascii_digit).count();
    let plain = top.label == Some((What::Invoice, Form::Full, Stands::Behind));
    if digits < 2 || (digits == 2 && !plain) {
        confidence -= 0.06;
    }
    if top.source == Source::Ocr && doubtful(&top.value) {
        confidence -= 0.15;
    }
    if rival.is_some_and(|r| top.score - r.score < 0.06) {
        confidence = confidence.min(0.66);
    }
    confidence
}

fn score(rows: &Rows, at: (usize, &Row), label: &Label, strength: f32, value: &str, stands: Stands) -> f32 {
    let mut score = strength;
    score -= match label.form {
        Form::Full | Form::Short => 0.0,
        // "Invoice: 4711" is said as plainly as "Invoice No 4711".
        Form::Title if label.colon && label.what == What::Invoice => 0.02,
        Form::Title => 0.12,
    };
    score -= match stands {
        Stands::Behind => 0.0,
        Stands::Beside => 0.02,
        Stands::Below => 0.06,
    };
    let digits = value.chars().filter(char::is_ascii_digit).count();
    // "INVOICE" over "# 1234": the heading says what the mark leaves out.
    let headed = label.what == What::Bare && rows.titled(at.0);
    // "RECHNUNG" alone on its line and "Nr.: 4711" on the next: one label.
    score += if headed && stands == Stands::Behind && rows.under_head(at.0) {
        0.36
    } else if headed {
        0.2
    } else {
        0.0
    };
    score -= if digits == 1 && !headed { 0.12 } else { 0.0 };
    score -= if at.1.page > 1 { 0.15 } else { 0.0 };
    score -= if at.1.page == 1 && at.1.bbox[1] > 0.6 { 0.04 } else { 0.0 };
    // "No. 7, Jalan Alta": words behind a bare number are an address.
    let wordy = |c: &Cell| {
        let after = c.text.split_once(value).map_or("", |(_, after)| after);
        after
            .split_whitespace()
            .any(|w| w.chars().count() >= 3 && w.chars().all(|c| c.is_alphabetic() || c == ','))
    };
    if label.what == What::Bare && stands == Stands::Behind && at.1.cells.iter().any(wordy) {
        score -= 0.3;
    }
    let again = squeezed(value);
    let repeated =
        again.len() >= 4 && rows.squeezed.iter().filter(|row| has_whole(row, &again)).nth(1).is_some();
    score + if repeated { 0.05 } else { 0.0 }
}

fn is_title(row: &Row) -> bool {
    row.cells.iter().any(|cell| {
        labels(&cell.text).first().is_some_and(|l| {
            l.form == Form::Title && l.start == 0 && matches!(l.what, What::Invoice | What::Receipt)
        })
    })
}

/// Whether a row that is headed by a title says no more.
fn is_head(row: &Row) -> bool {
    let [cell] = row.cells.as_slice() else { return false };
    let alone = |l: &Label| {
        let mut behind = cell.text.chars().skip(l.end);
        l.form == Form::Title && l.start == 0 && !behind.any(char::is_alphanumeric)
    };
    labels(&cell.text).first().is_some_and(alone)
}

/// Whether a squeezed row has a number that is no part of a longer one.
fn has_whole(row: &str, number: &str) -> bool {
    row.match_indices(number).any(|(at, _)| {
        let digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
        !digit(row[..at].chars().next_back()) && !digit(row[at + number.len()..].chars().next())
    })
}

fn squeezed(text: &str) -> String {
    super::sheet::fold(text).chars().filter(|c| c.is_alphanumeric()).collect()
}

/// A label's neighbours stand within so many characters of it.
const NEAR: usize = 120;

/// What stands before a label on its row, near it.
fn row_before(row: &Row, at: usize, cell: &Cell, label: &Label) -> String {
    let cells = row.cells.iter().take(at).map(|c| c.text.as_str()).filter(|text| text.len() <= NEAR);
    let own: String = cell.text.chars().take(label.start).skip(label.start.saturating_sub(NEAR)).collect();
    cells.chain([own.as_str()]).collect::<Vec<_>>().join(" ").trim().to_owned()
}

/// Values that may belong to a label: behind it, else in the next cell, else below.
fn values(
    sheet: &Sheet,
    at: (usize, usize),
    cell: &Cell,
    label: &Label,
    until: usize,
) -> Vec<(String, PageBox, Stands)> {
    let Some(row) = sheet.rows.get(at.0) else { return Vec::new() };
    let behind: String = cell.text.chars().take(until).skip(label.end).take(NEAR).collect();
    // "Rechnungsnr./-datum" alone in its cell: the date shares the label.
    let behind = if shapes::says_date(&behind) { String::new() } else { behind };
    let empty = behind.chars().filter(|c| c.is_alphanumeric()).count() == 0;
    let mut out = Vec::new();
    if let Some(value) = number_at(&behind) {
        // "Tax Inv No. 1  #000001": a lone digit may be a till's number.
        let short = value.len() == 1;
        out.push((value, cell.bbox, Stands::Behind));
        if !short {
            return out;
        }
    } else if !empty {
        // A table's head run together: "Invoice No Invoice Date", its values below.
        let head = label.form == Form::Full && !cell.text.chars().any(|c| c.is_ascii_digit());
        return if head { under(sheet, at.0, cell, label).into_iter().collect() } else { out };
    }
    let beside = row.cells.get(at.1 + 1).filter(|c| c.bbox[0] - cell.bbox[2] < 0.45);
    if let Some((value, bbox)) = beside.and_then(|c| number_at(&c.text).map(|v| (v, c.bbox))) {
        let titled = label.form == Form::Title;
        if !titled || value.len() >= 3 {
            out.push((value, bbox, Stands::Beside));
        }
    }
    if out.is_empty() && empty {
        out.extend(under(sheet, at.0, cell, label));
    }
    out
}

/// The value in the nearest line under the label's own part of its cell.
fn under(sheet: &Sheet, at: usize, cell: &Cell, label: &Label) -> Option<(String, PageBox, Stands)> {
    let row = sheet.rows.get(at)?;
    let chars = cell.text.chars().count().max(1) as f32;
    let width = cell.bbox[2] - cell.bbox[0];
    let left = cell.bbox[0] + width * label.start as f32 / chars;
    let right = cell.bbox[0] + width * label.end as f32 / chars;
    let reach = cell.bbox[3] + 4.0 * cell.height.max(0.008);
    for below in sheet.rows.iter().skip(at + 1).filter(|r| r.page == row.page).take(5) {
        if below.bbox[1] > reach {
            break;
        }
        let over = |c: &&Cell| c.bbox[0] < right + 0.005 && c.bbox[2] > left - 0.005;
        let low = |c: &&Cell| c.bbox[1] >= cell.bbox[1] + 0.3 * cell.height;
        let Some(hit) = below.cells.iter().find(over).filter(low) else { continue };
        return number_at(under_label(hit, left, right)?).map(|v| (v, hit.bbox, Stands::Below));
    }
    None
}

/// The part of a cell that stands under a label: all of it where the two are in line, else the word below the label.
fn under_label(cell: &Cell, left: f32, right: f32) -> Option<&str> {
    let words = cell.text.split_whitespace().count();
    let centre = (cell.bbox[0] + cell.bbox[2]) / 2.0;
    let inline = (centre > left - 0.03 && centre < right + 0.03) || (cell.bbox[0] - left).abs() < 0.03;
    if inline && words <= 4 {
        return Some(&cell.text);
    }
    let chars = cell.text.chars().count().max(1) as f32;
    let step = (cell.bbox[2] - cell.bbox[0]) / chars;
    let mut seen = 0;
    cell.text.split_whitespace().find_map(|word| {
        let at = cell.text.get(seen..)?.find(word)? + seen;
        seen = at + word.len();
        let start = cell.bbox[0] + step * cell.text[..at].chars().count() as f32;
        let middle = start + step * word.chars().count() as f32 / 2.0;
        (middle > left - 0.01 && middle < right + 0.01 && word.chars().any(|c| c.is_ascii_digit()))
            .then_some(word)
    })
}

#[cfg(test)]
mod tests;
