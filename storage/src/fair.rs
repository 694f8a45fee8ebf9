//! Fairness between senders: one who sends very much delays himself.
//!
//! In every lane a document goes behind as many others as its sender has waiting there, so that the first of each
//! sender goes before the second of any. And what a sender sends beyond the quota of an hour is kept and fetched like
//! the rest, for the channel forgets it, but read at the quota's pace; he is told so, and so is an operator.

use serde_json::json;
use std::collections::BTreeMap;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use crate::{
    catalog::Catalog,
    error::CatalogError,
    incidents,
    names::{ContactId, DocumentId, Stage, maybe_at, micros},
    sql::Tx,
};

/// Somebody sends more than the quota; its subject is the contact.
pub(crate) const OVER_QUOTA: &str = "sender_over_quota";

/// How many files one sender may have read in an hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// Files; 0 for no quota.
    pub files_per_hour: u32,
}

impl Quota {
    /// As many as they like.
    pub const NONE: Self = Self { files_per_hour: 0 };

    /// One more file: until when all are paid for, and from when on this one is read if it is beyond the quota.
    fn charge(
        self,
        paid_at: OffsetDateTime,
        now: OffsetDateTime,
    ) -> (OffsetDateTime, Option<OffsetDateTime>) {
        if self.files_per_hour == 0 {
            return (paid_at, None);
        }
        let paid = paid_at.max(now).saturating_add(Duration::HOUR / self.files_per_hour.min(1_000_000));
        let due = paid - Duration::HOUR;
        (paid, (due > now).then_some(due))
    }
}

impl Default for Quota {
    /// More than anybody sends by hand: 200 an hour.
    fn default() -> Self {
        Self { files_per_hour: 200 }
    }
}

/// How many documents of the same sender wait at a stage, this one aside. What comes over one key and names no sender counts
/// as one sender's.
pub(crate) async fn ahead_of(tx: &mut Tx, id: DocumentId, stage: Stage) -> Result<i64, CatalogError> {
    let sender = optional!(
        tx,
        (Option<Uuid>, Option<Uuid>),
        "SELECT contact_id, api_key_id FROM documents WHERE id = $1",
        id.0
    )?;
    let (contact, key) = sender.unwrap_or_default();
    let (count,) = match contact {
        Some(contact) => one!(
            tx,
            (i64,),
            "SELECT COUNT(*) FROM documents WHERE stage = $2 AND stage <> 'done' AND contact_id = $3 AND id <> $1",
            id.0,
            stage.as_str(),
            contact
        )?,
        None => one!(
            tx,
            (i64,),
            "SELECT COUNT(*) FROM documents WHERE stage = $2 AND stage <> 'done' AND contact_id IS NULL AND id <> $1 \
             AND (api_key_id = $3 OR (api_key_id IS NULL AND $4))",
            id.0,
            stage.as_str(),
            key,
            key.is_none()
        )?,
    };
    Ok(count)
}

/// Until when what a document still has to fetch is there.
pub(crate) async fn deadline(
    tx: &mut Tx,
    id: DocumentId,
    stage: Stage,
) -> Result<Option<OffsetDateTime>, CatalogError> {
    if stage != Stage::Fetch {
        return Ok(None);
    }
    let row = optional!(tx, (Option<i64>,), "SELECT media_deadline FROM documents WHERE id = $1", id.0)?;
    maybe_at("documents", "media_deadline", row.and_then(|(at,)| at))
}

/// From when on a document may be read, if not yet; then it is not due before.
pub(crate) async fn read_after(tx: &mut Tx, id: DocumentId) -> Result<Option<OffsetDateTime>, CatalogError> {
    let present = tx.now();
    let row = optional!(
        tx,
        (Option<i64>,),
        "UPDATE documents SET next_attempt_at = read_after WHERE id = $1 AND read_after > $2 RETURNING read_after",
        id.0,
        micros(present)
    )?;
    maybe_at("documents", "read_after", row.and_then(|(at,)| at))
}

/// What the senders of a batch have waiting and have spent.
pub(crate) struct Senders {
    quota: Quota,
    now: OffsetDateTime,
    /// Waiting at `fetch`, and until when all is paid for.
    by_contact: BTreeMap<Uuid, (i64, OffsetDateTime)>,
    over: BTreeMap<Uuid, OffsetDateTime>,
}

impl Senders {
    /// Reads them.
    pub(crate) async fn load(tx: &mut Tx, quota: Quota, contacts: &[Uuid]) -> Result<Self, CatalogError> {
        let now = tx.now();
        let mut by_contact = BTreeMap::new();
        if contacts.is_empty() {
            return Ok(Self { quota, now, by_contact, over: BTreeMap::new() });
        }
        let paid = values!(
            tx,
            (Uuid, i64),
            "SELECT id, quota_paid_at FROM contacts WHERE id IN (VALUES ",
            1,
            ")",
            contacts,
            |q, contact| q.bind(*contact)
        )?;
        for (contact, paid) in paid {
            let paid = maybe_at("contacts", "quota_paid_at", Some(paid))?.unwrap_or(now);
            by_contact.insert(contact, (0, paid));
        }
        let waiting = values!(
            tx,
            (Uuid, i64),
            "SELECT contact_id, COUNT(*) FROM documents WHERE stage = 'fetch' AND stage <> 'done' AND contact_id IN (VALUES ",
            1,
            ") GROUP BY contact_id",
            contacts,
            |q, contact| q.bind(*contact)
        )?;
        for (contact, count) in waiting {
            by_contact.entry(contact).or_insert((0, now)).0 = count;
        }
        Ok(Self { quota, now, by_contact, over: BTreeMap::new() })
    }

    /// One more file of this sender: how many go before it, and from when on it is read if it is beyond the quota.
    pub(crate) fn one_more(&mut self, contact: Option<ContactId>) -> (i64, Option<OffsetDateTime>) {
        let Some(contact) = contact else { return (0, None) };
        let (waiting, paid_at) = self.by_contact.entry(contact.0).or_insert((0, self.now));
        let ahead = *waiting;
        *waiting += 1;
        let (paid, later) = self.quota.charge(*paid_at, self.now);
        *paid_at = paid;
        if let Some(later) = later {
            self.over.insert(contact.0, later);
        }
        (ahead, later)
    }

    /// Writes what they have spent, and tells an operator of those beyond the quota.
    pub(crate) async fn save(&self, tx: &mut Tx) -> Result<(), CatalogError> {
        if self.quota == Quota::NONE {
            return Ok(());
        }
        let rows: Vec<(Uuid, OffsetDateTime)> =
            self.by_contact.iter().map(|(id, (_, paid))| (*id, *paid)).collect();
        insert!(
            tx,
            "UPDATE contacts SET quota_paid_at = v.column2 FROM (VALUES ",
            2,
            ") AS v WHERE contacts.id = v.column1",
            &rows,
            |q, (contact, paid)| q.bind(*contact).bind(micros(*paid))
        )?;
        for (contact, later) in &self.over {
            let minutes = (*later - self.now).whole_minutes();
            let detail = json!({ "files_per_hour": self.quota.files_per_hour, "read_in_minutes": minutes });
            incidents::open(tx, OVER_QUOTA, &contact.to_string(), &detail, 1, self.now).await?;
        }
        Ok(())
    }
}

impl Catalog {
    /// Ends the incidents of those who sent more than the quota and are within it again; how many.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn end_over_quota(&self) -> Result<u64, CatalogError> {
        let mut tx = self.writing().await?;
        let present = tx.now();
        let mut ended = 0;
        for subject in incidents::subjects(&mut tx, OVER_QUOTA).await? {
            let still = match Uuid::parse_str(&subject) {
                Ok(contact) => {
                    let (count,) = one!(
                        tx,
                        (i64,),
                        "SELECT COUNT(*) FROM contacts WHERE id = $1 AND quota_paid_at > $2",
                        contact,
                        micros(present + Duration::HOUR)
                    )?;
                    count > 0
                }
                Err(_) => false,
            };
            if !still {
                ended += incidents::resolve(&mut tx, OVER_QUOTA, Some(&subject), present).await?;
            }
        }
        tx.commit().await?;
        Ok(ended)
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn what_is_beyond_the_quota_is_read_at_its_pace() {
        let now = datetime!(2026-09-01 12:00 UTC);
        let quota = Quota { files_per_hour: 60 };
        let mut paid = OffsetDateTime::UNIX_EPOCH;
        let mut later = Vec::new();
        for _ in 0..63 {
            let (up_to, when) = quota.charge(paid, now);
            paid = up_to;
            later.push(when.map(|at| (at - now).whole_minutes()));
        }
        assert!(later[..60].iter().all(Option::is_none), "an hour's worth at once is within it");
        assert_eq!(later[60..], [Some(1), Some(2), Some(3)]);
        // An hour of silence, and it is all his again.
        assert_eq!(quota.charge(paid, now + Duration::hours(2)).1, None);
        assert_eq!(Quota::NONE.charge(now + Duration::DAY, now).1, None);
    }
}
