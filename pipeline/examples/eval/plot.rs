//! A page with the risk–coverage curves and the reliability of what was said, drawn as SVG for a browser without a network.

use std::fmt::Write;

use crate::{figures::Figures, risk::Curve};

const HEAD: &str = "<!doctype html><meta charset=utf-8><title>Risk and coverage</title><style>\
body{font:14px/1.4 system-ui,sans-serif;margin:2rem;max-width:70rem}svg{background:#fafafa;margin:0 1rem 1rem 0}\
text{font:11px system-ui}.old{stroke:#888}.new{stroke:#06c}path{fill:none;stroke-width:2}</style>\n";

const SIDE: f64 = 360.0;
const EDGE: f64 = 34.0;
/// The curve's upper end: a larger share of wrong documents files nothing.
const MOST_RISK: f64 = 0.3;

/// The whole page.
pub fn page(figures: &Figures) -> String {
    let mut out = format!("{HEAD}<h1>Risk over coverage, bills</h1>\n");
    let curves: Vec<(&str, &Curve)> = ["old", "new"]
        .into_iter()
        .filter_map(|age| Some((age, &figures.filing.get(&format!("{age} bills"))?.curve)))
        .collect();
    let _ = writeln!(out, "{}", axes("coverage", "wrong among filed", MOST_RISK, &lines(&curves)));
    out.push_str("<p>grey: papers that the rules were written on; blue: the others</p>");
    for (age, curve) in curves {
        let _ = writeln!(out, "<p>{age} bills: {}</p>", curve.line());
    }
    out.push_str("<h1>Said and right, by field</h1>\n");
    for (field, bins) in &figures.reliability {
        let dots = bins.iter().fold(String::new(), |mut dots, (from, tally)| {
            let said = from.parse::<f64>().unwrap_or_default() + 0.05;
            let right = tally.right as f64 / tally.of().max(1) as f64;
            let size = 2.0 + (tally.of() as f64).sqrt() / 2.0;
            let (x, y) = at(said.min(1.0), right, 1.0);
            let of = tally.of();
            let _ = write!(
                dots,
                "<circle cx={x:.0} cy={y:.0} r={size:.1} fill=#06c opacity=.6><title>{of}</title></circle>"
            );
            dots
        });
        let (a, b) = (at(0.0, 0.0, 1.0), at(1.0, 1.0, 1.0));
        let line = format!("<path stroke=#ccc d='M{:.0} {:.0}L{:.0} {:.0}'/>", a.0, a.1, b.0, b.1);
        let _ = writeln!(out, "{}", axes(field, "right", 1.0, &format!("{line}{dots}")));
    }
    out
}

fn at(x: f64, y: f64, most: f64) -> (f64, f64) {
    let wide = SIDE - 2.0 * EDGE;
    (EDGE + wide * x.clamp(0.0, 1.0), SIDE - EDGE - wide * (y / most).clamp(0.0, 1.0))
}

fn lines(curves: &[(&str, &Curve)]) -> String {
    let path = |curve: &Curve| {
        let points = curve.points().into_iter().map(|(coverage, risk)| {
            let (x, y) = at(coverage, risk, MOST_RISK);
            format!("{x:.1} {y:.1}")
        });
        points.collect::<Vec<_>>().join("L")
    };
    curves.iter().map(|(age, curve)| format!("<path class={age} d='M{}'/>", path(curve))).collect()
}

fn axes(x: &str, y: &str, most: f64, inside: &str) -> String {
    let (left, low) = (EDGE, SIDE - EDGE);
    let marks = (0..=5).fold(String::new(), |mut marks, n| {
        let share = f64::from(n) / 5.0;
        let (px, _) = at(share, 0.0, 1.0);
        let (_, py) = at(0.0, share, 1.0);
        let (across, up) = (100.0 * share, 100.0 * share * most);
        let _ = write!(marks, "<text x={px:.0} y={:.0}>{across:.0} %</text>", low + 14.0);
        let _ = write!(marks, "<text x=2 y={py:.0}>{up:.0} %</text>");
        marks
    });
    format!(
        "<svg width={SIDE} height={SIDE}><path stroke=#000 d='M{left} {left}V{low}H{low}'/>{marks}\
         <text x={:.0} y={:.0}>{x}</text><text x=4 y=14>{y}</text>{inside}</svg>",
        SIDE / 2.0,
        SIDE - 4.0
    )
}
