//! Tax ids of a country whose form and check digit a line of `data/tax_ids.tsv` tells.

use super::{
    checks,
    schemes::{Verdict, checked, unknown},
};

/// In the place of letters before or behind: any letter, which must stand there.
const ANY_LETTER: &str = "?";

/// What an id of a country looks like.
#[derive(Debug, Clone, PartialEq)]
pub struct National {
    lengths: Vec<usize>,
    before: &'static str,
    behind: &'static str,
    check: Check,
}

#[derive(Debug, Clone, PartialEq)]
enum Check {
    None,
    Luhn,
    /// ISO 7064 MOD 11,10.
    Pure,
    /// The last digit is the weighted sum's rest, or what is wanting of it to the modulus.
    Weighted {
        weights: Vec<u32>,
        modulus: u32,
        wanting: bool,
    },
}

impl National {
    /// Reads the columns of a line: lengths, letters before and behind (`?`: any one letter), check. `None` where there are no
    /// lengths.
    #[must_use]
    pub fn parse(lengths: &str, before: &'static str, behind: &'static str, check: &str) -> Option<Self> {
        let lengths: Vec<usize> = lengths.split(',').map(|l| l.parse().ok()).collect::<Option<_>>()?;
        let letters = |text: &'static str| if text == "-" { "" } else { text };
        let check = match check {
            "-" => Check::None,
            "luhn" => Check::Luhn,
            "pure" => Check::Pure,
            formula => {
                let (weights, modulus) = formula.split_once('/')?;
                let weights: Vec<u32> = weights.split(',').map(|w| w.parse().ok()).collect::<Option<_>>()?;
                let wanting = modulus.starts_with('-');
                let modulus = modulus.trim_start_matches('-').parse().ok().filter(|m| *m > 1)?;
                Check::Weighted { weights, modulus, wanting }
            }
        };
        Some(Self { lengths, before: letters(before), behind: letters(behind), check })
    }

    /// The letters that may end it; none where any may.
    #[must_use]
    pub fn ending(&self) -> &'static str {
        if self.behind == ANY_LETTER { "" } else { self.behind }
    }

    /// The digits of a value, without the letters before and behind; `None` where a letter is wanting.
    fn bare<'v>(&self, value: &'v str) -> Option<&'v str> {
        let letter = |c: char| c.is_ascii_uppercase();
        let rest = match self.before {
            ANY_LETTER => value.strip_prefix(letter)?,
            before => value.strip_prefix(before).unwrap_or(value),
        };
        match self.behind {
            ANY_LETTER => rest.strip_suffix(letter),
            behind => Some(rest.strip_suffix(behind).unwrap_or(rest)),
        }
    }

    /// Judges a squeezed, upper-case value.
    #[must_use]
    pub fn judge(&self, value: &str) -> Verdict {
        let Some(bare) = self.bare(value) else { return Verdict::Misfit };
        let fits = bare.bytes().all(|b| b.is_ascii_digit()) && self.lengths.contains(&bare.len());
        match &self.check {
            Check::None => unknown(fits),
            Check::Luhn => checked(fits, checks::luhn(bare)),
            Check::Pure => checked(fits, checks::pure(bare)),
            Check::Weighted { weights, modulus, wanting } => {
                checked(fits, checks::weighted_check(bare, weights, *modulus, *wanting))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::understand::tax_ids::schemes::{LABELS, judge};

    #[test]
    fn every_line_of_the_file_is_read() {
        let lines = crate::knowledge::lines(include_str!("../data/tax_ids.tsv"));
        for line in lines {
            let columns: Vec<&str> = line.split('\t').collect();
            let [scheme, _, lengths, before, behind, check, sure, _] = columns[..] else { panic!("{line}") };
            let label = sure.split("; ").next().unwrap();
            assert!(LABELS.iter().any(|l| l.label == label), "{line}");
            let form = National::parse(lengths, before, behind, check);
            assert_eq!(form.is_some(), scheme == "national", "{line}");
        }
    }

    #[test]
    fn any_letter_before_and_behind() {
        let form = National::parse("6", "?", "?", "-").unwrap();
        assert_eq!((form.judge("L123456A"), form.ending()), (Verdict::Unknown, ""));
        for value in ["123456", "L123456", "123456A", "LL12345A", "L1234567A", "1123456A", ""] {
            assert_eq!(form.judge(value), Verdict::Misfit, "{value}");
        }
    }

    #[test]
    fn check_digits_of_many_countries() {
        for (label, right, wrong) in [
            ("nip", "5260001246", "5260001247"),
            ("oib", "27759560625", "27759560626"),
            ("org nr", "5560305921", "5560305922"),
            ("org number", "NO965920358MVA", "965920359"),
            ("tps", "773064126RT0001", "773064127RT0001"),
            ("afm", "099875954", "099875955"),
            ("y tunnus", "01120389", "01120388"),
        ] {
            let scheme = LABELS.iter().find(|l| l.label == label).unwrap().scheme;
            assert_eq!(judge(scheme, right), Verdict::Right, "{right}");
            assert_eq!(judge(scheme, wrong), Verdict::Wrong, "{wrong}");
            assert_eq!(judge(scheme, "12A"), Verdict::Misfit);
        }
    }
}
