//! The inbox: cases that a person has, or is to have; take one, write, hand it back, close it. What was said stands beside
//! the one that is opened (`case`).

mod case;
mod file;

use acuse_pipeline::{checks, document::Kind, fields::FieldName};
use acuse_storage::{
    CaseId, CustomerId, DocumentId,
    accounts::Pickable,
    cases::{Act, CaseCursor, CaseFilter, Listed, Templated},
    keys::Scope,
    names::ObligationId,
    obligations::{ObligationFilter, ObligationState, Payment, Verdict},
};
use askama::Template;
use axum::{
    Form,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;
use time::{Date, Duration, OffsetDateTime};
use url::form_urlencoded;

pub use case::{note, show};
pub use file::{FORM_BYTES, send as send_file};

use super::{Frame, Shown, labels, language::Tongue, page, sentence, session::Person};
use crate::{
    http::{
        cases,
        extract::{Id, Params, day, word},
        obligations,
        problem::Problem,
    },
    state::App,
};

/// Cases of one page.
const PAGE: u32 = 50;

/// A receipt that may pay what is owed.
struct Paying {
    obligation: String,
    document: String,
    number: String,
    amount: String,
    /// What is owed.
    owed: String,
    /// What the receipt says was paid, as far as it says so.
    came: Option<String>,
    /// Whoever confirms it says how much of what is owed it pays.
    needs_amount: bool,
    doubts: Vec<&'static str>,
}

struct Row {
    id: String,
    contact: String,
    name: String,
    kind: String,
    state: String,
    documents: Vec<String>,
    holder: Option<String>,
    mine: bool,
    version: i64,
    at: String,
    ago: String,
    /// Until when free text arrives, and whether that is to come.
    window: Option<(String, bool)>,
    is_human: bool,
    is_open: bool,
    team: Option<String>,
    /// By when its team answers, in words, and whether that is over.
    answer: Option<(String, String, bool)>,
    payments: Vec<Paying>,
    /// The templates by which they may be written to.
    templates: Vec<Pickable>,
    /// Saved answers: which, and what it is called.
    answers: Vec<(String, String)>,
    /// What stands in the box to answer in.
    draft: String,
    /// Where its forms lead back: `case` is a page of its own, and else it is the list that somebody asked for.
    back: String,
}

impl Row {
    /// Whether whoever looks holds it, so that they may write.
    fn is_mine_to_write(&self) -> bool {
        self.is_human && self.mine
    }

    /// Whether what they write arrives, too.
    fn may_be_answered(&self) -> bool {
        self.is_mine_to_write() && self.window.as_ref().is_some_and(|(_, is_open)| *is_open)
    }

    fn of(case: Listed, who: &str, tongue: Tongue, now: OffsetDateTime) -> Self {
        Self {
            id: case.id.to_string(),
            contact: format!("/contacts/{}", case.contact_id),
            name: case.contact_name.unwrap_or_else(|| "—".to_owned()),
            kind: tongue.t(&labels::label(&case.kind)).to_owned(),
            state: tongue.t(&labels::case_state(&case.state)).to_owned(),
            documents: case.documents.iter().map(|id| format!("/documents/{id}")).collect(),
            mine: case.assignee.as_deref() == Some(who),
            holder: case.assignee,
            version: case.version,
            at: labels::full(case.updated_at),
            ago: labels::ago(case.updated_at, now),
            window: case.window_closes_at.map(|at| (labels::full(at), at > now)),
            is_human: case.state == "human",
            is_open: matches!(case.state.as_str(), "gathering" | "working" | "waiting" | "human"),
            team: case.team,
            answer: case.answer_by.map(|at| {
                let left = if at > now { labels::ago(now - (at - now), now) } else { labels::ago(at, now) };
                (labels::full(at), left, at <= now)
            }),
            payments: Vec::new(),
            templates: Vec::new(),
            answers: Vec::new(),
            draft: String::new(),
            back: String::new(),
        }
    }
}

#[derive(Template)]
#[template(path = "inbox.html")]
struct Inbox {
    frame: Frame,
    rows: Vec<Row>,
    show: &'static str,
    teams: Vec<Team>,
    next: Option<String>,
    may_write: bool,
}

/// Query of the page.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Query {
    show: String,
    team: String,
    state: String,
    kind: String,
    from: String,
    to: String,
    left: Option<String>,
    expects: Option<String>,
    after: Option<String>,
}

/// How long ahead what is due is shown.
const SOON: Duration = Duration::hours(1);

impl Query {
    /// Which list it is, and what it lists.
    fn filter(&self, who: &str, now: OffsetDateTime) -> Result<(&'static str, CaseFilter), Problem> {
        let mut filter = CaseFilter {
            after: word::<CaseCursor>("after", self.after.as_deref())?,
            ..CaseFilter::default()
        };
        let show = match self.show.as_str() {
            "mine" => "mine",
            "unassigned" => "unassigned",
            "open" => "open",
            "due" => "due",
            "late" => "late",
            "team" => "team",
            "flow" => "flow",
            _ => "human",
        };
        match show {
            "mine" => filter.assignee = Some(who.to_owned()),
            "unassigned" => filter.assignee = Some(String::new()),
            "open" => filter.state = Some("open".to_owned()),
            "due" => filter.answer_before = Some(now + SOON),
            "late" => filter.escalated = true,
            "team" => filter.team = Some(self.team.clone()),
            "flow" => self.of_flow(&mut filter)?,
            _ => {}
        }
        Ok((show, filter))
    }

    /// The cases behind a number of the flow.
    fn of_flow(&self, filter: &mut CaseFilter) -> Result<(), Problem> {
        let some = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
        filter.state = Some(some(&self.state).unwrap_or_else(|| "any".to_owned()));
        filter.kind = some(&self.kind);
        let begins = |day: Option<Date>| day.map(|day| day.midnight().assume_utc());
        filter.from = begins(day("from", Some(&self.from))?);
        filter.to = begins(day("to", Some(&self.to))?.and_then(Date::next_day));
        (filter.left, filter.expects) = (self.left.clone(), self.expects.clone());
        Ok(())
    }

    /// The list as an address asks for it, without its page.
    fn list(&self, show: &str) -> String {
        let mut pairs = form_urlencoded::Serializer::new(String::new());
        pairs.append_pair("show", show);
        let given = [
            ("team", &self.team),
            ("state", &self.state),
            ("kind", &self.kind),
            ("from", &self.from),
            ("to", &self.to),
        ];
        for (name, value) in given.into_iter().filter(|(_, value)| !value.is_empty()) {
            pairs.append_pair(name, value);
        }
        for (name, value) in [("left", &self.left), ("expects", &self.expects)] {
            if let Some(value) = value {
                pairs.append_pair(name, value);
            }
        }
        pairs.finish()
    }

    /// The page of it that is shown, where a form leads back to.
    fn here(&self, show: &str) -> String {
        let list = self.list(show);
        self.after.as_ref().map_or_else(|| list.clone(), |after| format!("{list}&after={after}"))
    }
}

/// Back to the page of the case, or to the list that a form stood in.
fn led_back(case: Option<CaseId>, back: &str) -> Redirect {
    if let (Some(case), "case") = (case, back) {
        return Redirect::to(&format!("/inbox/{case}"));
    }
    let mut list = form_urlencoded::Serializer::new(String::new());
    list.extend_pairs(form_urlencoded::parse(back.as_bytes()).filter(|(_, value)| !value.is_empty()));
    Redirect::to(format!("/inbox?{}", list.finish()).trim_end_matches('?'))
}

/// `GET /inbox`: what waits for a person; `show=mine`, `unassigned`, `team` (with its name), `due` within the hour, `late`
/// for what was promised and is over, `open` for all that is not over, or `flow` for what a number of the flow counts.
pub async fn list(State(app): State<App>, person: Person, Params(query): Params<Query>) -> Shown {
    Shown(
        async {
            person.caller.require(Scope::MessagesRead)?;
            let who = person.caller.actor.clone();
            let now = app.catalog.now();
            let (show, filter) = query.filter(&who, now)?;
            let found = app.catalog.cases(person.caller.access(), &filter, PAGE).await?;
            let full = found.len() >= PAGE as usize;
            let next = found
                .last()
                .filter(|_| full)
                .map(|case| format!("/inbox?{}&after={}", query.list(show), CaseCursor::of(case)));
            let frame = Frame::of(&app, &person, "inbox").await?;
            let mut rows = Vec::with_capacity(found.len());
            for case in found {
                rows.push(Row { back: query.here(show), ..row_of(&app, &person, case).await? });
            }
            let teams =
                app.catalog.house().await?.teams().iter().map(|team| Team::of(&team.name, &query)).collect();
            let may_write = person.caller.has(Scope::MessagesWrite);
            Ok(page(&Inbox { rows, may_write, show, teams, next, frame }))
        }
        .await,
    )
}

/// A case with all that this person can do with it.
async fn row_of(app: &App, person: &Person, case: Listed) -> Result<Row, Problem> {
    let payments = paying(app, person, &case).await?;
    let number = case.phone_number_id.clone();
    let row = Row::of(case, &person.caller.actor, person.tongue, app.catalog.now());
    let templates =
        if row.is_mine_to_write() { app.catalog.templates_of_number(&number).await? } else { Vec::new() };
    Ok(Row { payments, templates, ..row })
}

/// A team, as one looks for its cases.
struct Team {
    name: String,
    href: String,
    is_shown: bool,
}

impl Team {
    fn of(name: &str, query: &Query) -> Self {
        let mut pairs = form_urlencoded::Serializer::new(String::new());
        pairs.append_pair("show", "team").append_pair("team", name);
        Self {
            name: name.to_owned(),
            href: format!("/inbox?{}", pairs.finish()),
            is_shown: query.show == "team" && query.team == name,
        }
    }
}

/// Receipts that wait for a person to say whether they pay what this case's customer owes.
async fn paying(app: &App, person: &Person, case: &Listed) -> Result<Vec<Paying>, Problem> {
    let Some(customer) =
        (case.kind == "collection").then(|| case.subject.parse::<CustomerId>().ok()).flatten()
    else {
        return Ok(Vec::new());
    };
    let held = ObligationFilter {
        customer: Some(customer),
        state: Some(ObligationState::Held),
        ..ObligationFilter::default()
    };
    let owed = app.catalog.obligations(person.caller.access(), &held, PAGE).await?;
    let mut found = Vec::new();
    for one in owed {
        for payment in one.payments.iter().filter(|payment| payment.state == "proposed") {
            found.push(Paying {
                obligation: one.id.to_string(),
                document: payment.document_id.to_string(),
                number: one.number.clone(),
                amount: format!("{} {}", payment.amount, one.currency),
                owed: format!("{} {}", one.amount, one.currency),
                came: came(payment),
                needs_amount: payment.needs_amount,
                doubts: payment.doubts.iter().map(|doubt| labels::doubt(doubt)).collect(),
            });
        }
    }
    Ok(found)
}

/// What a receipt says was paid, as far as it says so.
fn came(payment: &Payment) -> Option<String> {
    let parts = [&payment.came_amount, &payment.came_currency];
    let said: Vec<&str> = parts.into_iter().flatten().map(String::as_str).collect();
    (!said.is_empty()).then(|| said.join(" "))
}

/// What the form of a receipt carries.
#[derive(Deserialize)]
pub struct Receipt {
    csrf: String,
    document: DocumentId,
    pays: bool,
    /// How much of the obligation it pays, as a person types it; empty where that is not asked.
    #[serde(default)]
    amount: String,
    /// The case it stands with.
    #[serde(default)]
    case: Option<CaseId>,
    /// Where it leads back.
    #[serde(default)]
    back: String,
}

/// What a person says of a receipt.
fn verdict(form: &Receipt) -> Result<Verdict, Problem> {
    if !form.pays {
        return Ok(Verdict::Refused);
    }
    let said = Some(form.amount.trim()).filter(|said| !said.is_empty());
    let said = said.map(|said| checks::typed(Kind::Receipt, FieldName::Total, said)).transpose();
    obligations::pays(said.map_err(|why| Problem::Unprocessable(format!("amount: {why}")))?.as_deref())
}

/// `POST /inbox/receipts/{id}`: whether a receipt pays an obligation.
pub async fn receipt(
    State(app): State<App>,
    person: Person,
    Id(id): Id<ObligationId>,
    Form(form): Form<Receipt>,
) -> Shown {
    Shown(
        async {
            person.check_form(&form.csrf)?;
            let about = (id, form.document);
            let settled = obligations::settle(&app, &person.caller, about, verdict(&form)?).await;
            settled.map(|_| led_back(form.case, &form.back).into_response())
        }
        .await,
    )
}

/// What a form of the page carries.
#[derive(Deserialize)]
pub struct Did {
    csrf: String,
    act: String,
    version: i64,
    #[serde(default)]
    text: String,
    #[serde(default)]
    team: String,
    /// Name and language.
    #[serde(default)]
    template: String,
    /// What stands in it, a line each.
    #[serde(default)]
    params: String,
    /// What stands in its header.
    #[serde(default)]
    header: String,
    /// What its buttons take, a line each; an empty one where a button takes nothing.
    #[serde(default)]
    buttons: String,
    /// Language and name.
    #[serde(default)]
    answer: String,
    /// `case`: the form stands on the page of its case; and else it is the list.
    #[serde(default)]
    back: String,
}

/// Writing by the template that was picked.
fn by_template(form: &Did) -> Result<Act, Problem> {
    let (name, language) = form.template.split_once(' ').ok_or(Problem::NotFound("template"))?;
    let params = form.params.lines().map(str::trim).filter(|line| !line.is_empty());
    cases::templated(Templated {
        name: name.to_owned(),
        language: Some(language.to_owned()),
        params: params.map(str::to_owned).collect(),
        header: Some(form.header.clone()),
        buttons: form.buttons.trim_end().lines().map(str::to_owned).collect(),
    })
}

/// `POST /inbox/{id}`: take, write, put a saved answer into the box, hand back, close.
pub async fn act(State(app): State<App>, person: Person, Id(id): Id<CaseId>, Form(form): Form<Did>) -> Shown {
    Shown(
        async {
            person.check_form(&form.csrf)?;
            if form.act == "fill" {
                return case::filled(&app, &person, id, &form).await;
            }
            let done = if form.act == "reply" {
                cases::write(&app, &person.caller, id, (form.version, &form.text), None).await
            } else {
                match act_of(&app, &person, &form).await {
                    Ok(act) => cases::carry_out(&app, &person.caller, id, form.version, &act).await,
                    Err(problem) => Err(problem),
                }
            };
            let typed =
                [form.text, form.header, form.params, form.buttons].map(|words| words.trim().to_owned());
            let typed: Vec<String> = typed.into_iter().filter(|words| !words.is_empty()).collect();
            let typed = typed.join("\n");
            match done {
                Ok(_) => Ok(led_back(Some(id), &form.back).into_response()),
                Err(problem) if typed.is_empty() => Err(problem),
                Err(problem) => unsent(&app, &person, problem, typed).await,
            }
        }
        .await,
    )
}

/// What a form asks to be done.
async fn act_of(app: &App, person: &Person, form: &Did) -> Result<Act, Problem> {
    match form.act.as_str() {
        "take" => Ok(Act::Assign { to: Some(person.caller.actor.clone()), team: None }),
        "give" => {
            let house = app.catalog.house().await?;
            let known = house.teams().iter().any(|team| team.name == form.team);
            let team = Some(form.team.clone()).filter(|_| known).ok_or(Problem::NotFound("team"))?;
            Ok(Act::Assign { to: None, team: Some(team) })
        }
        "template" => by_template(form),
        "return" => Ok(Act::Return),
        "close" => Ok(Act::Close),
        _ => Err(Problem::BadRequest("act: take, give, fill, reply, template, return or close".to_owned())),
    }
}

#[derive(Template)]
#[template(path = "unsent.html")]
struct Unsent {
    frame: Frame,
    why: String,
    text: String,
}

/// The window closed, the case moved while a person typed, or it cannot be sent so: nothing of theirs is lost.
async fn unsent(app: &App, person: &Person, problem: Problem, text: String) -> Result<Response, Problem> {
    let (status, why) = of_what_was_written(problem)?;
    let frame = Frame::of(app, person, "inbox").await?;
    let mut response = page(&Unsent { why: sentence(&why), text, frame });
    *response.status_mut() = status;
    Ok(response)
}

/// Why what a person wrote was not sent, and with which status that is said; what speaks of something else is what it is.
fn of_what_was_written(problem: Problem) -> Result<(StatusCode, String), Problem> {
    let status = problem.status();
    match problem {
        Problem::Conflict(why) | Problem::Unprocessable(why) => Ok((status, why)),
        Problem::TooLarge { limit_bytes } => {
            Ok((status, format!("the file is larger than {limit_bytes} bytes")))
        }
        problem => Err(problem),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_leads_back_to_where_it_stood_and_nowhere_else() {
        let to = |case, back: &str| {
            let answer = led_back(case, back).into_response();
            answer.headers()[axum::http::header::LOCATION].to_str().unwrap().to_owned()
        };
        let id = CaseId::generate();
        assert_eq!(to(Some(id), "case"), format!("/inbox/{id}"));
        assert_eq!(to(Some(id), "show=team&team=a%20b&after="), "/inbox?show=team&team=a+b");
        assert_eq!(to(None, ""), "/inbox");
        assert_eq!(to(None, "//evil.example\r\nx: y"), "/inbox");
        assert!(to(None, "//evil.example\r\nx: y=z").starts_with("/inbox?%2F%2Fevil"));
        let query = Query { after: Some("7".into()), team: "ventas".into(), ..Query::default() };
        assert_eq!(query.here("team"), "show=team&team=ventas&after=7");
    }

    #[test]
    fn what_was_not_sent_comes_back_with_why_and_nothing_else_does() {
        for (problem, status) in [
            (Problem::Conflict("it moved".into()), 409),
            (Problem::Unprocessable("choose a file".into()), 422),
            (Problem::TooLarge { limit_bytes: 7 }, 413),
        ] {
            let (told, why) = of_what_was_written(problem).unwrap();
            assert!(told.as_u16() == status && !why.is_empty(), "{told}: {why}");
        }
        assert!(matches!(of_what_was_written(Problem::NotFound("case")), Err(Problem::NotFound("case"))));
    }
}
