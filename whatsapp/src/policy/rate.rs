use std::time::Duration;

use time::OffsetDateTime;

use crate::limits::{NUMBER_PER_SECOND, PAIR_BURST, PAIR_INTERVAL};

/// A token bucket written as one timestamp (the generic cell rate algorithm of ITU-T I.371): the moment
/// at which all that was sent so far is paid for. `None` says nothing was sent yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    interval: Duration,
    burst: u32,
}

/// What a rate says to one more message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// Send, and keep this as the new state.
    Go {
        /// When everything up to this message is paid for.
        paid_at: OffsetDateTime,
    },
    /// Not before so long.
    Wait(Duration),
}

impl Rate {
    /// To one person: one message per 6 seconds, 45 at once borrowed from the time after.
    pub const PAIR: Self = Self { interval: PAIR_INTERVAL, burst: PAIR_BURST };
    /// Of one number: 80 a second.
    pub const NUMBER: Self = Self::per_second(NUMBER_PER_SECOND);

    /// So many a second, all of which may go at once. Zero is taken as one.
    #[must_use]
    pub const fn per_second(count: u32) -> Self {
        let count = if count == 0 { 1 } else { count };
        Self { interval: Duration::from_nanos(1_000_000_000 / count as u64), burst: count }
    }

    /// So many a second and never more within any second: an eighth of them at once, the rest paced.
    #[must_use]
    pub const fn paced(count: u32) -> Self {
        let count = if count == 0 { 1 } else { count };
        let burst = if count < 8 { 1 } else { count / 8 };
        let paced = if count > burst { count - burst } else { 1 };
        Self { interval: Duration::from_nanos(1_000_000_000 / paced as u64), burst }
    }

    /// The same pace, and nothing at once.
    #[must_use]
    pub const fn without_burst(self) -> Self {
        Self { burst: 1, ..self }
    }

    /// Half as many, after Meta said 130429; never less than one a second.
    #[must_use]
    pub fn halved(self) -> Self {
        Self { interval: (self.interval * 2).min(Duration::from_secs(1)), burst: (self.burst / 2).max(1) }
    }

    /// The state as it may be by this rate, where turns are given out up to `ahead` of their time: one that is paid for
    /// further ahead than anybody was ever let is of a clock that has gone back since, and counts for nothing.
    #[must_use]
    pub fn plausible(
        self,
        paid_at: Option<OffsetDateTime>,
        now: OffsetDateTime,
        ahead: Duration,
    ) -> Option<OffsetDateTime> {
        let most = self.interval.saturating_mul(self.burst).saturating_add(ahead);
        let most = now.saturating_add(time::Duration::try_from(most).unwrap_or(time::Duration::MAX));
        paid_at.filter(|paid_at| *paid_at <= most)
    }

    /// The state in which all is borrowed, and one more goes after `wait`.
    #[must_use]
    pub fn spent(self, now: OffsetDateTime, wait: Duration) -> OffsetDateTime {
        let owed = self.interval.saturating_mul(self.burst.saturating_sub(1)).saturating_add(wait);
        now.saturating_add(time::Duration::try_from(owed).unwrap_or(time::Duration::MAX))
    }

    /// Asks for one message at `now`, with the state kept from the last [`Turn::Go`].
    #[must_use]
    pub fn ask(self, paid_at: Option<OffsetDateTime>, now: OffsetDateTime) -> Turn {
        let from = paid_at.unwrap_or(now).max(now);
        let borrowed = Duration::try_from(from - now).unwrap_or_default();
        let allowed = self.interval.saturating_mul(self.burst.saturating_sub(1));
        if borrowed > allowed {
            return Turn::Wait(borrowed - allowed);
        }
        let interval = time::Duration::try_from(self.interval).unwrap_or(time::Duration::MAX);
        Turn::Go { paid_at: from.saturating_add(interval) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: OffsetDateTime = time::macros::datetime!(2026-09-01 12:00 UTC);

    /// How many go at `now`, with the state after.
    fn burst(rate: Rate, mut state: Option<OffsetDateTime>, now: OffsetDateTime) -> (u32, OffsetDateTime) {
        let mut sent = 0;
        loop {
            match rate.ask(state, now) {
                Turn::Go { paid_at } => {
                    state = Some(paid_at);
                    sent += 1;
                }
                Turn::Wait(_) => return (sent, state.unwrap()),
            }
        }
    }

    fn burst_or_none(
        rate: Rate,
        state: Option<OffsetDateTime>,
        now: OffsetDateTime,
    ) -> (u32, Option<OffsetDateTime>) {
        match rate.ask(state, now) {
            Turn::Wait(_) => (0, state),
            Turn::Go { .. } => {
                let (sent, after) = burst(rate, state, now);
                (sent, Some(after))
            }
        }
    }

    #[test]
    fn a_pair_bursts_45_and_pays_six_seconds_each() {
        let (sent, state) = burst(Rate::PAIR, None, NOON);
        assert_eq!(sent, 45);
        assert_eq!(Rate::PAIR.ask(Some(state), NOON), Turn::Wait(Duration::from_secs(6)));
        assert_eq!(burst(Rate::PAIR, Some(state), NOON + Duration::from_secs(6)).0, 1);
        assert_eq!(burst(Rate::PAIR, Some(state), NOON + Duration::from_secs(60)).0, 10);
        assert_eq!(burst(Rate::PAIR, Some(state), NOON + Duration::from_secs(86_400)).0, 45);
    }

    #[test]
    fn who_was_refused_has_nothing_left_and_pays_for_each() {
        let wait = Duration::from_secs(16);
        let state = Rate::PAIR.spent(NOON, wait);
        assert_eq!(Rate::PAIR.ask(Some(state), NOON), Turn::Wait(wait));
        let (sent, state) = burst(Rate::PAIR, Some(state), NOON + wait);
        assert_eq!(sent, 1);
        assert_eq!(Rate::PAIR.ask(Some(state), NOON + wait), Turn::Wait(Duration::from_secs(6)));
        assert_eq!(Rate::PAIR.plausible(Some(state), NOON, wait), Some(state), "no clock has gone back");
    }

    #[test]
    fn a_number_sends_its_throughput_each_second() {
        let (sent, state) = burst(Rate::NUMBER, None, NOON);
        assert_eq!(sent, 80);
        assert_eq!(burst(Rate::NUMBER, Some(state), NOON + Duration::from_secs(1)).0, 80);
        assert_eq!(burst(Rate::NUMBER.halved(), None, NOON).0, 40);
        assert_eq!(burst(Rate::per_second(0), None, NOON).0, 1);
    }

    #[test]
    fn what_a_clock_that_jumped_left_behind_counts_for_nothing() {
        let (_, state) = burst(Rate::PAIR, None, NOON);
        let plausible = |at| Rate::PAIR.plausible(Some(at), NOON, Duration::ZERO);
        assert_eq!(plausible(state), Some(state), "a whole burst is owed");
        assert_eq!(plausible(state + time::Duration::HOUR), None);
        let number = Rate::paced(80);
        let (_, state) = burst(number, None, NOON + Duration::from_secs(2));
        assert_eq!(number.plausible(Some(state), NOON, Duration::from_secs(2)), Some(state), "in line");
        assert_eq!(number.plausible(Some(state), NOON, Duration::ZERO), None);
    }

    #[test]
    fn a_paced_number_never_sends_more_than_its_rate_within_a_second() {
        for rate in [1, 2, 5, 20, 40, 80, 1_000] {
            let (mut state, mut sent) = (None, Vec::new());
            for ms in 0..3_000 {
                let (went, after) = burst_or_none(Rate::paced(rate), state, NOON + Duration::from_millis(ms));
                state = after;
                sent.extend(std::iter::repeat_n(ms, went as usize));
            }
            let within = |from: u64| sent.iter().filter(|at| (from..from + 1_000).contains(at)).count();
            let most = (0..2_000).map(within).max().unwrap();
            assert!(most <= rate.max(2) as usize, "{rate}: {most}");
            assert!(most >= (rate * 8 / 10) as usize, "{rate}: {most}");
        }
    }
}
