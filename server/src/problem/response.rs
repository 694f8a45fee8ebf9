//! How a [`Problem`] becomes an answer (RFC 9457), in one place.

use acuse_pipeline::{checks::Warning, fields::FieldName};
use axum::{
    Json,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use serde_json::json;
use uuid::Uuid;

use super::Problem;

/// What the caller reads.
#[derive(Debug, Serialize)]
struct Body {
    r#type: String,
    title: &'static str,
    status: u16,
    detail: String,
    /// The page that says what this type means.
    help: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<Uuid>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    conflicts: Vec<serde_json::Value>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<Warned>,
}

/// What speaks against a decision.
#[derive(Debug, Serialize)]
struct Warned {
    check: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<FieldName>,
    message: String,
    /// What `overrides` calls it.
    name: String,
}

impl Warned {
    fn of(warning: &Warning) -> Self {
        Self {
            check: warning.check,
            field: warning.field,
            message: warning.message.clone(),
            name: warning.name(),
        }
    }
}

impl Problem {
    /// What the caller reads; of a 5xx, under which id it is in the log.
    fn body(&self, id: Option<Uuid>) -> Body {
        let kind = self.kind();
        let detail = match (self, id) {
            (Self::Unavailable(_) | Self::Busy(_) | Self::TooSlow, _) | (_, None) => self.to_string(),
            (_, Some(id)) => format!("Something failed on our side. It is logged as {id}."),
        };
        let conflicts = match self {
            Self::Taken(taken) => taken
                .iter()
                .map(|t| json!({ "member": t.member, "value": t.value, "customer_id": t.owner }))
                .collect(),
            _ => Vec::new(),
        };
        let warnings = match self {
            Self::Unproven(warnings) => warnings.iter().map(Warned::of).collect(),
            _ => Vec::new(),
        };
        let (r#type, help, status) = (kind.uri(), kind.page(), kind.status.as_u16());
        Body { r#type, title: kind.title, status, detail, help, id, conflicts, warnings }
    }

    /// The same as an example: nothing is logged.
    #[must_use]
    pub fn example(&self) -> serde_json::Value {
        let id = self.status().is_server_error().then(Uuid::nil);
        serde_json::to_value(self.body(id)).unwrap_or_default()
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let id = self.log();
        let status = self.status();
        let body = self.body(id);
        let mut response = (status, Json(body)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        match self {
            Self::Unauthorized => {
                headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            Self::RangeNotSatisfiable { size_bytes } => {
                if let Ok(value) = HeaderValue::from_str(&format!("bytes */{size_bytes}")) {
                    headers.insert(header::CONTENT_RANGE, value);
                }
            }
            Self::RateLimited { retry_after_secs } => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from(retry_after_secs));
            }
            Self::Busy(_) | Self::TooSlow => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
            }
            Self::Unavailable(_) | Self::TooManyRequests => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from_static("30"));
            }
            _ => {}
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use axum::http::StatusCode;

    use super::*;

    async fn body(problem: Problem) -> (StatusCode, String) {
        let response = problem.into_response();
        assert_eq!(response.headers()[header::CONTENT_TYPE], "application/problem+json");
        let status = response.status();
        let bytes = axum::body::to_bytes(response.into_body(), 1 << 16).await.unwrap();
        (status, String::from_utf8(bytes.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn a_5xx_gives_an_id_and_no_text_of_the_cause() {
        let cause = anyhow::anyhow!("password=hunter2").context("opening the database");
        let (status, text) = body(Problem::Internal(cause)).await;
        assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
        assert!(text.contains("\"id\":") && !text.contains("hunter2") && !text.contains("opening"), "{text}");
    }

    #[tokio::test]
    async fn a_4xx_says_what_to_do() {
        let (status, text) = body(Problem::Forbidden { scope: "ids:read" }).await;
        assert_eq!(status, StatusCode::FORBIDDEN);
        assert!(text.contains("ids:read") && !text.contains("\"id\""), "{text}");
    }

    #[tokio::test]
    async fn who_met_another_is_told_to_try_again() {
        let met = Problem::from(acuse_storage::CatalogError::Contention);
        assert_eq!(met.kind().name, "busy");
        let response = met.into_response();
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(response.headers()[header::RETRY_AFTER], "5");
    }

    #[tokio::test]
    async fn who_is_not_in_the_index_yet_is_not_said_to_be_nobody() {
        let (status, text) = body(acuse_storage::CatalogError::Unindexed.into()).await;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
        assert!(text.contains("index of names is still being built") && text.contains("try again"), "{text}");
    }
}
