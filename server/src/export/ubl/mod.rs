//! UBL 2.1 out, by EN 16931: a ZIP with an XML for each invoice whose fields suffice, and `left_out.jsonl`, which names of
//! each other bill the business terms that are missing (`BT-n`) or the rules that would be broken, and `totals.json`.
//! Nothing is invented: what no paper says comes from the mapping file's `ubl`, or is missing.

mod archive;
mod rules;
mod stated;
mod terms;
#[cfg(test)]
mod tests;
mod write;

use std::{
    fs::File,
    io::{BufWriter, Write},
    sync::Arc,
};

use acuse_storage::{
    DocumentId,
    export::{Line, Totals},
};
use serde::Serialize;
use tokio::sync::{Semaphore, SemaphorePermit, mpsc};

pub use stated::Stated;

use super::{
    Mapping, Out, Place,
    source::{Row, Rows},
    spool::{Folder, lying},
};
use crate::problem::Problem;
use archive::{Packing, Zip};
use terms::{Against, Broken, Missing, Told};

/// Archives that are written at once: each takes disk and a thread.
static WRITING: Semaphore = Semaphore::const_new(2);
/// Why there is no archive when whoever reads the rows failed.
const BROKE_OFF: &str = "the rows broke off";

/// A bill that is not written, and all that stands against it.
#[derive(Debug, Serialize)]
struct LeftOut<'a> {
    document_id: DocumentId,
    kind: &'static str,
    number: &'a str,
    missing: Vec<Missing>,
    broken: Vec<Broken>,
}

/// The XML of a row, or what stands against it.
fn invoice(row: &Row, stated: &Stated) -> Result<terms::Invoice, Against> {
    let empty = acuse_pipeline::fields::Fields::new();
    let fields = row.fields.as_ref().unwrap_or(&empty);
    let invoice = Told { line: &row.line, fields, stated }.invoice()?;
    let broken = rules::broken(&invoice);
    if broken.is_empty() { Ok(invoice) } else { Err(Against { missing: Vec::new(), broken }) }
}

enum Piece {
    Rows(Vec<Row>),
    Totals(Box<Totals>),
}

struct Archive {
    zip: Zip,
    /// What is left out, until its place in the archive comes.
    left_out: Packing<BufWriter<File>>,
}

impl Archive {
    fn new(folder: &Folder) -> anyhow::Result<Self> {
        Ok(Self { zip: Zip::new(folder)?, left_out: Packing::new(BufWriter::new(folder.file()?)) })
    }

    fn add(&mut self, row: &Row, stated: &Stated) -> anyhow::Result<()> {
        match invoice(row, stated) {
            Ok(invoice) => {
                self.zip.add(&format!("invoices/{}.xml", row.line.document_id), &write::xml(&invoice)?)?;
            }
            Err(Against { missing, broken }) => {
                let Line { document_id, kind, ref number, .. } = row.line;
                let line = LeftOut { document_id, kind: kind.as_str(), number, missing, broken };
                serde_json::to_writer(&mut self.left_out, &line)?;
                self.left_out.write_all(b"\n")?;
            }
        }
        Ok(())
    }

    fn finish(mut self, totals: &Totals) -> anyhow::Result<File> {
        self.zip.add_packed("left_out.jsonl", self.left_out)?;
        self.zip.add("totals.json", &serde_json::to_vec(totals)?)?;
        Ok(self.zip.finish()?)
    }
}

fn write(folder: &Folder, stated: &Stated, mut pieces: mpsc::Receiver<Piece>) -> anyhow::Result<File> {
    let mut archive = Archive::new(folder)?;
    while let Some(piece) = pieces.blocking_recv() {
        match piece {
            Piece::Rows(rows) => rows.iter().try_for_each(|row| archive.add(row, stated))?,
            Piece::Totals(totals) => return archive.finish(&totals),
        }
    }
    anyhow::bail!(BROKE_OFF)
}

async fn send(mut rows: Rows, to: mpsc::Sender<Piece>) -> Result<(), Problem> {
    let gone = || anyhow::anyhow!("the archive's writer ended");
    while let Some(page) = rows.next_page().await? {
        to.send(Piece::Rows(page)).await.map_err(|_| gone())?;
    }
    to.send(Piece::Totals(Box::new(rows.totals().await?))).await.map_err(|_| gone())?;
    Ok(())
}

/// A turn to write one.
///
/// # Errors
/// 503 while two are written.
pub(super) fn turn() -> Result<SemaphorePermit<'static>, Problem> {
    let busy = |_| Problem::Unavailable("two archives are being written already; try again");
    WRITING.try_acquire().map_err(busy)
}

pub(super) async fn body(place: Place, rows: Rows, mapping: Option<Arc<Mapping>>) -> Result<Out, Problem> {
    if rows.has_entries() {
        let why =
            "format: ubl is of the books as they are; a closed month is its frozen lines (csv, xlsx, jsonl)";
        return Err(Problem::Unprocessable(why.to_owned()));
    }
    let (to, from) = mpsc::channel(2);
    let folder = place.folder.clone();
    let writer = tokio::task::spawn_blocking(move || {
        let nothing = Stated::default();
        write(&folder, mapping.as_ref().map_or(&nothing, |m| &m.ubl), from)
    });
    let sent = send(rows, to).await;
    let file = match (sent, writer.await.map_err(anyhow::Error::new)?) {
        (Ok(()), file) => file?,
        // What the writer failed of says more than that it is gone.
        (Err(_), Err(failed)) if failed.to_string() != BROKE_OFF => return Err(failed.into()),
        (Err(problem), _) => return Err(problem),
    };
    Ok(lying(place, file).map_err(anyhow::Error::new)?)
}
