//! Many documents decided at once that are alike: of one sender, or waiting for one reason. First a person sees which, and
//! what speaks against each; then each is decided as any other is; and for a minute all are taken back together.

use acuse_storage::{
    Document, DocumentId, ReviewId,
    keys::Scope,
    reviews::{Claim, Review},
};
use askama::Template;
use axum::{
    Form,
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::{
    Frame, Shown, document::rejections, page, queue::Row, queue_view::QueueView, sentence, session::Person,
    typed::Typed,
};
use crate::{
    access,
    extract::{Id, Params},
    problem::Problem,
    review::{self, Ask, LEASE, Refusal, Verdict},
    state::App,
};

/// Most that are decided at once: what a person can look through.
const MOST: u32 = 100;
/// For how long they can be taken back, at the least.
const UNDO: Duration = Duration::MINUTE;

/// One of them.
struct Pick {
    row: Row,
    /// Review and version, as the form names them.
    name: String,
    /// What speaks against accepting it as it is.
    against: String,
}

#[derive(Template)]
#[template(path = "bulk.html")]
struct Bulk {
    frame: Frame,
    view: QueueView,
    picks: Vec<Pick>,
    /// How many could be accepted as they are.
    clear: usize,
    rejections: Vec<(&'static str, &'static str)>,
    /// What was done, and what was not.
    done: Option<Done>,
}

/// What became of a decision on many.
#[derive(Default)]
struct Done {
    decided: usize,
    /// Address, title and why not.
    left: Vec<(String, String, String)>,
}

/// Accepting a document as it was read.
fn accepted(document: &Document) -> Ask {
    Ask { seen_version: Some(document.version), ..Ask::of(Verdict::Approve) }
}

/// What speaks against something, in a line.
fn said(refusal: Refusal) -> String {
    sentence(&match refusal {
        Refusal::Problem(problem) => problem.to_string(),
        Refusal::Faults(faults) => faults.into_iter().map(|f| f.message).collect::<Vec<_>>().join("; "),
        Refusal::Warnings(warnings) => warnings.into_iter().map(|w| w.message).collect::<Vec<_>>().join(" "),
    })
}

/// What of a view is free for the person, with what speaks against accepting each as it is.
async fn picks(app: &App, person: &Person, view: &QueueView) -> Result<Vec<Pick>, Problem> {
    if view.reason().is_none() && view.sender.is_empty() {
        return Err(Problem::BadRequest(
            "what is decided at once is alike: choose a reason or a sender first".to_owned(),
        ));
    }
    let found = app.catalog.review_table(&view.open_to(person), None, MOST).await?.data;
    let ids: Vec<DocumentId> = found.iter().map(|(_, d)| d.id).collect();
    let parties = app.catalog.parties_of(&ids).await?;
    let (reviews, documents): (Vec<Review>, Vec<Document>) = found.into_iter().unzip();
    let seen = access::list(app, &person.caller, documents.clone()).await?;
    let now = app.catalog.now();
    let mut picks = Vec::with_capacity(reviews.len());
    for ((review, document), sight) in reviews.iter().zip(&documents).zip(&seen) {
        let checked = review::prepared(app, &person.caller, document, accepted(document)).await;
        picks.push(Pick {
            row: Row::of_review(review, sight, parties.get(&document.id), &view.query(), now),
            name: format!("{}:{}", review.id, document.version),
            against: checked.err().map(said).unwrap_or_default(),
        });
    }
    Ok(picks)
}

async fn shown(app: &App, person: &Person, view: QueueView, done: Option<Done>) -> Result<Response, Problem> {
    let picks = picks(app, person, &view).await?;
    let clear = picks.iter().filter(|p| p.against.is_empty()).count();
    let about = done.is_some().then(|| format!("/bulk{}", view.query()));
    let frame = Frame { about, view: view.clone(), ..Frame::of(app, person, "queue").await? };
    Ok(page(&Bulk { frame, view, picks, clear, rejections: rejections(), done }))
}

/// `GET /bulk`: which they are. Nothing is taken or decided.
pub async fn preview(State(app): State<App>, person: Person, Params(view): Params<QueueView>) -> Shown {
    Shown(
        async {
            person.caller.require(Scope::ReviewsWrite)?;
            shown(&app, &person, view, None).await
        }
        .await,
    )
}

/// What is to be done with each.
enum Act {
    Approve,
    Reject(String),
    AskAgain,
    Postpone(OffsetDateTime),
}

fn act(typed: &Typed, now: OffsetDateTime) -> Result<Act, Problem> {
    let action = typed.get("action").unwrap_or_default();
    let days = |text: &str| text.parse::<i64>().ok().filter(|days| (1..=30).contains(days));
    Ok(match action.split_once(':').unwrap_or((action, "")) {
        ("approve", _) => Act::Approve,
        ("ask_again", _) => Act::AskAgain,
        ("postpone", text) => {
            let days = days(text).ok_or_else(|| Problem::BadRequest("days: 1 to 30".to_owned()))?;
            Act::Postpone(now + Duration::days(days))
        }
        ("reject", code) => {
            let known = rejections().into_iter().find(|(known, _)| *known == code);
            let (_, why) =
                known.ok_or_else(|| Problem::BadRequest("say why they are rejected".to_owned()))?;
            Act::Reject(why.to_owned())
        }
        _ => return Err(Problem::BadRequest("action: say what is to be done with them".to_owned())),
    })
}

/// `POST /bulk`: decides those that are named, each as it was looked at.
pub async fn decide(
    State(app): State<App>,
    person: Person,
    Form(form): Form<Vec<(String, String)>>,
) -> Shown {
    let typed = Typed(form);
    Shown(
        async {
            person.caller.require(Scope::ReviewsWrite)?;
            person.check_form(typed.get("csrf").unwrap_or_default())?;
            let done = all(&app, &person, &typed).await?;
            shown(&app, &person, QueueView::typed(&typed), Some(done)).await
        }
        .await,
    )
}

async fn all(app: &App, person: &Person, typed: &Typed) -> Result<Done, Problem> {
    let act = act(typed, app.catalog.now())?;
    let picked = typed.0.iter().filter(|(name, _)| name == "pick");
    let picked = picked.filter_map(|(_, value)| {
        let (id, version) = value.split_once(':')?;
        Some((id.parse::<ReviewId>().ok()?, version.parse::<i64>().ok()?))
    });
    let (mut done, mut decided) = (Done::default(), Vec::new());
    let until = app.catalog.now() + UNDO.max(Duration::try_from(app.undo).unwrap_or(UNDO));
    for (id, version) in picked.take(MOST as usize) {
        match one(app, person, (id, version), &act, until).await {
            Ok(document) => decided.push(document),
            Err((href, refusal)) => done.left.push((href, id.to_string(), said(refusal))),
        }
    }
    done.decided = decided.len();
    if !matches!(act, Act::Postpone(_)) {
        app.catalog.name_batch(Uuid::now_v7(), &person.caller.actor, &decided).await?;
    }
    Ok(done)
}

/// Decides one; where it stands and why not, otherwise.
async fn one(
    app: &App,
    person: &Person,
    (id, version): (ReviewId, i64),
    act: &Act,
    until: OffsetDateTime,
) -> Result<DocumentId, (String, Refusal)> {
    let (caller, actor) = (&person.caller, person.caller.actor.as_str());
    let nowhere = |problem: Problem| ("/".to_owned(), Refusal::from(problem));
    let (review, document) = review::of(app, caller, id).await.map_err(nowhere)?;
    let href = format!("/documents/{}", document.id);
    let here = |refusal: Refusal| (href.clone(), refusal);
    let was_theirs = review.claimed_by.as_deref() == Some(actor);
    let held = app.catalog.claim_review(review.id, actor, LEASE).await;
    let fence = match held.map_err(|e| here(e.into()))? {
        Claim::Held { fence, .. } => fence,
        Claim::HeldBy { by, .. } => {
            let by = by.strip_prefix("user:").unwrap_or(&by);
            return Err(here(Problem::Conflict(format!("with {by}")).into()));
        }
        Claim::Resolved | Claim::Missing => {
            return Err(here(Problem::Conflict("it is decided already".to_owned()).into()));
        }
    };
    let mut ask = Ask { fence: Some(fence), held_until: Some(until), ..accepted(&document) };
    ask.seen_version = Some(version);
    let decided = match act {
        Act::Postpone(until) => {
            let put_off = (Verdict::Postpone, Some(*until), None);
            review::put_off(app, caller, id, put_off, None).await.map_err(Refusal::from)
        }
        Act::Approve => review::decide(app, caller, id, ask).await.map(drop),
        Act::Reject(why) => {
            ask.verdict = Verdict::Reject;
            ask.note = Some(why.clone());
            review::decide(app, caller, id, ask).await.map(drop)
        }
        Act::AskAgain => {
            ask.verdict = Verdict::AskAgain;
            review::decide(app, caller, id, ask).await.map(drop)
        }
    };
    if let Err(refusal) = decided {
        // What they had before is theirs still: they may be in the middle of it.
        if !was_theirs {
            app.catalog.release_review(id, actor).await.map_err(|e| here(e.into()))?;
        }
        return Err(here(refusal));
    }
    Ok(document.id)
}

/// `POST /bulk/{id}/undo`: takes all of them back that can be.
pub async fn undo(
    State(app): State<App>,
    person: Person,
    Id(batch): Id<Uuid>,
    Form(form): Form<Vec<(String, String)>>,
) -> Shown {
    let typed = Typed(form);
    Shown(
        async {
            person.check_form(typed.get("csrf").unwrap_or_default())?;
            let undone = app.catalog.undo_batch(batch, &person.caller.actor).await?;
            if undone.undone == 0 {
                return Err(Problem::Conflict(
                    "they cannot be taken back any more: reopen them on their pages".to_owned(),
                ));
            }
            Ok(Redirect::to(&format!("/{}", QueueView::typed(&typed).query())).into_response())
        }
        .await,
    )
}
