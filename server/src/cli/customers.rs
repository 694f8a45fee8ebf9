//! `acuse customers import FILE.csv`: whose the documents may be, from a list that someone else's program wrote.
//!
//! The header is read leniently: separators `,` `;` and tab, and the names people give to columns in Spanish, English
//! and Portuguese. A line that cannot be taken is told by its number; the others are taken.

use std::{path::PathBuf, process::ExitCode};

use acuse_storage::{
    Catalog,
    customers::{NewCustomer, Upserted},
};
use anyhow::{Context, bail};
use clap::Subcommand;

use crate::{config::Config, http::customers::check, parts::Parts};

#[derive(Subcommand)]
pub enum Customers {
    /// Add customers from a CSV, or bring known ones up to date; waiting documents are matched again.
    Import {
        /// With a header line: name, and any of external_id, phone, email, tax_id, id_number.
        file: PathBuf,
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
            Self::Import { file } => import(config, &file).await,
            Self::List => {
                let catalog = Parts::catalog(config).await?;
                let mut after = None;
                loop {
                    let page = catalog.customers(None, after, 200).await?;
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

async fn import(config: &Config, file: &std::path::Path) -> anyhow::Result<ExitCode> {
    let size =
        tokio::fs::metadata(file).await.with_context(|| format!("cannot read {}", file.display()))?.len();
    if size > FILE_BYTES {
        bail!("{} is larger than {FILE_BYTES} bytes; split it", file.display());
    }
    let text = tokio::fs::read(file).await.with_context(|| format!("cannot read {}", file.display()))?;
    let catalog = Parts::catalog(config).await?;
    let taken = take(&catalog, &text).await?;
    for trouble in &taken.troubles {
        eprintln!("acuse: {}: {trouble}", file.display());
    }
    println!(
        "{} added, {} updated, {} refused; {} waiting documents matched again",
        taken.added,
        taken.updated,
        taken.troubles.len(),
        taken.rematched
    );
    Ok(if taken.troubles.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What became of a list.
#[derive(Debug, Default)]
pub struct Taken {
    /// New customers.
    pub added: u64,
    /// Known ones, brought up to date.
    pub updated: u64,
    /// Lines that could not be taken, and why.
    pub troubles: Vec<String>,
    /// Waiting documents that were matched again.
    pub rematched: u64,
}

/// Takes a CSV's customers into the catalog.
pub async fn take(catalog: &Catalog, csv: &[u8]) -> anyhow::Result<Taken> {
    let (customers, troubles) = parse(csv)?;
    let mut taken = Taken { troubles, ..Taken::default() };
    for batch in customers.chunks(BATCH) {
        for done in catalog.upsert_customers(batch).await? {
            match done {
                Upserted::Created(_) => taken.added += 1,
                Upserted::Updated(_) => taken.updated += 1,
            }
        }
    }
    taken.rematched = catalog.rematch_waiting().await?;
    Ok(taken)
}

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Column {
    Name,
    ExternalId,
    Phone,
    Email,
    TaxId,
    IdNumber,
    Unknown,
}

fn column(header: &str) -> Column {
    let plain: String = header
        .trim_start_matches('\u{feff}')
        .to_lowercase()
        .chars()
        .map(|c| match c {
            'á' => 'a',
            'é' => 'e',
            'í' => 'i',
            'ó' => 'o',
            'ú' => 'u',
            c => c,
        })
        .filter(char::is_ascii_alphanumeric)
        .collect();
    match plain.as_str() {
        "name" | "nombre" | "nome" | "customer" | "cliente" | "razonsocial" | "fullname" => Column::Name,
        "externalid" | "id" | "reference" | "referencia" | "customerid" | "codigo" | "code" => {
            Column::ExternalId
        }
        "phone" | "phones" | "telefono" | "telefone" | "celular" | "movil" | "mobile" | "whatsapp" => {
            Column::Phone
        }
        "email" | "emails" | "correo" | "mail" => Column::Email,
        "taxid" | "taxids" | "nif" | "cif" | "nit" | "rfc" | "ruc" | "rut" | "cuit" | "cnpj" | "vat"
        | "vatid" => Column::TaxId,
        "idnumber" | "idnumbers" | "documentnumber" | "dni" | "cedula" | "cpf" | "documento" | "curp" => {
            Column::IdNumber
        }
        _ => Column::Unknown,
    }
}

/// Customers and what is wrong with the lines that are none.
///
/// # Errors
/// When the header cannot be read.
pub fn parse(bytes: &[u8]) -> anyhow::Result<(Vec<NewCustomer>, Vec<String>)> {
    let head = bytes.split(|b| *b == b'\n').next().unwrap_or_default();
    let count = |c: u8| head.iter().filter(|b| **b == c).count();
    let separator = [b',', b';', b'\t'].into_iter().max_by_key(|c| count(*c)).unwrap_or(b',');
    let mut reader = csv::ReaderBuilder::new().delimiter(separator).flexible(true).from_reader(bytes);
    let columns: Vec<Column> =
        reader.headers().context("the header is not UTF-8")?.iter().map(column).collect();
    if !columns.contains(&Column::Name) {
        bail!("the first line must name the columns, one of them \"name\"");
    }
    let (mut customers, mut troubles) = (Vec::new(), Vec::new());
    for record in reader.records() {
        let record = match record {
            Ok(record) => record,
            Err(error) => {
                troubles.push(error.to_string());
                continue;
            }
        };
        let line = record.position().map_or(0, csv::Position::line);
        let mut new = NewCustomer::default();
        for (column, value) in columns.iter().zip(record.iter()) {
            let values =
                || value.split(['|', '/']).map(str::trim).filter(|v| !v.is_empty()).map(str::to_owned);
            match column {
                Column::Name => value.trim().clone_into(&mut new.name),
                Column::ExternalId => {
                    new.external_id = Some(value.trim().to_owned()).filter(|v| !v.is_empty());
                }
                Column::Phone => new.phones.extend(values()),
                Column::Email => new.emails.extend(values()),
                Column::TaxId => new.tax_ids.extend(value_of(value)),
                Column::IdNumber => new.id_numbers.extend(value_of(value)),
                Column::Unknown => {}
            }
        }
        match check(&new) {
            Ok(()) => customers.push(new),
            Err(why) => troubles.push(format!("line {line}: {why}")),
        }
    }
    Ok((customers, troubles))
}

/// Tax ids and ID numbers hold strokes of their own (a Brazilian CNPJ), so only `|` separates several.
fn value_of(value: &str) -> impl Iterator<Item = String> + '_ {
    value.split('|').map(str::trim).filter(|v| !v.is_empty()).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_headers_as_people_write_them() {
        let csv =
            "\u{feff}Código;Razón social;Teléfono;CNPJ\n7;Padaria Sol;+55 11 99999-0000;12.345.678/0001-95\n";
        let (customers, troubles) = parse(csv.as_bytes()).unwrap();
        assert!(troubles.is_empty(), "{troubles:?}");
        assert_eq!(customers[0].name, "Padaria Sol");
        assert_eq!(customers[0].external_id.as_deref(), Some("7"));
        assert_eq!(customers[0].tax_ids, ["12.345.678/0001-95"]);
    }

    #[test]
    fn a_bad_line_is_told_by_number_and_the_others_are_taken() {
        let csv = "name,phone\nAna,600111222\n,600111223\nEva,n/a\nLuis,600111224|600111225\n";
        let (customers, troubles) = parse(csv.as_bytes()).unwrap();
        assert_eq!(customers.len(), 2);
        assert_eq!(customers[1].phones.len(), 2);
        assert!(troubles[0].starts_with("line 3") && troubles[1].starts_with("line 4"), "{troubles:?}");
    }

    #[test]
    fn a_list_without_names_is_refused() {
        assert!(parse(b"phone\n600111222\n").is_err());
    }
}
