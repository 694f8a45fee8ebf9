//! An OpenTelemetry collector that only keeps what it is sent (OTLP/HTTP, `POST /v1/traces`).

use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;
use axum::{Router, body::Bytes, extract::State, routing::post};

type Kept = Arc<Mutex<Vec<Bytes>>>;

/// A running collector; it ends with the test's runtime.
#[derive(Debug)]
pub struct Collector {
    /// What to set `OTEL_EXPORTER_OTLP_ENDPOINT` to.
    pub url: String,
    kept: Kept,
}

impl Collector {
    /// Listens on a free port.
    ///
    /// # Errors
    /// When there is none.
    pub async fn start() -> Result<Self> {
        let kept = Kept::default();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let router = Router::new().route("/v1/traces", post(keep)).with_state(Arc::clone(&kept));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(Self { url, kept })
    }

    /// How often these bytes occur in the spans sent so far. Ids and strings stand in protobuf as they are.
    #[must_use]
    pub fn count(&self, needle: &[u8]) -> usize {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter().map(|body| body.windows(needle.len()).filter(|w| *w == needle).count()).sum()
    }

    /// The spans' names that stand within a few bytes after a trace id: proof that they belong to it.
    #[must_use]
    pub fn names_in_trace(&self, trace_id: &[u8; 16], names: &[&'static str]) -> Vec<&'static str> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let follows = |name: &str| {
            kept.iter().any(|body| {
                body.windows(16).enumerate().filter(|(_, w)| w == trace_id).any(|(at, _)| {
                    // Span: trace_id (16), span_id (8), parent_span_id (8), then the name (opentelemetry-proto, trace.proto).
                    let near = body.get(at..(at + 80).min(body.len())).unwrap_or_default();
                    near.windows(name.len()).any(|w| w == name.as_bytes())
                })
            })
        };
        names.iter().copied().filter(|name| follows(name)).collect()
    }
}

async fn keep(State(kept): State<Kept>, body: Bytes) {
    kept.lock().unwrap_or_else(PoisonError::into_inner).push(body);
}
