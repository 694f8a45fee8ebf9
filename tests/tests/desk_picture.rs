//! The picture beside the decision: whole, sharp, and leading to the fields and back.

use std::time::Duration;

use acuse_fixtures::{Country, Form, Kind, Look, Spec, Template, generate, together};
use acuse_tests::browser::{self, Browser};
use serde_json::Value;

use crate::{
    desk::Reviewer,
    desk_harm::{Desk, READY, on_page},
    world::{documents, person, post},
};

/// The middle of what an expression gives, as a rectangle of the window.
fn middle(page: &mut Browser, of: &str) -> (f64, f64) {
    let expression =
        format!("(() => {{ const r = {of}; return [r.left + r.width / 2, r.top + r.height / 2]; }})()");
    let at = page.eval(&expression).unwrap();
    (at[0].as_f64().unwrap(), at[1].as_f64().unwrap())
}

fn number(page: &mut Browser, expression: &str) -> f64 {
    page.eval(expression).unwrap().as_f64().unwrap_or_else(|| panic!("{expression} is no number"))
}

/// A button or a part of the page that the window cuts off, by its text.
const CUT_OFF: &str = "[...document.querySelectorAll('.actions > button, .actions summary, .tools button')].filter(b => { \
     const r = b.getBoundingClientRect(); return r.width && (r.bottom > innerHeight || r.right > innerWidth || r.top < 0); }) \
     .map(b => b.textContent.trim()).join()";
const SHEET: &str = "document.querySelector('.sheet.at').getBoundingClientRect()";
const STAGE: &str = "document.querySelector('.stage').getBoundingClientRect()";
const FILLED: &str = "[...document.querySelectorAll('.sheet rect')] \
     .filter(r => getComputedStyle(r).fill !== 'rgba(0, 0, 0, 0)').map(r => r.dataset.field).join()";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_picture_is_whole_and_its_words_fill_the_field() {
    let Some(chromium) = browser::chromium() else { return };
    let desk = Desk::of(1, "30").await;
    let mut page = desk.browser(chromium);
    page.press("n", false, false).unwrap();
    page.wait(&on_page(&desk.ids[0])).unwrap();
    page.wait(READY).unwrap();
    page.look("picture").unwrap();
    page.press("f", false, false).unwrap();
    page.wait("document.querySelector('#unfold').checked").unwrap();
    for (width, height) in [(1280, 900), (1366, 768), (390, 844)] {
        page.resize(width, height).unwrap();
        page.wait("document.querySelector('.stage').dataset.whole === 'yes'").unwrap();
        assert_eq!(page.eval(CUT_OFF).unwrap(), "", "cut off at {width}x{height}");
        let fits = format!(
            "(() => {{ const s = {SHEET}, t = {STAGE}; return s.width > 100 && s.left >= t.left - 1 && s.right <= t.right + 1 \
             && s.top >= t.top - 1 && s.bottom <= t.bottom + 1 && document.documentElement.scrollHeight <= innerHeight; }})()"
        );
        page.wait(&fits).unwrap();
    }
    page.resize(1366, 768).unwrap();

    // One place is filled: the active field's. A place leads to its field, a field to its place.
    page.eval("document.querySelector('#invoice-total').focus()").unwrap();
    assert_eq!(page.eval(FILLED).unwrap(), "total");
    page.press("Escape", false, false).unwrap();
    let at = middle(&mut page, "document.querySelector('rect[data-field=number]').getBoundingClientRect()");
    page.click(at).unwrap();
    assert_eq!(page.eval("document.activeElement.id").unwrap(), "invoice-number");
    assert_eq!(page.eval(FILLED).unwrap(), "number");
    page.press("Escape", false, false).unwrap();

    // Larger, and never past its pixels; closely at the place of the field; whole again.
    for _ in 0..12 {
        page.press("+", false, false).unwrap();
    }
    let natural = number(&mut page, "document.querySelector('.sheet.at img').naturalWidth");
    assert!((number(&mut page, &format!("{SHEET}.width")) - natural).abs() < 1.0, "as large as its pixels");
    page.press("0", false, false).unwrap();
    page.press("l", false, false).unwrap();
    let number_at =
        middle(&mut page, "document.querySelector('rect[data-field=number]').getBoundingClientRect()");
    let inside = format!(
        "(() => {{ const t = {STAGE}; return {} > t.left && {} < t.right && {1} < t.bottom; }})()",
        number_at.0, number_at.1
    );
    assert_eq!(page.eval(&inside).unwrap(), true, "it moved to the place");
    assert_eq!(page.eval("document.querySelector('.stage').dataset.whole").unwrap(), "");
    page.press("0", false, false).unwrap();
    page.press("v", false, false).unwrap();
    assert!(number(&mut page, &format!("{SHEET}.width - {SHEET}.height")) > 0.0, "turned, and whole");
    for _ in 0..3 {
        page.press("v", false, false).unwrap();
    }

    // A word that is clicked, and words that are dragged over, fill the field that has the focus; the draft keeps it.
    page.wait("Number(document.querySelector('.stage').dataset.words) > 10").unwrap();
    let words = page.eval(&format!("fetch('/documents/{}/words').then(a => a.json())", desk.ids[0])).unwrap();
    let words: Vec<Value> = words.as_array().unwrap().clone();
    let side = |word: &Value, n: usize| word["box"][n].as_f64().unwrap();
    let on_one_line = |pair: &[Value]| {
        (side(&pair[0], 1) - side(&pair[1], 1)).abs() < 0.004 && side(&pair[1], 0) > side(&pair[0], 2)
    };
    let pair = words
        .windows(2)
        .find(|pair| on_one_line(pair) && pair[0]["text"].as_str().unwrap().len() > 3)
        .expect("a line of words");
    let place = |page: &mut Browser, word: &Value| {
        let (u, v) = ((side(word, 0) + side(word, 2)) / 2.0, (side(word, 1) + side(word, 3)) / 2.0);
        let at = page
            .eval(&format!(
                "(() => {{ const r = {SHEET}; return [r.left + r.width * {u}, r.top + r.height * {v}]; }})()"
            ))
            .unwrap();
        (at[0].as_f64().unwrap(), at[1].as_f64().unwrap())
    };
    let value = "document.querySelector('#invoice-order_number').value";
    page.eval("document.querySelector('#invoice-order_number').focus()").unwrap();
    let (first, second) = (place(&mut page, &pair[0]), place(&mut page, &pair[1]));
    page.click(first).unwrap();
    assert_eq!(page.eval(value).unwrap(), pair[0]["text"]);
    page.drag(first, second).unwrap();
    let both = format!("{} {}", pair[0]["text"].as_str().unwrap(), pair[1]["text"].as_str().unwrap());
    assert_eq!(page.eval(value).unwrap(), both.as_str());
    assert_eq!(page.eval("document.activeElement.id").unwrap(), "invoice-order_number");
    page.wait("document.querySelector('#kept').textContent === 'Draft kept'").unwrap();
    page.look("filled").unwrap();

    // In a table it is the cell that somebody is in, and none beside it.
    let cells =
        "[...document.querySelectorAll('.fields:not([hidden]) .grid[data-field=line_items] [data-cell]')]";
    let before = page.eval(&format!("{cells}[0].value")).unwrap();
    page.eval(&format!("{cells}[1].focus()")).unwrap();
    page.click(first).unwrap();
    assert_eq!(page.eval(&format!("{cells}[1].value")).unwrap(), pair[0]["text"]);
    assert_eq!(page.eval(&format!("{cells}[0].value")).unwrap(), before);
}

/// Of a file whose documents the reader is not sure of, a person draws them where they lie.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn documents_are_drawn_on_the_picture() {
    let Some(chromium) = browser::chromium() else { return };
    let desk = Desk::of(1, "0").await;
    let spec = Spec::new(Kind::Invoice, Country::Es, Form::PdfText);
    let file = together::pages_with_attachment(&[(501, spec), (502, spec)]).bytes;
    post(&desk.api, &desk.world.file(&person(9), file, "application/pdf", "scan.pdf")).await;
    desk.api.at_rest(2, Duration::from_secs(90)).await.unwrap();
    let waiting = desk.api.list("/v1/reviews").await.unwrap();
    let review = waiting.iter().find(|r| r.to_string().contains("multiple_documents")).expect("waits");
    let id = review["document_id"].as_str().unwrap();
    desk.ana.take(id).await;
    let mut page = desk.browser(chromium);
    page.open(&format!("{}/documents/{id}", desk.ana.base), "").unwrap();
    page.wait(READY).unwrap();
    page.press("]", false, false).unwrap();
    page.press("b", false, false).unwrap();
    page.wait("document.querySelector('.stage').classList.contains('drawing')").unwrap();
    let corner = |page: &mut Browser, u: f64, v: f64| {
        let at = page
            .eval(&format!(
                "(() => {{ const r = {SHEET}; return [r.left + r.width * {u}, r.top + r.height * {v}]; }})()"
            ))
            .unwrap();
        (at[0].as_f64().unwrap(), at[1].as_f64().unwrap())
    };
    for (top, bottom) in [(0.05, 0.45), (0.55, 0.95), (0.2, 0.6)] {
        let (from, to) = (corner(&mut page, 0.05, top), corner(&mut page, 0.95, bottom));
        page.drag(from, to).unwrap();
    }
    page.wait("document.querySelectorAll('.proposed').length === 3").unwrap();
    page.press("Backspace", false, false).unwrap();
    page.wait("document.querySelectorAll('.proposed').length === 2").unwrap();
    page.look("drawn").unwrap();
    page.press("p", false, false).unwrap();
    // The other one, the first page, and what was drawn on the second.
    desk.api.at_rest(4, Duration::from_secs(90)).await.unwrap();
    let parts = documents(&desk.api).await.into_iter().filter(|d| !d["part"].is_null());
    let mut drawn: Vec<Value> = parts.map(|d| d["part"].clone()).collect();
    drawn.sort_by_key(|part| (part["first_page"].as_u64(), part["box"].to_string()));
    assert_eq!(drawn.len(), 3, "{drawn:?}");
    assert!(drawn[0]["box"].is_null() && drawn[1]["first_page"] == 2, "{drawn:?}");
    let top = |part: &Value| part["box"][1].as_f64().unwrap();
    assert!((top(&drawn[1]) - 0.05).abs() < 0.02 && (top(&drawn[2]) - 0.55).abs() < 0.02, "{drawn:?}");
}

/// A photo that came as a TIFF: the reader's page, and beside it the table it lay on, which no browser can show of the file.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tiff_is_seen_as_it_came_beside_its_page() {
    let Some(chromium) = browser::chromium() else { return };
    let desk = Desk::of(1, "0").await;
    let spec = Spec::new(Kind::Receipt, Country::Es, Form::Jpeg).with(Template::ThermalReceipt);
    let file = together::photographed(&[(503, spec)]);
    post(&desk.api, &desk.world.file(&person(9), file.bytes, file.media_type, "scan.tif")).await;
    desk.api.at_rest(2, Duration::from_secs(120)).await.unwrap();
    let all = documents(&desk.api).await;
    let sent = all.iter().find(|d| d["filename"] == "scan.tif").expect("it came");
    assert_eq!(sent["media_type"], "image/tiff", "{sent}");
    let id = sent["id"].as_str().unwrap();
    let boss = Reviewer::operator(&desk.world.place, "boss").await;
    let mut page = Browser::start(chromium, (1280, 900)).unwrap();
    page.open(&format!("{}/documents/{id}", boss.base), &boss.cookie).unwrap();
    page.wait(READY).unwrap();
    let came = "document.querySelector('#received')";
    assert_eq!(page.eval(&format!("{came}.hidden")).unwrap(), true, "only who wants to see it does");
    page.press("i", false, false).unwrap();
    page.wait(&format!("!{came}.hidden && {came}.querySelector('img').naturalWidth > 0")).unwrap();
    let pixels = |of: &str| format!("{of}.naturalWidth * {of}.naturalHeight");
    let whole = number(&mut page, &pixels(&format!("{came}.querySelector('img')")));
    let cut = number(&mut page, &pixels("document.querySelector('.sheet.at img')"));
    assert!(whole > 1.1 * cut, "with the table around it: {whole} and {cut}");
    page.look("tiff").unwrap();
    page.press("i", false, false).unwrap();
    page.wait(&format!("{came}.hidden")).unwrap();

    // A photo that came on its head is shown upright, and shows in itself how it lay.
    let look = Look { quarter_turns: 2, tilt_degrees: 0.0, perspective: 0.0, margin: 0.0, ..Look::WHATSAPP };
    let spec = Spec::new(Kind::Receipt, Country::Es, Form::PhotoOf(look)).with(Template::ThermalReceipt);
    let photo = generate(504, &spec);
    post(&desk.api, &desk.world.file(&person(8), photo.bytes, &photo.media_type, "head.jpg")).await;
    desk.api.at_rest(3, Duration::from_secs(120)).await.unwrap();
    let all = documents(&desk.api).await;
    let turned = all.iter().find(|d| d["filename"] == "head.jpg").expect("it came");
    page.open(&format!("{}/documents/{}", boss.base, turned["id"].as_str().unwrap()), "").unwrap();
    page.wait(READY).unwrap();
    let of = format!("/pictures/{}/received", turned["id"].as_str().unwrap());
    assert_eq!(page.eval("document.querySelector('.sheet').dataset.received").unwrap(), of.as_str());
    page.press("i", false, false).unwrap();
    page.wait(&format!("!{came}.hidden && {came}.querySelector('img').naturalWidth > 0")).unwrap();

    let received = format!("/pictures/{id}/received?page=1");
    assert_eq!(boss.answer(&received).await.status(), 200);
    let erased = desk.api.request(reqwest::Method::DELETE, &format!("/v1/documents/{id}")).send().await;
    assert_eq!(erased.unwrap().status(), 200);
    assert_eq!(boss.answer(&received).await.status(), 404);
}
