//! Collections: one case a customer who owes, which reminds of all that is due in one message, never at night and never
//! twice on one day, and ends in front of a person, or with the receipt that pays.

mod unbilled;
mod unheard;
mod unseen;

use std::collections::BTreeSet;

use acuse_conversation::{Collecting, Event, Kind, Next, State, said};
use time::{Date, OffsetDateTime, UtcOffset};
use uuid::Uuid;

pub use unbilled::UNBILLED;
pub(crate) use unheard::{reminded_by, unheard, unsay};
pub use unseen::UNSEEN;

use super::{About, CaseId, Held, OPEN, find_or_open, get, happens, hold_contact, speak};
use crate::{
    catalog::Catalog,
    consents::{self, Category, Word},
    error::CatalogError,
    house,
    names::{ContactId, CustomerId, ObligationId, OutboxId, at, maybe_at, micros},
    obligations::{Open, open_of, to_text},
    outbox::{self, NewReply, Purpose, Saying},
    sql::Tx,
};

/// Cases that one sweep schedules anew; the next one takes the rest.
const FOLLOWED: i64 = 200;

fn today(now: OffsetDateTime, zone: UtcOffset) -> Date {
    now.to_offset(zone).date()
}

/// What is next for what is owed, where its debtor is.
fn next_of(rules: &Collecting, open: &Open, zone: UtcOffset) -> Next {
    rules.next(open.due, open.said_at.map(|at| today(at, zone)), open.promised)
}

/// All that is due to be said of a customer's obligations by now, in one message, with what waits still to be said of them.
pub(super) async fn remind(tx: &mut Tx, held: &Held, person: &speak::Person) -> Result<(), CatalogError> {
    let Ok(customer) = held.subject.parse::<Uuid>().map(CustomerId) else { return Ok(()) };
    if !may_be_told(tx, held).await? {
        // No stage is spent on it: what follows is looked for next.
        return Ok(());
    }
    let rules = house::rules(tx).await?.collecting();
    let (present, zone) = (tx.now(), person.zone().usual());
    let day = today(present, zone);
    if said_on(tx, customer, (day, zone)).await? {
        return Ok(());
    }
    let all = open_of(tx, customer).await?;
    let due = |open: &&Open| matches!(next_of(&rules, open, zone), Next::Reminder(on) if on <= day);
    let mut told = BTreeSet::new();
    for open in all.iter().filter(|open| open.is_open).filter(due) {
        // Whoever reminds of it at this very moment, somebody else of the customer's, leaves nothing to say.
        let mine = execute!(
            tx,
            "UPDATE obligations SET said = said + 1, said_at = $2, updated_at = $2 \
             WHERE id = $1 AND COALESCE(said_at, 0) = $3 AND state = 'open'",
            open.id.0,
            micros(present),
            open.said_at.map_or(0, micros)
        )?;
        if mine == 1 {
            told.insert(open.id);
        }
    }
    if told.is_empty() {
        return Ok(());
    }
    told.extend(take_back(tx, customer, zone).await?);
    if is_leaving(tx, customer, day.midnight().assume_offset(zone)).await? {
        // It left before it could be taken back: that one is today's, and this waits a day.
        return Err(CatalogError::Contention);
    }
    let items: Vec<said::Due> = all
        .iter()
        .filter(|open| told.contains(&open.id))
        .map(|open| said::Due {
            number: open.number.clone(),
            amount: to_text(open.left),
            currency: open.currency.clone(),
            due: open.due,
            is_late: open.due < day,
        })
        .collect();
    let body = said::owed(&items, person.language);
    speak::say(tx, held, person, (Purpose::Collection, Some("billing")), body).await
}

/// Takes back what was said of a customer's obligations on a day before and has not left, as behind a pause: two would leave
/// on one day. Of which it told: nobody heard, and what is still owed of them is told now.
async fn take_back(
    tx: &mut Tx,
    customer: CustomerId,
    zone: UtcOffset,
) -> Result<Vec<ObligationId>, CatalogError> {
    let rows = all!(
        tx,
        (Uuid, i64),
        "SELECT o.id, o.created_at FROM cases c JOIN outbox o ON COALESCE(o.case_id, o.document_id) = c.id \
         WHERE c.kind = 'collection' AND c.subject = $1 AND o.purpose = 'collection' AND o.state = 'queued' \
         ORDER BY o.created_at, o.id",
        customer.0.to_string()
    )?;
    let mut first = None;
    for (id, queued) in rows {
        if outbox::supersede(tx, OutboxId(id)).await? && first.is_none() {
            first = Some(at("outbox", "created_at", queued)?);
        }
    }
    let Some(first) = first else { return Ok(Vec::new()) };
    let (since, present) = (today(first, zone).midnight().assume_offset(zone), tx.now());
    let rows = all!(
        tx,
        (Uuid,),
        "UPDATE obligations SET said_at = $3, updated_at = $3 \
         WHERE customer_id = $1 AND state = 'open' AND said_at >= $2 RETURNING id",
        customer.0,
        micros(since),
        micros(present)
    )?;
    Ok(rows.into_iter().map(|(id,)| ObligationId(id)).collect())
}

/// Whether a customer was reminded of anything on this day, also of what is settled since, or is about to be by what was
/// said before.
async fn said_on(
    tx: &mut Tx,
    customer: CustomerId,
    (day, zone): (Date, UtcOffset),
) -> Result<bool, CatalogError> {
    let (last,) =
        one!(tx, (Option<i64>,), "SELECT MAX(said_at) FROM obligations WHERE customer_id = $1", customer.0)?;
    let is_said = maybe_at("obligations", "said_at", last)?.is_some_and(|at| today(at, zone) == day);
    Ok(is_said || is_leaving(tx, customer, day.midnight().assume_offset(zone)).await?)
}

/// Whether what was said of a customer's obligations left since then, or is leaving; it may have waited since the day before.
async fn is_leaving(tx: &mut Tx, customer: CustomerId, since: OffsetDateTime) -> Result<bool, CatalogError> {
    let (count,) = one!(
        tx,
        (i64,),
        "SELECT COUNT(*) FROM cases c JOIN outbox o ON COALESCE(o.case_id, o.document_id) = c.id \
         WHERE c.kind = 'collection' AND c.subject = $1 AND o.purpose = 'collection' \
         AND (o.state IN ('sending', 'unknown', 'refused') \
           OR (o.state IN ('sent', 'delivered') AND o.sent_at >= $2))",
        customer.0.to_string(),
        micros(since)
    )?;
    Ok(count > 0)
}

/// To whom a customer's obligations are told, and from which number: the contact that was named, else one of the
/// customer's, who agreed to be reminded of what they owe.
async fn billed(
    tx: &mut Tx,
    customer: CustomerId,
    all: &[Open],
) -> Result<Option<(ContactId, String)>, CatalogError> {
    let named =
        all.iter().find_map(|open| open.contact.map(|contact| (contact, open.number_of_ours.clone())));
    let mut candidates: Vec<(ContactId, Option<String>)> = named.into_iter().collect();
    let ours = all.iter().find_map(|open| open.number_of_ours.clone());
    let rows = all!(
        tx,
        (Uuid,),
        "SELECT id FROM contacts WHERE customer_id = $1 AND merged_into IS NULL ORDER BY id LIMIT 50",
        customer.0
    )?;
    candidates.extend(rows.into_iter().map(|(id,)| (ContactId(id), ours.clone())));
    for (contact, number) in candidates {
        let number = match number {
            Some(number) => Some(number),
            None => {
                let row = optional!(
                    tx,
                    (Option<String>,),
                    "SELECT phone_number_id FROM contacts WHERE id = $1",
                    contact.0
                )?;
                row.and_then(|(number,)| number)
            }
        };
        let Some(number) = number else { continue };
        if consents::latest(tx, contact, &number, Category::Billing).await? == Some(Word::Granted) {
            return Ok(Some((contact, number)));
        }
    }
    Ok(None)
}

/// Whether whom a case is with agreed to be reminded from its number. A case may have begun with whoever sent a receipt.
async fn may_be_told(tx: &mut Tx, held: &Held) -> Result<bool, CatalogError> {
    let word = consents::latest(tx, held.contact, &held.phone_number_id, Category::Billing).await?;
    Ok(word == Some(Word::Granted))
}

/// The open case of a customer who owes.
async fn open_case(tx: &mut Tx, customer: CustomerId) -> Result<Option<Held>, CatalogError> {
    let text = format!(
        "SELECT id FROM cases WHERE kind = 'collection' AND subject = $1 AND state IN {OPEN} ORDER BY id LIMIT 1"
    );
    let row = optional!(tx, (Uuid,), sqlx::AssertSqlSafe(text.clone()), customer.0.to_string())?;
    match row {
        Some((id,)) => get(tx, CaseId(id)).await,
        None => Ok(None),
    }
}

/// With whom what a customer owes is talked of: whom the open case is with, else whom one would begin with.
async fn whose(tx: &mut Tx, customer: CustomerId) -> Result<Option<ContactId>, CatalogError> {
    if let Some(held) = open_case(tx, customer).await? {
        return Ok(Some(held.contact));
    }
    let all = open_of(tx, customer).await?;
    if !all.iter().any(|open| open.is_open) {
        return Ok(None);
    }
    Ok(billed(tx, customer, &all).await?.map(|(contact, _)| contact))
}

/// Sees to it that what a customer owes is reminded of when it is time, that a person knows where nobody may be, and that
/// nothing comes where nothing is owed.
pub(crate) async fn schedule(tx: &mut Tx, customer: CustomerId) -> Result<(), CatalogError> {
    if tx.policies().is_none() {
        return Ok(());
    }
    // One contact alone is held: of two, somebody else comes to them the other way round.
    let contact = whose(tx, customer).await?;
    if let Some(contact) = contact {
        hold_contact(tx, contact).await?;
    }
    let (all, case) = (open_of(tx, customer).await?, open_case(tx, customer).await?);
    if case.as_ref().is_some_and(|held| Some(held.contact) != contact) {
        return Err(CatalogError::Contention);
    }
    let case = match case {
        // Their case is over, and a receipt holds something still: whoever sees to what is owed is to see it.
        None if all.iter().any(|open| !open.is_open) => {
            unseen::show(tx, customer).await?;
            open_case(tx, customer).await?
        }
        case => case,
    };
    let open: Vec<&Open> = all.iter().filter(|open| open.is_open).collect();
    if open.is_empty() {
        unbilled::over(tx, customer).await?;
    }
    if all.is_empty() {
        return match case {
            Some(held) => happens(tx, held, Uuid::now_v7(), Event::ReviewDecided).await,
            None => Ok(()),
        };
    }
    if open.is_empty() {
        return Ok(());
    }
    let (version, house) = house::in_force(tx).await?;
    let Some((whom, number)) = billed(tx, customer, &all).await? else {
        let is_told = case.is_some_and(|held| held.case.state == State::Human);
        return if is_told { Ok(()) } else { unbilled::tell(tx, customer, &open, &house).await };
    };
    unbilled::over(tx, customer).await?;
    let case = match case {
        // They never agreed: it is over with them. The sweep begins with whoever did: of two contacts one alone is held here.
        Some(held) if held.case.state != State::Human && !may_be_told(tx, &held).await? => {
            return happens(tx, held, Uuid::now_v7(), Event::ReviewDecided).await;
        }
        case => case,
    };
    // Somebody agreed since the contact was looked for.
    let Some(contact) = contact else { return Err(CatalogError::Contention) };
    let subject = customer.0.to_string();
    let about = About { contact, phone_number_id: &number, kind: Kind::Collection, subject: &subject };
    let held = match case {
        Some(held) => held,
        None if whom == contact => find_or_open(tx, about).await?,
        // Somebody else is billed since the contact was looked for.
        None => return Err(CatalogError::Contention),
    };
    by_rules(tx, held.id, version).await?;
    waits_for_its_stage(tx, held, (customer, &open), &house.collecting()).await
}

/// What is owed is reminded of at its next stage; from the day on that is a person's, it is theirs.
async fn waits_for_its_stage(
    tx: &mut Tx,
    held: Held,
    (customer, open): (CustomerId, &[&Open]),
    rules: &Collecting,
) -> Result<(), CatalogError> {
    let zone = held.person.zone().usual();
    let day = today(tx.now(), zone);
    let nexts: Vec<Next> = open.iter().map(|open| next_of(rules, open, zone)).collect();
    let Some(next) = nexts.iter().min_by_key(|next| next.day()) else { return Ok(()) };
    // However often what else is owed is said anew, for it could not leave.
    if nexts.iter().any(|next| matches!(next, Next::Person(on) if *on <= day)) {
        return happens(tx, held, Uuid::now_v7(), Event::Overdue).await;
    }
    // What was said today is enough for today.
    let said_today = said_on(tx, customer, (day, zone)).await?;
    let on = if said_today { next.day().max(day.next_day().unwrap_or(day)) } else { next.day() };
    let at = on.midnight().assume_offset(zone);
    happens(tx, held, Uuid::now_v7(), Event::Scheduled { at }).await
}

/// By which version of the house's rules a case goes on.
async fn by_rules(tx: &mut Tx, id: CaseId, version: i64) -> Result<(), CatalogError> {
    execute!(tx, "UPDATE cases SET policy_version = $2 WHERE id = $1", id.0, version).map(drop)
}

impl Catalog {
    /// What was scheduled by rules that count no more is scheduled by those that do; how many.
    pub(crate) async fn follow_rules(&self) -> Result<u64, CatalogError> {
        let mut tx = self.reading().await?;
        if tx.policies().is_none() {
            return Ok(0);
        }
        let (version, _) = house::in_force(&mut tx).await?;
        // In the order of their index, or it is read off all cases by their ids.
        let text = format!(
            "SELECT id, subject FROM cases WHERE kind = 'collection' AND state IN {OPEN} AND state = $1 \
             AND COALESCE(policy_version, -1) <> $2 ORDER BY subject LIMIT $3"
        );
        let waiting = State::Waiting.as_str();
        let rows = all!(tx, (Uuid, String), sqlx::AssertSqlSafe(text.clone()), waiting, version, FOLLOWED)?;
        drop(tx);
        let followed = rows.len() as u64;
        for (id, subject) in rows {
            let mut tx = self.writing().await?;
            if let Ok(customer) = subject.parse() {
                schedule(&mut tx, CustomerId(customer)).await?;
            }
            // Also where nothing is to be scheduled: it is looked at once.
            by_rules(&mut tx, CaseId(id), version).await?;
            tx.commit().await?;
        }
        Ok(followed)
    }
}

/// Somebody agreed to be reminded of what they owe: what they owe already is, from now on.
pub(crate) async fn may_be_billed(tx: &mut Tx, contact: ContactId) -> Result<(), CatalogError> {
    let rows = all!(
        tx,
        (Uuid,),
        "SELECT DISTINCT o.customer_id FROM obligations o WHERE o.state = 'open' AND (o.contact_id = $1 \
         OR o.customer_id = (SELECT c.customer_id FROM contacts c WHERE c.id = $1)) ORDER BY o.customer_id LIMIT 50",
        contact.0
    )?;
    for (customer,) in rows {
        schedule(tx, CustomerId(customer)).await?;
    }
    Ok(())
}

/// A receipt pays something of a customer's, surely or as far as can be told: the case hears of it. One begins where there
/// is none, so that a person sees it: with the receipt's sender, or, where nobody sent it, with whoever is known of theirs.
pub(crate) async fn matched(
    tx: &mut Tx,
    customer: CustomerId,
    sender: Option<(ContactId, &str)>,
    (document, is_sure): (Uuid, bool),
) -> Result<(), CatalogError> {
    let held = match (open_case(tx, customer).await?, sender) {
        (Some(held), _) => held,
        (None, Some((contact, number))) => {
            hold_contact(tx, contact).await?;
            let subject = customer.0.to_string();
            let about = About { contact, phone_number_id: number, kind: Kind::Collection, subject: &subject };
            find_or_open(tx, about).await?
        }
        (None, None) if is_sure => return Ok(()),
        (None, None) => {
            return unseen::show(tx, customer).await.map(drop);
        }
    };
    hold_contact(tx, held.contact).await?;
    execute!(
        tx,
        "INSERT INTO case_documents (case_id, document_id, role) VALUES ($1, $2, 'receipt') ON CONFLICT DO NOTHING",
        held.id.0,
        document
    )?;
    happens(tx, held, Uuid::now_v7(), Event::ReceiptMatched { is_sure }).await
}

/// Thanks for what was paid, once by each nonce: an answer to what somebody sent.
pub(crate) async fn thank(
    tx: &mut Tx,
    (contact, number): (ContactId, &str),
    nonce: String,
    numbers: &[String],
) -> Result<(), CatalogError> {
    let language = speak::person(tx, contact).await?.language;
    let reply = NewReply {
        purpose: Purpose::Paid,
        body: said::paid(numbers, language),
        language: language.as_str().to_owned(),
        nonce,
    };
    let saying =
        Saying { document: None, case: None, contact, phone_number_id: Some(number), category: None };
    outbox::queue(tx, saying, &reply).await
}

/// A person settled a receipt: nothing else of the customer's is looked at any more, and what is left goes on by itself.
pub(crate) async fn settled(tx: &mut Tx, customer: CustomerId) -> Result<(), CatalogError> {
    let held = open_of(tx, customer).await?.iter().any(|open| !open.is_open);
    match open_case(tx, customer).await? {
        Some(case) if !held => {
            hold_contact(tx, case.contact).await?;
            happens(tx, case, Uuid::now_v7(), Event::ReviewDecided).await
        }
        _ => Ok(()),
    }
}
