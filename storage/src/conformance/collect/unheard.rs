//! Promises of what would be nobody's: reminders that nobody heard, receipts that no case shows, and what is owed once
//! whoever was reminded wants no more.

use uuid::Uuid;

use super::{
    Debtor, OURS, agrees, debtor, leading, now_of,
    receipts::uploaded,
    reminders::{is_told, next_morning},
};
use crate::{
    Access, Catalog, DocumentId,
    cases::{Act, Acted, UNSEEN},
    conformance::{
        cases::{cases_of, writes},
        given::one_of_us,
        house::rules,
    },
    consents::Category,
    incidents::IncidentState,
    names::{ObligationId, OutboxId, micros, now},
    obligations::{ObligationState, Settled, Verdict},
    outbox::TOO_LATE,
};

/// The reminder that waits to leave.
async fn waits(catalog: &Catalog, debtor: &Debtor) -> OutboxId {
    let mut tx = catalog.reading().await.unwrap();
    let sql = "SELECT id FROM outbox WHERE contact_id = $1 AND purpose = 'collection' AND state = 'queued'";
    OutboxId(one!(tx, (Uuid,), sql, debtor.contact.0).unwrap().0)
}

/// A reminder that could not leave in its time does not count: it is said anew the day after, or a person has it, whose day
/// has come; and so has one who wants none of its kind.
pub(in crate::conformance) async fn what_came_too_late_is_said_anew_or_a_persons(catalog: &Catalog) {
    let today = &leading(catalog);
    let tomorrow = &today.clone().with_clock(next_morning);
    for (stages, why, is_said_anew) in
        [("", TOO_LATE, true), ("collect\t0\t1\n", TOO_LATE, false), ("", "opted out", false)]
    {
        rules(today, stages).await;
        let debtor = debtor(today).await;
        agrees(today, debtor.contact, &debtor.number, Category::Billing).await;
        let owed = debtor.owes(today, "F-281", "100.00", 0).await.id;
        debtor.time_comes(today).await;
        assert_eq!(now_of(today, owed).await.reminders, 1);
        tomorrow.reply_withdrawn(waits(tomorrow, &debtor).await, why).await.unwrap();
        assert_eq!(now_of(tomorrow, owed).await.reminders, 0, "nobody heard it");
        let (state, due) = debtor.case(tomorrow).await.unwrap();
        if is_said_anew {
            assert!(state == "waiting" && due.unwrap() <= micros(next_morning()), "{state} {due:?}");
            debtor.time_comes(tomorrow).await;
            let said = debtor.said(tomorrow, "collection").await;
            assert!(said.len() == 2 && said[1].contains("F-281"), "{said:?}");
            assert_eq!(now_of(tomorrow, owed).await.reminders, 1);
        } else {
            assert_eq!((state.as_str(), due), ("human", None), "{stages:?} {why}");
        }
        assert!(tomorrow.message_ledger(now()).await.unwrap().balanced);
    }
    rules(today, "").await;
}

/// Whether it is told that nobody sees a receipt.
async fn is_unseen(catalog: &Catalog, debtor: &Debtor) -> bool {
    let open = catalog.incidents(Some(IncidentState::Open), None, 500).await.unwrap();
    open.iter().any(|i| i.kind == UNSEEN && i.subject == debtor.customer.to_string())
}

pub(super) async fn is_of(catalog: &Catalog, debtor: &Debtor, is_theirs: bool) {
    let mut tx = catalog.writing().await.unwrap();
    let sql = "UPDATE contacts SET customer_id = $2 WHERE id = $1";
    execute!(tx, sql, debtor.contact.0, Some(debtor.customer.0).filter(|_| is_theirs)).unwrap();
    tx.commit().await.unwrap();
}

/// What a receipt holds that nobody sent is a person's, whoever agreed to be reminded, and whatever ended its case.
pub(in crate::conformance) async fn a_receipt_that_nobody_sent_is_seen(catalog: &Catalog) {
    let catalog = &leading(catalog);
    one_of_us(catalog, OURS).await;
    rules(catalog, "").await;
    let debtor = debtor(catalog).await;
    let comes = async |number: &str, amount: &str| {
        let owed = debtor.owes(catalog, number, amount, 2).await.id;
        let slip = uploaded(catalog).await;
        let reference = Uuid::now_v7().to_string();
        debtor.slip(catalog, slip, (Some(amount), Some("eur")), (&reference, number)).await;
        assert_eq!(now_of(catalog, owed).await.state, ObligationState::Held);
        (owed, slip)
    };
    let pays = async |about: (ObligationId, DocumentId)| {
        let settled = catalog.settle_receipt(&Access::new(true), about, Verdict::Pays, "user:eva").await;
        assert_eq!(settled.unwrap(), Settled::Done);
        assert_eq!(now_of(catalog, about.0).await.state, ObligationState::Paid);
    };
    let first = comes("F-291", "120.00").await;
    let state = async || debtor.case(catalog).await.unwrap().0;
    assert_eq!(state().await, "human", "though nobody agreed to be reminded");
    catalog.look_for_unbilled().await.unwrap();
    assert!(!is_told(catalog, &debtor).await && state().await == "human");
    pays(first).await;
    assert_eq!(state().await, "done");

    // Nobody is known of theirs: it is told, until somebody is.
    is_of(catalog, &debtor, false).await;
    let second = comes("F-292", "80.00").await;
    assert!(is_unseen(catalog, &debtor).await && state().await == "done");
    catalog.look_for_unbilled().await.unwrap();
    assert!(is_unseen(catalog, &debtor).await, "until it is not so");
    is_of(catalog, &debtor, true).await;
    catalog.look_for_unbilled().await.unwrap();
    assert!(!is_unseen(catalog, &debtor).await && state().await == "human");
    // Nor does a stop hide it.
    agrees(catalog, debtor.contact, &debtor.number, Category::Billing).await;
    writes(catalog, &debtor.sample, "BAJA").await;
    assert_eq!(state().await, "stopped");
    catalog.look_for_unbilled().await.unwrap();
    assert_eq!(state().await, "human");
    pays(second).await;
    catalog.look_for_unbilled().await.unwrap();
    assert_eq!(state().await, "done");
}

/// A customer of whom two agreed: where one wants no more the other is reminded, and where a person ended it nobody is.
pub(in crate::conformance) async fn who_else_agreed_is_reminded_after_a_stop(catalog: &Catalog) {
    let catalog = &leading(catalog);
    rules(catalog, "").await;
    let one = debtor(catalog).await;
    let other = Debtor { customer: one.customer, ..debtor(catalog).await };
    agrees(catalog, one.contact, &one.number, Category::Billing).await;
    one.owes(catalog, "F-285", "100.00", 2).await;
    is_of(catalog, &other, true).await;
    agrees(catalog, other.contact, &other.number, Category::Billing).await;
    assert_eq!(other.case(catalog).await, None, "one case a customer");
    writes(catalog, &one.sample, "BAJA").await;
    catalog.look_for_unbilled().await.unwrap();
    assert_eq!(one.case(catalog).await.unwrap().0, "stopped");
    assert_eq!(other.case(catalog).await.unwrap().0, "waiting");
    other.time_comes(catalog).await;
    assert!(other.said(catalog, "collection").await[0].contains("F-285"));
    let everything = Access::new(true);
    let (id, ..) = cases_of(catalog, other.contact).await.into_iter().rfind(|c| c.1 == "collection").unwrap();
    let version = catalog.case(&everything, id).await.unwrap().unwrap().version;
    let closed = catalog.act_on_case(&everything, id, version, "eva", &Act::Close).await.unwrap();
    assert!(matches!(closed, Acted::Done(_)), "{closed:?}");
    catalog.look_for_unbilled().await.unwrap();
    assert_eq!(other.case(catalog).await.unwrap().0, "done", "whoever ended it knew why");
}

/// Somebody's receipt is with a person, who gives it back: whoever sent it never agreed to be reminded, and is not.
pub(in crate::conformance) async fn who_sent_a_receipt_is_not_reminded_for_it(catalog: &Catalog) {
    let catalog = &leading(catalog);
    one_of_us(catalog, OURS).await;
    rules(catalog, "").await;
    let one = debtor(catalog).await;
    let sender = Debtor { customer: one.customer, ..debtor(catalog).await };
    is_of(catalog, &sender, true).await;
    one.owes(catalog, "F-286", "100.00", 2).await;
    let open = one.owes(catalog, "F-287", "55.00", 0).await.id;
    sender.pays(catalog, "100.00", &Uuid::now_v7().to_string(), "pago F-286").await;
    assert_eq!(sender.case(catalog).await.unwrap().0, "human");
    let everything = Access::new(true);
    let (id, ..) =
        cases_of(catalog, sender.contact).await.into_iter().rfind(|c| c.1 == "collection").unwrap();
    let version = catalog.case(&everything, id).await.unwrap().unwrap().version;
    let given_back = catalog.act_on_case(&everything, id, version, "eva", &Act::Return).await.unwrap();
    assert!(matches!(given_back, Acted::Done(_)), "{given_back:?}");
    agrees(catalog, one.contact, &one.number, Category::Billing).await;
    assert_eq!(sender.case(catalog).await.unwrap().0, "done", "it is over with them");
    catalog.look_for_unbilled().await.unwrap();
    assert_eq!(one.case(catalog).await.unwrap().0, "human", "a receipt waits still");
    assert_eq!(now_of(catalog, open).await.reminders, 0, "and no stage was spent");
    assert!(sender.said(catalog, "collection").await.is_empty());
}
