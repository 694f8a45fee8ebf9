//! Sessions of people at the desk: random tokens, kept as hashes. They begin with a password here, or at an identity
//! provider (`desk::oidc`).

use std::{
    net::IpAddr,
    time::{Duration, Instant},
};

use acuse_pipeline::document::Sha256;
use acuse_storage::{
    Catalog,
    names::UserId,
    users::{NO_PASSWORD, Way},
};

use super::{login_guard::random, password};
use crate::{client_address::place, problem::Problem, state::App};

/// How long a session lasts: a working day.
pub const SESSION: Duration = Duration::from_secs(12 * 3600);

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
    let right = password::is_right(password, stored).await;
    match found {
        Some((user, _)) if right && user.disabled_at.is_none() => {
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
///
/// # Errors
/// When the catalog fails.
pub(crate) async fn open(
    catalog: &Catalog,
    who: (UserId, Way),
    (address, agent): (IpAddr, &str),
) -> Result<String, Problem> {
    let (token, address) = (random(), address.to_canonical().to_string());
    catalog.open_session(&Sha256::of(token.as_bytes()), who, SESSION, (agent, &address)).await?;
    Ok(token)
}
