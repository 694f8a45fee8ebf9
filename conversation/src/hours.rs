//! When we work: hours of the week, holidays, and what time it is where we are. Written as OpenStreetMap writes opening
//! hours, as far as a business needs that: `Mo-Fr 09:00-14:00,16:00-19:00; Sa 10:00-13:00`. The crate `opening-hours` reads
//! all of that language, but brings a second calendar, a grammar and the holidays of every country; a business has few
//! hours, and knows its own holidays.

use std::collections::BTreeSet;

use jiff::{
    Timestamp,
    tz::{TimeZone, TimeZoneDatabase},
};
use time::{Date, Duration, Month, OffsetDateTime, Time, UtcOffset, Weekday};

/// Days of a week, as they are written.
const DAYS: [(&str, Weekday); 7] = [
    ("Mo", Weekday::Monday),
    ("Tu", Weekday::Tuesday),
    ("We", Weekday::Wednesday),
    ("Th", Weekday::Thursday),
    ("Fr", Weekday::Friday),
    ("Sa", Weekday::Saturday),
    ("Su", Weekday::Sunday),
];
/// Minutes of a day.
const DAY: u16 = 24 * 60;
/// How far ahead we look for a time at which we work, days.
const FAR: usize = 366;

/// When clocks go forward.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Summer {
    /// Never.
    #[default]
    None,
    /// As in the European Union: the last Sundays of March and October, at one o'clock UTC.
    Eu,
    /// As in the United States: the second Sunday of March and the first of November, at two o'clock there.
    Us,
}

/// What time it is where we are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Clock {
    /// By IANA's time zones, which know what the law of a place was and is. The program brings them along, so that a
    /// moment is the same on every machine.
    Zone(TimeZone),
    /// So far from UTC.
    Offset {
        /// Minutes from UTC in winter.
        minutes: i32,
        /// When it is an hour more.
        summer: Summer,
    },
}

impl Default for Clock {
    fn default() -> Self {
        Self::Offset { minutes: 0, summer: Summer::None }
    }
}

/// Opening hours of a week: of each day, from Monday, when we work, in minutes since midnight.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Week([Vec<(u16, u16)>; 7]);

/// When we work.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Hours {
    /// The hours of the week.
    pub week: Week,
    /// Days on which we do not.
    pub holidays: BTreeSet<Date>,
    /// What time it is there.
    pub clock: Clock,
}

impl Clock {
    /// The clock of a place as IANA names it, such as `Europe/Madrid`; none where there is no such place.
    #[must_use]
    pub fn of_zone(name: &str) -> Option<Self> {
        TimeZoneDatabase::bundled().get(name).ok().map(Self::Zone)
    }

    /// How far our clocks are from UTC at a moment.
    #[must_use]
    pub fn offset(&self, at: OffsetDateTime) -> UtcOffset {
        match self {
            Self::Zone(zone) => {
                let secs = Timestamp::from_second(at.unix_timestamp()).map(|at| zone.to_offset(at).seconds());
                secs.ok().and_then(|secs| UtcOffset::from_whole_seconds(secs).ok()).unwrap_or(UtcOffset::UTC)
            }
            Self::Offset { minutes, summer } if summer.is_at(at, *minutes) => offset(minutes + 60),
            Self::Offset { minutes, .. } => offset(*minutes),
        }
    }

    /// What people call it: the place, or how far it is from UTC in winter.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Zone(zone) => zone.iana_name().unwrap_or("UTC").to_owned(),
            Self::Offset { minutes: 0, summer: Summer::None } => "UTC".to_owned(),
            Self::Offset { minutes, .. } => {
                let sign = if *minutes < 0 { '-' } else { '+' };
                let apart = minutes.unsigned_abs();
                format!("UTC{sign}{:02}:{:02}", apart / 60, apart % 60)
            }
        }
    }

    /// A moment as our clocks show it.
    #[must_use]
    pub fn there(&self, at: OffsetDateTime) -> OffsetDateTime {
        at.checked_to_offset(self.offset(at)).unwrap_or(at)
    }

    /// The moment at which our clocks show so many minutes after a day's midnight.
    #[must_use]
    pub fn moment(&self, day: Date, minute: u16) -> OffsetDateTime {
        let shown = day.midnight().saturating_add(Duration::minutes(i64::from(minute)));
        let near = shown.assume_offset(self.offset(shown.assume_utc()));
        let there = self.offset(near);
        let moment = shown.assume_offset(there);
        // In the hours around a change one of the two is right.
        if self.offset(moment) == there { moment } else { near }
    }
}

impl Summer {
    /// Whether it is summer at a moment where it is so many minutes from UTC in winter.
    fn is_at(self, at: OffsetDateTime, minutes: i32) -> bool {
        let year = at.checked_to_offset(offset(minutes)).unwrap_or(at).year();
        match self {
            Self::None => false,
            Self::Eu => {
                let turn = |month| last_sunday(year, month).map(|day| utc(day, Duration::HOUR));
                is_between(at, turn(Month::March), turn(Month::October))
            }
            Self::Us => {
                let winter = Duration::minutes(i64::from(minutes));
                // It is two o'clock by the clock that ends then.
                let begins = sunday(year, Month::March, 2).map(|day| utc(day, Duration::HOUR * 2 - winter));
                let ends = sunday(year, Month::November, 1).map(|day| utc(day, Duration::HOUR - winter));
                is_between(at, begins, ends)
            }
        }
    }
}

fn offset(minutes: i32) -> UtcOffset {
    UtcOffset::from_whole_seconds(minutes.saturating_mul(60)).unwrap_or(UtcOffset::UTC)
}

fn utc(day: Date, after: Duration) -> OffsetDateTime {
    day.midnight().assume_utc().saturating_add(after)
}

fn is_between(at: OffsetDateTime, from: Option<OffsetDateTime>, to: Option<OffsetDateTime>) -> bool {
    from.is_some_and(|from| at >= from) && to.is_some_and(|to| at < to)
}

fn sunday(year: i32, month: Month, nth: u8) -> Option<Date> {
    let first = Date::from_calendar_date(year, month, 1).ok()?;
    let to_sunday = (7 - first.weekday().number_days_from_sunday()) % 7;
    first.checked_add(Duration::days(i64::from(to_sunday) + 7 * i64::from(nth.saturating_sub(1))))
}

fn last_sunday(year: i32, month: Month) -> Option<Date> {
    let last = Date::from_calendar_date(year, month, month.length(year)).ok()?;
    last.checked_sub(Duration::days(i64::from(last.weekday().number_days_from_sunday())))
}

impl Week {
    /// Hours as they are written; why not, where they cannot be.
    ///
    /// # Errors
    /// When a part of it is no such hours.
    pub fn read(text: &str) -> Result<Self, &'static str> {
        let mut week = Self::default();
        for part in text.split(';').map(str::trim).filter(|part| !part.is_empty()) {
            let (days, times) =
                part.split_once(' ').ok_or("write days and hours, such as Mo-Fr 09:00-18:00")?;
            let times = match times.trim() {
                "off" | "closed" => Vec::new(),
                times => times.split(',').map(span).collect::<Result<Vec<_>, _>>()?,
            };
            if times.windows(2).any(|two| matches!(two, [a, b] if a.1 > b.0)) {
                return Err("the hours of a day stand in their order and do not overlap");
            }
            for place in days_of(days)? {
                if let Some(day) = week.0.get_mut(place) {
                    day.clone_from(&times);
                }
            }
        }
        Ok(week)
    }

    /// The hours of a day of the week.
    #[must_use]
    pub fn of(&self, day: Weekday) -> &[(u16, u16)] {
        self.0.get(usize::from(day.number_days_from_monday())).map_or(&[], Vec::as_slice)
    }

    /// Whether there is a day on which we work.
    #[must_use]
    pub fn is_ever_open(&self) -> bool {
        self.0.iter().any(|day| !day.is_empty())
    }

    /// Days one after another that have the same hours: the first, the last, and the hours.
    #[must_use]
    pub fn stretches(&self) -> Vec<Stretch<'_>> {
        let mut found: Vec<Stretch<'_>> = Vec::new();
        for (_, day) in DAYS {
            let hours = self.of(day);
            match found.last_mut() {
                Some((_, last, same)) if *same == hours && last.next() == day => *last = day,
                _ => found.push((day, day, hours)),
            }
        }
        found.retain(|(.., hours)| !hours.is_empty());
        found
    }
}

/// Days as places in a week: `Mo-Fr`, `Sa`, `Mo,We`.
fn days_of(text: &str) -> Result<Vec<usize>, &'static str> {
    let place = |name: &str| DAYS.iter().position(|(known, _)| *known == name);
    let wrong = "days are Mo Tu We Th Fr Sa Su, such as Mo-Fr or Sa,Su";
    let mut found = Vec::new();
    for part in text.split(',') {
        let (from, to) = part.split_once('-').unwrap_or((part, part));
        let (from, to) = (place(from).ok_or(wrong)?, place(to).ok_or(wrong)?);
        if from > to {
            return Err("days go from the earlier to the later, Monday first");
        }
        found.extend(from..=to);
    }
    Ok(found)
}

fn span(text: &str) -> Result<(u16, u16), &'static str> {
    let wrong = "hours are two of one day, the earlier first, such as 09:00-18:00";
    let (from, to) = text.trim().split_once('-').ok_or(wrong)?;
    let (from, to) = (minute(from).ok_or(wrong)?, minute(to).ok_or(wrong)?);
    if from < to { Ok((from, to)) } else { Err(wrong) }
}

fn minute(text: &str) -> Option<u16> {
    let (hour, minute) = text.split_once(':')?;
    let two = |text: &str| (text.len() == 2).then(|| text.parse::<u16>().ok()).flatten();
    let (hour, minute) = (two(hour)?, two(minute)?);
    let all = hour * 60 + minute;
    (minute < 60 && all <= DAY).then_some(all)
}

/// Days from the first to the last that have the same hours, and those: minutes of the day from and to.
pub type Stretch<'a> = (Weekday, Weekday, &'a [(u16, u16)]);

impl Hours {
    /// The hours of a day.
    fn on(&self, day: Date) -> &[(u16, u16)] {
        if self.holidays.contains(&day) { &[] } else { self.week.of(day.weekday()) }
    }

    /// Until when we work, where we do at this moment.
    #[must_use]
    pub fn open_until(&self, at: OffsetDateTime) -> Option<OffsetDateTime> {
        let there = self.clock.there(at);
        let minute = minute_of(there.time());
        let now = self.on(there.date()).iter().find(|(from, to)| *from <= minute && minute < *to)?;
        Some(self.clock.moment(there.date(), now.1))
    }

    /// When we work next, this moment among it; none where we do not for a year.
    #[must_use]
    pub fn open_from(&self, at: OffsetDateTime) -> Option<OffsetDateTime> {
        let mut day = self.clock.there(at).date();
        for _ in 0..FAR {
            let comes = |&(from, to): &(u16, u16)| {
                (self.clock.moment(day, to) > at).then(|| self.clock.moment(day, from).max(at))
            };
            if let Some(opens) = self.on(day).iter().find_map(comes) {
                return Some(opens);
            }
            day = day.next_day()?;
        }
        None
    }

    /// When so much time of work has passed; where we never work, time is time.
    #[must_use]
    pub fn after(&self, at: OffsetDateTime, work: Duration) -> OffsetDateTime {
        let (mut now, mut left) = (at, work);
        for _ in 0..FAR * 4 {
            let Some(opens) = self.open_from(now) else { break };
            let Some(closes) = self.open_until(opens) else { break };
            if closes - opens >= left {
                let done = opens.saturating_add(left);
                return done.checked_to_offset(at.offset()).unwrap_or(done);
            }
            left -= closes - opens;
            now = closes;
        }
        at.saturating_add(work)
    }

    /// Holidays of so many days from a moment on.
    pub fn holidays_from(&self, at: OffsetDateTime, days: i64) -> impl Iterator<Item = Date> {
        let first = self.clock.there(at).date();
        self.holidays.range(first..=first.saturating_add(Duration::days(days))).copied()
    }
}

fn minute_of(time: Time) -> u16 {
    u16::from(time.hour()) * 60 + u16::from(time.minute())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use time::macros::{date, datetime};

    use super::*;

    fn madrid() -> Hours {
        Hours {
            week: Week::read("Mo-Fr 09:00-14:00,16:00-19:00; Sa 10:00-13:00").unwrap(),
            holidays: BTreeSet::from([date!(2026 - 12 - 25)]),
            clock: Clock::Offset { minutes: 60, summer: Summer::Eu },
        }
    }

    #[test]
    fn clocks_go_forward_and_back() {
        let eu = Clock::Offset { minutes: 60, summer: Summer::Eu };
        let us = Clock::Offset { minutes: -300, summer: Summer::Us };
        let none = Clock::Offset { minutes: -300, summer: Summer::None };
        for (clock, at, minutes) in [
            (&eu, datetime!(2026-03-29 00:59 UTC), 60),
            (&eu, datetime!(2026-03-29 01:00 UTC), 120),
            (&eu, datetime!(2026-10-25 00:59 UTC), 120),
            (&eu, datetime!(2026-10-25 01:00 UTC), 60),
            (&us, datetime!(2026-03-08 06:59 UTC), -300),
            (&us, datetime!(2026-03-08 07:00 UTC), -240),
            (&us, datetime!(2026-11-01 05:59 UTC), -240),
            (&us, datetime!(2026-11-01 06:00 UTC), -300),
            (&none, datetime!(2026-07-01 12:00 UTC), -300),
        ] {
            assert_eq!(i32::from(clock.offset(at).whole_minutes()), minutes, "{clock:?} {at}");
        }
        assert_eq!(eu.moment(date!(2026 - 07 - 01), 540), datetime!(2026-07-01 07:00 UTC));
        assert_eq!(eu.moment(date!(2026 - 12 - 01), 540), datetime!(2026-12-01 08:00 UTC));
        let last = datetime!(9999-12-31 23:30 UTC);
        assert_eq!(eu.there(last), last, "whatever a row says");
    }

    #[test]
    fn a_zone_knows_the_law_of_its_place() {
        let zone = |name| Clock::of_zone(name).unwrap();
        let madrid = zone("Europe/Madrid");
        for (clock, at, minutes) in [
            (&madrid, datetime!(2026-03-29 00:59 UTC), 60),
            (&madrid, datetime!(2026-03-29 01:00 UTC), 120),
            (&madrid, datetime!(2026-10-25 00:59 UTC), 120),
            (&madrid, datetime!(2026-10-25 01:00 UTC), 60),
            // Brazil gave summer up in 2019, Mexico in 2022; in Chile it begins in September.
            (&zone("America/Sao_Paulo"), datetime!(2018-12-01 12:00 UTC), -120),
            (&zone("America/Sao_Paulo"), datetime!(2026-12-01 12:00 UTC), -180),
            (&zone("America/Mexico_City"), datetime!(2026-07-01 12:00 UTC), -360),
            (&zone("America/Santiago"), datetime!(2026-12-01 12:00 UTC), -180),
            (&zone("America/Santiago"), datetime!(2026-07-01 12:00 UTC), -240),
            (&zone("Asia/Kolkata"), datetime!(2026-07-01 12:00 UTC), 330),
            (&zone("UTC"), datetime!(2026-07-01 12:00 UTC), 0),
        ] {
            assert_eq!(i32::from(clock.offset(at).whole_minutes()), minutes, "{clock:?} {at}");
        }
        assert_eq!(madrid.moment(date!(2026 - 07 - 01), 540), datetime!(2026-07-01 07:00 UTC));
        assert_eq!(madrid.moment(date!(2026 - 12 - 01), 540), datetime!(2026-12-01 08:00 UTC));
        for no_place in ["", "Madrid", "Europe/Atlantis", "+02:00", "../etc/passwd"] {
            assert_eq!(Clock::of_zone(no_place), None, "{no_place}");
        }
    }

    #[test]
    fn work_is_counted_in_hours_of_work() {
        let hours = madrid();
        // Friday, 18 December 2026; Christmas is the Friday after.
        for (at, work, done) in [
            (datetime!(2026-12-18 09:00 UTC), Duration::hours(2), datetime!(2026-12-18 11:00 UTC)),
            (datetime!(2026-12-18 12:00 UTC), Duration::hours(2), datetime!(2026-12-18 16:00 UTC)),
            (datetime!(2026-12-18 17:30 UTC), Duration::hours(1), datetime!(2026-12-19 09:30 UTC)),
            (datetime!(2026-12-19 13:00 UTC), Duration::minutes(1), datetime!(2026-12-21 08:01 UTC)),
            (datetime!(2026-12-24 18:00 UTC), Duration::hours(3), datetime!(2026-12-26 12:00 UTC)),
            (datetime!(2026-12-18 03:00 UTC), Duration::hours(5), datetime!(2026-12-18 13:00 UTC)),
        ] {
            assert_eq!(hours.after(at, work), done, "{at}");
        }
        let never = Hours::default();
        let noon = datetime!(2026-12-18 12:00 UTC);
        assert_eq!(never.after(noon, Duration::hours(4)), noon + Duration::hours(4));
        assert_eq!(hours.open_until(noon), Some(datetime!(2026-12-18 13:00 UTC)));
        assert_eq!(hours.open_until(datetime!(2026-12-25 12:00 UTC)), None, "a holiday");
        assert_eq!(hours.open_from(datetime!(2026-12-25 12:00 UTC)), Some(datetime!(2026-12-26 09:00 UTC)));
        assert_eq!(hours.holidays_from(noon, 7).collect::<Vec<_>>(), [date!(2026 - 12 - 25)]);
    }

    #[test]
    fn a_clock_has_a_name() {
        let bogota = Clock::of_zone("America/Bogota").unwrap();
        assert_eq!(bogota.name(), "America/Bogota");
        assert_eq!(bogota.moment(date!(2026 - 01 - 31), 20 * 60), datetime!(2026-02-01 01:00 UTC));
        assert_eq!(Clock::default().name(), "UTC");
        assert_eq!(Clock::Offset { minutes: -210, summer: Summer::None }.name(), "UTC-03:30");
        assert_eq!(Clock::of_zone("America/Nowhere"), None);
    }

    #[test]
    fn what_are_no_hours_says_why() {
        for (text, why) in [
            ("Mo", "days and hours"),
            ("Fr-Mo 09:00-18:00", "earlier to the later"),
            ("Lu 09:00-18:00", "days are"),
            ("Mo 18:00-09:00", "earlier first"),
            ("Mo 9-18", "hours are"),
            ("Mo 09:00-25:00", "hours are"),
            ("Mo 09:00-14:00,13:00-15:00", "overlap"),
        ] {
            assert!(Week::read(text).unwrap_err().contains(why), "{text}");
        }
        let week = Week::read("Mo-Su 09:00-18:00; We off; Sa,Su 10:00-24:00").unwrap();
        let days = week.stretches();
        let names: Vec<_> = days.iter().map(|(from, to, _)| (*from, *to)).collect();
        use Weekday::{Friday, Monday, Saturday, Sunday, Thursday, Tuesday};
        assert_eq!(names, [(Monday, Tuesday), (Thursday, Friday), (Saturday, Sunday)]);
        assert_eq!(week.of(Sunday), [(600, 1440)]);
    }

    proptest! {
        /// For as long as the rule is the law.
        #[test]
        fn a_zone_and_the_rule_it_follows_are_one_clock(minutes in 0_i64..5_000_000, of_day in 0_u16..1_440) {
            let (zone, rule) = (Clock::of_zone("Europe/Madrid").unwrap(), madrid().clock);
            let at = datetime!(2024-01-01 00:00 UTC) + Duration::minutes(minutes);
            prop_assert_eq!(zone.offset(at), rule.offset(at));
            let day = at.date();
            prop_assert_eq!(zone.moment(day, of_day), rule.moment(day, of_day));
            // What never is shown, in the hour that is left out, is a moment beside it.
            let shown = zone.there(zone.moment(day, of_day));
            prop_assert!((shown.date() - day).whole_days().abs() <= 1);
        }

        /// Whenever it begins: what is promised falls into hours of work, not before it could be done, and more work is
        /// never done sooner.
        #[test]
        fn a_promise_falls_into_hours_of_work(from in 0_i64..3_000_000, minutes in 1_i64..3_000, more in 0_i64..600) {
            let hours = madrid();
            let at = datetime!(2026-03-01 00:00 UTC) + Duration::minutes(from);
            let done = hours.after(at, Duration::minutes(minutes));
            prop_assert!(done >= at + Duration::minutes(minutes));
            prop_assert!(hours.open_until(done - Duration::SECOND).is_some(), "{}", done);
            prop_assert!(hours.after(at, Duration::minutes(minutes + more)) >= done);
        }
    }
}
