//! The value of a tax id: words joined while they may be one, slips of OCR mended where the check digit then holds.

use super::{
    checks,
    schemes::{Named, Scheme, Verdict, ending, judge},
    words::FILLER,
};
use crate::{fields::Source, understand::parties::looks::is_price};

/// The id at the start of a text: one to six words, joined while they may be one.
#[must_use]
pub fn joined(text: &str, named: &Named, source: Source) -> Option<(String, Verdict, bool)> {
    let mut joined = String::new();
    let mut best: Option<(String, Verdict, bool)> = None;
    let mut words = text.split_whitespace().filter(|w| w.chars().any(char::is_alphanumeric)).take(8);
    while let Some(word) = words.next() {
        let bare = apart(&clean(word), named.scheme).to_owned();
        if joined.is_empty() && FILLER.contains(&bare.to_lowercase().as_str()) {
            continue;
        }
        // An amount or a share is no id, and "Tel:" begins something else.
        if word.contains(['%', '@', '$', '€'])
            || (is_price(word) && !named.sure)
            || (word.ends_with(':') && !joined.is_empty())
        {
            break;
        }
        joined.push_str(&bare);
        if joined.len() > 16 {
            break;
        }
        if !named.sure && !enough(&joined) {
            continue;
        }
        let verdict = judge(named.scheme, &joined);
        if verdict > best.as_ref().map_or(Verdict::Misfit, |b| b.1)
            || (verdict == Verdict::Unknown
                && best.as_ref().is_some_and(|b| b.1 == verdict)
                && bare.chars().all(|c| c.is_ascii_digit()))
        {
            best = Some((joined.clone(), verdict, false));
        }
        if source == Source::Ocr
            && verdict < Verdict::Unknown
            && best.as_ref().is_none_or(|b| b.1 < Verdict::Unknown)
            && !matches!(named.scheme, Scheme::Gstin | Scheme::Rfc | Scheme::Nif)
            && let Some(mended) = mend(&joined)
            && (judge(named.scheme, &mended) == Verdict::Right
                || (named.scheme == Scheme::TaxId && judge(named.scheme, &mended) == Verdict::Unknown))
        {
            best = Some((mended.clone(), judge(named.scheme, &mended), true));
        }
        if let Some(right) = best.as_mut().filter(|b| b.1 == Verdict::Right) {
            // "773064126 RT0001", "965 920 358 MVA": its ending, a word of its own.
            if let Some(end) = ending(named.scheme)
                && words.next().is_some_and(|word| clean(word) == end)
            {
                right.0.push_str(end);
            }
            break;
        }
    }
    best
}

/// "DE195033395ISteuer": the id of a word that a line of the frame glued to the next.
fn apart(word: &str, scheme: Scheme) -> &str {
    let run = word.get(2..).map_or(0, |rest| rest.bytes().take_while(u8::is_ascii_digit).count());
    let lettered = word.bytes().take(2).all(|b| b.is_ascii_uppercase());
    // A German id has nine digits; a tenth is the line between two entries.
    let run = if word.starts_with("DE") && word.len() > 11 + 2 { run.min(9) } else { run };
    match word.get(..2 + run) {
        Some(id) if scheme == Scheme::Vat && lettered && run >= 8 && word.len() > 14 => id,
        _ => word,
    }
}

/// A value behind a vague label ("VAT", "IVA") must look like an id by itself.
fn enough(value: &str) -> bool {
    let digits = value.chars().filter(char::is_ascii_digit).count();
    let lettered = value.chars().take(2).all(|c| c.is_ascii_alphabetic());
    digits >= 9 || (lettered && digits >= 7)
}

/// Letters that OCR takes for digits, put back after the country's letters; none where nothing changes.
fn mend(value: &str) -> Option<String> {
    let head = if value.chars().take(2).all(|c| c.is_ascii_alphabetic()) { 2 } else { 0 };
    let mended: String = value
        .chars()
        .enumerate()
        .map(|(i, c)| match c {
            'O' | 'Q' | 'D' if i >= head => '0',
            'I' | 'L' if i >= head => '1',
            'Z' if i >= head => '2',
            'S' if i >= head => '5',
            'G' if i >= head => '6',
            'B' if i >= head => '8',
            c => c,
        })
        .collect();
    (mended != value).then_some(mended)
}

/// Letters and digits of a word, upper case.
fn clean(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric() || *c == '&').flat_map(char::to_uppercase).collect()
}

/// Countries whose VAT ids have a check digit that we know.
const PROVEN: [&str; 16] =
    ["DE", "ES", "PT", "IT", "FR", "NL", "BE", "AT", "CH", "EE", "SI", "HR", "SE", "PL", "DK", "GB"];

/// An unlabelled id that proves itself: `DE123456788`, `B12345674`, a CNPJ in its own punctuation.
#[must_use]
pub fn bare(text: &str) -> Option<(String, Scheme)> {
    // "DE 14 14 84 539", alone in its line.
    let whole = (text.len() <= 20).then_some(text).filter(|t| t.contains(' '));
    text.split_whitespace().chain(whole).find_map(|word| {
        let id = clean(word);
        let lettered = id.get(..2).is_some_and(|c| PROVEN.contains(&c));
        let strong = lettered && id.len() >= 10 && judge(Scheme::Vat, &id) == Verdict::Right;
        let lead = word.chars().next().is_some_and(|c| c.is_ascii_uppercase());
        let spanish = id.len() == 9 && lead && !word.contains('/') && checks::nif(&id);
        let brazilian = word.contains('/') && word.contains('-') && checks::cnpj(&id);
        match (strong, spanish, brazilian) {
            (true, ..) => Some((id, Scheme::Vat)),
            (_, true, _) => Some((id, Scheme::Nif)),
            (.., true) => Some((id, Scheme::Cnpj)),
            _ => None,
        }
    })
}
