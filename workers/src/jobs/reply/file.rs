//! The file that a message brings. It is read from the store and uploaded to Meta before its message is paid for: an upload
//! counts against nobody's rate, and a worker that dies of it leaves a message that waits as it was. Uploading twice costs
//! nothing but bytes. What cannot be taken along stays behind where the message has words for that; else a person is told.

use std::time::Duration;

use acuse_storage::{
    CatalogError,
    attachments::{Attachment, Found},
    dispatch::in_header,
    objects::ObjectError,
    outbox::OutboxMessage,
    parts::Part,
};
use acuse_whatsapp::{
    ErrorClass, Graph, GraphError,
    graph::{Attached, Upload},
    limits,
    policy::backoff,
};
use bytes::Bytes;
use time::OffsetDateTime;

use super::{
    in_time,
    refusal::{Failure, Heard, refused},
};
use crate::{
    env::Env,
    halt::chain,
    jobs::{Ended, boundary},
    parts,
    scan::Verdict,
};

/// Longest time for reading, scanning and uploading one file; Meta's part of it is [`limits::UPLOAD_TIMEOUT`].
const WITHIN: Duration = Duration::from_secs(80);
/// How long its message is kept from other workers meanwhile. More than that, and than the part that failed is asked for.
const HELD: Duration = Duration::from_secs(150);
/// What Meta answers, beside 131053, to a media id that it does not know.
const UNKNOWN_MEDIA: [i64; 2] = [100, 131_009];

/// What a message brings.
pub(super) enum Brings {
    /// Nothing.
    Nothing,
    /// This.
    File(Box<Attachment>),
    /// Nothing any more, and what became of the message is written down.
    Gone(Ended),
}

/// What the message in hand brings from this number.
pub(super) async fn of(env: &Env, message: &OutboxMessage, number: &str) -> Result<Brings, CatalogError> {
    match env.catalog.attachment_of(message, number).await? {
        None => Ok(Brings::Nothing),
        Some(Found::Here(file)) => Ok(Brings::File(file)),
        Some(Found::Erased) => {
            tell(env, message, "the file that it brings was erased").await.map(Brings::Gone)
        }
        Some(Found::Withheld) => {
            let why = "what its picture shows is not for everybody's eyes any more";
            leave_behind(env, message, why).await.map(Brings::Gone)
        }
    }
}

/// Whether a file is to be uploaded before its message may go: Meta never had it, or not for much longer, or not by an id
/// that can be sent.
pub(super) fn awaits_upload(file: &Attachment, now: OffsetDateTime) -> bool {
    let lasts = file.upload.as_ref().is_some_and(|(_, since)| now - *since < limits::UPLOAD_USED);
    !lasts || attached(file).is_none()
}

/// The file as its message names it, once it is uploaded.
pub(super) fn attached(file: &Attachment) -> Option<Attached> {
    let (media_id, _) = file.upload.as_ref()?;
    Some(Attached {
        media_id: media_id.parse().ok()?,
        file_type: file.file_type,
        filename: file.filename.clone(),
    })
}

/// Why a file did not come to Meta.
enum NotThere {
    /// The store has it no more, or another one.
    Lost(String),
    /// It is not for sending.
    Unfit(String),
    /// A part of ours failed, or took too long.
    Part(Option<Part>, String),
    /// Meta.
    Graph(GraphError),
}

impl From<ObjectError> for NotThere {
    fn from(error: ObjectError) -> Self {
        let why = chain(&error);
        match error {
            ObjectError::Missing(_)
            | ObjectError::Erased { .. }
            | ObjectError::Unopened { .. }
            | ObjectError::Altered { .. } => Self::Lost(why),
            ObjectError::TooLarge { .. } => Self::Unfit(why),
            ObjectError::Service { .. }
            | ObjectError::NoSuchRange { .. }
            | ObjectError::Source(_)
            | ObjectError::Stalled => Self::Part(Some(Part::Objects), why),
        }
    }
}

/// Uploads the file of a message that may go, and frees the message; what comes of it next is decided anew.
pub(super) async fn upload(
    env: &Env,
    graph: &Graph,
    message: &OutboxMessage,
    number: &str,
    file: &Attachment,
) -> Result<Ended, CatalogError> {
    if !env.catalog.upload_begins(message.id, env.after(HELD)).await? {
        return Ok(Ended::Stale);
    }
    boundary::pass("file.uploading");
    let brought = tokio::time::timeout(WITHIN, bring(env, graph, number, file)).await;
    let too_long = || NotThere::Part(None, format!("no upload within {} s", WITHIN.as_secs()));
    match brought.unwrap_or_else(|_| Err(too_long())) {
        Ok(media_id) => {
            boundary::pass("file.uploaded");
            env.catalog.uploaded(message.id, file.id, number, &media_id).await?;
            tracing::info!(attachment_id = %file.id, "file uploaded");
            Ok(Ended::Moved)
        }
        Err(NotThere::Lost(why)) => tell(env, message, &why).await,
        Err(NotThere::Unfit(why)) => leave_behind(env, message, &why).await,
        Err(NotThere::Part(part, why)) => {
            if let Some(part) = part {
                parts::blame(env, part).await?;
            }
            let again = backoff(message.upload_attempts, env.policy.reply_ceiling, rand::random());
            let at = in_time(message, env.after(again));
            env.catalog.reply_later(message.id, &why, None, at).await?;
            Ok(Ended::Retry)
        }
        Err(NotThere::Graph(error)) => not_taken(env, message, number, &error).await,
    }
}

async fn bring(env: &Env, graph: &Graph, number: &str, file: &Attachment) -> Result<String, NotThere> {
    let bytes = env.objects.get_verified(&file.object, file.file_type.most_bytes()).await?;
    // What strangers sent was scanned before anybody opened it.
    if file.document_id.is_none() {
        scanned(env, &bytes).await?;
    }
    let upload = Upload { phone_number_id: number.to_owned(), file_type: file.file_type, bytes };
    let media_id = graph.upload(&upload).await.map_err(NotThere::Graph)?;
    Ok(media_id.to_string())
}

/// Has a file scanned that a person put beside their words, where there is a scanner.
async fn scanned(env: &Env, bytes: &Bytes) -> Result<(), NotThere> {
    let Some(scanner) = &env.scanner else { return Ok(()) };
    match scanner.scan(&bytes[..], bytes.len() as u64).await {
        Ok(Verdict::Clean) => Ok(()),
        Ok(Verdict::Found(signature)) => {
            Err(NotThere::Unfit(format!("the file carries malware: {signature}")))
        }
        Ok(Verdict::TooLarge) => {
            Err(NotThere::Unfit("the file is larger than the malware scanner takes".to_owned()))
        }
        Err(error) => Err(NotThere::Part(Some(Part::Scanner), chain(&error))),
    }
}

/// Meta did not take a file: later, as a send would be; or it stays behind.
async fn not_taken(
    env: &Env,
    message: &OutboxMessage,
    number: &str,
    error: &GraphError,
) -> Result<Ended, CatalogError> {
    let (class, why) = (error.class, chain(error));
    if !class.is_transient() && !class.pauses() {
        return leave_behind(env, message, &why).await;
    }
    let failure = Failure {
        class,
        code: error.code(),
        why,
        tried: message.upload_attempts,
        template: None,
        heard: Heard::InCall,
    };
    refused(env, message, number, failure).await
}

/// The message goes without its file, or a person is told.
pub(super) async fn leave_behind(
    env: &Env,
    message: &OutboxMessage,
    why: &str,
) -> Result<Ended, CatalogError> {
    if env.catalog.goes_without_file(message, why).await? {
        tracing::warn!(error = why, "a message goes without its file");
        return Ok(Ended::Moved);
    }
    tell(env, message, why).await
}

async fn tell(env: &Env, message: &OutboxMessage, why: &str) -> Result<Ended, CatalogError> {
    env.catalog.reply_failed(message.id, "message_failed", why).await?;
    Ok(Ended::Moved)
}

/// A message that may bring a file was refused: by what class it is judged, and how often it was tried. A media id that Meta
/// does not know, or whose file it did not take, is forgotten, and the file uploaded anew. One that was had from before the
/// message says nothing of the file: it is tried as if for the first time.
pub(super) async fn judged(
    env: &Env,
    message: &OutboxMessage,
    number: &str,
    failure: Failure,
) -> Result<Failure, CatalogError> {
    let is_of_media = failure.class == ErrorClass::OutboundMedia
        || failure.class == ErrorClass::Permanent && failure.code.is_some_and(|c| UNKNOWN_MEDIA.contains(&c));
    // In another template than one that it names no file went.
    let went_without = failure.template.is_some() && in_header(message).is_none();
    if !is_of_media || went_without {
        return Ok(failure);
    }
    let Some(Found::Here(file)) = env.catalog.attachment_of(message, number).await? else {
        return Ok(failure);
    };
    let Some((media_id, since)) = &file.upload else { return Ok(failure) };
    env.catalog.upload_forgotten(file.id, number, media_id).await?;
    let is_from_before = *since < message.created_at || message.upload_attempts == 0;
    let tried = if is_from_before { 0 } else { failure.tried };
    Ok(Failure { class: ErrorClass::OutboundMedia, tried, ..failure })
}
