//! What a provider sends for a code: of what types it is for the crate, and whether it can be believed.

use openidconnect::{
    AccessToken, AccessTokenHash, ClaimsVerificationError, EmptyExtraTokenFields, EndpointMaybeSet,
    EndpointNotSet, EndpointSet, IdToken, IdTokenClaims, IdTokenFields, Nonce, RequestTokenError,
    StandardErrorResponse, StandardTokenResponse, SubjectIdentifier,
    core::{
        CoreAuthDisplay, CoreAuthPrompt, CoreErrorResponseType, CoreGenderClaim, CoreJsonWebKey,
        CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm, CoreRevocableToken,
        CoreRevocationErrorResponse, CoreTokenIntrospectionResponse, CoreTokenType,
    },
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use time::OffsetDateTime;

use super::{Trouble, away};
use crate::oidc::speak::Unanswered;

/// Longest name of a provider's for somebody (OpenID Connect Core 1.0, section 2).
const SUBJECT_BYTES: usize = 255;
/// By which tokens may be signed: never by a secret that both sides have, and never by nothing.
const SIGNED_BY: [CoreJwsSigningAlgorithm; 9] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::RsaSsaPssSha384,
    CoreJwsSigningAlgorithm::RsaSsaPssSha512,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EcdsaP384Sha384,
    CoreJwsSigningAlgorithm::EdDsa,
];

/// What a token says beside what every token may.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Claims {
    #[serde(flatten)]
    pub(super) all: Map<String, Value>,
}

impl openidconnect::AdditionalClaims for Claims {}

type Encryption = CoreJweContentEncryptionAlgorithm;
type Signing = CoreJwsSigningAlgorithm;
type Fields = IdTokenFields<Claims, EmptyExtraTokenFields, CoreGenderClaim, Encryption, Signing>;
pub(super) type Tokens = StandardTokenResponse<Fields, CoreTokenType>;
pub(super) type Client = openidconnect::Client<
    Claims,
    CoreAuthDisplay,
    CoreGenderClaim,
    Encryption,
    CoreJsonWebKey,
    CoreAuthPrompt,
    StandardErrorResponse<CoreErrorResponseType>,
    Tokens,
    CoreTokenIntrospectionResponse,
    CoreRevocableToken,
    CoreRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

type Token = IdToken<Claims, CoreGenderClaim, Encryption, Signing>;
type TokenClaims = IdTokenClaims<Claims, CoreGenderClaim>;

/// What a token says, once issuer, audience, signature, time and nonce are as they must be.
pub(super) fn verified<'t>(
    client: &Client,
    token: &'t Token,
    nonce: &Nonce,
    present: OffsetDateTime,
) -> Result<&'t TokenClaims, ClaimsVerificationError> {
    // A time that is none has passed.
    let time = chrono::DateTime::from_timestamp(present.unix_timestamp(), 0)
        .unwrap_or(chrono::DateTime::<chrono::Utc>::MAX_UTC);
    let verifier = client.id_token_verifier().set_allowed_algs(SIGNED_BY).set_time_fn(move || time);
    token.claims(&verifier, nonce)
}

/// Both tokens are of one answer, where the one says of which the other is.
pub(super) fn belong_together(
    client: &Client,
    token: &Token,
    claims: &TokenClaims,
    access: &AccessToken,
) -> Result<(), Trouble> {
    let Some(said) = claims.access_token_hash() else { return Ok(()) };
    let wrong = |error: &dyn std::fmt::Display| Trouble::Token(format!("its access token: {error}"));
    let verifier = client.id_token_verifier();
    let algorithm = token.signing_alg().map_err(|e| wrong(&e))?;
    let key = token.signing_key(&verifier).map_err(|e| wrong(&e))?;
    let hash = AccessTokenHash::from_token(access, algorithm, key).map_err(|e| wrong(&e))?;
    if hash == *said { Ok(()) } else { Err(wrong(&"is another")) }
}

/// The provider's name for somebody, as long as such a name may be.
pub(super) fn subject(said: &SubjectIdentifier) -> Result<String, Trouble> {
    let sound = (1..=SUBJECT_BYTES).contains(&said.len()) && !said.contains(char::is_control);
    let strange = || Trouble::Token("its subject is no name".to_owned());
    sound.then(|| said.to_string()).ok_or_else(strange)
}

type ExchangeError = RequestTokenError<Unanswered, StandardErrorResponse<CoreErrorResponseType>>;

pub(super) fn not_exchanged(error: ExchangeError) -> Trouble {
    match error {
        // The code is not good (any more). All else it says is of how we are registered there.
        RequestTokenError::ServerResponse(said) if *said.error() == CoreErrorResponseType::InvalidGrant => {
            Trouble::Code(said.to_string())
        }
        error => away(error),
    }
}
