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

/// The wait before the `attempt`-th retry (from 0) to the same person after 131056: 4^n seconds (Meta,
/// error codes), at most an hour.
#[must_use]
pub fn pair_backoff(attempt: u32) -> Duration {
    Duration::from_secs(4_u64.saturating_pow(attempt.min(16))).min(Duration::from_secs(3600))
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
        let pair: Vec<u64> = (0..4).map(|n| pair_backoff(n).as_secs()).collect();
        assert_eq!(pair, [1, 4, 16, 64]);
        assert_eq!(pair_backoff(u32::MAX), Duration::from_secs(3600));
    }
}
