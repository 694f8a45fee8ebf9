//! A running server is backed up, killed and put back: every document, file and line of the trail is there, both ledgers
//! balance, and those who follow the feed hear that it is another.

use acuse_tests::{
    postgres::Postgres,
    stack::{Api, Place},
};
use reqwest::{Method, Response, header::CONTENT_TYPE};
use serde_json::Value;

use crate::world::ALL;

/// The answer to a file that is handed in under a key of its name.
pub async fn hands_in(api: &Api, name: &str) -> Response {
    let body = format!(
        "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.jpg\"\r\n\
         Content-Type: image/jpeg\r\n\r\nPICTURE {name}\r\n--b--\r\n"
    );
    let request = api.request(Method::POST, "/v1/documents").header("Idempotency-Key", name);
    let request = request.header(CONTENT_TYPE, "multipart/form-data; boundary=b").body(body);
    request.send().await.unwrap()
}

pub async fn sent(api: &Api, name: &str) -> String {
    let answer: Value = hands_in(api, name).await.json().await.unwrap();
    answer["id"].as_str().unwrap().to_owned()
}

/// What the store has of a document.
async fn content(api: &Api, id: &str) -> String {
    let answer = api.request(Method::GET, &format!("/v1/documents/{id}/content")).send().await.unwrap();
    assert_eq!(answer.status(), 200, "{id}");
    answer.text().await.unwrap()
}

/// `from` is backed up while it takes files in, and put back at `to`.
async fn comes_back(from: &Place, to: &Place, third: &Place, database: &str) {
    let mut server = from.start("web", &["web"]).unwrap();
    let api = Api::connect(from, ALL).await.unwrap();
    let mut ids = Vec::new();
    for n in 0..5 {
        ids.push(sent(&api, &format!("before {n}")).await);
    }
    let cursor = api.get("/v1/events?limit=1").await.unwrap()["next"].as_str().unwrap().to_owned();
    let folder = from.folder.join("backup");
    let target = folder.display().to_string();
    let running = {
        let (place, target) = (from.clone(), target.clone());
        tokio::task::spawn_blocking(move || place.run(&["backup", &target]).unwrap())
    };
    for n in 0..5 {
        sent(&api, &format!("meanwhile {n}")).await;
    }
    running.await.unwrap();
    // Once more into the same folder: what was copied is not copied again, and the newer one counts.
    ids.push(sent(&api, "between").await);
    from.run(&["backup", &target]).unwrap();
    let kept = api.ledger().await.unwrap();
    sent(&api, "after").await;
    server.kill_9().unwrap();

    assert!(from.run(&["restore", &target]).is_err(), "nothing is written over");
    let said = to.run(&["restore", &target]).unwrap();
    assert!(said.contains("documents true, messages true"), "{said}");
    let whole = to.run(&["audit", "verify"]).unwrap();
    assert!(whole.starts_with("whole"), "{whole}");
    let _server = to.start("web", &["web"]).unwrap();
    let api = Api::connect(to, ALL).await.unwrap();
    assert_eq!(api.ledger().await.unwrap(), kept, "as it was when the backup was made");
    assert_eq!(api.get("/v1/ledger/messages").await.unwrap()["balanced"], true);
    for (n, id) in ids.iter().enumerate() {
        let name = if n < 5 { format!("before {n}") } else { "between".to_owned() };
        assert_eq!(content(&api, id).await, format!("PICTURE {name}"));
    }
    let followed = api.request(Method::GET, &format!("/v1/events?after={cursor}")).send().await.unwrap();
    assert_eq!(followed.status(), 410, "a cursor of before is foreign on {database}");

    // A backup that was touched is not put back.
    let object = walk(&folder.join("objects"));
    std::fs::write(object, "another picture").unwrap();
    let refused = third.run(&["restore", &target]).unwrap_err().to_string();
    assert!(refused.contains("not what was backed up"), "{refused}");
}

/// Some file under a folder.
fn walk(folder: &std::path::Path) -> std::path::PathBuf {
    let path = std::fs::read_dir(folder).unwrap().next().unwrap().unwrap().path();
    if path.is_dir() { walk(&path) } else { path }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_comes_back_on_sqlite() {
    let folders = [(); 3].map(|()| tempfile::tempdir().unwrap());
    let keys = folders[0].path().join("keys/acuse.key");
    let [from, to, third] = folders.each_ref().map(|f| {
        let place = Place::embedded(f.path(), "http://127.0.0.1:9").unwrap();
        place.with("ACUSE_KEY_FILE", &keys.display().to_string())
    });
    comes_back(&from, &to, &third, "sqlite").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_comes_back_on_postgresql() {
    let Some(postgres) = Postgres::start().unwrap() else { return };
    let folders = [(); 3].map(|()| tempfile::tempdir().unwrap());
    let place = |n: usize, database: &str| {
        let place = Place::embedded(folders[n].path(), "http://127.0.0.1:9").unwrap();
        let keys = folders[0].path().join("keys/acuse.key");
        place
            .with("ACUSE_DATABASE_URL", &postgres.url(database))
            .with("ACUSE_KEY_FILE", &keys.display().to_string())
    };
    for database in ["again", "third"] {
        postgres.create_database(database).unwrap();
    }
    comes_back(&place(0, "acuse"), &place(1, "again"), &place(2, "third"), "postgres").await;
}
