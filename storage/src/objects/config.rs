//! Which S3, and who we are to it.

use std::fmt;

/// An access key and its secret, which `Debug` does not show.
#[derive(Clone)]
pub struct Credentials {
    pub(super) access_key: String,
    pub(super) secret_key: String,
    pub(super) session_token: Option<String>,
}

impl Credentials {
    /// A pair that lasts.
    #[must_use]
    pub fn new(access_key: impl Into<String>, secret_key: impl Into<String>) -> Self {
        Self { access_key: access_key.into(), secret_key: secret_key.into(), session_token: None }
    }

    /// With `AWS_SESSION_TOKEN`.
    #[must_use]
    pub fn with_session_token(mut self, token: Option<String>) -> Self {
        self.session_token = token;
        self
    }

    pub(crate) fn access_key(&self) -> &str {
        &self.access_key
    }

    pub(crate) fn secret_key(&self) -> &str {
        &self.secret_key
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("access_key", &self.access_key).finish_non_exhaustive()
    }
}

/// Which S3, and which bucket of it.
#[derive(Debug, Clone)]
pub struct S3Config {
    /// `http://host:port`; none for AWS itself.
    pub endpoint: Option<String>,
    /// Bucket.
    pub bucket: String,
    /// Region; `us-east-1` where it means nothing.
    pub region: String,
    /// Who we are.
    pub credentials: Credentials,
}
