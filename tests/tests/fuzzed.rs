//! The API under schemathesis with every check that it has: thousands of calls made from the description, sound ones and
//! broken ones, on both databases. No answer may be a 5xx or another than is described; what is as described is taken or
//! says why it cannot be processed, and what is not is refused.

use std::process::Command;

use acuse_tests::{
    cache, skip_or_fail,
    stack::{Api, Place},
};

use crate::world::{ALL, Alone};

/// Calls of each operation, at most.
const EXAMPLES: &str = "10";
/// What it generates and expects beside its own.
const CONFIG: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/schemathesis.toml");
/// The same calls each time.
const SEED: &str = "20260301";

async fn nothing_breaks(place: &Place) {
    let tool = cache().join("schemathesis/bin/schemathesis");
    if !tool.exists() {
        return skip_or_fail("schemathesis", &format!("{} is missing", tool.display()));
    }
    let place = place.clone().with("ACUSE_RATE_PER_SEC", "100000");
    let _server = place.start("web", &["web"]).unwrap();
    let api = Api::connect(&place, ALL).await.unwrap();
    let url = format!("http://127.0.0.1:{}", place.port);
    let mut command = Command::new(tool);
    command.current_dir(&place.folder).args(["--config-file", CONFIG]);
    command.args(["run", &format!("{url}/openapi.json")]);
    command.args(["--max-examples", EXAMPLES, "--seed", SEED, "--no-color"]);
    // One thread: two that parse at once are more than this Python's parser bears.
    command.args(["--workers", "1"]);
    command.args(["--header", &format!("Authorization: Bearer {}", api.key())]);
    let done = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    let told = String::from_utf8_lossy(&done.stdout).into_owned();
    assert!(done.status.success(), "{told}{}", String::from_utf8_lossy(&done.stderr));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_breaks_on_sqlite() {
    let alone = Alone::on_sqlite().await;
    nothing_breaks(&alone.place).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_breaks_on_postgresql() {
    let Some(alone) = Alone::on_postgresql().await else { return };
    nothing_breaks(&alone.place).await;
}
