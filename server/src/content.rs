//! A document's bytes, served so that a browser can do nothing with them but show our own pictures or save a file.
//!
//! What a stranger sent is a download of unknown type. Only pages and thumbnails, which we drew ourselves, are shown as
//! `image/jpeg`, and those too under a policy that runs nothing. One exception, for a person who compares a page with the
//! photo that it was cut out of: a picture that the sandbox opened, of a kind that every browser decodes, as just that kind.
//! Of all other kinds (TIFF, HEIC, PDF) the sandbox drew the page as it came, before it was cut.

pub mod links;

use std::time::Duration;

use acuse_pipeline::{document::Sha256, intake::shown_by_browsers};
use acuse_storage::{
    Document, DocumentId, ObjectKey, documents::StoredPage, keys::Scope, objects::ByteRange,
};
use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use serde::{Deserialize, Serialize};

use crate::{
    access::{self, Caller, quarantine},
    etag,
    problem::Problem,
    state::App,
};

/// How long a presigned link is good.
const LINK: Duration = Duration::from_secs(300);

/// Which form of the document.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Variant {
    /// As it came.
    #[default]
    Original,
    /// An upright page as JPEG.
    Normalized,
    /// A page as it came, as JPEG: where it was cut, turned or set level, and no browser shows the original.
    Received,
    /// A small picture of the first page.
    Thumbnail,
    /// The text that was read.
    Text,
    /// The e-invoice as received, where it came as XML.
    Xml,
}

/// Query of the content.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Query {
    pub(crate) variant: Variant,
    /// One-based, of `normalized` and `received`.
    pub(crate) page: Option<u32>,
    /// Answer with a redirect to a link that needs no key, good for five minutes.
    pub(crate) presign: bool,
}

impl Query {
    /// The same page as it came.
    #[must_use]
    pub fn received(&self) -> Self {
        Self { variant: Variant::Received, page: self.page, presign: false }
    }
}

/// As what a browser shows the original of a document, if the reader opened it and found it to be such a picture.
#[must_use]
pub fn picture(document: &Document) -> Option<&'static str> {
    document.media_type.as_deref().filter(|_| !document.pages.is_empty()).and_then(shown_by_browsers)
}

/// The original of a part is the whole file, and its page as it came may show others of it: who may not see an ID in it
/// may not have it, and who has it saw them all.
async fn whole_file(app: &App, caller: &Caller, part: &Document) -> Result<(), Problem> {
    let others = app.catalog.of_one_file(part).await?;
    let ids: Vec<DocumentId> = others.iter().map(|d| d.id).collect();
    let seen = app.catalog.seen_of(caller.access(), &ids).await?;
    for other in others.iter().filter(|d| d.id != part.id) {
        access::permit(caller, other)?;
        if !seen.contains_key(&other.id) {
            return Err(Problem::Withheld);
        }
        // They have the same bytes; what a later scan found in one is in all.
        quarantine::pass(app, caller, other).await?;
    }
    access::showing(app, caller, &others).await
}

/// The range that is asked for, where it is one and of what the caller has of it. Anything else means all of it.
fn range(headers: &HeaderMap, tag: &str) -> Option<ByteRange> {
    let is_of_this = headers.get(header::IF_RANGE).is_none_or(|had| had.as_bytes() == tag.as_bytes());
    headers.get(header::RANGE).filter(|_| is_of_this)?.to_str().ok()?.parse().ok()
}

/// The bytes of an object, or of the range of it.
pub(crate) async fn bytes(app: &App, key: &ObjectKey, range: Option<ByteRange>) -> Result<Response, Problem> {
    let Some(range) = range else {
        let (size_bytes, stream) = app.objects.get_stream(key).await?;
        let mut response = Body::from_stream(stream).into_response();
        response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(size_bytes));
        return Ok(response);
    };
    let part = app.objects.get_range(key, range).await?;
    let mut response = (StatusCode::PARTIAL_CONTENT, Body::from_stream(part.stream)).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(part.size_bytes));
    if let Ok(value) = HeaderValue::from_str(&part.content_range) {
        headers.insert(header::CONTENT_RANGE, value);
    }
    Ok(response)
}

pub(crate) async fn serve(
    app: &App,
    caller: &Caller,
    id: DocumentId,
    query: &Query,
    asked: &HeaderMap,
) -> Result<Response, Problem> {
    caller.require(Scope::DocumentsRead)?;
    let document = access::open(app, caller, id).await?;
    if query.variant == Variant::Text {
        return text(app, caller, &document, query, asked).await;
    }
    let key = choose(&document, query)?;
    if query.presign {
        linkable(app)?;
    }
    quarantine::pass(app, caller, &document).await?;
    let shows_others = matches!(query.variant, Variant::Original | Variant::Received | Variant::Xml);
    if shows_others && document.part.is_some() {
        whole_file(app, caller, &document).await?;
    } else {
        access::showing(app, caller, std::slice::from_ref(&document)).await?;
    }
    if query.presign {
        // With a key file what the S3 has is sealed, and may be where nobody else reaches: the link is to ourselves.
        let link = match app.objects.keys() {
            Some(keys) => links::signed(keys, caller, id, query, app.catalog.now()),
            None => app.objects.presigned_get(key, LINK).await?,
        };
        return Ok(Redirect::temporary(&link).into_response());
    }
    let tag = tag(&document, query.variant, key);
    if etag::has(asked, &tag) {
        return Ok(etag::unchanged(&tag));
    }
    let mut response = bytes(app, key, range(asked, &tag)).await?;
    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(&tag) {
        headers.insert(header::ETAG, value);
    }
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    let (kind, disposition) = offered_as(&document, query.variant);
    tamed(headers, kind, &disposition);
    Ok(response)
}

/// Of which type it is for a browser, and whether it is shown or saved.
fn offered_as(document: &Document, variant: Variant) -> (&'static str, String) {
    let id = document.id;
    match variant {
        Variant::Original => {
            let name = format!("attachment; filename=\"{id}.{}\"", extension(document.media_type.as_deref()));
            ("application/octet-stream", name)
        }
        Variant::Xml => ("application/xml", format!("attachment; filename=\"{id}.xml\"")),
        Variant::Normalized | Variant::Received | Variant::Thumbnail | Variant::Text => {
            ("image/jpeg", "inline".to_owned())
        }
    }
}

/// A browser does nothing with it but what is said here.
pub(crate) fn tamed(headers: &mut HeaderMap, kind: &'static str, disposition: &str) {
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("sandbox; default-src 'none'; frame-ancestors 'none'"),
    );
    if let Ok(value) = HeaderValue::from_str(disposition) {
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
}

/// # Errors
/// 409 where no link that is given would lead anywhere.
fn linkable(app: &App) -> Result<(), Problem> {
    if app.objects.keys().is_some() || app.objects.is_reached_from_outside() {
        return Ok(());
    }
    let why = "presign: there is no link to give. Files lie in Acuse's own store, which nobody else reaches, and links \
               that Acuse serves are signed by the key file, without which it runs. Ask without presign, or have it run \
               with a key file (ACUSE_KEY_FILE) or on another S3 (ACUSE_S3_ENDPOINT)";
    Err(Problem::Conflict(why.to_owned()))
}

fn is_xml(document: &Document) -> bool {
    matches!(document.media_type.as_deref(), Some("application/xml" | "text/xml"))
}

/// The text that was read, for whoever may see the content. It is a stranger's, so it too is a download.
async fn text(
    app: &App,
    caller: &Caller,
    document: &Document,
    query: &Query,
    asked: &HeaderMap,
) -> Result<Response, Problem> {
    if query.presign || query.page.is_some() {
        return Err(Problem::Unprocessable("presign, page: not with variant=text".to_owned()));
    }
    quarantine::pass(app, caller, document).await?;
    if document.page_count.is_none() {
        return Err(Problem::NotFound("content of this document (yet)"));
    }
    access::showing(app, caller, std::slice::from_ref(document)).await?;
    let text = app.catalog.document_text(document.id).await?.unwrap_or_default();
    let tag = etag::of_hash(&Sha256::of(text.as_bytes()));
    if etag::has(asked, &tag) {
        return Ok(etag::unchanged(&tag));
    }
    let disposition = format!("attachment; filename=\"{}.txt\"", document.id);
    let mut response = text.into_response();
    let headers = response.headers_mut();
    for (name, value) in [(header::ETAG, tag), (header::CONTENT_DISPOSITION, disposition)] {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(name, value);
        }
    }
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    Ok(response)
}

/// What names the bytes: their hash, or that of the key, which is made of it.
fn tag(document: &Document, variant: Variant, key: &ObjectKey) -> String {
    match (variant, &document.original) {
        (Variant::Original | Variant::Xml, Some(original)) => etag::of_hash(&original.sha256),
        _ => etag::of_hash(&Sha256::of(key.as_str().as_bytes())),
    }
}

fn page<'a>(document: &'a Document, query: &Query) -> Option<&'a StoredPage> {
    document.pages.get(query.page.unwrap_or(1).checked_sub(1)? as usize)
}

fn choose<'a>(document: &'a Document, query: &Query) -> Result<&'a ObjectKey, Problem> {
    if query.page.is_some() && !matches!(query.variant, Variant::Normalized | Variant::Received) {
        return Err(Problem::Unprocessable("page: only with variant=normalized or received".to_owned()));
    }
    match query.variant {
        Variant::Original => document.original.as_ref().map(|o| &o.key),
        Variant::Thumbnail => document.thumbnail_key.as_ref(),
        Variant::Xml if !is_xml(document) => return Err(Problem::NotFound("XML: this did not come as XML")),
        Variant::Xml => document.original.as_ref().map(|o| &o.key),
        Variant::Text => None,
        Variant::Normalized => page(document, query).map(|p| &p.key),
        Variant::Received => page(document, query).and_then(|p| p.received.as_ref()),
    }
    .ok_or(Problem::NotFound("content of this document (yet)"))
}

/// By what the content is, never by the name it came with.
fn extension(media_type: Option<&str>) -> &'static str {
    match media_type {
        Some("image/jpeg") => "jpg",
        Some("image/png") => "png",
        Some("image/webp") => "webp",
        Some("image/gif") => "gif",
        Some("image/tiff") => "tiff",
        Some("image/jp2") => "jp2",
        Some("image/bmp") => "bmp",
        Some("application/pdf") => "pdf",
        Some("application/xml" | "text/xml") => "xml",
        Some("application/pkcs7-mime") => "p7m",
        Some("application/zip") => "zip",
        _ => "bin",
    }
}
