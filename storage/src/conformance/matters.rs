//! What was there before there were choices, collections and the house's rules comes through: rows of the schema of then.

use uuid::Uuid;

use crate::{
    Access, CaseId, Catalog, ContactId, CustomerId,
    approvals::ApprovalState,
    cases::{Act, Acted, CaseFilter, Span},
    names::{ApprovalId, NoticeId, ObligationId, micros, now},
    obligations::{ObligationState, Settled},
};

/// The last version in which what is owed was a number and nobody was asked by buttons.
pub(super) const BEFORE_ANSWERS: i64 = 40;

/// The rows of then.
pub(super) struct Old {
    contact: ContactId,
    customer: CustomerId,
    human: CaseId,
    over: CaseId,
    obligation: ObligationId,
    approval: ApprovalId,
    notice: Uuid,
}

/// A row of everything that these migrations change, by the statements of then.
pub(super) async fn fill(catalog: &Catalog) -> Old {
    let old = Old {
        contact: ContactId::generate(),
        customer: CustomerId::generate(),
        human: CaseId::generate(),
        over: CaseId::generate(),
        obligation: ObligationId::generate(),
        approval: ApprovalId::generate(),
        notice: Uuid::now_v7(),
    };
    let t = micros(now()) - 3_600_000_000;
    let mut tx = catalog.writing().await.unwrap();
    let sql = "INSERT INTO customers (id, name, name_key, created_at, updated_at) VALUES ($1, 'Deudor', 'deudor', $2, $2)";
    execute!(tx, sql, old.customer.0, t).unwrap();
    let sql = "INSERT INTO contacts (id, phone, name, customer_id, phone_number_id, created_at, updated_at) \
         VALUES ($1, '34611000999', 'Deudor', $2, '1001', $3, $3)";
    execute!(tx, sql, old.contact.0, old.customer.0, t).unwrap();
    for (id, kind, state, memory) in
        [(old.human, "support", "human", "{}"), (old.over, "ask", "expired", r#"{"turns":3}"#)]
    {
        execute!(
            tx,
            "INSERT INTO cases (id, contact_id, phone_number_id, kind, subject, state, team, assignee, version, memory, \
             created_at, updated_at) VALUES ($1, $2, '1001', $3, '', $4, 'caja', 'user:eva', 4, $5, $6, $6)",
            id.0,
            old.contact.0,
            kind,
            state,
            memory,
            t
        )
        .unwrap();
    }
    let sql = "INSERT INTO obligations (id, customer_id, number, amount, currency, due, state, paid, created_at, updated_at) \
         VALUES ($1, $2, 'F-1', '120.00', 'EUR', '2026-01-31', 'open', '20.00', $3, $3)";
    execute!(tx, sql, old.obligation.0, old.customer.0, t).unwrap();
    let sql = "INSERT INTO approvals (id, case_id, state, approver, created_at) VALUES ($1, $2, 'asked', 'eva', $3)";
    execute!(tx, sql, old.approval.0, old.human.0, t).unwrap();
    let sql = "INSERT INTO notices (id, contact_id, phone_number_id, template, language, idempotency_key, expires_at, state, \
         created_at) VALUES ($1, $2, '1001', 'order_sent', 'es', 'order-1', $3, 'sent', $3)";
    execute!(tx, sql, old.notice, old.contact.0, t).unwrap();
    tx.commit().await.unwrap();
    old
}

/// All of it is there, says what it said, and goes on as what begins today does.
pub(super) async fn came_through(catalog: &Catalog, old: &Old) {
    let everything = Access::new(true);
    let owed = catalog.obligation(&everything, old.obligation).await.unwrap().expect("what is owed");
    assert_eq!(
        (owed.number.as_deref(), owed.amount.as_deref(), owed.paid.as_deref()),
        (Some("F-1"), Some("120.00"), Some("20.00"))
    );
    assert_eq!((owed.state, owed.reminders, owed.payments.len()), (ObligationState::Open, 0, 0));
    assert_eq!((owed.contact_id, owed.document_id, owed.promised_for), (None, None, None));
    let promised =
        catalog.promised(&everything, old.obligation, Some(now().date()), "user:eva").await.unwrap();
    assert_eq!(promised, Settled::Done, "and is led on");
    assert_eq!(owed.customer_id, old.customer);

    let approval = catalog.approval(&everything, old.approval).await.unwrap().expect("what was asked");
    assert_eq!((approval.state, approval.approvers.len()), (ApprovalState::Asked, 0));
    assert_eq!(catalog.cancel_approval(&everything, old.approval, "user:eva").await.unwrap(), Some(true));

    let mut tx = catalog.reading().await.unwrap();
    let sql = "SELECT category, state, error, outbox_id FROM notices WHERE id = $1";
    let notice = one!(tx, (String, String, Option<String>, Option<Uuid>), sql, old.notice).unwrap();
    assert_eq!(notice, ("utility".to_owned(), "sent".to_owned(), None, None));
    drop(tx);
    let notice = catalog.notice(&everything, NoticeId(old.notice)).await.unwrap().expect("the same");
    assert_eq!(notice.idempotency_key, "order-1");

    let case = catalog.case(&everything, old.human).await.unwrap().expect("what a person has");
    assert_eq!((case.state.as_str(), case.team.as_deref(), case.version), ("human", Some("caja"), 4));
    assert_eq!((case.answer_by, case.escalated_at), (None, None), "nothing was promised then");
    let late = CaseFilter { escalated: true, contact: Some(old.contact), ..CaseFilter::default() };
    assert!(catalog.cases(&everything, &late, 9).await.unwrap().is_empty());
    let acted = catalog.act_on_case(&everything, old.human, 4, "user:eva", &Act::Close).await.unwrap();
    assert!(matches!(acted, Acted::Done(_)), "{acted:?}");
    let span = Span { from: now() - time::Duration::DAY, to: now(), kind: Some("ask") };
    let flow = catalog.flow(&everything, span).await.unwrap();
    let over = flow.counts.iter().find(|c| c.state == "expired").expect("what was over is counted");
    assert_eq!((over.left.as_str(), over.expects.as_str()), ("", ""), "where it stood nobody knows");
    assert!(catalog.case(&everything, old.over).await.unwrap().is_some());
}
