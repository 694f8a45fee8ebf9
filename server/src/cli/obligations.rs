//! `acuse obligations`: what is owed to us, from a table.

use std::{path::PathBuf, process::ExitCode};

use acuse_storage::{Access, Catalog, CustomerId, obligations::Owing};
use anyhow::{Context, bail};
use clap::Subcommand;

use crate::{
    checked,
    config::Config,
    problem::{NOT_LED, Problem},
    services::Services,
};

#[derive(Subcommand)]
pub enum Obligations {
    /// Take in what is owed: a CSV with the columns customer (its external id or id), number, amount, currency, due.
    Import {
        /// The file.
        file: PathBuf,
    },
}

/// A line of the table.
struct Line {
    customer: String,
    number: String,
    amount: String,
    currency: String,
    due: String,
}

fn lines(bytes: &[u8]) -> anyhow::Result<Vec<(u64, Line)>> {
    let mut table = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(bytes);
    let names = table.headers().context("the header")?.clone();
    let place = |name: &str| match names.iter().position(|known| known == name) {
        Some(place) => Ok(place),
        None => bail!("the column {name} is missing: write customer,number,amount,currency,due"),
    };
    let [customer, number, amount, currency, due] =
        [place("customer")?, place("number")?, place("amount")?, place("currency")?, place("due")?];
    let mut found = Vec::new();
    for record in table.records() {
        let record = record?;
        let cell = |place: usize| record.get(place).unwrap_or_default().to_owned();
        let line = Line {
            customer: cell(customer),
            number: cell(number),
            amount: cell(amount),
            currency: cell(currency),
            due: cell(due),
        };
        found.push((record.position().map_or(0, csv::Position::line), line));
    }
    Ok(found)
}

impl Obligations {
    pub async fn run(self, config: &Config) -> anyhow::Result<ExitCode> {
        let Self::Import { file } = self;
        let bytes = std::fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
        let lines = lines(&bytes).with_context(|| format!("{}", file.display()))?;
        let catalog = Services::catalog(config).await?;
        let (mut added, mut before, mut refused) = (0_u64, 0_u64, 0_u64);
        for (n, line) in lines {
            match take(&catalog, &line).await? {
                Ok(true) => added += 1,
                Ok(false) => before += 1,
                Err(why) => {
                    refused += 1;
                    eprintln!("line {n}: {why}");
                }
            }
        }
        println!("{added} added, {before} were there, {refused} refused");
        Ok(if refused == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

/// Whether the line is new, or why it is refused.
async fn take(catalog: &Catalog, line: &Line) -> anyhow::Result<Result<bool, String>> {
    let everything = Access::new(true);
    let by_id = line.customer.parse::<CustomerId>().ok();
    let customer = match by_id {
        Some(id) => catalog.customer(id).await?.map(|customer| customer.id),
        None => catalog.customer_of_external(&line.customer).await?,
    };
    let Some(customer) = customer else {
        return Ok(Err(format!("there is no customer {:?}", line.customer)));
    };
    let typed = (line.number.as_str(), line.amount.as_str(), line.currency.as_str(), line.due.as_str());
    let owed = match checked::obligation(customer, typed) {
        Ok(owed) => owed,
        Err(Problem::BadRequest(why) | Problem::Unprocessable(why)) => return Ok(Err(why)),
        Err(_) => return Ok(Err("it cannot be kept".to_owned())),
    };
    Ok(match catalog.add_obligation(&everything, &owed, "cli").await? {
        Owing::Added(_) => Ok(true),
        Owing::Before(_) => Ok(false),
        Owing::Differs => Err(format!("the customer has another obligation of number {:?}", line.number)),
        Owing::NotLed => Err(NOT_LED.to_owned()),
        Owing::NoCustomer | Owing::NoContact | Owing::NotReceivable => {
            Err("the customer was deleted meanwhile".to_owned())
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_read_by_its_header() {
        let found = lines(b"due,number,customer,currency,amount\n2026-05-03,F-7,C-1,EUR,120.00\n").unwrap();
        let (n, line) = &found[0];
        assert_eq!((*n, line.customer.as_str(), line.amount.as_str()), (2, "C-1", "120.00"));
        assert!(lines(b"due,number\n").is_err());
    }
}
