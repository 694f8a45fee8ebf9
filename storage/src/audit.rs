//! Who did or saw what: every view of an ID, every decision, every key made.

use serde::Serialize;
use serde_json::{Value, json};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    catalog::Catalog,
    error::CatalogError,
    names::{self, DocumentId, at, cut, micros, now},
    sql::Tx,
};

/// One line of the audit trail.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AuditEntry {
    /// When.
    pub at: OffsetDateTime,
    /// `user:NAME`, `key:NAME` or `cli`.
    pub actor: String,
    /// `view_id`, `approve`, `key_created`, …
    pub action: String,
    /// On which document.
    pub document_id: Option<DocumentId>,
    /// The particulars; never a field of a document.
    pub detail: Value,
}

pub(crate) async fn write(
    tx: &mut Tx,
    actor: &str,
    action: &str,
    document: Option<DocumentId>,
    detail: &Value,
) -> Result<(), CatalogError> {
    execute!(
        tx,
        "INSERT INTO audit (at, actor, action, document_id, detail) VALUES ($1, $2, $3, $4, $5)",
        micros(now()),
        cut(actor, 200),
        cut(action, 64),
        document.map(|d| d.0),
        detail.to_string()
    )
    .map(drop)
}

impl Catalog {
    /// Writes one line.
    ///
    /// # Errors
    /// When the database fails; then the thing itself must not be done.
    pub async fn audit(
        &self,
        actor: &str,
        action: &str,
        document: Option<DocumentId>,
        detail: &Value,
    ) -> Result<(), CatalogError> {
        let mut tx = self.writing().await?;
        write(&mut tx, actor, action, document, detail).await?;
        tx.commit().await
    }

    /// Writes that `actor` is shown these documents, a page of them in one transaction.
    ///
    /// # Errors
    /// When the database fails; then nothing may be shown.
    pub async fn audit_views(
        &self,
        actor: &str,
        what: &str,
        documents: &[DocumentId],
    ) -> Result<(), CatalogError> {
        if documents.is_empty() {
            return Ok(());
        }
        let mut tx = self.writing().await?;
        let (at, actor) = (micros(now()), cut(actor, 200));
        let detail = json!({ "what": what }).to_string();
        insert!(
            tx,
            "INSERT INTO audit (at, actor, action, document_id, detail) VALUES ",
            5,
            "",
            documents,
            |q, id| q.bind(at).bind(actor.as_str()).bind("view_id").bind(id.0).bind(detail.as_str())
        )?;
        tx.commit().await
    }

    /// The newest lines, of one document or of all.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn audit_trail(
        &self,
        document: Option<DocumentId>,
        limit: u32,
    ) -> Result<Vec<AuditEntry>, CatalogError> {
        let mut tx = self.reading().await?;
        all!(
            tx,
            (i64, String, String, Option<Uuid>, String),
            "SELECT at, actor, action, document_id, detail FROM audit \
             WHERE ($1 IS NULL OR document_id = $1) ORDER BY seq DESC LIMIT $2",
            document.map(|d| d.0),
            i64::from(limit.clamp(1, 1000))
        )?
        .into_iter()
        .map(|(when, actor, action, document, detail)| {
            Ok(AuditEntry {
                at: at("audit", "at", when)?,
                actor,
                action,
                document_id: document.map(DocumentId),
                detail: names::json("audit", "detail", &detail)?,
            })
        })
        .collect()
    }
}
