//! The mapping file: how the accounting system at hand wants its columns, its tax codes and its accounts. JSON, written
//! by a person; what it does not know is left empty, never guessed.

use std::{collections::BTreeMap, path::Path};

use acuse_storage::export::{Exact, Line};
use serde::Deserialize;

use super::{COLUMNS, ubl::Stated};

/// A mapping file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mapping {
    /// The columns, in their order.
    pub columns: Vec<MappedColumn>,
    /// The code of each rate in percent: `"21": "S21"`.
    #[serde(default)]
    tax_codes: BTreeMap<String, String>,
    /// The accounts of vendors; the first that fits counts.
    #[serde(default)]
    accounts: Vec<VendorAccount>,
    /// The account of every other vendor.
    #[serde(default)]
    default_account: String,
    /// What EN 16931 wants said and no paper says.
    #[serde(default)]
    pub(super) ubl: Stated,
}

/// A column of the accounting system.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MappedColumn {
    /// What it is called there.
    pub header: String,
    /// Which of [`COLUMNS`] it has.
    #[serde(default)]
    pub from: Option<String>,
    /// The same text in every row.
    #[serde(default)]
    pub text: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct VendorAccount {
    #[serde(default)]
    tax_id: Option<String>,
    #[serde(default)]
    name: Option<String>,
    account: String,
}

/// A mapping file that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the mapping file {path}: {why}")]
pub struct BadMapping {
    path: String,
    why: String,
}

/// Letters and digits, upper case: tax ids are printed with points, dashes and spaces.
fn folded(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_uppercase).collect()
}

/// A rate without the zeros that say nothing: `21.00` is `21`.
fn rate(text: &str) -> &str {
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { text }
}

impl Mapping {
    /// Reads and checks one.
    ///
    /// # Errors
    /// When it cannot be read, or asks for a column that there is not.
    pub fn read(path: &Path) -> Result<Self, BadMapping> {
        let bad = |why: String| BadMapping { path: path.display().to_string(), why };
        let text = std::fs::read_to_string(path).map_err(|error| bad(error.to_string()))?;
        Self::parse(&text).map_err(bad)
    }

    fn parse(text: &str) -> Result<Self, String> {
        let mut mapping: Self = serde_json::from_str(text).map_err(|error| error.to_string())?;
        if mapping.columns.is_empty() {
            return Err("it has no columns".to_owned());
        }
        for column in &mapping.columns {
            match (&column.from, &column.text) {
                (Some(from), None) if COLUMNS.contains(&from.as_str()) => {}
                (Some(from), None) => {
                    let known = COLUMNS.join(" ");
                    return Err(format!(
                        "column {:?}: there is no {from:?}; there are {known}",
                        column.header
                    ));
                }
                (None, Some(_)) => {}
                _ => return Err(format!("column {:?}: write either `from` or `text`", column.header)),
            }
        }
        for vendor in &mapping.accounts {
            if vendor.tax_id.is_none() && vendor.name.is_none() {
                return Err(format!("account {:?}: write a `tax_id` or a `name`", vendor.account));
            }
        }
        mapping.ubl.check()?;
        for key in mapping.tax_codes.keys() {
            if Exact::parse(key).is_none() {
                return Err(format!("tax code {key:?}: write the rate in percent, e.g. \"21\""));
            }
        }
        mapping.tax_codes =
            mapping.tax_codes.into_iter().map(|(key, code)| (rate(&key).to_owned(), code)).collect();
        Ok(mapping)
    }

    /// The account of a line's vendor.
    pub(super) fn account(&self, line: &Line) -> &str {
        let (tax_id, name) = (folded(&line.issuer_tax_id), folded(&line.issuer_name));
        let same = |said: &Option<String>, text: &str| {
            said.as_deref().map(folded).is_some_and(|said| !said.is_empty() && said == text)
        };
        let found = self.accounts.iter().find(|v| same(&v.tax_id, &tax_id) || same(&v.name, &name));
        found.map_or(self.default_account.as_str(), |v| v.account.as_str())
    }

    /// The codes of a line's rates, `+` between them; empty when one of them has none.
    pub(super) fn tax_code(&self, line: &Line) -> String {
        let codes: Option<Vec<&str>> =
            line.taxes.iter().map(|t| self.tax_codes.get(rate(&t.rate)).map(String::as_str)).collect();
        codes.unwrap_or_default().join("+")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mapping_that_asks_for_what_there_is_not_is_refused() {
        let good = r#"{"columns":[{"header":"Fecha","from":"issue_date"},{"header":"Diario","text":"C"}],
            "tax_codes":{"21.00":"S21"},"accounts":[{"tax_id":"b-123","account":"600"}],"default_account":"629"}"#;
        let mapping = Mapping::parse(good).unwrap();
        assert_eq!(mapping.tax_codes.get("21").map(String::as_str), Some("S21"));
        for bad in [
            r#"{"columns":[]}"#,
            r#"{"columns":[{"header":"x","from":"colour"}]}"#,
            r#"{"columns":[{"header":"x"}]}"#,
            r#"{"columns":[{"header":"x","from":"total","text":"y"}]}"#,
            r#"{"columns":[{"header":"x","from":"total"}],"accounts":[{"account":"1"}]}"#,
            r#"{"columns":[{"header":"x","from":"total"}],"taxcodes":{}}"#,
            r#"{"columns":[{"header":"x","from":"total"}],"tax_codes":{"IVA":"x"}}"#,
            r#"{"columns":[{"header":"x","from":"total"}],"ubl":{"country":"Spain"}}"#,
        ] {
            assert!(Mapping::parse(bad).is_err(), "{bad}");
        }
    }
}
