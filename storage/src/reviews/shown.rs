//! What of the queue is shown, to be read and taken from: in the queue's own order, in another, or what was looked for. The
//! next of it is found where its page is, by the same index.

use uuid::Uuid;

use super::{
    COLUMNS, Review, Row,
    list::{Place, QUEUE, ReviewFilter, Walk, paired, place_of},
    names::meant,
    table::{Order, Part, Table, by, of_row, parts, standing},
};
use crate::{
    access::literal,
    catalog::Catalog,
    documents::{Document, Page},
    error::CatalogError,
    names::{DocumentId, ReviewId},
    sql::{Bind, Query, Tx},
    words::{DOCUMENTS, Index, question},
};

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

/// Some of what is shown, to be read on from a place of it.
pub(super) enum Stretch {
    /// The queue in its own order.
    Queue(Place),
    /// A part of a table after one of its rows, or before it where it is read back.
    Part { part: Part, after: Option<ReviewId>, forward: bool },
}

/// A table, with what is looked for in it.
pub(super) struct Shown {
    pub(super) table: Table,
    search: Option<Search>,
}

impl Shown {
    /// What a table shows. Who could take it makes no difference to what is meant by its words.
    pub(super) async fn of(tx: &mut Tx, table: Table) -> Result<Self, CatalogError> {
        let search = match table.words() {
            Some(q) => {
                let asked = question(tx, &DOCUMENTS, q).await?;
                let all = ReviewFilter { open_to: None, ..table.filter.clone() };
                Some(Search { asked, meant: meant(tx, &all, q).await? })
            }
            None => None,
        };
        Ok(Self { table, search })
    }

    /// What it shows of what `who` could take. To look for words waits its turn, and is over before anything is taken.
    pub(super) async fn open_to(catalog: &Catalog, table: &Table, who: &str) -> Result<Self, CatalogError> {
        let filter = ReviewFilter { open_to: Some(who.to_owned()), ..table.filter.clone() };
        let table = Table { filter, ..table.clone() };
        if table.words().is_none() {
            return Ok(Self { table, search: None });
        }
        let mut tx = catalog.searching().await?;
        Self::of(&mut tx, table).await
    }

    /// What comes after a row, or all of it.
    pub(super) async fn after(
        &self,
        tx: &mut Tx,
        after: Option<ReviewId>,
    ) -> Result<Vec<Stretch>, CatalogError> {
        if self.table.is_queue() {
            return Ok(vec![Stretch::Queue(place_of(tx, after).await?)]);
        }
        self.beside(tx, after, true).await
    }

    /// The parts that come after a row, or before it, the nearest first; none where there is no such row.
    pub(super) async fn beside(
        &self,
        tx: &mut Tx,
        of: Option<ReviewId>,
        forward: bool,
    ) -> Result<Vec<Stretch>, CatalogError> {
        let all = parts(self.table.order);
        let parts: Vec<Part> = match of {
            None => all,
            Some(id) => match part_of(tx, &all, id).await? {
                None => Vec::new(),
                Some(at) if forward => all.into_iter().skip(at).collect(),
                Some(at) => all.into_iter().take(at + 1).rev().collect(),
            },
        };
        let stretch =
            |(n, part): (usize, Part)| Stretch::Part { part, after: of.filter(|_| n == 0), forward };
        Ok(parts.into_iter().enumerate().map(stretch).collect())
    }

    /// A page of `columns` of a stretch.
    pub(super) fn page(
        &self,
        tx: &Tx,
        walk: Walk,
        stretch: &Stretch,
        (columns, most): (&str, i64),
    ) -> (String, Vec<Bind>) {
        let (part, after, forward) = match stretch {
            Stretch::Queue(place) => return walk.page(columns, *place, most),
            Stretch::Part { part, after, forward } => (part, *after, *forward),
        };
        let descends = self.table.descending == forward;
        let (than, order) = if descends { ("<", "DESC") } else { (">", "ASC") };
        let by_reason = self.table.filter.reason.is_some();
        let from = self.tables(tx, &walk);
        let mut query = walk.query;
        if let Some(search) = &self.search {
            search.holds(tx, &self.table, &mut query);
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
            "SELECT {columns} FROM {from} WHERE {} ORDER BY {} LIMIT {most}",
            query.all(),
            sorted.join(", ")
        );
        (text, query.binds)
    }

    /// The tables, to be gone through in the table's order, or from what was found.
    fn tables(&self, tx: &Tx, walk: &Walk) -> String {
        let Table { filter, order, .. } = &self.table;
        let by_reason = filter.reason.is_some();
        match self.search {
            Some(_) => filter.found(tx, walk.from).to_owned(),
            None if !tx.is_sqlite() || filter.is_of_few() => walk.from.to_owned(),
            None if *order == Order::Due => walk.ordered.to_owned(),
            None => in_order(*order, by_reason),
        }
    }
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
        if table.is_queue() {
            return self.reviews(&table.filter, after, limit).await;
        }
        let mut tx = self.searching().await?;
        let limit = i64::from(limit.clamp(1, 500));
        let shown = Shown::of(&mut tx, table.clone()).await?;
        let mut rows: Vec<Row> = Vec::new();
        for stretch in shown.after(&mut tx, after).await? {
            let most = limit + 1 - rows.len() as i64;
            let (text, binds) = shown.page(&tx, table.filter.walk(&tx), &stretch, (COLUMNS, most));
            rows.extend(all_of!(tx, Row, text, binds)?);
            if rows.len() as i64 > limit {
                break;
            }
        }
        paired(&mut tx, rows, limit).await
    }

    /// The document that is shown next to this one.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn neighbour(
        &self,
        table: &Table,
        of: &Review,
        forward: bool,
    ) -> Result<Option<DocumentId>, CatalogError> {
        if table.is_queue() {
            return self.neighbour_in_queue(&table.filter, of, forward).await;
        }
        let mut tx = self.searching().await?;
        let shown = Shown::of(&mut tx, table.clone()).await?;
        for stretch in shown.beside(&mut tx, Some(of.id), forward).await? {
            let (text, binds) = shown.page(&tx, table.filter.walk(&tx), &stretch, ("r.document_id", 1));
            let found = all_of!(tx, (Uuid,), text, binds)?;
            if let Some((id,)) = found.first() {
                return Ok(Some(DocumentId(*id)));
            }
        }
        Ok(None)
    }
}
