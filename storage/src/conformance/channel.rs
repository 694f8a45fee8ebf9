//! Promises of the way back: pauses, windows, statuses, asking, and the ledger of the messages.

mod pauses;

use acuse_conversation::Policies;
use acuse_pipeline::document::Status;
use time::{Duration, OffsetDateTime};

use super::{
    door::{Sample, delivery, photo, received},
    given::fresh,
    notices::approved_of,
    road::{next_of, reply, to_review},
};
use crate::{
    Catalog, ContactId, DocumentId, Intake,
    accounts::NumberHealth,
    dispatch::{NumberRate, Paid, templates_of},
    inbound::{InboundItem, InboundMessage, InboundStatus},
    incidents::{Acknowledged, IncidentState},
    names::{Stage, WaitsFor, micros, now},
    numbers::May,
    outbox::{HeldFor, NewReply, NextReply, OutboxMessage, OutboxState, Purpose},
    parts::Part,
    reviews::{Decision, Resolved},
};

pub(super) use pauses::{
    a_dead_token_pauses_its_numbers_only, a_number_is_forgotten_when_nothing_waits_for_it,
    a_pause_for_which_nothing_waits_is_the_watchs_to_probe, a_pause_is_of_one_number_and_direction,
    a_token_that_is_taken_again_opens_what_it_closed_alone, each_direction_has_its_own_reason_now,
    each_direction_is_paused_for_its_own_reason, of_two_who_pause_at_once_one_is_first,
    paused_for_one_reason_before, what_a_permission_closed_a_mark_may_open,
};

const LEASE: std::time::Duration = std::time::Duration::from_secs(60);
/// Long enough that whoever was told to begin waits by then.
pub(super) const A_MOMENT: std::time::Duration = std::time::Duration::from_millis(300);

pub(super) async fn waiting(catalog: &Catalog) -> (DocumentId, ContactId, Sample) {
    let sample = Sample::new();
    let id = received(catalog, &sample).await;
    to_review(catalog, id).await;
    let contact = catalog.document(id).await.unwrap().unwrap().contact_id.unwrap();
    (id, contact, sample)
}

pub(super) async fn take(catalog: &Catalog, contact: ContactId) -> OutboxMessage {
    match next_of(catalog, contact, LEASE).await {
        NextReply::Send(message) => *message,
        other => panic!("a message waits: {other:?}"),
    }
}

/// Meta says what became of a message: by the id that it gave it, and by ours where it carries that.
pub(super) async fn status(
    catalog: &Catalog,
    wamid: &str,
    callback: Option<&OutboxMessage>,
    status: &str,
    code: Option<i64>,
) {
    let status = InboundStatus {
        wamid: wamid.into(),
        status: status.into(),
        recipient: "34".into(),
        at: now(),
        callback: callback.map(|message| message.id.to_string()),
        error_code: code,
        error: code.map(|c| format!("code {c}")),
        raw: "{}".into(),
    };
    let intake = Intake::spawn(catalog.clone());
    intake.record(delivery(vec![InboundItem::Status(status)])).await.unwrap();
}

async fn state(catalog: &Catalog, document: DocumentId) -> OutboxState {
    catalog.replies_about(document).await.unwrap()[0].state
}

pub(super) async fn a_failed_status_comes_back_and_delivered_wins(catalog: &Catalog) {
    let (document, contact, sample) = waiting(catalog).await;
    let message = take(catalog, contact).await;
    let wamid = format!("out.{}", sample.wamid);
    catalog.reply_sent(message.id, &wamid).await.unwrap();
    status(catalog, &wamid, Some(&message), "failed", Some(131_026)).await;
    assert_eq!(state(catalog, document).await, OutboxState::Refused, "a failed status is a failed send");
    assert!(catalog.message_ledger(now()).await.unwrap().balanced, "a live task is behind it");
    let back = take(catalog, contact).await;
    assert_eq!((back.id, back.state, back.error_code), (message.id, OutboxState::Refused, Some(131_026)));
    catalog.reply_failed(back.id, "message_failed", "131026").await.unwrap();
    let named = async |state| {
        let all = catalog.incidents(state, None, 500).await.unwrap();
        all.into_iter().find(|i| i.messages.contains(&message.id))
    };
    let incident = named(None).await.expect("a person is told, by the message's name");
    assert_eq!(incident.detail["contact_id"], contact.0.to_string(), "and of whom");
    assert_eq!(catalog.acknowledge_incident(incident.id, "eva", now()).await.unwrap(), Acknowledged::Done);
    assert_eq!(
        named(Some(IncidentState::Acknowledged)).await.and_then(|i| i.acked_by).as_deref(),
        Some("eva")
    );
    let ledger = catalog.message_ledger(now()).await.unwrap();
    assert!(ledger.balanced && ledger.told >= 1, "{ledger:?}");
    // Another device had it all along.
    status(catalog, &wamid, Some(&message), "delivered", None).await;
    assert_eq!(state(catalog, document).await, OutboxState::Delivered);
    assert_eq!(named(None).await, None, "it arrived after all");
    status(catalog, &wamid, Some(&message), "failed", Some(131_000)).await;
    assert_eq!(state(catalog, document).await, OutboxState::Delivered, "delivered wins");
}

pub(super) async fn what_may_have_left_waits_for_its_status(catalog: &Catalog) {
    let (document, contact, sample) = waiting(catalog).await;
    let message = take(catalog, contact).await;
    catalog.reply_unknown(message.id, "time-out").await.unwrap();
    assert_eq!(next_of(catalog, contact, LEASE).await, NextReply::Empty, "it is not sent again");
    assert!(catalog.message_ledger(now()).await.unwrap().balanced);
    status(catalog, &format!("late.{}", sample.wamid), Some(&message), "sent", None).await;
    assert_eq!(state(catalog, document).await, OutboxState::Sent);
    // Nobody confirms it.
    let later = now() + Duration::hours(73);
    assert!(!catalog.message_ledger(later).await.unwrap().balanced, "past its time it is nowhere");
    assert!(catalog.tell_unconfirmed(later).await.unwrap() >= 1);
    assert_eq!(state(catalog, document).await, OutboxState::Failed);
    let told = catalog.incidents(None, None, 500).await.unwrap();
    assert!(told.iter().any(|i| i.kind == "message_not_confirmed" && i.messages.contains(&message.id)));
}

pub(super) async fn how_long_a_delivery_is_waited_for_is_said(catalog: &Catalog) {
    let (document, contact, sample) = waiting(catalog).await;
    let message = take(catalog, contact).await;
    catalog.reply_sent(message.id, &format!("out.{}", sample.wamid)).await.unwrap();
    let patient = catalog.clone().with_sent_life(std::time::Duration::from_secs(100 * 3_600));
    let later = now() + Duration::hours(73);
    patient.tell_unconfirmed(later).await.unwrap();
    assert_eq!(state(catalog, document).await, OutboxState::Sent, "its time is not over");
    assert!(patient.message_ledger(later).await.unwrap().on_its_way >= 1);
    let later = now() + Duration::hours(101);
    assert!(!patient.message_ledger(later).await.unwrap().balanced, "past it, it is nowhere");
    assert!(patient.tell_unconfirmed(later).await.unwrap() >= 1);
    assert_eq!(state(catalog, document).await, OutboxState::Failed);
}

pub(super) async fn all_that_nobody_confirmed_is_told_of_at_once(catalog: &Catalog) {
    let mut documents = Vec::new();
    for _ in 0..3 {
        let (document, contact, sample) = waiting(catalog).await;
        let message = take(catalog, contact).await;
        catalog.reply_sent(message.id, &format!("out.{}", sample.wamid)).await.unwrap();
        documents.push(document);
    }
    let later = now() + Duration::hours(73);
    assert!(catalog.tell_unconfirmed_by(1, later).await.unwrap() >= 3, "one after the other");
    for document in documents {
        assert_eq!(state(catalog, document).await, OutboxState::Failed);
    }
}

pub(super) async fn the_message_ledger_can_come_out_false(catalog: &Catalog) {
    let (_, contact, _) = waiting(catalog).await;
    let ledger = catalog.message_ledger(now()).await.unwrap();
    assert!(ledger.balanced && ledger.on_its_way >= 1, "{ledger:?}");
    let mut tx = catalog.writing().await.unwrap();
    let jobs = tx.jobs();
    let text =
        format!("DELETE FROM {jobs} WHERE id = (SELECT task_id FROM reply_lines WHERE contact_id = $1)");
    assert_eq!(execute!(tx, sqlx::AssertSqlSafe(text.clone()), contact.0).unwrap(), 1);
    tx.commit().await.unwrap();
    let ledger = catalog.message_ledger(now()).await.unwrap();
    assert!(!ledger.balanced, "a task was lost behind its back: {ledger:?}");
    assert!(catalog.sweep_older_than(Duration::ZERO).await.unwrap().lines >= 1);
    assert!(catalog.message_ledger(now()).await.unwrap().balanced, "the sweep put it back");
}

pub(super) async fn workers_pay_into_one_bucket(catalog: &Catalog) {
    let number = fresh("n");
    let from = now();
    let mut workers = tokio::task::JoinSet::new();
    for _ in 0..12 {
        let (_, contact, _) = waiting(catalog).await;
        let message = take(catalog, contact).await;
        let (catalog, number) = (catalog.clone(), number.clone());
        workers.spawn(async move {
            let went = catalog.dispatch(&message, &number, |facts| {
                let paid_at = facts.number_paid_at.map_or(from, |at| at.max(from)) + Duration::SECOND;
                let paid =
                    Paid { number: paid_at, pair: paid_at, probe: false, template: None, reaches: false };
                (facts.rate_per_s, Some(paid))
            });
            assert_eq!(went.await.unwrap(), Some(80));
            let again = catalog.dispatch(&message, &number, |facts| {
                let now = facts.now;
                ((), Some(Paid { number: now, pair: now, probe: false, template: None, reaches: false }))
            });
            assert_eq!(again.await.unwrap(), None, "it is leaving already: nothing is paid twice");
            message
        });
    }
    let went = workers.join_all().await;
    assert!(catalog.message_ledger(now()).await.unwrap().balanced);
    let paid = catalog.dispatch(&went[0], &number, |facts| (facts.number_paid_at, None)).await.unwrap();
    assert_eq!(paid.flatten(), Some(from + Duration::seconds(12)), "no payment was lost");
    // 130429 halves the rate, once for a burst; success brings it back only after a while.
    for _ in 0..2 {
        assert_eq!(catalog.rate_lowered(&number).await.unwrap(), NumberRate { per_s: 40, ceiling: 80 });
    }
    let rate = async || catalog.dispatch(&went[0], &number, |f| (f.rate_per_s, None)).await.unwrap();
    assert_eq!(rate().await, Some(40));
    catalog.reply_sent(went[0].id, "wamid.rate").await.unwrap();
    assert_eq!(rate().await, Some(40));
    for message in &went[1..] {
        catalog.reply_withdrawn(message.id, "no longer wanted").await.unwrap();
    }
    assert!(catalog.message_ledger(now()).await.unwrap().balanced);
}

/// Numbers of one account share what its tier lets them reach, also when two workers count at the same moment, each for a
/// number of its own.
pub(super) async fn two_numbers_of_an_account_reach_no_more_than_its_tier_at_once(catalog: &Catalog) {
    let account = fresh("waba");
    let mut workers = tokio::task::JoinSet::new();
    for _ in 0..2 {
        let number = fresh("n");
        assert!(catalog.add_number(&number, &account, "default").await.unwrap());
        let health = NumberHealth { tier: Some("TIER_1".into()), ..NumberHealth::default() };
        catalog.keep_number_health(&number, &health).await.unwrap();
        let (_, contact, _) = waiting(catalog).await;
        let message = take(catalog, contact).await;
        let template = templates_of(&message).remove(0);
        approved_of(catalog, (&number, &account), &template, "APPROVED").await;
        let catalog = catalog.clone();
        workers.spawn(async move {
            let went = catalog.dispatch(&message, &number, |facts| {
                // The other looks meanwhile, if it may.
                std::thread::sleep(A_MOMENT);
                let goes = facts.reaches_at.is_none();
                assert_eq!(facts.template, template);
                let template = Some((template, "es".to_owned()));
                let paid = Paid { number: facts.now, pair: facts.now, probe: false, template, reaches: true };
                (goes, goes.then_some(paid))
            });
            (went.await.unwrap().expect("it waits"), message.id)
        });
    }
    let went = workers.join_all().await;
    assert_eq!(went.iter().filter(|(goes, _)| *goes).count(), 1, "{went:?}");
    for (_, id) in went {
        catalog.reply_withdrawn(id, "no longer wanted").await.unwrap();
    }
    assert!(catalog.message_ledger(now()).await.unwrap().balanced);
}

/// Meta says of two messages at the same moment that somebody wants no more of their kind: it is written down once.
pub(super) async fn what_two_refusals_say_of_a_person_is_written_once(catalog: &Catalog) {
    let (_, contact, _) = waiting(catalog).await;
    let (message, number) = (take(catalog, contact).await, fresh("n"));
    let mut busy = catalog.writing().await.unwrap();
    let sql = "UPDATE contacts SET updated_at = updated_at WHERE id = $1";
    assert_eq!(execute!(busy, sql, contact.0).unwrap(), 1);
    let mut refused = tokio::task::JoinSet::new();
    for _ in 0..2 {
        let (catalog, message, number) = (catalog.clone(), message.clone(), number.clone());
        refused.spawn(async move {
            catalog.consent_withdrawn(&message, &number, "marketing", "meta_131050").await.unwrap();
        });
    }
    tokio::time::sleep(A_MOMENT).await;
    busy.commit().await.unwrap();
    refused.join_all().await;
    let written = catalog.written_consents(contact).await.unwrap();
    assert_eq!(written.iter().filter(|word| word.source == "meta_131050").count(), 1, "{written:?}");
    catalog.reply_withdrawn(message.id, "no longer wanted").await.unwrap();
}

pub(super) async fn a_pair_that_meta_refuses_slows_until_all_is_paid_for(catalog: &Catalog) {
    let number = fresh("n");
    let (document, contact, _) = waiting(catalog).await;
    let message = take(catalog, contact).await;
    // When the pair had paid; the message leaves, and now it has paid until then.
    let goes = async |pair: OffsetDateTime| {
        let went = catalog.dispatch(&message, &number, |facts| {
            let paid = Paid { number: facts.now, pair, probe: false, template: None, reaches: false };
            (facts.pair_paid_at, Some(paid))
        });
        went.await.unwrap().expect("it waits")
    };
    let refused = async || {
        let wait = catalog.pair_refused(contact, &number).await.unwrap();
        catalog.reply_refused(message.id, "131056", Some(131_056)).await.unwrap();
        catalog.reply_put_off(message.id, "131056", Some(131_056), now()).await.unwrap();
        let message = catalog.replies_about(document).await.unwrap().remove(0);
        assert_eq!((message.attempts, message.state), (0, OutboxState::Queued), "no attempt at the message");
        wait.as_secs()
    };
    let before = now();
    goes(before + Duration::seconds(6)).await;
    assert_eq!(refused().await, 1);
    let owed = goes(before + Duration::seconds(600)).await.expect("it was refused");
    assert!(owed >= before + Duration::seconds(44 * 6 + 1), "all is borrowed: {owed}");
    assert_eq!(refused().await, 4, "again, and nothing was paid for meanwhile");
    assert_eq!(catalog.pair_refused(contact, "another").await.unwrap().as_secs(), 1, "of this number alone");
    goes(before - Duration::SECOND).await;
    assert_eq!(refused().await, 16);
    goes(before - Duration::SECOND).await;
    catalog.reply_refused(message.id, "130429", Some(130_429)).await.unwrap();
    catalog.reply_put_off(message.id, "130429", Some(130_429), now()).await.unwrap();
    goes(before + Duration::seconds(6)).await;
    assert_eq!(refused().await, 1, "all was paid for: it is the first again");
    // A refusal of its file's upload takes back no attempt that was made before.
    goes(before + Duration::seconds(6)).await;
    catalog.reply_refused(message.id, "131053", Some(131_053)).await.unwrap();
    catalog.reply_later(message.id, "131053", Some(131_053), now()).await.unwrap();
    catalog.reply_put_off(message.id, "130429 of its upload", Some(130_429), now()).await.unwrap();
    assert_eq!(catalog.replies_about(document).await.unwrap()[0].attempts, 1);
    catalog.reply_withdrawn(message.id, "no longer wanted").await.unwrap();
    assert!(catalog.message_ledger(now()).await.unwrap().balanced);
}

pub(super) async fn nobody_else_decides_on_a_refusal_meanwhile(catalog: &Catalog) {
    let (_, contact, _) = waiting(catalog).await;
    // A lease that is over when Meta answers.
    let spent = std::time::Duration::ZERO;
    let NextReply::Send(message) = next_of(catalog, contact, spent).await else { panic!("a message waits") };
    leaves(catalog, &message).await;
    assert!(matches!(next_of(catalog, contact, spent).await, NextReply::Send(_)), "its worker may be dead");
    catalog.reply_refused(message.id, "131000", Some(131_000)).await.unwrap();
    assert_eq!(next_of(catalog, contact, spent).await, NextReply::Busy, "it is not: it has an answer");
    catalog.reply_withdrawn(message.id, "no longer wanted").await.unwrap();
}

/// It goes, marked as leaving, and paid for.
async fn leaves(catalog: &Catalog, message: &OutboxMessage) {
    let number = message.phone_number_id.clone().unwrap_or_default();
    let went = catalog.dispatch(message, &number, |facts| {
        ((), Some(Paid { number: facts.now, pair: facts.now, probe: false, template: None, reaches: false }))
    });
    went.await.unwrap().expect("it leaves");
}

/// A worker that was long away finds its message on its way again: another decided for it, and what it decides now would
/// send the message twice.
pub(super) async fn whoever_decides_too_late_does_not_take_back_what_is_leaving(catalog: &Catalog) {
    let (document, contact, _) = waiting(catalog).await;
    let message = take(catalog, contact).await;
    leaves(catalog, &message).await;
    catalog.reply_refused(message.id, "no connection", None).await.unwrap();
    assert_eq!(state(catalog, document).await, OutboxState::Refused, "that it did not leave is known");
    catalog.reply_later(message.id, "no connection", None, now()).await.unwrap();
    leaves(catalog, &take(catalog, contact).await).await;
    catalog.reply_later(message.id, "no connection", None, now()).await.unwrap();
    catalog.reply_put_off(message.id, "no connection", None, now()).await.unwrap();
    catalog.reply_aside(message.id, "no connection", None, now(), HeldFor::Tomorrow).await.unwrap();
    assert_eq!(state(catalog, document).await, OutboxState::Sending);
    assert!(catalog.message_ledger(now()).await.unwrap().balanced);
    catalog.reply_sent(message.id, &fresh("wamid.")).await.unwrap();
    assert_eq!(state(catalog, document).await, OutboxState::Sent);
}

/// The answer to a call is lost, and a status said before that it had failed: that is decided on, and nobody waits an hour
/// for what is known.
pub(super) async fn what_a_status_said_outlives_a_lost_answer(catalog: &Catalog) {
    let (document, contact, sample) = waiting(catalog).await;
    let message = take(catalog, contact).await;
    leaves(catalog, &message).await;
    status(catalog, &format!("out.{}", sample.wamid), Some(&message), "failed", Some(131_000)).await;
    catalog.reply_unknown(message.id, "time-out").await.unwrap();
    assert_eq!(state(catalog, document).await, OutboxState::Refused);
    let back = take(catalog, contact).await;
    assert_eq!((back.id, back.error_code), (message.id, Some(131_000)), "at once, with its reason");
    assert!(catalog.message_ledger(now()).await.unwrap().balanced);
    catalog.reply_withdrawn(message.id, "no longer wanted").await.unwrap();
}

pub(super) async fn a_part_that_is_away_is_one_incident_until_it_is_back(catalog: &Catalog) {
    let open = async || {
        let all = catalog.incidents(None, None, 500).await.unwrap();
        all.into_iter().filter(|i| i.kind == "objects_away").count()
    };
    assert!(catalog.parts_away().await.unwrap().is_empty());
    let next = catalog.part_away(Part::Objects, "no connection").await.unwrap();
    catalog.part_away(Part::Objects, "still none").await.unwrap();
    let away = catalog.parts_away().await.unwrap();
    assert_eq!((away.len(), away[0].part, open().await), (1, Part::Objects, 1));
    assert!(next > now(), "it is left alone for a while");
    assert!(matches!(catalog.take_probe(Part::Objects).await.unwrap(), May::NotBefore(_)));
    assert!(catalog.part_back(Part::Objects).await.unwrap());
    assert!(!catalog.part_back(Part::Objects).await.unwrap());
    assert_eq!((catalog.parts_away().await.unwrap().len(), open().await), (0, 0));
}

pub(super) async fn a_window_is_of_a_contact_and_a_number(catalog: &Catalog) {
    let (_, contact, sample) = waiting(catalog).await;
    let number = photo(&sample).phone_number_id;
    let first = catalog.last_inbound(contact, &number).await.unwrap().expect("they wrote to it");
    assert_eq!(catalog.last_inbound(contact, "another").await.unwrap(), None, "not to that one");
    // A webhook that comes late does not turn the clock back, and counts by Meta's time.
    let late = Sample { wamid: Sample::new().wamid, ..sample };
    let message = InboundMessage { sent_at: first - Duration::hours(5), ..photo(&late) };
    Intake::spawn(catalog.clone()).record(delivery(vec![InboundItem::Message(message)])).await.unwrap();
    assert_eq!(catalog.last_inbound(contact, &number).await.unwrap(), Some(first));
    assert!(catalog.numbers().await.unwrap().iter().any(|n| n.phone_number_id == number), "its row is made");
}

pub(super) async fn asking_again_asks_each_time_and_waits_for_the_sender(catalog: &Catalog) {
    let (id, _, _) = waiting(catalog).await;
    for (nonce, asked) in [("one", 1), ("two", 2)] {
        let review = catalog.open_review_of(id).await.unwrap().expect("it stays open");
        let told = NewReply { nonce: nonce.into(), ..reply(Purpose::SendAgain) };
        let decision = Decision::AskAgain { note: "blurred".into() };
        let done = catalog.resolve_review(review.id, "ana", None, &decision, Some(&told)).await.unwrap();
        assert_eq!(done, Resolved::Done(Status::InReview));
        let document = catalog.document(id).await.unwrap().unwrap();
        assert_eq!((document.status, document.waits_for), (Status::InReview, Some(WaitsFor::Sender)));
        assert!(!document.reasons.is_empty(), "why it waits is kept");
        let asks = catalog.replies_about(id).await.unwrap();
        assert_eq!(asks.iter().filter(|m| m.purpose == Purpose::SendAgain).count(), asked);
    }
    let review = catalog.open_review_of(id).await.unwrap().unwrap();
    let reject = Decision::Reject { note: "never came".into() };
    let done = catalog.resolve_review(review.id, "ana", None, &reject, None).await.unwrap();
    assert_eq!(done, Resolved::Done(Status::Rejected));
    assert_eq!(catalog.document(id).await.unwrap().unwrap().waits_for, None);
}

pub(super) async fn what_nobody_reminds_a_sender_of_is_a_persons_after_a_week(catalog: &Catalog) {
    let led = catalog.clone().with_policies(Some(Policies::ours().unwrap()));
    let mut asked = Vec::new();
    for by in [catalog, &led] {
        let (id, _, _) = waiting(catalog).await;
        let review = by.open_review_of(id).await.unwrap().unwrap();
        let again = Decision::AskAgain { note: String::new() };
        let done = by.resolve_review(review.id, "ana", None, &again, None).await.unwrap();
        assert_eq!(done, Resolved::Done(Status::InReview));
        asked.push(id);
    }
    let waits_for = async |id| catalog.document(id).await.unwrap().unwrap().waits_for;
    catalog.end_unanswered().await.unwrap();
    assert_eq!(waits_for(asked[0]).await, Some(WaitsFor::Sender), "it was asked for just now");
    let mut tx = catalog.writing().await.unwrap();
    for id in &asked {
        let sql = "UPDATE reviews SET opened_at = $2 WHERE document_id = $1 AND resolved_at IS NULL";
        execute!(tx, sql, id.0, micros(now() - Duration::days(8))).unwrap();
    }
    tx.commit().await.unwrap();
    assert!(catalog.end_unanswered().await.unwrap() >= 1);
    assert_eq!(waits_for(asked[0]).await, Some(WaitsFor::Reviewer));
    assert!(catalog.timeline(asked[0]).await.unwrap().iter().any(|e| e.event == "not_answered"));
    assert_eq!(waits_for(asked[1]).await, Some(WaitsFor::Sender), "its case keeps the time");
    for id in asked {
        let review = led.open_review_of(id).await.unwrap().unwrap();
        let reject = Decision::Reject { note: "never came".into() };
        led.resolve_review(review.id, "ana", None, &reject, None).await.unwrap();
    }
}

pub(super) async fn what_failed_for_our_sake_goes_round_again(catalog: &Catalog) {
    let (id, _, _) = waiting(catalog).await;
    let document = catalog.document(id).await.unwrap().unwrap();
    let review = catalog.open_review_of(id).await.unwrap().unwrap();
    let retry = Decision::Retry { note: None };
    let done = catalog.resolve_review(review.id, "ana", Some(document.version), &retry, None).await.unwrap();
    assert_eq!(done, Resolved::Done(Status::Processing));
    let again = catalog.document(id).await.unwrap().unwrap();
    let stage = if document.original.is_some() { Stage::Read } else { Stage::Fetch };
    assert_eq!((again.stage, again.attempts, again.waits_for), (stage, 0, None));
    assert!(again.reasons.is_empty());
    let (other, _, _) = waiting(catalog).await;
    let reason = catalog.document(other).await.unwrap().unwrap().reasons[0].code;
    assert!(catalog.retry_all(&crate::Access::whole(), reason, "ana").await.unwrap() >= 1);
    assert_eq!(catalog.document(other).await.unwrap().unwrap().status, Status::Processing);
}
