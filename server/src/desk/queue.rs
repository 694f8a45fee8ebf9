//! The queue: what waits, for how long, why, and with whom.

use acuse_pipeline::{
    document::Kind,
    fields::FieldName,
    reason::{Reason, ReasonCode},
};
use acuse_storage::{
    ContactId, CustomerId, Document, DocumentId, ReviewId,
    contacts::Contact,
    keys::Scope,
    reviews::{Order, Party, Review, ReviewFilter, Table, views::SavedView},
};
use askama::Template;
use axum::{extract::State, response::Response};
use serde::Deserialize;
use time::OffsetDateTime;
use url::form_urlencoded;

use super::{Frame, Shown, labels, page, queue_view::QueueView, session::Person};
use crate::{
    access::{self, Sight, rights::Right},
    http::{
        extract::{Params, word},
        problem::Problem,
    },
    state::App,
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
            label: labels::label(code.as_str()),
            tone: labels::tone(code),
            message,
            count,
        }
    }
}

/// A document as a line of a list.
pub struct Row {
    /// Where it opens.
    pub href: String,
    /// Which review, where it waits.
    pub review: String,
    /// Whose it is, by id.
    pub customer_id: String,
    /// Who sent it, by id.
    pub contact: String,
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
    /// When it should be decided, RFC 3339; empty where nobody has to.
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
    /// `late` when it was to be decided before now.
    pub age_tone: &'static str,
}

impl Row {
    /// A line for a document of `party` that waits (or came) since `since`, and is to be decided until `due`.
    #[must_use]
    pub fn of(
        document: &Sight,
        party: Option<&Party>,
        (since, now): (OffsetDateTime, OffsetDateTime),
        due: Option<OffsetDateTime>,
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
            title: labels::title(document.kind, &document.fields),
            subtitle,
            status: if document.duplicate_of.is_some() { "duplicate" } else { document.status.as_str() },
            status_label: status_label(document),
            reasons: document.reasons.iter().map(|r| Chip::of(r, !withheld)).collect(),
            who: named(document, party),
            claimed_by: None,
            handed_to: None,
            postponed: None,
            review: String::new(),
            contact: document.contact_id.map(|id| id.to_string()).unwrap_or_default(),
            customer_id: document.customer_id.map(|id| id.to_string()).unwrap_or_default(),
            due: due.map(labels::full).unwrap_or_default(),
            kind: labels::kind(document.kind),
            party: value(&[FieldName::IssuerName, FieldName::MerchantName]),
            amount: format!("{} {}", value(&[FieldName::Total]), value(&[FieldName::Currency]))
                .trim()
                .to_owned(),
            customer: party.and_then(|p| p.customer.clone()).unwrap_or_default(),
            sender: party.map(sender).unwrap_or_default(),
            since: labels::full(since),
            age: labels::ago(since, now),
            age_tone: if due.is_some_and(|due| due < now) { "late" } else { "" },
        }
    }

    /// The line of a document that waits; `only` goes along in its address.
    #[must_use]
    pub fn of_review(
        review: &Review,
        document: &Sight,
        party: Option<&Party>,
        only: &str,
        now: OffsetDateTime,
    ) -> Self {
        let mut row = Self::of(document, party, (review.opened_at, now), Some(review.due_at));
        row.href.push_str(only);
        row.review = review.id.to_string();
        row.claimed_by =
            review.claimed_by.as_deref().map(|by| by.strip_prefix("user:").unwrap_or(by).to_owned());
        row.handed_to =
            review.handed_to.as_deref().map(|to| to.strip_prefix("user:").unwrap_or(to).to_owned());
        if let Some(until) = review.postponed_until.filter(|until| *until > now) {
            row.due = labels::full(until);
            row.postponed = Some(row.due.clone());
            row.age_tone = "";
        }
        row
    }
}

/// Documents as lines, as far as a person may see them.
pub(super) async fn lines_of(
    app: &App,
    person: &Person,
    documents: Vec<Document>,
) -> Result<Vec<Row>, Problem> {
    let ids: Vec<_> = documents.iter().map(|d| d.id).collect();
    let parties = app.catalog.parties_of(&ids).await?;
    let seen = access::list(app, &person.caller, documents).await?;
    let now = app.catalog.now();
    Ok(seen.iter().map(|d| Row::of(d, parties.get(&d.id), (d.received_at, now), None)).collect())
}

/// The status in words; a duplicate is told apart from what was filed.
#[must_use]
pub fn status_label(document: &Document) -> &'static str {
    if document.duplicate_of.is_some() { "Duplicate" } else { labels::status(document.status) }
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
    let Some(party) = party else { return labels::label(document.source.as_str()) };
    if let Some(customer) = &party.customer {
        return customer.clone();
    }
    if document.contact_id.is_none() {
        return labels::label(document.source.as_str());
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

/// A column's head: where it leads to, and how the table is sorted by it.
struct Head {
    label: &'static str,
    class: &'static str,
    /// Sorted by it, the other way round where it is already.
    href: Option<String>,
    /// `ascending`, `descending` or `none`.
    sorted: &'static str,
}

/// What the list is narrowed to, with the way to leave it.
struct Narrowed {
    label: String,
    without: String,
}

#[derive(Template)]
#[template(path = "queue.html")]
struct Queue {
    frame: Frame,
    total: u64,
    reasons: Vec<Chip>,
    chosen: String,
    kinds: Vec<(&'static str, &'static str)>,
    orders: Vec<(String, &'static str)>,
    heads: Vec<Head>,
    narrowed: Vec<Narrowed>,
    saved: Vec<SavedView>,
    /// This view's address, to be kept.
    query: String,
    ask: Ask,
    view: QueueView,
    /// Whether what is shown is alike, so that it can be decided at once.
    alike: bool,
    can_decide: bool,
    can_take_back: bool,
    /// Whether only some of what waits is asked for.
    filtered: bool,
    rows: Vec<Row>,
    next: Option<String>,
}

/// Query of the queue.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
pub struct Ask {
    reason: String,
    kind: String,
    sender: String,
    customer: String,
    /// `mine` or `free`.
    who: String,
    /// An order's name, with a minus before it the greatest first.
    sort: String,
    q: String,
    after: Option<String>,
}

/// The columns: words, order, class.
const COLUMNS: &[(&str, Option<Order>, &str)] = &[
    ("Due", Some(Order::Due), ""),
    ("Reason", None, ""),
    ("Kind", Some(Order::Kind), "minor"),
    ("Party", Some(Order::Party), ""),
    ("Amount", Some(Order::Amount), "num"),
    ("Customer", Some(Order::Customer), "minor"),
    ("Sender", Some(Order::Sender), "minor"),
    ("With", None, ""),
    ("Since", Some(Order::Since), "minor"),
];

/// Orders to choose from where there is no room for heads.
const ORDERS: &[(&str, &str)] = &[
    ("", "Most urgent first"),
    ("since", "Longest waiting first"),
    ("-since", "Newest first"),
    ("-amount", "Largest amount first"),
    ("party", "By party"),
    ("customer", "By customer"),
    ("sender", "By sender"),
];

impl Ask {
    /// The part of the queue that goes along to its documents.
    fn view(&self) -> QueueView {
        QueueView {
            reason: self.reason.clone(),
            kind: self.kind.clone(),
            sender: self.sender.clone(),
            customer: self.customer.clone(),
        }
    }

    fn order(&self) -> Result<(Order, bool), Problem> {
        let (descending, name) =
            self.sort.strip_prefix('-').map_or((false, self.sort.as_str()), |name| (true, name));
        Ok((word::<Order>("sort", Some(name))?.unwrap_or(Order::Due), descending))
    }

    fn table(&self, person: &Person) -> Result<Table, Problem> {
        let filter = ReviewFilter {
            reason: word::<ReasonCode>("reason", Some(&self.reason))?,
            kind: word::<Kind>("kind", Some(&self.kind))?,
            contact_id: word::<ContactId>("sender", Some(&self.sender))?,
            customer_id: word::<CustomerId>("customer", Some(&self.customer))?,
            claimed_by: (self.who == "mine").then(|| person.caller.actor.clone()),
            unclaimed: self.who == "free",
            access: person.caller.access().clone(),
            ..ReviewFilter::default()
        };
        let (order, descending) = self.order()?;
        Ok(Table { filter, order, descending, q: Some(self.q.clone()).filter(|q| !q.trim().is_empty()) })
    }

    /// Its address with one part said otherwise.
    fn with(&self, name: &str, value: &str) -> String {
        let parts = [
            ("reason", &self.reason),
            ("kind", &self.kind),
            ("sender", &self.sender),
            ("customer", &self.customer),
            ("who", &self.who),
            ("sort", &self.sort),
            ("q", &self.q),
        ];
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(parts.into_iter().filter(|(n, v)| *n != name && !v.is_empty()));
        if !value.is_empty() {
            query.append_pair(name, value);
        }
        let query = query.finish();
        if query.is_empty() { "/".to_owned() } else { format!("/?{query}") }
    }

    fn heads(&self) -> Result<Vec<Head>, Problem> {
        let (order, descending) = self.order()?;
        let head = |(label, by, class): &(&'static str, Option<Order>, &'static str)| {
            let is_on = *by == Some(order);
            // An amount's first order is the largest first.
            let first = if *by == Some(Order::Amount) { "-" } else { "" };
            let sign = match (is_on, descending) {
                (true, true) => "",
                (true, false) => "-",
                (false, _) => first,
            };
            Head {
                label,
                class,
                href: by.map(|by| self.with("sort", &format!("{sign}{by}"))),
                sorted: match (is_on, descending) {
                    (true, true) => "descending",
                    (true, false) => "ascending",
                    (false, _) => "none",
                },
            }
        };
        Ok(COLUMNS.iter().map(head).collect())
    }
}

/// How many wait with each reason.
///
/// # Errors
/// When the catalog fails.
pub async fn chips(app: &App, person: &Person) -> Result<Vec<Chip>, Problem> {
    let counted = app.catalog.count_reasons(person.caller.access()).await?;
    Ok(counted.into_iter().map(|(code, count)| Chip::coded(code, String::new(), count)).collect())
}

/// `GET /`.
pub async fn show(State(app): State<App>, person: Person, Params(ask): Params<Ask>) -> Shown {
    Shown(render(&app, &person, ask).await)
}

/// Who and whose it is narrowed to, by their names.
async fn narrowed(app: &App, table: &Table, ask: &Ask, frame: &Frame) -> Result<Vec<Narrowed>, Problem> {
    let mut all = Vec::new();
    // Whoever is bound learns no name by its id.
    let named = !table.filter.access.is_bound();
    if let Some(id) = table.filter.contact_id {
        let contact = if named { app.catalog.contact(id).await? } else { None };
        let phone = |c: &Contact| c.phone.as_ref().map(|p| format!("+{p}"));
        let name = contact.and_then(|c| c.name.clone().or_else(|| phone(&c)));
        let label = frame.f("Sender: {}", name.unwrap_or_else(|| id.to_string()));
        all.push(Narrowed { label, without: ask.with("sender", "") });
    }
    if let Some(id) = table.filter.customer_id {
        let reached = app.catalog.reaches_customer(&table.filter.access, id).await?;
        let customer = if reached { app.catalog.customer(id).await? } else { None };
        let name = customer.map_or_else(|| id.to_string(), |c| c.name);
        all.push(Narrowed { label: frame.f("Customer: {}", name), without: ask.with("customer", "") });
    }
    Ok(all)
}

async fn rows(
    app: &App,
    person: &Person,
    (table, view): (&Table, &QueueView),
    after: Option<ReviewId>,
) -> Result<(Vec<Row>, Option<ReviewId>), Problem> {
    // The most urgent first and without words, the queue is walked by its index.
    let found = if table.q.is_none() && table.order == Order::Due && !table.descending {
        app.catalog.reviews(&table.filter, after, PAGE).await?
    } else {
        app.catalog.review_table(table, after, PAGE).await?
    };
    let ids: Vec<DocumentId> = found.data.iter().map(|(_, d)| d.id).collect();
    let parties = app.catalog.parties_of(&ids).await?;
    let (reviews, documents): (Vec<_>, Vec<_>) = found.data.into_iter().unzip();
    let seen = access::list(app, &person.caller, documents).await?;
    let (query, now) = (view.query(), app.catalog.now());
    let row = |(review, document): (&Review, &Sight)| {
        Row::of_review(review, document, parties.get(&document.id), &query, now)
    };
    Ok((reviews.iter().zip(&seen).map(row).collect(), found.next))
}

async fn render(app: &App, person: &Person, ask: Ask) -> Result<Response, Problem> {
    let table = ask.table(person)?;
    let after = word::<ReviewId>("after", ask.after.as_deref())?;
    let view = ask.view();
    let (rows, next) = rows(app, person, (&table, &view), after).await?;
    let frame = Frame::of(app, person, "queue").await?;
    let reasons = chips(app, person).await?;
    let can_decide = person.caller.has(Scope::ReviewsWrite);
    let query = ask.with("after", "").trim_start_matches("/").trim_start_matches('?').to_owned();
    Ok(page(&Queue {
        reasons,
        total: frame.open_reviews,
        chosen: view.reason().map(|r| r.to_string()).unwrap_or_default(),
        kinds: Kind::ALL.iter().map(|k| (k.as_str(), labels::kind(Some(*k)))).collect(),
        orders: ORDERS.iter().map(|(name, label)| ((*name).to_owned(), *label)).collect(),
        heads: ask.heads()?,
        narrowed: narrowed(app, &table, &ask, &frame).await?,
        saved: app.catalog.saved_views(&person.caller.actor).await?,
        query,
        alike: table.filter.reason.is_some() || table.filter.contact_id.is_some(),
        can_decide,
        can_take_back: person.may(Right::Supervise),
        filtered: view.is_narrow() || table.q.is_some() || !ask.who.is_empty(),
        rows,
        next: next.map(|id| ask.with("after", &id.to_string())),
        ask,
        view,
        frame,
    }))
}
