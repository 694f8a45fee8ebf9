//! Promises of slips that were used before: nothing is paid by the same transfer twice.

use uuid::Uuid;

use super::{Debtor, OURS, agrees, debtor, leading, now_of};
use crate::{
    Catalog, DocumentId,
    conformance::{given::one_of_us, house::rules},
    consents::Category,
    names::{ObligationId, now},
    obligations::ObligationState::{self, Held, Paid},
};

/// Somebody whose slip has settled what they owed by itself.
async fn settled(catalog: &Catalog, bill: &str) -> (Debtor, ObligationId, DocumentId) {
    let debtor = debtor(catalog).await;
    agrees(catalog, debtor.contact, &debtor.number, Category::Billing).await;
    let owed = debtor.owes(catalog, bill, "100.00", 2).await.id;
    let slip = debtor.pays(catalog, "100.00", &Uuid::now_v7().to_string(), bill).await;
    assert_eq!(now_of(catalog, owed).await.state, Paid, "{bill}");
    (debtor, owed, slip)
}

/// A slip turns out to say or to look like this: what it pays is looked at anew.
async fn turns_out(catalog: &Catalog, slip: DocumentId, set: &str, value: &str) {
    let mut tx = catalog.writing().await.unwrap();
    let text = format!("UPDATE documents SET {set} WHERE id = $1");
    execute!(tx, sqlx::AssertSqlSafe(text.clone()), slip.0, value).unwrap();
    crate::events::tell(&mut tx, "document.corrected", slip, serde_json::json!({})).await.unwrap();
    tx.commit().await.unwrap();
}

async fn doubts(catalog: &Catalog, owed: ObligationId) -> (ObligationState, Vec<String>) {
    let one = now_of(catalog, owed).await;
    (one.state, one.payments.into_iter().flat_map(|payment| payment.doubts).collect())
}

/// A picture that is nearly that of a slip which paid something, and a reference that comes twice in one moment, are used:
/// a person looks.
pub(in crate::conformance) async fn what_was_used_pays_nothing_by_itself(catalog: &Catalog) {
    let catalog = &leading(catalog);
    one_of_us(catalog, OURS).await;
    rules(catalog, "cap\t5000 EUR\n").await;

    let (_first, _, paid) = settled(catalog, "F-801").await;
    let (_second, owed, slip) = settled(catalog, "F-802").await;
    let mut tx = catalog.reading().await.unwrap();
    let sql = "SELECT fingerprint FROM documents WHERE id = $1";
    let (picture,) = one!(tx, (i64,), sql, paid.0).unwrap();
    drop(tx);
    let nearly = (picture ^ 0b1_0000_0001_0001).to_string();
    turns_out(catalog, slip, "fingerprint = CAST($2 AS BIGINT)", &nearly).await;
    assert_eq!(doubts(catalog, owed).await, (Held, vec!["reference".to_owned()]));

    let (_third, one, one_slip) = settled(catalog, "F-803").await;
    let (_fourth, other, other_slip) = settled(catalog, "F-804").await;
    let field = serde_json::json!({ "value": Uuid::now_v7().to_string(), "confidence": 1.0, "page": 1, "box": null,
        "source": "ocr" });
    let total =
        serde_json::json!({ "value": "100.00", "confidence": 1.0, "page": 1, "box": null, "source": "ocr" });
    let fields = serde_json::json!({ "number": field, "total": total }).to_string();
    // As two workers do.
    tokio::join!(
        turns_out(catalog, one_slip, "fields = $2", &fields),
        turns_out(catalog, other_slip, "fields = $2", &fields),
    );
    let both = [doubts(catalog, one).await, doubts(catalog, other).await];
    let used = (Held, vec!["reference".to_owned()]);
    assert_eq!(
        both.iter().filter(|one| **one == used).count(),
        1,
        "the first pays, the second was used: {both:?}"
    );
    assert_eq!(both.iter().filter(|(state, _)| *state == Paid).count(), 1, "{both:?}");
    rules(catalog, "").await;
    assert!(catalog.message_ledger(now()).await.unwrap().balanced);
}
