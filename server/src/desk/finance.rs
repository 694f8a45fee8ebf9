//! What finance takes the month out of: documents by their own date or by arrival, their totals by currency, what they
//! would take away (exactly what is shown, by the one export engine), and what comes every month and has not come.

use std::collections::HashSet;

use acuse_conversation::Clock;
use acuse_pipeline::document::{Kind, Status};
use acuse_storage::{
    ContactId, CustomerId, DocumentFilter, DocumentId,
    documents::{Amount, DocumentCursor, Expected, Sort, Sum},
};
use askama::Template;
use axum::{
    extract::State,
    http::{HeaderMap, Version, header},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use time::{Date, OffsetDateTime, macros::format_description};
use url::form_urlencoded;
use uuid::Uuid;

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

/// Query of the page, and of what is taken away.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
pub struct Ask {
    /// `document` or `received`: which date is meant.
    by: String,
    /// The first day; the month's where neither is said.
    from: String,
    /// The last day.
    to: String,
    customer: String,
    /// What is typed of a customer.
    whose: String,
    sender: String,
    kind: String,
    /// A status, `duplicate`, `held`, or `all`; filed where nothing is said.
    status: String,
    currency: String,
    amount_from: String,
    amount_to: String,
    q: String,
    sort: String,
    after: Option<String>,
    /// Of an export.
    format: Format,
}

impl Ask {
    /// The same with the month that it is there where no day is said.
    fn with_month(mut self, there: OffsetDateTime) -> Self {
        if self.from.is_empty() && self.to.is_empty() {
            let today = there.date();
            let first = today.replace_day(1).unwrap_or(today);
            let last = today.replace_day(today.month().length(today.year())).unwrap_or(today);
            (self.from, self.to) = (iso(first), iso(last));
        }
        self
    }

    fn is_by_arrival(&self) -> bool {
        self.by == "received"
    }

    /// The same with the customer that is meant.
    fn with_whose(mut self, whose: &Whose) -> Self {
        (self.customer, self.whose) = (whose.id.clone(), whose.typed.clone());
        self
    }

    /// Days are those of `clock`. Of a customer who is not known it is nobody's.
    fn filter(&self, person: &Person, clock: &Clock) -> Result<DocumentFilter, Problem> {
        let (from, last) = (day("from", Some(&self.from))?, day("to", Some(&self.to))?);
        let to = last.and_then(Date::next_day);
        if from.zip(to).is_some_and(|(from, to)| from >= to) {
            return Err(Problem::BadRequest("to: a day that is not before the first".to_owned()));
        }
        let moment = |date: Date| clock.moment(date, 0);
        // What can still be taken back stands with nothing but itself.
        let (status, duplicates, held) = match self.status.as_str() {
            "" => (Some(Status::Filed), false, Some(false)),
            "all" => (None, false, None),
            "duplicate" => (None, true, Some(false)),
            HELD => (None, false, Some(true)),
            status => (word::<Status>("status", Some(status))?, false, Some(false)),
        };
        let nobody = Some(CustomerId(Uuid::nil())).filter(|_| !self.whose.is_empty());
        let by_arrival = self.is_by_arrival();
        let otherwise = if by_arrival { Sort::ReceivedDesc } else { Sort::DocumentDateDesc };
        Ok(DocumentFilter {
            status,
            duplicates,
            held,
            kind: word::<Kind>("kind", Some(&self.kind))?,
            customer_id: word::<CustomerId>("customer", Some(&self.customer))?.or(nobody),
            contact_id: word::<ContactId>("sender", Some(&self.sender))?,
            from: from.filter(|_| by_arrival).map(moment),
            to: to.filter(|_| by_arrival).map(moment),
            date_from: from.filter(|_| !by_arrival),
            date_to: to.filter(|_| !by_arrival),
            amount_from: word::<Amount>("amount_from", Some(&self.amount_from))?,
            amount_to: word::<Amount>("amount_to", Some(&self.amount_to))?,
            currency: Some(self.currency.clone()).filter(|c| !c.trim().is_empty()),
            q: Some(self.q.clone()).filter(|q| !q.trim().is_empty()),
            sort: word::<Sort>("sort", Some(&self.sort))?.unwrap_or(otherwise),
            access: person.caller.access().clone(),
            ..DocumentFilter::default()
        })
    }

    /// `?…` with some parts said otherwise; an empty one is left out.
    fn with(&self, others: &[(&str, &str)]) -> String {
        let own = [
            ("by", self.by.as_str()),
            ("from", &self.from),
            ("to", &self.to),
            ("customer", &self.customer),
            ("whose", &self.whose),
            ("sender", &self.sender),
            ("kind", &self.kind),
            ("status", &self.status),
            ("currency", &self.currency),
            ("amount_from", &self.amount_from),
            ("amount_to", &self.amount_to),
            ("q", &self.q),
            ("sort", &self.sort),
        ];
        let mut query = form_urlencoded::Serializer::new(String::new());
        let said = |name: &str| others.iter().any(|(other, _)| *other == name);
        query.extend_pairs(own.into_iter().filter(|(name, value)| !value.is_empty() && !said(name)));
        query.extend_pairs(others.iter().filter(|(_, value)| !value.is_empty()));
        format!("?{}", query.finish())
    }

    /// Its address sorted by something, the other way round where it is already.
    fn sorted(&self, filter: &DocumentFilter, by: &'static str) -> (String, &'static str) {
        let now = filter.sort.as_str();
        let (descending, name) = now.strip_prefix('-').map_or((false, now), |name| (true, name));
        let is_on = name == by;
        let sort = if is_on && descending { by.to_owned() } else { format!("-{by}") };
        let state = match (is_on, descending) {
            (true, true) => "descending",
            (true, false) => "ascending",
            (false, _) => "none",
        };
        (self.with(&[("sort", &sort)]), state)
    }
}

fn iso(date: Date) -> String {
    date.format(format_description!("[year]-[month]-[day]")).unwrap_or_default()
}

/// `20260131` as `2026-01-31`.
fn dashed(digits: &str) -> String {
    match (digits.get(..4), digits.get(4..6), digits.get(6..8)) {
        (Some(year), Some(month), Some(day)) => format!("{year}-{month}-{day}"),
        _ => digits.to_owned(),
    }
}

/// What is summed up in one currency.
struct Total {
    currency: String,
    documents: u64,
    total: String,
    /// Documents of it without an amount.
    without: u64,
}

/// What is of the same time and does not count yet, or does not count.
struct Beside {
    label: &'static str,
    documents: u64,
    href: String,
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

fn totals(sums: &[Sum], filter: &DocumentFilter) -> Vec<Total> {
    let shown = |sum: &&Sum| {
        filter.status.is_none_or(|status| status == sum.status && !sum.duplicates)
            && filter.held.is_none_or(|held| held == sum.held)
            && (!filter.duplicates || sum.duplicates)
    };
    let mut all: Vec<Total> = Vec::new();
    let mut exact: Vec<acuse_storage::export::Exact> = Vec::new();
    for sum in sums.iter().filter(shown) {
        let at = all.iter().position(|t| t.currency == sum.currency).unwrap_or_else(|| {
            all.push(Total {
                currency: sum.currency.clone(),
                documents: 0,
                total: String::new(),
                without: 0,
            });
            exact.push(Default::default());
            all.len() - 1
        });
        exact[at] = exact[at] + sum.total;
        all[at].documents += sum.documents;
        all[at].without += sum.documents - sum.with_amount;
        all[at].total = exact[at].to_string();
    }
    all
}

/// Of the same filter but for the status, what is not filed.
fn beside(sums: &[Sum], ask: &Ask) -> Vec<Beside> {
    let count = |wanted: &dyn Fn(&Sum) -> bool| -> u64 {
        sums.iter().filter(|s| wanted(s)).map(|s| s.documents).sum()
    };
    let of = |status: Status| count(&|s| s.status == status && !s.duplicates && !s.held);
    let all: [(_, _, u64); 4] = [
        ("in_review", "In review", of(Status::InReview)),
        (HELD, HELD_LABEL, count(&|s| s.held)),
        ("rejected", "Rejected", of(Status::Rejected)),
        ("duplicate", "Duplicate", count(&|s| s.duplicates && !s.held)),
    ];
    let some = all.into_iter().filter(|(status, _, documents)| *documents > 0 && ask.status != *status);
    let href = |status| ask.with(&[("status", status)]);
    some.map(|(status, label, documents)| Beside { label, documents, href: href(status) }).collect()
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

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn without_days_it_is_this_month() {
        let ask = Ask::default().with_month(datetime!(2026-02-11 10:00 UTC));
        assert_eq!((ask.from.as_str(), ask.to.as_str()), ("2026-02-01", "2026-02-28"));
        let said = Ask { from: "2026-01-01".into(), ..Ask::default() };
        assert_eq!(said.with_month(datetime!(2026-02-11 10:00 UTC)).to, "", "an open end stays open");
    }

    #[test]
    fn totals_are_of_what_is_shown() {
        use acuse_storage::export::Exact;
        let sum = |currency: &str, status, duplicates, documents, total| Sum {
            currency: currency.to_owned(),
            status,
            duplicates,
            held: false,
            documents,
            with_amount: documents,
            total: Exact::of(total, 4),
        };
        let sums = [
            sum("EUR", Status::Filed, false, 2, 450_000),
            sum("EUR", Status::Filed, true, 1, 100_000),
            sum("EUR", Status::InReview, false, 3, 1),
            sum("COP", Status::Filed, false, 1, -5_000),
            Sum { held: true, ..sum("EUR", Status::Filed, false, 1, 990_000) },
        ];
        let filed =
            DocumentFilter { status: Some(Status::Filed), held: Some(false), ..DocumentFilter::default() };
        let shown: Vec<_> =
            totals(&sums, &filed).into_iter().map(|t| (t.currency, t.documents, t.total)).collect();
        assert_eq!(shown, [("EUR".into(), 2, "45.00".into()), ("COP".into(), 1, "-0.50".into())]);
        let all = DocumentFilter::default();
        assert_eq!(totals(&sums, &all)[0].documents, 7);
        let rest = beside(&sums, &Ask::default());
        assert_eq!(
            rest.iter().map(|b| (b.label, b.documents)).collect::<Vec<_>>(),
            [("In review", 3), (HELD_LABEL, 1), ("Duplicate", 1)]
        );
    }
}
