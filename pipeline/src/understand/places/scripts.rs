//! Whether a page is written in letters that were read as others: `CYMA 17,30 rPH` for "СУМА 17,30 ГРН".

use std::sync::LazyLock;

use crate::{knowledge, understand::sheet::Sheet};

/// A script, and what its words look like in Latin letters.
static SCRIPTS: LazyLock<Vec<(&'static str, Vec<&'static str>)>> = LazyLock::new(|| {
    let rows = knowledge::lines(include_str!("../data/scripts.tsv"));
    rows.filter_map(|row| row.split_once('\t'))
        .map(|(name, words)| (name, words.split("; ").collect()))
        .collect()
});

/// Words that say it: one alone may be anything.
const WORDS: usize = 2;

/// The script whose letters the page seems to have; `None` where it has Latin ones, or any that nobody knows.
#[must_use]
pub fn unread(sheet: &Sheet) -> Option<&'static str> {
    SCRIPTS.iter().find(|(_, words)| sheet.count_said(words) >= WORDS).map(|(name, _)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::understand::sheet::drawn;

    #[test]
    fn letters_that_were_read_as_others() {
        for (lines, script) in [
            (["TOB \"ATb-MapkeT\"", "CYMA 1.45"], Some("Cyrillic")),
            (["EYNOAO 20,70", "METPHTA 20,70"], Some("Greek")),
            (["SUMA 1.45", "TOB"], None),
            (["Total 3,00", "Gracias"], None),
        ] {
            let sheet = drawn(&[&[(0.1, lines[0])], &[(0.1, lines[1])]]);
            assert_eq!(unread(&sheet), script, "{lines:?}");
        }
    }
}
