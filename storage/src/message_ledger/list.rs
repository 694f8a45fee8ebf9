//! What the second ledger counts, one by one and the latest first: of each of its numbers the messages behind it, by the same
//! words by which they are counted. What a message says is not here.

use time::OffsetDateTime;
use uuid::Uuid;

use super::{COUNTED, on_its_way, since, told};
use crate::{
    catalog::Catalog,
    conversation::Before,
    error::CatalogError,
    names::{ContactId, DocumentId, IncidentId, OutboxId, at, word, words},
    outbox::{MessageKind, OutboxState},
    sql::{Bind, Query, Tx, latest_of},
};

words! {
    /// A number of the second ledger.
    MessagePlace, "place of messages" {
        /// All that we meant to send.
        Queued = "queued",
        /// A device of theirs has it.
        Delivered = "delivered",
        /// It will be sent, or the channel has it and its time is not over.
        OnItsWay = "on_its_way",
        /// An incident that is not over names it.
        Told = "told",
        /// Taken back.
        Withdrawn = "withdrawn",
    }
}

/// A message that the ledger counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CountedMessage {
    /// Which one.
    pub id: OutboxId,
    /// When it was queued.
    pub at: OffsetDateTime,
    /// To whom.
    pub contact_id: ContactId,
    /// What they are called, or their number.
    pub contact: Option<String>,
    /// In what shape it is sent.
    pub kind: MessageKind,
    /// Where it stands.
    pub state: OutboxState,
    /// Why it failed last, in the channel's words.
    pub error: Option<String>,
    /// The document that it is about.
    pub document_id: Option<DocumentId>,
    /// The incident that tells a person of it, and its kind; of several the oldest.
    pub incident: Option<(IncidentId, String)>,
}

/// The messages of a place, by when they were queued and their names: a page before a place in that order.
fn names_of(
    tx: &Tx,
    place: MessagePlace,
    query: &mut Query,
    (since, before, most): ([i64; 2], (i64, Uuid), u32),
) -> String {
    let (from, is_by_time) = match place {
        MessagePlace::Queued => (vec![format!("outbox o WHERE {COUNTED}")], true),
        MessagePlace::Delivered | MessagePlace::Withdrawn => {
            (vec![format!("outbox o WHERE o.state = '{place}' AND {COUNTED}")], true)
        }
        MessagePlace::OnItsWay => {
            query.binds.extend(since.map(Bind::Number));
            (on_its_way(tx).to_vec(), false)
        }
        MessagePlace::Told => (vec![told()], false),
    };
    let (at, id) = (query.bind(Bind::Number(before.0)), query.bind(Bind::Id(before.1)));
    // What is open is found as it is counted, and not looked for along all that were ever queued.
    let key = if is_by_time { "o.created_at" } else { "+o.created_at" };
    // Several incidents may name one message.
    let distinct = if place == MessagePlace::Told { "DISTINCT " } else { "" };
    let one = |from: &String| {
        format!(
            "SELECT {distinct}{key} AS at, o.id AS id FROM {from} AND ({key}, o.id) < ({at}, {id}) \
             ORDER BY 1 DESC, 2 DESC LIMIT {most}"
        )
    };
    latest_of(&from.iter().map(one).collect::<Vec<_>>(), most)
}

/// The oldest incident that is not over and names a message `o`.
fn of_incident(column: &str) -> String {
    format!(
        "(SELECT i.{column} FROM incident_messages im CROSS JOIN incidents i WHERE im.outbox_id = o.id \
           AND i.id = im.incident_id AND i.state <> 'resolved' ORDER BY i.opened_at, i.id LIMIT 1) AS incident_{column}"
    )
}

#[derive(sqlx::FromRow)]
struct Row {
    id: Uuid,
    created_at: i64,
    contact_id: Uuid,
    contact: Option<String>,
    kind: String,
    state: String,
    error: Option<String>,
    document_id: Option<Uuid>,
    incident_id: Option<Uuid>,
    incident_kind: Option<String>,
}

impl TryFrom<Row> for CountedMessage {
    type Error = CatalogError;

    fn try_from(row: Row) -> Result<Self, CatalogError> {
        const T: &str = "outbox";
        Ok(Self {
            id: OutboxId(row.id),
            at: at(T, "created_at", row.created_at)?,
            contact_id: ContactId(row.contact_id),
            contact: row.contact,
            kind: word(T, "kind", &row.kind)?,
            // What went wrong before it arrived after all is no failure of it.
            error: row.error.filter(|_| row.state != OutboxState::Delivered.as_str()),
            state: word(T, "state", &row.state)?,
            document_id: row.document_id.map(DocumentId),
            incident: row.incident_id.map(IncidentId).zip(row.incident_kind),
        })
    }
}

impl Catalog {
    /// The messages behind a number of the ledger of messages, the latest first: those before a place in that order, at most
    /// 500. `present` as for the numbers themselves.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn counted_messages(
        &self,
        place: MessagePlace,
        present: OffsetDateTime,
        before: Option<Before>,
        limit: u32,
    ) -> Result<Vec<CountedMessage>, CatalogError> {
        let mut tx = self.reading().await?;
        let mut query = Query::default();
        let page = (since(present, self.sent_life), Before::place(before), limit.clamp(1, 500));
        let names = names_of(&tx, place, &mut query, page);
        let text = format!(
            "SELECT o.id AS id, o.created_at AS created_at, o.contact_id AS contact_id, COALESCE(c.name, c.phone) AS contact, \
               o.kind AS kind, o.state AS state, o.error AS error, o.document_id AS document_id, {}, {} \
             FROM ({names}) page CROSS JOIN outbox o CROSS JOIN contacts c \
             WHERE o.id = page.id AND c.id = o.contact_id ORDER BY page.at DESC, page.id DESC",
            of_incident("id"),
            of_incident("kind")
        );
        let rows = all_of!(tx, Row, text, query.binds)?;
        rows.into_iter().map(CountedMessage::try_from).collect()
    }
}
