//! What senders are told is so where they are.

use acuse_conversation::{language::Language, wording::Telling};
use acuse_storage::{
    inbound::{Identity, InboundItem, InboundStatus},
    outbox::OutboxState,
};
use time::{Duration, macros::time};

use crate::{
    outages::minutes,
    talk::{passes, writes},
    world::{Waiting, World, clock, pass, set, somebody},
};

const RECEIPT: &str = "receipt\nmerchant_name=Bar Sol\ndate=2026-05-03\ntotal=45.00\ncurrency=MXN";

#[tokio::test]
async fn the_day_of_an_earlier_file_is_a_day_of_its_sender() {
    let world = World::new().await;
    // In Mexico it is still the evening before.
    set((clock() + Duration::DAY).replace_time(time!(4:30)));
    let day = (clock() - Duration::hours(6)).date();
    assert_ne!(day, clock().date());
    let who = Identity { wa_id: Some("5215512345678".into()), ..Identity::default() };
    let first = world.sends_from(who.clone(), RECEIPT).await;
    minutes(&world, 1, &[first]).await;
    pass(Duration::HOUR);
    let again = world.sends_from(who, RECEIPT).await;
    minutes(&world, 1, &[again]).await;
    let document = world.env.catalog.document(again).await.unwrap().unwrap();
    assert_eq!(document.duplicate_of, Some(first), "{document:?}");
    let told = world.env.catalog.replies_about(again).await.unwrap().remove(0);
    assert_eq!(told.body, Telling::Duplicate { first_on: day, same_file: true }.text(Language::Es));
}

/// Somebody wrote STOP and heard so; of what they had sent the answer came when their 24 hours were over, and the template is
/// there that would bring it.
async fn answered_after_a_stop() -> (World, Waiting, String) {
    let world = World::new().await;
    world.approves_a_template().await;
    let who = somebody();
    let phone = who.wa_id.clone().unwrap();
    writes(&world, &phone, "STOP").await;
    passes(&world, Duration::minutes(1)).await;
    let confirmed = world.graph.sent();
    assert_eq!(confirmed.len(), 1, "the one confirmation");
    let arrived = InboundStatus {
        wamid: confirmed[0].message_id.clone(),
        status: "delivered".into(),
        recipient: phone.clone(),
        at: clock(),
        callback: confirmed[0].callback_data.clone(),
        error_code: None,
        error: None,
        raw: "{}".into(),
    };
    world.record(InboundItem::Status(arrived)).await;
    let of = world.waits_from(who).await;
    world.closes_the_window(of).await;
    world.runs(of).await;
    let message = world.message(of).await;
    assert_eq!((message.state, world.graph.sent().len()), (OutboxState::Queued, 1), "no template leaves");
    let told = world.told(&message).await.expect("a person has it");
    assert_eq!((told.kind.as_str(), told.count), ("contact_opted_out", 1));
    world.balances("it waits").await;
    (world, of, phone)
}

#[tokio::test]
async fn after_a_stop_an_answer_goes_when_they_write_again() {
    let (world, of, phone) = answered_after_a_stop().await;
    passes(&world, Duration::hours(30)).await;
    assert_eq!(world.graph.sent().len(), 1, "however long it waits");
    writes(&world, &phone, "¿Hay noticias?").await;
    passes(&world, Duration::minutes(1)).await;
    assert_eq!(world.message(of).await.state, OutboxState::Sent);
    let sent = world.graph.sent();
    assert_eq!((sent.len(), sent[1].text.as_deref()), (2, Some("Una persona lo mirará.")), "as it is");
    world.status(of, "delivered", None).await;
    assert_eq!(world.told(&world.message(of).await).await, None, "nobody need look any more");
    world.balances("it arrived").await;
}

#[tokio::test]
async fn after_a_stop_an_answer_ends_where_its_time_does_or_a_person_says_so() {
    for is_settled in [false, true] {
        let (world, of, phone) = answered_after_a_stop().await;
        if is_settled {
            let told = world.told(&world.message(of).await).await.unwrap();
            let _known = world.env.catalog.settle_incident(told.id, "user:eva", clock()).await.unwrap();
        } else {
            passes(&world, Duration::days(6)).await;
        }
        let message = world.message(of).await;
        let told = world.told(&message).await.map(|incident| (incident.kind, incident.count));
        let ends = if is_settled {
            (OutboxState::Withdrawn, None)
        } else {
            (OutboxState::Failed, Some(("contact_opted_out".to_owned(), 2)))
        };
        assert_eq!((message.state, told), ends);
        world.balances("at its end").await;
        writes(&world, &phone, "¿Hay noticias?").await;
        passes(&world, Duration::days(6)).await;
        assert_eq!(world.graph.sent().len(), 1, "and nothing more is said of it");
    }
}
