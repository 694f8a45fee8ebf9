//! CSV: a header line, then a row a line. A text that a spreadsheet would take for a formula is marked as text.

use std::{borrow::Cow, sync::Arc};

use super::{
    AsyncPage, Mapping, Out, Place,
    cells::{Cell, Layout},
    source::Rows,
    streamed,
};
use crate::problem::Problem;

/// A text as a spreadsheet takes it for text.
pub(crate) fn neutral(text: &str) -> Cow<'_, str> {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) {
        Cow::Owned(format!("'{text}"))
    } else {
        Cow::Borrowed(text)
    }
}

fn value(cell: &Cell) -> Cow<'_, str> {
    match cell.plain() {
        (Cow::Borrowed(text), true) => neutral(text),
        (plain, _) => plain,
    }
}

struct State {
    rows: Rows,
    layout: Layout,
    begun: bool,
}

#[derive(Clone, Copy)]
struct Csv;

impl AsyncPage<State> for Csv {
    async fn page(self, state: &mut State) -> Result<Option<Vec<u8>>, Problem> {
        let page = state.rows.next_page().await?;
        let mut writer = csv::WriterBuilder::new().from_writer(Vec::new());
        let mut put = |cells: Vec<Cow<'_, str>>| {
            writer.write_record(cells.iter().map(|c| c.as_bytes())).map_err(anyhow::Error::new)
        };
        let header = !state.begun;
        if header {
            state.begun = true;
            put(state.layout.headers().into_iter().map(neutral).collect())?;
        }
        let Some(page) = page else {
            return if header { finished(writer).map(Some) } else { Ok(None) };
        };
        for row in &page {
            let cells = state.layout.cells(row);
            put(cells.iter().map(value).collect())?;
        }
        finished(writer).map(Some)
    }
}

fn finished(writer: csv::Writer<Vec<u8>>) -> Result<Vec<u8>, Problem> {
    Ok(writer.into_inner().map_err(|error| anyhow::anyhow!("{error}"))?)
}

pub(super) async fn body(place: Place, rows: Rows, mapping: Option<Arc<Mapping>>) -> Result<Out, Problem> {
    let layout = Layout::new(&rows, mapping);
    streamed(place, State { rows, layout, begun: false }, Csv).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_is_a_formula() {
        for formula in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "=HYPERLINK(\"http://x\")"] {
            assert_eq!(value(&Cell::of_text(formula)), format!("'{formula}"));
        }
        assert_eq!(value(&Cell::of_text("Café = Té")), "Café = Té");
        // An amount is one, or it is text.
        assert_eq!(value(&Cell::of_amount("-30.05")), "-30.05");
        assert_eq!(value(&Cell::of_amount("-30.05+cmd|' /C calc'!A0")), "'-30.05+cmd|' /C calc'!A0");
    }
}
