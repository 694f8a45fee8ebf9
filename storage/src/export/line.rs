//! One line of the books: what accounting takes of a filed bill. Its JSON is canonical: the members of a closed month's
//! hash, in this order, never more, and never anything that changes without the document.

use acuse_pipeline::{
    document::Kind,
    fields::{Entry, FieldName, Fields},
};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::Exact;
use crate::names::{CustomerId, DocumentId, EntityId, Source};

/// A filed bill as accounting takes it. Amounts are decimal texts; those of credit notes and refunds are negative.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// Which document.
    pub document_id: DocumentId,
    /// Its version then.
    pub version: i64,
    /// Invoice or receipt.
    pub kind: Kind,
    /// `invoice`, `credit_note`, `debit_note`, `receipt`, `refund`; empty where the paper does not say.
    pub r#type: String,
    /// Its number.
    pub number: String,
    /// ISO 8601; empty where it has none.
    pub issue_date: String,
    /// ISO 8601.
    pub due_date: String,
    /// Who issued it, or the merchant.
    pub issuer_name: String,
    /// Its tax id.
    pub issuer_tax_id: String,
    /// Who it is for.
    pub recipient_name: String,
    /// Its tax id.
    pub recipient_tax_id: String,
    /// Of the buyer's order.
    pub order_number: String,
    /// ISO 4217.
    pub currency: String,
    /// Before tax.
    pub subtotal: String,
    /// Taken off.
    pub discount: String,
    /// Tip.
    pub tip: String,
    /// All taxes.
    pub tax: String,
    /// Each of them.
    pub taxes: Vec<TaxLine>,
    /// Withheld tax.
    pub withheld: String,
    /// Rounding.
    pub rounding: String,
    /// What was or is to be paid.
    pub total: String,
    /// Paid already.
    pub paid: String,
    /// Still to pay.
    pub amount_due: String,
    /// Cash, card, …
    pub payment_method: String,
    /// What to write on the payment.
    pub payment_reference: String,
    /// Where to pay.
    pub iban: String,
    /// Whose it is.
    pub customer_id: Option<CustomerId>,
    /// Which firm of ours.
    pub entity_id: Option<EntityId>,
    /// `payable` or `receivable`.
    pub direction: Option<String>,
    /// How it came.
    pub source: Source,
    /// When it came.
    #[serde(with = "time::serde::rfc3339")]
    pub received_at: OffsetDateTime,
    /// When it was filed.
    #[serde(with = "time::serde::rfc3339::option")]
    pub filed_at: Option<OffsetDateTime>,
}

/// One tax of a bill.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaxLine {
    /// What it is called.
    pub r#type: String,
    /// In percent.
    pub rate: String,
    /// What it is counted on.
    pub base: String,
    /// How much.
    pub amount: String,
}

impl TaxLine {
    fn of(entry: &Entry, flip: bool) -> Self {
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        let amount = |value: &Option<String>| signed(text(value), flip);
        Self {
            r#type: text(&entry.tax_type),
            rate: text(&entry.rate),
            base: amount(&entry.base),
            amount: amount(&entry.amount),
        }
    }
}

/// What of a row is not in its fields; each as in [`Line`].
#[derive(Debug, Clone)]
pub struct Around {
    /// Which document.
    pub document_id: DocumentId,
    /// Its version.
    pub version: i64,
    /// What it is.
    pub kind: Kind,
    /// Whose it is.
    pub customer_id: Option<CustomerId>,
    /// Which firm of ours.
    pub entity_id: Option<EntityId>,
    /// `payable` or `receivable`.
    pub direction: Option<String>,
    /// How it came.
    pub source: Source,
    /// When it came.
    pub received_at: OffsetDateTime,
    /// When it was filed.
    pub filed_at: Option<OffsetDateTime>,
}

fn signed(amount: String, flip: bool) -> String {
    match Exact::parse(&amount) {
        Some(value) if flip => (-value).to_string(),
        _ => amount,
    }
}

impl Line {
    /// What accounting takes of a document.
    #[must_use]
    pub fn of(around: Around, fields: &Fields) -> Self {
        use FieldName::*;
        let text = |names: &[FieldName]| {
            names.iter().find_map(|n| fields.get(n)).map(|f| f.value.as_str().to_owned()).unwrap_or_default()
        };
        let r#type = text(&[Type]);
        let total = text(&[Total]);
        // A credit note is negative, however its paper writes it. One whose total is negative has its signs already.
        let is_credit = matches!(r#type.as_str(), "credit_note" | "refund");
        let flip = is_credit && Exact::parse(&total).is_some_and(Exact::is_positive);
        let amount = |name: FieldName| signed(text(&[name]), flip);
        let taxes = fields.get(&Taxes).map(|f| f.value.entries()).unwrap_or_default();
        Self {
            document_id: around.document_id,
            version: around.version,
            kind: around.kind,
            number: text(&[Number]),
            issue_date: text(&[IssueDate, Date]),
            due_date: text(&[DueDate]),
            issuer_name: text(&[IssuerName, MerchantName]),
            issuer_tax_id: text(&[IssuerTaxId, MerchantTaxId]),
            recipient_name: text(&[RecipientName]),
            recipient_tax_id: text(&[RecipientTaxId]),
            order_number: text(&[OrderNumber]),
            currency: text(&[Currency]),
            subtotal: amount(Subtotal),
            discount: amount(Discount),
            tip: amount(Tip),
            tax: amount(Tax),
            taxes: taxes.iter().map(|entry| TaxLine::of(entry, flip)).collect(),
            withheld: amount(Withheld),
            rounding: amount(Rounding),
            total: signed(total, flip),
            paid: amount(Paid),
            amount_due: amount(AmountDue),
            payment_method: text(&[PaymentMethod]),
            payment_reference: text(&[PaymentReference]),
            iban: text(&[Iban]),
            r#type,
            customer_id: around.customer_id,
            entity_id: around.entity_id,
            direction: around.direction,
            source: around.source,
            received_at: around.received_at,
            filed_at: around.filed_at,
        }
    }

    /// The same of nobody: kind, dates and amounts, and no word that names somebody.
    #[must_use]
    pub fn of_nobody(mut self) -> Self {
        for word in [
            &mut self.number,
            &mut self.issuer_name,
            &mut self.issuer_tax_id,
            &mut self.recipient_name,
            &mut self.recipient_tax_id,
            &mut self.order_number,
            &mut self.payment_method,
            &mut self.payment_reference,
            &mut self.iban,
        ] {
            word.clear();
        }
        self
    }

    /// The same with every amount's sign turned: what takes it back.
    #[must_use]
    pub fn reversed(mut self) -> Self {
        for amount in [
            &mut self.subtotal,
            &mut self.discount,
            &mut self.tip,
            &mut self.tax,
            &mut self.withheld,
            &mut self.rounding,
            &mut self.total,
            &mut self.paid,
            &mut self.amount_due,
        ] {
            *amount = signed(std::mem::take(amount), true);
        }
        for tax in &mut self.taxes {
            tax.base = signed(std::mem::take(&mut tax.base), true);
            tax.amount = signed(std::mem::take(&mut tax.amount), true);
        }
        self
    }

    /// Whether accounting would book the two differently.
    #[must_use]
    pub fn differs(&self, other: &Self) -> bool {
        let plain = |line: &Self| Self { version: 0, filed_at: None, ..line.clone() };
        plain(self) != plain(other)
    }
}
