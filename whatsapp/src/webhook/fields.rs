//! Reading single fields leniently: numbers that come as text, text that comes as numbers, what is absent.

use base64::{
    Engine,
    prelude::{BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD},
};
use serde_json::Value;
use time::OffsetDateTime;

/// Before WhatsApp (2009-02-24) and after 2100 a timestamp is a mistake, not a time.
const PLAUSIBLE_SECONDS: std::ops::Range<i64> = 1_235_433_600..4_102_444_800;

/// The text at `key`; numbers are written out; empty is absent.
pub(super) fn text(value: &Value, key: &str) -> Option<String> {
    match value.get(key)? {
        Value::String(s) if !s.is_empty() => Some(s.clone()),
        Value::Number(n) => Some(n.to_string()),
        _ => None,
    }
}

/// The whole number at `key`, from a number or digits.
pub(super) fn number(value: &Value, key: &str) -> Option<i64> {
    whole(value.get(key)?)
}

fn whole(value: &Value) -> Option<i64> {
    match value {
        // `as` saturates, so a float of any size stays a number out of range, not a panic.
        #[expect(clippy::cast_possible_truncation)]
        Value::Number(n) => n.as_i64().or_else(|| n.as_f64().map(|f| f as i64)),
        Value::String(s) => s.trim().parse().ok(),
        _ => None,
    }
}

/// Whether `key` is `true` (or the text of it).
pub(super) fn flag(value: &Value, key: &str) -> bool {
    match value.get(key) {
        Some(Value::Bool(b)) => *b,
        Some(Value::String(s)) => s.eq_ignore_ascii_case("true"),
        _ => false,
    }
}

/// The elements at `key`; anything else is an empty list.
pub(super) fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// Unix seconds at `key`, as text or number. `Ok(None)` when absent, `Err` when it is no plausible time.
pub(super) fn stamp(value: &Value, key: &str) -> Result<Option<OffsetDateTime>, ()> {
    match value.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(stamp) => moment(stamp).map(Some).ok_or(()),
    }
}

/// Unix seconds, as text or number, if they are a plausible time.
pub(super) fn moment(value: &Value) -> Option<OffsetDateTime> {
    let seconds = whole(value).filter(|s| PLAUSIBLE_SECONDS.contains(s))?;
    OffsetDateTime::from_unix_timestamp(seconds).ok()
}

/// A SHA-256 in either form Meta uses: base64 (webhooks) or hex (media look-ups, `history`).
pub(crate) fn sha256(text: &str) -> Option<[u8; 32]> {
    let text = text.trim();
    let bytes = if text.len() == 64 {
        hex::decode(text).ok()?
    } else {
        let text = text.trim_end_matches('=');
        BASE64_STANDARD_NO_PAD.decode(text).or_else(|_| BASE64_URL_SAFE_NO_PAD.decode(text)).ok()?
    };
    bytes.try_into().ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn times_are_text_or_numbers_and_never_absurd() {
        let read = |t: Value| stamp(&json!({ "t": t }), "t").map(|o| o.map(OffsetDateTime::unix_timestamp));
        assert_eq!(read(json!("1788000001")), Ok(Some(1_788_000_001)));
        assert_eq!(read(json!(1_788_000_001)), Ok(Some(1_788_000_001)));
        assert_eq!(read(json!(1_788_000_001.0)), Ok(Some(1_788_000_001)));
        assert_eq!(read(Value::Null), Ok(None));
        for absurd in
            [json!("soon"), json!(-1), json!(1e300), json!(u64::MAX), json!("99999999999"), json!([])]
        {
            assert_eq!(read(absurd.clone()), Err(()), "{absurd}");
        }
    }

    #[test]
    fn both_forms_of_a_digest() {
        let hex = "57938fa4b0ff8041ba5e383431b9900cb16070ab0bfa3e4b7d8e27cbfa59e0c6";
        assert_eq!(sha256(hex), sha256("V5OPpLD/gEG6Xjg0MbmQDLFgcKsL+j5LfY4ny/pZ4MY="));
        assert!(sha256(hex).is_some());
        assert_eq!(sha256("V5OP"), None);
        assert_eq!(sha256(&"z".repeat(64)), None);
        assert_eq!(sha256(""), None);
    }
}
