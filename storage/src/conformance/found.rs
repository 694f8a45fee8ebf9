//! Promises of search: what is said is found in any notation and order, by whoever may be told it, and nothing else is.

use std::{collections::BTreeSet, time::Duration};

use acuse_pipeline::fields::{Entry, Field, FieldName, Fields, Source, Value};
use uuid::Uuid;

use super::{
    access::{bill, passport, waiting},
    door::{Sample, delivery, photo},
    road::field,
};
use crate::{
    Access, Catalog, CatalogError, ContactId, CustomerId, DocumentFilter, DocumentId, Intake,
    access::Bound,
    contacts::CONTACT_WORDS,
    customers::{CUSTOMER_WORDS, Merged, NewCustomer, Retired},
    documents::{LINES, SEARCH, Sort},
    inbound::InboundItem,
    reviews::Decision,
    stages::ReadFacts,
    words::{CUSTOMERS, Listing, Wanted},
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

/// Who is found by these words, page by page.
async fn customers(catalog: &Catalog, q: &str) -> Vec<CustomerId> {
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let page = catalog.customers(&Access::whole(), Some(q), after, 2).await.unwrap();
        all.extend(page.data.iter().map(|c| c.id));
        after = page.next;
        if after.is_none() {
            return all;
        }
    }
}

/// Customers are found by the words of their names in any order, and by nothing else of them.
pub(super) async fn who_there_is_is_found(catalog: &Catalog) {
    let unique = Uuid::now_v7().simple().to_string();
    let digits = format!("{:09}", Uuid::now_v7().as_u128() % 1_000_000_000);
    let new = |n: usize| NewCustomer {
        external_id: Some(format!("{unique}-{n}")),
        name: format!("Ferretería Núñez {unique}"),
        id_numbers: vec![format!("{digits}{n}")],
        ..NewCustomer::default()
    };
    let mut ids = Vec::new();
    for n in 0..5 {
        ids.push(catalog.upsert_customers(&[new(n)]).await.unwrap()[0].id().expect("nobody else's"));
    }
    ids.reverse();
    for q in ["nunez FERRETERÍA", "ferre", ""] {
        assert_eq!(customers(catalog, &format!("{q} {unique}")).await, ids, "newest first: {q}");
    }
    for q in ["erreteria", "lopez"] {
        assert_eq!(customers(catalog, &format!("{q} {unique}")).await, [], "{q}");
    }
    for q in [digits.as_str(), &format!("{digits}0"), "%", "'\"*:&|!()"] {
        assert_eq!(
            customers(catalog, q).await,
            [],
            "the number of an ID finds nobody, nor does no word: {q}"
        );
    }
    let renamed = NewCustomer { name: format!("Bazar {unique}"), ..new(0) };
    catalog.upsert_customers(&[renamed]).await.unwrap();
    assert_eq!(customers(catalog, &format!("bazar {unique}")).await, [ids[4]]);
    let nunez = format!("nunez {unique}");
    assert_eq!(customers(catalog, &nunez).await, ids[..4]);
    assert_eq!(catalog.delete_customer((ids[0], None), "eva").await.unwrap(), Retired::Gone);
    assert_eq!(catalog.merge_customers(ids[1], ids[2], "eva").await.unwrap(), Merged::Done(0));
    assert_eq!(customers(catalog, &nunez).await, [ids[1], ids[3]]);
    let after = catalog.customers(&Access::whole(), Some(&nunez), Some(ids[0]), 5).await.unwrap();
    assert_eq!(after.data.len(), 2, "after one that has gone since");
    let like = catalog.customers_named_like(&format!("BAZAR {unique}")).await.unwrap();
    assert_eq!(like.iter().map(|c| c.id).collect::<BTreeSet<_>>(), BTreeSet::from([ids[1], ids[3], ids[4]]));
}

/// A beginning is found whatever its length and however many words there are with it: those, and nothing but those.
pub(super) async fn a_long_beginning_is_found(catalog: &Catalog) {
    let unique = Uuid::now_v7().simple().to_string();
    let mut ids = Vec::new();
    for end in ["", "es", "0", "ñ"] {
        for n in 0..2 {
            let name = format!("{unique}{end} {n}");
            let external_id = Some(format!("{unique}{end}{n}"));
            let new = NewCustomer { external_id, name, ..NewCustomer::default() };
            ids.insert(0, catalog.upsert_customers(&[new]).await.unwrap()[0].id().expect("nobody else's"));
        }
    }
    assert_eq!(customers(catalog, &unique).await, ids, "newest first, whichever of the words each has");
    assert_eq!(customers(catalog, &unique[..31]).await, ids, "and by less of it");
    assert_eq!(customers(catalog, &format!("{unique}e")).await, ids[4..6]);
    assert_eq!(customers(catalog, &format!("{unique}es")).await, ids[4..6]);
    assert_eq!(customers(catalog, &format!("{unique}ex")).await, []);
    assert_eq!(customers(catalog, &format!("{unique}z 1 {unique}")).await, []);
    // More of them than are asked for one by one.
    for n in 10..20 {
        let name = format!("{unique}{n}");
        let new = NewCustomer { external_id: Some(name.clone()), name, ..NewCustomer::default() };
        ids.insert(0, catalog.upsert_customers(&[new]).await.unwrap()[0].id().expect("nobody else's"));
    }
    assert_eq!(customers(catalog, &unique).await, ids);
    assert_eq!(customers(catalog, &format!("{unique}1")).await, ids[..10]);
}

/// Contacts are found by what they are called now and by any digits of their number, however it is written.
pub(super) async fn a_contact_is_found_by_name_and_number(catalog: &Catalog) {
    let unique = Uuid::now_v7().simple().to_string();
    let digits = format!("{:08}", Uuid::now_v7().as_u128() % 100_000_000);
    let intake = Intake::spawn(catalog.clone());
    let writes = async |name: &str| {
        let mut message = photo(&Sample::new());
        message.identity.wa_id = Some(format!("52155{digits}"));
        message.identity.name = Some(format!("{name} {unique}"));
        intake.record(delivery(vec![InboundItem::Message(message)])).await.unwrap();
    };
    let found = async |q: &str| {
        let found = catalog.contacts(&Access::whole(), Some(q), None, 10).await.unwrap();
        found.iter().map(|c| c.id).collect::<Vec<_>>()
    };
    writes("José Ibáñez").await;
    let one = found(&format!("ibanez {unique}")).await;
    assert_eq!(one.len(), 1);
    let (area, own) = digits.split_at(4);
    for q in [
        digits.clone(),
        format!("52155{digits}"),
        format!("+52 1 55 {area}-{own}"),
        format!("+52 55 {area} {own}"),
        format!("0052 (55) {area}.{own}"),
        format!("{unique} {digits}"),
        format!("JOSE {unique}"),
    ] {
        assert_eq!(found(&q).await, one, "{q}");
    }
    for q in [format!("anez {unique}"), format!("7{digits}7"), "%".to_owned(), "+".to_owned()] {
        assert_eq!(found(&q).await, [], "{q}");
    }
    writes("Pepe").await;
    assert_eq!(found(&format!("pepe {unique}")).await, one);
    assert_eq!(found(&format!("ibanez {unique}")).await, [], "not by a name of before");
}

/// Customers and contacts that were there before they had an index are found at once, and while they come into it.
pub(super) async fn who_was_there_is_found(catalog: &Catalog, contact: ContactId) {
    let all_are_found = async || {
        assert_eq!(customers(catalog, "uno CAFE").await.len(), 1);
        assert_eq!(customers(catalog, "cafe").await.len(), 2);
        assert_eq!(catalog.customers_named_like("Café Uno").await.unwrap().len(), 2);
        for q in ["ana", "300 111 2233"] {
            let found = catalog.contacts(&Access::whole(), Some(q), None, 500).await.unwrap();
            let of_them = found.iter().filter(|c| c.id == contact).count();
            assert_eq!(of_them, 1, "{q}: {found:?}");
        }
    };
    for name in [CUSTOMER_WORDS, CONTACT_WORDS] {
        let backfill = catalog.backfill(name).await.unwrap().expect("there is something to do");
        assert!(!backfill.finished && backfill.done == 0 && backfill.total > 0, "{name}: {backfill:?}");
    }
    all_are_found().await;
    while catalog.keep_words_of_who_was_there(1).await.unwrap() {
        all_are_found().await;
    }
    all_are_found().await;
    for name in [CUSTOMER_WORDS, CONTACT_WORDS] {
        let backfill = catalog.backfill(name).await.unwrap().expect("there was something to do");
        assert!(backfill.finished && backfill.done == backfill.total, "{name}: {backfill:?}");
    }
}

/// Takes these customers for such that were there before there was an index of names; they are in the order in which they came.
async fn were_there_before(catalog: &Catalog, ids: &[CustomerId]) {
    let mut tx = catalog.writing().await.unwrap();
    for id in ids {
        CUSTOMERS.forget(&mut tx, id.0).await.unwrap();
    }
    execute!(
        tx,
        "INSERT INTO backfills (name, at_id, upto_id, total) VALUES ($1, $2, $3, $4) ON CONFLICT (name) DO UPDATE SET \
         at_id = excluded.at_id, upto_id = excluded.upto_id, total = excluded.total, done = 0, finished_at = NULL",
        CUSTOMER_WORDS,
        Uuid::from_u128(ids[0].0.as_u128() - 1),
        ids[ids.len() - 1].0,
        ids.len() as i64
    )
    .unwrap();
    tx.commit().await.unwrap();
}

/// While an index is being built whoever is not in it yet is looked for among the rows: nobody is missed or told twice, and
/// where there are too many to be looked through, that is said.
pub(super) async fn who_is_not_in_the_index_yet_is_found(catalog: &Catalog) {
    let unique = Uuid::now_v7().simple().to_string();
    let put = async |which: &str, name: &str| {
        let new = NewCustomer {
            external_id: Some(format!("{unique}-{which}")),
            name: format!("{name} Núñez {unique}"),
            ..NewCustomer::default()
        };
        catalog.upsert_customers(&[new]).await.unwrap()[0].id().expect("nobody else's")
    };
    let mut ids = Vec::new();
    for which in ["uno", "dos", "tres", "cuatro"] {
        ids.push(put(which, which).await);
    }
    were_there_before(catalog, &ids).await;
    assert_eq!(put("dos", "Bazar").await, ids[1], "renamed meanwhile");
    ids.push(put("cinco", "cinco").await);
    let q = format!("nunez {unique}");
    let listing = Listing {
        select: "c.id",
        conditions: Vec::new(),
        reach: "1 = 1".to_owned(),
        access: &Access::whole(),
        wanted: Wanted::of(&q),
        after: None,
        most: 9,
        budget: Duration::ZERO,
    };
    let mut tx = catalog.searching().await.unwrap();
    let in_no_time = CUSTOMERS.page::<(Uuid,)>(&mut tx, &listing).await;
    assert!(matches!(in_no_time, Err(CatalogError::Unindexed)), "{in_no_time:?}");
    drop(tx);
    let bound = Bound { holder: Uuid::now_v7(), customers: true, ..Bound::default() };
    let bound = Access::of(true, Some(bound));
    let all_are_found = async || {
        let latest: Vec<_> = ids.iter().rev().copied().collect();
        assert_eq!(customers(catalog, &q).await, latest, "page by page, newest first");
        assert_eq!(customers(catalog, &format!("bazar {unique}")).await, [ids[1]]);
        assert_eq!(customers(catalog, &format!("dos {unique}")).await, [], "not by a name of before");
        let mut like: Vec<_> =
            catalog.customers_named_like(&unique).await.unwrap().iter().map(|c| c.id).collect();
        like.sort();
        assert_eq!(like, ids);
        let theirs = catalog.customers(&bound, Some(&q), None, 9).await.unwrap();
        assert_eq!(theirs.data, [], "who does not exist for them");
    };
    all_are_found().await;
    while catalog.keep_words_of_who_was_there(1).await.unwrap() {
        all_are_found().await;
    }
    all_are_found().await;
    let backfill = catalog.backfill(CUSTOMER_WORDS).await.unwrap().expect("there was something to do");
    assert!(backfill.finished && backfill.done == backfill.total, "{backfill:?}");
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
