//! The folder of a backup. A file has its name only when it is whole.

use std::{io::Read, path::Path};

use acuse_pipeline::document::Sha256;
use anyhow::Context;
use sha2::Digest;

/// A folder that only we may look into.
pub(super) async fn make(folder: &Path) -> anyhow::Result<()> {
    let mut builder = tokio::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    builder.mode(0o700);
    builder.create(folder).await.with_context(|| format!("cannot make the folder {}", folder.display()))
}

/// Writes a file, makes it durable, and only then gives it its name.
pub(super) async fn write(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let parent = path.parent().unwrap_or(Path::new("."));
    make(parent).await?;
    let (passing, path, bytes) = (path.with_extension("part"), path.to_owned(), bytes.to_vec());
    let written = tokio::task::spawn_blocking(move || {
        let mut file = std::fs::File::create(&passing)?;
        std::io::Write::write_all(&mut file, &bytes)?;
        file.sync_all()?;
        std::fs::rename(&passing, &path)
    });
    written.await?.with_context(|| format!("cannot write into {}", parent.display()))
}

/// Copies a file to where there is none, and gives it its name when it is whole.
pub(super) async fn copy(from: &Path, to: &Path) -> anyhow::Result<()> {
    make(to.parent().unwrap_or(Path::new("."))).await?;
    let passing = to.with_extension("restoring");
    tokio::fs::copy(from, &passing).await.with_context(|| format!("cannot write {}", passing.display()))?;
    tokio::fs::File::open(&passing).await?.sync_all().await?;
    tokio::fs::rename(&passing, to).await.with_context(|| format!("cannot write {}", to.display()))
}

/// Of a file, read in pieces.
pub(super) async fn hash(path: &Path) -> anyhow::Result<Sha256> {
    let owned = path.to_owned();
    let hashed = tokio::task::spawn_blocking(move || {
        let mut file = std::fs::File::open(owned)?;
        let (mut hash, mut buffer) = (sha2::Sha256::new(), vec![0; 1 << 16]);
        loop {
            match file.read(&mut buffer)? {
                0 => return Ok::<_, std::io::Error>(Sha256(hash.finalize().into())),
                n => hash.update(buffer.get(..n).unwrap_or_default()),
            }
        }
    });
    hashed.await?.with_context(|| format!("cannot read {}", path.display()))
}

/// The names of all files under a folder that begin like this. What a backup that was cut off left is none.
pub(super) async fn names(folder: &Path, begin: &str) -> anyhow::Result<Vec<String>> {
    let (root, begin) = (folder.to_owned(), begin.to_owned());
    let found = tokio::task::spawn_blocking(move || {
        let (mut found, mut folders) = (Vec::new(), vec![root.clone()]);
        while let Some(at) = folders.pop() {
            for entry in std::fs::read_dir(&at)? {
                let path = entry?.path();
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                let name = path.strip_prefix(&root).ok().and_then(Path::to_str).map(str::to_owned);
                found.extend(name.filter(|name| name.starts_with(&begin) && !name.ends_with(".part")));
            }
        }
        Ok::<_, std::io::Error>(found)
    });
    found.await?.with_context(|| format!("cannot read {}", folder.display()))
}
