//! One query for every list of documents: SQL from the filters that are present, a page by the place where the last one
//! ended.
//!
//! What a document *says* (its date, issuer, number, amount, currency, words) is a filter or an order only over documents
//! that may be told to who asks; otherwise a list's length or order would tell it.

use std::{fmt, str::FromStr};

use acuse_pipeline::document::{Kind, Status};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use time::{Date, OffsetDateTime};
use uuid::Uuid;

use super::{COLUMNS, Document, DocumentRow, Page, folded, keys::Amount, like};
use crate::{
    access::Access,
    catalog::Catalog,
    customers::name_key,
    error::CatalogError,
    names::{ContactId, CustomerId, DocumentId, Source, micros, words},
    sql::{Both, Tx},
};

/// Which documents a list shows. A filter on status leaves duplicates out, so that a list of `filed` is as long as the
/// ledger's `filed`.
#[derive(Debug, Clone, Default)]
pub struct DocumentFilter {
    /// Only this status, and no duplicates.
    pub status: Option<Status>,
    /// Only duplicates.
    pub duplicates: bool,
    /// Only this kind.
    pub kind: Option<Kind>,
    /// Only this customer's.
    pub customer_id: Option<CustomerId>,
    /// Only this sender's.
    pub contact_id: Option<ContactId>,
    /// Only what came this way.
    pub source: Option<Source>,
    /// Only the documents of the file of which this one is the first.
    pub part_of: Option<DocumentId>,
    /// Received at or after.
    pub from: Option<OffsetDateTime>,
    /// Received before.
    pub to: Option<OffsetDateTime>,
    /// Changed at or after.
    pub updated_from: Option<OffsetDateTime>,
    /// Changed before.
    pub updated_to: Option<OffsetDateTime>,
    /// Issued at or after.
    pub date_from: Option<Date>,
    /// Issued before.
    pub date_to: Option<Date>,
    /// The issuer's name begins so, whatever its case and punctuation.
    pub issuer: Option<String>,
    /// The issuer's tax id, whatever its punctuation.
    pub tax_id: Option<String>,
    /// The document's number, whatever its punctuation.
    pub number: Option<String>,
    /// The total is this or more.
    pub amount_from: Option<Amount>,
    /// The total is this or less.
    pub amount_to: Option<Amount>,
    /// ISO 4217.
    pub currency: Option<String>,
    /// Words to look for in names, numbers, captions and text.
    pub q: Option<String>,
    /// The order.
    pub sort: Sort,
    /// Who asks: what is out of their reach is not listed, and what is withheld is not found by what it says.
    pub access: Access,
}

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
    fn key(self) -> &'static str {
        match self {
            Self::Received | Self::ReceivedDesc => "d.received_at",
            Self::Updated | Self::UpdatedDesc => "d.updated_at",
            Self::DocumentDate | Self::DocumentDateDesc => "COALESCE(d.doc_date, '')",
            Self::Amount | Self::AmountDesc => "COALESCE(d.amount, -9223372036854775807)",
        }
    }

    fn is_descending(self) -> bool {
        self.as_str().starts_with('-')
    }

    /// Whether the order tells what documents say.
    fn tells(self) -> bool {
        matches!(self, Self::DocumentDate | Self::DocumentDateDesc | Self::Amount | Self::AmountDesc)
    }

    fn of(self, key: (i64, i64, Option<String>, Option<i64>)) -> Bind {
        let (received, updated, date, amount) = key;
        match self {
            Self::Received | Self::ReceivedDesc => Bind::Number(received),
            Self::Updated | Self::UpdatedDesc => Bind::Number(updated),
            Self::DocumentDate | Self::DocumentDateDesc => Bind::Text(date.unwrap_or_default()),
            Self::Amount | Self::AmountDesc => Bind::Number(amount.unwrap_or(NO_AMOUNT)),
        }
    }
}

/// Where a page ended, in its order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentCursor {
    sort: Sort,
    key: Bind,
    id: Uuid,
}

/// A text that no list gave as its `next`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("pass the `next` of the page before, unchanged, with the same `sort`")]
pub struct NotACursor;

impl DocumentCursor {
    /// Whether it is of this order.
    #[must_use]
    pub fn is_of(&self, sort: Sort) -> bool {
        self.sort == sort
    }
}

impl fmt::Display for DocumentCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = match &self.key {
            Bind::Number(n) => format!("n{n}"),
            Bind::Text(text) => format!("t{text}"),
            Bind::Id(id) => format!("i{id}"),
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

/// One value of a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Bind {
    Number(i64),
    Text(String),
    Id(Uuid),
}

/// A query that is being put together.
struct Query {
    conditions: Vec<String>,
    binds: Vec<Bind>,
}

impl Query {
    /// The name of a new value.
    fn bind(&mut self, value: Bind) -> String {
        self.binds.push(value);
        format!("${}", self.binds.len())
    }

    /// One condition over a value: `column op $n`.
    fn holds(&mut self, column_and_op: &str, value: Option<Bind>) {
        if let Some(value) = value {
            let name = self.bind(value);
            self.conditions.push(format!("{column_and_op} {name}"));
        }
    }
}

impl DocumentFilter {
    fn of_rows(&self, query: &mut Query) {
        let text = |word: &str| Bind::Text(word.to_owned());
        query.holds("d.status =", self.status.map(|s| text(s.as_str())));
        if self.status.is_some() {
            query.conditions.push("d.duplicate_of IS NULL".to_owned());
        }
        if self.duplicates {
            query.conditions.push("d.duplicate_of IS NOT NULL".to_owned());
        }
        query.holds("d.kind =", self.kind.map(|k| text(k.as_str())));
        query.holds("d.customer_id =", self.customer_id.map(|c| Bind::Id(c.0)));
        query.holds("d.contact_id =", self.contact_id.map(|c| Bind::Id(c.0)));
        query.holds("d.source =", self.source.map(|s| text(s.as_str())));
        if let Some(first) = self.part_of {
            let name = query.bind(Bind::Id(first.0));
            query.conditions.push(format!("(d.id = {name} OR d.part_of = {name})"));
        }
        query.holds("d.received_at >=", self.from.map(|t| Bind::Number(micros(t))));
        query.holds("d.received_at <", self.to.map(|t| Bind::Number(micros(t))));
        query.holds("d.updated_at >=", self.updated_from.map(|t| Bind::Number(micros(t))));
        query.holds("d.updated_at <", self.updated_to.map(|t| Bind::Number(micros(t))));
    }

    /// The filters over what documents say.
    fn of_words(&self, query: &mut Query) {
        let day = |d: Date| Bind::Text(format!("{:04}{:02}{:02}", d.year(), u8::from(d.month()), d.day()));
        query.holds("COALESCE(d.doc_date, '') >=", self.date_from.map(day));
        if self.date_to.is_some() {
            query.conditions.push("COALESCE(d.doc_date, '') > ''".to_owned());
        }
        query.holds("COALESCE(d.doc_date, '') <", self.date_to.map(day));
        let amount = "COALESCE(d.amount, -9223372036854775807)";
        query.holds(&format!("{amount} >="), self.amount_from.map(|a| Bind::Number(a.0)));
        if self.amount_to.is_some() {
            query.conditions.push(format!("{amount} > -9223372036854775807"));
        }
        query.holds(&format!("{amount} <="), self.amount_to.map(|a| Bind::Number(a.0)));
        if let Some(issuer) = self.issuer.as_deref().map(name_key) {
            query.holds("d.issuer >=", Some(Bind::Text(issuer.clone())));
            query.holds("d.issuer <", Some(Bind::Text(format!("{issuer}\u{10FFFF}"))));
        }
        let key = |text: &Option<String>| text.as_deref().map(|t| Bind::Text(folded(t)));
        query.holds("d.issuer_tax_id =", key(&self.tax_id));
        query.holds("d.number =", key(&self.number));
        query.holds("d.currency =", key(&self.currency));
        if let Some(q) = self.q.as_deref().filter(|q| !q.trim().is_empty()) {
            let name = query.bind(Bind::Text(like(q.trim())));
            query.conditions.push(format!("d.search LIKE {name} ESCAPE '!'"));
        }
    }

    /// The text of a page's query after `SELECT …`, and its values.
    fn page(&self, tx: &Tx, after: Option<&DocumentCursor>, most: i64) -> (String, Vec<Bind>) {
        let mut query = Query { conditions: Vec::new(), binds: Vec::new() };
        self.of_rows(&mut query);
        let before = query.conditions.len();
        self.of_words(&mut query);
        if query.conditions.len() > before || self.sort.tells() {
            query.conditions.push(self.access.told("d"));
        }
        query.conditions.push(self.access.reach(tx, "d"));
        let key = self.sort.key();
        let (than, order) = if self.sort.is_descending() { ("<", "DESC") } else { (">", "ASC") };
        if let Some(after) = after {
            let (at, id) = (query.bind(after.key.clone()), query.bind(Bind::Id(after.id)));
            query.conditions.push(format!("({key}, d.id) {than} ({at}, {id})"));
        }
        let text = format!(
            "FROM documents d WHERE {} ORDER BY {key} {order}, d.id {order} LIMIT {most}",
            query.conditions.join(" AND ")
        );
        (text, query.binds)
    }
}

/// [`all!`] with as many values as there are.
macro_rules! all_of {
    ($tx:expr, $row:ty, $text:expr, $binds:expr) => {{
        macro_rules! bound {
            ($query:expr) => {{
                let mut query = $query;
                for bind in $binds {
                    query = match bind {
                        Bind::Number(n) => query.bind(n),
                        Bind::Text(text) => query.bind(text),
                        Bind::Id(id) => query.bind(id),
                    };
                }
                query
            }};
        }
        match $tx.both() {
            Both::Sqlite(c) => {
                bound!(sqlx::query_as::<_, $row>(sqlx::AssertSqlSafe($text))).fetch_all(c).await
            }
            Both::Postgres(c) => {
                bound!(sqlx::query_as::<_, $row>(sqlx::AssertSqlSafe($text))).fetch_all(c).await
            }
        }
        .map_err(|source| CatalogError::Statement { at: here!(), source })
    }};
}

/// A row, and what lists are sorted by.
#[derive(sqlx::FromRow)]
struct Listed {
    #[sqlx(flatten)]
    row: DocumentRow,
    doc_date: Option<String>,
    amount: Option<i64>,
}

impl Catalog {
    /// A page of documents in the filter's order, after the place where the page before ended.
    ///
    /// # Errors
    /// When the database fails, takes too long, or a row is impossible.
    pub async fn documents(
        &self,
        filter: &DocumentFilter,
        after: Option<&DocumentCursor>,
        limit: u32,
    ) -> Result<Page<Document, DocumentCursor>, CatalogError> {
        let mut tx = self.searching().await?;
        let limit = limit.clamp(1, 500);
        let (text, binds) = filter.page(&tx, after, i64::from(limit) + 1);
        let text = format!("SELECT {COLUMNS}, doc_date, amount {text}");
        let mut rows = all_of!(tx, Listed, text, binds)?;
        let more = rows.len() > limit as usize;
        rows.truncate(limit as usize);
        let next = rows.last().filter(|_| more).map(|last| {
            let key = (last.row.received_at, last.row.updated_at, last.doc_date.clone(), last.amount);
            DocumentCursor { sort: filter.sort, key: filter.sort.of(key), id: last.row.id }
        });
        let data = rows.into_iter().map(|listed| Document::try_from(listed.row)).collect::<Result<_, _>>()?;
        Ok(Page { data, next })
    }

    /// How the database would go about a list, in its own words.
    #[cfg(feature = "conformance")]
    pub(crate) async fn explained(&self, filter: &DocumentFilter) -> Result<String, CatalogError> {
        let mut tx = self.reading().await?;
        let (text, binds) = filter.page(&tx, None, 51);
        let lines: Vec<String> = if tx.is_sqlite() {
            let text = format!("EXPLAIN QUERY PLAN SELECT {COLUMNS} {text}");
            let rows = all_of!(tx, (i64, i64, i64, String), text, binds)?;
            rows.into_iter().map(|(.., line)| line).collect()
        } else {
            // Of a small table every plan is as good; what is asked is whether there is an index to go by.
            execute!(tx, "SET LOCAL enable_seqscan = off")?;
            let text = format!("EXPLAIN SELECT {COLUMNS} {text}");
            all_of!(tx, (String,), text, binds)?.into_iter().map(|(line,)| line).collect()
        };
        Ok(lines.join("\n"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_comes_back_and_no_other_text_is_one() {
        for (sort, key) in [
            (Sort::ReceivedDesc, Bind::Number(1_700_000_000_000_000)),
            (Sort::Amount, Bind::Number(NO_AMOUNT)),
            (Sort::DocumentDate, Bind::Text("20260501".to_owned())),
            (Sort::DocumentDateDesc, Bind::Text(String::new())),
        ] {
            let cursor = DocumentCursor { sort, key, id: Uuid::now_v7() };
            assert_eq!(cursor.to_string().parse(), Ok(cursor));
        }
        let id = Uuid::now_v7().simple();
        for not in
            [format!("-received {id} t1"), format!("amount {id} n"), format!("size {id} n1"), "x".to_owned()]
        {
            assert_eq!(URL_SAFE_NO_PAD.encode(not).parse::<DocumentCursor>(), Err(NotACursor));
        }
        assert_eq!(Uuid::now_v7().to_string().parse::<DocumentCursor>(), Err(NotACursor));
    }
}
