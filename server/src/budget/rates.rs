//! How often a key may ask, and how often an address may try keys in vain.
//!
//! Both are counted where a key is looked up ([`crate::http::auth`]): a key that this process has seen to be good has its
//! own rate, any other is at the expense of the address it comes from, before it costs a look-up. Where that address has
//! nothing left, a key that is good all the same ([`super::good_keys`]) has its own rate too.

use std::{
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use acuse_pipeline::document::Sha256;
use axum::{
    extract::Request,
    http::{Extensions, HeaderMap, HeaderValue},
    middleware::Next,
    response::Response,
};

use crate::{
    buckets::{Buckets, Size},
    client_address::place,
    problem::Problem,
};

/// Bad keys that an address may try at once, and how many more a second.
const BAD_KEYS: Size = Size { most: 20.0, per_s: 0.5 };
/// How much more than its rate a key may send at once, in seconds of its rate.
const BURST_SECS: f64 = 10.0;

/// The rates of everybody who asks with a key.
#[derive(Debug)]
pub struct Rates {
    of_key: Size,
    keys: Mutex<Buckets<Sha256>>,
    strangers: Mutex<Buckets<IpAddr>>,
}

/// One request's key, before it is looked up.
#[derive(Debug)]
pub struct Visit<'a> {
    rates: &'a Rates,
    key: Sha256,
    address: IpAddr,
    was_known: bool,
    at: Instant,
}

/// What a key has left, for its answer's headers.
#[derive(Debug, Clone, Default)]
pub struct Meter(Arc<Mutex<Option<(Size, f64)>>>);

impl Rates {
    /// With so many requests a second for each key.
    #[must_use]
    pub fn new(per_s: u32) -> Self {
        let per_s = f64::from(per_s.max(1));
        Self {
            of_key: Size { most: per_s * BURST_SECS, per_s },
            keys: Mutex::default(),
            strangers: Mutex::default(),
        }
    }

    /// A key comes from this address; what is told of its rate goes into the request's [`Meter`].
    ///
    /// # Errors
    /// 429 when the key's rate is used up, or the address has tried too many keys in vain.
    pub fn visit(
        &self,
        key: Sha256,
        address: IpAddr,
        extensions: &Extensions,
        at: Instant,
    ) -> Result<Visit<'_>, Problem> {
        let address = place(address);
        if self.knows(&key) {
            return self.vouched(key, address, extensions, at);
        }
        match lock(&self.strangers).take(&address, BAD_KEYS, at) {
            Ok(_) => Ok(Visit { rates: self, key, address, was_known: false, at }),
            Err(level) => Err(Problem::RateLimited { retry_after_secs: wait(1.0 - level, BAD_KEYS.per_s) }),
        }
    }

    /// The same of a key that is known to be good, whatever its address has tried.
    ///
    /// # Errors
    /// 429 when the key's rate is used up.
    pub fn vouched(
        &self,
        key: Sha256,
        address: IpAddr,
        extensions: &Extensions,
        at: Instant,
    ) -> Result<Visit<'_>, Problem> {
        let visit = Visit { rates: self, key, address, was_known: true, at };
        visit.count(extensions).map(|()| visit)
    }

    /// Whether this process has seen the key to be good.
    pub fn knows(&self, key: &Sha256) -> bool {
        lock(&self.keys).knows(key)
    }
}

impl Visit<'_> {
    /// The key is good.
    ///
    /// # Errors
    /// 429 when its rate is used up.
    pub fn good(&self, extensions: &Extensions) -> Result<(), Problem> {
        if self.was_known {
            return Ok(());
        }
        self.not_asked();
        self.count(extensions)
    }

    /// The key is none of ours, or no longer.
    pub fn bad(&self) {
        lock(&self.rates.keys).forget(&self.key);
    }

    /// Whether the key is good could not be found out, which is nobody's fault.
    pub fn not_asked(&self) {
        if !self.was_known {
            lock(&self.rates.strangers).give_back(&self.address, BAD_KEYS);
        }
    }

    fn count(&self, extensions: &Extensions) -> Result<(), Problem> {
        let size = self.rates.of_key;
        let taken = lock(&self.rates.keys).take(&self.key, size, self.at);
        let (Ok(level) | Err(level)) = taken;
        if let Some(meter) = extensions.get::<Meter>() {
            *lock(&meter.0) = Some((size, level));
        }
        match taken {
            Ok(_) => Ok(()),
            Err(level) => Err(Problem::RateLimited { retry_after_secs: wait(1.0 - level, size.per_s) }),
        }
    }
}

/// Around the API: an answer says what its key has left.
pub async fn told(mut request: Request, next: Next) -> Response {
    let meter = Meter::default();
    request.extensions_mut().insert(meter.clone());
    let mut response = next.run(request).await;
    if let Some((size, level)) = *lock(&meter.0) {
        say(response.headers_mut(), size, level);
    }
    response
}

fn lock<T>(shared: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whole seconds until there is enough again.
fn wait(missing: f64, per_s: f64) -> u64 {
    Duration::try_from_secs_f64(missing.max(0.0) / per_s).map_or(60, |d| d.as_secs() + 1)
}

/// `RateLimit-*`, as the IETF's draft first named them (draft-ietf-httpapi-ratelimit-headers-06).
fn say(headers: &mut HeaderMap, size: Size, level: f64) {
    for (name, value) in [
        ("ratelimit-limit", size.most.to_string()),
        ("ratelimit-remaining", level.max(0.0).floor().to_string()),
        ("ratelimit-reset", wait(size.most - level, size.per_s).to_string()),
    ] {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(name, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_waits_is_told_whole_seconds() {
        assert_eq!(wait(0.5, 2.0), 1);
    }

    #[test]
    fn bad_keys_are_at_the_expense_of_their_address_and_good_ones_are_not() {
        let (rates, none, at) = (Rates::new(1), Extensions::new(), Instant::now());
        let (here, there): (IpAddr, IpAddr) = ([203, 0, 113, 7].into(), [203, 0, 113, 8].into());
        let good = Sha256::of(b"good");
        for n in 0..100 {
            // Good ones take nothing away, however many begin here.
            let visit = rates.visit(Sha256::of(&[n]), here, &none, at).unwrap();
            visit.good(&none).unwrap();
        }
        rates.visit(good, here, &none, at).unwrap().good(&none).unwrap();
        let mut tried = 0;
        while let Ok(visit) = rates.visit(Sha256::of(format!("bad {tried}").as_bytes()), here, &none, at) {
            visit.bad();
            tried += 1;
        }
        assert_eq!(tried, 20);
        assert!(rates.visit(good, here, &none, at).is_ok(), "one that was good before goes on");
        assert!(rates.visit(Sha256::of(b"bad"), there, &none, at).is_ok(), "another address has its own");
        let other = Sha256::of(b"another good one");
        assert!(rates.visit(other, here, &none, at).is_err() && !rates.knows(&other));
        rates.vouched(other, here, &none, at).unwrap().good(&none).unwrap();
        assert!(rates.visit(other, here, &none, at).is_ok(), "and has its own rate");
        // Of IPv6 nobody has but one address.
        let of_network = |network: u16, host: u16| IpAddr::from([0x2001, 0xdb8, 0, network, 0, 0, 0, host]);
        let tried = (0..100_u16).filter(|n| {
            let visit = rates.visit(Sha256::of(&n.to_be_bytes()), of_network(1, *n), &none, at);
            visit.inspect(Visit::bad).is_ok()
        });
        assert_eq!(tried.count(), 20);
        assert!(rates.visit(Sha256::of(b"bad"), of_network(2, 0), &none, at).is_ok());
        // A key that was taken back is a stranger's again.
        rates.visit(good, there, &none, at).unwrap().bad();
        assert!(rates.visit(good, here, &none, at).is_err());
    }

    #[test]
    fn a_key_has_a_rate_and_is_told_what_is_left() {
        let (rates, at) = (Rates::new(1), Instant::now());
        let (mut extensions, meter) = (Extensions::new(), Meter::default());
        extensions.insert(meter.clone());
        let here = [203, 0, 113, 7].into();
        let ask = |at| rates.visit(Sha256::of(b"k"), here, &extensions, at)?.good(&extensions);
        for _ in 0..10 {
            ask(at).unwrap();
        }
        let refused = ask(at).unwrap_err();
        assert!(matches!(refused, Problem::RateLimited { retry_after_secs: 1..=2 }), "{refused:?}");
        let mut headers = HeaderMap::new();
        let (size, level) = lock(&meter.0).unwrap();
        say(&mut headers, size, level);
        assert_eq!(
            (&headers["ratelimit-limit"], &headers["ratelimit-remaining"]),
            (&"10".parse().unwrap(), &"0".parse().unwrap())
        );
        assert!(ask(at + Duration::from_secs(2)).is_ok());
    }
}
