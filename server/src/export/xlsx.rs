//! A workbook, written row by row into a temporary file: texts as text, amounts as numbers, a new sheet at a million
//! rows, the control totals on the last sheet.

use std::{fs::File, path::Path, sync::Arc};

use acuse_storage::export::Totals;
use rust_xlsxwriter::{Workbook, Worksheet, XlsxError};
use tokio::sync::{Semaphore, SemaphorePermit, mpsc};

use super::{
    Mapping, Out, Place,
    cells::{Cell, Layout},
    source::Rows,
    spool::{Folder, lying},
};
use crate::problem::Problem;

/// Rows of a sheet, under the 1,048,576 that a workbook can have.
const SHEET_ROWS: u32 = 1_000_000;
/// Workbooks that are written at once: each takes disk and a thread.
static WRITING: Semaphore = Semaphore::const_new(2);
/// Digits that a spreadsheet's numbers keep.
const EXACT_DIGITS: usize = 15;
/// Why there is no workbook when whoever reads the rows failed.
const BROKE_OFF: &str = "the rows broke off";

enum Piece {
    Rows(Vec<Vec<Cell>>),
    /// What follows is of another sheet.
    Beside,
    Totals(Totals),
}

/// A workbook in the making.
struct Book {
    workbook: Workbook,
    headers: Vec<String>,
    sheet: usize,
    row: u32,
    /// How sheets are called.
    title: &'static str,
    /// Of them, how many there are.
    of_title: usize,
}

impl Book {
    fn new(headers: Vec<String>, folder: &Path) -> Result<Self, XlsxError> {
        let mut book =
            Self { workbook: Workbook::new(), headers, sheet: 0, row: 0, title: "Export", of_title: 0 };
        book.workbook.set_tempdir(folder)?;
        book.begin()?;
        Ok(book)
    }

    /// A new sheet with its header.
    fn begin(&mut self) -> Result<(), XlsxError> {
        self.sheet = self.workbook.worksheets().len();
        let sheet = self.workbook.add_worksheet_with_constant_memory()?;
        self.of_title += 1;
        sheet.set_name(format!("{} {}", self.title, self.of_title))?;
        for (column, header) in (0..).zip(&self.headers) {
            sheet.write_string(0, column, header)?;
        }
        self.row = 1;
        Ok(())
    }

    fn add(&mut self, cells: &[Cell], most: u32) -> Result<(), XlsxError> {
        if self.row > most {
            self.begin()?;
        }
        let sheet = self.workbook.worksheet_from_index(self.sheet)?;
        for (column, cell) in (0..).zip(cells) {
            put(sheet, self.row, column, cell)?;
        }
        self.row += 1;
        Ok(())
    }

    fn totals(&mut self, totals: &Totals) -> Result<(), XlsxError> {
        let sheet = self.workbook.add_worksheet_with_constant_memory()?;
        sheet.set_name("Totals")?;
        let mut lines: Vec<(String, String)> = vec![
            ("rows".into(), totals.sums.rows.to_string()),
            ("without_total".into(), totals.sums.without_total.to_string()),
        ];
        for (currency, sums) in &totals.sums.currencies {
            lines.push((format!("rows {currency}"), sums.rows.to_string()));
            lines.push((format!("total {currency}"), sums.total.to_string()));
            lines.push((format!("tax {currency}"), sums.tax.to_string()));
        }
        let missing = totals.missing;
        for (name, count) in [
            ("waiting", missing.waiting),
            ("undated", missing.undated),
            ("held", missing.held),
            ("withheld", missing.withheld),
            ("filed_undated", missing.filed_undated),
        ] {
            lines.push((name.into(), count.to_string()));
        }
        for (row, (name, value)) in (0..).zip(&lines) {
            sheet.write_string(row, 0, name)?;
            put(sheet, row, 1, &Cell::of_amount(value))?;
        }
        let last = u32::try_from(lines.len()).unwrap_or(u32::MAX);
        sheet.write_string(last, 0, "complete")?;
        sheet.write_boolean(last, 1, totals.complete)?;
        Ok(())
    }
}

fn put(sheet: &mut Worksheet, row: u32, column: u16, cell: &Cell) -> Result<(), XlsxError> {
    let (text, number) = match cell {
        Cell::Text(text) => (text, None),
        Cell::Amount(amount) => {
            let digits = amount.bytes().filter(u8::is_ascii_digit).count();
            (amount, amount.parse::<f64>().ok().filter(|_| digits <= EXACT_DIGITS))
        }
    };
    if let Some(number) = number {
        sheet.write_number(row, column, number)?;
    } else if !text.is_empty() {
        // Longer than a cell can be is cut, not refused.
        let text: String = text.chars().take(32_767).collect();
        sheet.write_string(row, column, text)?;
    }
    Ok(())
}

fn write(folder: &Folder, headers: Vec<String>, mut pieces: mpsc::Receiver<Piece>) -> anyhow::Result<File> {
    let mut book = Book::new(headers, folder.there()?)?;
    let mut whole = false;
    while let Some(piece) = pieces.blocking_recv() {
        match piece {
            Piece::Rows(rows) => rows.iter().try_for_each(|cells| book.add(cells, SHEET_ROWS))?,
            Piece::Beside => {
                (book.title, book.of_title) = ("Not filed", 0);
                book.begin()?;
            }
            Piece::Totals(totals) => {
                book.totals(&totals)?;
                whole = true;
            }
        }
    }
    anyhow::ensure!(whole, BROKE_OFF);
    let mut file = folder.file()?;
    book.workbook.save_to_writer(&file)?;
    std::io::Seek::rewind(&mut file)?;
    Ok(file)
}

async fn send(mut rows: Rows, layout: Layout, to: mpsc::Sender<Piece>) -> Result<(), Problem> {
    let gone = || anyhow::anyhow!("the workbook's writer ended");
    while let Some(page) = rows.next_page().await? {
        let cells = page.iter().map(|row| layout.cells(row)).collect();
        to.send(Piece::Rows(cells)).await.map_err(|_| gone())?;
    }
    let (totals, beside) = (rows.totals().await?, rows.beside());
    if !beside.is_empty() {
        to.send(Piece::Beside).await.map_err(|_| gone())?;
    }
    for others in beside {
        rows.go_on_with(others);
        while let Some(page) = rows.next_page().await? {
            let cells = page.iter().map(|row| layout.cells(row)).collect();
            to.send(Piece::Rows(cells)).await.map_err(|_| gone())?;
        }
    }
    to.send(Piece::Totals(totals)).await.map_err(|_| gone())?;
    Ok(())
}

/// A turn to write one.
///
/// # Errors
/// 503 while two are written.
pub(super) fn turn() -> Result<SemaphorePermit<'static>, Problem> {
    let busy = |_| Problem::Unavailable("two workbooks are being written already; try again");
    WRITING.try_acquire().map_err(busy)
}

pub(super) async fn body(place: Place, rows: Rows, mapping: Option<Arc<Mapping>>) -> Result<Out, Problem> {
    let layout = Layout::new(&rows, mapping);
    let headers = layout.headers().into_iter().map(str::to_owned).collect();
    let (to, from) = mpsc::channel(2);
    let folder = place.folder.clone();
    let writer = tokio::task::spawn_blocking(move || write(&folder, headers, from));
    let sent = send(rows, layout, to).await;
    let file = writer.await.map_err(anyhow::Error::new)?;
    let file = match (sent, file) {
        (Ok(()), file) => file?,
        // What the writer failed of says more than that it is gone.
        (Err(_), Err(failed)) if failed.to_string() != BROKE_OFF => return Err(failed.into()),
        (Err(problem), _) => return Err(problem),
    };
    Ok(lying(place, file).map_err(anyhow::Error::new)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sheet_that_is_full_is_followed_by_another() {
        let folder = tempfile::tempdir().unwrap();
        let mut book = Book::new(vec!["total".into()], folder.path()).unwrap();
        for _ in 0..5 {
            book.add(&[Cell::of_amount("1.50")], 2).unwrap();
        }
        let names: Vec<_> = book.workbook.worksheets().iter().map(Worksheet::name).collect();
        assert_eq!(names, ["Export 1", "Export 2", "Export 3"]);
    }
}
