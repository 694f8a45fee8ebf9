//! `/openapi.json`: the API described, kept by hand in `openapi.json` and held to the router by a test.

use axum::{http::header, response::IntoResponse};

/// The description, in the binary.
pub const DESCRIPTION: &str = include_str!("../../openapi.json");

/// `GET /openapi.json`.
pub async fn document() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], DESCRIPTION)
}
