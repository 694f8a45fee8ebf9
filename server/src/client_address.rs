//! Where a request comes from. One place, for whoever counts tries by address.
//!
//! A forwarded header is believed only from a proxy in `ACUSE_TRUSTED_PROXIES`; from anybody else it is what a stranger
//! wrote. Of its addresses the last one that is no trusted proxy's counts: those before it the client itself may have
//! invented.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use axum::{
    extract::{Request, State},
    http::{Extensions, HeaderMap, HeaderValue},
    middleware::Next,
    response::Response,
};
use ipnet::IpNet;

use crate::state::App;

/// By which scheme a client came to a proxy.
pub const SCHEME: &str = "x-forwarded-proto";

/// The other end of a connection, put into each of its requests by [`crate::front`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer(pub SocketAddr);

/// Whom an address stands for: of IPv6 the network, which is one household's or one server's.
pub(crate) fn place(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        v4 => v4,
    }
}

/// The proxies whose forwarded headers are believed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrustedProxies(Vec<IpNet>);

/// A list of networks that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no network; write e.g. 10.0.0.0/8, 192.168.1.5 or fd00::/8, comma separated")]
pub struct NotANetwork(String);

impl TrustedProxies {
    /// Reads `10.0.0.0/8, 192.168.1.5`.
    ///
    /// # Errors
    /// Names the part that is no network.
    pub fn parse(list: &str) -> Result<Self, NotANetwork> {
        let parts = list.split(',').map(str::trim).filter(|p| !p.is_empty());
        let nets = parts.map(|part| {
            let net = part.parse::<IpNet>().or_else(|_| part.parse::<IpAddr>().map(IpNet::from));
            net.map_err(|_| NotANetwork(part.chars().take(64).collect()))
        });
        nets.collect::<Result<_, _>>().map(Self)
    }

    /// Whether an address is a trusted proxy's.
    #[must_use]
    pub fn has(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|net| net.contains(&address))
    }

    /// The client of a request that came from `peer`.
    #[must_use]
    pub fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut client = peer.to_canonical();
        let lines = headers.get_all("x-forwarded-for").iter().filter_map(|v| v.to_str().ok());
        let mut named: Vec<&str> = lines.flat_map(|line| line.split(',')).map(str::trim).collect();
        while self.has(client) {
            // What is no address was written by no proxy of ours: the proxy itself is as far as we see.
            let Some(before) = named.pop().and_then(|text| text.parse::<IpAddr>().ok()) else { break };
            client = before.to_canonical();
        }
        client
    }

    /// Leaves of [`SCHEME`] what a trusted proxy says, which is the last there is: those before it the client itself may
    /// have invented.
    fn leave_scheme(&self, peer: Option<Peer>, headers: &mut HeaderMap) {
        let last = headers.get_all(SCHEME).iter().next_back().and_then(|value| value.to_str().ok());
        let last = last.and_then(|line| line.rsplit(',').next()).map(|word| word.trim().to_ascii_lowercase());
        headers.remove(SCHEME);
        let last = last.filter(|_| peer.is_some_and(|peer| self.has(peer.0.ip())));
        if let Some(Ok(scheme)) = last.map(|word| HeaderValue::from_str(&word)) {
            headers.insert(SCHEME, scheme);
        }
    }

    /// The client of a request, by its parts.
    #[must_use]
    pub fn client_of(&self, extensions: &Extensions, headers: &HeaderMap) -> IpAddr {
        let peer = extensions.get::<Peer>().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.0.ip());
        self.client(peer, headers)
    }
}

/// Around everything: nobody behind it reads a scheme that no trusted proxy says.
pub async fn believed(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let peer = request.extensions().get::<Peer>().copied();
    app.budget.trusted.leave_scheme(peer, request.headers_mut());
    next.run(request).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scheme_is_what_a_trusted_proxy_says_last() {
        let left = |peer: Option<&str>, said: &[&str]| {
            let mut headers = HeaderMap::new();
            for value in said {
                headers.append(SCHEME, value.parse().unwrap());
            }
            let peer = peer.map(|ip| Peer(SocketAddr::new(ip.parse().unwrap(), 1)));
            TrustedProxies::parse("10.0.0.0/8").unwrap().leave_scheme(peer, &mut headers);
            headers.get_all(SCHEME).iter().map(|v| v.to_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(left(Some("10.1.1.1"), &["https"]), ["https"]);
        assert_eq!(left(Some("10.1.1.1"), &["https", "http"]), ["http"]);
        assert_eq!(left(Some("10.1.1.1"), &["http, HTTPS"]), ["https"]);
        for stranger in [Some("203.0.113.9"), None] {
            assert!(left(stranger, &["https"]).is_empty(), "{stranger:?}");
        }
        assert!(left(Some("10.1.1.1"), &[]).is_empty());
    }

    fn seen(trusted: &str, peer: &str, forwarded: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append("x-forwarded-for", value.parse().unwrap());
        }
        TrustedProxies::parse(trusted).unwrap().client(peer.parse().unwrap(), &headers).to_string()
    }

    #[test]
    fn only_a_trusted_proxy_is_believed() {
        assert_eq!(seen("", "203.0.113.9", &["1.2.3.4"]), "203.0.113.9");
        assert_eq!(seen("10.0.0.0/8", "203.0.113.9", &["1.2.3.4"]), "203.0.113.9");
        assert_eq!(seen("10.0.0.0/8", "10.1.1.1", &["1.2.3.4"]), "1.2.3.4");
        assert_eq!(seen("10.0.0.0/8", "::ffff:10.1.1.1", &["1.2.3.4"]), "1.2.3.4");
    }

    #[test]
    fn what_the_client_wrote_itself_is_not_believed() {
        assert_eq!(seen("10.0.0.0/8", "10.1.1.1", &["6.6.6.6, 1.2.3.4, 10.2.2.2"]), "1.2.3.4");
        assert_eq!(seen("10.0.0.0/8", "10.1.1.1", &["6.6.6.6", "1.2.3.4"]), "1.2.3.4");
        assert_eq!(seen("10.0.0.0/8", "10.1.1.1", &["1.2.3.4, unknown"]), "10.1.1.1");
        assert!(TrustedProxies::parse("10.0.0.0/8, here").is_err());
    }
}
