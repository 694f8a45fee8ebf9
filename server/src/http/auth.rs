//! Who is asking, and what they may do: API keys here, people in [`crate::desk::session`].

use acuse_pipeline::document::{Kind, Sha256};
use acuse_storage::{Document, keys::Scope};
use axum::{
    extract::FromRequestParts,
    http::{header, request::Parts},
};
use rand::RngExt;

use super::problem::Problem;
use crate::app::App;

/// What every key begins with, so that a leaked one is recognised by scanners.
const PREFIX: &str = "acuse_";

/// A new key: the prefix and 256 random bits in hex.
#[must_use]
pub fn new_key() -> String {
    let bits: [u8; 32] = rand::rng().random();
    format!("{PREFIX}{}", hex::encode(bits))
}

/// Who is asking.
#[derive(Debug, Clone)]
pub struct Caller {
    /// As the audit trail names them: `key:NAME` or `user:NAME`.
    pub actor: String,
    /// The key's id, for idempotency.
    pub key: Option<acuse_storage::names::KeyId>,
    scopes: Vec<Scope>,
}

impl Caller {
    /// A person at the desk: sees and decides documents; operators also see the operator's pages.
    #[must_use]
    pub fn person(name: &str, is_admin: bool) -> Self {
        let scopes = if is_admin {
            vec![Scope::Admin]
        } else {
            vec![Scope::DocumentsRead, Scope::IdsRead, Scope::ReviewsWrite]
        };
        Self { actor: format!("user:{name}"), key: None, scopes }
    }

    /// Whether the caller has a scope; `admin` has all.
    #[must_use]
    pub fn has(&self, scope: Scope) -> bool {
        self.scopes.contains(&scope) || self.scopes.contains(&Scope::Admin)
    }

    /// # Errors
    /// 403 naming the scope.
    pub fn require(&self, scope: Scope) -> Result<(), Problem> {
        if self.has(scope) { Ok(()) } else { Err(Problem::Forbidden { scope: scope.as_str() }) }
    }

    /// # Errors
    /// 403 naming the first scope, unless the caller has one of them.
    pub fn require_one(&self, scopes: [Scope; 2]) -> Result<(), Problem> {
        if self.has(scopes[1]) { Ok(()) } else { self.require(scopes[0]) }
    }

    /// Whether what a document says and shows must be kept from this caller.
    ///
    /// A document that nobody has classified yet may be an ID, so it is treated as one.
    #[must_use]
    pub fn is_withheld(&self, document: &Document) -> bool {
        may_be_id(document.kind) && !self.has(Scope::IdsRead)
    }

    /// Whether what its sender called a document must be kept from this caller: of a part it was said of the whole file,
    /// which may hold an ID.
    #[must_use]
    pub fn is_name_withheld(&self, document: &Document) -> bool {
        self.is_withheld(document) || document.part.is_some() && !self.has(Scope::IdsRead)
    }
}

/// Whether a document of this kind is, or could still turn out to be, an ID.
#[must_use]
pub fn may_be_id(kind: Option<Kind>) -> bool {
    matches!(kind, None | Some(Kind::Id))
}

impl FromRequestParts<App> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let key = parts
            .headers
            .get(header::AUTHORIZATION)
            .and_then(|v| v.to_str().ok())
            .and_then(|v| v.split_once(' '))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
            .map(|(_, key)| key.trim())
            .filter(|key| key.starts_with(PREFIX) && key.len() <= 128)
            .ok_or(Problem::Unauthorized)?;
        // Looked up by the hash of 256 random bits: how long that takes tells nothing about any key.
        let found =
            app.catalog.key_by_hash(&Sha256::of(key.as_bytes())).await?.ok_or(Problem::Unauthorized)?;
        Ok(Self { actor: format!("key:{}", found.name), key: Some(found.id), scopes: found.scopes })
    }
}
