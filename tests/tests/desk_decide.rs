//! Decisions at the desk, each by its key: a reason to reject, what the sender is asked, a new customer, and what waits.

use std::time::Duration;

use acuse_tests::{
    browser::{self, Browser},
    stack::wait,
};
use serde_json::json;

use crate::{
    desk::Reviewer,
    desk_harm::{Desk, READY, on_page},
};

/// The page of a document that is ours, ready to decide.
pub async fn take(desk: &Desk, page: &mut Browser, n: usize) {
    page.open(&format!("{}/documents/{}", desk.ana.base, desk.ids[n]), "").unwrap();
    if page.eval("!!document.querySelector('[value=take]')").unwrap() == true {
        page.press("t", false, false).unwrap();
    }
    page.wait("!!document.querySelector('[value=approve]')").unwrap();
    page.wait(READY).unwrap();
}

async fn timeline(desk: &Desk, n: usize) -> String {
    desk.api.get(&format!("/v1/documents/{}/timeline", desk.ids[n])).await.unwrap().to_string()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_decision_has_a_key() {
    let Some(chromium) = browser::chromium() else { return };
    let desk = Desk::of(4, "1").await;
    Reviewer::sign_in(&desk.world.place, "ben").await;
    let mut page = desk.browser(chromium);
    page.look("table").unwrap();

    behind_the_list_of_keys_nothing_is_decided(&desk, &mut page).await;
    a_digit_is_a_reason_to_reject(&desk, &mut page).await;
    what_is_asked_goes_as_it_was_edited(&desk, &mut page).await;
    a_new_customer_is_chosen_and_it_is_accepted(&desk, &mut page).await;
    what_is_postponed_is_nobodys_next(&mut page).await;
    what_is_handed_over_is_somebody_elses(&desk, &mut page).await;
}

/// A copy that nothing was said to be, by the address of the other; whose page says who said so.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_knows_the_copy_names_the_other() {
    let desk = Desk::of(2, "0").await;
    let (first, id) = (desk.ids[0].as_str(), desk.ids[1].as_str());
    let seen = desk.ana.take(id).await;
    assert!(seen.contains("name=\"duplicate_of\" value=\"\"") && seen.contains("data-key=\"d\""), "{seen}");
    for of in ["", "nonsense", id] {
        let answer = desk.ana.decide(id, &seen, &[("action", "duplicate"), ("duplicate_of", of)]).await;
        assert_eq!(answer.status(), 400, "{of}");
        let again = answer.text().await.unwrap();
        assert!(
            again.contains(&format!("name=\"duplicate_of\" value=\"{of}\"")),
            "{of} stands there: {again}"
        );
    }
    let of = format!("{}/documents/{first}?reason=malware#page-1", desk.ana.base);
    let done = desk.ana.decide(id, &seen, &[("action", "duplicate"), ("duplicate_of", &of)]).await;
    assert_eq!(done.status(), 303);
    assert_eq!(desk.document(1).await["duplicate_of"], first);
    let rests = desk.ana.page(&format!("/documents/{id}")).await;
    assert!(rests.contains("Duplicate by ana"), "{rests}");
    // Nobody need take her word.
    assert!(rests.contains("value=\"reopen\"") && !rests.contains("value=\"amend\""), "{rests}");
    let done = desk.ana.decide(id, &rests, &[("action", "reopen"), ("note", "they are two")]).await;
    assert_eq!(done.status(), 303);
    let waits = desk.document(1).await;
    assert_eq!((&waits["status"], waits["duplicate_of"].is_null()), (&json!("in_review"), true), "{waits}");
}

/// All keys, and the focus comes back.
async fn behind_the_list_of_keys_nothing_is_decided(desk: &Desk, page: &mut Browser) {
    take(desk, page, 0).await;
    page.press("?", false, false).unwrap();
    page.wait("!!document.querySelector('dialog[open]')").unwrap();
    let keys = page.eval("document.querySelector('dialog').innerText").unwrap().to_string();
    for key in ["a", "e", "s", "r", "w", "n", "c", "f", "l", "j", "h", "m", "y", "u", "o"] {
        assert!(keys.contains(&format!("{key}\\n")), "{key} is no key of {keys}");
    }
    page.look("keys").unwrap();
    // Behind them nothing is decided.
    page.press("a", false, false).unwrap();
    page.press("Enter", false, true).unwrap();
    page.press("?", false, false).unwrap();
    page.wait("!document.querySelector('dialog')").unwrap();
    assert_eq!(page.eval("document.querySelector('.decision').dataset.sent ?? ''").unwrap(), "");
    assert_eq!(desk.document(0).await["status"], "in_review");
    page.press("u", false, false).unwrap();
    page.wait("document.activeElement.name === 'kind'").unwrap();
    page.press("Escape", false, false).unwrap();
}

/// A reason of the list, by its digit.
async fn a_digit_is_a_reason_to_reject(desk: &Desk, page: &mut Browser) {
    page.press("r", false, false).unwrap();
    page.wait("document.querySelector('[data-panel=reject]').open").unwrap();
    page.look("reject").unwrap();
    page.press("4", false, false).unwrap();
    page.wait(&on_page(&desk.ids[1])).unwrap();
    assert_eq!(desk.document(0).await["status"], "rejected");
    assert!(timeline(desk, 0).await.contains("Part of it is missing"));
}

/// What the sender is asked opens in their language, and goes as it was edited.
async fn what_is_asked_goes_as_it_was_edited(desk: &Desk, page: &mut Browser) {
    page.wait(READY).unwrap();
    page.press("s", false, false).unwrap();
    page.wait("document.activeElement.name === 'ask_text'").unwrap();
    let sentence = page.eval("document.activeElement.value").unwrap();
    assert!(sentence.as_str().unwrap().contains("por favor"), "in Spanish: {sentence}");
    page.look("ask").unwrap();
    page.fill("¿Nos mandas la segunda hoja, por favor?").unwrap();
    page.press("Enter", false, true).unwrap();
    page.wait(&on_page(&desk.ids[2])).unwrap();
    wait("the question", Duration::from_secs(60), || async {
        let sent = format!("{:?}", desk.world.graph.sent());
        Ok(sent.contains("la segunda hoja, por favor?").then_some(()))
    })
    .await
    .unwrap();
    let sent = format!("{:?}", desk.world.graph.sent());
    assert!(!sent.contains("Sobre el documento"), "word for word: {sent}");
}

/// A new customer, as the paper says, is chosen; then it is accepted with one key.
async fn a_new_customer_is_chosen_and_it_is_accepted(desk: &Desk, page: &mut Browser) {
    page.wait(READY).unwrap();
    page.press("n", false, false).unwrap();
    page.wait("document.activeElement.name === 'new_name' && document.activeElement.value.length > 3")
        .unwrap();
    page.look("new-customer").unwrap();
    let name = page.eval("document.activeElement.value").unwrap();
    // Enter alone adds nobody, and Ctrl+Enter does not accept the document instead.
    page.press("Enter", false, false).unwrap();
    page.press("Enter", false, true).unwrap();
    page.wait("document.querySelector('[name=customer_id]')?.selectedOptions[0].value.length > 30").unwrap();
    let chosen = page.eval("document.querySelector('[name=customer_id]').selectedOptions[0].text").unwrap();
    assert_eq!(chosen, name);
    page.wait(READY).unwrap();
    let unseen =
        "[...document.querySelectorAll('[data-drafted]')].map(e => e.id || e.outerHTML.slice(0, 80))";
    assert_eq!(page.eval(unseen).unwrap(), json!(["customer"]), "the draft filled in nothing else");
    assert_eq!(page.eval("location.hash").unwrap(), "#chosen");
    page.press("a", false, false).unwrap();
    page.wait(&on_page(&desk.ids[3])).unwrap();
    let filed = desk.document(2).await;
    assert_eq!((&filed["status"], filed["customer_id"].is_string()), (&json!("filed"), true), "{filed}");
}

/// Postponed, it is nobody's next, and stands in the table.
async fn what_is_postponed_is_nobodys_next(page: &mut Browser) {
    page.wait(READY).unwrap();
    page.press("w", false, false).unwrap();
    page.wait("document.querySelector('[data-panel=wait]').open").unwrap();
    page.look("later").unwrap();
    page.press("o", false, false).unwrap();
    page.wait("document.activeElement.name === 'until'").unwrap();
    page.press("Enter", false, true).unwrap();
    page.wait("location.pathname === '/'").unwrap();
    assert!(page.eval("document.body.innerText").unwrap().to_string().contains("Postponed"));
    page.press("n", false, false).unwrap();
    page.wait("location.pathname === '/work' && document.body.innerText.includes('Nothing is free')")
        .unwrap();
}

/// Handed to Ben, it is not Ana's next either; to whoever decides nothing, or does not see it, it is not handed.
async fn what_is_handed_over_is_somebody_elses(desk: &Desk, page: &mut Browser) {
    Reviewer::sign_in_as(&desk.world.place, "vera", &["--role", "auditor"]).await;
    take(desk, page, 3).await;
    let seen = desk.ana.page(&format!("/documents/{}", desk.ids[3])).await;
    let to_vera = [("action", "assign"), ("to", "vera")];
    assert_eq!(desk.ana.decide(&desk.ids[3], &seen, &to_vera).await.status(), 422);
    Reviewer::sign_in_as(&desk.world.place, "nora", &["--team", "north"]).await;
    let refused = desk.ana.decide(&desk.ids[3], &seen, &[("action", "assign"), ("to", "nora")]).await;
    assert_eq!(refused.status(), 422, "it would be nobody's next");
    assert!(refused.text().await.unwrap().contains("nora does not see this document"));
    page.press("h", false, false).unwrap();
    page.wait("document.activeElement.name === 'to'").unwrap();
    page.press("Enter", false, true).unwrap();
    page.wait("location.pathname === '/'").unwrap();
    page.wait("document.body.innerText.includes('for ben')").unwrap();
    assert!(timeline(desk, 3).await.contains("handed_over"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_speaks_the_persons_language() {
    let Some(chromium) = browser::chromium() else { return };
    let desk = Desk::of(1, "1").await;
    let mut page = desk.browser(chromium);
    take(&desk, &mut page, 0).await;
    page.eval("document.querySelector('.tongues [value=es]').click()").unwrap();
    page.wait("document.documentElement.lang === 'es' && !!document.querySelector('[value=approve]')")
        .unwrap();
    page.wait(&on_page(&desk.ids[0])).unwrap();
    assert!(
        page.eval("document.querySelector('[value=approve]').innerText")
            .unwrap()
            .to_string()
            .contains("Aceptar")
    );
    let zone = page.eval("document.querySelector('.timeline time').title").unwrap();
    assert!(zone.as_str().unwrap().ends_with(" UTC"), "{zone}");
    page.look("spanish").unwrap();
    page.open(&format!("{}/documents/{}", desk.ana.base, desk.ids[0]), "acuse_language=pt").unwrap();
    assert!(
        page.eval("document.querySelector('[value=approve]').innerText")
            .unwrap()
            .to_string()
            .contains("Aceitar")
    );
}
