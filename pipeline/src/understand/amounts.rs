//! Total, tax and subtotal: candidates by their labels, then the arithmetic decides.

use super::{
    money::{Amount, Seen, Style, amounts, style_of},
    sheet::{Row, Sheet, find_phrase, has_phrase},
    vocabulary::{CHANGE, NOT_TOTAL, PAID, SUBTOTAL, TAX, TOTAL},
};
use crate::fields::PageBox;

/// An amount with the evidence for its role.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Valued {
    /// The amount.
    pub amount: Amount,
    /// Probability that the role is right.
    pub confidence: f32,
    /// Page and place.
    pub page: u32,
    /// On the upright page.
    pub bbox: PageBox,
}

/// The amounts of a document, as far as they were found.
#[derive(Debug, Clone, Default)]
pub struct Sums {
    /// What is to be paid or was paid.
    pub total: Option<Valued>,
    /// Before tax.
    pub subtotal: Option<Valued>,
    /// The tax in it.
    pub tax: Option<Valued>,
    /// Sentences about what agreed.
    pub because: Vec<String>,
    /// `(check, left, right)` that contradicted each other.
    pub contradiction: Option<(String, String, String)>,
}

#[derive(Debug, Clone, Copy)]
struct Candidate {
    seen: Seen,
    weight: f32,
    page: u32,
    bbox: PageBox,
    row: usize,
}

/// A cent, in ten-thousandths.
const CENT: i64 = 100;

/// Amounts of a row that look like money: with decimals, a sign, or in a document without decimals.
fn money_in(row: &Row, style: Style, whole: bool) -> Vec<Seen> {
    amounts(&row.text, style)
        .into_iter()
        .filter(|s| !s.percent && (s.decimals || s.signed || (whole && s.amount.units() >= 50 * 10_000)))
        .collect()
}

fn labelled(row: &Row, words: &[&str]) -> bool {
    words.iter().any(|w| has_phrase(&row.folded, w))
}

/// The value of a label on its own row, or alone on one of the next two rows under it or to its right.
fn value_of(sheet: &Sheet, at: usize, label_end: usize, style: Style, whole: bool) -> Option<(Seen, usize)> {
    let row = sheet.rows.get(at)?;
    let own: Vec<Seen> = money_in(row, style, whole);
    // Folding may move bytes a little; the last amount of the row is the value in any case.
    let behind = own.iter().rfind(|s| s.at.0 + 4 >= label_end);
    if let Some(seen) = behind.or(own.last()) {
        return Some((*seen, at));
    }
    let label_bottom = row.bbox[3];
    let height = (row.bbox[3] - row.bbox[1]).max(0.005);
    for (offset, next) in sheet.rows.iter().enumerate().skip(at + 1).take(2) {
        if next.page != row.page || next.bbox[1] - label_bottom > height * 1.5 {
            break;
        }
        // Only a row that is nothing but amounts: otherwise it has a label of its own.
        let letters = next.folded.chars().filter(|c| c.is_alphabetic()).count();
        if letters <= 3
            && let [only] = money_in(next, style, whole).as_slice()
        {
            return Some((*only, offset));
        }
    }
    None
}

fn boxed(sheet: &Sheet, seen: Seen, row: usize, weight: f32) -> Option<Candidate> {
    let row_ref = sheet.rows.get(row)?;
    let cell =
        row_ref.cells.iter().rev().find(|c| {
            amounts(&c.text, Style::Unknown).iter().any(|s| s.amount.mantissa == seen.amount.mantissa)
        });
    Some(Candidate { seen, weight, page: row_ref.page, bbox: cell.map_or(row_ref.bbox, |c| c.bbox), row })
}

fn totals(sheet: &Sheet, style: Style, whole: bool) -> Vec<Candidate> {
    let mut found = Vec::new();
    for (i, row) in sheet.rows.iter().enumerate() {
        if labelled(row, NOT_TOTAL) {
            continue;
        }
        let best = TOTAL
            .iter()
            .filter_map(|(label, weight)| find_phrase(&row.folded, label).map(|at| (label, *weight, at)))
            .max_by(|a, b| a.1.total_cmp(&b.1).then(a.0.len().cmp(&b.0.len())));
        let Some((label, weight, at)) = best else { continue };
        if let Some((seen, place)) = value_of(sheet, i, at + label.len(), style, whole)
            && seen.amount.mantissa > 0
        {
            // A table's header says "amount" too; a line item has a label of its own before it.
            let numbers = money_in(row, style, whole).len();
            let crowded = if numbers > 2 { 0.7 } else { 1.0 };
            let leads =
                if at <= 12 || row.cells.iter().any(|c| c.folded.starts_with(label)) { 1.0 } else { 0.75 };
            found.extend(boxed(sheet, seen, place, weight * crowded * leads));
        }
    }
    found
}

fn role(sheet: &Sheet, words: &[&str], style: Style, whole: bool) -> Vec<Candidate> {
    let mut found = Vec::new();
    for (i, row) in sheet.rows.iter().enumerate() {
        let hit = words.iter().filter_map(|w| find_phrase(&row.folded, w).map(|at| (at, w.len()))).min();
        let Some((at, len)) = hit else { continue };
        if let Some((seen, place)) = value_of(sheet, i, at + len, style, whole) {
            let weight = if at <= 4 { 1.0 } else { 0.6 };
            found.extend(boxed(sheet, seen, place, weight));
        }
    }
    found
}

/// Finds the amounts and lets them vouch for each other.
#[must_use]
pub fn sums(sheet: &Sheet) -> Sums {
    let style = style_of(&sheet.folded);
    let all: Vec<(usize, Seen)> = sheet
        .rows
        .iter()
        .enumerate()
        .flat_map(|(i, r)| money_in(r, style, false).into_iter().map(move |s| (i, s)))
        .collect();
    let whole = all.iter().filter(|(_, s)| s.decimals).count() == 0;
    let all: Vec<(usize, Seen)> = if whole {
        let rows = sheet.rows.iter().enumerate();
        rows.flat_map(|(i, r)| money_in(r, style, true).into_iter().map(move |s| (i, s))).collect()
    } else {
        all
    };
    let totals = totals(sheet, style, whole);
    let subtotals = role(sheet, SUBTOTAL, style, whole);
    let taxes: Vec<Candidate> =
        role(sheet, TAX, style, whole).into_iter().filter(|t| t.seen.amount.mantissa >= 0).collect();
    let paid = role(sheet, PAID, style, whole);
    let change = role(sheet, CHANGE, style, whole);
    let largest = all.iter().map(|(_, s)| s.amount.units()).max().unwrap_or(0);

    let mut scored: Vec<(f32, Candidate, Proof)> = totals
        .iter()
        .map(|t| {
            let proof = Proof::of(t, &subtotals, &taxes, &paid, &change, &all, &totals);
            let place = t.row as f32 / sheet.rows.len().max(1) as f32;
            let mut score = t.weight + proof.strength() + 0.15 * place;
            if t.seen.amount.units() >= largest {
                score += 0.1;
            }
            if !t.seen.decimals && !whole {
                score -= 0.4;
            }
            (score, *t, proof)
        })
        .collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0).then(b.1.row.cmp(&a.1.row)));

    let mut sums = Sums::default();
    let Some((best, top, proof)) = scored.first().cloned() else {
        return without_label(&all, sheet, sums);
    };
    let rival = scored.iter().find(|(_, c, _)| !c.seen.amount.near(top.seen.amount, 0)).map_or(0.0, |s| s.0);
    let margin = (best - rival).clamp(0.0, 1.0);
    let confidence =
        (0.42 + 0.22 * top.weight.min(1.0) + 0.30 * proof.strength().min(1.0) + 0.18 * margin).min(0.995);
    sums.total = Some(Valued { amount: top.seen.amount, confidence, page: top.page, bbox: top.bbox });
    sums.because = proof.sentences(top.seen.amount);
    if let Some((sub, tax)) = proof.parts {
        let part =
            |c: Candidate| Valued { amount: c.seen.amount, confidence: 0.97, page: c.page, bbox: c.bbox };
        sums.subtotal = Some(part(sub));
        sums.tax = Some(part(tax));
    } else {
        loose_parts(&mut sums, top, &subtotals, &taxes);
    }
    sums
}

/// Subtotal and tax that do not prove the total: kept with less confidence where they are plausible.
fn loose_parts(sums: &mut Sums, total: Candidate, subtotals: &[Candidate], taxes: &[Candidate]) {
    let limit = total.seen.amount.units();
    let part =
        |c: &Candidate, confidence| Valued { amount: c.seen.amount, confidence, page: c.page, bbox: c.bbox };
    let sub = subtotals.iter().rfind(|c| c.seen.amount.units() <= limit && c.seen.amount.mantissa > 0);
    let tax =
        taxes.iter().rfind(|c| c.seen.decimals && c.seen.amount.units() * 2 < limit && c.row != total.row);
    sums.subtotal = sub.map(|c| part(c, 0.6));
    sums.tax = tax.map(|c| part(c, 0.55));
    if let (Some(sub), Some(tax)) = (sub, tax) {
        let together = sub.seen.amount.units() + tax.seen.amount.units();
        // Tax may be inside the subtotal; only a sum above the total is a contradiction.
        if sub.weight >= 1.0
            && tax.weight >= 1.0
            && (together - limit).abs() > 2 * CENT
            && sub.seen.amount.units() != limit
        {
            sums.contradiction = Some((
                "subtotal + tax = total".to_owned(),
                format!("{} + {}", sub.seen.amount.to_decimal(), tax.seen.amount.to_decimal()),
                total.seen.amount.to_decimal(),
            ));
        }
    }
}

/// No label at all: the largest amount that stands last, with little confidence.
fn without_label(all: &[(usize, Seen)], sheet: &Sheet, mut sums: Sums) -> Sums {
    let best =
        all.iter().filter(|(_, s)| s.decimals || s.signed).max_by_key(|(row, s)| (s.amount.units(), *row));
    if let Some((row, seen)) = best
        && let Some(c) = boxed(sheet, *seen, *row, 0.0)
    {
        sums.total = Some(Valued { amount: seen.amount, confidence: 0.3, page: c.page, bbox: c.bbox });
    }
    sums
}

/// What vouches for a total.
#[derive(Debug, Clone, Default)]
struct Proof {
    parts: Option<(Candidate, Candidate)>,
    change: bool,
    paid_exactly: bool,
    repeated: usize,
    items: bool,
    labels: usize,
}

impl Proof {
    fn of(
        total: &Candidate,
        subtotals: &[Candidate],
        taxes: &[Candidate],
        paid: &[Candidate],
        change: &[Candidate],
        all: &[(usize, Seen)],
        totals: &[Candidate],
    ) -> Self {
        let value = total.seen.amount.units();
        let mut proof = Self::default();
        'parts: for sub in subtotals {
            for tax in taxes {
                let sum = sub.seen.amount.units() + tax.seen.amount.units();
                if sub.row != tax.row && (sum - value).abs() <= CENT && tax.seen.amount.mantissa > 0 {
                    proof.parts = Some((*sub, *tax));
                    break 'parts;
                }
            }
        }
        proof.change = paid.iter().any(|p| {
            change.iter().any(|c| {
                p.row != c.row
                    && p.row != total.row
                    && c.seen.amount.mantissa >= 0
                    && (p.seen.amount.units() - c.seen.amount.units() - value).abs() <= 5 * CENT
            })
        });
        proof.paid_exactly = paid.iter().any(|p| p.row != total.row && p.seen.amount.units() == value);
        proof.repeated = all.iter().filter(|(row, s)| *row != total.row && s.amount.units() == value).count();
        proof.labels = totals
            .iter()
            .filter(|t| t.row != total.row && t.seen.amount.units() == value && t.weight >= 0.8)
            .count();
        proof.items = items_add_up(value, total.row, all, subtotals, taxes);
        proof
    }

    /// 0 (nothing) ..= 1 and a little more.
    fn strength(&self) -> f32 {
        let mut s: f32 = 0.0;
        if self.parts.is_some() {
            s += 0.7;
        }
        if self.change {
            s += 0.7;
        }
        if self.paid_exactly {
            s += 0.35;
        }
        if self.items {
            s += 0.5;
        }
        s + 0.3 * self.labels.min(2) as f32 + 0.12 * self.repeated.min(3) as f32
    }

    fn sentences(&self, total: Amount) -> Vec<String> {
        let mut out = Vec::new();
        let total = total.to_decimal();
        if let Some((sub, tax)) = &self.parts {
            let (sub, tax) = (sub.seen.amount.to_decimal(), tax.seen.amount.to_decimal());
            out.push(format!("subtotal {sub} + tax {tax} = total {total}"));
        }
        if self.change {
            out.push(format!("payment - change = total {total}"));
        }
        if self.items {
            out.push(format!("the lines above add up to the total {total}"));
        }
        if self.paid_exactly {
            out.push(format!("the payment equals the total {total}"));
        }
        out
    }
}

/// Whether the last amounts of the rows above the sums add up to `value`.
fn items_add_up(
    value: i64,
    total_row: usize,
    all: &[(usize, Seen)],
    subtotals: &[Candidate],
    taxes: &[Candidate],
) -> bool {
    let first_sum =
        subtotals.iter().chain(taxes).map(|c| c.row).filter(|r| *r < total_row).min().unwrap_or(total_row);
    let mut by_row: Vec<(usize, i64)> = Vec::new();
    for (row, seen) in all.iter().filter(|(row, s)| *row < first_sum && s.decimals) {
        match by_row.last_mut() {
            Some(last) if last.0 == *row => last.1 = seen.amount.units(),
            _ => by_row.push((*row, seen.amount.units())),
        }
    }
    if by_row.len() < 2 {
        return false;
    }
    // The list may start anywhere: an address or a header above it holds numbers too.
    let mut sum = 0;
    by_row.iter().rev().enumerate().any(|(n, (_, units))| {
        sum += units;
        n >= 1 && (sum - value).abs() <= CENT
    })
}
