//! Who the people are for identity providers, as an admin sees and unlinks it.

use acuse_storage::{names::UserId, users::identities::Identity};
use axum::{
    Form,
    extract::State,
    response::{IntoResponse, Redirect},
};
use serde::Deserialize;

use super::{Shown, labels, session::Person};
use crate::{access::rights::Right, extract::Id, problem::Problem, state::App};

/// An identity under its person's name.
pub struct IdentityRow {
    /// The provider.
    pub issuer: String,
    /// The address it last said, else its own name for them.
    pub name: String,
    /// When they last came in by it.
    pub last: Option<String>,
}

impl From<Identity> for IdentityRow {
    fn from(identity: Identity) -> Self {
        Self {
            name: identity.email.unwrap_or(identity.subject),
            issuer: identity.issuer,
            last: identity.last_at.map(labels::full),
        }
    }
}

/// Which identity.
#[derive(Deserialize)]
pub struct Unlinked {
    csrf: String,
    issuer: String,
}

/// `POST /people/{id}/unlink`: takes somebody's identity at a provider away.
pub async fn unlink(
    State(app): State<App>,
    person: Person,
    Id(id): Id<UserId>,
    Form(form): Form<Unlinked>,
) -> Shown {
    Shown(
        async {
            person.must(Right::People)?;
            person.check_form(&form.csrf)?;
            if !app.catalog.unlink(&person.caller.actor, id, &form.issuer).await? {
                return Err(Problem::NotFound("identity"));
            }
            Ok(Redirect::to("/people?said=changed").into_response())
        }
        .await,
    )
}
