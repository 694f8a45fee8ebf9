//! Meta's error codes as data: what the caller does about each.
//!
//! Sources: Meta's error-codes page as of 2026-09-11; 131062 its BSUID page. Routed on the code, never on
//! the title or the HTTP status, which Meta changes.

use std::{ops::RangeInclusive, time::Duration};

/// What the caller does about a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorClass {
    /// Transient: try again with a bounded back-off, then hand it to a person.
    Retry,
    /// Try again, but not before this long.
    Wait {
        /// From `Retry-After`, the usage header, or Meta's page.
        retry_after: Duration,
    },
    /// The number's throughput is used up: back off with jitter and lower that number's rate.
    NumberThroughput,
    /// Too many to this person: [`crate::policy::pair_backoff`], for that person only.
    PairLimit,
    /// Sent or not, nobody knows: wait for a status with the callback data; resend only by policy.
    Unknown,
    /// The token is not accepted: pause the numbers that use it, keep the queue, tell the operator.
    TokenExpired,
    /// A permission is missing, or the account is locked: pause what was being done, for this number.
    StopAccount,
    /// This number may not (not registered): pause it, keep its queue, tell the operator.
    StopNumber,
    /// Nothing may be sent from this number (billing, country, spam, policy); fetching goes on.
    StopSending,
    /// The 24-hour window is closed: an approved template, or nothing.
    WindowClosed,
    /// This person cannot be reached: no retry, note it on the contact.
    Undeliverable,
    /// Meta holds this one back for a day (a cap per person, an experiment): the person can be reached all the same.
    HeldBack,
    /// We have blocked the person: nothing goes to them until somebody of us takes that back.
    Blocked,
    /// The person does not want these messages: never again.
    OptedOut,
    /// The person must be addressed by number, not by user id.
    UsePhone,
    /// The template or its parameters are wrong: block that template and language, tell its owner.
    TemplateWrong,
    /// The template is paused: hold until its status webhook.
    TemplatePaused,
    /// The media we sent along was refused: mend its type, one retry.
    OutboundMedia,
    /// The media id is gone for good: a person asks for it again.
    MediaGone,
    /// The byte URL is no longer valid: look the id up again.
    MediaUrlExpired,
    /// The media is larger than our cap.
    MediaTooLarge,
    /// Where the bytes should come from is not allowed, or not https.
    HostNotAllowed,
    /// Our request was wrong: a bug. No retry; to a person.
    Permanent,
}

impl ErrorClass {
    /// Whether the same request may succeed later without anybody doing anything.
    #[must_use]
    pub fn is_transient(self) -> bool {
        matches!(
            self,
            Self::Retry
                | Self::Wait { .. }
                | Self::NumberThroughput
                | Self::PairLimit
                | Self::MediaUrlExpired
        )
    }

    /// Whether a number must pause: attempts are not burnt on it.
    #[must_use]
    pub fn pauses(self) -> bool {
        matches!(self, Self::TokenExpired | Self::StopAccount | Self::StopNumber | Self::StopSending)
    }

    /// The class of one of Meta's codes; also for codes that come in a `failed` status. `None`: not listed.
    #[must_use]
    pub fn of_code(code: i64) -> Option<Self> {
        TABLE.iter().find(|(codes, _)| codes.contains(&code)).map(|(_, class)| *class)
    }

    /// A fixed word, for rows, metrics and logs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Retry => "retry",
            Self::Wait { .. } => "wait",
            Self::NumberThroughput => "number_throughput",
            Self::PairLimit => "pair_limit",
            Self::Unknown => "unknown",
            Self::TokenExpired => "token_expired",
            Self::StopAccount => "stop_account",
            Self::StopNumber => "stop_number",
            Self::StopSending => "stop_sending",
            Self::WindowClosed => "window_closed",
            Self::Undeliverable => "undeliverable",
            Self::HeldBack => "held_back",
            Self::Blocked => "blocked",
            Self::OptedOut => "opted_out",
            Self::UsePhone => "use_phone",
            Self::TemplateWrong => "template_wrong",
            Self::TemplatePaused => "template_paused",
            Self::OutboundMedia => "outbound_media",
            Self::MediaGone => "media_gone",
            Self::MediaUrlExpired => "media_url_expired",
            Self::MediaTooLarge => "media_too_large",
            Self::HostNotAllowed => "host_not_allowed",
            Self::Permanent => "permanent",
        }
    }
}

/// Meta calls for a wait and names none: an hour's quota, counted in minutes.
const QUOTA_WAIT: ErrorClass = ErrorClass::Wait { retry_after: Duration::from_secs(300) };
/// Maintenance: a minute at least (Meta, 131057).
const MAINTENANCE_WAIT: ErrorClass = ErrorClass::Wait { retry_after: Duration::from_secs(60) };

const fn one(code: i64) -> RangeInclusive<i64> {
    code..=code
}

/// Every code Meta documents for messages, media and tokens.
static TABLE: &[(RangeInclusive<i64>, ErrorClass)] = &[
    // Token and permission.
    (one(190), ErrorClass::TokenExpired),
    (one(0), ErrorClass::TokenExpired),
    (one(3), ErrorClass::StopAccount),
    (one(10), ErrorClass::StopAccount),
    (200..=299, ErrorClass::StopAccount),
    (one(131_005), ErrorClass::StopAccount),
    // Ban, country, billing.
    (one(368), ErrorClass::StopSending),
    (one(130_497), ErrorClass::StopSending),
    (one(131_031), ErrorClass::StopAccount),
    (one(131_042), ErrorClass::StopSending),
    // Rates.
    (one(4), QUOTA_WAIT),
    (one(80_007), QUOTA_WAIT),
    (one(130_429), ErrorClass::NumberThroughput),
    (one(131_056), ErrorClass::PairLimit),
    // Meta's own trouble.
    (1..=2, ErrorClass::Retry),
    (one(131_000), ErrorClass::Retry),
    (one(131_016), ErrorClass::Retry),
    (one(133_004), ErrorClass::Retry),
    (one(131_057), MAINTENANCE_WAIT),
    // The number.
    (one(131_045), ErrorClass::StopNumber),
    (one(131_048), ErrorClass::StopSending),
    (one(131_064), ErrorClass::StopSending),
    (one(133_000), ErrorClass::StopNumber),
    (133_005..=133_006, ErrorClass::StopNumber),
    (133_008..=133_010, ErrorClass::StopNumber),
    (133_015..=133_016, ErrorClass::StopNumber),
    // The person.
    (one(131_047), ErrorClass::WindowClosed),
    (one(131_026), ErrorClass::Undeliverable),
    (one(131_030), ErrorClass::Undeliverable),
    (one(130_403), ErrorClass::Blocked),
    (one(130_472), ErrorClass::HeldBack),
    (one(131_049), ErrorClass::HeldBack),
    (one(131_050), ErrorClass::OptedOut),
    (one(131_062), ErrorClass::UsePhone),
    // Templates and Flows.
    (132_000..=132_001, ErrorClass::TemplateWrong),
    (one(132_005), ErrorClass::TemplateWrong),
    (one(132_007), ErrorClass::TemplateWrong),
    (one(132_012), ErrorClass::TemplateWrong),
    (one(132_016), ErrorClass::TemplateWrong),
    (one(132_018), ErrorClass::TemplateWrong),
    (132_068..=132_069, ErrorClass::TemplateWrong),
    (one(132_015), ErrorClass::TemplatePaused),
    // Media.
    (one(131_052), ErrorClass::MediaGone),
    (one(131_053), ErrorClass::OutboundMedia),
    // Our request.
    (one(100), ErrorClass::Permanent),
    (131_008..=131_009, ErrorClass::Permanent),
    (one(131_021), ErrorClass::Permanent),
    (one(131_051), ErrorClass::Permanent),
    (one(135_000), ErrorClass::Permanent),
    // The person is no longer who we took them for: nothing that is tried again mends that.
    (one(137_000), ErrorClass::Permanent),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_code_is_in_two_classes() {
        for (n, (codes, _)) in TABLE.iter().enumerate() {
            for (others, _) in &TABLE[n + 1..] {
                assert!(codes.end() < others.start() || others.end() < codes.start(), "{codes:?} {others:?}");
            }
        }
    }

    #[test]
    fn the_codes_that_decide() {
        let class = |code| ErrorClass::of_code(code).unwrap();
        assert!(class(190).pauses() && class(131_031).pauses() && class(230).pauses());
        assert_eq!(class(131_056), ErrorClass::PairLimit);
        assert_eq!(class(131_047), ErrorClass::WindowClosed);
        assert!(class(80_007).is_transient() && class(131_016).is_transient());
        assert!(!class(131_048).is_transient(), "spam is paused, not retried");
        assert_eq!(ErrorClass::of_code(999_999), None);
    }
}
