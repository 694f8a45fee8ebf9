//! The queue as a table: searched, and in another order than the most urgent first.

use super::list::ReviewFilter;
use crate::names::words;

words! {
    /// By what a table is sorted.
    Order, "order" {
        /// When it should be decided.
        Due = "due",
        /// Since when it waits.
        Since = "since",
        /// Its amount, whatever the currency.
        Amount = "amount",
        /// What it is.
        Kind = "kind",
        /// Whose paper it is.
        Party = "party",
        /// Whose it is.
        Customer = "customer",
        /// Who sent it.
        Sender = "sender",
    }
}

/// What of the queue a table shows.
#[derive(Debug, Clone)]
pub struct Table {
    /// Which reviews.
    pub filter: ReviewFilter,
    /// By what it is sorted.
    pub order: Order,
    /// The greatest first.
    pub descending: bool,
    /// Words in what it says, or in the name or number of its sender, customer or party.
    pub q: Option<String>,
}

impl Default for Table {
    fn default() -> Self {
        Self { filter: ReviewFilter::default(), order: Order::Due, descending: false, q: None }
    }
}

impl From<ReviewFilter> for Table {
    /// All of it, in the queue's own order.
    fn from(filter: ReviewFilter) -> Self {
        Self { filter, ..Self::default() }
    }
}

impl Table {
    /// The words that are looked for.
    pub(super) fn words(&self) -> Option<&str> {
        self.q.as_deref().map(str::trim).filter(|q| !q.is_empty())
    }

    /// Whether it is the queue in its own order, the most urgent first.
    #[must_use]
    pub fn is_queue(&self) -> bool {
        self.words().is_none() && self.order == Order::Due && !self.descending
    }
}

/// Some of a table's rows, all of them in one order; where there are two, the first are those that have what the table is
/// sorted by, and then the rest.
#[derive(Clone, Copy)]
pub(super) struct Part {
    /// What of a review it is sorted by, before its time and id where it has them.
    pub(super) columns: &'static [&'static str],
    /// Whether it is those that have the first of them, or those that lack it; none where all have it.
    has: Option<bool>,
}

/// What a table's order goes by: the name of its index, and the columns that the index has. They stand on the review, and on
/// each of its reasons (migration 79).
pub(super) fn by(order: Order) -> (&'static str, &'static [&'static str]) {
    match order {
        Order::Due => ("queue", &["due_at", "opened_at", "id"]),
        Order::Since => ("since", &["opened_at", "id"]),
        Order::Kind => ("kind", &["kind", "due_at", "opened_at", "id"]),
        Order::Amount => ("amount", &["amount", "id"]),
        Order::Party => ("party", &["party", "id"]),
        Order::Customer => ("customer", &["customer", "id"]),
        Order::Sender => ("sender", &["sender", "id"]),
    }
}

/// What a table's order goes by. What has none of it, or may not be told to everybody, comes last, whichever way it is sorted.
pub(super) fn parts(order: Order) -> Vec<Part> {
    let (_, columns) = by(order);
    let halves: &[Option<bool>] = match order {
        Order::Due | Order::Since => &[None],
        _ => &[Some(true), Some(false)],
    };
    halves.iter().map(|has| Part { columns, has: *has }).collect()
}

/// A column of a review's place where it stands: on its reason, or on itself.
pub(super) fn standing(column: &str, by_reason: bool) -> String {
    match (by_reason, column) {
        (true, "id") => "x.review_id".to_owned(),
        (true, _) => format!("x.{column}"),
        (false, _) => format!("r.{column}"),
    }
}

/// The same of a row of [`super::list::QUEUE`] that may wait no more: then it stands on the document.
pub(super) fn of_row(column: &str) -> String {
    let live = match column {
        "amount" => "CASE WHEN d.sensitivity = 'open' THEN d.amount END",
        "party" => "CASE WHEN d.sensitivity = 'open' THEN NULLIF(d.issuer, '') END",
        "customer" => "(SELECT c.name_key FROM customers c WHERE c.id = d.customer_id)",
        "sender" => "(SELECT LOWER(COALESCE(k.name, k.phone)) FROM contacts k WHERE k.id = d.contact_id)",
        _ => return format!("r.{column}"),
    };
    format!("CASE WHEN r.resolved_at IS NULL THEN r.{column} ELSE {live} END")
}

impl Part {
    /// SQL that holds for its rows; `stands` says where a column is.
    pub(super) fn holds(&self, stands: impl Fn(&str) -> String) -> String {
        match (self.has, self.columns.first()) {
            (Some(has), Some(value)) => format!("{} IS {}NULL", stands(value), if has { "NOT " } else { "" }),
            _ => "1 = 1".to_owned(),
        }
    }

    /// The columns that tell its rows apart: what all of them lack is none.
    pub(super) fn key(&self) -> &'static [&'static str] {
        self.columns.get(usize::from(self.has == Some(false))..).unwrap_or_default()
    }
}
