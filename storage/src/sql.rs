//! One statement, two databases: a transaction of either kind, and macros that compile the same SQL for both.
//!
//! SQL uses `$1` binds, `RETURNING` and `ON CONFLICT`, which SQLite and PostgreSQL both understand. Where they truly
//! differ, [`Tx::pick`] names the two texts side by side. An error carries the place of its statement.

mod again;
mod query;

use std::sync::Arc;

use acuse_conversation::Policies;
use sqlx::{PgConnection, Postgres, SqlSafeStr, SqlStr, Sqlite, SqliteConnection, Transaction};
use time::OffsetDateTime;

pub(crate) use again::again;
pub(crate) use query::{Bind, Query, latest_of};

use crate::{error::CatalogError, names::kept};

/// An open transaction. Dropping it rolls it back.
pub(crate) struct Tx {
    inner: Inner,
    clock: fn() -> OffsetDateTime,
    policies: Option<Arc<Policies>>,
}

pub(crate) enum Inner {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(Transaction<'static, Postgres>),
}

/// The connection inside a [`Tx`], by database.
pub(crate) enum Both<'a> {
    Sqlite(&'a mut SqliteConnection),
    Postgres(&'a mut PgConnection),
}

impl Tx {
    pub(crate) fn new(inner: Inner, clock: fn() -> OffsetDateTime, policies: Option<Arc<Policies>>) -> Self {
        Self { inner, clock, policies }
    }

    /// How conversations are led; none: every file is answered by itself, and nothing is asked by itself.
    pub(crate) fn policies(&self) -> Option<Arc<Policies>> {
        self.policies.clone()
    }

    /// What time it is, by the catalog's clock, cut to the microseconds that a row keeps.
    pub(crate) fn now(&self) -> OffsetDateTime {
        kept((self.clock)())
    }

    pub(crate) fn both(&mut self) -> Both<'_> {
        match &mut self.inner {
            Inner::Sqlite(tx) => Both::Sqlite(&mut *tx),
            Inner::Postgres(tx) => Both::Postgres(&mut *tx),
        }
    }

    /// Whether this is SQLite.
    pub(crate) fn is_sqlite(&self) -> bool {
        matches!(self.inner, Inner::Sqlite(_))
    }

    /// The text for this database.
    pub(crate) fn pick(&self, sqlite: &'static str, postgres: &'static str) -> &'static str {
        if self.is_sqlite() { sqlite } else { postgres }
    }

    pub(crate) async fn commit(self) -> Result<(), CatalogError> {
        match self.inner {
            Inner::Sqlite(tx) => tx.commit().await,
            Inner::Postgres(tx) => tx.commit().await,
        }
        .map_err(|source| CatalogError::Statement { doing: "commit", at: "sql", source })
    }
}

#[cfg(feature = "conformance")]
tokio::task_local! {
    /// What is asked of the database within it, for tests that ask how it would go about it.
    pub(crate) static HEARD: std::cell::RefCell<Vec<String>>;
}

/// The text of a statement.
pub(crate) fn heard(sql: impl SqlSafeStr) -> SqlStr {
    let sql = sql.into_sql_str();
    // Outside of such a test nobody listens.
    #[cfg(feature = "conformance")]
    let _ = HEARD.try_with(|all| all.borrow_mut().push(sql.as_str().to_owned()));
    sql
}

/// Where a statement stands, for its errors.
macro_rules! here {
    () => {
        concat!(module_path!(), ":", line!())
    };
}

/// What is being done, for a statement's errors: the function it stands in.
macro_rules! doing {
    () => {{
        fn here() {}
        $crate::sql::function_of(std::any::type_name_of_val(&here))
    }};
}

/// The function around a marker `here`, from the marker's type name.
pub(crate) fn function_of(marker: &'static str) -> &'static str {
    let around = marker.strip_suffix("::here").unwrap_or(marker);
    around.rsplit("::").find(|part| !part.starts_with('{')).unwrap_or(around)
}

/// Runs a statement; the number of rows it touched.
macro_rules! execute {
    ($tx:expr, $sql:expr $(, $bind:expr)* $(,)?) => {
        match $tx.both() {
            $crate::sql::Both::Sqlite(c) => {
                sqlx::query($crate::sql::heard($sql))$(.bind($bind))*.execute(c).await
                    .map(|done| done.rows_affected())
            }
            $crate::sql::Both::Postgres(c) => {
                sqlx::query($crate::sql::heard($sql))$(.bind($bind))*.execute(c).await
                    .map(|done| done.rows_affected())
            }
        }
        .map_err(|source| $crate::error::CatalogError::Statement { doing: doing!(), at: here!(), source })
    };
}

/// Waits until nobody else holds this lock of PostgreSQL, and holds it to the end of the transaction; SQLite has one writer
/// anyway.
pub(crate) async fn alone(tx: &mut Tx, lock: i64) -> Result<(), CatalogError> {
    let sql = tx.pick("SELECT 1 WHERE $1 = 0", "SELECT pg_advisory_xact_lock($1)");
    execute!(tx, sql, lock).map(drop)
}

/// The same of a lock that goes by a name.
pub(crate) async fn alone_by(tx: &mut Tx, name: &str) -> Result<(), CatalogError> {
    let sql = tx.pick("SELECT 1 WHERE $1 = ''", "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))");
    execute!(tx, sql, name).map(drop)
}

macro_rules! query_rows {
    ($how:ident, $tx:expr, $row:ty, $sql:expr $(, $bind:expr)* $(,)?) => {
        match $tx.both() {
            $crate::sql::Both::Sqlite(c) => {
                sqlx::query_as::<_, $row>($crate::sql::heard($sql))$(.bind($bind))*.$how(c).await
            }
            $crate::sql::Both::Postgres(c) => {
                sqlx::query_as::<_, $row>($crate::sql::heard($sql))$(.bind($bind))*.$how(c).await
            }
        }
        .map_err(|source| $crate::error::CatalogError::Statement { doing: doing!(), at: here!(), source })
    };
}

/// All rows as `$row`.
macro_rules! all {
    ($($t:tt)*) => { query_rows!(fetch_all, $($t)*) };
}

/// The row, or none.
macro_rules! optional {
    ($($t:tt)*) => { query_rows!(fetch_optional, $($t)*) };
}

/// The one row there must be.
macro_rules! one {
    ($($t:tt)*) => { query_rows!(fetch_one, $($t)*) };
}

/// [`all!`] with as many values as a [`Query`] has.
macro_rules! all_of {
    ($tx:expr, $row:ty, $text:expr, $binds:expr) => {{
        macro_rules! bound {
            ($query:expr) => {{
                let mut query = $query;
                for bind in $binds {
                    query = match bind {
                        $crate::sql::Bind::Number(n) | $crate::sql::Bind::Place(n) => query.bind(n),
                        $crate::sql::Bind::Text(text) => query.bind(text),
                        $crate::sql::Bind::Id(id) => query.bind(id),
                    };
                }
                query
            }};
        }
        match $tx.both() {
            $crate::sql::Both::Sqlite(c) => {
                bound!(sqlx::query_as::<_, $row>($crate::sql::heard(sqlx::AssertSqlSafe($text))))
                    .fetch_all(c)
                    .await
            }
            $crate::sql::Both::Postgres(c) => {
                bound!(sqlx::query_as::<_, $row>($crate::sql::heard(sqlx::AssertSqlSafe($text))))
                    .fetch_all(c)
                    .await
            }
        }
        .map_err(|source| $crate::error::CatalogError::Statement {
            doing: doing!(),
            at: here!(),
            source,
        })
    }};
}

/// Binds `$rows` as `VALUES ($1,$2),($3,$4)…` between `$head` and `$tail`, a power of two of rows a statement, so
/// that few statements are ever prepared; gives back the rows each statement returns.
macro_rules! values {
    ($tx:expr, $row:ty, $head:expr, $columns:literal, $tail:expr, $rows:expr, |$q:ident, $item:pat_param| $bind:expr) => {{
        let mut returned: Vec<$row> = Vec::new();
        chunked!(
            $tx,
            $head,
            $columns,
            $tail,
            $rows,
            |$q, $item| $bind,
            |text| sqlx::query_as::<_, $row>(sqlx::AssertSqlSafe(text)),
            |c| $q.fetch_all(c).await.map(|rows| returned.extend(rows))
        )
        .map(|()| returned)
    }};
}

/// [`values`] for an insert that returns nothing, which spares a row's way back from the database's thread.
macro_rules! insert {
    ($tx:expr, $head:expr, $columns:literal, $tail:expr, $rows:expr, |$q:ident, $item:pat_param| $bind:expr) => {
        chunked!(
            $tx,
            $head,
            $columns,
            $tail,
            $rows,
            |$q, $item| $bind,
            |text| sqlx::query(sqlx::AssertSqlSafe(text)),
            |c| $q.execute(c).await.map(drop)
        )
    };
}

macro_rules! chunked {
    (
        $tx:expr, $head:expr, $columns:literal, $tail:expr, $rows:expr, |$q:ident, $item:pat_param| $bind:expr,
        |$text:ident| $make:expr, |$c:ident| $run:expr
    ) => {{
        let mut result = Ok(());
        for chunk in $crate::sql::chunks($rows, $columns) {
            let done = match $tx.both() {
                $crate::sql::Both::Sqlite($c) => {
                    let $text = $crate::sql::values_text($head, $columns, chunk.len(), $tail, false);
                    let mut $q = $make;
                    for $item in chunk {
                        $q = $bind;
                    }
                    $run
                }
                $crate::sql::Both::Postgres($c) => {
                    let $text = $crate::sql::values_text($head, $columns, chunk.len(), $tail, true);
                    let mut $q = $make;
                    for $item in chunk {
                        $q = $bind;
                    }
                    $run
                }
            };
            if let Err(source) = done {
                result = Err($crate::error::CatalogError::Statement { doing: doing!(), at: here!(), source });
                break;
            }
        }
        result
    }};
}

/// Most binds in one statement: SQLite's own default limit is 32,766.
const MOST_BINDS: usize = 16_384;

/// Cuts `rows` into runs whose lengths are powers of two, longest first.
pub(crate) fn chunks<T>(rows: &[T], columns: usize) -> impl Iterator<Item = &[T]> {
    let cap = (MOST_BINDS / columns.max(1)).max(1);
    let mut rest = rows;
    std::iter::from_fn(move || {
        let most = rest.len().min(cap);
        if most == 0 {
            return None;
        }
        let (chunk, tail) = rest.split_at(1 << most.ilog2());
        rest = tail;
        Some(chunk)
    })
}

/// `head` + `($1,$2),($3,$4)…` + `tail`; or with plain `?`, because SQLite looks a numbered bind's name up along the
/// list of all of them, which for thousands of binds costs more than the insert itself.
pub(crate) fn values_text(head: &str, columns: usize, rows: usize, tail: &str, numbered: bool) -> String {
    use std::fmt::Write;
    let mut text = String::with_capacity(head.len() + tail.len() + rows * columns * 6);
    text.push_str(head);
    for row in 0..rows {
        text.push_str(if row == 0 { "(" } else { ",(" });
        for column in 1..=columns {
            let comma = if column == 1 { "" } else { "," };
            text.push_str(comma);
            if numbered {
                // Writing to a String does not fail.
                let _ = write!(text, "${}", row * columns + column);
            } else {
                text.push('?');
            }
        }
        text.push(')');
    }
    text.push_str(tail);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_are_powers_of_two_and_lose_no_row() {
        let rows: Vec<u32> = (0..203).collect();
        let cut: Vec<&[u32]> = chunks(&rows, 4).collect();
        assert_eq!(cut.iter().map(|c| c.len()).collect::<Vec<_>>(), [128, 64, 8, 2, 1]);
        assert_eq!(cut.concat(), rows);
        assert!(chunks(&rows, 20_000).all(|c| c.len() == 1));
    }

    #[test]
    fn an_error_says_what_was_being_done() {
        assert_eq!(doing!(), "an_error_says_what_was_being_done");
        assert_eq!(
            function_of("acuse_storage::hold::<impl Catalog>::undo_decision::{{closure}}::here"),
            "undo_decision"
        );
    }

    #[test]
    fn values_text_numbers_every_bind() {
        assert_eq!(values_text("V ", 2, 2, " T", true), "V ($1,$2),($3,$4) T");
        assert_eq!(values_text("V ", 2, 2, " T", false), "V (?,?),(?,?) T");
    }
}
