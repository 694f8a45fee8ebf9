//! Promises of the queue's orders: of one reason as of all, both ways, page by page, whatever becomes of what waits meanwhile.

use acuse_pipeline::reason::ReasonCode;
use uuid::Uuid;

use super::desk::{LEASE, waiting};
use crate::{
    Access, Catalog, DocumentId,
    customers::{NewCustomer, Upserted},
    names::ReviewId,
    reviews::{Order, ReviewFilter, Table},
    sql::Tx,
};

/// What waits, as the queue may be sorted by it.
struct Waits {
    id: Uuid,
    due: i64,
    opened: i64,
    kind: Option<String>,
    amount: Option<i64>,
    party: Option<String>,
    customer: Option<String>,
    sender: Option<String>,
}

type Columns = (Uuid, i64, i64, Option<String>, Option<i64>, Option<String>, Option<String>, Option<String>);

/// All that waits for one reason, by the documents and names themselves.
async fn all_of_the_reason(tx: &mut Tx) -> Vec<Waits> {
    let rows = all!(
        tx,
        Columns,
        "SELECT r.id, r.due_at, r.opened_at, d.kind, CASE WHEN d.sensitivity = 'open' THEN d.amount END, \
         CASE WHEN d.sensitivity = 'open' THEN NULLIF(d.issuer, '') END, c.name_key, LOWER(COALESCE(k.name, k.phone)) \
         FROM reviews r JOIN review_reasons x ON x.review_id = r.id JOIN documents d ON d.id = r.document_id \
         LEFT JOIN customers c ON c.id = d.customer_id LEFT JOIN contacts k ON k.id = d.contact_id \
         WHERE r.resolved_at IS NULL AND x.code = 'unknown_customer'"
    )
    .unwrap();
    let waits = |(id, due, opened, kind, amount, party, customer, sender): Columns| Waits {
        id,
        due,
        opened,
        kind,
        amount,
        party,
        customer,
        sender,
    };
    rows.into_iter().map(waits).collect()
}

/// What an order goes by; none where it is lacking.
fn value(order: Order, of: &Waits) -> Option<(i64, String)> {
    let text = |text: &Option<String>| text.clone().map(|text| (0, text));
    match order {
        Order::Due | Order::Since => Some((0, String::new())),
        Order::Amount => of.amount.map(|amount| (amount, String::new())),
        Order::Kind => text(&of.kind),
        Order::Party => text(&of.party),
        Order::Customer => text(&of.customer),
        Order::Sender => text(&of.sender),
    }
}

/// The same reviews in an order: last what has none of it.
fn in_order(order: Order, descending: bool, mut all: Vec<Waits>) -> Vec<Uuid> {
    let time = |of: &Waits| match order {
        Order::Due | Order::Kind => (of.due, of.opened),
        Order::Since => (0, of.opened),
        _ => (0, 0),
    };
    all.sort_by_key(|of| (value(order, of), time(of), of.id));
    if descending {
        all.reverse();
    }
    let (have, lack): (Vec<Waits>, Vec<Waits>) = all.into_iter().partition(|of| value(order, of).is_some());
    have.into_iter().chain(lack).map(|of| of.id).collect()
}

/// Every page of the queue of the reason.
async fn listed(catalog: &Catalog, order: Order, descending: bool) -> Vec<Uuid> {
    let reason = Some(ReasonCode::UnknownCustomer);
    let filter = ReviewFilter { reason, access: Access::new(false), ..ReviewFilter::default() };
    let table = Table { filter, order, descending, q: None };
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let page = catalog.review_table(&table, after, 7).await.unwrap();
        all.extend(page.data.iter().map(|(review, _)| review.id.0));
        after = page.next;
        if after.is_none() {
            return all;
        }
    }
}

async fn says(tx: &mut Tx, id: DocumentId, (amount, issuer, sensitivity): (Option<i64>, &str, &str)) {
    let text = "UPDATE documents SET amount = $2, issuer = $3, sensitivity = $4 WHERE id = $1";
    assert_eq!(execute!(tx, text, id.0, amount, issuer, sensitivity).unwrap(), 1);
}

pub(super) async fn each_order_of_a_reason_holds(catalog: &Catalog) {
    let mut ids = Vec::new();
    for _ in 0..6 {
        ids.push(waiting(catalog).await);
    }
    let named = NewCustomer {
        external_id: Some(Uuid::now_v7().to_string()),
        name: "Mira".into(),
        ..NewCustomer::default()
    };
    let made = catalog.upsert_customers(&[named]).await.unwrap();
    let [Upserted::Created(customer)] = made[..] else { panic!("{made:?}") };
    let mut tx = catalog.writing().await.unwrap();
    let said = [
        (Some(70_000), "beta", "open"),
        (Some(5_000), "alfa", "open"),
        (Some(70_000), "", "open"),
        (None, "alfa", "open"),
        // Whose place would tell what not everybody may be told.
        (Some(1), "aaa", "unknown"),
        (None, "", "open"),
    ];
    for ((id, _), said) in ids.iter().zip(said) {
        says(&mut tx, *id, said).await;
    }
    for (id, _) in &ids[..2] {
        execute!(tx, "UPDATE documents SET customer_id = $2 WHERE id = $1", id.0, customer.0).unwrap();
    }
    tx.commit().await.unwrap();
    let as_said = async |order: Order| {
        let all = async || all_of_the_reason(&mut catalog.reading().await.unwrap()).await;
        for descending in [false, true] {
            let found = listed(catalog, order, descending).await;
            assert!(found.len() >= ids.len());
            assert_eq!(found, in_order(order, descending, all().await), "{order}, descending: {descending}");
        }
    };
    for order in Order::ALL {
        as_said(*order).await;
    }

    // Somebody gets another name.
    let mut tx = catalog.writing().await.unwrap();
    execute!(tx, "UPDATE customers SET name_key = 'aaa' WHERE id = $1", customer.0).unwrap();
    let text = "UPDATE contacts SET name = 'Zzz' WHERE id = (SELECT contact_id FROM documents WHERE id = $1)";
    execute!(tx, text, ids[0].0.0).unwrap();
    tx.commit().await.unwrap();
    for order in [Order::Customer, Order::Sender] {
        as_said(order).await;
    }
    a_page_goes_on_behind_what_was_decided(catalog).await;
}

/// Whoever has seen a page and asks for the next misses nothing of it where somebody decided its last meanwhile.
async fn a_page_goes_on_behind_what_was_decided(catalog: &Catalog) {
    let filter = ReviewFilter { reason: Some(ReasonCode::UnknownCustomer), ..ReviewFilter::default() };
    let table = Table { filter, order: Order::Amount, descending: false, q: None };
    let page = catalog.review_table(&table, None, 1).await.unwrap();
    let expected = listed(catalog, Order::Amount, false).await;
    let last = page.next.expect("more wait");
    let over = async |at: Option<i64>| {
        let mut tx = catalog.writing().await.unwrap();
        execute!(tx, "UPDATE reviews SET resolved_at = $2 WHERE id = $1", last.0, at).unwrap();
        tx.commit().await.unwrap();
    };
    over(Some(1)).await;
    let next = catalog.review_table(&table, Some(last), 1).await.unwrap();
    assert_eq!(next.data.first().map(|(review, _)| review.id.0), expected.get(1).copied());
    over(None).await;
    assert_eq!(
        listed(catalog, Order::Amount, false).await,
        expected,
        "and in its place where it waits again"
    );
}

/// What of all that waits a search shows.
async fn meant(catalog: &Catalog, q: &str, sees_ids: bool, reason: Option<ReasonCode>) -> Vec<DocumentId> {
    let filter = ReviewFilter { reason, access: Access::new(sees_ids), ..ReviewFilter::default() };
    let table = Table { filter, q: Some(q.to_owned()), ..Table::default() };
    let page = catalog.review_table(&table, None, 50).await.unwrap();
    page.data.into_iter().map(|(_, document)| document.id).collect()
}

/// Who sent it goes by this name and number from here on.
async fn called(catalog: &Catalog, id: DocumentId, name: Option<&str>, phone: Option<&str>) {
    let mut tx = catalog.writing().await.unwrap();
    let text = "UPDATE contacts SET name = $2, phone = $3 WHERE id = (SELECT contact_id FROM documents WHERE id = $1)";
    assert_eq!(execute!(tx, text, id.0, name, phone).unwrap(), 1);
    tx.commit().await.unwrap();
}

/// Whoever is meant is found: the sender by name and number, whose it is, whose paper it is; by words of several of them in any
/// order, by their beginning, with small errors. What not everybody may be told leads those alone to it who may.
pub(super) async fn what_waits_is_found_by_its_names(catalog: &Catalog) {
    let unique = Uuid::now_v7().simple().to_string();
    let digits = unique[20..].chars().filter_map(|c| c.to_digit(16));
    // Letters alone: where there are numbers, errors are not let pass.
    let tail: String = digits.filter_map(|d| char::from_u32(u32::from(b'g') + d)).collect();
    let phone = format!("99{:015}", Uuid::now_v7().as_u128() % 1_000_000_000_000_000);
    let (of_all, review) = waiting(catalog).await;
    let (withheld, _) = waiting(catalog).await;
    let named = NewCustomer {
        external_id: Some(unique.clone()),
        name: format!("Café Ibérico, S.L. {tail}"),
        ..NewCustomer::default()
    };
    let made = catalog.upsert_customers(&[named]).await.unwrap();
    let [Upserted::Created(customer)] = made[..] else { panic!("{made:?}") };
    called(catalog, of_all, Some(&format!("María Beltrán{tail}")), Some(&phone)).await;
    let mut tx = catalog.writing().await.unwrap();
    execute!(tx, "UPDATE documents SET customer_id = $2 WHERE id = $1", of_all.0, customer.0).unwrap();
    says(&mut tx, of_all, (None, &format!("Norte{tail}"), "open")).await;
    says(&mut tx, withheld, (None, &format!("Sur{tail}"), "unknown")).await;
    tx.commit().await.unwrap();
    let (norte, sur) = (format!("norte{tail}"), format!("sur{tail}"));
    for reason in [None, Some(ReasonCode::UnknownCustomer)] {
        for q in [
            format!("beltran{tail} MARÍA"),
            format!("belrtan{tail}"),
            format!("beltran{}", &tail[..6]),
            phone.clone(),
            phone[..12].to_owned(),
            format!("iberico cafe {tail}"),
            format!("{norte} maria iberico {phone}"),
        ] {
            assert_eq!(meant(catalog, &q, false, reason).await, [of_all], "{q}");
        }
        assert_eq!(meant(catalog, &sur, true, reason).await, [withheld], "for who may be told");
        for q in [sur.clone(), format!("{norte} {sur}"), format!("beltran{tail} nobody{tail}")] {
            assert_eq!(meant(catalog, &q, false, reason).await, [], "{q}");
        }
    }
    what_waits_is_found_as_it_is_now(catalog, (of_all, review.id), &tail, &phone).await;
}

/// By nobody's former name, and no more when it waits no more.
async fn what_waits_is_found_as_it_is_now(
    catalog: &Catalog,
    (id, review): (DocumentId, ReviewId),
    tail: &str,
    phone: &str,
) {
    let found = async |q: &str| meant(catalog, q, true, None).await;
    let (former, other) = (format!("beltran{tail}"), format!("otra{tail}"));
    called(catalog, id, Some(&other), Some(phone)).await;
    assert_eq!(found(&former).await, []);
    assert_eq!(found(&other).await, [id]);
    called(catalog, id, None, None).await;
    assert_eq!(found(&other).await, [], "no name is left");
    assert_eq!(found(phone).await, [], "nor a number");
    let norte = format!("norte{tail}");
    for (at, left) in [(Some(1_i64), vec![]), (None, vec![id])] {
        let mut tx = catalog.writing().await.unwrap();
        execute!(tx, "UPDATE reviews SET resolved_at = $2 WHERE id = $1", review.0, at).unwrap();
        tx.commit().await.unwrap();
        assert_eq!(found(&norte).await, left);
    }
}

/// Who comes from one document to the next goes through what they were shown, words and order and all, and never past it.
pub(super) async fn the_next_is_the_next_of_what_is_shown(catalog: &Catalog) {
    let word = Uuid::now_v7().simple().to_string();
    let mut all = Vec::new();
    for _ in 0..4 {
        all.push(waiting(catalog).await);
    }
    let [(middle, two), (most, one), (least, three), (other, _)] = <[_; 4]>::try_from(all).ok().unwrap();
    let mut tx = catalog.writing().await.unwrap();
    let named = format!("Norte {word}");
    let party = named.as_str();
    for (id, amount, issuer) in
        [(middle, 200, party), (most, 300, party), (least, 100, party), (other, 250, "Sur")]
    {
        says(&mut tx, id, (Some(amount), issuer, "open")).await;
    }
    tx.commit().await.unwrap();
    for reason in [None, Some(ReasonCode::UnknownCustomer)] {
        let filter = ReviewFilter { reason, access: Access::whole(), ..ReviewFilter::default() };
        let q = Some(word.clone());
        let table = Table { filter: filter.clone(), order: Order::Amount, descending: true, q };
        let next = async |after, who| catalog.claim_next(&table, after, who, LEASE).await.unwrap();
        assert_eq!(next(None, "user:una").await, Some(most));
        let ahead = catalog.reserve_next(&table, one.id, "user:una", LEASE).await.unwrap();
        assert_eq!(ahead, Some(middle), "what is prepared is the next of it too");
        assert_eq!(next(None, "user:duo").await, Some(least), "and nobody else's");
        let open_to = Some("user:una".to_owned());
        let mine = Table { filter: ReviewFilter { open_to, ..filter.clone() }, ..table.clone() };
        assert_eq!(catalog.neighbour(&mine, &two, true).await.unwrap(), None, "another has it");
        catalog.release_review(three.id, "user:duo").await.unwrap();
        assert_eq!(catalog.neighbour(&mine, &two, true).await.unwrap(), Some(least));
        assert_eq!(catalog.neighbour(&mine, &two, false).await.unwrap(), Some(most));
        assert_eq!(next(Some(one.id), "user:una").await, Some(middle));
        assert_eq!(next(Some(two.id), "user:una").await, Some(least));
        assert_eq!(next(Some(three.id), "user:una").await, Some(most), "and round again, within it");
        assert_eq!(next(None, "user:duo").await, None, "there is no more of it");
        for review in [one.id, two.id, three.id] {
            assert!(catalog.release_review(review, "user:una").await.unwrap());
        }
    }
    each_row_is_between_its_neighbours(catalog).await;
}

/// In each order and both ways, over the seam between what has what it is sorted by and what lacks it.
async fn each_row_is_between_its_neighbours(catalog: &Catalog) {
    let reason = Some(ReasonCode::UnknownCustomer);
    let filter = ReviewFilter { reason, access: Access::new(false), ..ReviewFilter::default() };
    for order in Order::ALL.iter().copied() {
        for descending in [false, true] {
            let table = Table { filter: filter.clone(), order, descending, q: None };
            let rows = catalog.review_table(&table, None, 500).await.unwrap().data;
            for pair in rows.windows(2) {
                let [(before, first), (after, second)] = pair else { panic!("a window of two") };
                let what = format!("{order}, descending: {descending}");
                let next = catalog.neighbour(&table, before, true).await.unwrap();
                assert_eq!(next, Some(second.id), "{what}");
                let back = catalog.neighbour(&table, after, false).await.unwrap();
                assert_eq!(back, Some(first.id), "{what}");
            }
        }
    }
}
