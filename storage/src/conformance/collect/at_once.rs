//! Promises of what two do at once about what is owed: nobody is reminded twice, and both receipts count.

use time::Duration;
use uuid::Uuid;

use super::{agrees, debtor, leading, morning, now_of};
use crate::{
    Access, Catalog,
    conformance::cases::cases_of,
    consents::Category,
    names::{CaseId, micros},
    obligations::{NewObligation, ObligationState, Owing, Settled, Verdict},
};

/// Two of a customer's who agreed at one moment have a case each, and both are due: one of them is reminded.
pub(in crate::conformance) async fn two_of_a_customers_are_not_both_reminded(catalog: &Catalog) {
    let catalog = &leading(catalog);
    let (debtor, other) = (debtor(catalog).await, debtor(catalog).await);
    agrees(catalog, debtor.contact, &debtor.number, Category::Billing).await;
    agrees(catalog, other.contact, &debtor.number, Category::Billing).await;
    debtor.owes(catalog, "F-241", "100.00", 0).await;
    let mine = cases_of(catalog, debtor.contact).await.into_iter().rfind(|c| c.1 == "collection");
    let (case, ..) = mine.expect("an open one");
    let (twin, past) = (CaseId::generate(), micros(morning() - Duration::SECOND));
    let mut tx = catalog.writing().await.unwrap();
    let sql = "UPDATE contacts SET customer_id = $2 WHERE id = $1";
    execute!(tx, sql, other.contact.0, debtor.customer.0).unwrap();
    execute!(tx, "UPDATE cases SET due_at = $2, task_at = $2 WHERE id = $1", case.0, past).unwrap();
    let sql = "INSERT INTO cases (id, contact_id, phone_number_id, kind, subject, state, expects, due_at, memory, \
         policy, policy_version, created_at, updated_at) SELECT $2, $3, phone_number_id, kind, subject, state, expects, \
         due_at, memory, policy, policy_version, created_at, updated_at FROM cases WHERE id = $1";
    execute!(tx, sql, case.0, twin.0, other.contact.0).unwrap();
    tx.commit().await.unwrap();
    let mut busy = catalog.writing().await.unwrap();
    let sql = "UPDATE obligations SET updated_at = updated_at WHERE customer_id = $1";
    assert_eq!(execute!(busy, sql, debtor.customer.0).unwrap(), 1);
    let mut turns = tokio::task::JoinSet::new();
    for id in [case, twin] {
        let catalog = catalog.clone();
        turns.spawn(async move {
            loop {
                match catalog.case_turn(id).await {
                    // It comes again, as its task would.
                    Err(error) if error.is_contention() => {}
                    turn => break turn.unwrap(),
                }
            }
        });
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    }
    busy.commit().await.unwrap();
    turns.join_all().await;
    let said = [debtor.said(catalog, "collection").await, other.said(catalog, "collection").await].concat();
    assert_eq!(said.len(), 1, "never two on one day for one customer: {said:?}");
}

/// One of a customer's has their case, and another is named for a new bill: whoever comes to the two the other way round
/// waits for nobody.
pub(in crate::conformance) async fn whoever_schedules_holds_one_contact(catalog: &Catalog) {
    let catalog = &leading(catalog);
    let (debtor, other) = (debtor(catalog).await, debtor(catalog).await);
    agrees(catalog, debtor.contact, &debtor.number, Category::Billing).await;
    agrees(catalog, other.contact, &other.number, Category::Billing).await;
    debtor.owes(catalog, "F-261", "100.00", 3).await;
    let new = NewObligation {
        customer: debtor.customer,
        number: "F-262".into(),
        amount: "50.00".parse().unwrap(),
        currency: "EUR".into(),
        due: (morning() + Duration::days(3)).date(),
        contact: Some(other.contact),
        phone_number_id: None,
        document: None,
    };
    let touch = "UPDATE contacts SET updated_at = updated_at WHERE id = $1";
    let mut busy = catalog.writing().await.unwrap();
    assert_eq!(execute!(busy, touch, other.contact.0).unwrap(), 1);
    let owing = tokio::spawn({
        let catalog = catalog.clone();
        async move { catalog.add_obligation(&Access::new(true), &new, "key:erp").await.unwrap() }
    });
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    assert_eq!(execute!(busy, touch, debtor.contact.0).unwrap(), 1);
    busy.commit().await.unwrap();
    assert!(matches!(owing.await.unwrap(), Owing::Added(_)));
    for whom in [&debtor, &other] {
        assert_eq!(whom.case(catalog).await.unwrap().0, "waiting", "each hears of their own");
    }
}

pub(in crate::conformance) async fn two_receipts_at_once_both_count(catalog: &Catalog) {
    let catalog = &leading(catalog);
    let everything = Access::new(true);
    let debtor = debtor(catalog).await;
    agrees(catalog, debtor.contact, &debtor.number, Category::Billing).await;
    let owed = debtor.owes(catalog, "F-601", "100.00", 2).await.id;
    let slips = [
        debtor.pays(catalog, "40.00", &Uuid::now_v7().to_string(), "F-601").await,
        debtor.pays(catalog, "60.00", &Uuid::now_v7().to_string(), "F-601").await,
    ];
    let settles =
        slips.map(|slip| catalog.settle_receipt(&everything, (owed, slip), Verdict::Pays, "user:eva"));
    let [first, second] = settles;
    let (first, second) = tokio::join!(first, second);
    assert_eq!((first.unwrap(), second.unwrap()), (Settled::Done, Settled::Done));
    let one = now_of(catalog, owed).await;
    assert_eq!((one.state, one.paid.as_deref()), (ObligationState::Paid, Some("100.00")), "{one:?}");
}
