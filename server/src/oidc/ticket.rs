//! What goes with the browser to the provider and back: bits nobody can guess, sealed with their time and where to go on.
//! State, nonce and the verifier of PKCE follow from them and the key, so that the cookie itself tells none of them.

use acuse_pipeline::document::Sha256;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::hmac;
use time::{Duration, OffsetDateTime};

/// How long somebody may take at the provider.
pub const LASTS: Duration = Duration::minutes(10);
/// Longest address to go on at.
const BACK_BYTES: usize = 500;

/// What seals tickets: the same on every machine that serves a catalog.
pub struct Key(hmac::Key);

impl Key {
    /// Of these bits.
    #[must_use]
    pub fn new(secret: &[u8; 32]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, secret))
    }

    fn derive(&self, what: &str, seed: &[u8]) -> String {
        let mut text = what.as_bytes().to_vec();
        text.push(0);
        text.extend_from_slice(seed);
        URL_SAFE_NO_PAD.encode(hmac::sign(&self.0, &text))
    }
}

/// One sign-in on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ticket {
    seed: [u8; 32],
    /// When its time is over.
    pub expires: OffsetDateTime,
    /// Where to go on: an address of ours.
    pub back: String,
}

impl Ticket {
    /// Begins one, with bits nobody can guess.
    #[must_use]
    pub fn new(seed: [u8; 32], present: OffsetDateTime, back: &str) -> Self {
        let back = if back.len() <= BACK_BYTES { local(back) } else { "/" };
        let expires = present + LASTS;
        Self { seed, expires: expires.replace_nanosecond(0).unwrap_or(expires), back: back.to_owned() }
    }

    /// As it stands in the cookie.
    #[must_use]
    pub fn seal(&self, key: &Key) -> String {
        let back = URL_SAFE_NO_PAD.encode(&self.back);
        let text = format!("{}.{}.{back}", hex::encode(self.seed), self.expires.unix_timestamp());
        let seal = key.derive("ticket", text.as_bytes());
        format!("{text}.{seal}")
    }

    /// Out of the cookie; none where we did not seal it, or its time is over.
    #[must_use]
    pub fn open(key: &Key, cookie: &str, present: OffsetDateTime) -> Option<Self> {
        let (text, seal) = cookie.rsplit_once('.')?;
        let mut sealed = b"ticket\0".to_vec();
        sealed.extend_from_slice(text.as_bytes());
        hmac::verify(&key.0, &sealed, &URL_SAFE_NO_PAD.decode(seal).ok()?).ok()?;
        let mut parts = text.split('.');
        let (seed, expires, back) = (parts.next()?, parts.next()?, parts.next()?);
        let expires = OffsetDateTime::from_unix_timestamp(expires.parse().ok()?).ok()?;
        let back = String::from_utf8(URL_SAFE_NO_PAD.decode(back).ok()?).ok()?;
        let mut bits = [0; 32];
        hex::decode_to_slice(seed, &mut bits).ok()?;
        (present < expires).then_some(Self { seed: bits, expires, back })
    }

    /// What the provider brings back with the browser.
    #[must_use]
    pub fn state(&self, key: &Key) -> String {
        key.derive("state", &self.seed)
    }

    /// What the provider puts into the token.
    #[must_use]
    pub fn nonce(&self, key: &Key) -> String {
        key.derive("nonce", &self.seed)
    }

    /// What proves that whoever redeems the code asked for it (RFC 7636; 43 characters).
    #[must_use]
    pub fn verifier(&self, key: &Key) -> String {
        key.derive("verifier", &self.seed)
    }

    /// By which it is remembered that it came back.
    #[must_use]
    pub fn spent_as(&self) -> Sha256 {
        Sha256::of(&self.seed)
    }
}

/// An address of ours as it is; the first page in the place of any other.
#[must_use]
pub fn local(address: &str) -> &str {
    let ours = address.starts_with('/')
        && !address.starts_with("//")
        && !address.contains('\\')
        && !address.contains(|c: char| c.is_control());
    if ours { address } else { "/" }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    const NOW: OffsetDateTime = datetime!(2026-03-01 12:00 UTC);

    #[test]
    fn only_what_we_sealed_opens_and_only_in_its_time() {
        let (key, other) = (Key::new(&[1; 32]), Key::new(&[2; 32]));
        let ticket = Ticket::new([3; 32], NOW, "/documents?status=filed");
        let cookie = ticket.seal(&key);
        assert_eq!(Ticket::open(&key, &cookie, NOW), Some(ticket.clone()));
        assert_eq!(Ticket::open(&other, &cookie, NOW), None);
        assert_eq!(Ticket::open(&key, &cookie, NOW + LASTS), None, "its time is over");
        let longer = cookie.replacen(&ticket.expires.unix_timestamp().to_string(), "9999999999", 1);
        assert_eq!(Ticket::open(&key, &longer, NOW), None);
        for forged in ["", ".", "a.b.c.d", &cookie[1..]] {
            assert_eq!(Ticket::open(&key, forged, NOW), None, "{forged}");
        }
    }

    #[test]
    fn the_cookie_tells_nothing_of_what_follows_from_it() {
        let key = Key::new(&[1; 32]);
        let ticket = Ticket::new([3; 32], NOW, "/");
        let (cookie, all) =
            (ticket.seal(&key), [ticket.state(&key), ticket.nonce(&key), ticket.verifier(&key)]);
        assert!(all.iter().all(|one| one.len() == 43 && !cookie.contains(one.as_str())));
        assert!(all[0] != all[1] && all[1] != all[2] && all[0] != all[2]);
        assert_ne!(Ticket::new([4; 32], NOW, "/").state(&key), all[0]);
    }

    #[test]
    fn it_goes_on_at_an_address_of_ours_only() {
        assert_eq!(local("/documents?kind=id"), "/documents?kind=id");
        for other in [
            "https://evil.example",
            "//evil.example",
            "/\\evil.example",
            "documents",
            "",
            "/\r\nSet-Cookie: x",
            "/\t/evil",
        ] {
            assert_eq!(local(other), "/", "{other}");
        }
        assert_eq!(Ticket::new([0; 32], NOW, &format!("/{}", "x".repeat(600))).back, "/");
    }
}
