//! The card of a reason: what is known is said at once, and one key does the one right thing.

use acuse_pipeline::{
    document::{Kind, Sha256},
    fields::{Field, FieldName, Fields, Source},
    reading::SeenWord,
    reason::{Reason, ReasonCode},
};
use acuse_storage::{
    Catalog, DocumentId, ObjectKey, Stage,
    documents::StoredPage,
    stages::{Begun, ReadFacts, Step},
};
use acuse_tests::{
    browser::{self, Browser},
    process::Guarded,
    stack::Api,
};
use serde_json::{Value, json};

use crate::{
    desk::Reviewer,
    desk_harm::READY,
    withheld::{bill, passport, read, sent},
    world::{ALL, Alone},
};

/// A place without a reader, where the test says what was read.
pub struct Place {
    _server: Guarded,
    alone: Alone,
    pub api: Api,
    pub ana: Reviewer,
}

impl Place {
    pub async fn new() -> Self {
        let alone = Alone::on_sqlite().await;
        let server = alone.place.start("web", &["web"]).unwrap();
        let api = Api::connect(&alone.place, ALL).await.unwrap();
        let ana = Reviewer::sign_in(&alone.place, "ana").await;
        Self { _server: server, alone, api, ana }
    }

    pub fn catalog(&self) -> &Catalog {
        &self.alone.catalog
    }

    /// A file that was not opened, for this reason.
    pub async fn refused(&self, name: &str, reason: Reason) -> DocumentId {
        let id = sent(&self.api, name).await;
        assert!(matches!(self.catalog().begin(id, Stage::Read).await.unwrap(), Begun::Go(_)));
        let step = self.catalog().into_review(id, Stage::Read, &[reason], None, None).await.unwrap();
        assert_eq!(step, Step::Taken);
        id
    }

    /// The page of a document that Ana has taken, ready to decide.
    pub async fn browser(&self, chromium: &str, id: DocumentId) -> Browser {
        self.ana.take(&id.to_string()).await;
        let mut page = Browser::start(chromium, (1280, 900)).unwrap();
        page.open(&format!("{}/documents/{id}", self.ana.base), &self.ana.cookie).unwrap();
        page.wait(READY).unwrap();
        page
    }
}

/// Pages whose pictures nobody drew.
pub fn pages(id: DocumentId, count: u32) -> Vec<StoredPage> {
    let page = |number| StoredPage {
        key: ObjectKey::page(id, number, &Sha256::of(b"a page")),
        width: 1000,
        height: 1400,
        changed: false,
        received: None,
    };
    (1..=count).map(page).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_digit_chooses_a_customer_and_what_is_hard_to_read_is_marked() {
    let Some(chromium) = browser::chromium() else { return };
    let place = Place::new().await;
    let mut candidates = Vec::new();
    for (n, name) in ["Hotel Luna", "Bar Sol", "Panadería Norte"].into_iter().enumerate() {
        let new = json!({ "name": name, "phones": [format!("3460000111{n}")] });
        let request = place.api.request(reqwest::Method::POST, "/v1/customers").json(&new);
        let made: Value = request.send().await.unwrap().json().await.unwrap();
        candidates.push(json!({ "customer_id": made["id"], "name": name, "clue": "name", "score": 0.8 }));
    }
    let ids: Vec<String> =
        candidates.iter().map(|c| c["customer_id"].as_str().expect("an id").to_owned()).collect();
    let id = sent(&place.api, "ambiguous").await;
    let at = [0.5, 0.5, 0.7, 0.52];
    let unsure =
        Field { value: "4.00".into(), confidence: 0.5, page: Some(1), bbox: Some(at), source: Source::Ocr };
    let word = |text: &str, bbox, confidence| SeenWord {
        page: 1,
        text: text.into(),
        bbox,
        confidence,
        doubtful: Vec::new(),
    };
    let several = Reason::new(ReasonCode::AmbiguousCustomer, "More than one customer may own this document.");
    let doubt = Reason::new(ReasonCode::LowConfidence, "Not sure enough of: total.");
    let mut facts = ReadFacts {
        pages: pages(id, 1),
        words: vec![
            word("4.0", [0.5, 0.5, 0.6, 0.52], 0.99),
            word("O", [0.62, 0.5, 0.66, 0.52], 0.4),
            // Of its two characters the second.
            SeenWord { doubtful: vec![[0.5, 1.0]], ..word("0S", [0.625, 0.5, 0.75, 0.52], 0.95) },
            word("illegible", [0.1, 0.1, 0.3, 0.12], 0.3),
        ],
        findings: vec![
            several.with("candidates", candidates.clone()),
            doubt.with("confidence", json!({ "total": 0.5 })),
        ],
        ..bill(1)
    };
    facts.fields.insert(FieldName::Total, unsure);
    read(place.catalog(), id, &facts).await;
    let mut page = place.browser(chromium, id).await;
    assert_eq!(page.eval("document.querySelectorAll('.candidates kbd').length").unwrap(), 3);
    for (key, n) in [("2", 1), ("3", 2), ("1", 0)] {
        page.press(key, false, false).unwrap();
        let chosen = page.eval("document.querySelector('[name=customer_id]').value").unwrap();
        assert_eq!(chosen, ids[n].as_str(), "by {key}");
        let pressed =
            page.eval("document.querySelector('.candidates [aria-pressed=true] kbd').textContent").unwrap();
        assert_eq!(pressed, key);
    }
    page.look("candidates").unwrap();

    // Of the words in the place of the field the one that was hard to read, of another the character, and nothing from
    // elsewhere.
    let strip = "document.querySelector('.fields:not([hidden]) [data-field=total] .strip')";
    let marked = format!(
        "[...{strip}.querySelectorAll('rect.doubtful')].map(r => [r.x, r.width].map(s => s.baseVal.value).join()).join(';')"
    );
    assert_eq!(page.eval(&marked).unwrap(), "620,40;687,62");
    let within = format!(
        "(() => {{ const b = {strip}.viewBox.baseVal; return b.x < 500 && b.x + b.width > 700 && b.y < 700 && b.y + b.height > 728 \
         && b.width < 400 && b.height < 200; }})()"
    );
    assert_eq!(page.eval(&within).unwrap(), true);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn malware_is_named_and_rejected_with_one_key() {
    let Some(chromium) = browser::chromium() else { return };
    let place = Place::new().await;
    let message = "The file carries malware. It was not opened and is kept in quarantine.";
    let infected = Reason::new(ReasonCode::Malware, message).with("signature", "Eicar-Test-Signature");
    let id = place.refused("infected", infected).await;
    let mut page = place.browser(chromium, id).await;
    let card = page.eval("document.querySelector('.card').innerText").unwrap().to_string();
    for said in ["What was found in it: Eicar-Test-Signature.", "Nobody opens it.", "Reject it"] {
        assert!(card.contains(said), "{said}: {card}");
    }
    assert_eq!(page.eval("document.querySelectorAll('.sheet img, a[download]').length").unwrap(), 0);
    page.look("malware").unwrap();
    page.press("x", false, false).unwrap();
    page.wait("location.pathname === '/'").unwrap();
    let document = place.api.get(&format!("/v1/documents/{id}")).await.unwrap();
    assert_eq!(document["status"], "rejected", "{document}");
    let timeline = place.api.get(&format!("/v1/documents/{id}/timeline")).await.unwrap().to_string();
    assert!(timeline.contains("It carries malware"), "{timeline}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_over_says_since_when_and_a_key_opens_the_question() {
    let Some(chromium) = browser::chromium() else { return };
    let place = Place::new().await;
    let id = sent(&place.api, "expired").await;
    let days = |ago: i64| (place.catalog().now() - time::Duration::days(ago)).date().to_string();
    let over = Reason::new(ReasonCode::Expired, format!("It expired on {}.", days(40)))
        .with("expiry_date", days(40))
        .with("today", days(10));
    let mut facts = ReadFacts { findings: vec![over], ..passport(1) };
    let ended = Field {
        value: days(40).as_str().into(),
        confidence: 0.97,
        page: None,
        bbox: None,
        source: Source::Ocr,
    };
    facts.fields.insert(FieldName::ExpiryDate, ended);
    read(place.catalog(), id, &facts).await;
    let mut page = place.browser(chromium, id).await;
    let card = page.eval("document.querySelector('.card').innerText").unwrap().to_string();
    // By now, not by when it was read.
    for said in [format!("It expired on {}.", days(40)), "That was 40 days ago.".to_owned()] {
        assert!(card.contains(&said), "{said}: {card}");
    }
    page.press("x", false, false).unwrap();
    page.wait("document.querySelector('[data-panel=ask]').open").unwrap();
    assert_eq!(place.api.get(&format!("/v1/documents/{id}")).await.unwrap()["status"], "in_review");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_documents_stand_on_the_card_and_a_key_leads_to_their_pages() {
    let Some(chromium) = browser::chromium() else { return };
    let place = Place::new().await;
    let id = sent(&place.api, "several").await;
    let parts = json!([{ "kind": "invoice", "first_page": 1, "last_page": 2, "number": "F-7" },
        { "kind": "receipt", "first_page": 3, "last_page": 3 }]);
    let message = "2 documents seem to be in this file: an invoice on pages 1 to 2, a receipt on page 3.";
    let several = Reason::new(ReasonCode::MultipleDocuments, message).with("documents", parts);
    let facts = ReadFacts {
        kind: Some(Kind::Other),
        fields: Fields::new(),
        page_count: 3,
        pages: pages(id, 3),
        findings: vec![several],
        ..bill(1)
    };
    read(place.catalog(), id, &facts).await;
    let mut page = place.browser(chromium, id).await;
    let pieces =
        page.eval("[...document.querySelectorAll('.pieces li')].map(p => p.innerText).join(';')").unwrap();
    assert_eq!(pieces, "Invoice · Page 1–2 · F-7;Receipt · Page 3");
    page.eval("document.querySelectorAll('.pieces a')[1].click()").unwrap();
    assert_eq!(page.eval("document.querySelector('.sheet.at').dataset.page").unwrap(), "3");
    page.press("x", false, false).unwrap();
    assert_eq!(
        page.eval("document.activeElement.name + document.activeElement.value").unwrap(),
        "parts1-2, 3"
    );
    page.look("several").unwrap();
}

/// A photo of several documents, of which nobody says where they lie.
async fn photo(place: &Place, name: &str, n: u64) -> DocumentId {
    let id = sent(&place.api, name).await;
    let several = Reason::new(ReasonCode::MultipleDocuments, "Several documents seem to be on this page.");
    let facts = ReadFacts {
        kind: Some(Kind::Other),
        fields: Fields::new(),
        page_count: 1,
        pages: pages(id, 1),
        fingerprint: None,
        text: name.to_owned(),
        findings: vec![several],
        ..bill(n)
    };
    read(place.catalog(), id, &facts).await;
    id
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_photo_is_parted_by_what_is_typed() {
    let place = Place::new().await;
    let id = photo(&place, "typed", 1).await.to_string();
    let page = place.ana.take(&id).await;
    assert!(page.contains("placeholder=\"1 (0 0 100 50), 1 (0 50 100 100)\""), "{page}");
    let said = |parts| [("action", "split"), ("parts", parts)];
    let refused = place.ana.decide(&id, &page, &said("1 (0 0 100 200), 1 (0 50 100 100)")).await;
    assert_eq!(refused.status(), 400);
    let again = refused.text().await.unwrap();
    assert!(again.contains("value=\"1 (0 0 100 200), 1 (0 50 100 100)\""), "as it was typed: {again}");
    let done = place.ana.decide(&id, &page, &said("1 (0 0 100 50), 1 (0 50 100 100)")).await;
    assert_eq!(done.status(), 303);
    assert_eq!(place.api.get(&format!("/v1/documents/{id}")).await.unwrap()["status"], "processing");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_photo_is_parted_and_moved_by_keys_alone() {
    let Some(chromium) = browser::chromium() else { return };
    let place = Place::new().await;
    let id = photo(&place, "by keys", 1).await;
    let mut page = place.browser(chromium, id).await;
    // Larger than its place, the page is moved by the arrows.
    page.press("+", false, false).unwrap();
    page.press("+", false, false).unwrap();
    let left = "parseFloat(document.querySelector('.sheet.at').style.left)";
    let before = page.eval(left).unwrap().as_f64().unwrap();
    page.press("ArrowRight", false, false).unwrap();
    assert!(page.eval(left).unwrap().as_f64().unwrap() < before, "what lies to the right is seen");
    page.press("0", false, false).unwrap();

    page.press("b", false, false).unwrap();
    page.wait("document.activeElement.classList.contains('drawing')").unwrap();
    page.press("Enter", false, false).unwrap();
    page.press("Enter", false, false).unwrap();
    page.wait("document.querySelectorAll('.proposed').length === 2").unwrap();
    page.press("ArrowUp", false, false).unwrap();
    page.press(" ", false, false).unwrap();
    let sized = "new KeyboardEvent('keydown', { key: 'ArrowDown', shiftKey: true, bubbles: true })";
    page.eval(&format!("document.activeElement.dispatchEvent({sized}), 1")).unwrap();
    let boxes = "JSON.stringify(JSON.parse(document.querySelector('[name=parts]').value).map(p => p.box))";
    assert_eq!(page.eval(boxes).unwrap(), "[[0,0,1,0.5],[0,0.5,1,0.99]]");
    page.press("Enter", false, false).unwrap();
    page.wait("document.querySelectorAll('.proposed').length === 3").unwrap();
    page.press("Backspace", false, false).unwrap();
    page.wait("document.querySelectorAll('.proposed').length === 2").unwrap();
    page.look("by_keys").unwrap();
    page.press("p", false, false).unwrap();
    let split =
        async || place.api.get(&format!("/v1/documents/{id}")).await.unwrap()["status"] == "processing";
    for _ in 0..100 {
        if split().await {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    panic!("it was not parted");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_refused_is_not_filed_against_what_the_reader_saw() {
    let place = Place::new().await;
    let id = sent(&place.api, "refused").await;
    let changed = Reason::new(ReasonCode::ChecksFailed, "El Sol was paid to another account before.");
    read(place.catalog(), id, &ReadFacts { findings: vec![changed], ..bill(7) }).await;
    let id = id.to_string();
    let seen = place.ana.take(&id).await;
    let reject = [("action", "reject"), ("note", "Somebody else's account")];
    assert_eq!(place.ana.decide(&id, &seen, &reject).await.status(), 303);
    let rests = place.ana.page(&format!("/documents/{id}")).await;
    let amend = [
        ("action", "amend"),
        ("kind", "receipt"),
        ("receipt.date", "2024-05-03"),
        ("receipt.currency", "EUR"),
    ];
    let refused = place.ana.decide(&id, &rests, &amend).await;
    let (status, told) = (refused.status(), refused.text().await.unwrap());
    assert_eq!(status, 422, "{told}");
    assert!(told.contains("paid to another account before"), "{told}");
    let stands = place.api.get(&format!("/v1/documents/{id}")).await.unwrap();
    assert_eq!(stands["status"], "rejected");
}
