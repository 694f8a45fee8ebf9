use time::OffsetDateTime;

use crate::limits::{MEDIA_ALARM_AFTER, MEDIA_ID_LIFE, WINDOW, WINDOW_MARGIN};

/// Whether anything may be written to a person, or only an approved template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Window {
    /// Until then, our margin already taken off.
    Open {
        /// The last moment to send.
        until: OffsetDateTime,
    },
    /// Since then; templates only.
    Closed {
        /// When it closed; `None` if the person never wrote.
        since: Option<OffsetDateTime>,
    },
}

impl Window {
    /// The window at `now` for a person whose last message was *sent* at `last_inbound`: the webhook's own
    /// time, never that of its arrival, for a late webhook would open a window that is not there.
    /// A time ahead of our clock counts as now.
    #[must_use]
    pub fn at(last_inbound: Option<OffsetDateTime>, now: OffsetDateTime) -> Self {
        let Some(last) = last_inbound else { return Self::Closed { since: None } };
        let until = last.min(now).saturating_add(signed(WINDOW - WINDOW_MARGIN));
        if now < until { Self::Open { until } } else { Self::Closed { since: Some(until) } }
    }

    /// Who wrote later than this has an open window at `now`.
    #[must_use]
    pub fn opened_after(now: OffsetDateTime) -> OffsetDateTime {
        now.saturating_sub(signed(WINDOW - WINDOW_MARGIN))
    }

    /// When it closes or closed; `None` if the person never wrote.
    #[must_use]
    pub fn closes_at(self) -> Option<OffsetDateTime> {
        match self {
            Self::Open { until } => Some(until),
            Self::Closed { since } => since,
        }
    }

    /// Whether free text may go now.
    #[must_use]
    pub fn is_open(self) -> bool {
        matches!(self, Self::Open { .. })
    }
}

/// When the media id of a message dies: seven days after it was sent, or, where the message tells no
/// time or one ahead of us, after it came.
#[must_use]
pub fn media_deadline(sent_at: Option<OffsetDateTime>, received_at: OffsetDateTime) -> OffsetDateTime {
    sent_at.unwrap_or(received_at).min(received_at).saturating_add(signed(MEDIA_ID_LIFE))
}

/// When to raise the alarm about media whose id dies at `deadline`: on its fifth day.
#[must_use]
pub fn media_alarm(deadline: OffsetDateTime) -> OffsetDateTime {
    deadline.saturating_sub(signed(MEDIA_ID_LIFE - MEDIA_ALARM_AFTER))
}

/// The constants are days at most, so nothing is lost.
fn signed(duration: std::time::Duration) -> time::Duration {
    time::Duration::try_from(duration).unwrap_or(time::Duration::MAX)
}

#[cfg(test)]
mod tests {
    use time::Duration;

    use super::*;

    const NOON: OffsetDateTime = time::macros::datetime!(2026-09-01 12:00 UTC);

    #[test]
    fn counts_from_when_the_person_wrote() {
        let wrote = |hours: i64| Window::at(Some(NOON - Duration::hours(hours)), NOON);
        assert!(wrote(0).is_open());
        assert!(wrote(23).is_open());
        assert!(!wrote(24).is_open());
        assert!(!Window::at(Some(NOON - Duration::minutes(23 * 60 + 56)), NOON).is_open(), "the margin");
        assert_eq!(Window::at(None, NOON), Window::Closed { since: None });
    }

    #[test]
    fn asked_of_many_or_of_one_it_is_the_same_window() {
        let border = Window::opened_after(NOON);
        for (last, is_open) in [(border, false), (border + Duration::SECOND, true), (NOON, true)] {
            let window = Window::at(Some(last), NOON);
            assert_eq!((window.is_open(), last > border), (is_open, is_open), "{last}");
            assert_eq!(window.closes_at().map(|at| at > NOON), Some(is_open), "{last}");
        }
        assert_eq!(Window::at(None, NOON).closes_at(), None);
    }

    #[test]
    fn absurd_times_neither_panic_nor_open_for_ever() {
        let future = Window::at(Some(NOON + Duration::days(30_000)), NOON);
        assert_eq!(future, Window::at(Some(NOON), NOON));
        let min = time::Date::MIN.midnight().assume_utc();
        let max = time::Date::MAX.midnight().assume_utc();
        assert!(!Window::at(Some(min), NOON).is_open());
        assert!(Window::at(Some(max), max).is_open() || !Window::at(Some(max), max).is_open());
        assert!(media_deadline(Some(max), max) >= max);
    }

    #[test]
    fn media_lives_seven_days_from_the_message() {
        let sent = NOON - Duration::days(1);
        let deadline = media_deadline(Some(sent), NOON);
        assert_eq!(deadline, NOON + Duration::days(6));
        assert_eq!(media_alarm(deadline), sent + Duration::days(5));
        assert_eq!(media_deadline(None, NOON), NOON + Duration::days(7));
        assert_eq!(media_deadline(Some(NOON + Duration::days(99)), NOON), NOON + Duration::days(7));
    }
}
