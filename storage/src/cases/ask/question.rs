//! What a person or a program asks of a sender about a document, and answers that are no file: words, and choices. They
//! stand on the document's timeline, and whoever looks at it decides.

use acuse_conversation::{Choice, Event, Expects, Kind, said};
use acuse_pipeline::document::Status;
use acuse_whatsapp::policy::Window;
use serde_json::json;
use uuid::Uuid;

use super::{
    super::{
        About, CaseId, Held,
        choose::{self, Chosen},
        find_or_open, get, happens, hold_document, speak,
        support::{Heard, goes_with},
    },
    COLUMNS, COMES_BACK, Row, is_of_one, link,
};
use crate::{
    access::Access,
    audit,
    catalog::Catalog,
    documents::{self, Document},
    error::CatalogError,
    events,
    names::{ContactId, DocumentId, Source, Stage, cut, micros},
    outbox::{self, NewReply, Purpose, Saying, Shape},
    sql::Tx,
    timeline,
};

/// Longest answer that a timeline keeps, characters.
const ANSWER_CHARS: usize = 1_000;

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// What is expected.
    pub expects: Expects,
    /// In which words; empty for the sentence of what is expected.
    pub text: String,
    /// Titles of what can be chosen, where a choice is expected.
    pub choices: Vec<String>,
}

/// What became of a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asking {
    /// It is asked in this case.
    Asked(CaseId),
    /// There is no such document for this caller.
    Missing,
    /// It changed since they looked; its version now.
    Changed(i64),
    /// It does not wait in front of a person.
    NotInReview,
    /// It came another way than over WhatsApp, or is a part of a file: nobody can be asked.
    Nobody,
    /// The contact has not written for a day: free text would not arrive.
    WindowClosed,
    /// There is nothing that would keep a password sealed.
    NoKeyFile,
}

impl Catalog {
    /// Whether a password could be kept sealed until it is used.
    #[must_use]
    pub fn keeps_secrets(&self) -> bool {
        self.keys.get().is_some()
    }

    /// A person or a program asks the sender of a document in review.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn ask_about(
        &self,
        access: &Access,
        (document, seen): (DocumentId, Option<i64>),
        who: &str,
        question: &Question,
    ) -> Result<Asking, CatalogError> {
        if question.expects == Expects::Password && !self.keeps_secrets() {
            return Ok(Asking::NoKeyFile);
        }
        if self.document_for(access, document).await?.is_none() {
            return Ok(Asking::Missing);
        }
        let mut tx = self.writing().await?;
        // Whoever decides on it meanwhile has decided by the time it is looked at.
        hold_document(&mut tx, document).await?;
        let Some(known) = documents::lookup(&mut tx, document).await? else { return Ok(Asking::Missing) };
        if seen.is_some_and(|seen| seen != known.version) {
            return Ok(Asking::Changed(known.version));
        }
        if known.status != Status::InReview {
            return Ok(Asking::NotInReview);
        }
        // What was decided of it a moment ago may be taken back still.
        let held = "SELECT 1 FROM holds WHERE document_id = $1";
        if optional!(tx, (i32,), held, document.0)?.is_some() {
            return Ok(Asking::Changed(known.version));
        }
        let whom = match who_is_asked(&mut tx, &known).await? {
            Ok(whom) => whom,
            Err(why) => return Ok(why),
        };
        let case = asked_by(&mut tx, document, whom, (who, question)).await?;
        tx.commit().await?;
        Ok(Asking::Asked(case))
    }
}

/// Who is asked about a document in review, and from which of our numbers; or why nobody can be.
pub(crate) async fn who_is_asked(
    tx: &mut Tx,
    known: &Document,
) -> Result<Result<(ContactId, String), Asking>, CatalogError> {
    let (Some(contact), Some(number), None, Source::Whatsapp) =
        (known.contact_id, known.phone_number_id.clone(), known.part, known.source)
    else {
        return Ok(Err(Asking::Nobody));
    };
    let last = outbox::last_inbound(tx, contact, &number).await?;
    if !Window::at(last, tx.now()).is_open() {
        return Ok(Err(Asking::WindowClosed));
    }
    Ok(Ok((contact, number)))
}

async fn asked_by(
    tx: &mut Tx,
    document: DocumentId,
    (contact, number): (ContactId, String),
    (who, question): (&str, &Question),
) -> Result<CaseId, CatalogError> {
    let case = ask(tx, document, (contact, &number), question).await?;
    let detail = json!({ "case_id": case, "expects": question.expects.as_str(), "by": who });
    timeline::note(tx, document, Stage::Done, "asked", detail.clone()).await?;
    audit::write(tx, who, "ask", Some(document), &detail).await?;
    events::tell(tx, "document.in_review", document, json!({ "waits_for": "sender" })).await?;
    Ok(case)
}

/// Asks for the password that opens a document in review, for a person who could have taken that back until now. Where
/// nobody can be asked any more, the document waits in front of a person. Whoever calls holds its contact.
pub(crate) async fn ask_password(tx: &mut Tx, document: DocumentId, who: &str) -> Result<(), CatalogError> {
    let Some(known) = documents::lookup(tx, document).await? else { return Ok(()) };
    let Ok(whom) = who_is_asked(tx, &known).await? else { return Ok(()) };
    let question = Question { expects: Expects::Password, text: String::new(), choices: Vec::new() };
    asked_by(tx, document, whom, (who, &question)).await.map(drop)
}

/// Asks in the document's own case, and says so.
async fn ask(
    tx: &mut Tx,
    document: DocumentId,
    (contact, number): (ContactId, &str),
    question: &Question,
) -> Result<CaseId, CatalogError> {
    let present = micros(tx.now());
    execute!(
        tx,
        "UPDATE documents SET waits_for = 'sender', version = version + 1, updated_at = $2 WHERE id = $1",
        document.0,
        present
    )?;
    let subject = document.to_string();
    let held =
        find_or_open(tx, About { contact, phone_number_id: number, kind: Kind::Ask, subject: &subject })
            .await?;
    let id = held.id;
    link(tx, id, document).await?;
    happens(tx, held, Uuid::now_v7(), Event::Asked(question.expects)).await?;
    let person = speak::person(tx, contact).await?;
    let body = match question.text.trim() {
        "" => said::needs(question.expects, person.language),
        text => text.to_owned(),
    };
    let choices: Vec<Choice> =
        question.choices.iter().map(|title| Choice { key: title.clone(), title: title.clone() }).collect();
    let shape = if choices.is_empty() {
        Shape::default()
    } else {
        let until = tx.now() + COMES_BACK;
        Shape::with_choices(choose::offer(tx, (id, contact), &choices, until).await?)
    };
    let reply = NewReply {
        purpose: Purpose::Question,
        body,
        language: person.language.as_str().to_owned(),
        nonce: Uuid::now_v7().to_string(),
    };
    let saying =
        Saying { document: None, case: Some(id), contact, phone_number_id: Some(number), category: None };
    outbox::queue_as(tx, saying, &reply, &shape).await?;
    Ok(id)
}

/// Words came: whether the one question that waits for some is answered by them. Where they answer what one of several asked,
/// that one; else nobody knows which.
pub(in crate::cases) async fn worded(
    tx: &mut Tx,
    message: &Heard<'_>,
    quoted: &Quoted,
    words: &str,
) -> Result<bool, CatalogError> {
    // Whoever answers what we said of something else speaks of that.
    if quoted.is_other {
        return Ok(false);
    }
    let text = format!(
        "SELECT {COLUMNS} FROM cases WHERE contact_id = $1 AND phone_number_id = $2 AND kind = 'ask' \
         AND state = 'waiting' AND expects = 'words' ORDER BY id LIMIT 20"
    );
    let rows = all!(tx, Row, sqlx::AssertSqlSafe(text.clone()), message.contact.0, message.phone_number_id)?;
    let mut open: Vec<Held> = rows.into_iter().map(Held::try_from).collect::<Result<_, _>>()?;
    if open.len() > 1 || quoted.is_an_asks {
        open.retain(|held| Some(held.id.0) == quoted.case);
    }
    let Some(held) = open.pop() else { return Ok(false) };
    answered(tx, held, (message.id, Event::Words), json!({ "words": cut(words, ANSWER_CHARS) })).await?;
    Ok(true)
}

/// The message of ours that words answer, where they name one.
#[derive(Default)]
pub(in crate::cases) struct Quoted {
    /// Of which case it is, where it names no other.
    pub case: Option<Uuid>,
    /// It reminds of several.
    pub is_of_several: bool,
    /// That case asks for something.
    pub is_an_asks: bool,
    /// It asks for words, or did until its asking ended.
    pub is_for_words: bool,
    /// It is of a matter of its own, in which somebody may answer with words.
    pub is_other: bool,
    /// A person wrote it.
    pub is_a_persons: bool,
}

/// Looks for the message of ours that words answer.
pub(in crate::cases) async fn quoted(tx: &mut Tx, message: &Heard<'_>) -> Result<Quoted, CatalogError> {
    let Some(to) = message.reply_to else { return Ok(Quoted::default()) };
    let row = optional!(
        tx,
        (Option<Uuid>, Option<String>, Option<String>, String, String),
        "SELECT o.case_id, c.kind, COALESCE(c.expects, c.left_expects), o.purpose, o.payload FROM outbox o \
         LEFT JOIN cases c ON c.id = o.case_id WHERE o.wamid = $1",
        to
    )?;
    let Some((case, kind, expects, purpose, payload)) = row else { return Ok(Quoted::default()) };
    if !is_of_one(&purpose, &payload)? {
        return Ok(Quoted { is_of_several: true, ..Quoted::default() });
    }
    let kind = kind.as_deref().and_then(Kind::of);
    let is_an_asks = kind == Some(Kind::Ask);
    let is_of_another = matches!(kind, Some(Kind::Collection | Kind::Approval | Kind::Support));
    Ok(Quoted {
        case,
        is_of_several: false,
        is_an_asks,
        is_for_words: is_an_asks && expects.as_deref() == Some(Expects::Words.as_str()),
        is_other: is_of_another || purpose == Purpose::Notice.as_str(),
        is_a_persons: purpose == Purpose::Reply.as_str(),
    })
}

/// Whether a choice that nobody made in its time can be made still: its document waits for a person, and nothing was asked of
/// it since.
pub(in crate::cases) async fn can_be_chosen(tx: &mut Tx, held: &Held) -> Result<bool, CatalogError> {
    let (waits,) = one!(
        tx,
        (i64,),
        "SELECT COUNT(*) FROM cases c JOIN case_documents a ON a.case_id = c.id AND a.role = 'asked' \
           JOIN documents d ON d.id = a.document_id \
         WHERE c.id = $1 AND c.left_expects = 'choice' AND d.status = 'in_review' AND NOT EXISTS (SELECT 1 FROM cases n \
           WHERE n.kind = 'ask' AND n.subject = c.subject AND n.id > c.id)",
        held.id.0
    )?;
    Ok(waits > 0)
}

/// A choice that counts answers the question that offered it.
pub(in crate::cases) async fn chosen(tx: &mut Tx, held: Held, chosen: &Chosen) -> Result<(), CatalogError> {
    answered(tx, held, (chosen.message, Event::Choice), json!({ "choice": chosen.title })).await
}

/// The answer stands on its document, which waits for whoever asked; the question is settled, and the sender hears it.
async fn answered(
    tx: &mut Tx,
    held: Held,
    (message, event): (Uuid, Event),
    mut detail: serde_json::Value,
) -> Result<(), CatalogError> {
    let (id, contact, number) = (held.id, held.contact, held.phone_number_id.clone());
    let Ok(document) = held.subject.parse::<DocumentId>() else { return Ok(()) };
    let present = micros(tx.now());
    happens(tx, held, message, event).await?;
    goes_with(tx, message, id.0).await?;
    let waited = execute!(
        tx,
        "UPDATE documents SET waits_for = 'reviewer', version = version + 1, updated_at = $2 \
         WHERE id = $1 AND status = 'in_review' AND waits_for = 'sender'",
        document.0,
        present
    )?;
    detail["message_id"] = json!(message);
    detail["case_id"] = json!(id);
    timeline::note(tx, document, Stage::Done, "answered", detail).await?;
    if waited == 1 {
        events::tell(tx, "document.in_review", document, json!({ "waits_for": "reviewer" })).await?;
    }
    if let Some(held) = get(tx, id).await? {
        happens(tx, held, Uuid::now_v7(), Event::DocumentAtRest { left: 0 }).await?;
    }
    let language = speak::person(tx, contact).await?.language;
    let reply = NewReply {
        purpose: Purpose::Noted,
        body: said::noted(language),
        language: language.as_str().to_owned(),
        nonce: message.to_string(),
    };
    let saying =
        Saying { document: None, case: Some(id), contact, phone_number_id: Some(&number), category: None };
    outbox::queue(tx, saying, &reply).await
}
