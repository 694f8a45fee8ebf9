//! What is owed and what is approved, through the fake Graph and a clock: bills that one slip pays, or two, or none; a stop
//! in the middle; and approvers who tap at once.

use acuse_fixtures::graph::{Fault, Point};
use acuse_pipeline::{
    document::Status,
    reason::{Reason, ReasonCode},
};
use acuse_storage::{
    Access, ContactId, CustomerId, DocumentId, Stage,
    approvals::{Approval, ApprovalState, Approving, Mode, NewApproval},
    consents::Category,
    customers::NewCustomer,
    entities::NewEntity,
    inbound::{InboundItem, InboundMessage},
    names::ObligationId,
    obligations::{NewObligation, Obligation, ObligationState, Owing, Settled, Verdict},
    reviews::{Decision, Resolved},
};
use time::{Duration, macros::datetime};

use crate::{
    matters::{APPROVER, DEBTOR, agrees, count},
    talk::{leading, message, passes, photo, receipt, said, writes},
    world::{World, clock, set},
};
use ObligationState::{Held, Open, Paid};

/// Where what is owed to us is paid.
const ACCOUNT: &str = "ES9121000418450200051332";

pub async fn customer(world: &World, phone: &str) -> CustomerId {
    let new = NewCustomer { name: "Ana".into(), phones: vec![phone.into()], ..NewCustomer::default() };
    world.env.catalog.upsert_customers(&[new]).await.unwrap().remove(0).id().unwrap()
}

pub async fn owes(
    world: &World,
    (customer, contact): (CustomerId, ContactId),
    number: &str,
    amount: &str,
    in_days: i64,
) -> ObligationId {
    let new = NewObligation {
        customer,
        number: number.into(),
        amount: amount.parse().unwrap(),
        currency: "EUR".into(),
        due: (clock() + Duration::days(in_days)).date(),
        contact: Some(contact),
        phone_number_id: Some(world.number()),
        document: None,
    };
    match world.env.catalog.add_obligation(&Access::whole(), &new, "key:erp").await.unwrap() {
        Owing::Added(added) => added.id,
        other => panic!("{other:?}"),
    }
}

/// Somebody who agreed to be reminded of three bills, and was.
async fn reminded() -> (World, Vec<ObligationId>) {
    let world = leading().await;
    let customer = customer(&world, DEBTOR).await;
    let contact = agrees(&world, DEBTOR, Category::Billing).await;
    let mut owed = Vec::new();
    for (number, amount) in [("F-501", "100.00"), ("F-502", "150.00"), ("F-503", "200.00")] {
        owed.push(owes(&world, (customer, contact), number, amount, 2).await);
    }
    passes(&world, Duration::minutes(5)).await;
    let told = said(&world);
    assert!(told.len() == 1 && told[0].contains("F-501") && told[0].contains("F-503"), "in one: {told:#?}");
    (world, owed)
}

/// They send a slip, which is filed.
async fn pays(world: &World, amount: &str, number: &str) -> DocumentId {
    pays_to(world, "otra cuenta", amount, number).await
}

async fn pays_to(world: &World, account: &str, amount: &str, number: &str) -> DocumentId {
    pays_in(world, "EUR", (account, amount, number)).await
}

async fn pays_in(world: &World, currency: &str, (account, amount, number): (&str, &str, &str)) -> DocumentId {
    let slip = format!(
        "receipt\na {account}\nmerchant_name=Nosotros\ndate=2026-09-01\ntotal={amount}\ncurrency={currency}\nnumber={number}"
    );
    let id = photo(world, DEBTOR, &slip).await;
    passes(world, Duration::minutes(10)).await;
    let filed = world.env.catalog.document(id).await.unwrap().unwrap();
    assert_eq!(filed.status, Status::Filed, "{filed:?}");
    id
}

async fn all_of(world: &World, owed: &[ObligationId]) -> Vec<Obligation> {
    let mut all = Vec::new();
    for id in owed {
        all.push(world.env.catalog.obligation(&Access::whole(), *id).await.unwrap().unwrap());
    }
    all
}

async fn states(world: &World, owed: &[ObligationId]) -> Vec<ObligationState> {
    all_of(world, owed).await.into_iter().map(|one| one.state).collect()
}

/// A person looks at a slip, and says whether it pays.
async fn decides(world: &World, about: (ObligationId, DocumentId), pays: bool) {
    let verdict = if pays { Verdict::Pays } else { Verdict::Refused };
    let settled = world.env.catalog.settle_receipt(&Access::whole(), about, verdict, "user:eva").await;
    assert_eq!(settled.unwrap(), Settled::Done);
    passes(world, Duration::minutes(5)).await;
}

fn thanks(world: &World) -> Vec<String> {
    said(world).into_iter().filter(|text| text.starts_with("Recibimos tu pago")).collect()
}

async fn collections(world: &World, state: &str) -> i64 {
    let sql = "SELECT COUNT(*) FROM cases WHERE kind = 'collection' AND state = $1";
    let (count,): (i64,) = world.queue.one(sql, &[state.into()]).await;
    count
}

async fn ends(world: &World) {
    world.balances("in the end").await;
    let ledger = world.env.catalog.ledger(None, None).await.unwrap();
    assert!(ledger.balanced && ledger.processing == 0, "{ledger:?}");
}

#[tokio::test]
async fn three_bills_are_paid_by_one_slip() {
    let (world, owed) = reminded().await;
    let slip = pays(&world, "450.00", "TR-1").await;
    assert_eq!(states(&world, &owed).await, [Held, Held, Held]);
    assert_eq!((collections(&world, "human").await, thanks(&world).len()), (1, 0), "a person looks first");
    decides(&world, (owed[1], slip), true).await;
    assert_eq!(states(&world, &owed).await, [Paid, Paid, Paid]);
    let thanks = thanks(&world);
    assert!(thanks.len() == 1 && thanks[0].contains("F-501, F-502, F-503"), "{thanks:?}");
    let before = said(&world).len();
    passes(&world, Duration::days(20)).await;
    assert_eq!(
        (said(&world).len(), collections(&world, "done").await),
        (before, 1),
        "and nothing more is said"
    );
    ends(&world).await;
}

#[tokio::test]
async fn three_bills_are_paid_by_two_slips() {
    let (world, owed) = reminded().await;
    let two = pays(&world, "250.00", "TR-2").await;
    assert_eq!(states(&world, &owed).await, [Held, Held, Open]);
    let third = pays(&world, "200.00", "TR-3").await;
    assert_eq!(states(&world, &owed).await, [Held, Held, Held]);
    decides(&world, (owed[0], two), true).await;
    assert_eq!(states(&world, &owed).await, [Paid, Paid, Held]);
    decides(&world, (owed[2], third), true).await;
    assert_eq!(states(&world, &owed).await, [Paid, Paid, Paid]);
    assert_eq!((thanks(&world).len(), collections(&world, "done").await), (2, 1));
    ends(&world).await;
}

#[tokio::test]
async fn a_wrong_amount_pays_nothing_by_itself() {
    let (world, owed) = reminded().await;
    pays(&world, "444.00", "TR-4").await;
    assert_eq!(states(&world, &owed).await, [Open, Open, Open], "it is none of what is owed");
    let named = pays(&world, "190.00", "F-503").await;
    assert_eq!(states(&world, &owed).await, [Open, Open, Held], "it names one, and is with a person");
    let doubts = &all_of(&world, &owed[2..]).await[0].payments[0].doubts;
    assert!(doubts.contains(&"amount".to_owned()), "{doubts:?}");
    decides(&world, (owed[2], named), false).await;
    assert_eq!(states(&world, &owed).await, [Open, Open, Open]);
    assert_eq!((thanks(&world).len(), collections(&world, "waiting").await), (0, 1), "what is owed is owed");
    // What came to an account of ours is with a person, whatever it is for.
    let us = NewEntity { name: "Nosotros".into(), accounts: vec![ACCOUNT.into()], ..NewEntity::default() };
    world.env.catalog.save_entity(None, &us, "user:ana").await.unwrap();
    let ours = pays_to(&world, ACCOUNT, "120.00", "TR-5").await;
    assert_eq!(states(&world, &owed).await, [Held, Held, Open]);
    decides(&world, (owed[0], ours), true).await;
    let paid: Vec<String> = all_of(&world, &owed).await.into_iter().filter_map(|one| one.paid).collect();
    assert_eq!(paid, ["100.00", "20.00", "0.00"], "the first that are due");
    assert_eq!(states(&world, &owed).await, [Paid, Open, Open]);
    ends(&world).await;
}

#[tokio::test]
async fn a_slip_in_another_currency_holds_the_reminders_and_closes_nothing() {
    let (world, owed) = reminded().await;
    let slip = pays_in(&world, "USD", ("otra cuenta", "108.00", "F-501")).await;
    assert_eq!(states(&world, &owed).await, [Held, Open, Open]);
    let payment = all_of(&world, &owed).await[0].payments[0].clone();
    assert!(payment.document_id == slip && payment.needs_amount, "{payment:?}");
    assert!(payment.doubts.contains(&"currency".to_owned()), "{payment:?}");
    let before = said(&world).len();
    passes(&world, Duration::days(20)).await;
    assert_eq!((collections(&world, "human").await, said(&world).len()), (1, before), "a person has it");
    assert_eq!(states(&world, &owed).await, [Held, Open, Open]);
    ends(&world).await;
}

#[tokio::test]
async fn a_stop_in_the_middle_of_a_collection_ends_it() {
    let (world, owed) = reminded().await;
    writes(&world, DEBTOR, "BAJA").await;
    passes(&world, Duration::days(20)).await;
    let told = said(&world);
    assert!(told.len() == 2 && told[1].contains("no te enviaremos más avisos"), "{told:#?}");
    assert_eq!(collections(&world, "stopped").await, 1);
    assert_eq!(states(&world, &owed).await, [Open, Open, Open], "it is owed all the same");
    ends(&world).await;
}

/// What the buttons of an approver's question say when they are tapped.
async fn offered(world: &World, contact: ContactId) -> serde_json::Value {
    let sql =
        "SELECT payload FROM outbox WHERE contact_id = $1 AND kind = 'buttons' ORDER BY seq DESC LIMIT 1";
    let (payload,): (String,) = world.queue.one(sql, &[contact.0.into()]).await;
    serde_json::from_str::<serde_json::Value>(&payload).unwrap()["choices"].clone()
}

async fn taps(world: &World, who: &str, choice: &serde_json::Value) {
    let tapped = InboundMessage {
        kind: "interactive".into(),
        tap: choice[0].as_str().map(str::to_owned),
        ..message(world, who, &format!("wamid.{}", DocumentId::generate()))
    };
    world.record(InboundItem::Message(tapped)).await;
}

#[tokio::test]
async fn of_two_approvers_who_tap_at_once_one_decides() {
    let world = leading().await;
    let people = ["34600777888", "34600777999"];
    let mut approvers = Vec::new();
    for who in people {
        approvers.push(agrees(&world, who, Category::Utility).await);
    }
    let new = NewApproval {
        document: None,
        question: "¿Se compra?".into(),
        approvers: approvers.clone(),
        mode: Mode::Any,
        phone_number_id: world.number(),
        due_at: None,
    };
    let catalog = &world.env.catalog;
    let asked = catalog.ask_for_approval(&Access::whole(), &new, "user:eva").await.unwrap();
    let Approving::Asked(asked) = asked else { panic!("{asked:?}") };
    passes(&world, Duration::minutes(1)).await;
    assert_eq!(world.graph.sent().len(), 2, "both are asked");
    let (first, second) = (offered(&world, approvers[0]).await, offered(&world, approvers[1]).await);
    tokio::join!(taps(&world, people[0], &first[0]), taps(&world, people[1], &second[1]));
    passes(&world, Duration::minutes(5)).await;
    let decided = catalog.approval(&Access::whole(), asked.id).await.unwrap().unwrap();
    let by_the_first = decided.decided_by == Some(approvers[0]);
    assert!(by_the_first || decided.decided_by == Some(approvers[1]), "{decided:?}");
    let state = if by_the_first { ApprovalState::Approved } else { ApprovalState::Refused };
    assert_eq!(decided.state, state, "as whoever was first said");
    assert_eq!((count(&world, "decided").await, count(&world, "tap_refused").await), (1, 1), "both are told");
    assert_eq!(world.graph.sent().len(), 4);
    passes(&world, Duration::days(3)).await;
    assert_eq!(world.graph.sent().len(), 4, "and nobody is reminded");
    ends(&world).await;
}

/// What they were reminded of, and how often it counts.
async fn heard(world: &World, owed: ObligationId) -> (Vec<String>, u32) {
    let told = world.graph.sent().into_iter().map(|sent| format!("{sent:?}"));
    let told = told.filter(|sent| sent.contains("F-511")).collect();
    (told, all_of(world, &[owed]).await[0].reminders)
}

/// Somebody who agreed to be reminded, also by the template that Meta has approved for it.
async fn debtor(world: &World) -> (CustomerId, ContactId) {
    let sql = "INSERT INTO templates (waba_id, name, language, category, status, synced_at) \
         VALUES ('1', 'acuse_collection', 'es', 'UTILITY', 'APPROVED', 0)";
    world.queue.run(sql, &[]).await;
    (customer(world, DEBTOR).await, agrees(world, DEBTOR, Category::Billing).await)
}

#[tokio::test]
async fn a_reminder_behind_a_long_pause_is_said_anew_and_counts_once() {
    let world = leading().await;
    let whom = debtor(&world).await;
    // Every call is refused: the number may not send.
    world.graph.fail(Point::Send, None, Fault::error(400, 131_042, None), 10_000);
    let owed = owes(&world, whom, "F-511", "100.00", 0).await;
    passes(&world, Duration::hours(22)).await;
    assert_eq!(heard(&world, owed).await, (Vec::new(), 1), "it waits to leave");
    // Its time is over the next morning, and another is said, which waits too.
    passes(&world, Duration::hours(7)).await;
    assert_eq!(heard(&world, owed).await, (Vec::new(), 1), "nothing that nobody heard counts");
    world.graph.heal();
    passes(&world, Duration::hours(3)).await;
    let (told, reminders) = heard(&world, owed).await;
    assert_eq!((told.len(), reminders), (1, 1), "{told:#?}");
    assert_eq!(collections(&world, "waiting").await, 1);
    ends(&world).await;
}

#[tokio::test]
async fn a_reminder_that_its_numbers_tier_holds_for_a_day_is_said_anew() {
    let world = leading().await;
    let whom = debtor(&world).await;
    let number = world.number();
    let secs = clock().unix_timestamp();
    // The 24 hours are over, and the number wrote to all that it may a moment ago.
    let queue = &world.queue;
    queue.run("UPDATE windows SET last_inbound_at = $1", &[((secs - 90_000) * 1_000_000).into()]).await;
    queue
        .run("UPDATE numbers SET tier = 'TIER_250' WHERE phone_number_id = $1", &[number.as_str().into()])
        .await;
    queue
        .run(
            "INSERT INTO reached_steps (phone_number_id, step, contacts) VALUES ($1, $2, 250)",
            &[number.as_str().into(), (secs / 300).into()],
        )
        .await;
    let owed = owes(&world, whom, "F-511", "100.00", 0).await;
    passes(&world, Duration::hours(22)).await;
    assert_eq!(heard(&world, owed).await, (Vec::new(), 1), "there is no room today");
    passes(&world, Duration::hours(3)).await;
    let (told, reminders) = heard(&world, owed).await;
    assert_eq!((told.len(), reminders), (1, 1), "{told:#?}");
    ends(&world).await;
}

/// How many messages an approver was sent.
fn to_approver(world: &World) -> usize {
    let sent = world.graph.sent();
    sent.iter().filter(|sent| sent.to.as_deref().is_some_and(|to| to.ends_with(APPROVER))).count()
}

/// An approver is asked, about a document or about words alone.
async fn asked(world: &World, document: Option<DocumentId>) -> (ContactId, Approval) {
    let approver = agrees(world, APPROVER, Category::Utility).await;
    let new = NewApproval {
        document,
        question: "¿Se compra?".into(),
        approvers: vec![approver],
        mode: Mode::Order,
        phone_number_id: world.number(),
        due_at: None,
    };
    let asked = world.env.catalog.ask_for_approval(&Access::whole(), &new, "key:erp").await.unwrap();
    let Approving::Asked(asked) = asked else { panic!("{asked:?}") };
    passes(world, Duration::minutes(1)).await;
    assert_eq!(to_approver(world), 1);
    (approver, *asked)
}

#[tokio::test]
async fn an_approver_hears_no_more_of_what_was_decided_meanwhile() {
    let world = leading().await;
    let catalog = &world.env.catalog;
    let id = photo(&world, DEBTOR, &receipt("45.00")).await;
    let why = [Reason::new(ReasonCode::LowConfidence, "")];
    let _step = catalog.into_review(id, Stage::Fetch, &why, None, None).await.unwrap();
    let (approver, approval) = asked(&world, Some(id)).await;
    let buttons = offered(&world, approver).await;
    let review = catalog.open_review_of(id).await.unwrap().unwrap().id;
    let reject = Decision::Reject { note: "no".into() };
    let decided = catalog.resolve_review(review, "user:eva", None, &reject, None).await.unwrap();
    assert_eq!(decided, Resolved::Done(Status::Rejected));
    passes(&world, Duration::hours(8)).await;
    assert_eq!(to_approver(&world), 1, "nobody is reminded");
    taps(&world, APPROVER, &buttons[0]).await;
    passes(&world, Duration::minutes(5)).await;
    assert_eq!((to_approver(&world), count(&world, "tap_refused").await), (2, 1), "it is over");
    assert_eq!(count(&world, "decided").await, 0);
    let now = catalog.approval(&Access::whole(), approval.id).await.unwrap().unwrap();
    assert_eq!((now.state, now.decided_by), (ApprovalState::Expired, None));
    ends(&world).await;
}

#[tokio::test]
async fn an_approver_is_reminded_by_day_whatever_held_the_reminder() {
    let world = leading().await;
    // Half past seven in the evening: the first reminder is due an hour later, and its number may not send then.
    set(datetime!(2026-09-01 17:30 UTC));
    asked(&world, None).await;
    world.graph.fail(Point::Send, None, Fault::error(400, 131_042, None), 10_000);
    passes(&world, Duration::minutes(150)).await;
    assert_eq!(count(&world, "approval").await, 2, "a reminder waits");
    world.graph.heal();
    passes(&world, Duration::hours(8)).await;
    assert_eq!(to_approver(&world), 1, "not at night");
    passes(&world, Duration::hours(5)).await;
    assert!(to_approver(&world) > 1, "in the morning");
    ends(&world).await;
}
