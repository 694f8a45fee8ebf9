//! Promises of pauses: of whom they are, why, and how each ends.

use time::{Duration, OffsetDateTime};

use super::{A_MOMENT, fresh, take};
use crate::{
    Catalog, Intake,
    conformance::{
        door::{Sample, delivery, photo},
        road::to_review,
    },
    inbound::{InboundItem, InboundMessage},
    names::{kept, now},
    numbers::{About, Direction, May, Number, Pause, Removed},
};

pub(in crate::conformance) async fn a_pause_is_of_one_number_and_direction(catalog: &Catalog) {
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
pub(in crate::conformance) async fn paused_for_one_reason_before(catalog: &Catalog) {
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
pub(in crate::conformance) async fn each_direction_has_its_own_reason_now(catalog: &Catalog) {
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

pub(in crate::conformance) async fn each_direction_is_paused_for_its_own_reason(catalog: &Catalog) {
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

pub(in crate::conformance) async fn a_pause_for_which_nothing_waits_is_the_watchs_to_probe(
    catalog: &Catalog,
) {
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

/// Until so many stand at the lock of a number. SQLite does not tell: there a moment passes, and its one writer takes them in
/// turn.
async fn at_the_lock(catalog: &Catalog, many: i64) {
    if catalog.database() != "postgres" {
        return tokio::time::sleep(A_MOMENT).await;
    }
    for _ in 0..200 {
        let mut tx = catalog.reading().await.unwrap();
        let sql = "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() \
             AND wait_event_type = 'Lock' AND query LIKE 'SELECT phone_number_id FROM numbers%FOR UPDATE'";
        let (stand,) = one!(tx, (i64,), sql).unwrap();
        drop(tx);
        if stand >= many {
            return;
        }
        tokio::time::sleep(A_MOMENT / 6).await;
    }
    panic!("{many} did not come to the lock");
}

/// Of two who find that a number may not send, at the same moment, one is the first: its reason stays, and what ends the pause
/// is asked of both.
pub(in crate::conformance) async fn of_two_who_pause_at_once_one_is_first(catalog: &Catalog) {
    let (mine, t) = (fresh("n"), kept(now()));
    catalog.set_token_ref(&mine, &fresh("T")).await.unwrap();
    let mut busy = catalog.writing().await.unwrap();
    // Held and not changed: of a change the two would hear when they see to it that the number is there, where they do not
    // stand in a row.
    let sql = busy.pick(
        "UPDATE numbers SET quality = quality WHERE phone_number_id = $1",
        "SELECT 1 FROM numbers WHERE phone_number_id = $1 FOR UPDATE",
    );
    assert_eq!(execute!(busy, sql, mine.as_str()).unwrap(), 1);
    let mut pausing = tokio::task::JoinSet::new();
    for (is_token, standing) in [(false, 1), (true, 2)] {
        let (own, mine) = (catalog.clone(), mine.clone());
        pausing.spawn(async move {
            let (about, why) = if is_token {
                (About::TokenOf(&mine), "190: the token is over")
            } else {
                (About::Number(&mine), "131042: billing")
            };
            own.pause(about, Direction::Send, why, t).await.unwrap();
        });
        at_the_lock(catalog, standing).await;
    }
    busy.commit().await.unwrap();
    pausing.join_all().await;
    let all = catalog.numbers().await.unwrap();
    let row = all.into_iter().find(|n| n.phone_number_id == mine).unwrap();
    let reason = row.send_pause.map(|pause| pause.reason).unwrap();
    assert_eq!(reason, "131042: billing");
    assert!(catalog.resume(&mine, Direction::Send, t).await.unwrap());
}

/// While Meta was asked whether it takes the token again, something else may have closed sending: that stays closed.
pub(in crate::conformance) async fn a_token_that_is_taken_again_opens_what_it_closed_alone(
    catalog: &Catalog,
) {
    let t = kept(now());
    for closed_by in ["", "10: a permission", "131042: billing", "131031: locked"] {
        let mine = fresh("n");
        catalog.set_token_ref(&mine, &fresh("T")).await.unwrap();
        catalog.pause(About::TokenOf(&mine), Direction::Send, "190: the token is over", t).await.unwrap();
        match closed_by {
            "" => {}
            "10: a permission" => {
                catalog.pause(About::PermissionOf(&mine), Direction::Send, closed_by, t).await.unwrap();
            }
            "131031: locked" => catalog.pause_by_status(About::Number(&mine), closed_by, t).await.unwrap(),
            billing => catalog.pause(About::Number(&mine), Direction::Send, billing, t).await.unwrap(),
        }
        // A token that sees the number says nothing of a permission; a message that may be marked does.
        let is_open = closed_by.is_empty();
        assert_eq!(catalog.taken_again(&mine, false, t).await.unwrap(), is_open, "{closed_by}");
        let may = catalog.may_go(&mine, Direction::Send, t).await.unwrap();
        assert_eq!(may == May::Go, is_open, "{closed_by}");
        if closed_by.starts_with("10:") {
            assert!(catalog.taken_again(&mine, true, t).await.unwrap());
        } else {
            assert!(!catalog.taken_again(&mine, true, t).await.unwrap(), "{closed_by}");
            assert_ne!(catalog.resume(&mine, Direction::Send, t).await.unwrap(), is_open, "{closed_by}");
        }
    }
}

pub(in crate::conformance) async fn what_a_permission_closed_a_mark_may_open(catalog: &Catalog) {
    let (mine, t) = (fresh("n"), kept(now()));
    let (due, later) = (t + Duration::minutes(1), t + Duration::HOUR);
    let idle = async |at| -> Vec<(Direction, bool, Option<String>)> {
        let all = catalog.idle_pauses(at).await.unwrap();
        let mine = all.into_iter().filter(|p| p.number == mine);
        mine.map(|p| (p.direction, p.by_token, p.marked)).collect()
    };
    let ends_with = async || {
        let all = catalog.incidents(None, None, 500).await.unwrap();
        let paused = all.into_iter().find(|i| i.subject == mine).expect("it is told of");
        paused.detail["ends_with"].as_str().unwrap().to_owned()
    };
    let may_be_marked = "a message that goes, or one of before that may be marked as read once more";
    catalog.set_token_ref(&mine, &fresh("T")).await.unwrap();
    let message = InboundMessage { phone_number_id: mine.clone(), ..photo(&Sample::new()) };
    let wamid = message.wamid.clone();
    let came = delivery(vec![InboundItem::Message(message)]);
    let id = Intake::spawn(catalog.clone()).record(came).await.unwrap().new_documents[0];
    let contact = catalog.document(id).await.unwrap().unwrap().contact_id.unwrap();

    catalog.pause(About::PermissionOf(&mine), Direction::Send, "10: a permission", t).await.unwrap();
    assert_eq!(idle(due).await, [], "nothing of theirs was marked");
    catalog.marked_read(contact, &mine, &wamid).await.unwrap();
    let by_mark = (Direction::Send, false, Some(wamid.clone()));
    assert_eq!(idle(t).await, [], "no probe is due");
    assert_eq!(idle(due).await, std::slice::from_ref(&by_mark));
    assert_eq!(ends_with().await, may_be_marked);
    assert_eq!(idle(t + Duration::days(31)).await, [], "Meta marks none that is so old");
    catalog.pause(About::TokenOf(&mine), Direction::Send, "190: and the token", t).await.unwrap();
    assert_eq!(idle(later).await, [by_mark], "a token that is taken is no permission");
    catalog.pause(About::Number(&mine), Direction::Send, "131042: billing", t).await.unwrap();
    assert_eq!(idle(later).await, [], "and no mark pays a bill");
    assert_eq!(ends_with().await, "a message that goes");
    assert!(catalog.resume(&mine, Direction::Send, due).await.unwrap());

    catalog.pause(About::TokenOf(&mine), Direction::Send, "190", t).await.unwrap();
    assert_eq!(idle(due).await, [(Direction::Send, true, Some(wamid))], "what was before is over");
    catalog.pause_by_status(About::PermissionOf(&mine), "131005: access denied", t).await.unwrap();
    assert_eq!(idle(later).await, []);
    assert!(catalog.resume(&mine, Direction::Send, due).await.unwrap());
    to_review(catalog, id).await;
}

pub(in crate::conformance) async fn a_dead_token_pauses_its_numbers_only(catalog: &Catalog) {
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

pub(in crate::conformance) async fn a_number_is_forgotten_when_nothing_waits_for_it(catalog: &Catalog) {
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
