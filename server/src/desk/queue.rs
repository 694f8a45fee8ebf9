//! The queue: what waits, for how long, why, and with whom.

use acuse_pipeline::{
    document::Kind,
    reason::{Reason, ReasonCode},
};
use acuse_storage::{
    Document, DocumentId, ReviewId,
    reviews::{Party, Review, ReviewFilter},
};
use askama::Template;
use axum::{extract::State, response::Response};
use serde::Deserialize;
use time::{Duration, OffsetDateTime};

use super::{Frame, Shown, page, session::Person, words};
use crate::{
    access::{self, Sight},
    app::App,
    http::{
        extract::{Params, word},
        problem::Problem,
    },
};

/// Documents on one page of a list.
pub const PAGE: u32 = 50;

/// A reason as a chip.
pub struct Chip {
    /// Its code, for links.
    pub code: &'static str,
    /// Its words.
    pub label: String,
    /// Its colour.
    pub tone: &'static str,
    /// The sentence for the reviewer.
    pub message: String,
    /// How many wait with it, where counted.
    pub count: u64,
}

impl Chip {
    /// The chip of a reason. An ID's particulars are not quoted in lists.
    #[must_use]
    pub fn of(reason: &Reason, quote: bool) -> Self {
        Self::coded(reason.code, if quote { reason.message.clone() } else { String::new() }, 0)
    }

    fn coded(code: ReasonCode, message: String, count: u64) -> Self {
        Self {
            code: code.as_str(),
            label: words::label(code.as_str()),
            tone: words::tone(code),
            message,
            count,
        }
    }
}

/// A document as a line of a list.
pub struct Row {
    /// Where it opens.
    pub href: String,
    /// Its small picture; never an ID's.
    pub thumbnail: Option<String>,
    /// In place of a picture: `PDF`, `ID`.
    pub type_mark: &'static str,
    /// What it is called.
    pub title: String,
    /// Date, file name.
    pub subtitle: String,
    /// Its status.
    pub status: &'static str,
    /// In words.
    pub status_label: &'static str,
    /// Why it waits.
    pub reasons: Vec<Chip>,
    /// Who sent it, or whose it is.
    pub who: String,
    /// Who holds it.
    pub claimed_by: Option<String>,
    /// Since when, RFC 3339.
    pub since: String,
    /// In words.
    pub age: String,
    /// `late` after a day.
    pub age_tone: &'static str,
}

impl Row {
    /// A line for a document of `party` that waits (or came) since `since`.
    #[must_use]
    pub fn of(document: &Sight, party: Option<&Party>, since: OffsetDateTime, is_late: bool) -> Self {
        let now = OffsetDateTime::now_utc();
        let withheld = document.is_withheld();
        let thumbnail = document.thumbnail_key.as_ref();
        let subtitle = if withheld { String::new() } else { subtitle(document) };
        Self {
            href: format!("/documents/{}", document.id),
            thumbnail: thumbnail.map(|_| format!("/pictures/{}?variant=thumbnail", document.id)),
            type_mark: type_mark(document),
            title: words::title(document.kind, &document.fields),
            subtitle,
            status: if document.duplicate_of.is_some() { "duplicate" } else { document.status.as_str() },
            status_label: status_label(document),
            reasons: document.reasons.iter().map(|r| Chip::of(r, !withheld)).collect(),
            who: named(document, party),
            claimed_by: None,
            since: words::full(since),
            age: words::ago(since, now),
            age_tone: if is_late && now - since > Duration::DAY { "late" } else { "" },
        }
    }

    fn of_review(review: &Review, document: &Sight, party: Option<&Party>, only: &str) -> Self {
        let mut row = Self::of(document, party, review.opened_at, true);
        row.href.push_str(only);
        row.claimed_by =
            review.claimed_by.as_deref().map(|by| by.strip_prefix("user:").unwrap_or(by).to_owned());
        row
    }
}

/// The status in words; a duplicate is told apart from what was filed.
#[must_use]
pub fn status_label(document: &Document) -> &'static str {
    if document.duplicate_of.is_some() { "Duplicate" } else { words::status(document.status) }
}

fn subtitle(document: &Document) -> String {
    use acuse_pipeline::fields::FieldName::{Date, IssueDate, Number};
    let value = |name| document.fields.get(&name).map(|f| f.value.to_string());
    let number = value(Number).map(|n| format!("no. {n}"));
    let parts = [value(IssueDate).or_else(|| value(Date)), number, document.declared.filename.clone()];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    if parts.is_empty() { document.media_type.clone().unwrap_or_default() } else { parts.join(" · ") }
}

fn type_mark(document: &Document) -> &'static str {
    let declared =
        document.media_type.as_deref().or(document.declared.media_type.as_deref()).unwrap_or_default();
    match (document.kind, declared) {
        (Some(Kind::Id), _) => "ID",
        (_, "application/pdf") => "PDF",
        (_, t) if t.starts_with("image/") => "IMG",
        (_, t) if t.starts_with("video/") => "VIDEO",
        (_, t) if t.starts_with("audio/") => "AUDIO",
        _ => "FILE",
    }
}

/// Whose a document is: the customer, else the sender.
fn named(document: &Document, party: Option<&Party>) -> String {
    let Some(party) = party else { return words::label(document.source.as_str()) };
    if let Some(customer) = &party.customer {
        return customer.clone();
    }
    if document.contact_id.is_none() {
        return words::label(document.source.as_str());
    }
    let phone = party.phone.as_ref().map(|p| format!("+{p}"));
    party
        .sender
        .clone()
        .or(phone)
        .or_else(|| party.alias.clone())
        .unwrap_or_else(|| "Unknown sender".to_owned())
}

/// Whose a document is.
///
/// # Errors
/// When the catalog fails.
pub async fn who(app: &App, document: &Document) -> Result<String, Problem> {
    let parties = app.catalog.parties_of(&[document.id]).await?;
    Ok(named(document, parties.get(&document.id)))
}

#[derive(Template)]
#[template(path = "queue.html")]
struct Queue {
    frame: Frame,
    total: u64,
    reasons: Vec<Chip>,
    chosen: String,
    chosen_label: String,
    rows: Vec<Row>,
    next: Option<String>,
}

/// Query of the queue.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Ask {
    reason: Option<String>,
    after: Option<String>,
}

/// `GET /`.
pub async fn show(State(app): State<App>, person: Person, Params(ask): Params<Ask>) -> Shown {
    Shown(render(&app, &person, ask).await)
}

async fn render(app: &App, person: &Person, ask: Ask) -> Result<Response, Problem> {
    let reason = word::<ReasonCode>("reason", ask.reason.as_deref())?;
    let after = word::<ReviewId>("after", ask.after.as_deref())?;
    let filter = ReviewFilter { reason, access: person.caller.access().clone(), ..ReviewFilter::default() };
    let found = app.catalog.reviews(&filter, after, PAGE).await?;
    let ids: Vec<DocumentId> = found.data.iter().map(|(_, d)| d.id).collect();
    let parties = app.catalog.parties_of(&ids).await?;
    let only = reason.map(|r| format!("?reason={r}")).unwrap_or_default();
    let (reviews, documents): (Vec<_>, Vec<_>) = found.data.into_iter().unzip();
    let seen = access::list(app, &person.caller, documents).await?;
    let row = |(review, document): (&Review, &Sight)| {
        Row::of_review(review, document, parties.get(&document.id), &only)
    };
    let rows = reviews.iter().zip(&seen).map(row).collect();
    let frame = Frame::of(app, person, "queue").await?;
    let chosen = reason.map(|r| r.as_str().to_owned()).unwrap_or_default();
    let next = found.next.map(|id| format!("/?reason={chosen}&after={id}"));
    let total = frame.open_reviews;
    let counted = app.catalog.count_reasons(person.caller.access()).await?;
    let reasons: Vec<Chip> =
        counted.into_iter().map(|(code, count)| Chip::coded(code, String::new(), count)).collect();
    let chosen_label = reason.map(|r| words::label(r.as_str())).unwrap_or_default();
    Ok(page(&Queue { reasons, total, chosen, chosen_label, rows, next, frame }))
}
