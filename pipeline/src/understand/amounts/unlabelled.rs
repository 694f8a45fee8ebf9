//! The total where no word names it: what a table of rates comes to, what was handed over less what was given back, the sum
//! that holds a tax at its printed rate, what the lines above add up to; else the largest amount, and little trust.

use super::{
    Sums, Valued,
    figures::{Figure, Figures},
    in_cents, included,
    proof::items,
    rates, valued,
    words::Role,
};
use crate::understand::scorer::{Signs, said, yes};

/// So many of the largest amounts may be the total.
const LARGEST: usize = 20;
/// How sure rules are of a total that its tax proves, and of one that payment and change prove and a second sign agrees to.
const PROVEN: f32 = 0.85;
/// How sure rules are of a total that payment and change alone prove, and of one that is what the lines add up to.
const AGREED: f32 = 0.75;
/// How sure rules are of the largest amount, of the only one that a currency stands beside, and of the only one.
const ANY: f32 = 0.3;
const SIGNED: f32 = 0.5;
const ONLY: f32 = 0.7;

/// So many times larger is far larger.
const FAR: i64 = 4;

/// Lines from the total to what was handed over at most, and from there to what was given back.
const BEFORE: usize = 4;
const BACK: usize = 2;
/// Lines that prove what they add up to.
const LINES: usize = 3;

/// The amounts of a paper on which no label names a sum.
pub(super) fn sums(figures: &Figures) -> Sums {
    let mut money: Vec<&Figure> = figures.all.iter().filter(|f| may_be_paid(f)).collect();
    let handed = handed(&money);
    money.sort_by_key(|f| std::cmp::Reverse((f.units, f.row)));
    let largest: Vec<&Figure> = money.iter().copied().take(LARGEST).collect();
    let rows = rates::rows(figures);
    let tabled = largest.iter().find_map(|f| Some((*f, rates::table(&rows, f.units)?)));
    if let Some((total, table)) = tabled {
        let tax = Valued { amount: in_cents(table.tax), ..valued(&table.at, PROVEN) };
        return proven(
            total,
            Some(tax),
            &["table"],
            PROVEN,
            "net and tax of the table of rates make the total",
        );
    }
    let tax_in = |f: &Figure| included::at_rate(&figures.all, f.units).map(|tax| valued(tax, PROVEN));
    if let Some(total) = handed {
        let lines = items(total.units, &[total.row], figures);
        let tax = tax_in(total);
        let agrees = !lines.is_empty() || tax.is_some() || is_repeated(total, &money);
        let sure = if agrees { PROVEN } else { AGREED };
        return proven(total, tax, &["change"], sure, "payment - change = total");
    }
    if let Some(total) = only_value(largest.iter().copied().filter(|f| tax_in(f).is_some())) {
        return proven(
            total,
            tax_in(total),
            &["rate"],
            PROVEN,
            "the tax at its rate is the tax in the total",
        );
    }
    let added = |f: &&&Figure| items(f.units, &[f.row], figures).len() >= LINES;
    if let Some(total) = largest.iter().find(added) {
        return proven(total, None, &["items"], AGREED, "the lines above add up to the total");
    }
    guessed(&money)
}

/// Whether an amount may be what was paid: with its cents or a currency, no quantity of three places.
fn may_be_paid(f: &Figure) -> bool {
    let cents = f.seen.decimals || (f.seen.signed && f.seen.amount.scale <= 2);
    cents && f.units > 0 && !matches!(f.role, Some((Role::Count, _)))
}

/// The total of those that were printed in this order: the total, what was handed over, what was given back.
fn handed<'a>(money: &[&'a Figure]) -> Option<&'a Figure> {
    let mut lines: Vec<&Figure> = money.to_vec();
    lines.reverse();
    lines.dedup_by_key(|f| f.row);
    lines.reverse();
    let most = lines.iter().map(|f| f.units).max()?;
    let mut found: Vec<&Figure> = Vec::new();
    for (at, given) in lines.iter().enumerate().filter(|(_, f)| f.units == most) {
        let back = &lines[(at + 1).min(lines.len())..(at + 1 + BACK).min(lines.len())];
        let before = &lines[at.saturating_sub(BEFORE)..at];
        let kept = |sum: &Figure| back.iter().any(|back| is_change(sum, given, back));
        found.extend(before.iter().copied().filter(|sum| kept(sum)));
    }
    only_value(found.into_iter())
}

/// Whether `back` is what is left of `given` when `sum` is taken, and not the tax that makes the one of the other.
fn is_change(sum: &Figure, given: &Figure, back: &Figure) -> bool {
    let one_page = sum.page == given.page && given.page == back.page;
    one_page && sum.units + back.units == given.units && !included::is_tax_in(given.units, back.units)
}

/// The last of several figures that are all of one value.
fn only_value<'a>(figures: impl Iterator<Item = &'a Figure>) -> Option<&'a Figure> {
    let found: Vec<&Figure> = figures.collect();
    let last = found.last().copied()?;
    found.iter().all(|f| f.units == last.units).then_some(last)
}

fn is_repeated(total: &Figure, money: &[&Figure]) -> bool {
    money.iter().any(|f| f.units == total.units && (f.page, f.row) != (total.page, total.row))
}

/// A total that `signs` prove.
fn proven(total: &Figure, tax: Option<Valued>, signs: &[&'static str], sure: f32, because: &str) -> Sums {
    let with = |signs: &[&'static str], own: Signs| -> Signs {
        own.into_iter().chain(signs.iter().map(|sign| (*sign, 1.0))).collect()
    };
    let by_tax: &[&'static str] = if signs == ["table"] { signs } else { &["rate"] };
    Sums {
        total: Some(valued(total, sure)),
        tax_signs: if tax.is_some() { with(by_tax, vec![("said", said(PROVEN))]) } else { Signs::new() },
        tax,
        because: (sure >= PROVEN).then(|| because.to_owned()).into_iter().collect(),
        total_signs: with(signs, vec![("said", said(sure)), ("unlabelled", 1.0)]),
        ..Sums::default()
    }
}

/// The only amount that a currency stands beside, or the largest there is.
fn guessed(money: &[&Figure]) -> Sums {
    let largest = money.first().copied();
    // A card's slip has one amount, and hardly a word for it.
    let only = largest.is_some_and(|best| money.iter().all(|f| f.units == best.units && f.seen.decimals));
    let signed = only_value(money.iter().copied().filter(|f| f.seen.signed));
    // Next to a far larger amount it is the price of something else: a rebate next time, a bag.
    let signed = signed.filter(|s| largest.is_some_and(|best| s.units.saturating_mul(FAR) >= best.units));
    let (best, sure) = match signed {
        _ if only => (largest, ONLY),
        Some(signed) => (Some(signed), SIGNED),
        None => (largest, ANY),
    };
    let total_signs = vec![("said", said(sure)), ("unlabelled", 1.0), ("only", yes(only))];
    Sums { total: best.map(|f| valued(f, sure)), total_signs, ..Sums::default() }
}
