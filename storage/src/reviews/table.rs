//! The queue as a table: searched, and in another order than the most urgent first.

use uuid::Uuid;

use super::{
    COLUMNS, Review, Row,
    list::{QUEUE, ReviewFilter, Walk, paired},
    names::meant,
};
use crate::{
    access::literal,
    catalog::Catalog,
    documents::{Document, Page},
    error::CatalogError,
    names::{ReviewId, words},
    sql::{Bind, Query, Tx},
    words::{DOCUMENTS, Index, question},
};

words! {
    /// By what a table is sorted.
    Order, "order" {
        /// When it should be decided.
        Due = "due",
        /// Since when it waits.
        Since = "since",
        /// Its amount, whatever the currency.
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

/// Some of a table's rows, all of them in one order; where there are two, the first are those that have what the table is
/// sorted by, and then the rest.
struct Part {
    /// What of a review it is sorted by, before its time and id where it has them.
    columns: &'static [&'static str],
    /// Whether it is those that have the first of them, or those that lack it; none where all have it.
    has: Option<bool>,
}

/// What a table's order goes by: the name of its index, and the columns that the index has. They stand on the review, and on
/// each of its reasons (migration 79).
fn by(order: Order) -> (&'static str, &'static [&'static str]) {
    match order {
        Order::Due => ("queue", &["due_at", "opened_at", "id"]),
        Order::Since => ("since", &["opened_at", "id"]),
        Order::Kind => ("kind", &["kind", "due_at", "opened_at", "id"]),
        Order::Amount => ("amount", &["amount", "id"]),
        Order::Party => ("party", &["party", "id"]),
        Order::Customer => ("customer", &["customer", "id"]),
        Order::Sender => ("sender", &["sender", "id"]),
    }
}

/// What a table's order goes by. What has none of it, or may not be told to everybody, comes last, whichever way it is sorted.
fn parts(order: Order) -> Vec<Part> {
    let (_, columns) = by(order);
    let halves: &[Option<bool>] = match order {
        Order::Due | Order::Since => &[None],
        _ => &[Some(true), Some(false)],
    };
    halves.iter().map(|has| Part { columns, has: *has }).collect()
}

/// A column of a review's place where it stands: on its reason, or on itself.
fn standing(column: &str, by_reason: bool) -> String {
    match (by_reason, column) {
        (true, "id") => "x.review_id".to_owned(),
        (true, _) => format!("x.{column}"),
        (false, _) => format!("r.{column}"),
    }
}

/// The same of a row of [`QUEUE`] that may wait no more: then it stands on the document.
fn of_row(column: &str) -> String {
    let live = match column {
        "amount" => "CASE WHEN d.sensitivity = 'open' THEN d.amount END",
        "party" => "CASE WHEN d.sensitivity = 'open' THEN NULLIF(d.issuer, '') END",
        "customer" => "(SELECT c.name_key FROM customers c WHERE c.id = d.customer_id)",
        "sender" => "(SELECT LOWER(COALESCE(k.name, k.phone)) FROM contacts k WHERE k.id = d.contact_id)",
        _ => return format!("r.{column}"),
    };
    format!("CASE WHEN r.resolved_at IS NULL THEN r.{column} ELSE {live} END")
}

impl Part {
    /// SQL that holds for its rows; `stands` says where a column is.
    fn holds(&self, stands: impl Fn(&str) -> String) -> String {
        match (self.has, self.columns.first()) {
            (Some(has), Some(value)) => format!("{} IS {}NULL", stands(value), if has { "NOT " } else { "" }),
            _ => "1 = 1".to_owned(),
        }
    }

    /// The columns that tell its rows apart: what all of them lack is none.
    fn key(&self) -> &'static [&'static str] {
        self.columns.get(usize::from(self.has == Some(false))..).unwrap_or_default()
    }
}

/// The tables with the index that has a table's order, for SQLite: it would rather sort them all.
fn in_order(order: Order, by_reason: bool) -> String {
    let (index, _) = by(order);
    if by_reason {
        format!(
            "review_reasons x INDEXED BY review_reasons_{index} CROSS JOIN reviews r ON r.id = x.review_id \
             CROSS JOIN documents d ON d.id = r.document_id"
        )
    } else {
        format!("reviews r INDEXED BY reviews_{index} CROSS JOIN documents d ON d.id = r.document_id")
    }
}

/// What is looked for: the question to the index of words, none where it has none, and the documents that are meant by a name.
struct Search {
    asked: Option<String>,
    meant: Vec<Uuid>,
}

impl Search {
    /// A condition that holds for what is found; words only of what may be told. What is found is little, and the rest is not
    /// looked at.
    fn holds(&self, tx: &Tx, table: &Table, query: &mut Query) {
        let meant: Vec<String> = self.meant.iter().map(|id| format!("({})", literal(tx, *id))).collect();
        let meant = (!meant.is_empty()).then(|| format!("VALUES {}", meant.join(", ")));
        let words = self.asked.as_ref().map(|asked| Index::waiting(tx, &query.bind(Bind::text(asked))));
        let told = table.filter.access.told("d");
        match (words, meant) {
            (Some(words), Some(meant)) => {
                query.and(format!("d.id IN ({words} UNION ALL {meant})"));
                query.and(format!("({told} OR d.id IN ({meant}))"));
            }
            (Some(words), None) => {
                query.and(format!("d.id IN ({words})"));
                query.and(told);
            }
            (None, Some(meant)) => query.and(format!("d.id IN ({meant})")),
            // What asks for nothing that could be found finds nothing.
            (None, None) => query.and("1 = 0"),
        }
    }
}

/// What is found, and then whose review it is; for SQLite, which would look through all that waits.
const FOUND: &str = "documents d CROSS JOIN reviews r ON r.document_id = d.id";
const FOUND_BY_REASON: &str = "documents d CROSS JOIN reviews r ON r.document_id = d.id \
     CROSS JOIN review_reasons x ON x.review_id = r.id";

/// A page of one part of a table, after one of its rows.
fn page_of(
    tx: &Tx,
    (table, part): (&Table, &Part),
    search: Option<&Search>,
    after: Option<ReviewId>,
    most: i64,
) -> (String, Vec<Bind>) {
    let (than, order) = if table.descending { ("<", "DESC") } else { (">", "ASC") };
    let Walk { mut query, from, ordered, .. } = table.filter.walk(tx);
    let by_reason = table.filter.reason.is_some();
    let from = match search {
        Some(_) => tx.pick(if by_reason { FOUND_BY_REASON } else { FOUND }, from).to_owned(),
        None if !tx.is_sqlite() || table.filter.is_of_few() => from.to_owned(),
        None if table.order == Order::Due => ordered.to_owned(),
        None => in_order(table.order, by_reason),
    };
    if let Some(search) = search {
        search.holds(tx, table, &mut query);
    }
    let stands = |column: &str| standing(column, by_reason);
    query.and(part.holds(stands));
    if let Some(after) = after {
        let id = query.bind(Bind::Id(after.0));
        // One by one, or PostgreSQL would not go by an index.
        let row = part
            .key()
            .iter()
            .map(|column| format!("(SELECT {} FROM {QUEUE} WHERE r.id = {id})", of_row(column)));
        let row = row.collect::<Vec<_>>().join(", ");
        let key: Vec<String> = part.key().iter().map(|column| stands(column)).collect();
        query.and(format!("({}) {than} ({row})", key.join(", ")));
    }
    // By what all of them lack, too: PostgreSQL goes by an index that begins with it.
    let sorted: Vec<String> =
        part.columns.iter().map(|column| format!("{} {order}", stands(column))).collect();
    let text = format!(
        "SELECT {COLUMNS} FROM {from} WHERE {} ORDER BY {} LIMIT {most}",
        query.all(),
        sorted.join(", ")
    );
    (text, query.binds)
}

/// Which part a review is in; none where there is no such review.
async fn part_of(tx: &mut Tx, parts: &[Part], id: ReviewId) -> Result<Option<usize>, CatalogError> {
    let Some(first) = parts.first() else { return Ok(None) };
    let text = format!(
        "SELECT CAST(CASE WHEN {} THEN 0 ELSE 1 END AS BIGINT) FROM {QUEUE} WHERE r.id = $1",
        first.holds(|column| format!("({})", of_row(column)))
    );
    let found = optional!(tx, (i64,), sqlx::AssertSqlSafe(text.clone()), id.0)?;
    Ok(found.map(|(at,)| usize::from(at == 1)))
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
        let search = match q {
            Some(q) => {
                let asked = question(&mut tx, &DOCUMENTS, q).await?;
                Some(Search { asked, meant: meant(&mut tx, &table.filter, q).await? })
            }
            None => None,
        };
        let parts = parts(table.order);
        let mut first = 0;
        if let Some(after) = after {
            match part_of(&mut tx, &parts, after).await? {
                Some(at) => first = at,
                None => return Ok(Page { data: Vec::new(), next: None }),
            }
        }
        let (mut rows, mut after): (Vec<Row>, _) = (Vec::new(), after);
        for part in parts.iter().skip(first) {
            let most = limit + 1 - rows.len() as i64;
            let (text, binds) = page_of(&tx, (table, part), search.as_ref(), after.take(), most);
            rows.extend(all_of!(tx, Row, text, binds)?);
            if rows.len() as i64 > limit {
                break;
            }
        }
        paired(&mut tx, rows, limit).await
    }
}
