//! The formats of a zone: where each stands in the lines, and which check digits must agree.

use time::{Date, Month};

use super::{
    Mrz,
    mend::{Class, check_digit, checks, classes, fit, fitted, mend},
};

const D: Class = Class::Digit;
const L: Class = Class::Letter;

/// TD3 and MRV-A (2 x 44), TD2 and MRV-B (2 x 36): the second lines share their first 28 places.
pub(super) fn two_lines(first: &str, second: &str, length: usize, today: Date) -> Option<Mrz> {
    let first = fitted(first, length)?;
    let second = fitted(second, length)?;
    let visa = first.starts_with('V');
    let first = classes(&first, &[(0, 1, L), (2, length, L)]);
    let mut second =
        classes(&second, &[(9, 10, D), (10, 13, L), (13, 20, D), (21, 28, D), (length - 1, length, D)]);
    second = mend(&second, 0..9, |l| checks(l, 0..9, 9))?;
    if !checks(&second, 13..19, 19) || !checks(&second, 21..27, 27) {
        return None;
    }
    if !visa {
        let right = |line: &str| {
            let optional = length == 36 || checks(line, 28..42, 42);
            let parts = [line.get(0..10), line.get(13..20), line.get(21..length - 1)];
            let composite: Option<Vec<&str>> = parts.into_iter().collect();
            let last = line.chars().next_back().and_then(|c| c.to_digit(10));
            optional && last.is_some() && composite.and_then(|c| check_digit(&c.concat())) == last
        };
        second = mend(&second, 28..length - 1, right)?;
    }
    let (surname, given_names, tidy) = names(first.get(5..)?);
    Some(Mrz {
        code: first.get(0..2)?.trim_end_matches('<').to_owned(),
        issuer: country(first.get(2..5)?),
        number: second.get(0..9)?.trim_end_matches('<').to_owned(),
        nationality: country(second.get(10..13)?),
        surname,
        given_names,
        tidy_names: tidy,
        birth_date: day(second.get(13..19)?, true, today)?,
        sex: sex(second.chars().nth(20)),
        expiry_date: day(second.get(21..27)?, false, today)?,
        lines: vec![first, second],
    })
}

/// TD1 (3 x 30).
pub(super) fn three_lines(first: &str, second: &str, third: &str, today: Date) -> Option<Mrz> {
    let first = classes(&fitted(first, 30)?, &[(0, 1, L), (2, 5, L), (14, 15, D)]);
    let second = classes(&fitted(second, 30)?, &[(0, 7, D), (8, 15, D), (15, 18, L), (29, 30, D)]);
    let third = classes(&fitted(third, 30)?, &[(0, 30, L)]);
    if !checks(&second, 0..6, 6) || !checks(&second, 8..14, 14) {
        return None;
    }
    // A number of more than nine places goes on in the optional field (9303-5 note j).
    let long = first.get(14..15)? == "<";
    let first = if long { first } else { mend(&first, 5..14, |l| checks(l, 5..14, 14))? };
    let last = second.get(29..30)?.parse::<u32>().ok()?;
    let whole = |first: &str, second: &str| {
        let parts = [first.get(5..30), second.get(0..7), second.get(8..15), second.get(18..29)];
        let parts: Option<Vec<&str>> = parts.into_iter().collect();
        parts.and_then(|p| check_digit(&p.concat())) == Some(last)
    };
    let first = mend(&first, 15..30, |l| whole(l, &second))?;
    let number = if long { long_number(&first)? } else { first.get(5..14)?.trim_end_matches('<').to_owned() };
    let (surname, given_names, tidy) = names(&third);
    // Spain's card for life prints 01 01 9999 (Real Decreto 1553/2005, art. 6), of which a zone holds two places.
    let for_life = country(first.get(2..5)?) == "ESP" && second.get(8..14)? == "990101";
    let expiry =
        if for_life { Some("9999-01-01".to_owned()) } else { day(second.get(8..14)?, false, today)? };
    Some(Mrz {
        code: first.get(0..2)?.trim_end_matches('<').to_owned(),
        issuer: country(first.get(2..5)?),
        number,
        nationality: country(second.get(15..18)?),
        surname,
        given_names,
        tidy_names: tidy,
        birth_date: day(second.get(0..6)?, true, today)?,
        sex: sex(second.chars().nth(7)),
        expiry_date: expiry,
        lines: vec![first, second, third],
    })
}

fn long_number(first: &str) -> Option<String> {
    let rest = first.get(15..30)?.split('<').next()?;
    let (tail, digit) = rest.split_at_checked(rest.len().checked_sub(1)?)?;
    let head = first.get(5..14)?;
    let digit = Some(digit.parse::<u32>().ok()?);
    let number = format!("{head}{tail}");
    (check_digit(&format!("{head}<{tail}")) == digit || check_digit(&number) == digit).then_some(number)
}

/// The French national card of 1988-2021 (2 x 36, a form of its own): names in both lines, no expiry.
pub(super) fn old_french(first: &str, second: &str, today: Date) -> Option<Mrz> {
    // Surname in 5..30, then three digits of the department and three of the office.
    let first = classes(&fitted(first, 36)?, &[(0, 30, L), (33, 36, D)]);
    if !first.starts_with("IDFRA") {
        return None;
    }
    let second = fitted(second, 36)?;
    let second =
        classes(&second, &[(0, 4, D), (7, 13, D), (13, 27, L), (27, 34, D), (34, 35, L), (35, 36, D)]);
    let second = mend(&second, 4..7, |l| checks(l, 0..12, 12))?;
    if !checks(&second, 27..33, 33) {
        return None;
    }
    let composite = format!("{first}{}", second.get(0..35)?);
    if check_digit(&composite)? != second.get(35..36)?.parse::<u32>().ok()? {
        return None;
    }
    Some(Mrz {
        code: "ID".to_owned(),
        issuer: "FRA".to_owned(),
        number: second.get(0..12)?.to_owned(),
        nationality: "FRA".to_owned(),
        surname: words(first.get(5..30)?),
        given_names: words(second.get(13..27)?),
        // Both parts are covered by the last check digit.
        tidy_names: true,
        birth_date: day(second.get(27..33)?, true, today)?,
        sex: sex(second.chars().nth(34)),
        expiry_date: None,
        lines: vec![first, second],
    })
}

/// The French driving licence of 2013 (1 x 30, after ISO/IEC 18013): number, expiry, the start of the surname.
pub(super) fn french_licence(line: &str, today: Date) -> Option<Mrz> {
    let line = classes(
        &fitted(line, 30)?,
        &[(0, 1, L), (1, 2, D), (2, 5, L), (14, 21, D), (21, 29, L), (29, 30, D)],
    );
    if !line.starts_with("D1FRA") {
        return None;
    }
    // The first digit covers the line so far, head and all; the last covers everything.
    let line = mend(&line, 5..14, |l| checks(l, 0..14, 14) && checks(l, 0..29, 29))?;
    Some(Mrz {
        code: "D1".to_owned(),
        issuer: "FRA".to_owned(),
        number: line.get(5..14)?.trim_end_matches('<').to_owned(),
        nationality: String::new(),
        surname: words(line.get(21..29)?),
        given_names: String::new(),
        // Eight letters at most: a longer name is cut.
        tidy_names: line.get(28..29)? == "<",
        birth_date: None,
        sex: None,
        expiry_date: day(line.get(15..21)?, false, today)?,
        lines: vec![line],
    })
}

fn words(field: &str) -> String {
    field.split('<').filter(|w| !w.is_empty()).collect::<Vec<_>>().join(" ")
}

/// Surname, given names, and whether nothing else stood in the field: fillers misread as letters do.
fn names(field: &str) -> (String, String, bool) {
    let field: String = field.chars().map(|c| if c == '<' { c } else { fit(c, L) }).collect();
    let (surname, rest) = field.split_once("<<").unwrap_or((&field, ""));
    let rest = rest.trim_start_matches('<');
    let (given, after) = rest.split_once("<<").unwrap_or((rest, ""));
    // Behind the names there are fillers only (9303-3 §4.6); OCR takes some for K, C, L, S.
    let stray: Vec<&str> = after.split('<').filter(|w| !w.is_empty()).collect();
    let tidy = stray.iter().all(|w| w.len() <= 2) && !given.is_empty();
    (words(surname), words(given), tidy)
}

/// The day a zone says: none where it is filled up; `None` where no month has it, for then the zone is refused.
#[allow(clippy::option_option)]
fn day(yymmdd: &str, born: bool, today: Date) -> Option<Option<String>> {
    if yymmdd.contains('<') {
        return Some(None);
    }
    iso_date(yymmdd, born, today).map(Some)
}

fn iso_date(yymmdd: &str, born: bool, today: Date) -> Option<String> {
    let n: u32 = yymmdd.parse().ok()?;
    let (yy, mm, dd) = (i32::try_from(n / 10_000).ok()?, n / 100 % 100, n % 100);
    let this = today.year() % 100;
    let year = if born {
        if yy > this { 1900 + yy } else { 2000 + yy }
    } else if yy > this + 50 {
        1900 + yy
    } else {
        2000 + yy
    };
    let month = Month::try_from(u8::try_from(mm).ok()?).ok()?;
    let date = Date::from_calendar_date(year, month, u8::try_from(dd).ok()?).ok()?;
    Some(crate::understand::dates::iso(date))
}

fn sex(c: Option<char>) -> Option<char> {
    match c {
        Some('M') => Some('M'),
        Some('F') => Some('F'),
        Some('<' | 'X') => Some('X'),
        _ => None,
    }
}

/// ISO 3166-1 alpha-3, or ICAO's own code where it has one; Germany is a single D in a zone (9303-3 §5).
fn country(s: &str) -> String {
    let code: String = s.chars().map(|c| if c == '<' { c } else { fit(c, L) }).collect();
    match code.trim_end_matches('<') {
        "D" => "DEU".to_owned(),
        code => code.to_owned(),
    }
}
