//! Promises of receipts that pay what is owed: by themselves up to their cap, else once a person says so.

use acuse_pipeline::document::Sha256;
use uuid::Uuid;

use super::{Debtor, OURS, agrees, debtor, leading, now_of, unheard::is_of};
use crate::{
    Access, Catalog, DocumentId,
    access::Binding,
    cases::CaseFilter,
    conformance::{
        cases::{filed, sends},
        given::{brought, customer, one_of_us, upload},
        house::rules,
        road::{begin, facts},
    },
    consents::Category,
    customers::Merged,
    entities::NewEntity,
    keys::Scope,
    names::{ObligationId, Stage, now},
    obligations::{ObligationState, Settled, Verdict},
    stages::Step,
};

pub(in crate::conformance) async fn up_to_its_cap_a_receipt_settles_by_itself(catalog: &Catalog) {
    use ObligationState::{Held, Open, Paid};
    let catalog = &leading(catalog);
    one_of_us(catalog, OURS).await;
    let debtor = debtor(catalog).await;
    agrees(catalog, debtor.contact, &debtor.number, Category::Billing).await;
    let mut owed = Vec::new();
    for (number, amount) in [("F-251", "100.00"), ("F-252", "150.00"), ("F-253", "500.01")] {
        owed.push(debtor.owes(catalog, number, amount, 2).await.id);
    }
    let states = async || {
        let mut all = Vec::new();
        for id in &owed {
            all.push(now_of(catalog, *id).await.state);
        }
        all
    };
    rules(catalog, "cap\t500 USD\n").await;
    debtor.pays(catalog, "100.00", &Uuid::now_v7().to_string(), "transferencia").await;
    assert_eq!(now_of(catalog, owed[0]).await.payments[0].doubts, ["cap"], "a cap is of its currency");
    rules(catalog, "cap\t500 USD\ncap\t500 EUR\n").await;
    while catalog.follow_rules().await.unwrap() > 0 {}
    assert_eq!(states().await, [Held, Open, Open], "what waits for a person waits for them");
    debtor.pays(catalog, "150.00", &Uuid::now_v7().to_string(), "transferencia").await;
    assert_eq!(states().await, [Held, Paid, Open]);
    assert_eq!(debtor.said(catalog, "paid").await.len(), 1, "and they are thanked at once");
    debtor.pays(catalog, "500.01", &Uuid::now_v7().to_string(), "transferencia").await;
    assert_eq!(states().await, [Held, Paid, Held]);
    rules(catalog, "").await;
    assert_eq!(states().await, [Held, Paid, Held], "what is paid stays paid");
}

/// Of one customer, whom we bill is one and who sends the slip is another: who sent it is thanked, and nobody else is written to.
pub(in crate::conformance) async fn whoever_sent_the_slip_is_thanked(catalog: &Catalog) {
    let catalog = &leading(catalog);
    one_of_us(catalog, OURS).await;
    let billed = debtor(catalog).await;
    let sender = Debtor { customer: billed.customer, ..debtor(catalog).await };
    is_of(catalog, &sender, true).await;
    agrees(catalog, billed.contact, &billed.number, Category::Billing).await;
    let owed = billed.owes(catalog, "F-291", "100.00", 2).await.id;
    rules(catalog, "cap\t500 EUR\n").await;
    sender.pays(catalog, "100.00", &Uuid::now_v7().to_string(), "pago F-291").await;
    rules(catalog, "").await;
    assert_eq!(now_of(catalog, owed).await.state, ObligationState::Paid);
    assert_eq!(billed.case(catalog).await.unwrap().0, "done");
    assert!(billed.said(catalog, "paid").await.is_empty(), "who sent nothing is thanked for nothing");
    let thanks = sender.said(catalog, "paid").await;
    assert!(thanks.len() == 1 && thanks[0].contains("F-291"), "{thanks:?}");
}

/// A slip of what we gave back names our account too, as that of whoever paid.
pub(in crate::conformance) async fn what_we_gave_back_settles_nothing_by_itself(catalog: &Catalog) {
    let catalog = &leading(catalog);
    let account = format!("ES91{:020}", Uuid::now_v7().as_u128() % 10_u128.pow(20));
    let us = NewEntity { name: "Nosotros".into(), accounts: vec![account.clone()], ..NewEntity::default() };
    catalog.save_entity(None, &us, "user:ana").await.unwrap().expect("added");
    let debtor = debtor(catalog).await;
    agrees(catalog, debtor.contact, &debtor.number, Category::Billing).await;
    rules(catalog, "cap\t500 EUR\n").await;
    for (words, doubts) in [
        (format!("Cuenta origen: {account}\nBeneficiario: Ana"), &["payee"][..]),
        (format!("Transferencia realizada\n{account}"), &["payee"][..]),
        (format!("Ordenante: Ana\nCuenta destino: {account}"), &[][..]),
    ] {
        let bill = format!("F-{}", Uuid::now_v7().simple());
        let owed = debtor.owes(catalog, &bill, "120.00", 2).await.id;
        let id = sends(catalog, &debtor.sample, 1).await[0];
        filed(catalog, id).await;
        let (reference, text) = (Uuid::now_v7().to_string(), format!("{words}\nConcepto {bill}"));
        let paid = (Some("120.00"), Some("eur"));
        debtor.slip_to(catalog, (id, None), paid, (&reference, &text)).await;
        let one = now_of(catalog, owed).await;
        assert_eq!(one.payments[0].doubts, doubts, "{words}");
        let state = if doubts.is_empty() { ObligationState::Paid } else { ObligationState::Held };
        assert_eq!(one.state, state, "{words}");
    }
    rules(catalog, "").await;
}

/// A receipt that the accountant uploads, which nobody sent.
pub(super) async fn uploaded(catalog: &Catalog) -> DocumentId {
    let id = brought(catalog, &upload(now())).await;
    begin(catalog, id, Stage::Read).await;
    assert_eq!(catalog.read(id, &facts(&id.to_string())).await.unwrap(), Step::Taken);
    begin(catalog, id, Stage::Link).await;
    assert_eq!(catalog.filed(id, Stage::Link, None, None).await.unwrap(), Step::Taken);
    id
}

pub(in crate::conformance) async fn a_receipt_pays_whichever_way_it_came(catalog: &Catalog) {
    let catalog = &leading(catalog);
    one_of_us(catalog, OURS).await;
    let debtor = debtor(catalog).await;
    agrees(catalog, debtor.contact, &debtor.number, Category::Billing).await;
    let owed = debtor.owes(catalog, "F-271", "120.00", 2).await.id;
    rules(catalog, "cap\t500 EUR\n").await;
    let id = uploaded(catalog).await;
    let reference = Uuid::now_v7().to_string();
    debtor.slip(catalog, id, (Some("120.00"), Some("eur")), (&reference, "transferencia")).await;
    rules(catalog, "").await;
    let paid = now_of(catalog, owed).await;
    assert_eq!((paid.state, paid.payments[0].document_id), (ObligationState::Paid, id));
    assert_eq!(debtor.case(catalog).await.unwrap().0, "done", "nothing is reminded of any more");
    assert!(debtor.said(catalog, "paid").await.is_empty(), "who sent nothing is thanked for nothing");
    // Its customer becomes part of another: that takes back nothing of what it paid.
    let into = customer(catalog).await;
    let merged = catalog.merge_customers(into, debtor.customer, "user:eva").await.unwrap();
    assert!(matches!(merged, Merged::Done(documents) if documents >= 1), "{merged:?}");
    let still = now_of(catalog, owed).await;
    assert_eq!((still.state, still.payments), (ObligationState::Paid, paid.payments));
}

/// How much goes to an obligation is a part of what its receipt says, and who may not see that does not decide on it.
pub(in crate::conformance) async fn what_a_withheld_receipt_pays_is_told_with_the_right(catalog: &Catalog) {
    let catalog = &leading(catalog);
    one_of_us(catalog, OURS).await;
    let debtor = debtor(catalog).await;
    agrees(catalog, debtor.contact, &debtor.number, Category::Billing).await;
    let owed = debtor.owes(catalog, "F-901", "100.00", 2).await.id;
    let slip = debtor.pays(catalog, "100.00", &Uuid::now_v7().to_string(), "pago F-901").await;
    let is = async |sensitivity: &'static str| {
        let mut tx = catalog.writing().await.unwrap();
        execute!(tx, "UPDATE documents SET sensitivity = $2 WHERE id = $1", slip.0, sensitivity).unwrap();
        tx.commit().await.unwrap();
    };
    let told = async |access: Access| {
        let one = catalog.obligation(&access, owed).await.unwrap().unwrap();
        one.payments.into_iter().find(|p| p.document_id == slip).unwrap().amount
    };
    let narrow = Access::new(false);
    is("unknown").await;
    assert_eq!(told(narrow.clone()).await, None);
    assert_eq!(told(Access::whole()).await.as_deref(), Some("100.00"));
    for verdict in [Verdict::Pays, Verdict::Refused] {
        let settled = catalog.settle_receipt(&narrow, (owed, slip), verdict, "key:narrow").await.unwrap();
        assert_eq!(settled, Settled::Withheld);
    }
    assert_eq!(now_of(catalog, owed).await.state, ObligationState::Held, "nothing is decided");
    is("open").await;
    assert_eq!(told(narrow.clone()).await.as_deref(), Some("100.00"));
    let settled = catalog.settle_receipt(&narrow, (owed, slip), Verdict::Pays, "key:narrow").await.unwrap();
    assert_eq!(settled, Settled::Done);
    // Nor is it told by the sum it counts in.
    let in_all = async |access: &Access| {
        let one = catalog.obligation(access, owed).await.unwrap().unwrap();
        (one.paid, one.payments.len())
    };
    let sum = Some("100.00".to_owned());
    assert_eq!(in_all(&narrow).await, (sum.clone(), 1));
    is("unknown").await;
    assert_eq!(in_all(&narrow).await, (None, 1));
    assert_eq!(in_all(&Access::whole()).await, (sum.clone(), 1));
    let name = Uuid::now_v7().simple().to_string();
    let hash = Sha256::of(name.as_bytes());
    let to = [Binding::Customer(debtor.customer)];
    catalog.create_bound_key(&name, &hash, &[Scope::IdsRead], &to).await.unwrap().unwrap();
    let (_, bound) = catalog.key_with_access(&hash).await.unwrap().unwrap();
    assert_eq!(in_all(&bound).await, (sum, 1));
    let mut tx = catalog.writing().await.unwrap();
    execute!(tx, "UPDATE documents SET customer_id = NULL WHERE id = $1", slip.0).unwrap();
    tx.commit().await.unwrap();
    assert_eq!(in_all(&bound).await, (None, 0), "a receipt that does not exist for it");
    assert!(catalog.message_ledger(now()).await.unwrap().balanced);
}

pub(in crate::conformance) async fn a_receipt_pays_only_once_a_person_says_so(catalog: &Catalog) {
    let catalog = &leading(catalog);
    one_of_us(catalog, OURS).await;
    let debtor = debtor(catalog).await;
    agrees(catalog, debtor.contact, &debtor.number, Category::Billing).await;
    let bills = [("F-301", "100.00"), ("F-302", "150.00"), ("F-303", "200.00")];
    let mut owed = Vec::new();
    for (number, amount) in bills {
        owed.push(debtor.owes(catalog, number, amount, 2).await.id);
    }
    let everything = Access::new(true);
    // One slip for two of them: held, and with a person, and nobody is thanked yet.
    let slip = debtor.pays(catalog, "250.00", &Uuid::now_v7().to_string(), "transferencia").await;
    for id in &owed[..2] {
        let one = now_of(catalog, *id).await;
        assert_eq!((one.state, one.paid.as_deref()), (ObligationState::Held, Some("0.00")));
        assert_eq!(one.payments[0].doubts, ["cap"], "by default nothing settles by itself");
    }
    assert_eq!(now_of(catalog, owed[2]).await.state, ObligationState::Open);
    assert_eq!(debtor.case(catalog).await.unwrap().0, "human");
    let mine = CaseFilter {
        contact: Some(debtor.contact),
        kind: Some("collection".into()),
        ..CaseFilter::default()
    };
    assert_eq!(catalog.cases(&everything, &mine, 9).await.unwrap()[0].documents, [slip]);
    assert!(debtor.said(catalog, "paid").await.is_empty());
    let confirm = async |id, document| {
        catalog.settle_receipt(&everything, (id, document), Verdict::Pays, "user:eva").await.unwrap()
    };
    assert_eq!(confirm(owed[2], slip).await, Settled::Missing);
    assert_eq!(confirm(owed[0], slip).await, Settled::Done);
    assert_eq!(confirm(owed[1], slip).await, Settled::Over, "one key settles the whole receipt, once");
    for (id, paid) in [(owed[0], "100.00"), (owed[1], "150.00")] {
        let one = now_of(catalog, id).await;
        assert_eq!((one.state, one.paid.as_deref()), (ObligationState::Paid, Some(paid)));
    }
    let thanks = debtor.said(catalog, "paid").await;
    assert!(thanks.len() == 1 && thanks[0].contains("F-301, F-302"), "{thanks:?}");
    assert_eq!(debtor.case(catalog).await.unwrap().0, "waiting", "what is left is still reminded of");

    // The receipt is reopened: what it paid is owed again, in the same transaction.
    let document = catalog.document(slip).await.unwrap().unwrap();
    let mut tx = catalog.writing().await.unwrap();
    crate::events::tell(&mut tx, "document.in_review", document.id, serde_json::json!({})).await.unwrap();
    tx.commit().await.unwrap();
    let one = now_of(catalog, owed[0]).await;
    assert_eq!((one.state, one.paid.as_deref()), (ObligationState::Open, Some("0.00")));
    assert_eq!(one.payments[0].state, "undone");

    // A wrong amount, a reference that was used, and what a person refuses.
    let reference = Uuid::now_v7().to_string();
    let wrong = debtor.pays(catalog, "190.00", &reference, "pago F-303").await;
    assert_eq!(now_of(catalog, owed[2]).await.payments[0].doubts, ["amount", "cap"]);
    let refused = catalog.settle_receipt(&everything, (owed[2], wrong), Verdict::Refused, "user:eva").await;
    assert_eq!(refused.unwrap(), Settled::Done);
    assert_eq!(now_of(catalog, owed[2]).await.state, ObligationState::Open);
    let other = debtor_of(catalog, &debtor).await;
    let used = debtor.pays(catalog, "200.00", &reference, "pago F-303").await;
    let _still = confirm(owed[2], used).await;
    assert_eq!(now_of(catalog, owed[2]).await.state, ObligationState::Paid);
    other.owes(catalog, "G-1", "200.00", 2).await;
    let stolen = other.pays(catalog, "200.00", &reference, "pago G-1").await;
    let theirs = catalog
        .obligations(
            &everything,
            &crate::obligations::ObligationFilter { customer: Some(other.customer), ..Default::default() },
            9,
        )
        .await
        .unwrap();
    let doubts = &theirs[0].payments.iter().find(|p| p.document_id == stolen).unwrap().doubts;
    assert!(doubts.contains(&"reference".to_owned()), "whoever used it before: {doubts:?}");
    assert!(catalog.message_ledger(now()).await.unwrap().balanced);
}

/// A receipt whose time is over is erased: what it paid is not owed once more, and what nobody said it pays is.
pub(in crate::conformance) async fn what_an_erased_receipt_paid_stays_paid(catalog: &Catalog) {
    let catalog = &leading(catalog);
    one_of_us(catalog, OURS).await;
    let debtor = debtor(catalog).await;
    agrees(catalog, debtor.contact, &debtor.number, Category::Billing).await;
    let (mut owed, mut slips) = (Vec::new(), Vec::new());
    for (number, amount) in [("F-311", "100.00"), ("F-312", "150.00")] {
        owed.push(debtor.owes(catalog, number, amount, 2).await.id);
        slips.push(debtor.pays(catalog, amount, &Uuid::now_v7().to_string(), number).await);
    }
    let (everything, pays) = (Access::new(true), Verdict::Pays);
    let settled = catalog.settle_receipt(&everything, (owed[0], slips[0]), pays, "user:eva").await.unwrap();
    assert_eq!(settled, Settled::Done);
    for slip in slips {
        let mut tx = catalog.writing().await.unwrap();
        crate::events::tell(&mut tx, "document.erased", slip, serde_json::json!({})).await.unwrap();
        tx.commit().await.unwrap();
    }
    for (id, state, paid, payment) in [
        (owed[0], ObligationState::Paid, "100.00", "confirmed"),
        (owed[1], ObligationState::Open, "0.00", "undone"),
    ] {
        let one = now_of(catalog, id).await;
        assert_eq!((one.state, one.paid.as_deref()), (state, Some(paid)));
        assert_eq!(one.payments[0].state, payment);
    }
}

pub(in crate::conformance) async fn three_bills_are_paid_by_one_slip_or_by_two(catalog: &Catalog) {
    use ObligationState::{Held, Open, Paid};
    let catalog = &leading(catalog);
    one_of_us(catalog, OURS).await;
    let everything = Access::new(true);
    let settles = async |id: ObligationId, slip, pays| {
        let verdict = if pays { Verdict::Pays } else { Verdict::Refused };
        catalog.settle_receipt(&everything, (id, slip), verdict, "user:eva").await.unwrap()
    };
    let owing = async || {
        let debtor = debtor(catalog).await;
        agrees(catalog, debtor.contact, &debtor.number, Category::Billing).await;
        let mut owed = Vec::new();
        for (number, amount) in [("F-501", "100.00"), ("F-502", "150.00"), ("F-503", "200.00")] {
            owed.push(debtor.owes(catalog, number, amount, 2).await.id);
        }
        (debtor, owed)
    };
    let states = async |owed: &[ObligationId]| {
        let mut all = Vec::new();
        for id in owed {
            all.push(now_of(catalog, *id).await.state);
        }
        all
    };
    let (debtor, owed) = owing().await;
    let slip = debtor.pays(catalog, "450.00", &Uuid::now_v7().to_string(), "transferencia").await;
    assert_eq!(states(&owed).await, [Held, Held, Held], "one slip for all of them");
    assert_eq!(settles(owed[1], slip, true).await, Settled::Done);
    assert_eq!(states(&owed).await, [Paid, Paid, Paid]);
    let thanks = debtor.said(catalog, "paid").await;
    assert!(thanks.len() == 1 && thanks[0].contains("F-501, F-502, F-503"), "{thanks:?}");
    assert_eq!(debtor.case(catalog).await.unwrap().0, "done");

    // Two slips wait for a person at once, and one of a bill that the other pays too.
    let (debtor, owed) = owing().await;
    let two = debtor.pays(catalog, "250.00", &Uuid::now_v7().to_string(), "F-501 F-502").await;
    let third = debtor.pays(catalog, "200.00", &Uuid::now_v7().to_string(), "F-503").await;
    let again = debtor.pays(catalog, "150.00", &Uuid::now_v7().to_string(), "F-502").await;
    assert_eq!(states(&owed).await, [Held, Held, Held]);
    assert_eq!(settles(owed[2], third, false).await, Settled::Done);
    assert_eq!(states(&owed).await, [Held, Held, Open], "that one was not it");
    assert_eq!(settles(owed[1], again, true).await, Settled::Done);
    assert_eq!(states(&owed).await, [Held, Paid, Open]);
    assert_eq!(debtor.case(catalog).await.unwrap().0, "human", "a slip waits still");
    assert_eq!(settles(owed[0], two, true).await, Settled::Done);
    assert_eq!(states(&owed).await, [Paid, Paid, Open]);
    let both = now_of(catalog, owed[1]).await;
    assert_eq!(both.paid.as_deref(), Some("150.00"), "nothing is paid twice: {both:?}");
    assert_eq!(debtor.case(catalog).await.unwrap().0, "waiting", "what is left is reminded of");
    // One of them is taken up again: what the other paid stays paid, whichever was settled first.
    let taken_up = async |slip: DocumentId| {
        let mut tx = catalog.writing().await.unwrap();
        crate::events::tell(&mut tx, "document.in_review", slip, serde_json::json!({})).await.unwrap();
        tx.commit().await.unwrap();
    };
    taken_up(again).await;
    assert_eq!(states(&owed).await, [Paid, Paid, Open]);
    let one = now_of(catalog, owed[1]).await;
    assert_eq!(one.paid.as_deref(), Some("150.00"), "by the second of them: {one:?}");
    taken_up(two).await;
    assert_eq!(states(&owed).await, [Open, Open, Open], "and of none");
    assert!(catalog.message_ledger(now()).await.unwrap().balanced);
}

/// Somebody else who owes us.
async fn debtor_of(catalog: &Catalog, _not: &Debtor) -> Debtor {
    let other = debtor(catalog).await;
    agrees(catalog, other.contact, &other.number, Category::Billing).await;
    other
}
