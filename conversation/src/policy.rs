//! How long a case waits, how often it reminds and what ends it: data, a line a kind.

use time::{Duration, OffsetDateTime, Time, UtcOffset};

use crate::{case::Kind, privacy::Privacy};

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
    pub zone: UtcOffset,
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
            return Ok(Self { rest, most, work, later, reminders, hours, zone: UtcOffset::UTC, at_end });
        }
        Err(BadPolicy { line: 0, problem: "there is no line for this kind" })
    }

    /// The same for a contact whose clock is this far from UTC.
    #[must_use]
    pub fn in_zone(self, zone: UtcOffset) -> Self {
        Self { zone, ..self }
    }

    /// The first moment from then on at which a contact may be reminded.
    #[must_use]
    pub fn awake(&self, at: OffsetDateTime) -> OffsetDateTime {
        // Whoever is to be written to at the end of all time is not kept waiting for a morning after it.
        let Some(there) = at.checked_to_offset(self.zone) else { return at };
        let (from, to) = self.hours;
        let Ok(morning) = Time::from_hms(from, 0, 0) else { return at };
        let day = match there.hour() {
            hour if hour < from => Some(there.date()),
            hour if hour >= to => there.date().next_day(),
            _ => return at,
        };
        let awake = day.map(|day| day.with_time(morning).assume_offset(self.zone));
        awake.and_then(|awake| awake.checked_to_offset(at.offset())).unwrap_or(at)
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
        use time::macros::{datetime, offset};
        let policy = Policy::of(Kind::Ask).unwrap().in_zone(offset!(-5));
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
            assert_eq!(policy.clone().in_zone(zone).awake(last), last, "there is no morning after it");
        }
    }
}
