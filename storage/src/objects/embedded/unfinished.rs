//! Uploads in parts that were begun and not ended: those of this process are listed, and what an earlier one left is
//! deleted when it is a day old, for nobody has its credentials any more.

use std::{
    collections::HashMap,
    io,
    path::Path,
    sync::{Mutex, PoisonError},
    time::{Duration, SystemTime},
};

use s3s::dto;

/// No upload lasts that long.
const OLD: Duration = Duration::from_secs(24 * 3_600);

#[derive(Debug, Clone)]
struct Begun {
    bucket: String,
    key: String,
    at: SystemTime,
}

/// The uploads of this process, by their ids.
#[derive(Debug, Default)]
pub(super) struct Unfinished(Mutex<HashMap<String, Begun>>);

impl Unfinished {
    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, Begun>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn begun(&self, upload_id: &str, bucket: &str, key: &str, at: SystemTime) {
        let begun = Begun { bucket: bucket.to_owned(), key: key.to_owned(), at };
        self.lock().insert(upload_id.to_owned(), begun);
    }

    pub(super) fn ended(&self, upload_id: &str) {
        self.lock().remove(upload_id);
    }

    /// As S3 lists them: by key.
    pub(super) fn list(&self, input: dto::ListMultipartUploadsInput) -> dto::ListMultipartUploadsOutput {
        let prefix = input.prefix.as_deref().unwrap_or_default();
        let most = input.max_uploads.and_then(|n| usize::try_from(n).ok()).unwrap_or(1_000).min(1_000);
        let mut all: Vec<(String, Begun)> = self
            .lock()
            .iter()
            .filter(|(_, begun)| begun.bucket == input.bucket && begun.key.starts_with(prefix))
            .map(|(id, begun)| (id.clone(), begun.clone()))
            .collect();
        all.sort_by(|(a, x), (b, y)| (&x.key, a).cmp(&(&y.key, b)));
        let is_truncated = all.len() > most;
        let uploads = all.into_iter().take(most).map(|(upload_id, begun)| dto::MultipartUpload {
            key: Some(begun.key),
            upload_id: Some(upload_id),
            initiated: Some(begun.at.into()),
            ..Default::default()
        });
        dto::ListMultipartUploadsOutput {
            uploads: Some(uploads.collect()),
            is_truncated: Some(is_truncated),
            bucket: Some(input.bucket),
            prefix: input.prefix,
            ..Default::default()
        }
    }
}

/// Deletes the parts and papers of uploads that were begun before a day ago; how many files.
pub(super) fn delete_old(root: &Path, present: SystemTime) -> io::Result<u64> {
    let mut deleted = 0;
    for entry in std::fs::read_dir(root)? {
        let entry = entry?;
        let Ok(name) = entry.file_name().into_string() else { continue };
        let is_of_upload = name.starts_with(".upload_id-")
            || name.starts_with(".upload-")
            || name.starts_with(".bucket-") && name.contains(".upload-");
        let Ok(modified) = entry.metadata().and_then(|meta| meta.modified()) else { continue };
        let is_old = present.duration_since(modified).is_ok_and(|age| age > OLD);
        if is_of_upload && is_old && entry.file_type()?.is_file() {
            std::fs::remove_file(entry.path())?;
            deleted += 1;
        }
    }
    Ok(deleted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_earlier_process_left_goes_and_nothing_else() {
        let root = tempfile::tempdir().unwrap();
        let names = [".upload_id-x.part-1", ".upload-x.json", ".bucket-YQ.object-YQ.upload-x.metadata.json"];
        let kept = ".bucket-YQ.object-YQ.metadata.json";
        for name in names.iter().chain([&kept]) {
            std::fs::write(root.path().join(name), b"x").unwrap();
        }
        let present: SystemTime = crate::names::now().into();
        assert_eq!(delete_old(root.path(), present).unwrap(), 0, "someone may still be sending it");
        assert_eq!(delete_old(root.path(), present + OLD + Duration::from_secs(9)).unwrap(), 3);
        assert!(root.path().join(kept).exists());
    }
}
