//! A file from a URL that a client gave: by the guarded client, so that neither it nor any redirect of it reaches what
//! only we can reach. Each hop is looked at by the [guard](super::guard) and connected to the address it resolved.

use std::time::Duration;

use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use reqwest::{Response, StatusCode, Url, header};

use super::Outgoing;

/// Most redirects of one file; a share's link has one or two.
const HOPS: usize = 3;
/// Longest time of one fetch, connecting included.
const FETCH: Duration = Duration::from_secs(120);

/// A file on its way in.
pub struct Fetched {
    /// What its server calls it.
    pub media_type: Option<String>,
    /// The last piece of its address, where that is a name.
    pub filename: Option<String>,
    response: Response,
}

/// Why a URL was not fetched. Says nothing of the URL, which may hold a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotFetched {
    /// It may not be called, or a redirect of it.
    #[error("the URL may not be fetched: {0}")]
    Refused(String),
    /// Its server did not answer, or the name is nobody's.
    #[error("the URL's server cannot be reached")]
    Unreachable,
    /// Its server answered something else.
    #[error("the URL's server answered {0}")]
    Status(u16),
    /// It leads on and on.
    #[error("the URL leads on more than {HOPS} times")]
    TooManyHops,
    /// It is larger than may be, as its server says.
    #[error("the file is larger than {0} bytes")]
    TooLarge(u64),
    /// It ended early or came too slowly.
    #[error("the file broke off on its way")]
    BrokeOff,
}

impl Fetched {
    /// Its bytes.
    pub fn bytes(self) -> impl Stream<Item = Result<Bytes, NotFetched>> + Send {
        self.response.bytes_stream().map(|piece| piece.map_err(|_| NotFetched::BrokeOff))
    }
}

impl Outgoing {
    /// Fetches a file of at most so many bytes, as far as its server says how many it has.
    ///
    /// # Errors
    /// Why it is not fetched.
    pub async fn fetch(&self, url: &str, most_bytes: u64) -> Result<Fetched, NotFetched> {
        let refused = |error: super::guard::Refused| NotFetched::Refused(error.to_string());
        let mut url = self.guard().url(url).map_err(refused)?;
        for _ in 0..=HOPS {
            let response = self.client.get(url.clone()).timeout(FETCH).send().await;
            let response = response.map_err(|error| unreachable(&error))?;
            if let Some(next) = next_hop(&url, &response)? {
                url = self.guard().url(next.as_str()).map_err(refused)?;
                continue;
            }
            if response.status() != StatusCode::OK {
                return Err(NotFetched::Status(response.status().as_u16()));
            }
            if response.content_length().is_some_and(|n| n > most_bytes) {
                return Err(NotFetched::TooLarge(most_bytes));
            }
            return Ok(of(&url, response));
        }
        Err(NotFetched::TooManyHops)
    }
}

/// A name that leads home is refused by the resolver, which reqwest reports as no connection.
fn unreachable(error: &reqwest::Error) -> NotFetched {
    let mut source: Option<&dyn std::error::Error> = Some(error);
    while let Some(cause) = source {
        if let Some(refused) = cause.downcast_ref::<super::guard::Refused>() {
            return NotFetched::Refused(refused.to_string());
        }
        source = cause.source();
    }
    NotFetched::Unreachable
}

fn next_hop(from: &Url, response: &Response) -> Result<Option<Url>, NotFetched> {
    if !matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
        return Ok(None);
    }
    let status = NotFetched::Status(response.status().as_u16());
    let to = response.headers().get(header::LOCATION).and_then(|v| v.to_str().ok()).ok_or(status)?;
    from.join(to).map(Some).map_err(|_| NotFetched::Refused("it leads to no URL".to_owned()))
}

fn of(url: &Url, response: Response) -> Fetched {
    let media_type = response.headers().get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok());
    let media_type = media_type.and_then(|t| t.split(';').next()).map(|t| t.trim().to_owned());
    let last = url.path_segments().and_then(Iterator::last).unwrap_or_default();
    let filename = (last.contains('.') && last.len() <= 200).then(|| last.to_owned());
    Fetched { media_type, filename, response }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
    };

    use super::*;
    use crate::outgoing::OutgoingConfig;

    /// Answers every path: `/file.pdf` a file, `/big` a length, `/to?X` a redirect to X, `/404` that.
    async fn server() -> (Arc<Outgoing>, String) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move {
            while let Ok((mut socket, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let mut asked = vec![0; 4096];
                    let n = socket.read(&mut asked).await.unwrap();
                    let asked = String::from_utf8_lossy(&asked[..n]).into_owned();
                    let path = asked.split(' ').nth(1).unwrap().to_owned();
                    let answer = match path.split_once('?').unwrap_or((&path, "")) {
                        ("/file.pdf", _) => {
                            "200 OK\r\nContent-Type: application/pdf; x=y\r\nContent-Length: 4\r\n\r\n%PDF"
                                .to_owned()
                        }
                        ("/short.pdf", _) => "200 OK\r\nContent-Length: 400\r\n\r\n%PDF".to_owned(),
                        ("/big", _) => "200 OK\r\nContent-Length: 1000\r\n\r\n".to_owned(),
                        ("/to", to) => format!("302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n"),
                        _ => "404 Not Found\r\nContent-Length: 0\r\n\r\n".to_owned(),
                    };
                    let answer = format!("HTTP/1.1 {answer}");
                    socket.write_all(answer.as_bytes()).await.unwrap();
                });
            }
        });
        let networks = vec!["127.0.0.0/8".parse().unwrap()];
        (Arc::new(Outgoing::new(OutgoingConfig { networks, ..OutgoingConfig::default() }).unwrap()), base)
    }

    #[tokio::test]
    async fn a_file_is_fetched_and_every_hop_is_looked_at() {
        let (outgoing, base) = server().await;
        let fetched = outgoing.fetch(&format!("{base}/to?/to?/file.pdf"), 100).await.unwrap();
        assert_eq!(fetched.media_type.as_deref(), Some("application/pdf"));
        assert_eq!(fetched.filename.as_deref(), Some("file.pdf"));
        let bytes: Vec<_> = fetched.bytes().collect().await;
        assert_eq!(bytes.concat_ok(), b"%PDF");
        let not = async |path: &str| outgoing.fetch(&format!("{base}{path}"), 100).await.err().unwrap();
        assert_eq!(not("/big").await, NotFetched::TooLarge(100));
        assert_eq!(not("/nothing").await, NotFetched::Status(404));
        assert_eq!(not("/to?/to?/to?/to?/file.pdf").await, NotFetched::TooManyHops);
        for home in
            ["https://169.254.169.254/latest", "http://[::1]:1/", "https://localhost.:1/", "ftp://x.y/z"]
        {
            let refused = not(&format!("/to?{home}")).await;
            assert!(matches!(refused, NotFetched::Refused(_) | NotFetched::Unreachable), "{home}: {refused}");
        }
        let short = outgoing.fetch(&format!("{base}/short.pdf"), 1000).await.unwrap();
        let pieces: Vec<_> = short.bytes().collect().await;
        assert!(pieces.iter().any(|p| matches!(p, Err(NotFetched::BrokeOff))), "half a file is none");
    }

    #[tokio::test]
    async fn nothing_private_is_fetched_where_no_network_is_named() {
        let (_, base) = server().await;
        let strict = Outgoing::new(OutgoingConfig::default()).unwrap();
        for url in [format!("{base}/file.pdf"), "https://localhost/file.pdf".to_owned()] {
            let refused = strict.fetch(&url, 100).await.err().unwrap();
            assert!(matches!(refused, NotFetched::Refused(_)), "{url}: {refused}");
            assert!(
                !refused.to_string().contains("127.0.0.1"),
                "{url}: where it leads is not told: {refused}"
            );
        }
    }

    trait ConcatOk {
        fn concat_ok(self) -> Vec<u8>;
    }

    impl ConcatOk for Vec<Result<Bytes, NotFetched>> {
        fn concat_ok(self) -> Vec<u8> {
            self.into_iter().flat_map(|piece| piece.unwrap().to_vec()).collect()
        }
    }
}
