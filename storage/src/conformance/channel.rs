//! Promises of the way back: pauses, windows, statuses, asking, and the ledger of the messages.

use acuse_conversation::Policies;
use acuse_pipeline::document::Status;
use time::{Duration, OffsetDateTime};

use super::{
    door::{Sample, delivery, photo, received},
    road::{next_of, reply, to_review},
};
use crate::{
    Catalog, ContactId, DocumentId, Intake,
    accounts::NumberHealth,
    dispatch::{NumberRate, Paid},
    inbound::{InboundItem, InboundMessage, InboundStatus},
    incidents::{Acknowledged, IncidentState},
    names::{Stage, WaitsFor, kept, micros, now},
    numbers::{About, Direction, May, Number, Pause, Removed},
    outbox::{NewReply, NextReply, OutboxMessage, OutboxState, Purpose},
    parts::Part,
    reviews::{Decision, Resolved},
};

const LEASE: std::time::Duration = std::time::Duration::from_secs(60);
/// Long enough that whoever was told to begin waits by then.
pub(super) const A_MOMENT: std::time::Duration = std::time::Duration::from_millis(300);

fn fresh(prefix: &str) -> String {
    format!("{prefix}{}", uuid::Uuid::now_v7().simple())
}

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

pub(super) async fn status(
    catalog: &Catalog,
    wamid: &str,
    callback: &OutboxMessage,
    status: &str,
    code: Option<i64>,
) {
    let status = InboundStatus {
        wamid: wamid.into(),
        status: status.into(),
        recipient: "34".into(),
        at: now(),
        callback: Some(callback.id.to_string()),
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

pub(super) async fn a_pause_is_of_one_number_and_direction(catalog: &Catalog) {
    let (mine, other, t) = (fresh("n"), fresh("n"), now());
    let go = async |n: &str, d, at| catalog.may_go(n, d, at).await.unwrap();
    catalog.pause(About::Number(&mine), Direction::Send, "131048: spam", t).await.unwrap();
    catalog.pause(About::Number(&mine), Direction::Send, "again", t).await.unwrap();
    assert_eq!(go(&mine, Direction::Fetch, t).await, May::Go, "what may not be sent may still be fetched");
    assert_eq!(go(&other, Direction::Send, t).await, May::Go, "and nobody else is meant");
    assert!(matches!(go(&mine, Direction::Send, t).await, May::NotBefore(_)));
    let paused = catalog.paused_numbers().await.unwrap();
    let row = paused.iter().find(|n| n.phone_number_id == mine).expect("paused");
    let pause = row.send_pause.as_ref().expect("sending");
    assert_eq!((pause.reason.as_str(), &row.fetch_pause), ("131048: spam", &None), "the first reason stays");

    // One of those that ask is the probe; it fails, and the next one comes later.
    let due = t + Duration::minutes(1);
    assert_eq!(go(&mine, Direction::Send, due).await, May::Probe);
    assert!(matches!(go(&mine, Direction::Send, due).await, May::NotBefore(_)), "one probe at a time");
    catalog.pause(About::Number(&mine), Direction::Send, "still", due).await.unwrap();
    assert_eq!(
        go(&mine, Direction::Send, due + Duration::minutes(1)).await,
        May::NotBefore(due + Duration::minutes(2))
    );
    assert_eq!(go(&mine, Direction::Send, due + Duration::minutes(2)).await, May::Probe);
    let open = |all: Vec<crate::incidents::Incident>| all.into_iter().find(|i| i.subject == mine);
    assert!(open(catalog.incidents(None, None, 500).await.unwrap()).is_some_and(|i| i.kind == "send_paused"));
    assert!(catalog.resume(&mine, Direction::Send, due).await.unwrap());
    assert!(!catalog.resume(&mine, Direction::Send, due).await.unwrap());
    assert_eq!(go(&mine, Direction::Send, due).await, May::Go);
    assert!(open(catalog.incidents(None, None, 500).await.unwrap()).is_none(), "it resolves itself");
}

/// Three numbers of before: fetching paused first and then sending, sending alone, and neither.
pub(super) async fn paused_for_one_reason_before(catalog: &Catalog) {
    let mut tx = catalog.writing().await.unwrap();
    let sql = "INSERT INTO numbers (phone_number_id, fetch_paused, send_paused, reason, since) VALUES ($1, $2, $3, $4, $5)";
    for (number, fetch, send, reason) in
        [("2001", true, true, Some("190")), ("2002", false, true, Some("368")), ("2003", false, false, None)]
    {
        execute!(tx, sql, number, fetch, send, reason, reason.map(|_| 1_000_000_i64)).unwrap();
    }
    for (kind, detail, at) in [
        ("fetch_paused", r#"{"reason":"190"}"#, 1_000_000_i64),
        ("send_paused", r#"{"reason":"131042"}"#, 2_000_000),
    ] {
        execute!(
            tx,
            "INSERT INTO incidents (id, kind, subject, severity, state, detail, opened_at, last_seen_at) \
             VALUES ($1, $2, '2001', 'critical', 'acknowledged', $3, $4, $4)",
            uuid::Uuid::now_v7(),
            kind,
            detail,
            at
        )
        .unwrap();
    }
    tx.commit().await.unwrap();
}

/// What the incident of a direction tells is its own; where there is none, what stood for both.
pub(super) async fn each_direction_has_its_own_reason_now(catalog: &Catalog) {
    let at = |secs| Some(OffsetDateTime::UNIX_EPOCH + Duration::seconds(secs));
    let pause = |reason: &str, secs| Some(Pause { reason: reason.into(), since: at(secs) });
    let all = catalog.numbers().await.unwrap();
    let of = |number: &str| all.iter().find(|n| n.phone_number_id == number).unwrap();
    assert_eq!(of("2001").fetch_pause, pause("190", 1));
    assert_eq!(of("2001").send_pause, pause("131042", 2), "not what fetching is paused for");
    assert_eq!((&of("2002").fetch_pause, &of("2002").send_pause), (&None, &pause("368", 1)));
    assert!(of("2003").pauses().next().is_none());
    for number in ["2001", "2002", "2003"] {
        assert_eq!(catalog.remove_number(number).await.unwrap(), Removed::Gone);
    }
}

pub(super) async fn each_direction_is_paused_for_its_own_reason(catalog: &Catalog) {
    let (mine, t) = (fresh("n"), kept(now()));
    let later = t + Duration::HOUR;
    let row = async || -> Number {
        let all = catalog.numbers().await.unwrap();
        all.into_iter().find(|n| n.phone_number_id == mine).unwrap()
    };
    let paused = |reason: &str, since| Some(Pause { reason: reason.into(), since: Some(since) });
    let go = async |d, at| catalog.may_go(&mine, d, at).await.unwrap();
    catalog.set_token_ref(&mine, &fresh("T")).await.unwrap();
    catalog.pause(About::TokenOf(&mine), Direction::Fetch, "190: the token is over", t).await.unwrap();
    catalog.pause(About::Number(&mine), Direction::Send, "131042: billing", later).await.unwrap();
    let both = row().await;
    assert_eq!(both.fetch_pause, paused("190: the token is over", t));
    assert_eq!(both.send_pause, paused("131042: billing", later), "not the first's");
    // The probe of fetching passes, that of sending fails: each is about its own.
    assert_eq!(go(Direction::Fetch, later).await, May::Probe);
    assert!(matches!(go(Direction::Send, later).await, May::NotBefore(_)), "its probe is not due yet");
    assert!(catalog.resume(&mine, Direction::Fetch, later).await.unwrap());
    let one = row().await;
    assert_eq!((one.fetch_pause, one.send_pause), (None, paused("131042: billing", later)));
    let due = later + Duration::minutes(1);
    assert_eq!(go(Direction::Send, due).await, May::Probe);
    catalog.pause(About::Number(&mine), Direction::Fetch, "10: a permission", due).await.unwrap();
    assert!(catalog.probe_taken(&mine, due).await.unwrap(), "it was taken: sending is open");
    let one = row().await;
    assert_eq!((one.fetch_pause, one.send_pause), (paused("10: a permission", due), None));
    assert!(catalog.resume(&mine, Direction::Fetch, due).await.unwrap());
}

pub(super) async fn a_pause_for_which_nothing_waits_is_the_watchs_to_probe(catalog: &Catalog) {
    let (mine, t) = (fresh("n"), kept(now()));
    let (due, later) = (t + Duration::minutes(1), t + Duration::HOUR);
    let idle = async |at| -> Vec<Direction> {
        let all = catalog.idle_pauses(at).await.unwrap();
        all.into_iter().filter(|p| p.number == mine).map(|p| p.direction).collect()
    };
    let ends_with = async |kind: &str| -> String {
        let all = catalog.incidents(None, None, 500).await.unwrap();
        let mine = all.into_iter().find(|i| i.subject == mine && i.kind == kind).expect("it is told of");
        mine.detail["ends_with"].as_str().unwrap().to_owned()
    };
    // A token of its own: others here have that of everybody.
    catalog.set_token_ref(&mine, &fresh("T")).await.unwrap();
    for direction in [Direction::Fetch, Direction::Send] {
        catalog.pause(About::TokenOf(&mine), direction, "190: the token is over", t).await.unwrap();
    }
    assert!(idle(t).await.is_empty(), "no probe is due");
    assert_eq!(idle(due).await, [Direction::Fetch, Direction::Send]);
    assert_eq!(ends_with("send_paused").await, "a token that is taken again");
    assert_eq!(catalog.may_go(&mine, Direction::Fetch, due).await.unwrap(), May::Probe);
    assert_eq!(idle(due).await, [Direction::Send], "one probe at a time");
    catalog.still_paused(&mine, Direction::Fetch, "190: still", due).await.unwrap();
    assert_eq!(idle(due + Duration::minutes(1)).await, [Direction::Send], "and at growing gaps");
    assert_eq!(idle(due + Duration::minutes(2)).await, [Direction::Fetch, Direction::Send]);

    // What billing closed too, no question by the token opens.
    catalog.pause(About::Number(&mine), Direction::Send, "131042: billing", due).await.unwrap();
    assert_eq!(idle(later).await, [Direction::Fetch]);
    assert_eq!(ends_with("send_paused").await, "a message that goes");
    catalog.pause(About::TokenOf(&mine), Direction::Send, "190: and the token", due).await.unwrap();
    assert_eq!(idle(later).await, [Direction::Fetch]);

    // A file waits: it is the probe.
    let message = InboundMessage { phone_number_id: mine.clone(), ..photo(&Sample::new()) };
    let media_id = message.media.as_ref().and_then(|m| m.media_id.clone());
    let came = delivery(vec![InboundItem::Message(message)]);
    let id = Intake::spawn(catalog.clone()).record(came).await.unwrap().new_documents[0];
    assert!(idle(later).await.is_empty());
    assert_eq!(catalog.last_media(&mine, now()).await.unwrap(), media_id);
    assert_eq!(
        catalog.last_media(&mine, now() + Duration::days(8)).await.unwrap(),
        None,
        "Meta has it no more"
    );
    to_review(catalog, id).await;
    for direction in [Direction::Fetch, Direction::Send] {
        assert!(catalog.resume(&mine, direction, later).await.unwrap());
    }
    catalog.pause(About::TokenOf(&mine), Direction::Send, "190", t).await.unwrap();
    assert_eq!(ends_with("send_paused").await, "a token that is taken again", "what was before is over");
    catalog.pause_by_status(About::Number(&mine), "131031: locked", t).await.unwrap();
    assert_eq!(ends_with("send_paused").await, "a message that is delivered");
    assert!(catalog.resume(&mine, Direction::Send, later).await.unwrap());
}

/// Of two who find that a number may not send, at the same moment, one is the first: its reason stays, and what ends the pause
/// is asked of both.
pub(super) async fn of_two_who_pause_at_once_one_is_first(catalog: &Catalog) {
    let (mine, t) = (fresh("n"), kept(now()));
    catalog.set_token_ref(&mine, &fresh("T")).await.unwrap();
    let mut busy = catalog.writing().await.unwrap();
    let sql = "UPDATE numbers SET quality = quality WHERE phone_number_id = $1";
    assert_eq!(execute!(busy, sql, mine.as_str()).unwrap(), 1);
    let mut pausing = tokio::task::JoinSet::new();
    for is_token in [false, true] {
        let (catalog, mine) = (catalog.clone(), mine.clone());
        pausing.spawn(async move {
            let (about, why) = if is_token {
                (About::TokenOf(&mine), "190: the token is over")
            } else {
                (About::Number(&mine), "131042: billing")
            };
            catalog.pause(about, Direction::Send, why, t).await.unwrap();
        });
        tokio::time::sleep(A_MOMENT).await;
    }
    busy.commit().await.unwrap();
    pausing.join_all().await;
    let all = catalog.numbers().await.unwrap();
    let row = all.into_iter().find(|n| n.phone_number_id == mine).unwrap();
    assert_eq!(row.send_pause.map(|pause| pause.reason).as_deref(), Some("131042: billing"));
    assert!(catalog.resume(&mine, Direction::Send, t).await.unwrap());
}

/// While Meta was asked whether it takes the token again, something else may have closed sending: that stays closed.
pub(super) async fn a_token_that_is_taken_again_opens_what_it_closed_alone(catalog: &Catalog) {
    let t = kept(now());
    for closed_by in ["", "131042: billing", "131031: locked"] {
        let mine = fresh("n");
        catalog.set_token_ref(&mine, &fresh("T")).await.unwrap();
        catalog.pause(About::TokenOf(&mine), Direction::Send, "190: the token is over", t).await.unwrap();
        match closed_by {
            "" => {}
            "131031: locked" => catalog.pause_by_status(About::Number(&mine), closed_by, t).await.unwrap(),
            billing => catalog.pause(About::Number(&mine), Direction::Send, billing, t).await.unwrap(),
        }
        let is_open = closed_by.is_empty();
        assert_eq!(catalog.token_taken(&mine, t).await.unwrap(), is_open, "{closed_by}");
        let may = catalog.may_go(&mine, Direction::Send, t).await.unwrap();
        assert_eq!(may == May::Go, is_open, "{closed_by}");
        assert_ne!(catalog.resume(&mine, Direction::Send, t).await.unwrap(), is_open, "{closed_by}");
    }
}

pub(super) async fn a_dead_token_pauses_its_numbers_only(catalog: &Catalog) {
    let (one, two, third, t) = (fresh("n"), fresh("n"), fresh("n"), now());
    let token = fresh("T");
    for number in [&one, &two] {
        catalog.set_token_ref(number, &token).await.unwrap();
    }
    catalog.set_token_ref(&third, &fresh("T")).await.unwrap();
    catalog.pause(About::TokenOf(&one), Direction::Fetch, "190", t).await.unwrap();
    for (number, free) in [(&one, false), (&two, false), (&third, true)] {
        assert_eq!(catalog.may_go(number, Direction::Fetch, t).await.unwrap() == May::Go, free, "{number}");
    }
    for number in [&one, &two] {
        assert!(catalog.resume(number, Direction::Fetch, t).await.unwrap());
    }
}

pub(super) async fn a_number_is_forgotten_when_nothing_waits_for_it(catalog: &Catalog) {
    let (sample, number) = (Sample::new(), fresh("n"));
    let message = InboundMessage { phone_number_id: number.clone(), ..photo(&sample) };
    let came = delivery(vec![InboundItem::Message(message)]);
    let id = Intake::spawn(catalog.clone()).record(came).await.unwrap().new_documents[0];
    catalog.pause(About::Number(&number), Direction::Send, "it is gone", now()).await.unwrap();
    let needed = async || match catalog.remove_number(&number).await.unwrap() {
        Removed::Needed { documents, messages } => (documents, messages),
        other => panic!("{other:?}"),
    };
    assert_eq!(needed().await, (1, 0), "its file is yet to be fetched");
    to_review(catalog, id).await;
    assert_eq!(needed().await, (0, 1), "its sender has yet to hear");
    let contact = catalog.document(id).await.unwrap().unwrap().contact_id.unwrap();
    let message = take(catalog, contact).await;
    assert_eq!(needed().await, (0, 1), "it may be leaving");
    catalog.reply_sent(message.id, &fresh("wamid.")).await.unwrap();
    let open = async || {
        let all = catalog.incidents(None, None, 500).await.unwrap();
        all.iter().filter(|i| i.subject == number).count()
    };
    assert_eq!(open().await, 1);
    assert_eq!(catalog.remove_number(&number).await.unwrap(), Removed::Gone);
    assert_eq!(open().await, 0, "what was said of it has ended");
    assert!(catalog.numbers().await.unwrap().iter().all(|n| n.phone_number_id != number));
    assert_eq!(catalog.remove_number(&number).await.unwrap(), Removed::Unknown);
    assert!(catalog.document(id).await.unwrap().is_some(), "what came to it stays");
}

pub(super) async fn a_failed_status_comes_back_and_delivered_wins(catalog: &Catalog) {
    let (document, contact, sample) = waiting(catalog).await;
    let message = take(catalog, contact).await;
    let wamid = format!("out.{}", sample.wamid);
    catalog.reply_sent(message.id, &wamid).await.unwrap();
    status(catalog, &wamid, &message, "failed", Some(131_026)).await;
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
    status(catalog, &wamid, &message, "delivered", None).await;
    assert_eq!(state(catalog, document).await, OutboxState::Delivered);
    assert_eq!(named(None).await, None, "it arrived after all");
    status(catalog, &wamid, &message, "failed", Some(131_000)).await;
    assert_eq!(state(catalog, document).await, OutboxState::Delivered, "delivered wins");
}

pub(super) async fn what_may_have_left_waits_for_its_status(catalog: &Catalog) {
    let (document, contact, sample) = waiting(catalog).await;
    let message = take(catalog, contact).await;
    catalog.reply_unknown(message.id, "time-out").await.unwrap();
    assert_eq!(next_of(catalog, contact, LEASE).await, NextReply::Empty, "it is not sent again");
    assert!(catalog.message_ledger(now()).await.unwrap().balanced);
    status(catalog, &format!("late.{}", sample.wamid), &message, "sent", None).await;
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
        let catalog = catalog.clone();
        workers.spawn(async move {
            let went = catalog.dispatch(&message, &number, |facts| {
                // The other looks meanwhile, if it may.
                std::thread::sleep(A_MOMENT);
                let goes = facts.reaches_at.is_none();
                let template = Some(("acuse_in_review".to_owned(), "es".to_owned()));
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
    catalog.reply_put_off(message.id, "130429", Some(130_429), now()).await.unwrap();
    goes(before + Duration::seconds(6)).await;
    assert_eq!(refused().await, 1, "all was paid for: it is the first again");
    // A refusal of its file's upload takes back no attempt that was made before.
    goes(before + Duration::seconds(6)).await;
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
    let number = message.phone_number_id.clone().unwrap_or_default();
    let went = catalog.dispatch(&message, &number, |facts| {
        ((), Some(Paid { number: facts.now, pair: facts.now, probe: false, template: None, reaches: false }))
    });
    went.await.unwrap().expect("it leaves");
    assert!(matches!(next_of(catalog, contact, spent).await, NextReply::Send(_)), "its worker may be dead");
    catalog.reply_refused(message.id, "131000", 131_000).await.unwrap();
    assert_eq!(next_of(catalog, contact, spent).await, NextReply::Busy, "it is not: it has an answer");
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
