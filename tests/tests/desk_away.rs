//! Somebody at the desk who is there, who goes away in the middle of it, and who sees little at once.

use std::time::Duration;

use acuse_storage::{Catalog, DocumentId};
use acuse_tests::{
    browser::{self, Browser},
    stack::wait,
};

use crate::{
    desk::Reviewer,
    desk_harm::{Desk, READY, on_page},
};

/// A minute of the page's is less of ours.
pub const QUICK: &str =
    "{ const every = setInterval; window.setInterval = (does, ms) => every(does, ms === 60000 ? 300 : ms); }";

/// The catalog of the desk's place, which the test reaches by itself.
pub async fn catalog(desk: &Desk) -> Catalog {
    Catalog::open_sqlite(&desk.world.folder.path().join("data/acuse.db")).await.unwrap()
}

/// From now on the lease on a document has as long to run, whoever has it.
pub async fn runs_out_in(desk: &Desk, catalog: &Catalog, n: usize, lease: Duration) {
    let review = catalog.open_review_of(desk.ids[n].parse().unwrap()).await.unwrap().expect("waits");
    let who = review.claimed_by.expect("somebody has it");
    let kept = catalog.renew_review(review.id, &who, review.fence, lease).await.unwrap();
    assert!(kept.is_some());
}

/// The first that waits, in front of Ana.
fn takes(desk: &Desk, page: &mut Browser) {
    page.press("n", false, false).unwrap();
    page.wait(&on_page(&desk.ids[0])).unwrap();
    page.wait(READY).unwrap();
    page.press("f", false, false).unwrap();
    page.wait("document.querySelector('#unfold').checked").unwrap();
}

const NUMBER: &str = "document.querySelector('#invoice-number')";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_laptop_is_closed_while_somebody_types_and_nothing_is_lost() {
    let Some(chromium) = browser::chromium() else { return };
    let desk = Desk::of(2, "0").await;
    let (ben, catalog) = (Reviewer::sign_in(&desk.world.place, "ben").await, catalog(&desk).await);
    let mut page = desk.browser(chromium);
    takes(&desk, &mut page);
    page.eval(&format!("{NUMBER}.focus()")).unwrap();
    page.fill("KEPT-1").unwrap();
    page.wait("document.querySelector('#kept').textContent === 'Draft kept'").unwrap();
    // Some more, and the lid falls before it is kept.
    page.fill("KEPT-12").unwrap();
    page.freeze(true).unwrap();

    // Her time runs out; another takes it and decides it as it is.
    runs_out_in(&desk, &catalog, 0, Duration::ZERO).await;
    let seen = ben.take(&desk.ids[0]).await;
    assert!(
        seen.contains("value=\"approve\"") && !seen.contains("KEPT-1"),
        "his, without what she typed: {seen}"
    );
    assert_eq!(ben.decide(&desk.ids[0], &seen, &[("action", "approve")]).await.status(), 303);
    let filed = desk.document(0).await;
    assert_eq!(filed["status"], "filed");

    // The lid opens. What she typed is there; saving it is refused, says so, and loses nothing.
    page.freeze(false).unwrap();
    assert_eq!(page.eval(&format!("{NUMBER}.value")).unwrap(), "KEPT-12");
    page.eval(&format!("{NUMBER}.focus()")).unwrap();
    page.press("Enter", false, true).unwrap();
    page.wait("!!document.querySelector('.error[role=alert]')").unwrap();
    let said = page.eval("document.querySelector('.error[role=alert]').innerText").unwrap().to_string();
    assert!(said.contains("what you typed is still here"), "{said}");
    assert_eq!(page.eval(&format!("{NUMBER}.value")).unwrap(), "KEPT-12");
    let after = desk.document(0).await;
    assert_eq!(after["fields"]["number"], filed["fields"]["number"], "what Ben decided stands");
    assert_eq!(after["version"], filed["version"]);
    // And as her draft it is there whenever she comes back.
    page.open(&format!("{}/documents/{}", desk.ana.base, desk.ids[0]), "").unwrap();
    assert_eq!(page.eval(&format!("{NUMBER}.value")).unwrap(), "KEPT-12");
    assert!(!ben.page(&format!("/documents/{}", desk.ids[0])).await.contains("KEPT-12"), "hers alone");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tab_is_closed_while_somebody_types_and_another_has_it_since() {
    let Some(chromium) = browser::chromium() else { return };
    let desk = Desk::of(1, "0").await;
    let (ben, catalog) = (Reviewer::sign_in(&desk.world.place, "ben").await, catalog(&desk).await);
    let mut page = desk.browser(chromium);
    takes(&desk, &mut page);
    page.eval(&format!("{NUMBER}.focus()")).unwrap();
    page.fill("CLOSED-7").unwrap();
    page.open("about:blank#closed", "").unwrap();
    wait("what was typed last", Duration::from_secs(30), || async {
        let kept = catalog.draft(desk.ids[0].parse().unwrap(), "user:ana").await.unwrap();
        Ok(kept.filter(|draft| format!("{draft:?}").contains("CLOSED-7")))
    })
    .await
    .unwrap();

    runs_out_in(&desk, &catalog, 0, Duration::ZERO).await;
    ben.take(&desk.ids[0]).await;
    let hers = desk.ana.page(&format!("/documents/{}", desk.ids[0])).await;
    assert!(
        hers.contains("CLOSED-7") && hers.contains("with ben until <time datetime="),
        "it is his, and her draft is hers: {hers}"
    );
    assert!(!hers.contains("value=\"approve\""), "{hers}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_has_the_page_open_keeps_the_document() {
    let Some(chromium) = browser::chromium() else { return };
    let desk = Desk::of(1, "0").await;
    let catalog = catalog(&desk).await;
    let mut page = desk.browser(chromium);
    page.before_pages(QUICK).unwrap();
    page.open(&format!("{}/", desk.ana.base), "").unwrap();
    takes(&desk, &mut page);
    let id: DocumentId = desk.ids[0].parse().unwrap();
    runs_out_in(&desk, &catalog, 0, Duration::from_secs(20)).await;
    let soon = catalog.now() + Duration::from_secs(60);
    wait("a beat of the page's", Duration::from_secs(15), || async {
        let review = catalog.open_review_of(id).await.unwrap().expect("waits");
        Ok(review.claim_expires_at.filter(|until| *until > soon).map(drop))
    })
    .await
    .unwrap();
    // Taken back by somebody, the page says so, and that nothing is lost.
    let review = catalog.open_review_of(id).await.unwrap().unwrap();
    catalog.take_back_review(review.id, "user:sup").await.unwrap().expect("she had it");
    page.wait("document.querySelector('#kept').textContent.startsWith('Somebody else has it now')").unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_postponement_that_is_refused_keeps_its_day() {
    let Some(chromium) = browser::chromium() else { return };
    let desk = Desk::of(1, "0").await;
    let mut page = desk.browser(chromium);
    takes(&desk, &mut page);
    page.press("w", false, false).unwrap();
    page.wait("document.querySelector('[data-panel=wait]').open").unwrap();
    let day = "document.querySelector('[name=until_day]')";
    page.eval(&format!("{day}.value = '2020-02-03'; document.querySelector('[value=postpone]').click()"))
        .unwrap();
    page.wait(&format!("!!document.querySelector('.error[role=alert]') && {day}?.value === '2020-02-03'"))
        .unwrap();
    let said = page.eval("document.querySelector('.error').innerText").unwrap().to_string();
    assert!(said.contains("three months"), "{said}");
    assert_eq!(
        page.eval("!!document.querySelector('[value=approve]')").unwrap(),
        true,
        "and she has it still"
    );
    // It stands where only decisions are taken; in another language it is the document's own page.
    page.eval("document.querySelector('.tongues [value=es]').click()").unwrap();
    page.wait("document.documentElement.lang === 'es'").unwrap();
    page.wait(&on_page(&desk.ids[0])).unwrap();
    let ben = Reviewer::sign_in(&desk.world.place, "ben").await;
    let home = ben.page("/").await;
    let late = ben.send(&format!("/review/{}/undo", desk.ids[0]), &home, &[]).await;
    assert_eq!(late.status(), 409);
    let late = late.text().await.unwrap();
    let about = format!("name=\"back\" value=\"/documents/{}\" data-about", desk.ids[0]);
    assert!(late.contains(&about), "{late}");
}

/// What cannot be brought into the window, by its text: buttons, fields and ways to other pages.
const OUT_OF_REACH: &str = "[...document.querySelectorAll('button, summary, input:not([type=hidden]), select, textarea, nav a')] \
     .filter(el => !el.disabled && !el.closest('.hidden-words, .inert, dialog') && !el.matches('.hidden-words, .inert') \
       && el.checkVisibility({ visibilityProperty: true })) \
     .filter(el => { el.scrollIntoView({ block: 'center', inline: 'center', behavior: 'instant' }); \
       const r = el.getBoundingClientRect(); const [x, y] = [r.left + r.width / 2, r.top + r.height / 2]; \
       return r.width && (x < 0 || y < 0 || x > innerWidth || y > innerHeight); }) \
     .map(el => el.textContent.trim() || el.name).join()";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn at_twice_the_size_everything_is_within_reach() {
    let Some(chromium) = browser::chromium() else { return };
    let desk = Desk::of(2, "0").await;
    let mut page = desk.browser(chromium);
    takes(&desk, &mut page);
    let document = format!("/documents/{}", desk.ids[0]);
    let mut found = Vec::new();
    for path in [
        "/",
        "/work",
        "/bulk?reason=unknown_customer",
        document.as_str(),
        "/documents",
        "/inbox",
        "/customers",
        "/ledger",
        "/ledger/counted?stage=read&from=2020-01-01&to=2099-01-01",
    ] {
        page.open(&format!("{}{path}", desk.ana.base), "").unwrap();
        page.twice_as_large(1280, 900).unwrap();
        if path == document {
            page.wait(READY).unwrap();
            page.press("f", false, false).unwrap();
        }
        let width = page.eval("document.documentElement.scrollWidth").unwrap();
        if width.as_u64().is_none_or(|width| width > 640) {
            found.push(format!("{path} is {width} wide at 640"));
        }
        let lost = page.eval(OUT_OF_REACH).unwrap();
        if lost != "" {
            found.push(format!("{path}: {lost}"));
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}
