//! A place, a fake Graph API and people who write: what most tests begin with.

use acuse_fixtures::{
    Country, Form, Kind, Spec, generate,
    graph::{FakeGraph, Inbound, MediaType, Options, Said, Sender, SignedWebhook},
};
use acuse_storage::Catalog;
use acuse_tests::{
    postgres::Postgres,
    stack::{ACCESS_TOKEN, APP_SECRET, Api, Place},
};
use acuse_whatsapp::graph::WEBHOOK_FIELDS;
use tempfile::TempDir;

/// All scopes there are.
pub const ALL: &[&str] =
    &["documents:read", "documents:write", "ids:read", "reviews:write", "customers:write", "admin"];

/// Nobody listens there.
pub const NO_GRAPH: &str = "http://127.0.0.1:9";

/// A place without a channel, and its catalog, which the test reaches by itself.
pub struct Alone {
    pub place: Place,
    pub catalog: Catalog,
    pub folder: TempDir,
    /// Ends with it.
    _postgres: Option<Postgres>,
}

impl Alone {
    pub async fn on_sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let place = Place::embedded(folder.path(), NO_GRAPH).unwrap();
        std::fs::create_dir_all(folder.path().join("data")).unwrap();
        let catalog = Catalog::open_sqlite(&folder.path().join("data/acuse.db")).await.unwrap();
        Self { place, catalog, folder, _postgres: None }
    }

    /// None where there is no PostgreSQL and none is required.
    pub async fn on_postgresql() -> Option<Self> {
        let postgres = Postgres::start().unwrap()?;
        let folder = tempfile::tempdir().unwrap();
        let url = postgres.url("acuse");
        let place = Place::embedded(folder.path(), NO_GRAPH).unwrap().with("ACUSE_DATABASE_URL", &url);
        let catalog = Catalog::open(&url).await.unwrap();
        Some(Self { place, catalog, folder, _postgres: Some(postgres) })
    }
}

/// One world.
pub struct World {
    pub graph: FakeGraph,
    pub place: Place,
    pub folder: TempDir,
}

impl World {
    pub async fn new() -> Self {
        let options = Options {
            access_token: ACCESS_TOKEN.to_owned(),
            app_secret: APP_SECRET.to_owned(),
            webhook_fields: &WEBHOOK_FIELDS,
            ..Options::default()
        };
        let graph = FakeGraph::start(options).await.unwrap();
        let folder = tempfile::Builder::new().prefix("acuse-world-").tempdir().unwrap();
        let place = Place::embedded(folder.path(), &graph.url()).unwrap();
        Self { graph, place, folder }
    }

    /// A signed webhook with one file from `sender`.
    pub fn file(&self, sender: &Sender, bytes: Vec<u8>, mime: &str, name: &str) -> SignedWebhook {
        let media_id = self.graph.upload_media(bytes, mime);
        // As a document, which keeps its name.
        let (kind, filename) = (MediaType::Document, Some(name.to_owned()));
        let said = Said::Media { kind, media_id, caption: None, filename };
        self.graph.webhook_for(&[Inbound::new(sender.clone(), said)])
    }

    /// An invoice with a text layer: read in no time, and every seed is another one.
    pub fn invoice(&self, sender: &Sender, seed: u64) -> SignedWebhook {
        let sample = generate(seed, &Spec::new(Kind::Invoice, Country::Es, Form::PdfText));
        self.file(sender, sample.bytes, &sample.media_type, &sample.name)
    }
}

/// Someone with a number of their own.
pub fn person(n: u32) -> Sender {
    Sender::phone(&format!("3460000{n:04}"), &format!("Persona {n}"))
}

/// Posts and expects the acknowledgement.
pub async fn post(api: &Api, webhook: &SignedWebhook) {
    let body = webhook.body.to_vec();
    assert_eq!(api.webhook(body, &webhook.signature).await.unwrap(), 200);
}

/// Every document of the place, once.
pub async fn documents(api: &Api) -> Vec<serde_json::Value> {
    let documents = api.list("/v1/documents").await.unwrap();
    let mut ids: Vec<&str> = documents.iter().filter_map(|d| d["id"].as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), documents.len(), "a document stands twice in the list");
    documents
}
