//! What is said of a document is changed without a decision on it: as a new version, with a reason and a trail.

use acuse_pipeline::document::{Kind, Status};
use serde_json::Value;
use uuid::Uuid;

use super::{
    Deciding, Decision, Resolved, four_eyes, hold,
    resolve::{corrected, said, write_customer, write_fields},
};
use crate::{
    abstention,
    access::{Access, decided, settle},
    audit,
    catalog::Catalog,
    documents::{self, Document},
    error::CatalogError,
    events,
    names::{DocumentId, ReviewId, Stage, micros},
    sql::{Tx, again},
    timeline,
};

impl Catalog {
    /// Changes kind, fields and customer of a document that is filed, which stays filed, or waits, which goes on waiting.
    /// `correct` is a [`Decision::Correct`]; of what is filed it is one. Of what waits and two persons must say the same of,
    /// nothing is changed but by their decisions.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn amend(
        &self,
        id: DocumentId,
        by: &Deciding<'_>,
        correct: &Decision,
    ) -> Result<Resolved, CatalogError> {
        again(|| self.try_amend(id, by, correct)).await
    }

    async fn try_amend(
        &self,
        id: DocumentId,
        by: &Deciding<'_>,
        correct: &Decision,
    ) -> Result<Resolved, CatalogError> {
        let mut tx = self.writing().await?;
        if let Some(secs) = hold::end_own(&mut tx, id, by.who).await? {
            return Ok(Resolved::StillHeld { secs });
        }
        let Some(document) = documents::lookup(&mut tx, id).await? else { return Ok(Resolved::Missing) };
        if Access::new(by.sees_ids).withholds(document.sensitivity) {
            return Ok(Resolved::Withheld);
        }
        if by.seen_version.is_some_and(|seen| seen != document.version) {
            return Ok(Resolved::Changed(document.version));
        }
        match document.status {
            Status::Filed if document.duplicate_of.is_none() => {
                drop(tx);
                // The version is looked at again there.
                let by = Deciding { seen_version: Some(document.version), ..by.clone() };
                self.try_decide_again(id, &by, correct, None).await
            }
            Status::InReview => self.amend_waiting(tx, document, by, correct).await,
            _ => Ok(Resolved::AlreadyResolved),
        }
    }

    async fn amend_waiting(
        &self,
        mut tx: Tx,
        document: Document,
        by: &Deciding<'_>,
        correct: &Decision,
    ) -> Result<Resolved, CatalogError> {
        let Decision::Correct { kind, fields, customer_id } = correct else {
            return Ok(Resolved::AlreadyResolved);
        };
        let (id, present) = (document.id, micros(tx.now()));
        let review = optional!(
            tx,
            (Uuid, Option<String>),
            "SELECT id, CASE WHEN claim_expires_at > $2 THEN claimed_by END FROM reviews \
             WHERE document_id = $1 AND resolved_at IS NULL",
            id.0,
            present
        )?;
        let Some((review, holder)) = review else { return Ok(Resolved::Missing) };
        if let Some(other) = holder.filter(|holder| holder != by.who) {
            return Ok(Resolved::HeldBy(other));
        }
        if four_eyes::is_for_two(&mut tx, &document, by, correct).await? {
            return Ok(Resolved::DecidedByTwo);
        }
        let moved = execute!(
            tx,
            "UPDATE documents SET version = version + 1, updated_at = $3 WHERE id = $1 AND version = $2",
            id.0,
            document.version,
            present
        )?;
        if moved != 1 {
            return Ok(Resolved::Changed(document.version));
        }
        // Whoever accepts it later accepts what was put right here.
        if by.teaches && abstention::is_wrong(&document, correct) == Some(true) {
            abstention::found(&mut tx, id, true).await?;
        }
        let kind = kind.or(document.kind);
        let facts = corrected(&tx, &document, fields, by.who);
        write_fields(&mut tx, &document, kind, (fields, &facts)).await?;
        write_customer(&mut tx, id, *customer_id, by.without_customer).await?;
        if kind == Some(Kind::Id) {
            decided(&mut tx, id, by.who, by.sees_ids, document.sensitivity).await?;
        } else {
            // It is not vouched for by being changed.
            settle(&mut tx, &self.rule, id).await?;
        }
        let mut said = said(ReviewId(review), by, correct, &document);
        said.remove("resolution");
        let detail = Value::Object(said);
        audit::write(&mut tx, by.who, "amended", Some(id), &detail).await?;
        timeline::note(&mut tx, id, Stage::Done, "amended", detail.clone()).await?;
        events::tell(&mut tx, "document.amended", id, detail).await?;
        tx.commit().await?;
        Ok(Resolved::Done(document.status))
    }
}
