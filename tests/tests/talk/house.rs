//! What the house decides and persons do: who answers, who approves, and what is said too late.

use acuse_fixtures::graph::{Inbound, Said, Sender, SentMessage};
use acuse_storage::names::WaitsFor;
use acuse_tests::simulated::{clock, set_clock};
use axum::http::{Method, StatusCode};
use serde_json::json;
use time::{Duration, format_description::well_known::Rfc3339};

use crate::desk_beside::{page, reviewer};

use super::{ANA, EVA, agrees, answer, buttons, ends, file, led, only_document, taps, text_of, words};

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
async fn what_comes_to_much_is_filed_once_somebody_tapped() {
    let acuse = led().await;
    let ana = json!({ "name": "Ana", "phones": [ANA.0] });
    assert_eq!(acuse.send(Method::POST, "/v1/customers", Some(&ana)).await.unwrap().0, StatusCode::CREATED);
    words(&acuse, EVA, "Gracias").await;
    acuse.run_jobs(Duration::minutes(1)).await.unwrap();
    let number = acuse.world.graph.options().phone_number_id.clone();
    agrees(&acuse).await;
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
    let rita = reviewer(&acuse, "rita", true).await;
    let seen = page(&acuse, &rita, &format!("/documents/{id}")).await;
    let waits = acuse.world.catalog().document(id.parse().unwrap()).await.unwrap().unwrap();
    assert_eq!(waits.waits_for, Some(WaitsFor::Approver), "{large}");
    assert!(!seen.contains("id=\"four-eyes\""), "nobody has answered, and no second is asked: {seen}");
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
