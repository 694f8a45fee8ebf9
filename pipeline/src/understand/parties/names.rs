//! What a firm's name looks like: legal forms, the noise around it, and the lines that are no name.

use super::words::{ADDRESS, COUNTRIES, FORMER, LEGAL, NAMED, NOT_NAME, OWNED, SHORT_LEGAL, TITLES, TRADE};
use crate::understand::sheet::{fold, has_phrase};

/// A word of a name: folded, without dots ("S.A." is `sa`), and where it stands in the text (bytes).
#[derive(Debug, Clone, PartialEq)]
pub struct Token {
    /// Folded, without dots.
    pub plain: String,
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

/// Cuts a text into words; single letters parted by dots become one word.
#[must_use]
pub fn tokens(text: &str) -> Vec<Token> {
    let mut out: Vec<Token> = Vec::new();
    let mut start = None;
    for (i, c) in text.char_indices().chain([(text.len(), ' ')]) {
        let inside = c.is_alphanumeric() || matches!(c, '/' | '&' | '\'' | '’' | '_');
        match (inside, start) {
            (true, None) => start = Some(i),
            (false, Some(from)) => {
                push(&mut out, text, from, i);
                start = None;
            }
            _ => {}
        }
    }
    out
}

fn push(out: &mut Vec<Token>, text: &str, start: usize, end: usize) {
    let plain = fold(&text[start..end]);
    let single = |t: &str| t.chars().count() == 1 && t.chars().all(char::is_alphabetic);
    if let Some(last) = out.last_mut()
        && single(&plain)
        && last.plain.chars().all(char::is_alphabetic)
        && text[last.start..last.end].chars().filter(|c| *c != '.' && *c != ' ').count()
            == text[last.start..last.end].split(['.', ' ']).filter(|p| !p.is_empty()).count()
        && (&text[last.end..start] == "." || (&text[last.end..start] == ". " && single(&last.plain)))
    {
        last.plain.push_str(&plain);
        last.end = end;
        return;
    }
    out.push(Token { plain, start, end });
}

/// The words of a text, folded and without dots, parted by single blanks.
#[must_use]
pub fn plain(text: &str) -> String {
    tokens(text).into_iter().map(|t| t.plain).collect::<Vec<_>>().join(" ")
}

fn ends_with_at(words: &[Token], form: &str, at: usize) -> Option<usize> {
    let parts: Vec<&str> = form.split(' ').collect();
    let from = (at + 1).checked_sub(parts.len())?;
    let same = words.get(from..=at)?.iter().zip(&parts).all(|(w, p)| w.plain == **p);
    same.then_some(from)
}

/// The last legal form of a name, as indices of its first and last word; a name is more than its form.
#[must_use]
pub fn legal_form(words: &[Token], text: &str) -> Option<(usize, usize)> {
    (0..words.len()).rev().find_map(|at| {
        let long = LEGAL.iter().filter_map(|f| ends_with_at(words, f, at)).min();
        let dotted = |w: &Token| text[w.end..].starts_with('.') || text[w.start..w.end].contains('.');
        let last = at + 1 == words.len();
        let short = || {
            let word = &words[at];
            let after_name = at >= 1 && !words[at - 1].plain.chars().all(|c| c.is_ascii_digit());
            let printed = &text[word.start..word.end];
            let known = SHORT_LEGAL.contains(&word.plain.as_str())
                && printed.chars().next().is_some_and(char::is_uppercase);
            // "Acme, S.A. B-123", "Acme Co. The Mall": a dotted form ends the name though words follow.
            let inner = printed.contains('.') || (word.plain == "co" && at >= 2 && dotted(word));
            (known && after_name && (last || inner)).then_some(at)
        };
        long.or_else(short).map(|from| (from, at))
    })
}

/// How much a text looks like a firm's name by its words: 1 for a legal form, less for a word of trade.
#[must_use]
pub fn firm(text: &str) -> f32 {
    let words = tokens(text);
    if legal_form(&words, text).is_some_and(|(from, _)| from > 0 || words.len() > 3) {
        return 1.0;
    }
    let plain = plain(text);
    if TRADE.iter().any(|w| has_phrase(&plain, w)) { 0.4 } else { 0.0 }
}

/// Whether a text says only what is sold ("BAR - CAFETERIA"), not by whom.
#[must_use]
pub fn only_trade(text: &str) -> bool {
    const JOINERS: &[&str] = &["y", "e", "and", "&", "et", "de", "the", "la", "el", "le"];
    let words = tokens(text);
    words.iter().all(|w| TRADE.contains(&w.plain.as_str()) || JOINERS.contains(&w.plain.as_str()))
}

/// Whether a text is only the end of a name: legal forms, brackets and country words ("CO. (M) SDN BHD").
#[must_use]
pub fn only_ending(text: &str) -> bool {
    const JOINERS: &[&str] = &["m", "co", "&", "and", "y", "e", "de", "the"];
    let words = tokens(text);
    let Some((from, to)) = legal_form(&words, text).or_else(|| alone(&words)) else { return false };
    let outside = words.iter().enumerate().filter(|(i, _)| *i < from || *i > to);
    let bracketed = text.trim_start().starts_with('(');
    outside.clone().all(|(_, w)| JOINERS.contains(&w.plain.as_str()))
        || (bracketed && outside.count() <= 2 && !text.chars().any(|c| c.is_ascii_digit()))
}

fn alone(words: &[Token]) -> Option<(usize, usize)> {
    let last = words.len().checked_sub(1)?;
    let word = words.get(last).filter(|_| last == 0)?;
    SHORT_LEGAL.contains(&word.plain.as_str()).then_some((last, last))
}

/// Whether a name's line says something a name does not.
#[must_use]
pub fn says_other(text: &str) -> bool {
    let plain = plain(text);
    let folded = fold(text);
    NOT_NAME.iter().any(|w| has_phrase(&plain, w) || has_phrase(&folded, w))
        || (folded.contains('@') && folded.contains('.'))
}

/// Whether a line says that the names about it are of the past.
#[must_use]
pub fn says_former(folded: &str) -> bool {
    FORMER.iter().any(|w| has_phrase(folded, w))
}

/// Whether a folded line reads like a part of a postal address.
#[must_use]
pub fn looks_like_address(row: &str) -> bool {
    let digits = row.chars().filter(char::is_ascii_digit).count();
    let words = ADDRESS.iter().filter(|w| has_phrase(row, w)).count()
        + usize::from(row.split_whitespace().any(|w| {
            let w = w.trim_matches(|c: char| !c.is_alphabetic());
            w.len() > 5
                && ["strasse", "straße", "str", "straat", "gasse", "gracht", "weg"]
                    .iter()
                    .any(|e| w.ends_with(e))
        }));
    words >= 1 && digits >= 1
        || words >= 2
        || digits * 3 > row.chars().count()
        || postal(row)
        || numbered(row)
}

/// "161 Raynor Overpass": a house number of three digits or more before two to four words.
fn numbered(row: &str) -> bool {
    let mut words = row.split_whitespace();
    let house =
        words.next().is_some_and(|w| (3..=5).contains(&w.len()) && w.chars().all(|c| c.is_ascii_digit()));
    let rest: Vec<&str> = words.collect();
    let wordy =
        rest.iter().all(|w| w.chars().all(|c| c.is_alphabetic() || matches!(c, '.' | ',' | '\'' | '-')));
    house && (2..=4).contains(&rest.len()) && wordy && !TRADE.iter().any(|t| has_phrase(row, t))
}

/// "80333 Muenchen", "Springfield, NY 10001": a postal code with its town.
#[must_use]
pub fn postal(row: &str) -> bool {
    let words: Vec<&str> = row.split([' ', ',']).filter(|w| !w.is_empty()).collect();
    let code = |w: &str| {
        let w = w.trim_start_matches(|c: char| c.is_alphabetic()).trim_start_matches('-');
        let bare = w.split('-').next().unwrap_or(w);
        (4..=5).contains(&bare.len()) && bare.chars().all(|c| c.is_ascii_digit())
    };
    let town = |w: &&str| w.chars().all(|c| c.is_alphabetic() || matches!(c, '.' | '-' | '\''));
    let (Some(first), Some(last)) = (words.first(), words.last()) else { return false };
    (words.len() >= 2 && code(first) && words.get(1).is_some_and(town))
        || (words.len() >= 3
            && code(last)
            && words.get(words.len() - 2).is_some_and(|s| s.len() == 2 && town(s)))
}

/// The name in a line: labels before it, registration numbers and titles after it cut away, its legal form mended.
#[must_use]
pub fn tidy(text: &str) -> String {
    let text = text.trim();
    let mut name = without_label(sender_line(text).unwrap_or(text)).to_owned();
    mend(&mut name);
    cut_after_form(&mut name);
    cut_brackets(&mut name);
    cut_titles(&mut name);
    for mark in ['®', '™', '©'] {
        name = name.replace(mark, "");
    }
    if let Some(rest) = name.strip_suffix(" TM") {
        name = rest.to_owned();
    }
    let dotted = name.trim_end().ends_with('.') && is_abbreviated(&name);
    let mut out = name.trim_matches(noise).to_owned();
    if dotted && !out.is_empty() {
        out.push('.');
    }
    out
}

fn noise(c: char) -> bool {
    c.is_whitespace()
        || matches!(c, '*' | '-' | '_' | ':' | '|' | ',' | '=' | '.' | '~' | '<' | '>' | ';' | '–')
}

fn is_abbreviated(text: &str) -> bool {
    text.trim_end().rsplit([' ', '.']).find(|w| !w.is_empty()).is_some_and(|w| w.chars().count() <= 4)
}

fn without_label(text: &str) -> &str {
    let folded = fold(text);
    for label in OWNED.iter().chain(NAMED) {
        if let Some(rest) = folded.strip_prefix(label)
            && (rest.starts_with(':') || (rest.starts_with([' ', '.']) && !NAMED.contains(label)))
        {
            let skip = label.chars().count();
            let rest = text.char_indices().nth(skip).map_or("", |(i, _)| &text[i..]);
            return rest.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, ':' | '.' | '-'));
        }
    }
    text
}

/// The firm in a sender's line, the small print above a letter's address: "Acme GmbH · Hauptstr. 1 · 12345 Stadt".
#[must_use]
pub fn sender_line(text: &str) -> Option<&str> {
    for by in [" · ", " ● ", " • ", " ∙ ", " | ", " - ", " – ", ", "] {
        let parts: Vec<&str> = text.split(by).map(str::trim).filter(|p| !p.is_empty()).collect();
        let [first, rest @ ..] = parts.as_slice() else { continue };
        let place = rest.iter().any(|p| postal(&fold(p)));
        let street = rest.iter().any(|p| !postal(&fold(p)) && p.chars().any(|c| c.is_ascii_digit()));
        let named = first.chars().filter(|c| c.is_alphabetic()).count() >= 3
            && !first.chars().any(|c| c.is_ascii_digit())
            && !first.contains(':');
        if parts.len() >= 3 && place && street && named {
            return Some(first);
        }
    }
    None
}

/// A legal form misread by a letter: forms are a closed list, so the nearest one is meant.
fn mend(name: &mut String) {
    let words = tokens(name);
    let near = |a: &str, b: &str| {
        a.len() == b.len() && a.bytes().zip(b.bytes()).filter(|(x, y)| x != y).count() <= 1
    };
    for pair in words.windows(2) {
        let [a, b] = pair else { continue };
        if (a.plain != "sdn" || b.plain != "bhd")
            && near(&a.plain, "sdn")
            && near(&b.plain, "bhd")
            && a.start > 0
        {
            let upper = name[a.start..b.end].chars().all(|c| !c.is_lowercase());
            name.replace_range(a.start..b.end, if upper { "SDN BHD" } else { "Sdn Bhd" });
            return;
        }
    }
    for word in words.iter().skip(1) {
        let printed = &name[word.start..word.end];
        let meant = match word.plain.as_str() {
            "5/b" | "s/8" | "5/8" if printed.starts_with(['5', 'S']) => "S/B",
            "gmbii" | "gmbn" | "grnbh" | "gmhh" | "cmbh" | "gmbi" => "GmbH",
            _ => continue,
        };
        name.replace_range(word.start..word.end, meant);
        return;
    }
}

fn cut_after_form(name: &mut String) {
    let words = tokens(name);
    let Some((from, to)) = legal_form(&words, name) else { return };
    if from == 0 {
        return;
    }
    let end = words[to].end;
    let rest = &name[end..];
    let dots = rest.len() - rest.trim_start_matches(['.', ')', '"', '\'']).len();
    let rest = rest[dots..].trim();
    let digits = rest.chars().filter(char::is_ascii_digit).count();
    let parted = rest.starts_with(['-', '|', ',', ';', ':', '·', '–']);
    let wordy = words.len() - to > 2 && !rest.starts_with(['(', '&']);
    if !rest.is_empty() && (digits >= 3 || parted || wordy) {
        name.truncate(end + dots);
    }
}

fn cut_brackets(name: &mut String) {
    if let Some(open) = name.rfind(['(', '['])
        && open > 0
    {
        let inside = &name[open..];
        let digits = inside.chars().filter(char::is_ascii_digit).count();
        let closed = inside.contains([')', ']']);
        if digits >= 4 || (!closed && inside.chars().count() <= 4) {
            name.truncate(open);
        }
    }
    // A stamp's or a pen's leavings: "ENTERPRISE P)".
    let trimmed = name.trim_end().to_owned();
    if let Some((head, tail)) = trimmed.rsplit_once(' ')
        && tail.chars().count() <= 3
        && tail.ends_with([')', ']'])
        && !tail.contains(['(', '['])
        && !head.contains(['(', '['])
    {
        *name = head.to_owned();
    }
}

fn cut_titles(name: &mut String) {
    let words = tokens(name);
    let title = |w: Option<&Token>| w.is_some_and(|w| TITLES.contains(&w.plain.as_str()));
    if words.len() >= 2 && title(words.last()) && !title(words.get(words.len() - 2)) {
        name.truncate(words[words.len() - 1].start);
    } else if words.len() >= 3 && title(words.first()) && firm(&name[words[1].start..]) > 0.9 {
        name.drain(..words[1].start);
    }
}

/// The name without its legal form, squeezed: what two printings of one firm have in common.
#[must_use]
pub fn core(name: &str) -> String {
    let words = tokens(name);
    let keep = match legal_form(&words, name) {
        Some((from, _)) if from > 0 => from,
        _ => words.len(),
    };
    words.iter().take(keep).flat_map(|w| w.plain.chars()).filter(|c| c.is_alphanumeric()).collect()
}

/// The legal form of a name, squeezed.
#[must_use]
pub fn form(name: &str) -> Option<String> {
    let words = tokens(name);
    let (from, to) = legal_form(&words, name)?;
    Some(words.get(from..=to)?.iter().map(|w| w.plain.as_str()).collect())
}

/// Whether a text can be a name at all.
#[must_use]
pub fn plausible(name: &str) -> bool {
    let folded = fold(name);
    let letters = folded.chars().filter(|c| c.is_alphabetic()).count();
    let digits = folded.chars().filter(char::is_ascii_digit).count();
    letters >= 3
        && folded.chars().count() <= 80
        && digits <= letters
        && !folded.ends_with(':')
        && !COUNTRIES.contains(&plain(name).as_str())
        && (firm(name) > 0.9 || (!says_other(name) && !looks_like_address(&folded)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn legal_forms_in_any_dress() {
        for name in [
            "Nube Roja S.A. de C.V.",
            "NUBE ROJA SDN.BHD.",
            "Nube Roja, S. L. U.",
            "Nube Roja, Inc.",
            "Nube Roja S.p.A.",
        ] {
            assert!(firm(name) > 0.9, "{name}");
        }
        assert!(firm("RICE 5 KG") < 0.9 && firm("Nube Roja KG") > 0.9 && firm("sdn bhd") < 0.9);
    }

    #[test]
    fn what_is_around_a_name_goes() {
        assert_eq!(tidy("NUBE ROJA SDN BHD (123456-X)"), "NUBE ROJA SDN BHD");
        assert_eq!(tidy("Nube Roja S/B 273511-U (NR1)"), "Nube Roja S/B");
        assert_eq!(tidy("NUBE ROJA SON BHD"), "NUBE ROJA SDN BHD");
        assert_eq!(tidy("NUBE ROJA 5/B (1234-X)"), "NUBE ROJA S/B");
        assert_eq!(tidy("OWN BY: NUBE ROJA SDN BHD"), "NUBE ROJA SDN BHD");
        assert_eq!(tidy("Nube Roja Invoice"), "Nube Roja");
        assert_eq!(tidy("NUBE ROJA ENTERPRISE P)"), "NUBE ROJA ENTERPRISE");
        assert_eq!(tidy("Nube Roja Co. The Long Mall"), "Nube Roja Co.");
        assert_eq!(tidy("Nube Roja GmbH · Hauptstr. 3 · 12345 Altstadt"), "Nube Roja GmbH");
        assert_eq!(tidy("Nube Roja AG - Uferweg 4 - D-63999 Neustadt"), "Nube Roja AG");
        assert_eq!(tidy("NUBE (M) SDN BHD"), "NUBE (M) SDN BHD");
        assert_eq!(tidy("Nube Roja S.A."), "Nube Roja S.A.");
        assert_eq!(tidy("NUBE ROJA, S.A. A-58818501"), "NUBE ROJA, S.A.");
        assert_eq!(tidy("Nube Roja GmbH & Co. KG, Amtsgericht Altstadt"), "Nube Roja GmbH & Co. KG");
        assert!(only_trade("BAR - CAFETERIA") && !only_trade("BAR LUNA"));
    }

    #[test]
    fn endings_and_cores() {
        assert!(only_ending("CO. (M) SDN BHD") && only_ending("(NORTE) SDN BHD") && only_ending("Inc."));
        assert!(!only_ending("N.R.MOTOR(NORTE)SDN.BHD."));
        assert_eq!(core("Nube Roja, Inc."), core("NUBE ROJA"));
    }

    #[test]
    fn addresses() {
        assert!(looks_like_address("springfield, ny 10001") && looks_like_address("80333 munchen"));
        assert!(!looks_like_address("99 speed shop s/b"));
    }

    proptest::proptest! {
        #[test]
        fn never_panics(text in "\\PC{0,40}") {
            let _ = (tidy(&text), firm(&text), core(&text), only_ending(&text), plausible(&text));
        }
    }
}
