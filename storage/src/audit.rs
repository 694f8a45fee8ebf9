//! Who did or saw what: every view of an ID, every decision, every key made.

mod chain;
mod search;

use serde::Serialize;
use serde_json::{Value, json};
use time::OffsetDateTime;
use uuid::Uuid;

pub use chain::{Tail, Verified};
pub use search::{AuditFilter, AuditLine};

use crate::{
    catalog::Catalog,
    error::CatalogError,
    names::{self, DocumentId, at, cut, micros},
    sql::{Bind, Query, Tx},
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
    /// The particulars; never a field of a document. Null where they were erased.
    pub detail: Value,
}

/// A detail on its way into the table, apart from its line.
struct Apart {
    id: Uuid,
    salt: [u8; 16],
    sha256: [u8; 32],
}

impl Apart {
    fn new(detail: &str) -> Self {
        let salt = rand::random::<[u8; 16]>();
        Self { id: Uuid::now_v7(), salt, sha256: chain::of_detail(&salt, detail) }
    }
}

pub(crate) async fn write(
    tx: &mut Tx,
    actor: &str,
    action: &str,
    document: Option<DocumentId>,
    detail: &Value,
) -> Result<(), CatalogError> {
    write_each(tx, actor, action, &[document], detail).await
}

/// The same line about each of these documents.
async fn write_each(
    tx: &mut Tx,
    actor: &str,
    action: &str,
    documents: &[Option<DocumentId>],
    detail: &Value,
) -> Result<(), CatalogError> {
    let (at, actor, action) = (micros(tx.now()), cut(actor, 200), cut(action, 64));
    let detail = detail.to_string();
    let lines: Vec<(Option<Uuid>, Apart)> =
        documents.iter().map(|id| (id.map(|id| id.0), Apart::new(&detail))).collect();
    insert!(tx, "INSERT INTO audit_details (id, salt, detail) VALUES ", 3, "", &lines, |q, (_, apart)| q
        .bind(apart.id)
        .bind(&apart.salt[..])
        .bind(detail.as_str()))?;
    insert!(
        tx,
        "INSERT INTO audit (at, actor, action, document_id, detail_id, detail_sha256) VALUES ",
        6,
        "",
        &lines,
        |q, (document, apart)| q
            .bind(at)
            .bind(actor.as_str())
            .bind(action.as_str())
            .bind(*document)
            .bind(apart.id)
            .bind(&apart.sha256[..])
    )
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
        let documents: Vec<_> = documents.iter().copied().map(Some).collect();
        write_each(&mut tx, actor, "view_id", &documents, &json!({ "what": what })).await?;
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
        let mut query = Query::default();
        query.holds("a.document_id =", document.map(|d| Bind::Id(d.0)));
        let text = format!(
            "SELECT a.at, a.actor, a.action, a.document_id, d.detail \
             FROM audit a LEFT JOIN audit_details d ON d.id = a.detail_id \
             WHERE {} ORDER BY a.seq DESC LIMIT {}",
            query.all(),
            limit.clamp(1, 1000)
        );
        all_of!(tx, (i64, String, String, Option<Uuid>, Option<String>), text, query.binds)?
            .into_iter()
            .map(|(when, actor, action, document, detail)| {
                Ok(AuditEntry {
                    at: at("audit", "at", when)?,
                    actor,
                    action,
                    document_id: document.map(DocumentId),
                    detail: detail.map_or(Ok(Value::Null), |d| names::json("audit_details", "detail", &d))?,
                })
            })
            .collect()
    }
}
