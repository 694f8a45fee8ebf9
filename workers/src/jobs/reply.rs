//! `reply`: what waits in one line (a person, one of our numbers) leaves in order, through [`crate::dispatch`], and never
//! twice on purpose.
//!
//! The outbox's lease keeps one line in one worker's hands, and no line waits for another. What a refusal means is
//! decided in `refusal`. Meta knows no
//! idempotency key: a send whose answer was lost is `unknown`, and only a status that carries its id settles it.

mod file;
mod message;
mod refusal;

use std::time::Instant;

use acuse_storage::{
    CatalogError, ContactId,
    dispatch::in_header,
    numbers::{About, Direction, May},
    outbox::{HeldFor, Line, MessageKind, NextReply, OutboxMessage, OutboxState, TOO_LATE},
    parts::Part,
};
use acuse_whatsapp::{ErrorClass, Graph, Recipient};
use time::OffsetDateTime;
use tracing::Instrument;

use file::Brings;
use message::{Leaving, addressed, choices, template, text, with_file};
use refusal::{Failure, Heard, refused};

use crate::{
    dispatch::{How, Verdict, Why, decide},
    env::Env,
    halt::chain,
    jobs::{Ended, boundary, measure},
    parts,
};

/// Messages one task sends before others have their turn.
const PER_TASK: usize = 5;

/// Sends what waits for a contact in any of their lines.
pub async fn reply_to(env: &Env, contact: ContactId) -> Ended {
    let lines = match env.catalog.lines_of(contact).await {
        Ok(lines) => lines,
        Err(error) => {
            tracing::error!(error = chain(&error), "the catalog failed; the sweep will find the messages");
            return Ended::Lost;
        }
    };
    let mut ended = Ended::Stale;
    for line in lines {
        ended = reply(env, &line).await;
    }
    ended
}

/// Sends what waits in a line.
pub async fn reply(env: &Env, line: &Line) -> Ended {
    let span = tracing::info_span!("job", stage = "reply", contact_id = %line.contact, number = line.number);
    async {
        let started = Instant::now();
        let ended = send_waiting(env, line).await.unwrap_or_else(|error| {
            tracing::error!(error = chain(&error), "the catalog failed; the sweep will find the messages");
            Ended::Lost
        });
        measure("reply", ended.as_str(), started);
        ended
    }
    .instrument(span)
    .await
}

async fn send_waiting(env: &Env, line: &Line) -> Result<Ended, CatalogError> {
    let mut ended = Ended::Stale;
    for _ in 0..PER_TASK {
        // Before each: the one before may have found Graph away, and the next is not spent on it.
        if let Some(away) = parts::closed(env, &[Part::Graph]).await? {
            env.catalog.line_goes_on(line, away.probe_at).await?;
            return Ok(Ended::Waits);
        }
        let message = match env.catalog.next_reply(line, env.policy.reply_lease).await? {
            NextReply::Send(message) => message,
            NextReply::NotBefore(at) => {
                // A task of its own, so that the ledger sees one behind what waits.
                env.catalog.line_goes_on(line, at).await?;
                return Ok(ended);
            }
            NextReply::Busy => {
                // Should its worker be dead, its lease ends.
                env.catalog.line_goes_on(line, env.after(env.policy.reply_lease)).await?;
                return Ok(ended);
            }
            NextReply::Empty => return Ok(ended),
        };
        ended = send_one(env, &message).instrument(about(&message)).await?;
        if matches!(ended, Ended::Retry | Ended::Waits) {
            return Ok(ended);
        }
    }
    env.catalog.line_goes_on(line, env.now()).await?;
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
    boundary::pass("reply.taken");
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
            let failure = told_before(message);
            let number = message.phone_number_id.clone().unwrap_or_default();
            return refused(env, message, &number, failure).await;
        }
        _ => {}
    }
    let Some(contact) = catalog.contact(message.contact_id).await? else {
        catalog.reply_failed(message.id, "message_failed", "there is no such contact").await?;
        return Ok(Ended::Moved);
    };
    match addressed(message, &contact) {
        Ok((number, to)) => dispatch(env, message, &number, to).await,
        Err(why) => {
            catalog.reply_failed(message.id, "message_failed", why).await?;
            Ok(Ended::Moved)
        }
    }
}

/// What is known of a message that was refused: a status said so, or the worker whose call it was died before it decided.
/// A call that was refused left no id.
fn told_before(message: &OutboxMessage) -> Failure {
    let heard = if message.wamid.is_some() { Heard::ByStatus } else { Heard::InCall };
    let class = match (message.error_code, heard) {
        (Some(code), _) => ErrorClass::of_code(code).unwrap_or(ErrorClass::Permanent),
        // A failure without a code is no code 0, which would be our token's.
        (None, Heard::ByStatus) => ErrorClass::Permanent,
        (None, Heard::InCall) => ErrorClass::Retry,
    };
    Failure {
        class,
        code: message.error_code,
        why: said_of(message),
        tried: message.attempts.saturating_sub(1),
        template: message.template.clone(),
        heard,
    }
}

/// Why it failed, in the words that Meta had for it.
fn said_of(message: &OutboxMessage) -> String {
    let words = message.error.as_deref().filter(|words| !words.is_empty());
    match (words, message.error_code) {
        (Some(words), Some(code)) if !words.contains(&code.to_string()) => format!("{words} (code {code})"),
        (Some(words), _) => words.to_owned(),
        (None, Some(code)) => format!("failed by status, code {code}"),
        (None, None) => "failed by a status that names no code".to_owned(),
    }
}

/// Asks whether the message goes, and how, and does what the answer says.
async fn dispatch(
    env: &Env,
    message: &OutboxMessage,
    number: &str,
    to: Recipient,
) -> Result<Ended, CatalogError> {
    let catalog = &env.catalog;
    let brought = match file::of(env, message, number).await? {
        Brings::Nothing => None,
        Brings::File(file) => Some(file),
        Brings::Gone(ended) => return Ok(ended),
    };
    let asked = catalog.dispatch(message, number, |facts| {
        let verdict = decide(message, facts, env.graph_of(&facts.token_ref).is_some());
        let brings = match &verdict {
            Verdict::Go { how: How::AsItIs, .. } => true,
            // In another template than one that it names no file goes.
            Verdict::Go { how: How::Template(..), .. } => in_header(message).is_some(),
            _ => false,
        };
        let uploads = brings && brought.as_ref().is_some_and(|file| file::awaits_upload(file, facts.now));
        // What is only uploaded yet is not paid for.
        let paid = match &verdict {
            Verdict::Go { paid, .. } if !uploads => Some(paid.clone()),
            _ => None,
        };
        let takes = paid.as_ref().and_then(|paid| facts.takes(&paid.template.as_ref()?.1)).cloned();
        ((verdict, uploads, facts.token_ref.clone(), takes), paid)
    });
    let Some((verdict, uploads, token_ref, takes)) = asked.await? else { return Ok(Ended::Stale) };
    match verdict {
        Verdict::Go { how, paid, after } => {
            let Some(graph) = env.graph_of(&token_ref) else { return Ok(Ended::Lost) };
            if let Some(file) = brought.as_deref().filter(|_| uploads) {
                // An upload that a pause's probe begins with is that probe: one, and at growing gaps.
                if paid.probe
                    && let May::NotBefore(at) = catalog.may_go(number, Direction::Send, env.now()).await?
                {
                    return postpone(env, message, (number, &token_ref), (at, Why::NumberPaused)).await;
                }
                return file::upload(env, graph, message, number, file).await;
            }
            if !after.is_zero() {
                tokio::time::sleep(after).await;
            }
            let file = brought.as_deref().and_then(file::attached);
            leave(env, graph, message, &Leaving { number, to, how, file, probe: paid.probe, takes }).await
        }
        Verdict::Later(until, Why::OptedOut) => {
            catalog.reply_stopped(message.id, until).await?;
            Ok(Ended::Moved)
        }
        Verdict::Later(until, why) => postpone(env, message, (number, &token_ref), (until, why)).await,
        Verdict::Tell(why) => {
            tell(env, message, why).await?;
            Ok(Ended::Moved)
        }
        Verdict::Withdraw(why) => {
            let said = if why == Why::OptedOut { "opted out" } else { TOO_LATE };
            catalog.reply_withdrawn(message.id, said).await?;
            Ok(Ended::Moved)
        }
    }
}

/// It does not go before then; the others in its line do, where what it waits for is none of theirs.
async fn postpone(
    env: &Env,
    message: &OutboxMessage,
    (number, token_ref): (&str, &str),
    (mut until, why): (OffsetDateTime, Why),
) -> Result<Ended, CatalogError> {
    if why == Why::NoToken {
        let why = format!("no access token with the reference {token_ref} is set");
        env.catalog.pause(About::TokenOf(number), Direction::Send, &why, env.now()).await?;
        until = env.after(env.policy.probe_every);
    }
    let held_for = match why {
        Why::TemplatePaused => Some(HeldFor::Template),
        Why::Unconfirmed => Some(HeldFor::Confirmation),
        Why::Tier => Some(HeldFor::Tier),
        Why::Night => Some(HeldFor::Morning),
        _ => None,
    };
    env.catalog.reply_postponed(message.id, in_time(message, until), held_for).await?;
    // Those behind one that stands aside go on.
    Ok(if held_for.is_some() { Ended::Moved } else { Ended::Waits })
}

async fn tell(env: &Env, message: &OutboxMessage, why: Why) -> Result<(), CatalogError> {
    let (kind, words) = match why {
        // By which template it goes was named, whether the window is open or not.
        Why::WindowClosed if message.payload.named.is_some() => {
            ("template_refused", "Meta has not approved the template that it goes by, or disabled it")
        }
        Why::WindowClosed => return env.catalog.reply_window_closed(message.id).await,
        Why::TooLate => ("message_expired", "it could not be sent in time"),
        Why::NoConsent => ("consent_missing", "the person never agreed to such messages"),
        Why::OptedOut => ("contact_opted_out", "they did not write again while it was worth sending"),
        Why::Unfit(unfit) => {
            return env.catalog.reply_failed(message.id, "template_refused", &unfit.to_string()).await;
        }
        Why::Night
        | Why::NumberPaused
        | Why::NoToken
        | Why::PairLimit
        | Why::NumberRate
        | Why::TemplatePaused
        | Why::Unconfirmed
        | Why::Tier => ("message_failed", "it could not be sent"),
    };
    env.catalog.reply_failed(message.id, kind, words).await
}

/// A wait does not outlast what is waited for: when its time is over, that is seen at once.
fn in_time(message: &OutboxMessage, at: OffsetDateTime) -> OffsetDateTime {
    message.expires_at.map_or(at, |expires| at.min(expires))
}

async fn leave(
    env: &Env,
    graph: &Graph,
    message: &OutboxMessage,
    leaving: &Leaving<'_>,
) -> Result<Ended, CatalogError> {
    let (catalog, number) = (&env.catalog, leaving.number);
    boundary::pass("reply.sending");
    let sent = match (&leaving.how, &leaving.file) {
        (How::AsItIs, _) if message.kind == MessageKind::Buttons => {
            graph.send_choices(&choices(message, leaving)).await
        }
        (How::AsItIs, Some(file)) => graph.send_file(&with_file(message, leaving, file)).await,
        (How::AsItIs, None) => graph.send_text(&text(message, leaving)).await,
        (How::Template(name, language), _) => {
            graph.send_template(&template(message, leaving, name, language)).await
        }
    };
    match sent {
        Ok(sent) => {
            boundary::pass("reply.sent");
            catalog.reply_sent(message.id, &sent.message_id).await?;
            if sent.is_assessed() {
                catalog.reply_assessed(message.id).await?;
            }
            boundary::pass("reply.settled");
            if leaving.probe && catalog.probe_taken(number, env.now()).await? {
                tracing::info!("the number sends again");
            }
            tracing::info!(attempts = message.attempts + 1, "reply sent");
            Ok(Ended::Moved)
        }
        Err(error) => {
            let template = match &leaving.how {
                How::AsItIs => None,
                How::Template(name, language) => Some((name.clone(), language.clone())),
            };
            let (class, code, why) = (error.class, error.code(), chain(&error));
            if class != ErrorClass::Unknown {
                catalog.reply_refused(message.id, &why, code).await?;
                boundary::pass("reply.refused");
            }
            let failure =
                Failure { class, code, why, tried: message.attempts, template, heard: Heard::InCall };
            refused(env, message, number, failure).await
        }
    }
}
