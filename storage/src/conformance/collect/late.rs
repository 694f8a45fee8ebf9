//! Promises of approvals that nobody taps in their time.

use acuse_pipeline::reason::{Reason, ReasonCode};
use time::Duration;

use super::{agrees, ended::EVA};
use crate::{
    Access, Catalog, DocumentId,
    approvals::{Approval, ApprovalState, Approving, Mode, NewApproval, decide_instead},
    cases::{Act, Acted},
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

/// What came of an approval: how it was told to those who follow the feed, and by whom in the trail, in order.
async fn told(catalog: &Catalog, id: ApprovalId) -> (Vec<String>, Vec<(String, String)>) {
    let mut tx = catalog.reading().await.unwrap();
    let sql = "SELECT kind FROM events WHERE kind LIKE 'approval.%' AND data LIKE $1 ORDER BY seq";
    let feed = all!(tx, (String,), sql, format!("%{id}%")).unwrap();
    let trail = catalog.audit_trail(None, 1_000).await.unwrap().into_iter().rev();
    let of_it = trail.filter(|entry| entry.detail["approval_id"] == id.to_string());
    (feed.into_iter().map(|(kind,)| kind).collect(), of_it.map(|entry| (entry.actor, entry.action)).collect())
}

/// What is of no document and nobody tapped in time is for whoever has the case to say, whether one of us had it before or not:
/// once, and not before.
pub(in crate::conformance) async fn what_nobody_taps_in_time_a_person_decides(catalog: &Catalog) {
    let catalog = &leading(catalog);
    let everything = Access::new(true);
    for (is_taken, approves) in [(false, true), (false, false), (true, true)] {
        let person = Sample::new();
        let file = sends(catalog, &person, 1).await[0];
        let number = catalog.document(file).await.unwrap().unwrap().phone_number_id.unwrap();
        let approver = contact_of(catalog, file).await;
        agrees(catalog, approver, &number, Category::Utility).await;
        let id = asked(catalog, approver, &number, None).await.id;
        let buttons = offered(catalog, approver).await;
        let (case, ..) = cases_of(catalog, approver).await.into_iter().rfind(|c| c.1 == "approval").unwrap();
        let acts = async |act: Act| {
            let version = catalog.case(&everything, case).await.unwrap().unwrap().version;
            catalog.act_on_case(&everything, case, version, EVA, &act).await.unwrap()
        };
        assert_eq!(acts(Act::Decide { approves }).await, Acted::NotTheirs, "the approver is waited for");
        if is_taken {
            let taken = acts(Act::Assign { to: Some(EVA.into()), team: None }).await;
            assert!(matches!(taken, Acted::Done(_)), "{taken:?}");
        }
        time_is_over(catalog, approver, id).await;
        assert!(catalog.end_late_approvals().await.unwrap() >= 1);
        let late = catalog.approval(&everything, id).await.unwrap().unwrap();
        assert!(late.state == ApprovalState::Expired && late.is_a_persons(), "{late:?}");

        let decided = acts(Act::Decide { approves }).await;
        assert!(matches!(decided, Acted::Done(_)), "{decided:?}");
        let decided = catalog.approval(&everything, id).await.unwrap().unwrap();
        let (state, action) = if approves {
            (ApprovalState::Approved, "approved")
        } else {
            (ApprovalState::Refused, "refused")
        };
        assert_eq!((decided.state, decided.decided_by), (state, None));
        assert_eq!(decided.decided_by_person.as_deref(), Some(EVA));
        assert!(!decided.is_a_persons(), "{decided:?}");
        let (feed, trail) = told(catalog, id).await;
        assert_eq!(feed, ["approval.expired".to_owned(), format!("approval.{action}")]);
        assert_eq!(trail.last(), Some(&(EVA.to_owned(), action.to_owned())));

        assert_eq!(acts(Act::Decide { approves: !approves }).await, Acted::Over, "once");
        taps(catalog, &person, &buttons[0]).await;
        assert_eq!(last_said(catalog, approver).await.0, "tap_refused");
        assert_eq!(catalog.approval(&everything, id).await.unwrap().unwrap().state, state);
    }
}

/// What is asked no more because one of us said so is nobody's to say.
pub(in crate::conformance) async fn what_is_cancelled_is_nobodys_to_decide(catalog: &Catalog) {
    let catalog = &leading(catalog);
    let everything = Access::new(true);
    let file = sends(catalog, &Sample::new(), 1).await[0];
    let number = catalog.document(file).await.unwrap().unwrap().phone_number_id.unwrap();
    let approver = contact_of(catalog, file).await;
    agrees(catalog, approver, &number, Category::Utility).await;
    let id = asked(catalog, approver, &number, None).await.id;
    assert_eq!(catalog.cancel_approval(&everything, id, EVA).await.unwrap(), Some(true));
    let cancelled = catalog.approval(&everything, id).await.unwrap().unwrap();
    assert!(cancelled.state == ApprovalState::Expired && !cancelled.is_a_persons(), "{cancelled:?}");
    let mut tx = catalog.writing().await.unwrap();
    assert!(!decide_instead(&mut tx, id, true, EVA).await.unwrap());
}
