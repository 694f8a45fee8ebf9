//! Promises of who was asked for several things: what they send and write lands where it belongs, or is a person's.

use acuse_conversation::Expects;
use acuse_pipeline::{
    document::Kind,
    fields::Fields,
    reason::{Reason, ReasonCode},
};
use uuid::Uuid;

use super::{answers, ask, message, says, waits, waits_for};
use crate::{
    Catalog, ContactId, Document, DocumentId,
    cases::Answer,
    conformance::{
        cases::{cases_of, contact_of, leading, sends, time_passes_for},
        door::{Sample, photo},
        road::{facts, read_as, reply},
    },
    inbound::InboundMessage,
    names::{Stage, WaitsFor},
    outbox::Purpose,
    stages::{ReadFacts, Step},
};

/// A file that looks like no other and names nothing but its kind.
fn seen(kind: Kind) -> ReadFacts {
    ReadFacts { kind: Some(kind), fields: Fields::new(), fingerprint: None, ..facts("") }
}

/// A file of this kind that is asked for again.
async fn again(
    catalog: &Catalog,
    sample: &Sample,
    (kind, why): (Kind, ReasonCode),
) -> (DocumentId, ContactId) {
    let id = sends(catalog, sample, 1).await[0];
    let contact = contact_of(catalog, id).await;
    read_as(catalog, id, id.to_string().as_bytes(), &seen(kind)).await;
    let reply = reply(Purpose::SendAgain);
    let step =
        catalog.into_review(id, Stage::Link, &[Reason::new(why, "")], None, Some(&reply)).await.unwrap();
    assert_eq!((step, waits_for(catalog, id).await), (Step::Taken, Some(WaitsFor::Sender)));
    time_passes_for(catalog, contact, "documents").await;
    (id, contact)
}

/// The one message of this purpose is sent to a contact; under which id of the channel.
async fn is_sent(catalog: &Catalog, contact: ContactId, purpose: &str) -> String {
    let sent = format!("wamid.{}", Uuid::now_v7());
    let mut tx = catalog.writing().await.unwrap();
    let sql = "UPDATE outbox SET wamid = $2 WHERE contact_id = $1 AND purpose = $3";
    assert_eq!(execute!(tx, sql, contact.0, sent.as_str(), purpose).unwrap(), 1, "{purpose}");
    tx.commit().await.unwrap();
    sent
}

/// A contact's questions are due, and share one reminder; under which id of the channel.
async fn reminded(catalog: &Catalog, contact: ContactId) -> String {
    time_passes_for(catalog, contact, "ask").await;
    is_sent(catalog, contact, "reminder").await
}

/// A file that comes as the reply to a message of ours.
async fn replies(catalog: &Catalog, sample: &Sample, to: &str, kind: Kind) -> Document {
    let wamid = format!("{}-{}", sample.wamid, Uuid::now_v7());
    let came = InboundMessage { wamid, reply_to: Some(to.to_owned()), ..photo(sample) };
    let id = says(catalog, came).await.new_documents[0];
    read_as(catalog, id, id.to_string().as_bytes(), &seen(kind)).await
}

/// Whoever answers a reminder that names several with a file does not say which: what it is does. One that names one says it.
pub(in crate::conformance) async fn a_reminder_of_several_says_not_which_a_file_answers(catalog: &Catalog) {
    let catalog = &leading(catalog);
    let sample = Sample::new();
    let (bill, contact) = again(catalog, &sample, (Kind::Invoice, ReasonCode::Unreadable)).await;
    let (card, _) = again(catalog, &sample, (Kind::Id, ReasonCode::Expired)).await;
    let reminder = reminded(catalog, contact).await;
    for (kind, document) in [(Kind::Id, card), (Kind::Invoice, bill)] {
        let came = replies(catalog, &sample, &reminder, kind).await;
        let found = catalog.answers(&came).await.unwrap();
        assert_eq!(found, Some(Answer::To { document, taken: "only", adds: false }), "{kind:?}");
    }
    let neither = replies(catalog, &sample, &reminder, Kind::Receipt).await;
    assert_eq!(catalog.answers(&neither).await.unwrap(), None, "it starts its own road");

    let sample = Sample::new();
    let (first, contact) = again(catalog, &sample, (Kind::Invoice, ReasonCode::Unreadable)).await;
    let reminder = reminded(catalog, contact).await;
    again(catalog, &sample, (Kind::Invoice, ReasonCode::Unreadable)).await;
    let came = replies(catalog, &sample, &reminder, Kind::Invoice).await;
    let found = catalog.answers(&came).await.unwrap();
    assert_eq!(found, Some(Answer::To { document: first, taken: "reply", adds: false }));
}

/// Whoever answers our message with something else has sent something else: the question stays open. Where nobody could read
/// what was asked for, what it is was a guess, and they say which it is.
pub(in crate::conformance) async fn a_file_of_another_kind_answers_nothing_that_it_quotes(catalog: &Catalog) {
    let catalog = &leading(catalog);
    for (why, is_guessed) in [(ReasonCode::Expired, false), (ReasonCode::Unreadable, true)] {
        let sample = Sample::new();
        let (document, contact) = again(catalog, &sample, (Kind::Id, why)).await;
        let reminder = reminded(catalog, contact).await;
        let answer = Answer::To { document, taken: "reply", adds: false };
        let other = replies(catalog, &sample, &reminder, Kind::Invoice).await;
        assert_eq!(catalog.answers(&other).await.unwrap(), is_guessed.then_some(answer), "{why:?}");
        assert_eq!(waits_for(catalog, document).await, Some(WaitsFor::Sender), "the question stays open");
        let card = replies(catalog, &sample, &reminder, Kind::Id).await;
        assert_eq!(catalog.answers(&card).await.unwrap(), Some(answer), "{why:?}");
    }
}

/// A question for words about a document of theirs that waits.
async fn asked(catalog: &Catalog, sample: &Sample) -> (DocumentId, ContactId) {
    let id = waits(catalog, sample, Reason::new(ReasonCode::UnknownCustomer, "")).await;
    let contact = contact_of(catalog, id).await;
    time_passes_for(catalog, contact, "documents").await;
    ask(catalog, id, Expects::Words, &[]).await;
    (id, contact)
}

/// States of a contact's cases of support.
async fn support(catalog: &Catalog, contact: ContactId) -> Vec<String> {
    let all = cases_of(catalog, contact).await.into_iter();
    all.filter(|case| case.1 == "support").map(|case| case.2).collect()
}

/// Nor do words: of two questions that wait for some, a person knows which they answer. And what asks for a file is answered by
/// no words that another question waits for.
pub(in crate::conformance) async fn a_reminder_of_several_says_not_what_words_answer(catalog: &Catalog) {
    let catalog = &leading(catalog);
    for of_a_file in [false, true] {
        let sample = Sample::new();
        let (first, contact) = if of_a_file {
            again(catalog, &sample, (Kind::Invoice, ReasonCode::Unreadable)).await
        } else {
            asked(catalog, &sample).await
        };
        // Of the first alone, or of both.
        let alone = if of_a_file { Some(reminded(catalog, contact).await) } else { None };
        let (second, _) = asked(catalog, &sample).await;
        let quoted = match alone {
            Some(alone) => alone,
            None => reminded(catalog, contact).await,
        };
        if !of_a_file {
            // Nor is it a caption of what they send at that time.
            sends(catalog, &sample, 1).await;
        }
        let words = message(&sample, "text", "es la del lunes");
        says(catalog, InboundMessage { reply_to: Some(quoted), ..words }).await;
        for id in [first, second] {
            assert!(answers(catalog, id).await.is_empty(), "of a file: {of_a_file}");
            assert_eq!(waits_for(catalog, id).await, Some(WaitsFor::Sender), "the question stays open");
        }
        assert_eq!(support(catalog, contact).await, ["human"], "of a file: {of_a_file}");
    }
}

/// "De acuerdo" is an answer where one is waited for, a person's where two wait, and else nothing that anybody has to see.
pub(in crate::conformance) async fn who_agrees_answers_what_was_asked(catalog: &Catalog) {
    let catalog = &leading(catalog);
    let sample = Sample::new();
    let (first, contact) = asked(catalog, &sample).await;
    says(catalog, message(&sample, "text", "Gracias")).await;
    assert_eq!(waits_for(catalog, first).await, Some(WaitsFor::Sender), "thanks are no answer");
    says(catalog, message(&sample, "text", "De acuerdo")).await;
    let said = answers(catalog, first).await;
    assert!(said.len() == 1 && said[0].contains("De acuerdo"), "{said:?}");
    assert_eq!(waits_for(catalog, first).await, Some(WaitsFor::Reviewer));
    says(catalog, message(&sample, "text", "Vale")).await;
    assert_eq!(support(catalog, contact).await, Vec::<String>::new(), "they have read it");
    for _ in 0..2 {
        asked(catalog, &sample).await;
    }
    says(catalog, message(&sample, "text", "Ok")).await;
    assert_eq!(support(catalog, contact).await, ["human"], "two could claim it");

    // What was asked until nobody reminded of it any more is in front of a person, and so is what answers it.
    let sample = Sample::new();
    let (id, contact) = asked(catalog, &sample).await;
    let question = is_sent(catalog, contact, "question").await;
    for _ in 0..4 {
        time_passes_for(catalog, contact, "ask").await;
    }
    assert_eq!(waits_for(catalog, id).await, Some(WaitsFor::Reviewer));
    says(catalog, message(&sample, "text", "Vale")).await;
    assert_eq!(support(catalog, contact).await, Vec::<String>::new(), "nobody waits for it");
    let words = message(&sample, "text", "De acuerdo");
    says(catalog, InboundMessage { reply_to: Some(question), ..words }).await;
    assert_eq!(support(catalog, contact).await, ["human"]);
}

/// What a person asked for beside what is there is put beside it, though it comes after the asking ended.
pub(in crate::conformance) async fn a_side_that_comes_late_takes_no_place(catalog: &Catalog) {
    let catalog = &leading(catalog);
    for (expects, adds) in [(Expects::Side, true), (Expects::Page, true), (Expects::File, false)] {
        let sample = Sample::new();
        let front = waits(catalog, &sample, Reason::new(ReasonCode::UnknownCustomer, "")).await;
        let contact = contact_of(catalog, front).await;
        time_passes_for(catalog, contact, "documents").await;
        ask(catalog, front, expects, &[]).await;
        for _ in 0..4 {
            time_passes_for(catalog, contact, "ask").await;
        }
        assert_eq!(waits_for(catalog, front).await, Some(WaitsFor::Reviewer), "the asking is over");
        let back = sends(catalog, &sample, 1).await[0];
        let back = read_as(catalog, back, b"the back", &seen(Kind::Id)).await;
        let found = catalog.answers(&back).await.unwrap();
        assert_eq!(found, Some(Answer::To { document: front, taken: "only", adds }), "{expects:?}");
    }
}
