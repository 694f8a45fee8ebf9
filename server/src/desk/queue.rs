//! The queue: what waits, for how long, why, and with whom.

use acuse_pipeline::{
    document::Kind,
    fields::FieldName,
    reason::{Reason, ReasonCode},
};
use acuse_storage::{
    Document, DocumentId, ReviewId,
    reviews::{Order, Party, Review, ReviewFilter, Table},
};
use askama::Template;
use axum::{extract::State, response::Response};
use serde::Deserialize;
use time::{Duration, OffsetDateTime};
use url::form_urlencoded;

use super::{Frame, Shown, page, session::Person, words};
use crate::{
    access::{self, Sight},
    app::App,
    http::{
        extract::{Params, word},
        problem::Problem,
    },
};

/// Within what time a document should be decided.
const DUE: Duration = Duration::DAY;

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
    /// Whom it was handed to.
    pub handed_to: Option<String>,
    /// Until when it is postponed, RFC 3339.
    pub postponed: Option<String>,
    /// When it should be decided, RFC 3339.
    pub due: String,
    /// What it is.
    pub kind: &'static str,
    /// Whose paper it is.
    pub party: String,
    /// With its currency.
    pub amount: String,
    /// Whose it is, where known.
    pub customer: String,
    /// Who sent it.
    pub sender: String,
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
    pub fn of(
        document: &Sight,
        party: Option<&Party>,
        since: OffsetDateTime,
        is_late: bool,
        now: OffsetDateTime,
    ) -> Self {
        let withheld = document.is_withheld();
        let thumbnail = document.thumbnail_key.as_ref();
        let value = |names: &[FieldName]| {
            let found = names.iter().find_map(|name| document.fields.get(name));
            found.map(|f| f.value.to_string()).unwrap_or_default()
        };
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
            handed_to: None,
            postponed: None,
            due: words::full(since + DUE),
            kind: words::kind(document.kind),
            party: value(&[FieldName::IssuerName, FieldName::MerchantName]),
            amount: format!("{} {}", value(&[FieldName::Total]), value(&[FieldName::Currency]))
                .trim()
                .to_owned(),
            customer: party.and_then(|p| p.customer.clone()).unwrap_or_default(),
            sender: party.map(sender).unwrap_or_default(),
            since: words::full(since),
            age: words::ago(since, now),
            age_tone: if is_late && now - since > Duration::DAY { "late" } else { "" },
        }
    }

    fn of_review(
        review: &Review,
        document: &Sight,
        party: Option<&Party>,
        only: &str,
        now: OffsetDateTime,
    ) -> Self {
        let mut row = Self::of(document, party, review.opened_at, true, now);
        row.href.push_str(only);
        row.claimed_by =
            review.claimed_by.as_deref().map(|by| by.strip_prefix("user:").unwrap_or(by).to_owned());
        row.handed_to =
            review.handed_to.as_deref().map(|to| to.strip_prefix("user:").unwrap_or(to).to_owned());
        if let Some(until) = review.postponed_until.filter(|until| *until > now) {
            row.due = words::full(until);
            row.postponed = Some(row.due.clone());
            row.age_tone = "";
        }
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

/// By what name or number a sender is known.
fn sender(party: &Party) -> String {
    let phone = party.phone.as_ref().map(|p| format!("+{p}"));
    party.sender.clone().or(phone).or_else(|| party.alias.clone()).unwrap_or_default()
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
    kinds: Vec<(&'static str, &'static str)>,
    orders: Vec<(&'static str, &'static str)>,
    ask: Ask,
    /// Whether only some of what waits is asked for.
    filtered: bool,
    rows: Vec<Row>,
    next: Option<String>,
}

/// Query of the queue.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
pub struct Ask {
    reason: Option<String>,
    kind: String,
    /// `mine` or `free`.
    who: String,
    order: String,
    q: String,
    after: Option<String>,
}

/// Orders by their names in addresses.
const ORDERS: &[(&str, &str)] =
    &[("", "Longest waiting first"), ("newest", "Newest first"), ("amount", "Largest amount first")];

impl Ask {
    fn table(&self, person: &Person) -> Result<Table, Problem> {
        let kind = Some(self.kind.as_str()).filter(|kind| !kind.is_empty());
        let filter = ReviewFilter {
            reason: word::<ReasonCode>("reason", self.reason.as_deref().filter(|r| !r.is_empty()))?,
            kind: word::<Kind>("kind", kind)?,
            claimed_by: (self.who == "mine").then(|| person.caller.actor.clone()),
            unclaimed: self.who == "free",
            access: person.caller.access().clone(),
            ..ReviewFilter::default()
        };
        let order = match self.order.as_str() {
            "newest" => Order::Newest,
            "amount" => Order::Amount,
            _ => Order::Oldest,
        };
        Ok(Table { filter, order, q: Some(self.q.clone()).filter(|q| !q.trim().is_empty()) })
    }

    /// The address of the page after this one.
    fn after(&self, id: ReviewId) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        let parts = [("kind", &self.kind), ("who", &self.who), ("order", &self.order), ("q", &self.q)];
        query.extend_pairs(self.reason.iter().map(|reason| ("reason", reason)));
        query.extend_pairs(parts.iter().filter(|(_, value)| !value.is_empty()));
        query.append_pair("after", &id.to_string());
        format!("/?{}", query.finish())
    }
}

/// `GET /`.
pub async fn show(State(app): State<App>, person: Person, Params(ask): Params<Ask>) -> Shown {
    Shown(render(&app, &person, ask).await)
}

async fn render(app: &App, person: &Person, ask: Ask) -> Result<Response, Problem> {
    let (table, now) = (ask.table(person)?, app.catalog.now());
    let after = word::<ReviewId>("after", ask.after.as_deref())?;
    // By time and without words, the queue is walked by its index.
    let found = if table.q.is_none() && table.order == Order::Oldest {
        app.catalog.reviews(&table.filter, after, PAGE).await?
    } else {
        app.catalog.review_table(&table, after, PAGE).await?
    };
    let ids: Vec<DocumentId> = found.data.iter().map(|(_, d)| d.id).collect();
    let parties = app.catalog.parties_of(&ids).await?;
    let reason = table.filter.reason;
    let only = reason.map(|r| format!("?reason={r}")).unwrap_or_default();
    let (reviews, documents): (Vec<_>, Vec<_>) = found.data.into_iter().unzip();
    let seen = access::list(app, &person.caller, documents).await?;
    let row = |(review, document): (&Review, &Sight)| {
        Row::of_review(review, document, parties.get(&document.id), &only, now)
    };
    let rows = reviews.iter().zip(&seen).map(row).collect();
    let frame = Frame::of(app, person, "queue").await?;
    let next = found.next.map(|id| ask.after(id));
    let total = frame.open_reviews;
    let counted = app.catalog.count_reasons(person.caller.access()).await?;
    let reasons: Vec<Chip> =
        counted.into_iter().map(|(code, count)| Chip::coded(code, String::new(), count)).collect();
    let chosen = reason.map(|r| r.as_str().to_owned()).unwrap_or_default();
    let filtered =
        reason.is_some() || table.filter.kind.is_some() || table.q.is_some() || !ask.who.is_empty();
    let kinds = Kind::ALL.iter().map(|k| (k.as_str(), words::kind(Some(*k)))).collect();
    Ok(page(&Queue {
        reasons,
        total,
        chosen,
        kinds,
        orders: ORDERS.to_vec(),
        filtered,
        rows,
        next,
        ask,
        frame,
    }))
}
