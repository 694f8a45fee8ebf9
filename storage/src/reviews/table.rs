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

/// Some of a table's rows, all of them in one order; where several follow each other, they are those that have what the table
/// is sorted by, and then the rest.
struct Part {
    /// SQL that holds for them, over `r` and `d`.
    holds: String,
    /// What else holds for all that waits, as the index says it.
    waits: &'static str,
    /// For SQLite the tables with the index that has their order: it would rather sort them all.
    ordered: String,
    /// What they are sorted by, the last an id; and the same of a row of [`QUEUE`].
    key: Vec<(String, String)>,
}

impl Part {
    /// Sorted by what stands on the review.
    fn of_reviews(holds: &str, index: &str, key: &[&str]) -> Self {
        Self {
            holds: holds.to_owned(),
            waits: "r.resolved_at IS NULL",
            ordered: format!("reviews r INDEXED BY {index} CROSS JOIN documents d ON d.id = r.document_id"),
            key: key.iter().map(|column| ((*column).to_owned(), (*column).to_owned())).collect(),
        }
    }

    /// Sorted by what stands on the document.
    fn of_documents(holds: &str, index: &str, key: &[&str]) -> Self {
        Self {
            waits: "d.status = 'in_review'",
            ordered: format!("documents d INDEXED BY {index} CROSS JOIN reviews r ON r.document_id = d.id"),
            ..Self::of_reviews(holds, index, key)
        }
    }

    /// What has something that the document says, and may be told, by its index; and then the rest.
    fn said(table: &Table, column: &str, index: &str, (has, lacks): (&str, &str)) -> Vec<Self> {
        let (has, lacks, index) = if table.filter.access.sees_ids() {
            (has.to_owned(), format!("({lacks})"), index.to_owned())
        } else {
            let told = table.filter.access.told("d");
            (format!("{has} AND {told}"), format!("({lacks} OR NOT {told})"), format!("{index}_told"))
        };
        vec![
            Self::of_documents(&has, &index, &[column, "d.id"]),
            Self::of_documents(&lacks, "documents_waits", &["d.id"]),
        ]
    }

    /// What has a name, which is looked up for each; and then the rest.
    fn named(tx: &Tx, column: &str, name: &str) -> Vec<Self> {
        let name = format!("COALESCE({name}, ''){}", tx.pick("", " COLLATE \"C\""));
        vec![
            Self::of_documents(
                &format!("{column} IS NOT NULL"),
                "documents_waits_contact",
                &[name.as_str(), "d.id"],
            ),
            Self::of_documents(&format!("{column} IS NULL"), "documents_waits", &["d.id"]),
        ]
    }
}

/// What a table's order goes by. What has none of it, or may not be told, comes last, whichever way it is sorted.
fn parts(tx: &Tx, table: &Table) -> Vec<Part> {
    match table.order {
        Order::Due => {
            let Walk { ordered, place, .. } = table.filter.walk(tx);
            let part = Part::of_reviews("1 = 1", "reviews_queue", &["r.due_at", "r.opened_at", "r.id"]);
            let key = place.iter().zip(part.key).map(|(column, (_, of_row))| ((*column).to_owned(), of_row));
            vec![Part { key: key.collect(), ordered: ordered.to_owned(), ..part }]
        }
        Order::Since => vec![Part::of_reviews("1 = 1", "reviews_since", &["r.opened_at", "r.id"])],
        Order::Kind => vec![
            Part::of_reviews(
                "r.kind IS NOT NULL",
                "reviews_kind",
                &["r.kind", "r.due_at", "r.opened_at", "r.id"],
            ),
            Part::of_reviews("r.kind IS NULL", "reviews_kind", &["r.due_at", "r.opened_at", "r.id"]),
        ],
        Order::Amount => Part::said(
            table,
            "d.amount",
            "documents_waits_amount",
            ("d.amount IS NOT NULL", "d.amount IS NULL"),
        ),
        Order::Party => Part::said(
            table,
            "d.issuer",
            "documents_waits_party",
            ("d.issuer <> ''", "d.issuer IS NULL OR d.issuer = ''"),
        ),
        Order::Customer => Part::named(
            tx,
            "d.customer_id",
            "(SELECT c.name_key FROM customers c WHERE c.id = d.customer_id)",
        ),
        Order::Sender => Part::named(
            tx,
            "d.contact_id",
            "(SELECT LOWER(COALESCE(k.name, k.phone)) FROM contacts k WHERE k.id = d.contact_id)",
        ),
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
    let Walk { mut query, from, .. } = table.filter.walk(tx);
    let by_reason = table.filter.reason.is_some();
    let from = match search {
        Some(_) => tx.pick(if by_reason { FOUND_BY_REASON } else { FOUND }, from),
        None if !tx.is_sqlite() || table.filter.is_of_few() => from,
        // Of a reason there may be few, which only the database knows.
        None if by_reason && table.order != Order::Due => from,
        None => part.ordered.as_str(),
    };
    if let Some(search) = search {
        search.holds(tx, table, &mut query);
    }
    query.and(part.waits);
    query.and(part.holds.as_str());
    let columns: Vec<&str> = part.key.iter().map(|(column, _)| column.as_str()).collect();
    if let Some(after) = after {
        let id = query.bind(Bind::Id(after.0));
        // One by one, or PostgreSQL would not go by an index.
        let of_row =
            part.key.iter().map(|(_, of_row)| format!("(SELECT {of_row} FROM {QUEUE} WHERE r.id = {id})"));
        let of_row = of_row.collect::<Vec<_>>().join(", ");
        query.and(format!("({}) {than} ({of_row})", columns.join(", ")));
    }
    let sorted: Vec<String> = columns.iter().map(|column| format!("{column} {order}")).collect();
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
        first.holds
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
        let parts = parts(&tx, table);
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
