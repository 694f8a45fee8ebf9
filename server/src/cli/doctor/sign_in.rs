//! Whether the identity provider answers, and as one that people can sign in at.

use anyhow::Context;
use openidconnect::core::CoreResponseType;
use time::OffsetDateTime;

use super::{Report, State, within};
use crate::{config::Config, oidc::provider::Provider};

/// Asks where it is configured.
pub(super) async fn provider(config: &Config, now: OffsetDateTime, report: &mut Report) {
    let Some(oidc) = &config.oidc else { return };
    let asked = within(async {
        let provider = Provider::new(oidc.clone())?;
        let said = provider
            .discovered(now, true)
            .await
            .context("nobody can sign in there until it answers: look at ACUSE_OIDC_ISSUER")?;
        anyhow::ensure!(said.token_endpoint().is_some(), "it names no place that gives tokens");
        let by_code =
            said.response_types_supported().iter().any(|types| types[..] == [CoreResponseType::Code]);
        anyhow::ensure!(by_code, "it does not do the authorization code flow");
        Ok(said.jwks().keys().len())
    });
    let name = &oidc.issuer;
    if oidc.rules.assumes_email {
        let what = "e-mail addresses of which it says nothing count as proven (ACUSE_OIDC_EMAIL_VERIFIED): right where \
                    only your house gives out accounts and their addresses there";
        report.tell(State::Note, "vouching", format!("{name}: {what}"));
    }
    match asked.await {
        Ok(0) => {
            report.tell(State::Bad, "sign-in", format!("{name} answers, and has no key that is understood"));
        }
        Ok(keys) => report.tell(State::Ok, "sign-in", format!("{name} answers, with {keys} keys")),
        Err(error) => report.tell(State::Bad, "sign-in", format!("{name}: {error:#}")),
    }
}
