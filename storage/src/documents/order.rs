//! The order of a list, and the place in it where a page ended.

use std::{fmt, str::FromStr};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use uuid::Uuid;

use super::DocumentFilter;
use crate::{names::words, sql::Bind};

words! {
    /// The order of a list; with a minus, the last first.
    #[derive(Default)]
    Sort, "sort" {
        /// By arrival.
        Received = "received",
        /// The latest arrival first.
        #[default]
        ReceivedDesc = "-received",
        /// By the last change.
        Updated = "updated",
        /// The latest change first.
        UpdatedDesc = "-updated",
        /// By the date that the document says; those without one come first.
        DocumentDate = "document_date",
        /// The latest date first.
        DocumentDateDesc = "-document_date",
        /// By the total; those without one come first.
        Amount = "amount",
        /// The largest total first.
        AmountDesc = "-amount",
    }
}

/// What stands for no total: less than any.
const NO_AMOUNT: i64 = -i64::MAX;

impl Sort {
    /// SQL of the key; migration 0013 has an index of each.
    pub(super) fn key(self) -> &'static str {
        match self {
            Self::Received | Self::ReceivedDesc => "d.received_at",
            Self::Updated | Self::UpdatedDesc => "d.updated_at",
            Self::DocumentDate | Self::DocumentDateDesc => "COALESCE(d.doc_date, '')",
            Self::Amount | Self::AmountDesc => "COALESCE(d.amount, -9223372036854775807)",
        }
    }

    pub(super) fn is_descending(self) -> bool {
        self.as_str().starts_with('-')
    }

    /// Whether the order tells what documents say.
    pub(super) fn tells(self) -> bool {
        matches!(self, Self::DocumentDate | Self::DocumentDateDesc | Self::Amount | Self::AmountDesc)
    }

    pub(super) fn of(self, key: Key) -> Bind {
        let Key { received, updated, date, amount, place } = key;
        if let Some(place) = place {
            return Bind::Place(place);
        }
        match self {
            Self::Received | Self::ReceivedDesc => Bind::Number(received),
            Self::Updated | Self::UpdatedDesc => Bind::Number(updated),
            Self::DocumentDate | Self::DocumentDateDesc => Bind::Text(date.unwrap_or_default()),
            Self::Amount | Self::AmountDesc => Bind::Number(amount.unwrap_or(NO_AMOUNT)),
        }
    }
}

/// What a row is sorted by, whatever the order.
pub(super) struct Key {
    pub received: i64,
    pub updated: i64,
    pub date: Option<String>,
    pub amount: Option<i64>,
    /// Its place by arrival in the index of words, where the list is read off that.
    pub place: Option<i64>,
}

/// Where a page ended, in its order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentCursor {
    pub(super) sort: Sort,
    pub(super) key: Bind,
    pub(super) id: Uuid,
}

/// A text that no list gave as its `next`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("pass the `next` of the page before, unchanged, with the same `sort` and filters")]
pub struct NotACursor;

impl DocumentCursor {
    /// Whether it can be of this list.
    #[must_use]
    pub fn is_of(&self, filter: &DocumentFilter) -> bool {
        self.sort == filter.sort && matches!(self.key, Bind::Place(_)) == filter.goes_by_place()
    }
}

impl fmt::Display for DocumentCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = match &self.key {
            Bind::Number(n) => format!("n{n}"),
            Bind::Text(text) => format!("t{text}"),
            Bind::Id(id) => format!("i{id}"),
            Bind::Place(n) => format!("p{n}"),
        };
        f.write_str(&URL_SAFE_NO_PAD.encode(format!("{} {} {key}", self.sort, self.id.simple())))
    }
}

impl FromStr for DocumentCursor {
    type Err = NotACursor;

    fn from_str(text: &str) -> Result<Self, NotACursor> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| NotACursor)?;
        let text = String::from_utf8(bytes).map_err(|_| NotACursor)?;
        let mut parts = text.splitn(3, ' ');
        let mut part = || parts.next().ok_or(NotACursor);
        let sort: Sort = part()?.parse().map_err(|_| NotACursor)?;
        let id = part()?.parse().map_err(|_| NotACursor)?;
        let key = match part()?.split_at_checked(1) {
            Some(("n", number)) => Bind::Number(number.parse().map_err(|_| NotACursor)?),
            Some(("p", place)) if matches!(sort, Sort::Received | Sort::ReceivedDesc) => {
                Bind::Place(place.parse().map_err(|_| NotACursor)?)
            }
            Some(("t", text)) if !text.contains('\0') => Bind::Text(text.to_owned()),
            _ => return Err(NotACursor),
        };
        let is_text = matches!(sort, Sort::DocumentDate | Sort::DocumentDateDesc);
        if matches!(key, Bind::Text(_)) != is_text {
            return Err(NotACursor);
        }
        Ok(Self { sort, key, id })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_comes_back_and_no_other_text_is_one() {
        for (sort, key) in [
            (Sort::ReceivedDesc, Bind::Number(1_700_000_000_000_000)),
            (Sort::Received, Bind::Place(1_700_000_000_000_000 * 1024)),
            (Sort::Amount, Bind::Number(NO_AMOUNT)),
            (Sort::DocumentDate, Bind::Text("20260501".to_owned())),
            (Sort::DocumentDateDesc, Bind::Text(String::new())),
        ] {
            let cursor = DocumentCursor { sort, key, id: Uuid::now_v7() };
            assert_eq!(cursor.to_string().parse(), Ok(cursor));
        }
        let id = Uuid::now_v7().simple();
        for not in [
            format!("-received {id} t1"),
            format!("amount {id} n"),
            format!("size {id} n1"),
            format!("amount {id} p1"),
        ] {
            assert_eq!(URL_SAFE_NO_PAD.encode(not).parse::<DocumentCursor>(), Err(NotACursor));
        }
        assert_eq!(Uuid::now_v7().to_string().parse::<DocumentCursor>(), Err(NotACursor));
    }
}
