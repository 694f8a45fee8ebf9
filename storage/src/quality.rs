//! Blind samples of what was filed by itself. A set share of the bills that nobody looked at is drawn when they are filed,
//! and stays filed; a person says what the paper says without seeing what was read. From these the error of filing by
//! itself is measured, with its interval.

use std::collections::BTreeMap;

use acuse_pipeline::document::Kind;
use serde_json::json;
use time::OffsetDateTime;
use uuid::Uuid;

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

impl Catalog {
    /// A sample that waits for whoever asks: the one that has waited longest.
    ///
    /// # Errors
    /// When the database fails or the row is impossible.
    pub async fn next_quality_check(&self, access: &Access) -> Result<Option<Drawn>, CatalogError> {
        let mut tx = self.reading().await?;
        let text = format!(
            "SELECT q.id, q.document_id, q.document_version, q.drawn_at FROM quality_checks q \
             JOIN documents d ON d.id = q.document_id WHERE {WAITS} AND {} AND {} ORDER BY q.drawn_at, q.id LIMIT 1",
            access.told("d"),
            access.reach(&tx, "d")
        );
        let row = optional!(tx, (Uuid, Uuid, i64, i64), sqlx::AssertSqlSafe(text.clone()))?;
        row.map(drawn).transpose()
    }

    /// A sample that waits.
    ///
    /// # Errors
    /// When the database fails or the row is impossible.
    pub async fn quality_check(&self, id: Uuid) -> Result<Option<Drawn>, CatalogError> {
        let mut tx = self.reading().await?;
        let text = format!(
            "SELECT q.id, q.document_id, q.document_version, q.drawn_at FROM quality_checks q \
             JOIN documents d ON d.id = q.document_id WHERE q.id = $1 AND {WAITS}"
        );
        optional!(tx, (Uuid, Uuid, i64, i64), sqlx::AssertSqlSafe(text.clone()), id)?.map(drawn).transpose()
    }

    /// Keeps what a person said of a sample; whether nobody had.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn answer_quality_check(
        &self,
        id: Uuid,
        who: &str,
        agrees: bool,
        answer: &BTreeMap<&str, String>,
    ) -> Result<bool, CatalogError> {
        let mut tx = self.writing().await?;
        let present = micros(tx.now());
        let document = optional!(
            tx,
            (Uuid,),
            "UPDATE quality_checks SET checked_by = $2, checked_at = $3, agrees = $4, answer = $5 \
             WHERE id = $1 AND checked_at IS NULL RETURNING document_id",
            id,
            who,
            present,
            agrees,
            to_json("an answer", answer)?
        )?;
        let Some((document,)) = document else { return Ok(false) };
        let detail = json!({ "check": id, "agrees": agrees });
        audit::write(&mut tx, who, "checked_blind", Some(DocumentId(document)), &detail).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// What was measured, by kind.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn quality(&self) -> Result<Vec<Measured>, CatalogError> {
        let mut tx = self.reading().await?;
        let text = format!(
            "SELECT q.kind, COUNT(q.checked_at), COUNT(CASE WHEN q.checked_at IS NOT NULL AND NOT q.agrees THEN 1 END), \
             COUNT(CASE WHEN {WAITS} THEN 1 END) \
             FROM quality_checks q JOIN documents d ON d.id = q.document_id WHERE q.kind IS NOT NULL \
             GROUP BY q.kind ORDER BY q.kind"
        );
        let rows = all!(tx, (String, i64, i64, i64), sqlx::AssertSqlSafe(text.clone()))?;
        let count = |n| number("quality_checks", "checked_at", n);
        rows.into_iter()
            .map(|(kind, checked, wrong, waiting)| {
                Ok(Measured {
                    kind: word("quality_checks", "kind", &kind)?,
                    checked: count(checked)?,
                    wrong: count(wrong)?,
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

fn drawn((id, document, version, when): (Uuid, Uuid, i64, i64)) -> Result<Drawn, CatalogError> {
    Ok(Drawn {
        id,
        document_id: DocumentId(document),
        document_version: version,
        drawn_at: at("quality_checks", "drawn_at", when)?,
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
        let measured = |checked, wrong| Measured { kind: Kind::Invoice, checked, wrong, waiting: 0 };
        assert_eq!(measured(0, 0).interval(), None);
        let (low, high) = measured(100, 2).interval().unwrap();
        assert!((low - 0.0055).abs() < 0.0005 && (high - 0.0700).abs() < 0.0005, "{low} {high}");
        let (low, high) = measured(50, 0).interval().unwrap();
        assert!(low == 0.0 && (high - 0.0713).abs() < 0.0005, "nothing wrong of 50 is not nothing: {high}");
    }
}
