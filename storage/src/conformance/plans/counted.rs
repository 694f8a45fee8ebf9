//! Promises of the lists behind the numbers of the ledger: by each number they are read where they stand.

use acuse_pipeline::reason::ReasonCode;
use uuid::Uuid;

use super::explain::{LOOKS_UP, goes_by};

use crate::{
    Access, Catalog,
    access::Bound,
    names::now,
    throughput::{Timed, behind::Number},
};

/// What stands behind the numbers of the ledger: of some days, of all or of a customer's.
pub(super) async fn counted(catalog: &Catalog, all: &Access) {
    let days = (now(), now());
    let read = Number::Took { stage: Timed::Read, within_secs: Some(5) };
    goes!(
        catalog,
        "documents_received (received_at>? AND received_at<?)",
        catalog.counted(all, days, &read, None, 50)
    );
    goes!(catalog, "timeline_document (document_id=?)", catalog.counted(all, days, &read, None, 50));
    let review = Number::Took { stage: Timed::Review, within_secs: None };
    goes!(catalog, "reviews_resolved (resolved_at>?", catalog.counted(all, days, &review, None, 50));
    let resolution = Some("rejected".to_owned());
    let ended = Number::Ended { code: ReasonCode::Malware, resolution };
    goes!(catalog, "reviews_resolved (resolved_at>?", catalog.counted(all, days, &ended, None, 50));
    goes!(
        catalog,
        "sqlite_autoindex_review_reasons_1 (review_id=? AND code=?)",
        catalog.counted(all, days, &ended, None, 50)
    );
    let bound = Bound { holder: Uuid::now_v7(), customers: true, ..Bound::default() };
    let theirs = Access::of(true, Some(bound));
    for number in [&read, &review, &ended] {
        goes!(catalog, "bindings_customer (holder_id=?", catalog.counted(&theirs, days, number, None, 50));
    }
}
