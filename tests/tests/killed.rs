//! Whoever is told of changes and is killed at random is told of every one all the same: a follower of the feed that goes
//! on from the cursor it kept, and a receiver of webhooks that is away now and then. Both are processes, killed by `-9`.

use std::{
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use acuse_pipeline::fields::FieldName;
use acuse_storage::{
    Catalog, DocumentId,
    reviews::{Deciding, Decision, Resolved},
};
use acuse_tests::{
    free_port,
    process::Guarded,
    stack::{Api, Place},
    told::{CURSOR, Told},
};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    books::{filed, invoice},
    world::{ALL, Alone},
};

const DOCUMENTS: u64 = 100;
const CHANGES: u64 = 50;
/// Changes are made by so many at once, each of documents of its own.
const WRITERS: usize = 4;
/// Longest that all of it may take.
const PATIENCE: Duration = Duration::from_secs(300);

/// Numbers of no order, from a seed that a failure prints.
struct Chance(u64);

impl Chance {
    fn below(&mut self, most: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % most
    }
}

/// A process that is told, which lives again after each death.
struct Life {
    name: &'static str,
    args: Vec<String>,
    folder: PathBuf,
    process: Guarded,
}

impl Life {
    fn of(name: &'static str, base: &Path, args: &[&str]) -> Self {
        let folder = base.join(name);
        std::fs::create_dir_all(&folder).unwrap();
        let mut args: Vec<String> = args.iter().map(|a| (*a).to_owned()).collect();
        args.push(folder.display().to_string());
        let process = Self::born(name, &args, &folder);
        Self { name, args, folder, process }
    }

    fn born(name: &str, args: &[String], folder: &Path) -> Guarded {
        let mut command = Command::new(env!("CARGO_BIN_EXE_acuse-test-told"));
        Guarded::start(name, command.args(args), &folder.join("log")).unwrap()
    }

    async fn dies(&mut self, away: Duration) {
        self.process.kill_9().unwrap();
        tokio::time::sleep(away).await;
        self.process = Self::born(self.name, &self.args, &self.folder);
    }

    fn told(&self) -> Told {
        Told::read(&self.folder)
    }
}

/// Corrections of these documents, one after the other, in an order in which documents alternate.
async fn change(catalog: Catalog, documents: Vec<(u64, DocumentId)>) {
    for round in 0..CHANGES {
        for (n, id) in &documents {
            let mut facts = invoice(n + 1, "Proveedor", "2021-03-01", "invoice", "9.99");
            let total = format!("{}.{round:02}", n + 10);
            facts.fields.get_mut(&FieldName::Total).unwrap().value = total.as_str().into();
            let correct = Decision::Correct { kind: None, fields: facts.fields, customer_id: None };
            let by = Deciding { who: "ana", sees_ids: true, ..Deciding::default() };
            let done = catalog.amend(*id, &by, &correct).await.unwrap();
            assert!(matches!(done, Resolved::Done(_)), "{done:?}");
        }
    }
}

/// Documents, an endpoint at `port` with its secret, and the cursor after the documents.
async fn prepared(catalog: &Catalog, api: &Api, port: u16) -> (Vec<(u64, DocumentId)>, String, String) {
    let mut documents = Vec::new();
    for n in 0..DOCUMENTS {
        let facts = invoice(n + 1, "Proveedor", "2021-03-01", "invoice", "9.99");
        documents.push((n, filed(catalog, api, &facts).await));
    }
    let endpoint = json!({ "url": format!("http://127.0.0.1:{port}/hook") });
    let made = api.request(Method::POST, "/v1/webhook-endpoints").json(&endpoint).send().await.unwrap();
    let made: Value = made.json().await.unwrap();
    let head = api.get("/v1/events?after=head").await.unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    (documents, text(&made["secret"]), text(&head["next"]))
}

async fn nobody_misses_a_change(place: &Place, catalog: &Catalog) {
    let place = place.clone().with("ACUSE_OUTGOING_NETWORKS", "127.0.0.0/8");
    let place = place.with("ACUSE_RATE_PER_SEC", "100000");
    let _web = place.start("web", &["web"]).unwrap();
    let api = Api::connect(&place, ALL).await.unwrap();
    let port = free_port().unwrap();
    let (documents, secret, head) = prepared(catalog, &api, port).await;
    let _work = place.start("work", &["work"]).unwrap();

    for name in ["follower", "choosy"] {
        std::fs::create_dir_all(place.folder.join(name)).unwrap();
        std::fs::write(place.folder.join(name).join(CURSOR), &head).unwrap();
    }
    let url = format!("http://127.0.0.1:{}", place.port);
    let mut follower = Life::of("follower", &place.folder, &["follow", &url, api.key(), ""]);
    // Where most of what happens is not asked for, the head of the feed goes on without a line.
    let choosy = Life::of("choosy", &place.folder, &["follow", &url, api.key(), "document.corrected"]);
    let mut receiver = Life::of("receiver", &place.folder, &["receive", &port.to_string(), &secret]);
    let seed = u64::from_le_bytes(uuid::Uuid::now_v7().as_bytes()[8..].try_into().unwrap()) | 1;
    let mut chance = Chance(seed);
    let mut changes = tokio::task::JoinSet::new();
    for part in documents.chunks(documents.len().div_ceil(WRITERS)) {
        changes.spawn(change(catalog.clone(), part.to_vec()));
    }
    let (since, all) = (Instant::now(), usize::try_from(DOCUMENTS * CHANGES).unwrap());
    let (mut deaths, mut changed) = (0, None);
    loop {
        let counts = [receiver.told().count(), follower.told().count(), choosy.told().count()];
        if counts == [all; 3] {
            break;
        }
        assert!(since.elapsed() < PATIENCE, "seed {seed}: {counts:?} of {all} after {deaths} deaths");
        tokio::time::sleep(Duration::from_millis(100 + chance.below(900))).await;
        while let Some(ended) = changes.try_join_next() {
            ended.unwrap();
        }
        // Once all is said, both live: what is left comes by itself.
        if changes.is_empty() {
            changed.get_or_insert_with(|| since.elapsed());
            continue;
        }
        deaths += 1;
        let away = Duration::from_millis(chance.below(300));
        if chance.below(2) == 0 { receiver.dies(away).await } else { follower.dies(away).await }
    }
    eprintln!("{all} changes made in {changed:?}, told after {:?}, {deaths} deaths", since.elapsed());
    for life in [&receiver, &follower, &choosy] {
        let (who, told) = (life.name, life.told());
        assert_eq!(told.unsigned, 0, "{who}, seed {seed}");
        assert_eq!(told.by_document.len() as u64, DOCUMENTS, "{who}, seed {seed}");
        for (document, versions) in &told.by_document {
            assert!(versions.is_sorted(), "{who}, seed {seed}: {document} in the order {versions:?}");
            assert_eq!(versions.len() as u64, CHANGES, "{who}, seed {seed}: {document}");
        }
    }
    assert!(deaths > 5, "seed {seed}: nobody died in time to prove anything");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_misses_a_change_on_sqlite() {
    let alone = Alone::on_sqlite().await;
    nobody_misses_a_change(&alone.place, &alone.catalog).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_misses_a_change_on_postgresql() {
    let Some(alone) = Alone::on_postgresql().await else { return };
    nobody_misses_a_change(&alone.place, &alone.catalog).await;
}
