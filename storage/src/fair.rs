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
    cases::Person,
    catalog::Catalog,
    contacts::phone_or_country,
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

/// Where a document stands at a stage.
#[derive(Default)]
pub(crate) struct Place {
    /// How many documents of the same sender wait there, this one aside. What comes over one key and names no sender counts
    /// as one sender's.
    pub ahead: i64,
    /// Until when what it still has to fetch is there.
    pub deadline: Option<OffsetDateTime>,
}

/// Where a document stands at a stage, in one question.
pub(crate) async fn place(tx: &mut Tx, id: DocumentId, stage: Stage) -> Result<Place, CatalogError> {
    let row = optional!(
        tx,
        (Option<i64>, i64),
        "SELECT d.media_deadline, CASE WHEN d.contact_id IS NOT NULL \
           THEN (SELECT COUNT(*) FROM documents o WHERE o.stage = $2 AND o.stage <> 'done' \
             AND o.contact_id = d.contact_id AND o.id <> d.id) \
           ELSE (SELECT COUNT(*) FROM documents o WHERE o.stage = $2 AND o.stage <> 'done' \
             AND o.contact_id IS NULL AND o.id <> d.id \
             AND (o.api_key_id = d.api_key_id OR (o.api_key_id IS NULL AND d.api_key_id IS NULL))) END \
         FROM documents d WHERE d.id = $1",
        id.0,
        stage.as_str()
    )?;
    let Some((gone, ahead)) = row else { return Ok(Place::default()) };
    let gone = gone.filter(|_| stage == Stage::Fetch);
    Ok(Place { ahead, deadline: maybe_at("documents", "media_deadline", gone)? })
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

/// What a sender has waiting at `fetch`, until when all is paid for, and how they are spoken with.
#[derive(Default)]
struct Sender {
    waiting: i64,
    paid_at: Option<OffsetDateTime>,
    language: Option<String>,
    phone_or_country: Option<String>,
}

/// What the senders of a batch have waiting and have spent.
pub(crate) struct Senders {
    quota: Quota,
    now: OffsetDateTime,
    by_contact: BTreeMap<Uuid, Sender>,
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
        let rows = values!(
            tx,
            (Uuid, i64, Option<String>, Option<String>, i64),
            concat!(
                "SELECT c.id, c.quota_paid_at, c.language, ",
                phone_or_country!("c"),
                ", (SELECT COUNT(*) FROM documents d WHERE d.stage = 'fetch' AND d.stage <> 'done' \
                 AND d.contact_id = c.id) FROM contacts c WHERE c.id IN (VALUES "
            ),
            1,
            ")",
            contacts,
            |q, contact| q.bind(*contact)
        )?;
        for (contact, paid, language, phone_or_country, waiting) in rows {
            let paid_at = maybe_at("contacts", "quota_paid_at", Some(paid))?;
            by_contact.insert(contact, Sender { waiting, paid_at, language, phone_or_country });
        }
        Ok(Self { quota, now, by_contact, over: BTreeMap::new() })
    }

    /// One more file of this sender: how many go before it, and from when on it is read if it is beyond the quota.
    pub(crate) fn one_more(&mut self, contact: Option<ContactId>) -> (i64, Option<OffsetDateTime>) {
        let Some(contact) = contact else { return (0, None) };
        let sender = self.by_contact.entry(contact.0).or_default();
        let ahead = sender.waiting;
        sender.waiting += 1;
        let (paid, later) = self.quota.charge(sender.paid_at.unwrap_or(self.now), self.now);
        sender.paid_at = Some(paid);
        if let Some(later) = later {
            self.over.insert(contact.0, later);
        }
        (ahead, later)
    }

    /// How one of them is spoken with.
    pub(crate) fn person(&self, contact: ContactId) -> Person {
        let sender = self.by_contact.get(&contact.0);
        let known = sender.map(|sender| (sender.language.clone(), sender.phone_or_country.clone()));
        let (language, phone_or_country) = known.unwrap_or_default();
        Person::of(language.as_deref(), phone_or_country)
    }

    /// Writes what they have spent, and tells an operator of those beyond the quota.
    pub(crate) async fn save(&self, tx: &mut Tx) -> Result<(), CatalogError> {
        if self.quota == Quota::NONE {
            return Ok(());
        }
        let rows: Vec<(Uuid, OffsetDateTime)> =
            self.by_contact.iter().filter_map(|(id, sender)| Some((*id, sender.paid_at?))).collect();
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
