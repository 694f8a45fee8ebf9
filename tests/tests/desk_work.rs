//! Work mode and the live table, as people use them.

use acuse_tests::browser;

use crate::{
    desk::{Reviewer, hidden},
    desk_harm::{Desk, READY, on_page},
    world::{person, post},
};

/// Who has a document, by the API.
pub async fn holder(desk: &Desk, n: usize) -> Option<String> {
    let reviews = desk.api.list("/v1/reviews").await.unwrap();
    let review = reviews.iter().find(|r| r["document_id"] == desk.ids[n].as_str())?;
    review["claimed_by"].as_str().map(str::to_owned)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_next_is_prepared_and_takes_the_place_of_this() {
    let Some(chromium) = browser::chromium() else { return };
    let desk = Desk::of(3, "30").await;
    let mut page = desk.browser(chromium);
    page.open(&format!("{}/work", desk.ana.base), "").unwrap();
    page.look("work").unwrap();
    for n in 0..3 {
        assert_eq!(holder(&desk, n).await, None, "a GET takes nothing");
    }
    page.press("n", false, false).unwrap();
    page.wait(&on_page(&desk.ids[0])).unwrap();
    page.wait(READY).unwrap();
    page.wait("!!document.body.dataset.ahead").unwrap();
    assert_eq!(holder(&desk, 1).await.as_deref(), Some("user:ana"), "the next is kept for her");
    // Ben's next is another one.
    let ben = Reviewer::sign_in(&desk.world.place, "ben").await;
    let work = ben.page("/work").await;
    let given = ben.send("/work", &work, &[]).await;
    assert_eq!(given.headers()["location"], format!("/documents/{}", desk.ids[2]));

    page.eval("window.same = true").unwrap();
    page.press("a", false, false).unwrap();
    page.wait(&on_page(&desk.ids[1])).unwrap();
    page.wait(READY).unwrap();
    assert_eq!(page.eval("window.same === true").unwrap(), true, "no page was loaded");
    assert_eq!(desk.document(0).await["status"], "filed");
    let shown = "document.querySelector('.sheet img').complete && document.querySelector('.sheet img').naturalWidth > 0";
    assert_eq!(page.eval(shown).unwrap(), true, "its picture is there");
    page.look("prepared").unwrap();

    // What speaks against a decision is said on the page, with what was typed.
    page.eval(
        "document.querySelector('#unfold').checked = true; document.querySelector('#invoice-total').focus()",
    )
    .unwrap();
    page.fill("99999.99").unwrap();
    page.press("Enter", false, true).unwrap();
    page.wait("!!document.querySelector('.warnings')").unwrap();
    assert_eq!(page.eval("document.querySelector('#invoice-total').value").unwrap(), "99999.99");
    assert_eq!(desk.document(1).await["status"], "in_review");

    // And the first comes back with one key.
    page.press("Escape", false, false).unwrap();
    page.open(&format!("{}/documents/{}", desk.ana.base, desk.ids[1]), "").unwrap();
    page.press("z", false, false).unwrap();
    page.wait(&on_page(&desk.ids[0])).unwrap();
    assert_eq!(desk.document(0).await["status"], "in_review");
}

/// A decision is answered when the test says so, or never.
const ANSWERED_BY_HAND: &str = "window.real = window.fetch; \
     window.fetch = (to, how) => how?.headers?.['x-desk'] ? new Promise((go, fail) => { \
       window.go = () => go(window.real(to, how)); window.fail = () => fail(new TypeError('away')); }) : window.real(to, how)";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_next_stands_there_while_the_decision_is_written_down() {
    let Some(chromium) = browser::chromium() else { return };
    let desk = Desk::of(3, "30").await;
    let mut page = desk.browser(chromium);
    page.open(&format!("{}/work", desk.ana.base), "").unwrap();
    page.press("n", false, false).unwrap();
    page.wait(&on_page(&desk.ids[0])).unwrap();
    page.wait(READY).unwrap();
    page.wait("!!document.body.dataset.ahead").unwrap();
    page.eval(ANSWERED_BY_HAND).unwrap();
    let shown = |n: usize| {
        format!("document.querySelector('form.decision')?.dataset.id === '{}' && {READY}", desk.ids[n])
    };
    let number = "document.querySelector('#invoice-number')";
    page.eval(&format!("document.querySelector('#unfold').checked = true; {number}.focus()")).unwrap();
    page.fill("TYPED-1").unwrap();
    page.press("Enter", false, true).unwrap();
    let next = format!("document.querySelector('form.decision')?.dataset.id === '{}'", desk.ids[1]);
    page.wait(&next).unwrap();
    let here = format!("/documents/{}", desk.ids[0]);
    assert_eq!(page.eval("location.pathname").unwrap(), here.as_str(), "it is not decided yet");
    std::thread::sleep(std::time::Duration::from_millis(600));
    page.press("a", false, false).unwrap();
    page.eval("document.querySelector('[value=approve]').click()").unwrap();
    assert_ne!(page.eval(READY).unwrap(), true, "and nothing is decided behind it");
    let says = page.eval("document.querySelector('#live').textContent").unwrap();
    assert_eq!(says, "The last decision is being written down.");

    // The connection is gone: the first is there again, as it was.
    page.eval("window.fail(); window.go = null").unwrap();
    page.wait(&shown(0)).unwrap();
    page.wait("!acuse.deciding").unwrap();
    assert_eq!(page.eval(&format!("{number}.value")).unwrap(), "TYPED-1");
    for n in 0..2 {
        assert_eq!(desk.document(n).await["status"], "in_review");
    }
    // Back, it is decided as it was meant.
    page.wait("!!document.body.dataset.ahead").unwrap();
    page.press("Enter", false, true).unwrap();
    page.wait("!!window.go").unwrap();
    page.eval("void window.go()").unwrap();
    page.wait(&on_page(&desk.ids[1])).unwrap();
    let filed = desk.document(0).await;
    assert_eq!(
        (filed["status"].as_str(), filed["fields"]["number"]["value"].as_str()),
        (Some("filed"), Some("TYPED-1"))
    );

    // The way back is of the decision that was made last, never of the one before.
    page.wait(READY).unwrap();
    page.wait("!!document.body.dataset.ahead && !!document.querySelector('.undo')").unwrap();
    page.eval(&format!("document.querySelector('#unfold').checked = true; {number}.focus()")).unwrap();
    page.fill("TYPED-2").unwrap();
    page.eval("window.go = null").unwrap();
    page.press("Enter", false, true).unwrap();
    page.wait("!!window.go").unwrap();
    let third = format!("document.querySelector('form.decision')?.dataset.id === '{}'", desk.ids[2]);
    page.wait(&third).unwrap();
    page.press("z", false, false).unwrap();
    assert_eq!(page.eval("document.querySelectorAll('.undo').length").unwrap(), 0, "not while it is written");
    page.eval("void window.go()").unwrap();
    page.wait(&on_page(&desk.ids[2])).unwrap();
    let back = page.eval("document.querySelector('.undo').getAttribute('action')").unwrap();
    assert_eq!(back, format!("/review/{}/undo", desk.ids[1]));
    assert_eq!(desk.document(0).await["status"], "filed", "what was decided before stays");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_table_is_sorted_searched_kept_and_live() {
    let Some(chromium) = browser::chromium() else { return };
    let desk = Desk::of(3, "30").await;
    let order = |page: &str| {
        let mut at: Vec<_> = desk.ids.iter().enumerate().map(|(n, id)| (page.find(id.as_str()), n)).collect();
        at.sort_unstable();
        at.into_iter().filter(|(at, _)| at.is_some()).map(|(_, n)| n).collect::<Vec<_>>()
    };
    assert_eq!(order(&desk.ana.page("/").await), [0, 1, 2]);
    let by = desk.ana.page("/?sort=-since").await;
    assert!(by.contains("aria-sort=\"descending\""), "{by}");
    assert_eq!(order(&by), [2, 1, 0]);
    let people = |page: &str| {
        let mut at: Vec<_> =
            (0..3).filter_map(|n| Some((page.find(&format!(">Persona {n}<"))?, n))).collect();
        at.sort_unstable();
        at.into_iter().map(|(_, n)| n).collect::<Vec<_>>()
    };
    assert_eq!(people(&desk.ana.page("/?sort=sender").await), [0, 1, 2]);
    assert_eq!(people(&desk.ana.page("/?sort=-sender").await), [2, 1, 0]);
    assert_eq!(people(&desk.ana.page("/?q=1+presona").await), [1], "in any order, with a small error");
    let narrowed = desk.ana.page("/?reason=unknown_customer&q=persona+2").await;
    assert_eq!(people(&narrowed), [2]);
    let alike = desk.ana.page("/bulk?reason=unknown_customer&q=persona+2").await;
    assert_eq!(
        alike.matches("name=\"pick\"").count(),
        1,
        "nothing is decided at once that they did not find"
    );
    // A kept search is a view to work on.
    let kept = [("name", "Twos"), ("query", "q=persona+2&sort=-since&after=x")];
    let answer = desk.ana.send("/views", &narrowed, &kept).await;
    assert_eq!(answer.headers()["location"], "/?q=persona+2&sort=-since");
    assert!(desk.ana.page("/").await.contains("★ Twos"));
    assert!(desk.ana.page("/work").await.contains("href=\"/work?sort=-since&#38;q=persona+2\">★ Twos"));
    let kept = [("name", "Doubts"), ("query", "reason=low_confidence&sort=-since")];
    assert_eq!(desk.ana.send("/views", &narrowed, &kept).await.status(), 303);
    let work = desk.ana.page("/work").await;
    assert!(work.contains("href=\"/work?reason=low_confidence&#38;sort=-since\">★ Doubts"), "{work}");
    let ben = Reviewer::sign_in(&desk.world.place, "ben").await;
    assert!(!ben.page("/").await.contains("★ Twos"), "hers alone");

    let mut page = desk.browser(chromium);
    page.look("table").unwrap();
    page.wait("document.querySelector('h1 ~ p [data-live=waiting]').textContent === '3'").unwrap();
    page.wait("!!window.acuse.counts").unwrap();
    page.eval("window.same = true").unwrap();
    post(&desk.api, &desk.world.invoice(&person(77), 677)).await;
    page.wait("document.querySelector('h1 ~ p [data-live=waiting]').textContent === '4'").unwrap();
    page.wait("document.querySelectorAll('#rows tbody tr').length === 4 && window.same").unwrap();
    // Where nothing is decided, Enter does what it does: a search is made.
    page.press("/", false, false).unwrap();
    page.fill("persona 2").unwrap();
    page.press("Enter", false, false).unwrap();
    page.wait("location.search.includes('q=persona+2') && document.readyState === 'complete'").unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_next_is_the_next_of_what_is_shown() {
    let Some(chromium) = browser::chromium() else { return };
    let desk = Desk::of(5, "0").await;
    let mut page = desk.browser(chromium);
    let after = |n: usize, query: &str| {
        format!(
            "location.pathname + location.search === '/documents/{}{query}' && {}",
            desk.ids[n],
            on_page(&desk.ids[n])
        )
    };
    // The newest first: the first of the list is the last that came, and after it comes the one before.
    page.open(&format!("{}/?sort=-since", desk.ana.base), "").unwrap();
    page.press("n", false, false).unwrap();
    page.wait(&after(4, "?sort=-since")).unwrap();
    page.wait(READY).unwrap();
    page.wait(&format!("document.body.dataset.ahead?.includes('{}')", desk.ids[3])).unwrap();
    page.press("a", false, false).unwrap();
    page.wait(&after(3, "?sort=-since")).unwrap();
    page.wait(READY).unwrap();
    assert_eq!(desk.document(4).await["status"], "filed");
    page.press("j", false, false).unwrap();
    page.wait(&after(2, "?sort=-since")).unwrap();
    page.wait(READY).unwrap();
    page.press("q", false, false).unwrap();
    page.wait("location.pathname === '/'").unwrap();

    // Of what the words found only: there is no more of it than one, whatever else waits.
    // Whose paper stands second is as it came about.
    let mut query = String::new();
    for n in 0..5 {
        let of = format!("?q=persona+{n}");
        let found = desk.ana.page(&format!("/{of}")).await;
        let shown: Vec<_> = desk.ids.iter().filter(|id| found.contains(id.as_str())).collect();
        if shown == [&desk.ids[1]] {
            query = of;
        }
    }
    page.open(&format!("{}/{query}", desk.ana.base), "").unwrap();
    page.press("n", false, false).unwrap();
    page.wait(&after(1, &query)).unwrap();
    page.wait(READY).unwrap();
    page.press("a", false, false).unwrap();
    page.wait(&format!("location.pathname + location.search === '/{query}'")).unwrap();
    let ledger = desk.api.ledger().await.unwrap();
    assert_eq!((ledger.filed, ledger.in_review), (2, 3));

    // What is sorted by may be another thing once it is decided: the next is the one that stood beside it.
    let mut by_total = Vec::new();
    for n in [0, 2, 3] {
        let total = desk.document(n).await["fields"]["total"]["value"].as_str().unwrap().to_owned();
        by_total.push((total.parse::<f64>().unwrap(), n));
    }
    by_total.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    let [_, (_, middle), (_, last)] = by_total[..] else { panic!("three are left") };
    let seen = desk.ana.take(&desk.ids[middle]).await;
    let more = [
        ("action", "correct"),
        ("kind", "invoice"),
        ("of_sort", "amount"),
        ("because", "as printed"),
        ("invoice.total", "99999.99"),
    ];
    let warned = desk.ana.decide(&desk.ids[middle], &seen, &more).await.text().await.unwrap();
    let went = desk.ana.decide(&desk.ids[middle], &warned, &more).await;
    assert_eq!(went.headers()["location"], format!("/documents/{}?sort=amount", desk.ids[last]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_supervisor_takes_back_what_somebody_left() {
    let desk = Desk::of(1, "30").await;
    let page = desk.ana.take(&desk.ids[0]).await;
    let ben = Reviewer::sign_in(&desk.world.place, "ben").await;
    let path = |page: &str| {
        let after = page.split("action=\"/reviews/").nth(1).unwrap_or_default();
        format!("/reviews/{}", after.split('"').next().unwrap_or_default())
    };
    let theirs = ben.page(&format!("/documents/{}", desk.ids[0])).await;
    assert!(!theirs.contains("/take-back"), "{theirs}");
    let sup = Reviewer::sign_in_as(&desk.world.place, "sup", &["--role", "supervisor"]).await;
    let hers = sup.page("/").await;
    let refused = ben.send(&path(&hers), &theirs, &[]).await;
    assert_eq!(refused.status(), 403);
    assert_eq!(sup.send(&path(&hers), &hers, &[]).await.status(), 303);
    assert_eq!(holder(&desk, 0).await, None);
    // Her late save is refused, and what she typed is there still.
    let late = [("action", "correct"), ("kind", "invoice"), ("invoice.issuer_name", "Kept Ltd")];
    let answer = desk.ana.decide(&desk.ids[0], &page, &late).await;
    assert_eq!(answer.status(), 409);
    assert!(answer.text().await.unwrap().contains("Kept Ltd"));
    assert!(desk.ana.page(&format!("/documents/{}", desk.ids[0])).await.contains("Kept Ltd"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_one_of_mine_comes_another_of_mine() {
    let desk = Desk::of(3, "0").await;
    for n in [0, 2] {
        desk.ana.take(&desk.ids[n]).await;
    }
    let at = |n: usize| format!("/documents/{}?who=mine", desk.ids[n]);
    let list = desk.ana.page("/?who=mine").await;
    assert!(list.contains(&at(0)) && list.contains(&at(2)) && !list.contains(&desk.ids[1]), "{list}");
    let mine = async |n: usize| {
        let page = desk.ana.page(&at(n)).await;
        let of_who = hidden(&page, "of_who");
        let said = [("action", "approve"), ("of_who", of_who.as_str())];
        let answer = desk.ana.decide(&desk.ids[n], &page, &said).await;
        answer.headers()["location"].to_str().unwrap().to_owned()
    };
    assert_eq!(mine(0).await, at(2), "what nobody has comes between them in the queue");
    assert_eq!(mine(2).await, "/?who=mine");
    assert_eq!(holder(&desk, 1).await, None, "nothing was taken that is nobody's");
    // What is fetched next is what nobody has.
    let list = desk.ana.page("/?who=mine").await;
    assert!(list.contains("href=\"/work\"") && !list.contains("name=\"of_who\" value=\"mine\""), "{list}");
    let work = desk.ana.page("/work?who=mine").await;
    assert!(!work.contains("Nothing is free") && !work.contains("who=mine"), "{work}");
    let given = desk.ana.send("/work", &work, &[("of_who", "mine")]).await;
    assert_eq!(given.headers()["location"], format!("/documents/{}", desk.ids[1]));
}

/// Presses a button by the page itself, unless somebody may have looked at it by now.
pub fn too_early(page: &mut browser::Browser, button: &str) {
    let press =
        format!("document.body.dataset.ready ? '' : (document.querySelector('{button}').click(), 'pressed')");
    page.eval(&press).unwrap();
    page.wait(READY).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_persons_say_the_same_before_it_is_filed() {
    let desk = Desk::of(1, "0").await;
    let id = desk.ids[0].as_str();
    let boss = Reviewer::sign_in_as(&desk.world.place, "boss", &["--admin"]).await;
    let rules = boss.page("/four-eyes").await;
    let rule = [("kind", "invoice"), ("amount_from", "0.01")];
    assert_eq!(desk.ana.send("/four-eyes", &desk.ana.page("/people").await, &rule).await.status(), 403);
    assert_eq!(boss.send("/four-eyes", &rules, &rule).await.status(), 303);
    assert!(boss.page("/four-eyes").await.contains("0.01"));
    let page = desk.ana.take(id).await;
    assert_eq!(desk.ana.decide(id, &page, &[("action", "approve")]).await.status(), 303);
    assert_eq!(desk.document(0).await["status"], "in_review", "one is not enough");
    let again = desk.ana.page(&format!("/documents/{id}")).await;
    assert!(again.contains("You have answered") && !again.contains("value=\"take\""), "{again}");
    let work = desk.ana.page("/work").await;
    let none = desk.ana.send("/work", &work, &[]).await;
    assert_eq!(none.headers()["location"], "/work", "it is not her next");

    let ben = Reviewer::sign_in(&desk.world.place, "ben").await;
    let seen = ben.take(id).await;
    assert!(seen.contains("ana has answered.") && !seen.contains("They say different things"), "{seen}");
    let total = desk.document(0).await["fields"]["total"]["value"].as_str().unwrap().to_owned();
    let other = [("action", "correct"), ("kind", "invoice"), ("invoice.number", "OTHER-1")];
    assert_eq!(ben.decide(id, &seen, &other).await.status(), 303);
    assert_eq!(desk.document(0).await["status"], "in_review", "they differ");
    // Three may decide: the third sees both and settles it.
    let shown = boss.take(id).await;
    assert!(shown.contains("They say different things") && shown.contains("OTHER-1"), "{shown}");
    assert!(!ben.page(&format!("/documents/{id}")).await.contains("value=\"take\""));
    assert_eq!(boss.decide(id, &shown, &other).await.status(), 303);
    let filed = desk.document(0).await;
    assert_eq!(
        (filed["status"].as_str(), filed["fields"]["number"]["value"].as_str()),
        (Some("filed"), Some("OTHER-1"))
    );
    assert_eq!(filed["fields"]["total"]["value"].as_str(), Some(total.as_str()));
    // One person alone does not change what two have said.
    let rests = desk.ana.page(&format!("/documents/{id}")).await;
    let change = [("action", "amend"), ("kind", "invoice"), ("invoice.number", "MINE-2")];
    assert_eq!(desk.ana.decide(id, &rests, &change).await.status(), 409);
}
