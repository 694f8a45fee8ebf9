//! Where a request comes from. One place, for whoever counts tries by address.
//!
//! A forwarded header is believed only from a proxy in `ACUSE_TRUSTED_PROXIES`; from anybody else it is what a stranger
//! wrote. Of its addresses the last one that is no trusted proxy's counts: those before it the client itself may have
//! invented.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::http::{Extensions, HeaderMap};
use ipnet::IpNet;

/// The other end of a connection, put into each of its requests by [`super::front`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer(pub SocketAddr);

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

    /// The client of a request, by its parts.
    #[must_use]
    pub fn client_of(&self, extensions: &Extensions, headers: &HeaderMap) -> IpAddr {
        let peer = extensions.get::<Peer>().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.0.ip());
        self.client(peer, headers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
