//! Full-text search: the one place where the two databases differ. SQLite keeps words in FTS5, PostgreSQL in a
//! `tsvector`; both are given the same [`terms`], ready to compare.
//!
//! What is searched has a *place* in its index, which is its place by arrival, so that a page of what was found is read
//! off in order without looking at the rest.

mod terms;

use std::collections::BTreeSet;

use uuid::Uuid;

pub use terms::fold;
pub(crate) use terms::tokens;

use crate::{
    access::Access,
    backfills,
    catalog::Catalog,
    contacts,
    error::CatalogError,
    sql::{Bind, Query, Tx},
};

/// Places in a microsecond. Arrivals fill 2^53 of them until the year 2255.
const PLACES: i64 = 1024;
/// Places that are looked at before the index is asked for all that has the words.
const NEAR: u32 = 2_000;
/// Rows whose words are kept in one transaction when an index is new.
const BATCH: i64 = 500;

/// Where the words of one kind of rows are kept, and what those rows are.
#[derive(Debug)]
pub(crate) struct Index {
    /// Its table.
    words: &'static str,
    /// The column that says whose the words are.
    of: &'static str,
    /// The table of those rows.
    rows: &'static str,
    /// As which that table stands in a query.
    alias: &'static str,
}

/// All that is said of documents. What of it may be told is for [`crate::Access`] to say.
pub(crate) const DOCUMENTS: Index =
    Index { words: "document_fts", of: "document_id", rows: "documents", alias: "d" };
/// Names of customers, and nothing else of them: numbers of IDs are not everybody's to find.
pub(crate) const CUSTOMERS: Index =
    Index { words: "customer_fts", of: "customer_id", rows: "customers", alias: "c" };
/// Names and numbers of contacts.
pub(crate) const CONTACTS: Index =
    Index { words: "contact_fts", of: "contact_id", rows: "contacts", alias: "c" };
/// Every index there is.
pub(crate) const ALL: [&Index; 3] = [&DOCUMENTS, &CUSTOMERS, &CONTACTS];

/// How much of an index a statement looks at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reach {
    /// All that has the words.
    Whole,
    /// The same, each looked up only when the one before it is; SQL of which they are and of their order.
    Ordered(String),
    /// Of the places that come next in the order, so many, whatever they hold; SQL of which they are and of their order.
    Near(String),
}

/// What is found by words, as SQL: the tables, and the condition on the bind named `asked`.
pub(crate) struct Source {
    pub from: String,
    pub condition: String,
    /// The place by arrival.
    pub place: String,
}

/// A page of a list that may be asked for words, the latest first.
pub(crate) struct Listing<'a> {
    /// Of each row, under its index's alias.
    pub select: &'a str,
    /// What holds for each, but for who asks.
    pub conditions: Vec<String>,
    /// SQL that holds for those that exist for who asks.
    pub reach: String,
    /// Who asks.
    pub access: &'a Access,
    /// What is asked of the index, where words are; [`question`].
    pub question: Option<String>,
    /// The last row of the page before.
    pub after: Option<Uuid>,
    /// Rows.
    pub most: i64,
}

/// The question in this database's words; none where nothing can be found.
pub(crate) fn question(tx: &Tx, q: &str) -> Option<String> {
    terms::question(q, dialect(tx))
}

/// The question for what begins with any of these, each taken for one word; none where no word is left of them.
pub(crate) fn beginning_with(tx: &Tx, any: &[&str]) -> Option<String> {
    terms::beginning_with(any, dialect(tx))
}

fn dialect(tx: &Tx) -> &'static terms::Dialect {
    if tx.is_sqlite() { &terms::FTS5 } else { &terms::TSQUERY }
}

fn joined(tokens: &BTreeSet<String>) -> String {
    tokens.iter().map(String::as_str).collect::<Vec<_>>().join(" ")
}

/// One of the places of what came then. What came at the same moment is spread by chance (the end of a UUIDv7), so that few
/// of them meet; those try the next.
fn a_place(id: Uuid, at: i64, step: i64) -> i64 {
    let own = (id.as_u128() & 0x3FF) as i64;
    at.saturating_add(step / PLACES).saturating_mul(PLACES).saturating_add((own + step) % PLACES)
}

impl Index {
    /// The table that knows places.
    fn places(&self, tx: &Tx) -> String {
        format!("{}{}", self.words, tx.pick("_rows", ""))
    }

    /// What has the words asked for.
    ///
    /// PostgreSQL takes any beginning of a word for equally rare, and for a page in order would look through all rows for one
    /// that few have. So it is told: first the places that come next, which are enough for what many have; then the index,
    /// for all that has it, which is little if the first did not find enough.
    pub(crate) fn source(&self, tx: &Tx, asked: &str, reach: &Reach) -> Source {
        let Self { words, of, rows, alias } = self;
        if tx.is_sqlite() {
            return Source {
                // The words first, whatever else is asked: of them there is an order.
                from: format!(
                    "{words} CROSS JOIN {words}_rows s ON s.place = {words}.rowid \
                     CROSS JOIN {rows} {alias} ON {alias}.id = s.{of}"
                ),
                condition: format!("{words} MATCH {asked}"),
                place: format!("{words}.rowid"),
            };
        }
        let has = format!("words @@ CAST({asked} AS tsquery)");
        let (places, condition) = match reach {
            Reach::Near(which) => (format!("SELECT * FROM {words} {which} LIMIT {NEAR}"), format!("s.{has}")),
            // Materialised, or a limit further out would lead the planner back to looking through all.
            Reach::Whole | Reach::Ordered(_) => {
                let all = format!("SELECT place, {of} FROM {words} WHERE {has}");
                let which = if let Reach::Ordered(which) = reach { which.as_str() } else { "" };
                (
                    format!("WITH found AS MATERIALIZED ({all}) SELECT * FROM found {which}"),
                    "1 = 1".to_owned(),
                )
            }
        };
        Source {
            from: format!("({places}) s JOIN {rows} {alias} ON {alias}.id = s.{of}"),
            condition,
            place: "s.place".to_owned(),
        }
    }

    /// SQL that holds for the rows that have what the bind named `asked` asks for.
    pub(crate) fn have(&self, tx: &Tx, asked: &str) -> String {
        let Self { words, of, alias, .. } = self;
        if tx.is_sqlite() {
            format!(
                "{alias}.id IN (SELECT s.{of} FROM {words} JOIN {words}_rows s ON s.place = {words}.rowid \
                 WHERE {words} MATCH {asked})"
            )
        } else {
            format!("{alias}.id IN (SELECT s.{of} FROM {words} s WHERE s.words @@ CAST({asked} AS tsquery))")
        }
    }

    /// A page of the rows in the order in which they came, the latest first: all, or what has the words asked for.
    pub(crate) async fn page<R>(&self, tx: &mut Tx, listing: &Listing<'_>) -> Result<Vec<R>, CatalogError>
    where
        R: for<'r> sqlx::FromRow<'r, sqlx::sqlite::SqliteRow>
            + for<'r> sqlx::FromRow<'r, sqlx::postgres::PgRow>
            + Send
            + Unpin,
    {
        let Listing { select, conditions, after, most, .. } = listing;
        let id = format!("{}.id", self.alias);
        let Some(question) = &listing.question else {
            let (text, binds) = self.whole(tx, listing);
            return all_of!(tx, R, text, binds);
        };
        let place = match after {
            Some(after) => self.place_of(tx, *after).await?,
            None => None,
        };
        let mut rows = Vec::new();
        // What is near is a page if it is full; otherwise the whole of it is asked for.
        for near in [true, false] {
            if near && tx.is_sqlite() {
                continue;
            }
            let mut query = Query::default();
            let asked = query.bind(Bind::Text(question.clone()));
            let next = place.map(|place| query.bind(Bind::Place(place)));
            let which = next.as_ref().map(|next| format!("WHERE place < {next} ")).unwrap_or_default();
            let which = format!("{which}ORDER BY place DESC");
            let reach = if near { Reach::Near(which) } else { Reach::Ordered(which) };
            let source = self.source(tx, &asked, &reach);
            query.and(source.condition);
            query.conditions.extend(conditions.iter().cloned());
            query.and(listing.reach.as_str());
            match next {
                Some(next) => query.and(format!("{} < {next}", source.place)),
                // Where the last one has gone since, its id still says when it came.
                None => query.holds(&format!("{id} <"), after.map(Bind::Id)),
            }
            let text = format!(
                "SELECT {select} FROM {} WHERE {} ORDER BY {} DESC LIMIT {most}",
                source.from,
                query.all(),
                source.place
            );
            rows = all_of!(tx, R, text, query.binds)?;
            if rows.len() as i64 >= *most {
                break;
            }
        }
        Ok(rows)
    }

    /// A page of all rows, the latest first. Who is bound goes from one of theirs to the next; else, of many rows that do not
    /// exist for them, each would be looked at.
    fn whole(&self, tx: &Tx, listing: &Listing<'_>) -> (String, Vec<Bind>) {
        let Self { rows, alias, .. } = self;
        let Listing { select, conditions, reach, after, most, access, .. } = listing;
        let mut query = Query { conditions: conditions.clone(), ..Query::default() };
        let after = after.map(|after| query.bind(Bind::Id(after)));
        let last = |before: Option<&str>| access.last_of(tx, (self.of, self.rows), before);
        let (with, from) = match (last(after.as_deref()), last(Some("theirs.id"))) {
            (Some(first), Some(next)) => {
                let with = format!(
                    "WITH RECURSIVE theirs (id, n) AS (SELECT {first}, 1 UNION ALL SELECT {next}, theirs.n + 1 \
                     FROM theirs WHERE theirs.id IS NOT NULL AND theirs.n < {most}) "
                );
                (with, format!("theirs JOIN {rows} {alias} ON {alias}.id = theirs.id"))
            }
            _ => {
                query.and(reach.as_str());
                (String::new(), format!("{rows} {alias}"))
            }
        };
        if let Some(after) = after {
            query.and(format!("{alias}.id < {after}"));
        }
        let text = format!(
            "{with}SELECT {select} FROM {from} WHERE {} ORDER BY {alias}.id DESC LIMIT {most}",
            query.all()
        );
        (text, query.binds)
    }

    /// Keeps the words of a row that came then, in place of those that were kept.
    pub(crate) async fn keep(
        &self,
        tx: &mut Tx,
        (id, at): (Uuid, i64),
        tokens: &BTreeSet<String>,
    ) -> Result<(), CatalogError> {
        if tokens.is_empty() {
            return self.forget(tx, id).await;
        }
        let (place, words, table) = (self.place(tx, id, at).await?, joined(tokens), self.words);
        let sql = if tx.is_sqlite() {
            format!("INSERT OR REPLACE INTO {table} (rowid, words) VALUES ($1, $2)")
        } else {
            format!("UPDATE {table} SET words = array_to_tsvector(string_to_array($2, ' ')) WHERE place = $1")
        };
        execute!(tx, sqlx::AssertSqlSafe(sql.clone()), place, words.as_str()).map(drop)
    }

    /// Keeps the words of rows that were never here, many of them in few statements.
    ///
    /// # Errors
    /// [`CatalogError::Contention`] when another process took one of the places at this very moment; when the database
    /// fails.
    pub(crate) async fn keep_new(
        &self,
        tx: &mut Tx,
        all: &[((Uuid, i64), BTreeSet<String>)],
    ) -> Result<(), CatalogError> {
        let mut taken = BTreeSet::new();
        let mut kept: Vec<(i64, Uuid, String)> = Vec::with_capacity(all.len());
        for ((id, at), tokens) in all.iter().filter(|(_, tokens)| !tokens.is_empty()) {
            let free = (0_i64..).map(|step| a_place(*id, *at, step)).find(|place| taken.insert(*place));
            kept.extend(free.map(|place| (place, *id, joined(tokens))));
        }
        let Self { words, of, .. } = self;
        let tail = " ON CONFLICT DO NOTHING RETURNING place";
        let placed = if tx.is_sqlite() {
            let head = format!("INSERT INTO {words}_rows (place, {of}) VALUES ");
            values!(tx, (i64,), &head, 2, tail, &kept, |q, (place, id, _)| q.bind(*place).bind(*id))?
        } else {
            let head = format!(
                "INSERT INTO {words} (place, {of}, words) \
                 SELECT v.place, v.id, array_to_tsvector(string_to_array(v.words, ' ')) FROM (VALUES "
            );
            let tail = format!(") AS v (place, id, words){tail}");
            values!(tx, (i64,), &head, 3, &tail, &kept, |q, (place, id, words)| q
                .bind(*place)
                .bind(*id)
                .bind(words.as_str()))?
        };
        if placed.len() != kept.len() {
            return Err(CatalogError::Contention);
        }
        if !tx.is_sqlite() {
            return Ok(());
        }
        let head = format!("INSERT INTO {words} (rowid, words) VALUES ");
        insert!(tx, &head, 2, "", &kept, |q, (place, _, words)| q.bind(*place).bind(words.as_str()))
    }

    async fn place_of(&self, tx: &mut Tx, id: Uuid) -> Result<Option<i64>, CatalogError> {
        let text = format!("SELECT place FROM {} WHERE {} = $1", self.places(tx), self.of);
        Ok(optional!(tx, (i64,), sqlx::AssertSqlSafe(text.clone()), id)?.map(|(place,)| place))
    }

    /// The row's place, taken now if it has none.
    async fn place(&self, tx: &mut Tx, id: Uuid, at: i64) -> Result<i64, CatalogError> {
        let Self { words, of, .. } = self;
        let take = if tx.is_sqlite() {
            format!("INSERT INTO {words}_rows (place, {of}) VALUES ($1, $2) ON CONFLICT DO NOTHING")
        } else {
            format!("INSERT INTO {words} (place, {of}, words) VALUES ($1, $2, '') ON CONFLICT DO NOTHING")
        };
        for step in 0..PLACES {
            if let Some(place) = self.place_of(tx, id).await? {
                return Ok(place);
            }
            let place = a_place(id, at, step);
            if execute!(tx, sqlx::AssertSqlSafe(take.clone()), place, id)? == 1 {
                return Ok(place);
            }
        }
        Err(CatalogError::Contention)
    }

    /// Takes a row's words out of search.
    pub(crate) async fn forget(&self, tx: &mut Tx, id: Uuid) -> Result<(), CatalogError> {
        self.forget_all(tx, "($1)", id).await
    }

    /// Takes the words of several rows out of search: SQL of their ids, by the one bound to `$1`.
    pub(crate) async fn forget_all(&self, tx: &mut Tx, ids: &str, id: Uuid) -> Result<(), CatalogError> {
        let text = format!("DELETE FROM {} WHERE {} IN {ids}", self.places(tx), self.of);
        execute!(tx, sqlx::AssertSqlSafe(text.clone()), id).map(drop)
    }

    /// SQLite's statement that merges some of the segments in which words stand that were taken out; `$1` says how.
    pub(crate) fn merge(&self) -> String {
        format!("INSERT INTO {words} ({words}, rank) VALUES ('merge', $1)", words = self.words)
    }
}

/// Name and number of a row that was there before its index, as its tokens.
type Searched = fn(Option<&str>, Option<&str>) -> BTreeSet<String>;

/// Indexes that are filled where the tables are brought up to date: their backfill, the column of the number, the tokens.
const FILLED: [(&Index, &str, &str, Searched); 2] = [
    (&CUSTOMERS, "customer_words", "CAST(NULL AS TEXT)", of_name),
    (&CONTACTS, "contact_words", "phone", contacts::tokens),
];

fn of_name(name: Option<&str>, _: Option<&str>) -> BTreeSet<String> {
    tokens(name.unwrap_or_default())
}

impl Catalog {
    /// Keeps the words of the customers and contacts that were there before they were searched by an index. Part of
    /// bringing the tables up to date, for a search that finds some of what there is would be worse than none; it goes on
    /// where an earlier run was ended.
    pub(crate) async fn fill_words(&self) -> Result<(), CatalogError> {
        for (index, backfill, phone, tokens) in FILLED {
            let text = format!(
                "SELECT id, created_at, name, {phone} FROM {} \
                 WHERE id > $1 AND id <= $2 AND merged_into IS NULL ORDER BY id LIMIT $3",
                index.rows
            );
            loop {
                let mut tx = self.writing().await?;
                let Some((after, upto)) = backfills::place(&mut tx, backfill).await? else { break };
                let rows = all!(
                    tx,
                    (Uuid, i64, Option<String>, Option<String>),
                    sqlx::AssertSqlSafe(text.clone()),
                    after,
                    upto,
                    BATCH
                )?;
                for (id, at, name, phone) in &rows {
                    index.keep(&mut tx, (*id, *at), &tokens(name.as_deref(), phone.as_deref())).await?;
                }
                let ids: Vec<Uuid> = rows.iter().map(|(id, ..)| *id).collect();
                backfills::moved(&mut tx, backfill, &ids).await?;
                tx.commit().await?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_at_one_moment_finds_places_apart() {
        let mut taken = BTreeSet::new();
        for _ in 0..1_500 {
            let id = Uuid::now_v7();
            assert!((0..).map(|step| a_place(id, 7, step)).any(|place| taken.insert(place)));
        }
        assert_eq!(taken.len(), 1_500);
        assert!(taken.iter().all(|place| (7 * PLACES..9 * PLACES).contains(place)), "{taken:?}");
    }
}
