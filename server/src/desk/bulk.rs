//! Many documents decided at once that are alike: of one sender, or waiting for one reason. First a person sees which, and
//! what speaks against each; then each is decided as any other is; and for a minute all are taken back together.

use acuse_storage::{
    Document, DocumentId, ReviewId,
    keys::Scope,
    reviews::{BatchUndone, Claim, Review},
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
    Frame, Shown,
    document::rejections,
    language::Tongue,
    page,
    queue::{Row, lines_of},
    queue_view::QueueView,
    sentence,
    session::Person,
    typed::Typed,
};
use crate::{
    access,
    extract::{Id, Params},
    problem::Problem,
    review::{self, Ask, Asked, LEASE, Refusal, Verdict},
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
    /// How many these are, where there are more.
    first: Option<u32>,
    /// How many could be accepted as they are.
    clear: usize,
    rejections: Vec<(&'static str, &'static str)>,
    /// What was done, and what was not.
    done: Option<Done>,
}

/// What became of a decision on many.
#[derive(Default)]
struct Done {
    /// Done, as it was said.
    decided: usize,
    /// Of so many another person says first whether they say the same.
    another: usize,
    /// Of so many an approver is asked first.
    approver: usize,
    /// Address, name and why not.
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

/// What of a view is free for the person, with what speaks against accepting each as it is; and whether there is more.
async fn picks(app: &App, person: &Person, view: &QueueView) -> Result<(Vec<Pick>, bool), Problem> {
    if view.reason().is_none() && view.sender.is_empty() {
        return Err(Problem::BadRequest(
            "what is decided at once is alike: choose a reason or a sender first".to_owned(),
        ));
    }
    let found = app.catalog.review_table(&view.open_to(person), None, MOST).await?;
    let (found, is_more) = (found.data, found.next.is_some());
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
    Ok((picks, is_more))
}

async fn shown(app: &App, person: &Person, view: QueueView, done: Option<Done>) -> Result<Response, Problem> {
    let (picks, is_more) = picks(app, person, &view).await?;
    let first = is_more.then_some(MOST);
    let clear = picks.iter().filter(|p| p.against.is_empty()).count();
    let about = done.is_some().then(|| format!("/bulk{}", view.query()));
    let frame = Frame { about, view: view.clone(), ..Frame::of(app, person, "queue").await? };
    Ok(page(&Bulk { frame, view, picks, first, clear, rejections: rejections(), done }))
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
    let (mut done, mut held, mut left) = (Done::default(), Vec::new(), Vec::new());
    let until = app.catalog.now() + UNDO.max(Duration::try_from(app.undo).unwrap_or(UNDO));
    for (id, version) in picked.take(MOST as usize) {
        match one(app, person, (id, version), &act, until).await {
            Ok((document, asked)) => {
                held.push(document);
                let count = match asked {
                    None => &mut done.decided,
                    Some(Asked::Person) => &mut done.another,
                    Some(Asked::Approver) => &mut done.approver,
                };
                *count += 1;
            }
            Err((document, refusal)) => left.push((document, said(refusal))),
        }
    }
    if !matches!(act, Act::Postpone(_)) {
        app.catalog.name_batch(Uuid::now_v7(), &person.caller.actor, &held).await?;
    }
    done.left = named(app, person, left).await?;
    Ok(done)
}

/// What was left as it is, by what people know it by.
async fn named(
    app: &App,
    person: &Person,
    left: Vec<(Option<DocumentId>, String)>,
) -> Result<Vec<(String, String, String)>, Problem> {
    let mut known = Vec::new();
    for id in left.iter().filter_map(|(id, _)| *id) {
        known.extend(app.catalog.document_for(person.caller.access(), id).await?);
    }
    let rows = lines_of(app, person, known).await?;
    let named = |(id, why): (Option<DocumentId>, String)| {
        let href = id.map_or_else(|| "/".to_owned(), |id| format!("/documents/{id}"));
        let row = rows.iter().find(|row| row.href == href);
        let name = row.map_or_else(|| person.tongue.t("Document").to_owned(), |row| name(row, person.tongue));
        (href, name, why)
    };
    Ok(left.into_iter().map(named).collect())
}

/// Whose paper it is, or what, with how much, when and under which number.
fn name(row: &Row, tongue: Tongue) -> String {
    let what = if row.party.is_empty() { tongue.t(&row.title) } else { row.party.as_str() };
    let parts =
        [what, row.amount.as_str(), row.subtitle.as_str()].into_iter().filter(|part| !part.is_empty());
    parts.collect::<Vec<_>>().join(" · ")
}

/// Decides one: who is asked before it is done; which it is and why not, otherwise.
async fn one(
    app: &App,
    person: &Person,
    (id, version): (ReviewId, i64),
    act: &Act,
    until: OffsetDateTime,
) -> Result<(DocumentId, Option<Asked>), (Option<DocumentId>, Refusal)> {
    let (caller, actor) = (&person.caller, person.caller.actor.as_str());
    let nowhere = |problem: Problem| (None, Refusal::from(problem));
    let (review, document) = review::of(app, caller, id).await.map_err(nowhere)?;
    let here = |refusal: Refusal| (Some(document.id), refusal);
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
            review::put_off(app, caller, id, put_off, None).await.map(|()| None).map_err(Refusal::from)
        }
        Act::Approve => review::decide(app, caller, id, ask).await.map(|decided| decided.asked),
        Act::Reject(why) => {
            ask.verdict = Verdict::Reject;
            ask.note = Some(why.clone());
            review::decide(app, caller, id, ask).await.map(|decided| decided.asked)
        }
        Act::AskAgain => {
            ask.verdict = Verdict::AskAgain;
            review::decide(app, caller, id, ask).await.map(|decided| decided.asked)
        }
    };
    match decided {
        Ok(asked) => Ok((document.id, asked)),
        Err(refusal) => {
            // What they had before is theirs still: they may be in the middle of it.
            if !was_theirs {
                app.catalog.release_review(review.id, actor).await.map_err(|e| here(e.into()))?;
            }
            Err(here(refusal))
        }
    }
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
            if let Some(why) = left(undone) {
                return Err(Problem::Conflict(why));
            }
            Ok(Redirect::to(&format!("/{}", QueueView::typed(&typed).query())).into_response())
        }
        .await,
    )
}

/// What is said where not all of them are taken back.
fn left(BatchUndone { undone, too_late }: BatchUndone) -> Option<String> {
    match (undone, too_late) {
        (0, _) => Some("they cannot be taken back any more: reopen them on their pages".to_owned()),
        (_, 0) => None,
        _ => Some(format!(
            "{undone} were taken back, {too_late} cannot be any more: reopen those on their pages"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_taken_back_with_the_rest_is_said() {
        let said = |undone, too_late| left(BatchUndone { undone, too_late }).map(|why| sentence(&why));
        assert_eq!(said(3, 0), None);
        for (undone, too_late) in [(0, 0), (0, 2), (2, 1)] {
            let why = said(undone, too_late).expect("it is said");
            for tongue in [Tongue::Es, Tongue::Pt] {
                assert_ne!(tongue.say(&why), why, "{tongue:?}");
            }
        }
    }
}
