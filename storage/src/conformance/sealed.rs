//! Promises of sealed objects: nobody reads them in the store, they come back whole and in parts, and what was erased is
//! erased.

use std::path::Path;

use acuse_pipeline::document::Sha256;
use bytes::Bytes;
use futures_util::StreamExt;

use super::{files, outgoing::endpoint};
use crate::{
    Catalog, DocumentId, KeyFile, ObjectKey, Objects,
    key_file::KeyFileError,
    names::EndpointId,
    objects::{ByteRange, ObjectError, SEALING},
    webhooks::Filter,
};

async fn stored(objects: &Objects, key: &ObjectKey) -> Vec<u8> {
    let (_, flow) = objects.get_stored(key).await.unwrap();
    flow.map(|bytes| bytes.unwrap()).collect::<Vec<Bytes>>().await.concat()
}

async fn part(objects: &Objects, key: &ObjectKey, range: &str) -> Result<(String, Vec<u8>), ObjectError> {
    let part = objects.get_range(key, range.parse::<ByteRange>().unwrap()).await?;
    let bytes = part.stream.map(|b| b.unwrap()).collect::<Vec<Bytes>>().await.concat();
    assert_eq!(part.size_bytes, bytes.len() as u64);
    Ok((part.content_range, bytes))
}

/// Runs every promise of sealed objects against this bucket, with a key file in `folder`.
///
/// # Panics
/// When a promise is broken.
pub async fn sealed(objects: &Objects, folder: &Path) {
    let path = folder.join("conformance.key");
    let keys = KeyFile::open_or_create(&path).unwrap();
    let plain = objects.clone().sealed_by(None);
    let objects = objects.clone().sealed_by(Some(keys.clone()));
    files::what_is_put_comes_back(&objects).await;
    files::long_streams_are_kept_in_parts(&objects).await;
    files::failures_leave_nothing(&objects).await;
    parts_are_opened(&objects).await;
    what_is_erased_is_erased(&objects, &keys).await;
    what_is_there_is_sealed(&plain, &objects).await;
}

async fn parts_are_opened(objects: &Objects) {
    let total = (9 << 20) + 77;
    let id = DocumentId::generate();
    let kept = objects.put_original(id, files::pieces(total, 60_000), 64 << 20).await.unwrap();
    let all = objects.get_verified(&kept, 64 << 20).await.unwrap();
    let raw = stored(objects, &kept.key).await;
    assert!(raw.len() > total && !raw.windows(64).any(|w| w == &all[..64]), "nothing of it is to be read");
    for (range, first, last) in [
        ("bytes=0-0", 0, 0),
        ("bytes=0-65535", 0, 65_535),
        ("bytes=65535-65536", 65_535, 65_536),
        ("bytes=100000-400000", 100_000, 400_000),
        ("bytes=-10", total - 10, total - 1),
        ("bytes=9437184-", 9_437_184, total - 1),
        ("bytes=5-99999999", 5, total - 1),
    ] {
        let (said, bytes) = part(objects, &kept.key, range).await.unwrap();
        assert_eq!(said, format!("bytes {first}-{last}/{total}"), "{range}");
        assert!(bytes == all[first..=last], "{range}");
    }
    for none in ["bytes=99999999-", "bytes=-0"] {
        let beyond = part(objects, &kept.key, none).await;
        let told =
            matches!(beyond, Err(ObjectError::NoSuchRange { size_bytes }) if size_bytes == total as u64);
        assert!(told, "{none}: {beyond:?}");
    }
    let mut changed = raw;
    changed[5_000_000] ^= 1;
    objects.put_stored(&kept.key, changed.into(), "application/octet-stream").await.unwrap();
    let opened = objects.get_bytes(&kept.key, 64 << 20).await;
    assert!(matches!(opened, Err(ObjectError::Unopened { .. })), "{opened:?}");
}

async fn what_is_erased_is_erased(objects: &Objects, keys: &KeyFile) {
    let (gone, stays) = (DocumentId::generate(), DocumentId::generate());
    let erased = objects.put_original(gone, files::pieces(5_000, 1_000), 1 << 20).await.unwrap();
    let kept = objects.put_original(stays, files::pieces(5_000, 1_000), 1 << 20).await.unwrap();
    // As a backup has it.
    let backup = stored(objects, &erased.key).await;
    keys.forget(&[gone]).unwrap();
    let again = KeyFile::open(keys.path()).unwrap().unwrap();
    let restored = objects.clone().sealed_by(Some(again));
    restored.put_stored(&erased.key, backup.into(), "application/octet-stream").await.unwrap();
    for objects in [objects, &restored] {
        let opened = objects.get_bytes(&erased.key, 1 << 20).await;
        assert!(matches!(opened, Err(ObjectError::Erased { .. })), "{opened:?}");
        let opened = part(objects, &erased.key, "bytes=0-9").await;
        assert!(matches!(opened, Err(ObjectError::Erased { .. })), "{opened:?}");
        objects.get_verified(&kept, 1 << 20).await.expect("all else opens");
    }
    let late = objects.put_original(gone, files::pieces(10, 10), 100).await;
    assert!(matches!(late, Err(ObjectError::Erased { .. })), "a worker that comes late keeps nothing");
}

async fn what_is_there_is_sealed(plain: &Objects, objects: &Objects) {
    let id = DocumentId::generate();
    let long = plain.put_original(id, files::pieces(10 << 20, 60_000), 64 << 20).await.unwrap();
    let mut odd = b"acuse sealed 01\n".to_vec();
    odd.extend_from_slice(&[9; 500]);
    let odd = Bytes::from(odd);
    let odd_key = ObjectKey::page(id, 2, &Sha256::of(&odd));
    plain.put_bytes(&odd_key, odd.clone(), "image/jpeg").await.unwrap();
    assert_eq!(objects.get_verified(&long, 64 << 20).await.unwrap().len(), 10 << 20, "it still opens");
    assert_eq!(part(objects, &long.key, "bytes=3-9").await.unwrap().0, "bytes 3-9/10485760");
    for key in [&long.key, &odd_key] {
        assert!(objects.seal(key).await.unwrap());
        assert!(!objects.seal(key).await.unwrap(), "once");
        let raw = stored(objects, key).await;
        assert!(raw != odd[..] && raw.starts_with(b"acuse sealed 01\n"));
    }
    objects.get_verified(&long, 64 << 20).await.expect("and sealed too");
    assert_eq!(objects.get_bytes(&odd_key, 1 << 20).await.unwrap(), odd);
}

/// An endpoint whose secret stands in its row as it is.
async fn secret_in_the_open(catalog: &Catalog) -> EndpointId {
    let endpoint = endpoint(catalog, "whsec_first", Filter::default()).await;
    assert_eq!(secrets_kept(catalog, endpoint).await, [Some("whsec_first".to_owned()), None]);
    endpoint
}

/// Both secrets of an endpoint as its row has them.
async fn secrets_kept(catalog: &Catalog, id: EndpointId) -> [Option<String>; 2] {
    let mut tx = catalog.reading().await.unwrap();
    let sql = "SELECT secret, previous_secret FROM webhook_endpoints WHERE id = $1";
    let (secret, previous) = one!(tx, (Option<String>, Option<String>), sql, id.0).unwrap();
    [secret, previous]
}

/// What stood open is sealed when the key file is opened, and so is what comes later; whoever has the file signs as before.
async fn secrets_are_sealed(catalog: &Catalog, endpoint: EndpointId) {
    let sealed = |kept: &Option<String>| kept.as_ref().is_some_and(|k| k.starts_with("sealed:"));
    let kept = secrets_kept(catalog, endpoint).await;
    assert!(sealed(&kept[0]), "{kept:?}");
    catalog.rotate_webhook_secret(endpoint, "whsec_second").await.unwrap();
    let kept = secrets_kept(catalog, endpoint).await;
    assert!(sealed(&kept[0]) && sealed(&kept[1]), "{kept:?}");
    let told = catalog.webhook_endpoint(endpoint).await.unwrap().unwrap();
    assert_eq!(told.secrets, ["whsec_second", "whsec_first"]);
    catalog.remove_webhook_endpoint((endpoint, None)).await.unwrap();
}

/// A catalog with files that were never sealed gets a key file: they are sealed in steps, and any other file is refused.
/// The catalog must have no key file yet, and no original with a key of its own in `objects`.
///
/// # Panics
/// When a promise is broken.
pub async fn what_was_plain(catalog: &Catalog, objects: &Objects, folder: &Path) {
    assert!(catalog.open_key_file(None).await.unwrap().is_none(), "nothing is sealed without a key file");
    let mut kept = Vec::new();
    for _ in 0..3 {
        kept.push(super::compare::named(catalog, objects).await);
    }
    let endpoint = secret_in_the_open(catalog).await;
    let path = folder.join("made").join("acuse.key");
    let keys = catalog.open_key_file(Some(&path)).await.unwrap().expect("made at first start");
    secrets_are_sealed(catalog, endpoint).await;
    let sealing = objects.clone().sealed_by(Some(keys.clone()));
    for original in &kept {
        sealing.get_verified(original, 1 << 20).await.expect("it opens before it is sealed");
    }
    assert_eq!(catalog.backfill(SEALING).await.unwrap().map(|b| (b.done, b.finished)), Some((0, false)));
    let mut steps = 0;
    while catalog.seal_what_was_there(&sealing, 2).await.unwrap() {
        steps += 1;
    }
    assert!(steps >= 2, "in steps");
    let done = catalog.backfill(SEALING).await.unwrap().unwrap();
    assert!(done.finished && done.done == done.total, "{done:?}");
    for original in &kept {
        assert!(stored(objects, &original.key).await.starts_with(b"acuse sealed 01\n"));
        sealing.get_verified(original, 1 << 20).await.expect("and after");
    }
    // Only this file from now on, wherever it lies.
    assert!(matches!(catalog.open_key_file(None).await, Err(KeyFileError::Unnamed { .. })));
    let elsewhere = folder.join("elsewhere.key");
    let absent = catalog.open_key_file(Some(&elsewhere)).await;
    assert!(matches!(absent, Err(KeyFileError::Absent { .. })), "none is made in its place");
    KeyFile::open_or_create(&elsewhere).unwrap();
    let foreign = catalog.open_key_file(Some(&elsewhere)).await;
    assert!(matches!(foreign, Err(KeyFileError::Foreign { .. })));
    std::fs::copy(&path, &elsewhere).unwrap();
    let copy = catalog.open_key_file(Some(&elsewhere)).await.unwrap().unwrap();
    assert_eq!(copy.fingerprint(), keys.fingerprint());
}
