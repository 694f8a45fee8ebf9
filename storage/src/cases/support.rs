//! Words, and what is neither a file nor words: beside files they are evidence, else somebody wants a person.

use acuse_conversation::{Event, Intent, Kind, State, Topic, opening, said};
use serde_json::json;
use time::Duration;
use uuid::Uuid;

use super::{
    About, COLUMNS, Held, OPEN, Row, ask, authorize, find, find_or_open, happens, hold_contact, speak,
};
use crate::{
    error::CatalogError,
    house,
    names::{ContactId, DocumentId, Stage, cut, micros},
    outbox::{self, NewReply, Purpose, Saying, Shape},
    sql::Tx,
    timeline,
};

/// How long after a file words stand beside it.
const BESIDE: Duration = Duration::HOUR;
/// Longest text that a document's timeline keeps of what was said beside it, characters.
const BESIDE_CHARS: usize = 500;

/// A message without a file.
pub(crate) struct Heard<'a> {
    pub id: Uuid,
    pub contact: ContactId,
    pub phone_number_id: &'a str,
    /// `text`, `audio`, …
    pub kind: &'a str,
    pub words: Option<&'a str>,
    /// The channel's id of the message that it answers.
    pub reply_to: Option<&'a str>,
}

/// A message without a file came: its place is found.
pub(crate) async fn heard(tx: &mut Tx, message: Heard<'_>) -> Result<(), CatalogError> {
    let (wants, agrees) = match message.kind {
        "text" | "button" | "interactive" => match message.words.map(Intent::of) {
            Some(None) => (true, false),
            Some(Some(Intent::Agreed)) => (true, true),
            _ => (false, false),
        },
        "audio" | "voice" | "video" => (true, false),
        _ => (false, false),
    };
    if !wants || tx.policies().is_none() {
        return Ok(());
    }
    hold_contact(tx, message.contact).await?;
    let words = message.words.filter(|_| message.kind == "text");
    let topic = words.and_then(Topic::of);
    // Whatever is open beside it, that is heard.
    let wants_a_person = matches!(topic, Some(Topic::Person | Topic::Complaint));
    let quoted = ask::quoted(tx, &message).await?;
    let answers_a_person = quoted.is_a_persons
        || quoted.is_for_words
        || quoted.is_of_several && is_awaited(tx, &message, true).await?;
    let person = with_a_person(tx, (message.contact, message.phone_number_id), quoted.case).await?;
    let is_to_them = person.as_ref().is_some_and(|held| Some(held.id.0) == quoted.case);
    if let Some(words) = words {
        let answers = !is_to_them && ask::worded(tx, &message, &quoted, words).await?;
        let burst = if answers || agrees { None } else { beside_files(tx, &message, words).await? };
        // Whoever answers what we said or asked, or what a person wrote, speaks of no file that they send meanwhile.
        let of_files = burst.filter(|_| person.is_none() && !(quoted.is_other || answers_a_person));
        if !wants_a_person && (answers || of_files.is_some()) {
            return match of_files {
                Some(burst) => goes_with(tx, message.id, burst).await,
                None => Ok(()),
            };
        }
    }
    // Whoever a person speaks with hears no machine.
    if let Some(held) = person {
        return happens(tx, held, message.id, Event::Words).await;
    }
    if let Some(topic) = topic
        && answered(tx, &message, topic).await?
    {
        return understood(tx, &message).await;
    }
    let is_for_a_person = words.is_some() && (answers_a_person || is_awaited(tx, &message, agrees).await?);
    if agrees && !is_for_a_person {
        // They have read it.
        return Ok(());
    }
    let is_missed = words.is_some() && topic.is_none() && !is_for_a_person && !quoted.is_other;
    let held = find_or_open(tx, about(&message)).await?;
    happens(tx, held, message.id, if is_missed { Event::Missed } else { Event::Words }).await
}

/// The case that a person has with a contact: the one that they answer, else one that somebody took, else one for words.
async fn with_a_person(
    tx: &mut Tx,
    (contact, phone_number_id): (ContactId, &str),
    quoted: Option<Uuid>,
) -> Result<Option<Held>, CatalogError> {
    let text = format!(
        "SELECT {COLUMNS} FROM cases WHERE contact_id = $1 AND phone_number_id = $2 AND state IN {OPEN} \
         AND state = 'human' ORDER BY CASE WHEN id = $3 THEN 0 ELSE 1 END, CASE WHEN assignee IS NULL THEN 1 ELSE 0 END, \
         CASE WHEN kind = 'support' THEN 0 ELSE 1 END, updated_at DESC, id DESC LIMIT 1"
    );
    optional!(tx, Row, sqlx::AssertSqlSafe(text.clone()), contact.0, phone_number_id, quoted)?
        .map(Held::try_from)
        .transpose()
}

/// Whether a person has a matter with a contact in hand: then the machine says nothing to what they say.
pub(crate) async fn is_with_a_person(tx: &mut Tx, of: (ContactId, &str)) -> Result<bool, CatalogError> {
    Ok(with_a_person(tx, of, None).await?.is_some())
}

fn about<'a>(message: &Heard<'a>) -> About<'a> {
    About {
        contact: message.contact,
        phone_number_id: message.phone_number_id,
        kind: Kind::Support,
        subject: "",
    }
}

/// Whether we began something that the words may be about, or asked for some: a person knows. Whoever only agrees does so to
/// what was asked; of what is owed they have read.
async fn is_awaited(tx: &mut Tx, message: &Heard<'_>, agrees: bool) -> Result<bool, CatalogError> {
    let text = format!(
        "SELECT COUNT(*) FROM cases WHERE contact_id = $1 AND phone_number_id = $2 AND state IN {OPEN} \
         AND (kind = 'approval' OR (kind = 'ask' AND expects = 'words') OR (kind = 'collection' AND NOT $3))"
    );
    let (open,) = one!(
        tx,
        (i64,),
        sqlx::AssertSqlSafe(text.clone()),
        message.contact.0,
        message.phone_number_id,
        agrees
    )?;
    Ok(open > 0)
}

/// What was not understood before was said anew: nobody waits for it any more.
async fn understood(tx: &mut Tx, message: &Heard<'_>) -> Result<(), CatalogError> {
    match find(tx, about(message)).await? {
        Some(held) if held.case.state == State::Waiting => {
            happens(tx, held, message.id, Event::ReviewDecided).await
        }
        _ => Ok(()),
    }
}

/// What can be asked here, to whoever said something else.
pub(super) async fn unclear(tx: &mut Tx, held: &Held, person: &speak::Person) -> Result<(), CatalogError> {
    speak::say(tx, held, person, (Purpose::Support, None), said::unclear(person.language)).await
}

/// Whether what is asked about is answered from rows alone.
async fn answered(tx: &mut Tx, message: &Heard<'_>, topic: Topic) -> Result<bool, CatalogError> {
    let language = speak::person(tx, message.contact).await?.language;
    let whom = (message.contact, message.phone_number_id);
    let mut shape = Shape::default();
    let body = match topic {
        Topic::Status => said::status(&speak::lately(tx, whom.0, whom.1, language).await?, language),
        Topic::Needs => {
            let items: Vec<_> = ask::waited_for(tx, whom).await?.into_iter().map(|(_, item)| item).collect();
            let body = said::missing(&items, language);
            shape = authorize::with_buttons(tx, whom, language, (&items, &body)).await?;
            body
        }
        Topic::Again => said::send_again(language),
        Topic::Hours => match house::rules(tx).await?.hours() {
            Some(hours) => opening(hours, tx.now(), language),
            // Nobody said when we work: a person knows.
            None => return Ok(false),
        },
        Topic::Person | Topic::Complaint => return Ok(false),
    };
    let reply = NewReply {
        purpose: Purpose::Support,
        body,
        language: language.as_str().to_owned(),
        nonce: message.id.to_string(),
    };
    let saying = Saying {
        document: None,
        case: None,
        contact: message.contact,
        phone_number_id: Some(message.phone_number_id),
        category: None,
    };
    outbox::queue_as(tx, saying, &reply, &shape).await.map(|_| true)
}

/// What a message says is of what a case is about: it is seen with that, and goes with it.
pub(super) async fn goes_with(tx: &mut Tx, message: Uuid, case: Uuid) -> Result<(), CatalogError> {
    execute!(
        tx,
        "INSERT INTO case_messages (message_id, case_id) SELECT m.id, $2 FROM messages m WHERE m.id = $1 \
         ON CONFLICT (message_id) DO NOTHING",
        message,
        case
    )
    .map(drop)
}

/// The case of files that have just come, where the words stand beside some: whoever looks at one of them sees them. A file that
/// is worked on for longer keeps nobody from being heard.
async fn beside_files(tx: &mut Tx, message: &Heard<'_>, words: &str) -> Result<Option<Uuid>, CatalogError> {
    let text = format!(
        "SELECT c.id, cd.document_id FROM cases c JOIN case_documents cd ON cd.case_id = c.id AND cd.role = 'came' \
           JOIN documents d ON d.id = cd.document_id AND d.received_at > $3 \
         WHERE c.contact_id = $1 AND c.phone_number_id = $2 AND c.kind = 'documents' AND c.subject = '' \
         AND c.state IN {OPEN} ORDER BY cd.document_id LIMIT 50"
    );
    let since = micros(tx.now() - BESIDE);
    let came = all!(
        tx,
        (Uuid, Uuid),
        sqlx::AssertSqlSafe(text.clone()),
        message.contact.0,
        message.phone_number_id,
        since
    )?;
    let detail = json!({ "message_id": message.id, "text": cut(words, BESIDE_CHARS) });
    for (_, document) in &came {
        timeline::note(tx, DocumentId(*document), Stage::Done, timeline::SAID_BESIDE, detail.clone()).await?;
    }
    Ok(came.first().map(|(burst, _)| *burst))
}
