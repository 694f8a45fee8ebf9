//! Whose days are meant where a person takes out what came on some: the house's where its rules say what time it is there, so
//! that everybody takes out the same; else those of the person's browser; else UTC.

use acuse_conversation::Clock;
use axum::http::HeaderMap;

use super::session;
use crate::{problem::Problem, state::App};

/// The cookie in which the page's script says where its browser is, as IANA names the place.
const COOKIE: &str = "acuse_zone";

/// The clock by which this person's days begin and end.
///
/// # Errors
/// When the catalog fails.
pub async fn of(app: &App, headers: &HeaderMap) -> Result<Clock, Problem> {
    if let Some(clock) = app.catalog.house().await?.clock() {
        return Ok(clock.clone());
    }
    let theirs = session::sent(headers, COOKIE);
    Ok(theirs.and_then(|place| Clock::of_zone(&place)).unwrap_or_default())
}
