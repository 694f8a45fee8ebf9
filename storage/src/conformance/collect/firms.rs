//! Promises of what is owed to several firms of ours, or is several people's to pay: each is told to its own, from its number.

use time::Duration;
use uuid::Uuid;

use super::{
    Debtor, agrees, debtor, leading, morning,
    reminders::{is_told, next_morning},
    unheard::is_of,
};
use crate::{
    Access, Catalog, ContactId,
    conformance::{given::fresh, house::rules},
    consents::Category,
    names::{CaseId, ObligationId, micros, now},
    obligations::{NewObligation, Owing},
};

impl Debtor {
    /// They owe something to the firm that has this number of ours, and this contact is named for it.
    async fn owes_to(
        &self,
        catalog: &Catalog,
        bill: &str,
        (number, contact): (Option<&str>, Option<ContactId>),
    ) -> ObligationId {
        let new = NewObligation {
            customer: self.customer,
            number: bill.into(),
            amount: "10.00".parse().unwrap(),
            currency: "EUR".into(),
            due: morning().date(),
            contact,
            phone_number_id: number.map(str::to_owned),
            document: None,
        };
        match catalog.add_obligation(&Access::new(true), &new, "key:erp").await.unwrap() {
            Owing::Added(added) => added.id,
            other => panic!("{other:?}"),
        }
    }

    /// The number and the state of each of the customer's cases, whoever they are with.
    async fn told(&self, catalog: &Catalog) -> Vec<(Uuid, String, String)> {
        let mut tx = catalog.reading().await.unwrap();
        let sql = "SELECT contact_id, phone_number_id, state FROM cases WHERE kind = 'collection' AND subject = $1 \
             ORDER BY id";
        all!(tx, (Uuid, String, String), sql, self.customer.to_string()).unwrap()
    }

    /// The deadline comes of the case with a contact from a number.
    async fn comes(&self, catalog: &Catalog, (contact, number): (ContactId, &str)) {
        let mut tx = catalog.writing().await.unwrap();
        let sql = "UPDATE cases SET due_at = $4, task_at = $4 WHERE kind = 'collection' AND subject = $1 \
             AND contact_id = $2 AND phone_number_id = $3 AND state = 'waiting' RETURNING id";
        let past = micros(catalog.now() - Duration::SECOND);
        let (id,) = one!(tx, (Uuid,), sql, self.customer.to_string(), contact.0, number, past).unwrap();
        tx.commit().await.unwrap();
        assert!(catalog.case_turn(CaseId(id)).await.unwrap().stepped);
    }

    /// From which number what was said of what they owe, to whomever.
    async fn heard(&self, catalog: &Catalog) -> Vec<(String, String)> {
        let mut tx = catalog.writing().await.unwrap();
        let sql = "SELECT o.phone_number_id, o.body FROM outbox o JOIN cases c ON c.id = o.case_id \
             WHERE o.purpose = 'collection' AND c.subject = $1 ORDER BY o.seq";
        let heard = all!(tx, (String, String), sql, self.customer.to_string()).unwrap();
        // And it is there at once.
        let sql = "UPDATE outbox SET state = 'delivered', sent_at = $2 WHERE purpose = 'collection' \
             AND state = 'queued' AND case_id IN (SELECT id FROM cases WHERE subject = $1)";
        execute!(tx, sql, self.customer.to_string(), micros(catalog.now())).unwrap();
        tx.commit().await.unwrap();
        heard
    }
}

/// A customer owes two firms of ours: each bill is told from its own firm's number once that was agreed to, and of both
/// there is one message a day.
pub(in crate::conformance) async fn what_each_firm_is_owed_is_told_from_its_number(catalog: &Catalog) {
    let catalog = &leading(catalog);
    rules(catalog, "").await;
    let one = debtor(catalog).await;
    let (first, second) = (one.number.clone(), fresh("number"));
    agrees(catalog, one.contact, &first, Category::Billing).await;
    one.owes_to(catalog, "F-701", (Some(&first), None)).await;
    let later = one.owes_to(catalog, "F-702", (Some(&second), None)).await;
    let case = |number: &str, state: &str| (one.contact.0, number.to_owned(), state.to_owned());
    assert_eq!(one.told(catalog).await, [case(&first, "waiting")]);
    assert!(is_told(catalog, &one).await, "of what nobody may be reminded a person knows");
    one.comes(catalog, (one.contact, &first)).await;
    let said = one.heard(catalog).await;
    assert!(said.len() == 1 && said[0].0 == first, "{said:?}");
    assert!(said[0].1.contains("F-701") && !said[0].1.contains("F-702"), "{said:?}");

    agrees(catalog, one.contact, &second, Category::Billing).await;
    assert_eq!(one.told(catalog).await, [case(&first, "waiting"), case(&second, "waiting")]);
    assert!(!is_told(catalog, &one).await);
    one.comes(catalog, (one.contact, &second)).await;
    assert_eq!(one.heard(catalog).await.len(), 1, "never two on one day for one customer");
    let tomorrow = &catalog.clone().with_clock(next_morning);
    one.comes(tomorrow, (one.contact, &second)).await;
    let said = one.heard(tomorrow).await;
    assert!(said.len() == 2 && said[1].0 == second, "{said:?}");
    assert!(said[1].1.contains("F-702") && !said[1].1.contains("F-701"), "{said:?}");

    let cancelled = tomorrow.cancel_obligation(&Access::new(true), later, "a gift", "user:eva").await;
    cancelled.unwrap();
    assert_eq!(one.told(catalog).await, [case(&first, "waiting"), case(&second, "done")]);
    assert!(catalog.message_ledger(now()).await.unwrap().balanced);
}

/// Of one customer somebody is named for one bill: that is theirs to hear of, and nothing of what others pay; and whoever
/// agreed only later has their own case with the next sweep.
pub(in crate::conformance) async fn who_is_named_for_a_bill_hears_of_no_other(catalog: &Catalog) {
    let catalog = &leading(catalog);
    rules(catalog, "").await;
    let one = debtor(catalog).await;
    let other = Debtor { customer: one.customer, ..debtor(catalog).await };
    is_of(catalog, &other, true).await;
    agrees(catalog, one.contact, &one.number, Category::Billing).await;
    agrees(catalog, other.contact, &other.number, Category::Billing).await;
    one.owes_to(catalog, "F-711", (None, Some(one.contact))).await;
    let theirs = one.owes_to(catalog, "F-712", (None, Some(other.contact))).await;
    let open = [(one.contact.0, "waiting"), (other.contact.0, "waiting")];
    let told = async || {
        let all = one.told(catalog).await;
        all.into_iter().map(|(contact, _, state)| (contact, state)).collect::<Vec<_>>()
    };
    assert_eq!(told().await, open.map(|(contact, state)| (contact, state.to_owned())));
    one.comes(catalog, (one.contact, &one.number)).await;
    one.comes(catalog, (other.contact, &other.number)).await;
    let said = one.heard(catalog).await;
    assert!(said.len() == 1 && said[0].1.contains("F-711") && !said[0].1.contains("F-712"), "{said:?}");
    let tomorrow = &catalog.clone().with_clock(next_morning);
    one.comes(tomorrow, (other.contact, &other.number)).await;
    let said = one.heard(tomorrow).await;
    assert!(said.len() == 2 && said[1].1.contains("F-712") && !said[1].1.contains("F-711"), "{said:?}");

    // It turns out to be somebody else's to pay, and nobody said so to the machine.
    let mut tx = catalog.writing().await.unwrap();
    let sql = "UPDATE obligations SET contact_id = $2 WHERE id = $1";
    execute!(tx, sql, theirs.0, one.contact.0).unwrap();
    tx.commit().await.unwrap();
    catalog.look_for_unbilled().await.unwrap();
    let ended = [(one.contact.0, "waiting"), (other.contact.0, "done")];
    assert_eq!(told().await, ended.map(|(contact, state)| (contact, state.to_owned())));
}
