//! Letters that were read for their look-alikes, and what tills print behind a shop's name: mended, cut away.

use super::{
    names::{firm, tokens},
    words::NUMBERED,
};

/// Digits that letters are read as, small and large.
const ALIKE: &[(char, char, char)] = &[('0', 'o', 'O'), ('1', 'l', 'I'), ('5', 's', 'S')];
/// Letters of the shortest word that is mended: `B2B` and `H2O` are no misreadings.
const LETTERS: usize = 4;
/// Digits of the shortest number that is a branch's without a word that says so.
const BRANCH: usize = 3;
/// A single digit between letters, and a large I behind a small letter, become the letters they look like.
pub(super) fn letters(name: &mut String) {
    if !name.contains(|c: char| c.is_ascii_digit() || c == 'I') {
        return;
    }
    let words: Vec<String> = name.split(' ').map(word).collect();
    *name = form(&words.join(" "));
}

fn word(word: &str) -> String {
    let chars: Vec<char> = word.chars().collect();
    if chars.iter().filter(|c| c.is_alphabetic()).count() < LETTERS {
        return word.to_owned();
    }
    let lone = chars.iter().filter(|c| c.is_ascii_digit()).count() == 1;
    let small = |at: Option<&char>| at.is_some_and(|c| c.is_lowercase());
    let letter = |at: Option<&char>| at.is_some_and(|c| c.is_alphabetic());
    let mend = |(at, c): (usize, &char)| {
        let (before, after) = (at.checked_sub(1).and_then(|b| chars.get(b)), chars.get(at + 1));
        let alike = ALIKE.iter().find(|(digit, ..)| digit == c);
        match alike {
            Some((_, low, high)) if lone && letter(before) && letter(after) => {
                if small(after) || small(before) { *low } else { *high }
            }
            // "HoteI": at the end of a word of small letters; "McIntosh" is none.
            _ if *c == 'I' && small(before) && after.is_none() => 'l',
            _ => *c,
        }
    };
    chars.iter().enumerate().map(mend).collect()
}

/// `Sp. Z 0.0.`, `d.o.0.`: the noughts of a legal form are its letters.
fn form(name: &str) -> String {
    let lower = name.to_ascii_lowercase();
    for wrong in ["0.0", "o.0", "0.o"] {
        for before in ["z ", "z. ", "d."] {
            let Some(at) = lower.find(&format!("{before}{wrong}")) else { continue };
            let from = at + before.len();
            let starts = at == 0 || lower[..at].ends_with([' ', '.', ',']);
            if starts {
                let begin = if before.starts_with('z') {
                    format!("{}z o.o", &name[..at])
                } else {
                    format!("{}o.o", &name[..from])
                };
                return format!("{begin}{}", &name[from + wrong.len()..]);
            }
        }
    }
    name.to_owned()
}

/// Cuts a branch's number off the end: `Supermarket Stokrotka 738`, `SKLEP NUBE Z7221`, `Nube Roja #12`. Where one short word
/// would be left, it stays.
pub(super) fn cut_branch(name: &mut String) {
    let words = tokens(name);
    let [.., before, last] = words.as_slice() else { return };
    let digits = last.plain.chars().filter(char::is_ascii_digit).count();
    let letters = last.plain.chars().filter(|c| c.is_alphabetic()).count();
    let hash = name[before.end..last.start].contains('#');
    let numbered = NUMBERED.contains(&before.plain.as_str());
    let branch = digits >= BRANCH && letters <= 1 || digits >= 1 && letters == 0 && (hash || numbered);
    let keep = if numbered { words.len() - 2 } else { words.len() - 1 };
    let Some(end) = keep.checked_sub(1).and_then(|k| words.get(k)).map(|w| w.end) else { return };
    let rest = &name[..end];
    let named = rest.chars().filter(|c| c.is_alphabetic()).count() >= 3;
    let own = words.first().is_some_and(|w| !NUMBERED.contains(&w.plain.as_str()));
    if branch && named && own && (keep >= 2 || hash || numbered || firm(rest) > 0.0) {
        name.truncate(end);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mended(name: &str) -> String {
        let mut name = name.to_owned();
        letters(&mut name);
        cut_branch(&mut name);
        name
    }

    #[test]
    fn letters_read_as_their_look_alikes() {
        for (read, meant) in [
            ("Nub3e & R0ja", "Nub3e & R0ja"),
            ("Peek&C1oppenburg", "Peek&Cloppenburg"),
            ("Ben & F1orentine", "Ben & Florentine"),
            ("HoteI NUBE", "Hotel NUBE"),
            ("Nube Sp. Z 0.0.", "Nube Sp. z o.o."),
            ("NUBE d.o.0.", "NUBE d.o.o."),
            ("B2B Nube", "B2B Nube"),
            ("McIntosh", "McIntosh"),
        ] {
            assert_eq!(mended(read), meant);
        }
    }

    #[test]
    fn a_branch_is_no_name() {
        for (read, meant) in [
            ("Supermarket Nube 738", "Supermarket Nube"),
            ("SKLEP NUBE Z7221", "SKLEP NUBE"),
            ("Nube Roja #12", "Nube Roja"),
            ("NUBE STORE 7", "NUBE"),
            ("Mesa 104", "Mesa 104"),
            ("Studio 54", "Studio 54"),
            ("Motel One 6", "Motel One 6"),
            ("Store IRL-3023", "Store IRL-3023"),
        ] {
            assert_eq!(mended(read), meant);
        }
    }

    proptest::proptest! {
        #[test]
        fn never_panics(text in "\\PC{0,40}") {
            let _ = mended(&text);
        }
    }
}
