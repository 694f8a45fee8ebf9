//! A row of `documents`, parsed: an impossible one names its column.

use acuse_pipeline::reading::Fingerprint;
use uuid::Uuid;

use super::{DeclaredFile, Document, StoredObject};
use crate::{
    error::CatalogError,
    names::{
        ContactId, CustomerId, DocumentId, EntityId, KeyId, MessageId, at, json, maybe_at, number, sha256,
        word,
    },
    objects::ObjectKey,
};

pub(crate) const COLUMNS: &str = "id, contact_id, message_id, source, phone_number_id, media_id, declared_type, \
     declared_filename, caption, declared_sha256, sent_at, received_at, media_deadline, status, stage, attempts, \
     next_attempt_at, last_error, original_key, original_sha256, original_bytes, pages, thumbnail_key, media_type, \
     page_count, kind, confidence, language, fields, fingerprint, notes, findings, reasons, customer_id, duplicate_of, \
     part, part_of, waits_for, version, filed_at, updated_at, sensitivity, id_probability, \
     erased_at, field_facts, entity_id, direction, api_key_id";

#[derive(sqlx::FromRow)]
pub(crate) struct DocumentRow {
    pub(super) id: Uuid,
    contact_id: Option<Uuid>,
    message_id: Option<Uuid>,
    source: String,
    phone_number_id: Option<String>,
    media_id: Option<String>,
    declared_type: Option<String>,
    declared_filename: Option<String>,
    caption: Option<String>,
    declared_sha256: Option<Vec<u8>>,
    sent_at: i64,
    pub(super) received_at: i64,
    media_deadline: Option<i64>,
    status: String,
    stage: String,
    attempts: i64,
    next_attempt_at: Option<i64>,
    last_error: Option<String>,
    original_key: Option<String>,
    original_sha256: Option<Vec<u8>>,
    original_bytes: Option<i64>,
    pages: String,
    thumbnail_key: Option<String>,
    media_type: Option<String>,
    page_count: Option<i64>,
    kind: Option<String>,
    confidence: Option<f64>,
    language: Option<String>,
    fields: String,
    fingerprint: Option<i64>,
    notes: String,
    findings: String,
    reasons: String,
    customer_id: Option<Uuid>,
    duplicate_of: Option<Uuid>,
    part: Option<String>,
    part_of: Option<Uuid>,
    waits_for: Option<String>,
    version: i64,
    filed_at: Option<i64>,
    pub(super) updated_at: i64,
    sensitivity: String,
    id_probability: Option<f64>,
    erased_at: Option<i64>,
    field_facts: String,
    entity_id: Option<Uuid>,
    direction: Option<String>,
    api_key_id: Option<Uuid>,
}

const T: &str = "documents";

/// An object's key out of a column of ours.
pub(crate) fn key(column: &'static str, text: &str) -> Result<ObjectKey, CatalogError> {
    text.parse().map_err(|error: crate::objects::NotAKey| CatalogError::ImpossibleRow {
        table: T,
        column,
        why: error.to_string(),
    })
}

/// The original by its key, its hash and its size: all of them are there, or none.
fn original(
    columns: (Option<String>, Option<Vec<u8>>, Option<i64>),
) -> Result<Option<StoredObject>, CatalogError> {
    match columns {
        (Some(k), Some(hash), Some(size)) => Ok(Some(StoredObject {
            key: key("original_key", &k)?,
            sha256: sha256(T, "original_sha256", &hash)?,
            size_bytes: number(T, "original_bytes", size)?,
        })),
        (None, None, None) => Ok(None),
        _ => Err(CatalogError::ImpossibleRow {
            table: T,
            column: "original_key",
            why: "an original is there only in part".to_owned(),
        }),
    }
}

impl TryFrom<DocumentRow> for Document {
    type Error = CatalogError;

    fn try_from(row: DocumentRow) -> Result<Self, CatalogError> {
        let original = original((row.original_key, row.original_sha256, row.original_bytes))?;
        Ok(Self {
            id: DocumentId(row.id),
            contact_id: row.contact_id.map(ContactId),
            message_id: row.message_id.map(MessageId),
            source: word(T, "source", &row.source)?,
            key_id: row.api_key_id.map(KeyId),
            phone_number_id: row.phone_number_id,
            media_id: row.media_id,
            declared: DeclaredFile {
                media_type: row.declared_type,
                filename: row.declared_filename,
                caption: row.caption,
                sha256: row.declared_sha256.map(|h| sha256(T, "declared_sha256", &h)).transpose()?,
            },
            sent_at: at(T, "sent_at", row.sent_at)?,
            received_at: at(T, "received_at", row.received_at)?,
            media_deadline: maybe_at(T, "media_deadline", row.media_deadline)?,
            status: word(T, "status", &row.status)?,
            stage: word(T, "stage", &row.stage)?,
            attempts: number(T, "attempts", row.attempts)?,
            next_attempt_at: maybe_at(T, "next_attempt_at", row.next_attempt_at)?,
            last_error: row.last_error,
            original,
            pages: json(T, "pages", &row.pages)?,
            thumbnail_key: row.thumbnail_key.map(|k| key("thumbnail_key", &k)).transpose()?,
            media_type: row.media_type,
            page_count: row.page_count.map(|n| number(T, "page_count", n)).transpose()?,
            kind: row.kind.map(|k| word(T, "kind", &k)).transpose()?,
            confidence: row.confidence,
            language: row.language,
            fields: json(T, "fields", &row.fields)?,
            fingerprint: row.fingerprint.map(|bits| Fingerprint(bits.cast_unsigned())),
            notes: json(T, "notes", &row.notes)?,
            findings: json(T, "findings", &row.findings)?,
            reasons: json(T, "reasons", &row.reasons)?,
            customer_id: row.customer_id.map(CustomerId),
            duplicate_of: row.duplicate_of.map(DocumentId),
            part: row.part.map(|text| json(T, "part", &text)).transpose()?,
            part_of: row.part_of.map(DocumentId),
            waits_for: row.waits_for.map(|w| word(T, "waits_for", &w)).transpose()?,
            version: row.version,
            filed_at: maybe_at(T, "filed_at", row.filed_at)?,
            updated_at: at(T, "updated_at", row.updated_at)?,
            sensitivity: word(T, "sensitivity", &row.sensitivity)?,
            id_probability: row.id_probability,
            erased_at: maybe_at(T, "erased_at", row.erased_at)?,
            field_facts: json(T, "field_facts", &row.field_facts)?,
            entity_id: row.entity_id.map(EntityId),
            direction: row.direction.map(|d| word(T, "direction", &d)).transpose()?,
        })
    }
}
