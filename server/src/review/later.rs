//! A review that is not decided now, or not by this person.

use acuse_storage::{Document, ReviewId, users::User};
use time::{Duration, OffsetDateTime};

use super::{Refusal, Verdict, prepare::noted};
use crate::{
    access::{Caller, rights},
    problem::Problem,
    state::App,
};

/// Longest time for which a review is postponed.
const MOST_WAIT: Duration = Duration::days(92);

/// Postpones a review until then, or hands it to a person; `caller` holds it.
///
/// # Errors
/// 422 where the day is past or too far, or nobody has that name who could decide it; 409 where the caller does not hold it.
pub async fn put_off(
    app: &App,
    caller: &Caller,
    id: ReviewId,
    (verdict, until, to): (Verdict, Option<OffsetDateTime>, Option<&str>),
    note: Option<&str>,
) -> Result<(), Problem> {
    let bad = |text: &str| Problem::Unprocessable(text.to_owned());
    let note = noted(note).map_err(|faults| Problem::from(Refusal::Faults(faults)))?;
    let done = if verdict == Verdict::Assign {
        let to = to.map(str::trim).filter(|to| !to.is_empty()).ok_or_else(|| bad("to: say whom"))?;
        let found = app.catalog.users().await?.into_iter().find(|user| user.name == to);
        let user = found.ok_or_else(|| bad(&format!("to: nobody here is called {to}")))?;
        let (_, document) = super::of(app, caller, id).await?;
        if let Some(why) = why_not(app, &user, &document).await? {
            return Err(bad(&format!("to: {to} {why}")));
        }
        app.catalog.hand_review(id, &caller.actor, &format!("user:{to}"), note.as_deref()).await?
    } else {
        let now = app.catalog.now();
        let until = until.ok_or_else(|| bad("until: say until when"))?;
        if until <= now || until > now + MOST_WAIT {
            return Err(bad("until: a time of the next three months"));
        }
        app.catalog.postpone_review(id, &caller.actor, until, note.as_deref()).await?
    };
    if done { Ok(()) } else { Err(Problem::Conflict("you do not hold this review".to_owned())) }
}

/// Why somebody could not decide a document: handed to them, it would be nobody's next.
async fn why_not(app: &App, user: &User, document: &Document) -> Result<Option<&'static str>, Problem> {
    if !rights::decides(user) {
        return Ok(Some("decides nothing here"));
    }
    let access = app.catalog.access_of_user(user).await?;
    let is_theirs = app.catalog.document_for(&access, document.id).await?.is_some();
    if !is_theirs || access.withholds(document.sensitivity) {
        return Ok(Some("does not see this document"));
    }
    let person = format!("user:{}", user.name);
    if app.catalog.is_for_others(document, &person).await? {
        return Ok(Some("has answered already, and somebody else is asked"));
    }
    Ok(None)
}
