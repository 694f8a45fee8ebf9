//! A place in the feed, as a client passes it back.

use std::{fmt, str::FromStr};

/// A place in the feed. Opaque to clients.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventCursor(pub(super) Place);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// After this event of this feed; number 0 is before all of them.
    After { feed: i64, seq: i64, mark: i64 },
    /// As cursors were before feeds had names. Good for an event of that time only.
    Old { tx: i64, seq: i64 },
}

impl fmt::Display for EventCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
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
            let bits = (text.len() == 16).then(|| u64::from_str_radix(text, 16).ok()).flatten();
            bits.map(u64::cast_signed).ok_or(NotACursor)
        };
        let whole = |text: &str| text.parse().ok().filter(|n: &i64| *n >= 0).ok_or(NotACursor);
        let parts: Vec<&str> = s.split('.').collect();
        Ok(Self(match parts.as_slice() {
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
            Place::After { feed: -7, seq: 42, mark: i64::MIN },
            Place::After { feed: 1, seq: 0, mark: 0 },
            Place::Old { tx: 7, seq: 42 },
        ] {
            assert_eq!(EventCursor(place).to_string().parse(), Ok(EventCursor(place)));
        }
        for bad in ["", "7", "7.", "a.b", "7.8.9", "99999999999999999999.1", "-1.2", "head"] {
            assert_eq!(bad.parse::<EventCursor>(), Err(NotACursor), "{bad:?}");
        }
    }
}
