//! Conversations through the fake Graph and a clock: what is asked, how it is answered, and what a tap counts for.

mod approvals;
mod asked;
mod house;
mod notices;
mod passwords;

use acuse_conversation::Policies;
use acuse_fixtures::graph::{Inbound, MediaType, Said, Sender, SentMessage};
use acuse_tests::in_process::InProcess;
use axum::http::{Method, StatusCode};
use serde_json::{Value, json};
use time::Duration;

pub(crate) const ANA: (&str, &str) = ("34600000001", "Ana");
const EVA: (&str, &str) = ("34600000002", "Eva");

pub(crate) async fn led() -> InProcess {
    InProcess::led(Some(Policies::ours().unwrap())).await.unwrap()
}

pub(crate) async fn post(acuse: &InProcess, who: (&str, &str), said: Said) {
    let webhook = acuse.world.graph.webhook_for(&[Inbound::new(Sender::phone(who.0, who.1), said)]);
    assert_eq!(acuse.webhook(&webhook).await.unwrap(), 200);
}

pub(crate) async fn file(acuse: &InProcess, who: (&str, &str), text: &str) {
    let media_id = acuse.world.graph.upload_media(text.as_bytes().to_vec(), "image/jpeg");
    post(acuse, who, Said::Media { kind: MediaType::Image, media_id, caption: None, filename: None }).await;
}

/// The same with a name, of any type.
pub(crate) async fn typed_file(acuse: &InProcess, who: (&str, &str), text: &str, media_type: &str) {
    let media_id = acuse.world.graph.upload_media(text.as_bytes().to_vec(), media_type);
    let (kind, filename) = (MediaType::Document, Some("scan".to_owned()));
    post(acuse, who, Said::Media { kind, media_id, caption: None, filename }).await;
}

async fn words(acuse: &InProcess, who: (&str, &str), text: &str) {
    post(acuse, who, Said::Text(text.into())).await;
}

pub(crate) async fn taps(acuse: &InProcess, who: (&str, &str), payload: &str) {
    let reply = json!({ "type": "button_reply", "button_reply": { "id": payload, "title": "Sí" } });
    post(acuse, who, Said::Raw(json!({ "type": "interactive", "interactive": reply }))).await;
}

/// What was last sent, once nothing more happens within a few minutes.
pub(crate) async fn answer(acuse: &InProcess) -> SentMessage {
    acuse.run_jobs(Duration::minutes(6)).await.unwrap();
    acuse.world.graph.sent().pop().expect("something was sent")
}

fn text_of(sent: &SentMessage) -> String {
    let of = |path: &str| sent.body.pointer(path).and_then(Value::as_str).map(str::to_owned);
    of("/text/body").or_else(|| of("/interactive/body/text")).unwrap_or_default()
}

/// Payloads of the buttons of a message.
pub(crate) fn buttons(sent: &SentMessage) -> Vec<String> {
    let all = sent.body.pointer("/interactive/action/buttons").and_then(Value::as_array).cloned();
    let id = |button: Value| button.pointer("/reply/id").and_then(Value::as_str).map(str::to_owned);
    all.unwrap_or_default().into_iter().filter_map(id).collect()
}

pub(crate) async fn only_document(acuse: &InProcess) -> Value {
    let all = acuse.get("/v1/documents?limit=100").await.unwrap();
    let rows = all["data"].as_array().unwrap().clone();
    rows.into_iter().rfind(|row| row["duplicate_of"].is_null()).expect("one")
}

/// Both ledgers balance, and all timers have run.
pub(crate) async fn ends(acuse: InProcess) {
    acuse.run_jobs(Duration::days(60)).await.unwrap();
    // What the sweep does every minute: nobody confirmed in these days that a message came.
    let catalog = acuse.world.catalog();
    catalog.tell_unconfirmed(catalog.now()).await.unwrap();
    for ledger in ["/v1/ledger", "/v1/ledger/messages"] {
        let counted = acuse.get(ledger).await.unwrap();
        assert_eq!(counted["balanced"], true, "{ledger}: {counted}");
        assert_ne!(counted["arrivals"]["balanced"], false, "{ledger}: {counted}");
    }
}

/// The one contact that wrote agrees to hear news from our number.
async fn agrees(acuse: &InProcess) {
    let number = acuse.world.graph.options().phone_number_id.clone();
    let contacts = acuse.get("/v1/contacts").await.unwrap();
    let path = format!("/v1/contacts/{}/consents", contacts["data"][0]["id"].as_str().unwrap());
    let consent =
        json!({ "phone_number_id": number, "category": "utility", "state": "granted", "source": "form" });
    assert_eq!(acuse.send(Method::POST, &path, Some(&consent)).await.unwrap().0, StatusCode::CREATED);
}

/// Whether words stand in the database's files.
fn stands(acuse: &InProcess, words: &str) -> bool {
    ["acuse.db", "acuse.db-wal"].iter().any(|name| {
        let bytes = std::fs::read(acuse.world.folder().join(name)).unwrap_or_default();
        bytes.windows(words.len()).any(|w| w == words.as_bytes())
    })
}
