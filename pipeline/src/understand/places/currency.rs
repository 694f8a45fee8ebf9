//! The currency of a page: said, of its country, or both; and what its country paid in on its day.

use time::Date;

use super::{
    Place, american_phone, own_orders,
    said::{codes, parts_digits, said, stands, word_like},
    tables::{COUNTRIES, Country, FORMER},
};
use crate::understand::{
    amounts::Valued,
    dates,
    money::{Style, amounts},
    scorer::{Signs, said as odds, yes},
    sheet::{Sheet, has_phrase},
    values::{
        currency as coins,
        words::{ADDED, ELSEWHERE, NOT_ADDED},
    },
};

pub(super) fn currency(
    sheet: &Sheet,
    country: Option<(&'static Country, usize)>,
    language: Option<&str>,
    american: bool,
) -> Option<(&'static str, f32)> {
    let home = country.map(|(c, _)| c.currency);
    let said = said(sheet, home);
    // A sign that may be several currencies, or that nobody knows, never becomes another one that is named in passing.
    if said.unclear > 0 && said.counts.first().is_none_or(|(_, n)| *n <= said.unclear) {
        return None;
    }
    match said.counts.as_slice() {
        // "Eur 24.10" under a total in crowns: what it would cost a stranger is no currency of the paper's.
        [(code, _)] if converted(sheet, code, country) => return home.map(|home| (home, CONVERTED)),
        [(code, n)] if *n >= 3 || home == Some(*code) => return Some((code, 0.99)),
        [(code, _)] => return Some((code, if home.is_none() { 0.9 } else { 0.7 })),
        [(a, n), (_, m), ..] if *n >= m * 3 => return Some((a, if home == Some(*a) { 0.98 } else { 0.95 })),
        [(a, n), (b, m), ..] => {
            let own = if n == m && home == Some(*b) { b } else { a };
            return Some((own, if home == Some(*own) { 0.93 } else { 0.7 }));
        }
        [] => {}
    }
    let by_country = |n: usize| -> f32 {
        match n {
            0 | 1 => 0.72,
            2 => 0.9,
            _ => 0.96,
        }
    };
    let dollar = sheet.folded.contains('$');
    match country {
        Some((c, n)) if dollar && c.dollar => Some((c.currency, (by_country(n) + 0.08).min(0.97))),
        Some((_, _)) if dollar => Some(("USD", 0.55)),
        Some((c, n)) => Some((c.currency, by_country(n))),
        None if dollar => Some(("USD", dollar_of_the_states(sheet, language, american))),
        // Not even a sign: an American telephone and no tax of another country's.
        None if language == Some("en") && american_phone(sheet) && !sheet.says(&ELSEWHERE) => {
            Some(("USD", UNSIGNED_DOLLAR))
        }
        None => None,
    }
}

/// How surely a country's own currency is meant where another is named in passing.
const CONVERTED: f32 = 0.85;
/// Evidence from which a country is sure enough to gainsay a currency's name.
const SURELY_THERE: usize = 3;

/// Whether the only currency that is named, on a single line, is another than the country's, which much speaks for.
fn converted(sheet: &Sheet, code: &str, country: Option<(&'static Country, usize)>) -> bool {
    let home = country.filter(|(c, n)| *n >= SURELY_THERE && c.currency != code);
    home.is_some() && sheet.rows.iter().filter(|row| names(&row.folded, &row.text, code)).nth(1).is_none()
}

/// Whether a line says a currency beside an amount, by its code or by a sign of its own.
fn names(folded: &str, text: &str, code: &str) -> bool {
    codes(text).iter().any(|(c, _)| c.code == code)
        || coins::MARKS.iter().any(|sign| sign.codes == [code] && stands(folded, sign) > 0)
}

/// How surely a paper without its currency's sign says what its country paid in on its day.
const FORMERLY: f32 = 0.9;

/// The currency of a paper of `day`: what its country paid in then, where it has taken another since.
#[must_use]
pub fn of_its_day(place: &Place, day: Option<Date>) -> Option<(&'static str, f32)> {
    let (code, sure) = place.currency?;
    let former = FORMER.iter().find(|(country, ..)| place.country.is_some_and(|(c, _)| c == *country));
    let now = |country: &str| COUNTRIES.iter().find(|c| c.code == country).map(|c| c.currency);
    match (former, day) {
        (Some((country, old, begins)), Some(day)) if day < *begins && now(country) == Some(code) => {
            Some((old, sure.min(FORMERLY)))
        }
        (Some((_, old, begins)), Some(day)) if day >= *begins && code == *old => {
            Some((code, sure.min(DOUBTFUL)))
        }
        _ => Some((code, sure)),
    }
}

/// How surely a paper is in a currency that its country gave up before.
const DOUBTFUL: f32 = 0.5;

/// Holds the document's currency against what stands beside its total.
pub fn hold_against_total(place: &mut Place, sheet: &Sheet, total: &Valued) {
    let found = of_total(place, sheet, total);
    if found != place.currency {
        let country =
            place.country.and_then(|(code, n)| Some((COUNTRIES.iter().find(|c| c.code == code)?, n)));
        place.currency_signs = currency_signs(sheet, country, place.language, found);
        place.currency_signs.push(("by_total", 1.0));
        place.currency = found;
    }
}

/// How much the sender's telephone says of the country of a paper that says nothing of it: as much as one on the paper.
const SENDER: usize = 2;
/// How surely a paper that says neither its currency nor its country is in that of its sender's country.
const SENDERS: f32 = 0.9;

/// Takes the currency of the sender's country (ISO 3166-1) for the paper's, where it says neither its currency nor its
/// country, and neither its dates nor its language speak against that one.
pub fn take_for_senders(place: &mut Place, sheet: &Sheet, sender: &str) {
    let Some(country) = COUNTRIES.iter().find(|c| c.code == sender) else { return };
    let said = said(sheet, None);
    let silent = place.currency.is_none() && place.country.is_none() && said.counts.is_empty();
    let sign = said.unclear > 0 || (sheet.folded.contains('$') && !country.dollar);
    let days = own_orders(sheet);
    let dated = if country.month_first { days.0 > 0 } else { days.1 > 0 };
    let speaks = place.language.is_none_or(|l| l == "en" || country.language == Some(l));
    if silent && !sign && !dated && speaks {
        place.currency = Some((country.currency, SENDERS));
        place.currency_signs = currency_signs(sheet, Some((country, SENDER)), place.language, place.currency);
    }
}

/// The document's currency, held against what stands beside its total: a sign that means another decides, one that may be
/// several or that nobody knows leaves it open.
fn of_total(place: &Place, sheet: &Sheet, total: &Valued) -> Option<(&'static str, f32)> {
    let digits: String = total.amount.mantissa.unsigned_abs().to_string();
    let (x, y) = ((total.bbox[0] + total.bbox[2]) / 2.0, (total.bbox[1] + total.bbox[3]) / 2.0);
    let inside = |b: &[f32; 4]| (b[0]..=b[2]).contains(&x) && (b[1]..=b[3]).contains(&y);
    let row = sheet.rows.iter().find(|r| r.page == total.page && inside(&r.bbox));
    let Some(at) = row.and_then(|r| number_of(&r.text, &digits)) else { return place.currency };
    let text = row.map(|r| r.text.as_str()).unwrap_or_default();
    let home =
        place.country.and_then(|(code, _)| COUNTRIES.iter().find(|c| c.code == code)).map(|c| c.currency);
    let known = place.currency.map(|c| c.0);
    match coins::beside(text, at) {
        coins::Beside::Nothing => place.currency,
        coins::Beside::Dollar => {
            let dollar = |code: &str| COUNTRIES.iter().any(|c| c.dollar && c.currency == code);
            place.currency.filter(|(code, _)| dollar(code))
        }
        coins::Beside::Known(codes) => match codes.as_slice() {
            codes if known.is_some_and(|own| codes.contains(&own)) => place.currency,
            [code] if home == Some(*code) => Some((code, 0.95)),
            // A letter alone, or a code that is a word, is no currency where no country has it.
            [code] if !word_like(code) && !coins::single_letter(text, at) => Some((code, 0.9)),
            _ => None,
        },
        coins::Beside::Unknown(_) => None,
    }
}

/// Where a text has a number of these digits, whatever parts them: the last such place.
fn number_of(text: &str, digits: &str) -> Option<(usize, usize)> {
    let inner = |c: char| c.is_ascii_digit() || parts_digits(c) || c.is_whitespace();
    let mut found = None;
    let mut from = 0;
    while let Some(start) = text[from..].find(|c: char| c.is_ascii_digit()).map(|i| i + from) {
        let end = text[start..].find(|c| !inner(c)).map_or(text.len(), |i| i + start);
        let run = text[start..end].trim_end_matches(|c: char| !c.is_ascii_digit());
        let words = run.char_indices().filter(|(_, c)| c.is_whitespace()).map(|(i, c)| i + c.len_utf8());
        for at in std::iter::once(0).chain(words) {
            let own: String = run[at..].chars().filter(char::is_ascii_digit).collect();
            if own.trim_start_matches('0').trim_end_matches('0') == digits.trim_end_matches('0')
                && !own.is_empty()
            {
                found = Some((start + at, start + run.len()));
            }
        }
        from = end.max(start + 1);
    }
    found
}

/// How surely it is the dollar of the States where only a telephone of their plan says so.
const UNSIGNED_DOLLAR: f32 = 0.8;

/// How surely a dollar without a country is that of the States: by an address, a telephone or dates of their form, unless
/// a tax that only others have is named, or a language that others speak.
fn dollar_of_the_states(sheet: &Sheet, language: Option<&str>, american: bool) -> f32 {
    let numeric = own_orders(sheet);
    let written = || sheet.rows.iter().any(|r| dates::written_month_first(&r.folded));
    let foreign = language.is_some_and(|l| l != "en") || numeric.0 > 0;
    if foreign || sheet.says(&ELSEWHERE) {
        0.5
    } else if american || american_phone(sheet) || numeric.1 > 0 {
        0.88
    } else if written() || adds_tax(sheet) {
        0.78
    } else {
        0.55
    }
}

/// Whether a line has a tax that is called no more than that, with its amount or its rate: the States add one to a sum; who
/// else pays in dollars names theirs.
fn adds_tax(sheet: &Sheet) -> bool {
    let says = |folded: &str, words: &[&str]| words.iter().any(|word| has_phrase(folded, word));
    sheet.rows.iter().any(|row| {
        let counted = || amounts(&row.folded, Style::Point).iter().any(|s| s.decimals || s.percent);
        says(&row.folded, &ADDED) && !says(&row.folded, &NOT_ADDED) && counted()
    })
}

/// What speaks for the currency that was found and against it.
pub(super) fn currency_signs(
    sheet: &Sheet,
    country: Option<(&'static Country, usize)>,
    language: Option<&str>,
    found: Option<(&'static str, f32)>,
) -> Signs {
    let Some((code, sure)) = found else { return Signs::new() };
    let said = said(sheet, country.map(|(c, _)| c.currency));
    let own = said.counts.iter().find(|(c, _)| *c == code).map_or(0, |(_, n)| *n);
    let others: usize = said.counts.iter().filter(|(c, _)| *c != code).map(|(_, n)| n).sum();
    let home = country.filter(|(c, _)| c.currency == code);
    vec![
        ("said", odds(sure)),
        ("printed", yes(own > 0)),
        ("beside", yes(own >= 3)),
        ("often", own.min(12) as f32 / 12.0),
        ("others", yes(others > 0)),
        ("unclear", yes(said.unclear > 0)),
        ("home", yes(home.is_some())),
        ("abroad", yes(country.is_some() && home.is_none())),
        ("country", home.map_or(0.0, |(_, n)| n.min(4) as f32 / 4.0)),
        ("dollar", yes(sheet.folded.contains('$'))),
        ("language", yes(language.is_some())),
        ("own_language", yes(home.is_some_and(|(c, _)| c.language == language))),
    ]
}
