//! What a case says: rows of the outbox, with the words of [`acuse_conversation::said`].

use acuse_conversation::{
    Expects, Kind, Policy, Zone, day_of,
    language::Language,
    said::{self, Became, Item},
    wording::in_short,
};
use acuse_pipeline::reason::Reason;
use time::OffsetDateTime;
use uuid::Uuid;

use super::{Held, ask};
use crate::{
    contacts::phone_or_country,
    error::CatalogError,
    names::{ContactId, DocumentId, json, micros},
    outbox::{self, NewReply, Purpose, Saying, Shape},
    sql::Tx,
};

/// Whom a case speaks with.
#[derive(Clone)]
pub(crate) struct Person {
    /// In which we write to them.
    pub language: Language,
    /// Their number, or the country of their user id where none is known; empty where neither is.
    pub phone_or_country: String,
}

impl Person {
    /// By what their row has of them.
    pub(crate) fn of(language: Option<&str>, phone_or_country: Option<String>) -> Self {
        let language = Language::choose(language, phone_or_country.as_deref(), None);
        Self { language, phone_or_country: phone_or_country.unwrap_or_default() }
    }

    /// What time it is where they are.
    pub(crate) fn zone(&self) -> Zone {
        Zone::of(&self.phone_or_country)
    }
}

pub(crate) async fn person(tx: &mut Tx, contact: ContactId) -> Result<Person, CatalogError> {
    let row = optional!(
        tx,
        (Option<String>, Option<String>),
        concat!("SELECT p.language, ", phone_or_country!("p"), " FROM contacts p WHERE p.id = $1"),
        contact.0
    )?;
    let (language, phone_or_country) = row.unwrap_or_default();
    Ok(Person::of(language.as_deref(), phone_or_country))
}

/// The first moment from then on in which somebody is written to of our own accord: nobody is at night, where they are.
/// Where conversations are not led, by Acuse's own hours.
pub(crate) fn by_day(tx: &Tx, person: &Person, kind: Kind, at: OffsetDateTime) -> OffsetDateTime {
    let policy =
        tx.policies().map_or_else(|| Policy::of(kind).ok(), |policies| Some(policies.of(kind).clone()));
    policy.map_or(at, |policy| policy.in_zone(person.zone()).awake(at))
}

/// Says something in a case's name; each of its versions says a thing once.
pub(super) async fn say(
    tx: &mut Tx,
    held: &Held,
    person: &Person,
    about: (Purpose, Option<&str>),
    body: String,
) -> Result<(), CatalogError> {
    say_as(tx, held, person, about, body, &Shape::default()).await
}

/// The same in its shape.
pub(super) async fn say_as(
    tx: &mut Tx,
    held: &Held,
    person: &Person,
    (purpose, category): (Purpose, Option<&str>),
    body: String,
    shape: &Shape,
) -> Result<(), CatalogError> {
    let nonce = held.version.to_string();
    let reply = NewReply { purpose, body, language: person.language.as_str().to_owned(), nonce };
    let saying = Saying {
        document: None,
        case: Some(held.id),
        contact: held.contact,
        phone_number_id: Some(&held.phone_number_id),
        category,
    };
    outbox::queue_as(tx, saying, &reply, shape).await.map(drop)
}

pub(super) async fn received(
    tx: &mut Tx,
    held: &Held,
    person: &Person,
    count: u32,
) -> Result<(), CatalogError> {
    say(tx, held, person, (Purpose::Received, None), said::received(count, person.language)).await
}

type Gathered = (
    Uuid,
    Option<String>,
    Option<i64>,
    Option<i64>,
    String,
    Option<Uuid>,
    Option<String>,
    Option<String>,
    String,
    String,
    String,
);

type Lately =
    (Uuid, i64, String, Option<Uuid>, Option<String>, Option<String>, String, String, String, String);

/// What became of the files of a burst that is not said yet. Of one of them, what would be said of it alone.
pub(super) async fn summary(
    tx: &mut Tx,
    held: &Held,
    person: &Person,
    so_far: bool,
) -> Result<(), CatalogError> {
    let rows = all!(
        tx,
        Gathered,
        "SELECT d.id, cd.told, cd.rested_at, cd.told_at, d.status, d.duplicate_of, d.kind, d.waits_for, d.reasons, \
         d.fields, d.sensitivity FROM case_documents cd JOIN documents d ON d.id = cd.document_id \
         WHERE cd.case_id = $1 AND cd.role = 'came' ORDER BY d.id",
        held.id.0
    )?;
    let (mut items, mut alone) = (Vec::new(), Vec::new());
    for (n, row) in rows.iter().enumerate() {
        let (rested, told) = (row.2.is_some(), row.3.is_some());
        if told || !(rested || so_far) {
            continue;
        }
        items.push(item(n + 1, row, person.language)?);
        alone.push(row);
    }
    match alone.as_slice() {
        [] => return Ok(()),
        [(document, told, _, _, _, _, kind, .., sensitivity)] => {
            if let Some(told) = told.as_deref() {
                // It may have been closed since it came to rest.
                let reply: NewReply = json("case_documents", "told", told)?;
                let reply = outbox::openly(reply, kind.as_deref(), sensitivity);
                let saying = Saying {
                    document: Some(DocumentId(*document)),
                    case: None,
                    contact: held.contact,
                    phone_number_id: Some(&held.phone_number_id),
                    category: None,
                };
                outbox::queue(tx, saying, &reply).await?;
            }
        }
        _ => {
            let body = said::summary(&items, person.language);
            say(tx, held, person, (Purpose::Summary, None), body).await?;
        }
    }
    let present = micros(tx.now());
    execute!(
        tx,
        "UPDATE case_documents SET told_at = $2 WHERE case_id = $1 AND role = 'came' AND rested_at IS NOT NULL \
         AND told_at IS NULL",
        held.id.0,
        present
    )
    .map(drop)
}

fn item(number: usize, row: &Gathered, language: Language) -> Result<Item, CatalogError> {
    let (_, _, rested, _, status, duplicate, kind, waits_for, reasons, fields, sensitivity) = row;
    let became = match (status.as_str(), waits_for.as_deref()) {
        _ if rested.is_none() => Became::Reading,
        ("filed", _) if duplicate.is_some() => Became::Same,
        ("filed", _) => Became::Filed,
        ("rejected", _) => Became::Rejected,
        ("in_review", Some("sender")) => Became::Again,
        ("in_review", _) => Became::InReview,
        _ => Became::Reading,
    };
    let reasons: Vec<Reason> = json("documents", "reasons", reasons)?;
    // What waits for their word is not to be sent again.
    let held =
        reasons.first().is_some_and(|r| r.detail.get("check").is_some_and(|c| c == super::AUTHORIZATION));
    let became = if held { Became::InReview } else { became };
    let why = reasons.first().map(|reason| reason.code.as_str().to_owned());
    // What others may not see stands in no message that they may; nor does what is not sure yet.
    let sure = matches!(became, Became::Filed | Became::Same) && outbox::may_be_repeated(sensitivity);
    let particulars =
        if sure { in_short(&json("documents", "fields", fields)?, language) } else { Vec::new() };
    Ok(Item {
        number,
        kind: kind.clone().unwrap_or_else(|| "other".to_owned()),
        particulars,
        became,
        why: why.filter(|_| became == Became::Again),
        is_answer: false,
    })
}

/// What became of the files that a contact sent last to a number, since they last went by another name, or by another key:
/// whoever holds their number now may be somebody else.
pub(super) async fn lately(
    tx: &mut Tx,
    contact: ContactId,
    phone_number_id: &str,
    language: Language,
) -> Result<Vec<(Item, time::Date)>, CatalogError> {
    const LATEST: i64 = 5;
    let rows = all!(
        tx,
        Lately,
        "SELECT d.id, d.received_at, d.status, d.duplicate_of, d.kind, d.waits_for, d.reasons, d.fields, d.sensitivity, \
         d.stage FROM documents d WHERE d.contact_id = $1 AND d.phone_number_id = $2 AND d.source = 'whatsapp' \
           AND d.answers IS NULL AND d.erased_at IS NULL AND d.received_at > COALESCE((SELECT MAX(t.at) FROM timeline t \
             WHERE t.contact_id = $1 AND t.event IN ('renamed', 'identity_changed')), 0) ORDER BY d.id DESC LIMIT $3",
        contact.0,
        phone_number_id,
        LATEST
    )?;
    let sender = person(tx, contact).await?;
    let mut items = Vec::with_capacity(rows.len());
    for (n, row) in rows.into_iter().enumerate() {
        let (id, received, status, duplicate, kind, waits_for, reasons, fields, sensitivity, stage) = row;
        let rested = (stage == "done").then_some(received);
        // Nothing of what others may not see, its kind either.
        let kind = kind.filter(|_| outbox::may_be_repeated(&sensitivity));
        let gathered =
            (id, None, rested, None, status, duplicate, kind, waits_for, reasons, fields, sensitivity);
        let day = day_of(&sender.phone_or_country, crate::names::at("documents", "received_at", received)?);
        items.push((item(n + 1, &gathered, language)?, day));
    }
    Ok(items)
}

/// A document that is asked for again, by what is known of it.
pub(super) async fn asked_for(
    tx: &mut Tx,
    document: &str,
    expects: Expects,
) -> Result<Option<Item>, CatalogError> {
    let item = |kind: String, why: Option<String>, is_answer: bool| Item {
        number: 1,
        kind,
        particulars: Vec::new(),
        became: Became::Again,
        why,
        is_answer,
    };
    if document == ask::WITHHELD {
        return Ok(Some(item("other".to_owned(), Some(ask::WITHHELD.to_owned()), false)));
    }
    let Ok(id) = document.parse::<Uuid>() else { return Ok(None) };
    let row =
        optional!(tx, (Option<String>, String), "SELECT kind, reasons FROM documents WHERE id = $1", id)?;
    let Some((kind, reasons)) = row else { return Ok(None) };
    let reasons: Vec<Reason> = json("documents", "reasons", &reasons)?;
    let why = match expects {
        Expects::File => reasons.first().map(|reason| reason.code.as_str().to_owned()),
        other => Some(other.as_str().to_owned()),
    };
    Ok(Some(item(kind.unwrap_or_else(|| "other".to_owned()), why, expects != Expects::File)))
}
