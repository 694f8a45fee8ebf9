//! What a refusal means for a message, for its number, for the person and for a template; the same whether a call was
//! refused or a status said so afterwards.

use std::time::Duration;

use acuse_storage::{
    CatalogError,
    numbers::{About, Direction},
    outbox::{HeldFor, OutboxMessage},
    parts::Part,
};
use acuse_whatsapp::{
    ErrorClass,
    policy::{backoff, number_backoff},
};
use time::OffsetDateTime;

use super::{file, in_time};
use crate::{env::Env, jobs::Ended, parts};

/// How long to wait before a second try when Meta says the window is closed and our clock says open (Meta's known
/// issue with 131047).
const WINDOW_DOUBT: Duration = Duration::from_secs(60);
/// A template's first pause (Meta: 3 hours, then 6, then it is disabled).
const TEMPLATE_PAUSE: Duration = Duration::from_secs(3 * 3_600);
/// What Meta says of what stands in a template, and not of the template: their count, their length, their form.
const OF_PARAMETERS: [i64; 4] = [132_000, 132_005, 132_012, 132_018];
/// Meta's code for an account that it locked: other calls than a message may pass all the same.
const LOCKED: i64 = 131_031;
/// A cap per person is not tried again before (Meta, 131049).
const DAY: Duration = Duration::from_secs(24 * 3_600);

/// How it was heard that a send failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Heard {
    /// The call was refused.
    InCall,
    /// The call was taken, and a status said so afterwards.
    ByStatus,
}

/// How a send failed.
pub(super) struct Failure {
    pub class: ErrorClass,
    pub code: Option<i64>,
    pub why: String,
    /// Times it was tried before that one.
    pub tried: u32,
    pub template: Option<(String, String)>,
    pub heard: Heard,
}

/// What a refusal means for the message, whether the call was refused or a status said so: later, as long as it is
/// worth sending; or in front of a person; or nobody knows.
pub(super) async fn refused(
    env: &Env,
    message: &OutboxMessage,
    number: &str,
    failure: Failure,
) -> Result<Ended, CatalogError> {
    let catalog = &env.catalog;
    // What it brings may be what was refused.
    let failure = file::judged(env, message, number, failure).await?;
    let Failure { class, code, why, tried, .. } = &failure;
    tracing::warn!(class = class.as_str(), error = why, tried, "a reply was not accepted");
    let away = note(env, message, number, &failure).await?;
    let outlook = outlook(*class, *tried);
    let at = match outlook {
        // Meta says so of what went by a template too: nothing else is left that could go.
        Outlook::WindowClosed if failure.template.is_some() => {
            catalog.reply_window_closed(message.id).await?;
            return Ok(Ended::Moved);
        }
        Outlook::Unknown => {
            catalog.reply_unknown(message.id, why).await?;
            return Ok(Ended::Moved);
        }
        // It was the file that Meta would not have.
        Outlook::Told(_) if *class == ErrorClass::OutboundMedia => {
            return file::leave_behind(env, message, why).await;
        }
        Outlook::Told(kind) => {
            catalog.reply_failed(message.id, kind, why).await?;
            return Ok(Ended::Moved);
        }
        Outlook::OptedOut => {
            match message.category {
                Some(_) => catalog.reply_withdrawn(message.id, why).await?,
                None => catalog.reply_failed(message.id, "contact_opted_out", why).await?,
            }
            return Ok(Ended::Moved);
        }
        Outlook::NotToday => {
            not_today(env, message, why, *code).await?;
            return Ok(Ended::Moved);
        }
        Outlook::AfterTemplate => {
            let until = in_time(message, env.after(TEMPLATE_PAUSE));
            catalog.reply_aside(message.id, why, *code, until, HeldFor::Template).await?;
            return Ok(Ended::Moved);
        }
        // What stands in for it, or who is told, is decided where all sends are.
        Outlook::WindowClosed => env.now(),
        Outlook::AfterBackoff => env.after(backoff(*tried, env.policy.reply_ceiling, rand::random())),
        Outlook::After(wait) => env.after(wait),
        Outlook::AsRatesAllow => env.after(slowed(env, message, number, *class).await?),
        Outlook::AfterPause => env.after(env.policy.probe_every),
    };
    again(env, message, &failure, (at, away)).await?;
    Ok(if outlook == Outlook::WindowClosed { Ended::Moved } else { Ended::Retry })
}

/// Back into its line until then, and until somebody is there. No attempt ends these waits: `expires_at` does, and before
/// each send it is looked at.
async fn again(
    env: &Env,
    message: &OutboxMessage,
    failure: &Failure,
    (at, away): (OffsetDateTime, Option<OffsetDateTime>),
) -> Result<(), CatalogError> {
    let at = in_time(message, away.map_or(at, |until| at.max(until)));
    if is_of_the_message(failure.class) && away.is_none() {
        env.catalog.reply_later(message.id, &failure.why, failure.code, at).await
    } else {
        env.catalog.reply_put_off(message.id, &failure.why, failure.code, at).await
    }
}

/// Tomorrow, if it is worth sending then; else a person is told now.
async fn not_today(
    env: &Env,
    message: &OutboxMessage,
    why: &str,
    code: Option<i64>,
) -> Result<(), CatalogError> {
    let (catalog, tomorrow) = (&env.catalog, env.after(DAY));
    if message.expires_at.is_some_and(|expires| expires <= tomorrow) {
        return catalog.reply_failed(message.id, "message_held_back", why).await;
    }
    catalog.reply_aside(message.id, why, code, tomorrow, HeldFor::Tomorrow).await
}

/// Whether a refusal says something of the message, and not only of its number, the person or our account: then the next
/// wait is longer for it.
fn is_of_the_message(class: ErrorClass) -> bool {
    let of_rates =
        matches!(class, ErrorClass::NumberThroughput | ErrorClass::PairLimit | ErrorClass::Wait { .. });
    !of_rates && !class.pauses()
}

/// A rate of Meta's is used up: the number slows, or the pair does, for all that they send. How long this message waits
/// for it, whatever befell it before.
async fn slowed(
    env: &Env,
    message: &OutboxMessage,
    number: &str,
    class: ErrorClass,
) -> Result<Duration, CatalogError> {
    if class == ErrorClass::PairLimit {
        return env.catalog.pair_refused(message.contact_id, number).await;
    }
    let rate = env.catalog.rate_lowered(number).await?;
    Ok(number_backoff(rate.per_s, rate.ceiling, rand::random()))
}

/// Whom else a refusal is about: Graph, the number, its token, the contact, the template. Until when Graph is left alone,
/// if nobody is there.
async fn note(
    env: &Env,
    message: &OutboxMessage,
    number: &str,
    failure: &Failure,
) -> Result<Option<OffsetDateTime>, CatalogError> {
    if matches!(failure.class, ErrorClass::Retry | ErrorClass::Unknown) {
        // Is it this message, or is nobody there? A gateway that gives up and a call that hangs may be an outage too.
        return parts::blame(env, Part::Graph).await;
    }
    note_of(env, message, number, failure).await.map(|()| None)
}

async fn note_of(
    env: &Env,
    message: &OutboxMessage,
    number: &str,
    failure: &Failure,
) -> Result<(), CatalogError> {
    let (catalog, class) = (&env.catalog, failure.class);
    if class.pauses() {
        let about = match class {
            ErrorClass::TokenExpired => About::TokenOf(number),
            ErrorClass::StopNumber => About::PermissionOf(number),
            ErrorClass::StopAccount if failure.code != Some(LOCKED) => About::PermissionOf(number),
            _ => About::Number(number),
        };
        return match failure.heard {
            Heard::InCall => catalog.pause(about, Direction::Send, &failure.why, env.now()).await,
            Heard::ByStatus => catalog.pause_by_status(about, &failure.why, env.now()).await,
        };
    }
    match (class, &failure.template) {
        (ErrorClass::Undeliverable, _) => catalog.contact_unreachable(message.contact_id, env.now()).await,
        (ErrorClass::OptedOut, _) => {
            // Meta's own switch is about marketing, and nothing else was refused, whatever the message was queued as.
            catalog.consent_withdrawn(message, number, "marketing", "meta_131050").await
        }
        (ErrorClass::TemplateWrong, Some(template))
            if is_of_template(message.payload.named.is_some(), failure.code) =>
        {
            catalog.template_refused(number, template, &failure.why, None).await
        }
        (ErrorClass::TemplatePaused, Some(template)) => {
            let until = env.after(TEMPLATE_PAUSE);
            catalog.template_refused(number, template, &failure.why, Some(until)).await
        }
        _ => Ok(()),
    }
}

/// Whether a template itself is wrong: it goes to nobody any more. What somebody put wrongly into one that they named harms
/// their own message alone.
fn is_of_template(is_named: bool, code: Option<i64>) -> bool {
    !is_named || code.is_none_or(|code| !OF_PARAMETERS.contains(&code))
}

/// What is to become of a message that was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outlook {
    /// Again, by the number of attempts.
    AfterBackoff,
    /// Again, not before this long.
    After(Duration),
    /// Again as soon as the rate that was used up allows.
    AsRatesAllow,
    /// Again when its number's pause has ended.
    AfterPause,
    /// Again when its template's pause has ended; others go meanwhile.
    AfterTemplate,
    /// Not before tomorrow, if it is worth sending then; others go meanwhile.
    NotToday,
    /// It may have left.
    Unknown,
    /// The 24 hours are over.
    WindowClosed,
    /// The person does not want it.
    OptedOut,
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
        ErrorClass::PairLimit | ErrorClass::NumberThroughput => Outlook::AsRatesAllow,
        ErrorClass::Wait { retry_after } => Outlook::After(retry_after),
        ErrorClass::Retry | ErrorClass::MediaUrlExpired => Outlook::AfterBackoff,
        ErrorClass::OutboundMedia if tried == 0 => Outlook::AfterBackoff,
        ErrorClass::Undeliverable => Outlook::Told("contact_unreachable"),
        ErrorClass::HeldBack => Outlook::NotToday,
        ErrorClass::Blocked => Outlook::Told("contact_blocked"),
        ErrorClass::OptedOut => Outlook::OptedOut,
        ErrorClass::TemplateWrong => Outlook::Told("template_refused"),
        ErrorClass::TemplatePaused => Outlook::AfterTemplate,
        ErrorClass::OutboundMedia
        | ErrorClass::UsePhone
        | ErrorClass::MediaGone
        | ErrorClass::MediaTooLarge
        | ErrorClass::HostNotAllowed
        | ErrorClass::Permanent => Outlook::Told("message_failed"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_parameters_of_one_caller_shut_a_template_for_nobody_else() {
        for code in OF_PARAMETERS {
            assert_eq!(ErrorClass::of_code(code), Some(ErrorClass::TemplateWrong), "{code}");
            assert!(!is_of_template(true, Some(code)), "{code}: whoever named it put it wrong");
            assert!(is_of_template(false, Some(code)), "{code}: of ours, what stands in it is ours too");
        }
        for code in [132_001, 132_007, 132_016] {
            assert!(is_of_template(true, Some(code)), "{code}: there is none, or it is shut");
        }
    }
}
