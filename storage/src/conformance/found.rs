//! Promises of search: what is said is found in any notation and order, by whoever may be told it, and nothing else is.

use std::collections::BTreeSet;

use acuse_pipeline::fields::{Entry, Field, FieldName, Fields, Source, Value};
use uuid::Uuid;

use super::{
    access::{bill, passport, waiting},
    road::field,
};
use crate::{
    Access, Catalog, DocumentFilter, DocumentId,
    documents::{LINES, SEARCH, Sort},
    reviews::Decision,
    stages::ReadFacts,
};

fn asked(q: &str, access: Access) -> DocumentFilter {
    DocumentFilter { q: Some(q.to_owned()), access, ..DocumentFilter::default() }
}

async fn found(catalog: &Catalog, filter: &DocumentFilter) -> Vec<DocumentId> {
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let page = catalog.documents(filter, after.as_ref(), 2).await.unwrap();
        all.extend(page.data.iter().map(|d| d.id));
        match page.next {
            Some(next) => after = Some(next.to_string().parse().expect("a cursor comes back")),
            None => return all,
        }
        assert!(after.as_ref().is_some_and(|after| after.is_of(filter)), "of this list");
    }
}

pub(super) async fn what_is_said_is_found(catalog: &Catalog) {
    let unique = format!("zé{}", Uuid::now_v7().simple());
    let text = format!("FACTURA {unique}\nPanadería Núñez\nNIT 900.123.456-7\nTotal 1.234,50 €");
    let fields =
        Fields::from([(FieldName::Number, field("F-001/00123")), (FieldName::Total, field("1234.50"))]);
    let mut ids = Vec::new();
    for _ in 0..5 {
        ids.push(waiting(catalog, &ReadFacts { text: text.clone(), fields: fields.clone(), ..bill() }).await);
    }
    let also = ReadFacts { text: format!("{text} otra"), ..passport("Nadie") };
    let withheld = waiting(catalog, &also).await;
    ids.reverse();
    let mine = unique.replace('é', "E").to_uppercase();
    for q in [
        "nunez PANADERÍA",
        "panad",
        "1,234.50",
        "1 234,50",
        "1234.5",
        "9001234567",
        "f00100123",
        "F-001/00123",
    ] {
        let q = format!("{q} {mine}");
        assert_eq!(found(catalog, &asked(&q, Access::new(false))).await, ids, "newest first: {q}");
        let all = found(catalog, &asked(&q, Access::whole())).await;
        assert_eq!(all.len(), if q.contains("00123 ") { 5 } else { 6 }, "{q}");
        let oldest = DocumentFilter { sort: Sort::Received, ..asked(&q, Access::new(false)) };
        assert!(found(catalog, &oldest).await.iter().eq(ids.iter().rev()), "oldest first: {q}");
        let by_amount = DocumentFilter { sort: Sort::AmountDesc, ..asked(&q, Access::new(false)) };
        let by_amount: BTreeSet<_> = found(catalog, &by_amount).await.into_iter().collect();
        assert_eq!(by_amount, ids.iter().copied().collect(), "{q}");
    }
    // The lines of an e-invoice stand on no page.
    let line = Entry {
        description: Some("Rodamiento axial 51105".into()),
        unit_price: Some("17.31".into()),
        ..Entry::default()
    };
    let lines = Field { value: Value::List(vec![line]), source: Source::Xml, page: None, ..field("") };
    let fields = Fields::from([(FieldName::Number, field(&mine)), (FieldName::LineItems, lines)]);
    let xml = ReadFacts { text: String::new(), fields, ..bill() };
    let xml = waiting(catalog, &xml).await;
    for q in ["rodamiento", "51105 axial", "17,31"] {
        assert_eq!(found(catalog, &asked(&format!("{q} {mine}"), Access::whole())).await, [xml], "{q}");
    }
    for q in ["anaderia", "1.234,51", "panaderia lopez", "otra"] {
        assert_eq!(found(catalog, &asked(&format!("{q} {mine}"), Access::new(false))).await, [], "{q}");
    }
    for q in ["%", "'\"*:&|!()", "\u{0}"] {
        assert_eq!(found(catalog, &asked(q, Access::whole())).await, [], "{q:?} holds no word");
    }
    assert_eq!(found(catalog, &asked(&format!("otra {mine}"), Access::whole())).await, [withheld]);

    // What a person corrects is found instead of what was read.
    let review = catalog.open_review_of(ids[0]).await.unwrap().expect("waits");
    let fields = Fields::from([(FieldName::Number, field("ZZ-77"))]);
    let decision = Decision::Correct { kind: None, fields, customer_id: None };
    catalog.resolve_review(review.id, "ana", None, &decision, None).await.unwrap();
    assert_eq!(found(catalog, &asked(&format!("{mine} zz77"), Access::whole())).await, [ids[0]]);
    assert!(!found(catalog, &asked(&format!("{mine} f00100123"), Access::whole())).await.contains(&ids[0]));
    for filter in [
        asked(&mine, Access::new(false)),
        DocumentFilter { sort: Sort::Amount, ..asked(&mine, Access::whole()) },
    ] {
        let plan = catalog.explained(&filter).await.unwrap();
        assert!(plan.contains("document_fts"), "{plan}");
        assert!(!plan.contains("Seq Scan") && !plan.lines().any(|line| line == "SCAN d"), "{plan}");
    }
}

/// Words of what was there come into the index step by step, and none of it twice.
pub(super) async fn what_was_there_is_found(catalog: &Catalog, filed: DocumentId) {
    let q = asked("1234.50 CAFE factura", Access::whole());
    assert_eq!(found(catalog, &q).await, [], "nothing is found before");
    assert!(catalog.keep_words_of_what_was_there(1).await.unwrap(), "one, and there are more");
    while catalog.keep_words_of_what_was_there(2).await.unwrap() {}
    assert_eq!(found(catalog, &q).await, [filed]);
    let backfill = catalog.backfill(SEARCH).await.unwrap().expect("there was something to do");
    assert!(backfill.finished && backfill.done == backfill.total, "{backfill:?}");
    assert!(!catalog.keep_words_of_what_was_there(2).await.unwrap());
    let q = asked("rodamiento", Access::whole());
    assert_eq!(found(catalog, &q).await, [], "its lines are not looked at yet");
    while catalog.keep_words_of_lines(2).await.unwrap() {}
    assert_eq!(found(catalog, &q).await, [filed]);
    assert_eq!(found(catalog, &asked("CAFE factura", Access::whole())).await, [filed], "and all else still");
    let backfill = catalog.backfill(LINES).await.unwrap().expect("there was something to do");
    assert!(backfill.finished && backfill.done == backfill.total, "{backfill:?}");
}
