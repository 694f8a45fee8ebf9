//! UN/CEFACT Cross Industry Invoice: Factur-X, ZUGFeRD 1 and 2, XRechnung.

use super::{
    Read,
    bill::{Bill, Item, Party, Tax, at, text},
    tree::Node,
};

/// ZUGFeRD 1 and 2 name the same things differently; the first name that is there counts.
fn first<'a>(node: &'a Node, names: &[&str]) -> Option<&'a Node> {
    names.iter().find_map(|n| node.child(n))
}

fn party(party: Option<&Node>) -> Party {
    let Some(party) = party else { return Party::default() };
    let id = |scheme: &str| {
        party
            .all("SpecifiedTaxRegistration")
            .filter_map(|r| r.child("ID"))
            .find(|id| id.attribute("schemeID") == Some(scheme))
            .map(|id| id.text.as_str())
    };
    let name = party.text_at(&["Name"]);
    let trading = party.text_at(&["SpecifiedLegalOrganization", "TradingBusinessName"]);
    Party {
        name: text(name.or(trading)),
        legal_name: text(name),
        // VA is the VAT identifier, FC the local fiscal number (UNTDID 1153).
        tax_id: text(id("VA").or_else(|| id("FC"))),
    }
}

/// What the invoice says.
pub fn read(root: &Node) -> Read {
    let mut bill = Bill { items_add_up: true, ..Bill::default() };
    let head = first(root, &["ExchangedDocument", "HeaderExchangedDocument"]);
    let trade = first(root, &["SupplyChainTradeTransaction", "SpecifiedSupplyChainTradeTransaction"]);
    if let Some(head) = head {
        if !bill.typed("un1001", head.text_at(&["TypeCode"]).unwrap_or_default()) {
            return Read::Other("a CII document that is no invoice".to_owned());
        }
        bill.number = text(head.text_at(&["ID"]));
        bill.issue_date = bill.day("issue date", head.text_at(&["IssueDateTime", "DateTimeString"]));
    }
    let Some(trade) = trade else { return Read::Bill(Box::new(bill)) };
    let agreement = first(trade, &["ApplicableHeaderTradeAgreement", "ApplicableSupplyChainTradeAgreement"]);
    if let Some(agreement) = agreement {
        bill.issuer = party(agreement.child("SellerTradeParty"));
        bill.recipient = party(agreement.child("BuyerTradeParty"));
        let order = agreement.child("BuyerOrderReferencedDocument");
        bill.order_number =
            text(order.and_then(|o| o.text_at(&["IssuerAssignedID"]).or_else(|| o.text_at(&["ID"]))));
    }
    let settlement =
        first(trade, &["ApplicableHeaderTradeSettlement", "ApplicableSupplyChainTradeSettlement"]);
    if let Some(settlement) = settlement {
        let context = first(root, &["ExchangedDocumentContext", "SpecifiedExchangedDocumentContext"]);
        let profile = context.and_then(|c| c.text_at(&["GuidelineSpecifiedDocumentContextParameter", "ID"]));
        money(settlement, profile.is_some_and(|p| p.contains("minimum")), &mut bill);
        payment(settlement, &mut bill);
    }
    for line in trade.all("IncludedSupplyChainTradeLineItem") {
        let about = first(line, &["AssociatedDocumentLineDocument"]);
        // Groups, and lines that only inform, are in the sum by their parts or not at all.
        let part = |n: &Node| n.child("ParentLineID").is_some() || n.child("LineStatusReasonCode").is_some();
        bill.items_add_up &= !about.is_some_and(part);
        bill.add_item(item(line));
    }
    Read::Bill(Box::new(bill))
}

fn money(settlement: &Node, minimum: bool, bill: &mut Bill) {
    bill.currency = bill.coin(settlement.text_at(&["InvoiceCurrencyCode"]));
    let names =
        ["SpecifiedTradeSettlementHeaderMonetarySummation", "SpecifiedTradeSettlementMonetarySummation"];
    for tax in settlement.all("ApplicableTradeTax") {
        bill.add_tax(Tax {
            name: text(tax.text_at(&["TypeCode"])),
            rate: at(tax, &["RateApplicablePercent"]).or_else(|| at(tax, &["ApplicablePercent"])),
            base: at(tax, &["BasisAmount"]),
            amount: at(tax, &["CalculatedAmount"]),
            ..Tax::default()
        });
    }
    let Some(sums) = first(settlement, &names) else { return };
    bill.gross = bill.amount("total", sums.text_at(&["GrandTotalAmount"]));
    bill.net = bill.amount("subtotal", sums.text_at(&["TaxBasisTotalAmount"]));
    bill.line_sum = bill.amount("sum of lines", sums.text_at(&["LineTotalAmount"]));
    bill.discount = bill.amount("discount", sums.text_at(&["AllowanceTotalAmount"]));
    bill.charge = bill.amount("charge", sums.text_at(&["ChargeTotalAmount"]));
    bill.rounding = bill.amount("rounding", sums.text_at(&["RoundingAmount"]));
    bill.paid = bill.amount("paid", sums.text_at(&["TotalPrepaidAmount"]));
    bill.due = bill.amount("amount due", sums.text_at(&["DuePayableAmount"]));
    // The least of Factur-X's profiles says what is due, and not what was paid.
    if minimum && bill.paid.is_none() {
        bill.paid = match (bill.gross, bill.due) {
            (Some(gross), Some(due)) if due < gross && !due.is_negative() => Some(gross - due),
            _ => None,
        };
    }
    // Tax may be told again in the accounting currency.
    let own = bill.currency.clone();
    let tax = sums
        .all("TaxTotalAmount")
        .find(|t| t.attribute("currencyID").is_none_or(|c| own.as_deref().is_none_or(|own| own == c)));
    bill.tax = bill.amount("tax", tax.map(|t| t.text.as_str()));
    bill.discount = bill.discount.filter(|d| !d.is_zero());
}

fn payment(settlement: &Node, bill: &mut Bill) {
    let terms = || settlement.all("SpecifiedTradePaymentTerms");
    let due = terms().find_map(|t| t.text_at(&["DueDateDateTime", "DateTimeString"]));
    bill.due_date = bill.day("due date", due);
    bill.payment_terms = text(terms().find_map(|t| t.text_at(&["Description"])));
    bill.payment_reference = text(settlement.text_at(&["PaymentReference"]));
    for means in settlement.all("SpecifiedTradeSettlementPaymentMeans") {
        bill.account(means.text_at(&["PayeePartyCreditorFinancialAccount", "IBANID"]));
    }
}

fn item(line: &Node) -> Item {
    let agreement = first(line, &["SpecifiedLineTradeAgreement", "SpecifiedSupplyChainTradeAgreement"]);
    let delivery = first(line, &["SpecifiedLineTradeDelivery", "SpecifiedSupplyChainTradeDelivery"]);
    let settlement = first(line, &["SpecifiedLineTradeSettlement", "SpecifiedSupplyChainTradeSettlement"]);
    let sums = settlement.and_then(|s| {
        first(
            s,
            &["SpecifiedTradeSettlementLineMonetarySummation", "SpecifiedTradeSettlementMonetarySummation"],
        )
    });
    Item {
        description: text(line.text_at(&["SpecifiedTradeProduct", "Name"])),
        quantity: delivery.and_then(|d| at(d, &["BilledQuantity"])),
        unit_price: agreement.and_then(|a| at(a, &["NetPriceProductTradePrice", "ChargeAmount"])),
        amount: sums.and_then(|s| at(s, &["LineTotalAmount"])),
        tax: settlement.and_then(|s| at(s, &["ApplicableTradeTax", "CalculatedAmount"])),
        rate: settlement.and_then(|s| at(s, &["ApplicableTradeTax", "RateApplicablePercent"])),
    }
}
