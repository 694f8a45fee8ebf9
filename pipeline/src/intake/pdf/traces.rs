//! What acts, found in the bare syntax of a PDF, without following it.
//!
//! The parser knows only the objects that its table lists and that it understands. Another reader may rebuild the
//! table, or be kinder to a broken dictionary, and run what ours never saw: an object of an earlier revision, one
//! behind damage. So names are also looked for in every byte outside streams, and inside object streams.

use std::collections::BTreeSet;

/// Names that stand in no PDF which only shows something (ISO 32000-2: 12.6.4, 12.7.8, 13.7).
const NAMES: &[&str] = &["JavaScript", "JS", "Launch", "ImportData", "XFA", "RichMedia"];

/// The names that were met.
#[derive(Debug, Default)]
pub(super) struct Traces(BTreeSet<&'static str>);

impl Traces {
    /// Looks for names in `objects`, which must not hold the data of streams.
    pub fn look_at(&mut self, objects: &[u8]) {
        let mut rest = objects;
        while let Some(slash) = rest.iter().position(|&b| b == b'/') {
            rest = rest.get(slash + 1..).unwrap_or_default();
            let end = rest.iter().position(|&b| ends_name(b)).unwrap_or(rest.len());
            let name = rest.get(..end).unwrap_or_default();
            if let Some(known) = NAMES.iter().find(|known| is_written(known.as_bytes(), name)) {
                self.0.insert(known);
            }
        }
    }

    /// Those of which no entry of `found` speaks, in words for a reviewer.
    pub fn beyond(&self, found: &BTreeSet<String>) -> Vec<String> {
        let script = |name: &str| if name == "JS" { "JavaScript" } else { name }.to_owned();
        let names: BTreeSet<String> = self.0.iter().map(|name| script(name)).collect();
        let unsaid = names.into_iter().filter(|name| !found.iter().any(|f| f.contains(name.as_str())));
        unsaid.map(|name| format!("{name} in an object that is not in use")).collect()
    }
}

/// White space or a delimiter (ISO 32000-2, 7.2.3).
fn ends_name(byte: u8) -> bool {
    byte.is_ascii_whitespace() || byte == 0 || b"()<>[]{}/%".contains(&byte)
}

/// Whether `written` is `name`, some of its letters perhaps as `#` and two digits (ISO 32000-2, 7.3.5).
fn is_written(name: &[u8], written: &[u8]) -> bool {
    let digit = |byte: &u8| char::from(*byte).to_digit(16);
    match (name, written) {
        ([], []) => true,
        ([first, rest @ ..], [b'#', high, low, tail @ ..]) => {
            let code = digit(high).zip(digit(low)).map(|(high, low)| high * 16 + low);
            code == Some(u32::from(*first)) && is_written(rest, tail)
        }
        ([first, rest @ ..], [byte, tail @ ..]) => first == byte && is_written(rest, tail),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn met(objects: &str) -> Vec<String> {
        let mut traces = Traces::default();
        traces.look_at(objects.as_bytes());
        traces.beyond(&BTreeSet::new())
    }

    #[test]
    fn names_are_found_however_they_are_written() {
        let unused = |name: &str| vec![format!("{name} in an object that is not in use")];
        assert_eq!(met("<</S/JavaScript/JS(x)>>"), unused("JavaScript"));
        assert_eq!(met("<</S /L#61un#63h>>"), unused("Launch"));
        assert_eq!(met("/XFA[(a)"), unused("XFA"));
        assert!(met("/JSON /Launcher /XFAB /L#6 /# //").is_empty());
    }

    #[test]
    fn what_was_found_is_not_told_twice() {
        let mut traces = Traces::default();
        traces.look_at(b"/JS 4 0 R/Launch");
        let found = BTreeSet::from(["OpenAction to JavaScript".to_owned()]);
        assert_eq!(traces.beyond(&found), ["Launch in an object that is not in use"]);
    }
}
