//! The body of a request that is answered before all of it has come: the rest is taken and thrown away for a while, so
//! that whoever sends it whole before they listen hears why it was refused, and does not just lose the connection
//! (RFC 9112, 9.6).

use std::{
    pin::{Pin, pin},
    task::{Context, Poll},
    time::Duration,
};

use bytes::{Buf, Bytes};
use hyper::body::{Body as HttpBody, Frame, Incoming, SizeHint};
use tokio::runtime::Handle;

/// Most that is taken for nothing: more than the longest file that is accepted unless it is configured otherwise.
pub(super) const MOST_BYTES: u64 = 128 << 20;
/// Longest time for it.
const MOST_TIME: Duration = Duration::from_secs(15);

/// A request's body; what nobody read of it is taken when it is dropped.
#[derive(Debug)]
pub(super) struct Lingering<B: HttpBody<Data = Bytes> + Send + Unpin + 'static = Incoming> {
    body: Option<B>,
    /// Whether the other end sends only once it is told to, which it is when somebody begins to read.
    waits: bool,
}

impl<B: HttpBody<Data = Bytes> + Send + Unpin + 'static> Lingering<B> {
    pub(super) fn new(body: B, waits: bool) -> Self {
        Self { body: Some(body), waits }
    }
}

impl<B: HttpBody<Data = Bytes> + Send + Unpin + 'static> HttpBody for Lingering<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        self.waits = false;
        let Some(body) = self.body.as_mut() else { return Poll::Ready(None) };
        let frame = Pin::new(body).poll_frame(cx);
        if matches!(frame, Poll::Ready(None | Some(Err(_)))) {
            self.body = None;
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(HttpBody::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map_or_else(|| SizeHint::with_exact(0), HttpBody::size_hint)
    }
}

impl<B: HttpBody<Data = Bytes> + Send + Unpin + 'static> Drop for Lingering<B> {
    fn drop(&mut self) {
        let rest = self.body.take().filter(|body| !self.waits && !body.is_end_stream());
        if let (Some(rest), Ok(runtime)) = (rest, Handle::try_current()) {
            runtime.spawn(tokio::time::timeout(MOST_TIME, take(rest)));
        }
    }
}

/// Takes what comes, to its end or [`MOST_BYTES`].
async fn take(body: impl HttpBody<Data = Bytes> + Unpin) {
    let (mut body, mut taken) = (pin!(body), 0_u64);
    while taken < MOST_BYTES {
        match std::future::poll_fn(|cx| body.as_mut().poll_frame(cx)).await {
            Some(Ok(frame)) => taken += frame.data_ref().map_or(0, Buf::remaining) as u64,
            Some(Err(_)) | None => return,
        }
    }
}
