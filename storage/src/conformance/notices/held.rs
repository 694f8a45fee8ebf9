//! Promises of what a notice is held to when it goes: its template, and how many its number may write to.

use acuse_whatsapp::template::{Button, Header, Takes, Unfit};
use time::Duration;
use uuid::Uuid;

use super::{agrees, approved, hand_in, in_hand, midday, notice, numbered, status};
use crate::{
    Access, Catalog, ContactId,
    accounts::{NumberHealth, Template},
    conformance::{
        cases::{contact_of, leading, sends},
        door::Sample,
        given::{says, template},
    },
    consents::{Category, Word},
    dispatch::{Facts, Paid},
    names::{micros, now},
    notices::{NewNotice, NoticeState, Noticed},
    numbers::{About, Direction},
    outbox::{HeldFor, OutboxMessage},
};

/// The last version in which nobody counted whom a number writes to first.
pub(in crate::conformance) const BEFORE_TIERS: i64 = 59;

/// The number of the snapshot wrote to its contact first, by a template, before that was counted.
pub(in crate::conformance) async fn were_written_to_first_before(catalog: &Catalog, contact: ContactId) {
    let sent = micros(now() - Duration::HOUR);
    let mut tx = catalog.writing().await.unwrap();
    let sql = "INSERT INTO accounts (waba_id, templates_due_at) VALUES ('of-1001', $1)";
    execute!(tx, sql, micros(now() + Duration::HOUR)).unwrap();
    execute!(
        tx,
        "INSERT INTO outbox (id, contact_id, purpose, phone_number_id, body, language, nonce, state, created_at, \
         updated_at, sent_at, kind, payload) VALUES ($1, $2, 'notice', '1001', '', 'es', 'before', 'delivered', $3, $3, $3, \
         'template', '{\"template\":[\"order_sent\",\"es\"]}')",
        Uuid::now_v7(),
        contact.0,
        sent
    )
    .unwrap();
    tx.commit().await.unwrap();
}

/// They are of those whom it reached today, and all templates are asked for at once.
pub(in crate::conformance) async fn count_for_their_tier(catalog: &Catalog) {
    assert_eq!(catalog.numbers_reached().await.unwrap().get("1001"), Some(&1));
    let mut tx = catalog.reading().await.unwrap();
    let sql = "SELECT templates_due_at FROM accounts WHERE waba_id = 'of-1001'";
    assert_eq!(one!(tx, (i64,), sql).unwrap(), (0,));
}

/// This sender agreed to news from a number of their own; who that is, and that number.
async fn reader(catalog: &Catalog, sample: &Sample) -> (ContactId, String) {
    let id = sends(catalog, sample, 1).await[0];
    let contact = contact_of(catalog, id).await;
    let number = catalog.document(id).await.unwrap().unwrap().phone_number_id.unwrap();
    agrees(catalog, contact, &number, Word::Granted).await;
    approved(catalog, &number, "order_sent", "APPROVED").await;
    (contact, number)
}

/// The facts on which a message is decided now; where `reaches`, it is let go as one that is written to first.
pub(super) async fn decided(
    catalog: &Catalog,
    message: &OutboxMessage,
    number: &str,
    reaches: bool,
) -> Facts {
    let paid = reaches.then(|| Paid {
        number: now(),
        pair: now(),
        probe: false,
        template: Some(("order_sent".into(), "es".into())),
        reaches,
    });
    catalog.dispatch(message, number, |facts| (facts.clone(), paid)).await.unwrap().expect("it waits")
}

pub(in crate::conformance) async fn a_notice_is_held_to_what_its_template_is_by_now(catalog: &Catalog) {
    let catalog = &leading(catalog);
    let (contact, number) = reader(catalog, &Sample::new()).await;
    let key = || Uuid::now_v7().to_string();
    let takes =
        Takes { header: Some(Header::Document), buttons: vec![Button::Reply, Button::Link], ..numbered(1) };
    let whole = Template { body: None, ..template("bill_sent", takes) };
    let account = format!("waba-{number}");
    catalog.keep_templates(&account, std::slice::from_ref(&whole)).await.unwrap();
    let good = NewNotice {
        template: "bill_sent".into(),
        params: vec!["Ana".into()],
        header: Some("https://example.com/bill.pdf".into()),
        buttons: vec![String::new(), "o/77".into()],
        ..notice(contact, &key())
    };
    for (bad, why) in [
        (NewNotice { header: None, ..good.clone() }, Unfit::HeaderFile("a file")),
        (NewNotice { buttons: Vec::new(), ..good.clone() }, Unfit::ButtonEmpty(2, "what its link ends in")),
    ] {
        assert_eq!(hand_in(catalog, &bad).await, Noticed::Unfit(why));
    }
    let Noticed::Queued(queued) = hand_in(catalog, &good).await else { panic!("it fits") };
    assert_eq!((queued.header.as_ref(), &queued.buttons), (good.header.as_ref(), &good.buttons));
    let Noticed::Before(_) = hand_in(catalog, &good).await else { panic!("the same") };
    let other = NewNotice { header: Some("https://example.com/other.pdf".into()), ..good.clone() };
    assert_eq!(hand_in(catalog, &other).await, Noticed::OtherKey);

    let message = in_hand(catalog, contact).await;
    assert_eq!((&message.payload.header, &message.payload.buttons), (&good.header, &good.buttons));
    let facts = decided(catalog, &message, &number, false).await;
    assert_eq!(facts.takes("es"), whole.takes.as_ref());
    assert!(!facts.templates[0].advertises && facts.advertising.is_none());
    // Meta takes it for advertising since, and it was edited.
    let since = Template { category: "MARKETING".into(), takes: Some(numbered(2)), ..whole };
    catalog.keep_templates(&account, &[since]).await.unwrap();
    let facts = decided(catalog, &message, &number, false).await;
    assert!(facts.templates[0].advertises && facts.advertising.is_none(), "and to that they never agreed");
    assert_eq!(facts.takes("es"), Some(&numbered(2)));
    says(catalog, contact, &number, (Category::Marketing, Word::Granted)).await;
    let facts = decided(catalog, &message, &number, false).await;
    assert_eq!(facts.advertising.as_deref(), Some("granted"));
    // Meta refuses it, because they want no more of it: that is written down once.
    for _ in 0..2 {
        catalog.consent_withdrawn(&message, &number, "marketing", "meta_131050").await.unwrap();
    }
    let written = catalog.written_consents(contact).await.unwrap();
    assert_eq!(written.iter().filter(|word| word.source == "meta_131050").count(), 1, "{written:?}");
    catalog.reply_withdrawn(message.id, "not of this test").await.unwrap();
}

pub(in crate::conformance) async fn a_number_reaches_no_more_people_in_a_day_than_its_tier(
    catalog: &Catalog,
) {
    let catalog = &leading(catalog).with_clock(midday);
    // A number that nobody else of these tests writes from.
    let number = format!("n{}", Uuid::now_v7().simple());
    assert!(catalog.add_number(&number, &format!("waba-{number}"), "default").await.unwrap());
    approved(catalog, &number, "order_sent", "APPROVED").await;
    let agreed = async || {
        let id = sends(catalog, &Sample::new(), 1).await[0];
        let contact = contact_of(catalog, id).await;
        agrees(catalog, contact, &number, Word::Granted).await;
        contact
    };
    let first = agreed().await;
    let tier = async |tier: &str| {
        let health = NumberHealth { tier: Some(tier.into()), ..NumberHealth::default() };
        catalog.keep_number_health(&number, &health).await.unwrap();
    };
    tier("TIER_2").await;
    let queued = async |to: ContactId| {
        let new =
            NewNotice { phone_number_id: Some(number.clone()), ..notice(to, &Uuid::now_v7().to_string()) };
        let Noticed::Queued(queued) = hand_in(catalog, &new).await else { panic!("it goes") };
        (queued, in_hand(catalog, to).await)
    };
    let reached = async || catalog.numbers_reached().await.unwrap().get(&number).copied().unwrap_or_default();
    let (_, message) = queued(first).await;
    assert_eq!(decided(catalog, &message, &number, true).await.reaches_at, None, "there is room");
    assert_eq!(reached().await, 1);
    catalog.reply_withdrawn(message.id, "not of this test").await.unwrap();
    let (_, second) = queued(agreed().await).await;
    assert_eq!(decided(catalog, &second, &number, true).await.reaches_at, None);
    assert_eq!(reached().await, 2);
    // Whoever was reached today may be written to again; nobody else is.
    let (again, more) = queued(first).await;
    assert_eq!(decided(catalog, &more, &number, true).await.reaches_at, None);
    assert_eq!(reached().await, 2, "and counts once");
    assert_eq!(again.waits_for, None);
    let (mut held, mut last) = (Vec::new(), more.clone());
    for _ in 0..2 {
        let (notice, message) = queued(agreed().await).await;
        let at = decided(catalog, &message, &number, false).await.reaches_at.expect("tomorrow");
        let ahead = at - midday();
        assert!(ahead > Duration::hours(23) && ahead < Duration::hours(25), "{ahead}");
        catalog.reply_postponed(message.id, at, Some(HeldFor::Tier)).await.unwrap();
        let seen = catalog.notice(&Access::new(true), notice.id).await.unwrap().unwrap();
        assert_eq!((seen.state, seen.waits_for.as_deref()), (NoticeState::Queued, Some("tier")));
        assert!(seen.waits_until.is_some());
        held.push((notice.id, message.id));
        last = message;
    }
    assert_eq!(catalog.numbers_waiting().await.unwrap()[&number].tier, 2);
    // Nothing is asked for what no template can carry, nor while the number may not send.
    let full = async || decided(catalog, &last, &number, false).await.reaches_at.is_some();
    assert!(full().await);
    approved(catalog, &number, "order_sent", "PAUSED").await;
    assert!(!full().await);
    approved(catalog, &number, "order_sent", "APPROVED").await;
    catalog.pause(About::Number(&number), Direction::Send, "131042: billing", midday()).await.unwrap();
    assert!(!full().await);
    assert!(catalog.resume(&number, Direction::Send, midday()).await.unwrap() && full().await);
    // A higher tier lets them go at once.
    tier("TIER_1K").await;
    for (id, message) in held {
        let seen = catalog.notice(&Access::new(true), id).await.unwrap().unwrap();
        assert_eq!((seen.waits_for, seen.waits_until), (None, None));
        catalog.reply_withdrawn(message, "not of this test").await.unwrap();
    }
    for message in [&second, &more] {
        catalog.reply_withdrawn(message.id, "not of this test").await.unwrap();
    }
}

/// Whoever writes needs no room in a number's tier: what waited for it goes.
pub(in crate::conformance) async fn who_writes_waits_for_no_tier(catalog: &Catalog) {
    let catalog = &leading(catalog);
    let sample = Sample::new();
    let (contact, _) = reader(catalog, &sample).await;
    let new = notice(contact, &Uuid::now_v7().to_string());
    let Noticed::Queued(queued) = hand_in(catalog, &new).await else { panic!("it goes") };
    let message = in_hand(catalog, contact).await;
    catalog.reply_postponed(message.id, now() + Duration::DAY, Some(HeldFor::Tier)).await.unwrap();
    let seen = async || {
        let seen = catalog.notice(&Access::new(true), queued.id).await.unwrap().unwrap();
        (seen.state, seen.waits_for)
    };
    assert_eq!(seen().await, (NoticeState::Queued, Some("tier".to_owned())));
    sends(catalog, &sample, 1).await;
    assert_eq!(seen().await, (NoticeState::Queued, None));
    catalog.reply_withdrawn(message.id, "not of this test").await.unwrap();
}

pub(in crate::conformance) async fn what_meta_assesses_says_so_until_it_is_delivered(catalog: &Catalog) {
    let catalog = &leading(catalog);
    let (contact, number) = reader(catalog, &Sample::new()).await;
    let Noticed::Queued(queued) = hand_in(catalog, &notice(contact, &Uuid::now_v7().to_string())).await
    else {
        panic!("it goes")
    };
    let message = in_hand(catalog, contact).await;
    decided(catalog, &message, &number, true).await;
    let wamid = format!("wamid.{}", Uuid::now_v7());
    catalog.reply_sent(message.id, &wamid).await.unwrap();
    catalog.reply_assessed(message.id).await.unwrap();
    let seen = async || {
        let seen = catalog.notice(&Access::new(true), queued.id).await.unwrap().unwrap();
        (seen.state, seen.waits_for)
    };
    assert_eq!(seen().await, (NoticeState::Sent, Some("assessment".to_owned())));
    status(catalog, &wamid, "sent").await;
    assert_eq!(seen().await, (NoticeState::Sent, None));
    status(catalog, &wamid, "delivered").await;
    assert_eq!(seen().await, (NoticeState::Delivered, None));
}
