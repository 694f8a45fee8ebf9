//! To whom a slip was paid, as far as it says: by the words before a number of ours, its account or tax id. Where our own
//! account is the one that paid, as when we give money back, nothing was paid to us.

use acuse_pipeline::{knowledge, understand::sheet::fold};

const WORDS: &str = include_str!("../payee.tsv");
/// A shorter number stands in too many others.
const SHORTEST: usize = 8;
/// So many digits between the payee's words and a number are an account of their own: what follows it is of nobody known.
const ACCOUNT_DIGITS: usize = 10;
/// So many digits in one word part what stands before it from what stands behind it.
const NUMBER_DIGITS: usize = 4;

/// To whom a slip was paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Payee {
    /// To us.
    Ours,
    /// Perhaps to us: a number of ours stands there, and nothing says as whose.
    Unclear,
    /// To somebody else, as far as is known.
    #[default]
    Others,
}

/// A word of a slip, without accents.
struct Word {
    text: String,
    /// Which line it stands in.
    line: usize,
    /// Where it begins in all words put together.
    at: usize,
}

impl Word {
    fn digits(&self) -> usize {
        self.text.chars().filter(char::is_ascii_digit).count()
    }
}

/// Words of a role: from which on, and up to before which.
struct Mark {
    from: usize,
    to: usize,
    pays: bool,
}

/// As whose a number stands on a slip: ours as the payee's, or as that of whoever paid ([`Payee::Others`]); none where it
/// does not stand there.
#[must_use]
pub fn stands_as(text: &str, number: &str) -> Option<Payee> {
    let number: String = fold(number).chars().filter(|c| c.is_alphanumeric()).collect();
    if number.len() < SHORTEST {
        return None;
    }
    let words = words_of(text);
    let all: String = words.iter().map(|word| word.text.as_str()).collect();
    if !all.contains(&number) {
        return None;
    }
    let marks = marks_of(&words);
    let places = all.match_indices(&number);
    let places = places.filter_map(|(at, _)| words.partition_point(|word| word.at <= at).checked_sub(1));
    let found: Vec<Payee> = places.map(|place| at_place(&words, &marks, place)).collect();
    let first = *found.first()?;
    Some(if found.iter().all(|one| *one == first) { first } else { Payee::Unclear })
}

fn words_of(text: &str) -> Vec<Word> {
    let (mut words, mut at) = (Vec::new(), 0);
    for (line, said) in text.lines().enumerate() {
        let folded = fold(said);
        for word in folded.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
            words.push(Word { text: word.to_owned(), line, at });
            at += word.len();
        }
    }
    words
}

fn phrases(role: &str) -> impl Iterator<Item = &'static str> {
    let rows = knowledge::lines(WORDS).filter_map(|line| line.split_once('\t')?.1.split_once('\t'));
    rows.filter(move |row| row.0 == role).flat_map(|row| row.1.split("; "))
}

/// Where it says who paid, and to whom, in order; of two that begin together the longer.
fn marks_of(words: &[Word]) -> Vec<Mark> {
    let roles = [("payee", false), ("payer", true)];
    let known: Vec<(Vec<&str>, bool)> = roles
        .into_iter()
        .flat_map(|(role, pays)| {
            phrases(role).map(move |phrase| (phrase.split(' ').collect::<Vec<&str>>(), pays))
        })
        .collect();
    let stands = |from: usize, phrase: &[&str]| {
        let here = words.get(from..from.saturating_add(phrase.len()));
        here.is_some_and(|here| here.iter().zip(phrase).all(|(word, said)| word.text == *said))
    };
    let longest = |from: usize| {
        let here = known.iter().filter(|(phrase, _)| stands(from, phrase));
        let (phrase, pays) = here.max_by_key(|(phrase, _)| phrase.len())?;
        Some(Mark { from, to: from + phrase.len(), pays: *pays })
    };
    (0..words.len()).filter_map(longest).collect()
}

/// As whose the number stands that begins with a word.
fn at_place(words: &[Word], marks: &[Mark], place: usize) -> Payee {
    let before = words.get(..place).unwrap_or_default();
    let is = |word: &Word, role| phrases(role).any(|phrase| phrase == word.text);
    let line = words.get(place).map(|word| word.line);
    let beside = before.iter().rev().take_while(|word| Some(word.line) == line).find(|w| !is(w, "label"));
    if beside.is_some_and(|word| is(word, "from")) {
        return Payee::Others;
    }
    if beside.is_some_and(|word| is(word, "to")) {
        return Payee::Ours;
    }
    let mut above = marks.iter().rev().filter(|mark| mark.to <= place);
    let Some(nearest) = above.next() else { return Payee::Unclear };
    if nearest.pays {
        return Payee::Others;
    }
    let digits = |from: usize, to: usize| words.get(from..to).unwrap_or_default().iter().map(Word::digits);
    // Two that stand beside each other are the heads of two columns, and nothing says what stands in which.
    let line_of = |mark: &Mark| words.get(mark.from).map(|word| word.line);
    let is_head = above.find(|mark| mark.pays).is_some_and(|payer| {
        line_of(payer) == line_of(nearest)
            && !digits(payer.to, nearest.from).any(|count| count >= NUMBER_DIGITS)
    });
    let has_own = digits(nearest.to, place).sum::<usize>() >= ACCOUNT_DIGITS;
    if is_head || has_own { Payee::Unclear } else { Payee::Ours }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: &str = "ES91 2100 0418 4502 0005 1332";

    #[test]
    fn what_stands_before_a_number_says_whose_it_is() {
        use Payee::{Others, Ours, Unclear};
        for (text, is) in [
            ("Cuenta destino: ES9121000418450200051332", Some(Ours)),
            ("Beneficiario: Nosotros S.L.\nNIF B12345678\nIBAN ES91 2100 0418 4502 0005 1332", Some(Ours)),
            ("receipt\na ES9121000418450200051332", Some(Ours)),
            ("Transferencia a la cuenta ES9121000418450200051332", Some(Ours)),
            ("Beneficiary: Us Ltd, account ES9121000418450200051332", Some(Ours)),
            ("Favorecido\nNós Lda\nES9121000418450200051332", Some(Ours)),
            (
                "Ordenante: Ana\nES7921000813610123456789\nBeneficiario: Nosotros\nES9121000418450200051332",
                Some(Ours),
            ),
            ("Cuenta origen ES7921000813610123456789 Cuenta destino ES9121000418450200051332", Some(Ours)),
            ("Ordenante: Ana Beneficiario\nES9121000418450200051332", Some(Unclear)),
            // We gave it back.
            (
                "Cuenta origen: ES91 2100 0418 4502 0005 1332\nBeneficiario: Ana\nES7921000813610123456789",
                Some(Others),
            ),
            ("Ordenante: Nosotros\nIBAN ES9121000418450200051332", Some(Others)),
            ("Transferencia desde ES9121000418450200051332", Some(Others)),
            ("Debited from account ES9121000418450200051332 to ES7921000813610123456789", Some(Others)),
            ("Conta debitada\nES9121000418450200051332", Some(Others)),
            // Nothing says so.
            ("Emisor: Nosotros ES9121000418450200051332", Some(Unclear)),
            (
                "Cuenta origen  Cuenta destino\nES91 2100 0418 4502 0005 1332  ES7921000813610123456789",
                Some(Unclear),
            ),
            ("ES9121000418450200051332", Some(Unclear)),
            ("Beneficiario: Ana ES7921000813610123456789\nIBAN ES9121000418450200051332", Some(Unclear)),
            (
                "Cuenta destino ES9121000418450200051332, cuenta origen ES9121000418450200051332",
                Some(Unclear),
            ),
            ("Cuenta destino: ES7921000813610123456789", None),
        ] {
            assert_eq!(stands_as(text, OURS), is, "{text}");
        }
        assert_eq!(stands_as("Beneficiario 1234567", "1234567"), None, "too short to be one");
    }

    #[test]
    fn each_word_has_one_meaning() {
        let mut seen = std::collections::BTreeMap::new();
        for role in ["payee", "payer", "to", "from", "label"] {
            assert!(phrases(role).next().is_some(), "{role}");
            for phrase in phrases(role) {
                assert_eq!(fold(phrase), phrase);
                assert_eq!(*seen.entry(phrase).or_insert(role), role, "{phrase}");
            }
        }
        for line in knowledge::lines(WORDS) {
            let role = line.split('\t').nth(1).unwrap();
            assert!(seen.values().any(|known| *known == role), "{line}");
        }
    }
}
