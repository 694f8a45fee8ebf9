//! Promises about decisions that can be taken back, taken up again, and about what was typed before them.

use std::time::Duration;

use acuse_pipeline::{
    document::{Kind, Status},
    fields::{FieldName, Fields},
    part::Part,
    reason::ReasonCode,
};
use time::Duration as Span;
use uuid::Uuid;

use super::{
    desk::{LEASE, waiting},
    door::{Sample, received},
    road::{field, next_events, reply, to_review},
};
use crate::{
    Access, Catalog, DocumentId, ReviewId,
    access::Hidden,
    events::EventCursor,
    names::now,
    outbox::Purpose,
    reviews::{
        Claim, Deciding, Decision, Order, Overridden, Reopened, Resolution, Resolved, ReviewFilter, Table,
        Undone,
    },
    split::Split,
    stages::Begun,
    users::{Change, Role},
};

fn held(who: &str, secs: i64) -> Deciding<'_> {
    Deciding { who, held_until: Some(now() + Span::seconds(secs)), sees_ids: true, ..Deciding::default() }
}

/// The kinds of events of a document, and the cursor after all events.
async fn events(catalog: &Catalog, id: DocumentId) -> (Vec<String>, Option<EventCursor>) {
    let (mut kinds, mut after) = (Vec::new(), None);
    loop {
        let page = next_events(catalog, &mut after, 1000).await;
        if page.is_empty() {
            return (kinds, after);
        }
        kinds.extend(page.into_iter().filter(|e| e.document_id == Some(id)).map(|e| e.kind));
    }
}

async fn version(catalog: &Catalog, id: DocumentId) -> i64 {
    catalog.document(id).await.unwrap().unwrap().version
}

pub(super) async fn a_held_decision_is_told_when_its_time_is_over(catalog: &Catalog) {
    let (id, review) = waiting(catalog).await;
    let (told, _) = events(catalog, id).await;
    let decided = catalog
        .decide_review(
            review.id,
            &held("user:ana", 1),
            &Decision::Approve { customer_id: None },
            Some(&reply(Purpose::Filed)),
        )
        .await
        .unwrap();
    assert_eq!(decided, Resolved::Done(Status::Filed), "it commits at once");
    assert_eq!(catalog.document(id).await.unwrap().unwrap().status, Status::Filed);
    assert!(!catalog.end_hold(id).await.unwrap(), "a task that comes early ends nothing");
    assert_eq!(events(catalog, id).await.0, told, "nobody hears of it yet");
    assert_eq!(catalog.replies_about(id).await.unwrap().len(), 1, "only that a person looks");
    assert!(catalog.held_until(id).await.unwrap().is_some());
    // Something else happens meanwhile, and a follower reads on past it.
    let (other, _) = waiting(catalog).await;
    let (_, mut beyond) = events(catalog, other).await;
    tokio::time::sleep(Duration::from_millis(1_050)).await;
    let (a, b) = tokio::join!(catalog.end_hold(id), catalog.end_hold(id));
    assert!(a.unwrap() ^ b.unwrap(), "once, however many come");
    let later = next_events(catalog, &mut beyond, 1000).await;
    let mine: Vec<_> = later.iter().filter(|e| e.document_id == Some(id)).map(|e| e.kind.as_str()).collect();
    assert_eq!(mine, ["document.filed"], "after everything that was read before it");
    assert_eq!(catalog.replies_about(id).await.unwrap().len(), 2);
    assert_eq!(catalog.held_until(id).await.unwrap(), None);
    assert_eq!(catalog.undo_decision(id, "user:ana", LEASE).await.unwrap(), Undone::TooLate);
}

pub(super) async fn a_decision_is_taken_back_by_whoever_made_it(catalog: &Catalog) {
    let (id, review) = waiting(catalog).await;
    let before = catalog.document(id).await.unwrap().unwrap();
    let (told, _) = events(catalog, id).await;
    let fields = Fields::from([(FieldName::Total, field("77.70"))]);
    let correct = Decision::Correct { kind: Some(Kind::Receipt), fields, customer_id: None };
    let by = Deciding { note: Some("the stamp hides it".into()), ..held("user:ana", 60) };
    catalog.decide_review(review.id, &by, &correct, Some(&reply(Purpose::Filed))).await.unwrap();
    assert_eq!(catalog.review(review.id).await.unwrap().unwrap().note.as_deref(), Some("the stamp hides it"));
    assert_eq!(catalog.held_by("user:ana").await.unwrap().map(|h| h.document_id), Some(id));
    assert_eq!(catalog.undo_decision(id, "user:ben", LEASE).await.unwrap(), Undone::NotYours);
    assert_eq!(catalog.undo_decision(id, "user:ana", LEASE).await.unwrap(), Undone::Done(Status::InReview));
    let after = catalog.document(id).await.unwrap().unwrap();
    assert_eq!((after.status, after.kind, &after.fields), (Status::InReview, before.kind, &before.fields));
    assert_eq!(after.reasons, before.reasons);
    assert_eq!(after.version, before.version + 2, "as a new version");
    let again = catalog.open_review_of(id).await.unwrap().expect("waits again");
    assert_eq!((again.opened_at, again.claimed_by.as_deref()), (review.opened_at, Some("user:ana")));
    assert_eq!(catalog.review(review.id).await.unwrap().unwrap().resolution, Some(Resolution::Undone));
    assert_eq!(events(catalog, id).await.0, told, "nobody heard of either");
    assert!(!catalog.end_hold(id).await.unwrap());
    assert!(catalog.audit_trail(Some(id), 10).await.unwrap().iter().any(|e| e.action == "undone"));
    assert_eq!(catalog.undo_decision(id, "user:ana", LEASE).await.unwrap(), Undone::TooLate);
}

pub(super) async fn a_held_split_begins_when_its_time_is_over(catalog: &Catalog) {
    let (id, review) = waiting(catalog).await;
    let split = Split::of_file(vec![Part::pages(1, 1).unwrap(), Part::pages(2, 2).unwrap()], 2).unwrap();
    let decision = Decision::Split { split, note: None };
    let decided = catalog.decide_review(review.id, &held("user:ana", 0), &decision, None).await.unwrap();
    assert_eq!(decided, Resolved::Done(Status::Processing));
    let document = catalog.document(id).await.unwrap().unwrap();
    assert_eq!(document.part, None, "it is whole yet");
    assert_eq!(catalog.begin(id, crate::Stage::Read).await.unwrap(), Begun::NotDue, "and nothing reads it");
    catalog.sweep_older_than(Span::ZERO).await.unwrap();
    assert_eq!(catalog.begin(id, crate::Stage::Read).await.unwrap(), Begun::NotDue);
    assert!(catalog.ledger(None, None).await.unwrap().balanced);
    assert!(catalog.end_hold(id).await.unwrap());
    let document = catalog.document(id).await.unwrap().unwrap();
    assert_eq!(document.stage, crate::Stage::Read);
    assert_eq!(catalog.of_one_file(&document).await.unwrap().len(), 2);
}

pub(super) async fn the_sweep_ends_what_no_task_ends(catalog: &Catalog) {
    let (id, review) = waiting(catalog).await;
    let reject = Decision::Reject { note: "not ours".into() };
    catalog.decide_review(review.id, &held("user:ana", 0), &reject, None).await.unwrap();
    let mut tx = catalog.writing().await.unwrap();
    execute!(tx, "UPDATE holds SET task_id = NULL WHERE document_id = $1", id.0).unwrap();
    tx.commit().await.unwrap();
    assert_eq!(catalog.sweep_older_than(Span::ZERO).await.unwrap().holds, 1, "a task again");
    assert_eq!(catalog.sweep_older_than(Span::ZERO).await.unwrap().holds, 0);
    assert!(catalog.end_hold(id).await.unwrap());
}

pub(super) async fn what_is_at_rest_is_taken_up_again(catalog: &Catalog) {
    let (id, review) = waiting(catalog).await;
    let reject = Decision::Reject { note: "not ours".into() };
    catalog.resolve_review(review.id, "user:ana", None, &reject, None).await.unwrap();
    let seen = version(catalog, id).await;
    let until = now() + Span::MINUTE;
    let stale = catalog.reopen(id, "user:ben", Some(seen - 1), "", until).await.unwrap();
    assert_eq!(stale, Reopened::Changed(seen));
    let waits = catalog.reopen(id, "user:ben", Some(seen), "it is ours", until).await.unwrap();
    let Reopened::Waits(again) = waits else { panic!("{waits:?}") };
    assert_eq!(catalog.reopen(id, "user:ben", None, "", until).await.unwrap(), Reopened::NotAtRest);
    let document = catalog.document(id).await.unwrap().unwrap();
    assert_eq!((document.status, document.version), (Status::InReview, seen + 1));
    assert!(!document.reasons.is_empty(), "it waits with a reason");
    assert!(events(catalog, id).await.0.ends_with(&["document.in_review".to_owned()]));
    catalog
        .resolve_review(again, "user:ben", None, &Decision::Approve { customer_id: None }, None)
        .await
        .unwrap();

    // What is filed is corrected in place, and that too can be taken back.
    let before = catalog.document(id).await.unwrap().unwrap();
    let (before, facts) = (before.fields, before.field_facts);
    let fields = Fields::from([(FieldName::Total, field("12.00"))]);
    let correct = Decision::Correct { kind: Some(Kind::Receipt), fields: fields.clone(), customer_id: None };
    let over = Overridden { checks: vec!["missing".into()], because: "torn off".into() };
    let by = Deciding { overridden: Some(over), ..held("user:eva", 60) };
    let done = catalog.decide_again(id, &by, &correct, None).await.unwrap();
    assert_eq!(done, Resolved::Done(Status::Filed));
    let corrected = catalog.document(id).await.unwrap().unwrap();
    assert_eq!(corrected.fields, fields);
    let fact = &corrected.field_facts[&FieldName::Total];
    assert_eq!((fact.corrected_by.as_deref(), fact.rule.as_deref()), (Some("user:eva"), Some("reviewer")));
    assert_eq!(fact.corrected_from, before.get(&FieldName::Total).map(|f| f.value.clone()));
    assert!(fact.corrected_at.is_some_and(|at| at <= now()));
    let trail = catalog.audit_trail(Some(id), 10).await.unwrap();
    assert!(trail.iter().any(|e| e.action == "corrected" && e.detail["because"] == "torn off"), "{trail:?}");
    assert_eq!(catalog.undo_decision(id, "user:eva", LEASE).await.unwrap(), Undone::Done(Status::Filed));
    assert!(catalog.open_review_of(id).await.unwrap().is_none(), "it was filed, and is");
    let undone = catalog.document(id).await.unwrap().unwrap();
    assert_eq!((undone.fields, undone.field_facts), (before, facts), "and so is its proof");
    catalog.decide_again(id, &held("user:eva", 0), &correct, None).await.unwrap();
    assert!(catalog.end_hold(id).await.unwrap());
    assert!(events(catalog, id).await.0.ends_with(&["document.corrected".to_owned()]));
}

pub(super) async fn a_lease_that_was_lost_saves_nothing(catalog: &Catalog) {
    let (_, review) = waiting(catalog).await;
    let claim = |who: &'static str, lease| catalog.claim_review(review.id, who, lease);
    let Claim::Held { fence, .. } = claim("ana", Duration::ZERO).await.unwrap() else { panic!() };
    let Claim::Held { fence: bens, .. } = claim("ben", LEASE).await.unwrap() else { panic!() };
    assert_eq!(catalog.renew_review(review.id, "ana", fence, LEASE).await.unwrap(), None);
    assert!(catalog.renew_review(review.id, "ben", bens, LEASE).await.unwrap().is_some());
    let Claim::Held { fence: same, .. } = claim("ben", LEASE).await.unwrap() else { panic!() };
    assert_eq!(same, bens, "renewing makes no other holder");
    assert!(catalog.release_review(review.id, "ben").await.unwrap());
    // Nobody holds it now, and the document is as Ana saw it: still it is not hers to decide.
    let late = Deciding { who: "ana", fence: Some(fence), sees_ids: true, ..Deciding::default() };
    let approve = Decision::Approve { customer_id: None };
    assert_eq!(catalog.decide_review(review.id, &late, &approve, None).await.unwrap(), Resolved::LeaseLost);
}

async fn is_an_id(catalog: &Catalog, id: DocumentId, sensitivity: &str) {
    let mut tx = catalog.writing().await.unwrap();
    execute!(tx, "UPDATE documents SET sensitivity = $2 WHERE id = $1", id.0, sensitivity).unwrap();
    tx.commit().await.unwrap();
}

pub(super) async fn what_waits_on_purpose_is_nobodys_next(catalog: &Catalog) {
    let only = ReviewFilter { access: Access::whole(), ..ReviewFilter::default() };
    let (late, one) = waiting(catalog).await;
    let (handed, two) = waiting(catalog).await;
    for review in [&one, &two] {
        catalog.claim_review(review.id, "user:ana", LEASE).await.unwrap();
    }
    let tomorrow = now() + Span::days(1);
    assert!(!catalog.postpone_review(one.id, "user:ben", tomorrow, None).await.unwrap(), "not Ben's to give");
    assert!(catalog.postpone_review(one.id, "user:ana", tomorrow, Some("asked by mail")).await.unwrap());
    assert!(!catalog.hand_review(two.id, "user:ben", "user:ben", None).await.unwrap());
    assert!(catalog.hand_review(two.id, "user:ana", "user:eva", None).await.unwrap());
    let open_to = |who: &str| ReviewFilter { open_to: Some(who.to_owned()), ..only.clone() };
    let there = |filter: ReviewFilter| async move {
        let (mut ids, mut after) = (Vec::new(), None);
        loop {
            let page = catalog.reviews(&filter, after, 500).await.unwrap();
            ids.extend(page.data.iter().map(|(_, d)| d.id));
            after = page.next;
            if after.is_none() {
                return ids;
            }
        }
    };
    let all = there(only.clone()).await;
    assert!(all.contains(&late) && all.contains(&handed), "both wait, for all to see");
    let evas = there(open_to("user:eva")).await;
    assert!(!evas.contains(&late) && evas.contains(&handed));
    assert!(!there(open_to("user:ana")).await.contains(&handed));
    let (postponed, given) =
        (catalog.review(one.id).await.unwrap().unwrap(), catalog.review(two.id).await.unwrap().unwrap());
    assert!(postponed.claimed_by.is_none() && postponed.postponed_until.is_some());
    assert_eq!(given.handed_to.as_deref(), Some("user:eva"));
    let trail = catalog.audit_trail(Some(late), 10).await.unwrap();
    assert!(trail.iter().any(|e| e.action == "postponed"), "{trail:?}");

    // Whoever decides no more, or not on what may be an ID, leaves what waited for them to the others.
    let off = Change { disabled: Some(true), ..Change::default() };
    let elsewhere = Change { role: Some(Role::Finance), ..Change::default() };
    let blind = Change { sees_ids: Some(false), ..Change::default() };
    for change in [off, elsewhere, blind] {
        let name = format!("leaves-{}", Uuid::now_v7().simple());
        let user = catalog.add_user(&name, "!", (Role::Reviewer, false), None).await.unwrap().unwrap();
        let (theirs, review) = waiting(catalog).await;
        catalog.claim_review(review.id, "user:ana", LEASE).await.unwrap();
        let to = format!("user:{name}");
        assert!(catalog.hand_review(review.id, "user:ana", &to, None).await.unwrap());
        let sees_ids = Change { sees_ids: Some(true), ..Change::default() };
        catalog.change_user(user, &sees_ids).await.unwrap().unwrap();
        assert!(!there(open_to("user:ana")).await.contains(&theirs), "they decide still");
        is_an_id(catalog, theirs, "unknown").await;
        catalog.change_user(user, &change).await.unwrap().unwrap();
        assert!(there(open_to("user:ana")).await.contains(&theirs), "{change:?}");
        is_an_id(catalog, theirs, "open").await;
    }
}

pub(super) async fn the_queue_is_a_table(catalog: &Catalog) {
    let mut mine = Vec::new();
    for total in ["90.00", "1000.00", "-5.00"] {
        let (id, review) = waiting(catalog).await;
        let fields = Fields::from([
            (FieldName::Total, field(total)),
            (FieldName::MerchantName, field("Zapatería Única")),
        ]);
        let correct = Decision::Correct { kind: Some(Kind::Receipt), fields, customer_id: None };
        catalog.decide_review(review.id, &held("user:ana", 0), &correct, None).await.unwrap();
        catalog.end_hold(id).await.unwrap();
        let version = version(catalog, id).await;
        let until = now() + Span::minutes(1);
        catalog.reopen(id, "user:ana", Some(version), "again", until).await.unwrap();
        mine.push(id);
    }
    let ordered = |order: (Order, bool)| async move {
        let filter = ReviewFilter { access: Access::whole(), ..ReviewFilter::default() };
        let (order, descending) = order;
        let table = Table { filter, order, descending, q: Some("unica zapatreia".into()) };
        let (mut ids, mut after) = (Vec::new(), None);
        loop {
            let page = catalog.review_table(&table, after, 1).await.unwrap();
            ids.extend(page.data.iter().map(|(_, d)| d.id));
            after = page.next;
            if after.is_none() {
                return ids;
            }
        }
    };
    assert_eq!(ordered((Order::Since, false)).await, mine, "page by page, each once");
    let newest: Vec<_> = mine.iter().rev().copied().collect();
    assert_eq!(ordered((Order::Since, true)).await, newest);
    assert_eq!(ordered((Order::Due, false)).await, mine, "due alike, so by age");
    for order in [Order::Kind, Order::Party, Order::Customer, Order::Sender] {
        let mut found = ordered((order, false)).await;
        found.sort_unstable();
        assert_eq!(found, mine, "{order}: each once");
    }
    assert_eq!(ordered((Order::Amount, true)).await, [mine[1], mine[0], mine[2]]);
    let blind = ReviewFilter { access: Access::new(false), ..ReviewFilter::default() };
    let table = Table { filter: blind, q: Some("no such words".into()), ..Table::default() };
    assert!(catalog.review_table(&table, None, 5).await.unwrap().data.is_empty());
    each_order_has_all_that_waits(catalog).await;
}

/// Page by page, in each order, each once; what has an amount or a party, and may be told, comes before the rest.
async fn each_order_has_all_that_waits(catalog: &Catalog) {
    let pages = async |table: &Table| {
        let (mut ids, mut after) = (Vec::new(), None);
        loop {
            let page = catalog.review_table(table, after, 7).await.unwrap();
            ids.extend(page.data.into_iter().map(|(_, document)| document.id));
            after = page.next;
            if after.is_none() {
                return ids;
            }
        }
    };
    let mut all = pages(&Table::default()).await;
    all.sort_unstable();
    let told = async |has: &str| {
        let mut tx = catalog.reading().await.unwrap();
        let text =
            format!("SELECT id FROM documents WHERE status = 'in_review' AND sensitivity = 'open' AND {has}");
        let rows = all!(tx, (Uuid,), sqlx::AssertSqlSafe(text.clone())).unwrap();
        rows.into_iter().map(|(id,)| DocumentId(id)).collect::<Vec<_>>()
    };
    let (amounts, parties) = (told("amount IS NOT NULL").await, told("issuer <> ''").await);
    for (sees_ids, descending) in [(true, false), (true, true), (false, false), (false, true)] {
        for order in Order::ALL.iter().copied() {
            let filter = ReviewFilter { access: Access::new(sees_ids), ..ReviewFilter::default() };
            let mut ids = pages(&Table { filter, order, descending, q: None }).await;
            let first = match order {
                Order::Amount if !sees_ids => &amounts[..],
                Order::Party if !sees_ids => &parties[..],
                _ => &[],
            };
            assert!(ids[..first.len()].iter().all(|id| first.contains(id)), "{order}: {ids:?}");
            ids.sort_unstable();
            assert_eq!(ids, all, "{order}, {sees_ids}, {descending}");
        }
    }
}

pub(super) async fn what_came_before_is_a_duplicate_and_no_more_when_taken_back(catalog: &Catalog) {
    let (first, _) = waiting(catalog).await;
    let (id, review) = waiting(catalog).await;
    let again = Decision::Duplicate { of: first, note: None };
    let before = catalog.ledger(None, None).await.unwrap();
    let done = catalog.decide_review(review.id, &held("user:ana", 60), &again, None).await.unwrap();
    assert_eq!(done, Resolved::Done(Status::Filed));
    let document = catalog.document(id).await.unwrap().unwrap();
    assert_eq!(document.duplicate_of, Some(first));
    let after = catalog.ledger(None, None).await.unwrap();
    assert!(after.balanced);
    assert_eq!((after.duplicate - before.duplicate, after.filed - before.filed), (1, 0));
    assert_eq!(catalog.undo_decision(id, "user:ana", LEASE).await.unwrap(), Undone::Done(Status::InReview));
    let document = catalog.document(id).await.unwrap().unwrap();
    assert_eq!((document.duplicate_of, document.status), (None, Status::InReview));
    let review = catalog.open_review_of(id).await.unwrap().unwrap();
    catalog.decide_review(review.id, &held("user:ana", 0), &again, None).await.unwrap();
    assert!(catalog.end_hold(id).await.unwrap());
    assert!(events(catalog, id).await.0.ends_with(&["document.duplicate".to_owned()]));
}

pub(super) async fn next_goes_on_past_what_others_hold(catalog: &Catalog) {
    let only = ReviewFilter {
        reason: Some(ReasonCode::UnknownCustomer),
        access: Access::whole(),
        ..ReviewFilter::default()
    };
    let mut three = Vec::new();
    for _ in 0..3 {
        three.push(waiting(catalog).await);
    }
    let [(first, one), (_, two), (third, three)] = <[_; 3]>::try_from(three).ok().unwrap();
    catalog.claim_review(two.id, "user:ben", LEASE).await.unwrap();
    let mine = Table::from(ReviewFilter { open_to: Some("user:ana".into()), ..only.clone() });
    assert_eq!(catalog.neighbour(&mine, &one, true).await.unwrap(), Some(third), "past what Ben holds");
    assert_eq!(catalog.neighbour(&mine, &three, false).await.unwrap(), Some(first));
    let next = catalog.claim_next(&only.clone().into(), Some(one.id), "user:ana", LEASE).await.unwrap();
    assert_eq!(next, Some(third));
    let others = ReviewFilter {
        reason: Some(ReasonCode::Malware),
        access: Access::whole(),
        ..ReviewFilter::default()
    };
    assert_eq!(
        catalog.claim_next(&others.into(), None, "user:ana", LEASE).await.unwrap(),
        None,
        "in its filter"
    );
    let mut claims = tokio::task::JoinSet::new();
    for n in 0..4 {
        let (catalog, only) = (catalog.clone(), only.clone());
        claims.spawn(async move {
            catalog.claim_next(&only.into(), None, &format!("user:{n}"), LEASE).await.unwrap()
        });
    }
    let mut taken: Vec<_> = claims.join_all().await.into_iter().flatten().collect();
    let all = taken.len();
    taken.sort_unstable();
    taken.dedup();
    assert_eq!(taken.len(), all, "nobody has what another has");
    let ledger = catalog.ledger(None, None).await.unwrap();
    let waiting = catalog.waiting(&Access::whole()).await.unwrap();
    assert_eq!((waiting.documents, waiting.hidden), (ledger.in_review, Hidden::default()));
    let counted = catalog.count_reasons(&Access::whole()).await.unwrap();
    for (code, count) in counted {
        let filter = ReviewFilter { reason: Some(code), access: Access::whole(), ..ReviewFilter::default() };
        let (mut listed, mut after) = (0, None);
        loop {
            let page = catalog.reviews(&filter, after, 7).await.unwrap();
            listed += page.data.len() as u64;
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(listed, count, "{code}");
    }
    let parties = catalog.parties_of(&[first, third]).await.unwrap();
    assert_eq!(parties.len(), 2);
    assert!(parties[&first].sender.is_some() || parties[&first].phone.is_some(), "{parties:?}");
}

pub(super) async fn what_was_typed_is_kept_until_it_is_told(catalog: &Catalog) {
    let id = received(catalog, &Sample::new()).await;
    to_review(catalog, id).await;
    let review = catalog.open_review_of(id).await.unwrap().unwrap();
    let form = |total: &str| vec![("receipt.total".to_owned(), total.to_owned())];
    catalog.save_draft(id, "user:ana", 3, &form("1")).await.unwrap();
    catalog.save_draft(id, "user:ana", 4, &form("12,5\0")).await.unwrap();
    let draft = catalog.draft(id, "user:ana").await.unwrap().expect("kept");
    assert_eq!((draft.document_version, draft.form.len()), (4, 1));
    assert_eq!(catalog.draft(id, "user:ben").await.unwrap(), None, "hers alone");
    let reject = Decision::Reject { note: "no".into() };
    catalog.decide_review(review.id, &held("user:ana", 0), &reject, None).await.unwrap();
    assert!(catalog.draft(id, "user:ana").await.unwrap().is_some(), "an undo brings it back");
    assert!(catalog.end_hold(id).await.unwrap());
    assert_eq!(catalog.draft(id, "user:ana").await.unwrap(), None);
    catalog.save_draft(id, "user:ana", 4, &form("1")).await.unwrap();
    catalog.discard_draft(id, "user:ana").await.unwrap();
    assert_eq!(catalog.draft(id, "user:ana").await.unwrap(), None);
    assert_eq!(catalog.claim_review(ReviewId::generate(), "x", LEASE).await.unwrap(), Claim::Missing);
}

pub(super) async fn what_is_typed_after_a_decision_outlives_its_hold(catalog: &Catalog) {
    let (id, review) = waiting(catalog).await;
    let form = |note: &str| vec![("note".to_owned(), note.to_owned())];
    let reject = Decision::Reject { note: "no".into() };
    let seen = version(catalog, id).await;
    catalog.save_draft(id, "user:ana", seen, &form("before")).await.unwrap();
    catalog.decide_review(review.id, &held("user:ana", 0), &reject, None).await.unwrap();
    // Looked at again while it can be taken back.
    catalog.save_draft(id, "user:ana", version(catalog, id).await, &form("after")).await.unwrap();
    assert!(catalog.end_hold(id).await.unwrap());
    let kept = catalog.draft(id, "user:ana").await.unwrap().expect("it was typed after the decision");
    assert_eq!(kept.form, form("after"));

    // What comes late of a page from before it ends with it.
    let (id, review) = waiting(catalog).await;
    let seen = version(catalog, id).await;
    catalog.decide_review(review.id, &held("user:ana", 0), &reject, None).await.unwrap();
    catalog.save_draft(id, "user:ana", seen, &form("late")).await.unwrap();
    assert!(catalog.end_hold(id).await.unwrap());
    assert_eq!(catalog.draft(id, "user:ana").await.unwrap(), None);
}
