//! Signing in and out, and the one-time page that makes the first user.

use acuse_storage::users::Role;
use askama::Template;
use axum::{
    Form,
    extract::{Query, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;
use serde_json::json;

use super::{
    Frame, Shown, page,
    session::{self, Person},
};
use crate::{app::App, http::problem::Problem};

#[derive(Template)]
#[template(path = "login.html")]
struct Login {
    frame: Frame,
    setup: bool,
    token: String,
    action: &'static str,
    error: Option<String>,
}

impl Login {
    fn page(setup: bool, token: String, error: Option<String>) -> Response {
        let action = if setup { "/setup" } else { "/login" };
        let status = if error.is_some() { StatusCode::UNAUTHORIZED } else { StatusCode::OK };
        let frame = Frame { section: "door", ..Frame::default() };
        let mut response = page(&Self { frame, setup, token, action, error });
        *response.status_mut() = status;
        response
    }
}

/// What the sign-in form sends.
#[derive(Deserialize)]
pub struct Enter {
    user: String,
    password: String,
    #[serde(default)]
    token: String,
}

/// `GET /login`.
pub async fn show() -> Response {
    Login::page(false, String::new(), None)
}

/// `POST /login`.
pub async fn enter(State(app): State<App>, headers: HeaderMap, Form(form): Form<Enter>) -> Shown {
    if session::is_cross_site(&headers) {
        return Shown(Err(Problem::Forbidden { scope: "a form of this site" }));
    }
    Shown(match session::sign_in(&app, form.user.trim(), form.password).await {
        Ok(Some(token)) => Ok(admit(&headers, &token)),
        Ok(None) => {
            Ok(Login::page(false, String::new(), Some("The name or the password is wrong.".to_owned())))
        }
        Err(problem) => Err(problem),
    })
}

fn admit(headers: &HeaderMap, token: &str) -> Response {
    let mut response = Redirect::to("/").into_response();
    if let Ok(value) = HeaderValue::from_str(&session::cookie(token, session::came_over_https(headers))) {
        response.headers_mut().insert(header::SET_COOKIE, value);
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
pub async fn show_setup(State(app): State<App>, Query(link): Query<Link>) -> Shown {
    if app.door.is_setup(&link.token) {
        Shown(Ok(Login::page(true, link.token, None)))
    } else {
        Shown(Err(Problem::NotFound("setup link: it was used, or the server was started again; see its log")))
    }
}

/// `POST /setup`: makes the first user, an operator, and signs them in.
pub async fn setup(State(app): State<App>, headers: HeaderMap, Form(form): Form<Enter>) -> Shown {
    Shown(first_user(&app, &headers, form).await)
}

async fn first_user(app: &App, headers: &HeaderMap, form: Enter) -> Result<Response, Problem> {
    if !app.door.is_setup(&form.token) || session::is_cross_site(headers) {
        return Err(Problem::NotFound("setup link"));
    }
    let name = form.user.trim().to_owned();
    if name.is_empty() || name.chars().count() > 80 {
        return Ok(Login::page(true, form.token, Some("A name has 1 to 80 characters.".to_owned())));
    }
    let hash = match session::hash(form.password.clone()).await {
        Ok(hash) => hash,
        Err(error) => return Ok(Login::page(true, form.token, Some(format!("{error}.")))),
    };
    app.door.close_setup();
    if !app.catalog.users().await?.is_empty() {
        return Err(Problem::Conflict("there is a user already; sign in".to_owned()));
    }
    app.catalog.put_user(&name, &hash, Role::Admin).await?;
    app.catalog.audit("setup", "user_created", None, &json!({ "user": name })).await?;
    let token = session::sign_in(app, &name, form.password).await?.ok_or(Problem::Unauthorized)?;
    Ok(admit(headers, &token))
}

/// What every form carries.
#[derive(Deserialize)]
pub struct Signed {
    csrf: String,
}

/// `POST /logout`.
pub async fn leave(
    State(app): State<App>,
    person: Person,
    headers: HeaderMap,
    Form(form): Form<Signed>,
) -> Shown {
    Shown(
        async {
            person.check_form(&form.csrf)?;
            person.sign_out(&app).await?;
            Ok(admit(&headers, ""))
        }
        .await,
    )
}
