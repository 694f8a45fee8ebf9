//! How the files of knowledge are read (`understand/data/*.tsv` and their like): a line is a row, `#` begins a comment.

use std::sync::LazyLock;

/// Phrases of a role, read once.
pub(crate) type Phrases = LazyLock<Vec<&'static str>>;

/// The rows of a file.
pub fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'))
}

/// The phrases of a role, in a file whose rows are a language, a role, and phrases parted by semicolons.
pub(crate) fn phrases<'a>(text: &'a str, role: &str) -> Vec<&'a str> {
    let rows = lines(text).filter_map(|line| line.split_once('\t')?.1.split_once('\t'));
    rows.filter(|row| row.0 == role).flat_map(|row| row.1.split("; ")).collect()
}

/// Holds a file of such rows against the lists that are read of it: each has phrases, and none of the file is left over.
#[cfg(test)]
pub(crate) fn assert_read(text: &str, lists: &[&Phrases]) {
    let rows = lines(text).map(|line| line.split('\t').nth(2).unwrap_or_default());
    let phrases: usize = rows.map(|row| row.split("; ").count()).sum();
    let read: usize = lists.iter().map(|list| list.len()).sum();
    assert!(lists.iter().all(|list| !list.is_empty()), "a list has no phrases");
    assert_eq!(read, phrases, "a role of the file is not read");
}

/// Holds every row of such a file to its form: the language, the role, and phrases that are folded and stand once in it.
#[cfg(test)]
pub(crate) fn assert_folded(text: &str) {
    let mut seen = std::collections::HashSet::new();
    for line in lines(text) {
        let cells: Vec<&str> = line.split('\t').collect();
        assert!(cells.len() == 3 && (cells[0] == "-" || cells[0].len() == 2), "{line}");
        for phrase in cells[2].split("; ") {
            assert_eq!(crate::understand::sheet::fold(phrase).trim(), phrase, "{line}");
            assert!(!phrase.is_empty() && seen.insert((cells[0], cells[1], phrase)), "{phrase}: {line}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_and_their_phrases() {
        let text = "# head\n-\tone\ta; b c\n\nes\ttwo\td\nes\tone\te\n";
        assert_eq!(lines(text).count(), 3);
        assert_eq!(phrases(text, "one"), ["a", "b c", "e"]);
        assert!(phrases(text, "three").is_empty());
    }
}
