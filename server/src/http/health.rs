//! `/healthz`, `/readyz`, `/metrics`: is the process alive, can it do its work, and how does it go.

use std::time::Duration;

use axum::{Json, extract::State, http::StatusCode, http::header, response::IntoResponse};
use metrics::gauge;
use serde::Serialize;

use crate::{pauses::paused, state::App};

/// Longest wait for one component.
const COMPONENT: Duration = Duration::from_secs(5);

/// `GET /healthz`: the process answers. Nothing else is asked, so a slow database does not get it killed.
pub async fn alive() -> &'static str {
    "ok\n"
}

/// One component of the system.
#[derive(Debug, Serialize)]
pub struct Component {
    /// `database`, `objects`, `whatsapp`.
    pub part: &'static str,
    /// `ok`, `failed`, `paused` or `not_configured`.
    pub state: &'static str,
    /// What an operator should read.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub detail: String,
}

impl Component {
    fn new(part: &'static str, state: &'static str, detail: impl Into<String>) -> Self {
        Self { part, state, detail: detail.into() }
    }
}

/// Asks every component. A paused or unconfigured channel is told, but does not make the server unready: the API works,
/// and webhooks are answered by themselves.
pub async fn components(app: &App) -> (bool, Vec<Component>) {
    let database = match tokio::time::timeout(COMPONENT, app.catalog.ping()).await {
        Ok(Ok(())) => Component::new("database", "ok", ""),
        Ok(Err(error)) => {
            tracing::error!(error = %super::Chain(&error), "the catalog does not answer");
            Component::new("database", "failed", "does not answer; see the log")
        }
        Err(_) => Component::new("database", "failed", "does not answer in 5 seconds"),
    };
    let objects = match tokio::time::timeout(COMPONENT, app.objects.ping()).await {
        Ok(Ok(())) => Component::new("objects", "ok", ""),
        Ok(Err(error)) => {
            tracing::error!(error = %super::Chain(&error), "the objects do not answer");
            Component::new("objects", "failed", "do not answer; see the log")
        }
        Err(_) => Component::new("objects", "failed", "do not answer in 5 seconds"),
    };
    let channel = match tokio::time::timeout(COMPONENT, paused(&app.catalog)).await {
        Ok(Ok(Some(why))) => Component::new("whatsapp", "paused", why),
        _ if app.whatsapp.secrets.is_empty() => Component::new(
            "whatsapp",
            "not_configured",
            "set ACUSE_WHATSAPP_APP_SECRET; webhooks are answered 503",
        ),
        _ => Component::new("whatsapp", "ok", ""),
    };
    let ready = database.state == "ok" && objects.state == "ok";
    (ready, vec![database, objects, channel])
}

/// `GET /readyz`: 200 when requests can be served, 503 naming the component that fails.
pub async fn ready(State(app): State<App>) -> impl IntoResponse {
    let (ready, components) = components(&app).await;
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(serde_json::json!({ "ready": ready, "parts": components })))
}

/// `GET /metrics` for Prometheus. What lives in the catalog is counted at this moment.
pub async fn metrics(State(app): State<App>) -> impl IntoResponse {
    match tokio::time::timeout(COMPONENT, measure(&app)).await {
        Ok(Ok(())) => gauge!("acuse_catalog_up").set(1.0),
        _ => gauge!("acuse_catalog_up").set(0.0),
    }
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], app.metrics.render())
}

async fn measure(app: &App) -> Result<(), acuse_storage::CatalogError> {
    for lane in app.catalog.lanes().await? {
        let queue = lane.queue.as_str();
        gauge!("acuse_queue_depth", "queue" => queue).set(lane.depth as f64);
        gauge!("acuse_queue_oldest_seconds", "queue" => queue).set(lane.oldest_age_secs as f64);
    }
    let ledger = app.catalog.ledger(None, None).await?;
    let sums = [
        ("filed", ledger.filed),
        ("in_review", ledger.in_review),
        ("rejected", ledger.rejected),
        ("duplicate", ledger.duplicate),
        ("processing", ledger.processing),
    ];
    for (place, count) in sums {
        gauge!("acuse_documents", "place" => place).set(count as f64);
    }
    gauge!("acuse_ledger_balanced").set(f64::from(u8::from(ledger.balanced)));
    let arrivals = app.catalog.arrival_ledger(None, None).await?;
    let sums = [
        ("documents", arrivals.documents),
        ("answers", arrivals.answers),
        ("not_documents", arrivals.not_documents),
        ("lost", arrivals.lost),
    ];
    for (place, count) in sums {
        gauge!("acuse_arrivals", "place" => place).set(count as f64);
    }
    gauge!("acuse_arrivals_balanced").set(f64::from(u8::from(arrivals.balanced)));
    for number in app.catalog.numbers().await? {
        for (direction, paused) in
            [("fetch", number.fetch_pause.is_some()), ("send", number.send_pause.is_some())]
        {
            let labels = [("number", number.phone_number_id.clone()), ("direction", direction.to_owned())];
            gauge!("acuse_number_paused", &labels).set(f64::from(u8::from(paused)));
        }
    }
    gauge!("acuse_alerts_open").set(app.catalog.alerts(false).await?.len() as f64);
    for (kind, open) in app.catalog.incidents_by_kind().await? {
        gauge!("acuse_incidents_open", "kind" => kind).set(open as f64);
    }
    let messages = app.catalog.message_ledger(app.catalog.now()).await?;
    let sums = [
        ("delivered", messages.delivered),
        ("on_its_way", messages.on_its_way),
        ("told", messages.told),
        ("withdrawn", messages.withdrawn),
    ];
    for (place, count) in sums {
        gauge!("acuse_messages", "place" => place).set(count as f64);
    }
    gauge!("acuse_message_ledger_balanced").set(f64::from(u8::from(messages.balanced)));
    Ok(())
}
