//! Contacts and what was said with them, as the API and the desk have it. What is withheld of a document has no words here
//! either: the catalog's one predicate decides.

use std::str::FromStr;

use acuse_storage::{
    ContactId,
    contacts::Contact,
    conversation::{Before, Listed, Said, Window},
    keys::Scope,
};
use acuse_whatsapp::policy::Window as Meta;
use serde::Serialize;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    access::Caller,
    extract::{cursor, word},
    listing::Listing,
    problem::Problem,
    state::App,
};

/// A page of contacts, for the API and the desk.
///
/// # Errors
/// When the caller may not read messages, or the catalog fails.
pub async fn find(
    app: &App,
    caller: &Caller,
    q: Option<&str>,
    after: Option<ContactId>,
    most: u32,
) -> Result<Listing<Listed>, Problem> {
    caller.require(Scope::MessagesRead)?;
    let data = app.catalog.contacts(caller.access(), q, after, most).await?;
    Ok(Listing::of(data, most, |c| c.id))
}

/// A window, and whether it is open.
#[derive(Debug, Serialize)]
pub struct WindowView {
    #[serde(flatten)]
    window: Window,
    #[serde(with = "time::serde::rfc3339")]
    closes_at: OffsetDateTime,
    open: bool,
}

impl WindowView {
    /// As it is now, by what decides whether a message goes as it is.
    #[must_use]
    pub fn of(window: Window, now: OffsetDateTime) -> Self {
        let meta = Meta::at(Some(window.last_inbound_at), now);
        let closes_at = meta.closes_at().unwrap_or(window.last_inbound_at);
        Self { window, closes_at, open: meta.is_open() }
    }

    /// Our number, until when, and whether that is to come.
    #[must_use]
    pub fn parts(&self) -> (&str, OffsetDateTime, bool) {
        (&self.window.phone_number_id, self.closes_at, self.open)
    }
}

/// A contact that exists for this caller; one that was merged away is answered with the one it became.
///
/// # Errors
/// 404 where there is none.
pub async fn reached(app: &App, caller: &Caller, id: ContactId) -> Result<Contact, Problem> {
    caller.require(Scope::MessagesRead)?;
    let mut contact = app.catalog.contact(id).await?.ok_or(Problem::NotFound("contact"))?;
    if !app.catalog.reaches_contact(caller.access(), contact.id).await? {
        return Err(Problem::NotFound("contact"));
    }
    if let Some(customer) = contact.customer_id
        && !app.catalog.reaches_customer(caller.access(), customer).await?
    {
        contact.customer_id = None;
    }
    Ok(contact)
}

/// A place in a conversation, or in another list that the latest leads, as a client carries it.
pub(crate) struct Cursor(pub(crate) Before);

impl FromStr for Cursor {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let read = || {
            let (micros, id) = text.split_once('.')?;
            let nanos = i128::from(micros.parse::<i64>().ok()?) * 1_000;
            let at = OffsetDateTime::from_unix_timestamp_nanos(nanos).ok()?;
            Some(Self(Before { at, id: Uuid::parse_str(id).ok()? }))
        };
        read().ok_or("pass the `next` of the page before, unchanged")
    }
}

/// The cursor of such a place.
pub(crate) fn next_of(at: OffsetDateTime, id: Uuid) -> String {
    format!("{}.{id}", at.unix_timestamp_nanos() / 1_000)
}

/// The address of a message's place in the conversation.
#[must_use]
pub fn place_of(contact: ContactId, at: OffsetDateTime, message: Uuid) -> String {
    format!("/contacts/{contact}?around={}#m-{message}", next_of(at, message))
}

/// The address of a document's place in the conversation, if a message brought it.
#[must_use]
pub fn place(document: &acuse_storage::Document) -> Option<String> {
    Some(place_of(document.contact_id?, document.sent_at, document.message_id?.0))
}

/// The cursor after which a place stands with so many messages later than it; `None`: the latest page has it.
///
/// # Errors
/// 404 where there is no such contact for this caller.
pub async fn later_than(
    app: &App,
    caller: &Caller,
    id: ContactId,
    place: &str,
    count: u32,
) -> Result<Option<String>, Problem> {
    let place = word::<Cursor>("around", Some(place))?.map(|c| c.0);
    let contact = reached(app, caller, id).await?;
    let Some(place) = place else { return Ok(None) };
    let later = app.catalog.later_in_conversation(contact.id, place, count).await?;
    Ok(later.map(|before| next_of(before.at, before.id)))
}

/// A contact and a page of what was said, over one of our numbers where it is named, for the API and the desk. That
/// somebody read the words of what may be an ID is in the audit trail before they are told.
///
/// # Errors
/// 404 where there is no such contact for this caller.
pub async fn conversation(
    app: &App,
    caller: &Caller,
    (id, number): (ContactId, Option<&str>),
    after: Option<&str>,
    most: u32,
) -> Result<(Contact, Listing<Said>), Problem> {
    let before = cursor::<Cursor>(after)?.map(|c| c.0);
    let contact = reached(app, caller, id).await?;
    let data = app.catalog.conversation(caller.access(), contact.id, number, before, most).await?;
    let mut told = Vec::new();
    let words = data.iter().filter(|s| s.text.is_some()).filter_map(|s| s.document);
    for document in words.filter(|d| d.is_sensitive) {
        if !told.contains(&document.id) {
            told.push(document.id);
        }
    }
    app.catalog.audit_views(&caller.actor, "conversation", &told).await?;
    Ok((contact, Listing::of(data, most, |s| next_of(s.at, s.id))))
}

#[cfg(test)]
mod tests {
    use time::{Duration, macros::datetime};

    use super::*;

    #[test]
    fn a_cursor_reads_back() {
        let id = Uuid::now_v7();
        assert_eq!(format!("1700000000000000.{id}").parse::<Cursor>().map(|c| c.0.id), Ok(id));
        for bad in ["", ".", "x.y", "1700000000000000", "99999999999999999999.0"] {
            assert!(bad.parse::<Cursor>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_window_is_shown_open_as_long_as_dispatch_has_it_open() {
        let noon = datetime!(2026-09-01 12:00 UTC);
        for minutes in [0, 22 * 60, 23 * 60 + 30, 23 * 60 + 54, 23 * 60 + 55, 24 * 60] {
            let last = noon - Duration::minutes(minutes);
            let window = Window { phone_number_id: "1".into(), last_inbound_at: last };
            let view = WindowView::of(window, noon);
            let (_, closes_at, open) = view.parts();
            assert_eq!(open, Meta::at(Some(last), noon).is_open(), "{minutes}");
            assert_eq!(open, closes_at > noon, "{minutes}");
        }
    }
}
