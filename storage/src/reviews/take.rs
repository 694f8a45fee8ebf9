//! Taking the first of what is shown of the queue, of many who ask at once.

use time::OffsetDateTime;
use uuid::Uuid;

use super::{
    claims::{held_by, taken},
    shown::Shown,
    table::Table,
};
use crate::{
    catalog::Catalog,
    error::CatalogError,
    names::{DocumentId, ReviewId, micros},
    sql::{Bind, Tx},
};

/// What is taken, and as what.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Take {
    /// What they could take, to be looked at now.
    Free,
    /// What they could take but for what they look at, to be looked at later.
    Ahead(ReviewId),
}

impl Take {
    /// What becomes of `reserved` and of the lease, by the names of `who` takes it, of the present, and of `until` when. What
    /// somebody holds already stays as it is.
    fn kept(self, who: &str, present: &str, until: &str) -> (String, String) {
        let held = format!("claimed_by = {who} AND claim_expires_at > {present}");
        match self {
            Self::Ahead(_) => (
                format!("CASE WHEN {held} THEN reserved ELSE TRUE END"),
                format!("CASE WHEN {held} AND NOT reserved THEN claim_expires_at ELSE {until} END"),
            ),
            Self::Free => ("FALSE".to_owned(), until.to_owned()),
        }
    }
}

/// Takes the first of what is shown after a review for the person it is open to; for nobody it takes none.
pub(super) async fn take_first(
    tx: &mut Tx,
    shown: &Shown,
    take: Take,
    after: Option<ReviewId>,
    until: OffsetDateTime,
) -> Result<Option<DocumentId>, CatalogError> {
    let filter = &shown.table.filter;
    let Some(who) = filter.open_to.as_deref() else { return Ok(None) };
    for stretch in shown.after(tx, after).await? {
        let mut walk = filter.walk(tx);
        let who = walk.query.bind(Bind::text(who));
        let present = walk.query.bind(Bind::Number(micros(tx.now())));
        let until = walk.query.bind(Bind::Number(micros(until)));
        let (reserved, expires) = take.kept(&who, &present, &until);
        if let Take::Ahead(but) = take {
            walk.query.holds("r.id <>", Some(Bind::Id(but.0)));
        }
        let skip = tx.pick("", "FOR UPDATE OF r SKIP LOCKED");
        let (first, binds) = shown.page(tx, walk, &stretch, ("r.id", 1));
        let text = format!(
            "UPDATE reviews SET claimed_by = {who}, claim_expires_at = {expires}, reserved = {reserved}, \
             fence = fence + CASE WHEN claimed_by = {who} AND claim_expires_at > {present} THEN 0 ELSE 1 END \
             WHERE id = ({first} {skip}) RETURNING document_id"
        );
        let found = all_of!(tx, (Uuid,), text, binds)?;
        if let Some((id,)) = found.first() {
            return Ok(Some(DocumentId(*id)));
        }
    }
    Ok(None)
}

impl Catalog {
    /// Takes the first of what a table shows after `after` that nobody else has, and from the beginning where there is none: what
    /// is reserved for whoever asks is theirs in its turn. Of many who ask at once each gets another one.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn claim_next(
        &self,
        table: &Table,
        after: Option<ReviewId>,
        who: &str,
        lease: std::time::Duration,
    ) -> Result<Option<DocumentId>, CatalogError> {
        let shown = Shown::open_to(self, table, who).await?;
        let mut tx = self.writing().await?;
        let until = tx.now() + time::Duration::try_from(lease).unwrap_or(time::Duration::MINUTE);
        let held = held_by(&mut tx, who).await?;
        for after in [after, None] {
            if let Some(id) = take_first(&mut tx, &shown, Take::Free, after, until).await? {
                taken(&mut tx, who, id, &held).await?;
                tx.commit().await?;
                return Ok(Some(id));
            }
        }
        Ok(None)
    }
}
