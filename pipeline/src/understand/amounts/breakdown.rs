//! What a total is made of, where the paper proves it: taxes by rate, lines, what was taken off, kept back and rounded.

use super::{
    figures::{Figure, Figures},
    in_cents,
    judge::Candidate,
    proof::CENT,
    rates::Table,
    words::Role,
};
use crate::{
    fields::{Entry, PageBox},
    understand::sheet::{Row, Sheet},
};

/// The parts of a total, each only where an equation with the total holds it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Breakdown {
    /// One a rate: base, rate in percent, amount.
    pub taxes: Vec<Entry>,
    /// What was bought, a line each; together they make the total or the subtotal.
    pub lines: Vec<Entry>,
    /// Taken off, as a decimal string.
    pub discount: Option<String>,
    /// Kept back by the payer.
    pub withheld: Option<String>,
    /// Added or taken by rounding, with its sign.
    pub rounding: Option<String>,
    /// Given to who served.
    pub tip: Option<String>,
}

/// Reads the parts of `best`.
pub(super) fn breakdown(
    sheet: &Sheet,
    figures: &Figures,
    best: &Candidate,
    table: Option<&Table>,
) -> Breakdown {
    let mut parts = Breakdown::default();
    if let Some(table) = table {
        parts.taxes = table.rows.iter().map(|r| tax(Some(r.net), r.rate, r.tax, &r.at)).collect();
    } else if let Some(closure) = &best.proof.closure
        && let [only] = closure.taxes.as_slice()
    {
        let rate = match only.rates.as_slice() {
            [rate] => Some(*rate),
            _ => None,
        };
        parts.taxes = vec![tax(rate.map(|_| closure.net.units), rate, only.units.abs(), only)];
    }
    if let Some(closure) = &best.proof.closure {
        let sum = |units: i64| (units != 0).then(|| in_cents(units).to_decimal());
        parts.discount = sum(closure.less.discount);
        parts.withheld = sum(closure.less.withheld);
        parts.rounding = sum(closure.less.rounding);
        parts.tip = sum(closure.less.tip);
    }
    let of_net = best.proof.closure.as_ref().map(|c| c.net.units).filter(|_| best.proof.items.is_empty());
    let rows = match of_net {
        Some(net) => super::proof::items(net, &[], figures),
        None => best.proof.items.clone(),
    };
    parts.lines = lines(sheet, figures, &rows).unwrap_or_default();
    parts
}

fn tax(base: Option<i64>, rate: Option<i64>, amount: i64, at: &Figure) -> Entry {
    Entry {
        rate: rate.map(percent),
        base: base.map(|units| in_cents(units).to_decimal()),
        amount: Some(in_cents(amount).to_decimal()),
        page: Some(at.page),
        bbox: Some(at.bbox),
        ..Entry::default()
    }
}

/// `1900` hundredths as `19`, `1050` as `10.5`.
fn percent(rate: i64) -> String {
    let text = format!("{}.{:02}", rate / 100, rate % 100);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Lines of a bill, where each says what was bought; one that does not leaves it open what the others are.
fn lines(sheet: &Sheet, figures: &Figures, rows: &[usize]) -> Option<Vec<Entry>> {
    rows.iter()
        .map(|at| {
            let row = sheet.rows.get(*at)?;
            let own: Vec<&Figure> = figures.all.iter().filter(|f| f.row == *at).collect();
            let amount =
                own.last().filter(|f| matches!(f.role, None | Some((Role::Extra | Role::Tip, _))))?;
            line(row, &own, amount)
        })
        .collect()
}

/// Letters that a description has at least.
const LETTERS: usize = 3;

fn line(row: &Row, own: &[&Figure], amount: &Figure) -> Option<Entry> {
    let first = own.iter().map(|f| f.bbox[0]).fold(f32::MAX, f32::min);
    let mut words: Vec<&str> =
        row.words.iter().filter(|w| left_of(w.bbox, first)).map(|w| w.text.as_str()).collect();
    let counted = |text: &str| text.trim_end_matches(['x', 'X', '×', '*']).parse::<i64>().ok();
    let count = words.first().and_then(|w| counted(w)).filter(|n| (1..1000).contains(n));
    // "2 x 3.90 7.80": so many, at so much, make the amount.
    let unit = own
        .iter()
        .rev()
        .skip(1)
        .find(|f| f.units > 0 && f.units <= amount.units && (amount.units % f.units).abs() <= CENT / 10);
    let times = unit.map(|u| amount.units / u.units);
    let quantity = count.filter(|n| times.is_none_or(|t| t == *n) || own.len() == 1);
    if quantity.is_some() {
        words.remove(0);
        if words.first().is_some_and(|w| matches!(*w, "x" | "X" | "×" | "*")) {
            words.remove(0);
        }
    }
    let description = words.join(" ").trim().to_owned();
    let letters = description.chars().filter(|c| c.is_alphabetic()).count();
    (letters >= LETTERS).then(|| Entry {
        description: Some(description),
        quantity: quantity.map(|n| n.to_string()),
        unit_price: unit.filter(|_| quantity == times).map(|u| in_cents(u.units).to_decimal()),
        amount: Some(in_cents(amount.units).to_decimal()),
        page: Some(row.page),
        bbox: Some(row.bbox),
        ..Entry::default()
    })
}

fn left_of(word: PageBox, at: f32) -> bool {
    (word[0] + word[2]) / 2.0 < at
}
