//! The trail as somebody searches it: by who, what, which document and when; the newest first, a page at a time.

use serde_json::Value;
use time::OffsetDateTime;
use uuid::Uuid;

use super::AuditEntry;
use crate::{
    catalog::Catalog,
    documents::like,
    error::CatalogError,
    names::{self, DocumentId, at, micros},
    sql::{Bind, Query},
};

/// What is looked for; what is none lets all pass.
#[derive(Debug, Clone, Default)]
pub struct AuditFilter {
    /// Who, in full: `user:ana`, `key:laptop`, `cli`.
    pub actor: Option<String>,
    /// What.
    pub action: Option<String>,
    /// On which document.
    pub document_id: Option<DocumentId>,
    /// At or after.
    pub from: Option<OffsetDateTime>,
    /// Before.
    pub to: Option<OffsetDateTime>,
    /// Text anywhere in who, what and the particulars.
    pub q: Option<String>,
}

/// One line with its place.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditLine {
    /// Its place in the trail.
    pub seq: i64,
    /// What it says.
    pub entry: AuditEntry,
}

type Row = (i64, i64, String, String, Option<Uuid>, Option<String>);

fn line((seq, when, actor, action, document, detail): Row) -> Result<AuditLine, CatalogError> {
    let detail = detail.map_or(Ok(Value::Null), |d| names::json("audit_details", "detail", &d))?;
    let entry = AuditEntry {
        at: at("audit", "at", when)?,
        actor,
        action,
        document_id: document.map(DocumentId),
        detail,
    };
    Ok(AuditLine { seq, entry })
}

impl Catalog {
    /// A page of the trail, the newest first, before the line `before`.
    ///
    /// # Errors
    /// When the database fails, takes too long, or a row is impossible.
    pub async fn search_audit(
        &self,
        filter: &AuditFilter,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<AuditLine>, CatalogError> {
        let mut tx = self.searching().await?;
        let mut query = Query::default();
        query.holds("a.actor =", filter.actor.as_deref().map(Bind::text));
        query.holds("a.action =", filter.action.as_deref().map(Bind::text));
        query.holds("a.document_id =", filter.document_id.map(|id| Bind::Id(id.0)));
        query.holds("a.at >=", filter.from.map(|at| Bind::Number(micros(at))));
        query.holds("a.at <", filter.to.map(|at| Bind::Number(micros(at))));
        query.holds("a.seq <", before.map(Bind::Number));
        if let Some(q) = filter.q.as_deref().map(str::trim).filter(|q| !q.is_empty()) {
            let q = query.bind(Bind::Text(like(q)));
            query.and(format!(
                "(LOWER(a.actor) LIKE {q} ESCAPE '!' OR a.action LIKE {q} ESCAPE '!' \
                 OR LOWER(d.detail) LIKE {q} ESCAPE '!')"
            ));
        }
        let text = format!(
            "SELECT a.seq, a.at, a.actor, a.action, a.document_id, d.detail \
             FROM audit a LEFT JOIN audit_details d ON d.id = a.detail_id \
             WHERE {} ORDER BY a.seq DESC LIMIT {}",
            query.all(),
            limit.clamp(1, 5_000)
        );
        let rows = all_of!(tx, Row, text, query.binds)?;
        rows.into_iter().map(line).collect()
    }

    /// The kinds of thing that the trail names.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn audit_actions(&self) -> Result<Vec<String>, CatalogError> {
        let mut tx = self.searching().await?;
        // From one word to the next along the index, however many lines each has.
        let rows = all!(
            tx,
            (String,),
            "WITH RECURSIVE known (word) AS (SELECT MIN(action) FROM audit \
               UNION ALL SELECT (SELECT MIN(a.action) FROM audit a WHERE a.action > known.word) FROM known \
               WHERE known.word IS NOT NULL) \
             SELECT word FROM known WHERE word IS NOT NULL"
        )?;
        Ok(rows.into_iter().map(|(word,)| word).collect())
    }
}
