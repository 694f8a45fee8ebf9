//! What stands before every send, as a plain function: may this message go now, how, and if not, why not.
//!
//! In this order: is it still worth it, did the person agree to its kind, is it day where they are, may the number send,
//! how often may this person be written to, how much may the number send, is the 24-hour window open, does what stands in a
//! template fit it and did the person agree to what Meta takes it for by now, and may the number write to one more first.
//! What goes is paid for in the same transaction ([`acuse_storage::dispatch`]).

#[cfg(test)]
mod tests;

use std::time::Duration;

use acuse_storage::{
    dispatch::{Facts, Paid, in_header, stands_in},
    outbox::{OutboxMessage, Purpose},
};
use acuse_whatsapp::{
    graph::Attached,
    policy::{RATE_WAIT_MOST, Rate, Turn, Window},
    template::{Filled, Given, HeaderFile, Takes, Unfit},
};
use time::OffsetDateTime;

/// The longest that a message holds its place in the number's line; longer, and it comes again.
const IN_LINE: Duration = Duration::from_secs(2);
/// Meta's code for a closed window.
const WINDOW_CLOSED: i64 = 131_047;

/// Why a message does not go now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// It is no longer worth sending.
    TooLate,
    /// The person does not want messages of this kind.
    OptedOut,
    /// It needs a consent that was never given.
    NoConsent,
    /// It is of our own accord, and night where the person is.
    Night,
    /// The number may not send.
    NumberPaused,
    /// No access token with the number's reference is set.
    NoToken,
    /// The person was written to too often.
    PairLimit,
    /// The number sends all that it may.
    NumberRate,
    /// The 24 hours are over, and no approved template stands in.
    WindowClosed,
    /// The 24 hours are over, and the template that would stand in is paused.
    TemplatePaused,
    /// They go by another name, and have not written from there yet.
    Unconfirmed,
    /// The number has written to as many people first in a day as Meta lets it.
    Tier,
    /// What stands in its template does not fit it by now.
    Unfit(Unfit),
}

/// How often it is looked whether somebody wrote from their new name; that they do is seen at once.
const UNCONFIRMED_LOOKED_AT: time::Duration = time::Duration::DAY;

/// How a message goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum How {
    /// As it is.
    AsItIs,
    /// In a template, by this name and language.
    Template(String, String),
}

/// What becomes of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It goes, after its turn in the number's line.
    Go {
        /// How.
        how: How,
        /// What it costs.
        paid: Paid,
        /// Its turn.
        after: Duration,
    },
    /// Not before then.
    Later(OffsetDateTime, Why),
    /// A person is told.
    Tell(Why),
    /// It is taken back.
    Withdraw(Why),
}

/// Decides on one message. `has_token`: whether the token of that reference is set.
#[must_use]
pub fn decide(message: &OutboxMessage, facts: &Facts, has_token: bool) -> Verdict {
    let (now, answer) = (facts.now, message.category.is_none());
    if message.expires_at.is_some_and(|until| until <= now) {
        return too_late(message, facts);
    }
    if let Some(refusal) = consent(message, facts) {
        return refusal;
    }
    if let Some(day) = facts.by_day_at {
        return Verdict::Later(day, Why::Night);
    }
    if let Some(until) = facts.paused_until.filter(|until| *until > now) {
        return Verdict::Later(until, Why::NumberPaused);
    }
    if !has_token {
        return Verdict::Later(now, Why::NoToken);
    }
    let pair_paid_at = Rate::PAIR.plausible(facts.pair_paid_at, now, RATE_WAIT_MOST);
    let pair = match Rate::PAIR.ask(pair_paid_at, now) {
        Turn::Go { paid_at } => paid_at,
        Turn::Wait(wait) => return Verdict::Later(later(now, wait), Why::PairLimit),
    };
    let (number, after) = match turn(facts, answer) {
        Ok(turn) => turn,
        Err(wait) => return Verdict::Later(later(now, wait), Why::NumberRate),
    };
    let how = match shape(message, facts) {
        Shape::Goes(How::AsItIs) => How::AsItIs,
        // No template reaches whoever wants none: they write again, or a person has it.
        _ if facts.is_stopped => {
            let until = message.expires_at.unwrap_or(now.saturating_add(time::Duration::DAY));
            return Verdict::Later(until, Why::OptedOut);
        }
        Shape::Goes(how) => how,
        Shape::Held(until) => return Verdict::Later(until, Why::TemplatePaused),
        Shape::None => return Verdict::Tell(Why::WindowClosed),
    };
    let is_open = Window::at(facts.last_inbound_at, now).is_open();
    let template = match &how {
        How::AsItIs => None,
        How::Template(name, language) => {
            if let Some(refusal) = as_taken(message, facts, language, is_open) {
                return refusal;
            }
            Some((name.clone(), language.clone()))
        }
    };
    let reaches = template.is_some() && !is_open;
    let paid = Paid { number, pair, probe: facts.paused_until.is_some(), template, reaches };
    Verdict::Go { how, paid, after }
}

/// What stands in the way of a template as Meta has it now: it takes something else than when the message was queued, it
/// advertises by now, or the number reaches nobody more today.
fn as_taken(message: &OutboxMessage, facts: &Facts, language: &str, is_open: bool) -> Option<Verdict> {
    if let Err(unfit) = filled(message, facts.takes(language), None) {
        return Some(Verdict::Tell(Why::Unfit(unfit)));
    }
    let advertises = facts.templates.iter().any(|usable| usable.language == language && usable.advertises);
    if advertises && facts.advertising.as_deref() != Some("granted") {
        let is_out = facts.advertising.as_deref() == Some("withdrawn");
        // An answer that nobody gets is a person's; what we began is taken back, as after any stop.
        return Some(match (is_out, message.category.is_some()) {
            (true, true) => Verdict::Withdraw(Why::OptedOut),
            _ => Verdict::Tell(Why::NoConsent),
        });
    }
    let full = facts.reaches_at.filter(|at| !is_open && *at > facts.now);
    full.map(|at| Verdict::Later(at, Why::Tier))
}

/// What stands in a message's template, as Meta takes it: with the file that was uploaded for its header, or, where that is
/// yet to be, as it would.
///
/// # Errors
/// What does not fit what the template takes; where that is not known, a payload that none takes.
pub fn filled(
    message: &OutboxMessage,
    takes: Option<&Takes>,
    uploaded: Option<&Attached>,
) -> Result<Filled, Unfit> {
    let (header, body, buttons) = stands_in(message);
    let file = in_header(message).map(|_| {
        uploaded.map_or(HeaderFile::YET, |file| HeaderFile {
            media_id: file.media_id.as_str(),
            filename: file.filename.as_deref(),
        })
    });
    match takes {
        Some(takes) => takes.fill(Given { header: header.as_deref(), file, body: &body, buttons: &buttons }),
        None => Filled::plain(&body, &buttons),
    }
}

/// What is no longer worth sending: a person is told of an answer, of what a person wrote, and of what waited for somebody
/// under their new name, so that their case does not take it for said. Who handed a notice in hears of its end anyhow.
fn too_late(message: &OutboxMessage, facts: &Facts) -> Verdict {
    if facts.is_stopped {
        // The incident that told of it while it waited tells of its end.
        return Verdict::Tell(Why::OptedOut);
    }
    let is_told = match message.purpose {
        Purpose::Reply => true,
        Purpose::Notice => false,
        _ => message.category.is_none() || facts.is_unconfirmed,
    };
    if is_told { Verdict::Tell(Why::TooLate) } else { Verdict::Withdraw(Why::TooLate) }
}

/// Answers need no consent inside of the 24 hours, and none that was never given outside of them; what was taken back counts
/// where it is seen how they would go. All that we begin needs one that was given, by whoever goes by that name still. A
/// reminder of what somebody sent needs none while the window is open, and goes no more once they have said so.
fn consent(message: &OutboxMessage, facts: &Facts) -> Option<Verdict> {
    let _category = message.category.as_deref()?;
    let unconfirmed = || Verdict::Later(facts.now.saturating_add(UNCONFIRMED_LOOKED_AT), Why::Unconfirmed);
    match facts.consent.as_deref() {
        Some("withdrawn") => Some(Verdict::Withdraw(Why::OptedOut)),
        Some("granted") => facts.is_unconfirmed.then(unconfirmed),
        _ if message.purpose == Purpose::Reminder
            && Window::at(facts.last_inbound_at, facts.now).is_open() =>
        {
            facts.is_unconfirmed.then(unconfirmed)
        }
        _ => Some(Verdict::Tell(Why::NoConsent)),
    }
}

/// The message's turn in the number's line: when all up to it is paid for, and how long it waits; or when to ask
/// again. What is no answer takes only what answers leave.
fn turn(facts: &Facts, answer: bool) -> Result<(OffsetDateTime, Duration), Duration> {
    let rate = Rate::paced(facts.rate_per_s);
    let line = if answer { rate } else { rate.without_burst() };
    let paid_at = rate.plausible(facts.number_paid_at, facts.now, IN_LINE);
    match line.ask(paid_at, facts.now) {
        Turn::Go { paid_at } => Ok((paid_at, Duration::ZERO)),
        Turn::Wait(wait) if answer && wait <= IN_LINE => {
            let then = later(facts.now, wait);
            match rate.ask(paid_at, then) {
                Turn::Go { paid_at } => Ok((paid_at, wait)),
                Turn::Wait(more) => Err(wait + more),
            }
        }
        Turn::Wait(wait) => Err(wait),
    }
}

/// How it may go: as it is while the window is open by our clock and Meta did not say otherwise twice; else in the
/// template of its purpose. What names its template goes by that alone.
fn shape(message: &OutboxMessage, facts: &Facts) -> Shape {
    let meta_says_closed = message.error_code == Some(WINDOW_CLOSED) && message.attempts > 1;
    let is_named = message.payload.named.is_some();
    if Window::at(facts.last_inbound_at, facts.now).is_open() && !meta_says_closed && !is_named {
        return Shape::Goes(How::AsItIs);
    }
    // No file goes in a template: without it, what is nothing without it would be said to have gone.
    if message.attachment_id.is_some() && message.payload.without_file.is_none() && !is_named {
        return Shape::None;
    }
    let base = |language: &str| language.split(['_', '-']).next().map(str::to_owned);
    let fits = |tag: &str| base(tag) == base(&message.language);
    let language = facts
        .templates
        .iter()
        .find(|usable| usable.language == message.language)
        .or_else(|| facts.templates.iter().find(|usable| fits(&usable.language)));
    if let Some(usable) = language {
        return Shape::Goes(How::Template(facts.template.clone(), usable.language.clone()));
    }
    let paused = facts.paused_templates.iter().filter(|(tag, _)| fits(tag)).map(|(_, until)| *until).min();
    paused.map_or(Shape::None, Shape::Held)
}

/// In what shape a message may go.
enum Shape {
    Goes(How),
    /// In a template that is paused, until then at least.
    Held(OffsetDateTime),
    None,
}

fn later(now: OffsetDateTime, wait: Duration) -> OffsetDateTime {
    now.saturating_add(time::Duration::try_from(wait).unwrap_or(time::Duration::DAY))
}
