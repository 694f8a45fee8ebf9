//! The Graph API client: look media up and stream it, send messages, check the token.
//!
//! Every call has a time-out, every answer a cap, every failure an [`ErrorClass`]. Redirects are followed
//! by hand, so that the token never crosses one.

mod account;
mod attached;
mod choices;
mod error;
mod example;
mod hosts;
mod media;
mod new_template;
mod send;
mod taxonomy;
mod upload;

use std::{fmt, time::Duration};

use reqwest::{Method, RequestBuilder, Response, Url};
use serde_json::Value;

pub use account::{NumberInfo, Subscription, TemplateInfo, TokenInfo, WEBHOOK_FIELDS};
pub use attached::{Attached, FileMessage};
pub use choices::ChoiceMessage;
pub use error::{Cause, GraphError, Refused};
pub use example::ExampleFile;
pub use hosts::MediaHosts;
pub use media::{ByteStream, Download, MediaInfo};
pub use new_template::{Example, NewButton, NewHeader, NewTemplate};
pub use send::{Sent, TemplateMessage, TextMessage};
pub use taxonomy::ErrorClass;
pub use upload::{FileType, Upload};

use crate::{Secret, limits};

/// What the client needs to know.
#[derive(Debug, Clone)]
pub struct GraphConfig {
    /// `ACUSE_GRAPH_URL`, [`limits::GRAPH_URL`] by default; with the version.
    pub url: String,
    /// `ACUSE_WHATSAPP_ACCESS_TOKEN`.
    pub access_token: Secret,
    /// `ACUSE_MEDIA_HOSTS`: beyond Meta's and the Graph URL's own.
    pub media_hosts: Vec<String>,
    /// Wait for the whole of one API answer.
    pub call_timeout: Duration,
    /// Wait for the answer to an upload.
    pub upload_timeout: Duration,
    /// Wait for the next piece of a download.
    pub idle_timeout: Duration,
    /// Wait for the whole of a download.
    pub download_timeout: Duration,
}

impl GraphConfig {
    /// With the token, and the defaults for the rest.
    #[must_use]
    pub fn new(access_token: Secret) -> Self {
        Self {
            url: limits::GRAPH_URL.to_owned(),
            access_token,
            media_hosts: Vec::new(),
            call_timeout: limits::CALL_TIMEOUT,
            upload_timeout: limits::UPLOAD_TIMEOUT,
            idle_timeout: limits::DOWNLOAD_IDLE_TIMEOUT,
            download_timeout: limits::DOWNLOAD_TIMEOUT,
        }
    }
}

/// A configuration the client cannot work with.
#[derive(Debug, thiserror::Error)]
pub enum GraphConfigError {
    /// The Graph URL is none.
    #[error("ACUSE_GRAPH_URL is not a URL such as {}", limits::GRAPH_URL)]
    Url,
    /// The Graph URL would show the token to the network.
    #[error("ACUSE_GRAPH_URL must be https; plain http is for loopback only")]
    NotHttps,
    /// The token cannot be a header.
    #[error(
        "ACUSE_WHATSAPP_ACCESS_TOKEN is empty or has characters no token has: copy it again from the Meta app"
    )]
    Token,
    /// The HTTP client could not be built.
    #[error("building the HTTP client")]
    Client(#[source] reqwest::Error),
}

/// What a call is for; it decides how a failure is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Call {
    /// A media id into a URL.
    Lookup,
    /// The bytes behind that URL.
    Download,
    /// A file that a message is to bring.
    Upload,
    /// A message to a person.
    Send,
    /// A read receipt.
    MarkRead,
    /// The check of the token.
    Probe,
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Lookup => "looking the media up",
            Self::Download => "downloading the media",
            Self::Upload => "uploading the file",
            Self::Send => "sending the message",
            Self::MarkRead => "marking the message as read",
            Self::Probe => "checking the access token",
        })
    }
}

/// The client. Cheap to clone; one per process is enough.
#[derive(Debug, Clone)]
pub struct Graph {
    http: reqwest::Client,
    url: Url,
    hosts: MediaHosts,
    config: GraphConfig,
}

/// To whom the token belongs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenOwner {
    /// Meta's id of the (system) user.
    pub id: String,
    /// Its name.
    pub name: Option<String>,
}

impl Graph {
    /// A client from its configuration.
    ///
    /// # Errors
    /// Says which setting is wrong.
    pub fn new(config: GraphConfig) -> Result<Self, GraphConfigError> {
        let url: Url = config.url.trim().trim_end_matches('/').parse().map_err(|_| GraphConfigError::Url)?;
        let loopback = hosts::is_loopback(&url);
        match url.scheme() {
            "https" => {}
            "http" if loopback => {}
            "http" => return Err(GraphConfigError::NotHttps),
            _ => return Err(GraphConfigError::Url),
        }
        let token = config.access_token.expose();
        if token.is_empty() || !token.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(GraphConfigError::Token);
        }
        let mut builder = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("acuse/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(limits::CONNECT_TIMEOUT)
            .read_timeout(config.idle_timeout);
        if loopback {
            // A proxy of the environment is for the world outside.
            builder = builder.no_proxy();
        }
        let http = builder.build().map_err(GraphConfigError::Client)?;
        let hosts = MediaHosts::new(&url, config.media_hosts.clone());
        Ok(Self { http, url, hosts, config })
    }

    /// Asks Meta who the token belongs to: `doctor`'s and the start's check.
    ///
    /// # Errors
    /// [`ErrorClass::TokenExpired`] when the token is not accepted; others when Meta cannot be asked.
    pub async fn probe(&self) -> Result<TokenOwner, GraphError> {
        let request = self.request(Method::GET, ["me"]).query(&[("fields", "id,name")]);
        let answer = self.call(Call::Probe, request).await?;
        let text = |key: &str| answer.get(key).and_then(Value::as_str).map(str::to_owned);
        let id = text("id").ok_or_else(|| not_understood(Call::Probe, "no id"))?;
        Ok(TokenOwner { id, name: text("name") })
    }

    /// Asks whether the token can see one of our numbers: what is refused then is not for want of permission.
    ///
    /// # Errors
    /// By class, when it cannot or Meta cannot be asked.
    pub async fn sees_number(&self, phone_number_id: &str) -> Result<(), GraphError> {
        let request = self.request(Method::GET, [phone_number_id]).query(&[("fields", "id")]);
        self.call(Call::Probe, request).await.map(drop)
    }

    /// A request below the Graph URL; every part becomes one path segment, whatever is in it.
    fn request<'a>(&self, method: Method, path: impl IntoIterator<Item = &'a str>) -> RequestBuilder {
        self.request_as(self.config.access_token.expose(), method, path)
    }

    /// The same with this token.
    fn request_as<'a>(
        &self,
        token: &str,
        method: Method,
        path: impl IntoIterator<Item = &'a str>,
    ) -> RequestBuilder {
        let mut url = self.url.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.extend(path);
        }
        self.http.request(method, url).bearer_auth(token)
    }

    /// Sends `request` and reads the whole answer, within the time-out and the cap.
    async fn call(&self, call: Call, request: RequestBuilder) -> Result<Value, GraphError> {
        self.call_within(self.config.call_timeout, call, request).await
    }

    /// The same within another time-out.
    async fn call_within(
        &self,
        waited: Duration,
        call: Call,
        request: RequestBuilder,
    ) -> Result<Value, GraphError> {
        let response = request.timeout(waited).send().await;
        let response = response.map_err(|e| GraphError::of_transport(call, e, waited))?;
        let (status, headers) = (response.status(), response.headers().clone());
        if status.is_redirection() {
            // Meta redirects no call: it is somebody in between, who may have handed a message on.
            let class = if call == Call::Send { ErrorClass::Unknown } else { ErrorClass::Retry };
            return Err(GraphError::new(call, class, Cause::Redirected(redirect_host(&response))));
        }
        let body = read_capped(response).await.map_err(|error| match error {
            ReadError::Transport(e) => GraphError::of_transport(call, e, waited),
            ReadError::TooLarge => not_understood(call, "it is larger than any answer of Meta's"),
        })?;
        if !status.is_success() {
            return Err(GraphError::of_answer(call, status, &headers, &body));
        }
        serde_json::from_slice(&body).map_err(|_| not_understood(call, "it is not JSON"))
    }
}

/// A success that says something else: a sent message stays in doubt, anything else is asked again.
fn not_understood(call: Call, what: &'static str) -> GraphError {
    let class = if call == Call::Send { ErrorClass::Unknown } else { ErrorClass::Retry };
    GraphError::new(call, class, Cause::NotUnderstood(what))
}

fn redirect_host(response: &Response) -> String {
    let location = response.headers().get(reqwest::header::LOCATION).and_then(|l| l.to_str().ok());
    let target = location.and_then(|l| response.url().join(l).ok());
    target.and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_else(|| "nowhere".into())
}

enum ReadError {
    Transport(reqwest::Error),
    TooLarge,
}

async fn read_capped(mut response: Response) -> Result<Vec<u8>, ReadError> {
    let mut body = Vec::new();
    while let Some(piece) = response.chunk().await.map_err(ReadError::Transport)? {
        if body.len() + piece.len() > limits::ANSWER_BYTES {
            return Err(ReadError::TooLarge);
        }
        body.extend_from_slice(&piece);
    }
    Ok(body)
}
