//! The fake's webhooks, over Meta's escaping, verified and read back.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::time::Duration;

use acuse_fixtures::graph::{FakeGraph, Fault, Inbound, MediaType, Options, Point, Said, Sender};
use acuse_whatsapp::{
    Graph, GraphConfig, Secret,
    graph::TextMessage,
    signature::{AppSecrets, Matched},
    webhook::{Attachment, Content, DeliveryState, MediaKind, parse},
};
use tokio::{io::AsyncReadExt, io::AsyncWriteExt, net::TcpListener, sync::mpsc};

#[tokio::test]
async fn every_kind_of_sender_and_message_comes_through() {
    let graph = FakeGraph::start(Options::default()).await.unwrap();
    let pdf = graph.upload_media(&b"%PDF-1.7"[..], "application/pdf");
    let ana = Sender::both("51999000111", "PE.4100", "Ana Núñez 👍 <a@b.pe> 5% /");
    let eva = Sender::user_id("PE.4200", "Eva");
    let luis = Sender::phone("51999000333", "Luis");
    let webhook = graph.webhook_for(&[
        Inbound::media(ana, &pdf, "application/pdf", Some("factura nº 1.pdf")),
        Inbound::new(eva.clone(), Said::Text("hola ñ".into())),
        Inbound::new(luis, Said::MediaFailed(Some(MediaType::Image))),
        Inbound::new(eva, Said::MediaFailed(None)),
    ]);
    assert!(webhook.body.is_ascii());
    let secrets = AppSecrets::from_list(&graph.options().app_secret);
    assert_eq!(secrets.verify(Some(&webhook.signature), &webhook.body), Ok(Matched::Current));

    let parsed = parse(&webhook.body);
    assert!(parsed.is_understood(), "{:?}", parsed.troubles);
    let messages: Vec<_> = parsed.messages().collect();
    let Some(Attachment::Fetch(media)) = messages[0].attachment() else { panic!() };
    assert_eq!(media.id.as_ref().unwrap().as_str(), pdf);
    assert_eq!(media.filename.as_deref(), Some("factura nº 1.pdf"));
    assert!(media.sha256.is_some());
    assert_eq!(messages[0].sender.name.as_deref(), Some("Ana Núñez 👍 <a@b.pe> 5% /"));
    assert_eq!(messages[1].sender.name.as_deref(), Some("Eva"));
    assert_eq!(messages[1].sender.wa_id, None);
    let (image, failed) = (MediaKind::Image, Some(131_052));
    assert_eq!(messages[2].attachment(), Some(Attachment::Unavailable { kind: Some(&image), code: failed }));
    assert_eq!(messages[3].attachment(), Some(Attachment::Unavailable { kind: None, code: failed }));
}

/// The sizes of the head and the body, once both are there.
fn whole(request: &[u8]) -> Option<(usize, usize)> {
    let head = request.windows(4).position(|w| w == b"\r\n\r\n")? + 4;
    let lines = String::from_utf8_lossy(&request[..head]).to_ascii_lowercase();
    let length = lines.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok())?;
    (request.len() >= head + length).then_some((head, length))
}

/// A receiver that answers 200 to everything and hands over the bodies.
async fn receiver() -> (String, mpsc::Receiver<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/webhooks/whatsapp", listener.local_addr().unwrap());
    let (bodies, received) = mpsc::channel(16);
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let bodies = bodies.clone();
            tokio::spawn(async move {
                let mut request = Vec::new();
                while socket.read_buf(&mut request).await.unwrap_or(0) > 0 {
                    let Some((head, body)) = whole(&request) else { continue };
                    let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
                    socket.write_all(answer).await.unwrap();
                    bodies.send(request.drain(..head + body).skip(head).collect()).await.unwrap();
                }
            });
        }
    });
    (url, received)
}

#[tokio::test]
async fn statuses_of_what_is_sent_come_with_the_callback_data() {
    let (url, mut received) = receiver().await;
    let options = Options { status_webhook_url: Some(url), ..Options::default() };
    let graph = FakeGraph::start(options).await.unwrap();
    let token = Secret::new(&graph.options().access_token);
    let client = Graph::new(GraphConfig { url: graph.url(), ..GraphConfig::new(token) }).unwrap();
    let sent = client
        .send_text(&TextMessage {
            phone_number_id: graph.options().phone_number_id.clone(),
            to: "51999000111".parse().unwrap(),
            body: "Recibido".into(),
            reply_to: None,
            callback_data: Some("outbox:7".into()),
        })
        .await
        .unwrap();
    for state in [DeliveryState::Sent, DeliveryState::Delivered, DeliveryState::Read] {
        let body = tokio::time::timeout(Duration::from_secs(5), received.recv()).await.unwrap().unwrap();
        let parsed = parse(&body);
        assert!(parsed.is_understood(), "{:?}", parsed.troubles);
        let Content::Status(status) = &parsed.items[0].content else { panic!() };
        assert_eq!((&status.message_id, &status.state), (&sent.message_id, &state));
        assert_eq!(status.callback_data.as_deref(), Some("outbox:7"));
        assert_eq!(status.recipient.wa_id.as_ref().unwrap().as_str(), "51999000111");
    }
}

#[tokio::test]
async fn another_process_drives_it_over_control_calls() {
    let graph = FakeGraph::start(Options::default()).await.unwrap();
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let base = format!("http://{}", graph.address());
    let put = http.post(format!("{base}/_media")).header("content-type", "image/png").body("png");
    let put: serde_json::Value = put.send().await.unwrap().json().await.unwrap();
    let media_id = put["id"].as_str().unwrap();

    let rule = serde_json::json!({"point": "lookup", "fault": {"status": 503}, "times": 1});
    let set = http.post(format!("{base}/_faults")).json(&rule).send().await.unwrap();
    assert_eq!(set.status(), 204);
    let token = Secret::new(&graph.options().access_token);
    let client = Graph::new(GraphConfig { url: graph.url(), ..GraphConfig::new(token) }).unwrap();
    assert!(client.media(&media_id.parse().unwrap(), None).await.is_err());
    assert!(client.media(&media_id.parse().unwrap(), None).await.is_ok());
    graph.fail(Point::Lookup, None, Fault::media_gone(), u32::MAX);
    assert_eq!(http.delete(format!("{base}/_faults")).send().await.unwrap().status(), 204);
    assert!(client.media(&media_id.parse().unwrap(), None).await.is_ok());

    let order = serde_json::json!({"messages": [{"from": {"wa_id": "51999000111", "name": "Ana"},
        "said": {"media": {"kind": "image", "media_id": media_id}}}]});
    let made = http.post(format!("{base}/_webhook")).json(&order).send().await.unwrap();
    let made: serde_json::Value = made.json().await.unwrap();
    let secrets = AppSecrets::from_list(&graph.options().app_secret);
    let body = made["body"].as_str().unwrap().as_bytes();
    assert!(secrets.verify(made["signature"].as_str(), body).is_ok());
    assert!(parse(body).messages().next().unwrap().attachment().is_some());
    let sent: serde_json::Value =
        http.get(format!("{base}/_sent")).send().await.unwrap().json().await.unwrap();
    assert_eq!(sent, serde_json::json!([]));
}
