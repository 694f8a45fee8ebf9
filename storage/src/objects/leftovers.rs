//! What a process that died in the middle of a long upload left under its passing key.

use std::time::Duration;

use aws_sdk_s3::error::DisplayErrorContext;
use uuid::Uuid;

use super::{ObjectError, ObjectKey, Objects, failed};

/// Most leftovers of one run; the next run takes the rest.
const MOST: i32 = 500;

impl Objects {
    /// Deletes passing objects and unfinished uploads begun longer ago than `age`; how many there were. No upload
    /// lasts that long if `age` is a day, and no row ever names a passing key.
    ///
    /// # Errors
    /// When S3 fails.
    pub async fn delete_leftovers(&self, age: Duration) -> Result<u64, ObjectError> {
        let listed = self
            .client
            .list_objects_v2()
            .bucket(&self.bucket)
            .prefix(ObjectKey::INCOMING)
            .max_keys(MOST)
            .send()
            .await
            .map_err(failed("listing leftovers"))?;
        let mut deleted = 0;
        for key in listed.contents().iter().filter_map(|object| old(object.key()?, age)) {
            self.delete(&key).await?;
            deleted += 1;
        }
        Ok(deleted + self.abort_leftovers(age).await)
    }

    /// Not every S3 lists its unfinished uploads; one that does not must be told to expire them itself.
    async fn abort_leftovers(&self, age: Duration) -> u64 {
        let listing = self
            .client
            .list_multipart_uploads()
            .bucket(&self.bucket)
            .prefix(ObjectKey::INCOMING)
            .max_uploads(MOST)
            .send();
        let uploads = match listing.await {
            Ok(listed) => listed.uploads.unwrap_or_default(),
            Err(error) => {
                tracing::debug!(error = %DisplayErrorContext(&error), "this S3 does not list unfinished uploads");
                return 0;
            }
        };
        let mut aborted = 0;
        for upload in &uploads {
            if let (Some(key), Some(id)) = (upload.key().and_then(|k| old(k, age)), upload.upload_id()) {
                self.abort(&key, id).await;
                aborted += 1;
            }
        }
        aborted
    }
}

/// A passing key whose time (a UUIDv7 carries it, RFC 9562 section 5.7) is longer ago than `age`.
fn old(key: &str, age: Duration) -> Option<ObjectKey> {
    let id: Uuid = key.strip_prefix(ObjectKey::INCOMING)?.parse().ok()?;
    let (secs, _) = id.get_timestamp()?.to_unix();
    let now = u64::try_from(crate::names::now().unix_timestamp()).ok()?;
    (now > secs.saturating_add(age.as_secs())).then(|| key.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_passing_keys_of_another_day_are_old() {
        let day = Duration::from_secs(86_400);
        let then = uuid::Timestamp::from_unix(uuid::NoContext, 1_700_000_000, 0);
        let passing = format!("incoming/{}", Uuid::new_v7(then));
        assert!(old(&passing, day).is_some());
        assert!(old(ObjectKey::incoming().as_str(), day).is_none());
        assert!(old(&passing.replace("incoming", "documents"), day).is_none());
        assert!(old("incoming/../documents", day).is_none());
    }
}
