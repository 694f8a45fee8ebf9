//! Whether an e-invoice's sums make one another.
//!
//! Dialects count differently (Colombia takes document discounts off behind the tax, Mexico keeps withheld tax out of the
//! total): an equation holds when one of the ways that are in use holds, so that what fails contradicts itself in all.

use super::{
    bill::{Bill, Broken},
    decimal::Decimal,
};

/// Checks all that can be checked, and says what does not hold.
pub fn check(bill: &mut Bill) {
    let slack = slack(bill);
    let mut broken = Vec::new();
    broken.extend(gross(bill, slack));
    broken.extend(due(bill, slack));
    broken.extend(taxes(bill, slack));
    broken.extend(rates(bill, slack));
    broken.extend(items(bill, slack));
    broken.extend(days(bill));
    bill.broken.extend(broken);
}

/// What rounding of each line may make: a cent each, and two whole coins where a currency has no cents in use.
fn slack(bill: &Bill) -> Decimal {
    let lines =
        i32::try_from(bill.items.len() + bill.items_left_out + bill.taxes.len()).unwrap_or(500).min(500);
    let cents = Decimal::cents(lines + 2);
    let coarse = ["COP", "CLP", "PYG", "JPY", "KRW", "VND", "IDR", "HUF", "ISK", "XOF", "XAF"];
    let is_coarse = bill.currency.as_deref().is_some_and(|c| coarse.contains(&c));
    if is_coarse { cents + Decimal::whole(2) } else { cents.min(Decimal::whole(1)) }
}

/// `base`, with any of `terms` added or left out.
fn ways(base: Decimal, terms: &[Option<Decimal>]) -> Vec<Decimal> {
    terms.iter().flatten().filter(|t| !t.is_zero()).fold(vec![base], |sums, term| {
        let more: Vec<Decimal> = sums.iter().map(|s| *s + *term).collect();
        sums.into_iter().chain(more).collect()
    })
}

fn broken(check: &str, left: Decimal, right: Decimal) -> Broken {
    Broken { check: check.to_owned(), left: left.to_string(), right: right.to_string() }
}

/// Before tax + tax = tax included.
fn gross(bill: &Bill, slack: Decimal) -> Option<Broken> {
    let gross = bill.gross?;
    let tax = bill.tax_on_top();
    let terms = [bill.discount.map(|d| -d), bill.charge, bill.withheld.map(|w| -w), bill.rounding];
    let bases = [bill.net, bill.line_sum];
    let holds = |base: &Decimal| ways(*base + tax, &terms).iter().any(|sum| sum.near(gross, slack));
    let first = bases.iter().flatten().next()?;
    // Lines alone that make the sum make none of a net of another size: it is their sum with what is taken off or put on,
    // or, where a part bears no tax (Colombia), what the taxes are counted on.
    if let (Some(net), Some(lines)) = (bill.net, bill.line_sum)
        && !holds(&net)
    {
        let counted: Vec<Decimal> = bill.taxes.iter().filter_map(|t| t.base).collect();
        let all = counted.iter().copied().sum::<Decimal>();
        let known = ways(lines, &terms).into_iter().chain(counted).chain([all]);
        if !known.into_iter().any(|sum| sum.near(net, slack)) {
            return Some(broken("sum of lines = subtotal", lines, net));
        }
    }
    (!bases.iter().flatten().any(holds)).then(|| broken("subtotal + tax = total", *first + tax, gross))
}

/// Tax included - paid = left to pay.
fn due(bill: &Bill, slack: Decimal) -> Option<Broken> {
    let (gross, due) = (bill.gross?, bill.due?);
    let terms = [
        bill.paid.map(|p| -p),
        bill.rounding,
        bill.withheld.map(|w| -w),
        bill.discount.map(|d| -d),
        bill.charge,
    ];
    (!ways(gross, &terms).iter().any(|sum| sum.near(due, slack)))
        .then(|| broken("total - paid = amount due", gross - bill.paid.unwrap_or_default(), due))
}

/// Each tax + … = all tax.
fn taxes(bill: &Bill, slack: Decimal) -> Option<Broken> {
    let (said, parts) = (bill.tax?, bill.taxes.iter().filter_map(|t| t.amount).sum::<Decimal>());
    (!bill.taxes.is_empty() && !parts.near(said, slack)).then(|| broken("sum of taxes = tax", parts, said))
}

/// The rate of its base = the tax. Rounding line by line makes more of a difference here than in sums.
fn rates(bill: &Bill, slack: Decimal) -> Option<Broken> {
    bill.taxes.iter().find_map(|t| {
        let (rate, base, amount) = (t.rate?, t.base?, t.amount?);
        let made = base.percent(rate);
        let slack = slack + made.abs().percent(Decimal::whole(1));
        let counted = !rate.is_zero() && !amount.is_zero() && !base.is_zero();
        (counted && !made.near(amount, slack)).then(|| broken("base × rate = tax", made, amount))
    })
}

/// Each line + … = all lines.
fn items(bill: &Bill, slack: Decimal) -> Option<Broken> {
    let (said, parts) = (bill.line_sum?, bill.items_sum);
    let whole = bill.items_add_up && !bill.items.is_empty();
    (whole && !parts.near(said, slack)).then(|| broken("sum of lines = subtotal", parts, said))
}

/// It is not due before it is issued.
fn days(bill: &Bill) -> Option<Broken> {
    let (issued, due) = (bill.issue_date.as_deref()?, bill.due_date.as_deref()?);
    (due < issued).then(|| Broken {
        check: "issue date ≤ due date".to_owned(),
        left: issued.to_owned(),
        right: due.to_owned(),
    })
}

impl Bill {
    /// All tax: as the document says, else the taxes together.
    #[must_use]
    pub fn tax_sum(&self) -> Decimal {
        self.tax.unwrap_or_else(|| self.taxes.iter().filter_map(|t| t.amount).sum())
    }

    /// The tax that is put on the prices.
    #[must_use]
    pub fn tax_on_top(&self) -> Decimal {
        let inside: Decimal = self.taxes.iter().filter(|t| t.inside).filter_map(|t| t.amount).sum();
        self.tax_sum() - inside
    }

    /// What was or is to be paid: tax included, with what is taken off or rounded behind the tax, before anything paid in
    /// advance.
    #[must_use]
    pub fn total(&self) -> Option<Decimal> {
        let (Some(gross), Some(due)) = (self.gross, self.due) else { return self.gross.or(self.due) };
        let slack = Decimal::cents(1);
        let paid = self.paid.unwrap_or_default();
        // What is due is the whole sum less what was paid, or the whole sum.
        if due.near(gross - paid, slack) || due.near(gross, slack) {
            return Some(gross);
        }
        let rest = [self.rounding, self.discount.map(|d| -d), self.charge];
        if ways(gross - paid, &rest).iter().any(|sum| sum.near(due, slack)) {
            return Some(due + paid);
        }
        Some(gross)
    }

    /// Before tax: whatever of net and lines makes the sum.
    #[must_use]
    pub fn subtotal(&self) -> Option<Decimal> {
        let (Some(net), Some(lines), Some(gross)) = (self.net, self.line_sum, self.gross) else {
            return self.net.or(self.line_sum);
        };
        let slack = Decimal::cents(5);
        let made = |base: Decimal| (base + self.tax_on_top()).near(gross, slack);
        Some(if made(net) || !made(lines) { net } else { lines })
    }
}
