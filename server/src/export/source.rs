//! Where the rows of an export come from, page by page; each view of what others may not see is written down before the
//! page leaves.

use acuse_pipeline::fields::Fields;
use acuse_storage::{
    DocumentId, Sensitivity,
    export::{ExportCursor, Line, Missing, Span, Sums, Totals},
    periods::{Entry, Period, PeriodCursor, PeriodPart},
};
use time::OffsetDateTime;

use super::PAGE;
use crate::{
    app::App,
    http::{auth::Caller, problem::Problem},
};

/// Which rows.
#[derive(Debug, Clone)]
pub enum Source {
    /// The books as they are now.
    Books(Span),
    /// Of a closed month.
    Closed(Box<Period>, PeriodPart),
}

impl Source {
    /// A file's name.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Books(span) => {
                let day = |day: Option<time::Date>| day.map_or_else(|| "all".to_owned(), |d| d.to_string());
                format!("acuse-{}-{}", day(span.from), day(span.to))
            }
            Self::Closed(period, part) => format!("acuse-{}-{part}", period.month),
        }
    }
}

/// One row.
pub struct Row {
    /// What accounting takes.
    pub line: Line,
    /// All that was read of it; a frozen line has none.
    pub fields: Option<Fields>,
    /// How it came to be in a closed month.
    pub entry: Option<Entry>,
    /// When, of what came afterwards.
    pub entry_at: Option<OffsetDateTime>,
    /// As it was frozen.
    pub frozen: Option<String>,
}

enum Place {
    Books(Option<ExportCursor>),
    Closed(Option<PeriodCursor>),
    End,
}

/// Rows on their way out, and what they sum up to so far.
pub struct Rows {
    app: App,
    caller: Caller,
    source: Source,
    place: Place,
    sums: Sums,
}

impl Rows {
    pub(super) fn new(app: App, caller: Caller, source: Source) -> Self {
        let place = match source {
            Source::Books(_) => Place::Books(None),
            Source::Closed(..) => Place::Closed(None),
        };
        Self { app, caller, source, place, sums: Sums::default() }
    }

    /// Whether the rows say how they came to be there.
    pub(super) fn has_entries(&self) -> bool {
        matches!(self.source, Source::Closed(..))
    }

    /// The next rows, at least one; none at the end.
    pub(super) async fn next_page(&mut self) -> Result<Option<Vec<Row>>, Problem> {
        let (rows, shown) = match (&self.source, &self.place) {
            (Source::Books(span), Place::Books(after)) => {
                let (found, next) =
                    self.app.catalog.export_page(self.caller.access(), *span, after.as_ref(), PAGE).await?;
                self.place = next.map_or(Place::End, |next| Place::Books(Some(next)));
                let shown = sensitive(found.iter().map(|e| (e.line.document_id, e.sensitivity)));
                let rows = found.into_iter().map(|e| Row {
                    line: e.line,
                    fields: Some(e.fields),
                    entry: None,
                    entry_at: None,
                    frozen: None,
                });
                (rows.collect::<Vec<_>>(), shown)
            }
            (Source::Closed(period, part), Place::Closed(after)) => {
                let found =
                    self.app.catalog.period_page(self.caller.access(), period, *part, after.as_ref(), PAGE);
                let (found, next) = found.await?;
                self.place = next.map_or(Place::End, |next| Place::Closed(Some(next)));
                let shown = sensitive(found.iter().map(|l| (l.line.document_id, l.sensitivity)));
                let rows = found.into_iter().map(|l| Row {
                    line: l.line,
                    fields: None,
                    entry: Some(l.entry),
                    entry_at: l.at,
                    frozen: l.text,
                });
                (rows.collect(), shown)
            }
            _ => return Ok(None),
        };
        self.app.catalog.audit_views(&self.caller.actor, "export", &shown).await?;
        for row in &rows {
            self.sums.add(&row.line);
        }
        Ok((!rows.is_empty()).then_some(rows))
    }

    /// What the rows so far sum up to, and what is missing beside them.
    pub(super) async fn totals(&self) -> Result<Totals, Problem> {
        let missing = match self.source {
            Source::Books(span) => self.app.catalog.export_missing(self.caller.access(), span).await?,
            Source::Closed(..) => Missing::default(),
        };
        Ok(Totals::new(self.sums.clone(), missing))
    }
}

fn sensitive(rows: impl Iterator<Item = (DocumentId, Sensitivity)>) -> Vec<DocumentId> {
    rows.filter(|(_, sensitivity)| *sensitivity != Sensitivity::Open).map(|(id, _)| id).collect()
}
