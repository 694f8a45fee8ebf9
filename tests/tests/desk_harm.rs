//! What did harm at the desk: keys that decide what nobody meant, decisions without a way back, work that is lost, and
//! values that nobody checked.

use std::time::Duration;

use acuse_tests::{
    browser::{self, Browser},
    stack::{Api, wait},
};
use reqwest::header;
use serde_json::{Value, json};

use crate::{
    desk::{PASSWORD, Reviewer},
    world::{ALL, World, person, post},
};

/// A desk with so many invoices in review, the longest waiting first, and someone signed in.
pub struct Desk {
    pub world: World,
    pub server: acuse_tests::process::Guarded,
    pub api: Api,
    pub ids: Vec<String>,
    pub ana: Reviewer,
}

impl Desk {
    pub async fn of(waiting: u64, undo_secs: &str) -> Self {
        let mut world = World::new().await;
        world.place = world.place.clone().with("ACUSE_UNDO_SECS", undo_secs);
        Self::at(world, waiting).await
    }

    /// The same where cases are kept, by our own policies.
    pub async fn with_cases(waiting: u64) -> Self {
        let mut world = World::new().await;
        world.place = world.place.clone().with("ACUSE_UNDO_SECS", "0").with("ACUSE_POLICIES", "");
        Self::at(world, waiting).await
    }

    async fn at(world: World, waiting: u64) -> Self {
        let server = world.place.start("serve", &["serve"]).unwrap();
        let api = Api::connect(&world.place, ALL).await.unwrap();
        for n in 0..waiting {
            post(&api, &world.invoice(&person(u32::try_from(n).unwrap()), 600 + n)).await;
        }
        assert_eq!(api.at_rest(waiting, Duration::from_secs(90)).await.unwrap().in_review, waiting);
        let queue = api.list("/v1/reviews").await.unwrap();
        let ids = queue.iter().map(|r| r["document_id"].as_str().unwrap().to_owned()).collect();
        let ana = Reviewer::sign_in(&world.place, "ana").await;
        Self { world, server, api, ids, ana }
    }

    pub async fn document(&self, n: usize) -> Value {
        self.api.get(&format!("/v1/documents/{}", self.ids[n])).await.unwrap()
    }

    pub async fn events(&self, n: usize, kind: &str) -> usize {
        let events = self.api.get("/v1/events?limit=200").await.unwrap();
        let mine = |e: &&Value| e["document_id"] == self.ids[n].as_str() && e["kind"] == kind;
        events["data"].as_array().unwrap().iter().filter(mine).count()
    }

    async fn filed(&self) -> u64 {
        self.api.ledger().await.unwrap().filed
    }

    pub async fn resolve(&self, n: usize, body: Value) -> (u16, Value) {
        let reviews = self.api.list("/v1/reviews").await.unwrap();
        let review = reviews.iter().find(|r| r["document_id"] == self.ids[n].as_str()).expect("waits");
        let path = format!("/v1/reviews/{}/resolve", review["id"].as_str().unwrap());
        let answer = self.api.request(reqwest::Method::POST, &path).json(&body).send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    pub fn browser(&self, chromium: &str) -> Browser {
        let mut browser = Browser::start(chromium, (1280, 900)).unwrap();
        browser.open(&format!("{}/", self.ana.base), &self.ana.cookie).unwrap();
        browser
    }
}

/// Whether a page leaves Enter to one of its fields, for what it does there by itself.
pub fn leaves_enter(page: &mut Browser, field: &str) -> bool {
    let enter =
        "new KeyboardEvent('keydown', { key: 'Enter', repeat: true, bubbles: true, cancelable: true })";
    page.eval(&format!("document.querySelector('{field}').dispatchEvent({enter})")).unwrap() == true
}

pub const READY: &str = "document.body.dataset.ready === 'yes'";

pub fn on_page(id: &str) -> String {
    format!("location.pathname === '/documents/{id}' && document.readyState === 'complete'")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_key_decides_what_nobody_meant() {
    let Some(chromium) = browser::chromium() else { return };
    let desk = Desk::of(3, "30").await;
    let mut page = desk.browser(chromium);
    page.press("n", false, false).unwrap();
    page.wait(&on_page(&desk.ids[0])).unwrap();
    page.wait(READY).unwrap();
    page.press("r", false, false).unwrap();
    page.wait("document.querySelector('[data-panel=reject]').open").unwrap();
    page.press("Enter", false, false).unwrap();
    std::thread::sleep(Duration::from_millis(500));
    assert_eq!(desk.document(0).await["status"], "in_review", "Enter without a reason decides nothing");
    // Somebody begins to write why: "copy of another", "already paid".
    for letter in ["c", "a"] {
        page.eval("document.querySelector('.desk').focus()").unwrap();
        page.press(letter, false, false).unwrap();
        std::thread::sleep(Duration::from_millis(500));
        assert_eq!(desk.document(0).await["status"], "in_review", "its first letter accepts nothing");
        page.wait("document.activeElement.name === 'reject_note'").unwrap();
    }
    page.fill("not ours").unwrap();
    page.press("Enter", false, false).unwrap();
    std::thread::sleep(Duration::from_millis(500));
    assert_eq!(desk.document(0).await["status"], "in_review", "nor in one with words");
    page.fill("").unwrap();
    for field in ["[name=reject_note]", "[name=kind]", "[name=until]"] {
        assert!(
            !leaves_enter(&mut page, field),
            "{field}: on some machines Enter presses a button from there"
        );
    }
    page.press("Escape", false, false).unwrap();
    assert_eq!(page.eval("document.activeElement.className").unwrap(), "desk", "the focus is not lost");
    page.press("a", true, false).unwrap();
    std::thread::sleep(Duration::from_millis(500));
    assert_eq!(desk.document(0).await["status"], "in_review", "a key held down was meant for another page");

    // Two taps: the second comes before anybody can have seen the second document.
    page.press("a", false, false).unwrap();
    page.wait(&on_page(&desk.ids[1])).unwrap();
    page.press("a", false, false).unwrap();
    page.eval("document.querySelector('[value=approve]').click()").unwrap();
    std::thread::sleep(Duration::from_millis(1_500));
    assert_eq!(desk.filed().await, 1, "one was seen, one is filed");
    assert_eq!(desk.document(1).await["status"], "in_review");

    // While another decision is written down, the way back that stands there is of the one before it.
    page.eval("void (acuse.deciding = new Promise(() => {}))").unwrap();
    page.press("z", false, false).unwrap();
    std::thread::sleep(Duration::from_millis(500));
    assert_eq!(desk.document(0).await["status"], "filed");
    page.eval("void (acuse.deciding = null)").unwrap();
    // And the first comes back with one key, as it was.
    page.press("z", false, false).unwrap();
    page.wait(&on_page(&desk.ids[0])).unwrap();
    assert_eq!(desk.document(0).await["status"], "in_review");
    assert_eq!(desk.events(0, "document.filed").await, 0, "nobody heard of it");
    page.wait(READY).unwrap();
    page.eval("const s = document.querySelector('[name=customer_id]'); s.focus(); s.dispatchEvent(new Event('change'))")
        .unwrap();
    page.press("a", false, false).unwrap();
    page.wait(&on_page(&desk.ids[1])).unwrap();
    assert_eq!(desk.document(0).await["status"], "filed", "after a customer is chosen, keys decide at once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_typed_is_lost() {
    let Some(chromium) = browser::chromium() else { return };
    let desk = Desk::of(2, "30").await;
    let mut page = desk.browser(chromium);
    page.look("queue").unwrap();
    page.open(&format!("{}/?reason=malware", desk.ana.base), "").unwrap();
    page.look("empty-filter").unwrap();
    page.open(&format!("{}/documents/{}", desk.ana.base, desk.ids[0]), "").unwrap();
    page.look("free").unwrap();
    page.press("t", false, false).unwrap();
    page.wait("!!document.querySelector('[value=approve]')").unwrap();
    page.look("taken").unwrap();
    page.eval(
        "document.querySelector('#unfold').checked = true; document.querySelector('#invoice-total').focus()",
    )
    .unwrap();
    page.fill("1.234").unwrap();
    page.wait("document.querySelector('#kept').textContent === 'Draft kept'").unwrap();
    // Away by the menu, and back: it is there.
    page.open(&format!("{}/ledger", desk.ana.base), "").unwrap();
    page.open(&format!("{}/documents/{}", desk.ana.base, desk.ids[0]), "").unwrap();
    let total = "document.querySelector('#invoice-total')";
    assert_eq!(page.eval(&format!("{total}.value")).unwrap(), "1.234");
    // It can be read in two ways: said at the field, which has the focus, with all that was typed.
    page.wait(READY).unwrap();
    page.press("e", false, false).unwrap();
    page.wait("document.activeElement.id === 'invoice-total'").unwrap();
    page.press("Enter", false, true).unwrap();
    page.wait(&format!("{total}.getAttribute('aria-invalid') === 'true'")).unwrap();
    assert_eq!(page.eval(&format!("{total}.value")).unwrap(), "1.234");
    assert_eq!(page.eval("document.activeElement.id").unwrap(), "invoice-total");
    page.look("fault").unwrap();
    page.fill("99.999,99 €").unwrap();
    page.wait(READY).unwrap();
    page.press("Enter", false, true).unwrap();
    page.wait("!!document.querySelector('[name=because]')").unwrap();
    assert_eq!(
        desk.document(0).await["status"],
        "in_review",
        "a sum that does not hold is not filed like that"
    );
    page.look("warning").unwrap();
    page.eval("document.querySelector('[name=because]').focus()").unwrap();
    page.fill("the printer was wrong").unwrap();
    page.wait(READY).unwrap();
    page.press("Enter", false, true).unwrap();
    page.wait(&on_page(&desk.ids[1])).unwrap();
    let filed = desk.document(0).await;
    assert_eq!((&filed["status"], &filed["fields"]["total"]["value"]), (&json!("filed"), &json!("99999.99")));
    page.look("undo").unwrap();
    // Taken back, the work is offered again.
    page.press("z", false, false).unwrap();
    page.wait(&on_page(&desk.ids[0])).unwrap();
    assert_eq!(page.eval(&format!("{total}.value")).unwrap(), "99.999,99 €");
    assert_ne!(desk.document(0).await["fields"]["total"]["value"], "99999.99");
    page.look("draft").unwrap();
    // Another kind keeps what both have.
    page.eval("const k = document.querySelector('[name=kind]'); k.value = 'receipt'; k.dispatchEvent(new Event('change'))")
        .unwrap();
    assert_eq!(page.eval("document.querySelector('#receipt-total').value").unwrap(), "99.999,99 €");
    let issuer = page.eval("document.querySelector('#invoice-issuer_name').value").unwrap();
    assert_eq!(page.eval("document.querySelector('#receipt-merchant_name').value").unwrap(), issuer);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_a_lease_or_a_version_that_is_gone_costs_no_work() {
    let desk = Desk::of(1, "30").await;
    let ben = Reviewer::sign_in(&desk.world.place, "ben").await;
    let id = desk.ids[0].as_str();
    let seen = desk.ana.take(id).await;
    let typed = [("action", "correct"), ("kind", "invoice"), ("invoice.number", "typed by Ana")];

    // The session ended: nothing is decided, and signing in brings the work back.
    let post = desk.ana.http.post(format!("{}/review/{id}", desk.ana.base));
    let ended = post.form(&typed).header(header::COOKIE, "acuse_session=gone").send().await.unwrap();
    assert_eq!(ended.status(), 401);
    let login = ended.text().await.unwrap();
    let resume = crate::desk::hidden(&login, "resume").replace("&#34;", "\"").replace("&quot;", "\"");
    assert!(resume.contains("typed by Ana"), "{login}");
    let form = [("user", "ana"), ("password", PASSWORD), ("resume", &resume)];
    let back = desk.ana.http.post(format!("{}/login", desk.ana.base)).form(&form).send().await.unwrap();
    assert_eq!(back.headers()[header::LOCATION], format!("/documents/{id}"));
    let again = desk.ana.page(&format!("/documents/{id}")).await;
    assert!(again.contains("typed by Ana") && again.contains("</time> is filled in again"), "{again}");
    assert_eq!(desk.document(0).await["status"], "in_review");
    // Nobody learns so of a document that does not exist for them.
    let nora = Reviewer::sign_in_as(&desk.world.place, "nora", &["--team", "north"]).await;
    let asks = json!({ "document": id, "form": [] }).to_string();
    let asked = nora.send("/login/resume", "", &[("resume", &asks)]).await;
    assert_eq!(asked.headers()[header::LOCATION], "/");

    // The lease was lost, and given back: the late save is refused and shown.
    assert_eq!(desk.ana.decide(id, &again, &[("action", "release")]).await.status(), 303);
    let bens = ben.take(id).await;
    assert!(!bens.contains("typed by Ana"), "hers alone");
    assert_eq!(ben.decide(id, &bens, &[("action", "release")]).await.status(), 303);
    let late = desk.ana.decide(id, &seen, &typed).await;
    assert_eq!(late.status(), 409);
    assert!(late.text().await.unwrap().contains("typed by Ana"));

    // Another version than the one looked at.
    let mine = desk.ana.take(id).await;
    let stale = mine.replace("name=\"version\" value=\"", "name=\"version\" value=\"9");
    let stale = desk.ana.decide(id, &stale, &typed).await;
    assert_eq!(stale.status(), 409);
    assert!(stale.text().await.unwrap().contains("typed by Ana"));
    let none = mine.replace("name=\"version\" value=\"", "name=\"version\" value=\"x");
    assert_eq!(desk.ana.decide(id, &none, &typed).await.status(), 400, "every decision names a version");
    assert_eq!(desk.document(0).await["status"], "in_review");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_held_decision_says_is_said_once_whatever_dies() {
    let mut desk = Desk::of(2, "4").await;
    assert!(desk.world.graph.wait_for_sent(2, Duration::from_secs(30)).await, "that someone looks");
    let seen = desk.ana.take(&desk.ids[0]).await;
    let done = desk.ana.decide(&desk.ids[0], &seen, &[("action", "reject"), ("note", "not ours")]).await;
    assert_eq!(done.status(), 303);
    assert_eq!(desk.document(0).await["status"], "rejected", "it is decided at once");
    assert_eq!(desk.events(0, "document.rejected").await, 0, "and told when it can be taken back no more");
    desk.server.kill_9().unwrap();
    let _server = desk.world.place.start("serve", &["serve"]).unwrap();
    desk.api = Api::connect(&desk.world.place, ALL).await.unwrap();
    wait("the event", Duration::from_secs(60), || async {
        Ok((desk.events(0, "document.rejected").await == 1).then_some(()))
    })
    .await
    .unwrap();
    assert!(
        desk.world.graph.wait_for_sent(3, Duration::from_secs(60)).await,
        "{:?}",
        desk.world.graph.sent()
    );
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(desk.events(0, "document.rejected").await, 1);
    assert_eq!(desk.world.graph.sent().len(), 3, "{:?}", desk.world.graph.sent());

    // Afterwards it is reopened, by its page, and says so.
    let page = desk.ana.page(&format!("/documents/{}", desk.ids[0])).await;
    assert!(page.contains("value=\"reopen\"") && page.contains("value=\"amend\""), "{page}");
    let again = desk.ana.decide(&desk.ids[0], &page, &[("action", "reopen"), ("note", "it is ours")]).await;
    assert_eq!(again.status(), 303);
    assert_eq!(desk.document(0).await["status"], "in_review");
    let timeline =
        desk.api.get(&format!("/v1/documents/{}/timeline", desk.ids[0])).await.unwrap().to_string();
    assert!(timeline.contains("reopened") && timeline.contains("it is ours"), "{timeline}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_person_says_is_checked_as_what_is_read() {
    let desk = Desk::of(1, "0").await;
    let correct = |fields: Value| json!({ "decision": "correct", "fields": fields });
    for (fields, says) in [
        (json!({ "issue_date": "2099-01-01" }), "future"),
        (json!({ "total": "99999.99" }), "99999.99"),
        (json!({ "total": null }), "no total"),
        (json!({ "issuer_tax_id": "B12345675" }), "check digit"),
    ] {
        let (status, problem) = desk.resolve(0, correct(fields.clone())).await;
        assert_eq!(status, 422, "{fields}: {problem}");
        assert!(problem["detail"].as_str().unwrap().contains(says), "{fields}: {problem}");
        assert!(problem["warnings"][0]["check"].is_string(), "{problem}");
    }
    for fields in [json!({ "currency": "ZZZ" }), json!({ "total": "1.234" }), json!({ "total": "ten" })] {
        assert_eq!(desk.resolve(0, correct(fields.clone())).await.0, 422, "{fields}");
    }
    let (status, problem) = desk.resolve(0, json!({ "decision": "correct", "customer_id": null,
        "fields": { "total": "1.234,5", "subtotal": "$1000", "tax": "234.50 €" }, "because": " ", "note": "by hand" })).await;
    assert_eq!(status, 200, "{problem}");
    let filed = desk.document(0).await;
    for (name, value) in [("total", "1234.50"), ("subtotal", "1000.00"), ("tax", "234.50")] {
        assert_eq!(filed["fields"][name]["value"], value, "{filed:#}");
    }
}
