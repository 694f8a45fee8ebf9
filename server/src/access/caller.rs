//! Who is asking, and what they may do: whoever has a key, follows a link, or is a [`Person`](super::Person) at the desk.

use acuse_storage::{
    Access, Document,
    keys::{ApiKey, Scope},
    names::KeyId,
};

use crate::problem::Problem;

/// Who is asking.
#[derive(Debug, Clone)]
pub struct Caller {
    /// As the audit trail names them: `key:NAME` or `user:NAME`.
    pub actor: String,
    /// The key's id, for idempotency.
    pub key: Option<KeyId>,
    scopes: Vec<Scope>,
    access: Access,
}

impl Caller {
    /// Whoever asks with a key, as far as it is bound.
    #[must_use]
    pub fn with_key(key: ApiKey, access: Access) -> Self {
        Self { actor: format!("key:{}", key.name), key: Some(key.id), scopes: key.scopes, access }
    }

    /// A person at the desk, with what their role may; to see IDs is a right of its own.
    #[must_use]
    pub fn person(name: &str, mut scopes: Vec<Scope>, access: Access) -> Self {
        if access.sees_ids() {
            scopes.push(Scope::IdsRead);
        }
        Self { actor: format!("user:{name}"), key: None, scopes, access }
    }

    /// Whoever follows a link: as the audit trail names the one that it was given to, where that is known, and as far as that
    /// one sees.
    #[must_use]
    pub fn of_link(given_to: Option<String>, access: Access) -> Self {
        let mut scopes = vec![Scope::DocumentsRead];
        if access.sees_ids() {
            scopes.push(Scope::IdsRead);
        }
        let actor = given_to.unwrap_or_else(|| "link".to_owned());
        Self { actor, key: None, scopes, access }
    }

    /// A key of these scopes, bound to nothing.
    #[cfg(test)]
    pub(crate) fn of_key(name: &str, scopes: &[Scope]) -> Self {
        let sees_ids = [Scope::IdsRead, Scope::Admin].iter().any(|scope| scopes.contains(scope));
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

    /// Whether the caller has a scope; `admin` has all. Whoever is bound has not that one itself: it is of everybody's. To see IDs
    /// is a right of its own, which a person may be without whatever their role.
    #[must_use]
    pub fn has(&self, scope: Scope) -> bool {
        if scope == Scope::IdsRead {
            return self.access.sees_ids();
        }
        let is_admin = self.scopes.contains(&Scope::Admin);
        if scope == Scope::Admin {
            return is_admin && !self.access.is_bound();
        }
        is_admin || self.scopes.contains(&scope)
    }

    /// Whether this is the only scope there is.
    #[must_use]
    pub fn has_only(&self, scope: Scope) -> bool {
        self.scopes == [scope]
    }

    /// # Errors
    /// 403 naming the scope.
    pub fn require(&self, scope: Scope) -> Result<(), Problem> {
        // Whoever changes customers changes whose any document is, and whoever operates acts on what is everybody's.
        if matches!(scope, Scope::CustomersWrite | Scope::Admin) && self.access.is_bound() {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_admin_at_the_desk_may_be_without_the_right_to_see_ids() {
        let admin = |sees_ids| Caller::person("ana", vec![Scope::Admin], Access::new(sees_ids));
        assert!(admin(true).has(Scope::IdsRead) && !admin(false).has(Scope::IdsRead));
        assert!(admin(false).require(Scope::IdsRead).is_err());
        assert!(admin(false).has(Scope::CustomersWrite) && admin(false).has(Scope::Admin));
        assert!(Caller::of_key("k", &[Scope::Admin]).has(Scope::IdsRead), "of a key that is all there is");
    }
}
