//! Total, tax and subtotal: every amount with its label, then the arithmetic decides.
//!
//! `figures` reads the amounts and what `words` say they are, `proof` lets them vouch for each other, `judge`
//! ranks what may be the total. A total that its labelled parts contradict is said so, but only where the parts are
//! complete: a difference that a missing part would explain is a doubt, not a failure.

mod breakdown;
mod columns;
mod figures;
mod included;
mod judge;
mod proof;
mod rates;
mod service_note;
mod spelled;
mod tips;
mod unlabelled;
mod words;

#[cfg(test)]
pub(in crate::understand) mod tests;

use breakdown::Breakdown;
use figures::{Figure, Figures, figures};
use judge::{Candidate, candidates, confidence, signs};
use proof::{CENT, Closure, Parts, closure, decimal, tax_at, tax_in};
use words::Role;
pub(super) use words::{plain, stands};

use super::{
    money::Amount,
    scorer::{Signs, said, yes},
    sheet::Sheet,
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
    /// What the document comes to, tax included and before anything paid in advance.
    pub total: Option<Valued>,
    /// Before tax.
    pub subtotal: Option<Valued>,
    /// The tax in it.
    pub tax: Option<Valued>,
    /// Sentences about what agreed.
    pub because: Vec<String>,
    /// `(check, left, right)` that contradicted each other.
    pub contradiction: Option<(String, String, String)>,
    /// The total was printed with a minus, and nothing says that it may be a dash.
    pub surely_negative: bool,
    /// What speaks for the total and against it.
    pub total_signs: Signs,
    /// What speaks for the tax and against it.
    pub tax_signs: Signs,
    /// What the total is made of, as far as equations with it hold.
    pub breakdown: Breakdown,
}

fn valued(figure: &Figure, confidence: f32) -> Valued {
    Valued { amount: figure.seen.amount, confidence, page: figure.page, bbox: figure.bbox }
}

/// Finds the amounts and lets them vouch for each other; the document's currency has `digits` places.
#[must_use]
pub fn sums(sheet: &Sheet, digits: u32) -> Sums {
    let mut figures = figures(sheet, digits);
    let Some(sure) = money_back(&figures) else { return of_figures(sheet, &figures) };
    figures.mirror();
    let mut sums = of_figures(sheet, &figures);
    // The parts of money back are not told: which of their signs are turned is the paper's habit.
    sums.breakdown = Breakdown::default();
    for valued in [&mut sums.total, &mut sums.subtotal, &mut sums.tax].into_iter().flatten() {
        valued.amount.mantissa = -valued.amount.mantissa;
    }
    sums.surely_negative = sure && sums.total.is_some_and(|t| t.amount.mantissa < 0);
    sums
}

/// Whether all that labels call the total is less than nothing: money back. `Some(false)` where the minus may be a dash.
fn money_back(figures: &Figures) -> Option<bool> {
    let is_total = |f: &&Figure| matches!(f.role, Some((Role::Total | Role::Due, w)) if w >= 0.8);
    let totals: Vec<&Figure> =
        figures.all.iter().filter(is_total).filter(|f| !f.summary && f.units != 0).collect();
    let all = !totals.is_empty() && totals.iter().all(|f| f.units < 0);
    all.then(|| totals.iter().all(|f| !f.doubtful))
}

fn of_figures(sheet: &Sheet, figures: &Figures) -> Sums {
    let parts = Parts::of(figures);
    let ranked = candidates(figures, &parts);
    let Some(best) = ranked.first() else { return unlabelled::sums(figures) };
    let table = rates::table(&rates::rows(figures), best.value);
    let mut sure = confidence(&ranked, figures, &parts);
    if table.is_some() {
        sure = sure.max(PROVEN_TOTAL);
    }
    let contradiction = contradiction(best, figures, &parts);
    if contradiction.is_none() && unfinished(best, &parts) {
        sure *= 0.95;
    }
    let mut total_signs = signs(&ranked, figures, &parts);
    total_signs.extend([
        ("said", said(sure)),
        ("contradicted", yes(contradiction.is_some())),
        ("unfinished", yes(unfinished(best, &parts))),
        ("table", yes(table.is_some())),
    ]);
    let mut sums = Sums {
        total: Some(valued(&best.figure, sure)),
        because: best.proof.sentences(&decimal(best.value)),
        contradiction,
        total_signs,
        ..Sums::default()
    };
    net_and_tax(&mut sums, best, &parts);
    if let Some(table) = &table {
        sums.because.push("net and tax of the table of rates make the total".to_owned());
        sums.subtotal = Some(Valued { amount: in_cents(table.net), ..valued(&table.at, 0.95) });
        sums.tax = Some(Valued { amount: in_cents(table.tax), ..valued(&table.at, PROVEN) });
    }
    sums.breakdown = breakdown::breakdown(sheet, figures, best, table.as_ref());
    if let Some(tax) = &sums.tax {
        sums.tax_signs = tax_signs(tax, sure, best, &parts);
        sums.tax_signs.push(("table", yes(table.is_some())));
    }
    sums
}

/// How sure rules are, at the least, of a total that a table of rates comes to.
const PROVEN_TOTAL: f32 = 0.93;
/// How sure rules are of a tax whose table makes the total.
const PROVEN: f32 = 0.97;

/// Rates of VAT, GST and IVA that many countries have, in hundredths of a percent of the net.
const USUAL_RATES: &[i64] = &[
    300, 400, 500, 600, 700, 800, 900, 1000, 1050, 1200, 1300, 1350, 1400, 1500, 1600, 1700, 1800, 1900,
    2000, 2100, 2200, 2300, 2400, 2500, 2700,
];

/// What speaks for a tax: the arithmetic, a usual rate, the total it is a part of.
fn tax_signs(tax: &Valued, sure: f32, best: &Candidate, parts: &Parts) -> Signs {
    let units = tax.amount.units().abs();
    let net = best.value - units;
    let usual = USUAL_RATES.iter().any(|r| tax_at(net, *r).saturating_sub(units).abs() <= CENT);
    let labelled: Vec<&Figure> = parts.taxes.iter().filter(|t| t.units.abs() == units).collect();
    let mut rows: Vec<i64> = parts.taxes.iter().filter(|t| t.units > 0).map(|t| t.units).collect();
    rows.sort_unstable();
    rows.dedup();
    vec![
        ("said", said(tax.confidence)),
        ("total", said(sure)),
        ("closure", yes(best.proof.closure.is_some())),
        ("rate", yes(best.proof.rate)),
        ("triple", yes(best.proof.triple)),
        ("usual_rate", yes(usual && units >= 20 * CENT)),
        ("labelled", labelled.len().min(3) as f32),
        ("rate_beside", yes(labelled.iter().any(|t| !t.rates.is_empty()))),
        ("summary", yes(labelled.iter().all(|t| t.summary))),
        ("several", yes(rows.len() > 1)),
        ("zero", yes(units == 0)),
        ("share", (units as f32 / best.value.max(1) as f32).clamp(0.0, 0.5)),
        ("read", labelled.iter().map(|t| t.read).fold(0.0, f32::max)),
        ("guessed", yes(labelled.iter().any(|t| t.guessed))),
    ]
}

/// Subtotal and tax: those of the equation, or labelled ones that are plausible.
fn net_and_tax(sums: &mut Sums, best: &Candidate, parts: &Parts) {
    if let Some(whole) = &best.proof.closure {
        let inner = before_extras(whole, parts);
        let closure = inner.as_ref().unwrap_or(whole);
        sums.subtotal = Some(valued(&closure.net, 0.95));
        if let [tax, rest @ ..] = closure.taxes.as_slice() {
            let mut all = valued(tax, 0.95);
            let units = tax.units.abs() + rest.iter().map(|t| t.units.abs()).sum::<i64>();
            all.amount = in_cents(units);
            sums.tax = Some(all);
        }
        return;
    }
    let net = parts.nets.iter().rfind(|n| n.units > 0 && n.units <= best.value && !n.guessed);
    sums.subtotal = net.map(|n| valued(n, 0.6));
    let in_it = |t: &Figure| included::is_tax_in(best.value, t.units);
    let elsewhere = |t: &Figure| t.row != best.figure.row || in_it(t);
    let held = |t: &&Figure| t.units >= 0 && t.units * 2 < best.value && elsewhere(t);
    let taxes: Vec<&Figure> = parts.taxes.iter().filter(held).collect();
    if let Some(tax) = in_bases(best, parts, &taxes) {
        (sums.subtotal, sums.tax) = (None, Some(tax));
        return;
    }
    if several_rates(sums, best, parts, &taxes) {
        return;
    }
    let tax = taxes.iter().find(|t| !t.summary).or(taxes.first()).copied();
    let alone = |t: &Figure| taxes.iter().all(|other| other.units == t.units || other.units == 0);
    // Nothing is added to the net, and nothing else is called a tax.
    let untaxed = |t: &Figure| t.units == 0 && is_net(best, parts);
    let proven = |t: &Figure| best.proof.rate || (alone(t) && (in_it(t) || untaxed(t)));
    sums.tax = tax.map(|t| valued(t, if proven(t) { 0.9 } else { 0.55 }));
}

/// The taxes of sums that make the total as they are, each at its printed rate: Poland's tills print so what was sold at each.
fn in_bases(best: &Candidate, parts: &Parts, taxes: &[&Figure]) -> Option<Valued> {
    let bases: Vec<i64> = parts.nets.iter().map(|n| n.units).filter(|units| *units > 0).collect();
    let mut each: Vec<&Figure> =
        taxes.iter().copied().filter(|t| t.units > 0 && !t.rates.is_empty()).collect();
    each.sort_by_key(|t| t.units);
    each.dedup_by_key(|t| t.units);
    let is_in = |t: &Figure, base: i64| {
        let near = |rate: &i64| *rate > 0 && (tax_in(base, *rate) - t.units).abs() <= included::ROUNDED;
        t.rates.iter().any(near)
    };
    let held = each.iter().all(|t| bases.iter().any(|base| is_in(t, *base)));
    let made = (bases.iter().sum::<i64>() - best.value).abs() <= CENT;
    let first = each.first().filter(|_| held && made)?;
    Some(summed(first, each.iter().map(|t| t.units).sum()))
}

/// Whether a sum that is called the one before tax is the total.
fn is_net(best: &Candidate, parts: &Parts) -> bool {
    parts.nets.iter().any(|n| n.units == best.value && n.row != best.figure.row && !n.guessed && !n.summary)
}

/// Where a tip or the like makes one total of another, how net and tax make that other.
fn before_extras(whole: &Closure, parts: &Parts) -> Option<Closure> {
    let of_total = whole.taxes.is_empty() && matches!(whole.net.role, Some((Role::Total, _)));
    let inner = of_total.then(|| closure(whole.net.units, &[whole.net.row], parts)).flatten();
    inner.filter(|inner| !inner.taxes.is_empty())
}

/// Taxes at several rates: their sum is the tax where it makes the total with their bases, or where it is printed itself;
/// one of them alone never is. Whether there are several.
fn several_rates(sums: &mut Sums, best: &Candidate, parts: &Parts, taxes: &[&Figure]) -> bool {
    let mut each: Vec<&Figure> = taxes.iter().copied().filter(|t| t.units > 0).collect();
    each.sort_by_key(|t| t.units);
    each.dedup_by_key(|t| t.units);
    if each.len() < 2 {
        return false;
    }
    sums.tax = None;
    let all = |list: &[&Figure]| list.iter().map(|t| t.units).sum::<i64>();
    if let [parts @ .., whole] = each.as_slice()
        && (all(parts) - whole.units).abs() <= CENT
    {
        sums.tax = Some(valued(whole, 0.9));
        return true;
    }
    let own: Vec<&Figure> = taxes.iter().copied().filter(|t| t.units > 0 && !t.summary).collect();
    let nets: Vec<&Figure> = parts.nets.iter().filter(|n| n.units > 0 && !n.summary).collect();
    let (net, tax) = (all(&nets), all(&own));
    let made = own.len() > 1 && nets.len() > 1 && (net + tax - best.value).abs() <= 2 * CENT;
    sums.subtotal = nets.first().filter(|_| made).map(|n| summed(n, net));
    sums.tax = own.first().filter(|_| made).map(|t| summed(t, tax));
    true
}

/// With two places, or with four where cents do not hold it (three places of a dinar).
fn in_cents(units: i64) -> Amount {
    let cents = units % CENT == 0;
    Amount { mantissa: if cents { units / CENT } else { units }, scale: if cents { 2 } else { 4 } }
}

/// A sum that stands where its first part does.
fn summed(first: &Figure, units: i64) -> Valued {
    Valued { amount: in_cents(units), ..valued(first, 0.92) }
}

/// Whether net and tax are there but do not make the total: a part is missing or misread.
fn unfinished(best: &Candidate, parts: &Parts) -> bool {
    let proven = best.proof.closure.is_some() || best.proof.triple || best.proof.rate;
    let net = parts.nets.iter().any(|n| !n.summary && n.units > 0 && n.units != best.value);
    !proven && net && parts.taxes.iter().any(|t| !t.summary && t.units > 0)
}

/// Subtotal and tax that are surely all there is, clearly read, and do not make the total.
fn contradiction(best: &Candidate, figures: &Figures, parts: &Parts) -> Option<(String, String, String)> {
    let total = best.value;
    let proven = best.proof.strong() > 0.0 || best.proof.paid || best.labels == 0 || best.weight < 0.9;
    let others =
        [&parts.extras, &parts.discounts, &parts.withheld, &parts.roundings, &parts.prepaid, &parts.previous];
    let named = figures
        .silent
        .iter()
        .any(|r| !matches!(r, Role::Total | Role::Due | Role::Paid | Role::Change | Role::Count));
    if proven || named || others.iter().any(|list| list.iter().any(|f| f.units != 0)) {
        return None;
    }
    let clear = |f: &Figure| f.read >= 0.9 && !f.guessed && f.seen.decimals && !f.summary;
    let strong = |f: &&Figure| f.role.is_some_and(|(_, w)| w >= 1.0) && clear(f) && f.units > 0;
    let [net] = parts.nets.iter().filter(strong).collect::<Vec<_>>()[..] else { return None };
    let taxes: Vec<&Figure> = parts.taxes.iter().filter(|t| t.units != 0).collect();
    if taxes.is_empty() || !taxes.iter().all(strong) || !clear(&best.figure) {
        return None;
    }
    let tax: i64 = taxes.iter().map(|t| t.units).sum();
    let included = net.units == total || taxes.iter().any(|t| (net.units - t.units - total).abs() <= CENT);
    // The three stand together, with nothing unnamed between them.
    let (first, last) = (net.row.min(best.figure.row), net.row.max(best.figure.row));
    let within = taxes.iter().all(|t| t.row > first && t.row < last);
    let unnamed = figures.all.iter().any(|f| f.row > first && f.row < last && f.role.is_none());
    let rows = last - first == taxes.len() + 1;
    let differs = (net.units + tax - total).abs() > 5 * CENT;
    (differs && !included && within && !unnamed && rows && net.page == best.figure.page).then(|| {
        let left: Vec<String> =
            std::iter::once(net.units).chain(taxes.iter().map(|t| t.units)).map(decimal).collect();
        ("subtotal + tax = total".to_owned(), left.join(" + "), decimal(total))
    })
}
