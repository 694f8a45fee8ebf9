//! The front door: connections come in here, and none of them can keep the others out.
//!
//! A connection that sends nothing, or half a request, is closed after a while; when there are too many, of one address
//! or in all, one that has been idle for long makes room, so a newcomer with something to say always gets in. What
//! is being answered is never cut off for another, as long as somebody takes the answer; how much of it there may be is
//! [`crate::budget`]'s matter, and how often a key may ask [`crate::budget::rates`]'s.

mod connections;
mod linger;
mod small_body;
mod stream;

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::{
    Router,
    body::Body,
    extract::Request,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use hyper::{
    body::{Body as _, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower::ServiceExt;

pub use connections::Caps;
use connections::{Answering, Everybody, Place};
use linger::Lingering;
use stream::{Answer, Taken};

use crate::client_address::Peer;

/// Longest time for a request's head, and for a connection between two requests.
const HEAD: Duration = Duration::from_secs(15);
/// Longest head of a request: of one that never ends so much is kept for as long as it may take.
const HEAD_BYTES: usize = 64 << 10;
/// Longest time in which the other end takes nothing of an answer.
const STALL: Duration = Duration::from_secs(30);
/// Rest after the system could not accept.
const ACCEPT_REST: Duration = Duration::from_millis(50);

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
    let (all, tasks) = (Everybody::default(), TaskTracker::new());
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
                all.make_room();
                tokio::time::sleep(ACCEPT_REST).await;
                continue;
            }
        };
        let Some(place) = all.admit(peer.ip().to_canonical(), &caps) else {
            metrics::counter!("acuse_connections_refused_total").increment(1);
            continue;
        };
        let (router, stopped) = (router.clone(), stopped.clone());
        tasks.spawn(async move {
            let end = place.end.clone();
            tokio::select! {
                () = end.cancelled() => {}
                () = converse(socket, Peer(peer), router, place, stopped) => {}
            }
        });
    }
    tasks.close();
    tasks.wait().await;
    Ok(())
}

/// One connection, to its end.
async fn converse(socket: TcpStream, peer: Peer, router: Router, place: Place, stopped: CancellationToken) {
    // An answer is written at once, not when more of it comes.
    let _ = socket.set_nodelay(true);
    let place = Arc::new(place);
    let service = service_fn(move |mut request: hyper::Request<Incoming>| {
        request.extensions_mut().insert(peer);
        let (router, place) = (router.clone(), place.clone());
        let waits = request.headers().contains_key(header::EXPECT);
        let request = request.map(|body| Body::new(Lingering::new(body, waits)));
        async move { Ok::<_, Infallible>(answer(request, router, &place).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_header_size(HEAD_BYTES)
        .serve_connection(TokioIo::new(Taken::new(socket, STALL)), service);
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

async fn answer(request: Request, router: Router, place: &Place) -> hyper::Response<Answer> {
    let is_too_long = request.body().size_hint().lower() > linger::MOST_BYTES;
    let whole = small_body::gathered(request, place).await;
    let answering = Answering::new(&place.pulse);
    let mut response: Response = match whole {
        Ok((request, _held)) => router.oneshot(request).await.unwrap_or_else(|never| match never {}),
        Err(problem) => problem.into_response(),
    };
    if is_too_long && !response.status().is_success() {
        // The rest of it is not waited for.
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response.map(|body| Answer::new(body, answering))
}

#[cfg(test)]
mod tests {
    use axum::{http::StatusCode, routing::post};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;
    use crate::client_address::TrustedProxies;

    /// What is heard of a server that refuses at once, by who sends all of this before they listen.
    async fn heard(sent: &[u8]) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        // What is under it is not gathered before it is answered.
        let router = Router::new().route("/v1/documents", post(|| async { StatusCode::UNAUTHORIZED }));
        let caps = Caps { total: 10, of_address: 10, trusted: TrustedProxies::default() };
        let stop = CancellationToken::new();
        let served = tokio::spawn(serve(listener, router, caps, stop.clone()));
        let mut socket = TcpStream::connect(address).await.unwrap();
        socket.write_all(sent).await.unwrap();
        let mut said = [0; 12];
        socket.read_exact(&mut said).await.unwrap();
        stop.cancel();
        drop(socket);
        served.await.unwrap().unwrap();
        String::from_utf8_lossy(&said).into_owned()
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn whoever_sends_on_after_being_refused_hears_why() {
        let length = 24 << 20;
        let mut sent = format!("POST /v1/documents HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n")
            .into_bytes();
        sent.resize(sent.len() + length, b'x');
        assert_eq!(heard(&sent).await, "HTTP/1.1 401");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_head_that_does_not_end_is_refused_before_its_time_is_over() {
        let mut sent = b"POST /v1/documents HTTP/1.1\r\nHost: x\r\nX-Long: ".to_vec();
        sent.resize(HEAD_BYTES, b'x');
        assert_eq!(heard(&sent).await, "HTTP/1.1 431");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn whoever_asks_first_is_not_told_to_send() {
        let sent =
            "POST /v1/documents HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\nExpect: 100-continue\r\n\r\n";
        assert_eq!(heard(sent.as_bytes()).await, "HTTP/1.1 401");
    }
}
