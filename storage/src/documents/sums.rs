//! What the documents of a list sum up to, by currency and status, and what came every month and has not come yet.

use acuse_pipeline::document::Status;
use time::{Date, Month};
use uuid::Uuid;

use super::DocumentFilter;
use crate::{
    access::Access,
    catalog::Catalog,
    error::CatalogError,
    export::{Exact, UNHELD},
    names::{CustomerId, number, word},
    sql::Tx,
};

/// What is summed up.
#[derive(Debug, Clone, PartialEq)]
pub struct Sum {
    /// ISO 4217; empty where the paper says none.
    pub currency: String,
    /// Where they stand.
    pub status: Status,
    /// Whether they are documents that came again.
    pub duplicates: bool,
    /// Whether that is what a decision says that can still be taken back.
    pub held: bool,
    /// How many.
    pub documents: u64,
    /// How many of them have an amount.
    pub with_amount: u64,
    /// Of their totals; credit notes and refunds are negative.
    pub total: Exact,
}

/// A credit note is negative, however its paper writes it: see [`crate::export::Line::of`].
const AMOUNT: &str = "CASE WHEN d.amount > 0 AND (d.fields LIKE '%\"type\":{\"value\":\"credit_note\"%' \
     OR d.fields LIKE '%\"type\":{\"value\":\"refund\"%') THEN -d.amount ELSE d.amount END";

/// Decimals of [`super::Amount`].
const PLACES: u32 = 4;

type Row = (String, String, bool, bool, i64, i64, i64, i64);

fn sum(
    (currency, status, duplicates, held, documents, with_amount, whole, behind): Row,
) -> Result<Sum, CatalogError> {
    let one = 10_i128.pow(PLACES);
    Ok(Sum {
        currency: currency.to_uppercase(),
        status: word("documents", "status", &status)?,
        duplicates,
        held,
        documents: number("documents", "id", documents)?,
        with_amount: number("documents", "amount", with_amount)?,
        total: Exact::of(i128::from(whole) * one + i128::from(behind), PLACES),
    })
}

/// [`Catalog::sums_of`] in a transaction.
pub(super) async fn sums(tx: &mut Tx, filter: &DocumentFilter) -> Result<Vec<Sum>, CatalogError> {
    let select = format!(
        "SELECT COALESCE(d.currency, ''), d.status, d.duplicate_of IS NOT NULL, NOT ({UNHELD}), COUNT(*), \
         COUNT(d.amount), CAST(COALESCE(SUM(({AMOUNT}) / 10000), 0) AS BIGINT), \
         CAST(COALESCE(SUM(({AMOUNT}) % 10000), 0) AS BIGINT)"
    );
    let rows: Vec<Row> = filter.aggregated(tx, &select, "GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4").await?;
    rows.into_iter().map(sum).collect()
}

/// Something that comes every month, and has not come in this one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expected {
    /// Of whom.
    pub customer_id: CustomerId,
    /// Their name.
    pub customer: String,
    /// Whose paper, as it is compared.
    pub party: String,
    /// In how many of the four months before it came.
    pub months: u64,
    /// The date of the last, digits only.
    pub last: String,
}

/// Months that are looked back at, and in how many of them it must have come.
const LOOK_BACK: u8 = 4;
const CAME_IN: i64 = 3;
/// Most that is listed.
const MOST: i64 = 500;

/// The first day of the month so many before a date's.
fn months_before(date: Date, months: u8) -> Date {
    let mut first = date.replace_day(1).unwrap_or(date);
    for _ in 0..months {
        let year = if first.month() == Month::January { first.year() - 1 } else { first.year() };
        first = Date::from_calendar_date(year, first.month().previous(), 1).unwrap_or(first);
    }
    first
}

fn digits(date: Date) -> String {
    format!("{:04}{:02}{:02}", date.year(), u8::from(date.month()), date.day())
}

impl Catalog {
    /// What the documents of a filter sum up to. What may not be told to who asks is in no sum.
    ///
    /// # Errors
    /// When the database fails, takes too long, or a row is impossible.
    pub async fn sums_of(&self, filter: &DocumentFilter) -> Result<Vec<Sum>, CatalogError> {
        let mut tx = self.searching().await?;
        sums(&mut tx, filter).await
    }

    /// What came in at least three of the four months before `month` from one party for one customer, not in `month`, and
    /// in one of the last two. What is refused or doubled by a decision that can still be taken back has come all the same.
    ///
    /// # Errors
    /// When the database fails, takes too long, or a row is impossible.
    pub async fn expected_in(&self, access: &Access, month: Date) -> Result<Vec<Expected>, CatalogError> {
        let mut tx = self.searching().await?;
        let this = digits(months_before(month, 0));
        let text = format!(
            "SELECT d.customer_id, c.name, d.issuer, \
             COUNT(DISTINCT CASE WHEN d.doc_date < $2 THEN SUBSTR(d.doc_date, 1, 6) END), MAX(d.doc_date) \
             FROM documents d JOIN customers c ON c.id = d.customer_id \
             WHERE d.doc_date >= $1 AND NOT ((d.status = 'rejected' OR d.duplicate_of IS NOT NULL) AND {UNHELD}) \
               AND d.kind IN ('invoice', 'receipt') AND d.issuer IS NOT NULL AND d.issuer <> '' AND {} AND {} \
             GROUP BY d.customer_id, c.name, d.issuer \
             HAVING COUNT(DISTINCT CASE WHEN d.doc_date < $2 THEN SUBSTR(d.doc_date, 1, 6) END) >= $4 \
               AND MAX(d.doc_date) < $2 AND MAX(d.doc_date) >= $3 ORDER BY c.name, d.issuer LIMIT $5",
            access.told("d"),
            access.reach(&tx, "d")
        );
        let rows = all!(
            tx,
            (Uuid, String, String, i64, String),
            sqlx::AssertSqlSafe(text.clone()),
            digits(months_before(month, LOOK_BACK)),
            this.as_str(),
            digits(months_before(month, 2)),
            CAME_IN,
            MOST
        )?;
        let expected = |(customer_id, customer, party, months, last)| {
            Ok(Expected {
                customer_id: CustomerId(customer_id),
                customer,
                party,
                months: number("documents", "doc_date", months)?,
                last,
            })
        };
        rows.into_iter().map(expected).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::date;

    #[test]
    fn months_are_counted_back_over_the_years() {
        assert_eq!(months_before(date!(2026 - 02 - 28), 0), date!(2026 - 02 - 01));
        assert_eq!(months_before(date!(2026 - 02 - 28), 4), date!(2025 - 10 - 01));
        assert_eq!(digits(months_before(date!(2026 - 01 - 31), 1)), "20251201");
    }
}
