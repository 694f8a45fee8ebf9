//! Measured abstention on the page of the checks: of each kind what would be filed by itself and how much of it wrong, at any
//! threshold, as a curve and in numbers; and the threshold that meets a target error, which an admin sets and takes back.

use acuse_pipeline::document::Kind;
use acuse_storage::abstention::{
    Threshold, WHOLE_PPM,
    curve::{Outcomes, Point, Risk, answers_needed},
    shipped_ppm,
};
use axum::{
    Form,
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;
use uuid::Uuid;

use super::{Shown, labels, plot::Plot, session::Person};
use crate::{
    access::rights::Right,
    extract::{Id, word},
    problem::Problem,
    state::App,
};

/// Of what is filed by itself, at most one of a hundred wrong, where nobody says otherwise.
const TARGET: f64 = 0.01;
/// Lines of the curve in numbers.
const LINES: usize = 12;

/// A threshold and what it does.
pub(super) struct Line {
    pub threshold: String,
    /// The share that is filed by itself.
    pub files: String,
    /// The share of that which is wrong, with its interval; empty where nothing says.
    pub wrong: String,
}

impl Line {
    fn of(point: &Point) -> Self {
        Self {
            threshold: threshold(point.mille),
            files: percent(point.coverage),
            wrong: point.risk.map(error).unwrap_or_default(),
        }
    }
}

/// Who set a threshold, and what takes it back.
pub(super) struct Set {
    pub id: Uuid,
    pub by: String,
    pub at: String,
}

/// What can be done for a target.
pub(super) enum Offer {
    /// Nothing: it is met.
    Met,
    /// This threshold meets it.
    Raise { mille: u16, line: Line },
    /// Nothing shows it yet: so many answers without a mistake would.
    Unproven { needed: u64 },
}

/// All of a kind.
pub(super) struct Measure {
    pub kind: &'static str,
    pub label: &'static str,
    pub bills: u64,
    /// Blind answers, and decisions at the desk.
    pub answers: (u64, u64),
    pub now: Option<Line>,
    pub set: Option<Set>,
    pub offer: Offer,
    pub plot: Option<Plot>,
    pub lines: Vec<Line>,
}

fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

fn error(risk: Risk) -> String {
    format!("{} ({} – {})", percent(risk.share), percent(risk.low), percent(risk.high))
}

fn threshold(mille: u16) -> String {
    format!("{:.3}", f64::from(mille) / 1_000.0)
}

/// In thousandths, as the curve counts.
fn mille(ppm: u32) -> u16 {
    u16::try_from(ppm / 1_000).unwrap_or(u16::MAX)
}

fn shipped() -> u16 {
    mille(shipped_ppm())
}

/// From which threshold on a kind is filed now: what somebody set never lowers what the reader asks itself.
fn in_force(set: Option<&Threshold>) -> u16 {
    set.map_or(0, |t| mille(t.least_ppm)).max(shipped())
}

/// A share as somebody types it in percent.
pub(super) fn share(typed: &str) -> Option<f64> {
    let percent = typed.trim().trim_end_matches('%').trim_end().replace(',', ".").parse::<f64>().ok()?;
    (percent > 0.0 && percent <= 50.0).then_some(percent / 100.0)
}

fn offer(outcomes: &Outcomes, target: f64, now: u16) -> Offer {
    match outcomes.meets(target, shipped()) {
        Some(point) if point.mille == now => Offer::Met,
        Some(point) => Offer::Raise { mille: point.mille, line: Line::of(&point) },
        None => Offer::Unproven { needed: answers_needed(target) },
    }
}

/// A few of many, the first and the last among them.
fn some(points: &[Point], most: usize) -> Vec<Point> {
    if points.len() <= most {
        return points.to_vec();
    }
    (0..most).map(|n| points[n * (points.len() - 1) / (most - 1)]).collect()
}

async fn of(app: &App, kind: Kind, target: f64) -> Result<Measure, Problem> {
    let outcomes = app.catalog.filing_outcomes(kind).await?;
    let set = app.catalog.filing_threshold(kind).await?;
    let at = in_force(set.as_ref());
    let (now, curve) = (outcomes.at(at), outcomes.curve());
    let offer = offer(&outcomes, target, at);
    let offered = match &offer {
        Offer::Raise { mille, .. } => outcomes.at(*mille),
        _ => None,
    };
    Ok(Measure {
        kind: kind.as_str(),
        label: labels::kind(Some(kind)),
        bills: outcomes.bills(),
        answers: outcomes.answers(),
        plot: Plot::of(&curve, now.as_ref(), offered.as_ref(), target),
        lines: some(&curve, LINES).iter().map(Line::of).collect(),
        now: now.as_ref().map(Line::of),
        set: set.map(|t| Set {
            id: t.id,
            by: t.set_by.strip_prefix("user:").unwrap_or(&t.set_by).to_owned(),
            at: labels::full(t.set_at),
        }),
        offer,
    })
}

/// What was measured of each kind, for a target as it was typed; and the target in percent.
pub(super) async fn measures(app: &App, typed: &str) -> Result<(Vec<Measure>, String), Problem> {
    let target = if typed.is_empty() { TARGET } else { asked(typed)? };
    let mut all = Vec::new();
    for kind in [Kind::Invoice, Kind::Receipt] {
        all.push(of(app, kind, target).await?);
    }
    Ok((all, format!("{}", (target * 10_000.0).round() / 100.0)))
}

fn asked(typed: &str) -> Result<f64, Problem> {
    share(typed).ok_or_else(|| Problem::BadRequest("target: percent, above 0 and at most 50".to_owned()))
}

/// The button that sets a threshold says what it was shown.
#[derive(Deserialize)]
pub struct Apply {
    csrf: String,
    kind: String,
    mille: u16,
    target: String,
}

fn kind_of(text: &str) -> Result<Kind, Problem> {
    let kind = word::<Kind>("kind", Some(text))?;
    kind.filter(|k| matches!(k, Kind::Invoice | Kind::Receipt)).ok_or(Problem::NotFound("kind"))
}

/// `POST /checks/threshold`: from the next document on a kind is filed above the threshold that meets the target.
pub async fn apply(State(app): State<App>, person: Person, Form(form): Form<Apply>) -> Shown {
    Shown(set(&app, &person, &form).await)
}

async fn set(app: &App, person: &Person, form: &Apply) -> Result<Response, Problem> {
    person.must(Right::People)?;
    person.check_form(&form.csrf)?;
    let (kind, target) = (kind_of(&form.kind)?, asked(&form.target)?);
    // What was shown must still be what meets it.
    let point = app.catalog.filing_outcomes(kind).await?.meets(target, shipped());
    if point.is_none_or(|point| point.mille != form.mille) {
        return Err(Problem::Conflict("what was measured has changed: look at the curve again".to_owned()));
    }
    let ppm = |share: f64| (share * f64::from(WHOLE_PPM)).round() as u32;
    let least = u32::from(form.mille) * 1_000;
    app.catalog.set_filing_threshold(kind, (least, ppm(target)), &person.caller.actor).await?;
    Ok(Redirect::to("/checks?said=threshold").into_response())
}

/// What takes a threshold back.
#[derive(Deserialize)]
pub struct TakeBack {
    csrf: String,
    kind: String,
}

/// `POST /checks/threshold/{id}/undo`: what stood before it stands again.
pub async fn undo(
    State(app): State<App>,
    person: Person,
    Id(id): Id<Uuid>,
    Form(form): Form<TakeBack>,
) -> Shown {
    Shown(
        async {
            person.must(Right::People)?;
            person.check_form(&form.csrf)?;
            let kind = kind_of(&form.kind)?;
            if !app.catalog.undo_filing_threshold(kind, id, &person.caller.actor).await? {
                return Err(Problem::Conflict("another threshold stands by now: look again".to_owned()));
            }
            Ok(Redirect::to("/checks?said=undone").into_response())
        }
        .await,
    )
}

#[cfg(test)]
mod tests {
    use acuse_storage::abstention::curve::{Bin, Counted};

    use super::*;

    fn outcomes(wrong: u64) -> Outcomes {
        let counted = |all, checked, wrong| Counted { all, checked, wrong };
        Outcomes::new(vec![
            Bin { mille: 970, filed: counted(800, 600, 0), ..Bin::default() },
            Bin { mille: 820, filed: counted(100, 100, wrong), ..Bin::default() },
        ])
    }

    #[test]
    fn a_target_is_met_by_the_lowest_threshold_that_surely_does() {
        assert!(matches!(offer(&outcomes(0), 0.01, shipped()), Offer::Met));
        let Offer::Raise { mille, line } = offer(&outcomes(20), 0.01, shipped()) else { panic!("raised") };
        assert_eq!((mille, line.threshold.as_str(), line.files.as_str()), (970, "0.970", "88.9 %"));
        assert!(matches!(offer(&outcomes(20), 0.01, 970), Offer::Met), "once it is set");
        let Offer::Raise { mille, .. } = offer(&outcomes(0), 0.01, 970) else { panic!("lowered again") };
        assert_eq!(mille, shipped());
        assert!(matches!(offer(&outcomes(20), 0.001, shipped()), Offer::Unproven { needed: 3_838 }));
    }

    #[test]
    fn a_target_is_typed_in_percent() {
        assert_eq!((share("1"), share("0,5 %"), share("0")), (Some(0.01), Some(0.005), None));
        assert_eq!((share("51"), share("x"), share("NaN")), (None, None, None));
    }

    #[test]
    fn many_points_are_told_by_a_few() {
        let points: Vec<Point> = (0..100).map(|mille| Point { mille, coverage: 0.0, risk: None }).collect();
        let few = some(&points, 12);
        assert_eq!((few.len(), few[0].mille, few[11].mille), (12, 0, 99));
        assert_eq!(some(&points[..3], 12).len(), 3);
    }
}
