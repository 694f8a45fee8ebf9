//! Files in the headers of templates: of a document of ours, under the same withholding as pictures in messages; or the one
//! that was pushed beside the template.

use acuse_pipeline::document::{DocumentId, Sha256};
use acuse_whatsapp::{
    graph::FileType,
    template::{Given, Header, HeaderFile, Unfit},
};
use uuid::Uuid;

use super::{NewFile, T, as_pdf, as_picture, keep_shown, of_person};
use crate::{
    access::{self, Access},
    accounts::Approved,
    catalog::Catalog,
    documents,
    error::CatalogError,
    names::{AttachmentId, cut, micros, sha256},
    sql::Tx,
};

/// The file of ours that stands in the header of a template, by its name and as one of our numbers may send it; none where that
/// is as it was given. Or why what was given does not fit it.
pub(crate) async fn of_header(
    tx: &mut Tx,
    access: &Access,
    (number, name, approved): (&str, &str, &Approved),
    given: Given<'_>,
) -> Result<Result<Option<AttachmentId>, Unfit>, CatalogError> {
    let file = match of_ours(tx, access, (number, name, approved), given.header).await? {
        Ok(file) => file,
        Err(unfit) => return Ok(Err(unfit)),
    };
    let header = given.header.filter(|_| file.is_none());
    let given = Given { header, file: file.map(|_| HeaderFile::YET), ..given };
    Ok(approved.unfit(given).map_or(Ok(file), Err))
}

/// Of the document whose id was given; where nothing was given, what was pushed beside the template.
async fn of_ours(
    tx: &mut Tx,
    access: &Access,
    (number, name, approved): (&str, &str, &Approved),
    given: Option<&str>,
) -> Result<Result<Option<AttachmentId>, Unfit>, CatalogError> {
    let header = approved.takes.as_ref().and_then(|takes| takes.header.as_ref());
    let Some((header, said)) = header.and_then(|header| Some((header, header.as_file()?))) else {
        return Ok(Ok(None));
    };
    let Some(given) = given.map(str::trim).filter(|given| !given.is_empty()) else {
        return beside_template(tx, (number, name, &approved.language), header).await.map(Ok);
    };
    // Meta's own ids are figures alone.
    let Some(id) = given.parse::<DocumentId>().ok().filter(|_| given.contains('-')) else {
        return Ok(Ok(None));
    };
    Ok(of_document(tx, access, id, header).await?.map(Some).ok_or(Unfit::NoDocument(said)))
}

/// What of a document may stand in a header of this kind.
async fn of_document(
    tx: &mut Tx,
    access: &Access,
    id: DocumentId,
    header: &Header,
) -> Result<Option<AttachmentId>, CatalogError> {
    if !access::reaches(tx, access, id).await? {
        return Ok(None);
    }
    let Some(document) = documents::lookup(tx, id).await? else { return Ok(None) };
    let shown = match header {
        Header::Image => as_picture(&document),
        Header::Document => as_pdf(&document),
        Header::Video | Header::Text(_) => None,
    };
    match shown {
        Some(shown) => keep_shown(tx, &document, shown).await.map(Some),
        None => Ok(None),
    }
}

/// The file that was pushed last beside a template of a number's account.
async fn beside_template(
    tx: &mut Tx,
    (number, name, language): (&str, &str, &str),
    header: &Header,
) -> Result<Option<AttachmentId>, CatalogError> {
    let row = optional!(
        tx,
        (Uuid, String),
        "SELECT a.id, a.media_type FROM template_files f JOIN attachments a ON a.id = f.attachment_id \
         JOIN numbers n ON n.phone_number_id = $1 WHERE f.waba_id = COALESCE(n.waba_id, f.waba_id) AND f.name = $2 \
         AND f.language = $3 AND a.object_key IS NOT NULL ORDER BY f.kept_at DESC LIMIT 1",
        number,
        name,
        language
    )?;
    let stands = |media_type: &str| match (header, FileType::of_mime(media_type)) {
        (Header::Image, Some(file_type)) => file_type.is_picture(),
        (Header::Document, Some(file_type)) => file_type == FileType::Pdf,
        _ => false,
    };
    Ok(row.filter(|(_, media_type)| stands(media_type)).map(|(id, _)| AttachmentId(id)))
}

impl Catalog {
    /// The hash of the file that was pushed last beside a template of an account.
    ///
    /// # Errors
    /// When the database fails or the row is impossible.
    pub async fn template_file(
        &self,
        account: &str,
        (name, language): (&str, &str),
    ) -> Result<Option<Sha256>, CatalogError> {
        let mut tx = self.reading().await?;
        let row = optional!(
            tx,
            (Vec<u8>,),
            "SELECT a.sha256 FROM template_files f JOIN attachments a ON a.id = f.attachment_id \
             WHERE f.waba_id = $1 AND f.name = $2 AND f.language = $3 AND a.sha256 IS NOT NULL \
             ORDER BY f.kept_at DESC LIMIT 1",
            account,
            name,
            language
        )?;
        row.map(|(hash,)| sha256(T, "sha256", &hash)).transpose()
    }

    /// Keeps the file beside a template of an account: messages by that template bring it from now on, where they name no
    /// other. Its bytes are in the store already.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn keep_template_file(
        &self,
        account: &str,
        (name, language): (&str, &str),
        file: &NewFile,
    ) -> Result<(), CatalogError> {
        let mut tx = self.writing().await?;
        let present = micros(tx.now());
        let id = of_person(&mut tx, file).await?;
        execute!(
            tx,
            "INSERT INTO template_files (attachment_id, waba_id, name, language, kept_at) VALUES ($1, $2, $3, $4, $5)",
            id.0,
            cut(account, 64),
            cut(name, 512),
            cut(language, 16),
            present
        )?;
        tx.commit().await
    }
}
