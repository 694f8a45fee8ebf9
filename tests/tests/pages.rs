//! The review desk in a real browser.

use std::{path::Path, process::Command, time::Duration};

use acuse_tests::stack::Api;

use crate::world::{ALL, World, person, post};

fn chromium() -> Option<&'static str> {
    let found = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
    let found = found.into_iter().find(|p| Path::new(p).exists());
    if found.is_none() {
        acuse_tests::skip_or_fail("Chromium", "no /usr/bin/chromium");
    }
    found
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_desk_opens_in_a_browser() {
    let Some(chromium) = chromium() else { return };
    let world = World::new().await;
    let _server = world.place.start("serve", &["serve"]).unwrap();
    let api = Api::connect(&world.place, ALL).await.unwrap();
    post(&api, &world.invoice(&person(1), 91)).await;
    api.at_rest(1, Duration::from_secs(90)).await.unwrap();
    let profile = tempfile::tempdir().unwrap();
    let seen = Command::new("timeout")
        .arg("60")
        .arg(chromium)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"])
        .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .args(["--virtual-time-budget=4000", "--dump-dom"])
        .arg(format!("http://127.0.0.1:{}/", world.place.port))
        .output()
        .unwrap();
    let page = String::from_utf8_lossy(&seen.stdout);
    assert!(page.contains("Acuse"), "{page}\n{}", String::from_utf8_lossy(&seen.stderr));
    assert!(page.contains("<form"), "a stranger is asked who they are: {page}");
    assert!(!page.contains("Persona 1"), "and sees no one's name");
}
