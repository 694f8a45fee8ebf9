//! Clock times.

use super::token::{Token, tokens};

/// A clock time in the text: `hh:mm`, 24-hour.
#[must_use]
pub fn clock(folded: &str) -> Option<String> {
    let tokens = tokens(folded);
    for (i, window) in tokens.windows(3).enumerate() {
        let [(Token::Number(h, hd), _), (Token::Mark(':'), _), (Token::Number(m, 2), _)] = window else {
            continue;
        };
        let seconds = i >= 2 && is_of_greenwich(&tokens, i - 2);
        if *hd > 2 || *m > 59 || seconds || is_of_greenwich(&tokens, i) {
            continue;
        }
        let rest = tokens.iter().skip(i + 3).map(|t| &t.0).filter(|t| !matches!(t, Token::Mark(' '))).take(4);
        let half = rest.filter_map(|t| if let Token::Word(w) = t { Some(*w) } else { None }).next();
        let hour = match half {
            Some(w) if w.starts_with("pm") && *h < 12 => h + 12,
            Some(w) if w.starts_with("am") && *h == 12 => 0,
            _ => *h,
        };
        if hour < 24 {
            return Some(format!("{hour:02}:{m:02}"));
        }
    }
    None
}

/// `…T12:04:55.000Z`: a fiscal signature's time, which is no clock's of the place.
fn is_of_greenwich(tokens: &[(Token<'_>, usize)], at: usize) -> bool {
    let word =
        |t: Option<&(Token<'_>, usize)>, own: &str| matches!(t, Some((Token::Word(w), _)) if *w == own);
    let behind = tokens.iter().skip(at + 3).take_while(|(t, _)| !matches!(t, Token::Word(_))).take(8).count();
    at > 0 && word(tokens.get(at - 1), "t") && word(tokens.get(at + 3 + behind), "z")
}
