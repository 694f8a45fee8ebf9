//! Logs and traces: readable lines on a terminal, JSON elsewhere, spans to a collector when one is configured.
//!
//! Everything goes to stderr; stdout belongs to the answer of a command (`acuse key create`, `acuse read --json`).

use std::{future::Future, io::IsTerminal, pin::Pin, time::Duration};

use bytes::Bytes;
use opentelemetry::trace::TracerProvider;
use opentelemetry_http::{HttpClient, HttpError};
use opentelemetry_otlp::{WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::{Resource, trace::SdkTracerProvider};
use tracing_subscriber::{EnvFilter, Layer, Registry, layer::SubscriberExt, util::SubscriberInitExt};
use url::Url;

/// What is logged when `RUST_LOG` says nothing: our own words, and only the trouble of others. The embedded S3's own
/// lines are left out: its client says each failure again, with what it was doing.
const DEFAULT_FILTER: &str = "warn,s3s::service=off,acuse=info,acuse_server=info,acuse_workers=info,\
                              acuse_storage=info,acuse_whatsapp=info";

/// Keeps the exporter alive; spans still in the buffer are sent when it is dropped.
#[must_use]
pub struct Telemetry {
    provider: Option<SdkTracerProvider>,
}

impl Drop for Telemetry {
    fn drop(&mut self) {
        if let Some(provider) = self.provider.take() {
            // The collector being away must not hold up a stop.
            let _ = provider.shutdown_with_timeout(Duration::from_secs(3));
        }
    }
}

/// Why logging could not start.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The OTLP exporter refused its settings.
    #[error("OTEL_EXPORTER_OTLP_ENDPOINT: cannot build the exporter")]
    Exporter(#[from] opentelemetry_otlp::ExporterBuildError),
    /// No HTTP client for the exporter.
    #[error("cannot build the HTTP client of the trace exporter")]
    Client(#[from] reqwest::Error),
    /// A subscriber was there already.
    #[error("logging was already started")]
    Twice(#[from] tracing_subscriber::util::TryInitError),
}

/// Starts logging for a short command: warnings only, unless `RUST_LOG` asks for more.
///
/// # Errors
/// When called twice.
pub fn quiet() -> Result<Telemetry, TelemetryError> {
    start_with("error", None)
}

/// Starts logging and, with `otlp`, tracing for a server. Must be called inside the Tokio runtime.
///
/// # Errors
/// When the exporter cannot be built, or when called twice.
pub fn start(otlp: Option<&Url>) -> Result<Telemetry, TelemetryError> {
    start_with(DEFAULT_FILTER, otlp)
}

fn start_with(filter: &str, otlp: Option<&Url>) -> Result<Telemetry, TelemetryError> {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(filter));
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let lines: Box<dyn Layer<Registry> + Send + Sync> = if std::io::stderr().is_terminal() {
        lines.compact().with_filter(filter).boxed()
    } else {
        lines.json().flatten_event(true).with_ansi(false).with_filter(filter).boxed()
    };
    let provider = otlp.map(provider).transpose()?;
    let spans = provider.as_ref().map(|provider| {
        tracing_opentelemetry::layer()
            .with_tracer(provider.tracer("acuse"))
            .with_filter(EnvFilter::new(DEFAULT_FILTER))
            .boxed()
    });
    tracing_subscriber::registry().with(lines).with(spans).try_init()?;
    Ok(Telemetry { provider })
}

fn provider(base: &Url) -> Result<SdkTracerProvider, TelemetryError> {
    // OTLP specification, "Endpoint URLs for OTLP/HTTP": the signal's path is appended to the base.
    let endpoint = format!("{}/v1/traces", base.as_str().trim_end_matches('/'));
    let client = reqwest::Client::builder().timeout(Duration::from_secs(10)).build()?;
    let exporter = opentelemetry_otlp::SpanExporter::builder()
        .with_http()
        .with_http_client(OnRuntime { client, runtime: tokio::runtime::Handle::current() })
        .with_endpoint(endpoint)
        .build()?;
    let resource = Resource::builder().with_service_name("acuse").build();
    Ok(SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource).build())
}

/// Sends the exporter's requests on our runtime: its own thread has none.
#[derive(Debug)]
struct OnRuntime {
    client: reqwest::Client,
    runtime: tokio::runtime::Handle,
}

/// A collector's answer is a few bytes; more is not read.
const ANSWER_BYTES: usize = 64 << 10;

impl HttpClient for OnRuntime {
    fn send_bytes<'life0, 'async_trait>(
        &'life0 self,
        request: http::Request<Bytes>,
    ) -> Pin<Box<dyn Future<Output = Result<http::Response<Bytes>, HttpError>> + Send + 'async_trait>>
    where
        'life0: 'async_trait,
        Self: 'async_trait,
    {
        let client = self.client.clone();
        let sending = self.runtime.spawn(async move {
            let mut answer = client.execute(request.try_into()?).await?;
            let mut body = Vec::new();
            while let Some(chunk) = answer.chunk().await? {
                if body.len() + chunk.len() > ANSWER_BYTES {
                    break;
                }
                body.extend_from_slice(&chunk);
            }
            let response = http::Response::builder().status(answer.status()).body(Bytes::from(body))?;
            Ok::<_, HttpError>(response)
        });
        Box::pin(async move { sending.await? })
    }
}
