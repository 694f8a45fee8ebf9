//! Pages of a list that may be asked for words.

use std::time::Duration;

use uuid::Uuid;

use super::{Index, Near, Reach, Source, Wanted};
use crate::{
    access::{Access, literal},
    error::CatalogError,
    sql::{Bind, Query, Tx},
};

/// A row of either database.
pub(crate) trait AnyRow:
    for<'r> sqlx::FromRow<'r, sqlx::sqlite::SqliteRow>
    + for<'r> sqlx::FromRow<'r, sqlx::postgres::PgRow>
    + Send
    + Unpin
{
}

impl<R> AnyRow for R where
    R: for<'r> sqlx::FromRow<'r, sqlx::sqlite::SqliteRow>
        + for<'r> sqlx::FromRow<'r, sqlx::postgres::PgRow>
        + Send
        + Unpin
{
}

/// A page of a list that may be asked for words, the latest first.
#[derive(Clone)]
pub(crate) struct Listing<'a> {
    /// Of each row, under its index's alias.
    pub select: &'a str,
    /// What holds for each, but for who asks.
    pub conditions: Vec<String>,
    /// SQL that holds for those that exist for who asks.
    pub reach: String,
    /// Who asks.
    pub access: &'a Access,
    /// What is asked of the index, where words are.
    pub wanted: Option<Wanted>,
    /// The last row of the page before.
    pub after: Option<Uuid>,
    /// Rows.
    pub most: i64,
    /// How long rows are looked through that are not in the index yet.
    pub budget: Duration,
}

impl Index {
    /// A page of the rows in the order in which they came, the latest first: all, or what has the words asked for.
    ///
    /// While rows that were there before the index come into it from the first to the last, those that are not in it yet are
    /// looked through, and come first.
    ///
    /// # Errors
    /// [`CatalogError::Unindexed`] when they are too many to be looked through; when the database fails.
    pub(crate) async fn page<R: AnyRow>(
        &self,
        tx: &mut Tx,
        listing: &Listing<'_>,
    ) -> Result<Vec<R>, CatalogError> {
        let Some(wanted) = &listing.wanted else {
            let (text, binds) = self.whole(tx, listing);
            return all_of!(tx, R, text, binds);
        };
        let Some(reached) = self.reached(tx).await? else { return self.latest(tx, listing, wanted).await };
        let mut rows: Vec<R> = match listing.after {
            Some(after) if after <= reached => Vec::new(),
            _ => self.look_through(tx, listing, reached, true).await?,
        };
        let mut rest = self.within(tx, listing, reached);
        rest.most -= rows.len() as i64;
        rest.after = listing.after.filter(|after| *after <= reached);
        if rest.most > 0 {
            rows.extend(self.latest::<R>(tx, &rest, wanted).await?);
        }
        Ok(rows)
    }

    /// What has the words asked for, the first that came first; from the beginning.
    ///
    /// # Errors
    /// As [`Index::page`].
    pub(crate) async fn oldest<R: AnyRow>(
        &self,
        tx: &mut Tx,
        listing: &Listing<'_>,
    ) -> Result<Vec<R>, CatalogError> {
        let Some(wanted) = &listing.wanted else { return Ok(Vec::new()) };
        let Some(reached) = self.reached(tx).await? else { return self.first(tx, listing, wanted).await };
        let mut rest = self.within(tx, listing, reached);
        let mut rows: Vec<R> = self.first(tx, &rest, wanted).await?;
        rest.most -= rows.len() as i64;
        if rest.most > 0 {
            rest.conditions.clone_from(&listing.conditions);
            rows.extend(self.look_through::<R>(tx, &rest, reached, false).await?);
        }
        Ok(rows)
    }

    /// The same of those rows up to which all are in the index.
    fn within<'a>(&self, tx: &Tx, listing: &Listing<'a>, reached: Uuid) -> Listing<'a> {
        let mut rest = listing.clone();
        rest.conditions.push(format!("{}.id <= {}", self.alias, literal(tx, reached)));
        rest
    }

    /// What the index has, the first that came first.
    async fn first<R: AnyRow>(
        &self,
        tx: &mut Tx,
        listing: &Listing<'_>,
        wanted: &Wanted,
    ) -> Result<Vec<R>, CatalogError> {
        let Listing { select, conditions, reach, most, .. } = listing;
        let mut query = Query::default();
        let asked = query.bind(Bind::Text(wanted.asked(tx, self).await?));
        let Source { from, condition, place } =
            self.source(tx, &asked, &Reach::Ordered("ORDER BY place".to_owned()));
        query.and(condition);
        query.conditions.extend(conditions.iter().cloned());
        query.and(reach.as_str());
        let text = format!("SELECT {select} FROM {from} WHERE {} ORDER BY {place} LIMIT {most}", query.all());
        all_of!(tx, R, text, query.binds)
    }

    /// What the index has, the latest first.
    async fn latest<R: AnyRow>(
        &self,
        tx: &mut Tx,
        listing: &Listing<'_>,
        wanted: &Wanted,
    ) -> Result<Vec<R>, CatalogError> {
        let Listing { select, conditions, after, most, .. } = listing;
        let id = format!("{}.id", self.alias);
        let place = match after {
            Some(after) => self.place_of(tx, *after).await?,
            None => None,
        };
        let question = wanted.asked(tx, self).await?;
        // What is near is a page if it is full; otherwise the whole of it is asked for.
        let mut near = (!tx.is_sqlite()).then(|| Near::of_page(*most));
        loop {
            let mut query = Query::default();
            let asked = query.bind(Bind::text(&question));
            let next = place.map(|place| query.bind(Bind::Place(place)));
            let which = next.as_ref().map(|next| format!("WHERE place < {next} ")).unwrap_or_default();
            let which = format!("{which}ORDER BY place DESC");
            let reach = match near {
                Some(near) => Reach::Near(which, near),
                None => Reach::Ordered(which),
            };
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
            let rows: Vec<R> = all_of!(tx, R, text, query.binds)?;
            match near {
                Some(looked) if (rows.len() as i64) < *most => near = looked.further(rows.len()),
                _ => return Ok(rows),
            }
        }
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
}
