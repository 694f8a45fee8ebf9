//! What changed meanwhile is not overwritten, what has not changed is not sent again, and a download goes on.

use acuse_pipeline::reason::{Reason, ReasonCode};
use acuse_storage::{Catalog, stages::ReadFacts};
use acuse_tests::{
    minio::Minio,
    postgres::Postgres,
    stack::{Api, Place},
};
use reqwest::{Method, Response};
use serde_json::{Value, json};

use crate::{
    withheld::{bill, passport, read, sent},
    world::{ALL, Alone, NO_GRAPH},
};

/// An answer, its tag and its body.
async fn told(answer: Response) -> (u16, String, Value) {
    let tag = answer.headers().get("etag").map_or("", |t| t.to_str().unwrap()).to_owned();
    (answer.status().as_u16(), tag, answer.json().await.unwrap_or_default())
}

async fn get(api: &Api, path: &str, had: Option<&str>) -> (u16, String, Value) {
    let request = api.request(Method::GET, path);
    let request = if let Some(had) = had { request.header("If-None-Match", had) } else { request };
    told(request.send().await.unwrap()).await
}

async fn patch(api: &Api, path: &str, seen: Option<&str>, body: &Value) -> (u16, String, Value) {
    let request = api.request(Method::PATCH, path).json(body);
    let request = if let Some(seen) = seen { request.header("If-Match", seen) } else { request };
    told(request.send().await.unwrap()).await
}

/// What was sent is named as it is when it is asked for: it can be changed without another look.
async fn what_is_sent_is_named(api: &Api) {
    let body =
        "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.jpg\"\r\n\r\nNAMED\r\n--b--\r\n";
    let mut tags = Vec::new();
    for made in [201, 200] {
        let request = api.request(Method::POST, "/v1/documents").header("Idempotency-Key", "named");
        let request = request.header("content-type", "multipart/form-data; boundary=b").body(body);
        let (status, tag, document) = told(request.send().await.unwrap()).await;
        assert_eq!(status, made, "{document}");
        assert!(tag.starts_with(&format!("\"{}-", document["version"])), "{tag} {document}");
        let path = format!("/v1/documents/{}", document["id"].as_str().unwrap());
        assert_eq!(get(api, &path, None).await.1, tag);
        tags.push(tag);
    }
    assert_eq!(tags[0], tags[1]);
}

/// What is filed is changed as a new version, with its trail, by whoever saw the one before.
async fn what_is_filed_is_changed(api: &Api, catalog: &Catalog) {
    let id = sent(api, "open").await;
    read(catalog, id, &bill(1)).await;
    let path = format!("/v1/documents/{id}");
    let (status, tag, before) = get(api, &path, None).await;
    let version = before["version"].as_i64().unwrap();
    assert!(status == 200 && tag.starts_with(&format!("\"{version}-")), "{tag}");
    assert_eq!(get(api, &path, Some(&tag)).await.0, 304);
    let change = json!({ "fields": { "total": "5,50" }, "note": "misread", "because": "the paper says so" });
    for (seen, body, status, why) in [
        (None, &change, 428, "precondition_required"),
        (Some("\"0-00\""), &change, 412, "stale"),
        (Some("W/\"1\""), &change, 422, "unprocessable"),
        (Some(tag.as_str()), &json!({ "note": "nothing" }), 422, "unprocessable"),
        (Some(tag.as_str()), &json!({ "kind": "invoice", "note": " " }), 422, "unprocessable"),
        (
            Some(tag.as_str()),
            &json!({ "fields": { "total": "5" }, "note": "x", "nope": 1 }),
            400,
            "bad_request",
        ),
    ] {
        let (found, _, problem) = patch(api, &path, seen, body).await;
        assert_eq!((found, &problem["type"]), (status, &json!(format!("urn:acuse:problem:{why}"))), "{body}");
    }
    let (status, next, after) = patch(api, &path, Some(&tag), &change).await;
    assert_eq!(status, 200, "{after}");
    assert_eq!((&after["status"], &after["fields"]["total"]["value"]), (&json!("filed"), &json!("5.50")));
    assert!(after["version"].as_i64().unwrap() > version && next != tag, "{next}");
    assert_eq!(patch(api, &path, Some(&tag), &change).await.0, 412, "the version of before");
    let (status, same, _) = get(api, &path, Some(&tag)).await;
    assert_eq!((status, same), (200, next), "it is another, named alike by both");
    let audit = catalog.audit_trail(Some(id), 100).await.unwrap();
    assert!(
        audit.iter().any(|e| e.action == "corrected" && e.detail.to_string().contains("misread")),
        "{audit:?}"
    );
    let events = api.get("/v1/events?types=document.corrected&limit=200").await.unwrap();
    assert!(events.to_string().contains(&id.to_string()), "{events}");
    let found = api.get("/v1/documents?q=5.5&amount_from=5.50&amount_to=5.50").await.unwrap();
    assert_eq!(found["data"][0]["id"], json!(id), "lists and search know it: {found}");
}

/// What waits is changed and goes on waiting; what may be an ID is not touched by who may not see it.
async fn what_waits_is_changed(api: &Api, place: &Place, catalog: &Catalog) {
    let id = sent(api, "waits").await;
    let findings = vec![Reason::new(ReasonCode::UnknownCustomer, "nobody")];
    read(catalog, id, &ReadFacts { findings, ..bill(2) }).await;
    let path = format!("/v1/documents/{id}");
    let (_, tag, _) = get(api, &path, None).await;
    let change = json!({ "fields": { "number": "ZZ-91" }, "note": "typed", "because": "so" });
    let (status, _, after) = patch(api, &path, Some(&tag), &change).await;
    assert_eq!((status, &after["status"]), (200, &json!("in_review")), "{after}");
    assert_eq!(after["fields"]["number"]["source"], json!("reviewer"));
    assert!(catalog.open_review_of(id).await.unwrap().is_some());
    let events = api.get("/v1/events?types=document.amended").await.unwrap();
    assert_eq!(events["data"].as_array().unwrap().len(), 1, "{events}");
    assert_eq!(api.get("/v1/documents?number=zz91").await.unwrap()["data"][0]["id"], json!(id));

    let secret = sent(api, "secret").await;
    read(catalog, secret, &passport(9)).await;
    let narrow = Api::connect(place, &["documents:read", "reviews:write"]).await.unwrap();
    let (status, _, problem) = patch(&narrow, &format!("/v1/documents/{secret}"), Some("*"), &change).await;
    assert_eq!((status, &problem["type"]), (403, &json!("urn:acuse:problem:withheld")));
    let as_id = json!({ "kind": "id", "note": "it is one", "because": "so" });
    assert_eq!(patch(&narrow, &path, Some("*"), &as_id).await.0, 200);
    assert_eq!(get(api, &path, None).await.2["sensitivity"], json!("id"), "what is called an ID is closed");
    let reader = Api::connect(place, &["documents:read"]).await.unwrap();
    assert_eq!(patch(&reader, &path, Some("*"), &change).await.0, 403);
}

/// What changed since it was seen is neither decided nor asked about nor erased by whoever says so with `If-Match`.
async fn what_was_seen_otherwise_is_left_alone(api: &Api, place: &Place, catalog: &Catalog) {
    let id = sent(api, "left alone").await;
    let findings = vec![Reason::new(ReasonCode::UnknownCustomer, "nobody")];
    read(catalog, id, &ReadFacts { findings, ..bill(6) }).await;
    let review = catalog.open_review_of(id).await.unwrap().unwrap().id;
    let eraser = Api::connect(place, &["erasure"]).await.unwrap();
    let path = format!("/v1/documents/{id}");
    let (resolve, ask) = (format!("/v1/reviews/{review}/resolve"), format!("{path}/ask"));
    let post = async |path: &str, seen: &str, body: &Value| {
        told(api.request(Method::POST, path).header("If-Match", seen).json(body).send().await.unwrap()).await
    };
    let delete = async |seen: &str| {
        told(eraser.request(Method::DELETE, &path).header("If-Match", seen).send().await.unwrap()).await
    };
    let (reject, file) = (json!({ "decision": "reject", "note": "no" }), json!({ "expects": "file" }));
    let change = json!({ "fields": { "number": "ZZ-92" }, "note": "typed", "because": "so" });
    let (_, old, _) = get(api, &path, None).await;
    assert_eq!(patch(api, &path, Some(&old), &change).await.0, 200);
    let (_, tag, now) = get(api, &path, None).await;
    for (seen, status, why) in [(old.as_str(), 412, "stale"), ("7", 422, "unprocessable")] {
        for (found, _, problem) in
            [post(&resolve, seen, &reject).await, post(&ask, seen, &file).await, delete(seen).await]
        {
            assert_eq!((found, &problem["type"]), (status, &json!(format!("urn:acuse:problem:{why}"))));
        }
    }
    assert_eq!(get(api, &path, None).await.2, now, "nothing was done");
    let before = now["version"].as_i64().unwrap() - 1;
    let both = json!({ "decision": "reject", "note": "no", "version": before });
    assert_eq!(post(&resolve, &tag, &both).await.0, 422, "which of them is not guessed");
    assert_eq!(post(&resolve, "*", &both).await.0, 409, "the body says it as ever");
    let (status, _, done) = post(&resolve, &tag, &reject).await;
    assert_eq!((status, &done["status"]), (200, &json!("rejected")), "as it was seen: {done}");
    assert_eq!(delete(&tag).await.0, 412, "it was decided since");
    let (_, last, _) = get(api, &path, None).await;
    for again in [false, true] {
        let (status, _, receipt) = delete(&last).await;
        assert!(matches!(status, 200 | 202), "{again}, for what is gone is done: {receipt}");
    }
}

/// A reason is of what was in front of whoever gave it: what the change names is overridden, and nothing that came since.
async fn what_was_shown_is_overridden_and_nothing_else(api: &Api, catalog: &Catalog) {
    let (filed, waits) = (sent(api, "shown").await, sent(api, "shown too").await);
    read(catalog, filed, &bill(4)).await;
    let findings = vec![Reason::new(ReasonCode::UnknownCustomer, "nobody")];
    read(catalog, waits, &ReadFacts { findings, ..bill(5) }).await;
    let review = catalog.open_review_of(waits).await.unwrap().unwrap().id;
    let says = async |of_filed: bool, mut body: Value, shown: Option<Vec<Value>>| {
        body["because"] = json!("it is printed so");
        body["note"] = json!("misread");
        if let Some(shown) = shown {
            body["overrides"] = json!(shown);
        }
        if of_filed {
            return patch(api, &format!("/v1/documents/{filed}"), Some("*"), &body).await;
        }
        body["decision"] = json!("correct");
        body["customer_id"] = Value::Null;
        let path = format!("/v1/reviews/{review}/resolve");
        told(api.request(Method::POST, &path).json(&body).send().await.unwrap()).await
    };
    let refused = |(status, _, problem): &(u16, String, Value)| -> Vec<Value> {
        let unproven = json!("urn:acuse:problem:unproven");
        assert_eq!((*status, &problem["type"]), (422, &unproven), "{problem}");
        problem["warnings"].as_array().unwrap().iter().map(|warning| warning["name"].clone()).collect()
    };
    let total = json!({ "fields": { "total": "6.00" } });
    let sums = json!({ "fields": { "total": "6.00", "subtotal": "1.00", "tax": "1.00" } });
    for (of_filed, id) in [(true, filed), (false, waits)] {
        let shown = refused(&says(of_filed, total.clone(), Some(Vec::new())).await);
        assert!(shown.len() > 1 && shown.iter().all(Value::is_string), "{shown:?}");
        assert_eq!(
            refused(&says(of_filed, total.clone(), Some(shown[1..].to_vec())).await),
            shown,
            "one is not named"
        );
        let more = refused(&says(of_filed, sums.clone(), Some(shown.clone())).await);
        assert!(more.len() > shown.len(), "what was not shown is not overridden: {more:?}");
        let (status, _, answer) = says(of_filed, sums.clone(), Some(more.clone())).await;
        assert_eq!(status, 200, "{answer}");
        let trail = catalog.audit_trail(Some(id), 100).await.unwrap();
        let by_name = |entry: &Value| {
            let named = entry["overridden"].as_array().map(Vec::as_slice).unwrap_or_default();
            named.len() == more.len() && named.contains(&json!("sum total"))
        };
        assert!(trail.iter().any(|entry| by_name(&entry.detail)), "{trail:?}");
    }
    // Who does not say which means all that there are, as ever; the trail names them.
    let (status, _, answer) = says(true, json!({ "fields": { "total": "7.00" } }), None).await;
    assert_eq!(status, 200, "{answer}");
}

async fn some_members_and_pages(api: &Api) {
    let (status, tag, page) = get(api, "/v1/documents?fields=status,version&limit=2", None).await;
    assert_eq!((status, page["data"][0].as_object().unwrap().len()), (200, 3), "with its id: {page}");
    assert_eq!(get(api, "/v1/documents?fields=status,version&limit=2", Some(&tag)).await.0, 304);
    let head = || api.request(Method::HEAD, "/v1/documents?fields=status,version&limit=2");
    assert_eq!(head().send().await.unwrap().headers()["etag"].to_str().unwrap(), tag);
    assert_eq!(head().header("If-None-Match", &tag).send().await.unwrap().status(), 304);
    assert_eq!(get(api, "/v1/documents?fields=surname", None).await.0, 422);
}

async fn a_download_goes_on(api: &Api, catalog: &Catalog) {
    let id = sent(api, "range").await;
    read(catalog, id, &bill(3)).await;
    let path = format!("/v1/documents/{id}/content");
    let ask = async |headers: &[(&str, &str)]| {
        let mut request = api.request(Method::GET, &path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = request.send().await.unwrap();
        let header = |name: &str| answer.headers().get(name).map_or("", |v| v.to_str().unwrap()).to_owned();
        (answer.status().as_u16(), header("etag"), header("content-range"), answer.text().await.unwrap())
    };
    let (status, tag, _, whole) = ask(&[]).await;
    assert_eq!((status, whole.as_str()), (200, "QUILLON range"));
    for (range, what, said) in [
        ("bytes=0-6", "QUILLON", "bytes 0-6/13"),
        ("bytes=8-", "range", "bytes 8-12/13"),
        ("bytes=-5", "range", "bytes 8-12/13"),
        ("bytes=8-999", "range", "bytes 8-12/13"),
    ] {
        let answer = ask(&[("Range", range), ("If-Range", &tag)]).await;
        assert_eq!(answer, (206, tag.clone(), said.to_owned(), what.to_owned()), "{range}");
    }
    for none in ["bytes=13-", "bytes=-0"] {
        let (status, _, there, _) = ask(&[("Range", none)]).await;
        assert_eq!((status, there.as_str()), (416, "bytes */13"), "{none}");
    }
    let head = api.request(Method::HEAD, &path).header("Range", "bytes=0-1").send().await.unwrap();
    let length = head.headers().get("content-length").map(|v| v.to_str().unwrap());
    assert_eq!((head.status().as_u16(), length), (200, Some("13")), "only of GET is there a part");
    for (name, other) in [("If-Range", "\"other\""), ("x-none", "")] {
        let range = if name == "If-Range" { "bytes=0-6" } else { "bytes=0-1,3-4" };
        assert_eq!(ask(&[("Range", range), (name, other)]).await.3, whole);
    }
    let (status, _, _, body) = ask(&[("If-None-Match", &tag)]).await;
    assert_eq!((status, body.as_str()), (304, ""));
}

/// Two programs change one customer, as both had read them: whoever comes second is told, and nothing of the first is lost.
async fn of_two_who_change_one_customer_one_is_told(api: &Api) {
    let put = async |path: &str, seen: Option<&str>, body: &Value| {
        let request = api.request(Method::PUT, path).json(body);
        let request = if let Some(seen) = seen { request.header("If-Match", seen) } else { request };
        told(request.send().await.unwrap()).await
    };
    let external = "/v1/customers/by-external-id/two-programs";
    let (status, made_tag, made) =
        put(external, None, &json!({ "name": "Ana", "phones": ["34600990001"] })).await;
    assert_eq!(status, 201, "{made}");
    let path = format!("/v1/customers/{}", made["id"].as_str().unwrap());
    let (_, tag, _) = get(api, &path, None).await;
    assert_eq!(tag, made_tag, "it is named alike by both");
    let phones = |second: &str| json!({ "phones": ["34600990001", second] });
    let (status, next, first) = patch(api, &path, Some(&tag), &phones("34600990002")).await;
    assert_eq!((status, first["phones"].as_array().unwrap().len()), (200, 2), "{first}");
    for (seen, status, why) in [(tag.as_str(), 412, "stale"), ("W/\"1\"", 422, "unprocessable")] {
        let (found, _, problem) = patch(api, &path, Some(seen), &phones("34600990003")).await;
        assert_eq!((found, &problem["type"]), (status, &json!(format!("urn:acuse:problem:{why}"))));
        let (found, _, problem) = put(external, Some(seen), &json!({ "name": "Eva" })).await;
        assert_eq!((found, &problem["type"]), (status, &json!(format!("urn:acuse:problem:{why}"))));
    }
    let (_, same, kept) = get(api, &path, None).await;
    assert_eq!((&same, &kept["phones"], &kept["name"]), (&next, &first["phones"], &json!("Ana")), "{kept}");
    let (status, renamed, _) = put(external, Some(next.as_str()), &json!({ "name": "Ana Ruiz" })).await;
    assert_eq!((status, renamed == next), (200, false));
    assert_eq!(patch(api, &path, Some("*"), &phones("34600990002")).await.0, 200, "whatever is there");
    assert_eq!(patch(api, &path, None, &phones("34600990003")).await.0, 200, "who saw nothing says nothing");
    assert_eq!(put(external, Some("*"), &json!({ "name": "Ana Ruiz" })).await.0, 200, "whoever is there");
    let delete = async |seen: &str| {
        told(api.request(Method::DELETE, &path).header("If-Match", seen).send().await.unwrap()).await
    };
    let (status, _, problem) = delete(tag.as_str()).await;
    assert_eq!((status, &problem["type"]), (412, &json!("urn:acuse:problem:stale")), "{problem}");
    let (_, last, _) = get(api, &path, None).await;
    assert_eq!(delete(last.as_str()).await.0, 204, "as they were seen");
    let nobody = "/v1/customers/by-external-id/of-nobody";
    for seen in [renamed.as_str(), "*"] {
        let (status, _, told) = put(nobody, Some(seen), &json!({ "name": "Nadie" })).await;
        assert_eq!(
            (status, &told["type"]),
            (412, &json!("urn:acuse:problem:stale")),
            "{seen} adds nobody: {told}"
        );
    }
    assert_eq!(put(nobody, None, &json!({ "name": "Nadie" })).await.0, 201, "who saw nothing adds");
}

/// What is set up once and changed by two who look after it: whoever changes or takes away what they saw otherwise is told.
async fn of_two_who_look_after_it_one_is_told(api: &Api) {
    let endpoint = json!({ "url": "https://hooks.example.com/acuse" });
    let route = json!({ "name": "books", "medium": "slack", "target": "https://hooks.slack.com/services/a" });
    for (all, new, change) in [
        ("/v1/webhook-endpoints", endpoint, json!({ "description": "of the books" })),
        ("/v1/incident-routes", route, json!({ "enabled": false })),
    ] {
        let (status, _, made) = told(api.request(Method::POST, all).json(&new).send().await.unwrap()).await;
        assert_eq!(status, 201, "{made}");
        let path = format!("{all}/{}", made["id"].as_str().unwrap());
        let (_, tag, _) = get(api, &path, None).await;
        let (status, next, changed) = patch(api, &path, Some(&tag), &change).await;
        assert_eq!((status, next == tag), (200, false), "{changed}");
        let (_, same, kept) = get(api, &path, None).await;
        let version = |tag: &str| tag.split('-').next().unwrap().to_owned();
        assert_eq!(version(&same), version(&next), "{kept}");
        let (status, _, problem) = patch(api, &path, Some(&tag), &json!({ "enabled": true })).await;
        assert_eq!((status, &problem["type"]), (412, &json!("urn:acuse:problem:stale")), "{problem}");
        let delete = async |seen: &str| {
            told(api.request(Method::DELETE, &path).header("If-Match", seen).send().await.unwrap()).await
        };
        assert_eq!(delete(tag.as_str()).await.0, 412, "{all}");
        assert_eq!(get(api, &path, None).await.2, kept, "nothing changed");
        assert_eq!(patch(api, &path, Some("7"), &change).await.0, 422, "what is said is not ignored");
        assert_eq!(patch(api, &path, None, &change).await.0, 200, "who saw nothing says nothing");
        let (_, last, _) = get(api, &path, None).await;
        assert_eq!(delete(last.as_str()).await.0, 204, "{all}");
        assert_eq!(delete(last.as_str()).await.0, 404, "{all}");
    }
}

async fn everything(place: &Place, catalog: &Catalog) {
    let _server = place.start("web", &["web"]).unwrap();
    let api = Api::connect(place, ALL).await.unwrap();
    what_is_filed_is_changed(&api, catalog).await;
    what_waits_is_changed(&api, place, catalog).await;
    what_was_shown_is_overridden_and_nothing_else(&api, catalog).await;
    some_members_and_pages(&api).await;
    a_download_goes_on(&api, catalog).await;
    what_is_sent_is_named(&api).await;
    of_two_who_change_one_customer_one_is_told(&api).await;
    of_two_who_look_after_it_one_is_told(&api).await;
    what_was_seen_otherwise_is_left_alone(&api, place, catalog).await;
}

/// Without a key file a link would lead to the embedded store, which nobody else reaches: that is said, and how to mend it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_that_leads_nowhere_is_not_given() {
    let alone = Alone::on_sqlite().await;
    let place = alone.place.clone().with("ACUSE_KEY_FILE", "none");
    let _server = place.start("web", &["web"]).unwrap();
    let api = Api::connect(&place, ALL).await.unwrap();
    let id = sent(&api, "link").await;
    let path = format!("/v1/documents/{id}/content");
    let (status, _, problem) = get(&api, &format!("{path}?presign=true"), None).await;
    assert_eq!(status, 409, "{problem}");
    assert!(problem["detail"].as_str().unwrap().contains("ACUSE_KEY_FILE"), "{problem}");
    let content = api.request(Method::GET, &path).send().await.unwrap();
    assert_eq!(content.text().await.unwrap(), "QUILLON link");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn versions_on_sqlite() {
    let alone = Alone::on_sqlite().await;
    everything(&alone.place, &alone.catalog).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn versions_on_postgresql_and_minio() {
    let (Some(postgres), Some(minio)) = (Postgres::start().unwrap(), Minio::start().unwrap()) else { return };
    let folder = tempfile::tempdir().unwrap();
    let url = postgres.url("acuse");
    let place = Place::embedded(folder.path(), NO_GRAPH).unwrap();
    let place = place.scaled_out(&url, &minio.endpoint(), "acuse-versions");
    let catalog = Catalog::open(&url).await.unwrap();
    everything(&place, &catalog).await;
    catalog.close().await;
}
