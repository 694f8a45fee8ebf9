//! The database away for 1, 10 and 60 minutes by the clock: nothing is acknowledged that was not committed, no attempt
//! is burnt, no document becomes hand work, no reply is lost; and when it is back, those who are told hear of it.

#[path = "../../workers/tests/way_back/way.rs"]
mod way;

use std::sync::{Arc, Mutex};

use acuse_fixtures::graph::{FakeGraph, Options};
use acuse_pipeline::limits::Limits;
use acuse_storage::{
    Catalog, DocumentId, EmbeddedS3, Intake, Objects, Stage,
    conformance::{Sample, delivery, photo},
    inbound::{InboundItem, InboundMedia, InboundMessage},
    incidents::{
        IncidentState, Severity,
        routes::{Medium, NewRoute},
    },
};
use acuse_tests::{
    postgres::Postgres,
    simulated::{clock, set_clock, test_reader, turn},
};
use acuse_whatsapp::{Graph, GraphConfig, Secret};
use acuse_workers::{
    Env,
    jobs::{self, Ended, reply::reply_to},
    outgoing::{Outgoing, OutgoingConfig, alerts, sign},
    sandbox::{Sandbox, SandboxConfig},
    watch,
};
use axum::{Json, Router, routing::post};
use serde_json::Value;
use time::Duration;
use tokio::net::TcpListener;

/// Somebody who is told, and all that they were told.
async fn ears() -> (String, Arc<Mutex<Vec<Value>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let heard: Arc<Mutex<Vec<Value>>> = Arc::default();
    let all = Arc::clone(&heard);
    let hook = post(move |Json(told): Json<Value>| {
        all.lock().unwrap().push(told);
        async {}
    });
    tokio::spawn(axum::serve(listener, Router::new().route("/hook", hook)).into_future());
    (url, heard)
}

struct Place {
    env: Env,
    graph: FakeGraph,
    intake: Intake,
    way: way::Way,
    heard: Arc<Mutex<Vec<Value>>>,
    _s3: EmbeddedS3,
    _folder: tempfile::TempDir,
}

async fn place(postgres: &Postgres) -> Place {
    let url = postgres.url("acuse");
    let (head, tail) = url.split_once('@').unwrap();
    let (server, name) = tail.split_once('/').unwrap();
    let way = way::Way::to(server).await;
    let near = way.endpoint.trim_start_matches("http://").to_owned();
    let catalog = Catalog::connect(&format!("{head}@{near}/{name}")).await.unwrap().with_clock(clock);
    catalog.migrate().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let s3 = EmbeddedS3::start(folder.path()).await.unwrap();
    let objects = Objects::connect(&s3.config("acuse"));
    objects.ensure_bucket().await.unwrap();
    let graph = FakeGraph::start(Options::default()).await.unwrap();
    let mut client = GraphConfig::new(Secret::new(&graph.options().access_token));
    client.url = graph.url();
    let sandbox =
        SandboxConfig { program: test_reader().unwrap(), ..SandboxConfig::new(Limits::default(), 1) };
    let sandbox = Sandbox::start(sandbox).await.unwrap();
    let intake = Intake::spawn(catalog.clone());
    let mut env = Env::new(catalog, objects, sandbox, Some(Graph::new(client).unwrap())).with_clock(clock);
    let (hook, heard) = ears().await;
    let secret = sign::Secret::generate();
    let outgoing = OutgoingConfig {
        networks: vec!["127.0.0.0/8".parse().unwrap()],
        secrets: [("default".to_owned(), secret)].into(),
        ..OutgoingConfig::default()
    };
    env.outgoing = Some(Arc::new(Outgoing::new(outgoing).unwrap()));
    env.watch.folder = std::env::temp_dir();
    let route = NewRoute {
        name: "pager".into(),
        medium: Medium::Webhook,
        target: hook,
        secret_ref: None,
        kinds: Vec::new(),
        min_severity: Severity::Critical,
        again_after_secs: 86_400,
    };
    env.catalog.add_incident_route(&route).await.unwrap().unwrap();
    Place { env, graph, intake, way, heard, _s3: s3, _folder: folder }
}

impl Place {
    fn message(&self, n: &str) -> InboundItem {
        let file = format!("receipt\nmerchant_name=Bar Sol\ndate=2026-05-03\ntotal=45.00\nnumber={n}");
        let media_id = self.graph.upload_media(file.into_bytes(), "image/jpeg");
        let media = InboundMedia { media_id: Some(media_id), ..InboundMedia::default() };
        let number = self.graph.options().phone_number_id.clone();
        let message = photo(&Sample::new());
        let phone = format!("346{:09}", DocumentId::generate().0.as_u128() % 1_000_000_000);
        let identity = acuse_storage::inbound::Identity { wa_id: Some(phone), ..message.identity.clone() };
        InboundItem::Message(InboundMessage {
            media: Some(media),
            phone_number_id: number,
            identity,
            sent_at: clock(),
            ..message
        })
    }

    async fn look(&self) {
        set_clock(Some(clock() + Duration::MINUTE));
        watch::look(&self.env).await.unwrap();
        alerts::tell(&self.env).await.unwrap();
    }

    /// How often the route heard that this happened to the database's incident, alone or in a digest of several.
    fn heard(&self, happened: &str) -> usize {
        let all = self.heard.lock().unwrap();
        let told = all.iter().flat_map(|told| {
            told["data"]["incidents"].as_array().cloned().unwrap_or_else(|| vec![told["data"].clone()])
        });
        told.filter(|one| one["kind"] == "database_away" && one["happened"] == happened).count()
    }

    async fn incidents(&self, state: Option<IncidentState>) -> usize {
        let all = self.env.catalog.incidents(state, None, 500).await.unwrap();
        all.iter().filter(|i| i.kind == "database_away").count()
    }

    /// The rest of a document's road, and what its sender hears.
    async fn ends(&self, id: DocumentId) {
        for _ in 0..20 {
            let document = self.env.catalog.document(id).await.unwrap().unwrap();
            if document.stage == Stage::Done {
                break;
            }
            if let Some(at) = document.next_attempt_at.filter(|at| *at > clock()) {
                set_clock(Some(at));
            }
            jobs::document(&self.env, document.stage, id).await;
        }
        let document = self.env.catalog.document(id).await.unwrap().unwrap();
        assert_eq!(document.stage, Stage::Done, "{document:?}");
        assert!(
            !document.reasons.iter().any(|r| r.code.as_str() == "retries_exhausted"),
            "{:?}",
            document.reasons
        );
        let before = self.graph.sent().len();
        reply_to(&self.env, document.contact_id.unwrap()).await;
        assert_eq!(self.graph.sent().len(), before + 1, "its sender hears of it, once");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_database_away_is_no_documents_fault() {
    let Some(postgres) = Postgres::start().unwrap() else { return };
    let _turn = turn().await;
    set_clock(Some(clock()));
    let place = place(&postgres).await;
    for (n, long) in [1_i64, 10, 60].into_iter().enumerate() {
        let what = format!("the database away for {long} minutes");
        let items = vec![place.message(&format!("{long}a")), place.message(&format!("{long}b"))];
        let waiting = place.intake.record(delivery(items)).await.unwrap().new_documents;
        let late = delivery(vec![place.message(&format!("{long}c"))]);
        place.way.shut(true).await;
        assert!(
            place.intake.record(late.clone()).await.is_err(),
            "{what}: answered 503, so Meta sends it again"
        );
        for id in &waiting {
            assert_eq!(jobs::document(&place.env, Stage::Fetch, *id).await, Ended::Lost, "{what}");
        }
        for minute in 0..long {
            set_clock(Some(clock() + Duration::MINUTE));
            // Each look waits for connections; a few of them are as good as all.
            if minute < 3 {
                assert!(watch::look(&place.env).await.is_err(), "{what}: nothing beats");
            }
        }
        place.way.shut(false).await;
        place.look().await;
        let told = (place.incidents(None).await, place.heard("opened"));
        assert_eq!(told, (1, n + 1), "{what}: told {:?}", place.heard.lock().unwrap());
        place.look().await;
        let over = place.incidents(Some(IncidentState::Resolved)).await;
        assert_eq!((place.incidents(None).await, over), (0, n + 1), "{what}: and that it is over");
        assert_eq!(place.heard("resolved"), n + 1, "{what}");
        let again = place.intake.record(late).await.unwrap().new_documents;
        assert_eq!(again.len(), 1, "{what}: what came again is taken in");
        for id in waiting.into_iter().chain(again) {
            let document = place.env.catalog.document(id).await.unwrap().unwrap();
            assert_eq!(document.attempts, 0, "{what}: no attempt was burnt");
            place.ends(id).await;
        }
        let ledger = place.env.catalog.ledger(None, None).await.unwrap();
        assert!(ledger.balanced, "{what}: {ledger:?}");
        let messages = place.env.catalog.message_ledger(clock()).await.unwrap();
        assert!(messages.balanced && messages.told == 0, "{what}: {messages:?}");
    }
}
