//! The queue as a table: searched, and in another order than the most urgent first.

use acuse_pipeline::{document::Kind, reason::ReasonCode};

use super::{
    COLUMNS, Review, Row,
    list::{OF_FILTER, ReviewFilter, of_d, paired, there},
    names::meant,
};
use crate::{
    access::literal,
    catalog::Catalog,
    documents::{self, Document, DocumentRow, Page},
    error::CatalogError,
    names::{ReviewId, micros, words},
    sql::Tx,
    words::{DOCUMENTS, question},
};

words! {
    /// By what a table is sorted.
    Order, "order" {
        /// When it should be decided.
        Due = "due",
        /// Since when it waits.
        Since = "since",
        /// Its amount, whatever the currency; what has none, or may not be told, is the least.
        Amount = "amount",
        /// What it is.
        Kind = "kind",
        /// Whose paper it is.
        Party = "party",
        /// Whose it is.
        Customer = "customer",
        /// Who sent it.
        Sender = "sender",
    }
}

/// What of the queue a table shows.
#[derive(Debug, Clone)]
pub struct Table {
    /// Which reviews.
    pub filter: ReviewFilter,
    /// By what it is sorted.
    pub order: Order,
    /// The greatest first.
    pub descending: bool,
    /// Words in what it says, or in the name or number of its sender, customer or party.
    pub q: Option<String>,
}

impl Default for Table {
    fn default() -> Self {
        Self { filter: ReviewFilter::default(), order: Order::Due, descending: false, q: None }
    }
}

/// What the order goes by. A text that is missing comes after every other.
fn key(tx: &Tx, table: &Table) -> String {
    let told = table.filter.access.told("d");
    let text =
        |text: &str| format!("COALESCE(NULLIF({text}, ''), '\u{10FFFD}'){}", tx.pick("", " COLLATE \"C\""));
    match table.order {
        Order::Due => "r.due_at".to_owned(),
        Order::Since => "r.opened_at".to_owned(),
        Order::Amount => format!("COALESCE(CASE WHEN {told} THEN d.amount END, -9223372036854775807)"),
        Order::Kind => text("d.kind"),
        Order::Party => text(&format!("CASE WHEN {told} THEN d.issuer END")),
        Order::Customer => text("(SELECT c.name_key FROM customers c WHERE c.id = d.customer_id)"),
        Order::Sender => {
            text("(SELECT LOWER(COALESCE(k.name, k.phone)) FROM contacts k WHERE k.id = d.contact_id)")
        }
    }
}

const QUEUE: &str = "FROM reviews r JOIN documents d ON d.id = r.document_id";

fn page_of(tx: &Tx, table: &Table, meant: &str, columns: &str) -> String {
    let (key, there, told) = (key(tx, table), there(tx, &table.filter), table.filter.access.told("d"));
    let has = DOCUMENTS.have(tx, "$7");
    let (than, order) = if table.descending { ("<", "DESC") } else { (">", "ASC") };
    format!(
        "SELECT {columns} {QUEUE} WHERE {OF_FILTER} AND {there} \
           AND ($10 = 0 OR ($7 <> '' AND {has} AND {told}) OR {meant}) \
           AND ($8 IS NULL OR ({key}, r.id) {than} (SELECT {key}, r.id {QUEUE} WHERE r.id = $8)) \
         ORDER BY {key} {order}, r.id {order} LIMIT $9"
    )
}

macro_rules! page {
    ($tx:expr, $row:ty, $text:expr, $table:expr, $asked:expr, $after:expr, $limit:expr, $searches:expr) => {{
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
            $asked.as_str(),
            $after.map(|id: ReviewId| id.0),
            $limit,
            i64::from($searches)
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
        let mut tx = self.searching().await?;
        let limit = i64::from(limit.clamp(1, 500));
        let q = table.q.as_deref().map(str::trim).filter(|q| !q.is_empty());
        // No words are none that could be found.
        let asked = q.and_then(|q| question(&tx, q)).unwrap_or_default();
        let named = match q {
            Some(q) => meant(&mut tx, &table.filter, q).await?,
            None => Vec::new(),
        };
        let named: Vec<String> = named.into_iter().map(|id| literal(&tx, id)).collect();
        let named = if named.is_empty() { "1 = 0".into() } else { format!("r.id IN ({})", named.join(", ")) };
        let text = page_of(&tx, table, &named, COLUMNS);
        let rows = page!(tx, Row, text, table, asked, after, limit + 1, q.is_some())?;
        let text = page_of(&tx, table, &named, &of_d(documents::COLUMNS));
        let theirs = page!(tx, DocumentRow, text, table, asked, after, limit, q.is_some())?;
        paired(rows, theirs, limit, tx.now())
    }
}
