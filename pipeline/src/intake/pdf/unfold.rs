//! What a stream unfolds to, found out under a cap.
//!
//! `hayro` has no cap of its own, so every filter that can grow its input, or hide one that can, is run here first,
//! into nothing. Pictures' own filters (DCT, JPX, JBIG2, CCITT) are bounded by their canvas instead and end the chain.

use std::io::{self, Read, Write};

use flate2::read::ZlibDecoder;
use weezl::{BitOrder, decode::Configuration};

use super::super::polyglot::find;

/// Filters within filters are followed this deep; honest files use one or two.
const MOST_LAYERS: usize = 6;
/// An inner layer is kept in memory up to this size, to be unfolded in turn.
const LAYER_BYTES: usize = 32 << 20;

/// A filter that is run (ISO 32000-2, table 6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Filter {
    Flate,
    Lzw,
    RunLength,
    Ascii85,
    AsciiHex,
}

impl Filter {
    /// By its name, or its short name.
    pub fn named(name: &[u8]) -> Option<Self> {
        Some(match name {
            b"FlateDecode" | b"Fl" => Self::Flate,
            b"LZWDecode" | b"LZW" | b"LzwDecode" => Self::Lzw,
            b"RunLengthDecode" | b"RL" => Self::RunLength,
            b"ASCII85Decode" | b"A85" | b"Ascii85Decode" => Self::Ascii85,
            b"ASCIIHexDecode" | b"AHx" | b"AsciiHexDecode" => Self::AsciiHex,
            _ => return None,
        })
    }
}

/// The filters that come first in the chain of a stream's dictionary.
pub(super) fn chain(dictionary: &[u8]) -> Vec<Filter> {
    let Some(at) = find(dictionary, b"/Filter") else { return Vec::new() };
    let chain = dictionary.get(at + b"/Filter".len()..).unwrap_or_default().trim_ascii_start();
    let chain = match chain.strip_prefix(b"[") {
        Some(array) => array.split(|&b| b == b']').next().unwrap_or_default(),
        None => {
            let end = chain.iter().skip(1).position(|b| !b.is_ascii_alphanumeric());
            chain.get(..end.map_or(chain.len(), |n| n + 1)).unwrap_or_default()
        }
    };
    let names = chain.split(|&b| b == b'/').skip(1).map(<[u8]>::trim_ascii);
    names.map_while(Filter::named).take(MOST_LAYERS).collect()
}

/// Runs the chain; answers the largest size that any layer has, `cap` at most, and the innermost layer's first bytes
/// if `keep`.
pub(super) fn run(filters: &[Filter], packed: &[u8], cap: u64, keep: bool) -> (u64, Vec<u8>) {
    let mut most = 0;
    let mut layer: Vec<u8> = Vec::new();
    for (depth, filter) in filters.iter().enumerate() {
        let from = if depth == 0 { packed } else { &layer };
        let inner = depth + 1 == filters.len();
        let mut sink =
            Sink { cap, size: 0, keep: if inner && !keep { 0 } else { LAYER_BYTES }, kept: Vec::new() };
        // Damage ends the layer where it is; a full sink ends it at the cap.
        let _ended = filter.unfold(from, &mut sink);
        most = most.max(sink.size);
        layer = sink.kept;
        if most >= cap {
            break;
        }
    }
    (most, layer)
}

/// Counts what is written, keeps the first of it, and is full at the cap.
struct Sink {
    cap: u64,
    size: u64,
    keep: usize,
    kept: Vec<u8>,
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.size >= self.cap {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.size = (self.size + bytes.len() as u64).min(self.cap);
        let room = self.keep.saturating_sub(self.kept.len()).min(bytes.len());
        self.kept.extend_from_slice(bytes.get(..room).unwrap_or_default());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Filter {
    fn unfold(self, from: &[u8], to: &mut Sink) -> io::Result<()> {
        match self {
            Self::Flate => {
                let mut from = ZlibDecoder::new(from);
                let mut buffer = vec![0; 64 << 10];
                while let n @ 1.. = from.read(&mut buffer)? {
                    to.write_all(buffer.get(..n).unwrap_or_default())?;
                }
                Ok(())
            }
            Self::Lzw => {
                let mut decoder = Configuration::with_tiff_size_switch(BitOrder::Msb, 8).build();
                decoder.into_stream(to).decode_all(from).status
            }
            Self::RunLength => run_length(from, to),
            Self::Ascii85 => ascii85(from, to),
            Self::AsciiHex => ascii_hex(from, to),
        }
    }
}

/// A length up to 127: that many bytes and one follow. From 129: the next byte, 257 less so often. 128: the end.
fn run_length(mut from: &[u8], to: &mut Sink) -> io::Result<()> {
    while let [length, rest @ ..] = from {
        let length = usize::from(*length);
        from = match length {
            0..=127 => {
                let (run, rest) = rest.split_at(rest.len().min(length + 1));
                to.write_all(run)?;
                rest
            }
            128 => return Ok(()),
            _ => {
                let Some((byte, rest)) = rest.split_first() else { return Ok(()) };
                to.write_all(&vec![*byte; 257 - length])?;
                rest
            }
        };
    }
    Ok(())
}

fn ascii85(from: &[u8], to: &mut Sink) -> io::Result<()> {
    let (mut word, mut digits) = (0_u32, 0);
    for byte in from {
        match byte {
            b'z' if digits == 0 => to.write_all(&[0; 4])?,
            b'!'..=b'u' => {
                word = word.wrapping_mul(85).wrapping_add(u32::from(byte - b'!'));
                digits += 1;
                if digits == 5 {
                    to.write_all(&word.to_be_bytes())?;
                    (word, digits) = (0, 0);
                }
            }
            b'~' => break,
            _ => {}
        }
    }
    // n digits carry n − 1 bytes, as if `u` filled the rest.
    for _ in digits..5 {
        word = word.wrapping_mul(85).wrapping_add(84);
    }
    let rest = word.to_be_bytes();
    to.write_all(rest.get(..usize::saturating_sub(digits, 1)).unwrap_or_default())
}

fn ascii_hex(from: &[u8], to: &mut Sink) -> io::Result<()> {
    let digits = from.iter().take_while(|b| **b != b'>').filter_map(|b| char::from(*b).to_digit(16));
    let mut pairs = Vec::with_capacity(from.len() / 2 + 1);
    for (index, digit) in digits.enumerate() {
        let digit = u8::try_from(digit).unwrap_or_default();
        match pairs.last_mut() {
            Some(last) if index % 2 == 1 => *last |= digit,
            _ => pairs.push(digit << 4),
        }
    }
    to.write_all(&pairs)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CAP: u64 = 1 << 20;

    fn all(filters: &[Filter], packed: &[u8]) -> (u64, Vec<u8>) {
        run(filters, packed, CAP, true)
    }

    #[test]
    fn chains_are_read_with_long_and_short_names_up_to_a_picture() {
        assert_eq!(chain(b"/Filter/DCTDecode"), []);
        assert_eq!(chain(b"/Filter /FlateDecode/Length 3"), [Filter::Flate]);
        assert_eq!(chain(b"/Filter [ /A85 /LZWDecode /DCTDecode ]"), [Filter::Ascii85, Filter::Lzw]);
    }

    #[test]
    fn each_filter_unfolds_to_what_was_packed() {
        let lzw =
            weezl::encode::Encoder::with_tiff_size_switch(BitOrder::Msb, 8).encode(b"-----A---B").unwrap();
        // ISO 32000-2, 7.4.4.2, example 1.
        assert_eq!(lzw, [0x80, 0x0b, 0x60, 0x50, 0x22, 0x0c, 0x0c, 0x85, 0x01]);
        assert_eq!(all(&[Filter::Lzw], &lzw).1, b"-----A---B");
        assert_eq!(all(&[Filter::RunLength], &[2, 1, 2, 3, 254, 9, 128, 7]).1, [1, 2, 3, 9, 9, 9]);
        assert_eq!(all(&[Filter::Ascii85], b"9jqo^BlbD-BleB1DJ+*+F(f,q~>").1, b"Man is distinguished");
        assert_eq!(all(&[Filter::Ascii85], b"z9jn~>").1, b"\0\0\0\0Ma");
        assert_eq!(all(&[Filter::AsciiHex], b"41 4 2 5>43").1, b"ABP");
    }

    #[test]
    fn a_bomb_behind_any_chain_ends_at_the_cap() {
        let zeros = vec![0; 4 << 20];
        let lzw = weezl::encode::Encoder::with_tiff_size_switch(BitOrder::Msb, 8).encode(&zeros).unwrap();
        let hex: Vec<u8> = lzw.iter().flat_map(|b| format!("{b:02x}").into_bytes()).collect();
        assert_eq!(all(&[Filter::AsciiHex, Filter::Lzw], &hex).0, CAP);
        assert_eq!(all(&[Filter::Ascii85], &b"z".repeat(1 << 20)).0, CAP);
        assert_eq!(all(&[Filter::RunLength], &[129, 0].repeat(1 << 14)).0, CAP);
    }
}
