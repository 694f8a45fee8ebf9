//! The columns of a sheet: ours, or those that a mapping file asks for.

use std::{borrow::Cow, sync::Arc};

use acuse_storage::export::{Exact, Line};
use time::{Date, OffsetDateTime, format_description::well_known::Rfc3339, macros::format_description};

use super::{
    Mapping,
    source::{Link, Row, Rows},
};

/// Every column there is. `account` and `tax_code` come from a mapping file, `entry` and `entry_at` are of closed months.
pub const COLUMNS: &[&str] = &[
    "document_id",
    "kind",
    "type",
    "number",
    "issue_date",
    "due_date",
    "issuer_name",
    "issuer_tax_id",
    "recipient_name",
    "recipient_tax_id",
    "order_number",
    "currency",
    "subtotal",
    "discount",
    "tip",
    "tax",
    "taxes",
    "withheld",
    "rounding",
    "total",
    "paid",
    "amount_due",
    "payment_method",
    "payment_reference",
    "iban",
    "customer_id",
    "entity_id",
    "direction",
    "source",
    "received_at",
    "filed_at",
    "account",
    "tax_code",
    "entry",
    "entry_at",
];

/// What stands in a cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Cell {
    Text(String),
    /// A decimal number with a point.
    Amount(String),
    /// A day.
    Day(Date),
    /// A time, by the clock of the export.
    Moment(OffsetDateTime),
    /// Where a document is looked at: its page, and its picture for who can press it.
    Link {
        page: String,
        picture: String,
    },
}

impl Cell {
    pub(super) fn of_text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// An amount where it is one; text otherwise.
    pub(super) fn of_amount(text: &str) -> Self {
        if Exact::parse(text).is_some() { Self::Amount(text.to_owned()) } else { Self::of_text(text) }
    }

    /// A day where it is one; text otherwise.
    pub(super) fn of_day(text: &str) -> Self {
        let day = Date::parse(text, format_description!("[year]-[month]-[day]"));
        day.map_or_else(|_| Self::of_text(text), Self::Day)
    }

    /// What of it stands in a file of texts, and whether that is somebody's words.
    pub(super) fn plain(&self) -> (Cow<'_, str>, bool) {
        match self {
            Self::Text(text) => (Cow::Borrowed(text), true),
            Self::Amount(amount) => (Cow::Borrowed(amount), false),
            Self::Day(day) => (Cow::Owned(day.to_string()), false),
            Self::Moment(at) => (Cow::Owned(at.format(&Rfc3339).unwrap_or_default()), false),
            Self::Link { page, .. } => (Cow::Borrowed(page), true),
        }
    }
}

/// Which columns, in which order.
pub(super) struct Layout {
    mapping: Option<Arc<Mapping>>,
    entries: bool,
    links: bool,
}

/// Columns of a list, whose rows stand in any status: where they stand, and where their picture is.
const OF_LISTS: [&str; 2] = ["status", "link"];

impl Layout {
    pub(super) fn new(rows: &Rows, mapping: Option<Arc<Mapping>>) -> Self {
        Self { mapping, entries: rows.has_entries(), links: rows.has_links() }
    }

    /// Ours, without those that would be empty.
    fn ours(&self) -> impl Iterator<Item = &'static str> {
        let most = if self.entries { COLUMNS.len() } else { COLUMNS.len() - 2 };
        let of_lists = OF_LISTS.into_iter().filter(|_| self.links);
        COLUMNS[..most].iter().copied().filter(|c| !matches!(*c, "account" | "tax_code")).chain(of_lists)
    }

    pub(super) fn headers(&self) -> Vec<&str> {
        let Some(mapping) = &self.mapping else { return self.ours().collect() };
        let mut all: Vec<&str> = mapping.columns.iter().map(|c| c.header.as_str()).collect();
        if self.entries {
            all.extend(["entry", "entry_at"]);
        }
        all
    }

    pub(super) fn cells(&self, row: &Row) -> Vec<Cell> {
        let Some(mapping) = &self.mapping else { return self.ours().map(|c| cell(c, row, None)).collect() };
        let mut cells: Vec<Cell> = mapping
            .columns
            .iter()
            .map(|column| match (&column.from, &column.text) {
                (Some(from), _) => cell(from, row, Some(mapping)),
                (None, text) => Cell::of_text(text.clone().unwrap_or_default()),
            })
            .collect();
        if self.entries {
            cells.extend(["entry", "entry_at"].map(|c| cell(c, row, None)));
        }
        cells
    }
}

fn stamp(at: Option<OffsetDateTime>) -> Cell {
    at.map_or_else(|| Cell::of_text(""), Cell::Moment)
}

/// `IVA 21 4.20; IVA 10 1.00`.
fn taxes(line: &Line) -> String {
    let each = line.taxes.iter().map(|t| {
        let parts = [t.r#type.as_str(), t.rate.as_str(), t.amount.as_str()];
        parts.into_iter().filter(|p| !p.is_empty()).collect::<Vec<_>>().join(" ")
    });
    each.collect::<Vec<_>>().join("; ")
}

fn id(id: Option<impl ToString>) -> Cell {
    Cell::of_text(id.map(|id| id.to_string()).unwrap_or_default())
}

fn cell(column: &str, row: &Row, mapping: Option<&Mapping>) -> Cell {
    let line = &row.line;
    let text = |text: &str| Cell::of_text(text);
    match column {
        "document_id" => text(&line.document_id.to_string()),
        "kind" => text(line.kind.as_str()),
        "type" => text(&line.r#type),
        "number" => text(&line.number),
        "issue_date" => Cell::of_day(&line.issue_date),
        "due_date" => Cell::of_day(&line.due_date),
        "issuer_name" => text(&line.issuer_name),
        "issuer_tax_id" => text(&line.issuer_tax_id),
        "recipient_name" => text(&line.recipient_name),
        "recipient_tax_id" => text(&line.recipient_tax_id),
        "order_number" => text(&line.order_number),
        "currency" => text(&line.currency),
        "subtotal" => Cell::of_amount(&line.subtotal),
        "discount" => Cell::of_amount(&line.discount),
        "tip" => Cell::of_amount(&line.tip),
        "tax" => Cell::of_amount(&line.tax),
        "taxes" => text(&taxes(line)),
        "withheld" => Cell::of_amount(&line.withheld),
        "rounding" => Cell::of_amount(&line.rounding),
        "total" => Cell::of_amount(&line.total),
        "paid" => Cell::of_amount(&line.paid),
        "amount_due" => Cell::of_amount(&line.amount_due),
        "payment_method" => text(&line.payment_method),
        "payment_reference" => text(&line.payment_reference),
        "iban" => text(&line.iban),
        "customer_id" => id(line.customer_id),
        "entity_id" => id(line.entity_id),
        "direction" => text(line.direction.as_deref().unwrap_or_default()),
        "source" => text(line.source.as_str()),
        "received_at" => stamp(Some(line.received_at)),
        "filed_at" => stamp(line.filed_at),
        "account" => text(mapping.map_or("", |m| m.account(line))),
        "tax_code" => text(&mapping.map(|m| m.tax_code(line)).unwrap_or_default()),
        "entry" => text(row.entry.map_or("", acuse_storage::periods::Entry::as_str)),
        "entry_at" => stamp(row.entry_at),
        "status" => text(row.status.unwrap_or_default()),
        "link" => match &row.link {
            Some(Link { page, picture }) => Cell::Link { page: page.clone(), picture: picture.clone() },
            None => text(""),
        },
        _ => text(""),
    }
}
