//! The names Meta gives: to the people on the other side, and to the media they send.

use std::{fmt, str::FromStr};

/// A text that is neither of the identities Meta uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a {expected}")]
pub struct NotAnIdentity {
    expected: &'static str,
}

/// A WhatsApp id: the phone number's digits as Meta writes them, without `+`.
///
/// Kept verbatim: `wa_id` differs from the dialled number in Argentina, Mexico and Brazil.
/// Invariant: 5 to 20 ASCII digits (E.164 has at most 15; test numbers run longer).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct WaId(String);

impl WaId {
    /// The digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// With `+`, as sending wants it: without it Meta prefixes the business's own country code.
    #[must_use]
    pub fn e164(&self) -> String {
        format!("+{}", self.0)
    }
}

impl FromStr for WaId {
    type Err = NotAnIdentity;
    fn from_str(s: &str) -> Result<Self, Self::Err> {
        let digits = s.trim();
        let digits = digits.strip_prefix('+').unwrap_or(digits);
        if (5..=20).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit()) {
            Ok(Self(digits.to_owned()))
        } else {
            Err(NotAnIdentity { expected: "WhatsApp id: 5 to 20 digits" })
        }
    }
}

impl fmt::Display for WaId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A business-scoped user id, such as `US.4100200300400500600` or `US.ENT.5100…` (Meta, since April 2026).
///
/// Invariant: two capital letters, a point, then 1 to 253 ASCII letters, digits, `.`, `_` or `-`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Bsuid(String);

impl Bsuid {
    /// The id as Meta writes it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Bsuid {
    type Err = NotAnIdentity;
    fn from_str(s: &str) -> Result<Self, Self::Err> {
        let id = s.trim();
        let country_then_rest = id.split_once('.').is_some_and(|(country, rest)| {
            country.len() == 2
                && country.bytes().all(|b| b.is_ascii_uppercase())
                && (1..=253).contains(&rest.len())
                && rest.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
        });
        if country_then_rest {
            Ok(Self(id.to_owned()))
        } else {
            Err(NotAnIdentity { expected: "business-scoped user id such as US.1349" })
        }
    }
}

impl fmt::Display for Bsuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// To whom a message is sent. A number wins where both are known, as it does at Meta.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Recipient {
    /// By number: `to`, with `+`.
    Phone(WaId),
    /// By business-scoped user id: `recipient`.
    User(Bsuid),
}

impl FromStr for Recipient {
    type Err = NotAnIdentity;
    fn from_str(s: &str) -> Result<Self, Self::Err> {
        s.parse().map(Self::Phone).or_else(|_| s.parse().map(Self::User)).map_err(|_| NotAnIdentity {
            expected: "recipient: a phone number with its country code, or a business-scoped user id",
        })
    }
}

/// Names one media object at Meta, for seven days when it came in a webhook.
///
/// Invariant: 1 to 256 characters, no white space or control character, not `.` or `..`: it becomes one
/// segment of a URL's path.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MediaId(String);

impl MediaId {
    /// The id as Meta writes it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for MediaId {
    type Err = NotAnIdentity;
    fn from_str(s: &str) -> Result<Self, Self::Err> {
        let fits = (1..=256).contains(&s.chars().count()) && s != "." && s != "..";
        if fits && !s.chars().any(|c| c.is_control() || c.is_whitespace()) {
            Ok(Self(s.to_owned()))
        } else {
            Err(NotAnIdentity { expected: "media id" })
        }
    }
}

impl fmt::Display for MediaId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_numbers_from_user_ids() {
        assert_eq!("+51999000111".parse::<WaId>().unwrap().e164(), "+51999000111");
        assert!("US.4100".parse::<WaId>().is_err());
        assert!("4100".parse::<WaId>().is_err());
        assert_eq!("US.ENT.5100".parse::<Bsuid>().unwrap().as_str(), "US.ENT.5100");
        for bad in ["us.41", "US.", "USA.1", "US.a b", "US.ñ", "", "51999000111"] {
            assert!(bad.parse::<Bsuid>().is_err(), "{bad}");
        }
        assert!(matches!("US.41".parse(), Ok(Recipient::User(_))));
        assert!(matches!("51999000111".parse(), Ok(Recipient::Phone(_))));
    }
}
