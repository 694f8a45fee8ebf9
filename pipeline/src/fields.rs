//! The fields a document is read for, each with the evidence behind it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::document::{Kind, words};

words! {
    /// Field names, as fixed by the design; see [`FieldName::of`] for which kind has which.
    FieldName, "field" {
        IssuerName = "issuer_name", IssuerTaxId = "issuer_tax_id",
        RecipientName = "recipient_name", RecipientTaxId = "recipient_tax_id",
        MerchantName = "merchant_name", MerchantTaxId = "merchant_tax_id", MerchantAddress = "merchant_address",
        Number = "number", IssueDate = "issue_date", DueDate = "due_date", Date = "date", Time = "time",
        Currency = "currency", Subtotal = "subtotal", Tax = "tax", Total = "total", PaymentMethod = "payment_method",
        DocumentType = "document_type", DocumentNumber = "document_number", IssuingCountry = "issuing_country",
        Nationality = "nationality", Surname = "surname", GivenNames = "given_names",
        BirthDate = "birth_date", Sex = "sex", ExpiryDate = "expiry_date",
    }
}

impl FieldName {
    /// The fields of a kind, in the order they are shown.
    #[must_use]
    pub fn of(kind: Kind) -> &'static [Self] {
        use FieldName::*;
        match kind {
            Kind::Invoice => &[
                IssuerName,
                IssuerTaxId,
                RecipientName,
                RecipientTaxId,
                Number,
                IssueDate,
                DueDate,
                Currency,
                Subtotal,
                Tax,
                Total,
            ],
            Kind::Receipt => &[
                MerchantName,
                MerchantTaxId,
                MerchantAddress,
                Date,
                Time,
                Number,
                Currency,
                Subtotal,
                Tax,
                Total,
                PaymentMethod,
            ],
            Kind::Id => &[
                DocumentType,
                DocumentNumber,
                IssuingCountry,
                Nationality,
                Surname,
                GivenNames,
                BirthDate,
                Sex,
                ExpiryDate,
            ],
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
}

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

/// One value and the evidence for it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Field {
    /// Dates ISO 8601, amounts decimal with a point, currencies ISO 4217, countries ISO 3166 alpha-3.
    pub value: String,
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

/// The fields found, by name.
pub type Fields = BTreeMap<FieldName, Field>;
