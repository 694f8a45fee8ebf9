//! Words, and what is neither a file nor words: beside files they are evidence, else somebody wants a person.

use acuse_conversation::{Event, Intent, Kind, State, Topic, opening, said};
use serde_json::json;
use uuid::Uuid;

use super::{About, Held, OPEN, ask, find, find_or_open, happens, hold_contact, speak};
use crate::{
    error::CatalogError,
    house,
    names::{ContactId, DocumentId, Stage, cut},
    outbox::{self, NewReply, Purpose, Saying},
    sql::Tx,
    timeline,
};

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
    let wants = match message.kind {
        "text" | "button" | "interactive" => message.words.is_some_and(|words| Intent::of(words).is_none()),
        "audio" | "voice" | "video" => true,
        _ => false,
    };
    if !wants || tx.policies().is_none() {
        return Ok(());
    }
    hold_contact(tx, message.contact).await?;
    if let Some(words) = message.words.filter(|_| message.kind == "text")
        && (ask::worded(tx, &message, words).await? || beside_files(tx, &message, words).await?)
    {
        return Ok(());
    }
    let topic = message.words.filter(|_| message.kind == "text").and_then(Topic::of);
    if let Some(topic) = topic
        && answered(tx, &message, topic).await?
    {
        return understood(tx, &message).await;
    }
    let is_missed = message.kind == "text" && topic.is_none() && !is_awaited(tx, &message).await?;
    let held = find_or_open(tx, about(&message)).await?;
    happens(tx, held, message.id, if is_missed { Event::Missed } else { Event::Words }).await
}

fn about<'a>(message: &Heard<'a>) -> About<'a> {
    About {
        contact: message.contact,
        phone_number_id: message.phone_number_id,
        kind: Kind::Support,
        subject: "",
    }
}

/// Whether we began something that the words may be about, or asked for some: a person knows.
async fn is_awaited(tx: &mut Tx, message: &Heard<'_>) -> Result<bool, CatalogError> {
    let text = format!(
        "SELECT COUNT(*) FROM cases WHERE contact_id = $1 AND phone_number_id = $2 AND state IN {OPEN} \
         AND (kind IN ('collection', 'approval') OR (kind = 'ask' AND expects = 'words'))"
    );
    let (open,) =
        one!(tx, (i64,), sqlx::AssertSqlSafe(text.clone()), message.contact.0, message.phone_number_id)?;
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

/// Whether what is asked about is answered from rows alone; not while a person has the conversation in hand.
async fn answered(tx: &mut Tx, message: &Heard<'_>, topic: Topic) -> Result<bool, CatalogError> {
    let (held,) = one!(
        tx,
        (i64,),
        "SELECT COUNT(*) FROM cases WHERE contact_id = $1 AND phone_number_id = $2 AND kind = 'support' \
         AND state = 'human'",
        message.contact.0,
        message.phone_number_id
    )?;
    if held > 0 {
        return Ok(false);
    }
    let language = speak::person(tx, message.contact).await?.language;
    let whom = (message.contact, message.phone_number_id);
    let body = match topic {
        Topic::Status => said::status(&speak::lately(tx, whom.0, whom.1, language).await?, language),
        Topic::Needs => said::missing(&ask::waited_for(tx, whom).await?, language),
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
    outbox::queue(tx, saying, &reply).await.map(|()| true)
}

/// Whether the words stand beside files that have just come: whoever looks at one of them sees them.
async fn beside_files(tx: &mut Tx, message: &Heard<'_>, words: &str) -> Result<bool, CatalogError> {
    let text = format!(
        "SELECT cd.document_id FROM cases c JOIN case_documents cd ON cd.case_id = c.id AND cd.role = 'came' \
         WHERE c.contact_id = $1 AND c.phone_number_id = $2 AND c.kind = 'documents' AND c.subject = '' \
         AND c.state IN {OPEN} ORDER BY cd.document_id LIMIT 50"
    );
    let documents =
        all!(tx, (Uuid,), sqlx::AssertSqlSafe(text.clone()), message.contact.0, message.phone_number_id)?;
    let detail = json!({ "message_id": message.id, "text": cut(words, BESIDE_CHARS) });
    for (document,) in &documents {
        timeline::note(tx, DocumentId(*document), Stage::Done, "said_beside", detail.clone()).await?;
    }
    Ok(!documents.is_empty())
}
