//! Leaving the straight road is a value: a person decides, or the world failed and we try again.
//!
//! The `From` impls here are the one place that sorts errors into the two.

use std::{error::Error, time::Duration};

use acuse_pipeline::reason::{Reason, ReasonCode};
use acuse_storage::{CatalogError, error::Chain, objects::ObjectError, parts::Part};
use acuse_whatsapp::{ErrorClass, GraphError, graph};

use crate::{sandbox::SandboxError, scan::ScanError};

/// Why a document does not go straight on.
#[derive(Debug)]
pub enum Halt {
    /// A person decides.
    Review(Reason),
    /// The world failed, not the document. When the attempts are spent, a person decides.
    Retry(Cause),
}

/// What failed, and how long to leave it alone.
#[derive(Debug)]
pub struct Cause {
    /// For the timeline and the log: what was being done and what came back. No secret, no content.
    pub what: String,
    /// Until when.
    pub wait: Wait,
    /// Whether it gets only a handful of attempts even while its media id lives.
    pub hopeless: bool,
}

/// How long to wait.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wait {
    /// By the number of attempts so far.
    Backoff,
    /// A part of ours failed. If its probe fails too, what needs it waits and no attempt is burnt; else by the number
    /// of attempts.
    Part(Part),
    /// Not before this long.
    AtLeast(Duration),
    /// All numbers of the token must pause; no attempt is burnt. The text tells the operator why.
    PauseToken(String),
    /// This number must pause; no attempt is burnt. The text tells the operator why.
    PauseNumber(String),
    /// The number is paused already, until then; no attempt is burnt.
    Paused(time::OffsetDateTime),
    /// The malware scanner is away; no attempt is burnt, and an operator is told.
    ScannerAway,
}

impl Cause {
    /// Tried again by the number of attempts so far.
    pub fn backoff(what: impl Into<String>) -> Self {
        Self { what: what.into(), wait: Wait::Backoff, hopeless: false }
    }

    fn of(error: &(dyn Error + 'static), wait: Wait) -> Self {
        Self { what: chain(error), wait, hopeless: false }
    }
}

/// An error and all its causes on one line.
pub(crate) fn chain(error: &(dyn Error + 'static)) -> String {
    Chain(error).to_string()
}

/// The file is larger than may be kept.
pub(crate) fn too_large(limit: u64) -> Halt {
    Halt::Review(
        Reason::new(ReasonCode::TooLarge, "The file is larger than may be kept.")
            .with("limit", limit)
            .with("limit_name", "original_bytes"),
    )
}

/// The media cannot be had any more.
pub(crate) fn media_unavailable(why: impl Into<String>) -> Halt {
    Halt::Review(
        Reason::new(ReasonCode::MediaUnavailable, "The file could not be fetched from WhatsApp.")
            .with("why", why.into()),
    )
}

impl From<GraphError> for Halt {
    fn from(error: GraphError) -> Self {
        let what = chain(&error);
        let retry = |wait, hopeless| Self::Retry(Cause { what: what.clone(), wait, hopeless });
        match error.class {
            ErrorClass::MediaGone => media_unavailable(what),
            ErrorClass::MediaTooLarge => match error.cause {
                graph::Cause::TooLarge { limit_bytes } => too_large(limit_bytes),
                _ => media_unavailable(what),
            },
            ErrorClass::TokenExpired => retry(Wait::PauseToken(what.clone()), false),
            ErrorClass::StopAccount | ErrorClass::StopNumber => retry(Wait::PauseNumber(what.clone()), false),
            ErrorClass::Wait { retry_after } => retry(Wait::AtLeast(retry_after), false),
            // An operator mends these; the media id waits for days.
            ErrorClass::HostNotAllowed | ErrorClass::StopSending => {
                retry(Wait::AtLeast(Duration::from_secs(300)), false)
            }
            ErrorClass::Retry => retry(Wait::Part(Part::Graph), false),
            ErrorClass::NumberThroughput
            | ErrorClass::PairLimit
            | ErrorClass::Unknown
            | ErrorClass::MediaUrlExpired => retry(Wait::Backoff, false),
            ErrorClass::Permanent
            | ErrorClass::WindowClosed
            | ErrorClass::Undeliverable
            | ErrorClass::HeldBack
            | ErrorClass::Blocked
            | ErrorClass::OptedOut
            | ErrorClass::UsePhone
            | ErrorClass::TemplateWrong
            | ErrorClass::TemplatePaused
            | ErrorClass::OutboundMedia => retry(Wait::Backoff, true),
        }
    }
}

impl From<ObjectError> for Halt {
    fn from(error: ObjectError) -> Self {
        match error {
            ObjectError::TooLarge { limit } => too_large(limit),
            // A download that fails midway reaches us through the upload it was feeding.
            ObjectError::Source(source) => match source.downcast::<GraphError>() {
                Ok(graph) => Self::from(*graph),
                Err(other) => Self::Retry(Cause::of(&*other, Wait::Backoff)),
            },
            // All are about this one object.
            other @ (ObjectError::Missing(_)
            | ObjectError::Altered { .. }
            | ObjectError::Unopened { .. }
            | ObjectError::Erased { .. }) => Self::Retry(Cause::of(&other, Wait::Backoff)),
            other => Self::Retry(Cause::of(&other, Wait::Part(Part::Objects))),
        }
    }
}

impl From<SandboxError> for Halt {
    fn from(error: SandboxError) -> Self {
        let part = if matches!(error, SandboxError::Source(_)) { Part::Objects } else { Part::Reader };
        Self::Retry(Cause::of(&error, Wait::Part(part)))
    }
}

impl From<ScanError> for Halt {
    fn from(error: ScanError) -> Self {
        // Once connected, the file itself may be why: the probe tells.
        let wait = match &error {
            ScanError::Away(..) => Wait::ScannerAway,
            ScanError::Source(_) => Wait::Part(Part::Objects),
            ScanError::Silent(_) | ScanError::Failed(_) => Wait::Part(Part::Scanner),
        };
        Self::Retry(Cause::of(&error, wait))
    }
}

impl From<CatalogError> for Halt {
    fn from(error: CatalogError) -> Self {
        let wait = match &error {
            // All attempts together outlast the building of the largest index.
            CatalogError::Unindexed => Wait::AtLeast(Duration::from_secs(120)),
            ours if ours.is_unavailable() || ours.is_contention() => Wait::Part(Part::Database),
            _ => Wait::Backoff,
        };
        Self::Retry(Cause::of(&error, wait))
    }
}
