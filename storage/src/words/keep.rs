//! Keeping the words of a row in its index, and taking them out of it.

use std::collections::BTreeSet;

use uuid::Uuid;

use super::Index;
use crate::{error::CatalogError, sql::Tx};

/// Places in a microsecond. Arrivals fill 2^53 of them until the year 2255.
const PLACES: i64 = 1024;

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

    /// Keeps the words of rows that were never here, many of them in few statements; those whose place was taken at the very
    /// moment they came are kept one by one.
    ///
    /// # Errors
    /// When the database fails.
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
        let placed: BTreeSet<i64> = placed.into_iter().map(|(place,)| place).collect();
        let (kept, met): (Vec<_>, Vec<_>) = kept.into_iter().partition(|(place, ..)| placed.contains(place));
        if tx.is_sqlite() {
            let head = format!("INSERT INTO {words} (rowid, words) VALUES ");
            insert!(tx, &head, 2, "", &kept, |q, (place, _, words)| q.bind(*place).bind(words.as_str()))?;
        }
        let met: BTreeSet<Uuid> = met.into_iter().map(|(_, id, _)| id).collect();
        for (row, tokens) in all.iter().filter(|((id, _), _)| met.contains(id)) {
            self.keep(tx, *row, tokens).await?;
        }
        Ok(())
    }

    pub(super) async fn place_of(&self, tx: &mut Tx, id: Uuid) -> Result<Option<i64>, CatalogError> {
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
        // More than a microsecond holds go on in those behind it.
        for step in 0..8 * PLACES {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_comes_after_others_at_one_moment_has_a_place_too() {
        let folder = tempfile::tempdir().unwrap();
        let catalog = crate::Catalog::open_sqlite(&folder.path().join("acuse.db")).await.unwrap();
        let mut tx = catalog.writing().await.unwrap();
        let index = &super::super::CONTACTS;
        let words = BTreeSet::from(["ana".to_owned()]);
        for _ in 0..400 {
            let id = Uuid::now_v7();
            let text = "INSERT INTO contacts (id, name, created_at, updated_at) VALUES ($1, 'Ana', 7, 7)";
            execute!(tx, text, id).unwrap();
            index.keep_new(&mut tx, &[((id, 7), words.clone())]).await.unwrap();
            assert!(index.place_of(&mut tx, id).await.unwrap().is_some());
        }
        let text = "SELECT COUNT(*) FROM contact_fts WHERE contact_fts MATCH 'ana'";
        let (found,): (i64,) = one!(tx, (i64,), text).unwrap();
        assert_eq!(found, 400);
    }

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
