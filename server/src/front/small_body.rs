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
    http::{HeaderMap, HeaderValue, header},
};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::connections::Place;
use crate::{
    budget::{JSON_BYTES, WEBHOOK_BYTES},
    problem::Problem,
};

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
    let most = if path.starts_with("/webhooks/") { WEBHOOK_BYTES } else { JSON_BYTES };
    let (parts, body) = request.into_parts();
    let arrived = tokio::time::timeout(ARRIVAL, gather(body, most, place)).await;
    let (bytes, held) = arrived.map_err(|_| Problem::Timeout)??;
    if is_form(&parts.headers) && holds_nul(&bytes) {
        return Err(Problem::BadRequest("a form holds no NUL".to_owned()));
    }
    Ok((Request::from_parts(parts, Body::from(bytes)), held))
}

fn is_form(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).map(HeaderValue::as_bytes).unwrap_or_default();
    kind.to_ascii_lowercase().starts_with(b"application/x-www-form-urlencoded")
}

/// Whether a form says a NUL, which no database keeps whole and nobody ever means; as [`crate::extract`] has it of JSON
/// and of queries.
fn holds_nul(form: &[u8]) -> bool {
    form.contains(&0) || form.windows(3).any(|three| three == b"%00")
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_holds_no_nul_however_it_is_written() {
        for (kind, body, refused) in [
            ("application/x-www-form-urlencoded", "user=ana%00&password=x", true),
            ("Application/X-WWW-Form-Urlencoded; charset=UTF-8", "user=ana\0", true),
            ("application/x-www-form-urlencoded", "user=%2500&note=100%2000", false),
            ("multipart/form-data; boundary=b", "%00", false),
        ] {
            let headers = HeaderMap::from_iter([(header::CONTENT_TYPE, HeaderValue::from_static(kind))]);
            assert_eq!(is_form(&headers) && holds_nul(body.as_bytes()), refused, "{kind}: {body}");
        }
    }
}
