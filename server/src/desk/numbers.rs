//! Our numbers, for operators: whose each is, how Meta finds it, what is paused and why, and what waits for it.

use acuse_storage::{
    keys::Scope,
    numbers::{Direction, Number, Pause, Waiting},
};
use acuse_whatsapp::policy::reach_of;
use askama::Template;
use axum::{extract::State, response::Response};
use time::{Duration, OffsetDateTime};

use super::{Frame, Shown, labels, language::Tongue, page, session::Person};
use crate::{problem::Problem, state::App};

/// A direction that is paused.
struct Paused {
    what: &'static str,
    reason: String,
    at: String,
}

struct Card {
    id: String,
    shown: String,
    account: String,
    token: String,
    status: String,
    quality: String,
    tone: &'static str,
    tier: String,
    /// How many people it wrote to first in a day, and of how many; none: Meta sets no limit.
    reached: Option<(u64, u64)>,
    retention: String,
    paused: Vec<Paused>,
    /// When a webhook last came, and how long ago.
    last_webhook: Option<(String, String)>,
    waiting: Waiting,
}

#[derive(Template)]
#[template(path = "numbers.html")]
struct Numbers {
    frame: Frame,
    cards: Vec<Card>,
}

/// `7 days`, `1 hour`, `90 minutes`.
fn retention(kept: Duration, tongue: Tongue) -> String {
    let (count, one, many) = if kept.whole_days() > 0 && kept == Duration::days(kept.whole_days()) {
        (kept.whole_days(), "1 day", "{} days")
    } else if kept.whole_hours() > 0 && kept == Duration::hours(kept.whole_hours()) {
        (kept.whole_hours(), "1 hour", "{} hours")
    } else {
        (kept.whole_minutes(), "1 minute", "{} minutes")
    };
    if count == 1 { tongue.t(one).to_owned() } else { tongue.f(many, count) }
}

fn paused(number: &Number) -> Vec<Paused> {
    let told = |(direction, pause): (Direction, &Pause)| Paused {
        what: match direction {
            Direction::Fetch => "Files are not fetched",
            Direction::Send => "Messages are not sent",
        },
        reason: pause.reason.clone(),
        at: pause.since.map(labels::full).unwrap_or_default(),
    };
    number.pauses().map(told).collect()
}

fn card(number: Number, (waiting, reached): (Waiting, u64), (tongue, now): (Tongue, OffsetDateTime)) -> Card {
    let paused = paused(&number);
    let word = |word: Option<String>| word.unwrap_or_else(|| "—".to_owned());
    let is_unwell = number.status.as_deref().is_some_and(|status| status != "CONNECTED");
    let tone = match number.quality.as_deref() {
        _ if !paused.is_empty() || is_unwell => "bad",
        Some("YELLOW" | "RED") => "warn",
        _ if waiting.tier > 0 => "warn",
        _ => "cool",
    };
    Card {
        tone,
        paused,
        shown: number.display_number.unwrap_or_else(|| number.phone_number_id.clone()),
        id: number.phone_number_id,
        account: word(number.waba_id),
        token: number.token_ref,
        status: word(number.status),
        quality: word(number.quality),
        reached: number.tier.as_deref().and_then(reach_of).map(|most| (reached, most)),
        tier: word(number.tier),
        retention: retention(number.media_retention, tongue),
        last_webhook: number.last_webhook_at.map(|at| (labels::full(at), labels::ago(at, now))),
        waiting,
    }
}

/// `GET /numbers`.
pub async fn show(State(app): State<App>, person: Person) -> Shown {
    Shown(render(&app, &person).await)
}

async fn render(app: &App, person: &Person) -> Result<Response, Problem> {
    person.caller.require(Scope::Admin)?;
    let now = app.catalog.now();
    let numbers = app.catalog.numbers().await?;
    let waiting = app.catalog.numbers_waiting().await?;
    let reached = app.catalog.numbers_reached().await?;
    let cards = numbers.into_iter().map(|number| {
        let waiting = waiting.get(&number.phone_number_id).copied().unwrap_or_default();
        let reached = reached.get(&number.phone_number_id).copied().unwrap_or_default();
        card(number, (waiting, reached), (person.tongue, now))
    });
    Ok(page(&Numbers { cards: cards.collect(), frame: Frame::of(app, person, "numbers").await? }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_long_media_is_kept_reads_as_words() {
        for (kept, said) in [
            (Duration::days(7), "7 días"),
            (Duration::HOUR, "1 hora"),
            (Duration::minutes(90), "90 minutos"),
            (Duration::DAY, "1 día"),
        ] {
            assert_eq!(retention(kept, Tongue::Es), said);
        }
        assert_eq!(retention(Duration::hours(2), Tongue::En), "2 hours");
    }
}
