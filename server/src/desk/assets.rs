//! The desk's style, script and mark, in the binary.

use axum::{
    http::header,
    response::{IntoResponse, Response},
};

use crate::{extract::Id, problem::Problem};

/// The desk's script, which is one to a browser: first what every page has, then what only some have.
pub(super) const SCRIPT: &str = concat!(
    include_str!("../../assets/desk.js"),
    include_str!("../../assets/desk/customers.js"),
    include_str!("../../assets/desk/lines.js"),
    include_str!("../../assets/desk/drafts.js"),
);

/// `GET /assets/{name}`. An hour in the browser's cache: short enough for an upgrade to show the same day.
pub async fn serve(Id(name): Id<String>) -> Response {
    let (kind, bytes): (_, &'static [u8]) = match name.as_str() {
        "docs.css" => ("text/css; charset=utf-8", include_bytes!("../../assets/docs.css")),
        "desk.css" => ("text/css; charset=utf-8", include_bytes!("../../assets/desk.css")),
        "desk.js" => ("text/javascript; charset=utf-8", SCRIPT.as_bytes()),
        "sheet.js" => ("text/javascript; charset=utf-8", include_bytes!("../../assets/sheet.js")),
        "mark.svg" => ("image/svg+xml", include_bytes!("../../assets/mark.svg")),
        _ => return Problem::NotFound("file").into_response(),
    };
    ([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "max-age=3600")], bytes).into_response()
}
