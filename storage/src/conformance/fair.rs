//! Promises to those who send little while one sends much, and what is kept of the channel's health.

use acuse_conversation::wording::Telling;
use acuse_pipeline::document::Sha256;
use acuse_whatsapp::template::Takes;
use time::{Duration, OffsetDateTime};

use super::{
    door::{Sample, delivery, photo},
    given,
    road::{begin, original, to_link},
};
use crate::{
    Catalog, DocumentId, Intake,
    accounts::{NumberHealth, Template},
    fair::Quota,
    inbound::{Changed, InboundItem, InboundMedia, InboundMessage, Recorded},
    keys::{KeyMade, Scope},
    names::{Stage, now},
    queue::{DEADLINES, Push},
    stages::{Begun, Step},
    uploads::Upload,
};

fn of(sender: &Sample) -> InboundItem {
    let message = photo(&Sample { wa_id: sender.wa_id.clone(), ..Sample::new() });
    let over_quota = Some(Telling::ManyFiles);
    let media = message.media.clone().map(|m| InboundMedia { over_quota, ..m });
    InboundItem::Message(InboundMessage { media, ..message })
}

/// The priority of the task that is behind a document now.
async fn priority(catalog: &Catalog, id: DocumentId) -> i64 {
    let mut tx = catalog.reading().await.unwrap();
    let text = format!(
        "SELECT CAST(j.priority AS BIGINT) FROM {} j JOIN documents d ON d.task_id = j.id WHERE d.id = $1",
        tx.jobs()
    );
    one!(tx, (i64,), sqlx::AssertSqlSafe(text.clone()), id.0).unwrap().0
}

/// How many of its sender's go before the file that a task is to fetch, where nothing is gone soon.
async fn place(catalog: &Catalog, id: DocumentId) -> i64 {
    (-1 - priority(catalog, id).await) / i64::from(DEADLINES)
}

async fn send(intake: &Intake, items: Vec<InboundItem>) -> Recorded {
    intake.record(delivery(items)).await.unwrap()
}

pub(super) async fn the_first_of_each_goes_before_the_second_of_any(catalog: &Catalog) {
    let intake = Intake::spawn(catalog.clone());
    let (flood, other) = (Sample::new(), Sample::new());
    let many = send(&intake, (0..5).map(|_| of(&flood)).collect()).await.new_documents;
    let more = send(&intake, vec![of(&flood), of(&other)]).await.new_documents;
    let mut all = Vec::new();
    for id in many.iter().chain(&more) {
        all.push(place(catalog, *id).await);
    }
    assert_eq!(all, [0, 1, 2, 3, 4, 5, 0], "behind his own, ahead of nobody else's");
    // In the next lane the same, and a place that is free again is his.
    for id in &many[..3] {
        begin(catalog, *id, Stage::Fetch).await;
        assert_eq!(catalog.fetched(*id, &original(*id, id.0.as_bytes())).await.unwrap(), Step::Taken);
    }
    let mut read = Vec::new();
    for id in &many[..3] {
        read.push(priority(catalog, *id).await);
    }
    assert_eq!(read, [0, -1, -2]);
}

pub(super) async fn each_key_is_a_sender_of_what_names_none(catalog: &Catalog) {
    let mut keys = Vec::new();
    for _ in 0..2 {
        let name = format!("fair-{}", uuid::Uuid::now_v7());
        let hash = Sha256::of(name.as_bytes());
        let made = catalog.create_key(&name, &hash, &[Scope::DocumentsWrite]).await.unwrap();
        let KeyMade::Made(key) = made else { panic!("{made:?}") };
        keys.push(key);
    }
    let mut worth = Vec::new();
    for key in [keys[0], keys[0], keys[0], keys[1]] {
        let upload = Upload { key: Some(key), ..given::upload(now()) };
        let id = given::brought(catalog, &upload).await;
        worth.push(priority(catalog, id).await);
    }
    assert_eq!(worth, [0, -1, -2, 0], "whoever uploads much delays himself");
}

fn in_three_hours() -> OffsetDateTime {
    now() + Duration::hours(3)
}

pub(super) async fn beyond_the_quota_all_is_kept_and_read_later(catalog: &Catalog) {
    let intake = Intake::spawn_with(catalog.clone(), Quota { files_per_hour: 2 });
    let sender = Sample::new();
    let sent = send(&intake, (0..4).map(|_| of(&sender)).collect()).await.new_documents;
    assert_eq!(sent.len(), 4, "none is lost");
    let contact = catalog.document(sent[0]).await.unwrap().unwrap().contact_id.unwrap();
    let mut waits = 0;
    for id in &sent {
        begin(catalog, *id, Stage::Fetch).await;
        assert_eq!(catalog.fetched(*id, &original(*id, id.0.as_bytes())).await.unwrap(), Step::Taken);
        if catalog.begin(*id, Stage::Read).await.unwrap() == Begun::NotDue {
            waits += 1;
            let at = catalog.document(*id).await.unwrap().unwrap().next_attempt_at.unwrap();
            assert!(at > now() && at < now() + Duration::hours(1) + Duration::MINUTE, "{at}");
        }
    }
    assert_eq!(waits, 2, "what is beyond it is fetched, and read at its pace");
    let told = async || {
        let mut tx = catalog.reading().await.unwrap();
        let text = "SELECT COUNT(*) FROM outbox WHERE contact_id = $1 AND purpose = 'many_files'";
        one!(tx, (i64,), text, contact.0).unwrap().0
    };
    assert_eq!(told().await, 1, "said once");
    send(&intake, vec![of(&sender)]).await;
    assert_eq!(told().await, 1, "not twice in an hour");
    let open = async || {
        let all = catalog.incidents(None, None, 500).await.unwrap();
        all.into_iter().filter(|i| i.kind == "sender_over_quota" && i.subject == contact.to_string()).count()
    };
    assert_eq!((catalog.end_over_quota().await.unwrap(), open().await), (0, 1));
    let later = catalog.clone().with_clock(in_three_hours);
    assert_eq!((later.end_over_quota().await.unwrap(), open().await), (1, 0), "he sends less now");
    for id in sent {
        match later.begin(id, Stage::Read).await.unwrap() {
            Begun::Go(_) => {}
            other => panic!("{id}: {other:?}"),
        }
    }
}

fn template(name: &str, status: &str, text: &str) -> Template {
    Template {
        status: status.into(),
        body_sha256: Sha256::of(text.as_bytes()).0,
        body: None,
        takes: None,
        ..given::template(name, Takes::default())
    }
}

pub(super) async fn templates_stand_as_meta_tells_of_them(catalog: &Catalog) {
    let number = format!("n{}", uuid::Uuid::now_v7().simple());
    let account = format!("w{number}");
    let intake = Intake::spawn(catalog.clone());
    let named = InboundMessage {
        phone_number_id: number.clone(),
        waba_id: Some(account.clone()),
        ..photo(&Sample::new())
    };
    send(&intake, vec![InboundItem::Message(named)]).await;
    let row = async || {
        let all = catalog.numbers().await.unwrap();
        all.into_iter().find(|n| n.phone_number_id == number).unwrap()
    };
    assert_eq!(row().await.waba_id.as_ref(), Some(&account), "a webhook names the account of its number");
    let health = NumberHealth { status: Some("CONNECTED".into()), ..NumberHealth::default() };
    catalog.keep_number_health(&number, &health).await.unwrap();
    assert_eq!(row().await.status.as_deref(), Some("CONNECTED"));

    let due = async || {
        let all = catalog.take_template_syncs().await.unwrap();
        all.into_iter().any(|(a, token)| a == account && token == "default")
    };
    assert!(due().await && !due().await, "one of those that ask has it");
    let ours = [template("acuse_filed", "APPROVED", "a"), template("acuse_gone", "APPROVED", "g")];
    catalog.keep_templates(&account, &ours).await.unwrap();
    let blocked = ("acuse_filed".to_owned(), "es".to_owned());
    catalog.template_refused(&number, &blocked, "132001", None).await.unwrap();
    let status = async || {
        let all = catalog.our_templates().await.unwrap();
        let mine = all.into_iter().filter(|t| t.account == account);
        mine.map(|t| (t.name, t.status)).collect::<Vec<_>>()
    };
    let is = |status: &str| vec![("acuse_filed".to_owned(), status.to_owned())];
    catalog.keep_templates(&account, &[template("acuse_filed", "APPROVED", "a")]).await.unwrap();
    assert_eq!(
        status().await,
        is("BLOCKED"),
        "the same text stays blocked, and what Meta has no more is gone"
    );
    catalog.keep_templates(&account, &[template("acuse_filed", "APPROVED", "b")]).await.unwrap();
    assert_eq!(status().await, is("APPROVED"), "it was mended");
    assert!(catalog.templates_synced_at(&account).await.unwrap().is_some());
    // A webhook says that one changed: the next look asks.
    let event = InboundItem::Event {
        field: "message_template_status_update".into(),
        detail: format!("template {number} APPROVED"),
        known: true,
        is_trouble: false,
        changed: Changed::Templates(account.clone()),
    };
    send(&intake, vec![event]).await;
    assert!(due().await);
    let open = catalog.incidents(None, None, 500).await.unwrap();
    assert!(!open.iter().any(|i| i.subject.contains(&number)), "an approval is no incident");
    assert!(catalog.take_channel_check().await.unwrap());
    assert!(!catalog.take_channel_check().await.unwrap(), "not before its time");
}

pub(super) async fn what_is_gone_soon_goes_first(catalog: &Catalog) {
    let number = format!("n{}", uuid::Uuid::now_v7().simple());
    catalog.set_media_retention(&number, std::time::Duration::from_secs(3_600)).await.unwrap();
    let intake = Intake::spawn(catalog.clone());
    let to = |number: &str| {
        let message = InboundMessage { phone_number_id: number.to_owned(), ..photo(&Sample::new()) };
        InboundItem::Message(message)
    };
    let sent = send(&intake, vec![to(&number), to("another")]).await.new_documents;
    let mut soon = None;
    for id in sent {
        let document = catalog.document(id).await.unwrap().unwrap();
        let kept = document.media_deadline.unwrap() - document.sent_at;
        let mine = document.phone_number_id.as_deref() == Some(&*number);
        assert_eq!(kept, if mine { Duration::HOUR } else { Duration::days(7) });
        assert_eq!(priority(catalog, id).await > 0, mine, "No Storage goes first");
        soon = soon.or(Some(id).filter(|_| mine));
    }
    let id = soon.unwrap();
    begin(catalog, id, Stage::Fetch).await;
    let again = now() + Duration::MINUTE;
    assert_eq!(catalog.retry(id, Stage::Fetch, "503", again).await.unwrap(), Step::Taken);
    assert!(priority(catalog, id).await > 0, "also when it is tried again");
    the_oldest_deadline_goes_first(catalog, &number).await;
}

/// And an alarm goes by how long the number's media is kept, not by days.
async fn the_oldest_deadline_goes_first(catalog: &Catalog, number: &str) {
    let intake = Intake::spawn(catalog.clone());
    let flooder = Sample::new();
    let sent = |sample: &Sample, minutes: i64| {
        let sample = Sample { wa_id: sample.wa_id.clone(), ..Sample::new() };
        let sent_at = now() - Duration::minutes(minutes);
        InboundItem::Message(InboundMessage { phone_number_id: number.to_owned(), sent_at, ..photo(&sample) })
    };
    // The flooder's come first and are young, but the last of them is the oldest of all.
    let mut items: Vec<InboundItem> = (0..20).map(|_| sent(&flooder, 1)).collect();
    items.push(sent(&flooder, 50));
    items.push(sent(&Sample::new(), 20));
    items.push(sent(&Sample::new(), 1));
    let ids = send(&intake, items).await.new_documents;
    let mut order = Vec::new();
    for (n, id) in ids.iter().enumerate() {
        order.push((-priority(catalog, *id).await, n));
    }
    order.sort_unstable();
    let order: Vec<usize> = order.into_iter().map(|(_, n)| n).collect();
    assert_eq!(order[..2], [20, 21], "the oldest deadline goes first");
    let place = |n: usize| order.iter().position(|other| *other == n).unwrap();
    assert!(place(22) < place(1), "of the same age, whoever sent one goes before the flooder's second");
    // Ten minutes are left of an hour: an alarm. Fifty-nine, or forty: none.
    let told = async |at| -> Vec<DocumentId> {
        let expiring = catalog.media_expiring(at).await.unwrap();
        expiring.into_iter().map(|d| d.id).filter(|id| ids.contains(id)).collect()
    };
    assert_eq!(told(now()).await, [ids[20]]);
    assert_eq!(told(now() + Duration::minutes(30)).await[..2], [ids[20], ids[21]], "the first to go first");
}

pub(super) async fn the_oldest_deadline_goes_first_of_what_lives_for_days(catalog: &Catalog) {
    let intake = Intake::spawn(catalog.clone());
    let sent = async |sample: &Sample, days: i64| -> DocumentId {
        let sample = Sample { wa_id: sample.wa_id.clone(), ..Sample::new() };
        let sent_at = now() - Duration::days(days);
        let message = InboundMessage { sent_at, ..photo(&sample) };
        send(&intake, vec![InboundItem::Message(message)]).await.new_documents[0]
    };
    // They come one after another, the youngest first; one of the senders has three that are older than all others'.
    let flooder = Sample::new();
    let young = sent(&Sample::new(), 0).await;
    let of_flooder = [sent(&flooder, 4).await, sent(&flooder, 4).await, sent(&flooder, 4).await];
    let older = sent(&Sample::new(), 1).await;
    let oldest = sent(&Sample::new(), 3).await;
    let mut order = Vec::new();
    for id in [young, of_flooder[0], of_flooder[1], of_flooder[2], older, oldest] {
        order.push((-priority(catalog, id).await, id));
    }
    order.sort_unstable();
    let order: Vec<DocumentId> = order.into_iter().map(|(_, id)| id).collect();
    assert_eq!(
        order,
        [of_flooder[0], oldest, older, young, of_flooder[1], of_flooder[2]],
        "by deadline, and one who floods delays himself"
    );
}

pub(super) async fn a_steady_sender_is_not_over(catalog: &Catalog) {
    let intake = Intake::spawn_with(catalog.clone(), Quota::default());
    let sender = Sample::new();
    let sent = send(&intake, (0..50).map(|_| of(&sender)).collect()).await.new_documents;
    to_link(catalog, sent[49], "steady").await;
}

/// The last version of the schema whose tasks that fetch had another scale.
pub(super) const BEFORE_DEADLINES: i64 = 56;

/// Tasks of then: two of what was gone within a day, and the first, the third and the last of a sender's.
pub(super) async fn was_to_be_fetched_before(catalog: &Catalog) {
    let mut tx = catalog.writing().await.unwrap();
    let sql = tx.pick(
        "INSERT INTO Jobs (job, id, job_type, max_attempts, run_at, metadata, priority) \
         VALUES ($1, $2, 'fetch', 25, 0, '{}', $3)",
        "INSERT INTO apalis.jobs (job, id, job_type, max_attempts, priority) VALUES ($1, $2, 'fetch', 25, $3)",
    );
    let priorities = [(1 << 24) + 4_093, (1 << 24) - 5, 0, -2, -3_000];
    for (place, priority) in (0_i64..).zip(priorities) {
        execute!(tx, sql, &b"{}"[..], format!("scale-{place}"), priority).unwrap();
    }
    tx.commit().await.unwrap();
}

/// They stand among those that are pushed today.
pub(super) async fn is_fetched_in_its_place(catalog: &Catalog) {
    let mut tx = catalog.writing().await.unwrap();
    let text =
        format!("SELECT CAST(priority AS BIGINT) FROM {} WHERE id LIKE 'scale-%' ORDER BY id", tx.jobs());
    let rows = all!(tx, (i64,), sqlx::AssertSqlSafe(text.clone())).unwrap();
    let was: Vec<i64> = rows.into_iter().map(|(priority,)| priority).collect();
    let present = now();
    let pushed = |behind, left| {
        let push = Push::case(crate::CaseId::generate(), None).unwrap().behind(behind);
        i64::from(push.before(present + left, present).priority)
    };
    assert!(was[0] > was[1] && was[1] > pushed(0, Duration::ZERO), "what was urgent: {was:?}");
    for (place, behind) in [(2, 0), (3, 2), (4, 3_000)] {
        let today = pushed(behind, Duration::WEEK);
        assert!((was[place] - today).abs() <= 1, "as of a week: {was:?} {today}");
    }
    let text = format!("DELETE FROM {} WHERE id LIKE 'scale-%'", tx.jobs());
    execute!(tx, sqlx::AssertSqlSafe(text.clone())).unwrap();
    tx.commit().await.unwrap();
}
