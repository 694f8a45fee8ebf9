//! A place with what no ID may be known by, and what lies beside it.

use acuse_pipeline::{
    document::Kind,
    fields::{Field, FieldName, Fields, Source},
    part::Part,
    reading::{Fingerprint, SeenWord},
    reason::{Reason, ReasonCode},
};
use acuse_storage::{
    Catalog, DocumentId, ReviewId, Stage,
    conformance::{Beside, beside},
    erasure::{Cause, Keep, Wish, Wished},
    key_file::ErasedKind,
    reviews::Reopened,
    split::Split,
    stages::{Begun, ReadFacts, Step},
};
use acuse_tests::stack::Api;
use reqwest::{Method, header::CONTENT_TYPE};
use serde_json::{Value, json};

use super::{MONTH, OPEN, PAID, SAID};

fn field(value: &str) -> Field {
    Field { value: value.into(), confidence: 0.97, page: Some(1), bbox: None, source: Source::Ocr }
}

pub(crate) fn passport(seed: u64) -> ReadFacts {
    ReadFacts {
        part: None,
        media_type: "image/jpeg".into(),
        page_count: 1,
        pages: Vec::new(),
        thumbnail_key: None,
        kind: Some(Kind::Id),
        confidence: 0.97,
        id_probability: Some(0.99),
        sure: None,
        language: Some("en".into()),
        fields: Fields::from([
            (FieldName::Surname, field("ZEEDLEMANN")),
            (FieldName::DocumentNumber, field("X9182736455")),
            (FieldName::BirthDate, field("1991-02-03")),
        ]),
        text: "PASSPORT ZEEDLEMANN X9182736455 QUILLON".into(),
        words: vec![SeenWord {
            page: 1,
            text: "ZEEDLEMANN".into(),
            bbox: [0.1, 0.1, 0.4, 0.2],
            confidence: 0.9,
            doubtful: Vec::new(),
        }],
        fingerprint: Some(Fingerprint(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)),
        recalled: None,
        notes: vec!["a note of ZEEDLEMANN".into()],
        findings: vec![Reason::new(ReasonCode::Expired, "ZEEDLEMANN, born 1991-02-03, expired")],
        diagnostics: Vec::new(),
        duration_ms: 3,
    }
}

/// A passport that was read as a receipt, and not surely.
fn misread(seed: u64) -> ReadFacts {
    let fields = Fields::from([
        (FieldName::MerchantName, field("ZEEDLEMANN")),
        (FieldName::Number, field("X9182736455")),
        (FieldName::Date, field("1991-02-03")),
    ]);
    ReadFacts {
        kind: Some(Kind::Receipt),
        confidence: 0.48,
        id_probability: Some(0.3),
        fields,
        ..passport(seed)
    }
}

pub(crate) fn bill(seed: u64) -> ReadFacts {
    let fields = Fields::from([(FieldName::MerchantName, field(OPEN)), (FieldName::Total, field("4.00"))]);
    ReadFacts {
        kind: Some(Kind::Receipt),
        id_probability: Some(0.0001),
        fields,
        text: OPEN.into(),
        words: Vec::new(),
        recalled: None,
        notes: Vec::new(),
        findings: Vec::new(),
        ..passport(seed)
    }
}

/// One file of a key, sent with a name that a repeat is known by.
pub(super) async fn send(api: &Api, name: &str, key: &str) -> (u16, String) {
    // What is open has names that may be told.
    let names = if name == "open" { "plain" } else { "secret" };
    let body = format!(
        "--b\r\nContent-Disposition: form-data; name=\"caption\"\r\n\r\n{names}caption\r\n\
         --b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{names}file.jpg\"\r\n\
         Content-Type: image/jpeg\r\n\r\nQUILLON {name}\r\n--b--\r\n"
    );
    let request = api.request(Method::POST, "/v1/documents").header("Idempotency-Key", key);
    let request = request.header(CONTENT_TYPE, "multipart/form-data; boundary=b").body(body);
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

pub(crate) async fn sent(api: &Api, name: &str) -> DocumentId {
    let (status, body) = send(api, name, name).await;
    assert_eq!(status, 201, "{body}");
    serde_json::from_str::<Value>(&body).unwrap()["id"].as_str().unwrap().parse().unwrap()
}

/// What the workers would do.
pub(crate) async fn read(catalog: &Catalog, id: DocumentId, facts: &ReadFacts) {
    assert!(matches!(catalog.begin(id, Stage::Read).await.unwrap(), Begun::Go(_)));
    assert_eq!(catalog.read(id, facts).await.unwrap(), Step::Taken);
    catalog.note(id, Stage::Link, "linked", json!({ "clue": "ZEEDLEMANN" })).await.unwrap();
    assert!(matches!(catalog.begin(id, Stage::Link).await.unwrap(), Begun::Go(_)));
    if facts.findings.is_empty() {
        assert_eq!(catalog.filed(id, Stage::Link, None, None).await.unwrap(), Step::Taken);
    } else {
        let step = catalog.into_review(id, Stage::Link, &facts.findings, None, None).await.unwrap();
        assert_eq!(step, Step::Taken);
    }
}

/// What is secret in a place.
pub(super) struct Secret {
    pub(super) documents: Vec<DocumentId>,
    pub(super) reviews: Vec<ReviewId>,
    /// What stands beside the first of them.
    pub(super) beside: Beside,
    /// Whose number of an ID is the passport's.
    pub(super) customer: String,
    /// The receipt of a passport that is erased.
    pub(super) erasure: String,
    /// A bill that somebody who sees IDs opened, in one file with one.
    pub(super) open_part: DocumentId,
}

/// A file that holds a bill and a passport, read.
async fn in_one_file(catalog: &Catalog, api: &Api, name: &str, seeds: [u64; 2]) -> [DocumentId; 2] {
    let whole = sent(api, name).await;
    assert!(matches!(catalog.begin(whole, Stage::Read).await.unwrap(), Begun::Go(_)));
    let pages = vec![Part::pages(1, 1).unwrap(), Part::pages(2, 2).unwrap()];
    let split = Split::of_file(pages, 2).unwrap();
    assert_eq!(catalog.split(whole, &split).await.unwrap(), Step::Taken);
    let first = catalog.document(whole).await.unwrap().unwrap();
    let parts = catalog.of_one_file(&first).await.unwrap();
    read(catalog, parts[0].id, &ReadFacts { part: parts[0].part, ..bill(seeds[0]) }).await;
    read(catalog, parts[1].id, &ReadFacts { part: parts[1].part, ..passport(seeds[1]) }).await;
    [parts[0].id, parts[1].id]
}

/// Somebody who sees IDs says that it is a bill.
pub(super) async fn opened(api: &Api, bill: DocumentId) {
    let body = json!({ "fields": { "currency": "EUR" }, "note": "a bill", "because": "it is one" });
    let path = format!("/v1/documents/{bill}");
    let changed = api.request(Method::PATCH, &path).header("If-Match", "*").json(&body).send().await.unwrap();
    let (status, told) = (changed.status().as_u16(), changed.text().await.unwrap());
    assert_eq!(status, 200, "{told}");
}

/// Fills a place: a passport, one that was misread, files that hold one beside a bill, and a bill of its own; and one row of
/// each other thing that there are routes to, with the passport in its reach.
pub(super) async fn fill(catalog: &Catalog, api: &Api) -> Secret {
    let id = sent(api, "passport").await;
    read(catalog, id, &passport(1)).await;
    let other = sent(api, "misread").await;
    read(catalog, other, &misread(2)).await;
    let [part, of_file] = in_one_file(catalog, api, "whole", [3, 4]).await;
    let unread = sent(api, "unread").await;
    let open = sent(api, "open").await;
    read(catalog, open, &bill(5)).await;
    let [open_part, beside_it] = in_one_file(catalog, api, "mixed", [6, 8]).await;
    opened(api, open_part).await;
    let mut documents = vec![id, other, part, of_file, unread, beside_it];
    let mut reviews = Vec::new();
    for document in &documents {
        reviews.extend(catalog.open_review_of(*document).await.unwrap().map(|r| r.id));
    }
    assert_eq!(reviews.len(), 4);
    let customer = theirs(api).await;
    let beside = beside(catalog, (id, customer.parse().unwrap()), (SAID, PAID)).await;
    let erasure = erased(catalog, api).await;
    documents.extend(in_a_closed_month(catalog, api).await);
    Secret { documents, reviews, beside, customer, erasure, open_part }
}

/// What may be an ID and was filed as a receipt of the month that is closed.
fn of_the_month(seed: u64) -> ReadFacts {
    let mut facts = ReadFacts { findings: Vec::new(), ..misread(seed) };
    for (name, value) in
        [(FieldName::Date, "2020-01-15"), (FieldName::Total, "8.00"), (FieldName::Currency, "EUR")]
    {
        facts.fields.insert(name, field(value));
    }
    facts
}

/// Closes the month with two lines, of which one is taken back; another one comes late.
async fn in_a_closed_month(catalog: &Catalog, api: &Api) -> Vec<DocumentId> {
    let filed = async |seed: u64| {
        let id = sent(api, &format!("month {seed}")).await;
        read(catalog, id, &of_the_month(seed)).await;
        id
    };
    let (stays, goes) = (filed(31).await, filed(32).await);
    let month = format!("/v1/periods/{MONTH}/close?despite_missing=true");
    assert_eq!(api.request(Method::POST, &month).send().await.unwrap().status(), 201);
    let late = filed(33).await;
    let until = catalog.now() + time::Duration::minutes(5);
    let reopened = catalog.reopen(goes, "user:chief", None, "ZEEDLEMANN?", until).await.unwrap();
    assert!(matches!(reopened, Reopened::Waits(_)), "{reopened:?}");
    vec![stays, goes, late]
}

/// A customer whose number of an ID is the passport's.
async fn theirs(api: &Api) -> String {
    let body = json!({ "name": "Cliente", "id_numbers": ["X9182736455"] });
    let made =
        api.request(Method::PUT, "/v1/customers/by-external-id/beside").json(&body).send().await.unwrap();
    let made: Value = made.json().await.unwrap();
    made["id"].as_str().unwrap_or_else(|| panic!("{made}")).to_owned()
}

/// The receipt of a passport that was erased.
async fn erased(catalog: &Catalog, api: &Api) -> String {
    let gone = sent(api, "gone").await;
    read(catalog, gone, &passport(9)).await;
    let wish = Wish {
        kind: ErasedKind::Document,
        id: gone.0,
        cause: Cause::Request,
        by: "user:chief".to_owned(),
        keep: Keep::Nothing,
        whole_file: false,
        seen_version: None,
    };
    match catalog.erase(&wish).await.unwrap() {
        Wished::Begun(receipt) => receipt.id.to_string(),
        other => panic!("{other:?}"),
    }
}
