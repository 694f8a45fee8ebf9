//! How a review ends: one transaction for the decision and all that follows from it.

use acuse_pipeline::{
    document::{Kind, Status},
    fields::Fields,
};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::{Resolution, lookup};
use crate::{
    audit,
    catalog::Catalog,
    documents::{self, Extracted, search_text},
    error::CatalogError,
    events,
    names::{CustomerId, DocumentId, ReviewId, Stage, clean_maybe, micros, now, to_json},
    outbox::{self, NewReply},
    split::{Split, take_apart},
    sql::Tx,
    stages::mark_filed,
    timeline,
};

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
    /// It is several documents: each is read by itself.
    Split {
        /// Which.
        split: Split,
        /// Why, for the timeline.
        note: Option<String>,
    },
}

/// What became of a decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resolved {
    /// Done; the document has this status now.
    Done(Status),
    /// Its parts are on the road; their ids, the document's own first.
    Split(Vec<DocumentId>),
    /// Someone else holds the review.
    HeldBy(String),
    /// The document changed since the reviewer looked at it; its version now.
    Changed(i64),
    /// It was decided before.
    AlreadyResolved,
    /// There is no such review.
    Missing,
}

impl Catalog {
    /// Decides a review. Nobody else may hold it, and with `seen_version` the document must be as the reviewer saw
    /// it. Files, rejects or splits the document, writes timeline, audit and event, and queues `reply`; nothing is said of
    /// a split, since each part tells its own result in time.
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
            Decision::Split { note, .. } => (Resolution::Split, note.as_deref()),
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
        let (status, stage) = match decision {
            Decision::Approve { .. } | Decision::Correct { .. } => (Status::Filed, Stage::Done),
            Decision::Reject { .. } | Decision::AskAgain { .. } => (Status::Rejected, Stage::Done),
            Decision::Split { .. } => (Status::Processing, Stage::Read),
        };
        let moved = execute!(
            tx,
            "UPDATE documents SET status = $2, stage = $5, version = version + 1, updated_at = $3, reasons = '[]', \
             awaits_customer = FALSE WHERE id = $1 AND status = 'in_review' AND ($4 IS NULL OR version = $4)",
            document.0,
            status.as_str(),
            micros(present),
            seen_version,
            stage.as_str()
        )?;
        if moved != 1 {
            let now_at = documents::lookup(&mut tx, document).await?.map_or(0, |d| d.version);
            return Ok(Resolved::Changed(now_at));
        }
        let mut said = Map::new();
        said.insert("review_id".to_owned(), json!(id));
        said.insert("by".to_owned(), json!(who));
        said.insert("resolution".to_owned(), json!(resolution));
        let detail = Value::Object(said.clone());
        audit::write(&mut tx, who, resolution.as_str(), Some(document), &detail).await?;
        match decision {
            Decision::Approve { customer_id } => mark_filed(&mut tx, document, *customer_id).await?,
            Decision::Correct { kind, fields, customer_id } => {
                correct(&mut tx, document, *kind, fields).await?;
                mark_filed(&mut tx, document, *customer_id).await?;
            }
            Decision::Reject { .. } | Decision::AskAgain { .. } => {}
            Decision::Split { split, .. } => {
                let ids = take_apart(&mut tx, document, split, Stage::Done, said).await?;
                tx.commit().await?;
                return Ok(Resolved::Split(ids));
            }
        }
        timeline::note(&mut tx, document, Stage::Done, resolution.as_str(), detail.clone()).await?;
        let kind = if status == Status::Filed { "document.filed" } else { "document.rejected" };
        events::tell(&mut tx, kind, document, detail).await?;
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
        search_text(&found.searched_names(), fields, &text)
    )
    .map(drop)
}
