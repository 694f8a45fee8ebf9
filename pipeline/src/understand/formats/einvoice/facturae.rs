//! Spain's Facturae 3.1 to 3.2.x, signed or not; a batch may hold several invoices.

use super::{
    Read,
    bill::{Bill, Item, Party, Tax, at, sum, text},
    tree::Node,
};

/// What the file says.
pub fn read(root: &Node) -> Option<Read> {
    let parties = root.child("Parties");
    let of = |role: &str| party(parties.and_then(|p| p.child(role)));
    let (seller, buyer) = (of("SellerParty"), of("BuyerParty"));
    let invoices = root.child("Invoices").into_iter().flat_map(|i| i.all("Invoice"));
    let bills: Vec<Bill> = invoices.map(|invoice| bill(invoice, &seller, &buyer)).collect();
    let batch = root.at(&["FileHeader", "Batch"]);
    let count = batch.and_then(|b| b.text_at(&["InvoicesCount"])).map(str::to_owned);
    let held = bills.len().to_string();
    let mut read = super::one_or_several(bills)?;
    if let Read::Bill(bill) = &mut read {
        bill.same("invoices in the file = its count", count.as_deref(), Some(&held));
    }
    Some(read)
}

fn party(node: Option<&Node>) -> Party {
    let Some(node) = node else { return Party::default() };
    let legal = node.text_at(&["LegalEntity", "CorporateName"]).map(str::to_owned);
    let person = node.child("Individual").map(|person| {
        let names = ["Name", "FirstSurname", "SecondSurname"].iter().filter_map(|n| person.text_at(&[n]));
        names.collect::<Vec<_>>().join(" ")
    });
    let legal = legal.or(person);
    let brand = node.text_at(&["LegalEntity", "TradeName"]);
    Party {
        name: text(brand.or(legal.as_deref())),
        legal_name: text(legal.as_deref()),
        tax_id: text(node.text_at(&["TaxIdentification", "TaxIdentificationNumber"])),
    }
}

fn bill(invoice: &Node, seller: &Party, buyer: &Party) -> Bill {
    let mut bill =
        Bill { items_add_up: true, issuer: seller.clone(), recipient: buyer.clone(), ..Bill::default() };
    let head = invoice.child("InvoiceHeader");
    let said = |name: &str| head.and_then(|h| h.text_at(&[name]));
    let number = [said("InvoiceSeriesCode"), said("InvoiceNumber")];
    // Many repeat the series in the number.
    bill.number = match number {
        [Some(series), Some(number)] if !number.starts_with(series) => {
            text(Some(&format!("{series}-{number}")))
        }
        [_, number] => text(number),
    };
    let about = invoice.child("InvoiceIssueData");
    bill.issue_date = bill.day("issue date", about.and_then(|a| a.text_at(&["IssueDate"])));
    bill.currency = bill.coin(about.and_then(|a| a.text_at(&["InvoiceCurrencyCode"])));
    totals(invoice, &mut bill);
    typed(said("InvoiceClass").unwrap_or("OO"), head, &mut bill);
    taxes(invoice, &mut bill);
    for line in invoice.child("Items").into_iter().flat_map(|i| i.all("InvoiceLine")) {
        if bill.order_number.is_none() {
            bill.order_number = text(line.text_at(&["ReceiverTransactionReference"]));
        }
        let on_it: Vec<_> = line.child("TaxesOutputs").into_iter().flat_map(|t| t.all("Tax")).collect();
        bill.add_item(Item {
            description: text(line.text_at(&["ItemDescription"])),
            quantity: at(line, &["Quantity"]),
            unit_price: at(line, &["UnitPriceWithoutTax"]),
            amount: at(line, &["GrossAmount"]).or_else(|| at(line, &["TotalCost"])),
            tax: sum(on_it.iter().map(|t| at(t, &["TaxAmount", "TotalAmount"]))),
            rate: on_it.iter().find_map(|t| at(t, &["TaxRate"])),
        });
    }
    let parts = || invoice.child("PaymentDetails").into_iter().flat_map(|p| p.all("Installment"));
    bill.installments(
        parts()
            .map(|p| {
                (p.text_at(&["InstallmentDueDate"]).and_then(super::date), at(p, &["InstallmentAmount"]))
            })
            .collect(),
    );
    for part in parts() {
        bill.account(part.text_at(&["AccountToBeCredited", "IBAN"]));
    }
    bill
}

/// A correction by differences of a negative sum is money back; any other that corrects is a person's to judge.
fn typed(class: &str, head: Option<&Node>, bill: &mut Bill) {
    bill.typed("facturae", class);
    let method = head.and_then(|h| h.text_at(&["Corrective", "CorrectionMethod"]));
    let negative = bill.gross.is_some_and(super::decimal::Decimal::is_negative);
    if class == "OR" && negative && matches!(method, Some("02" | "03" | "04")) {
        bill.type_doubt = None;
    }
}

fn totals(invoice: &Node, bill: &mut Bill) {
    let Some(sums) = invoice.child("InvoiceTotals") else { return };
    bill.line_sum = bill.amount("sum of lines", sums.text_at(&["TotalGrossAmount"]));
    bill.net = bill.amount("subtotal", sums.text_at(&["TotalGrossAmountBeforeTaxes"]));
    bill.discount =
        bill.amount("discount", sums.text_at(&["TotalGeneralDiscounts"])).filter(|d| !d.is_zero());
    bill.charge = bill.amount("charge", sums.text_at(&["TotalGeneralSurcharges"]));
    bill.tax = bill.amount("tax", sums.text_at(&["TotalTaxOutputs"]));
    let kept = bill.amount("withheld tax", sums.text_at(&["TotalTaxesWithheld"]));
    bill.gross = bill.amount("total", sums.text_at(&["InvoiceTotal"]));
    let due = sums.text_at(&["TotalExecutableAmount"]).or_else(|| sums.text_at(&["TotalOutstandingAmount"]));
    bill.due = bill.amount("amount due", due);
    let subsidies = sums.child("Subsidies").into_iter().flat_map(|s| s.all("Subsidy"));
    let before = at(sums, &["TotalPaymentsOnAccount"]);
    bill.paid = sum(subsidies.map(|s| at(s, &["SubsidyAmount"])).chain([before])).filter(|p| !p.is_zero());
    // Kept back as surety, or paid for the buyer: behind the total.
    let surety = at(sums, &["AmountsWithheld", "WithholdingAmount"]);
    let spent =
        sum([at(sums, &["TotalReimbursableExpenses"]), at(sums, &["TotalFinancialExpenses"])].into_iter());
    bill.withheld = sum([kept, surety].into_iter());
    if let Some(spent) = spent.filter(|s| !s.is_zero()) {
        bill.charge = Some(bill.charge.unwrap_or_default() + spent);
    }
    if let (Some(net), Some(gross)) = (bill.net, bill.gross) {
        let made = net + bill.tax.unwrap_or_default() - kept.unwrap_or_default();
        if !made.near(gross, super::decimal::Decimal::cents(2)) {
            bill.contradict("before taxes + taxes - withheld = total", &made.to_string(), &gross.to_string());
        }
    }
}

fn taxes(invoice: &Node, bill: &mut Bill) {
    for tax in invoice.child("TaxesOutputs").into_iter().flat_map(|t| t.all("Tax")) {
        let name = match tax.text_at(&["TaxTypeCode"]) {
            Some("01") => "IVA",
            Some("02") => "IPSI",
            Some("03") => "IGIC",
            _ => "tax",
        };
        let base = at(tax, &["TaxableBase", "TotalAmount"]);
        bill.add_tax(Tax {
            name: Some(name.to_owned()),
            rate: at(tax, &["TaxRate"]),
            base,
            amount: at(tax, &["TaxAmount", "TotalAmount"]),
            inside: false,
        });
        bill.add_tax(Tax {
            name: Some("recargo de equivalencia".to_owned()),
            rate: at(tax, &["EquivalenceSurcharge"]),
            base,
            amount: at(tax, &["EquivalenceSurchargeAmount", "TotalAmount"]).filter(|a| !a.is_zero()),
            inside: false,
        });
    }
}
