//! Reviews that wait on purpose: until a day, or for one person.

use serde_json::{Value, json};
use time::OffsetDateTime;

use crate::{
    audit,
    catalog::Catalog,
    error::CatalogError,
    names::{DocumentId, ReviewId, Stage, micros},
    sql::Tx,
    timeline,
};

impl Catalog {
    /// Gives a review back until `until`; before, nobody is given it as the next. Whether `who` held it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn postpone_review(
        &self,
        id: ReviewId,
        who: &str,
        until: OffsetDateTime,
        note: Option<&str>,
    ) -> Result<bool, CatalogError> {
        let mut tx = self.writing().await?;
        let document = optional!(
            tx,
            (uuid::Uuid,),
            "UPDATE reviews SET postponed_until = $3, claimed_by = NULL, claim_expires_at = NULL \
             WHERE id = $1 AND claimed_by = $2 AND resolved_at IS NULL RETURNING document_id",
            id.0,
            who,
            micros(until)
        )?;
        let Some((document,)) = document else { return Ok(false) };
        let detail = json!({ "by": who, "until": micros(until) / 1_000_000, "note": note });
        tell(&mut tx, DocumentId(document), who, "postponed", detail).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Gives a review to another person, as the audit trail names them; nobody else is given it as the next. Whether
    /// `who` held it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn hand_review(
        &self,
        id: ReviewId,
        who: &str,
        to: &str,
        note: Option<&str>,
    ) -> Result<bool, CatalogError> {
        let mut tx = self.writing().await?;
        let present = tx.now();
        let document = optional!(
            tx,
            (uuid::Uuid,),
            "UPDATE reviews SET handed_to = $3, postponed_until = NULL, claimed_by = NULL, claim_expires_at = NULL \
             WHERE id = $1 AND claimed_by = $2 AND claim_expires_at > $4 AND resolved_at IS NULL RETURNING document_id",
            id.0,
            who,
            to,
            micros(present)
        )?;
        let Some((document,)) = document else { return Ok(false) };
        let detail = json!({ "by": who, "to": to.strip_prefix("user:").unwrap_or(to), "note": note });
        tell(&mut tx, DocumentId(document), who, "handed_over", detail).await?;
        tx.commit().await?;
        Ok(true)
    }
}

async fn tell(
    tx: &mut Tx,
    document: DocumentId,
    who: &str,
    event: &'static str,
    detail: Value,
) -> Result<(), CatalogError> {
    audit::write(tx, who, event, Some(document), &detail).await?;
    timeline::note(tx, document, Stage::Done, event, detail).await
}
