//! Dashes in the place of the cents: `1'250.--`, `12,-`, `kr 500:-`, `Rs 500/-` are whole.

use super::{
    figures::{numbers, thousands},
    sign::{behind_sign, without_sign},
};
use crate::understand::values::currency;

/// What parts a number from its dashes.
const MARKS: [char; 4] = ['.', ',', ':', '/'];
/// Dashes that stand for no cents, and the stroke that keeps anybody from writing there (`12,=`).
const DASHES: [char; 9] =
    ['-', '\u{2010}', '\u{2011}', '\u{2012}', '\u{2013}', '\u{2014}', '\u{2015}', '\u{2212}', '='];
/// Dashes of one amount at most: more lead from a label to its value.
const MOST: usize = 3;
/// Figures of an amount without marks at most: more are a number of something.
const FIGURES: usize = 9;
/// The same behind which a colon or a stroke stands.
const FEW_FIGURES: usize = 6;

/// How many bytes of what follows a number are a mark and the dashes in the place of its cents.
#[must_use]
pub fn dashed(behind: &str) -> Option<usize> {
    let rest = behind.strip_prefix(MARKS)?;
    let dashes: Vec<usize> = rest.chars().take_while(|c| DASHES.contains(c)).map(char::len_utf8).collect();
    (1..=MOST).contains(&dashes.len()).then(|| 1 + dashes.iter().sum::<usize>())
}

/// Whether a text ends in a number with dashes in the place of its cents.
#[must_use]
pub fn ends_dashed(text: &str) -> bool {
    let number = text.trim_end().trim_end_matches(DASHES);
    let behind = |at: usize| dashed(text.trim_end().get(at..).unwrap_or_default()).is_some();
    let bare = number.strip_suffix(MARKS).filter(|bare| behind(bare.len()));
    bare.is_some_and(|bare| bare.ends_with(|c: char| c.is_ascii_digit()))
}

/// Writes the cents that dashes stand for.
pub(super) fn with_cents(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    let mut from = 0;
    for (start, end) in numbers(text) {
        let Some(length) = dashed(&text[end..]) else { continue };
        let (behind, after) = text[end..].split_at(length);
        if let Some(cents) = cents(&text[..start], &text[start..end], behind, after) {
            out.push_str(&text[from..end]);
            out.push_str(cents);
            from = end + length;
        }
    }
    out.push_str(&text[from..]);
    out
}

/// The cents of a number that dashes stand `behind`, in the mark that its thousands leave free; `None` where they mean
/// something else: `1.- Objeto` begins a paragraph, `5,-3` is a range.
fn cents(before: &str, token: &str, behind: &str, after: &str) -> Option<&'static str> {
    let mut groups = token.chars().filter(|c| !c.is_ascii_digit());
    let group = groups.next();
    let amount = match group {
        None => token.len() <= FIGURES,
        Some(group) => groups.all(|c| c == group) && thousands(token, group),
    };
    let signed = without_sign(before).1;
    let rest = behind_sign(after);
    let next = after.trim_start();
    let code = next.get(..3).is_some_and(|code| currency::known(code).is_some())
        && !next[3..].starts_with(char::is_alphanumeric);
    let coin = code || (rest.len() < after.len() && !rest.starts_with(|c: char| c.is_ascii_digit()));
    let ends = next.len() < after.len() || next.is_empty() || next.starts_with([')', '*', ';']);
    if !amount || is_glued(before, signed) || !(ends || coin) || next.starts_with(['.', ',', '-']) {
        return None;
    }
    let mark = behind.chars().next()?;
    let (sure, alone) = (signed || coin, next.is_empty());
    let begins = before.trim().is_empty() && group.is_none() && behind.chars().count() == 2;
    let holds = match mark {
        _ if sure => true,
        ':' | '/' => alone && (2..=FEW_FIGURES).contains(&token.len()),
        '.' if begins => alone && token.len() > 1,
        '.' => alone || group.is_some() || next.starts_with(|c: char| c.is_ascii_digit() || c == ')'),
        _ => true,
    };
    let point = match group {
        Some('.') => false,
        Some(',') => true,
        _ => matches!(mark, '.' | '/'),
    };
    holds.then_some(if point { ".00" } else { ",00" })
}

/// Whether a number hangs on what stands before it: a code (`A12.-`), a range, a part of another number.
fn is_glued(before: &str, signed: bool) -> bool {
    let part = |c: char| c.is_alphanumeric() || matches!(c, '/' | '#' | '_' | '.' | ',');
    let lead = before.strip_suffix('-').unwrap_or(before);
    let range = lead.len() < before.len() && lead.ends_with(|c: char| c.is_alphanumeric());
    !signed && (before.ends_with(part) || range) || before.ends_with(|c: char| c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::super::{Minus, Style, amounts, mend};

    fn read(text: &str) -> Vec<(String, bool)> {
        let seen = amounts(&text.to_lowercase(), Style::Unknown);
        seen.iter().map(|s| (s.amount.to_decimal(), s.decimals)).collect()
    }

    #[test]
    fn dashes_stand_for_no_cents() {
        for (text, want) in [
            ("Fr. 1'250.--", "1250.00"),
            ("Fr. 1’250.–", "1250.00"),
            ("CHF 1'250.—", "1250.00"),
            ("CHF1'250.-", "1250.00"),
            ("Total 120.-", "120.00"),
            ("€ 12,--", "12.00"),
            ("12,-", "12.00"),
            ("12,– €", "12.00"),
            ("12,= EUR", "12.00"),
            ("ab 12,- pro Person", "12.00"),
            ("kr 500:-", "500.00"),
            ("Att betala: 1500:-", "1500.00"),
            ("1.500:- SEK", "1500.00"),
            ("500,- Kč", "500.00"),
            ("1.250,- Kčs", "1250.00"),
            ("12.500,- Ft", "12500.00"),
            ("kr. 1.250,-", "1250.00"),
            ("$ 1.250.-", "1250.00"),
            ("$ 1.250.000.-", "1250000.00"),
            ("$1.250,-", "1250.00"),
            ("$ 1,250.--", "1250.00"),
            ("Rs. 1,250/-", "1250.00"),
            ("Total 500/-", "500.00"),
            ("KSh 2,500/=", "2500.00"),
            ("(250.-)", "-250.00"),
            ("-250,-- €", "-250.00"),
        ] {
            assert_eq!(read(text), [(want.to_owned(), true)], "{text}");
        }
        let two = read("4.- 8.-");
        assert!(two.is_empty() || two.len() == 2, "{two:?}");
    }

    #[test]
    fn dashes_that_are_no_cents() {
        for text in [
            "1.- Objeto del contrato",
            "12.- Servicios",
            "3.-",
            "A12.-",
            "12.03.2024.-",
            "12,50.-",
            "1-2,-3",
            "Nota 1:- gracias",
            "2 ----- 5",
            "Pos 3 ...... x",
        ] {
            assert_eq!(mend(text), text);
        }
        // A gap closed before leaves no room for another.
        assert_eq!(mend(&mend("5,- .12")), mend("5,- .12"));
    }

    #[test]
    fn less_than_a_franc() {
        let seen = amounts("fr. -.50", Style::Unknown);
        assert!(seen.len() == 1 && seen[0].minus == Minus::Doubtful, "{seen:?}");
    }

    #[test]
    fn what_ends_in_dashes() {
        use super::{dashed, ends_dashed};
        assert!(ends_dashed("celkem 500,- ") && ends_dashed("1 500:-") && ends_dashed("250.—"));
        assert!(!ends_dashed("total -") && !ends_dashed("500 -") && !ends_dashed("total:-"));
        assert_eq!((dashed(".-- chf"), dashed(".50"), dashed(".----")), (Some(3), None, None));
    }
}
