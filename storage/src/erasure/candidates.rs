//! Reasons name the customers whose a document may be (`candidates`), by what they are called too: of those that were erased
//! nobody is a candidate any more, wherever the reasons of others' documents stand.

use std::{borrow::Cow, collections::BTreeSet};

use acuse_pipeline::reason::Reason;
use serde_json::Value;
use uuid::Uuid;

use super::{elsewhere::end_of_page, is_erased};
use crate::{
    catalog::Catalog,
    documents::{self, like},
    error::CatalogError,
    key_file::ErasedKind,
    names::{DocumentId, json as parse, micros},
    sql::Tx,
};

/// The member of a reason's particulars that names them.
const LIST: &str = "candidates";

/// Where reasons stand, in the order in which their rows are taken: a table, the column, its key, and what names the document.
const PLACES: &[(&str, &str, &str, &str)] = &[
    ("documents", "reasons", "id", "id"),
    // Of a decision that can be taken back, as they were.
    ("holds", "was", "document_id", "document_id"),
    ("holds", "effects", "document_id", "document_id"),
    ("reviews", "reasons", "id", "document_id"),
];

/// The customer that a candidate is, if it is one.
fn customer_of(candidate: &Value) -> Option<Uuid> {
    let named = |key: &str| candidate.get(key).and_then(Value::as_str);
    let id = candidate.as_str().or_else(|| named("customer_id")).or_else(|| named("id"))?;
    id.parse().ok()
}

/// Takes these customers out of a list of candidates; whether one was in it.
fn thin(list: &mut Vec<Value>, gone: &[Uuid]) -> bool {
    let before = list.len();
    list.retain(|candidate| customer_of(candidate).is_none_or(|id| !gone.contains(&id)));
    list.len() < before
}

/// Takes these customers out of every list of candidates, wherever it stands; whether one was in any.
fn without(value: &mut Value, gone: &[Uuid]) -> bool {
    let mut any = false;
    match value {
        Value::Array(items) => {
            for item in items {
                any |= without(item, gone);
            }
        }
        Value::Object(members) => {
            for (name, member) in members.iter_mut() {
                any |= match member {
                    Value::Array(list) if name == LIST => thin(list, gone),
                    other => without(other, gone),
                };
            }
        }
        _ => {}
    }
    any
}

/// The same reasons, in which nobody is a candidate who was erased since whoever writes them looked for customers.
pub(crate) async fn without_erased<'a>(
    tx: &mut Tx,
    reasons: &'a [Reason],
) -> Result<Cow<'a, [Reason]>, CatalogError> {
    let lists = reasons.iter().filter_map(|reason| reason.detail.get(LIST)?.as_array());
    let named: BTreeSet<Uuid> = lists.flatten().filter_map(customer_of).collect();
    let mut gone = Vec::new();
    for id in named {
        if is_erased(tx, ErasedKind::Customer, id).await? {
            gone.push(id);
        }
    }
    if gone.is_empty() {
        return Ok(Cow::Borrowed(reasons));
    }
    let mut left = reasons.to_vec();
    for reason in &mut left {
        if let Some(Value::Array(list)) = reason.detail.get_mut(LIST) {
            thin(list, &gone);
        }
    }
    Ok(Cow::Owned(left))
}

/// The reasons of one document; whether they named one of them.
async fn forget_in(tx: &mut Tx, document: Uuid, gone: &[Uuid]) -> Result<bool, CatalogError> {
    documents::hold(tx, DocumentId(document)).await?;
    let mut any = false;
    for &(table, column, key, of) in PLACES {
        let text = format!("SELECT {key}, {column} FROM {table} WHERE {of} = $1");
        for (row, said) in all!(tx, (Uuid, String), sqlx::AssertSqlSafe(text.clone()), document)? {
            let mut value: Value = parse(table, column, &said)?;
            if !without(&mut value, gone) {
                continue;
            }
            let text = format!("UPDATE {table} SET {column} = $2 WHERE {key} = $1");
            execute!(tx, sqlx::AssertSqlSafe(text.clone()), row, value.to_string())?;
            if table == "documents" {
                // As it is read it is another: whoever holds it by its version reads it again.
                let present = micros(tx.now());
                let sql = "UPDATE documents SET version = version + 1, updated_at = $2 WHERE id = $1";
                execute!(tx, sql, row, present)?;
            }
            any = true;
        }
    }
    forget_untold(tx, document, gone).await?;
    Ok(any)
}

/// The same of the reasons that followers were told last: the next event says that they are others.
async fn forget_untold(tx: &mut Tx, document: Uuid, gone: &[Uuid]) -> Result<(), CatalogError> {
    let of = "document_id = $1 AND member = 'reasons'";
    let text = format!("SELECT CAST(was AS TEXT) FROM document_untold WHERE {of}");
    let row = optional!(tx, (Option<String>,), sqlx::AssertSqlSafe(text.clone()), document)?;
    let Some((Some(was),)) = row else { return Ok(()) };
    let mut value: Value = parse("document_untold", "was", &was)?;
    if !without(&mut value, gone) {
        return Ok(());
    }
    let text = format!("UPDATE document_untold SET was = $2 WHERE {of}");
    execute!(tx, sqlx::AssertSqlSafe(text.clone()), document, value.to_string()).map(drop)
}

impl Catalog {
    /// Takes customers out of the candidates of others' documents; of how many.
    pub(super) async fn forget_candidates(&self, gone: &[Uuid]) -> Result<u64, CatalogError> {
        let mut changed = 0;
        for document in self.named_in_reasons(gone).await? {
            let mut tx = self.writing().await?;
            changed += u64::from(forget_in(&mut tx, document, gone).await?);
            tx.commit().await?;
        }
        Ok(changed)
    }

    /// Documents whose reasons, of now or of a review before, name one of these. Page by page, so that nobody who writes waits.
    async fn named_in_reasons(&self, gone: &[Uuid]) -> Result<BTreeSet<Uuid>, CatalogError> {
        let (mut found, mut after) = (BTreeSet::new(), Uuid::nil());
        loop {
            let mut tx = self.reading().await?;
            let Some(last) = end_of_page(&mut tx, "reviews", after).await? else { return Ok(found) };
            for id in gone {
                let rows = all!(
                    tx,
                    (Uuid,),
                    "SELECT document_id FROM reviews WHERE id > $1 AND id <= $2 AND reasons LIKE $3",
                    after,
                    last,
                    like(&id.to_string())
                )?;
                found.extend(rows.into_iter().map(|(document,)| document));
            }
            after = last;
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn who_was_erased_is_no_candidate_wherever_reasons_stand() {
        let (gone, left) = (Uuid::now_v7(), Uuid::now_v7());
        let one = |id: Uuid| json!({ "customer_id": id, "name": "Ana", "clue": "phone" });
        let of = |list: Value| json!([{ "code": "ambiguous_customer", "detail": { "candidates": list } }]);
        let mut was = json!({ "reasons": of(json!([one(gone), one(left)])), "customer_id": gone });
        assert!(without(&mut was, &[gone]));
        assert_eq!(was, json!({ "reasons": of(json!([one(left)])), "customer_id": gone }));
        assert!(!without(&mut was, &[gone]), "once");
        let document = json!([{ "document_id": gone, "contact_id": gone }]);
        assert!(!without(&mut of(document), &[gone]), "of a document it says nothing");
    }
}
