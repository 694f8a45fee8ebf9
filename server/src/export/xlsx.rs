//! A workbook, written row by row into a temporary file: texts as text, amounts as numbers, days and times as such, pictures to
//! be pressed, a new sheet at a million rows, the control totals on the last sheet.

use std::{collections::BTreeSet, fs::File, path::Path, sync::Arc};

use acuse_storage::export::Totals;
use rust_xlsxwriter::{ExcelDateTime, Format, Formula, Workbook, Worksheet, XlsxError};
use time::{Date, OffsetDateTime};
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
/// Links of a sheet, under the 65,530 that Excel opens; what comes after them is computed, which has no such end.
const LINKS: u32 = 65_000;
/// Longest address that a computed link can have.
const COMPUTED_CHARS: usize = 255;
/// Digits that a spreadsheet's numbers keep.
const EXACT_DIGITS: usize = 15;
/// Why there is no workbook when whoever reads the rows failed.
const BROKE_OFF: &str = "the rows broke off";

enum Piece {
    Rows(Vec<Vec<Cell>>),
    /// What follows is of another sheet.
    Beside,
    /// With the clock by which times are written.
    Totals(Totals, String),
}

/// How days and times are shown.
struct Forms {
    day: Format,
    moment: Format,
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
    forms: Forms,
    /// Columns of this sheet that are as wide as what stands in them.
    widened: BTreeSet<u16>,
    /// Links on this sheet.
    links: u32,
}

impl Book {
    fn new(headers: Vec<String>, folder: &Path) -> Result<Self, XlsxError> {
        let forms = Forms {
            day: Format::new().set_num_format("yyyy-mm-dd"),
            moment: Format::new().set_num_format("yyyy-mm-dd hh:mm:ss"),
        };
        let mut book = Self {
            workbook: Workbook::new(),
            headers,
            sheet: 0,
            row: 0,
            title: "Export",
            of_title: 0,
            forms,
            widened: BTreeSet::new(),
            links: 0,
        };
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
        (self.widened, self.links) = (BTreeSet::new(), 0);
        Ok(())
    }

    fn add(&mut self, cells: &[Cell], most: u32) -> Result<(), XlsxError> {
        if self.row > most {
            self.begin()?;
        }
        let sheet = self.workbook.worksheet_from_index(self.sheet)?;
        for (column, cell) in (0..).zip(cells) {
            // Narrower, a spreadsheet shows no day at all.
            if let Some(width) = width(cell)
                && self.widened.insert(column)
            {
                sheet.set_column_width(column, width)?;
            }
            let at = (self.row, column);
            match cell {
                Cell::Day(day) => put_time(sheet, at, (excel_day(*day), &self.forms.day), cell)?,
                Cell::Moment(time) => put_time(sheet, at, (excel_time(*time), &self.forms.moment), cell)?,
                Cell::Link { picture, .. } => {
                    put_link(sheet, at, picture, self.links < LINKS)?;
                    self.links += 1;
                }
                Cell::Text(_) | Cell::Amount(_) => put(sheet, self.row, column, cell)?,
            }
        }
        self.row += 1;
        Ok(())
    }

    fn totals(&mut self, totals: &Totals, clock: &str) -> Result<(), XlsxError> {
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
        sheet.write_string(last + 1, 0, "time_zone")?;
        sheet.write_string(last + 1, 1, clock)?;
        Ok(())
    }
}

fn put(sheet: &mut Worksheet, row: u32, column: u16, cell: &Cell) -> Result<(), XlsxError> {
    let (text, _) = cell.plain();
    let number = match cell {
        Cell::Amount(amount) => {
            let digits = amount.bytes().filter(u8::is_ascii_digit).count();
            amount.parse::<f64>().ok().filter(|_| digits <= EXACT_DIGITS)
        }
        _ => None,
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

/// How wide what has no width of its own must be to be seen, in characters.
fn width(cell: &Cell) -> Option<f64> {
    match cell {
        Cell::Day(_) => Some(11.0),
        Cell::Moment(_) => Some(19.0),
        Cell::Text(_) | Cell::Amount(_) | Cell::Link { .. } => None,
    }
}

/// A day as spreadsheets count them; none before 1900, when they begin to.
fn excel_day(day: Date) -> Option<ExcelDateTime> {
    let year = u16::try_from(day.year()).ok()?;
    ExcelDateTime::from_ymd(year, u8::from(day.month()), day.day()).ok()
}

/// A time as its clock shows it: spreadsheets know no time zones.
fn excel_time(at: OffsetDateTime) -> Option<ExcelDateTime> {
    excel_day(at.date())?.and_hms(u16::from(at.hour()), at.minute(), f64::from(at.second())).ok()
}

fn put_time(
    sheet: &mut Worksheet,
    (row, column): (u32, u16),
    (time, form): (Option<ExcelDateTime>, &Format),
    cell: &Cell,
) -> Result<(), XlsxError> {
    match time {
        Some(time) => sheet.write_datetime_with_format(row, column, time, form)?,
        None => return put(sheet, row, column, cell),
    };
    Ok(())
}

/// A picture to be pressed, where it has an address of its own: by one of the sheet's links, or by a formula.
fn put_link(
    sheet: &mut Worksheet,
    (row, column): (u32, u16),
    to: &str,
    is_listed: bool,
) -> Result<(), XlsxError> {
    let is_address = to.starts_with("http") && !to.contains('"') && to.len() <= COMPUTED_CHARS;
    if !is_address {
        return put(sheet, row, column, &Cell::of_text(to));
    }
    if is_listed {
        sheet.write_url(row, column, to)?;
    } else {
        let formula = Formula::new(format!("=HYPERLINK(\"{to}\")")).set_result(to);
        sheet.write_formula(row, column, formula)?;
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
            Piece::Totals(totals, clock) => {
                book.totals(&totals, &clock)?;
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
    let (totals, clock, beside) = (rows.totals().await?, rows.clock().name(), rows.beside());
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
    to.send(Piece::Totals(totals, clock)).await.map_err(|_| gone())?;
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

    #[test]
    fn days_and_times_are_such() {
        use time::macros::{date, datetime};
        let day = |day| excel_day(day).map(|day| day.to_excel());
        assert_eq!(day(date!(2026 - 01 - 31)), Some(46_053.0));
        assert_eq!(day(date!(1899 - 12 - 30)), None);
        let evening = datetime!(2026-01-31 18:00 -5);
        assert_eq!(excel_time(evening).map(|at| at.to_excel()), Some(46_053.75), "as its clock shows it");
        assert!(matches!(Cell::of_day("2026-01-31"), Cell::Day(_)));
        assert_eq!(Cell::of_day("31/01/26"), Cell::of_text("31/01/26"));
        assert_eq!(Cell::of_day("2026-01-31").plain().0, "2026-01-31");
    }

    #[test]
    fn what_is_beyond_a_sheets_links_is_computed() {
        let folder = tempfile::tempdir().unwrap();
        let mut book = Book::new(vec!["link".into()], folder.path()).unwrap();
        let link = |to: &str| Cell::Link { page: to.into(), picture: to.into() };
        book.links = LINKS - 1;
        for to in
            ["https://desk.example/pictures/1", "https://desk.example/pictures/2", "/pictures/3", "ht\"tp"]
        {
            book.add(&[link(to)], 10).unwrap();
        }
        assert!(book.workbook.save_to_buffer().is_ok());
    }
}
