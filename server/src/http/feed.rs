//! `/v1/events`: every change in order, to be followed for ever.

use std::time::Duration;

use acuse_pipeline::document::Kind;
use acuse_storage::{
    CustomerId, DocumentId,
    events::{Event, EventCursor, EventFilter, Followed, KINDS},
    keys::Scope,
};
use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use time::OffsetDateTime;
use tokio::{sync::Semaphore, time::Instant};

use super::auth::Caller;
use crate::{
    extract::{Params, limit},
    listing::Listing,
    problem::Problem,
    state::App,
};

/// Longest that a request waits for a change; the whole request has 30 seconds.
const WAIT_SECS: u64 = 25;
/// How often a request that waits looks.
const LOOK_EVERY: Duration = Duration::from_millis(400);
/// Events of one look for who is bound: what of them is others' is stepped over, or whoever has one customer of many would
/// never come to the end.
const STEP: u32 = 1_000;
/// Looks one after the other without a wait, as long as there is more to look at.
const STEPS: u32 = 20;
/// Requests that wait at once; one more is answered at once, as if it had not asked to wait.
static WAITING: Semaphore = Semaphore::const_new(200);

/// Query of the feed.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Feed {
    after: Option<String>,
    types: Option<String>,
    wait: Option<u64>,
    limit: Option<u32>,
}

/// One change.
#[derive(Debug, Serialize)]
pub struct EventView {
    cursor: String,
    #[serde(with = "time::serde::rfc3339")]
    at: OffsetDateTime,
    kind: String,
    document_id: Option<DocumentId>,
    version: Option<i64>,
    document_kind: Option<Kind>,
    customer_id: Option<CustomerId>,
    changed: Vec<String>,
    data: Value,
}

impl From<Event> for EventView {
    fn from(e: Event) -> Self {
        Self {
            cursor: e.cursor.to_string(),
            at: e.at,
            kind: e.kind,
            document_id: e.document_id,
            version: e.version,
            document_kind: e.document_kind,
            customer_id: e.customer_id,
            changed: e.changed,
            data: e.data,
        }
    }
}

/// The kinds asked for, each of which there must be: a filter for what never comes would be silent for ever.
fn kinds(types: Option<&str>) -> Result<Vec<String>, Problem> {
    let asked = types.unwrap_or_default().split(',').map(str::trim).filter(|t| !t.is_empty());
    asked
        .map(|kind| {
            KINDS.contains(&kind).then(|| kind.to_owned()).ok_or_else(|| {
                let kind: String = kind.chars().take(40).collect();
                Problem::Unprocessable(format!("types: {kind:?} is none of {}", KINDS.join(", ")))
            })
        })
        .collect()
}

/// `GET /v1/events?after`: oldest first. `next` is never null: ask again with it later. `after=head` gives the place
/// after everything; `wait` holds an empty answer back until there is something.
pub async fn events(
    State(app): State<App>,
    caller: Caller,
    Params(feed): Params<Feed>,
) -> Result<Json<Listing<EventView>>, Problem> {
    caller.require(Scope::DocumentsRead)?;
    let limit = limit(feed.limit)?;
    let filter = EventFilter { kinds: kinds(feed.types.as_deref())? };
    let wait = feed.wait.unwrap_or_default();
    if wait > WAIT_SECS {
        return Err(Problem::BadRequest(format!("wait: at most {WAIT_SECS} seconds")));
    }
    let after = match feed.after.as_deref().map(str::trim).filter(|a| !a.is_empty()) {
        None => None,
        Some("head") if wait == 0 => {
            let head = app.catalog.feed_head().await?;
            return Ok(Json(Listing { data: Vec::new(), next: Some(head.to_string()) }));
        }
        Some("head") => Some(app.catalog.feed_head().await?),
        Some(text) => Some(text.parse::<EventCursor>().map_err(|_| Problem::ForeignCursor)?),
    };
    let (events, next) = follow(&app, &caller, after, &filter, limit, Duration::from_secs(wait)).await?;
    let data = events.into_iter().map(EventView::from).collect();
    Ok(Json(Listing { data, next: Some(next.to_string()) }))
}

async fn follow(
    app: &App,
    caller: &Caller,
    mut after: Option<EventCursor>,
    filter: &EventFilter,
    limit: u32,
    wait: Duration,
) -> Result<(Vec<Event>, EventCursor), Problem> {
    let until = Instant::now() + wait;
    let place = WAITING.try_acquire();
    let most = if caller.access().is_bound() { limit.max(STEP) } else { limit };
    let mut steps = 0;
    loop {
        let Followed::Page { events, mut next } = app.catalog.follow(after, filter, most).await? else {
            return Err(Problem::ForeignCursor);
        };
        let is_full = u32::try_from(events.len()).is_ok_and(|n| n >= most);
        // A page may be empty though the feed goes on: `next` stands after all that was looked at.
        let mut events = app.catalog.events_within(caller.access(), events).await?;
        if events.len() > limit as usize {
            events.truncate(limit as usize);
            next = events.last().map_or(next, |last| last.cursor);
        }
        steps += 1;
        let goes_on = is_full && steps < STEPS;
        let is_over = !goes_on && (place.is_err() || Instant::now() + LOOK_EVERY > until);
        if !events.is_empty() || is_over {
            return Ok((events, next));
        }
        after = Some(next);
        if !goes_on {
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_that_never_comes_is_refused() {
        assert_eq!(kinds(Some("document.filed, customer.updated")).unwrap().len(), 2);
        assert!(kinds(None).unwrap().is_empty());
        assert!(kinds(Some("document.fild")).unwrap_err().to_string().contains("document.filed"));
    }
}
