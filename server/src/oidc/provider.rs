//! The provider: where it says that it is (discovery, kept for an hour with its keys), where people are sent, and what it
//! tells of somebody who comes back.

mod metadata;
mod token;

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

use acuse_storage::{Catalog, CatalogError, error::Chain};
use openidconnect::{
    AccessToken, AuthType, AuthenticationFlow, AuthorizationCode, ClaimsVerificationError, ClientId,
    ClientSecret, CsrfToken, IssuerUrl, Nonce, OAuth2TokenResponse, PkceCodeChallenge, PkceCodeVerifier,
    RedirectUrl, Scope, SignatureVerificationError, SubjectIdentifier, TokenResponse, UserInfoClaims,
    core::{CoreClientAuthMethod, CoreGenderClaim, CoreResponseType},
};
use rand::RngExt;
use time::{Duration, OffsetDateTime};
use tokio::sync::{Mutex as Turn, OnceCell};
use url::Url;

use super::{
    rules::Told,
    speak,
    ticket::{Key, Ticket},
};
use crate::config::Oidc;
pub use metadata::{Metadata, More};
use metadata::{sound, way_out};
use token::{Claims, Client, belong_together, not_exchanged, subject, verified};

/// How long what the provider says of itself is taken for true.
const FRESH: Duration = Duration::HOUR;
/// How long one that did not answer is let alone.
const REST: std::time::Duration = std::time::Duration::from_secs(5);
/// How long anybody waits for what somebody else asks it.
const TURN: std::time::Duration = std::time::Duration::from_secs(2);

/// Why nobody is vouched for.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// The provider is away, or cannot be understood. Nobody's fault who signs in.
    #[error("the identity provider is of no use")]
    Away(#[source] anyhow::Error),
    /// It does not take the code.
    #[error("the identity provider refused the code: {0}")]
    Code(String),
    /// What it sent cannot be believed.
    #[error("the token cannot be believed: {0}")]
    Token(String),
}

fn away(error: impl Into<anyhow::Error>) -> Trouble {
    Trouble::Away(error.into())
}

/// What the provider said of itself, and when it was asked.
type Said = (Arc<Metadata>, OffsetDateTime);

/// An identity provider that is configured.
pub struct Provider {
    /// How.
    pub config: Oidc,
    http: reqwest::Client,
    /// Held to look at it, never while it is asked.
    said: Mutex<Option<Said>>,
    /// Held by whoever asks it: when it last did not answer.
    silent_at: Turn<Option<Instant>>,
    key: OnceCell<Key>,
}

impl Provider {
    /// Nothing is asked of it before somebody signs in.
    ///
    /// # Errors
    /// When TLS cannot be had.
    pub fn new(config: Oidc) -> reqwest::Result<Self> {
        let (said, silent_at) = (Mutex::default(), Turn::default());
        Ok(Self { config, http: speak::client()?, said, silent_at, key: OnceCell::new() })
    }

    /// What seals sign-ins on their way.
    ///
    /// # Errors
    /// When the catalog fails.
    pub async fn key(&self, catalog: &Catalog) -> Result<&Key, CatalogError> {
        let fresh: [u8; 32] = rand::rng().random();
        let kept = || async move { catalog.sign_in_key(&fresh).await.map(|secret| Key::new(&secret)) };
        self.key.get_or_try_init(kept).await
    }

    /// What the provider says of itself, its keys too; asked again after an hour, or where `anew` is wanted. One that does
    /// not answer is let alone for some seconds, and what it said before counts as long. Nobody waits long for it but the
    /// one who asks it.
    ///
    /// # Errors
    /// When it has never answered, or does not now where that is wanted.
    pub async fn discovered(&self, present: OffsetDateTime, anew: bool) -> Result<Arc<Metadata>, Trouble> {
        let before = self.said();
        if let Some((said, at)) = &before
            && !anew
            && present - *at < FRESH
        {
            return Ok(said.clone());
        }
        let usable = before.as_ref().filter(|_| !anew).map(|(said, _)| said.clone());
        // One asks at a time. Whoever comes meanwhile goes on with what it said before, or waits a moment for the answer.
        let turn = match usable {
            Some(_) => self.silent_at.try_lock().ok(),
            None => tokio::time::timeout(TURN, self.silent_at.lock()).await.ok(),
        };
        let silent = || away(anyhow::anyhow!("it did not answer a moment ago"));
        let Some(mut silent_at) = turn else { return usable.ok_or_else(silent) };
        if let Some((said, _)) = self.said()
            && before.is_none_or(|(old, _)| !Arc::ptr_eq(&old, &said))
        {
            return Ok(said);
        }
        if silent_at.is_some_and(|at| at.elapsed() < REST) {
            return usable.ok_or_else(silent);
        }
        match self.describe().await {
            Ok(said) => {
                let said = Arc::new(said);
                *self.said.lock().unwrap_or_else(PoisonError::into_inner) = Some((said.clone(), present));
                *silent_at = None;
                Ok(said)
            }
            Err(error) => {
                *silent_at = Some(Instant::now());
                tracing::warn!(error = %Chain(&error), "the identity provider could not be discovered");
                usable.ok_or(error)
            }
        }
    }

    /// What it last said of itself, and when it was asked.
    fn said(&self) -> Option<Said> {
        self.said.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Asks it what it is.
    async fn describe(&self) -> Result<Metadata, Trouble> {
        let issuer = IssuerUrl::new(self.config.issuer.clone()).map_err(away)?;
        let ask = |request| speak::ask(self.http.clone(), request);
        sound(Metadata::discover_async(issuer, &ask).await.map_err(away)?)
    }

    /// Us, as the provider knows us.
    fn client(&self, said: &Metadata, redirect: &Url) -> Client {
        let (id, secret) = (self.config.client_id.clone(), self.config.client_secret.expose().to_owned());
        let methods = said.token_endpoint_auth_methods_supported();
        let takes = |method| methods.is_none_or(|all| all.contains(&method));
        let by_header = takes(CoreClientAuthMethod::ClientSecretBasic);
        let how = if by_header { AuthType::BasicAuth } else { AuthType::RequestBody };
        Client::from_provider_metadata(said.clone(), ClientId::new(id), Some(ClientSecret::new(secret)))
            .set_auth_type(how)
            .set_redirect_uri(RedirectUrl::from_url(redirect.clone()))
    }

    /// Where a browser is sent with this ticket.
    ///
    /// # Errors
    /// When the provider is away.
    pub async fn entrance(
        &self,
        present: OffsetDateTime,
        redirect: &Url,
        (key, ticket): (&Key, &Ticket),
    ) -> Result<Url, Trouble> {
        let said = self.discovered(present, false).await?;
        let verifier = PkceCodeVerifier::new(ticket.verifier(key));
        let (state, nonce) = (CsrfToken::new(ticket.state(key)), Nonce::new(ticket.nonce(key)));
        let (url, _, _) = self
            .client(&said, redirect)
            .authorize_url(AuthenticationFlow::<CoreResponseType>::AuthorizationCode, || state, || nonce)
            .add_scopes(self.config.scopes.iter().cloned().map(Scope::new))
            .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier))
            .url();
        Ok(url)
    }

    /// Where a browser is sent so that the provider's own session ends too, and what it is told: whose (the `hint` is the
    /// token of their sign-in, where that is at hand), and where people go on then. None where it has no such place, or
    /// does not answer at once: then nothing but our own session has ended.
    pub async fn exit(&self, present: OffsetDateTime, hint: Option<&str>, back: &Url) -> Option<Url> {
        // A place for going out moves less than keys do: what it said before counts, however old.
        let said = match self.said() {
            Some((said, _)) => said,
            None => tokio::time::timeout(TURN, self.discovered(present, false)).await.ok()?.ok()?,
        };
        let mut url = way_out(&said)?;
        let mut query = url.query_pairs_mut();
        if let Some(hint) = hint {
            query.append_pair("id_token_hint", hint);
        }
        query
            .append_pair("client_id", &self.config.client_id)
            .append_pair("post_logout_redirect_uri", back.as_str());
        drop(query);
        Some(url)
    }

    /// Turns the code that a browser brought back into whom the provider vouches for, and the token that says so.
    ///
    /// # Errors
    /// When the provider is away, refuses, or sends what cannot be believed.
    pub async fn redeem(
        &self,
        present: OffsetDateTime,
        redirect: &Url,
        (key, ticket): (&Key, &Ticket),
        code: String,
    ) -> Result<(Told, String), Trouble> {
        let said = self.discovered(present, false).await?;
        let client = self.client(&said, redirect);
        let ask = |request| speak::ask(self.http.clone(), request);
        let tokens = client
            .exchange_code(AuthorizationCode::new(code))
            .map_err(away)?
            .set_pkce_verifier(PkceCodeVerifier::new(ticket.verifier(key)))
            .request_async(&ask)
            .await
            .map_err(not_exchanged)?;
        let token = tokens.id_token().ok_or_else(|| Trouble::Token("there is none".to_owned()))?;
        let nonce = Nonce::new(ticket.nonce(key));
        let (client, claims) = match verified(&client, token, &nonce, present) {
            // The provider has a new key since it was asked.
            Err(ClaimsVerificationError::SignatureVerification(
                SignatureVerificationError::NoMatchingKey,
            )) => {
                let anew = self.client(&*self.discovered(present, true).await?, redirect);
                let claims = verified(&anew, token, &nonce, present);
                (anew, claims)
            }
            claims => (client, claims),
        };
        let claims = claims.map_err(|error| Trouble::Token(Chain(&error).to_string()))?;
        belong_together(&client, token, claims, tokens.access_token())?;
        let rules = &self.config.rules;
        let mut told = Told {
            subject: subject(claims.subject())?,
            email: claims.email().map(|email| email.to_string()),
            email_verified: claims.email_verified(),
            groups: rules.groups(&claims.additional_claims().all),
        };
        // Many providers say more where it is asked for than in the token. What is to be taken for proven unsaid must not
        // be said to be unproven there.
        let is_unsaid = told.email_verified.is_none() && rules.assumes_email;
        if told.email.is_none() || is_unsaid || (told.groups.is_empty() && rules.claim.is_some()) {
            self.ask_for_more(&client, tokens.access_token(), &mut told).await?;
        }
        Ok((told, token.to_string()))
    }

    /// Fills what the token did not say of its subject.
    async fn ask_for_more(
        &self,
        client: &Client,
        access: &AccessToken,
        told: &mut Told,
    ) -> Result<(), Trouble> {
        // The crate would panic on one that is no value of a header.
        if !access.secret().bytes().all(|b| b.is_ascii_graphic()) {
            return Err(Trouble::Token("its access token has strange characters".to_owned()));
        }
        let of = SubjectIdentifier::new(told.subject.clone());
        // None where the provider has no such place.
        let Ok(request) = client.user_info(access.clone(), Some(of)) else { return Ok(()) };
        let ask = |request| speak::ask(self.http.clone(), request);
        let more: UserInfoClaims<Claims, CoreGenderClaim> =
            request.request_async(&ask).await.map_err(away)?;
        told.add_email(more.email().map(|email| email.to_string()), more.email_verified());
        if told.groups.is_empty() {
            told.groups = self.config.rules.groups(&more.additional_claims().all);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use tokio::net::TcpListener;

    use super::*;
    use crate::{config::Secret, oidc::rules::Rules};

    const NOW: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;

    fn named(issuer: String) -> Provider {
        let config = Oidc {
            issuer,
            client_id: "acuse".to_owned(),
            client_secret: Secret::new("hush"),
            label: "the house".to_owned(),
            redirect: None,
            scopes: Vec::new(),
            rules: Rules::default(),
        };
        Provider::new(config).unwrap()
    }

    fn describing(entrance: &str) -> Metadata {
        let said = json!({
            "issuer": "https://id.example",
            "authorization_endpoint": entrance,
            "jwks_uri": "https://id.example/keys",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
        });
        serde_json::from_value(said).unwrap()
    }

    #[test]
    fn nobody_is_sent_where_passwords_must_not_go() {
        for safe in ["https://id.example/in", "http://localhost:5556/in"] {
            assert!(sound(describing(safe)).is_ok(), "{safe}");
        }
        for bad in ["http://id.example/in", "javascript:alert(1)", "data:text/html,x"] {
            let Err(Trouble::Away(why)) = sound(describing(bad)) else { panic!("{bad} is taken") };
            assert_eq!(why.to_string(), "the provider names an address that is not https");
        }
    }

    #[tokio::test]
    async fn whoever_signs_out_here_is_sent_to_sign_out_there() {
        let provider = named("https://id.example".to_owned());
        let exit = async |place: Value| {
            let mut said = serde_json::to_value(describing("https://id.example/in")).unwrap();
            said["end_session_endpoint"] = place;
            let said: Metadata = serde_json::from_value(said).unwrap();
            *provider.said.lock().unwrap() = Some((Arc::new(said), NOW));
            let back = Url::parse("https://desk.example/login").unwrap();
            provider.exit(NOW, Some("a.b.c"), &back).await.map(String::from)
        };
        let asked =
            "id_token_hint=a.b.c&client_id=acuse&post_logout_redirect_uri=https%3A%2F%2Fdesk.example%2Flogin";
        assert_eq!(
            exit(json!("https://id.example/out?tenant=us")).await.as_deref(),
            Some(format!("https://id.example/out?tenant=us&{asked}").as_str())
        );
        // One that has no such place, or a strange one, signs people in all the same.
        for none in [json!(null), json!(""), json!(7), json!("http://id.example/out"), json!("javascript:x")]
        {
            assert_eq!(exit(none.clone()).await, None, "{none}");
        }
    }

    #[tokio::test]
    async fn one_that_hangs_keeps_nobody_waiting_but_the_one_who_asks() {
        let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let provider = Arc::new(named(format!("http://{}", silent.local_addr().unwrap())));
        let asking = provider.clone();
        let first = tokio::spawn(async move { asking.discovered(NOW, false).await.map(drop) });
        let _held = silent.accept().await.unwrap();
        let began = Instant::now();
        assert!(matches!(provider.discovered(NOW, false).await, Err(Trouble::Away(_))));
        assert!(began.elapsed() < std::time::Duration::from_secs(8), "{:?}", began.elapsed());
        // What it said before, though long ago, is there at once.
        let old = Arc::new(describing("https://id.example/in"));
        *provider.said.lock().unwrap() = Some((old.clone(), NOW - FRESH * 2));
        let began = Instant::now();
        assert!(Arc::ptr_eq(&provider.discovered(NOW, false).await.unwrap(), &old));
        assert!(began.elapsed() < TURN, "{:?}", began.elapsed());
        first.abort();
    }
}
