//! Where a document comes from, by what it says: language, country, and from them currency and day order.
//!
//! A currency is said by its sign or code beside the amounts, or by the country where the sign (`$`) leaves it open; never
//! by habit. Day or month first is said by the document's own dates, then by the country.

pub mod cities;
mod postal;
mod tables;

#[cfg(test)]
mod tests;

use super::{
    amounts::Valued,
    dates::{self, Order},
    parties::blocks::Side,
    scorer::{Signs, said as odds, yes},
    sheet::{Sheet, has_phrase},
    tax_ids::{
        TaxId,
        schemes::{self, Scheme},
    },
    values::currency::{self as coins, Sign, Stand},
};
use tables::{COUNTRIES, Country, FORMER, LANGUAGES};
use time::Date;

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

/// Countries with what speaks for them, best first.
fn countries(sheet: &Sheet, ids: &[TaxId]) -> Vec<(&'static Country, usize)> {
    let domains = domains(sheet);
    let named = cities::weights(sheet);
    let weigh = |c: &Country| {
        let of_country = |t: &&TaxId| country_of(t).is_some_and(|code| code == c.code) && !elsewhere(t);
        let ids = ids.iter().filter(of_country).map(|t| if t.checked == Some(true) { 3 } else { 1 }).max();
        let domain = usize::from(domains.contains(&c.code));
        count(sheet, c.says) + ids.unwrap_or(0) + domain + named.get(c.code).copied().unwrap_or(0)
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
    matches!(id.side, Some(Side::Recipient | Side::Delivery | Side::Third))
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
        let words: Vec<&str> = row.folded.split([' ', ',', '.']).filter(|w| !w.is_empty()).collect();
        words.windows(2).any(|pair| {
            let [state, zip] = pair else { return false };
            let zip = zip.split('-').next().unwrap_or_default();
            cities::is_state("US", state) && zip.len() == 5 && zip.bytes().all(|b| b.is_ascii_digit())
        })
    })
}

/// `(714) 555-0100`: a number of the North American plan.
fn american_phone(sheet: &Sheet) -> bool {
    sheet.rows.iter().any(|row| {
        let shape: String = row
            .folded
            .chars()
            .map(|c| if c.is_ascii_digit() { '0' } else { c })
            .filter(|c| !c.is_whitespace())
            .collect();
        shape.contains("(000)000-0000") || shape.contains("000-000-0000")
    })
}

/// How often, and how well, each currency is said.
#[derive(Debug, Default)]
struct Said {
    /// Codes with their points, the most first.
    counts: Vec<(&'static str, usize)>,
    /// Points of signs that may be several currencies, or that we do not know.
    unclear: usize,
}

impl Said {
    fn add(&mut self, code: &'static str, points: usize) {
        match self.counts.iter_mut().find(|(c, _)| *c == code) {
            Some(entry) => entry.1 += points,
            None => self.counts.push((code, points)),
        }
    }
}

fn said(sheet: &Sheet, home: Option<&'static str>) -> Said {
    let mut said = Said::default();
    for sign in coins::MARKS.iter() {
        let points: usize = sheet.rows.iter().map(|r| stands(&r.folded, sign)).sum();
        if points == 0 {
            continue;
        }
        let agrees = home.filter(|home| sign.codes.contains(home));
        match (sign.codes.as_slice(), agrees) {
            (_, Some(home)) => said.add(home, points),
            // A letter or two are no sign but where the country has them.
            (_, None) if sign.stand == Stand::Prefix && sign.text.len() == 1 => {}
            (_, None) if sign.stand == Stand::Home => {}
            ([code], None) => said.add(code, points),
            // A sign that stands nowhere beside an amount is a slip: "GST ¥81614 3374".
            _ if points < 3 => {}
            _ => said.unclear += points,
        }
    }
    for row in &sheet.rows {
        for (code, points) in codes(&row.text) {
            // Among the codes are words: they count where the country agrees, or where no chance puts them twice.
            let meant = || !word_like(code.code) || (is_no_word(code.code) && beside_twice(sheet, code.code));
            if code.alone || home == Some(code.code) || (points > 1 && meant()) {
                said.add(code.code, points);
            }
        }
        said.unclear += 3 * unknown_signs(&row.text);
    }
    said.counts.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
    said
}

/// Codes that tills print as words or abbreviations of their own.
fn word_like(code: &str) -> bool {
    const WORDS: &[&str] = &[
        "ALL", "ANG", "ARS", "BAM", "BOB", "CAD", "COP", "COU", "CUP", "DOP", "FKP", "GEL", "LAK", "MAD",
        "MOP", "MUR", "NAD", "PAB", "PEN", "RON", "SAR", "SEK", "SOS", "TOP", "TRY", "USN", "UYI", "WST",
    ];
    WORDS.contains(&code)
}

/// Whether a code that tills also print as an abbreviation is no word of any language, so that it says a currency where it
/// stands beside amounts again and again.
fn is_no_word(code: &str) -> bool {
    ["CAD", "GEL", "RON", "SAR", "SEK"].contains(&code)
}

/// Whether a code stands beside amounts on two lines.
fn beside_twice(sheet: &Sheet, code: &str) -> bool {
    let beside = |text: &str| codes(text).iter().any(|(c, points)| c.code == code && *points > 1);
    sheet.rows.iter().filter(|r| beside(&r.text)).nth(1).is_some()
}

/// Codes of ISO 4217 in a line: 3 points beside an amount, 1 elsewhere if they speak alone.
fn codes(text: &str) -> Vec<(&'static coins::Currency, usize)> {
    let mut found: Vec<(&'static coins::Currency, usize)> = Vec::new();
    for (at, word) in words(text) {
        let Some(code) = coins::get(word) else { continue };
        let beside = amount_begins(&text[at + word.len()..]) || amount_ends(&text[..at]);
        let printed = word.bytes().all(|b| b.is_ascii_uppercase()) || code.alone;
        let points = match (beside && printed, code.alone) {
            (true, _) => 3,
            (false, true) => 1,
            _ => continue,
        };
        match found.iter_mut().find(|(c, _)| c.code == code.code) {
            Some(entry) => entry.1 = entry.1.max(points),
            None => found.push((code, points)),
        }
    }
    found
}

/// Words of three letters, with where they begin; a number may touch them, a letter may not.
fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let runs = text.split(|c: char| !c.is_alphabetic()).filter(|w| w.len() == 3 && w.is_ascii());
    runs.map(move |w| (w.as_ptr() as usize - text.as_ptr() as usize, w))
}

/// How many amounts of a line have a currency's sign beside them that is in no list of ours.
fn unknown_signs(text: &str) -> usize {
    let signs = text.char_indices().filter(|(_, c)| coins::is_currency_symbol(*c) && *c != '$');
    let unknown = signs.filter(|(at, c)| {
        let folded = super::sheet::fold(&c.to_string());
        let known = coins::MARKS.iter().any(|s| folded.contains(s.text));
        let end = at + c.len_utf8();
        !known && (amount_begins(&text[end..]) || amount_ends(&text[..*at]))
    });
    unknown.count()
}

/// 3 where a sign stands beside an amount, 1 where it stands alone, 0 where it does not.
fn stands(folded: &str, sign: &Sign) -> usize {
    let text = sign.text;
    let wordy = text.chars().any(char::is_alphabetic);
    let (mut from, mut best) = (0, 0);
    while let Some(at) = folded.get(from..).and_then(|rest| rest.find(text)).map(|i| i + from) {
        let (before, after) = (&folded[..at], &folded[at + text.len()..]);
        let inside = wordy
            && (before.ends_with(char::is_alphabetic)
                || (after.starts_with(char::is_alphabetic) && text.ends_with(char::is_alphabetic)));
        // `rd$` is no `$`, `$u` no `u`.
        let part = before.ends_with('$') || (text.ends_with('/') && after.starts_with('.'));
        let points = match sign.stand {
            _ if inside || (wordy && part && sign.stand != Stand::Mark) => 0,
            Stand::Prefix if before.ends_with('(') && after.starts_with(')') => {
                2 * usize::from(text.len() > 1)
            }
            Stand::Prefix => 3 * usize::from(amount_begins(after)),
            Stand::Behind => 3 * usize::from(amount_ends(before)),
            Stand::Beside | Stand::Home => 3 * usize::from(amount_begins(after) || amount_ends(before)),
            Stand::Mark | Stand::Word if amount_begins(after) || amount_ends(before) => 3,
            Stand::Mark | Stand::Word => 1,
        };
        best = best.max(points);
        from = at + text.len();
    }
    best
}

/// What parts the digits of an amount.
fn parts_digits(c: char) -> bool {
    matches!(c, '.' | ',' | '\'' | '\u{2019}' | '\u{2bc}')
}

/// Whether a number with a decimal or thousands mark, or parted by spaces into thousands, begins the text.
fn amount_begins(text: &str) -> bool {
    let text = text.trim_start_matches([' ', '\u{a0}', '.', ':', '-', '\u{2212}', '\u{2013}', '(']);
    let number: String = text.chars().take_while(|c| c.is_ascii_digit() || parts_digits(*c)).collect();
    let marked = number.trim_end_matches(parts_digits).contains(parts_digits);
    let behind = &text[number.len()..];
    let spaced = (1..=3).contains(&number.len()) && {
        let mut next = behind.chars().skip(1).take(3);
        behind.starts_with(char::is_whitespace) && next.by_ref().filter(char::is_ascii_digit).count() == 3
    };
    number.starts_with(|c: char| c.is_ascii_digit()) && (marked || spaced)
}

fn amount_ends(text: &str) -> bool {
    let text = text.trim_end_matches([' ', '\u{a0}', ')', '-', '\u{2212}', '\u{2013}']);
    let inner = |c: char| c.is_ascii_digit() || parts_digits(c) || c.is_whitespace();
    let start =
        text.char_indices().rev().take_while(|(_, c)| inner(*c)).last().map_or(text.len(), |(i, _)| i);
    let run = text[start..].trim_start();
    // Only the last number of the run, with what stands before it as its thousands.
    let tail = run.rsplit(char::is_whitespace).next().unwrap_or_default();
    amount_begins(tail)
        || (tail.len() < run.len() && tail.starts_with(|c: char| c.is_ascii_digit()) && {
            let digits: usize = tail.bytes().take_while(u8::is_ascii_digit).count();
            let before = run[..run.len() - tail.len()].trim_end();
            digits == 3 && before.ends_with(|c: char| c.is_ascii_digit())
        })
}

fn currency(
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
        None if language == Some("en") && american_phone(sheet) && !sheet.says(ELSEWHERE) => {
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

/// Taxes and registers that only others than the States have.
const ELSEWHERE: &[&str] =
    &["gst", "hst", "pst", "tps", "qst", "abn", "acn", "vat", "iva", "pte", "pty", "uen", "nzbn"];

/// How surely it is the dollar of the States where only a telephone of their plan says so.
const UNSIGNED_DOLLAR: f32 = 0.8;

/// How surely a dollar without a country is that of the States: by an address, a telephone or dates of their form, unless
/// a tax that only others have is named, or a language that others speak.
fn dollar_of_the_states(sheet: &Sheet, language: Option<&str>, american: bool) -> f32 {
    let numeric = own_orders(sheet);
    let written = || sheet.rows.iter().any(|r| dates::written_month_first(&r.folded));
    let foreign = language.is_some_and(|l| l != "en") || numeric.0 > 0;
    if foreign || sheet.says(ELSEWHERE) {
        0.5
    } else if american || american_phone(sheet) || numeric.1 > 0 {
        0.88
    } else if written() {
        0.78
    } else {
        0.55
    }
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

/// What speaks for the currency that was found and against it.
fn currency_signs(
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
        (_, _, Some("es" | "pt" | "de" | "fr" | "it" | "nl"), _) => (Order::DayFirst, 0.93),
        (_, _, _, Some(("USD", p))) if p > 0.7 => (Order::MonthFirst, 0.85),
        (_, _, _, Some((_, p))) if p > 0.9 => (Order::DayFirst, 0.9),
        _ => (Order::Unknown, 0.5),
    }
}
