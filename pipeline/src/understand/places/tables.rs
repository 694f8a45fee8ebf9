//! What documents of a country and a language say that others' do not. Phrases are folded and parted by semicolons.

use std::sync::LazyLock;

use time::{Date, format_description::well_known::Iso8601};

use crate::knowledge;

/// A country.
pub(super) struct Country {
    /// ISO 3166-1 alpha-2.
    pub code: &'static str,
    /// ISO 4217.
    pub currency: &'static str,
    /// Whether `$` is how its currency is written.
    pub dollar: bool,
    /// Whether it writes the month before the day.
    pub month_first: bool,
    /// The language that few others share with it; none for English.
    pub language: Option<&'static str>,
    /// Calling code (ITU-T E.164); none where countries share one.
    pub calling: Option<&'static str>,
    /// Phrases. Each counts once.
    pub says: &'static str,
}

/// Countries we know.
pub(super) static COUNTRIES: LazyLock<Vec<Country>> = LazyLock::new(|| {
    let row = |line: &'static str| {
        let mut cells = line.split('\t');
        Some(Country {
            code: cells.next()?,
            currency: cells.next()?,
            dollar: cells.next()? == "$",
            month_first: cells.next()? == "mdy",
            language: cells.next().filter(|l| *l != "-"),
            calling: cells.next().filter(|c| *c != "-"),
            says: cells.next()?,
        })
    };
    knowledge::lines(include_str!("../data/countries.tsv")).filter_map(row).collect()
});

/// Languages with words by which they are known, as `data/languages.tsv` has them.
pub(super) static LANGUAGES: LazyLock<Vec<(&'static str, &'static str)>> = LazyLock::new(|| {
    let rows = knowledge::lines(include_str!("../data/languages.tsv"));
    rows.filter_map(|line| line.split_once('\t')).collect()
});

/// Whether those who write a language put the day before the month, as `data/date_orders.tsv` has it.
pub(super) fn day_first(language: &str) -> bool {
    let mut rows =
        knowledge::lines(include_str!("../data/date_orders.tsv")).map(|line| line.split_once('\t'));
    rows.any(|row| row == Some((language, "dmy")))
}

/// What a country paid in before it took its currency of today: country, code, the first day of the new one (ISO 8601), as
/// `data/former_currencies.tsv` has them.
pub(super) static FORMER: LazyLock<Vec<(&'static str, &'static str, Date)>> = LazyLock::new(|| {
    let rows = knowledge::lines(include_str!("../data/former_currencies.tsv"));
    let row = |line: &'static str| {
        let [country, code, day] = line.split('\t').collect::<Vec<_>>().try_into().ok()?;
        Some((country, code, Date::parse(day, &Iso8601::DATE).ok()?))
    };
    rows.filter_map(row).collect()
});
