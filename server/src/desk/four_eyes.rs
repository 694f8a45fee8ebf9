//! Rules for four eyes: what two persons must say alike before it is done.

use acuse_pipeline::{document::Kind, reason::ReasonCode};
use acuse_storage::{
    CustomerId,
    documents::Amount,
    reviews::four_eyes::{Rule, Scope},
};
use askama::Template;
use axum::{
    Form,
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;
use uuid::Uuid;

use super::{Frame, Shown, labels, page, session::Person, timed::Moment, whose::Whose};
use crate::{
    access::rights::Right,
    extract::{Id, word},
    problem::Problem,
    state::App,
};

/// A rule as a line.
struct Row {
    id: Uuid,
    kind: Option<&'static str>,
    reason: Option<String>,
    customer: Option<String>,
    amount: Option<String>,
    by: String,
    since: Moment,
}

#[derive(Template)]
#[template(path = "four_eyes.html")]
struct FourEyes {
    frame: Frame,
    rows: Vec<Row>,
    kinds: Vec<(&'static str, &'static str)>,
    reasons: Vec<(&'static str, String)>,
    whose: Whose,
}

async fn row(app: &App, rule: Rule) -> Result<Row, Problem> {
    let customer = match rule.scope.customer_id {
        Some(id) => Some(app.catalog.customer(id).await?.map_or_else(|| id.to_string(), |c| c.name)),
        None => None,
    };
    let currency = rule.scope.currency.unwrap_or_default();
    let amount = rule.scope.amount_from.map(|a| format!("{a} {currency}").trim().to_owned());
    Ok(Row {
        id: rule.id,
        kind: rule.scope.kind.map(|k| labels::kind(Some(k))),
        reason: rule.scope.reason.map(|r| labels::label(r.as_str())),
        customer,
        amount: amount.or_else(|| Some(currency).filter(|c| !c.is_empty())),
        by: rule.created_by.strip_prefix("user:").unwrap_or(&rule.created_by).to_owned(),
        since: Moment::minute(rule.created_at),
    })
}

/// `GET /four-eyes`.
pub async fn show(State(app): State<App>, person: Person) -> Shown {
    Shown(render(&app, &person).await)
}

async fn render(app: &App, person: &Person) -> Result<Response, Problem> {
    person.must(Right::People)?;
    let mut rows = Vec::new();
    for rule in app.catalog.four_eyes_rules().await? {
        rows.push(row(app, rule).await?);
    }
    let mut frame = Frame::of(app, person, "people").await?;
    if app.catalog.four_eyes_left().await? > 0 {
        frame.notice = Some(frame.t(RULE_IS_LEFT).to_owned());
    }
    Ok(page(&FourEyes {
        rows,
        kinds: Kind::ALL.iter().map(|k| (k.as_str(), labels::kind(Some(*k)))).collect(),
        reasons: ReasonCode::ALL.iter().map(|r| (r.as_str(), labels::label(r.as_str()))).collect(),
        whose: Whose::default(),
        frame,
    }))
}

/// What the form of a new rule says.
#[derive(Deserialize)]
pub struct New {
    csrf: String,
    #[serde(default)]
    kind: String,
    #[serde(default)]
    reason: String,
    #[serde(default)]
    customer: String,
    #[serde(default)]
    whose: String,
    #[serde(default)]
    currency: String,
    #[serde(default)]
    amount_from: String,
}

impl New {
    fn scope(&self) -> Result<Scope, Problem> {
        let currency = self.currency.trim().to_uppercase();
        let is_code =
            currency.is_empty() || currency.len() == 3 && currency.bytes().all(|b| b.is_ascii_uppercase());
        if !is_code {
            return Err(Problem::BadRequest("currency: three letters, e.g. EUR".to_owned()));
        }
        Ok(Scope {
            kind: word::<Kind>("kind", Some(&self.kind))?,
            reason: word::<ReasonCode>("reason", Some(&self.reason))?,
            customer_id: word::<CustomerId>("customer", Some(&self.customer))?,
            currency: Some(currency).filter(|c| !c.is_empty()),
            amount_from: word::<Amount>("amount", Some(&self.amount_from))?,
        })
    }
}

/// Of a rule that nobody can keep any more.
const RULE_IS_LEFT: &str =
    "A rule has fewer than two people who can decide what it is about: let somebody in, or end it.";
/// Why no rule is made.
const TOO_FEW: &str =
    "Two people must be able to decide what the rule is about, and there are {}: let somebody in first.";
/// The same of what may be an ID.
const TOO_FEW_SEE_IDS: &str = "The rule may be about an ID, so two people who decide must see IDs, and there are {}: give somebody the \
                               right to see IDs first, or choose another kind.";

/// `POST /four-eyes`: makes a rule, unless too few could keep it.
pub async fn make(State(app): State<App>, person: Person, Form(mut form): Form<New>) -> Shown {
    Shown(
        async {
            person.must(Right::People)?;
            person.check_form(&form.csrf)?;
            let whose = Whose::of(&app, &person.caller, &form.whose, &form.customer).await?;
            if let Some(unclear) = whose.unclear {
                return Err(Problem::BadRequest(person.tongue.t(unclear).to_owned()));
            }
            form.customer = whose.id;
            let made = app.catalog.make_four_eyes_rule(&form.scope()?, &person.caller.actor).await?;
            made.map_err(|few| {
                let why = if few.of_ids { TOO_FEW_SEE_IDS } else { TOO_FEW };
                Problem::Conflict(person.tongue.f(why, few.deciding))
            })?;
            Ok(Redirect::to("/four-eyes").into_response())
        }
        .await,
    )
}

/// What every form carries.
#[derive(Deserialize)]
pub struct Signed {
    csrf: String,
}

/// `POST /four-eyes/{id}/end`.
pub async fn end(
    State(app): State<App>,
    person: Person,
    Id(id): Id<Uuid>,
    Form(form): Form<Signed>,
) -> Shown {
    Shown(
        async {
            person.must(Right::People)?;
            person.check_form(&form.csrf)?;
            if !app.catalog.end_four_eyes_rule(id, &person.caller.actor).await? {
                return Err(Problem::NotFound("rule"));
            }
            Ok(Redirect::to("/four-eyes").into_response())
        }
        .await,
    )
}
