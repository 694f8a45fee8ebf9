//! The subscription handshake: Meta's GET, answered with its challenge when the verify token is ours.

use subtle::ConstantTimeEq;

use crate::Secret;

/// Why a handshake is refused; the answer is 403.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No verify token is configured.
    #[error(
        "no verify token is configured: set ACUSE_WHATSAPP_VERIFY_TOKEN to the one typed into the Meta app"
    )]
    NoToken,
    /// `hub.mode` is not `subscribe`.
    #[error("hub.mode is not subscribe")]
    Mode,
    /// `hub.verify_token` is not ours.
    #[error("hub.verify_token is not the one configured")]
    Token,
    /// `hub.challenge` is missing or not a short printable text.
    #[error("hub.challenge is missing or not a short printable text")]
    Challenge,
}

/// Answers the query parameters of a GET with the challenge, to be sent back raw as `text/plain`.
///
/// # Errors
/// The reason to refuse with 403.
pub fn answer<'a>(
    verify_token: &Secret,
    parameters: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> Result<&'a str, Refusal> {
    let (mut mode, mut token, mut challenge) = (None, None, None);
    for (name, value) in parameters {
        match name {
            "hub.mode" => mode = Some(value),
            "hub.verify_token" => token = Some(value),
            "hub.challenge" => challenge = Some(value),
            _ => {}
        }
    }
    if verify_token.is_empty() {
        return Err(Refusal::NoToken);
    }
    if mode != Some("subscribe") {
        return Err(Refusal::Mode);
    }
    let ours = verify_token.expose().as_bytes();
    if !token.is_some_and(|t| bool::from(t.as_bytes().ct_eq(ours))) {
        return Err(Refusal::Token);
    }
    // It is echoed to whoever asks, so it must not be able to be a page.
    challenge
        .filter(|c| !c.is_empty() && c.len() <= 1024 && c.bytes().all(|b| b.is_ascii_graphic() && b != b'<'))
        .ok_or(Refusal::Challenge)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(mode: &str, token: &str, challenge: &str) -> Result<String, Refusal> {
        let query = [("hub.mode", mode), ("hub.challenge", challenge), ("hub.verify_token", token)];
        answer(&Secret::new("mytoken"), query).map(str::to_owned)
    }

    #[test]
    fn echoes_the_challenge_to_the_right_token_only() {
        assert_eq!(ask("subscribe", "mytoken", "1158201444").as_deref(), Ok("1158201444"));
        assert_eq!(ask("subscribe", "other", "1"), Err(Refusal::Token));
        assert_eq!(ask("unsubscribe", "mytoken", "1"), Err(Refusal::Mode));
        assert_eq!(ask("subscribe", "mytoken", ""), Err(Refusal::Challenge));
        assert_eq!(ask("subscribe", "mytoken", "<script>"), Err(Refusal::Challenge));
        assert_eq!(answer(&Secret::new("mytoken"), []), Err(Refusal::Mode));
        let query = [("hub.mode", "subscribe"), ("hub.verify_token", ""), ("hub.challenge", "1")];
        assert_eq!(answer(&Secret::new(""), query), Err(Refusal::NoToken), "an empty token opens nothing");
    }
}
