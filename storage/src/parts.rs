//! The parts that all documents need: objects, scanner, reader, the channel. One that is away stops what needs it,
//! burns no attempt, and is an incident until its probe passes. Kept in rows, so that all workers know.

mod waiting;

use std::collections::BTreeSet;

use time::{Duration, OffsetDateTime};
use uuid::Uuid;

pub use waiting::before_it_is_gone;
pub(crate) use waiting::{AWAY, keeps_from_fetching, unwoken};

use crate::{
    catalog::Catalog,
    error::CatalogError,
    incidents,
    names::{cut, maybe_at, micros, word, words},
    numbers::May,
    sql::Tx,
    stages::on_its_road,
};

words! {
    /// A part that documents and messages need.
    Part, "part" {
        /// The S3.
        Objects = "objects",
        /// The database.
        Database = "database",
        /// The malware scanner.
        Scanner = "scanner",
        /// The sandboxed readers.
        Reader = "reader",
        /// Meta's Graph API.
        Graph = "graph",
    }
}

impl Part {
    /// What a file cannot be fetched without.
    pub const TO_FETCH: &[Self] = &[Self::Objects, Self::Graph];

    /// The kind of its incident.
    #[must_use]
    pub fn incident(self) -> &'static str {
        match self {
            Self::Objects => "objects_away",
            Self::Database => "database_away",
            Self::Scanner => "scanner_away",
            Self::Reader => "reader_away",
            Self::Graph => "graph_away",
        }
    }
}

/// A part that is away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Away {
    /// Which.
    pub part: Part,
    /// When its next probe is due.
    pub probe_at: OffsetDateTime,
}

/// A document waits for too long; its subject is the document.
const WAITING: &str = "document_waiting";
/// Documents told of in one transaction: few, so that no webhook waits for it.
const AT_ONCE: usize = 200;
/// First wait before a part is probed again; it doubles with each probe that fails.
const FIRST_PROBE: Duration = Duration::seconds(15);
/// Longest wait between two probes.
const LAST_PROBE: Duration = Duration::minutes(5);
/// Looks of others while a probe is under way.
const PROBE_TAKES: Duration = Duration::minutes(1);

fn gap(probes: i64) -> Duration {
    let doublings = u32::try_from(probes.clamp(0, 10)).unwrap_or(10);
    (FIRST_PROBE * 2_i32.pow(doublings)).min(LAST_PROBE)
}

impl Catalog {
    /// The parts that are away.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn parts_away(&self) -> Result<Vec<Away>, CatalogError> {
        const T: &str = "parts";
        let mut tx = self.reading().await?;
        let present = tx.now();
        all!(
            tx,
            (String, Option<i64>),
            "SELECT name, probe_at FROM parts WHERE away_since IS NOT NULL ORDER BY name"
        )?
        .into_iter()
        .map(|(name, probe_at)| {
            // One that is further away than any gap was set by a clock that has gone back since.
            let probe_at = maybe_at(T, "probe_at", probe_at)?.filter(|at| *at <= present + LAST_PROBE);
            let probe_at = probe_at.unwrap_or(OffsetDateTime::UNIX_EPOCH);
            Ok(Away { part: word(T, "name", &name)?, probe_at })
        })
        .collect()
    }

    /// Takes a probe that is due, if nobody else did.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn take_probe(&self, part: Part) -> Result<May, CatalogError> {
        let mut tx = self.writing().await?;
        let present = tx.now();
        let next = present.saturating_add(PROBE_TAKES);
        let mine = execute!(
            tx,
            "UPDATE parts SET probe_at = $3, probes = probes + 1 \
             WHERE name = $1 AND away_since IS NOT NULL \
             AND (COALESCE(probe_at, 0) <= $2 OR probe_at > $4)",
            part.as_str(),
            micros(present),
            micros(next),
            micros(present.saturating_add(LAST_PROBE))
        )?;
        tx.commit().await?;
        Ok(if mine == 1 { May::Probe } else { May::NotBefore(next) })
    }

    /// A part's probe failed: it is away, and an incident says so. When it is probed next.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn part_away(&self, part: Part, reason: &str) -> Result<OffsetDateTime, CatalogError> {
        let mut tx = self.writing().await?;
        let present = tx.now();
        let (probes,) = one!(
            tx,
            (i64,),
            "INSERT INTO parts (name, away_since, reason) VALUES ($1, $2, $3) ON CONFLICT (name) DO UPDATE SET \
             away_since = COALESCE(parts.away_since, excluded.away_since), reason = excluded.reason RETURNING probes",
            part.as_str(),
            micros(present),
            cut(reason, 500)
        )?;
        let next = present.saturating_add(gap(probes));
        execute!(tx, "UPDATE parts SET probe_at = $2 WHERE name = $1", part.as_str(), micros(next))?;
        let detail = serde_json::json!({ "reason": cut(reason, 500) });
        incidents::open(&mut tx, part.incident(), "", &detail, 1, present).await?;
        tx.commit().await?;
        Ok(next)
    }

    /// A part's probe passed: it is back, and its incident is over. Whether it was away.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn part_back(&self, part: Part) -> Result<bool, CatalogError> {
        let mut tx = self.writing().await?;
        let present = tx.now();
        let back = execute!(
            tx,
            "UPDATE parts SET away_since = NULL, probe_at = NULL, probes = 0, reason = NULL \
             WHERE name = $1 AND away_since IS NOT NULL",
            part.as_str()
        )?;
        if back == 1 {
            incidents::resolve(&mut tx, part.incident(), None, present).await?;
        }
        tx.commit().await?;
        Ok(back == 1)
    }

    /// Tells a person, by name, of each document that has been on its road for longer than `age`, and takes back what
    /// was told of those at rest; how many are on their road. Page by page, so that no webhook waits for it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn tell_of_waiting(&self, age: Duration) -> Result<u64, CatalogError> {
        let told = self.told_of_waiting().await?;
        let waiting = self.waiting_since(self.now() - age).await?;
        // Of those that were told of only the oldest are told of anew, with what ails them now.
        let (oldest, others) = waiting.split_at(waiting.len().min(AT_ONCE));
        let news = others.iter().filter(|id| !told.contains(&id.to_string()));
        let news: Vec<Uuid> = oldest.iter().chain(news).copied().collect();
        for page in news.chunks(AT_ONCE) {
            self.tell_of_these(page).await?;
        }
        Ok(waiting.len() as u64)
    }

    /// Whose waiting is told of already; that of those at rest is taken back.
    async fn told_of_waiting(&self) -> Result<BTreeSet<String>, CatalogError> {
        let mut told = BTreeSet::new();
        let mut after = String::new();
        loop {
            let mut tx = self.writing().await?;
            let present = tx.now();
            let page = all!(
                tx,
                (String,),
                "SELECT subject FROM incidents WHERE kind = $1 AND state <> 'resolved' AND subject > $2 \
                 ORDER BY subject LIMIT 200",
                WAITING,
                after.as_str()
            )?;
            for (subject,) in &page {
                if is_on_its_road(&mut tx, subject).await? {
                    told.insert(subject.clone());
                } else {
                    incidents::resolve(&mut tx, WAITING, Some(subject), present).await?;
                }
            }
            tx.commit().await?;
            let Some((last,)) = page.into_iter().next_back() else { return Ok(told) };
            after = last;
        }
    }

    /// The documents on their road that came before then, the oldest first. Read beside the writer: of all on their road no
    /// index has the order in which they came.
    async fn waiting_since(&self, before: OffsetDateTime) -> Result<Vec<Uuid>, CatalogError> {
        let mut tx = self.reading().await?;
        let text = format!(
            "SELECT d.id FROM documents d WHERE {} AND d.received_at <= $1 ORDER BY d.received_at, d.id",
            on_its_road()
        );
        let rows = all!(tx, (Uuid,), sqlx::AssertSqlSafe(text.clone()), micros(before))?;
        Ok(rows.into_iter().map(|(id,)| id).collect())
    }

    /// Tells of those of these documents that wait still.
    async fn tell_of_these(&self, ids: &[Uuid]) -> Result<(), CatalogError> {
        let mut tx = self.writing().await?;
        let present = tx.now();
        for id in ids {
            let sql = "SELECT stage, last_error FROM documents WHERE id = $1 AND stage <> 'done'";
            let Some((stage, error)) = optional!(tx, (String, Option<String>), sql, *id)? else { continue };
            let detail = serde_json::json!({ "stage": stage, "last_error": error });
            incidents::open(&mut tx, WAITING, &id.to_string(), &detail, 1, present).await?;
        }
        tx.commit().await
    }
}

/// Whether a document that an incident names is not at rest.
async fn is_on_its_road(tx: &mut Tx, subject: &str) -> Result<bool, CatalogError> {
    let Ok(id) = Uuid::parse_str(subject) else { return Ok(false) };
    let (count,) = one!(tx, (i64,), "SELECT COUNT(*) FROM documents WHERE id = $1 AND stage <> 'done'", id)?;
    Ok(count > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_grow_to_five_minutes() {
        let gaps: Vec<i64> = (0..7).map(|n| gap(n).whole_seconds()).collect();
        assert_eq!(gaps, [15, 30, 60, 120, 240, 300, 300]);
    }
}
