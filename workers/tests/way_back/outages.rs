//! Trouble of ours is not a document's fault: S3, the readers and Meta away for 1, 10 and 60 minutes, one at a time.

use acuse_fixtures::graph::{Fault, Point};
use acuse_pipeline::document::Status;
use acuse_storage::{
    DocumentId, Stage,
    incidents::{IncidentState, kinds, routes::Medium},
    names::now,
    numbers::{About, Direction, May},
    outbox::OutboxState,
    parts::Part,
};
use acuse_whatsapp::{Graph, GraphConfig, Secret as Token};
use acuse_workers::{
    jobs,
    outgoing::{alerts, sign::Secret},
    schedules,
};
use time::Duration;

use crate::{
    alerts::{outgoing, route},
    receiver::{MailServer, Receiver},
    world::{World, clock, pass, somebody},
};

const RECEIPT: &str = "receipt\nmerchant_name=Bar Sol\ndate=2026-05-03\ntotal=45.00\ncurrency=EUR";
const MINUTES: [i64; 3] = [1, 10, 60];

/// Minutes pass; what is due runs, as the lanes and schedules would.
pub async fn minutes(world: &World, minutes: i64, documents: &[DocumentId]) {
    let until = clock() + Duration::minutes(minutes);
    while clock() < until {
        pass(Duration::seconds(20));
        schedules::parts(&world.env).await.unwrap();
        for id in documents {
            for _ in 0..3 {
                let document = world.env.catalog.document(*id).await.unwrap().unwrap();
                if document.stage == Stage::Done || document.next_attempt_at.is_some_and(|at| at > clock()) {
                    break;
                }
                jobs::document(&world.env, document.stage, *id).await;
            }
        }
    }
}

/// A part goes away for so long and comes back: every document that came meanwhile is filed or where a person was
/// to see it anyway, no attempt was burnt for it, and there was one incident.
async fn outage(world: &World, ears: &Ears, part: Part, long: i64, away: impl AsyncFn(bool)) {
    let what = format!("{part} away for {long} minutes");
    ears.hook.came();
    let before = incidents(world, part, Some(IncidentState::Resolved)).await;
    let waiting = world.waits().await;
    away(true).await;
    world.runs(waiting).await;
    let mut documents = Vec::new();
    for n in 0..3 {
        documents.push(world.sends(&format!("{RECEIPT}\nnumber={part}-{long}-{n}")).await);
    }
    minutes(world, long, &documents).await;
    assert_eq!(incidents(world, part, None).await, 1, "{what}: one is open");
    for id in &documents {
        let document = world.env.catalog.document(*id).await.unwrap().unwrap();
        assert_ne!(document.status, Status::InReview, "{what}: {:?}", document.reasons);
        assert!(document.attempts <= 1, "{what}: {} attempts", document.attempts);
    }
    alerts::tell(&world.env).await.unwrap();
    let heard = |news: &str| {
        let came = ears.hook.came();
        came.iter().filter(|c| c.body.contains(news) && c.body.contains(part.incident())).count()
    };
    assert_eq!(heard("incident.opened"), 1, "{what}: the route heard of it");
    let (opened, resolved) = (ears.mails(part, "New"), ears.mails(part, "Resolved"));
    assert!(ears.mail.is_none() || opened == resolved + 1, "{what}: and the mailbox: {opened}, {resolved}");
    away(false).await;
    minutes(world, 8, &documents).await;
    alerts::tell(&world.env).await.unwrap();
    assert_eq!(heard("incident.resolved"), 1, "{what}: the route heard that it is over");
    assert!(ears.mails(part, "Resolved") == opened, "{what}: and the mailbox");
    assert_eq!(incidents(world, part, None).await, 0, "{what}: it is over");
    assert_eq!(
        incidents(world, part, Some(IncidentState::Resolved)).await,
        before + 1,
        "{what}: there was one"
    );
    let sent = async || world.message(waiting).await.state == OutboxState::Sent;
    for _ in 0..30 {
        if !sent().await {
            pass(Duration::MINUTE);
            world.runs(waiting).await;
        }
    }
    let id = world.message(waiting).await.id.to_string();
    let times = world.graph.sent().iter().filter(|m| m.callback_data.as_deref() == Some(&*id)).count();
    assert!(sent().await && times == 1, "{what}: no reply is lost, and none is doubled: {times}");
    world.balances(&what).await;
    for id in documents {
        let document = world.env.catalog.document(id).await.unwrap().unwrap();
        assert_eq!(document.stage, Stage::Done, "{what}: {document:?}");
        let ours = document
            .reasons
            .iter()
            .any(|r| matches!(r.code.as_str(), "retries_exhausted" | "media_unavailable"));
        assert!(!ours, "{what}: {:?}", document.reasons);
    }
}

/// Who listens: a server that takes HTTP, and a real mail server where there is one.
struct Ears {
    hook: Receiver,
    mail: Option<MailServer>,
}

impl Ears {
    /// Mails that say this of a part, of all that ever came.
    fn mails(&self, part: Part, news: &str) -> usize {
        let Some(mail) = &self.mail else { return 0 };
        let title = kinds::kind(part.incident()).title;
        let says = |mail: &String| {
            let mail = mail.replace("=\r\n", "").replace("=\n", "").replace("\n ", " ");
            mail.contains(&format!("] {news}: ")) && mail.contains(title)
        };
        mail.mails().iter().filter(|mail| says(mail)).count()
    }
}

/// A world with routes to those who listen.
async fn heard_world() -> (World, Ears) {
    let mut world = World::new().await;
    let ears = Ears { hook: Receiver::start().await, mail: MailServer::start().await };
    world.env.outgoing = Some(outgoing(&Secret::generate(), ears.mail.as_ref()));
    route(&world.env, "pager", Medium::Webhook, &format!("{}/hook", ears.hook.url)).await;
    if ears.mail.is_some() {
        route(&world.env, "office", Medium::Email, "eva@example.com").await;
    }
    (world, ears)
}

async fn incidents(world: &World, part: Part, state: Option<IncidentState>) -> usize {
    let all = world.env.catalog.incidents(state, None, 500).await.unwrap();
    all.into_iter().filter(|i| i.kind == part.incident()).count()
}

#[tokio::test]
async fn s3_away_is_no_documents_fault() {
    let (world, ears) = heard_world().await;
    for long in MINUTES {
        outage(&world, &ears, Part::Objects, long, async |away| world.way.shut(away).await).await;
    }
}

#[tokio::test]
async fn meta_away_is_no_documents_fault() {
    let (world, ears) = heard_world().await;
    for long in MINUTES {
        outage(&world, &ears, Part::Graph, long, async |away| {
            for point in [Point::Lookup, Point::Bytes, Point::Send, Point::Probe] {
                if away {
                    world.graph.fail(point, None, Fault::unavailable(), u32::MAX);
                }
            }
            if !away {
                world.graph.heal();
            }
        })
        .await;
    }
}

/// A proxy, or a network that wants somebody to sign in, answers in Meta's place.
#[tokio::test]
async fn a_page_in_front_of_meta_is_no_documents_fault_and_no_messages() {
    let (world, ears) = heard_world().await;
    for status in [401, 403, 404, 407] {
        let shut = || {
            for point in [Point::Lookup, Point::Bytes, Point::Send, Point::Probe] {
                world.graph.fail(point, None, Fault::Status(status), u32::MAX);
            }
        };
        let waiting = world.waits().await;
        shut();
        world.runs(waiting).await;
        let message = world.message(waiting).await;
        assert_eq!((message.state, message.attempts), (OutboxState::Queued, 0), "{status}: not spent");
        assert_eq!(world.told(&message).await, None, "{status}: nobody need be told of it");
        assert!(
            world.env.catalog.paused_numbers().await.unwrap().is_empty(),
            "{status}: of no number either"
        );
        world.graph.heal();
        minutes(&world, 8, &[]).await;
        world.runs(waiting).await;
        assert_eq!(world.message(waiting).await.state, OutboxState::Sent, "{status}");
        alerts::tell(&world.env).await.unwrap();
        outage(&world, &ears, Part::Graph, 10, async |away| if away { shut() } else { world.graph.heal() })
            .await;
    }
}

/// Who waits for Meta asks for it no more: they are woken when it is back, also where the worker that found it back died
/// of it. Who is gone before that comes just before.
#[tokio::test]
async fn who_waits_for_meta_is_left_alone_until_it_is_back() {
    let world = World::new().await;
    let catalog = &world.env.catalog;
    for point in [Point::Lookup, Point::Bytes, Point::Probe] {
        world.graph.fail(point, None, Fault::unavailable(), u32::MAX);
    }
    let mut all = Vec::new();
    for n in 0..3 {
        all.push(world.sends(&format!("{RECEIPT}\nnumber={n}")).await);
    }
    let times = async || {
        let mut times = Vec::new();
        for id in &all {
            let document = catalog.document(*id).await.unwrap().unwrap();
            times.push((document.updated_at, document.attempts));
        }
        times
    };
    minutes(&world, 1, &all).await;
    let before = times().await;
    minutes(&world, 60, &all).await;
    assert_eq!(times().await, before, "not one of them was looked at again");
    let hour = std::time::Duration::from_secs(3_600);
    catalog.set_media_retention(&world.number(), hour).await.unwrap();
    let short = world.sends(RECEIPT).await;
    jobs::document(&world.env, Stage::Fetch, short).await;
    let waits = catalog.document(short).await.unwrap().unwrap();
    let (at, gone) = (waits.next_attempt_at.unwrap(), waits.media_deadline.unwrap());
    assert!(at < gone && gone - at < Duration::MINUTE, "{at}, and it is gone at {gone}");

    world.graph.heal();
    assert!(catalog.part_back(Part::Graph).await.unwrap());
    // Whoever saw that is dead; any look goes on.
    all.push(short);
    minutes(&world, 2, &all).await;
    for id in &all {
        let document = catalog.document(*id).await.unwrap().unwrap();
        assert_eq!(document.stage, Stage::Done, "{document:?}");
        assert!(document.original.is_some(), "it came: {:?}", document.reasons);
    }
}

/// The media outlives no wait that Meta asks for: it is tried once more before it is gone.
#[tokio::test]
async fn a_wait_beyond_the_medias_end_is_cut_short() {
    let world = World::new().await;
    let hour = std::time::Duration::from_secs(3_600);
    world.env.catalog.set_media_retention(&world.number(), hour).await.unwrap();
    let id = world.sends(RECEIPT).await;
    let wait = Fault::Error { status: 400, code: 4, subcode: None, retry_after_secs: Some(7_200) };
    world.graph.fail(Point::Lookup, None, wait, 1);
    jobs::document(&world.env, Stage::Fetch, id).await;
    let waits = world.env.catalog.document(id).await.unwrap().unwrap();
    let (at, gone) = (waits.next_attempt_at.unwrap(), waits.media_deadline.unwrap());
    assert!(at < gone && gone - at < Duration::MINUTE, "{at}, and it is gone at {gone}");
    pass(at - clock() + Duration::SECOND);
    minutes(&world, 1, &[id]).await;
    let document = world.env.catalog.document(id).await.unwrap().unwrap();
    assert_eq!(document.stage, Stage::Done, "{document:?}");
    assert!(document.original.is_some(), "it came: {:?}", document.reasons);
}

/// A pause is over long before its next probe would be due: what is gone before that is tried while it is there.
#[tokio::test]
async fn a_pause_beyond_the_medias_end_is_cut_short() {
    let world = World::new().await;
    let (number, catalog) = (world.number(), &world.env.catalog);
    let hour = std::time::Duration::from_secs(3_600);
    catalog.set_media_retention(&number, hour).await.unwrap();
    catalog.pause(About::Number(&number), Direction::Fetch, "10", clock()).await.unwrap();
    // Its probes fail, until the next one is an hour away.
    loop {
        match catalog.may_go(&number, Direction::Fetch, clock()).await.unwrap() {
            May::Go => panic!("it is paused"),
            May::Probe => catalog.still_paused(&number, Direction::Fetch, "10", clock()).await.unwrap(),
            May::NotBefore(at) if at - clock() < Duration::HOUR => pass(at - clock()),
            May::NotBefore(_) => break,
        }
    }
    let id = world.sends(RECEIPT).await;
    jobs::document(&world.env, Stage::Fetch, id).await;
    let waits = catalog.document(id).await.unwrap().unwrap();
    let (at, gone) = (waits.next_attempt_at.unwrap(), waits.media_deadline.unwrap());
    assert!(at < gone && gone - at < Duration::MINUTE, "{at}, and it is gone at {gone}");
    assert!(catalog.resume(&number, Direction::Fetch, clock()).await.unwrap());
    pass(at - clock() + Duration::SECOND);
    minutes(&world, 1, &[id]).await;
    let document = catalog.document(id).await.unwrap().unwrap();
    assert!(document.original.is_some(), "it came: {:?}", document.reasons);
}

/// Meta's gateways take the call and give up. Of the message that was under way nobody knows; those that wait behind it,
/// and those of others, are not spent on an outage, and leave once when it is over.
async fn in_doubt(world: &World, fault: &Fault, long: i64) {
    let what = format!("{fault:?} for {long} minutes");
    let who = somebody();
    let before = incidents(world, Part::Graph, Some(IncidentState::Resolved)).await;
    let (first, behind) = (world.waits_from(who.clone()).await, world.waits_from(who).await);
    for point in [Point::Lookup, Point::Bytes, Point::Send, Point::Probe] {
        world.graph.fail(point, None, fault.clone(), u32::MAX);
    }
    world.runs(first).await;
    assert_eq!(world.message(first).await.state, OutboxState::Unknown, "{what}: it may have left");
    assert_eq!(incidents(world, Part::Graph, None).await, 1, "{what}: nobody is there, and that is told");
    let later = [behind, world.waits().await, world.waits().await];
    for _ in 0..long {
        minutes(world, 1, &[]).await;
        for of in later {
            world.runs(of).await;
        }
    }
    for of in later {
        let message = world.message(of).await;
        assert_eq!((message.state, message.attempts), (OutboxState::Queued, 0), "{what}: it was not spent");
    }
    assert_eq!(incidents(world, Part::Graph, None).await, 1, "{what}: one is open");
    world.balances(&what).await;
    world.graph.heal();
    minutes(world, 8, &[]).await;
    assert_eq!(incidents(world, Part::Graph, None).await, 0, "{what}: it is over");
    let resolved = incidents(world, Part::Graph, Some(IncidentState::Resolved)).await;
    assert_eq!(resolved, before + 1, "{what}: there was one");
    for of in later {
        world.runs(of).await;
        let message = world.message(of).await;
        assert_eq!(message.state, OutboxState::Sent, "{what}: {message:?}");
        let id = message.id.to_string();
        let times = world.graph.sent().iter().filter(|m| m.callback_data.as_deref() == Some(&*id)).count();
        assert_eq!(times, 1, "{what}: it left once");
    }
    world.status(first, "delivered", None).await;
    assert_eq!(world.message(first).await.state, OutboxState::Delivered, "{what}: its status settles it");
    world.balances(&what).await;
}

#[tokio::test]
async fn gateways_that_give_up_are_an_outage() {
    let world = World::new().await;
    for long in MINUTES {
        in_doubt(&world, &Fault::Status(502), long).await;
    }
}

#[tokio::test]
async fn calls_that_hang_are_an_outage() {
    let mut world = World::new().await;
    let mut client = GraphConfig::new(Token::new(world.graph.options().access_token.clone()));
    client.url = world.graph.url();
    client.call_timeout = std::time::Duration::from_millis(500);
    world.env.graph = Some(Graph::new(client).unwrap());
    for long in MINUTES {
        in_doubt(&world, &Fault::Hang { millis: 2_000 }, long).await;
    }
}

/// An installation may have no token but those with a name.
#[tokio::test]
async fn any_token_shows_whether_meta_is_there() {
    let mut world = World::new().await;
    let graph = world.env.graph.take().unwrap();
    world.env.graphs.insert("second".into(), graph);
    world.env.catalog.set_token_ref(&world.number(), "second").await.unwrap();
    let waiting = world.waits().await;
    for point in [Point::Send, Point::Probe] {
        world.graph.fail(point, None, Fault::unavailable(), u32::MAX);
    }
    world.runs(waiting).await;
    assert_eq!(incidents(&world, Part::Graph, None).await, 1);
    world.graph.heal();
    minutes(&world, 20, &[]).await;
    world.runs(waiting).await;
    assert_eq!(world.message(waiting).await.state, OutboxState::Sent);
    assert_eq!(incidents(&world, Part::Graph, None).await, 0);
}

#[tokio::test]
async fn every_document_that_waits_for_a_day_is_told_of() {
    const MANY: usize = 230;
    let world = World::new().await;
    let mut all = Vec::new();
    for n in 0..MANY {
        all.push(world.sends(&format!("{RECEIPT}\nnumber={n}")).await);
    }
    pass(Duration::hours(25));
    let named = async || {
        schedules::parts(&world.env).await.unwrap();
        let open = world.env.catalog.incidents(None, None, 500).await.unwrap();
        open.iter().filter(|i| i.kind == "document_waiting").count()
    };
    assert_eq!(named().await, MANY, "beyond one page too");
    assert_eq!(named().await, MANY, "and none twice");
    minutes(&world, 1, &all[..3]).await;
    assert_eq!(named().await, MANY - 3, "those at rest are not");
}

#[tokio::test]
async fn readers_away_are_no_documents_fault() {
    let (world, ears) = heard_world().await;
    let hidden = world.reader.with_extension("away");
    for long in MINUTES {
        outage(&world, &ears, Part::Reader, long, async |away| {
            let (from, to) = if away { (&world.reader, &hidden) } else { (&hidden, &world.reader) };
            std::fs::rename(from, to).unwrap();
            if away {
                // The warm one takes one more file.
                let spent = world.sends("used up").await;
                minutes(&world, 1, &[spent]).await;
            }
        })
        .await;
    }
}

#[tokio::test]
async fn a_document_that_waits_for_a_day_is_told_of_by_name() {
    let world = World::new().await;
    let id = world.sends(RECEIPT).await;
    let named = async || {
        let open = world.env.catalog.incidents(None, None, 500).await.unwrap();
        open.iter().any(|i| i.kind == "document_waiting" && i.subject == id.to_string())
    };
    pass(Duration::hours(23));
    schedules::parts(&world.env).await.unwrap();
    assert!(!named().await);
    pass(Duration::hours(2));
    schedules::parts(&world.env).await.unwrap();
    assert!(named().await, "it waits for {:?}", now());
    minutes(&world, 1, &[id]).await;
    schedules::parts(&world.env).await.unwrap();
    assert!(!named().await, "it is at rest");
}
