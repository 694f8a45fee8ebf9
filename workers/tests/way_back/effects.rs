//! Whoever steps a case (a worker, or the door) dies behind each of its effects, before they are committed: nothing is
//! doubled, nothing is lost, both ledgers balance.

use std::collections::BTreeSet;

use acuse_fixtures::graph::{Fault, Point};
use acuse_storage::{
    Access, ContactId, DocumentId, Intake,
    consents::{Category, NewConsent, Word},
    customers::NewCustomer,
    inbound::{InboundDelivery, InboundItem, InboundMedia, InboundMessage, Outcome},
    obligations::{NewObligation, Owing},
};
use acuse_workers::jobs::boundary::{BOUNDARIES, die_at, spared};
use time::Duration;

use crate::{
    talk::{leading, message, passes, said},
    world::{World, clock},
};

const SENDER: &str = "34600111222";

/// Meta delivers until it is answered; a door that died is another one by then.
async fn comes(world: &mut World, message: InboundMessage) -> Option<DocumentId> {
    for _ in 0..2 {
        let delivery = InboundDelivery {
            token_ref: "default".into(),
            body: b"{}".to_vec(),
            signed_with: "current".into(),
            received_at: clock(),
            items: vec![InboundItem::Message(message.clone())],
            outcome: Outcome::Understood,
        };
        match world.intake.record(delivery).await {
            Ok(recorded) => return recorded.new_documents.first().copied(),
            Err(_) => world.intake = Intake::spawn(world.env.catalog.clone()),
        }
    }
    panic!("a door dies once");
}

async fn photo(world: &mut World, file: &str) -> DocumentId {
    let media_id = world.graph.upload_media(file.as_bytes().to_vec(), "image/jpeg");
    let media = Some(InboundMedia { media_id: Some(media_id), ..InboundMedia::default() });
    let sent =
        InboundMessage { media, ..message(world, SENDER, &format!("wamid.{}", DocumentId::generate())) };
    comes(world, sent).await.expect("a file is a document")
}

fn receipt(total: &str) -> String {
    format!("receipt\nmerchant_name=Bar Sol\ndate=2026-05-03\ntotal={total}\ncurrency=EUR")
}

/// They owe something from today on, and agreed to hear of it.
async fn owes(world: &World, contact: ContactId) {
    let (catalog, number) = (&world.env.catalog, world.number());
    let customer =
        NewCustomer { name: "Ana".into(), external_id: Some("C-1".into()), ..NewCustomer::default() };
    let customer = catalog.upsert_customers(&[customer]).await.unwrap().remove(0).id().unwrap();
    let consent = NewConsent {
        contact,
        phone_number_id: &number,
        category: Category::Billing,
        word: Word::Granted,
        source: "contract",
        text_version: None,
        said_by: None,
        at: clock(),
    };
    catalog.write_consent(&consent).await.unwrap();
    let new = NewObligation {
        customer,
        number: "F-1".into(),
        amount: "100.00".parse().unwrap(),
        currency: "EUR".into(),
        due: clock().date(),
        contact: Some(contact),
        phone_number_id: Some(number.clone()),
        document: None,
    };
    let added = catalog.add_obligation(&Access::whole(), &new, "key:erp").await.unwrap();
    assert!(matches!(added, Owing::Added(_)), "{added:?}");
}

async fn count(world: &World, sql: &str) -> i64 {
    let (count,): (i64,) = world.queue.one(sql, &[]).await;
    count
}

#[tokio::test]
async fn whoever_dies_behind_an_effect_doubles_and_loses_nothing() {
    for &boundary in BOUNDARIES.iter().filter(|boundary| boundary.starts_with("effect.")) {
        let mut world = leading().await;
        let mut deaths = 0;
        let mut dies_again = || {
            deaths += u32::from(!spared());
            die_at(boundary);
        };
        // Files that come together, of which one is asked for again.
        die_at(boundary);
        let asked = photo(&mut world, "unreadable\nfirst").await;
        photo(&mut world, &receipt("41.00")).await;
        passes(&world, Duration::minutes(10)).await;
        // The answer.
        dies_again();
        let answer = photo(&mut world, &receipt("77.00")).await;
        passes(&world, Duration::minutes(10)).await;
        // Who asks for a person.
        dies_again();
        let words = InboundMessage {
            kind: "text".into(),
            body: Some("Quiero hablar con una persona".into()),
            ..message(&world, SENDER, "wamid.words")
        };
        comes(&mut world, words).await;
        passes(&world, Duration::minutes(1)).await;
        // And what cannot be said.
        deaths += u32::from(!spared());
        let contact = world.env.catalog.document(asked).await.unwrap().unwrap().contact_id.unwrap();
        owes(&world, contact).await;
        world.graph.fail(Point::Send, None, Fault::error(400, 131_051, None), u32::MAX);
        die_at(boundary);
        passes(&world, Duration::hours(1)).await;
        deaths += u32::from(!spared());

        assert!(deaths > 0, "{boundary}: nobody died there");
        let answered = world.env.catalog.document(answer).await.unwrap().unwrap();
        assert_eq!(answered.duplicate_of, Some(asked), "{boundary}");
        let said = said(&world);
        let different: BTreeSet<&String> = said.iter().collect();
        assert!(different.len() == said.len() && (2..=3).contains(&said.len()), "{boundary}: {said:#?}");
        for (sql, times) in [
            ("SELECT COUNT(*) FROM cases WHERE kind = 'support'", 1),
            ("SELECT COUNT(*) FROM cases WHERE kind IN ('support', 'collection') AND state = 'human'", 2),
            ("SELECT COUNT(*) FROM cases WHERE kind = 'ask' AND state = 'done'", 1),
            ("SELECT COUNT(*) FROM cases WHERE state IN ('gathering', 'working', 'waiting')", 0),
            ("SELECT COUNT(*) FROM outbox WHERE purpose = 'collection'", 1),
            ("SELECT COUNT(*) FROM documents", 3),
        ] {
            assert_eq!(count(&world, sql).await, times, "{boundary}: {sql}");
        }
        let ledger = world.env.catalog.ledger(None, None).await.unwrap();
        assert!(ledger.balanced && ledger.processing == 0, "{boundary}: {ledger:?}");
        world.balances(boundary).await;
    }
}
