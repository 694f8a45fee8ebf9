//! The flow: where the cases are that began in a span, and where people dropped off, drawn here. Every number links to
//! the cases behind it, by the same words by which it was counted.

pub(super) mod draw;

use acuse_conversation::{Kind, State as Of};
use acuse_storage::{
    cases::{Flow, FlowTime, Measure, Span},
    keys::Scope,
};
use askama::Template;
use axum::extract::State;
use serde::Deserialize;
use time::{Date, Duration, OffsetDateTime};

use super::{Frame, Shown, labels, language::Tongue, page, session::Person};
use crate::{
    extract::{Params, day},
    problem::Problem,
    state::App,
};
use draw::{Column, Picture, columns, picture};

/// Days that are shown unless others are named.
const DAYS: i64 = 14;
/// Most days of one page.
const MOST_DAYS: i64 = 92;

/// Query of the page.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Query {
    from: String,
    to: String,
    kind: String,
}

/// Days, the last one among them, and a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Asked {
    from: Date,
    to: Date,
    kind: Option<Kind>,
}

impl Asked {
    fn of(query: &Query, today: Date) -> Result<Self, Problem> {
        let to = day("to", Some(&query.to))?.unwrap_or(today);
        let from = day("from", Some(&query.from))?.unwrap_or(to.saturating_sub(Duration::days(DAYS - 1)));
        if from > to || (to - from).whole_days() >= MOST_DAYS {
            return Err(Problem::BadRequest(format!(
                "from and to: 1 to {MOST_DAYS} days, the earlier first"
            )));
        }
        let kind = match query.kind.as_str() {
            "" => None,
            word => {
                Some(Kind::of(word).ok_or(Problem::BadRequest("there is no such kind of case".to_owned()))?)
            }
        };
        Ok(Self { from, to, kind })
    }

    /// The list of what was counted: of a kind, in a state (`any`: all), and what else.
    fn list(self, kind: Option<&str>, state: &str, more: &str) -> String {
        let kind =
            kind.or(self.kind.map(Kind::as_str)).map(|kind| format!("&kind={kind}")).unwrap_or_default();
        format!("/inbox?show=flow&state={state}{kind}&from={}&to={}{more}", self.from, self.to)
    }
}

fn begins(day: Date) -> OffsetDateTime {
    day.midnight().assume_utc()
}

/// A number that leads to its list.
pub struct Linked {
    /// How many.
    pub count: u64,
    /// Where they are listed.
    pub href: String,
}

/// Where people dropped off.
struct Drop {
    kind: String,
    /// Where it stood.
    left: String,
    /// What it waited for.
    expects: String,
    /// How it ended.
    end: String,
    cases: Linked,
}

/// How long it took.
struct Took {
    kind: String,
    answer: Option<(String, String)>,
    close: Option<(String, String)>,
}

/// A day, with what became of what began on it.
pub(super) struct DayRow {
    pub(super) day: String,
    pub(super) began: Linked,
    pub(super) states: Vec<Linked>,
}

#[derive(Template)]
#[template(path = "flow.html")]
struct Page {
    frame: Frame,
    from: String,
    to: String,
    kinds: Vec<(&'static str, String, bool)>,
    states: Vec<String>,
    picture: Picture,
    rows: Vec<(String, Linked, Vec<Linked>)>,
    drops: Vec<Drop>,
    times: Vec<Took>,
    columns: Vec<Column>,
    days: Vec<DayRow>,
    all: u64,
}

/// `GET /flow`.
pub async fn show(State(app): State<App>, person: Person, Params(query): Params<Query>) -> Shown {
    Shown(
        async {
            person.caller.require(Scope::MessagesRead)?;
            let asked = Asked::of(&query, app.catalog.now().date())?;
            let span = Span {
                from: begins(asked.from),
                to: begins(asked.to) + Duration::DAY,
                kind: asked.kind.map(Kind::as_str),
            };
            let flow = app.catalog.flow(person.caller.access(), span).await?;
            let frame = Frame::of(&app, &person, "inbox").await?;
            Ok(page(&of(&flow, asked, frame)))
        }
        .await,
    )
}

fn of(flow: &Flow, asked: Asked, frame: Frame) -> Page {
    let tongue = frame.tongue;
    let name = |word: &str| tongue.t(&labels::label(word)).to_owned();
    let kinds: Vec<&str> =
        Kind::ALL.iter().map(|kind| kind.as_str()).filter(|kind| flow.standing(kind, &Of::ALL) > 0).collect();
    let row = |kind: &&str| {
        let of_state = |state: &Of| Linked {
            count: flow.standing(kind, &[*state]),
            href: asked.list(Some(kind), state.as_str(), ""),
        };
        let began = Linked { count: flow.standing(kind, &Of::ALL), href: asked.list(Some(kind), "any", "") };
        (name(kind), began, draw::STATES.iter().map(of_state).collect())
    };
    let rows: Vec<(String, Linked, Vec<Linked>)> = kinds.iter().map(row).collect();
    let states: Vec<String> =
        draw::STATES.iter().map(|s| tongue.t(&labels::case_state(s.as_str())).to_owned()).collect();
    let in_all = |(place, state): (usize, &Of)| Linked {
        count: rows.iter().filter_map(|(.., of)| of.get(place)).map(|linked| linked.count).sum(),
        href: asked.list(None, state.as_str(), ""),
    };
    let standing: Vec<Linked> = draw::STATES.iter().enumerate().map(in_all).collect();
    let days = day_rows(flow, asked);
    Page {
        from: asked.from.to_string(),
        to: asked.to.to_string(),
        kinds: Kind::ALL.iter().map(|k| (k.as_str(), name(k.as_str()), asked.kind == Some(*k))).collect(),
        picture: picture(&rows, &states, &standing),
        all: rows.iter().map(|(_, began, _)| began.count).sum(),
        drops: drops(flow, asked, tongue),
        times: times(&flow.times, tongue),
        columns: columns(&days, &states, &draw::TONES),
        days: days.into_iter().rev().filter(|day| day.began.count > 0).collect(),
        rows,
        states,
        frame,
    }
}

/// Cases that ended without what they were for, by where they stood.
fn drops(flow: &Flow, asked: Asked, tongue: Tongue) -> Vec<Drop> {
    let name = |word: &str| tongue.t(&labels::label(word)).to_owned();
    let ended = flow
        .counts
        .iter()
        .filter(|c| matches!(c.state.as_str(), "expired" | "stopped") && !c.left.is_empty());
    let mut found: Vec<Drop> = ended
        .map(|c| Drop {
            kind: name(&c.kind),
            left: name(&c.left),
            expects: if c.expects.is_empty() {
                String::new()
            } else {
                name(&format!("expects_{}", c.expects))
            },
            end: tongue.t(&labels::case_state(&c.state)).to_owned(),
            cases: Linked {
                count: c.count,
                href: asked.list(Some(&c.kind), &c.state, &format!("&left={}&expects={}", c.left, c.expects)),
            },
        })
        .collect();
    found.sort_by_key(|f| std::cmp::Reverse(f.cases.count));
    found
}

/// A time as people say it.
pub(super) fn spell(secs: u64) -> String {
    match secs {
        0..120 => format!("{secs} s"),
        120..7_200 => format!("{} min", secs / 60),
        7_200..172_800 => format!("{} h", secs / 3_600),
        _ => format!("{} d", secs / 86_400),
    }
}

fn times(all: &[FlowTime], tongue: Tongue) -> Vec<Took> {
    let of = |kind: &str, measure: Measure| {
        let found = all.iter().find(|time| time.kind == kind && time.measure == measure)?;
        Some((spell(found.median_secs), spell(found.p90_secs)))
    };
    Kind::ALL
        .iter()
        .map(|kind| Took {
            kind: tongue.t(&labels::label(kind.as_str())).to_owned(),
            answer: of(kind.as_str(), Measure::Answer),
            close: of(kind.as_str(), Measure::Close),
        })
        .filter(|took| took.answer.is_some() || took.close.is_some())
        .collect()
}

/// Each day of the span, from the first, with what became of what began on it.
fn day_rows(flow: &Flow, asked: Asked) -> Vec<DayRow> {
    let mut rows = Vec::new();
    let mut day = asked.from;
    while day <= asked.to {
        let of_day = Asked { from: day, to: day, ..asked };
        let count = |state: Option<&Of>| {
            let is_of = |d: &&acuse_storage::cases::FlowDay| {
                d.day == day && state.is_none_or(|state| state.as_str() == d.state)
            };
            flow.days.iter().filter(is_of).map(|d| d.count).sum()
        };
        let linked =
            |state: &Of| Linked { count: count(Some(state)), href: of_day.list(None, state.as_str(), "") };
        rows.push(DayRow {
            day: day.to_string(),
            began: Linked { count: count(None), href: of_day.list(None, "any", "") },
            states: draw::STATES.iter().map(linked).collect(),
        });
        match day.next_day() {
            Some(next) => day = next,
            None => break,
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use time::macros::date;

    use super::*;

    #[test]
    fn a_span_is_days_the_last_among_them() {
        let today = date!(2026 - 05 - 14);
        let of = |from: &str, to: &str, kind: &str| {
            Asked::of(&Query { from: from.into(), to: to.into(), kind: kind.into() }, today)
        };
        let two_weeks = Asked { from: date!(2026 - 05 - 01), to: today, kind: None };
        assert_eq!(of("", "", "").unwrap(), two_weeks);
        let one = of("2026-05-03", "2026-05-03", "ask").unwrap();
        assert_eq!(
            one.list(None, "any", ""),
            "/inbox?show=flow&state=any&kind=ask&from=2026-05-03&to=2026-05-03"
        );
        for (from, to, kind) in
            [("2026-05-04", "2026-05-03", ""), ("2025-01-01", "", ""), ("x", "", ""), ("", "", "x")]
        {
            assert!(of(from, to, kind).is_err(), "{from} {to} {kind}");
        }
    }

    #[test]
    fn times_are_spelt_in_their_own_unit() {
        let spelt = [59, 119, 120, 7_199, 7_200, 172_800].map(spell);
        assert_eq!(spelt, ["59 s", "119 s", "2 min", "119 min", "2 h", "2 d"]);
    }
}
