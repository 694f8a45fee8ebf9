//! The picture beside the decision: whole, sharp, and leading to the fields and back.

use acuse_tests::browser::{self, Browser};
use serde_json::Value;

use crate::desk_harm::{Desk, READY, on_page};

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
}
