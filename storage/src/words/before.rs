//! Customers and contacts that were there before their index come into it step by step, from the first to the last. Those
//! that are not in it yet are looked through one by one, each by the words that the index will have of it, so that a search
//! meanwhile finds all there is, or says that it cannot.

use std::{collections::BTreeSet, time::Instant};

use uuid::Uuid;

use super::{ALL, AnyRow, Index, Listing, tokens};
use crate::{
    access::literal,
    backfills,
    catalog::Catalog,
    contacts, customers,
    error::CatalogError,
    sql::{Query, Tx, alone},
};

/// The backfill of the words of customers.
pub const CUSTOMER_WORDS: &str = "customer_words";
/// The backfill of the words of contacts.
pub const CONTACT_WORDS: &str = "contact_words";

/// Rows that are looked through in one statement.
const AT_ONCE: i64 = 1_000;

/// How rows that were there before an index come into it, and are found meanwhile.
#[derive(Debug)]
pub(super) struct Before {
    /// Its backfill.
    backfill: &'static str,
    /// SQL of the number that is searched beside the name.
    number: &'static str,
    /// What a row is found by, of its name and its number.
    tokens: fn(Option<&str>, Option<&str>) -> BTreeSet<String>,
    /// The lock that whoever writes such rows holds.
    lock: Option<i64>,
}

pub(super) const CUSTOMERS: Before = Before {
    backfill: CUSTOMER_WORDS,
    number: "CAST(NULL AS TEXT)",
    tokens: of_name,
    lock: Some(customers::LOCK),
};
pub(super) const CONTACTS: Before =
    Before { backfill: CONTACT_WORDS, number: "phone", tokens: contacts::tokens, lock: None };

fn of_name(name: Option<&str>, _: Option<&str>) -> BTreeSet<String> {
    tokens(name.unwrap_or_default())
}

impl Catalog {
    /// Keeps the words of the next `batch` customers or contacts that were there before they were searched by an index;
    /// whether there may be more. Where it stands is committed with what it did, so a process that ends in between loses
    /// nothing and does nothing twice.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn keep_words_of_who_was_there(&self, batch: u32) -> Result<bool, CatalogError> {
        for index in ALL {
            match self.keep_words_before(index, batch).await {
                Ok(false) => {}
                // Whoever writes the same rows goes first; the next step meets them as they are then.
                Err(error) if error.is_contention() => return Ok(true),
                other => return other,
            }
        }
        Ok(false)
    }

    async fn keep_words_before(&self, index: &Index, batch: u32) -> Result<bool, CatalogError> {
        let Some(before) = &index.before else { return Ok(false) };
        let mut tx = self.writing().await?;
        let Some((after, upto)) = backfills::place(&mut tx, before.backfill).await? else { return Ok(false) };
        if let Some(lock) = before.lock {
            alone(&mut tx, lock).await?;
        }
        // Held until their words are kept: whoever is erased or renamed meanwhile would else be found by what they were.
        let held = tx.pick("", " FOR NO KEY UPDATE");
        let text = format!(
            "SELECT id, created_at, name, {} FROM {} \
             WHERE id > $1 AND id <= $2 AND merged_into IS NULL ORDER BY id LIMIT $3{held}",
            before.number, index.rows
        );
        let rows = all!(
            tx,
            (Uuid, i64, Option<String>, Option<String>),
            sqlx::AssertSqlSafe(text.clone()),
            after,
            upto,
            i64::from(batch.clamp(1, 500))
        )?;
        for (id, at, name, number) in &rows {
            let tokens = (before.tokens)(name.as_deref(), number.as_deref());
            index.keep(&mut tx, (*id, *at), &tokens).await?;
        }
        let ids: Vec<Uuid> = rows.iter().map(|(id, ..)| *id).collect();
        let more = backfills::moved(&mut tx, before.backfill, &ids).await?;
        tx.commit().await?;
        Ok(more)
    }
}

impl Index {
    /// Up to which id all rows are in the index, while there are others.
    pub(super) async fn reached(&self, tx: &mut Tx) -> Result<Option<Uuid>, CatalogError> {
        match &self.before {
            Some(before) => backfills::reached(tx, before.backfill).await,
            None => Ok(None),
        }
    }

    /// Of the rows that came behind `reached` those that have what is wanted, up to where the page before ended: the latest
    /// first, or the first.
    ///
    /// # Errors
    /// [`CatalogError::Unindexed`] when the time for it is over; when the database fails.
    pub(super) async fn look_through<R: AnyRow>(
        &self,
        tx: &mut Tx,
        listing: &Listing<'_>,
        reached: Uuid,
        latest_first: bool,
    ) -> Result<Vec<R>, CatalogError> {
        let (Some(before), Some(wanted)) = (&self.before, &listing.wanted) else { return Ok(Vec::new()) };
        let order = if latest_first { "DESC" } else { "ASC" };
        let text = format!(
            "SELECT id, name, {} FROM {} WHERE id > $1 AND id < $2 ORDER BY id {order} LIMIT {AT_ONCE}",
            before.number, self.rows
        );
        let started = Instant::now();
        let (mut low, mut high) = (reached, listing.after.unwrap_or(Uuid::max()));
        let mut found: Vec<R> = Vec::new();
        loop {
            if started.elapsed() >= listing.budget {
                return Err(CatalogError::Unindexed);
            }
            let rows = all!(
                tx,
                (Uuid, Option<String>, Option<String>),
                sqlx::AssertSqlSafe(text.clone()),
                low,
                high
            )
            .map_err(unindexed)?;
            let Some((last, ..)) = rows.last() else { return Ok(found) };
            let end = if latest_first { &mut high } else { &mut low };
            *end = *last;
            let having = rows.iter().filter(|(_, name, number)| {
                wanted.is_in(&(before.tokens)(name.as_deref(), number.as_deref()))
            });
            let ids: Vec<String> = having.map(|(id, ..)| literal(tx, *id)).collect();
            if !ids.is_empty() {
                found.extend(self.these::<R>(tx, listing, &ids, order).await.map_err(unindexed)?);
            }
            if found.len() as i64 >= listing.most {
                found.truncate(listing.most as usize);
                return Ok(found);
            }
        }
    }

    /// Those of a listing that have these ids, which are SQL.
    async fn these<R: AnyRow>(
        &self,
        tx: &mut Tx,
        listing: &Listing<'_>,
        ids: &[String],
        order: &str,
    ) -> Result<Vec<R>, CatalogError> {
        let Self { rows, alias, .. } = self;
        let mut query = Query { conditions: listing.conditions.clone(), ..Query::default() };
        query.and(listing.reach.as_str());
        query.and(format!("{alias}.id IN ({})", ids.join(", ")));
        let text = format!(
            "SELECT {} FROM {rows} {alias} WHERE {} ORDER BY {alias}.id {order}",
            listing.select,
            query.all()
        );
        all_of!(tx, R, text, query.binds)
    }
}

/// What was broken off while rows were looked through.
fn unindexed(error: CatalogError) -> CatalogError {
    if error.is_over_budget() { CatalogError::Unindexed } else { error }
}
