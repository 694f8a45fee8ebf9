//! Who may see what: the one place that says so, for every road a document can leave by.
//!
//! Two questions, each one predicate in SQL and one method here. *Reach*: does this document exist for the caller at
//! all? Keys and persons can be bound to customers, entities and teams (`Access::reach`). *Telling*: may they be told
//! what it says? Only what is `open` is told without the right to see IDs (`Access::told`): every search, filter and
//! sort over what a document says stands beside it, or the list would tell by its length what it does not show.
//!
//! A document's [`Sensitivity`] is set by `score` and by people's decisions (`decided`), in the transaction that
//! changes what the document is taken for.

mod backfill;
mod beyond;
mod bindings;
mod score;

use std::collections::HashMap;

use serde_json::{Map, Value};
use uuid::Uuid;

pub use backfill::{Backfill, SENSITIVITY};
pub use bindings::{Binding, NotBound};
pub(crate) use bindings::{reach_of_key, reach_of_user};
pub use score::{Rule, Scored};
pub(crate) use score::{decided, settle, settle_at_rest};

use crate::{
    catalog::Catalog,
    documents::{self, Document},
    error::CatalogError,
    names::{DocumentId, word, words},
    sql::Tx,
};

words! {
    /// Whether a document may be an ID.
    Sensitivity, "sensitivity" {
        /// It is none: a bill that is vouched for.
        Open = "open",
        /// It is one.
        Id = "id",
        /// Nobody vouches that it is none.
        Unknown = "unknown",
    }
}

/// How far a caller may see. The default sees no ID and is bound to nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Access {
    sees_ids: bool,
    bound: Option<Bound>,
}

/// To which kinds of thing a holder is bound; the rows say to which of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Bound {
    pub holder: Uuid,
    pub customers: bool,
    pub entities: bool,
    pub teams: bool,
}

impl Access {
    /// Unbound.
    #[must_use]
    pub fn new(sees_ids: bool) -> Self {
        Self { sees_ids, bound: None }
    }

    /// All there is: for what Acuse does by itself, never for what it tells.
    #[must_use]
    pub fn whole() -> Self {
        Self::new(true)
    }

    pub(crate) fn of(sees_ids: bool, bound: Option<Bound>) -> Self {
        Self { sees_ids, bound }
    }

    /// Whether the caller has the right to see IDs.
    #[must_use]
    pub fn sees_ids(&self) -> bool {
        self.sees_ids
    }

    /// The same without the right to see IDs.
    #[must_use]
    pub fn without_ids(&self) -> Self {
        Self { sees_ids: false, ..self.clone() }
    }

    /// Whether there may be documents that do not exist for this caller.
    #[must_use]
    pub fn is_bound(&self) -> bool {
        self.bound.is_some()
    }

    /// Whether nothing is kept from this caller: what is said of all there is, is said to them.
    #[must_use]
    pub fn sees_all(&self) -> bool {
        self.sees_ids && self.bound.is_none()
    }

    /// Whether a document must be of a firm or a team to exist for this caller.
    #[must_use]
    pub fn is_bound_beyond_customers(&self) -> bool {
        self.bound.is_some_and(|bound| bound.entities || bound.teams)
    }

    /// Whether what a document says and shows is kept from this caller.
    #[must_use]
    pub fn withholds(&self, sensitivity: Sensitivity) -> bool {
        !self.sees_ids && sensitivity != Sensitivity::Open
    }

    /// SQL that holds for the documents (under `alias`) that exist for this caller. It has no binds. To be bound to
    /// several kinds of thing narrows: a customer's papers of one entity.
    pub(crate) fn reach(&self, tx: &Tx, alias: &str) -> String {
        let Some(bound) = self.bound else { return "1 = 1".to_owned() };
        let holder = literal(tx, bound.holder);
        let mut all = vec!["1 = 1".to_owned()];
        for (is_bound, column) in [(bound.customers, "customer_id"), (bound.entities, "entity_id")] {
            if is_bound {
                all.push(format!(
                    "{alias}.{column} IN (SELECT b.{column} FROM bindings b WHERE b.holder_id = {holder} \
                     AND b.{column} IS NOT NULL)"
                ));
            }
        }
        if bound.teams {
            all.push(format!(
                "{alias}.id IN (SELECT cd.document_id FROM case_documents cd JOIN cases c ON c.id = cd.case_id \
                 JOIN bindings b ON b.team = c.team WHERE b.holder_id = {holder})"
            ));
        }
        format!("({})", all.join(" AND "))
    }

    /// SQL that holds for the customers (under `alias`) that exist for this caller.
    pub(crate) fn reach_customers(&self, tx: &Tx, alias: &str) -> String {
        let Some(bound) = self.bound else { return "1 = 1".to_owned() };
        let holder = literal(tx, bound.holder);
        if bound.customers {
            return format!(
                "{alias}.id IN (SELECT b.customer_id FROM bindings b WHERE b.holder_id = {holder} \
                 AND b.customer_id IS NOT NULL)"
            );
        }
        // Of a firm or a team, the customers whose papers it has.
        let reach = self.reach(tx, "mine");
        format!("EXISTS (SELECT 1 FROM documents mine WHERE mine.customer_id = {alias}.id AND {reach})")
    }

    /// For who is bound to one kind of thing: SQL of the last of those to whom documents of theirs belong (`column`), or of the
    /// one before `before`. From one to the next along an index, however many others there are and however many documents each
    /// has. None where another way is as good, or what they are bound to narrows each other.
    pub(crate) fn last_of(
        &self,
        tx: &Tx,
        (column, rows): (&str, &str),
        before: Option<&str>,
    ) -> Option<String> {
        let bound = self.bound.filter(|bound| !bound.teams)?;
        let key = match (bound.customers, bound.entities) {
            (true, false) if column != "customer_id" => "customer_id",
            (false, true) => "entity_id",
            _ => return None,
        };
        let before = before.map(|before| format!("AND m.{column} < {before} ")).unwrap_or_default();
        // The last of each thing that they are bound to, and of these the last.
        Some(format!(
            "(SELECT k.id FROM (SELECT (SELECT m.{column} FROM documents m \
               WHERE m.{key} = b.{key} AND m.{column} IS NOT NULL {before}\
               AND EXISTS (SELECT 1 FROM {rows} x WHERE x.id = m.{column} AND x.merged_into IS NULL) \
               ORDER BY m.{column} DESC LIMIT 1) AS id FROM bindings b \
               WHERE b.holder_id = {holder} AND b.{key} IS NOT NULL) k \
             WHERE k.id IS NOT NULL ORDER BY k.id DESC LIMIT 1)",
            holder = literal(tx, bound.holder)
        ))
    }

    /// The table of documents `d` of which some wait, for SQLite with the index by which it finds those of this caller.
    pub(crate) fn waiting(&self, tx: &Tx) -> &'static str {
        let sqlite = match self.bound {
            Some(bound) if bound.customers => "documents d INDEXED BY documents_waits_customer",
            Some(bound) if bound.entities => "documents d INDEXED BY documents_waits_entity",
            _ => "documents d",
        };
        tx.pick(sqlite, "documents d")
    }

    /// SQL that holds for the documents (under `alias`) whose words may be told to this caller.
    pub(crate) fn told(&self, alias: &str) -> String {
        if self.sees_ids { "1 = 1".to_owned() } else { format!("{alias}.sensitivity = 'open'") }
    }

    /// The particulars of an event or a line on a timeline, as far as this caller may have them: of what is withheld
    /// only what names things and says nothing of what the document says.
    #[must_use]
    pub fn particulars(&self, sensitivity: Sensitivity, detail: Value) -> Value {
        if !self.withholds(sensitivity) {
            return detail;
        }
        let Value::Object(all) = detail else { return Value::Object(Map::new()) };
        Value::Object(
            all.into_iter().filter(|(key, value)| NAMES.contains(&key.as_str()) && is_name(value)).collect(),
        )
    }
}

/// Members that name things, or are words of closed lists.
const NAMES: &[&str] = &[
    "source",
    "contact_id",
    "customer_id",
    "part_of",
    "duplicate_of",
    "document_id",
    "review_id",
    "obligation_id",
    "resolution",
    "by",
    "reasons",
    "version",
    "status",
    "kind",
];

/// A short word, a number, or a list of them.
fn is_name(value: &Value) -> bool {
    match value {
        Value::String(text) => text.len() <= 100,
        Value::Array(items) => items.iter().all(|item| item.is_string() && is_name(item)),
        Value::Object(_) => false,
        Value::Null | Value::Bool(_) | Value::Number(_) => true,
    }
}

/// An id as SQL text: 128 bits in hex, whatever was asked.
pub(crate) fn literal(tx: &Tx, id: Uuid) -> String {
    if tx.is_sqlite() { format!("X'{}'", id.simple()) } else { format!("'{id}'::uuid") }
}

/// What waits and a caller does not get to see.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Hidden {
    /// Waiting documents that do not exist for them.
    pub out_of_reach: u64,
    /// Waiting documents that they see without what they say.
    pub withheld: u64,
}

impl Catalog {
    /// The document, if there is one for this caller.
    ///
    /// # Errors
    /// When the database fails or the row is impossible.
    pub async fn document_for(
        &self,
        access: &Access,
        id: DocumentId,
    ) -> Result<Option<Document>, CatalogError> {
        let mut tx = self.reading().await?;
        if !reaches(&mut tx, access, id).await? {
            return Ok(None);
        }
        documents::lookup(&mut tx, id).await
    }

    /// Those of these documents that exist for this caller, and how sensitive each is: for what tells of many of them.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn seen_of(
        &self,
        access: &Access,
        ids: &[DocumentId],
    ) -> Result<HashMap<DocumentId, Sensitivity>, CatalogError> {
        self.sensitivities(access, ids, "d.sensitivity").await
    }

    /// The same of what was said and done of them: of a part that was of its whole file, which nobody vouches for.
    ///
    /// # Errors
    /// As [`Catalog::seen_of`].
    pub async fn told_of(
        &self,
        access: &Access,
        ids: &[DocumentId],
    ) -> Result<HashMap<DocumentId, Sensitivity>, CatalogError> {
        let of_file = "CASE WHEN d.part IS NOT NULL THEN 'unknown' ELSE d.sensitivity END";
        self.sensitivities(access, ids, of_file).await
    }

    async fn sensitivities(
        &self,
        access: &Access,
        ids: &[DocumentId],
        column: &str,
    ) -> Result<HashMap<DocumentId, Sensitivity>, CatalogError> {
        let mut tx = self.reading().await?;
        let mut seen = HashMap::with_capacity(ids.len());
        for some in ids.chunks(500) {
            let list = some.iter().map(|id| literal(&tx, id.0)).collect::<Vec<_>>().join(", ");
            let text = format!(
                "SELECT d.id, {column} FROM documents d WHERE d.id IN ({list}) AND {}",
                access.reach(&tx, "d")
            );
            for (id, sensitivity) in all!(tx, (Uuid, String), sqlx::AssertSqlSafe(text.clone()))? {
                seen.insert(DocumentId(id), word("documents", "sensitivity", &sensitivity)?);
            }
        }
        Ok(seen)
    }
}

/// Whether there is such a document for this caller.
pub(crate) async fn reaches(tx: &mut Tx, access: &Access, id: DocumentId) -> Result<bool, CatalogError> {
    let text = format!("SELECT 1 FROM documents d WHERE d.id = $1 AND {}", access.reach(tx, "d"));
    Ok(optional!(tx, (i32,), sqlx::AssertSqlSafe(text.clone()), id.0)?.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn of_what_is_withheld_only_names_are_told() {
        let detail = json!({
            "review_id": "r", "reasons": ["expired"], "note": "born 1990", "parts": [{ "box": 1 }], "surname": "Pérez",
            "by": { "x": "Pérez" },
        });
        let some = Access::new(false).particulars(Sensitivity::Unknown, detail.clone());
        assert_eq!(some, json!({ "review_id": "r", "reasons": ["expired"] }));
        assert_eq!(Access::new(false).particulars(Sensitivity::Open, detail.clone()), detail);
        assert_eq!(Access::whole().particulars(Sensitivity::Id, detail.clone()), detail);
    }

    #[test]
    fn only_what_is_open_is_told_to_everybody() {
        for sensitivity in [Sensitivity::Id, Sensitivity::Unknown] {
            assert!(Access::default().withholds(sensitivity) && !Access::whole().withholds(sensitivity));
        }
        assert!(!Access::default().withholds(Sensitivity::Open));
    }
}
