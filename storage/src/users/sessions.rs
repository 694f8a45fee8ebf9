//! Sessions: a token's hash, whose it is, and in which browser. A person who may not sign in has none.

use acuse_pipeline::document::Sha256;
use serde::Serialize;
use serde_json::json;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::{COLUMNS, Row, User};
use crate::{
    audit,
    catalog::Catalog,
    error::CatalogError,
    names::{UserId, at, clean, cut, micros, word, words},
};

words! {
    /// How somebody signed in.
    Way, "way of signing in" {
        /// With a password of ours.
        Password = "password",
        /// At an identity provider.
        Oidc = "oidc",
    }
}

/// A session that has not ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Session {
    /// The hash of its token, by which it is ended.
    pub id: Sha256,
    /// Whose.
    pub user: String,
    /// Since when.
    pub created_at: OffsetDateTime,
    /// Until when.
    pub expires_at: OffsetDateTime,
    /// Which browser, as it calls itself.
    pub agent: String,
    /// From where it was opened.
    pub address: String,
    /// How they signed in.
    pub way: Way,
}

impl Catalog {
    /// Opens a session under the hash of its token, for somebody who signed in so, in a browser (as it calls itself) at an
    /// address; ended ones are swept out. The trail says so of a password; of a provider it said so when it let them in.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn open_session(
        &self,
        token_hash: &Sha256,
        (user, way): (UserId, Way),
        lasts: std::time::Duration,
        (agent, address): (&str, &str),
    ) -> Result<(), CatalogError> {
        let mut tx = self.writing().await?;
        let present = tx.now();
        let until = present + Duration::try_from(lasts).unwrap_or(Duration::DAY);
        execute!(tx, "DELETE FROM sessions WHERE expires_at <= $1", micros(present))?;
        execute!(
            tx,
            "INSERT INTO sessions (sha256, user_id, created_at, expires_at, agent, address, signed_in_by) \
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
            &token_hash.0[..],
            user.0,
            micros(present),
            micros(until),
            cut(&clean(agent), 200),
            cut(&clean(address), 64),
            way.as_str()
        )?;
        if way == Way::Password {
            let (name,) = one!(tx, (String,), "SELECT name FROM users WHERE id = $1", user.0)?;
            let detail = json!({ "way": way, "address": cut(&clean(address), 64) });
            audit::write(&mut tx, &format!("user:{name}"), "signed_in", None, &detail).await?;
        }
        tx.commit().await
    }

    /// Signs somebody out: ends their session, and the trail says so. How they had signed in; none where it had ended.
    ///
    /// # Errors
    /// When the database fails or the row is impossible.
    pub async fn sign_out(&self, token_hash: &Sha256) -> Result<Option<Way>, CatalogError> {
        let mut tx = self.writing().await?;
        let ended = optional!(
            tx,
            (Uuid, String),
            "DELETE FROM sessions WHERE sha256 = $1 RETURNING user_id, signed_in_by",
            &token_hash.0[..]
        )?;
        let Some((user, way)) = ended else { return Ok(None) };
        let way: Way = word("sessions", "signed_in_by", &way)?;
        let (name,) = one!(tx, (String,), "SELECT name FROM users WHERE id = $1", user)?;
        let detail = json!({ "way": way });
        audit::write(&mut tx, &format!("user:{name}"), "signed_out", None, &detail).await?;
        tx.commit().await?;
        Ok(Some(way))
    }

    /// Whose session this is, if it has not ended and they may sign in.
    ///
    /// # Errors
    /// When the database fails or the row is impossible.
    pub async fn session(&self, token_hash: &Sha256) -> Result<Option<User>, CatalogError> {
        let mut tx = self.quick().await?;
        let present = micros(tx.now());
        let text = format!(
            "SELECT {COLUMNS} FROM sessions s JOIN users u ON u.id = s.user_id \
             WHERE s.sha256 = $1 AND s.expires_at > $2 AND u.disabled_at IS NULL"
        );
        optional!(tx, Row, sqlx::AssertSqlSafe(text.clone()), &token_hash.0[..], present)?
            .map(User::try_from)
            .transpose()
    }

    /// All sessions that have not ended, the latest first.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn sessions(&self) -> Result<Vec<Session>, CatalogError> {
        let mut tx = self.reading().await?;
        let present = micros(tx.now());
        let rows = all!(
            tx,
            (Vec<u8>, String, i64, i64, String, String, String),
            "SELECT s.sha256, u.name, s.created_at, s.expires_at, s.agent, s.address, s.signed_in_by \
             FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.expires_at > $1 \
             ORDER BY s.created_at DESC LIMIT 500",
            present
        )?;
        let session =
            |(hash, user, created, expires, agent, address, way): (Vec<u8>, _, i64, i64, _, _, String)| {
                let corrupt = || CatalogError::Missing { what: "whole hash of a session" };
                Ok(Session {
                    id: Sha256(<[u8; 32]>::try_from(hash).map_err(|_| corrupt())?),
                    user,
                    created_at: at("sessions", "created_at", created)?,
                    expires_at: at("sessions", "expires_at", expires)?,
                    agent,
                    address,
                    way: word("sessions", "signed_in_by", &way)?,
                })
            };
        rows.into_iter().map(session).collect()
    }

    /// Ends a session; whether there was one.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn close_session(&self, token_hash: &Sha256) -> Result<bool, CatalogError> {
        let mut tx = self.writing().await?;
        let ended = execute!(tx, "DELETE FROM sessions WHERE sha256 = $1", &token_hash.0[..])?;
        tx.commit().await?;
        Ok(ended == 1)
    }
}
