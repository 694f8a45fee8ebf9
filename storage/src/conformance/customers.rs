//! Promises about customers.

use std::collections::BTreeSet;

use uuid::Uuid;

use crate::{
    Access, Catalog, CustomerId,
    customers::{
        CustomerAlias, CustomerLookup, CustomerPatch, Merged, NewCustomer, Patched, Retired, Saving,
        TakenAlias, Upserted,
    },
};

/// Digits that nobody else in this run has.
fn unique() -> String {
    let number = Uuid::now_v7().as_u128() ^ (Uuid::now_v7().as_u128() << 20);
    format!("{:010}", number % 10_000_000_000)
}

fn someone(tag: &str) -> NewCustomer {
    NewCustomer {
        external_id: Some(format!("ext-{tag}")),
        name: format!("Cliente {tag}"),
        phones: vec![format!("3499{tag}")],
        tax_ids: vec![format!("T{tag}")],
        ..NewCustomer::default()
    }
}

async fn save(catalog: &Catalog, new: &NewCustomer) -> Upserted {
    catalog.upsert_customers(std::slice::from_ref(new)).await.unwrap().remove(0)
}

async fn made(catalog: &Catalog, new: &NewCustomer) -> CustomerId {
    let Upserted::Created(id) = save(catalog, new).await else { panic!("{new:?} was there") };
    id
}

async fn known_by_phone(catalog: &Catalog, phone: &str) -> Vec<CustomerId> {
    let lookup = CustomerLookup { phones: vec![phone.to_owned()], ..CustomerLookup::default() };
    catalog.customers_known_by(&lookup).await.unwrap().into_iter().map(|(c, _)| c.id).collect()
}

pub(super) async fn a_name_has_one_owner(catalog: &Catalog) {
    let (a, b) = (unique(), unique());
    let first = made(catalog, &someone(&a)).await;
    let thief = NewCustomer { phones: vec![format!("3499{a}")], ..someone(&b) };
    let taken = TakenAlias { member: "phones", value: format!("3499{a}"), owner: first };
    assert_eq!(save(catalog, &thief).await, Upserted::Taken(vec![taken]));
    assert_eq!(known_by_phone(catalog, &format!("3499{a}")).await, [first], "nothing was written");
    let on_purpose = Saving { reassign: true, ..Saving::adding("eva") };
    let done = catalog.save_customers(std::slice::from_ref(&thief), &on_purpose).await.unwrap();
    let Upserted::Created(second) = done[0] else { panic!("{done:?}") };
    assert_eq!(known_by_phone(catalog, &format!("3499{a}")).await, [second], "it has left its old owner");
    let adopted = NewCustomer { external_id: None, ..someone(&unique()) };
    let id = made(catalog, &adopted).await;
    let named = NewCustomer { external_id: Some(format!("late-{a}")), ..adopted };
    assert_eq!(save(catalog, &named).await, Upserted::Updated(id), "the same one, now with an id of its own");
}

pub(super) async fn a_customer_is_replaced_changed_and_deleted(catalog: &Catalog) {
    let tag = unique();
    let id = made(catalog, &someone(&tag)).await;
    let new = NewCustomer { phones: vec![format!("3498{tag}")], tax_ids: Vec::new(), ..someone(&tag) };
    let replacing = Saving { replace: true, ..Saving::adding("eva") };
    assert_eq!(catalog.save_customers(&[new], &replacing).await.unwrap(), [Upserted::Updated(id)]);
    assert_eq!(known_by_phone(catalog, &format!("3499{tag}")).await, [], "the old number is nobody's");
    assert_eq!(known_by_phone(catalog, &format!("3498{tag}")).await, [id]);
    let patch = CustomerPatch { emails: Some(vec!["Ana@Example.com".into()]), ..CustomerPatch::default() };
    let done = catalog.patch_customer((id, None), patch, &Saving::adding("eva")).await.unwrap();
    assert_eq!(done, Patched::Saved(Upserted::Updated(id)));
    let seen = catalog.customer(id).await.unwrap().unwrap();
    let aliases =
        [(CustomerAlias::Email, "ana@example.com".to_owned()), (CustomerAlias::Phone, format!("3498{tag}"))];
    let have: BTreeSet<_> = seen.aliases.into_iter().collect();
    assert_eq!(have, BTreeSet::from(aliases), "and what was not named stays");
    assert_eq!(seen.external_id, Some(format!("ext-{tag}")));
    let before = seen.updated_at - time::Duration::MICROSECOND;
    let stale = catalog.delete_customer((id, Some(before)), "eva").await.unwrap();
    assert_eq!(stale, Retired::Changed, "who saw them otherwise does not delete them");
    let gone = catalog.delete_customer((id, Some(seen.updated_at)), "eva").await.unwrap();
    assert_eq!(gone, Retired::Gone);
    assert_eq!(catalog.delete_customer((id, None), "eva").await.unwrap(), Retired::Missing);
    assert!(catalog.customer(id).await.unwrap().is_none());
}

/// Two save what they typed of one customer, as both had seen them: whoever comes second is told, however close they are.
pub(super) async fn of_two_who_saw_the_same_one_saves(catalog: &Catalog) {
    let id = made(catalog, &someone(&unique())).await;
    let seen = catalog.customer(id).await.unwrap().unwrap().updated_at;
    let saves = async |name: &'static str, seen| {
        let patch = CustomerPatch { name: Some(name.into()), ..CustomerPatch::default() };
        catalog.patch_customer((id, Some(seen)), patch, &Saving::adding("eva")).await.unwrap()
    };
    let (ana, eva) = tokio::join!(saves("Ana", seen), saves("Eva", seen));
    let saved = Patched::Saved(Upserted::Updated(id));
    let name = if ana == saved { "Ana" } else { "Eva" };
    assert!([&ana, &eva].contains(&&saved) && [&ana, &eva].contains(&&Patched::Changed), "{ana:?} {eva:?}");
    let now = catalog.customer(id).await.unwrap().unwrap();
    assert_eq!(now.name, name, "nothing of the other is kept");
    assert_eq!(saves("Luz", now.updated_at).await, saved, "once it was looked at again");
    // So it is of all that is said of them at once.
    let whole =
        NewCustomer { name: "Mia".into(), external_id: now.external_id.clone(), ..someone(&unique()) };
    let replacing = Saving { replace: true, ..Saving::adding("eva") };
    let whole_saved = async |seen| catalog.save_customer_seen(seen, &whole, &replacing).await.unwrap();
    assert_eq!(whole_saved(Some(now.updated_at)).await, Patched::Changed);
    let seen = catalog.customer(id).await.unwrap().unwrap().updated_at;
    for seen in [Some(seen), None] {
        assert_eq!(whole_saved(seen).await, saved, "as it was seen, or whoever is there");
    }
    let stranger = someone(&unique());
    for seen in [Some(seen), None] {
        let missing = catalog.save_customer_seen(seen, &stranger, &replacing).await.unwrap();
        assert_eq!(missing, Patched::Missing, "who is not there is not added by who says that they are");
    }
    let (nobody, nothing) = ((CustomerId::generate(), None), CustomerPatch::default());
    let gone = catalog.patch_customer(nobody, nothing, &Saving::adding("eva")).await.unwrap();
    assert_eq!(gone, Patched::Missing);
}

/// Whoever sees no number of an ID takes none away: not by replacing whom they find by another name, and not by claiming what
/// is in dispute.
pub(super) async fn a_number_that_is_not_seen_is_not_taken_away(catalog: &Catalog) {
    let (a, b) = (unique(), unique());
    let id_number = |tag: &str| vec![format!("D{tag}")];
    let hers = NewCustomer { external_id: None, id_numbers: id_number(&a), ..someone(&a) };
    let id = made(catalog, &hers).await;
    let other = made(catalog, &someone(&b)).await;
    let sql = "INSERT INTO customer_aliases (kind, value, customer_id, disputed) VALUES ('id_number', $1, $2, TRUE)";
    let mut tx = catalog.writing().await.unwrap();
    for of in [id, other] {
        execute!(tx, sql, format!("S{a}"), of.0).unwrap();
    }
    tx.commit().await.unwrap();
    let numbers = async |of| {
        let customer = catalog.customer(of).await.unwrap().unwrap();
        let all = customer.aliases.into_iter().chain(customer.disputed);
        let values = all.filter(|(kind, _)| *kind == CustomerAlias::IdNumber).map(|(_, value)| value);
        values.collect::<BTreeSet<_>>()
    };
    let (mine, shared) = (numbers(id).await, numbers(other).await);
    assert_eq!((mine.len(), shared.len()), (2, 1));
    let keeps = &[CustomerAlias::IdNumber];
    let blind = Saving { replace: true, reassign: true, keeps, ..Saving::adding("eva") };
    let done = catalog.save_customers(&[someone(&a)], &blind).await.unwrap();
    assert_eq!(done, [Upserted::Updated(id)], "found by their tax id");
    let patch = CustomerPatch { name: Some("Otra".into()), ..CustomerPatch::default() };
    let done = catalog.patch_customer((id, None), patch, &blind).await.unwrap();
    assert_eq!(done, Patched::Saved(Upserted::Updated(id)));
    assert_eq!((numbers(id).await, numbers(other).await), (mine, shared), "all of it is as it was");
    // A list without a column of external ids takes none away either.
    let listed = NewCustomer { external_id: None, ..someone(&a) };
    let seeing = Saving { keeps: &[], keeps_external_id: true, ..blind };
    catalog.save_customers(&[listed], &seeing).await.unwrap();
    assert!(numbers(id).await.is_empty(), "who sees them and gives none means it");
    let external = catalog.customer(id).await.unwrap().unwrap().external_id;
    assert_eq!(external, Some(format!("ext-{a}")));
    let mut tx = catalog.writing().await.unwrap();
    execute!(tx, "DELETE FROM customer_aliases WHERE value = $1", format!("S{a}")).unwrap();
    tx.commit().await.unwrap();
}

/// Whoever takes names from others takes those that they name: what else is in dispute stays so.
pub(super) async fn only_what_is_named_is_claimed(catalog: &Catalog) {
    let (a, b) = (unique(), unique());
    let both = [made(catalog, &someone(&a)).await, made(catalog, &someone(&b)).await];
    let shared = format!("3497{a}");
    let sql =
        "INSERT INTO customer_aliases (kind, value, customer_id, disputed) VALUES ('phone', $1, $2, TRUE)";
    let mut tx = catalog.writing().await.unwrap();
    for of in both {
        execute!(tx, sql, shared.as_str(), of.0).unwrap();
    }
    tx.commit().await.unwrap();
    let holders = async || {
        let mut all = Vec::new();
        for of in both {
            let customer = catalog.customer(of).await.unwrap().unwrap();
            if customer.aliases.iter().chain(&customer.disputed).any(|(_, value)| *value == shared) {
                all.push(of);
            }
        }
        all
    };
    let claiming = Saving { reassign: true, ..Saving::adding("eva") };
    let said = [
        (CustomerPatch { name: Some("Otra".into()), ..CustomerPatch::default() }, both.to_vec()),
        (CustomerPatch { emails: Some(Vec::new()), ..CustomerPatch::default() }, both.to_vec()),
        (CustomerPatch { phones: Some(vec![shared.clone()]), ..CustomerPatch::default() }, vec![both[0]]),
    ];
    for (patch, left) in said {
        let done = catalog.patch_customer((both[0], None), patch.clone(), &claiming).await.unwrap();
        assert_eq!(done, Patched::Saved(Upserted::Updated(both[0])));
        assert_eq!(holders().await, left, "{patch:?}");
    }
}

pub(super) async fn two_customers_become_one(catalog: &Catalog) {
    let (a, b) = (unique(), unique());
    let (kept, gone) = (made(catalog, &someone(&a)).await, made(catalog, &someone(&b)).await);
    let document = super::door::received(catalog, &super::door::Sample::new()).await;
    super::road::to_link(catalog, document, &format!("M-{a}")).await;
    let filed = catalog.filed(document, crate::Stage::Link, Some(gone), None).await.unwrap();
    assert_eq!(filed, crate::stages::Step::Taken);
    let owns = Retired::Owns { documents: 1, contacts: 0, obligations: 0 };
    assert_eq!(
        catalog.delete_customer((gone, None), "eva").await.unwrap(),
        owns,
        "no document is left without"
    );
    assert_eq!(catalog.merge_customers(kept, gone, "eva").await.unwrap(), Merged::Done(1));
    assert_eq!(catalog.merge_customers(kept, gone, "eva").await.unwrap(), Merged::Missing, "they are one");
    assert_eq!(catalog.document(document).await.unwrap().unwrap().customer_id, Some(kept));
    assert_eq!(catalog.customer(gone).await.unwrap().map(|c| c.id), Some(kept));
    assert_eq!(known_by_phone(catalog, &format!("3499{b}")).await, [kept]);
    assert_eq!(save(catalog, &someone(&b)).await, Upserted::Updated(kept), "its external id leads there");
    let of_external = catalog.customer_of_external(&format!("ext-{b}")).await.unwrap();
    assert_eq!(of_external, Some(kept), "for whoever asks too");
    let listed =
        catalog.customers(&Access::whole(), Some(&format!("Cliente {b}")), None, 10).await.unwrap().data;
    assert!(listed.iter().all(|c| c.id == kept), "{listed:?}");
}

pub(super) async fn many_at_once_double_nothing(catalog: &Catalog) {
    let tags: Vec<String> = (0..8).map(|_| unique()).collect();
    let mut writers = tokio::task::JoinSet::new();
    for n in 0..160 {
        let (catalog, new) = (catalog.clone(), someone(&tags[n % tags.len()]));
        // Every other one comes without its external id, and is known by its tax id.
        let new = NewCustomer { external_id: if n % 16 < 8 { new.external_id } else { None }, ..new };
        writers.spawn(async move {
            let done = catalog.upsert_customers(&[new]).await;
            catalog.rematch_waiting().await.map(|_| done)
        });
    }
    let (mut created, mut ids) = (0, BTreeSet::new());
    while let Some(done) = writers.join_next().await {
        match done.unwrap().unwrap().unwrap().remove(0) {
            Upserted::Created(id) => {
                created += 1;
                ids.insert(id);
            }
            Upserted::Updated(id) => {
                ids.insert(id);
            }
            taken @ Upserted::Taken(_) => panic!("{taken:?}"),
        }
    }
    assert_eq!((created, ids.len()), (tags.len(), tags.len()));
    for tag in &tags {
        assert_eq!(known_by_phone(catalog, &format!("3499{tag}")).await.len(), 1);
    }
}

pub(super) async fn both_forms_of_a_phone_are_one(catalog: &Catalog) {
    let tail = &unique()[..7];
    for (registered, sender) in [
        (format!("+54 9 11 1{tail}"), format!("54111{tail}")),
        (format!("52551{tail}"), format!("521551{tail}")),
        (format!("55118{tail}"), format!("551198{tail}")),
    ] {
        let new =
            NewCustomer { name: registered.clone(), phones: vec![registered], ..NewCustomer::default() };
        let id = made(catalog, &new).await;
        assert_eq!(known_by_phone(catalog, &sender).await, [id], "{sender}");
        let again = NewCustomer { phones: vec![sender], ..new };
        assert_eq!(save(catalog, &again).await, Upserted::Updated(id), "and is not split");
        assert_eq!(catalog.customer(id).await.unwrap().unwrap().aliases.len(), 1);
    }
}

/// However many share however many names, each is listed once with each of them, a page at a time; and who gives one up
/// while they are read makes no place foreign.
pub(super) async fn conflicts_come_a_page_at_a_time(catalog: &Catalog) {
    let names = [unique(), unique()];
    let mut ids = BTreeSet::new();
    for _ in 0..5 {
        ids.insert(made(catalog, &someone(&unique())).await);
    }
    let mut tx = catalog.writing().await.unwrap();
    for name in &names {
        for id in &ids {
            let sql = "INSERT INTO customer_aliases (kind, value, customer_id, disputed) VALUES ('tax_id', $1, $2, TRUE)";
            execute!(tx, sql, name.as_str(), id.0).unwrap();
        }
    }
    tx.commit().await.unwrap();
    let (mut seen, mut after, mut pages) = (Vec::new(), None, 0);
    loop {
        let page = catalog.alias_conflicts(after.as_ref(), 2).await.unwrap();
        assert!(page.data.iter().map(|conflict| conflict.customers.len()).sum::<usize>() <= 2);
        pages += 1;
        for conflict in page.data.into_iter().filter(|conflict| names.contains(&conflict.value)) {
            let whose = conflict.customers.into_iter().map(|(id, _)| (conflict.value.clone(), id));
            seen.extend(whose);
        }
        let Some(next) = page.next else { break };
        let carried = catalog.sealed_place(&next).await.unwrap();
        assert_eq!(
            catalog.sealed_place(&next).await.unwrap(),
            carried,
            "a page that did not change is the same"
        );
        after = catalog.opened_place(&carried).await.unwrap();
        assert_eq!(after, Some(next), "a cursor comes back");
    }
    let mut expected: Vec<(String, CustomerId)> =
        names.iter().flat_map(|name| ids.iter().map(move |id| (name.clone(), *id))).collect();
    expected.sort();
    assert_eq!(seen, expected, "in order, each once");
    assert!(pages >= 5, "{pages}");
    let mut tx = catalog.writing().await.unwrap();
    execute!(
        tx,
        "DELETE FROM customer_aliases WHERE disputed AND value IN ($1, $2)",
        names[0].as_str(),
        names[1].as_str()
    )
    .unwrap();
    tx.commit().await.unwrap();
    assert_eq!(
        catalog.opened_place("aWRfbnVtYmVyIHggMQ").await.unwrap(),
        None,
        "nobody makes a place of their own"
    );
    let last = after.expect("there were several pages");
    assert!(catalog.alias_conflicts(Some(&last), 2).await.unwrap().next.is_none(), "a place stays one");
}
