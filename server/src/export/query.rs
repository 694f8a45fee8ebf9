//! What of the books somebody asks for, from the API or the desk: a span of days, or a part of a closed month.

use acuse_conversation::Clock;
use acuse_storage::{
    export::{By, Span},
    periods::{Month, PeriodPart},
};
use axum::{http::Version, response::Response};
use serde::Deserialize;
use time::{Date, macros::format_description};

use super::{Format, How, Source, answer};
use crate::{access::Caller, extract::word, problem::Problem, state::App};

/// Query of an export: a span of days, or a part of a closed month.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Query {
    /// The first day.
    from: Option<String>,
    /// The day after the last.
    to: Option<String>,
    /// `issue_date` or `received`.
    by: Option<String>,
    /// A closed month, instead of a span.
    period: Option<String>,
    /// `rows`, `late` or `adjustments` of it.
    part: Option<String>,
    /// How it is written.
    format: Format,
    /// By the mapping file.
    mapped: bool,
}

impl Query {
    fn how(&self, version: Version) -> How {
        How { format: self.format, mapped: self.mapped, version }
    }
}

fn day(name: &'static str, value: Option<&str>) -> Result<Option<Date>, Problem> {
    let form = format_description!("[year]-[month]-[day]");
    let text = value.map(str::trim).filter(|v| !v.is_empty());
    text.map(|v| {
        let day = Date::parse(v, form)
            .map_err(|_| Problem::BadRequest(format!("{name}: write a day, e.g. 2026-05-01")))?;
        let counted = (1..=9998).contains(&day.year());
        counted.then_some(day).ok_or_else(|| Problem::Unprocessable(format!("{name}: no such year is kept")))
    })
    .transpose()
}

async fn source(app: &App, query: &Query) -> Result<Source, Problem> {
    let part = word::<PeriodPart>("part", query.part.as_deref())?;
    if let Some(month) = word::<Month>("period", query.period.as_deref())? {
        let whole =
            [&query.from, &query.to, &query.by].iter().all(|v| v.as_deref().is_none_or(str::is_empty));
        if !whole {
            return Err(Problem::Unprocessable("period: takes no from, to or by beside it".to_owned()));
        }
        let period = app.catalog.period(month).await?.ok_or(Problem::NotFound("closed period"))?;
        return Ok(Source::Closed(Box::new(period), part.unwrap_or(PeriodPart::Rows)));
    }
    if part.is_some() {
        return Err(Problem::Unprocessable("part: is of a closed month; name it with period".to_owned()));
    }
    let by = word("by", query.by.as_deref())?.unwrap_or(By::IssueDate);
    let (from, to) = (day("from", query.from.as_deref())?, day("to", query.to.as_deref())?);
    if from.zip(to).is_some_and(|(from, to)| from >= to) {
        return Err(Problem::Unprocessable("to: is the day after the last, so it is after from".to_owned()));
    }
    Ok(match by {
        By::IssueDate => Source::Books(Span::dated(from, to), Clock::default()),
        By::Received => {
            // As finance counts them at the desk: the days of the house, where its rules say what time it is there.
            let clock = app.catalog.house().await?.clock().cloned().unwrap_or_default();
            Source::Books(Span::received(from, to, &clock), clock)
        }
    })
}

/// The books as somebody asks for them, for the API and the desk.
///
/// # Errors
/// 422 for a span or a month that cannot be.
pub async fn answered(
    app: &App,
    caller: &Caller,
    query: &Query,
    version: Version,
) -> Result<Response, Problem> {
    answer(app, caller, source(app, query).await?, query.how(version)).await
}
