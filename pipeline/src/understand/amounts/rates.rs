//! The tax by a table of rates, which needs no word of a language: rows of net, tax and gross whose grosses make the total.

use super::{
    USUAL_RATES,
    figures::{Figure, Figures},
    included,
    proof::{CENT, tax_at, tax_in},
};

/// What a table of rates proves, in ten-thousandths.
pub(super) struct Table {
    /// Before tax.
    pub net: i64,
    /// The tax.
    pub tax: i64,
    /// Where the first tax stands.
    pub at: Figure,
    /// Its rows, one a rate.
    pub rows: Vec<Rate>,
}

/// A row: so much before tax, so much tax.
#[derive(Debug, Clone)]
pub(super) struct Rate {
    /// Before tax, in ten-thousandths.
    pub net: i64,
    /// The tax, in ten-thousandths.
    pub tax: i64,
    /// In hundredths of a percent, where the row prints it or a usual one holds.
    pub rate: Option<i64>,
    /// Where the tax stands.
    pub at: Figure,
}

impl Rate {
    fn gross(&self) -> i64 {
        self.net + self.tax
    }
}

/// Amounts of a row that are looked at; more are no row of rates.
const MOST: usize = 6;

/// The tax in `total`, where one row of the table comes to it, or all rows do together; none where nothing is taxed.
pub(super) fn table(rows: &[Rate], total: i64) -> Option<Table> {
    let all = made(rows, total).filter(|table| table.tax > 0);
    all.or_else(|| {
        let taxed: Vec<Rate> = taxed(rows).cloned().collect();
        if taxed.len() < rows.len() { made(&taxed, total) } else { None }
    })
}

/// Without what looks like a rate of nothing: it may be a line of the bill that nothing was taken off.
fn taxed(rows: &[Rate]) -> impl Iterator<Item = &Rate> {
    rows.iter().filter(|r| r.rate != Some(0))
}

/// What the rows of a table may come to, tax included.
pub(super) fn gross(rows: &[Rate]) -> [i64; 2] {
    let (all, taxed): (Vec<&Rate>, Vec<&Rate>) = (rows.iter().collect(), taxed(rows).collect());
    [sum(&all, Rate::gross), sum(&taxed, Rate::gross)]
}

fn made(rows: &[Rate], total: i64) -> Option<Table> {
    let apart = |units: i64| units.saturating_sub(total).abs();
    let is_total = |units: i64| apart(units) <= CENT;
    let mut whole = rows.iter().filter(|r| is_total(r.gross()));
    if let Some(first) = whole.next() {
        let agree = whole.all(|r| (r.tax - first.tax).abs() <= CENT);
        let rows = vec![first.clone()];
        return agree.then(|| Table { net: first.net, tax: first.tax, at: first.at.clone(), rows });
    }
    let mut once: Vec<&Rate> = rows.iter().collect();
    if !is_total(sum(&once, Rate::gross)) {
        // A table that is printed twice, for the customer and the shop.
        once.sort_by_key(|r| (r.gross(), r.tax));
        once.dedup_by_key(|r| (r.gross(), r.tax));
    }
    let (net, tax) = (sum(&once, |r| r.net), sum(&once, |r| r.tax));
    let first = once.iter().min_by_key(|r| r.at.row)?;
    let near = |net: i64| once.len() > 1 && apart(net.saturating_add(tax)) <= CENT * once.len() as i64;
    let net = [net, shared(&once)].into_iter().find(|net| near(*net))?;
    let rows = once.iter().map(|r| (*r).clone()).collect();
    Some(Table { net, tax, at: first.at.clone(), rows })
}

/// Before tax, where one base bears several taxes (`25 % 20,00 5,00` over `3 % 20,00 0,60`): each base once.
fn shared(rows: &[&Rate]) -> i64 {
    let mut bases: Vec<&Rate> = rows.to_vec();
    bases.sort_by_key(|r| (r.net, r.rate));
    bases.dedup_by(|b, a| a.net == b.net && a.rate.is_some() && b.rate.is_some() && a.rate != b.rate);
    sum(&bases, |r| r.net)
}

/// A page of nothing but the largest amounts is no reason to overflow.
fn sum(rows: &[&Rate], of: impl Fn(&Rate) -> i64) -> i64 {
    rows.iter().fold(0, |all: i64, row| all.saturating_add(of(row)))
}

/// All rows of the paper that may be of a table of rates; where there are none, those that stand on two lines.
pub(super) fn rows(figures: &Figures) -> Vec<Rate> {
    let rows = figures.all.chunk_by(same_row).filter(|row| (2..=MOST).contains(&row.len()));
    let rows: Vec<Rate> = rows.filter_map(rate).collect();
    if rows.is_empty() { on_two_lines(figures) } else { rows }
}

fn same_row(a: &Figure, b: &Figure) -> bool {
    a.row == b.row && a.page == b.page
}

/// Lines from a tax to what it is of, at most.
const APART: usize = 2;

/// Taxes and what they are of or in, each on a line with its rate and no other amount: `Umsatz 20 % 9,60` over
/// `USt 20 % 1,60`.
fn on_two_lines(figures: &Figures) -> Vec<Rate> {
    let alone = figures.all.chunk_by(same_row).filter_map(|row| match row {
        [only] => Some((only, only_rate(only)?)),
        _ => None,
    });
    let alone: Vec<(&Figure, i64)> = alone.collect();
    let (mut on, mut within) = (Vec::new(), Vec::new());
    for (at, (tax, rate)) in alone.iter().enumerate().filter(|(_, (tax, _))| tax.units >= included::LEAST) {
        let near = &alone[at.saturating_sub(APART)..(at + APART + 1).min(alone.len())];
        for (base, _) in near.iter().filter(|(base, other)| other == rate && are_near(base, tax)) {
            let is_it = |units: i64| units.saturating_sub(tax.units).abs() <= included::ROUNDED;
            let made = |net: i64| Rate { net, tax: tax.units, rate: Some(*rate), at: (*tax).clone() };
            match (is_it(tax_at(base.units, *rate)), is_it(tax_in(base.units, *rate))) {
                (true, false) => on.push(made(base.units)),
                (false, true) => within.push(made(base.units - tax.units)),
                // It may be either.
                _ => {}
            }
        }
    }
    // A paper prints all of them before tax, or all of them with it, or all of them twice.
    if within.len() > on.len() { within } else { on }
}

fn are_near(base: &Figure, tax: &Figure) -> bool {
    base.page == tax.page && base.row != tax.row && base.row.abs_diff(tax.row) <= APART
}

/// The one rate of tax that the row of an amount prints.
fn only_rate(f: &Figure) -> Option<i64> {
    match f.rates.as_slice() {
        [rate] if included::RATES.contains(rate) => Some(*rate),
        _ => None,
    }
}

/// The tax of a row, by its arithmetic: tax and net make a third amount, or the rate is printed.
fn rate(row: &[Figure]) -> Option<Rate> {
    let units: Vec<i64> = row.iter().map(|f| f.units).collect();
    if units.iter().any(|u| *u < 0) {
        return None;
    }
    let printed: Vec<i64> = row.iter().flat_map(|f| f.rates.iter().copied()).filter(|r| *r > 0).collect();
    let holds = |net: i64, tax: i64, rates: &[i64]| {
        rates
            .iter()
            .copied()
            .find(|rate| tax_at(net, *rate).saturating_sub(tax).abs() <= CENT / 2 + CENT / 10)
    };
    let there = |units_of: i64| units.iter().any(|u| (u - units_of).abs() <= CENT / 10);
    for tax in row.iter().filter(|f| f.units > 0) {
        for net in units.iter().copied().filter(|n| *n > tax.units) {
            let gross_too = there(net + tax.units);
            let rates = if printed.is_empty() { USUAL_RATES } else { printed.as_slice() };
            if (gross_too || !printed.is_empty())
                && let Some(rate) = holds(net, tax.units, rates)
            {
                return Some(Rate { net, tax: tax.units, rate: Some(rate), at: tax.clone() });
            }
        }
        // Gross and tax, with the rate.
        let by_gross = units
            .iter()
            .copied()
            .find(|gross| *gross > 2 * tax.units && holds(gross - tax.units, tax.units, &printed).is_some());
        if let Some(gross) = by_gross {
            let net = gross - tax.units;
            let rate = holds(net, tax.units, &printed);
            return Some(Rate { net, tax: tax.units, rate, at: tax.clone() });
        }
    }
    if let Some(led) = led(row).filter(|_| printed.is_empty()) {
        return Some(led);
    }
    let zero = row.iter().find(|f| f.units == 0)?;
    if let Some(net) = untaxed(row) {
        return Some(Rate { net, tax: 0, rate: Some(0), at: zero.clone() });
    }
    let twice = row.iter().find(|f| f.units > 0 && units.iter().filter(|u| **u == f.units).count() == 2)?;
    // A tax with no base of its own, which another row has: `3 % 0,00 4,69 4,69`. Without a rate nothing of it is tax:
    // `0 % 5,00 0,00 5,00`.
    Some(match printed.first() {
        Some(_) => Rate { net: 0, tax: twice.units, rate: None, at: twice.clone() },
        None => Rate { net: twice.units, tax: 0, rate: Some(0), at: zero.clone() },
    })
}

/// `13.00 0.00 278.76 36.24`: rates without their sign lead the row, and what they are on and come to ends it.
fn led(row: &[Figure]) -> Option<Rate> {
    let [leads @ .., net, tax] = row else { return None };
    let rate = leads.iter().map(|f| f.units / CENT).sum::<i64>();
    let may_be = |f: &Figure| !f.seen.signed && (f.units == 0 || included::RATES.contains(&(f.units / CENT)));
    let holds = included::RATES.contains(&rate)
        && tax.units >= included::LEAST
        && tax_at(net.units, rate).saturating_sub(tax.units).abs() <= included::ROUNDED;
    let made = || Rate { net: net.units, tax: tax.units, rate: Some(rate), at: tax.clone() };
    (leads.iter().all(may_be) && holds).then(made)
}

/// `0 % 4.27 0.00`: what nothing of is tax, as the row says.
fn untaxed(row: &[Figure]) -> Option<i64> {
    let [a, b] = row else { return None };
    let said = !a.rates.is_empty() && a.rates.iter().all(|rate| *rate == 0);
    (said && a.units.min(b.units) == 0).then(|| a.units.max(b.units)).filter(|net| *net > 0)
}
