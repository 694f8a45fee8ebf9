//! Machine readable zones (ICAO Doc 9303 parts 3-7): found, mended by field position, and believed only when every
//! check digit agrees.

use time::{Date, Month};

use super::sheet::Sheet;
use crate::fields::PageBox;

/// What a zone says. All check digits of its format are right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mrz {
    /// The lines as mended.
    pub lines: Vec<String>,
    /// `P`, `ID`, `V`, `I`, …: the first characters of the zone.
    pub code: String,
    /// ISO 3166-1 alpha-3 (or ICAO's own codes).
    pub issuer: String,
    /// Document number.
    pub number: String,
    /// Nationality; empty on the old French card.
    pub nationality: String,
    /// Primary identifier.
    pub surname: String,
    /// Secondary identifiers.
    pub given_names: String,
    /// ISO 8601.
    pub birth_date: Option<String>,
    /// `M`, `F` or `X`.
    pub sex: Option<char>,
    /// ISO 8601.
    pub expiry_date: Option<String>,
}

/// A zone and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// What it says.
    pub mrz: Mrz,
    /// One-based page.
    pub page: u32,
    /// Around its lines.
    pub bbox: PageBox,
}

/// Whether the page has a zone, read or not.
#[derive(Debug, Clone, PartialEq)]
pub enum Zone {
    /// Every check digit right.
    Read(Box<Found>),
    /// Lines that look like a zone but do not check.
    Unread {
        /// One-based page.
        page: u32,
    },
    /// No sign of one.
    None,
}

/// Check digit of ICAO 9303-3 §4.9: weights 7, 3, 1; `<` is 0, A is 10.
#[must_use]
pub fn check_digit(field: &str) -> Option<u32> {
    field.chars().zip([7, 3, 1].into_iter().cycle()).try_fold(0, |sum, (c, w)| {
        let v = match c {
            '<' => 0,
            '0'..='9' | 'A'..='Z' => c.to_digit(36)?,
            _ => return None,
        };
        Some((sum + v * w) % 10)
    })
}

/// What stands at a place of a line.
#[derive(Clone, Copy, PartialEq)]
enum Class {
    Letter,
    Digit,
    Any,
}

/// Makes a character fit its class: the pairs that OCR takes for each other.
fn fit(c: char, class: Class) -> char {
    match (class, c) {
        (Class::Digit, 'O' | 'Q' | 'D' | 'U') => '0',
        (Class::Digit, 'I' | 'L' | '|' | 'T') => '1',
        (Class::Digit, 'Z') => '2',
        (Class::Digit, 'A') => '4',
        (Class::Digit, 'S') => '5',
        (Class::Digit, 'G') => '6',
        (Class::Digit, 'B') => '8',
        (Class::Letter, '0') => 'O',
        (Class::Letter, '1') => 'I',
        (Class::Letter, '2') => 'Z',
        (Class::Letter, '4') => 'A',
        (Class::Letter, '5') => 'S',
        (Class::Letter, '6') => 'G',
        (Class::Letter, '8') => 'B',
        _ => c,
    }
}

/// Upper case without blanks; what OCR makes of `<` becomes `<`.
fn zone_text(text: &str) -> String {
    text.chars()
        .filter(|c| !c.is_whitespace())
        .flat_map(char::to_uppercase)
        .map(|c| match c {
            '«' | '‹' | '〈' | '＜' | '(' | '{' | '[' => '<',
            c => c,
        })
        .filter(|c| c.is_ascii_alphanumeric() || *c == '<')
        .collect()
}

fn looks_like_zone(text: &str) -> bool {
    let fillers = text.chars().filter(|c| *c == '<').count();
    let n = text.chars().count();
    (26..=50).contains(&n)
        && (fillers >= 3 || (fillers >= 1 && n >= 28) || (n == 30 && fillers == 0))
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '<')
}

/// Brings a line to its length: fillers in the middle of a run are what OCR miscounts.
fn fitted(line: &str, length: usize) -> Option<String> {
    let n = line.len();
    if n == length {
        return Some(line.to_owned());
    }
    let longest = longest_filler(line);
    if n < length && length - n <= 8 {
        let (start, run) = longest?;
        if run < 2 {
            return None;
        }
        let mut out = line.to_owned();
        out.insert_str(start, &"<".repeat(length - n));
        return Some(out);
    }
    if n > length && n - length <= 6 {
        let (start, run) = longest?;
        if run > n - length {
            let mut out = line.to_owned();
            out.replace_range(start..start + (n - length), "");
            return Some(out);
        }
    }
    None
}

fn longest_filler(line: &str) -> Option<(usize, usize)> {
    let bytes = line.as_bytes();
    let (mut best, mut i) = (None, 0);
    while i < bytes.len() {
        if bytes[i] == b'<' {
            let start = i;
            while bytes.get(i) == Some(&b'<') {
                i += 1;
            }
            if best.is_none_or(|(_, n)| i - start >= n) {
                best = Some((start, i - start));
            }
        } else {
            i += 1;
        }
    }
    best
}

fn classes(line: &str, spans: &[(usize, usize, Class)]) -> String {
    line.chars()
        .enumerate()
        .map(|(i, c)| {
            let class = spans.iter().find(|(a, b, _)| (*a..*b).contains(&i)).map_or(Class::Any, |s| s.2);
            if c == '<' { c } else { fit(c, class) }
        })
        .collect()
}

fn checks(line: &str, field: std::ops::Range<usize>, at: usize) -> bool {
    let (Some(field), Some(digit)) = (line.get(field), line.get(at..=at)) else { return false };
    let expected = check_digit(field);
    // An empty optional field may carry a filler instead of 0 (9303-4 §4.2.2.2).
    digit.chars().next().and_then(|c| if c == '<' { Some(0) } else { c.to_digit(10) }) == expected
}

/// The document number may hold O beside 0: the reading that satisfies its check digit is the right one.
fn mend_number(line: &str, field: std::ops::Range<usize>, at: usize) -> Option<String> {
    if checks(line, field.clone(), at) {
        return Some(line.to_owned());
    }
    let places: Vec<usize> = field
        .clone()
        .filter(|i| line.as_bytes().get(*i).is_some_and(|b| b"O0I1S5B8Z2G6D".contains(b)))
        .take(6)
        .collect();
    let mut found = None;
    for mask in 1_u32..(1 << places.len()) {
        let mut bytes = line.as_bytes().to_vec();
        for (bit, place) in places.iter().enumerate() {
            if mask & (1 << bit) != 0
                && let Some(b) = bytes.get_mut(*place)
            {
                let c = char::from(*b);
                let digit = fit(c, Class::Digit);
                let letter = fit(c, Class::Letter);
                *b = if c.is_ascii_digit() { letter as u8 } else { digit as u8 };
            }
        }
        let Ok(tried) = String::from_utf8(bytes) else { continue };
        if checks(&tried, field.clone(), at) {
            if found.is_some() {
                // Two readings satisfy it: nobody can tell.
                return None;
            }
            found = Some(tried);
        }
    }
    found
}

fn names(field: &str) -> (String, String) {
    let field: String = field.chars().map(|c| if c == '<' { c } else { fit(c, Class::Letter) }).collect();
    // A long run of K, C or S between fillers at the end is fillers misread.
    let trimmed = field.trim_end_matches('<');
    let (surname, given) = trimmed.split_once("<<").unwrap_or((trimmed, ""));
    let words = |s: &str| s.split('<').filter(|w| !w.is_empty()).collect::<Vec<_>>().join(" ");
    (words(surname), words(given))
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
    let date =
        Date::from_calendar_date(year, Month::try_from(u8::try_from(mm).ok()?).ok()?, u8::try_from(dd).ok()?)
            .ok()?;
    Some(super::dates::iso(date))
}

fn sex(c: Option<char>) -> Option<char> {
    match c {
        Some('M') => Some('M'),
        Some('F') => Some('F'),
        Some('<' | 'X') => Some('X'),
        _ => None,
    }
}

fn code3(s: &str) -> String {
    s.chars()
        .map(|c| if c == '<' { c } else { fit(c, Class::Letter) })
        .collect::<String>()
        .trim_end_matches('<')
        .to_owned()
}

const D: Class = Class::Digit;
const L: Class = Class::Letter;

/// TD3 and MRV-A (2 x 44), TD2 and MRV-B (2 x 36): the second lines share their first 28 places.
fn two_lines(first: &str, second: &str, length: usize, today: Date) -> Option<Mrz> {
    let first = fitted(first, length)?;
    let second = fitted(second, length)?;
    let visa = first.starts_with('V');
    let first = classes(&first, &[(0, 1, L), (2, 5, L)]);
    let mut second =
        classes(&second, &[(9, 10, D), (10, 13, L), (13, 20, D), (21, 28, D), (length - 1, length, D)]);
    second = mend_number(&second, 0..9, 9)?;
    if !checks(&second, 13..19, 19) || !checks(&second, 21..27, 27) {
        return None;
    }
    if !visa {
        let composite = if length == 44 {
            if !checks(&second, 28..42, 42) {
                second = mend_number(&second, 28..42, 42)?;
            }
            [second.get(0..10)?, second.get(13..20)?, second.get(21..43)?].concat()
        } else {
            [second.get(0..10)?, second.get(13..20)?, second.get(21..35)?].concat()
        };
        let last = second.chars().next_back()?.to_digit(10)?;
        if check_digit(&composite)? != last {
            return None;
        }
    }
    let (surname, given_names) = names(first.get(5..)?);
    Some(Mrz {
        code: first.get(0..2)?.trim_end_matches('<').to_owned(),
        issuer: code3(first.get(2..5)?),
        number: second.get(0..9)?.trim_end_matches('<').to_owned(),
        nationality: code3(second.get(10..13)?),
        surname,
        given_names,
        birth_date: iso_date(second.get(13..19)?, true, today),
        sex: sex(second.chars().nth(20)),
        expiry_date: iso_date(second.get(21..27)?, false, today),
        lines: vec![first, second],
    })
}

/// TD1 (3 x 30).
fn three_lines(first: &str, second: &str, third: &str, today: Date) -> Option<Mrz> {
    let first = classes(&fitted(first, 30)?, &[(0, 1, L), (2, 5, L), (14, 15, D)]);
    let second = classes(&fitted(second, 30)?, &[(0, 7, D), (8, 15, D), (15, 18, L), (29, 30, D)]);
    let third = fitted(third, 30)?;
    // A number of more than nine places goes on in the optional field (9303-5 note j).
    let long = first.get(14..15)? == "<";
    let first = if long { first } else { mend_number(&first, 5..14, 14)? };
    let number = if long {
        let rest = first.get(15..30)?.trim_end_matches('<');
        let (tail, digit) = rest.split_at_checked(rest.len().checked_sub(1)?)?;
        let number = format!("{}{tail}", first.get(5..14)?);
        (check_digit(&format!("{}<{tail}", first.get(5..14)?)) == digit.parse().ok()
            || check_digit(&number) == digit.parse().ok())
        .then_some(number)?
    } else {
        first.get(5..14)?.trim_end_matches('<').to_owned()
    };
    if !checks(&second, 0..6, 6) || !checks(&second, 8..14, 14) {
        return None;
    }
    let composite = [first.get(5..30)?, second.get(0..7)?, second.get(8..15)?, second.get(18..29)?].concat();
    if check_digit(&composite)? != second.get(29..30)?.parse::<u32>().ok()? {
        return None;
    }
    let (surname, given_names) = names(&third);
    Some(Mrz {
        code: first.get(0..2)?.trim_end_matches('<').to_owned(),
        issuer: code3(first.get(2..5)?),
        number,
        nationality: code3(second.get(15..18)?),
        surname,
        given_names,
        birth_date: iso_date(second.get(0..6)?, true, today),
        sex: sex(second.chars().nth(7)),
        expiry_date: iso_date(second.get(8..14)?, false, today),
        lines: vec![first, second, third],
    })
}

/// The French national card of 1988-2021 (2 x 36, a form of its own): names in both lines, no expiry.
fn old_french(first: &str, second: &str, today: Date) -> Option<Mrz> {
    let first = fitted(first, 36)?;
    let second = fitted(second, 36)?;
    let first = classes(&first, &[(0, 5, L)]);
    if !first.starts_with("IDFRA") {
        return None;
    }
    let second = classes(&second, &[(0, 4, D), (7, 13, D), (27, 34, D), (35, 36, D)]);
    let composite = format!("{first}{}", second.get(0..35)?);
    if !checks(&second, 0..12, 12) || !checks(&second, 27..33, 33) {
        return None;
    }
    if check_digit(&composite)? != second.get(35..36)?.parse::<u32>().ok()? {
        return None;
    }
    let words = |s: &str| s.split('<').filter(|w| !w.is_empty()).collect::<Vec<_>>().join(" ");
    Some(Mrz {
        code: "ID".to_owned(),
        issuer: "FRA".to_owned(),
        number: second.get(0..12)?.to_owned(),
        nationality: "FRA".to_owned(),
        surname: words(first.get(5..30)?),
        given_names: words(second.get(13..27)?),
        birth_date: iso_date(second.get(27..33)?, true, today),
        sex: sex(second.chars().nth(34)),
        expiry_date: None,
        lines: vec![first, second],
    })
}

/// Reads the lines of one zone.
#[must_use]
pub fn parse_lines(lines: &[&str]) -> Option<Mrz> {
    let today = time::OffsetDateTime::now_utc().date();
    match lines {
        [a, b] => two_lines(a, b, 44, today)
            .or_else(|| old_french(a, b, today))
            .or_else(|| two_lines(a, b, 36, today)),
        [a, b, c] => three_lines(a, b, c, today),
        _ => None,
    }
}

/// Looks for a zone on every page.
#[must_use]
pub fn find(sheet: &Sheet, today: Date) -> Zone {
    let lines: Vec<(usize, String)> = sheet
        .rows
        .iter()
        .enumerate()
        .map(|(i, r)| (i, zone_text(&r.text)))
        .filter(|(_, t)| looks_like_zone(t))
        .collect();
    for (n, (i, a)) in lines.iter().enumerate() {
        let next =
            |k: usize| lines.get(n + k).filter(|(j, _)| *j <= i + k + 1).map(|(j, t)| (*j, t.as_str()));
        let Some((j, b)) = next(1) else { continue };
        let read = next(2)
            .and_then(|(k, c)| three_lines(a, b, c, today).map(|m| (m, k)))
            .or_else(|| two_lines(a, b, 44, today).map(|m| (m, j)))
            .or_else(|| old_french(a, b, today).map(|m| (m, j)))
            .or_else(|| two_lines(a, b, 36, today).map(|m| (m, j)));
        if let (Some((mrz, last)), Some(top)) = (read, sheet.rows.get(*i)) {
            let bottom = sheet.rows.get(last).map_or(top.bbox, |r| r.bbox);
            let bbox = [top.bbox[0].min(bottom[0]), top.bbox[1], top.bbox[2].max(bottom[2]), bottom[3]];
            return Zone::Read(Box::new(Found { mrz, page: top.page, bbox }));
        }
    }
    let fillers = lines.iter().filter(|(_, t)| t.contains("<<")).count();
    match lines.first().and_then(|(i, _)| sheet.rows.get(*i)) {
        Some(row) if fillers >= 1 => Zone::Unread { page: row.page },
        _ => Zone::None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TODAY: Date = time::macros::date!(2026 - 01 - 01);
    // The specimens of ICAO 9303 itself (Utopia).
    const TD3: [&str; 2] =
        ["P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<", "L898902C36UTO7408122F1204159ZE184226B<<<<<10"];
    const TD1: [&str; 3] = [
        "I<UTOD231458907<<<<<<<<<<<<<<<",
        "7408122F1204159UTO<<<<<<<<<<<6",
        "ERIKSSON<<ANNA<MARIA<<<<<<<<<<",
    ];
    const TD2: [&str; 2] = ["I<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<", "D231458907UTO7408122F1204159<<<<<<<6"];

    #[test]
    fn the_specimens_of_the_standard() {
        let td3 = two_lines(TD3[0], TD3[1], 44, TODAY).unwrap();
        assert_eq!((td3.surname.as_str(), td3.given_names.as_str()), ("ERIKSSON", "ANNA MARIA"));
        assert_eq!(td3.birth_date.as_deref(), Some("1974-08-12"));
        assert_eq!(td3.expiry_date.as_deref(), Some("2012-04-15"));
        assert_eq!(td3.number, "L898902C3");
        let td1 = three_lines(TD1[0], TD1[1], TD1[2], TODAY).unwrap();
        assert_eq!((td1.number.as_str(), td1.sex), ("D23145890", Some('F')));
        assert_eq!(two_lines(TD2[0], TD2[1], 36, TODAY).unwrap().surname, "ERIKSSON");
    }

    #[test]
    fn ocr_slips_are_mended_by_place() {
        let slipped = TD3[1].replace("740812", "74O8I2");
        assert_eq!(two_lines(TD3[0], &slipped, 44, TODAY).unwrap().birth_date.as_deref(), Some("1974-08-12"));
        let short = TD3[0].trim_end_matches('<').to_owned() + "<<<<<<<<<<<<<<<";
        assert!(two_lines(&short, TD3[1], 44, TODAY).is_some());
    }

    #[test]
    fn a_wrong_digit_is_not_believed() {
        let wrong = TD3[1].replace("7408122", "7408132");
        assert!(two_lines(TD3[0], &wrong, 44, TODAY).is_none());
        let wrong = TD1[1].replace("1204159", "1204169");
        assert!(three_lines(TD1[0], &wrong, TD1[2], TODAY).is_none());
    }

    proptest::proptest! {
        #[test]
        fn never_panics(a in "[A-Z0-9<]{20,48}", b in "[A-Z0-9<]{20,48}", c in "\\PC{0,40}") {
            let _ = (two_lines(&a, &b, 44, TODAY), two_lines(&a, &b, 36, TODAY), old_french(&a, &b, TODAY));
            let _ = (three_lines(&a, &b, &a, TODAY), zone_text(&c), fitted(&c, 30));
        }
    }
}
