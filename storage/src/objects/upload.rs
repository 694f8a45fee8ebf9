//! An upload in parts, which the store checks one by one.

use acuse_pipeline::document::Sha256;
use aws_sdk_s3::{
    primitives::ByteStream,
    types::{ChecksumAlgorithm, CompletedMultipartUpload, CompletedPart},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;

use super::{ObjectError, Objects, failed};

impl Objects {
    /// What S3 is told so that it checks what it gets.
    ///
    /// # Errors
    /// When the process ends.
    pub(super) async fn checksum(&self, bytes: &Bytes) -> Result<String, ObjectError> {
        let bytes = bytes.clone();
        self.apart.work(bytes.len(), move || STANDARD.encode(Sha256::of(&bytes).0)).await
    }
}

/// An upload that was begun. Whoever does not complete it aborts it.
pub(super) struct Upload<'a> {
    objects: &'a Objects,
    key: String,
    /// S3's name for it.
    pub(super) id: String,
    done: Vec<CompletedPart>,
}

impl<'a> Upload<'a> {
    /// Begins an upload.
    ///
    /// # Errors
    /// When S3 fails.
    pub(super) async fn begin(
        objects: &'a Objects,
        key: &str,
        media_type: Option<&str>,
    ) -> Result<Self, ObjectError> {
        let begun = objects
            .client
            .create_multipart_upload()
            .bucket(&objects.bucket)
            .key(key)
            .set_content_type(media_type.map(str::to_owned))
            .checksum_algorithm(ChecksumAlgorithm::Sha256)
            .send()
            .await
            .map_err(failed("beginning an upload"))?;
        let id = begun.upload_id().unwrap_or_default().to_owned();
        Ok(Self { objects, key: key.to_owned(), id, done: Vec::new() })
    }

    /// Sends the next part.
    ///
    /// # Errors
    /// When S3 fails.
    pub(super) async fn part(&mut self, bytes: Bytes) -> Result<(), ObjectError> {
        let (number, checksum) = (self.done.len() as i32 + 1, self.objects.checksum(&bytes).await?);
        let part = self
            .objects
            .client
            .upload_part()
            .bucket(&self.objects.bucket)
            .key(&self.key)
            .upload_id(&self.id)
            .part_number(number)
            .checksum_sha256(&checksum)
            .body(ByteStream::from(bytes));
        let sent = if self.objects.is_reached_from_outside {
            part.send().await
        } else {
            // As [`Objects::put_stored`] has it.
            part.customize().disable_payload_signing().send().await
        };
        let sent = sent.map_err(failed("uploading a part"))?;
        let part = CompletedPart::builder().part_number(number).set_e_tag(sent.e_tag().map(str::to_owned));
        self.done.push(part.checksum_sha256(checksum).build());
        Ok(())
    }

    /// Makes the object of its parts.
    ///
    /// # Errors
    /// When S3 fails.
    pub(super) async fn complete(&mut self) -> Result<(), ObjectError> {
        let parts = CompletedMultipartUpload::builder().set_parts(Some(std::mem::take(&mut self.done)));
        self.objects
            .client
            .complete_multipart_upload()
            .bucket(&self.objects.bucket)
            .key(&self.key)
            .upload_id(&self.id)
            .multipart_upload(parts.build())
            .send()
            .await
            .map(drop)
            .map_err(failed("completing an upload"))
    }
}
