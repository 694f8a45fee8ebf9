//! What keys and persons are bound to.

use std::collections::HashSet;

use acuse_pipeline::document::Sha256;
use uuid::Uuid;

use super::{Access, Bound, literal};
use crate::{
    catalog::Catalog,
    erasure::erased,
    error::CatalogError,
    key_file::ErasedKind,
    keys::{self, ApiKey, KeyMade, Scope},
    merges,
    names::{CustomerId, EntityId, KeyId, UserId, cut, micros},
    sql::Tx,
    users::{self, User},
};

/// One thing to be bound to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Binding {
    /// Only this customer's documents.
    Customer(CustomerId),
    /// Only those that are this entity's of ours.
    Entity(EntityId),
    /// Only those of a case that this team has.
    Team(String),
}

/// Why nothing was bound.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotBound {
    /// A typing error must not make a key that reaches nothing.
    #[error("there is no customer {0}")]
    NoCustomer(CustomerId),
    /// The same.
    #[error("there is no entity {0}")]
    NoEntity(EntityId),
    /// A team has a name.
    #[error("a team has a name of 1 to 100 characters")]
    NoTeam,
}

impl Catalog {
    /// The valid key with this hash, and how far it sees.
    ///
    /// # Errors
    /// When the database fails or the row is impossible.
    pub async fn key_with_access(&self, hash: &Sha256) -> Result<Option<(ApiKey, Access)>, CatalogError> {
        let Some(key) = self.key_by_hash(hash).await? else { return Ok(None) };
        let mut tx = self.quick().await?;
        let bound = bound(&mut tx, key.id.0).await?;
        let access = Access::of(key.grants(Scope::IdsRead), bound);
        Ok(Some((key, access)))
    }

    /// A key by its id, and how far it sees, void or not.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn access_of_key(&self, id: KeyId) -> Result<Option<(ApiKey, Access)>, CatalogError> {
        let mut tx = self.quick().await?;
        let Some(key) = keys::by_id(&mut tx, id).await? else { return Ok(None) };
        let access = Access::of(key.grants(Scope::IdsRead), bound(&mut tx, key.id.0).await?);
        Ok(Some((key, access)))
    }

    /// How far a person sees. To see IDs is a right of its own, whatever their role.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn access_of_user(&self, user: &User) -> Result<Access, CatalogError> {
        let mut tx = self.quick().await?;
        let row = optional!(tx, (bool,), "SELECT sees_ids FROM users WHERE id = $1", user.id.0)?;
        let sees_ids = row.is_some_and(|(sees,)| sees);
        Ok(Access::of(sees_ids, bound(&mut tx, user.id.0).await?))
    }

    /// Gives a person the right to see IDs, or takes it away.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn set_sees_ids(&self, user: UserId, sees_ids: bool) -> Result<(), CatalogError> {
        let mut tx = self.writing().await?;
        execute!(tx, "UPDATE users SET sees_ids = $2 WHERE id = $1", user.0, sees_ids)?;
        tx.commit().await
    }

    /// Keeps a key that is bound from the start, in one transaction: at no moment does it reach more.
    ///
    /// # Errors
    /// When the database fails; `Ok(Err(_))` where one of them is not there.
    pub async fn create_bound_key(
        &self,
        name: &str,
        hash: &Sha256,
        scopes: &[Scope],
        to: &[Binding],
    ) -> Result<Result<KeyMade, NotBound>, CatalogError> {
        let mut tx = self.writing().await?;
        if let Err(not) = there(&mut tx, to).await? {
            return Ok(Err(not));
        }
        let made = keys::create(&mut tx, name, hash, scopes).await?;
        if let KeyMade::Made(id) = &made {
            bind(&mut tx, id.0, to).await?;
        }
        tx.commit().await?;
        Ok(Ok(made))
    }

    /// Binds a key to exactly these; to nothing lets it reach everything again.
    ///
    /// # Errors
    /// When the database fails; `Ok(Err(_))` where one of them is not there.
    pub async fn bind_key(&self, key: KeyId, to: &[Binding]) -> Result<Result<(), NotBound>, CatalogError> {
        let mut tx = self.writing().await?;
        if let Err(not) = bind_anew(&mut tx, key.0, to).await? {
            return Ok(Err(not));
        }
        tx.commit().await?;
        Ok(Ok(()))
    }

    /// Binds a person to exactly these. What waits for them alone, and is beyond them then, is left to the others.
    ///
    /// # Errors
    /// As [`Catalog::bind_key`].
    pub async fn bind_user(
        &self,
        user: UserId,
        to: &[Binding],
    ) -> Result<Result<(), NotBound>, CatalogError> {
        let mut tx = self.writing().await?;
        if let Err(not) = bind_anew(&mut tx, user.0, to).await? {
            return Ok(Err(not));
        }
        users::rebound(&mut tx, user).await?;
        tx.commit().await?;
        Ok(Ok(()))
    }

    /// Whether a person is bound to exactly these, by whichever of their customers' ids.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn is_bound_as(&self, user: UserId, to: &[Binding]) -> Result<bool, CatalogError> {
        let mut tx = self.reading().await?;
        let rows = all!(
            tx,
            (Option<Uuid>, Option<Uuid>, Option<String>),
            "SELECT COALESCE(c.merged_into, b.customer_id), b.entity_id, b.team FROM bindings b \
             LEFT JOIN customers c ON c.id = b.customer_id WHERE b.holder_id = $1",
            user.0
        )?;
        let mut said = HashSet::new();
        for binding in to {
            said.insert(match binding {
                Binding::Customer(id) => {
                    let sql = "SELECT COALESCE(merged_into, id) FROM customers WHERE id = $1";
                    let now = optional!(tx, (Uuid,), sql, id.0)?;
                    (Some(now.map_or(id.0, |(now,)| now)), None, None)
                }
                Binding::Entity(id) => (None, Some(id.0), None),
                Binding::Team(name) => (None, None, Some(cut(name, 100))),
            });
        }
        Ok(rows.into_iter().collect::<HashSet<_>>() == said)
    }

    /// Whether all of these are there to be bound to: asked before a key is made.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn can_bind(&self, to: &[Binding]) -> Result<Result<(), NotBound>, CatalogError> {
        let mut tx = self.reading().await?;
        there(&mut tx, to).await
    }

    /// The first customers that this caller is bound to by name, each as who they are by now, at most `most`; empty where they
    /// are bound to none.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn bound_customers(&self, access: &Access, most: u32) -> Result<Vec<CustomerId>, CatalogError> {
        let Some(bound) = access.bound.filter(|b| b.customers) else { return Ok(Vec::new()) };
        let mut tx = self.reading().await?;
        let rows = all!(
            tx,
            (Uuid,),
            "SELECT DISTINCT COALESCE(c.merged_into, b.customer_id) FROM bindings b \
             LEFT JOIN customers c ON c.id = b.customer_id WHERE b.holder_id = $1 AND b.customer_id IS NOT NULL \
             ORDER BY 1 LIMIT $2",
            bound.holder,
            i64::from(most)
        )?;
        Ok(rows.into_iter().map(|(id,)| CustomerId(id)).collect())
    }

    /// Those of these ids that are of customers whom this caller is bound to by name, however many those are.
    pub(crate) async fn bound_to(
        &self,
        access: &Access,
        ids: &[Uuid],
    ) -> Result<HashSet<Uuid>, CatalogError> {
        let Some(bound) = access.bound.filter(|b| b.customers) else { return Ok(HashSet::new()) };
        let mut tx = self.reading().await?;
        let mut found = HashSet::new();
        for some in ids.chunks(500) {
            let list = some.iter().map(|id| literal(&tx, *id)).collect::<Vec<_>>().join(", ");
            let text =
                format!("SELECT customer_id FROM bindings WHERE holder_id = $1 AND customer_id IN ({list})");
            let rows = all!(tx, (Uuid,), sqlx::AssertSqlSafe(text.clone()), bound.holder)?;
            found.extend(rows.into_iter().map(|(id,)| id));
        }
        Ok(found)
    }

    /// Whether a customer exists for this caller, under whichever of their ids; one that was erased does for nobody.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn reaches_customer(&self, access: &Access, id: CustomerId) -> Result<bool, CatalogError> {
        let mut tx = self.reading().await?;
        let text = format!(
            "SELECT 1 FROM customers c \
             WHERE c.id = (SELECT COALESCE(k.merged_into, k.id) FROM customers k WHERE k.id = $1) AND {} AND NOT {}",
            access.reach_customers(&tx, "c"),
            erased(ErasedKind::Customer, "c")
        );
        Ok(optional!(tx, (i32,), sqlx::AssertSqlSafe(text.clone()), id.0)?.is_some())
    }
}

/// Binds a holder to these and to nothing else; what is refused has changed nothing.
async fn bind_anew(tx: &mut Tx, holder: Uuid, to: &[Binding]) -> Result<Result<(), NotBound>, CatalogError> {
    if let Err(not) = there(tx, to).await? {
        return Ok(Err(not));
    }
    execute!(tx, "DELETE FROM bindings WHERE holder_id = $1", holder)?;
    bind(tx, holder, to).await?;
    Ok(Ok(()))
}

async fn bind(tx: &mut Tx, holder: Uuid, to: &[Binding]) -> Result<(), CatalogError> {
    for binding in to {
        let (customer, entity, team) = match binding {
            Binding::Customer(id) => (Some(merges::written_of(tx, *id).await?.0), None, None),
            Binding::Entity(id) => (None, Some(id.0), None),
            Binding::Team(name) => (None, None, Some(cut(name, 100))),
        };
        let present = tx.now();
        execute!(
            tx,
            "INSERT INTO bindings (holder_id, customer_id, entity_id, team, created_at) \
             VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
            holder,
            customer,
            entity,
            team,
            micros(present)
        )?;
    }
    Ok(())
}

async fn there(tx: &mut Tx, to: &[Binding]) -> Result<Result<(), NotBound>, CatalogError> {
    for binding in to {
        match binding {
            Binding::Customer(id) => {
                let text = format!(
                    "SELECT 1 FROM customers c WHERE c.id = $1 AND NOT {}",
                    erased(ErasedKind::Customer, "c")
                );
                if optional!(tx, (i32,), sqlx::AssertSqlSafe(text.clone()), id.0)?.is_none() {
                    return Ok(Err(NotBound::NoCustomer(*id)));
                }
            }
            Binding::Entity(id) => {
                if optional!(tx, (i32,), "SELECT 1 FROM entities WHERE id = $1", id.0)?.is_none() {
                    return Ok(Err(NotBound::NoEntity(*id)));
                }
            }
            Binding::Team(name) if name.trim().is_empty() || name.chars().count() > 100 => {
                return Ok(Err(NotBound::NoTeam));
            }
            Binding::Team(_) => {}
        }
    }
    Ok(Ok(()))
}

/// How far a key reaches, for what is done in its name; it says nothing of IDs.
pub(crate) async fn reach_of_key(tx: &mut Tx, key: KeyId) -> Result<Access, CatalogError> {
    Ok(Access::of(false, bound(tx, key.0).await?))
}

/// How far a person sees, as they stand.
pub(crate) async fn reach_of_user(tx: &mut Tx, user: &User) -> Result<Access, CatalogError> {
    Ok(Access::of(user.sees_ids, bound(tx, user.id.0).await?))
}

/// To what this holder is bound; none where to nothing.
async fn bound(tx: &mut Tx, holder: Uuid) -> Result<Option<Bound>, CatalogError> {
    let (customers, entities, teams) = one!(
        tx,
        (i64, i64, i64),
        "SELECT COUNT(customer_id), COUNT(entity_id), COUNT(team) FROM bindings WHERE holder_id = $1",
        holder
    )?;
    let bound = Bound { holder, customers: customers > 0, entities: entities > 0, teams: teams > 0 };
    Ok(Some(bound).filter(|b| b.customers || b.entities || b.teams))
}
