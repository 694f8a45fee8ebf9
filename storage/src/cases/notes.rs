//! Notes on a case: words among ourselves, which are never sent. They stand with the case, whatever becomes of it, and go
//! with the erasure of its contact, or of any of its documents, of which they may tell.

use serde::Serialize;
use serde_json::json;
use time::OffsetDateTime;
use uuid::Uuid;

use super::{Listed, hold_contact};
use crate::{
    access::{Access, Sensitivity},
    audit,
    catalog::Catalog,
    documents,
    error::CatalogError,
    names::{CaseId, DocumentId, at, cut, micros},
    sql::Tx,
};

const T: &str = "case_notes";
/// Longest note, characters.
pub const NOTE_CHARS: usize = 4_096;
/// Notes of one case that are shown, the latest of them.
const MOST_SHOWN: i64 = 200;

/// A note on a case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Note {
    /// Which one.
    pub id: Uuid,
    /// What it says; absent where it may tell of an ID that the reader may not see.
    pub text: Option<String>,
    /// Who wrote it.
    pub by: String,
    /// When.
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
}

impl Catalog {
    /// Writes a note on a case, open or over; none where there is no such case for this person, or its contact is erased.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn note_on_case(
        &self,
        access: &Access,
        id: CaseId,
        who: &str,
        text: &str,
    ) -> Result<Option<Note>, CatalogError> {
        let Some(case) = self.case(access, id).await? else { return Ok(None) };
        if !self.reaches_case(access, id).await? {
            return Ok(None);
        }
        let mut tx = self.writing().await?;
        // An erasure of theirs has been, or waits for this.
        hold_contact(&mut tx, case.contact_id).await?;
        if is_erased(&mut tx, id).await? {
            return Ok(None);
        }
        let present = tx.now();
        let note =
            Note { id: Uuid::now_v7(), text: Some(cut(text, NOTE_CHARS)), by: cut(who, 200), at: present };
        execute!(
            tx,
            "INSERT INTO case_notes (id, case_id, body, written_by, created_at) VALUES ($1, $2, $3, $4, $5)",
            note.id,
            id.0,
            note.text.as_deref(),
            note.by.as_str(),
            micros(present)
        )?;
        let detail = json!({ "case_id": id, "act": "note", "note_id": note.id });
        audit::write(&mut tx, who, "case", None, &detail).await?;
        tx.commit().await?;
        Ok(Some(note))
    }

    /// The notes on a case that this reader was shown, the oldest first; none where it has a document that does not exist
    /// for them.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn notes_on_case(&self, access: &Access, case: &Listed) -> Result<Vec<Note>, CatalogError> {
        if !self.reaches_case(access, case.id).await? {
            return Ok(Vec::new());
        }
        let mut tx = self.reading().await?;
        let withheld = !access.sees_ids() && may_tell_of_an_id(&mut tx, case).await?;
        let rows = all!(
            tx,
            (Uuid, String, String, i64),
            "SELECT id, body, written_by, created_at FROM case_notes WHERE case_id = $1 \
             ORDER BY created_at DESC, id DESC LIMIT $2",
            case.id.0,
            MOST_SHOWN
        )?;
        let note = |(id, body, by, when)| {
            let text = Some(body).filter(|_| !withheld);
            Ok(Note { id, text, by, at: at(T, "created_at", when)? })
        };
        rows.into_iter().rev().map(note).collect()
    }
}

/// Whether the contact of a case is erased.
async fn is_erased(tx: &mut Tx, id: CaseId) -> Result<bool, CatalogError> {
    let (erasures,) = one!(
        tx,
        (i64,),
        "SELECT COUNT(*) FROM cases s JOIN contacts c ON c.id = s.contact_id \
         JOIN erasures e ON e.kind = 'contact' AND (e.subject = c.id OR e.subject = c.merged_into) WHERE s.id = $1",
        id.0
    )?;
    Ok(erasures > 0)
}

/// Whether a document of the case, or the one that it asks to be approved, is or may be an ID.
async fn may_tell_of_an_id(tx: &mut Tx, case: &Listed) -> Result<bool, CatalogError> {
    let (secret,) = one!(
        tx,
        (i64,),
        "SELECT COUNT(*) FROM case_documents cd JOIN documents d ON d.id = cd.document_id \
         WHERE cd.case_id = $1 AND (d.sensitivity <> 'open' OR d.part IS NOT NULL)",
        case.id.0
    )?;
    let Some(approval) = case.approval() else { return Ok(secret > 0) };
    let row = optional!(tx, (Option<Uuid>,), "SELECT document_id FROM approvals WHERE id = $1", approval.0)?;
    let Some((Some(document),)) = row else { return Ok(secret > 0) };
    let known = documents::lookup(tx, DocumentId(document)).await?;
    Ok(secret > 0 || known.is_some_and(|d| d.sensitivity != Sensitivity::Open))
}
