//! The ledger: whether something stands for every file that came, where every document is, and, drawn, how much came by
//! day, how old what waits is, how long the stages took and how reviews ended by reason. A number leads to what it
//! counts, of the same days, where a page lists that.

use acuse_storage::{
    arrivals::{ArrivalLedger, Lost},
    keys::Scope,
    ledger::Ledger,
    message_ledger::MessageLedger,
    throughput::{DayCount, Ended, StageTime, Throughput, behind::Number},
};
use askama::Template;
use axum::{extract::State, http::Version, response::Response};
use serde::Deserialize;
use time::{Date, Duration, OffsetDateTime, Time};
use url::form_urlencoded;

use super::{
    Frame, Shown,
    came::DaysAsked,
    counted::{Days, stage},
    flow::{
        DayRow, Linked,
        draw::{Column, columns},
        spell,
    },
    labels,
    language::Tongue,
    page,
    queue_view::QueueView,
    session::Person,
};
use crate::{
    access::rights::Right,
    contacts::place_of,
    export,
    extract::{Params, time},
    problem::Problem,
    state::App,
};

/// The places of the ledger, as they are drawn, with their names.
pub(super) const PLACES: [(&str, &str); 5] = [
    ("filed", "filed"),
    ("in_review", "in review"),
    ("rejected", "rejected"),
    ("duplicate", "duplicate"),
    ("processing", "processing"),
];
/// The same, as colours.
const TONES: [&str; 5] = ["filed", "in_review", "rejected", "duplicate", "processing"];
/// Days that are drawn where no day is named, and at most.
const DAYS: Duration = Duration::days(30);
const MOST_DAYS: Duration = Duration::days(92);
/// Ages of what waits, as the catalog counts them.
pub(super) const AGES: [&str; 5] =
    ["under an hour", "under a day", "under three days", "under a week", "older"];

/// Query of the ledger.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Span {
    from: String,
    to: String,
}

impl Span {
    /// The documents of a place that came in these days.
    fn list(&self, place: &str) -> String {
        documents(place, &self.from, &self.to)
    }
}

/// A list of documents of a place, received at or after `from` and before `to`.
fn documents(place: &str, from: &str, to: &str) -> String {
    let said = [("status", place), ("from", from), ("to", to)];
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(said.into_iter().filter(|(_, value)| !value.is_empty()));
    format!("/documents?{}", query.finish())
}

/// One place of the ledger, as a segment of its bar.
struct Segment {
    label: &'static str,
    tone: &'static str,
    count: u64,
    href: String,
    /// On a scale of a thousand.
    x: u64,
    width: u64,
}

fn places(ledger: &Ledger, span: &Span) -> Vec<Segment> {
    let counts = [ledger.filed, ledger.in_review, ledger.rejected, ledger.duplicate, ledger.processing];
    let is_of_all_time = span.from.is_empty() && span.to.is_empty();
    let all = ledger.received.max(1);
    let mut before = 0;
    PLACES
        .into_iter()
        .zip(counts)
        .map(|((tone, label), count)| {
            let x = before * 1000 / all;
            before += count;
            let href = match tone {
                "in_review" if is_of_all_time => "/".to_owned(),
                place => span.list(place),
            };
            Segment { label, tone, count, href, x, width: before * 1000 / all - x }
        })
        .collect()
}

/// A file that nothing stands for.
struct Gone {
    kind: String,
    at: String,
    /// Its place in the conversation.
    href: Option<String>,
}

/// A piece of a bar, on a scale of a thousand.
struct Slice {
    tone: &'static str,
    x: u64,
    width: u64,
    title: String,
    /// What it counts.
    href: String,
}

/// A line of a chart: what it is of, how many, where these are listed, and how it is drawn.
struct Bar {
    label: String,
    count: u64,
    href: String,
    slices: Vec<Slice>,
}

/// A number of a table as it is shown, what it is called where nobody sees its place, and where it leads.
struct Told {
    said: String,
    name: String,
    href: String,
}

/// How long a stage took: of how many; half, and nine of ten, within.
struct Took {
    label: &'static str,
    numbers: [Told; 3],
}

#[derive(Template)]
#[template(path = "ledger.html")]
struct Page {
    frame: Frame,
    received: u64,
    all: String,
    balanced: bool,
    segments: Vec<Segment>,
    /// Of all files; none for whoever sees a part of the documents only.
    came: Option<ArrivalLedger>,
    gone: Vec<Gone>,
    /// Of all messages; likewise.
    messages: Option<MessageLedger>,
    /// Where what these two count is listed.
    lists: DaysAsked,
    first: String,
    last: String,
    columns: Vec<Column>,
    days: Vec<DayRow>,
    places: Vec<String>,
    waiting: Vec<Bar>,
    stages: Vec<Took>,
    ended: Vec<Bar>,
    from: String,
    to: String,
}

/// `GET /ledger`.
pub async fn show(State(app): State<App>, person: Person, Params(span): Params<Span>) -> Shown {
    Shown(render(&app, &person, span).await)
}

async fn render(app: &App, person: &Person, span: Span) -> Result<Response, Problem> {
    let (from, to) = (time("from", Some(&span.from))?, time("to", Some(&span.to))?);
    let (access, now) = (person.caller.access(), app.catalog.now());
    let ledger = app.catalog.ledger_for(access, from, to).await?;
    let (came, messages) = if access.is_bound() {
        (None, None)
    } else {
        (Some(app.catalog.arrivals(from, to).await?), Some(app.catalog.message_ledger(now).await?))
    };
    let (first, after) = drawn(from, to, now.date());
    let begins = |day: Date| day.midnight().assume_utc();
    let measured = app.catalog.throughput(access, begins(first), begins(after)).await?;
    let tongue = person.tongue;
    let names: Vec<String> = PLACES.iter().map(|(_, label)| tongue.t(label).to_owned()).collect();
    let days = rows(&measured.days, first, after);
    let listed = Days { from: first, to: after };
    Ok(page(&Page {
        frame: Frame::of(app, person, "ledger").await?,
        received: ledger.received,
        all: span.list(""),
        balanced: ledger.balanced && came.as_ref().is_none_or(|came| came.sums.balanced),
        segments: places(&ledger, &span),
        gone: came.iter().flat_map(|came| gone(&came.lost_files, person)).collect(),
        came: came.map(|came| came.sums),
        messages,
        lists: DaysAsked::of(&span.from, &span.to),
        first: first.to_string(),
        last: after.previous_day().unwrap_or(after).to_string(),
        columns: columns(&days, &names, &TONES),
        days: days.into_iter().rev().filter(|day| day.began.count > 0).collect(),
        places: names,
        waiting: waiting(&measured, tongue),
        stages: measured.stages.iter().map(|time| took(time, listed, tongue)).collect(),
        ended: ended(&measured.ended, listed, tongue),
        from: span.from,
        to: span.to,
    }))
}

/// `GET /export`: the books to take away.
pub async fn export(
    State(app): State<App>,
    person: Person,
    version: Version,
    Params(query): Params<export::Query>,
) -> Result<Response, Problem> {
    person.must(Right::Finance)?;
    export::answered(&app, &person.caller, &query, version).await
}

/// The days that are drawn of a span, none to come: the first, and the one after the last.
fn drawn(from: Option<OffsetDateTime>, to: Option<OffsetDateTime>, today: Date) -> (Date, Date) {
    let next = |day: Date| day.next_day().unwrap_or(day);
    let ends = |to: OffsetDateTime| if to.time() == Time::MIDNIGHT { to.date() } else { next(to.date()) };
    let after = to.map_or(next(today), ends).min(next(today));
    let before = |days: Duration| after.checked_sub(days).unwrap_or(Date::MIN);
    let first = from.map_or(before(DAYS), OffsetDateTime::date);
    (first.clamp(before(MOST_DAYS), after), after)
}

/// Each day from the first on, with where the documents are that came on it.
fn rows(counts: &[DayCount], first: Date, after: Date) -> Vec<DayRow> {
    let mut rows = Vec::new();
    let mut day = first;
    while day < after {
        let next = day.next_day().unwrap_or(after);
        let (from, to) = (day.to_string(), next.to_string());
        let linked = |(place, _): &(&str, &str)| Linked {
            count: counts.iter().filter(|c| c.day == day && c.place == *place).map(|c| c.count).sum(),
            href: documents(place, &from, &to),
        };
        let states: Vec<Linked> = PLACES.iter().map(linked).collect();
        let all = states.iter().map(|linked| linked.count).sum();
        let began = Linked { count: all, href: documents("", &from, &to) };
        rows.push(DayRow { day: from, began, states });
        day = next;
    }
    rows
}

fn gone(lost: &[Lost], person: &Person) -> Vec<Gone> {
    let reads = person.caller.has(Scope::MessagesRead);
    let one = |lost: &Lost| Gone {
        kind: person.tongue.t(&labels::label(&lost.kind)).to_owned(),
        at: labels::full(lost.at),
        // What came without a message has no place in a conversation; the incident and the API name it.
        href: lost
            .contact_id
            .zip(lost.message_id)
            .filter(|_| reads)
            .map(|(contact, message)| place_of(contact, lost.at, message.0)),
    };
    lost.iter().map(one).collect()
}

fn waiting(measured: &Throughput, tongue: Tongue) -> Vec<Bar> {
    let most = measured.waiting.iter().max().copied().unwrap_or_default().max(1);
    let bar = |(place, (label, count)): (usize, (&str, &u64))| {
        let label = tongue.t(label).to_owned();
        let (title, href) = (format!("{label}: {count}"), of_age(measured, place));
        let slice = Slice { tone: "in_review", x: 0, width: count * 1000 / most, title, href: href.clone() };
        Bar { label, count: *count, href, slices: vec![slice] }
    };
    AGES.into_iter().zip(&measured.waiting).enumerate().map(bar).collect()
}

/// The queue of what has waited as long as is counted in a place, the longest waiting first: by the times that were counted by, so
/// that it is the same for whoever looks later.
fn of_age(measured: &Throughput, place: usize) -> String {
    let (from, to) = measured.since(place);
    let said = |at: Option<OffsetDateTime>| at.map(labels::full).unwrap_or_default();
    let view = QueueView { from: said(from), to: said(to), sort: "since".to_owned(), ..QueueView::default() };
    format!("/{}", view.query())
}

fn took(time: &StageTime, days: Days, tongue: Tongue) -> Took {
    let label = stage(time.stage);
    let told = |of: &str, said: String, within_secs: Option<u64>| Told {
        name: format!("{}, {}: {said}", tongue.t(label), tongue.t(of)),
        href: days.list(&Number::Took { stage: time.stage, within_secs }),
        said,
    };
    let within = |of: &str, secs: u64| told(of, spell(secs), Some(secs));
    Took {
        label,
        numbers: [
            told("Documents", time.count.to_string(), None),
            within("Half within", time.median_secs),
            within("nine of ten within", time.p90_secs),
        ],
    }
}

/// How the reviews of each reason ended, what was most first.
fn ended(all: &[Ended], days: Days, tongue: Tongue) -> Vec<Bar> {
    let mut bars: Vec<Bar> = all
        .chunk_by(|one, other| one.code == other.code)
        .filter_map(|of_code| Some((of_code.first()?.code, of_code)))
        .map(|(code, of_code)| {
            let list = |resolution: Option<String>| days.list(&Number::Ended { code, resolution });
            let count: u64 = of_code.iter().map(|e| e.count).sum();
            let mut before = 0;
            let slice = |e: &Ended| {
                let x = before * 1000 / count.max(1);
                before += e.count;
                let said = tongue.t(&labels::label(&e.resolution)).to_owned();
                let width = before * 1000 / count.max(1) - x;
                let (title, href) = (format!("{said}: {}", e.count), list(Some(e.resolution.clone())));
                Slice { tone: tone(&e.resolution), x, width, title, href }
            };
            let slices = of_code.iter().map(slice).collect();
            let label = tongue.t(&labels::label(code.as_str())).to_owned();
            Bar { label, count, href: list(None), slices }
        })
        .collect();
    bars.sort_by_key(|bar| std::cmp::Reverse(bar.count));
    bars
}

/// As what a way to end is drawn: filed, refused, asked for again, or gone round once more.
fn tone(resolution: &str) -> &'static str {
    match resolution {
        "approved" | "corrected" => "filed",
        "rejected" => "rejected",
        "asked_again" => "in_review",
        "duplicate" => "duplicate",
        _ => "processing",
    }
}

#[cfg(test)]
mod tests {
    use acuse_pipeline::reason::ReasonCode;
    use time::macros::{date, datetime};

    use super::*;

    const LEDGER: Ledger = Ledger {
        received: 7,
        filed: 3,
        in_review: 1,
        rejected: 1,
        duplicate: 1,
        processing: 1,
        balanced: true,
    };

    #[test]
    fn the_scale_is_filled_exactly() {
        let segments = places(&LEDGER, &Span::default());
        assert_eq!(segments.iter().map(|p| p.width).sum::<u64>(), 1000);
        assert!(segments.windows(2).all(|w| w[0].x + w[0].width == w[1].x));
    }

    #[test]
    fn a_number_leads_to_what_it_counts_of_the_same_days() {
        let span = Span { from: "2026-05-01".into(), to: "2026-06-01".into() };
        let hrefs: Vec<String> = places(&LEDGER, &span).into_iter().map(|p| p.href).collect();
        let dated = |place: &str| format!("/documents?status={place}&from=2026-05-01&to=2026-06-01");
        assert_eq!(hrefs, PLACES.map(|(place, _)| dated(place)));
        assert_eq!(span.list(""), "/documents?from=2026-05-01&to=2026-06-01");
        assert_eq!(places(&LEDGER, &Span::default())[1].href, "/", "all that waits is the queue");
    }

    #[test]
    fn a_month_is_drawn_where_no_day_is_named_and_three_at_most() {
        let today = date!(2026 - 05 - 14);
        assert_eq!(drawn(None, None, today), (date!(2026 - 04 - 15), date!(2026 - 05 - 15)));
        let from = Some(datetime!(2020-01-01 0:00 UTC));
        assert_eq!(drawn(from, None, today).0, date!(2026 - 02 - 12));
        let to = Some(datetime!(2026-05-03 0:00 UTC));
        assert_eq!(drawn(from, to, today).1, date!(2026 - 05 - 03), "the end is not among them");
        assert_eq!(drawn(None, Some(datetime!(2099-01-01 0:00 UTC)), today).1, date!(2026 - 05 - 15));
        let (first, after) = drawn(to, from, today);
        assert_eq!(first, after, "nothing is drawn of a span that ends before it begins");
    }

    #[test]
    fn every_document_is_drawn_on_its_day() {
        let count = |day, place: &str, count| DayCount { day, place: place.into(), count };
        let (first, next) = (date!(2026 - 05 - 01), date!(2026 - 05 - 02));
        let counts = [count(first, "filed", 3), count(first, "rejected", 1), count(next, "filed", 2)];
        let days = rows(&counts, first, date!(2026 - 05 - 04));
        assert_eq!(days.iter().map(|d| d.began.count).collect::<Vec<_>>(), [4, 2, 0]);
        assert_eq!(days[0].states[2].href, "/documents?status=rejected&from=2026-05-01&to=2026-05-02");
    }

    #[test]
    fn the_ends_of_a_reason_fill_its_bar() {
        let end = |code, resolution: &str, count| Ended { code, resolution: resolution.into(), count };
        let all = [
            end(ReasonCode::Expired, "rejected", 1),
            end(ReasonCode::UnknownCustomer, "approved", 2),
            end(ReasonCode::UnknownCustomer, "rejected", 5),
        ];
        let days = Days { from: date!(2026 - 05 - 01), to: date!(2026 - 06 - 01) };
        let bars = ended(&all, days, Tongue::En);
        assert_eq!(bars.iter().map(|b| b.count).collect::<Vec<_>>(), [7, 1]);
        assert_eq!(bars[0].slices.iter().map(|s| s.width).sum::<u64>(), 1000);
        assert_eq!(bars[0].slices[1].title, "Rejected: 5");
        let (all, some) = (&bars[0].href, &bars[0].slices[1].href);
        assert_eq!(all, "/ledger/counted?reason=unknown_customer&from=2026-05-01&to=2026-06-01");
        assert_eq!(
            some,
            "/ledger/counted?reason=unknown_customer&how=rejected&from=2026-05-01&to=2026-06-01"
        );
    }

    #[test]
    fn what_waits_is_listed_by_the_times_that_it_was_counted_by() {
        let at = datetime!(2026-05-14 10:00 UTC);
        let measured = Throughput {
            at,
            days: Vec::new(),
            waiting: [1, 0, 2, 0, 9],
            stages: Vec::new(),
            ended: Vec::new(),
        };
        let hrefs: Vec<String> = waiting(&measured, Tongue::En).into_iter().map(|bar| bar.href).collect();
        assert_eq!(hrefs[0], "/?from=2026-05-14T09%3A00%3A00Z&sort=since");
        assert_eq!(hrefs[2], "/?from=2026-05-11T10%3A00%3A00Z&to=2026-05-13T10%3A00%3A00Z&sort=since");
        assert_eq!(hrefs[4], "/?to=2026-05-07T10%3A00%3A00Z&sort=since");
    }
}
