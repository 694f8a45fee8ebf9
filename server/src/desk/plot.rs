//! The curve of risk and coverage as a picture: across, the share that is filed by itself; up, the share of it that is
//! wrong, with its interval as a band.

use acuse_storage::abstention::curve::Point;

/// Of the picture, in its own units.
const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 260.0;
/// Where the axes stand.
const LEFT: f64 = 56.0;
const RIGHT: f64 = 628.0;
const TOP: f64 = 14.0;
const BOTTOM: f64 = 214.0;
/// Most points that are drawn.
const POINTS: usize = 200;
/// How far up it goes, at the choice of what is drawn.
const SCALES: [f64; 9] = [0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0];

/// A line of an axis with its number.
pub(super) struct Tick {
    pub at: String,
    pub label: String,
}

/// A point that is named.
pub(super) struct Mark {
    pub x: String,
    pub y: String,
    /// How much is filed, and how much of it wrong.
    pub said: String,
}

/// The picture.
pub(super) struct Plot {
    pub width: f64,
    pub height: f64,
    pub left: f64,
    pub right: f64,
    pub top: f64,
    pub bottom: f64,
    /// What was measured.
    pub line: String,
    /// Its interval.
    pub band: String,
    pub across: Vec<Tick>,
    pub up: Vec<Tick>,
    /// How far up the target is.
    pub target: String,
    /// The threshold that stands.
    pub now: Option<Mark>,
    /// The one that is offered.
    pub offered: Option<Mark>,
}

fn number(value: f64) -> String {
    format!("{value:.1}")
}

fn percent(share: f64) -> String {
    let percent = (share * 1_000.0).round() / 10.0;
    format!("{percent} %")
}

fn x(coverage: f64) -> String {
    number(LEFT + coverage.clamp(0.0, 1.0) * (RIGHT - LEFT))
}

fn y(share: f64, scale: f64) -> String {
    number(BOTTOM - (share / scale).clamp(0.0, 1.0) * (BOTTOM - TOP))
}

/// The scale on which all that was found, the target and the interval of what stands have their place. Where few were
/// looked at the band leaves the picture.
fn scale(points: &[(f64, [f64; 3])], now: Option<&Point>, target: f64) -> f64 {
    let found = points.iter().map(|(_, [share, ..])| share * 1.4);
    let stands = now.and_then(|p| p.risk).map(|r| r.high);
    let most = found.chain(stands).fold(target * 1.6, f64::max);
    SCALES.into_iter().find(|scale| *scale >= most).unwrap_or(1.0)
}

impl Plot {
    /// Of a curve; none where nothing of it was measured.
    pub(super) fn of(
        curve: &[Point],
        now: Option<&Point>,
        offered: Option<&Point>,
        target: f64,
    ) -> Option<Self> {
        let measured = curve.iter().filter_map(|p| Some((p.coverage, p.risk?)));
        let all: Vec<(f64, [f64; 3])> = measured.map(|(c, r)| (c, [r.share, r.low, r.high])).collect();
        if all.is_empty() {
            return None;
        }
        let step = all.len().div_ceil(POINTS);
        let last = all.len() - 1;
        let points: Vec<_> =
            all.iter().enumerate().filter(|(n, _)| n % step == 0 || *n == last).map(|(_, p)| *p).collect();
        let scale = scale(&points, now, target);
        let at = |(coverage, of): &(f64, [f64; 3]), n: usize| format!("{},{}", x(*coverage), y(of[n], scale));
        let edge = |n: usize| points.iter().map(move |point| at(point, n));
        let band: Vec<String> = edge(2).chain(edge(1).rev()).collect();
        let mark = |point: &Point| {
            let risk = point.risk?;
            let said = format!("{} · {}", percent(point.coverage), percent(risk.share));
            Some(Mark { x: x(point.coverage), y: y(risk.share, scale), said })
        };
        let tick = |at: String, share: f64| Tick { at, label: percent(share) };
        Some(Self {
            width: WIDTH,
            height: HEIGHT,
            left: LEFT,
            right: RIGHT,
            top: TOP,
            bottom: BOTTOM,
            line: edge(0).collect::<Vec<_>>().join(" "),
            band: band.join(" "),
            across: [0.0, 0.25, 0.5, 0.75, 1.0].map(|share| tick(x(share), share)).into(),
            up: [0.0, 0.5, 1.0].map(|part| tick(y(scale * part, scale), scale * part)).into(),
            target: y(target, scale),
            now: now.and_then(mark),
            offered: offered.and_then(mark),
        })
    }
}

#[cfg(test)]
mod tests {
    use acuse_storage::abstention::curve::Risk;

    use super::*;

    fn point(coverage: f64, share: f64, high: f64) -> Point {
        let risk = Risk { share, low: 0.0, high, checked: 10, wrong: 1 };
        Point { mille: 900, coverage, risk: Some(risk) }
    }

    #[test]
    fn a_curve_stands_inside_its_axes() {
        let curve = [point(1.0, 0.04, 0.06), point(0.5, 0.0, 0.9)];
        let plot = Plot::of(&curve, Some(&curve[0]), None, 0.01).unwrap();
        assert_eq!(plot.line, "628.0,134.0 342.0,214.0", "on a scale of 10 %");
        assert_eq!(
            plot.band, "628.0,94.0 342.0,14.0 342.0,214.0 628.0,214.0",
            "and what is above it is cut off"
        );
        assert_eq!(plot.up.last().map(|t| t.label.as_str()), Some("10 %"));
        assert_eq!((plot.target.as_str(), plot.now.unwrap().said.as_str()), ("194.0", "100 % · 4 %"));
    }

    #[test]
    fn what_was_not_measured_has_no_curve() {
        let unknown = Point { mille: 900, coverage: 0.4, risk: None };
        assert!(Plot::of(&[unknown], Some(&unknown), None, 0.01).is_none());
        assert!(Plot::of(&[], None, None, 0.01).is_none());
    }

    #[test]
    fn a_long_curve_is_drawn_by_fewer_points() {
        let long: Vec<Point> = (0..1_000).map(|n| point(f64::from(n) / 1_000.0, 0.01, 0.02)).collect();
        let plot = Plot::of(&long, None, None, 0.01).unwrap();
        let drawn = plot.line.split(' ').count();
        assert!((POINTS..=POINTS + 1).contains(&drawn), "{drawn}");
        assert!(plot.line.ends_with(&format!("{},{}", x(0.999), y(0.01, 0.02))), "the last one too");
    }
}
