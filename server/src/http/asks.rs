//! `POST /v1/documents/{id}/ask`: a question to whoever sent a document, answered by a file, words, a choice or a
//! password. The document waits for its sender, and what comes lands on it.

use acuse_conversation::{Expects, MOST_CHOICES, TITLE_CHARS};
use acuse_storage::{CaseId, DocumentId, cases::Question, keys::Scope};
use axum::{Json, extract::State, http::HeaderMap};
use serde::{Deserialize, Serialize};

use super::auth::Caller;
use crate::{
    access,
    cases::told,
    etag::Precondition,
    extract::{Body, Id},
    problem::Problem,
    state::App,
};

/// Longest question, characters (Meta's limit of a text with choices).
const TEXT_CHARS: usize = 1_024;

/// Body of a question.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct New {
    expects: String,
    text: Option<String>,
    choices: Option<Vec<String>>,
    version: Option<i64>,
}

/// What is asked in which case.
#[derive(Debug, Serialize)]
pub struct Asked {
    case_id: CaseId,
}

/// Asks; with `If-Match` only as the document was seen.
///
/// # Errors
/// 404 where the document does not exist for the caller, 403 where it is withheld; 412 where it was seen otherwise; 409 where
/// it does not wait for a person, nobody can be asked, or the window is closed; 400 for a question that is none.
pub async fn create(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<DocumentId>,
    headers: HeaderMap,
    Body(new): Body<New>,
) -> Result<Json<Asked>, Problem> {
    caller.require(Scope::ReviewsWrite)?;
    let seen = Precondition::if_given(&headers)?;
    let (question, version) = (question(&new)?, seen.or_said(new.version)?);
    seen.holds_of(access::open(&app, &caller, id).await?.version)?;
    let asked = app.catalog.ask_about(caller.access(), (id, version), &caller.actor, &question).await?;
    seen.told(told(asked)).map(|case_id| Json(Asked { case_id }))
}

fn question(new: &New) -> Result<Question, Problem> {
    let bad = |text: String| Err(Problem::Unprocessable(text));
    let Some(expects) = Expects::of(&new.expects) else {
        let known: Vec<&str> = Expects::ALL.into_iter().map(Expects::as_str).collect();
        return bad(format!("expects: one of {}", known.join(", ")));
    };
    let text = new.text.as_deref().unwrap_or_default().trim().to_owned();
    if text.chars().count() > TEXT_CHARS {
        return bad(format!("text: at most {TEXT_CHARS} characters"));
    }
    let choices: Vec<String> = new.choices.iter().flatten().map(|choice| choice.trim().to_owned()).collect();
    let fits = |choice: &String| (1..=TITLE_CHARS).contains(&choice.chars().count());
    let distinct: std::collections::BTreeSet<&String> = choices.iter().collect();
    match expects {
        Expects::Choice if choices.len() < 2 || choices.len() > MOST_CHOICES => {
            bad(format!("choices: 2 to {MOST_CHOICES} of them"))
        }
        Expects::Choice if !choices.iter().all(fits) || distinct.len() != choices.len() => {
            bad(format!("choices: each another, of 1 to {TITLE_CHARS} characters"))
        }
        Expects::Choice | Expects::Words if text.is_empty() => bad("text: say what is asked".to_owned()),
        Expects::Choice => Ok(Question { expects, text, choices }),
        _ if !choices.is_empty() => bad("choices: only where a choice is expected".to_owned()),
        _ => Ok(Question { expects, text, choices }),
    }
}
