//! Promises of what is owed by a rule: it says what its bill does, to whoever may see that.

use acuse_pipeline::document::Sha256;
use time::macros::date;
use uuid::Uuid;

use super::waiting;
use crate::{
    Access, Catalog, CustomerId, DocumentId,
    access::Binding,
    conformance::{
        cases::leading,
        given::{customer, fresh, one_of_us},
        house::rules,
        owed::{approve, billed},
    },
    keys::Scope,
    obligations::{NewObligation, Obligation, ObligationFilter, Owing},
};

/// A bill of theirs that was filed, of which nobody vouches that it is no ID any more.
async fn doubted(catalog: &Catalog, debtor: CustomerId, (tax_id, number): (&str, &str)) -> DocumentId {
    let id = waiting(catalog, &billed(tax_id, number, "80.00")).await;
    approve(catalog, id, Some(debtor)).await;
    let mut tx = catalog.writing().await.unwrap();
    execute!(tx, "UPDATE documents SET sensitivity = 'unknown' WHERE id = $1", id.0).unwrap();
    tx.commit().await.unwrap();
    id
}

/// The one thing that they owe, which is the same in the list and by itself.
async fn owed(catalog: &Catalog, access: &Access, debtor: CustomerId) -> Obligation {
    let filter = ObligationFilter { customer: Some(debtor), ..ObligationFilter::default() };
    let mut all = catalog.obligations(access, &filter, 9).await.unwrap();
    assert_eq!(all.len(), 1, "{all:?}");
    let one = all.remove(0);
    assert_eq!(catalog.obligation(access, one.id).await.unwrap().as_ref(), Some(&one));
    one
}

fn handed_in(customer: CustomerId, number: &str, document: Option<DocumentId>) -> NewObligation {
    NewObligation {
        customer,
        number: number.to_owned(),
        amount: "80.00".parse().unwrap(),
        currency: "EUR".to_owned(),
        due: date!(2026 - 03 - 31),
        contact: None,
        phone_number_id: None,
        document,
    }
}

fn says(one: &Obligation) -> [Option<&str>; 5] {
    [&one.number, &one.amount, &one.paid, &one.currency, &one.due].map(Option::as_deref)
}

const ALL: [Option<&str>; 5] = [Some("N-71"), Some("80.00"), Some("0.00"), Some("EUR"), Some("2026-03-31")];

pub(in crate::conformance) async fn what_is_owed_by_a_withheld_bill_is_told_with_the_right(
    catalog: &Catalog,
) {
    let catalog = &leading(catalog);
    let tax_id = format!("Y{}", Uuid::now_v7().as_u128() % 1_000_000_000_000);
    one_of_us(catalog, &tax_id).await;
    let debtor = customer(catalog).await;
    rules(catalog, "owes\tEUR\t50\t30\n").await;
    let bill = doubted(catalog, debtor, (&tax_id, "N-71")).await;
    rules(catalog, "").await;
    let (narrow, whole) = (Access::new(false), Access::new(true));
    let seen = owed(catalog, &whole, debtor).await;
    assert_eq!((says(&seen), seen.withheld, seen.document_id), (ALL, false, Some(bill)));
    let less = owed(catalog, &narrow, debtor).await;
    assert_eq!((says(&less), less.withheld, less.document_id), ([None; 5], true, Some(bill)));
    assert_eq!((less.id, less.state), (seen.id, seen.state), "that something is owed is said");

    // Nor is it told whether it was guessed.
    let guess = handed_in(debtor, "N-71", None);
    let guessed = catalog.add_obligation(&narrow, &guess, "key:narrow").await.unwrap();
    assert!(matches!(guessed, Owing::Differs), "{guessed:?}");
    let same = catalog.add_obligation(&whole, &guess, "key:erp").await.unwrap();
    assert!(matches!(same, Owing::Before(_)), "{same:?}");

    // A bill that does not exist for a reader tells them nothing either.
    let other = one_of_us(catalog, &format!("{tax_id}X")).await;
    let (name, to) = (fresh("bound"), [Binding::Customer(debtor), Binding::Entity(other.id)]);
    let hash = Sha256::of(name.as_bytes());
    catalog.create_bound_key(&name, &hash, &[Scope::IdsRead], &to).await.unwrap().unwrap();
    let (_, bound) = catalog.key_with_access(&hash).await.unwrap().unwrap();
    let beyond = owed(catalog, &bound, debtor).await;
    assert_eq!((says(&beyond), beyond.withheld, beyond.document_id), ([None; 5], true, None));

    let mut tx = catalog.writing().await.unwrap();
    execute!(tx, "UPDATE documents SET sensitivity = 'open' WHERE id = $1", bill.0).unwrap();
    tx.commit().await.unwrap();
    assert_eq!(owed(catalog, &narrow, debtor).await, seen, "a bill that is open");
}

pub(in crate::conformance) async fn what_is_handed_in_is_told_whatever_its_bill_is(catalog: &Catalog) {
    let catalog = &leading(catalog);
    let tax_id = format!("Y{}", Uuid::now_v7().as_u128() % 1_000_000_000_000);
    one_of_us(catalog, &tax_id).await;
    let debtor = customer(catalog).await;
    rules(catalog, "").await;
    let bill = doubted(catalog, debtor, (&tax_id, "N-71")).await;
    let new = handed_in(debtor, "N-71", Some(bill));
    let added = catalog.add_obligation(&Access::new(true), &new, "key:erp").await.unwrap();
    assert!(matches!(added, Owing::Added(_)), "{added:?}");
    let seen = owed(catalog, &Access::new(false), debtor).await;
    assert_eq!((says(&seen), seen.withheld, seen.document_id), (ALL, false, Some(bill)));
}
