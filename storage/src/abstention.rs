//! Measured abstention: how sure the reader was of each bill as a whole, what became of it, and what a person found; from
//! which it is known what would be filed by itself, and wrong, above any probability ([`curve`]). The least probability at
//! which a kind is filed is a setting that workers obey at the next document.
//!
//! It can be raised above what the reader ships with, and lowered again as far as that. Below it the reader has not read the
//! digits a second time, so nothing is known to be right there that was not looked at.

pub mod curve;

use acuse_pipeline::{
    document::Kind,
    fields::{FieldName, Fields},
    reason::{Reason, ReasonCode},
    understand::{decide, scorer::Scorers, whole},
};
use serde_json::{Value, json};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    audit,
    catalog::Catalog,
    documents::{Amount, Document, plain_letters},
    error::CatalogError,
    names::{DocumentId, at, micros, number},
    quality,
    reviews::Decision,
    sql::Tx,
};
use curve::{Bin, Counted, Outcomes};

/// A whole, in the parts that probabilities are kept in.
pub const WHOLE_PPM: u32 = 1_000_000;
/// Documents of a kind that are looked at, the newest: what an earlier reader did says little of this one.
const NEWEST: i64 = 20_000;

/// A probability as it is kept.
#[must_use]
pub fn ppm(probability: f64) -> u32 {
    (probability.clamp(0.0, 1.0) * f64::from(WHOLE_PPM)).floor() as u32
}

/// The least probability at which the reader files a bill by itself, as it ships.
#[must_use]
pub fn shipped_ppm() -> u32 {
    ppm(f64::from(whole::threshold(Scorers::committed())))
}

/// A threshold that somebody set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Threshold {
    /// Which.
    pub id: Uuid,
    /// A bill that is less sure than this waits for a person, in millionths.
    pub least_ppm: u32,
    /// The error it was to meet, in millionths.
    pub target_ppm: u32,
    /// Who set it.
    pub set_by: String,
    /// When.
    pub set_at: OffsetDateTime,
}

type Row = (Uuid, i64, i64, String, i64);

fn threshold((id, least, target, set_by, set): Row) -> Result<Threshold, CatalogError> {
    const T: &str = "filing_thresholds";
    Ok(Threshold {
        id,
        least_ppm: number(T, "least_ppm", least)?,
        target_ppm: number(T, "target_ppm", target)?,
        set_by,
        set_at: at(T, "set_at", set)?,
    })
}

async fn in_force(tx: &mut Tx, kind: Kind) -> Result<Option<Threshold>, CatalogError> {
    let row = optional!(
        tx,
        Row,
        "SELECT id, least_ppm, target_ppm, set_by, set_at FROM filing_thresholds \
         WHERE kind = $1 AND undone_at IS NULL ORDER BY set_at DESC, id DESC LIMIT 1",
        kind.as_str()
    )?;
    row.map(threshold).transpose()
}

/// Keeps how sure the reader was of a bill, in the place of what it was before.
pub(crate) async fn judged(
    tx: &mut Tx,
    id: DocumentId,
    kind: Option<Kind>,
    sure: Option<f64>,
) -> Result<(), CatalogError> {
    execute!(tx, "DELETE FROM judgements WHERE document_id = $1", id.0)?;
    let Some((kind, sure)) = kind.filter(|k| is_bill(*k)).zip(sure) else { return Ok(()) };
    let present = micros(tx.now());
    execute!(
        tx,
        "INSERT INTO judgements (document_id, kind, probability_ppm, read_at) VALUES ($1, $2, $3, $4)",
        id.0,
        kind.as_str(),
        i64::from(ppm(sure)),
        present
    )
    .map(drop)
}

fn is_bill(kind: Kind) -> bool {
    matches!(kind, Kind::Invoice | Kind::Receipt)
}

/// It was filed by itself.
pub(crate) async fn filed(tx: &mut Tx, id: DocumentId) -> Result<(), CatalogError> {
    leave(tx, id, "filed").await
}

/// It waits for a person, for these reasons.
pub(crate) async fn held(tx: &mut Tx, id: DocumentId, reasons: &[Reason]) -> Result<(), CatalogError> {
    leave(tx, id, if is_only_doubt(reasons) { "doubted" } else { "held" }).await
}

async fn leave(tx: &mut Tx, id: DocumentId, outcome: &str) -> Result<(), CatalogError> {
    execute!(tx, "UPDATE judgements SET outcome = $2, wrong = NULL WHERE document_id = $1", id.0, outcome)
        .map(drop)
}

/// Whether nothing holds it but how sure the whole of it is.
fn is_only_doubt(reasons: &[Reason]) -> bool {
    let of_the_whole = |reason: &Reason| {
        let Some(doubts) = reason.detail.get("confidence").and_then(Value::as_object) else { return false };
        let enough = |(name, sure): (&String, &Value)| {
            // A bill's kind must be as sure as the fields that are no exception.
            let field = name.parse().unwrap_or(FieldName::Total);
            let least = decide::least(Kind::Invoice, field);
            name == "document" || sure.as_f64().is_some_and(|sure| sure as f32 >= least)
        };
        reason.code == ReasonCode::LowConfidence
            && doubts.contains_key("document")
            && !reason.detail.contains_key("script")
            && doubts.iter().all(enough)
    };
    !reasons.is_empty() && reasons.iter().all(of_the_whole)
}

/// Keeps what a person found of a document that was doubted, or of one that was filed by itself and drawn. Once found wrong it stays so: what was accepted later is what
/// somebody had put right.
pub(crate) async fn found(tx: &mut Tx, id: DocumentId, wrong: bool) -> Result<(), CatalogError> {
    execute!(
        tx,
        "UPDATE judgements SET wrong = COALESCE(wrong, FALSE) OR $2 WHERE document_id = $1 AND outcome = 'doubted'",
        id.0,
        wrong
    )?;
    quality::found(tx, id, wrong).await
}

/// Whether a decision says that what would have been filed is wrong; none where it says nothing of that.
pub(crate) fn is_wrong(document: &Document, decision: &Decision) -> Option<bool> {
    match decision {
        Decision::Approve { .. } => Some(false),
        Decision::Correct { kind, fields, .. } => {
            let other = kind.is_some_and(|kind| Some(kind) != document.kind);
            Some(other || document.kind.is_some_and(|kind| differs(kind, &document.fields, fields)))
        }
        // It would be in the books, and must not be.
        Decision::Reject { .. } | Decision::Split { .. } => Some(true),
        Decision::AskAgain { .. } | Decision::Duplicate { .. } | Decision::Retry { .. } => None,
    }
}

/// Whether something of what was read, would be filed and counts is not what a person says.
fn differs(kind: Kind, read: &Fields, said: &Fields) -> bool {
    let counts = FieldName::required(kind).iter().chain(&[FieldName::Tax, FieldName::Number]);
    counts.into_iter().any(|name| {
        let Some(field) = read.get(name).filter(|field| whole::is_filed(kind, *name, field)) else {
            return false;
        };
        let said = said.get(name).map(|f| f.value.as_str()).unwrap_or_default();
        !says_same(*name, said, field.value.as_str())
    })
}

/// Whether two values say the same: amounts by their worth, names and numbers by their letters and digits.
#[must_use]
pub fn says_same(name: FieldName, said: &str, filed: &str) -> bool {
    let letters =
        |text: &str| plain_letters(text).chars().filter(|c| c.is_alphanumeric()).collect::<String>();
    match (said.parse::<Amount>(), filed.parse::<Amount>()) {
        (Ok(said), Ok(filed)) if name.is_amount() => said == filed,
        _ => {
            let (said, filed) = (letters(said), letters(filed));
            // A name may be given with what kind of firm it is, or without; something is said on both sides.
            let party = matches!(name, FieldName::IssuerName | FieldName::MerchantName);
            let within = party && said.len() > 3 && (filed.starts_with(&said) || said.starts_with(&filed));
            said == filed || within && !filed.is_empty()
        }
    }
}

impl Catalog {
    /// The threshold that somebody set for a kind, if one stands.
    ///
    /// # Errors
    /// When the database fails or the row is impossible.
    pub async fn filing_threshold(&self, kind: Kind) -> Result<Option<Threshold>, CatalogError> {
        let mut tx = self.reading().await?;
        in_force(&mut tx, kind).await
    }

    /// Sets from which probability on a kind is filed by itself, from the next document on.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn set_filing_threshold(
        &self,
        kind: Kind,
        (least_ppm, target_ppm): (u32, u32),
        who: &str,
    ) -> Result<Uuid, CatalogError> {
        let mut tx = self.writing().await?;
        let (id, present) = (Uuid::now_v7(), micros(tx.now()));
        let before = in_force(&mut tx, kind).await?;
        let (least, target) = (least_ppm.min(WHOLE_PPM), target_ppm.min(WHOLE_PPM));
        execute!(
            tx,
            "INSERT INTO filing_thresholds (id, kind, least_ppm, target_ppm, set_by, set_at) \
             VALUES ($1, $2, $3, $4, $5, $6)",
            id,
            kind.as_str(),
            i64::from(least),
            i64::from(target),
            who,
            present
        )?;
        let detail = json!({
            "kind": kind,
            "threshold_ppm": { "from": before.map_or_else(shipped_ppm, |t| t.least_ppm), "to": least },
            "target_ppm": target,
        });
        audit::write(&mut tx, who, "filing_threshold_set", None, &detail).await?;
        tx.commit().await?;
        Ok(id)
    }

    /// Takes a threshold back: what stood before it stands again. Whether it was the one that stood.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn undo_filing_threshold(&self, kind: Kind, id: Uuid, who: &str) -> Result<bool, CatalogError> {
        let mut tx = self.writing().await?;
        let Some(undone) = in_force(&mut tx, kind).await?.filter(|t| t.id == id) else { return Ok(false) };
        let present = micros(tx.now());
        execute!(
            tx,
            "UPDATE filing_thresholds SET undone_by = $2, undone_at = $3 WHERE id = $1 AND undone_at IS NULL",
            id,
            who,
            present
        )?;
        let now = in_force(&mut tx, kind).await?.map_or_else(shipped_ppm, |t| t.least_ppm);
        let detail = json!({ "kind": kind, "threshold_ppm": { "from": undone.least_ppm, "to": now } });
        audit::write(&mut tx, who, "filing_threshold_undone", None, &detail).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// What became of the newest bills of a kind, by how sure the reader was.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn filing_outcomes(&self, kind: Kind) -> Result<Outcomes, CatalogError> {
        let mut tx = self.reading().await?;
        let rows = all!(
            tx,
            (i64, String, i64, i64, i64),
            "SELECT j.mille, j.outcome, COUNT(*), COUNT(j.wrong), COUNT(CASE WHEN j.wrong THEN 1 END) \
             FROM (SELECT n.probability_ppm / 1000 AS mille, n.outcome, CASE WHEN n.outcome = 'filed' \
                 THEN (SELECT NOT q.agrees FROM quality_checks q WHERE q.document_id = n.document_id \
                   AND q.checked_at IS NOT NULL ORDER BY q.checked_at DESC LIMIT 1) ELSE n.wrong END AS wrong \
               FROM judgements n WHERE n.kind = $1 AND n.outcome IS NOT NULL \
               ORDER BY n.read_at DESC, n.document_id LIMIT $2) j \
             GROUP BY j.mille, j.outcome ORDER BY j.mille",
            kind.as_str(),
            NEWEST
        )?;
        let mut bins: Vec<Bin> = Vec::new();
        for (mille, outcome, all, checked, wrong) in rows {
            let count = |n| number("judgements", "outcome", n);
            let counted = Counted { all: count(all)?, checked: count(checked)?, wrong: count(wrong)? };
            let mille = u16::try_from(count(mille)?).unwrap_or(u16::MAX);
            if bins.last().is_none_or(|bin| bin.mille != mille) {
                bins.push(Bin { mille, ..Bin::default() });
            }
            let Some(bin) = bins.last_mut() else { continue };
            match outcome.as_str() {
                "filed" => bin.filed = counted,
                "doubted" => bin.doubted = counted,
                _ => bin.held = counted.all,
            }
        }
        Ok(Outcomes::new(bins))
    }
}

#[cfg(test)]
mod tests {
    use acuse_pipeline::fields::{Field, Source};

    use super::*;

    #[test]
    fn the_same_is_the_same_however_it_is_written() {
        use FieldName::{Currency, IssueDate, IssuerName, MerchantName, Number, Total};
        assert!(says_same(Total, "45.5", "45.50") && !says_same(Total, "45.51", "45.50"));
        assert!(says_same(MerchantName, "cafe sao jose", "Café São José, S.L."));
        assert!(!says_same(IssuerName, "", "Café São José") && !says_same(IssuerName, "Ca", "Café"));
        assert!(says_same(Number, "f 001-23", "F-00123") && !says_same(Number, "F-0012", "F-00123"));
        assert!(says_same(IssueDate, "2026-03-01", "2026-03-01") && says_same(Currency, "", ""));
    }

    #[test]
    fn a_field_that_would_not_be_filed_is_not_wrong() {
        let field = |value: &str, confidence| Field::unplaced(value, confidence, Source::Ocr);
        let of = |tax: f32, total: &str| {
            Fields::from([
                (FieldName::Total, field(total, 0.9)),
                (FieldName::Tax, field("1.00", tax)),
                (FieldName::PaymentMethod, field("cash", 0.99)),
            ])
        };
        let said = Fields::from([(FieldName::Total, field("4", 1.0))]);
        let wrong = |read: &Fields| differs(Kind::Receipt, read, &said);
        assert!(!wrong(&of(0.1, "4.00")), "the tax would be left out, how it was paid counts for nothing");
        assert!(wrong(&of(0.999, "4.00")) && wrong(&of(0.1, "4.01")));
    }

    #[test]
    fn what_alone_holds_it_is_told_apart() {
        let doubt = |detail: Value| {
            Reason::new(ReasonCode::LowConfidence, "Not sure enough.").with("confidence", detail)
        };
        let whole = doubt(json!({ "document": 0.7, "total": 0.8 }));
        assert!(is_only_doubt(std::slice::from_ref(&whole)) && !is_only_doubt(&[]));
        let unknown = Reason::new(ReasonCode::UnknownCustomer, "nobody");
        assert!(!is_only_doubt(&[whole.clone(), unknown]));
        for other in [
            doubt(json!({ "total": 0.7 })),
            doubt(json!({ "document": 0.5, "total": 0.55 })),
            doubt(json!({ "document": 0.7, "type": 0.7 })),
            whole.with("script", "Greek"),
        ] {
            assert!(!is_only_doubt(std::slice::from_ref(&other)), "{other:?}");
        }
    }

    #[test]
    fn probabilities_are_kept_in_millionths() {
        assert_eq!((ppm(-1.0), ppm(f64::NAN), ppm(0.5), ppm(7.0)), (0, 0, 500_000, WHOLE_PPM));
        assert!((700_000..900_000).contains(&shipped_ppm()), "{}", shipped_ppm());
    }
}
