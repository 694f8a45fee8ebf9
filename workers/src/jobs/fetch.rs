//! `fetch`: the media's bytes, from Meta into S3, before any decoder sees them.

use acuse_pipeline::wording::Telling;
use acuse_storage::{
    Document, Stage, StoredObject,
    stages::{Fetched, Step},
};
use acuse_whatsapp::{ErrorClass, Graph, MediaId};

use crate::{
    env::{CHANNEL, Env},
    halt::{Cause, Halt, Wait, media_unavailable},
    jobs::{boundary, compose},
};

/// Looks the media id up, streams the bytes to S3 under the cap, proves their hash, and moves on to `read`; or
/// links the document to the first one with the very same bytes.
///
/// # Errors
/// A [`Halt`]: the media is gone or too large (a person decides), or Meta or S3 failed (tried again until the
/// media id dies).
pub async fn fetch(env: &Env, document: &Document) -> Result<Step, Halt> {
    let media_id = media_id_of(document)?;
    boundary::pass("fetch.begun");
    let graph = open_channel(env).await?;
    let fetched = keep(env, graph, document, &media_id).await?;
    boundary::pass("fetch.stored");
    prove(env, document, &fetched.original).await?;
    match duplicate(env, document, Stage::Fetch, Some(&fetched)).await? {
        Some(step) => Ok(step),
        None => Ok(env.catalog.fetched(document.id, &fetched).await?),
    }
}

fn media_id_of(document: &Document) -> Result<MediaId, Halt> {
    let id = document
        .media_id
        .as_deref()
        .ok_or_else(|| media_unavailable("WhatsApp sent no media id (131052)"))?;
    id.parse().map_err(|_| media_unavailable("WhatsApp sent a media id that is none"))
}

/// The channel, unless it is paused: then nothing is asked of Meta and no attempt is burnt.
pub(crate) async fn open_channel(env: &Env) -> Result<&Graph, Halt> {
    let halt = |what: String, wait| Halt::Retry(Cause { what, wait, hopeless: false });
    if let Some(pause) = env.catalog.channel_pause(CHANNEL).await? {
        return Err(halt(format!("the channel is paused: {}", pause.reason), Wait::ChannelPaused));
    }
    env.graph.as_ref().ok_or_else(|| {
        let why = "ACUSE_WHATSAPP_ACCESS_TOKEN is not set".to_owned();
        halt(why.clone(), Wait::PauseChannel(why))
    })
}

/// Resolves and streams. A URL that died in between is asked for once more.
async fn keep(env: &Env, graph: &Graph, document: &Document, id: &MediaId) -> Result<Fetched, Halt> {
    match stream(env, graph, document, id).await {
        Err(Failed::UrlExpired) => stream(env, graph, document, id).await.map_err(|failed| match failed {
            Failed::UrlExpired => Halt::Retry(Cause::backoff("a fresh download link was refused as expired")),
            Failed::Halt(halt) => halt,
        }),
        Err(Failed::Halt(halt)) => Err(halt),
        Ok(fetched) => Ok(fetched),
    }
}

enum Failed {
    UrlExpired,
    Halt(Halt),
}

async fn stream(env: &Env, graph: &Graph, document: &Document, id: &MediaId) -> Result<Fetched, Failed> {
    let limit = env.sandbox.limits().original_bytes;
    let media =
        graph.media(id, document.phone_number_id.as_deref()).await.map_err(|e| Failed::Halt(e.into()))?;
    let download = graph.download(&media, limit).await.map_err(|error| match error.class {
        ErrorClass::MediaUrlExpired => Failed::UrlExpired,
        _ => Failed::Halt(error.into()),
    })?;
    let kept = env.objects.put_original(document.id, download.bytes, limit).await;
    let original = kept.map_err(|e| Failed::Halt(e.into()))?;
    if let Some(promised) = media.sha256.filter(|_| document.declared.sha256.is_none())
        && promised != original.sha256.0
    {
        env.objects.delete(&original.key).await.map_err(|e| Failed::Halt(e.into()))?;
        return Err(Failed::Halt(other_hash()));
    }
    Ok(Fetched { original, media_type: download.content_type.or(media.mime_type) })
}

/// What came is what the webhook announced. If not, it is no one's document: it is taken away and fetched again.
async fn prove(env: &Env, document: &Document, original: &StoredObject) -> Result<(), Halt> {
    match document.declared.sha256 {
        Some(announced) if announced != original.sha256 => {
            env.objects.delete(&original.key).await?;
            Err(other_hash())
        }
        _ => Ok(()),
    }
}

fn other_hash() -> Halt {
    Halt::Retry(Cause {
        what: "the bytes have another SHA-256 than WhatsApp announced".to_owned(),
        wait: Wait::Backoff,
        hopeless: true,
    })
}

/// If these very bytes came before: keeps them, links the document to the first, and tells the sender when that was.
/// Never for a part, which has the bytes of its siblings.
pub(crate) async fn duplicate(
    env: &Env,
    document: &Document,
    stage: Stage,
    fetched: Option<&Fetched>,
) -> Result<Option<Step>, Halt> {
    let Some(original) = fetched.map(|f| &f.original).or(document.original.as_ref()) else { return Ok(None) };
    let Some(first) = env.catalog.first_with_sha256(&original.sha256, document.id).await? else {
        return Ok(None);
    };
    Ok(Some(linked_to(env, document, stage, &first, fetched).await?))
}

/// Links a document to the first of its kind and tells the sender when that was.
pub(crate) async fn linked_to(
    env: &Env,
    document: &Document,
    stage: Stage,
    first: &Document,
    fetched: Option<&Fetched>,
) -> Result<Step, Halt> {
    let reply = compose(env, document, Telling::Duplicate { first_on: first.sent_at.date() }).await?;
    Ok(env.catalog.duplicate_of(document.id, stage, first.id, fetched, reply.as_ref()).await?)
}
