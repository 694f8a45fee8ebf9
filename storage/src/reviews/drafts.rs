//! What a person typed and did not decide yet, per document and person, so that nothing typed is ever lost.

use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    catalog::Catalog,
    error::CatalogError,
    names::{DocumentId, at, clean, json, micros, to_json},
    sql::Tx,
};

/// What a form said, name and value in its order.
pub type Form = Vec<(String, String)>;

/// What somebody typed about a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// The document's version that they looked at.
    pub document_version: i64,
    /// What the form said.
    pub form: Form,
    /// When it was kept.
    pub saved_at: OffsetDateTime,
}

impl Catalog {
    /// Keeps what a person typed about a document, in place of what they had typed before.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn save_draft(
        &self,
        document: DocumentId,
        person: &str,
        document_version: i64,
        form: &Form,
    ) -> Result<(), CatalogError> {
        let mut tx = self.writing().await?;
        save(&mut tx, (document, person), document_version, form).await?;
        tx.commit().await
    }

    /// What a person typed about a document and did not decide yet.
    ///
    /// # Errors
    /// When the database fails or the row is impossible.
    pub async fn draft(&self, document: DocumentId, person: &str) -> Result<Option<Draft>, CatalogError> {
        let mut tx = self.reading().await?;
        let row = optional!(
            tx,
            (i64, String, i64),
            "SELECT document_version, form, saved_at FROM drafts WHERE document_id = $1 AND person = $2",
            document.0,
            person
        )?;
        let Some((document_version, form, saved)) = row else { return Ok(None) };
        Ok(Some(Draft {
            document_version,
            form: json("drafts", "form", &form)?,
            saved_at: at("drafts", "saved_at", saved)?,
        }))
    }

    /// Throws a draft away.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn discard_draft(&self, document: DocumentId, person: &str) -> Result<(), CatalogError> {
        let mut tx = self.writing().await?;
        discard(&mut tx, document, person).await?;
        tx.commit().await
    }
}

pub(crate) async fn save(
    tx: &mut Tx,
    (document, person): (DocumentId, &str),
    document_version: i64,
    form: &Form,
) -> Result<(), CatalogError> {
    let present = tx.now();
    execute!(
        tx,
        "INSERT INTO drafts (document_id, person, document_version, form, saved_at) VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT (document_id, person) DO UPDATE SET document_version = excluded.document_version, \
         form = excluded.form, saved_at = excluded.saved_at",
        document.0,
        person,
        document_version,
        clean(&to_json("a draft", form)?),
        micros(present)
    )
    .map(drop)
}

pub(super) async fn discard(tx: &mut Tx, document: DocumentId, person: &str) -> Result<(), CatalogError> {
    execute!(tx, "DELETE FROM drafts WHERE document_id = $1 AND person = $2", document.0, person).map(drop)
}

/// Throws away what a person had typed before a decision, or typed about what stood before it; what they typed of what stands
/// since is another matter. The decision: which version it made, and of which review it is.
pub(super) async fn discard_decided(
    tx: &mut Tx,
    document: DocumentId,
    person: &str,
    (version, review): (i64, Uuid),
) -> Result<(), CatalogError> {
    execute!(
        tx,
        "DELETE FROM drafts WHERE document_id = $1 AND person = $2 AND (document_version < $3 \
         OR saved_at <= (SELECT resolved_at FROM reviews WHERE id = $4))",
        document.0,
        person,
        version,
        review
    )
    .map(drop)
}
