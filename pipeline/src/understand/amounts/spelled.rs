//! The sum in words, as many papers say it beside the figures: `SON: MIL DOSCIENTOS PESOS 50/100 M.N.`

use std::{collections::HashMap, sync::LazyLock};

use super::{
    figures::Figures,
    proof::CENT,
    words::{Role, plain, stands},
};
use crate::{
    knowledge::{self, Phrases},
    understand::sheet::Sheet,
};

const NUMBER_NAMES: &str = include_str!("../data/number_names.tsv");

/// Names of numbers, with their values.
static NAMES: LazyLock<HashMap<&'static str, i64>> = LazyLock::new(|| {
    let rows = knowledge::lines(NUMBER_NAMES).filter_map(|line| {
        let mut cells = line.split('\t').skip(1);
        Some((cells.next()?.parse::<i64>().ok()?, cells.next()?))
    });
    rows.flat_map(|(value, names)| names.split("; ").map(move |name| (name, value))).collect()
});
static OPENS: Phrases = LazyLock::new(|| knowledge::phrases(NUMBER_NAMES, "opens"));
static CENTS: Phrases = LazyLock::new(|| knowledge::phrases(NUMBER_NAMES, "cents"));

const THOUSAND: i64 = 1_000;
const MILLION: i64 = 1_000_000;
/// Words of a sum at most, and the largest that papers say.
const WORDS: usize = 24;
const LARGEST: i64 = 1_000_000_000_000;
/// Words from a sum to its hundredths at most: `pesos`, `con`.
const APART: usize = 4;
/// How sure a sum in words is that an amount without a label is the total.
const SAID: f32 = 0.95;

/// Takes the amount that the paper says in words too for its total, where it says one.
pub(super) fn settle(figures: &mut Figures, sheet: &Sheet) {
    let mut said = sheet.rows.iter().filter_map(|row| in_words(&row.folded));
    let Some(units) = said.next() else { return };
    if said.any(|other| other != units) || !figures.all.iter().any(|f| f.units == units) {
        return;
    }
    figures.spelled = Some(units);
    let is_total = |role: Option<(Role, f32)>| matches!(role, Some((Role::Total | Role::Due, _)));
    let mut same: Vec<_> = figures.all.iter_mut().filter(|f| f.units == units).collect();
    let labelled = same.iter().any(|f| is_total(f.role));
    for f in same.iter_mut().filter(|f| is_total(f.role)) {
        f.role = f.role.map(|(role, weight)| (role, weight.max(SAID)));
    }
    if let Some(last) = same.last_mut().filter(|_| !labelled) {
        last.role = Some((Role::Total, SAID));
        last.column = (1, 0);
    }
}

/// The sum that a line says in words, in ten-thousandths; `None` where nothing says that it is one.
fn in_words(folded: &str) -> Option<i64> {
    // Most lines name no number.
    let named = |word: &str| NAMES.get(word).is_some_and(|value| *value > 1);
    if !folded.split(|c: char| !c.is_alphabetic()).any(named) {
        return None;
    }
    let label = plain(folded);
    let words: Vec<&str> = label.split(' ').collect();
    let starts = (0..words.len()).filter(|at| is_name(words[*at]) && (*at == 0 || !is_name(words[*at - 1])));
    let read = starts.filter_map(|at| Some((at, run(&words[at..])?)));
    let (at, (value, used)) = read.max_by_key(|(_, (_, used))| *used)?;
    let hundredths = hundredths(&words[at + used..]);
    let opened = OPENS.iter().any(|w| stands(&words[..at].join(" "), w).is_some());
    let said = value > 0 && value <= LARGEST && (opened || hundredths.is_some());
    said.then(|| value * 100 * CENT + hundredths.unwrap_or(0) * CENT)
}

fn is_name(word: &str) -> bool {
    NAMES.contains_key(word)
}

/// What the names at the beginning come to, and how many they are.
fn run(words: &[&str]) -> Option<(i64, usize)> {
    let (mut all, mut group, mut used) = (0_i64, 0_i64, 0);
    for value in words.iter().take(WORDS).map_while(|w| NAMES.get(*w)) {
        match *value {
            MILLION => (all, group) = (all.saturating_add(group).max(1).saturating_mul(MILLION), 0),
            THOUSAND => (all, group) = (all.saturating_add(group.max(1) * THOUSAND), 0),
            value => group += value,
        }
        used += 1;
    }
    (used > 0).then(|| (all.saturating_add(group), used))
}

/// `con 50/100`, `50 centavos`, `e cinquenta centavos` behind a sum.
fn hundredths(behind: &[&str]) -> Option<i64> {
    let near = &behind[..behind.len().min(APART + WORDS)];
    let figures = (0..near.len().min(APART)).find_map(|at| {
        let figures = near[at].parse::<i64>().ok().filter(|_| near[at].len() <= 2)?;
        let next = near.get(at + 1)?;
        (*next == "100" || CENTS.contains(next)).then_some(figures)
    });
    figures.or_else(|| {
        let at = near.iter().take(APART).position(|w| is_name(w))?;
        let (value, used) = run(&near[at..])?;
        CENTS.contains(near.get(at + used)?).then_some(value).filter(|value| *value < 100)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::understand::amounts::{sums, tests::sheet};

    fn said(text: &str) -> Option<i64> {
        in_words(&crate::understand::sheet::fold(text)).map(|units| units / CENT)
    }

    #[test]
    fn sums_in_words() {
        for (text, cents) in [
            ("SON PESOS: CIENTO SEIS MIL", 10_600_000),
            ("SON DOSCIENTOS TREINTA Y SEIS CON 50/100 SOLES.", 23_650),
            ("Son: un millón doscientos mil pesos M/CTE", 120_000_000),
            ("(MIL DOSCIENTOS PESOS 05/100 M.N.)", 120_005),
            ("Importe en letras: cuarenta y un mil uno con 10 centavos", 4_100_110),
            ("Recebi a importância de mil duzentos e trinta reais e cinquenta centavos", 123_050),
            ("SON $ DOS MIL MILLONES", 200_000_000_000),
        ] {
            assert_eq!(said(text), Some(cents), "{text}");
        }
        for text in ["Avenida Dos de Mayo 100", "son las tiendas", "Mil gracias", "", "Tres Hermanos 12/100"]
        {
            assert!(said(text).is_none_or(|cents| cents < 1_000), "{text}: {:?}", said(text));
        }
    }

    #[test]
    fn a_sum_in_words_says_which_amount_is_the_total() {
        let bill =
            "Reparación     106.00\nPRESUPUESTO TOTAL     170.00\nFranquicia     64.00\nA cargo     106.00\n";
        let found = sums(&sheet(&format!("{bill}SON PESOS: CIENTO SEIS CON 00/100")), 2);
        let total = found.total.expect("a total");
        assert!(total.amount.to_decimal() == "106.00" && total.confidence > 0.8, "{}", total.confidence);
        // Another sum in words, or one that stands nowhere in figures, says nothing.
        for other in
            ["SON PESOS: CIENTO SIETE CON 00/100", "SON PESOS: CIENTO SEIS\nSON PESOS: CIENTO SETENTA"]
        {
            let found = sums(&sheet(&format!("{bill}{other}")), 2);
            assert_eq!(found.total.map(|t| t.amount.to_decimal()).as_deref(), Some("170.00"), "{other}");
        }
    }

    #[test]
    fn every_row_of_the_file_is_read() {
        knowledge::assert_folded(NUMBER_NAMES);
        let phrases: usize = knowledge::lines(NUMBER_NAMES)
            .filter_map(|line| line.split('\t').nth(2))
            .map(|names| names.split("; ").count())
            .sum();
        assert_eq!(NAMES.len() + OPENS.len() + CENTS.len(), phrases, "a name has two values");
        assert!(OPENS.iter().chain(CENTS.iter()).all(|w| plain(w) == *w));
    }

    proptest::proptest! {
        #[test]
        fn never_panics(text in "((son|mil|millones|cien|y|con|[0-9]{1,3}|/100|centavos|x) ?){0,40}") {
            let _ = in_words(&text);
        }
    }
}
