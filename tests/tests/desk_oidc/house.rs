//! A desk with a provider beside it, and whoever comes to its door.

use std::{collections::BTreeMap, time::Duration};

use acuse_storage::{Catalog, audit::AuditFilter};
use acuse_tests::{
    oidc::{CLIENT_ID, CLIENT_SECRET, Provider},
    process::{Guarded, healthy},
};
use reqwest::{Client, RequestBuilder, Response, header, redirect::Policy};
use serde_json::{Value, json};
use url::Url;

use crate::world::Alone;

/// A desk whose people sign in at a provider.
pub(super) struct House {
    pub(super) alone: Alone,
    pub(super) provider: Provider,
    pub(super) base: String,
    _server: Guarded,
}

impl House {
    /// None where there is no provider and none is required.
    pub(super) async fn of(mut alone: Alone, more: &[(&str, &str)]) -> Option<Self> {
        let base = format!("http://127.0.0.1:{}", alone.place.port);
        let provider = Provider::start(&format!("{base}/login/oidc/callback")).await.unwrap()?;
        for (name, value) in [
            ("ISSUER", provider.issuer().as_str()),
            ("CLIENT_ID", CLIENT_ID),
            ("CLIENT_SECRET", CLIENT_SECRET),
            ("LABEL", "the house"),
        ]
        .iter()
        .chain(more)
        {
            alone.place = alone.place.clone().with(&format!("ACUSE_OIDC_{name}"), value);
        }
        let server = alone.place.start("web", &["web"]).unwrap();
        healthy(alone.place.port, &server).await.unwrap();
        Some(Self { alone, provider, base, _server: server })
    }

    pub(super) fn catalog(&self) -> &Catalog {
        &self.alone.catalog
    }

    /// Adds somebody who signs in at the provider only.
    pub(super) fn add(&self, name: &str, options: &[&str]) {
        let email = format!("{name}@example.org");
        let command = ["user", "add", name, "--email", &email, "--no-password"];
        self.alone.place.run(&[&command[..], options].concat()).unwrap();
    }

    /// A whole sign-in of whom the provider tells so, in a browser of their own.
    pub(super) async fn signs_in(&self, person: &Value) -> (Visitor, Response) {
        self.provider.present(person).await.unwrap();
        let mut visitor = Visitor::new(&self.base);
        let back = visitor.goes("/login/oidc?back=/documents").await;
        let answer = visitor.get(&back).await;
        (visitor, answer)
    }

    pub(super) async fn trail(&self, action: &str) -> Vec<Value> {
        let filter = AuditFilter { action: Some(action.to_owned()), ..AuditFilter::default() };
        let lines = self.catalog().search_audit(&filter, None, 100).await.unwrap();
        lines.into_iter().map(|line| line.entry.detail).collect()
    }

    pub(super) async fn refusals(&self) -> Vec<String> {
        let reason = |detail: Value| detail["reason"].as_str().unwrap_or_default().to_owned();
        self.trail("sign_in_refused").await.into_iter().map(reason).collect()
    }
}

pub(super) fn told(sub: &str, email: &str) -> Value {
    json!({ "sub": sub, "email": email, "email_verified": true, "groups": [] })
}

/// A browser of sorts: it keeps each site's cookies, and goes where it is sent one step at a time.
pub(super) struct Visitor {
    http: Client,
    base: String,
    pub(super) cookies: BTreeMap<String, BTreeMap<String, String>>,
}

impl Visitor {
    pub(super) fn new(base: &str) -> Self {
        let http =
            Client::builder().redirect(Policy::none()).timeout(Duration::from_secs(30)).build().unwrap();
        Self { http, base: base.to_owned(), cookies: BTreeMap::new() }
    }

    fn site(url: &str) -> String {
        Url::parse(url).unwrap().origin().ascii_serialization()
    }

    pub(super) async fn get(&mut self, url: &str) -> Response {
        let request = self.http.get(url);
        self.send(url, request).await
    }

    pub(super) async fn post(&mut self, url: &str, form: &[(&str, &str)]) -> Response {
        let request = self.http.post(url).form(form);
        self.send(url, request).await
    }

    async fn send(&mut self, url: &str, request: RequestBuilder) -> Response {
        let jar = self.cookies.entry(Self::site(url)).or_default();
        let sent: Vec<String> = jar.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let answer = request.header(header::COOKIE, sent.join("; ")).send().await.unwrap();
        for cookie in answer.headers().get_all(header::SET_COOKIE) {
            let pair = cookie.to_str().unwrap().split(';').next().unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            match value {
                "" => jar.remove(name),
                value => jar.insert(name.to_owned(), value.to_owned()),
            };
        }
        answer
    }

    pub(super) fn cookie(&self, name: &str) -> Option<&String> {
        self.cookies.get(&self.base).and_then(|jar| jar.get(name))
    }

    /// Where the provider is asked.
    pub(super) async fn entrance(&mut self, path: &str) -> String {
        let answer = self.get(&format!("{}{path}", self.base)).await;
        assert_eq!(answer.status(), 303);
        let cookie = answer.headers()[header::SET_COOKIE].to_str().unwrap().to_owned();
        assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"), "{cookie}");
        assert!(cookie.contains("Path=/login/oidc") && cookie.contains("Max-Age=600"), "{cookie}");
        answer.headers()[header::LOCATION].to_str().unwrap().to_owned()
    }

    /// Through the provider's pages, to where it sends back to; that is not asked yet.
    pub(super) async fn through(&mut self, entrance: &str) -> String {
        let mut url = entrance.to_owned();
        for _ in 0..10 {
            if url.starts_with(&self.base) {
                return url;
            }
            let answer = self.get(&url).await;
            let next = answer.headers().get(header::LOCATION).map(|to| to.to_str().unwrap().to_owned());
            let Some(next) = next else { panic!("{url}: {}", answer.text().await.unwrap()) };
            url = Url::parse(&url).unwrap().join(&next).unwrap().to_string();
        }
        panic!("led about: {url}");
    }

    pub(super) async fn goes(&mut self, path: &str) -> String {
        let entrance = self.entrance(path).await;
        self.through(&entrance).await
    }
}

/// An address with another value of one of its parameters.
pub(super) fn with(url: &str, name: &str, value: &str) -> String {
    let mut url = Url::parse(url).unwrap();
    let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    let changed = pairs.into_iter().map(|(n, v)| if n == name { (n, value.to_owned()) } else { (n, v) });
    let changed: Vec<_> = changed.collect();
    url.query_pairs_mut().clear().extend_pairs(changed);
    url.to_string()
}
