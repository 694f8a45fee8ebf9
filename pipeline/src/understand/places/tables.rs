//! What documents of a country and a language say that others' do not. Phrases are folded and parted by semicolons.

use std::sync::LazyLock;

use time::{Date, Month};

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
    let rows = include_str!("../data/countries.tsv").lines();
    rows.filter(|l| !l.starts_with('#')).filter_map(row).collect()
});

/// Languages with words by which they are known, as `data/languages.tsv` has them.
pub(super) static LANGUAGES: LazyLock<Vec<(&'static str, &'static str)>> = LazyLock::new(|| {
    let rows = include_str!("../data/languages.tsv").lines().filter(|l| !l.starts_with('#'));
    rows.filter_map(|line| line.split_once('\t')).collect()
});

/// What a country paid in before it took its currency of today: country, code, the first day of the new one (ISO 8601), as
/// `data/former_currencies.tsv` has them.
pub(super) static FORMER: LazyLock<Vec<(&'static str, &'static str, Date)>> = LazyLock::new(|| {
    let rows = include_str!("../data/former_currencies.tsv").lines().filter(|l| !l.starts_with('#'));
    let row = |line: &'static str| {
        let [country, code, day] = line.split('\t').collect::<Vec<_>>().try_into().ok()?;
        let mut parts = day.splitn(3, '-').map(|p| p.parse::<i32>().ok());
        let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
        let month = Month::try_from(u8::try_from(month).ok()?).ok()?;
        Some((country, code, Date::from_calendar_date(year, month, u8::try_from(day).ok()?).ok()?))
    };
    rows.filter_map(row).collect()
});
