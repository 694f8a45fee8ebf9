//! Text cut into what dates are made of.

/// A piece of text.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token<'a> {
    /// Its value, and how many figures it has.
    Number(u32, usize),
    /// Letters.
    Word(&'a str),
    /// Anything else; any white space is a blank.
    Mark(char),
}

/// Numbers, words and marks of a text, each with the byte where it begins.
pub(super) fn tokens(text: &str) -> Vec<(Token<'_>, usize)> {
    let mut out = Vec::new();
    let mut chars = text.char_indices().peekable();
    while let Some((start, c)) = chars.next() {
        let mut end = start + c.len_utf8();
        if c.is_ascii_digit() {
            while let Some(&(i, d)) = chars.peek()
                && d.is_ascii_digit()
            {
                end = i + 1;
                chars.next();
            }
            let run = &text[start..end];
            out.push((Token::Number(run.parse().unwrap_or(u32::MAX), run.len()), start));
        } else if c.is_alphabetic() {
            while let Some(&(i, d)) = chars.peek()
                && d.is_alphabetic()
            {
                end = i + d.len_utf8();
                chars.next();
            }
            out.push((Token::Word(&text[start..end]), start));
        } else if !c.is_whitespace() {
            out.push((Token::Mark(c), start));
        } else {
            out.push((Token::Mark(' '), start));
        }
    }
    out
}
