//! What every request of the web side sees.

use std::{ops::Deref, sync::Arc};

use acuse_pipeline::limits::Limits;
use acuse_storage::{
    Catalog, CatalogError, Document, Intake, Objects, erasure::Keep, outbox::NewReply, reviews::Decision,
};
use acuse_whatsapp::{Secret, signature::AppSecrets};
use acuse_workers::outgoing::Outgoing;
use metrics_exporter_prometheus::PrometheusHandle;

use crate::{access::login_guard::LoginGuard, budget::Budget, live::Live, oidc::provider::Provider};

/// The state of the web side. Cheap to clone.
#[derive(Clone)]
pub struct App(Arc<Web>);

/// What the web side has at hand.
pub struct Web {
    /// Rows and queue.
    pub catalog: Catalog,
    /// Files.
    pub objects: Objects,
    /// The door of webhooks.
    pub intake: Intake,
    /// What proves a webhook.
    pub whatsapp: Channel,
    /// Caps on files.
    pub limits: Limits,
    /// Whether a malware scanner is configured: then what it has not passed is not shown.
    pub scans: bool,
    /// How long a decision at the desk can be taken back.
    pub undo: std::time::Duration,
    /// How the accounting system at hand wants an export.
    pub mapping: Option<Arc<crate::export::Mapping>>,
    /// Where exports lie until they are taken.
    pub exports: crate::export::Spool,
    /// What `/metrics` shows.
    pub metrics: PrometheusHandle,
    /// How much is done at once, and for whom.
    pub budget: Budget,
    /// What stays of a bill that is erased, unless it is said.
    pub keep: Keep,
    /// The way to other people's servers: tests of routes and endpoints leave by it.
    pub outgoing: Arc<Outgoing>,
    /// Sign-in: the setup token and the count of failures.
    pub login: LoginGuard,
    /// Where people may sign in beside here.
    pub oidc: Option<Provider>,
    /// What is told to open pages as it changes.
    pub live: Live,
}

/// The secrets of the webhook side.
pub struct Channel {
    /// Empty: webhooks are answered 503.
    pub secrets: AppSecrets,
    /// Those of other apps, each with the reference of the token that goes with it.
    pub by_ref: Vec<(String, AppSecrets)>,
    /// Empty: handshakes are refused.
    pub verify_token: Secret,
}

impl App {
    /// Puts it all together.
    #[must_use]
    pub fn new(web: Web) -> Self {
        Self(Arc::new(web))
    }

    /// What the sender hears of a person's decision; `None` when there is nobody to tell.
    ///
    /// # Errors
    /// When the catalog fails.
    pub async fn reply_to_decision(
        &self,
        document: &Document,
        decision: &Decision,
    ) -> Result<Option<NewReply>, CatalogError> {
        acuse_workers::told::of_decision(&self.catalog, document, decision).await
    }
}

impl Deref for App {
    type Target = Web;
    fn deref(&self) -> &Web {
        &self.0
    }
}
