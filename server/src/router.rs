//! Which address is whose: the router that sends each request to its handler, and what stands before them all.

use axum::{Router, extract::DefaultBodyLimit, middleware};
use tower_http::catch_panic::CatchPanicLayer;

use crate::{
    budget, cases, client_address, desk, etag,
    http::{
        self,
        contract::{
            docs,
            routes::{Routes, get, post, put},
        },
    },
    state::App,
};

/// Largest table of notices, bytes: ten thousand lines.
const NOTICES_CAP: usize = 4 << 20;

/// What programs are answered, with their keys. Files are taken up to so many bytes.
#[must_use]
pub fn api(upload_cap: usize) -> Routes {
    operated(begun(conversations(documents(Routes::default(), upload_cap))))
}

/// Documents, their reviews and their customers.
fn documents(routes: Routes, upload_cap: usize) -> Routes {
    routes
        .route("/v1/documents", get(http::documents::list).post(http::uploads::create).cap(upload_cap))
        .route(
            "/v1/documents/{id}",
            get(http::documents::show).patch(http::amend::change).delete(http::erasure::delete_document),
        )
        .route("/v1/documents/{id}/content", get(http::content::of_document))
        .route("/v1/documents/{id}/timeline", get(http::documents::timeline))
        .route("/v1/documents/{id}/ask", post(http::asks::create))
        .route("/v1/reviews", get(http::reviews::list))
        .route("/v1/reviews/{id}/claim", post(http::reviews::claim))
        .route("/v1/reviews/{id}/release", post(http::reviews::release))
        .route("/v1/reviews/{id}/resolve", post(http::reviews::resolve))
        .route("/v1/customers", get(http::customers::list).post(http::customers::create))
        .route("/v1/customers/conflicts", get(http::customers::conflicts))
        .route("/v1/customers/by-external-id/{ref}", put(http::customers::replace))
        .route(
            "/v1/customers/{id}",
            get(http::customers::show).patch(http::customers::change).delete(http::customers::delete),
        )
        .route("/v1/customers/{id}/merge", post(http::customers::merge))
}

/// Contacts, and what is said with them.
fn conversations(routes: Routes) -> Routes {
    routes
        .route("/v1/contacts", get(http::contacts::list))
        .route("/v1/contacts/{id}", get(http::contacts::show))
        .route("/v1/contacts/{id}/messages", get(http::contacts::messages))
        .route("/v1/contacts/{id}/consents", get(http::consents::list).post(http::consents::create))
        .route("/v1/cases", get(http::cases::list))
        .route("/v1/cases/{id}", get(http::cases::show))
        .route("/v1/cases/{id}/notes", post(http::cases::note))
        .route("/v1/cases/{id}/reply", post(http::cases::reply).cap(cases::file::BODY_BYTES))
        .route("/v1/cases/{id}/template", post(http::cases::template))
        .route("/v1/cases/{id}/assign", post(http::cases::assign))
        .route("/v1/cases/{id}/return", post(http::cases::give_back))
        .route("/v1/cases/{id}/close", post(http::cases::close))
        .route("/v1/cases/{id}/decide", post(http::cases::decide))
}

/// What we say of our own accord: notices, reminders of what is owed, questions for approval.
fn begun(routes: Routes) -> Routes {
    routes
        .route("/v1/notices", get(http::notices::list).post(http::notices::create))
        .route("/v1/notices/{id}", get(http::notices::show))
        .route("/v1/notices/batches", post(http::notices::create_batch).cap(NOTICES_CAP))
        .route("/v1/notices/batches/{id}", get(http::notices::progress))
        .route("/v1/obligations", get(http::obligations::list).post(http::obligations::create))
        .route("/v1/obligations/{id}", get(http::obligations::show))
        .route("/v1/obligations/{id}/confirm", post(http::obligations::confirm))
        .route("/v1/obligations/{id}/refuse", post(http::obligations::refuse))
        .route("/v1/obligations/{id}/promise", post(http::obligations::promise))
        .route("/v1/obligations/{id}/cancel", post(http::obligations::cancel))
        .route("/v1/approvals", get(http::approvals::list).post(http::approvals::create))
        .route("/v1/approvals/{id}", get(http::approvals::show))
        .route("/v1/approvals/{id}/cancel", post(http::approvals::cancel))
}

/// What whoever runs it looks after: counts, trouble, webhooks, erasure, the books.
fn operated(routes: Routes) -> Routes {
    routes
        .route("/v1/ledger", get(http::records::ledger))
        .route("/v1/ledger/messages", get(http::incidents::messages))
        .route("/v1/entities", get(http::entities::list).post(http::entities::save))
        .route("/v1/incidents", get(http::incidents::list))
        .route("/v1/incidents/{id}/acknowledge", post(http::incidents::acknowledge))
        .route("/v1/incidents/{id}/resolve", post(http::incidents::resolve))
        .route("/v1/incident-routes", get(http::incident_routes::list).post(http::incident_routes::create))
        .route(
            "/v1/incident-routes/{id}",
            get(http::incident_routes::show)
                .patch(http::incident_routes::change)
                .delete(http::incident_routes::delete),
        )
        .route("/v1/incident-routes/{id}/test", post(http::incident_routes::test))
        .route(
            "/v1/webhook-endpoints",
            get(http::webhook_endpoints::list).post(http::webhook_endpoints::create),
        )
        .route(
            "/v1/webhook-endpoints/{id}",
            get(http::webhook_endpoints::show)
                .patch(http::webhook_endpoints::change)
                .delete(http::webhook_endpoints::delete),
        )
        .route("/v1/webhook-endpoints/{id}/rotate-secret", post(http::webhook_endpoints::rotate))
        .route("/v1/webhook-endpoints/{id}/test", post(http::webhook_endpoints::test))
        .route("/v1/webhook-endpoints/{id}/replay", post(http::webhook_endpoints::replay))
        .route("/v1/webhook-endpoints/{id}/deliveries", get(http::webhook_endpoints::deliveries))
        .route("/v1/erasures", post(http::erasure::erase).get(http::erasure::list))
        .route("/v1/erasures/{id}", get(http::erasure::show))
        .route("/v1/holds", get(http::erasure::holds))
        .route("/v1/holds/{kind}/{id}", put(http::erasure::place).delete(http::erasure::lift))
        .route("/v1/events", get(http::feed::events))
        .route("/v1/export", get(http::export::of_key))
        .route("/v1/periods", get(http::export::periods))
        .route("/v1/periods/{month}", get(http::export::period))
        .route("/v1/periods/{month}/close", post(http::export::close))
}

/// What is answered without a key.
#[must_use]
pub fn open() -> Routes {
    let webhook = get(http::webhook::handshake).post(http::webhook::receive).cap(budget::WEBHOOK_BYTES);
    Routes::default()
        .route("/webhooks/whatsapp", webhook)
        .route("/v1/links/{link}", get(http::links::follow))
        .route("/openapi.json", get(http::contract::description::serve))
        .route("/docs", get(docs::index))
        .route("/problems", get(docs::problems))
        .route("/problems/{name}", get(docs::problem))
}

/// The description of what programs are answered, as it is served: for whoever reads the tools off it.
#[must_use]
pub fn description() -> serde_json::Value {
    http::contract::description::composed()
}

/// Every address of the web side.
pub fn router(app: App) -> Router {
    let upload_cap = usize::try_from(app.limits.original_bytes).unwrap_or(usize::MAX).saturating_add(1 << 20);
    let api = api(upload_cap)
        .router()
        .layer(middleware::from_fn_with_state(app.clone(), http::scopes::first))
        .layer(middleware::from_fn_with_state(app.clone(), http::sandbox::instead))
        .layer(middleware::from_fn(etag::named))
        .layer(middleware::from_fn(budget::rates::told));
    let probes = if app.budget.metrics_apart { probes() } else { probes().merge(measures()) };
    Router::new()
        .merge(api)
        .merge(open().router().layer(middleware::from_fn(etag::named)))
        .merge(probes)
        .merge(desk::board::router(&app))
        .merge(desk::router())
        .fallback(http::no_such_address)
        .method_not_allowed_fallback(http::wrong_method)
        .layer(DefaultBodyLimit::max(budget::JSON_BYTES))
        .layer(CatchPanicLayer::custom(http::caught))
        .layer(middleware::from_fn_with_state(app.clone(), desk::error_page::framed))
        .layer(middleware::from_fn_with_state(app.clone(), client_address::believed))
        .layer(middleware::from_fn_with_state(app.clone(), budget::shared))
        .layer(middleware::from_fn(http::around))
        .with_state(app)
}

/// What workers alone answer: probes, and nothing of a document.
pub fn worker_router(app: App) -> Router {
    probes()
        .merge(measures())
        .fallback(http::no_such_address)
        .method_not_allowed_fallback(http::wrong_method)
        .layer(CatchPanicLayer::custom(http::caught))
        .layer(middleware::from_fn(http::around))
        .with_state(app)
}

fn probes() -> Router<App> {
    alive().router()
}

fn measures() -> Router<App> {
    measured().router()
}

/// What an operator's probes ask.
#[must_use]
pub fn alive() -> Routes {
    Routes::default().route("/healthz", get(http::health::alive)).route("/readyz", get(http::health::ready))
}

/// What is measured.
#[must_use]
pub fn measured() -> Routes {
    Routes::default().route("/metrics", get(http::health::metrics))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    /// Of a `use` group, the room that each of its items is in.
    fn rooms(group: &str) -> Vec<&str> {
        let (mut depth, mut from, mut items) = (0_usize, 0, Vec::new());
        for (at, c) in group.char_indices() {
            match c {
                '{' => depth += 1,
                '}' if depth > 0 => depth -= 1,
                ',' | '}' if depth == 0 => {
                    items.push(&group[from..at]);
                    from = at + 1;
                    if c == '}' {
                        break;
                    }
                }
                _ => {}
            }
        }
        items.iter().filter_map(|item| item.split("::").next()).collect()
    }

    /// Whether code, not its comments, names a room of this crate.
    fn names(source: &str, room: &str) -> bool {
        let code = source.lines().filter(|line| !line.trim_start().starts_with("//"));
        let code: String = code.flat_map(str::chars).filter(|c| !c.is_whitespace()).collect();
        let is_end = |rest: &str| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_');
        let by_path = ["crate", "super"].iter().any(|from| {
            let path = format!("{from}::{room}");
            code.match_indices(&path).any(|(at, path)| is_end(&code[at + path.len()..]))
        });
        by_path || code.split("usecrate::{").skip(1).any(|group| rooms(group).contains(&room))
    }

    /// The sources below a folder, outside of one of its rooms, that name that room; `under` is where they are.
    fn naming(folder: &Path, under: &str, room: &str, found: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = format!("{under}{}", path.file_name().unwrap().to_string_lossy());
            if path.is_dir() && name != room {
                naming(&path, &format!("{name}/"), room, found);
            } else if name.ends_with(".rs") && names(&std::fs::read_to_string(&path).unwrap(), room) {
                found.push(name);
            }
        }
    }

    #[test]
    fn the_api_and_the_desk_are_leaves_that_the_router_alone_names() {
        for room in ["http", "desk"] {
            let mut found = Vec::new();
            naming(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), "", room, &mut found);
            assert_eq!(found, ["router.rs"], "what both use is in a room of its own, beside {room}");
        }
    }

    #[test]
    fn a_room_is_seen_however_it_is_named() {
        for source in [
            "use crate::http::problem;",
            "pub(crate) use crate::{\n    access::{self, Caller},\n    http,\n};",
            "use crate::{http::{a, b}, state::App};",
            "let x = crate::http::a();",
            "use super::super::http::a;",
        ] {
            assert!(names(source, "http"), "{source}");
        }
        for source in
            ["use crate::{client::{http, a}, oidc::http};", "/// [`crate::http`]", "use crate::httpd;"]
        {
            assert!(!names(source, "http"), "{source}");
        }
    }
}
