//! What stands behind a number of the ledger that no other list shows: how long a stage took, one by one, and the reviews that
//! ended for a reason. Its days are those of the number, on every page and on the way back.

use acuse_pipeline::reason::ReasonCode;
use acuse_storage::{
    reviews::Resolution,
    throughput::{
        Timed,
        behind::{Counted, CountedCursor, End, Number},
    },
};
use askama::Template;
use axum::{extract::State, response::Response};
use serde::Deserialize;
use time::{Date, Duration, OffsetDateTime};
use url::form_urlencoded;

use super::{
    Frame, Shown,
    flow::spell,
    labels,
    language::Tongue,
    page,
    queue::{PAGE, Row, lines_of},
    session::Person,
};
use crate::{
    extract::{Params, day, word},
    problem::Problem,
    state::App,
};

/// Days that are measured: from one, and before another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Days {
    pub(super) from: Date,
    pub(super) to: Date,
}

impl Days {
    fn span(self) -> (OffsetDateTime, OffsetDateTime) {
        let begins = |day: Date| day.midnight().assume_utc();
        (begins(self.from), begins(self.to))
    }

    /// The list of what a number of these days counts.
    pub(super) fn list(self, number: &Number) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        match number {
            Number::Took { stage, within_secs } => {
                query.append_pair("stage", stage.as_str());
                query.extend_pairs(within_secs.map(|secs| ("within", secs.to_string())));
            }
            Number::Ended { code, resolution } => {
                query.append_pair("reason", code.as_str());
                query.extend_pairs(resolution.as_deref().map(|how| ("how", how)));
            }
        }
        query.append_pair("from", &self.from.to_string()).append_pair("to", &self.to.to_string());
        format!("/ledger/counted?{}", query.finish())
    }
}

/// Query of the list.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Query {
    from: String,
    to: String,
    stage: String,
    within: String,
    reason: String,
    how: Option<String>,
    after: Option<String>,
}

impl Query {
    fn days(&self) -> Result<Days, Problem> {
        let said = day("from", Some(&self.from))?.zip(day("to", Some(&self.to))?);
        let days = said.filter(|(from, to)| from < to).map(|(from, to)| Days { from, to });
        days.ok_or_else(|| Problem::BadRequest("from and to: say both, the earlier first".to_owned()))
    }

    fn number(&self) -> Result<Number, Problem> {
        if let Some(stage) = word::<Timed>("stage", Some(&self.stage))? {
            return Ok(Number::Took { stage, within_secs: word::<u64>("within", Some(&self.within))? });
        }
        let Some(code) = word::<ReasonCode>("reason", Some(&self.reason))? else {
            return Err(Problem::BadRequest("stage or reason: say one".to_owned()));
        };
        word::<Resolution>("how", self.how.as_deref())?;
        Ok(Number::Ended { code, resolution: self.how.clone() })
    }
}

/// A stage, as people call it.
pub(super) fn stage(stage: Timed) -> &'static str {
    match stage {
        Timed::Fetch => "Fetching it",
        Timed::Read => "Reading it",
        Timed::Link => "Whose it is",
        Timed::Review => "In front of a person",
    }
}

/// One of what is counted.
struct Line {
    row: Row,
    took: String,
    /// How and when its review ended.
    ended: Option<(String, String)>,
}

impl Line {
    fn of(row: Row, took: Duration, end: Option<End>, tongue: Tongue) -> Self {
        let how = |end: &End| end.resolution.map(|how| labels::label(how.as_str())).unwrap_or_default();
        Self {
            row,
            took: spell(u64::try_from(took.whole_seconds()).unwrap_or_default()),
            ended: end.map(|end| (tongue.t(&how(&end)).to_owned(), labels::full(end.at))),
        }
    }
}

#[derive(Template)]
#[template(path = "counted.html")]
struct Page {
    frame: Frame,
    title: String,
    first: String,
    last: String,
    /// What else it is narrowed to, and the list without that.
    narrowed: Option<(String, String)>,
    back: String,
    /// Whether they are reviews.
    ended: bool,
    lines: Vec<Line>,
    next: Option<String>,
}

/// `GET /ledger/counted`: `stage`, and within how many seconds; or a `reason`, and `how` it ended.
pub async fn show(State(app): State<App>, person: Person, Params(query): Params<Query>) -> Shown {
    Shown(render(&app, &person, query).await)
}

async fn render(app: &App, person: &Person, query: Query) -> Result<Response, Problem> {
    let (days, number) = (query.days()?, query.number()?);
    let after = word::<CountedCursor>("after", query.after.as_deref())?;
    let access = person.caller.access();
    let found = app.catalog.counted(access, days.span(), &number, after, PAGE).await?;
    let took = |counted: Counted| (counted.document, (counted.took, counted.ended));
    let (documents, times): (Vec<_>, Vec<_>) = found.data.into_iter().map(took).unzip();
    let rows = lines_of(app, person, documents).await?.into_iter().zip(times);
    let tongue = person.tongue;
    let (title, narrowed) = named(days, &number, tongue);
    let list = days.list(&number);
    Ok(page(&Page {
        frame: Frame::of(app, person, "ledger").await?,
        title,
        first: days.from.to_string(),
        last: days.to.previous_day().unwrap_or(days.to).to_string(),
        narrowed,
        back: format!("/ledger?from={}&to={}", days.from, days.to),
        ended: matches!(number, Number::Ended { .. } | Number::Took { stage: Timed::Review, .. }),
        lines: rows.map(|(row, (took, end))| Line::of(row, took, end, tongue)).collect(),
        next: found.next.map(|next| format!("{list}&after={next}")),
    }))
}

/// What a number is called; and what it is narrowed to, with the list of all.
fn named(days: Days, number: &Number, tongue: Tongue) -> (String, Option<(String, String)>) {
    match number {
        Number::Took { stage: of, within_secs } => {
            let all = days.list(&Number::Took { stage: *of, within_secs: None });
            let said = within_secs.map(|secs| tongue.f("no longer than {}", spell(secs)));
            (tongue.t(stage(*of)).to_owned(), said.map(|said| (said, all)))
        }
        Number::Ended { code, resolution } => {
            let all = days.list(&Number::Ended { code: *code, resolution: None });
            let said = resolution.as_deref().map(|how| tongue.t(&labels::label(how)).to_owned());
            (tongue.t(&labels::label(code.as_str())).to_owned(), said.map(|said| (said, all)))
        }
    }
}

#[cfg(test)]
mod tests {
    use time::macros::date;

    use super::*;

    const MAY: Days = Days { from: date!(2026 - 05 - 01), to: date!(2026 - 06 - 01) };

    /// What an address asks for.
    fn asked(address: &str) -> Query {
        let (_, query) = address.split_once('?').unwrap();
        let of = |name: &str| {
            let mut pairs = form_urlencoded::parse(query.as_bytes());
            pairs.find(|(other, _)| other == name).map(|(_, value)| value.into_owned())
        };
        let text = |name: &str| of(name).unwrap_or_default();
        Query {
            from: text("from"),
            to: text("to"),
            stage: text("stage"),
            within: text("within"),
            reason: text("reason"),
            how: of("how"),
            after: of("after"),
        }
    }

    #[test]
    fn an_address_asks_for_the_number_that_it_was_made_of() {
        let code = ReasonCode::Expired;
        for number in [
            Number::Took { stage: Timed::Read, within_secs: None },
            Number::Took { stage: Timed::Review, within_secs: Some(0) },
            Number::Ended { code, resolution: None },
            Number::Ended { code, resolution: Some("asked_again".into()) },
            Number::Ended { code, resolution: Some(String::new()) },
        ] {
            let query = asked(&MAY.list(&number));
            assert_eq!((query.days().unwrap(), query.number().unwrap()), (MAY, number));
        }
    }

    #[test]
    fn what_counts_nothing_is_no_list() {
        for not in ["?stage=read", "?from=2026-05-02", "?from=2026-05-02&to=2026-05-02", "?from=x&to=y"] {
            assert!(asked(not).days().is_err(), "{not}");
        }
        for not in ["?", "?stage=sleep", "?stage=read&within=-1", "?reason=expired&how=eaten"] {
            assert!(asked(not).number().is_err(), "{not}");
        }
    }
}
