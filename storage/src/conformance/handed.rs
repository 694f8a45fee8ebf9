//! Promises of what waits for one person alone.

use uuid::Uuid;

use super::{
    desk::{LEASE, waiting},
    four_eyes::is_next_of,
    given::customer,
};
use crate::{
    Catalog, DocumentId,
    access::Binding,
    names::{CustomerId, UserId},
    users::Role,
};

/// Somebody to whom two documents are handed, and the documents.
async fn handed(catalog: &Catalog) -> ((UserId, String), [DocumentId; 2]) {
    let name = format!("bound-{}", Uuid::now_v7().simple());
    let user = catalog.add_user(&name, "!", (Role::Reviewer, true), None).await.unwrap().expect("a new name");
    let who = format!("user:{name}");
    let both = [waiting(catalog).await, waiting(catalog).await];
    for (_, review) in &both {
        catalog.claim_review(review.id, "user:ana", LEASE).await.unwrap();
        assert!(catalog.hand_review(review.id, "user:ana", &who, None).await.unwrap());
    }
    ((user, who), both.map(|(id, _)| id))
}

async fn is_of(catalog: &Catalog, id: DocumentId, customer: CustomerId) {
    let mut tx = catalog.writing().await.unwrap();
    execute!(tx, "UPDATE documents SET customer_id = $2 WHERE id = $1", id.0, customer.0).unwrap();
    tx.commit().await.unwrap();
}

/// Whoever is bound since leaves to the others what is not theirs: another customer's, or nobody's.
pub(super) async fn what_is_beyond_whom_it_was_handed_to_is_left_to_the_others(catalog: &Catalog) {
    for is_anothers in [true, false] {
        let ((user, who), [theirs, beyond]) = handed(catalog).await;
        let own = customer(catalog).await;
        is_of(catalog, theirs, own).await;
        if is_anothers {
            is_of(catalog, beyond, customer(catalog).await).await;
        }
        catalog.bind_user(user, &[]).await.unwrap().unwrap();
        for id in [theirs, beyond] {
            assert!(is_next_of(catalog, id, &who).await && !is_next_of(catalog, id, "user:ana").await);
        }
        catalog.bind_user(user, &[Binding::Customer(own)]).await.unwrap().unwrap();
        assert!(is_next_of(catalog, beyond, "user:ana").await, "it would be nobody's next");
        assert!(!is_next_of(catalog, theirs, "user:ana").await, "what is theirs waits for them still");
        assert!(is_next_of(catalog, theirs, &who).await);
    }
}
