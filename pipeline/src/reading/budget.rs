//! How much work a file has cost so far, and how much it may.
//!
//! Counted is the processor's time or the clock's, whichever is less: on a busy machine a child waits for its turn, and to
//! wait is not the file's fault; in a program of many threads the processor's time is everybody's.

use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

use crate::{limits::Limits, reading::StageTime};

/// A moment from which work is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Effort {
    clock: Instant,
    processor: Duration,
}

impl Effort {
    /// From now on.
    #[must_use]
    pub fn begin() -> Self {
        Self { clock: Instant::now(), processor: processor() }
    }

    /// Work since then.
    #[must_use]
    pub fn spent(&self) -> Duration {
        self.clock.elapsed().min(processor().saturating_sub(self.processor))
    }

    /// Where `most` of it is spent.
    #[must_use]
    pub const fn until(self, most: Duration) -> Until {
        Until { begun: self, most }
    }
}

/// An end of work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Until {
    begun: Effort,
    most: Duration,
}

impl Until {
    /// Whether it is reached.
    #[must_use]
    pub fn is_over(&self) -> bool {
        !self.leaves(Duration::ZERO)
    }

    /// Whether so much more work ends before it.
    #[must_use]
    pub fn leaves(&self, more: Duration) -> bool {
        self.begun.spent() + more < self.most
    }
}

/// Of all threads of this process (`clock_gettime(2)`, `CLOCK_PROCESS_CPUTIME_ID`).
fn processor() -> Duration {
    Duration::try_from(clock_gettime(ClockId::ProcessCPUTime)).unwrap_or_default()
}

/// Where the time goes, and how much there is.
pub(super) struct Budget {
    begun: Effort,
    all: Duration,
    pub(super) spent: Vec<StageTime>,
}

impl Budget {
    pub(super) fn new(limits: &Limits) -> Self {
        Self { begun: Effort::begin(), all: Duration::from_millis(limits.read_ms), spent: Vec::new() }
    }

    /// Where this much of the file's time is spent.
    pub(super) fn at_percent(&self, percent: u64) -> Until {
        self.begun.until(self.all.mul_f64(percent as f64 / 100.0))
    }

    pub(super) fn time<T>(&mut self, stage: &str, work: impl FnOnce() -> T) -> T {
        let started = Effort::begin();
        let done = work();
        self.add(stage, started);
        done
    }

    /// Adds to the stage's earlier time, if it had any.
    pub(super) fn add(&mut self, stage: &str, started: Effort) {
        self.spend(stage, started.spent());
    }

    pub(super) fn spend(&mut self, stage: &str, spent: Duration) {
        let spent = spent.as_millis() as u64;
        match self.spent.iter_mut().find(|t| t.stage == stage) {
            Some(time) => time.duration_ms += spent,
            None => self.spent.push(StageTime { stage: stage.to_owned(), duration_ms: spent }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn to_wait_costs_less_than_to_work() {
        let begun = Effort::begin();
        let until = begun.until(Duration::from_millis(30));
        assert!(!until.is_over() && !until.leaves(Duration::from_secs(1)));
        while !until.is_over() {
            std::hint::black_box((0..1_000).sum::<u64>());
        }
        assert!(begun.spent() >= Duration::from_millis(30));
    }

    #[test]
    fn the_budget_adds_up_one_entry_a_stage() {
        let mut budget = Budget::new(&Limits::default());
        budget.time("ocr", || ());
        budget.time("encode", || ());
        budget.time("ocr", || ());
        let stages: Vec<&str> = budget.spent.iter().map(|t| t.stage.as_str()).collect();
        assert_eq!(stages, ["ocr", "encode"]);
    }
}
