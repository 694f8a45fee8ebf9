//! Failed sign-ins, counted by who and where until the trail is told; by name only where somebody has it, for people type
//! their passwords there.

use std::{
    collections::HashMap,
    mem,
    net::IpAddr,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// How long after one line the next of the same is told.
const APART: Duration = Duration::from_secs(600);
/// So many are told apart in that time; what is beyond is told together.
const MOST: usize = 50;

/// Whose name, where it is one of ours, and from where; none of both: all that is beyond.
pub(crate) type Key = (Option<String>, Option<IpAddr>);

#[derive(Default)]
struct Count {
    untold: u64,
    told_at: Option<Instant>,
}

impl Count {
    /// Whether the last line about it was long enough ago.
    fn may_be_told(&self, at: Instant) -> bool {
        self.told_at.is_none_or(|told| at.saturating_duration_since(told) >= APART)
    }
}

/// What is not told yet, and what was told a moment ago.
#[derive(Default)]
pub(crate) struct Failed(Mutex<HashMap<Key, Count>>);

impl Failed {
    /// Somebody failed; under the name of a person of ours, or under another.
    pub(crate) fn count(&self, person: Option<&str>, place: IpAddr) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut key = (person.map(str::to_owned), Some(place));
        if counts.len() >= MOST && !counts.contains_key(&key) {
            key = Key::default();
        }
        counts.entry(key).or_default().untold += 1;
    }

    /// What is to be told now, which then counts as told; with `all`, whatever is not.
    pub(crate) fn due(&self, at: Instant, all: bool) -> Vec<(Key, u64)> {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counts.retain(|_, count| count.untold > 0 || !count.may_be_told(at));
        let due = counts.iter_mut().filter(|(_, count)| count.untold > 0 && (all || count.may_be_told(at)));
        let tell = |(key, count): (&Key, &mut Count)| {
            count.told_at = Some(at);
            (key.clone(), mem::take(&mut count.untold))
        };
        due.map(tell).collect()
    }

    /// It could not be told.
    pub(crate) fn back(&self, key: Key, times: u64) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(key).or_default();
        (count.untold, count.told_at) = (count.untold + times, None);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How often the trail is told.
    const EVERY: Duration = Duration::from_secs(5);

    fn from(last: u8) -> IpAddr {
        IpAddr::from([203, 0, 113, last])
    }

    #[test]
    fn a_flood_leaves_a_line_and_then_one_each_ten_minutes() {
        let (failed, mut at) = (Failed::default(), Instant::now());
        failed.count(Some("eva"), from(9));
        let eva = (Some("eva".to_owned()), Some(from(9)));
        assert_eq!(failed.due(at, false), [(eva.clone(), 1)], "the first is told at once");
        let mut lines = 0;
        for _ in 0..600 {
            (0..100).for_each(|_| failed.count(Some("eva"), from(9)));
            at += EVERY;
            lines += failed.due(at, false).len();
        }
        assert_eq!(lines, 5, "in fifty minutes");
        failed.count(Some("eva"), from(9));
        assert_eq!(failed.due(at, true), [(eva, 1)], "and all there is when the process stops");
        assert!(failed.due(at + APART, true).is_empty() && failed.0.lock().unwrap().is_empty());
    }

    #[test]
    fn from_a_thousand_places_they_are_told_together() {
        let (failed, at) = (Failed::default(), Instant::now());
        for n in 0..1_000_u16 {
            failed.count(None, IpAddr::from([10, 0, u8::try_from(n / 256).unwrap(), (n % 256) as u8]));
        }
        let told = failed.due(at, false);
        assert_eq!(told.len(), MOST + 1);
        assert_eq!(told.iter().map(|(_, times)| times).sum::<u64>(), 1_000, "none is lost");
        let beyond = told.iter().find(|(key, _)| *key == Key::default()).expect("told together");
        assert_eq!(beyond.1, 950);
    }

    #[test]
    fn what_could_not_be_told_is_told_later() {
        let (failed, at) = (Failed::default(), Instant::now());
        failed.count(None, from(1));
        let (key, times) = failed.due(at, false).swap_remove(0);
        failed.back(key.clone(), times);
        assert_eq!(failed.due(at, false), [(key, 1)]);
    }
}
