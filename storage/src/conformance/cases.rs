//! Promises of cases: what comes together is told of together, what the sender can mend is asked of them, and the answer
//! lands on the same document.

mod numbers;
mod rested;
mod said;
mod spoken;
mod told;
mod turns;
mod words;

use acuse_conversation::Policies;
use acuse_pipeline::{
    document::Status,
    fields::{FieldName, Fields},
    reading::Fingerprint,
    reason::{Reason, ReasonCode},
};
use time::Duration;
use uuid::Uuid;

use super::{
    door::{Sample, delivery, photo},
    given::says,
    road::{begin, facts, field, original, read_as, reply},
};
use crate::{
    Access, CaseId, Catalog, ContactId, DocumentId, Intake,
    cases::{Answer, CaseFilter, Joined},
    consents::{Category, Word},
    inbound::InboundItem,
    names::{OutboxId, Stage, WaitsFor, micros, now},
    outbox::{NewReply, Purpose},
    stages::{ReadFacts, Step},
};

pub(super) use numbers::what_one_number_said_silences_no_other;
pub(super) use rested::{
    another_burst_of_one_case_is_seen, what_a_person_closes_is_told_to_its_sender,
    who_heard_of_it_otherwise_answers_it,
};
pub(super) use said::words_beside_an_id_are_told_and_go_with_it;
pub(super) use spoken::{
    who_answers_us_is_heard_beside_files, who_speaks_with_a_person_hears_no_machine,
    who_wants_a_person_is_heard_beside_files,
};
pub(super) use told::{what_a_person_ends_is_told_once, who_follows_hears_how_a_case_ended};
pub(super) use turns::a_turn_asks_nothing_twice;
pub(super) use words::{
    a_stop_is_kept_and_ends_reminders, a_stop_outlives_what_was_said_before_it,
    what_a_person_holds_the_machine_leaves_alone, what_came_meanwhile_is_told_when_it_is_given_back,
    who_is_not_understood_twice_has_a_person, words_find_a_person, writes,
};

/// The same catalog, which leads conversations.
pub(super) fn leading(catalog: &Catalog) -> Catalog {
    catalog.clone().with_policies(Some(Policies::ours().unwrap()))
}

/// Somebody sends so many files at once.
pub(super) async fn sends(catalog: &Catalog, sample: &Sample, count: usize) -> Vec<DocumentId> {
    let items = (0..count).map(|n| {
        let mut message = photo(sample);
        message.wamid = format!("{}-{n}-{}", sample.wamid, Uuid::now_v7());
        InboundItem::Message(message)
    });
    let items: Vec<InboundItem> = items.collect();
    let intake = Intake::spawn(catalog.clone());
    let recorded = intake.record(delivery(items.clone())).await.unwrap();
    let again = intake.record(delivery(items)).await.unwrap();
    assert!(again.new_documents.is_empty(), "a delivery that comes again changes nothing");
    recorded.new_documents
}

async fn to_link(catalog: &Catalog, id: DocumentId, bytes: &[u8]) -> crate::Document {
    read_as(catalog, id, bytes, &facts(&id.to_string())).await
}

pub(super) async fn filed(catalog: &Catalog, id: DocumentId) {
    to_link(catalog, id, id.to_string().as_bytes()).await;
    let step = catalog.filed(id, Stage::Link, None, Some(&reply(Purpose::Filed))).await.unwrap();
    assert_eq!(step, Step::Taken);
}

async fn unreadable(catalog: &Catalog, id: DocumentId) {
    begin(catalog, id, Stage::Fetch).await;
    assert_eq!(catalog.fetched(id, &original(id, id.to_string().as_bytes())).await.unwrap(), Step::Taken);
    begin(catalog, id, Stage::Read).await;
    let reasons = [Reason::new(ReasonCode::Unreadable, "blurred")];
    let reply = reply(Purpose::SendAgain);
    let step = catalog.into_review(id, Stage::Read, &reasons, None, Some(&reply)).await.unwrap();
    assert_eq!(step, Step::Taken);
}

pub(super) async fn contact_of(catalog: &Catalog, id: DocumentId) -> ContactId {
    catalog.document(id).await.unwrap().unwrap().contact_id.unwrap()
}

/// Kinds, states and deadlines of a contact's cases, in order.
pub(super) async fn cases_of(
    catalog: &Catalog,
    contact: ContactId,
) -> Vec<(CaseId, String, String, Option<i64>)> {
    let mut tx = catalog.reading().await.unwrap();
    let sql = "SELECT id, kind, state, due_at FROM cases WHERE contact_id = $1 ORDER BY id";
    let rows = all!(tx, (Uuid, String, String, Option<i64>), sql, contact.0).unwrap();
    rows.into_iter().map(|(id, kind, state, due)| (CaseId(id), kind, state, due)).collect()
}

/// Purposes and texts of what a contact is sent, in order.
pub(super) async fn said_to(catalog: &Catalog, contact: ContactId) -> Vec<(String, String)> {
    let mut tx = catalog.reading().await.unwrap();
    let sql = "SELECT purpose, body FROM outbox WHERE contact_id = $1 ORDER BY seq";
    all!(tx, (String, String), sql, contact.0).unwrap()
}

async fn purposes(catalog: &Catalog, contact: ContactId) -> Vec<String> {
    said_to(catalog, contact).await.into_iter().map(|(purpose, _)| purpose).collect()
}

/// All that a contact's cases wait for has come; each takes its turn, twice.
pub(super) async fn time_passes(catalog: &Catalog, contact: ContactId) {
    for (id, _, _, due) in cases_of(catalog, contact).await {
        if due.is_none() {
            continue;
        }
        let mut tx = catalog.writing().await.unwrap();
        let past = micros(now() - Duration::seconds(2));
        execute!(tx, "UPDATE cases SET due_at = $2, task_at = $2 WHERE id = $1", id.0, past).unwrap();
        tx.commit().await.unwrap();
        assert!(catalog.case_turn(id).await.unwrap().stepped);
        let again = catalog.case_turn(id).await.unwrap();
        assert!(!again.stepped && again.nod.is_none(), "a task that comes twice does nothing: {again:?}");
    }
}

pub(super) async fn a_burst_costs_two_messages(catalog: &Catalog) {
    let catalog = &leading(catalog);
    let files = sends(catalog, &Sample::new(), 4).await;
    let contact = contact_of(catalog, files[0]).await;
    let cases = cases_of(catalog, contact).await;
    assert_eq!((cases.len(), cases[0].2.as_str()), (1, "gathering"), "{cases:?}");
    let nod = catalog.case_turn(cases[0].0).await.unwrap().nod.expect("they see that we have it");
    assert!(nod.wamid.contains("-0-"), "{nod:?}");
    assert_eq!(catalog.case_turn(cases[0].0).await.unwrap().nod, None, "once");

    filed(catalog, files[2]).await;
    assert!(said_to(catalog, contact).await.is_empty(), "not one message a file");
    time_passes(catalog, contact).await;
    assert_eq!(purposes(catalog, contact).await, ["received"]);
    unreadable(catalog, files[1]).await;
    filed(catalog, files[0]).await;
    filed(catalog, files[3]).await;
    let said = said_to(catalog, contact).await;
    assert_eq!(said.iter().map(|(p, _)| p.as_str()).collect::<Vec<_>>(), ["received", "summary"], "{said:?}");
    let (_, summary) = &said[1];
    for line in ["4 archivos", "1. factura", "3. factura", "4. factura", "2. archivo (no se lee bien)"] {
        assert!(summary.contains(line), "{line} in {summary}");
    }
    let cases = cases_of(catalog, contact).await;
    let open: Vec<_> = cases.iter().filter(|c| c.2 == "waiting").map(|c| c.1.as_str()).collect();
    assert_eq!(
        (cases.len(), open),
        (2, vec!["ask"]),
        "the burst is told of; the question is open: {cases:?}"
    );
    assert!(catalog.message_ledger(now()).await.unwrap().balanced);
    // In a list each case has its own documents, as it has alone.
    let all = CaseFilter { state: Some("open".to_owned()), ..CaseFilter::default() };
    let listed = catalog.cases(&Access::whole(), &all, 500).await.unwrap();
    for case in &listed {
        let alone = catalog.case(&Access::whole(), case.id).await.unwrap().unwrap();
        assert_eq!(case.documents, alone.documents, "{case:?}");
    }
    let asked = listed.iter().find(|c| c.contact_id == contact && c.kind == "ask").unwrap();
    assert_eq!(asked.documents, [files[1]]);
}

pub(super) async fn one_file_is_answered_as_before(catalog: &Catalog) {
    let catalog = &leading(catalog);
    let files = sends(catalog, &Sample::new(), 1).await;
    let contact = contact_of(catalog, files[0]).await;
    filed(catalog, files[0]).await;
    time_passes(catalog, contact).await;
    assert_eq!(said_to(catalog, contact).await, [("filed".to_owned(), "Recibido".to_owned())]);
    let replies = catalog.replies_about(files[0]).await.unwrap();
    assert_eq!(replies.len(), 1, "it is about its document");
    assert_eq!(cases_of(catalog, contact).await[0].2, "done");
}

/// Fields of what not everybody may see stand in no message, alone or in a list, whoever put the words together; also where
/// that is known only once the words were.
pub(super) async fn what_is_not_open_is_repeated_nowhere(catalog: &Catalog) {
    let catalog = &leading(catalog);
    let words = |of: &str| NewReply {
        body: format!("Archivamos tu factura: Café São José, {of}."),
        ..reply(Purpose::Filed)
    };
    for (count, id_probability, closes, repeats) in [
        (1, 0.0002, false, true),
        (1, 0.3, false, false),
        (1, 0.0002, true, false),
        (2, 0.0002, false, true),
        (2, 0.3, false, false),
        (2, 0.0002, true, false),
    ] {
        let files = sends(catalog, &Sample::new(), count).await;
        let contact = contact_of(catalog, files[0]).await;
        for id in &files {
            let facts = ReadFacts { id_probability: Some(id_probability), ..facts(&id.to_string()) };
            read_as(catalog, *id, id.to_string().as_bytes(), &facts).await;
            let step = catalog.filed(*id, Stage::Link, None, Some(&words(&id.to_string()))).await.unwrap();
            assert_eq!(step, Step::Taken);
        }
        if closes {
            let mut tx = catalog.writing().await.unwrap();
            let sql = "UPDATE documents SET sensitivity = 'unknown' WHERE contact_id = $1";
            execute!(tx, sql, contact.0).unwrap();
            tx.commit().await.unwrap();
        }
        time_passes_for(catalog, contact, "documents").await;
        let (_, text) = said_to(catalog, contact).await.pop().expect("what became of them");
        assert_eq!(text.contains("São José"), repeats, "{count} files at {id_probability}, {closes}: {text}");
    }
}

pub(super) async fn what_takes_long_is_told_when_it_is_known(catalog: &Catalog) {
    let catalog = &leading(catalog);
    let files = sends(catalog, &Sample::new(), 5).await;
    let contact = contact_of(catalog, files[0]).await;
    filed(catalog, files[0]).await;
    time_passes(catalog, contact).await;
    time_passes(catalog, contact).await;
    let said = said_to(catalog, contact).await;
    assert!(said[1].1.contains("Todavía los leemos:\n2. archivo\n3. archivo"), "{said:?}");
    for file in &files[1..] {
        filed(catalog, *file).await;
    }
    assert_eq!(said_to(catalog, contact).await.len(), 2, "later results gather");
    time_passes(catalog, contact).await;
    let said = said_to(catalog, contact).await;
    assert_eq!(said.len(), 3, "{said:?}");
    assert!(!said[2].1.contains("1. factura") && said[2].1.contains("5. factura"), "{}", said[2].1);
    assert_eq!(cases_of(catalog, contact).await[0].2, "done");
}

/// Somebody was asked for another photo of their only file, and heard so.
async fn asked(catalog: &Catalog) -> (Sample, DocumentId, ContactId) {
    let sample = Sample::new();
    let first = sends(catalog, &sample, 1).await[0];
    let contact = contact_of(catalog, first).await;
    unreadable(catalog, first).await;
    time_passes_for(catalog, contact, "documents").await;
    assert_eq!(purposes(catalog, contact).await, ["send_again"]);
    (sample, first, contact)
}

pub(super) async fn time_passes_for(catalog: &Catalog, contact: ContactId, kind: &str) {
    for (id, what, _, due) in cases_of(catalog, contact).await {
        if what == kind && due.is_some() {
            let mut tx = catalog.writing().await.unwrap();
            let past = micros(now() - Duration::seconds(2));
            execute!(tx, "UPDATE cases SET due_at = $2, task_at = $2 WHERE id = $1", id.0, past).unwrap();
            tx.commit().await.unwrap();
            assert!(catalog.case_turn(id).await.unwrap().stepped);
        }
    }
}

pub(super) async fn an_answer_lands_on_the_same_document(catalog: &Catalog) {
    let catalog = &leading(catalog);
    let before = catalog.ledger(None, None).await.unwrap();
    let (sample, first, contact) = asked(catalog).await;
    let waiting = catalog.document(first).await.unwrap().unwrap();
    assert_eq!((waiting.status, waiting.waits_for), (Status::InReview, Some(WaitsFor::Sender)));

    let second = sends(catalog, &sample, 1).await[0];
    let answer = to_link(catalog, second, b"a better photo").await;
    let found = catalog.answers(&answer).await.unwrap();
    assert_eq!(found, Some(Answer::To { document: first, taken: "only", adds: false }));
    let copy = original(first, b"a better photo");
    assert_eq!(catalog.join_answer(&answer, first, "only", &copy).await.unwrap(), Joined::Done);
    assert_eq!(catalog.join_answer(&answer, first, "only", &copy).await.unwrap(), Joined::Moved, "once");

    let joined = catalog.document(first).await.unwrap().unwrap();
    assert_eq!((joined.status, joined.stage), (Status::Processing, Stage::Read));
    assert_eq!(joined.original.unwrap().key, copy.original.key);
    assert!(joined.version > waiting.version && joined.reasons.is_empty());
    assert!(catalog.open_review_of(first).await.unwrap().is_none());
    let kept = catalog.document(second).await.unwrap().unwrap();
    assert_eq!((kept.duplicate_of, kept.original.is_some()), (Some(first), true), "both are kept");
    begin(catalog, first, Stage::Read).await;
    assert_eq!(catalog.read(first, &facts("N-1")).await.unwrap(), Step::Taken);
    begin(catalog, first, Stage::Link).await;
    let said = reply(Purpose::Filed);
    assert_eq!(catalog.filed(first, Stage::Link, None, Some(&said)).await.unwrap(), Step::Taken);
    time_passes_for(catalog, contact, "documents").await;
    assert_eq!(purposes(catalog, contact).await, ["send_again", "filed"]);
    let open = cases_of(catalog, contact).await.into_iter().filter(|case| case.2 != "done");
    assert_eq!(open.count(), 0, "the case moved on by itself");
    let after = catalog.ledger(None, None).await.unwrap();
    assert!(after.balanced && after.filed == before.filed + 1 && after.duplicate == before.duplicate + 1);
    assert!(catalog.message_ledger(now()).await.unwrap().balanced);
}

pub(super) async fn what_is_no_answer_leaves_the_question_open(catalog: &Catalog) {
    let catalog = &leading(catalog);
    let (sample, first, contact) = asked(catalog).await;
    // The very same bytes, after another stood in their place, are still no answer.
    let second = sends(catalog, &sample, 1).await[0];
    let answer = to_link(catalog, second, b"another").await;
    let copy = original(first, b"another");
    assert_eq!(catalog.join_answer(&answer, first, "only", &copy).await.unwrap(), Joined::Done);
    begin(catalog, first, Stage::Read).await;
    let reasons = [Reason::new(ReasonCode::Unreadable, "blurred")];
    let again = reply(Purpose::SendAgain);
    assert_eq!(
        catalog.into_review(first, Stage::Read, &reasons, None, Some(&again)).await.unwrap(),
        Step::Taken
    );
    time_passes_for(catalog, contact, "documents").await;
    assert_eq!(
        purposes(catalog, contact).await,
        ["send_again", "send_again"],
        "asked once more, said once more"
    );
    let third = sends(catalog, &sample, 1).await[0];
    let same = to_link(catalog, third, first.to_string().as_bytes()).await;
    assert_eq!(catalog.answers(&same).await.unwrap(), Some(Answer::Same(first)));
    // Another sender's file is no answer either.
    let other = sends(catalog, &Sample::new(), 1).await[0];
    let other = to_link(catalog, other, b"of somebody else").await;
    assert_eq!(catalog.answers(&other).await.unwrap(), None);
    let asks = cases_of(catalog, contact).await.into_iter().filter(|c| c.1 == "ask" && c.2 == "waiting");
    assert_eq!(asks.count(), 1, "the question stays open");
}

pub(super) async fn what_came_before_the_question_is_no_answer(catalog: &Catalog) {
    let catalog = &leading(catalog);
    let files = sends(catalog, &Sample::new(), 2).await;
    unreadable(catalog, files[0]).await;
    let other = to_link(catalog, files[1], b"the second page").await;
    assert_eq!(catalog.answers(&other).await.unwrap(), None, "nobody had asked when it was sent");
}

pub(super) async fn an_ask_that_nobody_answers_ends_in_front_of_a_person(catalog: &Catalog) {
    let catalog = &leading(catalog);
    let (sample, first, contact) = asked(catalog).await;
    for _ in 0..4 {
        time_passes_for(catalog, contact, "ask").await;
    }
    let said = purposes(catalog, contact).await;
    assert_eq!(said, ["send_again", "reminder"], "reminders within an hour are one");
    let document = catalog.document(first).await.unwrap().unwrap();
    assert_eq!((document.status, document.waits_for), (Status::InReview, Some(WaitsFor::Reviewer)));
    assert!(cases_of(catalog, contact).await.iter().any(|case| case.1 == "ask" && case.2 == "expired"));
    // Who comes back is picked up where they left.
    let late = sends(catalog, &sample, 1).await[0];
    let late = to_link(catalog, late, b"at last").await;
    assert_eq!(
        catalog.answers(&late).await.unwrap(),
        Some(Answer::To { document: first, taken: "only", adds: false })
    );
    let copy = original(first, b"at last");
    assert_eq!(catalog.join_answer(&late, first, "only", &copy).await.unwrap(), Joined::Done);
}

/// A reminder that cannot be delivered puts the question in front of a person; what its sender sends then is its answer still.
pub(super) async fn who_was_not_reminded_answers_all_the_same(catalog: &Catalog) {
    let catalog = &leading(catalog);
    let (sample, first, contact) = asked(catalog).await;
    time_passes_for(catalog, contact, "ask").await;
    let mut tx = catalog.reading().await.unwrap();
    let sql = "SELECT id FROM outbox WHERE contact_id = $1 AND purpose = 'reminder'";
    let (reminder,) = one!(tx, (Uuid,), sql, contact.0).unwrap();
    drop(tx);
    catalog.reply_failed(OutboxId(reminder), "message_failed", "nobody is there").await.unwrap();
    assert!(cases_of(catalog, contact).await.iter().any(|case| case.1 == "ask" && case.2 == "human"));
    let document = catalog.document(first).await.unwrap().unwrap();
    assert_eq!(document.waits_for, Some(WaitsFor::Reviewer));
    let second = sends(catalog, &sample, 1).await[0];
    let answer = to_link(catalog, second, b"here it is").await;
    let found = catalog.answers(&answer).await.unwrap();
    assert_eq!(found, Some(Answer::To { document: first, taken: "only", adds: false }));
    let copy = original(first, b"here it is");
    assert_eq!(catalog.join_answer(&answer, first, "only", &copy).await.unwrap(), Joined::Done);
}

/// Of several that were asked for, the answer is the one that it says it is, else the one that it looks like.
pub(super) async fn an_answer_is_known_by_what_it_says_and_how_it_looks(catalog: &Catalog) {
    let catalog = &leading(catalog);
    let sample = Sample::new();
    let seed = Uuid::now_v7().as_u128() as u64 | 1;
    let looks = |picture: u64, number: &str| {
        let fields = Fields::from([(FieldName::Number, field(number))]);
        let fields = if number.is_empty() { Fields::new() } else { fields };
        ReadFacts { fingerprint: Some(Fingerprint(picture)), fields, ..facts(number) }
    };
    let mut asked = Vec::new();
    for seen in [looks(seed, "A-1"), looks(!seed, "")] {
        let id = sends(catalog, &sample, 1).await[0];
        read_as(catalog, id, id.to_string().as_bytes(), &seen).await;
        let reasons = [Reason::new(ReasonCode::Unreadable, "blurred")];
        let again = reply(Purpose::SendAgain);
        let step = catalog.into_review(id, Stage::Link, &reasons, None, Some(&again)).await.unwrap();
        assert_eq!(step, Step::Taken);
        asked.push(id);
        time_passes_for(catalog, contact_of(catalog, id).await, "documents").await;
    }
    // Three bits are another picture of the same.
    let near = |picture: u64| picture ^ (1 << 63 | 1 << 40 | 1 << 20);
    for (seen, means) in [
        (looks(near(!seed), ""), Some(asked[1])),
        (looks(near(!seed), "B-2"), Some(asked[1])),
        (looks(near(!seed), "A-1"), Some(asked[0])),
        (looks(seed ^ 0x8421_0421_0021_0041, ""), None),
    ] {
        let id = sends(catalog, &sample, 1).await[0];
        let answer = read_as(catalog, id, id.to_string().as_bytes(), &seen).await;
        let found = catalog.answers(&answer).await.unwrap();
        let expected = means.map(|document| Answer::To { document, taken: "match", adds: false });
        assert_eq!(found, expected, "{:?}", seen.fields);
    }
}

pub(super) async fn a_reminder_goes_by_whichever_template_is_approved(catalog: &Catalog) {
    let catalog = &leading(catalog);
    let (_, first, contact) = asked(catalog).await;
    let number = catalog.document(first).await.unwrap().unwrap().phone_number_id.unwrap();
    says(catalog, contact, &number, (Category::Utility, Word::Granted)).await;
    let mut tx = catalog.writing().await.unwrap();
    execute!(tx, "UPDATE windows SET last_inbound_at = 1 WHERE contact_id = $1", contact.0).unwrap();
    tx.commit().await.unwrap();
    for (name, status, said) in [
        ("acuse_reminder", "PAUSED", &["send_again"][..]),
        ("acuse_reminder_2", "APPROVED", &["send_again", "reminder"][..]),
    ] {
        let mut tx = catalog.writing().await.unwrap();
        let sql = "INSERT INTO templates (waba_id, name, language, category, status, synced_at) \
                   VALUES ('of a reminder', $1, 'es', 'UTILITY', $2, 0)";
        execute!(tx, sql, name, status).unwrap();
        tx.commit().await.unwrap();
        time_passes_for(catalog, contact, "ask").await;
        assert_eq!(purposes(catalog, contact).await, said, "{name} {status}");
    }
    let mut tx = catalog.writing().await.unwrap();
    execute!(tx, "DELETE FROM templates WHERE waba_id = 'of a reminder'").unwrap();
    tx.commit().await.unwrap();
}

pub(super) async fn a_lost_timer_is_found(catalog: &Catalog) {
    let catalog = &leading(catalog);
    let files = sends(catalog, &Sample::new(), 2).await;
    let contact = contact_of(catalog, files[0]).await;
    let (id, ..) = cases_of(catalog, contact).await[0].clone();
    let mut tx = catalog.writing().await.unwrap();
    let text = format!("DELETE FROM {} WHERE job_type = 'case'", tx.jobs());
    execute!(tx, sqlx::AssertSqlSafe(text.clone())).unwrap();
    execute!(tx, "UPDATE cases SET due_at = $2 WHERE id = $1", id.0, micros(now())).unwrap();
    tx.commit().await.unwrap();
    assert!(catalog.sweep_older_than(-Duration::seconds(1)).await.unwrap().cases >= 1);
    assert_eq!(catalog.sweep_older_than(-Duration::seconds(1)).await.unwrap().cases, 0, "and once");
}
