//! The ledger's measured numbers, and the lists behind them: each is as long as it says, of the same days, and finds its way back.

use std::collections::BTreeSet;

use serde_json::json;

use crate::desk_harm::Desk;

/// A number that leads to a list.
#[derive(Debug)]
struct Number {
    href: String,
    /// What it is called for who does not see where it stands.
    name: String,
    said: String,
}

impl Number {
    /// How many; none of what says how long.
    fn count(&self) -> Option<usize> {
        let (_, count) = self.name.rsplit_once(": ")?;
        count.parse().ok()
    }
}

/// Where those numbers lead that are measured.
const LISTS: [&str; 2] = ["/?", "/ledger/counted?"];

/// An age with a beginning and an end.
const BETWEEN: &str = "/?from=2020-01-01T00%3A00%3A00Z&to=2099-01-01T00%3A00%3A00Z&sort=since";

/// The measured numbers of a page.
fn numbers(page: &str) -> Vec<Number> {
    let links = page.split("<a href=\"").skip(1);
    links
        .filter_map(|link| {
            let (href, rest) = link.split_once("\" aria-label=\"")?;
            let (name, rest) = rest.split_once("\">")?;
            let said = rest.split('<').next()?.to_owned();
            let href = href.replace("&#38;", "&").replace("&amp;", "&");
            LISTS.iter().any(|list| href.starts_with(list)).then(|| Number {
                href,
                name: name.to_owned(),
                said,
            })
        })
        .collect()
}

fn listed(page: &str) -> usize {
    page.matches("<a data-row").count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_measured_number_of_the_ledger_leads_to_what_it_counts() {
    let desk = Desk::of(4, "0").await;
    let page = desk.ana.take(&desk.ids[0]).await;
    assert_eq!(desk.ana.decide(&desk.ids[0], &page, &[("action", "approve")]).await.status(), 303);
    // The next is hers by now.
    assert_eq!(desk.resolve(3, json!({ "decision": "reject", "note": "not ours" })).await.0, 200);

    let numbers = numbers(&desk.ana.page("/ledger").await);
    let of = |begins: &str| numbers.iter().filter(|n| n.href.starts_with(begins)).collect::<Vec<_>>();
    let (ages, times, ends) = (of("/?"), of("/ledger/counted?stage="), of("/ledger/counted?reason="));
    let names: BTreeSet<&str> = numbers.iter().map(|n| n.name.as_str()).collect();
    assert_eq!(names.len(), numbers.len(), "each has a name of its own: {numbers:?}");
    assert!(numbers.iter().all(|n| n.name.contains(&n.said)), "and says what is seen: {numbers:?}");
    assert_eq!(ages.iter().filter_map(|n| n.count()).sum::<usize>(), 2, "two wait: {ages:?}");
    for stage in ["fetch", "read", "link", "review"] {
        assert_eq!(
            times.iter().filter(|n| n.href.contains(&format!("stage={stage}&"))).count(),
            3,
            "{times:?}"
        );
    }
    for how in ["how=approved", "how=rejected"] {
        assert!(ends.iter().any(|n| n.href.contains(how) && n.count() == Some(1)), "{how}: {ends:?}");
    }
    for number in &numbers {
        let page = desk.ana.page(&number.href).await;
        match number.count() {
            Some(count) => assert_eq!(listed(&page), count, "{number:?}: {page}"),
            None => assert!(listed(&page) > 0 && page.contains("no longer than"), "{number:?}: {page}"),
        }
    }
    // Nothing has waited for as long as an age with a beginning and an end.
    for href in ages.iter().map(|age| age.href.as_str()).chain([BETWEEN]) {
        says_its_bounds(&desk, href).await;
    }
    its_days_stay(&desk, times[0]).await;
    what_waits_is_worked_on_from_there(&desk, ages[0]).await;
}

/// A list says which days it is of, and leads back to the ledger of these.
async fn its_days_stay(desk: &Desk, number: &Number) {
    let (_, days) = number.href.split_once("&from=").expect("it has days");
    let (from, to) = days.split_once("&to=").unwrap();
    let page = desk.ana.page(&number.href).await.replace("&#38;", "&");
    assert!(page.contains(&format!("<p class=\"dim\">{from} – ")), "{page}");
    let back = format!("/ledger?from={from}&to={to}");
    assert!(page.contains(&format!("href=\"{back}\"")), "{page}");
    let again = numbers(&desk.ana.page(&back).await);
    assert!(again.iter().any(|n| n.href == number.href), "{again:?}");
    let before = numbers(&desk.ana.page("/ledger?from=2020-01-01&to=2020-02-01").await);
    assert!(before.iter().all(|n| n.href.starts_with("/?")), "nothing was measured then: {before:?}");
    let empty = desk.ana.page("/ledger/counted?stage=read&from=2020-01-01&to=2020-02-01").await;
    assert!(listed(&empty) == 0 && empty.contains("2020-01-01 – 2020-01-31"), "{empty}");
    for not in ["stage=read", "stage=sleep&from=2020-01-01&to=2020-02-01", "from=2020-01-01&to=2020-02-01"] {
        assert_eq!(desk.ana.answer(&format!("/ledger/counted?{not}")).await.status(), 400, "{not}");
    }
}

/// An age says from when and until when it is, as far as it has a beginning and an end: whichever its address names.
async fn says_its_bounds(desk: &Desk, href: &str) {
    let page = desk.ana.page(href).await;
    let bounds =
        [("from=", "Waiting since <time datetime="), ("to=", "Waiting since before <time datetime=")];
    for (named, said) in bounds {
        assert_eq!(page.contains(said), href.contains(named), "{named} of {href}: {page}");
    }
}

/// An age is a part of the queue: it can be left, and goes along to its documents.
async fn what_waits_is_worked_on_from_there(desk: &Desk, number: &Number) {
    let page = desk.ana.page(&number.href).await.replace("&#38;", "&");
    assert!(page.contains("href=\"/?sort=since\""), "{page}");
    let query = number.href.trim_start_matches('/');
    for id in &desk.ids[1..3] {
        assert!(page.contains(&format!("href=\"/documents/{id}{query}\"")), "{page}");
    }
    let document = desk.ana.page(&format!("/documents/{}{query}", desk.ids[2])).await.replace("&#38;", "&");
    assert!(document.contains(&format!("href=\"{}\"", number.href)), "and the way back: {document}");
}
