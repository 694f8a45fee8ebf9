//! Why a document waits for a person.

use serde::{Deserialize, Serialize};

use crate::{document::words, fields::FieldName};

words! {
    /// The closed list of reasons.
    ReasonCode, "reason" {
        UnsupportedType = "unsupported_type", TypeMismatch = "type_mismatch", Corrupt = "corrupt",
        Encrypted = "encrypted", TooLarge = "too_large", DecompressionBomb = "decompression_bomb",
        ActiveContent = "active_content", Malware = "malware", Unreadable = "unreadable",
        LowConfidence = "low_confidence", NotADocument = "not_a_document",
        MultipleDocuments = "multiple_documents", MissingFields = "missing_fields",
        ChecksFailed = "checks_failed", Expired = "expired", UnknownCustomer = "unknown_customer",
        AmbiguousCustomer = "ambiguous_customer", PossibleDuplicate = "possible_duplicate",
        MediaUnavailable = "media_unavailable", RetriesExhausted = "retries_exhausted",
    }
}

/// What `not_a_document` tells of a picture with hardly a letter: how many there are.
pub const LETTERS: &str = "letters";

/// What `checks_failed` tells of the fields that it is about.
pub const FIELDS: &str = "fields";

/// A reason with what the reviewer needs to decide.
///
/// `detail` is a JSON object whose keys depend on the code: `limit` and `size` for limits, `candidates` for
/// `ambiguous_customer` and `possible_duplicate`, `check`, `left` and `right` for `checks_failed` and, where it is about what
/// some fields say and about nothing else, `fields`, `missing` for `missing_fields`, `documents` for `multiple_documents`, `kind` and `confidence` for `low_confidence`, `detected` and `declared` for type reasons.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reason {
    /// Which of the closed list.
    pub code: ReasonCode,
    /// One plain English sentence for the reviewer.
    pub message: String,
    /// The particulars.
    #[serde(default)]
    pub detail: serde_json::Map<String, serde_json::Value>,
}

impl Reason {
    /// A reason without particulars.
    pub fn new(code: ReasonCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), detail: serde_json::Map::new() }
    }

    /// The same, about what these fields say: once a person says otherwise it is about nothing any more.
    #[must_use]
    pub fn about(self, fields: &[FieldName]) -> Self {
        let names: Vec<&str> = fields.iter().map(|name| name.as_str()).collect();
        self.with(FIELDS, names)
    }

    /// The fields that it is about; none where it is about the file, or about more than they say.
    #[must_use]
    pub fn fields(&self) -> Vec<FieldName> {
        let named = self.detail.get(FIELDS).and_then(serde_json::Value::as_array).into_iter().flatten();
        named.filter_map(|name| name.as_str()?.parse().ok()).collect()
    }

    /// Adds one particular.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<serde_json::Value>) -> Self {
        self.detail.insert(key.to_owned(), value.into());
        self
    }
}
