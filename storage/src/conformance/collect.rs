//! Promises of what is owed, and of decisions that are asked for.

mod approvals;

use acuse_conversation::Policies;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::{
    cases::{cases_of, contact_of, filed, said_to, sends},
    door::Sample,
    house::rules,
};
use crate::{
    Access, Catalog, ContactId, CustomerId, DocumentId,
    access::Bound,
    cases::{CaseFilter, UNBILLED},
    consents::{Category, NewConsent, Word},
    documents::Amount,
    entities::NewEntity,
    incidents::IncidentState,
    names::{CaseId, ObligationId, OutboxId, micros, now},
    obligations::{NewObligation, Obligation, ObligationState, Owing, Settled, Verdict},
};

pub(super) use approvals::{one_approver_decides, who_may_be_somebody_else_by_now_approves_nothing};

/// Ten in the morning of today, in Madrid, where the debtors of these promises are.
fn morning() -> OffsetDateTime {
    now().replace_time(time::macros::time!(9:00))
}

/// The same time of the next day, and of the one after.
fn next_morning() -> OffsetDateTime {
    morning() + Duration::DAY
}

fn third_morning() -> OffsetDateTime {
    next_morning() + Duration::DAY
}

fn leading(catalog: &Catalog) -> Catalog {
    catalog.clone().with_policies(Some(Policies::ours().unwrap())).with_clock(morning)
}

async fn agrees(catalog: &Catalog, contact: ContactId, number: &str, category: Category) {
    let consent = NewConsent {
        contact,
        phone_number_id: number,
        category,
        word: Word::Granted,
        source: "contract",
        text_version: None,
        said_by: None,
        at: now(),
    };
    catalog.write_consent(&consent).await.unwrap();
}

/// A customer who writes to us.
struct Debtor {
    sample: Sample,
    contact: ContactId,
    customer: CustomerId,
    number: String,
}

async fn debtor(catalog: &Catalog) -> Debtor {
    let sample = Sample::new();
    let id = sends(catalog, &sample, 1).await[0];
    filed(catalog, id).await;
    let contact = contact_of(catalog, id).await;
    let number = catalog.document(id).await.unwrap().unwrap().phone_number_id.unwrap();
    let customer = CustomerId::generate();
    let mut tx = catalog.writing().await.unwrap();
    let sql = "INSERT INTO customers (id, name, name_key, created_at, updated_at) VALUES ($1, $2, $2, 0, 0)";
    execute!(tx, sql, customer.0, customer.to_string()).unwrap();
    let sql = "UPDATE contacts SET customer_id = $2, phone = $3 WHERE id = $1";
    let phone = format!("346{:08}", contact.0.as_u128() % 100_000_000);
    execute!(tx, sql, contact.0, customer.0, phone).unwrap();
    tx.commit().await.unwrap();
    Debtor { sample, contact, customer, number }
}

impl Debtor {
    async fn owes(&self, catalog: &Catalog, number: &str, amount: &str, in_days: i64) -> Obligation {
        let new = NewObligation {
            customer: self.customer,
            number: number.into(),
            amount: amount.parse().unwrap(),
            currency: "EUR".into(),
            due: (morning() + Duration::days(in_days)).date(),
            contact: None,
            phone_number_id: None,
            document: None,
        };
        let unled = catalog.clone().with_policies(None);
        let refused = unled.add_obligation(&Access::new(true), &new, "key:erp").await.unwrap();
        assert!(matches!(refused, Owing::NotLed), "nobody would remind of it: {refused:?}");
        match catalog.add_obligation(&Access::new(true), &new, "key:erp").await.unwrap() {
            Owing::Added(added) => {
                let again = catalog.add_obligation(&Access::new(true), &new, "key:erp").await.unwrap();
                assert!(matches!(again, Owing::Before(_)), "handed in again it is the same: {again:?}");
                *added
            }
            other => panic!("{other:?}"),
        }
    }

    /// A receipt of theirs, filed with these fields.
    async fn pays(&self, catalog: &Catalog, amount: &str, reference: &str, words: &str) -> DocumentId {
        self.pays_in(catalog, (Some(amount), Some("eur")), reference, words).await
    }

    /// The same in any currency, or in none, and of no amount.
    async fn pays_in(
        &self,
        catalog: &Catalog,
        (amount, currency): (Option<&str>, Option<&str>),
        reference: &str,
        words: &str,
    ) -> DocumentId {
        let id = sends(catalog, &self.sample, 1).await[0];
        filed(catalog, id).await;
        let mut tx = catalog.writing().await.unwrap();
        let field = |value: &str| serde_json::json!({ "value": value, "confidence": 1.0, "page": 1, "box": null, "source": "ocr" });
        let mut fields =
            serde_json::json!({ "number": field(reference), "date": field(&morning().date().to_string()) });
        for (name, value) in [("total", amount), ("currency", currency)] {
            if let Some(value) = value {
                fields[name] = field(value);
            }
        }
        let value = amount.map(|amount| amount.parse::<Amount>().unwrap().0);
        execute!(
            tx,
            "UPDATE documents SET kind = 'receipt', customer_id = $2, amount = $3, currency = $9, text = $4, \
             fields = $5, original_sha256 = $6, fingerprint = $7, issuer_tax_id = 'b12345678', doc_date = $8, \
             sensitivity = 'open' WHERE id = $1",
            id.0,
            self.customer.0,
            value,
            words,
            fields.to_string(),
            [id.0.as_bytes().as_slice(); 2].concat(),
            i64::from(u32::try_from(id.0.as_u128() % 4_000_000_000).unwrap()) + 5_000_000_000,
            morning().date().to_string(),
            currency
        )
        .unwrap();
        crate::events::tell(&mut tx, "document.filed", id, serde_json::json!({})).await.unwrap();
        tx.commit().await.unwrap();
        id
    }

    async fn case(&self, catalog: &Catalog) -> Option<(String, Option<i64>)> {
        let all = cases_of(catalog, self.contact).await;
        all.into_iter().filter(|c| c.1 == "collection").map(|c| (c.2, c.3)).next_back()
    }

    /// The deadline of their collection comes.
    async fn time_comes(&self, catalog: &Catalog) {
        let all = cases_of(catalog, self.contact).await;
        let (id, ..) = all.into_iter().rfind(|c| c.1 == "collection" && c.3.is_some()).expect("an open one");
        let mut tx = catalog.writing().await.unwrap();
        let past = micros(morning() - Duration::SECOND);
        execute!(tx, "UPDATE cases SET due_at = $2, task_at = $2 WHERE id = $1", id.0, past).unwrap();
        tx.commit().await.unwrap();
        assert!(catalog.case_turn(id).await.unwrap().stepped);
    }

    async fn said(&self, catalog: &Catalog, purpose: &str) -> Vec<String> {
        let all = said_to(catalog, self.contact).await;
        all.into_iter().filter(|(p, _)| p == purpose).map(|(_, body)| body).collect()
    }
}

async fn now_of(catalog: &Catalog, id: ObligationId) -> Obligation {
    catalog.obligation(&Access::new(true), id).await.unwrap().unwrap()
}

/// A key that is bound to one customer has nobody else's people reminded.
pub(super) async fn who_is_bound_has_only_their_own_reminded(catalog: &Catalog) {
    let catalog = &leading(catalog);
    let (one, other) = (debtor(catalog).await, debtor(catalog).await);
    let holder = Uuid::now_v7();
    let mut tx = catalog.writing().await.unwrap();
    let sql = "INSERT INTO bindings (holder_id, customer_id, created_at) VALUES ($1, $2, 1)";
    execute!(tx, sql, holder, one.customer.0).unwrap();
    tx.commit().await.unwrap();
    let access = Access::of(true, Some(Bound { holder, customers: true, ..Bound::default() }));
    let of = async |contact: ContactId| {
        let new = NewObligation {
            customer: one.customer,
            number: "BOUND-1".into(),
            amount: "10.00".parse().unwrap(),
            currency: "EUR".into(),
            due: (morning() + Duration::days(60)).date(),
            contact: Some(contact),
            phone_number_id: None,
            document: None,
        };
        catalog.add_obligation(&access, &new, "key:bound").await.unwrap()
    };
    let refused = of(other.contact).await;
    assert!(matches!(refused, Owing::NoContact), "{refused:?}");
    let Owing::Added(added) = of(one.contact).await else { panic!("their own") };
    let cancelled = catalog.cancel_obligation(&access, added.id, "tried", "key:bound").await.unwrap();
    assert!(matches!(cancelled, Settled::Done), "{cancelled:?}");
}

pub(super) async fn who_owes_is_reminded_in_one_message_and_then_a_person_has_it(catalog: &Catalog) {
    let catalog = &leading(catalog);
    let debtor = debtor(catalog).await;
    let first = debtor.owes(catalog, "F-201", "100.00", 0).await;
    assert_eq!(debtor.case(catalog).await, None, "who never agreed is not reminded");
    agrees(catalog, debtor.contact, &debtor.number, Category::Billing).await;
    debtor.owes(catalog, "F-202", "50.50", 3).await;
    debtor.owes(catalog, "F-203", "9.00", 30).await;
    assert_eq!(debtor.case(catalog).await.unwrap().0, "waiting");
    debtor.time_comes(catalog).await;
    let said = debtor.said(catalog, "collection").await;
    assert_eq!(said.len(), 1, "one message that lists them: {said:?}");
    assert!(said[0].contains("F-201: 100,00 EUR") && said[0].contains("F-202: 50,50 EUR"), "{said:?}");
    assert!(!said[0].contains("F-203"), "what is not due yet is not told: {said:?}");
    assert_eq!(now_of(catalog, first.id).await.reminders, 1, "of stages that were past, one is said");
    debtor.time_comes(catalog).await;
    assert_eq!(debtor.said(catalog, "collection").await.len(), 1, "never two on one day");
    let (state, due) = debtor.case(catalog).await.unwrap();
    assert!(state == "waiting" && due.unwrap() > micros(morning()), "{state} {due:?}");
    // A promise puts it off; the last stage is a person.
    let late = (morning() + Duration::days(5)).date();
    let settled = catalog.promised(&Access::new(true), first.id, Some(late), "user:eva").await.unwrap();
    assert_eq!(settled, Settled::Done);
    let mut tx = catalog.writing().await.unwrap();
    let long_ago = (morning() - Duration::days(40)).date().to_string();
    let sql = "UPDATE obligations SET said = 3, due = $2, promised_for = NULL WHERE customer_id = $1 AND number = 'F-201'";
    execute!(tx, sql, debtor.customer.0, long_ago).unwrap();
    tx.commit().await.unwrap();
    debtor.time_comes(catalog).await;
    assert_eq!(debtor.case(catalog).await.unwrap().0, "human");
    assert!(catalog.message_ledger(now()).await.unwrap().balanced);
}

pub(super) async fn what_is_owed_goes_on_by_the_rules_of_now(catalog: &Catalog) {
    let catalog = &leading(catalog);
    let debtor = debtor(catalog).await;
    agrees(catalog, debtor.contact, &debtor.number, Category::Billing).await;
    rules(catalog, "").await;
    let owed = debtor.owes(catalog, "F-241", "100.00", 3).await.id;
    debtor.time_comes(catalog).await;
    let goes_on = async |text: &str| {
        rules(catalog, text).await;
        while catalog.follow_rules().await.unwrap() > 0 {}
        let (state, due) = debtor.case(catalog).await.unwrap();
        let day = due.map(|due| {
            (OffsetDateTime::from_unix_timestamp(due / 1_000_000).unwrap().date() - morning().date())
                .whole_days()
        });
        (state, day)
    };
    let waits = |day| ("waiting".to_owned(), Some(day));
    assert_eq!(goes_on("# nothing of it\n").await, waits(3), "by Acuse's own, on the day itself");
    assert_eq!(goes_on("collect\t-7,-3,-1\t2\n").await, waits(2), "what was said is not said again");
    assert_eq!(goes_on("collect\t-9,1\t2\n").await, waits(4), "a stage that was past is not made up for");
    assert_eq!(goes_on("collect\t-3\t1\n").await, waits(4), "none is left: a person has it then");
    assert_eq!(now_of(catalog, owed).await.reminders, 1);
    assert_eq!(debtor.said(catalog, "collection").await.len(), 1, "and nothing is said meanwhile");
    assert_eq!(goes_on("collect\t-30\t-3\n").await, ("human".to_owned(), None), "whose day has come");
    assert_eq!(goes_on("").await, ("human".to_owned(), None), "what a person has is theirs");
    assert_eq!(catalog.follow_rules().await.unwrap(), 0, "each is looked at once");
}

pub(super) async fn up_to_its_cap_a_receipt_settles_by_itself(catalog: &Catalog) {
    use ObligationState::{Held, Open, Paid};
    let catalog = &leading(catalog);
    let us = NewEntity { name: "Nos".into(), tax_ids: vec!["B-12345678".into()], ..NewEntity::default() };
    catalog.save_entity(None, &us, "cli").await.unwrap();
    let debtor = debtor(catalog).await;
    agrees(catalog, debtor.contact, &debtor.number, Category::Billing).await;
    let mut owed = Vec::new();
    for (number, amount) in [("F-251", "100.00"), ("F-252", "150.00"), ("F-253", "500.01")] {
        owed.push(debtor.owes(catalog, number, amount, 2).await.id);
    }
    let states = async || {
        let mut all = Vec::new();
        for id in &owed {
            all.push(now_of(catalog, *id).await.state);
        }
        all
    };
    rules(catalog, "cap\t500 USD\n").await;
    debtor.pays(catalog, "100.00", &Uuid::now_v7().to_string(), "transferencia").await;
    assert_eq!(now_of(catalog, owed[0]).await.payments[0].doubts, ["cap"], "a cap is of its currency");
    rules(catalog, "cap\t500 USD\ncap\t500 EUR\n").await;
    while catalog.follow_rules().await.unwrap() > 0 {}
    assert_eq!(states().await, [Held, Open, Open], "what waits for a person waits for them");
    debtor.pays(catalog, "150.00", &Uuid::now_v7().to_string(), "transferencia").await;
    assert_eq!(states().await, [Held, Paid, Open]);
    assert_eq!(debtor.said(catalog, "paid").await.len(), 1, "and they are thanked at once");
    debtor.pays(catalog, "500.01", &Uuid::now_v7().to_string(), "transferencia").await;
    assert_eq!(states().await, [Held, Paid, Held]);
    rules(catalog, "").await;
    assert_eq!(states().await, [Held, Paid, Held], "what is paid stays paid");
}

pub(super) async fn who_agrees_later_is_reminded_of_what_is_owed_already(catalog: &Catalog) {
    let catalog = &leading(catalog);
    let debtor = debtor(catalog).await;
    debtor.owes(catalog, "F-221", "100.00", 0).await;
    assert_eq!(debtor.case(catalog).await, None);
    agrees(catalog, debtor.contact, &debtor.number, Category::Billing).await;
    assert_eq!(debtor.case(catalog).await.unwrap().0, "waiting");
    debtor.time_comes(catalog).await;
    super::cases::writes(catalog, &debtor.sample, "BAJA").await;
    assert_eq!(debtor.case(catalog).await.unwrap().0, "stopped");
    super::cases::writes(catalog, &debtor.sample, "ALTA").await;
    let (state, due) = debtor.case(catalog).await.unwrap();
    assert_eq!(state, "waiting", "whoever comes back owes it still");
    assert!(due.unwrap() > micros(morning() + Duration::hours(12)), "and was reminded today");
    assert_eq!(debtor.said(catalog, "collection").await.len(), 1);
}

/// Whether a person was told that nobody may be reminded of what they owe.
async fn is_told(catalog: &Catalog, debtor: &Debtor) -> bool {
    let open = catalog.incidents(Some(IncidentState::Open), None, 500).await.unwrap();
    open.iter().any(|i| i.kind == UNBILLED && i.subject == debtor.customer.to_string())
}

pub(super) async fn what_nobody_may_be_reminded_of_is_told(catalog: &Catalog) {
    let catalog = &leading(catalog);
    let everything = Access::new(true);
    rules(catalog, "").await;
    let one = debtor(catalog).await;
    let later = one.owes(catalog, "F-261", "100.00", 10).await.id;
    catalog.look_for_unbilled().await.unwrap();
    assert!(!is_told(catalog, &one).await, "it is not time yet");
    let soon = one.owes(catalog, "F-262", "50.00", 2).await.id;
    assert!(is_told(catalog, &one).await, "who never agreed is a person's");
    catalog.look_for_unbilled().await.unwrap();
    assert!(is_told(catalog, &one).await, "until it is not so");
    agrees(catalog, one.contact, &one.number, Category::Billing).await;
    assert!(!is_told(catalog, &one).await && one.case(catalog).await.unwrap().0 == "waiting");
    // Whoever wants no more is not reminded, and owes it still.
    super::cases::writes(catalog, &one.sample, "BAJA").await;
    catalog.look_for_unbilled().await.unwrap();
    assert!(is_told(catalog, &one).await && one.case(catalog).await.unwrap().0 == "stopped");
    super::cases::writes(catalog, &one.sample, "ALTA").await;
    assert!(!is_told(catalog, &one).await && one.case(catalog).await.unwrap().0 == "waiting");
    super::cases::writes(catalog, &one.sample, "BAJA").await;
    catalog.look_for_unbilled().await.unwrap();
    for id in [later, soon] {
        assert!(is_told(catalog, &one).await);
        catalog.cancel_obligation(&everything, id, "a gift", "user:eva").await.unwrap();
    }
    assert!(!is_told(catalog, &one).await, "nothing is owed");

    // Who agreed before they were known to be of this customer, said so or not.
    for is_said in [true, false] {
        let one = debtor(catalog).await;
        agrees(catalog, one.contact, &one.number, Category::Billing).await;
        catalog.set_contact_customer(one.contact, None).await.unwrap();
        one.owes(catalog, "F-263", "50.00", 2).await;
        assert!(is_told(catalog, &one).await && one.case(catalog).await.is_none());
        if is_said {
            catalog.set_contact_customer(one.contact, Some(one.customer)).await.unwrap();
        } else {
            let mut tx = catalog.writing().await.unwrap();
            let sql = "UPDATE contacts SET customer_id = $2 WHERE id = $1";
            execute!(tx, sql, one.contact.0, one.customer.0).unwrap();
            tx.commit().await.unwrap();
            catalog.look_for_unbilled().await.unwrap();
        }
        assert!(!is_told(catalog, &one).await && one.case(catalog).await.unwrap().0 == "waiting");
    }
}

pub(super) async fn what_is_paid_since_counts_for_the_day(catalog: &Catalog) {
    let catalog = &leading(catalog);
    let debtor = debtor(catalog).await;
    agrees(catalog, debtor.contact, &debtor.number, Category::Billing).await;
    debtor.owes(catalog, "F-231", "100.00", 0).await;
    debtor.time_comes(catalog).await;
    let mut tx = catalog.writing().await.unwrap();
    let sql = "UPDATE obligations SET state = 'paid', paid = amount WHERE customer_id = $1";
    execute!(tx, sql, debtor.customer.0).unwrap();
    tx.commit().await.unwrap();
    debtor.owes(catalog, "F-232", "50.00", 0).await;
    let (_, due) = debtor.case(catalog).await.unwrap();
    assert!(due.unwrap() > micros(morning() + Duration::hours(12)), "tomorrow");
    debtor.time_comes(catalog).await;
    assert_eq!(debtor.said(catalog, "collection").await.len(), 1, "never two on one day for one customer");
}

/// A pause holds a reminder until the next stage is due: one message leaves that day, and tells of all. One that left a day
/// later than it was said is that day's.
pub(super) async fn what_a_pause_held_is_told_with_the_next_stage(catalog: &Catalog) {
    let catalog = &leading(catalog);
    let debtor = debtor(catalog).await;
    agrees(catalog, debtor.contact, &debtor.number, Category::Billing).await;
    let first = debtor.owes(catalog, "F-271", "100.00", 0).await;
    debtor.owes(catalog, "F-272", "50.00", 4).await;
    debtor.time_comes(catalog).await;
    let catalog = &catalog.clone().with_clock(next_morning);
    debtor.time_comes(catalog).await;
    let messages = async || {
        let mut tx = catalog.reading().await.unwrap();
        let sql =
            "SELECT state, body FROM outbox WHERE contact_id = $1 AND purpose = 'collection' ORDER BY seq";
        all!(tx, (String, String), sql, debtor.contact.0).unwrap()
    };
    let said = messages().await;
    assert_eq!(said.iter().map(|(state, _)| state.as_str()).collect::<Vec<_>>(), ["withdrawn", "queued"]);
    assert!(said[0].1.contains("F-271") && !said[0].1.contains("F-272"), "{said:?}");
    assert!(said[1].1.contains("F-271") && said[1].1.contains("F-272"), "nothing is lost: {said:?}");
    assert_eq!(now_of(catalog, first.id).await.reminders, 1, "and it is counted as told of once");
    assert!(catalog.message_ledger(now()).await.unwrap().balanced);

    // It waits in its turn until the day after, and leaves before that day's is said.
    let third = debtor.owes(catalog, "F-273", "9.00", 5).await;
    let mut tx = catalog.writing().await.unwrap();
    let sql = "UPDATE outbox SET state = 'delivered', sent_at = $2 WHERE contact_id = $1 AND state = 'queued' \
         AND purpose = 'collection'";
    let left = micros(third_morning() - Duration::HOUR);
    assert_eq!(execute!(tx, sql, debtor.contact.0, left).unwrap(), 1);
    tx.commit().await.unwrap();
    let catalog = &catalog.clone().with_clock(third_morning);
    debtor.time_comes(catalog).await;
    assert_eq!(messages().await.len(), 2, "never two on one day");
    assert_eq!(now_of(catalog, third.id).await.reminders, 0);
    let (_, due) = debtor.case(catalog).await.unwrap();
    assert!(due.unwrap() > micros(third_morning() + Duration::hours(12)), "tomorrow");
    assert!(catalog.message_ledger(now()).await.unwrap().balanced);
}

/// Two of a customer's who agreed at one moment have a case each, and both are due: one of them is reminded.
pub(super) async fn two_of_a_customers_are_not_both_reminded(catalog: &Catalog) {
    let catalog = &leading(catalog);
    let (debtor, other) = (debtor(catalog).await, debtor(catalog).await);
    agrees(catalog, debtor.contact, &debtor.number, Category::Billing).await;
    debtor.owes(catalog, "F-241", "100.00", 0).await;
    let mine = cases_of(catalog, debtor.contact).await.into_iter().rfind(|c| c.1 == "collection");
    let (case, ..) = mine.expect("an open one");
    let (twin, past) = (CaseId::generate(), micros(morning() - Duration::SECOND));
    let mut tx = catalog.writing().await.unwrap();
    let sql = "UPDATE contacts SET customer_id = $2 WHERE id = $1";
    execute!(tx, sql, other.contact.0, debtor.customer.0).unwrap();
    execute!(tx, "UPDATE cases SET due_at = $2, task_at = $2 WHERE id = $1", case.0, past).unwrap();
    let sql = "INSERT INTO cases (id, contact_id, phone_number_id, kind, subject, state, expects, due_at, memory, \
         policy, policy_version, created_at, updated_at) SELECT $2, $3, phone_number_id, kind, subject, state, expects, \
         due_at, memory, policy, policy_version, created_at, updated_at FROM cases WHERE id = $1";
    execute!(tx, sql, case.0, twin.0, other.contact.0).unwrap();
    tx.commit().await.unwrap();
    let mut busy = catalog.writing().await.unwrap();
    let sql = "UPDATE obligations SET updated_at = updated_at WHERE customer_id = $1";
    assert_eq!(execute!(busy, sql, debtor.customer.0).unwrap(), 1);
    let mut turns = tokio::task::JoinSet::new();
    for id in [case, twin] {
        let catalog = catalog.clone();
        turns.spawn(async move {
            loop {
                match catalog.case_turn(id).await {
                    // It comes again, as its task would.
                    Err(error) if error.is_contention() => {}
                    turn => break turn.unwrap(),
                }
            }
        });
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    }
    busy.commit().await.unwrap();
    turns.join_all().await;
    let said = [debtor.said(catalog, "collection").await, other.said(catalog, "collection").await].concat();
    assert_eq!(said.len(), 1, "never two on one day for one customer: {said:?}");
}

/// One of a customer's has their case, and another is named for a new bill: whoever comes to the two the other way round
/// waits for nobody.
pub(super) async fn whoever_schedules_holds_one_contact(catalog: &Catalog) {
    let catalog = &leading(catalog);
    let (debtor, other) = (debtor(catalog).await, debtor(catalog).await);
    agrees(catalog, debtor.contact, &debtor.number, Category::Billing).await;
    agrees(catalog, other.contact, &other.number, Category::Billing).await;
    debtor.owes(catalog, "F-261", "100.00", 3).await;
    let new = NewObligation {
        customer: debtor.customer,
        number: "F-262".into(),
        amount: "50.00".parse().unwrap(),
        currency: "EUR".into(),
        due: (morning() + Duration::days(3)).date(),
        contact: Some(other.contact),
        phone_number_id: None,
        document: None,
    };
    let touch = "UPDATE contacts SET updated_at = updated_at WHERE id = $1";
    let mut busy = catalog.writing().await.unwrap();
    assert_eq!(execute!(busy, touch, other.contact.0).unwrap(), 1);
    let owing = tokio::spawn({
        let catalog = catalog.clone();
        async move { catalog.add_obligation(&Access::new(true), &new, "key:erp").await.unwrap() }
    });
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    assert_eq!(execute!(busy, touch, debtor.contact.0).unwrap(), 1);
    busy.commit().await.unwrap();
    assert!(matches!(owing.await.unwrap(), Owing::Added(_)));
    assert_eq!(debtor.case(catalog).await.unwrap().0, "waiting");
    assert_eq!(other.case(catalog).await, None, "one case a customer");
}

pub(super) async fn a_reminder_that_never_left_has_a_person(catalog: &Catalog) {
    let catalog = &leading(catalog);
    let debtor = debtor(catalog).await;
    agrees(catalog, debtor.contact, &debtor.number, Category::Billing).await;
    debtor.owes(catalog, "F-211", "100.00", 0).await;
    debtor.time_comes(catalog).await;
    assert_eq!(debtor.case(catalog).await.unwrap().0, "waiting");
    let mut tx = catalog.reading().await.unwrap();
    let sql = "SELECT id FROM outbox WHERE contact_id = $1 AND purpose = 'collection'";
    let (reminder,) = one!(tx, (Uuid,), sql, debtor.contact.0).unwrap();
    drop(tx);
    let why = "it could not be sent in time";
    catalog.reply_failed(OutboxId(reminder), "message_expired", why).await.unwrap();
    assert_eq!(debtor.case(catalog).await.unwrap().0, "human", "it counted as said, and nobody heard it");
    assert!(catalog.message_ledger(now()).await.unwrap().balanced);
}

pub(super) async fn a_receipt_pays_only_once_a_person_says_so(catalog: &Catalog) {
    let catalog = &leading(catalog);
    let us =
        NewEntity { name: "Nosotros".into(), tax_ids: vec!["B-12345678".into()], ..NewEntity::default() };
    catalog.save_entity(None, &us, "cli").await.unwrap();
    let debtor = debtor(catalog).await;
    agrees(catalog, debtor.contact, &debtor.number, Category::Billing).await;
    let bills = [("F-301", "100.00"), ("F-302", "150.00"), ("F-303", "200.00")];
    let mut owed = Vec::new();
    for (number, amount) in bills {
        owed.push(debtor.owes(catalog, number, amount, 2).await.id);
    }
    let everything = Access::new(true);
    // One slip for two of them: held, and with a person, and nobody is thanked yet.
    let slip = debtor.pays(catalog, "250.00", &Uuid::now_v7().to_string(), "transferencia").await;
    for id in &owed[..2] {
        let one = now_of(catalog, *id).await;
        assert_eq!((one.state, one.paid.as_str()), (ObligationState::Held, "0.00"));
        assert_eq!(one.payments[0].doubts, ["cap"], "by default nothing settles by itself");
    }
    assert_eq!(now_of(catalog, owed[2]).await.state, ObligationState::Open);
    assert_eq!(debtor.case(catalog).await.unwrap().0, "human");
    let mine = CaseFilter {
        contact: Some(debtor.contact),
        kind: Some("collection".into()),
        ..CaseFilter::default()
    };
    assert_eq!(catalog.cases(&everything, &mine, 9).await.unwrap()[0].documents, [slip]);
    assert!(debtor.said(catalog, "paid").await.is_empty());
    let confirm = async |id, document| {
        catalog.settle_receipt(&everything, (id, document), Verdict::Pays, "user:eva").await.unwrap()
    };
    assert_eq!(confirm(owed[2], slip).await, Settled::Missing);
    assert_eq!(confirm(owed[0], slip).await, Settled::Done);
    assert_eq!(confirm(owed[1], slip).await, Settled::Over, "one key settles the whole receipt, once");
    for (id, paid) in [(owed[0], "100.00"), (owed[1], "150.00")] {
        let one = now_of(catalog, id).await;
        assert_eq!((one.state, one.paid.as_str()), (ObligationState::Paid, paid));
    }
    let thanks = debtor.said(catalog, "paid").await;
    assert!(thanks.len() == 1 && thanks[0].contains("F-301, F-302"), "{thanks:?}");
    assert_eq!(debtor.case(catalog).await.unwrap().0, "waiting", "what is left is still reminded of");

    // The receipt is reopened: what it paid is owed again, in the same transaction.
    let document = catalog.document(slip).await.unwrap().unwrap();
    let mut tx = catalog.writing().await.unwrap();
    crate::events::tell(&mut tx, "document.in_review", document.id, serde_json::json!({})).await.unwrap();
    tx.commit().await.unwrap();
    let one = now_of(catalog, owed[0]).await;
    assert_eq!((one.state, one.paid.as_str()), (ObligationState::Open, "0.00"));
    assert_eq!(one.payments[0].state, "undone");

    // A wrong amount, a reference that was used, and what a person refuses.
    let reference = Uuid::now_v7().to_string();
    let wrong = debtor.pays(catalog, "190.00", &reference, "pago F-303").await;
    assert_eq!(now_of(catalog, owed[2]).await.payments[0].doubts, ["amount", "cap"]);
    let refused = catalog.settle_receipt(&everything, (owed[2], wrong), Verdict::Refused, "user:eva").await;
    assert_eq!(refused.unwrap(), Settled::Done);
    assert_eq!(now_of(catalog, owed[2]).await.state, ObligationState::Open);
    let other = debtor_of(catalog, &debtor).await;
    let used = debtor.pays(catalog, "200.00", &reference, "pago F-303").await;
    let _still = confirm(owed[2], used).await;
    assert_eq!(now_of(catalog, owed[2]).await.state, ObligationState::Paid);
    other.owes(catalog, "G-1", "200.00", 2).await;
    let stolen = other.pays(catalog, "200.00", &reference, "pago G-1").await;
    let theirs = catalog
        .obligations(
            &everything,
            &crate::obligations::ObligationFilter { customer: Some(other.customer), ..Default::default() },
            9,
        )
        .await
        .unwrap();
    let doubts = &theirs[0].payments.iter().find(|p| p.document_id == stolen).unwrap().doubts;
    assert!(doubts.contains(&"reference".to_owned()), "whoever used it before: {doubts:?}");
    assert!(catalog.message_ledger(now()).await.unwrap().balanced);
}

pub(super) async fn three_bills_are_paid_by_one_slip_or_by_two(catalog: &Catalog) {
    use ObligationState::{Held, Open, Paid};
    let catalog = &leading(catalog);
    let us = NewEntity { name: "Nos".into(), tax_ids: vec!["B-12345678".into()], ..NewEntity::default() };
    catalog.save_entity(None, &us, "cli").await.unwrap();
    let everything = Access::new(true);
    let settles = async |id: ObligationId, slip, pays| {
        let verdict = if pays { Verdict::Pays } else { Verdict::Refused };
        catalog.settle_receipt(&everything, (id, slip), verdict, "user:eva").await.unwrap()
    };
    let owing = async || {
        let debtor = debtor(catalog).await;
        agrees(catalog, debtor.contact, &debtor.number, Category::Billing).await;
        let mut owed = Vec::new();
        for (number, amount) in [("F-501", "100.00"), ("F-502", "150.00"), ("F-503", "200.00")] {
            owed.push(debtor.owes(catalog, number, amount, 2).await.id);
        }
        (debtor, owed)
    };
    let states = async |owed: &[ObligationId]| {
        let mut all = Vec::new();
        for id in owed {
            all.push(now_of(catalog, *id).await.state);
        }
        all
    };
    let (debtor, owed) = owing().await;
    let slip = debtor.pays(catalog, "450.00", &Uuid::now_v7().to_string(), "transferencia").await;
    assert_eq!(states(&owed).await, [Held, Held, Held], "one slip for all of them");
    assert_eq!(settles(owed[1], slip, true).await, Settled::Done);
    assert_eq!(states(&owed).await, [Paid, Paid, Paid]);
    let thanks = debtor.said(catalog, "paid").await;
    assert!(thanks.len() == 1 && thanks[0].contains("F-501, F-502, F-503"), "{thanks:?}");
    assert_eq!(debtor.case(catalog).await.unwrap().0, "done");

    // Two slips wait for a person at once, and one of a bill that the other pays too.
    let (debtor, owed) = owing().await;
    let two = debtor.pays(catalog, "250.00", &Uuid::now_v7().to_string(), "F-501 F-502").await;
    let third = debtor.pays(catalog, "200.00", &Uuid::now_v7().to_string(), "F-503").await;
    let again = debtor.pays(catalog, "150.00", &Uuid::now_v7().to_string(), "F-502").await;
    assert_eq!(states(&owed).await, [Held, Held, Held]);
    assert_eq!(settles(owed[2], third, false).await, Settled::Done);
    assert_eq!(states(&owed).await, [Held, Held, Open], "that one was not it");
    assert_eq!(settles(owed[1], again, true).await, Settled::Done);
    assert_eq!(states(&owed).await, [Held, Paid, Open]);
    assert_eq!(debtor.case(catalog).await.unwrap().0, "human", "a slip waits still");
    assert_eq!(settles(owed[0], two, true).await, Settled::Done);
    assert_eq!(states(&owed).await, [Paid, Paid, Open]);
    let both = now_of(catalog, owed[1]).await;
    assert_eq!(both.paid, "150.00", "nothing is paid twice: {both:?}");
    assert_eq!(debtor.case(catalog).await.unwrap().0, "waiting", "what is left is reminded of");
    // One of them is taken up again: what the other paid stays paid, whichever was settled first.
    let taken_up = async |slip: DocumentId| {
        let mut tx = catalog.writing().await.unwrap();
        crate::events::tell(&mut tx, "document.in_review", slip, serde_json::json!({})).await.unwrap();
        tx.commit().await.unwrap();
    };
    taken_up(again).await;
    assert_eq!(states(&owed).await, [Paid, Paid, Open]);
    let one = now_of(catalog, owed[1]).await;
    assert_eq!(one.paid, "150.00", "by the second of them: {one:?}");
    taken_up(two).await;
    assert_eq!(states(&owed).await, [Open, Open, Open], "and of none");
    assert!(catalog.message_ledger(now()).await.unwrap().balanced);
}

/// What stands between a receipt and an obligation: its share, its doubts, and what came.
async fn between(catalog: &Catalog, id: ObligationId, slip: DocumentId) -> (String, Vec<String>, String) {
    let one = now_of(catalog, id).await;
    let payment = one.payments.into_iter().find(|p| p.document_id == slip).expect("it is proposed");
    let came = [payment.came_amount, payment.came_currency].into_iter().flatten().collect::<Vec<_>>();
    (payment.amount, payment.doubts, came.join(" "))
}

pub(super) async fn a_slip_in_another_currency_is_a_persons(catalog: &Catalog) {
    use ObligationState::{Held, Open, Paid};
    let catalog = &leading(catalog);
    let us = NewEntity { name: "Nos".into(), tax_ids: vec!["B-12345678".into()], ..NewEntity::default() };
    catalog.save_entity(None, &us, "cli").await.unwrap();
    rules(catalog, "cap\t5000 USD\ncap\t5000 EUR\n").await;
    let everything = Access::new(true);
    let says =
        async |about, verdict| catalog.settle_receipt(&everything, about, verdict, "user:eva").await.unwrap();
    let new = || Uuid::now_v7().to_string();
    for (came, doubt, shown) in [
        ((Some("108.00"), Some("USD")), "currency", "108.00 USD"),
        ((Some("100.00"), Some("usd")), "currency", "100.00 USD"),
        ((Some("100.00"), None), "currency", "100.00"),
        ((None, Some("EUR")), "amount", "EUR"),
        ((None, None), "currency", ""),
    ] {
        let debtor = debtor(catalog).await;
        agrees(catalog, debtor.contact, &debtor.number, Category::Billing).await;
        let owed = debtor.owes(catalog, "F-701", "100.00", 2).await.id;
        let other = debtor.owes(catalog, "F-702", "70.00", 2).await.id;
        let slip = debtor.pays_in(catalog, came, &new(), "transferencia F-701").await;
        let one = now_of(catalog, owed).await;
        assert_eq!((one.state, one.paid.as_str()), (Held, "0.00"), "{came:?}: it is held, and not paid");
        assert!(one.payments[0].needs_amount, "{one:?}");
        assert_eq!(
            between(catalog, owed, slip).await,
            ("0.00".to_owned(), vec![doubt.to_owned()], shown.to_owned())
        );
        assert_eq!(now_of(catalog, other).await.state, Open, "what it does not name is reminded of");
        assert_eq!(debtor.case(catalog).await.unwrap().0, "human", "{came:?}");
        assert!(debtor.said(catalog, "paid").await.is_empty(), "nobody is thanked yet");

        // One key says nothing of how much it is.
        assert_eq!(says((owed, slip), Verdict::Pays).await, Settled::NeedsAmount);
        assert_eq!(says((owed, slip), Verdict::PaysOf(Amount::ZERO)).await, Settled::TakesNoAmount);
        assert_eq!(now_of(catalog, owed).await.state, Held);
        let part = Verdict::PaysOf("95.50".parse().unwrap());
        assert_eq!(says((owed, slip), part).await, Settled::Done);
        let one = now_of(catalog, owed).await;
        assert_eq!((one.state, one.paid.as_str()), (Open, "95.50"), "the rest is owed");
        assert_eq!(debtor.said(catalog, "paid").await.len(), 1);
        assert_eq!(debtor.case(catalog).await.unwrap().0, "waiting");
        let rest = debtor.pays(catalog, "4.50", &new(), "F-701").await;
        assert_eq!(says((owed, rest), part).await, Settled::Over, "that one settled by itself");
        assert_eq!(now_of(catalog, owed).await.state, Paid);
    }

    // One that names nothing and was paid to us may be for anything: each is said by itself, or none is it.
    let debtor = debtor(catalog).await;
    agrees(catalog, debtor.contact, &debtor.number, Category::Billing).await;
    let mut owed = Vec::new();
    for (number, amount) in [("F-711", "100.00"), ("F-712", "150.00")] {
        owed.push(debtor.owes(catalog, number, amount, 2).await.id);
    }
    let states = async || [now_of(catalog, owed[0]).await.state, now_of(catalog, owed[1]).await.state];
    let slip = debtor.pays_in(catalog, (Some("270.00"), Some("USD")), &new(), "wire").await;
    assert_eq!(states().await, [Held, Held]);
    assert_eq!(says((owed[1], slip), Verdict::PaysOf("150.00".parse().unwrap())).await, Settled::Done);
    assert_eq!(states().await, [Held, Paid]);
    assert_eq!(debtor.case(catalog).await.unwrap().0, "human", "of the other nothing is said yet");
    assert_eq!(says((owed[0], slip), Verdict::Refused).await, Settled::Done);
    assert_eq!(states().await, [Open, Paid]);
    assert_eq!(debtor.case(catalog).await.unwrap().0, "waiting");
    let gives_back = debtor.pays_in(catalog, (Some("-20.00"), Some("USD")), &new(), "F-711").await;
    assert!(now_of(catalog, owed[0]).await.payments.iter().all(|p| p.document_id != gives_back));
    rules(catalog, "").await;
    assert!(catalog.message_ledger(now()).await.unwrap().balanced);
}

pub(super) async fn two_receipts_at_once_both_count(catalog: &Catalog) {
    let catalog = &leading(catalog);
    let everything = Access::new(true);
    let debtor = debtor(catalog).await;
    agrees(catalog, debtor.contact, &debtor.number, Category::Billing).await;
    let owed = debtor.owes(catalog, "F-601", "100.00", 2).await.id;
    let slips = [
        debtor.pays(catalog, "40.00", &Uuid::now_v7().to_string(), "F-601").await,
        debtor.pays(catalog, "60.00", &Uuid::now_v7().to_string(), "F-601").await,
    ];
    let settles =
        slips.map(|slip| catalog.settle_receipt(&everything, (owed, slip), Verdict::Pays, "user:eva"));
    let [first, second] = settles;
    let (first, second) = tokio::join!(first, second);
    assert_eq!((first.unwrap(), second.unwrap()), (Settled::Done, Settled::Done));
    let one = now_of(catalog, owed).await;
    assert_eq!((one.state, one.paid.as_str()), (ObligationState::Paid, "100.00"), "{one:?}");
}

/// Somebody else who owes us.
async fn debtor_of(catalog: &Catalog, _not: &Debtor) -> Debtor {
    let other = debtor(catalog).await;
    agrees(catalog, other.contact, &other.number, Category::Billing).await;
    other
}

pub(super) async fn a_stop_in_the_middle_ends_what_reminds(catalog: &Catalog) {
    let catalog = &leading(catalog);
    let debtor = debtor(catalog).await;
    agrees(catalog, debtor.contact, &debtor.number, Category::Billing).await;
    debtor.owes(catalog, "F-401", "10.00", 1).await;
    super::cases::writes(catalog, &debtor.sample, "BAJA").await;
    assert_eq!(debtor.case(catalog).await.unwrap().0, "stopped");
    debtor.owes(catalog, "F-402", "10.00", 1).await;
    assert_eq!(debtor.case(catalog).await.unwrap().0, "stopped", "nothing begins after a stop");
    assert!(debtor.said(catalog, "collection").await.is_empty());
    assert_eq!(debtor.said(catalog, "stopped").await.len(), 1);
}
