//! API keys: kept as hashes, with the scopes they grant.

use acuse_pipeline::document::Sha256;
use serde::Serialize;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    catalog::Catalog,
    error::CatalogError,
    names::{KeyId, at, json, maybe_at, micros, sha256, to_json, words},
    sql::Tx,
};

words! {
    /// What a key may do.
    Scope, "scope" {
        /// See documents (IDs withheld).
        DocumentsRead = "documents:read",
        /// Send documents.
        DocumentsWrite = "documents:write",
        /// See what IDs say and show.
        IdsRead = "ids:read",
        /// Decide reviews.
        ReviewsWrite = "reviews:write",
        /// Let an assistant decide, one open document a call; `admin` does not bring it.
        ReviewsMcp = "reviews:mcp",
        /// Read what was said with contacts.
        MessagesRead = "messages:read",
        /// Write to contacts, take their cases over, and write down what they agreed to.
        MessagesWrite = "messages:write",
        /// Add customers.
        CustomersWrite = "customers:write",
        /// Fixtures alone, for trying a client out; no other scope stands beside it.
        Sandbox = "sandbox",
        /// Erase for ever, and place or lift legal holds.
        Erasure = "erasure",
        /// Everything, and the operator's pages.
        Admin = "admin",
    }
}

/// A key, without its secret (which is never kept).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ApiKey {
    /// Its id.
    pub id: KeyId,
    /// Its unique name.
    pub name: String,
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// When it was made.
    pub created_at: OffsetDateTime,
    /// Since when it is void.
    pub revoked_at: Option<OffsetDateTime>,
}

impl ApiKey {
    /// Whether the key grants a scope; `admin` grants all.
    #[must_use]
    pub fn grants(&self, scope: Scope) -> bool {
        self.revoked_at.is_none() && (self.scopes.contains(&scope) || self.scopes.contains(&Scope::Admin))
    }
}

/// What became of a key to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyMade {
    /// It is good from now on.
    Made(KeyId),
    /// That name is taken.
    NameTaken,
}

type Row = (Uuid, String, String, i64, Option<i64>);

fn key((id, name, scopes, created, revoked): Row) -> Result<ApiKey, CatalogError> {
    Ok(ApiKey {
        id: KeyId(id),
        name,
        scopes: json("api_keys", "scopes", &scopes)?,
        created_at: at("api_keys", "created_at", created)?,
        revoked_at: maybe_at("api_keys", "revoked_at", revoked)?,
    })
}

/// A key by its id, void or not.
pub(crate) async fn by_id(tx: &mut Tx, id: KeyId) -> Result<Option<ApiKey>, CatalogError> {
    let sql = "SELECT id, name, scopes, created_at, revoked_at FROM api_keys WHERE id = $1";
    optional!(tx, Row, sql, id.0)?.map(key).transpose()
}

/// Keeps a key by its hash, in the caller's transaction.
pub(crate) async fn create(
    tx: &mut Tx,
    name: &str,
    hash: &Sha256,
    scopes: &[Scope],
) -> Result<KeyMade, CatalogError> {
    let id = KeyId::generate();
    let present = tx.now();
    let made = execute!(
        tx,
        "INSERT INTO api_keys (id, name, sha256, scopes, created_at) VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT (name) DO NOTHING",
        id.0,
        name,
        &hash.0[..],
        to_json("scopes", scopes)?,
        micros(present)
    )?;
    Ok(if made == 1 { KeyMade::Made(id) } else { KeyMade::NameTaken })
}

impl Catalog {
    /// Keeps a key by its hash.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn create_key(
        &self,
        name: &str,
        hash: &Sha256,
        scopes: &[Scope],
    ) -> Result<KeyMade, CatalogError> {
        let mut tx = self.writing().await?;
        let made = create(&mut tx, name, hash, scopes).await?;
        tx.commit().await?;
        Ok(made)
    }

    /// The valid key with this hash.
    ///
    /// # Errors
    /// When the database fails or the row is impossible.
    pub async fn key_by_hash(&self, hash: &Sha256) -> Result<Option<ApiKey>, CatalogError> {
        let mut tx = self.quick().await?;
        optional!(
            tx,
            Row,
            "SELECT id, name, scopes, created_at, revoked_at FROM api_keys WHERE sha256 = $1 AND revoked_at IS NULL",
            &hash.0[..]
        )?
        .map(key)
        .transpose()
    }

    /// The hashes of all valid keys.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn key_hashes(&self) -> Result<Vec<Sha256>, CatalogError> {
        let mut tx = self.quick().await?;
        let rows = all!(tx, (Vec<u8>,), "SELECT sha256 FROM api_keys WHERE revoked_at IS NULL")?;
        rows.into_iter().map(|(hash,)| sha256("api_keys", "sha256", &hash)).collect()
    }

    /// Voids a key; whether there was a valid one of that name.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn revoke_key(&self, name: &str) -> Result<bool, CatalogError> {
        let mut tx = self.writing().await?;
        let present = tx.now();
        let touched = execute!(
            tx,
            "UPDATE api_keys SET revoked_at = $2 WHERE name = $1 AND revoked_at IS NULL",
            name,
            micros(present)
        )?;
        tx.commit().await?;
        Ok(touched == 1)
    }

    /// All keys, by name.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn keys(&self) -> Result<Vec<ApiKey>, CatalogError> {
        let mut tx = self.reading().await?;
        all!(
            tx,
            Row,
            "SELECT id, name, scopes, created_at, revoked_at FROM api_keys ORDER BY name LIMIT 1000"
        )?
        .into_iter()
        .map(key)
        .collect()
    }
}
