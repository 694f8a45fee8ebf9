//! The finance page: what is shown, what it sums up to, and that exactly that is taken away.

use std::io::Read;

use acuse_tests::browser;
use reqwest::header;
use serde_json::json;
use time::{OffsetDateTime, UtcOffset, format_description::well_known::Rfc3339};

use crate::{desk::Reviewer, desk_harm::Desk};

/// All days there are.
const EVER: &str = "from=2000-01-01&to=2099-12-31";

/// Files some of what waits.
async fn filed(desk: &Desk, count: usize) {
    for n in 0..count {
        let page = desk.ana.take(&desk.ids[n]).await;
        assert_eq!(desk.ana.decide(&desk.ids[n], &page, &[("action", "approve")]).await.status(), 303);
    }
}

/// The rows of a CSV as maps of its header.
fn rows(text: &str) -> Vec<std::collections::HashMap<String, String>> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let header = reader.headers().unwrap().clone();
    let row = |row: csv::StringRecord| {
        header.iter().zip(row.iter()).map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    };
    reader.records().map(|r| row(r.unwrap())).collect()
}

/// An XLSX's file by its name.
fn part(bytes: &[u8], name: &str) -> String {
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
    let mut text = String::new();
    archive.by_name(name).unwrap().read_to_string(&mut text).unwrap();
    text
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_shown_is_taken_away() {
    let desk = Desk::of(4, "0").await;
    filed(&desk, 3).await;
    let fina = Reviewer::sign_in_as(&desk.world.place, "fina", &["--role", "finance"]).await;
    assert_eq!(desk.ana.answer("/finance").await.status(), 403, "not every reviewer's");
    // Nor are the books to take away, which the ledger offers.
    assert_eq!(desk.ana.answer("/export?format=csv").await.status(), 403);
    assert!(!desk.ana.page("/ledger").await.contains("action=\"/export\""));
    assert!(fina.page("/ledger").await.contains("action=\"/export\""));
    assert_eq!(fina.answer("/export?format=csv").await.status(), 200);
    let documents = desk.api.list("/v1/documents?status=filed").await.unwrap();
    let cents = |d: &serde_json::Value| {
        (d["fields"]["total"]["value"].as_str().unwrap().parse::<f64>().unwrap() * 100.0).round() as i64
    };
    let sum: i64 = documents.iter().map(cents).sum();
    let sum = format!("{}.{:02}", sum / 100, sum % 100);

    let all = "/finance?from=2000-01-01&to=2099-12-31";
    let page = fina.page(all).await;
    assert!(page.contains(&format!("class=\"figure\">{sum}<")), "{sum}: {page}");
    assert!(page.contains("3 documents") && page.contains("status=in_review"), "{page}");
    for (n, id) in desk.ids.iter().enumerate() {
        assert_eq!(page.contains(id.as_str()), n < 3, "{n}: only what is filed");
    }
    let csv = fina.answer("/finance/export?from=2000-01-01&to=2099-12-31&format=csv").await;
    assert_eq!(csv.headers()["content-type"], "text/csv; charset=utf-8");
    let taken = rows(&csv.text().await.unwrap());
    assert_eq!(taken.len(), 3);
    assert!(taken.iter().all(|r| r["status"] == "filed" && r["link"].contains("/documents/")), "{taken:?}");

    // Narrowed on the page, narrowed in the file.
    let one = &documents[0];
    let number = one["fields"]["number"]["value"].as_str().unwrap();
    let narrow = format!("q={number}&from=2000-01-01&to=2099-12-31");
    let csv = fina.answer(&format!("/finance/export?{narrow}&format=csv")).await.text().await.unwrap();
    let taken = rows(&csv);
    assert_eq!(taken.len(), 1, "{csv}");
    assert_eq!(taken[0]["total"], one["fields"]["total"]["value"].as_str().unwrap());
    let waits = fina.page("/finance?by=received&from=2000-01-01&to=2099-12-31&status=in_review").await;
    assert!(waits.contains(&desk.ids[3]) && !waits.contains(&desk.ids[0]), "{waits}");

    // The workbook has what does not count on a sheet of its own.
    let book = fina.answer("/finance/export?from=2000-01-01&to=2099-12-31&format=xlsx").await;
    let bytes = book.bytes().await.unwrap();
    let sheets = part(&bytes, "xl/workbook.xml");
    assert!(
        sheets.contains("Export 1") && sheets.contains("Not filed 1") && sheets.contains("Totals"),
        "{sheets}"
    );
    let of = |n: u32| part(&bytes, &format!("xl/worksheets/sheet{n}.xml")).matches("<row ").count();
    assert_eq!((of(1), of(2)), (4, 2), "three and the head; one that waits and the head");
    assert!(part(&bytes, "xl/worksheets/sheet2.xml").contains(&desk.ids[3]), "what waits stands there");
    days_and_pictures_are_such(&bytes, &documents);
    let totals = part(&bytes, "xl/worksheets/sheet3.xml");
    assert_eq!((counted(&totals, "rows"), counted(&totals, "waiting"), counted(&totals, "held")), (3, 1, 0));
    assert_eq!(counted(&totals, "complete"), 0, "while something waits it is not");
    // Who may only look decides nothing.
    let looked = fina.page(&format!("/documents/{}", desk.ids[3])).await;
    assert!(!looked.contains("value=\"take\""), "{looked}");
    // A document's page says what finance asks: whose, of when, how much, where it is, who decided.
    let asked = fina.page(&format!("/documents/{}", desk.ids[0])).await;
    let total = desk.document(0).await["fields"]["total"]["value"].as_str().unwrap().to_owned();
    for said in ["<dt>Whose</dt>", "<dt>Document date</dt>", "<dd>Filed</dd>", "Approved by ana", &total] {
        assert!(asked.contains(said), "{said}: {asked}");
    }
    assert_eq!(fina.decide(&desk.ids[3], &looked, &[("action", "take")]).await.status(), 403);
    assert_eq!(fina.answer("/work").await.status(), 403);
    let Some(chromium) = browser::chromium() else { return };
    let mut page = browser::Browser::start(chromium, (1280, 900)).unwrap();
    page.open(&format!("{}{all}", fina.base), &fina.cookie).unwrap();
    page.look("finance").unwrap();
}

/// A number of the workbook's totals.
fn counted(sheet: &str, name: &str) -> i64 {
    let after = sheet.split(&format!("<t>{name}</t>")).nth(1).unwrap_or_else(|| panic!("{name}: {sheet}"));
    let value = after.split("<v>").nth(1).and_then(|value| value.split("</v>").next()).unwrap();
    value.parse().unwrap()
}

/// A day is counted as spreadsheets do, an amount is a number, and a picture can be pressed.
fn days_and_pictures_are_such(book: &[u8], filed: &[serde_json::Value]) {
    let sheet = part(book, "xl/worksheets/sheet1.xml");
    assert!(part(book, "xl/styles.xml").contains("yyyy-mm-dd"));
    let links = part(book, "xl/worksheets/_rels/sheet1.xml.rels");
    for document in filed {
        let value = |name: &str| document["fields"][name]["value"].as_str().unwrap().to_owned();
        assert!(!sheet.contains(&format!("<t>{}</t>", value("issue_date"))), "no text: {sheet}");
        let form = time::macros::format_description!("[year]-[month]-[day]");
        let day = time::Date::parse(&value("issue_date"), form).unwrap();
        let days = (day - time::macros::date!(1899 - 12 - 30)).whole_days();
        assert!(sheet.contains(&format!("<v>{days}</v>")), "{days}: {sheet}");
        let amount: f64 = value("total").parse().unwrap();
        assert!(sheet.contains(&format!("<v>{amount}</v>")), "{amount}: {sheet}");
        let picture = format!("/pictures/{}?variant=normalized", document["id"].as_str().unwrap());
        assert!(links.contains(&picture), "{picture}: {links}");
    }
    assert_eq!(sheet.matches("<hyperlink ").count(), filed.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_can_still_be_taken_back_is_not_filed_for_finance() {
    let desk = Desk::of(2, "600").await;
    filed(&desk, 1).await;
    let fina = Reviewer::sign_in_as(&desk.world.place, "fina", &["--role", "finance"]).await;
    let held = desk.ids[0].as_str();
    let row = format!("data-row href=\"/documents/{held}\"");
    let page = fina.page(&format!("/finance?{EVER}")).await;
    assert!(!page.contains(&row), "it is not filed yet: {page}");
    assert!(page.contains("status=held") && page.contains("Can still be taken back"), "{page}");
    let file = async |status: &str, format: &str| {
        let path = format!("/finance/export?{EVER}&status={status}&format={format}");
        fina.answer(&path).await.bytes().await.unwrap().to_vec()
    };
    let csv = async |status: &str| rows(&String::from_utf8(file(status, "csv").await).unwrap());
    assert!(csv("").await.is_empty(), "nor taken away as filed");
    assert!(!fina.page(&format!("/finance?{EVER}&status=in_review")).await.contains(&row));
    let all = csv("all").await;
    let of = |id: &str| all.iter().find(|r| r["document_id"] == id).map(|r| r["status"].clone());
    assert_eq!(of(held).as_deref(), Some("held"));
    assert_eq!(of(&desk.ids[1]).as_deref(), Some("in_review"));
    let shown = fina.page(&format!("/finance?{EVER}&status=held")).await;
    assert!(shown.contains(&row) && !shown.contains(&desk.ids[1]), "{shown}");
    let book = file("", "xlsx").await;
    let beside = part(&book, "xl/worksheets/sheet2.xml");
    assert!(
        beside.contains(held) && beside.contains("<t>held</t>") && beside.contains(&desk.ids[1]),
        "{beside}"
    );
    let totals = part(&book, "xl/worksheets/sheet3.xml");
    assert_eq!((counted(&totals, "rows"), counted(&totals, "waiting"), counted(&totals, "held")), (0, 2, 1));

    // Taken back, it waits as before; nothing of it was ever filed.
    let page = desk.ana.page(&format!("/documents/{held}")).await;
    let undone = desk.ana.send(&format!("/review/{held}/undo"), &page, &[]).await;
    assert_eq!(undone.status(), 303);
    assert!(csv("held").await.is_empty() && csv("").await.is_empty());
    assert!(fina.page(&format!("/finance?{EVER}&status=in_review")).await.contains(&row));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn days_are_the_houses_or_the_persons() {
    let desk = Desk::of(1, "0").await;
    filed(&desk, 1).await;
    let fina = Reviewer::sign_in_as(&desk.world.place, "fina", &["--role", "finance"]).await;
    let came = desk.document(0).await["received_at"].as_str().unwrap().to_owned();
    let came = OffsetDateTime::parse(&came, &Rfc3339).unwrap();
    // Wherever it is another day by now.
    let (zone, hours) = if came.hour() >= 10 { ("Pacific/Kiritimati", 14) } else { ("Etc/GMT+12", -12) };
    let there = came.to_offset(UtcOffset::from_hms(hours, 0, 0).unwrap());
    let (here, there) = (came.date().to_string(), there.date().to_string());
    assert_ne!(here, there);
    let asked = async |path: &str, day: &str, zone: &str| {
        let path = format!("{}{path}?by=received&from={day}&to={day}&format=csv", fina.base);
        let cookie = format!("{}; acuse_zone={zone}", fina.cookie);
        let answer = fina.http.get(path).header(header::COOKIE, cookie).send().await.unwrap();
        answer.text().await.unwrap()
    };
    let id = desk.ids[0].as_str();
    let page = asked("/finance", &here, "").await;
    assert!(page.contains(id) && page.contains("days and times of UTC"), "{page}");
    assert!(!asked("/finance", &here, zone).await.contains(id), "not on that day where they are");
    let page = asked("/finance", &there, zone).await;
    assert!(page.contains(id) && page.contains(&format!("days and times of {zone}")), "{page}");
    assert!(page.contains(&format!(">{there} ")), "and the list says so: {page}");
    let csv = rows(&asked("/finance/export", &there, zone).await);
    assert_eq!(csv.len(), 1);
    assert!(csv[0]["received_at"].starts_with(&there), "{csv:?}");

    // The house's goes before anybody's own, so that all take out the same month.
    let file = desk.world.folder.path().join("rules.tsv");
    std::fs::write(&file, format!("clock\t{zone}\n")).unwrap();
    assert_eq!(desk.world.place.run(&["rules", "set", file.to_str().unwrap()]).unwrap().trim(), "1");
    let page = asked("/finance", &there, "Europe/Madrid").await;
    assert!(page.contains(id) && page.contains(&format!("days and times of {zone}")), "{page}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_customer_is_searched_for() {
    let desk = Desk::of(1, "0").await;
    for name in ["Zurita Uno", "Zurita Dos"] {
        let new = json!({ "name": name });
        let made = desk.api.request(reqwest::Method::POST, "/v1/customers").json(&new).send().await.unwrap();
        assert_eq!(made.status(), 201);
    }
    let boss = Reviewer::operator(&desk.world.place, "boss").await;
    let one = boss.page(&format!("/finance?{EVER}&whose=zurita+uno")).await;
    assert!(one.contains(" selected>Zurita Uno</option>"), "{one}");
    let several = boss.page(&format!("/finance?{EVER}&status=all&whose=zurita")).await;
    assert!(several.contains("Several customers are known by that: choose one."), "{several}");
    assert!(several.contains("Zurita Uno") && several.contains("Zurita Dos"), "{several}");
    assert!(!several.contains(&desk.ids[0]), "nobody's papers until it is known whose");
    let nobody = boss.answer(&format!("/finance/export?{EVER}&status=all&whose=nobody&format=csv")).await;
    assert!(rows(&nobody.text().await.unwrap()).is_empty());

    let rules = boss.page("/four-eyes").await;
    let unclear = boss.send("/four-eyes", &rules, &[("whose", "zurita"), ("amount_from", "10")]).await;
    assert_eq!(unclear.status(), 400);
    assert_eq!(boss.send("/four-eyes", &rules, &[("whose", "Zurita Dos")]).await.status(), 303);
    assert!(boss.page("/four-eyes").await.contains("<td>Zurita Dos</td>"));

    let Some(chromium) = browser::chromium() else { return };
    let mut page = browser::Browser::start(chromium, (1280, 900)).unwrap();
    page.open(&format!("{}/finance?{EVER}", boss.base), &boss.cookie).unwrap();
    assert_ne!(page.eval("document.cookie.includes('acuse_zone=')").unwrap(), false);
    page.eval("document.querySelector('[data-seek]').focus()").unwrap();
    page.fill("zurita").unwrap();
    page.wait("document.querySelectorAll('#found li').length === 2").unwrap();
    page.press("ArrowDown", false, false).unwrap();
    let name = page.eval("document.querySelectorAll('#found li')[1].dataset.name").unwrap();
    page.press("Enter", false, false).unwrap();
    let chosen = "document.querySelector('[name=customer]').selectedOptions[0].textContent";
    assert_eq!(page.eval(chosen).unwrap(), name);
    page.press("Enter", false, false).unwrap();
    page.wait("location.search.includes('customer=0') && document.readyState === 'complete'").unwrap();
    assert_eq!(page.eval(chosen).unwrap(), name);
}
