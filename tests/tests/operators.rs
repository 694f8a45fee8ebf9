//! The operators' pages in a browser: who writes, the conversation with them, what is wrong, and the ledger.

use std::time::Duration;

use acuse_fixtures::graph::{Fault, Inbound, Point, Said};
use acuse_tests::{
    browser::{self, Browser},
    stack::{Api, wait},
};
use serde_json::{Value, json};

use crate::{
    desk::Reviewer,
    world::{ALL, World, documents, person, post},
};

/// Nothing stands out of the page on a telephone.
pub fn fits(page: &mut Browser, what: &str) {
    page.resize(390, 844).unwrap();
    let width = page.eval("document.documentElement.scrollWidth").unwrap();
    page.resize(1280, 900).unwrap();
    assert!(width.as_u64().is_some_and(|w| w <= 390), "{what} is {width} wide on a telephone of 390");
}

pub fn text(page: &mut Browser, query: &str) -> String {
    let asked = format!("document.querySelector({})?.textContent ?? ''", json!(query));
    page.eval(&asked).unwrap().as_str().unwrap_or_default().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_document_leads_to_its_place_in_the_conversation_and_times_are_the_readers() {
    let Some(chromium) = browser::chromium() else { return };
    let mut scopes = ALL.to_vec();
    scopes.push("messages:read");
    let world = World::new().await;
    let _server = world.place.start("serve", &["serve"]).unwrap();
    let api = Api::connect(&world.place, &scopes).await.unwrap();
    let ana = person(1);
    post(&api, &world.invoice(&ana, 901)).await;
    api.at_rest(1, Duration::from_secs(90)).await.unwrap();
    // Long after it: so many messages that its place is on another page.
    for n in 0..4 {
        let said = |k: u32| Said::Text(format!("Mensaje {}: ¿ya lo vieron?", n * 20 + k));
        let many: Vec<Inbound> = (0..20).map(|k| Inbound::new(ana.clone(), said(k))).collect();
        post(&api, &world.graph.webhook_for(&many)).await;
    }
    // One of the answers cannot be delivered, and a person is to hear of it.
    world.graph.fail(Point::Send, None, Fault::error(400, 131_026, None), 1);
    for n in 2..9 {
        post(&api, &world.invoice(&person(n), 902)).await;
    }
    api.at_rest(8, Duration::from_secs(120)).await.unwrap();
    let reviewer = Reviewer::sign_in(&world.place, "ana").await;
    let mut page = Browser::start(chromium, (1280, 900)).unwrap();
    page.zone("America/Bogota").unwrap();
    let open = |page: &mut Browser, path: &str| {
        page.open(&format!("{}{path}", reviewer.base), &reviewer.cookie).unwrap();
    };

    let all = documents(&api).await;
    let first: &Value =
        all.iter().min_by_key(|d| d["received_at"].as_str().unwrap_or_default().to_owned()).unwrap();
    open(&mut page, &format!("/documents/{}", first["id"].as_str().unwrap()));
    page.eval("document.querySelector('a[href*=\"around=\"]').click()").unwrap();
    page.wait("location.pathname.startsWith('/contacts/') && document.readyState === 'complete'").unwrap();
    let there = "!!document.querySelector(location.hash) && !!document.querySelector(location.hash + ' a[href^=\"/documents/\"]')";
    page.wait(there).unwrap();
    page.look("conversation-place").unwrap();
    fits(&mut page, "the conversation");

    // Bogotá is five hours behind, and the tooltip says what it is in UTC.
    let shown = "(() => { const t = document.querySelector('.talk time'); const at = new Date(t.dateTime);
        const local = new Intl.DateTimeFormat(document.documentElement.lang, { day: 'numeric', month: 'short',
            hour: '2-digit', minute: '2-digit', timeZone: 'America/Bogota' }).format(at);
        return t.textContent === local && t.title === at.toISOString().slice(0, 19).replace('T', ' ') + ' UTC'; })()";
    assert_eq!(page.eval(shown).unwrap(), true, "{}", text(&mut page, ".talk time"));
    page.eval("[...document.querySelectorAll('.more a')].pop().click()").unwrap();
    page.wait("document.readyState === 'complete' && !location.search").unwrap();
    assert!(
        page.eval("document.querySelectorAll('.talk li').length").unwrap().as_u64().is_some_and(|n| n == 50)
    );
    page.look("conversation").unwrap();

    wait("the answer that cannot be delivered", Duration::from_secs(120), || async {
        let ledger = api.get("/v1/ledger/messages").await?;
        Ok((ledger["told"] == 1).then_some(()))
    })
    .await
    .unwrap();
    for (path, name) in [("/contacts", "contacts"), ("/incidents", "incidents"), ("/ledger", "ledger")] {
        open(&mut page, path);
        page.look(name).unwrap();
        fits(&mut page, name);
    }
    open(&mut page, "/incidents");
    assert!(text(&mut page, ".wrong").contains("cannot be reached"), "{}", text(&mut page, ".wrong"));
    page.eval("document.querySelector('.wrong a').click()").unwrap();
    page.wait("location.pathname.startsWith('/contacts/') && document.readyState === 'complete'").unwrap();
}
