//! Mexico's CFDI 3.3 and 4.0 (Anexo 20 of the SAT): everything is in attributes.

use super::{currency, date, put, put_amount, tree::Node};
use crate::fields::{FieldName, Fields};

/// What the CFDI says; `None` for payroll, transfers and payment complements, which are no invoices.
pub fn fields(root: &Node) -> Option<Fields> {
    // I: ingreso (invoice), E: egreso (credit note). N, T and P sum up to nothing that is owed.
    if !matches!(root.attribute("TipoDeComprobante"), Some("I" | "E" | "ingreso" | "egreso") | None) {
        return None;
    }
    let mut fields = Fields::new();
    let folio = [root.attribute("Serie"), root.attribute("Folio")];
    let folio: Vec<&str> = folio.into_iter().flatten().collect();
    let stamp = root.at(&["Complemento", "TimbreFiscalDigital"]).and_then(|t| t.attribute("UUID"));
    // Serie and Folio are the issuer's own and optional; the stamp's UUID always is there.
    let number = if folio.is_empty() { stamp.map(str::to_owned) } else { Some(folio.join("-")) };
    put(&mut fields, FieldName::Number, number);
    put(&mut fields, FieldName::IssueDate, root.attribute("Fecha").and_then(date));
    put(&mut fields, FieldName::Currency, root.attribute("Moneda").and_then(currency));
    put_amount(&mut fields, FieldName::Subtotal, root.attribute("SubTotal"));
    put_amount(&mut fields, FieldName::Total, root.attribute("Total"));
    let tax = root.child("Impuestos").and_then(|i| i.attribute("TotalImpuestosTrasladados"));
    put_amount(&mut fields, FieldName::Tax, tax);
    if let Some(issuer) = root.child("Emisor") {
        put(&mut fields, FieldName::IssuerName, issuer.attribute("Nombre"));
        put(&mut fields, FieldName::IssuerTaxId, issuer.attribute("Rfc"));
    }
    if let Some(receiver) = root.child("Receptor") {
        put(&mut fields, FieldName::RecipientName, receiver.attribute("Nombre"));
        put(&mut fields, FieldName::RecipientTaxId, receiver.attribute("Rfc"));
    }
    Some(fields)
}
