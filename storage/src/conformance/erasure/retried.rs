//! A request that comes again after what it brought was erased.

use acuse_pipeline::document::Sha256;
use uuid::Uuid;

use super::{Place, behind};
use crate::{
    DocumentId,
    conformance::given::{fresh, upload},
    key_file::ErasedKind,
    keys::{KeyMade, Scope},
    names::now,
    uploads::{Accepted, IdempotencyKey},
};

impl Place<'_> {
    async fn takes(&self, promise: &IdempotencyKey) -> (DocumentId, Accepted) {
        let new = upload(now());
        (new.id, self.catalog.accept_upload(&new, Some(promise)).await.unwrap())
    }
}

/// Under its key nothing comes in again, for as long as the key is kept; and of what was said under it nothing is.
pub(super) async fn a_retry_brings_nothing_back(place: &Place<'_>) {
    let (catalog, needle, name) = (place.catalog, fresh("zyx"), fresh("key"));
    let made =
        catalog.create_key(&name, &Sha256::of(name.as_bytes()), &[Scope::DocumentsWrite]).await.unwrap();
    let KeyMade::Made(api_key) = made else { panic!("{made:?}") };
    let request = Sha256::of(needle.as_bytes());
    let promise = IdempotencyKey { api_key, key: format!("bill of {needle}"), request };
    let (first, accepted) = place.takes(&promise).await;
    assert_eq!(accepted, Accepted::New(first));
    assert_eq!(catalog.idempotent(&promise).await.unwrap(), Some(Accepted::Replayed(first)));
    place.says(&needle, &["idempotency_keys.key"]).await;

    place.erases(ErasedKind::Document, first.0).await;
    assert_eq!(place.leftovers(&needle).await, Vec::<String>::new(), "nor what the client called it by");
    assert_eq!(place.in_rows(&request.to_string()).await, Vec::<String>::new(), "nor what it had said");
    assert!(
        catalog.idempotency_key_is_used(api_key, &promise.key).await.unwrap(),
        "nothing is stored for it"
    );
    assert_eq!(catalog.idempotent(&promise).await.unwrap(), Some(Accepted::Erased));
    let (again, accepted) = place.takes(&promise).await;
    assert_eq!(accepted, Accepted::Erased);
    assert!(catalog.document(again).await.unwrap().is_none(), "and nothing comes back");

    // A day later it is another request, and may be erased like the first.
    let aged = "UPDATE idempotency_keys SET created_at = created_at - 86400000000 WHERE api_key_id = $1";
    behind(catalog, aged.to_owned(), api_key.0).await;
    assert_eq!(catalog.idempotent(&promise).await.unwrap(), None);
    let (later, accepted) = place.takes(&promise).await;
    assert_eq!(accepted, Accepted::New(later));
    place.erases(ErasedKind::Document, later.0).await;
    assert_eq!(catalog.idempotent(&promise).await.unwrap(), Some(Accepted::Erased));
    let other = IdempotencyKey { key: Uuid::now_v7().to_string(), ..promise };
    assert_eq!(catalog.idempotent(&other).await.unwrap(), None, "another key is another");
}
