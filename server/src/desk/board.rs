//! `/board`: the queues' tasks in detail, for operators: apalis-board's page and its API, read only.
//!
//! The page is not ours: what it shows is drawn by a program that comes as it is, and in English. Its language and its
//! colours, which were too faint to be read, are said here; what its parts are called to a screen reader is its own.
//! So the desk leads to it as to another's page.
//!
//! Who may look is decided here: an operator signed in at the desk, or a key with the scope `admin`, as a bearer
//! token or, for a browser without a session, as the password of HTTP's basic scheme (RFC 7617).

use acuse_storage::{
    keys::Scope,
    queue::{Backend, CaseTask, DocumentTask, LaneConfig, Queue, ReplyTask},
};
use apalis_board::axum::{
    framework::{ApiBuilder, RegisterRoute},
    ui::ServeUI,
};
use axum::{
    Router,
    extract::{FromRequestParts, Request, State},
    http::{HeaderValue, Method, StatusCode, header, request::Parts},
    middleware::{self, Next},
    response::{IntoResponse, Redirect, Response},
    routing::get,
};
use base64::{Engine, prelude::BASE64_STANDARD};

use super::session::Person;
use crate::{access::Caller, extract::Id, problem::Problem, state::App};

/// Moves what the page asks for under `/board`.
const SHIM: &str = include_str!("../../assets/board-shim.js");
/// Its faintest greys on its dark ground, as far apart from it as WCAG 2 asks (4.5 : 1).
const COLOURS: &str = ".text-gray-500,.text-charcoal-400,.text-charcoal-500,.text-primary,.text-text-dimmed{color:#a3a8b3}\
                       .bg-primary.text-background-bright{color:#fff}";
/// The page runs WebAssembly and nothing from elsewhere.
const POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self' 'unsafe-inline'; \
                      img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'self'; \
                      frame-ancestors 'none'; form-action 'none'";

/// The board's addresses.
pub fn router(app: &App) -> Router<App> {
    let mut api = ApiBuilder::new(Router::new());
    for queue in [Queue::Fetch, Queue::Read, Queue::Link, Queue::Hold] {
        api = match app.catalog.backend::<DocumentTask>(queue, &LaneConfig::default()) {
            Backend::Sqlite(lane) => api.register(queue.as_str(), lane),
            Backend::Postgres(lane) => api.register(queue.as_str(), lane),
        };
    }
    api = match app.catalog.backend::<ReplyTask>(Queue::Reply, &LaneConfig::default()) {
        Backend::Sqlite(lane) => api.register(Queue::Reply.as_str(), lane),
        Backend::Postgres(lane) => api.register(Queue::Reply.as_str(), lane),
    };
    api = match app.catalog.backend::<CaseTask>(Queue::Case, &LaneConfig::default()) {
        Backend::Sqlite(lane) => api.register(Queue::Case.as_str(), lane),
        Backend::Postgres(lane) => api.register(Queue::Case.as_str(), lane),
    };
    let operators = || middleware::from_fn_with_state(app.clone(), operators_only);
    let data: Router = api.build().layer(operators());
    let page = Router::new()
        .route("/board", get(|| async { Redirect::permanent("/board/") }))
        .route("/board/", get(|| async { index() }))
        .route("/board/{*path}", get(file))
        .layer(operators());
    Router::new().nest_service("/board/api/v1", data).merge(page)
}

/// One of the page's files; any other address is the page itself, which reads it.
async fn file(Id(path): Id<String>) -> Response {
    match path.as_str() {
        "shim.js" => script(SHIM.to_owned()),
        "start.js" => start().map_or_else(|| Problem::NotFound("address").into_response(), script),
        _ if !path.contains('.') => index(),
        _ => match ServeUI::get_file(&path).map(|f| f.contents().to_vec()) {
            None => Problem::NotFound("address").into_response(),
            Some(text) if path.ends_with(".js") => script(rooted(&String::from_utf8_lossy(&text))),
            Some(bytes) => ([(header::CONTENT_TYPE, ServeUI::content_type(&path))], bytes).into_response(),
        },
    }
}

fn script(text: String) -> Response {
    ([(header::CONTENT_TYPE, "text/javascript")], text).into_response()
}

/// Its glue reads `pathname` from the address bar and from links; the page must not see `/board` there.
fn rooted(glue: &str) -> String {
    glue.replace("arg1.pathname", r#"(arg1.pathname.replace(/^\/board(?=\/|$)/, "") || "/")"#)
}

/// The name of the page's file that ends so, as its own index names it (names carry a hash of the release).
fn named(ending: &str) -> Option<String> {
    let index = String::from_utf8_lossy(ServeUI::get_file("index.html")?.contents()).into_owned();
    index.split(['"', '\'']).find(|t| t.ends_with(ending)).map(|t| t.trim_start_matches('/').to_owned())
}

fn start() -> Option<String> {
    let (glue, module) = (named(".js")?, named(".wasm")?);
    Some(format!("import init from '/board/{glue}';\nawait init({{ module_or_path: '/board/{module}' }});\n"))
}

fn index() -> Response {
    let style = named(".css").unwrap_or_default();
    let page = format!(
        "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"><base href=\"/board/\">\
         <title>Queues · Acuse</title>\
         <link rel=\"stylesheet\" href=\"/board/{style}\"><style>{COLOURS}</style><script src=\"/board/shim.js\"></script>\
         <script type=\"module\" src=\"/board/start.js\"></script></head>\
         <body class=\"h-screen overflow-hidden bg-background-dimmed text-white\"></body></html>"
    );
    let headers =
        [(header::CONTENT_TYPE, "text/html; charset=utf-8"), (header::CONTENT_SECURITY_POLICY, POLICY)];
    (headers, page).into_response()
}

/// Looking only: pushing tasks by hand would go past the catalog's own rows.
async fn operators_only(State(app): State<App>, request: Request, next: Next) -> Result<Response, Problem> {
    if request.method() != Method::GET {
        return Err(Problem::MethodNotAllowed);
    }
    let (mut parts, body) = request.into_parts();
    password_as_token(&mut parts);
    match who(&app, &mut parts).await {
        Ok(caller) => caller.require(Scope::Admin)?,
        Err(problem) => {
            let mut answer = problem.into_response();
            if answer.status() == StatusCode::UNAUTHORIZED {
                let ask = HeaderValue::from_static("Basic realm=\"acuse: a key with the scope admin\"");
                answer.headers_mut().insert(header::WWW_AUTHENTICATE, ask);
            }
            return Ok(answer);
        }
    }
    Ok(next.run(Request::from_parts(parts, body)).await)
}

async fn who(app: &App, parts: &mut Parts) -> Result<Caller, Problem> {
    match Caller::from_request_parts(parts, app).await {
        Ok(caller) => Ok(caller),
        Err(problem) => Person::of(app, &parts.headers).await?.map(|p| p.caller).ok_or(problem),
    }
}

/// `Basic user:KEY` becomes `Bearer KEY`.
fn password_as_token(parts: &mut Parts) {
    let token = parts
        .headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok()?.strip_prefix("Basic "))
        .and_then(|encoded| String::from_utf8(BASE64_STANDARD.decode(encoded.trim()).ok()?).ok())
        .and_then(|pair| HeaderValue::from_str(&format!("Bearer {}", pair.split_once(':')?.1)).ok());
    if let Some(token) = token {
        parts.headers.insert(header::AUTHORIZATION, token);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_has_its_files() {
        for ending in [".js", ".wasm", ".css"] {
            let name = named(ending).unwrap();
            assert!(ServeUI::get_file(&name).is_some(), "{name}");
        }
        let name = named(".js").unwrap();
        let glue = ServeUI::get_file(&name).unwrap().contents();
        let mended = rooted(std::str::from_utf8(glue).unwrap());
        assert!(mended.contains("board(?="), "this release reads the address bar in another way");
    }

    #[tokio::test]
    async fn the_page_says_its_language_and_can_be_read() {
        let body = axum::body::to_bytes(index().into_body(), 10_000).await.unwrap();
        let page = String::from_utf8(body.to_vec()).unwrap();
        assert!(page.starts_with("<!DOCTYPE html><html lang=\"en\">"), "{page}");
        let style = page.find(".css\"").unwrap();
        assert!(
            page.find(COLOURS).is_some_and(|ours| ours > style),
            "ours counts, for it comes later: {page}"
        );
        let name = named(".css").unwrap();
        let theirs = ServeUI::get_file(&name).unwrap();
        let theirs = String::from_utf8_lossy(theirs.contents());
        for class in
            [".text-gray-500", ".text-charcoal-500", ".text-primary", ".text-text-dimmed", ".bg-primary"]
        {
            assert!(theirs.contains(class), "this release names its colours in another way: {class}");
        }
    }

    #[test]
    fn a_password_is_a_token() {
        let request = Request::builder().header("authorization", "Basic dXNlcjprZXk=").body(()).unwrap();
        let (mut parts, ()) = request.into_parts();
        password_as_token(&mut parts);
        assert_eq!(parts.headers["authorization"], "Bearer key");
    }
}
