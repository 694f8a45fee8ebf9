//! Reviews: the documents in front of a person, who may hold one under a lease, and decides.

use acuse_pipeline::{
    document::{Kind, Status},
    fields::Fields,
    reason::{Reason, ReasonCode},
};
use serde::Serialize;
use serde_json::json;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use crate::{
    audit,
    catalog::Catalog,
    documents::{self, Document, Extracted, Page, search_text},
    error::CatalogError,
    events,
    names::{
        self, CustomerId, DocumentId, ReviewId, Stage, at, clean_maybe, maybe_at, micros, now, to_json, word,
        words,
    },
    outbox::{self, NewReply},
    sql::Tx,
    stages::mark_filed,
    timeline,
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

/// What a person decides.
#[derive(Debug, Clone, PartialEq)]
pub enum Decision {
    /// File it as it was read, for this customer if one is named.
    Approve {
        /// Whose it is, when the reviewer says so.
        customer_id: Option<CustomerId>,
    },
    /// File it with these fields (and kind), which replace what was read.
    Correct {
        /// What it is, when the reader was wrong.
        kind: Option<Kind>,
        /// All its fields.
        fields: Fields,
        /// Whose it is, when the reviewer says so.
        customer_id: Option<CustomerId>,
    },
    /// Refuse it.
    Reject {
        /// Why, for the timeline.
        note: String,
    },
    /// Refuse it and ask the sender for a better one.
    AskAgain {
        /// Why, for the timeline.
        note: String,
    },
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

/// What became of a decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resolved {
    /// Done; the document has this status now.
    Done(Status),
    /// Someone else holds the review.
    HeldBy(String),
    /// The document changed since the reviewer looked at it; its version now.
    Changed(i64),
    /// It was decided before.
    AlreadyResolved,
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

    /// Decides a review. Nobody else may hold it, and with `seen_version` the document must be as the reviewer saw
    /// it. Files or rejects the document, writes timeline, audit and event, and queues `reply`.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn resolve_review(
        &self,
        id: ReviewId,
        who: &str,
        seen_version: Option<i64>,
        decision: &Decision,
        reply: Option<&NewReply>,
    ) -> Result<Resolved, CatalogError> {
        let mut tx = self.writing().await?;
        let present = now();
        let (resolution, note) = match decision {
            Decision::Approve { .. } => (Resolution::Approved, None),
            Decision::Correct { .. } => (Resolution::Corrected, None),
            Decision::Reject { note } => (Resolution::Rejected, Some(note.as_str())),
            Decision::AskAgain { note } => (Resolution::AskedAgain, Some(note.as_str())),
        };
        let row = optional!(
            tx,
            (Uuid, String),
            "UPDATE reviews SET resolved_at = $3, resolved_by = $2, resolution = $4, note = $5 \
             WHERE id = $1 AND resolved_at IS NULL \
               AND (claimed_by IS NULL OR claimed_by = $2 OR claim_expires_at <= $3) RETURNING document_id, stage",
            id.0,
            who,
            micros(present),
            resolution.as_str(),
            clean_maybe(note)
        )?;
        let Some((document, _)) = row else {
            return Ok(match lookup(&mut tx, id).await? {
                None => Resolved::Missing,
                Some(review) if review.resolved_at.is_some() => Resolved::AlreadyResolved,
                Some(review) => Resolved::HeldBy(review.claimed_by.unwrap_or_default()),
            });
        };
        let document = DocumentId(document);
        let status = if matches!(decision, Decision::Approve { .. } | Decision::Correct { .. }) {
            Status::Filed
        } else {
            Status::Rejected
        };
        let moved = execute!(
            tx,
            "UPDATE documents SET status = $2, version = version + 1, updated_at = $3, reasons = '[]', \
             awaits_customer = FALSE WHERE id = $1 AND status = 'in_review' AND ($4 IS NULL OR version = $4)",
            document.0,
            status.as_str(),
            micros(present),
            seen_version
        )?;
        if moved != 1 {
            let now_at = documents::lookup(&mut tx, document).await?.map_or(0, |d| d.version);
            return Ok(Resolved::Changed(now_at));
        }
        match decision {
            Decision::Approve { customer_id } => mark_filed(&mut tx, document, *customer_id).await?,
            Decision::Correct { kind, fields, customer_id } => {
                correct(&mut tx, document, *kind, fields).await?;
                mark_filed(&mut tx, document, *customer_id).await?;
            }
            Decision::Reject { .. } | Decision::AskAgain { .. } => {}
        }
        let detail = json!({ "review_id": id, "by": who, "resolution": resolution });
        timeline::note(&mut tx, document, Stage::Done, resolution.as_str(), detail.clone()).await?;
        let kind = if status == Status::Filed { "document.filed" } else { "document.rejected" };
        events::tell(&mut tx, kind, document, detail.clone()).await?;
        audit::write(&mut tx, who, resolution.as_str(), Some(document), &detail).await?;
        outbox::queue_reply(&mut tx, document, reply).await?;
        tx.commit().await?;
        Ok(Resolved::Done(status))
    }
}

async fn correct(
    tx: &mut Tx,
    document: DocumentId,
    kind: Option<Kind>,
    fields: &Fields,
) -> Result<(), CatalogError> {
    let found = documents::lookup(tx, document).await?.ok_or(CatalogError::Missing { what: "document" })?;
    let text = optional!(tx, (Option<String>,), "SELECT text FROM documents WHERE id = $1", document.0)?;
    let text = text.and_then(|(t,)| t).unwrap_or_default();
    let keys = Extracted::from(fields);
    execute!(
        tx,
        "UPDATE documents SET kind = COALESCE($2, kind), fields = $3, party = $4, number = $5, doc_date = $6, \
         total = $7, currency = $8, search = $9 WHERE id = $1",
        document.0,
        kind.map(Kind::as_str),
        to_json("fields", fields)?,
        keys.party,
        keys.number,
        keys.doc_date,
        keys.total,
        keys.currency,
        search_text(&found.declared, fields, &text)
    )
    .map(drop)
}
