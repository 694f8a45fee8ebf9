//! What vouches for a total: arithmetic over the labelled amounts.

use super::{
    figures::{Figure, Figures},
    included,
    words::Role,
};

/// A cent, in ten-thousandths.
pub(super) const CENT: i64 = 100;

/// The tax on a net at a rate in hundredths of a percent; what is printed may be as large as it likes.
pub(super) fn tax_at(net: i64, rate: i64) -> i64 {
    i64::try_from(i128::from(net) * i128::from(rate) / 10_000).unwrap_or(i64::MAX)
}

/// The tax in a sum at a rate in hundredths of a percent that is above nothing.
pub(super) fn tax_in(gross: i64, rate: i64) -> i64 {
    i64::try_from(i128::from(gross) * i128::from(rate) / i128::from(10_000 + rate)).unwrap_or(i64::MAX)
}

/// Of each role so many at most take part in equations, the last ones: enough for any paper, and a page that is nothing
/// but totals costs no more.
const MOST: usize = 12;

/// Amounts by their role, each value once a row, the tables of tax apart.
#[derive(Debug, Default)]
pub(super) struct Parts {
    pub nets: Vec<Figure>,
    /// Totals, which may be before tax after all where a larger one follows.
    pub totals: Vec<Figure>,
    pub taxes: Vec<Figure>,
    pub extras: Vec<Figure>,
    pub discounts: Vec<Figure>,
    pub withheld: Vec<Figure>,
    pub roundings: Vec<Figure>,
    pub prepaid: Vec<Figure>,
    pub previous: Vec<Figure>,
    pub paid: Vec<Figure>,
    pub change: Vec<Figure>,
    /// `(net, tax)` of the tables of tax by rate.
    pub table: Vec<(i64, i64)>,
}

impl Parts {
    pub(super) fn of(figures: &Figures) -> Self {
        let mut parts = Self::default();
        for f in &figures.all {
            let (count, nth) = f.column;
            let Some((role, weight)) = f.role else { continue };
            // Of several amounts behind one label the last counts; a table gives net and tax.
            if nth + 1 < count {
                continue;
            }
            let list = match role {
                Role::Net => &mut parts.nets,
                Role::Total if weight <= 0.7 => &mut parts.nets,
                Role::Tax => &mut parts.taxes,
                Role::Extra | Role::Tip => &mut parts.extras,
                Role::Discount => &mut parts.discounts,
                Role::Withheld => &mut parts.withheld,
                Role::Rounding => &mut parts.roundings,
                Role::Prepaid => &mut parts.prepaid,
                Role::Previous => &mut parts.previous,
                Role::Paid => &mut parts.paid,
                Role::Change => &mut parts.change,
                Role::Total => &mut parts.totals,
                Role::Due | Role::Count => continue,
            };
            list.push(f.clone());
        }
        parts.keep_last();
        for pair in figures.all.windows(2) {
            let [a, b] = pair else { continue };
            let taxed =
                a.summary || !a.rates.is_empty() || matches!(a.role, Some((Role::Tax | Role::Total, _)));
            if a.row == b.row && taxed && b.units > 0 && b.units * 3 < a.units && a.units < b.units * 40 {
                parts.table.push((a.units, b.units));
            }
        }
        parts
    }

    fn keep_last(&mut self) {
        let lists = [
            &mut self.nets,
            &mut self.totals,
            &mut self.taxes,
            &mut self.extras,
            &mut self.discounts,
            &mut self.withheld,
            &mut self.roundings,
            &mut self.prepaid,
            &mut self.previous,
            &mut self.paid,
            &mut self.change,
        ];
        for list in lists {
            list.drain(..list.len().saturating_sub(MOST));
        }
    }
}

/// An equation that ends in the total.
#[derive(Debug, Clone)]
pub(super) struct Closure {
    pub net: Figure,
    pub taxes: Vec<Figure>,
    pub sentence: String,
    /// How many parts besides the net.
    pub terms: usize,
    /// What is taken off, kept back, rounded and given as a tip, in ten-thousandths.
    pub less: Less,
}

/// What an equation takes off the sum, keeps back of it and rounds it by, in ten-thousandths.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Less {
    pub discount: i64,
    pub withheld: i64,
    pub rounding: i64,
    /// What of the sum is a tip.
    pub tip: i64,
}

/// What vouches for one value.
#[derive(Debug, Clone, Default)]
pub(super) struct Proof {
    pub closure: Option<Closure>,
    pub change: bool,
    pub paid: bool,
    /// Rows of amounts that add up to it, in reading order.
    pub items: Vec<usize>,
    /// A tax printed with its rate is the tax in this total.
    pub rate: bool,
    /// A row of net, tax and this, or such a table's sums.
    pub triple: bool,
    /// It is the sum of totals of parts.
    pub of_parts: bool,
    /// It is another total after rounding.
    pub rounded: bool,
    /// The paper says it in words, too.
    pub spelled: bool,
    /// Rows where the value stands once more.
    pub repeated: usize,
}

impl Proof {
    /// How much was proven: one for each equation that hardly holds by chance.
    pub(super) fn strong(&self) -> f32 {
        let closed = self.closure.as_ref().map_or(0.0, |c| if c.terms <= 2 { 1.0 } else { 0.7 });
        let one = |b: bool, w: f32| if b { w } else { 0.0 };
        closed
            + one(self.change, 1.0)
            + one(!self.items.is_empty(), 0.8)
            + one(self.rate, 0.6)
            + one(self.triple && self.closure.is_none(), 0.9)
            + one(self.of_parts, 0.7)
            + one(self.rounded, 0.5)
            + one(self.spelled, 1.0)
    }

    /// Weaker signs.
    pub(super) fn weak(&self) -> f32 {
        (if self.paid { 0.5 } else { 0.0 }) + 0.15 * self.repeated.min(3) as f32
    }

    pub(super) fn sentences(&self, total: &str) -> Vec<String> {
        let mut out: Vec<String> = self.closure.iter().map(|c| c.sentence.clone()).collect();
        let mut say = |holds: bool, what: &str| {
            if holds {
                out.push(format!("{what} {total}"));
            }
        };
        say(self.change, "payment - change = total");
        say(!self.items.is_empty(), "the lines above add up to the total");
        say(self.rate, "the tax at its rate is the tax in the total");
        say(self.triple, "net and tax on one line make the total");
        say(self.of_parts, "the totals of the parts make the total");
        say(self.rounded, "rounded, as printed, it is the total");
        say(self.paid, "the payment equals the total");
        say(self.spelled, "the sum in words is the total");
        out
    }
}

/// Proves `value`, which stands on `rows`.
pub(super) fn prove(value: i64, rows: &[usize], figures: &Figures, parts: &Parts, totals: &[i64]) -> Proof {
    let elsewhere = |f: &&Figure| !rows.contains(&f.row);
    let paid: Vec<&Figure> = parts.paid.iter().filter(elsewhere).collect();
    let mut proof = Proof {
        closure: closure(value, rows, parts)
            .or_else(|| rate_alone(value, figures, parts))
            .or_else(|| unnamed_net(value, rows, figures, parts)),
        paid: paid.iter().any(|p| p.units.abs() == value && !p.guessed),
        rate: rate(value, rows, parts),
        triple: triple(value, figures, parts),
        items: items(value, rows, figures),
        of_parts: of_parts(value, totals),
        spelled: figures.spelled == Some(value),
        ..Proof::default()
    };
    proof.change = parts.change.iter().filter(elsewhere).any(|c| {
        let given = |p: &Figure| p.row != c.row && p.units > value && p.units - c.units.abs() == value;
        c.units != 0 && paid.iter().any(|p| given(p))
    });
    let mut again: Vec<usize> =
        figures.all.iter().filter(|f| f.units == value && !rows.contains(&f.row)).map(|f| f.row).collect();
    again.dedup();
    proof.repeated = again.len();
    proof
}

/// What figures come to, whichever way they are signed.
fn sum(list: &[Figure]) -> i64 {
    list.iter().map(|f| f.units.abs()).sum::<i64>()
}

/// Which taxes may count together: none, each alone, those outside of a summary, all.
fn tax_sets(taxes: Vec<Figure>) -> Vec<Vec<Figure>> {
    let mut tax_sets: Vec<Vec<Figure>> = vec![vec![]];
    tax_sets.extend(taxes.iter().map(|t| vec![t.clone()]));
    let outside: Vec<Figure> = taxes.iter().filter(|t| !t.summary).cloned().collect();
    // Some papers print their taxes twice, for the buyer and for the office.
    let mut once = outside.clone();
    once.sort_by_key(|t| t.units);
    once.dedup_by_key(|t| t.units);
    let repeats = once.len() < outside.len();
    for set in [outside, taxes].into_iter().chain(repeats.then_some(once)) {
        if set.len() > 1 && set.len() <= 12 {
            tax_sets.push(set);
        }
    }
    tax_sets
}

/// What of one sort may count, and how many figures that is: none, all, or of a few each alone.
fn choices(list: &[Figure], sign: i64) -> Vec<(i64, usize)> {
    let all = sum(list);
    let mut out = vec![(0, 0)];
    if !list.is_empty() {
        out.push((sign * all, list.len()));
    }
    if (2..=4).contains(&list.len()) {
        out.extend(list.iter().map(|f| (sign * f.units.abs(), 1)));
    }
    out
}

/// No rounding, or one that is printed, either way.
fn roundings(list: &[Figure]) -> Vec<(i64, usize)> {
    std::iter::once((0, 0))
        .chain(list.iter().filter(|r| r.units.abs() <= 99 * CENT).flat_map(|r| [(r.units, 1), (-r.units, 1)]))
        .collect()
}

/// Net + taxes + extras - discounts ± rounding - withheld = `value`, with at least one of them.
pub(super) fn closure(value: i64, rows: &[usize], parts: &Parts) -> Option<Closure> {
    let free = |list: &[Figure]| -> Vec<Figure> {
        list.iter().filter(|f| !rows.contains(&f.row) && f.units != 0).cloned().collect()
    };
    let tax_sets = tax_sets(free(&parts.taxes));
    let added = free(&parts.extras);
    let extras = choices(&added, 1);
    let discounts = choices(&free(&parts.discounts), -1);
    let withheld = choices(&free(&parts.withheld), -1);
    let roundings = roundings(&free(&parts.roundings));
    let mut best: Option<Closure> = None;
    let totals = parts.totals.iter().filter(|t| t.units < value && !t.summary);
    for net in parts.nets.iter().chain(totals).filter(|n| !rows.contains(&n.row) && n.units > 0) {
        for set in &tax_sets {
            if set.iter().any(|t| t.row == net.row && t.units == net.units) {
                continue;
            }
            for (extra, ne) in &extras {
                for (discount, nd) in &discounts {
                    for (back, nw) in &withheld {
                        for (round, nr) in &roundings {
                            let terms =
                                usize::from(!set.is_empty()) + ne.min(&1) + nd.min(&1) + nw.min(&1) + nr;
                            // Rounding alone says little, nothing at all says nothing.
                            if terms == 0 || terms == *nr || best.as_ref().is_some_and(|b| b.terms <= terms) {
                                continue;
                            }
                            let made = net.units + sum(set) + extra + discount + back + round;
                            let slack = if set.len() + ne > 1 { 2 * CENT } else { CENT };
                            if (made - value).abs() <= slack {
                                let tax = sum(set);
                                let sentence = sentence(
                                    net.units,
                                    &[
                                        ("tax", tax),
                                        ("extras", *extra),
                                        ("discount", *discount),
                                        ("withheld", *back),
                                        ("rounding", *round),
                                    ],
                                    value,
                                );
                                let tip = tip_in(*extra, &added);
                                let less =
                                    Less { discount: -discount, withheld: -back, rounding: *round, tip };
                                let (net, taxes) = (net.clone(), set.clone());
                                best = Some(Closure { net, taxes, sentence, terms, less });
                            }
                        }
                    }
                }
            }
        }
    }
    best
}

/// What of `extra`, which some or all of `added` make, is a tip.
fn tip_in(extra: i64, added: &[Figure]) -> i64 {
    let sum = |tips: bool| {
        let of = added.iter().filter(|f| !tips || matches!(f.role, Some((Role::Tip, _))));
        of.map(|f| f.units.abs()).sum::<i64>()
    };
    let mut same = added.iter().filter(|f| f.units.abs() == extra);
    let alone = same.all(|f| matches!(f.role, Some((Role::Tip, _))));
    if extra == 0 {
        0
    } else if extra == sum(false) {
        sum(true)
    } else if alone {
        extra
    } else {
        0
    }
}

fn sentence(net: i64, terms: &[(&str, i64)], total: i64) -> String {
    let mut out = format!("subtotal {}", decimal(net));
    for (what, units) in terms.iter().filter(|(_, units)| *units != 0) {
        let sign = if *units < 0 { '-' } else { '+' };
        out.push_str(&format!(" {sign} {what} {}", decimal(units.abs())));
    }
    format!("{out} = total {}", decimal(total))
}

/// Ten-thousandths as a decimal string.
pub(super) fn decimal(units: i64) -> String {
    let cents = (units.abs() + 50) / 100;
    format!("{}{}.{:02}", if units < 0 { "-" } else { "" }, cents / 100, cents % 100)
}

/// A tax printed beside its rate is what `value` holds at that rate; beside `value` itself it needs none that is printed.
fn rate(value: i64, rows: &[usize], parts: &Parts) -> bool {
    let mut beside = parts.taxes.iter().filter(|t| rows.contains(&t.row));
    if beside.any(|t| included::is_tax_in(value, t.units)) {
        return true;
    }
    parts.taxes.iter().filter(|t| !rows.contains(&t.row) && t.units >= 20 * CENT).any(|t| {
        let mut rates = t.rates.clone();
        rates.dedup();
        rates
            .iter()
            .filter(|r| (200..=3_000).contains(*r))
            .any(|r| (tax_in(value, *r) - t.units).abs() <= CENT)
    })
}

/// Only the rate is printed beside the tax (`Sales tax 3%`), and the net with it makes `value`.
fn rate_alone(value: i64, figures: &Figures, parts: &Parts) -> Option<Closure> {
    let nets = parts.nets.iter().filter(|n| n.units > 0 && !n.summary);
    let mut pairs = nets.flat_map(|n| figures.rates.iter().filter(|r| **r > 0).map(move |r| (n, *r)));
    let (net, rate) = pairs.find(|(n, r)| {
        let made = i128::from(n.units) * i128::from(10_000 + r) / 10_000;
        (made as i64 - value).abs() <= CENT
    })?;
    let sentence =
        format!("subtotal {} + {} % tax = total {}", decimal(net.units), decimal(rate * 100), decimal(value));
    let less = Less::default();
    Some(Closure { net: net.clone(), taxes: vec![], sentence, terms: 1, less })
}

/// The sum before the only tax stands above it without a word, for one thing was bought; with the tax it makes `value`.
fn unnamed_net(value: i64, rows: &[usize], figures: &Figures, parts: &Parts) -> Option<Closure> {
    let mut taxes = parts.taxes.iter().filter(|t| t.units > 0 && !t.summary && !rows.contains(&t.row));
    let tax = taxes.next()?;
    if !parts.nets.is_empty() || taxes.any(|other| other.units != tax.units) {
        return None;
    }
    let makes = |f: &&Figure| f.units > tax.units && f.units + tax.units == value;
    let above = |f: &&Figure| f.role.is_none() && f.seen.decimals && f.page == tax.page && f.row < tax.row;
    let net = figures.all.iter().filter(above).find(makes)?;
    let sentence = sentence(net.units, &[("tax", tax.units)], value);
    let less = Less::default();
    Some(Closure { net: net.clone(), taxes: vec![tax.clone()], sentence, terms: 1, less })
}

/// `100.00 10.00 110.00` on a row, or the sums of a table's nets and taxes.
fn triple(value: i64, figures: &Figures, parts: &Parts) -> bool {
    let row = figures.all.windows(3).any(|w| {
        let [a, b, c] = w else { return false };
        a.row == b.row
            && b.row == c.row
            && c.units == value
            && b.units > 0
            && a.units > b.units
            && (a.units + b.units - c.units).abs() <= CENT
    });
    let table: i64 = parts.table.iter().map(|(net, tax)| net + tax).sum();
    let summed = parts.table.len() > 1 && (table - value).abs() <= 2 * CENT;
    row || summed
        || parts.table.iter().any(|(net, tax)| (net + tax - value).abs() <= CENT && *tax >= 5 * CENT)
}

/// `value` is the sum of two or three other totals.
fn of_parts(value: i64, totals: &[i64]) -> bool {
    let mut smaller: Vec<i64> =
        totals.iter().copied().filter(|t| *t != value && t.abs() > 5 * CENT).collect();
    smaller.sort_unstable();
    smaller.dedup();
    smaller.truncate(4 * MOST);
    (0..smaller.len())
        .any(|i| (i + 1..smaller.len()).any(|j| (smaller[i] + smaller[j] - value).abs() <= CENT))
}

/// The rows right above a sum whose last amounts add up to `value`.
pub(super) fn items(value: i64, rows: &[usize], figures: &Figures) -> Vec<usize> {
    let sums = |f: &&Figure| matches!(f.role, Some((Role::Total | Role::Due | Role::Net, w)) if w >= 0.6);
    let mut ends: Vec<usize> =
        figures.all.iter().filter(sums).map(|f| f.row).chain(rows.iter().copied()).collect();
    ends.sort_unstable();
    ends.dedup();
    ends.iter().rev().take(2 * MOST).find_map(|end| run_above(*end, figures, value)).unwrap_or_default()
}

/// Adds up the rows above `end`, the nearest first, until another sum stands in the way.
fn run_above(end: usize, figures: &Figures, value: i64) -> Option<Vec<usize>> {
    let mut by_row: Vec<(usize, i64)> = Vec::new();
    for f in figures.all.iter().rev().filter(|f| f.row < end) {
        let stop = matches!(f.role, Some((Role::Total | Role::Due | Role::Net | Role::Paid | Role::Change, w)) if w >= 0.8);
        if stop || by_row.len() > 80 {
            break;
        }
        if by_row.last().is_none_or(|(row, _)| *row != f.row) {
            by_row.push((f.row, f.units));
        }
    }
    // The list may start anywhere: an address or a header above it holds numbers too.
    let mut sum: i64 = 0;
    let last = by_row.iter().enumerate().position(|(n, (_, units))| {
        sum = sum.saturating_add(*units);
        n >= 1 && sum.saturating_sub(value).abs() <= CENT
    })?;
    Some(by_row[..=last].iter().rev().map(|(row, _)| *row).collect())
}
