//! A sum, a copy and the lines of a bill are settled on their cards, with one key or cell by cell.

use std::time::Duration;

use acuse_tests::{
    browser::{self, Browser},
    stack::{Api, wait},
};
use serde_json::{Value, json};

use crate::{
    desk::Reviewer,
    desk_decide::take,
    desk_harm::Desk,
    world::{ALL, World, person, post},
};

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
    let wrong = of("checks_failed").unwrap_or_else(|| panic!("no sum fails: {waiting:#?}"));
    let copy = of("possible_duplicate").unwrap_or_else(|| panic!("no copy waits: {waiting:#?}"));
    let bill = (0..3).find(|n| ![wrong, copy].contains(n)).unwrap();
    let mut page = desk.browser(chromium);
    one_number_makes_the_sum_true(&desk, &mut page, wrong).await;
    one_key_says_that_it_is_the_same(&desk, &mut page, copy).await;
    lines_are_filled_cell_by_cell(&desk, &mut page, bill).await;
    a_key_says_lines_too(&desk, bill).await;
}

/// One number makes the sum true, with one key; then it is accepted.
async fn one_number_makes_the_sum_true(desk: &Desk, page: &mut Browser, n: usize) {
    take(desk, page, n).await;
    page.look("sum").unwrap();
    assert!(
        page.eval("document.querySelector('.sum .gap').innerText").unwrap().to_string().contains("10.00")
    );
    the_place_of_a_field_is_cut_out(page);
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
}

/// The same file of another sender: both pages side by side, and one key says that it is the same.
async fn one_key_says_that_it_is_the_same(desk: &Desk, page: &mut Browser, n: usize) {
    take(desk, page, n).await;
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
}

/// Lines of a bill, cell by cell on arrow keys, checked like every other value.
async fn lines_are_filled_cell_by_cell(desk: &Desk, page: &mut Browser, n: usize) {
    take(desk, page, n).await;
    page.press("f", false, false).unwrap();
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
    split_a_line(page);
}

/// What Ana holds is hers; she lets it go, and a key may decide it.
async fn a_key_says_lines_too(desk: &Desk, n: usize) {
    let total = desk.document(n).await["fields"]["total"]["value"].as_str().unwrap().to_owned();
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
    // On a screen of twice as many pixels it is no larger than they are either.
    let pixels = format!(
        "{strip}.getBoundingClientRect().width * devicePixelRatio <= {strip}.viewBox.baseVal.width + 1"
    );
    page.twice_as_large(1280, 900).unwrap();
    page.wait(&format!("devicePixelRatio === 2 && {pixels}")).unwrap();
    page.resize(1280, 900).unwrap();
    page.wait(&format!("devicePixelRatio === 1 && {pixels}")).unwrap();
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
