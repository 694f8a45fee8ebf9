//! What stands beside the document: its sender, and the file as it came.

use acuse_pipeline::document::{Sha256, Status};
use acuse_storage::{
    names::{UserId, WaitsFor},
    users::{NO_PASSWORD, Role, Way},
};
use acuse_tests::{browser, in_process::InProcess};
use axum::{
    body::Body,
    http::{Method, Request, StatusCode, header},
};
use serde_json::json;

use crate::{
    desk_harm::{Desk, READY, on_page},
    talk::{ANA, answer, buttons, ends, file, led, only_document, taps, typed_file},
};

/// A bill that is surely no ID, up to its number.
pub(crate) const BILL: &str =
    "receipt\nid_probability=0.0001\ntotal=45.00\ncurrency=EUR\nmerchant_name=Bar Sol\nnumber=";

/// The cookie of a reviewer who has just signed in.
pub(crate) async fn reviewer(acuse: &InProcess, name: &str, sees_ids: bool) -> String {
    signed_in(acuse, name, (Role::Reviewer, sees_ids)).await.0
}

/// The same of any role, and who they are.
pub(crate) async fn signed_in(acuse: &InProcess, name: &str, role: (Role, bool)) -> (String, UserId) {
    let catalog = acuse.world.catalog();
    let made = catalog.add_user(name, NO_PASSWORD, role, None).await.unwrap().expect("a new name");
    let token = format!("{name:0<64}");
    let day = std::time::Duration::from_secs(24 * 3600);
    let who = (made, Way::Password);
    catalog.open_session(&Sha256::of(token.as_bytes()), who, day, ("test", "127.0.0.1")).await.unwrap();
    (format!("acuse_session={token}"), made)
}

/// A page as somebody sees it.
pub(crate) async fn page(acuse: &InProcess, cookie: &str, path: &str) -> String {
    let request = Request::get(path).header(header::COOKIE, cookie).body(Body::empty()).unwrap();
    let (status, body) = acuse.ask(request).await.unwrap();
    assert_eq!(status, StatusCode::OK, "{path}");
    String::from_utf8(body).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_asked_and_what_came_back_stands_beside_the_document() {
    let acuse = led().await;
    file(&acuse, ANA, &format!("{BILL}7")).await;
    answer(&acuse).await;
    let id = only_document(&acuse).await["id"].as_str().unwrap().to_owned();
    let rita = reviewer(&acuse, "rita", false).await;
    let (whole, beside) = (format!("/documents/{id}"), format!("/documents/{id}/sender"));
    let before = page(&acuse, &rita, &beside).await;
    assert!(before.contains("May be answered for 23 h more"), "the window's clock: {before}");
    assert!(before.contains("class=\"ours\"") && !before.contains("class=\"asked\""), "{before}");

    let question = json!({ "expects": "choice", "text": "¿De qué tienda?", "choices": ["Norte", "Sur"] });
    let path = format!("/v1/documents/{id}/ask");
    assert_eq!(acuse.send(Method::POST, &path, Some(&question)).await.unwrap().0, StatusCode::OK);
    let asked = answer(&acuse).await;
    let waits = page(&acuse, &rita, &beside).await;
    for said in ["¿De qué tienda?", "A choice", "The answer is awaited.", "harness"] {
        assert!(waits.contains(said), "{said}: {waits}");
    }
    let painted = page(&acuse, &rita, &whole).await;
    assert!(painted.contains(&format!("data-fetch=\"{beside}\"")), "{painted}");
    assert!(!painted.contains("¿De qué tienda?"), "the page does not wait for it: {painted}");

    taps(&acuse, ANA, &buttons(&asked)[1]).await;
    answer(&acuse).await;
    let came = page(&acuse, &rita, &beside).await;
    assert!(came.contains("<p class=\"said\">Sur <time"), "{came}");
    assert!(!came.contains("The answer is awaited."), "{came}");
    ends(acuse).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_withheld_in_the_conversation_is_withheld_beside_the_document() {
    let acuse = led().await;
    file(&acuse, ANA, "card\ndocument_number=12345678Z\nsurname=PRUEBA").await;
    answer(&acuse).await;
    let id = only_document(&acuse).await["id"].as_str().unwrap().to_owned();
    let (sees, narrow) = (reviewer(&acuse, "sees", true).await, reviewer(&acuse, "narrow", false).await);
    let beside = format!("/documents/{id}/sender");
    let told = page(&acuse, &sees, &beside).await;
    assert!(told.contains("otra cara") && told.contains("The other side of the card"), "{told}");
    let kept = page(&acuse, &narrow, &beside).await;
    assert!(!kept.contains("otra cara") && !kept.contains("PRUEBA"), "{kept}");
    assert!(kept.contains("need the right to see IDs"), "and it says so: {kept}");
    let catalog = acuse.world.catalog();
    let trail = catalog.audit_trail(Some(id.parse().unwrap()), 100).await.unwrap();
    assert!(trail.iter().any(|e| e.action == "view_id" && e.actor == "user:sees"), "{trail:?}");
    assert!(trail.iter().all(|e| e.action != "view_id" || e.actor != "user:narrow"), "{trail:?}");
    ends(acuse).await;
}

/// Why it waits and who has it come with values in them, and are said in the reader's language all the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_other_rooms_say_is_said_in_the_persons_language() {
    let acuse = led().await;
    file(&acuse, ANA, &format!("{BILL}7")).await;
    answer(&acuse).await;
    let id = only_document(&acuse).await["id"].as_str().unwrap().to_owned();
    let review = acuse.reviews().await.unwrap()[0]["id"].as_str().unwrap().to_owned();
    let claim = format!("/v1/reviews/{review}/claim");
    assert_eq!(acuse.send(Method::POST, &claim, None).await.unwrap().0, StatusCode::OK);
    let rita = format!("{}; acuse_language=es", reviewer(&acuse, "rita", false).await);
    let seen = page(&acuse, &rita, &format!("/documents/{id}")).await;
    for said in ["Ni el remitente ni el contenido nombran", "con key:harness hasta <time datetime="] {
        assert!(seen.contains(said), "{said}: {seen}");
    }
    assert!(!seen.contains("Neither sender nor content"), "{seen}");
    ends(acuse).await;
}

/// A file that is locked: one key asks its sender for the password, and the document waits for them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_password_is_asked_for_from_the_card() {
    let acuse = led().await;
    file(&acuse, ANA, "locked abril-7731\nreceipt\ntotal=45.00\ncurrency=EUR\nnumber=7").await;
    answer(&acuse).await;
    let id = only_document(&acuse).await["id"].as_str().unwrap().to_owned();
    let rita = reviewer(&acuse, "rita", true).await;
    let path = format!("/documents/{id}");
    let act = async |page: &str, action: &str| {
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        for name in ["csrf", "version", "fence"] {
            form.append_pair(name, &crate::desk::hidden(page, name));
        }
        let body = form.append_pair("action", action).finish();
        let request = Request::post(format!("/review/{id}"))
            .header(header::COOKIE, &rita)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(body))
            .unwrap();
        acuse.ask(request).await.unwrap().0
    };
    let free = page(&acuse, &rita, &path).await;
    assert!(!free.contains("value=\"ask_password\""), "of what nobody has taken nothing is asked: {free}");
    assert_eq!(act(&free, "ask_password").await, StatusCode::CONFLICT);
    assert_eq!(act(&free, "take").await, StatusCode::SEE_OTHER);
    let hers = page(&acuse, &rita, &path).await;
    assert!(hers.contains("value=\"ask_password\" data-key=\"x\""), "{hers}");
    let before = acuse.world.graph.sent().len();
    assert_eq!(act(&hers, "ask_password").await, StatusCode::SEE_OTHER);
    let asked = answer(&acuse).await;
    assert!(acuse.world.graph.sent().len() > before, "it went to the sender");
    assert!(asked.body.to_string().contains("contraseña"), "{:?}", asked.body);
    let document = acuse.world.catalog().document(id.parse().unwrap()).await.unwrap().unwrap();
    assert_eq!((document.status, document.waits_for), (Status::InReview, Some(WaitsFor::Sender)));
    let review = acuse.reviews().await.unwrap()[0].clone();
    assert!(review["claimed_by"].is_null(), "and she holds it no more: {review}");
    ends(acuse).await;
}

/// Whoever searches within a customer's documents, or any other narrowed list, stays within it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_search_keeps_what_the_list_is_narrowed_to() {
    let acuse = led().await;
    let luna = json!({ "name": "Hotel Luna", "phones": [ANA.0] });
    let (status, made) = acuse.send(Method::POST, "/v1/customers", Some(&luna)).await.unwrap();
    assert_eq!(status, StatusCode::CREATED, "{made}");
    let customer = made["id"].as_str().unwrap();
    let rita = reviewer(&acuse, "rita", false).await;
    let narrowed = format!("/documents?customer_id={customer}&currency=EUR&sort=-amount&q=pan&status=filed");
    let list = page(&acuse, &rita, &narrowed).await;
    for (name, value) in [("customer_id", customer), ("currency", "EUR"), ("sort", "-amount")] {
        let kept = format!("<input type=\"hidden\" name=\"{name}\" value=\"{value}\">");
        assert!(list.contains(&kept), "{kept}: {list}");
    }
    assert!(!list.contains("type=\"hidden\" name=\"status\""), "the form asks for it: {list}");
    assert!(list.contains("Customer: Hotel Luna"), "{list}");
    let without = "/documents?currency=EUR&amp;q=pan&amp;sort=-amount&amp;status=filed";
    let unescaped = list.replace("&#38;", "&amp;");
    assert!(unescaped.contains(&format!("href=\"{without}\"")), "and it can be left: {list}");
    ends(acuse).await;
}

/// Of a file that came and that nothing stands for the documents know nothing: the ledger does, and says which it is.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_file_makes_the_ledger_come_out_false() {
    let acuse = led().await;
    file(&acuse, ANA, &format!("{BILL}7")).await;
    answer(&acuse).await;
    let rita = reviewer(&acuse, "rita", false).await;
    let ledger = "/ledger?from=2020-01-01&to=2099-01-01";
    let good = page(&acuse, &rita, ledger).await.replace("&#38;", "&");
    assert!(good.contains("Balanced: nothing is missing.") && !good.contains("id=\"lost\""), "{good}");
    let dated = "href=\"/documents?status=in_review&from=2020-01-01&to=2099-01-01\"";
    assert!(good.contains(dated), "a number keeps its dates: {good}");
    for drawn in ["class=\"node in_review\"", "How long each stage took", "under an hour"] {
        assert!(good.contains(drawn), "{drawn}: {good}");
    }
    for led_by in ["Files that came", "no documents (voice, video, sticker)"] {
        assert!(good.contains(led_by), "{led_by}: {good}");
    }
    // Another file comes, and its document goes by a hand.
    let lost = uuid::Uuid::now_v7();
    let behind = async |sql: &'static str| {
        sqlx::query(sql).bind(lost).execute(&acuse.world.queue).await.unwrap();
    };
    behind(
        "INSERT INTO messages (id, contact_id, phone_number_id, wamid, direction, type, sent_at, received_at, raw, file) \
         SELECT $1, contact_id, phone_number_id, 'wamid.lost', 'in', 'image', sent_at, received_at, '{}', file \
         FROM messages WHERE type = 'image' LIMIT 1",
    )
    .await;
    behind("UPDATE arrivals SET files = files + 1 WHERE $1 IS NOT NULL").await;
    let bad = page(&acuse, &rita, ledger).await;
    assert!(bad.contains("id=\"lost\"") && bad.contains(&format!("#m-{lost}")), "{bad}");
    let theirs = "/ledger/files?place=lost&#38;from=2020-01-01&#38;to=2099-01-01";
    assert!(bad.contains(&format!("href=\"{theirs}\"")), "their number leads to them: {bad}");
    let listed = page(&acuse, &rita, &theirs.replace("&#38;", "&")).await;
    assert!(listed.contains(&format!("#m-{lost}")), "{listed}");
    assert_eq!(listed.matches("<tr id=\"counted-").count(), 1, "{listed}");
    assert!(bad.contains("Not balanced.") && !bad.contains("nothing is missing"), "{bad}");
    let told = acuse.get("/v1/ledger").await.unwrap();
    let arrivals = &told["arrivals"];
    assert_eq!((&arrivals["lost"], &arrivals["balanced"]), (&1.into(), &false.into()), "{told}");
    assert_eq!(arrivals["lost_files"][0]["message_id"], lost.to_string(), "{told}");
    assert_eq!(acuse.world.catalog().watch_arrivals().await.unwrap().sums.lost, 1);
    let wrong = acuse.get("/v1/incidents").await.unwrap().to_string();
    assert!(wrong.contains("arrivals_unbalanced") && wrong.contains(&lost.to_string()), "{wrong}");
    behind("DELETE FROM messages WHERE id = $1").await;
    behind("UPDATE arrivals SET files = files - 1 WHERE $1 IS NOT NULL").await;
    ends(acuse).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_photo_that_a_page_was_cut_out_of_is_shown_beside_it() {
    let acuse = led().await;
    file(&acuse, ANA, &format!("{BILL}7\nphoto=a table")).await;
    answer(&acuse).await;
    let cut = only_document(&acuse).await["id"].as_str().unwrap().to_owned();
    let rita = reviewer(&acuse, "rita", false).await;
    let seen = page(&acuse, &rita, &format!("/documents/{cut}")).await;
    assert!(seen.contains(&format!("data-received=\"/pictures/{cut}/received\"")), "{seen}");
    assert!(seen.contains("data-view=\"received\" data-key=\"i\""), "and a key shows it: {seen}");
    let get = |path: String| Request::get(path).header(header::COOKIE, &rita).body(Body::empty()).unwrap();
    let (status, headers, bytes) = acuse.answer(get(format!("/pictures/{cut}/received"))).await.unwrap();
    assert_eq!((status, headers["content-type"].to_str().unwrap()), (StatusCode::OK, "image/jpeg"));
    assert_eq!(headers["x-content-type-options"], "nosniff");
    assert!(headers["content-security-policy"].to_str().unwrap().starts_with("sandbox"));
    assert!(bytes.starts_with(b"receipt\n"), "all that was sent, not what was made of it");

    // What is as it came needs no second picture.
    file(&acuse, ("34600000002", "Eva"), &format!("{BILL}8")).await;
    answer(&acuse).await;
    let all = acuse.get("/v1/documents?limit=100").await.unwrap();
    let other = all["data"].as_array().unwrap().iter().find(|d| d["id"] != cut.as_str()).expect("another");
    let seen = page(&acuse, &rita, &format!("/documents/{}", other["id"].as_str().unwrap())).await;
    assert!(!seen.contains("data-view=\"received\""), "{seen}");
    ends(acuse).await;
}

/// No browser shows a TIFF or a HEIC: what the sandbox drew of a page before its cut stands beside it, and goes with the
/// document. A BMP is shown itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_no_browser_shows_was_drawn_as_it_came() {
    for media_type in ["image/tiff", "image/heic", "image/bmp"] {
        let drawn = media_type != "image/bmp";
        let acuse = led().await;
        typed_file(&acuse, ANA, &format!("{BILL}7\nphoto=a table"), media_type).await;
        answer(&acuse).await;
        let id = only_document(&acuse).await["id"].as_str().unwrap().to_owned();
        let rita = reviewer(&acuse, "rita", false).await;
        let seen = page(&acuse, &rita, &format!("/documents/{id}")).await;
        let place = format!("/pictures/{id}/received");
        let href = if drawn { format!("{place}?page=1") } else { place.clone() };
        assert!(seen.contains(&format!("data-received=\"{href}\"")), "{media_type}: {seen}");
        assert_eq!(seen.contains("data-to-page=\"2\""), drawn, "every page of it is there: {seen}");
        assert!(!seen.contains(&format!("{place}?page=2")), "the second is all that came: {seen}");

        let get = |path: &str| Request::get(path).header(header::COOKIE, &rita).body(Body::empty()).unwrap();
        let (status, headers, bytes) = acuse.answer(get(&href)).await.unwrap();
        let shown_as = if drawn { "image/jpeg" } else { media_type };
        assert_eq!((status, headers["content-type"].to_str().unwrap()), (StatusCode::OK, shown_as));
        assert!(headers["content-security-policy"].to_str().unwrap().starts_with("sandbox"));
        assert_eq!(bytes.starts_with(b"receipt\n"), !drawn, "never the stranger's bytes of that kind");
        assert!(bytes.ends_with(b"a table"), "{media_type}");
        if drawn {
            let second = acuse.answer(get(&format!("{place}?page=2"))).await.unwrap().0;
            assert_eq!(second, StatusCode::NOT_FOUND);
        }

        let path = format!("/v1/documents/{id}");
        let (status, receipt) = acuse.send(Method::DELETE, &path, None).await.unwrap();
        assert_eq!(status, StatusCode::OK, "{receipt}");
        // The original, its pages (of the same bytes, and each has its own), the small picture; and the page as it came.
        let objects = if drawn { 5 } else { 3 };
        assert_eq!(receipt["counts"]["objects"], objects, "{media_type}: {receipt}");
        assert_eq!(acuse.answer(get(&href)).await.unwrap().0, StatusCode::NOT_FOUND);
        ends(acuse).await;
    }
}

/// A key opens it, once the picture is painted, in the reader's own time; and beside the next document it stands open too.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_unfolds_the_sender() {
    let Some(chromium) = browser::chromium() else { return };
    let desk = Desk::of(2, "0").await;
    for id in &desk.ids {
        desk.ana.take(id).await;
    }
    let mut page = desk.browser(chromium);
    page.zone("America/Bogota").unwrap();
    page.open(&format!("{}/documents/{}", desk.ana.base, desk.ids[0]), "").unwrap();
    page.wait(READY).unwrap();
    assert_eq!(page.eval("document.querySelectorAll('.sender .talk').length").unwrap(), 0, "it is lazy");
    page.press("?", false, false).unwrap();
    page.wait("document.querySelector('.keys-of').textContent.includes('The sender')").unwrap();
    page.press("Escape", false, false).unwrap();
    page.wait("!document.querySelector('.keys-of')").unwrap();
    page.press("g", false, false).unwrap();
    page.wait("document.querySelectorAll('.sender .talk li').length > 0").unwrap();
    page.look("sender").unwrap();
    let utc = page.eval("document.querySelector('.sender .talk time').title").unwrap();
    assert!(utc.as_str().unwrap().ends_with(" UTC"), "{utc}");
    let hours = "(t => (24 + new Date(t.dateTime).getUTCHours() - Number(/(\\d+):\\d\\d/.exec(t.textContent)[1])) % 12)\
                 (document.querySelector('.sender .talk time'))";
    assert_eq!(page.eval(hours).unwrap(), 5, "the reader's own time");
    page.open(&format!("{}/documents/{}", desk.ana.base, desk.ids[1]), "").unwrap();
    page.wait(&on_page(&desk.ids[1])).unwrap();
    page.wait("document.querySelectorAll('.sender .talk li').length > 0").unwrap();
}
