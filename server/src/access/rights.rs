//! What a role may do at the desk, beside what scopes say of documents.

use acuse_storage::{
    keys::Scope,
    users::{Role, User},
};

/// Something not everybody may.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Right {
    /// Take a review back from whoever holds it, and see how people work.
    Supervise,
    /// See what is to be paid and was, and take it away.
    Finance,
    /// Search the trail.
    Audit,
    /// Let people in and out.
    People,
}

/// Whether a role has it.
#[must_use]
pub fn has(role: Role, right: Right) -> bool {
    match role {
        Role::Admin => true,
        Role::Supervisor => matches!(right, Right::Supervise | Right::Finance),
        Role::Finance => right == Right::Finance,
        Role::Auditor => matches!(right, Right::Audit | Right::Finance),
        Role::Reviewer => false,
    }
}

/// What a role may do with documents and messages.
#[must_use]
pub fn scopes(role: Role) -> Vec<Scope> {
    match role {
        Role::Admin => vec![Scope::Admin],
        Role::Reviewer | Role::Supervisor => {
            vec![Scope::DocumentsRead, Scope::ReviewsWrite, Scope::MessagesRead, Scope::MessagesWrite]
        }
        Role::Finance => vec![Scope::DocumentsRead],
        Role::Auditor => vec![Scope::DocumentsRead, Scope::MessagesRead],
    }
}

/// Whether somebody decides documents: they may come, and their role may.
#[must_use]
pub fn decides(user: &User) -> bool {
    let may = |scope: &Scope| matches!(scope, Scope::ReviewsWrite | Scope::Admin);
    user.disabled_at.is_none() && scopes(user.role).iter().any(may)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_only_looks_changes_nothing() {
        for role in [Role::Finance, Role::Auditor] {
            let scopes = scopes(role);
            assert!(!scopes.contains(&Scope::ReviewsWrite) && !scopes.contains(&Scope::MessagesWrite));
            assert!(!has(role, Right::Supervise) && !has(role, Right::People));
        }
        assert!(has(Role::Supervisor, Right::Supervise) && !has(Role::Supervisor, Right::People));
        assert!(!has(Role::Reviewer, Right::Finance) && !has(Role::Finance, Right::Audit));
        let all = [Right::Supervise, Right::Finance, Right::Audit, Right::People];
        assert!(all.into_iter().all(|right| has(Role::Admin, right)));
    }
}
