//! What a person says of a sample. Where it is not what was filed it counts, and the document waits for whoever said it: both,
//! or neither.

use std::collections::BTreeMap;

use serde_json::json;
use time::OffsetDateTime;
use uuid::Uuid;

use super::Drawn;
use crate::{
    audit,
    catalog::Catalog,
    error::CatalogError,
    names::{DocumentId, micros, to_json},
    reviews::{self, Reopened, drafts},
    sql::{Tx, again},
};

/// What became of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answered {
    /// It counts.
    Kept,
    /// Somebody has answered it already.
    Already,
    /// Somebody else has it in front of them.
    HeldBy(String),
    /// The document does not rest as it was drawn: what would take it up again counts as nothing.
    Changed,
}

/// What somebody says of a paper instead of what was filed.
#[derive(Debug, Clone, Copy)]
pub struct Differing<'a> {
    /// As it is kept with the sample.
    pub answer: &'a BTreeMap<&'a str, String>,
    /// As the document's form has it, so that nobody types it twice.
    pub draft: &'a drafts::Form,
    /// Why the document is taken up again.
    pub why: &'a str,
    /// Until when it is in front of them.
    pub until: OffsetDateTime,
}

impl Catalog {
    /// Keeps what a person said of a sample that nobody else has: whether it is what was filed. What differs is to be put right,
    /// too: [`Catalog::differ_from_filed`].
    ///
    /// # Errors
    /// When the database fails.
    pub async fn answer_quality_check(
        &self,
        id: Uuid,
        who: &str,
        agrees: bool,
        answer: &BTreeMap<&str, String>,
    ) -> Result<Answered, CatalogError> {
        self.close_quality_check(id, who, Some(agrees), answer).await
    }

    /// Keeps that a person could not read the paper of a sample: it measures nothing, and is counted as such.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn give_up_quality_check(&self, id: Uuid, who: &str) -> Result<Answered, CatalogError> {
        self.close_quality_check(id, who, None, &BTreeMap::new()).await
    }

    async fn close_quality_check(
        &self,
        id: Uuid,
        who: &str,
        agrees: Option<bool>,
        answer: &BTreeMap<&str, String>,
    ) -> Result<Answered, CatalogError> {
        let mut tx = self.writing().await?;
        let answered = close(&mut tx, (id, who), agrees, answer).await?;
        if answered == Answered::Kept {
            tx.commit().await?;
        }
        Ok(answered)
    }

    /// Keeps that a person says something else than what was filed, and puts the document in front of them.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn differ_from_filed(
        &self,
        drawn: &Drawn,
        who: &str,
        said: Differing<'_>,
    ) -> Result<Answered, CatalogError> {
        again(|| self.try_differ(drawn, who, said)).await
    }

    async fn try_differ(
        &self,
        drawn: &Drawn,
        who: &str,
        said: Differing<'_>,
    ) -> Result<Answered, CatalogError> {
        let mut tx = self.writing().await?;
        let (document, version) = (drawn.document_id, drawn.document_version);
        // The document before its sample, in the order of whoever decides it anew.
        let reopened = reviews::reopen(&mut tx, document, (who, Some(version)), said.why, said.until).await?;
        if !matches!(reopened, Reopened::Waits(_)) {
            let sql = "SELECT 1 FROM quality_checks WHERE id = $1 AND checked_at IS NULL";
            let waits = optional!(tx, (i32,), sql, drawn.id)?;
            return Ok(waits.map_or(Answered::Already, |_| Answered::Changed));
        }
        let answered = close(&mut tx, (drawn.id, who), Some(false), said.answer).await?;
        if answered == Answered::Kept {
            drafts::save(&mut tx, (document, who), version, said.draft).await?;
            tx.commit().await?;
        }
        Ok(answered)
    }
}

/// Keeps the answer to a sample that nobody else has; whoever calls commits where it is kept.
async fn close(
    tx: &mut Tx,
    (id, who): (Uuid, &str),
    agrees: Option<bool>,
    answer: &BTreeMap<&str, String>,
) -> Result<Answered, CatalogError> {
    let present = micros(tx.now());
    let document = optional!(
        tx,
        (Uuid,),
        "UPDATE quality_checks SET checked_by = $2, checked_at = $3, agrees = $4, answer = $5 \
         WHERE id = $1 AND checked_at IS NULL \
           AND (claimed_by IS NULL OR claimed_by = $2 OR claim_expires_at <= $3) RETURNING document_id",
        id,
        who,
        present,
        agrees,
        to_json("an answer", answer)?
    )?;
    let Some((document,)) = document else {
        let holder = optional!(
            tx,
            (String,),
            "SELECT claimed_by FROM quality_checks \
             WHERE id = $1 AND checked_at IS NULL AND claimed_by IS NOT NULL",
            id
        )?;
        return Ok(holder.map_or(Answered::Already, |(holder,)| Answered::HeldBy(holder)));
    };
    let detail = json!({ "check": id, "agrees": agrees });
    audit::write(tx, who, "checked_blind", Some(DocumentId(document)), &detail).await?;
    Ok(Answered::Kept)
}
