//! The tax that is in a sum: beside it on a line of sums, or at its printed rate where no word says what the total is.

use super::{
    USUAL_RATES,
    figures::Figure,
    proof::{CENT, tax_at, tax_in},
    words::Role,
};

/// The least tax that a rate proves, in ten-thousandths: below it many rates come to the same cents.
pub(super) const LEAST: i64 = 20 * CENT;
/// Rates of tax that a paper may print, in hundredths of a percent.
pub(super) const RATES: std::ops::RangeInclusive<i64> = 200..=3_000;
/// How far a printed tax is from the tax at its rate: it was rounded.
pub(super) const ROUNDED: i64 = CENT / 2 + CENT / 10;

/// Where a line of sums ends in the tax that is in them (`Summe 64,50 64,50 10,30`: the price, what of it is taxed, the tax),
/// the largest is its sum, and the last no other.
pub(super) fn settle(figures: &mut [Figure]) {
    for row in figures.chunk_by_mut(|a, b| a.page == b.page && a.row == b.row) {
        settle_row(row);
        settle_turned(row);
    }
}

/// Where a till prints the tax before its name and behind it what it is in (`4.67 VAT 38.00`), the tax is the first of them.
fn settle_turned(row: &mut [Figure]) {
    let [tax, gross] = row else { return };
    let turned = tax.role.is_none() && matches!(gross.role, Some((Role::Tax, _)));
    let printed =
        |rate: &i64| RATES.contains(rate) && (tax_in(gross.units, *rate) - tax.units).abs() <= ROUNDED;
    if turned && tax.units >= LEAST && (is_tax_in(gross.units, tax.units) || gross.rates.iter().any(printed))
    {
        tax.role = gross.role.take();
    }
}

/// Whether it is one of several amounts that a label calls the total.
fn is_sum(f: &Figure) -> bool {
    matches!(f.role, Some((Role::Total | Role::Due, _))) && f.column.0 > 1
}

fn settle_row(row: &mut [Figure]) {
    let sums: Vec<i64> = row.iter().filter(|f| is_sum(f)).map(|f| f.units).collect();
    let (Some(gross), Some(tax)) = (sums.iter().copied().max(), sums.last().copied()) else { return };
    let net = gross - tax;
    let known = |units: i64| units == gross || units == tax || (units - net).abs() <= CENT;
    if !is_tax_in(gross, tax) || !sums.iter().all(|units| known(*units)) {
        return;
    }
    for f in row.iter_mut().filter(|f| is_sum(f)) {
        f.column = (1, 0);
        if f.units == tax {
            f.role = Some((Role::Tax, 1.0));
        } else if f.units != gross {
            f.role = Some((Role::Net, 0.9));
        }
    }
}

/// Whether an amount is the tax in a sum at a usual rate, and not, at another, the tax on it.
pub(super) fn is_tax_in(gross: i64, tax: i64) -> bool {
    let is_it = |units: i64| (units - tax).abs() <= ROUNDED;
    tax >= LEAST
        && USUAL_RATES.iter().any(|rate| is_it(tax_in(gross, *rate)))
        && !USUAL_RATES.iter().any(|rate| is_it(tax_at(gross, *rate)))
}

/// Whether an amount is the tax in `gross` at a rate that its row prints, and not the tax on it.
pub(super) fn is_at_rate(gross: i64, f: &Figure) -> bool {
    let is_it = |units: i64| (units - f.units).abs() <= CENT;
    let held = |rate: &i64| is_it(tax_in(gross, *rate)) && !is_it(tax_at(gross, *rate));
    f.units >= LEAST && f.rates.iter().filter(|rate| RATES.contains(*rate)).any(held)
}

/// The tax in `gross` that stands on a row with its rate: `€ 7,20 inkl. 10 % USt € 0,65`; none where another does, too.
pub(super) fn at_rate(figures: &[Figure], gross: i64) -> Option<&Figure> {
    let mut found = figures.iter().filter(|f| is_at_rate(gross, f));
    let first = found.next()?;
    found.all(|f| f.units == first.units).then_some(first)
}

#[cfg(test)]
mod tests {
    use super::super::{figures::figures, tests::sheet};
    use super::*;

    /// The amounts of a line that it calls the total, in cents.
    fn totals(text: &str) -> Vec<i64> {
        let found = figures(&sheet(text), 2).all;
        let totals = found.iter().filter(|f| matches!(f.role, Some((Role::Total | Role::Due, _))));
        totals.map(|f| f.units / CENT).collect()
    }

    #[test]
    fn the_tax_behind_a_sum_is_no_sum() {
        assert_eq!(totals("Summe   64,50 €   64,50 €   10,30 €"), [6450, 6450]);
        assert_eq!(totals("Total   64,50 €   54,20 €   10,30 €"), [6450], "with what is taxed");
    }

    #[test]
    fn what_may_be_a_tax_on_it_stays() {
        assert_eq!(totals("Total   100,00 €   20,00 €"), [10_000, 2_000], "20 % on it, or 25 % in it");
        assert_eq!(totals("Total   64,50 €   12,00 €   10,30 €"), [6450, 1200, 1030], "12,00 is neither");
        assert_eq!(totals("Total   54,20 €   10,30 €   64,50 €"), [5420, 1030, 6450], "the sum stands last");
    }

    proptest::proptest! {
        #[test]
        fn never_panics(gross in 0_i64..=10_000_000_000_000_000, tax in 0_i64..=10_000_000_000_000_000) {
            let _ = is_tax_in(gross, tax);
        }
    }
}
