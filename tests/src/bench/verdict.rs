//! What a bench says of a question that it asked of few documents and of many: that many make it no slower, that they make it
//! too slow, or that they make its answer longer (a rare word has few rows among few documents, and a row costs what it costs).

use std::time::Duration;

/// How many times slower many may make it.
pub const RATIO: f64 = 1.5;
/// Within which time many are answered.
pub const BOUND: Duration = Duration::from_millis(50);

/// What an answer took, and how many rows it had.
#[derive(Debug, Clone, Copy)]
pub struct Answered {
    /// So long.
    pub took: Duration,
    /// Rows, on average.
    pub rows: f64,
}

/// How many times slower many make it.
#[must_use]
pub fn ratio(less: Answered, more: Answered) -> f64 {
    more.took.as_secs_f64() / less.took.as_secs_f64()
}

/// How many questions were not answered as they should be.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Tally {
    /// Too late.
    beyond: u32,
    /// Later, with more rows.
    longer: u32,
}

impl Tally {
    /// Counts a question; what is said of it behind its figures, which is nothing where it holds.
    pub fn told(&mut self, less: Answered, more: Answered, bound: Duration) -> String {
        let is_within = more.took <= bound;
        if is_within && ratio(less, more) <= RATIO {
            return String::new();
        }
        if is_within && more.rows > RATIO * less.rows {
            self.longer += 1;
            return format!("  {:.1} rows for {:.1}", more.rows, less.rows);
        }
        self.beyond += 1;
        "  beyond the bound".to_owned()
    }

    /// What is said of all of them.
    #[must_use]
    pub fn summed(&self, database: &str, count: u64) -> String {
        let Self { beyond, longer } = self;
        format!(
            "# {database}: {beyond} beyond {RATIO} times or {BOUND:?} at {count}; {longer} with longer answers"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_longer_answer_may_take_longer_and_no_other() {
        let of = |millis: u64, rows: f64| Answered { took: Duration::from_millis(millis), rows };
        let mut tally = Tally::default();
        assert_eq!(tally.told(of(10, 50.0), of(15, 50.0), BOUND), "");
        assert_eq!(tally.told(of(10, 0.4), of(30, 50.0), BOUND), "  50.0 rows for 0.4");
        assert_eq!(tally.told(of(10, 50.0), of(16, 50.0), BOUND), "  beyond the bound");
        assert_eq!(
            tally.told(of(40, 1.0), of(51, 50.0), BOUND),
            "  beyond the bound",
            "nor may it take for ever"
        );
        assert_eq!(tally, Tally { beyond: 2, longer: 1 });
        let told = "# sqlite: 2 beyond 1.5 times or 50ms at 7; 1 with longer answers";
        assert_eq!(tally.summed("sqlite", 7), told);
    }
}
