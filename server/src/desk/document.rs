//! One document: its picture with the fields marked on it, why it waits (`evidence`), what it says, and what happened
//! to it (`history`).

mod evidence;
mod exception;
mod history;
mod offers;
mod opinions;
pub mod sender;

use acuse_pipeline::{
    document::{Kind, Status},
    fields::FieldName,
};
use acuse_storage::{Document, DocumentId, keys::Scope, reviews::Review};
use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};
use time::OffsetDateTime;

use evidence::Card;
#[cfg(test)]
pub(super) use history::DECIDED;
use history::{Happened, Spoken, facts, happened, held_against, spoken};
use offers::{NewParty, Question, colleagues, new_party, question, summary};
pub(super) use offers::{rejections, why_rejected};
use opinions::Others;

use super::{
    Frame, Shown,
    fields::{Eyes, Group, groups},
    labels, page,
    page_views::{Sheet, sheets},
    queue::status_label,
    queue_view::QueueView,
    said::{Said, Warned},
    session::Person,
    split_form::{self, Offer, Sibling},
    timed::{Moment, Timed},
    typed::Typed,
};
use crate::{
    access::{self, quarantine, rights::Right},
    contacts::place,
    customers::within,
    extract::{Id, Params},
    problem::Problem,
    review::{self, Refusal},
    state::App,
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
    /// What others have said, where two persons are asked.
    others: Option<Others>,
    can_decide: bool,
    /// Whether it may be corrected or reopened as it rests.
    at_rest: bool,
    /// Whether it may be reopened as it rests: a duplicate, too.
    reopens: bool,
    /// Whether nobody holds it, so that the person may.
    is_free: bool,
    fence: i64,
    lease: Option<Timed>,
    /// The part of the queue that it was opened from.
    queue: QueueView,
    review: String,
    can_take_back: bool,
    faults: Vec<String>,
    warnings: Vec<Warned>,
    /// Whether something speaks against filing it as it stands: then the answer is waited for.
    is_warned: bool,
    draft: Option<Timed>,
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
    cards: Vec<Card>,
    unproven: usize,
    summary: Vec<(FieldName, String, String)>,
    ask: Question,
    rejections: Vec<(&'static str, &'static str)>,
    new_customer: NewParty,
    people: Vec<String>,
    can_add_customer: bool,
    memo: String,
    /// Until which day it was to be postponed, where that could not be.
    until_day: String,
    reject_note: String,
    /// Of which document they say that it is a duplicate.
    duplicate_of: String,
    kind: &'static str,
    kinds: Vec<(&'static str, &'static str)>,
    customer_id: String,
    was_customer: String,
    customers: Vec<(String, String)>,
    field_groups: Vec<Group>,
    /// What its sender wrote with it.
    spoken: Vec<Spoken>,
    timeline: Vec<Happened>,
    facts: Vec<(&'static str, String)>,
    /// Where it stands in the conversation with its sender.
    conversation: Option<String>,
    prev: Option<String>,
    next: Option<String>,
}

impl View {
    /// Whether a page is not shown as it came.
    fn is_changed(&self) -> bool {
        self.pages.iter().any(|page| page.received.is_some())
    }

    /// The picture of the document that this may be again, and what it is.
    fn beside(&self) -> Option<(&str, &str)> {
        evidence::beside(&self.cards)
    }
}

/// `GET /documents/{id}`. It reads, and takes nothing.
pub async fn show(
    State(app): State<App>,
    person: Person,
    Id(id): Id<DocumentId>,
    Params(view): Params<QueueView>,
) -> Shown {
    Shown(
        async {
            let draft = app.catalog.draft(id, &person.caller.actor).await?;
            render(&app, &person, id, &view, draft.map_or(Said::Nothing, Said::Draft)).await
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
    let view = QueueView::typed(typed);
    // One form says nothing of what stands in the other: that is in the draft.
    let draft = app.catalog.draft(id, &person.caller.actor).await?;
    let typed = &typed.over(draft.map(|draft| draft.form).unwrap_or_default());
    let status = match &refusal {
        Refusal::Problem(problem) if problem.status().is_server_error() => {
            problem.log();
            problem.status()
        }
        Refusal::Problem(problem) => problem.status(),
        Refusal::Faults(_) => StatusCode::BAD_REQUEST,
        Refusal::Warnings(_) => StatusCode::UNPROCESSABLE_ENTITY,
    };
    let mut response = render(app, person, id, &view, Said::Refused(typed, &refusal)).await?;
    *response.status_mut() = status;
    Ok(response)
}

/// Who has it, and what this person may do with it.
struct Hold {
    can_decide: bool,
    is_free: bool,
    fence: i64,
    lease: Option<Timed>,
}

impl Hold {
    fn of(review: Option<&Review>, person: &Person, now: OffsetDateTime) -> Self {
        let nobody = Self { can_decide: false, is_free: false, fence: 0, lease: None };
        let Some(review) = review else { return nobody };
        match &review.claimed_by {
            None => Self { is_free: true, ..nobody },
            Some(by) if *by == person.caller.actor => {
                let lease = Some(person.tongue.t("yours").to_owned().into());
                Self { can_decide: true, fence: review.fence, lease, ..nobody }
            }
            Some(by) => {
                let by = by.strip_prefix("user:").unwrap_or(by);
                let lease = match review.claim_expires_at {
                    Some(until) => {
                        let until = Moment::near(until, now);
                        Timed::said(person.tongue, "with {} until {}", &[&by], until)
                    }
                    None => person.tongue.f("With {}.", by).into(),
                };
                Self { lease: Some(lease), ..nobody }
            }
        }
    }
}

async fn render(
    app: &App,
    person: &Person,
    id: DocumentId,
    queue: &QueueView,
    said: Said<'_>,
) -> Result<Response, Problem> {
    let document = access::look(app, &person.caller, id, "desk").await?;
    let withheld = document.is_withheld();
    let review = app.catalog.open_review_of(id).await?;
    let now = app.catalog.now();
    let hold = Hold::of(review.as_ref(), person, now);
    // What they may not see is not theirs to decide on.
    let may_decide = person.caller.has(Scope::ReviewsWrite) && !withheld;
    let (can_decide, is_free) = (hold.can_decide && may_decide, hold.is_free && may_decide);
    let others = opinions::others(app, person, &document).await?;
    // Nobody is their own second; the two that there are settle a difference between them.
    let answered = others.as_ref().is_some_and(|o| o.is_own && o.differences.is_empty());
    let is_free = is_free && !answered;
    let (prev, next) = neighbours(app, person, review.as_ref(), queue).await?;
    let quarantined = quarantine::is_held(app, &document).await?;
    let held = quarantined && !person.caller.has(Scope::Admin);
    let is_shown = !withheld && !held;
    let reopens = matches!(document.status, Status::Filed | Status::Rejected) && may_decide;
    let proposed = split_form::proposed(&document);
    let timeline = app.catalog.timeline_for(person.caller.access(), id).await?;
    let typed = said.typed();
    let text = |name: &str| typed.get(name).unwrap_or_default().to_owned();
    let kind = typed.get("kind").and_then(|k| k.parse().ok()).or(document.kind);
    let seen = if is_shown { app.catalog.page_words(id).await? } else { Vec::new() };
    let cards = match (withheld, held) {
        (true, _) => evidence::withheld(&document, now.date()),
        (false, true) => evidence::quarantined(&document, now.date()),
        (false, false) => evidence::cards(app, person, &document, &seen).await?,
    };
    let recalled = if is_shown { app.catalog.recalled(id).await? } else { None };
    let named = evidence::named(&document.reasons, &document.fields);
    let eyes = Eyes { named, seen: &seen, recalled: recalled.as_ref() };
    let field_groups = groups(&document, &typed, &said, &eyes);
    let shown = kind.map_or("", Kind::as_str);
    let unproven = field_groups.iter().filter(|g| g.kind == shown).flat_map(|g| &g.fields);
    let unproven = unproven.filter(|f| f.eyes).count();
    let people = if can_decide { colleagues(app, person, &document).await? } else { Vec::new() };
    let untold = document.is_file_withheld();
    let wrote = spoken(document.declared.caption.as_deref(), &timeline, untold);
    let wrote = held_against(app, &document, wrote, is_shown).await?;
    let was_customer = document.customer_id.map(|c| c.to_string()).unwrap_or_default();
    let view = View {
        id,
        version: document.version,
        title: title(&document),
        status: if document.duplicate_of.is_some() { "duplicate" } else { document.status.as_str() },
        status_label: status_label(&document),
        in_review: document.status == Status::InReview,
        others,
        can_decide,
        at_rest: reopens && document.duplicate_of.is_none(),
        reopens,
        is_free,
        fence: hold.fence,
        lease: hold.lease,
        queue: queue.clone(),
        can_take_back: person.may(Right::Supervise)
            && review.as_ref().is_some_and(|r| r.claimed_by.is_some())
            && !hold.can_decide,
        review: review.as_ref().map(|r| r.id.to_string()).unwrap_or_default(),
        faults: said.faults(),
        warnings: said.warnings(),
        is_warned: can_decide && review::is_warned(app, &document).await?,
        draft: said.draft(&document, person.tongue, now),
        note: text("note"),
        because: text("because"),
        was_kind: document.kind.map_or("", Kind::as_str),
        withheld,
        offer: Some(&*document)
            .filter(|_| can_decide && is_shown)
            .and_then(|d| split_form::offer(d, &proposed))
            .map(|offer| offer.or_said(typed.get("parts"))),
        pages: if is_shown { sheets(&document, &proposed) } else { Vec::new() },
        part: document.part.map(|part| part.to_string()).unwrap_or_default(),
        siblings: split_form::siblings(app, person, &document).await?,
        page_count: document.page_count.unwrap_or_default(),
        no_picture: no_picture(&document, withheld, quarantined),
        media_type: document
            .media_type
            .clone()
            .or_else(|| document.declared.media_type.clone())
            .unwrap_or_else(|| "unknown type".to_owned()),
        size: document.size_bytes().map(labels::size).unwrap_or_default(),
        filename: document.declared.filename.clone().unwrap_or_default(),
        original: document
            .original
            .as_ref()
            .filter(|_| !withheld && !held)
            .map(|_| format!("/pictures/{id}?variant=original")),
        cards,
        unproven,
        summary: summary(&document, kind),
        ask: question(app, &document, &typed, can_decide).await?,
        rejections: rejections(),
        new_customer: new_party(app, &document, &typed).await?,
        people,
        can_add_customer: !person.caller.access().is_bound(),
        memo: text("memo"),
        until_day: said.refused().and_then(|typed| typed.get("until_day")).unwrap_or_default().to_owned(),
        reject_note: text("reject_note"),
        duplicate_of: text("duplicate_of"),
        kind: kind.map_or("", Kind::as_str),
        kinds: kinds(document.kind),
        customer_id: typed.get("customer_id").map_or_else(|| was_customer.clone(), str::to_owned),
        was_customer,
        customers: customers(app, person, &document).await?,
        field_groups,
        spoken: wrote,
        facts: facts(app, &document, &timeline, person.tongue).await?,
        timeline: timeline.into_iter().map(|e| happened(e, untold, person.tongue, now)).collect(),
        conversation: place(&document).filter(|_| person.caller.has(Scope::MessagesRead)),
        prev,
        next,
    };
    let section = if view.in_review { "queue" } else { "documents" };
    // A refused decision is answered at an address that takes only decisions.
    let about = said.refused().is_some().then(|| format!("/documents/{id}{}", queue.query()));
    let frame = Frame { about, view: queue.clone(), ..Frame::of(app, person, section).await? };
    Ok(page(&Page { frame, doc: view }))
}

/// The documents that are shown before and after this one and that nobody else holds.
async fn neighbours(
    app: &App,
    person: &Person,
    review: Option<&Review>,
    queue: &QueueView,
) -> Result<(Option<String>, Option<String>), Problem> {
    let Some(review) = review else { return Ok((None, None)) };
    let shown = queue.open_to(person);
    let only = queue.query();
    let href = |id: DocumentId| format!("/documents/{id}{only}");
    let before = app.catalog.neighbour(&shown, review, false).await?;
    let after = app.catalog.neighbour(&shown, review, true).await?;
    Ok((before.map(href), after.map(href)))
}

fn title(document: &Document) -> String {
    let value = |name| document.fields.get(&name).map(|f| f.value.as_str());
    if document.kind == Some(Kind::Id)
        && let Some(surname) = value(FieldName::Surname)
    {
        return format!("{surname} {}", value(FieldName::GivenNames).unwrap_or_default()).trim().to_owned();
    }
    labels::title(document.kind, &document.fields)
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
    unknown.into_iter().chain(Kind::ALL.iter().map(|k| (k.as_str(), labels::kind(Some(*k))))).collect()
}

/// Customers to choose from: the one it has and the candidates first, then the latest.
async fn customers(
    app: &App,
    person: &Person,
    document: &Document,
) -> Result<Vec<(String, String)>, Problem> {
    let access = person.caller.access();
    let mut offered: Vec<(String, String)> = Vec::new();
    let candidates = document.reasons.iter().flat_map(evidence::candidates).map(|(id, _)| id);
    for id in document.customer_id.into_iter().chain(candidates) {
        if !app.catalog.reaches_customer(access, id).await? {
            continue;
        }
        if let Some(customer) = app.catalog.customer(id).await? {
            offered.push((customer.id.to_string(), customer.name));
        }
    }
    let latest = within(app, &person.caller, None, None, OFFERED).await?;
    offered.extend(latest.data.into_iter().map(|c| (c.id.to_string(), c.name)));
    let mut seen = std::collections::HashSet::new();
    offered.retain(|(id, _)| seen.insert(id.clone()));
    Ok(offered)
}
