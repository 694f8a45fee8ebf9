//! Reviews: the documents in front of a person, who may hold one under a lease, and decides.

mod ahead;
mod amend;
mod answered;
mod approval;
mod batch;
mod claims;
pub mod drafts;
pub(crate) mod due;
pub mod four_eyes;
mod hold;
mod list;
mod names;
pub mod pace;
mod reopen;
mod resolve;
mod shown;
mod table;
mod take;
mod unanswered;
pub mod views;
mod wait;
pub(crate) mod waiting;

use acuse_pipeline::reason::Reason;
pub use batch::BatchUndone;
pub(crate) use hold::push_hold;
pub use hold::{Held, Undone};
pub use list::{Party, ReviewFilter};
pub use reopen::Reopened;
pub(crate) use reopen::reopen;
pub use resolve::{Deciding, Decision, Overridden, Resolved};
use serde::Serialize;
pub use table::{Order, Table};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;
pub use waiting::Waiting;

use crate::{
    catalog::Catalog,
    error::CatalogError,
    names::{self as rows, DocumentId, ReviewId, Stage, at, maybe_at, micros, word, words},
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
        /// The sender was asked for a better one; it goes on waiting, for them.
        AskedAgain = "asked_again",
        /// Went round again because a customer was added.
        Rematched = "rematched",
        /// Went round again as several documents.
        Split = "split",
        /// Decided, and taken back at once; another review waits in its place.
        Undone = "undone",
        /// Went round again after trouble of ours.
        Retried = "retried",
        /// Filed as another document that came again.
        Duplicate = "duplicate",
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
    /// Goes up with every new holder.
    #[serde(skip)]
    pub fence: i64,
    /// When it should be decided.
    #[serde(skip)]
    pub due_at: OffsetDateTime,
    /// Held for somebody who has not come to it yet.
    #[serde(skip)]
    pub is_reserved: bool,
    /// Until when nobody is given it as the next.
    #[serde(skip)]
    pub postponed_until: Option<OffsetDateTime>,
    /// Whom it was handed to: nobody else is given it as the next.
    #[serde(skip)]
    pub handed_to: Option<String>,
}

/// What became of a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// Yours until then.
    Held {
        /// End of the lease.
        until: OffsetDateTime,
        /// Which holder you are: a save must name it, so that one of an earlier holder is refused.
        fence: i64,
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

const COLUMNS: &str = "r.id, r.document_id, r.stage, r.reasons, r.opened_at, r.claimed_by, r.claim_expires_at, \
     r.resolved_at, r.resolved_by, r.resolution, r.note, r.fence, r.due_at, r.reserved, r.postponed_until, r.handed_to";

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
    fence: i64,
    due_at: i64,
    reserved: bool,
    postponed_until: Option<i64>,
    handed_to: Option<String>,
}

const T: &str = "reviews";

impl Review {
    fn of(row: Row, present: OffsetDateTime) -> Result<Self, CatalogError> {
        let expires = maybe_at(T, "claim_expires_at", row.claim_expires_at)?;
        let held = row.resolved_at.is_none() && expires.is_some_and(|until| until > present);
        Ok(Self {
            id: ReviewId(row.id),
            document_id: DocumentId(row.document_id),
            stage: word(T, "stage", &row.stage)?,
            reasons: rows::json(T, "reasons", &row.reasons)?,
            opened_at: at(T, "opened_at", row.opened_at)?,
            claimed_by: row.claimed_by.filter(|_| held),
            claim_expires_at: expires.filter(|_| held),
            resolved_at: maybe_at(T, "resolved_at", row.resolved_at)?,
            resolved_by: row.resolved_by,
            resolution: row.resolution.map(|r| word(T, "resolution", &r)).transpose()?,
            note: row.note,
            fence: row.fence,
            due_at: at(T, "due_at", row.due_at)?,
            is_reserved: row.reserved && held,
            postponed_until: maybe_at(T, "postponed_until", row.postponed_until)?,
            handed_to: row.handed_to,
        })
    }
}

async fn lookup(tx: &mut Tx, id: ReviewId) -> Result<Option<Review>, CatalogError> {
    let text = format!("SELECT {COLUMNS} FROM reviews r WHERE r.id = $1");
    let present = tx.now();
    let row = optional!(tx, Row, sqlx::AssertSqlSafe(text.clone()), id.0)?;
    row.map(|row| Review::of(row, present)).transpose()
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
        let present = tx.now();
        let row = optional!(tx, Row, sqlx::AssertSqlSafe(text.clone()), document.0)?;
        row.map(|row| Review::of(row, present)).transpose()
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
        let present = tx.now();
        let until = present + Duration::try_from(lease).unwrap_or(Duration::MINUTE);
        let held = claims::held_by(&mut tx, who).await?;
        let taken = optional!(
            tx,
            (i64, Uuid),
            "UPDATE reviews SET claimed_by = $2, claim_expires_at = $3, reserved = FALSE, \
             fence = fence + CASE WHEN claimed_by = $2 AND claim_expires_at > $4 THEN 0 ELSE 1 END \
             WHERE id = $1 AND resolved_at IS NULL \
             AND (claimed_by IS NULL OR claimed_by = $2 OR claim_expires_at <= $4) RETURNING fence, document_id",
            id.0,
            who,
            micros(until),
            micros(present)
        )?;
        if let Some((fence, document)) = taken {
            claims::taken(&mut tx, who, DocumentId(document), &held).await?;
            tx.commit().await?;
            return Ok(Claim::Held { until, fence });
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

    /// Keeps the lease of a holder who is still there; `None` when it is theirs no longer. Nobody else's is touched.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn renew_review(
        &self,
        id: ReviewId,
        who: &str,
        fence: i64,
        lease: std::time::Duration,
    ) -> Result<Option<OffsetDateTime>, CatalogError> {
        let mut tx = self.writing().await?;
        let until = tx.now() + Duration::try_from(lease).unwrap_or(Duration::MINUTE);
        let kept = execute!(
            tx,
            "UPDATE reviews SET claim_expires_at = $4 \
             WHERE id = $1 AND claimed_by = $2 AND fence = $3 AND resolved_at IS NULL",
            id.0,
            who,
            fence,
            micros(until)
        )?;
        tx.commit().await?;
        Ok((kept == 1).then_some(until))
    }

    /// Gives a review back; whether it was held by `who`.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn release_review(&self, id: ReviewId, who: &str) -> Result<bool, CatalogError> {
        let mut tx = self.writing().await?;
        let given = optional!(
            tx,
            (Uuid,),
            "UPDATE reviews SET claimed_by = NULL, claim_expires_at = NULL, reserved = FALSE \
             WHERE id = $1 AND claimed_by = $2 AND resolved_at IS NULL RETURNING document_id",
            id.0,
            who
        )?;
        let Some((document,)) = given else { return Ok(false) };
        claims::given_back(&mut tx, who, DocumentId(document)).await?;
        tx.commit().await?;
        Ok(true)
    }
}
