//! A place in the list of disputed names, as a caller carries it: sealed, for it names a name, and numbers of IDs are not
//! everybody's to read, nor to be guessed at by asking for what stands behind a place of one's own making.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    hmac,
};

use super::ConflictCursor;
use crate::{catalog::Catalog, error::CatalogError};

/// What is sealed is filled up to a multiple of so many bytes, so that its length says nothing of a name's.
const BLOCK: usize = 128;

struct Seal {
    nonces: hmac::Key,
    key: LessSafeKey,
}

impl Seal {
    fn of(secret: &[u8; 32]) -> Option<Self> {
        let secret = hmac::Key::new(hmac::HMAC_SHA256, secret);
        let derived = |what: &str| hmac::sign(&secret, what.as_bytes());
        let key = UnboundKey::new(&AES_256_GCM, derived("acuse places 1").as_ref()).ok()?;
        let nonces = hmac::Key::new(hmac::HMAC_SHA256, derived("acuse places 1: nonces").as_ref());
        Some(Self { nonces, key: LessSafeKey::new(key) })
    }

    /// The same place is always the same text, or a page that did not change would seem to.
    fn seal(&self, text: &str) -> Option<String> {
        let mut sealed = text.as_bytes().to_vec();
        sealed.resize(sealed.len().next_multiple_of(BLOCK), 0);
        let tag = hmac::sign(&self.nonces, &sealed);
        let tag: &[u8] = tag.as_ref();
        let nonce: [u8; NONCE_LEN] = *tag.first_chunk()?;
        self.key
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::empty(), &mut sealed)
            .ok()?;
        Some(URL_SAFE_NO_PAD.encode([nonce.as_slice(), sealed.as_slice()].concat()))
    }

    fn open(&self, sealed: &str) -> Option<String> {
        let mut bytes = URL_SAFE_NO_PAD.decode(sealed).ok()?;
        let nonce: [u8; NONCE_LEN] = *bytes.first_chunk()?;
        let mut rest = bytes.split_off(NONCE_LEN);
        let nonce = Nonce::assume_unique_for_key(nonce);
        let plain = self.key.open_in_place(nonce, Aad::empty(), &mut rest).ok()?;
        let text = String::from_utf8(plain.to_vec()).ok()?;
        Some(text.trim_end_matches('\0').to_owned())
    }
}

impl Catalog {
    async fn seal_of_places(&self) -> Result<Seal, CatalogError> {
        let secret = self.sign_in_key(&rand::random()).await?;
        Seal::of(&secret).ok_or(CatalogError::Missing { what: "whole key of places" })
    }

    /// A place among the names in dispute as a caller carries it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn sealed_place(&self, place: &ConflictCursor) -> Result<String, CatalogError> {
        let sealed = self.seal_of_places().await?.seal(&place.text());
        sealed.ok_or(CatalogError::Missing { what: "seal of a place" })
    }

    /// The place again; none where no list of ours gave it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn opened_place(&self, sealed: &str) -> Result<Option<ConflictCursor>, CatalogError> {
        let text = self.seal_of_places().await?.open(sealed);
        Ok(text.and_then(|text| ConflictCursor::of_text(&text)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sealed_place_says_nothing_and_opens_where_it_was_sealed_alone() {
        let (seal, other) = (Seal::of(&[7; 32]).unwrap(), Seal::of(&[8; 32]).unwrap());
        let sealed = seal.seal("id_number x 12345678Z").unwrap();
        let bytes = URL_SAFE_NO_PAD.decode(&sealed).unwrap();
        assert!(!String::from_utf8_lossy(&bytes).contains("12345678Z"));
        assert_eq!(
            seal.seal("id_number x 12345678Z").unwrap(),
            sealed,
            "a page that did not change is the same"
        );
        assert_eq!(seal.seal("id_number x 1").unwrap().len(), sealed.len(), "nor does its length");
        assert_eq!(seal.open(&sealed).as_deref(), Some("id_number x 12345678Z"));
        assert_eq!(other.open(&sealed), None);
        for not in
            [String::new(), "x".to_owned(), URL_SAFE_NO_PAD.encode("id_number x 1"), sealed.to_lowercase()]
        {
            assert_eq!(seal.open(&not), None, "{not}");
        }
    }
}
