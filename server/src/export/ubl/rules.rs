//! The rules of EN 16931 that an invoice of ours can break, each by its id. Those of its terms' presence (BR-1 and what
//! follows) are what `terms` asks for; of code lists, what is written comes from lists that were checked.

use super::terms::{Breakdown, Broken, Invoice, Money};

/// What of an invoice does not hold; each rule once.
pub(super) fn broken(invoice: &Invoice) -> Vec<Broken> {
    let mut all = Vec::new();
    sums(invoice, &mut all);
    taxes(invoice, &mut all);
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

/// The rule of a category's taxable amounts, and the one of its rate.
fn of_category(category: &str) -> (&'static str, &'static str, &'static str) {
    match category {
        "Z" => ("BR-Z-08", "BR-Z-05", "BR-Z-02"),
        "L" => ("BR-IG-08", "BR-IG-05", "BR-IG-02"),
        "M" => ("BR-IP-08", "BR-IP-05", "BR-IP-02"),
        _ => ("BR-S-08", "BR-S-05", "BR-S-02"),
    }
}

fn taxes(i: &Invoice, all: &mut Vec<Broken>) {
    for part in &i.breakdown {
        let (base, rate, _) = of_category(&part.category);
        equal(all, base, "taxable amount", part.base, taxable(i, part));
        let free = part.category == "Z";
        let fits = match part.category.as_str() {
            "Z" => part.rate == 0,
            "S" => part.rate > 0,
            _ => part.rate >= 0,
        };
        if !fits {
            let message = format!("category {} at {} %", part.category, percent(part.rate));
            all.push(Broken { rule: rate, message });
        }
        if free && part.amount.0 != 0 {
            all.push(Broken { rule: "BR-Z-09", message: format!("{} is charged at no rate", part.amount) });
        }
        // Papers round each line; the norm allows less than one of the currency (EN16931-UBL-validation.sch).
        let exact = part.base.0 * part.rate;
        if (part.amount.0 * 100_000 - exact).abs() >= 100 * 100_000 {
            let message = format!("{} of {} is not {} %", part.amount, part.base, percent(part.rate));
            all.push(Broken { rule: "BR-CO-17", message });
        }
    }
    if i.lines.iter().any(|l| !i.breakdown.iter().any(|b| (&b.category, b.rate) == (&l.category, l.rate))) {
        let message = "a line is of a VAT category that the breakdown is without".to_owned();
        all.push(Broken { rule: "BR-CO-18", message });
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
    // Whoever sells is told by an identifier of any kind, and charging VAT by one for tax.
    if i.seller.tax_id.is_none() {
        let message = "nothing identifies the seller (BT-29, BT-30 or BT-31)".to_owned();
        all.push(Broken { rule: "BR-CO-26", message });
        if let Some(part) = i.breakdown.first() {
            let message = "the seller's tax or VAT identifier is missing (BT-31, BT-32)".to_owned();
            all.push(Broken { rule: of_category(&part.category).2, message });
        }
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
