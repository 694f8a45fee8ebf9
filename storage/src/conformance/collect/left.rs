//! Promises of approvals whose approver is reminded no more, cannot be reached, is spoken to by one of us, or answers while no
//! answer counts: nothing waits for nobody, and their buttons count as long as they are told.

use acuse_pipeline::{document::Status, fields::FieldName};
use time::Duration;
use uuid::Uuid;

use super::ended::{EVA, asks, decides, states, told};
use crate::{
    Access, Catalog, ContactId, DocumentId,
    approvals::{ApprovalState, Approving, Mode, NewApproval},
    cases::{Act, Acted},
    conformance::{
        access::{bound_key, waiting},
        answers::{last_said, offered, taps, waits_for},
        cases::{cases_of, leading, said_to, time_passes_for},
        desk::LEASE,
        four_eyes::is_next_of,
        house::rules,
        owed::{approve, approver, billed, gets_a_number, now_of},
        road::{field, next_of},
    },
    names::{ApprovalId, WaitsFor, micros, now},
    outbox::{NextReply, Purpose},
    reviews::{Decision, Resolved, Undone},
};

/// The last schema in which an approval did not say since when nobody is left who could be asked.
pub(in crate::conformance) const BEFORE_LEFT: i64 = 103;

fn rule(number: &str, phone: &str) -> String {
    format!("approve\tinvoice\t1000 EUR\torder\t{number}\t24\t{phone}\n")
}

/// Where the case stands in which they were last asked to approve something.
async fn case_of(catalog: &Catalog, contact: ContactId) -> String {
    cases_of(catalog, contact).await.into_iter().rfind(|c| c.1 == "approval").expect("they were asked").2
}

/// What becomes of this with the case in which they were last asked to approve something, where somebody does it who reaches so
/// much.
async fn does(catalog: &Catalog, access: &Access, contact: ContactId, act: &Act) -> Acted {
    let (id, ..) = cases_of(catalog, contact).await.into_iter().rfind(|c| c.1 == "approval").unwrap();
    let version = catalog.case(access, id).await.unwrap().expect("they reach the conversation").version;
    catalog.act_on_case(access, id, version, EVA, act).await.unwrap()
}

/// One of us does it who reaches everything, and it is done.
async fn acts(catalog: &Catalog, contact: ContactId, act: Act) {
    let acted = does(catalog, &Access::new(true), contact, &act).await;
    assert!(matches!(acted, Acted::Done(_)), "{acted:?}");
}

fn take() -> Act {
    Act::Assign { to: Some(EVA.into()), team: None }
}

/// What they are asked to approve does not arrive, nor what waits before it.
pub(super) async fn is_not_reached(catalog: &Catalog, contact: ContactId) {
    loop {
        let NextReply::Send(message) = next_of(catalog, contact, LEASE).await else {
            panic!("a question waits")
        };
        catalog.reply_failed(message.id, "message_failed", "131026").await.unwrap();
        if message.purpose == Purpose::Approval {
            return;
        }
    }
}

/// Somebody asks for an approval of no document, and until no time of its own.
async fn asks_in_words(
    catalog: &Catalog,
    approvers: Vec<ContactId>,
    (mode, number): (Mode, &str),
) -> ApprovalId {
    let new = NewApproval {
        document: None,
        question: "¿Viajamos?".into(),
        approvers,
        mode,
        phone_number_id: number.to_owned(),
        due_at: None,
    };
    match catalog.ask_for_approval(&Access::new(true), &new, "key:erp").await.unwrap() {
        Approving::Asked(asked) => asked.id,
        other => panic!("{other:?}"),
    }
}

async fn state(catalog: &Catalog, id: ApprovalId) -> ApprovalState {
    catalog.approval(&Access::new(true), id).await.unwrap().unwrap().state
}

/// After the last reminder a reviewer has it beside the approver: the first word of either counts.
pub(in crate::conformance) async fn an_approvers_buttons_count_beside_a_reviewer(catalog: &Catalog) {
    let catalog = &leading(catalog);
    let (sample, contact, number, phone) = approver(catalog).await;
    rules(catalog, &rule(&number, &phone)).await;
    for approver_is_first in [true, false] {
        gets_a_number(catalog, contact).await;
        let id = waiting(catalog, &billed("Z1", &format!("L-1-{approver_is_first}"), "1000.00")).await;
        assert_eq!(approve(catalog, id, None).await, Resolved::ApproverIsAsked);
        let buttons = offered(catalog, contact).await;
        for _ in 0..3 {
            assert_eq!(waits_for(catalog, id).await, Some(WaitsFor::Approver));
            time_passes_for(catalog, contact, "approval").await;
        }
        assert_eq!(case_of(catalog, contact).await, "human", "all reminders are said");
        assert_eq!(waits_for(catalog, id).await, Some(WaitsFor::Reviewer));
        assert!(is_next_of(catalog, id, "user:leo").await);
        if approver_is_first {
            taps(catalog, &sample, &buttons[0]).await;
            assert_eq!(states(catalog, id).await, [ApprovalState::Approved], "the buttons count for a day");
        }
        assert_eq!(approve(catalog, id, None).await, Resolved::Done(Status::Filed));
        assert_eq!(case_of(catalog, contact).await, "done");
        if !approver_is_first {
            assert_eq!(states(catalog, id).await, [ApprovalState::Expired]);
            taps(catalog, &sample, &buttons[0]).await;
            assert_eq!(last_said(catalog, contact).await.0, "tap_refused");
        }
    }
    rules(catalog, "").await;
}

/// What a rule wants of an approver who cannot be reached is a reviewer's, who is believed. While one of us speaks with the
/// approver it is the approver's still: neither taking a conversation nor closing it files anything.
pub(in crate::conformance) async fn what_a_rule_wants_waits_for_somebody(catalog: &Catalog) {
    let catalog = &leading(catalog);
    let (_, contact, number, phone) = approver(catalog).await;
    rules(catalog, &rule(&number, &phone)).await;
    let id = waiting(catalog, &billed("Z1", "L-2", "1000.00")).await;
    assert_eq!(approve(catalog, id, None).await, Resolved::ApproverIsAsked);
    is_not_reached(catalog, contact).await;
    assert_eq!(waits_for(catalog, id).await, Some(WaitsFor::Reviewer));
    assert_eq!(approve(catalog, id, None).await, Resolved::Done(Status::Filed), "nobody else can be asked");

    let (sample, contact, number, phone) = approver(catalog).await;
    rules(catalog, &rule(&number, &phone)).await;
    let id = waiting(catalog, &billed("Z1", "L-3", "1000.00")).await;
    assert_eq!(approve(catalog, id, None).await, Resolved::ApproverIsAsked);
    acts(catalog, contact, take()).await;
    assert_eq!(waits_for(catalog, id).await, Some(WaitsFor::Approver));
    assert_eq!(approve(catalog, id, None).await, Resolved::ApproverIsAsked);
    let everything = Access::new(true);
    let closed = does(catalog, &everything, contact, &Act::Close).await;
    assert_eq!(closed, Acted::NotTheirs, "they can still answer");
    let asked = catalog.approvals(&everything, (None, Some(id)), None, 2).await.unwrap();
    assert_eq!(catalog.cancel_approval(&everything, asked[0].id, EVA).await.unwrap(), Some(false));
    assert_eq!(states(catalog, id).await, [ApprovalState::Asked]);
    assert_eq!(waits_for(catalog, id).await, Some(WaitsFor::Approver));
    assert_eq!(approve(catalog, id, None).await, Resolved::ApproverIsAsked, "nobody files it past them");
    taps(catalog, &sample, &offered(catalog, contact).await[0]).await;
    assert_eq!(states(catalog, id).await, [ApprovalState::Approved]);
    assert_eq!(approve(catalog, id, None).await, Resolved::Done(Status::Filed));

    // Once all reminders are said nobody waits for their word, and whoever has it may end it.
    let (sample, contact, number, phone) = approver(catalog).await;
    rules(catalog, &rule(&number, &phone)).await;
    let id = waiting(catalog, &billed("Z1", "L-8", "1000.00")).await;
    assert_eq!(approve(catalog, id, None).await, Resolved::ApproverIsAsked);
    let buttons = offered(catalog, contact).await;
    for _ in 0..3 {
        time_passes_for(catalog, contact, "approval").await;
    }
    acts(catalog, contact, Act::Close).await;
    assert_eq!(states(catalog, id).await, [ApprovalState::Expired], "they say that nobody is asked any more");
    assert_eq!(waits_for(catalog, id).await, Some(WaitsFor::Reviewer));
    taps(catalog, &sample, &buttons[0]).await;
    assert_eq!(last_said(catalog, contact).await.0, "tap_refused");
    assert_eq!(approve(catalog, id, None).await, Resolved::Done(Status::Filed));
    rules(catalog, "").await;
}

/// What somebody asked about is a reviewer's while one of us speaks with the approver, and the approver's again once they give
/// it back. Closed, it is asked no more, and whoever follows hears so.
pub(in crate::conformance) async fn whoever_takes_an_approvers_case_leaves_nothing_waiting(
    catalog: &Catalog,
) {
    let catalog = &leading(catalog);
    rules(catalog, "").await;
    let (_, contact, number, _) = approver(catalog).await;
    let id = waiting(catalog, &billed("Z1", "L-4", "100.00")).await;
    asks(catalog, id, contact, &number).await;
    acts(catalog, contact, take()).await;
    assert_eq!(waits_for(catalog, id).await, Some(WaitsFor::Reviewer));
    assert!(is_next_of(catalog, id, "user:leo").await);
    acts(catalog, contact, Act::Return).await;
    assert_eq!(case_of(catalog, contact).await, "waiting");
    assert_eq!(waits_for(catalog, id).await, Some(WaitsFor::Approver));
    assert_eq!(approve(catalog, id, None).await, Resolved::ApproverIsAsked, "nobody files it past them");
    acts(catalog, contact, Act::Close).await;
    assert_eq!(states(catalog, id).await, [ApprovalState::Expired]);
    assert_eq!(waits_for(catalog, id).await, Some(WaitsFor::Reviewer));
    assert_eq!(told(catalog, id, "approval.expired").await, 1);
    assert_eq!(approve(catalog, id, None).await, Resolved::Done(Status::Filed));
}

/// The buttons of what is asked in words count though one of us has the conversation; of two who are asked at once, closing
/// the case of the one leaves the other asked.
pub(in crate::conformance) async fn whoever_is_asked_in_words_is_heard_whoever_speaks_with_them(
    catalog: &Catalog,
) {
    let catalog = &leading(catalog);
    let (sample, first, number, _) = approver(catalog).await;
    let asked = asks_in_words(catalog, vec![first], (Mode::Order, &number)).await;
    let buttons = offered(catalog, first).await;
    acts(catalog, first, take()).await;
    taps(catalog, &sample, &buttons[1]).await;
    let case = case_of(catalog, first).await;
    assert_eq!((state(catalog, asked).await, case.as_str()), (ApprovalState::Refused, "done"));

    let alone = asks_in_words(catalog, vec![first], (Mode::Order, &number)).await;
    acts(catalog, first, Act::Close).await;
    assert_eq!(state(catalog, alone).await, ApprovalState::Expired, "nobody is left who could say anything");

    let (other, second, ..) = approver(catalog).await;
    let both = asks_in_words(catalog, vec![first, second], (Mode::Any, &number)).await;
    let buttons = offered(catalog, second).await;
    acts(catalog, first, Act::Close).await;
    assert_eq!(state(catalog, both).await, ApprovalState::Asked);
    taps(catalog, &other, &buttons[0]).await;
    assert_eq!(state(catalog, both).await, ApprovalState::Approved);
}

/// What is asked in words, and whoever is asked has not said anything, is for whoever has the case to say; not before, and not
/// once it is over.
pub(in crate::conformance) async fn what_nobody_is_left_to_approve_a_person_does(catalog: &Catalog) {
    let catalog = &leading(catalog);
    let everything = Access::new(true);
    let (sample, contact, number, _) = approver(catalog).await;
    let asked = asks_in_words(catalog, vec![contact], (Mode::Order, &number)).await;
    let (case, ..) = cases_of(catalog, contact).await.into_iter().rfind(|c| c.1 == "approval").unwrap();
    let decide = async |approves| {
        let version = catalog.case(&everything, case).await.unwrap().unwrap().version;
        let act = Act::Decide { approves };
        catalog.act_on_case(&everything, case, version, EVA, &act).await.unwrap()
    };
    assert_eq!(decide(true).await, Acted::NotTheirs, "the approver is waited for");
    for _ in 0..3 {
        time_passes_for(catalog, contact, "approval").await;
    }
    let buttons = offered(catalog, contact).await;
    let decided = decide(true).await;
    assert!(matches!(decided, Acted::Done(_)), "{decided:?}");
    let approval = catalog.approval(&everything, asked).await.unwrap().unwrap();
    assert_eq!((approval.state, approval.decided_by), (ApprovalState::Approved, None));
    assert_eq!(approval.decided_by_person.as_deref(), Some(EVA));
    assert_eq!(decide(false).await, Acted::Over);
    taps(catalog, &sample, &buttons[1]).await;
    assert_eq!(last_said(catalog, contact).await.0, "tap_refused");
    assert_eq!(state(catalog, asked).await, ApprovalState::Approved);

    // What is of a document is decided with it.
    rules(catalog, "").await;
    let id = waiting(catalog, &billed("Z1", "L-7", "100.00")).await;
    asks(catalog, id, contact, &number).await;
    acts(catalog, contact, take()).await;
    let (case, ..) = cases_of(catalog, contact).await.into_iter().rfind(|c| c.1 == "approval").unwrap();
    let version = catalog.case(&everything, case).await.unwrap().unwrap().version;
    let act = Act::Decide { approves: true };
    let refused = catalog.act_on_case(&everything, case, version, EVA, &act).await.unwrap();
    assert_eq!((refused, states(catalog, id).await), (Acted::NotTheirs, vec![ApprovalState::Asked]));
}

/// Who is bound to what an approver sent reaches their conversation. What is asked in it of no document does not exist for them:
/// they neither decide nor end it.
pub(in crate::conformance) async fn who_is_bound_decides_nothing_beyond_them(catalog: &Catalog) {
    let catalog = &leading(catalog);
    let (_, contact, number, _) = approver(catalog).await;
    let bound = bound_key(catalog).await;
    let mut tx = catalog.writing().await.unwrap();
    let sql = "UPDATE documents SET contact_id = $2 WHERE id = $1";
    execute!(tx, sql, bound.theirs.0, contact.0).unwrap();
    tx.commit().await.unwrap();
    let asked = asks_in_words(catalog, vec![contact], (Mode::Order, &number)).await;
    for _ in 0..3 {
        time_passes_for(catalog, contact, "approval").await;
    }
    for act in [Act::Decide { approves: true }, Act::Close] {
        let refused = does(catalog, &bound.access, contact, &act).await;
        assert_eq!((refused, state(catalog, asked).await), (Acted::Beyond, ApprovalState::Asked), "{act:?}");
    }
    acts(catalog, contact, Act::Close).await;

    // What is asked about a document of theirs they may end.
    asks(catalog, bound.theirs, contact, &number).await;
    let closed = does(catalog, &bound.access, contact, &Act::Close).await;
    assert!(matches!(closed, Acted::Done(_)), "{closed:?}");
    assert_eq!(states(catalog, bound.theirs).await, [ApprovalState::Expired]);
}

/// The hold on a document is over, or is taken back.
async fn hold_ends(catalog: &Catalog, id: DocumentId, is_taken_back: bool) {
    if is_taken_back {
        let undone = catalog.undo_decision(id, EVA, LEASE).await.unwrap();
        assert_eq!(undone, Undone::Done(Status::InReview));
        return;
    }
    let mut tx = catalog.writing().await.unwrap();
    let past = micros(now() - Duration::SECOND);
    execute!(tx, "UPDATE holds SET held_until = $2 WHERE document_id = $1", id.0, past).unwrap();
    tx.commit().await.unwrap();
    assert!(catalog.end_hold(id).await.unwrap());
}

/// Who answers while what is said of the document can be taken back is told that it does not count yet, and is asked again
/// when it cannot, of what it is by then; who did not answer is not asked twice.
pub(in crate::conformance) async fn who_answers_too_early_is_asked_again(catalog: &Catalog) {
    let catalog = &leading(catalog);
    rules(catalog, "").await;
    for is_taken_back in [true, false] {
        let (sample, contact, number, _) = approver(catalog).await;
        let id = waiting(catalog, &billed("Z1", "L-5", "100.00")).await;
        asks(catalog, id, contact, &number).await;
        let buttons = offered(catalog, contact).await;
        let mut fields = now_of(catalog, id).await.fields;
        fields.insert(FieldName::Number, field("L-6"));
        let correct = Decision::Correct { kind: None, fields, customer_id: None };
        let heard = said_to(catalog, contact).await.len();
        assert_eq!(decides(catalog, id, &correct, true).await, Resolved::ApproverIsAsked);
        hold_ends(catalog, id, is_taken_back).await;
        assert_eq!(said_to(catalog, contact).await.len(), heard, "they were asked already");

        assert_eq!(decides(catalog, id, &correct, true).await, Resolved::ApproverIsAsked);
        taps(catalog, &sample, &buttons[0]).await;
        let (purpose, text) = last_said(catalog, contact).await;
        assert!(purpose == "tap_refused" && text.contains("todavía no cuenta"), "{purpose}: {text}");
        assert_eq!(states(catalog, id).await, [ApprovalState::Asked]);
        hold_ends(catalog, id, is_taken_back).await;
        assert_eq!(last_said(catalog, contact).await.0, "approval");
        let again = offered(catalog, contact).await;
        assert_ne!(again, buttons);
        taps(catalog, &sample, &again[0]).await;
        assert_eq!(states(catalog, id).await, [ApprovalState::Approved]);
        assert_eq!(waits_for(catalog, id).await, Some(WaitsFor::Reviewer));
    }
}

/// Approvals of before: one that a person of ours had and whose document waited for nobody, and one whose only case was closed.
pub(in crate::conformance) async fn was_left_before(catalog: &Catalog, document: DocumentId) -> [Uuid; 2] {
    let ids = [Uuid::now_v7(), Uuid::now_v7()];
    let mut tx = catalog.writing().await.unwrap();
    let sql = "SELECT contact_id FROM documents WHERE id = $1";
    let (contact,) = one!(tx, (Uuid,), sql, document.0).unwrap();
    let sql = "UPDATE documents SET status = 'in_review', waits_for = 'approver' WHERE id = $1";
    execute!(tx, sql, document.0).unwrap();
    let t = micros(now() - Duration::HOUR);
    for (id, of, state, closed) in
        [(ids[0], Some(document.0), "human", None), (ids[1], None, "done", Some(t))]
    {
        execute!(
            tx,
            "INSERT INTO approvals (id, document_id, state, created_at) VALUES ($1, $2, 'asked', $3)",
            id,
            of,
            t
        )
        .unwrap();
        execute!(
            tx,
            "INSERT INTO cases (id, contact_id, phone_number_id, kind, subject, state, memory, created_at, updated_at, \
             closed_at) VALUES ($1, $2, '1001', 'approval', $3, $4, '{}', $5, $5, $6)",
            Uuid::now_v7(),
            contact,
            id.to_string(),
            state,
            t,
            closed
        )
        .unwrap();
    }
    tx.commit().await.unwrap();
    ids
}

/// The first is a reviewer's, and the second is over at the next sweep.
pub(in crate::conformance) async fn is_left_to_somebody(
    catalog: &Catalog,
    document: DocumentId,
    ids: [Uuid; 2],
) {
    assert_eq!(waits_for(catalog, document).await, Some(WaitsFor::Reviewer));
    let mut left = Vec::new();
    for id in ids {
        let mut tx = catalog.reading().await.unwrap();
        let sql = "SELECT left_at, due_at FROM approvals WHERE id = $1";
        let (at, due) = one!(tx, (Option<i64>, Option<i64>), sql, id).unwrap();
        left.push((at.is_some(), due.is_some()));
    }
    assert_eq!(left, [(true, false), (true, true)]);
    assert_eq!(catalog.end_late_approvals().await.unwrap(), 1);
    assert_eq!(state(catalog, ApprovalId(ids[1])).await, ApprovalState::Expired);
}
