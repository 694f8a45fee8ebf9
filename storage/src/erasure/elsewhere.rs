//! What stands of a contact or a customer in rows that are nobody's, or somebody else's: raw deliveries, events, the reasons
//! of others' documents, what people keep to look for. Such tables are long: they are read page by page, and only the rows
//! that are found are written, so that no webhook waits.

use std::collections::BTreeSet;

use acuse_pipeline::phone;
use url::form_urlencoded;
use uuid::Uuid;

use super::{Receipt, people, rows::CONTACTS};
use crate::{
    catalog::Catalog, documents::like, error::CatalogError, key_file::ErasedKind, sql::Tx, words::tokens,
};

/// Rows looked through at once.
const PAGE: i64 = 5_000;
/// An id at the channel that is shorter stands in too much else.
const SHORTEST: usize = 7;

/// The last of the next rows of a table by id, behind this one; none where none is left.
pub(super) async fn end_of_page(tx: &mut Tx, table: &str, after: Uuid) -> Result<Option<Uuid>, CatalogError> {
    let text = format!(
        "SELECT id FROM (SELECT id FROM {table} WHERE id > $1 ORDER BY id LIMIT {PAGE}) page ORDER BY id DESC LIMIT 1"
    );
    let row = optional!(tx, (Uuid,), sqlx::AssertSqlSafe(text.clone()), after)?;
    Ok(row.map(|(id,)| id))
}

/// What a kept view looks for, in words: the values of its query, as they were typed.
fn looked_for(query: &str) -> BTreeSet<String> {
    form_urlencoded::parse(query.as_bytes()).flat_map(|(_, value)| tokens(&value)).collect()
}

impl Catalog {
    /// Forgets what stands of somebody elsewhere: how much, by what it was. While it is known what they are called.
    pub(super) async fn forget_elsewhere(
        &self,
        whom: &Receipt,
    ) -> Result<Vec<(&'static str, u64)>, CatalogError> {
        let mut tx = self.reading().await?;
        let names = people::names(&mut tx, whom.kind, whom.subject).await?;
        let ids = people::ids(&mut tx, whom.kind, whom.subject).await?;
        drop(tx);
        Ok(match whom.kind {
            ErasedKind::Document => Vec::new(),
            ErasedKind::Contact => vec![
                ("deliveries", self.forget_deliveries(whom.subject).await?),
                ("events", self.forget_events(&ids, "document_id IS NULL").await?),
                ("saved_views", self.forget_views(&names).await?),
            ],
            ErasedKind::Customer => vec![
                ("events", self.forget_events(&ids, "kind LIKE 'obligation.%'").await?),
                ("candidates", self.forget_candidates(&ids).await?),
                ("saved_views", self.forget_views(&names).await?),
            ],
        })
    }

    /// Empties raw webhooks that name a contact by its number or its id at the channel: those of statuses too, which no
    /// message leads to.
    async fn forget_deliveries(&self, contact: Uuid) -> Result<u64, CatalogError> {
        let mut tx = self.reading().await?;
        let text = format!(
            "SELECT value FROM contact_aliases WHERE contact_id IN {CONTACTS} AND kind <> 'api' \
             UNION SELECT phone FROM contacts WHERE id IN {CONTACTS} AND phone IS NOT NULL"
        );
        let known = all!(tx, (String,), sqlx::AssertSqlSafe(text.clone()), contact)?;
        drop(tx);
        let both = known.into_iter().flat_map(|(id,)| phone::other_form(&id).into_iter().chain([id]));
        let called: BTreeSet<String> = both.filter(|id| id.len() >= SHORTEST).collect();
        let (mut emptied, mut after) = (0, Uuid::nil());
        loop {
            let mut tx = self.reading().await?;
            let Some(last) = end_of_page(&mut tx, "deliveries", after).await? else { return Ok(emptied) };
            let sql = tx.pick(
                "SELECT id FROM deliveries WHERE id > $1 AND id <= $2 AND instr(body, $3) > 0",
                "SELECT id FROM deliveries WHERE id > $1 AND id <= $2 AND position($3 IN body) > 0",
            );
            let mut found = BTreeSet::new();
            for id in &called {
                let rows = all!(tx, (Uuid,), sql, after, last, id.as_bytes())?;
                found.extend(rows.into_iter().map(|(delivery,)| delivery));
            }
            drop(tx);
            if !found.is_empty() {
                let mut tx = self.writing().await?;
                for delivery in &found {
                    let sql = "UPDATE deliveries SET body = $2 WHERE id = $1";
                    emptied += execute!(tx, sql, delivery, &[][..] as &[u8])?;
                }
                tx.commit().await?;
            }
            after = last;
        }
    }

    /// Empties events that name a contact or a customer, of those that `which` (SQL) says: what became of notices stands there
    /// under the client's own words, and what is owed under the number of its bill.
    async fn forget_events(&self, whom: &[Uuid], which: &str) -> Result<u64, CatalogError> {
        let text =
            format!("SELECT seq FROM events WHERE seq > $1 AND seq <= $2 AND {which} AND data LIKE $3");
        let mut tx = self.reading().await?;
        let (end,) = one!(tx, (Option<i64>,), "SELECT MAX(seq) FROM events")?;
        drop(tx);
        let (mut emptied, mut after) = (0, 0);
        while after < end.unwrap_or_default() {
            let mut tx = self.reading().await?;
            let mut found = Vec::new();
            for id in whom {
                let named = like(&id.to_string());
                let rows =
                    all!(tx, (i64,), sqlx::AssertSqlSafe(text.clone()), after, after + PAGE, named.as_str())?;
                found.extend(rows);
            }
            drop(tx);
            if !found.is_empty() {
                let mut tx = self.writing().await?;
                for (seq,) in &found {
                    emptied += execute!(tx, "UPDATE events SET data = '{}' WHERE seq = $1", seq)?;
                }
                tx.commit().await?;
            }
            after += PAGE;
        }
        Ok(emptied)
    }

    /// Drops the views that people kept to find somebody: all words of something that they are called stand in them.
    async fn forget_views(&self, names: &[String]) -> Result<u64, CatalogError> {
        // One word alone, like a first name, is many people's.
        let tells = |name: &&String| {
            name.split_whitespace().nth(1).is_some() || name.chars().any(|c| c.is_ascii_digit() || c == '@')
        };
        let called = names.iter().filter(tells).map(|name| tokens(name));
        let called: Vec<BTreeSet<String>> = called.filter(|words| !words.is_empty()).collect();
        let mut tx = self.writing().await?;
        let views = all!(tx, (Uuid, String, String), "SELECT id, name, query FROM saved_views ORDER BY id")?;
        let mut dropped = 0;
        for (id, name, query) in views {
            let said: BTreeSet<String> = looked_for(&query).into_iter().chain(tokens(&name)).collect();
            if called.iter().any(|words| words.is_subset(&said)) {
                dropped += execute!(tx, "DELETE FROM saved_views WHERE id = $1", id)?;
            }
        }
        tx.commit().await?;
        Ok(dropped)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_view_looks_for_is_read_as_it_was_typed() {
        let said = looked_for("status=in_review&q=P%C3%A9rez+ana");
        assert!(tokens("Ana Pérez").is_subset(&said) && !tokens("Ana Gómez").is_subset(&said), "{said:?}");
        assert!(!said.contains("status"), "not by what a filter is called");
    }
}
