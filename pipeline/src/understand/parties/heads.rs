//! How much stands above a line: what heads a page without saying whose it is, a title, the day, a stamp's number, a
//! telephone's own clock, leaves the line below it the first.

use super::{looks::says_contact, names::says_other};
use crate::understand::sheet::{Row, Sheet};

/// Rows from the top among which such lines are looked for; further down every line counts.
const HEAD: usize = 16;
/// Letters of the shortest line that says something.
const LETTERS: usize = 3;

/// Of each row, how many above it on its page say something.
pub(super) fn above(sheet: &Sheet) -> Vec<usize> {
    let mut above = Vec::with_capacity(sheet.rows.len());
    let (mut page, mut rows, mut said) = (0, 0, 0);
    for row in &sheet.rows {
        if row.page != page {
            (page, rows, said) = (row.page, 0, 0);
        }
        above.push(said);
        said += usize::from(rows >= HEAD || says_something(row));
        rows += 1;
    }
    above
}

fn says_something(row: &Row) -> bool {
    row.cells.iter().any(|cell| {
        let letters = cell.folded.chars().filter(|c| c.is_alphabetic()).count();
        let digits = cell.folded.chars().filter(char::is_ascii_digit).count();
        says_contact(&cell.folded)
            || (letters >= LETTERS && digits <= letters && (digits > 0 || !says_other(&cell.text)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::understand::{parties::Options, sheet::drawn};

    #[test]
    fn titles_days_and_marks_are_nothing_above_a_name() {
        let sheet = drawn(&[
            &[(0.3, "21:59"), (0.8, "72 %")],
            &[(0.3, "********")],
            &[(0.3, "Tax Invoice")],
            &[(0.3, "14/10/2026 19:48")],
            &[(0.3, "NUBE ROJA")],
            &[(0.3, "12 High Street")],
            &[(0.3, "Tel. 020 7946 0018")],
            &[(0.3, "2 Coffee 7.00")],
        ]);
        assert_eq!(above(&sheet), [0, 0, 0, 0, 0, 1, 2, 3]);
        let beside = drawn(&[&[(0.1, "Nube Roja"), (0.7, "INVOICE")], &[(0.1, "12 High Street")]]);
        assert_eq!(above(&beside), [0, 1]);
    }

    #[test]
    fn far_down_every_line_counts() {
        let rows: Vec<[(f32, &str); 1]> = (0..20).map(|_| [(0.3, "Receipt")]).collect();
        let rows: Vec<&[(f32, &str)]> = rows.iter().map(<[_; 1]>::as_slice).collect();
        assert_eq!(above(&drawn(&rows)).last(), Some(&3));
    }

    #[test]
    fn a_name_below_a_title_is_the_first() {
        let first = |lines: &[&[(f32, &str)]]| {
            let options = Options::of(&drawn(lines), &[], false);
            let named = options.iter().find(|n| n.name == "NUBE ROJA").unwrap();
            named.signs.iter().find(|(sign, _)| *sign == "first").map(|(_, value)| *value)
        };
        let (name, street) = (&[(0.3, "NUBE ROJA")][..], &[(0.3, "12 High Street")][..]);
        assert_eq!(first(&[&[(0.3, "TRANSACTION RECORD")], name, street]), Some(1.0));
        assert_eq!(first(&[&[(0.3, "Monte Verde")], name, street]), Some(0.0));
    }
}
