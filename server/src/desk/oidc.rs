//! Signing in at the identity provider: the way there, back with whom it vouches for, and out again. Passwords go on beside
//! it, whatever becomes of the provider.

use std::{net::IpAddr, time::Instant};

use acuse_pipeline::document::Sha256;
use acuse_storage::{
    error::Chain,
    users::{
        Way,
        identities::{ACTOR, Outside, Vouched},
    },
};
use askama::Template;
use axum::{
    extract::State,
    http::{Extensions, HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use cookie::{Cookie, CookieBuilder, SameSite};
use rand::RngExt;
use serde::Deserialize;
use serde_json::json;
use url::Url;

use super::{Frame, Shown, language::Tongue, login, page, session};
use crate::{
    access::session::{SESSION, open},
    extract::Params,
    oidc::{
        CALLBACK,
        provider::{Provider, Trouble},
        rules::{Barred, Told},
        ticket::{self, Ticket},
    },
    problem::Problem,
    state::App,
};

/// The cookie in which a sign-in is on its way. Unlike the session's it comes along when the provider sends somebody back.
const COOKIE: &str = "acuse_sign_in";
/// Where it is sent.
const COOKIE_PATH: &str = "/login/oidc";
/// The cookie that keeps the token of the sign-in, by which the provider knows whom to sign out. It opens nothing here.
const TOKEN_COOKIE: &str = "acuse_sign_out";
/// Where it is sent.
const TOKEN_PATH: &str = "/logout";
/// Longest token that is kept: browsers drop cookies of more than 4,096 bytes.
const TOKEN_BYTES: usize = 3_800;
/// Where people are when they are signed out.
const SIGNED_OUT: &str = "/login";

/// Why somebody who came back is not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Refusal {
    /// No sign-in that began in this browser, or its time is over.
    Late,
    /// It is another sign-in that comes back.
    Forged,
    /// It came back before.
    Replayed,
    /// They, or the provider, said no.
    Cancelled,
    /// The provider is away.
    Away,
    /// What came back proves nothing.
    Unproven,
    /// Nothing says that their address is theirs.
    EmailUnproven,
    /// By the house's rules.
    Barred(Barred),
    /// By what is known of them here.
    Outside(Outside),
}

impl Refusal {
    /// The word of the trail; none where nothing proves that anybody was there.
    fn word(self) -> Option<&'static str> {
        Some(match self {
            Self::Late | Self::Forged | Self::Cancelled | Self::Away => return None,
            Self::Replayed => "came_back_twice",
            Self::Unproven => "token_refused",
            Self::EmailUnproven => "email_unproven",
            Self::Barred(Barred::Domain) => "other_domain",
            Self::Barred(Barred::Groups) => "no_role",
            Self::Outside(Outside::Unknown) => "unknown_person",
            Self::Outside(Outside::Disabled) => "disabled_person",
            Self::Outside(Outside::Another) => "linked_to_another",
            Self::Outside(Outside::NameTaken) => "name_taken",
            Self::Outside(Outside::Unbound) => "people_are_bound",
            Self::Outside(Outside::LastAdmin) => "last_admin",
            Self::Outside(Outside::FourEyes) => "four_eyes",
        })
    }

    /// What they read.
    fn said(self) -> &'static str {
        match self {
            Self::Late | Self::Forged | Self::Replayed => {
                "That sign-in took too long, was used before, or began in another window. Begin again."
            }
            Self::Cancelled => "The sign-in was cancelled.",
            Self::Away => "The other sign-in does not answer. Use your password, or try again later.",
            Self::Unproven => "The other sign-in could not be verified. Begin again.",
            Self::EmailUnproven => {
                "The other sign-in does not say that your e-mail address is proven. Ask an admin."
            }
            Self::Barred(Barred::Domain) => "Your e-mail address is of a house that may not sign in here.",
            Self::Barred(Barred::Groups) => "None of your groups may sign in here.",
            Self::Outside(Outside::Disabled) => "You may not sign in here. Ask an admin.",
            Self::Outside(Outside::LastAdmin) => {
                "By your groups nobody would be left who may let people in. Sign in with your password."
            }
            Self::Outside(Outside::FourEyes) => {
                "By your groups too few would be left who decide what takes two persons. Sign in with your password."
            }
            Self::Outside(_) => "Nobody has let you in yet. Ask an admin to add your e-mail address.",
        }
    }

    fn status(self) -> StatusCode {
        match self {
            Self::Late | Self::Forged | Self::Replayed | Self::Unproven => StatusCode::BAD_REQUEST,
            Self::Cancelled => StatusCode::UNAUTHORIZED,
            Self::Away => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::FORBIDDEN,
        }
    }
}

/// Where to go on.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Begun {
    back: String,
}

/// `GET /login/oidc?back=…`: sends the browser to the provider.
pub async fn begin(
    State(app): State<App>,
    extensions: Extensions,
    headers: HeaderMap,
    Params(begun): Params<Begun>,
) -> Shown {
    Shown(leave(&app, &extensions, &headers, &begun.back).await)
}

async fn leave(
    app: &App,
    extensions: &Extensions,
    headers: &HeaderMap,
    back: &str,
) -> Result<Response, Problem> {
    let provider = configured(app)?;
    let address = app.budget.trusted.client_of(extensions, headers);
    if !app.login.may_knock(address, Instant::now()) {
        return Err(Problem::TooManyRequests);
    }
    let (redirect, present) = (redirect(provider, headers)?, app.catalog.now());
    let key = provider.key(&app.catalog).await?;
    let ticket = Ticket::new(rand::rng().random(), present, back);
    match provider.entrance(present, &redirect, (key, &ticket)).await {
        Ok(entrance) => {
            let there = Redirect::to(entrance.as_str()).into_response();
            Ok(with_cookie(there, &ticket.seal(key), is_secure(provider, headers)))
        }
        Err(error) => {
            tracing::warn!(error = %Chain(&error), "nobody can sign in at the identity provider");
            Ok(refused(app, headers, Refusal::Away))
        }
    }
}

/// What the provider sends back with the browser.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Back {
    code: Option<String>,
    state: String,
    error: Option<String>,
    iss: Option<String>,
}

/// `GET /login/oidc/callback`: lets in whom the provider vouches for.
pub async fn come_back(
    State(app): State<App>,
    extensions: Extensions,
    headers: HeaderMap,
    Params(back): Params<Back>,
) -> Shown {
    let address = app.budget.trusted.client_of(&extensions, &headers);
    Shown(arrive(&app, address, &headers, back).await)
}

async fn arrive(app: &App, address: IpAddr, headers: &HeaderMap, back: Back) -> Result<Response, Problem> {
    let provider = configured(app)?;
    if !app.login.may_knock(address, Instant::now()) {
        return Err(Problem::TooManyRequests);
    }
    match vouched(app, provider, (address, headers), back).await? {
        Ok(came) => match enter(app, provider, &came.told, (address, headers)).await? {
            Ok(token) => {
                app.login.let_in(address);
                let secure = is_secure(provider, headers);
                let page = login::with_session(arrived(headers, &came.ticket.back), &token, secure);
                Ok(with_token(with_cookie(page, "", secure), &came.id_token, secure))
            }
            Err(refusal) => turn_away(app, provider, headers, refusal, Some(&came.told)).await,
        },
        Err(refusal) => turn_away(app, provider, headers, refusal, None).await,
    }
}

/// Somebody whom the provider vouches for.
struct Came {
    told: Told,
    /// By which they went.
    ticket: Ticket,
    /// The token that says so.
    id_token: String,
}

/// Whom the provider vouches for, if it is this browser's own sign-in that comes back, for the first time.
async fn vouched(
    app: &App,
    provider: &Provider,
    (address, headers): (IpAddr, &HeaderMap),
    back: Back,
) -> Result<Result<Came, Refusal>, Problem> {
    let (key, present) = (provider.key(&app.catalog).await?, app.catalog.now());
    let cookie = session::sent(headers, COOKIE);
    let Some(ticket) = cookie.and_then(|cookie| Ticket::open(key, &cookie, present)) else {
        return Ok(Err(Refusal::Late));
    };
    // By hash, so that time tells nothing of it. Another provider's answer is none (RFC 9207).
    let own = Sha256::of(back.state.as_bytes()) == Sha256::of(ticket.state(key).as_bytes());
    if !own || back.iss.is_some_and(|issuer| issuer != provider.config.issuer) {
        return Ok(Err(Refusal::Forged));
    }
    // Only now: what any page can have a browser ask would else shut the door for a whole office.
    if !app.login.knock(address, Instant::now()) {
        return Err(Problem::TooManyRequests);
    }
    if !app.catalog.spend_sign_in(&ticket.spent_as(), ticket.expires).await? {
        return Ok(Err(Refusal::Replayed));
    }
    let Some(code) = back.code.filter(|_| back.error.is_none()) else {
        let error: String = back.error.unwrap_or_default().chars().take(60).collect();
        tracing::info!(error = ?error, "the identity provider sent somebody back without a code");
        return Ok(Err(Refusal::Cancelled));
    };
    let redirect = redirect(provider, headers)?;
    Ok(match provider.redeem(present, &redirect, (key, &ticket), code).await {
        Ok((told, id_token)) => Ok(Came { told, ticket, id_token }),
        Err(error) => {
            tracing::warn!(error = %Chain(&error), "a sign-in at the identity provider failed");
            Err(if matches!(error, Trouble::Away(_)) { Refusal::Away } else { Refusal::Unproven })
        }
    })
}

/// Opens a session for whom the provider vouches for, if they may come in: its token, which nobody had before.
async fn enter(
    app: &App,
    provider: &Provider,
    told: &Told,
    (address, headers): (IpAddr, &HeaderMap),
) -> Result<Result<String, Refusal>, Problem> {
    let rules = &provider.config.rules;
    let role = match rules.judge(told) {
        Ok(role) => role,
        Err(barred) => return Ok(Err(Refusal::Barred(barred))),
    };
    let email = rules.proven_email(told);
    let who = Vouched {
        issuer: &provider.config.issuer,
        subject: &told.subject,
        email: email.as_deref(),
        role,
        new_role: rules.new_role,
    };
    match app.catalog.let_in(&who).await? {
        Ok(user) => {
            let from = (address, session::agent(headers));
            open(&app.catalog, (user.id, Way::Oidc), from).await.map(Ok)
        }
        Err(Outside::Unknown) if email.is_none() => Ok(Err(Refusal::EmailUnproven)),
        Err(outside) => {
            if outside == Outside::Unbound {
                tracing::warn!(
                    "nobody is added by ACUSE_OIDC_NEW_ROLE while people are bound to some customers, entities or \
                     teams: whoever it adds is bound to nothing and would see all; add them with acuse user add"
                );
            }
            Ok(Err(Refusal::Outside(outside)))
        }
    }
}

/// Writes it to the trail where somebody was there, and says why.
async fn turn_away(
    app: &App,
    provider: &Provider,
    headers: &HeaderMap,
    refusal: Refusal,
    told: Option<&Told>,
) -> Result<Response, Problem> {
    if let Some(reason) = refusal.word() {
        let detail = json!({
            "issuer": provider.config.issuer,
            "reason": reason,
            "subject": told.map(|told| &told.subject),
            "email": told.and_then(|told| told.email.as_deref()).map(|e| e.chars().take(254).collect::<String>()),
        });
        app.catalog.audit(ACTOR, "sign_in_refused", None, &detail).await?;
    }
    tracing::warn!(refusal = ?refusal, "a sign-in failed");
    let page = refused(app, headers, refusal);
    // What comes back in another tab leaves this one's sign-in as it is.
    let is_over = !matches!(refusal, Refusal::Late | Refusal::Forged);
    Ok(if is_over { with_cookie(page, "", is_secure(provider, headers)) } else { page })
}

fn refused(app: &App, headers: &HeaderMap, refusal: Refusal) -> Response {
    login::sign_in_page(app, headers, refusal.status(), refusal.said())
}

fn configured(app: &App) -> Result<&Provider, Problem> {
    app.oidc.as_ref().ok_or(Problem::NotFound("sign-in: no identity provider is configured"))
}

/// Whether the browser is here over https: where people come back to is, or a proxy says so.
fn is_secure(provider: &Provider, headers: &HeaderMap) -> bool {
    let configured = provider.config.redirect.as_ref();
    configured.is_some_and(|url| url.scheme() == "https") || session::came_over_https(headers)
}

/// Where the provider sends people back to: as it is configured, or at the address that the browser asked. The provider
/// takes only what is registered there.
fn redirect(provider: &Provider, headers: &HeaderMap) -> Result<Url, Problem> {
    if let Some(url) = &provider.config.redirect {
        return Ok(url.clone());
    }
    let scheme = if session::came_over_https(headers) { "https" } else { "http" };
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let url = Url::parse(&format!("{scheme}://{host}{CALLBACK}")).ok();
    let url = url.filter(|url| url.path() == CALLBACK && url.username().is_empty());
    url.ok_or_else(|| Problem::BadRequest("the request does not say at which address".to_owned()))
}

#[derive(Template)]
#[template(path = "signed_in.html")]
struct SignedIn<'a> {
    frame: Frame,
    back: &'a str,
}

/// The page that goes on by itself. A browser keeps the session's cookie back from what another site led to, so the next
/// page must be asked for by a page of ours.
fn arrived(headers: &HeaderMap, back: &str) -> Response {
    let frame = Frame { section: "door", tongue: Tongue::asked(headers), ..Frame::default() };
    page(&SignedIn { frame, back: ticket::local(back) })
}

#[derive(Template)]
#[template(path = "signed_out.html")]
struct SignedOut<'a> {
    frame: Frame,
    there: &'a str,
    provider: &'a str,
}

/// What somebody sees whose session here has ended just now: the way to the provider, where they signed in, so that theirs
/// ends there too. Where they had a password, or the provider has no such place, they are signed out, and are `gone`.
/// However they came, the browser keeps no token.
pub(super) async fn leave_too(app: &App, headers: &HeaderMap, way: Option<Way>, gone: Response) -> Response {
    let Some(provider) = &app.oidc else { return gone };
    let there = if way == Some(Way::Oidc) { way_there(app, provider, headers).await } else { None };
    let page = there.map_or(gone, |there| {
        let frame = Frame { section: "door", tongue: Tongue::asked(headers), ..Frame::default() };
        // A page, for the answer to a form may lead nowhere else (`form-action`).
        page(&SignedOut { frame, there: there.as_str(), provider: &provider.config.label })
    });
    with_token(page, "", is_secure(provider, headers))
}

/// Where the provider signs this browser out, and sends it back from.
async fn way_there(app: &App, provider: &Provider, headers: &HeaderMap) -> Option<Url> {
    let mut back = redirect(provider, headers).ok()?;
    back.set_path(SIGNED_OUT);
    let hint = session::sent(headers, TOKEN_COOKIE);
    provider.exit(app.catalog.now(), hint.as_deref(), &back).await
}

/// Sets the cookie of a sign-in on its way, or takes it away.
fn with_cookie(response: Response, value: &str, secure: bool) -> Response {
    let cookie = Cookie::build((COOKIE, value.to_owned())).same_site(SameSite::Lax).path(COOKIE_PATH);
    appended(response, cookie.max_age(lasting(value, ticket::LASTS)).secure(secure))
}

/// Keeps the token of a sign-in in the browser for as long as its session, or takes it away; one that is too long is not
/// kept, and the provider asks whom to sign out.
fn with_token(response: Response, token: &str, secure: bool) -> Response {
    let token = if token.len() <= TOKEN_BYTES { token } else { "" };
    let lasts = time::Duration::try_from(SESSION).unwrap_or(time::Duration::HOUR);
    let cookie = Cookie::build((TOKEN_COOKIE, token.to_owned())).same_site(SameSite::Strict).path(TOKEN_PATH);
    appended(response, cookie.max_age(lasting(token, lasts)).secure(secure))
}

fn lasting(value: &str, lasts: time::Duration) -> time::Duration {
    if value.is_empty() { time::Duration::ZERO } else { lasts }
}

fn appended(mut response: Response, cookie: CookieBuilder<'_>) -> Response {
    if let Ok(value) = HeaderValue::from_str(&cookie.http_only(true).build().to_string()) {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
