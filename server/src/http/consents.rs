//! `/v1/contacts/{id}/consents`: what a contact agreed to, or no more; rows are added and never changed.

use acuse_storage::{
    ContactId,
    consents::{Category, NewConsent, Word, Written},
    keys::Scope,
};
use axum::{
    Json,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use super::auth::Caller;
use crate::{
    contacts::reached,
    export::csv::neutral,
    extract::{Body, Id, Params},
    listing::Listing,
    problem::Problem,
    state::App,
};

/// How the list is answered.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Query {
    format: Option<Format>,
}

/// A form of the list.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// JSON.
    Json,
    /// A table for a spreadsheet.
    Csv,
}

/// `GET /v1/contacts/{id}/consents`, the oldest first.
///
/// # Errors
/// 404 where there is no such contact for this caller.
pub async fn list(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<ContactId>,
    Params(query): Params<Query>,
) -> Result<Response, Problem> {
    let contact = reached(&app, &caller, id).await?;
    let data = app.catalog.written_consents(contact.id).await?;
    Ok(match query.format {
        Some(Format::Csv) => {
            let table = table(&data).map_err(|e| Problem::Internal(e.into()))?;
            ([(header::CONTENT_TYPE, "text/csv; charset=utf-8")], table).into_response()
        }
        Some(Format::Json) | None => Json(Listing { data, next: None }).into_response(),
    })
}

fn table(all: &[Written]) -> Result<Vec<u8>, csv::Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record([
        "at",
        "phone_number_id",
        "category",
        "state",
        "source",
        "text_version",
        "said_by",
    ])?;
    for one in all {
        let at = one.at.format(&Rfc3339).unwrap_or_default();
        let cells = [
            at.as_str(),
            &one.phone_number_id,
            one.category.as_str(),
            one.state.as_str(),
            &one.source,
            one.text_version.as_deref().unwrap_or_default(),
            one.said_by.as_deref().unwrap_or_default(),
        ];
        writer.write_record(cells.map(|cell| neutral(cell).into_owned()))?;
    }
    writer.into_inner().map_err(|e| e.into_error().into())
}

/// Body of a consent.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct New {
    phone_number_id: String,
    category: Category,
    state: Word,
    source: String,
    text_version: Option<String>,
    #[serde(default, with = "time::serde::rfc3339::option")]
    at: Option<OffsetDateTime>,
}

/// `POST /v1/contacts/{id}/consents`: somebody writes down what a contact said elsewhere.
///
/// # Errors
/// 404 where there is no such contact for this caller; 400 for a time to come, or without a source.
pub async fn create(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<ContactId>,
    Body(new): Body<New>,
) -> Result<StatusCode, Problem> {
    caller.require(Scope::MessagesWrite)?;
    let contact = reached(&app, &caller, id).await?;
    let now = app.catalog.now();
    let at = new.at.unwrap_or(now);
    if at > now || new.source.trim().is_empty() {
        let what = "say how you know (`source`), and a time (`at`) that is not to come";
        return Err(Problem::Unprocessable(what.to_owned()));
    }
    if !app.catalog.numbers().await?.iter().any(|number| number.phone_number_id == new.phone_number_id) {
        return Err(Problem::Unprocessable("phone_number_id is none of our numbers".to_owned()));
    }
    let written = NewConsent {
        contact: contact.id,
        phone_number_id: &new.phone_number_id,
        category: new.category,
        word: new.state,
        source: new.source.trim(),
        text_version: new.text_version.as_deref(),
        said_by: Some(&caller.actor),
        at,
    };
    app.catalog.write_consent(&written).await?;
    Ok(StatusCode::CREATED)
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn a_row_says_since_when_by_what_and_who() {
        let written = Written {
            contact_id: ContactId::generate(),
            phone_number_id: "1001".into(),
            category: Category::Utility,
            state: Word::Granted,
            source: "form, page 2".into(),
            text_version: Some("2026-01".into()),
            said_by: Some("=user:eva".into()),
            at: datetime!(2026-09-01 12:00 UTC),
        };
        let stopped = Written {
            state: Word::Withdrawn,
            source: "message_stop".into(),
            text_version: None,
            said_by: None,
            ..written.clone()
        };
        let text = String::from_utf8(table(&[written, stopped]).unwrap()).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "at,phone_number_id,category,state,source,text_version,said_by");
        assert_eq!(lines[1], "2026-09-01T12:00:00Z,1001,utility,granted,\"form, page 2\",2026-01,'=user:eva");
        assert_eq!(lines[2], "2026-09-01T12:00:00Z,1001,utility,withdrawn,message_stop,,");
    }
}
