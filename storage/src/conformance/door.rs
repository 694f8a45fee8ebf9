//! Promises at the door.

use acuse_pipeline::document::Sha256;
use time::Duration;
use uuid::Uuid;

use crate::{
    Catalog, ContactId, Intake, StoredObject,
    consents::{self, Category, NewConsent, Word},
    documents::{DeclaredFile, DocumentFilter},
    inbound::{
        Changed, Identity, InboundDelivery, InboundItem, InboundMedia, InboundMessage, InboundStatus,
        Outcome, Recorded,
    },
    keys::{KeyMade, Scope},
    names::{AliasKind, DocumentId, Source, Stage, now},
    objects::ObjectKey,
    uploads::{Accepted, IdempotencyKey, Upload},
};

/// Names that no other test of the run uses.
#[derive(Debug, Clone)]
pub struct Sample {
    /// A sender.
    pub wa_id: String,
    /// A message of theirs.
    pub wamid: String,
}

impl Default for Sample {
    fn default() -> Self {
        Self::new()
    }
}

impl Sample {
    /// Fresh names.
    #[must_use]
    pub fn new() -> Self {
        let unique = Uuid::now_v7().simple().to_string();
        Self { wa_id: format!("34{unique}"), wamid: format!("wamid.{unique}") }
    }
}

/// A message with a picture.
#[must_use]
pub fn photo(sample: &Sample) -> InboundMessage {
    InboundMessage {
        answer: None,
        identity: Identity {
            wa_id: Some(sample.wa_id.clone()),
            name: Some("Ana".into()),
            ..Identity::default()
        },
        phone_number_id: "106540352242922".into(),
        waba_id: None,
        wamid: sample.wamid.clone(),
        kind: "image".into(),
        sent_at: now() - Duration::seconds(3),
        body: None,
        reply_to: None,
        tap: None,
        media: Some(InboundMedia {
            media_id: Some(format!("media-{}", sample.wamid)),
            declared: DeclaredFile {
                media_type: Some("image/jpeg".into()),
                sha256: Some(Sha256::of(b"x")),
                ..DeclaredFile::default()
            },
            error: None,
            over_quota: None,
        }),
        raw: r#"{"type":"image"}"#.into(),
    }
}

/// A delivery of these items.
#[must_use]
pub fn delivery(items: Vec<InboundItem>) -> InboundDelivery {
    InboundDelivery {
        token_ref: "default".into(),
        body: br#"{"object":"whatsapp_business_account"}"#.to_vec(),
        signed_with: "current".into(),
        received_at: now(),
        items,
        outcome: Outcome::Understood,
    }
}

/// A document that has just come in.
pub(super) async fn received(catalog: &Catalog, sample: &Sample) -> DocumentId {
    let intake = Intake::spawn(catalog.clone());
    let recorded = intake.record(delivery(vec![InboundItem::Message(photo(sample))])).await.unwrap();
    *recorded.new_documents.first().expect("a photo is a document")
}

pub(super) async fn same_message_at_once_is_one_document(catalog: &Catalog) {
    let before = catalog.ledger(None, None).await.unwrap();
    let sample = Sample::new();
    // Two doors, as two processes have; twenty deliveries between them.
    let doors = [Intake::spawn(catalog.clone()), Intake::spawn(catalog.clone())];
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..20 {
        let door = doors[n % 2].clone();
        let message = photo(&sample);
        tasks.spawn(async move { door.record(delivery(vec![InboundItem::Message(message)])).await });
    }
    let all: Vec<Recorded> = tasks.join_all().await.into_iter().map(|r| r.expect("committed")).collect();
    assert_eq!(all.iter().map(|r| r.new_documents.len()).sum::<usize>(), 1, "{all:?}");
    assert_eq!(all.iter().map(|r| r.duplicates).sum::<u32>(), 19);
    // And twice within one delivery.
    let twice = Sample::new();
    let items = vec![InboundItem::Message(photo(&twice)), InboundItem::Message(photo(&twice))];
    let once = doors[0].record(delivery(items)).await.unwrap();
    assert_eq!((once.new_documents.len(), once.duplicates), (1, 1));
    let after = catalog.ledger(None, None).await.unwrap();
    assert_eq!(after.received - before.received, 2);
    assert!(after.balanced);
    let document = catalog.document(once.new_documents[0]).await.unwrap().expect("kept");
    assert_eq!(document.stage, Stage::Fetch);
    assert_eq!(document.media_deadline, Some(document.sent_at + Duration::days(7)));
    assert_eq!(catalog.timeline(document.id).await.unwrap().len(), 1);
}

pub(super) async fn names_of_a_sender_meet(catalog: &Catalog) {
    let intake = Intake::spawn(catalog.clone());
    let (wa, bsuid) = (Sample::new().wa_id, format!("ES.{}", Uuid::now_v7().simple()));
    let say = |identity: Identity| {
        let intake = intake.clone();
        async move {
            let message = InboundMessage { identity, ..photo(&Sample::new()) };
            let recorded = intake.record(delivery(vec![InboundItem::Message(message)])).await.unwrap();
            let id = recorded.new_documents[0];
            intake_contact(catalog, id).await
        }
    };
    let who = |wa_id: Option<&str>, user: Option<&str>| Identity {
        wa_id: wa_id.map(str::to_owned),
        bsuid: user.map(str::to_owned),
        ..Identity::default()
    };
    let by_number = say(who(Some(&wa), None)).await;
    let by_user = say(who(None, Some(&bsuid))).await;
    assert_ne!(by_number, by_user);
    // Seen together: one person. The contact that was merged away is followed.
    let both = say(who(Some(&wa), Some(&bsuid))).await.unwrap();
    let followed = catalog.contact(by_number.unwrap()).await.unwrap().unwrap();
    assert_eq!(followed.id, both);
    assert_eq!(catalog.contact(by_user.unwrap()).await.unwrap().unwrap().id, both);
    assert_eq!(followed.aliases.len(), 2, "{:?}", followed.aliases);
    let filter = DocumentFilter { contact_id: Some(both), ..DocumentFilter::default() };
    assert_eq!(catalog.documents(&filter, None, 10).await.unwrap().data.len(), 3);
    // They change their number: the new one is theirs, the old one is free.
    let next = Sample::new().wa_id;
    let change = InboundItem::AliasChange {
        old: (AliasKind::WaId, wa.clone()),
        new: (AliasKind::WaId, next.clone()),
        at: now(),
    };
    intake.record(delivery(vec![change])).await.unwrap();
    assert_eq!(say(who(Some(&next), None)).await, Some(both));
    assert_ne!(say(who(Some(&wa), None)).await, Some(both));
    let told = catalog.contact_timeline(both).await.unwrap();
    assert!(told.iter().any(|e| e.event == "renamed"));
    assert_eq!(told.iter().filter(|e| e.event == "message").count(), 4);
    // Nobody at all: the document stands without a contact.
    assert_eq!(say(Identity::default()).await, None);
}

/// Two who turn out to be one: what one of them agreed to the other did not, and what one stopped is stopped.
pub(super) async fn a_merge_moves_no_consent_and_every_stop(catalog: &Catalog) {
    let (intake, samples) = (Intake::spawn(catalog.clone()), [Sample::new(), Sample::new()]);
    let mut contacts = Vec::new();
    for sample in &samples {
        let id = received(catalog, sample).await;
        contacts.push(catalog.document(id).await.unwrap().unwrap().contact_id.unwrap());
    }
    let number = photo(&samples[0]).phone_number_id;
    let says = async |contact: ContactId, category, word, at| {
        let (phone_number_id, source) = (number.as_str(), "form");
        let (text_version, said_by) = (None, None);
        let new = NewConsent { contact, phone_number_id, category, word, source, text_version, said_by, at };
        catalog.write_consent(&new).await.unwrap();
    };
    let (kept, gone, before) = (contacts[0], contacts[1], now() - Duration::days(9));
    says(gone, Category::Utility, Word::Granted, now()).await;
    says(gone, Category::Marketing, Word::Granted, before).await;
    says(gone, Category::Marketing, Word::Withdrawn, now()).await;
    says(gone, Category::Billing, Word::Withdrawn, before).await;
    says(kept, Category::Marketing, Word::Granted, before).await;
    says(kept, Category::Billing, Word::Granted, now()).await;
    let change = InboundItem::AliasChange {
        old: (AliasKind::WaId, samples[0].wa_id.clone()),
        new: (AliasKind::WaId, samples[1].wa_id.clone()),
        at: now(),
    };
    intake.record(delivery(vec![change])).await.unwrap();
    assert_eq!(catalog.contact(gone).await.unwrap().unwrap().id, kept);
    let mut tx = catalog.reading().await.unwrap();
    for (category, word) in [
        (Category::Utility, None),
        (Category::Marketing, Some(Word::Withdrawn)),
        (Category::Billing, Some(Word::Granted)),
    ] {
        let latest = consents::latest(&mut tx, kept, &number, category).await.unwrap();
        assert_eq!(latest, word, "{category}");
    }
}

/// Brazil's ninth digit, Mexico's 1 and Argentina's 9: one person, whichever form the network names, answered in the one
/// they wrote under last.
pub(super) async fn both_forms_of_a_number_are_one_contact(catalog: &Catalog) {
    let intake = Intake::spawn(catalog.clone());
    let say = async |wa_id: &str, user: Option<&str>| {
        let identity =
            Identity { wa_id: Some(wa_id.to_owned()), bsuid: user.map(str::to_owned), ..Identity::default() };
        let message = InboundMessage { identity, ..photo(&Sample::new()) };
        let recorded = intake.record(delivery(vec![InboundItem::Message(message)])).await.unwrap();
        intake_contact(catalog, recorded.new_documents[0]).await.unwrap()
    };
    let tail = Uuid::now_v7().as_u128() % 10_000_000;
    for (one, other) in [
        (format!("549112{tail:07}"), format!("54112{tail:07}")),
        (format!("521552{tail:07}"), format!("52552{tail:07}")),
        (format!("55118{tail:07}"), format!("551198{tail:07}")),
    ] {
        let first = say(&one, None).await;
        assert_eq!(say(&other, None).await, first, "{one} and {other}");
        let contact = catalog.contact(first).await.unwrap().unwrap();
        assert_eq!(
            (contact.phone.as_deref(), contact.aliases.len()),
            (Some(&*other), 2),
            "kept as they came"
        );
        assert_eq!(say(&one, None).await, first);
    }
    // Two who stand apart from before that was known become one when either writes.
    let (here, there) =
        (say(&format!("34611{tail:07}"), None).await, say(&format!("34622{tail:07}"), None).await);
    let forms = [format!("55117{tail:07}"), format!("551197{tail:07}")];
    for (form, contact) in forms.iter().zip([here, there]) {
        let mut tx = catalog.writing().await.unwrap();
        execute!(
            tx,
            "UPDATE contact_aliases SET value = $2 WHERE contact_id = $1 AND kind = $3",
            contact.0,
            form.as_str(),
            AliasKind::WaId.as_str()
        )
        .unwrap();
        tx.commit().await.unwrap();
    }
    assert_eq!(say(&forms[1], None).await, here, "the older one stays");
    assert_eq!(say(&forms[0], None).await, here);
    // Two user ids are two people, whatever their numbers look like.
    let user = |n: u32| format!("AR.{n}{tail}");
    let (first, second) = (user(1), user(2));
    let mobile = say(&format!("549113{tail:07}"), Some(&first)).await;
    assert_ne!(say(&format!("54113{tail:07}"), Some(&second)).await, mobile);
}

async fn intake_contact(catalog: &Catalog, id: DocumentId) -> Option<ContactId> {
    catalog.document(id).await.unwrap().unwrap().contact_id
}

pub(super) async fn unknown_things_are_kept_and_counted(catalog: &Catalog) {
    let intake = Intake::spawn(catalog.clone());
    let field = format!("field_{}", Uuid::now_v7().simple());
    let event = InboundItem::Event {
        field: field.clone(),
        detail: "new".into(),
        known: false,
        is_trouble: false,
        changed: Changed::Nothing,
    };
    let mut strange = delivery(vec![event.clone(), event]);
    strange.outcome = Outcome::Partly;
    let echo = InboundItem::Echo(photo(&Sample::new()));
    strange.items.push(echo);
    let recorded = intake.record(strange).await.unwrap();
    assert!(recorded.new_documents.is_empty(), "an echo is no document");
    assert_eq!(recorded.new_messages, 1);
    let alerts = catalog.alerts(false).await.unwrap();
    let ours = alerts.iter().find(|a| a.detail.starts_with(&field)).expect("counted");
    assert_eq!((ours.kind.as_str(), ours.count), ("unknown_field", 2));
    let garbage = InboundDelivery { outcome: Outcome::NotUnderstood, ..delivery(Vec::new()) };
    intake.record(InboundDelivery { body: b"\xff\x00not json".to_vec(), ..garbage }).await.unwrap();
    assert!(catalog.alerts(false).await.unwrap().iter().any(|a| a.kind == "delivery_not_understood"));
    // Media that the channel could not deliver is a document all the same.
    let mut lost = photo(&Sample::new());
    lost.media = Some(InboundMedia { error: Some("131052".into()), ..InboundMedia::default() });
    let lost = intake.record(delivery(vec![InboundItem::Message(lost)])).await.unwrap();
    assert_eq!(lost.new_documents.len(), 1);
}

pub(super) async fn a_poison_item_harms_only_itself(catalog: &Catalog) {
    let intake = Intake::spawn(catalog.clone());
    let (good, beside) = (Sample::new(), Sample::new());
    // Longer than any wamid; the table refuses it.
    let poison = InboundMessage { wamid: "x".repeat(600), ..photo(&Sample::new()) };
    let nul = InboundMessage { body: Some("a\0b".into()), ..photo(&good) };
    let mixed = delivery(vec![InboundItem::Message(poison), InboundItem::Message(nul)]);
    let (mixed, clean) = tokio::join!(
        intake.record(mixed),
        intake.record(delivery(vec![InboundItem::Message(photo(&beside))]))
    );
    let mixed = mixed.expect("the delivery is committed");
    assert_eq!((mixed.new_documents.len(), mixed.refused_items), (1, 1));
    assert_eq!(clean.expect("committed").new_documents.len(), 1);
    assert!(catalog.alerts(false).await.unwrap().iter().any(|a| a.kind == "item_refused"));
}

pub(super) async fn statuses_settle_in_any_order(catalog: &Catalog) {
    use crate::outbox::{NextReply, OutboxState};
    let sample = Sample::new();
    let document = received(catalog, &sample).await;
    let contact = intake_contact(catalog, document).await.unwrap();
    super::road::to_review(catalog, document).await;
    let NextReply::Send(reply) =
        super::road::next_of(catalog, contact, std::time::Duration::from_secs(60)).await
    else {
        panic!("a reply waits")
    };
    catalog.reply_unknown(reply.id, "time-out").await.unwrap();
    let intake = Intake::spawn(catalog.clone());
    let status = |status: &str, callback: bool| {
        InboundItem::Status(InboundStatus {
            wamid: format!("out.{}", sample.wamid),
            status: status.into(),
            recipient: sample.wa_id.clone(),
            at: now(),
            callback: callback.then(|| reply.id.to_string()),
            error_code: (status == "failed").then_some(131_026),
            error: (status == "failed").then(|| "undeliverable".into()),
            raw: "{}".into(),
        })
    };
    // Delivered first, then failed on another device: delivered wins. The callback finds the message.
    let recorded = intake
        .record(delivery(vec![status("delivered", true), status("failed", false), status("failed", false)]))
        .await
        .unwrap();
    assert_eq!(recorded.duplicates, 1);
    let replies = catalog.replies_about(document).await.unwrap();
    assert_eq!(replies[0].state, OutboxState::Delivered);
    assert_eq!(replies[0].wamid.as_deref(), Some(format!("out.{}", sample.wamid).as_str()));
    assert!(catalog.timeline(document).await.unwrap().iter().any(|e| e.event == "reply_status"));
}

pub(super) async fn uploads_are_idempotent(catalog: &Catalog) {
    let name = format!("upload-{}", Uuid::now_v7());
    let made =
        catalog.create_key(&name, &Sha256::of(name.as_bytes()), &[Scope::DocumentsWrite]).await.unwrap();
    let KeyMade::Made(api_key) = made else { panic!("{made:?}") };
    let upload = || {
        let id = DocumentId::generate();
        let hash = Sha256::of(name.as_bytes());
        Upload {
            id,
            source: Source::Api,
            key: Some(api_key),
            sender: Some(name.clone()),
            customer_id: None,
            declared: DeclaredFile { filename: Some("a\0.pdf".into()), ..DeclaredFile::default() },
            original: StoredObject { key: ObjectKey::original(id, &hash), sha256: hash, size_bytes: 7 },
            received_at: now(),
        }
    };
    let key = IdempotencyKey { api_key, key: "one".into(), request: Sha256::of(b"request") };
    assert_eq!(catalog.idempotent(&key).await.unwrap(), None);
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let (catalog, upload, key) = (catalog.clone(), upload(), key.clone());
        tasks.spawn(async move { catalog.accept_upload(&upload, Some(&key)).await.unwrap() });
    }
    let all = tasks.join_all().await;
    let new: Vec<_> =
        all.iter().filter_map(|a| if let Accepted::New(id) = a { Some(*id) } else { None }).collect();
    assert_eq!(new.len(), 1, "{all:?}");
    assert_eq!(all.iter().filter(|a| **a == Accepted::Replayed(new[0])).count(), 7);
    let other = IdempotencyKey { request: Sha256::of(b"another"), ..key };
    assert_eq!(catalog.accept_upload(&upload(), Some(&other)).await.unwrap(), Accepted::KeyReused);
    let again = catalog.accept_upload(&upload(), None).await.unwrap();
    assert!(matches!(again, Accepted::New(_)));
    let document = catalog.document(new[0]).await.unwrap().unwrap();
    assert_eq!((document.stage, document.source), (Stage::Read, Source::Api));
    assert!(document.contact_id.is_some());
    assert_eq!(document.key_id, Some(api_key), "it says which key brought it");
    // A day later it is another request, and nothing is kept of the first.
    let day_ago = "UPDATE idempotency_keys SET created_at = created_at - 86400000000 WHERE api_key_id = $1";
    let age = async || {
        let mut tx = catalog.writing().await.unwrap();
        assert_eq!(execute!(tx, day_ago, api_key.0).unwrap(), 1);
        tx.commit().await.unwrap();
    };
    age().await;
    assert_eq!(catalog.idempotent(&other).await.unwrap(), None);
    assert!(!catalog.idempotency_key_is_used(api_key, "one").await.unwrap());
    let later = catalog.accept_upload(&upload(), Some(&other)).await.unwrap();
    assert!(matches!(later, Accepted::New(id) if id != new[0]), "{later:?}");
    assert!(catalog.idempotency_key_is_used(api_key, "one").await.unwrap());
    age().await;
    assert!(catalog.prune_idempotency_keys(500).await.unwrap() >= 1);
    assert_eq!(catalog.prune_idempotency_keys(500).await.unwrap(), 0);
}
