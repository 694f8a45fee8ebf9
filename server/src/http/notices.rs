//! `/v1/notices`: news that we send of our own accord, one by one or a table of them with its progress.

mod table;

use std::collections::BTreeMap;

use acuse_storage::{
    ContactId,
    consents::Category,
    keys::Scope,
    names::NoticeId,
    notices::{NewNotice, Notice, NoticeFilter, NoticeState, Noticed},
};
use axum::{
    Json,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use uuid::Uuid;

use super::auth::Caller;
use crate::{
    checked,
    extract::{Body, Id, Params, cursor, limit, word},
    listing::Listing,
    problem::Problem,
    state::App,
};

/// Notices of one commit.
const CHUNK: usize = 200;

/// Body of a notice.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct New {
    to: String,
    template: String,
    language: Option<String>,
    params: Option<Vec<String>>,
    header: Option<String>,
    buttons: Option<Vec<String>>,
    category: Option<String>,
    idempotency_key: String,
    phone_number_id: Option<String>,
    #[serde(default, with = "time::serde::rfc3339::option")]
    not_before: Option<OffsetDateTime>,
    #[serde(default, with = "time::serde::rfc3339::option")]
    expires_at: Option<OffsetDateTime>,
}

/// Query of the list.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Query {
    batch: Option<String>,
    state: Option<String>,
    contact_id: Option<String>,
    after: Option<String>,
    limit: Option<u32>,
}

/// `POST /v1/notices`: 201 for a new one, 200 for one that was handed in before under the same key.
///
/// # Errors
/// 400 for what is no notice, 404 where there is no such contact for the caller, 409 where it may not be sent.
pub async fn create(
    State(app): State<App>,
    caller: Caller,
    Body(new): Body<New>,
) -> Result<Response, Problem> {
    caller.require(Scope::MessagesWrite)?;
    let notice = read(&app, &caller, new).await?;
    let mut became = app
        .catalog
        .queue_notices(caller.access(), std::slice::from_ref(&notice), None, &caller.actor)
        .await?;
    match became.pop() {
        Some(Noticed::Queued(notice)) => Ok((StatusCode::CREATED, Json(*notice)).into_response()),
        Some(Noticed::Before(notice)) => Ok(Json(*notice).into_response()),
        Some(Noticed::NoContact) | None => Err(Problem::NotFound("contact")),
        Some(Noticed::Unfit(unfit)) => Err(Problem::Unprocessable(unfit.to_string())),
        Some(refused) => Err(Problem::Conflict(why(&refused))),
    }
}

/// Why a notice is not taken.
fn why(became: &Noticed) -> String {
    let fixed = match became {
        Noticed::Queued(_) | Noticed::Before(_) => "",
        Noticed::NoContact => "there is no such contact",
        Noticed::NoNumber => "say from which of our numbers (`phone_number_id`): they never wrote to any",
        Noticed::NoConsent => "they never agreed to such messages from this number, or no more",
        Noticed::NoTemplate => "Meta has not approved that template in a language of theirs, or paused it",
        Noticed::TooLate => "its time is over before it may leave: quiet hours of theirs are kept",
        Noticed::OtherKey => "this idempotency key was used for another notice",
        Noticed::Unfit(unfit) => return unfit.to_string(),
    };
    fixed.to_owned()
}

async fn read(app: &App, caller: &Caller, new: New) -> Result<NewNotice, Problem> {
    let bad = |text: String| Err(Problem::Unprocessable(text));
    let key = new.idempotency_key.trim().to_owned();
    if key.is_empty() || key.chars().count() > 200 {
        return bad("idempotency_key: 1 to 200 characters".to_owned());
    }
    let params = new.params.unwrap_or_default();
    checked::template(&new.template, &params)?;
    let (header, buttons) = checked::header_and_buttons(new.header, new.buttons)?;
    let category = match new.category.as_deref().unwrap_or("utility").parse::<Category>() {
        Ok(category @ (Category::Utility | Category::Marketing | Category::Billing)) => category,
        _ => return bad("category: utility, marketing or billing".to_owned()),
    };
    let contact = whom(app, caller, &new.to).await?.ok_or(Problem::NotFound("contact"))?;
    Ok(NewNotice {
        contact,
        phone_number_id: new.phone_number_id,
        template: new.template,
        language: new.language,
        params,
        header,
        buttons,
        category,
        idempotency_key: key,
        not_before: new.not_before,
        expires_at: new.expires_at,
    })
}

/// A contact by their id, or by the number that they write from.
async fn whom(app: &App, caller: &Caller, to: &str) -> Result<Option<ContactId>, Problem> {
    if let Ok(id) = to.parse::<ContactId>() {
        return Ok(Some(id));
    }
    let digits: String = to.chars().filter(char::is_ascii_digit).collect();
    if !(7..=15).contains(&digits.len()) {
        return Err(Problem::Unprocessable(
            "to: a contact's id, or a telephone number with its country".to_owned(),
        ));
    }
    let found = app.catalog.contact_of_phone(caller.access(), &digits).await?;
    Ok(found)
}

/// `GET /v1/notices`.
///
/// # Errors
/// Without the scope `messages:read`, and for a word that is none.
pub async fn list(
    State(app): State<App>,
    caller: Caller,
    Params(query): Params<Query>,
) -> Result<Json<Listing<Notice>>, Problem> {
    caller.require(Scope::MessagesRead)?;
    let filter = NoticeFilter {
        batch: word::<Uuid>("batch", query.batch.as_deref())?,
        state: word::<NoticeState>("state", query.state.as_deref())?,
        contact: word::<ContactId>("contact_id", query.contact_id.as_deref())?,
        after: cursor::<NoticeId>(query.after.as_deref())?,
    };
    let most = limit(query.limit)?;
    let data = app.catalog.notices(caller.access(), &filter, most).await?;
    Ok(Json(Listing::of(data, most, |notice| notice.id)))
}

/// `GET /v1/notices/{id}`.
///
/// # Errors
/// 404 where there is none for this caller.
pub async fn show(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<NoticeId>,
) -> Result<Json<Notice>, Problem> {
    caller.require(Scope::MessagesRead)?;
    app.catalog.notice(caller.access(), id).await?.map(Json).ok_or(Problem::NotFound("notice"))
}

/// A line of a table that was not taken.
#[derive(Debug, Serialize)]
pub struct Refused {
    line: u64,
    why: String,
}

/// What became of a table.
#[derive(Debug, Serialize)]
pub struct Taken {
    batch: Uuid,
    queued: u64,
    before: u64,
    refused: Vec<Refused>,
}

/// `POST /v1/notices/batches`: a table (CSV) of notices, a line each; each is taken or refused by itself.
///
/// # Errors
/// 400 where the table cannot be read, 415 where it is none.
pub async fn create_batch(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Taken>, Problem> {
    caller.require(Scope::MessagesWrite)?;
    let kind = headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    if !kind.starts_with("text/csv") {
        return Err(Problem::UnsupportedMediaType("send a table with Content-Type: text/csv".to_owned()));
    }
    let lines = table::read(&body)?;
    let batch = Uuid::now_v7();
    let mut taken = Taken { batch, queued: 0, before: 0, refused: Vec::new() };
    let mut ready = Vec::new();
    for (line, new) in lines {
        match read(&app, &caller, new).await {
            Ok(notice) => ready.push((line, notice)),
            Err(Problem::Unprocessable(why)) => taken.refused.push(Refused { line, why }),
            Err(Problem::NotFound(_)) => {
                taken.refused.push(Refused { line, why: why(&Noticed::NoContact) });
            }
            Err(other) => return Err(other),
        }
    }
    for chunk in ready.chunks(CHUNK) {
        let notices: Vec<NewNotice> = chunk.iter().map(|(_, notice)| notice.clone()).collect();
        let became = app.catalog.queue_notices(caller.access(), &notices, Some(batch), &caller.actor).await?;
        for ((line, _), became) in chunk.iter().zip(became) {
            match became {
                Noticed::Queued(_) => taken.queued += 1,
                Noticed::Before(_) => taken.before += 1,
                refused => taken.refused.push(Refused { line: *line, why: why(&refused) }),
            }
        }
    }
    taken.refused.sort_by_key(|refused| refused.line);
    Ok(Json(taken))
}

/// How far a table has come.
#[derive(Debug, Serialize)]
pub struct Progress {
    batch: Uuid,
    total: u64,
    states: BTreeMap<&'static str, u64>,
    /// For what those wait that stand aside.
    waits: BTreeMap<String, u64>,
}

/// `GET /v1/notices/batches/{id}`: how many of a table stand where.
///
/// # Errors
/// 404 where there is no such table for this caller; a key that is bound sees its own notices in the list.
pub async fn progress(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<Uuid>,
) -> Result<Json<Progress>, Problem> {
    caller.require(Scope::MessagesRead)?;
    // How many others were written to is nothing for a key that is bound.
    if caller.access().is_bound() {
        return Err(Problem::NotFound("batch"));
    }
    let states = app.catalog.notice_progress(id).await?;
    if states.is_empty() {
        return Err(Problem::NotFound("batch"));
    }
    let total = states.iter().map(|(_, count)| count).sum();
    let states = states.into_iter().map(|(state, count)| (state.as_str(), count)).collect();
    let waits = app.catalog.notices_held(id).await?.into_iter().collect();
    Ok(Json(Progress { batch: id, total, states, waits }))
}
