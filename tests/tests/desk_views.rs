//! The part of the queue that somebody works on stays with them, also on the way back; and what they give back is free.

use std::time::Duration;

use acuse_tests::{browser, stack::wait};
use reqwest::{Method, header};
use serde_json::json;

use crate::{
    desk::{PASSWORD, Reviewer, hidden},
    desk_away::catalog,
    desk_harm::{Desk, READY, on_page},
};

/// A document in front of somebody, in this view.
fn in_view(desk: &Desk, n: usize, view: &str) -> String {
    let id = &desk.ids[n];
    format!("location.search === '{view}' && {}", on_page(id))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_taken_back_comes_back_into_its_view() {
    let Some(chromium) = browser::chromium() else { return };
    let desk = Desk::of(3, "30").await;
    let view = "?sort=-since";
    let mut page = desk.browser(chromium);
    page.open(&format!("{}/{view}", desk.ana.base), "").unwrap();
    page.press("n", false, false).unwrap();
    // The newest first; in the queue's own order the first would come after the last.
    page.wait(&in_view(&desk, 2, view)).unwrap();
    for _ in 0..2 {
        page.wait(READY).unwrap();
        page.press("a", false, false).unwrap();
        page.wait(&in_view(&desk, 1, view)).unwrap();
        page.wait(READY).unwrap();
        page.press("z", false, false).unwrap();
        page.wait(&in_view(&desk, 2, view)).unwrap();
    }
    assert_eq!(desk.document(2).await["status"], "in_review");

    // What a supervisor takes back leaves them where they were, too.
    let sup = Reviewer::sign_in_as(&desk.world.place, "sup", &["--role", "supervisor"]).await;
    let queue = sup.page(&format!("/{view}")).await;
    let form = queue.split("action=\"/reviews/").nth(1).unwrap();
    let form = form.split("</form>").next().unwrap();
    assert!(form.contains("name=\"of_sort\" value=\"-since\""), "{form}");
    let path = format!("/reviews/{}", form.split('"').next().unwrap());
    let taken = sup.send(&path, &queue, &[("of_sort", "-since")]).await;
    assert_eq!(taken.headers()[header::LOCATION], "/?sort=-since");

    // And whoever signs in again.
    let id = &desk.ids[0];
    let typed =
        [("action", "correct"), ("kind", "invoice"), ("invoice.number", "N-1"), ("of_sort", "-since")];
    let post = desk.ana.http.post(format!("{}/review/{id}", desk.ana.base)).form(&typed);
    let login = post.header(header::COOKIE, "acuse_session=gone").send().await.unwrap().text().await.unwrap();
    let resume = hidden(&login, "resume").replace("&#34;", "\"").replace("&quot;", "\"");
    let form = [("user", "ana"), ("password", PASSWORD), ("resume", &resume)];
    let back = desk.ana.http.post(format!("{}/login", desk.ana.base)).form(&form).send().await.unwrap();
    assert_eq!(back.headers()[header::LOCATION], format!("/documents/{id}{view}"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_of_a_view_that_is_given_back_is_free() {
    let Some(chromium) = browser::chromium() else { return };
    let desk = Desk::of(1, "0").await;
    let mut page = desk.browser(chromium);
    page.press("n", false, false).unwrap();
    page.wait(&on_page(&desk.ids[0])).unwrap();
    page.wait(READY).unwrap();
    page.press("j", false, false).unwrap();
    page.wait("location.pathname === '/' && document.body.innerText.includes('free for others')").unwrap();
    let review = catalog(&desk).await.open_review_of(desk.ids[0].parse().unwrap()).await.unwrap();
    assert_eq!(review.expect("waits").claimed_by, None);
    // Nor does the trail say that it was taken twice.
    let vera = Reviewer::sign_in_as(&desk.world.place, "vera", &["--role", "auditor"]).await;
    let trail = vera.answer("/audit/export?action=claimed").await.text().await.unwrap();
    assert_eq!(trail.matches("claimed").count(), 1, "{trail}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_document_is_made_nobodys() {
    let Some(chromium) = browser::chromium() else { return };
    let desk = Desk::of(1, "0").await;
    let made = desk.api.request(Method::POST, "/v1/customers").json(&json!({ "name": "Hotel Luna" }));
    let made: serde_json::Value = made.send().await.unwrap().json().await.unwrap();
    let theirs = json!({ "decision": "approve", "customer_id": made["id"] });
    // A new customer makes what waits for one be looked at anew.
    wait("it is theirs", Duration::from_secs(60), || async {
        let waits = desk.api.list("/v1/reviews").await?;
        let Some(id) = waits.first().and_then(|review| review["id"].as_str()) else { return Ok(None) };
        let said = desk.api.request(Method::POST, &format!("/v1/reviews/{id}/resolve")).json(&theirs);
        Ok(said.send().await?.status().is_success().then_some(()))
    })
    .await
    .unwrap();
    let mut page = desk.browser(chromium);
    page.open(&format!("{}/documents/{}", desk.ana.base, desk.ids[0]), "").unwrap();
    page.wait(READY).unwrap();
    page.press("o", false, false).unwrap();
    page.wait("!!document.querySelector('[value=approve]')").unwrap();
    page.wait(READY).unwrap();
    let whose = "document.querySelector('[name=customer_id]')";
    assert_eq!(page.eval(&format!("{whose}.value")).unwrap(), made["id"]);
    page.eval(&format!("{whose}.value = ''; {whose}.dispatchEvent(new Event('input', {{ bubbles: true }}))"))
        .unwrap();
    page.press("a", false, false).unwrap();
    page.wait("location.pathname === '/'").unwrap();
    let filed = desk.document(0).await;
    assert_eq!((&filed["status"], filed["customer_id"].is_null()), (&json!("filed"), true), "{filed}");
}
