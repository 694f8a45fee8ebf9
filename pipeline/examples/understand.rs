//! Understands stored evidence again: one `Understanding` a line for each evidence file named on the command line.

#![allow(missing_docs, clippy::print_stdout)]

use acuse_pipeline::{limits::Limits, reading::Evidence, understand::understand};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let limits = Limits::default();
    for path in std::env::args().skip(1) {
        let evidence: Evidence = serde_json::from_slice(&std::fs::read(&path)?)?;
        let understood = understand(&evidence, &limits);
        println!("{}", serde_json::json!({ "path": path, "understanding": understood }));
    }
    Ok(())
}
