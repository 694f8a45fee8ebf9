//! Signing in at an identity provider, a real one: who comes in, who stays outside, and what does not belong together.

mod house;

use std::{process::Stdio, time::Duration};

use acuse_storage::users::{Role, Way};
use acuse_tests::browser::{self, Browser};
use reqwest::header;
use serde_json::{Value, json};
use url::Url;

use crate::{
    desk::{Reviewer, hidden},
    desk_accessible::{axe, violations},
    world::Alone,
};
use house::{House, Visitor, told, with};

async fn known_by_the_providers_name_alone(house: &House) {
    house.add("ana", &["--role", "supervisor"]);
    let login = reqwest::get(format!("{}/login", house.base)).await.unwrap().text().await.unwrap();
    assert!(login.contains("Sign in with the house") && login.contains("href=\"/login/oidc\""), "{login}");
    let (mut ana, came) = house.signs_in(&told("sub-ana", "Ana@Example.org")).await;
    assert_eq!(came.status(), 200);
    let cookies: Vec<_> = came.headers().get_all(header::SET_COOKIE).iter().cloned().collect();
    let session = cookies.iter().find(|c| c.to_str().unwrap().starts_with("acuse_session=")).unwrap();
    assert!(session.to_str().unwrap().contains("HttpOnly; SameSite=Strict"), "{session:?}");
    let page = came.text().await.unwrap();
    assert!(page.contains("content=\"0;url=/documents\"") && page.contains("href=\"/documents\""), "{page}");
    assert!(ana.cookie("acuse_sign_in").is_none(), "its time is over");
    let first = ana.cookie("acuse_session").unwrap().clone();
    let desk = ana.get(&format!("{}/people", house.base)).await;
    assert_eq!(desk.status(), 200);
    let people = desk.text().await.unwrap();
    assert!(people.contains("Sign-in elsewhere"), "how she signed in: {people}");
    let sessions = house.catalog().sessions().await.unwrap();
    assert!(sessions.iter().any(|s| s.user == "ana" && s.way == Way::Oidc));

    // Another address, even a foreign one that nothing proves: she is who she was. And the session is a new one.
    let moved = json!({ "sub": "sub-ana", "email": "ana@elsewhere.example", "email_verified": false });
    let (again, came) = house.signs_in(&moved).await;
    assert_eq!(came.status(), 200);
    let second = again.cookie("acuse_session").unwrap();
    assert_ne!(&first, second);

    // Her address at the provider is somebody else's now.
    let (other, came) = house.signs_in(&told("sub-other", "ana@example.org")).await;
    assert_eq!(came.status(), 403);
    assert!(other.cookie("acuse_session").is_none());
    assert_eq!(house.refusals().await, ["linked_to_another"]);
    let linked = house.trail("identity_linked").await;
    assert_eq!(linked.len(), 1);
    assert_eq!((&linked[0]["user"], &linked[0]["subject"]), (&json!("ana"), &json!("sub-ana")));
    assert_eq!(house.trail("signed_in").await.len(), 2);
}

/// A session that somebody else has put into the browser is not made hers.
async fn a_session_is_never_taken_over(house: &House) {
    house.provider.present(&told("sub-ana", "ana@example.org")).await.unwrap();
    let mut ana = Visitor::new(&house.base);
    let fixed = "f".repeat(64);
    ana.cookies.entry(house.base.clone()).or_default().insert("acuse_session".to_owned(), fixed.clone());
    let back = ana.goes("/login/oidc").await;
    assert_eq!(ana.get(&back).await.status(), 200);
    assert_ne!(ana.cookie("acuse_session"), Some(&fixed));
    let mut thief = Visitor::new(&house.base);
    thief.cookies.entry(house.base.clone()).or_default().insert("acuse_session".to_owned(), fixed);
    assert_eq!(thief.get(&format!("{}/people", house.base)).await.status(), 303, "it opens nothing");
}

/// Her session at the desk and the one at the provider, which is told whose it was and where she goes on.
async fn who_signs_out_here_signs_out_there(house: &House) {
    let (mut ana, _) = house.signs_in(&told("sub-ana", "ana@example.org")).await;
    let desk = ana.get(&format!("{}/people", house.base)).await.text().await.unwrap();
    let left = ana.post(&format!("{}/logout", house.base), &[("csrf", &hidden(&desk, "csrf"))]).await;
    assert_eq!(left.status(), 200);
    assert!(ana.cookie("acuse_session").is_none() && ana.cookie("acuse_sign_out").is_none());
    let page = left.text().await.unwrap();
    assert!(page.contains("Sign out of the house too"), "{page}");
    let there = page.split("content=\"0;url=").nth(1).unwrap().split('"').next().unwrap();
    let there = there.replace("&#38;", "&").replace("&amp;", "&");
    assert!(
        there.starts_with(&format!("{}/session/end?id_token_hint=ey", house.provider.issuer())),
        "{there}"
    );
    let asked = ana.get(&there).await;
    assert_eq!(asked.status(), 200, "it knows the hint and the address");
    let form = asked.text().await.unwrap();
    let confirm = form.split("action=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let gone = ana.post(&confirm, &[("xsrf", &hidden(&form, "xsrf")), ("logout", "yes")]).await;
    assert_eq!(gone.headers()[header::LOCATION], format!("{}/login", house.base));
    assert_eq!(ana.get(&format!("{}/people", house.base)).await.status(), 303);
    assert_eq!(house.trail("signed_out").await[0]["way"], "oidc");
}

async fn an_admin_sees_and_unlinks(house: &House) {
    let boss = Reviewer::sign_in_as(&house.alone.place, "boss", &["--admin"]).await;
    let page = boss.page("/people").await;
    let of_ana = page.split("<strong>ana</strong>").nth(1).unwrap();
    assert!(
        of_ana.contains(&house.provider.issuer()) && of_ana.contains("value=\"ana@example.org\""),
        "{page}"
    );
    let path = of_ana.split("action=\"/people/").nth(1).unwrap().split('"').next().unwrap();
    let issuer = house.provider.issuer();
    let (mut ana, _) = house.signs_in(&told("sub-ana", "ana@example.org")).await;
    assert_eq!(boss.send(&format!("/people/{path}"), &page, &[("issuer", &issuer)]).await.status(), 303);
    assert_eq!(boss.send(&format!("/people/{path}"), &page, &[("issuer", &issuer)]).await.status(), 404);
    assert_eq!(ana.get(&format!("{}/people", house.base)).await.status(), 303, "what she had open has ended");
    let people = house.catalog().users().await.unwrap();
    let ana = people.iter().find(|u| u.name == "ana").unwrap().id;
    let id = format!("/people/{ana}");
    let other = [("act", "save"), ("role", "supervisor"), ("email", "ANA@new.example.org")];
    assert_eq!(boss.send(&id, &page, &other).await.status(), 303);
    let (_, came) = house.signs_in(&told("sub-ana", "ana@example.org")).await;
    assert_eq!(came.status(), 403, "unlinked, and known by another address");
    assert_eq!(
        boss.send(&id, &page, &[("act", "save"), ("role", "supervisor"), ("email", "no")]).await.status(),
        400
    );
    let (_, came) = house.signs_in(&told("sub-new", "ana@new.example.org")).await;
    assert_eq!(came.status(), 200);
    // Nobody without a password has one.
    let form = [("user", "ana"), ("password", "!")];
    let tried = boss.http.post(format!("{}/login", house.base)).form(&form).send().await.unwrap();
    assert_eq!(tried.status(), 401);
    assert_eq!(boss.send(&id, &page, &[("act", "disable")]).await.status(), 303);
    let (_, came) = house.signs_in(&told("sub-new", "ana@new.example.org")).await;
    assert_eq!(came.status(), 403);
    assert_eq!(house.refusals().await[..2], ["disabled_person", "unknown_person"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn somebody_signs_in_elsewhere() {
    let Some(house) = House::of(Alone::on_sqlite().await, &[]).await else { return };
    known_by_the_providers_name_alone(&house).await;
    a_session_is_never_taken_over(&house).await;
    who_signs_out_here_signs_out_there(&house).await;
    an_admin_sees_and_unlinks(&house).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn somebody_signs_in_elsewhere_on_postgresql() {
    let Some(alone) = Alone::on_postgresql().await else { return };
    let Some(house) = House::of(alone, &[]).await else { return };
    known_by_the_providers_name_alone(&house).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_does_not_belong_together_is_refused() {
    let Some(house) = House::of(Alone::on_sqlite().await, &[]).await else { return };
    house.add("ana", &[]);
    house.provider.present(&told("sub-ana", "ana@example.org")).await.unwrap();
    let visitor = || Visitor::new(&house.base);

    // Another sign-in's state, a sign-in of another browser, another provider's answer.
    let mut ana = visitor();
    let back = ana.goes("/login/oidc").await;
    assert_eq!(ana.get(&with(&back, "state", "guessed")).await.status(), 400);
    assert_eq!(ana.get(&back).await.status(), 200, "and her own goes on");
    let mut ana = visitor();
    let back = ana.goes("/login/oidc").await;
    assert_eq!(visitor().get(&back).await.status(), 400, "it began elsewhere");
    let forged = with(&back, "iss", "https://evil.example");
    let mut twin = visitor();
    twin.cookies = ana.cookies.clone();
    assert_eq!(twin.get(&forged).await.status(), 400);

    // Once, though the cookie were kept.
    let kept = ana.cookies.clone();
    assert_eq!(ana.get(&back).await.status(), 200);
    let mut again = visitor();
    again.cookies = kept;
    assert_eq!(again.get(&back).await.status(), 400);
    assert!(again.cookie("acuse_session").is_none());
    assert_eq!(house.refusals().await, ["came_back_twice"]);

    // A token for another nonce, a code for another verifier, a code that is none.
    let mut ana = visitor();
    let entrance = ana.entrance("/login/oidc").await;
    assert!(entrance.contains("code_challenge_method=S256"), "{entrance}");
    let back = ana.through(&with(&entrance, "nonce", "another")).await;
    assert_eq!(ana.get(&back).await.status(), 400);
    let mut ana = visitor();
    let entrance = ana.entrance("/login/oidc").await;
    let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
    let back = ana.through(&with(&entrance, "code_challenge", challenge)).await;
    assert_eq!(ana.get(&back).await.status(), 400);
    let mut ana = visitor();
    let back = ana.goes("/login/oidc").await;
    assert_eq!(ana.get(&with(&back, "code", "none")).await.status(), 400);
    assert!(ana.cookie("acuse_session").is_none());
    assert_eq!(house.refusals().await[..3], ["token_refused", "token_refused", "token_refused"]);

    // Somebody who says no, and whoever would be led away.
    house.provider.present(&Value::Null).await.unwrap();
    let mut ana = visitor();
    let back = ana.goes("/login/oidc").await;
    assert!(back.contains("error=access_denied"), "{back}");
    assert_eq!(ana.get(&back).await.status(), 401);
    for away in ["https://evil.example/", "//evil.example", "/%5Cevil.example"] {
        house.provider.present(&told("sub-ana", "ana@example.org")).await.unwrap();
        let mut ana = visitor();
        let back = ana.goes(&format!("/login/oidc?back={away}")).await;
        let page = ana.get(&back).await.text().await.unwrap();
        assert!(page.contains("content=\"0;url=/\"") && !page.contains("evil"), "{page}");
    }

    whoever_tries_on_and_on_is_slowed_down(&house).await;
}

/// As at the password; and nobody is by what a page can have their browser ask.
async fn whoever_tries_on_and_on_is_slowed_down(house: &House) {
    let callback = format!("{}/login/oidc/callback", house.base);
    for _ in 0..100 {
        let led = Visitor::new(&house.base).get(&format!("{callback}?code=x&state=y")).await;
        assert_eq!(led.status(), 400, "a whole office would be shut out");
    }
    let mut last = 0;
    for _ in 0..100 {
        let mut visitor = Visitor::new(&house.base);
        let begun = visitor.get(&format!("{}/login/oidc", house.base)).await;
        last = begun.status().as_u16();
        if last == 429 {
            break;
        }
        let entrance = Url::parse(begun.headers()[header::LOCATION].to_str().unwrap()).unwrap();
        let state = entrance.query_pairs().find(|(name, _)| name == "state").unwrap().1.into_owned();
        let back = visitor.get(&format!("{callback}?error=access_denied&state={state}")).await;
        assert_eq!(back.status(), 401);
    }
    assert_eq!(last, 429);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whom_nobody_added_stays_outside() {
    let Some(house) = House::of(Alone::on_sqlite().await, &[]).await else { return };
    house.add("ana", &[]);
    let (visitor, came) = house.signs_in(&told("sub-x", "xenia@example.org")).await;
    assert_eq!(came.status(), 403);
    assert!(visitor.cookie("acuse_session").is_none());
    let unproven = json!({ "sub": "sub-ana", "email": "ana@example.org", "email_verified": false });
    assert_eq!(house.signs_in(&unproven).await.1.status(), 403);
    assert_eq!(house.signs_in(&json!({ "sub": "sub-ana" })).await.1.status(), 403);
    assert_eq!(house.refusals().await, ["email_unproven", "email_unproven", "unknown_person"]);
    let refused = house.trail("sign_in_refused").await;
    assert_eq!(refused[2]["email"], "xenia@example.org", "so that an admin can add them");
    assert!(house.catalog().identities().await.unwrap().is_empty());
    assert_eq!(house.catalog().users().await.unwrap().len(), 1);
}

/// As Entra ID is by itself: it says an address, and nothing of whether it is proven.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_that_a_provider_never_proves_counts_where_the_house_vouches_for_it() {
    let unsaid = json!({ "sub": "sub-ana", "email": "ana@example.org" });
    let Some(house) = House::of(Alone::on_sqlite().await, &[]).await else { return };
    house.add("ana", &[]);
    assert_eq!(house.signs_in(&unsaid).await.1.status(), 403, "by itself nobody vouches for it");
    drop(house);

    let vouching = [("EMAIL_VERIFIED", "assumed")];
    let Some(house) = House::of(Alone::on_sqlite().await, &vouching).await else { return };
    house.add("ana", &[]);
    house.add("ben", &[]);
    assert_eq!(house.signs_in(&unsaid).await.1.status(), 200);
    let denied = json!({ "sub": "sub-ben", "email": "ben@example.org", "email_verified": false });
    assert_eq!(house.signs_in(&denied).await.1.status(), 403, "what it says is not proven is not");
    assert!(told_by_doctor(&house, "vouching").starts_with("note"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn groups_give_roles_and_let_new_people_in() {
    let rules = [
        ("SCOPES", "email,groups"),
        ("ROLES_CLAIM", "groups"),
        ("ROLES", "bosses=admin,heads=supervisor,clerks=reviewer"),
        ("NEW_ROLE", "reviewer"),
        ("EMAIL_DOMAINS", "example.org"),
    ];
    let Some(house) = House::of(Alone::on_sqlite().await, &rules).await else { return };
    let eva = |groups: &[&str]| json!({ "sub": "sub-eva", "email": "eva@example.org", "email_verified": true, "groups": groups });
    let role = async || {
        let users = house.catalog().users().await.unwrap();
        users.into_iter().find(|u| u.name == "eva@example.org").map(|u| (u.role, u.sees_ids))
    };
    assert_eq!(house.signs_in(&eva(&["guests"])).await.1.status(), 403);
    assert_eq!(role().await, None);
    let (mut clerk, came) = house.signs_in(&eva(&["clerks"])).await;
    assert_eq!(came.status(), 200);
    assert_eq!(role().await, Some((Role::Reviewer, false)));
    assert_eq!(house.signs_in(&eva(&["heads", "clerks"])).await.1.status(), 200);
    assert_eq!(role().await, Some((Role::Supervisor, false)));
    assert_eq!(clerk.get(&format!("{}/people", house.base)).await.status(), 303, "her old role has ended");
    // The only admin there is cannot be made less by a group.
    assert_eq!(house.signs_in(&eva(&["bosses"])).await.1.status(), 200);
    assert_eq!(house.signs_in(&eva(&["clerks"])).await.1.status(), 403);
    assert_eq!(role().await, Some((Role::Admin, false)), "to see IDs is a right of its own");
    let stranger =
        json!({ "sub": "s", "email": "s@example.com", "email_verified": true, "groups": ["bosses"] });
    assert_eq!(house.signs_in(&stranger).await.1.status(), 403);
    assert_eq!(house.refusals().await, ["other_domain", "last_admin", "no_role"]);
}

/// What `acuse doctor` says of the provider.
fn doctor(house: &House) -> String {
    told_by_doctor(house, "sign-in")
}

/// The line of `acuse doctor` about a part.
fn told_by_doctor(house: &House, part: &str) -> String {
    let command = house.alone.place.command(&["doctor"]).unwrap().stderr(Stdio::null()).output().unwrap();
    let said = String::from_utf8_lossy(&command.stdout).into_owned();
    said.lines().find(|line| line.contains(part)).unwrap_or_default().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_provider_that_is_away_keeps_nobody_from_their_password() {
    let Some(mut house) = House::of(Alone::on_sqlite().await, &[]).await else { return };
    house.add("ana", &[]);
    let ana = told("sub-ana", "ana@example.org");
    house.provider.stop();
    let away = reqwest::get(format!("{}/login/oidc", house.base)).await.unwrap();
    assert_eq!(away.status(), 503);
    let page = away.text().await.unwrap();
    assert!(page.contains("does not answer") && page.contains("name=\"password\""), "{page}");
    let ben = Reviewer::sign_in(&house.alone.place, "ben").await;
    let page = ben.page("/").await;
    assert!(page.contains("ben"), "with his password");
    let left = ben.send("/logout", &page, &[]).await;
    assert_eq!(left.status(), 303, "and out without the provider");
    let taken = |cookie: &header::HeaderValue| cookie.to_str().unwrap().starts_with("acuse_sign_out=;");
    assert!(left.headers().get_all(header::SET_COOKIE).iter().any(taken), "no token stays behind");
    assert!(doctor(&house).starts_with("BAD"), "{}", doctor(&house));

    // Back, it is asked again once it has been let alone for some seconds.
    house.provider.restart().await.unwrap();
    let until = tokio::time::Instant::now() + Duration::from_secs(30);
    let asked = format!("{}/login/oidc", house.base);
    while Visitor::new(&house.base).get(&asked).await.status() != 303 {
        assert!(tokio::time::Instant::now() < until, "still away");
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    assert_eq!(house.signs_in(&ana).await.1.status(), 200);
    assert!(doctor(&house).starts_with("ok"), "{}", doctor(&house));

    // It turns its keys over: what is signed by a new one is believed, for the provider still says that it is its own.
    house.provider.restart().await.unwrap();
    assert_eq!(house.signs_in(&ana).await.1.status(), 200);

    // It goes in the middle of a sign-in.
    house.provider.present(&ana).await.unwrap();
    let mut visitor = Visitor::new(&house.base);
    let back = visitor.goes("/login/oidc").await;
    house.provider.stop();
    assert_eq!(visitor.get(&back).await.status(), 503);
    assert_eq!(house.trail("signed_in").await.len(), 3, "Ben's with his password is one");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_browser_comes_back_from_another_site_signed_in() {
    let (Some(chromium), Some(axe)) = (browser::chromium(), axe()) else { return };
    let Some(house) = House::of(Alone::on_sqlite().await, &[]).await else { return };
    house.add("ana", &["--role", "admin"]);
    house.provider.present(&told("sub-ana", "ana@example.org")).await.unwrap();
    let mut page = Browser::start(chromium, (1280, 900)).unwrap();
    page.open(&format!("{}/login", house.base), "acuse_language=es").unwrap();
    assert_eq!(page.eval("document.querySelector('a.button').innerText").unwrap(), "Entrar con the house");
    let mut found = violations(&mut page, &axe, "/login");
    page.look("login").unwrap();
    page.eval("document.querySelector('a.button').click()").unwrap();
    // The session's cookie goes with the page after, though another site led here.
    page.wait("location.pathname === '/' && document.querySelector('.who .name')?.innerText === 'ana'")
        .unwrap();
    page.open(&format!("{}/people", house.base), "").unwrap();
    page.wait("document.body.innerText.includes('ana@example.org')").unwrap();
    found.extend(violations(&mut page, &axe, "/people"));
    page.look("identities").unwrap();
    assert!(found.is_empty(), "{found:#?}");
    // The answer to a form leads to another site only by a page of ours.
    page.eval("document.querySelector('form.who button').click()").unwrap();
    page.wait(&format!("location.href.startsWith('{}/session/end')", house.provider.issuer())).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_typed_outlives_a_session_that_is_opened_elsewhere() {
    let Some(house) = House::of(Alone::on_sqlite().await, &[]).await else { return };
    let ana = Reviewer::sign_in(&house.alone.place, "ana").await;
    let document = uuid::Uuid::now_v7();
    let form = [("action", "correct"), ("note", "typed by Ana")];
    let ended = ana.http.post(format!("{}/review/{document}", house.base)).form(&form).send().await.unwrap();
    assert_eq!(ended.status(), 401);
    let page = ended.text().await.unwrap();
    assert!(page.contains("target=\"_blank\"") && page.contains("formaction=\"/login/resume\""), "{page}");
    let resume = [("resume", "{}")];
    let goes_on = || ana.http.post(format!("{}/login/resume", house.base)).form(&resume);
    assert_eq!(goes_on().send().await.unwrap().status(), 401, "not yet");
    assert_eq!(goes_on().header(header::COOKIE, &ana.cookie).send().await.unwrap().status(), 303);
    let from_afar = goes_on().header(header::COOKIE, &ana.cookie).header("sec-fetch-site", "cross-site");
    assert_eq!(from_afar.send().await.unwrap().status(), 403);
}
