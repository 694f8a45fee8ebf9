//! The world's database, for what a worker or time does to it behind the catalog's back: SQLite, or a fresh database in
//! the PostgreSQL cluster that `ACUSE_TEST_POSTGRES` names.

use std::path::Path;

use acuse_storage::{Catalog, DocumentId};
use sqlx::{AssertSqlSafe, FromRow, PgPool, SqlitePool, postgres::PgRow, sqlite::SqliteRow};
use tokio::sync::OnceCell;
use uuid::Uuid;

/// Where a cluster is, as a URL without a database: `postgres://acuse@127.0.0.1:5432`.
const CLUSTER: &str = "ACUSE_TEST_POSTGRES";

/// What every world's database is a copy of, once its tables were brought up to date; that they can be is shown elsewhere.
static MADE: OnceCell<Made> = OnceCell::const_new();

enum Made {
    /// A file.
    Sqlite(Vec<u8>),
    /// The name of a database that nobody is connected to.
    Postgres(String),
}

/// Whatever is copied takes itself for the first that the feed was ever written in.
const NOBODYS: &str = "UPDATE feed SET identity = NULL";

impl Made {
    async fn once() -> Self {
        let Ok(cluster) = std::env::var(CLUSTER) else {
            let folder = tempfile::tempdir().unwrap();
            let file = folder.path().join("acuse.db");
            Catalog::open_sqlite(&file).await.unwrap().close().await;
            let pool = sqlite(&file).await;
            sqlx::query(NOBODYS).execute(&pool).await.unwrap();
            sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&pool).await.unwrap();
            pool.close().await;
            return Self::Sqlite(std::fs::read(&file).unwrap());
        };
        let name = create(&cluster, None).await;
        let url = format!("{cluster}/{name}");
        Catalog::open(&url).await.unwrap().close().await;
        let pool = PgPool::connect(&url).await.unwrap();
        sqlx::query(NOBODYS).execute(&pool).await.unwrap();
        pool.close().await;
        Self::Postgres(name)
    }
}

async fn sqlite(file: &Path) -> SqlitePool {
    SqlitePool::connect(&format!("sqlite:{}", file.display())).await.unwrap()
}

/// A database with a name of its own, empty or as `like` is; its name.
async fn create(cluster: &str, like: Option<&str>) -> String {
    let name = format!("way_back_{}", DocumentId::generate().0.simple());
    let like = like.map(|like| format!(" TEMPLATE {like}")).unwrap_or_default();
    let maker = PgPool::connect(&format!("{cluster}/postgres")).await.unwrap();
    sqlx::query(AssertSqlSafe(format!("CREATE DATABASE {name}{like}"))).execute(&maker).await.unwrap();
    maker.close().await;
    name
}

/// Either database.
pub enum Db {
    Sqlite(SqlitePool),
    Postgres(PgPool),
}

/// A value in a statement.
pub enum Bind {
    Id(Uuid),
    Number(i64),
    Text(String),
}

impl From<Uuid> for Bind {
    fn from(id: Uuid) -> Self {
        Self::Id(id)
    }
}

impl From<i64> for Bind {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

impl From<String> for Bind {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&str> for Bind {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

/// A row of either database.
pub trait Row: Send + Unpin + for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> {}
impl<R: Send + Unpin + for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow>> Row for R {}

/// The queue's table has another name on PostgreSQL, and its times are no seconds.
fn on_postgres(text: &str) -> String {
    text.replace("Jobs", "apalis.jobs")
        .replace("MIN(run_at)", "CAST(EXTRACT(EPOCH FROM MIN(run_at)) AS BIGINT)")
        .replace("run_at <= $1", "run_at <= to_timestamp(CAST($1 AS BIGINT))")
}

macro_rules! bound {
    ($query:expr, $binds:expr) => {{
        let mut query = $query;
        for bind in $binds {
            query = match bind {
                Bind::Id(id) => query.bind(*id),
                Bind::Number(number) => query.bind(*number),
                Bind::Text(text) => query.bind(text.clone()),
            };
        }
        query
    }};
}

impl Db {
    /// An empty one, and the catalog on it.
    pub async fn fresh(folder: &Path) -> (Catalog, Self) {
        match MADE.get_or_init(Made::once).await {
            Made::Sqlite(bytes) => {
                let file = folder.join("acuse.db");
                std::fs::write(&file, bytes).unwrap();
                (Catalog::open_sqlite(&file).await.unwrap(), Self::Sqlite(sqlite(&file).await))
            }
            Made::Postgres(like) => {
                let cluster = std::env::var(CLUSTER).unwrap();
                let url = format!("{cluster}/{}", create(&cluster, Some(like)).await);
                (Catalog::open(&url).await.unwrap(), Self::Postgres(PgPool::connect(&url).await.unwrap()))
            }
        }
    }

    /// One more catalog on this database, as another process has it.
    pub async fn catalog(&self) -> Catalog {
        match self {
            Self::Sqlite(pool) => Catalog::open_sqlite(pool.connect_options().get_filename()).await.unwrap(),
            Self::Postgres(pool) => {
                let (cluster, options) = (std::env::var(CLUSTER).unwrap(), pool.connect_options());
                Catalog::open(&format!("{cluster}/{}", options.get_database().unwrap())).await.unwrap()
            }
        }
    }

    pub fn is_sqlite(&self) -> bool {
        matches!(self, Self::Sqlite(_))
    }

    pub async fn run(&self, text: &str, binds: &[Bind]) {
        match self {
            Self::Sqlite(pool) => {
                let query = sqlx::query(AssertSqlSafe(text.to_owned()));
                bound!(query, binds).execute(pool).await.map(drop)
            }
            Self::Postgres(pool) => {
                let query = sqlx::query(AssertSqlSafe(on_postgres(text)));
                bound!(query, binds).execute(pool).await.map(drop)
            }
        }
        .unwrap();
    }

    pub async fn maybe<R: Row>(&self, text: &str, binds: &[Bind]) -> Option<R> {
        match self {
            Self::Sqlite(pool) => {
                let query = sqlx::query_as::<_, R>(AssertSqlSafe(text.to_owned()));
                bound!(query, binds).fetch_optional(pool).await
            }
            Self::Postgres(pool) => {
                let query = sqlx::query_as::<_, R>(AssertSqlSafe(on_postgres(text)));
                bound!(query, binds).fetch_optional(pool).await
            }
        }
        .unwrap()
    }

    pub async fn one<R: Row>(&self, text: &str, binds: &[Bind]) -> R {
        self.maybe(text, binds).await.expect("there is a row")
    }
}
