//! Promises of pauses that statuses open and end, and of clocks that went back meanwhile.

use time::Duration;

use super::{say, somebody, status, take};
use crate::{
    Catalog,
    dispatch::Paid,
    names::{micros, now},
    numbers::{About, Direction, May},
};

pub(in crate::conformance) async fn a_pause_that_a_status_opened_ends_with_a_delivery(catalog: &Catalog) {
    let line = somebody(catalog).await;
    say(catalog, &line).await;
    say(catalog, &line).await;
    let may = async || catalog.may_go(&line.number, Direction::Send, now()).await.unwrap();
    let sends = async || {
        let message = take(catalog, &line).await;
        let went = catalog.dispatch(&message, &line.number, |facts| {
            let now = facts.now;
            (
                (),
                Some(Paid {
                    number: now,
                    pair: now,
                    probe: facts.paused_until.is_some(),
                    template: None,
                    reaches: false,
                }),
            )
        });
        went.await.unwrap().expect("it waits");
        catalog.reply_sent(message.id, &format!("wamid.{}", message.id)).await.unwrap();
        message
    };
    let before = sends().await;
    catalog.pause_by_status(About::Number(&line.number), "131031: locked", now()).await.unwrap();
    status(catalog, &before, "delivered").await;
    assert!(matches!(may().await, May::NotBefore(_)), "what left before it proves nothing");
    let probe = sends().await;
    assert!(!catalog.probe_taken(&line.number, now()).await.unwrap(), "nor does a call that was taken");
    assert!(matches!(may().await, May::NotBefore(_)));
    status(catalog, &probe, "sent").await;
    assert!(matches!(may().await, May::NotBefore(_)));
    status(catalog, &probe, "delivered").await;
    assert_eq!(may().await, May::Go);
    // A pause that a refused call opened ends with one that is taken, as before.
    catalog.pause(About::Number(&line.number), Direction::Send, "131031: locked", now()).await.unwrap();
    assert!(catalog.probe_taken(&line.number, now()).await.unwrap());
}

pub(in crate::conformance) async fn a_clock_that_went_back_mutes_no_number(catalog: &Catalog) {
    let line = somebody(catalog).await;
    for direction in [Direction::Fetch, Direction::Send] {
        catalog.pause(About::Number(&line.number), direction, "190", now()).await.unwrap();
    }
    let mut tx = catalog.writing().await.unwrap();
    let ahead = micros(now() + Duration::days(300));
    execute!(
        tx,
        "UPDATE numbers SET fetch_probe_at = $2, send_probe_at = $2 WHERE phone_number_id = $1",
        line.number.as_str(),
        ahead
    )
    .unwrap();
    tx.commit().await.unwrap();
    for direction in [Direction::Fetch, Direction::Send] {
        assert_eq!(catalog.may_go(&line.number, direction, now()).await.unwrap(), May::Probe, "{direction}");
        assert!(catalog.resume(&line.number, direction, now()).await.unwrap());
    }
}
