//! A file that is the answer to what its sender was asked for: it takes the place of the one that was of no use.

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
        Some(Answer::To { document: asked, taken }) => join(env, document, asked, taken).await,
    }
}

async fn join(env: &Env, answer: &Document, asked: DocumentId, taken: &str) -> Result<Option<Step>, Halt> {
    let Some(original) = &answer.original else { return Ok(None) };
    let limit = env.sandbox.limits().original_bytes;
    let (_, bytes) = env.objects.get_stream(&original.key).await?;
    // Under the document's own name, so that it is erased with it.
    let copy = env.objects.put_original(asked, bytes, limit).await?;
    boundary::pass("answer.copied");
    let fetched = Fetched { original: copy, media_type: answer.media_type.clone() };
    match env.catalog.join_answer(answer, asked, taken, &fetched).await? {
        Joined::Done => {
            tracing::info!(document_id = %asked, taken, "taken for the answer");
            Ok(Some(Step::Taken))
        }
        // What it answers was decided meanwhile: it goes its own road.
        Joined::Moved => Ok(None),
    }
}
