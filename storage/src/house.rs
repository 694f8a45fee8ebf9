//! The house's own rules ([`acuse_conversation::House`]): a file that was handed in stands in the catalog, for every
//! process alike, and the latest counts.

use acuse_conversation::{BadRules, House};
use serde_json::json;
use time::OffsetDateTime;

use crate::{
    audit,
    catalog::Catalog,
    error::CatalogError,
    names::{at, cut, micros},
    sql::Tx,
};

const T: &str = "house_rules";
/// Longest file of rules, bytes.
pub const MOST_BYTES: usize = 256 * 1024;

/// Rules as they were handed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// Which ones: they are counted from 1.
    pub version: i64,
    /// The file.
    pub text: String,
    /// Who handed it in.
    pub set_by: String,
    /// When.
    pub set_at: OffsetDateTime,
}

/// Why rules are not taken.
#[derive(Debug, thiserror::Error)]
pub enum RulesError {
    /// A line of them is wrong.
    #[error(transparent)]
    Bad(#[from] BadRules),
    /// They are too long to be rules.
    #[error("a file of rules has at most {MOST_BYTES} bytes")]
    TooLong,
    /// The catalog failed.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
}

async fn latest(tx: &mut Tx) -> Result<Option<Rules>, CatalogError> {
    let row = optional!(
        tx,
        (i64, String, String, i64),
        "SELECT version, rules, set_by, set_at FROM house_rules ORDER BY version DESC LIMIT 1"
    )?;
    row.map(|(version, text, set_by, set_at)| {
        Ok(Rules { version, text, set_by, set_at: at(T, "set_at", set_at)? })
    })
    .transpose()
}

/// The rules that count; those of nobody where none were handed in.
pub(crate) async fn rules(tx: &mut Tx) -> Result<House, CatalogError> {
    in_force(tx).await.map(|(_, house)| house)
}

/// The rules that count and their version; 0 where none were handed in.
pub(crate) async fn in_force(tx: &mut Tx) -> Result<(i64, House), CatalogError> {
    let Some(rules) = latest(tx).await? else { return Ok((0, House::default())) };
    let house = House::read(&rules.text).map_err(|bad| CatalogError::ImpossibleRow {
        table: T,
        column: "rules",
        why: bad.to_string(),
    })?;
    Ok((rules.version, house))
}

impl Catalog {
    /// The rules as they were handed in last.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn house_rules(&self) -> Result<Option<Rules>, CatalogError> {
        let mut tx = self.reading().await?;
        latest(&mut tx).await
    }

    /// What the rules that count say.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn house(&self) -> Result<House, CatalogError> {
        let mut tx = self.reading().await?;
        rules(&mut tx).await
    }

    /// Hands rules in; they count from now on. The version they have.
    ///
    /// # Errors
    /// When a line is wrong, or the database fails.
    pub async fn set_house_rules(&self, text: &str, who: &str) -> Result<i64, RulesError> {
        if text.len() > MOST_BYTES {
            return Err(RulesError::TooLong);
        }
        House::read(text)?;
        let mut tx = self.writing().await?;
        let present = tx.now();
        let (version,) = one!(
            tx,
            (i64,),
            "INSERT INTO house_rules (version, rules, set_by, set_at) \
             SELECT COALESCE(MAX(version), 0) + 1, $1, $2, $3 FROM house_rules RETURNING version",
            text,
            cut(who, 200),
            micros(present)
        )?;
        audit::write(&mut tx, who, "house_rules_set", None, &json!({ "version": version })).await?;
        tx.commit().await?;
        Ok(version)
    }
}
