//! `acuse rules`: when we work, our teams, what is owed and what is approved. Works while `serve` runs.

use std::{path::PathBuf, process::ExitCode};

use acuse_conversation::EXAMPLE_RULES;
use anyhow::Context;
use clap::Subcommand;

use crate::{config::Config, services::Services};

#[derive(Subcommand)]
pub enum Rules {
    /// Hand in a file of rules; it counts from now on, in every process. Its version is printed alone on the last line.
    Set {
        /// The file.
        file: PathBuf,
    },
    /// Print the file that counts.
    Show,
    /// Print a file that says what can be said.
    Example,
}

impl Rules {
    pub async fn run(self, config: &Config) -> anyhow::Result<ExitCode> {
        match self {
            Self::Example => print!("{EXAMPLE_RULES}"),
            Self::Show => match Services::catalog(config).await?.house_rules().await? {
                Some(rules) => {
                    eprintln!("version {}, handed in by {}, {}", rules.version, rules.set_by, rules.set_at);
                    print!("{}", rules.text);
                }
                None => eprintln!("there are none; `acuse rules example` prints what can be said"),
            },
            Self::Set { file } => {
                let text = std::fs::read_to_string(&file)
                    .with_context(|| format!("cannot read {}", file.display()))?;
                let catalog = Services::catalog(config).await?;
                let version = catalog
                    .set_house_rules(&text, "cli")
                    .await
                    .with_context(|| file.display().to_string())?;
                println!("{version}");
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}
