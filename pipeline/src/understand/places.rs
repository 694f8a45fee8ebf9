//! Where a document comes from, by what it says: language, country, and from them currency and day order.
//!
//! A currency is said by its sign or code beside the amounts, or by the country where the sign (`$`) leaves it open; never
//! by habit. Day or month first is said by the document's own dates, then by the country.

pub mod cities;
mod currency;
mod postal;
mod said;
pub mod scripts;
mod tables;

#[cfg(test)]
mod tests;

use super::{
    dates::{self, Order},
    parties::blocks::Side,
    scorer::Signs,
    sheet::{Sheet, fold, has_phrase},
    tax_ids::{
        TaxId,
        schemes::{self, Scheme},
    },
};
pub use cities::country_called;
use currency::{currency, currency_signs};
pub use currency::{hold_against_total, of_its_day, take_for_senders};
use tables::{COUNTRIES, Country, LANGUAGES, day_first};

/// Where a document seems to come from.
#[derive(Debug, Clone, PartialEq)]
pub struct Place {
    /// ISO 639-1.
    pub language: Option<&'static str>,
    /// ISO 3166-1 alpha-2, with how much speaks for it: about one a phrase.
    pub country: Option<(&'static str, usize)>,
    /// ISO 4217, with the probability that it is right.
    pub currency: Option<(&'static str, f32)>,
    /// Day or month first.
    pub order: Order,
    /// Probability that `order` is right.
    pub order_sure: f32,
    /// What speaks for the currency and against it.
    pub currency_signs: Signs,
}

fn count(sheet: &Sheet, phrases: &str) -> usize {
    phrases.split("; ").filter(|p| has_phrase(&sheet.folded, p)).count()
}

fn language(sheet: &Sheet) -> Option<&'static str> {
    let mut best = (0, None);
    for (code, words) in LANGUAGES.iter() {
        let said = count(sheet, words);
        if said > best.0 {
            best = (said, Some(*code));
        }
    }
    if best.0 >= 2 { best.1 } else { None }
}

/// How much a date with the day first speaks against a country that puts the month first.
const DAY_FIRST: usize = 2;
/// How much a date with the month first speaks for one, beside something else that does.
const MONTH_FIRST: usize = 1;

/// Countries with what speaks for them, best first.
fn countries(sheet: &Sheet, ids: &[TaxId]) -> Vec<(&'static Country, usize)> {
    let domains = domains(sheet);
    let named = cities::weights(sheet);
    let own = own_orders(sheet);
    let weigh = |c: &Country| {
        let of_country = |t: &&TaxId| country_of(t).is_some_and(|code| code == c.code) && !elsewhere(t);
        let ids = ids.iter().filter(of_country).map(|t| if t.checked == Some(true) { 3 } else { 1 }).max();
        let domain = usize::from(domains.contains(&c.code));
        let said = count(sheet, c.says) + ids.unwrap_or(0) + domain + named.get(c.code).copied().unwrap_or(0);
        // "22/05/2022": no paper of a country that puts the month first, whatever words it shares with it. "05/22/2022" is a
        // second sign of such a country, but no first one: tills elsewhere run programs that were made there.
        match own {
            (1.., 0) if c.month_first => said.saturating_sub(DAY_FIRST),
            (0, 1..) if c.month_first && said > 0 => said + MONTH_FIRST,
            _ => said,
        }
    };
    let mut scored: Vec<_> = COUNTRIES.iter().map(|c| (c, weigh(c))).filter(|(_, n)| *n > 0).collect();
    scored.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
    scored
}

/// The country whose id this can only be.
fn country_of(id: &TaxId) -> Option<&str> {
    match id.scheme {
        Scheme::Vat if id.value.bytes().all(|b| b.is_ascii_digit()) => {
            (id.checked == Some(true)).then_some("GB")
        }
        Scheme::Vat => id.value.get(..2),
        Scheme::TaxId if id.value.ends_with("RT0001") => Some("CA"),
        scheme => schemes::country(scheme),
    }
}

/// Whether it is the id of someone other than who issued the paper.
fn elsewhere(id: &TaxId) -> bool {
    matches!(id.side, Some(Side::Recipient | Side::Delivery | Side::Third | Side::Factor))
}

/// Countries of the addresses on the net: `hola@tienda.com.ar`, `www.laden.de`.
fn domains(sheet: &Sheet) -> Vec<&'static str> {
    let words =
        sheet.folded.split(|c: char| c.is_whitespace() || matches!(c, ',' | '/' | ';' | '(' | ')' | '|'));
    let ends = words.filter(|w| w.contains('@') || w.starts_with("www.")).filter_map(|w| {
        let end = w.trim_end_matches('.').rsplit('.').next()?;
        Some(if end == "uk" { "gb" } else { end })
    });
    let ends: Vec<&str> = ends.collect();
    COUNTRIES.iter().map(|c| c.code).filter(|c| ends.iter().any(|e| e.eq_ignore_ascii_case(c))).collect()
}

/// `WA 98052`, `Ohio 43004`: a state and a zip code.
fn american_address(sheet: &Sheet) -> bool {
    sheet.rows.iter().any(|row| {
        let words: Vec<&str> = row.text.split([' ', ',', '.']).filter(|w| !w.is_empty()).collect();
        words.windows(2).any(|pair| {
            let [state, zip] = pair else { return false };
            // "la 71000", "al 36100": small letters are a word.
            let letters = state.len() != 2 || state.bytes().all(|b| b.is_ascii_uppercase());
            letters && postal::is_zip_of(zip, &fold(state))
        })
    })
}

/// `(714) 555-0100`: a number of the North American plan, and no part of a longer one.
fn american_phone(sheet: &Sheet) -> bool {
    const SHAPES: [&str; 2] = ["(000)000-0000", "000-000-0000"];
    sheet.rows.iter().any(|row| {
        let shape: String = row
            .folded
            .chars()
            .map(|c| if c.is_ascii_digit() { '0' } else { c })
            .filter(|c| !c.is_whitespace())
            .collect();
        let whole = |(at, found): (usize, &str)| {
            let goes_on = |c: char| c == '0' || c == '-';
            !shape[..at].ends_with(goes_on) && !shape[at + found.len()..].starts_with(goes_on)
        };
        SHAPES.into_iter().any(|s| shape.match_indices(s).any(whole))
    })
}

/// Looks for the evidence.
#[must_use]
pub fn place(sheet: &Sheet, ids: &[TaxId]) -> Place {
    let language = language(sheet);
    let american = american_address(sheet);
    let scored = countries(sheet, ids);
    let mut country = match scored.as_slice() {
        [(a, n), (_, m), ..] if n > m => Some((*a, *n)),
        [(a, n)] => Some((*a, *n)),
        _ => None,
    };
    if american && country.is_none_or(|(c, n)| n < 3 || c.code == "US") {
        let own = scored.iter().find(|(c, _)| c.code == "US").map_or(0, |(_, n)| *n);
        country = COUNTRIES.iter().find(|c| c.code == "US").map(|c| (c, own + 3));
    }
    let currency = currency(sheet, country, language, american).map(|(code, sure)| {
        // A single hint of the country in the country's own language is more than a single hint.
        let own = country.is_some_and(|(c, _)| c.currency == code && c.language == language);
        (code, if own && sure > 0.7 && language.is_some() { sure.max(0.8) } else { sure })
    });
    let (order, order_sure) = order(sheet, country, language, currency);
    let currency_signs = currency_signs(sheet, country, language, currency);
    let country = country.map(|(c, n)| (c.code, n));
    Place { language, country, currency, order, order_sure, currency_signs }
}

/// How many of the document's own dates can only have the day first, and the month first.
fn own_orders(sheet: &Sheet) -> (usize, usize) {
    sheet.rows.iter().map(|r| dates::orders(&r.folded)).fold((0, 0), |a, b| (a.0 + b.0, a.1 + b.1))
}

/// Day or month first: by the document's own unmistakable dates, by country, by language, by currency.
fn order(
    sheet: &Sheet,
    country: Option<(&Country, usize)>,
    language: Option<&str>,
    currency: Option<(&str, f32)>,
) -> (Order, f32) {
    let by_country = country.map(|(c, n)| {
        // A sign of the country's own currency speaks for the country as much as its words do.
        let signed = currency.is_some_and(|(code, p)| code == c.currency && p >= 0.98);
        let sure = match n + 2 * usize::from(signed) {
            0 | 1 => 0.85,
            2 => 0.95,
            _ => 0.98,
        };
        (if c.month_first { Order::MonthFirst } else { Order::DayFirst }, sure)
    });
    let own = own_orders(sheet);
    match (own, by_country, language, currency) {
        ((d, 0), ..) if d > 0 => (Order::DayFirst, 0.98),
        ((0, m), ..) if m > 0 => (Order::MonthFirst, 0.98),
        ((d, m), Some((order, _)), ..) if d + m > 0 => (order, 0.7),
        (_, Some(known), ..) => known,
        (_, _, Some(language), _) if day_first(language) => (Order::DayFirst, 0.93),
        (_, _, _, Some(("USD", p))) if p > 0.7 => (Order::MonthFirst, 0.85),
        (_, _, _, Some((_, p))) if p > 0.9 => (Order::DayFirst, 0.9),
        _ => (Order::Unknown, 0.5),
    }
}
