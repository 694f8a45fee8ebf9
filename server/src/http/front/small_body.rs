//! Small bodies are gathered before anything is done for them, so that one which comes by the drop takes no place among
//! those that are answered, and its connection counts as idle.
//!
//! The API's own bodies are not gathered, nor the files of the desk: only who has a key or is signed in gets as far as sending
//! one, and files are streamed.

use std::{
    sync::{Arc, LazyLock},
    time::Duration,
};

use axum::{
    body::{Body, HttpBody},
    extract::Request,
};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::connections::Place;
use crate::http::{JSON_BYTES, problem::Problem, webhook};

/// Longest time for a small body to come.
const ARRIVAL: Duration = Duration::from_secs(10);
/// KiB of small bodies in memory at once.
const MEMORY_KIB: usize = 64 << 10;
/// How often a connection asks for memory while others make room, and how long it rests in between.
const TRIES: usize = 40;
const REST: Duration = Duration::from_millis(5);

/// What is left of [`MEMORY_KIB`] in this process.
static MEMORY: LazyLock<Arc<Semaphore>> = LazyLock::new(|| Arc::new(Semaphore::new(MEMORY_KIB)));

/// The memory of a gathered body.
#[derive(Debug, Default)]
pub(super) struct Held(Option<OwnedSemaphorePermit>);

/// The request with its whole body, if that is a small one.
///
/// # Errors
/// When the body is too large, ends early or does not come.
pub(super) async fn gathered(request: Request, place: &Place) -> Result<(Request, Held), Problem> {
    let path = request.uri().path();
    if path.starts_with("/v1/") || is_file(path) || request.body().is_end_stream() {
        return Ok((request, Held::default()));
    }
    let most = if path.starts_with("/webhooks/") { webhook::BODY_BYTES } else { JSON_BYTES };
    let (parts, body) = request.into_parts();
    let arrived = tokio::time::timeout(ARRIVAL, gather(body, most, place)).await;
    let (bytes, held) = arrived.map_err(|_| Problem::Timeout)??;
    Ok((Request::from_parts(parts, Body::from(bytes)), held))
}

/// A file that a person at the desk sends: it is taken only once it is seen who they are, as the API's are.
fn is_file(path: &str) -> bool {
    path.starts_with("/inbox/") && path.ends_with("/files")
}

async fn gather(body: Body, most: usize, place: &Place) -> Result<(Bytes, Held), Problem> {
    let too_large = || Problem::TooLarge { limit_bytes: most as u64 };
    if body.size_hint().lower() > most as u64 {
        return Err(too_large());
    }
    let (mut chunks, mut gathered, mut held) = (body.into_data_stream(), BytesMut::new(), Held::default());
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|_| Problem::BadRequest("the body ended early".to_owned()))?;
        if gathered.len() + chunk.len() > most {
            return Err(too_large());
        }
        held.grow(gathered.len() + chunk.len(), place).await?;
        gathered.extend_from_slice(&chunk);
    }
    Ok((gathered.freeze(), held))
}

impl Held {
    /// Memory for so many bytes in all. Where there is none, others that only wait make room.
    async fn grow(&mut self, bytes: usize, place: &Place) -> Result<(), Problem> {
        let has = self.0.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        let missing = u32::try_from(bytes.div_ceil(1024).saturating_sub(has)).unwrap_or(u32::MAX);
        for _ in 0..TRIES {
            if let Ok(more) = MEMORY.clone().try_acquire_many_owned(missing) {
                match &mut self.0 {
                    Some(held) => held.merge(more),
                    none => *none = Some(more),
                }
                return Ok(());
            }
            place.make_room();
            tokio::time::sleep(REST).await;
        }
        Err(Problem::Busy("too much is being sent at once"))
    }
}
