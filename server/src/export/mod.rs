//! What accounting takes away: one engine for the API and the desk. A [`Source`] gives rows a page at a time, a format
//! writes each page and forgets it, and the control totals are counted from the very rows that were written. All of it is of
//! one instant of the database.

mod cells;
pub(crate) mod csv;
mod jsonl;
mod mapping;
mod query;
mod source;
mod spool;
mod ubl;
mod xlsx;

use acuse_storage::export::Totals;
use axum::{
    Json,
    http::{HeaderValue, Version, header},
    response::{IntoResponse, Response},
};
use serde::Deserialize;

pub use cells::COLUMNS;
pub use mapping::{BadMapping, Mapping};
pub use query::{Query, answered};
pub use source::{Link, Listed, Row, Source};
pub use spool::Spool;
use spool::{AsyncPage, Out, Place, streamed};

use crate::{access::Caller, problem::Problem, state::App};

/// How it is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// Comma separated, UTF-8, a header line; text that a spreadsheet would run is made text.
    #[default]
    Csv,
    /// A workbook, with the control totals on the last sheet.
    Xlsx,
    /// A JSON object a line, the control totals on the last.
    Jsonl,
    /// The control totals alone.
    Totals,
    /// A ZIP of UBL 2.1 invoices by EN 16931, and of what each other bill lacks.
    Ubl,
}

/// How somebody wants an export.
#[derive(Debug, Clone, Copy)]
pub struct How {
    /// Its format.
    pub format: Format,
    /// By the mapping file.
    pub mapped: bool,
    /// By which version of HTTP it is answered.
    pub version: Version,
}

/// Rows of a page: few enough to be small, many enough to be quick.
const PAGE: u32 = 1_000;

/// Answers with an export.
///
/// # Errors
/// When the catalog fails before the first row is written, when `mapped` is asked without a mapping, or when too many are
/// made or lie there.
pub async fn answer(
    app: &App,
    caller: &Caller,
    source: Source,
    How { format, mapped, version }: How,
) -> Result<Response, Problem> {
    let mapping = match (mapped || format == Format::Ubl, &app.mapping) {
        // What no paper says of an invoice is stated there, or is missing.
        (true, None) if format == Format::Ubl => None,
        (false, _) => None,
        (true, Some(mapping)) => Some(mapping.clone()),
        (true, None) => {
            return Err(Problem::Unprocessable(
                "mapped: there is no mapping; set ACUSE_EXPORT_MAPPING".to_owned(),
            ));
        }
    };
    let name = source.name();
    if format == Format::Totals {
        let rows = source::Rows::open(app.clone(), caller.clone(), source).await?;
        return Ok(Json(counted(rows).await?).into_response());
    }
    // Its turn and its place before the database is held at its instant.
    let _turn = match format {
        Format::Xlsx => Some(xlsx::turn()?),
        Format::Ubl => Some(ubl::turn()?),
        _ => None,
    };
    let place = app.exports.place(version)?;
    let rows = source::Rows::open(app.clone(), caller.clone(), source).await?;
    let (out, media_type, extension) = match format {
        Format::Csv => (csv::body(place, rows, mapping).await?, "text/csv; charset=utf-8", "csv"),
        Format::Jsonl => (jsonl::body(place, rows).await?, "application/jsonl", "jsonl"),
        Format::Xlsx => (
            xlsx::body(place, rows, mapping).await?,
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            "xlsx",
        ),
        // Totals are answered above.
        Format::Totals | Format::Ubl => (ubl::body(place, rows, mapping).await?, "application/zip", "zip"),
    };
    let mut response = Response::new(out.body);
    let headers = response.headers_mut();
    if let Some(bytes) = out.bytes {
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(bytes));
    }
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    if let Ok(value) = HeaderValue::from_str(&format!("attachment; filename=\"{name}.{extension}\"")) {
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
    Ok(response)
}

async fn counted(mut rows: source::Rows) -> Result<Totals, Problem> {
    while rows.next_page().await?.is_some() {}
    rows.totals().await
}
