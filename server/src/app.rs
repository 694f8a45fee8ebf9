//! What every request sees, and the router that sends each to its handler.

use std::{ops::Deref, sync::Arc};

use acuse_pipeline::limits::Limits;
use acuse_storage::{
    Catalog, CatalogError, Document, Intake, Objects, erasure::Keep, outbox::NewReply, reviews::Decision,
};
use acuse_whatsapp::{Secret, signature::AppSecrets};
use acuse_workers::outgoing::Outgoing;
use axum::{Router, extract::DefaultBodyLimit, middleware};
use metrics_exporter_prometheus::PrometheusHandle;
use tower_http::catch_panic::CatchPanicLayer;

use crate::{
    desk::{self, live::Live, session::LoginGuard},
    http::{
        self,
        contract::{
            docs,
            routes::{Routes, get, patch, post, put},
        },
        front::budget::Budget,
        problem::Problem,
    },
    oidc::provider::Provider,
};

/// Largest table of notices, bytes: ten thousand lines.
const NOTICES_CAP: usize = 4 << 20;

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
            tracing::error!(error = %http::Chain(&error), "the catalog is out of reach");
            return Self::Unavailable("the catalog is out of reach; try again");
        }
        if error.is_over_budget() {
            tracing::warn!(error = %http::Chain(&error), "a statement was broken off");
            return Self::TooSlow;
        }
        if matches!(error, CatalogError::NoTurn) {
            return Self::Busy("too many searches or exports are under way");
        }
        Self::Internal(anyhow::Error::new(error))
    }
}

/// What programs are answered, with their keys. Files are taken up to so many bytes.
#[must_use]
pub fn api(upload_cap: usize) -> Routes {
    Routes::default()
        .route("/v1/documents", get(http::documents::list).post(http::uploads::create).cap(upload_cap))
        .route(
            "/v1/documents/{id}",
            get(http::documents::show).patch(http::amend::change).delete(http::erasure::delete_document),
        )
        .route("/v1/documents/{id}/content", get(http::content::of_document))
        .route("/v1/documents/{id}/timeline", get(http::documents::timeline))
        .route("/v1/documents/{id}/ask", post(http::asks::create))
        .route("/v1/reviews", get(http::reviews::list))
        .route("/v1/reviews/{id}/claim", post(http::reviews::claim))
        .route("/v1/reviews/{id}/release", post(http::reviews::release))
        .route("/v1/reviews/{id}/resolve", post(http::reviews::resolve))
        .route("/v1/customers", get(http::customers::list).post(http::customers::create))
        .route("/v1/customers/conflicts", get(http::customers::conflicts))
        .route("/v1/customers/by-external-id/{ref}", put(http::customers::replace))
        .route(
            "/v1/customers/{id}",
            get(http::customers::show).patch(http::customers::change).delete(http::customers::delete),
        )
        .route("/v1/customers/{id}/merge", post(http::customers::merge))
        .route("/v1/contacts", get(http::contacts::list))
        .route("/v1/contacts/{id}", get(http::contacts::show))
        .route("/v1/contacts/{id}/messages", get(http::contacts::messages))
        .route("/v1/contacts/{id}/consents", get(http::consents::list).post(http::consents::create))
        .route("/v1/cases", get(http::cases::list))
        .route("/v1/cases/{id}", get(http::cases::show))
        .route("/v1/cases/{id}/notes", post(http::cases::note))
        .route("/v1/cases/{id}/reply", post(http::cases::reply).cap(http::cases::file::BODY_BYTES))
        .route("/v1/cases/{id}/template", post(http::cases::template))
        .route("/v1/cases/{id}/assign", post(http::cases::assign))
        .route("/v1/cases/{id}/return", post(http::cases::give_back))
        .route("/v1/cases/{id}/close", post(http::cases::close))
        .route("/v1/notices", get(http::notices::list).post(http::notices::create))
        .route("/v1/notices/{id}", get(http::notices::show))
        .route("/v1/notices/batches", post(http::notices::create_batch).cap(NOTICES_CAP))
        .route("/v1/notices/batches/{id}", get(http::notices::progress))
        .route("/v1/obligations", get(http::obligations::list).post(http::obligations::create))
        .route("/v1/obligations/{id}", get(http::obligations::show))
        .route("/v1/obligations/{id}/confirm", post(http::obligations::confirm))
        .route("/v1/obligations/{id}/refuse", post(http::obligations::refuse))
        .route("/v1/obligations/{id}/promise", post(http::obligations::promise))
        .route("/v1/obligations/{id}/cancel", post(http::obligations::cancel))
        .route("/v1/approvals", get(http::approvals::list).post(http::approvals::create))
        .route("/v1/approvals/{id}", get(http::approvals::show))
        .route("/v1/approvals/{id}/cancel", post(http::approvals::cancel))
        .route("/v1/ledger", get(http::records::ledger))
        .route("/v1/ledger/messages", get(http::incidents::messages))
        .route("/v1/entities", get(http::entities::list).post(http::entities::save))
        .route("/v1/incidents", get(http::incidents::list))
        .route("/v1/incidents/{id}/acknowledge", post(http::incidents::acknowledge))
        .route("/v1/incidents/{id}/resolve", post(http::incidents::resolve))
        .route("/v1/incident-routes", get(http::incident_routes::list).post(http::incident_routes::create))
        .route(
            "/v1/incident-routes/{id}",
            patch(http::incident_routes::change).delete(http::incident_routes::delete),
        )
        .route("/v1/incident-routes/{id}/test", post(http::incident_routes::test))
        .route(
            "/v1/webhook-endpoints",
            get(http::webhook_endpoints::list).post(http::webhook_endpoints::create),
        )
        .route(
            "/v1/webhook-endpoints/{id}",
            get(http::webhook_endpoints::show)
                .patch(http::webhook_endpoints::change)
                .delete(http::webhook_endpoints::delete),
        )
        .route("/v1/webhook-endpoints/{id}/rotate-secret", post(http::webhook_endpoints::rotate))
        .route("/v1/webhook-endpoints/{id}/test", post(http::webhook_endpoints::test))
        .route("/v1/webhook-endpoints/{id}/replay", post(http::webhook_endpoints::replay))
        .route("/v1/webhook-endpoints/{id}/deliveries", get(http::webhook_endpoints::deliveries))
        .route("/v1/erasures", post(http::erasure::erase).get(http::erasure::list))
        .route("/v1/erasures/{id}", get(http::erasure::show))
        .route("/v1/holds", get(http::erasure::holds))
        .route("/v1/holds/{kind}/{id}", put(http::erasure::place).delete(http::erasure::lift))
        .route("/v1/events", get(http::feed::events))
        .route("/v1/export", get(http::export::of_key))
        .route("/v1/periods", get(http::export::periods))
        .route("/v1/periods/{month}", get(http::export::period))
        .route("/v1/periods/{month}/close", post(http::export::close))
}

/// What is answered without a key.
#[must_use]
pub fn open() -> Routes {
    let webhook = get(http::webhook::handshake).post(http::webhook::receive).cap(http::webhook::BODY_BYTES);
    Routes::default()
        .route("/webhooks/whatsapp", webhook)
        .route("/v1/links/{link}", get(http::links::follow))
        .route("/openapi.json", get(http::contract::description::serve))
        .route("/docs", get(docs::index))
        .route("/problems", get(docs::problems))
        .route("/problems/{name}", get(docs::problem))
}

/// Every address of the web side.
pub fn router(app: App) -> Router {
    let upload_cap = usize::try_from(app.limits.original_bytes).unwrap_or(usize::MAX).saturating_add(1 << 20);
    let api = api(upload_cap)
        .router()
        .layer(middleware::from_fn_with_state(app.clone(), http::scopes::first))
        .layer(middleware::from_fn_with_state(app.clone(), http::sandbox::instead))
        .layer(middleware::from_fn(http::etag::named))
        .layer(middleware::from_fn(http::front::rates::told));
    let probes = if app.budget.metrics_apart { probes() } else { probes().merge(measures()) };
    Router::new()
        .merge(api)
        .merge(open().router().layer(middleware::from_fn(http::etag::named)))
        .merge(probes)
        .merge(http::board::router(&app))
        .merge(desk::router())
        .fallback(http::no_such_address)
        .method_not_allowed_fallback(http::wrong_method)
        .layer(DefaultBodyLimit::max(http::JSON_BYTES))
        .layer(CatchPanicLayer::custom(http::caught))
        .layer(middleware::from_fn_with_state(app.clone(), desk::error_page::framed))
        .layer(middleware::from_fn_with_state(app.clone(), http::client_address::believed))
        .layer(middleware::from_fn_with_state(app.clone(), http::front::budget::shared))
        .layer(middleware::from_fn(http::around))
        .with_state(app)
}

/// What workers alone answer: probes, and nothing of a document.
pub fn worker_router(app: App) -> Router {
    probes()
        .merge(measures())
        .fallback(http::no_such_address)
        .method_not_allowed_fallback(http::wrong_method)
        .layer(CatchPanicLayer::custom(http::caught))
        .layer(middleware::from_fn(http::around))
        .with_state(app)
}

fn probes() -> Router<App> {
    alive().router()
}

fn measures() -> Router<App> {
    measured().router()
}

/// What an operator's probes ask.
#[must_use]
pub fn alive() -> Routes {
    Routes::default().route("/healthz", get(http::health::alive)).route("/readyz", get(http::health::ready))
}

/// What is measured.
#[must_use]
pub fn measured() -> Routes {
    Routes::default().route("/metrics", get(http::health::metrics))
}
