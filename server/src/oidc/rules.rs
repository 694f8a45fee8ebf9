//! Who comes in, and as what, of those a provider vouches for: plain functions over what it says of them.

use acuse_storage::users::{Role, identities};
use serde_json::{Map, Value};

/// What whoever runs the house says of it.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    /// The claim that holds somebody's groups.
    pub claim: Option<String>,
    /// Which group has which role; the first that somebody is in counts.
    pub roles: Vec<(String, Role)>,
    /// Domains of the addresses that may come in, in lower case; none: any.
    pub domains: Vec<String>,
    /// The role of people whom nobody added; none: they stay outside.
    pub new_role: Option<Role>,
    /// Whether an address of which the provider says neither that it is proven nor that it is not is taken for proven: for
    /// one whose accounts the house itself gives out.
    pub assumes_email: bool,
}

/// Somebody, as the provider tells of them in a token that was verified.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Told {
    /// The provider's own name for them.
    pub subject: String,
    /// Their address.
    pub email: Option<String>,
    /// Whether the provider has proven that it is theirs; none where it says nothing of it.
    pub email_verified: Option<bool>,
    /// The groups they are in.
    pub groups: Vec<String>,
}

impl Told {
    /// Adds what the provider says where more is asked of it: an address that the token lacks, and whether that is proven. A
    /// yes counts for the very address; a no for whatever address it comes with, however that is written.
    pub fn add_email(&mut self, email: Option<String>, verified: Option<bool>) {
        let Some(said) = &self.email else {
            (self.email, self.email_verified) = (email, verified);
            return;
        };
        let is_same = email.is_some_and(|email| email.eq_ignore_ascii_case(said));
        if self.email_verified.is_none() && (is_same || verified == Some(false)) {
            self.email_verified = verified;
        }
    }
}

/// Why somebody stays outside by these rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Barred {
    /// Their address is of another house, or is not proven where it must be of ours.
    Domain,
    /// None of their groups has a role.
    Groups,
}

impl Rules {
    /// Somebody's address, in lower case, where it is proven.
    #[must_use]
    pub fn proven_email(&self, told: &Told) -> Option<String> {
        let proven = told.email_verified.unwrap_or(self.assumes_email);
        told.email.as_deref().filter(|_| proven).and_then(identities::email)
    }

    /// The role that their groups give; none where groups say nothing of roles.
    ///
    /// # Errors
    /// Why they stay outside.
    pub fn judge(&self, told: &Told) -> Result<Option<Role>, Barred> {
        if !self.domains.is_empty() {
            let email = self.proven_email(told).ok_or(Barred::Domain)?;
            let domain = email.rsplit('@').next().unwrap_or_default();
            if !self.domains.iter().any(|ours| ours == domain) {
                return Err(Barred::Domain);
            }
        }
        if self.claim.is_none() {
            return Ok(None);
        }
        let role = self.roles.iter().find(|(group, _)| told.groups.contains(group)).map(|(_, role)| *role);
        role.map(Some).ok_or(Barred::Groups)
    }

    /// The groups among what a provider tells, where it tells any.
    #[must_use]
    pub fn groups(&self, claims: &Map<String, Value>) -> Vec<String> {
        let Some(name) = &self.claim else { return Vec::new() };
        // A name with dots may be one claim's, or the way to it.
        let found = claims.get(name).or_else(|| {
            let mut parts = name.split('.');
            let first = claims.get(parts.next()?)?;
            parts.try_fold(first, |value, part| value.get(part))
        });
        match found {
            Some(Value::String(one)) => vec![one.clone()],
            Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            _ => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn told(email: &str, groups: &[&str]) -> Told {
        let groups = groups.iter().map(|g| (*g).to_owned()).collect();
        Told { subject: "s".to_owned(), email: Some(email.to_owned()), email_verified: Some(true), groups }
    }

    fn ours() -> Rules {
        Rules {
            claim: Some("realm_access.roles".to_owned()),
            roles: vec![("heads".to_owned(), Role::Supervisor), ("clerks".to_owned(), Role::Reviewer)],
            domains: vec!["example.org".to_owned()],
            new_role: None,
            assumes_email: false,
        }
    }

    #[test]
    fn the_first_group_that_has_a_role_counts() {
        assert_eq!(ours().judge(&told("a@example.org", &["clerks", "heads"])), Ok(Some(Role::Supervisor)));
        assert_eq!(ours().judge(&told("a@example.org", &["guests"])), Err(Barred::Groups));
        assert_eq!(Rules::default().judge(&told("a@example.org", &[])), Ok(None));
    }

    #[test]
    fn an_address_of_another_house_stays_outside() {
        for other in [
            "a@example.com",
            "a@sub.example.org",
            "a@example.org.evil.example",
            "example.org",
            "a@evil@example.com",
        ] {
            assert_eq!(ours().judge(&told(other, &["clerks"])), Err(Barred::Domain), "{other}");
        }
        for unproven in [Some(false), None] {
            let unproven = Told { email_verified: unproven, ..told("a@example.org", &["clerks"]) };
            assert_eq!(ours().judge(&unproven), Err(Barred::Domain));
        }
        assert!(ours().judge(&told("A@Example.ORG", &["clerks"])).is_ok());
    }

    #[test]
    fn what_a_provider_never_says_is_taken_for_proven_where_the_house_vouches_for_it() {
        let vouching = Rules { assumes_email: true, ..ours() };
        let said = |verified| Told { email_verified: verified, ..told("Ana@example.org", &[]) };
        let proven = |rules: &Rules, verified| rules.proven_email(&said(verified)).is_some();
        assert!(proven(&vouching, None) && proven(&vouching, Some(true)));
        assert!(!proven(&vouching, Some(false)), "said not to be proven, it is not");
        assert!(proven(&ours(), Some(true)) && !proven(&ours(), None) && !proven(&ours(), Some(false)));
    }

    #[test]
    fn a_no_that_is_said_elsewhere_is_a_no_however_the_address_is_written() {
        let asked = |verified, (email, answer): (Option<&str>, Option<bool>)| {
            let mut told = Told { email_verified: verified, ..told("ana@example.org", &[]) };
            told.add_email(email.map(str::to_owned), answer);
            told.email_verified
        };
        for email in [Some("ana@example.org"), Some("Ana@Example.ORG"), Some("eva@example.org"), None] {
            assert_eq!(asked(None, (email, Some(false))), Some(false), "{email:?}");
        }
        assert_eq!(asked(None, (Some("Ana@example.org"), Some(true))), Some(true));
        assert_eq!(asked(None, (Some("eva@example.org"), Some(true))), None, "that is somebody else's");
        assert_eq!(
            asked(Some(true), (Some("ana@example.org"), Some(false))),
            Some(true),
            "the token is signed"
        );
        let mut nothing = Told::default();
        nothing.add_email(Some("eva@example.org".to_owned()), Some(true));
        assert_eq!((nothing.email.as_deref(), nothing.email_verified), (Some("eva@example.org"), Some(true)));
    }

    #[test]
    fn groups_lie_in_a_claim_or_deeper() {
        let read = |claims: Value| ours().groups(claims.as_object().unwrap());
        assert_eq!(read(json!({ "realm_access": { "roles": ["clerks", 7] } })), ["clerks"]);
        assert_eq!(read(json!({ "realm_access.roles": "clerks" })), ["clerks"]);
        assert!(read(json!({ "realm_access": ["clerks"], "roles": ["clerks"] })).is_empty());
    }
}
