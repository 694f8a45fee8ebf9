//! `fetch`: the media's bytes, from Meta into S3, before any decoder sees them.

use acuse_conversation::wording::Telling;
use acuse_pipeline::document::Status;
use acuse_storage::{
    Document, Stage, StoredObject,
    names::WaitsFor,
    numbers::{Direction, May},
    parts::Part,
    stages::{Fetched, Step},
};
use acuse_whatsapp::{ErrorClass, Graph, GraphError, MediaId};

use crate::{
    env::Env,
    halt::{Cause, Halt, Wait, chain, media_unavailable},
    jobs::boundary,
    told,
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
    let number = document.phone_number_id.as_deref().unwrap_or_default();
    let (graph, probe) = open_channel(env, number).await?;
    let kept = keep(env, graph, document, &media_id).await;
    // That a file is gone or too large is told only to whoever may see the number's files: it ends the pause like one
    // that came, for it may be the last that waits.
    let is_open = matches!(&kept, Ok(_) | Err(Halt::Review(_)));
    if probe && is_open && env.catalog.resume(number, Direction::Fetch, env.now()).await? {
        tracing::info!("the number is fetched for again");
    }
    let fetched = kept?;
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

/// The channel by this number's token, and whether this is the probe of its pause. While it is paused nothing is asked
/// of Meta and no attempt is burnt.
async fn open_channel<'a>(env: &'a Env, number: &str) -> Result<(&'a Graph, bool), Halt> {
    let halt = |what: String, wait| Halt::Retry(Cause { what, wait, hopeless: false });
    let may = env.catalog.may_go(number, Direction::Fetch, env.now()).await?;
    if let May::NotBefore(at) = may {
        return Err(halt("fetching is paused for this number".to_owned(), Wait::Paused(at)));
    }
    let token_ref = env.catalog.token_ref(number).await?;
    let graph = env.graph_of(&token_ref).ok_or_else(|| {
        let why = format!("no access token with the reference {token_ref} is set");
        halt(why.clone(), Wait::PauseToken(why))
    })?;
    Ok((graph, may == May::Probe))
}

/// Meta says the same of media that is gone and of media that this token may not see: gone is only what a token that
/// sees the number cannot find.
async fn gone_or_not_seen(graph: &Graph, number: Option<&str>, error: GraphError) -> Halt {
    let Some(number) = number.filter(|_| error.class == ErrorClass::MediaGone) else { return error.into() };
    match graph.sees_number(number).await {
        Ok(()) => error.into(),
        // Meta could not be asked just now, which says nothing of what the token may see.
        Err(other)
            if matches!(
                other.class,
                ErrorClass::Retry
                    | ErrorClass::Wait { .. }
                    | ErrorClass::NumberThroughput
                    | ErrorClass::Unknown
            ) =>
        {
            other.into()
        }
        Err(other) => {
            let why = format!("the token cannot see this number's things: {}", chain(&other));
            Halt::Retry(Cause { what: why.clone(), wait: Wait::PauseNumber(why), hopeless: false })
        }
    }
}

/// Resolves and streams. A URL that died in between is asked for once more.
async fn keep(env: &Env, graph: &Graph, document: &Document, id: &MediaId) -> Result<Fetched, Halt> {
    match stream(env, graph, document, id).await {
        Err(Failed::UrlExpired) => stream(env, graph, document, id).await.map_err(|failed| match failed {
            // Or whoever stands in front of Meta answers for it.
            Failed::UrlExpired => Halt::Retry(Cause {
                what: "a fresh download link was refused as expired".to_owned(),
                wait: Wait::Part(Part::Graph),
                hopeless: false,
            }),
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
    let number = document.phone_number_id.as_deref();
    let media = match graph.media(id, number).await {
        Ok(media) => media,
        Err(error) => return Err(Failed::Halt(gone_or_not_seen(graph, number, error).await)),
    };
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

/// If its sender sent these very bytes before: keeps them, links the document to the first, and tells the sender when
/// that was. A file that was rejected is read anew; one that another was asked for in the place of is told to be the
/// same; the bytes of another sender are compared in `link`. Never for a part, which has the bytes of its siblings.
pub(crate) async fn duplicate(
    env: &Env,
    document: &Document,
    stage: Stage,
    fetched: Option<&Fetched>,
) -> Result<Option<Step>, Halt> {
    let Some(original) = fetched.map(|f| &f.original).or(document.original.as_ref()) else { return Ok(None) };
    let earlier = env.catalog.earlier_with_sha256(&original.sha256, document.id).await?;
    let rejected = |d: &Document| d.status == Status::Rejected && d.part.is_none();
    let Some(first) = earlier.into_iter().find(|d| same_sender(document, d) && !rejected(d)) else {
        return Ok(None);
    };
    if asked_for_another(&first) {
        let reply = told::of_document(&env.catalog, document, Telling::SameAgain).await?;
        return Ok(Some(
            env.catalog.duplicate_of(document.id, stage, first.id, fetched, reply.as_ref()).await?,
        ));
    }
    Ok(Some(linked_to(env, document, stage, (&first, true), fetched).await?))
}

/// Whether two files came from the same sender, and for the same customer where one was named.
pub(crate) fn same_sender(document: &Document, earlier: &Document) -> bool {
    document.contact_id == earlier.contact_id
        && document.source == earlier.source
        && !other_key(document, earlier)
        && (document.customer_id.is_none() || document.customer_id == earlier.customer_id)
}

/// Whether two uploads that name no sender came over two keys: then each key stands for a sender. Of what came before keys
/// were written down it is not known, and none is held against it.
pub(crate) fn other_key(document: &Document, earlier: &Document) -> bool {
    let unnamed = document.contact_id.is_none() && earlier.contact_id.is_none();
    unnamed && document.key_id.zip(earlier.key_id).is_some_and(|(one, other)| one != other)
}

/// Whether the sender was asked for another file in the place of this one.
fn asked_for_another(first: &Document) -> bool {
    first.status == Status::InReview
        && (first.waits_for == Some(WaitsFor::Sender)
            || matches!(Telling::of_reasons(&first.reasons), Telling::SendAgain(_) | Telling::Needs(_)))
}

/// Links a document to the first of its kind, the very same file or not, and tells the sender when that was.
pub(crate) async fn linked_to(
    env: &Env,
    document: &Document,
    stage: Stage,
    (first, same_file): (&Document, bool),
    fetched: Option<&Fetched>,
) -> Result<Step, Halt> {
    let reply = told::of_resend(&env.catalog, document, (first, same_file)).await?;
    Ok(env.catalog.duplicate_of(document.id, stage, first.id, fetched, reply.as_ref()).await?)
}
