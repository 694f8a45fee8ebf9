//! Promises of answers that are no file: a choice counts once, words land on the document they were asked for, and a
//! password stands nowhere.

mod at_once;
mod authorization;
mod passwords;
mod several;

use acuse_conversation::Expects;
use acuse_pipeline::reason::{Reason, ReasonCode};
use time::Duration;
use uuid::Uuid;

use super::{
    cases::{cases_of, contact_of, filed, leading, said_to, sends, time_passes, time_passes_for},
    door::{Sample, delivery, photo},
    erasure::wish,
    road::{begin, facts, original, read_as, reply},
};
use crate::{
    Access, Catalog, ContactId, DocumentId, Intake,
    cases::{Act, Acted, Asking, Question},
    erasure::Wished,
    inbound::{InboundDelivery, InboundItem, InboundMessage, Recorded},
    key_file::ErasedKind,
    names::{Stage, WaitsFor, micros, now},
    outbox::{Payload, Purpose},
    stages::Step,
};

pub(super) use at_once::who_has_no_number_is_answered_in_the_language_of_their_country;
pub(super) use authorization::{
    a_tap_counts_whoever_its_contact_turns_out_to_be,
    an_authorization_that_nobody_gives_is_a_persons_and_counts_still,
    who_has_no_number_is_asked_by_their_country,
};
pub(super) use passwords::{
    a_password_comes_under_either_form_of_a_number, a_password_comes_with_a_change_of_number,
    a_password_is_for_what_it_quotes, a_password_stands_nowhere,
    a_password_that_a_person_asks_for_stands_nowhere, with_keys,
};

pub(super) use several::{
    a_file_of_another_kind_answers_nothing_that_it_quotes, a_reminder_of_several_says_not_what_words_answer,
    a_reminder_of_several_says_not_which_a_file_answers, a_side_that_comes_late_takes_no_place,
    who_agrees_answers_what_was_asked,
};

/// Records a message whose raw form and delivery say what it says, as a webhook's do.
async fn says(catalog: &Catalog, message: InboundMessage) -> Recorded {
    says_after(catalog, Vec::new(), message).await
}

/// The same, behind what else its webhook brings.
async fn says_after(catalog: &Catalog, mut items: Vec<InboundItem>, message: InboundMessage) -> Recorded {
    let words = message.body.clone().unwrap_or_default();
    let raw = serde_json::json!({ "id": message.wamid, "type": message.kind, "text": { "body": words } });
    let body = serde_json::json!({ "entry": [{ "changes": [{ "value": { "messages": [raw.clone()] } }] }] });
    let message = InboundMessage { raw: raw.to_string(), ..message };
    items.push(InboundItem::Message(message));
    let delivery = InboundDelivery { body: body.to_string().into_bytes(), ..delivery(items) };
    Intake::spawn(catalog.clone()).record(delivery).await.unwrap()
}

fn message(sample: &Sample, kind: &str, words: &str) -> InboundMessage {
    InboundMessage {
        wamid: format!("{}-{}", sample.wamid, Uuid::now_v7()),
        media: None,
        kind: kind.into(),
        body: Some(words.into()),
        ..photo(sample)
    }
}

pub(super) async fn taps(catalog: &Catalog, sample: &Sample, payload: &str) {
    taps_as(catalog, sample, payload, None).await;
}

/// The same, by a telephone that is known by this key.
pub(super) async fn taps_as(catalog: &Catalog, sample: &Sample, payload: &str, key: Option<&str>) {
    let mut tapped = InboundMessage { tap: Some(payload.into()), ..message(sample, "interactive", "Sur") };
    tapped.identity.identity_key_hash = key.map(str::to_owned);
    says(catalog, tapped).await;
}

/// A document in review, for this reason.
pub(super) async fn waits(catalog: &Catalog, sample: &Sample, reason: Reason) -> DocumentId {
    let id = sends(catalog, sample, 1).await[0];
    begin(catalog, id, Stage::Fetch).await;
    assert_eq!(catalog.fetched(id, &original(id, id.to_string().as_bytes())).await.unwrap(), Step::Taken);
    begin(catalog, id, Stage::Read).await;
    let step =
        catalog.into_review(id, Stage::Read, &[reason], None, Some(&reply(Purpose::InReview))).await.unwrap();
    assert_eq!(step, Step::Taken);
    id
}

pub(super) async fn waits_for(catalog: &Catalog, id: DocumentId) -> Option<WaitsFor> {
    catalog.document(id).await.unwrap().unwrap().waits_for
}

async fn answers(catalog: &Catalog, id: DocumentId) -> Vec<String> {
    let timeline = catalog.timeline(id).await.unwrap();
    timeline.iter().filter(|e| e.event == "answered").map(|e| e.detail.to_string()).collect()
}

/// Payloads of the choices that were last offered to a contact.
pub(super) async fn offered(catalog: &Catalog, contact: ContactId) -> Vec<String> {
    let mut tx = catalog.reading().await.unwrap();
    let sql =
        "SELECT payload FROM outbox WHERE contact_id = $1 AND kind = 'buttons' ORDER BY seq DESC LIMIT 1";
    let (payload,) = one!(tx, (String,), sql, contact.0).unwrap();
    let payload: Payload = serde_json::from_str(&payload).unwrap();
    payload.choices.into_iter().map(|(payload, _)| payload).collect()
}

async fn ask(catalog: &Catalog, id: DocumentId, expects: Expects, choices: &[&str]) {
    let choices = choices.iter().map(|c| (*c).to_owned()).collect();
    let question = Question { expects, text: "¿De qué empresa es?".into(), choices };
    let asked = catalog.ask_about(&Access::new(true), (id, None), "user:eva", &question).await.unwrap();
    assert!(matches!(asked, Asking::Asked(_)), "{asked:?}");
    assert_eq!(waits_for(catalog, id).await, Some(WaitsFor::Sender));
}

pub(super) async fn last_said(catalog: &Catalog, contact: ContactId) -> (String, String) {
    said_to(catalog, contact).await.pop().unwrap()
}

pub(super) async fn a_choice_counts_once(catalog: &Catalog) {
    let catalog = &leading(catalog);
    let sample = Sample::new();
    let id = waits(catalog, &sample, Reason::new(ReasonCode::UnknownCustomer, "")).await;
    let contact = contact_of(catalog, id).await;
    let none = Question { expects: Expects::Words, text: "?".into(), choices: Vec::new() };
    let stale = catalog.ask_about(&Access::new(true), (id, Some(99)), "user:eva", &none).await.unwrap();
    assert!(matches!(stale, Asking::Changed(_)), "{stale:?}");
    ask(catalog, id, Expects::Choice, &["Norte", "Sur"]).await;
    let first = offered(catalog, contact).await;

    let other = Sample::new();
    let stranger = contact_of(catalog, sends(catalog, &other, 1).await[0]).await;
    taps(catalog, &other, &first[1]).await;
    let (purpose, text) = last_said(catalog, stranger).await;
    assert!(purpose == "tap_refused" && text.contains("otra persona"), "{purpose}: {text}");
    assert_eq!(waits_for(catalog, id).await, Some(WaitsFor::Sender), "and nothing changed");

    taps(catalog, &sample, &first[1]).await;
    assert_eq!(waits_for(catalog, id).await, Some(WaitsFor::Reviewer));
    let said = answers(catalog, id).await;
    assert!(said.len() == 1 && said[0].contains("Sur"), "{said:?}");
    assert_eq!(last_said(catalog, contact).await.0, "noted");
    let state = cases_of(catalog, contact).await.into_iter().find(|c| c.1 == "ask").unwrap().2;
    assert_eq!(state, "done");

    taps(catalog, &sample, &first[0]).await;
    let (purpose, text) = last_said(catalog, contact).await;
    assert!(purpose == "tap_refused" && text.contains("«Sur»"), "{purpose}: {text}");
    assert_eq!(answers(catalog, id).await.len(), 1, "the second tap changes nothing");

    ask(catalog, id, Expects::Choice, &["Norte", "Sur", "Este", "Oeste"]).await;
    let second = offered(catalog, contact).await;
    let mut tx = catalog.writing().await.unwrap();
    let past = micros(now() - Duration::SECOND);
    let late = "UPDATE choices SET expires_at = $1 WHERE taken IS NULL AND contact_id = $2";
    execute!(tx, late, past, contact.0).unwrap();
    tx.commit().await.unwrap();
    taps(catalog, &sample, &second[3]).await;
    let (_, text) = last_said(catalog, contact).await;
    assert!(text.contains("plazo"), "{text}");
    taps(catalog, &sample, &first[0].replace(&first[0][6..12], "000000")).await;
    let (_, text) = last_said(catalog, contact).await;
    assert!(text.contains("no esperamos"), "{text}");
    assert_eq!(answers(catalog, id).await.len(), 1);
    assert_eq!(waits_for(catalog, id).await, Some(WaitsFor::Sender), "the question stays open");
    assert!(catalog.message_ledger(now()).await.unwrap().balanced);
}

/// A choice that a person asks for who has the question counts, and is asked for no more when they give it back.
pub(super) async fn a_choice_that_a_person_asks_for_is_asked_once(catalog: &Catalog) {
    let catalog = &leading(catalog);
    let sample = Sample::new();
    let id = waits(catalog, &sample, Reason::new(ReasonCode::Unreadable, "")).await;
    let contact = contact_of(catalog, id).await;
    let everything = Access::new(true);
    let (case, ..) = cases_of(catalog, contact).await.into_iter().find(|c| c.1 == "ask").unwrap();
    let act = async |act: Act| {
        let version = catalog.case(&everything, case).await.unwrap().unwrap().version;
        let acted = catalog.act_on_case(&everything, case, version, "user:eva", &act).await.unwrap();
        assert!(matches!(acted, Acted::Done(_)), "{acted:?}");
    };
    act(Act::Assign { to: Some("user:eva".into()), team: None }).await;
    ask(catalog, id, Expects::Choice, &["Norte", "Sur"]).await;
    taps(catalog, &sample, &offered(catalog, contact).await[1]).await;
    assert_eq!(last_said(catalog, contact).await.0, "noted");
    assert_eq!(
        (answers(catalog, id).await.len(), waits_for(catalog, id).await),
        (1, Some(WaitsFor::Reviewer))
    );
    act(Act::Return).await;
    let state = catalog.case(&everything, case).await.unwrap().unwrap().state;
    assert_eq!((state.as_str(), waits_for(catalog, id).await), ("done", Some(WaitsFor::Reviewer)));
}

/// What a conversation says to whoever has this access.
async fn texts(catalog: &Catalog, contact: ContactId, access: Access) -> String {
    let said = catalog.conversation(&access, contact, None, None, 50).await.unwrap();
    said.into_iter().filter_map(|s| s.text).collect::<Vec<_>>().join("\n")
}

/// An erasure seals the trail, so this comes after the promises of the chain.
pub(super) async fn an_answer_is_erased_with_its_document(catalog: &Catalog) {
    let catalog = &leading(catalog);
    let sample = Sample::new();
    let id = waits(catalog, &sample, Reason::new(ReasonCode::UnknownCustomer, "")).await;
    let contact = contact_of(catalog, id).await;
    ask(catalog, id, Expects::Words, &[]).await;
    says(catalog, message(&sample, "text", "Ferretería Sur")).await;
    says(catalog, message(&sample, "text", "gracias")).await;
    assert!(texts(catalog, contact, Access::whole()).await.contains("Ferretería Sur"));
    let begun = catalog.erase(&wish(ErasedKind::Document, id.0)).await.unwrap();
    assert!(matches!(begun, Wished::Begun(_)), "{begun:?}");
    let left = texts(catalog, contact, Access::whole()).await;
    assert!(!left.contains("Ferretería Sur") && left.contains("gracias"), "{left}");
}

pub(super) async fn words_answer_what_asked_for_them(catalog: &Catalog) {
    let catalog = &leading(catalog);
    let sample = Sample::new();
    let first = waits(catalog, &sample, Reason::new(ReasonCode::UnknownCustomer, "")).await;
    let contact = contact_of(catalog, first).await;
    ask(catalog, first, Expects::Words, &[]).await;
    says(catalog, message(&sample, "text", "Ferretería Sur")).await;
    let said = answers(catalog, first).await;
    assert!(said.len() == 1 && said[0].contains("Ferretería Sur"), "{said:?}");
    assert_eq!(waits_for(catalog, first).await, Some(WaitsFor::Reviewer));
    // Nobody vouches that it is no ID: what was asked of it and answered is withheld with it.
    let whole = texts(catalog, contact, Access::whole()).await;
    let cut = texts(catalog, contact, Access::new(false)).await;
    assert!(whole.contains("¿De qué empresa es?") && whole.contains("Ferretería Sur"), "{whole}");
    assert!(!cut.contains("¿De qué empresa es?") && !cut.contains("Ferretería Sur"), "{cut}");
    let kinds = |cases: Vec<(_, String, String, _)>| {
        cases.into_iter().filter(|c| c.1 == "support").map(|c| c.2).collect::<Vec<_>>()
    };
    assert!(kinds(cases_of(catalog, contact).await).is_empty(), "nobody else need look");

    // Of two that wait for words, only the message that was answered says which.
    let second = waits(catalog, &sample, Reason::new(ReasonCode::UnknownCustomer, "")).await;
    ask(catalog, first, Expects::Words, &[]).await;
    ask(catalog, second, Expects::Words, &[]).await;
    let mut tx = catalog.writing().await.unwrap();
    let sent = format!("wamid.{}", Uuid::now_v7());
    let sql = "UPDATE outbox SET wamid = $2 WHERE id = (SELECT o.id FROM outbox o WHERE o.contact_id = $1 \
         AND o.purpose = 'question' ORDER BY o.seq DESC LIMIT 1)";
    execute!(tx, sql, contact.0, sent.as_str()).unwrap();
    tx.commit().await.unwrap();
    let quoted = InboundMessage { reply_to: Some(sent), ..message(&sample, "text", "Es la de enero") };
    says(catalog, quoted).await;
    assert_eq!((answers(catalog, first).await.len(), answers(catalog, second).await.len()), (1, 1));
    let third = waits(catalog, &sample, Reason::new(ReasonCode::UnknownCustomer, "")).await;
    ask(catalog, third, Expects::Words, &[]).await;
    // What came together is told of: words are beside no file any more.
    time_passes_for(catalog, contact, "documents").await;
    says(catalog, message(&sample, "text", "no sé cuál dices")).await;
    assert_eq!(kinds(cases_of(catalog, contact).await), ["human"], "two could claim it: a person");
}

/// Whoever answers what we said of something else speaks of that, however many questions wait for words.
pub(super) async fn words_about_something_else_answer_no_question(catalog: &Catalog) {
    let catalog = &leading(catalog);
    let sample = Sample::new();
    let id = waits(catalog, &sample, Reason::new(ReasonCode::UnknownCustomer, "")).await;
    let contact = contact_of(catalog, id).await;
    time_passes_for(catalog, contact, "documents").await;
    ask(catalog, id, Expects::Words, &[]).await;
    let mut tx = catalog.writing().await.unwrap();
    let sent = format!("wamid.{}", Uuid::now_v7());
    let sql = "UPDATE outbox SET wamid = $2, purpose = 'notice' WHERE id = (SELECT o.id FROM outbox o \
         WHERE o.contact_id = $1 AND o.purpose <> 'question' ORDER BY o.seq LIMIT 1)";
    assert_eq!(execute!(tx, sql, contact.0, sent.as_str()).unwrap(), 1);
    tx.commit().await.unwrap();
    let quoted = InboundMessage { reply_to: Some(sent), ..message(&sample, "text", "pago el viernes") };
    says(catalog, quoted).await;
    assert!(answers(catalog, id).await.is_empty(), "it is no answer");
    assert_eq!(waits_for(catalog, id).await, Some(WaitsFor::Sender), "and the question stays open");
    let support = cases_of(catalog, contact).await.into_iter().find(|c| c.1 == "support");
    assert_eq!(support.map(|c| c.2).as_deref(), Some("human"), "a person reads it");
    says(catalog, message(&sample, "text", "Ferretería Sur")).await;
    assert_eq!(answers(catalog, id).await.len(), 1, "what answers nothing else is the answer");
}

/// A file that comes while words are asked for, or a choice, is one of its own.
pub(super) async fn a_file_answers_no_question_for_words(catalog: &Catalog) {
    let catalog = &leading(catalog);
    for (expects, choices) in [(Expects::Words, Vec::new()), (Expects::Choice, vec!["Norte", "Sur"])] {
        let sample = Sample::new();
        let id = waits(catalog, &sample, Reason::new(ReasonCode::UnknownCustomer, "")).await;
        time_passes_for(catalog, contact_of(catalog, id).await, "documents").await;
        ask(catalog, id, expects, &choices).await;
        let other = sends(catalog, &sample, 1).await[0];
        let other = read_as(catalog, other, b"of its own", &facts("OTHER-1")).await;
        assert_eq!(catalog.answers(&other).await.unwrap(), None, "{expects:?}");
        assert_eq!(waits_for(catalog, id).await, Some(WaitsFor::Sender), "the question stays open");
    }
}

/// The question of a reviewer and its buttons have one time too: what nobody chose before a person saw the document can be
/// chosen still, unless it was decided or asked anew.
pub(super) async fn a_choice_counts_as_long_as_its_buttons(catalog: &Catalog) {
    let catalog = &leading(catalog);
    for asks_anew in [false, true] {
        let sample = Sample::new();
        let id = waits(catalog, &sample, Reason::new(ReasonCode::UnknownCustomer, "")).await;
        let contact = contact_of(catalog, id).await;
        time_passes_for(catalog, contact, "documents").await;
        ask(catalog, id, Expects::Choice, &["Norte", "Sur"]).await;
        let first = offered(catalog, contact).await;
        for _ in 0..4 {
            time_passes_for(catalog, contact, "ask").await;
        }
        let state = cases_of(catalog, contact).await.into_iter().find(|c| c.1 == "ask").unwrap().2;
        assert_eq!((state.as_str(), waits_for(catalog, id).await), ("expired", Some(WaitsFor::Reviewer)));
        if asks_anew {
            ask(catalog, id, Expects::Choice, &["Este", "Oeste"]).await;
        }
        taps(catalog, &sample, &first[1]).await;
        let says = if asks_anew { ("tap_refused", 0) } else { ("noted", 1) };
        let said = (last_said(catalog, contact).await.0, answers(catalog, id).await.len());
        assert_eq!((said.0.as_str(), said.1), says);
    }
}

pub(super) async fn a_question_is_answered_from_what_there_is(catalog: &Catalog) {
    let catalog = &leading(catalog);
    let sample = Sample::new();
    let first = sends(catalog, &sample, 1).await[0];
    let contact = contact_of(catalog, first).await;
    filed(catalog, first).await;
    time_passes(catalog, contact).await;
    says(catalog, message(&sample, "text", "¿Cómo va mi factura?")).await;
    let (purpose, text) = last_said(catalog, contact).await;
    assert!(purpose == "support" && text.contains(": Archivados"), "{purpose}: {text}");
    says(catalog, message(&sample, "text", "¿Qué falta?")).await;
    assert!(last_said(catalog, contact).await.1.contains("no nos falta nada"));
    let torn = waits(catalog, &sample, Reason::new(ReasonCode::Unreadable, "")).await;
    assert_eq!(waits_for(catalog, torn).await, Some(WaitsFor::Sender));
    time_passes_for(catalog, contact, "documents").await;
    says(catalog, message(&sample, "text", "¿Qué falta?")).await;
    assert!(last_said(catalog, contact).await.1.contains("no se lee bien"));
    says(catalog, message(&sample, "text", "Quiero hablar con una persona, ¿cómo va mi factura?")).await;
    let open = |cases: Vec<(_, String, String, _)>| cases.into_iter().find(|c| c.1 == "support").map(|c| c.2);
    assert_eq!(open(cases_of(catalog, contact).await).as_deref(), Some("human"));
    let before = said_to(catalog, contact).await.len();
    says(catalog, message(&sample, "text", "¿Cómo va mi factura?")).await;
    assert_eq!(said_to(catalog, contact).await.len(), before, "while a person has it, the machine is silent");
}

/// Meta says that another telephone has the number: who holds it now hears nothing of what came from it before.
pub(super) async fn who_may_be_somebody_else_by_now_hears_of_nothing_before(catalog: &Catalog) {
    let catalog = &leading(catalog);
    let sample = Sample::new();
    let first = sends(catalog, &sample, 1).await[0];
    let contact = contact_of(catalog, first).await;
    filed(catalog, first).await;
    time_passes(catalog, contact).await;
    let is_told = async |key: &str| {
        let mut question = message(&sample, "text", "¿Cómo va mi factura?");
        question.identity.identity_key_hash = Some(key.to_owned());
        says(catalog, question).await;
        last_said(catalog, contact).await.1.contains("Archivados")
    };
    assert!(is_told("one").await && is_told("one").await, "whose key is known for the first time, or again");
    assert!(!is_told("another").await, "who may be somebody else");
    let own = sends(catalog, &sample, 1).await[0];
    filed(catalog, own).await;
    time_passes(catalog, contact).await;
    assert!(is_told("another").await, "and hears of what they sent");
}
