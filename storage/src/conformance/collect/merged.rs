//! Promises of debtors who turn out to be one person.

use super::{agrees, debtor, leading};
use crate::{
    Catalog, Intake,
    conformance::{cases::cases_of, door::delivery},
    consents::Category,
    inbound::InboundItem,
    names::{AliasKind, CaseId, now},
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
    let change = InboundItem::AliasChange {
        old: (AliasKind::WaId, debtor.sample.wa_id.clone()),
        new: (AliasKind::WaId, other.sample.wa_id.clone()),
        at: now(),
    };
    Intake::spawn(catalog.clone()).record(delivery(vec![change])).await.unwrap();
    assert_eq!(cases_of(catalog, other.contact).await.len(), 0, "they are one");
    assert_eq!(open().await, [case], "and so is what they owe");
    let access = crate::Access::new(true);
    catalog.cancel_obligation(&access, owed, "paid in cash", "user:eva").await.unwrap();
    assert!(open().await.is_empty(), "nothing is left that comes day after day");
}
