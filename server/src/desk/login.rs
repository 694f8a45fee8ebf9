//! Signing in and out, and the one-time page that makes the first user.

use std::net::IpAddr;

use acuse_storage::{DocumentId, users::Role};
use askama::Template;
use axum::{
    Form,
    extract::{Query, State},
    http::{Extensions, HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use cookie::{Cookie, SameSite};
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use super::{
    Frame, Shown,
    again::Sent,
    decide, error_page,
    language::{self, Tongue},
    oidc, page, paper,
    queue_view::QueueView,
    session::{self, Person},
    typed::Typed,
};
use crate::{
    access::{password, session::sign_in},
    oidc::ticket::local,
    problem::Problem,
    state::App,
};

#[derive(Template)]
#[template(path = "login.html")]
struct Login {
    frame: Frame,
    setup: bool,
    token: String,
    action: &'static str,
    error: Option<String>,
    /// What somebody typed whose session had ended, to be kept for them when they are back.
    resume: String,
    /// What the identity provider is called, where there is one.
    provider: Option<String>,
}

impl Login {
    fn of(app: &App, headers: &HeaderMap) -> Self {
        Self {
            frame: Frame { section: "door", tongue: Tongue::asked(headers), ..Frame::default() },
            setup: false,
            token: String::new(),
            action: "/login",
            error: None,
            resume: String::new(),
            provider: app.oidc.as_ref().map(|provider| provider.config.label.clone()),
        }
    }

    fn setup(app: &App, headers: &HeaderMap, token: String, error: Option<String>) -> Response {
        let status = if error.is_some() { StatusCode::UNAUTHORIZED } else { StatusCode::OK };
        let login = Self::of(app, headers);
        Self { setup: true, token, action: "/setup", error, provider: None, ..login }.answer(status)
    }

    fn answer(mut self, status: StatusCode) -> Response {
        self.error = self.error.map(|error| self.frame.say(&error));
        let mut response = page(&self);
        *response.status_mut() = status;
        response
    }
}

/// The sign-in page, with what went wrong.
pub(super) fn sign_in_page(app: &App, headers: &HeaderMap, status: StatusCode, error: &str) -> Response {
    Login { error: Some(error.to_owned()), ..Login::of(app, headers) }.answer(status)
}

/// What the sign-in form sends.
#[derive(Deserialize)]
pub struct Enter {
    user: String,
    password: String,
    #[serde(default)]
    token: String,
    #[serde(default)]
    resume: String,
}

/// What somebody typed when their session had ended.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Interrupted {
    /// About a document.
    Decision { document: DocumentId, form: Vec<(String, String)> },
    /// In a blind check.
    Check { check: Uuid, said: paper::Said },
    /// In any other form.
    Form(Sent),
}

/// The sign-in page in the place of a decision whose session had ended: it carries what was typed, which is offered
/// again behind it. Nothing is decided.
pub fn interrupted(app: &App, headers: &HeaderMap, document: DocumentId, typed: &Typed) -> Response {
    let form = typed.draft().unwrap_or_default().into_iter();
    let version = typed.get("version").map(|v| ("version".to_owned(), v.to_owned()));
    let view = QueueView::typed(typed).hidden().into_iter().filter(|(_, value)| !value.is_empty());
    let view = view.map(|(name, value)| (name.to_owned(), value));
    let said = Interrupted::Decision { document, form: form.chain(version).chain(view).collect() };
    said.asked(app, headers)
}

/// The same in the place of a blind answer.
pub fn interrupted_check(app: &App, headers: &HeaderMap, check: Uuid, said: paper::Said) -> Response {
    Interrupted::Check { check, said }.asked(app, headers)
}

/// The same in the place of what any other form was sent for.
pub(super) fn interrupted_form(app: &App, headers: &HeaderMap, sent: Sent) -> Response {
    Interrupted::Form(sent).asked(app, headers)
}

impl Interrupted {
    fn asked(&self, app: &App, headers: &HeaderMap) -> Response {
        // What another site's page sent is nobody's words.
        if session::is_cross_site(headers) {
            return Redirect::to("/login").into_response();
        }
        let resume = serde_json::to_string(self).unwrap_or_default();
        again(app, headers, resume, "Your session had ended. Sign in, and what you typed is there again.")
    }
}

fn again(app: &App, headers: &HeaderMap, resume: String, error: &str) -> Response {
    let error = Some(error.to_owned());
    Login { error, resume, ..Login::of(app, headers) }.answer(StatusCode::UNAUTHORIZED)
}

/// Goes on with what was typed before the session ended, for whoever signs in with it.
async fn resumed(app: &App, person: &Person, resume: &str) -> Result<Response, Problem> {
    let home = || Redirect::to("/").into_response();
    let Ok(said) = serde_json::from_str::<Interrupted>(resume) else { return Ok(home()) };
    let (document, form) = match said {
        Interrupted::Decision { document, form } => (document, form),
        // It stands nowhere but on its page, for nothing of it is known to whoever looks at the document.
        Interrupted::Check { check, said } => {
            return Ok(paper::again(app, person, check, said).await.unwrap_or_else(|_| home()));
        }
        Interrupted::Form(sent) if sent.is_sound() => return go_on(app, person, &sent).await,
        Interrupted::Form(_) => return Ok(home()),
    };
    // Nobody learns by what they send here that a document exists which does not exist for them.
    let found = app.catalog.document_for(person.caller.access(), document).await?;
    let Some(document) = found else { return Ok(home()) };
    let typed = Typed(form);
    decide::keep(app, person, &document, &typed).await?;
    let only = QueueView::typed(&typed).query();
    Ok(Redirect::to(&format!("/documents/{}{only}", document.id)).into_response())
}

/// What was typed in a form, to be sent by whoever has signed in.
async fn go_on(app: &App, person: &Person, sent: &Sent) -> Result<Response, Problem> {
    let back = error_page::about(sent.to());
    let frame = Frame { about: Some(back.clone()), ..Frame::of(app, person, "").await? };
    let title = frame.t("Your session had ended").to_owned();
    let why = frame.t("Nothing was done. Look at it, and send it once more.").to_owned();
    Ok(sent.page(frame, (title.as_str(), why.as_str()), &back, StatusCode::OK))
}

/// `GET /login`.
pub async fn show(State(app): State<App>, headers: HeaderMap) -> Response {
    Login::of(&app, &headers).answer(StatusCode::OK)
}

/// `POST /login`.
pub async fn enter(
    State(app): State<App>,
    extensions: Extensions,
    headers: HeaderMap,
    Form(form): Form<Enter>,
) -> Shown {
    if session::is_cross_site(&headers) {
        return Shown(Err(Problem::Forbidden { scope: "a form of this site" }));
    }
    let address = app.budget.trusted.client_of(&extensions, &headers);
    Shown(match sign_in(&app, (address, session::agent(&headers)), form.user.trim(), form.password).await {
        Ok(Some(token)) => came_in(&app, &headers, &token, &form.resume).await,
        Ok(None) => Ok(again(&app, &headers, form.resume, "The name or the password is wrong.")),
        Err(problem) => Err(problem),
    })
}

/// What was typed when a session had ended.
#[derive(Deserialize)]
pub struct Resume {
    #[serde(default)]
    resume: String,
}

/// `POST /login/resume`: goes on with what was typed, for somebody who has signed in meanwhile, in another window.
pub async fn resume(State(app): State<App>, headers: HeaderMap, Form(form): Form<Resume>) -> Shown {
    if session::is_cross_site(&headers) {
        return Shown(Err(Problem::Forbidden { scope: "a form of this site" }));
    }
    Shown(
        async {
            match Person::of(&app, &headers).await? {
                Some(person) => resumed(&app, &person, &form.resume).await,
                None => Ok(again(&app, &headers, form.resume, "You are not signed in yet.")),
            }
        }
        .await,
    )
}

/// Gives somebody their new session, and leads them on to where they were.
async fn came_in(app: &App, headers: &HeaderMap, token: &str, resume: &str) -> Result<Response, Problem> {
    let person = Person::of_token(app, token, Tongue::asked(headers)).await?;
    let on = resumed(app, &person.ok_or(Problem::Unauthorized)?, resume).await?;
    Ok(admit(headers, token, on))
}

fn admit(headers: &HeaderMap, token: &str, on: Response) -> Response {
    with_session(on, token, session::came_over_https(headers))
}

/// Gives the browser a session, or with an empty token takes it away.
pub(super) fn with_session(mut response: Response, token: &str, secure: bool) -> Response {
    if let Ok(value) = HeaderValue::from_str(&session::cookie(token, secure)) {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
    response
}

/// The token in the setup link.
#[derive(Deserialize)]
pub struct Link {
    #[serde(default)]
    token: String,
}

/// `GET /setup?token=…`.
pub async fn show_setup(State(app): State<App>, headers: HeaderMap, Query(link): Query<Link>) -> Shown {
    if app.login.is_setup(&link.token) {
        Shown(Ok(Login::setup(&app, &headers, link.token, None)))
    } else {
        Shown(Err(Problem::NotFound("setup link: it was used, or the server was started again; see its log")))
    }
}

/// `POST /setup`: makes the first user, an operator, and signs them in.
pub async fn setup(
    State(app): State<App>,
    extensions: Extensions,
    headers: HeaderMap,
    Form(form): Form<Enter>,
) -> Shown {
    let address = app.budget.trusted.client_of(&extensions, &headers);
    Shown(first_user(&app, address, &headers, form).await)
}

async fn first_user(
    app: &App,
    address: IpAddr,
    headers: &HeaderMap,
    form: Enter,
) -> Result<Response, Problem> {
    if !app.login.is_setup(&form.token) || session::is_cross_site(headers) {
        return Err(Problem::NotFound("setup link"));
    }
    let name = form.user.trim().to_owned();
    if name.is_empty() || name.chars().count() > 80 {
        return Ok(Login::setup(app, headers, form.token, Some("A name has 1 to 80 characters.".to_owned())));
    }
    let hash = match password::hash(form.password.clone()).await {
        Ok(hash) => hash,
        Err(error) => return Ok(Login::setup(app, headers, form.token, Some(format!("{error}.")))),
    };
    app.login.close_setup();
    if !app.catalog.users().await?.is_empty() {
        return Err(Problem::Conflict("there is a user already; sign in".to_owned()));
    }
    app.catalog.put_user(&name, &hash, Role::Admin).await?;
    app.catalog.audit("setup", "user_created", None, &json!({ "user": name })).await?;
    let token = sign_in(app, (address, session::agent(headers)), &name, form.password)
        .await?
        .ok_or(Problem::Unauthorized)?;
    Ok(admit(headers, &token, Redirect::to("/").into_response()))
}

/// What every form carries.
#[derive(Deserialize)]
pub struct Signed {
    csrf: String,
}

/// `POST /logout`: signs out here, and sends whoever signed in at the provider on to sign out there.
pub async fn leave(
    State(app): State<App>,
    person: Person,
    headers: HeaderMap,
    Form(form): Form<Signed>,
) -> Shown {
    Shown(
        async {
            person.check_form(&form.csrf)?;
            let way = person.sign_out(&app).await?;
            let gone = Redirect::to("/").into_response();
            let gone = oidc::leave_too(&app, &headers, way, gone).await;
            Ok(with_session(gone, "", session::came_over_https(&headers)))
        }
        .await,
    )
}

/// What the choice of a language sends.
#[derive(Deserialize)]
pub struct Chosen {
    language: String,
    #[serde(default)]
    back: String,
}

/// A year.
const LANGUAGE_LASTS: time::Duration = time::Duration::days(365);

/// `POST /language`: keeps the person's choice in their browser, and goes back to the page they were on.
pub async fn choose_language(headers: HeaderMap, Form(chosen): Form<Chosen>) -> Response {
    let tongue = Tongue::of(&chosen.language).unwrap_or_default();
    let cookie = Cookie::build((language::COOKIE, tongue.code()))
        .http_only(true)
        .same_site(SameSite::Strict)
        .secure(session::came_over_https(&headers))
        .path("/")
        .max_age(LANGUAGE_LASTS)
        .build()
        .to_string();
    let mut response = Redirect::to(local(&chosen.back)).into_response();
    if let Ok(value) = HeaderValue::from_str(&cookie) {
        response.headers_mut().insert(header::SET_COOKIE, value);
    }
    response
}
