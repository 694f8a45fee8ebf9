//! Conversations through the fake Graph and a clock: what is asked, how it is answered, and what a tap counts for.

use acuse_conversation::{Policies, Privacy};
use acuse_fixtures::graph::{Inbound, MediaType, Said, Sender, SentMessage};
use acuse_tests::{
    in_process::InProcess,
    simulated::{clock, set_clock},
};
use axum::http::{Method, StatusCode};
use serde_json::{Value, json};
use time::{Duration, format_description::well_known::Rfc3339};

pub(crate) const ANA: (&str, &str) = ("34600000001", "Ana");

pub(crate) async fn led() -> InProcess {
    InProcess::led(Some(Policies::ours().unwrap())).await.unwrap()
}

async fn post(acuse: &InProcess, who: (&str, &str), said: Said) {
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

/// Whether words stand in the database's files.
fn stands(acuse: &InProcess, words: &str) -> bool {
    ["acuse.db", "acuse.db-wal"].iter().any(|name| {
        let bytes = std::fs::read(acuse.world.folder().join(name)).unwrap_or_default();
        bytes.windows(words.len()).any(|w| w == words.as_bytes())
    })
}

/// Whether words stand in a backup of this moment.
async fn is_backed_up(acuse: &InProcess, words: &str) -> bool {
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("backup.db");
    acuse.world.catalog().copy_into(&copy).await.unwrap();
    let bytes = std::fs::read(copy).unwrap();
    bytes.windows(words.len()).any(|w| w == words.as_bytes())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_password_opens_its_file_and_stands_nowhere() {
    let acuse = led().await;
    file(
        &acuse,
        ANA,
        "locked abril-7731\nreceipt\ntotal=45.00\ncurrency=EUR\nnumber=7\nmerchant_name=Bar Sol",
    )
    .await;
    assert!(text_of(&answer(&acuse).await).contains("contraseña"));
    words(&acuse, ANA, "mayo-7731").await;
    assert!(!is_backed_up(&acuse, "mayo-7731").await, "while it lies sealed and has yet to be tried");
    assert!(text_of(&answer(&acuse).await).contains("Esa contraseña no abre"), "and it is asked for again");
    words(&acuse, ANA, "abril-7731").await;
    assert!(!is_backed_up(&acuse, "abril-7731").await);
    answer(&acuse).await;
    let document = only_document(&acuse).await;
    assert_eq!(document["kind"], "receipt", "{document}");
    for word in ["mayo-7731", "abril-7731"] {
        assert!(!stands(&acuse, word), "{word} stands in the database");
        assert!(!is_backed_up(&acuse, word).await, "{word} stands in a backup");
    }
    assert!(is_backed_up(&acuse, "[password]").await, "a backup is looked through too");
    assert!(stands(&acuse, "[password]"), "what is looked through is what is kept");
    ends(acuse).await;
}

/// Also a wrong one, one that is edited, one in a quoted reply, and one under the file itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_password_is_logged_nowhere_however_it_comes() {
    let acuse = led().await;
    acuse_tests::logged::listen();
    let locked =
        "locked abril-7731\nreceipt\ntotal=45.00\ncurrency=EUR\nnumber=7\nmerchant_name=Bar Sol".to_owned();
    file(&acuse, ANA, &locked).await;
    let asked = answer(&acuse).await;
    let wrong = Inbound::new(
        Sender::phone(ANA.0, ANA.1),
        Said::Raw(json!({ "type": "text", "text": { "body": "mayo-7731" } })),
    );
    let typed = wrong.message_id.clone();
    assert_eq!(acuse.webhook(&acuse.world.graph.webhook_for(&[wrong])).await.unwrap(), 200);
    let edit = json!({ "type": "edit", "edit": { "original_message_id": typed,
        "message": { "type": "text", "text": { "body": "junio-7731" } } } });
    post(&acuse, ANA, Said::Raw(edit)).await;
    assert!(text_of(&answer(&acuse).await).contains("Esa contraseña no abre"));
    let quoted = json!({ "type": "text", "text": { "body": "abril-7731" },
        "context": { "from": "15550100001", "id": asked.message_id } });
    post(&acuse, ANA, Said::Raw(quoted)).await;
    answer(&acuse).await;
    assert_eq!(only_document(&acuse).await["kind"], "receipt");

    let hers = locked.replace("number=7", "number=8");
    file(&acuse, EVA, &hers).await;
    assert!(text_of(&answer(&acuse).await).contains("contraseña"));
    let media_id = acuse.world.graph.upload_media(hers.into_bytes(), "application/pdf");
    let under = Said::Media {
        kind: MediaType::Document,
        media_id,
        caption: Some("julio-7731".into()),
        filename: Some("recibo.pdf".into()),
    };
    post(&acuse, EVA, under).await;
    answer(&acuse).await;
    let logged = acuse_tests::logged::heard();
    assert!(logged.contains("reply sent"), "what is looked through is what is logged");
    for word in ["mayo-7731", "junio-7731", "abril-7731", "julio-7731"] {
        // The reader of these tests has the right one from the file itself, which travels to the store in plain.
        assert!(word == "abril-7731" || !logged.contains(word), "{word} stands in the log");
        assert!(!stands(&acuse, word), "{word} stands in the database");
        assert!(!is_backed_up(&acuse, word).await, "{word} stands in a backup");
    }
    ends(acuse).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_caption_says_whose_a_receipt_is_and_fills_no_field() {
    let acuse = led().await;
    let customer = json!({ "name": "Ferretería Sur", "external_id": "C-1042" });
    let (status, made) = acuse.send(Method::POST, "/v1/customers", Some(&customer)).await.unwrap();
    assert_eq!(status, StatusCode::CREATED, "{made}");
    let text = "receipt\ntotal=45.00\ncurrency=EUR\nnumber=B-77120\nmerchant_name=Bar Sol\ndate=2026-05-03";
    let sends = async |text: String, caption: &str| {
        let media_id = acuse.world.graph.upload_media(text.into_bytes(), "image/jpeg");
        let caption = Some(caption.to_owned());
        post(&acuse, EVA, Said::Media { kind: MediaType::Image, media_id, caption, filename: None }).await;
        acuse.run_jobs(Duration::minutes(6)).await.unwrap();
        let all = acuse.get("/v1/documents?limit=100").await.unwrap();
        all["data"].as_array().unwrap()[0].clone()
    };
    let nobodys = sends(text.replace("B-77120", "C-1042"), "Recibo C-1042").await;
    assert_eq!(nobodys["customer_id"], Value::Null, "its own number names nobody: {nobodys}");
    let hers = sends(text.to_owned(), "Es del cliente c-1042, pedido 471100").await;
    assert_eq!(hers["customer_id"], made["id"], "{hers}");
    assert_eq!(hers["fields"]["number"]["value"], "B-77120", "{hers}");
    let other = text.replace("B-77120", "B-90001").replace("45.00", "61.20").replace("Bar Sol", "Hotel Luna");
    let named = sends(other, "Para Ferretería Sur").await;
    assert_eq!(named["customer_id"], made["id"], "{named}");
    let timeline = format!("/v1/documents/{}/timeline", hers["id"].as_str().unwrap());
    let timeline = acuse.get(&timeline).await.unwrap().to_string();
    assert!(timeline.contains("said_by_the_sender"), "{timeline}");
    ends(acuse).await;
}

/// Texts that went to somebody, oldest first.
fn said_to(acuse: &InProcess, who: (&str, &str)) -> Vec<String> {
    let theirs =
        |sent: &SentMessage| sent.to.as_deref().is_some_and(|to| to.trim_start_matches('+') == who.0);
    acuse.world.graph.sent().iter().filter(|sent| theirs(sent)).map(text_of).collect()
}

/// Kind and state of the cases with whoever is called so, over or not.
async fn cases_with(acuse: &InProcess, name: &str) -> Vec<(String, String)> {
    let all = acuse.get("/v1/cases?state=any&limit=100").await.unwrap();
    let theirs = all["data"].as_array().unwrap().iter().filter(|case| case["contact_name"] == name);
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    theirs.map(|case| (text(&case["kind"]), text(&case["state"]))).collect()
}

/// Case G05: a photo to be viewed once. It may be a document, and Meta shows us nothing of it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_withheld_is_asked_for_until_it_comes_or_a_person_sees_it() {
    let acuse = led().await;
    let once = || {
        Said::Raw(json!({ "type": "unsupported", "unsupported": { "type": "unknown" }, "errors": [{
            "code": 131_051, "title": "Message type unknown", "message": "Message type unknown" }] }))
    };
    post(&acuse, ANA, once()).await;
    post(&acuse, EVA, once()).await;
    acuse.run_jobs(Duration::minutes(6)).await.unwrap();
    for who in [ANA, EVA] {
        let said = said_to(&acuse, who);
        assert!(said.len() == 1 && said[0].contains("no nos dejó ver"), "{said:?}");
    }
    assert_eq!(cases_with(&acuse, "Ana").await, [("ask".to_owned(), "waiting".to_owned())]);
    file(&acuse, ANA, "receipt\ntotal=45.00\ncurrency=EUR\nnumber=7\nmerchant_name=Bar Sol").await;
    acuse.run_jobs(Duration::minutes(6)).await.unwrap();
    let asked = ("ask".to_owned(), "done".to_owned());
    assert!(cases_with(&acuse, "Ana").await.contains(&asked), "she sent it as it can be seen");
    // Quiet hours move the first reminder, and never beyond the window.
    acuse.run_jobs(Duration::hours(23)).await.unwrap();
    let reminded = |said: Vec<String>| said.iter().any(|text| text.contains("(WhatsApp no nos dejó verlo)"));
    assert!(reminded(said_to(&acuse, EVA)), "{:?}", said_to(&acuse, EVA));
    assert!(!reminded(said_to(&acuse, ANA)), "{:?}", said_to(&acuse, ANA));
    acuse.run_jobs(Duration::days(5)).await.unwrap();
    let of_eva = cases_with(&acuse, "Eva").await;
    for case in [("ask", "expired"), ("support", "human")] {
        assert!(of_eva.contains(&(case.0.to_owned(), case.1.to_owned())), "{case:?} in {of_eva:?}");
    }
    ends(acuse).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_other_side_of_a_card_is_put_beside_the_first() {
    let acuse = led().await;
    file(&acuse, ANA, "card\ndocument_number=12345678Z\nsurname=PRUEBA").await;
    assert!(text_of(&answer(&acuse).await).contains("otra cara"));
    file(&acuse, ANA, "card\nsupport_number=AAA000000").await;
    answer(&acuse).await;
    let document = only_document(&acuse).await;
    assert_eq!((&document["kind"], &document["pages"]), (&json!("id"), &json!(2)), "{document}");
    ends(acuse).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_question_is_answered_in_words_and_by_nothing_else() {
    let acuse = led().await;
    file(&acuse, ANA, "receipt\ntotal=45.00\ncurrency=EUR\nnumber=7\nmerchant_name=Bar Sol").await;
    acuse.run_jobs(Duration::minutes(6)).await.unwrap();
    let id = only_document(&acuse).await["id"].as_str().unwrap().to_owned();
    let question = json!({ "expects": "words", "text": "¿De qué pedido es?" });
    let ask = format!("/v1/documents/{id}/ask");
    let (status, answered) = acuse.send(Method::POST, &ask, Some(&question)).await.unwrap();
    assert_eq!(status, StatusCode::OK, "{answered}");
    assert!(text_of(&answer(&acuse).await).contains("¿De qué pedido es?"));
    // Another file starts its own road, and a sticker none.
    file(&acuse, ANA, "receipt\ntotal=61.20\ncurrency=EUR\nnumber=8\nmerchant_name=Hotel Luna").await;
    acuse.run_jobs(Duration::minutes(6)).await.unwrap();
    let media_id = acuse.world.graph.upload_media(b"RIFF".to_vec(), "image/webp");
    let sticker = Said::Media { kind: MediaType::Sticker, media_id, caption: None, filename: None };
    post(&acuse, ANA, sticker).await;
    let told = text_of(&answer(&acuse).await);
    assert!(
        told.contains("Envía una foto o un PDF") && !told.contains("Una persona"),
        "nobody looks at it: {told}"
    );
    let asked = |state: &str| ("ask".to_owned(), state.to_owned());
    assert!(cases_with(&acuse, "Ana").await.contains(&asked("waiting")), "the question stays open");
    words(&acuse, ANA, "Es del pedido 4711").await;
    assert!(text_of(&answer(&acuse).await).contains("lo anotamos"));
    assert!(cases_with(&acuse, "Ana").await.contains(&asked("done")));
    let timeline = acuse.get(&format!("/v1/documents/{id}/timeline")).await.unwrap().to_string();
    assert!(timeline.contains("Es del pedido 4711"), "{timeline}");
    ends(acuse).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_window_that_closes_while_a_person_types_is_said_before_anything_is_written() {
    let acuse = led().await;
    words(&acuse, ANA, "Quiero hablar con una persona").await;
    acuse.run_jobs(Duration::minutes(1)).await.unwrap();
    let seen = acuse.get("/v1/cases").await.unwrap()["data"][0].clone();
    let (id, closes) = (seen["id"].as_str().unwrap(), seen["window_closes_at"].as_str().unwrap());
    let closes = time::OffsetDateTime::parse(closes, &Rfc3339).unwrap();
    assert!(closes > clock(), "it is open while she begins: {seen}");
    let reply = json!({ "version": seen["version"], "text": "Buenos días, Ana." });
    let path = format!("/v1/cases/{id}/reply");
    set_clock(Some(closes + Duration::SECOND));
    let before = acuse.world.graph.sent().len();
    let (status, refused) = acuse.send(Method::POST, &path, Some(&reply)).await.unwrap();
    assert_eq!(status, StatusCode::CONFLICT, "{refused}");
    acuse.run_jobs(Duration::minutes(5)).await.unwrap();
    assert_eq!(acuse.world.graph.sent().len(), before, "nothing leaves, and nothing waits to leave");
    let still = acuse.get(&format!("/v1/cases/{id}")).await.unwrap();
    assert_eq!((&still["version"], &still["state"]), (&seen["version"], &json!("human")), "it is as it was");
    // She writes again: what was typed goes.
    let again = Inbound {
        sent_at: Some(clock().unix_timestamp().unsigned_abs()),
        ..Inbound::new(Sender::phone(ANA.0, ANA.1), Said::Text("¿Hola?".into()))
    };
    assert_eq!(acuse.webhook(&acuse.world.graph.webhook_for(&[again])).await.unwrap(), 200);
    let now = acuse.get(&format!("/v1/cases/{id}")).await.unwrap();
    let reply = json!({ "version": now["version"], "text": "Buenos días, Ana." });
    assert_eq!(acuse.send(Method::POST, &path, Some(&reply)).await.unwrap().0, StatusCode::OK);
    assert_eq!(text_of(&answer(&acuse).await), "Buenos días, Ana.");
    ends(acuse).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_choice_is_tapped_once() {
    let acuse = led().await;
    file(&acuse, ANA, "receipt\ntotal=45.00\ncurrency=EUR\nnumber=7\nmerchant_name=Bar Sol").await;
    acuse.run_jobs(Duration::minutes(6)).await.unwrap();
    let id = only_document(&acuse).await["id"].as_str().unwrap().to_owned();
    let ask = format!("/v1/documents/{id}/ask");
    let question = json!({ "expects": "choice", "text": "¿De qué tienda?", "choices": ["Norte", "Sur"] });
    let (status, answered) = acuse.send(Method::POST, &ask, Some(&question)).await.unwrap();
    assert_eq!(status, StatusCode::OK, "{answered}");
    let asked = answer(&acuse).await;
    assert!(text_of(&asked).contains("¿De qué tienda?"));
    let payloads = buttons(&asked);
    assert_eq!(payloads.len(), 2);
    taps(&acuse, ("34600000009", "Otro"), &payloads[1]).await;
    assert!(text_of(&answer(&acuse).await).contains("otra persona"));
    taps(&acuse, ANA, &payloads[1]).await;
    assert!(text_of(&answer(&acuse).await).contains("lo anotamos"));
    taps(&acuse, ANA, &payloads[0]).await;
    assert!(text_of(&answer(&acuse).await).contains("«Sur»"));
    let timeline = acuse.get(&format!("/v1/documents/{id}/timeline")).await.unwrap().to_string();
    assert_eq!(timeline.matches("\"choice\":\"Sur\"").count(), 1, "{timeline}");
    for bad in [json!({ "expects": "choice", "text": "?", "choices": ["a"] }), json!({ "expects": "words" })]
    {
        let (status, _) = acuse.send(Method::POST, &ask, Some(&bad)).await.unwrap();
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{bad}");
    }
    ends(acuse).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_the_law_asks_for_it_a_card_is_read_only_once_its_holder_agrees() {
    let privacy =
        Privacy::read("version\t2026-01\nes\tTratamos tus datos para archivar tus documentos.").unwrap();
    let policies = Policies::ours().unwrap().with_privacy(Some(privacy));
    let acuse = InProcess::led(Some(policies)).await.unwrap();
    let luz = ("573001112233", "Luz");
    words(&acuse, luz, "Gracias").await;
    let notice = answer(&acuse).await;
    assert!(text_of(&notice).starts_with("Tratamos tus datos"), "{notice:?}");
    file(&acuse, luz, "card\ndocument_number=1020304050\nsurname=PRUEBA").await;
    assert!(text_of(&answer(&acuse).await).contains("sin leerlo"));
    assert!(!stands(&acuse, "1020304050"), "nothing of what was read is kept");
    taps(&acuse, luz, &buttons(&notice)[0]).await;
    answer(&acuse).await;
    assert_eq!(only_document(&acuse).await["kind"], "id", "it is read now");
    let contacts = acuse.get("/v1/contacts").await.unwrap();
    let contact = contacts["data"][0]["id"].as_str().unwrap();
    let consents = acuse.get(&format!("/v1/contacts/{contact}/consents")).await.unwrap();
    let states: Vec<_> =
        consents["data"].as_array().unwrap().iter().map(|c| (&c["state"], &c["text_version"])).collect();
    assert_eq!(states, [(&json!("told"), &json!("2026-01")), (&json!("granted"), &json!("2026-01"))]);
    // Who is from elsewhere is told, and not asked.
    file(&acuse, ANA, "card\ndocument_number=12345678Z").await;
    acuse.run_jobs(Duration::minutes(6)).await.unwrap();
    let to_ana: Vec<_> =
        acuse.world.graph.sent().into_iter().filter(|m| m.to.as_deref() == Some("+34600000001")).collect();
    assert!(text_of(&to_ana[0]).starts_with("Tratamos tus datos") && buttons(&to_ana[0]).is_empty());
    ends(acuse).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_notice_goes_to_whoever_agreed() {
    let acuse = led().await;
    words(&acuse, ANA, "Gracias").await;
    let number = acuse.world.graph.options().phone_number_id.clone();
    let account = acuse.world.graph.options().account_id.clone();
    let template = json!({ "name": "order_sent", "language": "es", "category": "UTILITY", "status": "APPROVED",
        "components": [{ "type": "BODY", "text": "Hola {{1}}, tu pedido {{2}} salió." }] });
    acuse.world.graph.set_templates(&account, vec![template]);
    acuse_workers::watch::look(&acuse.world.workers[0]).await.unwrap();
    let notice = json!({ "to": "+34 600 000 001", "template": "order_sent", "params": ["Ana", "77"],
        "idempotency_key": "order-77" });
    let (status, refused) = acuse.send(Method::POST, "/v1/notices", Some(&notice)).await.unwrap();
    assert_eq!(status, StatusCode::CONFLICT, "{refused}");
    let contacts = acuse.get("/v1/contacts").await.unwrap();
    let contact = contacts["data"][0]["id"].as_str().unwrap().to_owned();
    let consent =
        json!({ "phone_number_id": number, "category": "utility", "state": "granted", "source": "form" });
    let path = format!("/v1/contacts/{contact}/consents");
    assert_eq!(acuse.send(Method::POST, &path, Some(&consent)).await.unwrap().0, StatusCode::CREATED);
    let (status, made) = acuse.send(Method::POST, "/v1/notices", Some(&notice)).await.unwrap();
    assert_eq!(status, StatusCode::CREATED, "{made}");
    let (status, again) = acuse.send(Method::POST, "/v1/notices", Some(&notice)).await.unwrap();
    assert_eq!((status, &again["id"]), (StatusCode::OK, &made["id"]));
    acuse.run_jobs(Duration::hours(20)).await.unwrap();
    let sent = acuse.world.graph.sent().pop().unwrap();
    assert_eq!(sent.body["template"]["name"], "order_sent", "{:?}", sent.body);
    assert_eq!(sent.body["template"]["components"][0]["parameters"][1]["text"], "77");
    let path = format!("/v1/notices/{}", made["id"].as_str().unwrap());
    assert_eq!(acuse.get(&path).await.unwrap()["state"], "sent");
    ends(acuse).await;
}

/// The template of an order's news: a place in its header, two in its body, and a link that ends in something.
fn order_sent(category: &str) -> Value {
    json!({ "name": "order_sent", "language": "es", "category": category, "status": "APPROVED", "components": [
        { "type": "HEADER", "format": "TEXT", "text": "Pedido {{1}}" },
        { "type": "BODY", "text": "Hola {{1}}, tu pedido {{2}} salió." },
        { "type": "BUTTONS", "buttons": [{ "type": "URL", "text": "Ver", "url": "https://example.com/{{1}}" }] }] })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_notice_fills_its_template_and_goes_as_what_meta_takes_it_for_by_now() {
    let acuse = led().await;
    words(&acuse, ANA, "Gracias").await;
    let number = acuse.world.graph.options().phone_number_id.clone();
    let account = acuse.world.graph.options().account_id.clone();
    acuse.world.graph.set_templates(&account, vec![order_sent("UTILITY")]);
    acuse_workers::watch::look(&acuse.world.workers[0]).await.unwrap();
    let contacts = acuse.get("/v1/contacts").await.unwrap();
    let path = format!("/v1/contacts/{}/consents", contacts["data"][0]["id"].as_str().unwrap());
    let consent =
        json!({ "phone_number_id": number, "category": "utility", "state": "granted", "source": "form" });
    assert_eq!(acuse.send(Method::POST, &path, Some(&consent)).await.unwrap().0, StatusCode::CREATED);
    let notice = |key: &str, header: Option<&str>, link: &str, not_before: Option<&str>| {
        json!({ "to": "+34 600 000 001", "template": "order_sent", "params": ["Ana", "77"], "idempotency_key": key,
            "header": header, "buttons": [link], "not_before": not_before })
    };
    for (new, says) in [
        (notice("k1", None, "o/77", None), "nothing stands there"),
        (notice("k2", Some("77"), "", None), "button 1 of that template takes what its link ends in"),
        (notice("k3", Some("77"), "o 77", None), "without spaces"),
    ] {
        let (status, refused) = acuse.send(Method::POST, "/v1/notices", Some(&new)).await.unwrap();
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{refused}");
        assert!(refused.to_string().contains(says), "{says}: {refused}");
    }
    let good = notice("k4", Some("77"), "o/77", None);
    let (status, made) = acuse.send(Method::POST, "/v1/notices", Some(&good)).await.unwrap();
    assert_eq!(
        (status, &made["header"], &made["buttons"]),
        (StatusCode::CREATED, &json!("77"), &json!(["o/77"]))
    );
    acuse.run_jobs(Duration::hours(20)).await.unwrap();
    let sent = acuse.world.graph.sent().pop().unwrap();
    let parts = &sent.body["template"]["components"];
    assert_eq!((&parts[0]["type"], &parts[0]["parameters"][0]["text"]), (&json!("header"), &json!("77")));
    assert_eq!(parts[1]["parameters"].as_array().map(Vec::len), Some(2));
    assert_eq!(
        (&parts[2]["sub_type"], &parts[2]["index"], &parts[2]["parameters"][0]["text"]),
        (&json!("url"), &json!("0"), &json!("o/77"))
    );

    // Queued as news; by the time it is to leave, Meta takes the template for advertising.
    let later = (clock() + Duration::hours(3)).format(&Rfc3339).unwrap();
    let (status, queued) = acuse
        .send(Method::POST, "/v1/notices", Some(&notice("k5", Some("78"), "o/78", Some(&later))))
        .await
        .unwrap();
    assert_eq!(status, StatusCode::CREATED, "{queued}");
    acuse.world.graph.set_templates(&account, vec![order_sent("MARKETING")]);
    set_clock(Some(clock() + Duration::hours(2)));
    acuse_workers::watch::look(&acuse.world.workers[0]).await.unwrap();
    let before = acuse.world.graph.sent().len();
    acuse.run_jobs(Duration::hours(40)).await.unwrap();
    assert_eq!(acuse.world.graph.sent().len(), before, "to that she never agreed");
    let stands = acuse.get(&format!("/v1/notices/{}", queued["id"].as_str().unwrap())).await.unwrap();
    assert_eq!(stands["state"], "failed", "{stands}");
    assert!(acuse.get("/v1/incidents").await.unwrap().to_string().contains("consent_missing"));
    ends(acuse).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_notice_whose_template_is_paused_meanwhile_waits_for_it() {
    let acuse = led().await;
    words(&acuse, ANA, "Gracias").await;
    let number = acuse.world.graph.options().phone_number_id.clone();
    let account = acuse.world.graph.options().account_id.clone();
    let look = async || acuse_workers::watch::look(&acuse.world.workers[0]).await.unwrap();
    acuse.world.graph.set_templates(&account, vec![order_sent("UTILITY")]);
    look().await;
    let contacts = acuse.get("/v1/contacts").await.unwrap();
    let path = format!("/v1/contacts/{}/consents", contacts["data"][0]["id"].as_str().unwrap());
    let consent =
        json!({ "phone_number_id": number, "category": "utility", "state": "granted", "source": "form" });
    assert_eq!(acuse.send(Method::POST, &path, Some(&consent)).await.unwrap().0, StatusCode::CREATED);
    let later = (clock() + Duration::hours(3)).format(&Rfc3339).unwrap();
    let notice = json!({ "to": "+34 600 000 001", "template": "order_sent", "params": ["Ana", "77"],
        "idempotency_key": "k6", "header": "77", "buttons": ["o/77"], "not_before": later });
    let (status, queued) = acuse.send(Method::POST, "/v1/notices", Some(&notice)).await.unwrap();
    assert_eq!(status, StatusCode::CREATED, "{queued}");
    let path = format!("/v1/notices/{}", queued["id"].as_str().unwrap());
    let mut paused = order_sent("UTILITY");
    paused["status"] = json!("PAUSED");
    acuse.world.graph.set_templates(&account, vec![paused]);
    set_clock(Some(clock() + Duration::hours(2)));
    look().await;
    acuse.run_jobs(Duration::hours(20)).await.unwrap();
    let waits = acuse.get(&path).await.unwrap();
    // At night it waits for the day first.
    let held = [json!("template"), json!("morning")].contains(&waits["waits_for"]);
    assert!(waits["state"] == "queued" && held, "{waits}");
    assert!(acuse.world.graph.sent().is_empty());
    acuse.world.graph.set_templates(&account, vec![order_sent("UTILITY")]);
    set_clock(Some(clock() + Duration::hours(2)));
    look().await;
    acuse.run_jobs(Duration::hours(24)).await.unwrap();
    assert_eq!(acuse.get(&path).await.unwrap()["state"], "sent");
    assert_eq!(acuse.world.graph.sent().len(), 1, "once");
    ends(acuse).await;
}

const EVA: (&str, &str) = ("34600000002", "Eva");

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_comes_to_much_is_filed_once_somebody_tapped() {
    let acuse = led().await;
    let ana = json!({ "name": "Ana", "phones": [ANA.0] });
    assert_eq!(acuse.send(Method::POST, "/v1/customers", Some(&ana)).await.unwrap().0, StatusCode::CREATED);
    words(&acuse, EVA, "Gracias").await;
    acuse.run_jobs(Duration::minutes(1)).await.unwrap();
    let number = acuse.world.graph.options().phone_number_id.clone();
    let contacts = acuse.get("/v1/contacts").await.unwrap();
    let eva = contacts["data"][0]["id"].as_str().unwrap().to_owned();
    let consent =
        json!({ "phone_number_id": number, "category": "utility", "state": "granted", "source": "form" });
    let path = format!("/v1/contacts/{eva}/consents");
    assert_eq!(acuse.send(Method::POST, &path, Some(&consent)).await.unwrap().0, StatusCode::CREATED);
    let rules = format!("approve\treceipt\t1000 EUR\torder\t{number}\t24\t{}\n", EVA.0);
    acuse.world.catalog().set_house_rules(&rules, "cli").await.unwrap();

    file(&acuse, ANA, "receipt\ntotal=45.00\ncurrency=EUR\nnumber=7\nmerchant_name=Bar Sol\ndate=2026-05-03")
        .await;
    acuse.run_jobs(Duration::minutes(6)).await.unwrap();
    assert_eq!(only_document(&acuse).await["status"], "filed", "what is small is filed by itself");
    file(
        &acuse,
        ANA,
        "receipt\ntotal=4500.00\ncurrency=EUR\nnumber=8\nmerchant_name=Hotel Luna\ndate=2026-05-04",
    )
    .await;
    acuse.run_jobs(Duration::minutes(6)).await.unwrap();
    let all = acuse.get("/v1/documents?limit=100").await.unwrap();
    let large =
        all["data"].as_array().unwrap().iter().find(|d| d["status"] == "in_review").expect("it waits");
    let id = large["id"].as_str().unwrap().to_owned();
    let to_eva =
        |sent: &SentMessage| sent.to.as_deref().is_some_and(|to| to.trim_start_matches('+') == EVA.0);
    let asked = acuse.world.graph.sent().into_iter().rfind(to_eva).expect("she is asked");
    // Nobody vouched that it is no identity document, so nothing of it is sent.
    assert!(
        text_of(&asked).starts_with("Se pide tu aprobación: un documento que aquí no se muestra"),
        "{asked:?}"
    );
    let payloads = buttons(&asked);
    taps(&acuse, ANA, &payloads[0]).await;
    acuse.run_jobs(Duration::minutes(1)).await.unwrap();
    let path = format!("/v1/documents/{id}");
    assert_eq!(acuse.get(&path).await.unwrap()["status"], "in_review", "who is not asked approves nothing");
    taps(&acuse, EVA, &payloads[0]).await;
    acuse.run_jobs(Duration::minutes(6)).await.unwrap();
    assert_eq!(acuse.get(&path).await.unwrap()["status"], "filed", "and then it goes on by itself");
    let timeline = acuse.get(&format!("{path}/timeline")).await.unwrap().to_string();
    assert!(timeline.contains("approval_asked") && timeline.contains("approved_by_approver"), "{timeline}");
    ends(acuse).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_asks_when_we_are_there_is_told_and_who_is_not_answered_is_a_supervisors() {
    let acuse = led().await;
    let rules = "clock\t0\t-\nhours\tMo-Su 00:00-24:00\nteam\tventas\t30\nrule\t-\t-\t-\t-\t-\tventas\n";
    acuse.world.catalog().set_house_rules(rules, "cli").await.unwrap();
    let bruno = ("5511999990001", "Bruno");
    for (who, asks, told) in [
        (ANA, "¿A qué hora abren?", "lunes a domingo: 0:00–24:00"),
        (("15550190007", "Ann"), "What are your opening hours?", "Monday to Sunday: 0:00–24:00"),
        (bruno, "Qual é o horário de atendimento?", "segunda-feira a domingo: 0:00–24:00"),
    ] {
        words(&acuse, who, asks).await;
        assert!(text_of(&answer(&acuse).await).contains(told), "{asks}");
    }
    words(&acuse, bruno, "Quero falar com uma pessoa").await;
    acuse.run_jobs(Duration::minutes(20)).await.unwrap();
    assert_eq!(acuse.get("/v1/cases?team=ventas").await.unwrap()["data"].as_array().unwrap().len(), 1);
    assert_eq!(acuse.get("/v1/cases?late=true").await.unwrap()["data"].as_array().unwrap().len(), 0);
    acuse.run_jobs(Duration::minutes(40)).await.unwrap();
    let late = acuse.get("/v1/cases?late=true").await.unwrap();
    assert_eq!(late["data"].as_array().unwrap().len(), 1, "{late}");
    let incidents = acuse.get("/v1/incidents").await.unwrap().to_string();
    assert!(incidents.contains("case_overdue"), "{incidents}");
    let (id, version) = (late["data"][0]["id"].as_str().unwrap(), &late["data"][0]["version"]);
    let reply = json!({ "version": version, "text": "Olá, em que posso ajudar?" });
    let path = format!("/v1/cases/{id}/reply");
    assert_eq!(acuse.send(Method::POST, &path, Some(&reply)).await.unwrap().0, StatusCode::OK);
    assert!(text_of(&answer(&acuse).await).contains("posso ajudar"));
    let sent = acuse.world.graph.sent().len();
    let note = json!({ "text": "Prefere ser atendido por telefone." });
    let (status, noted) =
        acuse.send(Method::POST, &format!("/v1/cases/{id}/notes"), Some(&note)).await.unwrap();
    assert_eq!((status, &noted["text"]), (StatusCode::CREATED, &note["text"]));
    acuse.run_jobs(Duration::minutes(1)).await.unwrap();
    assert_eq!(acuse.world.graph.sent().len(), sent, "a note is never sent");
    let case = acuse.get(&format!("/v1/cases/{id}")).await.unwrap();
    assert_eq!(case["notes"][0], noted, "{case}");
    let empty =
        acuse.send(Method::POST, &format!("/v1/cases/{id}/notes"), Some(&json!({ "text": " " }))).await;
    assert_eq!(empty.unwrap().0, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(acuse.get("/v1/cases?late=true").await.unwrap()["data"].as_array().unwrap().len(), 0);
    ends(acuse).await;
}
