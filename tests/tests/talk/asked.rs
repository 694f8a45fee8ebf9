//! What senders are asked, and what answers it: what cannot be seen, the other side, a question, a choice, consent.

use acuse_conversation::{Policies, Privacy};
use acuse_fixtures::graph::{MediaType, Said, SentMessage};
use acuse_tests::in_process::InProcess;
use axum::http::{Method, StatusCode};
use serde_json::{Value, json};
use time::Duration;

use super::{ANA, EVA, answer, buttons, ends, file, led, only_document, post, stands, taps, text_of, words};

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
