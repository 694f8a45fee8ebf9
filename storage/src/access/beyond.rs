//! What happened to a document may name what does not exist for a reader who is bound: whose it was before, what it is like.

use std::collections::{BTreeSet, HashSet};

use acuse_pipeline::reason::ReasonCode;
use serde_json::Value;
use uuid::Uuid;

use super::{Access, literal};
use crate::{catalog::Catalog, error::CatalogError};

/// Under which names a customer stands; what else stands under them is no id.
const CUSTOMER: &[&str] = &["customer_id", "customers", "from", "to"];

/// The ids that some particulars name, wherever they stand.
fn named(value: &Value, found: &mut BTreeSet<Uuid>) {
    match value {
        Value::String(text) => found.extend(Uuid::parse_str(text).ok()),
        Value::Array(items) => items.iter().for_each(|item| named(item, found)),
        Value::Object(members) => members.values().for_each(|member| named(member, found)),
        _ => {}
    }
}

/// The ids under a name of a customer: of one that was deleted no row says any more that it was one.
fn named_customers(value: &Value, found: &mut BTreeSet<Uuid>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| named_customers(item, found)),
        Value::Object(members) => {
            for (name, member) in members {
                if CUSTOMER.contains(&name.as_str()) {
                    named(member, found);
                } else {
                    named_customers(member, found);
                }
            }
        }
        _ => {}
    }
}

/// The same particulars without these ids, and without the word that there is a document like this one: which, and whether
/// the reader has it, the word does not say.
fn without(value: &mut Value, beyond: &HashSet<Uuid>) {
    let stays = |item: &Value| {
        let Some(text) = item.as_str() else { return true };
        text != ReasonCode::PossibleDuplicate.as_str()
            && !Uuid::parse_str(text).is_ok_and(|id| beyond.contains(&id))
    };
    match value {
        Value::Array(items) => {
            items.retain(|item| stays(item) && item.get("code").is_none_or(stays));
            items.iter_mut().for_each(|item| without(item, beyond));
        }
        Value::Object(members) => {
            members.retain(|_, member| stays(member));
            members.values_mut().for_each(|member| without(member, beyond));
        }
        _ => {}
    }
}

impl Catalog {
    /// Those of these ids, of customers and of documents, that are beyond the reach of this access.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn beyond_reach(&self, access: &Access, ids: &[Uuid]) -> Result<HashSet<Uuid>, CatalogError> {
        self.within_reach(access, Vec::new(), ids).await
    }

    /// Takes out of these particulars what is beyond the reach of this access; the ids of customers (those that were deleted
    /// too) and documents beyond it, of these and of the customers `others`, are given back.
    pub(crate) async fn within_reach(
        &self,
        access: &Access,
        details: Vec<&mut Value>,
        others: &[Uuid],
    ) -> Result<HashSet<Uuid>, CatalogError> {
        if !access.is_bound() {
            return Ok(HashSet::new());
        }
        let mut ids: BTreeSet<Uuid> = others.iter().copied().collect();
        details.iter().for_each(|detail| named(detail, &mut ids));
        let mut customers: BTreeSet<Uuid> = others.iter().copied().collect();
        details.iter().for_each(|detail| named_customers(detail, &mut customers));
        let ids: Vec<Uuid> = ids.into_iter().collect();
        let mut tx = self.reading().await?;
        let mut beyond: HashSet<Uuid> = customers.iter().copied().collect();
        for some in ids.chunks(500) {
            let list = some.iter().map(|id| literal(&tx, *id)).collect::<Vec<_>>().join(", ");
            let text = format!(
                "SELECT k.id, ({}) IS TRUE FROM customers k WHERE k.id IN ({list}) \
                 UNION ALL SELECT d.id, ({}) IS TRUE FROM documents d WHERE d.id IN ({list})",
                access.reach_customers(&tx, "k"),
                access.reach(&tx, "d")
            );
            for (id, reached) in all!(tx, (Uuid, bool), sqlx::AssertSqlSafe(text.clone()))? {
                if reached {
                    beyond.remove(&id);
                } else {
                    beyond.insert(id);
                }
            }
        }
        for detail in details {
            without(detail, &beyond);
        }
        Ok(beyond)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_beyond_reach_is_taken_out_wherever_it_stands() {
        let (gone, own) = (Uuid::now_v7(), Uuid::now_v7());
        let mut detail = json!({
            "customer_id": gone, "by": "key:a", "kept": own, "was": { "customers": [gone, own] },
            "reasons": ["possible_duplicate", "expired", { "code": "possible_duplicate" }, { "code": "expired" }],
        });
        let mut found = BTreeSet::new();
        named(&detail, &mut found);
        assert_eq!(found, BTreeSet::from([gone, own]));
        let mut customers = BTreeSet::new();
        let (moved, merged) = (Uuid::now_v7(), Uuid::now_v7());
        let all = json!({
            "document_id": own, "was": { "customers": [gone] }, "to": moved, "from": merged, "kind": { "from": "id" },
        });
        named_customers(&all, &mut customers);
        assert_eq!(customers, BTreeSet::from([gone, moved, merged]));
        without(&mut detail, &HashSet::from([gone]));
        let left = json!({
            "by": "key:a", "kept": own, "was": { "customers": [own] }, "reasons": ["expired", { "code": "expired" }],
        });
        assert_eq!(detail, left);
    }
}
