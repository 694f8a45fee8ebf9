//! Promises of approvals that somebody is asked for by message.

use acuse_conversation::Policies;
use acuse_pipeline::reason::{Reason, ReasonCode};
use time::Duration;

use super::{agrees, leading, morning};
use crate::{
    Access, Catalog, ContactId,
    approvals::{ApprovalState, Approving, Mode, NewApproval},
    conformance::{
        answers::{last_said, offered, taps, taps_as, waits, waits_for},
        cases::{cases_of, contact_of, sends, writes},
        door::Sample,
        owed::approver,
    },
    consents::Category,
    names::{WaitsFor, micros},
};

pub(in crate::conformance) async fn one_approver_decides(catalog: &Catalog) {
    let unled = catalog.clone();
    let catalog = &super::super::cases::leading(catalog);
    let everything = Access::new(true);
    let sender = Sample::new();
    let document = waits(catalog, &sender, Reason::new(ReasonCode::LowConfidence, "")).await;
    let number = catalog.document(document).await.unwrap().unwrap().phone_number_id.unwrap();
    let people = [Sample::new(), Sample::new()];
    let mut approvers = Vec::new();
    for person in &people {
        approvers.push(contact_of(catalog, sends(catalog, person, 1).await[0]).await);
    }
    let new = |mode| NewApproval {
        document: Some(document),
        question: "¿Se paga?".into(),
        approvers: approvers.clone(),
        mode,
        phone_number_id: number.clone(),
        due_at: None,
    };
    let ask = async |mode| catalog.ask_for_approval(&everything, &new(mode), "user:eva").await.unwrap();
    assert_eq!(ask(Mode::Any).await, Approving::NoConsent(approvers[0]));
    for approver in &approvers {
        agrees(catalog, *approver, &number, Category::Utility).await;
    }
    let refused = unled.ask_for_approval(&everything, &new(Mode::Any), "user:eva").await.unwrap();
    assert_eq!(refused, Approving::NotLed, "nobody would see to it");
    assert_eq!(waits_for(catalog, document).await, Some(WaitsFor::Reviewer));
    let Approving::Asked(asked) = ask(Mode::Any).await else { panic!("asked") };
    assert_eq!(waits_for(catalog, document).await, Some(WaitsFor::Approver));
    // Nobody vouches that the document is no ID, and a question may quote it.
    let blind = Access::new(false);
    let read = catalog.approval(&blind, asked.id).await.unwrap().unwrap();
    assert_eq!((read.question.as_str(), asked.question.as_str()), ("", "¿Se paga?"));
    let listed = catalog.approvals(&blind, (None, Some(document)), None, 9).await.unwrap();
    assert!(!listed.is_empty() && listed.iter().all(|approval| approval.question.is_empty()), "{listed:?}");
    let (first, second) = (offered(catalog, approvers[0]).await, offered(catalog, approvers[1]).await);
    taps(catalog, &sender, &first[0]).await;
    let (_, text) = last_said(catalog, contact_of(catalog, document).await).await;
    assert!(text.contains("otra persona"), "who is not asked decides nothing: {text}");
    taps(catalog, &people[1], &second[1]).await;
    let decided = catalog.approval(&everything, asked.id).await.unwrap().unwrap();
    assert_eq!((decided.state, decided.decided_by), (ApprovalState::Refused, Some(approvers[1])));
    assert_eq!(waits_for(catalog, document).await, Some(WaitsFor::Reviewer));
    taps(catalog, &people[0], &first[0]).await;
    let (purpose, _) = last_said(catalog, approvers[0]).await;
    assert_eq!(purpose, "tap_refused", "the other comes too late");
    let still = catalog.approval(&everything, asked.id).await.unwrap().unwrap();
    assert_eq!(still.state, ApprovalState::Refused);
    let timeline = catalog.timeline(document).await.unwrap();
    assert!(timeline.iter().any(|e| e.event == "refused_by_approver"));

    // One after the other: who lets the time pass makes way, and after the last a person has it.
    let Approving::Asked(asked) = ask(Mode::Order).await else { panic!("asked") };
    let open = async |contact: ContactId| {
        let all = cases_of(catalog, contact).await;
        all.into_iter().filter(|c| c.1 == "approval").map(|c| c.2).next_back()
    };
    assert_eq!(open(approvers[0]).await.as_deref(), Some("waiting"));
    assert_eq!(open(approvers[1]).await.as_deref(), Some("done"), "not yet");
    for _ in 0..3 {
        super::super::cases::time_passes_for(catalog, approvers[0], "approval").await;
    }
    assert_eq!(open(approvers[0]).await.as_deref(), Some("done"));
    assert_eq!(open(approvers[1]).await.as_deref(), Some("waiting"), "the next is asked");
    for _ in 0..3 {
        super::super::cases::time_passes_for(catalog, approvers[1], "approval").await;
    }
    assert_eq!(open(approvers[1]).await.as_deref(), Some("human"), "the last of all is a person");
    assert_eq!(catalog.cancel_approval(&everything, asked.id, "user:eva").await.unwrap(), Some(true));
    assert_eq!(catalog.cancel_approval(&everything, asked.id, "user:eva").await.unwrap(), Some(false));
    assert_eq!(open(approvers[1]).await.as_deref(), Some("done"));
}

pub(in crate::conformance) async fn who_may_be_somebody_else_by_now_approves_nothing(catalog: &Catalog) {
    let policies = Policies::ours().unwrap().with_desk(Some("https://desk.example".into()));
    // By day: nobody is reminded at night.
    let catalog = &leading(catalog).with_policies(Some(policies));
    let everything = Access::new(true);
    let document = waits(catalog, &Sample::new(), Reason::new(ReasonCode::LowConfidence, "")).await;
    let number = catalog.document(document).await.unwrap().unwrap().phone_number_id.unwrap();
    let person = Sample::new();
    let approver = contact_of(catalog, sends(catalog, &person, 1).await[0]).await;
    taps_as(catalog, &person, "none of ours", Some("key-1")).await;
    agrees(catalog, approver, &number, Category::Utility).await;
    let new = NewApproval {
        document: Some(document),
        question: "¿Se paga?".into(),
        approvers: vec![approver],
        mode: Mode::Any,
        phone_number_id: number,
        due_at: None,
    };
    let asked = catalog.ask_for_approval(&everything, &new, "user:eva").await.unwrap();
    let Approving::Asked(asked) = asked else { panic!("{asked:?}") };
    let (_, question) = last_said(catalog, approver).await;
    assert!(question.ends_with(&format!(": https://desk.example/documents/{document}")), "{question}");
    let state = async || catalog.approval(&everything, asked.id).await.unwrap().unwrap().state;

    // Another telephone has their number by now; nor does a reminder take its part.
    let buttons = offered(catalog, approver).await;
    taps_as(catalog, &person, &buttons[0], Some("key-2")).await;
    let (purpose, text) = last_said(catalog, approver).await;
    assert!(purpose == "tap_refused" && text.contains("cambió"), "{purpose}: {text}");
    taps(catalog, &person, &buttons[0]).await;
    assert_eq!(state().await, ApprovalState::Asked, "a tap that does not say is of whom we knew last");
    let (case, ..) = cases_of(catalog, approver).await.into_iter().rfind(|c| c.1 == "approval").unwrap();
    let mut tx = catalog.writing().await.unwrap();
    let past = micros(morning() - Duration::seconds(2));
    execute!(tx, "UPDATE cases SET due_at = $2, task_at = $2 WHERE id = $1", case.0, past).unwrap();
    tx.commit().await.unwrap();
    assert!(catalog.case_turn(case).await.unwrap().stepped);
    let reminded = offered(catalog, approver).await;
    assert_ne!(reminded, buttons);
    taps_as(catalog, &person, &reminded[0], Some("key-2")).await;
    assert_eq!(state().await, ApprovalState::Asked);
    taps_as(catalog, &person, &reminded[0], Some("key-1")).await;
    assert_eq!(state().await, ApprovalState::Approved);
}

/// Never by words alone: whoever agrees in words has a person, who sees what they agree to.
pub(in crate::conformance) async fn who_approves_in_words_has_a_person(catalog: &Catalog) {
    let catalog = &super::super::cases::leading(catalog);
    let everything = Access::new(true);
    let (person, contact, number, _) = approver(catalog).await;
    let support = async || {
        let all = cases_of(catalog, contact).await;
        all.into_iter().find(|c| c.1 == "support").map(|c| c.2)
    };
    writes(catalog, &person, "De acuerdo").await;
    assert_eq!(support().await, None, "nothing was asked");
    let document = waits(catalog, &Sample::new(), Reason::new(ReasonCode::LowConfidence, "")).await;
    let new = NewApproval {
        document: Some(document),
        question: "¿Se paga?".into(),
        approvers: vec![contact],
        mode: Mode::Any,
        phone_number_id: number,
        due_at: None,
    };
    let asked = catalog.ask_for_approval(&everything, &new, "user:eva").await.unwrap();
    let Approving::Asked(asked) = asked else { panic!("{asked:?}") };
    writes(catalog, &person, "De acuerdo").await;
    assert_eq!(support().await.as_deref(), Some("human"));
    let still = catalog.approval(&everything, asked.id).await.unwrap().unwrap();
    assert_eq!(still.state, ApprovalState::Asked);
    assert_eq!(catalog.cancel_approval(&everything, asked.id, "user:eva").await.unwrap(), Some(true));
}
