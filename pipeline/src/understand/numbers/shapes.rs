//! What a document's number looks like, right behind its label.

use super::words::{AGAIN, DATES, GLUED, NO_PREFIX, SIGN, UNITS};
use crate::understand::{dates, sheet::fold};

/// The number at the start of `text`, joined where blanks cut it; none where anything but marks comes first.
#[must_use]
pub fn number_at(text: &str) -> Option<String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let mut i = words.iter().position(|w| w.chars().any(char::is_alphanumeric))?;
    // "Rechnungsnr./-datum 6001 / 30.07.2022": two labels with their two values.
    if words[i].trim_start_matches('.').starts_with('/')
        && DATES.contains(&fold(trim(words[i])).as_str())
        && words.len() > i + 1
    {
        i += 1;
    }
    let mut first = without_label(trim(words[i]));
    // "No. 17", "Nº 17": a second number word before the number.
    if AGAIN.contains(&fold(first).as_str()) && words.len() > i + 1 {
        i += 1;
        first = trim(words[i]);
    }
    let mut value = first.to_owned();
    let next = words.get(i + 1).map(|w| trim(w));
    let digits = |w: &str| w.chars().filter(char::is_ascii_digit).count();
    if digits(first) == 0 {
        // A prefix in letters may stand apart: "CS 10012", "FE 2041".
        let prefix =
            (1..=5).contains(&first.chars().count()) && first.chars().all(|c| c.is_uppercase() || c == '-');
        let prefix = prefix && !NO_PREFIX.contains(&fold(first).as_str());
        let tail = next.filter(|n| {
            let run = digits(n) >= 2 && n.starts_with(|c: char| c.is_ascii_digit()) && numeric(n);
            prefix && (run || slashed(n))
        })?;
        value = format!("{value} {tail}");
        i += 1;
        // "RE 00171 20": its year, cut off by a blank.
        let year = words.get(i + 1).filter(|w| w.len() == 2 && w.bytes().all(|b| b.is_ascii_digit()));
        if let Some(year) = year.filter(|_| digits(tail) >= 4 && !tail.contains(['/', '-', '.'])) {
            value = format!("{value} {year}");
            i += 1;
        }
    }
    value = grouped(first, &words[i + 1..]).unwrap_or(value);
    // A slash between blanks: "RE 2024 / 17".
    if let (Some(&"/" | &"-"), Some(tail)) = (words.get(i + 1), words.get(i + 2))
        && tail.starts_with(|c: char| c.is_ascii_digit())
        && numeric(trim(tail))
        && dates::dates(&fold(tail), dates::Order::Unknown).is_empty()
        && !value.contains(['/', '-'])
    {
        value = format!("{value}{}{}", words[i + 1], trim(tail));
    }
    let value = joined(value, &words[i..]);
    let mended = lettered(&value);
    let value = if prescribed(&mended) { mended } else { value };
    shaped(&value).then_some(value)
}

/// Groups of three: "12 345 678 901".
fn grouped(first: &str, rest: &[&str]) -> Option<String> {
    if first.len() > 3 || !first.chars().all(|c| c.is_ascii_digit()) {
        return None;
    }
    let group = |w: &str| w.len() == 3 && w.chars().all(|c| c.is_ascii_digit());
    let tail: Vec<&str> = rest.iter().map(|w| trim(w)).take_while(|w| group(w)).collect();
    (tail.len() >= 2).then(|| format!("{first} {}", tail.join(" ")))
}

/// A hyphen or slash cut off by a blank: "INV - 100", "2017/ 55".
fn joined(mut value: String, words: &[&str]) -> String {
    let has_digit = |text: &str| text.chars().any(|c| c.is_ascii_digit());
    for pair in words.windows(2) {
        let (mark, tail) = (pair[0], trim(pair[1]));
        if !mark.ends_with(['-', '/']) || !has_digit(tail) || !has_digit(&value) {
            break;
        }
        value = format!("{value}{}{tail}", if mark.ends_with('/') { "/" } else { "-" });
    }
    value
}

/// Whether a text is only marks and a word for a date: "./-datum".
#[must_use]
pub fn says_date(text: &str) -> bool {
    text.contains('/') && DATES.contains(&fold(trim(text.trim())).as_str())
}

/// "Nº000.000.002": the word for a number that touches it is no part of it.
fn without_label(word: &str) -> &str {
    let at = word.find(|c: char| c.is_ascii_digit()).unwrap_or(0);
    let (label, number) = word.split_at(at);
    let label = label.trim_end_matches([':', '.', 'º', '°', '#']);
    let marked = label.len() < at;
    let known = GLUED.contains(&fold(label).as_str());
    if marked && known { number } else { word }
}

fn trim(word: &str) -> &str {
    word.trim_matches(|c: char| !c.is_alphanumeric())
}

fn numeric(word: &str) -> bool {
    word.chars().all(|c| c.is_ascii_digit() || matches!(c, '-' | '/' | '.'))
}

/// A series and a number, as Portuguese papers print them: "A/123", "2024A/1832".
fn slashed(word: &str) -> bool {
    word.split_once('/').is_some_and(|(series, number)| {
        (1..=12).contains(&series.len())
            && series.chars().all(|c| c.is_ascii_alphanumeric())
            && !number.is_empty()
            && number.chars().all(|c| c.is_ascii_digit())
    })
}

/// A number in a form that a state prescribes, which needs no label: Portugal's "FT 2024A/1832" (SAF-T).
#[must_use]
pub fn certified(text: &str) -> Option<String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let portuguese = words.windows(2).find_map(|pair| {
        let [kind, number] = pair else { return None };
        let number = trim(number);
        let known = ["FT", "FS", "FR", "NC", "ND", "VD"].contains(&kind.trim_start_matches([':', '-']));
        (known && slashed(number)).then(|| format!("{kind} {number}"))
    });
    let brazilian = words.windows(2).find_map(|pair| {
        let (sign, number) = (fold(pair[0]), trim(pair[1]));
        let nine = number.len() == 9 && number.starts_with('0') && number.bytes().all(|b| b.is_ascii_digit());
        (nine && SIGN.contains(&sign.as_str())).then(|| number.to_owned())
    });
    portuguese.or(brazilian).or_else(|| words.iter().map(|w| lettered(trim(w))).find(|w| prescribed(w)))
}

/// `10329/P0S1/1`: a nought between two letters is the letter.
fn lettered(word: &str) -> String {
    let chars: Vec<char> = word.chars().collect();
    let letter = |at: Option<usize>| at.and_then(|at| chars.get(at)).is_some_and(char::is_ascii_uppercase);
    let mend = |(at, c): (usize, &char)| {
        let between = letter(at.checked_sub(1)) && letter(Some(at + 1));
        if *c == '0' && between && word.contains('/') { 'O' } else { *c }
    };
    chars.iter().enumerate().map(mend).collect()
}

/// Forms that a state prescribes: Argentina's point of sale and number (RG 1415, annex II: `00004-00017649`), Peru's series
/// of electronic papers (R.S. 097-2012/SUNAT: `F001-123`), Croatia's number, premises and till (NN 133/12: `10329/POS1/1`),
/// Brazil's nine figures (MOC, annex II: `000.000.123`).
fn prescribed(word: &str) -> bool {
    let all = |part: &str, is: fn(&u8) -> bool| !part.is_empty() && part.as_bytes().iter().all(is);
    let groups: Vec<&str> = word.split('.').collect();
    if groups.len() == 3
        && word.starts_with('0')
        && groups.iter().all(|g| g.len() == 3 && all(g, u8::is_ascii_digit))
    {
        return true;
    }
    if let Some((series, number)) = word.split_once('-')
        && all(number, u8::is_ascii_digit)
    {
        let argentine =
            (4..=5).contains(&series.len()) && all(series, u8::is_ascii_digit) && number.len() == 8;
        let peruvian = series.len() == 4
            && series.starts_with(['F', 'B', 'E'])
            && all(&series[1..], |b| b.is_ascii_digit() || b.is_ascii_uppercase())
            && series[1..].bytes().any(|b| b.is_ascii_digit())
            && (1..=8).contains(&number.len());
        return argentine || peruvian;
    }
    let mut parts = word.split('/');
    let (Some(number), Some(premises), Some(till), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return false;
    };
    all(number, u8::is_ascii_digit)
        && all(premises, u8::is_ascii_alphanumeric)
        && premises.bytes().any(|b| b.is_ascii_alphabetic())
        && all(till, u8::is_ascii_digit)
        && till.len() <= 3
}

/// A universal identifier, which is no number anyone would say.
fn universal(value: &str) -> bool {
    value.split('-').map(str::len).eq([8, 4, 4, 4, 12])
}

/// Whether a value can be a number: no date, amount, share, clock time or phone.
fn shaped(value: &str) -> bool {
    let digits = value.chars().filter(char::is_ascii_digit).count();
    let signs =
        value.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '/' | '.' | '_' | ' ' | '\\' | '#'));
    let folded = fold(value);
    let dated = value.contains(['/', '.', '-']) && {
        let parts = value.split(['/', '.', '-']).count();
        parts == 3 && numeric(value) && !dates::dates(&folded, dates::Order::Unknown).is_empty()
    };
    let decimals = value.rsplit_once(['.', ',']).is_some_and(|(whole, cents)| {
        cents.len() == 2
            && cents.chars().all(|c| c.is_ascii_digit())
            && whole.chars().all(|c| c.is_ascii_digit() || c == ',' || c == '.')
    });
    let counted = UNITS.contains(&folded.trim_start_matches(|c: char| c.is_ascii_digit()));
    digits >= 1
        && signs
        && !counted
        && (1..=40).contains(&value.len())
        && !universal(value)
        && !dated
        && !decimals
}

/// Letters that OCR takes for digits stand among digits: the value may be misread.
#[must_use]
pub fn doubtful(value: &str) -> bool {
    let chars: Vec<char> = value.chars().collect();
    chars.windows(3).any(|w| {
        matches!(w[1], 'O' | 'o' | 'I' | 'l' | 'Z' | 'S' | 'B')
            && w[0].is_ascii_digit()
            && w[2].is_ascii_digit()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_number_looks_like() {
        let cases = [
            (" No: 22497", Some("22497")),
            (": TD01167000", Some("TD01167000")),
            ("CS 10012", Some("CS 10012")),
            (" F-2024/001 of today", Some("F-2024/001")),
            (": 2014-03", Some("2014-03")),
            ("# invoice_number_1", Some("invoice_number_1")),
            (" 12 345 678 901", Some("12 345 678 901")),
            ("INV- 100", Some("INV 100")),
            ("RE-2017/ 505", Some("RE-2017/505")),
            ("RE 2024 / 17", Some("RE 2024/17")),
            ("/-datum 6001215715 / 30.07.2022", Some("6001215715")),
            ("Nº000.000.002", Some("000.000.002")),
            ("N-2024", Some("N-2024")),
            ("./-datum 201510234 /29.10.2020", Some("201510234")),
            (" RE 00171 20 Datum 24.07.2020", Some("RE 00171 20")),
            (" NRO.: 00004-00017649", Some("00004-00017649")),
            (" SÉRIE 001", None),
            (" 1uds", None),
            ("FR A/123", Some("FR A/123")),
            ("5F4DCC3B-AA76-4A5B-9B0C-1234567890AB", None),
            (": 12/03/2024", None),
            (" 2024-03-12", None),
            ("thank you", None),
            ("12.50", None),
            ("", None),
        ];
        for (text, value) in cases {
            assert_eq!(number_at(text).as_deref(), value, "{text}");
        }
    }

    #[test]
    fn certified_numbers_need_no_label() {
        assert_eq!(certified("Fatura: FT 2024A/1832").as_deref(), Some("FT 2024A/1832"));
        assert_eq!(certified("FT 12/03/2024"), None);
        for number in ["00004-00017649", "F001-123", "10329/POS1/1", "000.000.123"] {
            assert_eq!(certified(&format!("PERU {number}")).as_deref(), Some(number));
        }
        assert_eq!(certified("IE: 123456789 Nº 000000123 www").as_deref(), Some("000000123"));
        assert_eq!(number_at(":10329/P0S1/1").as_deref(), Some("10329/POS1/1"));
        for other in ["0341-2569", "12/03/2024", "12/mar/2024", "E-123", "FAST-12", "2024-12345678901"] {
            assert_eq!(certified(other), None, "{other}");
        }
    }

    #[test]
    fn letters_among_digits_are_doubtful() {
        assert!(doubtful("180O27") && !doubtful("OR18027") && !doubtful("INV-12"));
    }

    proptest::proptest! {
        #[test]
        fn never_panics(text in "\\PC{0,40}") {
            let _ = (number_at(&text), doubtful(&text), super::super::labels::labels(&text));
        }
    }
}
