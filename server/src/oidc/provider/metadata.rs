//! What a provider says of itself, as far as it is taken.

use openidconnect::{
    AdditionalProviderMetadata, ProviderMetadata,
    core::{
        CoreAuthDisplay, CoreClaimName, CoreClaimType, CoreClientAuthMethod, CoreGrantType, CoreJsonWebKey,
        CoreJweContentEncryptionAlgorithm, CoreJweKeyManagementAlgorithm, CoreResponseMode, CoreResponseType,
        CoreSubjectIdentifierType,
    },
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;

use super::{Trouble, away};
use crate::{config::is_safe, oidc::speak::Unanswered};

/// What a provider may say of itself beside what each must.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct More {
    /// Where its own session is ended. As it stands: nobody is kept from signing in by one that is none.
    #[serde(default)]
    end_session_endpoint: Value,
}

impl AdditionalProviderMetadata for More {}

/// What a provider says of itself.
pub type Metadata = ProviderMetadata<
    More,
    CoreAuthDisplay,
    CoreClientAuthMethod,
    CoreClaimName,
    CoreClaimType,
    CoreGrantType,
    CoreJweContentEncryptionAlgorithm,
    CoreJweKeyManagementAlgorithm,
    CoreJsonWebKey,
    CoreResponseMode,
    CoreResponseType,
    CoreSubjectIdentifierType,
>;

/// Browsers are sent there, and people type their passwords there.
pub(super) fn sound(said: Metadata) -> Result<Metadata, Trouble> {
    if is_safe(said.authorization_endpoint().url()) { Ok(said) } else { Err(away(Unanswered::Unsafe)) }
}

/// Where a provider ends its own session; none where that is no place for a browser to be sent with a name.
pub(super) fn way_out(said: &Metadata) -> Option<Url> {
    let place = said.additional_metadata().end_session_endpoint.as_str()?;
    Url::parse(place).ok().filter(is_safe)
}
