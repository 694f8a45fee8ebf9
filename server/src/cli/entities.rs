//! `acuse entities`: who we are. Works while `serve` runs.

use std::process::ExitCode;

use acuse_storage::{entities::NewEntity, names::EntityId};
use anyhow::{Context, bail};
use clap::{Args, Subcommand};

use crate::{checked, config::Config, services::Services};

/// Documents gone through in one transaction.
const BATCH: u32 = 500;

#[derive(Subcommand)]
pub enum Entities {
    /// Add a firm of ours; its id is printed alone on the last line. Documents that are there are gone through.
    Add(Said),
    /// Say anew what a firm of ours is: all of it.
    Set {
        /// Its id.
        id: String,
        #[command(flatten)]
        said: Said,
    },
    /// Show the firms that we are.
    List,
}

#[derive(Args)]
pub struct Said {
    /// As registered.
    name: String,
    /// A tax id (may be repeated).
    #[arg(long = "tax-id", value_name = "ID")]
    tax_ids: Vec<String>,
    /// An account at a bank (may be repeated).
    #[arg(long = "account", value_name = "IBAN")]
    accounts: Vec<String>,
    /// A number of ours at Meta where its documents come in (may be repeated).
    #[arg(long = "number", value_name = "PHONE_NUMBER_ID")]
    phone_number_ids: Vec<String>,
}

impl Entities {
    pub async fn run(self, config: &Config) -> anyhow::Result<ExitCode> {
        let catalog = Services::catalog(config).await?;
        let (id, said) = match self {
            Self::List => {
                for one in catalog.entities().await? {
                    let numbers = one.phone_number_ids.join(" ");
                    println!("{}\t{}\t{}\t{numbers}", one.id, one.name, one.tax_ids.join(" "));
                }
                return Ok(ExitCode::SUCCESS);
            }
            Self::Add(said) => (None, said),
            Self::Set { id, said } => {
                let id: EntityId = id.trim().parse().with_context(|| format!("{id:?}: not an id"))?;
                (Some(id), said)
            }
        };
        let Said { name, tax_ids, accounts, phone_number_ids } = said;
        let new = checked::entity(NewEntity { name, tax_ids, accounts, phone_number_ids })
            .map_err(anyhow::Error::msg)?;
        let Some(saved) = catalog.save_entity(id, &new, "cli").await? else {
            bail!("there is no such entity");
        };
        while catalog.settle_entities_of_what_was_there(BATCH).await? {}
        println!("{}", saved.id);
        Ok(ExitCode::SUCCESS)
    }
}
