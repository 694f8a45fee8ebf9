//! `POST /v1/documents` as JSON: a file that we fetch from where the client says it is.

use acuse_pipeline::document::Sha256;
use acuse_storage::{
    CustomerId, DocumentId,
    documents::DeclaredFile,
    objects::ObjectError,
    uploads::{Accepted, IdempotencyKey},
};
use acuse_workers::outgoing::fetch::NotFetched;
use serde::Deserialize;

use super::{Said, TEXT_BYTES};
use crate::{http::auth::Caller, problem::Problem, state::App};

/// Body of the request.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ByUrl {
    /// Where the file is.
    url: String,
    /// What it is called; otherwise as its address says.
    #[serde(default)]
    filename: Option<String>,
    /// Who sends it, in the client's words.
    #[serde(default)]
    sender: Option<String>,
    /// Whose it is.
    #[serde(default)]
    customer_id: Option<CustomerId>,
    /// What was said with it.
    #[serde(default)]
    caption: Option<String>,
}

impl From<NotFetched> for Problem {
    fn from(why: NotFetched) -> Self {
        match why {
            NotFetched::TooLarge(limit_bytes) => Self::TooLarge { limit_bytes },
            why => Self::NotFetched(why.to_string()),
        }
    }
}

fn short(name: &str, text: Option<String>) -> Result<Option<String>, Problem> {
    match text.map(|t| t.trim().to_owned()).filter(|t| !t.is_empty()) {
        Some(text) if text.len() > TEXT_BYTES => {
            Err(Problem::Unprocessable(format!("{name}: at most {TEXT_BYTES} bytes")))
        }
        other => Ok(other),
    }
}

impl ByUrl {
    /// The file's address and what was said, checked; of the file nothing is asked yet.
    pub(super) async fn said(
        self,
        app: &App,
        caller: &Caller,
    ) -> Result<(Said, String, Option<String>), Problem> {
        if let Some(customer) = self.customer_id
            && !app.catalog.reaches_customer(caller.access(), customer).await?
        {
            return Err(Problem::NotFound("customer"));
        }
        self.texts(Said::at(app.catalog.now()))
    }

    /// The same of the request alone.
    pub(super) fn texts(self, said: Said) -> Result<(Said, String, Option<String>), Problem> {
        let said = Said {
            sender: short("sender", self.sender)?,
            customer_id: self.customer_id,
            caption: short("caption", self.caption)?,
            ..said
        };
        Ok((said, self.url, short("filename", self.filename)?))
    }
}

/// All that the request says, as a hash: what the URL leads to may be another file each time, the promise is the same.
pub(super) fn request_hash(said: &Said, url: &str, filename: Option<&str>) -> Sha256 {
    let whole =
        format!("url {url}\n{filename:?}\n{:?}\n{:?}\n{:?}", said.sender, said.customer_id, said.caption);
    Sha256::of(whole.as_bytes())
}

/// What the same request made before, so that nothing is fetched for it again.
pub(super) async fn before(app: &App, key: Option<&IdempotencyKey>) -> Result<Option<Accepted>, Problem> {
    match key {
        Some(key) => Ok(app.catalog.idempotent(key).await?),
        None => Ok(None),
    }
}

/// Fetches the file into the store.
pub(super) async fn fetched(
    app: &App,
    id: DocumentId,
    said: &mut Said,
    url: &str,
    filename: Option<String>,
) -> Result<(), Problem> {
    let most = app.limits.original_bytes;
    let file = app.outgoing.fetch(url, most).await?;
    let declared = DeclaredFile {
        media_type: file.media_type.clone(),
        filename: filename.or_else(|| file.filename.clone()),
        ..DeclaredFile::default()
    };
    let stored = app.objects.put_original(id, file.bytes(), most).await.map_err(|error| match error {
        ObjectError::Source(source) => match source.downcast_ref::<NotFetched>() {
            Some(why) => why.clone().into(),
            None => Problem::NotFetched(NotFetched::BrokeOff.to_string()),
        },
        other => other.into(),
    })?;
    said.file = Some((stored, declared));
    Ok(())
}
