//! What the stages found out about a document, and the columns of its row that keep it.

use acuse_pipeline::{
    diagnostic::Diagnostic,
    document::Kind,
    fields::Fields,
    part::Part,
    reading::{Fingerprint, SeenWord},
    reason::Reason,
};

use crate::{
    abstention,
    access::{Rule, settle},
    documents::{self, Extracted, StoredObject, StoredPage, as_read, keep_words},
    entities,
    error::CatalogError,
    names::{DocumentId, clean, clean_maybe, micros, to_json},
    objects::ObjectKey,
    sql::Tx,
    vendors::{Recalled, keep_recalled},
};

/// What the `fetch` stage found.
#[derive(Debug, Clone)]
pub struct Fetched {
    /// The bytes as they came, in S3.
    pub original: StoredObject,
    /// MIME type that the server of the bytes declared.
    pub media_type: Option<String>,
}

/// What the `read` stage found.
#[derive(Debug, Clone)]
pub struct ReadFacts {
    /// What of the file was read; all of it where none is named.
    pub part: Option<Part>,
    /// What the content is.
    pub media_type: String,
    /// Pages of the original.
    pub page_count: u32,
    /// Upright pages in S3.
    pub pages: Vec<StoredPage>,
    /// Small picture in S3.
    pub thumbnail_key: Option<ObjectKey>,
    /// What it is.
    pub kind: Option<Kind>,
    /// Probability that `kind` is right.
    pub confidence: f64,
    /// Probability that it is an ID; unknown of what could not be opened.
    pub id_probability: Option<f64>,
    /// Probability that nothing of a bill that would be filed is wrong.
    pub sure: Option<f64>,
    /// ISO 639-1.
    pub language: Option<String>,
    /// What was read.
    pub fields: Fields,
    /// All text.
    pub text: String,
    /// Its words, each with its place.
    pub words: Vec<SeenWord>,
    /// Of the first page.
    pub fingerprint: Option<Fingerprint>,
    /// Harmless oddities.
    pub notes: Vec<String>,
    /// What memory said of it.
    pub recalled: Option<Recalled>,
    /// Why the reader would not file it; empty when it would.
    pub findings: Vec<Reason>,
    /// What failed on the way and cost a part of it, for the timeline.
    pub diagnostics: Vec<Diagnostic>,
    /// Where the time went, for the timeline.
    pub duration_ms: u64,
}

/// The bytes as they came, and what their server called them.
pub(super) async fn keep_original(
    tx: &mut Tx,
    id: DocumentId,
    fetched: &Fetched,
) -> Result<(), CatalogError> {
    let original = &fetched.original;
    execute!(
        tx,
        "UPDATE documents SET original_key = $2, original_sha256 = $3, original_bytes = $4, media_type = $5 \
         WHERE id = $1",
        id.0,
        original.key.as_str(),
        &original.sha256.0[..],
        i64::try_from(original.size_bytes).unwrap_or(i64::MAX),
        clean_maybe(fetched.media_type.as_deref())
    )?;
    Ok(())
}

/// Keeps what was read; whether it was read of what the document is now, and not of a file since split.
pub(super) async fn keep_facts(
    tx: &mut Tx,
    rule: &Rule,
    id: DocumentId,
    facts: &ReadFacts,
) -> Result<bool, CatalogError> {
    let Some(document) = documents::lookup(tx, id).await?.filter(|d| d.part == facts.part) else {
        return Ok(false);
    };
    let keys = Extracted::from(&facts.fields);
    execute!(
        tx,
        "UPDATE documents SET media_type = $2, page_count = $3, pages = $4, thumbnail_key = $5, kind = $6, \
         confidence = $7, language = $8, fields = $9, text = $10, fingerprint = $11, notes = $12, findings = $13, \
         party = $14, number = $15, doc_date = $16, total = $17, currency = $18, search = NULL, id_probability = $19, sensitivity_by = NULL, \
         field_facts = $20 WHERE id = $1",
        id.0,
        clean(&facts.media_type),
        i64::from(facts.page_count),
        to_json("pages", &facts.pages)?,
        facts.thumbnail_key.as_ref().map(ObjectKey::as_str),
        facts.kind.map(Kind::as_str),
        facts.confidence,
        clean_maybe(facts.language.as_deref()),
        to_json("fields", &facts.fields)?,
        clean(&facts.text),
        facts.fingerprint.map(|f| f.0.cast_signed()),
        to_json("notes", &facts.notes)?,
        to_json("findings", &facts.findings)?,
        keys.party.as_deref(),
        keys.number.as_deref(),
        keys.doc_date.as_deref(),
        keys.total.as_deref(),
        keys.currency.as_deref(),
        facts.id_probability,
        clean(&to_json("field_facts", &as_read(facts.kind, &facts.fields, &facts.words))?)
    )?;
    let place = (id.0, micros(document.received_at));
    keep_words(tx, place, &document.searched_names(), &facts.fields, &facts.text).await?;
    execute!(
        tx,
        "INSERT INTO page_words (document_id, words) VALUES ($1, $2) \
         ON CONFLICT (document_id) DO UPDATE SET words = excluded.words",
        id.0,
        clean(&to_json("words", &facts.words)?)
    )?;
    keys.write_for_lists(tx, id.0).await?;
    keep_recalled(tx, id, facts.recalled.as_ref()).await?;
    abstention::judged(tx, id, facts.kind, facts.sure).await?;
    entities::settle(tx, id).await?;
    settle(tx, rule, id).await?;
    Ok(true)
}
