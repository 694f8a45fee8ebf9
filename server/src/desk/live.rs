//! What waits, told as it changes: a stream of server-sent events to every open page.

use std::{
    convert::Infallible,
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    extract::State,
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use futures_util::stream;

use super::session::Person;
use crate::{
    live::{Counts, EVERY},
    problem::Problem,
    state::App,
};

/// How long one stream lasts; the browser opens another. So a person who may no longer see it does not see it for long.
const LASTS: Duration = Duration::from_secs(300);
/// A sign of life, well within the time in which an answer must be taken.
const ALIVE: Duration = Duration::from_secs(10);

struct Follower {
    app: App,
    person: Person,
    told: Option<Arc<Counts>>,
    since: Instant,
}

impl Follower {
    /// Waits until the counts are others than were told last; none when the stream ends.
    async fn next(mut self) -> Option<(Result<Event, Infallible>, Self)> {
        loop {
            if self.told.is_some() {
                tokio::select! {
                    () = self.app.live.ended() => return None,
                    () = tokio::time::sleep(EVERY) => {}
                }
            }
            if self.since.elapsed() > LASTS {
                return None;
            }
            let counts = match self.app.live.counts(&self.app.catalog, self.person.caller.access()).await {
                Ok(counts) => counts,
                // The next stream tries again.
                Err(error) => {
                    Problem::from(error).log();
                    return None;
                }
            };
            if self.told.as_ref() != Some(&counts) {
                let event = Event::default().event("counts").json_data(&*counts).ok()?;
                self.told = Some(counts);
                return Some((Ok(event), self));
            }
        }
    }
}

/// `GET /live`.
pub async fn follow(State(app): State<App>, person: Person) -> Response {
    let follower = Follower { app, person, told: None, since: Instant::now() };
    let events = stream::unfold(follower, Follower::next);
    Sse::new(events).keep_alive(KeepAlive::new().interval(ALIVE)).into_response()
}
