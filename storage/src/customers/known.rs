//! Which customer somebody is already, and whose a name is.

use std::collections::BTreeSet;

use uuid::Uuid;

use super::{CustomerAlias, NewCustomer, name_key, save::Alias};
use crate::{
    catalog::Catalog,
    error::CatalogError,
    names::{CustomerId, word},
    sql::Tx,
};

async fn by_external(tx: &mut Tx, external: &str) -> Result<Option<Uuid>, CatalogError> {
    let sql = "SELECT COALESCE(merged_into, id) FROM customers WHERE external_id = $1";
    Ok(optional!(tx, (Uuid,), sql, external)?.map(|(id,)| id))
}

impl Catalog {
    /// The customer with this external id; one that was merged into another is that one.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn customer_of_external(&self, external: &str) -> Result<Option<CustomerId>, CatalogError> {
        let mut tx = self.reading().await?;
        Ok(by_external(&mut tx, external.trim()).await?.map(CustomerId))
    }
}

/// Most customers that words may name; more say nothing.
const CALLED: i64 = 20;

impl Catalog {
    /// The customers whom these words name, each with the word: by the number of what they owe, and, where `is_name` says so,
    /// by what they are called in the books (`external_id`); as it is written, or in large or small letters.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn customers_called(
        &self,
        words: &[String],
        is_name: impl Fn(&str) -> bool,
    ) -> Result<Vec<(CustomerId, String)>, CatalogError> {
        if words.is_empty() {
            return Ok(Vec::new());
        }
        let mut tx = self.reading().await?;
        let mut found = BTreeSet::new();
        for word in words {
            let (large, small) = (word.to_uppercase(), word.to_lowercase());
            let rows = all!(
                tx,
                (Uuid,),
                "SELECT COALESCE(c.merged_into, c.id) FROM customers c WHERE $5 AND c.external_id IN ($1, $2, $3) \
                 UNION SELECT COALESCE(c.merged_into, c.id) FROM obligations o JOIN customers c ON c.id = o.customer_id \
                 WHERE o.state IN ('open', 'held') AND o.number IN ($1, $2, $3) LIMIT $4",
                word.as_str(),
                large.as_str(),
                small.as_str(),
                CALLED,
                is_name(word)
            )?;
            found.extend(rows.into_iter().map(|(id,)| (CustomerId(id), word.clone())));
        }
        Ok(found.into_iter().collect())
    }
}

/// Whose these names are, but for `id`'s own: strong ones only.
pub(super) async fn owners(
    tx: &mut Tx,
    id: Option<Uuid>,
    aliases: &[Alias],
) -> Result<Vec<(CustomerAlias, String, Uuid)>, CatalogError> {
    let strong: Vec<_> = aliases.iter().filter(|(kind, _)| kind.is_strong()).cloned().collect();
    let rows = values!(
        tx,
        (String, String, Uuid),
        "SELECT kind, value, customer_id FROM customer_aliases WHERE (kind, value) IN (VALUES ",
        2,
        ") ORDER BY kind, value, customer_id",
        &strong,
        |q, (kind, value)| q.bind(kind.as_str()).bind(value.as_str())
    )?;
    rows.into_iter()
        .filter(|(.., owner)| Some(*owner) != id)
        .map(|(kind, value, owner)| Ok((word("customer_aliases", "kind", &kind)?, value, owner)))
        .collect()
}

/// The customer that this one is already: by external id; else by a tax id or the number of an ID; else by a phone, if
/// the name is the same too, for a phone goes from one person to the next. One with an external id of its own is
/// nobody who comes with another.
pub(super) async fn known(
    tx: &mut Tx,
    new: &NewCustomer,
    aliases: &[Alias],
) -> Result<Option<Uuid>, CatalogError> {
    if let Some(external) = &new.external_id
        && let Some(id) = by_external(tx, external).await?
    {
        return Ok(Some(id));
    }
    let key = name_key(&new.name);
    let mut found = BTreeSet::new();
    for (kind, value) in aliases.iter().filter(|(kind, _)| kind.is_strong()) {
        let row = optional!(
            tx,
            (Uuid, Option<String>, String),
            "SELECT c.id, c.external_id, c.name_key FROM customer_aliases a JOIN customers c ON c.id = a.customer_id \
             WHERE a.kind = $1 AND a.value = $2 AND NOT a.disputed",
            kind.as_str(),
            value.as_str()
        )?;
        if let Some((id, external, name)) = row
            && (new.external_id.is_none() || external.is_none())
            && (*kind != CustomerAlias::Phone || name == key)
        {
            found.insert(id);
        }
    }
    Ok(if found.len() == 1 { found.pop_first() } else { None })
}
