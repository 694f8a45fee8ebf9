//! Promises to whoever speaks with a person, and to whoever wants one: the machine is silent, and they are heard.

use acuse_conversation::wording::Telling;
use time::Duration;
use uuid::Uuid;

use super::{asked, cases_of, contact_of, filed, leading, said_to, sends, time_passes, writes};
use crate::{
    Access, CaseId, Catalog, ContactId, Intake,
    cases::{Act, Acted, Listed},
    conformance::{
        door::{Sample, delivery, photo},
        house::rules,
    },
    inbound::{InboundItem, InboundMessage},
    names::now,
};

/// A team that is always there, and answers everything within the hour.
const RULES: &str = "clock\t0\t-\nhours\tMo-Su 00:00-24:00\nteam\tcaja\t60\nrule\t-\t-\t-\t-\t-\tcaja\n";

async fn one(catalog: &Catalog, id: CaseId) -> Listed {
    catalog.case(&Access::new(true), id).await.unwrap().unwrap()
}

async fn acts(catalog: &Catalog, id: CaseId, act: Act) {
    let version = one(catalog, id).await.version;
    let acted = catalog.act_on_case(&Access::new(true), id, version, "user:eva", &act).await.unwrap();
    assert!(matches!(acted, Acted::Done(_)), "{acted:?}");
}

/// The latest case of a kind.
async fn latest(catalog: &Catalog, contact: ContactId, kind: &str) -> Option<(CaseId, String)> {
    let all = cases_of(catalog, contact).await;
    all.into_iter().rfind(|case| case.1 == kind).map(|(id, _, state, _)| (id, state))
}

/// A message of theirs without a file.
fn message(sample: &Sample, kind: &str, words: Option<&str>) -> InboundMessage {
    InboundMessage {
        wamid: format!("{}-{}", sample.wamid, Uuid::now_v7()),
        media: None,
        kind: kind.into(),
        body: words.map(str::to_owned),
        ..photo(sample)
    }
}

/// A person wrote in a case; under which id of the channel.
async fn a_person_writes(catalog: &Catalog, id: CaseId) -> String {
    acts(catalog, id, Act::Reply { text: "¿Me la manda?".into(), language: "es".into(), file: None }).await;
    assert_eq!(one(catalog, id).await.answer_by, None, "nobody waits for us");
    let sent = format!("wamid.{}", Uuid::now_v7());
    let mut tx = catalog.writing().await.unwrap();
    let sql = "UPDATE outbox SET wamid = $2 WHERE id = (SELECT o.id FROM outbox o WHERE o.case_id = $1 \
         AND o.purpose = 'reply' ORDER BY o.seq DESC LIMIT 1)";
    assert_eq!(execute!(tx, sql, id.0, sent.as_str()).unwrap(), 1);
    tx.commit().await.unwrap();
    sent
}

/// Of every kind that a person can hold, and whatever was asked for beside it.
pub(in crate::conformance) async fn who_speaks_with_a_person_hears_no_machine(catalog: &Catalog) {
    let catalog = &leading(catalog);
    rules(catalog, RULES).await;
    let (sample, _, contact) = asked(catalog).await;
    let (question, _) = latest(catalog, contact, "ask").await.unwrap();
    let says = |words: &str| message(&sample, "text", Some(words));
    let voice = InboundMessage { answer: Some(Telling::NotAFile), ..message(&sample, "audio", None) };
    for (quotes, came) in [
        (false, says("la mando por correo")),
        (true, says("la mando por correo")),
        (false, says("¿Cómo va mi factura?")),
        (false, says("¿Qué falta?")),
        (false, says("Ok")),
        (false, voice),
    ] {
        let sent = a_person_writes(catalog, question).await;
        let before = said_to(catalog, contact).await;
        let came = InboundMessage { reply_to: quotes.then_some(sent), ..came };
        let what = format!("{:?}, quoted: {quotes}", came.body);
        Intake::spawn(catalog.clone()).record(delivery(vec![InboundItem::Message(came)])).await.unwrap();
        assert_eq!(said_to(catalog, contact).await, before, "{what}: the machine is silent");
        let held = one(catalog, question).await;
        assert_eq!((held.state.as_str(), held.team.as_deref()), ("human", Some("caja")), "{what}");
        assert!(held.answer_by.is_some(), "{what}: they wait for an answer");
        assert_eq!(latest(catalog, contact, "support").await, None, "{what}: nobody else need look");
    }
}

/// A file that is worked on swallows no wish for a person and no complaint, and no answer to a person; other words beside it
/// are its caption, for an hour.
pub(in crate::conformance) async fn who_wants_a_person_is_heard_beside_files(catalog: &Catalog) {
    let catalog = &leading(catalog);
    rules(catalog, RULES).await;
    for wish in ["Quiero poner una queja", "quiero hablar con una persona"] {
        let sample = Sample::new();
        let file = sends(catalog, &sample, 1).await[0];
        let contact = contact_of(catalog, file).await;
        writes(catalog, &sample, "pedido 77").await;
        assert_eq!(latest(catalog, contact, "support").await, None, "it is its caption");
        writes(catalog, &sample, wish).await;
        let (support, state) = latest(catalog, contact, "support").await.expect("it is heard");
        assert_eq!(state, "human", "{wish}");
        // A person answers, while the burst is open still.
        a_person_writes(catalog, support).await;
        writes(catalog, &sample, "el de ayer").await;
        assert!(one(catalog, support).await.answer_by.is_some(), "whoever has them hears so");
        let timeline = format!("{:?}", catalog.timeline(file).await.unwrap());
        assert!(timeline.contains("pedido 77") && timeline.contains("el de ayer"), "{timeline}");
    }
    // Whoever holds the files themselves is spoken to.
    let sample = Sample::new();
    let file = sends(catalog, &sample, 2).await[0];
    let contact = contact_of(catalog, file).await;
    time_passes(catalog, contact).await;
    let (burst, _) = latest(catalog, contact, "documents").await.unwrap();
    acts(catalog, burst, Act::Assign { to: Some("user:eva".into()), team: None }).await;
    writes(catalog, &sample, "son de mayo").await;
    let held = one(catalog, burst).await;
    assert!(held.state == "human" && held.answer_by.is_some(), "{held:?}");
    assert_eq!(latest(catalog, contact, "support").await, None);
    let timeline = format!("{:?}", catalog.timeline(file).await.unwrap());
    assert!(timeline.contains("son de mayo"), "and it stands beside the file all the same");
    a_file_that_takes_hours_swallows_no_question(catalog).await;
}

async fn a_file_that_takes_hours_swallows_no_question(catalog: &Catalog) {
    let sample = Sample::new();
    let files = sends(catalog, &sample, 2).await;
    let contact = contact_of(catalog, files[0]).await;
    filed(catalog, files[0]).await;
    let later = &catalog.clone().with_clock(|| now() + Duration::hours(2));
    writes(later, &sample, "¿Cómo va mi factura?").await;
    let (purpose, text) = said_to(catalog, contact).await.pop().expect("an answer");
    assert!(purpose == "support" && text.contains(": Archivados"), "{text}");
}

/// News of ours reached a contact; under which id of the channel.
async fn has_news(catalog: &Catalog, contact: ContactId) -> String {
    let sent = format!("wamid.{}", Uuid::now_v7());
    let mut tx = catalog.writing().await.unwrap();
    let sql = "UPDATE outbox SET wamid = $2, purpose = 'notice' WHERE contact_id = $1 AND purpose = 'filed'";
    assert_eq!(execute!(tx, sql, contact.0, sent.as_str()).unwrap(), 1);
    tx.commit().await.unwrap();
    sent
}

/// Whoever answers what we said of something else, or what a person wrote whose matter is over, speaks of no file that they
/// send meanwhile: a person hears them.
pub(in crate::conformance) async fn who_answers_us_is_heard_beside_files(catalog: &Catalog) {
    let catalog = &leading(catalog);
    for (of_a_person, words) in
        [(false, "no puedo pagar hasta el viernes"), (true, "no puedo el viernes"), (true, "De acuerdo")]
    {
        let sample = Sample::new();
        let first = sends(catalog, &sample, 1).await[0];
        let contact = contact_of(catalog, first).await;
        filed(catalog, first).await;
        time_passes(catalog, contact).await;
        let sent = if of_a_person {
            writes(catalog, &sample, "quiero hablar con una persona").await;
            let (support, _) = latest(catalog, contact, "support").await.unwrap();
            let sent = a_person_writes(catalog, support).await;
            acts(catalog, support, Act::Close).await;
            sent
        } else {
            has_news(catalog, contact).await
        };
        let file = sends(catalog, &sample, 1).await[0];
        writes(catalog, &sample, "pedido 77").await;
        let answer = InboundMessage { reply_to: Some(sent), ..message(&sample, "text", Some(words)) };
        Intake::spawn(catalog.clone()).record(delivery(vec![InboundItem::Message(answer)])).await.unwrap();
        let support = latest(catalog, contact, "support").await.map(|(_, state)| state);
        assert_eq!(support.as_deref(), Some("human"), "of a person: {of_a_person}, {words}");
        let timeline = format!("{:?}", catalog.timeline(file).await.unwrap());
        assert!(timeline.contains("pedido 77"), "what answers nothing is its caption: {timeline}");
    }
}
