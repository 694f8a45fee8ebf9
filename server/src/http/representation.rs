//! What a client reads: our rows as JSON with RFC 3339 times, and what must be withheld withheld.

use std::collections::BTreeMap;

use acuse_pipeline::{
    document::{Kind, Status},
    entities::Direction,
    fields::{Field, FieldName},
    part::Part,
    reason::{Reason, ReasonCode},
};
use acuse_storage::{
    CustomerId, Document, DocumentId, ReviewId, Sensitivity,
    documents::FieldFact,
    names::{ContactId, EntityId, Source},
    reviews::Review,
    timeline::TimelineEntry,
};
use serde::Serialize;
use serde_json::{Value, json};
use time::OffsetDateTime;

use crate::{access::Sight, problem::Problem};

/// A document, as the API shows it.
#[derive(Debug, Serialize)]
pub struct DocumentView {
    id: DocumentId,
    status: Status,
    kind: Option<Kind>,
    confidence: Option<f64>,
    language: Option<String>,
    fields: BTreeMap<FieldName, FieldView>,
    reasons: Vec<Reason>,
    notes: Vec<String>,
    customer_id: Option<CustomerId>,
    contact_id: Option<ContactId>,
    /// Which firm of ours it is of.
    entity_id: Option<EntityId>,
    /// Which way its money goes.
    direction: Option<Direction>,
    /// Whether it came before.
    is_duplicate: bool,
    /// Which one that was, if that exists for whoever asks.
    duplicate_of: Option<DocumentId>,
    /// Its pages, or its place on a page, of a file that holds several documents.
    part: Option<Part>,
    /// The first document of that file.
    part_of: Option<DocumentId>,
    source: Source,
    media_type: Option<String>,
    pages: Option<u32>,
    filename: Option<String>,
    caption: Option<String>,
    size_bytes: Option<u64>,
    sha256: Option<String>,
    #[serde(with = "time::serde::rfc3339")]
    sent_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    received_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339::option")]
    filed_at: Option<OffsetDateTime>,
    #[serde(with = "time::serde::rfc3339")]
    updated_at: OffsetDateTime,
    /// When it was erased: what it said is gone for ever, and the row stays for the ledgers.
    #[serde(with = "time::serde::rfc3339::option")]
    erased_at: Option<OffsetDateTime>,
    version: i64,
    /// `open`, `id` or `unknown`: only what is open is shown without `ids:read`.
    sensitivity: Sensitivity,
    /// Whether `fields` and content need `ids:read`, which the caller lacks.
    withheld: bool,
}

impl DocumentView {
    /// What of a document its caller may see.
    #[must_use]
    pub fn new(seen: Sight) -> Self {
        let size_bytes = seen.size_bytes();
        let document = &*seen;
        Self {
            id: document.id,
            status: document.status,
            kind: document.kind,
            confidence: document.confidence,
            language: document.language.clone(),
            fields: fields(document),
            reasons: document.reasons.clone(),
            notes: document.notes.clone(),
            customer_id: document.customer_id,
            contact_id: document.contact_id,
            entity_id: document.entity_id,
            direction: document.direction,
            is_duplicate: document.duplicate_of.is_some(),
            duplicate_of: seen.first(),
            part: document.part,
            part_of: seen.part_of(),
            source: document.source,
            media_type: document.media_type.clone(),
            pages: document.page_count,
            filename: document.declared.filename.clone(),
            caption: document.declared.caption.clone(),
            size_bytes,
            sha256: document.original.as_ref().map(|o| o.sha256.to_string()),
            sent_at: document.sent_at,
            received_at: document.received_at,
            filed_at: document.filed_at,
            updated_at: document.updated_at,
            erased_at: document.erased_at,
            version: document.version,
            sensitivity: document.sensitivity,
            withheld: seen.is_withheld(),
        }
    }
}

/// A field with its proof.
#[derive(Debug, Serialize)]
struct FieldView {
    #[serde(flatten)]
    field: Field,
    #[serde(flatten)]
    fact: FieldFact,
}

fn fields(document: &Document) -> BTreeMap<FieldName, FieldView> {
    let view = |name: &FieldName, field: &Field| FieldView {
        field: field.clone(),
        fact: document.field_facts.get(name).cloned().unwrap_or_default(),
    };
    document.fields.iter().map(|(name, field)| (*name, view(name, field))).collect()
}

/// Which members of a document are wanted: `fields=` of a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Members(Option<Vec<String>>);

impl Members {
    /// Out of the query; all where nothing is said.
    ///
    /// # Errors
    /// 400 for what no document has.
    pub fn of(text: Option<&str>) -> Result<Self, Problem> {
        let Some(text) = text.filter(|t| !t.trim().is_empty()) else { return Ok(Self(None)) };
        let wanted: Vec<String> = text.split(',').map(|name| name.trim().to_owned()).collect();
        match wanted.iter().find(|name| !DOCUMENT_MEMBERS.contains(&name.as_str())) {
            Some(unknown) => Err(Problem::Unprocessable(format!(
                "fields: {unknown:?} is none of {}",
                DOCUMENT_MEMBERS.join(",")
            ))),
            None => Ok(Self(Some(wanted))),
        }
    }

    /// A document with these members, and always its id.
    ///
    /// # Errors
    /// When it cannot be written, which would be ours.
    pub fn of_document(&self, view: DocumentView) -> Result<Told, Problem> {
        let Some(wanted) = &self.0 else { return Ok(Told::All(Box::new(view))) };
        let mut all = serde_json::to_value(view).map_err(|e| Problem::Internal(e.into()))?;
        if let Value::Object(members) = &mut all {
            members.retain(|name, _| name == "id" || wanted.contains(name));
        }
        Ok(Told::Some(all))
    }
}

/// A document, or what is wanted of it.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Told {
    /// All of it.
    All(Box<DocumentView>),
    /// Some members.
    Some(Value),
}

/// The members of a [`DocumentView`]; a test holds them to the description.
pub const DOCUMENT_MEMBERS: &[&str] = &[
    "id",
    "status",
    "kind",
    "confidence",
    "language",
    "fields",
    "reasons",
    "notes",
    "customer_id",
    "contact_id",
    "entity_id",
    "direction",
    "is_duplicate",
    "duplicate_of",
    "part",
    "part_of",
    "source",
    "media_type",
    "pages",
    "filename",
    "caption",
    "size_bytes",
    "sha256",
    "sent_at",
    "received_at",
    "filed_at",
    "updated_at",
    "erased_at",
    "version",
    "sensitivity",
    "withheld",
];

/// A review with its document.
#[derive(Debug, Serialize)]
pub struct ReviewView {
    id: ReviewId,
    document_id: DocumentId,
    reasons: Vec<Reason>,
    #[serde(with = "time::serde::rfc3339")]
    opened_at: OffsetDateTime,
    claimed_by: Option<String>,
    #[serde(with = "time::serde::rfc3339::option")]
    claim_expires_at: Option<OffsetDateTime>,
    document: DocumentView,
}

impl ReviewView {
    /// As far as its document may be seen.
    #[must_use]
    pub fn new(review: Review, document: Sight) -> Self {
        Self {
            id: review.id,
            document_id: review.document_id,
            reasons: document.reasons(review.reasons),
            opened_at: review.opened_at,
            claimed_by: review.claimed_by,
            claim_expires_at: review.claim_expires_at,
            document: DocumentView::new(document),
        }
    }

    /// Why it waits, the gravest first.
    #[must_use]
    pub fn codes(&self) -> Vec<ReasonCode> {
        self.reasons.iter().map(|r| r.code).collect()
    }
}

/// One line of a timeline.
#[derive(Debug, Serialize)]
pub struct EntryView {
    #[serde(with = "time::serde::rfc3339")]
    at: OffsetDateTime,
    stage: Option<&'static str>,
    event: String,
    detail: Value,
}

impl EntryView {
    /// The particulars of an ID's timeline may quote it, so they are withheld with it.
    #[must_use]
    pub fn new(entry: TimelineEntry, withheld: bool) -> Self {
        Self {
            at: entry.at,
            stage: entry.stage.map(acuse_storage::names::Stage::as_str),
            event: entry.event,
            detail: if withheld { json!({}) } else { entry.detail },
        }
    }
}

/// The fields of a document in the order they are shown.
#[must_use]
pub fn in_order(kind: Option<Kind>) -> &'static [FieldName] {
    kind.map_or(&[], FieldName::of)
}
