//! From where media bytes may come: the list that keeps the token, and us, away from everybody else.

use std::net::IpAddr;

use reqwest::Url;
use url::Host;

use super::Cause;

/// Meta's two media domains (Meta, media; lookaside.fbsbx.com and the CDN).
const META: [&str; 2] = [".fbsbx.com", ".fbcdn.net"];

/// The hosts whose bytes are believed: Meta's, the Graph URL's own, and those configured.
#[derive(Debug, Clone)]
pub struct MediaHosts {
    graph: Option<(String, Option<u16>)>,
    extra: Vec<String>,
}

impl MediaHosts {
    /// `extra` as in `ACUSE_MEDIA_HOSTS`: `cdn.example.com` is that host, `.example.com` all below it.
    #[must_use]
    pub fn new(graph_url: &Url, extra: impl IntoIterator<Item = String>) -> Self {
        let graph = graph_url.host_str().map(|host| (host.to_owned(), graph_url.port_or_known_default()));
        let extra = extra.into_iter().map(|h| h.trim().to_ascii_lowercase()).filter(|h| h.len() > 1);
        Self { graph, extra: extra.collect() }
    }

    /// Whether bytes may be asked of `url`, and the token shown to it.
    ///
    /// # Errors
    /// Not https (plain http is for loopback), or a host that is not on the list.
    pub fn check(&self, url: &Url) -> Result<(), Cause> {
        let Some(host) = url.host_str() else { return Err(Cause::HostNotAllowed(String::new())) };
        match url.scheme() {
            "https" => {}
            "http" if is_loopback(url) => {}
            _ => return Err(Cause::NotHttps(host.to_owned())),
        }
        // A name before the @ can make one host look like another.
        let plain = url.username().is_empty() && url.password().is_none();
        if plain && (self.is_graph(host, url) || self.is_listed(host)) {
            Ok(())
        } else {
            Err(Cause::HostNotAllowed(host.to_owned()))
        }
    }

    fn is_graph(&self, host: &str, url: &Url) -> bool {
        let this = (host, url.port_or_known_default());
        self.graph.as_ref().is_some_and(|(host, port)| (host.as_str(), *port) == this)
    }

    fn is_listed(&self, host: &str) -> bool {
        let listed = META.into_iter().chain(self.extra.iter().map(String::as_str));
        listed.into_iter().any(|entry| {
            if entry.starts_with('.') {
                host.len() > entry.len() && host.ends_with(entry)
            } else {
                host == entry
            }
        })
    }
}

/// Whether `url` points at this machine.
pub(super) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => IpAddr::from(ip).is_loopback(),
        Some(Host::Ipv6(ip)) => IpAddr::from(ip).is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(graph: &str, extra: &[&str], url: &str) -> bool {
        let hosts = MediaHosts::new(&graph.parse().unwrap(), extra.iter().map(|s| (*s).to_owned()));
        hosts.check(&url.parse().unwrap()).is_ok()
    }

    #[test]
    fn metas_hosts_and_the_graphs_own() {
        let meta = "https://graph.facebook.com/v25.0";
        assert!(allowed(meta, &[], "https://lookaside.fbsbx.com/whatsapp?mid=1"));
        assert!(allowed(meta, &[], "https://scontent.xx.fbcdn.net/a"));
        assert!(allowed(meta, &[], "https://graph.facebook.com/bytes"));
        for other in [
            "http://lookaside.fbsbx.com/a",
            "https://fbsbx.com.evil.example/a",
            "https://evilfbsbx.com/a",
            "https://lookaside.fbsbx.com@evil.example/a",
            "https://user@lookaside.fbsbx.com/a",
            "https://127.0.0.1/a",
            "http://169.254.169.254/latest/meta-data",
            "https://.fbsbx.com/a",
            "ftp://lookaside.fbsbx.com/a",
            "file:///etc/passwd",
        ] {
            assert!(!allowed(meta, &[], other), "{other}");
        }
    }

    #[test]
    fn loopback_and_extra_hosts_by_configuration() {
        let fake = "http://127.0.0.1:9000/v25.0";
        assert!(allowed(fake, &[], "http://127.0.0.1:9000/bytes/1"));
        assert!(!allowed(fake, &[], "http://127.0.0.1:9001/bytes/1"), "another port is another server");
        assert!(!allowed(fake, &[], "http://localhost:9000/bytes/1"));
        assert!(allowed(fake, &["localhost"], "http://localhost:9001/bytes/1"));
        assert!(allowed(fake, &[".example.com", "cdn.example.org"], "https://a.example.com/x"));
        assert!(!allowed(fake, &["cdn.example.org"], "https://a.cdn.example.org/x"));
        assert!(!allowed(fake, &["", "."], "https://example.com/x"));
    }
}
