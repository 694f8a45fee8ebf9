//! Full-text search: the one place where the two databases differ. SQLite keeps words in FTS5, PostgreSQL in a
//! `tsvector`; both are given the same [`tokens`], ready to compare.
//!
//! What is searched has a *place* in its index, which is its place by arrival, so that a page of what was found is read
//! off in order without looking at the rest.

mod before;
mod keep;
mod page;
mod spelled;
mod terms;

use before::Before;
pub use before::{CONTACT_WORDS, CUSTOMER_WORDS};
pub(crate) use page::{AnyRow, Listing};
pub use terms::fold;
pub(crate) use terms::{Wanted, tokens};

use crate::{error::CatalogError, sql::Tx};

/// How many of the places that come next are looked at before the index is asked for all that has the words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Near(i64);

impl Near {
    /// Of documents, which come many at once and say the same then: what none of a few hundred says may be what most others do,
    /// and all of that would be asked for.
    pub(crate) const FAR: Self = Self(2_000);
    /// Fewer say too little of how many there are.
    const LEAST: i64 = 200;

    /// Of who there is, for a page of so many rows: what every fourth is called fills it. What nobody among so many is called is
    /// rare, and the index gives all of it for less than a further look costs; that costs the same of few and of many.
    pub(crate) fn of_page(rows: i64) -> Self {
        Self(rows.saturating_mul(4).clamp(Self::LEAST, Self::FAR.0))
    }

    /// What is looked at after this, where it found so many and they are no page: more, if there were any; else (none) all that
    /// has the words.
    pub(crate) fn further(self, found: usize) -> Option<Self> {
        (found > 0 && self != Self::FAR).then_some(Self::FAR)
    }
}

/// Where the words of one kind of rows are kept, and what those rows are.
#[derive(Debug)]
pub(crate) struct Index {
    /// Its table.
    words: &'static str,
    /// The longest beginnings of words that SQLite has ready, in letters.
    beginnings: usize,
    /// The column that says whose the words are.
    of: &'static str,
    /// The table of those rows.
    rows: &'static str,
    /// As which that table stands in a query.
    alias: &'static str,
    /// How rows that were there before it come into it, where they can be found meanwhile.
    before: Option<Before>,
}

/// All that is said of documents. What of it may be told is for [`crate::Access`] to say.
pub(crate) const DOCUMENTS: Index = Index {
    words: "document_fts",
    beginnings: 8,
    of: "document_id",
    rows: "documents",
    alias: "d",
    before: None,
};
/// Names of customers, and nothing else of them: numbers of IDs are not everybody's to find.
pub(crate) const CUSTOMERS: Index = Index {
    words: "customer_fts",
    beginnings: 8,
    of: "customer_id",
    rows: "customers",
    alias: "c",
    before: Some(before::CUSTOMERS),
};
/// Names and numbers of contacts.
pub(crate) const CONTACTS: Index = Index {
    words: "contact_fts",
    beginnings: 6,
    of: "contact_id",
    rows: "contacts",
    alias: "c",
    before: Some(before::CONTACTS),
};
/// Every index there is.
pub(crate) const ALL: [&Index; 3] = [&DOCUMENTS, &CUSTOMERS, &CONTACTS];

/// How much of an index a statement looks at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reach {
    /// All that has the words.
    Whole,
    /// The same, each looked up only when the one before it is; SQL of which they are and of their order.
    Ordered(String),
    /// Of the places that come next in the order, so many, whatever they hold; SQL of which they are and of their order.
    Near(String, Near),
}

/// What is found by words, as SQL: the tables, and the condition on the bind named `asked`.
pub(crate) struct Source {
    pub from: String,
    pub condition: String,
    /// The place by arrival.
    pub place: String,
}

/// The question to an index in this database's words; none where nothing can be found.
///
/// # Errors
/// When the database fails.
pub(crate) async fn question(tx: &mut Tx, index: &Index, q: &str) -> Result<Option<String>, CatalogError> {
    match Wanted::of(q) {
        Some(wanted) => wanted.asked(tx, index).await.map(Some),
        None => Ok(None),
    }
}

impl Index {
    /// What has the words asked for.
    ///
    /// PostgreSQL takes any beginning of a word for equally rare, and for a page in order would look through all rows for one
    /// that few have. So it is told: first the places that come next, which are enough for what many have; then the index,
    /// for all that has it, which is little if the first did not find enough.
    pub(crate) fn source(&self, tx: &Tx, asked: &str, reach: &Reach) -> Source {
        let Self { words, of, rows, alias, .. } = self;
        if tx.is_sqlite() {
            return Source {
                // The words first, whatever else is asked: of them there is an order.
                from: format!(
                    "{words} CROSS JOIN {words}_rows s ON s.place = {words}.rowid \
                     CROSS JOIN {rows} {alias} ON {alias}.id = s.{of}"
                ),
                condition: format!("{words} MATCH {asked}"),
                place: format!("{words}.rowid"),
            };
        }
        let has = format!("words @@ CAST({asked} AS tsquery)");
        let (places, condition) = match reach {
            Reach::Near(which, Near(most)) => {
                (format!("SELECT * FROM {words} {which} LIMIT {most}"), format!("s.{has}"))
            }
            // Materialised, or a limit further out would lead the planner back to looking through all.
            Reach::Whole | Reach::Ordered(_) => {
                let all = format!("SELECT place, {of} FROM {words} WHERE {has}");
                let which = if let Reach::Ordered(which) = reach { which.as_str() } else { "" };
                (
                    format!("WITH found AS MATERIALIZED ({all}) SELECT * FROM found {which}"),
                    "1 = 1".to_owned(),
                )
            }
        };
        Source {
            from: format!("({places}) s JOIN {rows} {alias} ON {alias}.id = s.{of}"),
            condition,
            place: "s.place".to_owned(),
        }
    }

    /// SQL of the documents that wait and have what the bind named `asked` asks for. SQLite knows the places of what waits
    /// (migration 0076), PostgreSQL keeps its words apart (migration 0086), or of all that has the words each would be looked
    /// up.
    pub(crate) fn waiting(tx: &Tx, asked: &str) -> String {
        let sqlite = "SELECT w.document_id FROM document_fts CROSS JOIN document_fts_waiting w \
             ON w.place = document_fts.rowid WHERE document_fts MATCH ";
        let postgres = "SELECT w.document_id FROM document_fts_waiting w WHERE w.words @@ ";
        let asked = if tx.is_sqlite() { asked.to_owned() } else { format!("CAST({asked} AS tsquery)") };
        format!("{}{asked}", tx.pick(sqlite, postgres))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_near_is_called_is_asked_of_the_index() {
        let (page, least) = (Near::of_page(51), Near::of_page(1));
        assert_eq!((page, least, Near::of_page(501)), (Near(204), Near(200), Near::FAR));
        assert_eq!((page.further(0), page.further(1)), (None, Some(Near::FAR)));
        assert_eq!((Near::FAR.further(0), Near::FAR.further(7)), (None, None), "it ends");
    }
}
