//! Pages in a real browser: the review desk and the operators' board.

use std::time::Duration;

use acuse_tests::{browser, stack::Api};

use crate::world::{ALL, World, person, post};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_desk_and_the_board_open_in_a_browser() {
    let Some(chromium) = browser::chromium() else { return };
    let world = World::new().await;
    let _server = world.place.start("serve", &["serve"]).unwrap();
    let api = Api::connect(&world.place, ALL).await.unwrap();
    post(&api, &world.invoice(&person(1), 91)).await;
    api.at_rest(1, Duration::from_secs(90)).await.unwrap();
    let port = world.place.port;

    let desk = browser::page(chromium, &format!("http://127.0.0.1:{port}/"), 4000).unwrap();
    assert!(desk.contains("Acuse"), "{desk}");
    assert!(desk.contains("<form"), "a stranger is asked who they are: {desk}");
    assert!(!desk.contains("Persona 1"), "and sees no one's name");

    let key = api.key();
    let address = format!("http://op:{key}@127.0.0.1:{port}/board/queues");
    let board = browser::page(chromium, &address, 9000).unwrap();
    let table: String = board.split("<tbody").skip(1).collect();
    assert!(table.contains(">case<"), "the board shows its first queue: {table}");
    let queues = api.get("/board/api/v1/queues").await.unwrap().to_string();
    for queue in ["case", "fetch", "read", "link", "reply", "hold"] {
        assert!(queues.contains(&format!("\"{queue}\"")), "{queue}: {queues}");
    }
    let stranger = api.without_key(reqwest::Method::GET, "/board/").send().await.unwrap();
    assert_eq!(stranger.status(), 401);
    let narrow = Api::connect(&world.place, &["documents:read"]).await.unwrap();
    let refused = narrow.request(reqwest::Method::GET, "/board/api/v1/queues").send().await.unwrap();
    assert_eq!(refused.status(), 403);
}
