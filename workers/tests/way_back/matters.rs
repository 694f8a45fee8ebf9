//! What the house does by itself, and a worker that dies at every step of it: hours are told, a late answer is escalated, a
//! filed bill is owed, what comes to much is approved. Each once, whatever dies. And who takes another name meanwhile.

use acuse_conversation::{language::Language, said::no_advertising};
use acuse_fixtures::graph::{Fault, Point};
use acuse_storage::{
    Access, ContactId,
    approvals::ApprovalState,
    cases::OVERDUE,
    consents::{Category, NewConsent, Word},
    entities::NewEntity,
    inbound::{Identity, InboundItem, InboundMedia, InboundMessage},
    names::AliasKind,
    notices::{NewNotice, Noticed},
    obligations::ObligationFilter,
};
use acuse_workers::jobs::boundary::die_at;
use time::{Duration, OffsetDateTime};

use crate::{
    owed::customer,
    talk::{leading, message, passes, photo, said, writes},
    world::{World, clock},
};

pub const DEBTOR: &str = "34600111222";
pub const APPROVER: &str = "34600777888";
const GUEST: &str = "34600555444";
const OURS: &str = "B12345674";

pub fn bill(number: &str, total: &str) -> String {
    format!(
        "invoice\nissuer_name=Nosotros\nissuer_tax_id={OURS}\nrecipient_name=Monte Verde SL\nnumber={number}\nissue_date=2026-08-31\ntotal={total}\n\
         currency=EUR"
    )
}

/// A world whose house has hours, a team, and rules of what is owed and approved.
pub async fn ruled() -> World {
    let world = leading().await;
    let (catalog, number) = (&world.env.catalog, world.number());
    let us = NewEntity { name: "Nosotros".into(), tax_ids: vec![OURS.into()], ..NewEntity::default() };
    catalog.save_entity(None, &us, "user:ana").await.unwrap();
    customer(&world, DEBTOR).await;
    let rules = format!(
        "clock\t0\t-\nhours\tMo-Su 00:00-24:00\nteam\tventas\t60\nrule\tsupport\t-\t-\t-\t-\tventas\nowes\tEUR\t50\t30\n\
         approve\tinvoice\t1000 EUR\torder\t{number}\t24\t{APPROVER}\n"
    );
    catalog.set_house_rules(&rules, "cli").await.unwrap();
    agrees(&world, APPROVER, Category::Utility).await;
    world
}

/// Somebody writes, and agrees to be written to.
pub async fn agrees(world: &World, who: &str, category: Category) -> ContactId {
    writes(world, who, "Gracias!").await;
    let (catalog, number) = (&world.env.catalog, world.number());
    let contact = catalog.contact_of_phone(&Access::whole(), who).await.unwrap().unwrap();
    let consent = NewConsent {
        contact,
        phone_number_id: &number,
        category,
        word: Word::Granted,
        source: "contract",
        text_version: None,
        said_by: None,
        at: clock(),
    };
    catalog.write_consent(&consent).await.unwrap();
    contact
}

/// The approver taps the first of the buttons that they have.
pub async fn approves(world: &World) {
    let (payload,): (String,) = world
        .queue
        .one("SELECT payload FROM outbox WHERE kind = 'buttons' ORDER BY seq DESC LIMIT 1", &[])
        .await;
    let payload: serde_json::Value = serde_json::from_str(&payload).unwrap();
    let tap = payload["choices"][0][0].as_str().map(str::to_owned);
    assert!(tap.is_some(), "{payload}");
    let wamid = format!("wamid.{}", acuse_storage::DocumentId::generate());
    let tapped = InboundMessage {
        kind: "interactive".into(),
        body: Some("Aprobar".into()),
        tap,
        ..message(world, APPROVER, &wamid)
    };
    world.record(InboundItem::Message(tapped)).await;
}

pub async fn count(world: &World, purpose: &str) -> i64 {
    let (count,): (i64,) =
        world.queue.one("SELECT COUNT(*) FROM outbox WHERE purpose = $1", &[purpose.into()]).await;
    count
}

/// So much time passes, and the worker dies at its next pass of a boundary.
pub async fn dying(world: &World, boundary: &'static str, wait: Duration) {
    die_at(boundary);
    passes(world, wait).await;
}

#[tokio::test]
async fn what_the_house_decides_is_done_once_whatever_dies() {
    for boundary in
        ["case.taken", "case.stepped", "link.decided", "link.done", "reply.taken", "reply.settled"]
    {
        let world = ruled().await;
        let catalog = &world.env.catalog;
        photo(&world, DEBTOR, &bill("N-1", "80.00")).await;
        dying(&world, boundary, Duration::minutes(20)).await;
        photo(&world, DEBTOR, &bill("N-2", "5000.00")).await;
        dying(&world, boundary, Duration::minutes(20)).await;
        approves(&world).await;
        dying(&world, boundary, Duration::minutes(20)).await;
        writes(&world, GUEST, "¿A qué hora abren?").await;
        dying(&world, boundary, Duration::minutes(20)).await;
        writes(&world, GUEST, "Quiero hablar con una persona").await;
        dying(&world, boundary, Duration::hours(3)).await;

        let whole = Access::whole();
        let owed = catalog.obligations(&whole, &ObligationFilter::default(), 9).await.unwrap();
        let mut numbers: Vec<&str> = owed.iter().filter_map(|one| one.number.as_deref()).collect();
        numbers.sort_unstable();
        assert_eq!(numbers, ["N-1", "N-2"], "{boundary}");
        let asked = catalog.approvals(&whole, (None, None), None, 9).await.unwrap();
        assert_eq!(
            asked.iter().map(|one| one.state).collect::<Vec<_>>(),
            [ApprovalState::Approved],
            "{boundary}"
        );
        assert_eq!(count(&world, "approval").await, 1, "{boundary}");
        let sent = world.graph.sent();
        let buttons = sent.iter().filter(|one| one.body["type"] == "interactive").count();
        assert_eq!(buttons, 1, "{boundary}: asked once in the chat too");
        let hours = said(&world).iter().filter(|text| text.starts_with("Este es nuestro horario")).count();
        assert_eq!(hours, 1, "{boundary}: {:#?}", said(&world));
        let all = catalog.incidents(None, None, 500).await.unwrap();
        let late: Vec<u64> = all.iter().filter(|one| one.kind == OVERDUE).map(|one| one.count).collect();
        assert_eq!(late, [1], "{boundary}: a supervisor hears once");
        let ledger = catalog.ledger(None, None).await.unwrap();
        assert!(ledger.balanced && ledger.processing == 0 && ledger.filed == 2, "{boundary}: {ledger:?}");
    }
}

/// News of an order is queued for them.
async fn hears_of_an_order(world: &World, contact: ContactId, not_before: Option<OffsetDateTime>) {
    let order = notice(contact, "acuse_in_review", "order-77");
    queues(world, NewNotice { params: vec!["77".into()], not_before, ..order }).await;
}

/// News by this template, in which nothing stands.
pub fn notice(contact: ContactId, template: &str, key: &str) -> NewNotice {
    NewNotice {
        contact,
        phone_number_id: None,
        template: template.into(),
        language: Some("es".into()),
        params: Vec::new(),
        header: None,
        buttons: Vec::new(),
        category: Category::Utility,
        idempotency_key: key.into(),
        not_before: None,
        expires_at: None,
    }
}

/// A notice is handed in, and waits to leave.
pub async fn queues(world: &World, notice: NewNotice) {
    let queued =
        world.env.catalog.queue_notices(&Access::whole(), &[notice], None, "key:shop").await.unwrap();
    assert!(matches!(queued.as_slice(), [Noticed::Queued(_)]), "{queued:?}");
}

/// Meta's own switch is about marketing: who used it hears of their orders still, whatever Meta took that template for.
#[tokio::test]
async fn who_wants_no_marketing_keeps_what_else_they_agreed_to() {
    let world = leading().await;
    world.approves_a_template().await;
    let contact = agrees(&world, GUEST, Category::Utility).await;
    hears_of_an_order(&world, contact, None).await;
    world.graph.fail(Point::Send, None, Fault::error(400, 131_050, None), 1);
    // Nobody is written to at night.
    passes(&world, Duration::hours(16)).await;
    assert_eq!(
        said(&world),
        [no_advertising(Language::Es)],
        "it was refused, and not tried again; that is all that they hear"
    );
    let said = world.env.catalog.written_consents(contact).await.unwrap();
    let last = |category| said.iter().rfind(|word| word.category == category).map(|word| word.state);
    let words = (last(Category::Utility), last(Category::Marketing));
    assert_eq!(words, (Some(Word::Granted), Some(Word::Withdrawn)), "{said:?}");
    world.balances("it is taken back").await;
}

#[tokio::test]
async fn who_takes_another_name_is_written_to_once_they_wrote_from_there() {
    for (new, identity) in [
        (
            (AliasKind::WaId, "34600999888"),
            Identity { wa_id: Some("34600999888".into()), ..Identity::default() },
        ),
        (
            (AliasKind::Bsuid, "ES.1234567890"),
            Identity { bsuid: Some("ES.1234567890".into()), ..Identity::default() },
        ),
    ] {
        let world = leading().await;
        world.approves_a_template().await;
        let contact = agrees(&world, GUEST, Category::Utility).await;
        hears_of_an_order(&world, contact, Some(clock() + Duration::hours(2))).await;
        passes(&world, Duration::hours(1)).await;
        let old = (AliasKind::WaId, GUEST.to_owned());
        let (kind, name) = new;
        world.record(InboundItem::AliasChange { old, new: (kind, name.to_owned()), at: clock() }).await;
        passes(&world, Duration::hours(30)).await;
        assert!(
            world.graph.sent().is_empty(),
            "{name}: whoever holds that number now: {:?}",
            world.graph.sent()
        );
        let thanks = InboundMessage {
            identity,
            kind: "text".into(),
            body: Some("Gracias!".into()),
            ..message(&world, GUEST, &format!("wamid.{name}"))
        };
        world.record(InboundItem::Message(thanks)).await;
        passes(&world, Duration::minutes(1)).await;
        assert_eq!(world.graph.sent().len(), 1, "{name}: it was they");
    }
}

#[tokio::test]
async fn whose_number_is_a_strangers_now_is_answered_by_their_user_id() {
    let world = leading().await;
    let known =
        |user: &str| Identity { wa_id: Some(GUEST.into()), bsuid: Some(user.into()), ..Identity::default() };
    let media_id = world.graph.upload_media(b"unreadable\nfirst".to_vec(), "image/jpeg");
    let media = Some(InboundMedia { media_id: Some(media_id), ..InboundMedia::default() });
    let sent =
        InboundMessage { identity: known("ES.1111111111"), media, ..message(&world, GUEST, "wamid.1") };
    world.record(InboundItem::Message(sent)).await;
    // The number passes to another person before the answer leaves.
    let words = |identity, wamid: &str| InboundMessage {
        identity,
        kind: "text".into(),
        body: Some("Gracias!".into()),
        ..message(&world, GUEST, wamid)
    };
    world.record(InboundItem::Message(words(known("ES.2222222222"), "wamid.2"))).await;
    passes(&world, Duration::minutes(5)).await;
    let sent = world.graph.sent();
    let whom: Vec<_> = sent.iter().map(|one| (one.to.as_deref(), one.recipient.as_deref())).collect();
    assert_eq!(whom, [(None, Some("ES.1111111111"))], "nothing of theirs goes to the stranger");
}
