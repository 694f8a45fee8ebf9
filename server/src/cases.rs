//! What a person does with a case, from the API or the desk. Each act names the version that was looked at: two people never
//! write at once.

pub mod file;

use acuse_storage::{
    CaseId,
    cases::{Act, Acted, Asking, Listed, NOTE_CHARS, Note, Templated},
    keys::Scope,
};
use acuse_whatsapp::limits::{CAPTION_CHARS, TEXT_CHARS};
use serde::Serialize;

use crate::{access::Caller, checked, problem::Problem, state::App};

/// No approval that a person decides, or ends by closing its case.
const NOT_THEIRS: &str = "an approver is waited for, or it is decided with its document";

/// What the case is after an act.
#[derive(Debug, Serialize)]
pub struct Now {
    id: CaseId,
    version: i64,
}

/// A case and the notes on it, for the API and the desk.
///
/// # Errors
/// 404 where there is none for this caller.
pub async fn look(app: &App, caller: &Caller, id: CaseId) -> Result<(Listed, Vec<Note>), Problem> {
    caller.require(Scope::MessagesRead)?;
    let case = app.catalog.case(caller.access(), id).await?.ok_or(Problem::NotFound("case"))?;
    let notes = app.catalog.notes_on_case(caller.access(), &case).await?;
    Ok((case, notes))
}

/// Writes a note, for the API and the desk.
///
/// # Errors
/// 404 where there is none for this caller, 422 where it is empty or too long.
pub async fn write_note(app: &App, caller: &Caller, id: CaseId, words: &str) -> Result<Note, Problem> {
    caller.require(Scope::MessagesWrite)?;
    let words = words.trim();
    if words.is_empty() || words.chars().count() > NOTE_CHARS {
        return Err(Problem::Unprocessable(format!("a note has 1 to {NOTE_CHARS} characters")));
    }
    let written = app.catalog.note_on_case(caller.access(), id, &caller.actor, words).await?;
    written.ok_or(Problem::NotFound("case"))
}

/// Writes to the contact of a case, with a file beside the words or without, for the API and the desk.
///
/// # Errors
/// 404 where there is none for this caller, 409 where it moved, is somebody else's, is over or cannot be answered, 422 for
/// a file that is not sent.
pub async fn write(
    app: &App,
    caller: &Caller,
    id: CaseId,
    (version, words): (i64, &str),
    given: Option<file::Given>,
) -> Result<Now, Problem> {
    caller.require(Scope::MessagesWrite)?;
    let words = text(words, given.is_some())?;
    let kept = match given {
        Some(given) => Some(file::kept(app, given).await?),
        None => None,
    };
    // Whoever writes it knows in which language; ISO 639-2 has a word for "we do not".
    let act = Act::Reply { text: words, language: "und".to_owned(), file: kept.clone() };
    let done = carry_out(app, caller, id, version, &act).await;
    // What failed on our side may have been queued all the same: the sweep of objects that no row names has the rest.
    if let (Err(problem), Some(file)) = (&done, &kept)
        && problem.status().is_client_error()
    {
        file::dropped(app, file).await;
    }
    done
}

/// The words of a reply; beside a file they are its caption, and need not be.
///
/// # Errors
/// When there are none, or more than Meta takes.
fn text(words: &str, has_file: bool) -> Result<String, Problem> {
    let words = words.trim();
    let (least, most) = if has_file { (0, CAPTION_CHARS) } else { (1, TEXT_CHARS) };
    let chars = words.chars().count();
    if chars < least || chars > most {
        let what = if has_file { "a text beside a file" } else { "a text" };
        return Err(Problem::Unprocessable(format!("{what} has {least} to {most} characters")));
    }
    Ok(words.to_owned())
}

/// Writing by this template.
///
/// # Errors
/// 422 where it can be none.
pub fn templated(by: Templated) -> Result<Act, Problem> {
    checked::template(&by.name, &by.params)?;
    let (header, buttons) = checked::header_and_buttons(by.header, Some(by.buttons))?;
    Ok(Act::Template(Templated { header, buttons, ..by }))
}

/// A person's act, for the API and the desk.
///
/// # Errors
/// As [`write()`].
pub async fn carry_out(
    app: &App,
    caller: &Caller,
    id: CaseId,
    version: i64,
    act: &Act,
) -> Result<Now, Problem> {
    caller.require(Scope::MessagesWrite)?;
    if matches!(act, Act::Decide { .. }) {
        caller.require(Scope::ReviewsWrite)?;
        // What is asked of no document does not exist for who is bound.
        if caller.access().is_bound() {
            return Err(Problem::Bound);
        }
    }
    // Its documents are a team's with it: who is bound would widen what exists for them, or take it from others.
    if caller.access().is_bound() && matches!(act, Act::Assign { team: Some(_), .. }) {
        return Err(Problem::Bound);
    }
    match app.catalog.act_on_case(caller.access(), id, version, &caller.actor, act).await? {
        Acted::Done(version) => Ok(Now { id, version }),
        Acted::Missing => Err(Problem::NotFound("case")),
        Acted::Changed(version) => {
            Err(Problem::Conflict(format!("the case moved meanwhile (version {version}); look again")))
        }
        Acted::HeldBy(who) => Err(Problem::Conflict(format!("{who} holds this case"))),
        Acted::Over => Err(Problem::Conflict("this case is over".to_owned())),
        Acted::NotTheirs => Err(Problem::Conflict(NOT_THEIRS.to_owned())),
        Acted::Beyond => Err(Problem::Bound),
        Acted::NoTemplate => Err(Problem::Conflict(
            "Meta has not approved that template in that language, or paused it".to_owned(),
        )),
        Acted::Unfit(unfit) => Err(Problem::Unprocessable(unfit.to_string())),
        Acted::NoConsent => Err(Problem::Conflict(
            "they never agreed to such messages from this number, or no more".to_owned(),
        )),
        Acted::Unconfirmed => Err(Problem::Conflict(
            "their number changed, and they have not written from the new one yet: somebody else may hold it"
                .to_owned(),
        )),
        Acted::WindowClosed => Err(Problem::Conflict(
            "WhatsApp's 24 hours are over, or about to be: write by a template".to_owned(),
        )),
    }
}

/// The case of what was asked.
///
/// # Errors
/// That says why it was not.
pub fn told(asked: Asking) -> Result<CaseId, Problem> {
    let conflict = |text: &str| Err(Problem::Conflict(text.to_owned()));
    match asked {
        Asking::Asked(case_id) => Ok(case_id),
        Asking::Missing => Err(Problem::NotFound("document")),
        Asking::Changed(version) => Err(Problem::Changed(version)),
        Asking::NotInReview => conflict("only of a document in review its sender is asked"),
        Asking::Nobody => conflict("it did not come as a file of its own over WhatsApp: nobody can be asked"),
        Asking::WindowClosed => {
            conflict("the contact has not written for 24 hours: WhatsApp lets no question through")
        }
        Asking::NoKeyFile => conflict("without a key file (ACUSE_KEY_FILE) no password can be kept sealed"),
    }
}
