//! What stands in the store, page by page.

use time::OffsetDateTime;

use super::{ObjectError, Objects, failed};

/// One object, as the store lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its key, which may be none of ours.
    pub key: String,
    /// When it was last put.
    pub modified: OffsetDateTime,
}

/// A page of objects.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ObjectPage {
    /// In the order of their keys.
    pub objects: Vec<Listed>,
    /// Whether others come after them.
    pub more: bool,
}

/// Most objects of one page; S3's own cap.
const MOST: i32 = 1_000;

impl Objects {
    /// The objects whose keys begin with `prefix` and come after `after`, at most `most` of them.
    ///
    /// # Errors
    /// When S3 fails.
    pub async fn list(&self, prefix: &str, after: &str, most: i32) -> Result<ObjectPage, ObjectError> {
        let listed = self
            .client
            .list_objects_v2()
            .bucket(&self.bucket)
            .prefix(prefix)
            .set_start_after((!after.is_empty()).then(|| after.to_owned()))
            .max_keys(most.clamp(1, MOST))
            .send()
            .await
            .map_err(failed("listing objects"))?;
        let more = listed.is_truncated().unwrap_or_default();
        let objects = listed.contents.unwrap_or_default().into_iter().filter_map(|object| {
            // One whose age is not told is as young as can be.
            let modified = object
                .last_modified
                .and_then(|at| OffsetDateTime::from_unix_timestamp(at.secs()).ok())
                .unwrap_or_else(crate::names::now);
            Some(Listed { key: object.key?, modified })
        });
        Ok(ObjectPage { objects: objects.collect(), more })
    }
}
