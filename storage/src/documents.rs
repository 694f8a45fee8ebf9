//! Documents: one row for each that was sent, from its first webhook on.

mod alike;
mod facts;
mod keys;
mod list;
mod missing;
mod order;
mod row;
mod same_bytes;
mod sums;
mod words;

use std::collections::HashMap;

use acuse_pipeline::{
    document::{Kind, Sha256, Status},
    entities::Direction,
    fields::{Entry, Fields},
    intake::shown_by_browsers,
    page::is_cut_note,
    part::Part,
    reading::{Fingerprint, SeenWord},
    reason::Reason,
};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use uuid::Uuid;

pub(crate) use alike::{NEAR, look_alikes, quarters};
pub use facts::{FieldFact, FieldFacts};
pub(crate) use facts::{as_corrected, as_read};
pub(crate) use keys::Extracted;
pub use keys::{Amount, NotAnAmount};
pub use list::DocumentFilter;
pub(crate) use list::page;
pub(crate) use missing::{held, missing};
pub use order::{DocumentCursor, NotACursor, Sort};
pub(crate) use row::{COLUMNS, DocumentRow, key};
pub use sums::{Expected, Sum};
pub(crate) use words::keep as keep_words;
pub use words::{LINES, SEARCH};

pub use crate::words::fold as plain_letters;
use crate::{
    access::Sensitivity,
    catalog::Catalog,
    error::CatalogError,
    names::{
        ContactId, CustomerId, DocumentId, EntityId, KeyId, MessageId, Source, Stage, WaitsFor, json, micros,
    },
    objects::ObjectKey,
    sql::Tx,
};

/// A file in S3.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredObject {
    /// Where.
    pub key: ObjectKey,
    /// Of its bytes.
    pub sha256: Sha256,
    /// Its length.
    pub size_bytes: u64,
}

/// A normalized page in S3.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredPage {
    /// Where.
    pub key: ObjectKey,
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// Whether it is not as it came: cut out of what it lay in, turned upright or set level.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub changed: bool,
    /// The page as it came, where it was changed and no browser shows the original.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub received: Option<ObjectKey>,
}

impl StoredPage {
    /// All objects of it.
    pub fn keys(self) -> impl Iterator<Item = ObjectKey> {
        std::iter::once(self.key).chain(self.received)
    }
}

/// What the sender or channel said of the file. Data, never believed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeclaredFile {
    /// MIME type claimed.
    pub media_type: Option<String>,
    /// File name claimed; never a path.
    pub filename: Option<String>,
    /// Caption.
    pub caption: Option<String>,
    /// Hash claimed.
    pub sha256: Option<Sha256>,
}

/// One document, as its row stands.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Document {
    /// Sorts by arrival.
    pub id: DocumentId,
    /// Who sent it.
    pub contact_id: Option<ContactId>,
    /// The message that carried it.
    pub message_id: Option<MessageId>,
    /// How it came.
    pub source: Source,
    /// The key that brought it, where it came over the API and that was written down.
    pub key_id: Option<KeyId>,
    /// Our number that received it (Meta's id for it).
    pub phone_number_id: Option<String>,
    /// Meta's id of the media; valid until `media_deadline`.
    pub media_id: Option<String>,
    /// Claims about the file.
    pub declared: DeclaredFile,
    /// When the sender sent it.
    pub sent_at: OffsetDateTime,
    /// When we committed it.
    pub received_at: OffsetDateTime,
    /// After this the media id is dead.
    pub media_deadline: Option<OffsetDateTime>,
    /// Where it stands.
    pub status: Status,
    /// What its next task does.
    pub stage: Stage,
    /// Attempts begun at this stage.
    pub attempts: u32,
    /// When the next attempt is due, after a failed one.
    pub next_attempt_at: Option<OffsetDateTime>,
    /// Why the last attempt failed.
    pub last_error: Option<String>,
    /// The bytes as they came.
    pub original: Option<StoredObject>,
    /// Upright pages.
    pub pages: Vec<StoredPage>,
    /// Small picture of the first page.
    pub thumbnail_key: Option<ObjectKey>,
    /// What the content is.
    pub media_type: Option<String>,
    /// Pages of the original.
    pub page_count: Option<u32>,
    /// What it is.
    pub kind: Option<Kind>,
    /// Probability that `kind` is right.
    pub confidence: Option<f64>,
    /// ISO 639-1.
    pub language: Option<String>,
    /// What was read.
    pub fields: Fields,
    /// Where each value comes from.
    pub field_facts: FieldFacts,
    /// Perceptual fingerprint of the first page.
    pub fingerprint: Option<Fingerprint>,
    /// Harmless oddities.
    pub notes: Vec<String>,
    /// Why the reader would not file it; kept through reviews and re-matching.
    pub findings: Vec<Reason>,
    /// Why it waits for a person now; empty when it does not.
    pub reasons: Vec<Reason>,
    /// Whose it is.
    pub customer_id: Option<CustomerId>,
    /// The first of its kind, when this is a resend of it.
    pub duplicate_of: Option<DocumentId>,
    /// What of the file it is, where the file holds several documents; all of it otherwise.
    pub part: Option<Part>,
    /// The first document of that file, when this is a later one.
    pub part_of: Option<DocumentId>,
    /// For whom it waits while it is in review.
    pub waits_for: Option<WaitsFor>,
    /// Goes up with every change; what a reviewer saw.
    pub version: i64,
    /// When it was filed.
    pub filed_at: Option<OffsetDateTime>,
    /// When the row last changed.
    pub updated_at: OffsetDateTime,
    /// Whether it may be an ID: see [`crate::access`].
    pub sensitivity: Sensitivity,
    /// Probability that it is an ID, as the reader saw it.
    pub id_probability: Option<f64>,
    /// When what it said was erased; the row stays for the ledgers.
    pub erased_at: Option<OffsetDateTime>,
    /// Which firm of ours it is of.
    pub entity_id: Option<EntityId>,
    /// Which way its money goes.
    pub direction: Option<Direction>,
}

impl Document {
    /// The first document of the file it came in; itself, unless it is a later part.
    #[must_use]
    pub fn first_of_file(&self) -> DocumentId {
        self.part_of.unwrap_or(self.id)
    }

    /// Whether a page, counted from one, is shown as it came. What was read before pages said so tells of a cut in a note.
    #[must_use]
    pub fn is_shown_as_it_came(&self, page: usize) -> bool {
        let shown = page.checked_sub(1).and_then(|at| self.pages.get(at));
        shown.is_some_and(|page| !page.changed) && !self.has_cut()
    }

    fn has_cut(&self) -> bool {
        self.notes.iter().any(|note| is_cut_note(note))
    }

    /// Whether all of it is one picture, so that a place on it as it came can be pointed at: one that every browser shows, or a
    /// page that was drawn as it lay before it was turned or set level. What a page was cut out of was drawn upright, and how
    /// it lay is not known.
    #[must_use]
    pub fn is_one_picture(&self) -> bool {
        let [page] = self.pages.as_slice() else { return false };
        let is_shown = self.media_type.as_deref().and_then(shown_by_browsers).is_some();
        let is_drawn = page.received.is_some() && !self.has_cut();
        (is_shown || is_drawn) && self.part.is_none() && self.page_count == Some(1)
    }

    /// What its sender called it, for search. Of a part it was said of the whole file, which may hold another's ID.
    pub(crate) fn searched_names(&self) -> DeclaredFile {
        if self.part.is_some() { DeclaredFile::default() } else { self.declared.clone() }
    }
}

/// A page of a list, and the cursor of the next.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Page<T, C> {
    /// The items.
    pub data: Vec<T>,
    /// Pass it as `after` to go on; none at the end.
    pub next: Option<C>,
}

/// Letters and digits only, lower case (a point stays, for amounts): how duplicate search compares.
fn folded(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric() || *c == '.').flat_map(char::to_lowercase).take(256).collect()
}

/// An amount [`folded`], with its minus: a credit note is no copy of the invoice it takes back.
fn signed(amount: &str) -> String {
    let minus = if amount.starts_with('-') { "-" } else { "" };
    format!("{minus}{}", folded(amount))
}

/// Most characters of a document that search looks through.
const SEARCHED_CHARS: usize = 20_000;

/// What search looks through: all that is said of a document.
fn search_text(declared: &DeclaredFile, fields: &Fields, text: &str) -> String {
    let mut all = String::new();
    let parts = [declared.filename.as_deref(), declared.caption.as_deref()].into_iter().flatten();
    let values = fields.values().map(|f| f.value.as_str());
    // What came as XML has no page, so its lines stand in no text.
    let lines = fields.values().flat_map(|f| f.value.entries()).flat_map(entry_texts);
    for part in parts.chain(values).chain(lines).chain([text]) {
        all.extend(part.chars().filter(|c| *c != '\0').take(SEARCHED_CHARS));
        all.push('\n');
    }
    all
}

/// What of a line or a tax somebody would search for.
fn entry_texts(entry: &Entry) -> impl Iterator<Item = &str> {
    let Entry { tax_type, base, description, unit_price, amount, tax, .. } = entry;
    [description, unit_price, amount, tax_type, base, tax].into_iter().filter_map(|text| text.as_deref())
}

/// `%text%` with the wildcards of LIKE taken literally (escape character `!`).
pub(crate) fn like(text: &str) -> String {
    let mut pattern = String::from("%");
    for c in text.chars().filter(|c| *c != '\0').take(200).flat_map(char::to_lowercase) {
        if matches!(c, '%' | '_' | '!') {
            pattern.push('!');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}

pub(crate) async fn lookup(tx: &mut Tx, id: DocumentId) -> Result<Option<Document>, CatalogError> {
    let text = format!("SELECT {COLUMNS} FROM documents WHERE id = $1");
    optional!(tx, DocumentRow, sqlx::AssertSqlSafe(text.clone()), id.0)?.map(Document::try_from).transpose()
}

/// Those of these documents that are there.
pub(crate) async fn several(
    tx: &mut Tx,
    ids: &[Uuid],
) -> Result<HashMap<DocumentId, Document>, CatalogError> {
    let head = format!("SELECT {COLUMNS} FROM documents WHERE id IN (VALUES ");
    let rows = values!(tx, DocumentRow, &head, 1, ")", ids, |q, id| q.bind(*id))?;
    rows.into_iter().map(|row| Document::try_from(row).map(|d| (d.id, d))).collect()
}

/// Makes other transactions that would change a document wait for this one. It comes before its hold and its reviews, and
/// after the contact whose case is stepped with it ([`crate::cases::hold_document`]).
pub(crate) async fn hold(tx: &mut Tx, id: DocumentId) -> Result<(), CatalogError> {
    // SQLite has one writer anyway.
    let sql = tx.pick(
        "SELECT 1 FROM documents WHERE id = $1",
        "SELECT 1 FROM documents WHERE id = $1 FOR NO KEY UPDATE",
    );
    execute!(tx, sql, id.0).map(drop)
}

impl Catalog {
    /// The document, if there is one.
    ///
    /// # Errors
    /// When the database fails or the row is impossible.
    pub async fn document(&self, id: DocumentId) -> Result<Option<Document>, CatalogError> {
        let mut tx = self.reading().await?;
        lookup(&mut tx, id).await
    }

    /// The text read from a document (form feed between pages), kept apart because it is long.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn document_text(&self, id: DocumentId) -> Result<Option<String>, CatalogError> {
        let mut tx = self.reading().await?;
        text(&mut tx, id).await
    }

    /// The words of a document, each with its place on its pages; none of what was read before they were kept.
    ///
    /// # Errors
    /// When the database fails or the row is impossible.
    pub async fn page_words(&self, id: DocumentId) -> Result<Vec<SeenWord>, CatalogError> {
        let mut tx = self.reading().await?;
        let row = optional!(tx, (String,), "SELECT words FROM page_words WHERE document_id = $1", id.0)?;
        row.map_or_else(|| Ok(Vec::new()), |(words,)| json("page_words", "words", &words))
    }

    /// The documents with these very bytes that came before `except`, the first of them first, at most 50. Of a file that
    /// was split that is its first part, whatever became of it. A part has the bytes of its whole file, so it is never
    /// compared by them.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn earlier_with_sha256(
        &self,
        hash: &Sha256,
        except: DocumentId,
    ) -> Result<Vec<Document>, CatalogError> {
        let mut tx = self.reading().await?;
        let text = format!(
            "SELECT {COLUMNS} FROM documents \
             WHERE original_sha256 = $1 AND id < $2 AND part_of IS NULL \
               AND (duplicate_of IS NULL OR part IS NOT NULL) \
               AND NOT EXISTS (SELECT 1 FROM documents p WHERE p.id = $2 AND p.part IS NOT NULL) \
             ORDER BY id LIMIT 50"
        );
        all!(tx, DocumentRow, sqlx::AssertSqlSafe(text.clone()), &hash.0[..], except.0)?
            .into_iter()
            .map(Document::try_from)
            .collect()
    }

    /// Documents that are not fetched yet though five sevenths of the time are over that Meta keeps their media: after five
    /// days of a week, and with a quarter of an hour left of an hour.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn media_expiring(&self, present: OffsetDateTime) -> Result<Vec<Document>, CatalogError> {
        let mut tx = self.reading().await?;
        // `<> 'done'` beside the stage, as its index says it: SQLite does not see that the one follows from the other.
        let text = format!(
            "SELECT {COLUMNS} FROM documents WHERE stage = 'fetch' AND stage <> 'done' \
             AND (media_deadline - $1) * 7 < (media_deadline - sent_at) * 2 ORDER BY media_deadline LIMIT 1000"
        );
        all!(tx, DocumentRow, sqlx::AssertSqlSafe(text.clone()), micros(present))?
            .into_iter()
            .map(Document::try_from)
            .collect()
    }
}

async fn text(tx: &mut Tx, id: DocumentId) -> Result<Option<String>, CatalogError> {
    let row = optional!(tx, (Option<String>,), "SELECT text FROM documents WHERE id = $1", id.0)?;
    Ok(row.and_then(|(text,)| text))
}

/// The text read from a document; empty where there is none.
pub(crate) async fn text_of(tx: &mut Tx, id: DocumentId) -> Result<String, CatalogError> {
    Ok(text(tx, id).await?.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn like_takes_wildcards_literally() {
        assert_eq!(like("50%_A!\0"), "%50!%!_a!!%");
    }

    #[test]
    fn folding_lets_spellings_meet() {
        assert_eq!(folded("F-001/ 00123"), folded("f00100123"));
        assert_eq!(folded("1,234.50"), "1234.50");
    }
}
