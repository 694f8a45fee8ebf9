//! The catalog: one SQLite file or one PostgreSQL database, behind one type.

mod identity;
mod reserved;

use std::{
    path::{Path, PathBuf},
    str::FromStr,
    sync::{Arc, OnceLock},
    time::Duration,
};

use acuse_conversation::Policies;
use sqlx::{
    PgPool, SqlitePool,
    migrate::Migrator,
    postgres::{PgConnectOptions, PgPoolOptions},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use identity::feed_goes_on;
pub(crate) use reserved::BUDGET;
use reserved::Reserved;

use time::OffsetDateTime;

use crate::{
    access::Rule,
    error::CatalogError,
    key_file::KeyFile,
    names::{self, kept},
    outbox::SENT_LIFE,
    sql::{Inner, Tx},
};

/// How long a caller waits for a connection before it is told that the catalog is unavailable.
const ACQUIRE: Duration = Duration::from_secs(15);
/// How long SQLite waits for another process (an admin command beside `acuse serve`).
pub(crate) const BUSY: Duration = Duration::from_secs(10);
/// Pages that the connection of SQLite that writes keeps in memory: kibibytes, as SQLite wants them (negative). With eight
/// times as many no more webhooks a second are taken in, and an export would be beyond its bound by what it does not use.
const WRITER_CACHE: &str = "-8192";
/// Of each that reads. There are eight of them, and the system keeps the file's pages too.
const READER_CACHE: &str = "-16384";
/// Longest statement on PostgreSQL; nothing here should come near it.
const STATEMENT_TIMEOUT: &str = "30s";

/// The rows and the queue, in SQLite or PostgreSQL. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Catalog {
    pub(crate) pools: Pools,
    reserved: Reserved,
    /// When a document is open that nobody decided on.
    pub(crate) rule: Arc<Rule>,
    /// The key file, once it is open: every clone of this catalog has it then.
    pub(crate) keys: Arc<OnceLock<KeyFile>>,
    /// What time it is; tests bring their own.
    clock: fn() -> OffsetDateTime,
    /// How conversations are led.
    policies: Option<Arc<Policies>>,
    /// How long a message that was accepted waits for its delivery before a person is told.
    pub(crate) sent_life: time::Duration,
}

#[derive(Debug, Clone)]
pub(crate) enum Pools {
    /// One connection writes (its pool is a fair queue, so no writer starves), several read beside it.
    Sqlite {
        writer: SqlitePool,
        readers: SqlitePool,
        file: PathBuf,
    },
    Postgres(PgPool),
}

impl Catalog {
    /// Opens `sqlite://PATH` (created when absent) or `postgres://…`, and brings its tables up to date.
    ///
    /// # Errors
    /// When the URL is of no known database, the database cannot be reached, or a migration fails.
    pub async fn open(url: &str) -> Result<Self, CatalogError> {
        let catalog = Self::connect(url).await?;
        catalog.migrate().await?;
        Ok(catalog)
    }

    /// Opens a SQLite file, creating it and its folder's `-wal` beside it.
    ///
    /// # Errors
    /// As [`Catalog::open`].
    pub async fn open_sqlite(path: &Path) -> Result<Self, CatalogError> {
        let catalog = Self::sqlite(SqliteConnectOptions::new().filename(path)).await?;
        catalog.migrate().await?;
        Ok(catalog)
    }

    /// The same catalog, which opens documents by this rule.
    #[must_use]
    pub fn with_rule(mut self, rule: Rule) -> Self {
        self.rule = Arc::new(rule);
        self
    }

    /// The same catalog, which leads conversations by these policies; without any, every file is answered by itself
    /// and nothing is asked by itself.
    #[must_use]
    pub fn with_policies(mut self, policies: Option<Policies>) -> Self {
        self.policies = policies.map(Arc::new);
        self
    }

    /// The same catalog, which tells a person of a message whose delivery nobody confirmed in this time.
    #[must_use]
    pub fn with_sent_life(mut self, sent_life: Duration) -> Self {
        self.sent_life = time::Duration::try_from(sent_life).unwrap_or(time::Duration::MAX);
        self
    }

    /// The same catalog by another clock.
    #[must_use]
    pub fn with_clock(mut self, clock: fn() -> OffsetDateTime) -> Self {
        self.clock = clock;
        self
    }

    /// What time it is by its clock.
    #[must_use]
    pub fn now(&self) -> OffsetDateTime {
        kept((self.clock)())
    }

    /// Opens without migrating.
    ///
    /// # Errors
    /// As [`Catalog::open`].
    pub async fn connect(url: &str) -> Result<Self, CatalogError> {
        if url.starts_with("sqlite:") {
            let options = SqliteConnectOptions::from_str(url).map_err(|source| CatalogError::Open {
                hint: "the sqlite URL is malformed; write sqlite:///absolute/path/acuse.db".to_owned(),
                source,
            })?;
            Self::sqlite(options).await
        } else if url.starts_with("postgres:") || url.starts_with("postgresql:") {
            Self::postgres(url).await
        } else {
            // Only the scheme: the rest may hold a password.
            let scheme = url.split(':').next().unwrap_or_default();
            Err(CatalogError::UnknownDatabase(scheme.chars().take(32).collect()))
        }
    }

    async fn sqlite(options: SqliteConnectOptions) -> Result<Self, CatalogError> {
        let options = options
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(BUSY)
            .statement_cache_capacity(512)
            .pragma("temp_store", "MEMORY")
            .pragma("cache_size", READER_CACHE)
            .pragma("journal_size_limit", "67108864")
            // What is deleted or replaced is written over, so that an erasure leaves nothing in free pages.
            .pragma("secure_delete", "ON");
        let hint = || {
            format!(
                "check that the folder of {} exists, is writable and has free space",
                options.get_filename().display()
            )
        };
        let file = options.get_filename().to_owned();
        let writer = SqlitePoolOptions::new()
            .max_connections(1)
            .acquire_timeout(ACQUIRE)
            .idle_timeout(None)
            .max_lifetime(None)
            .connect_with(options.clone().pragma("cache_size", WRITER_CACHE))
            .await
            .map_err(|source| CatalogError::Open { hint: hint(), source })?;
        let readers = SqlitePoolOptions::new()
            .max_connections(4)
            .acquire_timeout(ACQUIRE)
            .connect_with(options.clone().pragma("query_only", "ON"))
            .await
            .map_err(|source| CatalogError::Open { hint: hint(), source })?;
        let reserved = Reserved::sqlite(&options.pragma("query_only", "ON"));
        Ok(Self {
            pools: Pools::Sqlite { writer, readers, file },
            reserved,
            rule: Arc::default(),
            keys: Arc::default(),
            clock: names::now,
            policies: None,
            sent_life: SENT_LIFE,
        })
    }

    async fn postgres(url: &str) -> Result<Self, CatalogError> {
        let options = PgConnectOptions::from_str(url)
            .map_err(|source| CatalogError::Open {
                hint: "the postgres URL is malformed; write postgres://USER:PASSWORD@HOST:5432/NAME"
                    .to_owned(),
                source,
            })?
            .application_name("acuse")
            .statement_cache_capacity(512)
            .options([
                ("statement_timeout", STATEMENT_TIMEOUT),
                // A forgotten open transaction would hold back the change feed.
                ("idle_in_transaction_session_timeout", STATEMENT_TIMEOUT),
            ]);
        let reserved = Reserved::postgres(&options);
        let pool = PgPoolOptions::new()
            .max_connections(12)
            .acquire_timeout(ACQUIRE)
            // A cluster is replaced under a running process only with its connections, so each new one looks.
            .after_connect(|connection, _| Box::pin(feed_goes_on(connection)))
            .connect_with(options)
            .await
            .map_err(|source| CatalogError::Open {
                hint:
                    "check that PostgreSQL runs at the host and port of ACUSE_DATABASE_URL and that its user \
                           and password are right"
                        .to_owned(),
                source,
            })?;
        Ok(Self {
            pools: Pools::Postgres(pool),
            reserved,
            rule: Arc::default(),
            keys: Arc::default(),
            clock: names::now,
            policies: None,
            sent_life: SENT_LIFE,
        })
    }

    /// Brings our tables and the queue's up to date. Safe to run at every start, and from several processes.
    ///
    /// # Errors
    /// When a migration fails or was changed after it ran.
    pub async fn migrate(&self) -> Result<(), CatalogError> {
        // Two histories in one database: apalis keeps the default table, ours has its own name. apalis's own
        // `setup` for SQLite is not used because it sets `synchronous = OFF` on the connection it is given.
        let (mut ours, queue) = match &self.pools {
            Pools::Sqlite { .. } => {
                (sqlx::migrate!("./migrations/sqlite"), apalis_sqlite::SqliteStorage::<()>::migrations())
            }
            Pools::Postgres(_) => (
                sqlx::migrate!("./migrations/postgres"),
                apalis_postgres::PostgresStorage::<()>::migrations(),
            ),
        };
        ours.dangerous_set_table_name("acuse_migrations");
        self.run(&queue).await.map_err(|source| CatalogError::Migrate { what: "the queue", source })?;
        self.run(&ours).await.map_err(|source| CatalogError::Migrate { what: "the catalog", source })?;
        self.fill_document_keys().await?;
        self.freeze_late_lines().await?;
        self.recognise_feed().await
    }

    pub(crate) async fn run(&self, migrator: &Migrator) -> Result<(), sqlx::migrate::MigrateError> {
        match &self.pools {
            Pools::Sqlite { writer, .. } => migrator.run(writer).await,
            Pools::Postgres(pool) => migrator.run(pool).await,
        }
    }

    /// `"sqlite"` or `"postgres"`.
    #[must_use]
    pub fn database(&self) -> &'static str {
        match self.pools {
            Pools::Sqlite { .. } => "sqlite",
            Pools::Postgres(_) => "postgres",
        }
    }

    /// Asks the database for a sign of life (for `/readyz` and `doctor`).
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn ping(&self) -> Result<(), CatalogError> {
        let mut tx = self.quick().await?;
        one!(tx, (i64,), "SELECT COUNT(*) FROM channel_state").map(drop)
    }

    /// Closes every connection; what is open is rolled back.
    pub async fn close(&self) {
        self.reserved.close().await;
        match &self.pools {
            Pools::Sqlite { writer, readers, .. } => {
                readers.close().await;
                writer.close().await;
            }
            Pools::Postgres(pool) => pool.close().await,
        }
    }

    /// A transaction that may write. On SQLite it holds the one writer from the start.
    pub(crate) async fn writing(&self) -> Result<Tx, CatalogError> {
        match &self.pools {
            Pools::Sqlite { writer, .. } => writer.begin_with("BEGIN IMMEDIATE").await.map(Inner::Sqlite),
            Pools::Postgres(pool) => pool.begin().await.map(Inner::Postgres),
        }
        .map(|inner| Tx::new(inner, self.clock, self.policies.clone()))
        .map_err(|source| CatalogError::Statement { doing: "begin", at: "catalog", source })
    }

    /// A transaction that only reads. On SQLite it sees one snapshot and never waits for the writer.
    pub(crate) async fn reading(&self) -> Result<Tx, CatalogError> {
        match &self.pools {
            Pools::Sqlite { readers, .. } => readers.begin().await.map(Inner::Sqlite),
            Pools::Postgres(pool) => pool.begin().await.map(Inner::Postgres),
        }
        .map(|inner| Tx::new(inner, self.clock, self.policies.clone()))
        .map_err(|source| CatalogError::Statement { doing: "begin", at: "catalog", source })
    }

    /// The same of one instant on PostgreSQL too, however many statements read in it.
    pub(crate) async fn reading_one_instant(&self) -> Result<Tx, CatalogError> {
        of_one_instant(self.reading().await?).await
    }

    /// One instant for as long as an export is read, on a connection that nobody else waits for.
    pub(crate) async fn exporting(&self) -> Result<Tx, CatalogError> {
        let inner = self.reserved.export().await?;
        of_one_instant(Tx::new(inner, self.clock, self.policies.clone())).await
    }

    /// A transaction that looks up a row or two by their key, for what every request begins with: it never waits for
    /// a search.
    pub(crate) async fn quick(&self) -> Result<Tx, CatalogError> {
        self.reserved.quick().await.map(|inner| Tx::new(inner, self.clock, self.policies.clone()))
    }

    /// A transaction that looks through many rows. It waits its turn, and is broken off when its time is over.
    pub(crate) async fn searching(&self) -> Result<Tx, CatalogError> {
        self.reserved.search().await.map(|inner| Tx::new(inner, self.clock, self.policies.clone()))
    }
}

/// SQLite's transactions see one instant anyhow.
async fn of_one_instant(mut tx: Tx) -> Result<Tx, CatalogError> {
    if !tx.is_sqlite() {
        execute!(tx, "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")?;
    }
    Ok(tx)
}
