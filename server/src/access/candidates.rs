//! Reasons name other documents and customers (`candidates`), a duplicate the one before it, and a part the first of its file.
//! To whoever is bound only those are named that exist for them: else a reason would tell what no look-up does, and a file
//! that is sent would ask whose it is.

use std::collections::{BTreeSet, HashSet};

use acuse_pipeline::reason::{Reason, ReasonCode};
use acuse_storage::{CustomerId, DocumentId};
use serde_json::Value;

use super::{Caller, Sight};
use crate::{problem::Problem, state::App};

/// The member of a reason's particulars that names them.
const LIST: &str = "candidates";

/// Those of the named that exist for somebody who is bound.
#[derive(Debug, Clone, Default)]
pub(super) struct Reached {
    documents: HashSet<DocumentId>,
    customers: HashSet<CustomerId>,
}

impl Reached {
    /// Asks which of those that these documents and their reasons name exist for `caller`.
    ///
    /// # Errors
    /// When the catalog fails.
    pub(super) async fn by(app: &App, caller: &Caller, sights: &[Sight]) -> Result<Self, Problem> {
        let (documents, customers) = all_named(sights);
        let seen = app.catalog.seen_of(caller.access(), &documents).await?;
        let mut reached = Self { documents: seen.into_keys().collect(), customers: HashSet::new() };
        for customer in customers {
            if app.catalog.reaches_customer(caller.access(), customer).await? {
                reached.customers.insert(customer);
            }
        }
        Ok(reached)
    }

    /// The same reasons, naming nobody else. That a document is like another is said where one of those is named: else it would
    /// tell that there is such a one, and only that a person looks is left.
    pub(super) fn left(&self, mut reasons: Vec<Reason>) -> Vec<Reason> {
        for reason in &mut reasons {
            if let Some(Value::Array(list)) = reason.detail.get_mut(LIST) {
                list.retain(|candidate| self.has(candidate));
            }
        }
        let names = |reason: &Reason| {
            reason.detail.get(LIST).and_then(Value::as_array).is_some_and(|l| !l.is_empty())
        };
        reasons.retain(|reason| reason.code != ReasonCode::PossibleDuplicate || names(reason));
        reasons
    }

    /// Whether a document exists for them.
    pub(super) fn has_document(&self, id: DocumentId) -> bool {
        self.documents.contains(&id)
    }

    fn has(&self, candidate: &Value) -> bool {
        let (document, customer) = named(candidate);
        document.is_some_and(|id| self.has_document(id))
            || customer.is_some_and(|id| self.customers.contains(&id))
    }
}

/// Whom these documents and their reasons name, each once.
fn all_named(sights: &[Sight]) -> (Vec<DocumentId>, BTreeSet<CustomerId>) {
    let others = sights.iter().flat_map(|sight| [sight.duplicate_of, sight.part_of]);
    let mut documents: BTreeSet<DocumentId> = others.flatten().collect();
    let mut customers = BTreeSet::new();
    let reasons = sights.iter().flat_map(|sight| sight.reasons.iter());
    let lists = reasons.filter_map(|reason| reason.detail.get(LIST)?.as_array());
    for (document, customer) in lists.flatten().map(named) {
        documents.extend(document);
        customers.extend(customer);
    }
    (documents.into_iter().collect(), customers)
}

/// Whom a candidate names; a bare id may be of either.
fn named(candidate: &Value) -> (Option<DocumentId>, Option<CustomerId>) {
    let member = |name| candidate.get(name).and_then(Value::as_str);
    if let Some(id) = member("document_id") {
        return (id.parse().ok(), None);
    }
    if let Some(id) = member("customer_id") {
        return (None, id.parse().ok());
    }
    let bare = candidate.as_str().or_else(|| member("id")).unwrap_or_default();
    (bare.parse().ok(), bare.parse().ok())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_what_exists_for_the_caller_is_named() {
        let (mine, theirs) = (DocumentId::generate(), DocumentId::generate());
        let (own, other) = (CustomerId::generate(), CustomerId::generate());
        let reached = Reached { documents: [mine].into(), customers: [own].into() };
        let candidates = json!([
            { "document_id": mine, "customer_id": own }, { "document_id": theirs, "customer_id": own },
            { "customer_id": own, "name": "Ana" }, { "customer_id": other, "name": "Eva" }, own, theirs, 7,
        ]);
        let reason = Reason::new(ReasonCode::PossibleDuplicate, "").with("candidates", candidates);
        let left = reached.left(vec![reason, Reason::new(ReasonCode::Expired, "")]);
        let named = json!([
            { "document_id": mine, "customer_id": own }, { "customer_id": own, "name": "Ana" }, own,
        ]);
        assert_eq!(left[0].detail["candidates"], named);
        assert_eq!(left.len(), 2);
        let theirs = Reason::new(ReasonCode::PossibleDuplicate, "").with("candidates", json!([theirs]));
        let withheld = Reason::new(ReasonCode::PossibleDuplicate, "");
        let unsure = Reason::new(ReasonCode::AmbiguousCustomer, "").with("candidates", json!([other]));
        let left = reached.left(vec![theirs, withheld, unsure]);
        assert_eq!(left.iter().map(|r| r.code).collect::<Vec<_>>(), [ReasonCode::AmbiguousCustomer]);
    }
}
