//! `/webhooks/whatsapp`: Meta's handshake, and the door through which every document comes.
//!
//! The raw bytes are verified before anything is parsed. 200 is said only after the commit; a bad signature is 401
//! and leaves nothing but a counter; what cannot be committed is 503, so that Meta sends it again.

use acuse_storage::inbound::IntakeError;
use acuse_whatsapp::{handshake, signature, webhook};
use acuse_workers::{env::DEFAULT_TOKEN, trace};
use axum::{
    Extension,
    body::Bytes,
    extract::{Query, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use metrics::counter;
use time::OffsetDateTime;

use super::{RequestId, inbound};
use crate::{
    problem::Problem,
    state::{App, Channel},
};

/// `GET`: answers Meta's challenge.
pub async fn handshake(State(app): State<App>, Query(query): Query<Vec<(String, String)>>) -> Response {
    let parameters = query.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    match handshake::answer(&app.whatsapp.verify_token, parameters) {
        Ok(challenge) => {
            tracing::info!("webhook handshake answered");
            let plain = [(header::CONTENT_TYPE, "text/plain"), (header::X_CONTENT_TYPE_OPTIONS, "nosniff")];
            (plain, challenge.to_owned()).into_response()
        }
        Err(refusal) => {
            tracing::warn!(%refusal, "webhook handshake refused");
            (StatusCode::FORBIDDEN, refusal.to_string()).into_response()
        }
    }
}

/// `POST`: verify, read, commit, 200.
pub async fn receive(
    State(app): State<App>,
    Extension(id): Extension<RequestId>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<StatusCode, Problem> {
    let received_at = app.catalog.now();
    let outcome = take(&app, &headers, body, received_at, id).await;
    let word = match &outcome {
        Ok(word) => word,
        Err((word, _)) => word,
    };
    counter!("acuse_webhooks_total", "outcome" => *word).increment(1);
    outcome.map(|_| StatusCode::OK).map_err(|(_, problem)| problem)
}

/// Which secret signed it, and the reference of the token that goes with that secret.
fn verify<'a>(
    channel: &'a Channel,
    claimed: Option<&str>,
    body: &[u8],
) -> Result<(signature::Matched, &'a str), signature::SignatureError> {
    let first = channel.secrets.verify(claimed, body).map(|matched| (matched, DEFAULT_TOKEN));
    let others = channel.by_ref.iter();
    others.fold(first, |found, (token_ref, secrets)| match (found, secrets.verify(claimed, body)) {
        (Ok(found), _) => Ok(found),
        (Err(_), Ok(matched)) => Ok((matched, token_ref.as_str())),
        (Err(_), Err(error)) => Err(error),
    })
}

async fn take(
    app: &App,
    headers: &HeaderMap,
    body: Bytes,
    received_at: OffsetDateTime,
    request: RequestId,
) -> Result<&'static str, (&'static str, Problem)> {
    let claimed = headers.get(signature::HEADER).and_then(|v| v.to_str().ok());
    let (matched, token_ref) = match verify(&app.whatsapp, claimed, &body) {
        Ok(matched) => matched,
        Err(signature::SignatureError::NoSecret) => {
            tracing::error!("webhook refused: set ACUSE_WHATSAPP_APP_SECRET to the secret of the Meta app");
            return Err(("not_configured", Problem::Unavailable("the WhatsApp channel is not configured")));
        }
        Err(error) => {
            tracing::warn!(%error, size_bytes = body.len(), "webhook refused");
            return Err(("bad_signature", Problem::BadSignature));
        }
    };
    let parsed = webhook::parse(&body);
    let understood = parsed.is_understood();
    if !understood {
        // Where and what kind; never the content.
        let troubles: Vec<String> = parsed.troubles.iter().take(5).map(ToString::to_string).collect();
        tracing::warn!(?troubles, size_bytes = body.len(), "webhook not fully understood; kept raw");
    }
    let delivery = inbound::delivery(body.to_vec(), &parsed, matched, token_ref, received_at);
    match app.intake.record(delivery).await {
        Ok(recorded) => {
            for document in &recorded.new_documents {
                trace::received(*document, "whatsapp", &request.0.to_string());
            }
            tracing::info!(
                documents = recorded.new_documents.len(),
                messages = recorded.new_messages,
                duplicates = recorded.duplicates,
                refused_items = recorded.refused_items,
                "webhook committed"
            );
            counter!("acuse_documents_received_total", "source" => "whatsapp")
                .increment(recorded.new_documents.len() as u64);
            Ok(if understood { "committed" } else { "committed_not_understood" })
        }
        Err(error) => {
            tracing::error!(%error, "webhook not committed; Meta will send it again");
            let word = match error {
                IntakeError::Full => "full",
                IntakeError::TimedOut => "timed_out",
                IntakeError::NotCommitted(_) | IntakeError::Stopped => "not_committed",
            };
            Err((word, Problem::Unavailable("the delivery could not be committed; send it again")))
        }
    }
}
