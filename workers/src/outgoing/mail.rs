//! Mail over SMTP.

use std::time::Duration;

use lettre::{
    AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor,
    message::{Mailbox, Mailboxes, header::ContentType},
};

/// Who writes, where nobody is named.
const FROM: &str = "Acuse <acuse@localhost>";

/// Mail cannot be sent.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    /// The server's URL; it is not repeated, for it may hold a password.
    #[error(
        "ACUSE_SMTP_URL is not a URL of an SMTP server; write e.g. smtps://user:password@mail.example.com"
    )]
    Url(#[source] lettre::transport::smtp::Error),
    /// The sender or a receiver.
    #[error("{0:?} is not an e-mail address")]
    Address(String),
    /// The message.
    #[error("the mail cannot be written")]
    Write(#[source] lettre::error::Error),
    /// The server.
    #[error("the mail server did not take it")]
    Send(#[source] lettre::transport::smtp::Error),
}

/// A way to a mail server.
#[derive(Debug)]
pub struct Mail {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

/// Reads addresses, comma separated.
///
/// # Errors
/// When one is none, or there is none.
pub fn mailboxes(text: &str) -> Result<Mailboxes, MailError> {
    let address = || MailError::Address(text.chars().take(100).collect());
    let read: Mailboxes = text.parse().map_err(|_| address())?;
    if read.iter().next().is_none() { Err(address()) } else { Ok(read) }
}

impl Mail {
    /// To the server of `url` (`smtp://` with `?tls=required`, or `smtps://`), from `from`.
    ///
    /// # Errors
    /// When either cannot be used.
    pub fn new(url: &str, from: Option<&str>, timeout: Duration) -> Result<Self, MailError> {
        let from = from.unwrap_or(FROM);
        let from = from.parse().map_err(|_| MailError::Address(from.chars().take(100).collect()))?;
        let builder = AsyncSmtpTransport::<Tokio1Executor>::from_url(url).map_err(MailError::Url)?;
        Ok(Self { transport: builder.timeout(Some(timeout)).build(), from })
    }

    /// Sends a text.
    ///
    /// # Errors
    /// When an address is none or the server does not take it.
    pub async fn send(&self, to: &str, id: &str, subject: &str, text: &str) -> Result<(), MailError> {
        let mut message = Message::builder()
            .from(self.from.clone())
            .message_id(Some(format!("<{id}@acuse>")))
            .header(ContentType::TEXT_PLAIN)
            .subject(subject);
        for to in mailboxes(to)? {
            message = message.to(to);
        }
        let message = message.body(text.to_owned()).map_err(MailError::Write)?;
        self.transport.send(message).await.map(drop).map_err(MailError::Send)
    }
}
