//! What was sent, on its way into the catalog: whose it is, and once only where the client promises that two requests are one.

use acuse_pipeline::document::Sha256;
use acuse_storage::{
    CustomerId, DocumentId,
    documents::DeclaredFile,
    names::Source,
    uploads::{Accepted, IdempotencyKey, Upload},
};

use super::{Said, some_file};
use crate::{access::Caller, problem::Problem, state::App};

/// A promise that two requests are one, where the client makes it.
pub(super) fn promise(caller: &Caller, key: Option<String>, request: Sha256) -> Option<IdempotencyKey> {
    key.zip(caller.key).map(|(key, api_key)| IdempotencyKey { api_key, key, request })
}

/// Whose an upload is: as it says; of a key that is bound to one customer, theirs.
async fn whose(app: &App, caller: &Caller, said: Option<CustomerId>) -> Result<Option<CustomerId>, Problem> {
    if said.is_some() {
        return Ok(said);
    }
    match app.catalog.bound_customers(caller.access(), 2).await?[..] {
        [] => Ok(None),
        [only] => Ok(Some(only)),
        _ => Err(Problem::Unprocessable("customer_id: say which of this key's customers it is".to_owned())),
    }
}

/// Takes what was sent, or finds what the same request sent before.
pub(super) async fn accept(
    app: &App,
    caller: &Caller,
    id: DocumentId,
    said: &Said,
    key: Option<IdempotencyKey>,
) -> Result<Accepted, Problem> {
    let (original, declared) = some_file(said.file.clone(), |(stored, _)| stored.size_bytes)?;
    let upload = Upload {
        id,
        source: Source::Api,
        key: caller.key,
        sender: said.sender.clone(),
        customer_id: whose(app, caller, said.customer_id).await?,
        declared: DeclaredFile { caption: said.caption.clone(), ..declared },
        original,
        received_at: said.received_at,
    };
    Ok(app.catalog.accept_upload(&upload, key.as_ref()).await?)
}
