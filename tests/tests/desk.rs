//! The desk as people use it: through its forms, with a session each.

use std::{io::Write, process::Stdio, time::Duration};

use acuse_fixtures::{Country, Form, Kind, Spec, together};
use acuse_tests::stack::{Api, Place};
use reqwest::{Client, Response, header, redirect::Policy};

use crate::world::{ALL, World, documents, person, post};

pub const PASSWORD: &str = "a long enough password";

/// Someone signed in.
pub struct Reviewer {
    pub http: Client,
    pub base: String,
    pub cookie: String,
}

impl Reviewer {
    pub async fn sign_in(place: &Place, name: &str) -> Self {
        Self::sign_in_as(place, name, &[]).await
    }

    /// The same, and may do all there is.
    pub async fn operator(place: &Place, name: &str) -> Self {
        Self::sign_in_as(place, name, &["--admin"]).await
    }

    /// Somebody new who may what the options say.
    pub async fn sign_in_as(place: &Place, name: &str, options: &[&str]) -> Self {
        let command = [&["user", "add", name], options].concat();
        let mut adding = place.command(&command).unwrap().stdin(Stdio::piped()).spawn().unwrap();
        writeln!(adding.stdin.take().unwrap(), "{PASSWORD}").unwrap();
        assert!(adding.wait().unwrap().success());
        let http =
            Client::builder().redirect(Policy::none()).timeout(Duration::from_secs(30)).build().unwrap();
        let base = format!("http://127.0.0.1:{}", place.port);
        let enter = |password: &'static str| {
            http.post(format!("{base}/login")).form(&[("user", name), ("password", password)]).send()
        };
        assert_eq!(enter("a wrong password").await.unwrap().status(), 401);
        let entered = enter(PASSWORD).await.unwrap();
        assert_eq!(entered.status(), 303);
        let cookie = entered.headers()[header::SET_COOKIE].to_str().unwrap();
        assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"), "{cookie}");
        let cookie = cookie.split(';').next().unwrap().to_owned();
        Self { http, base, cookie }
    }

    pub async fn page(&self, path: &str) -> String {
        let request = self.http.get(format!("{}{path}", self.base)).header(header::COOKIE, &self.cookie);
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        answer.text().await.unwrap()
    }

    /// What a page answers, whatever it is.
    pub async fn answer(&self, path: &str) -> Response {
        let request = self.http.get(format!("{}{path}", self.base)).header(header::COOKIE, &self.cookie);
        request.send().await.unwrap()
    }

    /// Sends a form of a page, with its token.
    pub async fn send(&self, path: &str, page: &str, fields: &[(&str, &str)]) -> Response {
        let mut form = vec![("csrf", hidden(page, "csrf"))];
        form.extend(fields.iter().map(|(n, v)| (*n, (*v).to_owned())));
        let request = self.http.post(format!("{}{path}", self.base)).form(&form);
        request.header(header::COOKIE, &self.cookie).send().await.unwrap()
    }

    pub async fn decide(&self, id: &str, page: &str, fields: &[(&str, &str)]) -> Response {
        let hidden = |name| (name, hidden(page, name));
        let mut form = vec![hidden("csrf"), hidden("version"), hidden("fence")];
        // The warnings that stand there.
        let warned = page.split("name=\"warned\" value=\"").skip(1).filter_map(|w| w.split('"').next());
        form.extend(warned.map(|name| ("warned", name.to_owned())));
        form.extend(fields.iter().map(|(n, v)| (*n, (*v).to_owned())));
        let request = self.http.post(format!("{}/review/{id}", self.base)).form(&form);
        request.header(header::COOKIE, &self.cookie).send().await.unwrap()
    }
}

impl Reviewer {
    /// The page of a document that this person has taken.
    pub async fn take(&self, id: &str) -> String {
        let page = self.page(&format!("/documents/{id}")).await;
        if page.contains("value=\"take\"") {
            assert_eq!(self.decide(id, &page, &[("action", "take")]).await.status(), 303);
        }
        self.page(&format!("/documents/{id}")).await
    }
}

/// The value of a form's hidden field.
pub fn hidden(page: &str, name: &str) -> String {
    let after = page.split(&format!("name=\"{name}\" value=\"")).nth(1).unwrap_or_default();
    after.split('"').next().unwrap_or_default().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_people_clear_the_queue_and_never_the_same_document() {
    let world = World::new().await;
    let _server = world.place.start("serve", &["serve"]).unwrap();
    let api = Api::connect(&world.place, ALL).await.unwrap();
    // From people nobody knows: all wait for a person.
    for n in 0..3 {
        post(&api, &world.invoice(&person(n), 400 + u64::from(n))).await;
    }
    assert_eq!(api.at_rest(3, Duration::from_secs(90)).await.unwrap().in_review, 3);
    let (ana, ben) =
        (Reviewer::sign_in(&world.place, "ana").await, Reviewer::sign_in(&world.place, "ben").await);
    let queue = ana.page("/").await;
    let waiting = api.list("/v1/reviews").await.unwrap();
    let ids: Vec<&str> = waiting.iter().map(|r| r["document_id"].as_str().unwrap()).collect();
    assert!(ids.iter().all(|id| queue.contains(id)), "all three stand in the queue");

    // To look is to take nothing; what Ana takes, Ben sees that she has it, and cannot decide it.
    let looked = ben.page(&format!("/documents/{}", ids[0])).await;
    assert!(looked.contains("value=\"take\"") && !looked.contains("value=\"approve\""), "{looked}");
    assert!(api.list("/v1/reviews").await.unwrap().iter().all(|r| r["claimed_by"].is_null()));
    let seen = ana.take(ids[0]).await;
    let also = ben.page(&format!("/documents/{}", ids[0])).await;
    assert!(also.contains("ana") && !also.contains("value=\"approve\""), "it is Ana's: {also}");
    let barged = ben.decide(ids[0], &also, &[("action", "approve")]).await;
    assert_eq!(barged.status(), 409);
    let forged = [("csrf", "0000"), ("action", "approve")];
    let forged = ana.http.post(format!("{}/review/{}", ana.base, ids[0])).form(&forged);
    assert_eq!(forged.header(header::COOKIE, &ana.cookie).send().await.unwrap().status(), 403);

    // What does not add up is filed only on purpose, and what was typed stands there still.
    let mut corrected = vec![
        ("action", "correct"),
        ("kind", "invoice"),
        ("invoice.total", "77,70 €"),
        ("note", "stamped over"),
    ];
    let warned = ana.decide(ids[0], &seen, &corrected).await;
    assert_eq!(warned.status(), 422);
    let warned = warned.text().await.unwrap();
    assert!(
        warned.contains("77,70 €") && warned.contains("stamped over") && warned.contains("name=\"because\"")
    );
    corrected.push(("because", "the printed sum is wrong"));
    let unseen = ana.decide(ids[0], &seen, &corrected).await;
    assert_eq!(unseen.status(), 422, "a reason is of what stood on the page");
    let done = ana.decide(ids[0], &warned, &corrected).await;
    assert_eq!(done.status(), 303);
    assert_eq!(done.headers()[header::LOCATION], format!("/documents/{}", ids[1]), "on to the next, taken");
    let next = ana.page(&format!("/documents/{}", ids[1])).await;
    assert_eq!(ana.decide(ids[1], &next, &[("action", "release")]).await.status(), 303);
    let filed = api.get(&format!("/v1/documents/{}", ids[0])).await.unwrap();
    assert_eq!(
        (filed["status"].as_str(), filed["fields"]["total"]["value"].as_str()),
        (Some("filed"), Some("77.70"))
    );
    assert_eq!(filed["fields"]["total"]["source"], "reviewer");
    let timeline = api.get(&format!("/v1/documents/{}/timeline", ids[0])).await.unwrap().to_string();
    assert!(timeline.contains("ana"), "who decided stands in the timeline: {timeline}");
    assert!(timeline.contains("stamped over"), "and so does what she wrote: {timeline}");

    // Rejecting needs a reason; asking again tells the sender.
    let seen = ben.take(ids[1]).await;
    assert_eq!(ben.decide(ids[1], &seen, &[("action", "reject")]).await.status(), 400);
    assert_eq!(ben.decide(ids[1], &seen, &[("action", "reject"), ("note", "not ours")]).await.status(), 303);
    let seen = ben.take(ids[2]).await;
    assert_eq!(
        ben.decide(ids[2], &seen, &[("action", "ask_again"), ("note", "too dark")]).await.status(),
        303
    );
    let ledger = api.ledger().await.unwrap();
    assert_eq!(
        (ledger.filed, ledger.rejected, ledger.in_review),
        (1, 1, 1),
        "what was asked again waits for him"
    );
    // Three were told that someone looks; then each heard what was decided.
    assert!(world.graph.wait_for_sent(6, Duration::from_secs(60)).await, "{:?}", world.graph.sent());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_parts_a_file_of_several_documents() {
    let world = World::new().await;
    let _server = world.place.start("serve", &["serve"]).unwrap();
    let api = Api::connect(&world.place, ALL).await.unwrap();
    let spec = Spec::new(Kind::Invoice, Country::Es, Form::PdfText);
    let file = together::pages_with_attachment(&[(501, spec), (502, spec)]).bytes;
    post(&api, &world.file(&person(1), file, "application/pdf", "scan.pdf")).await;
    post(&api, &world.invoice(&person(2), 411)).await;
    assert_eq!(api.at_rest(2, Duration::from_secs(90)).await.unwrap().in_review, 2);
    let waiting = api.list("/v1/reviews").await.unwrap();
    let id = |several: bool| {
        let found = waiting.iter().find(|r| r.to_string().contains("multiple_documents") == several);
        found.expect("waits")["document_id"].as_str().unwrap()
    };
    let ana = Reviewer::sign_in(&world.place, "ana").await;
    let one = ana.take(id(false)).await;
    let aside = "class=\"parts\" data-guard hidden";
    assert!(one.contains(aside), "one page that nobody takes for several: {one}");
    let seen = ana.take(id(true)).await;
    assert!(seen.contains("value=\"split\" data-key=\"p\""), "{seen}");
    assert!(seen.matches("data-at-page").count() == 2, "each page says where it would go: {seen}");
    let draft = [("kind", "invoice"), ("note", "two bills of one firm")];
    assert_eq!(ana.send(&format!("/review/{}/draft", id(true)), &seen, &draft).await.status(), 204);
    for bad in ["", "1", "all", "1-2, 2"] {
        let refused = ana.decide(id(true), &seen, &[("action", "split"), ("parts", bad)]).await;
        assert_eq!(refused.status(), 400, "{bad:?}");
        let again = refused.text().await.unwrap();
        assert!(again.contains("two bills of one firm"), "what was typed beside it is there: {again}");
        let parts = format!("name=\"parts\" value=\"{bad}\"");
        assert!(bad.is_empty() || again.contains(&parts), "and the pages as they were typed: {again}");
    }
    let split = [("action", "split"), ("parts", "1, 2"), ("customer_id", "")];
    assert_eq!(ana.decide(id(true), &seen, &split).await.status(), 303);
    api.at_rest(3, Duration::from_secs(90)).await.unwrap();
    let parts: Vec<String> = documents(&api)
        .await
        .iter()
        .filter(|d| !d["part"].is_null())
        .map(|d| d["id"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(parts.len(), 2);
    for id in &parts {
        let page = ana.page(&format!("/documents/{id}")).await;
        assert!(page.contains("of a file of several documents"), "{page}");
        assert!(parts.iter().all(|other| page.contains(&format!("href=\"/documents/{other}\""))), "{page}");
    }
}
