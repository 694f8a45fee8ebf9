//! `acuse erase` and `acuse hold`: what goes for ever, and what must not.

use std::process::ExitCode;

use acuse_storage::{
    erasure::{Cause, Finishing, HoldPlaced, Keep, Wish, Wished},
    key_file::ErasedKind,
};
use anyhow::{Context, bail};
use clap::Args;
use uuid::Uuid;

use crate::{config::Config, services::Services};

/// How an erasure's hand is named in the audit trail.
const ACTOR: &str = "cli";

#[derive(Args)]
pub struct Erase {
    /// `document`, `contact` or `customer`.
    kind: ErasedKind,
    /// Its id.
    id: Uuid,
    /// What stays of bills: `amounts` (kind, dates and amounts) or `nothing` [default: ACUSE_ERASE_KEEPS].
    #[arg(long)]
    keep: Option<Keep>,
    /// Erase the other documents of the same files too.
    #[arg(long)]
    whole_file: bool,
}

#[derive(Args)]
pub struct Hold {
    /// `document`, `contact` or `customer`.
    kind: ErasedKind,
    /// Its id.
    id: Uuid,
    /// Why it must not be erased.
    #[arg(long, value_name = "REASON", required_unless_present = "lift")]
    because: Option<String>,
    /// Lift the hold.
    #[arg(long, conflicts_with = "because")]
    lift: bool,
}

impl Erase {
    pub async fn run(self, config: &Config) -> anyhow::Result<ExitCode> {
        let Services { catalog, objects, embedded } = Services::start(config).await?;
        let keep = self.keep.unwrap_or(config.erase_keeps);
        let wish = Wish {
            kind: self.kind,
            id: self.id,
            cause: Cause::Request,
            by: ACTOR.to_owned(),
            keep,
            whole_file: self.whole_file,
            seen_version: None,
        };
        let receipt = match catalog.erase(&wish).await? {
            Wished::Begun(receipt) | Wished::Already(receipt) => receipt,
            Wished::Missing => bail!("there is no {} {}", self.kind, self.id),
            Wished::Changed(version) => bail!("it changed meanwhile (version {version})"),
            Wished::Held(holds) => {
                let holds: Vec<String> =
                    holds.iter().map(|h| format!("{} {}: {}", h.kind, h.subject, h.reason)).collect();
                bail!("under a legal hold: {}", holds.join("; "))
            }
            Wished::WithOthers(others) => {
                let others: Vec<String> = others.iter().map(ToString::to_string).collect();
                bail!("in one file with {}: say --whole-file to erase them too", others.join(", "))
            }
        };
        if let Err(error) = catalog.finish_erasures(&objects, Finishing::default()).await {
            eprintln!(
                "its rows say nothing any more; the rest is not done, and the workers go on with it: {:#}",
                anyhow::Error::new(error)
            );
        }
        let receipt = catalog.erasure(receipt.id).await?.context("the receipt is gone")?;
        println!("{}", serde_json::to_string_pretty(&receipt)?);
        if objects.keys().is_none() {
            eprintln!("There is no key file: backups that are older can still give its files back.");
        }
        catalog.close().await;
        drop(embedded);
        Ok(if receipt.finished_at.is_some() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

impl Hold {
    pub async fn run(self, config: &Config) -> anyhow::Result<ExitCode> {
        let catalog = Services::catalog(config).await?;
        if self.lift {
            if !catalog.lift_hold(self.kind, self.id, ACTOR).await? {
                bail!("{} {} is under no hold", self.kind, self.id);
            }
            println!("lifted");
        } else {
            let reason = self.because.unwrap_or_default();
            match catalog.place_hold(self.kind, self.id, &reason, ACTOR).await? {
                HoldPlaced::Placed => println!("held"),
                HoldPlaced::Missing => bail!("there is no {} {}, or it was erased", self.kind, self.id),
            }
        }
        catalog.close().await;
        Ok(ExitCode::SUCCESS)
    }
}
