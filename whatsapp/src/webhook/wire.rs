//! From bytes to values that nothing downstream can choke on.
//!
//! JSON is read in layers: the envelope as a tree of raw slices, each item as a value of its own, so that
//! one that is too deep, or holds a number out of range, harms itself only. Escapes that no database can
//! hold (a lone UTF-16 surrogate, U+0000) become U+FFFD; the exact bytes are in the raw delivery.

use std::{borrow::Cow, collections::BTreeMap};

use serde_json::{Map, Value, value::RawValue};

use super::{Trouble, TroubleKind};
use crate::limits::{WEBHOOK_DEPTH, WEBHOOK_TROUBLES_CAP};

/// The members of an object, each still raw. Of a key that comes twice, the last counts.
pub(super) type Members<'a> = BTreeMap<String, &'a RawValue>;

/// Collects what was not understood, up to a cap.
#[derive(Debug, Default)]
pub(super) struct Troubles {
    pub list: Vec<Trouble>,
    pub left_out: usize,
}

impl Troubles {
    pub fn note(&mut self, at: &str, kind: TroubleKind) {
        if self.list.len() < WEBHOOK_TROUBLES_CAP {
            self.list.push(Trouble { at: at.to_owned(), kind });
        } else {
            self.left_out += 1;
        }
    }
}

/// The body as text, without a byte-order mark, with bad UTF-8 and unstorable escapes replaced.
pub(super) fn text<'a>(body: &'a [u8], troubles: &mut Troubles) -> Cow<'a, str> {
    let body = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body);
    let text = String::from_utf8_lossy(body);
    if matches!(text, Cow::Owned(_)) {
        troubles.note("", TroubleKind::NotUtf8);
    }
    match mend(&text) {
        Some(mended) => {
            troubles.note("", TroubleKind::UnstorableEscape);
            Cow::Owned(mended)
        }
        None => text,
    }
}

/// `text` with every `\u0000` and every unpaired surrogate escape as `\ufffd`; `None` if there is none.
fn mend(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let mut bad = Vec::new();
    let mut at = 0;
    while let Some(found) = bytes.get(at..).and_then(|rest| rest.iter().position(|&b| b == b'\\')) {
        at += found;
        match unit(bytes, at) {
            Some(0xD800..=0xDBFF) if matches!(unit(bytes, at + 6), Some(0xDC00..=0xDFFF)) => at += 12,
            Some(0 | 0xD800..=0xDFFF) => {
                bad.push(at);
                at += 6;
            }
            Some(_) => at += 6,
            None => at += 2,
        }
    }
    if bad.is_empty() {
        return None;
    }
    let mut mended = text.to_owned();
    for at in bad {
        mended.replace_range(at..at + 6, "\\ufffd");
    }
    Some(mended)
}

/// The UTF-16 unit of a `\uXXXX` that starts at `at`.
fn unit(bytes: &[u8], at: usize) -> Option<u16> {
    let digits = bytes.get(at..at + 6)?.strip_prefix(b"\\u")?;
    let digits = std::str::from_utf8(digits).ok()?;
    digits.bytes().all(|b| b.is_ascii_hexdigit()).then(|| u16::from_str_radix(digits, 16).ok())?
}

/// The members of `raw`, if it is an object.
pub(super) fn members(raw: &RawValue) -> Option<Members<'_>> {
    serde_json::from_str(raw.get()).ok()
}

/// The elements of `raw`, if it is an array.
pub(super) fn elements(raw: &RawValue) -> Option<Vec<&RawValue>> {
    serde_json::from_str(raw.get()).ok()
}

/// `raw` as a value. What cannot be held becomes null, alone, with a trouble.
pub(super) fn value(raw: &RawValue, at: &str, troubles: &mut Troubles) -> Value {
    value_within(raw, WEBHOOK_DEPTH, at, troubles)
}

fn value_within(raw: &RawValue, depth_left: usize, at: &str, troubles: &mut Troubles) -> Value {
    if let Ok(value) = serde_json::from_str(raw.get()) {
        return value;
    }
    let Some(depth_left) = depth_left.checked_sub(1) else {
        troubles.note(at, TroubleKind::TooDeep);
        return Value::Null;
    };
    if let Some(members) = members(raw) {
        let read = |(key, member): (String, &RawValue)| {
            let value = value_within(member, depth_left, at, troubles);
            (key, value)
        };
        Value::Object(members.into_iter().map(read).collect::<Map<_, _>>())
    } else if let Some(elements) = elements(raw) {
        Value::Array(elements.into_iter().map(|e| value_within(e, depth_left, at, troubles)).collect())
    } else {
        troubles.note(at, TroubleKind::UnreadableValue);
        Value::Null
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mends_only_what_cannot_be_stored() {
        assert_eq!(mend(r#"{"a":"Jos\u00e9 \ud83d\udc4d \\u0000 \\ud83d"}"#), None);
        assert_eq!(
            mend(r#"["\ud83d","\udc4d\ud83d","a\u0000b"]"#).as_deref(),
            Some(r#"["\ufffd","\ufffd\ufffd","a\ufffdb"]"#)
        );
        assert_eq!(mend(r"\ud83d\u00e9").as_deref(), Some(r"\ufffd\u00e9"));
        assert_eq!(mend(r"\u12"), None);
        assert_eq!(mend("\\"), None);
    }
}
