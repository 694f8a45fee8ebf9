//! Incidents leave the process: each route hears what is news for it, in order, and a digest instead of a storm.

use std::time::Duration as StdDuration;

use acuse_storage::{
    CatalogError,
    incidents::{
        news::News,
        routes::{Medium, Route},
    },
    names::NewsId,
};
use futures_util::future::join_all;
use serde_json::json;
use time::{Duration, OffsetDateTime};

use super::{
    Outgoing, Signed, mail,
    messages::{self, Message},
};
use crate::{env::Env, halt::chain};

/// How long a worker has a route for itself: more than all its calls take.
const LEASE: Duration = Duration::seconds(120);
/// Longest time of one route's turn.
const TURN: StdDuration = StdDuration::from_secs(90);
/// So many pieces of news go one by one.
const FEW: usize = 3;
/// So many messages in [`LATELY`] are a storm.
const CALM: usize = 6;
/// What counts as lately.
const LATELY: Duration = Duration::minutes(10);
/// In a storm a digest leaves so often.
const DIGEST_EVERY: Duration = Duration::minutes(5);
/// The secret of a route that names none.
const DEFAULT_SECRET: &str = "default";

/// How what waits is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Plan {
    /// One message each.
    Each,
    /// All in one.
    Digest,
    /// Not before then.
    Wait(OffsetDateTime),
}

/// `waiting` pieces of news, after `sent` messages lately, the last of them at `last`.
fn plan(waiting: usize, sent: usize, last: Option<OffsetDateTime>, now: OffsetDateTime) -> Plan {
    if waiting <= FEW && sent + waiting <= CALM {
        return Plan::Each;
    }
    match last.map(|at| at + DIGEST_EVERY) {
        Some(next) if sent >= CALM && next > now => Plan::Wait(next),
        _ => Plan::Digest,
    }
}

/// When a route that failed so often is tried again.
fn rest(failures: u32) -> Duration {
    Duration::seconds(15 * 2i64.pow(failures.min(6))).min(Duration::minutes(15))
}

/// Checks where a route would lead.
///
/// # Errors
/// What is wrong with it, in words for whoever typed it.
pub fn check(outgoing: &Outgoing, medium: Medium, target: &str, secret: Option<&str>) -> Result<(), String> {
    match medium {
        Medium::Email if outgoing.mail().is_none() => Err("ACUSE_SMTP_URL is not set".to_owned()),
        Medium::Email => mail::mailboxes(target).map(drop).map_err(|e| e.to_string()),
        Medium::Slack => outgoing.guard().url(target).map(drop).map_err(|e| e.to_string()),
        Medium::Webhook => {
            signer(outgoing, secret)?;
            outgoing.guard().url(target).map(drop).map_err(|e| e.to_string())
        }
    }
}

fn signer<'a>(outgoing: &'a Outgoing, reference: Option<&str>) -> Result<&'a super::sign::Secret, String> {
    let reference = reference.unwrap_or(DEFAULT_SECRET);
    let variable = reference.to_ascii_uppercase();
    outgoing.secret(reference).ok_or_else(|| {
        format!("ACUSE_ALERT_SECRET_{variable} is not set: it signs what this webhook gets (whsec_…)")
    })
}

/// Sends a message by a route.
///
/// # Errors
/// Why it did not arrive.
pub async fn send(
    outgoing: &Outgoing,
    route: &Route,
    m: &Message,
    now: OffsetDateTime,
) -> Result<(), String> {
    let answer = match route.medium {
        Medium::Email => {
            let mail = outgoing.mail().ok_or("ACUSE_SMTP_URL is not set")?;
            return mail.send(&route.target, &m.id, &m.subject, &m.text).await.map_err(|e| chain(&e));
        }
        Medium::Slack => {
            let text = m.text.trim_end().replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
            outgoing.post(&route.target, &json!({ "text": text }).to_string()).await
        }
        Medium::Webhook => {
            let secrets = [signer(outgoing, route.secret_ref.as_deref())?.clone()];
            let body = m.json.to_string();
            let signed = Signed { id: &m.id, at: now, body: &body, secrets: &secrets };
            outgoing.post_signed(&route.target, &signed).await
        }
    };
    answer.failure().map_or(Ok(()), Err)
}

/// Tries a route, and writes down how that went.
///
/// # Errors
/// When the catalog fails; inside, why the message did not arrive.
pub async fn test(
    catalog: &acuse_storage::Catalog,
    outgoing: &Outgoing,
    route: &Route,
    who: &str,
    now: OffsetDateTime,
) -> Result<Result<(), String>, CatalogError> {
    let id = format!("tst_{}", NewsId::generate().0.simple());
    let sent = send(outgoing, route, &messages::test(&route.name, who, &id, now), now).await;
    catalog.incident_route_tested(route, &id, sent.as_ref().err().map(String::as_str)).await?;
    Ok(sent)
}

/// Tells every route what is news for it. A route that is slow or away holds up no other.
///
/// # Errors
/// When the catalog fails.
pub async fn tell(env: &Env) -> Result<(), CatalogError> {
    let Some(outgoing) = &env.outgoing else { return Ok(()) };
    env.catalog.queue_incident_news().await?;
    let routes = env.catalog.incident_routes().await?;
    let turns = routes.iter().filter(|r| r.enabled).map(|route| turn(env, outgoing, route));
    join_all(turns).await.into_iter().collect()
}

async fn turn(env: &Env, outgoing: &Outgoing, route: &Route) -> Result<(), CatalogError> {
    let news = env.catalog.incident_news(route.id).await?;
    if news.is_empty() || !env.catalog.take_incident_route(route.id, LEASE).await? {
        return Ok(());
    }
    let told = tokio::time::timeout(TURN, speak(env, outgoing, route)).await;
    let rest_until = told.unwrap_or(Ok(None))?;
    env.catalog.give_back_incident_route(route.id, rest_until).await
}

/// Tells a route, which is ours for a while; until when it rests.
async fn speak(
    env: &Env,
    outgoing: &Outgoing,
    route: &Route,
) -> Result<Option<OffsetDateTime>, CatalogError> {
    // Read again: another worker may have told some of it before the route was ours.
    let news = env.catalog.incident_news(route.id).await?;
    let now = env.now();
    let (sent, last) = env.catalog.incident_messages_since(route.id, now - LATELY).await?;
    let sent = usize::try_from(sent).unwrap_or(usize::MAX);
    match plan(news.len(), sent, last, now) {
        Plan::Wait(until) => return Ok(Some(until)),
        Plan::Digest => {
            deliver(env, outgoing, route, &news, &messages::digest(&news, now)).await?;
        }
        Plan::Each => {
            for one in &news {
                let message = messages::one(one, now);
                if !deliver(env, outgoing, route, std::slice::from_ref(one), &message).await? {
                    break;
                }
            }
        }
    }
    Ok(None)
}

/// Whether it arrived.
async fn deliver(
    env: &Env,
    outgoing: &Outgoing,
    route: &Route,
    news: &[News],
    message: &Message,
) -> Result<bool, CatalogError> {
    let ids: Vec<NewsId> = news.iter().map(|n| n.id).collect();
    let sent = send(outgoing, route, message, env.now()).await;
    let outcome = if sent.is_ok() { "delivered" } else { "failed" };
    metrics::counter!("acuse_alerts_sent_total", "medium" => route.medium.as_str(), "outcome" => outcome)
        .increment(1);
    match sent {
        Ok(()) => env.catalog.incident_news_told(route, &ids, &message.id).await.map(|()| true),
        Err(why) => {
            tracing::error!(route = route.name, error = why, "an alert did not arrive; it is tried again");
            let until = env.now() + rest(route.failures);
            env.catalog.incident_news_failed(route, &ids, &why, until).await.map(|()| false)
        }
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn a_storm_becomes_a_digest() {
        let now = datetime!(2026-05-03 10:00 UTC);
        let minute_ago = Some(now - Duration::minutes(1));
        assert_eq!(plan(1, 0, None, now), Plan::Each);
        assert_eq!(plan(3, 3, minute_ago, now), Plan::Each);
        assert_eq!(plan(500, 0, None, now), Plan::Digest, "the first of a storm is told at once");
        assert_eq!(plan(1, 6, minute_ago, now), Plan::Wait(now + Duration::minutes(4)));
        assert_eq!(plan(9, 6, Some(now - DIGEST_EVERY), now), Plan::Digest);
    }

    #[test]
    fn a_route_that_fails_is_tried_less_and_less_often() {
        assert_eq!(rest(0), Duration::seconds(15));
        assert!(rest(3) > rest(2));
        assert_eq!(rest(40), Duration::minutes(15));
    }
}
