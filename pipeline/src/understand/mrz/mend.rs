//! Characters of a zone: its check digits, and what OCR takes for each other.
//!
//! A character is changed only where its place in the line says what it must be, or where exactly one reading of the
//! look-alikes makes the check digit right. Two readings that do are no reading.

use std::ops::Range;

/// More look-alikes than this in one field leave too much to chance.
const MAX_DOUBTS: usize = 8;
/// Characters changed at once: three slips in one field are no slips.
const MAX_SLIPS: u32 = 2;

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

/// Whether the digit at `at` is the check digit of `field`.
pub(super) fn checks(line: &str, field: Range<usize>, at: usize) -> bool {
    let (Some(field), Some(digit)) = (line.get(field), line.get(at..=at)) else { return false };
    // An empty optional field may carry a filler instead of 0 (9303-4 §4.2.2.2).
    let said = digit.chars().next().and_then(|c| if c == '<' { Some(0) } else { c.to_digit(10) });
    said.is_some() && said == check_digit(field)
}

/// What stands at a place of a line.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Class {
    Letter,
    Digit,
    Any,
}

/// Makes a character fit its class: the pairs that OCR takes for each other.
pub(super) fn fit(c: char, class: Class) -> char {
    match (class, c) {
        (Class::Digit, 'O' | 'Q' | 'D' | 'U') => '0',
        (Class::Digit, 'I' | 'L' | 'T') => '1',
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

/// Every character made to fit the class of its place; fillers stay.
pub(super) fn classes(line: &str, spans: &[(usize, usize, Class)]) -> String {
    line.chars()
        .enumerate()
        .map(|(i, c)| {
            let class = spans.iter().find(|(a, b, _)| (*a..*b).contains(&i)).map_or(Class::Any, |s| s.2);
            if c == '<' { c } else { fit(c, class) }
        })
        .collect()
}

/// The line as it is if it is `right`; else its only reading of look-alikes within `places` that is.
pub(super) fn mend(line: &str, places: Range<usize>, right: impl Fn(&str) -> bool) -> Option<String> {
    if right(line) {
        return Some(line.to_owned());
    }
    let doubts: Vec<usize> = places
        .filter(|i| line.as_bytes().get(*i).is_some_and(|b| b"O0I1S5B8Z2G6D".contains(b)))
        .take(MAX_DOUBTS + 1)
        .collect();
    if doubts.len() > MAX_DOUBTS {
        return None;
    }
    let mut found = None;
    for mask in (1_u32..(1 << doubts.len())).filter(|mask| mask.count_ones() <= MAX_SLIPS) {
        let mut bytes = line.as_bytes().to_vec();
        for (bit, place) in doubts.iter().enumerate() {
            if mask & (1 << bit) != 0
                && let Some(b) = bytes.get_mut(*place)
            {
                let c = char::from(*b);
                *b = if c.is_ascii_digit() { fit(c, Class::Letter) } else { fit(c, Class::Digit) } as u8;
            }
        }
        let Ok(tried) = String::from_utf8(bytes) else { continue };
        if right(&tried) {
            if found.is_some() {
                // Two readings satisfy it: nobody can tell.
                return None;
            }
            found = Some(tried);
        }
    }
    found
}

/// Brings a line to its length: fillers in the middle of a run are what OCR miscounts.
pub(super) fn fitted(line: &str, length: usize) -> Option<String> {
    let n = line.len();
    if n == length {
        return Some(line.to_owned());
    }
    let (start, run) = longest_filler(line)?;
    if n < length && length - n <= 8 && run >= 2 {
        let mut out = line.to_owned();
        out.insert_str(start, &"<".repeat(length - n));
        return Some(out);
    }
    if n > length && n - length <= 6 && run > n - length {
        let mut out = line.to_owned();
        out.replace_range(start..start + (n - length), "");
        return Some(out);
    }
    None
}

/// Start and length of the longest run of fillers, the last of equals.
fn longest_filler(line: &str) -> Option<(usize, usize)> {
    let (mut best, mut start) = (None, None);
    for (i, c) in line.char_indices().chain([(line.len(), ' ')]) {
        match (c, start) {
            ('<', None) => start = Some(i),
            ('<', Some(_)) | (_, None) => {}
            (_, Some(from)) => {
                if best.is_none_or(|(_, n)| i - from >= n) {
                    best = Some((from, i - from));
                }
                start = None;
            }
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_reading_is_taken_and_two_are_none() {
        let whole = |field: &str| format!("{field}{}", check_digit(field).unwrap());
        let right = |l: &str| checks(l, 0..6, 6);
        let truth = whole("HOJ347");
        assert_eq!(mend(&truth.replace('O', "0"), 0..6, right), Some(truth));
        // Places 1 and 4 weigh the same: the letter may have stood at either.
        assert_eq!(mend(&whole("HOJ307").replace('O', "0"), 0..6, right), None);
    }

    #[test]
    fn fillers_are_counted_again() {
        assert_eq!(fitted("AB<<CD<<<<", 12).as_deref(), Some("AB<<CD<<<<<<"));
        assert_eq!(fitted("AB<<CD<<<<", 8).as_deref(), Some("AB<<CD<<"));
        assert_eq!(fitted("ABCDEFGH", 9), None);
        assert_eq!(fitted("A<<<<<<<<<<<<<<<B", 4), None);
    }
}
