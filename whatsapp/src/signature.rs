//! Proof that a webhook came from Meta: HMAC-SHA256 over the raw bytes, before anything is parsed.
//!
//! Meta signs the wire form, whose non-ASCII is escaped; a body that was parsed and written again has
//! other bytes and must fail.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::Secret;

/// The header that carries the signature.
pub const HEADER: &str = "X-Hub-Signature-256";

/// The app secrets in force: the current one, and during a rotation the previous one.
#[derive(Debug, Clone)]
pub struct AppSecrets(Vec<Secret>);

impl AppSecrets {
    /// Takes the current secret first. Empty ones are left out, for an empty key proves nothing.
    #[must_use]
    pub fn new(secrets: impl IntoIterator<Item = Secret>) -> Self {
        Self(secrets.into_iter().filter(|s| !s.is_empty()).collect())
    }

    /// From a list separated by commas, as `ACUSE_WHATSAPP_APP_SECRET` holds it: `current,previous`.
    #[must_use]
    pub fn from_list(list: &str) -> Self {
        Self::new(list.split(',').map(Secret::new))
    }

    /// Whether there is none, so that nothing can be verified.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Checks `header` (the value of [`HEADER`]) over the raw `body`.
    ///
    /// # Errors
    /// Says which of the four things is wrong; the answer to Meta is 401 for each.
    pub fn verify(&self, header: Option<&str>, body: &[u8]) -> Result<Matched, SignatureError> {
        if self.0.is_empty() {
            return Err(SignatureError::NoSecret);
        }
        let claimed = claimed(header.ok_or(SignatureError::Missing)?)?;
        // Every secret is tried, whichever matches, so that time does not tell which one did.
        let mut matched = None;
        for (position, secret) in self.0.iter().enumerate() {
            let mac = Hmac::<Sha256>::new_from_slice(secret.expose().as_bytes());
            let Ok(mac) = mac else { continue };
            if mac.chain_update(body).verify_slice(&claimed).is_ok() && matched.is_none() {
                matched = Some(if position == 0 { Matched::Current } else { Matched::Previous });
            }
        }
        matched.ok_or(SignatureError::Mismatch)
    }
}

/// Which secret a signature was made with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Matched {
    /// The current one.
    Current,
    /// An earlier one: the rotation is not over yet at Meta's side.
    Previous,
}

/// Why a webhook was not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// No app secret is configured.
    #[error("no app secret is configured: set ACUSE_WHATSAPP_APP_SECRET to the secret of the Meta app")]
    NoSecret,
    /// The request has no signature.
    #[error("the header X-Hub-Signature-256 is missing")]
    Missing,
    /// The header is not `sha256=` and 64 hex digits.
    #[error("the header X-Hub-Signature-256 is not sha256= and 64 hex digits")]
    Malformed,
    /// No secret makes this signature over these bytes.
    #[error("the signature does not match the body: wrong app secret, or the body was changed on its way")]
    Mismatch,
}

fn claimed(header: &str) -> Result<[u8; 32], SignatureError> {
    let digits = header.trim().strip_prefix("sha256=").ok_or(SignatureError::Malformed)?;
    let mut mac = [0; 32];
    hex::decode_to_slice(digits, &mut mac).map_err(|_| SignatureError::Malformed)?;
    Ok(mac)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The vector of Meta's escaping: what came over the wire, and its signature under `example-secret`.
    const WIRE: &[u8] = include_bytes!("../../fixtures/webhooks/signature-vector.json");
    const SIGNED: &str = "sha256=064a3bb81552800e464578ac13380b578f238075d7f3b9cf38f1b0f9e591e590";

    fn secrets(list: &str) -> AppSecrets {
        AppSecrets::from_list(list)
    }

    #[test]
    fn the_escaped_vector_passes() {
        assert_eq!(secrets("example-secret").verify(Some(SIGNED), WIRE), Ok(Matched::Current));
    }

    #[test]
    fn its_reserialised_twin_fails() {
        let twin = String::from_utf8(WIRE.to_vec())
            .unwrap()
            .replace("\\u00e9", "é")
            .replace("\\u00f3", "ó")
            .replace("\\u0025", "%")
            .replace("\\u0040", "@")
            .replace("\\ud83d\\udc4d", "👍");
        let equal: [serde_json::Value; 2] =
            [serde_json::from_slice(WIRE).unwrap(), serde_json::from_str(&twin).unwrap()];
        assert_eq!(equal[0], equal[1], "the same JSON in other bytes");
        let verdict = secrets("example-secret").verify(Some(SIGNED), twin.as_bytes());
        assert_eq!(verdict, Err(SignatureError::Mismatch));
        let resigned = "sha256=25b77a557d83b58b0d2ce9395c44fe721d67b1bf87b23c0b61e795349c32aab5";
        assert_eq!(secrets("example-secret").verify(Some(resigned), twin.as_bytes()), Ok(Matched::Current));
    }

    #[test]
    fn rotation_says_which_secret_matched() {
        assert_eq!(secrets("new, example-secret").verify(Some(SIGNED), WIRE), Ok(Matched::Previous));
        assert_eq!(secrets("example-secret,old").verify(Some(SIGNED), WIRE), Ok(Matched::Current));
        assert_eq!(secrets("new,old").verify(Some(SIGNED), WIRE), Err(SignatureError::Mismatch));
    }

    #[test]
    fn refuses_what_proves_nothing() {
        assert_eq!(secrets(" ,").verify(Some(SIGNED), WIRE), Err(SignatureError::NoSecret));
        assert_eq!(secrets("s").verify(None, WIRE), Err(SignatureError::Missing));
        for header in ["", "sha256=", "sha1=00", "sha256=zz", &SIGNED[..70], &format!("{SIGNED}00")] {
            assert_eq!(secrets("s").verify(Some(header), WIRE), Err(SignatureError::Malformed), "{header}");
        }
        let mut changed = WIRE.to_vec();
        changed[40] ^= 1;
        assert_eq!(secrets("example-secret").verify(Some(SIGNED), &changed), Err(SignatureError::Mismatch));
    }
}
