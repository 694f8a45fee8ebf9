//! Which cluster, table or file this is: a database that was put back, copied or moved is another feed.

use std::path::Path;

use sqlx::PgConnection;

use super::{Catalog, Pools};
use crate::{error::CatalogError, names};

impl Catalog {
    /// Notices that this is another cluster, table or file than the feed was last written in.
    pub(super) async fn recognise_feed(&self) -> Result<(), CatalogError> {
        let identity = match &self.pools {
            Pools::Sqlite { file, .. } => file_identity(file),
            Pools::Postgres(pool) => {
                let mut connection = pool.acquire().await.map_err(|source| CatalogError::Statement {
                    doing: "tell whose feed it is",
                    at: "catalog",
                    source,
                })?;
                cluster_identity(&mut connection).await.map_err(|source| CatalogError::Statement {
                    doing: "tell whose feed it is",
                    at: "catalog",
                    source,
                })?
            }
        };
        let Some(identity) = identity else { return Ok(()) };
        if self.feed_is(&identity).await? {
            tracing::warn!("the database is another one, or was put back: followers of the feed start over");
        }
        Ok(())
    }
}

/// What tells this SQLite file from a copy of it: its number on its disk, which a copy moved into its place has not.
fn file_identity(file: &Path) -> Option<String> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        std::fs::metadata(file).ok().map(|meta| format!("file {}", meta.ino()))
    }
    #[cfg(not(unix))]
    {
        let _ = file;
        None
    }
}

/// What tells this cluster and its table of events from any other: a dump that is loaded elsewhere, or again, makes
/// another table, and a cluster that was brought back to an earlier time begins a new timeline.
async fn cluster_identity(connection: &mut PgConnection) -> Result<Option<String>, sqlx::Error> {
    let whole = "SELECT (SELECT system_identifier::text FROM pg_control_system()) \
         || '/' || (SELECT timeline_id::text FROM pg_control_checkpoint()) \
         || '/' || (SELECT oid::text FROM pg_database WHERE datname = current_database()) \
         || '/' || to_regclass('events')::oid::text";
    let without_rights = "SELECT (SELECT oid::text FROM pg_database WHERE datname = current_database()) \
         || '/' || to_regclass('events')::oid::text";
    match sqlx::query_scalar(whole).fetch_one(&mut *connection).await {
        // Some hosts keep the control file from their customers.
        Err(sqlx::Error::Database(refused)) if refused.code().as_deref() == Some("42501") => {
            sqlx::query_scalar(without_rights).fetch_one(connection).await
        }
        other => other,
    }
}

/// Renames the feed if this connection leads to another cluster than the feed was last written in. See
/// [`Catalog::feed_is`], which does the same once the tables are there.
pub(super) async fn feed_goes_on(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    let known: Option<String> =
        sqlx::query_scalar("SELECT to_regclass('feed')::text").fetch_one(&mut *connection).await?;
    if known.is_none() {
        return Ok(());
    }
    let Some(identity) = cluster_identity(connection).await? else { return Ok(()) };
    let at = names::micros(names::now());
    sqlx::query(
        "UPDATE feed SET epoch = epoch + 1, name = $2, identity = $1, since = $3 \
         WHERE identity IS NOT NULL AND identity <> $1",
    )
    .bind(identity)
    .bind(rand::random::<i64>())
    .bind(at)
    .execute(connection)
    .await
    .map(drop)
}
