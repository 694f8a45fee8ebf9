//! Failed sign-ins on their way into the trail: counted by who and where, and told some time apart, so that a thousand guesses
//! leave a few lines that say so and not a thousand. They are told beside the request, whose time says nothing of who works
//! here; and by name only where somebody has it, for people type their passwords there.

use std::time::{Duration, Instant};

use acuse_storage::error::Chain;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::state::App;

/// Who the trail says it was: nobody showed who they are.
pub(crate) const ACTOR: &str = "sign-in";
/// How often it is looked for what is to be told.
const EVERY: Duration = Duration::from_secs(5);

/// Tells the trail as it goes on, until the process stops.
pub async fn tell_on(app: App, stop: CancellationToken) {
    let mut ticks = tokio::time::interval(EVERY);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = ticks.tick() => {}
        }
        tell(&app, false).await;
    }
}

/// Tells the trail what is due, or all that is not told.
pub async fn tell(app: &App, all: bool) {
    for (key, times) in app.login.untold.due(Instant::now(), all) {
        let detail = json!({ "user": key.0, "address": key.1, "times": times });
        if let Err(error) = app.catalog.audit(ACTOR, "sign_in_failed", None, &detail).await {
            tracing::warn!(error = %Chain(&error), "failed sign-ins are not in the trail yet");
            app.login.untold.back(key, times);
        }
    }
}
