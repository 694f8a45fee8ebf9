//! What a stranger sent comes back as nothing but bytes to save, by the API and by the desk; its name is data.

use std::{io::Write, process::Stdio, time::Duration};

use acuse_tests::stack::Api;
use reqwest::{Method, Response, header::HeaderMap};
use serde_json::Value;

use crate::world::{ALL, World, documents};

const SCRIPT: &[u8] = b"<!doctype html><script>fetch('/v1/ledger')</script>";
const DRAWING: &[u8] = b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>";
const PASSWORD: &str = "correct horse battery staple";

/// Names that mean something to a browser, a shell, a file system or a page.
const NAMES: &[(&str, &str, &[u8])] = &[
    ("../../../etc/passwd", "text/html", SCRIPT),
    ("<img src=x onerror=alert(1)>.svg", "image/svg+xml", DRAWING),
    ("factura\u{202e}gpj.exe", "image/jpeg", b"MZ\x90\0\x03\0\0\0"),
    ("\"; filename=\"evil.html", "text/html", b"<html><body onload=alert(2)>"),
    ("C:\\Windows\\con.pdf", "application/pdf", b"%PDF-1.7\nnothing"),
];

async fn upload(api: &Api, name: &str, media_type: &str, bytes: Vec<u8>) -> Value {
    let quoted = name.replace('\\', "\\\\").replace('"', "%22");
    let head = format!(
        "--part\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{quoted}\"\r\nContent-Type: {media_type}\r\n\r\n"
    );
    let body = [head.as_bytes(), &bytes, b"\r\n--part--\r\n"].concat();
    let request = api
        .request(Method::POST, "/v1/documents")
        .header("Content-Type", "multipart/form-data; boundary=part");
    let answer = request.body(body).send().await.unwrap();
    let (status, text) = (answer.status(), answer.text().await.unwrap());
    assert_eq!(status, 201, "{name}: {text}");
    serde_json::from_str(&text).unwrap()
}

fn of<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers.get(name).map_or("", |value| value.to_str().unwrap_or("not ASCII"))
}

/// The headers that leave a browser nothing to run.
fn is_inert(answer: &Response, id: &str, what: &str) {
    let headers = answer.headers();
    assert_eq!(answer.status(), 200, "{what}");
    assert_eq!(of(headers, "content-type"), "application/octet-stream", "{what}");
    assert_eq!(of(headers, "x-content-type-options"), "nosniff", "{what}");
    let disposition = of(headers, "content-disposition");
    assert!(disposition.starts_with(&format!("attachment; filename=\"{id}.")), "{what}: {disposition}");
    assert_eq!(disposition.matches('"').count(), 2, "{what}: {disposition}");
    has_policy(headers, what);
}

fn has_policy(headers: &HeaderMap, what: &str) {
    let policy = of(headers, "content-security-policy");
    for part in ["sandbox", "default-src 'none'", "frame-ancestors 'none'"] {
        assert!(policy.contains(part), "{what}: {policy}");
    }
    assert!(!policy.contains("allow-"), "{what}: {policy}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_served_back_is_inert_and_names_are_data() {
    let world = World::new().await;
    add_person(&world);
    let _server = world.place.start("serve", &["serve"]).unwrap();
    let api = Api::connect(&world.place, ALL).await.unwrap();
    for (name, media_type, bytes) in NAMES {
        upload(&api, name, media_type, bytes.to_vec()).await;
    }
    let picture = acuse_fixtures::generate(
        88,
        &acuse_fixtures::Spec::new(
            acuse_fixtures::Kind::Invoice,
            acuse_fixtures::Country::Es,
            acuse_fixtures::Form::PdfText,
        ),
    );
    upload(&api, "good.pdf", "text/html", picture.bytes).await;
    api.at_rest(6, Duration::from_secs(120)).await.unwrap();
    let desk = Desk::enter(&world).await;
    let documents = documents(&api).await;
    assert_eq!(documents.len(), NAMES.len() + 1);
    for document in &documents {
        let id = document["id"].as_str().unwrap();
        let name = document["filename"].as_str().unwrap_or_default();
        let path = format!("/v1/documents/{id}/content?variant=original");
        is_inert(&api.request(Method::GET, &path).send().await.unwrap(), id, name);
        is_inert(&desk.get(&format!("/pictures/{id}?variant=original")).await, id, name);
        let page = desk.get(&format!("/documents/{id}")).await;
        let policy = of(page.headers(), "content-security-policy").to_owned();
        assert!(policy.contains("default-src") && !policy.contains("unsafe-inline"), "{policy}");
        let html = page.text().await.unwrap();
        assert!(
            !html.contains("<img src=x") && !html.contains("onerror=alert(1)>"),
            "{name} is in the page as markup"
        );
    }
    // Only what we drew ourselves is shown, and that too under a policy that runs nothing.
    let good = documents.iter().find(|d| d["filename"] == "good.pdf").expect("the good one");
    assert_eq!(good["media_type"], "application/pdf", "the uploader's word is not believed");
    for variant in ["normalized", "thumbnail"] {
        let path = format!("/v1/documents/{}/content?variant={variant}", good["id"].as_str().unwrap());
        let answer = api.request(Method::GET, &path).send().await.unwrap();
        assert_eq!(of(answer.headers(), "content-type"), "image/jpeg");
        assert_eq!(of(answer.headers(), "x-content-type-options"), "nosniff");
        has_policy(answer.headers(), variant);
        assert!(answer.bytes().await.unwrap().starts_with(&[0xff, 0xd8, 0xff]));
    }
    nothing_escaped(&world);
}

/// Every file under the data folder has a name of our making.
fn nothing_escaped(world: &World) {
    let mut open = vec![world.folder.path().to_owned()];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            for theirs in ["passwd", "evil", "con.pdf", "onerror", "gpj", "good"] {
                assert!(!name.contains(theirs), "{}", entry.path().display());
            }
            if entry.file_type().unwrap().is_dir() {
                open.push(entry.path());
            }
        }
    }
}

fn add_person(world: &World) {
    let mut command = world.place.command(&["user", "add", "ana"]).unwrap();
    let mut child = command.stdin(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    writeln!(child.stdin.take().unwrap(), "{PASSWORD}").unwrap();
    assert!(child.wait().unwrap().success());
}

/// A browser with a reviewer's cookie.
struct Desk {
    http: reqwest::Client,
    base: String,
    cookie: String,
}

impl Desk {
    async fn enter(world: &World) -> Self {
        let base = format!("http://127.0.0.1:{}", world.place.port);
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        let form = format!("user=ana&password={}", PASSWORD.replace(' ', "+"));
        let entered = http
            .post(format!("{base}/login"))
            .header("Content-Type", "application/x-www-form-urlencoded")
            .body(form)
            .send()
            .await
            .unwrap();
        let cookie = of(entered.headers(), "set-cookie").split(';').next().unwrap_or_default().to_owned();
        assert!(entered.status().is_redirection() && !cookie.is_empty(), "{}", entered.status());
        Self { http, base, cookie }
    }

    async fn get(&self, path: &str) -> Response {
        self.http.get(format!("{}{path}", self.base)).header("Cookie", &self.cookie).send().await.unwrap()
    }
}
