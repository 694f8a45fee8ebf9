//! Reviews: the documents in front of a person, who may hold one under a lease, and decides.

mod resolve;

use acuse_pipeline::{
    document::Kind,
    reason::{Reason, ReasonCode},
};
pub use resolve::{Decision, Resolved};
use serde::Serialize;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use crate::{
    catalog::Catalog,
    documents::{self, Document, Page},
    error::CatalogError,
    names::{self, DocumentId, ReviewId, Stage, at, maybe_at, micros, now, word, words},
    sql::Tx,
};

words! {
    /// How a review ended.
    Resolution, "resolution" {
        /// Filed as read.
        Approved = "approved",
        /// Filed with the reviewer's fields.
        Corrected = "corrected",
        /// Refused.
        Rejected = "rejected",
        /// Refused, and the sender was asked for a better one.
        AskedAgain = "asked_again",
        /// Went round again because a customer was added.
        Rematched = "rematched",
        /// Went round again as several documents.
        Split = "split",
    }
}

/// One time that a document waited for a person.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Review {
    /// Its id.
    pub id: ReviewId,
    /// Which document.
    pub document_id: DocumentId,
    /// The stage it left its road at.
    pub stage: Stage,
    /// Why, the gravest first.
    pub reasons: Vec<Reason>,
    /// Since when.
    pub opened_at: OffsetDateTime,
    /// Who holds it now; none when the lease has ended.
    pub claimed_by: Option<String>,
    /// Until when.
    pub claim_expires_at: Option<OffsetDateTime>,
    /// When it was decided.
    pub resolved_at: Option<OffsetDateTime>,
    /// By whom.
    pub resolved_by: Option<String>,
    /// How.
    pub resolution: Option<Resolution>,
    /// What the reviewer wrote.
    pub note: Option<String>,
}

/// What became of a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// Yours until then.
    Held {
        /// End of the lease.
        until: OffsetDateTime,
    },
    /// Someone else holds it.
    HeldBy {
        /// Who.
        by: String,
        /// Until when, unless renewed.
        until: OffsetDateTime,
    },
    /// It is decided already.
    Resolved,
    /// There is no such review.
    Missing,
}

/// Which open reviews a list shows.
#[derive(Debug, Clone, Default)]
pub struct ReviewFilter {
    /// Only with this reason.
    pub reason: Option<ReasonCode>,
    /// Only documents of this kind.
    pub kind: Option<Kind>,
    /// Only held by this person.
    pub claimed_by: Option<String>,
    /// Only held by nobody.
    pub unclaimed: bool,
}

const COLUMNS: &str = "r.id, r.document_id, r.stage, r.reasons, r.opened_at, r.claimed_by, r.claim_expires_at, \
     r.resolved_at, r.resolved_by, r.resolution, r.note";

#[derive(sqlx::FromRow)]
struct Row {
    id: Uuid,
    document_id: Uuid,
    stage: String,
    reasons: String,
    opened_at: i64,
    claimed_by: Option<String>,
    claim_expires_at: Option<i64>,
    resolved_at: Option<i64>,
    resolved_by: Option<String>,
    resolution: Option<String>,
    note: Option<String>,
}

const T: &str = "reviews";

impl TryFrom<Row> for Review {
    type Error = CatalogError;

    fn try_from(row: Row) -> Result<Self, CatalogError> {
        let expires = maybe_at(T, "claim_expires_at", row.claim_expires_at)?;
        let held = row.resolved_at.is_none() && expires.is_some_and(|until| until > now());
        Ok(Self {
            id: ReviewId(row.id),
            document_id: DocumentId(row.document_id),
            stage: word(T, "stage", &row.stage)?,
            reasons: names::json(T, "reasons", &row.reasons)?,
            opened_at: at(T, "opened_at", row.opened_at)?,
            claimed_by: row.claimed_by.filter(|_| held),
            claim_expires_at: expires.filter(|_| held),
            resolved_at: maybe_at(T, "resolved_at", row.resolved_at)?,
            resolved_by: row.resolved_by,
            resolution: row.resolution.map(|r| word(T, "resolution", &r)).transpose()?,
            note: row.note,
        })
    }
}

async fn lookup(tx: &mut Tx, id: ReviewId) -> Result<Option<Review>, CatalogError> {
    let text = format!("SELECT {COLUMNS} FROM reviews r WHERE r.id = $1");
    optional!(tx, Row, sqlx::AssertSqlSafe(text.clone()), id.0)?.map(Review::try_from).transpose()
}

impl Catalog {
    /// A review.
    ///
    /// # Errors
    /// When the database fails or the row is impossible.
    pub async fn review(&self, id: ReviewId) -> Result<Option<Review>, CatalogError> {
        let mut tx = self.reading().await?;
        lookup(&mut tx, id).await
    }

    /// The open review of a document.
    ///
    /// # Errors
    /// When the database fails or the row is impossible.
    pub async fn open_review_of(&self, document: DocumentId) -> Result<Option<Review>, CatalogError> {
        let mut tx = self.reading().await?;
        let text =
            format!("SELECT {COLUMNS} FROM reviews r WHERE r.document_id = $1 AND r.resolved_at IS NULL");
        optional!(tx, Row, sqlx::AssertSqlSafe(text.clone()), document.0)?.map(Review::try_from).transpose()
    }

    /// Open reviews with their documents, the longest waiting first, after the cursor (the last review's id).
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn reviews(
        &self,
        filter: &ReviewFilter,
        after: Option<ReviewId>,
        limit: u32,
    ) -> Result<Page<(Review, Document), ReviewId>, CatalogError> {
        let mut tx = self.reading().await?;
        let text = format!(
            "SELECT {COLUMNS} FROM reviews r JOIN documents d ON d.id = r.document_id WHERE r.resolved_at IS NULL \
             AND ($1 IS NULL OR r.reasons LIKE $1) AND ($2 IS NULL OR d.kind = $2) \
             AND ($3 IS NULL OR (r.claimed_by = $3 AND r.claim_expires_at > $5)) \
             AND (NOT $4 OR r.claimed_by IS NULL OR r.claim_expires_at <= $5) \
             AND ($6 IS NULL OR r.id > $6) ORDER BY r.id LIMIT $7"
        );
        let limit = i64::from(limit.clamp(1, 500));
        let rows = all!(
            tx,
            Row,
            sqlx::AssertSqlSafe(text.clone()),
            filter.reason.map(|code| format!("%\"code\":\"{code}\"%")),
            filter.kind.map(Kind::as_str),
            filter.claimed_by.as_deref(),
            filter.unclaimed,
            micros(now()),
            after.map(|a| a.0),
            limit + 1
        )?;
        let more = rows.len() as i64 > limit;
        let mut data = Vec::new();
        for row in rows.into_iter().take(limit as usize) {
            let review = Review::try_from(row)?;
            let document = documents::lookup(&mut tx, review.document_id)
                .await?
                .ok_or(CatalogError::Missing { what: "document" })?;
            data.push((review, document));
        }
        let next = if more { data.last().map(|(r, _)| r.id) } else { None };
        Ok(Page { data, next })
    }

    /// Takes or renews the lease on a review. Of two who ask at once, one gets it.
    ///
    /// # Errors
    /// When the database fails or the row is impossible.
    pub async fn claim_review(
        &self,
        id: ReviewId,
        who: &str,
        lease: std::time::Duration,
    ) -> Result<Claim, CatalogError> {
        let mut tx = self.writing().await?;
        let present = now();
        let until = present + Duration::try_from(lease).unwrap_or(Duration::MINUTE);
        let taken = execute!(
            tx,
            "UPDATE reviews SET claimed_by = $2, claim_expires_at = $3 WHERE id = $1 AND resolved_at IS NULL \
             AND (claimed_by IS NULL OR claimed_by = $2 OR claim_expires_at <= $4)",
            id.0,
            who,
            micros(until),
            micros(present)
        )?;
        if taken == 1 {
            tx.commit().await?;
            return Ok(Claim::Held { until });
        }
        Ok(match lookup(&mut tx, id).await? {
            None => Claim::Missing,
            Some(review) if review.resolved_at.is_some() => Claim::Resolved,
            Some(review) => Claim::HeldBy {
                by: review.claimed_by.unwrap_or_default(),
                until: review.claim_expires_at.unwrap_or(present),
            },
        })
    }

    /// Gives a review back; whether it was held by `who`.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn release_review(&self, id: ReviewId, who: &str) -> Result<bool, CatalogError> {
        let mut tx = self.writing().await?;
        let touched = execute!(
            tx,
            "UPDATE reviews SET claimed_by = NULL, claim_expires_at = NULL \
             WHERE id = $1 AND claimed_by = $2 AND resolved_at IS NULL",
            id.0,
            who
        )?;
        tx.commit().await?;
        Ok(touched == 1)
    }
}
