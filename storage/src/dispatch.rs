//! What stands before every send: the facts it is decided on, and the mark that it is about to leave.
//!
//! Both are one transaction under the number's lock, so that any number of workers pay into the same buckets and count whom
//! they reach. From the mark on, a worker that dies leaves a message that may have left; before it, one that waits as it was.

mod reach;

use acuse_conversation::{Kind, stand_ins};
use acuse_whatsapp::{
    policy::{Rate, Window, pair_backoff},
    template::{Given, HeaderFile, Takes},
};
use time::{Duration, OffsetDateTime};

use crate::{
    accounts, cases,
    catalog::Catalog,
    consents,
    error::CatalogError,
    names::{AttachmentId, ContactId, OutboxId, clean, maybe_at, micros, number as counted, to_json},
    numbers,
    outbox::{Line, OutboxMessage, Payload, Purpose, Wait, wake},
    sql::Tx,
};

/// How long a lowered rate stays before success raises it by a step.
const RATE_RESTS: Duration = Duration::seconds(10);
/// How often a message looks whether a template is still paused, where Meta says no time.
const PAUSE_LOOKED_AT: Duration = Duration::HOUR;
/// Refusals of the same burst lower the rate once.
const ONE_BURST: Duration = Duration::seconds(1);

/// What is known of a message's number and contact when it is about to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// By the catalog's clock.
    pub now: OffsetDateTime,
    /// The latest word of the contact on the message's category: `granted`, `withdrawn`, `told`.
    pub consent: Option<String>,
    /// They go by another name than when they were last heard of or agreed to anything: who holds it is yet to be seen. Never
    /// of an answer.
    pub is_unconfirmed: bool,
    /// When the day begins where the contact is, of what brings news or reminds; none: it has.
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
    /// When the number may write to one more outside their 24 hours, by its tier; none: it may now, or this contact was
    /// written to within the day.
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

/// What a message that goes costs, and how it goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paid {
    /// When what the number sent is paid for, this one included.
    pub number: OffsetDateTime,
    /// When what the contact was sent is paid for, this one included.
    pub pair: OffsetDateTime,
    /// It is the probe of the number's pause.
    pub probe: bool,
    /// The template it goes by, and its language.
    pub template: Option<(String, String)>,
    /// It goes outside the contact's 24 hours, and counts for the number's tier.
    pub reaches: bool,
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

/// How fast a number may send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NumberRate {
    /// Messages a second that it may send now.
    pub per_s: u32,
    /// Those that it may send when nothing is refused.
    pub ceiling: u32,
}

/// The templates that may stand in for a message when free text may not be sent, in this order.
#[must_use]
pub fn templates_of(message: &OutboxMessage) -> Vec<String> {
    message.payload.named.clone().map_or_else(|| stand_ins(message.purpose.as_str()), |named| vec![named])
}

impl Catalog {
    /// Lets `decide` say what becomes of a message, on facts that nobody changes meanwhile. If it says that the
    /// message goes, it is marked as leaving in the same commit, and counted. `None`: it is no longer waiting.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn dispatch<V>(
        &self,
        message: &OutboxMessage,
        number: &str,
        decide: impl FnOnce(&Facts) -> (V, Option<Paid>),
    ) -> Result<Option<V>, CatalogError> {
        let mut tx = self.writing().await?;
        let facts = facts(&mut tx, message, number).await?;
        let (verdict, paid) = decide(&facts);
        if let Some(paid) = paid {
            if !leaving(&mut tx, message, number, &paid).await? {
                return Ok(None);
            }
            pay(&mut tx, message, number, &paid).await?;
            if message.phone_number_id.as_deref() != Some(number) {
                // It stands in another line from now on, which has a task as every line has in which something waits.
                let line = Line { contact: message.contact_id, number: number.to_owned() };
                wake(&mut tx, &line, Wait::None).await?;
            }
        }
        tx.commit().await?;
        Ok(Some(verdict))
    }

    /// Meta says that the number sends too fast: half of its rate from now on; what that is.
    ///
    /// # Errors
    /// When the database fails or the row is impossible.
    pub async fn rate_lowered(&self, number: &str) -> Result<NumberRate, CatalogError> {
        const T: &str = "numbers";
        let mut tx = self.writing().await?;
        let present = tx.now();
        numbers::ensure(&mut tx, number).await?;
        execute!(
            tx,
            "UPDATE numbers SET rate_per_s = CASE WHEN rate_per_s > 1 THEN rate_per_s / 2 ELSE 1 END, \
             rate_changed_at = $2 WHERE phone_number_id = $1 AND (rate_changed_at <= $3 OR rate_changed_at > $2)",
            number,
            micros(present),
            micros(present - ONE_BURST)
        )?;
        let (per_s, ceiling) = one!(
            tx,
            (i64, i64),
            "SELECT rate_per_s, rate_ceiling FROM numbers WHERE phone_number_id = $1",
            number
        )?;
        tx.commit().await?;
        Ok(NumberRate {
            per_s: counted(T, "rate_per_s", per_s)?,
            ceiling: counted(T, "rate_ceiling", ceiling)?,
        })
    }

    /// Meta says that too much goes to this person from this number: nothing does for as long as is answered, and then
    /// as it is paid for.
    ///
    /// # Errors
    /// When the database fails or the row is impossible.
    pub async fn pair_refused(
        &self,
        contact: ContactId,
        number: &str,
    ) -> Result<std::time::Duration, CatalogError> {
        let mut tx = self.writing().await?;
        let present = tx.now();
        // What was sent was paid for, so there is a row; unless they turned out to be another meanwhile.
        let refused = optional!(
            tx,
            (i64,),
            "UPDATE windows SET pair_refused = pair_refused + 1 WHERE contact_id = $1 AND phone_number_id = $2 \
             RETURNING pair_refused",
            contact.0,
            number
        )?;
        let before = refused.map_or(0, |(times,)| times.saturating_sub(1));
        let wait = pair_backoff(counted("windows", "pair_refused", before)?);
        execute!(
            tx,
            "UPDATE windows SET pair_paid_at = $3 WHERE contact_id = $1 AND phone_number_id = $2",
            contact.0,
            number,
            micros(Rate::PAIR.spent(present, wait))
        )?;
        tx.commit().await?;
        Ok(wait)
    }

    /// A template was refused for good, or paused until then: it stands in for nothing meanwhile.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn template_refused(
        &self,
        number: &str,
        (name, language): &(String, String),
        why: &str,
        until: Option<OffsetDateTime>,
    ) -> Result<(), CatalogError> {
        let mut tx = self.writing().await?;
        execute!(
            tx,
            "UPDATE templates SET status = CASE WHEN $5 IS NULL THEN 'BLOCKED' ELSE status END, \
             paused_until = $5, rejected_reason = $4 WHERE name = $2 AND language = $3 \
             AND waba_id = COALESCE((SELECT n.waba_id FROM numbers n WHERE n.phone_number_id = $1), waba_id)",
            number,
            name.as_str(),
            language.as_str(),
            clean(why),
            until.map(micros)
        )?;
        tx.commit().await
    }

    /// The contact does not want messages of this category from this number: it holds until they say otherwise, and what we
    /// began of our own accord ends.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn consent_withdrawn(
        &self,
        message: &OutboxMessage,
        number: &str,
        category: &str,
        source: &str,
    ) -> Result<(), CatalogError> {
        let mut tx = self.writing().await?;
        consents::refused(&mut tx, (message.contact_id, number), category, source).await?;
        tx.commit().await
    }
}

async fn facts(tx: &mut Tx, message: &OutboxMessage, number: &str) -> Result<Facts, CatalogError> {
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
    let reaches_at = if Window::at(last_inbound_at, now).is_open() {
        None
    } else {
        reach::room(tx, (message.contact_id, number), now).await?
    };
    Ok(Facts {
        now,
        consent: consent(tx, message, number, message.category.as_deref()).await?,
        is_unconfirmed: message.category.is_some() && is_unconfirmed(tx, message.contact_id).await?,
        by_day_at: by_day_at(tx, message).await?,
        paused_until: if paused {
            Some(numbers::probe_due(maybe_at(T, "send_probe_at", probe_at)?, now))
        } else {
            None
        },
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
        _ => return Ok(None),
    };
    let person = cases::person(tx, message.contact_id).await?;
    let now = tx.now();
    Ok(Some(cases::by_day(tx, &person, kind, now)).filter(|day| *day > now))
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

/// Marks a message as leaving, if it still waits.
async fn leaving(
    tx: &mut Tx,
    message: &OutboxMessage,
    number: &str,
    paid: &Paid,
) -> Result<bool, CatalogError> {
    // A status that is faster than the answer is of this try: the id of an earlier one must not stand in its way.
    let payload =
        to_json("a payload", &Payload { template: paid.template.clone(), ..message.payload.clone() })?;
    let present = tx.now();
    let marked = execute!(
        tx,
        "UPDATE outbox SET state = 'sending', attempts = attempts + 1, phone_number_id = $2, payload = $3, \
         wamid = NULL, sent_at = NULL, next_attempt_at = NULL, held_for = NULL, updated_at = $4 WHERE id = $1 AND state = 'queued'",
        message.id.0,
        number,
        payload,
        micros(present)
    )?;
    Ok(marked == 1)
}

async fn pay(tx: &mut Tx, message: &OutboxMessage, number: &str, paid: &Paid) -> Result<(), CatalogError> {
    execute!(
        tx,
        "UPDATE numbers SET rate_paid_at = $2 WHERE phone_number_id = $1",
        number,
        micros(paid.number)
    )?;
    let present = tx.now();
    // Whoever never wrote to this number has no window, and all the same a limit. What was refused before counts no more
    // once all was paid for.
    execute!(
        tx,
        "INSERT INTO windows (contact_id, phone_number_id, last_inbound_at, pair_paid_at) VALUES ($1, $2, 0, $3) \
         ON CONFLICT (contact_id, phone_number_id) DO UPDATE SET pair_paid_at = excluded.pair_paid_at, \
         pair_refused = CASE WHEN windows.pair_paid_at <= $4 THEN 0 ELSE windows.pair_refused END",
        message.contact_id.0,
        number,
        micros(paid.pair),
        micros(present)
    )?;
    if paid.reaches {
        reach::reached(tx, (message.contact_id, number), present).await?;
    }
    if paid.probe { numbers::probing(tx, number).await } else { Ok(()) }
}

/// A message was accepted: a rate that was lowered comes back step by step.
pub(crate) async fn rate_restored(tx: &mut Tx, id: OutboxId) -> Result<(), CatalogError> {
    let present = tx.now();
    execute!(
        tx,
        "UPDATE numbers SET rate_per_s = CASE WHEN rate_per_s + rate_ceiling / 8 + 1 < rate_ceiling \
           THEN rate_per_s + rate_ceiling / 8 + 1 ELSE rate_ceiling END, rate_changed_at = $2 \
         WHERE phone_number_id = (SELECT o.phone_number_id FROM outbox o WHERE o.id = $1) \
           AND rate_per_s < rate_ceiling AND (rate_changed_at <= $3 OR rate_changed_at > $2)",
        id.0,
        micros(present),
        micros(present - RATE_RESTS)
    )
    .map(drop)
}
