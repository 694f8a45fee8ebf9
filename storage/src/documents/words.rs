//! Full-text search: the one place where the two databases differ. SQLite keeps words in FTS5, PostgreSQL in a
//! `tsvector`; both are given the same [`terms`], ready to compare.
//!
//! A document has a *place* in the index, which is its place by arrival, so that a page of what was found is read off
//! in order without looking at the rest.

use uuid::Uuid;

use super::{
    DeclaredFile, Document,
    row::{COLUMNS, DocumentRow},
    search_text, terms, text_of,
};
use crate::{backfills, catalog::Catalog, error::CatalogError, names::micros, sql::Tx};
use acuse_pipeline::fields::Fields;

/// Places in a microsecond. Arrivals fill 2^53 of them until the year 2255.
const PLACES: i64 = 1024;
/// The backfill of what was there before this index.
pub const SEARCH: &str = "search";

/// The backfill of the words of line items, of what was there before they were kept.
pub const LINES: &str = "search_lines";

/// How much of the index a statement looks at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Reach {
    /// All that has the words.
    Whole,
    /// Of the places that come next in the order, so many, whatever they hold; SQL of which they are and of their order.
    Near(String),
}

/// Places that are looked at before the index is asked for all that has the words.
const NEAR: u32 = 2_000;

/// What is found by words, as SQL: the tables, and the condition on the bind named `asked`.
pub(super) struct Source {
    pub from: String,
    pub condition: String,
    /// The place by arrival.
    pub place: &'static str,
}

/// PostgreSQL takes any beginning of a word for equally rare, and for a page in order would look through all documents for
/// one that few have. So it is told: first the places that come next, which are enough for what many have; then the
/// index, for all that has it, which is little if the first did not find enough.
pub(super) fn source(tx: &Tx, asked: &str, reach: &Reach) -> Source {
    if tx.is_sqlite() {
        Source {
            // The words first, whatever else is asked: of them there is an order.
            from: "document_fts CROSS JOIN document_fts_rows s ON s.place = document_fts.rowid \
                   CROSS JOIN documents d ON d.id = s.document_id"
                .to_owned(),
            condition: format!("document_fts MATCH {asked}"),
            place: "document_fts.rowid",
        }
    } else {
        let has = format!("words @@ CAST({asked} AS tsquery)");
        let (places, condition) = match reach {
            Reach::Near(which) => {
                (format!("SELECT * FROM document_fts {which} LIMIT {NEAR}"), format!("s.{has}"))
            }
            // Materialised, or a limit further out would lead the planner back to looking through all.
            Reach::Whole => {
                let all = format!("SELECT place, document_id FROM document_fts WHERE {has}");
                (format!("WITH found AS MATERIALIZED ({all}) SELECT * FROM found"), "1 = 1".to_owned())
            }
        };
        Source {
            from: format!("({places}) s JOIN documents d ON d.id = s.document_id"),
            condition,
            place: "s.place",
        }
    }
}

/// SQL that holds for the documents `d` that have what the bind named `asked` asks for.
pub(crate) fn have(tx: &Tx, asked: &str) -> String {
    let found = tx.pick(
        "document_fts JOIN document_fts_rows s ON s.place = document_fts.rowid WHERE document_fts MATCH",
        "document_fts s WHERE s.words @@ CAST(",
    );
    let end = tx.pick("", " AS tsquery)");
    format!("d.id IN (SELECT s.document_id FROM {found} {asked}{end})")
}

/// The question in this database's words; none where nothing can be found.
pub(crate) fn question(tx: &Tx, q: &str) -> Option<String> {
    terms::question(q, if tx.is_sqlite() { &terms::FTS5 } else { &terms::TSQUERY })
}

/// Keeps the words of a document, in place of those that were kept.
pub(crate) async fn keep(
    tx: &mut Tx,
    (id, received_at): (Uuid, i64),
    declared: &DeclaredFile,
    fields: &Fields,
    text: &str,
) -> Result<(), CatalogError> {
    keep_text(tx, (id, received_at), &search_text(declared, fields, text)).await
}

async fn keep_text(tx: &mut Tx, (id, received_at): (Uuid, i64), text: &str) -> Result<(), CatalogError> {
    let words = terms::tokens(text).into_iter().collect::<Vec<_>>().join(" ");
    if words.is_empty() {
        return forget(tx, id).await;
    }
    let place = place(tx, id, received_at).await?;
    let sql = tx.pick(
        "INSERT OR REPLACE INTO document_fts (rowid, words) VALUES ($1, $2)",
        "UPDATE document_fts SET words = array_to_tsvector(string_to_array($2, ' ')) WHERE place = $1",
    );
    execute!(tx, sql, place, words).map(drop)
}

/// Keeps the words of documents that were never here, and that came each at a moment of its own.
#[cfg(any(test, feature = "conformance"))]
pub(crate) async fn keep_of_new(tx: &mut Tx, all: &[((Uuid, i64), String)]) -> Result<(), CatalogError> {
    let kept: Vec<(i64, Uuid, String)> = all
        .iter()
        .map(|((id, received_at), text)| {
            let words = terms::tokens(text).into_iter().collect::<Vec<_>>().join(" ");
            (received_at * PLACES + (id.as_u128() & 0x3FF) as i64, *id, words)
        })
        .collect();
    if tx.is_sqlite() {
        let head = "INSERT INTO document_fts_rows (place, document_id) VALUES ";
        insert!(tx, head, 2, "", &kept, |q, (place, id, _)| q.bind(*place).bind(*id))?;
        let head = "INSERT INTO document_fts (rowid, words) VALUES ";
        return insert!(tx, head, 2, "", &kept, |q, (place, _, words)| q.bind(*place).bind(words.as_str()));
    }
    let head = "INSERT INTO document_fts (place, document_id, words) \
         SELECT v.place, v.document_id, array_to_tsvector(string_to_array(v.words, ' ')) FROM (VALUES ";
    let tail = ") AS v (place, document_id, words)";
    insert!(tx, head, 3, tail, &kept, |q, (place, id, words)| q.bind(*place).bind(*id).bind(words.as_str()))
}

/// The document's place, taken now if it has none.
async fn place(tx: &mut Tx, id: Uuid, received_at: i64) -> Result<i64, CatalogError> {
    let known = tx.pick(
        "SELECT place FROM document_fts_rows WHERE document_id = $1",
        "SELECT place FROM document_fts WHERE document_id = $1",
    );
    let take = tx.pick(
        "INSERT INTO document_fts_rows (place, document_id) VALUES ($1, $2) ON CONFLICT DO NOTHING",
        "INSERT INTO document_fts (place, document_id, words) VALUES ($1, $2, '') ON CONFLICT DO NOTHING",
    );
    // What came at the same moment is spread by chance (the end of a UUIDv7), so that few of them meet.
    let own = (id.as_u128() & 0x3FF) as i64;
    for step in 0..PLACES {
        if let Some((place,)) = optional!(tx, (i64,), known, id)? {
            return Ok(place);
        }
        let place = received_at.saturating_mul(PLACES).saturating_add((own + step) % PLACES);
        if execute!(tx, take, place, id)? == 1 {
            return Ok(place);
        }
    }
    Err(CatalogError::Contention)
}

/// Takes a document's words out of search.
pub(crate) async fn forget(tx: &mut Tx, id: Uuid) -> Result<(), CatalogError> {
    let sql = tx.pick(
        "DELETE FROM document_fts_rows WHERE document_id = $1",
        "DELETE FROM document_fts WHERE document_id = $1",
    );
    execute!(tx, sql, id).map(drop)
}

impl Catalog {
    /// Keeps the words of the next `batch` documents that were there before this index; whether there are more. Where it
    /// stands is committed with what it did, so a process that ends in between loses nothing and does nothing twice.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn keep_words_of_what_was_there(&self, batch: u32) -> Result<bool, CatalogError> {
        let mut tx = self.writing().await?;
        let Some((after, upto_id)) = backfills::place(&mut tx, SEARCH).await? else { return Ok(false) };
        let rows = all!(
            tx,
            (Uuid, i64, Option<String>),
            "SELECT id, received_at, search FROM documents WHERE id > $1 AND id <= $2 ORDER BY id LIMIT $3",
            after,
            upto_id,
            i64::from(batch.clamp(1, 500))
        )?;
        for (id, received_at, text) in &rows {
            // What was read or decided since has its words, and no text here.
            let Some(text) = text else { continue };
            let same =
                execute!(tx, "UPDATE documents SET search = NULL WHERE id = $1 AND search IS NOT NULL", *id)?;
            if same == 1 {
                keep_text(&mut tx, (*id, *received_at), text).await?;
            }
        }
        let ids: Vec<Uuid> = rows.iter().map(|(id, ..)| *id).collect();
        let more = backfills::moved(&mut tx, SEARCH, &ids).await?;
        tx.commit().await?;
        Ok(more)
    }

    /// Keeps the words of the line items of the next `batch` documents that were there before those were searched, when all
    /// else of what was there is kept; whether there are more.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn keep_words_of_lines(&self, batch: u32) -> Result<bool, CatalogError> {
        let mut tx = self.writing().await?;
        if backfills::place(&mut tx, SEARCH).await?.is_some() {
            return Ok(true);
        }
        let Some((after, upto_id)) = backfills::place(&mut tx, LINES).await? else { return Ok(false) };
        let text = format!("SELECT {COLUMNS} FROM documents WHERE id > $1 AND id <= $2 ORDER BY id LIMIT $3");
        let limit = i64::from(batch.clamp(1, 500));
        let rows = all!(tx, DocumentRow, sqlx::AssertSqlSafe(text.clone()), after, upto_id, limit)?;
        let mut ids = Vec::with_capacity(rows.len());
        for row in rows {
            let document = Document::try_from(row)?;
            ids.push(document.id.0);
            if document.fields.values().all(|field| field.value.entries().is_empty()) {
                continue;
            }
            let text = text_of(&mut tx, document.id).await?;
            let place = (document.id.0, micros(document.received_at));
            keep(&mut tx, place, &document.searched_names(), &document.fields, &text).await?;
        }
        let more = backfills::moved(&mut tx, LINES, &ids).await?;
        tx.commit().await?;
        Ok(more)
    }
}
