//! What somebody typed into a form that was not taken, be it that their session had ended or that it was refused: it stands on
//! a page from which it can be sent once more. Passwords are typed anew, and files are chosen anew.

use askama::Template;
use axum::{
    body::{Body, to_bytes},
    extract::Request,
    http::{HeaderMap, HeaderName, Method, StatusCode, header},
    response::Response,
};
use serde::{Deserialize, Serialize};
use url::form_urlencoded;

use super::{Frame, labels, page, queue_view::HIDDEN, session::is_cross_site};
use crate::oidc::ticket::local;

/// Largest form of which what was typed is kept, bytes.
const FORM_BYTES: usize = 64 << 10;
/// The rooms whose forms keep what is typed by themselves, and those where it is not to be shown.
const OTHERS: &[&str] = &["review", "login", "logout", "setup", "language"];
/// What of a form is chosen or goes along with it: it goes along here too; it is shown, for whoever sends it answers for it.
/// So does a part of the queue ([`HIDDEN`]).
const CARRIED: &[&str] = &[
    "act", "action", "answer", "back", "case", "customer", "document", "fence", "from", "issuer", "kind",
    "mille", "pays", "pick", "query", "role", "seen", "sees_ids", "target", "team", "template", "to",
    "until", "version",
];
/// What stands at a field in its own form, where that is not its name.
const LABELS: &[(&str, &str)] = &[
    ("amount", "How much of what is owed it pays"),
    ("buttons", "What its buttons take, a line each"),
    ("email", "E-mail"),
    ("emails", "E-mail addresses, one a line"),
    ("external_id", "Reference"),
    ("header", "What stands in its header"),
    ("id_numbers", "Numbers of IDs, one a line"),
    ("params", "What stands in it, a line each"),
    ("percent", "Drawn, in percent"),
    ("phones", "Phones, one a line"),
    ("tax_ids", "Tax ids, one a line"),
];
/// What is never kept.
const SECRET: &str = "password";
/// What no page can fill in.
const FILE: &str = "file";

/// A form as a browser sent it, without what only its session knows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Sent {
    to: String,
    /// Names and values in their order; a secret and a file have no value, and are not asked for where they are not named.
    form: Vec<(String, String)>,
}

/// A field with what was typed into it.
struct Word<'a> {
    name: &'a str,
    label: String,
    value: &'a str,
}

#[derive(Template)]
#[template(path = "again.html")]
struct Again<'a> {
    frame: Frame,
    title: &'a str,
    why: &'a str,
    to: &'a str,
    back: &'a str,
    carried: Vec<Word<'a>>,
    typed: Vec<Word<'a>>,
    has_secret: bool,
    has_file: bool,
}

fn is_carried(name: &str) -> bool {
    CARRIED.contains(&name) || HIDDEN.contains(&name)
}

/// The first part of a path.
fn room(path: &str) -> &str {
    path.trim_start_matches('/').split('/').next().unwrap_or_default()
}

/// Whether somebody at a browser reads what is answered.
pub(super) fn reads_pages(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    accepted.flat_map(|value| value.split(',')).any(|kind| kind.trim().starts_with("text/html"))
}

fn is_kept(request: &Request) -> bool {
    let text = |name: HeaderName| {
        request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    };
    let bytes = text(header::CONTENT_LENGTH).parse::<usize>();
    // What another site's page sends is nobody's words.
    request.method() == Method::POST
        && !is_cross_site(request.headers())
        && reads_pages(request.headers())
        && text(header::CONTENT_TYPE).starts_with("application/x-www-form-urlencoded")
        && bytes.is_ok_and(|bytes| bytes <= FORM_BYTES)
        && !OTHERS.contains(&room(request.uri().path()))
}

/// A request with the form in it, where a person typed into one; it is read on its way in, and goes on as it came.
pub(super) async fn sent(request: Request) -> (Request, Option<Sent>) {
    if !is_kept(&request) {
        return (request, None);
    }
    let (parts, body) = request.into_parts();
    // What broke off is no form to anybody.
    let body = to_bytes(body, FORM_BYTES).await.unwrap_or_default();
    let sent = Sent::of(parts.uri.path(), &body);
    (Request::from_parts(parts, Body::from(body)), sent)
}

impl Sent {
    fn of(path: &str, body: &[u8]) -> Option<Self> {
        let said = form_urlencoded::parse(body).filter(|(name, _)| name != "csrf");
        let kept = said.filter_map(|(name, value)| match &*name {
            SECRET if value.is_empty() => None,
            SECRET => Some((SECRET.to_owned(), String::new())),
            _ => Some((name.into_owned(), value.into_owned())),
        });
        let sent = Self { to: path.to_owned(), form: kept.collect() };
        let is_typed = sent.words().any(|(_, value)| !value.trim().is_empty());
        is_typed.then_some(sent)
    }

    /// A form with a file beside the words.
    pub(super) fn with_file(to: String, words: [(&str, String); 2]) -> Self {
        let words = words.map(|(name, value)| (name.to_owned(), value));
        Self { to, form: words.into_iter().chain([(FILE.to_owned(), String::new())]).collect() }
    }

    /// Where the form goes.
    pub(super) fn to(&self) -> &str {
        &self.to
    }

    fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.form.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    fn words(&self) -> impl Iterator<Item = (&str, &str)> {
        self.pairs().filter(|(name, _)| ![SECRET, FILE].contains(name) && !is_carried(name))
    }

    /// The page with what was typed, and why it stands there.
    pub(super) fn page(
        &self,
        frame: Frame,
        (title, why): (&str, &str),
        back: &str,
        status: StatusCode,
    ) -> Response {
        let label = |name: &str| {
            let known = LABELS.iter().find(|(of, _)| *of == name);
            let english = known.map_or_else(|| labels::label(name), |(_, label)| (*label).to_owned());
            frame.t(&english).to_owned()
        };
        let word = |(name, value)| Word { name, label: label(name), value };
        let typed = self.words().map(word).collect();
        let mut response = page(&Again {
            title,
            why,
            to: &self.to,
            back,
            carried: self.pairs().filter(|(name, _)| is_carried(name)).map(word).collect(),
            typed,
            has_secret: self.pairs().any(|(name, _)| name == SECRET),
            has_file: self.pairs().any(|(name, _)| name == FILE),
            frame,
        });
        *response.status_mut() = status;
        response
    }

    /// Whether it goes to a place whose forms are shown again: what comes back from a browser may say any.
    pub(super) fn is_sound(&self) -> bool {
        local(&self.to) == self.to && !OTHERS.contains(&room(&self.to))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_typed_is_kept_and_no_password_is() {
        let body = b"csrf=0a1b&name=Eva+Ruiz&password=a+long+secret&role=admin&pick=1&pick=2";
        let sent = Sent::of("/people", body).unwrap();
        let kept = serde_json::to_string(&sent).unwrap();
        assert!(kept.contains("Eva Ruiz") && !kept.contains("secret") && !kept.contains("0a1b"), "{kept}");
        let pairs: Vec<_> = sent.pairs().collect();
        let all = [("name", "Eva Ruiz"), ("password", ""), ("role", "admin"), ("pick", "1"), ("pick", "2")];
        assert_eq!(pairs, all);
        assert_eq!(sent.words().collect::<Vec<_>>(), [("name", "Eva Ruiz")]);
        let without = Sent::of("/people", b"name=Eva&password=").unwrap();
        assert!(!without.pairs().any(|(name, _)| name == SECRET), "whoever signs in elsewhere typed none");
    }

    #[test]
    fn what_nobody_typed_is_no_page_of_its_own() {
        for body in [&b"csrf=1&act=merge&from=2"[..], b"name=+&version=3", b""] {
            assert_eq!(Sent::of("/customers", body), None);
        }
    }

    #[test]
    fn it_goes_to_our_own_places_alone() {
        let to = |to: &str| Sent { to: to.to_owned(), form: Vec::new() }.is_sound();
        assert!(to("/customers") && to("/inbox/1/notes"));
        for other in ["//evil.example", "https://evil.example", "/login", "/logout", ""] {
            assert!(!to(other), "{other}");
        }
    }
}
