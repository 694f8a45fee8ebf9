//! Documents on one picture that was read as one: a person says where each lies, on the picture as it came.

use std::time::Duration;

use acuse_fixtures::{Country, Form, Kind, Look, Spec, Template, generate};
use acuse_storage::{ReviewId, reviews::Claim};
use acuse_tests::{browser, in_process::InProcess};
use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::{
    desk_beside::{BILL, page, reviewer},
    desk_drafts::KEPT,
    desk_harm::{Desk, READY},
    talk::{ANA, answer, ends, file, led, typed_file},
    world::{documents, person, post},
};

/// The one review that waits, and its document's page for somebody who has it; it is free again.
async fn taken(acuse: &InProcess) -> (Value, String) {
    let review = acuse.reviews().await.unwrap().remove(0);
    let id: ReviewId = review["id"].as_str().unwrap().parse().unwrap();
    let rita = reviewer(acuse, "rita", true).await;
    let catalog = acuse.world.catalog();
    let claim = catalog.claim_review(id, "user:rita", Duration::from_secs(60)).await.unwrap();
    assert!(matches!(claim, Claim::Held { .. }), "{claim:?}");
    let seen = page(acuse, &rita, &format!("/documents/{}", review["document_id"].as_str().unwrap())).await;
    assert!(catalog.release_review(id, "user:rita").await.unwrap());
    (review, seen)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_that_is_shown_as_it_came_is_drawn_on_itself() {
    let acuse = led().await;
    file(&acuse, ANA, &format!("{BILL}7")).await;
    answer(&acuse).await;
    let (_, seen) = taken(&acuse).await;
    assert!(seen.contains("data-view=\"draw\" data-key=\"b\""), "{seen}");
    assert!(seen.contains("name=\"parts\" value=\"\" data-drawn>"), "{seen}");
    ends(acuse).await;
}

/// A picture's two halves, as a decision says them.
fn halves(as_it_came: bool) -> Value {
    let half =
        |from: f32| json!({ "first_page": 1, "box": [from, 0.0, from + 0.5, 1.0], "as_it_came": as_it_came });
    json!({ "decision": "split", "parts": [half(0.0), half(0.5)] })
}

/// Of what no browser shows, too: its one page was drawn as it lay, when the file was open.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_that_was_turned_is_parted_as_it_lay() {
    for media_type in ["image/tiff", "image/heic"] {
        let acuse = led().await;
        typed_file(&acuse, ANA, &format!("{BILL}7\nturned=on its head"), media_type).await;
        answer(&acuse).await;
        let (review, seen) = taken(&acuse).await;
        assert!(seen.contains("data-view=\"draw\" data-key=\"b\""), "{media_type}: {seen}");
        assert!(seen.contains("name=\"parts\" value=\"\" data-drawn=\"received\""), "{media_type}: {seen}");
        assert!(seen.contains("/received?page=1\""), "that is what is drawn on: {seen}");
        let path = format!("/v1/reviews/{}/resolve", review["id"].as_str().unwrap());
        let (status, done) = acuse.send(Method::POST, &path, Some(&halves(true))).await.unwrap();
        assert_eq!(status, StatusCode::OK, "{media_type}: {done}");
        assert_eq!(done["documents"].as_array().expect("two").len(), 2, "{media_type}: {done}");
        ends(acuse).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_photo_that_was_read_as_one_is_parted_as_it_came() {
    let acuse = led().await;
    file(&acuse, ANA, &format!("{BILL}7\nphoto=a table")).await;
    answer(&acuse).await;
    let (review, seen) = taken(&acuse).await;
    assert!(seen.contains("data-view=\"draw\" data-key=\"b\""), "{seen}");
    assert!(seen.contains("name=\"parts\" value=\"\" data-drawn=\"received\""), "{seen}");
    assert!(seen.contains("class=\"parts\" data-guard hidden"), "aside until somebody draws: {seen}");

    let path = format!("/v1/reviews/{}/resolve", review["id"].as_str().unwrap());
    let (status, refused) = acuse.send(Method::POST, &path, Some(&halves(false))).await.unwrap();
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "its page lies otherwise: {refused}");
    assert!(refused["detail"].as_str().unwrap().contains("as_it_came"), "{refused}");
    let (status, done) = acuse.send(Method::POST, &path, Some(&halves(true))).await.unwrap();
    assert_eq!(status, StatusCode::OK, "{done}");
    acuse.run_jobs(time::Duration::minutes(6)).await.unwrap();
    let ids = done["documents"].as_array().expect("two").clone();
    assert_eq!(ids.len(), 2, "{done}");
    for (id, from) in ids.iter().zip([0.0, 0.5]) {
        let part = acuse.get(&format!("/v1/documents/{}", id.as_str().unwrap())).await.unwrap();
        assert_eq!(part["part"]["as_it_came"], true, "{part}");
        assert_eq!(part["part"]["box"], json!([from, 0.0, from + 0.5, 1.0]), "{part}");
    }
    ends(acuse).await;
}

/// A photo that came on its head and is read upright; somebody has it.
async fn on_its_head(desk: &Desk) -> String {
    let look = Look { quarter_turns: 2, tilt_degrees: 0.0, perspective: 0.0, margin: 0.0, ..Look::WHATSAPP };
    let spec = Spec::new(Kind::Receipt, Country::Es, Form::PhotoOf(look)).with(Template::ThermalReceipt);
    let photo = generate(504, &spec);
    post(&desk.api, &desk.world.file(&person(8), photo.bytes, &photo.media_type, "head.jpg")).await;
    desk.api.at_rest(2, Duration::from_secs(120)).await.unwrap();
    let all = documents(&desk.api).await;
    let id = all.iter().find(|d| d["filename"] == "head.jpg").expect("it came")["id"].as_str().unwrap();
    desk.ana.take(id).await;
    id.to_owned()
}

/// A picture that does not come is told, one that is awaited is not asked for again, and what a draft has of another picture is
/// not on this one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_what_was_drawn_on_a_picture_is_on_it() {
    let Some(chromium) = browser::chromium() else { return };
    let desk = Desk::of(1, "0").await;
    let document = format!("{}/documents/{}", desk.ana.base, on_its_head(&desk).await);
    let mut page = desk.browser(chromium);
    page.open(&document, "").unwrap();
    page.wait(READY).unwrap();
    let kept = "document.querySelector('#kept').textContent";
    let drawing = "document.querySelector('.stage').classList.contains('drawing')";
    page.eval(
        "window.asked = 0; window.decodes = HTMLImageElement.prototype.decode; \
         HTMLImageElement.prototype.decode = () => { asked += 1; return Promise.reject(new Error('away')); }; true",
    )
    .unwrap();
    page.press("b", false, false).unwrap();
    page.wait(&format!("{kept}.includes('could not be fetched')")).unwrap();
    assert_eq!(page.eval(drawing).unwrap(), false);
    let asked = page.eval(
        "HTMLImageElement.prototype.decode = function () { asked += 1; return decodes.call(this); }; \
         document.querySelector('[data-view=draw]').click(); document.querySelector('[data-view=draw]').click(); asked",
    );
    assert_eq!(asked.unwrap(), 2, "once more, though it was pressed twice");
    page.wait(drawing).unwrap();
    assert_eq!(page.eval(kept).unwrap(), "");

    // A draft of when its page was shown as it came.
    page.eval(
        "(() => { const parts = document.querySelector('.parts [name=parts]'); \
         const half = (from) => ({ first_page: 1, last_page: 1, box: [from, 0, from + 0.5, 1] }); \
         parts.value = JSON.stringify([half(0), half(0.5)]); \
         parts.dispatchEvent(new Event('input', { bubbles: true })); })()",
    )
    .unwrap();
    page.wait(KEPT).unwrap();
    page.open(&document, "").unwrap();
    page.wait(READY).unwrap();
    let said = page.eval("document.querySelector('.parts [name=parts]').value").unwrap();
    assert!(said.as_str().unwrap().contains("box"), "what was said is there still: {said}");
    page.press("b", false, false).unwrap();
    page.wait(drawing).unwrap();
    assert_eq!(page.eval("document.querySelectorAll('.proposed').length").unwrap(), 0);
}

/// A photo that came on its head is read upright; it is drawn on as it lies.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn documents_are_drawn_on_a_photo_as_it_came() {
    let Some(chromium) = browser::chromium() else { return };
    let desk = Desk::of(1, "0").await;
    let id = on_its_head(&desk).await;
    let mut page = desk.browser(chromium);
    page.open(&format!("{}/documents/{id}", desk.ana.base), "").unwrap();
    page.wait(READY).unwrap();
    let shown = "document.querySelector('.sheet img').getAttribute('src')";
    assert_eq!(page.eval("document.querySelector('form.parts').hidden").unwrap(), true);
    page.press("b", false, false).unwrap();
    page.wait("document.querySelector('.stage').classList.contains('drawing')").unwrap();
    assert_eq!(page.eval("document.querySelector('.stage').dataset.came").unwrap(), "yes");
    assert!(page.eval(shown).unwrap().as_str().unwrap().contains("/received"), "as it came");
    assert_eq!(page.eval("document.querySelector('form.parts').hidden").unwrap(), false);
    let mut corner = |u: f64, v: f64| {
        let of = "document.querySelector('.sheet.at').getBoundingClientRect()";
        let at = page
            .eval(&format!(
                "(() => {{ const r = {of}; return [r.left + r.width * {u}, r.top + r.height * {v}]; }})()"
            ))
            .unwrap();
        (at[0].as_f64().unwrap(), at[1].as_f64().unwrap())
    };
    let drawn = [(0.05, 0.45), (0.55, 0.95)].map(|(top, bottom)| (corner(0.05, top), corner(0.95, bottom)));
    for (from, to) in drawn {
        page.drag(from, to).unwrap();
    }
    page.wait("document.querySelectorAll('.proposed').length === 2").unwrap();
    page.look("as_it_came").unwrap();
    // The page stands there again, and what was drawn is kept.
    page.press("b", false, false).unwrap();
    page.wait("document.querySelector('.stage').dataset.came === ''").unwrap();
    assert!(page.eval(shown).unwrap().as_str().unwrap().contains("normalized"));
    assert_eq!(page.eval("document.querySelectorAll('.proposed').length").unwrap(), 0);
    page.press("p", false, false).unwrap();
    desk.api.at_rest(3, Duration::from_secs(120)).await.unwrap();
    let parts = documents(&desk.api).await.into_iter().filter(|d| !d["part"].is_null());
    let parts: Vec<Value> = parts.map(|d| d["part"].clone()).collect();
    assert_eq!(parts.len(), 2, "{parts:?}");
    assert!(parts.iter().all(|part| part["as_it_came"] == true), "{parts:?}");
    let top = |part: &Value| part["box"][1].as_f64().unwrap();
    let mut tops: Vec<f64> = parts.iter().map(top).collect();
    tops.sort_by(f64::total_cmp);
    assert!((tops[0] - 0.05).abs() < 0.02 && (tops[1] - 0.55).abs() < 0.02, "{parts:?}");
}
