//! Promises of what came to rest while a person had the files: it is told, and its answer has a home.

use acuse_conversation::Expects;
use uuid::Uuid;

use super::{
    cases_of, contact_of, filed, leading, purposes, said_to, sends, time_passes, time_passes_for, to_link,
    unreadable,
};
use crate::{
    Access, CaseId, Catalog, ContactId, Document, DocumentId,
    cases::{Act, Acted, Answer, Asking, Joined, Question},
    conformance::{door::Sample, road::original},
    names::{micros, now},
};

async fn acts(catalog: &Catalog, id: CaseId, act: Act) {
    let everything = Access::new(true);
    let version = catalog.case(&everything, id).await.unwrap().unwrap().version;
    let acted = catalog.act_on_case(&everything, id, version, "user:eva", &act).await.unwrap();
    assert!(matches!(acted, Acted::Done(_)), "{acted:?}");
}

/// A burst that rests, which a person has taken before any of its files did.
async fn taken(catalog: &Catalog, count: usize) -> (Sample, Vec<DocumentId>, ContactId, CaseId) {
    let sample = Sample::new();
    let files = sends(catalog, &sample, count).await;
    let contact = contact_of(catalog, files[0]).await;
    time_passes(catalog, contact).await;
    let (burst, ..) = cases_of(catalog, contact).await[0].clone();
    acts(catalog, burst, Act::Assign { to: Some("user:eva".into()), team: None }).await;
    (sample, files, contact, burst)
}

/// What comes next of a sender, and what it answers.
async fn next(catalog: &Catalog, sample: &Sample, bytes: &str) -> (Document, Option<Answer>) {
    let next = sends(catalog, sample, 1).await[0];
    let next = to_link(catalog, next, bytes.as_bytes()).await;
    let answers = catalog.answers(&next).await.unwrap();
    (next, answers)
}

/// It is the only one that was asked for and can be it.
fn only(document: DocumentId) -> Option<Answer> {
    Some(Answer::To { document, taken: "only", adds: false })
}

/// Whoever closes the files tells nobody of them, so the machine does: of each that is at rest, and of the others later. What
/// the sender sends then is the answer to what they heard.
pub(in crate::conformance) async fn what_a_person_closes_is_told_to_its_sender(catalog: &Catalog) {
    let catalog = &leading(catalog);
    let (sample, files, contact, burst) = taken(catalog, 4).await;
    filed(catalog, files[0]).await;
    unreadable(catalog, files[1]).await;
    acts(catalog, burst, Act::Reply { text: "Los miro.".into(), language: "es".into(), file: None }).await;
    assert_eq!(purposes(catalog, contact).await, ["received", "reply"], "the machine is silent");
    acts(catalog, burst, Act::Close).await;
    assert_eq!(purposes(catalog, contact).await, ["received", "reply", "summary"]);
    let (_, summary) = said_to(catalog, contact).await.pop().unwrap();
    for line in ["2 archivos", "1. factura", "2. archivo (no se lee bien)"] {
        assert!(summary.contains(line), "{line} in {summary}");
    }
    let (better, found) = next(catalog, &sample, "a better photo").await;
    assert_eq!(found, only(files[1]));
    let copy = original(files[1], b"a better photo");
    assert_eq!(catalog.join_answer(&better, files[1], "only", &copy).await.unwrap(), Joined::Done);
    // What was worked on then is told of when it is at rest, and its answer is one too.
    filed(catalog, files[2]).await;
    unreadable(catalog, files[3]).await;
    time_passes_for(catalog, contact, "documents").await;
    let (purpose, later) = said_to(catalog, contact).await.pop().unwrap();
    assert!(purpose == "summary" && later.contains("no se lee bien"), "{purpose}: {later}");
    let (_, found) = next(catalog, &sample, "the other, better").await;
    assert_eq!(found, only(files[3]));
    assert!(catalog.message_ledger(now()).await.unwrap().balanced);
}

/// The latest message of this purpose is on their telephone.
async fn is_there(catalog: &Catalog, contact: ContactId, purpose: &str) {
    let mut tx = catalog.writing().await.unwrap();
    let sql = "UPDATE outbox SET state = 'sent', sent_at = $3, wamid = $4 WHERE id = (SELECT o.id FROM outbox o \
         WHERE o.contact_id = $1 AND o.purpose = $2 ORDER BY o.seq DESC LIMIT 1)";
    let wamid = format!("wamid.{}", Uuid::now_v7());
    assert_eq!(execute!(tx, sql, contact.0, purpose, micros(now()), wamid.as_str()).unwrap(), 1, "{purpose}");
    tx.commit().await.unwrap();
}

/// Whoever was reminded of it, or asked by a person, has heard of it, though nothing else was said of the files.
pub(in crate::conformance) async fn who_heard_of_it_otherwise_answers_it(catalog: &Catalog) {
    let catalog = &leading(catalog);
    for by_a_person in [false, true] {
        let (sample, files, contact, _) = taken(catalog, 2).await;
        unreadable(catalog, files[0]).await;
        assert_eq!(next(catalog, &sample, "before").await.1, None, "nobody had told them");
        let purpose = if by_a_person {
            let question = Question {
                expects: Expects::File,
                text: "¿Nos la manda otra vez?".into(),
                choices: Vec::new(),
            };
            let asked = catalog.ask_about(&Access::new(true), (files[0], None), "user:eva", &question).await;
            assert!(matches!(asked, Ok(Asking::Asked(_))), "{asked:?}");
            "question"
        } else {
            time_passes_for(catalog, contact, "ask").await;
            "reminder"
        };
        assert_eq!(next(catalog, &sample, "meanwhile").await.1, None, "it has not left yet");
        is_there(catalog, contact, purpose).await;
        assert_eq!(next(catalog, &sample, "after").await.1, only(files[0]), "{purpose}");
    }
}

/// Files that come after all was said of those before them, while one of these is worked on still, are seen and counted.
pub(in crate::conformance) async fn another_burst_of_one_case_is_seen(catalog: &Catalog) {
    let catalog = &leading(catalog);
    let sample = Sample::new();
    let files = sends(catalog, &sample, 3).await;
    let contact = contact_of(catalog, files[0]).await;
    let (burst, ..) = cases_of(catalog, contact).await[0].clone();
    assert!(catalog.case_turn(burst).await.unwrap().nod.is_some());
    filed(catalog, files[0]).await;
    time_passes(catalog, contact).await;
    time_passes(catalog, contact).await;
    assert_eq!(purposes(catalog, contact).await, ["received", "summary"]);
    let more = sends(catalog, &sample, 2).await;
    let nod = catalog.case_turn(burst).await.unwrap().nod.expect("they see that we have these too");
    assert!(nod.wamid.contains("-0-"), "the first of them: {nod:?}");
    assert_eq!(catalog.case_turn(burst).await.unwrap().nod, None, "once");
    time_passes(catalog, contact).await;
    let (purpose, text) = said_to(catalog, contact).await.pop().unwrap();
    assert!(purpose == "received" && text.contains("2 archivos"), "{purpose}: {text}");
    for id in files[1..].iter().chain(&more) {
        filed(catalog, *id).await;
    }
    let said = said_to(catalog, contact).await;
    let (purpose, text) = said.last().unwrap();
    assert!(purpose == "summary" && text.contains("4 archivos"), "{said:?}");
    let all = cases_of(catalog, contact).await;
    assert!(all.len() == 1 && all[0].2 == "done", "{all:?}");
}
