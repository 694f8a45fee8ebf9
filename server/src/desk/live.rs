//! What waits, told as it changes: a stream of server-sent events to every open page. However many look, the catalog is
//! asked once in a while for all who see everything, and once each for those who see a part.

use std::{
    collections::BTreeMap,
    convert::Infallible,
    sync::Arc,
    time::{Duration, Instant},
};

use acuse_storage::Access;
use axum::{
    extract::State,
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use futures_util::stream;
use serde::Serialize;
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

use super::session::Person;
use crate::{app::App, http::problem::Problem};

/// How often the catalog is asked.
const EVERY: Duration = Duration::from_secs(2);
/// How long one stream lasts; the browser opens another. So a person who may no longer see it does not see it for long.
const LASTS: Duration = Duration::from_secs(300);
/// A sign of life, well within the time in which an answer must be taken.
const ALIVE: Duration = Duration::from_secs(10);

/// What waits.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Documents that wait.
    pub waiting: u64,
    /// By reason; one that waits with two is counted with both.
    pub reasons: BTreeMap<&'static str, u64>,
    /// Open incidents.
    pub incidents: u64,
}

impl Counts {
    async fn of(app: &App, access: &Access) -> Result<Self, Problem> {
        let waiting = if access.is_bound() {
            app.catalog.ledger_for(access, None, None).await?.in_review
        } else {
            app.catalog.count_open_reviews().await?
        };
        let reasons = app.catalog.count_reasons(access).await?;
        Ok(Self {
            waiting,
            reasons: reasons.into_iter().map(|(code, count)| (code.as_str(), count)).collect(),
            incidents: app.catalog.count_open_alerts().await?,
        })
    }
}

/// The counts that were asked for last, and the end of all streams.
#[derive(Debug, Default)]
pub struct Live {
    last: Mutex<Option<(Instant, Arc<Counts>)>>,
    over: CancellationToken,
}

impl Live {
    /// Ends every stream, so that the server can end.
    pub fn end(&self) {
        self.over.cancel();
    }

    async fn counts(&self, app: &App, access: &Access) -> Result<Arc<Counts>, Problem> {
        if access.is_bound() {
            return Ok(Arc::new(Counts::of(app, access).await?));
        }
        let mut last = self.last.lock().await;
        if let Some((at, counts)) = last.as_ref().filter(|(at, _)| at.elapsed() < EVERY) {
            let _ = at;
            return Ok(counts.clone());
        }
        let counts = Arc::new(Counts::of(app, access).await?);
        *last = Some((Instant::now(), counts.clone()));
        Ok(counts)
    }
}

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
                    () = self.app.live.over.cancelled() => return None,
                    () = tokio::time::sleep(EVERY) => {}
                }
            }
            if self.since.elapsed() > LASTS {
                return None;
            }
            let counts = match self.app.live.counts(&self.app, self.person.caller.access()).await {
                Ok(counts) => counts,
                // The next stream tries again.
                Err(problem) => {
                    problem.log();
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
