//! Which addresses may be called. A URL that somebody typed must not reach what only we can reach: no private
//! network, no loopback, no metadata service. The name is looked up by [`Resolver`], which drops what may not be
//! reached, and the connection is made to what it gave: there is no second look-up that could answer otherwise.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
};

use ipnet::IpNet;
use reqwest::{
    Url,
    dns::{Addrs, Name, Resolve, Resolving},
};
use url::Host;

/// Longest URL, characters.
const URL_CHARS: usize = 2_000;

/// What may be reached: every public address, and the private networks that the operator names.
#[derive(Debug, Clone, Default)]
pub struct Guard {
    networks: Arc<[IpNet]>,
}

/// Why a URL is not called.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It cannot be read.
    #[error("this is no URL; write e.g. https://hooks.example.com/acuse")]
    NoUrl,
    /// It is not https.
    #[error("the URL must be https (http only into a network of ACUSE_OUTGOING_NETWORKS)")]
    NotHttps,
    /// It carries a name or password, which would be written down in logs of others.
    #[error("the URL must not hold a user name or password")]
    Credentials,
    /// It leads into a network that is not public. To which address is not told: a name that only we can look up would be
    /// looked up for whoever may give a URL.
    #[error(
        "that is not a public address; name its network in ACUSE_OUTGOING_NETWORKS to reach it all the same"
    )]
    Private,
}

impl Guard {
    /// These private networks may be reached too.
    #[must_use]
    pub fn new(networks: Vec<IpNet>) -> Self {
        Self { networks: networks.into() }
    }

    /// Whether an address may be called.
    #[must_use]
    pub fn allows(&self, address: IpAddr) -> bool {
        is_public(address) || self.is_named(address)
    }

    fn is_named(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.networks.iter().any(|net| net.contains(&address))
    }

    /// Reads a URL that may be called, as far as can be said before its name is looked up.
    ///
    /// # Errors
    /// Why it is not called.
    pub fn url(&self, text: &str) -> Result<Url, Refused> {
        let url = Url::parse(text).ok().filter(|_| text.len() <= URL_CHARS).ok_or(Refused::NoUrl)?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Refused::Credentials);
        }
        let literal = match url.host() {
            Some(Host::Ipv4(v4)) => Some(IpAddr::V4(v4)),
            Some(Host::Ipv6(v6)) => Some(IpAddr::V6(v6)),
            Some(Host::Domain(_)) => None,
            None => return Err(Refused::NoUrl),
        };
        if literal.is_some_and(|address| !self.allows(address)) {
            return Err(Refused::Private);
        }
        match url.scheme() {
            "https" => Ok(url),
            "http" if literal.is_some_and(|a| self.is_named(a)) => Ok(url),
            "http" if url.domain() == Some("localhost") && self.is_named(Ipv4Addr::LOCALHOST.into()) => {
                Ok(url)
            }
            _ => Err(Refused::NotHttps),
        }
    }
}

/// Whether anybody on the Internet can be at an address (IANA special-purpose registries).
#[must_use]
pub fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => is_public_v6(v6),
    }
}

fn is_public_v4(v4: Ipv4Addr) -> bool {
    let [a, b, c, _] = v4.octets();
    !(v4.is_private()
        || v4.is_loopback()
        || v4.is_link_local()
        || v4.is_multicast()
        || v4.is_documentation()
        || a == 0
        || a >= 240
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 192 && b == 88 && c == 99)
        || (a == 198 && (b == 18 || b == 19)))
}

/// Only global unicast, less what stands for an IPv4 address or for none.
fn is_public_v6(v6: Ipv6Addr) -> bool {
    let s = v6.segments();
    let embedded = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        is_public_v4(Ipv4Addr::new(a, b, c, d))
    };
    match s {
        // NAT64 and 6to4 lead to the IPv4 address inside.
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => embedded(high, low),
        // Teredo, ORCHID, benchmarks and documentation.
        [0x2001, 0..=0x01ff | 0x0db8, ..] | [0x3fff, ..] => false,
        [first, ..] => first & 0xe000 == 0x2000,
    }
}

/// Looks names up and gives the client only what may be reached.
#[derive(Debug)]
pub struct Resolver(Guard);

impl Resolver {
    /// By this guard.
    #[must_use]
    pub fn new(guard: Guard) -> Self {
        Self(guard)
    }
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let guard = self.0.clone();
        Box::pin(async move {
            let all: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let (open, shut): (Vec<_>, Vec<_>) = all.into_iter().partition(|a| guard.allows(a.ip()));
            if let (true, Some(first)) = (open.is_empty(), shut.first()) {
                tracing::info!(address = %first.ip(), "a name leads to an address that is not public: not called");
                return Err(Refused::Private.into());
            }
            Ok(Box::new(open.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_addresses_in_any_dress_are_refused() {
        for shut in [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "198.18.0.1",
            "192.0.0.8",
            "224.0.0.1",
            "255.255.255.255",
            "::1",
            "::",
            "fc00::1",
            "fd12::1",
            "fe80::1",
            "::ffff:10.0.0.1",
            "::ffff:169.254.169.254",
            "64:ff9b::7f00:1",
            "2002:a00:1::",
            "2001:db8::1",
            "ff02::1",
            "2001::1",
        ] {
            assert!(!is_public(shut.parse().unwrap()), "{shut}");
        }
        for open in ["1.1.1.1", "157.240.0.35", "2606:4700::1111", "64:ff9b::101:101", "::ffff:1.1.1.1"] {
            assert!(is_public(open.parse().unwrap()), "{open}");
        }
    }

    #[test]
    fn a_url_is_https_to_a_public_place_unless_its_network_is_named() {
        let strict = Guard::default();
        let lenient = Guard::new(vec!["127.0.0.0/8".parse().unwrap()]);
        assert!(strict.url("https://hooks.example.com/x").is_ok());
        assert_eq!(strict.url("http://hooks.example.com/x"), Err(Refused::NotHttps));
        assert_eq!(strict.url("https://u:p@example.com"), Err(Refused::Credentials));
        // The URL standard reads 0x7f.1 and 2130706433 as 127.0.0.1.
        for text in ["https://127.0.0.1/", "https://0x7f.1/", "https://2130706433/", "https://[::1]/"] {
            assert_eq!(strict.url(text), Err(Refused::Private), "{text}");
        }
        assert_eq!(strict.url("file:///etc/passwd"), Err(Refused::NoUrl));
        assert!(lenient.url("http://127.0.0.1:9/x").is_ok());
        assert_eq!(lenient.url("http://example.com"), Err(Refused::NotHttps));
    }

    #[tokio::test]
    async fn a_name_that_leads_home_is_not_called() {
        let resolver = Resolver::new(Guard::default());
        let error = resolver.resolve("localhost".parse().unwrap()).await.err().unwrap();
        let told = error.to_string();
        assert!(told.contains("not a public address"), "{told}");
        assert!(!told.contains("127.0.0.1") && !told.contains("::1"), "where it leads is not told: {told}");
    }
}
