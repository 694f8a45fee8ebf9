//! What time it is where somebody is, by what the channel tells of that: data, a line a place.

use acuse_pipeline::knowledge;
use time::{Date, OffsetDateTime, UtcOffset};

const OURS: &str = include_str!("zones.tsv");
/// The line of those of whom nothing is known.
const ANYBODY: &str = "-";

/// What time it is where somebody is: for the day that it is, the most usual there; for what may be their night, between
/// which two it may lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Zone {
    usual: UtcOffset,
    west: UtcOffset,
    east: UtcOffset,
}

impl Zone {
    /// UTC.
    pub const UTC: Self = Self { usual: UtcOffset::UTC, west: UtcOffset::UTC, east: UtcOffset::UTC };

    /// Of whoever has this number (digits, with its calling code), or a user id of this country (two letters) where no number
    /// is known; of anybody, where neither is.
    #[must_use]
    pub fn of(phone_or_country: &str) -> Self {
        let keyed = || {
            knowledge::lines(OURS)
                .filter_map(|line| line.split_once('\t'))
                .flat_map(|(keys, minutes)| keys.split(' ').map(move |key| (key, minutes)))
        };
        let fits = keyed().filter(|(key, _)| phone_or_country.starts_with(key));
        let longest = fits.max_by_key(|(key, _)| key.len());
        let minutes =
            longest.or_else(|| keyed().find(|(key, _)| *key == ANYBODY)).map(|(_, minutes)| minutes);
        minutes.and_then(Self::read).unwrap_or(Self::UTC)
    }

    /// Minutes from UTC: as is usual, and between which two.
    fn read(cells: &str) -> Option<Self> {
        let mut cells = cells.split('\t').map(|cell| {
            let minutes = cell.parse::<i32>().ok()?;
            UtcOffset::from_whole_seconds(minutes.checked_mul(60)?).ok()
        });
        let usual = cells.next()??;
        match (cells.next(), cells.next()) {
            (Some(west), Some(east)) => Some(Self { usual, west: west?, east: east? }),
            _ => Some(usual.into()),
        }
    }

    /// The most usual there: by it a day is counted.
    #[must_use]
    pub fn usual(self) -> UtcOffset {
        self.usual
    }

    /// The westernmost and the easternmost that it may be.
    pub(crate) fn ends(self) -> (UtcOffset, UtcOffset) {
        (self.west, self.east)
    }
}

impl From<UtcOffset> for Zone {
    fn from(exactly: UtcOffset) -> Self {
        Self { usual: exactly, west: exactly, east: exactly }
    }
}

/// The day of a moment where somebody is (as for [`Zone::of`]): what they are told of a day is a day of theirs.
#[must_use]
pub fn day_of(phone_or_country: &str, at: OffsetDateTime) -> Date {
    at.checked_to_offset(Zone::of(phone_or_country).usual).unwrap_or(at).date()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use time::macros::{date, datetime};

    use super::*;

    fn minutes(of: &str) -> (i16, i16, i16) {
        let zone = Zone::of(of);
        (zone.usual.whole_minutes(), zone.west.whole_minutes(), zone.east.whole_minutes())
    }

    #[test]
    fn the_night_of_one_is_the_next_day_of_another() {
        let at = datetime!(2026-05-04 4:30 UTC);
        assert_eq!(day_of("5215512345678", at), date!(2026 - 05 - 03));
        assert_eq!(day_of("34600111222", at), date!(2026 - 05 - 04));
        assert_eq!(day_of("34600111222", datetime!(2026-05-04 23:30 UTC)), date!(2026 - 05 - 05));
        assert_eq!(day_of("CO", at), date!(2026 - 05 - 03), "by the country of the user id");
        let last = Date::MAX.midnight().assume_utc();
        assert_eq!(day_of("64", last), Date::MAX, "whatever a row says");
    }

    #[test]
    fn the_longest_code_speaks() {
        let exactly = |minutes| (minutes, minutes, minutes);
        for (of, is) in [
            ("34600111222", exactly(60)),
            ("17875550100", exactly(-240)),
            ("12125550100", exactly(-300)),
            ("14155550100", exactly(-480)),
            ("13035550100", exactly(-420)),
            ("13125550100", exactly(-360)),
            ("19075550100", exactly(-540)),
            ("18085550100", exactly(-600)),
            ("526641234567", exactly(-480)),
            ("5216641234567", exactly(-480)),
            ("525512345678", exactly(-360)),
            ("819012345678", exactly(540)),
            ("CO", exactly(-300)),
            ("573001112233", exactly(-300)),
        ] {
            assert_eq!(minutes(of), is, "{of}");
        }
    }

    #[test]
    fn where_it_may_be_one_of_several_both_ends_are_known() {
        assert_eq!(minutes("15550190002"), (-300, -600, -240), "no area of any place");
        assert_eq!(minutes("US"), (-300, -600, -300));
        for nobody_knows in ["", "999", "ZZ"] {
            assert_eq!(minutes(nobody_knows), (0, -480, 60), "{nobody_knows}");
        }
    }

    #[test]
    fn every_line_is_read_and_none_says_what_another_does() {
        let mut seen = BTreeSet::new();
        for line in knowledge::lines(OURS) {
            let (keys, cells) = line.split_once('\t').unwrap();
            let zone = Zone::read(cells).unwrap();
            assert!(matches!(cells.split('\t').count(), 1 | 3), "{line}");
            assert!(zone.west <= zone.usual && zone.usual <= zone.east, "{line}");
            for key in keys.split(' ') {
                assert!(seen.insert(key), "{key} twice");
            }
        }
    }
}
