//! The ledger's numbers of what came and of the messages: each leads to as many files or messages, of the same days, and each
//! row to its document, conversation or incident. Whoever sees a part of the documents only sees none of it.

use std::collections::BTreeSet;

use acuse_fixtures::graph::{MediaType, Said};
use acuse_storage::{
    access::Binding,
    users::{Change, Role, Unchanged},
};
use acuse_tests::in_process::InProcess;
use axum::{
    body::Body,
    http::{Method, Request, StatusCode, header},
};
use serde_json::json;
use time::{Duration, OffsetDateTime};

use crate::{
    desk_beside::{BILL, page, reviewer, signed_in},
    talk::{ANA, answer, ends, file, led, post},
};

const DAY: i64 = 86_400_000_000;

async fn speaks(acuse: &InProcess) {
    let media_id = acuse.world.graph.upload_media(b"a voice".to_vec(), "audio/ogg");
    let (kind, caption, filename) = (MediaType::Audio, None, None);
    post(acuse, ANA, Said::Media { kind, media_id, caption, filename }).await;
}

async fn behind(acuse: &InProcess, sql: &'static str) {
    sqlx::query(sql).execute(&acuse.world.queue).await.unwrap();
}

/// A page as it stands, with its addresses as they are followed.
async fn read(acuse: &InProcess, who: &str, path: &str) -> String {
    let page = page(acuse, who, path).await.replace("&#38;", "&");
    for secret in ["PRUEBA", "12345678Z", "otra cara"] {
        assert!(!page.contains(secret), "{path} tells {secret}: {page}");
    }
    page
}

/// Numbers of the ledger that lead to a list of its own, each with its address.
fn numbers(ledger: &str) -> Vec<(String, usize)> {
    let links = ledger.split("href=\"/ledger/").skip(1);
    links
        .filter_map(|link| {
            let (href, after) = link.split_once('"')?;
            let count = after.split("<span class=\"figure\">").nth(1)?.split('<').next()?;
            Some((format!("/ledger/{href}"), count.parse().ok()?))
        })
        .collect()
}

/// All pages of a list, one after the other: each keeps the days, and leads back to the ledger with them.
async fn pages(acuse: &InProcess, who: &str, first: &str, days: &str) -> Vec<String> {
    let (mut all, mut address) = (Vec::new(), first.to_owned());
    loop {
        assert!(address.contains(days), "{address}");
        let list = read(acuse, who, &address).await;
        assert!(list.contains(&format!("href=\"/ledger?{days}\"")), "{address}: {list}");
        let more = list.split("<p class=\"more\"><a class=\"button\" href=\"").nth(1);
        let next = more.and_then(|more| more.split('"').next()).map(str::to_owned);
        all.push(list);
        match next {
            Some(next) => address = next,
            None => return all,
        }
    }
}

/// Follows each number of the ledger, and counts; the numbers.
async fn followed(acuse: &InProcess, who: &str, days: &str) -> Vec<usize> {
    let ledger = read(acuse, who, &format!("/ledger?{days}")).await;
    let found = numbers(&ledger);
    assert_eq!(found.len(), 10, "{found:?}: {ledger}");
    for (href, number) in &found {
        let lists = pages(acuse, who, href, days).await;
        let rows: usize = lists.iter().map(|list| list.matches("<tr id=\"counted-").count()).sum();
        assert_eq!(rows, *number, "{href}");
        // Two links with one name would be one to whoever hears the page.
        for list in &lists {
            let rows = list.split("<tbody>").nth(1).unwrap_or_default();
            let names = rows.split("aria-label=\"").skip(1).filter_map(|name| name.split('"').next());
            let names: Vec<_> = names.collect();
            let distinct: BTreeSet<_> = names.iter().collect();
            assert_eq!(distinct.len(), names.len(), "{href}: {names:?}");
        }
    }
    found.into_iter().map(|(_, number)| number).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_number_of_the_ledger_leads_to_what_it_counts() {
    let acuse = led().await;
    file(&acuse, ANA, &format!("{BILL}7")).await;
    answer(&acuse).await;
    file(&acuse, ("34600000002", "Eva"), "card\ndocument_number=12345678Z\nsurname=PRUEBA").await;
    answer(&acuse).await;
    speaks(&acuse).await;
    answer(&acuse).await;
    // More than a page of a day before.
    behind(
        &acuse,
        "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 60) \
         INSERT INTO messages (id, contact_id, phone_number_id, wamid, direction, type, sent_at, received_at, raw, file) \
         SELECT randomblob(16), m.contact_id, m.phone_number_id, 'wamid.more' || n.n, 'in', 'audio', \
           m.sent_at - 172800000000, m.received_at / 86400000000 * 86400000000 - 172800000000 + n.n, '{}', 'other' \
         FROM n CROSS JOIN (SELECT * FROM messages WHERE type = 'audio' LIMIT 1) m",
    )
    .await;
    behind(
        &acuse,
        "INSERT INTO arrivals (day, phone_number_id, source, lane, files, not_documents) \
         SELECT received_at / 86400000000 - 2, phone_number_id, 'whatsapp', 0, 60, 60 FROM messages \
         WHERE type = 'audio' AND wamid NOT LIKE 'wamid.more%'",
    )
    .await;
    let rita = reviewer(&acuse, "rita", false).await;
    let all = followed(&acuse, &rita, "from=2020-01-01&to=2099-01-01").await;
    assert_eq!(all[..5], [63, 2, 0, 61, 0], "files, documents, answers, none, lost");
    assert!(all[5] >= 2 && all[5] == all[6..].iter().sum::<usize>(), "{all:?}");
    let text = "SELECT MAX(received_at) FROM messages WHERE file IS NOT NULL";
    let last = sqlx::query_scalar::<_, i64>(text).fetch_one(&acuse.world.queue).await.unwrap();
    let date =
        |day: i64| OffsetDateTime::from_unix_timestamp(day * DAY / 1_000_000).unwrap().date().to_string();
    let two = format!("from={}&to={}", date(last / DAY - 1), date(last / DAY + 1));
    assert_eq!(followed(&acuse, &rita, &two).await[..5], [3, 2, 0, 1, 0], "not what came before these days");
    let before = format!("from={}&to={}", date(last / DAY - 9), date(last / DAY - 1));
    assert_eq!(followed(&acuse, &rita, &before).await[..5], [60, 0, 0, 60, 0]);

    a_row_leads_to_its_place(&acuse, &rita).await;
    who_is_bound_sees_none(&acuse).await;
    // Nobody ever said that the messages arrived: a person is told of each.
    acuse.run_jobs(Duration::days(60)).await.unwrap();
    let catalog = acuse.world.catalog();
    catalog.tell_unconfirmed(catalog.now() + Duration::days(60)).await.unwrap();
    let later = reviewer(&acuse, "later", false).await;
    let told = followed(&acuse, &later, "from=2020-01-01&to=2099-01-01").await;
    assert!(told[8] > 0, "{told:?}");
    let list = read(&acuse, &later, "/ledger/messages?place=told").await;
    let incident = list.split("href=\"/incidents#").nth(1).and_then(|l| l.split('"').next()).expect("one");
    let incidents = read(&acuse, &later, "/incidents").await;
    assert!(incidents.contains(&format!("<tr id=\"{incident}\">")), "{incident}: {incidents}");
    ends(acuse).await;
}

/// To its document, and to its place in the conversation: for whoever reads those.
async fn a_row_leads_to_its_place(acuse: &InProcess, rita: &str) {
    let documents = read(acuse, rita, "/ledger/files?place=documents").await;
    assert!(documents.contains("Of all days"), "{documents}");
    let leads = |list: &str, to: &str| list.matches(&format!("href=\"{to}")).count();
    assert_eq!((leads(&documents, "/documents/"), leads(&documents, "/contacts/")), (2, 2), "{documents}");
    let sent = read(acuse, rita, "/ledger/messages?place=queued").await;
    assert!(leads(&sent, "/contacts/") >= 2 && sent.contains(">Ana<"), "{sent}");
    for list in [&documents, &sent] {
        let place = list.split("href=\"/contacts/").nth(1).and_then(|l| l.split('"').next()).unwrap();
        let (address, anchor) = place.split_once('#').unwrap();
        let talk = read(acuse, rita, &format!("/contacts/{address}")).await;
        assert!(talk.contains(&format!("id=\"{anchor}\"")), "{anchor}: {talk}");
    }
    let (fina, _) = signed_in(acuse, "fina", (Role::Finance, false)).await;
    for path in ["/ledger/files?place=files", "/ledger/messages?place=queued"] {
        let list = read(acuse, &fina, path).await;
        assert!(list.contains("<tr id=\"counted-"), "{list}");
        assert!(leads(&list, "/contacts/") == 0 && !list.contains(">Ana<"), "{list}");
    }
    for (path, status) in [
        ("/ledger/files?place=nowhere", StatusCode::BAD_REQUEST),
        ("/ledger/messages?after=x", StatusCode::UNPROCESSABLE_ENTITY),
    ] {
        assert_eq!(asked(acuse, rita, path).await, status, "{path}");
    }
}

async fn asked(acuse: &InProcess, who: &str, path: &str) -> StatusCode {
    let request = Request::get(path).header(header::COOKIE, who).body(Body::empty()).unwrap();
    acuse.ask(request).await.unwrap().0
}

async fn who_is_bound_sees_none(acuse: &InProcess) {
    let luna = json!({ "name": "Hotel Luna" });
    let (_, made) = acuse.send(Method::POST, "/v1/customers", Some(&luna)).await.unwrap();
    let customer = made["id"].as_str().unwrap().parse().unwrap();
    let (bea, id) = signed_in(acuse, "bea", (Role::Reviewer, true)).await;
    acuse.world.catalog().bind_user(id, &[Binding::Customer(customer)]).await.unwrap().unwrap();
    assert!(numbers(&read(acuse, &bea, "/ledger").await).is_empty());
    for path in ["/ledger/files", "/ledger/messages", "/ledger/files?place=lost"] {
        assert_eq!(asked(acuse, &bea, path).await, StatusCode::FORBIDDEN, "{path}");
    }
    // Nor does an admin who is bound operate what is everybody's, or say who decides with whom.
    let (boss, id) = signed_in(acuse, "boss", (Role::Admin, true)).await;
    for status in [StatusCode::OK, StatusCode::FORBIDDEN] {
        for path in ["/numbers", "/four-eyes"] {
            assert_eq!(asked(acuse, &boss, path).await, status, "{path}");
        }
        acuse.world.catalog().bind_user(id, &[Binding::Customer(customer)]).await.unwrap().unwrap();
    }
    // Nor do they count as who lets people in: the last admin who is bound to nothing stays.
    let (_, chief) = signed_in(acuse, "chief", (Role::Admin, true)).await;
    let off = Change { disabled: Some(true), ..Change::default() };
    let refused = acuse.world.catalog().change_user(chief, &off).await.unwrap();
    assert_eq!(refused, Err(Unchanged::LastAdmin));
}
