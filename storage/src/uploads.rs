//! Documents that come without a message: over the API or from a folder. The original is put into S3 first; the row
//! and its `read` task follow in one transaction. A client that repeats a request with the same `Idempotency-Key`
//! gets the first answer.

use acuse_pipeline::document::Sha256;
use serde_json::json;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use crate::{
    access,
    arrivals::{Brought, counts},
    catalog::Catalog,
    contacts, conversation,
    documents::{DeclaredFile, StoredObject, keep_words},
    error::CatalogError,
    events, merges,
    names::{
        AliasKind, ContactId, CustomerId, DocumentId, KeyId, Source, Stage, clean_maybe, cut, micros, sha256,
    },
    stages::push_stage,
    timeline,
};

/// A document whose original is kept already.
#[derive(Debug, Clone)]
pub struct Upload {
    /// Its id, which its object key was made of.
    pub id: DocumentId,
    /// `Api` or `Import`.
    pub source: Source,
    /// The key that brings it.
    pub key: Option<KeyId>,
    /// Who sends it, as the client names them.
    pub sender: Option<String>,
    /// Whose it is, where the client says so.
    pub customer_id: Option<CustomerId>,
    /// Claims about the file.
    pub declared: DeclaredFile,
    /// The bytes, in S3.
    pub original: StoredObject,
    /// When its first byte came.
    pub received_at: OffsetDateTime,
}

/// How long a request is one with those that have its key.
const PROMISED: Duration = Duration::hours(24);

/// A client's promise that two requests are one.
#[derive(Debug, Clone)]
pub struct IdempotencyKey {
    /// Whose request.
    pub api_key: KeyId,
    /// The header's value, 1 to 255 characters.
    pub key: String,
    /// Hash of all that the request says.
    pub request: Sha256,
}

/// What became of an upload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accepted {
    /// A new document.
    New(DocumentId),
    /// The same request came before and made this one.
    Replayed(DocumentId),
    /// The key was used for another request before.
    KeyReused,
    /// What a request with this key made was erased.
    Erased,
}

impl Catalog {
    /// What a request with this key made before, if anything. For asking before the file is stored.
    ///
    /// # Errors
    /// When the database fails or the row is impossible.
    pub async fn idempotent(&self, key: &IdempotencyKey) -> Result<Option<Accepted>, CatalogError> {
        let mut tx = self.reading().await?;
        before(&mut tx, key).await
    }

    /// Whether a key was used, for whatever request. For asking before a file is stored.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn idempotency_key_is_used(&self, api_key: KeyId, key: &str) -> Result<bool, CatalogError> {
        let mut tx = self.quick().await?;
        let since = micros(tx.now() - PROMISED);
        let sql = "SELECT document_id FROM idempotency_keys WHERE api_key_id = $1 AND key IN ($2, $4) \
                   AND created_at > $3 LIMIT 1";
        let erased = of_erased(api_key.0, key);
        Ok(optional!(tx, (Uuid,), sql, api_key.0, key, since, erased.as_str())?.is_some())
    }

    /// Forgets keys whose time is over, at most so many; how many.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn prune_idempotency_keys(&self, most: u32) -> Result<u64, CatalogError> {
        let mut tx = self.writing().await?;
        let until = micros(tx.now() - PROMISED);
        let pruned = execute!(
            tx,
            "DELETE FROM idempotency_keys WHERE (api_key_id, key) IN (SELECT k.api_key_id, k.key \
             FROM idempotency_keys k WHERE k.created_at <= $1 ORDER BY k.created_at LIMIT $2)",
            until,
            i64::from(most)
        )?;
        tx.commit().await?;
        Ok(pruned)
    }

    /// Takes an upload in.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn accept_upload(
        &self,
        upload: &Upload,
        key: Option<&IdempotencyKey>,
    ) -> Result<Accepted, CatalogError> {
        let mut tx = self.writing().await?;
        let contact = match &upload.sender {
            Some(sender) if !sender.is_empty() => Some(contact_of(&mut tx, upload.key, sender).await?),
            _ => None,
        };
        let customer = merges::maybe_written_of(&mut tx, upload.customer_id).await?;
        write(&mut tx, upload, (contact, customer)).await?;
        if let Some(key) = key
            && !promise(&mut tx, key, upload.id).await?
        {
            // Another request won; ours is rolled back with the transaction. Its object stays under a key that
            // no row names.
            return before(&mut tx, key).await?.ok_or(CatalogError::Contention);
        }
        let mut came = counts::Counted::default();
        came.add(upload.received_at, String::new(), upload.source, Brought::Document);
        came.save(&mut tx).await?;
        let detail = json!({
            "source": upload.source, "size_bytes": upload.original.size_bytes, "sha256": upload.original.sha256,
        });
        timeline::note(&mut tx, upload.id, Stage::Read, "received", detail).await?;
        let mut data = json!({ "source": upload.source, "contact_id": contact });
        if let Some(customer) = customer {
            data["customer_id"] = json!(customer);
        }
        events::tell(&mut tx, "document.received", upload.id, data).await?;
        push_stage(&mut tx, upload.id, Stage::Read, None).await?;
        tx.commit().await?;
        Ok(Accepted::New(upload.id))
    }
}

/// The contact of a sender's name. For a key that is bound, a name that brought it nothing yet is of its own: else a document
/// under somebody's name would bring them, and what was said with them, into its reach.
async fn contact_of(
    tx: &mut crate::sql::Tx,
    key: Option<KeyId>,
    sender: &str,
) -> Result<ContactId, CatalogError> {
    let bound = match key {
        Some(key) => Some((key, access::reach_of_key(tx, key).await?)).filter(|(_, to)| to.is_bound()),
        None => None,
    };
    let Some((key, reach)) = bound else {
        return contacts::of_alias(tx, AliasKind::Api, sender).await;
    };
    let text = format!(
        "SELECT c.id FROM contact_aliases a JOIN contacts c ON c.id = a.contact_id \
         WHERE a.kind = $1 AND a.value = $2 AND {}",
        conversation::reach(&reach, tx)
    );
    let name = cut(sender, 256);
    let known =
        optional!(tx, (Uuid,), sqlx::AssertSqlSafe(text.clone()), AliasKind::Api.as_str(), name.as_str())?;
    match known {
        Some((known,)) => Ok(ContactId(known)),
        None => contacts::of_alias(tx, AliasKind::Api, &format!("{key} {sender}")).await,
    }
}

/// Writes the row of an upload, and what it is found by.
async fn write(
    tx: &mut crate::sql::Tx,
    upload: &Upload,
    (contact, customer): (Option<ContactId>, Option<CustomerId>),
) -> Result<(), CatalogError> {
    let present = micros(tx.now());
    let declared = &upload.declared;
    execute!(
        tx,
        "INSERT INTO documents (id, contact_id, source, declared_type, declared_filename, caption, \
         declared_sha256, sent_at, received_at, status, stage, original_key, original_sha256, original_bytes, \
         customer_id, updated_at, api_key_id) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8, 'received', 'read', $9, $10, $11, $12, $13, $14)",
        upload.id.0,
        contact.map(|c| c.0),
        upload.source.as_str(),
        declared.media_type.as_deref().map(|t| cut(t, 256)),
        declared.filename.as_deref().map(|t| cut(t, 512)),
        clean_maybe(declared.caption.as_deref()),
        declared.sha256.map(|h| h.0.to_vec()),
        micros(upload.received_at),
        upload.original.key.as_str(),
        &upload.original.sha256.0[..],
        i64::try_from(upload.original.size_bytes).unwrap_or(i64::MAX),
        customer.map(|c| c.0),
        present,
        upload.key.map(|k| k.0)
    )?;
    let place = (upload.id.0, micros(upload.received_at));
    keep_words(tx, place, declared, &Default::default(), "").await
}

/// What is handed in again under this key is this document; no: the key is another's.
async fn promise(
    tx: &mut crate::sql::Tx,
    key: &IdempotencyKey,
    document: DocumentId,
) -> Result<bool, CatalogError> {
    let present = micros(tx.now());
    let since = micros(tx.now() - PROMISED);
    let added = execute!(
        tx,
        "INSERT INTO idempotency_keys (api_key_id, key, request_sha256, document_id, created_at) \
         VALUES ($1, $2, $3, $4, $5) ON CONFLICT (api_key_id, key) DO UPDATE \
         SET request_sha256 = excluded.request_sha256, document_id = excluded.document_id, \
         created_at = excluded.created_at WHERE idempotency_keys.created_at <= $6",
        key.api_key.0,
        key.key.as_str(),
        &key.request.0[..],
        document.0,
        present,
        since
    )?;
    // Asked last: an erasure under way at this moment was waited for.
    Ok(added == 1 && before(tx, key).await? != Some(Accepted::Erased))
}

/// What stands in place of a key whose document was erased: nothing of what the client called it by, and the same key is known
/// by it until its time is over.
fn of_erased(api_key: Uuid, key: &str) -> String {
    format!("erased {}", Sha256::of(format!("{api_key}\n{key}").as_bytes()))
}

/// A document is erased: that its keys were used is known until their time is over, and nothing of what was said under them.
/// How many.
pub(crate) async fn forget_keys(tx: &mut crate::sql::Tx, document: DocumentId) -> Result<u64, CatalogError> {
    let sql =
        "SELECT api_key_id, key FROM idempotency_keys WHERE document_id = $1 AND length(request_sha256) > 0";
    let keys = all!(tx, (Uuid, String), sql, document.0)?;
    for (api_key, key) in &keys {
        let erased = of_erased(*api_key, key);
        // It was used before, a day ago or more, for what was erased too.
        let sql = "DELETE FROM idempotency_keys WHERE api_key_id = $1 AND key = $2";
        execute!(tx, sql, api_key, erased.as_str())?;
        execute!(
            tx,
            "UPDATE idempotency_keys SET key = $3, request_sha256 = $4 WHERE api_key_id = $1 AND key = $2",
            api_key,
            key.as_str(),
            erased.as_str(),
            &[][..] as &[u8]
        )?;
    }
    Ok(keys.len() as u64)
}

async fn before(tx: &mut crate::sql::Tx, key: &IdempotencyKey) -> Result<Option<Accepted>, CatalogError> {
    let since = micros(tx.now() - PROMISED);
    // Of an erased one nothing is known but that it was, and that goes before whatever came since.
    let row = optional!(
        tx,
        (Vec<u8>, Uuid),
        "SELECT request_sha256, document_id FROM idempotency_keys \
         WHERE api_key_id = $1 AND key IN ($2, $4) AND created_at > $3 ORDER BY length(request_sha256) LIMIT 1",
        key.api_key.0,
        key.key.as_str(),
        since,
        of_erased(key.api_key.0, &key.key)
    )?;
    row.map(|(hash, document)| {
        if hash.is_empty() {
            return Ok(Accepted::Erased);
        }
        let same = sha256("idempotency_keys", "request_sha256", &hash)? == key.request;
        Ok(if same { Accepted::Replayed(DocumentId(document)) } else { Accepted::KeyReused })
    })
    .transpose()
}
