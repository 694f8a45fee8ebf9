//! Incidents leave the process: a signed webhook, a chat and a mailbox hear of them, and a route that fails is told
//! of by the others.

use std::sync::Arc;

use acuse_storage::{
    incidents::{
        Acknowledged, Severity,
        routes::{Medium, NewRoute, Route},
    },
    names::RouteId,
};
use acuse_workers::{
    Env,
    outgoing::{Outgoing, OutgoingConfig, alerts, sign::Secret},
};
use serde_json::json;
use time::Duration;

use crate::{
    receiver::{MailServer, Receiver},
    world::{World, clock, pass},
};

pub fn outgoing(secret: &Secret, smtp: Option<&MailServer>) -> Arc<Outgoing> {
    Arc::new(
        Outgoing::new(OutgoingConfig {
            networks: vec!["127.0.0.0/8".parse().unwrap()],
            smtp_url: smtp.map(|s| s.url.clone()),
            mail_from: Some("Acuse <acuse@example.com>".to_owned()),
            secrets: [("default".to_owned(), secret.clone())].into(),
        })
        .unwrap(),
    )
}

pub async fn route(env: &Env, name: &str, medium: Medium, target: &str) -> RouteId {
    let new = NewRoute {
        name: name.to_owned(),
        medium,
        target: target.to_owned(),
        secret_ref: None,
        kinds: Vec::new(),
        min_severity: Severity::Warning,
        again_after_secs: 1_800,
    };
    env.catalog.add_incident_route(&new).await.unwrap().expect("a new name")
}

async fn open(env: &Env, kind: &str, subject: &str) -> acuse_storage::IncidentId {
    env.catalog.open_incident(kind, subject, &json!({ "reason": "131042: pay first" })).await.unwrap()
}

async fn tell(env: &Env) {
    alerts::tell(env).await.unwrap();
}

#[tokio::test]
async fn an_incident_is_told_from_its_beginning_to_its_end() {
    let mut world = World::new().await;
    let (secret, receiver) = (Secret::generate(), Receiver::start().await);
    world.env.outgoing = Some(outgoing(&secret, None));
    let env = &world.env;
    route(env, "pager", Medium::Webhook, &format!("{}/hook", receiver.url)).await;
    route(env, "chat", Medium::Slack, &format!("{}/chat", receiver.url)).await;
    let id = open(env, "send_paused", "1066").await;
    open(env, "channel_event", "a template was approved").await;
    tell(env).await;
    tell(env).await;
    let came = receiver.came();
    assert_eq!(came.len(), 2, "each route once, and of what is no trouble nothing: {came:?}");
    let hook = came.iter().find(|c| c.path == "/hook").unwrap();
    assert!(hook.is_signed_by(&secret.expose()) && !hook.is_signed_by(&Secret::generate().expose()));
    let told = hook.json();
    assert_eq!((&told["type"], &told["data"]["severity"]), (&json!("incident.opened"), &json!("critical")));
    assert!(told["data"]["ended_by"].as_str().unwrap().contains("resumes it by itself"), "{told}");
    let chat = came.iter().find(|c| c.path == "/chat").unwrap().json();
    assert!(chat["text"].as_str().unwrap().contains("131042: pay first"), "{chat}");

    // Nobody says that they know.
    pass(Duration::minutes(29));
    tell(env).await;
    assert_eq!(receiver.came().len(), 0);
    pass(Duration::minutes(2));
    tell(env).await;
    let again = receiver.came();
    assert_eq!(again.len(), 2);
    assert!(again.iter().any(|c| c.body.contains("incident.reminder")));
    assert_eq!(env.catalog.acknowledge_incident(id, "eva", clock()).await.unwrap(), Acknowledged::Done);
    tell(env).await;
    assert!(
        receiver.came().iter().any(|c| c.body.contains("incident.acknowledged") && c.body.contains("eva"))
    );
    pass(Duration::hours(2));
    tell(env).await;
    assert_eq!(receiver.came().len(), 0, "it is somebody's now");
    env.catalog.resolve_incidents("send_paused", Some("1066")).await.unwrap();
    tell(env).await;
    assert!(receiver.came().iter().any(|c| c.body.contains("incident.resolved")));
    tell(env).await;
    assert_eq!(receiver.came().len(), 0);
    let told = env.catalog.incident_told(id).await.unwrap();
    assert_eq!(told.len(), 8, "who heard of it, and when: {told:?}");
}

#[tokio::test]
async fn a_storm_is_a_digest() {
    let mut world = World::new().await;
    let (secret, receiver) = (Secret::generate(), Receiver::start().await);
    world.env.outgoing = Some(outgoing(&secret, None));
    let env = &world.env;
    route(env, "pager", Medium::Webhook, &receiver.url).await;
    for n in 0..40 {
        open(env, "document_waiting", &n.to_string()).await;
    }
    open(env, "objects_away", "").await;
    tell(env).await;
    let came = receiver.came();
    assert_eq!(came.len(), 1);
    let told = came[0].json();
    assert_eq!((&told["type"], &told["data"]["count"]), (&json!("incident.digest"), &json!(41)));
    assert_eq!(told["data"]["incidents"][0]["kind"], "objects_away", "the gravest first");
    // It goes on for half an hour, at one a second minute: so many messages, no more.
    for n in 0..15 {
        open(env, "document_waiting", &format!("b{n}")).await;
        tell(env).await;
        pass(Duration::minutes(2));
    }
    pass(Duration::minutes(5));
    tell(env).await;
    let news: u64 = receiver.came().iter().map(|c| c.json()["data"]["count"].as_u64().unwrap_or(1)).sum();
    assert!(news >= 15, "and nothing is forgotten: {news}");
}

#[tokio::test]
async fn a_route_that_fails_is_told_of_by_another() {
    let mut world = World::new().await;
    let (secret, broken, good) = (Secret::generate(), Receiver::start().await, Receiver::start().await);
    world.env.outgoing = Some(outgoing(&secret, None));
    let env = &world.env;
    // A redirect is not followed: it is a failure like any other.
    broken.says(302);
    route(env, "broken", Medium::Webhook, &format!("{}/b", broken.url)).await;
    open(env, "send_paused", "1066").await;
    for _ in 0..5 {
        tell(env).await;
        pass(Duration::minutes(20));
    }
    route(env, "good", Medium::Webhook, &good.url).await;
    tell(env).await;
    let tried = broken.came();
    assert!(tried.len() >= 3 && tried.iter().all(|c| c.path == "/b"), "{tried:?}");
    assert!(tried.windows(2).all(|w| w[0].header("webhook-id") == w[1].header("webhook-id")));
    assert!(good.came().iter().any(|c| c.body.contains("alert_route_failing")));
    let seen = env.catalog.incidents(None, None, 100).await.unwrap();
    assert!(seen.iter().any(|i| i.kind == "alert_route_failing" && i.subject == "broken"));
    broken.says(204);
    pass(Duration::minutes(20));
    tell(env).await;
    assert!(broken.came().iter().any(|c| c.body.contains("send_paused")), "it was not lost");
    let seen = env.catalog.incidents(None, None, 100).await.unwrap();
    assert!(!seen.iter().any(|i| i.kind == "alert_route_failing"), "and it ends by itself");
}

#[tokio::test]
async fn a_mailbox_hears_of_it_and_can_be_tried() {
    let Some(server) = MailServer::start().await else { return };
    let mut world = World::new().await;
    let secret = Secret::generate();
    world.env.outgoing = Some(outgoing(&secret, Some(&server)));
    let env = &world.env;
    route(env, "office", Medium::Email, "Eva <eva@example.com>, luis@example.com").await;
    open(env, "scanner_away", "").await;
    tell(env).await;
    let mails = server.mails();
    assert_eq!(mails.len(), 1);
    let mail = mails[0].replace("=\r\n", "").replace("=\n", "");
    for part in ["[critical] New", "clamd", "Eva <eva@example.com>", "luis@example.com"] {
        assert!(mail.contains(part), "{part}: {mail}");
    }
    let routes: Vec<Route> = env.catalog.incident_routes().await.unwrap();
    let outgoing = env.outgoing.as_ref().unwrap();
    assert_eq!(alerts::test(&env.catalog, outgoing, &routes[0], "eva", clock()).await.unwrap(), Ok(()));
    assert!(server.mails().iter().any(|m| m.contains("[test]")));
    let error = alerts::check(outgoing, Medium::Email, "nobody", None).unwrap_err();
    assert!(error.contains("not an e-mail address"), "{error}");
    assert!(
        alerts::check(outgoing, Medium::Webhook, "https://10.0.0.1/x", None).unwrap_err().contains("public")
    );
}
