//! The desk without a mouse: from signing in to a decision and back by keys alone, and with a thumb on a phone.

use acuse_tests::browser::{self, Browser};
use serde_json::json;

use crate::{
    desk::PASSWORD,
    desk_drafts::KEPT,
    desk_harm::{Desk, READY, on_page},
};

const NUMBER: &str = "#invoice-number";

/// Goes on with Tab until what is sought has the focus.
fn tabs_to(page: &mut Browser, query: &str) {
    let there = format!("document.activeElement.matches('{query}')");
    for _ in 0..80 {
        if page.eval(&there).unwrap() == true {
            return;
        }
        page.press("Tab", false, false).unwrap();
    }
    panic!("no key leads to {query}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn somebody_signs_in_corrects_and_takes_it_back_by_keys_alone() {
    let Some(chromium) = browser::chromium() else { return };
    let desk = Desk::of(2, "30").await;
    let mut page = Browser::start(chromium, (1280, 900)).unwrap();
    page.open(&format!("{}/login", desk.ana.base), "").unwrap();
    tabs_to(&mut page, "[name=user]");
    page.fill("ana").unwrap();
    tabs_to(&mut page, "[name=password]");
    page.fill(PASSWORD).unwrap();
    page.press("Enter", false, false).unwrap();
    page.wait("location.pathname === '/' && document.readyState === 'complete'").unwrap();
    // Past the menu at once.
    tabs_to(&mut page, ".skip");
    page.press("Enter", false, false).unwrap();
    page.wait("document.activeElement.id === 'main'").unwrap();

    page.press("n", false, false).unwrap();
    page.wait(&on_page(&desk.ids[0])).unwrap();
    page.wait(READY).unwrap();
    page.press("f", false, false).unwrap();
    tabs_to(&mut page, NUMBER);
    page.fill("KEYS-1").unwrap();
    page.press("Enter", false, true).unwrap();
    page.wait(&on_page(&desk.ids[1])).unwrap();
    page.wait(READY).unwrap();
    let filed = desk.document(0).await;
    assert_eq!(filed["status"], "filed");
    assert_eq!(filed["fields"]["number"]["value"], "KEYS-1");
    page.press("r", false, false).unwrap();
    page.wait("document.querySelector('[data-panel=reject]').open").unwrap();
    tabs_to(&mut page, "[data-panel=reject] [data-choice=\"4\"]");
    page.press("Enter", false, false).unwrap();
    page.wait("location.pathname === '/'").unwrap();
    assert_eq!(desk.document(1).await["status"], "rejected");
    page.wait("document.readyState === 'complete' && !!document.querySelector('.undo')").unwrap();
    page.press("z", false, false).unwrap();
    page.wait(&on_page(&desk.ids[1])).unwrap();
    assert_eq!(desk.document(1).await["status"], "in_review");
}

/// Touches the middle of something, which is brought into sight as a person does.
fn tap(page: &mut Browser, query: &str) {
    let middle = format!(
        "(() => {{ const el = document.querySelector('{query}'); \
         el.scrollIntoView({{ block: 'center', behavior: 'instant' }}); const r = el.getBoundingClientRect(); \
         return [r.left + r.width / 2, r.top + r.height / 2]; }})()"
    );
    let at = page.eval(&middle).unwrap();
    page.click((at[0].as_f64().unwrap(), at[1].as_f64().unwrap())).unwrap();
}

/// The picture on top, the evidence below it, and below that one row of buttons within the window.
const UPRIGHT: &str = "(() => { const box = (query) => document.querySelector(query).getBoundingClientRect(); \
     const [paper, evidence, acts] = ['.paper', '.scroll', '.actions'].map(box); \
     const tops = [...document.querySelectorAll('.actions > *')].map((act) => Math.round(act.getBoundingClientRect().top)); \
     return paper.height > 100 && paper.bottom <= evidence.top && evidence.height > 100 && evidence.bottom <= acts.top + 1 \
       && acts.bottom <= innerHeight && acts.right <= innerWidth && new Set(tops).size === 1; })()";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thumb_decides_on_a_phone_held_upright() {
    let Some(chromium) = browser::chromium() else { return };
    let desk = Desk::of(3, "30").await;
    let mut page = desk.browser(chromium);
    page.resize(390, 844).unwrap();
    page.open(&format!("{}/work", desk.ana.base), "").unwrap();
    tap(&mut page, "[data-key=n]");
    page.wait(&on_page(&desk.ids[0])).unwrap();
    page.wait(READY).unwrap();
    assert_eq!(page.eval(UPRIGHT).unwrap(), true);
    tap(&mut page, "[value=approve]");
    page.wait(&on_page(&desk.ids[1])).unwrap();
    assert_eq!(desk.document(0).await["status"], "filed");

    // A reason from the list; and it is taken back.
    page.wait(READY).unwrap();
    tap(&mut page, "[data-panel=reject] summary");
    page.wait("document.querySelector('[data-panel=reject]').open").unwrap();
    tap(&mut page, "[data-choice=\"4\"]");
    page.wait(&on_page(&desk.ids[2])).unwrap();
    assert_eq!(desk.document(1).await["status"], "rejected");
    page.wait("!!document.querySelector('.undo')").unwrap();
    tap(&mut page, ".undo button");
    page.wait(&on_page(&desk.ids[1])).unwrap();
    page.wait(READY).unwrap();
    assert_eq!(desk.document(1).await["status"], "in_review");

    // A field is typed into.
    tap(&mut page, ".unfold");
    page.wait("document.querySelector('#unfold').checked").unwrap();
    tap(&mut page, NUMBER);
    page.fill("THUMB-1").unwrap();
    page.wait(KEPT).unwrap();
    assert_eq!(page.eval(UPRIGHT).unwrap(), true);
    tap(&mut page, "[data-edit]");
    page.wait(&format!("location.pathname !== '/documents/{}'", desk.ids[1])).unwrap();
    let filed = desk.document(1).await;
    assert_eq!((&filed["status"], &filed["fields"]["number"]["value"]), (&json!("filed"), &json!("THUMB-1")));
}
