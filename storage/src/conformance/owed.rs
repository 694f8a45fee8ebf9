//! Promises of what the house's rules do by themselves: a filed bill of ours is owed, and what comes to much is approved
//! before it is filed.

use acuse_pipeline::{
    document::{Kind, Status},
    fields::{FieldName, Fields},
};
use time::Duration;
use uuid::Uuid;

use super::{
    access::{bill, waiting},
    answers::{last_said, offered, taps, waits_for},
    cases::{leading, said_to},
    door::Sample,
    given::{customer, one_of_us, says},
    house::{known, rules},
    road::{begin, field, read_as, reply},
};
use crate::{
    Access, Catalog, ContactId, CustomerId, DocumentId,
    approvals::{self, ApprovalState},
    consents::{Category, Word},
    documents::Document,
    entities::NewEntity,
    incidents::IncidentState,
    names::{Stage, WaitsFor, micros, now},
    obligations::{Obligation, ObligationFilter, ObligationState},
    outbox::Purpose,
    reviews::{Deciding, Decision, Resolved},
    stages::{ReadFacts, Step},
};

/// A bill of somebody's, who is one of us or is not.
pub(super) fn billed(tax_id: &str, number: &str, total: &str) -> ReadFacts {
    let mut facts = bill();
    for (name, value) in [
        (FieldName::IssuerTaxId, tax_id),
        (FieldName::Number, number),
        (FieldName::Total, total),
        (FieldName::Currency, "EUR"),
    ] {
        facts.fields.insert(name, field(value));
    }
    facts
}

async fn corrected(catalog: &Catalog, id: DocumentId, name: FieldName, value: &str) -> Resolved {
    let document = catalog.document(id).await.unwrap().unwrap();
    let mut fields: Fields = document.fields.clone();
    fields.insert(name, field(value));
    let correct = Decision::Correct { kind: None, fields, customer_id: document.customer_id };
    let by = Deciding { who: "user:eva", sees_ids: true, ..Deciding::default() };
    catalog.decide_again(id, &by, &correct, None).await.unwrap()
}

fn is_called(owed: &Obligation, number: &str) -> bool {
    owed.number.as_deref() == Some(number)
}

async fn owed(catalog: &Catalog, customer: CustomerId) -> Vec<Obligation> {
    let filter = ObligationFilter { customer: Some(customer), ..ObligationFilter::default() };
    catalog.obligations(&Access::new(true), &filter, 9).await.unwrap()
}

pub(super) async fn approve(catalog: &Catalog, id: DocumentId, customer: Option<CustomerId>) -> Resolved {
    let review = catalog.open_review_of(id).await.unwrap().expect("it waits");
    let by = Deciding { who: "user:eva", sees_ids: true, ..Deciding::default() };
    catalog.decide_review(review.id, &by, &Decision::Approve { customer_id: customer }, None).await.unwrap()
}

pub(super) async fn a_filed_bill_of_ours_is_owed_and_follows_its_paper(catalog: &Catalog) {
    let catalog = &leading(catalog);
    let tax_id = format!("Y{}", Uuid::now_v7().as_u128() % 1_000_000_000_000);
    one_of_us(catalog, &tax_id).await;
    let debtor = customer(catalog).await;
    let silent = waiting(catalog, &billed(&tax_id, "N-0", "80.00")).await;
    assert_eq!(approve(catalog, silent, Some(debtor)).await, Resolved::Done(Status::Filed));
    assert_eq!(owed(catalog, debtor).await.len(), 0, "without a rule nothing is owed by itself");

    rules(catalog, "owes\tEUR\t50\t30\n").await;
    let others = waiting(catalog, &billed("Z999", "N-1", "80.00")).await;
    approve(catalog, others, Some(debtor)).await;
    let little = waiting(catalog, &billed(&tax_id, "N-2", "49.99")).await;
    approve(catalog, little, Some(debtor)).await;
    assert_eq!(
        owed(catalog, debtor).await.len(),
        0,
        "what is not ours is not owed to us, nor is what no rule names"
    );
    let id = waiting(catalog, &billed(&tax_id, "N-3", "80.00")).await;
    assert_eq!(owed(catalog, debtor).await.len(), 0, "nor what waits");
    approve(catalog, id, Some(debtor)).await;
    let mine = owed(catalog, debtor).await;
    assert_eq!(mine.len(), 1, "{mine:?}");
    let (number, amount) = (mine[0].number.as_deref(), mine[0].amount.as_deref());
    assert_eq!(
        (number, amount, mine[0].due.as_deref(), mine[0].state),
        (Some("N-3"), Some("80.00"), Some("2026-03-31"), ObligationState::Open)
    );
    assert_eq!(mine[0].document_id, Some(id));

    assert_eq!(corrected(catalog, id, FieldName::Total, "90.00").await, Resolved::Done(Status::Filed));
    let corrects = owed(catalog, debtor).await[0].amount.clone();
    assert_eq!(corrects.as_deref(), Some("90.00"), "a correction corrects what is owed");
    let due = corrected(catalog, id, FieldName::DueDate, "2026-04-15").await;
    assert_eq!(due, Resolved::Done(Status::Filed));
    let says = owed(catalog, debtor).await[0].due.clone();
    assert_eq!(says.as_deref(), Some("2026-04-15"), "what the bill says goes before the rule");
    let until = now() + Duration::HOUR;
    catalog.reopen(id, "user:eva", None, "", until).await.unwrap();
    assert_eq!(
        owed(catalog, debtor).await[0].state,
        ObligationState::Cancelled,
        "nothing is owed by what waits"
    );
    assert_eq!(approve(catalog, id, Some(debtor)).await, Resolved::Done(Status::Filed));
    let back = owed(catalog, debtor).await;
    assert_eq!(
        (back.len(), back[0].state, back[0].id),
        (1, ObligationState::Open, mine[0].id),
        "it is owed again"
    );

    // A person's word stands, whatever becomes of the paper.
    catalog.reopen(id, "user:eva", None, "", until).await.unwrap();
    let review = catalog.open_review_of(id).await.unwrap().unwrap();
    let by = Deciding { who: "user:eva", sees_ids: true, ..Deciding::default() };
    let reject = Decision::Reject { note: "it was never sent".into() };
    assert_eq!(
        catalog.decide_review(review.id, &by, &reject, None).await.unwrap(),
        Resolved::Done(Status::Rejected)
    );
    assert_eq!(owed(catalog, debtor).await[0].state, ObligationState::Cancelled);
    let kept = waiting(catalog, &billed(&tax_id, "N-4", "70.00")).await;
    approve(catalog, kept, Some(debtor)).await;
    let fourth = owed(catalog, debtor).await.into_iter().find(|o| is_called(o, "N-4")).unwrap();
    catalog.cancel_obligation(&Access::new(true), fourth.id, "a gift", "user:eva").await.unwrap();
    corrected(catalog, kept, FieldName::Total, "75.00").await;
    let fourth = owed(catalog, debtor).await.into_iter().find(|o| is_called(o, "N-4")).unwrap();
    assert_eq!((fourth.state, fourth.amount.as_deref()), (ObligationState::Cancelled, Some("75.00")));
    // Whose of us it is counts too, also where that is said anew.
    let fifth = waiting(catalog, &billed(&tax_id, "N-5", "70.00")).await;
    approve(catalog, fifth, Some(debtor)).await;
    let state =
        async || owed(catalog, debtor).await.into_iter().find(|o| is_called(o, "N-5")).map(|o| o.state);
    assert_eq!(state().await, Some(ObligationState::Open));
    let none = NewEntity { name: "Otra".into(), ..NewEntity::default() };
    let ours = catalog.entities().await.unwrap().into_iter().find(|e| e.tax_ids.contains(&tax_id)).unwrap();
    catalog.save_entity(Some(ours.id), &none, "user:ana").await.unwrap();
    while catalog.settle_entities_of_what_was_there(500).await.unwrap() {}
    assert_eq!(state().await, Some(ObligationState::Cancelled), "it is no bill of ours any more");
    rules(catalog, "").await;
}

/// The samples' numbers are none; each message of theirs brings that back.
pub(super) async fn gets_a_number(catalog: &Catalog, contact: ContactId) -> String {
    let phone = format!("347{:09}", contact.0.as_u128() % 1_000_000_000);
    let mut tx = catalog.writing().await.unwrap();
    execute!(tx, "UPDATE contacts SET phone = $2 WHERE id = $1", contact.0, phone.as_str()).unwrap();
    tx.commit().await.unwrap();
    phone
}

/// An approver with a number that nobody else has, who agreed to be asked.
pub(super) async fn approver(catalog: &Catalog) -> (Sample, ContactId, String, String) {
    let (sample, contact, number) = known(catalog).await;
    let phone = gets_a_number(catalog, contact).await;
    says(catalog, contact, &number, (Category::Utility, Word::Granted)).await;
    (sample, contact, number, phone)
}

pub(super) async fn now_of(catalog: &Catalog, id: DocumentId) -> Document {
    catalog.document(id).await.unwrap().unwrap()
}

pub(super) async fn approvals_of(catalog: &Catalog, id: DocumentId) -> Vec<ApprovalState> {
    let all = catalog.approvals(&Access::new(true), (None, Some(id)), None, 50).await.unwrap();
    all.into_iter().map(|approval| approval.state).collect()
}

pub(super) async fn what_comes_to_much_is_approved_before_it_is_filed(catalog: &Catalog) {
    let catalog = &leading(catalog);
    let (sample, contact, number, phone) = approver(catalog).await;
    rules(catalog, &format!("approve\tinvoice\t1000 EUR\torder\t{number}\t24\t{phone}\n")).await;
    let small = waiting(catalog, &billed("Z1", "A-0", "999.99")).await;
    assert_eq!(approve(catalog, small, None).await, Resolved::Done(Status::Filed));
    let id = waiting(catalog, &billed("Z1", "A-1", "1000.00")).await;
    assert_eq!(approve(catalog, id, None).await, Resolved::ApproverIsAsked);
    let waits = now_of(catalog, id).await;
    assert_eq!((waits.status, waits.waits_for), (Status::InReview, Some(WaitsFor::Approver)));
    assert_eq!(approve(catalog, id, None).await, Resolved::ApproverIsAsked, "and nobody is asked twice");
    assert_eq!(approvals_of(catalog, id).await, [ApprovalState::Asked]);
    let (purpose, text) = last_said(catalog, contact).await;
    assert!(purpose == "approval" && text.contains("1000,00 EUR") && !text.contains("Z1"), "{text}");
    let buttons = offered(catalog, contact).await;
    taps(catalog, &sample, &buttons[0]).await;
    assert_eq!(waits_for(catalog, id).await, Some(WaitsFor::Reviewer), "a person had it in hand and goes on");
    assert_eq!(approve(catalog, id, None).await, Resolved::Done(Status::Filed));
    let same = corrected(catalog, id, FieldName::Number, "A-1b").await;
    assert_eq!(same, Resolved::Done(Status::Filed), "sum, currency and payee are as they were approved");
    // Of an approval that says of nobody whom it pays, nobody knows: it is asked again.
    let mut tx = catalog.writing().await.unwrap();
    execute!(tx, "UPDATE approvals SET payee = NULL WHERE document_id = $1", id.0).unwrap();
    tx.commit().await.unwrap();
    let number_too = (FieldName::Number, "A-1c", "1000,00 EUR");
    amended_waits_for_its_approver(catalog, &sample, (id, contact), number_too).await;
    for (name, value, shown) in [
        (FieldName::Total, "2000.00", "2000,00 EUR"),
        (FieldName::Iban, "ES91 2100 0418 4502 0005 1332", "aprobación: se paga a otra cuenta o empresa"),
        (FieldName::IssuerTaxId, "Z7", "aprobación: se paga a otra cuenta o empresa"),
        (FieldName::Currency, "USD", "aprobación: se paga en otra moneda"),
    ] {
        rules(catalog, &both_currencies(&number, &phone)).await;
        amended_waits_for_its_approver(catalog, &sample, (id, contact), (name, value, shown)).await;
    }
    assert_eq!(corrected(catalog, id, FieldName::Total, "900.00").await, Resolved::Done(Status::Filed));
    rules(catalog, &format!("approve\tinvoice\t1000 EUR\torder\t{number}\t24\t{phone}\n")).await;

    gets_a_number(catalog, contact).await;
    // What is corrected in review is written before the approver sees it, and is not typed again.
    let low = waiting(catalog, &billed("Z1", "A-2", "10.00")).await;
    let review = catalog.open_review_of(low).await.unwrap().unwrap();
    let by = Deciding { who: "user:eva", sees_ids: true, ..Deciding::default() };
    let mut fields = now_of(catalog, low).await.fields.clone();
    fields.insert(FieldName::Total, field("5000.00"));
    let correct = Decision::Correct { kind: None, fields, customer_id: None };
    let asked = catalog.decide_review(review.id, &by, &correct, None).await.unwrap();
    assert_eq!(asked, Resolved::ApproverIsAsked);
    assert!(last_said(catalog, contact).await.1.contains("5000,00 EUR"));
    let buttons = offered(catalog, contact).await;
    taps(catalog, &sample, &buttons[1]).await;
    assert_eq!(approvals_of(catalog, low).await, [ApprovalState::Refused]);
    gets_a_number(catalog, contact).await;
    assert_eq!(approve(catalog, low, None).await, Resolved::ApproverIsAsked, "who insists asks anew");
    let mut tx = catalog.writing().await.unwrap();
    let sql = "UPDATE approvals SET due_at = $2 WHERE document_id = $1 AND state = 'asked'";
    execute!(tx, sql, low.0, micros(now() - Duration::SECOND)).unwrap();
    tx.commit().await.unwrap();
    let done = approve(catalog, low, None).await;
    assert_eq!(done, Resolved::Done(Status::Filed), "where all let the time pass a person decides");
    rules(catalog, "").await;
}

fn both_currencies(number: &str, phone: &str) -> String {
    ["EUR", "USD"]
        .map(|currency| format!("approve\tinvoice\t1000 {currency}\torder\t{number}\t24\t{phone}\n"))
        .concat()
}

/// What is filed and amended to what nobody approved is as amended, and not filed before somebody did.
async fn amended_waits_for_its_approver(
    catalog: &Catalog,
    sample: &Sample,
    (id, approver): (DocumentId, ContactId),
    (name, value, shown): (FieldName, &str, &str),
) {
    gets_a_number(catalog, approver).await;
    let filed = now_of(catalog, id).await;
    assert_eq!(filed.status, Status::Filed);
    let mut fields = filed.fields.clone();
    fields.insert(name, field(value));
    let correct = Decision::Correct { kind: None, fields, customer_id: None };
    let by = Deciding {
        who: "user:eva",
        sees_ids: true,
        seen_version: Some(filed.version),
        note: Some("they called".into()),
        ..Deciding::default()
    };
    assert_eq!(catalog.amend(id, &by, &correct).await.unwrap(), Resolved::ApproverIsAsked, "{name:?}");
    let waits = now_of(catalog, id).await;
    assert_eq!((waits.status, waits.waits_for), (Status::InReview, Some(WaitsFor::Approver)), "{name:?}");
    assert_eq!(waits.fields[&name].value, value, "nobody types it again");
    assert!(waits.version > filed.version && waits.filed_at.is_none());
    let stale = catalog.amend(id, &by, &correct).await.unwrap();
    assert!(matches!(stale, Resolved::Changed(_)), "{stale:?}");
    let (purpose, text) = last_said(catalog, approver).await;
    assert!(purpose == "approval" && text.contains(shown), "{name:?}: {text}");
    assert_eq!(approve(catalog, id, None).await, Resolved::ApproverIsAsked, "nor files it meanwhile");
    let asked = approvals_of(catalog, id).await;
    assert_eq!(asked.iter().filter(|state| **state == ApprovalState::Asked).count(), 1, "{asked:?}");
    let buttons = offered(catalog, approver).await;
    taps(catalog, sample, &buttons[0]).await;
    assert_eq!(approve(catalog, id, None).await, Resolved::Done(Status::Filed), "{name:?}");
    assert!(catalog.ledger(None, None).await.unwrap().balanced);
}

pub(super) async fn what_would_be_filed_by_itself_goes_on_once_approved(catalog: &Catalog) {
    let catalog = &leading(catalog);
    let (sample, contact, number, phone) = approver(catalog).await;
    rules(catalog, &format!("approve\t-\t1000 EUR\tany\t{number}\t24\t{phone}\n")).await;
    let id = super::door::received(catalog, &Sample::new()).await;
    let facts = billed("Z2", "B-1", "-1500.00");
    let document = read_as(catalog, id, id.to_string().as_bytes(), &facts).await;
    assert_eq!(document.kind, Some(Kind::Invoice));
    assert!(catalog.needs_approval(&document).await.unwrap(), "what we give back too");
    let why = [approvals::reason()];
    let step =
        catalog.into_review(id, Stage::Link, &why, None, Some(&reply(Purpose::InReview))).await.unwrap();
    assert_eq!(step, Step::Taken);
    assert_eq!(waits_for(catalog, id).await, Some(WaitsFor::Approver));
    let buttons = offered(catalog, contact).await;
    taps(catalog, &sample, &buttons[0]).await;
    let on_its_road = now_of(catalog, id).await;
    assert_eq!(
        (on_its_road.status, on_its_road.stage),
        (Status::Processing, Stage::Link),
        "it goes on by itself"
    );
    assert!(catalog.open_review_of(id).await.unwrap().is_none());
    let document = begin(catalog, id, Stage::Link).await;
    assert!(!catalog.needs_approval(&document).await.unwrap());
    let filed = catalog.filed(id, Stage::Link, None, Some(&reply(Purpose::Filed))).await.unwrap();
    assert_eq!(filed, Step::Taken);
    // Nobody whom the rule names can be asked: a person decides, and an incident says so.
    rules(catalog, &format!("approve\t-\t1000 EUR\tany\t{number}\t24\t999000111\n")).await;
    let lonely = waiting(catalog, &billed("Z2", "B-2", "1500.00")).await;
    assert_eq!(approve(catalog, lonely, None).await, Resolved::Done(Status::Filed));
    let open = catalog.incidents(Some(IncidentState::Open), None, 500).await.unwrap();
    assert!(open.iter().any(|i| i.kind == approvals::UNASKED && i.subject == lonely.to_string()));
    assert!(catalog.ledger(None, None).await.unwrap().balanced);
    assert!(said_to(catalog, contact).await.len() > 1);
    rules(catalog, "").await;
}

/// The last version of the schema in which an approval did not say whom it pays.
pub(super) const BEFORE_PAYEES: i64 = 55;

/// Approvals of then: of a document that names an account, and of one that is gone.
pub(super) async fn were_approved_before(catalog: &Catalog, document: DocumentId) -> [Uuid; 2] {
    let ids = [Uuid::now_v7(), Uuid::now_v7()];
    let mut tx = catalog.writing().await.unwrap();
    let field = |value: &str| serde_json::json!({ "value": value, "confidence": 0.9, "page": 1, "box": null, "source": "ocr" });
    let fields =
        serde_json::json!({ "total": field("45.00"), "iban": field("es91 2100 0418 4502 0005 1332") });
    let sql = "UPDATE documents SET party = 'b12345678', fields = $2 WHERE id = $1";
    execute!(tx, sql, document.0, fields.to_string()).unwrap();
    for (id, of) in ids.into_iter().zip([Some(document.0), None]) {
        execute!(
            tx,
            "INSERT INTO approvals (id, document_id, state, created_at, by_rule, up_to, currency) \
             VALUES ($1, $2, 'approved', $3, TRUE, 450000, 'EUR')",
            id,
            of,
            micros(now())
        )
        .unwrap();
    }
    tx.commit().await.unwrap();
    ids
}

/// The first says whom it pays, as one of today would; of the other nobody knows.
pub(super) async fn say_whom_they_pay(catalog: &Catalog, document: DocumentId, ids: [Uuid; 2]) {
    let known = now_of(catalog, document).await;
    let account = known.fields[&FieldName::Iban].value.as_str();
    assert_eq!(account, "es91 2100 0418 4502 0005 1332");
    let mut tx = catalog.reading().await.unwrap();
    let mut payees = Vec::new();
    for id in ids {
        let sql = "SELECT payee FROM approvals WHERE id = $1";
        payees.push(one!(tx, (Option<String>,), sql, id).unwrap().0);
    }
    assert_eq!(payees, [Some("b12345678 ES9121000418450200051332".to_owned()), None]);
}
