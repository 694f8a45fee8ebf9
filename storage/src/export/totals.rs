//! Control totals: what an export holds, and what of its time is not in it yet.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Exact, Line};

/// Rows and sums, by currency.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sums {
    /// Lines.
    pub rows: u64,
    /// By ISO 4217 code.
    pub currencies: BTreeMap<String, CurrencySums>,
    /// Lines without an amount or a currency, which are in no sum.
    pub without_total: u64,
}

/// Sums of one currency.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CurrencySums {
    /// Lines.
    pub rows: u64,
    /// Of their totals; credit notes and refunds are negative.
    pub total: Exact,
    /// Of their taxes, as far as they name any.
    pub tax: Exact,
}

impl Sums {
    /// Adds a line.
    pub fn add(&mut self, line: &Line) {
        self.rows += 1;
        let (Some(total), false) = (Exact::parse(&line.total), line.currency.is_empty()) else {
            self.without_total += 1;
            return;
        };
        let sums = self.currencies.entry(line.currency.clone()).or_default();
        sums.rows += 1;
        sums.total = sums.total + total;
        sums.tax = sums.tax + Exact::parse(&line.tax).unwrap_or_default();
    }
}

/// What of a span of time is not among the lines. All nothing: the span is complete.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Missing {
    /// Documents that still wait and are of this span, or could be: those of `undated` and `held` too.
    pub waiting: u64,
    /// Of them, those whose date nobody has read (or may be told), and what was taken for an ID without anything to vouch for it:
    /// they count against every span they could be of.
    pub undated: u64,
    /// Of them, decisions that can still be taken back.
    pub held: u64,
    /// In the books, and kept from the caller: of this span, or could be.
    pub withheld: u64,
    /// In the books without a date, so in no span of dates.
    pub filed_undated: u64,
}

impl Missing {
    /// Whether nothing is missing.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}

/// Both.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// What is there.
    #[serde(flatten)]
    pub sums: Sums,
    /// What is not.
    #[serde(flatten)]
    pub missing: Missing,
    /// Whether nothing of the span is missing and every line has its amount.
    pub complete: bool,
}

impl Totals {
    /// Puts the two together.
    #[must_use]
    pub fn new(sums: Sums, missing: Missing) -> Self {
        let complete = missing.is_nothing() && sums.without_total == 0;
        Self { sums, missing, complete }
    }
}
