//! The fields a document is read for, each with the evidence behind it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::document::{Kind, words};

words! {
    /// Field names, as fixed by the design; see [`FieldName::of`] for which kind has which.
    FieldName, "field" {
        Type = "type",
        IssuerName = "issuer_name", IssuerLegalName = "issuer_legal_name", IssuerTaxId = "issuer_tax_id",
        RecipientName = "recipient_name", RecipientTaxId = "recipient_tax_id",
        MerchantName = "merchant_name", MerchantLegalName = "merchant_legal_name",
        MerchantTaxId = "merchant_tax_id", MerchantAddress = "merchant_address",
        Number = "number", OrderNumber = "order_number",
        IssueDate = "issue_date", DueDate = "due_date", Date = "date", Time = "time",
        Currency = "currency", Subtotal = "subtotal", Discount = "discount", Tip = "tip",
        Tax = "tax", Taxes = "taxes", Withheld = "withheld", Rounding = "rounding",
        Total = "total", Paid = "paid", AmountDue = "amount_due",
        PaymentMethod = "payment_method", PaymentTerms = "payment_terms",
        PaymentReference = "payment_reference", Iban = "iban", LineItems = "line_items",
        DocumentType = "document_type", DocumentNumber = "document_number", SupportNumber = "support_number",
        IssuingCountry = "issuing_country",
        Nationality = "nationality", Surname = "surname", GivenNames = "given_names",
        BirthDate = "birth_date", Sex = "sex", ExpiryDate = "expiry_date",
    }
}

impl FieldName {
    /// The fields of a kind, in the order they are shown.
    #[must_use]
    pub fn of(kind: Kind) -> &'static [Self] {
        match kind {
            Kind::Invoice => INVOICE,
            Kind::Receipt => RECEIPT,
            Kind::Id => ID,
            Kind::Other => &[],
        }
    }

    /// The fields without which a document of this kind is not filed by itself.
    #[must_use]
    pub fn required(kind: Kind) -> &'static [Self] {
        use FieldName::*;
        match kind {
            Kind::Invoice => &[IssuerName, Number, IssueDate, Total, Currency],
            Kind::Receipt => &[MerchantName, Date, Total, Currency],
            Kind::Id => &[DocumentType, DocumentNumber, Surname],
            Kind::Other => &[],
        }
    }

    /// Whether its value is an amount of money, with its sign.
    #[must_use]
    pub fn is_amount(self) -> bool {
        use FieldName::*;
        matches!(self, Subtotal | Discount | Tip | Tax | Withheld | Rounding | Total | Paid | AmountDue)
    }

    /// Whether its value is a day.
    #[must_use]
    pub fn is_date(self) -> bool {
        use FieldName::*;
        matches!(self, IssueDate | DueDate | Date | BirthDate | ExpiryDate)
    }

    /// Whether its value is a list of [`Entry`]s.
    #[must_use]
    pub fn is_list(self) -> bool {
        matches!(self, Self::Taxes | Self::LineItems)
    }

    /// The words a field of a closed list may say for a document of `kind`; empty where any text will do.
    #[must_use]
    pub fn choices(self, kind: Kind) -> &'static [&'static str] {
        match (self, kind) {
            (Self::Type, Kind::Invoice) => &["invoice", "credit_note", "debit_note"],
            (Self::Type, Kind::Receipt) => &["receipt", "refund"],
            _ => &[],
        }
    }
}

const INVOICE: &[FieldName] = {
    use FieldName::*;
    &[
        Type,
        IssuerName,
        IssuerLegalName,
        IssuerTaxId,
        RecipientName,
        RecipientTaxId,
        Number,
        OrderNumber,
        IssueDate,
        DueDate,
        Currency,
        Subtotal,
        Discount,
        Tax,
        Taxes,
        Withheld,
        Rounding,
        Total,
        Paid,
        AmountDue,
        PaymentTerms,
        PaymentReference,
        Iban,
        LineItems,
    ]
};

const RECEIPT: &[FieldName] = {
    use FieldName::*;
    &[
        Type,
        MerchantName,
        MerchantLegalName,
        MerchantTaxId,
        MerchantAddress,
        Date,
        Time,
        Number,
        Currency,
        Subtotal,
        Discount,
        Tip,
        Tax,
        Taxes,
        Rounding,
        Total,
        PaymentMethod,
        LineItems,
    ]
};

const ID: &[FieldName] = {
    use FieldName::*;
    &[
        DocumentType,
        DocumentNumber,
        SupportNumber,
        IssuingCountry,
        Nationality,
        Surname,
        GivenNames,
        BirthDate,
        Sex,
        ExpiryDate,
    ]
};

words! {
    /// Where a value was read.
    Source, "source" {
        /// An e-invoice's XML.
        Xml = "xml",
        /// The PDF's own text layer.
        Text = "text",
        Ocr = "ocr",
        Barcode = "barcode",
        /// A machine readable zone (ICAO 9303).
        Mrz = "mrz",
        /// A person's correction.
        Reviewer = "reviewer",
    }
}

/// A rectangle on the upright page as fractions of its width and height: `[x0, y0, x1, y1]`, each in 0..=1.
pub type PageBox = [f32; 4];

/// What a field says: one text, or the entries of a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Value {
    /// Dates ISO 8601, amounts decimal with a point, currencies ISO 4217, countries ISO 3166 alpha-3.
    Text(String),
    /// Of `taxes` and `line_items`.
    List(Vec<Entry>),
}

/// One tax of `taxes` (`type`, `rate`, `base`, `amount`) or one line of `line_items` (`description`, `quantity`,
/// `unit_price`, `amount`, `tax`). Amounts are decimal strings as in [`Value::Text`]; a rate is in percent.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Entry {
    /// What tax it is, as its paper or its code list calls it: `IVA`, `VAT`, `INC`.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub tax_type: Option<String>,
    /// In percent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate: Option<String>,
    /// What the tax is counted on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base: Option<String>,
    /// What was bought.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// How many of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quantity: Option<String>,
    /// Of one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit_price: Option<String>,
    /// Of this tax, or of this line before tax.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount: Option<String>,
    /// Of this line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tax: Option<String>,
    /// One-based page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub page: Option<u32>,
    /// Where on the page.
    #[serde(rename = "box", skip_serializing_if = "Option::is_none")]
    pub bbox: Option<PageBox>,
}

impl Value {
    /// The text; empty for a list.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Text(text) => text,
            Self::List(_) => "",
        }
    }

    /// The entries; none for a text.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        match self {
            Self::Text(_) => &[],
            Self::List(entries) => entries,
        }
    }
}

/// A field reads as its text wherever a text is wanted.
impl std::ops::Deref for Value {
    type Target = str;

    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<Value> for String {
    fn from(value: Value) -> Self {
        match value {
            Value::Text(text) => text,
            Value::List(_) => value.to_string(),
        }
    }
}

impl PartialEq<str> for Value {
    fn eq(&self, other: &str) -> bool {
        matches!(self, Self::Text(text) if text == other)
    }
}

impl PartialEq<&str> for Value {
    fn eq(&self, other: &&str) -> bool {
        self == *other
    }
}

impl PartialEq<String> for Value {
    fn eq(&self, other: &String) -> bool {
        self == other.as_str()
    }
}

/// A list as one line for people: `IVA 19 % of 1000.00: 190.00; INC 8 %: 80.00`.
impl std::fmt::Display for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::List(entries) => {
                for (i, entry) in entries.iter().enumerate() {
                    write!(f, "{}{entry}", if i == 0 { "" } else { "; " })?;
                }
                Ok(())
            }
        }
    }
}

impl std::fmt::Display for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut words: Vec<String> = Vec::new();
        words.extend(self.tax_type.clone());
        words.extend(self.rate.as_ref().map(|rate| format!("{rate} %")));
        words.extend(self.base.as_ref().map(|base| format!("of {base}")));
        words.extend(self.quantity.as_ref().map(|n| format!("{n} ×")));
        words.extend(self.description.clone());
        words.extend(self.unit_price.as_ref().map(|price| format!("at {price}")));
        let amount = self.amount.as_deref().unwrap_or("?");
        write!(f, "{}: {amount}", words.join(" "))
    }
}

/// One value and the evidence for it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Field {
    /// What it says.
    pub value: Value,
    /// Probability in 0..=1 that `value` is right.
    pub confidence: f32,
    /// One-based page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page: Option<u32>,
    /// Where on the page.
    #[serde(default, rename = "box", skip_serializing_if = "Option::is_none")]
    pub bbox: Option<PageBox>,
    /// How it was read.
    pub source: Source,
}

impl Field {
    /// A value that has no place on any page: typed, said of the whole, or read where nobody kept it.
    pub fn unplaced(value: impl Into<Value>, confidence: f32, source: Source) -> Self {
        Self { value: value.into(), confidence, page: None, bbox: None, source }
    }
}

/// The fields found, by name.
pub type Fields = BTreeMap<FieldName, Field>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_an_array_in_json_and_comes_back() {
        let entry = Entry {
            tax_type: Some("IVA".into()),
            rate: Some("19".into()),
            base: Some("1000.00".into()),
            amount: Some("190.00".into()),
            ..Entry::default()
        };
        let (confidence, page, bbox, source) = (0.99, None, None, Source::Xml);
        let field = Field { value: Value::List(vec![entry]), confidence, page, bbox, source };
        let json = serde_json::to_value(&field).expect("JSON");
        assert_eq!(
            json["value"],
            serde_json::json!([{ "type": "IVA", "rate": "19", "base": "1000.00", "amount": "190.00" }])
        );
        assert_eq!(serde_json::from_value::<Field>(json).expect("a field"), field);
        assert_eq!(field.value.to_string(), "IVA 19 % of 1000.00: 190.00");
        let text: Field =
            serde_json::from_str(r#"{"value":"[x]","confidence":1,"source":"xml"}"#).expect("a field");
        assert_eq!(text.value, "[x]");
    }

    #[test]
    fn every_field_belongs_to_a_kind_and_what_is_required_is_listed() {
        for name in FieldName::ALL {
            assert!(Kind::ALL.iter().any(|k| FieldName::of(*k).contains(name)), "{name}");
        }
        for kind in Kind::ALL {
            assert!(FieldName::required(*kind).iter().all(|n| FieldName::of(*kind).contains(n)), "{kind}");
        }
    }
}
