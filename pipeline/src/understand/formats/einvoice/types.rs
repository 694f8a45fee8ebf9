//! What the type codes of e-invoices mean: `data/document_types.tsv`.

const TYPES: &str = include_str!("../../data/document_types.tsv");

/// `(type, name)` of a code in a list; see the data's head for the words.
#[must_use]
pub fn of(list: &str, code: &str) -> Option<(&'static str, &'static str)> {
    rows().find(|row| row[0] == list && row[1].eq_ignore_ascii_case(code)).map(|row| (row[2], row[3]))
}

fn rows() -> impl Iterator<Item = [&'static str; 4]> {
    crate::knowledge::lines(TYPES).filter_map(|line| {
        let mut cells = line.split('\t');
        Some([cells.next()?, cells.next()?, cells.next()?, cells.next()?])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_says_a_type_we_know_once() {
        let lines = crate::knowledge::lines(TYPES).count();
        assert_eq!(rows().count(), lines);
        let mut codes: Vec<_> = rows().map(|r| (r[0], r[1])).collect();
        assert!(rows().all(|r| ["invoice", "credit_note", "debit_note", "doubt", "other"].contains(&r[2])));
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), lines, "a code stands twice");
    }

    #[test]
    fn codes_are_of_their_list() {
        assert_eq!(of("un1001", "381").map(|t| t.0), Some("credit_note"));
        assert_eq!(of("dian", "91").map(|t| t.0), Some("credit_note"));
        assert_eq!(of("sunat", "07").map(|t| t.0), Some("credit_note"));
        assert_eq!(of("sunat", "91"), None);
        assert_eq!(of("sat", "e").map(|t| t.0), Some("credit_note"));
    }
}
