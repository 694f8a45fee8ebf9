//! Promises of notices: only who agreed gets one, once a key, and how each ends is told.

mod held;

use acuse_conversation::Policies;
use acuse_whatsapp::template::{Takes, Unfit};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::{
    cases::{contact_of, leading, sends},
    channel,
    door::Sample,
    given::{has_template, says, template},
};
use crate::{
    Access, Catalog, ContactId,
    accounts::Template,
    cases::{Act, Acted, CaseFilter, Templated},
    consents::{Category, Word},
    events::{EventFilter, Followed},
    names::{micros, now},
    notices::{NewNotice, Notice, NoticeFilter, NoticeState, Noticed},
    numbers::{About, Direction},
    outbox::{HeldFor, NextReply, OutboxMessage, TOO_LATE},
};

use held::decided;
pub(super) use held::{
    BEFORE_TIERS, a_notice_is_held_to_what_its_template_is_by_now,
    a_number_reaches_no_more_people_in_a_day_than_its_tier, count_for_their_tier,
    were_written_to_first_before, what_meta_assesses_says_so_until_it_is_delivered,
    who_writes_waits_for_no_tier,
};

fn numbered(places: usize) -> Takes {
    Takes { body: (1..=places).map(|n| n.to_string()).collect(), ..Takes::default() }
}

async fn approved(catalog: &Catalog, number: &str, name: &str, status: &str) {
    approved_of(catalog, (number, &format!("waba-{number}")), name, status).await;
}

/// The account of a number has this template.
pub(super) async fn approved_of(
    catalog: &Catalog,
    (number, account): (&str, &str),
    name: &str,
    status: &str,
) {
    let takes = if name == "order_sent" { numbered(2) } else { numbered(1) };
    let template = Template { status: status.into(), ..template(name, takes) };
    has_template(catalog, (number, account), template).await;
}

async fn agrees(catalog: &Catalog, contact: ContactId, number: &str, word: Word) {
    says(catalog, contact, number, (Category::Utility, word)).await;
}

/// One of an order that was sent.
pub(super) fn notice(contact: ContactId, key: &str) -> NewNotice {
    NewNotice {
        contact,
        phone_number_id: None,
        template: "order_sent".into(),
        language: None,
        params: vec!["Ana".into(), "77".into()],
        header: None,
        buttons: Vec::new(),
        category: Category::Utility,
        idempotency_key: key.into(),
        not_before: None,
        expires_at: None,
    }
}

async fn hand_in(catalog: &Catalog, new: &NewNotice) -> Noticed {
    let everything = Access::new(true);
    let all = catalog.queue_notices(&everything, std::slice::from_ref(new), None, "key:shop").await.unwrap();
    all.into_iter().next().unwrap()
}

async fn stands(catalog: &Catalog, of: &Notice) -> (NoticeState, Option<String>) {
    let now = catalog.notice(&Access::new(true), of.id).await.unwrap().unwrap();
    (now.state, now.error)
}

/// The message of a notice, in the hands of a worker.
pub(super) async fn in_hand(catalog: &Catalog, contact: ContactId) -> OutboxMessage {
    let mut tx = catalog.writing().await.unwrap();
    let past = micros(catalog.now() - Duration::SECOND);
    execute!(
        tx,
        "UPDATE outbox SET not_before = $2 WHERE contact_id = $1 AND purpose = 'notice'",
        contact.0,
        past
    )
    .unwrap();
    tx.commit().await.unwrap();
    loop {
        match super::road::next_of(catalog, contact, std::time::Duration::from_secs(60)).await {
            NextReply::Send(message) if message.payload.named.is_some() => return *message,
            NextReply::Send(other) => catalog.reply_withdrawn(other.id, "not of this test").await.unwrap(),
            other => panic!("{other:?}"),
        }
    }
}

async fn status(catalog: &Catalog, wamid: &str, status: &str) {
    channel::status(catalog, wamid, None, status, None).await;
}

/// Kinds of the events that told of a notice.
async fn told(catalog: &Catalog, of: &Notice) -> Vec<String> {
    let kinds = ["delivered", "read", "failed", "expired", "withdrawn"].map(|end| format!("notice.{end}"));
    let filter = EventFilter { kinds: kinds.to_vec() };
    let Followed::Page { events, .. } = catalog.follow(None, &filter, 1_000).await.unwrap() else {
        panic!("ours")
    };
    let id = of.id.to_string();
    events.into_iter().filter(|e| e.data["notice_id"] == id).map(|e| e.kind).collect()
}

pub(super) async fn only_who_agreed_gets_one_and_its_end_is_told(catalog: &Catalog) {
    let catalog = &leading(catalog);
    let sample = Sample::new();
    let id = sends(catalog, &sample, 1).await[0];
    let contact = contact_of(catalog, id).await;
    let number = catalog.document(id).await.unwrap().unwrap().phone_number_id.unwrap();
    let key = || Uuid::now_v7().to_string();
    assert_eq!(hand_in(catalog, &notice(ContactId::generate(), &key())).await, Noticed::NoContact);
    assert_eq!(
        hand_in(catalog, &notice(contact, &key())).await,
        Noticed::NoConsent,
        "a contact starts with none"
    );
    agrees(catalog, contact, &number, Word::Granted).await;
    let unapproved =
        NewNotice { template: format!("none_{}", Uuid::now_v7().simple()), ..notice(contact, &key()) };
    assert_eq!(hand_in(catalog, &unapproved).await, Noticed::NoTemplate);
    approved(catalog, &number, "order_sent", "APPROVED").await;
    let short = NewNotice { params: vec!["Ana".into()], ..notice(contact, &key()) };
    assert_eq!(hand_in(catalog, &short).await, Noticed::Unfit(Unfit::Body(2)), "before anything is queued");
    let headed = NewNotice { header: Some("77".into()), ..notice(contact, &key()) };
    assert_eq!(hand_in(catalog, &headed).await, Noticed::Unfit(Unfit::NoHeader));
    let pressed = NewNotice { buttons: vec!["o/77".into()], ..notice(contact, &key()) };
    assert_eq!(hand_in(catalog, &pressed).await, Noticed::Unfit(Unfit::Buttons(0)));
    let over = NewNotice { expires_at: Some(now() - Duration::SECOND), ..notice(contact, &key()) };
    assert_eq!(hand_in(catalog, &over).await, Noticed::TooLate);

    let first = key();
    let Noticed::Queued(queued) = hand_in(catalog, &notice(contact, &first)).await else { panic!("it goes") };
    let Noticed::Before(again) = hand_in(catalog, &notice(contact, &first)).await else { panic!("the same") };
    assert_eq!(queued.id, again.id);
    let other = NewNotice { params: vec!["Luis".into()], ..notice(contact, &first) };
    assert_eq!(hand_in(catalog, &other).await, Noticed::OtherKey);
    let message = in_hand(catalog, contact).await;
    assert_eq!((message.category.as_deref(), message.payload.parameters.len()), (Some("utility"), 2));
    let wamid = format!("wamid.{}", Uuid::now_v7());
    catalog.reply_sent(message.id, &wamid).await.unwrap();
    // Before it is marked as leaving it cannot have been sent; the mark is dispatch's.
    assert!(matches!(stands(catalog, &queued).await.0, NoticeState::Queued | NoticeState::Sent));
    status(catalog, &wamid, "delivered").await;
    assert_eq!(stands(catalog, &queued).await, (NoticeState::Delivered, None));
    status(catalog, &wamid, "read").await;
    status(catalog, &wamid, "delivered").await;
    assert_eq!(stands(catalog, &queued).await.0, NoticeState::Read);
    assert_eq!(told(catalog, &queued).await, ["notice.delivered", "notice.read"]);

    for (end, state) in
        [("failed", NoticeState::Failed), ("late", NoticeState::Expired), ("out", NoticeState::Withdrawn)]
    {
        let Noticed::Queued(queued) = hand_in(catalog, &notice(contact, &key())).await else {
            panic!("it goes")
        };
        let message = in_hand(catalog, contact).await;
        match end {
            "failed" => catalog.reply_failed(message.id, "message_failed", "no such number").await.unwrap(),
            "late" => catalog.reply_withdrawn(message.id, TOO_LATE).await.unwrap(),
            _ => catalog.reply_withdrawn(message.id, "opted out").await.unwrap(),
        }
        let (is, error) = stands(catalog, &queued).await;
        assert_eq!((is, error.as_deref()), (state, (end == "failed").then_some("no such number")));
        assert_eq!(told(catalog, &queued).await, [format!("notice.{state}")]);
    }
    // What waits to see who goes by a new name goes once they agree.
    let Noticed::Queued(_) = hand_in(catalog, &notice(contact, &key())).await else { panic!("it goes") };
    let message = in_hand(catalog, contact).await;
    let tomorrow = now() + Duration::DAY;
    catalog.reply_postponed(message.id, tomorrow, Some(HeldFor::Confirmation)).await.unwrap();
    let held = async || {
        let mut tx = catalog.reading().await.unwrap();
        let sql = "SELECT held_for, not_before FROM outbox WHERE id = $1";
        one!(tx, (Option<String>, Option<i64>), sql, message.id.0).unwrap()
    };
    assert_eq!(held().await, (Some("confirmation".to_owned()), Some(micros(tomorrow))));
    agrees(catalog, contact, &number, Word::Granted).await;
    assert_eq!(held().await, (None, None));
    catalog.reply_withdrawn(message.id, "not of this test").await.unwrap();
    agrees(catalog, contact, &number, Word::Withdrawn).await;
    assert_eq!(
        hand_in(catalog, &notice(contact, &key())).await,
        Noticed::NoConsent,
        "and no more after a stop"
    );
    agrees(catalog, contact, &number, Word::Granted).await;
    let recategorised = async |category: &str| {
        let mut tx = catalog.writing().await.unwrap();
        execute!(tx, "UPDATE templates SET category = $1 WHERE name = 'order_sent'", category).unwrap();
        tx.commit().await.unwrap();
    };
    recategorised("MARKETING").await;
    assert_eq!(hand_in(catalog, &notice(contact, &key())).await, Noticed::NoConsent, "as Meta takes it");
    recategorised("UTILITY").await;
    approved(catalog, &number, "order_sent", "PAUSED").await;
    assert_eq!(hand_in(catalog, &notice(contact, &key())).await, Noticed::NoTemplate);
    assert!(catalog.message_ledger(now()).await.unwrap().balanced);
}

pub(super) async fn a_person_writes_by_a_template_when_the_window_is_closed(catalog: &Catalog) {
    let catalog = &leading(catalog);
    let sample = Sample::new();
    let id = sends(catalog, &sample, 1).await[0];
    let contact = contact_of(catalog, id).await;
    let number = catalog.document(id).await.unwrap().unwrap().phone_number_id.unwrap();
    super::cases::filed(catalog, id).await;
    super::cases::time_passes(catalog, contact).await;
    super::cases::writes(catalog, &sample, "Quiero hablar con una persona").await;
    let mut tx = catalog.writing().await.unwrap();
    execute!(tx, "UPDATE windows SET last_inbound_at = 1 WHERE contact_id = $1", contact.0).unwrap();
    tx.commit().await.unwrap();
    let everything = Access::new(true);
    let mine = CaseFilter { contact: Some(contact), ..CaseFilter::default() };
    let case = catalog.cases(&everything, &mine, 9).await.unwrap().remove(0);
    let act = async |act: Act| {
        catalog.act_on_case(&everything, case.id, case.version, "user:eva", &act).await.unwrap()
    };
    let name = format!("back_{}", Uuid::now_v7().simple());
    let with = |params: &[&str]| {
        let params = params.iter().map(|text| (*text).to_owned()).collect();
        Act::Template(Templated {
            name: name.clone(),
            language: None,
            params,
            header: None,
            buttons: Vec::new(),
        })
    };
    let by = || with(&["77"]);
    let hello = Act::Reply { text: "?".into(), language: "es".into(), file: None };
    assert_eq!(act(hello).await, Acted::WindowClosed);
    assert_eq!(act(by()).await, Acted::NoTemplate);
    approved(catalog, &number, &name, "APPROVED").await;
    let picked = catalog.templates_of_number(&number).await.unwrap();
    let mine = picked.iter().find(|template| template.name == name).expect("it may be picked");
    assert_eq!((mine.language.as_str(), mine.body.as_str()), ("es", "Hola {{1}}."));
    assert_eq!(act(with(&[])).await, Acted::Unfit(Unfit::Body(1)));
    assert_eq!(act(by()).await, Acted::NoConsent);
    agrees(catalog, contact, &number, Word::Granted).await;
    // They took another number since, and nobody knows who reads there.
    let mut tx = catalog.writing().await.unwrap();
    let ahead = micros(now() + Duration::MINUTE);
    let sql = "INSERT INTO timeline (contact_id, at, event) VALUES ($1, $2, 'renamed')";
    execute!(tx, sql, contact.0, ahead).unwrap();
    tx.commit().await.unwrap();
    assert_eq!(act(by()).await, Acted::Unconfirmed);
    let mut tx = catalog.writing().await.unwrap();
    execute!(tx, "UPDATE timeline SET at = 1 WHERE contact_id = $1 AND event = 'renamed'", contact.0)
        .unwrap();
    tx.commit().await.unwrap();
    assert!(matches!(act(by()).await, Acted::Done(_)));
    assert!(matches!(act(by()).await, Acted::Changed(_)), "once");
    let held = catalog.case(&everything, case.id).await.unwrap().unwrap();
    assert_eq!((held.state.as_str(), held.assignee.as_deref()), ("human", Some("user:eva")));
    let mut tx = catalog.reading().await.unwrap();
    let sql = "SELECT payload, category, purpose FROM outbox WHERE contact_id = $1 ORDER BY seq DESC LIMIT 1";
    let (payload, category, purpose) = one!(tx, (String, String, String), sql, contact.0).unwrap();
    assert_eq!((category.as_str(), purpose.as_str()), ("utility", "reply"));
    let payload: crate::outbox::Payload = serde_json::from_str(&payload).unwrap();
    assert_eq!((payload.named, payload.parameters), (Some(name), vec!["77".to_owned()]));
}

/// Early in the afternoon in Madrid, where it is no night.
fn midday() -> OffsetDateTime {
    now().replace_time(time::macros::time!(12:00))
}

/// Three in the morning in Madrid.
fn night() -> OffsetDateTime {
    now().replace_time(time::macros::time!(2:00))
}

/// A key is used for somebody else at the very moment: it is another's, and no fault of ours.
pub(super) async fn a_key_that_is_used_for_two_at_once_is_the_firsts(catalog: &Catalog) {
    let catalog = &leading(catalog);
    let sample = Sample::new();
    let id = sends(catalog, &sample, 1).await[0];
    let contact = contact_of(catalog, id).await;
    let other = contact_of(catalog, sends(catalog, &Sample::new(), 1).await[0]).await;
    let number = catalog.document(id).await.unwrap().unwrap().phone_number_id.unwrap();
    agrees(catalog, contact, &number, Word::Granted).await;
    approved(catalog, &number, "order_sent", "APPROVED").await;
    let key = Uuid::now_v7().to_string();
    let mut busy = catalog.writing().await.unwrap();
    let sql = "INSERT INTO notices (id, contact_id, phone_number_id, template, language, idempotency_key, expires_at, \
         state, created_at) VALUES ($1, $2, $3, 'order_sent', 'es', $4, 0, 'expired', 0)";
    execute!(busy, sql, Uuid::now_v7(), other.0, number.as_str(), format!("key:shop\n{key}")).unwrap();
    let handed = tokio::spawn({
        let (catalog, new) = (catalog.clone(), notice(contact, &key));
        async move { hand_in(&catalog, &new).await }
    });
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    busy.commit().await.unwrap();
    assert_eq!(handed.await.unwrap(), Noticed::OtherKey);
    let mut tx = catalog.reading().await.unwrap();
    let sql = "SELECT COUNT(*) FROM outbox WHERE contact_id = $1 AND purpose = 'notice'";
    assert_eq!(one!(tx, (i64,), sql, contact.0).unwrap().0, 0, "and nothing is said");
}

/// What two keys call alike is two notices, and each finds its own again.
pub(super) async fn each_key_has_its_own_names_for_notices(catalog: &Catalog) {
    let catalog = &leading(catalog);
    let id = sends(catalog, &Sample::new(), 1).await[0];
    let contact = contact_of(catalog, id).await;
    let number = catalog.document(id).await.unwrap().unwrap().phone_number_id.unwrap();
    agrees(catalog, contact, &number, Word::Granted).await;
    approved(catalog, &number, "order_sent", "APPROVED").await;
    let key = Uuid::now_v7().to_string();
    let mine = notice(contact, &key);
    let theirs = NewNotice { params: vec!["Eva".into(), "78".into()], ..mine.clone() };
    let Noticed::Queued(first) = hand_in(catalog, &mine).await else { panic!("it is new") };
    assert_eq!(first.idempotency_key, key, "as they call it");
    let everything = Access::new(true);
    let other = async || {
        let mut all = catalog
            .queue_notices(&everything, std::slice::from_ref(&theirs), None, "key:other")
            .await
            .unwrap();
        all.remove(0)
    };
    let Noticed::Queued(second) = other().await else { panic!("it is another's") };
    assert_ne!(first.id, second.id);
    for (became, was) in [(hand_in(catalog, &mine).await, first.id), (other().await, second.id)] {
        let Noticed::Before(before) = became else { panic!("{became:?}") };
        assert_eq!(before.id, was);
    }
    assert_eq!(hand_in(catalog, &theirs).await, Noticed::OtherKey);
    // What was there before says whose it is by who made it.
    let mut tx = catalog.writing().await.unwrap();
    let sql = "UPDATE notices SET idempotency_key = client_key, client_key = NULL WHERE id = $1";
    execute!(tx, sql, first.id.0).unwrap();
    tx.commit().await.unwrap();
    let Noticed::Before(before) = hand_in(catalog, &mine).await else { panic!("it is known") };
    assert_eq!((before.id, before.idempotency_key), (first.id, key));
    let Noticed::Before(before) = other().await else { panic!("and nobody else's") };
    assert_eq!(before.id, second.id);
}

pub(super) async fn a_notice_waits_for_the_morning(catalog: &Catalog) {
    let policies = Policies::ours().unwrap();
    let catalog = &catalog.clone().with_policies(Some(policies)).with_clock(night);
    let sample = Sample::new();
    let id = sends(catalog, &sample, 1).await[0];
    let contact = contact_of(catalog, id).await;
    let mut tx = catalog.writing().await.unwrap();
    execute!(tx, "UPDATE contacts SET phone = '34600111222' WHERE id = $1", contact.0).unwrap();
    tx.commit().await.unwrap();
    let number = catalog.document(id).await.unwrap().unwrap().phone_number_id.unwrap();
    agrees(catalog, contact, &number, Word::Granted).await;
    approved(catalog, &number, "order_sent", "APPROVED").await;
    let batch = Uuid::now_v7();
    let all: Vec<NewNotice> = (0..3).map(|_| notice(contact, &Uuid::now_v7().to_string())).collect();
    // Where conversations are not led, notices go on, and as quietly.
    let unled = catalog.clone().with_policies(None);
    let mut became = Vec::new();
    for (catalog, some) in [(catalog, &all[..2]), (&unled, &all[2..])] {
        became
            .extend(catalog.queue_notices(&Access::new(true), some, Some(batch), "key:shop").await.unwrap());
    }
    for one in &became {
        let Noticed::Queued(queued) = one else { panic!("{one:?}") };
        let at = queued.not_before.expect("not now");
        assert_eq!(at.to_offset(time::macros::offset!(+1)).hour(), 9, "nobody is written to at night");
    }
    assert_eq!(catalog.notice_progress(batch).await.unwrap(), [(NoticeState::Queued, 3)]);
    let held = catalog.notices_held(batch).await.unwrap();
    assert!(held.is_empty(), "they wait for their time, and for nothing else: {held:?}");
    let filter = NoticeFilter { batch: Some(batch), ..NoticeFilter::default() };
    assert_eq!(catalog.notices(&Access::new(true), &filter, 2).await.unwrap().len(), 2);
    // One that waited for something else meanwhile, and is free in the middle of the night, waits for the day.
    let message = in_hand(catalog, contact).await;
    let day = decided(catalog, &message, &number, false).await.by_day_at.expect("it is night");
    assert_eq!(day.to_offset(time::macros::offset!(+1)).hour(), 9);
    catalog.pause(About::Number(&number), Direction::Send, "131042: billing", night()).await.unwrap();
    let day_at = decided(catalog, &message, &number, false).await.by_day_at;
    assert_eq!(day_at, None, "nobody asks where they are while it may not leave");
    assert!(catalog.resume(&number, Direction::Send, night()).await.unwrap());
    catalog.reply_postponed(message.id, day, Some(HeldFor::Morning)).await.unwrap();
    assert_eq!(catalog.notices_held(batch).await.unwrap(), [("morning".to_owned(), 1)]);
}
