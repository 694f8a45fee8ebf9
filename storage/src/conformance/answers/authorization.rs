//! Promises of what senders from Colombia are asked before an ID is read: whose tap counts, and for how long.

use acuse_conversation::{Kind, Policies, Privacy, Zone};
use time::{Duration, macros::datetime};
use uuid::Uuid;

use super::{last_said, message, offered, says, taps, waits_for};
use crate::{
    Catalog, Intake, cases,
    conformance::{
        cases::{cases_of, contact_of, sends, time_passes_for},
        door::{Sample, delivery, photo},
        road::{begin, original},
    },
    consents::{Category, Word},
    inbound::{Identity, InboundItem, InboundMessage},
    names::{AliasKind, Stage, WaitsFor, micros, now},
    stages::Step,
};

/// Two who were asked the same turn out to be one: a tap counts, whichever of the two questions it answers.
pub(in crate::conformance) async fn a_tap_counts_whoever_its_contact_turns_out_to_be(catalog: &Catalog) {
    let catalog = &asking_for_authorization(catalog);
    let tail = Uuid::now_v7().as_u128() % 10_000_000;
    let samples =
        ["57300", "57301"].map(|begins| Sample { wa_id: format!("{begins}{tail:07}"), ..Sample::new() });
    let mut contacts = Vec::new();
    for sample in &samples {
        contacts.push(contact_of(catalog, sends(catalog, sample, 1).await[0]).await);
    }
    let yes = offered(catalog, contacts[1]).await.remove(0);
    let change = InboundItem::AliasChange {
        old: (AliasKind::WaId, samples[0].wa_id.clone()),
        new: (AliasKind::WaId, samples[1].wa_id.clone()),
        at: now(),
    };
    Intake::spawn(catalog.clone()).record(delivery(vec![change])).await.unwrap();
    taps(catalog, &samples[1], &yes).await;
    let said = catalog.written_consents(contacts[0]).await.unwrap();
    let last = said.into_iter().rfind(|c| c.category == Category::Privacy).unwrap();
    assert_eq!(last.state, Word::Granted, "{last:?}");
    assert_eq!(last_said(catalog, contacts[0]).await.0, "authorization", "and they hear so");
}

/// Who leads conversations, with a privacy notice, so that senders from Colombia are asked before an ID is read.
fn asking_for_authorization(catalog: &Catalog) -> Catalog {
    let privacy = Privacy::read("version\t1\nes\tTratamos tus datos.").unwrap();
    let policies = Policies::ours().unwrap().with_privacy(Some(privacy));
    catalog.clone().with_policies(Some(policies))
}

/// Whoever writes under a name has no number, but their user id says of which country they are: its law and its night are
/// theirs.
pub(in crate::conformance) async fn who_has_no_number_is_asked_by_their_country(catalog: &Catalog) {
    let catalog = &asking_for_authorization(catalog);
    let at_night_there = datetime!(2026-09-01 09:00 UTC);
    for (country, is_held, morning) in [
        ("CO", true, datetime!(2026-09-01 14:00 UTC)),
        ("BR", true, datetime!(2026-09-01 14:00 UTC)),
        ("ES", false, at_night_there),
    ] {
        let user = format!("{country}.{}", Uuid::now_v7().simple());
        let identity = Identity { bsuid: Some(user), ..Identity::default() };
        let item = InboundItem::Message(InboundMessage { identity, ..photo(&Sample::new()) });
        let recorded = Intake::spawn(catalog.clone()).record(delivery(vec![item])).await.unwrap();
        let id = recorded.new_documents[0];
        begin(catalog, id, Stage::Fetch).await;
        assert_eq!(catalog.fetched(id, &original(id, id.to_string().as_bytes())).await.unwrap(), Step::Taken);
        begin(catalog, id, Stage::Read).await;
        let held = catalog.hold_unauthorized(id).await.unwrap();
        assert_eq!(held, is_held.then_some(Step::Taken), "{country}");
        let contact = contact_of(catalog, id).await;
        let mut tx = catalog.reading().await.unwrap();
        let person = cases::person(&mut tx, contact).await.unwrap();
        assert_eq!(person.zone(), Zone::of(country));
        assert_eq!(cases::by_day(&tx, &person, Kind::Ask, at_night_there), morning, "{country}");
    }
}

/// An ID is held until its sender authorizes it: that is named where they are reminded and where they ask, and ends in front
/// of a person as any other question; a tap on its buttons counts for as long as they do, whoever has it by then.
pub(in crate::conformance) async fn an_authorization_that_nobody_gives_is_a_persons_and_counts_still(
    catalog: &Catalog,
) {
    let catalog = &asking_for_authorization(catalog);
    for (place, word) in [(0, Word::Granted), (1, Word::Withdrawn)] {
        let tail = Uuid::now_v7().as_u128() % 10_000_000;
        let sample = Sample { wa_id: format!("5730{place}{tail:07}"), ..Sample::new() };
        let id = sends(catalog, &sample, 1).await[0];
        let contact = contact_of(catalog, id).await;
        let question = async || cases_of(catalog, contact).await.into_iter().rfind(|c| c.1 == "ask").unwrap();
        time_passes_for(catalog, contact, "ask").await;
        assert_eq!(last_said(catalog, contact).await.0, "authorization", "nobody is reminded of nothing");
        begin(catalog, id, Stage::Fetch).await;
        assert_eq!(catalog.fetched(id, &original(id, id.to_string().as_bytes())).await.unwrap(), Step::Taken);
        begin(catalog, id, Stage::Read).await;
        assert_eq!(catalog.hold_unauthorized(id).await.unwrap(), Some(Step::Taken));
        assert_eq!(waits_for(catalog, id).await, Some(WaitsFor::Sender));
        time_passes_for(catalog, contact, "documents").await;
        let asked = offered(catalog, contact).await;

        says(catalog, message(&sample, "text", "¿Qué falta?")).await;
        let (purpose, text) = last_said(catalog, contact).await;
        assert!(purpose == "support" && text.contains("falta tu autorización"), "{purpose}: {text}");
        let answered = offered(catalog, contact).await;
        time_passes_for(catalog, contact, "ask").await;
        let (purpose, text) = last_said(catalog, contact).await;
        assert!(purpose == "reminder" && text.contains("falta tu autorización"), "{purpose}: {text}");
        let reminded = offered(catalog, contact).await;
        assert!(asked != answered && answered != reminded, "each time it can be tapped");
        // Three reminders from when there was something to wait for, and the end.
        for _ in 0..3 {
            assert_eq!(question().await.2, "waiting");
            time_passes_for(catalog, contact, "ask").await;
        }
        assert_eq!(question().await.2, "expired");
        assert_eq!(waits_for(catalog, id).await, Some(WaitsFor::Reviewer), "a person has it");

        taps(catalog, &sample, &asked[place]).await;
        let said = catalog.written_consents(contact).await.unwrap();
        let last = said.into_iter().rfind(|c| c.category == Category::Privacy).unwrap();
        assert_eq!(last.state, word, "whoever taps late has said so all the same");
        assert_eq!(last_said(catalog, contact).await.0, "authorization");
        let document = catalog.document(id).await.unwrap().unwrap();
        match word {
            Word::Granted => {
                assert_eq!((document.stage, document.waits_for), (Stage::Read, None), "it is read");
            }
            _ => assert_eq!(document.waits_for, Some(WaitsFor::Reviewer)),
        }
        let mut tx = catalog.writing().await.unwrap();
        let past = micros(now() - Duration::SECOND);
        let sql = "UPDATE choices SET expires_at = $1 WHERE contact_id = $2 AND taken IS NULL";
        execute!(tx, sql, past, contact.0).unwrap();
        tx.commit().await.unwrap();
        taps(catalog, &sample, &reminded[place]).await;
        let (purpose, text) = last_said(catalog, contact).await;
        assert!(purpose == "tap_refused" && text.contains("plazo"), "and no longer: {purpose}: {text}");
    }
}
