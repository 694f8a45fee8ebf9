//! What the ledger counts, one by one: behind each of its numbers the files that came, or the messages. A row leads to its
//! document, its place in the conversation or its incident; nothing that a file or a message says stands here.

use acuse_storage::{
    arrivals::{Arrival, ArrivalPlace},
    incidents::kinds,
    keys::Scope,
    message_ledger::{CountedMessage, MessagePlace},
    names::Source,
    outbox::OutboxState,
};
use askama::Template;
use axum::{extract::State, response::Response};
use serde::Deserialize;
use time::OffsetDateTime;
use url::form_urlencoded;

use super::{Frame, Shown, labels, page, session::Person};
use crate::{
    contacts::{Cursor, next_of, place_of},
    extract::{Params, cursor, time, word},
    listing::Listing,
    problem::Problem,
    state::App,
};

/// Rows of one page.
const PAGE: u32 = 50;
const FILES: &str = "/ledger/files";
const MESSAGES: &str = "/ledger/messages";
/// The numbers of what came, as the ledger calls them.
pub(super) const ARRIVALS: [(ArrivalPlace, &str); 5] = [
    (ArrivalPlace::Files, "files came"),
    (ArrivalPlace::Documents, "documents"),
    (ArrivalPlace::Answers, "answers"),
    (ArrivalPlace::NotDocuments, "no documents (voice, video, sticker)"),
    (ArrivalPlace::Lost, "lost"),
];
/// The numbers of the messages, likewise.
pub(super) const SENT: [(MessagePlace, &str); 5] = [
    (MessagePlace::Queued, "meant to be sent"),
    (MessagePlace::Delivered, "delivered"),
    (MessagePlace::OnItsWay, "on their way"),
    (MessagePlace::Told, "told to a person"),
    (MessagePlace::Withdrawn, "withdrawn"),
];
/// What is said of a file that is none of the documents in the books.
pub(super) const STANDS: [&str; 3] = ["An answer", "No document", "Lost"];

/// Query of both pages.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Query {
    place: String,
    from: String,
    to: String,
    after: Option<String>,
}

/// The days of the ledger as they were asked for, which its lists keep. Those of messages are of all days: they keep them for
/// the way back.
pub(super) struct DaysAsked {
    from: String,
    to: String,
}

impl DaysAsked {
    pub(super) fn of(from: &str, to: &str) -> Self {
        Self { from: from.to_owned(), to: to.to_owned() }
    }

    /// The files that are behind a number.
    pub(super) fn files(&self, place: &str) -> String {
        self.address(FILES, &[("place", place)])
    }

    /// The messages that are behind a number.
    pub(super) fn messages(&self, place: &str) -> String {
        self.address(MESSAGES, &[("place", place)])
    }

    fn address(&self, path: &str, more: &[(&str, &str)]) -> String {
        let days = [("from", self.from.as_str()), ("to", self.to.as_str())];
        let asked = more.iter().copied().chain(days.into_iter().filter(|(_, day)| !day.is_empty()));
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(asked).finish();
        if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
    }

    /// In words; empty of all days.
    fn said(&self) -> String {
        let said = format!("{} – {}", self.from, self.to);
        if self.from.is_empty() && self.to.is_empty() { String::new() } else { said.trim().to_owned() }
    }
}

/// Another number of the same ledger.
struct Beside {
    href: String,
    label: &'static str,
    is_shown: bool,
}

/// Where a row leads, and what stands there.
struct Lead {
    href: String,
    text: String,
}

struct Row {
    id: String,
    at: String,
    ago: String,
    what: String,
    /// To whom.
    who: Option<String>,
    tone: &'static str,
    stands: String,
    error: Option<String>,
    leads: Vec<Lead>,
}

impl Row {
    fn of_file(file: &Arrival, person: &Person, now: OffsetDateTime) -> Self {
        let t = |text: &str| person.tongue.t(text).to_owned();
        let [answer, other, lost] = STANDS;
        let (tone, stands) = match (file.place, file.document) {
            (ArrivalPlace::Answers, _) => ("filed", answer),
            (ArrivalPlace::NotDocuments, _) => ("duplicate", other),
            (ArrivalPlace::Lost, _) | (_, None) => ("rejected", lost),
            (_, Some((_, status))) => (status.as_str(), labels::status(status)),
        };
        let document = file.document.map(|(id, _)| (format!("/documents/{id}"), "Open the document"));
        let talk = file.contact_id.zip(file.message).filter(|_| person.caller.has(Scope::MessagesRead));
        let talk =
            talk.map(|(contact, (message, at))| (place_of(contact, at, message.0), "Open the conversation"));
        // Of what is lost an incident tells until it is there again.
        let incident = (file.place == ArrivalPlace::Lost).then(|| ("/incidents".to_owned(), "Incidents"));
        let leads = [document, talk, incident].into_iter().flatten();
        Self {
            id: file.id.to_string(),
            at: labels::full(file.at),
            ago: labels::ago(file.at, now),
            what: format!("{} · {}", t(&labels::label(&file.kind)), t(way(file.source))),
            who: None,
            tone,
            stands: t(stands),
            error: None,
            leads: leads.map(|(href, text)| Lead { href, text: t(text) }).collect(),
        }
    }

    /// To whom it went and why it failed is part of a conversation: only for whoever reads those.
    fn of_message(message: CountedMessage, person: &Person, now: OffsetDateTime) -> Self {
        let t = |text: &str| person.tongue.t(text).to_owned();
        let reads = person.caller.has(Scope::MessagesRead);
        let talk = place_of(message.contact_id, message.at, message.id.0);
        let talk = reads.then(|| Lead { href: talk, text: t("Open the conversation") });
        let document = message.document_id.map(|id| format!("/documents/{id}"));
        let document = document.map(|href| Lead { href, text: t("Open the document") });
        let incident = message.incident.map(|(id, kind)| Lead {
            href: format!("/incidents#incident-{id}"),
            text: t(kinds::kind(&kind).title),
        });
        Self {
            id: message.id.to_string(),
            at: labels::full(message.at),
            ago: labels::ago(message.at, now),
            what: t(&labels::label(message.kind.as_str())),
            who: message.contact.filter(|_| reads),
            tone: tone(message.state),
            stands: t(&labels::label(message.state.as_str())),
            error: message.error.filter(|_| reads),
            leads: [incident, talk, document].into_iter().flatten().collect(),
        }
    }
}

/// How it came, as people call it.
fn way(source: Source) -> &'static str {
    match source {
        Source::Whatsapp => "WhatsApp",
        Source::Api => "API",
        Source::Import => "Import",
    }
}

fn tone(state: OutboxState) -> &'static str {
    match state {
        OutboxState::Delivered => "filed",
        OutboxState::Failed | OutboxState::WindowClosed => "rejected",
        OutboxState::Withdrawn => "duplicate",
        _ => "processing",
    }
}

#[derive(Template)]
#[template(path = "came.html")]
struct Page {
    frame: Frame,
    title: &'static str,
    /// The ledger that one came from.
    back: String,
    places: Vec<Beside>,
    /// In words; empty of all days.
    days: String,
    /// What the form asks for; none where a list is of all days.
    form: Option<Query>,
    rows: Vec<Row>,
    /// How many more are counted that no list has any more.
    let_go: u64,
    next: Option<String>,
}

/// The ledgers of what came and of messages are not for whoever sees a part of the documents only, and so neither what they
/// count.
fn sees_all(person: &Person) -> Result<(), Problem> {
    if person.caller.access().is_bound() { Err(Problem::Bound) } else { Ok(()) }
}

/// `GET /ledger/files`: the files that a number of the ledger counts, of its days.
pub async fn files(State(app): State<App>, person: Person, Params(query): Params<Query>) -> Shown {
    Shown(of_files(&app, &person, query).await)
}

async fn of_files(app: &App, person: &Person, query: Query) -> Result<Response, Problem> {
    sees_all(person)?;
    let place = word::<ArrivalPlace>("place", Some(&query.place))?.unwrap_or(ArrivalPlace::Files);
    let (from, to) = (time("from", Some(&query.from))?, time("to", Some(&query.to))?);
    let before = cursor::<Cursor>(query.after.as_deref())?.map(|cursor| cursor.0);
    let found = app.catalog.arrived(place, (from, to), before, PAGE).await?;
    let found = Listing::of(found, PAGE, |file| next_of(file.at, file.id));
    let is_last = found.next.is_none();
    let has_let_go = is_last && matches!(place, ArrivalPlace::Files | ArrivalPlace::NotDocuments);
    let let_go = if has_let_go { app.catalog.arrivals_let_go(from, to).await? } else { 0 };
    let (now, days) = (app.catalog.now(), DaysAsked::of(&query.from, &query.to));
    let beside = ARRIVALS.into_iter().map(|(other, label)| Beside {
        href: days.files(other.as_str()),
        label,
        is_shown: other == place,
    });
    let next = found.next.as_deref();
    Ok(page(&Page {
        frame: Frame::of(app, person, "ledger").await?,
        title: "Files that came",
        back: days.address("/ledger", &[]),
        places: beside.collect(),
        days: days.said(),
        next: next.map(|after| days.address(FILES, &[("place", place.as_str()), ("after", after)])),
        rows: found.data.iter().map(|file| Row::of_file(file, person, now)).collect(),
        let_go,
        form: Some(Query { place: place.as_str().to_owned(), ..query }),
    }))
}

/// `GET /ledger/messages`: the messages that a number of the ledger counts, of all days.
pub async fn messages(State(app): State<App>, person: Person, Params(query): Params<Query>) -> Shown {
    Shown(of_messages(&app, &person, &query).await)
}

async fn of_messages(app: &App, person: &Person, query: &Query) -> Result<Response, Problem> {
    sees_all(person)?;
    let place = word::<MessagePlace>("place", Some(&query.place))?.unwrap_or(MessagePlace::Queued);
    let before = cursor::<Cursor>(query.after.as_deref())?.map(|cursor| cursor.0);
    let (now, days) = (app.catalog.now(), DaysAsked::of(&query.from, &query.to));
    let found = app.catalog.counted_messages(place, now, before, PAGE).await?;
    let found = Listing::of(found, PAGE, |message| next_of(message.at, message.id.0));
    let beside = SENT.into_iter().map(|(other, label)| Beside {
        href: days.messages(other.as_str()),
        label,
        is_shown: other == place,
    });
    let next = found.next.as_deref();
    Ok(page(&Page {
        frame: Frame::of(app, person, "ledger").await?,
        title: "Messages",
        back: days.address("/ledger", &[]),
        places: beside.collect(),
        days: String::new(),
        next: next.map(|after| days.address(MESSAGES, &[("place", place.as_str()), ("after", after)])),
        rows: found.data.into_iter().map(|message| Row::of_message(message, person, now)).collect(),
        let_go: 0,
        form: None,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_days_are_kept_on_every_way() {
        let days = DaysAsked::of("2026-05-01", "2026-06-01");
        assert_eq!(days.files("lost"), "/ledger/files?place=lost&from=2026-05-01&to=2026-06-01");
        assert_eq!(days.messages("told"), "/ledger/messages?place=told&from=2026-05-01&to=2026-06-01");
        assert_eq!(days.address("/ledger", &[]), "/ledger?from=2026-05-01&to=2026-06-01");
        assert_eq!(days.said(), "2026-05-01 – 2026-06-01");
        let all = DaysAsked::of("", "");
        assert_eq!((all.address("/ledger", &[]), all.said()), ("/ledger".to_owned(), String::new()));
    }
}
