//! How long a case waits, how often it reminds and what ends it: data, a line a kind.

use time::{Duration, OffsetDateTime, Time, UtcOffset};

use crate::{case::Kind, privacy::Privacy, zone::Zone};

/// What becomes of a case that nobody answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AtEnd {
    /// A person has it.
    Human,
    /// It is closed, visibly.
    Expired,
}

/// The policy of one kind of case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// A burst rests when nothing came for so long,
    pub rest: Duration,
    /// or when it has lasted for so long.
    pub most: Duration,
    /// How long we work on what came before we say how far we are, and after that before a person has it.
    pub work: Duration,
    /// How long results gather that come after that.
    pub later: Duration,
    /// The waits before each reminder, and the last time before the end.
    pub reminders: Vec<Duration>,
    /// The hours of the day in which we remind, from the first to before the second.
    pub hours: (u8, u8),
    /// What time it is where the contact is.
    pub zone: Zone,
    /// What then.
    pub at_end: AtEnd,
}

/// The policies of all kinds of cases, the privacy notice, and where the desk is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policies {
    of: [Policy; 6],
    privacy: Option<Privacy>,
    desk: Option<String>,
}

impl Policies {
    /// Acuse's own.
    ///
    /// # Errors
    /// When a line is missing or wrong.
    pub fn ours() -> Result<Self, BadPolicy> {
        Self::read(OURS)
    }

    /// Out of a file of policies.
    ///
    /// # Errors
    /// When a line is missing or wrong.
    pub fn read(data: &str) -> Result<Self, BadPolicy> {
        let of = |kind| Policy::read(data, kind);
        let [documents, ask, approval, collection, notice, support] = Kind::ALL.map(of);
        Ok(Self {
            of: [documents?, ask?, approval?, collection?, notice?, support?],
            privacy: None,
            desk: None,
        })
    }

    /// The same with a notice for whoever writes for the first time.
    #[must_use]
    pub fn with_privacy(self, privacy: Option<Privacy>) -> Self {
        Self { privacy, ..self }
    }

    /// What whoever writes for the first time is told; none: nothing.
    #[must_use]
    pub fn privacy(&self) -> Option<&Privacy> {
        self.privacy.as_ref()
    }

    /// The same, which names the desk's address (without a last slash) to whoever decides what is shown there alone.
    #[must_use]
    pub fn with_desk(self, desk: Option<String>) -> Self {
        Self { desk, ..self }
    }

    /// Where the desk is, for people.
    #[must_use]
    pub fn desk(&self) -> Option<&str> {
        self.desk.as_deref()
    }

    /// The policy of a kind.
    #[must_use]
    pub fn of(&self, kind: Kind) -> &Policy {
        let [documents, ask, approval, collection, notice, support] = &self.of;
        match kind {
            Kind::Documents => documents,
            Kind::Ask => ask,
            Kind::Approval => approval,
            Kind::Collection => collection,
            Kind::Notice => notice,
            Kind::Support => support,
        }
    }
}

/// Policies that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("policies, line {line}: {problem}")]
pub struct BadPolicy {
    /// Which line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub problem: &'static str,
}

/// How long an answer is waited for where there are no reminders.
const NO_REMINDER: Duration = Duration::DAY;
/// So long after a question its contact may be reminded in any words: the channel's day, less an hour in which what they
/// sent was worked on.
const FREELY: Duration = Duration::hours(23);
/// After so many mornings it is day everywhere where somebody may be, or it never is.
const MORNINGS: usize = 4;
/// So long before the evening is the last time at which anybody is reminded, so that it leaves by day still.
const LAST_CALL: Duration = Duration::minutes(5);
/// The policies that come with Acuse.
const OURS: &str = include_str!("policies.tsv");

impl Policy {
    /// The policy of a kind, by Acuse's own data.
    ///
    /// # Errors
    /// When its line is missing or wrong.
    pub fn of(kind: Kind) -> Result<Self, BadPolicy> {
        Self::read(OURS, kind)
    }

    /// The policy of a kind out of a file of policies.
    ///
    /// # Errors
    /// When its line is missing or wrong.
    pub fn read(data: &str, kind: Kind) -> Result<Self, BadPolicy> {
        for (n, line) in data.lines().enumerate().filter(|(_, line)| !line.starts_with('#')) {
            let cells: Vec<&str> = line.split('\t').collect();
            if cells.first() != Some(&kind.as_str()) {
                continue;
            }
            let bad = |problem| BadPolicy { line: n + 1, problem };
            let [_, rest, most, work, later, reminders, hours, at_end] = cells.as_slice() else {
                return Err(bad("write eight cells, a tab between two"));
            };
            let secs = |text: &str| match text.parse::<u32>() {
                Ok(secs) if secs > 0 => Ok(Duration::seconds(i64::from(secs))),
                _ => Err(bad("a time is a whole number of seconds, at least 1")),
            };
            let minutes = |text: &str| match text.parse::<u32>() {
                Ok(minutes) if minutes > 0 => Ok(Duration::minutes(i64::from(minutes))),
                _ => Err(bad("a reminder is a whole number of minutes, at least 1")),
            };
            let reminders = match *reminders {
                "-" => Vec::new(),
                list => list.split(',').map(minutes).collect::<Result<_, _>>()?,
            };
            let hours =
                hours_of(hours).ok_or(bad("hours are two of the day, the earlier first, such as 9-21"))?;
            let at_end = match *at_end {
                "human" => AtEnd::Human,
                "expired" => AtEnd::Expired,
                _ => return Err(bad("a case that nobody answers ends as human or expired")),
            };
            let (rest, most, work, later) = (secs(rest)?, secs(most)?, secs(work)?, secs(later)?);
            return Ok(Self { rest, most, work, later, reminders, hours, zone: Zone::UTC, at_end });
        }
        Err(BadPolicy { line: 0, problem: "there is no line for this kind" })
    }

    /// The same for a contact who is there.
    #[must_use]
    pub fn in_zone(self, zone: Zone) -> Self {
        Self { zone, ..self }
    }

    /// The first moment from then on at which a contact may be reminded: of all places where they may be it is day in the
    /// westernmost and in the easternmost. Hours too few for that are those of where most are.
    #[must_use]
    pub fn awake(&self, at: OffsetDateTime) -> OffsetDateTime {
        let (west, east) = self.zone.ends();
        let mut awake = at;
        for _ in 0..MORNINGS {
            let next = self.day_from(self.day_from(awake, west), east);
            if next == awake {
                return awake;
            }
            awake = next;
        }
        self.day_from(at, self.zone.usual())
    }

    /// The last moment before then at which a contact may be reminded, if there is one on that day or the one before.
    fn awake_before(&self, at: OffsetDateTime) -> Option<OffsetDateTime> {
        let (west, east) = self.zone.ends();
        let evening = |zone, at: OffsetDateTime| {
            let there = at.checked_to_offset(zone)?;
            let (from, to) = self.hours;
            let day = if there.hour() < from { there.date().previous_day()? } else { there.date() };
            let evening = day.midnight().assume_offset(zone).checked_add(Duration::hours(i64::from(to)))?;
            Some(at.min(evening.saturating_sub(LAST_CALL)))
        };
        let before = evening(west, evening(east, at)?)?.checked_to_offset(at.offset())?;
        (self.awake(before) == before).then_some(before)
    }

    /// The first moment from then on at which it is day in one zone.
    fn day_from(&self, at: OffsetDateTime, zone: UtcOffset) -> OffsetDateTime {
        // Whoever is to be written to at the end of all time is not kept waiting for a morning after it.
        let Some(there) = at.checked_to_offset(zone) else { return at };
        let (from, to) = self.hours;
        let Ok(morning) = Time::from_hms(from, 0, 0) else { return at };
        let day = match there.hour() {
            hour if hour < from => Some(there.date()),
            hour if hour >= to => there.date().next_day(),
            _ => return at,
        };
        let awake = day.map(|day| day.with_time(morning).assume_offset(zone));
        awake.and_then(|awake| awake.checked_to_offset(at.offset())).unwrap_or(at)
    }

    /// When a contact is reminded next of what they were asked at `asked`, after so many reminders, the last of them now (or
    /// the question). The waits are counted from the question, so that a night before one does not put off all that follow:
    /// what is meant for the time in which they may be answered freely is said within it, in the evening before it where the
    /// morning after is too late, but never sooner after another than the shortest wait.
    #[must_use]
    pub fn reminder(&self, reminders: u32, asked: OffsetDateTime, now: OffsetDateTime) -> OffsetDateTime {
        let meant = (0..=reminders).fold(asked, |at, n| at.saturating_add(self.wait_after(n)));
        let soonest = now.saturating_add(self.reminders.iter().min().copied().unwrap_or_default());
        let next = self.awake(meant.max(soonest));
        let closes = asked.saturating_add(FREELY);
        if meant >= closes || next <= closes {
            return next;
        }
        self.awake_before(meant).filter(|before| *before >= soonest).unwrap_or(next)
    }

    /// How long to wait after so many reminders.
    #[must_use]
    pub fn wait_after(&self, reminders: u32) -> Duration {
        let at = usize::try_from(reminders).unwrap_or(usize::MAX);
        self.reminders.get(at).or(self.reminders.last()).copied().unwrap_or(NO_REMINDER)
    }
}

fn hours_of(text: &str) -> Option<(u8, u8)> {
    let (from, to) = text.split_once('-')?;
    let (from, to) = (from.parse().ok()?, to.parse().ok()?);
    (from < to && to <= 24).then_some((from, to))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use time::macros::datetime;

    use super::*;

    #[test]
    fn every_kind_has_a_policy_and_a_bad_line_says_which() {
        for kind in Kind::ALL {
            let policy = Policy::of(kind).unwrap();
            assert!(policy.rest < policy.most && policy.most <= policy.work, "{kind:?}");
        }
        let ask = Policy::of(Kind::Ask).unwrap();
        assert_eq!(ask.wait_after(0), Duration::hours(4));
        assert_eq!(ask.wait_after(1), Duration::hours(16), "20 hours after the question: inside the window");
        assert_eq!(ask.wait_after(2), Duration::hours(24), "and then once by a template");
        for (line, problem) in [
            ("ask\t8\t60\t180\t60\t-\t9-21", "eight cells"),
            ("ask\t0\t60\t180\t60\t-\t9-21\thuman", "seconds"),
            ("ask\t8\t60\t180\t60\t5,x\t9-21\thuman", "minutes"),
            ("ask\t8\t60\t180\t60\t-\t21-9\thuman", "hours"),
            ("ask\t8\t60\t180\t60\t-\t9-21\tnever", "human or expired"),
            ("support\t8\t60\t180\t60\t-\t9-21\thuman", "no line"),
        ] {
            let error = Policy::read(&format!("# a comment\n{line}"), Kind::Ask).unwrap_err();
            assert!(error.problem.contains(problem), "{error}");
        }
    }

    #[test]
    fn nobody_is_reminded_at_night_where_they_are() {
        use time::macros::offset;
        let policy = Policy::of(Kind::Ask).unwrap().in_zone(offset!(-5).into());
        for (at, awake) in [
            (datetime!(2026-09-01 15:00 UTC), datetime!(2026-09-01 15:00 UTC)),
            (datetime!(2026-09-01 13:59 UTC), datetime!(2026-09-01 14:00 UTC)),
            (datetime!(2026-09-02 02:00 UTC), datetime!(2026-09-02 14:00 UTC)),
            (datetime!(2026-09-02 01:59 UTC), datetime!(2026-09-02 01:59 UTC)),
        ] {
            assert_eq!(policy.awake(at), awake, "{at}");
        }
        let last = datetime!(9999-12-31 23:30 UTC);
        for zone in [offset!(+1), offset!(UTC)] {
            assert_eq!(policy.clone().in_zone(zone.into()).awake(last), last, "there is no morning after it");
        }
    }

    #[test]
    fn a_night_puts_off_no_reminder_but_the_one_that_falls_into_it() {
        let policy = Policy::of(Kind::Ask).unwrap();
        for (asked, first, second, third) in [
            // 4 and 20 hours after it, and a day later.
            (
                datetime!(2026-09-01 12:00 UTC),
                datetime!(2026-09-01 16:00 UTC),
                datetime!(2026-09-02 09:00 UTC),
                datetime!(2026-09-03 09:00 UTC),
            ),
            (
                datetime!(2026-09-01 18:00 UTC),
                datetime!(2026-09-02 09:00 UTC),
                datetime!(2026-09-02 14:00 UTC),
                datetime!(2026-09-03 14:00 UTC),
            ),
            // The morning after would be too late: the evening before.
            (
                datetime!(2026-09-01 05:00 UTC),
                datetime!(2026-09-01 09:00 UTC),
                datetime!(2026-09-01 20:55 UTC),
                datetime!(2026-09-03 09:00 UTC),
            ),
        ] {
            let at = [
                policy.reminder(0, asked, asked),
                policy.reminder(1, asked, first),
                policy.reminder(2, asked, second),
            ];
            assert_eq!(at, [first, second, third], "{asked}");
        }
        let (asked, late) = (datetime!(2026-09-01 12:00 UTC), datetime!(2026-09-02 12:00 UTC));
        let next = policy.reminder(1, asked, late);
        assert_eq!(next, datetime!(2026-09-02 16:00 UTC), "never at once after one that was late");
    }

    proptest! {
        /// Whenever something is asked, wherever they are: what is meant for the day after it is said by day, and inside the
        /// window as far as there is day enough in it.
        #[test]
        fn the_reminders_of_a_day_are_said_within_it(minute in 0..1440_i64, zone in -12..=12_i8) {
            let zone = UtcOffset::from_hms(zone, 0, 0).unwrap();
            let policy = Policy::of(Kind::Ask).unwrap().in_zone(zone.into());
            let asked = datetime!(2026-09-01 00:00 UTC) + Duration::minutes(minute);
            let mut now = asked;
            for n in 0..3 {
                let at = policy.reminder(n, asked, now);
                prop_assert!(at >= now + Duration::hours(4), "{n} {asked} {at}");
                prop_assert_eq!(policy.awake(at), at);
                prop_assert!(n == 2 || at <= asked + Duration::hours(23), "{} {} {}", n, asked, at);
                now = at;
            }
        }
    }

    #[test]
    fn who_may_be_in_one_of_several_places_is_written_to_when_it_is_day_in_all() {
        let policy = |of| Policy::of(Kind::Ask).unwrap().in_zone(Zone::of(of));
        for (of, at, awake) in [
            // Between California and Madrid: from nine there to nine here.
            ("", datetime!(2026-09-01 09:00 UTC), datetime!(2026-09-01 17:00 UTC)),
            ("", datetime!(2026-09-01 19:59 UTC), datetime!(2026-09-01 19:59 UTC)),
            ("", datetime!(2026-09-01 20:00 UTC), datetime!(2026-09-02 17:00 UTC)),
            // A user id of the United States: Hawaii and New York.
            ("US", datetime!(2026-09-01 14:00 UTC), datetime!(2026-09-01 19:00 UTC)),
            ("US", datetime!(2026-09-02 02:00 UTC), datetime!(2026-09-02 19:00 UTC)),
            ("14155550100", datetime!(2026-09-01 14:00 UTC), datetime!(2026-09-01 17:00 UTC)),
            ("CO", datetime!(2026-09-01 09:00 UTC), datetime!(2026-09-01 14:00 UTC)),
        ] {
            assert_eq!(policy(of).awake(at), awake, "{of} {at}");
        }
        let short = Policy { hours: (9, 11), ..policy("US") };
        assert_eq!(short.awake(datetime!(2026-09-01 02:00 UTC)), datetime!(2026-09-01 14:00 UTC));
        let last = datetime!(9999-12-31 23:30 UTC);
        for of in ["", "US", "RU"] {
            assert_eq!(policy(of).awake(last).year(), 9999, "{of}: and the end of all time is no panic");
        }
    }
}
