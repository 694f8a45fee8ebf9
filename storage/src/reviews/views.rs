//! Views of the queue that a person keeps under a name of theirs: the address that they looked at.

use serde::Serialize;
use uuid::Uuid;

use crate::{
    catalog::Catalog,
    error::CatalogError,
    names::{clean, cut, micros},
};

/// A view that somebody kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SavedView {
    /// Which.
    pub id: Uuid,
    /// What they call it.
    pub name: String,
    /// The address's query.
    pub query: String,
}

/// Most views that one person keeps.
pub const MOST_VIEWS: u32 = 50;

impl Catalog {
    /// What a person kept, by name.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn saved_views(&self, person: &str) -> Result<Vec<SavedView>, CatalogError> {
        let mut tx = self.reading().await?;
        let rows = all!(
            tx,
            (Uuid, String, String),
            "SELECT id, name, query FROM saved_views WHERE person = $1 ORDER BY name LIMIT $2",
            person,
            i64::from(MOST_VIEWS)
        )?;
        Ok(rows.into_iter().map(|(id, name, query)| SavedView { id, name, query }).collect())
    }

    /// Keeps a view, in place of the one that had its name; whether there was room for it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn save_view(&self, person: &str, name: &str, query: &str) -> Result<bool, CatalogError> {
        let mut tx = self.writing().await?;
        let present = micros(tx.now());
        let (others,) = one!(
            tx,
            (i64,),
            "SELECT COUNT(*) FROM saved_views WHERE person = $1 AND name <> $2",
            person,
            cut(&clean(name), 80)
        )?;
        if others >= i64::from(MOST_VIEWS) {
            return Ok(false);
        }
        execute!(
            tx,
            "INSERT INTO saved_views (id, person, name, query, created_at) VALUES ($1, $2, $3, $4, $5) \
             ON CONFLICT (person, name) DO UPDATE SET query = excluded.query",
            Uuid::now_v7(),
            person,
            cut(&clean(name), 80),
            cut(&clean(query), 2_000),
            present
        )?;
        tx.commit().await?;
        Ok(true)
    }

    /// Drops a view of a person's.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn drop_view(&self, person: &str, id: Uuid) -> Result<(), CatalogError> {
        let mut tx = self.writing().await?;
        execute!(tx, "DELETE FROM saved_views WHERE person = $1 AND id = $2", person, id)?;
        tx.commit().await
    }
}
