//! One row of each thing that can stand beside a document, for a test that walks every route to each of them.

use acuse_conversation::{End, Kind};
use acuse_pipeline::document::Sha256;
use serde_json::json;
use uuid::Uuid;

use crate::{
    Access, CaseId, Catalog, ContactId, DocumentId, IncidentId,
    cases::{Matter, tell_closed},
    events::tell,
    keys::{KeyMade, Scope},
    names::{ApprovalId, CustomerId, EndpointId, NoticeId, ObligationId, RouteId, micros},
    outbox::{NewReply, Purpose, Saying, queue},
    sql::Tx,
    webhooks::{Filter, NewEndpoint},
};

/// A number of ours that no account has.
const OURS: &str = "1";

/// What stands beside a document.
#[derive(Debug, Clone, Copy)]
pub struct Beside {
    /// Who is written to about it.
    pub contact: ContactId,
    /// Their open case, with a note and a message that quote it.
    pub case: CaseId,
    /// A notice whose header it is.
    pub notice: NoticeId,
    /// With which that was handed in.
    pub batch: Uuid,
    /// What is owed, and it may pay `paid` of.
    pub obligation: ObligationId,
    /// Whose question quotes it.
    pub approval: ApprovalId,
    /// Of which it is the subject.
    pub incident: IncidentId,
    /// Which is told of it.
    pub endpoint: EndpointId,
    /// Which is told of no incident that there is.
    pub route: RouteId,
}

/// Makes it: of this customer, in words that quote the document, which may pay so much.
pub async fn beside(
    catalog: &Catalog,
    (document, customer): (DocumentId, CustomerId),
    (says, paid): (&str, &str),
) -> Beside {
    let endpoint = endpoint(catalog).await;
    let mut tx = catalog.writing().await.unwrap();
    let (contact, case) = case(&mut tx, document, says).await;
    let about = document.to_string();
    let matter = Matter { id: case, contact: Some(contact), kind: Kind::Ask, subject: &about };
    tell_closed(&mut tx, matter, End::Stopped).await.unwrap();
    let (notice, batch) = notice(&mut tx, contact, document).await;
    let obligation = obligation(&mut tx, customer, (document, paid)).await;
    let approval = approval(&mut tx, contact, document, says).await;
    tell(&mut tx, "document.corrected", document, json!({ "note": says })).await.unwrap();
    differing(&mut tx, document, says).await;
    tx.commit().await.unwrap();
    catalog
        .note_on_case(&Access::whole(), case, "user:chief", says)
        .await
        .unwrap()
        .expect("there is the case");
    let incident = catalog.open_incident("fetch_paused", &document.to_string(), &json!({})).await.unwrap();
    while catalog.queue_webhooks(endpoint).await.unwrap() {}
    let route = super::outgoing::route("beside", vec!["of_nothing".to_owned()]);
    let route = catalog.add_incident_route(&route).await.unwrap().expect("its name is free");
    Beside { contact, case, notice, batch, obligation, approval, incident, endpoint, route }
}

async fn endpoint(catalog: &Catalog) -> EndpointId {
    let KeyMade::Made(key_id) =
        catalog.create_key("beside", &Sha256::of(b"beside"), &[Scope::DocumentsRead]).await.unwrap()
    else {
        panic!("there is one such key already");
    };
    let new = NewEndpoint {
        url: "https://hooks.invalid/".to_owned(),
        description: "beside".to_owned(),
        secret: "whsec_AAAA".to_owned(),
        filter: Filter::default(),
        key_id,
    };
    catalog.add_webhook_endpoint(&new).await.unwrap().expect("there is room")
}

async fn case(tx: &mut Tx, document: DocumentId, says: &str) -> (ContactId, CaseId) {
    let (contact, case, present) = (ContactId::generate(), CaseId::generate(), micros(tx.now()));
    execute!(
        tx,
        "INSERT INTO contacts (id, phone, name, phone_number_id, created_at, updated_at) \
         VALUES ($1, '34600009999', 'Somebody', $2, $3, $3)",
        contact.0,
        OURS,
        present
    )
    .unwrap();
    execute!(
        tx,
        "INSERT INTO cases (id, contact_id, phone_number_id, kind, subject, state, created_at, updated_at) \
         VALUES ($1, $2, $3, 'ask', $4, 'human', $5, $5)",
        case.0,
        contact.0,
        OURS,
        document.to_string(),
        present
    )
    .unwrap();
    let sql = "INSERT INTO case_documents (case_id, document_id, role) VALUES ($1, $2, 'came')";
    execute!(tx, sql, case.0, document.0).unwrap();
    let saying = Saying {
        document: Some(document),
        case: Some(case),
        contact,
        phone_number_id: Some(OURS),
        category: None,
    };
    let reply = NewReply {
        purpose: Purpose::Reply,
        body: says.to_owned(),
        language: "es".to_owned(),
        nonce: case.to_string(),
    };
    queue(tx, saying, &reply).await.unwrap();
    (contact, case)
}

async fn notice(tx: &mut Tx, contact: ContactId, document: DocumentId) -> (NoticeId, Uuid) {
    let (id, batch, present) = (NoticeId::generate(), Uuid::now_v7(), micros(tx.now()));
    execute!(
        tx,
        "INSERT INTO notices (id, contact_id, phone_number_id, template, language, idempotency_key, expires_at, state, \
         created_at, batch, header) VALUES ($1, $2, $3, 'news', 'es', 'beside', $4, 'queued', $4, $5, $6)",
        id.0,
        contact.0,
        OURS,
        present,
        batch,
        document.to_string()
    )
    .unwrap();
    (id, batch)
}

async fn obligation(tx: &mut Tx, customer: CustomerId, (receipt, paid): (DocumentId, &str)) -> ObligationId {
    let (id, present) = (ObligationId::generate(), micros(tx.now()));
    execute!(
        tx,
        "INSERT INTO obligations (id, customer_id, number, amount, currency, due, state, created_at, updated_at) \
         VALUES ($1, $2, 'B-1', '100000.00', 'EUR', '2026-01-31', 'held', $3, $3)",
        id.0,
        customer.0,
        present
    )
    .unwrap();
    execute!(
        tx,
        "INSERT INTO obligation_payments (obligation_id, document_id, amount, state, created_at, updated_at) \
         VALUES ($1, $2, $3, 'proposed', $4, $4)",
        id.0,
        receipt.0,
        paid,
        present
    )
    .unwrap();
    id
}

async fn approval(tx: &mut Tx, contact: ContactId, document: DocumentId, question: &str) -> ApprovalId {
    let (id, present) = (ApprovalId::generate(), micros(tx.now()));
    execute!(
        tx,
        "INSERT INTO approvals (id, document_id, state, created_at, question, approvers, phone_number_id) \
         VALUES ($1, $2, 'asked', $3, $4, $5, $6)",
        id.0,
        document.0,
        present,
        question,
        json!([contact]).to_string(),
        OURS
    )
    .unwrap();
    id
}

/// Two persons read it differently, and a third is to settle it.
async fn differing(tx: &mut Tx, document: DocumentId, says: &str) {
    let present = micros(tx.now());
    for (nth, person, number) in [(1_i64, "user:first", "1"), (2, "user:second", "2")] {
        let fields = json!({ "surname": says, "document_number": format!("{number} {says}") });
        let answer = json!({
            "rejects": false, "duplicate_of": null, "kind": "id", "fields": fields, "customer_id": null,
        });
        execute!(
            tx,
            "INSERT INTO opinions (document_id, nth, person, answer, given_at) VALUES ($1, $2, $3, $4, $5)",
            document.0,
            nth,
            person,
            answer.to_string(),
            present
        )
        .unwrap();
    }
    let sql = "UPDATE documents SET waits_for = 'approver' WHERE id = $1 AND status = 'in_review'";
    assert_eq!(execute!(tx, sql, document.0).unwrap(), 1, "it waits");
}
