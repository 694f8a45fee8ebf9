//! Where a document comes from, by what it says: language, country, and from them currency and day order.
//!
//! A currency is said by its sign or code beside the amounts, or by the country where the sign (`$`) leaves it open; never
//! by habit. Day or month first is said by the document's own dates, then by the country.

mod tables;

#[cfg(test)]
mod tests;

use super::{
    dates::{self, Order},
    parties::blocks::Side,
    sheet::{Sheet, has_phrase},
    tax_ids::{TaxId, schemes::Scheme},
};
use tables::{COUNTRIES, Country, DOMAINS, LANGUAGES, SIGNS, Sign};

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
}

fn count(sheet: &Sheet, phrases: &str) -> usize {
    phrases.split("; ").filter(|p| has_phrase(&sheet.folded, p)).count()
}

fn language(sheet: &Sheet) -> Option<&'static str> {
    let mut best = (0, None);
    for (code, words) in LANGUAGES {
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
    let weigh = |c: &Country| {
        let of_country = |t: &&TaxId| country_of(t).is_some_and(|code| code == c.code) && !elsewhere(t);
        let ids = ids.iter().filter(of_country).map(|t| if t.checked == Some(true) { 3 } else { 1 }).max();
        let domain = usize::from(domains.contains(&c.code));
        count(sheet, c.says) + ids.unwrap_or(0) + domain
    };
    let mut scored: Vec<_> = COUNTRIES.iter().map(|c| (c, weigh(c))).filter(|(_, n)| *n > 0).collect();
    scored.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
    scored
}

/// The country whose id this can only be.
fn country_of(id: &TaxId) -> Option<&str> {
    Some(match id.scheme {
        Scheme::Cnpj | Scheme::Cpf => "BR",
        Scheme::Cuit => "AR",
        Scheme::Nit => "CO",
        Scheme::Ruc => "PE",
        Scheme::Rut => "CL",
        Scheme::Rfc => "MX",
        Scheme::PartitaIva => "IT",
        Scheme::Siret => "FR",
        Scheme::Gstin => "IN",
        Scheme::Abn => "AU",
        Scheme::Vat => id.value.get(..2)?,
        Scheme::Nif | Scheme::TaxId => return None,
    })
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
        let end = if end == "uk" { "gb" } else { end };
        DOMAINS.split("; ").any(|d| d == end || end == "gb").then_some(end)
    });
    let ends: Vec<&str> = ends.collect();
    COUNTRIES.iter().map(|c| c.code).filter(|c| ends.iter().any(|e| e.eq_ignore_ascii_case(c))).collect()
}

/// `WA 98052`, `Ohio 43004`: a state and a zip code.
fn american_address(sheet: &Sheet) -> bool {
    const STATES: &str = "al ak az ar ca co ct dc de fl ga hi ia id il in ks ky la ma md me mi mn mo ms mt nc nd ne nh \
                          nj nm nv ny oh ok or pa ri sc sd tn tx ut va vt wa wi wv wy alabama alaska arizona arkansas \
                          california carolina colorado connecticut dakota delaware florida georgia hampshire hawaii idaho \
                          illinois indiana iowa jersey kansas kentucky louisiana maine maryland massachusetts mexico \
                          michigan minnesota mississippi missouri montana nebraska nevada york ohio oklahoma oregon \
                          pennsylvania tennessee texas utah vermont virginia washington wisconsin wyoming";
    sheet.rows.iter().any(|row| {
        let words: Vec<&str> = row.folded.split([' ', ',', '.']).filter(|w| !w.is_empty()).collect();
        words.windows(2).any(|pair| {
            let [state, zip] = pair else { return false };
            let zip = zip.split('-').next().unwrap_or_default();
            STATES.split(' ').any(|s| s == *state)
                && zip.len() == 5
                && zip.bytes().all(|b| b.is_ascii_digit())
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
fn said(sheet: &Sheet, scored: &[(&'static Country, usize)]) -> Vec<(&'static str, usize)> {
    let mut counts: Vec<(&'static str, usize)> = Vec::new();
    for (sign, code) in SIGNS {
        if let Sign::Homonym(_) = sign
            && !scored.iter().any(|(c, _)| c.currency == *code)
        {
            continue;
        }
        let points: usize = sheet.rows.iter().map(|r| stands(&r.folded, sign)).sum();
        if points > 0 {
            match counts.iter_mut().find(|(c, _)| c == code) {
                Some(entry) => entry.1 += points,
                None => counts.push((code, points)),
            }
        }
    }
    counts.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
    counts
}

/// 3 where a sign stands beside an amount, 1 where it stands alone, 0 where it does not.
fn stands(folded: &str, sign: &Sign) -> usize {
    let (text, alone_counts) = match sign {
        Sign::Mark(t) | Sign::Word(t) => (*t, true),
        Sign::Homonym(t) | Sign::Prefix(t) => (*t, false),
    };
    let wordy = text.chars().any(char::is_alphabetic);
    let (mut from, mut best) = (0, 0);
    while let Some(at) = folded.get(from..).and_then(|rest| rest.find(text)).map(|i| i + from) {
        let (before, after) = (&folded[..at], &folded[at + text.len()..]);
        let inside = wordy
            && (before.ends_with(char::is_alphabetic)
                || (after.starts_with(char::is_alphabetic) && text.ends_with(char::is_alphabetic)));
        let points = match sign {
            _ if inside => 0,
            Sign::Prefix(_) if before.ends_with('(') && after.starts_with(')') => 2,
            Sign::Prefix(_) => 3 * usize::from(amount_begins(after)),
            _ if amount_begins(after) || amount_ends(before) => 3,
            _ => usize::from(alone_counts),
        };
        best = best.max(points);
        from = at + text.len();
    }
    best
}

/// Whether a number with a decimal or thousands mark begins the text.
fn amount_begins(text: &str) -> bool {
    let text = text.trim_start_matches([' ', '.', ':', '-']);
    let number: &str =
        &text[..text.bytes().take_while(|b| b.is_ascii_digit() || matches!(b, b'.' | b',')).count()];
    number.starts_with(|c: char| c.is_ascii_digit())
        && number.trim_end_matches(['.', ',']).contains(['.', ','])
}

fn amount_ends(text: &str) -> bool {
    let text = text.trim_end();
    let digits = text.bytes().rev().take_while(|b| b.is_ascii_digit() || matches!(b, b'.' | b',')).count();
    amount_begins(&text[text.len() - digits..])
}

fn currency(
    sheet: &Sheet,
    country: Option<(&'static Country, usize)>,
    language: Option<&str>,
    american: bool,
) -> Option<(&'static str, f32)> {
    let home = country.map(|(c, _)| c.currency);
    let scored: Vec<(&'static Country, usize)> = country.into_iter().collect();
    let counts = said(sheet, &scored);
    match counts.as_slice() {
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
        None => None,
    }
}

/// How surely a dollar without a country is that of the States: by an address, a telephone or dates of their form, unless
/// a tax that only others have is named, or a language that others speak.
fn dollar_of_the_states(sheet: &Sheet, language: Option<&str>, american: bool) -> f32 {
    const ELSEWHERE: &[&str] =
        &["gst", "hst", "pst", "tps", "qst", "abn", "acn", "vat", "iva", "pte", "pty", "uen", "nzbn"];
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
        let own = country.is_some_and(|(c, _)| c.currency == code && speaks(c.code) == language);
        (code, if own && sure > 0.7 && language.is_some() { sure.max(0.8) } else { sure })
    });
    let (order, order_sure) = order(sheet, country, language, currency);
    Place { language, country: country.map(|(c, n)| (c.code, n)), currency, order, order_sure }
}

/// The language of a country that few others share; none for English.
fn speaks(country: &str) -> Option<&'static str> {
    match country {
        "ES" | "MX" | "CO" | "AR" | "CL" | "PE" => Some("es"),
        "BR" | "PT" => Some("pt"),
        "DE" | "AT" => Some("de"),
        "FR" => Some("fr"),
        "IT" => Some("it"),
        "NL" => Some("nl"),
        _ => None,
    }
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
