//! The flow, and the lists behind it: every number leads to as many cases; a team's cases, what is due and what is late.

use std::time::Duration;

use acuse_fixtures::graph::{Inbound, Said};
use acuse_tests::{
    browser::{self, Browser},
    stack::wait,
};

use crate::{
    desk::{Reviewer, hidden},
    desk_harm::{Desk, READY, leaves_enter},
    desk_work::too_early,
    world::{person, post},
};

pub const RULES: &str = "clock\t0\t-\nhours\tMo-Su 00:00-24:00\nteam\tventas\t30\nteam\tcobros\t300\n\
     rule\tsupport\t-\t-\t-\t-\tventas\nanswer\tsaludo\tes\tBuenos días.\\n¿Qué pedido es?\n";

/// Links of a page to lists of the flow, each with the number it shows.
fn links(page: &str) -> Vec<(String, usize)> {
    let cells = page.split("<td class=\"num\"><a href=\"").skip(1);
    cells
        .filter_map(|cell| {
            let (href, after) = cell.split_once("\">")?;
            let count = after.split('<').next()?.parse().ok()?;
            Some((href.replace("&#38;", "&").replace("&amp;", "&"), count))
        })
        .collect()
}

fn listed(page: &str) -> usize {
    page.matches("<tr id=\"case-").count()
}

pub async fn says(desk: &Desk, n: u32, words: &str) {
    let message = Inbound::new(person(n), Said::Text(words.into()));
    post(&desk.api, &desk.world.graph.webhook_for(&[message])).await;
}

/// Inside a case: what was said with its contact, a note of ours, and a saved answer that comes back in the box.
async fn a_case_is_read_and_answered(desk: &Desk, id: &str) {
    let address = format!("/inbox/{id}");
    let page = desk.ana.page(&address).await;
    assert!(page.contains("Quiero hablar con una persona") && page.contains("?around="), "{page}");
    assert!(!page.contains("name=\"answer\""), "who does not hold it answers nothing: {page}");
    let version = hidden(&page, "version");
    let take = [("act", "take"), ("version", version.as_str()), ("back", "case")];
    let taken = desk.ana.send(&address, &page, &take).await;
    assert_eq!(
        (taken.status().as_u16(), taken.headers()["location"].to_str().unwrap()),
        (303, address.as_str())
    );

    let page = desk.ana.page(&address).await;
    let version = hidden(&page, "version");
    let fill =
        |answer| [("act", "fill"), ("version", version.as_str()), ("text", "Hola."), ("answer", answer)];
    let filled = desk.ana.send(&address, &page, &fill("es saludo")).await;
    assert_eq!(filled.status(), 200);
    let filled = filled.text().await.unwrap();
    assert!(filled.contains("Hola.\nBuenos días.\n¿Qué pedido es?</textarea>"), "{filled}");
    assert_eq!(desk.ana.send(&address, &page, &fill("pt saludo")).await.status(), 404);

    let words = "Llamó ayer, paga el viernes.";
    let kept = desk.ana.send(&format!("{address}/notes"), &page, &[("text", words)]).await;
    assert_eq!(kept.status(), 303);
    let page = desk.ana.page(&address).await;
    assert!(page.contains(words) && hidden(&page, "version") == version, "{page}");
    let contact = page.split("href=\"/contacts/").nth(1).and_then(|p| p.split('"').next()).unwrap();
    assert!(!desk.ana.page(&format!("/contacts/{contact}")).await.contains(words), "it is none of theirs");
    a_file_is_sent(desk, &address, &page, contact).await;
}

/// The form with a file, as a browser sends it.
async fn with_file(desk: &Desk, address: &str, page: &str, bytes: &[u8]) -> reqwest::Response {
    let mut body = Vec::new();
    for (name, value) in [("csrf", hidden(page, "csrf")), ("version", hidden(page, "version"))] {
        let head = format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
        body.extend_from_slice(head.as_bytes());
    }
    let text = "--b\r\nContent-Disposition: form-data; name=\"text\"\r\n\r\nLa foto que pidió.\r\n";
    body.extend_from_slice(text.as_bytes());
    let head = "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"foto.png\"\r\n\r\n";
    body.extend_from_slice(head.as_bytes());
    body.extend_from_slice(bytes);
    body.extend_from_slice(b"\r\n--b--\r\n");
    let request = desk.ana.http.post(format!("{}{address}/files", desk.ana.base));
    let request = request.header("content-type", "multipart/form-data; boundary=b").body(body);
    request.header("cookie", &desk.ana.cookie).send().await.unwrap()
}

/// A file goes out, and is seen where it was said; what is none loses nothing that was typed.
async fn a_file_is_sent(desk: &Desk, address: &str, page: &str, contact: &str) {
    let refused = with_file(desk, address, page, b"<html>").await;
    assert_eq!(refused.status(), 422);
    assert!(refused.text().await.unwrap().contains("La foto que pidió."), "nothing typed is lost");
    // Noise does not shrink: it is more than a form of words may have.
    let mut state = 2_463_534_242_u32;
    let noise = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state.to_be_bytes()[1]
    });
    let picture = image::RgbImage::from_raw(600, 600, noise.take(600 * 600 * 3).collect()).unwrap();
    let mut png = std::io::Cursor::new(Vec::new());
    picture.write_to(&mut png, image::ImageFormat::Png).unwrap();
    let png = png.into_inner();
    assert_eq!(with_file(desk, address, page, &png).await.status(), 303);
    let arrives = || async {
        let sent = desk.world.graph.sent();
        Ok(sent.into_iter().find(|one| one.body["type"] == "image"))
    };
    let sent = wait("the picture", Duration::from_secs(20), arrives).await.unwrap();
    assert_eq!(sent.body["image"]["caption"], "La foto que pidió.");
    let media_id = sent.body["image"]["id"].as_str().unwrap();
    assert_eq!(desk.world.graph.uploaded(media_id).unwrap().0.to_vec(), png);
    let said = desk.ana.page(&format!("/contacts/{contact}")).await;
    let file = said.split("href=\"/files/").nth(1).and_then(|p| p.split('"').next()).unwrap();
    let kept = desk.ana.answer(&format!("/files/{file}")).await;
    assert_eq!(kept.headers()["content-type"], "application/octet-stream");
    assert_eq!(kept.bytes().await.unwrap().to_vec(), png);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_number_of_the_flow_leads_to_its_cases() {
    let desk = Desk::with_cases(2).await;
    let file = desk.world.folder.path().join("rules.tsv");
    std::fs::write(&file, "team\tventas\tsoon\n").unwrap();
    let path = file.to_str().unwrap();
    assert!(desk.world.place.run(&["rules", "set", path]).is_err(), "what cannot be read is not taken");
    std::fs::write(&file, RULES).unwrap();
    assert_eq!(desk.world.place.run(&["rules", "set", path]).unwrap().trim(), "1");
    assert_eq!(desk.world.place.run(&["rules", "show"]).unwrap(), RULES);
    for n in [7, 8, 9] {
        says(&desk, n, "Quiero hablar con una persona").await;
    }
    let team = "/inbox?show=team&team=ventas";
    let waits = || async { Ok((listed(&desk.ana.page(team).await) == 3).then_some(())) };
    wait("three wait for the team", Duration::from_secs(20), waits).await.unwrap();
    assert_eq!(listed(&desk.ana.page("/inbox?show=due").await), 3, "to be answered within the hour");
    assert_eq!(listed(&desk.ana.page("/inbox?show=late").await), 0);
    assert_eq!(listed(&desk.ana.page("/inbox?show=team&team=cobros").await), 0);

    let page = desk.ana.page(team).await;
    let id = page.split("<tr id=\"case-").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let version = hidden(&page, "version");
    let give = [("act", "give"), ("team", "cobros"), ("version", version.as_str())];
    assert_eq!(desk.ana.send(&format!("/inbox/{id}"), &page, &give).await.status(), 303);
    assert_eq!(listed(&desk.ana.page("/inbox?show=team&team=cobros").await), 1);
    a_case_is_read_and_answered(&desk, &id).await;
    let late = [("act", "reply"), ("text", "Buenos días, ¿qué pedido es?"), ("version", version.as_str())];
    let refused = desk.ana.send(&format!("/inbox/{id}"), &page, &late).await;
    assert_eq!(refused.status(), 409, "it moved while she typed");
    assert!(refused.text().await.unwrap().contains("Buenos días, ¿qué pedido es?"), "nothing typed is lost");
    let pages = "Ana\n".to_owned() + &"un pedido ".repeat(2_000);
    for (params, status) in [("Ana\nPedido 77", 409), (pages.as_str(), 422)] {
        let template = ("template", "order_sent es");
        let by = [("act", "template"), template, ("params", params), ("version", version.as_str())];
        let refused = desk.ana.send(&format!("/inbox/{id}"), &page, &by).await;
        assert_eq!(refused.status(), status);
        assert!(refused.text().await.unwrap().contains(params.trim()), "nor what stands in a template");
    }
    let nobody = [("act", "give"), ("team", "nadie"), ("version", "1")];
    assert_eq!(desk.ana.send(&format!("/inbox/{id}"), &page, &nobody).await.status(), 404);

    // What is still gathered or worked on moves while we look.
    let open = || async {
        let mut moving = 0;
        for state in ["gathering", "working"] {
            moving += listed(&desk.ana.page(&format!("/inbox?show=flow&state={state}")).await);
        }
        Ok((moving == 0).then_some(()))
    };
    wait("the bursts to rest", Duration::from_secs(60), open).await.unwrap();
    let flow = desk.ana.page("/flow").await;
    let numbers = links(&flow);
    assert!(numbers.len() >= 6, "{numbers:?}");
    for (href, count) in &numbers {
        assert_eq!(listed(&desk.ana.page(href).await), *count, "{href}");
    }
    assert!(flow.contains("class=\"band human\"") && flow.contains("class=\"node began\""), "{flow}");
    let asks = desk.ana.page("/flow?kind=support").await;
    assert!(links(&asks).iter().all(|(href, _)| href.contains("kind=support")), "{asks}");
    let fina = Reviewer::sign_in_as(&desk.world.place, "fina", &["--role", "finance"]).await;
    assert_eq!(fina.answer("/flow").await.status(), 403, "who reads no conversations sees none of them");
    assert_eq!(desk.ana.answer("/flow?from=2026-05-04&to=2026-05-03").await.status(), 400);

    let Some(chromium) = browser::chromium() else { return };
    let mut page = Browser::start(chromium, (1280, 900)).unwrap();
    page.open(&format!("{}/flow", desk.ana.base), &desk.ana.cookie).unwrap();
    page.look("flow").unwrap();
    // A band leads to its list, as a link does.
    page.eval("document.querySelector('a:has(.band.human)').dispatchEvent(new MouseEvent('click', {bubbles: true}))").unwrap();
    page.wait("location.pathname === '/inbox' && document.querySelectorAll('tr[id^=case-]').length === 3")
        .unwrap();
    page.look("inbox-flow").unwrap();
    page.open(&format!("{}/inbox", desk.ana.base), &desk.ana.cookie).unwrap();
    let cut = "[...document.querySelectorAll('main *')].some(e => e.getBoundingClientRect().right > innerWidth + 1 && !e.closest('.wide'))";
    page.resize(390, 844).unwrap();
    assert_eq!(page.eval(cut).unwrap(), false, "a phone shows all of the inbox");
    page.resize(1280, 900).unwrap();
    page.look("inbox-teams").unwrap();
    a_case_is_worked_by_keys_alone(&desk, &mut page, &id);
}

/// The line at hand is taken by a key, the case that is open is answered and closed by others: none of them before it has been
/// in front of the eyes, nor held down, nor of a line that nobody chose.
fn a_case_is_worked_by_keys_alone(desk: &Desk, page: &mut Browser, id: &str) {
    let takes = |page: &mut Browser| page.eval("document.querySelectorAll('[value=take]').length").unwrap();
    let team = "?show=team&team=ventas";
    page.open(&format!("{}/inbox{team}", desk.ana.base), "").unwrap();
    too_early(page, "[value=take]");
    let before = takes(page);
    page.press("t", false, false).unwrap();
    for _ in 0..3 {
        page.press("j", false, false).unwrap();
        if page.eval("!!document.querySelector('tr:has(.at) [value=take]')").unwrap() == true {
            break;
        }
    }
    page.press("t", true, false).unwrap();
    std::thread::sleep(Duration::from_millis(500));
    assert_eq!(takes(page), before);
    page.press("t", false, false).unwrap();
    page.wait(&format!("document.querySelectorAll('[value=take]').length === {before} - 1")).unwrap();

    assert_eq!(page.eval("location.search").unwrap(), team, "in the list that she works on");

    let case = format!("{}/inbox/{id}", desk.ana.base);
    page.open(&case, "").unwrap();
    too_early(page, "[value=close]");
    page.press("?", false, false).unwrap();
    page.wait("document.querySelector('dialog.keys-of').textContent.includes('Close the case')").unwrap();
    page.look("case-keys").unwrap();
    page.press("Escape", false, false).unwrap();
    page.wait("!document.querySelector('dialog.keys-of')").unwrap();
    let left = ["[type=file]", "[name=text]", "[name=team]"].map(|field| leaves_enter(page, field));
    assert_eq!(
        left,
        [true, true, false],
        "a file is chosen by Enter, a message has lines, a list presses nothing"
    );
    page.press("m", false, false).unwrap();
    page.fill("Le gusta el verde.").unwrap();
    page.press("Enter", false, true).unwrap();
    page.wait("[...document.querySelectorAll('.said')].some(p => p.textContent === 'Le gusta el verde.')")
        .unwrap();
    page.wait(READY).unwrap();
    page.press("e", false, false).unwrap();
    page.fill("Ya lo miro.").unwrap();
    page.press("Enter", false, true).unwrap();
    page.wait("[...document.querySelectorAll('.ours .said')].some(p => p.textContent === 'Ya lo miro.')")
        .unwrap();
    page.wait(READY).unwrap();
    page.press("c", false, false).unwrap();
    page.wait("!!document.querySelector('#notes') && !document.querySelector('[value=close]')").unwrap();
}
