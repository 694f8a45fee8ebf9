//! No page shuts anybody out: it keeps axe-core's rules in both colours, and nothing runs over the edge of a telephone.

use acuse_tests::browser::{self, Browser};
use serde_json::json;

use crate::{desk::Reviewer, desk_decide::take, desk_harm::Desk};

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
    page.resize(1280, 900).unwrap();
    width.as_u64().is_none_or(|width| width > 390).then(|| format!("{path} is {width} wide at 390"))
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
