//! What a task says.

use serde::{Deserialize, Serialize};

use crate::{
    names::{CaseId, ContactId, DocumentId},
    outbox::Line,
};

/// The version of the payloads below. A worker that meets a higher one must leave the task to a newer worker.
pub const TASK_VERSION: u32 = 1;

/// Work on one document, in the lanes `fetch`, `read`, `link` and `hold`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DocumentTask {
    /// [`TASK_VERSION`] when it was pushed.
    pub version: u32,
    /// Whose turn it is.
    pub document_id: DocumentId,
}

impl DocumentTask {
    /// A task of this version.
    #[must_use]
    pub fn new(document_id: DocumentId) -> Self {
        Self { version: TASK_VERSION, document_id }
    }
}

/// What a case waits for is due.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaseTask {
    /// [`TASK_VERSION`] when it was pushed.
    pub version: u32,
    /// Whose turn it is.
    pub case_id: CaseId,
}

impl CaseTask {
    /// A task of this version.
    #[must_use]
    pub fn new(case_id: CaseId) -> Self {
        Self { version: TASK_VERSION, case_id }
    }
}

/// Sending what waits in one line, in order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplyTask {
    /// [`TASK_VERSION`] when it was pushed.
    pub version: u32,
    /// Whose turn it is.
    pub contact_id: ContactId,
    /// From which of our numbers; none in tasks from before there were lines: from any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone_number_id: Option<String>,
}

impl ReplyTask {
    /// A task of this version.
    #[must_use]
    pub fn new(line: &Line) -> Self {
        Self { version: TASK_VERSION, contact_id: line.contact, phone_number_id: Some(line.number.clone()) }
    }

    /// The line to serve; none: all of the contact's.
    #[must_use]
    pub fn line(&self) -> Option<Line> {
        let number = self.phone_number_id.clone()?;
        Some(Line { contact: self.contact_id, number })
    }
}
