//! The business's own hours, in which webhooks are to be expected.

use std::{fmt, str::FromStr};

use acuse_conversation::{Clock, Summer};
use time::{Duration, OffsetDateTime, Time, Weekday};

/// When webhooks are to be expected, e.g. `mon-sat 08:00-20:00 Europe/Madrid 3h`; `+02:00` in the place of the place
/// stands still when its clocks change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expected {
    first: Weekday,
    last: Weekday,
    /// Minutes of the day.
    opens: u16,
    closes: u16,
    clock: Clock,
    silence: Duration,
}

/// Hours that cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "write days, hours, time zone and how long may pass without a webhook, e.g. mon-sat 08:00-20:00 Europe/Madrid 3h; \
     an offset from UTC such as +02:00 is taken too"
)]
pub struct NotHours;

fn weekday(text: &str) -> Option<Weekday> {
    let mut day = Weekday::Monday;
    for word in ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] {
        if word.eq_ignore_ascii_case(text) {
            return Some(day);
        }
        day = day.next();
    }
    None
}

/// Minutes of a day.
fn minute(text: &str) -> Option<u16> {
    let (hours, minutes) = text.split_once(':')?;
    let time = Time::from_hms(hours.parse().ok()?, minutes.parse().ok()?, 0).ok()?;
    Some(u16::from(time.hour()) * 60 + u16::from(time.minute()))
}

/// `Europe/Madrid`, or `+02:00`.
fn clock(text: &str) -> Option<Clock> {
    let (sign, rest) = match (text.strip_prefix('+'), text.strip_prefix('-')) {
        (Some(rest), _) => (1, rest),
        (_, Some(rest)) => (-1, rest),
        _ => return Clock::of_zone(text),
    };
    let minutes = sign * i32::from(minute(rest)?);
    Some(Clock::Offset { minutes, summer: Summer::None })
}

impl FromStr for Expected {
    type Err = NotHours;
    fn from_str(text: &str) -> Result<Self, NotHours> {
        let read = || {
            let mut words = text.split_whitespace();
            let (first, last) = words.next()?.split_once('-')?;
            let (opens, closes) = words.next()?.split_once('-')?;
            let clock = clock(words.next()?)?;
            let hours: i64 = words.next()?.strip_suffix('h')?.parse().ok()?;
            let hours = Some(hours).filter(|h| (1..=168).contains(h) && words.next().is_none())?;
            let (opens, closes) = (minute(opens)?, minute(closes)?);
            let (first, last) = (weekday(first)?, weekday(last)?);
            let silence = Duration::hours(hours);
            (opens < closes).then_some(Self { first, last, opens, closes, clock, silence })
        };
        read().ok_or(NotHours)
    }
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} to {}, {} h at most", self.first, self.last, self.silence.whole_hours())
    }
}

impl Expected {
    /// Whether it has been silent for too long: only open hours count, those of several days together, so that a silence
    /// may be longer than a day. It lasts through the night.
    #[must_use]
    pub fn is_silent(&self, last: OffsetDateTime, now: OffsetDateTime) -> bool {
        let first = self.clock.there(last).date();
        let mut open = Duration::ZERO;
        let mut day = self.clock.there(now).date();
        // Backwards, and no further than it takes.
        while open <= self.silence && day >= first {
            if self.works_on(day.weekday()) {
                let (opens, closes) =
                    (self.clock.moment(day, self.opens), self.clock.moment(day, self.closes));
                open += (closes.min(now) - opens.max(last)).max(Duration::ZERO);
            }
            let Some(before) = day.previous_day() else { break };
            day = before;
        }
        open > self.silence
    }

    fn works_on(&self, day: Weekday) -> bool {
        let number = |day: Weekday| day.number_days_from_monday();
        let (first, last, day) = (number(self.first), number(self.last), number(day));
        if first <= last { (first..=last).contains(&day) } else { day >= first || day <= last }
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn silence_counts_in_business_hours_only() {
        let hours: Expected = "mon-fri 08:00-18:00 +02:00 3h".parse().unwrap();
        let friday_evening = datetime!(2026-05-01 17:55 +2);
        // A Saturday, and a Monday before and after five minutes of Friday and three hours of it.
        assert!(!hours.is_silent(friday_evening, datetime!(2026-05-02 12:00 +2)));
        assert!(!hours.is_silent(friday_evening, datetime!(2026-05-04 10:55 +2)));
        assert!(hours.is_silent(friday_evening, datetime!(2026-05-04 08:56 UTC)));
        assert!(
            hours.is_silent(friday_evening, datetime!(2026-05-04 23:00 +2)),
            "it lasts through the night"
        );
        assert!(
            !hours.is_silent(datetime!(2026-05-04 23:00 +2), datetime!(2026-05-04 22:00 +2)),
            "a clock gone back"
        );
    }

    #[test]
    fn a_silence_longer_than_a_day_is_open_counts_on_the_next() {
        let hours: Expected = "mon-fri 08:00-18:00 +02:00 24h".parse().unwrap();
        // An hour of Thursday, ten of Friday, ten of Monday, and of Tuesday three and more.
        let thursday = datetime!(2026-04-30 17:00 +2);
        assert!(!hours.is_silent(thursday, datetime!(2026-05-04 23:59 +2)));
        assert!(!hours.is_silent(thursday, datetime!(2026-05-05 11:00 +2)));
        assert!(hours.is_silent(thursday, datetime!(2026-05-05 11:01 +2)));
    }

    #[test]
    fn silence_follows_the_clocks_of_the_place() {
        let hours: Expected = "mon-fri 08:00-18:00 Europe/Madrid 3h".parse().unwrap();
        // On Friday it is winter and on Monday summer: eight o'clock is seven UTC, and then six.
        let friday = datetime!(2026-03-27 17:00 UTC);
        assert!(!hours.is_silent(friday, datetime!(2026-03-30 09:00 UTC)), "three hours of Monday");
        assert!(hours.is_silent(friday, datetime!(2026-03-30 09:01 UTC)));
        let fixed: Expected = "mon-fri 08:00-18:00 +01:00 3h".parse().unwrap();
        assert!(!fixed.is_silent(friday, datetime!(2026-03-30 09:59 UTC)), "an hour late, as it was");
        // And back: on Monday it is winter again.
        let friday = datetime!(2026-10-23 16:00 UTC);
        assert!(!hours.is_silent(friday, datetime!(2026-10-26 10:00 UTC)));
        assert!(hours.is_silent(friday, datetime!(2026-10-26 10:01 UTC)));
        // A day of 23 hours and one of 25.
        let always: Expected = "mon-sun 00:00-23:59 Europe/Madrid 24h".parse().unwrap();
        let saturday = datetime!(2026-03-28 23:00 UTC);
        assert!(!always.is_silent(saturday, datetime!(2026-03-29 22:00 UTC)));
        assert!(always.is_silent(saturday, datetime!(2026-03-29 23:03 UTC)));
    }

    #[test]
    fn hours_are_read_or_refused() {
        for good in [
            "sat-mon 00:00-23:59 -05:30 1h",
            "mon-sat 08:00-20:00 +02:00 3h",
            "mon-fri 08:00-18:00 Europe/Madrid 3h",
            "mon-fri 08:00-18:00 America/Argentina/Buenos_Aires 3h",
        ] {
            assert!(good.parse::<Expected>().is_ok(), "{good}");
        }
        for bad in [
            "",
            "mon 08:00-18:00 +02:00 3h",
            "mon-fri 18:00-08:00 +02:00 3h",
            "mon-fri 8-18 +02:00 3h",
            "mon-fri 08:00-18:00 Europe/Atlantis 3h",
            "mon-fri 08:00-18:00 +25:00 3h",
            "mon-fri 08:00-18:00 +02:00 0h",
            "mon-fri 08:00-18:00 +02:00 3h x",
        ] {
            assert_eq!(bad.parse::<Expected>(), Err(NotHours), "{bad}");
        }
    }
}
