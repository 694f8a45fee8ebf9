//! What is wrong until it is not: the incidents with what ends each, who knows of it and who heard of it; the routes
//! by which they leave; the queues.

use acuse_storage::{
    IncidentId,
    arrivals::UNBALANCED,
    cases::{UNBILLED, UNSEEN},
    incidents::{Acknowledged, Incident, IncidentState, kinds, routes::Route},
    keys::Scope,
    names::RouteId,
};
use acuse_workers::outgoing::alerts;
use askama::Template;
use axum::{
    Form,
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;
use serde_json::json;
use time::OffsetDateTime;

use super::{Frame, Shown, labels, language::Tongue, page, session::Person};
use crate::{
    extract::{Id, Params},
    pauses,
    problem::Problem,
    state::App,
};

/// Incidents of one page.
const SHOWN: u32 = 200;

struct Row {
    id: IncidentId,
    at: String,
    ago: String,
    title: String,
    ended_by: String,
    subject: String,
    /// Where it can be looked at, and what stands there.
    href: Option<String>,
    leads_to: &'static str,
    severity: &'static str,
    acked_by: Option<String>,
    told: Vec<String>,
    count: u64,
    /// Whether a person may say that it is over.
    settles: bool,
}

struct RouteRow {
    id: RouteId,
    name: String,
    medium: &'static str,
    place: String,
    enabled: bool,
    error: Option<String>,
}

struct LaneRow {
    name: &'static str,
    depth: u64,
    oldest: String,
}

#[derive(Template)]
#[template(path = "incidents.html")]
struct Incidents {
    frame: Frame,
    paused: Option<String>,
    rows: Vec<Row>,
    routes: Vec<RouteRow>,
    queues: Vec<LaneRow>,
    operator: bool,
}

/// Whom an incident is about, or which customer or document, or what is lost.
fn place(incident: &Incident) -> (Option<String>, &'static str) {
    if let Some(contact) = incident.detail["contact_id"].as_str() {
        return (Some(format!("/contacts/{contact}")), "Open the conversation");
    }
    if incident.kind == UNBALANCED {
        return (Some("/ledger#lost".to_owned()), "Open the ledger");
    }
    if incident.kind == UNBILLED || incident.kind == UNSEEN {
        return (Some(format!("/customers/{}", incident.subject)), "Open the customer");
    }
    let document = (incident.kind == "document_waiting").then(|| format!("/documents/{}", incident.subject));
    (document, "Open the document")
}

fn row(incident: Incident, told: Vec<String>, tongue: Tongue, now: OffsetDateTime) -> Row {
    let known = kinds::kind(&incident.kind);
    let (href, leads_to) = place(&incident);
    Row {
        href,
        leads_to,
        id: incident.id,
        at: labels::full(incident.last_seen_at),
        ago: labels::ago(incident.last_seen_at, now),
        title: tongue.t(known.title).to_owned(),
        ended_by: tongue.t(known.ended_by).to_owned(),
        subject: incident.subject,
        severity: incident.severity.as_str(),
        acked_by: incident.acked_by.filter(|_| incident.state == IncidentState::Acknowledged),
        told,
        count: incident.count,
        settles: !known.ends_itself,
    }
}

impl From<Route> for RouteRow {
    fn from(route: Route) -> Self {
        Self {
            id: route.id,
            place: route.place(),
            name: route.name,
            medium: route.medium.as_str(),
            enabled: route.enabled,
            error: route.last_error.filter(|_| route.failures > 0),
        }
    }
}

/// What somebody did, said on the next page.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Done {
    said: String,
}

/// `GET /alerts`, as the page was called before.
pub async fn moved() -> Redirect {
    Redirect::permanent("/incidents")
}

/// `GET /incidents`.
pub async fn show(State(app): State<App>, person: Person, Params(done): Params<Done>) -> Shown {
    Shown(render(&app, &person, &done).await)
}

async fn render(app: &App, person: &Person, done: &Done) -> Result<Response, Problem> {
    let now = app.catalog.now();
    let mut all = app.catalog.incidents(None, None, SHOWN).await?;
    all.sort_by_key(|i| (std::cmp::Reverse(i.severity), std::cmp::Reverse(i.last_seen_at)));
    let mut rows = Vec::with_capacity(all.len());
    for incident in all {
        let told = app.catalog.incident_told(incident.id).await?;
        let told = told.iter().map(|t| format!("{} {}", t.route, labels::full(t.at))).collect();
        rows.push(row(incident, told, person.tongue, now));
    }
    let lanes = app.catalog.lanes().await?;
    let queues = lanes.into_iter().map(|lane| LaneRow {
        name: lane.queue.as_str(),
        depth: lane.depth,
        oldest: if lane.oldest_age_secs == 0 {
            "—".to_owned()
        } else {
            format!("{} s", lane.oldest_age_secs)
        },
    });
    let operator = person.caller.has(Scope::Admin);
    let routes = if operator { app.catalog.incident_routes().await? } else { Vec::new() };
    let mut frame = Frame::of(app, person, "incidents").await?;
    // One of a closed list, for anybody may write an address.
    frame.notice = ["heard", "not_heard"].contains(&done.said.as_str()).then(|| {
        let heard = "The test message was taken.";
        let not = "The test message did not arrive: see the route's error.";
        frame.t(if done.said == "heard" { heard } else { not }).to_owned()
    });
    Ok(page(&Incidents {
        paused: pauses::paused(&app.catalog).await?,
        rows,
        routes: routes.into_iter().map(RouteRow::from).collect(),
        queues: queues.collect(),
        operator,
        frame,
    }))
}

/// What a form of the page carries.
#[derive(Deserialize)]
pub struct Act {
    csrf: String,
    #[serde(default)]
    act: String,
}

/// `POST /incidents/{id}`: a person knows of it, or says that it is over.
pub async fn act(
    State(app): State<App>,
    person: Person,
    Id(id): Id<IncidentId>,
    Form(form): Form<Act>,
) -> Shown {
    Shown(
        async {
            person.check_form(&form.csrf)?;
            person.caller.require(Scope::Admin)?;
            let now = app.catalog.now();
            let actor = &person.caller.actor;
            let did = match form.act.as_str() {
                "acknowledge" => app.catalog.acknowledge_incident(id, actor, now).await?,
                "resolve" => app.catalog.settle_incident(id, actor, now).await?,
                _ => return Err(Problem::BadRequest("act: acknowledge or resolve".to_owned())),
            };
            if did == Acknowledged::Missing {
                return Err(Problem::NotFound("incident"));
            }
            let detail = json!({ "incident": id, "act": form.act });
            app.catalog.audit(actor, "incident", None, &detail).await?;
            Ok(Redirect::to("/incidents").into_response())
        }
        .await,
    )
}

/// `POST /incidents/routes/{id}/test`.
pub async fn test(
    State(app): State<App>,
    person: Person,
    Id(id): Id<RouteId>,
    Form(form): Form<Act>,
) -> Shown {
    Shown(
        async {
            person.check_form(&form.csrf)?;
            person.caller.require(Scope::Admin)?;
            let routes = app.catalog.incident_routes().await?;
            let route = routes.iter().find(|r| r.id == id).ok_or(Problem::NotFound("route"))?;
            let now = app.catalog.now();
            let sent = alerts::test(&app.catalog, &app.outgoing, route, &person.caller.actor, now).await?;
            let said = if sent.is_ok() { "heard" } else { "not_heard" };
            Ok(Redirect::to(&format!("/incidents?said={said}")).into_response())
        }
        .await,
    )
}
