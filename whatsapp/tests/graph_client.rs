//! The Graph client against the fake: what succeeds, and how each failure is classed.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::time::Duration;

use acuse_fixtures::graph::{FakeGraph, Fault, Options, Point};
use acuse_whatsapp::{
    ErrorClass, Graph, GraphConfig, GraphError, MediaId, Secret,
    graph::{
        Attached, Cause, ChoiceMessage, Example, ExampleFile, FileMessage, FileType, GraphConfigError,
        MediaInfo, NewHeader, NewTemplate, TextMessage, Upload,
    },
};
use bytes::Bytes;
use futures_util::TryStreamExt;

const PDF: &[u8] = b"%PDF-1.7 a small file that stands for a larger one";
const CAP: u64 = 1024 * 1024;

async fn fake() -> FakeGraph {
    FakeGraph::start(Options::default()).await.unwrap()
}

fn config(graph: &FakeGraph) -> GraphConfig {
    GraphConfig {
        url: graph.url(),
        call_timeout: Duration::from_millis(500),
        idle_timeout: Duration::from_millis(300),
        download_timeout: Duration::from_secs(5),
        ..GraphConfig::new(Secret::new(&graph.options().access_token))
    }
}

fn client(graph: &FakeGraph) -> Graph {
    Graph::new(config(graph)).unwrap()
}

fn id(id: &str) -> MediaId {
    id.parse().unwrap()
}

async fn all(client: &Graph, media: &MediaInfo, cap: u64) -> Result<Vec<u8>, GraphError> {
    let pieces: Vec<Bytes> = client.download(media, cap).await?.bytes.try_collect().await?;
    Ok(pieces.concat())
}

/// Uploads, looks up and downloads under one fault of the bytes; gives the class.
async fn download_under(fault: Fault) -> ErrorClass {
    let graph = fake().await;
    let client = client(&graph);
    let media_id = graph.upload_media(PDF, "application/pdf");
    graph.fail(Point::Bytes, Some(&media_id), fault, 1);
    let media = client.media(&id(&media_id), None).await.unwrap();
    let class = all(&client, &media, CAP).await.unwrap_err().class;
    assert_eq!(all(&client, &media, CAP).await.unwrap(), PDF, "the next attempt succeeds");
    class
}

async fn lookup_under(fault: Fault) -> GraphError {
    let graph = fake().await;
    let media_id = graph.upload_media(PDF, "application/pdf");
    graph.fail(Point::Lookup, None, fault, 1);
    client(&graph).media(&id(&media_id), None).await.unwrap_err()
}

fn message(to: &str) -> TextMessage {
    TextMessage {
        phone_number_id: Options::default().phone_number_id,
        to: to.parse().unwrap(),
        body: "Recibimos tu documento ✔".into(),
        reply_to: None,
        callback_data: Some("outbox:1".into()),
    }
}

async fn send_under(fault: Fault) -> (GraphError, usize) {
    let graph = fake().await;
    graph.fail(Point::Send, None, fault, 1);
    let error = client(&graph).send_text(&message("15550190002")).await.unwrap_err();
    (error, graph.sent().len())
}

#[tokio::test]
async fn a_file_comes_whole_with_token_and_user_agent() {
    let graph = fake().await;
    let client = client(&graph);
    let media_id = graph.upload_media(PDF, "application/pdf");
    let media = client.media(&id(&media_id), Some(&graph.options().phone_number_id)).await.unwrap();
    assert_eq!(media.size_bytes, Some(PDF.len() as u64));
    assert_eq!(media.mime_type.as_deref(), Some("application/pdf"));
    assert!(media.sha256.is_some());
    assert_eq!(all(&client, &media, CAP).await.unwrap(), PDF);
    for seen in graph.requests() {
        assert!(seen.with_token);
        let agent = seen.user_agent.unwrap();
        assert_eq!(agent, concat!("acuse/", env!("CARGO_PKG_VERSION")));
    }
    let debug = format!("{media:?} {client:?}");
    assert!(!debug.contains("hash=") && !debug.contains(&graph.options().access_token), "{debug}");
}

#[tokio::test]
async fn the_token_never_crosses_a_redirect() {
    let graph = fake().await;
    let media_id = graph.upload_media(PDF, "application/pdf");
    let elsewhere = Fault::Redirect { location: "elsewhere".into() };

    // To a host that is not on the list: refused, and never called.
    graph.fail(Point::Bytes, None, elsewhere.clone(), 1);
    let strict = client(&graph);
    let media = strict.media(&id(&media_id), None).await.unwrap();
    let error = all(&strict, &media, CAP).await.unwrap_err();
    assert_eq!(error.class, ErrorClass::HostNotAllowed);
    assert!(!graph.requests().iter().any(|seen| seen.host.starts_with("localhost")));

    // To a host that is on the list: followed, without the token.
    graph.fail(Point::Bytes, None, elsewhere, 1);
    let open = GraphConfig { media_hosts: vec!["localhost".into()], ..config(&graph) };
    let open = Graph::new(open).unwrap();
    let media = open.media(&id(&media_id), None).await.unwrap();
    assert_eq!(all(&open, &media, CAP).await.unwrap(), PDF);
    let followed: Vec<_> =
        graph.requests().into_iter().filter(|seen| seen.host.starts_with("localhost")).collect();
    assert_eq!(followed.len(), 1);
    assert!(!followed[0].with_token);
}

#[tokio::test]
async fn a_redirect_loop_ends() {
    let graph = fake().await;
    let client = client(&graph);
    let media_id = graph.upload_media(PDF, "application/pdf");
    let media = client.media(&id(&media_id), None).await.unwrap();
    graph.fail(Point::Bytes, None, Fault::Redirect { location: media.url.to_string() }, u32::MAX);
    // The second hop comes without the token and is refused, which does not condemn the token.
    let error = all(&client, &media, CAP).await.unwrap_err();
    assert_eq!(error.class, ErrorClass::Retry, "{error:?}");
    assert!(graph.requests().len() < 8);
}

#[tokio::test]
async fn the_token_is_not_shown_to_hosts_off_the_list() {
    for url in ["https://evil.example/a", "http://169.254.169.254/latest", "http://lookaside.fbsbx.com/a"] {
        let graph = fake().await;
        let client = client(&graph);
        let media_id = graph.upload_media(PDF, "application/pdf");
        graph.fail(Point::Lookup, None, Fault::ByteUrl { url: url.into() }, 1);
        let media = client.media(&id(&media_id), None).await.unwrap();
        let error = client.download(&media, CAP).await.unwrap_err();
        assert_eq!(error.class, ErrorClass::HostNotAllowed, "{url}");
    }
}

#[tokio::test]
async fn the_cap_holds_whatever_the_other_side_says() {
    let graph = fake().await;
    let client = client(&graph);
    let media_id = graph.upload_media(PDF, "application/pdf");
    let mut media = client.media(&id(&media_id), None).await.unwrap();
    let error = client.download(&media, 10).await.unwrap_err();
    assert_eq!(error.class, ErrorClass::MediaTooLarge, "by the look-up");
    media.size_bytes = None;
    let error = client.download(&media, 10).await.unwrap_err();
    assert_eq!(error.class, ErrorClass::MediaTooLarge, "by the header");
    graph.fail(Point::Bytes, None, Fault::Endless { bytes: 64 * CAP }, 1);
    let error = all(&client, &media, CAP).await.unwrap_err();
    assert_eq!(error.class, ErrorClass::MediaTooLarge, "by counting");
}

#[tokio::test]
async fn what_goes_wrong_with_bytes() {
    assert_eq!(download_under(Fault::Status(404)).await, ErrorClass::MediaUrlExpired);
    assert_eq!(download_under(Fault::Status(503)).await, ErrorClass::Retry);
    assert_eq!(download_under(Fault::Truncate).await, ErrorClass::Retry);
    assert_eq!(download_under(Fault::Endless { bytes: 20 }).await, ErrorClass::Retry, "too short");
    assert_eq!(download_under(Fault::Hang { millis: 2_000 }).await, ErrorClass::Retry);
    let slow = Fault::Slow { millis: 600, piece_bytes: 10 };
    assert_eq!(download_under(slow).await, ErrorClass::Retry);
    assert_eq!(download_under(Fault::token_expired()).await, ErrorClass::TokenExpired);
}

#[tokio::test]
async fn a_trickle_ends_at_the_deadline() {
    let graph = fake().await;
    let quick = GraphConfig { download_timeout: Duration::from_millis(700), ..config(&graph) };
    let client = Graph::new(quick).unwrap();
    let media_id = graph.upload_media(vec![b'x'; 10_000], "application/pdf");
    graph.fail(Point::Bytes, None, Fault::Slow { millis: 50, piece_bytes: 10 }, 1);
    let media = client.media(&id(&media_id), None).await.unwrap();
    let error = all(&client, &media, CAP).await.unwrap_err();
    assert!(matches!(error.cause, Cause::TimedOut(_)), "{error:?}");
}

#[tokio::test]
async fn an_expired_url_is_looked_up_again() {
    let graph = fake().await;
    let client = client(&graph);
    let media_id = graph.upload_media(PDF, "application/pdf");
    let media = client.media(&id(&media_id), None).await.unwrap();
    graph.expire_urls();
    assert_eq!(all(&client, &media, CAP).await.unwrap_err().class, ErrorClass::MediaUrlExpired);
    let media = client.media(&id(&media_id), None).await.unwrap();
    assert_eq!(all(&client, &media, CAP).await.unwrap(), PDF);
}

#[tokio::test]
async fn a_dead_media_id_is_gone_and_a_strangers_too() {
    let graph = fake().await;
    let client = client(&graph);
    let media_id = graph.upload_media(PDF, "application/pdf");
    let foreign = client.media(&id(&media_id), Some("1")).await.unwrap_err();
    assert_eq!(foreign.class, ErrorClass::MediaGone);
    graph.forget_media(&media_id);
    for dead in [media_id.as_str(), "../me", "a/b?c#d", "٣"] {
        let error = client.media(&id(dead), None).await.unwrap_err();
        assert_eq!(error.class, ErrorClass::MediaGone, "{dead}");
        assert_eq!((error.code(), error.subcode()), (Some(100), Some(33)));
    }
}

#[tokio::test]
async fn what_goes_wrong_with_a_look_up() {
    assert_eq!(lookup_under(Fault::unavailable()).await.class, ErrorClass::Retry);
    assert_eq!(lookup_under(Fault::NotJson).await.class, ErrorClass::Retry);
    let hang = lookup_under(Fault::Hang { millis: 2_000 }).await;
    assert!(matches!(hang.cause, Cause::TimedOut(_)) && hang.class.is_transient());
    assert!(lookup_under(Fault::token_expired()).await.class.pauses());
    let quota = Fault::Error { status: 400, code: 80_007, subcode: None, retry_after_secs: Some(9) };
    let nine = ErrorClass::Wait { retry_after: Duration::from_secs(9) };
    assert_eq!(lookup_under(quota).await.class, nine);
    let redirected = lookup_under(Fault::Redirect { location: "http://localhost:1/x".into() }).await;
    assert!(matches!(redirected.cause, Cause::Redirected(_)));
    assert_eq!(redirected.class, ErrorClass::Retry, "Meta redirects no call: it is somebody in between");
    assert_eq!(lookup_under(Fault::Status(403)).await.class, ErrorClass::Retry, "a page of somebody's");
}

fn pdf() -> Upload {
    Upload {
        phone_number_id: Options::default().phone_number_id,
        file_type: FileType::Pdf,
        bytes: Bytes::from_static(PDF),
    }
}

fn file(media_id: MediaId) -> FileMessage {
    FileMessage {
        phone_number_id: Options::default().phone_number_id,
        to: "15550190002".parse().unwrap(),
        file: Attached { media_id, file_type: FileType::Pdf, filename: Some("recibo.pdf".into()) },
        caption: "Aquí está".into(),
        callback_data: Some("outbox:1".into()),
    }
}

#[tokio::test]
async fn what_is_uploaded_is_sent_by_its_id() {
    let graph = fake().await;
    let client = client(&graph);
    let media_id = client.upload(&pdf()).await.unwrap();
    let (bytes, mime_type) = graph.uploaded(media_id.as_str()).unwrap();
    assert_eq!((&bytes[..], mime_type.as_str()), (PDF, "application/pdf"));
    client.send_file(&file(media_id.clone())).await.unwrap();
    let question = ChoiceMessage {
        phone_number_id: Options::default().phone_number_id,
        to: "15550190002".parse().unwrap(),
        header: Some(file(media_id.clone()).file),
        body: "¿Apruebas?".into(),
        choices: vec![("acuse:1".into(), "Sí".into()), ("acuse:2".into(), "No".into())],
        open: "Elegir".into(),
        identity_key_hash: None,
        callback_data: None,
    };
    client.send_choices(&question).await.unwrap();
    let sent = graph.sent();
    assert_eq!(sent[0].body["document"]["id"], media_id.as_str());
    assert_eq!(sent[1].body["interactive"]["header"]["document"]["id"], media_id.as_str());
    // What was never uploaded, or is forgotten, is sent to nobody.
    graph.forget_media(media_id.as_str());
    let unknown = client.send_file(&file(media_id)).await.unwrap_err();
    assert_eq!((unknown.class, unknown.code()), (ErrorClass::OutboundMedia, Some(131_053)));
    assert_eq!(graph.sent().len(), 2);
}

#[tokio::test]
async fn an_upload_that_fails_is_classed_as_sends_are_and_never_in_doubt() {
    let graph = fake().await;
    let client = client(&graph);
    for (fault, class) in [
        (Fault::unavailable(), ErrorClass::Retry),
        (Fault::NotJson, ErrorClass::Retry),
        (Fault::Status(502), ErrorClass::Retry),
        (Fault::Hang { millis: 100 }, ErrorClass::Retry),
        (Fault::token_expired(), ErrorClass::TokenExpired),
        (Fault::error(400, 130_429, None), ErrorClass::NumberThroughput),
        (Fault::error(400, 131_053, None), ErrorClass::OutboundMedia),
        (Fault::error(400, 100, None), ErrorClass::Permanent),
    ] {
        graph.fail(Point::Upload, None, fault.clone(), 1);
        assert_eq!(client.upload(&pdf()).await.unwrap_err().class, class, "{fault:?}");
    }
    let large = Upload { file_type: FileType::Jpeg, bytes: vec![0; 5_000_001].into(), ..pdf() };
    assert_eq!(client.upload(&large).await.unwrap_err().class, ErrorClass::MediaTooLarge);
    assert!(client.upload(&pdf()).await.is_ok());
}

#[tokio::test]
async fn the_example_of_a_header_goes_on_where_it_broke_off_and_is_handed_in_by_its_handle() {
    let graph = fake().await;
    let client = client(&graph);
    let file = ExampleFile::of("DOCUMENT", "a.pdf", Bytes::from_static(PDF)).unwrap();
    let app = client.token().await.unwrap().app_id.unwrap();
    graph.fail(Point::Example, None, Fault::Truncate, 2);
    let handle = client.upload_example(&app, &file).await.unwrap();
    assert_eq!(graph.example(&handle), Some((Bytes::from_static(PDF), "application/pdf".to_owned())));
    graph.fail(Point::Example, None, Fault::unavailable(), u32::MAX);
    let away = client.upload_example(&app, &file).await.unwrap_err();
    assert_eq!(away.class, ErrorClass::Retry, "it goes on so often and no more");
    graph.heal();
    assert!(client.upload_example("800100200300499", &file).await.is_err(), "of another app");

    let new = NewTemplate {
        name: "bill_sent".into(),
        language: "es".into(),
        category: "UTILITY".into(),
        header: Some(NewHeader::File { format: "DOCUMENT".into(), example: Example::File(file) }),
        body: "Hola.".into(),
        examples: Vec::new(),
        buttons: Vec::new(),
    };
    let account = graph.options().account_id.clone();
    let bare = client.create_template(&account, &new).await.unwrap_err();
    assert_eq!(bare.code(), Some(100), "Meta wants an example");
    let handed = new.with_handle(handle);
    assert_eq!(client.create_template(&account, &handed).await.unwrap(), "PENDING");
}

#[tokio::test]
async fn a_wrong_token_pauses_the_channel() {
    let graph = fake().await;
    let wrong = GraphConfig { access_token: Secret::new("EAAWRONG"), ..config(&graph) };
    let error = Graph::new(wrong).unwrap().probe().await.unwrap_err();
    assert_eq!((error.class, error.code()), (ErrorClass::TokenExpired, Some(190)));
    assert_eq!(client(&graph).probe().await.unwrap().id, "100200300400500");
}

#[tokio::test]
async fn nobody_there_is_a_retry_even_for_a_send() {
    let graph = fake().await;
    let client = client(&graph);
    drop(graph);
    let error = client.send_text(&message("15550190002")).await.unwrap_err();
    assert!(matches!(error.cause, Cause::Connect(_)), "{error:?}");
    assert_eq!(error.class, ErrorClass::Retry, "nothing left this machine");
}

#[tokio::test]
async fn a_text_goes_to_a_number_or_a_user_id() {
    let graph = fake().await;
    let client = client(&graph);
    let sent = client.send_text(&message("15550190002")).await.unwrap();
    client.send_text(&message("US.4100200300400500600")).await.unwrap();
    client.mark_read(&graph.options().phone_number_id, "wamid.X==", true).await.unwrap();
    assert!(graph.wait_for_sent(2, Duration::from_secs(1)).await);
    let recorded = graph.sent();
    assert_eq!(recorded[0].message_id, sent.message_id);
    assert_eq!(sent.state.as_deref(), Some("accepted"));
    assert_eq!(recorded[0].to.as_deref(), Some("+15550190002"));
    assert_eq!(recorded[0].callback_data.as_deref(), Some("outbox:1"));
    assert_eq!(recorded[1].to, None);
    assert_eq!(recorded[1].recipient.as_deref(), Some("US.4100200300400500600"));
    assert_eq!(graph.read_receipts(), ["wamid.X=="]);
}

/// To mark as read needs what a message needs.
#[tokio::test]
async fn who_may_not_send_may_not_mark_as_read() {
    let graph = fake().await;
    let (client, number) = (client(&graph), graph.options().phone_number_id.clone());
    let both = async || {
        let marked = client.mark_read(&number, "wamid.X==", false).await;
        let sent = client.send_text(&message("15550190002")).await.map(drop);
        [marked, sent].map(|done| done.err().map(|error| error.class))
    };
    graph.permit(&number, false);
    assert_eq!(both().await, [Some(ErrorClass::StopAccount); 2]);
    graph.permit(&number, true);
    graph.register(&number, false);
    assert_eq!(both().await, [Some(ErrorClass::StopNumber); 2]);
    assert!(graph.read_receipts().is_empty() && graph.sent().is_empty());
    graph.register(&number, true);
    assert_eq!(both().await, [None; 2]);
}

#[tokio::test]
async fn what_goes_wrong_with_a_send() {
    for (fault, class) in [
        (Fault::pair_limit(), ErrorClass::PairLimit),
        (Fault::window_closed(), ErrorClass::WindowClosed),
        (Fault::token_expired(), ErrorClass::TokenExpired),
        (Fault::error(400, 131_026, None), ErrorClass::Undeliverable),
        (Fault::error(400, 130_429, None), ErrorClass::NumberThroughput),
        (Fault::error(400, 368, None), ErrorClass::StopSending),
        (Fault::error(400, 131_048, None), ErrorClass::StopSending),
        (Fault::error(400, 987_654, None), ErrorClass::Permanent),
        (Fault::unavailable(), ErrorClass::Retry),
        (Fault::Status(504), ErrorClass::Unknown),
        (Fault::NotJson, ErrorClass::Unknown),
    ] {
        let (error, sent) = send_under(fault.clone()).await;
        assert_eq!((error.class, sent), (class, 0), "{fault:?}");
    }
    let (error, sent) = send_under(Fault::AcceptThenHang { millis: 2_000 }).await;
    assert_eq!((error.class, sent), (ErrorClass::Unknown, 1), "it was sent, and we cannot know");
}

#[test]
fn a_configuration_that_would_leak_or_fail_is_refused() {
    let with = |url: &str, token: &str| {
        let config = GraphConfig { url: url.into(), ..GraphConfig::new(Secret::new(token)) };
        Graph::new(config).map(drop)
    };
    assert!(with("https://graph.facebook.com/v25.0/", "EAAG").is_ok());
    assert!(with("http://127.0.0.1:9/v25.0", "EAAG").is_ok());
    assert!(matches!(with("http://graph.facebook.com", "EAAG"), Err(GraphConfigError::NotHttps)));
    assert!(matches!(with("graph.facebook.com", "EAAG"), Err(GraphConfigError::Url)));
    assert!(matches!(with("https://graph.facebook.com", " "), Err(GraphConfigError::Token)));
    assert!(matches!(with("https://graph.facebook.com", "EA AG"), Err(GraphConfigError::Token)));
}
