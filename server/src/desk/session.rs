//! Signing in: passwords (argon2id; at an identity provider it is `desk::oidc`), sessions (random tokens, kept as hashes), and proof against forged forms.
//!
//! The cookie is `HttpOnly` and `SameSite=Strict`. Every form carries a token derived from the session's, so a page
//! of another site can neither send the cookie nor guess the token.

use std::{
    collections::HashSet,
    net::{IpAddr, Ipv6Addr},
    sync::{Mutex, PoisonError},
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

use super::{failed::Failed, language::Tongue, rights};
use crate::{
    app::App,
    http::{
        auth::Caller,
        client_address::SCHEME,
        front::rates::{Buckets, Size},
        problem::Problem,
    },
};

/// How long a session lasts: a working day.
pub const SESSION: Duration = Duration::from_secs(12 * 3600);
/// Shortest password taken.
pub const PASSWORD_CHARS: usize = 10;
/// Longest password hashed: argon2 reads all of it.
const PASSWORD_MOST: usize = 200;
const COOKIE: &str = "acuse_session";
/// Wrong passwords for one name from one address: ten at once, then one each six seconds.
const OF_NAME: Size = Size { most: 10.0, per_s: 1.0 / 6.0 };
/// Wrong passwords from one address, for whatever names: 30 at once, then one each two seconds. An office behind one
/// address has some.
const OF_ADDRESS: Size = Size { most: 30.0, per_s: 0.5 };
/// Wrong passwords for one name from everywhere: so many that nobody types them, too few to guess one. Whoever signed in
/// from a place before is not slowed by what others try elsewhere.
const FROM_EVERYWHERE: Size = Size { most: 1_000.0, per_s: 0.1 };

/// Places from which people signed in that are remembered.
const PLACES: usize = 10_000;

/// The state of signing in.
#[derive(Default)]
pub struct LoginGuard {
    setup: Mutex<Option<String>>,
    failures: Mutex<Failures>,
    /// What of them the trail has not been told.
    pub(super) untold: Failed,
    /// Who signed in from where since this process began.
    came_in: Mutex<HashSet<(IpAddr, Sha256)>>,
}

/// What wrong passwords have used up, in buckets of their own. Each is counted by itself, so that somebody who tries many names from one place
/// shuts the door for that place, and for nobody else.
#[derive(Default)]
struct Failures {
    of_name: Buckets<(IpAddr, Sha256)>,
    of_address: Buckets<IpAddr>,
    from_everywhere: Buckets<Sha256>,
}

/// A password that is tried, and what it has used up until it is known to be right.
struct Trial {
    place: IpAddr,
    name: Sha256,
    /// Whether it used up something of the name's everywhere.
    from_everywhere: bool,
}

/// Whom an address stands for: of IPv6 the network, which is one household's or one server's.
fn place(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        v4 => v4,
    }
}

impl LoginGuard {
    /// Makes the one-time token with which the first user is created.
    #[must_use]
    pub fn open_setup(&self) -> String {
        let token = random();
        *self.setup.lock().unwrap_or_else(PoisonError::into_inner) = Some(token.clone());
        token
    }

    /// Whether this is the setup token.
    #[must_use]
    pub fn is_setup(&self, token: &str) -> bool {
        let held = self.setup.lock().unwrap_or_else(PoisonError::into_inner);
        // By hash, so that time tells nothing of the token.
        held.as_deref().is_some_and(|t| Sha256::of(t.as_bytes()) == Sha256::of(token.as_bytes()))
    }

    /// The token has done its work.
    pub fn close_setup(&self) {
        *self.setup.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Somebody tries a password for a name; none where too many were wrong. It counts as wrong until it is known to be
    /// right, so that many at once are counted too.
    fn tries(&self, address: IpAddr, name: &str, at: Instant) -> Option<Trial> {
        let (place, name) = (place(address), Sha256::of(name.as_bytes()));
        let is_theirs = self.came_in.lock().unwrap_or_else(PoisonError::into_inner).contains(&(place, name));
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        let may = failures.of_address.level(&place, OF_ADDRESS, at) >= 1.0
            && failures.of_name.level(&(place, name), OF_NAME, at) >= 1.0
            && (is_theirs || failures.from_everywhere.level(&name, FROM_EVERYWHERE, at) >= 1.0);
        if !may {
            return None;
        }
        let _ = failures.of_address.take(&place, OF_ADDRESS, at);
        let _ = failures.of_name.take(&(place, name), OF_NAME, at);
        // Of a name that is tried everywhere nothing may be left for who comes from a place of theirs.
        let from_everywhere = failures.from_everywhere.take(&name, FROM_EVERYWHERE, at).is_ok();
        Some(Trial { place, name, from_everywhere })
    }

    /// The password was right, or nobody could say: the try used nothing up.
    fn not_wrong(&self, trial: &Trial) {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        failures.of_address.give_back(&trial.place, OF_ADDRESS);
        failures.of_name.give_back(&(trial.place, trial.name), OF_NAME);
        if trial.from_everywhere {
            failures.from_everywhere.give_back(&trial.name, FROM_EVERYWHERE);
        }
    }

    /// Somebody showed who they are: they are known at this place.
    fn came_in(&self, address: IpAddr, name: &str) {
        let mut places = self.came_in.lock().unwrap_or_else(PoisonError::into_inner);
        if places.len() >= PLACES {
            places.clear();
        }
        places.insert((place(address), Sha256::of(name.as_bytes())));
    }

    /// Whether somebody may come back from an identity provider, by what failed from their address. It names nobody before
    /// it is verified, so there is no name to count by.
    pub(super) fn may_knock(&self, address: IpAddr, at: Instant) -> bool {
        let failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        failures.of_address.level(&place(address), OF_ADDRESS, at) >= 1.0
    }

    /// Somebody comes back with a sign-in of their own; false where too much failed from their address. It counts as failed
    /// until it is known that they are let in, so that many at once are counted too.
    pub(super) fn knock(&self, address: IpAddr, at: Instant) -> bool {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        failures.of_address.take(&place(address), OF_ADDRESS, at).is_ok()
    }

    /// They were let in.
    pub(super) fn let_in(&self, address: IpAddr) {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        failures.of_address.give_back(&place(address), OF_ADDRESS);
    }
}

pub(super) fn random() -> String {
    let bits: [u8; 32] = rand::rng().random();
    hex::encode(bits)
}

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

    #[test]
    fn wrong_names_from_one_place_lock_nobody_else_out() {
        let (door, now) = (LoginGuard::default(), Instant::now());
        let (bad, good): (IpAddr, IpAddr) = ("203.0.113.9".parse().unwrap(), "198.51.100.7".parse().unwrap());
        let mut tried = 0;
        for n in 0..1_000 {
            // A thousand names, and the name of somebody who works here.
            for name in [format!("n{n}"), "eva".to_owned()] {
                tried += usize::from(door.tries(bad, &name, now).is_some());
            }
        }
        assert_eq!(tried, 30, "that place is shut");
        assert!(door.tries(good, "eva", now).is_some(), "and no other");
        assert!(door.tries(good, "n1", now).is_some(), "for no name");
        assert!(door.tries(bad, "eva", now + Duration::from_secs(60)).is_some(), "not for ever");
    }

    #[test]
    fn one_name_is_not_guessed_from_everywhere_and_its_owner_comes_in_all_the_same() {
        let (door, now) = (LoginGuard::default(), Instant::now());
        let (home, elsewhere): (IpAddr, IpAddr) =
            ("198.51.100.7".parse().unwrap(), "198.51.100.8".parse().unwrap());
        door.came_in(home, "eva");
        let mut tried = 0;
        for n in 0..1_500_u32 {
            let address = IpAddr::from((0x0a00_0000 + n).to_be_bytes());
            tried += usize::from(door.tries(address, "eva", now).is_some());
        }
        assert_eq!(tried, 1_000, "each from an address of its own");
        assert!(door.tries(elsewhere, "eva", now).is_none());
        assert!(door.tries(elsewhere, "leo", now).is_some(), "that name alone");
        for _ in 0..10 {
            assert!(door.tries(home, "eva", now).is_some(), "she was here before");
        }
        assert!(door.tries(home, "eva", now).is_none(), "nobody guesses from there either");
    }

    #[test]
    fn whoever_comes_in_from_a_provider_uses_nothing_up_and_whoever_does_not_does_so_at_once() {
        let (door, now) = (LoginGuard::default(), Instant::now());
        let office: IpAddr = "203.0.113.9".parse().unwrap();
        for _ in 0..100 {
            assert!(door.knock(office, now));
            door.let_in(office);
        }
        let under_way = (0..100).filter(|_| door.knock(office, now)).count();
        assert_eq!(under_way, 30, "before any of them has ended");
        assert!(!door.may_knock(office, now));
    }

    #[test]
    fn one_name_is_not_guessed_from_one_network() {
        let (door, now) = (LoginGuard::default(), Instant::now());
        for n in 0..10 {
            let address: IpAddr = format!("2001:db8:1:2::{n:x}").parse().unwrap();
            assert!(door.tries(address, "eva", now).is_some());
        }
        assert!(door.tries("2001:db8:1:2:ffff::1".parse().unwrap(), "eva", now).is_none());
        assert!(door.tries("2001:db8:1:3::1".parse().unwrap(), "eva", now).is_some());
    }

    #[test]
    fn passwords_tried_at_once_count_before_any_is_known_to_be_wrong_and_right_ones_use_nothing_up() {
        let (door, now) = (LoginGuard::default(), Instant::now());
        let office: IpAddr = "203.0.113.9".parse().unwrap();
        let under_way: Vec<Trial> = (0..100).filter_map(|_| door.tries(office, "eva", now)).collect();
        assert_eq!(under_way.len(), 10, "none of them has ended yet");
        for trial in &under_way {
            door.not_wrong(trial);
        }
        for _ in 0..100 {
            let trial = door.tries(office, "eva", now).expect("nothing is used up");
            door.not_wrong(&trial);
        }
    }

    #[test]
    fn the_setup_token_is_good_until_it_is_used() {
        let door = LoginGuard::default();
        let token = door.open_setup();
        assert!(door.is_setup(&token) && !door.is_setup("x"));
        door.close_setup();
        assert!(!door.is_setup(&token) && !door.is_setup(""));
    }
}
