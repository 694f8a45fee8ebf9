//! Blind checks: a person says what a paper says that was filed by itself, without seeing what was read. From their answers
//! the error of filing by itself is measured, by kind, with its interval.

use std::collections::BTreeMap;

use acuse_pipeline::{
    checks,
    document::Kind,
    fields::{FieldName, Fields},
};
use acuse_storage::{
    Document,
    abstention::says_same,
    keys::Scope,
    quality::{Drawn, Measured},
    reviews::Reopened,
};
use askama::Template;
use axum::{
    Form,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Redirect, Response},
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    Frame, Shown,
    abstention::{self, Measure, Offer},
    labels, login, page,
    page_views::Sheet,
    sentence,
    session::Person,
};
use crate::{
    access::{self, quarantine, rights::Right},
    http::{
        extract::{Id, Params, word},
        problem::Problem,
        reviews::LEASE,
    },
    state::App,
};

/// What was measured of a kind, as a line.
struct Row {
    kind: &'static str,
    label: &'static str,
    checked: u64,
    wrong: u64,
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
        let none = Measured { kind, checked: 0, wrong: 0, waiting: 0 };
        let measured = measured.unwrap_or(none);
        let share = measured.wrong as f64 / measured.checked.max(1) as f64;
        let interval = measured.interval();
        Self {
            kind: kind.as_str(),
            label: labels::kind(Some(kind)),
            checked: measured.checked,
            wrong: measured.wrong,
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
    /// The sample that waits for this person.
    next: Option<Uuid>,
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
    let next = if person.caller.has(Scope::ReviewsWrite) {
        app.catalog.next_quality_check(person.caller.access()).await?.map(|check| check.id)
    } else {
        None
    };
    let mut frame = Frame::of(app, person, "checks").await?;
    // One of a closed list, for anybody may write an address.
    frame.notice = match done.said.as_str() {
        "same" => Some(frame.t("The same as was filed. Thank you.").to_owned()),
        "threshold" => Some(frame.t("The threshold is set. It counts from the next document on.").to_owned()),
        "undone" => Some(frame.t("The threshold before it stands again.").to_owned()),
        _ => None,
    };
    let (measures, target) = abstention::measures(app, done.target.trim()).await?;
    Ok(page(&Checks { frame, rows, next, measures, target }))
}

#[derive(Template)]
#[template(path = "check.html")]
struct Check {
    frame: Frame,
    id: Uuid,
    pages: Vec<Sheet>,
    kinds: Vec<(&'static str, &'static str)>,
    /// What is typed already.
    said: Said,
    /// What of it cannot be, and why.
    fault: Option<Fault>,
}

/// A value that its field cannot hold.
struct Fault {
    /// What it is called.
    label: String,
    why: String,
}

/// What is asked of a paper: the name in the form and the field of each kind.
const ASKED: &[(&str, FieldName, FieldName)] = &[
    ("party", FieldName::IssuerName, FieldName::MerchantName),
    ("number", FieldName::Number, FieldName::Number),
    ("date", FieldName::IssueDate, FieldName::Date),
    ("total", FieldName::Total, FieldName::Total),
    ("currency", FieldName::Currency, FieldName::Currency),
];

/// The sample and its document, as far as the person may see it.
async fn sample(app: &App, person: &Person, id: Uuid) -> Result<(Drawn, Document), Problem> {
    person.caller.require(Scope::ReviewsWrite)?;
    let drawn = app.catalog.quality_check(id).await?.ok_or(Problem::NotFound("blind check"))?;
    let document = access::open(app, &person.caller, drawn.document_id).await?;
    Ok((drawn, document))
}

/// `GET /checks/{id}`: the paper, and nothing of what was read.
pub async fn paper(State(app): State<App>, person: Person, Id(id): Id<Uuid>) -> Shown {
    Shown(
        async {
            let (_, document) = sample(&app, &person, id).await?;
            asked(&app, &person, (id, document), Said::default(), None).await
        }
        .await,
    )
}

/// The paper once more, with what somebody had typed whose session had ended. Nothing is answered.
///
/// # Errors
/// Where it is not theirs to answer.
pub(super) async fn again(app: &App, person: &Person, id: Uuid, said: Said) -> Result<Response, Problem> {
    let (_, document) = sample(app, person, id).await?;
    asked(app, person, (id, document), said, None).await
}

/// The paper, with what is typed beside it.
async fn asked(
    app: &App,
    person: &Person,
    (id, document): (Uuid, Document),
    said: Said,
    fault: Option<Fault>,
) -> Result<Response, Problem> {
    if quarantine::is_held(app, &document).await? {
        return Err(Problem::NotFound("picture"));
    }
    access::showing(app, &person.caller, std::slice::from_ref(&document)).await?;
    // Its pages without a field marked on them.
    let bare = Document { fields: Fields::new(), ..document };
    let status = if fault.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let mut response = page(&Check {
        pages: super::page_views::sheets(&bare, &[]),
        kinds: [Kind::Invoice, Kind::Receipt, Kind::Id, Kind::Other]
            .iter()
            .map(|k| (k.as_str(), labels::kind(Some(*k))))
            .collect(),
        frame: Frame { about: Some(format!("/checks/{id}")), ..Frame::of(app, person, "checks").await? },
        id,
        said,
        fault,
    });
    *response.status_mut() = status;
    Ok(response)
}

/// What a person says of the paper.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Said {
    #[serde(skip_serializing)]
    csrf: String,
    kind: String,
    party: String,
    number: String,
    date: String,
    total: String,
    currency: String,
}

impl Said {
    fn get(&self, name: &str) -> &str {
        match name {
            "party" => &self.party,
            "number" => &self.number,
            "date" => &self.date,
            "total" => &self.total,
            _ => &self.currency,
        }
    }

    fn answer(&self) -> BTreeMap<&'static str, String> {
        let said = ASKED.iter().map(|(name, ..)| (*name, self.get(name).trim().to_owned()));
        said.chain([("kind", self.kind.clone())]).collect()
    }

    fn kind(&self) -> Result<Kind, Problem> {
        let kind = word::<Kind>("kind", Some(&self.kind))?;
        kind.ok_or_else(|| Problem::BadRequest("kind: say what it is".to_owned()))
    }

    /// Whether it is what was filed.
    ///
    /// # Errors
    /// A value that its field cannot hold.
    fn is_as_filed(&self, kind: Kind, document: &Document) -> Result<bool, Fault> {
        if Some(kind) != document.kind {
            return Ok(false);
        }
        let mut is_same = true;
        for (name, invoice, receipt) in ASKED {
            let field = if kind == Kind::Invoice { *invoice } else { *receipt };
            let filed = document.fields.get(&field).map(|f| f.value.as_str()).unwrap_or_default();
            let said = self.get(name).trim();
            let typed = if said.is_empty() {
                String::new()
            } else {
                checks::typed(kind, field, said)
                    .map_err(|why| Fault { label: labels::label(name), why: sentence(&why) })?
            };
            is_same &= says_same(field, &typed, filed);
        }
        Ok(is_same)
    }
}

/// `POST /checks/{id}`: keeps the answer. One that differs reopens the document, and the person says what is right.
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
            let agrees = match said.is_as_filed(said.kind()?, &document) {
                Ok(agrees) => agrees,
                Err(fault) => return asked(&app, &person, (id, document), said, Some(fault)).await,
            };
            let actor = &person.caller.actor;
            if !app.catalog.answer_quality_check(id, actor, agrees, &said.answer()).await? {
                return Err(Problem::Conflict("somebody has answered it already".to_owned()));
            }
            if agrees {
                return Ok(Redirect::to("/checks?said=same").into_response());
            }
            let until = app.catalog.now() + LEASE;
            let why = "A blind check says something else than what was filed.";
            let reopened =
                app.catalog.reopen(document.id, actor, Some(drawn.document_version), why, until).await?;
            if !matches!(reopened, Reopened::Waits(_)) {
                return Err(Problem::Conflict("the document changed meanwhile: look at it again".to_owned()));
            }
            Ok(Redirect::to(&format!("/documents/{}", document.id)).into_response())
        }
        .await,
    )
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
