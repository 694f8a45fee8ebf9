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
        let (first, mut i) = (i, i);
        let mut slipped = false;
        for w in word.chars().filter(|c| *c != ' ') {
            let c = *self.folded.get(i)?;
            slipped = c != w;
            let slip = matches!((w, c), ('o', '0') | ('l' | 'i', '1') | ('l', 'i') | ('s', '5') | ('b', '8'));
            let lettered = self.touches(i + 1) && self.folded.get(i + 1).is_some_and(|c| c.is_alphabetic());
            if slipped && !(slip && i > first && (self.touches(i) || lettered)) {
                return None;
            }
            i += 1;
        }
        // "n.: 001" is no "no": a digit before digits is theirs.
        let digits = self.folded.get(i).is_some_and(char::is_ascii_digit) && self.touches(i);
        if slipped && digits {
            return None;
        }
        Some(i)
    }

    /// Whether letter `i` follows the one before it without a gap.
    fn touches(&self, i: usize) -> bool {
        let before = i.checked_sub(1).and_then(|b| self.at.get(b));
        self.at.get(i).zip(before).is_some_and(|(at, before)| at - before <= 1)
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
        assert_eq!(Letters::of("n.: 001").read(0, "no"), None);
        assert_eq!(Letters::of("n001").read(0, "no"), None);
        assert_eq!(Letters::of("N0: 17").read(0, "no"), Some(2));
        let letters = Letters::of("vat number");
        assert!(
            letters.word_end(3) && !letters.word_end(4) && letters.word_start(3) && !letters.word_start(4)
        );
    }
}
