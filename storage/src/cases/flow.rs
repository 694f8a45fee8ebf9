//! The flow of cases: where those are that began in a span, and where people dropped off. Each count is that of a
//! [`super::CaseFilter`] over the same rows, so that a page can link each number to its list.

use acuse_conversation::State;
use serde::Serialize;
use time::{Date, OffsetDateTime};

use crate::{
    access::Access,
    catalog::Catalog,
    conversation,
    error::CatalogError,
    names::{at, micros, number},
    tallies::DAY,
};

const T: &str = "cases";

/// Cases that began in a span.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span<'a> {
    /// Then or later,
    pub from: OffsetDateTime,
    /// and before then.
    pub to: OffsetDateTime,
    /// Only of this kind.
    pub kind: Option<&'a str>,
}

/// How many stand in one place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FlowCount {
    /// Of which kind.
    pub kind: String,
    /// In which state.
    pub state: String,
    /// What they wait for, or did when they ended; empty: nothing.
    pub expects: String,
    /// Where they stood before they ended; empty: they have not, or nobody knows.
    pub left: String,
    /// How many.
    pub count: u64,
}

/// How many of those that began on a day stand in one state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FlowDay {
    /// The day, UTC.
    pub day: Date,
    /// In which state.
    pub state: String,
    /// How many.
    pub count: u64,
}

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// From its beginning until whoever was awaited answered.
    Answer,
    /// From its beginning to its end.
    Close,
}

/// How long it took: half of them no longer than the median, nine of ten no longer than the other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FlowTime {
    /// Of which kind.
    pub kind: String,
    /// From what to what.
    pub measure: Measure,
    /// Of how many.
    pub count: u64,
    /// Seconds.
    pub median_secs: u64,
    /// Seconds.
    pub p90_secs: u64,
}

/// The flow of a span.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Flow {
    /// Where they stand.
    pub counts: Vec<FlowCount>,
    /// Day by day.
    pub days: Vec<FlowDay>,
    /// How long it took.
    pub times: Vec<FlowTime>,
}

impl Flow {
    /// How many of a kind stand in one of these states.
    #[must_use]
    pub fn standing(&self, kind: &str, states: &[State]) -> u64 {
        let is_of = |c: &&FlowCount| c.kind == kind && states.iter().any(|state| state.as_str() == c.state);
        self.counts.iter().filter(is_of).map(|c| c.count).sum()
    }
}

impl Catalog {
    /// The flow of the cases that began in a span, for whom this caller reaches.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn flow(&self, access: &Access, span: Span<'_>) -> Result<Flow, CatalogError> {
        let mut tx = self.reading().await?;
        let within = format!(
            "FROM cases s JOIN contacts c ON c.id = s.contact_id WHERE {} AND s.created_at >= $1 AND s.created_at < $2 \
             AND ($3 = '' OR s.kind = $3)",
            conversation::reach(access, &tx)
        );
        let (from, to, kind) = (micros(span.from), micros(span.to), span.kind.unwrap_or_default());
        let text = format!(
            "SELECT s.kind, s.state, COALESCE(s.expects, s.left_expects, ''), COALESCE(s.left_state, ''), COUNT(*) \
             {within} GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4"
        );
        type Counted = (String, String, String, String, i64);
        let rows = all!(tx, Counted, sqlx::AssertSqlSafe(text.clone()), from, to, kind)?;
        let counts = rows.into_iter().map(|(kind, state, expects, left, count)| {
            Ok(FlowCount { kind, state, expects, left, count: number(T, "id", count)? })
        });
        let counts = counts.collect::<Result<_, CatalogError>>()?;
        let text =
            format!("SELECT s.created_at / {DAY}, s.state, COUNT(*) {within} GROUP BY 1, 2 ORDER BY 1, 2");
        let rows = all!(tx, (i64, String, i64), sqlx::AssertSqlSafe(text.clone()), from, to, kind)?;
        let days = rows.into_iter().map(|(day, state, count)| {
            let day = at(T, "created_at", day.saturating_mul(DAY))?.date();
            Ok(FlowDay { day, state, count: number(T, "id", count)? })
        });
        let days = days.collect::<Result<_, CatalogError>>()?;
        let mut times = Vec::new();
        for (measure, column) in [(Measure::Answer, "answered_at"), (Measure::Close, "closed_at")] {
            let text = format!(
                "SELECT kind, n, place, took FROM (SELECT s.kind AS kind, COUNT(*) OVER (PARTITION BY s.kind) AS n, \
                   ROW_NUMBER() OVER (PARTITION BY s.kind ORDER BY s.{column} - s.created_at) AS place, \
                   s.{column} - s.created_at AS took {within} AND s.{column} IS NOT NULL) AS timed \
                 WHERE place = (n + 1) / 2 OR place = (n * 9 + 9) / 10 ORDER BY kind, place"
            );
            let rows = all!(tx, (String, i64, i64, i64), sqlx::AssertSqlSafe(text.clone()), from, to, kind)?;
            times.extend(timed(measure, rows)?);
        }
        Ok(Flow { counts, days, times })
    }
}

/// Each kind has one row, or two where the median and the ninth of ten are not the same one.
fn timed(measure: Measure, rows: Vec<(String, i64, i64, i64)>) -> Result<Vec<FlowTime>, CatalogError> {
    let mut found: Vec<FlowTime> = Vec::new();
    for (kind, count, _, took) in rows {
        let secs: u64 = number(T, "closed_at", took.max(0) / 1_000_000)?;
        match found.last_mut() {
            Some(known) if known.kind == kind => known.p90_secs = secs,
            _ => {
                let count = number(T, "id", count)?;
                found.push(FlowTime { kind, measure, count, median_secs: secs, p90_secs: secs });
            }
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_row_is_both_figures() {
        let row = |kind: &str, place, took: i64| (kind.to_owned(), 3, place, took * 1_000_000);
        let times =
            timed(Measure::Close, vec![row("ask", 2, 5), row("ask", 3, 9), row("support", 2, 4)]).unwrap();
        let figures: Vec<_> = times.iter().map(|t| (t.kind.as_str(), t.median_secs, t.p90_secs)).collect();
        assert_eq!(figures, [("ask", 5, 9), ("support", 4, 4)]);
    }
}
