//! Accounting, end to end: what the books say leaves in every format with its sums, and a closed month is its hash.

use acuse_conversation::Clock;
use acuse_pipeline::{
    document::Kind,
    fields::{Entry, Field, FieldName, Fields, Source, Value as FieldValue},
    reading::Fingerprint,
};
use acuse_storage::{
    Catalog, DocumentId, Stage,
    stages::{Begun, ReadFacts, Step},
};
use acuse_tests::stack::{Api, Place};
use reqwest::{Method, header::CONTENT_TYPE};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::world::{ALL, Alone};

fn field(value: &str) -> Field {
    Field { value: value.into(), confidence: 0.97, page: Some(1), bbox: None, source: Source::Ocr }
}

pub fn invoice(seed: u64, issuer: &str, day: &str, r#type: &str, total: &str) -> ReadFacts {
    let tax = Entry { tax_type: Some("IVA".into()), rate: Some("21".into()), ..Entry::default() };
    ReadFacts {
        part: None,
        media_type: "image/jpeg".into(),
        page_count: 1,
        pages: Vec::new(),
        words: Vec::new(),
        diagnostics: Vec::new(),
        thumbnail_key: None,
        kind: Some(Kind::Invoice),
        confidence: 0.97,
        id_probability: Some(0.0001),
        sure: Some(0.9),
        language: Some("es".into()),
        fields: Fields::from([
            (FieldName::Type, field(r#type)),
            (FieldName::IssuerName, field(issuer)),
            (FieldName::IssuerTaxId, field("B-1234567.4")),
            (FieldName::Number, field(&format!("F-{seed}"))),
            (FieldName::IssueDate, field(day)),
            (FieldName::Currency, field("EUR")),
            (FieldName::Total, field(total)),
            (FieldName::Taxes, Field { value: FieldValue::List(vec![tax]), ..field("") }),
        ]),
        text: "FACTURA".into(),
        fingerprint: Some(Fingerprint(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)),
        recalled: None,
        notes: Vec::new(),
        findings: Vec::new(),
        duration_ms: 3,
    }
}

async fn sent(api: &Api, name: &str) -> DocumentId {
    let body = format!(
        "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.jpg\"\r\n\
         Content-Type: image/jpeg\r\n\r\nPICTURE {name}\r\n--b--\r\n"
    );
    let request = api.request(Method::POST, "/v1/documents").header("Idempotency-Key", name);
    let request = request.header(CONTENT_TYPE, "multipart/form-data; boundary=b").body(body);
    let answer: Value = request.send().await.unwrap().json().await.unwrap();
    answer["id"].as_str().unwrap().parse().unwrap()
}

pub async fn filed(catalog: &Catalog, api: &Api, facts: &ReadFacts) -> DocumentId {
    let id = sent(api, &facts.fields[&FieldName::Number].value).await;
    assert!(matches!(catalog.begin(id, Stage::Read).await.unwrap(), Begun::Go(_)));
    assert_eq!(catalog.read(id, facts).await.unwrap(), Step::Taken);
    assert!(matches!(catalog.begin(id, Stage::Link).await.unwrap(), Begun::Go(_)));
    assert_eq!(catalog.filed(id, Stage::Link, None, None).await.unwrap(), Step::Taken);
    id
}

/// The body of an answer that must be 200.
async fn body(api: &Api, path: &str) -> (String, Vec<u8>) {
    let answer = api.request(Method::GET, path).send().await.unwrap();
    let (status, kind) = (answer.status(), answer.headers()[CONTENT_TYPE].to_str().unwrap().to_owned());
    let bytes = answer.bytes().await.unwrap().to_vec();
    assert!(status.is_success(), "{path}: {status} {}", String::from_utf8_lossy(&bytes));
    (kind, bytes)
}

fn lines(bytes: &[u8]) -> Vec<Value> {
    String::from_utf8_lossy(bytes).lines().map(|l| serde_json::from_str(l).unwrap()).collect()
}

async fn the_books_leave(place: &Place, catalog: &Catalog) {
    let _server = place.start("web", &["web"]).unwrap();
    let api = Api::connect(place, ALL).await.unwrap();
    let formula = "=HYPERLINK(\"http://evil\")";
    filed(catalog, &api, &invoice(1, formula, "2021-03-01", "invoice", "1234.56")).await;
    filed(catalog, &api, &invoice(2, "Café, \"Uno\"", "2021-03-31", "credit_note", "34.50")).await;
    filed(catalog, &api, &invoice(3, "Otra", "2021-04-01", "invoice", "9.99")).await;
    let march = "/v1/export?from=2021-03-01&to=2021-04-01";

    let (kind, csv) = body(&api, march).await;
    assert!(kind.starts_with("text/csv"), "{kind}");
    let mut reader = csv::Reader::from_reader(&csv[..]);
    let at = |name: &str, headers: &csv::StringRecord| headers.iter().position(|h| h == name).unwrap();
    let headers = reader.headers().unwrap().clone();
    let rows: Vec<_> = reader.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 2, "{rows:?}");
    assert_eq!(&rows[0][at("issuer_name", &headers)], format!("'{formula}"), "no formula");
    assert_eq!(&rows[1][at("issuer_name", &headers)], "Café, \"Uno\"");
    assert_eq!(&rows[1][at("total", &headers)], "-34.50", "a credit note is negative, and a number");

    let (_, jsonl) = body(&api, &format!("{march}&format=jsonl")).await;
    let told = lines(&jsonl);
    assert_eq!((told.len(), &told[0]["issuer_name"]), (3, &Value::from(formula)), "as it was read");
    let totals = &told[2]["totals"];
    assert_eq!(totals["currencies"]["EUR"]["total"], "1200.06");
    assert_eq!((&totals["rows"], &totals["complete"]), (&Value::from(2), &Value::from(true)));
    assert_eq!(&api.get(&format!("{march}&format=totals")).await.unwrap(), totals);
    let (kind, xlsx) = body(&api, &format!("{march}&format=xlsx")).await;
    assert!(kind.contains("spreadsheetml") && xlsx.starts_with(b"PK"), "{kind}");

    let (_, mapped) = body(&api, &format!("{march}&mapped=true")).await;
    let mapped = String::from_utf8(mapped).unwrap();
    let mut mapped = mapped.lines();
    assert_eq!(mapped.next(), Some("Diario,Cuenta,Código,Importe"));
    assert_eq!(mapped.next(), Some("COMPRAS,600001,S21,1234.56"));
    as_ubl(catalog, &api).await;
    for (bad, why) in [
        ("?from=yesterday", 400),
        ("?from=", 400),
        ("?period=2021-13", 400),
        ("?format=pdf", 400),
        ("?from=2021-04-01&to=2021-03-01", 422),
        ("?part=late", 422),
    ] {
        let status = api.request(Method::GET, &format!("/v1/export{bad}")).send().await.unwrap().status();
        assert_eq!(status, why, "{bad}");
    }
    a_month_is_closed(place, catalog, &api).await;
    what_came_on_a_day_of_the_house(catalog, &api).await;
}

/// A bill that says all that EN 16931 wants leaves as UBL; of each other one, what it lacks is named.
async fn as_ubl(catalog: &Catalog, api: &Api) {
    let mut whole = invoice(9, "Ruiz e Hijos", "2021-05-03", "invoice", "121.00");
    let some = |text: &str| Some(text.to_owned());
    let (rate, base, amount) = (some("21"), some("100.00"), some("21.00"));
    let tax = Entry { tax_type: some("IVA"), rate, base, amount, ..Entry::default() };
    let (quantity, unit_price, amount) = (some("2"), some("50.00"), some("100.00"));
    let item = Entry { description: some("Taladro"), quantity, unit_price, amount, ..Entry::default() };
    whole.fields.extend([
        (FieldName::RecipientName, field("Obras del Sur")),
        (FieldName::DueDate, field("2021-06-01")),
        (FieldName::Subtotal, field("100.00")),
        (FieldName::Tax, field("21.00")),
        (FieldName::Taxes, Field { value: FieldValue::List(vec![tax]), ..field("") }),
        (FieldName::LineItems, Field { value: FieldValue::List(vec![item]), ..field("") }),
    ]);
    let id = filed(catalog, api, &whole).await;
    let lacking = filed(catalog, api, &invoice(10, "Sin líneas", "2021-05-04", "invoice", "9.00")).await;
    let (kind, bytes) = body(api, "/v1/export?from=2021-05-01&to=2021-06-01&format=ubl").await;
    assert_eq!(kind, "application/zip");
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
    let mut text = |name: &str| std::io::read_to_string(archive.by_name(name).unwrap()).unwrap();
    let xml = text(&format!("invoices/{id}.xml"));
    assert!(xml.contains("<cbc:ID>F-9</cbc:ID>") && xml.contains(">121.00</cbc:PayableAmount>"), "{xml}");
    let left_out = lines(text("left_out.jsonl").as_bytes());
    assert_eq!((left_out.len(), &left_out[0]["document_id"]), (1, &Value::from(lacking.to_string())));
    let terms: Vec<_> =
        left_out[0]["missing"].as_array().unwrap().iter().map(|m| m["term"].as_str()).collect();
    assert!(terms.contains(&Some("BT-44")) && terms.contains(&Some("BT-109")), "{terms:?}");
    assert_eq!(lines(text("totals.json").as_bytes())[0]["rows"], 2);
}

async fn a_month_is_closed(place: &Place, catalog: &Catalog, api: &Api) {
    let close = |path: &str| api.request(Method::POST, path).send();
    let reader = Api::connect(place, &["documents:read"]).await.unwrap();
    let refused = reader.request(Method::POST, "/v1/periods/2021-03/close").send().await.unwrap();
    assert_eq!(refused.status(), 403, "to close takes admin");
    assert_eq!(close("/v1/periods/2999-01/close").await.unwrap().status(), 409, "it is not over");
    assert_eq!(api.request(Method::GET, "/v1/periods/2021-03").send().await.unwrap().status(), 404);
    sent(api, "waits").await;
    assert_eq!(close("/v1/periods/2021-03/close").await.unwrap().status(), 409, "something waits");
    let closed = close("/v1/periods/2021-03/close?despite_missing=true").await.unwrap();
    assert_eq!(closed.status(), 201);
    let closed: Value = closed.json().await.unwrap();
    assert_eq!((&closed["totals"]["rows"], &closed["totals"]["waiting"]), (&Value::from(2), &Value::from(1)));
    assert_eq!(close("/v1/periods/2021-03/close").await.unwrap().status(), 200, "it was closed before");

    let frozen = "/v1/export?period=2021-03&format=jsonl";
    let (_, bytes) = body(api, frozen).await;
    let end = bytes[..bytes.len() - 1].iter().rposition(|b| *b == b'\n').unwrap();
    let hash = hex::encode(Sha256::digest(&bytes[..=end]));
    assert_eq!(closed["sha256"], Value::from(hash), "who has all the lines can make the hash");
    let mut of_lines = Sha256::new();
    for line in bytes[..end].split(|b| *b == b'\n') {
        of_lines.update(Sha256::digest(line));
    }
    assert_eq!(closed["lines_sha256"], Value::from(hex::encode(of_lines.finalize())));
    assert_eq!(lines(&bytes)[2]["totals"], closed["totals"], "and what was missing then is said with them");
    assert_eq!(closed["totals"]["complete"], Value::from(false));

    filed(catalog, api, &invoice(4, "Tarde", "2021-03-15", "invoice", "5.00")).await;
    let (_, again) = body(api, frozen).await;
    assert_eq!(bytes, again, "the month is as it was");
    let late = lines(&body(api, "/v1/export?period=2021-03&part=late&format=jsonl").await.1);
    assert_eq!(
        (late.len(), &late[0]["entry"], &late[0]["issuer_name"]),
        (2, &"late".into(), &"Tarde".into())
    );
    assert_eq!(
        (&late[1]["totals"]["waiting"], &late[1]["totals"]["complete"]),
        (&Value::from(1), &Value::from(false))
    );
    let now = api.get("/v1/periods/2021-03").await.unwrap();
    assert_eq!(now["late"]["currencies"]["EUR"]["total"], "5.00");
    assert_eq!(api.get("/v1/periods").await.unwrap()["data"].as_array().unwrap().len(), 1);
    let frozen = api.request(Method::GET, "/v1/export?period=2021-03&format=ubl").send().await.unwrap();
    assert_eq!(frozen.status(), 422, "a frozen line has no lines of its own");
    let narrow = reader.get("/v1/periods/2021-03").await.unwrap();
    for of_all in ["sha256", "lines_sha256", "totals", "late", "missing"] {
        assert!(narrow[of_all].is_null() && !now[of_all].is_null(), "{of_all} is of all: {narrow}");
    }
    for part in ["rows", "late", "adjustments"] {
        let totals = format!("/v1/export?period=2021-03&part={part}&format=totals");
        let told = reader.get(&totals).await.unwrap();
        assert_eq!(
            (&told["waiting"], &told["complete"]),
            (&Value::from(1), &Value::from(false)),
            "{part}: {told}"
        );
    }
}

/// What came on a day is what came on it where the house is, as finance has it; a month says by whose clock it was over.
async fn what_came_on_a_day_of_the_house(catalog: &Catalog, api: &Api) {
    let id = filed(catalog, api, &invoice(5, "Del día", "2021-05-02", "invoice", "7.00")).await;
    let came = catalog.document(id).await.unwrap().unwrap().received_at;
    // Where it is another day by then.
    let zone = if came.hour() < 11 { "Pacific/Pago_Pago" } else { "Pacific/Kiritimati" };
    let there = Clock::of_zone(zone).unwrap().there(came).date();
    let day = format!("/v1/export?by=received&from={there}&to={}&format=jsonl", there.next_day().unwrap());
    let is_there = async || String::from_utf8(body(api, &day).await.1).unwrap().contains(&id.to_string());
    assert!(!is_there().await, "by UTC it came on another day");
    catalog.set_house_rules(&format!("clock\t{zone}\n"), "cli").await.unwrap();
    assert!(is_there().await);
    let closed = api.request(Method::POST, "/v1/periods/2021-05/close?despite_missing=true").send().await;
    let closed: Value = closed.unwrap().json().await.unwrap();
    assert_eq!(closed["zone"], zone, "{closed}");
    assert_eq!(api.get("/v1/periods/2021-03").await.unwrap()["zone"], "UTC");
}

/// A mapping file as a person writes it.
const MAPPING: &str = r#"{
    "columns": [{"header":"Diario","text":"COMPRAS"},{"header":"Cuenta","from":"account"},
        {"header":"Código","from":"tax_code"},{"header":"Importe","from":"total"}],
    "tax_codes": {"21.00":"S21"}, "accounts": [{"tax_id":"B12345674","account":"600001"}], "default_account": "629",
    "ubl": {"unit_code":"C62","country":"ES"}
}"#;

/// The place, told of the mapping.
fn mapped(alone: &Alone) -> Place {
    let path = alone.folder.path().join("mapping.json");
    std::fs::write(&path, MAPPING).unwrap();
    alone.place.clone().with("ACUSE_EXPORT_MAPPING", &path.display().to_string())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_books_leave_on_sqlite() {
    let alone = Alone::on_sqlite().await;
    the_books_leave(&mapped(&alone), &alone.catalog).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_books_leave_on_postgresql() {
    let Some(alone) = Alone::on_postgresql().await else { return };
    the_books_leave(&mapped(&alone), &alone.catalog).await;
}
