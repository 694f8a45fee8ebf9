//! The error object Meta puts at three levels: the change, the message, the status.

use serde_json::Value;

use super::fields::{list, number, text};

/// Meta could not take the file a person sent (too large, or its platform failed).
pub const MEDIA_DOWNLOAD_FAILED: i64 = 131_052;

/// One of Meta's errors. Route on `code`; the rest is for people.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MetaError {
    /// The code, by which everything is decided.
    pub code: Option<i64>,
    /// A short title.
    pub title: Option<String>,
    /// The title again, or more.
    pub message: Option<String>,
    /// What happened, in a sentence.
    pub details: Option<String>,
}

impl MetaError {
    pub(super) fn read(value: &Value) -> Self {
        let data = value.get("error_data");
        Self {
            code: number(value, "code"),
            title: text(value, "title"),
            message: text(value, "message"),
            // An object with details, or a plain string.
            details: data.and_then(|d| text(d, "details").or_else(|| d.as_str().map(str::to_owned))),
        }
    }

    pub(super) fn all(value: &Value) -> Vec<Self> {
        list(value, "errors").iter().map(Self::read).collect()
    }
}
