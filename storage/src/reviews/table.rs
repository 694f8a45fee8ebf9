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

/// What is looked for: the question to the index of words, none where it has none, and those that are meant by a name.
struct Search {
    asked: Option<String>,
    meant: Vec<Uuid>,
}

impl Search {
    /// A condition that holds for what is found; words only of what may be told.
    fn holds(&self, tx: &Tx, table: &Table, query: &mut Query) {
        let mut any = Vec::new();
        if let Some(asked) = &self.asked {
            let asked = query.bind(Bind::text(asked));
            any.push(format!("({} AND {})", DOCUMENTS.have(tx, &asked), table.filter.access.told("d")));
        }
        let meant: Vec<String> = self.meant.iter().map(|id| literal(tx, *id)).collect();
        if !meant.is_empty() {
            any.push(format!("r.id IN ({})", meant.join(", ")));
        }
        // What asks for nothing that could be found finds nothing.
        query.and(if any.is_empty() { "1 = 0".to_owned() } else { format!("({})", any.join(" OR ")) });
    }
}

/// A page of `columns` in a table's order.
fn page_of(
    tx: &Tx,
    table: &Table,
    search: Option<&Search>,
    after: Option<ReviewId>,
    (columns, most): (&str, i64),
) -> (String, Vec<Bind>) {
    let key = key(tx, table);
    let (than, order) = if table.descending { ("<", "DESC") } else { (">", "ASC") };
    let Walk { mut query, from, .. } = table.filter.walk(tx);
    if let Some(search) = search {
        search.holds(tx, table, &mut query);
    }
    if let Some(after) = after {
        let id = query.bind(Bind::Id(after.0));
        query.and(format!("({key}, r.id) {than} (SELECT {key}, r.id FROM {QUEUE} WHERE r.id = {id})"));
    }
    let text = format!(
        "SELECT {columns} FROM {from} WHERE {} ORDER BY {key} {order}, r.id {order} LIMIT {most}",
        query.all()
    );
    (text, query.binds)
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
                Some(Search { asked: question(&tx, q), meant: meant(&mut tx, &table.filter, q).await? })
            }
            None => None,
        };
        let (text, binds) = page_of(&tx, table, search.as_ref(), after, (COLUMNS, limit + 1));
        let rows = all_of!(tx, Row, text, binds)?;
        paired(&mut tx, rows, limit).await
    }
}
