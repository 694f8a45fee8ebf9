//! What a PDF would cost, from its raw bytes, before a parser pays.
//!
//! `hayro` unfolds streams without a cap and parsers recurse into nested objects; both are bounded here first:
//! every stream is unfolded into nothing under a cap ([`unfold`]), and brackets are counted. A linear scan cannot
//! see inside encrypted streams nor follow references; so streams are measured once more when the document is open.
//! What escapes both meets the sandbox's memory limit.

use hayro::hayro_syntax::{Pdf, object::Object};

use super::{traces::Traces, unfold};
use crate::{
    intake::{polyglot::find, refusal},
    limits::Limits,
    reason::Reason,
};

/// How far before `stream` its dictionary is looked for.
const DICTIONARY_BYTES: usize = 4096;
/// Streams smaller than this when unfolded are never a bomb, whatever their ratio.
const RATIO_FROM: u64 = 1 << 20;

/// What the raw bytes tell besides.
#[derive(Debug, Default)]
pub(super) struct Measured {
    /// Names of what acts.
    pub traces: Traces,
    /// The file ends within a stream: what is left may still open, but something of it is missing.
    pub cut_short: bool,
}

/// Refuses nesting, canvases and streams over the limits.
pub(super) fn check(bytes: &[u8], limits: &Limits) -> Result<Measured, Reason> {
    let mut measured = Measured::default();
    let mut at = 0;
    // Past this much in all, scanning would cost more than drawing; each stream alone stays under its cap.
    let mut budget = limits.stream_bytes.saturating_mul(4);
    while let Some(step) = find(bytes.get(at..).unwrap_or_default(), b"stream") {
        let keyword = at + step;
        let objects = bytes.get(at..keyword).unwrap_or_default();
        nesting(objects, limits)?;
        measured.traces.look_at(objects);
        let data = data_start(bytes, keyword + b"stream".len());
        let dictionary = dictionary(
            bytes.get(at.max(keyword.saturating_sub(DICTIONARY_BYTES))..keyword).unwrap_or_default(),
        );
        canvas(dictionary, limits)?;
        let rest = bytes.get(data..).unwrap_or_default();
        let end = find(rest, b"endstream");
        // The word also stands in titles and the like.
        measured.cut_short |=
            end.is_none() && data > keyword + b"stream".len() && objects.trim_ascii_end().ends_with(b">>");
        let end = end.unwrap_or(rest.len());
        let packed = rest.get(..end).unwrap_or_default();
        if budget > 0 {
            budget = budget.saturating_sub(unfolded(dictionary, packed, &mut measured.traces, limits)?);
        }
        at = data + end + b"endstream".len();
    }
    let rest = bytes.get(at..).unwrap_or_default();
    nesting(rest, limits)?;
    measured.traces.look_at(rest);
    Ok(measured)
}

/// Just past the line end that follows the keyword `stream`.
fn data_start(bytes: &[u8], after: usize) -> usize {
    match bytes.get(after..) {
        Some([b'\r', b'\n', ..]) => after + 2,
        Some([b'\r' | b'\n', ..]) => after + 1,
        _ => after,
    }
}

/// The bytes of the last object before the stream's data.
fn dictionary(before: &[u8]) -> &[u8] {
    let start = before.windows(4).rposition(|w| w == b" obj").unwrap_or(0);
    before.get(start..).unwrap_or_default()
}

/// Unfolds a stream into nothing; returns how much it was.
fn unfolded(dictionary: &[u8], packed: &[u8], traces: &mut Traces, limits: &Limits) -> Result<u64, Reason> {
    let filters = unfold::chain(dictionary);
    let keep = find(dictionary, b"/ObjStm").is_some();
    // A blank picture honestly packs a thousandfold; its size is bounded by its canvas instead.
    let picture = find(dictionary, b"/Image").is_some() && filters.len() == 1;
    let (size, kept) = capped(&filters, packed, keep, picture, limits)?;
    nesting(&kept, limits)?;
    traces.look_at(&kept);
    Ok(size)
}

fn capped(
    filters: &[unfold::Filter],
    packed: &[u8],
    keep: bool,
    picture: bool,
    limits: &Limits,
) -> Result<(u64, Vec<u8>), Reason> {
    let (size, kept) = unfold::run(filters, packed, limits.stream_bytes + 1, keep);
    if size > limits.stream_bytes {
        return Err(refusal::bomb("bytes or more in one stream", "stream_bytes", limits.stream_bytes, size));
    }
    let ratio = size / (packed.len() as u64).max(1);
    if size > RATIO_FROM && ratio > limits.stream_ratio.into() && !picture {
        let limit = limits.stream_ratio.into();
        return Err(refusal::bomb("times its size in one stream", "stream_ratio", limit, ratio));
    }
    Ok((size, kept))
}

/// The same for the streams as the reader finds them: decrypted, and with filters that stand behind a reference.
pub(super) fn check_opened(pdf: &Pdf, limits: &Limits) -> Result<(), Reason> {
    let mut budget = limits.stream_bytes.saturating_mul(4);
    for object in pdf.objects() {
        let Object::Stream(stream) = object else { continue };
        let filters: Vec<unfold::Filter> = stream
            .filters()
            .iter()
            .map_while(|filter| unfold::Filter::named(format!("{filter:?}").as_bytes()))
            .collect();
        let picture = filters.len() == 1 && stream.dict().contains_key("Width");
        let (size, _) = capped(&filters, &stream.raw_data(), false, picture, limits)?;
        budget = budget.saturating_sub(size);
        if budget == 0 {
            return Ok(());
        }
    }
    Ok(())
}

/// `/Width` times `/Height` of an image.
fn canvas(dictionary: &[u8], limits: &Limits) -> Result<(), Reason> {
    let number = |key: &[u8]| {
        let after = dictionary.get(find(dictionary, key)? + key.len()..)?;
        let digits = after.trim_ascii_start();
        // `/Widths` is another key.
        let separated = digits.len() < after.len() || !digits.first()?.is_ascii_alphanumeric();
        let end = digits.iter().position(|b| !b.is_ascii_digit()).unwrap_or(digits.len());
        std::str::from_utf8(digits.get(..end)?).ok()?.parse::<u64>().ok().filter(|_| separated)
    };
    let (Some(width), Some(height)) = (number(b"/Width"), number(b"/Height")) else { return Ok(()) };
    let pixels = width.saturating_mul(height);
    if pixels > limits.image_pixels {
        return Err(refusal::bomb("pixels in an image", "image_pixels", limits.image_pixels, pixels));
    }
    Ok(())
}

/// More levels than may be looked into.
pub(super) fn too_deep(limits: &Limits) -> Reason {
    let limit = u64::from(limits.pdf_depth);
    refusal::too_large("levels of nested objects", "pdf_depth", limit, limit + 1)
}

/// Brackets opened and not closed; each object starts anew, so that damage does not add up.
fn nesting(objects: &[u8], limits: &Limits) -> Result<(), Reason> {
    let mut depth = 0u32;
    let mut in_string = 0u32;
    let mut at = 0;
    while let Some(&byte) = objects.get(at) {
        match byte {
            b'\\' if in_string > 0 => at += 1,
            b'(' => in_string += 1,
            b')' => in_string = in_string.saturating_sub(1),
            b'o' if objects.get(at..at + 3) == Some(b"obj") => (depth, in_string) = (0, 0),
            _ if in_string > 0 => {}
            b'[' => depth += 1,
            b']' => depth = depth.saturating_sub(1),
            b'<' if objects.get(at + 1) == Some(&b'<') => (depth, at) = (depth + 1, at + 1),
            b'>' if objects.get(at + 1) == Some(&b'>') => (depth, at) = (depth.saturating_sub(1), at + 1),
            _ => {}
        }
        if depth > limits.pdf_depth || in_string > limits.pdf_depth {
            return Err(too_deep(limits));
        }
        at += 1;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;
    use crate::reason::ReasonCode;

    fn deflated(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn stream(dictionary: &str, data: &[u8]) -> Vec<u8> {
        let mut pdf =
            format!("%PDF-1.4\n1 0 obj\n<<{dictionary}/Length {}>>\nstream\n", data.len()).into_bytes();
        pdf.extend_from_slice(data);
        pdf.extend_from_slice(b"\nendstream\nendobj\n");
        pdf
    }

    fn refused(pdf: &[u8], limits: &Limits) -> Option<ReasonCode> {
        check(pdf, limits).err().map(|reason| reason.code)
    }

    #[test]
    fn streams_are_capped_by_size_and_ratio() {
        let bomb = stream("/Filter/FlateDecode", &deflated(&vec![0; 3 << 20]));
        assert_eq!(refused(&bomb, &Limits::default()), Some(ReasonCode::DecompressionBomb));
        let small = Limits { stream_bytes: 1 << 20, stream_ratio: 10_000, ..Limits::default() };
        assert_eq!(refused(&bomb, &small), Some(ReasonCode::DecompressionBomb));
        let blank = stream(
            "/Subtype/Image/Width 2000/Height 1500/Filter /FlateDecode",
            &deflated(&vec![255; 3 << 20]),
        );
        assert_eq!(refused(&blank, &Limits::default()), None);
    }

    #[test]
    fn flate_within_flate_is_unfolded_too() {
        let nested = deflated(&deflated(&vec![0; 8 << 20]));
        let bomb = stream("/Filter[/FlateDecode /Fl]", &nested);
        assert_eq!(refused(&bomb, &Limits::default()), Some(ReasonCode::DecompressionBomb));
    }

    #[test]
    fn huge_canvases_are_refused() {
        let huge = stream("/Width 60000 /Height 60000", b"");
        assert_eq!(refused(&huge, &Limits::default()), Some(ReasonCode::DecompressionBomb));
    }

    #[test]
    fn deep_nesting_is_refused_but_damage_is_not() {
        let deep = format!("%PDF-1.4\n1 0 obj\n{}\nendobj", "[".repeat(70));
        assert_eq!(refused(deep.as_bytes(), &Limits::default()), Some(ReasonCode::TooLarge));
        let many = "1 0 obj\n[[[\nendobj\n".repeat(100);
        assert_eq!(refused(many.as_bytes(), &Limits::default()), None);
        let text = format!("1 0 obj\n({})\nendobj", "[".repeat(200));
        assert_eq!(refused(text.as_bytes(), &Limits::default()), None);
    }
}
