//! Messages that bring a file, through the fake Graph: a picture above buttons, what Meta refuses, a Graph that goes away
//! between the upload and the message, a worker that dies there, an id that is too old, and what was erased meanwhile.

use acuse_fixtures::graph::{Fault, Point, SentMessage};
use acuse_pipeline::document::Sha256;
use acuse_storage::{
    Access, ContactId, ObjectKey,
    accounts::Template,
    approvals::ApprovalState,
    attachments::NewFile,
    cases::{Act, Acted, CaseFilter},
    consents::Category,
    erasure::{Cause, Keep, Wish, Wished},
    inbound::{InboundItem, InboundStatus},
    key_file::ErasedKind,
    names::AttachmentId,
    numbers::{About, Direction},
    outbox::OutboxState,
};
use acuse_whatsapp::{
    graph::FileType,
    template::{Header, Takes},
};
use acuse_workers::jobs::boundary::die_at;
use serde_json::json;
use time::Duration;

use crate::{
    matters::{APPROVER, DEBTOR, agrees, approves, bill, notice, queues, ruled},
    talk::{passes, photo, writes},
    world::{World, clock},
};

/// A bill that comes to so much that somebody is asked, and that everybody may see.
fn large() -> String {
    format!("{}\nid_probability=0.0001", bill("N-9", "5000.00"))
}

/// How often files were uploaded, tries that were refused included.
fn uploads(world: &World) -> usize {
    world
        .graph
        .requests()
        .iter()
        .filter(|call| call.method == "POST" && call.path.ends_with("/media"))
        .count()
}

/// The questions that were sent.
fn questions(world: &World) -> Vec<SentMessage> {
    world.graph.sent().into_iter().filter(|sent| sent.body["type"] == "interactive").collect()
}

/// What stands above the buttons: its type, and the bytes that were uploaded for it.
fn header(world: &World, question: &SentMessage) -> (String, Vec<u8>) {
    let header = &question.body["interactive"]["header"];
    let kind = header["type"].as_str().unwrap_or_else(|| panic!("a header: {}", question.body)).to_owned();
    let id = header[&kind]["id"].as_str().unwrap();
    let (bytes, mime_type) = world.graph.uploaded(id).expect("what it names was uploaded");
    assert_eq!(mime_type, "image/jpeg");
    (kind, bytes.to_vec())
}

/// The state of the question, and whether it brings a file.
async fn row(world: &World) -> (OutboxState, bool) {
    let (state, brings): (String, i64) = world
        .queue
        .one(
            "SELECT state, CAST(CASE WHEN attachment_id IS NULL THEN 0 ELSE 1 END AS BIGINT) FROM outbox \
             WHERE purpose = 'approval' ORDER BY seq DESC LIMIT 1",
            &[],
        )
        .await;
    (state.parse().unwrap(), brings == 1)
}

async fn told(world: &World) -> Vec<String> {
    let open = world.env.catalog.incidents(None, None, 500).await.unwrap();
    open.into_iter().filter(|incident| !incident.messages.is_empty()).map(|incident| incident.kind).collect()
}

async fn is_approved(world: &World) -> bool {
    let all = world.env.catalog.approvals(&Access::whole(), (None, None), None, 9).await.unwrap();
    all.iter().map(|one| one.state).collect::<Vec<_>>() == [ApprovalState::Approved]
}

#[tokio::test]
async fn an_approver_is_asked_with_the_picture_and_taps() {
    let world = ruled().await;
    photo(&world, DEBTOR, &large()).await;
    passes(&world, Duration::minutes(10)).await;
    let asked = questions(&world);
    assert_eq!(asked.len(), 1, "{asked:#?}");
    let (kind, bytes) = header(&world, &asked[0]);
    assert_eq!(kind, "image");
    assert!(String::from_utf8_lossy(&bytes).contains("number=N-9"), "it is the page of that bill");
    let text = asked[0].body["interactive"]["body"]["text"].as_str().unwrap();
    assert!(text.contains("5000,00 EUR") && !text.contains("B12345674"), "{text}");
    assert_eq!(uploads(&world), 1);
    approves(&world).await;
    passes(&world, Duration::minutes(10)).await;
    assert!(is_approved(&world).await);
    world.balances("in the end").await;
}

#[tokio::test]
async fn what_meta_does_not_take_stays_behind_and_the_question_goes() {
    for (refused, why) in [
        (Fault::error(400, 100, None), "of no type that is supported"),
        (Fault::error(400, 131_053, None), "not taken"),
        (Fault::Status(413), "too large for whoever stands before Meta"),
    ] {
        let world = ruled().await;
        world.graph.fail(Point::Upload, None, refused, u32::MAX);
        photo(&world, DEBTOR, &large()).await;
        passes(&world, Duration::minutes(10)).await;
        let asked = questions(&world);
        assert_eq!(asked.len(), 1, "{why}: {asked:#?}");
        assert!(asked[0].body["interactive"].get("header").is_none(), "{why}");
        assert_eq!((uploads(&world), row(&world).await), (1, (OutboxState::Sent, false)), "{why}");
        approves(&world).await;
        passes(&world, Duration::minutes(10)).await;
        assert!(is_approved(&world).await, "{why}");
    }
}

#[tokio::test]
async fn a_picture_that_was_sent_and_failed_is_uploaded_once_more_and_then_left_behind() {
    let world = ruled().await;
    world.graph.fail(Point::Send, None, Fault::error(400, 131_053, None), 2);
    photo(&world, DEBTOR, &large()).await;
    passes(&world, Duration::minutes(30)).await;
    let asked = questions(&world);
    assert_eq!(asked.len(), 1, "{asked:#?}");
    assert!(asked[0].body["interactive"].get("header").is_none());
    assert_eq!((uploads(&world), row(&world).await.0), (2, OutboxState::Sent));
    assert!(told(&world).await.is_empty(), "nobody need be told");
}

#[tokio::test]
async fn a_picture_that_fails_by_a_status_is_uploaded_once_more() {
    let world = ruled().await;
    photo(&world, DEBTOR, &large()).await;
    passes(&world, Duration::minutes(10)).await;
    let first = questions(&world).remove(0);
    let failed = InboundStatus {
        wamid: first.message_id,
        status: "failed".into(),
        recipient: "34".into(),
        at: clock(),
        callback: first.callback_data,
        error_code: Some(131_053),
        error: None,
        raw: "{}".into(),
    };
    world.record(InboundItem::Status(failed)).await;
    passes(&world, Duration::minutes(10)).await;
    let asked = questions(&world);
    assert_eq!((asked.len(), uploads(&world)), (2, 2), "{asked:#?}");
    assert_eq!(header(&world, &asked[1]).0, "image");
    assert!(told(&world).await.is_empty(), "nobody need be told");
}

#[tokio::test]
async fn a_graph_that_goes_away_between_upload_and_message_doubles_nothing() {
    let world = ruled().await;
    let shut = Fault::Error { status: 500, code: 131_000, subcode: None, retry_after_secs: None };
    world.graph.fail(Point::Upload, None, Fault::unavailable(), 2);
    world.graph.fail(Point::Send, None, shut, 2);
    photo(&world, DEBTOR, &large()).await;
    passes(&world, Duration::minutes(45)).await;
    let asked = questions(&world);
    assert_eq!(asked.len(), 1, "{asked:#?}");
    assert_eq!(header(&world, &asked[0]).0, "image");
    assert_eq!(uploads(&world), 3, "two in vain; what was uploaded is not uploaded again");
    world.balances("in the end").await;
}

/// Nothing else waits for the number: the upload is the probe of its pause, and a file is not sent each minute in vain.
#[tokio::test]
async fn an_upload_that_a_dead_token_forbids_is_tried_at_growing_gaps() {
    let world = ruled().await;
    world.graph.fail(Point::Upload, None, Fault::token_expired(), u32::MAX);
    photo(&world, DEBTOR, &large()).await;
    passes(&world, Duration::minutes(50)).await;
    assert!((4..=12).contains(&uploads(&world)), "{}", uploads(&world));
    assert!(questions(&world).is_empty());
    world.graph.heal();
    passes(&world, Duration::minutes(40)).await;
    // By then they may be reminded of it, too.
    assert_eq!(questions(&world).first().map(|asked| header(&world, asked).0).as_deref(), Some("image"));
    assert!(!world.send_paused().await, "what went proves it");
    world.balances("in the end").await;
}

#[tokio::test]
async fn a_worker_that_dies_around_an_upload_sends_one_question() {
    for (boundary, times) in [("file.uploading", 1), ("file.uploaded", 2)] {
        let world = ruled().await;
        die_at(boundary);
        photo(&world, DEBTOR, &large()).await;
        passes(&world, Duration::minutes(45)).await;
        let asked = questions(&world);
        assert_eq!(asked.len(), 1, "{boundary}: {asked:#?}");
        assert_eq!(header(&world, &asked[0]).0, "image", "{boundary}");
        assert_eq!(uploads(&world), times, "{boundary}: it costs nothing but bytes");
        assert!(told(&world).await.is_empty(), "{boundary}");
        world.balances(boundary).await;
    }
}

#[tokio::test]
async fn an_id_that_is_old_or_unknown_is_uploaded_anew() {
    for (days, before, why) in [
        (29, "1234", "too old to be tried"),
        (2, "1234", "Meta does not know it"),
        (2, "of before", "it is no id"),
    ] {
        let world = ruled().await;
        let number = world.number();
        let catalog = &world.env.catalog;
        // The question waits, and Meta had its picture before.
        catalog.pause(About::Number(&number), Direction::Send, "for a test", clock()).await.unwrap();
        photo(&world, DEBTOR, &large()).await;
        passes(&world, Duration::seconds(30)).await;
        let micros = (clock() - Duration::days(days)).unix_timestamp() * 1_000_000;
        world
            .queue
            .run(
                "INSERT INTO media_uploads (attachment_id, phone_number_id, media_id, uploaded_at) \
                 SELECT attachment_id, $1, $3, $2 FROM outbox WHERE attachment_id IS NOT NULL",
                &[number.clone().into(), micros.into(), before.into()],
            )
            .await;
        passes(&world, Duration::minutes(45)).await;
        let asked = questions(&world);
        assert_eq!((asked.len(), uploads(&world)), (1, 1), "{why}: {asked:#?}");
        assert_eq!(header(&world, &asked[0]).0, "image", "{why}");
    }
}

#[tokio::test]
async fn what_is_erased_before_it_leaves_is_asked_of_nobody() {
    let world = ruled().await;
    let (number, catalog) = (world.number(), &world.env.catalog);
    catalog.pause(About::Number(&number), Direction::Send, "for a test", clock()).await.unwrap();
    let id = photo(&world, DEBTOR, &large()).await;
    passes(&world, Duration::seconds(30)).await;
    assert_eq!(row(&world).await, (OutboxState::Queued, true));
    let wish = Wish {
        kind: ErasedKind::Document,
        id: id.0,
        cause: Cause::Request,
        by: "user:eva".into(),
        keep: Keep::Nothing,
        whole_file: false,
        seen_version: None,
    };
    assert!(matches!(catalog.erase(&wish).await.unwrap(), Wished::Begun(_)));
    passes(&world, Duration::hours(30)).await;
    assert!(questions(&world).is_empty() && uploads(&world) == 0, "nor is anybody reminded of it");
    assert_eq!(row(&world).await.0, OutboxState::Withdrawn);
    world.balances("it is taken back").await;
}

/// A person's case with somebody who asked for one, and a file of theirs that is kept; the bytes that are.
async fn answered_with_a_file(world: &World, keep: bool) -> (ContactId, Vec<u8>) {
    writes(world, APPROVER, "Quiero hablar con una persona").await;
    passes(world, Duration::minutes(1)).await;
    let (catalog, whole) = (&world.env.catalog, Access::whole());
    let contact = catalog.contact_of_phone(&whole, APPROVER).await.unwrap().unwrap();
    let of_theirs =
        CaseFilter { contact: Some(contact), kind: Some("support".into()), ..CaseFilter::default() };
    let case = catalog.cases(&whole, &of_theirs, 9).await.unwrap().remove(0);
    let bytes = b"%PDF-1.7 la tarifa".to_vec();
    let id = AttachmentId::generate();
    let key = ObjectKey::original(NewFile::folder(id), &Sha256::of(&bytes));
    let stored = world.env.objects.put_bytes(&key, bytes.clone().into(), FileType::Pdf.mime()).await.unwrap();
    if !keep {
        world.env.objects.delete(&key).await.unwrap();
    }
    let file = NewFile { id, stored, file_type: FileType::Pdf, filename: "tarifa.pdf".into() };
    let reply = Act::Reply { text: "Aquí está.".into(), language: "es".into(), file: Some(file) };
    let done = catalog.act_on_case(&whole, case.id, case.version, "user:eva", &reply).await.unwrap();
    assert!(matches!(done, Acted::Done(_)), "{done:?}");
    (contact, bytes)
}

#[tokio::test]
async fn a_person_sends_a_file_that_arrives_as_a_document() {
    let world = ruled().await;
    let (contact, bytes) = answered_with_a_file(&world, true).await;
    passes(&world, Duration::minutes(5)).await;
    let sent = world.graph.sent().pop().unwrap();
    let document = &sent.body["document"];
    assert_eq!(sent.body["type"], "document");
    assert_eq!(document["filename"], "tarifa.pdf");
    assert_eq!(document["caption"], "Aquí está.");
    let (uploaded, mime_type) = world.graph.uploaded(document["id"].as_str().unwrap()).unwrap();
    assert_eq!((uploaded.to_vec(), mime_type.as_str()), (bytes, "application/pdf"));
    let said = world.env.catalog.conversation(&Access::whole(), contact, None, None, 9).await.unwrap();
    assert_eq!(said[0].file.as_ref().and_then(|file| file.filename.as_deref()), Some("tarifa.pdf"));
}

#[tokio::test]
async fn a_file_that_is_gone_or_refused_ends_in_front_of_a_person() {
    let world = ruled().await;
    answered_with_a_file(&world, false).await;
    passes(&world, Duration::minutes(5)).await;
    assert_eq!(told(&world).await, ["message_failed"], "its object is not in the store any more");
    assert_eq!(uploads(&world), 0);
    world.balances("it is told of").await;

    let world = ruled().await;
    world.graph.fail(Point::Upload, None, Fault::error(400, 131_053, None), u32::MAX);
    answered_with_a_file(&world, true).await;
    passes(&world, Duration::minutes(5)).await;
    assert_eq!(told(&world).await, ["message_failed"], "without its file it is nothing");
    world.balances("it is told of").await;
}

/// Meta has approved a template that begins with a file, and one was pushed beside it; its bytes.
async fn pushed(world: &World) -> Vec<u8> {
    let (catalog, account) = (&world.env.catalog, world.graph.options().account_id.clone());
    let components =
        json!([{ "type": "HEADER", "format": "DOCUMENT" }, { "type": "BODY", "text": "Tu factura." }]);
    let at_meta = json!({ "name": "bill_sent", "language": "es", "status": "APPROVED", "category": "UTILITY",
        "components": components });
    world.graph.set_templates(&account, vec![at_meta]);
    let template = Template {
        name: "bill_sent".into(),
        language: "es".into(),
        category: "UTILITY".into(),
        status: "APPROVED".into(),
        quality: None,
        rejected_reason: None,
        body_sha256: [9; 32],
        body: Some("Tu factura.".into()),
        takes: Some(Takes { header: Some(Header::Document), ..Takes::default() }),
    };
    catalog.keep_templates(&account, &[template]).await.unwrap();
    let bytes = b"%PDF-1.7 la tarifa".to_vec();
    let id = AttachmentId::generate();
    let key = ObjectKey::original(NewFile::folder(id), &Sha256::of(&bytes));
    let stored = world.env.objects.put_bytes(&key, bytes.clone().into(), FileType::Pdf.mime()).await.unwrap();
    let file = NewFile { id, stored, file_type: FileType::Pdf, filename: "tarifa.pdf".into() };
    catalog.keep_template_file(&account, ("bill_sent", "es"), &file).await.unwrap();
    bytes
}

async fn sends_bill(world: &World, contact: ContactId, key: &str) {
    queues(world, notice(contact, "bill_sent", key)).await;
    passes(world, Duration::minutes(20)).await;
}

#[tokio::test]
async fn a_template_begins_with_what_lies_beside_it() {
    let world = ruled().await;
    let contact = agrees(&world, DEBTOR, Category::Utility).await;
    let bytes = pushed(&world).await;
    let last = || {
        let sent = world.graph.sent().into_iter().rfind(|sent| sent.body["type"] == "template");
        let parts = sent.expect("it went").body["template"]["components"].clone();
        parts[0]["parameters"][0]["document"].clone()
    };
    sends_bill(&world, contact, "1").await;
    let document = last();
    assert_eq!(document["filename"], "tarifa.pdf", "{document}");
    let (uploaded, mime_type) = world.graph.uploaded(document["id"].as_str().unwrap()).unwrap();
    assert_eq!((uploaded.to_vec(), mime_type.as_str()), (bytes, "application/pdf"));
    sends_bill(&world, contact, "2").await;
    assert_eq!(uploads(&world), 1, "Meta has it already");

    // What Meta would not have is had anew; a worker that dies between sends it once all the same.
    world.graph.fail(Point::Send, None, Fault::error(400, 131_053, None), 1);
    sends_bill(&world, contact, "3").await;
    assert_eq!(uploads(&world), 2);
    world.graph.forget_media(last()["id"].as_str().unwrap());
    die_at("file.uploaded");
    sends_bill(&world, contact, "4").await;
    assert_eq!(uploads(&world), 4);
    let templates = world.graph.sent().into_iter().filter(|sent| sent.body["type"] == "template").count();
    assert_eq!(templates, 4);
    assert!(told(&world).await.is_empty());
    world.balances("in the end").await;
}

#[tokio::test]
async fn a_template_whose_file_is_not_taken_is_told_of() {
    let world = ruled().await;
    let contact = agrees(&world, DEBTOR, Category::Utility).await;
    pushed(&world).await;
    world.graph.fail(Point::Upload, None, Fault::error(400, 131_053, None), u32::MAX);
    sends_bill(&world, contact, "1").await;
    assert!(world.graph.sent().iter().all(|sent| sent.body["type"] != "template"), "never without it");
    assert_eq!(told(&world).await, ["message_failed"]);
    world.balances("it is told of").await;
}
