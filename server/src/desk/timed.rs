//! A sentence with a moment in it. On a page the moment is a `<time>`, which the script makes the reader's own, with UTC in
//! the tooltip; without the script it says itself that it is UTC.

use std::fmt::Display;

use time::OffsetDateTime;

use super::{labels, language::Tongue};

/// Where the moment goes while the rest is said: no sentence and no value has it.
const MARK: char = '\0';

/// What is said, parted around the moment where there is one.
#[derive(Debug, PartialEq, Eq)]
pub struct Timed {
    /// What stands before the moment; all of it where there is none.
    pub before: String,
    /// The moment.
    pub at: Option<Moment>,
    /// What stands after it.
    pub after: String,
}

/// A moment on a page.
#[derive(Debug, PartialEq, Eq)]
pub struct Moment {
    /// For `datetime=`.
    pub full: String,
    /// As it is read without the script.
    pub clock: String,
}

impl Moment {
    /// Hour and minute, with the day when it is another one than `now`'s.
    pub(super) fn near(at: OffsetDateTime, now: OffsetDateTime) -> Self {
        Self { full: labels::full(at), clock: format!("{} UTC", labels::clock(at, now)) }
    }

    /// Day, hour and minute.
    pub(super) fn minute(at: OffsetDateTime) -> Self {
        Self { full: labels::full(at), clock: labels::minute(at) }
    }
}

impl Timed {
    /// A text with these values in it, at each `{}` one, and with the moment at the last, in a person's language.
    pub(super) fn said(tongue: Tongue, english: &str, values: &[&dyn Display], at: Moment) -> Self {
        let mark: &dyn Display = &MARK;
        let all: Vec<&dyn Display> = values.iter().copied().chain([mark]).collect();
        Self::around(&tongue.with(english, &all), at)
    }

    /// A text about what is called so and came then, which is named at its one `{}`.
    pub(super) fn named(tongue: Tongue, english: &str, name: &str, came: Moment) -> Self {
        let named = format!("{name} ({MARK})");
        Self::around(&tongue.with(english, &[&named]), came)
    }

    fn around(said: &str, at: Moment) -> Self {
        let (before, after) = said.split_once(MARK).unwrap_or((said, ""));
        Self { before: before.to_owned(), at: Some(at), after: after.to_owned() }
    }
}

impl From<String> for Timed {
    fn from(said: String) -> Self {
        Self { before: said, at: None, after: String::new() }
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn a_sentence_stands_around_its_moment() {
        let now = datetime!(2026-09-01 12:00 UTC);
        let at = || Moment::near(datetime!(2026-09-01 9:30 UTC), now);
        assert_eq!((at().full.as_str(), at().clock.as_str()), ("2026-09-01T09:30:00Z", "09:30:00 UTC"));
        let until = |tongue| Timed::said(tongue, "with {} until {}", &[&"ana"], at());
        assert_eq!(until(Tongue::En).before, "with ana until ");
        assert_eq!(until(Tongue::Es).before, "con ana hasta ");
        let typed = Timed::said(Tongue::En, "What you typed at {} is filled in again.", &[], at());
        assert_eq!(
            (typed.before.as_str(), typed.after.as_str()),
            ("What you typed at ", " is filled in again.")
        );
        let again = Timed::named(Tongue::Es, "duplicate of {}", "Luz · 10 EUR", at());
        assert_eq!((again.before.as_str(), again.after.as_str()), ("duplicado de Luz · 10 EUR (", ")"));
        assert_eq!(Timed::from("yours".to_owned()).at, None);
    }
}
