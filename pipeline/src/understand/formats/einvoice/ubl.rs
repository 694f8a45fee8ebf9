//! OASIS UBL 2: Invoice, CreditNote, DebitNote (Peppol, XRechnung, Colombia's DIAN, Peru's SUNAT).

use super::{
    Read,
    bill::{Bill, BillType, Item, Party, Tax, at, sum, text},
    tree::Node,
};

/// SUNAT's catalogue 05: given away, its tax is told and not charged.
const FREE: &str = "9996";

fn party(role: Option<&Node>) -> Party {
    let Some(party) = role.and_then(|r| r.child("Party")) else { return Party::default() };
    let legal = party
        .text_at(&["PartyLegalEntity", "RegistrationName"])
        .or_else(|| party.text_at(&["PartyTaxScheme", "RegistrationName"]));
    let id = party
        .all("PartyTaxScheme")
        .find_map(|s| s.text_at(&["CompanyID"]))
        .or_else(|| party.text_at(&["PartyLegalEntity", "CompanyID"]))
        .or_else(|| party.text_at(&["PartyIdentification", "ID"]))
        // SUNAT's UBL 2.0 has the RUC beside the party.
        .or_else(|| role.and_then(|r| r.text_at(&["CustomerAssignedAccountID"])));
    Party {
        name: text(legal.or_else(|| party.text_at(&["PartyName", "Name"]))),
        legal_name: text(legal),
        tax_id: text(id),
    }
}

/// What the invoice says.
pub fn read(root: &Node) -> Read {
    let mut bill = Bill { items_add_up: true, ..Bill::default() };
    if !typed(root, &mut bill) {
        return Read::Other("a UBL document that is no invoice".to_owned());
    }
    if root.text_at(&["ProfileExecutionID"]) == Some("2") {
        bill.contradict("made in earnest", "ProfileExecutionID 2: pruebas", "ProfileExecutionID 1");
    }
    bill.number = text(root.text_at(&["ID"]));
    bill.issue_date = bill.day("issue date", root.text_at(&["IssueDate"]));
    let due = root.text_at(&["DueDate"]).or_else(|| root.text_at(&["PaymentMeans", "PaymentDueDate"]));
    bill.due_date = bill.day("due date", due);
    bill.order_number = text(root.text_at(&["OrderReference", "ID"]));
    bill.issuer = party(root.child("AccountingSupplierParty"));
    bill.recipient = party(root.child("AccountingCustomerParty"));
    bill.currency = bill.coin(root.text_at(&["DocumentCurrencyCode"]));
    bill.payment_terms = text(root.text_at(&["PaymentTerms", "Note"]));
    for means in root.all("PaymentMeans") {
        bill.account(means.text_at(&["PayeeFinancialAccount", "ID"]));
        bill.payment_reference =
            bill.payment_reference.take().or_else(|| text(means.text_at(&["PaymentID"])));
    }
    sums(root, &mut bill);
    taxes(root, &mut bill);
    let lines = ["InvoiceLine", "CreditNoteLine", "DebitNoteLine"].into_iter().flat_map(|n| root.all(n));
    for line in lines {
        bill.items_add_up &= line.deep_where("TaxScheme", |s| s.text_at(&["ID"]) == Some(FREE)).is_none()
            && line.child("SubInvoiceLine").is_none();
        bill.add_item(item(line));
    }
    Read::Bill(Box::new(bill))
}

/// By the root, then by the code in it; `false` for what is no bill.
fn typed(root: &Node, bill: &mut Bill) -> bool {
    let own = match root.name.as_str() {
        "CreditNote" => BillType::CreditNote,
        "DebitNote" => BillType::DebitNote,
        _ => BillType::Invoice,
    };
    bill.bill_type = own;
    let codes = ["InvoiceTypeCode", "CreditNoteTypeCode", "DebitNoteTypeCode"];
    let Some(code) = codes.iter().find_map(|c| root.text_at(&[c])) else { return true };
    let profile = root.text_at(&["ProfileID"]).unwrap_or_default().to_ascii_uppercase();
    let list = if profile.contains("DIAN") || root.text_at(&["UBLVersionID"]) == Some("DIAN 2.1") {
        "dian"
    } else if code.len() == 2 && code.starts_with('0') {
        // Peru and Colombia number theirs alike; the list only tells them apart where they differ.
        if root.deep_where("CompanyID", |id| id.attribute("schemeAgencyID") == Some("195")).is_some() {
            "dian"
        } else {
            "sunat"
        }
    } else if super::types::of("un1001", code).is_some() {
        "un1001"
    } else {
        "dian"
    };
    if !bill.typed(list, code) {
        return false;
    }
    // A credit note is one whatever code it carries; a code of one in an invoice makes it one.
    if own != BillType::Invoice && bill.bill_type != own {
        let mixed = bill.bill_type != BillType::Invoice;
        bill.bill_type = own;
        if mixed {
            bill.type_doubt = Some(format!("it is a {} with the type {code}", own.as_str()));
        }
    }
    true
}

fn sums(root: &Node, bill: &mut Bill) {
    let Some(sums) = root.child("LegalMonetaryTotal").or_else(|| root.child("RequestedMonetaryTotal")) else {
        return;
    };
    bill.line_sum = bill.amount("sum of lines", sums.text_at(&["LineExtensionAmount"]));
    bill.net = bill.amount("subtotal", sums.text_at(&["TaxExclusiveAmount"]));
    bill.gross = bill.amount("total", sums.text_at(&["TaxInclusiveAmount"]));
    bill.discount = bill.amount("discount", sums.text_at(&["AllowanceTotalAmount"])).filter(|d| !d.is_zero());
    bill.charge = bill.amount("charge", sums.text_at(&["ChargeTotalAmount"]));
    bill.paid = bill.amount("paid", sums.text_at(&["PrepaidAmount"]));
    bill.rounding = bill.amount("rounding", sums.text_at(&["PayableRoundingAmount"]));
    bill.due = bill.amount("amount due", sums.text_at(&["PayableAmount"]));
    let own = bill.currency.clone();
    let strange = ["TaxInclusiveAmount", "PayableAmount"].iter().find_map(|name| {
        let said = sums.child(name)?.attribute("currencyID")?;
        own.as_deref().is_some_and(|own| !own.eq_ignore_ascii_case(said)).then_some(said)
    });
    if let (Some(said), Some(own)) = (strange, own) {
        bill.broken.push(super::bill::Broken {
            check: "currency of the total = currency of the document".to_owned(),
            left: said.chars().take(10).collect(),
            right: own,
        });
    }
    // SUNAT's UBL 2.0 has nothing but what is to be paid.
    if bill.gross.is_none() {
        let (due, paid) = (bill.due, bill.paid.unwrap_or_default());
        bill.gross = due.map(|d| d + paid);
    }
}

/// All `TaxTotal`s of the document's currency together: Colombia writes one for each tax.
fn taxes(root: &Node, bill: &mut Bill) {
    let own = bill.currency.clone();
    let in_own = |node: &&Node| {
        let said = node.child("TaxAmount").and_then(|a| a.attribute("currencyID"));
        said.is_none_or(|c| own.as_deref().is_none_or(|own| own.eq_ignore_ascii_case(c)))
    };
    let mut said = Vec::new();
    for total in root.all("TaxTotal").filter(in_own) {
        said.push(bill.amount("tax", total.text_at(&["TaxAmount"])));
        let mut told = false;
        for part in total.all("TaxSubtotal") {
            let scheme = part.at(&["TaxCategory", "TaxScheme"]);
            told = true;
            if scheme.and_then(|s| s.text_at(&["ID"])) == Some(FREE) {
                continue;
            }
            let rate = at(part, &["TaxCategory", "Percent"]).or_else(|| at(part, &["Percent"]));
            bill.add_tax(Tax {
                name: text(scheme.and_then(|s| s.text_at(&["Name"]).or_else(|| s.text_at(&["ID"])))),
                // A tax by the piece has no rate.
                rate: rate.filter(|_| part.child("PerUnitAmount").is_none()),
                base: at(part, &["TaxableAmount"]),
                amount: at(part, &["TaxAmount"]),
                ..Tax::default()
            });
        }
        if !told {
            bill.add_tax(Tax { amount: at(total, &["TaxAmount"]), ..Tax::default() });
        }
    }
    bill.tax = sum(said.into_iter());
    bill.withheld = sum(root.all("WithholdingTaxTotal").filter(in_own).map(|w| at(w, &["TaxAmount"])));
}

fn item(line: &Node) -> Item {
    let quantity = ["InvoicedQuantity", "CreditedQuantity", "DebitedQuantity"];
    let about = line.text_at(&["Item", "Name"]).or_else(|| line.text_at(&["Item", "Description"]));
    Item {
        description: text(about),
        quantity: quantity.iter().find_map(|q| at(line, &[q])),
        unit_price: at(line, &["Price", "PriceAmount"]),
        amount: at(line, &["LineExtensionAmount"]),
        tax: sum(line.all("TaxTotal").map(|t| at(t, &["TaxAmount"]))),
        rate: at(line, &["Item", "ClassifiedTaxCategory", "Percent"]),
    }
}
