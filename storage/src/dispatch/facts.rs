//! What a decision on a message rests on: what is known of its contact, of its number, and of the templates that could carry
//! it. All of it is asked under the number's lock, and none of it decides.

use acuse_conversation::{Kind, stand_ins};
use acuse_whatsapp::{
    ErrorClass,
    policy::Window,
    template::{Given, HeaderFile, Takes},
};
use time::{Duration, OffsetDateTime};

use super::reach;
use crate::{
    accounts, cases,
    error::CatalogError,
    names::{AttachmentId, ContactId, maybe_at, number as counted},
    numbers,
    outbox::{OutboxMessage, Purpose},
    sql::Tx,
};

/// How often a message looks whether a template is still paused, where Meta says no time.
const PAUSE_LOOKED_AT: Duration = Duration::HOUR;

/// What is known of a message's number and contact when it is about to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// By the catalog's clock.
    pub now: OffsetDateTime,
    /// The latest word of the contact on the message's category: `granted`, `withdrawn`, `told`.
    pub consent: Option<String>,
    /// Of an answer that may not go as it is: they want nothing of our own accord any more.
    pub is_stopped: bool,
    /// They go by another name than when they were last heard of or agreed to anything: who holds it is yet to be seen. Never
    /// of an answer.
    pub is_unconfirmed: bool,
    /// When the day begins where the contact is, of what brings news or reminds; none: it has, or the number may not send
    /// anyhow.
    pub by_day_at: Option<OffsetDateTime>,
    /// The number may not send; when its probe is due.
    pub paused_until: Option<OffsetDateTime>,
    /// Which token the number uses.
    pub token_ref: String,
    /// Messages a second that the number may send now.
    pub rate_per_s: u32,
    /// When what the number sent is paid for.
    pub number_paid_at: Option<OffsetDateTime>,
    /// When what this contact was sent from this number is paid for.
    pub pair_paid_at: Option<OffsetDateTime>,
    /// When the contact last wrote to the number, by the channel's clock.
    pub last_inbound_at: Option<OffsetDateTime>,
    /// The first template for the message that is approved and not paused in its language; else the first of all.
    pub template: String,
    /// That template in each language in which it is approved and not paused.
    pub templates: Vec<Usable>,
    /// Those in which it is paused, and until when at least.
    pub paused_templates: Vec<(String, OffsetDateTime)>,
    /// The latest word of the contact on what advertises, where that template does by now: whatever the message was queued
    /// as, it goes as that.
    pub advertising: Option<String>,
    /// When the number may write to one more outside their 24 hours, by its tier; none: it may now, this contact was written
    /// to within the day, or nothing would go now that counts for it.
    pub reaches_at: Option<OffsetDateTime>,
}

/// A template as it can be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Usable {
    /// In which language.
    pub language: String,
    /// Whether Meta takes it for advertising, now.
    pub advertises: bool,
    /// What it takes, where Meta told.
    pub takes: Option<Takes>,
}

impl Facts {
    /// What the template takes in this language, where Meta told.
    #[must_use]
    pub fn takes(&self, language: &str) -> Option<&Takes> {
        self.templates.iter().find(|usable| usable.language == language)?.takes.as_ref()
    }
}

/// What stands in a message's template: what was given with its name, or the message's own text and its choices.
#[must_use]
pub fn stands_in(message: &OutboxMessage) -> (Option<String>, Vec<String>, Vec<String>) {
    let payload = &message.payload;
    if payload.named.is_some() {
        return (payload.header.clone(), payload.parameters.clone(), payload.buttons.clone());
    }
    let replies = payload.choices.iter().map(|(payload, _)| payload.clone()).collect();
    // No picture stands in a template: its words say where that is.
    let words = payload.without_file.clone().unwrap_or_else(|| message.body.clone());
    (None, vec![words], replies)
}

/// The file of ours that stands in the header of the template that a message names.
#[must_use]
pub fn in_header(message: &OutboxMessage) -> Option<AttachmentId> {
    message.payload.named.as_ref().and(message.attachment_id)
}

/// The templates that may stand in for a message when free text may not be sent, in this order.
#[must_use]
pub fn templates_of(message: &OutboxMessage) -> Vec<String> {
    message.payload.named.clone().map_or_else(|| stand_ins(message.purpose.as_str()), |named| vec![named])
}

/// Reads them, and keeps others from changing what they say of the number meanwhile.
pub(super) async fn gather(
    tx: &mut Tx,
    message: &OutboxMessage,
    number: &str,
) -> Result<Facts, CatalogError> {
    const T: &str = "numbers";
    numbers::ensure(tx, number).await?;
    let now = tx.now();
    let text = tx.pick(
        "SELECT token_ref, send_paused, send_probe_at, rate_per_s, rate_paid_at FROM numbers WHERE phone_number_id = $1",
        "SELECT token_ref, send_paused, send_probe_at, rate_per_s, rate_paid_at FROM numbers WHERE phone_number_id = $1 \
         FOR UPDATE",
    );
    let (token_ref, paused, probe_at, rate, paid) =
        one!(tx, (String, bool, Option<i64>, i64, i64), text, number)?;
    let window = optional!(
        tx,
        (i64, i64),
        "SELECT last_inbound_at, pair_paid_at FROM windows WHERE contact_id = $1 AND phone_number_id = $2",
        message.contact_id.0,
        number
    )?;
    let known = |at: i64| Some(at).filter(|at| *at > 0);
    let (template, templates, paused_templates) = usable(tx, message, number).await?;
    let last_inbound_at = maybe_at("windows", "last_inbound_at", window.and_then(|(at, _)| known(at)))?;
    let advertising = if templates.iter().any(|usable| usable.advertises) {
        consent(tx, message, number, Some("marketing")).await?
    } else {
        None
    };
    let paused_until =
        if paused { Some(numbers::probe_due(maybe_at(T, "send_probe_at", probe_at)?, now)) } else { None };
    // All this is asked under the number's lock, for which others wait: only what can still decide.
    let may_send = paused_until.is_none_or(|until| until <= now);
    let by_day_at = if may_send { by_day_at(tx, message).await? } else { None };
    let by_template = !templates.is_empty() && !Window::at(last_inbound_at, now).is_open();
    let reaches_at = if may_send && by_day_at.is_none() && by_template {
        reach::room(tx, (message.contact_id, number), now).await?
    } else {
        None
    };
    Ok(Facts {
        now,
        consent: consent(tx, message, number, message.category.as_deref()).await?,
        is_stopped: is_stopped(tx, message, (number, last_inbound_at)).await?,
        is_unconfirmed: message.category.is_some() && is_unconfirmed(tx, message.contact_id).await?,
        by_day_at,
        paused_until,
        token_ref,
        rate_per_s: counted(T, "rate_per_s", rate)?,
        number_paid_at: maybe_at(T, "rate_paid_at", known(paid))?,
        pair_paid_at: maybe_at("windows", "pair_paid_at", window.and_then(|(_, paid)| known(paid)))?,
        last_inbound_at,
        template,
        templates,
        paused_templates,
        advertising,
        reaches_at,
    })
}

/// What was queued by day may leave only at night, after a pause for instance: it waits for the day then.
async fn by_day_at(tx: &mut Tx, message: &OutboxMessage) -> Result<Option<OffsetDateTime>, CatalogError> {
    let kind = match message.purpose {
        Purpose::Reminder => Kind::Ask,
        Purpose::Collection => Kind::Collection,
        Purpose::Notice => Kind::Notice,
        Purpose::Approval if reminds(tx, message).await? => Kind::Approval,
        _ => return Ok(None),
    };
    let person = cases::person(tx, message.contact_id).await?;
    let now = tx.now();
    Ok(Some(cases::by_day(tx, &person, kind, now)).filter(|day| *day > now))
}

/// Whether whoever is answered wants nothing of our own accord any more; not asked while their window is open, for then an
/// answer goes whatever they said. The one message that says so goes at any time.
async fn is_stopped(
    tx: &mut Tx,
    message: &OutboxMessage,
    (number, last_inbound_at): (&str, Option<OffsetDateTime>),
) -> Result<bool, CatalogError> {
    // Meta may know better than our clock that it is closed.
    let is_shut = message.error_code.and_then(ErrorClass::of_code) == Some(ErrorClass::WindowClosed);
    let goes = !is_shut && Window::at(last_inbound_at, tx.now()).is_open();
    if goes || message.category.is_some() || message.purpose == Purpose::Stopped {
        return Ok(false);
    }
    let said = consent(tx, message, number, Some("utility")).await?;
    Ok(said.as_deref() == Some("withdrawn"))
}

/// Whether an approver was asked before: at night nobody reminds them. Who asks for an approval asks when they ask.
async fn reminds(tx: &mut Tx, message: &OutboxMessage) -> Result<bool, CatalogError> {
    let (before,) = one!(
        tx,
        (i64,),
        "SELECT COUNT(*) FROM outbox o JOIN outbox q ON COALESCE(q.case_id, q.document_id) = o.case_id \
         WHERE o.id = $1 AND q.purpose = 'approval' AND q.seq < o.seq",
        message.id.0
    )?;
    Ok(before > 0)
}

async fn consent(
    tx: &mut Tx,
    message: &OutboxMessage,
    number: &str,
    category: Option<&str>,
) -> Result<Option<String>, CatalogError> {
    let Some(category) = category else { return Ok(None) };
    let row = optional!(
        tx,
        (String,),
        "SELECT state FROM consents WHERE contact_id = $1 AND phone_number_id = $2 AND category = $3 \
         ORDER BY seq DESC LIMIT 1",
        message.contact_id.0,
        number,
        category
    )?;
    Ok(row.map(|(state,)| state))
}

/// Whether a contact took another name (a number, a user id) since they last wrote, or agreed to anything.
pub(crate) async fn is_unconfirmed(tx: &mut Tx, contact: ContactId) -> Result<bool, CatalogError> {
    let (renamed, heard) = one!(
        tx,
        (Option<i64>, i64),
        "SELECT (SELECT MAX(t.at) FROM timeline t WHERE t.contact_id = $1 AND t.event = 'renamed'), \
           (SELECT COALESCE(MAX(h.at), 0) FROM (SELECT w.last_inbound_at AS at FROM windows w WHERE w.contact_id = $1 \
             UNION ALL SELECT c.at AS at FROM consents c WHERE c.contact_id = $1 AND c.state = 'granted') h)",
        contact.0
    )?;
    Ok(renamed.is_some_and(|renamed| renamed >= heard))
}

/// A template in the languages in which it can be sent, and those in which it is paused, and until when at least.
type Languages = (Vec<Usable>, Vec<(String, OffsetDateTime)>);

/// The template by which a message can go, and in which languages: one that is paused or disabled makes way for the next, and
/// so does one of ours that takes something else by now than what we put in.
async fn usable(
    tx: &mut Tx,
    message: &OutboxMessage,
    number: &str,
) -> Result<(String, Vec<Usable>, Vec<(String, OffsetDateTime)>), CatalogError> {
    let base = |language: &str| language.split(['_', '-']).next().unwrap_or_default().to_owned();
    let names = templates_of(message);
    let mut held = None;
    for name in &names {
        let (mut languages, paused) = approved(tx, name, number).await?;
        languages.retain(|usable| message.payload.named.is_some() || fits(usable, message));
        if languages.iter().any(|usable| base(&usable.language) == base(&message.language)) {
            return Ok((name.clone(), languages, paused));
        }
        if held.is_none() && paused.iter().any(|(language, _)| base(language) == base(&message.language)) {
            held = Some((name.clone(), Vec::new(), paused));
        }
    }
    Ok(held.unwrap_or_else(|| (names.into_iter().next().unwrap_or_default(), Vec::new(), Vec::new())))
}

/// Whether what stands in a message fits a template, as far as that is known.
fn fits(usable: &Usable, message: &OutboxMessage) -> bool {
    let (header, body, buttons) = stands_in(message);
    let file = in_header(message).map(|_| HeaderFile::YET);
    let given = Given { header: header.as_deref(), file, body: &body, buttons: &buttons };
    usable.takes.as_ref().is_none_or(|takes| takes.fill(given).is_ok())
}

async fn approved(tx: &mut Tx, name: &str, number: &str) -> Result<Languages, CatalogError> {
    let present = tx.now();
    let rows = all!(
        tx,
        (String, String, Option<i64>, String, Option<String>),
        "SELECT t.language, t.status, t.paused_until, t.category, t.takes FROM templates t JOIN numbers n ON n.phone_number_id = $1 \
         WHERE t.waba_id = COALESCE(n.waba_id, t.waba_id) AND t.name = $2 AND t.status IN ('APPROVED', 'PAUSED') \
         ORDER BY t.language LIMIT 100",
        number,
        name
    )?;
    let (mut approved, mut paused) = (Vec::new(), Vec::new());
    for (language, status, until, category, takes) in rows {
        let until = maybe_at("templates", "paused_until", until)?.filter(|until| *until > present);
        match until {
            None if status == "APPROVED" => approved.push(Usable {
                language,
                advertises: category == accounts::ADVERTISING,
                takes: accounts::taken(takes.as_deref())?,
            }),
            until => paused.push((language, until.unwrap_or(present + PAUSE_LOOKED_AT))),
        }
    }
    Ok((approved, paused))
}
