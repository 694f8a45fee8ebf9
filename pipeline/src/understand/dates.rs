//! Dates as people print them, and which day they mean.

mod clock;
mod months;
mod named;
#[cfg(test)]
mod tests;
mod token;
mod weekdays;

pub use clock::clock;
use months::misread;
use named::named;
pub use named::written_month_first;
use time::{Date, Month};
use token::{Token, tokens};
pub use weekdays::weekday;

/// A date found in text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DateSeen {
    /// Its most likely meaning.
    pub date: Date,
    /// The other meaning, where day and month could change places.
    pub other: Option<Date>,
    /// Byte offset in the text.
    pub at: usize,
    /// Byte offset past it.
    pub end: usize,
    /// Whether the year had four digits or the month a name.
    pub plain: bool,
}

/// Which of day and month comes first where both are numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// 31/12/2024.
    DayFirst,
    /// 12/31/2024.
    MonthFirst,
    /// No evidence.
    Unknown,
}

fn year(value: u32, digits: usize) -> Option<i32> {
    match digits {
        4 if (1900..=2100).contains(&value) => i32::try_from(value).ok(),
        // Two digits on a document that someone sends today: this century.
        2 => i32::try_from(2000 + value).ok(),
        _ => None,
    }
}

fn date(y: Option<i32>, m: u32, d: u32) -> Option<Date> {
    let month = Month::try_from(u8::try_from(m).ok()?).ok()?;
    Date::from_calendar_date(y?, month, u8::try_from(d).ok()?).ok()
}

/// Letters that OCR read for digits, put right inside what can only be a date: `2o/o3/2018`.
fn mended(folded: &str) -> String {
    let slip = |c: char| matches!(c, 'o' | 'l' | 'i' | 'c');
    let mut out = String::with_capacity(folded.len());
    for run in
        folded.split_inclusive(|c: char| !(c.is_ascii_digit() || slip(c) || matches!(c, '/' | '-' | '.')))
    {
        let digits = run.bytes().filter(u8::is_ascii_digit).count();
        let marks = run.matches(['/', '-', '.']).count();
        let parts = run.split(['/', '-', '.']).all(|p| p.trim_end().len() <= 4 && !p.is_empty());
        if marks == 2 && digits >= 4 && parts && run.contains(slip) && !run.ends_with(char::is_alphabetic) {
            out.push_str(&unslipped(run));
        } else {
            out.push_str(run);
        }
    }
    for (misread, month) in misread() {
        if out.contains(misread.as_str()) {
            out = out.replace(misread.as_str(), month);
        }
    }
    out
}

/// Figures and marks with the digits that their letters were; a nought that is open at its side reads as a `c`, where it has
/// figures on both: `04/13/2c19`.
fn unslipped(run: &str) -> String {
    let chars: Vec<char> = run.chars().collect();
    let figure = |at: Option<usize>| at.and_then(|at| chars.get(at)).is_some_and(char::is_ascii_digit);
    let meant = |(at, c): (usize, &char)| match c {
        'o' => '0',
        'l' | 'i' => '1',
        'c' if figure(at.checked_sub(1)) && figure(at.checked_add(1)) => '0',
        c => *c,
    };
    chars.iter().enumerate().map(meant).collect()
}

/// How many dates of `folded` text can only be read with the day first, and with the month first.
#[must_use]
pub fn orders(folded: &str) -> (usize, usize) {
    let text = mended(folded);
    let tokens = tokens(&text);
    let mut seen = (0, 0);
    for i in 0..tokens.len() {
        let [
            (Token::Number(a, 1 | 2), _),
            (Token::Mark(x), _),
            (Token::Number(b, 1 | 2), _),
            (Token::Mark(y), _),
            (Token::Number(c, digits @ (2 | 4)), _),
            ..,
        ] = &tokens[i..]
        else {
            continue;
        };
        let fresh = i.checked_sub(1).is_none_or(|p| !matches!(tokens[p].0, Token::Mark('/' | '-' | '.')));
        if x != y || !matches!(x, '/' | '-' | '.') || !fresh || year(*c, *digits).is_none_or(|y| y > 2100) {
            continue;
        }
        match (date(year(*c, *digits), *b, *a), date(year(*c, *digits), *a, *b)) {
            (Some(_), None) => seen.0 += 1,
            (None, Some(_)) => seen.1 += 1,
            _ => {}
        }
    }
    seen
}

/// Every date in `folded` text (see [`super::sheet::fold`]), in reading order.
#[must_use]
pub fn dates(folded: &str, order: Order) -> Vec<DateSeen> {
    let text = mended(folded);
    let tokens = tokens(&text);
    let mut found = Vec::new();
    let mut i = 0;
    while i < tokens.len() {
        let before = i.checked_sub(1).map(|b| &tokens[b].0);
        let alone =
            !matches!(before, Some(Token::Word(_) | Token::Number(..) | Token::Mark('/' | '-' | '.' | '#')));
        let compact = || alone.then(|| compact(&tokens[i..])).flatten();
        match numeric(&tokens[i..], order).or_else(|| named(&tokens[i..])).or_else(compact) {
            Some((date, other, plain, used)) => {
                // "REG 2-10/12/2022": another mark is no part of it.
                let own = tokens.get(i + 1).map(|t| &t.0);
                let another = matches!(own, Some(Token::Mark('/' | '-' | '.'))) && before != own && plain;
                let inside = matches!(before, Some(Token::Mark('/' | '-' | '.')))
                    && !another
                    && matches!(i.checked_sub(2).map(|b| &tokens[b].0), Some(Token::Number(..)));
                if !inside {
                    let end = tokens.get(i + used).map_or(text.len(), |next| next.1);
                    found.push(DateSeen { date, other, at: tokens[i].1, end, plain });
                }
                i += used;
            }
            None => i += 1,
        }
    }
    found
}

type Match = (Date, Option<Date>, bool, usize);

/// `31/12/2024`, `31-12-24`, `2024-12-31`, `31. 12. 2024`; one kind of mark on both sides.
fn numeric(tokens: &[(Token<'_>, usize)], order: Order) -> Option<Match> {
    let mut at = 0;
    let take = |at: &mut usize| {
        let token = tokens.get(*at).map(|t| &t.0);
        *at += 1;
        token
    };
    let Some(&Token::Number(a, da)) = take(&mut at) else { return None };
    let separator = |at: &mut usize| {
        if tokens.get(*at).map(|t| &t.0) == Some(&Token::Mark(' '))
            && matches!(tokens.get(*at + 1).map(|t| &t.0), Some(Token::Mark('/' | '-' | '.')))
        {
            *at += 1;
        }
        let Some(Token::Mark(c @ ('/' | '-' | '.' | '–'))) = tokens.get(*at).map(|t| &t.0) else {
            return None;
        };
        *at += 1;
        if tokens.get(*at).map(|t| &t.0) == Some(&Token::Mark(' ')) {
            *at += 1;
        }
        Some(*c)
    };
    let first = separator(&mut at)?;
    let Some(&Token::Number(b, db)) = take(&mut at) else { return None };
    let second = separator(&mut at)?;
    let Some(&Token::Number(c, dc)) = take(&mut at) else { return None };
    if first != second || db > 2 {
        return None;
    }
    let (c, dc) = without_clock(tokens, at, da, (c, dc));
    if dc == 2 && is_torn(c, tokens.get(at..).unwrap_or_default()) {
        return None;
    }
    if da == 4 && dc <= 2 {
        return Some((date(year(a, 4), b, c)?, None, true, at));
    }
    if da > 2 {
        return None;
    }
    let year = year(c, dc);
    let (day, month) = (date(year, b, a), date(year, a, b));
    let (best, other) = match (day, month) {
        (Some(d), Some(m)) if d == m => (d, None),
        // Points part day, month and year where the day comes first, and hardly elsewhere.
        (Some(d), Some(_)) if first == '.' && dc == 4 && order != Order::MonthFirst => (d, None),
        (Some(d), Some(m)) if order == Order::MonthFirst => (m, Some(d)),
        (Some(d), Some(m)) => (d, Some(m)),
        (Some(d), None) | (None, Some(d)) => (d, None),
        // 24-12-31: the year first, two digits.
        (None, None) if dc == 2 && da == 2 => (date(self::year(a, 2), b, c)?, None),
        (None, None) => return None,
    };
    Some((best, other, dc == 4, at))
}

/// `01/13/20 9 15:54`: a year that lost a figure in its middle, so that nobody knows which it was.
fn is_torn(century: u32, behind: &[(Token<'_>, usize)]) -> bool {
    let figure = matches!(behind, [(Token::Mark(' '), _), (Token::Number(_, 1), _), ..]);
    let next: Vec<&Token<'_>> = behind.iter().skip(2).take(3).map(|t| &t.0).collect();
    let clock = matches!(next.as_slice(), [Token::Mark(' '), Token::Number(..), Token::Mark(':')] | []);
    matches!(century, 19 | 20) && figure && clock
}

/// The last figures of a date without those of a clock that ran into them: `14/03/20185:57`, `19.12.2220:47`,
/// `2026-02-1815:52`. `at`: the token behind them; `first`: digits of the date's first figures.
fn without_clock(
    tokens: &[(Token<'_>, usize)],
    at: usize,
    first: usize,
    (c, dc): (u32, usize),
) -> (u32, usize) {
    let behind = tokens.get(at..at + 2);
    let clock = matches!(behind, Some([(Token::Mark(':'), _), (Token::Number(_, 2), _)]));
    let kept = |n: usize| {
        let lost = u32::try_from(dc.saturating_sub(n)).unwrap_or_default();
        (c / 10_u32.saturating_pow(lost), n)
    };
    let is_year = |c: u32| (1950..=2100).contains(&c);
    match (first, dc) {
        (4, 3 | 4) if clock => kept(2),
        (1 | 2, 5..) if is_year(kept(4).0) => kept(4),
        (1 | 2, 3 | 4) if clock && !is_year(c) => kept(2),
        _ => (c, dc),
    }
}

/// `20241231` standing alone, or `31122024` with a clock behind it.
fn compact(tokens: &[(Token<'_>, usize)]) -> Option<Match> {
    let Some((Token::Number(n, 8), _)) = tokens.first() else { return None };
    // A longer number goes on: `20241231-004`.
    let goes_on = matches!(tokens.get(1), Some((Token::Word(_) | Token::Mark('/' | '-' | '.'), _)))
        && matches!(tokens.get(2), Some((Token::Number(..) | Token::Word(_), _)));
    let clock = matches!(
        tokens.get(1..4),
        Some([(Token::Mark(' '), _), (Token::Number(..), _), (Token::Mark(':'), _)])
    );
    if clock && let Some(day_first) = date(year(n % 10_000, 4), n / 10_000 % 100, n / 1_000_000) {
        return Some((day_first, None, false, 1));
    }
    if !(19_900_101..=21_000_101).contains(n) || goes_on {
        return None;
    }
    Some((date(year(n / 10_000, 4), n / 100 % 100, n % 100)?, None, false, 1))
}

/// ISO 8601.
#[must_use]
pub fn iso(date: Date) -> String {
    format!("{:04}-{:02}-{:02}", date.year(), u8::from(date.month()), date.day())
}
