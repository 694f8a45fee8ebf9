//! What is to be paid is the sum of its parts; where it is not, which one number would make it so.

use std::fmt;

use crate::fields::{FieldName, Fields};

/// Parts that were each rounded may miss the whole by this much, in ten-thousandths.
const ROUNDED: i64 = 200;

/// One number of a sum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Term {
    /// Which.
    pub field: FieldName,
    /// As it counts: what is taken off is negative. In ten-thousandths.
    pub units: i64,
}

/// A sum that does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sum {
    /// Its parts.
    pub terms: Vec<Term>,
    /// What they make.
    pub made: i64,
    /// What it should be.
    pub total: i64,
}

/// One number that would make the sum true.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repair {
    /// Of which field.
    pub field: FieldName,
    /// The value it would have.
    pub value: String,
}

/// The value of a field, in ten-thousandths.
pub(super) fn units(value: &str) -> Option<i64> {
    let (sign, digits) = value.strip_prefix('-').map_or((1, value), |rest| (-1, rest));
    let (whole, cents) = digits.split_once('.').unwrap_or((digits, ""));
    let cents: i64 = format!("{cents:0<4}").get(..4)?.parse().ok()?;
    Some(sign * whole.parse::<i64>().ok()?.checked_mul(10_000)?.checked_add(cents)?)
}

/// An amount as people write it, of ten-thousandths.
#[must_use]
pub(super) fn shown(units: i64) -> String {
    let sign = if units < 0 { "-" } else { "" };
    format!("{sign}{}.{:02}", units.abs() / 10_000, units.abs() % 10_000 / 100)
}

impl Term {
    /// As people write it.
    #[must_use]
    pub fn shown(&self) -> String {
        shown(self.units)
    }
}

impl Sum {
    /// The sum of these fields, where it does not hold.
    #[must_use]
    pub fn failing(fields: &Fields) -> Option<Self> {
        use FieldName::{Discount, Rounding, Subtotal, Tax, Tip, Total, Withheld};
        let of = |name| units(&fields.get(&name)?.value);
        let (subtotal, tax, total) = (of(Subtotal)?, of(Tax)?, of(Total)?);
        let mut terms = vec![Term { field: Subtotal, units: subtotal }, Term { field: Tax, units: tax }];
        let taken = |name| of(name).map(|units| -units.abs());
        let others = [(Tip, of(Tip)), (Rounding, of(Rounding)), (Withheld, taken(Withheld))];
        terms.extend(others.into_iter().filter_map(|(field, units)| Some(Term { field, units: units? })));
        let plain: i64 = terms.iter().map(|term| term.units).sum();
        let discount = of(Discount).unwrap_or_default().abs();
        // Some print the subtotal before the discount, some behind it; some take the tax to be in the subtotal.
        let is_near = |sum: i64| (sum - total).abs() <= ROUNDED || (sum.abs() - total.abs()).abs() <= ROUNDED;
        if is_near(plain) || is_near(plain - discount) || (tax != 0 && is_near(plain - tax)) {
            return None;
        }
        Some(Self { terms, made: plain, total })
    }

    /// By how much the total differs from what its parts make.
    #[must_use]
    pub fn difference(&self) -> String {
        shown(self.total - self.made)
    }

    /// What its parts make.
    #[must_use]
    pub fn made(&self) -> String {
        shown(self.made)
    }

    /// What it should be.
    #[must_use]
    pub fn total(&self) -> String {
        shown(self.total)
    }

    /// Each one number that would make it true: the total's first, then its parts'.
    #[must_use]
    pub fn repairs(&self) -> Vec<Repair> {
        let total = Repair { field: FieldName::Total, value: shown(self.made) };
        let missing = self.total - self.made;
        let parts = self.terms.iter().filter(|term| term.units > 0 && term.units + missing > 0);
        let part = |term: &Term| Repair { field: term.field, value: shown(term.units + missing) };
        std::iter::once(total).chain(parts.map(part)).collect()
    }
}

impl fmt::Display for Sum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let of = |name| self.terms.iter().find(|t| t.field == name).map(Term::shown).unwrap_or_default();
        let (subtotal, tax) = (of(FieldName::Subtotal), of(FieldName::Tax));
        let (made, total, missing) = (self.made(), self.total(), self.difference());
        write!(f, "Subtotal {subtotal} and tax {tax} make {made}, not {total}: {missing} between them.")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fields::{Field, Source};

    fn fields(values: &[(FieldName, &str)]) -> Fields {
        let field = |value: &str| Field::unplaced(value, 1.0, Source::Ocr);
        values.iter().map(|(name, value)| (*name, field(value))).collect()
    }

    #[test]
    fn one_number_makes_a_sum_true_again() {
        use FieldName::{Subtotal, Tax, Total};
        let sum = Sum::failing(&fields(&[(Subtotal, "100.00"), (Tax, "21.00"), (Total, "131.00")])).unwrap();
        assert_eq!((sum.made(), sum.difference()), ("121.00".to_owned(), "10.00".to_owned()));
        let repairs: Vec<_> = sum.repairs().into_iter().map(|r| (r.field, r.value)).collect();
        let wanted = [(Total, "121.00"), (Subtotal, "110.00"), (Tax, "31.00")];
        assert_eq!(repairs, wanted.map(|(field, value)| (field, value.to_owned())));
        for (field, value) in repairs {
            let mut mended = fields(&[(Subtotal, "100.00"), (Tax, "21.00"), (Total, "131.00")]);
            mended.get_mut(&field).unwrap().value = value.into();
            assert_eq!(Sum::failing(&mended), None, "{field}");
        }
        assert_eq!(Sum::failing(&fields(&[(Subtotal, "100.00"), (Total, "131.00")])), None);
    }
}
