//! The answer to whoever sent a file.

use std::time::Duration;

use acuse_pipeline::document::Kind;
use acuse_storage::uploads::Accepted;
use acuse_workers::trace;
use axum::{
    Extension, Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use metrics::counter;

use super::wait;
use crate::{
    access::{self, Caller, Sight},
    etag::Version,
    http::{RequestId, representation::DocumentView},
    problem::Problem,
    state::App,
};

/// What became of a request, and the answer to it.
pub(super) struct Made {
    pub(super) accepted: Accepted,
    pub(super) wait: Option<Duration>,
}

/// Says what became of it; what somebody has read by now is shown as any other look at it would.
pub(super) async fn answer(
    app: &App,
    caller: &Caller,
    request: &RequestId,
    made: Made,
) -> Result<Response, Problem> {
    let (status, id) = match made.accepted {
        Accepted::New(id) => (StatusCode::CREATED, id),
        Accepted::Replayed(id) => (StatusCode::OK, id),
        Accepted::KeyReused => {
            return Err(Problem::Conflict("this Idempotency-Key was used for another request".to_owned()));
        }
        Accepted::Erased => {
            let text =
                "the document of this Idempotency-Key was erased; to hand a file in again, use another key";
            return Err(Problem::Conflict(text.to_owned()));
        }
    };
    if status == StatusCode::CREATED {
        trace::received(id, "api", &request.0.to_string());
        counter!("acuse_documents_received_total", "source" => "api").increment(1);
    }
    let (document, waited) = wait::until_at_rest(app, id, made.wait).await?;
    let seen = match view(status, waited, document.kind) {
        None => Sight::of(document, caller),
        // What was read meanwhile, or by an earlier request, is seen as any other request would see it.
        Some(how) => access::look(app, caller, id, how).await?,
    };
    let version = Version(seen.version);
    let mut response = (status, Extension(version), Json(DocumentView::new(seen))).into_response();
    let headers = response.headers_mut();
    if let Ok(location) = HeaderValue::from_str(&format!("/v1/documents/{id}")) {
        headers.insert(header::LOCATION, location);
    }
    if waited {
        headers.insert("preference-applied", HeaderValue::from_static("wait"));
    }
    Ok(response)
}

/// As what it is written down that this answer shows the document; none where nobody has read it yet, however quick we are.
fn view(status: StatusCode, waited: bool, kind: Option<Kind>) -> Option<&'static str> {
    match (waited, status == StatusCode::CREATED, kind) {
        (true, ..) => Some("wait"),
        (false, false, _) => Some("replay"),
        (false, true, Some(_)) => Some("create"),
        (false, true, None) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_read_before_it_is_answered_is_a_view() {
        let (new, again) = (StatusCode::CREATED, StatusCode::OK);
        assert_eq!(view(new, false, None), None, "it says nothing yet");
        assert_eq!(view(new, false, Some(Kind::Id)), Some("create"), "a reader was quicker than the answer");
        assert_eq!((view(new, true, None), view(again, false, None)), (Some("wait"), Some("replay")));
    }
}
