//! Promises of work mode: the most urgent first, nobody has what another has, what is prepared ahead, what is decided on
//! many at once.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use acuse_pipeline::{document::Status, reason::ReasonCode};
use uuid::Uuid;

use super::desk::{LEASE, waiting};
use crate::{
    Access, Catalog, DocumentId,
    names::{micros, now},
    reviews::{BatchUndone, Claim, Deciding, Decision, Resolved, ReviewFilter, Table},
};

fn view() -> ReviewFilter {
    let access = Access::whole();
    ReviewFilter { reason: Some(ReasonCode::UnknownCustomer), access, ..ReviewFilter::default() }
}

async fn due_in(catalog: &Catalog, review: crate::ReviewId, hours: i64) {
    let mut tx = catalog.writing().await.unwrap();
    let at = micros(now() + time::Duration::hours(hours));
    execute!(tx, "UPDATE reviews SET due_at = $2 WHERE id = $1", review.0, at).unwrap();
    tx.commit().await.unwrap();
}

pub(super) async fn the_most_urgent_is_next(catalog: &Catalog) {
    let (calm, one) = waiting(catalog).await;
    let (urgent, two) = waiting(catalog).await;
    assert!(one.due_at > one.opened_at, "what waits has a time at which it is due");
    assert_eq!((one.due_at - one.opened_at).whole_hours(), 24, "by the data");
    due_in(catalog, one.id, -900).await;
    due_in(catalog, two.id, -1_000).await;
    let page = catalog.reviews(&view(), None, 2).await.unwrap();
    assert_eq!(page.data.iter().map(|(r, _)| r.document_id).collect::<Vec<_>>(), [urgent, calm]);
    let next = async |who| catalog.claim_next(&view().into(), None, who, LEASE).await.unwrap();
    assert_eq!(next("user:una").await, Some(urgent), "not the oldest: the most urgent");
    assert_eq!(next("user:duo").await, Some(calm));
    assert_eq!(next("user:duo").await, Some(calm), "it is hers still");
    let trail = catalog.audit_trail(Some(calm), 10).await.unwrap();
    let taken = trail.iter().filter(|e| e.action == "claimed" && e.actor == "user:duo").count();
    assert_eq!(taken, 1, "{trail:?}");
    // Only of one sender.
    let sender = catalog.document(calm).await.unwrap().unwrap().contact_id;
    let theirs = ReviewFilter { contact_id: sender, ..view() };
    let found = catalog.reviews(&theirs, None, 500).await.unwrap().data;
    assert!(!found.is_empty() && found.iter().all(|(_, d)| d.contact_id == sender));
    catalog.release_review(two.id, "user:una").await.unwrap();
    catalog.release_review(one.id, "user:duo").await.unwrap();
}

pub(super) async fn what_is_prepared_ahead_is_reserved(catalog: &Catalog) {
    let (_, here) = waiting(catalog).await;
    let (_, there) = waiting(catalog).await;
    for (review, hours) in [(&here, -3_000), (&there, -2_900)] {
        due_in(catalog, review.id, hours).await;
    }
    catalog.claim_review(here.id, "user:una", LEASE).await.unwrap();
    let mine = Table::from(view());
    let reserve = || catalog.reserve_next(&mine, here.id, "user:una", LEASE);
    assert_eq!(reserve().await.unwrap(), Some(there.document_id));
    assert_eq!(reserve().await.unwrap(), Some(there.document_id), "the same again");
    let kept = catalog.review(there.id).await.unwrap().unwrap();
    assert!(kept.is_reserved && kept.claimed_by.as_deref() == Some("user:una"));
    assert_eq!(
        catalog.held_reviews_of("user:una").await.unwrap(),
        [here.document_id],
        "she has not come to it"
    );
    assert!(matches!(catalog.claim_review(there.id, "user:duo", LEASE).await.unwrap(), Claim::HeldBy { .. }));
    let other = catalog.claim_next(&view().into(), None, "user:duo", LEASE).await.unwrap();
    assert_ne!(other, Some(there.document_id), "it is nobody else's next");
    catalog.keep_reserved("user:una", LEASE).await.unwrap();
    // She comes to it, as the holder she was.
    let next = catalog.claim_next(&view().into(), Some(here.id), "user:una", LEASE).await.unwrap();
    assert_eq!(next, Some(there.document_id));
    let taken = catalog.review(there.id).await.unwrap().unwrap();
    assert_eq!((taken.is_reserved, taken.fence), (false, kept.fence));
    // What she holds is her next, and stays hers as it was.
    assert_eq!(reserve().await.unwrap(), Some(there.document_id));
    let held = catalog.review(there.id).await.unwrap().unwrap();
    assert_eq!((held.is_reserved, held.claim_expires_at), (false, taken.claim_expires_at));
    // What was reserved in one view is free for all when she works in another; a reservation ends by itself.
    catalog.release_review(there.id, "user:una").await.unwrap();
    let last = catalog.reserve_next(&view().into(), here.id, "user:una", LEASE).await.unwrap();
    let others = ReviewFilter { reason: Some(ReasonCode::Malware), ..view() };
    assert_eq!(catalog.reserve_next(&others.into(), here.id, "user:una", LEASE).await.unwrap(), None);
    if let Some(last) = last {
        assert_eq!(catalog.open_review_of(last).await.unwrap().unwrap().claimed_by, None);
    }
    assert_eq!(
        catalog.reserve_next(&view().into(), here.id, "user:una", Duration::ZERO).await.unwrap(),
        Some(there.document_id)
    );
    assert!(matches!(catalog.claim_review(there.id, "user:duo", LEASE).await.unwrap(), Claim::Held { .. }));
    catalog.release_review(there.id, "user:duo").await.unwrap();
    catalog.release_review(here.id, "user:una").await.unwrap();
    if let Some(id) = other {
        let review = catalog.open_review_of(id).await.unwrap().unwrap();
        catalog.release_review(review.id, "user:duo").await.unwrap();
    }
}

pub(super) async fn a_supervisor_takes_back(catalog: &Catalog) {
    let (id, review) = waiting(catalog).await;
    assert_eq!(catalog.take_back_review(review.id, "user:sup").await.unwrap(), None, "nobody has it");
    let Claim::Held { fence, .. } = catalog.claim_review(review.id, "user:una", LEASE).await.unwrap() else {
        panic!("free")
    };
    let from = catalog.take_back_review(review.id, "user:sup").await.unwrap();
    assert_eq!(from.as_deref(), Some("user:una"));
    assert_eq!(catalog.renew_review(review.id, "user:una", fence, LEASE).await.unwrap(), None);
    // Nobody has it since, and still her late save is refused.
    let late = Deciding { who: "user:una", fence: Some(fence), sees_ids: true, ..Deciding::default() };
    let approve = Decision::Approve { customer_id: None };
    assert_eq!(catalog.decide_review(review.id, &late, &approve, None).await.unwrap(), Resolved::LeaseLost);
    let trail = catalog.audit_trail(Some(id), 10).await.unwrap();
    assert!(trail.iter().any(|e| e.action == "taken_back" && e.actor == "user:sup"), "{trail:?}");
    // Who had it stands there too, however often they renew it; and that they gave it back.
    for _ in 0..2 {
        catalog.claim_review(review.id, "user:una", LEASE).await.unwrap();
    }
    assert!(catalog.release_review(review.id, "user:una").await.unwrap());
    assert!(!catalog.release_review(review.id, "user:una").await.unwrap());
    let trail = catalog.audit_trail(Some(id), 10).await.unwrap();
    let times = |action: &str| trail.iter().filter(|e| e.action == action && e.actor == "user:una").count();
    assert_eq!((times("claimed"), times("given_back")), (2, 1), "{trail:?}");
}

/// Who holds what, as 20 reviewers see it who want the same few.
#[derive(Default)]
struct Seen {
    holders: Mutex<HashMap<DocumentId, String>>,
    double: Mutex<Vec<String>>,
}

impl Seen {
    fn taken(&self, id: DocumentId, who: &str) {
        let before = self.holders.lock().unwrap().insert(id, who.to_owned());
        if let Some(before) = before.filter(|before| before != who) {
            self.double.lock().unwrap().push(format!("{id}: {before} and {who}"));
        }
    }

    fn given_back(&self, id: DocumentId) {
        self.holders.lock().unwrap().remove(&id);
    }
}

/// Reviewers at once, and how often each of them takes one.
const REVIEWERS: usize = 20;
const CLAIMS_EACH: usize = 500;

/// 10,000 contested claims: nobody ever has what another has.
///
/// # Panics
/// When two have the same, or somebody starves.
pub async fn contested(catalog: &Catalog) {
    for _ in 0..30 {
        waiting(catalog).await;
    }
    let seen = Arc::new(Seen::default());
    let mut reviewers = tokio::task::JoinSet::new();
    for n in 0..REVIEWERS {
        let (catalog, seen) = (catalog.clone(), seen.clone());
        reviewers.spawn(async move { works(&catalog, &seen, &format!("user:r{n}")).await });
    }
    let claims: usize = reviewers.join_all().await.into_iter().sum();
    assert_eq!(claims, REVIEWERS * CLAIMS_EACH, "everybody was served");
    let double = seen.double.lock().unwrap();
    assert!(double.is_empty(), "{} double holds: {double:?}", double.len());
}

/// Takes the next and gives it back, again and again; how often.
async fn works(catalog: &Catalog, seen: &Seen, who: &str) -> usize {
    let mut claims = 0;
    while claims < CLAIMS_EACH {
        let Some(id) = catalog.claim_next(&view().into(), None, who, LEASE).await.unwrap() else {
            tokio::task::yield_now().await;
            continue;
        };
        claims += 1;
        seen.taken(id, who);
        let review = catalog.open_review_of(id).await.unwrap().expect("waits");
        // Every third also prepares one ahead, as the desk does.
        if claims % 3 == 0
            && let Some(ahead) = catalog.reserve_next(&view().into(), review.id, who, LEASE).await.unwrap()
        {
            seen.taken(ahead, who);
            seen.given_back(ahead);
            let ahead = catalog.open_review_of(ahead).await.unwrap().expect("waits");
            catalog.release_review(ahead.id, who).await.unwrap();
        }
        seen.given_back(id);
        assert!(catalog.release_review(review.id, who).await.unwrap(), "still theirs");
    }
    claims
}

pub(super) async fn many_are_decided_and_taken_back_together(catalog: &Catalog) {
    let mut ids = Vec::new();
    for _ in 0..3 {
        let (id, review) = waiting(catalog).await;
        let by = Deciding {
            who: "user:una",
            sees_ids: true,
            held_until: Some(now() + time::Duration::minutes(1)),
            ..Deciding::default()
        };
        let reject = Decision::Reject { note: "not ours".into() };
        let done = catalog.decide_review(review.id, &by, &reject, None).await.unwrap();
        assert_eq!(done, Resolved::Done(Status::Rejected));
        ids.push(id);
    }
    let batch = Uuid::now_v7();
    catalog.name_batch(batch, "user:duo", &ids).await.unwrap();
    assert_eq!(catalog.held_of_batch(batch, "user:duo").await.unwrap(), [], "not his decisions");
    catalog.name_batch(batch, "user:una", &ids[..2]).await.unwrap();
    // What she decides after them she takes back first, though there is less time for it.
    let (last, review) = waiting(catalog).await;
    let by = Deciding {
        who: "user:una",
        sees_ids: true,
        held_until: Some(now() + time::Duration::seconds(30)),
        ..Deciding::default()
    };
    let approve = Decision::Approve { customer_id: None };
    catalog.decide_review(review.id, &by, &approve, None).await.unwrap();
    let held = catalog.held_by("user:una").await.unwrap().expect("it can be taken back");
    assert_eq!((held.document_id, held.batch), (last, None));
    assert_eq!(catalog.undo_batch(batch, "user:duo").await.unwrap(), BatchUndone::default());
    let undone = catalog.undo_batch(batch, "user:una").await.unwrap();
    assert_eq!(undone, BatchUndone { undone: 2, too_late: 0 });
    for (id, status) in [(ids[0], Status::InReview), (ids[1], Status::InReview), (ids[2], Status::Rejected)] {
        assert_eq!(catalog.document(id).await.unwrap().unwrap().status, status);
    }
    let again = catalog.open_review_of(ids[0]).await.unwrap().unwrap();
    assert!(again.claimed_by.is_none(), "free for all");
}

pub(super) async fn a_view_is_kept_under_its_name(catalog: &Catalog) {
    let names = async |who| {
        catalog.saved_views(who).await.unwrap().into_iter().map(|v| (v.name, v.query)).collect::<Vec<_>>()
    };
    assert!(catalog.save_view("user:vera", "late", "reason=malware").await.unwrap());
    assert!(catalog.save_view("user:vera", "late", "kind=invoice").await.unwrap());
    assert_eq!(names("user:vera").await, [("late".to_owned(), "kind=invoice".to_owned())]);
    assert_eq!(names("user:olga").await, [], "hers alone");
    let id = catalog.saved_views("user:vera").await.unwrap()[0].id;
    catalog.drop_view("user:olga", id).await.unwrap();
    assert_eq!(names("user:vera").await.len(), 1);
    catalog.drop_view("user:vera", id).await.unwrap();
    assert_eq!(names("user:vera").await, []);
}
