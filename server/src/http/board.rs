//! `/board`: the queues' tasks in detail, for operators. The data is apalis-board's API, read only; who may look is
//! decided here: a key with the scope `admin`, or an operator signed in at the desk.

use acuse_storage::{
    keys::Scope,
    queue::{Backend, DocumentTask, LaneConfig, Queue, ReplyTask},
};
use apalis_board::axum::framework::{ApiBuilder, RegisterRoute};
use axum::{
    Router,
    extract::{FromRequestParts, Request, State},
    http::Method,
    middleware::{self, Next},
    response::Response,
};

use super::{auth::Caller, problem::Problem};
use crate::{app::App, desk::session::Person};

/// The board's addresses.
pub fn router(app: &App) -> Router<App> {
    let mut api = ApiBuilder::new(Router::new());
    for queue in [Queue::Fetch, Queue::Read, Queue::Link] {
        api = match app.catalog.backend::<DocumentTask>(queue, &LaneConfig::default()) {
            Backend::Sqlite(lane) => api.register(queue.as_str(), lane),
            Backend::Postgres(lane) => api.register(queue.as_str(), lane),
        };
    }
    api = match app.catalog.backend::<ReplyTask>(Queue::Reply, &LaneConfig::default()) {
        Backend::Sqlite(lane) => api.register(Queue::Reply.as_str(), lane),
        Backend::Postgres(lane) => api.register(Queue::Reply.as_str(), lane),
    };
    let guarded: Router = api.build().layer(middleware::from_fn_with_state(app.clone(), operators_only));
    Router::new().nest_service("/board/api/v1", guarded)
}

/// Looking only: pushing tasks by hand would go past the catalog's own rows.
async fn operators_only(State(app): State<App>, request: Request, next: Next) -> Result<Response, Problem> {
    if request.method() != Method::GET {
        return Err(Problem::MethodNotAllowed);
    }
    let (mut parts, body) = request.into_parts();
    let caller = match Caller::from_request_parts(&mut parts, &app).await {
        Ok(caller) => caller,
        Err(problem) => Person::of(&app, &parts.headers).await?.map(|p| p.caller).ok_or(problem)?,
    };
    caller.require(Scope::Admin)?;
    Ok(next.run(Request::from_parts(parts, body)).await)
}
