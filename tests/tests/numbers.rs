//! `acuse numbers`: what is mistyped is refused with a reason, and what Meta shows is taken.

use std::sync::Arc;

use crate::world::{NO_GRAPH, World};

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
