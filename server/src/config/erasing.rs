//! What is sealed, what is erased, and when.

use std::path::{Path, PathBuf};

use acuse_storage::erasure::{Keep, NotARetention, Retention};

use super::{Aws, ConfigError, Settings, given, secret};

/// Who we are to an S3; none where it is not said.
pub(super) fn aws(s: &Settings) -> Option<Aws> {
    Some(Aws {
        access_key_id: secret(s.aws_access_key_id.as_ref())?,
        secret_access_key: secret(s.aws_secret_access_key.as_ref())?,
        session_token: secret(s.aws_session_token.as_ref()),
    })
}

/// Machines that share objects must be given a copy of one file, so there none is made unasked.
pub(super) fn key_file(s: &Settings, data_dir: &Path) -> Option<PathBuf> {
    let embedded = given(s.s3_endpoint.as_deref()).is_none();
    match s.key_file.as_deref().filter(|path| !path.as_os_str().is_empty()) {
        Some(path) if path.as_os_str() == "none" => None,
        Some(path) => Some(path.to_owned()),
        None => embedded.then(|| data_dir.join("acuse.key")),
    }
}

/// When the time of documents is over.
pub(super) fn retention(s: &Settings) -> Result<Retention, ConfigError> {
    let rules = given(s.retention.as_deref()).unwrap_or_default();
    rules.parse().map_err(|e: NotARetention| ConfigError::new("ACUSE_RETENTION", e.to_string()))
}

/// What stays of a bill that is erased.
pub(super) fn keeps(s: &Settings) -> Result<Keep, ConfigError> {
    let odd =
        |text: &str| ConfigError::new("ACUSE_ERASE_KEEPS", format!("{text:?}: write amounts or nothing"));
    given(s.erase_keeps.as_deref()).map_or(Ok(Keep::Amounts), |text| text.parse().map_err(|_| odd(text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_file_is_made_unasked_only_where_nobody_else_needs_it() {
        let folder = Path::new("data");
        let of = |key: Option<&str>, s3: Option<&str>| {
            let s = Settings {
                key_file: key.map(PathBuf::from),
                s3_endpoint: s3.map(str::to_owned),
                ..Settings::default()
            };
            key_file(&s, folder)
        };
        assert_eq!(of(None, None), Some(PathBuf::from("data/acuse.key")));
        assert_eq!(of(None, Some("http://s3")), None);
        assert_eq!(of(Some("/keys/a"), Some("http://s3")), Some(PathBuf::from("/keys/a")));
        assert_eq!(of(Some("none"), None), None);
        assert_eq!(of(Some(""), None), Some(PathBuf::from("data/acuse.key")), "as unset");
    }
}
