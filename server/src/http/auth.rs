//! Who is asking, and what they may do: API keys here, people in [`crate::desk::session`].

use std::{net::IpAddr, time::Instant};

use acuse_pipeline::document::Sha256;
use acuse_storage::{Access, Document, keys::Scope};
use axum::{
    extract::FromRequestParts,
    http::{Extensions, header, request::Parts},
};
use rand::RngExt;

use super::{front::rates::Visit, problem::Problem};
use crate::state::App;

/// What every key begins with, so that a leaked one is recognised by scanners.
const PREFIX: &str = "acuse_";

/// A new key: the prefix and 256 random bits in hex.
#[must_use]
pub fn new_key() -> String {
    let bits: [u8; 32] = rand::rng().random();
    format!("{PREFIX}{}", hex::encode(bits))
}

/// A new key of the sandbox: what it is can be seen on it.
#[must_use]
pub fn new_sandbox_key() -> String {
    new_key().replacen(PREFIX, super::sandbox::PREFIX, 1)
}

/// Who is asking.
#[derive(Debug, Clone)]
pub struct Caller {
    /// As the audit trail names them: `key:NAME` or `user:NAME`.
    pub actor: String,
    /// The key's id, for idempotency.
    pub key: Option<acuse_storage::names::KeyId>,
    scopes: Vec<Scope>,
    access: Access,
}

impl Caller {
    /// A person at the desk, with what their role may; to see IDs is a right of its own.
    #[must_use]
    pub fn person(name: &str, mut scopes: Vec<Scope>, access: Access) -> Self {
        if access.sees_ids() {
            scopes.push(Scope::IdsRead);
        }
        Self { actor: format!("user:{name}"), key: None, scopes, access }
    }

    /// Whoever follows a link that was given to somebody who may, or may not, see IDs.
    #[must_use]
    pub fn of_link(sees_ids: bool) -> Self {
        let mut scopes = vec![Scope::DocumentsRead];
        if sees_ids {
            scopes.push(Scope::IdsRead);
        }
        Self { actor: "link".to_owned(), key: None, scopes, access: Access::new(sees_ids) }
    }

    /// A key of these scopes, bound to nothing.
    #[cfg(test)]
    pub(crate) fn of_key(name: &str, scopes: &[Scope]) -> Self {
        let sees_ids = scopes.contains(&Scope::IdsRead);
        Self {
            actor: format!("key:{name}"),
            key: None,
            scopes: scopes.to_vec(),
            access: Access::new(sees_ids),
        }
    }

    /// How far the caller sees.
    #[must_use]
    pub fn access(&self) -> &Access {
        &self.access
    }

    /// Whether the caller has a scope; `admin` has all.
    #[must_use]
    pub fn has(&self, scope: Scope) -> bool {
        self.scopes.contains(&scope) || self.scopes.contains(&Scope::Admin)
    }

    /// Whether this is the only scope there is.
    #[must_use]
    pub fn has_only(&self, scope: Scope) -> bool {
        self.scopes == [scope]
    }

    /// # Errors
    /// 403 naming the scope.
    pub fn require(&self, scope: Scope) -> Result<(), Problem> {
        // Whoever changes customers changes whose any document is.
        if scope == Scope::CustomersWrite && self.access.is_bound() {
            return Err(Problem::Bound);
        }
        if self.has(scope) { Ok(()) } else { Err(Problem::Forbidden { scope: scope.as_str() }) }
    }

    /// # Errors
    /// 403 naming the first scope, unless the caller has one of them.
    pub fn require_one(&self, scopes: [Scope; 2]) -> Result<(), Problem> {
        if self.has(scopes[1]) { Ok(()) } else { self.require(scopes[0]) }
    }

    /// The caller as an assistant decides: without the right to see IDs, so that only what is open is decided and nothing
    /// is made so, and under a name of its own in the audit trail.
    ///
    /// # Errors
    /// 403 unless the key has `reviews:mcp` itself.
    pub fn as_assistant(&self) -> Result<Self, Problem> {
        if !self.scopes.contains(&Scope::ReviewsMcp) {
            return Err(Problem::Forbidden { scope: Scope::ReviewsMcp.as_str() });
        }
        let name = self.actor.trim_start_matches("key:");
        Ok(Self {
            actor: format!("mcp:{name}"),
            key: self.key,
            scopes: vec![Scope::DocumentsRead, Scope::ReviewsWrite],
            access: self.access.without_ids(),
        })
    }

    /// Whether it is a key that acts for an assistant, of whose decisions nothing is learnt.
    #[must_use]
    pub fn is_assistant(&self) -> bool {
        self.actor.starts_with("mcp:")
    }

    /// Whether what a document says and shows must be kept from this caller.
    ///
    /// What nobody vouches to be none may be an ID, so it is treated as one. Who may only send documents reads none.
    #[must_use]
    pub fn is_withheld(&self, document: &Document) -> bool {
        let reads = self.has(Scope::DocumentsRead) || self.has(Scope::ReviewsWrite);
        !reads || self.access.withholds(document.sensitivity)
    }

    /// Whether what its sender called a document must be kept from this caller: of a part it was said of the whole file,
    /// which may hold an ID.
    #[must_use]
    pub fn is_name_withheld(&self, document: &Document) -> bool {
        self.is_withheld(document) || document.part.is_some() && !self.access.sees_ids()
    }
}

/// Counts the key, or whatever it is, before it is looked up.
async fn visit<'a>(
    app: &'a App,
    hash: Sha256,
    address: IpAddr,
    extensions: &Extensions,
    at: Instant,
) -> Result<Visit<'a>, Problem> {
    let rates = &app.budget.rates;
    let limited = match rates.visit(hash, address, extensions, at) {
        Ok(visit) => return Ok(visit),
        Err(limited) => limited,
    };
    if rates.knows(&hash) {
        return Err(limited);
    }
    // The address has tried too many in vain, which is no good key's fault.
    if app.budget.good_keys.has(&app.catalog, &hash, at).await {
        return rates.vouched(hash, address, extensions, at);
    }
    metrics::counter!("acuse_bad_keys_refused_total").increment(1);
    Err(limited)
}

impl FromRequestParts<App> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        // Somebody looked before what is asked was read ([`super::scopes`]): a request is one visit.
        if let Some(known) = parts.extensions.get::<Self>() {
            return Ok(known.clone());
        }
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
        let hash = Sha256::of(key.as_bytes());
        let address = app.budget.trusted.client_of(&parts.extensions, &parts.headers);
        let visit = visit(app, hash, address, &parts.extensions, Instant::now()).await?;
        let found = app.catalog.key_with_access(&hash).await.inspect_err(|_| visit.not_asked())?;
        let (found, access) = found.ok_or(Problem::Unauthorized).inspect_err(|_| visit.bad())?;
        visit.good(&parts.extensions)?;
        Ok(Self { actor: format!("key:{}", found.name), key: Some(found.id), scopes: found.scopes, access })
    }
}
