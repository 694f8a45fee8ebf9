//! Promises of files that messages of ours bring: uploaded before they are paid for, remembered by number, left behind
//! where they cannot be taken along, and gone with what they show.

use acuse_pipeline::{
    document::Sha256,
    reason::{Reason, ReasonCode},
};
use acuse_whatsapp::{
    graph::FileType,
    template::{Header, Takes, Unfit},
};
use time::Duration;
use uuid::Uuid;

use super::{
    access::{bill, waiting},
    cases::{cases_of, leading, writes},
    erasure::{behind, wish},
    given::{has_template, template},
    house::known,
    notices::{in_hand, notice},
    owed::approver,
    road::next_of,
};
use crate::{
    Access, Catalog, ContactId, DocumentId, ObjectKey, StoredObject,
    accounts::Template,
    approvals::{ApprovalState, Approving, Mode, NewApproval},
    attachments::{Attachment, Found, NewFile},
    cases::{Act, Acted},
    documents::StoredPage,
    erasure::Wished,
    key_file::ErasedKind,
    names::{AttachmentId, OutboxId, now},
    notices::{NewNotice, NoticeState, Noticed},
    outbox::{MessageKind, NewReply, NextReply, OutboxMessage, Purpose, Saying, Shape, queue_as},
    stages::ReadFacts,
};

const LEASE: std::time::Duration = std::time::Duration::from_secs(45);

/// A bill of so many pages that everybody may see.
fn paged(pages: u32) -> ReadFacts {
    let folder = DocumentId::generate();
    let page = |n| {
        let key = ObjectKey::page(folder, n, &Sha256::of(format!("{folder} {n}").as_bytes()));
        StoredPage { key, width: 10, height: 10, changed: false, received: None }
    };
    ReadFacts { page_count: pages, pages: (1..=pages).map(page).collect(), ..bill() }
}

async fn asks(catalog: &Catalog, document: DocumentId, contact: ContactId, number: &str) {
    let new = NewApproval {
        document: Some(document),
        question: String::new(),
        approvers: vec![contact],
        mode: Mode::Order,
        phone_number_id: number.to_owned(),
        due_at: None,
    };
    let asked = catalog.ask_for_approval(&Access::new(true), &new, "user:eva").await.unwrap();
    assert!(matches!(asked, Approving::Asked(_)), "{asked:?}");
}

/// The question that a contact is asked, in a worker's hand; what stands before it is withdrawn.
async fn question(catalog: &Catalog, contact: ContactId) -> OutboxMessage {
    loop {
        match next_of(catalog, contact, LEASE).await {
            NextReply::Send(message) if message.purpose == Purpose::Approval => return *message,
            NextReply::Send(other) => catalog.reply_withdrawn(other.id, "for a test").await.unwrap(),
            other => panic!("{other:?}"),
        }
    }
}

async fn here(catalog: &Catalog, message: &OutboxMessage, number: &str) -> Attachment {
    match catalog.attachment_of(message, number).await.unwrap() {
        Some(Found::Here(file)) => *file,
        other => panic!("{other:?}"),
    }
}

async fn paid_by(catalog: &Catalog, contact: ContactId) -> i64 {
    let mut tx = catalog.reading().await.unwrap();
    let sql = "SELECT COALESCE(MAX(pair_paid_at), 0) FROM windows WHERE contact_id = $1";
    one!(tx, (i64,), sql, contact.0).unwrap().0
}

pub(super) async fn a_picture_is_uploaded_once_for_each_number_and_paid_for_by_nobody(catalog: &Catalog) {
    let catalog = &leading(catalog);
    let (_, contact, number, _) = approver(catalog).await;
    let facts = paged(1);
    let id = waiting(catalog, &facts).await;
    asks(catalog, id, contact, &number).await;
    let (message, paid) = (question(catalog, contact).await, paid_by(catalog, contact).await);
    assert_eq!((message.kind, message.upload_attempts), (MessageKind::Buttons, 0));
    assert!(message.payload.without_file.is_some(), "it has words for where the picture is not");
    let file = here(catalog, &message, &number).await;
    assert_eq!((&file.object.key, file.file_type), (&facts.pages[0].key, FileType::Jpeg));
    assert_eq!((file.document_id, file.filename.as_deref()), (Some(id), Some("invoice.jpg")));
    assert_eq!(file.upload, None);

    // The worker dies of it: the message waits as it was, and its upload begins anew.
    assert!(catalog.upload_begins(message.id, now() - Duration::MINUTE).await.unwrap());
    let again = question(catalog, contact).await;
    assert_eq!((again.id, again.attempts, again.upload_attempts), (message.id, 0, 1));
    assert!(catalog.upload_begins(message.id, now() + Duration::MINUTE).await.unwrap());
    assert_eq!(next_of(catalog, contact, LEASE).await, NextReply::Busy, "it is held as long as that lasts");
    catalog.uploaded(message.id, file.id, &number, "77").await.unwrap();
    let free = question(catalog, contact).await;
    let known = here(catalog, &free, &number).await;
    assert_eq!(known.upload.map(|(media, _)| media).as_deref(), Some("77"));
    assert_eq!(here(catalog, &free, "another number").await.upload, None);
    assert_eq!(paid_by(catalog, contact).await, paid, "an upload counts against nobody");

    // Of the same document the same file is asked about, and Meta has it already.
    assert!(catalog.goes_without_file(&free, "Meta would not have it").await.unwrap());
    let without = question(catalog, contact).await;
    assert_eq!(Some(&without.body), free.payload.without_file.as_ref());
    assert_eq!(without.attachment_id, None);
    catalog.reply_withdrawn(without.id, "for a test").await.unwrap();
    asks(catalog, id, contact, &number).await;
    let second = question(catalog, contact).await;
    assert_eq!(second.attachment_id, Some(file.id));
    catalog.upload_forgotten(file.id, &number, "an older one").await.unwrap();
    assert!(here(catalog, &second, &number).await.upload.is_some(), "that one is not what is forgotten");
    catalog.upload_forgotten(file.id, &number, "77").await.unwrap();
    assert_eq!(here(catalog, &second, &number).await.upload, None);
    catalog.reply_withdrawn(second.id, "for a test").await.unwrap();
}

pub(super) async fn several_pages_are_the_file_itself_unless_it_is_dangerous(catalog: &Catalog) {
    let catalog = &leading(catalog);
    let (_, contact, number, _) = approver(catalog).await;
    let pdf = || ReadFacts { media_type: "application/pdf".into(), ..paged(2) };
    let active = vec![Reason::new(ReasonCode::ActiveContent, "a script")];
    for (facts, expected) in [
        (pdf(), FileType::Pdf),
        (ReadFacts { findings: active, ..pdf() }, FileType::Jpeg),
        (ReadFacts { media_type: "image/tiff".into(), ..paged(2) }, FileType::Jpeg),
    ] {
        let id = waiting(catalog, &facts).await;
        asks(catalog, id, contact, &number).await;
        let message = question(catalog, contact).await;
        let file = here(catalog, &message, &number).await;
        let original = catalog.document(id).await.unwrap().unwrap().original.unwrap();
        let key = if expected == FileType::Pdf { &original.key } else { &facts.pages[0].key };
        assert_eq!((file.file_type, &file.object.key), (expected, key));
        catalog.reply_withdrawn(message.id, "for a test").await.unwrap();
    }
    // Of what nobody vouches that it is no ID there is no picture.
    let id = waiting(catalog, &ReadFacts { id_probability: Some(0.5), ..paged(1) }).await;
    asks(catalog, id, contact, &number).await;
    let message = question(catalog, contact).await;
    assert_eq!((message.attachment_id, message.payload.without_file), (None, None));
    catalog.reply_withdrawn(message.id, "for a test").await.unwrap();
}

pub(super) async fn what_a_picture_shows_takes_it_along_when_it_goes(catalog: &Catalog) {
    let catalog = &leading(catalog);
    let (_, contact, number, _) = approver(catalog).await;
    let id = waiting(catalog, &paged(1)).await;
    asks(catalog, id, contact, &number).await;
    let message = question(catalog, contact).await;
    let file = here(catalog, &message, &number).await;
    catalog.uploaded(message.id, file.id, &number, "78").await.unwrap();
    let shown = async |access: &Access| {
        let said = catalog.conversation(access, contact, None, None, 50).await.unwrap();
        said.into_iter().find(|said| said.id == message.id.0).unwrap()
    };
    let open = shown(&Access::new(false)).await;
    assert_eq!(open.file.and_then(|file| file.document_id), Some(id));

    let sql = "UPDATE documents SET sensitivity = 'unknown' WHERE id = $1";
    behind(catalog, sql.into(), id.0).await;
    let withheld = shown(&Access::new(false)).await;
    assert_eq!((withheld.file, withheld.text), (None, None), "neither its picture nor its words");
    assert!(shown(&Access::new(true)).await.file.is_some());
    assert_eq!(catalog.attachment_of(&message, &number).await.unwrap(), Some(Found::Withheld));

    let begun = catalog.erase(&wish(ErasedKind::Document, id.0)).await.unwrap();
    let Wished::Begun(receipt) = begun else { panic!("{begun:?}") };
    assert_eq!(receipt.counts.get("attachments"), Some(&1), "{receipt:?}");
    assert_eq!(catalog.attachment_of(&message, &number).await.unwrap(), Some(Found::Erased));
    assert!(!catalog.upload_begins(message.id, now()).await.unwrap(), "it is taken back");
    catalog.uploaded(message.id, file.id, &number, "79").await.unwrap();
    let mut tx = catalog.reading().await.unwrap();
    let sql = "SELECT COUNT(*) FROM media_uploads WHERE attachment_id = $1";
    assert_eq!(one!(tx, (i64,), sql, file.id.0).unwrap().0, 0, "nor is a late upload remembered");
    drop(tx);
    let gone = shown(&Access::new(true)).await;
    assert_eq!((gone.state.as_deref(), gone.text, gone.file), (Some("withdrawn"), None, None));
}

/// Of a question whose document is erased nothing stays and nothing goes, though its picture stayed behind or it is leaving.
pub(super) async fn what_is_asked_without_its_picture_goes_with_its_document(catalog: &Catalog) {
    let catalog = &leading(catalog);
    let (_, contact, number, _) = approver(catalog).await;
    let id = waiting(catalog, &paged(1)).await;
    asks(catalog, id, contact, &number).await;
    let without = question(catalog, contact).await;
    assert!(catalog.goes_without_file(&without, "Meta would not have it").await.unwrap());
    let other = waiting(catalog, &paged(1)).await;
    asks(catalog, other, contact, &number).await;
    let mut tx = catalog.writing().await.unwrap();
    let sql = "UPDATE outbox SET state = 'sending' WHERE attachment_id = (SELECT id FROM attachments WHERE document_id = $1)";
    assert_eq!(execute!(tx, sql, other.0).unwrap(), 1);
    let sql = "SELECT id FROM outbox WHERE contact_id = $1 AND state = 'sending'";
    let (leaving,) = one!(tx, (Uuid,), sql, contact.0).unwrap();
    tx.commit().await.unwrap();
    for document in [id, other] {
        let begun = catalog.erase(&wish(ErasedKind::Document, document.0)).await.unwrap();
        assert!(matches!(begun, Wished::Begun(_)), "{begun:?}");
    }
    let said = catalog.conversation(&Access::whole(), contact, None, None, 50).await.unwrap();
    let of = |message: Uuid| said.iter().find(|said| said.id == message).unwrap();
    assert_eq!((of(without.id.0).state.as_deref(), &of(without.id.0).text), (Some("withdrawn"), &None));
    assert_eq!((of(leaving).state.as_deref(), &of(leaving).text), (Some("sending"), &None));
    // Its worker has its words in hand, and Meta would not have its file.
    let leaving = OutboxMessage { id: OutboxId(leaving), ..without };
    catalog.reply_refused(leaving.id, "131053", Some(131_053)).await.unwrap();
    assert!(!catalog.goes_without_file(&leaving, "Meta would not have it").await.unwrap());
    catalog.reply_withdrawn(leaving.id, "not of this test").await.unwrap();
    let all = catalog.approvals(&Access::whole(), (None, Some(id)), None, 9).await.unwrap();
    assert_eq!(all.iter().map(|one| one.state).collect::<Vec<_>>(), [ApprovalState::Expired]);
}

/// A file that is older than the retention is asked for again at the very moment in which old files go: its message has it.
pub(super) async fn a_file_that_is_asked_for_again_stays(catalog: &Catalog) {
    let catalog = &leading(catalog);
    let (_, contact, number, _) = approver(catalog).await;
    let id = waiting(catalog, &paged(1)).await;
    let document = catalog.document(id).await.unwrap().unwrap();
    let mut tx = catalog.writing().await.unwrap();
    let file = crate::attachments::of_document(&mut tx, &document).await.unwrap().unwrap();
    execute!(tx, "UPDATE attachments SET created_at = 0 WHERE id = $1", file.0).unwrap();
    tx.commit().await.unwrap();
    let mut busy = catalog.writing().await.unwrap();
    let again = crate::attachments::of_document(&mut busy, &document).await.unwrap();
    assert_eq!(again, Some(file));
    let pruned = tokio::spawn({
        let catalog = catalog.clone();
        async move {
            let mut tx = catalog.writing().await.unwrap();
            crate::attachments::prune(&mut tx, now() - Duration::days(30), 10_000).await.unwrap();
            tx.commit().await.unwrap();
        }
    });
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    let reply = NewReply {
        purpose: Purpose::Reply,
        body: String::new(),
        language: "es".into(),
        nonce: Uuid::now_v7().to_string(),
    };
    let saying =
        Saying { document: None, case: None, contact, phone_number_id: Some(&number), category: None };
    let shape = Shape { attachment: Some(file), ..Shape::default() };
    let message = queue_as(&mut busy, saying, &reply, &shape).await.unwrap().unwrap();
    busy.commit().await.unwrap();
    pruned.await.unwrap();
    let mut tx = catalog.reading().await.unwrap();
    let sql = "SELECT COUNT(*) FROM attachments WHERE id = $1";
    assert_eq!(one!(tx, (i64,), sql, file.0).unwrap().0, 1);
    drop(tx);
    catalog.reply_withdrawn(message, "for a test").await.unwrap();
}

pub(super) async fn a_persons_file_goes_with_its_contact(catalog: &Catalog) {
    let catalog = &leading(catalog);
    let (sample, contact, _) = known(catalog).await;
    writes(catalog, &sample, "Quiero hablar con una persona").await;
    let whole = Access::whole();
    let (id, ..) = cases_of(catalog, contact).await.into_iter().rfind(|c| c.1 == "support").unwrap();
    let case = catalog.case(&whole, id).await.unwrap().unwrap();
    let attachment = AttachmentId::generate();
    let sha256 = Sha256::of(attachment.to_string().as_bytes());
    let key = ObjectKey::original(NewFile::folder(attachment), &sha256);
    let stored = StoredObject { key, sha256, size_bytes: 9 };
    let file = NewFile {
        id: attachment,
        stored: stored.clone(),
        file_type: FileType::Pdf,
        filename: "tarifa.pdf".into(),
    };
    let reply = Act::Reply { text: String::new(), language: "es".into(), file: Some(file) };
    let done = catalog.act_on_case(&whole, id, case.version, "user:eva", &reply).await.unwrap();
    assert!(matches!(done, Acted::Done(_)), "{done:?}");
    let said = catalog.conversation(&whole, contact, None, None, 50).await.unwrap().remove(0);
    assert_eq!((said.r#type.as_str(), said.text.as_deref()), ("media", None));
    let sent = said.file.unwrap();
    assert_eq!((sent.id, sent.filename.as_deref(), sent.document_id), (attachment, Some("tarifa.pdf"), None));
    let kept = catalog.sent_file(&whole, attachment).await.unwrap();
    assert_eq!(kept, Some((stored, FileType::Pdf)));
    assert_eq!(catalog.sent_file(&whole, AttachmentId::generate()).await.unwrap(), None);
    let beside = catalog.beside_sent_file(attachment).await.unwrap();
    assert!(beside.iter().all(|id| case.documents.contains(id)), "{beside:?}");

    let begun = catalog.erase(&wish(ErasedKind::Contact, contact.0)).await.unwrap();
    let Wished::Begun(receipt) = begun else { panic!("{begun:?}") };
    assert_eq!(receipt.counts.get("attachments"), Some(&1), "{receipt:?}");
    assert_eq!(catalog.sent_file(&whole, attachment).await.unwrap(), None);
    let mut tx = catalog.reading().await.unwrap();
    let folders = crate::attachments::folders_of_erasure(&mut tx, receipt.id).await.unwrap();
    assert_eq!(folders, [NewFile::folder(attachment)], "its object and its key go at the end of it");
}

/// Meta has approved a template of a number whose header is a file.
async fn headed(catalog: &Catalog, number: &str, header: Header) -> String {
    let account = format!("waba-{number}");
    let takes = Takes { header: Some(header), ..Takes::default() };
    let template = Template { body: Some("Hola.".into()), ..template("bill_sent", takes) };
    has_template(catalog, (number, account.as_str()), template).await;
    account
}

async fn sends_bill(catalog: &Catalog, contact: ContactId, header: Option<String>) -> Noticed {
    let new = NewNotice {
        template: "bill_sent".into(),
        language: Some("es".into()),
        params: Vec::new(),
        header,
        ..notice(contact, &Uuid::now_v7().to_string())
    };
    let all = catalog.queue_notices(&Access::new(false), &[new], None, "key:shop").await.unwrap();
    all.into_iter().next().unwrap()
}

pub(super) async fn a_template_begins_with_a_document_of_ours_under_the_same_withholding(catalog: &Catalog) {
    let catalog = &leading(catalog);
    let (_, contact, number, _) = approver(catalog).await;
    headed(catalog, &number, Header::Document).await;
    assert_eq!(sends_bill(catalog, contact, None).await, Noticed::Unfit(Unfit::HeaderFile("a file")));
    let pdf = || ReadFacts { media_type: "application/pdf".into(), ..paged(1) };
    let id = waiting(catalog, &pdf()).await;
    let queued = sends_bill(catalog, contact, Some(id.to_string())).await;
    let Noticed::Queued(notice) = queued else { panic!("{queued:?}") };
    assert_eq!(notice.header, Some(id.to_string()));
    let message = in_hand(catalog, contact).await;
    assert_eq!((message.kind, &message.payload.header), (MessageKind::Template, &None));
    let file = here(catalog, &message, &number).await;
    let original = catalog.document(id).await.unwrap().unwrap().original.unwrap();
    assert_eq!((file.file_type, &file.object.key), (FileType::Pdf, &original.key));

    // Of what is no PDF, or dangerous, or not for everybody's eyes, or not there, nothing goes.
    let active = vec![Reason::new(ReasonCode::ActiveContent, "a script")];
    for facts in [
        ReadFacts { media_type: "image/tiff".into(), ..paged(1) },
        ReadFacts { findings: active, ..pdf() },
        ReadFacts { id_probability: Some(0.5), ..pdf() },
    ] {
        let other = waiting(catalog, &facts).await;
        let refused = sends_bill(catalog, contact, Some(other.to_string())).await;
        assert_eq!(refused, Noticed::Unfit(Unfit::NoDocument("a file")));
    }
    let none = sends_bill(catalog, contact, Some(DocumentId::generate().to_string())).await;
    assert_eq!(none, Noticed::Unfit(Unfit::NoDocument("a file")));
    let sql = "UPDATE documents SET sensitivity = 'unknown' WHERE id = $1";
    behind(catalog, sql.into(), id.0).await;
    assert_eq!(catalog.attachment_of(&message, &number).await.unwrap(), Some(Found::Withheld));
    let withheld = sends_bill(catalog, contact, Some(id.to_string())).await;
    assert_eq!(withheld, Noticed::Unfit(Unfit::NoDocument("a file")));

    let begun = catalog.erase(&wish(ErasedKind::Document, id.0)).await.unwrap();
    assert!(matches!(begun, Wished::Begun(_)), "{begun:?}");
    assert_eq!(catalog.attachment_of(&message, &number).await.unwrap(), Some(Found::Erased));
    let ended = catalog.notice(&Access::new(true), notice.id).await.unwrap().unwrap();
    assert_eq!(ended.state, NoticeState::Withdrawn, "whoever handed it in hears so");

    // A picture is the page that we drew.
    headed(catalog, &number, Header::Image).await;
    let facts = paged(2);
    let id = waiting(catalog, &facts).await;
    let queued = sends_bill(catalog, contact, Some(id.to_string())).await;
    assert!(matches!(queued, Noticed::Queued(_)), "{queued:?}");
    let message = in_hand(catalog, contact).await;
    let file = here(catalog, &message, &number).await;
    assert_eq!((file.file_type, &file.object.key), (FileType::Jpeg, &facts.pages[0].key));
    catalog.reply_withdrawn(message.id, "for a test").await.unwrap();
    headed(catalog, &number, Header::Video).await;
    let video = sends_bill(catalog, contact, Some(id.to_string())).await;
    assert_eq!(video, Noticed::Unfit(Unfit::NoDocument("a video")));
}

/// A file that is pushed beside a template.
fn pushed(words: &str) -> NewFile {
    let id = AttachmentId::generate();
    let sha256 = Sha256::of(format!("{id} {words}").as_bytes());
    let key = ObjectKey::original(NewFile::folder(id), &sha256);
    let stored = StoredObject { key, sha256, size_bytes: 9 };
    NewFile { id, stored, file_type: FileType::Pdf, filename: "tarifa.pdf".into() }
}

pub(super) async fn what_lies_beside_a_template_is_everybodys_and_stays(catalog: &Catalog) {
    let catalog = &leading(catalog);
    let (_, contact, number, _) = approver(catalog).await;
    let account = headed(catalog, &number, Header::Document).await;
    let which = ("bill_sent", "es");
    let (older, newer) = (pushed("of May"), pushed("of June"));
    for file in [&older, &newer] {
        catalog.keep_template_file(&account, which, file).await.unwrap();
        assert_eq!(catalog.template_file(&account, which).await.unwrap(), Some(file.stored.sha256));
    }
    assert_eq!(catalog.template_file(&account, ("bill_sent", "en")).await.unwrap(), None);
    let queued = sends_bill(catalog, contact, None).await;
    assert!(matches!(queued, Noticed::Queued(_)), "{queued:?}");
    let message = in_hand(catalog, contact).await;
    assert_eq!(message.attachment_id, Some(newer.id), "the latest counts");
    let file = here(catalog, &message, &number).await;
    assert_eq!((file.object, file.filename.as_deref()), (newer.stored.clone(), Some("tarifa.pdf")));
    catalog.reply_withdrawn(message.id, "for a test").await.unwrap();
    let link = sends_bill(catalog, contact, Some("https://example.com/a.pdf".into())).await;
    assert!(matches!(link, Noticed::Queued(_)), "another goes in its place: {link:?}");
    let message = in_hand(catalog, contact).await;
    assert_eq!(message.attachment_id, None);
    catalog.reply_withdrawn(message.id, "for a test").await.unwrap();
    headed(catalog, &number, Header::Image).await;
    let picture = sends_bill(catalog, contact, None).await;
    assert_eq!(picture, Noticed::Unfit(Unfit::HeaderFile("a picture")), "it is no such file");

    // It says nothing of anybody: whoever it was sent to and is erased, it stays; one that is not the latest goes in its time.
    let begun = catalog.erase(&wish(ErasedKind::Contact, contact.0)).await.unwrap();
    assert!(matches!(begun, Wished::Begun(_)), "{begun:?}");
    assert_eq!(catalog.template_file(&account, which).await.unwrap(), Some(newer.stored.sha256));
    let mut tx = catalog.writing().await.unwrap();
    crate::attachments::prune(&mut tx, now() + Duration::DAY, 10_000).await.unwrap();
    let sql = "SELECT COUNT(*) FROM attachments WHERE id = $1";
    let (gone,) = one!(tx, (i64,), sql, older.id.0).unwrap();
    let (kept,) = one!(tx, (i64,), sql, newer.id.0).unwrap();
    tx.commit().await.unwrap();
    assert_eq!((gone, kept), (0, 1));
}
