//! A text as the letters of its labels: blanks and marks between them do not matter, nor a digit for a letter.

use super::sheet::fold;

/// A text's letters, digits and '#', folded, each with its place among the text's characters.
pub struct Letters {
    /// Letters, digits, '#' and '_', folded.
    pub folded: Vec<char>,
    /// For each the index of its character in the text.
    pub at: Vec<usize>,
    /// The text.
    pub chars: Vec<char>,
}

impl Letters {
    /// Takes a text apart.
    #[must_use]
    pub fn of(text: &str) -> Self {
        let chars: Vec<char> = text.chars().collect();
        let (mut folded, mut at) = (Vec::new(), Vec::new());
        for (i, c) in chars.iter().enumerate() {
            let plain = match c {
                '°' => "o".to_owned(),
                '№' => "no".to_owned(),
                c => fold(c.encode_utf8(&mut [0; 4])),
            };
            for p in plain.chars().filter(|p| p.is_alphanumeric() || matches!(*p, '#' | '_')) {
                folded.push(p);
                at.push(i);
            }
        }
        Self { folded, at, chars }
    }

    /// Whether a word starts at letter `i`.
    #[must_use]
    pub fn word_start(&self, i: usize) -> bool {
        let Some(at) = self.at.get(i) else { return false };
        let before = at.checked_sub(1).and_then(|b| self.chars.get(b));
        !before.is_some_and(|c| c.is_alphabetic() || *c == '_')
    }

    /// Whether a word may end right before letter `i`; a number may be glued to it.
    #[must_use]
    pub fn word_end(&self, i: usize) -> bool {
        let (Some(last), Some(next)) = (i.checked_sub(1).and_then(|l| self.at.get(l)), self.at.get(i)) else {
            return true;
        };
        next - last > 1
            || self.folded.get(i).is_some_and(|c| c.is_ascii_digit() || *c == '#')
            || self.folded.get(i - 1) == Some(&'#')
    }

    /// The end of `word` at `i`, letters misread as digits allowed.
    #[must_use]
    pub fn read(&self, i: usize, word: &str) -> Option<usize> {
        let mut i = i;
        for w in word.chars().filter(|c| *c != ' ') {
            let c = *self.folded.get(i)?;
            let same = c == w
                || matches!((w, c), ('o', '0') | ('l' | 'i', '1') | ('l', 'i') | ('s', '5') | ('b', '8'));
            if !same {
                return None;
            }
            i += 1;
        }
        Some(i)
    }

    /// The ends of those of `words` that stand at `i`, longest first.
    #[must_use]
    pub fn any(&self, i: usize, words: &[&str]) -> Vec<usize> {
        let mut ends: Vec<usize> = words.iter().filter_map(|w| self.read(i, w)).collect();
        ends.sort_unstable_by(|a, b| b.cmp(a));
        ends
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_glued_broken_and_misread() {
        for text in ["GST ID", "G.S.T. 1D", "gst-id"] {
            assert_eq!(Letters::of(text).read(0, "gst id"), Some(5), "{text}");
        }
        let letters = Letters::of("vat number");
        assert!(
            letters.word_end(3) && !letters.word_end(4) && letters.word_start(3) && !letters.word_start(4)
        );
    }
}
