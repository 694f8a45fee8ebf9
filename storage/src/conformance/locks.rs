//! Promises of who waits for whom: what two transactions take is taken in one order, so that neither waits for the other.

use acuse_conversation::{Expects, Policies};
use acuse_pipeline::document::Status;
use time::Duration;

use super::channel::{A_MOMENT, waiting};
use crate::{
    Access, Catalog, DocumentId,
    cases::{self, Asking, By, Question},
    names::{CaseId, ReviewId, WaitsFor, micros, now},
    reviews::{Decision, Resolved},
    sql::Tx,
};

async fn touches_document(tx: &mut Tx, id: DocumentId) {
    let sql = "UPDATE documents SET updated_at = updated_at WHERE id = $1";
    assert_eq!(execute!(tx, sql, id.0).unwrap(), 1);
}

/// Somebody refuses a document, and is on their way when this returns.
async fn refusing(catalog: &Catalog, review: ReviewId) -> tokio::task::JoinHandle<Resolved> {
    let catalog = catalog.clone();
    let decides = tokio::spawn(async move {
        let reject = Decision::Reject { note: "no".into() };
        catalog.resolve_review(review, "ana", None, &reject, None).await.unwrap()
    });
    tokio::time::sleep(A_MOMENT).await;
    decides
}

/// An answer of the sender takes a document and then its review; so does whoever decides.
pub(super) async fn a_document_is_taken_before_its_review(catalog: &Catalog) {
    let (id, _, _) = waiting(catalog).await;
    let review = catalog.open_review_of(id).await.unwrap().unwrap().id;
    let mut busy = catalog.writing().await.unwrap();
    touches_document(&mut busy, id).await;
    let decides = refusing(catalog, review).await;
    let sql = "UPDATE reviews SET postponed_until = NULL WHERE document_id = $1";
    assert_eq!(execute!(busy, sql, id.0).unwrap(), 1);
    busy.commit().await.unwrap();
    assert_eq!(decides.await.unwrap(), Resolved::Done(Status::Rejected));
}

/// A timer of somebody takes them and then the document that they were asked about; so does whoever decides on that.
pub(super) async fn a_contact_is_taken_before_its_document(catalog: &Catalog) {
    let catalog = &catalog.clone().with_policies(Some(Policies::ours().unwrap()));
    let (id, contact, _) = waiting(catalog).await;
    let review = catalog.open_review_of(id).await.unwrap().unwrap().id;
    let again = Decision::AskAgain { note: String::new() };
    let asked = catalog.resolve_review(review, "ana", None, &again, None).await.unwrap();
    assert_eq!(asked, Resolved::Done(Status::InReview));
    let review = catalog.open_review_of(id).await.unwrap().unwrap().id;
    let mut busy = catalog.writing().await.unwrap();
    let sql = "UPDATE contacts SET updated_at = updated_at WHERE id = $1";
    assert_eq!(execute!(busy, sql, contact.0).unwrap(), 1);
    let decides = refusing(catalog, review).await;
    touches_document(&mut busy, id).await;
    busy.commit().await.unwrap();
    assert_eq!(decides.await.unwrap(), Resolved::Done(Status::Rejected));
}

/// A document is refused while somebody asks its sender about it: nothing is asked, and it waits for nobody.
pub(super) async fn what_is_decided_meanwhile_is_asked_nothing(catalog: &Catalog) {
    let catalog = &catalog.clone().with_policies(Some(Policies::ours().unwrap()));
    let (id, _, _) = waiting(catalog).await;
    let mut busy = catalog.writing().await.unwrap();
    let sql = "UPDATE documents SET status = 'rejected', waits_for = NULL WHERE id = $1";
    assert_eq!(execute!(busy, sql, id.0).unwrap(), 1);
    let sql = "UPDATE reviews SET resolved_at = $2, resolved_by = 'ana', resolution = 'rejected' WHERE document_id = $1";
    execute!(busy, sql, id.0, micros(now())).unwrap();
    let asks = tokio::spawn({
        let catalog = catalog.clone();
        async move {
            let question =
                Question { expects: Expects::Words, text: "¿De quién es?".into(), choices: Vec::new() };
            catalog.ask_about(&Access::new(true), (id, None), "user:eva", &question).await.unwrap()
        }
    });
    tokio::time::sleep(A_MOMENT).await;
    busy.commit().await.unwrap();
    assert_eq!(asks.await.unwrap(), Asking::NotInReview);
    // Nor is it where a decision of before would ask for another.
    let mut tx = catalog.writing().await.unwrap();
    assert_eq!(cases::asked(&mut tx, id, By::Person).await.unwrap(), None);
    tx.commit().await.unwrap();
    assert_eq!(catalog.document(id).await.unwrap().unwrap().waits_for, None);
}

/// A case takes a sender in hand while it is ended that nobody reminds them: it is asked for still.
pub(super) async fn what_a_case_reminds_of_by_now_is_not_ended(catalog: &Catalog) {
    let (id, contact, _) = waiting(catalog).await;
    let review = catalog.open_review_of(id).await.unwrap().unwrap().id;
    let again = Decision::AskAgain { note: String::new() };
    let asked = catalog.resolve_review(review, "ana", None, &again, None).await.unwrap();
    assert_eq!(asked, Resolved::Done(Status::InReview));
    let mut tx = catalog.writing().await.unwrap();
    let sql = "UPDATE reviews SET opened_at = $2 WHERE document_id = $1 AND resolved_at IS NULL";
    execute!(tx, sql, id.0, micros(now() - Duration::days(8))).unwrap();
    tx.commit().await.unwrap();
    let (mut busy, case) = (catalog.writing().await.unwrap(), CaseId::generate());
    let sql = "UPDATE contacts SET updated_at = updated_at WHERE id = $1";
    assert_eq!(execute!(busy, sql, contact.0).unwrap(), 1);
    touches_document(&mut busy, id).await;
    let ends = tokio::spawn({
        let catalog = catalog.clone();
        async move { catalog.end_unanswered().await.unwrap() }
    });
    tokio::time::sleep(A_MOMENT).await;
    let sql = "INSERT INTO cases (id, contact_id, phone_number_id, kind, subject, state, created_at, updated_at) \
         VALUES ($1, $2, '1', 'ask', $3, 'waiting', 0, 0)";
    execute!(busy, sql, case.0, contact.0, id.to_string()).unwrap();
    let sql = "INSERT INTO case_documents (case_id, document_id, role) VALUES ($1, $2, 'asked')";
    execute!(busy, sql, case.0, id.0).unwrap();
    busy.commit().await.unwrap();
    ends.await.unwrap();
    assert_eq!(catalog.document(id).await.unwrap().unwrap().waits_for, Some(WaitsFor::Sender));
    let mut tx = catalog.writing().await.unwrap();
    execute!(tx, "UPDATE cases SET state = 'done' WHERE id = $1", case.0).unwrap();
    tx.commit().await.unwrap();
    assert!(catalog.end_unanswered().await.unwrap() >= 1);
    assert_eq!(catalog.document(id).await.unwrap().unwrap().waits_for, Some(WaitsFor::Reviewer));
}
