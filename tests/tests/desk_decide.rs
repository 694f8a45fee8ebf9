//! Decisions at the desk, each by its key: the evidence of its reason, what the sender is asked, and what waits.

use std::time::Duration;

use acuse_tests::{
    browser::{self, Browser},
    stack::{Api, wait},
};
use serde_json::{Value, json};

use crate::{
    desk::Reviewer,
    desk_harm::{Desk, READY, on_page},
    world::{ALL, World, person, post},
};

/// The page of a document that is ours, ready to decide.
async fn take(desk: &Desk, page: &mut Browser, n: usize) {
    page.open(&format!("{}/documents/{}", desk.ana.base, desk.ids[n]), "").unwrap();
    if page.eval("!!document.querySelector('[value=take]')").unwrap() == true {
        page.press("t", false, false).unwrap();
    }
    page.wait("!!document.querySelector('[value=approve]')").unwrap();
    page.wait(READY).unwrap();
}

async fn timeline(desk: &Desk, n: usize) -> String {
    desk.api.get(&format!("/v1/documents/{}/timeline", desk.ids[n])).await.unwrap().to_string()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_decision_has_a_key() {
    let Some(chromium) = browser::chromium() else { return };
    let desk = Desk::of(4, "1").await;
    Reviewer::sign_in(&desk.world.place, "ben").await;
    let mut page = desk.browser(chromium);
    page.look("table").unwrap();

    // All keys, and the focus comes back.
    take(&desk, &mut page, 0).await;
    page.press("?", false, false).unwrap();
    page.wait("!!document.querySelector('dialog[open]')").unwrap();
    let keys = page.eval("document.querySelector('dialog').innerText").unwrap().to_string();
    for key in ["a", "e", "s", "r", "w", "n", "c", "f", "l", "j", "h", "m", "y", "u", "o"] {
        assert!(keys.contains(&format!("{key}\\n")), "{key} is no key of {keys}");
    }
    page.look("keys").unwrap();
    // Behind them nothing is decided.
    page.press("a", false, false).unwrap();
    page.press("Enter", false, true).unwrap();
    page.press("?", false, false).unwrap();
    page.wait("!document.querySelector('dialog')").unwrap();
    assert_eq!(page.eval("document.querySelector('.decision').dataset.sent ?? ''").unwrap(), "");
    assert_eq!(desk.document(0).await["status"], "in_review");
    page.press("u", false, false).unwrap();
    page.wait("document.activeElement.name === 'kind'").unwrap();
    page.press("Escape", false, false).unwrap();

    // A reason of the list, by its digit.
    page.press("r", false, false).unwrap();
    page.wait("document.querySelector('[data-panel=reject]').open").unwrap();
    page.look("reject").unwrap();
    page.press("4", false, false).unwrap();
    page.wait(&on_page(&desk.ids[1])).unwrap();
    assert_eq!(desk.document(0).await["status"], "rejected");
    assert!(timeline(&desk, 0).await.contains("Part of it is missing"));

    // What the sender is asked opens in their language, and goes as it was edited.
    page.wait(READY).unwrap();
    page.press("s", false, false).unwrap();
    page.wait("document.activeElement.name === 'ask_text'").unwrap();
    let sentence = page.eval("document.activeElement.value").unwrap();
    assert!(sentence.as_str().unwrap().contains("por favor"), "in Spanish: {sentence}");
    page.look("ask").unwrap();
    page.fill("¿Nos mandas la segunda hoja, por favor?").unwrap();
    page.press("Enter", false, true).unwrap();
    page.wait(&on_page(&desk.ids[2])).unwrap();
    wait("the question", Duration::from_secs(60), || async {
        let sent = format!("{:?}", desk.world.graph.sent());
        Ok(sent.contains("la segunda hoja, por favor?").then_some(()))
    })
    .await
    .unwrap();
    let sent = format!("{:?}", desk.world.graph.sent());
    assert!(!sent.contains("Sobre el documento"), "word for word: {sent}");

    // A new customer, as the paper says, is chosen; a note is kept; then it is accepted with one key.
    page.wait(READY).unwrap();
    page.press("n", false, false).unwrap();
    page.wait("document.activeElement.name === 'new_name' && document.activeElement.value.length > 3")
        .unwrap();
    page.look("new-customer").unwrap();
    let name = page.eval("document.activeElement.value").unwrap();
    // Enter alone adds nobody, and Ctrl+Enter does not accept the document instead.
    page.press("Enter", false, false).unwrap();
    page.press("Enter", false, true).unwrap();
    page.wait("document.querySelector('[name=customer_id]')?.selectedOptions[0].value.length > 30").unwrap();
    let chosen = page.eval("document.querySelector('[name=customer_id]').selectedOptions[0].text").unwrap();
    assert_eq!(chosen, name);
    page.wait(READY).unwrap();
    page.press("a", false, false).unwrap();
    page.wait(&on_page(&desk.ids[3])).unwrap();
    let filed = desk.document(2).await;
    assert_eq!((&filed["status"], filed["customer_id"].is_string()), (&json!("filed"), true), "{filed}");

    // Postponed, it is nobody's next, and stands in the table.
    page.wait(READY).unwrap();
    page.press("w", false, false).unwrap();
    page.wait("document.querySelector('[data-panel=wait]').open").unwrap();
    page.look("later").unwrap();
    page.press("o", false, false).unwrap();
    page.wait("document.activeElement.name === 'until'").unwrap();
    page.press("Enter", false, true).unwrap();
    page.wait("location.pathname === '/'").unwrap();
    assert!(page.eval("document.body.innerText").unwrap().to_string().contains("Postponed"));
    page.press("n", false, false).unwrap();
    page.wait("location.pathname === '/work' && document.body.innerText.includes('Nothing is free')")
        .unwrap();

    // Handed to Ben, it is not Ana's next either; to whoever decides nothing it is not handed.
    Reviewer::sign_in_as(&desk.world.place, "vera", &["--role", "auditor"]).await;
    take(&desk, &mut page, 3).await;
    let seen = desk.ana.page(&format!("/documents/{}", desk.ids[3])).await;
    let to_vera = [("action", "assign"), ("to", "vera")];
    assert_eq!(desk.ana.decide(&desk.ids[3], &seen, &to_vera).await.status(), 422);
    page.press("h", false, false).unwrap();
    page.wait("document.activeElement.name === 'to'").unwrap();
    page.press("Enter", false, true).unwrap();
    page.wait("location.pathname === '/'").unwrap();
    page.wait("document.body.innerText.includes('for ben')").unwrap();
    assert!(timeline(&desk, 3).await.contains("handed_over"));
}

/// A PDF with one page of these lines of text.
fn paper(lines: &[&str]) -> Vec<u8> {
    let mut drawn = String::from("BT /F 12 Tf 60 780 Td 18 TL ");
    for line in lines {
        drawn.push_str(&format!("({line}) Tj T* "));
    }
    drawn.push_str("ET");
    let objects = [
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_owned(),
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F 5 0 R >> >> >>"
            .to_owned(),
        format!("<< /Length {} >>\nstream\n{drawn}\nendstream", drawn.len()),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>".to_owned(),
    ];
    let mut file = String::from("%PDF-1.4\n");
    let mut at = Vec::new();
    for (n, object) in (1..).zip(&objects) {
        at.push(file.len());
        file.push_str(&format!("{n} 0 obj\n{object}\nendobj\n"));
    }
    let table = file.len();
    file.push_str(&format!("xref\n0 {}\n0000000000 65535 f \n", at.len() + 1));
    for offset in &at {
        file.push_str(&format!("{offset:010} 00000 n \n"));
    }
    file.push_str(&format!("trailer << /Size {} /Root 1 0 R >>\nstartxref\n{table}\n%%EOF\n", at.len() + 1));
    file.into_bytes()
}

const WRONG: &[&str] = &[
    "FACTURA",
    "Talleres Ejemplo S.L.",
    "NIF: B27114339",
    "Calle Mayor 3, 41001 Sevilla",
    "Factura numero: F-2025-17",
    "Fecha de emision: 21/09/2025",
    "Cliente: Comercial Azahar S.L.",
    "NIF: A43941350",
    "Reparacion de bomba 100,00 EUR",
    "Base imponible: 100,00 EUR",
    "IVA 21%: 21,00 EUR",
    "Total factura: 131,00 EUR",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sum_a_copy_and_lines_are_settled_on_their_cards() {
    let Some(chromium) = browser::chromium() else { return };
    let world = World::new().await;
    let server = world.place.start("serve", &["serve"]).unwrap();
    let api = Api::connect(&world.place, ALL).await.unwrap();
    post(&api, &world.file(&person(1), paper(WRONG), "application/pdf", "wrong.pdf")).await;
    post(&api, &world.invoice(&person(2), 700)).await;
    api.at_rest(2, Duration::from_secs(90)).await.unwrap();
    post(&api, &world.invoice(&person(3), 700)).await;
    api.at_rest(3, Duration::from_secs(90)).await.unwrap();
    let waiting = api.list("/v1/reviews").await.unwrap();
    let ids: Vec<String> = waiting.iter().map(|r| r["document_id"].as_str().unwrap().to_owned()).collect();
    let ana = Reviewer::sign_in(&world.place, "ana").await;
    let desk = Desk { world, server, api, ids, ana };
    let of = |code: &str| waiting.iter().position(|r| r.to_string().contains(code));
    let mut page = desk.browser(chromium);

    // One number makes the sum true, with one key; then it is accepted.
    let n = of("checks_failed").unwrap_or_else(|| panic!("no sum fails: {waiting:#?}"));
    take(&desk, &mut page, n).await;
    page.look("sum").unwrap();
    assert!(
        page.eval("document.querySelector('.sum .gap').innerText").unwrap().to_string().contains("10.00")
    );
    the_place_of_a_field_is_cut_out(&mut page);
    page.eval("document.querySelector('.sum [data-goto=tax]').click()").unwrap();
    assert_eq!(page.eval("document.activeElement.id").unwrap(), "invoice-tax");
    page.press("Escape", false, false).unwrap();
    page.press("x", false, false).unwrap();
    let mended = page
        .eval("[...document.querySelectorAll('.field.changed input')].map(i => i.id + '=' + i.value).join()");
    assert_eq!(mended.unwrap(), "invoice-total=121.00");
    page.press("a", false, false).unwrap();
    wait("the invoice to be filed", Duration::from_secs(120), || async {
        Ok((desk.document(n).await["fields"]["total"]["value"] == "121.00").then_some(()))
    })
    .await
    .unwrap();

    // The same file of another sender: both pages side by side, and one key says that it is the same.
    let n = of("possible_duplicate").unwrap_or_else(|| panic!("no copy waits: {waiting:#?}"));
    take(&desk, &mut page, n).await;
    page.wait("document.querySelector('.beside img').naturalWidth > 100").unwrap();
    page.look("duplicate").unwrap();
    page.press("d", false, false).unwrap();
    wait("the copy to be one", Duration::from_secs(120), || async {
        Ok(desk.document(n).await["duplicate_of"].is_string().then_some(()))
    })
    .await
    .unwrap();
    let ledger = desk.api.ledger().await.unwrap();
    assert_eq!((ledger.duplicate, ledger.received), (1, 3));

    // Lines of a bill, cell by cell on arrow keys, checked like every other value.
    let n = (0..3).find(|n| of("possible_duplicate") != Some(*n) && of("checks_failed") != Some(*n)).unwrap();
    take(&desk, &mut page, n).await;
    page.press("f", false, false).unwrap();
    let total = desk.document(n).await["fields"]["total"]["value"].as_str().unwrap().to_owned();
    let cell = |line: usize, name: &str| {
        format!("document.querySelector('[name=\"invoice.line_items.{line}.{name}\"]')")
    };
    let first = page
        .eval("document.querySelectorAll('[data-kind=invoice] .grid[data-field=line_items] tbody tr').length")
        .unwrap();
    let line = usize::try_from(first.as_u64().unwrap()).unwrap() - 1;
    page.eval(&format!("{}.focus()", cell(line, "description"))).unwrap();
    page.fill("Todo").unwrap();
    page.eval(&format!("{}.focus()", cell(line, "amount"))).unwrap();
    page.fill("12,x").unwrap();
    page.press("ArrowDown", false, false).unwrap();
    assert_eq!(
        page.eval("document.activeElement.name").unwrap(),
        format!("invoice.line_items.{}.amount", line + 1)
    );
    page.press("Enter", false, true).unwrap();
    // Lines that were read stand before it.
    let told = format!("document.querySelector('.grid em')?.innerText.includes('ine {}')", line + 1);
    page.wait(&told).unwrap();
    page.look("lines").unwrap();
    assert_eq!(desk.document(n).await["status"], "in_review");
    split_a_line(&mut page);
    // What Ana holds is hers; she lets it go, and a key may decide it.
    let seen = desk.ana.page(&format!("/documents/{}", desk.ids[n])).await;
    assert_eq!(desk.ana.decide(&desk.ids[n], &seen, &[("action", "release")]).await.status(), 303);
    let (status, problem) = desk
        .resolve(
            n,
            json!({ "decision": "correct", "fields": {
        "line_items": [{ "description": "Todo", "amount": "1,00" }] } }),
        )
        .await;
    assert_eq!(status, 422, "one line of 1.00 does not make {total}: {problem}");
    let (status, problem) = desk
        .resolve(
            n,
            json!({ "decision": "correct", "because": "only one was printed", "fields": {
        "line_items": [{ "description": "Todo", "amount": "1,00", "quantity": "2" }],
        "taxes": [{ "type": "IVA", "rate": "21 %", "amount": "1.00" }] } }),
        )
        .await;
    assert_eq!(status, 200, "{problem}");
    let filed = desk.document(n).await;
    let kept: Value = filed["fields"]["line_items"]["value"].clone();
    assert_eq!(kept, json!([{ "description": "Todo", "quantity": "2", "amount": "1.00" }]), "{filed:#}");
}

/// What is to be looked at stands above its field, cut out of the page where it lies there.
fn the_place_of_a_field_is_cut_out(page: &mut Browser) {
    let strip = "document.querySelector('.fields:not([hidden]) [data-field=total] svg.strip')";
    let shown = format!(
        "(() => {{ const b = {strip}.viewBox.baseVal, r = document.querySelector('.sheet rect[data-field=total]'); \
         const at = (name) => Number(r.getAttribute(name)); \
         return b.x <= at('x') && b.y <= at('y') && b.x + b.width >= at('x') + at('width') \
           && b.y + b.height >= at('y') + at('height') && b.height < 0.2 * document.querySelector('.sheet img').naturalHeight \
           && {strip}.getBoundingClientRect().height > 8; }})()"
    );
    assert_eq!(page.eval(&shown).unwrap(), true);
    let picture = format!("{strip}.querySelector('image').href.baseVal");
    assert_eq!(
        page.eval(&picture).unwrap(),
        page.eval("document.querySelector('.sheet img').getAttribute('src')").unwrap()
    );
}

/// Two lines that were read as one are parted: the name at the cursor, and the second has what the first leaves.
fn split_a_line(page: &mut Browser) {
    let cells = "[...document.querySelectorAll('[data-kind=invoice] .grid[data-field=line_items] tbody tr')]";
    let number = |page: &mut Browser| page.eval(&format!("{cells}.length")).unwrap().as_u64().unwrap();
    let before = number(page);
    let cell = |line: &str, name: &str| format!("{cells}.at({line}).querySelector('[data-cell={name}]')");
    page.eval(&format!("{}.focus()", cell("-1", "description"))).unwrap();
    page.fill("Pan Sal").unwrap();
    page.eval(&format!("{}.focus()", cell("-2", "amount"))).unwrap();
    page.fill("10.00").unwrap();
    let named = cell("-2", "description");
    page.eval(&format!("{named}.focus(); {named}.setSelectionRange(3, 3)")).unwrap();
    page.press("ArrowDown", false, true).unwrap();
    assert_eq!(number(page), before + 2, "the two, and an empty one below");
    page.fill("4.00").unwrap();
    let said = |page: &mut Browser, line: &str, name: &str| {
        page.eval(&format!("{}.value", cell(line, name))).unwrap().as_str().unwrap().to_owned()
    };
    let lines = ["-3", "-2"].map(|line| (said(page, line, "description"), said(page, line, "amount")));
    let is = |name: &str, amount: &str| (name.to_owned(), amount.to_owned());
    assert_eq!(lines, [is("Pan", "4.00"), is("Sal", "6.00")]);
    let names =
        page.eval(&format!("{cells}.map(l => l.querySelector('input').name.split('.').at(2)).join()"));
    let all: Vec<String> = (0..before + 2).map(|n| n.to_string()).collect();
    assert_eq!(names.unwrap(), all.join(","), "each line has a number of its own");
    // What was typed by hand is not taken back.
    page.eval(&format!("{}.focus()", cell("-2", "amount"))).unwrap();
    page.fill("5.50").unwrap();
    page.eval(&format!("{}.focus()", cell("-3", "amount"))).unwrap();
    page.fill("4.50").unwrap();
    assert_eq!(said(page, "-2", "amount"), "5.50");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_speaks_the_persons_language() {
    let Some(chromium) = browser::chromium() else { return };
    let desk = Desk::of(1, "1").await;
    let mut page = desk.browser(chromium);
    take(&desk, &mut page, 0).await;
    page.eval("document.querySelector('.tongues [value=es]').click()").unwrap();
    page.wait("document.documentElement.lang === 'es' && !!document.querySelector('[value=approve]')")
        .unwrap();
    page.wait(&on_page(&desk.ids[0])).unwrap();
    assert!(
        page.eval("document.querySelector('[value=approve]').innerText")
            .unwrap()
            .to_string()
            .contains("Aceptar")
    );
    let zone = page.eval("document.querySelector('.timeline time').title").unwrap();
    assert!(zone.as_str().unwrap().ends_with(" UTC"), "{zone}");
    page.look("spanish").unwrap();
    page.open(&format!("{}/documents/{}", desk.ana.base, desk.ids[0]), "acuse_language=pt").unwrap();
    assert!(
        page.eval("document.querySelector('[value=approve]').innerText")
            .unwrap()
            .to_string()
            .contains("Aceitar")
    );
}

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
