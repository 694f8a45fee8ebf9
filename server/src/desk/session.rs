//! A session as a browser brings it: a cookie, `HttpOnly` and `SameSite=Strict`, and through it the [`Person`] at a page, or the
//! way to signing in. Sessions themselves are [`crate::access::session`]'s matter.

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, header, request::Parts},
    response::{IntoResponse, Redirect, Response},
};
use cookie::{Cookie, SameSite};

use super::language::Tongue;
pub use crate::access::Person;
use crate::{access::session::SESSION, client_address::SCHEME, problem::Problem, state::App};

const COOKIE: &str = "acuse_session";

/// What a browser calls itself.
#[must_use]
pub fn agent(headers: &HeaderMap) -> &str {
    headers.get(header::USER_AGENT).and_then(|v| v.to_str().ok()).unwrap_or_default()
}

/// The cookie that carries a session's token; `secure` when the browser came over https.
#[must_use]
pub fn cookie(token: &str, secure: bool) -> String {
    let lasts = time::Duration::try_from(SESSION).unwrap_or(time::Duration::HOUR);
    let age = if token.is_empty() { time::Duration::ZERO } else { lasts };
    Cookie::build((COOKIE, token.to_owned()))
        .http_only(true)
        .same_site(SameSite::Strict)
        .secure(secure)
        .path("/")
        .max_age(age)
        .build()
        .to_string()
}

/// The value of a cookie that a browser sent.
pub(super) fn sent(headers: &HeaderMap, name: &str) -> Option<String> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|v| v.to_str().ok());
    let mut cookies = cookies.flat_map(Cookie::split_parse).filter_map(Result::ok);
    cookies.find(|c| c.name() == name).map(|c| c.value().to_owned())
}

/// Whether the browser came over https, as a trusted proxy in front says.
#[must_use]
pub fn came_over_https(headers: &HeaderMap) -> bool {
    headers.get(SCHEME).is_some_and(|v| v.as_bytes() == b"https")
}

/// Whether a browser says that the form was on another site's page.
#[must_use]
pub fn is_cross_site(headers: &HeaderMap) -> bool {
    headers.get("sec-fetch-site").is_some_and(|v| !matches!(v.as_bytes(), b"same-origin" | b"none"))
}

impl Person {
    /// Whose session a browser is in, if it is in one.
    pub(crate) async fn of(app: &App, headers: &HeaderMap) -> Result<Option<Self>, Problem> {
        match sent(headers, COOKIE) {
            Some(token) => Self::of_token(app, &token, Tongue::asked(headers)).await,
            None => Ok(None),
        }
    }
}

/// Nobody is signed in: what they typed goes with them to the door.
#[derive(Clone, Copy)]
pub(super) struct Ended;

/// Sends people without a session to the door.
pub struct ToLogin(Option<Problem>);

impl IntoResponse for ToLogin {
    fn into_response(self) -> Response {
        match self.0 {
            None => {
                let mut response = Redirect::to("/login").into_response();
                response.extensions_mut().insert(Ended);
                response
            }
            Some(problem) => super::trouble(problem, "/"),
        }
    }
}

impl FromRequestParts<App> for Person {
    type Rejection = ToLogin;
    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ToLogin> {
        match Self::of(app, &parts.headers).await {
            Ok(Some(person)) => Ok(person),
            Ok(None) => Err(ToLogin(None)),
            Err(problem) => Err(ToLogin(Some(problem))),
        }
    }
}
