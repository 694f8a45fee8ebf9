//! What can go wrong with the catalog.

/// A catalog operation failed. Domain outcomes (a stale task, a review held by someone else) are values, not errors.
#[derive(Debug, thiserror::Error)]
pub enum CatalogError {
    /// The database URL or file cannot be used.
    #[error("cannot open the catalog: {hint}")]
    Open {
        /// What to do.
        hint: String,
        /// What the driver said.
        source: sqlx::Error,
    },
    /// The URL names no database we speak.
    #[error("{0:?} is no database URL: use sqlite://PATH or postgres://USER@HOST/NAME")]
    UnknownDatabase(String),
    /// A migration failed.
    #[error("cannot bring the catalog up to date ({what})")]
    Migrate {
        /// Whose migrations: ours or the queue's.
        what: &'static str,
        /// What failed.
        source: sqlx::migrate::MigrateError,
    },
    /// A statement failed.
    #[error("the database refused to {doing} ({at})")]
    Statement {
        /// What was being done: the name of the function that did it.
        doing: &'static str,
        /// Module and line.
        at: &'static str,
        /// What the driver said.
        source: sqlx::Error,
    },
    /// Pushing a task failed.
    #[error("cannot push a task onto {queue}")]
    Push {
        /// Which queue.
        queue: &'static str,
        /// What apalis said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A row holds what cannot be.
    #[error("row of {table}: column {column} holds what it must not: {why}")]
    ImpossibleRow {
        /// Table.
        table: &'static str,
        /// Column.
        column: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// A value of ours does not turn into JSON.
    #[error("cannot write {what} as JSON")]
    Encode {
        /// Which value.
        what: &'static str,
        /// Why.
        source: serde_json::Error,
    },
    /// What must not stand open could not be sealed.
    #[error("cannot seal {what} by the key file")]
    Sealing {
        /// Which.
        what: &'static str,
    },
    /// Another process changed what this transaction was built on.
    #[error("two transactions met; try again")]
    Contention,
    /// As many searches as may be are under way.
    #[error("too many searches or exports are under way")]
    NoTurn,
    /// Who there is is not all in its index yet, and too many are left to be looked through in a search's time.
    #[error("the index of names is still being built")]
    Unindexed,
    /// There is no such thing.
    #[error("no such {what}")]
    Missing {
        /// "document", "review", …
        what: &'static str,
    },
}

impl CatalogError {
    /// Whether the same operation may succeed if it is simply tried again at once: two transactions met.
    #[must_use]
    pub fn is_contention(&self) -> bool {
        if matches!(self, Self::Contention) {
            return true;
        }
        let Self::Statement { source: sqlx::Error::Database(db), .. } = self else { return false };
        // PostgreSQL: serialization_failure, deadlock_detected. SQLite: SQLITE_BUSY and its extended codes.
        matches!(db.code().as_deref(), Some("40001" | "40P01" | "5" | "261" | "517"))
    }

    /// Whether a statement was broken off because its time was over.
    #[must_use]
    pub fn is_over_budget(&self) -> bool {
        let Self::Statement { source: sqlx::Error::Database(db), .. } = self else { return false };
        // PostgreSQL: query_canceled. SQLite: SQLITE_INTERRUPT.
        matches!(db.code().as_deref(), Some("57014" | "9"))
    }

    /// Whether the database itself is out of reach (so splitting the work up will not help).
    #[must_use]
    pub fn is_unavailable(&self) -> bool {
        if self.is_over_budget() {
            return false;
        }
        match self {
            Self::Open { .. } => true,
            Self::Statement { source, .. } => match source {
                sqlx::Error::Io(_)
                | sqlx::Error::Tls(_)
                | sqlx::Error::PoolTimedOut
                | sqlx::Error::PoolClosed
                | sqlx::Error::WorkerCrashed => true,
                // SQLite: busy, locked, full, I/O error, read-only, cannot open. PostgreSQL: class 08, 53, 57, 58.
                sqlx::Error::Database(db) => db.code().is_some_and(|code| {
                    matches!(&*code, "5" | "6" | "8" | "10" | "13" | "14")
                        || (code.len() == 5 && ["08", "53", "57", "58"].iter().any(|c| code.starts_with(c)))
                }),
                _ => false,
            },
            _ => false,
        }
    }

    /// Whether a unique constraint refused the row.
    #[must_use]
    pub fn is_unique_violation(&self) -> bool {
        matches!(self, Self::Statement { source: sqlx::Error::Database(db), .. } if db.is_unique_violation())
    }
}

/// An error with all its sources on one line, for the log.
pub struct Chain<'a>(pub &'a dyn std::error::Error);

impl std::fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)?;
        let mut source = self.0.source();
        while let Some(error) = source {
            write!(f, ": {error}")?;
            source = error.source();
        }
        Ok(())
    }
}
