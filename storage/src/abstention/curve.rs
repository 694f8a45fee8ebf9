//! Risk and coverage: above each probability the share of bills that would be filed by themselves, and the share of those
//! that would be wrong, with its 95 % interval.
//!
//! Two kinds of answer are put together: of what was filed by itself a sample was checked blind, of what was doubted a
//! person decided. Each is measured by itself and weighs as much as there is of it, whatever share of it was answered; the
//! intervals of the two are joined by recovering their variances (MOVER: Zou and Donner, 2008).

use crate::quality::wilson;

/// How many there are, were answered, and were wrong.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counted {
    /// All.
    pub all: u64,
    /// Those of which a person said something.
    pub checked: u64,
    /// Of them, those that were wrong.
    pub wrong: u64,
}

impl Counted {
    fn with(self, other: Self) -> Self {
        Self {
            all: self.all + other.all,
            checked: self.checked + other.checked,
            wrong: self.wrong + other.wrong,
        }
    }

    /// The share that is wrong, and between which it lies 19 times of 20.
    fn error(&self) -> Option<[f64; 3]> {
        let (low, high) = wilson(self.wrong, self.checked)?;
        Some([self.wrong as f64 / self.checked as f64, low, high])
    }
}

/// Bills of about the same probability.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Bin {
    /// From this probability on, in thousandths.
    pub mille: u16,
    /// What was filed by itself, with the blind checks of it.
    pub filed: Counted,
    /// What nothing held but its probability, with the decisions on it.
    pub doubted: Counted,
    /// What something else held: no threshold files it.
    pub held: u64,
}

/// What would be wrong of what would be filed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Risk {
    /// The share that was found wrong.
    pub share: f64,
    /// It lies between this…
    pub low: f64,
    /// … and this, 19 times of 20.
    pub high: f64,
    /// Answers that say so.
    pub checked: u64,
    /// Of them, those that found it wrong.
    pub wrong: u64,
}

/// What a threshold would do.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// The threshold, in thousandths.
    pub mille: u16,
    /// The share that would be filed by itself.
    pub coverage: f64,
    /// None where nothing says how much of it is wrong.
    pub risk: Option<Risk>,
}

/// What became of the bills of a kind.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outcomes {
    /// By rising probability.
    bins: Vec<Bin>,
}

impl Outcomes {
    /// Of these bins.
    #[must_use]
    pub fn new(mut bins: Vec<Bin>) -> Self {
        bins.sort_by_key(|bin| bin.mille);
        Self { bins }
    }

    /// How many bills there are.
    #[must_use]
    pub fn bills(&self) -> u64 {
        self.bins.iter().map(|bin| bin.filed.all + bin.doubted.all + bin.held).sum()
    }

    /// Blind answers, and decisions at the desk, that say whether a bill was right.
    #[must_use]
    pub fn answers(&self) -> (u64, u64) {
        let sum = |of: fn(&Bin) -> Counted| self.bins.iter().map(|bin| of(bin).checked).sum();
        (sum(|bin| bin.filed), sum(|bin| bin.doubted))
    }

    /// What a threshold would do; none where there is no bill.
    #[must_use]
    pub fn at(&self, mille: u16) -> Option<Point> {
        let above = self.bins.iter().filter(|bin| bin.mille >= mille);
        let (filed, doubted) = above.fold((Counted::default(), Counted::default()), |(f, d), bin| {
            (f.with(bin.filed), d.with(bin.doubted))
        });
        let bills = self.bills();
        (bills > 0).then(|| Point {
            mille,
            coverage: (filed.all + doubted.all) as f64 / bills as f64,
            risk: risk(filed, doubted),
        })
    }

    /// The curve, by falling coverage: a point wherever it changes.
    #[must_use]
    pub fn curve(&self) -> Vec<Point> {
        let moved = self.bins.iter().filter(|bin| bin.filed.all + bin.doubted.all > 0);
        moved.filter_map(|bin| self.at(bin.mille)).collect()
    }

    /// The lowest threshold, and no lower than `from`, above which surely no more than `target` is wrong: the upper end of
    /// its interval is not above it.
    #[must_use]
    pub fn meets(&self, target: f64, from: u16) -> Option<Point> {
        let steps = std::iter::once(from).chain(self.bins.iter().map(|bin| bin.mille).filter(|m| *m > from));
        steps.filter_map(|mille| self.at(mille)).find(|point| point.risk.is_some_and(|r| r.high <= target))
    }
}

/// What is wrong of two parts together. A part that is there and was never looked at leaves the whole unknown.
fn risk(filed: Counted, doubted: Counted) -> Option<Risk> {
    let all = (filed.all + doubted.all) as f64;
    let (mut share, mut below, mut above) = (0.0, 0.0, 0.0);
    for part in [filed, doubted].iter().filter(|part| part.all > 0) {
        let weight = part.all as f64 / all;
        let [middle, low, high] = part.error()?;
        share += weight * middle;
        below += (weight * (middle - low)).powi(2);
        above += (weight * (high - middle)).powi(2);
    }
    (all > 0.0).then(|| Risk {
        share,
        low: (share - below.sqrt()).max(0.0),
        high: (share + above.sqrt()).min(1.0),
        checked: filed.checked + doubted.checked,
        wrong: filed.wrong + doubted.wrong,
    })
}

/// How many answers without a mistake show that no more than `target` is wrong.
#[must_use]
pub fn answers_needed(target: f64) -> u64 {
    let z = 1.96_f64;
    if target <= 0.0 { u64::MAX } else { (z * z * (1.0 / target.min(1.0) - 1.0)).ceil() as u64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(all: u64, checked: u64, wrong: u64) -> Counted {
        Counted { all, checked, wrong }
    }

    /// Half is surer than 0.9, and less of it is wrong.
    fn outcomes() -> Outcomes {
        Outcomes::new(vec![
            Bin { mille: 950, filed: counted(500, 400, 1), ..Bin::default() },
            Bin { mille: 600, doubted: counted(200, 200, 80), held: 100, ..Bin::default() },
            Bin { mille: 850, filed: counted(200, 100, 10), ..Bin::default() },
        ])
    }

    #[test]
    fn more_is_filed_and_more_is_wrong_the_lower_the_threshold() {
        let curve = outcomes().curve();
        assert_eq!(curve.iter().map(|p| p.mille).collect::<Vec<_>>(), [600, 850, 950]);
        assert_eq!(curve.iter().map(|p| p.coverage).collect::<Vec<_>>(), [0.9, 0.7, 0.5]);
        let risks: Vec<Risk> = curve.iter().map(|p| p.risk.unwrap()).collect();
        assert!(risks.windows(2).all(|pair| pair[0].share > pair[1].share), "{risks:?}");
        // Not the 91 of 700 that were found: of the 700 filed 2.2 %, of the 200 doubted 40 %.
        assert!((risks[0].share - (700.0 * 11.0 / 500.0 + 80.0) / 900.0).abs() < 1e-9, "{:?}", risks[0]);
        assert!(risks.iter().all(|r| r.low < r.share && r.share < r.high), "{risks:?}");
        assert_eq!(outcomes().answers(), (500, 200));
        assert_eq!((outcomes().bills(), Outcomes::default().at(0)), (1_000, None));
    }

    #[test]
    fn one_part_has_its_own_interval() {
        let risk = risk(counted(1_000, 100, 2), Counted::default()).unwrap();
        assert!((risk.low - 0.0055).abs() < 0.0005 && (risk.high - 0.0700).abs() < 0.0005, "{risk:?}");
    }

    #[test]
    fn two_parts_are_surer_than_either_and_less_than_their_sum() {
        let part = counted(500, 100, 2);
        let both = risk(part, part).unwrap();
        let (one, twice) =
            (risk(part, Counted::default()).unwrap(), risk(counted(1_000, 200, 4), Counted::default()));
        assert!((both.share - one.share).abs() < 1e-12 && both.high < one.high);
        assert!((both.high - twice.unwrap().high).abs() < 0.01, "{both:?} {twice:?}");
    }

    #[test]
    fn what_nobody_looked_at_is_unknown_and_not_right() {
        let unseen = Outcomes::new(vec![
            Bin { mille: 900, filed: counted(10, 0, 0), ..Bin::default() },
            Bin { mille: 700, doubted: counted(10, 10, 0), ..Bin::default() },
        ]);
        assert!(unseen.curve().iter().all(|point| point.risk.is_none()), "{unseen:?}");
        assert_eq!(unseen.meets(1.0, 0), None);
    }

    #[test]
    fn the_threshold_that_meets_a_target_is_the_lowest_that_surely_does() {
        let outcomes = outcomes();
        assert_eq!(outcomes.meets(0.02, 796).map(|p| p.mille), Some(950));
        assert_eq!(outcomes.meets(0.05, 796).map(|p| p.mille), Some(796), "as it is");
        assert_eq!(outcomes.meets(0.001, 796), None, "one of 400 does not show one of 1,000");
        assert_eq!(answers_needed(0.01), 381);
        assert!(wilson(0, 381).unwrap().1 <= 0.01 && wilson(0, 379).unwrap().1 > 0.01);
    }
}
