//! What is looked at every minute, and the beat that stops when we do.

use acuse_fixtures::graph::{Fault, Options, OtherNumber, Point};
use acuse_storage::{ReviewId, inbound::Identity, outbox::OutboxState, users::Role};
use acuse_workers::watch;
use time::{Duration, Time};

use crate::{
    receiver::Receiver,
    world::{World, clock, pass},
};

async fn world(receiver: &Receiver) -> World {
    let mut world = World::new().await;
    world.posts_to_this_machine();
    world.env.watch.beat_url = Some(format!("{}/ping/secret", receiver.url));
    world.env.watch.folder = std::env::temp_dir();
    world
}

async fn is_open(world: &World, kind: &str) -> bool {
    world.env.catalog.incidents(None, None, 500).await.unwrap().iter().any(|i| i.kind == kind)
}

#[tokio::test]
async fn it_beats_while_it_lives() {
    let receiver = Receiver::start().await;
    let world = world(&receiver).await;
    watch::look(&world.env).await.unwrap();
    assert_eq!(receiver.came().iter().map(|c| c.path.as_str()).collect::<Vec<_>>(), ["/ping/secret"]);
    receiver.says(500);
    watch::look(&world.env).await.unwrap();
    assert!(is_open(&world, "beat_failing").await);
    let told = world.env.catalog.incidents(None, None, 500).await.unwrap();
    assert!(!format!("{told:?}").contains("ping/secret"), "the URL is a secret of theirs");
    receiver.says(200);
    watch::look(&world.env).await.unwrap();
    assert!(!is_open(&world, "beat_failing").await);
    receiver.came();
    // The catalog is gone: nothing beats, and whoever listens notices.
    world.env.catalog.close().await;
    assert!(watch::look(&world.env).await.is_err());
    assert!(receiver.came().is_empty());
}

#[tokio::test]
async fn a_silence_in_business_hours_and_a_lane_that_stands_still_are_told() {
    let receiver = Receiver::start().await;
    let mut world = world(&receiver).await;
    world.env.watch.expected = Some("mon-sun 00:00-23:59 +00:00 3h".parse().unwrap());
    let evening = clock().replace_time(Time::from_hms(20, 0, 0).unwrap()) + Duration::DAY;
    watch::look(&world.env).await.unwrap();
    assert!(!is_open(&world, "webhooks_silent").await, "where nothing ever came nothing is missed");
    world.waits().await;
    watch::look(&world.env).await.unwrap();
    assert!(!is_open(&world, "webhooks_silent").await && !is_open(&world, "lane_stands_still").await);
    pass(evening - clock());
    watch::look(&world.env).await.unwrap();
    assert!(is_open(&world, "webhooks_silent").await);
    assert!(is_open(&world, "lane_stands_still").await, "nobody took the reply's task");
    world.waits().await;
    watch::look(&world.env).await.unwrap();
    assert!(!is_open(&world, "webhooks_silent").await, "the next webhook ends it");
}

/// One number of two brings nothing any more; the other's webhooks do not hide it. A status is a webhook too.
#[tokio::test]
async fn a_silence_is_of_one_number() {
    let token = Options::default().access_token;
    let more_numbers = vec![OtherNumber {
        phone_number_id: "2002".into(),
        account_id: "102".into(),
        access_token: token,
        display_phone_number: "+34 600 000 002".into(),
    }];
    let mut world = World::with(Options { more_numbers, ..Options::default() }).await;
    world.env.watch.folder = std::env::temp_dir();
    world.env.watch.expected = Some("mon-sun 00:00-23:59 +00:00 3h".parse().unwrap());
    let silent = async || {
        watch::look_here(&world.env).await.unwrap();
        let open = world.env.catalog.incidents(None, None, 500).await.unwrap();
        let silent = open.into_iter().filter(|i| i.kind == "webhooks_silent").map(|i| i.subject);
        let mut silent: Vec<String> = silent.collect();
        silent.sort();
        silent
    };
    let first = world.waits().await;
    world.waits_at("2002", Identity { wa_id: Some("34600111222".into()), ..Identity::default() }).await;
    world.runs(first).await;
    assert_eq!(silent().await, Vec::<String>::new());
    pass(Duration::hours(2));
    world.status(first, "delivered", None).await;
    pass(Duration::hours(2));
    assert_eq!(silent().await, ["2002"], "the first was heard of two hours ago");
    pass(Duration::hours(2));
    assert_eq!(silent().await, ["2002".to_owned(), world.number()]);
    world.status(first, "read", None).await;
    assert_eq!(silent().await, ["2002"]);
    world.waits_at("2002", Identity { wa_id: Some("34600111222".into()), ..Identity::default() }).await;
    assert_eq!(silent().await, Vec::<String>::new(), "each ends by itself");
}

/// Meta takes the calls of the watch and answers none.
#[tokio::test]
async fn a_meta_that_hangs_does_not_silence_the_beat() {
    let receiver = Receiver::start().await;
    let world = world(&receiver).await;
    world.waits().await;
    world.graph.fail(Point::Probe, None, Fault::Hang { millis: 60_000 }, u32::MAX);
    pass(Duration::minutes(6));
    let looked = tokio::time::timeout(std::time::Duration::from_secs(5), watch::look(&world.env)).await;
    assert!(looked.is_err(), "it hangs at Meta's");
    assert_eq!(receiver.came().len(), 1, "and has beaten before");
    watch::look_here(&world.env).await.unwrap();
    assert_eq!(receiver.came().len(), 1, "the next beat waits for nobody");
}

#[tokio::test]
async fn a_part_that_is_away_is_noticed_though_nothing_needs_it() {
    let receiver = Receiver::start().await;
    let world = world(&receiver).await;
    world.way.shut(true).await;
    watch::look(&world.env).await.unwrap();
    assert!(is_open(&world, "objects_away").await);
    world.way.shut(false).await;
    pass(Duration::hours(1));
    acuse_workers::parts::look(&world.env).await.unwrap();
    assert!(!is_open(&world, "objects_away").await);
}

/// A number is paused, and what waits for it waits for longer than an hour.
#[tokio::test]
async fn messages_that_wait_for_long_are_told_of_until_they_go() {
    let receiver = Receiver::start().await;
    let world = world(&receiver).await;
    let waiting = world.waits().await;
    world.graph.fail(Point::Send, None, Fault::error(400, 131_031, None), u32::MAX);
    world.runs(waiting).await;
    watch::look(&world.env).await.unwrap();
    assert!(!is_open(&world, "messages_held").await, "not yet");
    pass(Duration::minutes(61));
    watch::look(&world.env).await.unwrap();
    assert!(is_open(&world, "messages_held").await);
    world.graph.heal();
    world.runs(waiting).await;
    assert_eq!(world.message(waiting).await.state, OutboxState::Sent);
    watch::look(&world.env).await.unwrap();
    assert!(!is_open(&world, "messages_held").await, "it went");
}

#[tokio::test]
async fn workers_that_say_nothing_are_told_of_until_one_does() {
    let receiver = Receiver::start().await;
    let world = world(&receiver).await;
    if !world.queue.is_sqlite() {
        return;
    }
    watch::look(&world.env).await.unwrap();
    assert!(!is_open(&world, "workers_silent").await, "where none has ever been none is missed");
    let says = async || {
        world.queue.run("INSERT INTO Workers (id, worker_type, storage_name, last_seen) VALUES ('w', 'reply', 'sqlite', $1) \
             ON CONFLICT (id) DO UPDATE SET last_seen = excluded.last_seen", &[(clock().unix_timestamp()).into()]).await;
    };
    says().await;
    pass(Duration::minutes(1));
    watch::look(&world.env).await.unwrap();
    assert!(!is_open(&world, "workers_silent").await);
    pass(Duration::minutes(2));
    watch::look(&world.env).await.unwrap();
    assert!(is_open(&world, "workers_silent").await);
    says().await;
    watch::look(&world.env).await.unwrap();
    assert!(!is_open(&world, "workers_silent").await);
}

#[tokio::test]
async fn who_confirms_without_reading_is_told_of_until_they_take_their_time() {
    let receiver = Receiver::start().await;
    let world = world(&receiver).await;
    world.env.catalog.put_user("ana", "$h", Role::Reviewer).await.unwrap();
    let document = world.waits().await.document;
    let confirms = async || {
        let micros = clock().unix_timestamp() * 1_000_000;
        world
            .queue
            .run(
                "INSERT INTO reviews (id, document_id, stage, reasons, opened_at, resolved_at, resolved_by, resolution, \
                 changed) VALUES ($1, $2, 'link', '[]', $3, $3, 'user:ana', 'approved', FALSE)",
                &[ReviewId::generate().0.into(), document.0.into(), micros.into()],
            )
            .await;
    };
    for _ in 0..30 {
        pass(Duration::SECOND);
        confirms().await;
    }
    watch::look(&world.env).await.unwrap();
    let told = world.env.catalog.incidents(None, None, 500).await.unwrap();
    let told = told.iter().find(|i| i.kind == "rubber_stamp").expect("told of");
    assert_eq!(told.subject, "user:ana");
    for _ in 0..30 {
        pass(Duration::seconds(9));
        confirms().await;
    }
    watch::look(&world.env).await.unwrap();
    assert!(!is_open(&world, "rubber_stamp").await, "slow enough to read");
}
