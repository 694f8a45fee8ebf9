//! Blind samples of what was filed by itself. A set share of the bills that nobody looked at is drawn when they are filed,
//! and stays filed; a person says what the paper says without seeing what was read. From these the error of filing by
//! itself is measured, with its interval. A sample is leased like a review; what cannot be read is counted apart. What somebody
//! put right before its sample was answered was filed wrong, and is answered by that.

mod answer;

use std::collections::BTreeMap;

use acuse_pipeline::document::Kind;
use serde_json::json;
use time::OffsetDateTime;
use uuid::Uuid;

pub use answer::{Answered, Differing};

use crate::{
    access::Access,
    audit,
    catalog::Catalog,
    error::CatalogError,
    names::{DocumentId, at, micros, number, to_json, word},
    sql::Tx,
};

/// Drawn where nobody has set another share: one in fifty.
const SHARE_PPM: u32 = 20_000;
/// A whole, in the parts that shares are set in.
const WHOLE_PPM: u32 = 1_000_000;

/// A sample that waits for its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drawn {
    /// Which.
    pub id: Uuid,
    /// Of which document.
    pub document_id: DocumentId,
    /// As it was filed.
    pub document_version: i64,
    /// Since when.
    pub drawn_at: OffsetDateTime,
    /// Who has it in front of them.
    pub held_by: Option<String>,
}

/// What was measured of one kind.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Measured {
    /// Of which.
    pub kind: Kind,
    /// Samples that were answered.
    pub checked: u64,
    /// Of them, those that were filed wrong.
    pub wrong: u64,
    /// Samples that nobody could read: they measure nothing.
    pub unreadable: u64,
    /// Samples that wait.
    pub waiting: u64,
}

impl Measured {
    /// The share that is filed wrong lies between these, 19 times of 20 (Wilson's interval).
    #[must_use]
    pub fn interval(&self) -> Option<(f64, f64)> {
        wilson(self.wrong, self.checked)
    }
}

/// Between which a share lies, 19 times of 20, of which so many of so many were found (Wilson's interval); none where
/// nothing was looked at.
#[must_use]
pub fn wilson(found: u64, of: u64) -> Option<(f64, f64)> {
    if of == 0 {
        return None;
    }
    let (n, z) = (of as f64, 1.96_f64);
    let p = found as f64 / n;
    let (middle, whole) = (p + z * z / (2.0 * n), 1.0 + z * z / n);
    let half = z * (p * (1.0 - p) / n + z * z / (4.0 * n * n)).sqrt();
    Some((((middle - half) / whole).max(0.0), ((middle + half) / whole).min(1.0)))
}

/// Whether a document is in a share: by the end of its id, which is chance, so that nothing else decides.
fn is_in(id: DocumentId, share_ppm: u32) -> bool {
    (id.0.as_u128() & u128::from(u32::MAX)) * u128::from(WHOLE_PPM) < u128::from(share_ppm) << 32
}

async fn share(tx: &mut Tx, kind: Kind) -> Result<u32, CatalogError> {
    let set = optional!(tx, (i64,), "SELECT share_ppm FROM quality_shares WHERE kind = $1", kind.as_str())?;
    Ok(set.map_or(SHARE_PPM, |(ppm,)| u32::try_from(ppm).unwrap_or(SHARE_PPM)))
}

/// Draws a bill that is filed by itself, or not, in the transaction that files it.
pub(crate) async fn draw(tx: &mut Tx, id: DocumentId) -> Result<(), CatalogError> {
    let (kind, version) =
        one!(tx, (Option<String>, i64), "SELECT kind, version FROM documents WHERE id = $1", id.0)?;
    let kind: Option<Kind> = kind.map(|k| word("documents", "kind", &k)).transpose()?;
    let Some(kind) = kind.filter(|k| matches!(k, Kind::Invoice | Kind::Receipt)) else { return Ok(()) };
    if !is_in(id, share(tx, kind).await?) {
        return Ok(());
    }
    let present = micros(tx.now());
    execute!(
        tx,
        "INSERT INTO quality_checks (id, document_id, document_version, drawn_at, kind) \
         VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
        Uuid::now_v7(),
        id.0,
        version,
        present,
        kind.as_str()
    )
    .map(drop)
}

/// What of the samples is still to be answered: of documents that are filed as they were drawn.
const WAITS: &str = "q.checked_at IS NULL AND d.status = 'filed' AND d.duplicate_of IS NULL \
     AND d.version = q.document_version";

/// The sample that has waited longest of those that a person (`$1`) could take at present (`$2`), as SQL; first the one that
/// they have.
fn free(tx: &Tx, access: &Access) -> String {
    format!(
        "SELECT q.id FROM quality_checks q JOIN documents d ON d.id = q.document_id WHERE {WAITS} \
         AND (q.claimed_by IS NULL OR q.claimed_by = $1 OR q.claim_expires_at <= $2) AND {} AND {} \
         ORDER BY CASE WHEN q.claimed_by = $1 THEN 0 ELSE 1 END, q.drawn_at, q.id LIMIT 1",
        access.told("d"),
        access.reach(tx, "d")
    )
}

/// What a person found of a document whose sample nobody has answered: what was wrong was filed wrong. What they let stand
/// goes on waiting for somebody who has not seen what was read. Only of what was filed by itself as it was drawn: once it
/// was read anew, it is another reading that was found.
pub(crate) async fn found(tx: &mut Tx, id: DocumentId, wrong: bool) -> Result<(), CatalogError> {
    let last = "(SELECT q.id FROM quality_checks q WHERE q.document_id = $1 AND q.checked_at IS NULL \
         AND NOT EXISTS (SELECT 1 FROM judgements j WHERE j.document_id = $1 AND j.outcome <> 'filed') \
         ORDER BY q.drawn_at DESC, q.id DESC LIMIT 1)";
    if !wrong {
        let text = format!(
            "UPDATE quality_checks SET document_version = (SELECT d.version FROM documents d WHERE d.id = $1), \
             claimed_by = NULL, claim_expires_at = NULL WHERE id = {last}"
        );
        return execute!(tx, sqlx::AssertSqlSafe(text.clone()), id.0).map(drop);
    }
    let text = format!(
        "UPDATE quality_checks SET agrees = FALSE, checked_at = $2, answer = $3, \
         checked_by = (SELECT r.resolved_by FROM reviews r WHERE r.document_id = $1 AND r.resolved_at IS NOT NULL \
         ORDER BY r.resolved_at DESC LIMIT 1) WHERE id = {last}"
    );
    let answer = to_json("an answer", &BTreeMap::from([("by", "correction")]))?;
    let present = micros(tx.now());
    execute!(tx, sqlx::AssertSqlSafe(text.clone()), id.0, present, answer).map(drop)
}

impl Catalog {
    /// Whether a sample waits that a person could take, or has.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn has_quality_check(&self, access: &Access, who: &str) -> Result<bool, CatalogError> {
        let mut tx = self.reading().await?;
        let present = micros(tx.now());
        let text = format!("SELECT COUNT(*) FROM ({}) w", free(&tx, access));
        let (count,) = one!(tx, (i64,), sqlx::AssertSqlSafe(text.clone()), who, present)?;
        Ok(count > 0)
    }

    /// Gives a person the sample that has waited longest, or the one that they have already, for as long as the lease. Of
    /// several who ask at once each gets another one.
    ///
    /// # Errors
    /// When the database fails or the row is impossible.
    pub async fn claim_quality_check(
        &self,
        access: &Access,
        who: &str,
        lease: std::time::Duration,
    ) -> Result<Option<Drawn>, CatalogError> {
        let mut tx = self.writing().await?;
        let present = tx.now();
        let until = present + time::Duration::try_from(lease).unwrap_or(time::Duration::MINUTE);
        let had = optional!(
            tx,
            (Uuid,),
            "SELECT id FROM quality_checks WHERE checked_at IS NULL AND claimed_by = $1 AND claim_expires_at > $2 \
             ORDER BY drawn_at, id LIMIT 1",
            who,
            micros(present)
        )?;
        let text = format!(
            "UPDATE quality_checks SET claimed_by = $1, claim_expires_at = $3 WHERE id = ({} {}) \
             RETURNING id, document_id, document_version, drawn_at, claimed_by",
            free(&tx, access),
            tx.pick("", "FOR UPDATE OF q SKIP LOCKED")
        );
        let row = optional!(tx, Row, sqlx::AssertSqlSafe(text.clone()), who, micros(present), micros(until))?;
        let Some(drawn) = row.map(drawn).transpose()? else { return Ok(None) };
        if had != Some((drawn.id,)) {
            let detail = json!({ "check": drawn.id });
            audit::write(&mut tx, who, "claimed", Some(drawn.document_id), &detail).await?;
        }
        tx.commit().await?;
        Ok(Some(drawn))
    }

    /// A sample that waits.
    ///
    /// # Errors
    /// When the database fails or the row is impossible.
    pub async fn quality_check(&self, id: Uuid) -> Result<Option<Drawn>, CatalogError> {
        let mut tx = self.reading().await?;
        let present = micros(tx.now());
        let text = format!(
            "SELECT q.id, q.document_id, q.document_version, q.drawn_at, \
             CASE WHEN q.claim_expires_at > $2 THEN q.claimed_by END FROM quality_checks q \
             JOIN documents d ON d.id = q.document_id WHERE q.id = $1 AND {WAITS}"
        );
        optional!(tx, Row, sqlx::AssertSqlSafe(text.clone()), id, present)?.map(drawn).transpose()
    }

    /// What was measured, by kind.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn quality(&self) -> Result<Vec<Measured>, CatalogError> {
        let mut tx = self.reading().await?;
        let text = format!(
            "SELECT q.kind, COUNT(q.agrees), COUNT(CASE WHEN NOT q.agrees THEN 1 END), \
             COUNT(CASE WHEN q.checked_at IS NOT NULL AND q.agrees IS NULL THEN 1 END), \
             COUNT(CASE WHEN {WAITS} THEN 1 END) \
             FROM quality_checks q JOIN documents d ON d.id = q.document_id WHERE q.kind IS NOT NULL \
             GROUP BY q.kind ORDER BY q.kind"
        );
        let rows = all!(tx, (String, i64, i64, i64, i64), sqlx::AssertSqlSafe(text.clone()))?;
        let count = |n| number("quality_checks", "checked_at", n);
        rows.into_iter()
            .map(|(kind, checked, wrong, unreadable, waiting)| {
                Ok(Measured {
                    kind: word("quality_checks", "kind", &kind)?,
                    checked: count(checked)?,
                    wrong: count(wrong)?,
                    unreadable: count(unreadable)?,
                    waiting: count(waiting)?,
                })
            })
            .collect()
    }

    /// The share of a kind that is drawn, in millionths.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn quality_share(&self, kind: Kind) -> Result<u32, CatalogError> {
        let mut tx = self.reading().await?;
        share(&mut tx, kind).await
    }

    /// Sets the share of a kind that is drawn from now on, in millionths.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn set_quality_share(&self, kind: Kind, share_ppm: u32, who: &str) -> Result<(), CatalogError> {
        let mut tx = self.writing().await?;
        let (before, present) = (share(&mut tx, kind).await?, micros(tx.now()));
        let after = share_ppm.min(WHOLE_PPM);
        execute!(
            tx,
            "INSERT INTO quality_shares (kind, share_ppm, set_by, set_at) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (kind) DO UPDATE SET share_ppm = excluded.share_ppm, set_by = excluded.set_by, \
             set_at = excluded.set_at",
            kind.as_str(),
            i64::from(after),
            who,
            present
        )?;
        let detail = json!({ "kind": kind, "share_ppm": { "from": before, "to": after } });
        audit::write(&mut tx, who, "quality_share_set", None, &detail).await?;
        tx.commit().await
    }
}

type Row = (Uuid, Uuid, i64, i64, Option<String>);

fn drawn((id, document, version, when, held_by): Row) -> Result<Drawn, CatalogError> {
    Ok(Drawn {
        id,
        document_id: DocumentId(document),
        document_version: version,
        drawn_at: at("quality_checks", "drawn_at", when)?,
        held_by,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_drawn_by_chance() {
        let ids: Vec<DocumentId> = (0..20_000).map(|_| DocumentId::generate()).collect();
        let in_share = |ppm| ids.iter().filter(|id| is_in(**id, ppm)).count();
        assert_eq!((in_share(0), in_share(WHOLE_PPM)), (0, ids.len()));
        let tenth = in_share(100_000);
        assert!((1_700..2_300).contains(&tenth), "{tenth} of 20,000 are no tenth");
    }

    #[test]
    fn the_interval_is_wilsons() {
        let measured =
            |checked, wrong| Measured { kind: Kind::Invoice, checked, wrong, unreadable: 0, waiting: 0 };
        assert_eq!(measured(0, 0).interval(), None);
        let (low, high) = measured(100, 2).interval().unwrap();
        assert!((low - 0.0055).abs() < 0.0005 && (high - 0.0700).abs() < 0.0005, "{low} {high}");
        let (low, high) = measured(50, 0).interval().unwrap();
        assert!(low == 0.0 && (high - 0.0713).abs() < 0.0005, "nothing wrong of 50 is not nothing: {high}");
    }
}
