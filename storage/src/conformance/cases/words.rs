//! Promises of what words do: a stop, a question, and a person who takes over.

use acuse_whatsapp::policy::Window;
use time::Duration;
use uuid::Uuid;

use super::{
    asked, cases_of, contact_of, filed, leading, purposes, said_to, sends, time_passes, time_passes_for,
    to_link,
};
use crate::{
    Access, Catalog, Intake,
    cases::{Act, Acted, Answer, CaseFilter, Joined},
    conformance::{
        door::{Sample, delivery, photo},
        road::original,
    },
    consents::{Category, NewConsent, Word},
    inbound::{InboundItem, InboundMessage},
    names::{WaitsFor, now},
};

/// Somebody writes words.
pub(in crate::conformance) async fn writes(catalog: &Catalog, sample: &Sample, words: &str) {
    let mut message = photo(sample);
    message.wamid = format!("{}-{}", sample.wamid, Uuid::now_v7());
    (message.media, message.kind, message.body) = (None, "text".into(), Some(words.to_owned()));
    let intake = Intake::spawn(catalog.clone());
    for _ in 0..2 {
        intake.record(delivery(vec![InboundItem::Message(message.clone())])).await.unwrap();
    }
}

pub(in crate::conformance) async fn a_stop_is_kept_and_ends_reminders(catalog: &Catalog) {
    let catalog = &leading(catalog);
    let (sample, first, contact) = asked(catalog).await;
    let states = async || -> Vec<(Category, Word)> {
        let all = catalog.written_consents(contact).await.unwrap();
        all.into_iter().map(|c| (c.category, c.state)).collect()
    };
    assert!(states().await.is_empty(), "a contact starts with none");
    writes(catalog, &sample, "no quiero parar").await;
    writes(catalog, &sample, "start").await;
    assert!(states().await.is_empty(), "whoever never left cannot come back");
    writes(catalog, &sample, " ¡BAJA! ").await;
    let off: Vec<_> = [Category::Marketing, Category::Utility, Category::Billing]
        .into_iter()
        .map(|category| (category, Word::Withdrawn))
        .collect();
    assert_eq!(states().await, off);
    writes(catalog, &sample, "STOP").await;
    let said = ["send_again", "support", "stopped"];
    assert_eq!(
        purposes(catalog, contact).await,
        said,
        "what is no stop is not understood; a stop is said once"
    );
    time_passes_for(catalog, contact, "ask").await;
    assert_eq!(purposes(catalog, contact).await, said, "no reminder");
    // An answer to what is in hand is still one.
    let second = sends(catalog, &sample, 1).await[0];
    let answer = to_link(catalog, second, b"after the stop").await;
    assert!(matches!(catalog.answers(&answer).await.unwrap(), Some(Answer::To { .. })));
    writes(catalog, &sample, "Alta").await;
    let came_back: Vec<Word> = states().await.into_iter().skip(3).map(|(_, word)| word).collect();
    assert_eq!(came_back, [Word::Told; 3], "who never agreed has not by coming back");
    assert_eq!(purposes(catalog, contact).await.last().map(String::as_str), Some("started"));
    // Who had agreed has again what they had, and nothing else.
    let document = catalog.document(first).await.unwrap().unwrap();
    let number = document.phone_number_id.unwrap();
    let consent = NewConsent {
        contact,
        phone_number_id: &number,
        category: Category::Utility,
        word: Word::Granted,
        source: "form",
        text_version: None,
        said_by: None,
        at: now(),
    };
    catalog.write_consent(&consent).await.unwrap();
    writes(catalog, &sample, "STOP").await;
    writes(catalog, &sample, "VOLTAR").await;
    for (category, word) in [
        (Category::Utility, Word::Granted),
        (Category::Marketing, Word::Told),
        (Category::Billing, Word::Told),
    ] {
        let last = states().await.into_iter().rfind(|(of, _)| *of == category);
        assert_eq!(last, Some((category, word)));
    }
    // The question that is open still is reminded of again.
    time_passes_for(catalog, contact, "ask").await;
    assert_eq!(purposes(catalog, contact).await.last().map(String::as_str), Some("reminder"));
    // What was said stands.
    for sql in [
        "DELETE FROM consents WHERE contact_id = $1",
        "UPDATE consents SET state = 'granted' WHERE contact_id = $1",
    ] {
        let mut tx = catalog.writing().await.unwrap();
        assert!(execute!(tx, sql, contact.0).is_err(), "{sql}");
    }
}

/// Whatever came first: what they said before their stop, or in the same moment, brings nothing back.
pub(in crate::conformance) async fn a_stop_outlives_what_was_said_before_it(catalog: &Catalog) {
    let catalog = &leading(catalog);
    let (sample, first, contact) = asked(catalog).await;
    let number = catalog.document(first).await.unwrap().unwrap().phone_number_id.unwrap();
    let consent = NewConsent {
        contact,
        phone_number_id: &number,
        category: Category::Utility,
        word: Word::Granted,
        source: "form",
        text_version: None,
        said_by: None,
        at: now(),
    };
    catalog.write_consent(&consent).await.unwrap();
    let says = async |words: &str, sent_at| {
        let wamid = format!("{}-{}", sample.wamid, Uuid::now_v7());
        let (kind, body) = ("text".into(), Some(words.to_owned()));
        let said = InboundMessage { wamid, kind, body, sent_at, media: None, ..photo(&sample) };
        Intake::spawn(catalog.clone()).record(delivery(vec![InboundItem::Message(said)])).await.unwrap();
        let all = catalog.written_consents(contact).await.unwrap();
        all.into_iter().rfind(|one| one.category == Category::Utility).map(|one| one.state)
    };
    let stopped = now() - Duration::MINUTE;
    let again = stopped + Duration::seconds(20);
    for (words, sent_at) in [
        ("BAJA", stopped),
        ("ALTA", stopped - Duration::minutes(9)),
        ("ALTA", stopped),
        ("BAJA", again),
        ("ALTA", again - Duration::seconds(10)),
    ] {
        assert_eq!(says(words, sent_at).await, Some(Word::Withdrawn), "{words} {sent_at}");
    }
    assert_eq!(purposes(catalog, contact).await, ["send_again", "stopped"]);
    assert_eq!(says("ALTA", now()).await, Some(Word::Granted), "who comes back is heard");
}

pub(in crate::conformance) async fn who_is_not_understood_twice_has_a_person(catalog: &Catalog) {
    let catalog = &leading(catalog);
    let sample = Sample::new();
    let first = sends(catalog, &sample, 1).await[0];
    filed(catalog, first).await;
    let contact = contact_of(catalog, first).await;
    time_passes(catalog, contact).await;
    let support = async || {
        let all = cases_of(catalog, contact).await;
        all.into_iter().filter(|c| c.1 == "support").map(|c| c.2).collect::<Vec<_>>()
    };
    writes(catalog, &sample, "¿y lo del otro día?").await;
    assert_eq!(support().await, ["waiting"]);
    let (purpose, text) = said_to(catalog, contact).await.pop().unwrap();
    assert!(purpose == "support" && text.contains("«una persona»"), "{text}");
    // What is understood now settles it; what is not, twice, is a person's, and so is whoever says no more.
    writes(catalog, &sample, "¿Qué falta?").await;
    assert_eq!(support().await, ["done"]);
    writes(catalog, &sample, "aquello").await;
    writes(catalog, &sample, "lo de siempre").await;
    assert_eq!(support().await, ["done", "human"]);
    let sample = Sample::new();
    let first = sends(catalog, &sample, 1).await[0];
    filed(catalog, first).await;
    let contact = contact_of(catalog, first).await;
    time_passes(catalog, contact).await;
    writes(catalog, &sample, "bueno").await;
    time_passes_for(catalog, contact, "support").await;
    let left = cases_of(catalog, contact).await.into_iter().rfind(|c| c.1 == "support").unwrap();
    assert_eq!(left.2, "human", "what they wrote is read");
    assert!(catalog.message_ledger(now()).await.unwrap().balanced);
}

pub(in crate::conformance) async fn words_find_a_person(catalog: &Catalog) {
    let catalog = &leading(catalog);
    let sample = Sample::new();
    let first = sends(catalog, &sample, 1).await[0];
    let contact = contact_of(catalog, first).await;
    writes(catalog, &sample, "es del pedido 77").await;
    let timeline = catalog.timeline(first).await.unwrap();
    assert!(format!("{timeline:?}").contains("es del pedido 77"), "beside a file they are evidence");
    filed(catalog, first).await;
    time_passes(catalog, contact).await;
    writes(catalog, &sample, "Gracias!").await;
    let mine = CaseFilter { contact: Some(contact), ..CaseFilter::default() };
    let everything = Access::new(true);
    let list = async |filter: &CaseFilter| catalog.cases(&everything, filter, 50).await.unwrap();
    assert!(list(&mine).await.is_empty(), "nothing is asked");
    writes(catalog, &sample, "¿a qué hora abren?").await;
    writes(catalog, &sample, "¿hola?").await;
    let waiting = list(&mine).await;
    assert_eq!(waiting.len(), 1, "{waiting:?}");
    let case = &waiting[0];
    assert_eq!((case.kind.as_str(), case.state.as_str()), ("support", "human"));
    let last = catalog.last_inbound(contact, &case.phone_number_id).await.unwrap();
    let closes_at = Window::at(last, now()).closes_at();
    assert!(case.window_closes_at == closes_at && closes_at.is_some(), "as dispatch has it");
    assert!(case.assignee.is_none());

    let hello = || Act::Reply { text: "A las nueve.".into(), language: "es".into(), file: None };
    let act = async |version, who, act: Act| {
        catalog.act_on_case(&everything, case.id, version, who, &act).await.unwrap()
    };
    assert_eq!(act(case.version + 9, "eva", hello()).await, Acted::Changed(case.version));
    two_write_at_once(catalog).await;
    let Acted::Done(now_at) = act(case.version, "eva", hello()).await else { panic!("it is eva's") };
    assert_eq!(act(case.version, "leo", hello()).await, Acted::Changed(now_at), "two never write at once");
    assert_eq!(act(now_at, "leo", hello()).await, Acted::HeldBy("eva".into()));
    let said = said_to(catalog, contact).await;
    assert_eq!(said.last().unwrap(), &("reply".to_owned(), "A las nueve.".to_owned()));
    assert_eq!(said.len(), 2, "{said:?}");
    let held = CaseFilter { assignee: Some("eva".into()), ..mine.clone() };
    assert_eq!(list(&held).await.len(), 1);
    let Acted::Done(over) = act(now_at, "eva", Act::Close).await else { panic!("closed") };
    assert_eq!(act(over, "eva", hello()).await, Acted::Over);
    assert!(list(&mine).await.is_empty());
    assert!(catalog.message_ledger(now()).await.unwrap().balanced);
}

/// Of several who write in the same moment one does, whoever they are: each looked at the case as it was then.
async fn two_write_at_once(catalog: &Catalog) {
    let sample = Sample::new();
    let first = sends(catalog, &sample, 1).await[0];
    filed(catalog, first).await;
    let contact = contact_of(catalog, first).await;
    time_passes(catalog, contact).await;
    writes(catalog, &sample, "Quiero hablar con una persona").await;
    let mine = CaseFilter { contact: Some(contact), ..CaseFilter::default() };
    let everything = Access::new(true);
    let case = catalog.cases(&everything, &mine, 9).await.unwrap().remove(0);
    let hello = Act::Reply { text: "Dígame.".into(), language: "es".into(), file: None };
    let tries = ["eva", "leo", "eva", "ana"]
        .map(|who| catalog.act_on_case(&everything, case.id, case.version, who, &hello));
    let became = futures_util::future::join_all(tries).await;
    let done = became.iter().filter(|one| matches!(one, Ok(Acted::Done(_)))).count();
    assert_eq!(done, 1, "{became:?}");
    assert!(became.iter().all(|one| matches!(one, Ok(Acted::Done(_) | Acted::Changed(_)))), "{became:?}");
    let replies = purposes(catalog, contact).await.into_iter().filter(|purpose| purpose == "reply").count();
    assert_eq!(replies, 1);
}

pub(in crate::conformance) async fn what_a_person_holds_the_machine_leaves_alone(catalog: &Catalog) {
    let catalog = &leading(catalog);
    let (sample, first, contact) = asked(catalog).await;
    let everything = Access::new(true);
    let open = CaseFilter { contact: Some(contact), state: Some("open".into()), ..CaseFilter::default() };
    let case = catalog.cases(&everything, &open, 9).await.unwrap().remove(0);
    assert_eq!((case.kind.as_str(), case.documents.as_slice()), ("ask", &[first][..]));
    let take = Act::Assign { to: Some("eva".into()), team: Some("caja".into()) };
    let act = async |version, act: Act| {
        catalog.act_on_case(&everything, case.id, version, "eva", &act).await.unwrap()
    };
    let Acted::Done(version) = act(case.version, take).await else { panic!("taken") };
    let held = catalog.case(&everything, case.id).await.unwrap().unwrap();
    assert_eq!((held.state.as_str(), held.due_at), ("human", None), "no reminder will come");
    let Acted::Done(_) = act(version, Act::Return).await else { panic!("given back") };
    let back = catalog.case(&everything, case.id).await.unwrap().unwrap();
    assert_eq!((back.state.as_str(), back.assignee, back.team.as_deref()), ("waiting", None, Some("caja")));
    assert!(back.due_at.is_some(), "it goes on where it was");
    // A closed window says so before anything is written.
    let mut tx = catalog.writing().await.unwrap();
    execute!(tx, "UPDATE windows SET last_inbound_at = 1 WHERE contact_id = $1", contact.0).unwrap();
    tx.commit().await.unwrap();
    let hello = Act::Reply { text: "?".into(), language: "es".into(), file: None };
    assert_eq!(act(back.version, hello).await, Acted::WindowClosed);
    let second = sends(catalog, &sample, 1).await[0];
    assert_eq!(contact_of(catalog, second).await, contact);
}

/// What came to rest while a person had the matter is told of when they give it back, a question that was answered
/// meanwhile is over, and one that was left to a person waits for its sender again.
pub(in crate::conformance) async fn what_came_meanwhile_is_told_when_it_is_given_back(catalog: &Catalog) {
    let catalog = &leading(catalog);
    let everything = Access::new(true);
    let act = async |id, act: Act| {
        let version = catalog.case(&everything, id).await.unwrap().unwrap().version;
        let acted = catalog.act_on_case(&everything, id, version, "eva", &act).await.unwrap();
        assert!(matches!(acted, Acted::Done(_)), "{acted:?}");
    };
    let take = || Act::Assign { to: Some("eva".into()), team: None };
    let state = async |id| catalog.case(&everything, id).await.unwrap().unwrap().state;

    let sample = Sample::new();
    let files = sends(catalog, &sample, 2).await;
    let contact = contact_of(catalog, files[0]).await;
    time_passes(catalog, contact).await;
    let (burst, ..) = cases_of(catalog, contact).await[0].clone();
    act(burst, take()).await;
    for file in files {
        filed(catalog, file).await;
    }
    assert_eq!(purposes(catalog, contact).await, ["received"], "the machine is silent");
    act(burst, Act::Return).await;
    assert_eq!(purposes(catalog, contact).await, ["received", "summary"]);
    assert_eq!(state(burst).await, "done");

    let (sample, first, contact) = asked(catalog).await;
    let (question, ..) = cases_of(catalog, contact).await.into_iter().rfind(|c| c.1 == "ask").unwrap();
    act(question, take()).await;
    let mut tx = catalog.writing().await.unwrap();
    let sql = "UPDATE documents SET waits_for = 'reviewer' WHERE id = $1";
    execute!(tx, sql, first.0).unwrap();
    tx.commit().await.unwrap();
    act(question, Act::Return).await;
    assert_eq!(state(question).await, "waiting");
    let document = catalog.document(first).await.unwrap().unwrap();
    assert_eq!(document.waits_for, Some(WaitsFor::Sender), "whose answer is one again");

    act(question, take()).await;
    let second = sends(catalog, &sample, 1).await[0];
    let answer = to_link(catalog, second, b"while a person had it").await;
    let copy = original(first, b"while a person had it");
    assert_eq!(catalog.join_answer(&answer, first, "only", &copy).await.unwrap(), Joined::Done);
    act(question, Act::Return).await;
    assert_eq!(state(question).await, "done", "nobody is reminded of what they have sent");
}
