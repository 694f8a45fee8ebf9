//! Who may ask: the key and its scopes are looked at before anything else of a request, so that nobody without them
//! learns what an address takes, or whether something is there. What is needed is what the description says of the
//! operation (`security`): one of its lines, of each line every scope.

use std::{collections::HashMap, sync::LazyLock};

use acuse_storage::keys::Scope;
use axum::{
    extract::{FromRequestParts, MatchedPath, Request, State},
    http::Method,
    middleware::Next,
    response::{IntoResponse, Response},
};
use serde_json::Value;

use super::{
    auth::Caller,
    contract::{description, routes::Operation},
    sandbox,
};
use crate::{problem::Problem, state::App};

/// Lines of scopes: one line suffices, of which all are needed.
type Needed = Vec<Vec<Scope>>;

/// What each keyed operation needs, by its address.
static NEEDED: LazyLock<HashMap<&'static str, Vec<(Method, Needed)>>> = LazyLock::new(|| {
    let whole = description::composed();
    let mut all: HashMap<_, Vec<_>> = HashMap::new();
    for operation in description::operations().into_iter().filter(|o| o.shape.keyed) {
        let needed = of(&whole, &operation);
        all.entry(operation.path).or_default().push((operation.method, needed));
    }
    all
});

/// What the description says that an operation needs.
fn of(whole: &Value, operation: &Operation) -> Needed {
    let method = operation.method.as_str().to_ascii_lowercase();
    let lines = whole["paths"][operation.path][method]["security"].as_array().map(Vec::as_slice);
    let scopes = |line: &Value| -> Option<Vec<Scope>> {
        line["key"].as_array()?.iter().map(|name| name.as_str()?.parse().ok()).collect()
    };
    lines.unwrap_or_default().iter().filter_map(scopes).collect()
}

/// What a request needs; none where it is no keyed operation, e.g. a method that the address does not take.
fn needed(request: &Request) -> Option<&'static Needed> {
    let of_path = NEEDED.get(request.extensions().get::<MatchedPath>()?.as_str())?;
    // HEAD is asked as GET by now ([`crate::etag::named`]).
    of_path.iter().find(|(method, _)| method == request.method()).map(|(_, needed)| needed)
}

/// Around every keyed operation. Who asked is handed on, so that the key is looked up and counted once.
pub async fn first(State(app): State<App>, request: Request, next: Next) -> Response {
    // Of what a sandbox asks nothing is done.
    let is_tried = request.extensions().get::<sandbox::Instead>().is_some();
    let Some(needed) = needed(&request).filter(|_| !is_tried) else { return next.run(request).await };
    let (mut parts, body) = request.into_parts();
    let caller = match Caller::from_request_parts(&mut parts, &app).await {
        Ok(caller) => caller,
        Err(problem) => return problem.into_response(),
    };
    if let Err(problem) = grants(&caller, needed) {
        return problem.into_response();
    }
    parts.extensions.insert(caller);
    next.run(Request::from_parts(parts, body)).await
}

/// # Errors
/// 403 naming what is missing of the first line, unless the caller has all of some line.
fn grants(caller: &Caller, needed: &Needed) -> Result<(), Problem> {
    let mut refused = Ok(());
    for line in needed {
        match line.iter().try_for_each(|scope| caller.require(*scope)) {
            Ok(()) => return Ok(()),
            Err(problem) => refused = refused.and(Err(problem)),
        }
    }
    refused
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_keyed_operation_says_what_it_needs() {
        let whole = description::composed();
        for operation in description::operations() {
            let needed = of(&whole, &operation);
            let says = !needed.is_empty() && needed.iter().all(|line| !line.is_empty());
            assert_eq!(says, operation.shape.keyed, "{} {}: {needed:?}", operation.method, operation.path);
        }
    }

    #[test]
    fn one_line_suffices_and_the_first_is_named() {
        let needed = vec![vec![Scope::DocumentsRead], vec![Scope::ReviewsWrite, Scope::IdsRead]];
        let with =
            |scopes: &[Scope]| grants(&Caller::of_key("k", scopes), &needed).map_err(|p| p.to_string());
        assert_eq!(with(&[Scope::DocumentsRead]), Ok(()));
        assert_eq!(with(&[Scope::ReviewsWrite, Scope::IdsRead]), Ok(()));
        assert_eq!(with(&[Scope::Admin]), Ok(()));
        assert!(with(&[Scope::ReviewsWrite]).unwrap_err().contains("documents:read"));
        assert!(with(&[]).unwrap_err().contains("documents:read"));
    }
}
