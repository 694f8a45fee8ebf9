//! A body that is made as fast as its rows come, and taken as slowly as whoever asked takes it. What was made and not yet
//! taken lies in a temporary file: memory is flat, and the instant at which the database is read is let go of as soon as
//! the last row is, however slow the line.

use std::{
    fs::{DirBuilder, File as Std},
    io::{Error, Result as Io},
    os::unix::fs::{DirBuilderExt, FileExt},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use axum::{body::Body, http::Version};
use bytes::{Bytes, BytesMut};
use futures_util::Stream;
use tokio::{
    fs::File,
    io::AsyncWriteExt,
    sync::{OwnedSemaphorePermit, Semaphore, watch},
};
use tracing::Instrument;

use crate::{budget::FILE_TIMEOUT, problem::Problem};

/// Most bytes that are read back at once.
const CHUNK: u64 = 64 << 10;
/// Most exports that are made or lie waiting to be taken: each takes disk.
const LYING: usize = 16;

/// Where exports lie until they are taken, and how many.
#[derive(Debug, Clone)]
pub struct Spool {
    folder: Folder,
    places: Arc<Semaphore>,
    /// How long one that is whole waits to be taken.
    patience: Duration,
}

impl Spool {
    /// With its files in this folder, which is made when the first is.
    #[must_use]
    pub fn new(folder: PathBuf) -> Self {
        let places = Arc::new(Semaphore::new(LYING));
        Self { folder: Folder(folder), places, patience: FILE_TIMEOUT }
    }

    /// A place for one more, to be answered by this version of HTTP.
    ///
    /// # Errors
    /// 503 while too many are there.
    pub(super) fn place(&self, version: Version) -> Result<Place, Problem> {
        let permit = self.places.clone().try_acquire_owned();
        let permit =
            permit.map_err(|_| Problem::Busy("too many exports are being made or wait to be taken"))?;
        // There, what was cut looks like what has ended, unless its length was said before.
        let length_first = version < Version::HTTP_11;
        Ok(Place { folder: self.folder.clone(), patience: self.patience, length_first, _permit: permit })
    }
}

/// A folder of ours.
#[derive(Debug, Clone)]
pub(super) struct Folder(PathBuf);

impl Folder {
    /// The folder, which is there.
    pub(super) fn there(&self) -> Io<&PathBuf> {
        DirBuilder::new().recursive(true).mode(0o700).create(&self.0).map(|()| &self.0)
    }

    #[cfg(test)]
    pub(super) fn at(folder: PathBuf) -> Self {
        Self(folder)
    }

    /// A file without a name: it goes with whoever has it open, even where this process is killed.
    pub(super) fn file(&self) -> Io<Std> {
        tempfile::tempfile_in(self.there()?)
    }
}

/// The place of an export, from before it is made until it is taken.
pub(super) struct Place {
    pub(super) folder: Folder,
    patience: Duration,
    length_first: bool,
    _permit: OwnedSemaphorePermit,
}

/// What is answered.
pub(super) struct Out {
    /// As it comes.
    pub(super) body: Body,
    /// How long it will be, where that is known.
    pub(super) bytes: Option<u64>,
}

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
///
/// # Errors
/// When the first page fails, or where the length must be known first any.
pub(super) async fn streamed<S: Send + 'static>(
    place: Place,
    mut state: S,
    next: impl AsyncPage<S>,
) -> Result<Out, Problem> {
    let first = next.page(&mut state).await?;
    let file = Arc::new(place.folder.file().map_err(anyhow::Error::new)?);
    let (told, mut made) = watch::channel(Made::default());
    let writer = File::from_std(file.try_clone().map_err(anyhow::Error::new)?);
    let (length_first, lies) = (place.length_first, file.clone());
    let making = async move {
        let told = make(state, next, first, (writer, told)).await;
        kept(place, lies, told).await;
    };
    tokio::spawn(making.in_current_span());
    let bytes = if length_first { Some(whole(&mut made).await?) } else { None };
    Ok(Out { body: Body::from_stream(taken(file, made)), bytes })
}

/// A body of a file that is whole.
///
/// # Errors
/// When its length cannot be had.
pub(super) fn lying(place: Place, file: Std) -> Io<Out> {
    let (bytes, file) = (file.metadata()?.len(), Arc::new(file));
    let (told, made) = watch::channel(Made { bytes, ended: Some(true) });
    tokio::spawn(kept(place, file.clone(), told));
    Ok(Out { body: Body::from_stream(taken(file, made)), bytes: Some(bytes) })
}

/// Waits until all is made: how long it is.
async fn whole(made: &mut watch::Receiver<Made>) -> Result<u64, Problem> {
    let made = made.wait_for(|made| made.ended.is_some()).await.map_err(anyhow::Error::new)?;
    if made.ended == Some(true) { Ok(made.bytes) } else { Err(anyhow::Error::new(broke_off()).into()) }
}

/// Holds the place until the file was taken. One that is not taken in time takes no disk any longer, however slowly its
/// line is read.
async fn kept(place: Place, file: Arc<Std>, told: watch::Sender<Made>) {
    if tokio::time::timeout(place.patience, told.closed()).await.is_ok() {
        return;
    }
    tracing::warn!("an export was not taken in time");
    let emptied = tokio::task::spawn_blocking(move || file.set_len(0)).await;
    if !matches!(emptied, Ok(Ok(()))) {
        tracing::error!("an export that was not taken could not be emptied");
    }
}

/// Writes all pages, as long as somebody takes them.
async fn make<S>(
    mut state: S,
    next: impl AsyncPage<S>,
    first: Option<Vec<u8>>,
    (mut file, told): (File, watch::Sender<Made>),
) -> watch::Sender<Made> {
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
            return told;
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
    told
}

async fn written(file: &mut File, page: &[u8]) -> Io<()> {
    file.write_all(page).await?;
    file.flush().await
}

/// What was made, from its beginning. Should it break off the connection is cut, so that nobody takes half for the whole.
fn taken(file: Arc<Std>, made: watch::Receiver<Made>) -> impl Stream<Item = Io<Bytes>> + Send {
    futures_util::stream::unfold(Some((file, made, 0_u64)), |open| async move {
        let (file, mut made, at) = open?;
        match read_on(&file, &mut made, at).await {
            Ok(Some(bytes)) => {
                let at = at + bytes.len() as u64;
                Some((Ok(bytes), Some((file, made, at))))
            }
            Ok(None) => None,
            Err(error) => Some((Err(error), None)),
        }
    })
}

fn broke_off() -> Error {
    Error::other("the export broke off")
}

async fn read_on(file: &Arc<Std>, made: &mut watch::Receiver<Made>, at: u64) -> Io<Option<Bytes>> {
    let seen =
        *made.wait_for(|made| made.bytes > at || made.ended.is_some()).await.map_err(|_| broke_off())?;
    let left = seen.bytes.saturating_sub(at).min(CHUNK);
    if left == 0 {
        return if seen.ended == Some(true) { Ok(None) } else { Err(broke_off()) };
    }
    let mut bytes = BytesMut::zeroed(usize::try_from(left).map_err(Error::other)?);
    let file = file.clone();
    // By its place: whoever writes goes on at the end.
    let read = tokio::task::spawn_blocking(move || file.read_exact_at(&mut bytes, at).map(|()| bytes));
    Ok(Some(read.await.map_err(Error::other)??.freeze()))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

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

    fn spool() -> (tempfile::TempDir, Spool) {
        let folder = tempfile::tempdir().unwrap();
        let spool = Spool::new(folder.path().join("tmp"));
        (folder, spool)
    }

    fn pages(left: u32, fails: bool) -> Pages {
        Pages { left, fails, made: Arc::default() }
    }

    async fn all_free(spool: &Spool) {
        while spool.places.available_permits() < LYING {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    async fn body(left: u32, fails: bool) -> (Body, Arc<AtomicU32>) {
        let made = Arc::new(AtomicU32::new(0));
        let (_folder, spool) = spool();
        let pages = Pages { left, fails, made: made.clone() };
        let place = spool.place(Version::HTTP_11).unwrap();
        (streamed(place, pages, Next).await.unwrap().body, made)
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
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    #[tokio::test]
    async fn what_nobody_takes_has_an_end_and_so_many_lie_there_at_most() {
        let (_folder, mut spool) = spool();
        let mut bodies = Vec::new();
        for _ in 0..LYING {
            let place = spool.place(Version::HTTP_11).unwrap();
            bodies.push(streamed(place, pages(3, false), Next).await.unwrap().body);
        }
        assert!(matches!(spool.place(Version::HTTP_11), Err(Problem::Busy(_))));
        drop(bodies);
        all_free(&spool).await;
        spool.patience = Duration::from_millis(50);
        let place = spool.place(Version::HTTP_11).unwrap();
        let body = streamed(place, pages(3, false), Next).await.unwrap().body;
        all_free(&spool).await;
        assert!(
            to_bytes(body, usize::MAX).await.is_err(),
            "its disk is free, and nobody takes half for the whole"
        );
        spool.patience = FILE_TIMEOUT;
        let file = spool.folder.file().unwrap();
        file.write_all_at(b"whole", 0).unwrap();
        let out = lying(spool.place(Version::HTTP_11).unwrap(), file).unwrap();
        assert_eq!(out.bytes, Some(5));
        assert_eq!(to_bytes(out.body, usize::MAX).await.unwrap(), "whole");
        all_free(&spool).await;
    }

    #[tokio::test]
    async fn where_a_cut_cannot_be_seen_the_length_is_said_first() {
        let (_folder, spool) = spool();
        let place = || spool.place(Version::HTTP_10).unwrap();
        let out = streamed(place(), pages(3, false), Next).await.unwrap();
        assert_eq!(out.bytes, Some(3 * PAGE_BYTES as u64));
        assert_eq!(to_bytes(out.body, usize::MAX).await.unwrap().len(), 3 * PAGE_BYTES);
        assert!(streamed(place(), pages(3, true), Next).await.is_err());
        let out = streamed(spool.place(Version::HTTP_11).unwrap(), pages(3, false), Next).await.unwrap();
        assert_eq!(out.bytes, None, "as soon as it comes");
    }
}
