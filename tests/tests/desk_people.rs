//! People at the desk: who is let in, what they may, what they did.

use std::{io::Write, process::Stdio, time::Duration};

use acuse_tests::browser;
use reqwest::header;

use crate::{
    desk::{PASSWORD, Reviewer},
    desk_harm::Desk,
};

/// The id of a person, by the page that changes them.
fn id_of(page: &str, name: &str) -> String {
    let before = page.split(&format!("<strong>{name}</strong>")).nth(1).expect("listed");
    let after = before.split("form=\"person-").nth(1).unwrap();
    after.split('"').next().unwrap().to_owned()
}

/// The status of a sign-in.
async fn enters(of: &Reviewer, name: &str, password: &str) -> u16 {
    let form = [("user", name), ("password", password)];
    of.http.post(format!("{}/login", of.base)).form(&form).send().await.unwrap().status().as_u16()
}

/// Counted, by the name of whoever is meant, and without what is typed in the place of a name.
async fn who_failed_stands_there_too(boss: &Reviewer) {
    assert_eq!(enters(boss, "secret words of somebody", "x").await, 401);
    let until = tokio::time::Instant::now() + Duration::from_secs(30);
    loop {
        let trail = boss.page("/audit?action=sign_in_failed").await;
        if trail.contains("User: olga") && trail.contains("Times: ") {
            assert!(!trail.contains("secret words"), "{trail}");
            break;
        }
        assert!(tokio::time::Instant::now() < until, "{trail}");
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    assert!(boss.page("/audit?actor=sign-in").await.contains("sign_in_failed"));
}

/// By the command neither: whoever is there keeps their password and what they have open.
async fn nobody_is_added_twice(desk: &Desk, boss: &Reviewer) {
    let command = ["user", "add", "ana", "--role", "supervisor"];
    let mut adding = desk.world.place.command(&command).unwrap();
    let mut adding = adding.stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    writeln!(adding.stdin.take().unwrap(), "quite another password").unwrap();
    let done = adding.wait_with_output().unwrap();
    let told = String::from_utf8_lossy(&done.stderr);
    assert!(!done.status.success() && told.contains("another password"), "{told}");
    assert!(told.contains("`acuse user set ana`"), "{told}");
    assert_eq!(enters(boss, "ana", PASSWORD).await, 303);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_are_let_in_changed_and_shut_out() {
    let desk = Desk::of(1, "0").await;
    let boss = Reviewer::sign_in_as(&desk.world.place, "boss", &["--admin"]).await;
    let page = boss.page("/people").await;
    let new = [("name", "olga"), ("password", "olga's own words"), ("role", "auditor")];
    assert_eq!(desk.ana.send("/people", &desk.ana.page("/people").await, &new).await.status(), 403);
    assert_eq!(boss.send("/people", &page, &new).await.status(), 303);
    assert_eq!(boss.send("/people", &page, &new).await.status(), 409, "the name is hers");
    assert_eq!(enters(&boss, "olga", "olga's own words").await, 303);
    let page = boss.page("/people").await;
    let olga = format!("/people/{}", id_of(&page, "olga"));
    assert_eq!(boss.send(&olga, &page, &[("act", "disable")]).await.status(), 303);
    assert_eq!(enters(&boss, "olga", "olga's own words").await, 401, "shut out");
    assert_eq!(boss.send(&olga, &page, &[("act", "enable")]).await.status(), 303);
    let reset = [("act", "reset"), ("password", "another long word")];
    assert_eq!(boss.send(&olga, &page, &reset).await.status(), 303);
    assert_eq!(enters(&boss, "olga", "olga's own words").await, 401);
    assert_eq!(enters(&boss, "olga", "another long word").await, 303);
    let own = format!("/people/{}", id_of(&page, "boss"));
    let lower = [("act", "save"), ("role", "reviewer")];
    assert_eq!(boss.send(&own, &page, &lower).await.status(), 409, "somebody must let people in");

    // A role is told to the session at once: it ends.
    let anas = format!("/people/{}", id_of(&page, "ana"));
    let change = [("act", "save"), ("role", "supervisor"), ("sees_ids", "yes")];
    assert_eq!(boss.send(&anas, &page, &change).await.status(), 303);
    assert_eq!(desk.ana.answer("/").await.status(), 303, "signed out");
    assert_eq!(enters(&boss, "ana", PASSWORD).await, 303);
    let page = boss.page("/people").await;
    let session = page.split("action=\"/sessions/").nth(1).unwrap().split('"').next().unwrap();
    assert_eq!(boss.send(&format!("/sessions/{session}"), &page, &[]).await.status(), 303);

    // All of it stands in the trail, from what to what; and only some may search it.
    let trail = boss.page("/audit?actor=boss").await;
    for said in
        ["user_added", "user_disabled", "user_password_reset", "session_ended", "Role: reviewer → supervisor"]
    {
        assert!(trail.contains(said), "{said}: {trail}");
    }
    assert!(trail.contains("signed_in"), "when she came too: {trail}");
    who_failed_stands_there_too(&boss).await;
    assert!(!boss.page("/audit?q=olga&action=user_disabled").await.contains("title=\"user_enabled"));
    let csv = boss.answer("/audit/export?actor=boss").await.text().await.unwrap();
    assert!(csv.starts_with("at,actor,action,document_id,detail") && csv.contains("user_disabled"), "{csv}");
    let taken = boss.page("/audit?action=audit_exported").await;
    assert!(taken.contains("user:boss"), "that it was taken stands there too: {taken}");
    let olga = Reviewer::sign_in_as(&desk.world.place, "vera", &["--role", "auditor"]).await;
    assert!(olga.page("/audit").await.contains("user_added"));
    nobody_is_added_twice(&desk, &boss).await;
    let fina = Reviewer::sign_in_as(&desk.world.place, "fina", &["--role", "finance"]).await;
    assert_eq!(fina.answer("/audit").await.status(), 403);
    let hers = fina.page("/people").await;
    assert!(!hers.contains("boss") && hers.contains("fina"), "her own sessions: {hers}");
    let Some(chromium) = browser::chromium() else { return };
    let mut page = browser::Browser::start(chromium, (1280, 900)).unwrap();
    for path in ["people", "audit"] {
        page.open(&format!("{}/{path}", boss.base), &boss.cookie).unwrap();
        page.look(path).unwrap();
    }
}

/// The menu stays, in the person's language; programs are answered as ever.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_there_or_not_allowed_keeps_the_menu() {
    let desk = Desk::of(1, "0").await;
    let ana = &desk.ana;
    let asks = async |path: &str, cookie: &str| {
        let request = ana.http.get(format!("{}{path}", ana.base)).header(header::COOKIE, cookie);
        let answer = request.header(header::ACCEPT, "text/html,*/*;q=0.8").send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    let spanish = format!("{}; acuse_language=es", ana.cookie);
    for (path, status, says) in [
        ("/nowhere", 404, "No existe esa dirección."),
        ("/documents/none", 404, "No existe ese identificador."),
        ("/audit", 403, "Su rol no le permite hacer eso."),
        ("/logout", 405, "Esta dirección no admite ese método."),
    ] {
        let (answered, page) = asks(path, &spanish).await;
        assert_eq!(answered, status, "{path}: {page}");
        assert!(page.contains("<html lang=\"es\">") && page.contains(says), "{path}: {page}");
        assert!(page.contains("href=\"/documents\"") && page.contains(">ana</span>"), "{path}: {page}");
    }
    let (answered, page) = asks("/nowhere", "").await;
    assert!(answered == 404 && page.contains("There is no such address.") && !page.contains("class=\"bar\""));
    // The board asks a browser without a session for a key, as it must be asked to send one.
    let board = ana.http.get(format!("{}/board/", ana.base)).header(header::ACCEPT, "text/html");
    let asks = board.send().await.unwrap();
    assert_eq!((asks.status().as_u16(), asks.headers().contains_key(header::WWW_AUTHENTICATE)), (401, true));
    for (path, of) in [("/v1/nowhere", "text/html"), ("/nowhere", "*/*")] {
        let request = ana.http.get(format!("{}{path}", ana.base)).header(header::ACCEPT, of);
        let answer = request.send().await.unwrap();
        assert_eq!(answer.headers()[header::CONTENT_TYPE], "application/problem+json", "{path}");
    }
}
