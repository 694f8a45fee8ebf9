//! Many decided at once, as people do it.

use acuse_tests::browser;

use crate::{
    desk::Reviewer,
    desk_harm::{Desk, READY},
    desk_work::{holder, too_early},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_alike_is_decided_at_once_and_taken_back_at_once() {
    let desk = Desk::of(3, "0").await;
    let all = desk.ana.answer("/bulk").await;
    assert_eq!(all.status(), 400, "not everything: what is alike");
    let page = desk.ana.page("/bulk?reason=unknown_customer").await;
    let picks: Vec<&str> =
        page.split("name=\"pick\" value=\"").skip(1).map(|p| p.split('"').next().unwrap()).collect();
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
