//! The key file: where the keys of documents come from, outside the database and outside every backup.
//!
//! Each document's objects are sealed with a key of its own, which follows from the file and from the document's id; to
//! make one writes nothing. Erasing a document takes its key out of the file (`tree`), so an older backup of the
//! objects together with the file gives nothing back. Beside the file lies the list of what was erased: a restore applies
//! it first, and so does a machine whose copy of the file is older.

mod file;
mod known;
mod secrets;
mod tree;

use std::{
    collections::HashSet,
    fs,
    path::{Path, PathBuf},
    str::FromStr,
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard},
    time::SystemTime,
};

use ring::hmac;
use sha2::Digest;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    erasure::Keep,
    error::CatalogError,
    names::{DocumentId, words},
};
use file::Kept;

/// The ending of the list of what was erased.
const LIST: &str = ".erased";

/// The key file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// It cannot be read or written.
    #[error("cannot use the key file {path}: check that it and its folder can be read and written")]
    Unusable {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is something else, or was damaged.
    #[error("{path} is no key file, or was damaged: put a copy of the right one there (ACUSE_KEY_FILE)")]
    NoKeyFile {
        /// Which.
        path: PathBuf,
    },
    /// There is none, and the catalog knows one.
    #[error(
        "the key file {path} is not there, and without it no document can be opened: copy it from where it is kept, or \
         from another machine (ACUSE_KEY_FILE); its fingerprint is {fingerprint}"
    )]
    Absent {
        /// Where it should be.
        path: PathBuf,
        /// As the catalog knows it.
        fingerprint: String,
    },
    /// It is another than the catalog's.
    #[error(
        "the key file {path} is not the one of this catalog: its fingerprint is {found}, the catalog's is {expected}; \
         put a copy of that one there (ACUSE_KEY_FILE)"
    )]
    Foreign {
        /// Which.
        path: PathBuf,
        /// As the catalog knows it.
        expected: String,
        /// As it is.
        found: String,
    },
    /// The catalog knows one, and none is configured.
    #[error(
        "this catalog has a key file (fingerprint {fingerprint}): set ACUSE_KEY_FILE to where a copy of it is"
    )]
    Unnamed {
        /// As the catalog knows it.
        fingerprint: String,
    },
    /// The list of erasures holds something else.
    #[error("{path}: line {line} is no erasure")]
    NoErasure {
        /// Which.
        path: PathBuf,
        /// From one.
        line: usize,
    },
    /// The catalog failed.
    #[error("the fingerprint of the key file")]
    Catalog(#[from] CatalogError),
}

words! {
    /// What an erasure is of.
    ErasedKind, "kind of erasure" {
        /// One document.
        Document = "document",
        /// A contact, with all that came from it.
        Contact = "contact",
        /// A customer, with all that is theirs.
        Customer = "customer",
    }
}

/// A line of the list beside the key file: that something was erased, and nothing of what it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Erased {
    /// Of what.
    pub kind: ErasedKind,
    /// Its id.
    pub id: Uuid,
    /// When.
    pub at: OffsetDateTime,
    /// What stayed of a bill.
    pub keep: Keep,
}

impl Erased {
    fn line(&self) -> String {
        format!("{} {} {} {}\n", self.kind, self.id, self.at.unix_timestamp(), self.keep)
    }
}

impl FromStr for Erased {
    type Err = ();

    fn from_str(line: &str) -> Result<Self, ()> {
        let parts: Vec<&str> = line.split(' ').collect();
        let [kind, id, at, keep] = parts.as_slice() else { return Err(()) };
        let at = at.parse().ok().and_then(|secs| OffsetDateTime::from_unix_timestamp(secs).ok());
        Ok(Self {
            kind: kind.parse().map_err(|_| ())?,
            id: Uuid::parse_str(id).map_err(|_| ())?,
            at: at.ok_or(())?,
            keep: keep.parse().map_err(|_| ())?,
        })
    }
}

/// A key file that is open. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct KeyFile {
    inner: Arc<Inner>,
}

struct Inner {
    path: PathBuf,
    state: RwLock<(Kept, Option<Stamp>)>,
}

/// What tells whether another process changed the file.
type Stamp = (SystemTime, u64);

impl std::fmt::Debug for KeyFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeyFile").field("path", &self.inner.path).finish_non_exhaustive()
    }
}

fn stamp(path: &Path) -> Option<Stamp> {
    let meta = fs::metadata(path).ok()?;
    Some((meta.modified().ok()?, meta.len()))
}

fn leaf(document: DocumentId) -> u64 {
    let hash =
        sha2::Sha256::new().chain_update(b"acuse document").chain_update(document.0.as_bytes()).finalize();
    hash.first_chunk::<8>().copied().map_or(0, u64::from_be_bytes)
}

impl KeyFile {
    /// Opens the file; none where there is none. It blocks on the disk.
    ///
    /// # Errors
    /// When it cannot be read or is no key file.
    pub fn open(path: &Path) -> Result<Option<Self>, KeyFileError> {
        let stamp = stamp(path);
        Ok(file::read(path)?.map(|kept| Self {
            inner: Arc::new(Inner { path: path.to_owned(), state: RwLock::new((kept, stamp)) }),
        }))
    }

    /// Opens the file, made now where there was none. It blocks on the disk.
    ///
    /// # Errors
    /// When it cannot be read or written, or is no key file.
    pub fn open_or_create(path: &Path) -> Result<Self, KeyFileError> {
        let _held = file::lock(path)?;
        if file::read(path)?.is_none() {
            file::write(path, &Kept::new())?;
            tracing::warn!(
                path = %path.display(),
                "made a key file: without it no document can be opened, and no backup holds it; keep a copy elsewhere"
            );
        }
        Self::open(path)?.ok_or_else(|| KeyFileError::NoKeyFile { path: path.to_owned() })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.inner.path
    }

    fn state(&self) -> RwLockReadGuard<'_, (Kept, Option<Stamp>)> {
        // What is behind the lock is replaced whole, so a panic beside it leaves nothing half done.
        self.inner.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// What tells this file from any other, in hex. No secret follows from it, and no erasure changes it.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        hex::encode(self.state().0.id)
    }

    /// The key of a document; none where it was erased.
    #[must_use]
    pub(crate) fn document_key(&self, document: DocumentId) -> Option<[u8; 32]> {
        self.state().0.tree.leaf(leaf(document))
    }

    /// Whether a document has no key any more.
    #[must_use]
    pub fn is_erased(&self, document: DocumentId) -> bool {
        self.document_key(document).is_none()
    }

    /// Signs what a link says.
    #[must_use]
    pub fn sign(&self, text: &[u8]) -> [u8; 32] {
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &self.state().0.links), text);
        let mut signature = [0; 32];
        signature.copy_from_slice(tag.as_ref());
        signature
    }

    /// Whether this file signed it, told in the same time whatever the answer is.
    #[must_use]
    pub fn signed(&self, text: &[u8], signature: &[u8]) -> bool {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &self.state().0.links);
        hmac::verify(&key, text, signature).is_ok()
    }

    /// Takes the keys of these documents out of the file, for ever; how many it still had. It blocks on the disk.
    ///
    /// # Errors
    /// When the file cannot be written; then it is as it was.
    pub fn forget(&self, documents: &[DocumentId]) -> Result<usize, KeyFileError> {
        if documents.iter().all(|id| self.is_erased(*id)) && !self.is_stale() {
            return Ok(0);
        }
        let _held = file::lock(&self.inner.path)?;
        let Some(mut kept) = file::read(&self.inner.path)? else {
            let fingerprint = self.fingerprint();
            return Err(KeyFileError::Absent { path: self.inner.path.clone(), fingerprint });
        };
        let (expected, found) = (self.state().0.id, kept.id);
        if expected != found {
            let (expected, found) = (hex::encode(expected), hex::encode(found));
            return Err(KeyFileError::Foreign { path: self.inner.path.clone(), expected, found });
        }
        let gone = documents.iter().filter(|id| kept.tree.forget(leaf(**id))).count();
        if gone > 0 {
            file::write(&self.inner.path, &kept)?;
        }
        let fresh = (kept, stamp(&self.inner.path));
        *self.inner.state.write().unwrap_or_else(PoisonError::into_inner) = fresh;
        Ok(gone)
    }

    /// Whether another process has changed the file.
    fn is_stale(&self) -> bool {
        stamp(&self.inner.path) != self.state().1
    }

    /// Appends to the list of what was erased. It blocks on the disk.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn note(&self, erased: &[Erased]) -> Result<(), KeyFileError> {
        if erased.is_empty() {
            return Ok(());
        }
        let _held = file::lock(&self.inner.path)?;
        let (list, whole) = self.list()?;
        let had: HashSet<(ErasedKind, Uuid)> = list.into_iter().map(|e| (e.kind, e.id)).collect();
        let new = erased.iter().filter(|e| !had.contains(&(e.kind, e.id)));
        let text: String = new.map(Erased::line).collect();
        if text.is_empty() { Ok(()) } else { file::append(&self.inner.path, whole, &text) }
    }

    /// What was ever erased, as the list beside the file has it. It blocks on the disk.
    ///
    /// # Errors
    /// When it cannot be read or holds something else.
    pub fn erasures(&self) -> Result<Vec<Erased>, KeyFileError> {
        self.list().map(|(list, _)| list)
    }

    /// The list, and how many bytes of its file are whole lines.
    fn list(&self) -> Result<(Vec<Erased>, u64), KeyFileError> {
        let path = file::beside(&self.inner.path, LIST);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok((Vec::new(), 0)),
            Err(source) => return Err(KeyFileError::Unusable { path, source }),
        };
        // A line that a crash cut off was never promised to anybody.
        let whole = text.rfind('\n').map_or("", |end| text.get(..=end).unwrap_or_default());
        let lines = whole.lines().enumerate();
        let list = lines.map(|(n, line)| {
            line.parse().map_err(|()| KeyFileError::NoErasure { path: path.clone(), line: n + 1 })
        });
        Ok((list.collect::<Result<_, _>>()?, whole.len() as u64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_erased_document_has_no_key_in_any_process() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("acuse.key");
        let one = KeyFile::open_or_create(&path).unwrap();
        let copy = fs::read(&path).unwrap();
        let two = KeyFile::open_or_create(&path).unwrap();
        let (gone, stays) = (DocumentId::generate(), DocumentId::generate());
        assert_eq!(one.document_key(gone), two.document_key(gone));
        let kept = one.document_key(stays).unwrap();
        assert_eq!(one.forget(&[gone]).unwrap(), 1);
        assert_eq!(two.forget(&[gone]).unwrap(), 0, "the file has no key of it any more");
        for file in [&one, &two, &KeyFile::open(&path).unwrap().unwrap()] {
            assert!(file.is_erased(gone));
            assert_eq!(file.document_key(stays), Some(kept));
        }
        // An older copy of the file, and the list.
        one.note(&[Erased {
            kind: ErasedKind::Document,
            id: gone.0,
            at: OffsetDateTime::UNIX_EPOCH,
            keep: Keep::Amounts,
        }])
        .unwrap();
        one.note(&[Erased {
            kind: ErasedKind::Document,
            id: gone.0,
            at: OffsetDateTime::UNIX_EPOCH,
            keep: Keep::Amounts,
        }])
        .unwrap();
        fs::write(&path, copy).unwrap();
        let old = KeyFile::open(&path).unwrap().unwrap();
        assert!(!old.is_erased(gone), "only the list knows");
        let list = old.erasures().unwrap();
        assert_eq!(list.len(), 1);
        old.forget(&list.iter().map(|e| DocumentId(e.id)).collect::<Vec<_>>()).unwrap();
        assert!(old.is_erased(gone));
    }

    #[test]
    fn a_line_that_was_cut_off_is_none_and_a_wrong_one_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("acuse.key");
        let file = KeyFile::open_or_create(&path).unwrap();
        let id = Uuid::now_v7();
        fs::write(folder.path().join("acuse.key.erased"), format!("contact {id} 12 amounts\ndocument 0"))
            .unwrap();
        assert_eq!(file.erasures().unwrap().len(), 1);
        let other =
            Erased { kind: ErasedKind::Customer, id, at: OffsetDateTime::UNIX_EPOCH, keep: Keep::Amounts };
        file.note(&[other]).unwrap();
        assert_eq!(file.erasures().unwrap()[1..], [other]);
        fs::write(folder.path().join("acuse.key.erased"), "contact x 12 amounts\n").unwrap();
        assert!(matches!(file.erasures(), Err(KeyFileError::NoErasure { line: 1, .. })));
    }

    #[test]
    fn what_was_signed_is_told_from_what_was_not() {
        let folder = tempfile::tempdir().unwrap();
        let file = KeyFile::open_or_create(&folder.path().join("a")).unwrap();
        let other = KeyFile::open_or_create(&folder.path().join("b")).unwrap();
        let signature = file.sign(b"this");
        assert!(file.signed(b"this", &signature) && !file.signed(b"that", &signature));
        assert!(!other.signed(b"this", &signature));
    }
}
