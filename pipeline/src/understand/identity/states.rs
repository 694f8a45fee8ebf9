//! The United States that print their name on a card, and what the numbers of their licences look like.

use crate::understand::sheet::has_phrase;

/// A state's name, folded, and the shapes of its numbers as the states publish them: `A` a letter, then how many digits.
/// None where they are too many, or any letters and digits will do.
type State = (&'static str, &'static [&'static str]);

#[rustfmt::skip]
const STATES: &[State] = &[
    ("alabama", &["7", "8"]), ("alaska", &["7"]), ("arizona", &["A8", "9"]), ("arkansas", &["8", "9"]),
    ("california", &["A7"]), ("colorado", &["9"]), ("connecticut", &["9"]), ("delaware", &["6", "7"]),
    ("florida", &["A12", "A13"]), ("georgia", &["7", "8", "9"]), ("hawaii", &["A8", "9"]), ("idaho", &[]),
    ("illinois", &["A11"]), ("indiana", &["10", "9"]), ("iowa", &["3AA4", "9"]), ("kansas", &["A8", "9"]),
    ("kentucky", &["A8", "9"]), ("louisiana", &["8", "9"]), ("maine", &["7", "8"]), ("maryland", &["A12"]),
    ("massachusetts", &["A8", "AA7", "9"]), ("michigan", &["A12", "A10"]), ("minnesota", &["A12"]),
    ("mississippi", &["9"]), ("missouri", &[]), ("montana", &["13", "9"]), ("nebraska", &["A8"]),
    ("nevada", &["10", "12", "9"]), ("new hampshire", &["AAA8", "2AAA5"]), ("new jersey", &["A14"]),
    ("new mexico", &["9", "8"]), ("new york", &["9", "8"]), ("north carolina", &["12", "8"]),
    ("north dakota", &["AAA6", "9"]), ("ohio", &["AA6"]), ("oklahoma", &["A9", "9"]), ("oregon", &["7", "A6"]),
    ("pennsylvania", &["8"]), ("rhode island", &["7", "8"]), ("south carolina", &["9", "11"]),
    ("south dakota", &["8", "10", "12"]), ("tennessee", &["9", "8"]), ("texas", &["8"]), ("utah", &["9"]),
    ("vermont", &["8", "7A"]), ("virginia", &["A8", "9"]), ("washington", &[]), ("west virginia", &["A6", "7"]),
    ("wisconsin", &["A13"]), ("wyoming", &["9"]),
];

/// The state that a card's first lines name.
pub(super) fn state(head: &str) -> Option<&'static State> {
    let bare: String = head.chars().filter(|c| c.is_alphanumeric()).collect();
    let named =
        |name: &str| has_phrase(head, name) || (name.len() > 7 && bare.contains(&name.replace(' ', "")));
    // West Virginia is not Virginia.
    STATES.iter().filter(|(name, _)| named(name)).max_by_key(|(name, _)| name.len())
}

/// How a number goes with its state.
#[derive(Debug, PartialEq)]
pub(super) enum Fit {
    /// As they look there.
    Right,
    /// It would, had a letter been read for a digit or a digit for a letter; here it is so.
    Misread(String),
    /// Nothing can be said.
    Unknown,
}

/// Compares a number with the shapes of its state.
pub(super) fn fit(state: &State, number: &str) -> Fit {
    let bare: Vec<char> = number.chars().filter(char::is_ascii_alphanumeric).collect();
    let shapes: Vec<Vec<bool>> = state.1.iter().map(|shape| letters(shape)).collect();
    if shapes.iter().any(|shape| fits(shape, &bare)) {
        return Fit::Right;
    }
    let mended = shapes.iter().filter(|s| s.len() == bare.len()).find_map(|shape| {
        let mend = |(letter, c): (&bool, &char)| if *letter { as_letter(*c) } else { as_digit(*c) };
        let mended: Vec<char> = shape.iter().zip(&bare).map(mend).collect::<Option<_>>()?;
        let slips = mended.iter().zip(&bare).filter(|(a, b)| a != b).count();
        (slips == 1).then(|| mended.into_iter().collect())
    });
    mended.map_or(Fit::Unknown, Fit::Misread)
}

/// Whether this is a number of the state, with a letter and digits enough to be nothing else.
pub(super) fn plainly(state: &State, word: &str) -> bool {
    let bare: Vec<char> = word.chars().collect();
    let shapes = state.1.iter().filter(|s| s.starts_with('A')).map(|shape| letters(shape));
    shapes.into_iter().any(|shape| shape.len() >= 8 && fits(&shape, &bare))
}

fn fits(shape: &[bool], bare: &[char]) -> bool {
    shape.len() == bare.len()
        && shape
            .iter()
            .zip(bare)
            .all(|(letter, c)| if *letter { c.is_ascii_uppercase() } else { c.is_ascii_digit() })
}

/// For each character of a shape whether it is a letter.
fn letters(shape: &str) -> Vec<bool> {
    let mut out = Vec::new();
    let mut digits = String::new();
    for c in shape.chars().chain(['A']) {
        if c.is_ascii_digit() {
            digits.push(c);
            continue;
        }
        out.extend(std::iter::repeat_n(false, digits.parse().unwrap_or(0)));
        digits.clear();
        out.push(true);
    }
    out.pop();
    out
}

fn as_digit(c: char) -> Option<char> {
    Some(match c {
        'O' | 'D' | 'Q' | 'o' => '0',
        'I' | 'l' | 'L' | 'i' => '1',
        'Z' => '2',
        'S' => '5',
        'G' => '6',
        'B' => '8',
        c if c.is_ascii_digit() => c,
        _ => return None,
    })
}

fn as_letter(c: char) -> Option<char> {
    Some(match c {
        '0' => 'O',
        '1' | 'l' => 'I',
        '2' => 'Z',
        '5' => 'S',
        '6' => 'G',
        '8' => 'B',
        c if c.is_ascii_alphabetic() => c.to_ascii_uppercase(),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_name_counts() {
        assert_eq!(state("westvirginia commercial").map(|s| s.0), Some("west virginia"));
        assert_eq!(state("virginia\nusa").map(|s| s.0), Some("virginia"));
        assert_eq!(state("gallia"), None);
    }

    #[test]
    fn look_alikes_are_told_from_numbers_of_no_state() {
        let of = |name: &str, number: &str| fit(state(name).unwrap(), number);
        assert_eq!(of("california", "Y1234567"), Fit::Right);
        assert_eq!(of("california", "11234567"), Fit::Misread("I1234567".to_owned()));
        assert_eq!(of("colorado", "97-730-O020"), Fit::Misread("977300020".to_owned()));
        assert_eq!(of("colorado", "ABC"), Fit::Unknown);
        assert_eq!(of("vermont", "1234567A"), Fit::Right);
        // One slip is likely, two are another shape.
        assert_eq!(of("california", "11234S67"), Fit::Unknown);
        assert_eq!(of("washington", "WDLABCD456DG"), Fit::Unknown);
    }
}
