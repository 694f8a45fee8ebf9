//! What leaves the process for somebody's server: alerts ([`alerts`]), every change of a document ([`webhooks`]) and
//! the beat that says that we live (`acuse_workers::watch`). All of it goes by one client, which reaches no private network
//! ([`guard`]), follows no redirect, and signs ([`sign`]) where the receiver can check it.

pub mod alerts;
pub mod fetch;
pub mod guard;
pub mod mail;
pub mod messages;
pub mod sign;
pub mod webhooks;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use ipnet::IpNet;
use reqwest::{Client, Url, header::HeaderMap, redirect};
use time::OffsetDateTime;

use guard::{Guard, Resolver};
use mail::{Mail, MailError};
use sign::{Secret, signature};

/// Longest time of one call, connecting included.
const CALL: Duration = Duration::from_secs(15);
/// Longest time to connect.
const CONNECT: Duration = Duration::from_secs(5);

/// The settings of what leaves.
#[derive(Clone, Default)]
pub struct OutgoingConfig {
    /// Private networks that may be reached all the same, by http too.
    pub networks: Vec<IpNet>,
    /// `smtp://…` or `smtps://…`; it may hold a password.
    pub smtp_url: Option<String>,
    /// The sender of mail.
    pub mail_from: Option<String>,
    /// Secrets that sign alerts, by reference.
    pub secrets: BTreeMap<String, Secret>,
}

/// The parts cannot be made as they are configured.
#[derive(Debug, thiserror::Error)]
pub enum OutgoingError {
    /// The HTTP client.
    #[error("cannot make the client for outgoing calls")]
    Client(#[source] reqwest::Error),
    /// The SMTP server or the sender.
    #[error(transparent)]
    Mail(#[from] MailError),
}

/// What a receiver answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// 2xx: it has it.
    Taken(u16),
    /// 410: it wants nothing more.
    Gone,
    /// Any other status; redirects too.
    Refused(u16),
    /// There was no answer; why, without the URL, which may hold a secret.
    Unreachable(String),
}

impl Answer {
    /// Why it is not taken; `None` when it is.
    #[must_use]
    pub fn failure(&self) -> Option<String> {
        match self {
            Self::Taken(_) => None,
            Self::Gone => Some("the receiver answered 410".to_owned()),
            Self::Refused(status) => Some(format!("the receiver answered {status}")),
            Self::Unreachable(why) => Some(why.clone()),
        }
    }

    /// The status, if there was one.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Taken(status) | Self::Refused(status) => Some(*status),
            Self::Gone => Some(410),
            Self::Unreachable(_) => None,
        }
    }
}

/// A body on its way, with what identifies it over all its tries.
#[derive(Debug, Clone)]
pub struct Signed<'a> {
    /// The id: the same at each try.
    pub id: &'a str,
    /// When it is sent.
    pub at: OffsetDateTime,
    /// JSON.
    pub body: &'a str,
    /// The secrets that sign it: during a change of secrets the new one and the old.
    pub secrets: &'a [Secret],
}

/// The one way out.
#[derive(Debug)]
pub struct Outgoing {
    client: Client,
    guard: Guard,
    mail: Option<Mail>,
    secrets: BTreeMap<String, Secret>,
}

impl Outgoing {
    /// Makes the client and, where an SMTP server is configured, the mailer.
    ///
    /// # Errors
    /// When a setting cannot be used.
    pub fn new(config: OutgoingConfig) -> Result<Self, OutgoingError> {
        let guard = Guard::new(config.networks);
        let client = Client::builder()
            .dns_resolver(Arc::new(Resolver::new(guard.clone())))
            .redirect(redirect::Policy::none())
            // A proxy would look the name up itself, behind the guard's back.
            .no_proxy()
            .connect_timeout(CONNECT)
            .timeout(CALL)
            .user_agent(concat!("acuse/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(OutgoingError::Client)?;
        let from = config.mail_from.as_deref();
        let mail = config.smtp_url.as_deref().map(|url| Mail::new(url, from, CALL)).transpose()?;
        Ok(Self { client, guard, mail, secrets: config.secrets })
    }

    /// What may be reached.
    #[must_use]
    pub fn guard(&self) -> &Guard {
        &self.guard
    }

    /// The mailer, where one is configured.
    #[must_use]
    pub fn mail(&self) -> Option<&Mail> {
        self.mail.as_ref()
    }

    /// The secret of a reference.
    #[must_use]
    pub fn secret(&self, reference: &str) -> Option<&Secret> {
        self.secrets.get(reference)
    }

    /// Posts JSON, unsigned.
    pub async fn post(&self, url: &str, body: &str) -> Answer {
        self.call(url, HeaderMap::new(), body.to_owned()).await
    }

    /// Posts JSON, signed as Standard Webhooks say (`webhook-id`, `webhook-timestamp`, `webhook-signature`); what nothing
    /// signs does not leave.
    pub async fn post_signed(&self, url: &str, what: &Signed<'_>) -> Answer {
        if what.secrets.is_empty() {
            return Answer::Unreachable("no secret signs it: rotate the endpoint's secret".to_owned());
        }
        let timestamp = what.at.unix_timestamp().to_string();
        let signatures: Vec<String> =
            what.secrets.iter().map(|s| signature(s, what.id, &timestamp, what.body)).collect();
        let mut headers = HeaderMap::new();
        let all = [("webhook-id", what.id), ("webhook-timestamp", &timestamp)];
        for (name, value) in all.into_iter().chain([("webhook-signature", signatures.join(" ").as_str())]) {
            match value.parse() {
                Ok(value) => headers.insert(name, value),
                Err(_) => return Answer::Unreachable(format!("{name} cannot be a header")),
            };
        }
        self.call(url, headers, what.body.to_owned()).await
    }

    async fn call(&self, url: &str, mut headers: HeaderMap, body: String) -> Answer {
        let url = match self.guard.url(url) {
            Ok(url) => url,
            Err(error) => return Answer::Unreachable(error.to_string()),
        };
        headers.insert(
            reqwest::header::CONTENT_TYPE,
            reqwest::header::HeaderValue::from_static("application/json"),
        );
        answer(self.client.post(url).headers(headers).body(body)).await
    }

    /// Asks a URL and looks at nothing but the status.
    pub async fn get(&self, url: &Url) -> Answer {
        match self.guard.url(url.as_str()) {
            Ok(url) => answer(self.client.get(url)).await,
            Err(error) => Answer::Unreachable(error.to_string()),
        }
    }
}

/// The status; of the body nothing is read.
async fn answer(request: reqwest::RequestBuilder) -> Answer {
    match request.send().await {
        Ok(response) => match response.status().as_u16() {
            status @ 200..=299 => Answer::Taken(status),
            410 => Answer::Gone,
            status => Answer::Refused(status),
        },
        Err(error) => Answer::Unreachable(crate::halt::chain(&error.without_url())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_nothing_signs_does_not_leave() {
        let outgoing = Outgoing::new(OutgoingConfig::default()).unwrap();
        let what = Signed { id: "msg_1", at: OffsetDateTime::UNIX_EPOCH, body: "{}", secrets: &[] };
        let answer = outgoing.post_signed("https://example.com/hook", &what).await;
        assert!(matches!(answer, Answer::Unreachable(why) if why.contains("secret")));
    }
}
