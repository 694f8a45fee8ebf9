//! Rows and objects are compared both ways: what no row names goes, and where a row names what is not there, a person is
//! told.
//!
//! Both directions go page by page, and where they stand is a row, so a process that ends in between loses nothing. A
//! pass over the *objects* first only counts: an object is unnamed when it is old enough that nobody can still be about
//! to name it. If there are more of them than an accident leaves behind, this is the wrong database, or an old one that
//! was put back, and nothing is deleted; otherwise a second pass deletes them. A pass over the *rows* opens an incident
//! for each document with something missing, and ends it when the object is back.

mod missing;
mod unnamed;

use serde::Serialize;
use time::{Duration, OffsetDateTime};

use crate::{
    catalog::Catalog,
    error::CatalogError,
    names::{at, maybe_at, micros, number, word, words},
    objects::{ObjectError, Objects},
};

words! {
    /// Which way is compared.
    Direction, "direction" {
        /// For each object, the row that names it.
        Objects = "objects",
        /// For each row, the objects that it names.
        Rows = "rows",
    }
}

/// The incident of a document of which an object is missing.
pub const MISSING: &str = "object_missing";
/// The incident of a store that the database hardly knows.
pub const UNNAMED: &str = "objects_unnamed";

/// How far a comparison is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ObjectSweep {
    /// Which way.
    pub direction: Direction,
    /// The last key or id of this pass that was looked at.
    pub after: Option<String>,
    /// Whether this pass deletes; otherwise it counts.
    pub deletes: bool,
    /// When this pass began.
    pub started_at: OffsetDateTime,
    /// When it came to its end, if it did.
    pub ended_at: Option<OffsetDateTime>,
    /// Objects, or rows, that this pass looked at.
    pub looked_at: u64,
    /// Objects that no row names, or rows with something missing.
    pub found: u64,
    /// Objects that were deleted.
    pub deleted: u64,
}

/// How a comparison goes.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// How old an object is before it is unnamed: an upload in flight has no row yet.
    pub age: Duration,
    /// Rest between two passes.
    pub rest: Duration,
    /// Objects, or rows, of one page, at most 1,000.
    pub page: u16,
    /// Now.
    pub present: OffsetDateTime,
}

/// A comparison could not go on; it does so later, from where it stands.
#[derive(Debug, thiserror::Error)]
pub enum SweepError {
    /// The database failed.
    #[error("comparing rows and objects: the catalog")]
    Catalog(#[from] CatalogError),
    /// The store failed.
    #[error("comparing rows and objects: the store")]
    Objects(#[from] ObjectError),
}

/// What looking at one page changed.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
struct Looked {
    /// The last one looked at; none at the end of the pass.
    after: Option<String>,
    looked_at: u64,
    found: u64,
    deleted: u64,
}

/// A table of a pass that is under way, or of the last one.
type Row = (String, Option<String>, bool, i64, Option<i64>, i64, i64, i64);

fn parsed(row: Row) -> Result<ObjectSweep, CatalogError> {
    const T: &str = "object_sweeps";
    let (direction, after, deletes, started, ended, looked_at, found, deleted) = row;
    Ok(ObjectSweep {
        direction: word(T, "direction", &direction)?,
        after,
        deletes,
        started_at: at(T, "started_at", started)?,
        ended_at: maybe_at(T, "ended_at", ended)?,
        looked_at: number(T, "looked_at", looked_at)?,
        found: number(T, "found", found)?,
        deleted: number(T, "deleted", deleted)?,
    })
}

impl Catalog {
    /// How far the comparisons are, those that ever began.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn object_sweeps(&self) -> Result<Vec<ObjectSweep>, CatalogError> {
        let mut tx = self.reading().await?;
        all!(
            tx,
            Row,
            "SELECT direction, after, deletes, started_at, ended_at, looked_at, found, deleted \
             FROM object_sweeps ORDER BY direction"
        )?
        .into_iter()
        .map(parsed)
        .collect()
    }

    /// Compares the next page in one direction; whether there is more to do before the next rest.
    ///
    /// # Errors
    /// When the database or the store fails; what was looked at before stands.
    pub async fn compare_objects(
        &self,
        objects: &Objects,
        direction: Direction,
        pace: Pace,
    ) -> Result<bool, SweepError> {
        let known = self.object_sweeps().await?.into_iter().find(|sweep| sweep.direction == direction);
        let seen = known.clone();
        let mut sweep = match known {
            Some(sweep) if sweep.ended_at.is_some_and(|ended| pace.present - ended < pace.rest) => {
                return Ok(false);
            }
            Some(sweep) if sweep.ended_at.is_none() => sweep,
            _ => begun(direction, false, pace.present),
        };
        let after = sweep.after.clone().unwrap_or_default();
        let looked = match direction {
            Direction::Objects => unnamed::page(self, objects, &after, sweep.deletes, pace).await?,
            Direction::Rows => missing::page(self, objects, &after, pace).await?,
        };
        sweep.after = looked.after;
        sweep.looked_at += looked.looked_at;
        sweep.found += looked.found;
        sweep.deleted += looked.deleted;
        if sweep.after.is_none() {
            let deletes = direction == Direction::Objects && unnamed::ended(self, &sweep, pace).await?;
            if deletes {
                sweep = begun(direction, true, pace.present);
            } else {
                sweep.ended_at = Some(pace.present);
            }
        }
        let more = sweep.ended_at.is_none();
        self.keep_sweep(seen.as_ref(), &sweep, pace.present).await?;
        Ok(more)
    }

    /// Keeps where a comparison stands, unless another process was at the same page: then that one's word stands.
    async fn keep_sweep(
        &self,
        seen: Option<&ObjectSweep>,
        sweep: &ObjectSweep,
        present: OffsetDateTime,
    ) -> Result<(), CatalogError> {
        let mut tx = self.writing().await?;
        execute!(
            tx,
            "INSERT INTO object_sweeps (direction, after, deletes, started_at, ended_at, looked_at, found, deleted, \
             updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) \
             ON CONFLICT (direction) DO UPDATE SET after = excluded.after, deletes = excluded.deletes, \
             started_at = excluded.started_at, ended_at = excluded.ended_at, looked_at = excluded.looked_at, \
             found = excluded.found, deleted = excluded.deleted, updated_at = excluded.updated_at \
             WHERE object_sweeps.started_at = $10 AND object_sweeps.looked_at = $11",
            sweep.direction.as_str(),
            sweep.after.as_deref(),
            sweep.deletes,
            micros(sweep.started_at),
            sweep.ended_at.map(micros),
            signed(sweep.looked_at),
            signed(sweep.found),
            signed(sweep.deleted),
            micros(present),
            seen.map(|s| micros(s.started_at)),
            seen.map(|s| signed(s.looked_at))
        )?;
        tx.commit().await
    }
}

fn begun(direction: Direction, deletes: bool, present: OffsetDateTime) -> ObjectSweep {
    ObjectSweep {
        direction,
        after: None,
        deletes,
        started_at: present,
        ended_at: None,
        looked_at: 0,
        found: 0,
        deleted: 0,
    }
}

fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
