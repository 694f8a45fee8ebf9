//! Connections set apart: a search takes none from whoever asks who a caller is, and ends when its time is over.
//!
//! *Quick* ones answer what every request begins with (keys, sessions, a sign of life), a row or two by their key.
//! *Searches* are lists over what there is; a few run at once, each statement of theirs has [`BUDGET`], and whoever
//! finds no place in [`TURN`] is told so. *Exports* keep their connection from their first row to their last.

use std::time::{Duration, Instant};

use sqlx::{
    PgPool, SqlitePool,
    pool::PoolConnection,
    postgres::{PgConnectOptions, PgPoolOptions},
    sqlite::{SqliteConnectOptions, SqlitePoolOptions},
};

use crate::{error::CatalogError, sql::Inner};

/// Longest time of a search.
pub(crate) const BUDGET: Duration = Duration::from_secs(5);
/// Longest wait for a search's turn.
const TURN: Duration = Duration::from_secs(5);
/// Longest wait for a row that is looked up by its key.
const QUICK: Duration = Duration::from_secs(5);
/// Searches at once. The rest wait their turn, so a few slow ones do not take the machine.
const SEARCHES: u32 = 4;
/// Exports at once: each holds one instant open while it is read.
const EXPORTS: u32 = 3;
/// Look-ups at once; each takes less than a millisecond.
const LOOKUPS: u32 = 2;
/// Pages that a connection of SQLite for look-ups or exports keeps: kibibytes, as SQLite wants them (negative). An export
/// of any length must fit beside all else that a small machine does.
const ONCE_CACHE: &str = "-2048";
/// Statements that such a connection keeps prepared.
const ONCE_STATEMENTS: usize = 32;
/// SQLite looks at the clock every so many of its instructions: some ten times in a millisecond.
const INSTRUCTIONS: i32 = 10_000;

/// The connections that are set apart. Opened when first needed.
#[derive(Debug, Clone)]
pub(crate) enum Reserved {
    Sqlite { quick: SqlitePool, searches: SqlitePool, exports: SqlitePool },
    Postgres { quick: PgPool, searches: PgPool, exports: PgPool },
}

impl Reserved {
    /// Beside a file's writer; `options` must only read.
    pub(crate) fn sqlite(options: &SqliteConnectOptions) -> Self {
        let pool = |most, turn, options: SqliteConnectOptions| {
            SqlitePoolOptions::new().max_connections(most).acquire_timeout(turn).connect_lazy_with(options)
        };
        // Each page is looked at once, or is one of the few that lead to every row: more memory would hold what nobody
        // asks for again.
        let once = options.clone().pragma("cache_size", ONCE_CACHE).statement_cache_capacity(ONCE_STATEMENTS);
        Self::Sqlite {
            quick: pool(LOOKUPS, QUICK, once.clone()),
            searches: pool(SEARCHES, TURN, options.clone()),
            exports: pool(EXPORTS, TURN, once),
        }
    }

    /// In a cluster.
    pub(crate) fn postgres(options: &PgConnectOptions) -> Self {
        let pool = |most, turn, budget: Duration| {
            let budget = format!("{}ms", budget.as_millis());
            let options = options.clone().options([("statement_timeout", budget)]);
            PgPoolOptions::new().max_connections(most).acquire_timeout(turn).connect_lazy_with(options)
        };
        let exports = PgPoolOptions::new().max_connections(EXPORTS).acquire_timeout(TURN);
        Self::Postgres {
            quick: pool(LOOKUPS, QUICK, QUICK),
            searches: pool(SEARCHES, TURN, BUDGET),
            exports: exports.connect_lazy_with(options.clone()),
        }
    }

    pub(crate) async fn quick(&self) -> Result<Inner, CatalogError> {
        match self {
            Self::Sqlite { quick, .. } => quick.begin().await.map(Inner::Sqlite),
            Self::Postgres { quick, .. } => quick.begin().await.map(Inner::Postgres),
        }
        .map_err(|source| CatalogError::Statement {
            doing: "begin a quick look-up",
            at: "reserved",
            source,
        })
    }

    pub(crate) async fn search(&self) -> Result<Inner, CatalogError> {
        match self {
            Self::Sqlite { searches, .. } => match searches.acquire().await {
                Ok(connection) => within(connection, BUDGET).await,
                Err(error) => Err(error),
            },
            Self::Postgres { searches, .. } => searches.begin().await.map(Inner::Postgres),
        }
        .map_err(|source| in_turn("begin a search", source))
    }

    pub(crate) async fn export(&self) -> Result<Inner, CatalogError> {
        match self {
            Self::Sqlite { exports, .. } => exports.begin().await.map(Inner::Sqlite),
            Self::Postgres { exports, .. } => exports.begin().await.map(Inner::Postgres),
        }
        .map_err(|source| in_turn("begin an export", source))
    }

    pub(crate) async fn close(&self) {
        match self {
            Self::Sqlite { quick, searches, exports } => {
                quick.close().await;
                searches.close().await;
                exports.close().await;
            }
            Self::Postgres { quick, searches, exports } => {
                quick.close().await;
                searches.close().await;
                exports.close().await;
            }
        }
    }
}

/// Why there is no connection: others have them all, or the database does not answer.
fn in_turn(doing: &'static str, source: sqlx::Error) -> CatalogError {
    match source {
        sqlx::Error::PoolTimedOut => CatalogError::NoTurn,
        source => CatalogError::Statement { doing, at: "reserved", source },
    }
}

/// A transaction whose statements are broken off when `budget` is over, also when nobody waits for them any more: the
/// file is read in a thread, which does not notice that a caller has gone.
async fn within(
    mut connection: PoolConnection<sqlx::Sqlite>,
    budget: Duration,
) -> Result<Inner, sqlx::Error> {
    let started = Instant::now();
    connection.lock_handle().await?.set_progress_handler(INSTRUCTIONS, move || started.elapsed() < budget);
    sqlx::Transaction::begin(connection, None).await.map(Inner::Sqlite)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Catalog, sql::Tx};

    async fn kept(tx: Result<Tx, CatalogError>) -> i64 {
        let mut tx = tx.unwrap();
        one!(tx, (i64,), "PRAGMA cache_size").unwrap().0
    }

    #[tokio::test]
    async fn an_export_keeps_few_pages_however_many_it_reads() {
        let folder = tempfile::tempdir().unwrap();
        let catalog = Catalog::open_sqlite(&folder.path().join("acuse.db")).await.unwrap();
        let once: i64 = ONCE_CACHE.parse().unwrap();
        assert_eq!((kept(catalog.exporting().await).await, kept(catalog.quick().await).await), (once, once));
        let read = kept(catalog.searching().await).await;
        assert_eq!(kept(catalog.reading().await).await, read);
        let written = kept(catalog.writing().await).await;
        assert!(written < once && read < once && once < 0, "{written} {read} {once}");
        let most = written + 8 * read + i64::from(EXPORTS + LOOKUPS) * once;
        assert!(most >= -256 * 1024, "all of them together: {most} KiB");
    }
}
