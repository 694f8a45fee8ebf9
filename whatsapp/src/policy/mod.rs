//! When a message may go: the 24-hour window, Meta's rates, how many may be written to first, and how long to wait after a refusal.
//!
//! All of it is pure: the clock is a parameter, and a rate's state is one timestamp that a row can hold.

mod rate;
mod tier;
mod window;

pub use rate::{Rate, Turn};
pub use tier::reach_of;
pub use window::{Window, media_alarm, media_deadline};

use std::time::Duration;

/// The wait before the `attempt`-th retry (from 0) of something transient: 2, 4, 8… seconds up to `ceiling`,
/// shifted by `jitter` (0.0 to 1.0, from the caller's randomness) to between half and all of it.
#[must_use]
pub fn backoff(attempt: u32, ceiling: Duration, jitter: f64) -> Duration {
    let full = Duration::from_secs(2_u64.saturating_pow(attempt.saturating_add(1).min(32))).min(ceiling);
    full.mul_f64(0.5 + jitter.clamp(0.0, 1.0) / 2.0)
}

/// The longest wait for a rate of Meta's. Ours: meanwhile Meta grants ten more to the same person, and a number that
/// sends one a second would have sent sixty-four.
pub const RATE_WAIT_MOST: Duration = Duration::from_secs(64);

/// The wait before the `attempt`-th retry (from 0) to the same person after 131056: 4^n seconds (Meta, error codes), at
/// most [`RATE_WAIT_MOST`]. It counts what Meta refused to that person, not what befell one message.
#[must_use]
pub fn pair_backoff(attempt: u32) -> Duration {
    Duration::from_secs(4_u64.saturating_pow(attempt.min(16))).min(RATE_WAIT_MOST)
}

/// The wait of a message that met 130429, whose number sends `per_s` of the `ceiling` messages a second that it may: as
/// many seconds as it is times slower, at most [`RATE_WAIT_MOST`], and by `jitter` (0.0 to 1.0) up to a quarter more, so
/// that those who were refused together do not come back together. The number slows, and no message more than it.
#[must_use]
pub fn number_backoff(per_s: u32, ceiling: u32, jitter: f64) -> Duration {
    let slower = ceiling.div_ceil(per_s.max(1)).max(1);
    let wait = Duration::from_secs(u64::from(slower)).min(RATE_WAIT_MOST);
    wait.mul_f64(1.0 + jitter.clamp(0.0, 1.0) / 4.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_a_ceiling() {
        let minute = Duration::from_secs(60);
        assert_eq!(backoff(0, minute, 1.0), Duration::from_secs(2));
        assert_eq!(backoff(0, minute, 0.0), Duration::from_secs(1));
        assert_eq!(backoff(u32::MAX, minute, 1.0), minute);
        assert_eq!(backoff(3, minute, f64::NAN.max(0.0)), Duration::from_secs(8));
        let pair: Vec<u64> = (0..6).map(|n| pair_backoff(n).as_secs()).collect();
        assert_eq!(pair, [1, 4, 16, 64, 64, 64]);
        assert_eq!(pair_backoff(u32::MAX), RATE_WAIT_MOST);
    }

    #[test]
    fn a_number_that_is_slower_is_waited_for_longer_and_never_long() {
        let secs = |per_s, ceiling| number_backoff(per_s, ceiling, 0.0).as_secs();
        assert_eq!([80, 40, 20, 10].map(|per_s| secs(per_s, 80)), [1, 2, 4, 8]);
        assert_eq!((secs(3, 20), secs(1, 1_000), secs(0, 80)), (7, 64, 64));
        assert_eq!(secs(80, 0), 1, "whatever a row says");
        assert_eq!(number_backoff(40, 80, 1.0), Duration::from_millis(2_500));
        assert_eq!(number_backoff(1, u32::MAX, 1.0), Duration::from_secs(80));
    }
}
