//! How the files of knowledge are read (`understand/data/*.tsv` and their like): a line is a row, `#` begins a comment.

/// The rows of a file.
pub fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'))
}

/// The phrases of a role, in a file whose rows are a language, a role, and phrases parted by semicolons.
pub(crate) fn phrases<'a>(text: &'a str, role: &str) -> Vec<&'a str> {
    let rows = lines(text).filter_map(|line| line.split_once('\t')?.1.split_once('\t'));
    rows.filter(|row| row.0 == role).flat_map(|row| row.1.split("; ")).collect()
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
