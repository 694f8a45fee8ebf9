//! Promises of the change feed to those who follow it.

use uuid::Uuid;

use acuse_pipeline::{
    document::{Kind, Status},
    fields::{FieldName, Fields},
    part::Part,
};

use super::{
    access::customer,
    desk::{LEASE, waiting},
    door::{Sample, delivery, photo},
    road::{begin, field, next_events, original},
};
use crate::{
    Catalog, DocumentId, Intake, Stage,
    customers::{Merged, NewCustomer},
    documents::DeclaredFile,
    events::{Event, EventCursor, EventFilter, Followed},
    inbound::InboundItem,
    names::{Source, now},
    reviews::{Deciding, Decision, Resolved, Undone},
    split::Split,
    stages::Step,
    uploads::{Accepted, Upload},
};

/// Whoever follows one customer hears of what came for them from its first event on.
pub(super) async fn what_comes_says_whose_it_is(catalog: &Catalog) {
    let whose = customer(catalog).await;
    let mut after = Some(catalog.feed_head().await.unwrap());
    let id = DocumentId::generate();
    let upload = Upload {
        id,
        source: Source::Api,
        key: None,
        sender: None,
        customer_id: Some(whose),
        declared: DeclaredFile::default(),
        original: original(id, id.to_string().as_bytes()).original,
        received_at: now(),
    };
    assert_eq!(catalog.accept_upload(&upload, None).await.unwrap(), Accepted::New(id));
    begin(catalog, id, Stage::Read).await;
    let pages = vec![Part::pages(1, 1).unwrap(), Part::pages(2, 2).unwrap()];
    assert_eq!(catalog.split(id, &Split::of_file(pages, 2).unwrap()).await.unwrap(), Step::Taken);
    let events = next_events(catalog, &mut after, 50).await;
    let came = events.iter().filter(|event| event.kind == "document.received");
    let came: Vec<_> = came.map(|event| event.customer_id).collect();
    assert_eq!(came, [Some(whose); 2], "the whole, and the part that got a row of its own");
}

pub(super) async fn an_event_says_what_it_is_about(catalog: &Catalog) {
    let head = catalog.feed_head().await.unwrap();
    let Followed::Page { events, next } =
        catalog.follow(Some(head), &EventFilter::default(), 10).await.unwrap()
    else {
        panic!("the head is a cursor")
    };
    assert_eq!((events.len(), next), (0, head), "nothing after the head");
    let new = NewCustomer {
        external_id: Some(Uuid::now_v7().to_string()),
        name: "Seguida".into(),
        ..NewCustomer::default()
    };
    let id = catalog.upsert_customers(std::slice::from_ref(&new)).await.unwrap()[0].id();
    catalog.upsert_customers(&[NewCustomer { name: "Otra".into(), ..new }]).await.unwrap();
    let intake = Intake::spawn(catalog.clone());
    intake.record(delivery(vec![InboundItem::Message(photo(&Sample::new()))])).await.unwrap();
    let events = next_events(catalog, &mut Some(head), 10).await;
    let told: Vec<_> = events.iter().map(|e| (e.kind.as_str(), e.customer_id)).collect();
    assert_eq!(told[..2], [("customer.created", id), ("customer.updated", id)]);
    assert_eq!(events[1].changed, ["name"]);
    let received = &events[2];
    assert_eq!((received.kind.as_str(), received.version), ("document.received", Some(0)));
    let only = EventFilter { kinds: vec!["customer.updated".into()] };
    let Followed::Page { events, next } = catalog.follow(Some(head), &only, 10).await.unwrap() else {
        panic!("a cursor of this feed")
    };
    assert_eq!(events.len(), 1);
    let Followed::Page { events, .. } =
        catalog.follow(Some(next), &EventFilter::default(), 10).await.unwrap()
    else {
        panic!("a cursor of this feed")
    };
    assert_eq!(events, [], "what the filter left out is not looked at again");
    let kinds = ["document.received", "customer.updated", "customer.updated"].map(str::to_owned).to_vec();
    let (two, mut told, mut after) = (EventFilter { kinds }, Vec::new(), head);
    while let Followed::Page { events, next } = catalog.follow(Some(after), &two, 1).await.unwrap() {
        if events.is_empty() {
            break;
        }
        told.extend(events.into_iter().map(|e| e.kind));
        after = next;
    }
    assert_eq!(told, ["customer.updated", "document.received"], "in order, page by page, each once");
}

/// What each event of a document says that it changed, in order.
pub(super) async fn changes(
    catalog: &Catalog,
    id: DocumentId,
    since: EventCursor,
) -> Vec<(String, Vec<String>)> {
    let events = next_events(catalog, &mut Some(since), 1000).await;
    events.into_iter().filter(|e| e.document_id == Some(id)).map(|e| (e.kind, e.changed)).collect()
}

/// Files its total as another, at once.
async fn amend(catalog: &Catalog, id: DocumentId, total: &str) {
    let mut fields = catalog.document(id).await.unwrap().unwrap().fields;
    fields.insert(FieldName::Total, field(total));
    let by = Deciding { who: "user:ana", sees_ids: true, ..Deciding::default() };
    let correct = Decision::Correct { kind: None, fields, customer_id: None };
    assert!(matches!(catalog.amend(id, &by, &correct).await.unwrap(), Resolved::Done(_)));
}

pub(super) async fn an_event_names_exactly_what_changed(catalog: &Catalog) {
    let head = catalog.feed_head().await.unwrap();
    let (id, review) = waiting(catalog).await;
    let told = changes(catalog, id, head).await;
    let names: Vec<&str> = told.iter().map(|(kind, _)| kind.as_str()).collect();
    assert_eq!(names, ["document.received", "document.in_review"]);
    assert_eq!(told[0].1, [""; 0], "nothing was told before");
    let read = [
        "confidence",
        "fields",
        "kind",
        "language",
        "media_type",
        "notes",
        "pages",
        "reasons",
        "sensitivity",
    ];
    for member in read.into_iter().chain(["sha256", "size_bytes", "status"]) {
        assert!(told[1].1.iter().any(|m| m == member), "{member}: {told:?}");
    }
    for member in ["customer_id", "duplicate_of", "filed_at", "contact_id", "filename"] {
        assert!(!told[1].1.iter().any(|m| m == member), "{member} is as it was: {told:?}");
    }
    let head = catalog.feed_head().await.unwrap();
    let fields = Fields::from([(FieldName::Total, field("77.70"))]);
    let correct = Decision::Correct { kind: Some(Kind::Receipt), fields, customer_id: None };
    let until = Some(now() + time::Duration::minutes(1));
    let by = Deciding { who: "user:ana", held_until: until, sees_ids: true, ..Deciding::default() };
    catalog.decide_review(review.id, &by, &correct, None).await.unwrap();
    assert_eq!(catalog.undo_decision(id, "user:ana", LEASE).await.unwrap(), Undone::Done(Status::InReview));
    amend(catalog, id, "46.00").await;
    amend(catalog, id, "46.00").await;
    let told = changes(catalog, id, head).await;
    assert_eq!(
        told[0],
        ("document.amended".to_owned(), vec!["fields".to_owned()]),
        "not what was taken back"
    );
    assert_eq!(told[1].0, "document.amended");
    let (head, again) =
        (catalog.feed_head().await.unwrap(), catalog.open_review_of(id).await.unwrap().unwrap());
    let reject = Decision::Reject { note: "no".into() };
    let by = Deciding { who: "user:ana", ..Deciding::default() };
    catalog.decide_review(again.id, &by, &reject, None).await.unwrap();
    let told = changes(catalog, id, head).await;
    assert_eq!(told, [("document.rejected".to_owned(), vec!["reasons".to_owned(), "status".to_owned()])]);
}

/// Two customers become one: it is told of each of their documents, as a new version. Of a decision that can still be taken back
/// nobody hears by it; that it was taken back and the document is another's all the same is told then.
pub(super) async fn a_merge_is_told_of_each_document(catalog: &Catalog) {
    let (kept, gone) = (customer(catalog).await, customer(catalog).await);
    let (plain, held) = (waiting(catalog).await.0, waiting(catalog).await);
    for id in [plain, held.0] {
        let fields = catalog.document(id).await.unwrap().unwrap().fields;
        let by = Deciding { who: "user:ana", sees_ids: true, ..Deciding::default() };
        let theirs = Decision::Correct { kind: None, fields, customer_id: Some(gone) };
        assert!(matches!(catalog.amend(id, &by, &theirs).await.unwrap(), Resolved::Done(_)));
    }
    let review = catalog.open_review_of(held.0).await.unwrap().unwrap();
    let until = Some(now() + time::Duration::minutes(1));
    let by = Deciding { who: "user:ana", held_until: until, sees_ids: true, ..Deciding::default() };
    let approve = Decision::Approve { customer_id: None };
    let done = catalog.decide_review(review.id, &by, &approve, None).await.unwrap();
    assert_eq!(done, Resolved::Done(Status::Filed));
    let before = catalog.document(plain).await.unwrap().unwrap();
    let head = catalog.feed_head().await.unwrap();
    assert_eq!(catalog.merge_customers(kept, gone, "user:boss").await.unwrap(), Merged::Done(2));
    let amended = [("document.amended".to_owned(), vec!["customer_id".to_owned()])];
    assert_eq!(changes(catalog, plain, head).await, amended);
    let events = next_events(catalog, &mut Some(head), 1000).await;
    let told = events.iter().find(|e| e.document_id == Some(plain)).unwrap();
    assert_eq!((told.version, told.customer_id), (Some(before.version + 1), Some(kept)));
    assert_eq!(events[0].kind, "customer.merged", "first that they are one");
    assert!(changes(catalog, held.0, head).await.is_empty(), "it can be taken back");
    let undone = catalog.undo_decision(held.0, "user:ana", LEASE).await.unwrap();
    assert_eq!(undone, Undone::Done(Status::InReview));
    assert_eq!(changes(catalog, held.0, head).await, amended);
}

/// What was there before the feed kept what it had not told was told as it stood.
pub(super) async fn what_was_there_was_told(catalog: &Catalog, waiting: DocumentId) {
    let head = catalog.feed_head().await.unwrap();
    amend(catalog, waiting, "46.00").await;
    let told = changes(catalog, waiting, head).await;
    // Of all that stands in the row: what was amended, and what the scoring of what was there found since.
    let changed = vec!["fields".to_owned(), "sensitivity".to_owned()];
    assert_eq!(told, [("document.amended".to_owned(), changed)]);
    amend(catalog, waiting, "47.00").await;
    let told = changes(catalog, waiting, head).await;
    assert_eq!(told[1], ("document.amended".to_owned(), vec!["fields".to_owned()]), "and that is told once");
}

/// The number of an event, and its cursor as a version before numbers were veiled gave it.
async fn as_it_was_given_before(catalog: &Catalog, event: &Event) -> (i64, String) {
    let text = event.cursor.to_string();
    let (feed, mark) = (&text[..16], &text[32..]);
    let number = u64::from_str_radix(mark, 16).unwrap().cast_signed();
    let mut tx = catalog.reading().await.unwrap();
    let (seq,) = one!(tx, (i64,), "SELECT seq FROM events WHERE mark = $1", number).unwrap();
    (seq, format!("{feed}.{seq}.{mark}"))
}

/// Runs last of the feed's: afterwards every cursor of before is foreign.
pub(super) async fn a_cursor_of_another_feed_is_foreign(catalog: &Catalog) {
    let mut cursor = None;
    let first = next_events(catalog, &mut cursor, 1).await.remove(0);
    let text = first.cursor.to_string();
    let (feed, place, mark) = (&text[..16], &text[16..32], &text[32..]);
    let other = |part: &str| format!("{}{}", if part.starts_with('0') { "1" } else { "0" }, &part[1..]);
    let (seq, before) = as_it_was_given_before(catalog, &first).await;
    assert_ne!(i64::from_str_radix(place, 16).ok(), Some(seq), "it does not tell how many there are");
    let followed =
        async |text: &str| catalog.follow(text.parse().ok(), &EventFilter::default(), 10).await.unwrap();
    let page = followed(&text).await;
    assert!(matches!(page, Followed::Page { .. }) && followed(&before).await == page, "{before}");
    for never_given in [
        format!("{feed}{place}{}", other(mark)),
        format!("{feed}{}{mark}", other(place)),
        format!("{}{place}{mark}", other(feed)),
        format!("{feed}.{seq}.{}", other(mark)),
        format!("{feed}.999999999.{mark}"),
        format!("{mark}.{seq}.{mark}"),
        format!("0.{}", i64::MAX),
    ] {
        assert_eq!(followed(&never_given).await, Followed::Foreign, "{never_given}");
    }
    let before = catalog.feed_head().await.unwrap();
    assert!(catalog.feed_is("elsewhere").await.unwrap(), "another cluster is noticed");
    assert!(!catalog.feed_is("elsewhere").await.unwrap(), "once");
    let followed = catalog.follow(Some(before), &EventFilter::default(), 10).await.unwrap();
    assert_eq!(followed, Followed::Foreign, "every cursor of before");
    let (mut again, mut seen) = (None, 0);
    loop {
        let page = next_events(catalog, &mut again, 500).await;
        if page.is_empty() {
            break;
        }
        seen += page.len();
    }
    assert!(seen > 100, "from the beginning it is all there, whatever its transactions are called: {seen}");
}
