//! Taxes and lines of a bill as a grid, and what a form says of them.

use acuse_pipeline::{
    document::Kind,
    fields::{Entry, FieldName, Fields},
};

use super::{labels, said::Said, typed::Typed};

/// Most lines of a form that are looked at.
const LINES: usize = 400;
/// Empty lines below the last, for who has no script.
const EMPTY: usize = 1;

/// A list as a table.
pub struct Grid {
    /// Which field.
    pub name: FieldName,
    /// In words.
    pub label: String,
    /// The cells of a line.
    pub columns: Vec<Column>,
    /// Cells, line by line.
    pub lines: Vec<Vec<Cell>>,
    /// Whether there is anything in it.
    pub filled: bool,
    /// Whether it says otherwise than what was read.
    pub differs: bool,
    /// What is wrong with it.
    pub fault: String,
}

/// A cell as it is shown.
#[derive(Debug, PartialEq, Eq)]
pub struct Cell {
    /// As typed, else as read.
    pub value: String,
    /// As read in this line; empty where none was.
    pub original: String,
}

/// A column.
#[derive(Clone, Copy)]
pub struct Column {
    /// As the design names it.
    pub name: &'static str,
    /// In words.
    pub label: &'static str,
}

const TAXES: &[Column] = &[
    Column { name: "type", label: "Type" },
    Column { name: "rate", label: "Rate %" },
    Column { name: "base", label: "Base" },
    Column { name: "amount", label: "Amount" },
];
const LINE_ITEMS: &[Column] = &[
    Column { name: "description", label: "Description" },
    Column { name: "quantity", label: "Quantity" },
    Column { name: "unit_price", label: "Unit price" },
    Column { name: "tax", label: "Tax" },
    Column { name: "amount", label: "Amount" },
];

fn columns(name: FieldName) -> &'static [Column] {
    if name == FieldName::Taxes { TAXES } else { LINE_ITEMS }
}

fn cell<'a>(entry: &'a Entry, column: &str) -> &'a str {
    let cell = match column {
        "type" => &entry.tax_type,
        "rate" => &entry.rate,
        "base" => &entry.base,
        "description" => &entry.description,
        "quantity" => &entry.quantity,
        "unit_price" => &entry.unit_price,
        "tax" => &entry.tax,
        _ => &entry.amount,
    };
    cell.as_deref().unwrap_or_default()
}

fn set(entry: &mut Entry, column: &str, text: &str) {
    let cell = match column {
        "type" => &mut entry.tax_type,
        "rate" => &mut entry.rate,
        "base" => &mut entry.base,
        "description" => &mut entry.description,
        "quantity" => &mut entry.quantity,
        "unit_price" => &mut entry.unit_price,
        "tax" => &mut entry.tax,
        _ => &mut entry.amount,
    };
    *cell = Some(text.trim().to_owned()).filter(|text| !text.is_empty());
}

/// The grid of a list: as typed, else as read.
#[must_use]
pub(super) fn of(kind: Kind, name: FieldName, fields: &Fields, typed: &Typed, said: &Said<'_>) -> Grid {
    let read = fields.get(&name).map(|f| f.value.entries()).unwrap_or_default();
    let entries = entries(kind, name, typed).unwrap_or_else(|| read.to_vec());
    let differs = !is_same(name, &entries, read);
    let columns = columns(name);
    let lines = (0..entries.len() + EMPTY).map(|n| line(columns, entries.get(n), read.get(n))).collect();
    let filled = !entries.is_empty();
    let label = labels::label(name.as_str());
    Grid { name, label, columns: columns.to_vec(), lines, filled, differs, fault: said.fault(name) }
}

/// The cells of a line beside what was read in it: the page's script knows by them that something was changed, also where it
/// was so before the page.
fn line(columns: &[Column], said: Option<&Entry>, read: Option<&Entry>) -> Vec<Cell> {
    let text = |entry: Option<&Entry>, column: &Column| {
        entry.map(|entry| cell(entry, column.name).to_owned()).unwrap_or_default()
    };
    columns.iter().map(|c| Cell { value: text(said, c), original: text(read, c) }).collect()
}

/// The lines that a form says of a list; `None` where it shows none.
#[must_use]
pub fn entries(kind: Kind, name: FieldName, typed: &Typed) -> Option<Vec<Entry>> {
    let head = format!("{kind}.{name}.");
    let cells: Vec<(usize, &str, &str)> = typed
        .0
        .iter()
        .filter_map(|(key, value)| {
            let (line, column) = key.strip_prefix(&head)?.split_once('.')?;
            Some((line.parse().ok()?, column, value.as_str()))
        })
        .collect();
    let last = cells.iter().map(|(line, ..)| *line).filter(|line| *line < LINES).max()?;
    let mut entries = vec![Entry::default(); last + 1];
    for (line, column, value) in cells {
        if let Some(entry) = entries.get_mut(line) {
            set(entry, column, value);
        }
    }
    entries.retain(|entry| *entry != Entry::default());
    Some(entries)
}

/// Whether two lists say the same, wherever it stands.
#[must_use]
pub fn is_same(name: FieldName, one: &[Entry], other: &[Entry]) -> bool {
    let says =
        |entry: &Entry| columns(name).iter().map(|c| cell(entry, c.name).to_owned()).collect::<Vec<_>>();
    one.iter().map(says).eq(other.iter().map(says))
}

#[cfg(test)]
mod tests {
    use acuse_pipeline::fields::{Field, Source, Value};

    use super::*;

    #[test]
    fn a_cell_is_beside_what_was_read_in_it() {
        let entry = |amount: &str| Entry { amount: Some(amount.to_owned()), ..Entry::default() };
        let read = Value::List(vec![entry("1.00"), entry("2.00")]);
        let fields = Fields::from([(FieldName::LineItems, Field::unplaced(read, 1.0, Source::Reviewer))]);
        let shown = |amounts: &[&str]| {
            let name = |n: usize| format!("invoice.line_items.{n}.amount");
            let form = amounts.iter().enumerate().map(|(n, amount)| (name(n), (*amount).to_owned()));
            let grid =
                of(Kind::Invoice, FieldName::LineItems, &fields, &Typed(form.collect()), &Said::Nothing);
            let amount = |line: Vec<Cell>| line.into_iter().next_back().unwrap();
            let cells: Vec<_> = grid.lines.into_iter().map(amount).map(|c| (c.value, c.original)).collect();
            (grid.differs, cells)
        };
        let is = |cells: &[(&str, &str)]| -> Vec<(String, String)> {
            cells.iter().map(|(value, original)| ((*value).to_owned(), (*original).to_owned())).collect()
        };
        assert_eq!(shown(&[]), (false, is(&[("1.00", "1.00"), ("2.00", "2.00"), ("", "")])));
        assert_eq!(shown(&["1.00", "7.00"]), (true, is(&[("1.00", "1.00"), ("7.00", "2.00"), ("", "")])));
        let added = is(&[("1.00", "1.00"), ("2.00", "2.00"), ("3.00", ""), ("", "")]);
        assert_eq!(shown(&["1.00", "2.00", "3.00"]), (true, added));
        // Of one that was dropped the line below says so.
        assert_eq!(shown(&["1.00", ""]), (true, is(&[("1.00", "1.00"), ("", "2.00")])));
    }

    #[test]
    fn a_form_says_lines() {
        let form = [
            ("invoice.line_items.0.description", "Pan"),
            ("invoice.line_items.0.amount", "2,10"),
            ("invoice.line_items.1.amount", " "),
            ("invoice.line_items.2.description", "Sal"),
            ("invoice.line_items.99999999.amount", "1"),
            ("invoice.total", "3"),
        ];
        let typed = Typed(form.map(|(name, value)| (name.to_owned(), value.to_owned())).into());
        let said = entries(Kind::Invoice, FieldName::LineItems, &typed).unwrap();
        assert_eq!(said.len(), 2, "empty lines are none: {said:?}");
        assert_eq!((said[0].amount.as_deref(), said[1].description.as_deref()), (Some("2,10"), Some("Sal")));
        assert!(entries(Kind::Invoice, FieldName::Taxes, &typed).is_none(), "nothing was shown of them");
        let mut placed = said.clone();
        placed[0].page = Some(1);
        assert!(is_same(FieldName::LineItems, &said, &placed));
        assert!(!is_same(FieldName::LineItems, &said, &said[..1]));
    }
}
