//! `/v1/cases`: open matters with contacts, and what a person does with one. Each act names the version that was looked
//! at: two people never write at once.

use acuse_conversation::{Kind, State};
use acuse_storage::{
    CaseId, ContactId,
    cases::{Act, CaseCursor, CaseFilter, Listed, Note, Templated},
    keys::Scope,
};
use axum::{Json, extract::State as Of, http::StatusCode};
use serde::{Deserialize, Serialize};

use super::auth::Caller;
use crate::{
    budget::Turn,
    cases::{Now, carry_out, file, look, templated, write, write_note},
    extract::{Body, Id, Params, cursor, limit, word},
    listing::Listing,
    problem::Problem,
    state::App,
};

/// Longest name of a person or team, characters.
const NAME_CHARS: usize = 200;

/// Query of the list.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Query {
    state: Option<String>,
    kind: Option<String>,
    assignee: Option<String>,
    contact_id: Option<String>,
    team: Option<String>,
    late: Option<bool>,
    after: Option<String>,
    limit: Option<u32>,
}

/// `GET /v1/cases`: those that a person has, unless a state is named (`open`: all that are not over, `any`: those too). What is
/// due comes first, then the oldest; with what is over, the oldest first.
///
/// # Errors
/// Without the scope `messages:read`, and for a word that is none.
pub async fn list(
    Of(app): Of<App>,
    caller: Caller,
    Params(query): Params<Query>,
) -> Result<Json<Listing<Listed>>, Problem> {
    caller.require(Scope::MessagesRead)?;
    let known = |ok: bool, what: &str| {
        if ok { Ok(()) } else { Err(Problem::BadRequest(format!("there is no such {what} of a case"))) }
    };
    known(
        query.state.as_deref().is_none_or(|s| matches!(s, "open" | "any") || State::of(s).is_some()),
        "state",
    )?;
    known(query.kind.as_deref().is_none_or(|k| Kind::of(k).is_some()), "kind")?;
    let filter = CaseFilter {
        state: query.state,
        kind: query.kind,
        assignee: query.assignee,
        contact: word::<ContactId>("contact_id", query.contact_id.as_deref())?,
        team: query.team,
        escalated: query.late.unwrap_or_default(),
        after: cursor::<CaseCursor>(query.after.as_deref())?,
        ..CaseFilter::default()
    };
    let most = limit(query.limit)?;
    let data = app.catalog.cases(caller.access(), &filter, most).await?;
    Ok(Json(Listing::of(data, most, CaseCursor::of)))
}

/// A case, and what we noted on it.
#[derive(Debug, Serialize)]
pub struct CaseView {
    #[serde(flatten)]
    case: Listed,
    notes: Vec<Note>,
}

/// `GET /v1/cases/{id}`.
///
/// # Errors
/// 404 where there is none for this caller.
pub async fn show(Of(app): Of<App>, caller: Caller, Id(id): Id<CaseId>) -> Result<Json<CaseView>, Problem> {
    let (case, notes) = look(&app, &caller, id).await?;
    Ok(Json(CaseView { case, notes }))
}

/// Body of a note.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewNote {
    text: String,
}

/// `POST /v1/cases/{id}/notes`: words among ourselves, which are never sent; whoever holds the case goes on undisturbed.
///
/// # Errors
/// 404 where there is none for this caller, 422 where it is empty or too long.
pub async fn note(
    Of(app): Of<App>,
    caller: Caller,
    Id(id): Id<CaseId>,
    Body(new): Body<NewNote>,
) -> Result<(StatusCode, Json<Note>), Problem> {
    let note = write_note(&app, &caller, id, &new.text).await?;
    Ok((StatusCode::CREATED, Json(note)))
}

/// What was looked at.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Looked {
    version: i64,
}

/// A yes or no.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Verdict {
    version: i64,
    approves: bool,
}

/// Body of a reply.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reply {
    version: i64,
    text: String,
    file: Option<file::InJson>,
}

/// Body of a template.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Template {
    version: i64,
    template: String,
    language: Option<String>,
    params: Option<Vec<String>>,
    header: Option<String>,
    buttons: Option<Vec<String>>,
}

/// Body of an assignment.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Assignment {
    version: i64,
    assignee: Option<String>,
    team: Option<String>,
}

/// `POST /v1/cases/{id}/reply`: free text, with a file beside it or without, while the window is open; who writes holds the
/// case from then on.
///
/// # Errors
/// 404 where there is none for this caller, 409 where it moved, is somebody else's, is over or cannot be answered, 422 for
/// a file that is not sent.
pub async fn reply(
    Of(app): Of<App>,
    caller: Caller,
    Id(id): Id<CaseId>,
    _turn: Turn,
    Body(said): Body<Reply>,
) -> Result<Json<Now>, Problem> {
    let given = said.file.map(file::InJson::given).transpose()?;
    write(&app, &caller, id, (said.version, &said.text), given).await.map(Json)
}

/// `POST /v1/cases/{id}/template`: by a template, to whoever agreed, whether the window is open or not; who writes holds the
/// case from then on.
///
/// # Errors
/// As [`reply`]; 409 too where Meta has not approved the template, they never agreed, or they go by another number since.
pub async fn template(
    Of(app): Of<App>,
    caller: Caller,
    Id(id): Id<CaseId>,
    Body(said): Body<Template>,
) -> Result<Json<Now>, Problem> {
    let (header, buttons) = (said.header, said.buttons.unwrap_or_default());
    let (name, language, params) = (said.template, said.language, said.params.unwrap_or_default());
    let act = templated(Templated { name, language, params, header, buttons })?;
    carry_out(&app, &caller, id, said.version, &act).await.map(Json)
}

/// `POST /v1/cases/{id}/assign`: a person or a team has it; the machine is silent until it is returned.
///
/// # Errors
/// As [`reply`].
pub async fn assign(
    Of(app): Of<App>,
    caller: Caller,
    Id(id): Id<CaseId>,
    Body(said): Body<Assignment>,
) -> Result<Json<Now>, Problem> {
    let name = |text: Option<String>| match text.map(|text| text.trim().to_owned()) {
        Some(text) if text.is_empty() || text.chars().count() > NAME_CHARS => {
            Err(Problem::Unprocessable(format!("a name has 1 to {NAME_CHARS} characters")))
        }
        text => Ok(text),
    };
    let act = Act::Assign { to: name(said.assignee)?, team: name(said.team)? };
    carry_out(&app, &caller, id, said.version, &act).await.map(Json)
}

/// `POST /v1/cases/{id}/return`: the machine goes on with it.
///
/// # Errors
/// As [`reply`].
pub async fn give_back(
    Of(app): Of<App>,
    caller: Caller,
    Id(id): Id<CaseId>,
    Body(said): Body<Looked>,
) -> Result<Json<Now>, Problem> {
    carry_out(&app, &caller, id, said.version, &Act::Return).await.map(Json)
}

/// `POST /v1/cases/{id}/close`: it is settled.
///
/// # Errors
/// As [`reply`]; 403 where what is to be approved does not exist for this caller, 409 too where a rule wants it of an approver
/// who can still answer.
pub async fn close(
    Of(app): Of<App>,
    caller: Caller,
    Id(id): Id<CaseId>,
    Body(said): Body<Looked>,
) -> Result<Json<Now>, Problem> {
    carry_out(&app, &caller, id, said.version, &Act::Close).await.map(Json)
}

/// `POST /v1/cases/{id}/decide`: yes or no to what is to be approved and is of no document, where nobody is left who could be
/// asked, or its time is over.
///
/// # Errors
/// As [`reply`]; 403 for who is bound, 409 too where an approver is waited for, or it is decided with its document.
pub async fn decide(
    Of(app): Of<App>,
    caller: Caller,
    Id(id): Id<CaseId>,
    Body(said): Body<Verdict>,
) -> Result<Json<Now>, Problem> {
    carry_out(&app, &caller, id, said.version, &Act::Decide { approves: said.approves }).await.map(Json)
}
