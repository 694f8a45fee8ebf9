//! Views of the queue that a person keeps.

use axum::{
    Form,
    extract::State,
    response::{IntoResponse, Redirect},
};
use serde::Deserialize;
use url::form_urlencoded;
use uuid::Uuid;

use super::{Shown, queue_view::NAMES, session::Person};
use crate::{extract::Id, problem::Problem, state::App};

/// What is kept.
#[derive(Deserialize)]
pub struct Keep {
    csrf: String,
    name: String,
    query: String,
}

/// The address's query as we write it, without what is none of ours.
fn known(query: &str) -> String {
    let pairs = form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| NAMES.contains(&name.as_ref()));
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

/// `POST /views`.
pub async fn keep(State(app): State<App>, person: Person, Form(form): Form<Keep>) -> Shown {
    Shown(
        async {
            person.check_form(&form.csrf)?;
            let name = form.name.trim();
            if name.is_empty() || name.chars().count() > 80 {
                return Err(Problem::BadRequest("name: 1 to 80 characters".to_owned()));
            }
            let query = known(&form.query);
            if !app.catalog.save_view(&person.caller.actor, name, &query).await? {
                return Err(Problem::Conflict("fifty views are kept already; forget one first".to_owned()));
            }
            Ok(Redirect::to(&format!("/?{query}")).into_response())
        }
        .await,
    )
}

/// What every form carries.
#[derive(Deserialize)]
pub struct Signed {
    csrf: String,
}

/// `POST /views/{id}/drop`.
pub async fn forget(
    State(app): State<App>,
    person: Person,
    Id(id): Id<Uuid>,
    Form(form): Form<Signed>,
) -> Shown {
    Shown(
        async {
            person.check_form(&form.csrf)?;
            app.catalog.drop_view(&person.caller.actor, id).await?;
            Ok(Redirect::to("/").into_response())
        }
        .await,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_a_view_is_kept() {
        assert_eq!(
            known("reason=malware&after=x&q=caf%C3%A9+1&evil=%0d%0aX:1"),
            "reason=malware&q=caf%C3%A9+1"
        );
    }
}
