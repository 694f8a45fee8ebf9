//! Promises of approvals that nobody taps in their time.

use acuse_pipeline::reason::{Reason, ReasonCode};
use time::Duration;

use super::agrees;
use crate::{
    Access, Catalog, DocumentId,
    approvals::{Approval, ApprovalState, Approving, Mode, NewApproval},
    conformance::{
        answers::{last_said, offered, taps, waits, waits_for},
        cases::{cases_of, contact_of, leading, sends},
        door::Sample,
    },
    consents::Category,
    names::{ApprovalId, ContactId, WaitsFor, micros, now},
};

async fn asked(catalog: &Catalog, approver: ContactId, number: &str, of: Option<DocumentId>) -> Approval {
    let new = NewApproval {
        document: of,
        question: "¿Se paga?".into(),
        approvers: vec![approver],
        mode: Mode::Order,
        phone_number_id: number.to_owned(),
        due_at: Some(now() + Duration::HOUR),
    };
    match catalog.ask_for_approval(&Access::new(true), &new, "key:erp").await.unwrap() {
        Approving::Asked(asked) => *asked,
        other => panic!("{other:?}"),
    }
}

async fn time_is_over(catalog: &Catalog, approver: ContactId, id: ApprovalId) {
    let mut tx = catalog.writing().await.unwrap();
    let past = micros(now() - Duration::SECOND);
    execute!(tx, "UPDATE approvals SET due_at = $2 WHERE id = $1", id.0, past).unwrap();
    execute!(tx, "UPDATE choices SET expires_at = $2 WHERE contact_id = $1", approver.0, past).unwrap();
    tx.commit().await.unwrap();
}

/// It is over at its deadline, and not when the last reminder was said: a person has it, and a tap says that it is late.
pub(in crate::conformance) async fn an_approval_that_nobody_taps_in_time_is_a_persons(catalog: &Catalog) {
    let catalog = &leading(catalog);
    let everything = Access::new(true);
    let document = waits(catalog, &Sample::new(), Reason::new(ReasonCode::LowConfidence, "")).await;
    let number = catalog.document(document).await.unwrap().unwrap().phone_number_id.unwrap();
    for of in [Some(document), None] {
        let person = Sample::new();
        let approver = contact_of(catalog, sends(catalog, &person, 1).await[0]).await;
        agrees(catalog, approver, &number, Category::Utility).await;
        let approval = asked(catalog, approver, &number, of).await;
        let buttons = offered(catalog, approver).await;
        let case =
            async || cases_of(catalog, approver).await.into_iter().rfind(|c| c.1 == "approval").unwrap().2;
        catalog.end_late_approvals().await.unwrap();
        assert_eq!(case().await, "waiting", "its time is not over");
        time_is_over(catalog, approver, approval.id).await;
        assert!(catalog.end_late_approvals().await.unwrap() >= 1);
        let now_of = catalog.approval(&everything, approval.id).await.unwrap().unwrap();
        assert_eq!((now_of.state, now_of.decided_by), (ApprovalState::Expired, None));
        let with = if of.is_some() { "done" } else { "human" };
        assert_eq!(case().await, with, "whoever looks at the document has it, else whoever has the inbox");
        taps(catalog, &person, &buttons[0]).await;
        let (purpose, text) = last_said(catalog, approver).await;
        assert!(purpose == "tap_refused" && text.contains("plazo"), "{purpose}: {text}");
        assert_eq!(catalog.end_late_approvals().await.unwrap(), 0, "once");
    }
    assert_eq!(waits_for(catalog, document).await, Some(WaitsFor::Reviewer));
    let timeline = catalog.timeline(document).await.unwrap();
    assert_eq!(timeline.iter().filter(|entry| entry.event == "approval_expired").count(), 1);
}
