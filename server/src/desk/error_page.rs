//! What went wrong, as a page: with the menu and in the language of whoever asked. Handlers know neither, so what is said
//! goes with the response to [`framed`], which does; a browser that is answered with a problem of the API is shown a page too.

use std::time::Duration;

use askama::Template;
use axum::{
    body::to_bytes,
    extract::{Request, State},
    http::{HeaderMap, Method, StatusCode, header},
    middleware::Next,
    response::Response,
};
use serde::Deserialize;

use super::{
    Frame,
    again::{self, Sent, reads_pages},
    language::Tongue,
    login, page, sentence,
    session::{Ended, Person},
};
use crate::{problem::Problem, state::App};

/// Longest wait for the menu: what failed may be what it is read from.
const MENU: Duration = Duration::from_secs(2);
/// Largest problem that is read again, bytes.
const PROBLEM_BYTES: usize = 64 << 10;
/// Where programs ask, whatever they say that they read.
const PROGRAMS: [&str; 2] = ["/v1/", "/webhooks/"];

/// What is said of a problem.
#[derive(Debug, Clone)]
struct Told {
    /// In English; a sentence.
    detail: String,
    /// Under which id it is in the log.
    logged: Option<String>,
    /// The way back.
    back: String,
}

#[derive(Template)]
#[template(path = "trouble.html")]
struct ErrorPage<'a> {
    frame: Frame,
    title: String,
    detail: String,
    back: &'a str,
}

impl Told {
    /// What it is called, and what it says.
    fn words(&self, frame: &Frame, status: StatusCode) -> (String, String) {
        let title = match status {
            StatusCode::NOT_FOUND => "Not there",
            StatusCode::CONFLICT => "That could not be done",
            StatusCode::FORBIDDEN | StatusCode::UNAUTHORIZED => "Not allowed",
            StatusCode::TOO_MANY_REQUESTS => "Too many at once",
            status if status.is_server_error() => "That failed",
            _ => "That could not be understood",
        };
        let detail = match &self.logged {
            Some(id) => frame.f("Something failed on our side. It is logged as {}.", id),
            None => frame.say(&self.detail),
        };
        (frame.t(title).to_owned(), detail)
    }

    fn page(&self, frame: Frame, status: StatusCode) -> Response {
        let (title, detail) = self.words(&frame, status);
        let mut response = page(&ErrorPage { title, detail, back: &self.back, frame });
        *response.status_mut() = status;
        response
    }

    /// The same with what was typed, for whoever can send it once more.
    fn page_with(&self, sent: Option<&Sent>, frame: Frame, status: StatusCode) -> Response {
        let Some(sent) = sent.filter(|_| frame.user.is_some()) else { return self.page(frame, status) };
        let (title, detail) = self.words(&frame, status);
        sent.page(frame, (title.as_str(), detail.as_str()), &self.back, status)
    }
}

/// A problem as a page, with the way back.
pub fn trouble(problem: Problem, back: &str) -> Response {
    let status = problem.status();
    let logged = problem.log().map(|id| id.to_string());
    let told = Told { detail: sentence(&problem.to_string()), logged, back: back.to_owned() };
    let mut response = told.page(Frame::default(), status);
    response.extensions_mut().insert(told);
    response
}

/// Puts the menu around what went wrong, in the language of whoever asked, with what they had typed; what a browser would be
/// shown as JSON becomes a page, and so does a form whose session had ended.
pub async fn framed(State(app): State<App>, request: Request, next: Next) -> Response {
    if PROGRAMS.iter().any(|place| request.uri().path().starts_with(place)) {
        return next.run(request).await;
    }
    let headers = request.headers().clone();
    let about = (request.method() == Method::POST).then(|| about(request.uri().path()));
    let (request, sent) = again::sent(request).await;
    let mut response = next.run(request).await;
    if let (Some(Ended), Some(sent)) = (response.extensions().get::<Ended>(), &sent) {
        return login::interrupted_form(&app, &headers, sent.clone());
    }
    let said = response.extensions_mut().remove::<Told>();
    let mut told = match said {
        Some(told) => told,
        None if reads_pages(&headers) && is_problem(response.headers()) => {
            let (parts, body) = response.into_parts();
            let said = to_bytes(body, PROBLEM_BYTES).await.unwrap_or_default();
            let told = serde_json::from_slice::<Said>(&said).unwrap_or_default().told();
            response = Response::from_parts(parts, axum::body::Body::empty());
            told
        }
        None => return response,
    };
    // Who is told nothing else goes back to the page that the act was about.
    if let Some(about) = about.as_ref().filter(|_| told.back == "/") {
        told.back.clone_from(about);
    }
    let frame = Frame { about, ..frame(&app, &headers).await };
    let mut shown = told.page_with(sent.as_ref(), frame, response.status());
    // What a browser acts on, whatever the body is: it asks for a password, and comes back when it may.
    for name in [header::WWW_AUTHENTICATE, header::ALLOW, header::RETRY_AFTER, header::SET_COOKIE] {
        for value in response.headers().get_all(&name) {
            shown.headers_mut().append(&name, value.clone());
        }
    }
    shown
}

/// The page that an act is about: of many acts the address takes nothing else.
pub(super) fn about(path: &str) -> String {
    let parts: Vec<&str> = path.split('/').skip(1).collect();
    match parts[..] {
        ["review", id, ..] => format!("/documents/{id}"),
        ["people" | "sessions", ..] => "/people".to_owned(),
        ["checks", "threshold" | "next", ..] => "/checks".to_owned(),
        ["four-eyes", ..] => "/four-eyes".to_owned(),
        ["incidents", ..] => "/incidents".to_owned(),
        ["inbox", "receipts", ..] => "/inbox".to_owned(),
        ["inbox", id, ..] => format!("/inbox/{id}"),
        ["login", ..] => "/login".to_owned(),
        ["work" | "checks" | "customers" | "setup", ..] => path.to_owned(),
        _ => "/".to_owned(),
    }
}

/// Of a problem of the API what a page says.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Said {
    detail: String,
    id: Option<String>,
}

impl Said {
    fn told(self) -> Told {
        Told { detail: sentence(&self.detail), logged: self.id, back: "/".to_owned() }
    }
}

fn is_problem(headers: &HeaderMap) -> bool {
    headers.get(header::CONTENT_TYPE).is_some_and(|kind| kind.as_bytes() == b"application/problem+json")
}

/// What is around every page, as far as it can be had at once.
async fn frame(app: &App, headers: &HeaderMap) -> Frame {
    let known = async {
        let person = Person::of(app, headers).await.ok()??;
        Frame::of(app, &person, "").await.ok()
    };
    let bare = || Frame { tongue: Tongue::asked(headers), ..Frame::default() };
    tokio::time::timeout(MENU, known).await.ok().flatten().unwrap_or_else(bare)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_act_is_about_a_page_that_can_be_read() {
        let id = "0190a5d2-0000-7000-8000-000000000000";
        for (act, page) in [
            (format!("/review/{id}"), format!("/documents/{id}")),
            (format!("/review/{id}/undo"), format!("/documents/{id}")),
            (format!("/reviews/{id}/take-back"), "/".to_owned()),
            (format!("/people/{id}"), "/people".to_owned()),
            (format!("/sessions/{id}/end"), "/people".to_owned()),
            ("/checks/threshold".to_owned(), "/checks".to_owned()),
            ("/checks/next".to_owned(), "/checks".to_owned()),
            (format!("/checks/{id}"), format!("/checks/{id}")),
            (format!("/inbox/{id}/notes"), format!("/inbox/{id}")),
            (format!("/inbox/receipts/{id}"), "/inbox".to_owned()),
            (format!("/customers/{id}"), format!("/customers/{id}")),
            ("/views".to_owned(), "/".to_owned()),
        ] {
            assert_eq!(about(&act), page, "{act}");
        }
    }
}
