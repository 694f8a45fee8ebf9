//! Promises of reminders: who is reminded of what is owed, when, and in one message a day.

use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::{Debtor, agrees, debtor, leading, morning, now_of};
use crate::{
    Access, Catalog, ContactId,
    access::Bound,
    cases::{Act, Acted, UNBILLED},
    conformance::{
        cases::{cases_of, filed, sends, writes},
        given::fresh,
        house::rules,
    },
    consents::Category,
    entities::NewEntity,
    incidents::IncidentState,
    names::{OutboxId, micros, now},
    obligations::{NewObligation, Owing, Settled},
};

/// The same time of the next day, and of the one after.
pub(super) fn next_morning() -> OffsetDateTime {
    morning() + Duration::DAY
}

fn third_morning() -> OffsetDateTime {
    next_morning() + Duration::DAY
}

/// A key that is bound to one customer has nobody else's people reminded.
pub(in crate::conformance) async fn who_is_bound_has_only_their_own_reminded(catalog: &Catalog) {
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

/// What is handed in without a number of ours is reminded of from that of the firm whose bill it is.
pub(in crate::conformance) async fn what_is_handed_in_comes_from_the_firms_number(catalog: &Catalog) {
    let catalog = &leading(catalog);
    let debtor = debtor(catalog).await;
    let firm =
        NewEntity { name: fresh("firm"), phone_number_ids: vec![fresh("number")], ..NewEntity::default() };
    let ours = catalog.save_entity(None, &firm, "user:ana").await.unwrap().expect("added");
    let bill = sends(catalog, &debtor.sample, 1).await[0];
    filed(catalog, bill).await;
    let mut tx = catalog.writing().await.unwrap();
    let sql = "UPDATE documents SET customer_id = $2, entity_id = $3, direction = 'receivable' WHERE id = $1";
    execute!(tx, sql, bill.0, debtor.customer.0, ours.id.0).unwrap();
    tx.commit().await.unwrap();
    for number in [&firm.phone_number_ids[0], &debtor.number] {
        agrees(catalog, debtor.contact, number, Category::Billing).await;
    }
    let new = NewObligation {
        customer: debtor.customer,
        number: "F-208".into(),
        amount: "10.00".parse().unwrap(),
        currency: "EUR".into(),
        due: (morning() + Duration::days(12)).date(),
        contact: None,
        phone_number_id: None,
        document: Some(bill),
    };
    let added = catalog.add_obligation(&Access::new(true), &new, "key:erp").await.unwrap();
    assert!(matches!(added, Owing::Added(_)), "{added:?}");
    let mut tx = catalog.reading().await.unwrap();
    let sql = "SELECT phone_number_id FROM cases WHERE kind = 'collection' AND subject = $1";
    let (from,) = one!(tx, (String,), sql, debtor.customer.0.to_string()).unwrap();
    assert_eq!(from, firm.phone_number_ids[0]);
}

/// A person gives a collection back: its next stage is looked for at once, and not when a question would be asked again.
pub(in crate::conformance) async fn what_is_given_back_goes_on_at_once(catalog: &Catalog) {
    let catalog = &leading(catalog);
    rules(catalog, "").await;
    let debtor = debtor(catalog).await;
    agrees(catalog, debtor.contact, &debtor.number, Category::Billing).await;
    debtor.owes(catalog, "F-207", "10.00", 12).await;
    let before = debtor.case(catalog).await.unwrap();
    assert_eq!(before.0, "waiting");
    let everything = Access::new(true);
    let (id, ..) =
        cases_of(catalog, debtor.contact).await.into_iter().rfind(|c| c.1 == "collection").unwrap();
    for act in [Act::Assign { to: Some("eva".into()), team: None }, Act::Return] {
        let version = catalog.case(&everything, id).await.unwrap().unwrap().version;
        let acted = catalog.act_on_case(&everything, id, version, "eva", &act).await.unwrap();
        assert!(matches!(acted, Acted::Done(_)), "{acted:?}");
    }
    assert_eq!(debtor.case(catalog).await.unwrap(), before, "three days before it is due");
}

pub(in crate::conformance) async fn who_owes_is_reminded_in_one_message_and_then_a_person_has_it(
    catalog: &Catalog,
) {
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

pub(in crate::conformance) async fn what_is_owed_goes_on_by_the_rules_of_now(catalog: &Catalog) {
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

pub(in crate::conformance) async fn who_agrees_later_is_reminded_of_what_is_owed_already(catalog: &Catalog) {
    let catalog = &leading(catalog);
    let debtor = debtor(catalog).await;
    debtor.owes(catalog, "F-221", "100.00", 0).await;
    assert_eq!(debtor.case(catalog).await, None);
    agrees(catalog, debtor.contact, &debtor.number, Category::Billing).await;
    assert_eq!(debtor.case(catalog).await.unwrap().0, "waiting");
    debtor.time_comes(catalog).await;
    writes(catalog, &debtor.sample, "BAJA").await;
    assert_eq!(debtor.case(catalog).await.unwrap().0, "stopped");
    writes(catalog, &debtor.sample, "ALTA").await;
    let (state, due) = debtor.case(catalog).await.unwrap();
    assert_eq!(state, "waiting", "whoever comes back owes it still");
    assert!(due.unwrap() > micros(morning() + Duration::hours(12)), "and was reminded today");
    assert_eq!(debtor.said(catalog, "collection").await.len(), 1);
}

/// Whether a person was told that nobody may be reminded of what they owe.
pub(super) async fn is_told(catalog: &Catalog, debtor: &Debtor) -> bool {
    let open = catalog.incidents(Some(IncidentState::Open), None, 500).await.unwrap();
    open.iter().any(|i| i.kind == UNBILLED && i.subject == debtor.customer.to_string())
}

pub(in crate::conformance) async fn what_nobody_may_be_reminded_of_is_told(catalog: &Catalog) {
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
    writes(catalog, &one.sample, "BAJA").await;
    catalog.look_for_unbilled().await.unwrap();
    assert!(is_told(catalog, &one).await && one.case(catalog).await.unwrap().0 == "stopped");
    writes(catalog, &one.sample, "ALTA").await;
    assert!(!is_told(catalog, &one).await && one.case(catalog).await.unwrap().0 == "waiting");
    writes(catalog, &one.sample, "BAJA").await;
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

pub(in crate::conformance) async fn what_is_paid_since_counts_for_the_day(catalog: &Catalog) {
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
pub(in crate::conformance) async fn what_a_pause_held_is_told_with_the_next_stage(catalog: &Catalog) {
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

pub(in crate::conformance) async fn a_reminder_that_never_left_has_a_person(catalog: &Catalog) {
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

pub(in crate::conformance) async fn a_stop_in_the_middle_ends_what_reminds(catalog: &Catalog) {
    let catalog = &leading(catalog);
    let debtor = debtor(catalog).await;
    agrees(catalog, debtor.contact, &debtor.number, Category::Billing).await;
    debtor.owes(catalog, "F-401", "10.00", 1).await;
    writes(catalog, &debtor.sample, "BAJA").await;
    assert_eq!(debtor.case(catalog).await.unwrap().0, "stopped");
    debtor.owes(catalog, "F-402", "10.00", 1).await;
    assert_eq!(debtor.case(catalog).await.unwrap().0, "stopped", "nothing begins after a stop");
    assert!(debtor.said(catalog, "collection").await.is_empty());
    assert_eq!(debtor.said(catalog, "stopped").await.len(), 1);
}
