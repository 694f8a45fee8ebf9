//! A person who has signed in, and what their forms must carry: a token made of their session's, so that a page of another
//! site can neither send their cookie nor guess it.

use acuse_pipeline::document::Sha256;
use acuse_storage::users::{User, Way};

use super::{
    Caller,
    rights::{self, Right},
};
use crate::{problem::Problem, state::App, tongue::Tongue};

/// The person at the desk.
#[derive(Debug, Clone)]
pub struct Person {
    /// Who.
    pub user: User,
    /// What their forms must carry.
    pub csrf: String,
    /// What they may do.
    pub caller: Caller,
    /// In which language they read.
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
            Err(Problem::OtherSession)
        }
    }

    /// Ends the session; how they had signed in.
    ///
    /// # Errors
    /// When the catalog fails.
    pub async fn sign_out(&self, app: &App) -> Result<Option<Way>, Problem> {
        Ok(app.catalog.sign_out(&self.token_hash).await?)
    }

    /// Whose session has this token, if it is one's; they read in `tongue`.
    pub(crate) async fn of_token(app: &App, token: &str, tongue: Tongue) -> Result<Option<Self>, Problem> {
        if token.len() != 64 {
            return Ok(None);
        }
        let token_hash = Sha256::of(token.as_bytes());
        let Some(user) = app.catalog.session(&token_hash).await? else { return Ok(None) };
        let access = app.catalog.access_of_user(&user).await?;
        let caller = Caller::person(&user.name, rights::scopes(user.role), access);
        let csrf = Sha256::of(format!("csrf:{token}").as_bytes()).to_string();
        Ok(Some(Self { user, csrf, caller, tongue, token_hash }))
    }

    /// Whether their role has it. Whoever is bound lets nobody in, who could then reach more than they do.
    #[must_use]
    pub fn may(&self, right: Right) -> bool {
        let reaches_past = right == Right::People && self.caller.access().is_bound();
        rights::has(self.user.role, right) && !reaches_past
    }

    /// # Errors
    /// 403 where their role has it not.
    pub fn must(&self, right: Right) -> Result<(), Problem> {
        if self.may(right) { Ok(()) } else { Err(Problem::NotYours) }
    }
}
