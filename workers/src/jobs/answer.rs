//! A file that is the answer to what its sender was asked for: it takes the place of the one that was of no use, or its
//! pages are put behind those that were there.

mod bind;

use acuse_conversation::wording::Telling;
use acuse_storage::{
    Document, DocumentId, Stage,
    cases::{Answer, Joined},
    stages::{Fetched, Step},
};

use crate::{env::Env, halt::Halt, jobs::boundary, told};

/// Joins a document that was read to the one that was asked for, if it is the answer; identical bytes are none, and
/// their sender hears so.
///
/// # Errors
/// A [`Halt`] to try again: the catalog or S3 failed.
pub(crate) async fn answer(env: &Env, document: &Document) -> Result<Option<Step>, Halt> {
    match env.catalog.answers(document).await? {
        None => Ok(None),
        Some(Answer::Same(first)) => {
            let reply = told::of_document(&env.catalog, document, Telling::SameAgain).await?;
            let linked =
                env.catalog.duplicate_of(document.id, Stage::Link, first, None, reply.as_ref()).await?;
            Ok(Some(linked))
        }
        Some(Answer::To { document: asked, taken, adds }) => {
            let copy = if adds { joined(env, document, asked).await? } else { None };
            let copy = match copy {
                Some(copy) => copy,
                None => match replacing(env, document, asked).await? {
                    Some(copy) => copy,
                    None => return Ok(None),
                },
            };
            join(env, document, asked, taken, copy).await
        }
    }
}

/// The answer's own bytes, under the document's own name, so that they are erased with it.
async fn replacing(env: &Env, answer: &Document, asked: DocumentId) -> Result<Option<Fetched>, Halt> {
    let Some(original) = &answer.original else { return Ok(None) };
    let limit = env.sandbox.limits().original_bytes;
    let (_, bytes) = env.objects.get_stream(&original.key).await?;
    let copy = env.objects.put_original(asked, bytes, limit).await?;
    Ok(Some(Fetched { original: copy, media_type: answer.media_type.clone() }))
}

/// The pages that were there and those of the answer, as one file; none where either has no pictures of its pages.
async fn joined(env: &Env, answer: &Document, asked: DocumentId) -> Result<Option<Fetched>, Halt> {
    let Some(first) = env.catalog.document(asked).await? else { return Ok(None) };
    if first.pages.is_empty() || answer.pages.is_empty() {
        return Ok(None);
    }
    let limit = env.sandbox.limits().original_bytes;
    let mut pages = Vec::new();
    for page in first.pages.iter().chain(&answer.pages) {
        let jpeg = env.objects.get_bytes(&page.key, limit).await?;
        pages.push(bind::Page { width: page.width, height: page.height, jpeg });
    }
    let file = bytes::Bytes::from(bind::pdf(&pages));
    let stream = futures_util::stream::iter([Ok::<_, std::convert::Infallible>(file)]);
    let copy = env.objects.put_original(asked, stream, limit).await?;
    Ok(Some(Fetched { original: copy, media_type: Some("application/pdf".to_owned()) }))
}

async fn join(
    env: &Env,
    answer: &Document,
    asked: DocumentId,
    taken: &str,
    fetched: Fetched,
) -> Result<Option<Step>, Halt> {
    boundary::pass("answer.copied");
    match env.catalog.join_answer(answer, asked, taken, &fetched).await? {
        Joined::Done => {
            tracing::info!(document_id = %asked, taken, "taken for the answer");
            Ok(Some(Step::Taken))
        }
        // What it answers was decided meanwhile: it goes its own road.
        Joined::Moved => Ok(None),
    }
}
