//! The name in a line: labels before it, registration numbers and titles after it cut away, its legal form mended.

use super::{
    inline::{before_address, before_contact, firm_before_address},
    looks::postal,
    mended,
    names::{Token, firm, legal_form, tokens},
    words::{LEGAL_NAME, NAMED, OWNED, TITLE_OF, TITLES, TRADE},
};
use crate::understand::sheet::fold;

/// The name in a line: labels before it, registration numbers and titles after it cut away, its legal form mended.
#[must_use]
pub fn tidy(text: &str) -> String {
    let text = text.trim();
    let mut name = without_label(headed(text).unwrap_or(text)).to_owned();
    mended::letters(&mut name);
    mend(&mut name);
    cut_after_form(&mut name);
    cut_brackets(&mut name);
    cut_titles(&mut name);
    mended::cut_branch(&mut name);
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

/// The name at the head of a line that goes on with its branch, its address, its number or its telephone.
fn headed(text: &str) -> Option<&str> {
    let starred = between_stars(text);
    starred
        .or_else(|| sender_line(text))
        .or_else(|| firm_before_address(text))
        .or_else(|| before_contact(text))
}

/// "* NUBE ROJA * CC Alta": a sign between stars, though its branch follows.
fn between_stars(text: &str) -> Option<&str> {
    let (name, rest) = text.strip_prefix('*')?.trim_start_matches(['*', ' ']).split_once('*')?;
    let letters = name.chars().filter(|c| c.is_alphabetic()).count();
    (letters >= 3 && rest.contains(char::is_alphanumeric)).then_some(name)
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
    for label in OWNED.iter().chain(NAMED.iter()) {
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

/// Whether a text says before the name that a registered name follows.
#[must_use]
pub fn says_legal_name(text: &str) -> bool {
    let folded = fold(text.trim());
    LEGAL_NAME
        .iter()
        .any(|label| folded.strip_prefix(label).is_some_and(|rest| rest.trim_start().starts_with(':')))
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
            // "Acme, Inc., Hauptstr. 1, 12345 Stadt": a comma of the name's own.
            return before_address(text).filter(|name| name.starts_with(first)).or(Some(first));
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
        return;
    }
    // "Sales Receipt Acme Ltd": a title of two words, or more.
    let within = |w: &&Token| title(Some(*w)) || TITLE_OF.contains(&w.plain.as_str());
    let lead = words.iter().take_while(within).count();
    let titled = words.iter().take(lead).any(|w| title(Some(w)));
    let Some(first) = words.get(lead).filter(|w| titled && !TRADE.contains(&w.plain.as_str())) else {
        return;
    };
    if words.len() > lead + 1 && firm(&name[first.start..]) > 0.9 {
        name.drain(..first.start);
    }
}
