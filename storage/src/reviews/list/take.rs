//! Taking the first of a queue, of many who ask at once.

use time::OffsetDateTime;
use uuid::Uuid;

use super::{Place, ReviewFilter};
use crate::{
    error::CatalogError,
    names::{DocumentId, ReviewId, micros},
    sql::{Bind, Tx},
};

/// What is taken, and as what.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::reviews) enum Take {
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

/// Takes the first of the filter's queue after a place for the person it is open to; for nobody it takes none.
pub(in crate::reviews) async fn take_first(
    tx: &mut Tx,
    filter: &ReviewFilter,
    take: Take,
    place: Place,
    until: OffsetDateTime,
) -> Result<Option<DocumentId>, CatalogError> {
    let Some(who) = filter.open_to.as_deref() else { return Ok(None) };
    let mut walk = filter.walk(tx);
    let who = walk.query.bind(Bind::text(who));
    let present = walk.query.bind(Bind::Number(micros(tx.now())));
    let until = walk.query.bind(Bind::Number(micros(until)));
    let (reserved, expires) = take.kept(&who, &present, &until);
    if let Take::Ahead(but) = take {
        walk.query.holds("r.id <>", Some(Bind::Id(but.0)));
    }
    let skip = tx.pick("", "FOR UPDATE OF r SKIP LOCKED");
    let (first, binds) = walk.page("r.id", place, 1);
    let text = format!(
        "UPDATE reviews SET claimed_by = {who}, claim_expires_at = {expires}, reserved = {reserved}, \
         fence = fence + CASE WHEN claimed_by = {who} AND claim_expires_at > {present} THEN 0 ELSE 1 END \
         WHERE id = ({first} {skip}) RETURNING document_id"
    );
    let found = all_of!(tx, (Uuid,), text, binds)?;
    Ok(found.first().map(|(id,)| DocumentId(*id)))
}
