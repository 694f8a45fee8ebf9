//! A file that a person puts beside their words, on the page of a case.

use acuse_storage::{CaseId, keys::Scope};
use acuse_whatsapp::limits::{CAPTION_CHARS, DOCUMENT_BYTES};
use axum::{
    extract::{Multipart, State, multipart::MultipartRejection},
    http::HeaderMap,
    response::{IntoResponse, Redirect, Response},
};
use bytes::Bytes;

use super::acts::unsent;
use crate::{
    budget::declared,
    cases::{self, file::Given},
    desk::{Shown, again::Sent, login, session::Person},
    extract::{Id, form::Bounds},
    problem::Problem,
    state::App,
};

/// Largest form, bytes: the file, and what stands beside it.
pub const FORM_BYTES: usize = DOCUMENT_BYTES as usize + (64 << 10);
/// Longest text of a field, bytes: a caption in any script.
const TEXT_BYTES: usize = CAPTION_CHARS * 4;

/// What the form carries.
#[derive(Default)]
struct Filled {
    csrf: String,
    version: Option<i64>,
    text: String,
    file: Option<Given>,
}

impl Filled {
    /// What the form says, with the file where it `is_taken`; else only what stands before it, and nothing more is read.
    async fn of(mut form: Multipart, is_taken: bool) -> Result<Self, Problem> {
        let mut filled = Self::default();
        let bounds = Bounds { file: DOCUMENT_BYTES, text: TEXT_BYTES };
        while let Some(field) = bounds.part(&mut form).await? {
            let name = field.name().unwrap_or_default().to_owned();
            if name == "file" && !is_taken {
                break;
            }
            if name == "file" {
                let called = field.file_name().unwrap_or_default().to_owned();
                let bytes = bounds.bytes(field, FORM_BYTES).await?;
                // A browser sends the part though nobody chose a file.
                filled.file = (!bytes.is_empty()).then(|| Given { name: called, bytes: Bytes::from(bytes) });
                continue;
            }
            let value = bounds.text(field).await?;
            match name.as_str() {
                "csrf" => filled.csrf = value,
                "version" => filled.version = value.parse().ok(),
                "text" => filled.text = value,
                _ => {}
            }
        }
        Ok(filled)
    }
}

/// Whoever is signed in no more keeps the words, and chooses the file anew.
async fn interrupted(
    app: &App,
    headers: &HeaderMap,
    id: CaseId,
    form: Result<Multipart, MultipartRejection>,
) -> Response {
    let filled = match form {
        Ok(form) => Filled::of(form, false).await.unwrap_or_default(),
        Err(_) => Filled::default(),
    };
    let version = filled.version.map(|version| version.to_string()).unwrap_or_default();
    let words = [("version", version), ("text", filled.text)];
    login::interrupted_form(app, headers, Sent::with_file(format!("/inbox/{id}/files"), words))
}

/// `POST /inbox/{id}/files`: a file, and what is said of it.
pub async fn send(
    State(app): State<App>,
    Id(id): Id<CaseId>,
    headers: HeaderMap,
    form: Result<Multipart, MultipartRejection>,
) -> Shown {
    Shown(
        async {
            let Some(person) = Person::of(&app, &headers).await? else {
                return Ok(interrupted(&app, &headers, id, form).await);
            };
            person.caller.require(Scope::MessagesWrite)?;
            let form = form.map_err(|_| Problem::UnsupportedMediaType("a form with a file".to_owned()))?;
            let _turn = app.budget.upload(declared(&headers)).await?;
            let filled = Filled::of(form, true).await?;
            person.check_form(&filled.csrf)?;
            let text = filled.text;
            let done = match (filled.file, filled.version) {
                (Some(given), Some(version)) => {
                    cases::write(&app, &person.caller, id, (version, &text), Some(given)).await
                }
                _ => Err(Problem::Unprocessable("choose a file: a JPEG, a PNG or a PDF".to_owned())),
            };
            match done {
                Ok(_) => Ok(Redirect::to(&format!("/inbox/{id}")).into_response()),
                Err(problem) => unsent(&app, &person, problem, text).await,
            }
        }
        .await,
    )
}
