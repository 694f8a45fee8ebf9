//! How long a case waits, how often it reminds and what ends it: data, a line a kind.

use time::Duration;

use crate::case::Kind;

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
    /// The waits before each reminder, and the last time before the end.
    pub reminders: Vec<Duration>,
    /// What then.
    pub at_end: AtEnd,
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
            let [_, rest, most, work, reminders, at_end] = cells.as_slice() else {
                return Err(bad("write six cells, a tab between two"));
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
            let at_end = match *at_end {
                "human" => AtEnd::Human,
                "expired" => AtEnd::Expired,
                _ => return Err(bad("a case that nobody answers ends as human or expired")),
            };
            return Ok(Self { rest: secs(rest)?, most: secs(most)?, work: secs(work)?, reminders, at_end });
        }
        Err(BadPolicy { line: 0, problem: "there is no line for this kind" })
    }

    /// How long to wait after so many reminders.
    #[must_use]
    pub fn wait_after(&self, reminders: u32) -> Duration {
        let at = usize::try_from(reminders).unwrap_or(usize::MAX);
        self.reminders.get(at).or(self.reminders.last()).copied().unwrap_or(NO_REMINDER)
    }
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
        for (line, problem) in [
            ("ask\t8\t60\t180\t-", "six cells"),
            ("ask\t0\t60\t180\t-\thuman", "seconds"),
            ("ask\t8\t60\t180\t5,x\thuman", "minutes"),
            ("ask\t8\t60\t180\t-\tnever", "human or expired"),
            ("support\t8\t60\t180\t-\thuman", "no line"),
        ] {
            let error = Policy::read(&format!("# a comment\n{line}"), Kind::Ask).unwrap_err();
            assert!(error.problem.contains(problem), "{error}");
        }
    }
}
