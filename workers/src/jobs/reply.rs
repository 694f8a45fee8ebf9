//! `reply`: what waits for one contact leaves in order, inside the 24-hour window, and never twice on purpose.
//!
//! The outbox's lease keeps one contact in one worker's hands, and no contact waits for another. Meta knows no
//! idempotency key: a send whose answer was lost is `unknown`, and only a status that carries its id settles it.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use acuse_storage::{
    CatalogError, ContactId,
    contacts::Contact,
    names::AliasKind,
    outbox::{NextReply, OutboxMessage, OutboxState},
};
use acuse_whatsapp::{
    ErrorClass, Graph, GraphError, Recipient,
    graph::TextMessage,
    policy::{Rate, Turn, Window, backoff, pair_backoff},
};
use time::OffsetDateTime;
use tracing::Instrument;

use crate::{
    env::{CHANNEL, Env},
    halt::chain,
    jobs::{Ended, boundary, measure},
};

/// Messages one task sends before it gives the lane to other contacts; the rest follow by the sweep.
const PER_TASK: usize = 50;
/// How long a message waits after something that only an operator can mend.
const OPERATOR_WAIT: Duration = Duration::from_secs(900);
/// How long to wait before a second try when Meta says the window is closed and our clock says open (Meta's known
/// issue with 131047).
const WINDOW_DOUBT: Duration = Duration::from_secs(60);

/// Sends what waits for a contact.
pub async fn reply(env: &Env, contact: ContactId) -> Ended {
    let span = tracing::info_span!("job", stage = "reply", contact_id = %contact);
    async {
        let started = Instant::now();
        let ended = send_waiting(env, contact).await.unwrap_or_else(|error| {
            tracing::error!(error = chain(&error), "the catalog failed; the sweep will find the messages");
            Ended::Lost
        });
        measure("reply", ended.as_str(), started);
        ended
    }
    .instrument(span)
    .await
}

async fn send_waiting(env: &Env, id: ContactId) -> Result<Ended, CatalogError> {
    let Some(graph) = env.graph.as_ref() else { return Ok(Ended::Waits) };
    let mut ended = Ended::Stale;
    for _ in 0..PER_TASK {
        // While the channel is paused nothing is taken in hand; the sweep comes back to it.
        if env.catalog.channel_pause(CHANNEL).await?.is_some() {
            return Ok(Ended::Waits);
        }
        let message = match env.catalog.next_reply(id, env.policy.reply_lease).await? {
            NextReply::Send(message) => message,
            NextReply::NotBefore(_) | NextReply::Busy | NextReply::Empty => return Ok(ended),
        };
        ended = send_one(env, graph, &message).instrument(about(&message)).await?;
        if ended == Ended::Retry {
            return Ok(ended);
        }
    }
    Ok(ended)
}

/// The span of one message, in the trace of the document it is about.
fn about(message: &OutboxMessage) -> tracing::Span {
    let span =
        tracing::info_span!("reply", purpose = message.purpose.as_str(), document_id = tracing::field::Empty);
    if let Some(document) = message.document_id {
        span.record("document_id", tracing::field::display(document));
        crate::trace::follow(&span, document);
    }
    span
}

/// Sends one message, or settles why not.
async fn send_one(env: &Env, graph: &Graph, message: &OutboxMessage) -> Result<Ended, CatalogError> {
    if message.state == OutboxState::Sending {
        let why = "the worker that was sending it died: it may have left";
        env.catalog.reply_unknown(message.id, why, None).await?;
        return Ok(Ended::Moved);
    }
    let Some(contact) = env.catalog.contact(message.contact_id).await? else {
        env.catalog.reply_failed(message.id, "there is no such contact").await?;
        return Ok(Ended::Moved);
    };
    if !Window::at(contact.last_inbound_at, env.now()).is_open() {
        env.catalog.reply_window_closed(message.id).await?;
        return Ok(Ended::Moved);
    }
    let text = match addressed(message, &contact) {
        Ok(text) => text,
        Err(why) => {
            env.catalog.reply_failed(message.id, why).await?;
            return Ok(Ended::Moved);
        }
    };
    env.gate.wait(&text.phone_number_id, env.clock).await;
    boundary::pass("reply.sending");
    match graph.send_text(&text).await {
        Ok(sent) => {
            boundary::pass("reply.sent");
            env.catalog.reply_sent(message.id, &sent.message_id).await?;
            tracing::info!(attempts = message.attempts, "reply sent");
            Ok(Ended::Moved)
        }
        Err(error) => refused(env, message, &text.phone_number_id, &error).await,
    }
}

/// The message as Meta wants it: from the number the person wrote to, to the name they write under.
fn addressed(message: &OutboxMessage, contact: &Contact) -> Result<TextMessage, &'static str> {
    let number = message.phone_number_id.clone().or_else(|| contact.phone_number_id.clone());
    let names = [
        contact.alias(AliasKind::WaId),
        contact.phone.as_deref(),
        contact.alias(AliasKind::Bsuid),
        contact.alias(AliasKind::ParentBsuid),
    ];
    let to = names.into_iter().flatten().find_map(|name| name.parse::<Recipient>().ok());
    Ok(TextMessage {
        phone_number_id: number.ok_or("none of our numbers is known to have received them")?,
        to: to.ok_or("the contact has neither a number nor a user id")?,
        body: message.body.clone(),
        reply_to: None,
        callback_data: Some(message.id.to_string()),
    })
}

/// What a refusal means for the message: later, never, or nobody knows.
async fn refused(
    env: &Env,
    message: &OutboxMessage,
    number: &str,
    error: &GraphError,
) -> Result<Ended, CatalogError> {
    let why = chain(error);
    let (catalog, tried) = (&env.catalog, message.attempts.saturating_sub(1));
    tracing::warn!(
        class = error.class.as_str(),
        error = why,
        attempts = message.attempts,
        "a reply was not accepted"
    );
    let by_attempts = || backoff(tried, env.policy.ceiling, rand::random());
    let wait = match error.class {
        ErrorClass::Unknown => {
            catalog.reply_unknown(message.id, &why, None).await?;
            return Ok(Ended::Moved);
        }
        ErrorClass::TokenExpired | ErrorClass::StopAccount => {
            catalog.pause_channel(CHANNEL, &why).await?;
            env.policy.probe_every
        }
        ErrorClass::StopNumber => {
            catalog.alert("number_stopped", &why).await?;
            OPERATOR_WAIT
        }
        ErrorClass::WindowClosed if tried == 0 => WINDOW_DOUBT,
        ErrorClass::WindowClosed => {
            catalog.reply_window_closed(message.id).await?;
            return Ok(Ended::Moved);
        }
        ErrorClass::PairLimit => pair_backoff(tried),
        ErrorClass::NumberThroughput => {
            env.gate.slow_down(number);
            by_attempts()
        }
        ErrorClass::Wait { retry_after } => retry_after,
        ErrorClass::Retry if message.attempts < env.policy.reply_attempts => by_attempts(),
        _ => {
            catalog.reply_failed(message.id, &why).await?;
            catalog.alert("reply_failed", error.class.as_str()).await?;
            return Ok(Ended::Moved);
        }
    };
    // Waits that no attempt ends are ended by the window: before each send it is looked at again.
    catalog.reply_later(message.id, &why, env.after(wait)).await?;
    Ok(Ended::Retry)
}

/// The rate of each of our numbers, in this process. Meta allows 80 messages a second and number; after 130429 we
/// keep to half of what we had.
#[derive(Debug, Default)]
pub(crate) struct NumberGate {
    numbers: Mutex<HashMap<String, (Rate, Option<OffsetDateTime>)>>,
}

impl NumberGate {
    /// Waits until one more message may leave `number`.
    async fn wait(&self, number: &str, clock: fn() -> OffsetDateTime) {
        while let Some(wait) = self.ask(number, clock()) {
            tokio::time::sleep(wait.min(Duration::from_secs(5))).await;
        }
    }

    fn ask(&self, number: &str, now: OffsetDateTime) -> Option<Duration> {
        let mut numbers = self.numbers.lock().unwrap_or_else(PoisonError::into_inner);
        let (rate, paid_at) = numbers.entry(number.to_owned()).or_insert((Rate::NUMBER, None));
        match rate.ask(*paid_at, now) {
            Turn::Go { paid_at: next } => {
                *paid_at = Some(next);
                None
            }
            Turn::Wait(wait) => Some(wait),
        }
    }

    fn slow_down(&self, number: &str) {
        let mut numbers = self.numbers.lock().unwrap_or_else(PoisonError::into_inner);
        let (rate, _) = numbers.entry(number.to_owned()).or_insert((Rate::NUMBER, None));
        *rate = rate.halved();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_number_that_was_used_up_waits_its_turn_and_no_longer() {
        let gate = NumberGate::default();
        let started = Instant::now();
        for _ in 0..100 {
            gate.wait("1", OffsetDateTime::now_utc).await;
        }
        // 80 at once, and 20 more at 80 a second.
        assert!(started.elapsed() >= Duration::from_millis(200), "{:?}", started.elapsed());
        assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
        gate.wait("2", OffsetDateTime::now_utc).await;
        gate.slow_down("2");
        assert_eq!(
            gate.numbers.lock().expect("unharmed").get("2").map(|(rate, _)| *rate),
            Some(Rate::NUMBER.halved())
        );
    }
}
