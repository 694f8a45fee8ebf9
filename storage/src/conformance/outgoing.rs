//! Promises of what leaves: incidents by their routes, events by their endpoints, and a conversation that is read.

use acuse_pipeline::{
    document::Sha256,
    reason::{Reason, ReasonCode},
};
use serde_json::json;
use time::Duration;
use uuid::Uuid;

use super::{
    door::{Sample, received},
    given::fresh,
    road::{next_of, reply, to_review},
};
use crate::{
    Catalog, ContactId, DocumentId, OutboxId,
    access::Access,
    altered::Altered,
    conversation::Way,
    events::{self, EventFilter, Followed, NewEvent},
    incidents::{
        Acknowledged, IncidentState, Severity,
        news::What,
        routes::{Medium, NewRoute},
    },
    key_file::ErasedKind,
    keys::{KeyMade, Scope},
    names::{EndpointId, KeyId, Stage, now},
    outbox::{NextReply, Purpose},
    reviews::Decision,
    stages::Step,
    webhooks::{EndpointChange, Filter, NewEndpoint, log::Delivery, queue::Tried},
};

/// What the endpoints of these promises sign with.
const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

pub(super) fn route(name: &str, kinds: Vec<String>) -> NewRoute {
    NewRoute {
        name: name.to_owned(),
        medium: Medium::Webhook,
        target: "https://user@hooks.example.com/secret-path?token=1".to_owned(),
        secret_ref: None,
        kinds,
        min_severity: Severity::Warning,
        again_after_secs: 60,
    }
}

pub(super) async fn a_route_hears_each_piece_of_news_once(catalog: &Catalog) {
    let (name, kind, subject) = (fresh("r"), "document_waiting", fresh("s"));
    let id = catalog.add_incident_route(&route(&name, vec![kind.to_owned()])).await.unwrap().unwrap();
    assert_eq!(
        catalog.add_incident_route(&route(&name, Vec::new())).await.unwrap(),
        None,
        "the name is taken"
    );
    let find = async || {
        let all = catalog.incident_routes().await.unwrap();
        all.into_iter().find(|r| r.id == id).unwrap()
    };
    assert_eq!(find().await.place(), "hooks.example.com", "nothing of the target that may be secret");
    let incident = catalog.open_incident(kind, &subject, &json!({})).await.unwrap();
    catalog.open_incident("channel_event", &subject, &json!({})).await.unwrap();
    catalog.queue_incident_news().await.unwrap();
    catalog.queue_incident_news().await.unwrap();
    let mine = async || -> Vec<_> {
        let all = catalog.incident_news(id).await.unwrap();
        all.into_iter().filter(|n| n.incident.subject == subject).collect()
    };
    let news = mine().await;
    assert_eq!(news.iter().map(|n| (n.what, n.incident.id)).collect::<Vec<_>>(), [(What::Opened, incident)]);
    assert!(catalog.take_incident_route(id, Duration::minutes(1)).await.unwrap());
    assert!(!catalog.take_incident_route(id, Duration::minutes(1)).await.unwrap(), "one worker at a time");
    catalog.give_back_incident_route(id, None).await.unwrap();

    // It fails, and an incident that does not leave by the same route says so.
    for _ in 0..3 {
        let rest = now() + Duration::minutes(1);
        catalog.incident_news_failed(&find().await, &[news[0].id], "refused", rest).await.unwrap();
    }
    assert!(!catalog.take_incident_route(id, Duration::minutes(1)).await.unwrap(), "it rests");
    let failing = async || {
        let all = catalog.incidents(None, None, 500).await.unwrap();
        all.iter().any(|i| i.kind == "alert_route_failing" && i.subject == name)
    };
    assert!(failing().await);
    catalog.incident_news_told(&find().await, &[news[0].id], "m1").await.unwrap();
    assert!(!failing().await && mine().await.is_empty());
    let (sent, last) = catalog.incident_messages_since(id, now() - Duration::MINUTE).await.unwrap();
    assert!(sent == 1 && last.is_some());

    assert_eq!(catalog.acknowledge_incident(incident, "eva", now()).await.unwrap(), Acknowledged::Done);
    catalog.queue_incident_news().await.unwrap();
    catalog.resolve_incidents(kind, Some(&subject)).await.unwrap();
    catalog.queue_incident_news().await.unwrap();
    let what: Vec<What> = mine().await.iter().map(|n| n.what).collect();
    assert_eq!(what, [What::Acknowledged, What::Resolved]);
    assert_eq!(catalog.incident_told(incident).await.unwrap().len(), 1);
    let seen = find().await.version;
    assert_eq!(catalog.enable_incident_route((id, Some(seen)), false).await.unwrap(), Altered::Done);
    let stale = Altered::Stale(seen + 1);
    assert_eq!(catalog.enable_incident_route((id, Some(seen)), true).await.unwrap(), stale);
    assert_eq!(catalog.remove_incident_route((id, Some(seen))).await.unwrap(), stale);
    assert!(!find().await.enabled, "as it was when it was looked at, or not at all");
    assert_eq!(catalog.remove_incident_route((id, None)).await.unwrap(), Altered::Done);
    assert_eq!(catalog.remove_incident_route((id, None)).await.unwrap(), Altered::Missing);
}

/// A message of ours about a document, taken in hand.
async fn answered(catalog: &Catalog) -> (DocumentId, ContactId, OutboxId) {
    let id = received(catalog, &Sample::new()).await;
    // Nobody has read it, so it may be an ID.
    let reasons = [Reason::new(ReasonCode::MediaUnavailable, "no file")];
    let told = reply(Purpose::InReview);
    let step = catalog.into_review(id, Stage::Fetch, &reasons, None, Some(&told)).await.unwrap();
    assert_eq!(step, Step::Taken);
    let contact = catalog.document(id).await.unwrap().unwrap().contact_id.unwrap();
    let lease = std::time::Duration::from_secs(60);
    match next_of(catalog, contact, lease).await {
        NextReply::Send(message) => (id, contact, message.id),
        other => panic!("a message waits: {other:?}"),
    }
}

pub(super) async fn a_person_ends_an_incident_and_its_message_is_settled(catalog: &Catalog) {
    let (_, _, message) = answered(catalog).await;
    catalog.reply_failed(message, "message_failed", "131026").await.unwrap();
    let before = catalog.message_ledger(now()).await.unwrap();
    let all = catalog.incidents(None, None, 500).await.unwrap();
    let incident = all.into_iter().find(|i| i.messages.contains(&message)).unwrap();
    assert_eq!(catalog.settle_incident(incident.id, "eva", now()).await.unwrap(), Acknowledged::Done);
    assert_eq!(catalog.settle_incident(incident.id, "eva", now()).await.unwrap(), Acknowledged::Resolved);
    let after = catalog.message_ledger(now()).await.unwrap();
    assert!(after.balanced, "{after:?}");
    assert_eq!((after.told, after.withdrawn), (before.told - 1, before.withdrawn + 1));
    let over = catalog.incidents(Some(IncidentState::Resolved), None, 500).await.unwrap();
    assert!(over.iter().any(|i| i.id == incident.id && i.acked_by.as_deref() == Some("eva")));
}

async fn key(catalog: &Catalog) -> KeyId {
    let name = fresh("k");
    let hash = Sha256::of(name.as_bytes());
    match catalog.create_key(&name, &hash, &[Scope::DocumentsRead]).await.unwrap() {
        KeyMade::Made(id) => id,
        KeyMade::NameTaken => panic!("a new name"),
    }
}

/// An endpoint for these events, which signs with this secret.
pub(super) async fn endpoint(catalog: &Catalog, secret: &str, filter: Filter) -> EndpointId {
    let new = NewEndpoint {
        url: "https://hooks.example.com/a".to_owned(),
        description: String::new(),
        secret: secret.to_owned(),
        filter,
        key_id: key(catalog).await,
    };
    catalog.add_webhook_endpoint(&new).await.unwrap().unwrap()
}

/// All that is due at an endpoint is taken; what, in order.
async fn drain(catalog: &Catalog, id: EndpointId) -> Vec<(Option<DocumentId>, i64)> {
    let mut taken = Vec::new();
    loop {
        let more = catalog.queue_webhooks(id).await.unwrap();
        let due = catalog.due_webhooks(id, 100).await.unwrap();
        if due.is_empty() && !more {
            return taken;
        }
        for one in due {
            taken.push((one.event.document_id, one.event.version.unwrap_or_default()));
            catalog.webhook_tried(id, &one, &Tried::Delivered { status: 200 }).await.unwrap();
        }
    }
}

pub(super) async fn a_failed_event_holds_back_its_own_document_only(catalog: &Catalog) {
    let id = endpoint(catalog, SECRET, Filter::default()).await;
    assert!(drain(catalog, id).await.is_empty(), "it begins with what comes after it");
    let (began, before) = (now(), catalog.feed_head().await.unwrap());
    let (first, second) = (received(catalog, &Sample::new()).await, received(catalog, &Sample::new()).await);
    for document in [first, second] {
        to_review(catalog, document).await;
    }
    while catalog.queue_webhooks(id).await.unwrap() {}
    let due = catalog.due_webhooks(id, 100).await.unwrap();
    assert_eq!(due.len(), 2, "of each document the first only");
    let bad = due.iter().find(|d| d.event.document_id == Some(first)).unwrap();
    let failed =
        Tried::Failed { status: Some(503), error: "503".to_owned(), next_at: now() + Duration::HOUR };
    catalog.webhook_tried(id, bad, &failed).await.unwrap();
    let taken = drain(catalog, id).await;
    assert!(taken.len() >= 2 && taken.iter().all(|(d, _)| *d == Some(second)), "{taken:?}");
    assert!(taken.windows(2).all(|w| w[0].1 <= w[1].1), "in order: {taken:?}");
    assert!(catalog.webhook_endpoint(id).await.unwrap().unwrap().failing_since.is_none());

    assert!(catalog.replay_webhook(id, bad.id).await.unwrap());
    let taken = drain(catalog, id).await;
    assert!(taken.len() >= 2 && taken.iter().all(|(d, _)| *d == Some(first)), "{taken:?}");
    let waits = catalog.webhook_log(id, Some(Delivery::Queued), None, 100).await.unwrap();
    assert!(waits.is_empty(), "{waits:?}");

    // From a time on, all of it again, in the feed's order. Other promises have clocks of their own, so of theirs nothing is
    // said.
    assert!(catalog.replay_webhooks_since(id, began).await.unwrap());
    let again = drain(catalog, id).await;
    let whole = catalog.follow(Some(before), &EventFilter::default(), 1000).await.unwrap();
    let Followed::Page { events, .. } = whole else { panic!("its own feed") };
    for document in [first, second].map(Some) {
        let told = events.iter().filter(|e| e.document_id == document).map(|e| e.version.unwrap_or_default());
        let told: Vec<i64> = told.collect();
        let again: Vec<i64> = again.iter().filter(|(d, _)| *d == document).map(|(_, v)| *v).collect();
        assert!(told.len() >= 2, "{told:?}");
        assert_eq!(again, told);
    }
    catalog.webhook_tried(id, bad, &Tried::Gone).await.unwrap();
    assert!(!catalog.webhook_endpoint(id).await.unwrap().unwrap().enabled);
    let change = EndpointChange { enabled: Some(true), ..EndpointChange::default() };
    let seen = catalog.webhook_endpoint(id).await.unwrap().unwrap().version;
    assert_eq!(
        catalog.change_webhook_endpoint((id, Some(seen - 1)), &change).await.unwrap(),
        Altered::Stale(seen),
        "who saw it before it was disabled is told"
    );
    assert_eq!(catalog.remove_webhook_endpoint((id, Some(seen - 1))).await.unwrap(), Altered::Stale(seen));
    assert_eq!(catalog.change_webhook_endpoint((id, Some(seen)), &change).await.unwrap(), Altered::Done);
    assert!(catalog.take_webhook_endpoint(id, Duration::MINUTE).await.unwrap());
    assert!(!catalog.take_webhook_endpoint(id, Duration::MINUTE).await.unwrap());
    catalog.prune_webhook_log(Duration::ZERO, 10_000).await.unwrap();
    assert!(catalog.webhook_log(id, None, None, 10).await.unwrap().is_empty());
    assert_eq!(catalog.remove_webhook_endpoint((id, None)).await.unwrap(), Altered::Done);
}

/// However many events of other types stand in between, an endpoint that names its own finds them in one look.
pub(super) async fn an_endpoint_steps_over_what_it_is_not_for(catalog: &Catalog) {
    let filter = Filter { types: vec!["customer.merged".to_owned()], ..Filter::default() };
    let id = endpoint(catalog, SECRET, filter).await;
    let of = |kind: &'static str| NewEvent::of_customer(kind, Uuid::now_v7(), &["name"]);
    for round in 0..2 {
        let mut many: Vec<NewEvent> = (0..700).map(|_| of("customer.updated")).collect();
        many[600] = of("customer.merged");
        let mut tx = catalog.writing().await.unwrap();
        events::write(&mut tx, &many).await.unwrap();
        tx.commit().await.unwrap();
        assert!(!catalog.queue_webhooks(id).await.unwrap(), "there is no more to look at");
        assert_eq!(drain(catalog, id).await.len(), 1, "round {round}");
    }
    assert_eq!(catalog.remove_webhook_endpoint((id, None)).await.unwrap(), Altered::Done);
}

/// What an endpoint is for is changed at the very moment in which somebody looks at what is new: nothing of the new type is
/// stepped over.
pub(super) async fn a_type_that_is_added_meanwhile_is_not_stepped_over(catalog: &Catalog) {
    let filter = Filter { types: vec!["customer.merged".to_owned()], ..Filter::default() };
    let id = endpoint(catalog, SECRET, filter).await;
    let mut tx = catalog.writing().await.unwrap();
    let news = NewEvent::of_customer("customer.updated", Uuid::now_v7(), &["name"]);
    events::write(&mut tx, &[news]).await.unwrap();
    tx.commit().await.unwrap();
    let mut busy = catalog.writing().await.unwrap();
    let sql = "UPDATE webhook_endpoints SET types = '[\"customer.updated\"]' WHERE id = $1";
    assert_eq!(execute!(busy, sql, id.0).unwrap(), 1);
    let looks = tokio::spawn({
        let catalog = catalog.clone();
        async move { catalog.queue_webhooks(id).await.unwrap() }
    });
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    busy.commit().await.unwrap();
    looks.await.unwrap();
    assert_eq!(drain(catalog, id).await.len(), 1);
    assert_eq!(catalog.remove_webhook_endpoint((id, None)).await.unwrap(), Altered::Done);
}

pub(super) async fn a_conversation_is_read_without_what_is_withheld(catalog: &Catalog) {
    let (document, contact, message) = answered(catalog).await;
    let whole = catalog.conversation(&Access::whole(), contact, None, None, 50).await.unwrap();
    assert_eq!(whole.iter().map(|s| s.way).collect::<Vec<_>>(), [Way::Out, Way::In], "the latest first");
    assert!(whole.iter().all(|s| s.document.is_some_and(|d| d.id == document && d.is_sensitive)));
    assert!(whole[0].text.is_some() && whole[0].state.as_deref() == Some("queued"));
    // Nobody vouches that it is no ID.
    let less = catalog.conversation(&Access::new(false), contact, None, None, 50).await.unwrap();
    assert!(
        less.iter().all(|s| s.text.is_none() && s.document.is_some_and(|d| d.withheld && d.kind.is_none()))
    );
    let before = crate::conversation::Before { at: whole[0].at, id: whole[0].id };
    let older = catalog.conversation(&Access::whole(), contact, None, Some(before), 50).await.unwrap();
    assert_eq!(older.as_slice(), &whole[1..]);
    let listed = catalog.contacts(&Access::whole(), None, None, 500).await.unwrap();
    let one = listed.iter().find(|c| c.id == contact).unwrap();
    assert_eq!(one.last_message_at, Some(whole[1].at));
    let phone = one.phone.clone().unwrap();
    let found = catalog.contacts(&Access::whole(), Some(&phone), None, 500).await.unwrap();
    assert!(found.iter().any(|c| c.id == contact));
    assert!(catalog.contacts(&Access::whole(), Some("%"), None, 500).await.unwrap().is_empty(), "no pattern");
    assert_eq!(catalog.windows_of(contact).await.unwrap().len(), 1);
    assert!(catalog.consents_of(contact).await.unwrap().is_empty());
    // Why it failed is said as long as it has not arrived.
    let error = async || {
        let said = catalog.conversation(&Access::whole(), contact, None, None, 50).await.unwrap();
        said[0].error.clone()
    };
    catalog.reply_later(message, "131000: something went wrong", Some(131_000), now()).await.unwrap();
    assert_eq!(error().await.as_deref(), Some("131000: something went wrong"));
    let mut tx = catalog.writing().await.unwrap();
    execute!(tx, "UPDATE outbox SET state = 'delivered' WHERE id = $1", message.0).unwrap();
    tx.commit().await.unwrap();
    assert_eq!(error().await, None, "it arrived after all");
}

pub(super) async fn what_something_open_needs_outlives_its_time(catalog: &Catalog) {
    let (open, contact, message) = answered(catalog).await;
    catalog.reply_failed(message, "message_failed", "131026").await.unwrap();
    let before = catalog.message_ledger(now()).await.unwrap();
    let ledger = catalog.ledger(None, None).await.unwrap();
    // Everything is old at once.
    let mut pruned = 0;
    loop {
        let now = catalog.prune_channel(-Duration::MINUTE, 7).await.unwrap().total();
        pruned += now;
        if now == 0 {
            break;
        }
    }
    assert!(pruned > 0);
    let said = catalog.conversation(&Access::whole(), contact, None, None, 50).await.unwrap();
    assert_eq!(said.len(), 2, "the document waits, and an incident names our message: {said:?}");
    assert!(said.iter().all(|s| s.document.is_some_and(|d| d.id == open)));
    let after = catalog.message_ledger(now()).await.unwrap();
    assert!(after.balanced, "{after:?}");
    assert_eq!((after.told, after.on_its_way), (before.told, before.on_its_way));
    assert_eq!(catalog.ledger(None, None).await.unwrap(), ledger, "no document went");
    what_is_open_keeps_its_conversation(catalog).await;
}

async fn prune_all(catalog: &Catalog) {
    while catalog.prune_channel(-Duration::MINUTE, 1_000).await.unwrap().total() > 0 {}
}

/// Words of theirs, and an answer that was delivered, as long as something of theirs is open; then they go.
async fn what_is_open_keeps_its_conversation(catalog: &Catalog) {
    let (document, contact, id) = answered(catalog).await;
    let mut tx = catalog.writing().await.unwrap();
    execute!(tx, "UPDATE outbox SET state = 'delivered', wamid = 'wamid.kept' WHERE id = $1", id.0).unwrap();
    execute!(
        tx,
        "INSERT INTO message_statuses (wamid, status, recipient, rank, at, raw) \
         VALUES ('wamid.kept', 'delivered', '34', 3, 0, '{}')"
    )
    .unwrap();
    let case = Uuid::now_v7();
    execute!(
        tx,
        "INSERT INTO cases (id, contact_id, phone_number_id, kind, subject, state, created_at, updated_at) \
         VALUES ($1, $2, '1', 'support', 'kept', 'human', 0, 0)",
        case,
        contact.0
    )
    .unwrap();
    tx.commit().await.unwrap();
    let kept = async || {
        let mut tx = catalog.reading().await.unwrap();
        let sql = "SELECT (SELECT COUNT(*) FROM outbox WHERE id = $1), \
             (SELECT COUNT(*) FROM message_statuses WHERE wamid = 'wamid.kept'), \
             (SELECT COUNT(*) FROM messages WHERE contact_id = $2 AND raw <> '{}')";
        one!(tx, (i64, i64, i64), sql, id.0, contact.0).unwrap()
    };
    prune_all(catalog).await;
    assert_eq!(kept().await, (1, 1, 1), "its review is open, and a case");
    let mut tx = catalog.writing().await.unwrap();
    execute!(tx, "UPDATE cases SET state = 'done' WHERE id = $1", case).unwrap();
    tx.commit().await.unwrap();
    prune_all(catalog).await;
    assert_eq!(kept().await, (1, 1, 1), "its review is open");
    let review = catalog.open_review_of(document).await.unwrap().unwrap();
    let reject = Decision::Reject { note: "no".into() };
    catalog.resolve_review(review.id, "ana", None, &reject, None).await.unwrap();
    catalog.place_hold(ErasedKind::Contact, contact.0, "a court asks", "ana").await.unwrap();
    prune_all(catalog).await;
    assert_eq!(kept().await, (1, 1, 1), "a hold keeps it");
    assert!(catalog.lift_hold(ErasedKind::Contact, contact.0, "ana").await.unwrap());
    prune_all(catalog).await;
    assert_eq!(kept().await, (0, 0, 0), "nothing needs it any more");
}
