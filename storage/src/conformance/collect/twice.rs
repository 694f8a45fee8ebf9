//! Promises of what is paid twice: a second slip of one bill is a person's, whatever became of the bill.

use uuid::Uuid;

use super::{Debtor, OURS, agrees, debtor, leading, now_of};
use crate::{
    Access, Catalog, DocumentId,
    cases::{Act, Acted},
    conformance::{cases::cases_of, given::one_of_us, house::rules},
    consents::Category,
    names::ObligationId,
    obligations::{ObligationFilter, ObligationState, Settled, Verdict},
};

async fn settles(catalog: &Catalog, about: (ObligationId, DocumentId), verdict: Verdict) {
    let settled = catalog.settle_receipt(&Access::new(true), about, verdict, "user:eva").await;
    assert_eq!(settled.unwrap(), Settled::Done);
}

/// What of theirs waits for a person's word.
async fn awaits(catalog: &Catalog, debtor: &Debtor) -> Vec<ObligationId> {
    let filter = ObligationFilter {
        customer: Some(debtor.customer),
        awaits_word: true,
        ..ObligationFilter::default()
    };
    let all = catalog.obligations(&Access::new(true), &filter, 9).await.unwrap();
    all.into_iter().map(|one| one.id).collect()
}

/// The person who has their case gives it back.
async fn gives_back(catalog: &Catalog, debtor: &Debtor) {
    let everything = Access::new(true);
    let all = cases_of(catalog, debtor.contact).await;
    let (id, ..) = all.into_iter().rfind(|c| c.1 == "collection").expect("a case");
    let version = catalog.case(&everything, id).await.unwrap().unwrap().version;
    let given_back = catalog.act_on_case(&everything, id, version, "eva", &Act::Return).await.unwrap();
    assert!(matches!(given_back, Acted::Done(_)), "{given_back:?}");
}

/// Two slips wait for one bill, and one of them is confirmed: the other stays in front of a person until they say what it is.
pub(in crate::conformance) async fn what_came_twice_stays_in_front_of_a_person(catalog: &Catalog) {
    let catalog = &leading(catalog);
    one_of_us(catalog, OURS).await;
    rules(catalog, "").await;
    for is_given_back in [false, true] {
        let debtor = debtor(catalog).await;
        agrees(catalog, debtor.contact, &debtor.number, Category::Billing).await;
        let owed = debtor.owes(catalog, "F-701", "100.00", 2).await.id;
        let first = debtor.pays(catalog, "100.00", &Uuid::now_v7().to_string(), "pago F-701").await;
        let second = debtor.pays(catalog, "100.00", &Uuid::now_v7().to_string(), "pago F-701").await;
        let state = async || debtor.case(catalog).await.unwrap().0;
        assert_eq!((state().await.as_str(), awaits(catalog, &debtor).await), ("human", vec![owed]));
        if is_given_back {
            gives_back(catalog, &debtor).await;
        }
        settles(catalog, (owed, first), Verdict::Pays).await;
        let one = now_of(catalog, owed).await;
        assert_eq!((one.state, one.paid.as_deref()), (ObligationState::Paid, Some("100.00")));
        let left = one.payments.iter().find(|payment| payment.document_id == second).unwrap();
        assert_eq!(left.state, "proposed");
        assert_eq!(state().await, "human", "nobody has said what the second is");
        assert_eq!(awaits(catalog, &debtor).await, [owed], "and it is there to be said");
        catalog.look_for_unbilled().await.unwrap();
        assert_eq!(state().await, "human");
        settles(catalog, (owed, second), Verdict::Refused).await;
        assert_eq!(now_of(catalog, owed).await.state, ObligationState::Paid);
        assert_eq!(
            (state().await.as_str(), awaits(catalog, &debtor).await),
            ("done", Vec::<ObligationId>::new())
        );
    }
}
