//! A document as a line of a list, with its reasons as chips.

use acuse_pipeline::{
    document::Kind,
    fields::FieldName,
    reason::{Reason, ReasonCode},
};
use acuse_storage::{
    Document,
    reviews::{Party, Review},
};
use time::OffsetDateTime;

use crate::{
    access::{self, Sight},
    desk::{labels, session::Person},
    problem::Problem,
    state::App,
};

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

    pub(super) fn coded(code: ReasonCode, message: String, count: u64) -> Self {
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
pub(in crate::desk) async fn lines_of(
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
