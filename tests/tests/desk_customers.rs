//! Customers at the desk: added, changed, found and made one by the people who decide whose documents are.

use std::time::Duration;

use acuse_tests::browser::{self, Browser};
use reqwest::{Method, Response, header};
use serde_json::json;

use crate::{
    desk::{Reviewer, hidden},
    desk_decide::take,
    desk_harm::Desk,
};

/// The page that a form leads to.
fn led(answer: &Response) -> String {
    assert_eq!(answer.status(), 303);
    let to = answer.headers()[header::LOCATION].to_str().unwrap();
    to.split('?').next().unwrap().to_owned()
}

async fn added(ana: &Reviewer, said: &[(&str, &str)]) -> String {
    let form = ana.page("/customers/new").await;
    led(&ana.send("/customers", &form, said).await)
}

/// What was not kept: the page that says why, with what was typed.
async fn refused(ana: &Reviewer, to: &str, said: &[(&str, &str)]) -> String {
    let answer = ana.send(to, &ana.page("/customers/new").await, said).await;
    assert_eq!(answer.status(), 422);
    answer.text().await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn customers_are_added_changed_found_and_made_one() {
    let desk = Desk::of(1, "0").await;
    let ana = &desk.ana;
    let phones = "+57 300 111 2233\n+57 300 111 2234";
    let uno = [("name", "Tienda Uno"), ("external_id", "C-1"), ("phones", phones), ("tax_ids", "B12345674")];
    let one = added(ana, &uno).await;
    let page = ana.page(&one).await;
    assert!(page.contains("Tienda Uno") && page.contains("573001112233\n573001112234"), "{page}");

    // What is somebody else's is said with whose it is, and nobody is called otherwise by it.
    let taken = [("name", "Otra"), ("tax_ids", "B-12345674"), ("emails", "otra@example.org")];
    let page = refused(ana, "/customers", &taken).await;
    assert!(page.contains(&format!("href=\"{one}\"")) && page.contains("otra@example.org"), "{page}");
    let page = refused(ana, "/customers", &[("name", "Otra"), ("external_id", "C-1")]).await;
    assert!(page.contains(&format!("href=\"{one}\"")), "{page}");
    assert!(ana.page(&one).await.contains("Tienda Uno"), "and is called so still");
    assert!(refused(ana, "/customers", &[("phones", "1")]).await.contains("say how they are called"));
    let two = added(ana, &[("name", "Tienda Dos"), ("phones", "+57 300 999 0000")]).await;
    let page = refused(ana, &two, &[("name", "Tienda Dos"), ("phones", phones)]).await;
    assert!(page.contains(&format!("href=\"{one}\"")) && page.contains("+57 300 111 2233"), "{page}");
    let form = ana.page(&two).await;
    let other = [("name", "Tienda Dos S.A."), ("phones", "+57 300 999 0000")];
    assert_eq!(led(&ana.send(&two, &form, &other).await), two);
    // Who filled the form in before that takes nothing back unasked, and may once it was said.
    let seen = hidden(&form, "seen");
    let stale = [("name", "Tienda 2"), ("seen", seen.as_str())];
    let told = ana.send(&two, &form, &stale).await.text().await.unwrap();
    assert!(told.contains("Somebody else changed this customer meanwhile") && told.contains("Tienda 2"));
    assert!(ana.page(&two).await.contains("Tienda Dos S.A."));
    let seen = hidden(&told, "seen");
    let again = [("name", "Tienda Dos S.A."), ("phones", "+57 300 999 0000"), ("seen", seen.as_str())];
    assert_eq!(led(&ana.send(&two, &told, &again).await), two);

    // Found by name and by number, and made one; the old address leads to the one that is left.
    for q in ["tienda+dos", "57+300+999+0000"] {
        let found = ana.page(&format!("/customers?q={q}")).await;
        assert!(found.contains("Tienda Dos S.A.") && !found.contains("Tienda Uno"), "{q}: {found}");
    }
    let asked = ana.page(&format!("{one}?merge=tienda+dos")).await;
    let from = two.rsplit('/').next().unwrap();
    assert!(asked.contains(&format!("name=\"from\" value=\"{from}\"")), "{asked}");
    assert_eq!(led(&ana.send(&one, &asked, &[("act", "merge"), ("from", from)]).await), one);
    assert_eq!(led(&ana.answer(&two).await), one);
    assert!(ana.page(&one).await.contains("573009990000"));

    // Whoever only reads the books changes nobody.
    let fina = Reviewer::sign_in_as(&desk.world.place, "fina", &["--role", "finance"]).await;
    assert!(!fina.page("/customers").await.contains("/customers/new"));
    assert_eq!(fina.answer("/customers/new").await.status(), 403);
    assert_eq!(fina.send(&one, &fina.page("/customers").await, &other).await.status(), 403);
}

/// Numbers of IDs are there for those who may see IDs, and stay where others write.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_number_of_an_id_is_nobodys_business() {
    let desk = Desk::of(1, "0").await;
    let ana = &desk.ana;
    let one = added(ana, &[("name", "Lucía Gómez"), ("id_numbers", "12345678Z")]).await;
    assert!(ana.page("/customers?q=12345678-z").await.contains(&one), "found by who may");
    let page = refused(ana, "/customers", &[("name", "Otra"), ("id_numbers", "12345678-z")]).await;
    assert!(page.contains(&format!("href=\"{one}\"")), "{page}");
    let narrow = Reviewer::sign_in_as(&desk.world.place, "narrow", &["--no-ids"]).await;
    let page = narrow.page(&one).await;
    assert!(page.contains("Lucía Gómez") && !page.contains("12345678Z"), "{page}");
    assert!(!narrow.page("/customers?q=12345678Z").await.contains(&one));
    for q in ["12345678Z", "luc%C3%ADa"] {
        let found = narrow.answer(&format!("/customers/found?q={q}")).await.text().await.unwrap();
        assert!(!found.contains("12345678Z"), "{q}: {found}");
        assert_eq!(found == "[]", q == "12345678Z", "{found}");
    }
    assert_eq!(led(&narrow.send(&one, &page, &[("name", "Lucía Gómez R.")]).await), one);
    let kept = ana.page(&one).await;
    assert!(kept.contains("Lucía Gómez R.") && kept.contains("12345678Z"), "{kept}");
}

/// The answer to the shorter of two names comes late.
const SLOW: &str = "{ const asked = window.fetch; window.fetch = (to, how) => String(to).endsWith('q=Garza') \
     ? new Promise((go) => setTimeout(go, 1000)).then(() => asked(to, how)) : asked(to, how); }";

/// How many are found to choose from.
fn found(number: usize) -> String {
    format!(
        "!document.querySelector('#found').hidden && document.querySelectorAll('#found li').length === {number}"
    )
}

fn chosen(page: &mut Browser) -> String {
    let name = page.eval("document.querySelector('#customer').selectedOptions[0].text").unwrap();
    name.as_str().unwrap().to_owned()
}

/// Enter chooses nobody from a list that is of something else than what is typed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fast_typist_chooses_whom_they_typed() {
    let Some(chromium) = browser::chromium() else { return };
    let desk = Desk::of(1, "0").await;
    for name in ["Garza Uno", "Garza Dos"] {
        let new = json!({ "name": name });
        let made = desk.api.request(Method::POST, "/v1/customers").json(&new).send().await.unwrap();
        assert_eq!(made.status(), 201);
    }
    let mut page = desk.browser(chromium);
    page.before_pages(SLOW).unwrap();
    take(&desk, &mut page, 0).await;
    let nobody = chosen(&mut page);
    page.press("c", false, false).unwrap();
    page.wait("document.activeElement.dataset.seek !== undefined").unwrap();

    // A late answer does not take the place of a newer one.
    page.fill("Garza").unwrap();
    tokio::time::sleep(Duration::from_millis(400)).await;
    page.fill("Garza Dos").unwrap();
    page.wait(&found(1)).unwrap();
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    assert_eq!(page.eval(&found(1)).unwrap(), true);

    // Of several nobody was seen yet, and nobody is chosen.
    page.fill("Garza").unwrap();
    page.press("Enter", false, false).unwrap();
    page.wait(&found(2)).unwrap();
    assert_eq!(chosen(&mut page), nobody);
    let first = page.eval("document.querySelector('#found li').dataset.name").unwrap();

    // Whoever is typed in full is not the first of the list that still stands there.
    let other = if first == "Garza Uno" { "Garza Dos" } else { "Garza Uno" };
    page.fill(other).unwrap();
    page.press("Enter", false, false).unwrap();
    page.wait("document.querySelector('#customer').selectedOptions[0].text.startsWith('Garza')").unwrap();
    assert_eq!(chosen(&mut page), other);
}
