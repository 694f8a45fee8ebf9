//! Where the rows of an export come from, page by page, all of them and their totals of one instant; each view of what
//! others may not see is written down before the page leaves.

use std::collections::HashSet;

use acuse_conversation::Clock;
use acuse_pipeline::{
    document::{Kind, Sha256, Status},
    fields::Fields,
};
use acuse_storage::{
    DocumentFilter, DocumentId, Sensitivity,
    documents::DocumentCursor,
    export::{Around, Books, ExportCursor, Line, Span, Sums, Totals},
    periods::{Entry, Period, PeriodCursor, PeriodPart},
};
use time::OffsetDateTime;

use super::PAGE;
use crate::{
    access::{self, Caller},
    problem::Problem,
    state::App,
};

/// Which rows.
#[derive(Debug, Clone)]
pub enum Source {
    /// The books as they are now, and by which clock their times are written.
    Books(Span, Clock),
    /// Of a closed month.
    Closed(Box<Period>, PeriodPart),
    /// What a list shows, whatever its status, and what stands beside it.
    Listed(Box<Listed>),
}

/// A list of documents.
#[derive(Debug, Clone)]
pub struct Listed {
    /// Which.
    pub filter: DocumentFilter,
    /// Its file's name.
    pub name: String,
    /// Where a document's page is: what comes before its path.
    pub base: String,
    /// By which clock its times are written.
    pub clock: Clock,
}

impl Source {
    /// A file's name.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Books(span, _) => {
                let day = |day: Option<time::Date>| day.map_or_else(|| "all".to_owned(), |d| d.to_string());
                format!("acuse-{}-{}", day(span.from), day(span.to))
            }
            Self::Closed(period, part) => format!("acuse-{}-{part}", period.month),
            Self::Listed(listed) => listed.name.clone(),
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
    /// The hash of a line that came late as it was, where it was erased since and whoever asks may have hashes.
    pub erased: Option<Sha256>,
    /// Where it stands, of a list.
    pub status: Option<&'static str>,
    /// Its page and its picture, of a list.
    pub link: Option<Link>,
}

/// Where a document is looked at.
pub struct Link {
    /// All that is known of it.
    pub page: String,
    /// The picture alone; its page where it has none.
    pub picture: String,
}

enum Place {
    Books(Option<ExportCursor>),
    Closed(Option<PeriodCursor>),
    Listed(Option<DocumentCursor>),
    End,
}

/// Rows on their way out, and what they sum up to so far.
pub struct Rows {
    app: App,
    caller: Caller,
    books: Books,
    source: Source,
    place: Place,
    sums: Sums,
}

fn beginning(source: &Source) -> Place {
    match source {
        Source::Books(..) => Place::Books(None),
        Source::Closed(..) => Place::Closed(None),
        Source::Listed(_) => Place::Listed(None),
    }
}

impl Rows {
    /// Of the instant at which the first page is asked for.
    ///
    /// # Errors
    /// When too many exports are read at once, or the catalog fails.
    pub(super) async fn open(app: App, caller: Caller, source: Source) -> Result<Self, Problem> {
        let books = app.catalog.books().await?;
        Ok(Self { app, caller, books, place: beginning(&source), source, sums: Sums::default() })
    }

    /// Whether the rows say how they came to be there.
    pub(super) fn has_entries(&self) -> bool {
        matches!(self.source, Source::Closed(..))
    }

    /// Whether the rows say where they stand and where they are looked at.
    pub(super) fn has_links(&self) -> bool {
        matches!(self.source, Source::Listed(_))
    }

    /// By which clock times are written.
    pub(super) fn clock(&self) -> Clock {
        match &self.source {
            Source::Listed(listed) => listed.clock.clone(),
            Source::Books(_, clock) => clock.clone(),
            Source::Closed(..) => Clock::default(),
        }
    }

    /// What is of the same list but for its status, to stand on a sheet of its own; see [`Rows::go_on_with`].
    pub(super) fn beside(&self) -> Vec<Source> {
        let Source::Listed(listed) = &self.source else { return Vec::new() };
        if listed.filter.status != Some(Status::Filed) {
            return Vec::new();
        }
        let other = |status, duplicates, held| {
            let filter = DocumentFilter { status, duplicates, held: Some(held), ..listed.filter.clone() };
            let listed = Listed { filter, ..(**listed).clone() };
            Source::Listed(Box::new(listed))
        };
        vec![
            other(None, false, true),
            other(Some(Status::InReview), false, false),
            other(Some(Status::Rejected), false, false),
            other(None, true, false),
        ]
    }

    /// Rows of another source at the same instant; what they sum up to begins anew.
    pub(super) fn go_on_with(&mut self, source: Source) {
        (self.place, self.source, self.sums) = (beginning(&source), source, Sums::default());
    }

    async fn listed_page(
        &mut self,
        listed: &Listed,
        after: Option<DocumentCursor>,
    ) -> Result<Vec<Row>, Problem> {
        let found = self.books.documents(&listed.filter, after.as_ref(), LISTED).await?;
        self.place = found.next.map_or(Place::End, |next| Place::Listed(Some(next)));
        let seen = access::look_at(&self.app, &self.caller, found.data, "export").await?;
        let held = match listed.filter.held {
            Some(false) => HashSet::new(),
            _ => self.books.held().await?,
        };
        Ok(seen.iter().map(|seen| row_of(seen, listed, held.contains(&seen.id))).collect())
    }

    /// The next rows, at least one; none at the end.
    pub(super) async fn next_page(&mut self) -> Result<Option<Vec<Row>>, Problem> {
        if let (Source::Listed(listed), Place::Listed(after)) = (&self.source, &self.place) {
            let (listed, after) = (listed.clone(), after.clone());
            let rows = self.listed_page(&listed, after).await?;
            for row in &rows {
                self.sums.add(&row.line);
            }
            return Ok((!rows.is_empty()).then_some(rows));
        }
        let (rows, shown) = match (&self.source, &self.place) {
            (Source::Books(span, _), Place::Books(after)) => {
                let (found, next) =
                    self.books.page(self.caller.access(), *span, after.as_ref(), PAGE).await?;
                self.place = next.map_or(Place::End, |next| Place::Books(Some(next)));
                let shown = sensitive(found.iter().map(|e| (e.line.document_id, e.sensitivity)));
                let rows = found.into_iter().map(|e| Row {
                    line: e.line,
                    fields: Some(e.fields),
                    entry: None,
                    entry_at: None,
                    frozen: None,
                    erased: None,
                    status: None,
                    link: None,
                });
                (rows.collect::<Vec<_>>(), shown)
            }
            (Source::Closed(period, part), Place::Closed(after)) => {
                let found = self.books.period_page(self.caller.access(), period, *part, after.as_ref(), PAGE);
                let (found, next) = found.await?;
                self.place = next.map_or(Place::End, |next| Place::Closed(Some(next)));
                let shown = sensitive(found.iter().map(|l| (l.line.document_id, l.sensitivity)));
                let all = self.caller.access().sees_all();
                let rows = found.into_iter().map(|l| Row {
                    frozen: l.frozen(all),
                    erased: l.erased.filter(|_| all),
                    line: l.line,
                    fields: None,
                    entry: Some(l.entry),
                    entry_at: l.at,
                    status: None,
                    link: None,
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
    pub(super) async fn totals(&mut self) -> Result<Totals, Problem> {
        let missing = match &self.source {
            Source::Books(span, _) => self.books.missing(self.caller.access(), *span).await?,
            Source::Closed(period, part) => {
                self.books.period_missing(self.caller.access(), period, *part).await?
            }
            Source::Listed(listed) => self.books.missing_of(&listed.filter).await?,
        };
        Ok(Totals::new(self.sums.clone(), missing))
    }
}

/// Most documents of one page of a list.
const LISTED: u32 = 500;

/// A document of a list as a line, as far as whoever asks may see it.
fn row_of(seen: &access::Sight, listed: &Listed, is_held: bool) -> Row {
    let base = &listed.base;
    let around = Around {
        document_id: seen.id,
        version: seen.version,
        kind: seen.kind.unwrap_or(Kind::Other),
        customer_id: seen.customer_id,
        entity_id: seen.entity_id,
        direction: seen.direction.map(|d| d.as_str().to_owned()),
        source: seen.source,
        received_at: listed.clock.there(seen.received_at),
        filed_at: seen.filed_at.map(|at| listed.clock.there(at)),
    };
    let page = format!("{base}/documents/{}", seen.id);
    let pictured = |_: &_| format!("{base}/pictures/{}?variant=normalized&page=1", seen.id);
    let status = match seen.duplicate_of {
        _ if is_held => "held",
        Some(_) => "duplicate",
        None => seen.status.as_str(),
    };
    Row {
        line: Line::of(around, &seen.fields),
        fields: Some(seen.fields.clone()),
        entry: None,
        entry_at: None,
        frozen: None,
        erased: None,
        status: Some(status),
        link: Some(Link { picture: seen.pages.first().map_or_else(|| page.clone(), pictured), page }),
    }
}

fn sensitive(rows: impl Iterator<Item = (DocumentId, Sensitivity)>) -> Vec<DocumentId> {
    rows.filter(|(_, sensitivity)| *sensitivity != Sensitivity::Open).map(|(id, _)| id).collect()
}
