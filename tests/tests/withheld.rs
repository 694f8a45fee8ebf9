//! Every route, every scope, both databases: what an ID says is found nowhere that it may not be. A route that this walk
//! does not know fails it.

mod files;
mod filled;
mod routes;
mod told;

use std::{collections::BTreeSet, time::Duration};

use acuse_pipeline::document::Sha256;
use acuse_storage::{Catalog, CustomerId, DocumentId, access::Binding, keys::Scope};
use acuse_tests::stack::{Api, Place};
use reqwest::Method;
use serde_json::{Value, json};

use crate::world::{ALL, Alone};
use filled::{Secret, fill, opened, send};
pub(crate) use filled::{bill, passport, read, sent};
use routes::{ROUTES, Walk, routed};

/// What the IDs say; in their fields, text, reasons, timeline, names and bytes.
pub(crate) const SECRETS: &[&str] =
    &["zeedlemann", "x9182736455", "1991-02-03", "quillon", "secretcaption", "secretfile", PAID];
/// What an open bill says, to everybody who reads.
pub(crate) const OPEN: &str = "Panadería Abierta";
/// What is written beside an ID, in notes, questions and messages.
const SAID: &str = "Is ZEEDLEMANN of QUILLON the one?";
/// How much a receipt pays that nobody vouches for.
const PAID: &str = "71923.45";
/// A month that is closed.
const MONTH: &str = "2020-01";
/// What can be had of it.
const PARTS: [&str; 3] = ["rows", "late", "adjustments"];
/// How whoever is bound to what is none of this is called.
const BOUND: &str = "bound elsewhere";
/// Keys of theirs, under which name and with what: one that may operate was made when a bound one still could be.
const BOUND_KEYS: [(&str, &str, &[Scope]); 2] = [
    (
        BOUND,
        "acuse_a-key-that-sees-ids-and-is-bound-elsewhere",
        &[Scope::DocumentsRead, Scope::IdsRead, Scope::MessagesRead],
    ),
    ("bound elsewhere, with admin", "acuse_a-key-with-admin-that-is-bound-elsewhere", &[Scope::Admin]),
];

#[test]
fn every_route_is_walked() {
    let walked: BTreeSet<String> = ROUTES.iter().map(|(path, _)| (*path).to_owned()).collect();
    let routed = routed();
    assert!(routed.len() > 20, "{routed:?}");
    let differ: Vec<_> = routed.symmetric_difference(&walked).collect();
    assert!(differ.is_empty(), "say in ROUTES how an ID's strings are sought there: {differ:?}");
    let why = ROUTES.iter().filter_map(|(_, walk)| match walk {
        Walk::Not(why) => Some(*why),
        _ => None,
    });
    assert!(why.into_iter().all(|why| !why.is_empty()));
}

/// The addresses of a route with their ids in place.
fn addresses(path: &str, secret: &Secret) -> Vec<String> {
    let beside = &secret.beside;
    let others = [
        ("/v1/cases/{id}", beside.case.to_string()),
        ("/inbox/{id}", beside.case.to_string()),
        ("/v1/notices/{id}", beside.notice.to_string()),
        ("/v1/notices/batches/{id}", beside.batch.to_string()),
        ("/v1/obligations/{id}", beside.obligation.to_string()),
        ("/v1/approvals/{id}", beside.approval.to_string()),
        ("/v1/incidents/{id}", beside.incident.to_string()),
        ("/incidents/{id}", beside.incident.to_string()),
        ("/v1/incident-routes/{id}", beside.route.to_string()),
        ("/v1/webhook-endpoints/{id}", beside.endpoint.to_string()),
        ("/v1/contacts/{id}", beside.contact.to_string()),
        ("/contacts/{id}", beside.contact.to_string()),
        ("/v1/customers/{id}", secret.customer.clone()),
        ("/customers/{id}", secret.customer.clone()),
        ("/v1/erasures/{id}", secret.erasure.clone()),
    ];
    if let Some((_, id)) = others.iter().find(|(begins, _)| path.starts_with(begins)) {
        return vec![path.replace("{id}", id)];
    }
    if path.starts_with("/v1/reviews/{id}") {
        return secret.reviews.iter().map(|id| path.replace("{id}", &id.to_string())).collect();
    }
    if path.contains("{id}") {
        return secret.documents.iter().map(|id| path.replace("{id}", &id.to_string())).collect();
    }
    vec![path.replace("{month}", MONTH)]
}

fn clean(text: &str, asked: &str) {
    let text = text.to_lowercase();
    // The question itself may stand in the answer: in a search box, and in links that keep it.
    let asks = ["?q=", "?merge="].iter().find_map(|name| Some((&name[1..], asked.split(name).nth(1)?)));
    let text = match asks {
        Some((name, said)) => {
            text.replace(&format!("value=\"{said}\""), "").replace(&format!("{name}{said}"), "")
        }
        None => text,
    };
    for secret in SECRETS {
        assert!(!text.contains(secret), "{asked} tells {secret}: {text}");
    }
}

/// What bytes say; of an archive (a workbook, UBL), what its files say.
fn text_of(bytes: &[u8]) -> String {
    let Ok(mut archive) = zip::ZipArchive::new(std::io::Cursor::new(bytes)) else {
        return String::from_utf8_lossy(bytes).into_owned();
    };
    let mut text = String::new();
    for n in 0..archive.len() {
        std::io::Read::read_to_string(&mut archive.by_index(n).unwrap(), &mut text).unwrap();
    }
    text
}

async fn ask(request: reqwest::RequestBuilder, asked: &str) -> (u16, String) {
    let answer = request.send().await.unwrap();
    let status = answer.status().as_u16();
    let headers = format!("{:?}", answer.headers());
    let body = text_of(&answer.bytes().await.unwrap());
    clean(&headers, asked);
    assert!(status < 500, "{asked}: {status} {body}");
    (status, body)
}

/// All routes for somebody who may not see IDs. `request` makes a request of theirs.
async fn walk(who: &str, secret: &Secret, request: &dyn Fn(Method, &str) -> reqwest::RequestBuilder) {
    for (path, walk) in ROUTES {
        let (queries, posts): (&[&str], bool) = match walk {
            Walk::Get(queries) => (queries, false),
            Walk::GetAndPost(queries) => (queries, true),
            Walk::Post => (&[], true),
            Walk::Not(_) => continue,
        };
        let of_documents = ["/v1/documents/{id}", "/documents/{id}", "/pictures/{id}"];
        if of_documents.iter().any(|begins| path.starts_with(begins)) {
            // What is open beside an ID is told, and nothing of that.
            for query in queries {
                let asked = format!("{}{query}", path.replace("{id}", &secret.open_part.to_string()));
                let (_, body) = ask(request(Method::GET, &asked), &asked).await;
                clean(&body, &asked);
            }
        }
        for address in addresses(path, secret) {
            for query in queries {
                let asked = format!("{address}{query}");
                let (status, body) = ask(request(Method::GET, &asked), &asked).await;
                clean(&body, &asked);
                if path.ends_with("/content") || path.starts_with("/pictures") {
                    assert!(
                        status == 401
                            || status == 403
                            || status == 303
                            || status == 404 && who.starts_with(BOUND)
                            || status == 200 && body.contains("<form"),
                        "{who} {asked}: {status} {body}"
                    );
                }
                if asked.starts_with("/v1/documents?q=") && status == 200 {
                    let found: Value = serde_json::from_str(&body).unwrap();
                    assert_eq!(found["data"], json!([]), "{who} {asked}: its length tells");
                }
            }
            if *path == "/v1/documents/{id}" {
                let body = json!({ "kind": "other", "note": "let me see", "because": "so" });
                let request = request(Method::PATCH, &address).header("If-Match", "*").json(&body);
                let (status, body) = ask(request, &address).await;
                clean(&body, &address);
                assert!([401, 403, 404, 405].contains(&status), "{who} changes {address}: {status} {body}");
                if who.contains("reviews:write") {
                    assert!(body.contains("urn:acuse:problem:withheld"), "{body}");
                }
            }
            if posts && *path != "/v1/documents" {
                let body = json!({ "decision": "correct", "kind": "other" });
                let (status, body) = ask(request(Method::POST, &address).json(&body), &address).await;
                clean(&body, &address);
                // Whoever is not signed in at the desk is shown its door.
                let refused = [400, 401, 403, 404, 409, 415, 422, 303].contains(&status);
                assert!(
                    refused || status == 200 && body.contains("class=\"door\""),
                    "{who} {address}: {status} {body}"
                );
                if address.starts_with("/v1/reviews/")
                    && address.ends_with("/resolve")
                    && who.contains("reviews:write")
                {
                    assert_eq!(status, 403, "{who} decides on what is withheld: {body}");
                    assert!(body.contains("urn:acuse:problem:withheld"), "{body}");
                }
            }
        }
    }
}

const WITHOUT_IDS: &[&[&str]] = &[
    &["documents:read"],
    &["documents:write"],
    &["reviews:write"],
    &["customers:write"],
    &["messages:read"],
    &["erasure"],
    &["messages:read", "messages:write", "reviews:write"],
    &["documents:read", "documents:write"],
    &["documents:read", "reviews:write"],
    &["documents:read", "documents:write", "reviews:write", "customers:write"],
];

async fn everywhere(place: &Place, catalog: &Catalog) {
    let _server = place.start("web", &["web"]).unwrap();
    let all = Api::connect(place, ALL).await.unwrap();
    let mut secret = fill(catalog, &all).await;
    for scopes in WITHOUT_IDS {
        let api = Api::connect(place, scopes).await.unwrap();
        let who = scopes.join(" ");
        let mine = if scopes.contains(&"documents:write") {
            // What it sent itself, before and after it was read.
            let name = format!("own {who}");
            let id = sent(&api, &name).await;
            read(catalog, id, &passport(secret.documents.len() as u64 * 7)).await;
            secret.documents.push(id);
            Some(name)
        } else {
            None
        };
        walk(&who, &secret, &|method, path| api.request(method, path)).await;
        if let Some(name) = mine {
            let (status, body) = send(&api, &name, &name).await;
            assert_eq!(status, 200, "a repeat is answered: {body}");
            clean(&body, "a repeated upload");
        }
        if scopes.contains(&"documents:read") {
            let listed = api.get("/v1/documents?q=abierta").await.unwrap();
            assert_eq!(listed["data"].as_array().unwrap().len(), 2, "what is open is found: {listed}");
            assert!(listed.to_string().contains(OPEN));
            for part in PARTS {
                let told = api.get(&of_month(part, "totals")).await.unwrap();
                assert!(told["withheld"].as_u64().unwrap() >= 1, "{who} {part}: {told}");
                assert_eq!((&told["rows"], &told["complete"]), (&json!(0), &json!(false)), "{who} {part}");
            }
        }
    }
    who_is_bound_elsewhere_finds_nothing(&all, catalog, &secret).await;
    nor_is_it_asked_for(place, &secret).await;
    at_the_desk(place, &secret).await;
    who_may_see_does(place, catalog, &secret).await;
    each_is_there(place, catalog, &secret).await;
    nor_does_what_lies_beside_it(place, &all, secret.documents[2]).await;
    for id in &secret.documents {
        let views = catalog.audit_trail(Some(*id), 100).await.unwrap();
        assert!(views.iter().all(|e| e.action != "view_id" || !e.actor.contains("narrow")));
    }
}

/// The address of a part of the month that is closed.
fn of_month(part: &str, format: &str) -> String {
    format!("/v1/export?period={MONTH}&part={part}&format={format}")
}

async fn bound_to(catalog: &Catalog, (name, key): (&str, &str), scopes: &[Scope], customer: CustomerId) {
    let hash = Sha256::of(key.as_bytes());
    let made = catalog.create_bound_key(name, &hash, scopes, &[Binding::Customer(customer)]).await.unwrap();
    assert!(made.is_ok(), "{made:?}");
}

/// Who may see IDs, and is bound to a customer to whom none of all this belongs.
async fn who_is_bound_elsewhere_finds_nothing(all: &Api, catalog: &Catalog, secret: &Secret) {
    let path = "/v1/customers/by-external-id/elsewhere";
    let made = all.request(Method::PUT, path).json(&json!({ "name": "Otra parte" })).send().await.unwrap();
    let made: Value = made.json().await.unwrap();
    let customer = made["id"].as_str().unwrap().parse().unwrap();
    for (who, key, scopes) in BOUND_KEYS {
        bound_to(catalog, (who, key), scopes, customer).await;
        let bound = all.with_key(key);
        walk(who, secret, &|method, path| bound.request(method, path)).await;
        for part in PARTS {
            let told = bound.get(&of_month(part, "totals")).await.unwrap();
            let theirs = (&told["rows"], &told["waiting"], &told["withheld"], &told["complete"]);
            assert_eq!(theirs, (&json!(0), &json!(0), &json!(0), &json!(true)), "{who} {part}: {told}");
        }
        assert!(bound.get(&format!("/v1/periods/{MONTH}")).await.unwrap()["sha256"].is_null(), "{who}");
    }
}

/// Whoever may not see IDs learns of no number whose it is and takes none away, and puts no ID in front of an approver.
async fn nor_is_it_asked_for(place: &Place, secret: &Secret) {
    let (all, narrow) = (Api::connect(place, ALL).await.unwrap(), &["customers:write", "documents:read"][..]);
    let narrow = Api::connect(place, narrow).await.unwrap();
    let sent = async |api: &Api, method, path: &str, body: Value| {
        let answer = api.request(method, path).json(&body).send().await.unwrap();
        (answer.status().as_u16(), answer.json::<Value>().await.unwrap())
    };
    let hers = "/v1/customers/by-external-id/lucia";
    let (status, made) =
        sent(&all, Method::PUT, hers, json!({ "name": "Lucía", "id_numbers": ["12345678Z"] })).await;
    assert_eq!(status, 201, "{made}");
    for number in ["12345678Z", "87654321X"] {
        let thief = json!({ "name": "thief", "id_numbers": [number] });
        let (status, told) = sent(&narrow, Method::POST, "/v1/customers", thief).await;
        assert!(status == 403 && !told.to_string().contains("Luc"), "{status} {told}");
    }
    let one = format!("/v1/customers/{}", made["id"].as_str().unwrap());
    assert_eq!(sent(&narrow, Method::PATCH, &one, json!({ "id_numbers": [] })).await.0, 403);
    let (status, told) = sent(&narrow, Method::PUT, hers, json!({ "name": "Lucía Gómez" })).await;
    assert!(status == 200 && told["id_numbers"] == json!([]), "{status} {told}");
    let kept = all.get(&one).await.unwrap();
    assert_eq!(kept["id_numbers"], made["id_numbers"], "what is not seen is not taken away: {kept}");

    let writer = Api::connect(place, &["messages:write", "reviews:write"]).await.unwrap();
    let settles = format!("/v1/obligations/{}/confirm", secret.beside.obligation);
    let (status, told) =
        sent(&writer, Method::POST, &settles, json!({ "document_id": secret.documents[0] })).await;
    assert!(status == 403 && told.to_string().contains("urn:acuse:problem:withheld"), "{status} {told}");
    let asked = json!({
        "document_id": secret.documents[0], "question": "?", "phone_number_id": "1",
        "approvers": [uuid::Uuid::now_v7()],
    });
    let (status, told) = sent(&writer, Method::POST, "/v1/approvals", asked).await;
    assert!(status == 403 && told.to_string().contains("urn:acuse:problem:withheld"), "{status} {told}");
}

/// A bill in one file with an ID, which somebody who sees IDs opened: what was said and done of the file is not told with it.
async fn nor_does_what_lies_beside_it(place: &Place, all: &Api, part: DocumentId) {
    opened(all, part).await;
    let path = format!("/v1/documents/{part}");
    let narrow = Api::connect(place, &["documents:read"]).await.unwrap();
    let shown = narrow.get(&path).await.unwrap();
    assert_eq!((&shown["sensitivity"], &shown["withheld"]), (&json!("open"), &json!(false)), "{shown}");
    let path = format!("{path}/timeline");
    assert!(all.get(&path).await.unwrap().to_string().contains("ZEEDLEMANN"));
    clean(&narrow.get(&path).await.unwrap().to_string(), &path);
}

/// Somebody new who may not see IDs: what a browser of theirs sends.
async fn narrow(place: &Place, http: &reqwest::Client, role: &str) -> String {
    use std::{io::Write, process::Stdio};
    let name = format!("narrow-{role}");
    let args = ["user", "add", &name, "--no-ids", "--role", role];
    let mut adding = place.command(&args).unwrap().stdin(Stdio::piped()).spawn().unwrap();
    writeln!(adding.stdin.take().unwrap(), "a long enough password").unwrap();
    assert!(adding.wait().unwrap().success());
    let form = [("user", name.as_str()), ("password", "a long enough password")];
    let door = format!("http://127.0.0.1:{}/login", place.port);
    let entered = http.post(door).form(&form).send().await.unwrap();
    entered.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned()
}

/// People without the right, in every role that can lack it: each has pages that the others have not.
async fn at_the_desk(place: &Place, secret: &Secret) {
    let http = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(Duration::from_secs(30))
        .build()
        .unwrap();
    let base = format!("http://127.0.0.1:{}", place.port);
    let mut cookie = String::new();
    for role in ["finance", "auditor", "supervisor", "reviewer"] {
        cookie = narrow(place, &http, role).await;
        walk(&format!("a person ({role})"), secret, &|method, path| {
            http.request(method, format!("{base}{path}")).header("cookie", &cookie)
        })
        .await;
    }
    let found = async |q: &str| {
        let asked = http.get(format!("{base}/customers/found?q={q}")).header("cookie", &cookie);
        asked.send().await.unwrap().text().await.unwrap()
    };
    let hers = found("lucia").await;
    assert!(hers.contains("Luc") && !hers.contains("12345678Z"), "nor the number of a customer's ID: {hers}");
    assert_eq!(found("12345678Z").await, "[]", "nor whose it is");
    let page = http.get(&base).header("cookie", &cookie).send().await.unwrap().text().await.unwrap();
    assert!(
        page.contains("id=\"hidden\"") && page.contains("may be IDs"),
        "the desk says what is hidden: {page}"
    );
}

/// The test can fail: with the right it is all there, and each view is in the audit trail.
async fn who_may_see_does(place: &Place, catalog: &Catalog, secret: &Secret) {
    let api = Api::connect(place, &["documents:read", "ids:read"]).await.unwrap();
    let id = secret.documents[0];
    let before = catalog.audit_trail(Some(id), 1000).await.unwrap().len();
    for path in [format!("/v1/documents/{id}"), format!("/v1/documents/{id}/timeline")] {
        assert!(api.get(&path).await.unwrap().to_string().contains("ZEEDLEMANN"), "{path}");
    }
    let found = api.get("/v1/documents?q=zeedle&limit=200").await.unwrap();
    assert!(found["data"].as_array().unwrap().len() >= 2, "{found}");
    let path = format!("/v1/documents/{id}/content");
    let bytes = api.request(Method::GET, &path).send().await.unwrap().text().await.unwrap();
    assert!(bytes.contains("QUILLON"), "{bytes}");
    // By a link, which needs no key, it is their view all the same.
    let linked = api.request(Method::GET, &format!("{path}?presign=true")).send().await.unwrap();
    assert!(linked.url().path().starts_with("/v1/links/") && linked.status() == 200, "{linked:?}");
    let trail = catalog.audit_trail(Some(id), 1000).await.unwrap();
    assert!(trail[0].actor.starts_with("key:") && trail.iter().all(|e| e.actor != "link"), "{trail:?}");
    for part in PARTS {
        let told = api.request(Method::GET, &of_month(part, "jsonl")).send().await.unwrap();
        assert!(told.text().await.unwrap().contains("ZEEDLEMANN"), "{part}");
    }
    let views: Vec<_> = catalog.audit_trail(Some(id), 1000).await.unwrap();
    let seen = views.iter().filter(|e| e.action == "view_id").count();
    assert!(views.len() >= before + 4 && seen >= 4, "each view has its line: {views:?}");
    // A link is theirs for as long as their key is good.
    let alone = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let asked = api.request(Method::GET, &format!("{path}?presign=true")).build().unwrap();
    let answer = alone.execute(asked).await.unwrap();
    let link = answer.headers()[reqwest::header::LOCATION].to_str().unwrap().to_owned();
    let followed = async || api.without_key(Method::GET, &link).send().await.unwrap().status().as_u16();
    assert_eq!(followed().await, 200);
    assert!(catalog.revoke_key(trail[0].actor.trim_start_matches("key:")).await.unwrap());
    assert_eq!(followed().await, 404);
}

/// What was walked is there: with every right each address answers, and what was written beside the ID is told.
async fn each_is_there(place: &Place, catalog: &Catalog, secret: &Secret) {
    let rights = [ALL, &["messages:read", "erasure"]].concat();
    let api = Api::connect(place, &rights).await.unwrap();
    for (path, walk) in ROUTES {
        let asked = matches!(walk, Walk::Get(_) | Walk::GetAndPost(_));
        if asked && path.starts_with("/v1/") && path.contains('{') {
            let address = addresses(path, secret).remove(0);
            let answer = api.request(Method::GET, &address).send().await.unwrap();
            assert_eq!(answer.status().as_u16(), 200, "{address}");
        }
    }
    let beside = &secret.beside;
    for path in [
        format!("/v1/cases/{}", beside.case),
        format!("/v1/approvals/{}", beside.approval),
        format!("/v1/contacts/{}/messages", beside.contact),
    ] {
        assert!(api.get(&path).await.unwrap().to_string().contains(SAID), "{path}");
    }
    let owed = format!("/v1/obligations/{}", beside.obligation);
    assert!(api.get(&owed).await.unwrap().to_string().contains(PAID), "{owed}");
    let views = catalog.audit_trail(Some(secret.documents[0]), 1000).await.unwrap();
    let in_question = views.iter().any(|e| e.action == "view_id" && e.detail["what"] == "approval");
    assert!(in_question, "who reads what is asked of it is in its trail: {views:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_id_is_found_nowhere_on_sqlite() {
    let alone = Alone::on_sqlite().await;
    everywhere(&alone.place, &alone.catalog).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_id_is_found_nowhere_on_postgresql() {
    let Some(alone) = Alone::on_postgresql().await else { return };
    everywhere(&alone.place, &alone.catalog).await;
}
