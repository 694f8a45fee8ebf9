//! No page shuts anybody out: it keeps axe-core's rules in both colours, and nothing runs over the edge of a telephone.

use std::time::Duration;

use acuse_pipeline::document::Kind;
use acuse_storage::stages::ReadFacts;
use acuse_tests::{
    browser::{self, Browser},
    stack::{Api, wait},
};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    desk::{Reviewer, hidden},
    desk_decide::take,
    desk_flow::{RULES, says},
    desk_harm::{Desk, READY},
    withheld::{bill, read, sent},
    world::{ALL, Alone},
};

/// The rules of axe-core, brought by `make test`.
pub fn axe() -> Option<String> {
    let found = std::fs::read_to_string(acuse_tests::cache().join("axe/node_modules/axe-core/axe.min.js"));
    if found.is_err() {
        acuse_tests::skip_or_fail("axe-core", "it was not brought from its registry");
    }
    found.ok()
}

/// What of the page runs over the edge of a telephone.
fn overruns(page: &mut Browser, path: &str) -> Option<String> {
    page.resize(390, 844).unwrap();
    let width = page.eval("document.documentElement.scrollWidth").unwrap();
    let wide = "[...document.querySelectorAll('body :not(nav *)')].filter(e => e.checkVisibility() && e.getBoundingClientRect().right > 391) \
         .map(e => Math.round(e.getBoundingClientRect().right) + e.outerHTML.slice(0, 90)).sort().slice(-4)";
    let wide = page.eval(wide).unwrap();
    page.resize(1280, 900).unwrap();
    width.as_u64().is_none_or(|width| width > 390).then(|| format!("{path} is {width} wide at 390: {wide}"))
}

/// What of the page shuts somebody out, in both colours.
pub fn violations(page: &mut Browser, axe: &str, path: &str) -> Vec<String> {
    let mut found = Vec::new();
    page.eval(&format!("{axe};0")).unwrap();
    for scheme in ["light", "dark"] {
        page.scheme(scheme).unwrap();
        let graver = "axe.run(document, { resultTypes: ['violations'] }).then(r => r.violations \
             .filter(v => v.impact === 'serious' || v.impact === 'critical') \
             .map(v => v.id + ': ' + v.nodes.slice(0, 4).map(n => n.html.slice(0, 160)).join(' | ')))";
        for violation in page.eval(graver).unwrap().as_array().unwrap() {
            found.push(format!("{path} {scheme} {violation}"));
        }
    }
    found
}

/// Every page of ours. `/board/` is another's program, as README says.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_page_shuts_anybody_out() {
    let (Some(chromium), Some(axe)) = (browser::chromium(), axe()) else { return };
    let desk = Desk::of(2, "30").await;
    let boss = Reviewer::sign_in_as(&desk.world.place, "boss", &["--admin"]).await;
    // What is filed stands in lists in a colour of its own.
    assert_eq!(desk.resolve(1, json!({ "decision": "approve" })).await.0, 200);
    let mut page = desk.browser(chromium);
    let document = format!("/documents/{}", desk.ids[0]);
    let contacts = boss.page("/contacts").await;
    let contact = contacts.split("href=\"/contacts/").nth(1).and_then(|p| p.split('"').next()).unwrap();
    let mut found = Vec::new();
    for path in [
        "/",
        "/?reason=malware",
        "/?q=persona&sort=-since",
        "/work",
        "/bulk?reason=unknown_customer",
        "/documents",
        document.as_str(),
        "/inbox",
        "/contacts",
        &format!("/contacts/{contact}"),
        "/customers",
        "/customers/new",
        "/ledger",
        "/ledger/files?from=2020-01-01",
        "/ledger/messages",
        "/ledger/counted?stage=review&from=2020-01-01&to=2099-01-01",
        "/ledger/counted?reason=unknown_customer&how=approved&from=2020-01-01&to=2099-01-01",
        "/incidents",
        "/login",
    ] {
        page.open(&format!("{}{path}", desk.ana.base), "").unwrap();
        if path == document {
            take(&desk, &mut page, 0).await;
            page.press("f", false, false).unwrap();
            page.press("g", false, false).unwrap();
            page.wait("!!document.querySelector('#sender[data-here]')").unwrap();
        }
        found.extend(violations(&mut page, &axe, path));
        found.extend(overruns(&mut page, path));
    }
    for path in [
        "/",
        "/work",
        "/finance?by=received&status=all",
        "/people",
        "/four-eyes",
        "/checks",
        "/audit",
        "/incidents",
        "/numbers",
        "/flow",
        "/nowhere",
        "/docs",
        "/problems",
    ] {
        page.open(&format!("{}{path}", boss.base), &boss.cookie).unwrap();
        found.extend(violations(&mut page, &axe, path));
        found.extend(overruns(&mut page, path));
    }
    assert!(found.is_empty(), "{found:#?}");
}

/// A case that waits for Ana, who has it.
async fn a_case_of_hers(desk: &Desk) -> String {
    let file = desk.world.folder.path().join("rules.tsv");
    std::fs::write(&file, RULES).unwrap();
    desk.world.place.run(&["rules", "set", file.to_str().unwrap()]).unwrap();
    says(desk, 7, "Quiero hablar con una persona").await;
    let waits = || async {
        let page = desk.ana.page("/inbox?show=team&team=ventas").await;
        let id = page.split("<tr id=\"case-").nth(1).and_then(|row| row.split('"').next());
        Ok(id.map(str::to_owned))
    };
    let id = wait("a case", Duration::from_secs(30), waits).await.unwrap();
    let address = format!("/inbox/{id}");
    let page = desk.ana.page(&address).await;
    let version = hidden(&page, "version");
    let take = [("act", "take"), ("version", version.as_str()), ("back", "case")];
    assert_eq!(desk.ana.send(&address, &page, &take).await.status(), 303);
    address
}

/// What one comes to from a list: a case, a customer, and a document whose decision was refused.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_opened_shuts_nobody_out() {
    let (Some(chromium), Some(axe)) = (browser::chromium(), axe()) else { return };
    let desk = Desk::with_cases(1).await;
    let luna = json!({ "name": "Hotel Luna", "phones": ["+34 600 000 777"], "tax_ids": ["B12345674"] });
    let made = desk.api.request(Method::POST, "/v1/customers").json(&luna).send().await.unwrap();
    let made: Value = made.json().await.unwrap();
    let customer = format!("/customers/{}", made["id"].as_str().unwrap());
    let case = a_case_of_hers(&desk).await;
    let mut page = desk.browser(chromium);
    let mut found = Vec::new();
    for path in [case.as_str(), customer.as_str()] {
        page.open(&format!("{}{path}", desk.ana.base), "").unwrap();
        found.extend(violations(&mut page, &axe, path));
        found.extend(overruns(&mut page, path));
    }
    take(&desk, &mut page, 0).await;
    page.eval(
        "document.querySelector('#unfold').checked = true; document.querySelector('#invoice-total').focus()",
    )
    .unwrap();
    // Once as no amount, said at its field; once as one against which the sum speaks.
    for (typed, said) in [("1.234", "[aria-invalid=true]"), ("99999.99", "[name=because]")] {
        page.fill(typed).unwrap();
        page.wait(READY).unwrap();
        page.press("Enter", false, true).unwrap();
        page.wait(&format!("!!document.querySelector('{said}')")).unwrap();
        found.extend(violations(&mut page, &axe, said));
        found.extend(overruns(&mut page, said));
        page.eval("document.querySelector('#invoice-total').focus()").unwrap();
    }
    assert!(found.is_empty(), "{found:#?}");
}

/// The paper of a blind check, as it is asked and as it comes back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_blind_check_shuts_nobody_out() {
    let (Some(chromium), Some(axe)) = (browser::chromium(), axe()) else { return };
    let Alone { place, catalog, .. } = &Alone::on_sqlite().await;
    let _server = place.start("web", &["web"]).unwrap();
    let api = Api::connect(place, ALL).await.unwrap();
    let ana = Reviewer::sign_in(place, "ana").await;
    catalog.set_quality_share(Kind::Receipt, 1_000_000, "user:boss").await.unwrap();
    let id = sent(&api, "blind").await;
    let facts = ReadFacts { sure: Some(0.97), fingerprint: None, text: "blind".to_owned(), ..bill(1) };
    read(catalog, id, &facts).await;
    let mut page = Browser::start(chromium, (1280, 900)).unwrap();
    page.open(&format!("{}/checks", ana.base), &ana.cookie).unwrap();
    page.eval("document.querySelector('main .head .primary').click()").unwrap();
    page.wait("/^\\/checks\\/[0-9a-f-]{36}$/.test(location.pathname) && document.readyState === 'complete'")
        .unwrap();
    let path = page.eval("location.pathname").unwrap().as_str().unwrap().to_owned();
    let mut found = violations(&mut page, &axe, &path);
    found.extend(overruns(&mut page, &path));
    page.wait(READY).unwrap();
    for does in [
        "document.querySelector('[name=kind]').value = 'receipt'",
        "document.querySelector('[name=total]').value = 'ten'",
        "document.querySelector('[value=said]').click()",
    ] {
        page.eval(does).unwrap();
    }
    page.wait("!!document.querySelector('[role=alert]')").unwrap();
    found.extend(violations(&mut page, &axe, &path));
    assert!(found.is_empty(), "{found:#?}");
}
