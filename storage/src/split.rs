//! A file that holds several documents becomes that many: its row stays as the first of them, the others get rows of
//! their own, and each is read by itself. The file in S3 is one, and all of them point at it.

use acuse_pipeline::{
    part::{Part, PartError},
    reason::ReasonCode,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::{
    catalog::Catalog,
    documents::{self, COLUMNS, Document, DocumentRow},
    error::CatalogError,
    events::{self, NewEvent},
    names::{DocumentId, Stage, micros, to_json},
    queue::{Push, Queue, push},
    sql::Tx,
    stages::{Step, leave},
    timeline::{self, Entry},
    words::DOCUMENTS,
};

/// More pages than any file may have: see `Limits::pages`. The count of a file's pages is its reader's word.
const MOST_PAGES: u32 = 1_000;

/// Parts that split a document: each of its pages is in one, or in places of its own. They count the pages of the file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Split(Vec<Part>);

/// Why a document is not split like that.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoSplit {
    /// The parts do not make the whole.
    #[error("parts: {0}")]
    Parts(#[from] PartError),
    /// Nobody has seen its pages.
    #[error("this document has no pages to split: it was not opened")]
    NoPages,
    /// More pages than a file may have.
    #[error("a file of so many pages is not split")]
    TooManyPages,
    /// It was cut out of a page, and its picture may lie otherwise than that page.
    #[error("this document is itself cut out of a page; it is not cut again")]
    CutOut,
    /// The picture is not the page as the reader saw it, so a box on it says nothing.
    #[error(
        "parts: a box is a place on the page as it is shown, and this page was cut out of its picture, turned or levelled; \
         of a picture say as_it_came with each box: it is then a place on the picture as it came"
    )]
    Boxes,
    /// It came as no picture that anybody could point at a place on.
    #[error(
        "parts: as_it_came is said of a file that is one picture (JPEG, PNG, WebP, GIF, BMP), or one page that was turned or \
         levelled and is there as it lay (variant=received)"
    )]
    NoPicture,
}

impl Split {
    /// A whole file of so many pages.
    ///
    /// # Errors
    /// Why these parts do not split it.
    pub fn of_file(parts: Vec<Part>, page_count: u32) -> Result<Self, NoSplit> {
        if page_count > MOST_PAGES {
            return Err(NoSplit::TooManyPages);
        }
        Part::split(&parts, 1..=page_count)?;
        Ok(Self(parts))
    }

    /// A document as a person sees it; its pages count from one, also where it is a part itself.
    ///
    /// # Errors
    /// Why it is not split, or not like that.
    pub fn of_document(document: &Document, parts: Vec<Part>) -> Result<Self, NoSplit> {
        let seen = document.pages.len();
        let page_count = document.page_count.filter(|_| seen > 0).ok_or(NoSplit::NoPages)?;
        if document.part.is_some_and(|part| part.bbox().is_some()) {
            return Err(NoSplit::CutOut);
        }
        let Self(parts) = Self::of_file(parts, page_count)?;
        if let Some(why) = parts.iter().find_map(|part| misplaced(document, part)) {
            return Err(why);
        }
        let Some(outer) = document.part else { return Ok(Self(parts)) };
        parts.iter().map(|part| part.within(&outer)).collect::<Option<_>>().map(Self).ok_or(NoSplit::CutOut)
    }

    /// The parts, in order.
    #[must_use]
    pub fn parts(&self) -> &[Part] {
        &self.0
    }
}

/// Why a part's box is no place in a document's file. A page on which the reader found several was left as it saw it.
fn misplaced(document: &Document, part: &Part) -> Option<NoSplit> {
    part.bbox()?;
    if part.is_as_it_came() {
        return (!document.is_one_picture()).then_some(NoSplit::NoPicture);
    }
    let page = *part.range().end() as usize;
    let several = document.findings.iter().any(|r| r.code == ReasonCode::MultipleDocuments);
    let is_seen = page <= document.pages.len() && (several || document.is_shown_as_it_came(page));
    (!is_seen).then_some(NoSplit::Boxes)
}

impl Catalog {
    /// The reader is sure which documents a file holds: from `read` back to `read`, each by itself. A part is not split
    /// again, so this happens once.
    ///
    /// # Errors
    /// When the database fails or the row is impossible.
    pub async fn split(&self, id: DocumentId, split: &Split) -> Result<Step, CatalogError> {
        let mut tx = self.writing().await?;
        if !leave(&mut tx, id, Stage::Read, "processing", Stage::Read).await? {
            return Ok(Step::Stale);
        }
        if documents::lookup(&mut tx, id).await?.is_none_or(|document| document.part.is_some()) {
            return Ok(Step::Stale);
        }
        take_apart(&mut tx, id, split, Stage::Read, Map::new()).await?;
        tx.commit().await?;
        Ok(Step::Taken)
    }

    /// The documents that came in one file, by their place in it; only the document itself where it is the whole file.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn of_one_file(&self, document: &Document) -> Result<Vec<Document>, CatalogError> {
        let mut tx = self.reading().await?;
        let text =
            format!("SELECT {COLUMNS} FROM documents WHERE id = $1 OR part_of = $1 ORDER BY id LIMIT 1000");
        let rows = all!(tx, DocumentRow, sqlx::AssertSqlSafe(text.clone()), document.first_of_file().0)?;
        let mut found = rows.into_iter().map(Document::try_from).collect::<Result<Vec<_>, _>>()?;
        found.sort_by_key(|d| (d.part.map_or(0, |part| *part.range().start()), d.id));
        Ok(found)
    }
}

/// Makes a document, which the caller has moved to `read`, the first of several, and the others; all their ids. `said`
/// goes into the timeline and the event beside the parts.
pub(crate) async fn take_apart(
    tx: &mut Tx,
    id: DocumentId,
    split: &Split,
    stage: Stage,
    mut said: Map<String, Value>,
) -> Result<Vec<DocumentId>, CatalogError> {
    let missing = || CatalogError::Missing { what: "document" };
    let whole = documents::lookup(tx, id).await?.ok_or_else(missing)?;
    let first_of_file = whole.first_of_file();
    let ids: Vec<DocumentId> =
        std::iter::once(id).chain(split.parts().iter().skip(1).map(|_| DocumentId::generate())).collect();
    let named: Vec<(DocumentId, Part)> = ids.iter().copied().zip(split.parts().iter().copied()).collect();
    forget(tx, &whole).await?;
    let mut tasks = Vec::with_capacity(ids.len());
    for (new, part) in &named {
        let task = Push::document(*new, None)?;
        let part = to_json("part", part)?;
        if *new == id {
            execute!(
                tx,
                "UPDATE documents SET part = $2, task_id = $3 WHERE id = $1",
                id.0,
                part.as_str(),
                task.task_id.as_str()
            )?;
        } else {
            // One message is one row, so the message stays with the first; whom to answer is inherited.
            let present = tx.now();
            execute!(
                tx,
                "INSERT INTO documents (id, part, part_of, task_id, updated_at, contact_id, source, phone_number_id, \
                 declared_type, declared_filename, caption, declared_sha256, sent_at, received_at, status, stage, \
                 original_key, original_sha256, original_bytes, media_type, customer_id, api_key_id) \
                 SELECT $2, $3, $4, $5, $6, contact_id, source, phone_number_id, \
                 declared_type, declared_filename, caption, declared_sha256, sent_at, received_at, status, stage, \
                 original_key, original_sha256, original_bytes, media_type, customer_id, api_key_id \
                 FROM documents WHERE id = $1",
                id.0,
                new.0,
                part.as_str(),
                first_of_file.0,
                task.task_id.as_str(),
                micros(present)
            )?;
        }
        tasks.push(task);
    }
    push(tx, Queue::Read, tasks).await?;
    let parts = named.iter().map(|(new, part)| placed(*new, part)).collect::<Result<Vec<_>, _>>()?;
    said.insert("parts".to_owned(), Value::Array(parts));
    tell(tx, &whole, &ids, stage, Value::Object(said)).await?;
    Ok(ids)
}

/// A part with its document's id, as JSON.
fn placed(id: DocumentId, part: &Part) -> Result<Value, CatalogError> {
    let mut told =
        serde_json::to_value(part).map_err(|source| CatalogError::Encode { what: "a part", source })?;
    told["document_id"] = json!(id);
    Ok(told)
}

/// Takes away what was read of the whole. Its customer goes too, where `link` had found it: it was found by what all
/// of it says.
async fn forget(tx: &mut Tx, whole: &Document) -> Result<(), CatalogError> {
    execute!(tx, "DELETE FROM page_words WHERE document_id = $1", whole.id.0)?;
    execute!(
        tx,
        "UPDATE documents SET pages = '[]', thumbnail_key = NULL, page_count = NULL, kind = NULL, confidence = NULL, \
         language = NULL, id_probability = NULL, sensitivity = 'unknown', sensitivity_by = NULL, fields = '{}', text = NULL, \
         fingerprint = NULL, notes = '[]', findings = '[]', reasons = '[]', awaits_customer = FALSE, waits_for = NULL, \
         party = NULL, number = NULL, doc_date = NULL, total = NULL, \
         currency = NULL, issuer = NULL, issuer_tax_id = NULL, amount = NULL, search = NULL, attempts = 0, next_attempt_at = NULL, last_error = NULL, \
         customer_id = CASE WHEN EXISTS (SELECT 1 FROM timeline t WHERE t.document_id = $1 AND t.event = 'linked') \
           THEN NULL ELSE customer_id END WHERE id = $1",
        whole.id.0
    )?;
    DOCUMENTS.forget(tx, whole.id.0).await
}

/// Every row's timeline begins or goes on with the split; those who follow the events hear of each new document.
async fn tell(
    tx: &mut Tx,
    whole: &Document,
    ids: &[DocumentId],
    stage: Stage,
    detail: Value,
) -> Result<(), CatalogError> {
    let at = tx.now();
    let first_of_file = whole.first_of_file();
    let entry = |id: DocumentId, stage: Stage, detail: Value| Entry {
        document: Some(id),
        contact: None,
        at,
        stage: Some(stage),
        event: "split",
        detail,
    };
    let others = || ids.iter().skip(1).copied();
    let mut entries = vec![entry(whole.id, stage, detail.clone())];
    entries.extend(others().map(|id| entry(id, Stage::Read, json!({ "part_of": first_of_file }))));
    timeline::write(tx, &entries).await?;
    let mut told = vec![NewEvent { kind: "document.split", document: Some(whole.id), data: detail }];
    // Whose they are is what is left of that of the whole.
    let sql = "SELECT customer_id FROM documents WHERE id = $1";
    let (customer,) = one!(tx, (Option<Uuid>,), sql, whole.id.0)?;
    let mut came =
        json!({ "source": whole.source, "contact_id": whole.contact_id, "part_of": first_of_file });
    if let Some(customer) = customer {
        came["customer_id"] = json!(customer);
    }
    told.extend(others().map(|id| NewEvent {
        kind: "document.received",
        document: Some(id),
        data: came.clone(),
    }));
    events::write(tx, &told).await
}
