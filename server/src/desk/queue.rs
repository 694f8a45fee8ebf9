//! The queue: what waits, for how long, why, and with whom.

mod row;

use acuse_pipeline::{document::Kind, reason::ReasonCode};
use acuse_storage::{
    ContactId, CustomerId, DocumentId, ReviewId,
    contacts::Contact,
    keys::Scope,
    reviews::{Order, Review, ReviewFilter, Table, views::SavedView},
};
use askama::Template;
use axum::{extract::State, response::Response};
use serde::Deserialize;
use url::form_urlencoded;

use super::{
    Frame, Shown, labels, page,
    queue_view::{MINE, QueueView, order},
    session::Person,
    timed::{Moment, Timed},
};
use crate::{
    access::{self, Sight, rights::Right},
    extract::{Params, time, word},
    problem::Problem,
    state::App,
};
pub(super) use row::lines_of;
pub use row::{Chip, Row, status_label, who};

/// Documents on one page of a list.
pub const PAGE: u32 = 50;

/// A column's head: where it leads to, and how the table is sorted by it.
struct Head {
    label: &'static str,
    class: &'static str,
    /// Sorted by it, the other way round where it is already.
    href: Option<String>,
    /// `ascending`, `descending` or `none`.
    sorted: &'static str,
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
    /// What the list is narrowed to, with the way to leave it.
    narrowed: Vec<(Timed, String)>,
    saved: Vec<SavedView>,
    /// This view's address, to be kept.
    query: String,
    ask: Ask,
    view: QueueView,
    /// The same, for what is fetched next.
    work: QueueView,
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
    /// What waits since then or later,
    from: String,
    /// and since before then: times, or days.
    to: String,
    /// An order's name, with a minus before it the greatest first.
    sort: String,
    q: String,
    after: Option<String>,
    /// What became of what somebody came from: `last`.
    said: String,
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
            // What is free is so no more once it is taken.
            who: if self.who == MINE { MINE.to_owned() } else { String::new() },
            from: self.from.clone(),
            to: self.to.clone(),
            sort: self.sort.clone(),
            q: self.q.clone(),
        }
    }

    fn table(&self, person: &Person) -> Result<Table, Problem> {
        let filter = ReviewFilter {
            reason: word::<ReasonCode>("reason", Some(&self.reason))?,
            kind: word::<Kind>("kind", Some(&self.kind))?,
            contact_id: word::<ContactId>("sender", Some(&self.sender))?,
            customer_id: word::<CustomerId>("customer", Some(&self.customer))?,
            claimed_by: (self.who == MINE).then(|| person.caller.actor.clone()),
            unclaimed: self.who == "free",
            from: time("from", Some(&self.from))?,
            to: time("to", Some(&self.to))?,
            access: person.caller.access().clone(),
            ..ReviewFilter::default()
        };
        let (order, descending) = order(&self.sort)?;
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
            ("from", &self.from),
            ("to", &self.to),
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
        let (order, descending) = order(&self.sort)?;
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

/// Who and whose it is narrowed to, by their names, and since when it waits.
async fn narrowed(
    app: &App,
    table: &Table,
    ask: &Ask,
    frame: &Frame,
) -> Result<Vec<(Timed, String)>, Problem> {
    let mut all = Vec::new();
    // Whoever is bound learns no name by its id.
    let named = !table.filter.access.is_bound();
    if let Some(id) = table.filter.contact_id {
        let contact = if named { app.catalog.contact(id).await? } else { None };
        let phone = |c: &Contact| c.phone.as_ref().map(|p| format!("+{p}"));
        let name = contact.and_then(|c| c.name.clone().or_else(|| phone(&c)));
        let label = frame.f("Sender: {}", name.unwrap_or_else(|| id.to_string()));
        all.push((label.into(), ask.with("sender", "")));
    }
    if let Some(id) = table.filter.customer_id {
        let reached = app.catalog.reaches_customer(&table.filter.access, id).await?;
        let customer = if reached { app.catalog.customer(id).await? } else { None };
        let name = customer.map_or_else(|| id.to_string(), |c| c.name);
        all.push((frame.f("Customer: {}", name).into(), ask.with("customer", "")));
    }
    for (name, label, at) in [
        ("from", "Waiting since {} or later", table.filter.from),
        ("to", "Waiting since before {}", table.filter.to),
    ] {
        if let Some(at) = at {
            let label = Timed::said(frame.tongue, label, &[], Moment::minute(at));
            all.push((label, ask.with(name, "")));
        }
    }
    Ok(all)
}

async fn rows(
    app: &App,
    person: &Person,
    (table, view): (&Table, &QueueView),
    after: Option<ReviewId>,
) -> Result<(Vec<Row>, Option<ReviewId>), Problem> {
    let found = app.catalog.review_table(table, after, PAGE).await?;
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

/// Who and whose it is narrowed to, where they were merged since a view was kept.
async fn as_they_are_now(app: &App, table: &mut Table) -> Result<(), Problem> {
    if let Some(id) = table.filter.contact_id {
        table.filter.contact_id = app.catalog.contact(id).await?.map(|contact| contact.id).or(Some(id));
    }
    if let Some(id) = table.filter.customer_id {
        table.filter.customer_id = app.catalog.customer(id).await?.map(|customer| customer.id).or(Some(id));
    }
    Ok(())
}

async fn render(app: &App, person: &Person, ask: Ask) -> Result<Response, Problem> {
    let mut table = ask.table(person)?;
    as_they_are_now(app, &mut table).await?;
    let after = word::<ReviewId>("after", ask.after.as_deref())?;
    let view = ask.view();
    let (rows, next) = rows(app, person, (&table, &view), after).await?;
    let mut frame = Frame { view: view.clone(), ..Frame::of(app, person, "queue").await? };
    // One of a closed list, for anybody may write an address.
    if ask.said == "last" {
        let told = "That was the last one of what is shown here. You gave it back: it is free for others.";
        frame.notice = Some(frame.t(told).to_owned());
    }
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
        filtered: view.is_narrow() || !ask.who.is_empty(),
        rows,
        next: next.map(|id| ask.with("after", &id.to_string())),
        ask,
        work: view.of_anybody(),
        view,
        frame,
    }))
}
