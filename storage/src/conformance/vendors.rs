//! What is remembered of vendors: from persons only, and gone with the paper that taught it.

use acuse_pipeline::{
    document::Kind,
    fields::{FieldName, Fields},
    memory::{self, Clues, Paper, SignKind},
};
use time::Duration as Span;
use uuid::Uuid;

use super::{
    access::{bill, passport, waiting},
    desk::LEASE,
    erasure::wish,
    road::field,
};
use crate::{
    Catalog, DocumentId,
    customers::NewCustomer,
    erasure::Wished,
    key_file::ErasedKind,
    names::now,
    reviews::{Deciding, Decision, Resolved},
    stages::ReadFacts,
    vendors::{Recalled, VENDORS},
};

/// A vendor of this test alone: its phone and its site.
struct Shop {
    phone: String,
    site: String,
}

impl Shop {
    fn new() -> Self {
        let n = Uuid::now_v7().as_u128();
        Self {
            phone: format!("9{:08}", n % 100_000_000),
            site: format!("www.s{:x}.example", n & 0xff_ffff_ffff),
        }
    }

    fn text(&self) -> String {
        format!("Factura\nTel. {}\n{}\ntotal 45,00", self.phone, self.site)
    }

    fn bill(&self, name: &str) -> ReadFacts {
        let mut facts = bill();
        facts.fields.insert(FieldName::IssuerName, field(name));
        ReadFacts { text: self.text(), ..facts }
    }

    async fn papers(&self, catalog: &Catalog) -> Vec<Paper> {
        let clues = Clues::of(&Fields::new(), &self.text());
        catalog.vendor_papers(&clues, DocumentId(Uuid::nil())).await.unwrap()
    }

    async fn decided(&self, catalog: &Catalog, by: &Deciding<'_>, name: &str) -> DocumentId {
        let id = waiting(catalog, &self.bill(name)).await;
        decide(catalog, id, by, &Decision::Approve { customer_id: None }).await;
        id
    }
}

fn person() -> Deciding<'static> {
    Deciding { who: "user:ana", sees_ids: true, teaches: true, ..Deciding::default() }
}

async fn decide(catalog: &Catalog, id: DocumentId, by: &Deciding<'_>, decision: &Decision) {
    let review = catalog.open_review_of(id).await.unwrap().expect("waits");
    let resolved = catalog.decide_review(review.id, by, decision, None).await.unwrap();
    assert!(matches!(resolved, Resolved::Done(_)), "{resolved:?}");
}

pub(super) async fn a_persons_decision_teaches_and_its_taking_back_unteaches(catalog: &Catalog) {
    let shop = Shop::new();
    let assistant = Deciding { who: "mcp:bot", teaches: false, ..person() };
    shop.decided(catalog, &assistant, "Bar Luna").await;
    assert_eq!(shop.papers(catalog).await, [], "of an assistant's decision nothing is learnt");
    let first = shop.decided(catalog, &person(), "Bar Luna").await;
    let second = shop.decided(catalog, &person(), "Bar Luna").await;
    let papers = shop.papers(catalog).await;
    assert_eq!(papers.len(), 2);
    assert!(papers[0].signs.iter().any(|s| s.kind == SignKind::Phone), "{papers:?}");
    let clues = Clues::of(&Fields::new(), &format!("BAR LUNA\n{}", shop.text()));
    let known = memory::recall(Kind::Receipt, &clues, &papers).vendor.expect("two agree");
    assert_eq!((known.name.as_str(), known.papers), ("Bar Luna", 2));
    // Corrected: what it taught before is replaced.
    let mut fields = catalog.document(first).await.unwrap().unwrap().fields;
    fields.insert(FieldName::IssuerName, field("Bar Lima"));
    let correct = Decision::Correct { kind: None, fields, customer_id: None };
    catalog.decide_again(first, &person(), &correct, None).await.unwrap();
    let names: Vec<String> = shop.papers(catalog).await.into_iter().map(|p| p.name).collect();
    assert_eq!(names, ["Bar Lima", "Bar Luna"]);
    // Taken up again: it is unlearnt, and so is what is refused.
    catalog.reopen(first, "user:ana", None, "", now() + Span::minutes(5)).await.unwrap();
    assert_eq!(shop.papers(catalog).await.len(), 1);
    let reject = Decision::Reject { note: "no".into() };
    catalog.decide_again(second, &person(), &reject, None).await.unwrap();
    assert_eq!(shop.papers(catalog).await, []);
}

pub(super) async fn what_can_be_taken_back_teaches_nothing_yet(catalog: &Catalog) {
    let shop = Shop::new();
    let held = |secs| Deciding { held_until: Some(now() + Span::seconds(secs)), ..person() };
    let id = shop.decided(catalog, &held(0), "Bar Luna").await;
    let undone = shop.decided(catalog, &held(600), "Bar Luna").await;
    assert_eq!(shop.papers(catalog).await, []);
    assert!(catalog.end_hold(id).await.unwrap());
    assert_eq!(shop.papers(catalog).await.len(), 1, "its time is over");
    catalog.undo_decision(undone, "user:ana", LEASE).await.unwrap();
    assert_eq!(shop.papers(catalog).await.len(), 1);
    // A correction that is taken back leaves what was learnt before it.
    let mut fields = catalog.document(id).await.unwrap().unwrap().fields;
    fields.insert(FieldName::IssuerName, field("Bar Lima"));
    let correct = Decision::Correct { kind: None, fields, customer_id: None };
    catalog.decide_again(id, &held(600), &correct, None).await.unwrap();
    catalog.undo_decision(id, "user:ana", LEASE).await.unwrap();
    assert_eq!(shop.papers(catalog).await[0].name, "Bar Luna");
}

pub(super) async fn nothing_is_learnt_of_a_customer_or_an_id(catalog: &Catalog) {
    let shop = Shop::new();
    let new = NewCustomer {
        name: format!("Cliente {}", shop.phone),
        phones: vec![shop.phone.clone()],
        ..NewCustomer::default()
    };
    let customer = catalog.upsert_customers(&[new]).await.unwrap()[0].id();
    let id = waiting(catalog, &shop.bill("Bar Luna")).await;
    decide(catalog, id, &person(), &Decision::Approve { customer_id: customer }).await;
    let papers = shop.papers(catalog).await;
    assert_eq!(papers.len(), 1, "by its site");
    assert!(papers[0].signs.iter().all(|s| s.kind != SignKind::Phone), "the phone is the customer's");
    let other = Shop::new();
    let card = ReadFacts { text: other.text(), ..passport("Eriksson") };
    let id = waiting(catalog, &card).await;
    decide(catalog, id, &person(), &Decision::Approve { customer_id: None }).await;
    assert_eq!(other.papers(catalog).await, []);
}

/// All labelled data, page by page.
async fn labelled(catalog: &Catalog) -> Vec<DocumentId> {
    let mut all: Vec<DocumentId> = Vec::new();
    loop {
        let page = catalog.labelled(all.last().copied(), 3).await.unwrap();
        if page.is_empty() {
            return all;
        }
        all.extend(page.into_iter().map(|one| one.id));
    }
}

pub(super) async fn erasure_empties_memory(catalog: &Catalog) {
    let shop = Shop::new();
    let known = Recalled { name: "Bar Luna".into(), papers: 4, by: vec![SignKind::Phone, SignKind::Domain] };
    let read = ReadFacts { recalled: Some(known.clone()), ..shop.bill("Bar Luna") };
    let id = waiting(catalog, &read).await;
    assert_eq!(catalog.recalled(id).await.unwrap(), Some(known));
    decide(catalog, id, &person(), &Decision::Approve { customer_id: None }).await;
    shop.decided(catalog, &person(), "Bar Luna").await;
    assert_eq!(shop.papers(catalog).await.len(), 2);
    assert!(labelled(catalog).await.contains(&id), "what was filed is labelled data");
    let wished = catalog.erase(&wish(ErasedKind::Document, id.0)).await.unwrap();
    assert!(matches!(wished, Wished::Begun(_)), "{wished:?}");
    assert_eq!(catalog.recalled(id).await.unwrap(), None);
    assert!(!labelled(catalog).await.contains(&id));
    let left = shop.papers(catalog).await;
    assert_eq!(left.len(), 1);
    let clues = Clues::of(&Fields::new(), &shop.text());
    assert_eq!(memory::recall(Kind::Receipt, &clues, &left).vendor, None, "one paper vouches for nobody");
}

pub(super) async fn what_persons_filed_before_is_learnt_of(catalog: &Catalog) {
    let shop = Shop::new();
    let before = Deciding { teaches: false, ..person() };
    let id = shop.decided(catalog, &before, "Bar Luna").await;
    shop.decided(catalog, &Deciding { who: "mcp:bot", ..before.clone() }, "Bar Luna").await;
    let taken_back = shop.decided(catalog, &before, "Bar Luna").await;
    catalog.reopen(taken_back, "user:ana", None, "", now() + Span::minutes(5)).await.unwrap();
    assert_eq!(shop.papers(catalog).await, []);
    let mut tx = catalog.writing().await.unwrap();
    execute!(
        tx,
        "INSERT INTO backfills (name, upto_id, total) SELECT $1, id, 1 FROM documents ORDER BY id DESC LIMIT 1 \
         ON CONFLICT (name) DO UPDATE SET at_id = NULL, finished_at = NULL, upto_id = excluded.upto_id",
        VENDORS
    )
    .unwrap();
    tx.commit().await.unwrap();
    while catalog.learn_of_what_was_there(7).await.unwrap() {}
    assert_eq!(shop.papers(catalog).await.len(), 1, "a person's that stands");
    catalog.reopen(id, "user:ana", None, "", now() + Span::minutes(5)).await.unwrap();
    assert_eq!(shop.papers(catalog).await, []);
}
