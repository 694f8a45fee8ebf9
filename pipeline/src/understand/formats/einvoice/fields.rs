//! A bill in the design's field names: the sign of its type, and what speaks against filing it.

use super::{
    bill::{Bill, BillType, Item, Tax},
    decimal::Decimal,
};
use crate::{
    fields::{Entry, Field, FieldName, Fields, Source, Value},
    reason::{Reason, ReasonCode},
};

/// A value of an XML that its format allows: taken as sure, for the issuer wrote it for machines.
const SURE: f32 = 0.99;
/// A type whose sign a person must judge.
const UNSURE: f32 = 0.5;

/// The fields, each with source `xml`; and what does not add up.
pub fn fields(mut bill: Bill) -> (Fields, Vec<Reason>) {
    let money_back = bill.total().is_some_and(Decimal::is_negative);
    let turned = bill.bill_type == BillType::CreditNote && !money_back;
    match bill.bill_type {
        // Some write a credit note's amounts negative, to others that would be money owed: who knows which.
        BillType::CreditNote if money_back => {
            bill.type_doubt.get_or_insert_with(|| "it is a credit note of a negative sum".to_owned());
        }
        BillType::Invoice if money_back => bill.bill_type = BillType::CreditNote,
        BillType::DebitNote if money_back => {
            bill.type_doubt.get_or_insert_with(|| "it is a debit note of a negative sum".to_owned());
        }
        _ => {}
    }
    let put = Put { turned };
    let mut out = Fields::new();
    put.text(&mut out, FieldName::Type, Some(word(&bill).to_owned()));
    if bill.type_doubt.is_some()
        && let Some(field) = out.get_mut(&FieldName::Type)
    {
        field.confidence = UNSURE;
    }
    for (name, value) in [
        (FieldName::Number, bill.number.clone()),
        (FieldName::OrderNumber, bill.order_number.clone()),
        (FieldName::IssueDate, bill.issue_date.clone()),
        (FieldName::DueDate, bill.due_date.clone()),
        (FieldName::Currency, bill.currency.clone()),
        (FieldName::IssuerName, bill.issuer.name.clone()),
        (FieldName::IssuerLegalName, bill.issuer.legal_name.clone()),
        (FieldName::IssuerTaxId, bill.issuer.tax_id.clone()),
        (FieldName::RecipientName, bill.recipient.name.clone()),
        (FieldName::RecipientTaxId, bill.recipient.tax_id.clone()),
        (FieldName::PaymentTerms, bill.payment_terms.clone()),
        (FieldName::PaymentReference, bill.payment_reference.clone()),
        (FieldName::Iban, bill.iban.clone()),
    ] {
        put.text(&mut out, name, value);
    }
    let some = |d: Option<Decimal>| d.filter(|d| !d.is_zero());
    let tax = bill.tax.or_else(|| (!bill.taxes.is_empty()).then(|| bill.tax_sum()));
    for (name, value) in [
        (FieldName::Subtotal, bill.subtotal()),
        (FieldName::Discount, some(bill.discount)),
        (FieldName::Tax, tax),
        (FieldName::Withheld, some(bill.withheld)),
        (FieldName::Rounding, some(bill.rounding)),
        (FieldName::Total, bill.total()),
        (FieldName::Paid, some(bill.paid)),
        (FieldName::AmountDue, bill.due),
    ] {
        put.text(&mut out, name, value.map(|d| put.money(d)));
    }
    put.list(&mut out, FieldName::Taxes, bill.taxes.iter().map(|t| put.tax(t)).collect());
    put.list(&mut out, FieldName::LineItems, bill.items.iter().map(|i| put.item(i)).collect());
    (out, reasons(&bill))
}

/// What the field `type` says.
fn word(bill: &Bill) -> &'static str {
    match (bill.retail, bill.bill_type) {
        (true, BillType::CreditNote) => "refund",
        (true, _) => "receipt",
        (false, bill_type) => bill_type.as_str(),
    }
}

struct Put {
    /// A credit note written with positive amounts: each is money back.
    turned: bool,
}

impl Put {
    fn money(&self, amount: Decimal) -> String {
        if self.turned { -amount } else { amount }.to_string()
    }

    fn insert(&self, out: &mut Fields, name: FieldName, value: Value) {
        out.insert(name, Field::unplaced(value, SURE, Source::Xml));
    }

    fn text(&self, out: &mut Fields, name: FieldName, value: Option<String>) {
        if let Some(value) = value.filter(|v| !v.is_empty()) {
            self.insert(out, name, Value::Text(value));
        }
    }

    fn list(&self, out: &mut Fields, name: FieldName, entries: Vec<Entry>) {
        if !entries.is_empty() {
            self.insert(out, name, Value::List(entries));
        }
    }

    fn tax(&self, tax: &Tax) -> Entry {
        Entry {
            tax_type: tax.name.clone(),
            rate: tax.rate.map(plain),
            base: tax.base.map(|d| self.money(d)),
            amount: tax.amount.map(|d| self.money(d)),
            ..Entry::default()
        }
    }

    fn item(&self, item: &Item) -> Entry {
        Entry {
            description: item.description.clone(),
            quantity: item.quantity.map(plain),
            unit_price: item.unit_price.map(|d| d.to_string()),
            amount: item.amount.map(|d| self.money(d)),
            tax: item.tax.map(|d| self.money(d)),
            rate: item.rate.map(plain),
            ..Entry::default()
        }
    }
}

/// Without places that say nothing: `19`, `0.5`.
fn plain(number: Decimal) -> String {
    let text = number.to_string();
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn reasons(bill: &Bill) -> Vec<Reason> {
    let failed = bill.broken.iter().map(|b| {
        let message =
            format!("The XML contradicts itself: {} does not hold, {} against {}.", b.check, b.left, b.right);
        Reason::new(ReasonCode::ChecksFailed, message)
            .with("check", b.check.as_str())
            .with("left", b.left.as_str())
            .with("right", b.right.as_str())
    });
    let doubt = bill.type_doubt.iter().map(|why| {
        let mut reason = Reason::new(
            ReasonCode::LowConfidence,
            format!("Whether it is money owed or money back is a person's to say: {why}."),
        );
        let unsure = serde_json::Map::from_iter([("type".to_owned(), f64::from(UNSURE).into())]);
        reason.detail.insert("confidence".to_owned(), unsure.into());
        reason
    });
    failed.chain(doubt).collect()
}
