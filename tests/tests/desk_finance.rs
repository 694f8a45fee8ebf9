//! The finance page: what is shown, what it sums up to, and that exactly that is taken away.

use std::io::Read;

use acuse_tests::browser;

use crate::{desk::Reviewer, desk_harm::Desk};

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
