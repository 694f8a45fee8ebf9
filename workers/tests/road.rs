//! The jobs on SQLite, the embedded S3 and a fake Graph API, with real sandboxed children.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{path::PathBuf, sync::Arc, time::Duration};

use acuse_fixtures::graph::{FakeGraph, Fault, Options, Point};
use acuse_pipeline::{
    document::{Kind, Sha256, Status},
    limits::Limits,
    reason::ReasonCode,
};
use acuse_storage::{
    Catalog, CustomerId, Document, DocumentId, EmbeddedS3, Intake, Objects, Stage,
    customers::{NewCustomer, Upserted},
    documents::DeclaredFile,
    inbound::{Identity, InboundDelivery, InboundItem, InboundMedia, InboundMessage, Outcome},
    keys::{KeyMade, Scope},
    names::{KeyId, Source, WaitsFor, now},
    outbox::OutboxState,
    reviews::Decision,
    uploads::{Accepted, Upload},
};
use acuse_whatsapp::{Graph, GraphConfig, Secret};
use acuse_workers::{
    Env, Lanes, Policy, Schedules,
    jobs::{self, Ended},
    run,
    sandbox::{Sandbox, SandboxConfig},
    schedules, told,
};
use bytes::Bytes;
use futures_util::stream;
use tokio_util::sync::CancellationToken;

const SENDER: &str = "34600111222";
const RECEIPT: &str = "receipt\nmerchant_name=Panadería Núñez\ndate=2026-05-03\ntotal=45.00\ncurrency=EUR";

struct World {
    env: Arc<Env>,
    graph: FakeGraph,
    intake: Intake,
    _s3: EmbeddedS3,
    _folder: tempfile::TempDir,
}

impl World {
    async fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let catalog = Catalog::open_sqlite(&folder.path().join("acuse.db")).await.expect("SQLite");
        let s3 = EmbeddedS3::start(&folder.path().join("objects")).await.expect("S3");
        let objects = Objects::connect(&s3.config("acuse"));
        objects.ensure_bucket().await.expect("a bucket");
        let graph = FakeGraph::start(Options::default()).await.expect("the fake Graph API");
        let limits = Limits { read_ms: 5_000, ..Limits::default() };
        let program = PathBuf::from(env!("CARGO_BIN_EXE_acuse-test-reader"));
        let sandbox = Sandbox::start(SandboxConfig { program, ..SandboxConfig::new(limits, 1) });
        let mut client = GraphConfig::new(Secret::new(graph.options().access_token.clone()));
        client.url = graph.url();
        client.call_timeout = Duration::from_millis(700);
        let client = Graph::new(client).expect("a client");
        let intake = Intake::spawn(catalog.clone());
        let mut env = Env::new(catalog, objects, sandbox.await.expect("a sandbox"), Some(client));
        env.policy = Policy { attempts: 3, ceiling: Duration::from_secs(1), ..Policy::default() };
        Self { env: Arc::new(env), graph, intake, _s3: s3, _folder: folder }
    }

    /// A person sends a file; the document that it becomes.
    async fn sends(&self, media_id: Option<&str>, hash: Option<Sha256>, hours_ago: i64) -> DocumentId {
        self.sends_as(SENDER, media_id, hash, hours_ago).await
    }

    async fn sends_as(
        &self,
        who: &str,
        media_id: Option<&str>,
        hash: Option<Sha256>,
        hours_ago: i64,
    ) -> DocumentId {
        let sent_at = now() - time::Duration::hours(hours_ago);
        let message = InboundMessage {
            answer: None,
            identity: Identity { wa_id: Some(who.into()), ..Identity::default() },
            phone_number_id: self.graph.options().phone_number_id.clone(),
            waba_id: None,
            wamid: format!("wamid.{}", DocumentId::generate()),
            kind: "image".into(),
            sent_at,
            body: None,
            reply_to: None,
            tap: None,
            media: Some(InboundMedia {
                media_id: media_id.map(str::to_owned),
                declared: DeclaredFile {
                    media_type: Some("image/jpeg".into()),
                    sha256: hash,
                    ..DeclaredFile::default()
                },
                error: None,
                over_quota: None,
            }),
            raw: "{}".into(),
        };
        let delivery = InboundDelivery {
            token_ref: "default".into(),
            body: b"{}".to_vec(),
            signed_with: "current".into(),
            received_at: now(),
            items: vec![InboundItem::Message(message)],
            outcome: Outcome::Understood,
        };
        let recorded = self.intake.record(delivery).await.expect("recorded");
        *recorded.new_documents.first().expect("a document")
    }

    async fn sends_file(&self, file: &str) -> DocumentId {
        let media_id = self.graph.upload_media(file.as_bytes().to_vec(), "image/jpeg");
        self.sends(Some(&media_id), Some(Sha256::of(file.as_bytes())), 0).await
    }

    async fn knows_sender(&self) {
        let customer =
            NewCustomer { name: "Ana".into(), phones: vec![SENDER.into()], ..NewCustomer::default() };
        self.env.catalog.upsert_customers(&[customer]).await.expect("a customer");
    }

    async fn step(&self, stage: Stage, id: DocumentId) -> Ended {
        jobs::document(&self.env, stage, id).await
    }

    async fn document(&self, id: DocumentId) -> Document {
        self.env.catalog.document(id).await.expect("the catalog").expect("the document")
    }

    /// All stages, then the replies.
    async fn goes_all_the_way(&self, id: DocumentId) -> Document {
        for stage in [Stage::Fetch, Stage::Read, Stage::Link] {
            self.step(stage, id).await;
        }
        let document = self.document(id).await;
        jobs::reply::reply_to(&self.env, document.contact_id.expect("a sender")).await;
        document
    }

    fn last_text(&self) -> String {
        self.graph.sent().last().and_then(|m| m.text.clone()).unwrap_or_default()
    }
}

fn code(document: &Document) -> Option<ReasonCode> {
    document.reasons.first().map(|reason| reason.code)
}

#[tokio::test]
async fn a_known_senders_receipt_is_filed_and_told_and_a_second_run_changes_nothing() {
    let world = World::new().await;
    world.knows_sender().await;
    let id = world.sends_file(&format!("{RECEIPT}\nid_probability=0.0001")).await;
    let filed = world.goes_all_the_way(id).await;
    assert_eq!((filed.status, filed.pages.len()), (Status::Filed, 1));
    assert!(filed.customer_id.is_some() && filed.thumbnail_key.is_some());
    assert!(world.last_text().contains("Panadería Núñez") && world.last_text().contains("45,00 EUR"));
    for stage in [Stage::Fetch, Stage::Read, Stage::Link] {
        assert_eq!(world.step(stage, id).await, Ended::Stale);
    }
    jobs::reply::reply_to(&world.env, filed.contact_id.expect("a sender")).await;
    assert_eq!(world.graph.sent().len(), 1);
    assert_eq!(world.document(id).await.version, filed.version);
}

/// Nobody vouched that it is no ID.
#[tokio::test]
async fn of_what_not_everybody_may_see_nothing_is_repeated() {
    let world = World::new().await;
    world.knows_sender().await;
    let filed = world.goes_all_the_way(world.sends_file(RECEIPT).await).await;
    assert_eq!((filed.status, world.last_text().as_str()), (Status::Filed, "Archivamos tu recibo."));
}

/// Somebody asked that receipts be surer than this one.
#[tokio::test]
async fn what_is_less_sure_than_asked_here_waits_for_a_person() {
    let world = World::new().await;
    world.knows_sender().await;
    let asked = (990_000, 10_000);
    let catalog = &world.env.catalog;
    let set = catalog.set_filing_threshold(Kind::Receipt, asked, "user:boss").await.unwrap();
    let held = world.goes_all_the_way(world.sends_file(RECEIPT).await).await;
    assert_eq!((held.status, held.reasons.len()), (Status::InReview, 1));
    assert_eq!(held.reasons[0].code, ReasonCode::LowConfidence);
    assert!(held.reasons[0].detail["confidence"]["document"].as_f64().unwrap() < 0.99, "{:?}", held.reasons);
    catalog.undo_filing_threshold(Kind::Receipt, set, "user:boss").await.unwrap();
    let other = RECEIPT.replace("45.00", "61.00").replace("2026-05-03", "2026-05-04");
    let filed = world.goes_all_the_way(world.sends_file(&other).await).await;
    assert_eq!(filed.status, Status::Filed, "from the next document on: {:?}", filed.reasons);
    let outcomes = catalog.filing_outcomes(Kind::Receipt).await.unwrap();
    assert_eq!((outcomes.bills(), outcomes.curve().last().map(|p| p.coverage)), (2, Some(1.0)));
}

#[tokio::test]
async fn nobodys_receipt_waits_and_a_hostile_file_is_told_truly() {
    let world = World::new().await;
    let waiting = world.goes_all_the_way(world.sends_file(RECEIPT).await).await;
    assert_eq!((waiting.status, code(&waiting)), (Status::InReview, Some(ReasonCode::UnknownCustomer)));
    assert!(world.last_text().contains("Una persona"));
    let hostile = world.goes_all_the_way(world.sends_file("panic").await).await;
    assert_eq!((hostile.status, code(&hostile)), (Status::InReview, Some(ReasonCode::Corrupt)));
    assert!(world.last_text().contains("dañado"));
}

#[tokio::test]
async fn the_same_bytes_again_are_linked_to_the_first() {
    let world = World::new().await;
    world.knows_sender().await;
    let first = world.goes_all_the_way(world.sends_file(RECEIPT).await).await;
    let again = world.goes_all_the_way(world.sends_file(RECEIPT).await).await;
    assert_eq!(again.duplicate_of, Some(first.id));
    assert!(again.original.is_some(), "kept all the same");
    assert!(world.last_text().contains("igual al que nos enviaste"));
}

#[tokio::test]
async fn the_same_bytes_from_another_sender_are_a_persons_to_see() {
    let world = World::new().await;
    world.knows_sender().await;
    let first = world.goes_all_the_way(world.sends_file(RECEIPT).await).await;
    let media_id = world.graph.upload_media(RECEIPT.as_bytes().to_vec(), "image/jpeg");
    let other = world.sends_as("34600999888", Some(&media_id), None, 0).await;
    let other = world.goes_all_the_way(other).await;
    assert_eq!((other.status, code(&other)), (Status::InReview, Some(ReasonCode::PossibleDuplicate)));
    assert_eq!((other.duplicate_of, other.customer_id), (None, None), "not the first sender's customer");
    let told = format!("{:?}", other.reasons);
    assert!(told.contains(&first.contact_id.expect("a sender").to_string()), "both senders: {told}");
    assert!(told.contains(&other.contact_id.expect("a sender").to_string()), "both senders: {told}");
    assert!(!world.last_text().contains("nos enviaste"), "{}", world.last_text());
    // Whatever a person decides then, the second hears nothing of the first.
    let says = async |document: &Document, decision: &Decision| {
        let said = told::of_decision(&world.env.catalog, document, decision).await.unwrap();
        said.expect("there is somebody to tell").body
    };
    let again = Decision::Duplicate { of: first.id, note: None };
    for decision in [&again, &Decision::AskAgain { note: String::new() }] {
        let said = says(&other, decision).await;
        assert!(!said.contains("igual") && !said.contains("recibimos") && !said.contains("2026"), "{said}");
    }
    let third = world.goes_all_the_way(world.sends_file(&RECEIPT.replace("45.00", "46.00")).await).await;
    let said = says(&third, &again).await;
    assert!(said.contains("Este documento es el mismo que nos enviaste"), "the sender is one: {said}");
}

/// What comes over the API and names no sender.
async fn uploads(world: &World, key: Option<KeyId>, customer_id: Option<CustomerId>) -> Document {
    let id = DocumentId::generate();
    let bytes = [Ok::<_, std::io::Error>(Bytes::from_static(RECEIPT.as_bytes()))];
    let upload = Upload {
        id,
        source: Source::Api,
        key,
        sender: None,
        customer_id,
        declared: DeclaredFile { media_type: Some("image/jpeg".into()), ..DeclaredFile::default() },
        original: world.env.objects.put_original(id, stream::iter(bytes), 1_000_000).await.unwrap(),
        received_at: now(),
    };
    assert_eq!(world.env.catalog.accept_upload(&upload, None).await.unwrap(), Accepted::New(id));
    for stage in [Stage::Read, Stage::Link] {
        world.step(stage, id).await;
    }
    world.document(id).await
}

#[tokio::test]
async fn the_same_bytes_over_another_key_are_a_persons_to_see() {
    let world = World::new().await;
    let catalog = &world.env.catalog;
    let mut keys = Vec::new();
    for name in ["one", "two"] {
        let hash = Sha256::of(name.as_bytes());
        let made = catalog.create_key(name, &hash, &[Scope::DocumentsWrite]).await.unwrap();
        let KeyMade::Made(key) = made else { panic!("{made:?}") };
        keys.push(key);
    }
    let ana = NewCustomer { name: "Ana".into(), ..NewCustomer::default() };
    let Upserted::Created(ana) = catalog.upsert_customers(&[ana]).await.unwrap()[0] else { panic!("new") };
    let first = uploads(&world, Some(keys[0]), Some(ana)).await;
    let again = uploads(&world, Some(keys[0]), None).await;
    assert_eq!(again.duplicate_of, Some(first.id), "who uploads by one key is one sender");
    let other = uploads(&world, Some(keys[1]), None).await;
    assert_eq!(
        (other.status, other.duplicate_of, other.customer_id),
        (Status::InReview, None, None),
        "not the first one's customer"
    );
    let reason = other.reasons.iter().find(|r| r.code == ReasonCode::PossibleDuplicate).expect("the reason");
    let candidate = &reason.detail["candidates"][0];
    assert_eq!(candidate["document_id"], first.id.to_string());
    assert!(candidate["other_sender"] == true && candidate["other_key"] == true, "{candidate}");
    // Of what came before keys were written down it is not known who sent it: it is taken as it was then.
    let unknown = uploads(&world, None, None).await;
    assert_eq!(unknown.duplicate_of, Some(first.id));
}

#[tokio::test]
async fn a_rejected_file_is_read_anew_and_the_same_again_is_no_answer_to_an_ask() {
    let world = World::new().await;
    let decide = async |document: &Document, decision: Decision| {
        let review =
            world.env.catalog.open_review_of(document.id).await.expect("the catalog").expect("a review");
        world.env.catalog.resolve_review(review.id, "eva", None, &decision, None).await.expect("decided")
    };
    let first = world.goes_all_the_way(world.sends_file(RECEIPT).await).await;
    let _done = decide(&first, Decision::AskAgain { note: "falta el reverso".into() }).await;
    let same = world.goes_all_the_way(world.sends_file(RECEIPT).await).await;
    assert_eq!(same.duplicate_of, Some(first.id));
    assert!(world.last_text().contains("Este archivo es el mismo"), "{}", world.last_text());
    assert_eq!(world.document(first.id).await.waits_for, Some(WaitsFor::Sender), "the ask stays open");
    let _done = decide(&first, Decision::Reject { note: "no".into() }).await;
    let anew = world.goes_all_the_way(world.sends_file(RECEIPT).await).await;
    assert_eq!((anew.duplicate_of, anew.status), (None, Status::InReview), "it is read anew");
}

/// Three receipts in one file; the third is the first once more.
const RECEIPTS: &str = "receipts\nmerchant_name=Panadería Núñez\ndate=2026-05-03\ntotal=45.00\ncurrency=EUR\u{c}\
    merchant_name=Bar Sol\ndate=2026-05-04\ntotal=7.20\ncurrency=EUR\u{c}\
    merchant_name=Panadería Núñez\ndate=2026-05-03\ntotal=45.00\ncurrency=EUR\nx=1";

#[tokio::test]
async fn a_file_of_several_receipts_is_each_of_them() {
    let world = World::new().await;
    world.knows_sender().await;
    let id = world.sends_file(RECEIPTS).await;
    assert_eq!(world.step(Stage::Fetch, id).await, Ended::Moved);
    assert_eq!(world.step(Stage::Read, id).await, Ended::Moved);
    let first = world.document(id).await;
    assert_eq!(
        (first.stage, first.kind, first.pages.len()),
        (Stage::Read, None, 0),
        "nothing of the whole is kept"
    );
    let all = world.env.catalog.of_one_file(&first).await.expect("the catalog");
    assert_eq!(all.len(), 3);
    let mut ended = Vec::new();
    for part in &all {
        ended.push(world.goes_all_the_way(part.id).await);
        assert_eq!(world.step(Stage::Read, part.id).await, Ended::Stale);
    }
    let totals: Vec<_> =
        ended.iter().map(|d| d.fields[&acuse_pipeline::fields::FieldName::Total].value.as_str()).collect();
    assert_eq!(totals, ["45.00", "7.20", "45.00"], "each was read from its own page");
    assert_eq!((ended[0].status, ended[1].status), (Status::Filed, Status::Filed));
    assert_eq!((ended[0].duplicate_of, ended[1].duplicate_of), (None, None), "of the same bytes, no resend");
    assert_eq!((ended[2].duplicate_of, code(&ended[2])), (None, Some(ReasonCode::PossibleDuplicate)));
    assert_eq!(world.graph.sent().len(), 3, "each is told for itself");
    // The whole file once more is the same file, whichever of its parts one may think of.
    let again = world.goes_all_the_way(world.sends_file(RECEIPTS).await).await;
    assert_eq!((again.duplicate_of, again.part), (Some(id), None));
    let ledger = world.env.catalog.ledger(None, None).await.expect("the ledger");
    assert!(ledger.balanced && ledger.received == 4 && ledger.processing == 0, "{ledger:?}");
}

#[tokio::test]
async fn parts_that_make_no_whole_are_a_persons_to_part() {
    let world = World::new().await;
    let file = RECEIPTS.replacen("receipts\n", "receipts\nlie\n", 1);
    let document = world.goes_all_the_way(world.sends_file(&file).await).await;
    assert_eq!((document.status, code(&document)), (Status::InReview, Some(ReasonCode::MultipleDocuments)));
    assert_eq!(document.part, None);
}

#[tokio::test]
async fn media_that_is_gone_is_a_review_and_the_sender_is_asked() {
    let world = World::new().await;
    let media_id = world.graph.upload_media(RECEIPT.as_bytes().to_vec(), "image/jpeg");
    world.graph.forget_media(&media_id);
    for media_id in [Some(media_id.as_str()), None] {
        let gone = world.goes_all_the_way(world.sends(media_id, None, 0).await).await;
        assert_eq!((gone.status, code(&gone)), (Status::InReview, Some(ReasonCode::MediaUnavailable)));
        assert!(world.last_text().contains("de nuevo"), "{}", world.last_text());
    }
}

#[tokio::test]
async fn a_dead_link_is_resolved_again_and_an_outage_is_waited_out() {
    let world = World::new().await;
    let id = world.sends_file(RECEIPT).await;
    world.graph.fail(Point::Bytes, None, Fault::Status(404), 1);
    assert_eq!(world.step(Stage::Fetch, id).await, Ended::Moved);
    let id = world.sends_file("another").await;
    world.graph.fail(Point::Lookup, None, Fault::unavailable(), 1);
    assert_eq!(world.step(Stage::Fetch, id).await, Ended::Retry);
    let waiting = world.document(id).await;
    assert_eq!((waiting.attempts, waiting.next_attempt_at.is_some()), (1, true));
    assert_eq!(world.step(Stage::Fetch, id).await, Ended::Stale, "not due yet");
    tokio::time::sleep(Duration::from_millis(2_100)).await;
    assert_eq!(world.step(Stage::Fetch, id).await, Ended::Moved);
}

#[tokio::test]
async fn other_bytes_than_announced_are_never_kept_and_end_in_a_review() {
    let world = World::new().await;
    let media_id = world.graph.upload_media(b"other bytes".to_vec(), "image/jpeg");
    let id = world.sends(Some(&media_id), Some(Sha256::of(b"announced")), 0).await;
    let mut ended = world.step(Stage::Fetch, id).await;
    for _ in 0..60 {
        if ended == Ended::Review {
            break;
        }
        tokio::time::sleep(Duration::from_millis(250)).await;
        ended = world.step(Stage::Fetch, id).await;
    }
    let document = world.document(id).await;
    assert_eq!(code(&document), Some(ReasonCode::RetriesExhausted), "{ended:?}");
    assert!(document.original.is_none());
}

#[tokio::test]
async fn a_document_that_every_worker_dies_of_ends_in_front_of_a_person() {
    let world = World::new().await;
    let id = world.sends_file(RECEIPT).await;
    assert_eq!(world.step(Stage::Fetch, id).await, Ended::Moved);
    for _ in 0..world.env.policy.attempts {
        // A worker begins, and is never heard of again.
        world.env.catalog.begin(id, Stage::Read).await.expect("the catalog");
    }
    assert_eq!(world.step(Stage::Read, id).await, Ended::Review);
    assert_eq!(code(&world.document(id).await), Some(ReasonCode::RetriesExhausted));
}

#[tokio::test]
async fn media_past_its_deadline_is_a_review() {
    let world = World::new().await;
    let media_id = world.graph.upload_media(RECEIPT.as_bytes().to_vec(), "image/jpeg");
    let id = world.sends(Some(&media_id), None, 7 * 24 + 1).await;
    world.graph.fail(Point::Lookup, None, Fault::unavailable(), 1);
    assert_eq!(world.step(Stage::Fetch, id).await, Ended::Review);
    assert_eq!(code(&world.document(id).await), Some(ReasonCode::MediaUnavailable));
    // Two days old, still not fetched, five to go: no alarm. Six days: alarm.
    world.sends(Some(&media_id), None, 48).await;
    schedules::deadline(&world.env).await.expect("the catalog");
    assert!(
        world.env.catalog.alerts(false).await.expect("alerts").iter().all(|a| a.kind != "media_expiring")
    );
    world.sends(Some(&media_id), None, 6 * 24).await;
    schedules::deadline(&world.env).await.expect("the catalog");
    assert!(
        world.env.catalog.alerts(false).await.expect("alerts").iter().any(|a| a.kind == "media_expiring")
    );
}

#[tokio::test]
async fn a_dead_token_pauses_its_numbers_and_burns_no_attempt() {
    let world = World::new().await;
    let id = world.sends_file(RECEIPT).await;
    world.graph.fail(Point::Lookup, None, Fault::token_expired(), 1);
    assert_eq!(world.step(Stage::Fetch, id).await, Ended::Waits);
    let document = world.document(id).await;
    assert_eq!((document.attempts, document.status), (0, Status::Processing));
    let paused = || async { world.env.catalog.paused_numbers().await.expect("the catalog") };
    assert!(
        paused().await.iter().all(|n| n.fetch_pause.is_some() && n.send_pause.is_none())
            && paused().await.len() == 1
    );
    let asked = world.graph.requests().len();
    let other = world.sends_file("another").await;
    assert_eq!(world.step(Stage::Fetch, other).await, Ended::Waits);
    assert_eq!(world.graph.requests().len(), asked, "nothing is asked of Meta while it is paused");
}

#[tokio::test]
async fn a_send_that_timed_out_is_unknown_and_never_sent_again() {
    let world = World::new().await;
    world.graph.fail(Point::Send, None, Fault::AcceptThenHang { millis: 3_000 }, 1);
    let document = world.goes_all_the_way(world.sends_file(RECEIPT).await).await;
    let state = || async {
        let replies = world.env.catalog.replies_about(document.id).await.expect("the outbox");
        replies.first().map(|reply| reply.state)
    };
    assert_eq!(state().await, Some(OutboxState::Unknown));
    jobs::reply::reply_to(&world.env, document.contact_id.expect("a sender")).await;
    assert_eq!(state().await, Some(OutboxState::Unknown));
    assert_eq!(world.graph.sent().len(), 1, "it had left");
}

#[tokio::test]
async fn refusals_wait_and_a_closed_window_says_nothing() {
    let world = World::new().await;
    world.graph.fail(Point::Send, None, Fault::pair_limit(), 1);
    let document = world.goes_all_the_way(world.sends_file(RECEIPT).await).await;
    assert_eq!(world.graph.sent().len(), 0);
    tokio::time::sleep(Duration::from_millis(1_200)).await;
    jobs::reply::reply_to(&world.env, document.contact_id.expect("a sender")).await;
    assert_eq!(world.graph.sent().len(), 1);

    let late = World::new().await;
    let media_id = late.graph.upload_media(RECEIPT.as_bytes().to_vec(), "image/jpeg");
    let document = late.goes_all_the_way(late.sends(Some(&media_id), None, 25).await).await;
    let replies = late.env.catalog.replies_about(document.id).await.expect("the outbox");
    assert_eq!(replies.first().map(|r| r.state), Some(OutboxState::WindowClosed));
    assert_eq!(late.graph.sent().len(), 0);
}

#[tokio::test]
async fn the_lanes_carry_documents_to_rest_and_stop_when_told() {
    let world = World::new().await;
    world.knows_sender().await;
    let mut sent = Vec::new();
    for n in 0..12 {
        sent.push(world.sends_file(&format!("{RECEIPT}\nnumber=T-{n}")).await);
    }
    let stop = CancellationToken::new();
    let schedules =
        Schedules { sweep: Duration::from_secs(1), idle: Duration::from_secs(2), ..Schedules::default() };
    let lanes = Lanes { schedules, ..Lanes::new(2) };
    let running = tokio::spawn(run(Arc::clone(&world.env), lanes, stop.clone()));
    assert!(
        world.graph.wait_for_sent(12, Duration::from_secs(60)).await,
        "{} told",
        world.graph.sent().len()
    );
    stop.cancel();
    tokio::time::timeout(Duration::from_secs(25), running).await.expect("it stops").expect("in peace");
    for id in sent {
        assert_eq!(world.document(id).await.stage, Stage::Done);
    }
    let ledger = world.env.catalog.ledger(None, None).await.expect("the ledger");
    assert!(ledger.balanced && ledger.received == 12 && ledger.processing == 0, "{ledger:?}");
}
