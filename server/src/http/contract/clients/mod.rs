//! The clients in `clients/`, generated from the description. A test compares what is there with what would be written;
//! `make clients` writes it.

mod model;
mod python;
mod typescript;

use std::path::Path;

use super::description::composed;
use model::Api;

/// Writes or compares one file, below `clients/`.
fn held(name: &str, made: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../clients").join(name);
    if std::env::var_os("ACUSE_WRITE_CLIENTS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, made).unwrap();
    }
    let there = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(there == made, "{name} is not what the description makes of it: run `make clients`");
}

#[test]
fn the_clients_are_what_the_description_makes_of_them() {
    let api = Api::of(&composed());
    assert!(api.calls.len() >= 45, "{}", api.calls.len());
    held("typescript/acuse.ts", &typescript::written(&api));
    held("python/acuse.py", &python::written(&api));
}
