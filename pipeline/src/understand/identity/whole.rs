//! Where the surname begins in a name that stands on one line without labels.
//!
//! Two words leave no choice, nor does a comma, nor an initial between two words; of more words the last is a surname
//! but perhaps not the only one, unless the names of the parents tell.

use super::{
    countries,
    words::{PARTICLES, SUFFIXES},
};
use crate::understand::sheet::fold;

/// There is one way to part it.
const CERTAIN: f32 = 0.92;
/// Two words where either order is in use, or one may be no surname.
const LIKELY: f32 = 0.85;
/// One of several ways.
const GUESS: f32 = 0.6;

/// A name on one line and what is known about it.
pub(super) struct Whole<'a> {
    pub text: &'a str,
    /// After how many words a comma stands.
    pub comma_after: Option<usize>,
    /// Alpha-3 code of who issued the document.
    pub country: Option<&'a str>,
    /// The label says so.
    pub surname_first: bool,
    /// Names of the parents, as printed.
    pub parents: &'a [String],
}

/// The two parts and how sure the seam is.
#[derive(Debug, PartialEq)]
pub(super) struct Split {
    pub surname: String,
    pub given: String,
    pub confidence: f32,
}

/// Parts the name, or nothing where it is one word.
pub(super) fn split(whole: &Whole<'_>) -> Option<Split> {
    if let Some(split) = at_comma(whole) {
        return Some(split);
    }
    let groups = groups(whole.text);
    if groups.len() < 2 {
        return None;
    }
    let surname_first = whole.surname_first;
    let known = surname_first || whole.country.is_some_and(countries::given_first);
    let initial = |g: &str| g.chars().filter(|c| c.is_alphabetic()).count() == 1;
    let ends = [groups.first(), groups.last()].into_iter().flatten().any(|g| initial(g));
    let (size, confidence) = match groups.len() {
        // `R KUMAR` may be a father's initial.
        2 if ends => (1, GUESS),
        2 if known => (1, CERTAIN),
        2 => (1, LIKELY),
        _ if surname_first => (groups.len() / 2, GUESS),
        3 if known && !ends && groups.get(1).is_some_and(|g| initial(g)) => (1, CERTAIN),
        _ => by_parents(&groups, whole.parents).unwrap_or((1, GUESS)),
    };
    let (a, b) = if surname_first { groups.split_at(size) } else { groups.split_at(groups.len() - size) };
    let (surname, given) = if surname_first { (a, b) } else { (b, a) };
    Some(Split { surname: surname.join(" "), given: given.join(" "), confidence })
}

/// `DOE, JANE Q`.
fn at_comma(whole: &Whole<'_>) -> Option<Split> {
    let words: Vec<&str> = whole.text.split(' ').collect();
    let at = whole.comma_after.filter(|at| (1..words.len()).contains(at))?;
    // `JOHN DOE, JR` has another comma.
    let rest = words.get(at..)?;
    if rest.iter().all(|w| is_one_of(w, &SUFFIXES)) {
        return None;
    }
    Some(Split { surname: words.get(..at)?.join(" "), given: rest.join(" "), confidence: CERTAIN })
}

/// Words with the particles before and the suffixes after them.
fn groups(text: &str) -> Vec<String> {
    let mut groups: Vec<String> = Vec::new();
    let mut open = false;
    for word in text.split(' ').filter(|w| !w.is_empty()) {
        let suffix = groups.len() >= 2 && is_one_of(word, &SUFFIXES);
        match groups.last_mut() {
            Some(last) if open || suffix => *last = format!("{last} {word}"),
            _ => groups.push(word.to_owned()),
        }
        open = is_one_of(word, &PARTICLES);
    }
    groups
}

fn is_one_of(word: &str, list: &[&str]) -> bool {
    let word = fold(word);
    list.contains(&word.trim_matches(|c: char| !c.is_alphanumeric()))
}

/// How many groups at the end are surnames: those that end a parent's name. A guess where the group before them stands
/// in a parent's name, too.
fn by_parents(groups: &[String], parents: &[String]) -> Option<(usize, f32)> {
    let bare = |group: &str| {
        let words = fold(group);
        let main = words.split(' ').filter(|w| !PARTICLES.contains(w) && !SUFFIXES.contains(w));
        main.collect::<Vec<_>>().join(" ")
    };
    let parents: Vec<Vec<String>> =
        parents.iter().map(|p| self::groups(p).iter().map(|g| bare(g)).collect()).collect();
    let last = |group: &str| parents.iter().any(|p| p.len() >= 2 && p.last().is_some_and(|l| l == group));
    let size = groups.iter().skip(1).rev().take_while(|g| last(&bare(g))).count();
    if size == 0 {
        return None;
    }
    let before = groups.len().checked_sub(size + 1).and_then(|i| groups.get(i)).map(|g| bare(g));
    let doubtful = before.is_some_and(|b| {
        groups.len() > size + 1 && parents.iter().any(|p| p.iter().skip(1).any(|g| *g == b))
    });
    Some((size, if doubtful { GUESS } else { CERTAIN }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parted(text: &str, country: &str, parents: &[&str]) -> (String, String, bool) {
        let parents: Vec<String> = parents.iter().map(|p| (*p).to_owned()).collect();
        let whole = Whole {
            text,
            comma_after: None,
            country: Some(country),
            surname_first: false,
            parents: &parents,
        };
        let split = split(&whole).unwrap();
        (split.given, split.surname, split.confidence >= 0.9)
    }

    #[track_caller]
    fn is(found: (String, String, bool), given: &str, surname: &str, sure: bool) {
        assert_eq!((found.0.as_str(), found.1.as_str(), found.2), (given, surname, sure));
    }

    #[test]
    fn two_words_and_initials_leave_no_choice() {
        is(parted("ALMA RIOS", "USA", &[]), "ALMA", "RIOS", true);
        is(parted("ALMA Q RIOS", "USA", &[]), "ALMA Q", "RIOS", true);
        is(parted("ALMA RIOS JR", "USA", &[]), "ALMA", "RIOS JR", true);
        is(parted("Alma de la Vega", "USA", &[]), "Alma", "de la Vega", true);
        is(parted("R Kumar", "IND", &[]), "R", "Kumar", false);
        is(parted("ALMA RIOS", "MYS", &[]), "ALMA", "RIOS", false);
    }

    #[test]
    fn more_words_are_a_guess_unless_the_parents_tell() {
        is(parted("RUI BRITO SILVA", "BRA", &[]), "RUI BRITO", "SILVA", false);
        is(parted("RUI BRITO SILVA", "BRA", &["JOAO SILVA", "ANA BRITO"]), "RUI", "BRITO SILVA", true);
        is(
            parted("RUI JORGE DA SILVA", "BRA", &["CAIO DA SILVA", "ANA BRITO"]),
            "RUI JORGE",
            "DA SILVA",
            true,
        );
        is(parted("RUI CAIO SILVA", "BRA", &["JOAO CAIO SILVA"]), "RUI CAIO", "SILVA", false);
    }

    #[test]
    fn a_comma_and_a_label_put_the_surname_first() {
        let whole = Whole {
            text: "RIOS LUNA ALMA",
            comma_after: Some(2),
            country: None,
            surname_first: false,
            parents: &[],
        };
        assert_eq!(split(&whole).unwrap().surname, "RIOS LUNA");
        let whole = Whole { comma_after: None, surname_first: true, text: "RIOS ALMA", ..whole };
        assert_eq!(split(&whole).unwrap().surname, "RIOS");
        assert!(split(&Whole { text: "RIOS", ..whole }).is_none());
    }
}
