//! What finance takes the month out of: documents by their own date or by arrival, their totals by currency, what they
//! would take away (exactly what is shown, by the one export engine), and what comes every month and has not come.

mod ask;
mod sums;

use std::collections::HashSet;

use acuse_conversation::Clock;
use acuse_pipeline::document::Kind;
use acuse_storage::{
    DocumentFilter, DocumentId,
    documents::{DocumentCursor, Expected},
};
use askama::Template;
use axum::{
    extract::State,
    http::{HeaderMap, Version, header},
    response::{IntoResponse, Response},
};
use time::macros::format_description;

pub use ask::Ask;
use sums::{Beside, Total, beside, totals};

use super::{
    Frame, Shown, day_clock, labels, page,
    queue::{PAGE, Row},
    session::{self, Person},
    whose::Whose,
};
use crate::{
    access::{self, rights::Right},
    export::{self, Format, How, Listed, Source},
    extract::{Params, day, word},
    problem::Problem,
    state::App,
};

/// The status of what was decided and can still be taken back: until then it counts as nothing else.
const HELD: &str = "held";
const HELD_LABEL: &str = "Can still be taken back";

/// `20260131` as `2026-01-31`.
fn dashed(digits: &str) -> String {
    match (digits.get(..4), digits.get(4..6), digits.get(6..8)) {
        (Some(year), Some(month), Some(day)) => format!("{year}-{month}-{day}"),
        _ => digits.to_owned(),
    }
}

/// A document with its own date and number, and when it came by the clock of the page.
struct Line {
    row: Row,
    date: String,
    number: String,
    received: String,
}

#[derive(Template)]
#[template(path = "finance.html")]
struct Finance {
    frame: Frame,
    ask: Ask,
    totals: Vec<Total>,
    beside: Vec<Beside>,
    lines: Vec<Line>,
    heads: Vec<(&'static str, String, &'static str, &'static str)>,
    statuses: Vec<(&'static str, &'static str)>,
    kinds: Vec<(&'static str, &'static str)>,
    whose: Whose,
    /// Whose days they are.
    zone: String,
    csv: String,
    xlsx: String,
    expected: Vec<Missing>,
    month: String,
    next: Option<String>,
}

/// What has not come.
struct Missing {
    customer: String,
    href: String,
    party: String,
    months: u64,
    last: String,
}

impl Missing {
    fn of(expected: Expected) -> Self {
        Self {
            href: {
                let (customer, from) = (expected.customer_id.to_string(), dashed(&expected.last));
                let ask = Ask { customer, from, status: "all".to_owned(), ..Ask::default() };
                ask.with(&[("q", &expected.party)])
            },
            customer: expected.customer,
            party: expected.party,
            months: expected.months,
            last: dashed(&expected.last),
        }
    }
}

/// `GET /finance`.
pub async fn show(
    State(app): State<App>,
    person: Person,
    headers: HeaderMap,
    Params(ask): Params<Ask>,
) -> Shown {
    Shown(render(&app, &person, &headers, ask).await)
}

async fn lines(
    app: &App,
    person: &Person,
    (filter, clock): (&DocumentFilter, &Clock),
    after: Option<&DocumentCursor>,
) -> Result<(Vec<Line>, Option<DocumentCursor>), Problem> {
    use acuse_pipeline::fields::FieldName::{Date, IssueDate, Number};
    let found = app.catalog.documents(filter, after, PAGE).await?;
    let ids: Vec<DocumentId> = found.data.iter().map(|d| d.id).collect();
    let parties = app.catalog.parties_of(&ids).await?;
    let seen = access::list(app, &person.caller, found.data).await?;
    let now = app.catalog.now();
    let held = match filter.held {
        Some(false) => HashSet::new(),
        _ => app.catalog.held_documents().await?,
    };
    let line = |d: &access::Sight| {
        let value = |names: &[acuse_pipeline::fields::FieldName]| {
            names.iter().find_map(|n| d.fields.get(n)).map(|f| f.value.to_string()).unwrap_or_default()
        };
        let mut row = Row::of(d, parties.get(&d.id), (d.received_at, now), None);
        if held.contains(&d.id) {
            (row.status, row.status_label) = (HELD, HELD_LABEL);
        }
        let form = format_description!("[year]-[month]-[day] [hour]:[minute]");
        let received = clock.there(d.received_at).format(form).unwrap_or_default();
        Line { date: value(&[IssueDate, Date]), number: value(&[Number]), received, row }
    };
    Ok((seen.iter().map(line).collect(), found.next))
}

async fn render(app: &App, person: &Person, headers: &HeaderMap, ask: Ask) -> Result<Response, Problem> {
    person.must(Right::Finance)?;
    let clock = day_clock::of(app, headers).await?;
    let today = clock.there(app.catalog.now());
    let whose = Whose::of(app, &person.caller, &ask.whose, &ask.customer).await?;
    let ask = ask.with_month(today).with_whose(&whose);
    let filter = ask.filter(person, &clock)?;
    let after = word::<DocumentCursor>("after", ask.after.as_deref())?;
    if after.as_ref().is_some_and(|after| !after.is_of(&filter)) {
        return Err(Problem::BadRequest("after: of another list; begin anew".to_owned()));
    }
    let any = DocumentFilter { status: None, duplicates: false, held: None, ..filter.clone() };
    let sums = app.catalog.sums_of(&any).await?;
    let (lines, next) = lines(app, person, (&filter, &clock), after.as_ref()).await?;
    let month = day("to", Some(&ask.to))?.unwrap_or_else(|| today.date());
    let expected = app.catalog.expected_in(person.caller.access(), month).await?;
    let head = |label, by, class| {
        let (href, state) = ask.sorted(&filter, by);
        (label, href, state, class)
    };
    let statuses = [
        ("", "Filed"),
        ("all", "Any status"),
        ("in_review", "In review"),
        (HELD, HELD_LABEL),
        ("rejected", "Rejected"),
    ];
    Ok(page(&Finance {
        totals: totals(&sums, &filter),
        beside: beside(&sums, &ask),
        heads: vec![
            head("Date", "document_date", ""),
            head("Received", "received", "minor"),
            head("Amount", "amount", "num"),
        ],
        statuses: statuses.into_iter().chain([("duplicate", "Duplicate")]).collect(),
        kinds: Kind::ALL.iter().map(|k| (k.as_str(), labels::kind(Some(*k)))).collect(),
        whose,
        zone: clock.name(),
        csv: format!("/finance/export{}", ask.with(&[("format", "csv")])),
        xlsx: format!("/finance/export{}", ask.with(&[("format", "xlsx")])),
        expected: expected.into_iter().map(Missing::of).collect(),
        month: month.format(format_description!("[year]-[month]")).unwrap_or_default(),
        next: next.map(|next| format!("/finance{}", ask.with(&[("after", &next.to_string())]))),
        lines,
        frame: Frame::of(app, person, "finance").await?,
        ask,
    }))
}

/// Where this desk is, as whoever asks has found it.
fn base(headers: &HeaderMap) -> String {
    let host = headers.get(header::HOST).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let scheme = if session::came_over_https(headers) { "https" } else { "http" };
    if host.is_empty() { String::new() } else { format!("{scheme}://{host}") }
}

/// `GET /finance/export`: exactly what the page of the same address shows, all of it.
pub async fn export(
    State(app): State<App>,
    person: Person,
    version: Version,
    headers: HeaderMap,
    Params(ask): Params<Ask>,
) -> Shown {
    Shown(
        async {
            person.must(Right::Finance)?;
            if !matches!(ask.format, Format::Csv | Format::Xlsx) {
                return Err(Problem::BadRequest("format: csv or xlsx".to_owned()));
            }
            let (now, how) = (app.catalog.now(), How { format: ask.format, mapped: false, version });
            let clock = day_clock::of(&app, &headers).await?;
            let whose = Whose::of(&app, &person.caller, &ask.whose, &ask.customer).await?;
            let ask = ask.with_month(clock.there(now)).with_whose(&whose);
            let filter = ask.filter(&person, &clock)?;
            let name = format!("acuse-finance-{}-{}", ask.from, ask.to);
            let listed = Listed { filter, name, base: base(&headers), clock };
            let source = Source::Listed(Box::new(listed));
            Ok(export::answer(&app, &person.caller, source, how).await?.into_response())
        }
        .await,
    )
}
