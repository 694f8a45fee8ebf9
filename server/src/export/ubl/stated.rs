//! What EN 16931 wants said and no paper says, as whoever runs the accounts states it in the mapping file; and the
//! little that all the world knows of VAT (`vat.tsv`, `countries.txt`).

use std::collections::BTreeMap;

use acuse_storage::export::Exact;
use serde::Deserialize;

const VAT: &str = include_str!("vat.tsv");
const COUNTRIES: &str = include_str!("countries.txt");
/// Those of UN/ECE Recommendation 20 that goods and work are counted in.
const UNITS: &str = include_str!("units.txt");
/// Categories that say why nothing is charged need a reason, which nobody has stated; these do not (UNCL 5305).
const CATEGORIES: &[&str] = &["S", "Z", "L", "M"];

/// The member `ubl` of a mapping file.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Stated {
    /// In what quantities are counted that say no unit (UN/ECE Recommendation 20), e.g. `C62` for pieces.
    pub(super) unit_code: Option<String>,
    /// Where a party is that is not listed (ISO 3166-1), unless its VAT identifier is of another country.
    country: Option<String>,
    /// Where parties are.
    countries: Vec<Somewhere>,
    /// The category of each rate in percent (UNCL 5305): `"0": "Z"`.
    vat_categories: BTreeMap<String, String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Somewhere {
    #[serde(default)]
    tax_id: Option<String>,
    #[serde(default)]
    name: Option<String>,
    country: String,
}

/// Letters and digits, upper case.
fn folded(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_uppercase).collect()
}

/// A rate in thousandths of a percent.
pub(super) fn rate(text: &str) -> Option<i128> {
    Exact::parse(text)?.whole(3)
}

/// Rows of `vat.tsv` of one sort.
fn rows(sort: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    VAT.lines().map(|line| line.split('\t').collect::<Vec<_>>()).filter(move |row| row.first() == Some(&sort))
}

/// The country of a VAT identifier that is written with its prefix, and the identifier without what parts it.
pub(super) fn vat_number(tax_id: &str) -> Option<(&'static str, String)> {
    let id = folded(tax_id);
    let country = rows("number").find_map(|row| {
        let [_, prefix, country, lengths] = row.as_slice() else { return None };
        let rest = id.strip_prefix(prefix)?;
        let fits = lengths.split(',').any(|n| n.parse() == Ok(rest.chars().count()));
        (fits && rest.contains(|c: char| c.is_ascii_digit())).then_some(*country)
    })?;
    Some((country, id))
}

impl Stated {
    /// Says what of it cannot be.
    pub(crate) fn check(&self) -> Result<(), String> {
        let codes = self.countries.iter().map(|c| &c.country).chain(&self.country);
        for code in codes {
            if !COUNTRIES.split_whitespace().any(|known| known == code) {
                return Err(format!("ubl: {code:?} is no country of ISO 3166-1, e.g. \"ES\""));
            }
        }
        if let Some(nobody) = self.countries.iter().find(|c| c.tax_id.is_none() && c.name.is_none()) {
            return Err(format!("ubl: country {:?}: write a `tax_id` or a `name`", nobody.country));
        }
        // BR-CL-23.
        if let Some(odd) = self.unit_code.as_ref().filter(|c| !UNITS.split_whitespace().any(|u| u == *c)) {
            let known = UNITS.split_whitespace().collect::<Vec<_>>().join(" ");
            return Err(format!("ubl: unit_code: {odd:?} is none of {known} (UN/ECE Recommendation 20)"));
        }
        for (at, category) in &self.vat_categories {
            if rate(at).is_none() || !CATEGORIES.contains(&category.as_str()) {
                let known = CATEGORIES.join(" ");
                return Err(format!(
                    "ubl: vat_categories {at:?}: {category:?}: write a rate in percent and one of {known}"
                ));
            }
        }
        Ok(())
    }

    /// Where a party is.
    pub(super) fn country(&self, name: &str, tax_id: &str) -> Option<&str> {
        let same = |said: &Option<String>, text: &str| {
            said.as_deref().map(folded).is_some_and(|said| !said.is_empty() && said == folded(text))
        };
        let listed = self.countries.iter().find(|c| same(&c.tax_id, tax_id) || same(&c.name, name));
        let others = |country: &&str| vat_number(tax_id).is_none_or(|(of, _)| of == *country);
        listed.map(|c| c.country.as_str()).or_else(|| self.country.as_deref().filter(others))
    }

    /// The category of a tax at a rate in thousandths of a percent.
    pub(super) fn category(&self, tax: &str, at: i128) -> Option<&str> {
        let said = self.vat_categories.iter().find(|(said, _)| rate(said) == Some(at));
        let name = folded(tax);
        let known = || {
            rows("name").find_map(|row| (row.get(1) == Some(&name.as_str())).then(|| row.get(2).copied())?)
        };
        said.map(|(_, category)| category.as_str()).or_else(|| known().filter(|_| at > 0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vat_number_is_told_by_its_prefix_and_length() {
        assert_eq!(vat_number("ES B-12.345.674"), Some(("ES", "ESB12345674".to_owned())));
        assert_eq!(vat_number("EL 094259216").map(|v| v.0), Some("GR"));
        for other in ["B12345674", "ESP010101AB1", "12345678Z", "", "DE12345"] {
            assert_eq!(vat_number(other), None, "{other}");
        }
    }

    #[test]
    fn what_cannot_be_stated_is_refused() {
        let stated = |text: &str| serde_json::from_str::<Stated>(text).unwrap();
        assert!(stated(r#"{"unit_code":"C62","country":"ES","vat_categories":{"0":"Z"}}"#).check().is_ok());
        for bad in [
            r#"{"country":"Spain"}"#,
            r#"{"countries":[{"country":"ES"}]}"#,
            r#"{"unit_code":"pieces"}"#,
            r#"{"unit_code":"ZQ9"}"#,
            r#"{"vat_categories":{"IVA":"S"}}"#,
            r#"{"vat_categories":{"0":"E"}}"#,
        ] {
            assert!(stated(bad).check().is_err(), "{bad}");
        }
        let stated = stated(r#"{"country":"ES","countries":[{"name":"Müller GmbH","country":"DE"}]}"#);
        assert_eq!(stated.country("Muster", "B12345674"), Some("ES"));
        assert_eq!(stated.country("Muster", "DE123456789"), None, "its number says another country");
        assert_eq!(stated.country("MÜLLER GmbH", ""), Some("DE"));
        assert_eq!((stated.category("IVA", 21_000), stated.category("IVA", 0)), (Some("S"), None));
        assert_eq!(stated.category("Ecotasa", 21_000), None);
    }
}
