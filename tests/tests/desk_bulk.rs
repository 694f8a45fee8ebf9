//! Many decided at once, as people do it.

use acuse_tests::{browser, in_process::InProcess};
use axum::{
    body::Body,
    http::{Request, StatusCode, header},
};
use serde_json::json;

use crate::{
    desk::Reviewer,
    desk_beside::reviewer,
    desk_harm::{Desk, READY},
    desk_work::{holder, too_early},
    talk::file,
};

/// Those that can be chosen on a page.
fn picks(page: &str) -> Vec<&str> {
    page.split("name=\"pick\" value=\"").skip(1).map(|p| p.split('"').next().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_alike_is_decided_at_once_and_taken_back_at_once() {
    let desk = Desk::of(3, "0").await;
    let all = desk.ana.answer("/bulk").await;
    assert_eq!(all.status(), 400, "not everything: what is alike");
    let page = desk.ana.page("/bulk?reason=unknown_customer").await;
    let picks = picks(&page);
    assert_eq!(picks.len(), 3, "{page}");
    assert!(page.matches("checked").count() == 3, "nothing speaks against them: {page}");
    for n in 0..3 {
        assert_eq!(holder(&desk, n).await, None, "a preview takes nothing");
    }
    // What she has herself and what was not done to it stays hers; the others are nobody's again.
    desk.ana.take(&desk.ids[2]).await;
    let stale: Vec<String> = picks.iter().map(|p| format!("{}:0", p.split(':').next().unwrap())).collect();
    let mut form = vec![("reason", "unknown_customer"), ("action", "approve")];
    form.extend(stale.iter().map(|p| ("pick", p.as_str())));
    let left = desk.ana.send("/bulk", &page, &form).await.text().await.unwrap();
    assert!(left.contains("3 were left as they are"), "{left}");
    let issuer = desk.document(0).await["fields"]["issuer_name"]["value"].as_str().unwrap().to_owned();
    let named = left.split(&format!("<a href=\"/documents/{}\">", desk.ids[0])).nth(1).unwrap();
    let first_word = issuer.split(|c: char| !c.is_alphanumeric()).next().unwrap();
    assert!(named.starts_with(first_word), "by what people know it by: {named}");
    assert_eq!(holder(&desk, 2).await.as_deref(), Some("user:ana"));
    assert_eq!(holder(&desk, 0).await, None);
    // Ben has one meanwhile.
    let ben = Reviewer::sign_in(&desk.world.place, "ben").await;
    ben.take(&desk.ids[1]).await;
    let mut form = vec![("reason", "unknown_customer"), ("action", "approve")];
    form.extend(picks.iter().map(|p| ("pick", *p)));
    let done = desk.ana.send("/bulk", &page, &form).await;
    assert_eq!(done.status(), 200);
    let done = done.text().await.unwrap();
    assert!(done.contains("2 done.") && done.contains("With ben."), "{done}");
    assert!(done.contains("2 × Approved"), "all are taken back with one key: {done}");
    let ledger = desk.api.ledger().await.unwrap();
    assert_eq!((ledger.filed, ledger.in_review), (2, 1));
    let undo = done.split("action=\"/bulk/").nth(1).unwrap().split('"').next().unwrap();
    let path = format!("/bulk/{undo}");
    assert_eq!(ben.send(&path, &ben.page("/").await, &[]).await.status(), 409, "not his");
    assert_eq!(desk.ana.send(&path, &done, &[]).await.status(), 303);
    assert_eq!(desk.api.ledger().await.unwrap().in_review, 3, "all of them are back");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_are_decided_by_keys_alone() {
    let Some(chromium) = browser::chromium() else { return };
    let desk = Desk::of(3, "0").await;
    let mut page = desk.browser(chromium);
    page.open(&format!("{}/bulk?reason=unknown_customer", desk.ana.base), "").unwrap();
    too_early(&mut page, "[value=approve]");
    // Nor is a key that is held down a decision, nor Enter.
    page.press("a", true, false).unwrap();
    page.press("j", false, false).unwrap();
    page.press("Enter", false, false).unwrap();
    std::thread::sleep(std::time::Duration::from_millis(500));
    assert_eq!(desk.api.ledger().await.unwrap().in_review, 3);
    page.look("bulk").unwrap();
    // One is left out, the others are accepted.
    page.press(" ", false, false).unwrap();
    page.wait("document.querySelectorAll('[name=pick]:checked').length === 2").unwrap();
    page.press("a", false, false).unwrap();
    page.wait("document.querySelector('.notice')?.textContent.includes('2 done.')").unwrap();
    let ledger = desk.api.ledger().await.unwrap();
    assert_eq!((ledger.filed, ledger.in_review), (2, 1));
    // The other is rejected, for a reason from the list; and is back with one key.
    page.wait(READY).unwrap();
    page.press("?", false, false).unwrap();
    page.wait("document.querySelector('dialog.keys-of').textContent.includes('Accept the chosen')").unwrap();
    page.press("Escape", false, false).unwrap();
    page.wait("!document.querySelector('dialog.keys-of')").unwrap();
    page.press("r", false, false).unwrap();
    page.wait("!!document.querySelector('details.panel[open] [data-choice]')").unwrap();
    page.press("1", false, false).unwrap();
    page.wait("document.querySelector('.notice')?.textContent.includes('1 done.')").unwrap();
    assert_eq!(desk.api.ledger().await.unwrap().in_review, 0);
    page.press("z", false, false).unwrap();
    page.wait("location.pathname !== '/bulk'").unwrap();
    let ledger = desk.api.ledger().await.unwrap();
    assert_eq!((ledger.filed, ledger.in_review), (2, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_somebody_else_is_asked_about_first_is_not_said_to_be_done() {
    let desk = Desk::of(2, "0").await;
    let boss = Reviewer::sign_in_as(&desk.world.place, "boss", &["--admin"]).await;
    let rule = [("kind", "invoice"), ("amount_from", "0.01")];
    assert_eq!(boss.send("/four-eyes", &boss.page("/four-eyes").await, &rule).await.status(), 303);
    let (status, problem) = desk.resolve(0, json!({ "decision": "approve" })).await;
    assert_eq!(status, 409, "{problem}");
    assert!(problem.to_string().contains("a key is none"), "{problem}");

    let page = desk.ana.page("/bulk?reason=unknown_customer").await;
    let mut form = vec![("reason", "unknown_customer"), ("action", "approve")];
    form.extend(picks(&page).iter().map(|p| ("pick", *p)));
    let done = desk.ana.send("/bulk", &page, &form).await.text().await.unwrap();
    assert!(done.contains("0 done. Of 2 another person is asked first."), "{done}");
    assert!(done.contains("2 × Answered"), "and that can be taken back: {done}");
    let ben = Reviewer::sign_in(&desk.world.place, "ben").await;
    assert_eq!(picks(&ben.page("/bulk?reason=unknown_customer").await).len(), 0, "before, nobody is asked");
    let undo = done.split("action=\"/bulk/").nth(1).unwrap().split('"').next().unwrap();
    assert_eq!(desk.ana.send(&format!("/bulk/{undo}"), &done, &[]).await.status(), 303);
    let again = desk.ana.page("/bulk?reason=unknown_customer").await;
    assert_eq!(picks(&again).len(), 2, "hers to decide as before: {again}");
    assert_eq!(desk.api.ledger().await.unwrap().in_review, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_view_of_more_than_a_hundred_says_that_there_is_more() {
    let acuse = InProcess::start().await.unwrap();
    for n in 0..101 {
        let phone = format!("346000{n:05}");
        let bill = format!(
            "receipt\nid_probability=0.0001\ntotal=45.00\ncurrency=EUR\nmerchant_name=Bar Sol {n}\nnumber={n}"
        );
        file(&acuse, (&phone, "Ana"), &bill).await;
    }
    acuse.run_jobs(time::Duration::days(1)).await.unwrap();
    let rita = reviewer(&acuse, "rita", false).await;
    let request = Request::get("/bulk?reason=unknown_customer").header(header::COOKIE, &rita);
    let (status, body) = acuse.ask(request.body(Body::empty()).unwrap()).await.unwrap();
    let page = String::from_utf8(body).unwrap();
    assert_eq!((status, picks(&page).len()), (StatusCode::OK, 100), "{page}");
    assert!(page.contains("These are the first 100 of this view"), "{page}");
}
