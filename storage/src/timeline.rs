//! What happened to a document or a contact, in order.

use serde::Serialize;
use serde_json::Value;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    access::Access,
    catalog::Catalog,
    error::CatalogError,
    names::{ContactId, DocumentId, Stage, at, json, micros, word},
    sql::Tx,
};

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TimelineEntry {
    /// When.
    pub at: OffsetDateTime,
    /// At which stage, for documents.
    pub stage: Option<Stage>,
    /// What: `received`, `fetched`, `read`, `retry`, `in_review`, `filed`, `message`, …
    pub event: String,
    /// The particulars, a JSON object.
    pub detail: Value,
}

/// Words that their sender wrote beside files, on the timeline of each of them.
pub(crate) const SAID_BESIDE: &str = "said_beside";

/// One entry on its way into the table.
pub(crate) struct Entry {
    pub document: Option<DocumentId>,
    pub contact: Option<ContactId>,
    pub at: OffsetDateTime,
    pub stage: Option<Stage>,
    pub event: &'static str,
    pub detail: Value,
}

pub(crate) async fn write(tx: &mut Tx, entries: &[Entry]) -> Result<(), CatalogError> {
    insert!(
        tx,
        "INSERT INTO timeline (document_id, contact_id, at, stage, event, detail) VALUES ",
        6,
        "",
        entries,
        |q, e| q
            .bind(e.document.map(|d| d.0))
            .bind(e.contact.map(|c| c.0))
            .bind(micros(e.at))
            .bind(e.stage.map(Stage::as_str))
            .bind(e.event)
            .bind(e.detail.to_string())
    )
    .map(drop)
}

pub(crate) async fn note(
    tx: &mut Tx,
    document: DocumentId,
    stage: Stage,
    event: &'static str,
    detail: Value,
) -> Result<(), CatalogError> {
    let entry =
        Entry { document: Some(document), contact: None, at: tx.now(), stage: Some(stage), event, detail };
    write(tx, &[entry]).await
}

type Row = (i64, Option<String>, String, String);

fn entries(rows: Vec<Row>) -> Result<Vec<TimelineEntry>, CatalogError> {
    rows.into_iter()
        .map(|(when, stage, event, detail)| {
            Ok(TimelineEntry {
                at: at("timeline", "at", when)?,
                stage: stage.map(|s| word("timeline", "stage", &s)).transpose()?,
                event,
                detail: json("timeline", "detail", &detail)?,
            })
        })
        .collect()
}

/// Whether a document came with one that may not be told to this caller, or does not exist for them.
async fn came_with_more(tx: &mut Tx, access: &Access, id: DocumentId) -> Result<bool, CatalogError> {
    let mut kept_back = Vec::new();
    if !access.sees_ids() {
        kept_back.push("d.sensitivity <> 'open' OR d.part IS NOT NULL".to_owned());
    }
    if access.is_bound() {
        kept_back.push(format!("{} IS NOT TRUE", access.reach(tx, "d")));
    }
    if kept_back.is_empty() {
        return Ok(false);
    }
    let text = format!(
        "SELECT 1 FROM case_documents own JOIN case_documents cd ON cd.case_id = own.case_id \
         JOIN documents d ON d.id = cd.document_id WHERE own.document_id = $1 AND ({}) LIMIT 1",
        kept_back.join(" OR ")
    );
    Ok(optional!(tx, (i32,), sqlx::AssertSqlSafe(text.clone()), id.0)?.is_some())
}

impl Catalog {
    /// What happened to a document, oldest first (the newest 1,000).
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn timeline(&self, id: DocumentId) -> Result<Vec<TimelineEntry>, CatalogError> {
        let mut tx = self.reading().await?;
        let mut rows = all!(
            tx,
            Row,
            "SELECT at, stage, event, detail FROM timeline WHERE document_id = $1 ORDER BY seq DESC LIMIT 1000",
            id.0
        )?;
        rows.reverse();
        entries(rows)
    }

    /// The same for whoever has this access: it names no customer beyond their reach. Words beside several files are said of all
    /// of them: they are not told where one of those may not be.
    ///
    /// # Errors
    /// As [`Catalog::timeline`].
    pub async fn timeline_for(
        &self,
        access: &Access,
        id: DocumentId,
    ) -> Result<Vec<TimelineEntry>, CatalogError> {
        let mut entries = self.timeline(id).await?;
        let is_said = entries.iter().any(|entry| entry.event == SAID_BESIDE);
        if is_said && came_with_more(&mut self.reading().await?, access, id).await? {
            let beside = entries.iter_mut().filter(|entry| entry.event == SAID_BESIDE);
            beside.for_each(|entry| entry.detail = serde_json::json!({}));
        }
        let details = entries.iter_mut().map(|entry| &mut entry.detail).collect();
        self.within_reach(access, details, &[]).await?;
        Ok(entries)
    }

    /// What its sender wrote beside a document, oldest first (the first 20).
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn said_beside(&self, id: DocumentId) -> Result<Vec<String>, CatalogError> {
        let mut tx = self.reading().await?;
        let rows = all!(
            tx,
            (String,),
            "SELECT detail FROM timeline WHERE document_id = $1 AND event = 'said_beside' ORDER BY seq LIMIT 20",
            id.0
        )?;
        let mut said = Vec::with_capacity(rows.len());
        for (detail,) in rows {
            let detail: Value = json("timeline", "detail", &detail)?;
            said.extend(detail.get("text").and_then(Value::as_str).map(str::to_owned));
        }
        Ok(said)
    }

    /// What happened with a contact, oldest first (the newest 1,000): messages in and out, and what else concerns it.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn contact_timeline(&self, id: ContactId) -> Result<Vec<TimelineEntry>, CatalogError> {
        let mut tx = self.reading().await?;
        let noted = all!(
            tx,
            Row,
            "SELECT at, stage, event, detail FROM timeline WHERE contact_id = $1 ORDER BY seq DESC LIMIT 1000",
            id.0
        )?;
        let messages = all!(
            tx,
            (i64, Uuid, String, String, String, Option<String>, Option<String>),
            "SELECT sent_at, id, direction, type, wamid, body, reply_to FROM messages WHERE contact_id = $1 \
             ORDER BY sent_at DESC LIMIT 1000",
            id.0
        )?;
        let mut all = entries(noted)?;
        for (when, message, direction, kind, wamid, body, reply_to) in messages {
            all.push(TimelineEntry {
                at: at("messages", "sent_at", when)?,
                stage: None,
                event: "message".to_owned(),
                detail: serde_json::json!({
                    "message_id": message, "direction": direction, "type": kind, "wamid": wamid, "body": body,
                    "reply_to": reply_to,
                }),
            });
        }
        all.sort_by_key(|e| e.at);
        Ok(all)
    }

    /// Adds an entry to a document's timeline.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn note(
        &self,
        id: DocumentId,
        stage: Stage,
        event: &'static str,
        detail: Value,
    ) -> Result<(), CatalogError> {
        let mut tx = self.writing().await?;
        note(&mut tx, id, stage, event, detail).await?;
        tx.commit().await
    }
}
