//! `acuse customers import FILE.csv`: whose the documents may be, from a list that someone else's program wrote.
//!
//! [`file`] reads it leniently. Every line gets a result, and the audit trail says what was done; a line that cannot be
//! taken is told by its number, and the others are taken.

mod file;

use std::{path::PathBuf, process::ExitCode};

use acuse_pipeline::document::Sha256;
use acuse_storage::{
    Access, Catalog, CustomerId,
    customers::{Saving, TakenAlias, Upserted},
};
use anyhow::{Context, bail};
use clap::Subcommand;
use serde_json::json;

pub use file::read;

use crate::{config::Config, services::Services};

#[derive(Subcommand)]
pub enum Customers {
    /// Add customers from a CSV, or bring known ones up to date; waiting documents are matched again.
    Import {
        /// With a header line: name, and any of external_id, phone, email, tax_id, id_number.
        file: PathBuf,
        /// A customer is as their line says: names that it does not give any more go, but for kinds without a column.
        #[arg(long)]
        replace: bool,
        /// A phone, tax id or ID number that is another customer's leaves them.
        #[arg(long)]
        reassign: bool,
    },
    /// Show customers.
    List,
}

/// Largest list.
const FILE_BYTES: u64 = 64 << 20;
/// Customers put into the catalog at once.
const BATCH: usize = 500;

impl Customers {
    pub async fn run(self, config: &Config) -> anyhow::Result<ExitCode> {
        match self {
            Self::Import { file, replace, reassign } => {
                import(config, &file, Saving { replace, reassign, ..Saving::adding("cli") }).await
            }
            Self::List => {
                let catalog = Services::catalog(config).await?;
                let mut after = None;
                loop {
                    let page = catalog.customers(&Access::whole(), None, after, 200).await?;
                    for customer in &page.data {
                        println!("{}\t{}", customer.id, customer.name);
                    }
                    after = page.next;
                    if after.is_none() {
                        return Ok(ExitCode::SUCCESS);
                    }
                }
            }
        }
    }
}

async fn import(config: &Config, file: &std::path::Path, saving: Saving<'_>) -> anyhow::Result<ExitCode> {
    let size =
        tokio::fs::metadata(file).await.with_context(|| format!("cannot read {}", file.display()))?.len();
    if size > FILE_BYTES {
        bail!("{} is larger than {FILE_BYTES} bytes; split it", file.display());
    }
    let text = tokio::fs::read(file).await.with_context(|| format!("cannot read {}", file.display()))?;
    let catalog = Services::catalog(config).await?;
    let taken = take(&catalog, &text, &saving).await?;
    if !taken.unknown_columns.is_empty() {
        let columns = taken.unknown_columns.join("\", \"");
        eprintln!("acuse: {}: columns not understood, and left out: \"{columns}\"", file.display());
    }
    for (line, result) in &taken.results {
        match result {
            LineResult::Added(id) => println!("line {line}: added {id}"),
            LineResult::Updated(id) => println!("line {line}: updated {id}"),
            LineResult::Refused(why) => {
                println!("line {line}: refused");
                eprintln!("acuse: {}: line {line}: {why}", file.display());
            }
        }
    }
    let refused = taken.refused().count();
    println!(
        "{} added, {} updated, {refused} refused; {} waiting documents matched again",
        taken.added, taken.updated, taken.rematched
    );
    Ok(if refused == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What became of a list.
#[derive(Debug, Default)]
pub struct Taken {
    /// New customers.
    pub added: u64,
    /// Known ones, brought up to date.
    pub updated: u64,
    /// What became of each line.
    pub results: Vec<(u64, LineResult)>,
    /// Columns whose names say nothing to us.
    pub unknown_columns: Vec<String>,
    /// Waiting documents that were matched again.
    pub rematched: u64,
}

/// What became of one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LineResult {
    /// A new customer.
    Added(CustomerId),
    /// A known one.
    Updated(CustomerId),
    /// Not taken, and why.
    Refused(String),
}

impl Taken {
    /// Lines that could not be taken, and why.
    pub fn refused(&self) -> impl Iterator<Item = (u64, &str)> {
        self.results.iter().filter_map(|(line, result)| match result {
            LineResult::Refused(why) => Some((*line, why.as_str())),
            _ => None,
        })
    }
}

/// Takes a list's customers into the catalog; each line by itself.
///
/// # Errors
/// When the list has no header, or the catalog fails.
pub async fn take(catalog: &Catalog, bytes: &[u8], saving: &Saving<'_>) -> anyhow::Result<Taken> {
    let list = read(bytes)?;
    let mut taken = Taken { unknown_columns: list.unknown_columns, ..Taken::default() };
    // What a list has no column for, or none that is understood, it does not take away.
    let saving = &Saving { keeps: &list.silent_of, keeps_external_id: true, ..*saving };
    for batch in list.lines.chunks(BATCH) {
        let customers: Vec<_> = batch.iter().filter_map(|line| line.said.as_ref().ok()).cloned().collect();
        let mut done = catalog.save_customers(&customers, saving).await?.into_iter();
        for line in batch {
            let result = match &line.said {
                Err(why) => LineResult::Refused(why.clone()),
                Ok(_) => match done.next().context("a customer is neither written nor refused")? {
                    Upserted::Created(id) => LineResult::Added(id),
                    Upserted::Updated(id) => LineResult::Updated(id),
                    Upserted::Taken(names) => LineResult::Refused(whose(&names)),
                },
            };
            taken.added += u64::from(matches!(result, LineResult::Added(_)));
            taken.updated += u64::from(matches!(result, LineResult::Updated(_)));
            taken.results.push((line.number, result));
        }
    }
    let refused = taken.refused().count();
    let detail = json!({
        "sha256": Sha256::of(bytes), "added": taken.added, "updated": taken.updated, "refused": refused,
    });
    catalog.audit(saving.actor, "customers_imported", None, &detail).await?;
    taken.rematched = catalog.rematch_waiting().await?;
    Ok(taken)
}

fn whose(taken: &[TakenAlias]) -> String {
    let each: Vec<_> = taken.iter().map(|t| format!("{} {} of {}", t.member, t.value, t.owner)).collect();
    format!("is somebody else's already: {}; --reassign takes it from them", each.join(", "))
}
