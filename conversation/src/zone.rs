//! What time it is where somebody is, by the country of their number: data, a line a calling code.

use acuse_pipeline::knowledge;
use time::{Date, OffsetDateTime, UtcOffset};

const OURS: &str = include_str!("zones.tsv");

/// The time of a number's country (digits, with its calling code); UTC where it is not known.
#[must_use]
pub fn zone_of_phone(digits: &str) -> UtcOffset {
    let rows = knowledge::lines(OURS).filter_map(|line| line.split_once('\t'));
    let fits = rows.filter(|(code, _)| digits.starts_with(code));
    let minutes =
        fits.max_by_key(|(code, _)| code.len()).and_then(|(_, minutes)| minutes.parse::<i32>().ok());
    minutes.and_then(|minutes| UtcOffset::from_whole_seconds(minutes * 60).ok()).unwrap_or(UtcOffset::UTC)
}

/// The day of a moment where somebody is, by their number: what they are told of a day is a day of theirs.
#[must_use]
pub fn day_of_phone(digits: &str, at: OffsetDateTime) -> Date {
    at.checked_to_offset(zone_of_phone(digits)).unwrap_or(at).date()
}

#[cfg(test)]
mod tests {
    use time::macros::{date, datetime};

    use super::*;

    #[test]
    fn the_night_of_one_is_the_next_day_of_another() {
        let at = datetime!(2026-05-04 4:30 UTC);
        assert_eq!(day_of_phone("5215512345678", at), date!(2026 - 05 - 03));
        assert_eq!(day_of_phone("34600111222", at), date!(2026 - 05 - 04));
        assert_eq!(day_of_phone("34600111222", datetime!(2026-05-04 23:30 UTC)), date!(2026 - 05 - 05));
        let last = Date::MAX.midnight().assume_utc();
        assert_eq!(day_of_phone("64", last), Date::MAX, "whatever a row says");
    }

    #[test]
    fn the_longest_code_speaks() {
        assert_eq!(zone_of_phone("34600111222").whole_minutes(), 60);
        assert_eq!(zone_of_phone("17875550100").whole_minutes(), -240);
        assert_eq!(zone_of_phone("15550190002").whole_minutes(), -300);
        assert_eq!(zone_of_phone("999"), UtcOffset::UTC);
        assert_eq!(zone_of_phone(""), UtcOffset::UTC);
    }
}
