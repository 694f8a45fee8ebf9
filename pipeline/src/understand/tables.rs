//! Where a table of items begins, by the heads of its columns.

use std::sync::LazyLock;

use super::sheet::{Row, has_phrase};
use crate::knowledge::{self, Phrases};

/// The words of a role in `data/table_heads.tsv`.
fn of(role: &str) -> Vec<&'static str> {
    knowledge::phrases(include_str!("data/table_heads.tsv"), role)
}

static WORD: Phrases = LazyLock::new(|| of("word"));
static COLUMN: Phrases = LazyLock::new(|| of("column"));

/// Heads of columns that make a line the head of a table.
const COLUMNS: usize = 3;

/// Whether a cell of this label (in plain words) stands over a column of items.
pub(super) fn heads_items(label: &str) -> bool {
    label.split(' ').any(|w| WORD.contains(&w))
}

/// Whether a row heads the table of items, where every block ends.
pub(super) fn heads_table(row: &Row) -> bool {
    COLUMN.iter().filter(|head| has_phrase(&row.folded, head)).count() >= COLUMNS
        && !row.folded.chars().any(|c| c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::understand::sheet::drawn;

    #[test]
    fn every_word_of_the_file_is_read() {
        let text = include_str!("data/table_heads.tsv");
        knowledge::assert_read(text, &[&WORD, &COLUMN]);
        knowledge::assert_folded(text);
        assert!(WORD.iter().all(|w| !w.contains(' ')), "words are looked up singly");
    }

    #[test]
    fn three_heads_on_a_line_without_figures_begin_a_table() {
        let heads = |text: &str| drawn(&[&[(0.1, text)]]).rows.iter().any(heads_table);
        assert!(heads("Description Qty Price") && heads("Bezeichnung Menge Betrag"));
        assert!(!heads("Description Qty") && !heads("Description Qty Price 12.00"));
        assert!(heads_items("descripcion") && !heads_items("total"));
    }
}
