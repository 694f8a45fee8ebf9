//! `ACUSE_LIMIT_…`: every limit of the reader, set by its name in capitals.

use acuse_pipeline::limits::Limits;

use crate::config::ConfigError;

/// What every such variable begins with.
const PREFIX: &str = "ACUSE_LIMIT_";

/// The variables that are set, each without its prefix. An empty one is an unset one.
#[must_use]
pub fn given() -> Vec<(String, String)> {
    let text = |os: std::ffi::OsString| os.to_string_lossy().into_owned();
    let pairs = std::env::vars_os().map(|(name, value)| (text(name), text(value)));
    let ours = pairs.filter_map(|(name, value)| Some((name.strip_prefix(PREFIX)?.to_owned(), value)));
    ours.filter(|(_, value)| !value.trim().is_empty()).collect()
}

/// The defaults, changed as asked.
///
/// # Errors
/// When a name is not known or a value cannot be.
pub fn parse(given: &[(String, String)]) -> Result<Limits, ConfigError> {
    let mut limits = Limits::default();
    for (name, value) in given {
        limits
            .set(&name.to_ascii_lowercase(), value)
            .map_err(|error| ConfigError::new(format!("{PREFIX}{name}"), format!("{value:?} {error}")))?;
    }
    Ok(limits)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(name: &str, value: &str) -> Result<Limits, ConfigError> {
        parse(&[(name.to_owned(), value.to_owned())])
    }

    #[test]
    fn a_limit_is_set_by_its_name_in_capitals() {
        assert_eq!(parsed("PAGES", "7").unwrap().pages, 7);
        assert_eq!(parsed("MEMORY_BYTES", "1 GiB").unwrap().memory_bytes, 1 << 30);
        assert_eq!(parse(&[]).unwrap(), Limits::default());
    }

    #[test]
    fn what_cannot_be_names_the_variable_and_what_to_write() {
        let said = |name, value| parsed(name, value).unwrap_err().to_string();
        assert_eq!(said("PAGES", "0"), r#"ACUSE_LIMIT_PAGES: "0" must be from 1 to 1000"#);
        assert!(said("READ_MS", "soon").starts_with("ACUSE_LIMIT_READ_MS: \"soon\" is not a whole number"));
        let unknown = said("PAGE", "7");
        assert!(
            unknown.starts_with("ACUSE_LIMIT_PAGE: ") && unknown.contains("original_bytes, "),
            "{unknown}"
        );
    }
}
