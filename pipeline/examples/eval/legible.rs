//! Whether the letters of a truth were read at all, so that reading and understanding are told apart.

use acuse_pipeline::{reading::Evidence, understand::sheet::fold};

/// What was read of a document, in the forms truths are sought in.
pub struct Legible {
    squeezed: String,
    /// Digits of each run without blanks, and of each line.
    numbers: Vec<String>,
    lines: Vec<String>,
}

fn alphanumeric(text: &str) -> String {
    fold(text).chars().filter(|c| c.is_alphanumeric()).collect()
}

fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

impl Legible {
    pub fn of(evidence: &Evidence) -> Self {
        let lines: Vec<String> =
            evidence.pages.iter().flat_map(|p| &p.lines).map(|l| l.text.clone()).collect();
        let xml = evidence.attachments.iter().map(|a| String::from_utf8_lossy(&a.bytes).into_owned());
        let codes = evidence.barcodes.iter().map(|b| b.text.clone());
        let lines: Vec<String> = lines.into_iter().chain(xml).chain(codes).collect();
        let numbers = lines.iter().flat_map(|l| l.split_whitespace()).map(digits);
        let numbers = numbers.filter(|n| !n.is_empty()).collect();
        let squeezed = lines.iter().map(|l| alphanumeric(l)).collect::<Vec<_>>().concat();
        Self { squeezed, numbers, lines: lines.iter().map(|l| fold(l)).collect() }
    }

    /// Of a name or number: any of the alternatives, letters and digits alone.
    pub fn says(&self, truth: &str) -> bool {
        truth.split('|').map(alphanumeric).any(|t| !t.is_empty() && self.squeezed.contains(&t))
    }

    /// Of an amount: a number of these digits, with or without empty decimals.
    pub fn says_amount(&self, truth: &str) -> bool {
        let all = digits(truth);
        let whole = truth.split('.').next().map(digits).unwrap_or_default();
        let round = truth.split('.').nth(1).is_none_or(|cents| cents.bytes().all(|b| b == b'0'));
        let is = |n: &String| *n == all || (round && (*n == whole || *n == format!("{whole}00")));
        self.numbers.iter().any(is)
            // "1 234,50": groups apart.
            || (all.len() > 5 && self.lines.iter().any(|l| digits(l).contains(&all)))
    }

    /// Of a date: its day, month and year in an order of the world, the month perhaps in words.
    pub fn says_date(&self, truth: &str) -> bool {
        let parts: Vec<&str> = truth.split('-').collect();
        let [year, month, day] = parts[..] else { return false };
        let (Some(short), bare) = (year.get(2..), |p: &str| p.trim_start_matches('0').to_owned()) else {
            return false;
        };
        let runs: Vec<String> = [year, short]
            .iter()
            .flat_map(|y| {
                let (m, d) = (bare(month), bare(day));
                [
                    format!("{day}{month}{y}"),
                    format!("{month}{day}{y}"),
                    format!("{y}{month}{day}"),
                    format!("{d}{m}{y}"),
                    format!("{m}{d}{y}"),
                ]
            })
            .collect();
        self.lines.iter().any(|line| {
            let squeezed = digits(line);
            let words = |p: &str| line.split(|c: char| !c.is_ascii_digit()).any(|w| w == p);
            runs.iter().any(|r| squeezed.contains(r))
                || ((words(day) || words(&bare(day)))
                    && (words(year) || words(short))
                    && line.chars().any(char::is_alphabetic))
        })
    }
}
