//! Writing customers: a name that recognises one customer is never quietly somebody else's too.
//!
//! Whoever writes customers holds one lock of the database for it, so that two requests about the same customer meet
//! one after the other instead of in a unique index. The index is there all the same.

use std::collections::BTreeSet;

use serde_json::json;
use time::OffsetDateTime;
use uuid::Uuid;

use super::{
    Customer, CustomerAlias, CustomerPatch, NewCustomer, aliases_of,
    known::{known, owners},
    lookup, name_key,
};
use crate::{
    audit,
    catalog::Catalog,
    error::CatalogError,
    events::{self, NewEvent},
    names::{CustomerId, cut, micros},
    sql::{Tx, again, alone},
    words::{CUSTOMERS, tokens},
};

/// The lock of PostgreSQL that every writer of customers holds; SQLite has one writer anyway.
pub(crate) const LOCK: i64 = 0x61_63_75_73_65_01;

/// How customers are written, and for whom.
#[derive(Debug, Clone, Copy)]
pub struct Saving<'a> {
    /// As the audit trail names them.
    pub actor: &'a str,
    /// Whether names that are not given any more go; otherwise names are only added.
    pub replace: bool,
    /// Whether a name that is somebody else's leaves its owner. On purpose only.
    pub reassign: bool,
    /// Of which kinds whoever writes names any: what is in dispute of another kind stays so.
    pub claims: &'a [CustomerAlias],
    /// Names of these kinds are neither given nor taken away, from anybody: whoever writes does not see them, or did not say
    /// anything of them.
    pub keeps: &'a [CustomerAlias],
    /// Whether an external id stays where none is given.
    pub keeps_external_id: bool,
}

impl<'a> Saving<'a> {
    /// Adds names; takes none from anybody.
    #[must_use]
    pub fn adding(actor: &'a str) -> Self {
        Self {
            actor,
            replace: false,
            reassign: false,
            claims: CustomerAlias::ALL,
            keeps: &[],
            keeps_external_id: false,
        }
    }
}

/// What became of a customer that was to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Upserted {
    /// Added.
    Created(CustomerId),
    /// Was there; now as said.
    Updated(CustomerId),
    /// Not written: these names are others'.
    Taken(Vec<TakenAlias>),
}

impl Upserted {
    /// Which customer was written.
    #[must_use]
    pub fn id(&self) -> Option<CustomerId> {
        match self {
            Self::Created(id) | Self::Updated(id) => Some(*id),
            Self::Taken(_) => None,
        }
    }
}

/// What became of a customer that was to be changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Patched {
    /// Written, or refused for its names.
    Saved(Upserted),
    /// Not written: they changed since they were looked at.
    Changed,
    /// There is none.
    Missing,
}

/// A name that is somebody else's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakenAlias {
    /// The member that gave it: `phones`, `tax_ids`, `id_numbers`, `external_id`.
    pub member: &'static str,
    /// As it is kept.
    pub value: String,
    /// Whose it is.
    pub owner: CustomerId,
}

/// A kind and a value, as they are kept.
pub(super) type Alias = (CustomerAlias, String);

/// Waits until nobody else writes customers, to the end of the transaction.
pub(super) async fn lock(tx: &mut Tx) -> Result<(), CatalogError> {
    alone(tx, LOCK).await
}

/// Takes names away from whoever has them, and says so to those who follow.
async fn take_away(
    tx: &mut Tx,
    taken: &[(CustomerAlias, String, Uuid)],
    actor: &str,
    to: Uuid,
) -> Result<(), CatalogError> {
    let present = micros(tx.now());
    for (kind, value, owner) in taken {
        execute!(
            tx,
            "DELETE FROM customer_aliases WHERE kind = $1 AND value = $2 AND customer_id = $3",
            kind.as_str(),
            value.as_str(),
            owner
        )?;
        execute!(tx, "UPDATE customers SET updated_at = $2 WHERE id = $1", owner, present)?;
        let detail = json!({ "customer_id": owner, "member": kind.member(), "to": to });
        audit::write(tx, actor, "customer_alias_reassigned", None, &detail).await?;
        events::write(tx, &[NewEvent::of_customer("customer.updated", *owner, &[kind.member()])]).await?;
    }
    Ok(())
}

/// Names that are one customer's alone are in dispute no longer.
pub(super) async fn settle(tx: &mut Tx, aliases: &[Alias]) -> Result<(), CatalogError> {
    for (kind, value) in aliases.iter().filter(|(kind, _)| kind.is_strong()) {
        execute!(
            tx,
            "UPDATE customer_aliases SET disputed = FALSE WHERE kind = $1 AND value = $2 AND disputed \
             AND (SELECT COUNT(*) FROM customer_aliases o WHERE o.kind = $1 AND o.value = $2) = 1",
            kind.as_str(),
            value.as_str()
        )?;
    }
    Ok(())
}

/// The row itself; whether it is new.
async fn put_row(
    tx: &mut Tx,
    id: Option<Uuid>,
    new: &NewCustomer,
    replace: bool,
) -> Result<Uuid, CatalogError> {
    let present = micros(tx.now());
    let (name, key) = (cut(new.name.trim(), 256), name_key(&new.name));
    let external = new.external_id.as_deref().map(|e| cut(e.trim(), 256));
    let Some(id) = id else {
        let id = CustomerId::generate().0;
        execute!(
            tx,
            "INSERT INTO customers (id, external_id, name, name_key, created_at, updated_at) \
             VALUES ($1, $2, $3, $4, $5, $5)",
            id,
            external,
            name,
            key,
            present
        )?;
        return Ok(id);
    };
    let sql = if replace {
        "UPDATE customers SET name = $2, name_key = $3, external_id = $4, updated_at = $5 WHERE id = $1"
    } else {
        "UPDATE customers SET name = $2, name_key = $3, external_id = COALESCE($4, external_id), updated_at = $5 \
         WHERE id = $1"
    };
    execute!(tx, sql, id, name, key, external, present)?;
    Ok(id)
}

/// What they are found by.
async fn keep_words(tx: &mut Tx, id: Uuid, name: &str) -> Result<(), CatalogError> {
    let (made,) = one!(tx, (i64,), "SELECT created_at FROM customers WHERE id = $1", id)?;
    CUSTOMERS.keep(tx, (id, made), &tokens(name)).await
}

/// Which members of a customer differ from what they were.
fn changed(before: &Customer, after: &Customer) -> Vec<&'static str> {
    let all = |c: &Customer, kind: CustomerAlias| {
        let held = c.aliases.iter().chain(&c.disputed).filter(|(k, _)| *k == kind);
        held.map(|(_, v)| v.clone()).collect::<BTreeSet<_>>()
    };
    let mut members = Vec::new();
    if before.name != after.name {
        members.push("name");
    }
    if before.external_id != after.external_id {
        members.push("external_id");
    }
    let kinds = CustomerAlias::ALL.iter().filter(|kind| all(before, **kind) != all(after, **kind));
    members.extend(kinds.map(|kind| kind.member()));
    members
}

/// An external id that is somebody else's already (a customer merged away keeps theirs).
async fn external_taken(
    tx: &mut Tx,
    id: Option<Uuid>,
    new: &NewCustomer,
) -> Result<Option<TakenAlias>, CatalogError> {
    let (Some(external), Some(id)) = (&new.external_id, id) else { return Ok(None) };
    let row = optional!(
        tx,
        (Uuid, Option<Uuid>),
        "SELECT id, merged_into FROM customers WHERE external_id = $1",
        external.as_str()
    )?;
    let other = row.map(|(owner, into)| into.unwrap_or(owner)).filter(|owner| *owner != id);
    Ok(other.map(|owner| TakenAlias {
        member: "external_id",
        value: external.clone(),
        owner: CustomerId(owner),
    }))
}

fn taken((kind, value, owner): (CustomerAlias, String, Uuid)) -> TakenAlias {
    TakenAlias { member: kind.member(), value, owner: CustomerId(owner) }
}

/// What somebody who is being erased at this moment is known by: it is theirs until that is through, and nobody's then.
async fn still_held(
    tx: &mut Tx,
    new: &NewCustomer,
    aliases: &[Alias],
) -> Result<Vec<TakenAlias>, CatalogError> {
    let external = external_taken(tx, Some(Uuid::nil()), new).await?;
    let others = owners(tx, None, aliases).await?;
    Ok(external.into_iter().chain(others.into_iter().map(taken)).collect())
}

/// Writes one customer, `id` if it is known which.
pub(super) async fn save(
    tx: &mut Tx,
    id: Option<Uuid>,
    new: &NewCustomer,
    saving: &Saving<'_>,
) -> Result<Upserted, CatalogError> {
    let mine = |(kind, _): &Alias| !saving.keeps.contains(kind);
    let aliases: Vec<Alias> = new.aliases().into_iter().filter(mine).collect();
    let before = match id {
        Some(id) => lookup(tx, CustomerId(id)).await?,
        None => None,
    };
    if id.is_some() && before.is_none() {
        return Ok(Upserted::Taken(still_held(tx, new, &aliases).await?));
    }
    let held = match id {
        Some(id) => aliases_of(tx, id).await?.into_iter().map(|(kind, value, _)| (kind, value)).collect(),
        None => Vec::<Alias>::new(),
    };
    if let Some(taken) = external_taken(tx, id, new).await? {
        return Ok(Upserted::Taken(vec![taken]));
    }
    // One that they share already stays shared, unless they are to have it alone.
    let claimed = |(kind, _): &Alias| saving.reassign && saving.claims.contains(kind);
    let asked: Vec<Alias> = aliases.iter().filter(|a| claimed(a) || !held.contains(a)).cloned().collect();
    let others = owners(tx, id, &asked).await?;
    if !others.is_empty() && !saving.reassign {
        return Ok(Upserted::Taken(others.into_iter().map(taken).collect()));
    }
    // A customer merged away keeps its external id on its own row, which leads to `id`.
    let external_id = own_external(tx, id, new).await?;
    let had = before.as_ref().filter(|_| saving.keeps_external_id).and_then(|b| b.external_id.clone());
    let kept = NewCustomer { external_id: external_id.or(had), ..new.clone() };
    let written = put_row(tx, id, &kept, saving.replace).await?;
    if before.as_ref().is_none_or(|before| before.name != kept.name.trim()) {
        keep_words(tx, written, &kept.name).await?;
    }
    take_away(tx, &others, saving.actor, written).await?;
    let gone: Vec<Alias> = if saving.replace {
        held.into_iter().filter(|a| mine(a) && !aliases.contains(a)).collect()
    } else {
        Vec::new()
    };
    for (kind, value) in &gone {
        execute!(
            tx,
            "DELETE FROM customer_aliases WHERE kind = $1 AND value = $2 AND customer_id = $3",
            kind.as_str(),
            value.as_str(),
            written
        )?;
    }
    insert!(
        tx,
        "INSERT INTO customer_aliases (kind, value, customer_id) VALUES ",
        3,
        " ON CONFLICT (kind, value, customer_id) DO NOTHING",
        &aliases,
        |q, (kind, value)| q.bind(kind.as_str()).bind(value.as_str()).bind(written)
    )?;
    settle(tx, &gone).await?;
    settle(tx, &aliases).await?;
    tell(tx, before.as_ref(), CustomerId(written), saving).await
}

async fn own_external(
    tx: &mut Tx,
    id: Option<Uuid>,
    new: &NewCustomer,
) -> Result<Option<String>, CatalogError> {
    let (Some(external), Some(id)) = (&new.external_id, id) else { return Ok(new.external_id.clone()) };
    let row = optional!(
        tx,
        (Uuid, Option<String>),
        "SELECT id, (SELECT external_id FROM customers WHERE id = $2) FROM customers WHERE external_id = $1",
        external.as_str(),
        id
    )?;
    Ok(match row {
        Some((owner, own)) if owner != id => own,
        _ => Some(external.clone()),
    })
}

/// Tells the audit trail and those who follow, in the same commit.
async fn tell(
    tx: &mut Tx,
    before: Option<&Customer>,
    id: CustomerId,
    saving: &Saving<'_>,
) -> Result<Upserted, CatalogError> {
    let Some(after) = lookup(tx, id).await? else { return Err(CatalogError::Missing { what: "customer" }) };
    let (kind, action, members) = match before {
        None => ("customer.created", "customer_created", Vec::new()),
        Some(before) => ("customer.updated", "customer_updated", changed(before, &after)),
    };
    audit::write(tx, saving.actor, action, None, &json!({ "customer_id": id, "changed": members })).await?;
    events::write(tx, &[NewEvent::of_customer(kind, id.0, &members)]).await?;
    Ok(if before.is_none() { Upserted::Created(id) } else { Upserted::Updated(id) })
}

impl Catalog {
    /// Adds customers, or brings those up to date that are known by external id or a name of theirs; each is written
    /// whole or not at all. Call [`Catalog::rematch_waiting`] afterwards.
    ///
    /// # Errors
    /// When the database fails; then none is written.
    pub async fn upsert_customers(&self, customers: &[NewCustomer]) -> Result<Vec<Upserted>, CatalogError> {
        self.save_customers(customers, &Saving::adding("acuse")).await
    }

    /// [`Catalog::upsert_customers`], as said.
    ///
    /// # Errors
    /// As [`Catalog::upsert_customers`].
    pub async fn save_customers(
        &self,
        customers: &[NewCustomer],
        saving: &Saving<'_>,
    ) -> Result<Vec<Upserted>, CatalogError> {
        again(|| self.try_save(customers, saving)).await
    }

    async fn try_save(
        &self,
        customers: &[NewCustomer],
        saving: &Saving<'_>,
    ) -> Result<Vec<Upserted>, CatalogError> {
        let mut tx = self.writing().await?;
        lock(&mut tx).await?;
        let mut done = Vec::with_capacity(customers.len());
        for new in customers {
            let known = known(&mut tx, new, &new.aliases()).await?;
            done.push(save(&mut tx, known, new, saving).await?);
        }
        tx.commit().await?;
        Ok(done)
    }

    /// Changes a customer: with `seen` (when they had last changed) only as they were looked at.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn patch_customer(
        &self,
        (id, seen): (CustomerId, Option<OffsetDateTime>),
        patch: CustomerPatch,
        saving: &Saving<'_>,
    ) -> Result<Patched, CatalogError> {
        let mut tx = self.writing().await?;
        lock(&mut tx).await?;
        let Some(customer) = lookup(&mut tx, id).await? else { return Ok(Patched::Missing) };
        if seen.is_some_and(|seen| seen != customer.updated_at) {
            return Ok(Patched::Changed);
        }
        let (claims, new) = (patch.named(), patch.on(&customer));
        let saving = Saving { replace: true, claims: &claims, ..*saving };
        let done = save(&mut tx, Some(customer.id.0), &new, &saving).await?;
        tx.commit().await?;
        Ok(Patched::Saved(done))
    }

    /// Writes a customer who is there, as said: with `seen` (when they had last changed) only as they were looked at.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn save_customer_seen(
        &self,
        seen: Option<OffsetDateTime>,
        new: &NewCustomer,
        saving: &Saving<'_>,
    ) -> Result<Patched, CatalogError> {
        let mut tx = self.writing().await?;
        lock(&mut tx).await?;
        let Some(id) = known(&mut tx, new, &new.aliases()).await? else { return Ok(Patched::Missing) };
        let Some(customer) = lookup(&mut tx, CustomerId(id)).await? else { return Ok(Patched::Missing) };
        if seen.is_some_and(|seen| seen != customer.updated_at) {
            return Ok(Patched::Changed);
        }
        let done = save(&mut tx, Some(id), new, saving).await?;
        tx.commit().await?;
        Ok(Patched::Saved(done))
    }
}
