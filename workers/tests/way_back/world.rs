//! A catalog, an S3 behind a way that can be shut, a fake Graph and a reader, by a clock of the test's own.

use std::{cell::Cell, path::PathBuf, sync::Arc};

use acuse_fixtures::graph::{FakeGraph, Fault, Options, Point};
use acuse_pipeline::{
    limits::Limits,
    reason::{Reason, ReasonCode},
};
use acuse_storage::{
    ContactId, DocumentId, EmbeddedS3, Intake, Objects, Stage,
    inbound::{Identity, InboundDelivery, InboundItem, InboundMedia, InboundMessage, InboundStatus, Outcome},
    incidents::Incident,
    outbox::{NewReply, OutboxMessage, OutboxState, Purpose},
};
use acuse_whatsapp::{Graph, GraphConfig, Secret};
use acuse_workers::{
    Env,
    jobs::reply::reply_to,
    outgoing::{Outgoing, OutgoingConfig},
    sandbox::{Sandbox, SandboxConfig},
};
use time::{OffsetDateTime, macros::datetime};

use crate::{db::Db, way::Way as Road};

const START: OffsetDateTime = datetime!(2026-09-01 08:00 UTC);

thread_local! {
    static NOW: Cell<OffsetDateTime> = const { Cell::new(START) };
}

pub fn clock() -> OffsetDateTime {
    NOW.get()
}

pub fn pass(wait: time::Duration) {
    NOW.set(NOW.get() + wait);
}

pub fn set(at: OffsetDateTime) {
    NOW.set(at);
}

pub struct World {
    pub env: Env,
    pub graph: FakeGraph,
    pub intake: Intake,
    /// The queue's table, for what a worker does to it.
    pub queue: Db,
    /// Between the catalog's objects and their S3.
    pub way: Road,
    /// The program that reads.
    pub reader: PathBuf,
    _s3: EmbeddedS3,
    /// Where the catalog, the objects and keys lie.
    pub folder: tempfile::TempDir,
}

/// A message to somebody, waiting.
#[derive(Clone, Copy)]
pub struct Waiting {
    pub document: DocumentId,
    pub contact: ContactId,
}

/// Somebody who never wrote before.
pub fn somebody() -> Identity {
    let wa_id = format!("346{:09}", DocumentId::generate().0.as_u128() % 1_000_000_000);
    Identity { wa_id: Some(wa_id), ..Identity::default() }
}

impl World {
    pub async fn new() -> Self {
        Self::with(Options::default()).await
    }

    /// Meta has approved the template for what is in review.
    pub async fn approves_a_template(&self) {
        self.queue
            .run(
                "INSERT INTO templates (waba_id, name, language, category, status, synced_at) \
             VALUES ('1', 'acuse_in_review', 'es', 'UTILITY', 'APPROVED', 0)",
                &[],
            )
            .await;
    }

    /// What leaves for other people's servers reaches this machine.
    pub fn posts_to_this_machine(&mut self) {
        let networks = vec!["127.0.0.0/8".parse().unwrap()];
        let outgoing = Outgoing::new(OutgoingConfig { networks, ..OutgoingConfig::default() }).unwrap();
        self.env.outgoing = Some(Arc::new(outgoing));
    }

    pub async fn with(options: Options) -> Self {
        NOW.set(acuse_storage::names::now());
        let folder = tempfile::tempdir().unwrap();
        let (catalog, queue) = Db::fresh(folder.path()).await;
        let catalog = catalog.with_clock(clock);
        let s3 = EmbeddedS3::start(&folder.path().join("objects")).await.unwrap();
        let mut config = s3.config("acuse");
        let way = Road::to(config.endpoint.as_deref().unwrap()).await;
        config.endpoint = Some(way.endpoint.clone());
        let objects = Objects::connect(&config);
        objects.ensure_bucket().await.unwrap();
        let graph = FakeGraph::start(options).await.unwrap();
        let mut client = GraphConfig::new(Secret::new(graph.options().access_token.clone()));
        client.url = graph.url();
        let reader = folder.path().join("reader");
        // A name of its own, which a test can take away.
        std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_acuse-test-reader"), &reader).unwrap();
        let sandbox = SandboxConfig {
            program: reader.clone(),
            files_per_reader: 1,
            ..SandboxConfig::new(Limits::default(), 1)
        };
        let sandbox = Sandbox::start(sandbox).await.unwrap();
        let intake = Intake::spawn(catalog.clone());
        let env = Env::new(catalog, objects, sandbox, Some(Graph::new(client).unwrap())).with_clock(clock);
        Self { env, graph, intake, queue, way, reader, _s3: s3, folder }
    }

    pub fn number(&self) -> String {
        self.graph.options().phone_number_id.clone()
    }

    /// Somebody new sends a file; the document that it becomes.
    pub async fn sends(&self, file: &str) -> DocumentId {
        self.sends_to(&self.number(), None, file).await
    }

    /// The same to any of our numbers, whose account the webhook names.
    pub async fn sends_to(&self, number: &str, account: Option<&str>, file: &str) -> DocumentId {
        let media_id = self.graph.upload_media(file.as_bytes().to_vec(), "image/jpeg");
        let media = InboundMedia { media_id: Some(media_id), ..InboundMedia::default() };
        self.came(number, account, somebody(), media).await
    }

    /// Who goes by these names sends a file.
    pub async fn sends_from(&self, who: Identity, file: &str) -> DocumentId {
        let media_id = self.graph.upload_media(file.as_bytes().to_vec(), "image/jpeg");
        let media = InboundMedia { media_id: Some(media_id), ..InboundMedia::default() };
        self.came(&self.number(), None, who, media).await
    }

    /// Somebody new writes, and an answer waits for them.
    pub async fn waits(&self) -> Waiting {
        self.waits_from(somebody()).await
    }

    /// Who goes by these names writes, and an answer waits for them.
    pub async fn waits_from(&self, who: Identity) -> Waiting {
        self.waits_at(&self.number(), who).await
    }

    /// The same at any of our numbers.
    pub async fn waits_at(&self, number: &str, who: Identity) -> Waiting {
        let document = self.came(number, None, who, InboundMedia::default()).await;
        let reply = NewReply {
            purpose: Purpose::InReview,
            body: "Una persona lo mirará.".into(),
            language: "es".into(),
            nonce: String::new(),
        };
        let reasons = [Reason::new(ReasonCode::MediaUnavailable, "no file")];
        let _step =
            self.env.catalog.into_review(document, Stage::Fetch, &reasons, None, Some(&reply)).await.unwrap();
        let contact = self.env.catalog.document(document).await.unwrap().unwrap().contact_id.unwrap();
        Waiting { document, contact }
    }

    async fn came(
        &self,
        number: &str,
        account: Option<&str>,
        identity: Identity,
        media: InboundMedia,
    ) -> DocumentId {
        let id = DocumentId::generate();
        let message = InboundMessage {
            answer: None,
            identity,
            phone_number_id: number.to_owned(),
            waba_id: account.map(str::to_owned),
            wamid: format!("wamid.{id}"),
            kind: "image".into(),
            sent_at: clock(),
            body: None,
            reply_to: None,
            tap: None,
            media: Some(media),
            raw: "{}".into(),
        };
        self.record(InboundItem::Message(message)).await.unwrap()
    }

    pub async fn record(&self, item: InboundItem) -> Option<DocumentId> {
        let delivery = InboundDelivery {
            token_ref: "default".into(),
            body: b"{}".to_vec(),
            signed_with: "current".into(),
            received_at: clock(),
            items: vec![item],
            outcome: Outcome::Understood,
        };
        self.intake.record(delivery).await.unwrap().new_documents.first().copied()
    }

    pub async fn message(&self, of: Waiting) -> OutboxMessage {
        self.env.catalog.replies_about(of.document).await.unwrap().remove(0)
    }

    /// The contact's task is taken off the queue and run to its end.
    pub async fn runs(&self, of: Waiting) {
        let id = of.contact.0;
        self.queue
            .run(
                "DELETE FROM Jobs WHERE id IN (SELECT task_id FROM reply_lines WHERE contact_id = $1)",
                &[id.into()],
            )
            .await;
        reply_to(&self.env, of.contact).await;
    }

    pub async fn status(&self, of: Waiting, status: &str, code: Option<i64>) {
        let message = self.message(of).await;
        let status = InboundStatus {
            wamid: message.wamid.unwrap_or_else(|| format!("wamid.{}", message.id)),
            status: status.into(),
            recipient: "34".into(),
            at: clock(),
            callback: Some(message.id.to_string()),
            error_code: code,
            error: None,
            raw: "{}".into(),
        };
        self.record(InboundItem::Status(status)).await;
    }

    pub async fn balances(&self, when: &str) {
        let ledger = self.env.catalog.message_ledger(clock()).await.unwrap();
        assert!(ledger.balanced, "{when}: {ledger:?}");
    }

    /// Meta refuses it, once or for ever, in the call or by a status afterwards; what became of it in the end.
    pub async fn goes_through(&self, code: i64, way: Way, times: u32) -> (Waiting, OutboxMessage) {
        let of = self.waits().await;
        (of, self.ends(of, code, way, times).await)
    }

    /// The same of a message that waits already.
    pub async fn ends(&self, of: Waiting, code: i64, way: Way, times: u32) -> OutboxMessage {
        if way == Way::Call {
            self.graph.fail(Point::Send, None, Fault::error(400, code, None), times);
        }
        let mut failures = times;
        for _ in 0..1_500 {
            self.runs(of).await;
            self.balances(&format!("{code} by {way:?}")).await;
            let message = self.message(of).await;
            match message.state {
                OutboxState::Sent if way == Way::Status && failures > 0 => {
                    failures -= 1;
                    self.status(of, "sent", None).await;
                    self.status(of, "failed", Some(code)).await;
                    self.balances(&format!("{code}: a status said so")).await;
                }
                OutboxState::Sent => {
                    self.status(of, "delivered", None).await;
                }
                OutboxState::Queued => {
                    let at = message.next_attempt_at.expect("it has a time");
                    NOW.set(at.max(clock()));
                }
                _ => break,
            }
        }
        self.graph.heal();
        self.balances(&format!("{code} by {way:?}, in the end")).await;
        self.message(of).await
    }

    /// The day of 24 hours with who waits is over, and the message is worth sending for days.
    pub async fn closes_the_window(&self, of: Waiting) {
        let micros = |at: OffsetDateTime| at.unix_timestamp() * 1_000_000;
        let (before, until) = (clock() - time::Duration::hours(25), clock() + time::Duration::days(5));
        self.queue
            .run(
                "UPDATE windows SET last_inbound_at = $2 WHERE contact_id = $1",
                &[of.contact.0.into(), micros(before).into()],
            )
            .await;
        let id = self.message(of).await.id;
        self.queue
            .run("UPDATE outbox SET expires_at = $2 WHERE id = $1", &[id.0.into(), micros(until).into()])
            .await;
    }

    /// The open incident that names this message.
    pub async fn told(&self, message: &OutboxMessage) -> Option<Incident> {
        let open = self.env.catalog.incidents(None, None, 500).await.unwrap();
        open.into_iter().find(|i| i.messages.contains(&message.id))
    }

    pub async fn send_paused(&self) -> bool {
        self.env.catalog.paused_numbers().await.unwrap().iter().any(|n| n.send_pause.is_some())
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    Call,
    Status,
}
