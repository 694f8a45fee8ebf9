//! No page shuts anybody out: it keeps axe-core's rules in both colours, and nothing runs over the edge of a telephone.

use std::time::Duration;

use acuse_pipeline::{
    document::Kind,
    fields::{Field, FieldName, Source},
    reason::{Reason, ReasonCode},
};
use acuse_storage::stages::ReadFacts;
use acuse_tests::{
    browser::{self, Browser},
    stack::{Api, wait},
};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    desk::{Reviewer, hidden},
    desk_cards::{Place, pages},
    desk_decide::take,
    desk_flow::{RULES, says},
    desk_harm::{Desk, READY, on_page},
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
    violations_in(page, axe, path, "document")
}

/// The same of what opened over it alone, which takes less long: an expression for axe-core's context.
fn violations_in(page: &mut Browser, axe: &str, path: &str, context: &str) -> Vec<String> {
    let mut found = Vec::new();
    page.eval(&format!("{axe};0")).unwrap();
    for scheme in ["light", "dark"] {
        page.scheme(scheme).unwrap();
        let graver = format!(
            "axe.run({context}, {{ resultTypes: ['violations'] }}).then(r => r.violations \
             .filter(v => v.impact === 'serious' || v.impact === 'critical') \
             .map(v => v.id + ': ' + v.nodes.slice(0, 4).map(n => n.html.slice(0, 160)).join(' | ')))"
        );
        for violation in page.eval(&graver).unwrap().as_array().unwrap() {
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

/// What a key opens over the page of a document, until Escape.
const OPENS: &[(&str, &str)] = &[
    ("r", "[data-panel=reject][open]"),
    ("s", "[data-panel=ask][open]"),
    ("w", "[data-panel=wait][open]"),
    ("n", "[data-panel=new][open]"),
    ("?", "dialog[open]"),
];

/// A document that is nobody's yet, all that opens over it once it is hers, the way back of its decision, and it at rest.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_opens_over_a_document_shuts_nobody_out() {
    let (Some(chromium), Some(axe)) = (browser::chromium(), axe()) else { return };
    let desk = Desk::of(2, "600").await;
    let luna = json!({ "name": "Hotel Luna", "phones": ["+34 600 000 777"] });
    let made = desk.api.request(Method::POST, "/v1/customers").json(&luna).send().await.unwrap();
    assert_eq!(made.status(), 201);
    let mut page = desk.browser(chromium);
    let document = format!("{}/documents/{}", desk.ana.base, desk.ids[0]);
    page.open(&document, "").unwrap();
    let mut found = violations(&mut page, &axe, "nobody's");
    found.extend(overruns(&mut page, "nobody's"));

    take(&desk, &mut page, 0).await;
    for (key, opened) in OPENS {
        page.press(key, false, false).unwrap();
        page.wait(&format!("!!document.querySelector('{opened}')")).unwrap();
        found.extend(violations_in(&mut page, &axe, opened, &format!("'{opened}'")));
        found.extend(overruns(&mut page, opened));
        page.press("Escape", false, false).unwrap();
        page.wait(&format!("!document.querySelector('{opened}')")).unwrap();
    }
    // Customers that were found, to choose from.
    page.press("c", false, false).unwrap();
    page.fill("Luna").unwrap();
    page.wait("document.querySelectorAll('#found:not([hidden]) li').length > 0").unwrap();
    found.extend(violations_in(&mut page, &axe, "found", "'.whose'"));
    found.extend(overruns(&mut page, "found"));
    page.press("Escape", false, false).unwrap();

    page.press("a", false, false).unwrap();
    page.wait(&on_page(&desk.ids[1])).unwrap();
    page.wait("!!document.querySelector('.undo')").unwrap();
    found.extend(violations_in(&mut page, &axe, "undo", "'.undo'"));
    found.extend(overruns(&mut page, "undo"));
    page.open(&document, "").unwrap();
    page.wait("!!document.querySelector('.undo') && !!document.querySelector('[value=amend]')").unwrap();
    found.extend(violations(&mut page, &axe, "at rest"));
    found.extend(overruns(&mut page, "at rest"));
    assert!(found.is_empty(), "{found:#?}");
}

/// One that may have come before, beside the other; and what carries malware.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_cards_of_what_is_no_paper_of_its_own_shut_nobody_out() {
    let (Some(chromium), Some(axe)) = (browser::chromium(), axe()) else { return };
    let place = Place::new().await;
    let first = sent(&place.api, "first").await;
    read(place.catalog(), first, &ReadFacts { pages: pages(first, 1), ..bill(1) }).await;
    let again = sent(&place.api, "again").await;
    let candidates = json!([{ "document_id": first.to_string(), "same_bytes": true, "other_sender": true }]);
    let like = Reason::new(ReasonCode::PossibleDuplicate, "It may have been sent before.");
    let mut facts =
        ReadFacts { pages: pages(again, 1), findings: vec![like.with("candidates", candidates)], ..bill(2) };
    let other = Field { value: "5.00".into(), confidence: 0.97, page: None, bbox: None, source: Source::Ocr };
    facts.fields.insert(FieldName::Total, other);
    read(place.catalog(), again, &facts).await;
    let mut page = place.browser(chromium, again).await;
    page.wait(
        "!!document.querySelector('.card .differs') && !!document.querySelector('.other [data-key=d]')",
    )
    .unwrap();
    let mut found = violations(&mut page, &axe, "duplicate");
    found.extend(overruns(&mut page, "duplicate"));

    let infected = Reason::new(ReasonCode::Malware, "The file carries malware.");
    let infected = infected.with("signature", "Eicar-Test-Signature");
    let id = place.refused("infected", infected).await.to_string();
    place.ana.take(&id).await;
    page.open(&format!("{}/documents/{id}", place.ana.base), "").unwrap();
    page.wait("!!document.querySelector('.card.bad [data-key=x]')").unwrap();
    found.extend(violations(&mut page, &axe, "malware"));
    found.extend(overruns(&mut page, "malware"));
    assert!(found.is_empty(), "{found:#?}");
}

/// The first page that anybody sees, as it is asked and as it comes back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_page_shuts_nobody_out() {
    let (Some(chromium), Some(axe)) = (browser::chromium(), axe()) else { return };
    let Alone { place, .. } = &Alone::on_sqlite().await;
    let _server = place.start("web", &["web"]).unwrap();
    let link = || async {
        let log = place.log("web");
        let after = log.split("/setup?token=").nth(1).and_then(|rest| rest.split_once(' '));
        Ok(after.map(|(token, _)| token.to_owned()))
    };
    let token = wait("the link", Duration::from_secs(60), link).await.unwrap();
    let mut page = Browser::start(chromium, (1280, 900)).unwrap();
    page.open(&format!("http://127.0.0.1:{}/setup?token={token}", place.port), "").unwrap();
    let mut found = violations(&mut page, &axe, "/setup");
    found.extend(overruns(&mut page, "/setup"));
    // Nobody is called nothing.
    page.eval("document.querySelector('[name=user]').value = ' '").unwrap();
    page.eval("document.querySelector('[name=password]').value = 'a long enough password'").unwrap();
    page.eval("document.querySelector('form.door .primary').click()").unwrap();
    page.wait("!!document.querySelector('.error[role=alert]')").unwrap();
    found.extend(violations(&mut page, &axe, "/setup refused"));
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
