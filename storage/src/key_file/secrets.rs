//! Secrets that stand in the catalog (those that sign webhooks out), sealed by the key file: a dump of the database or an
//! old backup signs nothing.

use ring::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    hmac,
};
use uuid::Uuid;

use super::KeyFile;
use crate::{catalog::Catalog, error::CatalogError};

/// What a sealed secret begins with; no secret of Standard Webhooks does.
const SEALED: &str = "sealed:1:";

impl KeyFile {
    fn secrets_key(&self) -> Option<LessSafeKey> {
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &self.state().0.links), b"acuse secrets 1");
        UnboundKey::new(&AES_256_GCM, tag.as_ref()).ok().map(LessSafeKey::new)
    }

    /// A secret as the catalog or a link keeps it; `of` is whose it is, and it opens for nobody else.
    #[must_use]
    pub fn seal_secret(&self, of: &str, secret: &str) -> Option<String> {
        let nonce: [u8; NONCE_LEN] = rand::random();
        let mut sealed = secret.as_bytes().to_vec();
        let key = self.secrets_key()?;
        key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(of), &mut sealed).ok()?;
        Some(format!("{SEALED}{}{}", hex::encode(nonce), hex::encode(sealed)))
    }

    /// The secret again; `None` where it was sealed by another file or for another.
    #[must_use]
    pub fn open_secret(&self, of: &str, kept: &str) -> Option<String> {
        let mut bytes = hex::decode(kept.strip_prefix(SEALED)?).ok()?;
        let nonce: [u8; NONCE_LEN] = *bytes.first_chunk()?;
        let mut sealed = bytes.split_off(NONCE_LEN);
        let nonce = Nonce::assume_unique_for_key(nonce);
        let plain = self.secrets_key()?.open_in_place(nonce, Aad::from(of), &mut sealed).ok()?;
        String::from_utf8(plain.to_vec()).ok()
    }
}

impl Catalog {
    /// A secret as its row keeps it: sealed, where there is a key file.
    pub(crate) fn sealed_secret(&self, of: &str, secret: &str) -> Result<String, CatalogError> {
        let Some(keys) = self.keys.get() else { return Ok(secret.to_owned()) };
        keys.seal_secret(of, secret).ok_or(CatalogError::Sealing { what: "a secret" })
    }

    /// A row's secret; `None` where it is sealed and cannot be opened here, which then signs nothing.
    pub(crate) fn opened_secret(&self, of: &str, kept: &str) -> Option<String> {
        if !kept.starts_with(SEALED) {
            return Some(kept.to_owned());
        }
        let opened = self.keys.get().and_then(|keys| keys.open_secret(of, kept));
        if opened.is_none() {
            // Whoever would sign with it says so, once.
            tracing::debug!(
                endpoint = of,
                "a webhook secret is sealed by a key file that this process has not opened"
            );
        }
        opened
    }

    /// Seals the secrets that a version before this one wrote as they are.
    pub(crate) async fn seal_webhook_secrets(&self) -> Result<(), CatalogError> {
        let mut tx = self.reading().await?;
        let sql = "SELECT id, secret, previous_secret FROM webhook_endpoints \
             WHERE secret NOT LIKE 'sealed:%' OR previous_secret NOT LIKE 'sealed:%'";
        let open = all!(tx, (Uuid, String, Option<String>), sql)?;
        drop(tx);
        if open.is_empty() {
            return Ok(());
        }
        let mut tx = self.writing().await?;
        for (id, secret, previous) in open {
            let of = id.to_string();
            let sealed = |kept: &str| match self.opened_secret(&of, kept) {
                Some(plain) => self.sealed_secret(&of, &plain),
                None => Ok(kept.to_owned()),
            };
            let (now, before) = (sealed(&secret)?, previous.as_deref().map(sealed).transpose()?);
            // Whoever was faster has sealed it already.
            execute!(
                tx,
                "UPDATE webhook_endpoints SET secret = $3, previous_secret = $4 WHERE id = $1 AND secret = $2",
                id,
                secret,
                now,
                before
            )?;
        }
        tx.commit().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_opens_for_its_owner_and_its_file_alone() {
        let folder = tempfile::tempdir().unwrap();
        let file = KeyFile::open_or_create(&folder.path().join("a")).unwrap();
        let other = KeyFile::open_or_create(&folder.path().join("b")).unwrap();
        let kept = file.seal_secret("one", "whsec_abc").unwrap();
        assert!(kept.starts_with(SEALED) && !kept.contains("abc"));
        assert_ne!(kept, file.seal_secret("one", "whsec_abc").unwrap(), "twice the same is not seen");
        assert_eq!(file.open_secret("one", &kept).as_deref(), Some("whsec_abc"));
        assert_eq!(file.open_secret("two", &kept), None);
        assert_eq!(other.open_secret("one", &kept), None);
        assert_eq!(file.open_secret("one", "sealed:1:00"), None);
    }
}
