//! Measured abstention at the desk: what any threshold would do is drawn, and the one that meets a target is set and taken
//! back; who confirms without reading is shown to whoever looks after them.

use acuse_pipeline::{
    document::Kind,
    fields::FieldName,
    reason::{Reason, ReasonCode},
};
use acuse_storage::{
    Access, Catalog,
    quality::Drawn,
    reviews::{Deciding, Decision, Resolved},
    stages::ReadFacts,
};
use acuse_tests::{
    browser::{self, Browser},
    stack::Api,
};
use reqwest::header;
use serde_json::json;

use crate::{
    desk::{PASSWORD, Reviewer, hidden},
    withheld::{bill, read, sent},
    world::{ALL, Alone},
};

/// The sample that somebody takes.
async fn claimed(catalog: &Catalog, who: &str) -> Drawn {
    let lease = std::time::Duration::from_secs(60);
    catalog.claim_quality_check(&Access::whole(), who, lease).await.unwrap().expect("all are drawn")
}

/// Receipts of which the reader was so sure and nobody looked, with what a blind check found.
async fn are_filed(api: &Api, catalog: &Catalog, sure: f64, right: u64, wrong: u64) {
    for n in 0..right + wrong {
        let name = format!("filed {sure} {n}");
        let id = sent(api, &name).await;
        let facts = ReadFacts { sure: Some(sure), fingerprint: None, text: name, ..bill(n) };
        read(catalog, id, &facts).await;
        let check = claimed(catalog, "user:vera").await;
        catalog.answer_quality_check(check.id, "user:vera", n < right, &[].into()).await.unwrap();
    }
}

/// Receipts that were doubted, and accepted by `who` as they were.
async fn are_accepted(api: &Api, catalog: &Catalog, who: &str, count: u64) {
    for n in 0..count {
        let id = sent(api, &format!("doubted {n}")).await;
        let doubts = json!({ "document": 0.5, "total": 0.7 });
        let doubt = Reason::new(ReasonCode::LowConfidence, "Not sure enough of: total.");
        let findings = vec![doubt.with("confidence", doubts)];
        let facts = ReadFacts { sure: Some(0.5), fingerprint: None, findings, ..bill(1_000 + n) };
        read(catalog, id, &facts).await;
        let review = catalog.open_review_of(id).await.unwrap().unwrap();
        let by = Deciding { who, sees_ids: true, teaches: true, ..Deciding::default() };
        let approve = Decision::Approve { customer_id: None };
        let done = catalog.decide_review(review.id, &by, &approve, None).await.unwrap();
        assert!(matches!(done, Resolved::Done(_)), "{done:?}");
    }
}

/// Between two marks.
fn between<'a>(page: &'a str, from: &str, to: &str) -> &'a str {
    page.split(from).nth(1).and_then(|after| after.split(to).next()).unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_threshold_that_meets_a_target_is_set_and_taken_back() {
    let Alone { place, catalog, .. } = &Alone::on_sqlite().await;
    let _server = place.start("web", &["web"]).unwrap();
    let api = Api::connect(place, ALL).await.unwrap();
    let boss = Reviewer::operator(place, "boss").await;
    let empty = boss.page("/checks").await;
    assert!(!empty.contains("<svg class=\"curve\"") && empty.contains("nothing is measured yet"), "{empty}");

    catalog.set_quality_share(Kind::Receipt, 1_000_000, "user:boss").await.unwrap();
    are_filed(&api, catalog, 0.97, 24, 0).await;
    are_filed(&api, catalog, 0.86, 5, 5).await;
    are_accepted(&api, catalog, "user:ana", 31).await;
    let receipts = |page: &str| between(page, "id=\"curve-receipt\"", "</section>").to_owned();
    let page = boss.page("/checks?target=20").await;
    let shown = receipts(&page);
    assert!(shown.contains("<polyline class=\"line\"") && shown.contains("class=\"offered\""), "{shown}");
    assert!(shown.contains("34 blind answers") && shown.contains("31 decisions at the desk"), "{shown}");
    // As it is five of 34 are wrong; above 0.970 none of 24, which is 36.9 % of the 65 that came.
    assert!(shown.contains("14.7 % (") && shown.contains("0.970") && shown.contains("36.9 %"), "{shown}");
    assert!(receipts(&boss.page("/checks?target=1").await).contains("381 answers without a mistake"));

    let wanted = [("kind", "receipt"), ("mille", "970"), ("target", "20")];
    let ana = Reviewer::sign_in(place, "ana").await;
    let hers = ana.page("/checks?target=20").await;
    assert!(
        !hers.contains("/checks/threshold") && hers.contains("<svg class=\"curve\""),
        "she sees it: {hers}"
    );
    assert_eq!(ana.send("/checks/threshold", &hers, &wanted).await.status(), 403);
    let other = [("kind", "receipt"), ("mille", "900"), ("target", "20")];
    assert_eq!(boss.send("/checks/threshold", &page, &other).await.status(), 409, "what was not shown");
    assert_eq!(boss.send("/checks/threshold", &page, &wanted).await.status(), 303);
    let stands = async || catalog.filing_threshold(Kind::Receipt).await.unwrap().map(|t| t.least_ppm);
    assert_eq!(stands().await, Some(970_000));
    let page = boss.page("/checks?target=20&said=threshold").await;
    assert!(page.contains("The threshold is set.") && receipts(&page).contains("Met as it is."), "{page}");
    let trail = boss.page("/audit?action=filing_threshold_set").await;
    assert!(trail.contains("Set the threshold of filing") && trail.contains("→ 97 %"), "{trail}");
    look(&boss);
    let undo =
        format!("/checks/threshold/{}", between(&receipts(&page), "action=\"/checks/threshold/", "\""));
    assert_eq!(boss.send(&undo, &page, &[("kind", "receipt")]).await.status(), 303);
    assert_eq!(stands().await, None);
    assert_eq!(boss.send(&undo, &page, &[("kind", "receipt")]).await.status(), 409, "once");

    a_blind_answer_that_cannot_be_comes_back(&boss, &api, catalog).await;

    // Thirty in a second, and none of them changed.
    let sup = Reviewer::sign_in_as(place, "sup", &["--role", "supervisor"]).await;
    let pace = sup.page("/people").await;
    assert!(pace.contains("How people decide") && pace.contains("faster than one can read"), "{pace}");
    assert!(!ana.page("/people").await.contains("How people decide"), "nobody's own colleagues");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_paper_is_checked_without_what_was_read_of_it() {
    let Alone { place, catalog, .. } = &Alone::on_sqlite().await;
    let _server = place.start("web", &["web"]).unwrap();
    let api = Api::connect(place, ALL).await.unwrap();
    let ana = Reviewer::sign_in(place, "ana").await;
    let vera = Reviewer::sign_in_as(place, "vera", &["--role", "auditor"]).await;
    catalog.set_quality_share(Kind::Receipt, 1_000_000, "user:boss").await.unwrap();
    for n in 0..3 {
        let id = sent(&api, &format!("blind {n}")).await;
        let facts = ReadFacts { sure: Some(0.97), fingerprint: None, text: format!("blind {n}"), ..bill(n) };
        read(catalog, id, &facts).await;
    }
    let read_of = bill(0).fields;
    let read_of = |name: FieldName| read_of[&name].value.as_str().to_owned();
    let (party, total) = (read_of(FieldName::MerchantName), read_of(FieldName::Total));
    let next = async |who: &Reviewer| {
        let page = who.page("/checks").await;
        assert!(page.contains("action=\"/checks/next\""), "{page}");
        let taken = who.send("/checks/next", &page, &[]).await;
        let path = taken.headers()["location"].to_str().unwrap().to_owned();
        let paper = who.page(&path).await;
        (path, paper)
    };

    let (path, paper) = next(&ana).await;
    // Nobody else gets it meanwhile, and one that cannot be read keeps nobody.
    let ben = Reviewer::sign_in(place, "ben").await;
    let (other, blurred) = next(&ben).await;
    assert_ne!(other, path);
    assert!(ben.page(&path).await.contains("ana has this check in front of them."));
    let typed = [("kind", "receipt"), ("party", "Bar Pepe")];
    let refused = ben.send(&path, &blurred, &typed).await;
    assert_eq!(refused.status(), 422);
    assert!(refused.text().await.unwrap().contains("value=\"Bar Pepe\""), "and nothing typed is lost");
    let given_up = ben.send(&other, &blurred, &[("act", "unreadable")]).await;
    assert_eq!(given_up.headers()["location"], "/checks?said=unreadable");
    let measured = catalog.quality().await.unwrap();
    assert!(measured.iter().any(|m| m.kind == Kind::Receipt && (m.checked, m.unreadable) == (0, 1)));

    assert!(!paper.contains(&party) && !paper.contains(&total), "nothing of what was read: {paper}");
    assert_eq!(vera.answer(&path).await.status(), 403, "who changes nothing answers nothing");
    // What can be read in two ways is said, and nothing typed is lost.
    let unclear = [("kind", "receipt"), ("party", party.as_str()), ("total", "1.234")];
    let refused = ana.send(&path, &paper, &unclear).await;
    assert_eq!(refused.status(), 422);
    let again = refused.text().await.unwrap();
    let typed = format!("name=\"party\" value=\"{party}\"");
    assert!(again.contains(&typed) && again.contains("name=\"total\" value=\"1.234\""), "{again}");
    let same = [("kind", "receipt"), ("party", party.as_str()), ("total", "4,00 €")];
    let done = ana.send(&path, &again, &same).await;
    assert_eq!(done.headers()["location"], "/checks?said=same");
    assert_eq!(ana.answer(&path).await.status(), 404, "it is answered once");

    // Another answer reopens the document, and it is hers to say what is right; if her session had ended, once she is back.
    let (path, paper) = next(&ana).await;
    let typed = [("kind", "receipt"), ("party", "Bar Pepe"), ("total", "5.00")];
    let post = ana.http.post(format!("{}{path}", ana.base)).form(&typed);
    let ended = post.header(header::COOKIE, "acuse_session=gone").send().await.unwrap();
    assert_eq!(ended.status(), 401);
    let login = ended.text().await.unwrap();
    let resume = hidden(&login, "resume").replace("&#34;", "\"").replace("&quot;", "\"");
    let form = [("user", "ana"), ("password", PASSWORD), ("resume", &resume)];
    let back = ana.http.post(format!("{}/login", ana.base)).form(&form).send().await.unwrap();
    assert!(back.headers()[header::SET_COOKIE].to_str().unwrap().starts_with("acuse_session="));
    let shown = back.text().await.unwrap();
    assert!(
        shown.contains("name=\"party\" value=\"Bar Pepe\"") && shown.contains("value=\"5.00\""),
        "{shown}"
    );
    assert!(
        shown.contains(&format!("action=\"{path}\"")) && !shown.contains(&party),
        "and nothing else: {shown}"
    );
    assert!(!ana.page(&path).await.contains("Bar Pepe"), "nothing was answered, and nothing is kept");
    let other = [("kind", "receipt"), ("party", party.as_str()), ("total", "5.00")];
    let reopened = ana.send(&path, &paper, &other).await;
    assert_eq!(reopened.status(), 303);
    let there = reopened.headers()["location"].to_str().unwrap().to_owned();
    assert_eq!(api.get(&format!("/v1{there}")).await.unwrap()["status"], "in_review");
    let hers = ana.page(&there).await;
    assert!(hers.contains("value=\"approve\""), "she has it");
    assert!(hers.contains("id=\"receipt-total\" value=\"5.00\""), "and types it once: {hers}");
    // Whoever was slower reads that, beside what they had typed.
    let late = [("csrf", hidden(&paper, "csrf")), ("party", "Bar Pepe".to_owned())];
    let post = ana.http.post(format!("{}{path}", ana.base)).form(&late).header(header::ACCEPT, "text/html");
    let late = post.header(header::COOKIE, &ana.cookie).send().await.unwrap();
    assert_eq!(late.status(), 404);
    assert!(late.text().await.unwrap().contains("Bar Pepe</textarea>"), "nothing typed is lost");
}

/// What no field can hold is said beside all that was typed, and answers nothing.
async fn a_blind_answer_that_cannot_be_comes_back(boss: &Reviewer, api: &Api, catalog: &Catalog) {
    let id = sent(api, "typed").await;
    let facts = ReadFacts { sure: Some(0.97), fingerprint: None, text: "typed".to_owned(), ..bill(9_001) };
    read(catalog, id, &facts).await;
    let check = claimed(catalog, "user:boss").await;
    let path = format!("/checks/{}", check.id);
    let form = boss.page(&path).await;
    let typed = [("kind", "receipt"), ("party", "Bar Pepe"), ("total", "ten")];
    let refused = boss.send(&path, &form, &typed).await;
    assert_eq!(refused.status(), 422);
    let refused = refused.text().await.unwrap();
    assert!(refused.contains("Bar Pepe") && refused.contains("value=\"receipt\" selected"), "{refused}");
    // Nothing says what it is before a person does.
    assert!(form.contains("<option value=\"\" selected disabled hidden>"), "{form}");
    assert!(!form.contains("value=\"invoice\" selected"), "{form}");
    let nothing = boss.send(&path, &form, &[("kind", ""), ("party", "Bar Pepe")]).await;
    assert_eq!(nothing.status(), 422);
    assert!(nothing.text().await.unwrap().contains("Bar Pepe"));
    assert_eq!(claimed(catalog, "user:boss").await.id, check.id, "nothing was answered");
}

/// Pictures of the pages, where somebody wants them.
fn look(boss: &Reviewer) {
    let Some(chromium) = browser::chromium() else { return };
    let mut page = Browser::start(chromium, (1280, 900)).unwrap();
    for (path, name) in [("checks?target=20", "abstention"), ("people", "paces"), ("audit", "deeds")] {
        page.open(&format!("{}/{path}", boss.base), &boss.cookie).unwrap();
        page.look(name).unwrap();
    }
}
