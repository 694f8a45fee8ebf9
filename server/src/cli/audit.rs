//! `acuse audit`: whether the audit trail is as it was written. Works while `serve` runs.

use std::process::ExitCode;

use acuse_storage::audit::{Tail, Verified};
use clap::Subcommand;

use crate::{config::Config, services::Services};

#[derive(Subcommand)]
pub enum Audit {
    /// Go through the chain; the first row that does not fit is named, and the exit status is 1.
    ///
    /// The last line is the head: keep it elsewhere, and a chain that was made anew tells itself apart later.
    Verify,
}

impl Audit {
    pub async fn run(self, config: &Config) -> anyhow::Result<ExitCode> {
        let catalog = Services::catalog(config).await?;
        match catalog.verify_audit().await? {
            Verified::Whole(tail) => {
                println!("whole: {} rows sealed, {}", tail.sealed, unsealed(&tail));
                println!("head {} {}", tail.sealed, tail.head);
                Ok(ExitCode::SUCCESS)
            }
            Verified::Broken { position, seq, why } => {
                let row = seq.map(|seq| format!(", row {seq}")).unwrap_or_default();
                println!("BROKEN at place {position} of the chain{row}: {why}");
                Ok(ExitCode::FAILURE)
            }
        }
    }
}

/// The tail in words.
pub fn unsealed(tail: &Tail) -> String {
    match tail.oldest_unsealed {
        Some(oldest) => format!("{} not sealed yet, the oldest of {oldest}", tail.unsealed),
        None => "none waits to be sealed".to_owned(),
    }
}
