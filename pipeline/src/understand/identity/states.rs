//! The United States that print their name on a card, and what the numbers of their licences look like.

use std::sync::LazyLock;

use crate::{knowledge, understand::sheet::has_phrase};

/// A state's name, folded, and the shapes of its numbers, as `data/state_licences.tsv` has them.
type State = (&'static str, Vec<&'static str>);

static STATES: LazyLock<Vec<State>> = LazyLock::new(|| {
    let rows = knowledge::lines(include_str!("../data/state_licences.tsv"));
    rows.filter_map(|line| line.split_once('\t'))
        .map(|(name, shapes)| (name, shapes.split("; ").filter(|shape| *shape != "-").collect()))
        .collect()
});

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
    fn every_line_of_the_file_is_a_state() {
        let lines = knowledge::lines(include_str!("../data/state_licences.tsv"));
        assert_eq!(lines.count(), STATES.len());
        for (name, shapes) in STATES.iter() {
            assert_eq!(crate::understand::sheet::fold(name), *name);
            assert!(shapes.iter().all(|shape| !letters(shape).is_empty()), "{name}");
        }
    }

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
