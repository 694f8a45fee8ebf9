//! The people who review, and their sessions. Passwords come hashed (argon2) from the caller; session tokens are kept
//! as hashes.

use acuse_pipeline::document::Sha256;
use serde::Serialize;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use crate::{
    catalog::Catalog,
    error::CatalogError,
    names::{UserId, at, micros, word, words},
};

words! {
    /// What a person may do.
    Role, "role" {
        /// Decide reviews and see documents.
        Reviewer = "reviewer",
        /// Also the operator's pages.
        Admin = "admin",
    }
}

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
}

fn user(id: Uuid, name: String, role: &str, created: i64) -> Result<User, CatalogError> {
    Ok(User {
        id: UserId(id),
        name,
        role: word("users", "role", role)?,
        created_at: at("users", "created_at", created)?,
    })
}

impl Catalog {
    /// Adds a person, or gives an existing one a new password and role (their sessions end).
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
             ON CONFLICT (name) DO UPDATE SET password_hash = excluded.password_hash, role = excluded.role \
             RETURNING id",
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

    /// A person by name, with the hash of their password.
    ///
    /// # Errors
    /// When the database fails or the row is impossible.
    pub async fn user_by_name(&self, name: &str) -> Result<Option<(User, String)>, CatalogError> {
        let mut tx = self.quick().await?;
        optional!(
            tx,
            (Uuid, String, String, i64, String),
            "SELECT id, name, role, created_at, password_hash FROM users WHERE name = $1",
            name
        )?
        .map(|(id, name, role, created, hash)| Ok((user(id, name, &role, created)?, hash)))
        .transpose()
    }

    /// All people, by name.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn users(&self) -> Result<Vec<User>, CatalogError> {
        let mut tx = self.reading().await?;
        all!(
            tx,
            (Uuid, String, String, i64),
            "SELECT id, name, role, created_at FROM users ORDER BY name LIMIT 1000"
        )?
        .into_iter()
        .map(|(id, name, role, created)| user(id, name, &role, created))
        .collect()
    }

    /// Opens a session under the hash of its token; ended ones are swept out.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn open_session(
        &self,
        token_hash: &Sha256,
        user: UserId,
        lasts: std::time::Duration,
    ) -> Result<(), CatalogError> {
        let mut tx = self.writing().await?;
        let present = tx.now();
        let until = present + Duration::try_from(lasts).unwrap_or(Duration::DAY);
        execute!(tx, "DELETE FROM sessions WHERE expires_at <= $1", micros(present))?;
        execute!(
            tx,
            "INSERT INTO sessions (sha256, user_id, created_at, expires_at) VALUES ($1, $2, $3, $4)",
            &token_hash.0[..],
            user.0,
            micros(present),
            micros(until)
        )?;
        tx.commit().await
    }

    /// Whose session this is, if it has not ended.
    ///
    /// # Errors
    /// When the database fails or the row is impossible.
    pub async fn session(&self, token_hash: &Sha256) -> Result<Option<User>, CatalogError> {
        let mut tx = self.quick().await?;
        let present = tx.now();
        optional!(
            tx,
            (Uuid, String, String, i64),
            "SELECT u.id, u.name, u.role, u.created_at FROM sessions s JOIN users u ON u.id = s.user_id \
             WHERE s.sha256 = $1 AND s.expires_at > $2",
            &token_hash.0[..],
            micros(present)
        )?
        .map(|(id, name, role, created)| user(id, name, &role, created))
        .transpose()
    }

    /// Ends a session.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn close_session(&self, token_hash: &Sha256) -> Result<(), CatalogError> {
        let mut tx = self.writing().await?;
        execute!(tx, "DELETE FROM sessions WHERE sha256 = $1", &token_hash.0[..])?;
        tx.commit().await
    }
}
