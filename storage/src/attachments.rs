//! Files that messages of ours bring: a page or the PDF of a document, or what a person put beside their words.
//!
//! A file of a document is one row, however many messages bring it. What a person sent lies in a folder of its own among
//! the documents' objects, sealed as they are, and no document has it. Beside each stands by which id Meta has it, for each
//! of our numbers: it is uploaded before its message is paid for ([`crate::dispatch`]), as often as that takes.

mod header;

use acuse_pipeline::{
    document::{DocumentId, Kind, Sha256},
    reason::{Reason, ReasonCode},
};
use acuse_whatsapp::graph::FileType;
use time::OffsetDateTime;
use uuid::Uuid;

pub(crate) use header::of_header;

use crate::{
    access::Sensitivity,
    catalog::Catalog,
    documents::{Document, StoredObject, key},
    error::CatalogError,
    merges::with_merged,
    names::{AttachmentId, OutboxId, cut, maybe_at, micros, number, sha256},
    notices,
    objects::ObjectKey,
    outbox::{OutboxMessage, Wait, line_of, wake},
    sql::Tx,
};

const T: &str = "attachments";
/// Longest name that is kept, characters.
const NAME_CHARS: usize = 120;

/// A file that a person puts beside their words. Its bytes are in the store already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewFile {
    /// Its id, of which its object's key was made ([`NewFile::folder`]).
    pub id: AttachmentId,
    /// Its bytes.
    pub stored: StoredObject,
    /// What it is.
    pub file_type: FileType,
    /// What it is called.
    pub filename: String,
}

impl NewFile {
    /// The folder in which the objects of an attachment lie; no document has it.
    #[must_use]
    pub fn folder(id: AttachmentId) -> DocumentId {
        DocumentId(id.0)
    }
}

/// A file as its message brings it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// Its id.
    pub id: AttachmentId,
    /// Whose file it is; none: a person of us sent it.
    pub document_id: Option<DocumentId>,
    /// Its bytes; their length is 0 where nobody counted them.
    pub object: StoredObject,
    /// What it is.
    pub file_type: FileType,
    /// What it is called.
    pub filename: Option<String>,
    /// By which id Meta has it for the number, and since when.
    pub upload: Option<(String, OffsetDateTime)>,
}

/// What there is of the file of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// It may go.
    Here(Box<Attachment>),
    /// It was erased.
    Erased,
    /// What its document says is not for everybody's eyes any more.
    Withheld,
}

type Row = (
    Option<String>,
    Option<Vec<u8>>,
    String,
    Option<String>,
    Option<Uuid>,
    Option<String>,
    Option<String>,
    Option<i64>,
    i64,
);

/// What is kept of a file.
struct Kept<'a> {
    id: AttachmentId,
    document: Option<DocumentId>,
    object: &'a ObjectKey,
    sha256: Sha256,
    file_type: FileType,
    filename: Option<String>,
    size_bytes: Option<u64>,
}

/// Keeps a file, unless it is kept already; its id. It is as new as what asked for it last, and [`prune`] leaves it to the
/// message that is about to be queued.
async fn keep(tx: &mut Tx, file: Kept<'_>) -> Result<AttachmentId, CatalogError> {
    let present = micros(tx.now());
    let (id,) = one!(
        tx,
        (Uuid,),
        "INSERT INTO attachments (id, document_id, object_key, sha256, media_type, filename, size_bytes, created_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) \
         ON CONFLICT (object_key) DO UPDATE SET created_at = excluded.created_at RETURNING id",
        file.id.0,
        file.document.map(|d| d.0),
        file.object.as_str(),
        &file.sha256.0[..],
        file.file_type.mime(),
        file.filename.as_deref().map(|name| cut(name, NAME_CHARS)),
        file.size_bytes.map(|size| i64::try_from(size).unwrap_or(i64::MAX)),
        present
    )?;
    Ok(AttachmentId(id))
}

/// Keeps a person's file for the message that is about to be queued.
pub(crate) async fn of_person(tx: &mut Tx, file: &NewFile) -> Result<AttachmentId, CatalogError> {
    let kept = Kept {
        id: file.id,
        document: None,
        object: &file.stored.key,
        sha256: file.stored.sha256,
        file_type: file.file_type,
        filename: Some(file.filename.clone()),
        size_bytes: Some(file.stored.size_bytes),
    };
    keep(tx, kept).await
}

/// What of a document may be shown in a message: of one page the picture that we drew, of several the PDF as it came, where
/// nothing in it was found to be dangerous. Only of what everybody may see; none where there is nothing to show.
pub(crate) async fn of_document(
    tx: &mut Tx,
    document: &Document,
) -> Result<Option<AttachmentId>, CatalogError> {
    match shown(document) {
        Some(shown) => keep_shown(tx, document, shown).await.map(Some),
        None => Ok(None),
    }
}

/// An object of a document that may be sent: where it is, its hash, what it is and how long.
type Shown<'a> = (&'a ObjectKey, Sha256, FileType, Option<u64>);

async fn keep_shown(
    tx: &mut Tx,
    document: &Document,
    (object, sha256, file_type, size_bytes): Shown<'_>,
) -> Result<AttachmentId, CatalogError> {
    let name = document.kind.map_or("document", Kind::as_str);
    let kept = Kept {
        id: AttachmentId::generate(),
        document: Some(document.id),
        object,
        sha256,
        file_type,
        filename: Some(format!("{name}.{}", file_type.extension())),
        size_bytes,
    };
    keep(tx, kept).await
}

fn shown(document: &Document) -> Option<Shown<'_>> {
    let picture = as_picture(document);
    if document.pages.len() > 1 { as_pdf(document).or(picture) } else { picture }
}

/// Whether anything of a document may be shown in a message: everybody may see it, and nothing dangerous was found.
fn is_shown(document: &Document) -> bool {
    let is_dangerous =
        |reason: &Reason| reason.code == ReasonCode::Malware || reason.detail.contains_key("unscanned");
    document.sensitivity == Sensitivity::Open
        && document.erased_at.is_none()
        && !document.pages.is_empty()
        && !has(document, is_dangerous)
}

/// The picture of its first page, which we drew.
fn as_picture(document: &Document) -> Option<Shown<'_>> {
    let first = document.pages.first().filter(|_| is_shown(document))?;
    first.key.content().map(|(hash, _)| (&first.key, hash, FileType::Jpeg, None))
}

/// The PDF as it came, where it is that whole document and nothing about the file itself is doubted.
fn as_pdf(document: &Document) -> Option<Shown<'_>> {
    let original = document.original.as_ref().filter(|original| {
        let fits = original.size_bytes <= FileType::Pdf.most_bytes();
        let is_pdf = document.media_type.as_deref() == Some(FileType::Pdf.mime());
        fits && is_pdf && document.part.is_none() && is_shown(document)
    })?;
    let shown = (&original.key, original.sha256, FileType::Pdf, Some(original.size_bytes));
    (!has(document, is_of_the_file)).then_some(shown)
}

fn has(document: &Document, is: impl Fn(&Reason) -> bool) -> bool {
    document.findings.iter().chain(&document.reasons).any(is)
}

/// Whether the file itself, and not what it says, is why somebody looks at it.
fn is_of_the_file(reason: &Reason) -> bool {
    matches!(
        reason.code,
        ReasonCode::UnsupportedType
            | ReasonCode::TypeMismatch
            | ReasonCode::Corrupt
            | ReasonCode::Encrypted
            | ReasonCode::TooLarge
            | ReasonCode::DecompressionBomb
            | ReasonCode::ActiveContent
    )
}

impl Catalog {
    /// The file that a message brings, and by which id Meta has it for a number; none where it brings none.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn attachment_of(
        &self,
        message: &OutboxMessage,
        number: &str,
    ) -> Result<Option<Found>, CatalogError> {
        let Some(id) = message.attachment_id else { return Ok(None) };
        let mut tx = self.reading().await?;
        let row = one!(
            tx,
            Row,
            "SELECT a.object_key, a.sha256, a.media_type, a.filename, a.document_id, d.sensitivity, u.media_id, \
             u.uploaded_at, COALESCE(a.size_bytes, 0) FROM attachments a LEFT JOIN documents d ON d.id = a.document_id \
             LEFT JOIN media_uploads u ON u.attachment_id = a.id AND u.phone_number_id = $2 WHERE a.id = $1",
            id.0,
            number
        )?;
        found(id, row).map(Some)
    }

    /// A worker is about to upload the file of a message that it has in hand: it holds it until then. Whether the message
    /// still waits.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn upload_begins(&self, id: OutboxId, until: OffsetDateTime) -> Result<bool, CatalogError> {
        let mut tx = self.writing().await?;
        let held = execute!(
            tx,
            "UPDATE outbox SET lease_until = $2, upload_attempts = upload_attempts + 1 \
             WHERE id = $1 AND state = 'queued'",
            id.0,
            micros(until)
        )?;
        tx.commit().await?;
        Ok(held == 1)
    }

    /// Meta has the file by this id, for messages of this number. The message is free to be taken in hand.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn uploaded(
        &self,
        message: OutboxId,
        attachment: AttachmentId,
        number: &str,
        media_id: &str,
    ) -> Result<(), CatalogError> {
        let mut tx = self.writing().await?;
        let present = micros(tx.now());
        // Of one that was erased meanwhile nothing is kept.
        execute!(
            tx,
            "INSERT INTO media_uploads (attachment_id, phone_number_id, media_id, uploaded_at) \
             SELECT a.id, $2, $3, $4 FROM attachments a WHERE a.id = $1 AND a.object_key IS NOT NULL \
             ON CONFLICT (attachment_id, phone_number_id) DO UPDATE SET media_id = excluded.media_id, \
             uploaded_at = excluded.uploaded_at",
            attachment.0,
            number,
            cut(media_id, 256),
            present
        )?;
        execute!(
            tx,
            "UPDATE outbox SET lease_until = NULL, updated_at = $2 WHERE id = $1 AND state = 'queued'",
            message.0,
            present
        )?;
        tx.commit().await
    }

    /// Meta does not know a file by this id: it is uploaded anew.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn upload_forgotten(
        &self,
        attachment: AttachmentId,
        number: &str,
        media_id: &str,
    ) -> Result<(), CatalogError> {
        let mut tx = self.writing().await?;
        execute!(
            tx,
            "DELETE FROM media_uploads WHERE attachment_id = $1 AND phone_number_id = $2 AND media_id = $3",
            attachment.0,
            number,
            media_id
        )?;
        tx.commit().await
    }

    /// The file of a message cannot be taken along: it goes without it, in the words that it has for that. Whether it has
    /// any, and waits; of one whose file was erased meanwhile, the words are too.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn goes_without_file(&self, message: &OutboxMessage, why: &str) -> Result<bool, CatalogError> {
        let Some(words) = &message.payload.without_file else { return Ok(false) };
        let mut tx = self.writing().await?;
        let present = tx.now();
        let row = optional!(
            tx,
            (Uuid, String),
            "UPDATE outbox SET attachment_id = NULL, body = $2, state = 'queued', error = $3, error_code = NULL, \
             lease_until = NULL, next_attempt_at = NULL, updated_at = $4, \
             kind = CASE WHEN kind = 'media' THEN 'text' ELSE kind END \
             WHERE id = $1 AND state IN ('queued', 'refused') \
               AND NOT EXISTS (SELECT 1 FROM attachments a WHERE a.id = outbox.attachment_id AND a.object_key IS NULL) \
             RETURNING contact_id, COALESCE(phone_number_id, '')",
            message.id.0,
            words.as_str(),
            cut(why, 500),
            micros(present)
        )?;
        let Some(row) = row else { return Ok(false) };
        wake(&mut tx, &line_of(row), Wait::None).await?;
        tx.commit().await?;
        Ok(true)
    }
}

fn found(id: AttachmentId, row: Row) -> Result<Found, CatalogError> {
    let (object, hash, media_type, filename, document, sensitivity, media_id, uploaded_at, size) = row;
    let (Some(object), Some(hash)) = (object, hash) else { return Ok(Found::Erased) };
    if sensitivity.is_some_and(|sensitivity| sensitivity != Sensitivity::Open.as_str()) {
        return Ok(Found::Withheld);
    }
    let unknown = || CatalogError::ImpossibleRow {
        table: T,
        column: "media_type",
        why: "a type that we do not send".to_owned(),
    };
    Ok(Found::Here(Box::new(Attachment {
        id,
        document_id: document.map(DocumentId),
        object: StoredObject {
            key: key("object_key", &object)?,
            sha256: sha256(T, "sha256", &hash)?,
            size_bytes: number(T, "size_bytes", size)?,
        },
        file_type: FileType::of_mime(&media_type).ok_or_else(unknown)?,
        filename,
        upload: media_id.zip(maybe_at("media_uploads", "uploaded_at", uploaded_at)?),
    })))
}

/// Of which files a document's erasure leaves nothing: its own, and those that we sent in a case of its. What lies beside a
/// template says nothing of anybody.
const OF_DOCUMENT: &str = "(a.document_id = $1 OR a.document_id IS NULL AND a.id IN (SELECT o.attachment_id \
     FROM outbox o WHERE COALESCE(o.case_id, o.document_id) IN (SELECT cd.case_id FROM case_documents cd \
       WHERE cd.document_id = $1)) \
     AND NOT EXISTS (SELECT 1 FROM template_files f WHERE f.attachment_id = a.id))";
/// Of which files a contact's erasure leaves nothing: those that we sent to them.
const OF_CONTACT: &str = concat!(
    "(a.document_id IS NULL AND a.id IN (SELECT o.attachment_id FROM outbox o WHERE o.contact_id IN ",
    with_merged!("contacts", "$1"),
    ") AND NOT EXISTS (SELECT 1 FROM template_files f WHERE f.attachment_id = a.id))"
);

/// Erases what the rows say of a document's files and of those that we sent in its cases, and takes back what waits to
/// bring one. Their objects and keys follow at the end of the erasure. How many files.
pub(crate) async fn forget_of_document(
    tx: &mut Tx,
    document: DocumentId,
    erasure: Uuid,
) -> Result<u64, CatalogError> {
    forget(tx, OF_DOCUMENT, document.0, erasure).await
}

/// The same of what we sent to a contact.
pub(crate) async fn forget_of_contact(
    tx: &mut Tx,
    contact: Uuid,
    erasure: Uuid,
) -> Result<u64, CatalogError> {
    forget(tx, OF_CONTACT, contact, erasure).await
}

async fn forget(tx: &mut Tx, which: &str, of: Uuid, erasure: Uuid) -> Result<u64, CatalogError> {
    let present = micros(tx.now());
    let text = format!(
        "UPDATE outbox SET body = '', payload = '{{}}', error = NULL, next_attempt_at = NULL, lease_until = NULL, \
         updated_at = $2, state = CASE WHEN state IN ('queued', 'refused') THEN 'withdrawn' ELSE state END \
         WHERE attachment_id IN (SELECT a.id FROM attachments a WHERE {which}) RETURNING id"
    );
    for (message,) in all!(tx, (Uuid,), sqlx::AssertSqlSafe(text.clone()), of, present)? {
        notices::moved(tx, OutboxId(message)).await?;
    }
    let text = format!(
        "DELETE FROM media_uploads WHERE attachment_id IN (SELECT a.id FROM attachments a WHERE {which})"
    );
    execute!(tx, sqlx::AssertSqlSafe(text.clone()), of)?;
    let text = format!(
        "UPDATE attachments SET object_key = NULL, sha256 = NULL, filename = NULL, size_bytes = NULL, erasure_id = $2 \
         WHERE id IN (SELECT a.id FROM attachments a WHERE {which}) AND object_key IS NOT NULL"
    );
    execute!(tx, sqlx::AssertSqlSafe(text.clone()), of, erasure)
}

/// The folders of the files that an erasure leaves nothing of, beside those of documents.
pub(crate) async fn folders_of_erasure(tx: &mut Tx, erasure: Uuid) -> Result<Vec<DocumentId>, CatalogError> {
    let sql = "SELECT id FROM attachments WHERE erasure_id = $1 AND document_id IS NULL ORDER BY id";
    Ok(all!(tx, (Uuid,), sql, erasure)?.into_iter().map(|(id,)| DocumentId(id)).collect())
}

/// Files that no message brings any more, nor the next of a template, at most so many from before then; their objects are
/// named by no row from now on, unless a document has them.
pub(crate) async fn prune(tx: &mut Tx, before: OffsetDateTime, most: u32) -> Result<u64, CatalogError> {
    // One that is asked for at this moment is in somebody's hands, and new again once they are done.
    let sql = tx.pick(
        "SELECT a.id FROM attachments a WHERE a.created_at < $1 \
         AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.attachment_id = a.id) \
         AND NOT EXISTS (SELECT 1 FROM template_files f WHERE f.attachment_id = a.id \
           AND NOT EXISTS (SELECT 1 FROM template_files g WHERE g.waba_id = f.waba_id AND g.name = f.name \
             AND g.language = f.language AND g.kept_at > f.kept_at)) ORDER BY a.created_at LIMIT $2",
        "SELECT a.id FROM attachments a WHERE a.created_at < $1 \
         AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.attachment_id = a.id) \
         AND NOT EXISTS (SELECT 1 FROM template_files f WHERE f.attachment_id = a.id \
           AND NOT EXISTS (SELECT 1 FROM template_files g WHERE g.waba_id = f.waba_id AND g.name = f.name \
             AND g.language = f.language AND g.kept_at > f.kept_at)) ORDER BY a.created_at LIMIT $2 \
         FOR UPDATE OF a SKIP LOCKED",
    );
    let rows = all!(tx, (Uuid,), sql, micros(before), i64::from(most))?;
    for (id,) in &rows {
        execute!(tx, "DELETE FROM template_files WHERE attachment_id = $1", *id)?;
        execute!(tx, "DELETE FROM media_uploads WHERE attachment_id = $1", *id)?;
        execute!(tx, "DELETE FROM attachments WHERE id = $1", *id)?;
    }
    Ok(rows.len() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_with_a_file_keeps_the_file_back_and_what_is_wrong_with_its_words_does_not() {
        let is = |code| is_of_the_file(&Reason::new(code, "so"));
        assert!(is(ReasonCode::ActiveContent) && is(ReasonCode::Encrypted) && is(ReasonCode::TypeMismatch));
        assert!(!is(ReasonCode::LowConfidence) && !is(ReasonCode::MissingFields));
    }
}
