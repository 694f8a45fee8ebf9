//! What is erased is erased for whoever asks: the API, a link, a backup that is put back. And nothing starts without its
//! key file.

use std::path::Path;

use acuse_tests::{
    minio::Minio,
    postgres::Postgres,
    stack::{Api, Place},
};
use reqwest::{Method, header};
use serde_json::{Value, json};

use crate::{
    backup::{hands_in, sent},
    world::{ALL, NO_GRAPH},
};

fn place(folder: &Path) -> Place {
    Place::embedded(folder, NO_GRAPH).unwrap()
}

async fn status(api: &Api, method: Method, path: &str) -> u16 {
    api.request(method, path).send().await.unwrap().status().as_u16()
}

/// A link to a document's bytes.
async fn link(api: &Api, id: &str) -> String {
    let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let asked =
        api.request(Method::GET, &format!("/v1/documents/{id}/content?presign=true")).build().unwrap();
    let answer = http.execute(asked).await.unwrap();
    assert_eq!(answer.status(), 307);
    answer.headers()[header::LOCATION].to_str().unwrap().to_owned()
}

async fn links_work_without_a_key(api: &Api, id: &str) -> String {
    let link = link(api, id).await;
    assert!(link.starts_with("/v1/links/"), "served by us: {link}");
    let answer = api.without_key(Method::GET, &link).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()[header::CONTENT_TYPE], "application/octet-stream");
    assert_eq!(answer.text().await.unwrap(), "PICTURE goes");
    let part = api.without_key(Method::GET, &link).header(header::RANGE, "bytes=8-").send().await.unwrap();
    assert_eq!((part.status().as_u16(), part.text().await.unwrap().as_str()), (206, "goes"));
    let mut forged = link.clone();
    forged.pop();
    assert_eq!(api.without_key(Method::GET, &forged).send().await.unwrap().status(), 404);
    link
}

/// What came under a key does not come in again under it, and who was erased is not written to.
async fn nothing_comes_again(api: &Api) {
    let again = hands_in(api, "goes").await;
    assert_eq!(again.status(), 409);
    let problem: Value = again.json().await.unwrap();
    assert!(problem["detail"].as_str().unwrap().contains("was erased"), "{problem}");
    let ana = json!({ "name": "Ana Pérez", "external_id": "C-1", "phones": ["+34600112233"] });
    let made = api.request(Method::POST, "/v1/customers").json(&ana).send().await.unwrap();
    let made: Value = made.json().await.unwrap();
    let path = format!("/v1/customers/{}", made["id"].as_str().unwrap());
    let asked = json!({ "kind": "customer", "id": made["id"] });
    let erased = api.request(Method::POST, "/v1/erasures").json(&asked).send().await.unwrap();
    assert_eq!(erased.status(), 200);
    let change = api.request(Method::PATCH, &path).json(&json!({ "name": "Ana Pérez" }));
    assert_eq!(change.send().await.unwrap().status(), 404, "nobody is there to be written to");
    assert_eq!(status(api, Method::GET, &path).await, 404);
    let anew = api.request(Method::PUT, "/v1/customers/by-external-id/C-1").json(&ana);
    assert_eq!(anew.send().await.unwrap().status(), 201, "its external id is nobody's");
}

/// Documents are sent, backed up, one of them erased; then the backup is put back at `to` with the same key file.
async fn does_not_come_back(from: &Place, to: &Place, target: &str) {
    let mut server = from.start("web", &["web"]).unwrap();
    let api = Api::connect(from, ALL).await.unwrap();
    let (goes, stays) = (sent(&api, "goes").await, sent(&api, "stays").await);
    let held = sent(&api, "held").await;
    from.run(&["backup", target]).unwrap();
    let link = links_work_without_a_key(&api, &goes).await;

    let reason = json!({ "reason": "case 7" });
    let hold = api.request(Method::PUT, &format!("/v1/holds/document/{held}")).json(&reason);
    assert_eq!(hold.send().await.unwrap().status(), 204);
    assert_eq!(status(&api, Method::DELETE, &format!("/v1/documents/{held}")).await, 409, "a hold stops it");
    let weak = Api::connect(from, &["documents:read", "documents:write"]).await.unwrap();
    assert_eq!(status(&weak, Method::DELETE, &format!("/v1/documents/{goes}")).await, 403);

    let answer = api.request(Method::DELETE, &format!("/v1/documents/{goes}")).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let receipt: Value = answer.json().await.unwrap();
    assert!(receipt["finished_at"].is_string() && receipt["counts"]["objects"] == 1, "{receipt}");
    gone(&api, &goes).await;
    assert_eq!(api.without_key(Method::GET, &link).send().await.unwrap().status(), 404, "a link neither");
    let receipts = api.list("/v1/erasures").await.unwrap();
    assert_eq!(receipts[0]["id"], receipt["id"]);
    nothing_comes_again(&api).await;
    let ledger = api.ledger().await.unwrap();
    server.kill_9().unwrap();

    let said = to.run(&["restore", target]).unwrap();
    assert!(said.contains("1 erasures that were made since were made again"), "{said}");
    assert!(said.contains("documents true, messages true"), "{said}");
    assert!(to.run(&["audit", "verify"]).unwrap().starts_with("whole"));
    let _server = to.start("web", &["web"]).unwrap();
    let api = Api::connect(to, ALL).await.unwrap();
    gone(&api, &goes).await;
    let content = api.request(Method::GET, &format!("/v1/documents/{stays}/content")).send().await.unwrap();
    assert_eq!(content.text().await.unwrap(), "PICTURE stays");
    assert_eq!(api.ledger().await.unwrap().received, ledger.received);
    assert_eq!(api.get("/v1/ledger/messages").await.unwrap()["balanced"], true);
}

async fn gone(api: &Api, id: &str) {
    let document = api.get(&format!("/v1/documents/{id}")).await.unwrap();
    assert!(document["erased_at"].is_string() && document["status"] == "rejected", "{document}");
    assert_eq!(document["filename"], Value::Null, "{document}");
    assert_eq!(status(api, Method::GET, &format!("/v1/documents/{id}/content")).await, 404);
    assert!(api.ledger().await.unwrap().balanced);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_erased_does_not_come_back_on_sqlite() {
    let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let keys = one.path().join("keys/acuse.key").display().to_string();
    let [from, to] = [&one, &other].map(|f| place(f.path()).with("ACUSE_KEY_FILE", &keys));
    let target = one.path().join("backup").display().to_string();
    does_not_come_back(&from, &to, &target).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_erased_does_not_come_back_from_s3_on_postgresql() {
    let (Some(postgres), Some(minio)) = (Postgres::start().unwrap(), Minio::start().unwrap()) else { return };
    let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let keys = one.path().join("keys/acuse.key").display().to_string();
    postgres.create_database("again").unwrap();
    let scaled = |folder: &Path, database: &str, bucket: &str| {
        place(folder)
            .scaled_out(&postgres.url(database), &minio.endpoint(), bucket)
            .with("ACUSE_KEY_FILE", &keys)
    };
    let (from, to) = (scaled(one.path(), "acuse", "acuse-from"), scaled(other.path(), "again", "acuse-to"));
    does_not_come_back(&from, &to, "s3://acuse-backups/of/friday").await;
    assert!(from.run(&["backup", "s3://acuse-from"]).is_err(), "not over the documents themselves");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_starts_without_its_key_file() {
    let folder = tempfile::tempdir().unwrap();
    let place = place(folder.path());
    let mut server = place.start("web", &["web"]).unwrap();
    let api = Api::connect(&place, ALL).await.unwrap();
    sent(&api, "sealed").await;
    server.kill_9().unwrap();
    let file = folder.path().join("data/acuse.key");
    let aside = folder.path().join("aside.key");
    std::fs::rename(&file, &aside).unwrap();
    let refused = place.run(&["web"]).unwrap_err().to_string();
    assert!(refused.contains("is not there") && refused.contains("ACUSE_KEY_FILE"), "{refused}");
    assert!(!file.exists(), "none is made in its place");
    let refused = place.clone().with("ACUSE_KEY_FILE", "none").run(&["web"]).unwrap_err().to_string();
    assert!(refused.contains("set ACUSE_KEY_FILE"), "{refused}");
    // A copy elsewhere will do.
    let place = place.with("ACUSE_KEY_FILE", &aside.display().to_string());
    let _server = place.start("web", &["web"]).unwrap();
    let api = Api::connect(&place, ALL).await.unwrap();
    let documents = api.list("/v1/documents").await.unwrap();
    let id = documents[0]["id"].as_str().unwrap();
    let content = api.request(Method::GET, &format!("/v1/documents/{id}/content")).send().await.unwrap();
    assert_eq!(content.text().await.unwrap(), "PICTURE sealed");
}
