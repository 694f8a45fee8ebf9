//! The people who review, their sessions (`sessions`), who they are for an identity provider (`identities`) and what waits for
//! one of them alone (`handed`). Passwords come hashed (argon2) from the caller.

mod handed;
pub mod identities;
mod sessions;

use serde::Serialize;
use time::OffsetDateTime;
use uuid::Uuid;

pub(crate) use handed::rebound;
pub use sessions::{Session, Way};

use crate::{
    catalog::Catalog,
    error::CatalogError,
    names::{UserId, at, maybe_at, micros, word, words},
    reviews::four_eyes,
    sql::{Tx, alone},
};

words! {
    /// What a person may do.
    Role, "role" {
        /// Decide reviews and see documents.
        Reviewer = "reviewer",
        /// See documents and take the books away; decide nothing.
        Finance = "finance",
        /// What a reviewer may, and take back what others hold.
        Supervisor = "supervisor",
        /// All there is: people, and the operator's pages.
        Admin = "admin",
        /// See everything, the trail too, and change nothing.
        Auditor = "auditor",
    }
}

/// The lock of PostgreSQL that whoever changes what people may do holds.
const LOCK: i64 = 0x61_63_75_73_65_02;

/// SQL that holds for the people `u` who are bound to nothing. Each part goes by an index of its own: a row says one of the
/// three.
const UNBOUND: &str = "NOT EXISTS (SELECT 1 FROM bindings b WHERE b.holder_id = u.id AND b.customer_id IS NOT NULL) \
     AND NOT EXISTS (SELECT 1 FROM bindings b WHERE b.holder_id = u.id AND b.entity_id IS NOT NULL) \
     AND NOT EXISTS (SELECT 1 FROM bindings b WHERE b.holder_id = u.id AND b.team IS NOT NULL)";

/// SQL that holds for the people `u` who decide documents, whichever: who is bound does not reach all of them.
pub(crate) fn decides() -> String {
    format!("u.disabled_at IS NULL AND u.role IN ('reviewer', 'supervisor', 'admin') AND {UNBOUND}")
}

/// In the place of a password's hash, of somebody who has none: no password has it.
pub const NO_PASSWORD: &str = "!";

/// A person who reviews.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct User {
    /// Their id.
    pub id: UserId,
    /// Their unique name.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// Since when.
    pub created_at: OffsetDateTime,
    /// Whether they see IDs, whatever their role.
    pub sees_ids: bool,
    /// Since when they may not sign in.
    pub disabled_at: Option<OffsetDateTime>,
    /// By which address they are known at their first sign-in with an identity provider; in lower case.
    pub email: Option<String>,
}

/// Why a person was not changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unchanged {
    /// There is no such person.
    Missing,
    /// Nobody would be left who may let people in.
    LastAdmin,
    /// Somebody else has the e-mail address.
    EmailTaken,
    /// A rule for four eyes that two people could keep would be left without them.
    FourEyes,
}

const COLUMNS: &str = "u.id, u.name, u.role, u.created_at, u.sees_ids, u.disabled_at, u.email";

#[derive(sqlx::FromRow)]
struct Row {
    id: Uuid,
    name: String,
    role: String,
    created_at: i64,
    sees_ids: bool,
    disabled_at: Option<i64>,
    email: Option<String>,
}

const T: &str = "users";

impl TryFrom<Row> for User {
    type Error = CatalogError;

    fn try_from(row: Row) -> Result<Self, CatalogError> {
        Ok(Self {
            id: UserId(row.id),
            name: row.name,
            role: word(T, "role", &row.role)?,
            created_at: at(T, "created_at", row.created_at)?,
            sees_ids: row.sees_ids,
            disabled_at: maybe_at(T, "disabled_at", row.disabled_at)?,
            email: row.email,
        })
    }
}

/// What of a person is changed; what is none stays.
#[derive(Debug, Clone, Default)]
pub struct Change {
    /// What they may do.
    pub role: Option<Role>,
    /// Whether they see IDs.
    pub sees_ids: Option<bool>,
    /// Whether they may not sign in.
    pub disabled: Option<bool>,
    /// Another password, hashed.
    pub password_hash: Option<String>,
    /// Another e-mail address, in lower case; an empty one takes it away.
    pub email: Option<String>,
}

impl Catalog {
    /// Adds a person, or gives an existing one a new password and role (their sessions end, and they may sign in).
    ///
    /// # Errors
    /// When the database fails.
    pub async fn put_user(
        &self,
        name: &str,
        password_hash: &str,
        role: Role,
    ) -> Result<UserId, CatalogError> {
        let mut tx = self.writing().await?;
        let present = tx.now();
        let (id,) = one!(
            tx,
            (Uuid,),
            "INSERT INTO users (id, name, password_hash, role, created_at) VALUES ($1, $2, $3, $4, $5) \
             ON CONFLICT (name) DO UPDATE SET password_hash = excluded.password_hash, role = excluded.role, \
             disabled_at = NULL RETURNING id",
            UserId::generate().0,
            name,
            password_hash,
            role.as_str(),
            micros(present)
        )?;
        execute!(tx, "DELETE FROM sessions WHERE user_id = $1", id)?;
        tx.commit().await?;
        Ok(UserId(id))
    }

    /// Adds a person; none where somebody has the name or the e-mail address already.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn add_user(
        &self,
        name: &str,
        password_hash: &str,
        (role, sees_ids): (Role, bool),
        email: Option<&str>,
    ) -> Result<Option<UserId>, CatalogError> {
        let mut tx = self.writing().await?;
        let present = tx.now();
        let made = optional!(
            tx,
            (Uuid,),
            "INSERT INTO users (id, name, password_hash, role, created_at, sees_ids, email) \
             VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING RETURNING id",
            UserId::generate().0,
            name,
            password_hash,
            role.as_str(),
            micros(present),
            sees_ids,
            email
        )?;
        tx.commit().await?;
        Ok(made.map(|(id,)| UserId(id)))
    }

    /// Changes a person. Their sessions end with a new password, another role, or when they may not sign in any more.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn change_user(
        &self,
        id: UserId,
        change: &Change,
    ) -> Result<Result<User, Unchanged>, CatalogError> {
        let mut tx = self.writing().await?;
        let changed = self::change(&mut tx, id, change).await?;
        if changed.is_ok() {
            tx.commit().await?;
        }
        Ok(changed)
    }

    /// A person by name, with the hash of their password.
    ///
    /// # Errors
    /// When the database fails or the row is impossible.
    pub async fn user_by_name(&self, name: &str) -> Result<Option<(User, String)>, CatalogError> {
        let mut tx = self.quick().await?;
        let text = format!("SELECT {COLUMNS} FROM users u WHERE u.name = $1");
        let row = optional!(tx, Row, sqlx::AssertSqlSafe(text.clone()), name)?;
        let Some(user) = row.map(User::try_from).transpose()? else { return Ok(None) };
        let (hash,) = one!(tx, (String,), "SELECT password_hash FROM users WHERE id = $1", user.id.0)?;
        Ok(Some((user, hash)))
    }

    /// All people, by name.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn users(&self) -> Result<Vec<User>, CatalogError> {
        let mut tx = self.reading().await?;
        let text = format!("SELECT {COLUMNS} FROM users u ORDER BY u.name LIMIT 1000");
        all!(tx, Row, sqlx::AssertSqlSafe(text.clone()))?.into_iter().map(User::try_from).collect()
    }
}

/// Nobody else changes what people may do while this goes on.
pub(crate) async fn hold_all(tx: &mut Tx) -> Result<(), CatalogError> {
    alone(tx, LOCK).await
}

/// Changes a person; what is refused must be rolled back.
async fn change(tx: &mut Tx, id: UserId, change: &Change) -> Result<Result<User, Unchanged>, CatalogError> {
    if change.role.is_some() || change.disabled.is_some() || change.sees_ids.is_some() {
        // Of two who shut each other out one must see what the other did.
        hold_all(tx).await?;
    }
    let present = micros(tx.now());
    let had_admin = an_admin_is_there(tx).await?;
    let kept = four_eyes::rules_by_keeping(tx).await?.kept;
    if let Some(email) = change.email.as_deref().filter(|email| !email.is_empty()) {
        let other =
            optional!(tx, (Uuid,), "SELECT id FROM users WHERE email = $1 AND id <> $2", email, id.0)?;
        if other.is_some() {
            return Ok(Err(Unchanged::EmailTaken));
        }
    }
    let changed = execute!(
        tx,
        "UPDATE users SET role = COALESCE($2, role), sees_ids = COALESCE($3, sees_ids), \
         password_hash = COALESCE($4, password_hash), \
         disabled_at = CASE WHEN $5 IS NULL THEN disabled_at WHEN $5 THEN COALESCE(disabled_at, $6) END, \
         email = NULLIF(COALESCE($7, email), '') WHERE id = $1",
        id.0,
        change.role.map(Role::as_str),
        change.sees_ids,
        change.password_hash.as_deref(),
        change.disabled,
        present,
        change.email.as_deref()
    )?;
    if changed != 1 {
        return Ok(Err(Unchanged::Missing));
    }
    if had_admin && !an_admin_is_there(tx).await? {
        return Ok(Err(Unchanged::LastAdmin));
    }
    if four_eyes::rules_by_keeping(tx).await?.kept < kept {
        return Ok(Err(Unchanged::FourEyes));
    }
    if change.role.is_some() || change.password_hash.is_some() || change.disabled == Some(true) {
        execute!(tx, "DELETE FROM sessions WHERE user_id = $1", id.0)?;
    }
    let user = lookup(tx, id).await?.ok_or(CatalogError::Missing { what: "person" })?;
    let sees_less = change.sees_ids == Some(false);
    handed::leave_to_others(tx, &user, sees_less).await?;
    Ok(Ok(user))
}

async fn lookup(tx: &mut Tx, id: UserId) -> Result<Option<User>, CatalogError> {
    let text = format!("SELECT {COLUMNS} FROM users u WHERE u.id = $1");
    optional!(tx, Row, sqlx::AssertSqlSafe(text.clone()), id.0)?.map(User::try_from).transpose()
}

/// Whether somebody may let people in: no admin who is bound does.
async fn an_admin_is_there(tx: &mut Tx) -> Result<bool, CatalogError> {
    let text = format!(
        "SELECT COUNT(*) FROM users u WHERE u.role = 'admin' AND u.disabled_at IS NULL AND {UNBOUND}"
    );
    let (left,) = one!(tx, (i64,), sqlx::AssertSqlSafe(text.clone()))?;
    Ok(left > 0)
}
