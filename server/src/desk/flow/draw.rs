//! How the flow is drawn: on the left the kinds of cases that began, on the right where they stand, between them bands as
//! wide as there are cases; and a column a day.

use acuse_conversation::{End, State};

use super::{DayRow, Linked};

/// Where a case may stand, from the best to what went no further.
pub const STATES: [State; 7] = [
    State::Closed(End::Done),
    State::Gathering,
    State::Working,
    State::Waiting,
    State::Human,
    State::Closed(End::Expired),
    State::Closed(End::Stopped),
];
/// What each is drawn as.
pub const TONES: [&str; 7] = ["done", "gathering", "working", "waiting", "human", "expired", "stopped"];

/// All cases on one side take so much height, and the gap between two.
const HEIGHT: f64 = 300.0;
const GAP: f64 = 26.0;
/// Where the two sides stand.
const LEFT: f64 = 170.0;
const RIGHT: f64 = 800.0;
const WIDE: f64 = 10.0;
/// Height of the column of the fullest day.
const TALL: f64 = 120.0;
/// Width of a day.
const STEP: f64 = 24.0;

/// A stack of cases of one kind, or in one state.
pub struct Node {
    /// What it is.
    pub name: String,
    /// How it is drawn.
    pub tone: &'static str,
    /// How many.
    pub count: u64,
    /// Where they are listed.
    pub href: String,
    /// Where it stands.
    pub x: f64,
    /// From the top.
    pub y: f64,
    /// How high it is.
    pub height: f64,
}

/// Cases of one kind in one state.
pub struct Band {
    /// How it is drawn.
    pub tone: &'static str,
    /// Its outline.
    pub path: String,
    /// What it says when looked at.
    pub title: String,
    /// Where they are listed.
    pub href: String,
}

/// The drawing.
#[derive(Default)]
pub struct Picture {
    /// What came, and where it stands.
    pub nodes: Vec<Node>,
    /// Between them.
    pub bands: Vec<Band>,
    /// How high it is.
    pub height: f64,
}

/// A piece of a day's column.
pub struct Piece {
    /// How it is drawn.
    pub tone: &'static str,
    /// From the top.
    pub y: f64,
    /// How high.
    pub height: f64,
    /// What it says when looked at.
    pub title: String,
    /// Where they are listed.
    pub href: String,
}

/// A day.
pub struct Column {
    /// Which, as month and day.
    pub day: String,
    /// From the left.
    pub x: f64,
    /// What became of what began on it.
    pub pieces: Vec<Piece>,
}

impl Column {
    /// What fits under it: the day of the month.
    pub fn short(&self) -> &str {
        self.day.get(3..).unwrap_or(&self.day)
    }
}

/// Places stacks one under the other: the top of each, and how high all are.
fn stacked(counts: &[u64], all: u64) -> (Vec<f64>, f64) {
    let mut tops = Vec::with_capacity(counts.len());
    let mut y = 0.0;
    for count in counts {
        tops.push(y);
        y += height(*count, all) + if *count > 0 { GAP } else { 0.0 };
    }
    (tops, y)
}

fn height(count: u64, all: u64) -> f64 {
    if all == 0 { 0.0 } else { HEIGHT * count as f64 / all as f64 }
}

/// The drawing of how many of each kind stand where: a kind, how many began, and how many are in each of [`STATES`]; and
/// how many are in each in all.
pub fn picture(rows: &[(String, Linked, Vec<Linked>)], states: &[String], standing: &[Linked]) -> Picture {
    let all: u64 = rows.iter().map(|(_, began, _)| began.count).sum();
    if all == 0 {
        return Picture::default();
    }
    let began: Vec<u64> = rows.iter().map(|(_, began, _)| began.count).collect();
    let stand: Vec<u64> = standing.iter().map(|linked| linked.count).collect();
    let ((mut from, left), (mut to, right)) = (stacked(&began, all), stacked(&stand, all));
    let mut drawn = Picture { height: tenth(left.max(right)), ..Picture::default() };
    for ((name, began, _), top) in rows.iter().zip(&from) {
        drawn.nodes.push(node(name, "began", began, (LEFT - WIDE, *top), all));
    }
    for (place, linked) in standing.iter().enumerate().filter(|(_, linked)| linked.count > 0) {
        let (Some(name), Some(tone), Some(top)) = (states.get(place), TONES.get(place), to.get(place)) else {
            continue;
        };
        drawn.nodes.push(node(name, tone, linked, (RIGHT, *top), all));
    }
    for ((name, _, of), y) in rows.iter().zip(from.iter_mut()) {
        for (place, linked) in of.iter().enumerate().filter(|(_, linked)| linked.count > 0) {
            let (Some(state), Some(tone), Some(end)) =
                (states.get(place), TONES.get(place), to.get_mut(place))
            else {
                continue;
            };
            let thick = height(linked.count, all);
            drawn.bands.push(Band {
                tone,
                path: band(*y, *end, thick),
                title: format!("{name} · {state}: {}", linked.count),
                href: linked.href.clone(),
            });
            (*y, *end) = (*y + thick, *end + thick);
        }
    }
    drawn
}

fn node(name: &str, tone: &'static str, linked: &Linked, (x, y): (f64, f64), all: u64) -> Node {
    let (count, href) = (linked.count, linked.href.clone());
    Node {
        name: name.to_owned(),
        tone,
        count,
        href,
        x,
        y: tenth(y),
        height: tenth(height(count, all).max(1.0)),
    }
}

/// No finer than anybody sees.
fn tenth(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

/// From one side to the other, as thick all the way.
fn band(from: f64, to: f64, thick: f64) -> String {
    let middle = f64::midpoint(LEFT, RIGHT);
    let (from_end, to_end) = (from + thick, to + thick);
    format!(
        "M{LEFT} {from:.1}C{middle} {from:.1} {middle} {to:.1} {RIGHT} {to:.1}V{to_end:.1}C{middle} {to_end:.1} {middle} {from_end:.1} {LEFT} {from_end:.1}Z"
    )
}

/// A column a day, as high as there began cases on it, or came documents; a piece for each state, drawn in its tone.
pub fn columns(days: &[DayRow], states: &[String], tones: &[&'static str]) -> Vec<Column> {
    let most = days.iter().map(|day| day.began.count).max().unwrap_or_default().max(1);
    let column = |(place, day): (usize, &DayRow)| {
        let mut top = TALL;
        let mut pieces = Vec::new();
        for (place, linked) in day.states.iter().enumerate().filter(|(_, linked)| linked.count > 0) {
            let (Some(name), Some(tone)) = (states.get(place), tones.get(place).copied()) else { continue };
            let height = TALL * linked.count as f64 / most as f64;
            top -= height;
            let title = format!("{} · {name}: {}", day.day, linked.count);
            pieces.push(Piece {
                tone,
                y: tenth(top),
                height: tenth(height),
                title,
                href: linked.href.clone(),
            });
        }
        let short = day.day.get(5..).unwrap_or(&day.day).to_owned();
        Column { day: short, x: place as f64 * STEP, pieces }
    };
    days.iter().enumerate().map(column).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn linked(count: u64) -> Linked {
        Linked { count, href: format!("/inbox?show=flow&state=any&from=a&to=b&n={count}") }
    }

    fn rows() -> Vec<(String, Linked, Vec<Linked>)> {
        let of = |counts: [u64; 7]| counts.map(linked).into_iter().collect::<Vec<_>>();
        vec![
            ("Ask".into(), linked(6), of([3, 0, 0, 1, 0, 2, 0])),
            ("Support".into(), linked(4), of([1, 0, 0, 0, 3, 0, 0])),
        ]
    }

    #[test]
    fn every_case_is_drawn_once() {
        let states: Vec<String> = TONES.iter().map(|t| (*t).to_owned()).collect();
        let standing = [4, 0, 0, 1, 3, 2, 0].map(linked);
        let drawn = picture(&rows(), &states, &standing);
        let side = |x: f64| drawn.nodes.iter().filter(|n| n.x == x).map(|n| n.height).sum::<f64>();
        assert!((side(RIGHT) - HEIGHT).abs() < 0.5 && (side(LEFT - WIDE) - HEIGHT).abs() < 0.5);
        assert_eq!(drawn.bands.len(), 5, "a band for each kind and state that has cases");
        let titles: Vec<_> = drawn.bands.iter().map(|b| b.title.as_str()).collect();
        assert!(titles.contains(&"Ask · expired: 2"), "{titles:?}");
        let done = drawn.nodes.iter().find(|n| n.name == "done").unwrap();
        assert_eq!((done.count, done.href.as_str()), (4, standing[0].href.as_str()), "of all kinds");
        assert!(picture(&[], &states, &[]).nodes.is_empty(), "nothing is drawn of nothing");
    }

    #[test]
    fn the_fullest_day_is_the_highest() {
        let day = |day: &str, counts: [u64; 7]| DayRow {
            day: day.into(),
            began: linked(counts.iter().sum()),
            states: counts.map(linked).into_iter().collect(),
        };
        let states: Vec<String> = TONES.iter().map(|t| (*t).to_owned()).collect();
        let days = [
            day("2026-05-01", [4, 0, 0, 0, 0, 0, 0]),
            day("2026-05-02", [0; 7]),
            day("2026-05-03", [1, 0, 0, 1, 0, 0, 0]),
        ];
        let drawn = columns(&days, &states, &TONES);
        let tall = |c: &Column| c.pieces.iter().map(|p| p.height).sum::<f64>();
        assert_eq!(drawn.iter().map(tall).collect::<Vec<_>>(), [TALL, 0.0, TALL / 2.0]);
        assert_eq!(drawn[2].day, "05-03");
    }
}
