//! What senders are told is so where they are.

use acuse_conversation::{language::Language, wording::Telling};
use acuse_storage::inbound::Identity;
use time::{Duration, macros::time};

use crate::{
    outages::minutes,
    world::{World, clock, pass, set},
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
