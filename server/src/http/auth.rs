//! Whose key a request carries: it is counted, then looked up. What a [`Caller`] may do is [`crate::access`]'s matter.

use std::{net::IpAddr, time::Instant};

use acuse_pipeline::document::Sha256;
use axum::{
    extract::FromRequestParts,
    http::{Extensions, header, request::Parts},
};

pub use crate::access::Caller;
use crate::{access::key::PREFIX, budget::rates::Visit, problem::Problem, state::App};

/// Counts the key, or whatever it is, before it is looked up.
async fn visit<'a>(
    app: &'a App,
    hash: Sha256,
    address: IpAddr,
    extensions: &Extensions,
    at: Instant,
) -> Result<Visit<'a>, Problem> {
    let rates = &app.budget.rates;
    let limited = match rates.visit(hash, address, extensions, at) {
        Ok(visit) => return Ok(visit),
        Err(limited) => limited,
    };
    if rates.knows(&hash) {
        return Err(limited);
    }
    // The address has tried too many in vain, which is no good key's fault.
    if app.budget.good_keys.has(&app.catalog, &hash, at).await {
        return rates.vouched(hash, address, extensions, at);
    }
    metrics::counter!("acuse_bad_keys_refused_total").increment(1);
    Err(limited)
}

impl FromRequestParts<App> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        // Somebody looked before what is asked was read ([`super::scopes`]): a request is one visit.
        if let Some(known) = parts.extensions.get::<Self>() {
            return Ok(known.clone());
        }
        let key = parts
            .headers
            .get(header::AUTHORIZATION)
            .and_then(|v| v.to_str().ok())
            .and_then(|v| v.split_once(' '))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
            .map(|(_, key)| key.trim())
            .filter(|key| key.starts_with(PREFIX) && key.len() <= 128)
            .ok_or(Problem::Unauthorized)?;
        // Looked up by the hash of 256 random bits: how long that takes tells nothing about any key.
        let hash = Sha256::of(key.as_bytes());
        let address = app.budget.trusted.client_of(&parts.extensions, &parts.headers);
        let visit = visit(app, hash, address, &parts.extensions, Instant::now()).await?;
        let found = app.catalog.key_with_access(&hash).await.inspect_err(|_| visit.not_asked())?;
        let (key, access) = found.ok_or(Problem::Unauthorized).inspect_err(|_| visit.bad())?;
        visit.good(&parts.extensions)?;
        Ok(Self::with_key(key, access))
    }
}
