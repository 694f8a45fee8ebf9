//! What is typed at the desk: a reason is of what stood there, what is typed back does not return, what a draft fills in is
//! looked at, and nothing is lost by a way out or with a session.

use std::time::Duration;

use acuse_fixtures::{Country, Form, Kind, Spec, together};
use acuse_tests::{
    browser::{self, Browser},
    stack::wait,
};
use reqwest::{Response, header};
use serde_json::json;

use crate::{
    desk::{PASSWORD, Reviewer, hidden},
    desk_away::catalog,
    desk_decide::take,
    desk_harm::{Desk, READY, on_page},
    world::person,
};

pub const KEPT: &str = "document.querySelector('#kept').textContent === 'Draft kept'";

/// The focus is in a field, which is there to be seen.
pub fn at(page: &mut Browser, field: &str) {
    page.eval("document.querySelector('#unfold').checked = true").unwrap();
    page.eval(&format!("document.querySelector('{field}').focus()")).unwrap();
}

pub fn value(page: &mut Browser, field: &str) -> String {
    let value = page.eval(&format!("document.querySelector('{field}').value")).unwrap();
    value.as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reason_is_of_the_warnings_that_stood_there() {
    let Some(chromium) = browser::chromium() else { return };
    let desk = Desk::of(1, "30").await;
    let mut page = desk.browser(chromium);
    take(&desk, &mut page, 0).await;
    at(&mut page, "#invoice-total");
    page.fill("99999.99").unwrap();
    page.press("Enter", false, true).unwrap();
    page.wait("!!document.querySelector('[name=because]')").unwrap();
    at(&mut page, "[name=because]");
    page.fill("it is printed so").unwrap();
    // Before it is sent, something else is made wrong, of which nothing was said.
    at(&mut page, "#invoice-issue_date");
    page.fill("2099-01-01").unwrap();
    page.wait(READY).unwrap();
    page.press("Enter", false, true).unwrap();
    page.wait("document.querySelector('.warnings')?.innerText.includes('2099-01-01')").unwrap();
    assert_eq!(desk.document(0).await["status"], "in_review", "the reason was of the sum");
    for (field, typed) in [
        ("[name=because]", "it is printed so"),
        ("#invoice-total", "99999.99"),
        ("#invoice-issue_date", "2099-01-01"),
    ] {
        assert_eq!(value(&mut page, field), typed);
    }
    // Now both stand there, and the reason is of both.
    page.wait(READY).unwrap();
    page.press("Enter", false, true).unwrap();
    page.wait("location.pathname === '/'").unwrap();
    let filed = desk.document(0).await;
    assert_eq!(
        (&filed["status"], &filed["fields"]["issue_date"]["value"]),
        (&json!("filed"), &json!("2099-01-01"))
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_typed_back_does_not_return() {
    let Some(chromium) = browser::chromium() else { return };
    let desk = Desk::of(2, "30").await;
    let mut page = desk.browser(chromium);
    take(&desk, &mut page, 0).await;
    at(&mut page, "#invoice-total");
    let read = value(&mut page, "#invoice-total");
    page.fill("99").unwrap();
    page.wait(KEPT).unwrap();
    page.fill(&read).unwrap();
    page.wait("document.querySelector('#kept').textContent === ''").unwrap();
    page.press("Escape", false, false).unwrap();
    page.press("a", false, false).unwrap();
    page.wait(&on_page(&desk.ids[1])).unwrap();
    page.wait(READY).unwrap();
    page.press("z", false, false).unwrap();
    page.wait(&on_page(&desk.ids[0])).unwrap();
    page.wait(READY).unwrap();
    assert_eq!(value(&mut page, "#invoice-total"), read, "what was taken back is gone");
    assert_eq!(page.eval("document.querySelectorAll('[data-drafted], [value=discard]').length").unwrap(), 0);
    page.press("a", false, false).unwrap();
    page.wait(&on_page(&desk.ids[1])).unwrap();
    assert_eq!(desk.document(0).await["fields"]["total"]["value"], read.as_str());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_draft_is_looked_at_before_a_key_files_it_and_ends_with_it() {
    let Some(chromium) = browser::chromium() else { return };
    let desk = Desk::of(2, "0").await;
    let mut page = desk.browser(chromium);
    take(&desk, &mut page, 0).await;
    at(&mut page, "#invoice-number");
    page.fill("N-78").unwrap();
    page.wait(KEPT).unwrap();
    page.open(&format!("{}/ledger", desk.ana.base), "").unwrap();
    page.open(&format!("{}/documents/{}", desk.ana.base, desk.ids[0]), "").unwrap();
    page.wait(READY).unwrap();
    page.press("a", false, false).unwrap();
    page.wait("document.activeElement.id === 'invoice-number'").unwrap();
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(desk.document(0).await["status"], "in_review", "nobody had looked at it");
    page.press("Enter", false, true).unwrap();
    page.wait(&on_page(&desk.ids[1])).unwrap();
    let filed = desk.document(0).await;
    assert_eq!((&filed["status"], &filed["fields"]["number"]["value"]), (&json!("filed"), &json!("N-78")));
    let kept = catalog(&desk).await.draft(desk.ids[0].parse().unwrap(), "user:ana").await.unwrap();
    assert_eq!(kept, None, "without a hold it ends with the decision");
}

/// A file of two bills that waits for somebody who parts it.
async fn of_two(desk: &Desk) -> String {
    let spec = Spec::new(Kind::Invoice, Country::Es, Form::PdfText);
    let file = together::pages_with_attachment(&[(501, spec), (502, spec)]).bytes;
    let sent = desk.world.file(&person(77), file, "application/pdf", "scan.pdf");
    crate::world::post(&desk.api, &sent).await;
    assert_eq!(desk.api.at_rest(2, Duration::from_secs(90)).await.unwrap().in_review, 2);
    let waiting = desk.api.list("/v1/reviews").await.unwrap();
    let several = waiting.iter().find(|r| r.to_string().contains("multiple_documents")).expect("waits");
    several["document_id"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_parts_and_a_new_customer_are_in_the_draft() {
    let Some(chromium) = browser::chromium() else { return };
    let desk = Desk::of(1, "0").await;
    let id = of_two(&desk).await;
    let mut page = desk.browser(chromium);
    let document = format!("{}/documents/{id}", desk.ana.base);
    page.open(&document, "").unwrap();
    page.press("t", false, false).unwrap();
    page.wait("!!document.querySelector('.parts [name=parts]')").unwrap();
    page.wait(READY).unwrap();
    page.eval("document.querySelector('.parts [name=parts]').focus()").unwrap();
    page.fill("1-1, 2-2").unwrap();
    page.wait(KEPT).unwrap();
    page.press("Escape", false, false).unwrap();
    page.press("n", false, false).unwrap();
    page.wait("document.activeElement.name === 'new_name'").unwrap();
    page.fill("Tienda Nueva").unwrap();
    // Away before it is said that it is kept, and back.
    page.open(&format!("{}/ledger", desk.ana.base), "").unwrap();
    let drafts = catalog(&desk).await;
    wait("what was typed last", Duration::from_secs(30), || async {
        let kept = drafts.draft(id.parse().unwrap(), "user:ana").await.unwrap();
        Ok(kept.filter(|draft| format!("{draft:?}").contains("Tienda Nueva")))
    })
    .await
    .unwrap();
    page.open(&document, "").unwrap();
    for (field, typed) in [("[name=parts]", "1-1, 2-2"), ("[name=new_name]", "Tienda Nueva")] {
        assert_eq!(value(&mut page, field), typed);
    }
    // With the session it ends neither.
    let seen = desk.ana.page(&format!("/documents/{id}")).await;
    let version = hidden(&seen, "version");
    let typed = [
        ("action", "new_customer"),
        ("kind", "invoice"),
        ("new_name", "Tienda Tarde"),
        ("parts", "2, 1"),
        ("version", version.as_str()),
    ];
    let ended = ended(&desk, &format!("/review/{id}"), &typed).await;
    assert_eq!(back(&desk, &ended).await.status(), 303);
    let again = desk.ana.page(&format!("/documents/{id}")).await;
    assert!(again.contains("value=\"Tienda Tarde\"") && again.contains("value=\"2, 1\""), "{again}");
    // Each page says of which it is as it would be split, not as it was proposed.
    page.open(&document, "").unwrap();
    page.wait("[...document.querySelectorAll('[data-at-page] b')].map(b => b.textContent).join() === '2,1'")
        .unwrap();
}

/// What a browser is answered whose session has ended.
async fn ended(desk: &Desk, path: &str, form: &[(&str, &str)]) -> String {
    let post = desk.ana.http.post(format!("{}{path}", desk.ana.base)).form(form);
    let post = post.header(header::ACCEPT, "text/html,*/*;q=0.8");
    let answer = post.header(header::COOKIE, "acuse_session=gone").send().await.unwrap();
    assert_eq!(answer.status(), 401, "{path}");
    answer.text().await.unwrap()
}

/// Signed in again from there.
async fn back(desk: &Desk, login: &str) -> Response {
    let resume = hidden(login, "resume").replace("&#34;", "\"").replace("&quot;", "\"");
    let form = [("user", "ana"), ("password", PASSWORD), ("resume", &resume)];
    desk.ana.http.post(format!("{}/login", desk.ana.base)).form(&form).send().await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_form_outlives_the_session_and_no_password_does() {
    let desk = Desk::of(1, "0").await;
    let case = "/inbox/0190a5d2-0000-7000-8000-000000000000";
    let (reply, note) = (case.to_owned(), format!("{case}/notes"));
    for (path, form, typed) in [
        (&reply, &[("act", "reply"), ("version", "1"), ("text", "Buenas, Ana.")][..], "Buenas, Ana."),
        (&note, &[("text", "paga el viernes")][..], "paga el viernes"),
        (&"/people".to_owned(), &[("name", "Eva"), ("password", "of nobody's business")][..], "Eva"),
    ] {
        let login = ended(&desk, path, form).await;
        assert!(login.contains(typed) && !login.contains("nobody"), "{login}");
        let shown = back(&desk, &login).await;
        assert_eq!(shown.status(), 200);
        let shown = shown.text().await.unwrap();
        assert!(shown.contains(&format!("{typed}</textarea>")), "{shown}");
        assert!(shown.contains(&format!("action=\"{path}\"")), "{shown}");
        assert_eq!(shown.contains("type=\"password\""), path == "/people", "asked for anew: {shown}");
    }

    // What is said of a file stays too; the file is chosen anew.
    let body = "--b\r\nContent-Disposition: form-data; name=\"text\"\r\n\r\nLa foto que pidió.\r\n--b\r\n\
         Content-Disposition: form-data; name=\"file\"; filename=\"foto.png\"\r\n\r\nbytes\r\n--b--\r\n";
    let post = desk.ana.http.post(format!("{}{case}/files", desk.ana.base)).body(body);
    let post = post.header(header::CONTENT_TYPE, "multipart/form-data; boundary=b");
    let login = post.header(header::COOKIE, "acuse_session=gone").send().await.unwrap();
    assert_eq!(login.status(), 401);
    let shown = back(&desk, &login.text().await.unwrap()).await.text().await.unwrap();
    assert!(shown.contains("La foto que pidió.</textarea>") && shown.contains("type=\"file\""), "{shown}");

    // And from there it goes on as if nothing had been.
    let customer =
        [("act", "save"), ("name", "Tienda Tres"), ("phones", "+57 300 555 0001\n+57 300 555 0002")];
    let login = ended(&desk, "/customers", &customer).await;
    let shown = back(&desk, &login).await;
    let cookie = shown.headers()[header::SET_COOKIE].to_str().unwrap().split(';').next().unwrap().to_owned();
    let ana = Reviewer { http: desk.ana.http.clone(), base: desk.ana.base.clone(), cookie };
    let added = ana.send("/customers", &shown.text().await.unwrap(), &customer).await;
    assert_eq!(added.status(), 303);
    let to = added.headers()[header::LOCATION].to_str().unwrap().to_owned();
    assert!(ana.page(&to).await.contains("573005550002"));
    // What nobody typed into is a sign-in as any other.
    let post = desk.ana.http.post(format!("{}/work", desk.ana.base)).form(&[("of_sort", "-since")]);
    let answer = post.header(header::ACCEPT, "text/html").send().await.unwrap();
    assert_eq!(answer.headers()[header::LOCATION], "/login");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_refused_stands_there_with_all_that_was_typed() {
    let desk = Desk::of(1, "0").await;
    let boss = Reviewer::operator(&desk.world.place, "boss").await;
    let form = [
        ("csrf", hidden(&boss.page("/people").await, "csrf")),
        ("name", "Eva Ruiz".to_owned()),
        ("email", "nowhere".to_owned()),
        ("role", "reviewer".to_owned()),
        ("password", "of nobody's business".to_owned()),
    ];
    let post = boss.http.post(format!("{}/people", boss.base)).form(&form);
    let post = post.header(header::ACCEPT, "text/html").header(header::COOKIE, &boss.cookie);
    let refused = post.send().await.unwrap();
    assert_eq!(refused.status(), 400);
    let refused = refused.text().await.unwrap();
    assert!(refused.contains("name@example.com") && refused.contains("Eva Ruiz</textarea>"), "{refused}");
    assert!(refused.contains("value=\"reviewer\"") && !refused.contains("nobody"), "{refused}");
}

/// Whoever makes a browser send a form from elsewhere finds their words nowhere in the desk's own pages, from where one press
/// would send them in a person's name.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_another_site_sends_is_nobodys_words() {
    let desk = Desk::of(1, "0").await;
    let boss = Reviewer::operator(&desk.world.place, "boss").await;
    let review = format!("/review/{}", desk.ids[0]);
    let form =
        [("act", "save"), ("name", "Mallory"), ("role", "admin"), ("action", "approve"), ("note", "Mallory")];
    for path in ["/people", "/customers", review.as_str()] {
        for (site, cookie) in [("cross-site", None), ("same-site", None), ("same-site", Some(&boss.cookie))] {
            let post = boss.http.post(format!("{}{path}", boss.base)).form(&form);
            let post = post.header(header::ACCEPT, "text/html").header("sec-fetch-site", site);
            let post = match cookie {
                Some(cookie) => post.header(header::COOKIE, cookie),
                None => post,
            };
            let answer = post.send().await.unwrap();
            let (status, said) = (answer.status(), answer.text().await.unwrap());
            assert!(status == 303 || status.is_client_error(), "{path} {site}: {status}");
            assert!(
                !said.contains("Mallory") && !said.contains("Send it once more"),
                "{path} {site}: {said}"
            );
        }
    }
}
