//! Promises of what is said of a bill that is not for everybody's eyes: its debtor hears it, and of us who sees IDs.

use super::{agrees, debtor, leading};
use crate::{
    Access, Catalog,
    conformance::{
        access::{bill, waiting},
        house::rules,
    },
    consents::Category,
};

/// A reminder says what its bill does: who may not see that reads of it that something was said, and not what.
pub(in crate::conformance) async fn what_is_said_of_a_withheld_bill_is_told_with_the_right(
    catalog: &Catalog,
) {
    let bill = waiting(catalog, &bill()).await;
    let catalog = &leading(catalog);
    rules(catalog, "").await;
    let debtor = debtor(catalog).await;
    agrees(catalog, debtor.contact, &debtor.number, Category::Billing).await;
    let owed = debtor.owes(catalog, "F-921", "10.00", 0).await.id;
    debtor.time_comes(catalog).await;
    let said = debtor.said(catalog, "collection").await;
    assert!(said.len() == 1 && said[0].contains("F-921"), "{said:?}");
    let told = async |access: Access| {
        let all = catalog.conversation(&access, debtor.contact, None, None, 50).await.unwrap();
        all.into_iter().any(|said| said.text.is_some_and(|text| text.contains("F-921")))
    };
    let narrow = Access::new(false);
    assert!(told(narrow.clone()).await, "what was handed in is no document's word");

    let mut tx = catalog.writing().await.unwrap();
    let sql = "UPDATE obligations SET document_id = $2, by_rule = TRUE WHERE id = $1";
    execute!(tx, sql, owed.0, bill.0).unwrap();
    tx.commit().await.unwrap();
    assert!(told(narrow.clone()).await, "its bill is open");
    let mut tx = catalog.writing().await.unwrap();
    execute!(tx, "UPDATE documents SET sensitivity = 'unknown' WHERE id = $1", bill.0).unwrap();
    tx.commit().await.unwrap();
    assert!(!told(narrow).await);
    assert!(told(Access::new(true)).await);
    assert_eq!(debtor.said(catalog, "collection").await, said, "they were told it all the same");
}
