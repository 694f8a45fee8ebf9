//! The trail as somebody searches it: by who, what, which document and when; the newest first, a page at a time.

use serde_json::Value;
use time::OffsetDateTime;
use uuid::Uuid;

use super::AuditEntry;
use crate::{
    catalog::Catalog,
    error::CatalogError,
    names::{self, DocumentId, at, micros},
    sql::{Bind, Query, Tx},
};

/// Actors, or kinds of things, that are looked through for a text.
const MOST_NAMES: u32 = 20_000;
/// Of them, most of which each is looked up by itself. What more of them have in common a page is soon full of.
const MOST_FOUND: usize = 64;

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
    /// Text anywhere in who or what, or the id of a document. Particulars are not looked through: they can be erased, so no
    /// index holds them.
    pub q: Option<String>,
}

impl AuditFilter {
    /// In which order lines are read. Whatever is asked has an index in the order of their times; but all of them, and those
    /// on one document, which are few, come as they were written.
    fn order(&self) -> &'static [&'static str] {
        let Self { actor, action, document_id, from, to, q } = self;
        let some = actor.is_some() || action.is_some() || from.is_some() || to.is_some() || q.is_some();
        if some && document_id.is_none() { &["at", "seq"] } else { &["seq"] }
    }
}

/// `a.at DESC, a.seq DESC`
fn descending(order: &[&str], of: &str) -> String {
    order.iter().map(|column| format!("{of}{column} DESC")).collect::<Vec<_>>().join(", ")
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

const AND_DETAILS: &str = " LEFT JOIN audit_details d ON d.id = a.detail_id";

/// Every word of a column, from one to the next along its index, however many lines each has.
async fn words_of(tx: &mut Tx, column: &'static str) -> Result<Vec<String>, CatalogError> {
    let text = format!(
        "WITH RECURSIVE known (word) AS (SELECT MIN({column}) FROM audit \
           UNION ALL SELECT (SELECT MIN(a.{column}) FROM audit a WHERE a.{column} > known.word) FROM known \
           WHERE known.word IS NOT NULL) \
         SELECT word FROM known WHERE word IS NOT NULL LIMIT {MOST_NAMES}"
    );
    let rows = all!(tx, (String,), sqlx::AssertSqlSafe(text.clone()))?;
    Ok(rows.into_iter().map(|(word,)| word).collect())
}

/// Conditions of which a line that `q` is for has one; each but the last resort is an index's.
async fn alternatives(tx: &mut Tx, query: &mut Query, q: &str) -> Result<Vec<String>, CatalogError> {
    let document = q.parse::<DocumentId>().ok().map(|id| query.bind(Bind::Id(id.0)));
    let mut all: Vec<String> = document.map(|id| format!("a.document_id = {id}")).into_iter().collect();
    let q = q.to_lowercase();
    let mut found = Vec::new();
    for column in ["actor", "action"] {
        let words = words_of(tx, column).await?.into_iter().filter(|word| word.to_lowercase().contains(&q));
        found.extend(words.map(|word| (column, query.bind(Bind::Text(word)))));
    }
    if found.len() <= MOST_FOUND {
        all.extend(found.into_iter().map(|(column, name)| format!("a.{column} = {name}")));
        return Ok(all);
    }
    let among = |wanted: &str| {
        let names = found.iter().filter(|(column, _)| *column == wanted).map(|(_, name)| name.as_str());
        let names = names.collect::<Vec<_>>().join(", ");
        // Not by its index: that would gather all lines to sort them.
        (!names.is_empty()).then(|| format!("COALESCE(a.{wanted}, '') IN ({names})"))
    };
    let either: Vec<String> = ["actor", "action"].into_iter().filter_map(among).collect();
    all.push(format!("({})", either.join(" OR ")));
    Ok(all)
}

/// The latest lines that any of the alternatives holds for, besides all else that is asked.
fn any_of(query: &Query, alternatives: &[String], order: &[&str], limit: u32) -> String {
    let columns = order.iter().map(|column| format!("a.{column}")).collect::<Vec<_>>().join(", ");
    let latest = descending(order, "a.");
    let each: Vec<String> = alternatives
        .iter()
        .enumerate()
        .map(|(n, holds)| {
            format!(
                "SELECT * FROM (SELECT {columns} FROM audit a WHERE {} AND {holds} ORDER BY {latest} LIMIT {limit}) k{n}",
                query.all()
            )
        })
        .collect();
    format!(
        "({} ORDER BY {} LIMIT {limit}) f JOIN audit a ON a.seq = f.seq{AND_DETAILS}",
        each.join(" UNION "),
        descending(order, "")
    )
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
        if !tx.is_sqlite() {
            // A plan for whoever it may be takes everybody for as busy, and looks for the idle ones along the whole trail.
            execute!(tx, "SET LOCAL plan_cache_mode = force_custom_plan")?;
        }
        let mut query = Query::default();
        query.holds("a.actor =", filter.actor.as_deref().map(Bind::text));
        query.holds("a.action =", filter.action.as_deref().map(Bind::text));
        query.holds("a.document_id =", filter.document_id.map(|id| Bind::Id(id.0)));
        query.holds("a.at >=", filter.from.map(|at| Bind::Number(micros(at))));
        query.holds("a.at <", filter.to.map(|at| Bind::Number(micros(at))));
        let order = filter.order();
        match before {
            Some(before) if order.len() > 1 => {
                let sql = "SELECT at FROM audit WHERE seq = $1";
                let at = optional!(tx, (i64,), sql, before)?.map_or(i64::MAX, |(at,)| at);
                let place = (query.bind(Bind::Number(at)), query.bind(Bind::Number(before)));
                query.and(format!("(a.at, a.seq) < ({}, {})", place.0, place.1));
            }
            before => query.holds("a.seq <", before.map(Bind::Number)),
        }
        let limit = limit.clamp(1, 5_000);
        let from = match filter.q.as_deref().map(str::trim).filter(|q| !q.is_empty()) {
            Some(q) => {
                let alternatives = alternatives(&mut tx, &mut query, q).await?;
                if alternatives.is_empty() {
                    return Ok(Vec::new());
                }
                any_of(&query, &alternatives, order, limit)
            }
            None => format!("audit a{AND_DETAILS}"),
        };
        let text = format!(
            "SELECT a.seq, a.at, a.actor, a.action, a.document_id, d.detail FROM {from} \
             WHERE {} ORDER BY {} LIMIT {limit}",
            query.all(),
            descending(order, "a.")
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
        words_of(&mut tx, "action").await
    }
}
