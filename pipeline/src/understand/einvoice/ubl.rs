//! OASIS UBL 2: Invoice, CreditNote, DebitNote (Peppol, XRechnung, Colombia's DIAN).

use super::{currency, date, put, put_amount, tree::Node};
use crate::fields::{FieldName, Fields};

fn party(role: Option<&Node>) -> (Option<&str>, Option<&str>) {
    let Some(party) = role.and_then(|r| r.child("Party")) else { return (None, None) };
    let name = party
        .text_at(&["PartyLegalEntity", "RegistrationName"])
        .or_else(|| party.text_at(&["PartyTaxScheme", "RegistrationName"]))
        .or_else(|| party.text_at(&["PartyName", "Name"]));
    let id = party
        .all("PartyTaxScheme")
        .find_map(|s| s.text_at(&["CompanyID"]))
        .or_else(|| party.text_at(&["PartyLegalEntity", "CompanyID"]))
        .or_else(|| party.text_at(&["PartyIdentification", "ID"]));
    (name, id)
}

/// What the invoice says.
pub fn fields(root: &Node) -> Fields {
    let mut fields = Fields::new();
    put(&mut fields, FieldName::Number, root.text_at(&["ID"]));
    put(&mut fields, FieldName::IssueDate, root.text_at(&["IssueDate"]).and_then(date));
    let due = root.text_at(&["DueDate"]).or_else(|| root.text_at(&["PaymentMeans", "PaymentDueDate"]));
    put(&mut fields, FieldName::DueDate, due.and_then(date));
    let (name, id) = party(root.child("AccountingSupplierParty"));
    put(&mut fields, FieldName::IssuerName, name);
    put(&mut fields, FieldName::IssuerTaxId, id);
    let (name, id) = party(root.child("AccountingCustomerParty"));
    put(&mut fields, FieldName::RecipientName, name);
    put(&mut fields, FieldName::RecipientTaxId, id);
    let code = root.text_at(&["DocumentCurrencyCode"]).and_then(currency);
    put(&mut fields, FieldName::Currency, code.clone());
    let sums = root.child("LegalMonetaryTotal").or_else(|| root.child("RequestedMonetaryTotal"));
    if let Some(sums) = sums {
        // Prepaid sums lower what is payable, not what was invoiced.
        let total = sums.text_at(&["TaxInclusiveAmount"]).or_else(|| sums.text_at(&["PayableAmount"]));
        put_amount(&mut fields, FieldName::Total, total);
        let before = sums.text_at(&["TaxExclusiveAmount"]).or_else(|| sums.text_at(&["LineExtensionAmount"]));
        put_amount(&mut fields, FieldName::Subtotal, before);
    }
    let tax = root
        .all("TaxTotal")
        .filter_map(|t| t.child("TaxAmount"))
        .find(|t| t.attribute("currencyID").is_none_or(|c| code.as_deref().is_none_or(|own| own == c)));
    put_amount(&mut fields, FieldName::Tax, tax.map(|t| t.text.as_str()));
    fields
}
