//! Promises of debtors, and of approvers, who turn out to be one person.

use acuse_pipeline::reason::{Reason, ReasonCode};
use time::Duration;
use uuid::Uuid;

use super::{agrees, debtor, leading};
use crate::{
    Access, Catalog, Intake,
    approvals::{ApprovalState, Approving, Mode, NewApproval},
    conformance::{
        answers::{offered, taps, waits},
        cases::{self, cases_of, contact_of, sends},
        door::{Sample, delivery},
        notices::{approved_of, notice},
    },
    consents::Category,
    events::{EventFilter, Followed},
    inbound::InboundItem,
    names::{AliasKind, CaseId, now},
    notices::Noticed,
    obligations::{NewObligation, Owing},
};

/// Two of a customer's had a case each, and turn out to be one: one case goes on, and none is left that nothing ends.
pub(in crate::conformance) async fn who_turns_out_to_be_one_owes_once(catalog: &Catalog) {
    let catalog = &leading(catalog);
    let (debtor, other) = (debtor(catalog).await, debtor(catalog).await);
    agrees(catalog, debtor.contact, &debtor.number, Category::Billing).await;
    let owed = debtor.owes(catalog, "F-261", "100.00", 5).await.id;
    let open = async || {
        let all = cases_of(catalog, debtor.contact).await;
        let mine = all.into_iter().filter(|c| c.1 == "collection" && c.2 != "done");
        mine.map(|c| c.0).collect::<Vec<_>>()
    };
    let case = open().await[0];
    let mut tx = catalog.writing().await.unwrap();
    let sql = "INSERT INTO cases (id, contact_id, phone_number_id, kind, subject, state, expects, due_at, memory, \
         policy, policy_version, created_at, updated_at) SELECT $2, $3, phone_number_id, kind, subject, state, expects, \
         due_at, memory, policy, policy_version, created_at, updated_at FROM cases WHERE id = $1";
    execute!(tx, sql, case.0, CaseId::generate().0, other.contact.0).unwrap();
    tx.commit().await.unwrap();
    let head = catalog.feed_head().await.unwrap();
    let change = InboundItem::AliasChange {
        old: (AliasKind::WaId, debtor.sample.wa_id.clone()),
        new: (AliasKind::WaId, other.sample.wa_id.clone()),
        at: now(),
    };
    Intake::spawn(catalog.clone()).record(delivery(vec![change])).await.unwrap();
    assert_eq!(cases_of(catalog, other.contact).await.len(), 0, "they are one");
    assert_eq!(open().await, [case], "and so is what they owe");
    let only = EventFilter { kinds: vec!["case.closed".to_owned()] };
    let followed = catalog.follow(Some(head), &only, 100).await.unwrap();
    let Followed::Page { events, .. } = followed else { panic!("a cursor of this feed") };
    let ended: Vec<_> = events.iter().filter(|event| event.customer_id == Some(debtor.customer)).collect();
    assert_eq!((ended.len(), &ended[0].data["state"]), (1, &"done".into()), "{events:?}");
    assert_ne!(ended[0].data["case_id"], case.to_string(), "the other one's");
    let access = Access::new(true);
    catalog.cancel_obligation(&access, owed, "paid in cash", "user:eva").await.unwrap();
    assert!(open().await.is_empty(), "nothing is left that comes day after day");
}

/// Two who were asked for an approval turn out to be one: one tap decides, and nothing is asked of them any more.
pub(in crate::conformance) async fn who_turns_out_to_be_one_decides_once(catalog: &Catalog) {
    let catalog = &cases::leading(catalog);
    let everything = Access::new(true);
    let document = waits(catalog, &Sample::new(), Reason::new(ReasonCode::LowConfidence, "")).await;
    let number = catalog.document(document).await.unwrap().unwrap().phone_number_id.unwrap();
    let people = [Sample::new(), Sample::new()];
    let mut approvers = Vec::new();
    for person in &people {
        let contact = contact_of(catalog, sends(catalog, person, 1).await[0]).await;
        agrees(catalog, contact, &number, Category::Utility).await;
        approvers.push(contact);
    }
    let new = NewApproval {
        document: Some(document),
        question: "¿Se paga?".into(),
        approvers: approvers.clone(),
        mode: Mode::Any,
        phone_number_id: number,
        due_at: None,
    };
    let asked = catalog.ask_for_approval(&everything, &new, "user:eva").await.unwrap();
    let Approving::Asked(asked) = asked else { panic!("{asked:?}") };
    let yes = offered(catalog, approvers[0]).await.remove(0);
    let change = InboundItem::AliasChange {
        old: (AliasKind::WaId, people[0].wa_id.clone()),
        new: (AliasKind::WaId, people[1].wa_id.clone()),
        at: now(),
    };
    Intake::spawn(catalog.clone()).record(delivery(vec![change])).await.unwrap();
    let open = async || {
        let all = cases_of(catalog, approvers[0]).await;
        all.into_iter().filter(|c| c.1 == "approval" && c.2 != "done").count()
    };
    assert_eq!(open().await, 2, "they are one, who was asked twice");
    taps(catalog, &people[1], &yes).await;
    let decided = catalog.approval(&everything, asked.id).await.unwrap().unwrap();
    assert_eq!((decided.state, open().await), (ApprovalState::Approved, 0));
}

/// Whose turn comes after they turned out to be somebody else is asked as whom they are now, and their tap counts.
pub(in crate::conformance) async fn who_was_merged_before_their_turn_is_asked_as_who_was_kept(
    catalog: &Catalog,
) {
    let catalog = &cases::leading(catalog);
    let everything = Access::new(true);
    let document = waits(catalog, &Sample::new(), Reason::new(ReasonCode::LowConfidence, "")).await;
    let number = catalog.document(document).await.unwrap().unwrap().phone_number_id.unwrap();
    let people = [Sample::new(), Sample::new(), Sample::new()];
    let mut contacts = Vec::new();
    for person in &people {
        let contact = contact_of(catalog, sends(catalog, person, 1).await[0]).await;
        agrees(catalog, contact, &number, Category::Utility).await;
        contacts.push(contact);
    }
    let [first, kept, gone] = contacts[..] else { panic!("three of them") };
    let new = NewApproval {
        document: Some(document),
        question: "¿Se paga?".into(),
        approvers: vec![first, gone],
        mode: Mode::Order,
        phone_number_id: number,
        due_at: None,
    };
    let asked = catalog.ask_for_approval(&everything, &new, "user:eva").await.unwrap();
    let Approving::Asked(asked) = asked else { panic!("{asked:?}") };
    let change = InboundItem::AliasChange {
        old: (AliasKind::WaId, people[1].wa_id.clone()),
        new: (AliasKind::WaId, people[2].wa_id.clone()),
        at: now(),
    };
    Intake::spawn(catalog.clone()).record(delivery(vec![change])).await.unwrap();
    assert_eq!(catalog.contact(gone).await.unwrap().unwrap().id, kept);
    // The first lets all reminders pass.
    for _ in 0..3 {
        cases::time_passes_for(catalog, first, "approval").await;
    }
    taps(catalog, &people[2], &offered(catalog, kept).await[0]).await;
    let decided = catalog.approval(&everything, asked.id).await.unwrap().unwrap();
    assert_eq!((decided.state, decided.decided_by), (ApprovalState::Approved, Some(kept)));
}

/// Programs know a contact by an id that was merged away since: what they hand in under it is for who was kept.
pub(in crate::conformance) async fn who_was_merged_away_is_written_to_as_who_was_kept(catalog: &Catalog) {
    let catalog = &cases::leading(catalog);
    let everything = Access::new(true);
    let (kept, gone) = (debtor(catalog).await, debtor(catalog).await);
    let change = InboundItem::AliasChange {
        old: (AliasKind::WaId, kept.sample.wa_id.clone()),
        new: (AliasKind::WaId, gone.sample.wa_id.clone()),
        at: now(),
    };
    Intake::spawn(catalog.clone()).record(delivery(vec![change])).await.unwrap();
    agrees(catalog, kept.contact, &kept.number, Category::Utility).await;
    let account = format!("waba-{}", kept.number);
    let template = async |status: &str| {
        approved_of(catalog, (&kept.number, &account), "order_sent", status).await;
    };
    template("APPROVED").await;
    let new = notice(gone.contact, &Uuid::now_v7().to_string());
    let all = catalog.queue_notices(&everything, &[new.clone(), new], None, "key:shop").await.unwrap();
    let [Noticed::Queued(queued), Noticed::Before(again)] = all.as_slice() else { panic!("{all:?}") };
    assert_eq!((queued.contact_id, again.id), (kept.contact, queued.id));
    template("PAUSED").await;

    let new = NewApproval {
        document: None,
        question: "¿Se paga?".into(),
        approvers: vec![gone.contact, kept.contact],
        mode: Mode::Any,
        phone_number_id: kept.number.clone(),
        due_at: None,
    };
    let asked = catalog.ask_for_approval(&everything, &new, "user:eva").await.unwrap();
    let Approving::Asked(asked) = asked else { panic!("{asked:?}") };
    assert_eq!(asked.approvers, [kept.contact], "who is one is asked once");
    catalog.cancel_approval(&everything, asked.id, "user:eva").await.unwrap();

    let new = NewObligation {
        customer: kept.customer,
        number: "F-281".into(),
        amount: "10.00".parse().unwrap(),
        currency: "EUR".into(),
        due: (now() + Duration::days(30)).date(),
        contact: Some(gone.contact),
        phone_number_id: None,
        document: None,
    };
    let added = catalog.add_obligation(&everything, &new, "key:erp").await.unwrap();
    let Owing::Added(owed) = added else { panic!("{added:?}") };
    assert_eq!(owed.contact_id, Some(kept.contact));
    catalog.cancel_obligation(&everything, owed.id, "a gift", "user:eva").await.unwrap();
}
