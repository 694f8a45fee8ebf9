//! What became of a message that was in hand.

use serde_json::json;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::{OutboxState, Purpose, UNKNOWN_LIFE, Wait, goes_on_behind, line::hold, line_of, wake};
use crate::{
    cases,
    catalog::Catalog,
    error::CatalogError,
    incidents,
    names::{ContactId, DocumentId, OutboxId, clean, cut, micros, words},
    notices,
    sql::Tx,
    timeline,
};

words! {
    /// What a message stands aside for, while others in its line go.
    HeldFor, "what a message stands aside for" {
        /// The template that would carry it is paused.
        Template = "template",
        /// Meta holds messages like it back for a day.
        Tomorrow = "tomorrow",
        /// Whoever it is for goes by another name, and has not written from there yet.
        Confirmation = "confirmation",
        /// Its number has written to as many people first in a day as Meta lets it.
        Tier = "tier",
        /// It is night where its contact is.
        Morning = "morning",
        /// They want nothing but answers inside of their 24 hours, which are over.
        Stop = "stop",
        /// It was taken, and Meta holds it back until it has seen how others of its template are received.
        Assessment = "assessment",
    }
}

/// How long what follows from a refusal is decided, in which Meta is asked whether it is there at all: nobody else decides
/// on the same one, and sends it while this one puts it off.
const DECIDING: Duration = Duration::seconds(90);
/// The incident of a message that may have left, and of which no status came.
const UNCONFIRMED: &str = "message_unconfirmed";
/// Messages that are told of in one transaction, as not confirmed.
const AT_ONCE: u32 = 500;
/// Such transactions of one run; the next one goes on.
const ROUNDS: u32 = 200;

/// Where a message goes from a worker's hand.
struct Settled<'a> {
    state: OutboxState,
    wamid: Option<&'a str>,
    error: Option<&'a str>,
    /// The channel's.
    code: Option<i64>,
    again_at: Option<OffsetDateTime>,
    held_for: Option<HeldFor>,
    /// Whether the attempt was one at this message, and not at its number.
    counts: bool,
}

impl<'a> Settled<'a> {
    fn to(state: OutboxState) -> Self {
        Self { state, wamid: None, error: None, code: None, again_at: None, held_for: None, counts: true }
    }

    /// Back in its line, to be tried again.
    fn again(error: &'a str, code: Option<i64>, at: OffsetDateTime) -> Self {
        Self { error: Some(error), code, again_at: Some(at), ..Self::to(OutboxState::Queued) }
    }
}

impl Catalog {
    /// The channel accepted it under this id.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn reply_sent(&self, id: OutboxId, wamid: &str) -> Result<(), CatalogError> {
        let mut tx = self.writing().await?;
        if settle(&mut tx, id, Settled { wamid: Some(wamid), ..Settled::to(OutboxState::Sent) }).await? {
            crate::dispatch::rate_restored(&mut tx, id).await?;
        }
        tx.commit().await
    }

    /// Meta took it, and holds it back to see how others of its template are received: a status says when that is over.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn reply_assessed(&self, id: OutboxId) -> Result<(), CatalogError> {
        let mut tx = self.writing().await?;
        execute!(
            tx,
            "UPDATE outbox SET held_for = $2 WHERE id = $1 AND state = 'sent'",
            id.0,
            HeldFor::Assessment.as_str()
        )?;
        tx.commit().await
    }

    /// Nobody knows whether it left. A status that carries its id settles it; if none comes in [`UNKNOWN_LIFE`] it comes
    /// back as `unknown`, and a person is told. It is not sent again: whether twice is worse than never is theirs to say.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn reply_unknown(&self, id: OutboxId, error: &str) -> Result<(), CatalogError> {
        let again_at = Some(self.now().saturating_add(UNKNOWN_LIFE));
        self.settle(id, Settled { error: Some(error), again_at, ..Settled::to(OutboxState::Unknown) }).await
    }

    /// It did not leave; it goes back to the head of its line until `at`. `code` is the channel's, if it gave one.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn reply_later(
        &self,
        id: OutboxId,
        error: &str,
        code: Option<i64>,
        at: OffsetDateTime,
    ) -> Result<(), CatalogError> {
        self.settle(id, Settled::again(error, code, at)).await
    }

    /// It did not leave for what is not its own (a rate, a quota, a pause): back to the head of its line until `at`, and no
    /// attempt was counted; of one whose file alone was tried, none was begun. `code` is the channel's, if it gave one.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn reply_put_off(
        &self,
        id: OutboxId,
        error: &str,
        code: Option<i64>,
        at: OffsetDateTime,
    ) -> Result<(), CatalogError> {
        self.settle(id, Settled { counts: false, ..Settled::again(error, code, at) }).await
    }

    /// It did not leave, and waits until `at` for what does not concern the others in its line: those go meanwhile.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn reply_aside(
        &self,
        id: OutboxId,
        error: &str,
        code: Option<i64>,
        at: OffsetDateTime,
        held_for: HeldFor,
    ) -> Result<(), CatalogError> {
        self.settle(id, Settled { held_for: Some(held_for), ..Settled::again(error, code, at) }).await
    }

    /// It did not leave, and what follows is yet to be decided: should the worker die now, that is known. `code` is the
    /// channel's, if it gave one.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn reply_refused(
        &self,
        id: OutboxId,
        error: &str,
        code: Option<i64>,
    ) -> Result<(), CatalogError> {
        let mut tx = self.writing().await?;
        let present = tx.now();
        execute!(
            tx,
            "UPDATE outbox SET state = 'refused', error = $2, error_code = $3, updated_at = $4, lease_until = $5 \
             WHERE id = $1 AND state = 'sending'",
            id.0,
            cut(error, 500),
            code,
            micros(present),
            micros(present + DECIDING)
        )?;
        tx.commit().await
    }

    /// It was not tried. Back to the head of its line until `at`; no attempt was counted.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn reply_postponed(
        &self,
        id: OutboxId,
        at: OffsetDateTime,
        held_for: Option<HeldFor>,
    ) -> Result<(), CatalogError> {
        let mut tx = self.writing().await?;
        postpone(&mut tx, id, at, held_for).await?;
        tx.commit().await
    }

    /// An answer that nobody may be sent outside of their 24 hours, who wants no more of what is: it stands aside until they
    /// write again, or until `at`, and in the same commit an incident tells a person of it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn reply_stopped(&self, id: OutboxId, at: OffsetDateTime) -> Result<(), CatalogError> {
        let mut tx = self.writing().await?;
        if postpone(&mut tx, id, at, Some(HeldFor::Stop)).await? {
            let present = tx.now();
            let detail = json!({ "error": "they want nothing but answers inside of their 24 hours" });
            incidents::tell_of(&mut tx, id.0, "contact_opted_out", &detail, present).await?;
        }
        tx.commit().await
    }

    /// It will not be sent. In the same commit an incident of this kind tells a person of it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn reply_failed(&self, id: OutboxId, kind: &str, error: &str) -> Result<(), CatalogError> {
        self.end(id, OutboxState::Failed, kind, error).await
    }

    /// The 24-hour window has closed. In the same commit an incident tells a person of it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn reply_window_closed(&self, id: OutboxId) -> Result<(), CatalogError> {
        let why = "the 24-hour window has closed";
        self.end(id, OutboxState::WindowClosed, "message_window_closed", why).await
    }

    /// It is not to be sent any more, and nobody need be told: its time is over, or it is not wanted. What it would have
    /// reminded of counts as not said.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn reply_withdrawn(&self, id: OutboxId, why: &str) -> Result<(), CatalogError> {
        let mut tx = self.writing().await?;
        let debtor = cases::reminded_by(&mut tx, id).await?;
        let withdrawn = Settled { error: Some(why), ..Settled::to(OutboxState::Withdrawn) };
        if settle(&mut tx, id, withdrawn).await?
            && let Some(debtor) = debtor
        {
            cases::unheard(&mut tx, debtor, (id, why)).await?;
        }
        tx.commit().await
    }

    async fn end(
        &self,
        id: OutboxId,
        state: OutboxState,
        kind: &str,
        error: &str,
    ) -> Result<(), CatalogError> {
        let mut tx = self.writing().await?;
        let debtor = cases::reminded_by(&mut tx, id).await?;
        if settle(&mut tx, id, Settled { error: Some(error), ..Settled::to(state) }).await? {
            // What may have left may have been heard.
            if let Some(debtor) = debtor.filter(|_| kind != UNCONFIRMED) {
                cases::unsay(&mut tx, debtor, id).await?;
            }
            let detail = json!({ "error": cut(error, 500) });
            let present = tx.now();
            incidents::tell_of(&mut tx, id.0, kind, &detail, present).await?;
            cases::cannot_speak(&mut tx, id).await?;
        }
        tx.commit().await
    }

    async fn settle(&self, id: OutboxId, settled: Settled<'_>) -> Result<(), CatalogError> {
        let mut tx = self.writing().await?;
        settle(&mut tx, id, settled).await?;
        tx.commit().await
    }

    /// Notes that a contact cannot be reached over the channel; their next message takes it back.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn contact_unreachable(&self, id: ContactId, at: OffsetDateTime) -> Result<(), CatalogError> {
        let mut tx = self.writing().await?;
        execute!(tx, "UPDATE contacts SET unreachable_at = $2 WHERE id = $1", id.0, micros(at))?;
        tx.commit().await
    }

    /// Tells a person of every message that was accepted and whose delivery nobody confirmed in its time
    /// ([`Catalog::with_sent_life`]); how many.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn tell_unconfirmed(&self, present: OffsetDateTime) -> Result<u64, CatalogError> {
        self.tell_unconfirmed_by(AT_ONCE, present).await
    }

    /// So many in one transaction, until all are told of: the ledger is asked next, and what is left over is nowhere in it.
    pub(crate) async fn tell_unconfirmed_by(
        &self,
        at_once: u32,
        present: OffsetDateTime,
    ) -> Result<u64, CatalogError> {
        let mut told = 0;
        for _ in 0..ROUNDS {
            let more = self.tell_some_unconfirmed(at_once, present).await?;
            told += more;
            if more < u64::from(at_once) {
                break;
            }
        }
        Ok(told)
    }

    async fn tell_some_unconfirmed(&self, most: u32, present: OffsetDateTime) -> Result<u64, CatalogError> {
        let mut tx = self.writing().await?;
        // The states of the index `outbox_sent` as it names them, or SQLite does not see that one of them is among them.
        let rows = all!(
            tx,
            (Uuid,),
            "UPDATE outbox SET state = 'failed', error = 'delivery not confirmed', updated_at = $2 \
             WHERE state = 'sent' AND id IN (SELECT o.id FROM outbox o WHERE o.state = 'sent' \
               AND o.state IN ('sent', 'unknown') AND o.sent_at <= $1 LIMIT $3) RETURNING id",
            micros(present.saturating_sub(self.sent_life)),
            micros(present),
            i64::from(most)
        )?;
        for (id,) in &rows {
            let detail = json!({ "error": "delivery not confirmed" });
            incidents::tell_of(&mut tx, *id, "message_not_confirmed", &detail, present).await?;
            notices::moved(&mut tx, OutboxId(*id)).await?;
        }
        tx.commit().await?;
        Ok(rows.len() as u64)
    }
}

/// Puts a message that was not tried back into its line until `at`; whether it waited still.
async fn postpone(
    tx: &mut Tx,
    id: OutboxId,
    at: OffsetDateTime,
    held_for: Option<HeldFor>,
) -> Result<bool, CatalogError> {
    let present = tx.now();
    let row = optional!(
        tx,
        (Uuid, String),
        "UPDATE outbox SET next_attempt_at = $2, lease_until = NULL, updated_at = $3, held_for = $4, \
         not_before = CASE WHEN $4 IS NULL THEN not_before ELSE $2 END \
         WHERE id = $1 AND state IN ('queued', 'refused') RETURNING contact_id, COALESCE(phone_number_id, '')",
        id.0,
        micros(at),
        micros(present),
        held_for.map(HeldFor::as_str)
    )?;
    let waits = row.is_some();
    match row {
        Some(row) => wake(tx, &line_of(row), Wait::Until(at)).await?,
        None => goes_on_behind(tx, id.0).await?,
    }
    Ok(waits)
}

/// Takes a message back that waits still, for another says what it was to say; whether it waited. Whoever has it in hand
/// finds that it does no more.
pub(crate) async fn supersede(tx: &mut Tx, id: OutboxId) -> Result<bool, CatalogError> {
    let sql = "SELECT contact_id, COALESCE(phone_number_id, '') FROM outbox WHERE id = $1";
    let Some(line) = optional!(tx, (Uuid, String), sql, id.0)? else { return Ok(false) };
    // The line comes before its messages, as for whoever serves it.
    hold(tx, &line_of(line)).await?;
    let sql = "UPDATE outbox SET lease_until = NULL WHERE id = $1 AND state = 'queued'";
    if execute!(tx, sql, id.0)? != 1 {
        return Ok(false);
    }
    // Boxed, for what moves may lead back here.
    Box::pin(settle(tx, id, Settled { error: Some("superseded"), ..Settled::to(OutboxState::Withdrawn) }))
        .await
}

/// Moves a message that is not at its end; whether it was there. A status that came first keeps what it said: what is known
/// to have failed may not have left only. Nor does one that is leaving go back into its line, where it would leave twice:
/// its own refusal is written down before anything follows from it, and whoever comes late decides on an earlier one.
async fn settle(tx: &mut Tx, id: OutboxId, to: Settled<'_>) -> Result<bool, CatalogError> {
    let error = to.error.map(|e| cut(e, 500));
    let present = tx.now();
    let row = optional!(
        tx,
        (Option<Uuid>, Uuid, String, String),
        "UPDATE outbox SET state = CASE WHEN $2 = 'sent' AND state = 'refused' THEN state ELSE $2 END, \
         wamid = COALESCE($3, wamid), error = $4, next_attempt_at = $5, held_for = $8, \
         not_before = CASE WHEN $8 IS NULL THEN not_before ELSE $5 END, \
         attempts = CASE WHEN $9 OR attempts = 0 OR state = 'queued' THEN attempts ELSE attempts - 1 END, \
         error_code = CASE WHEN $2 = 'sent' AND state <> 'refused' THEN NULL ELSE COALESCE($7, error_code) END, \
         sent_at = CASE WHEN $2 IN ('sent', 'unknown') THEN $6 ELSE sent_at END, lease_until = NULL, updated_at = $6 \
         WHERE id = $1 AND state IN ('queued', 'sending', 'unknown', 'refused') \
           AND NOT ($2 = 'sent' AND state = 'queued' AND COALESCE(wamid, '') = COALESCE($3, '-')) \
           AND NOT ($2 = 'unknown' AND state = 'refused') AND NOT ($2 = 'queued' AND state = 'sending') \
         RETURNING document_id, contact_id, COALESCE(phone_number_id, ''), purpose",
        id.0,
        to.state.as_str(),
        to.wamid.map(clean),
        error.as_deref(),
        to.again_at.map(micros),
        micros(present),
        to.code,
        to.held_for.map(HeldFor::as_str),
        to.counts
    )?;
    let Some((document, contact, number, purpose)) = row else {
        // Whoever wanted it later leaves the line alone until then.
        if to.again_at.is_some() {
            goes_on_behind(tx, id.0).await?;
        }
        return Ok(false);
    };
    let entry = timeline::Entry {
        document: document.map(DocumentId),
        contact: Some(ContactId(contact)),
        at: present,
        stage: None,
        event: match to.state {
            OutboxState::Sent | OutboxState::Delivered => "reply_sent",
            OutboxState::Unknown => "reply_unknown",
            OutboxState::Failed | OutboxState::Refused => "reply_failed",
            OutboxState::WindowClosed => "reply_window_closed",
            OutboxState::Withdrawn => "reply_withdrawn",
            OutboxState::Queued | OutboxState::Sending => "reply_later",
        },
        detail: json!({ "outbox_id": id, "purpose": purpose, "wamid": to.wamid, "error": error }),
    };
    timeline::write(tx, &[entry]).await?;
    if purpose == Purpose::Notice.as_str() {
        notices::moved(tx, id).await?;
    }
    if let Some(again) = to.again_at {
        wake(tx, &line_of((contact, number)), Wait::Until(again)).await?;
    }
    Ok(true)
}
