//! Blind checks: a person says what a paper says that was filed by itself, without seeing what was read. From their answers
//! the error of filing by itself is measured, by kind, with its interval.

use acuse_pipeline::document::Kind;
use acuse_storage::{
    keys::Scope,
    quality::{Answered, Differing, Drawn, Measured},
};
use askama::Template;
use axum::{
    Form,
    extract::State,
    http::HeaderMap,
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;
use uuid::Uuid;

use super::{
    Frame, Shown,
    abstention::{self, Measure, Offer},
    labels, login, page,
    paper::{Fault, Said, asked, sample},
    session::Person,
};
use crate::{
    access::rights::Right,
    extract::{Id, Params, word},
    problem::Problem,
    review::LEASE,
    state::App,
};

/// What was measured of a kind, as a line.
struct Row {
    kind: &'static str,
    label: &'static str,
    checked: u64,
    wrong: u64,
    unreadable: u64,
    waiting: u64,
    /// In percent, with its interval.
    share: String,
    /// How many are drawn, in percent.
    drawn: String,
}

fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

impl Row {
    fn of(kind: Kind, measured: Option<Measured>, share_ppm: u32) -> Self {
        let none = Measured { kind, checked: 0, wrong: 0, unreadable: 0, waiting: 0 };
        let measured = measured.unwrap_or(none);
        let share = measured.wrong as f64 / measured.checked.max(1) as f64;
        let interval = measured.interval();
        Self {
            kind: kind.as_str(),
            label: labels::kind(Some(kind)),
            checked: measured.checked,
            wrong: measured.wrong,
            unreadable: measured.unreadable,
            waiting: measured.waiting,
            share: interval
                .map(|(low, high)| format!("{} ({} – {})", percent(share), percent(low), percent(high)))
                .unwrap_or_default(),
            drawn: format!("{}", f64::from(share_ppm) / 10_000.0),
        }
    }
}

#[derive(Template)]
#[template(path = "checks.html")]
struct Checks {
    frame: Frame,
    rows: Vec<Row>,
    /// Whether a sample waits for this person.
    has_next: bool,
    /// What any threshold would do, by kind.
    measures: Vec<Measure>,
    /// At most so much of what is filed may be wrong, in percent.
    target: String,
}

/// What became of the last answer, and which error is aimed at.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Done {
    said: String,
    target: String,
}

/// `GET /checks`.
pub async fn show(State(app): State<App>, person: Person, Params(done): Params<Done>) -> Shown {
    Shown(render(&app, &person, &done).await)
}

async fn render(app: &App, person: &Person, done: &Done) -> Result<Response, Problem> {
    if !person.caller.has(Scope::ReviewsWrite) {
        person.must(Right::Audit)?;
    }
    let measured = app.catalog.quality().await?;
    let mut rows = Vec::new();
    for kind in [Kind::Invoice, Kind::Receipt] {
        let of = measured.iter().find(|m| m.kind == kind).copied();
        rows.push(Row::of(kind, of, app.catalog.quality_share(kind).await?));
    }
    let has_next = person.caller.has(Scope::ReviewsWrite)
        && app.catalog.has_quality_check(person.caller.access(), &person.caller.actor).await?;
    let mut frame = Frame::of(app, person, "checks").await?;
    // One of a closed list, for anybody may write an address.
    frame.notice = match done.said.as_str() {
        "unreadable" => Some(frame.t("It is kept that it cannot be read. Thank you.").to_owned()),
        "same" => Some(frame.t("The same as was filed. Thank you.").to_owned()),
        "threshold" => Some(frame.t("The threshold is set. It counts from the next document on.").to_owned()),
        "undone" => Some(frame.t("The threshold before it stands again.").to_owned()),
        _ => None,
    };
    let (measures, target) = abstention::measures(app, done.target.trim()).await?;
    Ok(page(&Checks { frame, rows, has_next, measures, target }))
}

/// What the button carries that takes one.
#[derive(Deserialize)]
pub struct Signed {
    csrf: String,
}

/// `POST /checks/next`: takes the sample that has waited longest, so that nobody else gets it meanwhile.
pub async fn take(State(app): State<App>, person: Person, Form(form): Form<Signed>) -> Shown {
    Shown(
        async {
            person.caller.require(Scope::ReviewsWrite)?;
            person.check_form(&form.csrf)?;
            let caller = &person.caller;
            let taken = app.catalog.claim_quality_check(caller.access(), &caller.actor, LEASE).await?;
            let to = taken.map_or_else(|| "/checks".to_owned(), |check| format!("/checks/{}", check.id));
            Ok(Redirect::to(&to).into_response())
        }
        .await,
    )
}

/// `POST /checks/{id}`: keeps the answer, or that the paper cannot be read. One that differs reopens the document, and the
/// person says what is right.
pub async fn answer(
    State(app): State<App>,
    headers: HeaderMap,
    Id(id): Id<Uuid>,
    Form(said): Form<Said>,
) -> Shown {
    Shown(
        async {
            let Some(person) = Person::of(&app, &headers).await? else {
                return Ok(login::interrupted_check(&app, &headers, id, said));
            };
            person.check_form(&said.csrf)?;
            let (drawn, document) = sample(&app, &person, id).await?;
            let actor = &person.caller.actor;
            let judged = said.kind().and_then(|kind| said.is_as_filed(kind, &document));
            let (answered, agrees) = match judged {
                _ if said.is_unreadable() => (app.catalog.give_up_quality_check(id, actor).await?, true),
                Ok(true) => (app.catalog.answer_quality_check(id, actor, true, &said.answer()).await?, true),
                Ok(false) => (differs(&app, actor, &drawn, &said).await?, false),
                Err(fault) => return asked(&app, &person, (id, document), said, Some(fault)).await,
            };
            match answered {
                Answered::Kept => {}
                Answered::Already => {
                    return Err(Problem::Conflict("somebody has answered it already".to_owned()));
                }
                Answered::Changed => {
                    let why = "the document changed meanwhile: look at it again";
                    return Err(Problem::Conflict(why.to_owned()));
                }
                Answered::HeldBy(other) => {
                    let fault = Some(Fault::held_by(&other));
                    return asked(&app, &person, (id, document), said, fault).await;
                }
            }
            if said.is_unreadable() {
                return Ok(Redirect::to("/checks?said=unreadable").into_response());
            }
            if agrees {
                return Ok(Redirect::to("/checks?said=same").into_response());
            }
            Ok(Redirect::to(&format!("/documents/{}", document.id)).into_response())
        }
        .await,
    )
}

/// What somebody says else than what was filed counts, and the document is in front of them, in one.
async fn differs(app: &App, actor: &str, drawn: &Drawn, said: &Said) -> Result<Answered, Problem> {
    let (answer, draft) = (said.answer(), said.draft());
    let why = "A blind check says something else than what was filed.";
    let differing = Differing { answer: &answer, draft: &draft, why, until: app.catalog.now() + LEASE };
    Ok(app.catalog.differ_from_filed(drawn, actor, differing).await?)
}

/// How many are drawn.
#[derive(Deserialize)]
pub struct Share {
    csrf: String,
    kind: String,
    percent: String,
}

/// `POST /checks`: sets how many of a kind are drawn.
pub async fn set(State(app): State<App>, person: Person, Form(form): Form<Share>) -> Shown {
    Shown(
        async {
            person.must(Right::People)?;
            person.check_form(&form.csrf)?;
            let kind = word::<Kind>("kind", Some(&form.kind))?.ok_or(Problem::NotFound("kind"))?;
            let share = form.percent.trim().replace(',', ".").parse::<f64>().ok();
            let share = share.filter(|p| (0.0..=100.0).contains(p));
            let share =
                share.ok_or_else(|| Problem::BadRequest("percent: a number from 0 to 100".to_owned()))?;
            let ppm = (share * 10_000.0).round() as u32;
            app.catalog.set_quality_share(kind, ppm, &person.caller.actor).await?;
            Ok(Redirect::to("/checks").into_response())
        }
        .await,
    )
}
