//! The two ways in: the pipes of a process that an assistant started, and HTTP, on loopback unless told otherwise. Over
//! HTTP every request brings a good bearer, and no page of a browser gets in: `Host` and `Origin` are checked.

use std::{net::SocketAddr, sync::Arc};

use anyhow::{Context, bail};
use axum::{
    Router,
    extract::{Request, State},
    middleware::{self, Next},
    response::{IntoResponse, Response},
};
use rmcp::{
    ServiceExt,
    transport::{
        stdio,
        streamable_http_server::{
            StreamableHttpServerConfig, StreamableHttpService, session::never::NeverSessionManager,
        },
    },
};
use tokio_util::sync::CancellationToken;

use super::{Assistant, ask::Key};
use crate::{
    access::Caller,
    front::{self, Caps},
    state::App,
};

/// Largest message of an assistant.
const MESSAGE_BYTES: usize = 1 << 20;
/// Connections at once.
const CONNECTIONS: usize = 64;

/// Where HTTP is listened, and for whom.
#[derive(Debug, Clone)]
pub struct Door {
    /// The address.
    pub at: SocketAddr,
    /// `host` or `host:port` that requests may name, beside loopback; needed where the address is not loopback.
    pub hosts: Vec<String>,
    /// Pages that may ask, as `https://host`; none by default.
    pub origins: Vec<String>,
}

/// Speaks over stdin and stdout until they end.
///
/// # Errors
/// When the key is no header, or the pipes break.
pub async fn over_pipes(app: App, key: &str) -> anyhow::Result<()> {
    let key = Key::new(key).context("ACUSE_MCP_KEY cannot be a key")?;
    key.caller(&app).await.map_err(|problem| anyhow::anyhow!("ACUSE_MCP_KEY: {problem}"))?;
    let running =
        Assistant::new(app, Some(key)).serve(stdio()).await.context("the assistant said no hello")?;
    running.waiting().await.context("the assistant's pipes broke")?;
    Ok(())
}

/// The address for assistants.
pub fn router(app: App, door: &Door) -> Router {
    let mut hosts = vec!["localhost".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned()];
    hosts.extend(door.hosts.iter().cloned());
    let config = StreamableHttpServerConfig::default()
        .with_legacy_session_mode(false)
        .with_json_response(true)
        .with_max_request_body_bytes(MESSAGE_BYTES)
        .with_allowed_hosts(hosts)
        .with_allowed_origins(door.origins.iter().cloned())
        .enforce_origin_validation();
    let assistant = Assistant::new(app.clone(), None);
    let service = StreamableHttpService::new(
        move || Ok(assistant.clone()),
        Arc::new(NeverSessionManager::default()),
        config,
    );
    Router::new().nest_service("/mcp", service).layer(middleware::from_fn_with_state(app, known))
}

/// Lets a good bearer in, before anything is read.
async fn known(State(app): State<App>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    use axum::extract::FromRequestParts;
    match Caller::from_request_parts(&mut parts, &app).await {
        Ok(_) => next.run(Request::from_parts(parts, body)).await,
        Err(problem) => problem.into_response(),
    }
}

/// Listens until it is stopped.
///
/// # Errors
/// When the address cannot be had, or is not loopback and no host is named.
pub async fn over_http(app: App, door: Door, stop: CancellationToken) -> anyhow::Result<()> {
    if !door.at.ip().is_loopback() && door.hosts.is_empty() {
        bail!("{} is not loopback: say with --host under which name assistants reach it", door.at);
    }
    let listener = tokio::net::TcpListener::bind(door.at).await;
    let listener = listener.with_context(|| format!("cannot listen on {}", door.at))?;
    eprintln!("assistants are answered at http://{}/mcp", listener.local_addr()?);
    let caps = Caps { total: CONNECTIONS, of_address: CONNECTIONS, trusted: app.budget.trusted.clone() };
    let router = router(app, &door);
    front::serve(listener, router, caps, stop).await.context("the address for assistants failed")
}
