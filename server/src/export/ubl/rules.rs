//! The rules of EN 16931 that an invoice of ours can break, each by its id. Those of its terms' presence (BR-02 and what
//! follows) are what `terms` asks for; countries, categories and units come from lists that the mapping file was held
//! to, types and the means of payment from constants.

use acuse_pipeline::checks::is_currency;

use super::terms::{Breakdown, Broken, Invoice, Money};

/// What of an invoice does not hold; each rule once.
pub(super) fn broken(invoice: &Invoice) -> Vec<Broken> {
    let mut all = Vec::new();
    if !is_currency(&invoice.currency) {
        let message = format!("{} is no currency of ISO 4217", invoice.currency);
        all.push(Broken { rule: "BR-CL-04", message });
    }
    sums(invoice, &mut all);
    taxes(invoice, &mut all);
    categories(invoice, &mut all);
    lines(invoice, &mut all);
    parties(invoice, &mut all);
    let mut told = std::collections::BTreeSet::new();
    all.retain(|broken| told.insert(broken.rule));
    all
}

fn equal(all: &mut Vec<Broken>, rule: &'static str, what: &str, said: Money, counted: Money) {
    if said != counted {
        all.push(Broken {
            rule,
            message: format!("{what}: {said} is said, {counted} is what the parts make"),
        });
    }
}

fn sums(i: &Invoice, all: &mut Vec<Broken>) {
    // BT-106 is counted from the lines, so that BR-CO-10 cannot be broken; this is where wrong lines show.
    let net = Money(i.line_sum().0 - i.allowance.0);
    equal(all, "BR-CO-13", "total without VAT", i.net, net);
    equal(all, "BR-CO-14", "total VAT", i.tax, i.breakdown.iter().map(|b| b.amount).sum());
    equal(all, "BR-CO-15", "total with VAT", i.gross, Money(i.net.0 + i.tax.0));
    equal(all, "BR-CO-16", "amount due", i.due, Money(i.gross.0 - i.paid.0 + i.rounding.0));
    if i.due.0 > 0 && i.due_date.is_none() && i.terms.is_none() {
        let message =
            "something is due, and neither a due date (BT-9) nor payment terms (BT-20) say when".to_owned();
        all.push(Broken { rule: "BR-CO-25", message });
    }
}

/// The rules of one VAT category.
struct Of {
    /// What is charged stands in the breakdown.
    present: &'static str,
    /// Who sells has a VAT or tax identifier, where a line is of it.
    seller: &'static str,
    /// The same, where a discount is of it.
    seller_of_discount: &'static str,
    /// A line's rate.
    rate: &'static str,
    /// A discount's rate.
    rate_of_discount: &'static str,
    /// The taxable amount.
    base: &'static str,
    /// The tax.
    amount: &'static str,
}

macro_rules! of {
    ($name:literal) => {
        Of {
            present: concat!("BR-", $name, "-01"),
            seller: concat!("BR-", $name, "-02"),
            seller_of_discount: concat!("BR-", $name, "-03"),
            rate: concat!("BR-", $name, "-05"),
            rate_of_discount: concat!("BR-", $name, "-06"),
            base: concat!("BR-", $name, "-08"),
            amount: concat!("BR-", $name, "-09"),
        }
    };
}

fn of_category(category: &str) -> Of {
    match category {
        "Z" => of!("Z"),
        "L" => of!("IG"),
        "M" => of!("IP"),
        _ => of!("S"),
    }
}

/// Whether a category may have this rate.
fn fits(category: &str, rate: i128) -> bool {
    match category {
        "Z" => rate == 0,
        "S" => rate > 0,
        _ => rate >= 0,
    }
}

fn taxes(i: &Invoice, all: &mut Vec<Broken>) {
    if i.breakdown.is_empty() {
        all.push(Broken { rule: "BR-CO-18", message: "there is no VAT breakdown (BG-23)".to_owned() });
    }
    for part in &i.breakdown {
        let of = of_category(&part.category);
        equal(all, of.base, "taxable amount", part.base, taxable(i, part));
        if part.category == "Z" && part.amount.0 != 0 {
            all.push(Broken { rule: of.amount, message: format!("{} is charged at no rate", part.amount) });
        }
        // Papers round each line; the norm allows less than one of the currency (EN16931-UBL-validation.sch).
        let exact = part.base.0 * part.rate;
        if (part.amount.0 * 100_000 - exact).abs() >= 100 * 100_000 {
            let message = format!("{} of {} is not {} %", part.amount, part.base, percent(part.rate));
            all.push(Broken { rule: of.amount, message: message.clone() });
            all.push(Broken { rule: "BR-CO-17", message });
        }
    }
}

/// What lines and the discount say of VAT against what the breakdown says.
fn categories(i: &Invoice, all: &mut Vec<Broken>) {
    let discount = i.breakdown.first().filter(|_| i.allowance.0 != 0);
    for line in &i.lines {
        let of = of_category(&line.category);
        let count = i.breakdown.iter().filter(|b| b.category == line.category).count();
        if count == 0 || line.category == "Z" && count > 1 {
            let message =
                format!("a line is of category {}, {count} of the VAT breakdown are", line.category);
            all.push(Broken { rule: of.present, message });
        } else if !i.breakdown.iter().any(|b| (&b.category, b.rate) == (&line.category, line.rate)) {
            let message = format!("nothing of the VAT breakdown is of {} %", percent(line.rate));
            all.push(Broken { rule: of.base, message });
        }
        if !fits(&line.category, line.rate) {
            let message = format!("category {} at {} %", line.category, percent(line.rate));
            all.push(Broken { rule: of.rate, message });
        }
    }
    if let Some(of) = discount.filter(|first| !fits(&first.category, first.rate)) {
        let message = format!("a discount of category {} at {} %", of.category, percent(of.rate));
        all.push(Broken { rule: of_category(&of.category).rate_of_discount, message });
    }
    if i.seller.tax_id.is_none() {
        // Charging VAT asks for an identifier for tax.
        let message = || "the seller's tax or VAT identifier is missing (BT-31, BT-32)".to_owned();
        for line in &i.lines {
            all.push(Broken { rule: of_category(&line.category).seller, message: message() });
        }
        if let Some(first) = discount {
            let rule = of_category(&first.category).seller_of_discount;
            all.push(Broken { rule, message: message() });
        }
    }
}

/// What of the lines is of a category and rate, without what is taken off the whole, which stands under the first.
fn taxable(i: &Invoice, part: &Breakdown) -> Money {
    let of = |category: &str, rate| category == part.category && rate == part.rate;
    let lines: Money = i.lines.iter().filter(|l| of(&l.category, l.rate)).map(|l| l.net).sum();
    let off =
        i.breakdown.first().filter(|first| of(&first.category, first.rate)).map_or(0, |_| i.allowance.0);
    Money(lines.0 - off)
}

fn lines(i: &Invoice, all: &mut Vec<Broken>) {
    for line in &i.lines {
        if line.price.whole(12).is_some_and(|price| price < 0) {
            all.push(Broken { rule: "BR-27", message: format!("the net price {} is negative", line.price) });
        }
        // The norm's own sums leave this to the reader, Peppol does not: a price with VAT in it would be found out here.
        let (Some(price), Some(quantity)) = (line.price.whole(6), line.quantity.whole(6)) else { continue };
        let hundredths = price.saturating_mul(quantity) / 10_i128.pow(10);
        if (hundredths - line.net.0).abs() > 2 {
            let message = format!("{} times {} is not {}", line.quantity, line.price, line.net);
            all.push(Broken { rule: "PEPPOL-EN16931-R120", message });
        }
    }
}

fn parties(i: &Invoice, all: &mut Vec<Broken>) {
    if i.seller.tax_id.is_none() {
        let message = "nothing identifies the seller (BT-29, BT-30 or BT-31)".to_owned();
        all.push(Broken { rule: "BR-CO-26", message });
    }
    if i.allowance.0 < 0 {
        all.push(Broken { rule: "BR-31", message: "a discount below nothing".to_owned() });
    }
    if i.allowance.0 != 0 && i.breakdown.len() > 1 {
        let message = "which VAT category the discount is of is not told (BT-95)".to_owned();
        all.push(Broken { rule: "BR-32", message });
    }
}

/// A rate as it is written.
pub(super) fn percent(thousandths: i128) -> String {
    let text = format!("{}.{:03}", thousandths / 1_000, thousandths % 1_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
