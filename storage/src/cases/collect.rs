//! Collections: one case for whom a customer's bills are told to and from which number of ours, which reminds of all that is
//! due in one message, never at night and of one customer never twice on one day, and ends in front of a person, or with the
//! receipt that pays.

mod billed;
mod unbilled;
mod unheard;
mod unseen;

use std::collections::BTreeSet;

use acuse_conversation::{Collecting, Event, Kind, Next, State, said};
use time::{Date, OffsetDateTime, UtcOffset};
use uuid::Uuid;

use billed::{Matter, open_cases};

pub(crate) use billed::Near;
pub use unbilled::UNBILLED;
pub(crate) use unheard::{reminded_by, unheard, unsay};
pub use unseen::UNSEEN;

use super::{About, CaseId, Held, OPEN, find_or_open, get, happens, hold_contact, speak};
use crate::{
    catalog::Catalog,
    error::CatalogError,
    house,
    names::{ContactId, CustomerId, DocumentId, ObligationId, OutboxId, at, maybe_at, micros},
    obligations::{Open, to_text},
    outbox::{self, NewReply, Purpose, Saying},
    sql::{Tx, alone_by},
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

/// All of a customer's that is due to be said to whom a case is with, in one message, with what waits still to be said of it.
/// What is told to somebody else is theirs alone.
pub(super) async fn remind(tx: &mut Tx, held: &Held, person: &speak::Person) -> Result<(), CatalogError> {
    let Ok(customer) = held.subject.parse::<Uuid>().map(CustomerId) else { return Ok(()) };
    // Of two cases of a customer that are due at once, the second finds what the first has said.
    alone_by(tx, &format!("owed {customer}")).await?;
    let rules = house::rules(tx).await?.collecting();
    let (present, zone) = (tx.now(), person.zone().usual());
    let day = today(present, zone);
    if said_on(tx, (customer, held.id), (day, zone)).await? {
        return Ok(());
    }
    let matter = Matter::of(tx, customer).await?;
    let whom = (held.contact, held.phone_number_id.clone());
    // Nothing where they never agreed: no stage is spent on it, and what follows is looked for next.
    let mine: Vec<&Open> = matter.told_to(&whom).collect();
    let due = |open: &&&Open| matches!(next_of(&rules, open, zone), Next::Reminder(on) if on <= day);
    let mut told = BTreeSet::new();
    for open in mine.iter().filter(|open| open.is_open).filter(due) {
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
    told.extend(take_back(tx, (customer, held.id), (&mine, zone)).await?);
    if is_leaving(tx, (customer, held.id), day.midnight().assume_offset(zone)).await? {
        // It left before it could be taken back: that one is today's, and this waits a day.
        return Err(CatalogError::Contention);
    }
    let items: Vec<said::Due> = mine
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

/// Takes back what was said of a case's obligations on a day before and has not left, as behind a pause: two would leave
/// on one day. So of the customer's cases that are over. Of which it told: nobody heard, and what is still owed of them is
/// told now.
async fn take_back(
    tx: &mut Tx,
    (customer, case): (CustomerId, CaseId),
    (mine, zone): (&[&Open], UtcOffset),
) -> Result<Vec<ObligationId>, CatalogError> {
    let text = format!(
        "SELECT o.id, o.created_at FROM cases c JOIN outbox o ON COALESCE(o.case_id, o.document_id) = c.id \
         WHERE c.kind = 'collection' AND c.subject = $1 AND o.purpose = 'collection' AND o.state = 'queued' \
         AND (c.id = $2 OR c.state NOT IN {OPEN}) ORDER BY o.created_at, o.id"
    );
    let rows = all!(tx, (Uuid, i64), sqlx::AssertSqlSafe(text.clone()), customer.0.to_string(), case.0)?;
    let mut first = None;
    for (id, queued) in rows {
        if outbox::supersede(tx, OutboxId(id)).await? && first.is_none() {
            first = Some(at("outbox", "created_at", queued)?);
        }
    }
    let Some(first) = first else { return Ok(Vec::new()) };
    let (since, present) = (today(first, zone).midnight().assume_offset(zone), tx.now());
    let mut told = Vec::new();
    for open in mine {
        let again = execute!(
            tx,
            "UPDATE obligations SET said_at = $3, updated_at = $3 \
             WHERE id = $1 AND state = 'open' AND said_at >= $2",
            open.id.0,
            micros(since),
            micros(present)
        )?;
        told.extend((again == 1).then_some(open.id));
    }
    Ok(told)
}

/// Whether a customer was reminded of anything on this day, also of what is settled since, or is about to be by what was
/// said before, of this case or of another.
async fn said_on(
    tx: &mut Tx,
    (customer, case): (CustomerId, CaseId),
    (day, zone): (Date, UtcOffset),
) -> Result<bool, CatalogError> {
    let (last,) =
        one!(tx, (Option<i64>,), "SELECT MAX(said_at) FROM obligations WHERE customer_id = $1", customer.0)?;
    let is_said = maybe_at("obligations", "said_at", last)?.is_some_and(|at| today(at, zone) == day);
    Ok(is_said || is_leaving(tx, (customer, case), day.midnight().assume_offset(zone)).await?)
}

/// Whether what was said of a customer's obligations left since then, or is leaving; it may have waited since the day before.
/// What another of their cases said and has not left may leave at any time.
async fn is_leaving(
    tx: &mut Tx,
    (customer, case): (CustomerId, CaseId),
    since: OffsetDateTime,
) -> Result<bool, CatalogError> {
    let text = format!(
        "SELECT COUNT(*) FROM cases c JOIN outbox o ON COALESCE(o.case_id, o.document_id) = c.id \
         WHERE c.kind = 'collection' AND c.subject = $1 AND o.purpose = 'collection' \
         AND (o.state IN ('sending', 'unknown', 'refused') \
           OR (o.state IN ('sent', 'delivered') AND o.sent_at >= $2) \
           OR (o.state = 'queued' AND c.id <> $3 AND c.state IN {OPEN}))"
    );
    let (count,) =
        one!(tx, (i64,), sqlx::AssertSqlSafe(text.clone()), customer.0.to_string(), micros(since), case.0)?;
    Ok(count > 0)
}

/// Sees to it that what a customer owes is reminded of when it is time, that a person knows where nobody may be, and that
/// nothing comes where nothing is owed. Of several with whom it is talked of it is about one, and the sweep comes to the
/// others.
pub(crate) async fn schedule(tx: &mut Tx, customer: CustomerId, near: Near) -> Result<(), CatalogError> {
    if tx.policies().is_none() {
        return Ok(());
    }
    // One contact alone is held: of two, somebody else comes to them the other way round.
    let contact = Matter::of(tx, customer).await?.with(near);
    if let Some(contact) = contact {
        hold_contact(tx, contact).await?;
    }
    let mut matter = Matter::of(tx, customer).await?;
    if matter.with(near) != contact {
        // It is talked of with somebody else by now.
        return Err(CatalogError::Contention);
    }
    if matter.cases.is_empty() && !unseen::receipts(tx, customer).await?.is_empty() {
        // Their case is over, and a receipt waits for a word still: whoever sees to what is owed is to see it.
        unseen::show(tx, customer).await?;
        matter = Matter::of(tx, customer).await?;
    }
    let (version, house) = house::in_force(tx).await?;
    let nobodys: Vec<&Open> =
        matter.open().filter(|(_, whom)| whom.is_none()).map(|(open, _)| open).collect();
    if nobodys.is_empty() {
        unbilled::over(tx, customer).await?;
    } else if !matter.cases.iter().any(|case| case.is_persons) {
        unbilled::tell(tx, customer, &nobodys, &house).await?;
    }
    let Some(contact) = contact else { return Ok(()) };
    // Nothing is owed, or they never agreed: it is over with them. A receipt that is left is a person's.
    for case in matter.cases.iter().filter(|case| case.contact == contact) {
        let event = if matter.is_over(case) {
            Event::ReviewDecided
        } else if matter.all.is_empty() {
            Event::ReceiptMatched { is_sure: false }
        } else {
            continue;
        };
        if let Some(held) = get(tx, case.id).await? {
            happens(tx, held, Uuid::now_v7(), event).await?;
        }
    }
    let mut theirs: Vec<_> = matter.open().filter_map(|(_, whom)| whom).collect();
    theirs.retain(|(whom, _)| *whom == contact);
    theirs.sort();
    theirs.dedup();
    for billed in theirs {
        let open: Vec<&Open> = matter.told_to(billed).filter(|open| open.is_open).collect();
        let subject = customer.0.to_string();
        let about = About { contact, phone_number_id: &billed.1, kind: Kind::Collection, subject: &subject };
        let held = find_or_open(tx, about).await?;
        by_rules(tx, held.id, version).await?;
        waits_for_its_stage(tx, held, (customer, &open), &house.collecting()).await?;
    }
    Ok(())
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
    let said_today = said_on(tx, (customer, held.id), (day, zone)).await?;
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
            "SELECT id, subject, contact_id FROM cases WHERE kind = 'collection' AND state IN {OPEN} AND state = $1 \
             AND COALESCE(policy_version, -1) <> $2 ORDER BY subject LIMIT $3"
        );
        let waiting = State::Waiting.as_str();
        let rows =
            all!(tx, (Uuid, String, Uuid), sqlx::AssertSqlSafe(text.clone()), waiting, version, FOLLOWED)?;
        drop(tx);
        let followed = rows.len() as u64;
        for (id, subject, contact) in rows {
            let mut tx = self.writing().await?;
            if let Ok(customer) = subject.parse() {
                schedule(&mut tx, CustomerId(customer), Near::Contact(ContactId(contact))).await?;
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
        schedule(tx, CustomerId(customer), Near::Contact(contact)).await?;
    }
    Ok(())
}

/// A receipt pays something of a customer's, surely or as far as can be told: the case hears of it in which the bill is told,
/// else any of theirs. One begins where there is none, so that a person sees it: with the receipt's sender, or, where nobody
/// sent it, with whoever is known of theirs. With whom it is.
pub(crate) async fn matched(
    tx: &mut Tx,
    (customer, bill): (CustomerId, ObligationId),
    sender: Option<(ContactId, &str)>,
    (document, is_sure): (Uuid, bool),
) -> Result<Option<ContactId>, CatalogError> {
    let matter = Matter::of(tx, customer).await?;
    let place = matter.all.iter().position(|open| open.id == bill);
    let whom = place.and_then(|place| matter.billed.get(place)?.as_ref());
    let told = matter.cases.iter().find(|case| whom.is_some_and(|whom| case.tells(whom)));
    let held = match (told.or(matter.cases.first()), sender) {
        (Some(case), _) => get(tx, case.id).await?.ok_or(CatalogError::Contention)?,
        (None, Some((contact, number))) => {
            hold_contact(tx, contact).await?;
            let subject = customer.0.to_string();
            let about = About { contact, phone_number_id: number, kind: Kind::Collection, subject: &subject };
            find_or_open(tx, about).await?
        }
        (None, None) if is_sure => return Ok(None),
        (None, None) => {
            unseen::show(tx, customer).await?;
            return Ok(None);
        }
    };
    let contact = held.contact;
    hold_contact(tx, contact).await?;
    execute!(
        tx,
        "INSERT INTO case_documents (case_id, document_id, role) VALUES ($1, $2, 'receipt') ON CONFLICT DO NOTHING",
        held.id.0,
        document
    )?;
    happens(tx, held, Uuid::now_v7(), Event::ReceiptMatched { is_sure }).await?;
    Ok(Some(contact))
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

/// A person settled a receipt: where its case shows no other that waits for them it is over, and what is left goes on by
/// itself. With whom it is.
pub(crate) async fn settled(
    tx: &mut Tx,
    customer: CustomerId,
    document: DocumentId,
) -> Result<Option<ContactId>, CatalogError> {
    let cases = open_cases(tx, customer).await?;
    let shows = all!(
        tx,
        (Uuid,),
        "SELECT case_id FROM case_documents WHERE document_id = $1 AND role = 'receipt'",
        document.0
    )?;
    let case = cases.iter().find(|case| shows.contains(&(case.id.0,))).or(cases.first());
    let Some(case) = case else { return Ok(None) };
    if !case.shows_slip {
        hold_contact(tx, case.contact).await?;
        if let Some(held) = get(tx, case.id).await? {
            happens(tx, held, Uuid::now_v7(), Event::ReviewDecided).await?;
        }
    }
    Ok(Some(case.contact))
}
