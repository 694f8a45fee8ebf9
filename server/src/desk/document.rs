//! One document: its picture with the fields marked on it, why it waits, what it says, and what happened to it.

use acuse_pipeline::{
    document::{Kind, Status},
    fields::FieldName,
    reason::{Reason, ReasonCode},
};
use acuse_storage::{
    CustomerId, Document, DocumentId,
    keys::Scope,
    reviews::{Review, ReviewFilter},
    timeline::TimelineEntry,
};
use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};
use serde::Deserialize;
use serde_json::Value;
use time::OffsetDateTime;

use super::{
    Frame, Shown,
    fields::{Group, groups},
    page,
    parts::{self, Offer, Sibling},
    queue::{status_label, who},
    said::{Said, Warned},
    session::Person,
    sheets::{Sheet, sheets},
    typed::Typed,
    words,
};
use crate::{
    access,
    app::App,
    http::{
        customers::within,
        extract::{Id, Params},
        problem::Problem,
        quarantine,
    },
    review::Refusal,
};

/// Customers offered beside the candidates.
const OFFERED: u32 = 200;

#[derive(Template)]
#[template(path = "document.html")]
struct Page {
    frame: Frame,
    doc: View,
}

struct View {
    id: DocumentId,
    version: i64,
    title: String,
    status: &'static str,
    status_label: &'static str,
    in_review: bool,
    can_decide: bool,
    /// Whether it may be corrected or reopened as it rests.
    at_rest: bool,
    /// Whether nobody holds it, so that the person may.
    is_free: bool,
    fence: i64,
    lease: Option<String>,
    filter: String,
    faults: Vec<String>,
    warnings: Vec<Warned>,
    draft: Option<String>,
    note: String,
    because: String,
    was_kind: &'static str,
    withheld: bool,
    pages: Vec<Sheet>,
    offer: Option<Offer>,
    part: String,
    siblings: Vec<Sibling>,
    page_count: u32,
    no_picture: &'static str,
    media_type: String,
    size: String,
    filename: String,
    original: Option<String>,
    reasons: Vec<Why>,
    kind: &'static str,
    kinds: Vec<(&'static str, &'static str)>,
    customer_id: String,
    customers: Vec<(String, String)>,
    field_groups: Vec<Group>,
    timeline: Vec<Happened>,
    facts: Vec<(&'static str, String)>,
    prev: Option<String>,
    next: Option<String>,
}

struct Why {
    label: String,
    tone: &'static str,
    message: String,
    particulars: Vec<(String, String)>,
    links: Vec<Link>,
}

struct Link {
    href: String,
    label: String,
}

struct Happened {
    at: String,
    clock: String,
    title: String,
    actor: String,
    detail: String,
    tone: &'static str,
}

/// Query of a document's page: the queue's filter it was opened from.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    reason: Option<String>,
}

/// The queue's filter by its name in addresses; a name that is none is no filter.
#[must_use]
pub fn reason(reason: Option<&str>) -> Option<ReasonCode> {
    reason.and_then(|r| r.parse().ok())
}

/// The same, of what exists for this person.
#[must_use]
pub fn filter(person: &Person, named: Option<&str>) -> ReviewFilter {
    let access = person.caller.access().clone();
    ReviewFilter { reason: reason(named), access, ..ReviewFilter::default() }
}

/// `GET /documents/{id}`. It reads, and takes nothing.
pub async fn show(
    State(app): State<App>,
    person: Person,
    Id(id): Id<DocumentId>,
    Params(asked): Params<Asked>,
) -> Shown {
    Shown(
        async {
            let filter = filter(&person, asked.reason.as_deref());
            let draft = app.catalog.draft(id, &person.caller.actor).await?;
            render(&app, &person, id, &filter, draft.map_or(Said::Nothing, Said::Draft)).await
        }
        .await,
    )
}

/// The same page again, with everything that was typed and what is wrong with it. Nothing was decided.
///
/// # Errors
/// When not even the page can be had.
pub(super) async fn refused(
    app: &App,
    person: &Person,
    id: DocumentId,
    typed: &Typed,
    refusal: Refusal,
) -> Result<Response, Problem> {
    let filter = filter(person, typed.get("reason"));
    let status = match &refusal {
        Refusal::Problem(problem) if problem.status().is_server_error() => {
            problem.log();
            problem.status()
        }
        Refusal::Problem(problem) => problem.status(),
        Refusal::Faults(_) => StatusCode::BAD_REQUEST,
        Refusal::Warnings(_) => StatusCode::UNPROCESSABLE_ENTITY,
    };
    let mut response = render(app, person, id, &filter, Said::Refused(typed, &refusal)).await?;
    *response.status_mut() = status;
    Ok(response)
}

/// Who has it, and what this person may do with it.
struct Hold {
    can_decide: bool,
    is_free: bool,
    fence: i64,
    lease: Option<String>,
}

impl Hold {
    fn of(review: Option<&Review>, person: &Person) -> Self {
        let now = OffsetDateTime::now_utc();
        let nobody = Self { can_decide: false, is_free: false, fence: 0, lease: None };
        let Some(review) = review else { return nobody };
        let until = review.claim_expires_at.map(|until| words::clock(until, now)).unwrap_or_default();
        match &review.claimed_by {
            None => Self { is_free: true, ..nobody },
            Some(by) if *by == person.caller.actor => {
                Self { can_decide: true, fence: review.fence, lease: Some("yours".to_owned()), ..nobody }
            }
            Some(by) => {
                let by = by.strip_prefix("user:").unwrap_or(by);
                Self { lease: Some(format!("with {by} until {until} UTC")), ..nobody }
            }
        }
    }
}

async fn render(
    app: &App,
    person: &Person,
    id: DocumentId,
    filter: &ReviewFilter,
    said: Said<'_>,
) -> Result<Response, Problem> {
    let document = access::look(app, &person.caller, id, "desk").await?;
    let withheld = document.is_withheld();
    let review = app.catalog.open_review_of(id).await?;
    let hold = Hold::of(review.as_ref(), person);
    // What they may not see is not theirs to decide on.
    let may_decide = person.caller.has(Scope::ReviewsWrite) && !withheld;
    let (can_decide, is_free) = (hold.can_decide && may_decide, hold.is_free && may_decide);
    let (prev, next) = neighbours(app, person, review.as_ref(), filter).await?;
    let quarantined = quarantine::is_held(app, &document).await?;
    let held = quarantined && !person.caller.has(Scope::Admin);
    let is_shown = !withheld && !held;
    let rests =
        matches!(document.status, Status::Filed | Status::Rejected) && document.duplicate_of.is_none();
    let proposed = parts::proposed(&document);
    let timeline = app.catalog.timeline(id).await?;
    let typed = said.typed();
    let text = |name: &str| typed.get(name).unwrap_or_default().to_owned();
    let kind = typed.get("kind").and_then(|k| k.parse().ok()).or(document.kind);
    let view = View {
        id,
        version: document.version,
        title: title(&document),
        status: if document.duplicate_of.is_some() { "duplicate" } else { document.status.as_str() },
        status_label: status_label(&document),
        in_review: document.status == Status::InReview,
        can_decide,
        at_rest: rests && may_decide && !withheld,
        is_free,
        fence: hold.fence,
        lease: hold.lease,
        filter: filter.reason.map(|code| code.to_string()).unwrap_or_default(),
        faults: said.faults(),
        warnings: said.warnings(),
        draft: said.draft(&document),
        note: text("note"),
        because: text("because"),
        was_kind: document.kind.map_or("", Kind::as_str),
        withheld,
        offer: Some(&*document).filter(|_| can_decide && is_shown).and_then(|d| parts::offer(d, &proposed)),
        pages: if is_shown { sheets(&document, &proposed) } else { Vec::new() },
        part: document.part.map(|part| part.to_string()).unwrap_or_default(),
        siblings: parts::siblings(app, person, &document).await?,
        page_count: document.page_count.unwrap_or_default(),
        no_picture: no_picture(&document, withheld, quarantined),
        media_type: document
            .media_type
            .clone()
            .or_else(|| document.declared.media_type.clone())
            .unwrap_or_else(|| "unknown type".to_owned()),
        size: document.size_bytes().map(words::size).unwrap_or_default(),
        filename: document.declared.filename.clone().unwrap_or_default(),
        original: document
            .original
            .as_ref()
            .filter(|_| !withheld && !held)
            .map(|_| format!("/pictures/{id}?variant=original")),
        reasons: document.reasons.iter().map(|r| why(r, withheld)).collect(),
        kind: kind.map_or("", Kind::as_str),
        kinds: kinds(document.kind),
        customer_id: typed
            .get("customer_id")
            .map_or_else(|| document.customer_id.map(|c| c.to_string()).unwrap_or_default(), str::to_owned),
        customers: customers(app, person, &document).await?,
        field_groups: groups(document.kind, &document.fields, &typed, &said),
        timeline: timeline.into_iter().map(|e| happened(e, withheld)).collect(),
        facts: facts(app, &document).await?,
        prev,
        next,
    };
    let section = if view.in_review { "queue" } else { "documents" };
    Ok(page(&Page { frame: Frame::of(app, person, section).await?, doc: view }))
}

/// The documents of the filter that wait before and after this one and that nobody else holds.
async fn neighbours(
    app: &App,
    person: &Person,
    review: Option<&Review>,
    filter: &ReviewFilter,
) -> Result<(Option<String>, Option<String>), Problem> {
    let Some(review) = review else { return Ok((None, None)) };
    let filter = ReviewFilter { open_to: Some(person.caller.actor.clone()), ..filter.clone() };
    let only = filter.reason.map(|code| format!("?reason={code}")).unwrap_or_default();
    let href = |id: DocumentId| format!("/documents/{id}{only}");
    let before = app.catalog.neighbour(&filter, review, false).await?;
    let after = app.catalog.neighbour(&filter, review, true).await?;
    Ok((before.map(href), after.map(href)))
}

fn title(document: &Document) -> String {
    let value = |name| document.fields.get(&name).map(|f| f.value.as_str());
    if document.kind == Some(Kind::Id)
        && let Some(surname) = value(FieldName::Surname)
    {
        return format!("{surname} {}", value(FieldName::GivenNames).unwrap_or_default()).trim().to_owned();
    }
    words::title(document.kind, &document.fields)
}

fn no_picture(document: &Document, withheld: bool, quarantined: bool) -> &'static str {
    match (withheld, &document.original) {
        (_, Some(_)) if quarantined => {
            "In quarantine: it carries malware, or has not passed the scanner. Only an operator can take the original."
        }
        (true, _) => "Not shown: it is or may be an ID.",
        (_, None) => "The file has not come (yet): there is nothing to show.",
        (_, Some(_)) => "It was not opened, so there is no picture. The original is kept as it came.",
    }
}

fn kinds(known: Option<Kind>) -> Vec<(&'static str, &'static str)> {
    let unknown = known.is_none().then_some(("", "Choose…"));
    unknown.into_iter().chain(Kind::ALL.iter().map(|k| (k.as_str(), words::kind(Some(*k))))).collect()
}

fn why(reason: &Reason, withheld: bool) -> Why {
    let candidates = reason.detail.get("candidates").and_then(Value::as_array);
    let links = candidates.filter(|_| !withheld && reason.code == ReasonCode::PossibleDuplicate);
    let link = |c: &Value| {
        let id = c.as_str().or_else(|| c.get("id")?.as_str()).or_else(|| c.get("document_id")?.as_str())?;
        let id: DocumentId = id.parse().ok()?;
        Some(Link { href: format!("/documents/{id}"), label: "Compare with the other".to_owned() })
    };
    let particulars = reason.detail.iter().filter(|_| !withheld).filter(|(key, _)| *key != "candidates");
    Why {
        label: words::label(reason.code.as_str()),
        tone: words::tone(reason.code),
        message: if withheld { String::new() } else { reason.message.clone() },
        particulars: particulars.filter_map(|(k, v)| Some((words::label(k), words::plain(v)?))).collect(),
        links: links.into_iter().flatten().take(5).filter_map(link).collect(),
    }
}

/// Customers to choose from: the one it has and the candidates first, then the latest.
async fn customers(
    app: &App,
    person: &Person,
    document: &Document,
) -> Result<Vec<(String, String)>, Problem> {
    let access = person.caller.access();
    let mut offered: Vec<(String, String)> = Vec::new();
    let candidates = candidates(&document.reasons);
    for id in document.customer_id.into_iter().chain(candidates) {
        if !app.catalog.reaches_customer(access, id).await? {
            continue;
        }
        if let Some(customer) = app.catalog.customer(id).await? {
            offered.push((id.to_string(), customer.name));
        }
    }
    let latest = within(app, &person.caller, None, None, OFFERED).await?;
    offered.extend(latest.data.into_iter().map(|c| (c.id.to_string(), c.name)));
    let mut seen = std::collections::HashSet::new();
    offered.retain(|(id, _)| seen.insert(id.clone()));
    Ok(offered)
}

/// The customers among whom nobody could choose, at most 20.
fn candidates(reasons: &[Reason]) -> Vec<CustomerId> {
    let mut found = Vec::new();
    for reason in reasons.iter().filter(|r| r.code == ReasonCode::AmbiguousCustomer) {
        let Some(list) = reason.detail.get("candidates").and_then(Value::as_array) else { continue };
        for candidate in list.iter().take(20) {
            let named = |key| candidate.get(key).and_then(Value::as_str);
            let id = candidate.as_str().or_else(|| named("id")).or_else(|| named("customer_id"));
            found.extend(id.and_then(|id| id.parse::<CustomerId>().ok()));
        }
    }
    found
}

fn happened(entry: TimelineEntry, withheld: bool) -> Happened {
    let now = OffsetDateTime::now_utc();
    let text = |key: &str| entry.detail.get(key).and_then(Value::as_str).map(str::to_owned);
    let details = entry.detail.as_object().into_iter().flatten();
    let plain = details
        .filter(|(key, _)| !key.ends_with("_id") && !matches!(key.as_str(), "by" | "wamid" | "sha256"))
        .filter_map(|(key, value)| Some(format!("{}: {}", words::label(key), words::plain(value)?)));
    let tone = match entry.event.as_str() {
        "filed" | "approved" | "corrected" => "good",
        "in_review" | "retry" | "asked_again" => "warn",
        "rejected" | "failed" => "bad",
        _ => "",
    };
    let actor = text("by").map(|by| format!("by {}", by.strip_prefix("user:").unwrap_or(&by)));
    Happened {
        at: words::full(entry.at),
        clock: words::clock(entry.at, now),
        title: words::label(&entry.event),
        actor: actor.unwrap_or_default(),
        detail: if withheld { String::new() } else { plain.take(8).collect::<Vec<_>>().join(" · ") },
        tone,
    }
}

async fn facts(app: &App, document: &Document) -> Result<Vec<(&'static str, String)>, Problem> {
    let mut facts = vec![
        ("From", who(app, document).await?),
        ("Received", words::full(document.received_at)),
        ("By way of", words::label(document.source.as_str())),
    ];
    facts.extend(document.declared.caption.clone().map(|c| ("Caption", c)));
    facts.extend(document.language.clone().map(|l| ("Language", l)));
    facts.extend(document.confidence.map(|c| ("Kind is sure", format!("{:.0} %", c * 100.0))));
    facts.extend(document.duplicate_of.map(|first| ("Duplicate of", first.to_string())));
    facts.extend(document.last_error.clone().map(|e| ("Last error", e)));
    if !document.notes.is_empty() {
        facts.push(("Notes", document.notes.join("; ")));
    }
    facts.push(("Id", document.id.to_string()));
    Ok(facts)
}
