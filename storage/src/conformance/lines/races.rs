//! Promises of lines that several serve and fill at once: nobody waits for whoever waits for them, and nothing is lost.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use time::Duration;

use super::{LEASE, say, somebody, status, take, takes, tasks, withdraw_all};
use crate::{
    Catalog,
    dispatch::Paid,
    names::now,
    outbox::{self, HeldFor, Line, NextReply},
};

/// Whoever serves a line takes its row and then its messages, and so does whoever lets what stands aside go on: neither waits
/// for the other and is waited for.
pub(in crate::conformance) async fn what_is_released_waits_for_its_line_first(catalog: &Catalog) {
    let line = somebody(catalog).await;
    say(catalog, &line).await;
    let (message, hours) = (take(catalog, &line).await, now() + Duration::hours(3));
    catalog.reply_aside(message.id, "not yet", None, hours, HeldFor::Confirmation).await.unwrap();
    let mut serving = catalog.writing().await.unwrap();
    let sql = "UPDATE reply_lines SET phone_number_id = phone_number_id WHERE contact_id = $1 AND phone_number_id = $2";
    assert_eq!(execute!(serving, sql, line.contact.0, line.number.as_str()).unwrap(), 1);
    let releasing = tokio::spawn({
        let (catalog, contact) = (catalog.clone(), line.contact.0);
        async move {
            let mut tx = catalog.writing().await?;
            outbox::release_of(&mut tx, &[contact], &[HeldFor::Confirmation]).await?;
            tx.commit().await
        }
    });
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    let sql = "UPDATE outbox SET updated_at = updated_at WHERE id = $1";
    assert_eq!(execute!(serving, sql, message.id.0).unwrap(), 1);
    serving.commit().await.unwrap();
    releasing.await.unwrap().unwrap();
    assert_eq!(take(catalog, &line).await.id, message.id);
    withdraw_all(catalog, &line).await;
}

/// What becomes of the worker whose message a status settles.
#[derive(Debug, Clone, Copy)]
enum Hand {
    /// Its call was refused, and it wants the message later.
    Later,
    /// It never made the call.
    NotTried,
    /// It is dead.
    Dead,
}

pub(in crate::conformance) async fn what_stands_behind_goes_on_when_a_status_settles_what_is_in_hand(
    catalog: &Catalog,
) {
    for hand in [Hand::Later, Hand::NotTried, Hand::Dead] {
        let line = somebody(catalog).await;
        say(catalog, &line).await;
        say(catalog, &line).await;
        let task = tasks(catalog, line.contact).await;
        assert!(task.len() == 1 && takes(catalog, &task[0].0).await, "{hand:?}: a worker has it");
        let first = take(catalog, &line).await;
        if !matches!(hand, Hand::NotTried) {
            let went = catalog.dispatch(&first, &line.number, |facts| {
                (
                    (),
                    Some(Paid {
                        number: facts.now,
                        pair: facts.now,
                        probe: false,
                        template: None,
                        reaches: false,
                    }),
                )
            });
            went.await.unwrap().expect("it waits");
        }
        status(catalog, &first, "delivered").await;
        // The status' own task is taken too, by somebody who looks before the worker is done.
        if !matches!(hand, Hand::Dead) {
            for (task, ..) in tasks(catalog, line.contact).await {
                assert!(takes(catalog, &task).await);
            }
        }
        let later = now() + Duration::HOUR;
        match hand {
            Hand::Later => catalog.reply_later(first.id, "refused", None, later).await.unwrap(),
            Hand::NotTried => catalog.reply_postponed(first.id, later, None).await.unwrap(),
            Hand::Dead => {}
        }
        let behind = tasks(catalog, line.contact).await;
        assert!(behind.len() == 1 && behind[0].2 < later.unix_timestamp() - 3_000, "{hand:?}: {behind:?}");
        assert!(catalog.message_ledger(now()).await.unwrap().balanced, "{hand:?}: it is on its way");
        assert_ne!(take(catalog, &line).await.id, first.id, "{hand:?}: and goes");
        withdraw_all(catalog, &line).await;
    }
}

const SAYERS: usize = 4;
const SAID: usize = 30;

pub(in crate::conformance) async fn no_message_is_lost_when_tasks_race_with_new_ones(catalog: &Catalog) {
    let line = somebody(catalog).await;
    let all_said = Arc::new(AtomicBool::new(false));
    let ran = Arc::new(AtomicUsize::new(0));
    let mut workers = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let (catalog, line, all_said, ran) = (catalog.clone(), line.clone(), all_said.clone(), ran.clone());
        workers.spawn(async move {
            loop {
                let last = all_said.load(Ordering::SeqCst);
                let waiting = tasks(&catalog, line.contact).await;
                if waiting.is_empty() && last {
                    return;
                }
                for (task, _, due) in waiting {
                    // A line that another worker has in hand is looked at again when its lease ends: not here.
                    if due <= now().unix_timestamp() + 1 && takes(&catalog, &task).await {
                        ran.fetch_add(1, Ordering::SeqCst);
                        serve(&catalog, &line).await;
                    }
                }
                tokio::task::yield_now().await;
            }
        });
    }
    let mut sayers = tokio::task::JoinSet::new();
    for _ in 0..SAYERS {
        let (catalog, line) = (catalog.clone(), line.clone());
        sayers.spawn(async move {
            for _ in 0..SAID {
                say(&catalog, &line).await;
            }
        });
    }
    sayers.join_all().await;
    all_said.store(true, Ordering::SeqCst);
    let ended = tokio::time::timeout(std::time::Duration::from_secs(120), workers.join_all()).await;
    assert!(ended.is_ok(), "what waits is served");
    assert_eq!(catalog.next_reply(&line, LEASE).await.unwrap(), NextReply::Empty, "none was lost");
    let ran = ran.load(Ordering::SeqCst);
    assert!(ran <= 2 * SAYERS * SAID + 8, "each message wakes its line once at most: {ran}");
    assert!(catalog.message_ledger(now()).await.unwrap().balanced);
}

/// What a worker does with a line.
async fn serve(catalog: &Catalog, line: &Line) {
    loop {
        match catalog.next_reply(line, LEASE).await.unwrap() {
            NextReply::Send(message) => {
                tokio::task::yield_now().await;
                catalog.reply_withdrawn(message.id, "said").await.unwrap();
            }
            NextReply::Busy => return catalog.line_goes_on(line, now() + Duration::SECOND).await.unwrap(),
            NextReply::NotBefore(at) => return catalog.line_goes_on(line, at).await.unwrap(),
            NextReply::Empty => return,
        }
    }
}
