//! Signing in: passwords (argon2id; at an identity provider it is `desk::oidc`), sessions (random tokens, kept as hashes), and proof against forged forms.
//!
//! The cookie is `HttpOnly` and `SameSite=Strict`. Every form carries a token derived from the session's, so a page
//! of another site can neither send the cookie nor guess the token.

use std::{
    net::IpAddr,
    time::{Duration, Instant},
};

use acuse_pipeline::document::Sha256;
use acuse_storage::{
    Catalog,
    names::UserId,
    users::{NO_PASSWORD, User, Way},
};
use argon2::{
    Argon2,
    password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString},
};
use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, header, request::Parts},
    response::{IntoResponse, Redirect, Response},
};
use cookie::{Cookie, SameSite};
use rand::RngExt;

use super::{language::Tongue, rights};
use crate::{
    http::{auth::Caller, client_address::SCHEME, problem::Problem},
    login_guard::{place, random},
    state::App,
};

/// How long a session lasts: a working day.
pub const SESSION: Duration = Duration::from_secs(12 * 3600);
/// Shortest password taken.
pub const PASSWORD_CHARS: usize = 10;
/// Longest password hashed: argon2 reads all of it.
const PASSWORD_MOST: usize = 200;
const COOKIE: &str = "acuse_session";

/// Why a password is not taken.
#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    /// Too short or too long.
    #[error("a password has {PASSWORD_CHARS} to {PASSWORD_MOST} characters")]
    Length,
    /// argon2 refused.
    #[error("cannot hash the password: {0}")]
    Hash(argon2::password_hash::Error),
    /// The hashing thread died.
    #[error("cannot hash the password")]
    Thread(#[from] tokio::task::JoinError),
}

/// Hashes a password with argon2id and a random salt, away from the threads that serve.
///
/// # Errors
/// When it is too short or too long.
pub async fn hash(password: String) -> Result<String, PasswordError> {
    if !(PASSWORD_CHARS..=PASSWORD_MOST).contains(&password.chars().count()) {
        return Err(PasswordError::Length);
    }
    tokio::task::spawn_blocking(move || {
        let bits: [u8; 16] = rand::rng().random();
        let salt = SaltString::encode_b64(&bits).map_err(PasswordError::Hash)?;
        let hash =
            Argon2::default().hash_password(password.as_bytes(), &salt).map_err(PasswordError::Hash)?;
        Ok(hash.to_string())
    })
    .await?
}

/// What a name without a user is compared with, so that both take as long.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZg$Zk0H0zq8w3bVb1nXW3VQ0cFv3yD1p9m5qf7mJY1xT0E";

/// Signs in: the cookie to set, or `None` when name or password is wrong.
///
/// # Errors
/// 429 after too many wrong passwords; others when the catalog fails.
pub async fn sign_in(
    app: &App,
    (address, agent): (IpAddr, &str),
    name: &str,
    password: String,
) -> Result<Option<String>, Problem> {
    let Some(trial) = app.login.tries(address, name, Instant::now()) else {
        app.login.untold.count(None, place(address));
        return Err(Problem::TooManyRequests);
    };
    let found = match app.catalog.user_by_name(name).await {
        Ok(found) => found,
        Err(error) => {
            app.login.not_wrong(&trial);
            return Err(error.into());
        }
    };
    let stored = found.as_ref().map(|(_, hash)| hash.as_str()).filter(|hash| *hash != NO_PASSWORD);
    let has_one = stored.is_some();
    let stored = stored.unwrap_or(NOBODY).to_owned();
    let right = password.chars().count() <= PASSWORD_MOST
        && tokio::task::spawn_blocking(move || {
            PasswordHash::new(&stored)
                .is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
        })
        .await
        .unwrap_or(false);
    match found {
        Some((user, _)) if right && has_one && user.disabled_at.is_none() => {
            app.login.not_wrong(&trial);
            app.login.came_in(address, name);
            open(&app.catalog, (user.id, Way::Password), (address, agent)).await.map(Some)
        }
        _ => {
            app.login.untold.count(found.as_ref().map(|(user, _)| user.name.as_str()), place(address));
            tracing::warn!("a sign-in failed");
            Ok(None)
        }
    }
}

/// Opens a session for somebody who has shown so who they are: its token.
pub(super) async fn open(
    catalog: &Catalog,
    who: (UserId, Way),
    (address, agent): (IpAddr, &str),
) -> Result<String, Problem> {
    let (token, address) = (random(), address.to_canonical().to_string());
    catalog.open_session(&Sha256::of(token.as_bytes()), who, SESSION, (agent, &address)).await?;
    Ok(token)
}

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

/// The person at the desk.
#[derive(Debug, Clone)]
pub struct Person {
    /// Who.
    pub user: User,
    /// What their forms must carry.
    pub csrf: String,
    /// What they may do.
    pub caller: Caller,
    /// In which language they read the desk.
    pub tongue: Tongue,
    /// Their session.
    pub token_hash: Sha256,
}

impl Person {
    /// # Errors
    /// 403 unless the form carries this session's token.
    pub fn check_form(&self, csrf: &str) -> Result<(), Problem> {
        if Sha256::of(csrf.as_bytes()) == Sha256::of(self.csrf.as_bytes()) {
            Ok(())
        } else {
            Err(Problem::Conflict(
                "this form is from another session: go back, reload and try again".to_owned(),
            ))
        }
    }

    /// Ends the session; how they had signed in.
    ///
    /// # Errors
    /// When the catalog fails.
    pub async fn sign_out(&self, app: &App) -> Result<Option<Way>, Problem> {
        Ok(app.catalog.sign_out(&self.token_hash).await?)
    }

    pub(crate) async fn of(app: &App, headers: &HeaderMap) -> Result<Option<Self>, Problem> {
        let token = sent(headers, COOKIE);
        let Some(token) = token.filter(|t| t.len() == 64) else { return Ok(None) };
        let token_hash = Sha256::of(token.as_bytes());
        let Some(user) = app.catalog.session(&token_hash).await? else { return Ok(None) };
        let access = app.catalog.access_of_user(&user).await?;
        let caller = Caller::person(&user.name, rights::scopes(user.role), access);
        let csrf = Sha256::of(format!("csrf:{token}").as_bytes()).to_string();
        let tongue = Tongue::asked(headers);
        Ok(Some(Self { user, csrf, caller, tongue, token_hash }))
    }
}

/// Sends people without a session to the door.
pub struct ToLogin(Option<Problem>);

impl IntoResponse for ToLogin {
    fn into_response(self) -> Response {
        match self.0 {
            None => Redirect::to("/login").into_response(),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_is_hashed_and_verified() {
        let stored = hash("correct horse battery".to_owned()).await.unwrap();
        let parsed = PasswordHash::new(&stored).unwrap();
        assert!(Argon2::default().verify_password(b"correct horse battery", &parsed).is_ok());
        assert!(Argon2::default().verify_password(b"wrong", &parsed).is_err());
        assert!(matches!(hash("short".to_owned()).await, Err(PasswordError::Length)));
    }

    #[test]
    fn nobodys_hash_is_a_hash() {
        assert!(PasswordHash::new(NOBODY).is_ok());
    }
}
