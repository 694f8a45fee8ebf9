//! One trace for one document, from the webhook that brought it to the reply that answers it.
//!
//! The document's UUID is the trace id (both are 16 bytes; W3C Trace Context, section 3.2.2.3), so that nothing has
//! to travel with a task and a person who has a document's id finds its trace. The request that brought it keeps a
//! trace of its own, which the span `received` names by `request_id`.

use acuse_storage::DocumentId;
use opentelemetry::{
    Context,
    trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState},
};
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

/// Puts a span that was not entered yet into the document's trace. Without a collector it does nothing.
pub fn follow(span: &Span, document: DocumentId) {
    let bytes = *document.0.as_bytes();
    // The trace's root is the document itself, which no span stands for: its id is the random half of the UUID.
    let root = SpanContext::new(
        TraceId::from_bytes(bytes),
        SpanId::from_bytes(last_half(&bytes)),
        TraceFlags::SAMPLED,
        true,
        TraceState::default(),
    );
    // An error means that no collector is configured.
    let _ = span.set_parent(Context::new().with_remote_span_context(root));
}

fn last_half(bytes: &[u8; 16]) -> [u8; 8] {
    let mut half = [0; 8];
    half.copy_from_slice(bytes.split_at(8).1);
    half
}

/// Tells that a document came in, as the first span of its trace.
pub fn received(document: DocumentId, source: &'static str, request_id: &str) {
    let span = tracing::info_span!(parent: None, "received", document_id = %document, source, request_id);
    follow(&span, document);
    span.in_scope(|| tracing::info!("document received"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_root_is_the_random_half_of_the_id() {
        let id: [u8; 16] = std::array::from_fn(|i| i as u8);
        assert_eq!(last_half(&id), [8, 9, 10, 11, 12, 13, 14, 15]);
    }

    #[test]
    fn without_a_collector_nothing_happens() {
        received(DocumentId::generate(), "test", "none");
    }
}
