//! `acuse numbers`: what is mistyped is refused with a reason, and what Meta shows is taken.

use std::{sync::Arc, time::Duration};

use acuse_fixtures::graph::{Fault, Point};
use acuse_tests::{
    browser::{self, Browser},
    stack::{Api, wait},
};
use serde_json::json;

use crate::{
    desk::Reviewer,
    operators::{fits, text},
    world::{ALL, NO_GRAPH, World, person, post},
};

/// Each step of `docs/whatsapp.md` that Meta can be asked about.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_doctor_says_what_is_missing_at_meta() {
    let world = World::new().await;
    let (number, account) =
        (world.graph.options().phone_number_id.clone(), world.graph.options().account_id.clone());
    let run = async |place: acuse_tests::stack::Place, args: &'static [&'static str]| {
        let run = move || place.command(args).unwrap().output().unwrap();
        let told = tokio::task::spawn_blocking(run).await.unwrap();
        String::from_utf8_lossy(&told.stdout).into_owned()
    };
    let place = world.place.clone();
    let adds = move || place.run(&["numbers", "add", &number, "--account", &account]);
    tokio::task::spawn_blocking(adds).await.unwrap().unwrap();
    let well = run(world.place.clone(), &["doctor"]).await;
    for says in [
        "Meta delivers all that is needed",
        "1 apps get its webhooks",
        "is CONNECTED",
        "token default is valid",
        "reminders on days -3, +0, +3 from the due day, a person on day +10; a person confirms each receipt (Acuse's own",
    ] {
        assert!(well.contains(says), "{says}: {well}");
    }
    world.graph.subscribe_fields(&["messages", "account_update"]);
    world.graph.subscribe(&world.graph.options().account_id.clone(), false);
    world.graph.set_number(&world.graph.options().phone_number_id.clone(), json!({ "status": "RESTRICTED" }));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rules.tsv");
    std::fs::write(&file, "collect\t-1\t5\ncap\t20 EUR\n").unwrap();
    let place = world.place.clone();
    let sets = move || place.run(&["rules", "set", &file.display().to_string()]);
    tokio::task::spawn_blocking(sets).await.unwrap().unwrap();
    let told = run(world.place.clone(), &["doctor"]).await;
    let collecting = "reminders on days -1 from the due day, a person on day +5; a receipt settles by itself up to 20.00 EUR";
    assert!(told.contains(&format!("{collecting} (the house's rules, version 1)")), "{told}");
    for says in
        ["not subscribed to message_template_status_update", "0 apps get its webhooks", "is RESTRICTED"]
    {
        let line = told.lines().find(|line| line.contains(says)).unwrap_or_else(|| panic!("{says}: {told}"));
        assert!(line.starts_with("BAD"), "{line}");
    }
    let other = world.place.clone().with("ACUSE_WHATSAPP_APP_SECRET", "of-another-app");
    let told = run(other, &["doctor"]).await;
    assert!(told.contains("Is ACUSE_WHATSAPP_APP_SECRET that of the app"), "{told}");
    for secret in ["of-another-app", &world.graph.options().app_secret] {
        assert!(!told.contains(secret), "never a secret itself");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_template_is_pushed_with_the_file_beside_it() {
    let world = World::new().await;
    let (number, account) =
        (world.graph.options().phone_number_id.clone(), world.graph.options().account_id.clone());
    let folder = tempfile::tempdir().unwrap();
    let language = folder.path().join("es");
    std::fs::create_dir(&language).unwrap();
    let text = "category = \"UTILITY\"\nheader = { format = \"DOCUMENT\", file = \"tarifa.pdf\" }\nbody = \"Tu factura.\"\n";
    std::fs::write(language.join("bill_sent.toml"), text).unwrap();
    let run = async |args: Vec<String>| {
        let place = world.place.clone();
        let run = move || place.run(&args.iter().map(String::as_str).collect::<Vec<_>>());
        tokio::task::spawn_blocking(run).await.unwrap()
    };
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<String>>();
    run(words(&["numbers", "add", &number, "--account", &account])).await.unwrap();
    let shown = folder.path().display().to_string();
    let push = words(&["templates", "push", "--folder", &shown]);
    let refused = run(push.clone()).await.unwrap_err().to_string();
    assert!(refused.contains("cannot read") && world.graph.templates(&account).is_empty(), "{refused}");
    std::fs::write(language.join("tarifa.pdf"), b"%PDF-1.7 la tarifa").unwrap();
    world.graph.fail(Point::Example, None, Fault::Truncate, 1);
    let told = run(push.clone()).await.unwrap();
    assert!(told.contains("bill_sent  es  handed in, PENDING"), "{told}");
    let at_meta = world.graph.templates(&account);
    let handle = at_meta[0]["components"][0]["example"]["header_handle"][0].as_str().unwrap();
    let (bytes, mime_type) = world.graph.example(handle).unwrap();
    assert_eq!((&bytes[..], mime_type.as_str()), (b"%PDF-1.7 la tarifa".as_slice(), "application/pdf"));
    let again = run(push).await.unwrap();
    assert!(!again.contains("bill_sent"), "Meta has it, and nothing is handed in twice: {again}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_number_or_an_account_that_meta_does_not_show_is_refused() {
    let world = Arc::new(World::new().await);
    let (number, account) =
        (world.graph.options().phone_number_id.clone(), world.graph.options().account_id.clone());
    let run = async |place: acuse_tests::stack::Place, args: &[&str]| {
        let args: Vec<String> = args.iter().map(|arg| (*arg).to_owned()).collect();
        tokio::task::spawn_blocking(move || place.run(&args.iter().map(String::as_str).collect::<Vec<_>>()))
            .await
            .unwrap()
    };
    let refused = async |args: &[&str], why: &str| {
        let error = run(world.place.clone(), args).await.unwrap_err().to_string();
        assert!(error.contains(why), "{args:?}: {error}");
        let listed = run(world.place.clone(), &["numbers", "list"]).await.unwrap();
        assert_eq!(listed, "", "{args:?}: nothing was made");
    };
    refused(&["numbers", "set", &number, "--media-retention", "1h"], "there is no number").await;
    refused(&["numbers", "set", "+34 600", "--media-retention", "1h"], "is no phone_number_id").await;
    refused(&["numbers", "add", "12345", "--account", &account], "does not show number 12345").await;
    refused(&["numbers", "add", &number, "--account", "999"], "does not show account 999").await;
    refused(
        &["numbers", "add", &number, "--account", &account, "--token", "shop"],
        "ACUSE_WHATSAPP_TOKEN_SHOP",
    )
    .await;

    run(world.place.clone(), &["numbers", "add", &number, "--account", &account]).await.unwrap();
    let again = run(world.place.clone(), &["numbers", "add", &number, "--account", &account]).await;
    assert!(again.unwrap_err().to_string().contains("known already"));
    run(world.place.clone(), &["numbers", "set", &number, "--media-retention", "1h"]).await.unwrap();
    let token = run(world.place.clone(), &["numbers", "set", &number, "--token", "shop"]).await.unwrap_err();
    assert!(token.to_string().contains("no token is called shop"), "{token}");
    let listed = run(world.place.clone(), &["numbers", "list"]).await.unwrap();
    assert!(
        listed.contains(&format!("account {account}")) && listed.contains("token default  media 1 h"),
        "{listed}"
    );
    // From where Meta cannot be reached, a person's word is taken.
    let away = world.place.clone().with("ACUSE_GRAPH_URL", NO_GRAPH);
    let asked = run(away.clone(), &["numbers", "add", "777", "--account", "888"]).await;
    assert!(asked.unwrap_err().to_string().contains("--unasked"));
    run(away.clone(), &["numbers", "add", "777", "--account", "888", "--unasked"]).await.unwrap();
    run(away, &["numbers", "set", "777", "--token", "shop", "--unasked"]).await.unwrap();
    let listed = run(world.place.clone(), &["numbers", "list"]).await.unwrap();
    assert!(listed.contains("777  -  account 888  token shop"), "{listed}");
}

/// The page of the numbers: what is paused and why, and what waits; in each language, and for operators alone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn operators_see_how_each_number_is() {
    let Some(chromium) = browser::chromium() else { return };
    let world = World::new().await;
    let _server = world.place.start("serve", &["serve"]).unwrap();
    let api = Api::connect(&world.place, ALL).await.unwrap();
    let run = world.place.clone();
    let args = ["numbers", "add", "700100200300499", "--account", "900100200300499", "--unasked"];
    tokio::task::spawn_blocking(move || run.run(&args)).await.unwrap().unwrap();
    // Meta has locked the account: nothing is sent any more.
    world.graph.fail(Point::Send, None, Fault::error(400, 131_031, None), u32::MAX);
    post(&api, &world.invoice(&person(1), 911)).await;
    wait("the pause", Duration::from_secs(300), || async {
        let open = api.list("/v1/incidents").await?;
        Ok(open.iter().any(|i| i["kind"] == "send_paused").then_some(()))
    })
    .await
    .unwrap();
    let reviewer = Reviewer::sign_in(&world.place, "ana").await;
    assert!(!reviewer.page("/").await.contains("/numbers"), "it is no reviewer's");
    let answer = reviewer.http.get(format!("{}/numbers", reviewer.base));
    let answer = answer.header("Cookie", &reviewer.cookie).send().await.unwrap();
    assert_eq!(answer.status(), 403);
    let operator = Reviewer::operator(&world.place, "eva").await;
    let mut page = Browser::start(chromium, (1280, 900)).unwrap();
    page.open(&format!("{}/", operator.base), &operator.cookie).unwrap();
    page.eval("document.querySelector('nav a[href=\"/numbers\"]').click()").unwrap();
    page.wait("location.pathname === '/numbers' && document.readyState === 'complete'").unwrap();
    page.look("numbers").unwrap();
    fits(&mut page, "the numbers");
    let number = world.graph.options().phone_number_id.clone();
    let card = text(&mut page, &format!("#number-{number}"));
    for said in ["Messages are not sent", "131031", "7 days", "Waiting messages"] {
        assert!(card.contains(said), "{said}: {card}");
    }
    assert!(!card.contains("Files are not fetched"), "one direction is paused: {card}");
    let other = text(&mut page, "#number-700100200300499");
    assert!(other.contains("never") && other.contains("Files are fetched and messages are sent."), "{other}");
    let english = operator.page("/numbers").await;
    assert!(!english.contains(acuse_tests::stack::ACCESS_TOKEN), "the token is never shown");
}
