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
    numbers::{About, Direction, May},
    outbox::{NextReply, OutboxMessage, OutboxState},
};
use acuse_whatsapp::{
    ErrorClass, Recipient,
    graph::TextMessage,
    policy::{Rate, Turn, Window, backoff, pair_backoff},
};
use time::OffsetDateTime;
use tracing::Instrument;

use crate::{
    env::Env,
    halt::chain,
    jobs::{Ended, boundary, measure},
};

/// Messages one task sends before it gives the lane to other contacts; the rest follow by the sweep.
const PER_TASK: usize = 50;
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
    let mut ended = Ended::Stale;
    for _ in 0..PER_TASK {
        let message = match env.catalog.next_reply(id, env.policy.reply_lease).await? {
            NextReply::Send(message) => message,
            NextReply::NotBefore(at) => {
                // A task of its own, so that the ledger sees one behind what waits.
                env.catalog.replies_go_on(id, at).await?;
                return Ok(ended);
            }
            NextReply::Busy | NextReply::Empty => return Ok(ended),
        };
        ended = send_one(env, &message).instrument(about(&message)).await?;
        if matches!(ended, Ended::Retry | Ended::Waits) {
            return Ok(ended);
        }
    }
    env.catalog.replies_go_on(id, env.now()).await?;
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
async fn send_one(env: &Env, message: &OutboxMessage) -> Result<Ended, CatalogError> {
    let catalog = &env.catalog;
    match message.state {
        OutboxState::Sending => {
            catalog
                .reply_unknown(message.id, "the worker that was sending it died: it may have left")
                .await?;
            return Ok(Ended::Moved);
        }
        OutboxState::Unknown => {
            let why = "it may have left, and no status came";
            catalog.reply_failed(message.id, "message_unconfirmed", why).await?;
            return Ok(Ended::Moved);
        }
        OutboxState::Refused => {
            let code = message.error_code.unwrap_or_default();
            let class = ErrorClass::of_code(code).unwrap_or(ErrorClass::Permanent);
            let why = format!("failed by status, code {code}");
            let number = message.phone_number_id.clone().unwrap_or_default();
            return refused(env, message, &number, class, &why).await;
        }
        _ => {}
    }
    let Some(contact) = catalog.contact(message.contact_id).await? else {
        catalog.reply_failed(message.id, "message_failed", "there is no such contact").await?;
        return Ok(Ended::Moved);
    };
    let text = match addressed(message, &contact) {
        Ok(text) => text,
        Err(why) => {
            catalog.reply_failed(message.id, "message_failed", why).await?;
            return Ok(Ended::Moved);
        }
    };
    dispatch(env, message, &contact, &text).await
}

/// What stands before every send, in this order: whether it is still worth it, the number's pause, the window, the
/// number's rate.
async fn dispatch(
    env: &Env,
    message: &OutboxMessage,
    contact: &Contact,
    text: &TextMessage,
) -> Result<Ended, CatalogError> {
    let (catalog, number) = (&env.catalog, text.phone_number_id.as_str());
    if message.expires_at.is_some_and(|until| until <= env.now()) {
        catalog.reply_failed(message.id, "message_expired", "it could not be sent in time").await?;
        return Ok(Ended::Moved);
    }
    let may = catalog.may_go(number, Direction::Send, env.now()).await?;
    if let May::NotBefore(at) = may {
        catalog.reply_postponed(message.id, at).await?;
        return Ok(Ended::Waits);
    }
    let token_ref = catalog.token_ref(number).await?;
    let Some(graph) = env.graph_of(&token_ref) else {
        let why = format!("no access token with the reference {token_ref} is set");
        catalog.pause(About::TokenOf(number), Direction::Send, &why, env.now()).await?;
        catalog.reply_postponed(message.id, env.after(env.policy.probe_every)).await?;
        return Ok(Ended::Waits);
    };
    let last_inbound = catalog.last_inbound(contact.id, number).await?;
    if !Window::at(last_inbound, env.now()).is_open() {
        catalog.reply_window_closed(message.id).await?;
        return Ok(Ended::Moved);
    }
    env.gate.wait(number, env.clock).await;
    boundary::pass("reply.sending");
    match graph.send_text(text).await {
        Ok(sent) => {
            boundary::pass("reply.sent");
            catalog.reply_sent(message.id, &sent.message_id).await?;
            if may == May::Probe && catalog.resume(number, Direction::Send, env.now()).await? {
                tracing::info!("the number sends again");
            }
            tracing::info!(attempts = message.attempts, "reply sent");
            Ok(Ended::Moved)
        }
        Err(error) => refused(env, message, number, error.class, &chain(&error)).await,
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

/// What a refusal means for the message, whether the call was refused or a status said so: later, as long as it is
/// worth sending; or in front of a person; or nobody knows.
async fn refused(
    env: &Env,
    message: &OutboxMessage,
    number: &str,
    class: ErrorClass,
    why: &str,
) -> Result<Ended, CatalogError> {
    let (catalog, tried) = (&env.catalog, message.attempts.saturating_sub(1));
    tracing::warn!(
        class = class.as_str(),
        error = why,
        attempts = message.attempts,
        "a reply was not accepted"
    );
    if class.pauses() {
        let token = class == ErrorClass::TokenExpired;
        let about = if token { About::TokenOf(number) } else { About::Number(number) };
        catalog.pause(about, Direction::Send, why, env.now()).await?;
    }
    let by_attempts = || backoff(tried, env.policy.reply_ceiling, rand::random());
    let wait = match outlook(class, tried) {
        Outlook::Unknown => {
            catalog.reply_unknown(message.id, why).await?;
            return Ok(Ended::Moved);
        }
        Outlook::WindowClosed => {
            catalog.reply_window_closed(message.id).await?;
            return Ok(Ended::Moved);
        }
        Outlook::Told(kind) => {
            if class == ErrorClass::Undeliverable {
                catalog.contact_unreachable(message.contact_id, env.now()).await?;
            }
            catalog.reply_failed(message.id, kind, why).await?;
            return Ok(Ended::Moved);
        }
        Outlook::AfterBackoff => {
            if class == ErrorClass::NumberThroughput {
                env.gate.slow_down(number);
            }
            by_attempts()
        }
        Outlook::After(wait) => wait,
        Outlook::AfterPause => env.policy.probe_every,
    };
    // No attempt ends these waits: `expires_at` does, and before each send it is looked at.
    catalog.reply_later(message.id, why, env.after(wait)).await?;
    Ok(Ended::Retry)
}

/// What is to become of a message that was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outlook {
    /// Again, by the number of attempts.
    AfterBackoff,
    /// Again, not before this long.
    After(Duration),
    /// Again when its number's pause has ended.
    AfterPause,
    /// It may have left.
    Unknown,
    /// The 24 hours are over.
    WindowClosed,
    /// A person is told, by an incident of this kind.
    Told(&'static str),
}

fn outlook(class: ErrorClass, tried: u32) -> Outlook {
    match class {
        ErrorClass::Unknown => Outlook::Unknown,
        ErrorClass::TokenExpired
        | ErrorClass::StopAccount
        | ErrorClass::StopNumber
        | ErrorClass::StopSending => Outlook::AfterPause,
        ErrorClass::WindowClosed if tried == 0 => Outlook::After(WINDOW_DOUBT),
        ErrorClass::WindowClosed => Outlook::WindowClosed,
        ErrorClass::PairLimit => Outlook::After(pair_backoff(tried)),
        ErrorClass::Wait { retry_after } => Outlook::After(retry_after),
        ErrorClass::NumberThroughput | ErrorClass::Retry | ErrorClass::MediaUrlExpired => {
            Outlook::AfterBackoff
        }
        ErrorClass::OutboundMedia if tried == 0 => Outlook::AfterBackoff,
        ErrorClass::Undeliverable => Outlook::Told("contact_unreachable"),
        ErrorClass::OptedOut => Outlook::Told("contact_opted_out"),
        ErrorClass::TemplateWrong | ErrorClass::TemplatePaused => Outlook::Told("template_refused"),
        ErrorClass::OutboundMedia
        | ErrorClass::UsePhone
        | ErrorClass::MediaGone
        | ErrorClass::MediaTooLarge
        | ErrorClass::HostNotAllowed
        | ErrorClass::Permanent => Outlook::Told("message_failed"),
    }
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

    #[test]
    fn every_code_of_meta_has_an_end_and_none_is_silent() {
        let end = |code| outlook(ErrorClass::of_code(code).expect("a code of the table"), 1);
        for code in [1, 2, 131_000, 131_016, 133_004, 130_429] {
            assert_eq!(end(code), Outlook::AfterBackoff, "{code}");
        }
        for code in [4, 80_007, 131_057, 131_056] {
            assert!(matches!(end(code), Outlook::After(_)), "{code}");
        }
        let pauses =
            [0, 3, 10, 190, 200, 299, 131_005, 368, 131_031, 130_497, 131_042, 131_048, 131_064, 131_045];
        let numbers = [133_000, 133_005, 133_006, 133_008, 133_009, 133_010, 133_015, 133_016];
        for code in pauses.into_iter().chain(numbers) {
            assert_eq!(end(code), Outlook::AfterPause, "{code}");
            assert!(ErrorClass::of_code(code).is_some_and(ErrorClass::pauses), "{code}");
        }
        assert_eq!(outlook(ErrorClass::WindowClosed, 0), Outlook::After(WINDOW_DOUBT));
        assert_eq!(end(131_047), Outlook::WindowClosed);
        for code in [131_026, 131_049, 130_472, 130_403, 137_000] {
            assert_eq!(end(code), Outlook::Told("contact_unreachable"), "{code}");
        }
        assert_eq!(end(131_050), Outlook::Told("contact_opted_out"));
        for code in [132_000, 132_001, 132_005, 132_007, 132_012, 132_015, 132_016, 132_018, 132_068, 132_069]
        {
            assert_eq!(end(code), Outlook::Told("template_refused"), "{code}");
        }
        for code in [100, 131_008, 131_009, 131_021, 135_000, 131_051, 131_052, 131_053, 131_062] {
            assert_eq!(end(code), Outlook::Told("message_failed"), "{code}");
        }
    }

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
