//! Where a file lives in S3.

use std::{fmt, str::FromStr};

use acuse_pipeline::document::Sha256;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::names::DocumentId;

/// The key of an object. Its invariants: `documents/{uuid}/{name}` or `incoming/{uuid}`, where a name is one of
/// `original-{sha256}`, `page-{number}-{sha256}.jpg`, `received-{number}-{sha256}.jpg` and `thumbnail-{sha256}.jpg`. So a key holds nothing that a
/// stranger chose, never leaves its document's folder, and names one content for ever.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ObjectKey(String);

/// A text that is no key of ours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an object key: expected documents/ID/original-SHA256 and the like")]
pub struct NotAKey;

impl ObjectKey {
    /// The bytes as they came.
    #[must_use]
    pub fn original(document: DocumentId, hash: &Sha256) -> Self {
        Self(format!("documents/{document}/original-{hash}"))
    }

    /// An upright page (one-based), JPEG.
    #[must_use]
    pub fn page(document: DocumentId, number: u32, hash: &Sha256) -> Self {
        Self(format!("documents/{document}/page-{number}-{hash}.jpg"))
    }

    /// A page (one-based) as it came, before it was cut, JPEG.
    #[must_use]
    pub fn received(document: DocumentId, number: u32, hash: &Sha256) -> Self {
        Self(format!("documents/{document}/received-{number}-{hash}.jpg"))
    }

    /// The small picture, JPEG.
    #[must_use]
    pub fn thumbnail(document: DocumentId, hash: &Sha256) -> Self {
        Self(format!("documents/{document}/thumbnail-{hash}.jpg"))
    }

    /// What the key of every document's object begins with.
    pub(crate) const DOCUMENTS: &str = "documents/";

    /// Whose it is, unless it is a passing one.
    #[must_use]
    pub fn document(&self) -> Option<DocumentId> {
        let (id, _) = self.0.strip_prefix(Self::DOCUMENTS)?.split_once('/')?;
        id.parse().ok().map(DocumentId)
    }

    /// What every passing key begins with.
    pub(crate) const INCOMING: &str = "incoming/";

    /// Where bytes go whose hash is not known before they have all come.
    pub(crate) fn incoming() -> Self {
        Self(format!("{}{}", Self::INCOMING, Uuid::now_v7()))
    }

    /// The hash of what it names, and whether that is a picture that we drew; none of a passing key.
    #[must_use]
    pub fn content(&self) -> Option<(Sha256, bool)> {
        let (_, name) = self.0.rsplit_once('/')?;
        let drawn = name.ends_with(".jpg");
        let hash = name.strip_suffix(".jpg").unwrap_or(name).rsplit_once('-')?.1;
        (self.0.starts_with("documents/")).then(|| hash.parse().ok().map(|hash| (hash, drawn))).flatten()
    }

    /// As S3 wants it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn is_hash(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

fn is_name(name: &str) -> bool {
    if let Some(hash) = name.strip_prefix("original-") {
        return is_hash(hash);
    }
    let Some(name) = name.strip_suffix(".jpg") else { return false };
    if let Some(hash) = name.strip_prefix("thumbnail-") {
        return is_hash(hash);
    }
    let numbered = name.strip_prefix("page-").or_else(|| name.strip_prefix("received-"));
    let numbered = numbered.and_then(|rest| rest.split_once('-'));
    numbered
        .is_some_and(|(n, hash)| n.parse::<u32>().is_ok_and(|p| p > 0 && p.to_string() == n) && is_hash(hash))
}

impl FromStr for ObjectKey {
    type Err = NotAKey;

    fn from_str(s: &str) -> Result<Self, NotAKey> {
        let is_id = |text: &str| Uuid::parse_str(text).is_ok_and(|id| id.to_string() == text);
        let good = match s.split_once('/') {
            Some(("incoming", id)) => is_id(id),
            Some(("documents", rest)) => {
                rest.split_once('/').is_some_and(|(id, name)| is_id(id) && is_name(name))
            }
            _ => false,
        };
        if good { Ok(Self(s.to_owned())) } else { Err(NotAKey) }
    }
}

impl fmt::Display for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for ObjectKey {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for ObjectKey {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_read_back() {
        let (id, hash) = (DocumentId::generate(), Sha256::of(b"x"));
        for key in [
            ObjectKey::original(id, &hash),
            ObjectKey::page(id, 12, &hash),
            ObjectKey::received(id, 12, &hash),
            ObjectKey::thumbnail(id, &hash),
            ObjectKey::incoming(),
        ] {
            assert_eq!(key.as_str().parse(), Ok(key.clone()));
        }
        assert_eq!(ObjectKey::page(id, 12, &hash).content(), Some((hash, true)));
        assert_eq!(ObjectKey::received(id, 12, &hash).content(), Some((hash, true)));
        assert_eq!(ObjectKey::original(id, &hash).content(), Some((hash, false)));
        assert_eq!(ObjectKey::incoming().content(), None);
    }

    #[test]
    fn nothing_else_is_a_key() {
        let (id, hash) = (DocumentId::generate(), Sha256::of(b"x"));
        for bad in [
            String::new(),
            "documents/x/original-00".to_owned(),
            format!("documents/{id}/../original-{hash}"),
            format!("documents/{id}/original-{hash}/.."),
            format!("documents/{id}/page-0-{hash}.jpg"),
            format!("documents/{id}/page-01-{hash}.jpg"),
            format!("documents/{id}/received-{hash}.jpg"),
            format!("/documents/{id}/original-{hash}"),
            format!("documents/{}/original-{hash}", id.to_string().to_uppercase()),
        ] {
            assert_eq!(bad.parse::<ObjectKey>(), Err(NotAKey), "{bad}");
        }
    }
}
