//! `acuse learn export FOLDER`: what persons filed, as labelled data in the form that `make eval`, `make evidence`,
//! `make score` and `make train` read. Works while `serve` runs.

use std::{
    io::Write,
    path::{Path, PathBuf},
    process::ExitCode,
};

use acuse_pipeline::{
    document::Sha256,
    fields::{FieldName, Fields},
    linking::folded,
};
use acuse_storage::{Objects, vendors::Labelled};
use anyhow::Context;
use clap::Subcommand;
use futures_util::TryStreamExt;
use serde_json::json;

use crate::{config::Config, services::Services};

/// Documents asked for at once.
const PAGE: u32 = 200;

/// The columns that are filled, as the training data calls them.
const COLUMNS: [&str; 15] = [
    "path",
    "label",
    "subtype",
    "source_repo",
    "lang",
    "gt_vendor",
    "gt_date",
    "gt_total",
    "gt_currency",
    "gt_tax_id",
    "gt_invoice_no",
    "gt_mrz",
    "gt_tax",
    "gt_origin",
    "notes",
];

#[derive(Subcommand)]
pub enum Learn {
    /// Write what persons filed as labelled data: manifest.csv, a row a document. No ID, nothing that was erased, nothing
    /// that can still be taken back.
    Export {
        /// A folder, made where there is none.
        folder: PathBuf,
        /// The files themselves too, opened: without them rows name files that are not there.
        #[arg(long)]
        files: bool,
    },
}

impl Learn {
    pub async fn run(self, config: &Config) -> anyhow::Result<ExitCode> {
        let Self::Export { folder, files } = self;
        let services = Services::start(config).await?;
        std::fs::create_dir_all(&folder).with_context(|| format!("making {}", folder.display()))?;
        let mut rows = csv::Writer::from_path(folder.join("manifest.csv")).context("writing manifest.csv")?;
        rows.write_record(COLUMNS)?;
        let (mut after, mut written) = (None, 0_u64);
        loop {
            let page = services.catalog.labelled(after, PAGE).await?;
            let Some(last) = page.last() else { break };
            after = Some(last.id);
            for one in &page {
                if files {
                    keep_file(&services.objects, one, &folder).await?;
                }
                rows.write_record(row(one))?;
                written += 1;
            }
        }
        rows.flush()?;
        services
            .catalog
            .audit("cli", "labelled_data_exported", None, &json!({ "documents": written, "files": files }))
            .await?;
        println!("{written} documents in {}", folder.join("manifest.csv").display());
        Ok(ExitCode::SUCCESS)
    }
}

/// The name of a document's file in the folder.
fn path(one: &Labelled) -> String {
    let ending = match one.media_type.as_deref() {
        Some("image/jpeg") => "jpg",
        Some("image/png") => "png",
        Some("image/heic" | "image/heif") => "heic",
        Some("image/webp") => "webp",
        Some("image/tiff") => "tiff",
        Some("application/pdf") => "pdf",
        Some("application/xml" | "text/xml") => "xml",
        _ => "bin",
    };
    format!("{}/{}.{ending}", one.kind, one.id)
}

/// A row of the manifest. What was not filed has no truth: its cell is empty, and nobody is judged by it.
fn row(one: &Labelled) -> [String; COLUMNS.len()] {
    let first = |names: &[FieldName]| first(&one.fields, names);
    let vendor = first(&[FieldName::MerchantName, FieldName::IssuerName]);
    let tax_id = first(&[FieldName::MerchantTaxId, FieldName::IssuerTaxId]);
    // The papers of one vendor look alike: none of them judges what was trained on another.
    let party = folded(if tax_id.is_empty() { &vendor } else { &tax_id });
    let source = format!("desk/{}", Sha256::of(party.as_bytes()).to_string().get(..12).unwrap_or_default());
    [
        path(one),
        one.kind.to_string(),
        String::new(),
        source,
        one.language.clone().unwrap_or_default(),
        vendor,
        first(&[FieldName::Date, FieldName::IssueDate]),
        first(&[FieldName::Total]),
        first(&[FieldName::Currency]),
        tax_id,
        first(&[FieldName::Number]),
        String::new(),
        first(&[FieldName::Tax]),
        "read from the paper by a person".to_owned(),
        String::new(),
    ]
}

fn first(fields: &Fields, names: &[FieldName]) -> String {
    names.iter().find_map(|name| fields.get(name)).map(|f| f.value.to_string()).unwrap_or_default()
}

async fn keep_file(objects: &Objects, one: &Labelled, folder: &Path) -> anyhow::Result<()> {
    let Some(key) = &one.original else { return Ok(()) };
    let to = folder.join(path(one));
    if let Some(parent) = to.parent() {
        std::fs::create_dir_all(parent)?;
    }
    let (_, bytes) = objects.get_stream(key).await?;
    let mut bytes = std::pin::pin!(bytes);
    let mut file = std::fs::File::create(&to).with_context(|| format!("writing {}", to.display()))?;
    while let Some(chunk) = bytes.try_next().await? {
        file.write_all(&chunk)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use acuse_pipeline::{
        document::Kind,
        fields::{Field, Source},
    };
    use acuse_storage::DocumentId;

    use super::*;

    #[test]
    fn a_row_is_what_was_filed() {
        let field = |v: &str| Field::unplaced(v, 1.0, Source::Reviewer);
        let one = Labelled {
            id: DocumentId::generate(),
            kind: Kind::Receipt,
            fields: Fields::from([
                (FieldName::MerchantName, field("Bar Luna")),
                (FieldName::Total, field("4.00")),
            ]),
            language: Some("es".to_owned()),
            media_type: Some("image/jpeg".to_owned()),
            original: None,
        };
        let row = row(&one);
        let cell = |name: &str| row[COLUMNS.iter().position(|c| *c == name).unwrap()].as_str();
        assert_eq!(cell("path"), format!("receipt/{}.jpg", one.id));
        assert_eq!((cell("gt_vendor"), cell("gt_total"), cell("gt_date")), ("Bar Luna", "4.00", ""));
        let same = Labelled { id: DocumentId::generate(), ..one.clone() };
        assert_eq!(super::row(&same)[3], row[3], "one vendor is one source");
    }
}
