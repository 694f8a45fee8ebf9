//! The front door: connections come in here, and none of them can keep the others out.
//!
//! A connection that sends nothing, or half a header, is closed after [`HEAD`]; when there are too many, of one address
//! or in all, the one that has been idle longest makes room, so a newcomer with something to say always gets in. What
//! is being answered is never cut off for another; how much of it there may be is [`budget`]'s matter.

pub mod budget;

use std::{
    collections::{BTreeMap, HashMap},
    convert::Infallible,
    net::IpAddr,
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use axum::{Router, body::Body, extract::Request};
use bytes::Bytes;
use hyper::{
    body::{Body as HttpBody, Frame, Incoming, SizeHint},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower::ServiceExt;

use super::client_address::{Peer, TrustedProxies};

/// Longest time for a request's head, and for a connection between two requests.
const HEAD: Duration = Duration::from_secs(15);
/// Longest rest after the system could not accept.
const ACCEPT_REST: Duration = Duration::from_millis(50);

/// How many connections there may be.
#[derive(Debug, Clone)]
pub struct Caps {
    /// In all.
    pub total: usize,
    /// Of one address, unless it is a trusted proxy's.
    pub of_address: usize,
    /// Whose connections are many people's.
    pub trusted: TrustedProxies,
}

/// One open connection.
struct Open {
    address: IpAddr,
    /// Requests of it that are being answered.
    busy: Arc<AtomicUsize>,
    end: CancellationToken,
}

/// All open connections, the oldest first.
#[derive(Default)]
struct Connections {
    next: u64,
    open: BTreeMap<u64, Open>,
    of: HashMap<IpAddr, usize>,
}

impl Connections {
    fn remove(&mut self, id: u64) -> Option<Open> {
        let gone = self.open.remove(&id)?;
        if let Some(count) = self.of.get_mut(&gone.address) {
            *count -= 1;
            if *count == 0 {
                self.of.remove(&gone.address);
            }
        }
        Some(gone)
    }

    /// Closes the oldest connection (of `address`, if given) on which nothing is being answered; whether there was one.
    fn make_room(&mut self, address: Option<IpAddr>) -> bool {
        let idle = self.open.iter().find(|(_, open)| {
            address.is_none_or(|a| a == open.address) && open.busy.load(Ordering::Acquire) == 0
        });
        let Some(id) = idle.map(|(id, _)| *id) else { return false };
        if let Some(gone) = self.remove(id) {
            gone.end.cancel();
            metrics::counter!("acuse_connections_closed_for_others_total").increment(1);
        }
        true
    }

    fn admit(&mut self, address: IpAddr, caps: &Caps) -> Option<(u64, Arc<AtomicUsize>, CancellationToken)> {
        let own = self.of.get(&address).copied().unwrap_or_default();
        if own >= caps.of_address && !caps.trusted.has(address) && !self.make_room(Some(address)) {
            return None;
        }
        if self.open.len() >= caps.total && !self.make_room(None) {
            return None;
        }
        let id = self.next;
        self.next += 1;
        let (busy, end) = (Arc::new(AtomicUsize::new(0)), CancellationToken::new());
        self.open.insert(id, Open { address, busy: busy.clone(), end: end.clone() });
        *self.of.entry(address).or_default() += 1;
        Some((id, busy, end))
    }
}

type Shared = Arc<Mutex<Connections>>;

/// A connection's place, given back when it ends.
struct Place {
    id: u64,
    all: Shared,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.all.lock().unwrap_or_else(PoisonError::into_inner).remove(self.id);
    }
}

/// One request that is being answered.
struct Busy(Arc<AtomicUsize>);

impl Busy {
    fn new(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::AcqRel);
        Self(count.clone())
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

/// An answer's body, while which the connection is busy.
struct Answer {
    body: Body,
    _busy: Busy,
}

impl HttpBody for Answer {
    type Data = Bytes;
    type Error = axum::Error;
    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }
    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }
    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// Answers connections until told to stop, then finishes what is in hand.
///
/// # Errors
/// Never by itself; the signature is that of a server.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    caps: Caps,
    stopped: CancellationToken,
) -> std::io::Result<()> {
    let (all, tasks) = (Shared::default(), TaskTracker::new());
    loop {
        let accepted = tokio::select! {
            () = stopped.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        let (socket, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // Out of file handles, most likely: the idlest gives its own back.
                tracing::warn!(%error, "cannot accept a connection");
                all.lock().unwrap_or_else(PoisonError::into_inner).make_room(None);
                tokio::time::sleep(ACCEPT_REST).await;
                continue;
            }
        };
        let address = peer.ip().to_canonical();
        let admitted = all.lock().unwrap_or_else(PoisonError::into_inner).admit(address, &caps);
        let Some((id, busy, end)) = admitted else {
            metrics::counter!("acuse_connections_refused_total").increment(1);
            continue;
        };
        let place = Place { id, all: all.clone() };
        let (router, stopped) = (router.clone(), stopped.clone());
        tasks.spawn(async move {
            let _place = place;
            tokio::select! {
                () = end.cancelled() => {}
                () = converse(socket, Peer(peer), router, busy, stopped) => {}
            }
        });
    }
    tasks.close();
    tasks.wait().await;
    Ok(())
}

/// One connection, to its end.
async fn converse(
    socket: TcpStream,
    peer: Peer,
    router: Router,
    busy: Arc<AtomicUsize>,
    stopped: CancellationToken,
) {
    // An answer is written at once, not when more of it comes.
    let _ = socket.set_nodelay(true);
    let service = service_fn(move |mut request: hyper::Request<Incoming>| {
        request.extensions_mut().insert(peer);
        let (router, busy) = (router.clone(), Busy::new(&busy));
        async move {
            let request: Request = request.map(Body::new);
            let response = router.oneshot(request).await?;
            Ok::<_, Infallible>(response.map(|body| Answer { body, _busy: busy }))
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .serve_connection(TokioIo::new(socket), service);
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stopped.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caps(total: usize, of_address: usize, trusted: &str) -> Caps {
        Caps { total, of_address, trusted: TrustedProxies::parse(trusted).unwrap() }
    }

    #[test]
    fn the_idlest_makes_room_and_what_is_answered_does_not() {
        let (mut all, caps) = (Connections::default(), caps(3, 2, ""));
        let (a, b): (IpAddr, IpAddr) = ([10, 0, 0, 1].into(), [10, 0, 0, 2].into());
        let (first, busy, ended) = all.admit(a, &caps).unwrap();
        let answering = Busy::new(&busy);
        let (_, _, second) = all.admit(a, &caps).unwrap();
        let (third, third_busy, _) = all.admit(a, &caps).unwrap();
        assert!(second.is_cancelled() && !ended.is_cancelled(), "the idle one of that address went");
        let _also = Busy::new(&third_busy);
        assert!(all.admit(a, &caps).is_none(), "two are being answered, and that is its cap");
        assert!(all.admit(b, &caps).is_some(), "which is nobody else's matter");
        assert!(all.admit(b, &caps).is_some(), "the idle one of b made room");
        drop(answering);
        all.remove(first);
        all.remove(third);
        assert_eq!((all.open.len(), all.of.get(&a)), (1, None));
    }

    #[test]
    fn a_trusted_proxy_has_no_cap_of_its_own() {
        let (mut all, caps) = (Connections::default(), caps(10, 1, "10.0.0.0/8"));
        for _ in 0..5 {
            assert!(all.admit([10, 0, 0, 1].into(), &caps).is_some());
        }
        assert_eq!(all.open.len(), 5);
    }
}
