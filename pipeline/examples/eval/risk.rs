//! How sure a share of wrong documents is, and what a target of it would cost in coverage.

use serde::Serialize;

/// The 95 % interval of `wrong` in `of` (Wilson, 1927), which keeps its word where `of` is small or nothing is wrong.
pub fn wilson(wrong: usize, of: usize) -> (f64, f64) {
    if of == 0 {
        return (0.0, 1.0);
    }
    const Z: f64 = 1.96;
    let (n, p) = (of as f64, wrong as f64 / of as f64);
    let centre = p + Z * Z / (2.0 * n);
    let spread = Z * (p * (1.0 - p) / n + Z * Z / (4.0 * n * n)).sqrt();
    let scale = 1.0 + Z * Z / n;
    (((centre - spread) / scale).max(0.0), ((centre + spread) / scale).min(1.0))
}

/// "3/126 = 2.4 % (0.8–6.8)".
pub fn share(wrong: usize, of: usize) -> String {
    let (low, high) = wilson(wrong, of);
    let percent = 100.0 * wrong as f64 / of.max(1) as f64;
    format!("{wrong}/{of} = {percent:.1} % ({:.1}–{:.1})", 100.0 * low, 100.0 * high)
}

/// What would be filed, the surest first.
#[derive(Debug, Default, Clone, Serialize)]
pub struct Curve {
    /// How sure of the whole document, whether filing it would be wrong, and whether it is a paper that may be filed.
    pub documents: Vec<(f32, bool, bool)>,
}

impl Curve {
    pub fn add(&mut self, sure: f32, wrong: bool, paper: bool) {
        self.documents.push((sure, wrong, paper));
    }

    /// `(coverage of the papers, share of wrong among what is filed)` after each document.
    pub fn points(&self) -> Vec<(f64, f64)> {
        let mut sorted = self.documents.clone();
        sorted.sort_by(|a, b| b.0.total_cmp(&a.0));
        let papers = sorted.iter().filter(|d| d.2).count().max(1) as f64;
        let (mut filed, mut covered, mut wrong) = (0.0, 0.0, 0.0);
        let points = sorted.iter().filter(|d| d.0 > 0.0).map(|d| {
            filed += 1.0;
            covered += f64::from(u8::from(d.2));
            wrong += f64::from(u8::from(d.1));
            (covered / papers, wrong / filed)
        });
        points.collect()
    }

    /// The area under risk over coverage: the mean share of wrong over all thresholds; what is never filed counts as
    /// risk 1. Less is better.
    pub fn area(&self) -> f64 {
        let mut area = 0.0;
        let mut before = 0.0;
        for (coverage, risk) in self.points() {
            area += (coverage - before) * risk;
            before = coverage;
        }
        area + (1.0 - before)
    }

    /// The most that could be filed at no more than `risk` wrong.
    pub fn coverage_at(&self, risk: f64) -> f64 {
        self.points().iter().filter(|(_, r)| *r <= risk).map(|(c, _)| *c).fold(0.0, f64::max)
    }

    /// For a terminal.
    pub fn line(&self) -> String {
        let at = |risk: f64| format!("{:.0} % at {:.0} %", 100.0 * self.coverage_at(risk), 100.0 * risk);
        format!(
            "risk–coverage: area {:.3}; could be filed: {}, {}, {}, {}",
            self.area(),
            at(0.01),
            at(0.02),
            at(0.05),
            at(0.1)
        )
    }
}
