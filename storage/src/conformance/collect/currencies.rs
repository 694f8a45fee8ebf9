//! Promises of receipts that are in another currency than what they pay, or in none: only a person says what they come to.

use uuid::Uuid;

use super::{OURS, agrees, debtor, leading, now_of};
use crate::{
    Access, Catalog, DocumentId,
    conformance::{given::one_of_us, house::rules},
    consents::Category,
    documents::Amount,
    names::{ObligationId, now},
    obligations::{ObligationState, Settled, Verdict},
};

/// What stands between a receipt and an obligation: its share, its doubts, and what came.
async fn between(catalog: &Catalog, id: ObligationId, slip: DocumentId) -> (String, Vec<String>, String) {
    let one = now_of(catalog, id).await;
    let payment = one.payments.into_iter().find(|p| p.document_id == slip).expect("it is proposed");
    let came = [payment.came_amount, payment.came_currency].into_iter().flatten().collect::<Vec<_>>();
    (payment.amount.expect("with the right"), payment.doubts, came.join(" "))
}

pub(in crate::conformance) async fn a_slip_in_another_currency_is_a_persons(catalog: &Catalog) {
    use ObligationState::{Held, Open, Paid};
    let catalog = &leading(catalog);
    one_of_us(catalog, OURS).await;
    rules(catalog, "cap\t5000 USD\ncap\t5000 EUR\n").await;
    let everything = Access::new(true);
    let says =
        async |about, verdict| catalog.settle_receipt(&everything, about, verdict, "user:eva").await.unwrap();
    let new = || Uuid::now_v7().to_string();
    for (came, doubt, shown) in [
        ((Some("108.00"), Some("USD")), "currency", "108.00 USD"),
        ((Some("100.00"), Some("usd")), "currency", "100.00 USD"),
        ((Some("100.00"), None), "currency", "100.00"),
        ((None, Some("EUR")), "amount", "EUR"),
        ((None, None), "currency", ""),
    ] {
        let debtor = debtor(catalog).await;
        agrees(catalog, debtor.contact, &debtor.number, Category::Billing).await;
        let owed = debtor.owes(catalog, "F-701", "100.00", 2).await.id;
        let other = debtor.owes(catalog, "F-702", "70.00", 2).await.id;
        let slip = debtor.pays_in(catalog, came, &new(), "transferencia F-701").await;
        let one = now_of(catalog, owed).await;
        assert_eq!(
            (one.state, one.paid.as_deref()),
            (Held, Some("0.00")),
            "{came:?}: it is held, and not paid"
        );
        assert!(one.payments[0].needs_amount, "{one:?}");
        assert_eq!(
            between(catalog, owed, slip).await,
            ("0.00".to_owned(), vec![doubt.to_owned()], shown.to_owned())
        );
        assert_eq!(now_of(catalog, other).await.state, Open, "what it does not name is reminded of");
        assert_eq!(debtor.case(catalog).await.unwrap().0, "human", "{came:?}");
        assert!(debtor.said(catalog, "paid").await.is_empty(), "nobody is thanked yet");

        // One key says nothing of how much it is.
        assert_eq!(says((owed, slip), Verdict::Pays).await, Settled::NeedsAmount);
        assert_eq!(says((owed, slip), Verdict::PaysOf(Amount::ZERO)).await, Settled::TakesNoAmount);
        assert_eq!(now_of(catalog, owed).await.state, Held);
        let part = Verdict::PaysOf("95.50".parse().unwrap());
        assert_eq!(says((owed, slip), part).await, Settled::Done);
        let one = now_of(catalog, owed).await;
        assert_eq!((one.state, one.paid.as_deref()), (Open, Some("95.50")), "the rest is owed");
        assert_eq!(debtor.said(catalog, "paid").await.len(), 1);
        assert_eq!(debtor.case(catalog).await.unwrap().0, "waiting");
        let rest = debtor.pays(catalog, "4.50", &new(), "F-701").await;
        assert_eq!(says((owed, rest), part).await, Settled::Over, "that one settled by itself");
        assert_eq!(now_of(catalog, owed).await.state, Paid);
    }

    // One that names nothing and was paid to us may be for anything: each is said by itself, or none is it.
    let debtor = debtor(catalog).await;
    agrees(catalog, debtor.contact, &debtor.number, Category::Billing).await;
    let mut owed = Vec::new();
    for (number, amount) in [("F-711", "100.00"), ("F-712", "150.00")] {
        owed.push(debtor.owes(catalog, number, amount, 2).await.id);
    }
    let states = async || [now_of(catalog, owed[0]).await.state, now_of(catalog, owed[1]).await.state];
    let slip = debtor.pays_in(catalog, (Some("270.00"), Some("USD")), &new(), "wire").await;
    assert_eq!(states().await, [Held, Held]);
    assert_eq!(says((owed[1], slip), Verdict::PaysOf("150.00".parse().unwrap())).await, Settled::Done);
    assert_eq!(states().await, [Held, Paid]);
    assert_eq!(debtor.case(catalog).await.unwrap().0, "human", "of the other nothing is said yet");
    assert_eq!(says((owed[0], slip), Verdict::Refused).await, Settled::Done);
    assert_eq!(states().await, [Open, Paid]);
    assert_eq!(debtor.case(catalog).await.unwrap().0, "waiting");
    let gives_back = debtor.pays_in(catalog, (Some("-20.00"), Some("USD")), &new(), "F-711").await;
    assert!(now_of(catalog, owed[0]).await.payments.iter().all(|p| p.document_id != gives_back));
    rules(catalog, "").await;
    assert!(catalog.message_ledger(now()).await.unwrap().balanced);
}
