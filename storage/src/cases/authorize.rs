//! The privacy notice, and the authorization to read identity documents where the law asks for one: whoever writes for
//! the first time is told once, and what they say of it is a consent. An identity document of somebody who has not
//! agreed is held unread; their tap lets it be read, or leaves it to a person.

use acuse_conversation::{
    Choice, Event, Expects, Kind, State,
    language::Language,
    needs_authorization,
    said::{self, Authorization, Became, Item},
};
use acuse_pipeline::reason::{Reason, ReasonCode};
use serde_json::json;
use uuid::Uuid;

use super::{
    About, CaseId, Held,
    ask::{COMES_BACK, read_again},
    choose::{self, Chosen},
    find, find_or_open, get, happens, hold_contact, speak,
};
use crate::{
    catalog::Catalog,
    consents::{self, Category, NewConsent, Word},
    documents,
    error::CatalogError,
    names::{ContactId, DocumentId, Source, Stage, micros},
    outbox::{self, NewReply, Purpose, Saying, Shape},
    sql::Tx,
    stages::{Step, leave, open_review, rest},
    timeline,
};

/// What the case is about.
pub(super) const SUBJECT: &str = "privacy";
/// The check by which a document is held.
pub const CHECK: &str = "authorization";
/// Longest text above choices, characters (Meta).
const MOST_CHARS: usize = 1_024;
const YES: &str = "authorize:yes";
const NO: &str = "authorize:no";

/// Somebody wrote: whoever was never told of it gets the notice, and where the law asks for it, the question.
pub(crate) async fn greeted(tx: &mut Tx, (contact, number): (ContactId, &str)) -> Result<(), CatalogError> {
    let Some(policies) = tx.policies() else { return Ok(()) };
    let Some(privacy) = policies.privacy() else { return Ok(()) };
    if consents::latest(tx, contact, number, Category::Privacy).await?.is_some() {
        return Ok(());
    }
    hold_contact(tx, contact).await?;
    if consents::latest(tx, contact, number, Category::Privacy).await?.is_some() {
        return Ok(());
    }
    write(tx, (contact, number), Word::Told, "first_message").await?;
    let person = speak::person(tx, contact).await?;
    let text = privacy.text(person.language);
    if !needs_authorization(&person.phone_or_country) {
        return tell(tx, (contact, number), (Purpose::Privacy, text), person.language).await;
    }
    let question = said::authorization(Authorization::Ask, person.language);
    let both = format!("{text}\n\n{question}");
    if both.chars().count() <= MOST_CHARS {
        return ask(tx, (contact, number), person.language, both).await.map(drop);
    }
    tell(tx, (contact, number), (Purpose::Privacy, text), person.language).await?;
    ask(tx, (contact, number), person.language, question).await.map(drop)
}

async fn write(
    tx: &mut Tx,
    (contact, phone_number_id): (ContactId, &str),
    word: Word,
    source: &str,
) -> Result<(), CatalogError> {
    let version = tx.policies().and_then(|p| p.privacy().map(|privacy| privacy.version().to_owned()));
    let at = tx.now();
    let new = NewConsent {
        contact,
        phone_number_id,
        category: Category::Privacy,
        word,
        source,
        text_version: version.as_deref(),
        said_by: None,
        at,
    };
    consents::write(tx, &new).await
}

async fn tell(
    tx: &mut Tx,
    (contact, number): (ContactId, &str),
    (purpose, body): (Purpose, &str),
    language: Language,
) -> Result<(), CatalogError> {
    let (body, nonce) = (body.to_owned(), Uuid::now_v7().to_string());
    let reply = NewReply { purpose, body, language: language.as_str().to_owned(), nonce };
    let saying =
        Saying { document: None, case: None, contact, phone_number_id: Some(number), category: None };
    outbox::queue(tx, saying, &reply).await
}

/// Asks for the authorization, in a case of its own.
async fn ask(
    tx: &mut Tx,
    (contact, number): (ContactId, &str),
    language: Language,
    body: String,
) -> Result<CaseId, CatalogError> {
    let about = About { contact, phone_number_id: number, kind: Kind::Ask, subject: SUBJECT };
    let held = find_or_open(tx, about).await?;
    let id = held.id;
    happens(tx, held, Uuid::now_v7(), Event::Asked(Expects::Choice)).await?;
    let offered = offered(tx, (id, contact), language).await?;
    let nonce = Uuid::now_v7().to_string();
    let reply =
        NewReply { purpose: Purpose::Authorization, body, language: language.as_str().to_owned(), nonce };
    let saying =
        Saying { document: None, case: Some(id), contact, phone_number_id: Some(number), category: None };
    outbox::queue_as(tx, saying, &reply, &Shape::with_choices(offered)).await?;
    Ok(id)
}

/// The choices of the question; each time they are offered they are good for one tap.
async fn offered(
    tx: &mut Tx,
    of: (CaseId, ContactId),
    language: Language,
) -> Result<Vec<(String, String)>, CatalogError> {
    let choice = |key: &str, what| Choice { key: key.to_owned(), title: said::authorization(what, language) };
    let choices = [choice(YES, Authorization::Yes), choice(NO, Authorization::No)];
    let until = tx.now() + COMES_BACK;
    choose::offer(tx, of, &choices, until).await
}

/// The question as it is reminded of: where a document waits for its answer.
pub(super) async fn awaited(tx: &mut Tx, of: (ContactId, &str)) -> Result<Option<Item>, CatalogError> {
    let held = held_of(tx, of).await?;
    Ok((!held.is_empty()).then(|| Item {
        number: 1,
        kind: "id".to_owned(),
        particulars: Vec::new(),
        became: Became::Again,
        why: Some(CHECK.to_owned()),
        is_answer: true,
    }))
}

/// A message that names the question among others brings its choices once more, where it goes as it is: no template has them.
pub(super) async fn with_buttons(
    tx: &mut Tx,
    (contact, number): (ContactId, &str),
    language: Language,
    (items, body): (&[Item], &str),
) -> Result<Shape, CatalogError> {
    let is_named = items.iter().any(|item| item.why.as_deref() == Some(CHECK));
    if !is_named
        || body.chars().count() > MOST_CHARS
        || !outbox::is_window_open(tx, (contact, number)).await?
    {
        return Ok(Shape::default());
    }
    let about = About { contact, phone_number_id: number, kind: Kind::Ask, subject: SUBJECT };
    let Some(held) = find(tx, about).await? else { return Ok(Shape::default()) };
    Ok(Shape::with_choices(offered(tx, (held.id, contact), language).await?))
}

/// A choice was made.
pub(super) async fn chosen(tx: &mut Tx, held: Held, chosen: &Chosen) -> Result<(), CatalogError> {
    let (id, contact, number) = (held.id, held.contact, held.phone_number_id.clone());
    let agreed = chosen.key == YES;
    happens(tx, held, chosen.message, Event::Choice).await?;
    let word = if agreed { Word::Granted } else { Word::Withdrawn };
    write(tx, (contact, &number), word, "message_choice").await?;
    let what = if agreed {
        released(tx, (contact, &number)).await?;
        Authorization::Granted
    } else {
        left_unread(tx, (contact, &number)).await?;
        Authorization::Refused
    };
    if let Some(held) = get(tx, id).await? {
        happens(tx, held, Uuid::now_v7(), Event::DocumentAtRest { left: 0 }).await?;
    }
    let language = speak::person(tx, contact).await?.language;
    let body = said::authorization(what, language);
    tell(tx, (contact, &number), (Purpose::Authorization, &body), language).await
}

/// Documents that are held for a contact's authorization.
pub(super) async fn held_of(
    tx: &mut Tx,
    (contact, number): (ContactId, &str),
) -> Result<Vec<DocumentId>, CatalogError> {
    let rows = all!(
        tx,
        (Uuid,),
        "SELECT DISTINCT d.id FROM cases c JOIN case_documents h ON h.case_id = c.id AND h.role = 'held' \
           JOIN documents d ON d.id = h.document_id WHERE c.contact_id = $1 AND c.phone_number_id = $2 \
           AND c.kind = 'ask' AND (c.subject = $3 OR c.subject LIKE $3 || '+%') AND d.status = 'in_review' AND d.kind IS NULL ORDER BY d.id",
        contact.0,
        number,
        SUBJECT
    )?;
    Ok(rows.into_iter().map(|(id,)| DocumentId(id)).collect())
}

/// They agreed, by a tap or as somebody wrote down: what was held is read.
pub(crate) async fn released(tx: &mut Tx, of: (ContactId, &str)) -> Result<(), CatalogError> {
    for id in held_of(tx, of).await? {
        read_again(tx, id, json!({ "authorized": true })).await?;
    }
    Ok(())
}

/// They did not: a person sees what is held.
async fn left_unread(tx: &mut Tx, of: (ContactId, &str)) -> Result<(), CatalogError> {
    let present = micros(tx.now());
    for id in held_of(tx, of).await? {
        execute!(
            tx,
            "UPDATE documents SET waits_for = 'reviewer', version = version + 1, updated_at = $2 \
             WHERE id = $1 AND waits_for = 'sender'",
            id.0,
            present
        )?;
        timeline::note(tx, id, Stage::Done, "not_authorized", json!({})).await?;
    }
    Ok(())
}

impl Catalog {
    /// An identity document was recognised: where its sender must agree first and has not, it is held, and nothing of
    /// what was read is kept. `None`: it may be read.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn hold_unauthorized(&self, id: DocumentId) -> Result<Option<Step>, CatalogError> {
        let mut tx = self.writing().await?;
        if tx.policies().is_none_or(|policies| policies.privacy().is_none()) {
            return Ok(None);
        }
        let Some(document) = documents::lookup(&mut tx, id).await? else { return Ok(None) };
        let (Some(contact), Some(number), Source::Whatsapp) =
            (document.contact_id, document.phone_number_id, document.source)
        else {
            return Ok(None);
        };
        hold_contact(&mut tx, contact).await?;
        let person = speak::person(&mut tx, contact).await?;
        let word = consents::latest(&mut tx, contact, &number, Category::Privacy).await?;
        if !needs_authorization(&person.phone_or_country) || word == Some(Word::Granted) {
            return Ok(None);
        }
        if !leave(&mut tx, id, Stage::Read, "in_review", Stage::Done).await? {
            return Ok(Some(Step::Stale));
        }
        let message = "The law asks for the sender's authorization before an identity document is read.";
        let reason = Reason::new(ReasonCode::ChecksFailed, message).with("check", CHECK);
        let review = open_review(&mut tx, id, Stage::Read, &[reason]).await?;
        let waits = word != Some(Word::Withdrawn);
        let case = waiting(&mut tx, (contact, &number), &person, waits).await?;
        execute!(
            tx,
            "INSERT INTO case_documents (case_id, document_id, role) VALUES ($1, $2, 'held') ON CONFLICT DO NOTHING",
            case.0,
            id.0
        )?;
        if waits {
            execute!(tx, "UPDATE documents SET waits_for = 'sender' WHERE id = $1", id.0)?;
        }
        let detail = json!({ "review_id": review, "reasons": ["checks_failed"], "check": CHECK });
        let what = if waits { Authorization::Held } else { Authorization::Refused };
        let reply = NewReply {
            purpose: Purpose::Authorization,
            body: said::authorization(what, person.language),
            language: person.language.as_str().to_owned(),
            nonce: String::new(),
        };
        let names = ("in_review", "document.in_review");
        rest(tx, id, Stage::Read, names, detail, Some(&reply)).await.map(Some)
    }
}

/// The case that waits for the authorization; asked anew where none does. One that does is reminded of from now on: before
/// there was a document nobody was.
async fn waiting(
    tx: &mut Tx,
    (contact, number): (ContactId, &str),
    person: &speak::Person,
    asks: bool,
) -> Result<CaseId, CatalogError> {
    let about = About { contact, phone_number_id: number, kind: Kind::Ask, subject: SUBJECT };
    let held = find_or_open(tx, about).await?;
    let (id, state) = (held.id, held.case.state);
    if !asks {
        return Ok(id);
    }
    if state == State::Waiting && held.case.expects == Some(Expects::Choice) {
        return happens(tx, held, Uuid::now_v7(), Event::Asked(Expects::Choice)).await.map(|()| id);
    }
    let question = said::authorization(Authorization::Ask, person.language);
    ask(tx, (contact, number), person.language, question).await
}
