//! The columns that duplicate search and lists look at, taken from a document's fields.

use std::str::FromStr;

use acuse_pipeline::fields::{FieldName, Fields};
use uuid::Uuid;

use super::{folded, signed};
use crate::{backfills, catalog::Catalog, customers::name_key, error::CatalogError, names::json, sql::Tx};

/// An amount of money without its currency, exact to a ten-thousandth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Amount(pub(crate) i64);

/// A text that is no amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("write an amount as 1234.50, with a point and at most 4 decimals")]
pub struct NotAnAmount;

/// Digits behind the point.
const DECIMALS: usize = 4;

impl std::fmt::Display for Amount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (minus, units) = (if self.0 < 0 { "-" } else { "" }, self.0.unsigned_abs());
        let (whole, behind) = (units / 10_000, units % 10_000);
        if behind % 100 == 0 {
            write!(f, "{minus}{whole}.{:02}", behind / 100)
        } else {
            write!(f, "{minus}{whole}.{behind:04}")
        }
    }
}

impl Amount {
    /// Nothing.
    pub const ZERO: Self = Self(0);
}

impl FromStr for Amount {
    type Err = NotAnAmount;

    fn from_str(text: &str) -> Result<Self, NotAnAmount> {
        let (minus, digits) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
        let (whole, behind) = digits.split_once('.').unwrap_or((digits, ""));
        let is_number = |t: &str| t.bytes().all(|b| b.is_ascii_digit());
        if whole.is_empty()
            || whole.len() > 14
            || behind.len() > DECIMALS
            || !is_number(whole)
            || !is_number(behind)
        {
            return Err(NotAnAmount);
        }
        let value: i64 = format!("{whole}{behind:0<DECIMALS$}").parse().map_err(|_| NotAnAmount)?;
        Ok(Self(if minus { -value } else { value }))
    }
}

/// The columns.
pub(crate) struct Extracted {
    pub party: Option<String>,
    pub number: Option<String>,
    pub doc_date: Option<String>,
    pub total: Option<String>,
    pub currency: Option<String>,
    pub issuer: Option<String>,
    pub issuer_tax_id: Option<String>,
    pub amount: Option<i64>,
}

impl Extracted {
    pub(crate) fn from(fields: &Fields) -> Self {
        use FieldName::{
            Currency, Date, DocumentNumber, IssueDate, IssuerName, IssuerTaxId, MerchantName, MerchantTaxId,
            Number, Total,
        };
        let first = |names: &[FieldName]| names.iter().find_map(|n| fields.get(n)).map(|f| f.value.as_str());
        let total = first(&[Total]);
        Self {
            // Who issued it: the tax id where read, because names are spelled in many ways.
            party: first(&[IssuerTaxId, MerchantTaxId, IssuerName, MerchantName]).map(folded),
            number: first(&[Number, DocumentNumber]).map(folded),
            doc_date: first(&[IssueDate, Date]).map(folded),
            total: total.map(signed),
            currency: first(&[Currency]).map(folded),
            issuer: first(&[IssuerName, MerchantName]).map(name_key),
            issuer_tax_id: first(&[IssuerTaxId, MerchantTaxId]).map(folded),
            amount: total.and_then(|t| t.parse::<Amount>().ok()).map(|a| a.0),
        }
    }

    /// Those that only lists look at; the others are written with the fields.
    pub(crate) async fn write_for_lists(&self, tx: &mut Tx, id: Uuid) -> Result<(), CatalogError> {
        execute!(
            tx,
            "UPDATE documents SET issuer = $2, issuer_tax_id = $3, amount = $4 WHERE id = $1",
            id,
            self.issuer.as_deref(),
            self.issuer_tax_id.as_deref(),
            self.amount
        )
        .map(drop)
    }
}

/// The backfill of these columns.
const KEYS: &str = "document_keys";
/// Rows filled in one transaction.
const BATCH: i64 = 500;

impl Catalog {
    /// Fills the columns of the documents that were there before them. Part of bringing the tables up to date, for a
    /// filter that finds some of what there is would be worse than none; it goes on where an earlier run was ended.
    pub(crate) async fn fill_document_keys(&self) -> Result<(), CatalogError> {
        loop {
            let mut tx = self.writing().await?;
            let Some((after, upto_id)) = backfills::place(&mut tx, KEYS).await? else { return Ok(()) };
            let rows = all!(
                tx,
                (Uuid, String),
                "SELECT id, fields FROM documents WHERE id > $1 AND id <= $2 ORDER BY id LIMIT $3",
                after,
                upto_id,
                BATCH
            )?;
            for (id, fields) in &rows {
                let fields: Fields = json("documents", "fields", fields)?;
                Extracted::from(&fields).write_for_lists(&mut tx, *id).await?;
            }
            let ids: Vec<Uuid> = rows.iter().map(|(id, _)| *id).collect();
            backfills::moved(&mut tx, KEYS, &ids).await?;
            tx.commit().await?;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_is_exact() {
        let parsed = |t: &str| t.parse::<Amount>().map(|a| a.0);
        assert_eq!(parsed("45.00"), Ok(450_000));
        assert_eq!(parsed("-0.5"), Ok(-5_000));
        assert_eq!(parsed("12"), Ok(120_000));
        for same in ["45.00", "-0.50", "1.2345"] {
            assert_eq!(same.parse::<Amount>().map(|a| a.to_string()), Ok(same.to_owned()));
        }
        for not in ["", "-", "1,5", "1.23456", ".5", "1e3", "999999999999999"] {
            assert_eq!(parsed(not), Err(NotAnAmount), "{not}");
        }
    }
}
