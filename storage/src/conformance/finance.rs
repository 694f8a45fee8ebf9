//! Promises of the finance page: exact totals by currency and status, and what comes every month.

use acuse_pipeline::{
    document::{Kind, Status},
    fields::{FieldName, Fields},
};
use time::macros::date;
use uuid::Uuid;

use super::{desk::waiting, road::field};
use crate::{
    Access, Catalog, CustomerId, DocumentFilter, DocumentId,
    customers::{NewCustomer, Upserted},
    export::Missing,
    names::now,
    reviews::{Deciding, Decision, Resolved},
};

async fn customer(catalog: &Catalog) -> CustomerId {
    let name = format!("Finanzas {}", Uuid::now_v7().simple());
    let new = NewCustomer { name, ..NewCustomer::default() };
    match catalog.upsert_customers(&[new]).await.unwrap()[0] {
        Upserted::Created(id) => id,
        ref other => panic!("{other:?}"),
    }
}

/// Files a receipt of a customer's: merchant, day, total with its currency, type.
async fn files(
    catalog: &Catalog,
    customer: CustomerId,
    (merchant, day, total, currency, r#type): (&str, &str, &str, &str, &str),
) -> DocumentId {
    let by = Deciding { who: "user:ana", sees_ids: true, ..Deciding::default() };
    decides(catalog, customer, (merchant, day, total, currency, r#type), &by).await
}

/// The same as somebody decides it.
async fn decides(
    catalog: &Catalog,
    customer: CustomerId,
    (merchant, day, total, currency, r#type): (&str, &str, &str, &str, &str),
    by: &Deciding<'_>,
) -> DocumentId {
    let (id, review) = waiting(catalog).await;
    let mut fields = Fields::from([
        (FieldName::MerchantName, field(merchant)),
        (FieldName::Date, field(day)),
        (FieldName::Total, field(total)),
        (FieldName::Type, field(r#type)),
    ]);
    if !currency.is_empty() {
        fields.insert(FieldName::Currency, field(currency));
    }
    let correct = Decision::Correct { kind: Some(Kind::Receipt), fields, customer_id: Some(customer) };
    let done = catalog.decide_review(review.id, by, &correct, None).await.unwrap();
    assert_eq!(done, Resolved::Done(Status::Filed));
    id
}

pub(super) async fn totals_are_exact_and_what_comes_monthly_is_missed(catalog: &Catalog) {
    let theirs = customer(catalog).await;
    for (merchant, day, total, currency, r#type) in [
        ("Luz SA", "2031-01-05", "0.10", "EUR", "receipt"),
        ("Luz SA", "2031-02-05", "0.20", "EUR", "receipt"),
        ("Luz SA", "2031-04-05", "1000000.05", "EUR", "receipt"),
        // A refund is negative, however its paper writes it.
        ("Agua", "2031-03-01", "0.30", "EUR", "refund"),
        ("Agua", "2031-04-01", "-0.05", "EUR", "refund"),
        ("Gas", "2031-02-01", "7.00", "COP", "receipt"),
        ("Gas", "2031-03-01", "7.00", "COP", "receipt"),
        ("Gas", "2031-04-01", "7.00", "COP", "receipt"),
        ("Gas", "2031-05-02", "7.00", "", "receipt"),
    ] {
        files(catalog, theirs, (merchant, day, total, currency, r#type)).await;
    }
    let filter =
        DocumentFilter { customer_id: Some(theirs), access: Access::whole(), ..DocumentFilter::default() };
    let sums = async |filter: &DocumentFilter| {
        let found = catalog.sums_of(filter).await.unwrap();
        found.into_iter().map(|s| (s.currency, s.documents, s.total.to_string())).collect::<Vec<_>>()
    };
    let said =
        |currency: &str, documents: u64, total: &str| (currency.to_owned(), documents, total.to_owned());
    let all = [said("", 1, "7.00"), said("COP", 3, "21.00"), said("EUR", 5, "1000000.00")];
    assert_eq!(sums(&filter).await, all);
    let january = DocumentFilter {
        date_from: Some(date!(2031 - 01 - 01)),
        date_to: Some(date!(2031 - 02 - 01)),
        ..filter.clone()
    };
    assert_eq!(sums(&january).await, [said("EUR", 1, "0.10")]);
    let searched = DocumentFilter { q: Some("luz".into()), ..filter.clone() };
    assert_eq!(sums(&searched).await, [said("EUR", 3, "1000000.35")]);

    let expected = async |access: &Access| {
        let found = catalog.expected_in(access, date!(2031 - 05 - 20)).await.unwrap();
        let mine = found.into_iter().filter(|e| e.customer_id == theirs);
        mine.map(|e| (e.party, e.months, e.last)).collect::<Vec<_>>()
    };
    let luz = [("luz sa".to_owned(), 3, "20310405".to_owned())];
    assert_eq!(expected(&Access::whole()).await, luz, "gas has come, water came twice");
    let later = catalog.expected_in(&Access::whole(), date!(2031 - 08 - 01)).await.unwrap();
    assert!(later.iter().all(|e| e.customer_id != theirs), "what has stopped is missed no more");
}

pub(super) async fn what_can_be_taken_back_counts_as_nothing_yet(catalog: &Catalog) {
    let theirs = customer(catalog).await;
    for day in ["2032-01-05", "2032-02-05", "2032-03-05"] {
        files(catalog, theirs, ("Luz SA", day, "5.00", "EUR", "receipt")).await;
    }
    let held_until = Some(now());
    let by = Deciding { who: "user:ana", sees_ids: true, held_until, ..Deciding::default() };
    let held = decides(catalog, theirs, ("Agua", "2032-03-09", "7.00", "EUR", "receipt"), &by).await;
    let all = DocumentFilter {
        customer_id: Some(theirs),
        date_from: Some(date!(2032 - 03 - 01)),
        date_to: Some(date!(2032 - 04 - 01)),
        access: Access::whole(),
        ..DocumentFilter::default()
    };
    let filed = DocumentFilter { status: Some(Status::Filed), held: Some(false), ..all.clone() };
    let of = |held| DocumentFilter { held: Some(held), ..all.clone() };
    let listed = async |filter: &DocumentFilter| {
        let found = catalog.documents(filter, None, 50).await.unwrap().data;
        found.into_iter().map(|d| d.id).collect::<Vec<_>>()
    };
    let sums = async |filter: &DocumentFilter| {
        let found = catalog.sums_of(filter).await.unwrap();
        found.into_iter().map(|s| (s.held, s.documents, s.total.to_string())).collect::<Vec<_>>()
    };
    let missing = async |filter: &DocumentFilter| {
        let mut books = catalog.books().await.unwrap();
        books.missing_of(filter).await.unwrap()
    };
    assert!(!listed(&filed).await.contains(&held), "it is not filed yet");
    assert_eq!(listed(&of(true)).await, [held]);
    let told = |held: bool, documents: u64, total: &str| (held, documents, total.to_owned());
    assert_eq!(sums(&filed).await, [told(false, 1, "5.00")]);
    assert_eq!(sums(&all).await, [told(false, 1, "5.00"), told(true, 1, "7.00")]);
    let one = Missing { waiting: 1, held: 1, ..Missing::default() };
    assert_eq!((missing(&filed).await, missing(&of(true)).await), (one, one), "whatever is listed");
    assert!(catalog.held_documents().await.unwrap().contains(&held));
    assert!(catalog.end_hold(held).await.unwrap());
    assert_eq!(sums(&filed).await, [told(false, 2, "12.00")]);
    assert_eq!(missing(&filed).await, Missing::default());

    // What may not be told is counted, and nothing else of it.
    let mut tx = catalog.writing().await.unwrap();
    execute!(tx, "UPDATE documents SET sensitivity = 'unknown' WHERE id = $1", held.0).unwrap();
    tx.commit().await.unwrap();
    let some = DocumentFilter { access: Access::new(false), ..filed.clone() };
    let withheld = Missing { withheld: 1, ..Missing::default() };
    // It came after these days began, and could be of any of them.
    let earlier = DocumentFilter { date_from: Some(date!(2020 - 01 - 01)), date_to: None, ..some };
    assert_eq!(missing(&earlier).await, withheld);
    let mut tx = catalog.writing().await.unwrap();
    execute!(tx, "UPDATE documents SET sensitivity = 'open' WHERE id = $1", held.0).unwrap();
    tx.commit().await.unwrap();

    // A refusal that can be taken back takes nothing away from what has come.
    let came = files(catalog, theirs, ("Luz SA", "2032-04-05", "5.00", "EUR", "receipt")).await;
    let reject = Decision::Reject { note: "not ours".into() };
    let done = catalog.decide_again(came, &by, &reject, None).await.unwrap();
    assert_eq!(done, Resolved::Done(Status::Rejected));
    let is_missed = async || {
        let found = catalog.expected_in(&Access::whole(), date!(2032 - 04 - 20)).await.unwrap();
        found.iter().any(|e| e.customer_id == theirs && e.party == "luz sa")
    };
    assert!(!is_missed().await);
    assert!(catalog.end_hold(came).await.unwrap());
    assert!(is_missed().await);
}
