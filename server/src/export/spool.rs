//! A body that is made as fast as its rows come, and taken as slowly as whoever asked takes it. What was made and not yet
//! taken lies in a temporary file: memory is flat, and the instant at which the database is read is let go of as soon as
//! the last row is, however slow the line.

use std::{
    fs::File as Std,
    io::{Error, Result as Io},
};

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use futures_util::Stream;
use tokio::{
    fs::File,
    io::{AsyncReadExt, AsyncWriteExt},
    sync::watch,
};
use tracing::Instrument;

use crate::http::problem::Problem;

/// Most bytes that are read back at once.
const CHUNK: u64 = 64 << 10;

/// Makes the next piece of a body; none at the end.
pub(super) trait AsyncPage<S>: Copy + Send + Sync + 'static {
    fn page(self, state: &mut S) -> impl Future<Output = Result<Option<Vec<u8>>, Problem>> + Send;
}

/// What is in the file.
#[derive(Debug, Clone, Copy, Default)]
struct Made {
    bytes: u64,
    /// Whether that is all there will be, and all there is.
    ended: Option<bool>,
}

/// A body of what `next` makes of each page, the first of which is made before anything is answered: what fails at
/// once fails with a status.
pub(super) async fn streamed<S: Send + 'static>(
    mut state: S,
    next: impl AsyncPage<S>,
) -> Result<Body, Problem> {
    let first = next.page(&mut state).await?;
    let (writer, reader) = files().map_err(anyhow::Error::new)?;
    let (told, made) = watch::channel(Made::default());
    tokio::spawn(make(state, next, first, (writer, told)).in_current_span());
    Ok(Body::from_stream(taken(reader, made)))
}

/// The two ends of a file that has no name any more.
fn files() -> Io<(File, File)> {
    let named = tempfile::NamedTempFile::new()?;
    let reader: Std = named.reopen()?;
    Ok((File::from_std(named.into_file()), File::from_std(reader)))
}

/// Writes all pages, as long as somebody takes them.
async fn make<S>(
    mut state: S,
    next: impl AsyncPage<S>,
    first: Option<Vec<u8>>,
    (mut file, told): (File, watch::Sender<Made>),
) {
    let mut ready = first;
    let mut whole = true;
    while let Some(page) = ready.take() {
        if let Err(error) = written(&mut file, &page).await {
            tracing::error!(%error, "an export broke off: its temporary file cannot be written");
            whole = false;
            break;
        }
        told.send_modify(|made| made.bytes += page.len() as u64);
        if told.is_closed() {
            return;
        }
        match next.page(&mut state).await {
            Ok(following) => ready = following,
            Err(problem) => {
                problem.log();
                tracing::error!(error = %problem, "an export broke off");
                whole = false;
            }
        }
    }
    told.send_modify(|made| made.ended = Some(whole));
}

async fn written(file: &mut File, page: &[u8]) -> Io<()> {
    file.write_all(page).await?;
    file.flush().await
}

/// What was made, from its beginning. Should it break off the connection is cut, so that nobody takes half for the whole.
fn taken(file: File, made: watch::Receiver<Made>) -> impl Stream<Item = Io<Bytes>> + Send {
    futures_util::stream::unfold(Some((file, made, 0_u64)), |open| async move {
        let (mut file, mut made, at) = open?;
        match read_on(&mut file, &mut made, at).await {
            Ok(Some(bytes)) => {
                let at = at + bytes.len() as u64;
                Some((Ok(bytes), Some((file, made, at))))
            }
            Ok(None) => None,
            Err(error) => Some((Err(error), None)),
        }
    })
}

async fn read_on(file: &mut File, made: &mut watch::Receiver<Made>, at: u64) -> Io<Option<Bytes>> {
    let broke_off = || Error::other("the export broke off");
    let seen =
        *made.wait_for(|made| made.bytes > at || made.ended.is_some()).await.map_err(|_| broke_off())?;
    let left = seen.bytes.saturating_sub(at).min(CHUNK);
    if left == 0 {
        return if seen.ended == Some(true) { Ok(None) } else { Err(broke_off()) };
    }
    let mut bytes = BytesMut::zeroed(usize::try_from(left).map_err(Error::other)?);
    file.read_exact(&mut bytes).await?;
    Ok(Some(bytes.freeze()))
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    };

    use axum::body::to_bytes;
    use futures_util::StreamExt;

    use super::*;

    const PAGE_BYTES: usize = 100_000;

    /// So many pages, and then an end or none; what was made is counted.
    struct Pages {
        left: u32,
        fails: bool,
        made: Arc<AtomicU32>,
    }

    #[derive(Clone, Copy)]
    struct Next;

    impl AsyncPage<Pages> for Next {
        async fn page(self, pages: &mut Pages) -> Result<Option<Vec<u8>>, Problem> {
            if pages.left == 0 {
                return if pages.fails { Err(Problem::Timeout) } else { Ok(None) };
            }
            pages.left -= 1;
            let n = pages.made.fetch_add(1, Ordering::SeqCst);
            Ok(Some(vec![u8::try_from(n).unwrap_or_default(); PAGE_BYTES]))
        }
    }

    async fn body(left: u32, fails: bool) -> (Body, Arc<AtomicU32>) {
        let made = Arc::new(AtomicU32::new(0));
        (streamed(Pages { left, fails, made: made.clone() }, Next).await.unwrap(), made)
    }

    #[tokio::test]
    async fn a_body_is_made_whole_however_slowly_it_is_taken() {
        let (body, made) = body(50, false).await;
        let mut pieces = body.into_data_stream();
        let first = pieces.next().await.unwrap().unwrap();
        while made.load(Ordering::SeqCst) < 50 {
            tokio::task::yield_now().await;
        }
        let mut all = first.to_vec();
        while let Some(piece) = pieces.next().await {
            all.extend_from_slice(&piece.unwrap());
        }
        let expected: Vec<u8> = (0..50).flat_map(|n| vec![n; PAGE_BYTES]).collect();
        assert!(all == expected, "{} bytes", all.len());
    }

    #[tokio::test]
    async fn half_is_never_taken_for_the_whole_and_what_nobody_takes_is_not_made() {
        assert!(to_bytes(body(3, true).await.0, usize::MAX).await.is_err());
        assert!(to_bytes(body(0, false).await.0, usize::MAX).await.unwrap().is_empty());
        let (dropped, made) = body(u32::MAX, false).await;
        drop(dropped);
        let mut before = u32::MAX;
        while made.load(Ordering::SeqCst) != before {
            before = made.load(Ordering::SeqCst);
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    }
}
