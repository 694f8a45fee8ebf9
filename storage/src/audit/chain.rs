//! The chain over the audit trail: what was written cannot be changed, taken out, moved or slipped in afterwards without
//! the chain saying at which row.
//!
//! Rows are sealed in batches, in an order that sealing gives them (on PostgreSQL a row may commit after one with a higher
//! number). Each row's link is a hash of the link before and of the row; of its detail only a salted hash goes in, so
//! that a detail can be erased and the chain still holds. Whoever can write the database could make a whole new chain:
//! the head that `acuse audit verify` prints, kept elsewhere, tells that apart.

use acuse_pipeline::document::Sha256;
use serde::Serialize;
use sha2::Digest;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    catalog::Catalog,
    error::CatalogError,
    names::{maybe_at, micros, number},
    sql::Tx,
};

/// Rows sealed in one transaction, and read at once by a verification.
const BATCH: i64 = 1_000;
/// How long after its time a row may be sealed: longer than any transaction is open, and than two clocks differ.
const LATE: i64 = 10 * 60 * 1_000_000;

/// How the trail stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Tail {
    /// Rows in the chain.
    pub sealed: u64,
    /// The last link.
    pub head: Sha256,
    /// Rows that no seal covers yet.
    pub unsealed: u64,
    /// When the oldest of them was written.
    pub oldest_unsealed: Option<OffsetDateTime>,
}

/// What a verification found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verified {
    /// Every row fits.
    Whole(Tail),
    /// The first row that does not.
    Broken {
        /// Its place in the chain, counted from one.
        position: u64,
        /// Its number, where there is a row.
        seq: Option<i64>,
        /// What is wrong with it.
        why: &'static str,
    },
}

/// A row of the trail as the chain sees it.
#[derive(sqlx::FromRow)]
struct Row {
    seq: i64,
    at: i64,
    actor: String,
    action: String,
    document_id: Option<Uuid>,
    detail_sha256: Option<Vec<u8>>,
    salt: Option<Vec<u8>>,
    detail: Option<String>,
    position: Option<i64>,
    link: Option<Vec<u8>>,
}

const ROW: &str = "SELECT a.seq, a.at, a.actor, a.action, a.document_id, a.detail_sha256, d.salt, d.detail, \
     a.position, a.link FROM audit a LEFT JOIN audit_details d ON d.id = a.detail_id";

/// The hash of a detail that says nothing to who does not know the salt.
pub(super) fn of_detail(salt: &[u8], detail: &str) -> [u8; 32] {
    let mut hash = sha2::Sha256::new();
    hash.update(salt);
    hash.update(detail.as_bytes());
    hash.finalize().into()
}

impl Row {
    /// The link that this row makes after `before`. Every part has its length before it, so that none can lend to another.
    fn link(&self, before: &[u8], position: i64, detail: &[u8]) -> [u8; 32] {
        let mut hash = sha2::Sha256::new();
        let (position, seq, at) = (position.to_be_bytes(), self.seq.to_be_bytes(), self.at.to_be_bytes());
        let document = self.document_id.map(Uuid::into_bytes);
        let document: &[u8] = document.as_ref().map_or(&[], |bytes| &bytes[..]);
        let parts: [&[u8]; 8] =
            [before, &position, &seq, &at, self.actor.as_bytes(), self.action.as_bytes(), document, detail];
        for part in parts {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        hash.finalize().into()
    }

    /// What is wrong with this row at this place, if anything.
    fn misfit(&self, before: &[u8], position: i64) -> Option<&'static str> {
        let Some(hash) = &self.detail_sha256 else { return Some("its detail's hash is gone") };
        if self.position != Some(position) {
            return Some("the row before it is gone, or rows were moved");
        }
        if self.link.as_deref() != Some(&self.link(before, position, hash)[..]) {
            return Some("it was changed, moved or slipped in");
        }
        match (&self.salt, &self.detail) {
            (Some(salt), Some(detail)) if of_detail(salt, detail)[..] != hash[..] => {
                Some("its detail was changed")
            }
            _ => None,
        }
    }
}

/// The chain's end, locked: one sealer at a time.
async fn lock(tx: &mut Tx) -> Result<(i64, Vec<u8>, i64), CatalogError> {
    one!(
        tx,
        (i64, Vec<u8>, i64),
        "UPDATE audit_chain SET position = position WHERE id = 1 RETURNING position, link, sealed_at"
    )
}

impl Catalog {
    /// Seals what no seal covers yet, at most a batch; how many rows that were.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn seal_audit(&self, present: OffsetDateTime) -> Result<u64, CatalogError> {
        // Without the lock: most times there is nothing to do.
        {
            let mut tx = self.reading().await?;
            if optional!(tx, (i64,), "SELECT seq FROM audit WHERE position IS NULL LIMIT 1")?.is_none() {
                return Ok(0);
            }
        }
        let mut tx = self.writing().await?;
        let (mut position, mut link, _) = lock(&mut tx).await?;
        let text = format!("{ROW} WHERE a.position IS NULL ORDER BY a.seq LIMIT $1");
        let rows = all!(tx, Row, sqlx::AssertSqlSafe(text.clone()), BATCH)?;
        let count = rows.len() as u64;
        // Another sealer may have been quicker.
        if count == 0 {
            return Ok(0);
        }
        for row in rows {
            position += 1;
            // Rows from before the chain have no hash yet.
            let detail = row.detail_sha256.clone().unwrap_or_else(|| {
                let (salt, detail) = (row.salt.as_deref().unwrap_or_default(), row.detail.as_deref());
                of_detail(salt, detail.unwrap_or_default()).to_vec()
            });
            link = row.link(&link, position, &detail).to_vec();
            execute!(
                tx,
                "UPDATE audit SET position = $2, link = $3, detail_sha256 = $4 WHERE seq = $1",
                row.seq,
                position,
                &link[..],
                &detail[..]
            )?;
        }
        let present = micros(present);
        execute!(
            tx,
            "UPDATE audit_chain SET position = $1, link = $2, sealed_at = $3 WHERE id = 1",
            position,
            &link[..],
            present
        )?;
        execute!(
            tx,
            "INSERT INTO audit_seals (position, link, rows, sealed_at) VALUES ($1, $2, $3, $4)",
            position,
            &link[..],
            count as i64,
            present
        )?;
        tx.commit().await?;
        Ok(count)
    }

    /// How the trail stands.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn audit_tail(&self) -> Result<Tail, CatalogError> {
        let mut tx = self.reading().await?;
        tail(&mut tx).await
    }

    /// Goes through the whole chain, from its first row.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn verify_audit(&self) -> Result<Verified, CatalogError> {
        // Up to where it reached at the beginning: it grows meanwhile.
        let end = {
            let mut tx = self.reading().await?;
            one!(tx, (i64, Vec<u8>), "SELECT position, link FROM audit_chain WHERE id = 1")?
        };
        let (mut position, mut link) = (0_i64, Vec::new());
        loop {
            let mut tx = self.reading().await?;
            let text = format!(
                "{ROW} WHERE a.position > $1 AND a.position <= $2 ORDER BY a.position, a.seq LIMIT $3"
            );
            let rows = all!(tx, Row, sqlx::AssertSqlSafe(text.clone()), position, end.0, BATCH)?;
            if rows.is_empty() {
                break;
            }
            for row in rows {
                position += 1;
                if let Some(why) = row.misfit(&link, position) {
                    return broken(position, Some(row.seq), why);
                }
                link = row.link.unwrap_or_default();
            }
        }
        if position != end.0 {
            return broken(position + 1, None, "the rows from here on are gone");
        }
        if position > 0 && link != end.1 {
            return broken(position, None, "it is not the row that was sealed last");
        }
        if let Some(found) = self.misfit_of_seals(end.0).await? {
            return Ok(found);
        }
        let mut tx = self.reading().await?;
        Ok(Verified::Whole(tail(&mut tx).await?))
    }

    /// What the seals say beside the links: each ends at the row that it names, none is missing, and no row was sealed
    /// long after the time that it claims.
    async fn misfit_of_seals(&self, end: i64) -> Result<Option<Verified>, CatalogError> {
        let mut tx = self.reading().await?;
        let parted = optional!(
            tx,
            (i64,),
            "SELECT s.position FROM audit_seals s LEFT JOIN audit a ON a.position = s.position \
             WHERE s.position <= $1 AND (a.link IS NULL OR a.link <> s.link) ORDER BY s.position LIMIT 1",
            end
        )?;
        if let Some((position,)) = parted {
            return broken(position, None, "the seal that ends here says otherwise").map(Some);
        }
        let (covered,) = one!(
            tx,
            (i64,),
            "SELECT CAST(COALESCE(SUM(rows), 0) AS BIGINT) FROM audit_seals WHERE position <= $1",
            end
        )?;
        if covered != end {
            return broken(covered, None, "a seal is gone, or was slipped in").map(Some);
        }
        // What was there before the chain is of any time.
        let late = optional!(
            tx,
            (i64, Option<i64>),
            "SELECT a.seq, a.position FROM audit a LEFT JOIN audit_seals s ON s.position = \
               (SELECT MAX(p.position) FROM audit_seals p WHERE p.position < COALESCE(a.position, $1 + 1)) \
             WHERE a.at < s.sealed_at - $2 AND a.seq > (SELECT inherited FROM audit_chain WHERE id = 1) ORDER BY a.seq LIMIT 1",
            end,
            LATE
        )?;
        let outside = optional!(
            tx,
            (i64, i64),
            "SELECT seq, position FROM audit WHERE position < 1 \
               OR position > (SELECT position FROM audit_chain WHERE id = 1) ORDER BY position LIMIT 1"
        )?;
        if let Some((seq, position)) = outside {
            return broken(position.max(0), Some(seq), "it was slipped in beside the chain").map(Some);
        }
        match late {
            Some((seq, position)) => {
                broken(position.unwrap_or(end + 1), Some(seq), "it claims a time long before it was sealed")
                    .map(Some)
            }
            None => Ok(None),
        }
    }

    /// Erases the details of a document's lines; the lines and the chain stay. How many that were.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn erase_audit_details(&self, document: crate::names::DocumentId) -> Result<u64, CatalogError> {
        let mut tx = self.writing().await?;
        let erased = execute!(
            tx,
            "DELETE FROM audit_details WHERE id IN (SELECT detail_id FROM audit WHERE document_id = $1)",
            document.0
        )?;
        tx.commit().await?;
        Ok(erased)
    }
}

fn broken(position: i64, seq: Option<i64>, why: &'static str) -> Result<Verified, CatalogError> {
    Ok(Verified::Broken { position: number("audit", "position", position)?, seq, why })
}

async fn tail(tx: &mut Tx) -> Result<Tail, CatalogError> {
    let (sealed, link) = one!(tx, (i64, Vec<u8>), "SELECT position, link FROM audit_chain WHERE id = 1")?;
    let (unsealed, oldest) =
        one!(tx, (i64, Option<i64>), "SELECT COUNT(*), MIN(at) FROM audit WHERE position IS NULL")?;
    Ok(Tail {
        sealed: number("audit_chain", "position", sealed)?,
        head: Sha256(<[u8; 32]>::try_from(link.as_slice()).unwrap_or_default()),
        unsealed: number("audit", "position", unsealed)?,
        oldest_unsealed: maybe_at("audit", "at", oldest)?,
    })
}
