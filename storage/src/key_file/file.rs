//! The key file as bytes, and how it is changed: under a lock, whole or not at all, and nobody else may read it.

use std::{
    fs::{self, File, OpenOptions},
    io::{Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use sha2::Digest;

use super::{
    KeyFileError,
    tree::{Node, Secret, Tree},
};

const MAGIC: &[u8; 16] = b"acuse key file 1";
/// Of one node: depth, prefix, secret.
const NODE: usize = 1 + 8 + 32;
/// Largest file that is read: some two million erasures.
const MOST_BYTES: u64 = 4 << 30;

/// What a key file holds.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Kept {
    /// What tells it from other files; no secret follows from it.
    pub(super) id: [u8; 16],
    /// Signs links.
    pub(super) links: Secret,
    /// Where the documents' keys come from.
    pub(super) tree: Tree,
}

impl Kept {
    pub(super) fn new() -> Self {
        Self { id: rand::random(), links: rand::random(), tree: Tree::new(rand::random()) }
    }

    fn to_bytes(&self) -> Vec<u8> {
        let nodes = self.tree.nodes();
        let mut bytes = Vec::with_capacity(128 + nodes.len() * NODE);
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&self.id);
        bytes.extend_from_slice(&self.links);
        bytes.extend_from_slice(&(nodes.len() as u64).to_be_bytes());
        for node in nodes {
            bytes.push(node.depth);
            bytes.extend_from_slice(&node.prefix.to_be_bytes());
            bytes.extend_from_slice(&node.secret);
        }
        let sum = sha2::Sha256::digest(&bytes);
        bytes.extend_from_slice(&sum);
        bytes
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (whole, sum) = bytes.split_last_chunk::<32>()?;
        if sha2::Sha256::digest(whole)[..] != sum[..] {
            return None;
        }
        let (magic, rest) = whole.split_first_chunk::<16>()?;
        let (id, rest) = rest.split_first_chunk::<16>()?;
        let (links, rest) = rest.split_first_chunk::<32>()?;
        let (count, rest) = rest.split_first_chunk::<8>()?;
        let (nodes, over) = rest.as_chunks::<NODE>();
        if magic != MAGIC || !over.is_empty() || u64::from_be_bytes(*count) != nodes.len() as u64 {
            return None;
        }
        let nodes = nodes.iter().map(node).collect::<Option<Vec<_>>>()?;
        Some(Self { id: *id, links: *links, tree: Tree::from_nodes(nodes)? })
    }
}

fn node(bytes: &[u8; NODE]) -> Option<Node> {
    let (depth, rest) = bytes.split_first()?;
    let (prefix, rest) = rest.split_first_chunk::<8>()?;
    Some(Node { depth: *depth, prefix: u64::from_be_bytes(*prefix), secret: *rest.first_chunk::<32>()? })
}

/// A file beside the key file.
pub(super) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

fn failed(path: &Path) -> impl Fn(std::io::Error) -> KeyFileError + '_ {
    |source| KeyFileError::Unusable { path: path.to_owned(), source }
}

/// Holds every other process of this machine off until it is dropped.
pub(super) fn lock(path: &Path) -> Result<File, KeyFileError> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        fs::create_dir_all(folder).map_err(failed(path))?;
    }
    let file = private(OpenOptions::new().create(true).truncate(false), &beside(path, ".lock"));
    let file = file.map_err(failed(path))?;
    file.lock().map_err(failed(path))?;
    Ok(file)
}

fn private(options: &mut OpenOptions, path: &Path) -> std::io::Result<File> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options.write(true).open(path)
}

/// What the file holds; none where there is no file.
pub(super) fn read(path: &Path) -> Result<Option<Kept>, KeyFileError> {
    let mut bytes = Vec::new();
    match File::open(path) {
        Ok(file) => file.take(MOST_BYTES).read_to_end(&mut bytes).map_err(failed(path))?,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(path)(error)),
    };
    Kept::from_bytes(&bytes).map(Some).ok_or_else(|| KeyFileError::NoKeyFile { path: path.to_owned() })
}

/// Puts what it is to hold in its place, durably.
pub(super) fn write(path: &Path, kept: &Kept) -> Result<(), KeyFileError> {
    let passing = beside(path, ".part");
    let written = || {
        let mut file = private(OpenOptions::new().create(true).truncate(true), &passing)?;
        file.write_all(&kept.to_bytes())?;
        file.sync_all()?;
        fs::rename(&passing, path)?;
        synced_folder(path)
    };
    written().map_err(failed(path))
}

/// Appends to the list beside the key file, durably. `whole` bytes of it are lines; after them stands at most one that a
/// crash cut off.
pub(super) fn append(path: &Path, whole: u64, text: &str) -> Result<(), KeyFileError> {
    let list = beside(path, super::LIST);
    let written = || {
        let mut file = private(OpenOptions::new().create(true).truncate(false), &list)?;
        file.set_len(whole)?;
        file.seek(SeekFrom::End(0))?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        synced_folder(path)
    };
    written().map_err(failed(&list))
}

/// A name is durable when its folder is.
fn synced_folder(path: &Path) -> std::io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_reads_back_and_a_touched_one_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sub/acuse.key");
        drop(lock(&path).unwrap());
        assert!(read(&path).unwrap().is_none());
        let mut kept = Kept::new();
        kept.tree.forget(12);
        write(&path, &kept).unwrap();
        assert!(read(&path).unwrap().unwrap() == kept);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
        let mut bytes = fs::read(&path).unwrap();
        for touched in [0, 20, bytes.len() / 2, bytes.len() - 1] {
            bytes[touched] ^= 1;
            fs::write(&path, &bytes).unwrap();
            assert!(matches!(read(&path), Err(KeyFileError::NoKeyFile { .. })), "{touched}");
            bytes[touched] ^= 1;
        }
        fs::write(&path, &bytes[..bytes.len() - 7]).unwrap();
        assert!(matches!(read(&path), Err(KeyFileError::NoKeyFile { .. })));
    }
}
