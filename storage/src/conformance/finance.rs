//! Promises of the finance page: exact totals by currency and status, and what comes every month.

use acuse_pipeline::{
    document::{Kind, Status},
    fields::{FieldName, Fields},
};
use time::macros::date;
use uuid::Uuid;

use super::{desk::waiting, road::field};
use crate::{
    Access, Catalog, CustomerId, DocumentFilter,
    customers::{NewCustomer, Upserted},
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
) {
    let (_, review) = waiting(catalog).await;
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
    let by = Deciding { who: "user:ana", sees_ids: true, ..Deciding::default() };
    let done = catalog.decide_review(review.id, &by, &correct, None).await.unwrap();
    assert_eq!(done, Resolved::Done(Status::Filed));
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
