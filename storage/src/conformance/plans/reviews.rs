//! Promises of the queue of reviews: by each filter and in each order it is read where it stands.

use acuse_pipeline::{document::Kind, reason::ReasonCode};
use uuid::Uuid;

use super::explain::{IN_ORDER, LOOKS_UP, goes_by};
use crate::{
    Access, Catalog,
    access::Bound,
    names::{ContactId, CustomerId, ReviewId, now},
    reviews::{Order, ReviewFilter, Table},
};

/// The queue by each of its filters. Contacts and customers have their papers by more than one index.
pub(super) async fn reviews(catalog: &Catalog) {
    let of = || ReviewFilter { access: Access::whole(), ..ReviewFilter::default() };
    goes!(catalog, "reviews_queue", catalog.reviews(&of(), None, 50));
    goes!(catalog, "reviews_queue", catalog.reviews(&ReviewFilter { unclaimed: true, ..of() }, None, 50));
    let reason = Some(ReasonCode::Malware);
    let filter = ReviewFilter { reason, ..of() };
    goes!(catalog, "review_reasons_open (code=?", catalog.reviews(&filter, None, 50));
    let table = Table { filter, ..Table::default() };
    goes!(catalog, "review_reasons_open (code=?", catalog.review_table(&table, None, 50));
    let (from, to) = (Some(now()), Some(now()));
    for (reason, index) in [
        (None, "reviews_since (opened_at>? AND opened_at<?)"),
        (reason, "review_reasons_since (code=? AND opened_at>? AND opened_at<?)"),
    ] {
        let filter = ReviewFilter { reason, from, to, ..of() };
        let since = Table { filter, order: Order::Since, ..Table::default() };
        let listed = async { catalog.review_table(&since, None, 50).await.map(drop).unwrap() };
        goes_by(catalog, LOOKS_UP, (index, "since"), listed).await;
    }
    let kind = Some(Kind::Id);
    goes!(catalog, "reviews_kind (kind=?", catalog.reviews(&ReviewFilter { kind, ..of() }, None, 50));
    let claimed_by = Some("user:ana".to_owned());
    let held = ReviewFilter { claimed_by, ..of() };
    goes!(catalog, "reviews_claimed (claimed_by=?", catalog.reviews(&held, None, 50));
    let contact_id = Some(ContactId(Uuid::now_v7()));
    goes!(catalog, "(contact_id=?", catalog.reviews(&ReviewFilter { contact_id, ..of() }, None, 50));
    let customer_id = Some(CustomerId(Uuid::now_v7()));
    goes!(catalog, "(customer_id=?", catalog.reviews(&ReviewFilter { customer_id, ..of() }, None, 50));
}

/// What a person could take, by each of their views: the first that fits is found in the queue's order.
pub(super) async fn work(catalog: &Catalog) {
    let of = || ReviewFilter {
        open_to: Some("user:ana".to_owned()),
        access: Access::new(false),
        ..ReviewFilter::default()
    };
    let (reason, kind) = (Some(ReasonCode::Malware), Some(Kind::Id));
    let (lease, after) = (std::time::Duration::from_secs(60), ReviewId(Uuid::now_v7()));
    goes!(catalog, "reviews_told ((due_at,opened_at,id)>", catalog.reviews(&of(), None, 1));
    let all = ReviewFilter { access: Access::whole(), ..of() };
    goes!(catalog, "reviews_queue ((due_at,opened_at,id)>", catalog.reviews(&all, None, 1));
    goes!(
        catalog,
        "reviews_told ((due_at,opened_at,id)>",
        catalog.claim_next(&of().into(), Some(after), "user:ana", lease)
    );
    goes!(
        catalog,
        "reviews_told ((due_at,opened_at,id)>",
        catalog.reserve_next(&of().into(), after, "user:ana", lease)
    );
    let of_kind = ReviewFilter { kind, ..of() };
    goes!(catalog, "reviews_kind (kind=? AND (due_at,opened_at,id)>", catalog.reviews(&of_kind, None, 1));
    for filter in [ReviewFilter { reason, ..of() }, ReviewFilter { reason, kind, ..of() }] {
        goes!(
            catalog,
            "review_reasons_open (code=? AND (due_at,opened_at,review_id)>",
            catalog.reviews(&filter, None, 1)
        );
    }
}

/// The queue in its other orders, and searched: what waits is neither sorted nor looked through.
pub(super) async fn tables(catalog: &Catalog) {
    for (order, of_all, of_a_reason) in [
        (Order::Due, "reviews_queue", "review_reasons_open"),
        (Order::Since, "reviews_since", "review_reasons_since"),
        (Order::Kind, "reviews_kind", "review_reasons_kind"),
        (Order::Amount, "reviews_amount", "review_reasons_amount"),
        (Order::Party, "reviews_party", "review_reasons_party"),
        (Order::Customer, "reviews_customer", "review_reasons_customer"),
        (Order::Sender, "reviews_sender", "review_reasons_sender"),
    ] {
        for (reason, index) in [(None, of_all), (Some(ReasonCode::Malware), of_a_reason)] {
            for (descending, sees_ids) in [(false, false), (false, true), (true, false), (true, true)] {
                let filter =
                    ReviewFilter { reason, access: Access::new(sees_ids), ..ReviewFilter::default() };
                let table = Table { filter, order, descending, q: None };
                let listed = async { catalog.review_table(&table, None, 50).await.map(drop).unwrap() };
                let what = format!("by {order} of {reason:?}");
                let plans = goes_by(catalog, IN_ORDER, (index, what.as_str()), listed).await;
                let sorts = plans.contains("TEMP B-TREE") || plans.contains("Sort");
                assert!(!sorts, "{what} is sorted:\n{plans}");
            }
        }
    }
    let (after, lease) = (ReviewId(Uuid::now_v7()), std::time::Duration::from_secs(60));
    let largest = Table { order: Order::Amount, descending: true, ..Table::default() };
    goes!(catalog, "reviews_amount", catalog.claim_next(&largest, Some(after), "user:ana", lease));
    goes!(catalog, "reviews_amount", catalog.reserve_next(&largest, after, "user:ana", lease));
    let table = Table { q: Some("ana".to_owned()), ..Table::default() };
    goes!(catalog, "document_fts VIRTUAL TABLE INDEX", catalog.review_table(&table, None, 50));
    goes!(catalog, "reviews_sender", catalog.review_table(&table, None, 50));
    goes!(catalog, "document_fts VIRTUAL TABLE INDEX", catalog.claim_next(&table, None, "user:ana", lease));
    let firm = Bound { holder: Uuid::now_v7(), entities: true, ..Bound::default() };
    let firm = Access::of(true, Some(firm));
    goes!(catalog, "documents_waits_entity", catalog.waiting(&firm));
    goes!(catalog, "waiting_tallies USING PRIMARY KEY", catalog.count_reasons(&Access::whole()));
}
