//! What is typed at the desk is kept whatever becomes of the sending or of the session, is nobody else's, and can be filed by
//! key also where only lines were typed.

use std::time::Duration;

use acuse_tests::{
    browser::{self, Browser},
    stack::wait,
};
use reqwest::header;
use serde_json::json;
use time::{Time, macros::format_description};

use crate::{
    desk::{PASSWORD, Reviewer, hidden},
    desk_away::{QUICK, catalog, runs_out_in},
    desk_decide::take,
    desk_drafts::{KEPT, at, value},
    desk_harm::{Desk, READY, on_page},
};

/// What becomes of a draft that is sent, as `window.away` says: it is refused, or never answered.
const AWAY: &str = "{ const asked = window.fetch; window.fetch = (to, how) => !window.away || !String(to).endsWith('/draft') \
     ? asked(to, how) : window.away === 'refused' ? Promise.resolve(new Response('', { status: 503 })) : new Promise(() => {}); }";

/// Whether the page would ask before it is left.
const ASKS: &str = "!dispatchEvent(new Event('beforeunload', { cancelable: true }))";

/// Waits until a draft of somebody's says this.
async fn drafted(desk: &Desk, n: usize, who: &str, said: &str) {
    let catalog = catalog(desk).await;
    wait("what was typed", Duration::from_secs(30), || async {
        let kept = catalog.draft(desk.ids[n].parse().unwrap(), who).await.unwrap();
        Ok(kept.filter(|draft| format!("{draft:?}").contains(said)))
    })
    .await
    .unwrap();
}

/// One more line of a bill, below those that were read.
fn add_a_line(page: &mut Browser) {
    page.eval("document.querySelector('#unfold').checked = true").unwrap();
    let cell = |name: &str| {
        format!(
            "[...document.querySelectorAll('[data-kind=invoice] .grid[data-field=line_items] [data-cell={name}]')].at(-1)"
        )
    };
    page.eval(&format!("window.line = [{}, {}]; line[0].focus()", cell("description"), cell("amount")))
        .unwrap();
    page.fill("Todo").unwrap();
    page.eval("line[1].focus()").unwrap();
    page.fill("1,00").unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_only_lines_were_typed_a_key_files_them() {
    let Some(chromium) = browser::chromium() else { return };
    let desk = Desk::of(2, "0").await;
    let mut page = desk.browser(chromium);
    take(&desk, &mut page, 0).await;
    add_a_line(&mut page);
    page.press("Enter", false, true).unwrap();
    page.wait("!!document.querySelector('[name=because]')").unwrap();
    at(&mut page, "[name=because]");
    page.fill("it is printed so").unwrap();
    page.wait(READY).unwrap();
    page.press("Enter", false, true).unwrap();
    page.wait(&on_page(&desk.ids[1])).unwrap();
    let filed = desk.document(0).await;
    let lines = filed["fields"]["line_items"]["value"].as_array().unwrap();
    assert_eq!((&filed["status"], &lines.last().unwrap()["amount"]), (&json!("filed"), &json!("1.00")));

    // Of a draft too.
    page.wait(READY).unwrap();
    add_a_line(&mut page);
    page.wait(KEPT).unwrap();
    page.open(&format!("{}/ledger", desk.ana.base), "").unwrap();
    page.open(&format!("{}/documents/{}", desk.ana.base, desk.ids[1]), "").unwrap();
    page.wait(READY).unwrap();
    page.press("a", false, false).unwrap();
    page.wait("!!document.activeElement.closest('.grid')").unwrap();
    page.press("Enter", false, true).unwrap();
    page.wait("!!document.querySelector('[name=because]')").unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_could_not_be_kept_is_tried_again_and_goes_with_the_page() {
    let Some(chromium) = browser::chromium() else { return };
    let desk = Desk::of(1, "0").await;
    let mut page = desk.browser(chromium);
    page.before_pages(AWAY).unwrap();
    take(&desk, &mut page, 0).await;
    page.eval("window.away = 'refused'").unwrap();
    at(&mut page, "#invoice-number");
    page.fill("N-1").unwrap();
    page.wait("document.querySelector('#kept').textContent.startsWith('The draft could not be kept')")
        .unwrap();
    assert_eq!(page.eval(ASKS).unwrap(), true, "it would be lost");
    page.eval("window.away = ''").unwrap();
    page.wait(KEPT).unwrap();
    assert_eq!(page.eval(ASKS).unwrap(), false);
    drafted(&desk, 0, "user:ana", "N-1").await;

    // Away while it is on its way to nowhere.
    page.eval("window.away = 'lost'").unwrap();
    page.fill("N-12").unwrap();
    tokio::time::sleep(Duration::from_millis(1_000)).await;
    page.open("about:blank#left", "").unwrap();
    drafted(&desk, 0, "user:ana", "N-12").await;
    assert_eq!(page.asked(), 0, "nobody was asked for what goes by itself");
}

/// Signs in anew, as on another tab.
async fn anew(who: &Reviewer, name: &str) -> String {
    let form = [("user", name), ("password", PASSWORD)];
    let entered = who.http.post(format!("{}/login", who.base)).form(&form).send().await.unwrap();
    entered.headers()[header::SET_COOKIE].to_str().unwrap().split(';').next().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_signs_in_again_on_another_tab_goes_on_here() {
    let Some(chromium) = browser::chromium() else { return };
    let desk = Desk::of(2, "0").await;
    let (ben, catalog) = (Reviewer::sign_in(&desk.world.place, "ben").await, catalog(&desk).await);
    let mut page = desk.browser(chromium);
    page.before_pages(QUICK).unwrap();
    take(&desk, &mut page, 0).await;
    page.keep_cookie(&desk.ana.base, &anew(&desk.ana, "ana").await).unwrap();
    at(&mut page, "#invoice-number");
    page.fill("N-5").unwrap();
    page.wait(KEPT).unwrap();
    drafted(&desk, 0, "user:ana", "N-5").await;
    // It stays hers,
    runs_out_in(&desk, &catalog, 0, Duration::from_secs(20)).await;
    let soon = catalog.now() + Duration::from_secs(60);
    wait("a beat of the page's", Duration::from_secs(15), || async {
        let review = catalog.open_review_of(desk.ids[0].parse().unwrap()).await.unwrap().expect("waits");
        Ok(review.claim_expires_at.filter(|until| *until > soon).map(drop))
    })
    .await
    .unwrap();
    // and is decided from there.
    page.press("Enter", false, true).unwrap();
    page.wait(&on_page(&desk.ids[1])).unwrap();
    assert_eq!(desk.document(0).await["fields"]["number"]["value"], "N-5");

    // Whoever else signs in has nothing of hers.
    page.wait(READY).unwrap();
    page.keep_cookie(&desk.ana.base, &ben.cookie).unwrap();
    at(&mut page, "#invoice-number");
    page.fill("N-6").unwrap();
    page.wait("document.querySelector('#kept').textContent.startsWith('Somebody else is signed in')")
        .unwrap();
    tokio::time::sleep(Duration::from_millis(1_000)).await;
    assert_eq!(catalog.draft(desk.ids[1].parse().unwrap(), "user:ben").await.unwrap(), None);
    assert_eq!(value(&mut page, "#invoice-number"), "N-6");
    // And once she is back it is kept as hers.
    page.keep_cookie(&desk.ana.base, &anew(&desk.ana, "ana").await).unwrap();
    drafted(&desk, 1, "user:ana", "N-6").await;
}

/// What a form must carry is said to pages of our own alone, and to nobody but whose page it is; nothing is kept unless the
/// form carries it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_form_must_carry_is_told_to_nobody_else() {
    let desk = Desk::of(1, "0").await;
    let id = desk.ids[0].as_str();
    let csrf = hidden(&desk.ana.take(id).await, "csrf");
    for (site, user, is_told) in [
        ("same-origin", "ana", true),
        ("same-origin", "ben", false),
        ("same-origin", "", false),
        ("same-site", "ana", false),
        ("cross-site", "ana", false),
    ] {
        for what in ["draft", "beat"] {
            let form = [("csrf", "0"), ("user", user), ("kind", "invoice"), ("invoice.number", "Mallory")];
            let post = desk.ana.http.post(format!("{}/review/{id}/{what}", desk.ana.base)).form(&form);
            let post = post.header(header::COOKIE, &desk.ana.cookie).header("sec-fetch-site", site);
            let answer = post.send().await.unwrap();
            assert_eq!(answer.status(), 403, "{what} of {user:?} from {site}");
            let said = answer.text().await.unwrap();
            assert_eq!(said.contains(&csrf), is_told, "{what} of {user:?} from {site}");
        }
    }
    let kept = catalog(&desk).await.draft(id.parse().unwrap(), "user:ana").await.unwrap();
    assert_eq!(kept, None, "nothing was done");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_waits_until_the_morning_of_whoever_postpones_it() {
    let desk = Desk::of(1, "0").await;
    let id = desk.ids[0].as_str();
    let seen = desk.ana.take(id).await;
    let catalog = catalog(&desk).await;
    let day = (catalog.now() + Duration::from_secs(3 * 24 * 3600)).date();
    let said = day.format(format_description!("[year]-[month]-[day]")).unwrap();
    let cookie = format!("{}; acuse_zone=America/Bogota", desk.ana.cookie);
    let there = Reviewer { http: desk.ana.http.clone(), base: desk.ana.base.clone(), cookie };
    let put_off = [("action", "postpone"), ("until_day", said.as_str())];
    assert_eq!(there.decide(id, &seen, &put_off).await.status(), 303);
    let review = catalog.open_review_of(id.parse().unwrap()).await.unwrap().expect("waits");
    let morning = day.with_time(Time::from_hms(11, 0, 0).unwrap()).assume_utc();
    assert_eq!(review.postponed_until, Some(morning), "six o'clock there");
}
