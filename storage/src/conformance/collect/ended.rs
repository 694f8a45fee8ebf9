//! Promises of approvals that end with what they are about, and of what nobody files past an approver who was asked.

use acuse_pipeline::{
    document::Status,
    fields::{FieldName, Fields},
};
use time::Duration;

use super::left::is_not_reached;
use crate::{
    Access, Catalog, ContactId, DocumentId,
    approvals::{self, ApprovalState, Approving, Mode, NewApproval},
    conformance::{
        access::{bill, waiting},
        answers::{last_said, offered, taps, waits_for},
        cases::{cases_of, leading},
        door::Sample,
        four_eyes::is_next_of,
        house::rules,
        owed::approver,
        road::{begin, field},
    },
    names::{Stage, WaitsFor, now},
    reviews::{Deciding, Decision, Resolved, Undone},
    stages::{ReadFacts, Step},
};

pub(super) const EVA: &str = "user:eva";
const LEASE: std::time::Duration = std::time::Duration::from_secs(60);

/// A bill of this sum.
fn billed(total: &str) -> ReadFacts {
    let mut facts = bill();
    facts.fields.insert(FieldName::Total, field(total));
    facts.fields.insert(FieldName::Currency, field("EUR"));
    facts
}

/// Somebody asks an approver about a document.
pub(super) async fn asks(catalog: &Catalog, document: DocumentId, contact: ContactId, number: &str) {
    let new = NewApproval {
        document: Some(document),
        question: "¿Se paga?".into(),
        approvers: vec![contact],
        mode: Mode::Order,
        phone_number_id: number.to_owned(),
        due_at: None,
    };
    let asked = catalog.ask_for_approval(&Access::new(true), &new, "key:erp").await.unwrap();
    assert!(matches!(asked, Approving::Asked(_)), "{asked:?}");
}

pub(super) async fn states(catalog: &Catalog, id: DocumentId) -> Vec<ApprovalState> {
    let all = catalog.approvals(&Access::new(true), (None, Some(id)), None, 50).await.unwrap();
    all.into_iter().map(|approval| approval.state).collect()
}

pub(super) async fn decides(
    catalog: &Catalog,
    id: DocumentId,
    decision: &Decision,
    can_be_undone: bool,
) -> Resolved {
    let review = catalog.open_review_of(id).await.unwrap().expect("it waits");
    let held_until = can_be_undone.then(|| now() + Duration::MINUTE);
    let by = Deciding { who: EVA, sees_ids: true, held_until, ..Deciding::default() };
    catalog.decide_review(review.id, &by, decision, None).await.unwrap()
}

/// How many of this kind stand in the feed of a document.
pub(super) async fn told(catalog: &Catalog, id: DocumentId, kind: &'static str) -> i64 {
    let mut tx = catalog.reading().await.unwrap();
    let sql = "SELECT COUNT(*) FROM events WHERE document_id = $1 AND kind = $2";
    one!(tx, (i64,), sql, id.0, kind).unwrap().0
}

/// A tap changes nothing, and is told so.
async fn is_over(catalog: &Catalog, (sample, contact): (&Sample, ContactId), payload: &str) {
    taps(catalog, sample, payload).await;
    let (purpose, text) = last_said(catalog, contact).await;
    assert_eq!(purpose, "tap_refused", "{text}");
}

/// What is decided is asked of nobody: a tap changes nothing, no reminder leaves, and the feed says that it is over. While it
/// can be taken back it is not over, and no tap counts.
pub(in crate::conformance) async fn what_is_decided_is_asked_of_nobody(catalog: &Catalog) {
    let catalog = &leading(catalog);
    rules(catalog, "").await;
    let first = waiting(catalog, &billed("10.00")).await;
    let filed = decides(catalog, first, &Decision::Approve { customer_id: None }, false).await;
    assert_eq!(filed, Resolved::Done(Status::Filed));
    for decision in [Decision::Reject { note: "no".into() }, Decision::Duplicate { of: first, note: None }] {
        let (sample, contact, number, _) = approver(catalog).await;
        let id = waiting(catalog, &billed("100.00")).await;
        asks(catalog, id, contact, &number).await;
        let buttons = offered(catalog, contact).await;
        let held = decides(catalog, id, &decision, true).await;
        assert!(matches!(held, Resolved::Done(_)), "{held:?}");
        is_over(catalog, (&sample, contact), &buttons[0]).await;
        assert_eq!(states(catalog, id).await, [ApprovalState::Asked], "it can be taken back");
        let undone = catalog.undo_decision(id, EVA, LEASE).await.unwrap();
        assert_eq!(undone, Undone::Done(Status::InReview));
        assert_eq!(waits_for(catalog, id).await, Some(WaitsFor::Approver));

        let done = decides(catalog, id, &decision, false).await;
        assert!(matches!(done, Resolved::Done(_)), "{done:?}");
        assert_eq!(states(catalog, id).await, [ApprovalState::Expired]);
        let (.., state, due) =
            cases_of(catalog, contact).await.into_iter().rfind(|c| c.1 == "approval").unwrap();
        assert_eq!((state.as_str(), due), ("done", None), "nobody is reminded");
        let mut tx = catalog.reading().await.unwrap();
        let sql =
            "SELECT COUNT(*) FROM outbox WHERE contact_id = $1 AND purpose = 'approval' AND state = 'queued'";
        assert_eq!(one!(tx, (i64,), sql, contact.0).unwrap().0, 0, "nor asked what was to leave still");
        drop(tx);
        is_over(catalog, (&sample, contact), &buttons[0]).await;
        assert_eq!(states(catalog, id).await, [ApprovalState::Expired]);
        let timeline = catalog.timeline(id).await.unwrap();
        assert!(timeline.iter().all(|entry| entry.event != "approved_by_approver"));
        let feed =
            (told(catalog, id, "approval.expired").await, told(catalog, id, "approval.approved").await);
        assert_eq!(feed, (1, 0));
        let refused = NewApproval {
            document: Some(id),
            question: String::new(),
            approvers: vec![contact],
            mode: Mode::Any,
            phone_number_id: number,
            due_at: None,
        };
        let refused = catalog.ask_for_approval(&Access::new(true), &refused, "key:erp").await.unwrap();
        assert_eq!(refused, Approving::NotInReview);
    }
    assert!(catalog.message_ledger(now()).await.unwrap().balanced);
}

/// What somebody asked an approver about no reviewer files past them. Corrected to more it is asked anew; read anew it waits
/// for them still, and goes on once they said yes.
pub(in crate::conformance) async fn nobody_files_past_an_approver_who_was_asked(catalog: &Catalog) {
    use ApprovalState::{Approved, Asked, Expired};
    let catalog = &leading(catalog);
    rules(catalog, "").await;
    let (sample, contact, number, _) = approver(catalog).await;
    let facts = billed("100.00");
    let id = waiting(catalog, &facts).await;
    asks(catalog, id, contact, &number).await;
    let old = offered(catalog, contact).await;
    let approve = Decision::Approve { customer_id: None };
    assert_eq!(decides(catalog, id, &approve, false).await, Resolved::ApproverIsAsked);
    assert_eq!(waits_for(catalog, id).await, Some(WaitsFor::Approver));
    assert_eq!(states(catalog, id).await, [Asked], "nobody is asked twice");

    let mut fields: Fields = catalog.document(id).await.unwrap().unwrap().fields.clone();
    fields.insert(FieldName::Total, field("5000.00"));
    let correct = Decision::Correct { kind: None, fields, customer_id: None };
    assert_eq!(decides(catalog, id, &correct, false).await, Resolved::ApproverIsAsked);
    assert_eq!(states(catalog, id).await, [Expired, Asked]);
    assert_eq!(waits_for(catalog, id).await, Some(WaitsFor::Approver));
    let (purpose, text) = last_said(catalog, contact).await;
    assert!(purpose == "approval" && text.contains("5000,00 EUR") && text.contains("¿Se paga?"), "{text}");
    let new = offered(catalog, contact).await;
    is_over(catalog, (&sample, contact), &old[0]).await;

    let retry = Decision::Retry { note: None };
    assert_eq!(decides(catalog, id, &retry, false).await, Resolved::Done(Status::Processing));
    is_over(catalog, (&sample, contact), &new[0]).await;
    begin(catalog, id, Stage::Read).await;
    assert_eq!(catalog.read(id, &facts).await.unwrap(), Step::Taken);
    let read = begin(catalog, id, Stage::Link).await;
    assert!(catalog.needs_approval(&read).await.unwrap(), "nor is it filed by itself");
    let why = [approvals::reason()];
    assert_eq!(catalog.into_review(id, Stage::Link, &why, None, None).await.unwrap(), Step::Taken);
    assert_eq!(waits_for(catalog, id).await, Some(WaitsFor::Approver));
    assert_eq!(states(catalog, id).await, [Expired, Asked], "it comes to less than was asked about");
    taps(catalog, &sample, &new[0]).await;
    assert_eq!(states(catalog, id).await, [Expired, Approved]);
    let goes_on = catalog.document(id).await.unwrap().unwrap();
    assert_eq!(goes_on.status, Status::Processing, "it waited for nothing else");
    assert!(!catalog.needs_approval(&goes_on).await.unwrap());
}

/// What is said of a document and can be taken back is no approver's to answer: neither their yes to what it said before
/// counts for it, nor is it filed past a no. And where nobody is left who could be asked, a reviewer has it.
pub(in crate::conformance) async fn an_answer_waits_for_the_end_of_a_hold(catalog: &Catalog) {
    let catalog = &leading(catalog);
    rules(catalog, "").await;
    let (sample, contact, number, _) = approver(catalog).await;
    let id = waiting(catalog, &billed("100.00")).await;
    asks(catalog, id, contact, &number).await;
    let buttons = offered(catalog, contact).await;
    let approve = Decision::Approve { customer_id: None };
    assert_eq!(decides(catalog, id, &approve, true).await, Resolved::ApproverIsAsked);
    is_over(catalog, (&sample, contact), &buttons[1]).await;
    assert_eq!(states(catalog, id).await, [ApprovalState::Asked], "it can be taken back");
    let undone = catalog.undo_decision(id, EVA, LEASE).await.unwrap();
    assert_eq!(undone, Undone::Done(Status::InReview));
    taps(catalog, &sample, &buttons[1]).await;
    assert_eq!(states(catalog, id).await, [ApprovalState::Refused], "and counts once it cannot");
    assert_eq!(waits_for(catalog, id).await, Some(WaitsFor::Reviewer));

    let (_, contact, number, _) = approver(catalog).await;
    let id = waiting(catalog, &billed("100.00")).await;
    asks(catalog, id, contact, &number).await;
    assert_eq!(waits_for(catalog, id).await, Some(WaitsFor::Approver));
    is_not_reached(catalog, contact).await;
    assert_eq!(waits_for(catalog, id).await, Some(WaitsFor::Reviewer), "nobody else can be asked");
    assert!(is_next_of(catalog, id, "user:leo").await);
    assert_eq!(decides(catalog, id, &approve, false).await, Resolved::Done(Status::Filed));
}
