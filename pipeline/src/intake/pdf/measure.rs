//! What a PDF would cost, from its raw bytes, before a parser pays.
//!
//! `hayro` unfolds streams without a cap and parsers recurse into nested objects; both are bounded here first:
//! every Flate stream is unfolded into nothing under a cap, and brackets are counted. A linear scan cannot see
//! inside encrypted streams; for those the sandbox's memory limit stands.

use std::io::Read;

use flate2::read::ZlibDecoder;

use crate::{
    intake::{polyglot::find, refusal},
    limits::Limits,
    reason::Reason,
};

/// How far before `stream` its dictionary is looked for.
const DICTIONARY_BYTES: usize = 4096;
/// Flate within Flate is followed this deep; honest files use one.
const MOST_LAYERS: usize = 4;
/// Streams smaller than this when unfolded are never a bomb, whatever their ratio.
const RATIO_FROM: u64 = 1 << 20;
/// An inner layer is kept in memory up to this size, to be unfolded in turn.
const LAYER_BYTES: usize = 32 << 20;

/// Refuses nesting, canvases and streams over the limits.
pub(super) fn check(bytes: &[u8], limits: &Limits) -> Result<(), Reason> {
    let mut at = 0;
    // Past this much in all, scanning would cost more than drawing; each stream alone stays under its cap.
    let mut budget = limits.stream_bytes.saturating_mul(4);
    while let Some(step) = find(bytes.get(at..).unwrap_or_default(), b"stream") {
        let keyword = at + step;
        nesting(bytes.get(at..keyword).unwrap_or_default(), limits)?;
        let data = data_start(bytes, keyword + b"stream".len());
        let dictionary = dictionary(
            bytes.get(at.max(keyword.saturating_sub(DICTIONARY_BYTES))..keyword).unwrap_or_default(),
        );
        canvas(dictionary, limits)?;
        let rest = bytes.get(data..).unwrap_or_default();
        let end = find(rest, b"endstream").unwrap_or(rest.len());
        let packed = rest.get(..end).unwrap_or_default();
        if budget > 0 {
            budget = budget.saturating_sub(unfold(dictionary, packed, limits)?);
        }
        at = data + end + b"endstream".len();
    }
    nesting(bytes.get(at..).unwrap_or_default(), limits)
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

/// Unfolds a Flate stream into nothing; returns how much it was.
fn unfold(dictionary: &[u8], packed: &[u8], limits: &Limits) -> Result<u64, Reason> {
    let layers = flate_layers(dictionary);
    let mut size = 0;
    let mut layer: Vec<u8> = Vec::new();
    for depth in 0..layers {
        let from = if depth == 0 { packed } else { &layer };
        let keep = depth + 1 < layers || find(dictionary, b"/ObjStm").is_some();
        let (count, kept) = inflate(from, limits.stream_bytes + 1, if keep { LAYER_BYTES } else { 0 });
        size = count;
        if size > limits.stream_bytes {
            return Err(refusal::bomb("bytes or more in one stream", limits.stream_bytes, size));
        }
        let ratio = size / (packed.len() as u64).max(1);
        // A blank picture honestly packs a thousandfold; its size is bounded by its canvas instead.
        let picture = find(dictionary, b"/Image").is_some() && layers == 1;
        if size > RATIO_FROM && ratio > limits.stream_ratio.into() && !picture {
            return Err(refusal::bomb("times its size in one stream", limits.stream_ratio.into(), ratio));
        }
        layer = kept;
    }
    nesting(&layer, limits)?;
    Ok(size)
}

/// How many Flate filters come first in the stream's chain.
fn flate_layers(dictionary: &[u8]) -> usize {
    let Some(at) = find(dictionary, b"/Filter") else { return 0 };
    let chain = dictionary.get(at + b"/Filter".len()..).unwrap_or_default();
    let chain = chain.trim_ascii_start();
    let chain = match chain.strip_prefix(b"[") {
        Some(array) => array.split(|&b| b == b']').next().unwrap_or_default(),
        None => chain
            .get(
                ..chain
                    .iter()
                    .skip(1)
                    .position(|b| !b.is_ascii_alphanumeric())
                    .map_or(chain.len(), |n| n + 1),
            )
            .unwrap_or_default(),
    };
    let names = chain.split(|&b| b == b'/').skip(1);
    names
        .map(<[u8]>::trim_ascii)
        .take_while(|name| matches!(*name, b"FlateDecode" | b"Fl"))
        .take(MOST_LAYERS)
        .count()
}

/// Unfolds at most `cap` bytes, keeping the first `keep`.
fn inflate(packed: &[u8], cap: u64, keep: usize) -> (u64, Vec<u8>) {
    let mut from = ZlibDecoder::new(packed).take(cap);
    let (mut size, mut kept, mut buffer) = (0, Vec::new(), vec![0; 64 << 10]);
    while let Ok(n @ 1..) = from.read(&mut buffer) {
        size += n as u64;
        let room = keep.saturating_sub(kept.len()).min(n);
        kept.extend_from_slice(buffer.get(..room).unwrap_or_default());
    }
    (size, kept)
}

/// `/Width` times `/Height` of an image.
fn canvas(dictionary: &[u8], limits: &Limits) -> Result<(), Reason> {
    let number = |key: &[u8]| {
        let at = find(dictionary, key)? + key.len();
        let digits = dictionary.get(at..)?.trim_ascii_start();
        let end = digits.iter().position(|b| !b.is_ascii_digit()).unwrap_or(digits.len());
        std::str::from_utf8(digits.get(..end)?).ok()?.parse::<u64>().ok()
    };
    let (Some(width), Some(height)) = (number(b"/Width "), number(b"/Height ")) else { return Ok(()) };
    let pixels = width.saturating_mul(height);
    if pixels > limits.image_pixels {
        return Err(refusal::bomb("pixels in an image", limits.image_pixels, pixels));
    }
    Ok(())
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
            return Err(refusal::too_large(
                "levels of nested objects",
                limits.pdf_depth.into(),
                u64::from(limits.pdf_depth) + 1,
            ));
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
        assert_eq!(flate_layers(b"/Filter [ /FlateDecode /DCTDecode ]"), 1);
        assert_eq!(flate_layers(b"/Filter/DCTDecode"), 0);
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
