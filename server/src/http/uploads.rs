//! `POST /v1/documents`: a file from a program, streamed into S3 as it comes, never whole in memory.
//!
//! Multipart with the part `file`, and as texts `sender` (who sends it, in the client's words), `customer_id` and
//! `caption`; or JSON with the `url` of a file that we fetch ([`by_url`]). With an `Idempotency-Key`, a repeated request answers with the first one's document.

mod accept;
mod answer;
pub mod by_url;
pub mod wait;

use acuse_pipeline::document::Sha256;
use acuse_storage::{
    CustomerId, DocumentId,
    documents::{DeclaredFile, StoredObject},
    keys::Scope,
    objects::{ObjectError, ObjectKey},
    uploads::Accepted,
};
use axum::{
    Extension,
    extract::{
        FromRequest, Multipart, Request, State,
        multipart::{Field, MultipartError},
    },
    http::{HeaderMap, header},
    response::Response,
};
use sha2::Digest;
use time::OffsetDateTime;

use accept::{accept, promise};
use answer::{Made, answer};
use by_url::ByUrl;

use super::{RequestId, auth::Caller, sandbox::Instead};
use crate::{
    budget::declared,
    extract::{
        Body,
        form::{Bounds, broken_off},
    },
    problem::Problem,
    state::App,
};

/// Longest text part, bytes.
const TEXT_BYTES: usize = 2_000;
/// Largest JSON body.
const JSON_BYTES: usize = 16 << 10;
/// What the parts are called.
const PART_NAMES: [&str; 4] = ["file", "sender", "customer_id", "caption"];
/// Most parts of one request.
const PARTS: usize = 16;

/// What a request said, and when it began to.
struct Said {
    received_at: OffsetDateTime,
    file: Option<(StoredObject, DeclaredFile)>,
    sender: Option<String>,
    customer_id: Option<CustomerId>,
    caption: Option<String>,
}

impl Said {
    fn at(received_at: OffsetDateTime) -> Self {
        Self { received_at, file: None, sender: None, customer_id: None, caption: None }
    }

    /// All of it, for comparing a repeated request with the first.
    fn hash(&self) -> Sha256 {
        let file = self.file.as_ref().map(|(stored, declared)| {
            format!("{}\n{:?}\n{:?}", stored.sha256, declared.filename, declared.media_type)
        });
        let file = file.unwrap_or_default();
        let whole = format!("{file}\n{:?}\n{:?}\n{:?}", self.sender, self.customer_id, self.caption);
        Sha256::of(whole.as_bytes())
    }
}

/// A request with a file: the file itself, or where it is.
pub enum Incoming {
    /// Multipart.
    Form(Multipart),
    /// JSON.
    Url(Box<ByUrl>),
}

impl<S: Send + Sync> FromRequest<S> for Incoming {
    type Rejection = Problem;
    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let media =
            request.headers().get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
        if media.to_ascii_lowercase().starts_with("application/json") {
            let (parts, body) = request.into_parts();
            let bytes = axum::body::to_bytes(body, JSON_BYTES)
                .await
                .map_err(|_| Problem::TooLarge { limit_bytes: JSON_BYTES as u64 })?;
            let small = Request::from_parts(parts, bytes.into());
            return Ok(Self::Url(Box::new(Body::<ByUrl>::from_request(small, state).await?.0)));
        }
        let form = Multipart::from_request(request, state).await.map_err(|_| {
            Problem::UnsupportedMediaType(
                "send multipart/form-data with the part \"file\", or application/json with a \"url\""
                    .to_owned(),
            )
        });
        form.map(Self::Form)
    }
}

/// `POST /v1/documents`: 201 with the document; 200 with the earlier one for a repeated key.
pub async fn create(
    State(app): State<App>,
    caller: Caller,
    Extension(request): Extension<RequestId>,
    headers: HeaderMap,
    incoming: Result<Incoming, Problem>,
) -> Result<Response, Problem> {
    caller.require(Scope::DocumentsWrite)?;
    // What comes has no firm and no team yet: it would not be there for whoever sent it.
    if caller.access().is_bound_beyond_customers() {
        return Err(Problem::Bound);
    }
    let key = idempotency_key(&headers)?;
    let wait = wait::preferred(&headers);
    let id = DocumentId::generate();
    let mut said = Said::at(app.catalog.now());
    let accepted = match incoming? {
        Incoming::Form(form) => {
            let _turn = app.budget.upload(declared(&headers)).await?;
            from_form(&app, &caller, id, form, key, &mut said).await
        }
        Incoming::Url(body) => from_url(&app, &caller, id, *body, key, &mut said).await,
    };
    if is_refused(&accepted)
        && let Some((stored, _)) = &said.file
        && let Err(error) = app.objects.delete(&stored.key).await
    {
        tracing::warn!(error = %super::Chain(&error), "cannot clean up after a refused upload");
    }
    answer(&app, &caller, &request, Made { accepted: accepted?, wait }).await
}

/// Whatever did not become a document of its own leaves no object behind. What failed on our side may have become one all the
/// same: the sweep of objects that no row names has the rest.
fn is_refused(accepted: &Result<Accepted, Problem>) -> bool {
    match accepted {
        Ok(Accepted::New(_)) => false,
        Ok(_) => true,
        Err(problem) => problem.status().is_client_error(),
    }
}

/// A file that came with its request. Under a key that was used before it is only looked at: nothing is stored for it.
async fn from_form(
    app: &App,
    caller: &Caller,
    id: DocumentId,
    form: Multipart,
    key: Option<String>,
    said: &mut Said,
) -> Result<Accepted, Problem> {
    let used = match (&key, caller.key) {
        (Some(key), Some(api_key)) => app.catalog.idempotency_key_is_used(api_key, key).await?,
        _ => false,
    };
    let taking = if used { Taking::Compared(app, caller) } else { Taking::Kept(app, caller) };
    read(&taking, id, form, said).await?;
    let promise = promise(caller, key, said.hash());
    if !used {
        return accept(app, caller, id, said, promise).await;
    }
    let again = || {
        Problem::Conflict(
            "the request of this Idempotency-Key is not known any more; send it anew".to_owned(),
        )
    };
    by_url::before(app, promise.as_ref()).await?.ok_or_else(again)
}

async fn from_url(
    app: &App,
    caller: &Caller,
    id: DocumentId,
    body: ByUrl,
    key: Option<String>,
    said: &mut Said,
) -> Result<Accepted, Problem> {
    let (told, url, filename) = body.said(app, caller).await?;
    *said = told;
    let promise = promise(caller, key, by_url::request_hash(said, &url, filename.as_deref()));
    if let Some(before) = by_url::before(app, promise.as_ref()).await? {
        return Ok(before);
    }
    let _turn = app.budget.upload(None).await?;
    by_url::fetched(app, id, said, &url, filename).await?;
    accept(app, caller, id, said, promise).await
}

fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let Some(value) = headers.get("idempotency-key") else { return Ok(None) };
    let how = || "Idempotency-Key: 1 to 255 printable characters of ASCII".to_owned();
    let text = value.to_str().map_err(|_| Problem::BadRequest(how()))?.trim();
    if (1..=255).contains(&text.len()) {
        Ok(Some(text.to_owned()))
    } else {
        Err(Problem::Unprocessable(how()))
    }
}

/// What becomes of a form.
enum Taking<'a> {
    /// Its file goes into the store.
    Kept(&'a App, &'a Caller),
    /// It is compared with an earlier one.
    Compared(&'a App, &'a Caller),
    /// Nothing, of a file of so many bytes at most: it is a sandbox key's.
    Tried(u64),
}

impl Taking<'_> {
    /// Longest file, bytes.
    fn most(&self) -> u64 {
        match self {
            Self::Kept(app, _) | Self::Compared(app, _) => app.limits.original_bytes,
            Self::Tried(most) => *most,
        }
    }

    async fn file(&self, id: DocumentId, field: Field<'_>) -> Result<StoredObject, Problem> {
        let most = self.most();
        let Self::Kept(app, _) = self else { return looked_at(id, field, most).await };
        app.objects.put_original(id, field, most).await.map_err(|error| not_stored(error, most))
    }

    async fn reaches(&self, customer: CustomerId) -> Result<bool, Problem> {
        let (Self::Kept(app, caller) | Self::Compared(app, caller)) = self else { return Ok(true) };
        Ok(app.catalog.reaches_customer(caller.access(), customer).await?)
    }
}

async fn read(
    taking: &Taking<'_>,
    id: DocumentId,
    mut form: Multipart,
    said: &mut Said,
) -> Result<(), Problem> {
    let bounds = Bounds { file: taking.most(), text: TEXT_BYTES };
    let mut parts = 0;
    while let Some(field) = bounds.part(&mut form).await? {
        parts += 1;
        if parts > PARTS {
            return Err(Problem::Unprocessable(format!("at most {PARTS} parts")));
        }
        match field.name().unwrap_or_default() {
            "file" if said.file.is_some() => {
                return Err(Problem::BadRequest("file: one in a request".to_owned()));
            }
            "file" => {
                let declared = DeclaredFile {
                    media_type: field.content_type().map(str::to_owned),
                    filename: field.file_name().map(str::to_owned).filter(|n| !n.is_empty()),
                    ..DeclaredFile::default()
                };
                said.file = Some((taking.file(id, field).await?, declared));
            }
            "sender" => said.sender = Some(bounds.text(field).await?).filter(|t| !t.is_empty()),
            "caption" => said.caption = Some(bounds.text(field).await?).filter(|t| !t.is_empty()),
            "customer_id" => {
                let text = bounds.text(field).await?;
                let customer =
                    text.parse().map_err(|_| Problem::BadRequest("customer_id: not an id".to_owned()))?;
                if !taking.reaches(customer).await? {
                    return Err(Problem::NotFound("customer"));
                }
                said.customer_id = Some(customer);
            }
            other => return Err(unknown_part(other)),
        }
    }
    Ok(())
}

fn unknown_part(name: &str) -> Problem {
    let name: String = name.chars().take(40).collect();
    Problem::BadRequest(format!("{name:?}: not a part we know; send {}", PART_NAMES.join(", ")))
}

/// A request of a sandbox key, parsed as any other and kept nowhere.
pub(super) async fn tried(request: Request) -> Result<(), Problem> {
    let most = request.extensions().get::<Instead>().map_or(u64::MAX, |instead| instead.original_bytes);
    idempotency_key(request.headers())?;
    let mut said = Said::at(OffsetDateTime::UNIX_EPOCH);
    match Incoming::from_request(request, &()).await? {
        Incoming::Url(body) => body.texts(said).map(drop),
        Incoming::Form(form) => {
            read(&Taking::Tried(most), DocumentId::generate(), form, &mut said).await?;
            some_file(said.file, |(stored, _)| stored.size_bytes).map(drop)
        }
    }
}

/// The file that a request must have, with something in it.
fn some_file<T>(file: Option<T>, size_bytes: impl Fn(&T) -> u64) -> Result<T, Problem> {
    let missing = || Problem::BadRequest("the part \"file\" is missing".to_owned());
    let file = file.ok_or_else(missing)?;
    if size_bytes(&file) == 0 {
        return Err(Problem::Unprocessable("file: it is empty".to_owned()));
    }
    Ok(file)
}

/// What a file would be stored as.
async fn looked_at(id: DocumentId, mut field: Field<'_>, most: u64) -> Result<StoredObject, Problem> {
    let (mut hash, mut size) = (sha2::Sha256::new(), 0_u64);
    while let Some(chunk) = field.chunk().await.map_err(|e| broken_off(&e, most))? {
        size += chunk.len() as u64;
        if size > most {
            return Err(Problem::TooLarge { limit_bytes: most });
        }
        hash.update(&chunk);
    }
    let sha256 = Sha256(hash.finalize().into());
    Ok(StoredObject { key: ObjectKey::original(id, &sha256), sha256, size_bytes: size })
}

fn not_stored(error: ObjectError, most: u64) -> Problem {
    match error {
        ObjectError::Source(source) => match source.downcast_ref::<MultipartError>() {
            Some(error) => broken_off(error, most),
            None => Problem::BadRequest("the body ended early".to_owned()),
        },
        other => other.into(),
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;

    use super::*;

    async fn sent(parts: &[(&str, &str)], key: &str) -> Result<(), Problem> {
        let mut body = String::new();
        for (name, value) in parts {
            let file = if *name == "file" { "; filename=\"a.txt\"" } else { "" };
            let head = format!("Content-Disposition: form-data; name=\"{name}\"{file}");
            write!(body, "--part\r\n{head}\r\n\r\n{value}\r\n").unwrap();
        }
        body.push_str("--part--\r\n");
        let request = http::Request::post("/v1/documents")
            .header(header::CONTENT_TYPE, "multipart/form-data; boundary=part")
            .header("idempotency-key", key)
            .extension(Instead { original_bytes: 10 })
            .body(axum::body::Body::from(body))
            .unwrap();
        tried(request).await
    }

    async fn refused(parts: &[(&str, &str)], key: &str) -> &'static str {
        sent(parts, key).await.unwrap_err().kind().name
    }

    #[test]
    fn what_may_have_become_a_document_keeps_its_file() {
        let id = DocumentId::generate();
        let lost = || Problem::Internal(anyhow::anyhow!("the answer to the commit was lost"));
        for kept in [Ok(Accepted::New(id)), Err(lost()), Err(Problem::Unavailable("away"))] {
            assert!(!is_refused(&kept), "{kept:?}");
        }
        for gone in [Ok(Accepted::Replayed(id)), Ok(Accepted::KeyReused), Err(Problem::NotFound("customer"))]
        {
            assert!(is_refused(&gone), "{gone:?}");
        }
    }

    #[tokio::test]
    async fn a_sandbox_refuses_what_its_handler_refuses() {
        let (file, long) = (("file", "ten bytes."), "x".repeat(TEXT_BYTES + 1));
        let customer = ("customer_id", "01920000-0000-7000-8000-000000000001");
        assert!(sent(&[file, customer, ("sender", "ana"), ("caption", "")], "k").await.is_ok());
        assert_eq!(refused(&[file, file], "k").await, "bad_request");
        assert_eq!(refused(&[("file", "eleven byte")], "k").await, "too_large");
        assert_eq!(refused(&[("file", "")], "k").await, "unprocessable");
        assert_eq!(refused(&[("sender", "ana"); PARTS + 1], "k").await, "unprocessable");
        assert_eq!(refused(&[file, ("sender", long.as_str())], "k").await, "unprocessable");
        assert_eq!(refused(&[file, ("customer_id", "mine")], "k").await, "bad_request");
        assert_eq!(refused(&[file, ("other", "")], "k").await, "bad_request");
        assert_eq!(refused(&[customer], "k").await, "bad_request");
        assert_eq!(refused(&[file], &"k".repeat(256)).await, "unprocessable");
    }
}
