//! Contacts and their names, as a batch leaves them.

use std::collections::BTreeSet;

use acuse_conversation::{End, Kind};
use serde_json::json;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::{Contacts, NAME_CHARS, PHONE_CHARS};
use crate::{
    cases::{self, Matter},
    contacts, erasure,
    error::CatalogError,
    names::{CaseId, ContactId, cut, micros},
    outbox::{HeldFor, move_lines, release_of},
    sql::Tx,
    timeline::{self, Entry},
    words::CONTACTS,
};

/// Longest key that a telephone is known by, characters.
const KEY_CHARS: usize = 256;

/// What one customer owes is one matter: that of whom (`$2`) they (`$1`) turned out to be goes on, unless a person has it.
const ONE_MATTER: &str = "UPDATE cases SET left_state = state, left_expects = expects, state = 'done', expects = NULL, due_at = NULL, \
     closed_at = updated_at, version = version + 1 WHERE contact_id = $1 AND kind = 'collection' \
     AND state IN ('gathering', 'working', 'waiting') AND EXISTS (SELECT 1 FROM cases k WHERE k.contact_id = $2 \
       AND k.phone_number_id = cases.phone_number_id AND k.kind = cases.kind AND k.subject = cases.subject \
       AND k.state IN ('gathering', 'working', 'waiting', 'human')) RETURNING id, subject";

/// What of a contact (`$1`) becomes the one's (`$2`) that they turn out to be, statement by statement.
const MOVED: &[&str] = &[
    "UPDATE messages SET contact_id = $2 WHERE contact_id = $1",
    "UPDATE documents SET contact_id = $2 WHERE contact_id = $1",
    "UPDATE outbox SET contact_id = $2 WHERE contact_id = $1",
    "UPDATE timeline SET contact_id = $2 WHERE contact_id = $1",
    // Two open bursts of what is one person now go on beside each other.
    "UPDATE cases SET subject = subject || '+' || created_at WHERE contact_id = $1 \
     AND state IN ('gathering', 'working', 'waiting', 'human') AND EXISTS (SELECT 1 FROM cases k \
       WHERE k.contact_id = $2 AND k.phone_number_id = cases.phone_number_id AND k.kind = cases.kind \
       AND k.subject = cases.subject AND k.state IN ('gathering', 'working', 'waiting', 'human'))",
    "UPDATE cases SET contact_id = $2 WHERE contact_id = $1",
    "UPDATE choices SET contact_id = $2 WHERE contact_id = $1",
    "UPDATE notices SET contact_id = $2 WHERE contact_id = $1",
    "UPDATE obligations SET contact_id = $2 WHERE contact_id = $1",
    // Consents stay with whom they are of; a stop comes along, unless they agreed anew since.
    "INSERT INTO consents (contact_id, phone_number_id, category, state, source, at, text_version, said_by) \
     SELECT $2, f.phone_number_id, f.category, f.state, f.source, f.at, f.text_version, f.said_by FROM consents f \
     WHERE f.contact_id = $1 AND f.state = 'withdrawn' AND f.seq = (SELECT MAX(l.seq) FROM consents l \
       WHERE l.contact_id = $1 AND l.phone_number_id = f.phone_number_id AND l.category = f.category) \
     AND NOT EXISTS (SELECT 1 FROM consents k WHERE k.contact_id = $2 AND k.phone_number_id = f.phone_number_id \
       AND k.category = f.category AND k.at >= f.at)",
    // What the older contact knew and the kept one does not.
    "UPDATE contacts SET customer_id = COALESCE(customer_id, (SELECT c.customer_id FROM contacts c \
     WHERE c.id = $1)), language = COALESCE(language, (SELECT c.language FROM contacts c WHERE c.id = $1)) \
     WHERE id = $2",
];

impl Contacts {
    /// Writes contacts and names. Rows are taken in one order everywhere, so that two processes cannot block each
    /// other; a name that another process gave away in the meantime is contention, and the batch is tried again.
    pub(in crate::inbound) async fn save(&self, tx: &mut Tx, at: OffsetDateTime) -> Result<(), CatalogError> {
        let rows: Vec<_> = self.touched.iter().collect();
        let ids: Vec<Uuid> = self.touched.keys().copied().collect();
        let before = contacts::searched(tx, &ids).await?;
        let changed = self.with_another_key(tx).await?;
        insert!(
            tx,
            "INSERT INTO contacts (id, phone, name, language, phone_number_id, identity_key_hash, created_at, updated_at) VALUES ",
            8,
            " ON CONFLICT (id) DO UPDATE SET phone = COALESCE(excluded.phone, contacts.phone), \
             name = COALESCE(excluded.name, contacts.name), \
             language = COALESCE(excluded.language, contacts.language), \
             phone_number_id = COALESCE(excluded.phone_number_id, contacts.phone_number_id), \
             identity_key_hash = COALESCE(excluded.identity_key_hash, contacts.identity_key_hash), \
             unreachable_at = CASE WHEN excluded.phone_number_id IS NULL THEN contacts.unreachable_at END, \
             updated_at = excluded.updated_at",
            &rows,
            |q, (id, touch)| q
                .bind(**id)
                .bind(touch.phone.as_deref().map(|t| cut(t, PHONE_CHARS)))
                .bind(touch.name.as_deref().map(|t| cut(t, NAME_CHARS)))
                .bind(touch.language.as_deref().map(|t| cut(t, 16)))
                .bind(touch.phone_number_id.as_deref().map(|t| cut(t, 64)))
                .bind(touch.identity_key_hash.as_deref().map(|t| cut(t, KEY_CHARS)))
                .bind(micros(at))
                .bind(micros(at))
        )?;
        let now = rows.iter().map(|(id, touch)| (**id, touch.over(before.get(*id), micros(at))));
        contacts::keep_words(tx, &before, &now.collect()).await?;
        self.note_changed(tx, &changed, at).await?;
        self.save_names(tx).await?;
        for (&from, &into) in &self.merged {
            self.save_merge(tx, from, into, at).await?;
        }
        self.save_windows(tx).await
    }

    /// A message of somebody's came then.
    pub(in crate::inbound) fn came(&mut self, contact: ContactId, at: OffsetDateTime) {
        let touch = self.touched.entry(contact.0).or_default();
        touch.came_at = Some(touch.came_at.map_or(at, |first| first.min(at)));
    }

    /// Who is known by another key now than before: their number may be somebody else's.
    async fn with_another_key(&self, tx: &mut Tx) -> Result<BTreeSet<Uuid>, CatalogError> {
        let mut changed = BTreeSet::new();
        if self.touched.values().all(|touch| touch.identity_key_hash.is_none()) {
            return Ok(changed);
        }
        let known: Vec<Uuid> = self.touched.keys().chain(self.merged.keys()).copied().collect();
        let rows = values!(
            tx,
            (Uuid, String),
            "SELECT id, identity_key_hash FROM contacts WHERE identity_key_hash IS NOT NULL AND id IN (VALUES ",
            1,
            ")",
            &known,
            |q, id| q.bind(*id)
        )?;
        for (id, before) in rows {
            let whom = self.settled(ContactId(id)).0;
            let now = self.touched.get(&whom).and_then(|touch| touch.identity_key_hash.as_deref());
            if now.is_some_and(|now| cut(now, KEY_CHARS) != before) {
                changed.insert(whom);
            }
        }
        Ok(changed)
    }

    /// That they are is noted as of the moment before their message came: what they send from here on is theirs.
    async fn note_changed(
        &self,
        tx: &mut Tx,
        changed: &BTreeSet<Uuid>,
        at: OffsetDateTime,
    ) -> Result<(), CatalogError> {
        let came_at = |id: &Uuid| self.touched.get(id).and_then(|touch| touch.came_at).unwrap_or(at);
        let entries: Vec<Entry> = changed
            .iter()
            .map(|id| Entry {
                document: None,
                contact: Some(ContactId(*id)),
                at: came_at(id).saturating_sub(Duration::MICROSECOND),
                stage: None,
                event: "identity_changed",
                detail: json!({}),
            })
            .collect();
        timeline::write(tx, &entries).await
    }

    /// Who writes opens their window: what waited for a template to reach them, for room in the number's tier, or for them to
    /// write after a stop, goes as it is.
    async fn save_windows(&self, tx: &mut Tx) -> Result<(), CatalogError> {
        let rows: Vec<(Uuid, &String, OffsetDateTime)> = self
            .touched
            .iter()
            .flat_map(|(contact, touch)| touch.inbound.iter().map(|(number, at)| (*contact, number, *at)))
            .collect();
        insert!(
            tx,
            "INSERT INTO windows (contact_id, phone_number_id, last_inbound_at) VALUES ",
            3,
            " ON CONFLICT (contact_id, phone_number_id) DO UPDATE SET last_inbound_at = excluded.last_inbound_at \
             WHERE windows.last_inbound_at < excluded.last_inbound_at",
            &rows,
            |q, (contact, number, at)| q.bind(*contact).bind(number.as_str()).bind(micros(*at))
        )?;
        let contacts: Vec<Uuid> = self.touched.keys().copied().collect();
        let over = [HeldFor::Template, HeldFor::Confirmation, HeldFor::Tier, HeldFor::Stop];
        release_of(tx, &contacts, &over).await
    }

    async fn save_names(&self, tx: &mut Tx) -> Result<(), CatalogError> {
        let mut added = Vec::new();
        for (alias, &contact) in &self.current {
            match self.stored.get(alias) {
                None => added.push((alias, contact)),
                Some(&before) if before != contact => {
                    execute!(
                        tx,
                        "UPDATE contact_aliases SET contact_id = $3 WHERE kind = $1 AND value = $2",
                        alias.0.as_str(),
                        alias.1.as_str(),
                        contact
                    )?;
                }
                Some(_) => {}
            }
        }
        let inserted = values!(
            tx,
            (String,),
            "INSERT INTO contact_aliases (kind, value, contact_id) VALUES ",
            3,
            " ON CONFLICT (kind, value) DO NOTHING RETURNING kind",
            &added,
            |q, ((kind, value), contact)| q.bind(kind.as_str()).bind(value.as_str()).bind(*contact)
        )?;
        if inserted.len() != added.len() {
            return Err(CatalogError::Contention);
        }
        for (kind, value) in &self.gone {
            execute!(
                tx,
                "DELETE FROM contact_aliases WHERE kind = $1 AND value = $2",
                kind.as_str(),
                value.as_str()
            )?;
        }
        Ok(())
    }

    async fn save_merge(
        &self,
        tx: &mut Tx,
        from: Uuid,
        into: Uuid,
        at: OffsetDateTime,
    ) -> Result<(), CatalogError> {
        let into = held(tx, self.settled(ContactId(into)).0).await?;
        // Whoever erases them at this moment is waited for.
        held(tx, from).await?;
        if into == from {
            return Ok(());
        }
        let Some(open) = erasure::may_join(tx, from, into).await? else { return Ok(()) };
        for (id, subject) in all!(tx, (Uuid, String), ONE_MATTER, from, into)? {
            let (contact, kind) = (Some(ContactId(into)), Kind::Collection);
            let matter = Matter { id: CaseId(id), contact, kind, subject: &subject };
            cases::tell_closed(tx, matter, End::Done).await?;
        }
        for sql in MOVED {
            execute!(tx, *sql, from, into)?;
        }
        execute!(
            tx,
            // Of both the later: what either was sent counts, and whom a number wrote to first it wrote to once.
            "INSERT INTO windows (contact_id, phone_number_id, last_inbound_at, pair_paid_at, pair_refused, reached_at) \
             SELECT $2, w.phone_number_id, w.last_inbound_at, w.pair_paid_at, w.pair_refused, w.reached_at \
             FROM windows w WHERE w.contact_id = $1 ON CONFLICT (contact_id, phone_number_id) DO UPDATE SET \
             last_inbound_at = CASE WHEN windows.last_inbound_at < excluded.last_inbound_at \
               THEN excluded.last_inbound_at ELSE windows.last_inbound_at END, \
             pair_paid_at = CASE WHEN windows.pair_paid_at < excluded.pair_paid_at \
               THEN excluded.pair_paid_at ELSE windows.pair_paid_at END, \
             pair_refused = CASE WHEN windows.pair_refused < excluded.pair_refused \
               THEN excluded.pair_refused ELSE windows.pair_refused END, \
             reached_at = CASE WHEN windows.reached_at < excluded.reached_at \
               THEN excluded.reached_at ELSE windows.reached_at END",
            from,
            into
        )?;
        execute!(tx, "DELETE FROM windows WHERE contact_id = $1", from)?;
        move_lines(tx, from, into).await?;
        execute!(
            tx,
            // Those of before come along: whoever was kept is one look away from each of their ids.
            "UPDATE contacts SET merged_into = $2, updated_at = $3 WHERE id = $1 OR merged_into = $1",
            from,
            into,
            micros(at)
        )?;
        erasure::go_on_as(tx, &open, from, into).await?;
        // Behind the row, which whoever keeps its words meanwhile holds.
        CONTACTS.forget(tx, from).await
    }
}

/// Whoever is to be kept, held until the end of the transaction; or whom they were merged into by another process meanwhile.
async fn held(tx: &mut Tx, contact: Uuid) -> Result<Uuid, CatalogError> {
    let sql = tx.pick(
        "SELECT merged_into FROM contacts WHERE id = $1",
        "SELECT merged_into FROM contacts WHERE id = $1 FOR NO KEY UPDATE",
    );
    let row = optional!(tx, (Option<Uuid>,), sql, contact)?;
    Ok(row.and_then(|(into,)| into).unwrap_or(contact))
}
