//! Machine readable zones (ICAO Doc 9303 parts 3-7): found, mended by field position, and believed only when every
//! check digit agrees.
//!
//! Lines that may be a zone are taken from the rows of a page; `formats` tries each format on them; `mend` knows the
//! check digits and the look-alikes of OCR.

mod formats;
mod mend;

use time::Date;

use self::formats::{french_licence, old_french, three_lines, two_lines};
pub use self::mend::check_digit;
use super::sheet::Sheet;
use crate::fields::PageBox;

/// The check that a zone fails whose digits do not agree, as its reason names it.
pub const UNREAD: &str = "mrz check digits";

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
    /// Secondary identifiers; empty on a licence.
    pub given_names: String,
    /// Whether the names stand in their field as they should. They have no check digit of their own in most formats.
    pub tidy_names: bool,
    /// ISO 8601.
    pub birth_date: Option<String>,
    /// `M`, `F` or `X`.
    pub sex: Option<char>,
    /// ISO 8601.
    pub expiry_date: Option<String>,
}

impl Mrz {
    /// What the issuer may put where it likes: two fields on a card of three lines, one behind the expiry of the others.
    #[must_use]
    pub fn optional(&self) -> Vec<String> {
        let part = |line: usize, range: std::ops::Range<usize>| {
            self.lines.get(line).and_then(|l| l.get(range)).unwrap_or_default().to_owned()
        };
        match self.lines.len() {
            3 => vec![part(0, 15..30), part(1, 18..29)],
            2 => vec![part(1, 28..self.lines.get(1).map_or(28, |l| l.len().max(29) - 1))],
            _ => Vec::new(),
        }
    }

    /// The last day on which a document without an expiry date can be valid: the old French card, whose number begins
    /// with year and month of issue, for 15 years (décret 2013-1188; cards of minors and older ones for 10).
    #[must_use]
    pub fn outlived(&self) -> Option<Date> {
        self.lines.first().filter(|l| l.len() == 36 && l.starts_with("IDFRA"))?;
        let (year, month) =
            (self.number.get(0..2)?.parse::<i32>().ok()?, self.number.get(2..4)?.parse::<u8>().ok()?);
        let year = if year > 80 { 1900 + year } else { 2000 + year };
        let month = time::Month::try_from(month).ok()?;
        Date::from_calendar_date(year + 15, month, month.length(year + 15)).ok()
    }
}

/// A zone and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct ReadZone {
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
    Read(Box<ReadZone>),
    /// Lines that are clearly meant as a zone but do not check.
    Unread {
        /// One-based page.
        page: u32,
    },
    /// No sign of one.
    None,
}

/// A row that may be a line of a zone.
struct Candidate {
    row: usize,
    /// The line, and the same without a scrap read before or after it.
    readings: Vec<String>,
    /// Whether its fillers leave no doubt that it belongs to a zone.
    plain: bool,
}

/// Upper case without blanks; what OCR makes of `<` and of `I` becomes just that.
fn zone_text<'a>(words: impl Iterator<Item = &'a str>) -> String {
    let mut text = String::new();
    for c in words.flat_map(str::chars).flat_map(char::to_uppercase) {
        match c {
            '«' | '≪' => text.push_str("<<"),
            '<' | '‹' | '〈' | '＜' | '>' | '(' | '{' | '[' => text.push('<'),
            '|' | '!' => text.push('I'),
            c if c.is_ascii_alphanumeric() => text.push(c),
            _ => {}
        }
    }
    text
}

fn candidate(row: usize, text: &str) -> Option<Candidate> {
    let fillers = text
        .chars()
        .map(|c| if "«≪".contains(c) { 2 } else { usize::from("<‹＜".contains(c)) })
        .sum::<usize>();
    let small = text.chars().filter(|c| c.is_lowercase()).count();
    let words: Vec<&str> = text.split_whitespace().collect();
    let scrap = |word: &str| word.chars().count() <= 4 && !word.contains('<');
    let mut readings = vec![zone_text(words.iter().copied())];
    if let [first, rest @ ..] = words.as_slice()
        && scrap(first)
    {
        readings.push(zone_text(rest.iter().copied()));
    }
    if let [rest @ .., last] = words.as_slice()
        && scrap(last)
    {
        readings.push(zone_text(rest.iter().copied()));
    }
    readings.retain(|r| (26..=50).contains(&r.len()));
    readings.dedup();
    let letters = text.chars().filter(|c| c.is_alphanumeric()).count();
    let plain = fillers >= 4
        && text.contains("<<")
        && letters >= 8
        && fillers + letters >= 26
        && small * 3 <= letters;
    (plain || !readings.is_empty() && words.len() <= 8).then_some(Candidate { row, readings, plain })
}

/// Reads the lines of one zone.
#[must_use]
pub fn parse_lines(lines: &[&str]) -> Option<Mrz> {
    parse(lines, time::OffsetDateTime::now_utc().date())
}

fn parse(lines: &[&str], today: Date) -> Option<Mrz> {
    match lines {
        [a] => french_licence(a, today),
        [a, b] => two_lines(a, b, 44, today)
            .or_else(|| old_french(a, b, today))
            .or_else(|| two_lines(a, b, 36, today)),
        [a, b, c] => three_lines(a, b, c, today),
        _ => None,
    }
}

/// The first reading of these lines that checks.
fn read(lines: &[&Candidate], today: Date) -> Option<Mrz> {
    match lines {
        [a] => a.readings.iter().find_map(|a| parse(&[a], today)),
        [a, b] => a.readings.iter().find_map(|a| b.readings.iter().find_map(|b| parse(&[a, b], today))),
        [a, b, c] => a.readings.iter().find_map(|a| {
            b.readings.iter().find_map(|b| c.readings.iter().find_map(|c| parse(&[a, b, c], today)))
        }),
        _ => None,
    }
}

/// Looks for a zone on every page.
#[must_use]
pub fn find(sheet: &Sheet, today: Date) -> Zone {
    let lines: Vec<Candidate> =
        sheet.rows.iter().enumerate().filter_map(|(i, r)| candidate(i, &r.text)).collect();
    for (n, first) in lines.iter().enumerate() {
        // A scrap of the background may stand between two lines of a zone.
        let near = |k: usize| lines.get(n + k).filter(|c| c.row <= first.row + 2 * k);
        let found = [3, 2, 1].into_iter().find_map(|count| {
            let zone: Vec<&Candidate> = (0..count).map_while(near).collect();
            let last = zone.last()?.row;
            (zone.len() == count).then(|| read(&zone, today)).flatten().map(|mrz| (mrz, last))
        });
        if let (Some((mrz, last)), Some(top)) = (found, sheet.rows.get(first.row)) {
            let bottom = sheet.rows.get(last).map_or(top.bbox, |r| r.bbox);
            let bbox = [top.bbox[0].min(bottom[0]), top.bbox[1], top.bbox[2].max(bottom[2]), bottom[3]];
            return Zone::Read(Box::new(ReadZone { mrz, page: top.page, bbox }));
        }
    }
    let unread = lines.iter().find(|c| c.plain).and_then(|c| sheet.rows.get(c.row));
    unread.map_or(Zone::None, |row| Zone::Unread { page: row.page })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        fields::Source,
        reading::{Evidence, Line, PageText, Word},
    };

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

    #[test]
    fn a_day_that_no_month_has_is_refused() {
        // Every check digit is right; 41 is no day, 13 no month.
        for wrong in ["740841", "741308"] {
            let digit = check_digit(wrong).unwrap();
            let line = TD3[1].replace("7408122", &format!("{wrong}{digit}"));
            let parts = format!("{}{}{}", &line[0..10], &line[13..20], &line[21..43]);
            let line = format!("{}{}", &line[..43], check_digit(&parts).unwrap());
            assert!(two_lines(TD3[0], &line, 44, TODAY).is_none(), "{line}");
            assert_eq!(find(&page(&[TD3[0], &line]), TODAY), Zone::Unread { page: 1 });
        }
        // What is not known is filled up (9303-3 §4.7).
        let digit = check_digit("<<<<<<").unwrap();
        let line = TD3[1].replace("7408122", &format!("<<<<<<{digit}"));
        let parts = format!("{}{}{}", &line[0..10], &line[13..20], &line[21..43]);
        let line = format!("{}{}", &line[..43], check_digit(&parts).unwrap());
        assert_eq!(two_lines(TD3[0], &line, 44, TODAY).unwrap().birth_date, None);
    }

    fn page(lines: &[&str]) -> Sheet {
        let word = |t: &&str| Word {
            text: (*t).to_owned(),
            bbox: [0.1, 0.5, 0.9, 0.52],
            confidence: 0.9,
            doubtful: Vec::new(),
        };
        let line = |t: &&str| layout_line(t, word(t));
        let lines = lines.iter().map(line).collect();
        let page = PageText {
            number: 1,
            source: Source::Ocr,
            aspect: 1.4,
            lines,
            quarter_turns: 0,
            sharpness: None,
        };
        Sheet::of(&Evidence { pages: vec![page], ..Evidence::default() })
    }

    fn layout_line(text: &str, word: Word) -> Line {
        Line { text: text.to_owned(), bbox: word.bbox, confidence: word.confidence, words: vec![word] }
    }

    /// A zone of the old French card; all its check digits computed.
    fn french() -> [String; 2] {
        let first = format!("{:<36}", "IDFRADURAND").replace(' ', "<");
        let digit = |s: &str| check_digit(s).unwrap();
        let number = "960475R00012";
        let given = format!("{:<14}", "ODILE<<ROSE").replace(' ', "<");
        let second = format!("{number}{}{given}700215{}F", digit(number), digit("700215"));
        let last = digit(&format!("{first}{second}"));
        [first, format!("{second}{last}")]
    }

    #[test]
    fn the_old_french_card_and_its_slips() {
        let [first, second] = french();
        let zone = old_french(&first, &second, TODAY).unwrap();
        assert_eq!((zone.surname.as_str(), zone.given_names.as_str()), ("DURAND", "ODILE ROSE"));
        // Names hold no digits: a 0 there is an O, and the last check digit must agree.
        let slipped = second.replace("ODILE", "0DILE");
        assert_eq!(old_french(&first, &slipped, TODAY).unwrap().given_names, "ODILE ROSE");
        assert!(old_french(&first, &second.replace("ODILE", "ADILE"), TODAY).is_none());
        assert_eq!(zone.outlived(), Some(time::macros::date!(2011 - 04 - 30)));
    }

    #[test]
    fn the_french_licence() {
        let digit = |s: &str| check_digit(s).unwrap();
        let head = format!("D1FRA12BC34567{}280630DURAND<<", digit("D1FRA12BC34567"));
        let line = format!("{head}{}", digit(&head));
        let zone = french_licence(&line, TODAY).unwrap();
        assert_eq!((zone.number.as_str(), zone.expiry_date.as_deref()), ("12BC34567", Some("2028-06-30")));
        assert!(french_licence(&line.replace("280630", "290630"), TODAY).is_none());
    }

    #[test]
    fn bars_are_letters_and_scraps_do_not_count() {
        let first = TD3[0].replace("MARIA", "MAR|A");
        let Zone::Read(found) = find(&page(&["Utopia", &format!("G {first}"), "x", TD3[1]]), TODAY) else {
            panic!("the zone was not read");
        };
        assert_eq!(found.mrz.given_names, "ANNA MARIA");
        assert!(found.mrz.tidy_names);
    }

    #[test]
    fn only_a_plain_zone_counts_as_unread() {
        assert_eq!(
            find(&page(&["BELEG-KENNUNG:>>L20157388200100<<", "Fax: 089/998-0 (Vors.)"]), TODAY),
            Zone::None
        );
        let wrong = TD3[1].replace("7408122", "7408132");
        assert_eq!(find(&page(&[TD3[0], &wrong]), TODAY), Zone::Unread { page: 1 });
    }

    #[test]
    fn fillers_read_as_letters_end_the_names() {
        let first = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<K<<<<<C<<<<<<";
        let zone = two_lines(first, TD3[1], 44, TODAY).unwrap();
        assert_eq!((zone.given_names.as_str(), zone.tidy_names), ("ANNA MARIA", true));
        let first = "P<UTOERIKSSON<ANNA<MARIA<<<<<<<<<<<<<<<<<<<<";
        assert!(!two_lines(first, TD3[1], 44, TODAY).unwrap().tidy_names);
    }

    proptest::proptest! {
        #[test]
        fn never_panics(a in "[A-Z0-9<]{20,48}", b in "[A-Z0-9<]{20,48}", c in "\\PC{0,40}") {
            let _ = (two_lines(&a, &b, 44, TODAY), two_lines(&a, &b, 36, TODAY), old_french(&a, &b, TODAY));
            let _ = (three_lines(&a, &b, &a, TODAY), french_licence(&a, TODAY), candidate(0, &c));
        }
    }
}
