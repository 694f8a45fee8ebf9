//! The queue as a table: searched and in another order than by time.

use acuse_pipeline::{document::Kind, reason::ReasonCode};

use super::{
    COLUMNS, Review, Row,
    list::{OF_FILTER, ReviewFilter, of_d, paired, there},
};
use crate::{
    catalog::Catalog,
    documents::{self, Document, DocumentRow, Page, have_words, like, question},
    error::CatalogError,
    names::{ReviewId, micros},
    sql::Tx,
};

/// In which order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    /// The longest waiting first.
    #[default]
    Oldest,
    /// The latest first.
    Newest,
    /// The largest amount first, whatever its currency; what has none, or may not be told, last.
    Amount,
}

/// What of the queue a table shows.
#[derive(Debug, Clone, Default)]
pub struct Table {
    /// Which reviews.
    pub filter: ReviewFilter,
    /// In which order.
    pub order: Order,
    /// Words in what it says, or in the name or number of its sender or customer.
    pub q: Option<String>,
}

/// What the order goes by, as a whole number.
fn key(tx: &Tx, table: &Table) -> String {
    match table.order {
        Order::Oldest => "r.opened_at".to_owned(),
        Order::Newest => "-r.opened_at".to_owned(),
        Order::Amount => {
            let cents = tx.pick(
                "CAST(ROUND(CAST(d.total AS REAL) * 100) AS INTEGER)",
                "CASE WHEN d.total ~ '^-?[0-9]{1,13}([.][0-9]{1,4})?$' THEN CAST(d.total AS NUMERIC) * 100 ELSE 0 END",
            );
            let told = table.filter.access.told("d");
            format!("CAST(CASE WHEN d.total IS NOT NULL AND {told} THEN -({cents}) ELSE 0 END AS BIGINT)")
        }
    }
}

fn page_of(tx: &Tx, table: &Table, columns: &str) -> String {
    let (key, there, told) = (key(tx, table), there(tx, &table.filter), table.filter.access.told("d"));
    let has = have_words(tx, "$11");
    format!(
        "SELECT {columns} FROM reviews r JOIN documents d ON d.id = r.document_id \
         WHERE {OF_FILTER} AND {there} \
           AND ($7 IS NULL OR ({has} AND {told}) \
             OR EXISTS (SELECT 1 FROM contacts k WHERE k.id = d.contact_id \
               AND (LOWER(k.name) LIKE $7 ESCAPE '!' OR k.phone LIKE $7 ESCAPE '!')) \
             OR EXISTS (SELECT 1 FROM customers c WHERE c.id = d.customer_id AND c.name_key LIKE $7 ESCAPE '!')) \
           AND ($8 IS NULL OR {key} > $8 OR ({key} = $8 AND r.id > $9)) \
         ORDER BY {key}, r.id LIMIT $10"
    )
}

macro_rules! page {
    ($tx:expr, $row:ty, $text:expr, $table:expr, $q:expr, $place:expr, $limit:expr, $asked:expr) => {{
        let present = micros($tx.now());
        all!(
            $tx,
            $row,
            sqlx::AssertSqlSafe($text.clone()),
            $table.filter.reason.map(ReasonCode::as_str),
            $table.filter.kind.map(Kind::as_str),
            $table.filter.claimed_by.as_deref(),
            $table.filter.unclaimed,
            $table.filter.open_to.as_deref(),
            present,
            $q.as_deref(),
            $place.map(|(key, _): (i64, ReviewId)| key),
            $place.map(|(_, id): (i64, ReviewId)| id.0),
            $limit,
            $asked.as_str()
        )
    }};
}

impl Catalog {
    /// A page of the queue in its order, after the cursor (the last review's id).
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn review_table(
        &self,
        table: &Table,
        after: Option<ReviewId>,
        limit: u32,
    ) -> Result<Page<(Review, Document), ReviewId>, CatalogError> {
        let mut tx = self.reading().await?;
        let limit = i64::from(limit.clamp(1, 500));
        let q = table.q.as_deref().map(str::trim).filter(|q| !q.is_empty());
        // No words are none that could be found.
        let asked = q.and_then(|q| question(&tx, q)).unwrap_or_default();
        let q = q.map(|q| like(&q.trim_start_matches('+').to_lowercase()));
        let place = place_of(&mut tx, table, after).await?;
        let text = page_of(&tx, table, COLUMNS);
        let rows = page!(tx, Row, text, table, q, place, limit + 1, asked)?;
        let text = page_of(&tx, table, &of_d(documents::COLUMNS));
        let theirs = page!(tx, DocumentRow, text, table, q, place, limit, asked)?;
        paired(rows, theirs, limit, tx.now())
    }
}

/// Where a review stands in the order.
async fn place_of(
    tx: &mut Tx,
    table: &Table,
    after: Option<ReviewId>,
) -> Result<Option<(i64, ReviewId)>, CatalogError> {
    let Some(id) = after else { return Ok(None) };
    let key = key(tx, table);
    let text =
        format!("SELECT {key} FROM reviews r JOIN documents d ON d.id = r.document_id WHERE r.id = $1");
    let found = optional!(tx, (i64,), sqlx::AssertSqlSafe(text.clone()), id.0)?;
    Ok(found.map(|(key,)| (key, id)))
}
