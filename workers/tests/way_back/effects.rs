//! Whoever steps a case (a worker, or the door) dies behind each of its effects, before they are committed: nothing is
//! doubled, nothing is lost, both ledgers balance.

use std::collections::BTreeSet;

use acuse_fixtures::graph::{Fault, Point};
use acuse_storage::{
    DocumentId, Intake,
    consents::Category,
    inbound::{InboundDelivery, InboundItem, InboundMedia, InboundMessage, Outcome},
};
use acuse_workers::jobs::boundary::{BOUNDARIES, die_at, spared};
use time::Duration;

use crate::{
    matters::agrees,
    owed::{customer, owes},
    talk::{leading, message, passes, receipt, said},
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
        let contact = agrees(&world, SENDER, Category::Billing).await;
        let debtor = (customer(&world, SENDER).await, contact);
        owes(&world, debtor, "F-1", "100.00", 0).await;
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
