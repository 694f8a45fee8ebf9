//! In what shape a message is queued: as text, with choices, with a file, or by a template that was named, and when it is due.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::{ANSWER_LIFE, Line, MessageKind, NewReply, Saying, Wait, wake};
use crate::{
    error::CatalogError,
    names::{AttachmentId, OutboxId, clean, cut, micros, to_json},
    sql::Tx,
};

/// What a message carries beside its text.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payload {
    /// The template it was sent by, and its language.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<(String, String)>,
    /// Payload and title of each of its choices.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<(String, String)>,
    /// The only template by which it may go.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub named: Option<String>,
    /// What stands for `{{1}}`, `{{2}}`… of that template.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parameters: Vec<String>,
    /// What it says when its file cannot be taken along; none: without its file it is nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub without_file: Option<String>,
    /// What stands in its header.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub header: Option<String>,
    /// What its buttons take, in their order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub buttons: Vec<String>,
    /// It names one question, its case's: whoever answers it answers that.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub names_one: bool,
    /// To whoever is known by this key only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity_key_hash: Option<String>,
}

/// How and when a message is queued; by default as text, at once, for as long as answers are worth sending.
#[derive(Debug, Clone, Default)]
pub(crate) struct Shape {
    /// What it carries.
    pub payload: Payload,
    /// The file it brings.
    pub attachment: Option<AttachmentId>,
    /// Not before then.
    pub not_before: Option<OffsetDateTime>,
    /// Worth sending until then.
    pub expires_at: Option<OffsetDateTime>,
    /// It stands behind answers.
    pub is_behind: bool,
}

impl Shape {
    /// A text with these choices (payload and title).
    pub fn with_choices(choices: Vec<(String, String)>) -> Self {
        Self { payload: Payload { choices, ..Payload::default() }, ..Self::default() }
    }

    fn kind(&self) -> MessageKind {
        match &self.payload {
            Payload { named: Some(_), .. } => MessageKind::Template,
            Payload { choices, .. } if !choices.is_empty() => MessageKind::Buttons,
            _ if self.attachment.is_some() => MessageKind::Media,
            _ => MessageKind::Text,
        }
    }
}

/// Queues one message in its shape, and its task, unless the same was queued before; its id, where it is new.
pub(crate) async fn queue_as(
    tx: &mut Tx,
    saying: Saying<'_>,
    reply: &NewReply,
    shape: &Shape,
) -> Result<Option<OutboxId>, CatalogError> {
    let present = tx.now();
    let id = OutboxId::generate();
    let begins = shape.not_before.unwrap_or(present);
    let added = optional!(
        tx,
        (String,),
        "INSERT INTO outbox (id, document_id, contact_id, purpose, phone_number_id, body, language, nonce, expires_at, \
         state, created_at, updated_at, case_id, category, kind, payload, not_before, priority, attachment_id) \
         VALUES ($1, $2, $3, $4, COALESCE($5, (SELECT c.phone_number_id FROM contacts c WHERE c.id = $3)), $6, $7, $8, \
         $9, 'queued', $10, $10, $11, $12, $13, $14, $15, $16, $17) \
         ON CONFLICT DO NOTHING RETURNING COALESCE(phone_number_id, '')",
        id.0,
        saying.document.map(|d| d.0),
        saying.contact.0,
        reply.purpose.as_str(),
        saying.phone_number_id,
        clean(&reply.body),
        clean(&reply.language),
        cut(&reply.nonce, 200),
        micros(shape.expires_at.unwrap_or(begins.saturating_add(ANSWER_LIFE))),
        micros(present),
        saying.case.map(|c| c.0),
        saying.category,
        shape.kind().as_str(),
        clean(&to_json("a payload", &shape.payload)?),
        shape.not_before.map(micros),
        i64::from(shape.is_behind),
        shape.attachment.map(|a| a.0)
    )?;
    let Some((number,)) = added else { return Ok(None) };
    let wait = shape.not_before.filter(|at| *at > present).map_or(Wait::None, Wait::Until);
    wake(tx, &Line { contact: saying.contact, number }, wait).await?;
    Ok(Some(id))
}
