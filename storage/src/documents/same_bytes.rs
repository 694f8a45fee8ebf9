//! Documents that hold the same bytes: what was found in one of them is in each.

use std::collections::HashSet;

use acuse_pipeline::{document::Sha256, reason::ReasonCode};
use serde_json::Value;
use uuid::Uuid;

use super::{COLUMNS, Document, DocumentRow};
use crate::{
    access::literal,
    catalog::Catalog,
    error::CatalogError,
    names::{DocumentId, json},
};

impl Catalog {
    /// Other documents with these very bytes whose reasons or findings name malware or this `mark` of a reason, the first of
    /// them first, at most 50.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn suspected_with_sha256(
        &self,
        hash: &Sha256,
        except: DocumentId,
        mark: &str,
    ) -> Result<Vec<Document>, CatalogError> {
        let mut tx = self.reading().await?;
        let text = format!(
            "SELECT {COLUMNS} FROM documents WHERE original_sha256 = $1 AND id <> $2 \
             AND (reasons LIKE $3 OR findings LIKE $3 OR reasons LIKE $4 OR findings LIKE $4) ORDER BY id LIMIT 50"
        );
        let names = |word: &str| format!("%\"{word}\"%");
        let (malware, marked) = (names(ReasonCode::Malware.as_str()), names(mark));
        let (malware, marked) = (malware.as_str(), marked.as_str());
        all!(tx, DocumentRow, sqlx::AssertSqlSafe(text.clone()), &hash.0[..], except.0, malware, marked)?
            .into_iter()
            .map(Document::try_from)
            .collect()
    }

    /// Whether a document was ever linked to one that is erased: what was found in that one nobody knows any more.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn was_linked_to_erased(&self, id: DocumentId) -> Result<bool, CatalogError> {
        let mut tx = self.reading().await?;
        let row = optional!(tx, (Option<Uuid>,), "SELECT duplicate_of FROM documents WHERE id = $1", id.0)?;
        let mut firsts: HashSet<Uuid> = row.and_then(|(first,)| first).into_iter().collect();
        let sql = "SELECT detail FROM timeline WHERE document_id = $1 AND event = 'duplicate'";
        for (detail,) in all!(tx, (String,), sql, id.0)? {
            let detail: Value = json("timeline", "detail", &detail)?;
            let first = detail.get("duplicate_of").and_then(Value::as_str);
            firsts.extend(first.and_then(|first| first.parse::<Uuid>().ok()));
        }
        if firsts.is_empty() {
            return Ok(false);
        }
        let list = firsts.iter().map(|first| literal(&tx, *first)).collect::<Vec<_>>().join(", ");
        let text = format!("SELECT 1 FROM documents WHERE id IN ({list}) AND erased_at IS NOT NULL LIMIT 1");
        Ok(optional!(tx, (i32,), sqlx::AssertSqlSafe(text.clone()))?.is_some())
    }
}
