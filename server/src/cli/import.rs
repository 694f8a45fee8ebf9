//! `acuse import PATH…`: files into the catalog as documents, as if they had been sent.

use std::{path::PathBuf, process::ExitCode};

use acuse_storage::{
    DocumentId,
    documents::DeclaredFile,
    names::Source,
    uploads::{Accepted, Upload},
};
use anyhow::Context;
use clap::Args;
use tokio_util::io::ReaderStream;

use super::read::walk;
use crate::{config::Config, services::Services};

/// Files to take in.
#[derive(Args)]
pub struct Import {
    /// Files or folders.
    #[arg(required = true)]
    paths: Vec<PathBuf>,
    /// Who sends them, in your words; documents of one sender belong together.
    #[arg(long)]
    sender: Option<String>,
}

impl Import {
    pub async fn run(self, config: &Config) -> anyhow::Result<ExitCode> {
        let services = Services::start(config).await?;
        let mut failed = 0_u32;
        for path in walk(&self.paths) {
            match self.take(&services, config, &path).await {
                Ok(id) => println!("{id}\t{}", path.display()),
                Err(error) => {
                    failed += 1;
                    eprintln!("acuse: {}: {error:#}", path.display());
                }
            }
        }
        eprintln!("a running `acuse serve` or `acuse work` reads them now");
        Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    async fn take(
        &self,
        services: &Services,
        config: &Config,
        path: &std::path::Path,
    ) -> anyhow::Result<DocumentId> {
        let received_at = services.catalog.now();
        let file = tokio::fs::File::open(path).await.context("cannot open it")?;
        let id = DocumentId::generate();
        let limit = config.reading.limits.original_bytes;
        let original = services.objects.put_original(id, ReaderStream::new(file), limit).await?;
        let filename = path.file_name().map(|n| n.to_string_lossy().into_owned());
        let upload = Upload {
            id,
            source: Source::Import,
            key: None,
            sender: self.sender.clone(),
            customer_id: None,
            declared: DeclaredFile { filename, ..DeclaredFile::default() },
            original,
            received_at,
        };
        match services.catalog.accept_upload(&upload, None).await? {
            Accepted::New(id) | Accepted::Replayed(id) => Ok(id),
            Accepted::KeyReused | Accepted::Erased => anyhow::bail!("it was not taken"),
        }
    }
}
