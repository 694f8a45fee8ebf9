//! Choices that a case offers as buttons or a list, and what a tap on one of them counts for.
//!
//! A payload names the case and a nonce that is good for one tap. Whatever else comes under it, a second tap, one that
//! is late, one by somebody else, changes nothing, and whoever tapped is told so.

use time::OffsetDateTime;

/// Most choices that fit on buttons (Meta); more are a list.
pub const MOST_BUTTONS: usize = 3;
/// Most choices of a list (Meta).
pub const MOST_CHOICES: usize = 10;
/// Longest title of a choice, characters (Meta's limit of a button, the smaller of the two).
pub const TITLE_CHARS: usize = 20;

/// What every payload of ours begins with.
const OURS: &str = "acuse";

/// One choice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// What it means to us.
    pub key: String,
    /// What its button says.
    pub title: String,
}

/// A tap, as its payload says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tap {
    /// On a choice of which case.
    pub case: u128,
    /// The offer's own name, good for one tap.
    pub nonce: String,
    /// Which of its choices, from 0.
    pub place: usize,
}

impl Tap {
    /// The payload of a choice.
    #[must_use]
    pub fn payload(&self) -> String {
        format!("{OURS}:{:032x}:{}:{}", self.case, self.nonce, self.place)
    }

    /// What a payload says; none: it is none of ours.
    #[must_use]
    pub fn read(payload: &str) -> Option<Self> {
        let parts: Vec<&str> = payload.split(':').collect();
        let [OURS, case, nonce, place] = parts.as_slice() else { return None };
        let plain = |text: &str| text.len() == 32 && text.bytes().all(|b| b.is_ascii_hexdigit());
        if !plain(case) || !plain(nonce) {
            return None;
        }
        let case = u128::from_str_radix(case, 16).ok()?;
        Some(Self { case, nonce: (*nonce).to_owned(), place: place.parse().ok()? })
    }
}

/// Whether a choice can be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stands {
    /// It is waited for.
    Open,
    /// Not while what it is about is being changed; whoever taps is asked again after that.
    Soon,
    /// It is waited for no more.
    Over,
}

/// An offer of choices, as it stands when somebody taps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Offer {
    /// How many choices it has.
    pub choices: usize,
    /// The one that was taken.
    pub taken: Option<usize>,
    /// Until when one can be.
    pub until: OffsetDateTime,
    /// Whether its case waits for a choice.
    pub stands: Stands,
    /// It was made to whoever taps.
    pub is_theirs: bool,
    /// Whoever taps is known by the same telephone as when it was made, where it counts for that one only.
    pub is_same: bool,
}

/// What a tap counts for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Judged {
    /// It is taken.
    Counts,
    /// It was made to somebody else.
    NotTheirs,
    /// It was made to them, and they may be somebody else by now.
    Changed,
    /// This one was taken before.
    Taken(usize),
    /// Its time is over.
    Late,
    /// It does not yet: what it is about is being changed.
    Soon,
    /// Nothing is waited for any more, or there never was such an offer.
    Over,
}

/// What a tap on the `place`th choice of an offer counts for; `None`: an offer that we do not know.
#[must_use]
pub fn judge(offer: Option<&Offer>, place: usize, now: OffsetDateTime) -> Judged {
    match offer {
        // Who may not choose is not told what others chose.
        Some(offer) if !offer.is_theirs => Judged::NotTheirs,
        Some(offer) if !offer.is_same => Judged::Changed,
        Some(Offer { taken: Some(place), .. }) => Judged::Taken(*place),
        Some(offer) if offer.until <= now => Judged::Late,
        Some(offer) if place < offer.choices => match offer.stands {
            Stands::Open => Judged::Counts,
            Stands::Soon => Judged::Soon,
            Stands::Over => Judged::Over,
        },
        _ => Judged::Over,
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    const NOON: OffsetDateTime = datetime!(2026-09-01 12:00 UTC);
    const OPEN: Offer = Offer {
        choices: 3,
        taken: None,
        until: datetime!(2026-09-01 13:00 UTC),
        stands: Stands::Open,
        is_theirs: true,
        is_same: true,
    };

    #[test]
    fn a_payload_is_read_as_it_was_written_and_no_other_is() {
        let tap = Tap { case: 7, nonce: "ab".repeat(16), place: 2 };
        let payload = tap.payload();
        assert!(payload.len() <= 200, "Meta's limit of a list's row");
        assert_eq!(Tap::read(&payload), Some(tap));
        let wrong = [
            String::new(),
            "hola".to_owned(),
            payload.replace("acuse", "other"),
            format!("{payload}:1"),
            payload.replace(":2", ":-1"),
            payload.replace("abab", "zzzz"),
            "acuse:1:2:3".to_owned(),
        ];
        for other in wrong {
            assert_eq!(Tap::read(&other), None, "{other}");
        }
    }

    #[test]
    fn one_tap_counts_and_the_first_reason_against_another_is_said() {
        let table = [
            (Some(OPEN), 0, Judged::Counts),
            (Some(OPEN), 3, Judged::Over),
            (None, 0, Judged::Over),
            (Some(Offer { stands: Stands::Over, ..OPEN }), 0, Judged::Over),
            (Some(Offer { stands: Stands::Soon, ..OPEN }), 0, Judged::Soon),
            (Some(Offer { stands: Stands::Soon, ..OPEN }), 3, Judged::Over),
            (Some(Offer { stands: Stands::Soon, until: NOON, ..OPEN }), 0, Judged::Late),
            (Some(Offer { stands: Stands::Soon, is_theirs: false, ..OPEN }), 0, Judged::NotTheirs),
            (Some(Offer { until: NOON, ..OPEN }), 0, Judged::Late),
            (Some(Offer { taken: Some(1), until: NOON, stands: Stands::Over, ..OPEN }), 0, Judged::Taken(1)),
            (Some(Offer { taken: Some(1), is_theirs: false, ..OPEN }), 1, Judged::NotTheirs),
            (Some(Offer { is_same: false, ..OPEN }), 0, Judged::Changed),
            (Some(Offer { is_same: false, is_theirs: false, ..OPEN }), 0, Judged::NotTheirs),
        ];
        for (offer, place, judged) in table {
            assert_eq!(judge(offer.as_ref(), place, NOON), judged, "{offer:?} {place}");
        }
    }
}
