//! A place in the feed, as a client passes it back. The number of an event counts what happened to everybody, so a client
//! who is told of some only carries it veiled: laid over with bits that follow from the event's random mark and a secret
//! beside the feed's name. No two marks are the same, so neither do two cursors tell how far apart they are.

use std::{fmt, str::FromStr};

use ring::hmac;

/// A place in the feed. Opaque to clients.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventCursor(pub(super) Place);

/// What numbers are veiled with.
pub(super) struct Veil(hmac::Key);

impl Veil {
    pub(super) fn new(secret: &[u8]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, secret))
    }

    /// The number with its veil, or without where it had one.
    pub(super) fn over(&self, number: i64, (feed, mark): (i64, i64)) -> i64 {
        let tag = hmac::sign(&self.0, &[feed.to_be_bytes(), mark.to_be_bytes()].concat());
        let tag: &[u8] = tag.as_ref();
        let bits: Option<&[u8; 8]> = tag.first_chunk();
        number ^ bits.map_or(0, |bits| i64::from_be_bytes(*bits))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// After this event of this feed, whose number is veiled; number 0 is before all of them.
    Veiled { feed: i64, veiled: i64, mark: i64 },
    /// The same as it was before numbers were veiled.
    After { feed: i64, seq: i64, mark: i64 },
    /// As cursors were before feeds had names. Good for an event of that time only.
    Old { tx: i64, seq: i64 },
}

impl fmt::Display for EventCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Place::Veiled { feed, veiled, mark } => write!(f, "{feed:016x}{veiled:016x}{mark:016x}"),
            Place::After { feed, seq, mark } => write!(f, "{feed:016x}.{seq}.{mark:016x}"),
            Place::Old { tx, seq } => write!(f, "{tx}.{seq}"),
        }
    }
}

/// A cursor that this feed did not hand out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a cursor of this feed: pass the `next` of an earlier answer, unchanged")]
pub struct NotACursor;

impl FromStr for EventCursor {
    type Err = NotACursor;
    fn from_str(s: &str) -> Result<Self, NotACursor> {
        let hex = |text: &str| {
            let whole = text.len() == 16 && text.bytes().all(|b| b.is_ascii_hexdigit());
            let bits = whole.then(|| u64::from_str_radix(text, 16).ok()).flatten();
            bits.map(u64::cast_signed).ok_or(NotACursor)
        };
        let whole = |text: &str| text.parse().ok().filter(|n: &i64| *n >= 0).ok_or(NotACursor);
        let parts: Vec<&str> = s.split('.').collect();
        Ok(Self(match parts.as_slice() {
            [all] => {
                let third = |n: usize| hex(all.get(16 * n..16 * (n + 1)).unwrap_or_default());
                if all.len() != 48 {
                    return Err(NotACursor);
                }
                Place::Veiled { feed: third(0)?, veiled: third(1)?, mark: third(2)? }
            }
            [feed, seq, mark] => Place::After { feed: hex(feed)?, seq: whole(seq)?, mark: hex(mark)? },
            [tx, seq] => Place::Old { tx: whole(tx)?, seq: whole(seq)? },
            _ => return Err(NotACursor),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_reads_back_and_nothing_else_does() {
        for place in [
            Place::Veiled { feed: -7, veiled: i64::MAX, mark: i64::MIN },
            Place::After { feed: -7, seq: 42, mark: i64::MIN },
            Place::After { feed: 1, seq: 0, mark: 0 },
            Place::Old { tx: 7, seq: 42 },
        ] {
            assert_eq!(EventCursor(place).to_string().parse(), Ok(EventCursor(place)));
        }
        let (short, signs) = ("0".repeat(47), format!("{}+{}", "0".repeat(16), "0".repeat(31)));
        let bad = [
            "",
            "7",
            "7.",
            "a.b",
            "7.8.9",
            "99999999999999999999.1",
            "-1.2",
            "head",
            short.as_str(),
            signs.as_str(),
        ];
        for bad in bad {
            assert_eq!(bad.parse::<EventCursor>(), Err(NotACursor), "{bad:?}");
        }
    }

    #[test]
    fn a_veil_lifts_again_and_is_another_for_each_event() {
        let (veil, other) = (Veil::new(&[7; 32]), Veil::new(&[8; 32]));
        let veiled = veil.over(42, (-7, i64::MIN));
        assert_eq!(veil.over(veiled, (-7, i64::MIN)), 42);
        assert!(veiled != 42 && veil.over(42, (-7, 1)) != veiled && veil.over(42, (8, i64::MIN)) != veiled);
        assert_ne!(other.over(42, (-7, i64::MIN)), veiled);
    }
}
