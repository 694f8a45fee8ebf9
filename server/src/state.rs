//! What every request of the web side sees.

use std::{ops::Deref, sync::Arc};

use acuse_pipeline::limits::Limits;
use acuse_storage::{
    Catalog, CatalogError, Document, Intake, Objects, erasure::Keep, outbox::NewReply, reviews::Decision,
};
use acuse_whatsapp::{Secret, signature::AppSecrets};
use acuse_workers::outgoing::Outgoing;
use metrics_exporter_prometheus::PrometheusHandle;

use crate::{
    http::{Chain, front::budget::Budget, problem::Problem},
    live::Live,
    login_guard::LoginGuard,
    oidc::provider::Provider,
};

/// The state of the web side. Cheap to clone.
#[derive(Clone)]
pub struct App(Arc<Parts>);

/// Its parts.
pub struct Parts {
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
    /// Puts the parts together.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
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
    type Target = Parts;
    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl From<CatalogError> for Problem {
    fn from(error: CatalogError) -> Self {
        if error.is_unavailable() {
            tracing::error!(error = %Chain(&error), "the catalog is out of reach");
            return Self::Unavailable("the catalog is out of reach; try again");
        }
        if error.is_over_budget() {
            tracing::warn!(error = %Chain(&error), "a statement was broken off");
            return Self::TooSlow;
        }
        if matches!(error, CatalogError::NoTurn) {
            return Self::Busy("too many searches or exports are under way");
        }
        if matches!(error, CatalogError::Unindexed) {
            return Self::Busy("after an update the index of names is still being built");
        }
        Self::Internal(anyhow::Error::new(error))
    }
}
