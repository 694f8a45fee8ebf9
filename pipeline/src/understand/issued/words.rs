//! What the words before a date say it is, in plain words (see [`crate::understand::amounts::plain`]).

use std::sync::LazyLock;

use super::Role;
use crate::{
    knowledge::{self, Phrases},
    understand::amounts::stands,
};

/// The phrases of a role in `data/date_words.tsv`.
fn of(role: &str) -> Vec<&'static str> {
    knowledge::phrases(include_str!("../data/date_words.tsv"), role)
}

static ISSUE: Phrases = LazyLock::new(|| of("issue"));
static DUE: Phrases = LazyLock::new(|| of("due"));
static OTHER: Phrases = LazyLock::new(|| of("other"));
static ARRIVAL: Phrases = LazyLock::new(|| of("arrival"));
static DEPARTURE: Phrases = LazyLock::new(|| of("departure"));
static DATE: Phrases = LazyLock::new(|| of("date"));
/// Words that say something only right before the date and where no phrase does.
static OTHER_RIGHT: Phrases = LazyLock::new(|| of("other_right"));
static DATE_RIGHT: Phrases = LazyLock::new(|| of("date_right"));
/// `München, den`: the head of a letter.
static ISSUE_RIGHT: Phrases = LazyLock::new(|| of("issue_right"));
/// Papers whose day is the day of issue.
static PAPER: Phrases = LazyLock::new(|| of("paper"));
/// What stands between such a paper, or its number, and the day.
static OF: Phrases = LazyLock::new(|| of("of"));

/// The role said by the phrase that ends nearest to the date.
pub(super) fn last_role(label: &str) -> Option<Role> {
    nearest(label).or_else(|| paper(label)).or_else(|| {
        let last = label.rsplit(' ').next()?;
        let right = [(Role::Other, &OTHER_RIGHT), (Role::Plain, &DATE_RIGHT), (Role::Issue, &ISSUE_RIGHT)];
        right.iter().find(|(_, words)| words.contains(&last)).map(|(role, _)| *role)
    })
}

fn nearest(label: &str) -> Option<Role> {
    let table = [
        (Role::Issue, &ISSUE),
        (Role::Due, &DUE),
        (Role::Other, &OTHER),
        (Role::Arrival, &ARRIVAL),
        (Role::Departure, &DEPARTURE),
        (Role::Plain, &DATE),
    ];
    let ends = table.iter().flat_map(|(role, phrases)| {
        phrases.iter().filter_map(|p| last_stand(label, p).map(|at| (at + p.len(), p.len(), *role)))
    });
    ends.max_by_key(|(end, len, _)| (*end, *len)).map(|(_, _, role)| role)
}

fn last_stand(label: &str, phrase: &str) -> Option<usize> {
    let (mut from, mut last) = (0, None);
    while let Some(at) = label.get(from..).and_then(|rest| stands(rest, phrase)) {
        last = Some(from + at);
        from += at + phrase.len();
    }
    last
}

/// `facture no 123 du`, `rechnung vom`: the paper's name and a preposition.
fn paper(label: &str) -> Option<Role> {
    let mut words = label.rsplit(' ');
    let preposition = OF.contains(&words.next()?);
    let named = words.take(8).any(|w| PAPER.contains(&w));
    (preposition && named).then_some(Role::Issue)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::understand::{amounts::plain, sheet::fold};

    #[test]
    fn every_role_of_the_file_is_read() {
        let text = include_str!("../data/date_words.tsv");
        let lists = [
            &ISSUE,
            &DUE,
            &OTHER,
            &ARRIVAL,
            &DEPARTURE,
            &DATE,
            &OTHER_RIGHT,
            &DATE_RIGHT,
            &ISSUE_RIGHT,
            &PAPER,
            &OF,
        ];
        knowledge::assert_read(text, &lists);
        knowledge::assert_folded(text);
        assert!(lists.iter().flat_map(|l| l.iter()).all(|w| plain(w) == *w));
    }

    #[test]
    fn words_before_a_date() {
        for (label, role) in [
            ("Invoice Date:", Some(Role::Issue)),
            ("Invoice Due Date", Some(Role::Due)),
            ("Fecha de emisión :", Some(Role::Issue)),
            ("Liefer- und Rechnungsdatum:", Some(Role::Issue)),
            ("Date de facture associée :", Some(Role::Other)),
            ("Date limite de paiement le", Some(Role::Due)),
            ("Facture n° 77 du", Some(Role::Issue)),
            ("Rechnung # RE-1 von", Some(Role::Issue)),
            ("Bestellung vom", Some(Role::Other)),
            ("Date :", Some(Role::Plain)),
            ("Lyon, le", Some(Role::Plain)),
            ("Prochaine facture vers le", Some(Role::Other)),
            ("Cashier 4", None),
            ("Musterstadt, den", Some(Role::Issue)),
            ("le-bon-site.example du", None),
        ] {
            assert_eq!(last_role(&plain(&fold(label))), role, "{label}");
        }
    }
}
