//! Copies of damaged pictures with their frame made right: what the damage left is then still shown.
//!
//! Only what stands around the coded pixels is touched, never the pixels themselves.

use std::io::Read as _;

/// A PNG's signature (PNG 3rd edition, 5.2).
const PNG_SIGNATURE: usize = 8;

/// A copy of a PNG whose chunks carry the right CRC, the last one the length that it has, and that ends with IEND;
/// `None` if it was so all along.
///
/// A wrong checksum over sound pixels is a bad copy or an odd writer, and people's viewers show it.
pub(super) fn png(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut copy = bytes.get(..PNG_SIGNATURE)?.to_vec();
    let mut at = PNG_SIGNATURE;
    while let Some((length, kind)) = png_chunk(bytes, at) {
        let body = at + 8;
        let end = body.saturating_add(length).min(bytes.len());
        append_chunk(&mut copy, kind, bytes.get(body..end)?)?;
        at = end + 4;
        if kind == b"IEND" {
            copy.extend_from_slice(bytes.get(at..).unwrap_or_default());
            return (copy != bytes).then_some(copy);
        }
    }
    append_chunk(&mut copy, b"IEND", &[])?;
    Some(copy)
}

/// A copy of a PNG with nothing but what its pixels need, each once and in order (PNG 3rd edition, 5.6): header,
/// palette, transparency, pixels, end. `None` if there is no header or no pixel.
pub(super) fn png_bare(bytes: &[u8]) -> Option<Vec<u8>> {
    let (mut header, mut palette, mut clear, mut pixels) = (None, None, None, Vec::new());
    let mut at = PNG_SIGNATURE;
    while let Some((length, kind)) = png_chunk(bytes, at) {
        let body = bytes.get(at + 8..(at + 8).saturating_add(length).min(bytes.len()))?;
        at = at.saturating_add(8).saturating_add(length).saturating_add(4);
        match kind {
            b"IHDR" => header = header.or(Some(body)),
            b"PLTE" => palette = palette.or(Some(body)),
            b"tRNS" => clear = clear.or(Some(body)),
            b"IDAT" => pixels.extend_from_slice(body),
            _ => {}
        }
    }
    let mut copy = bytes.get(..PNG_SIGNATURE)?.to_vec();
    append_chunk(&mut copy, b"IHDR", header?)?;
    for (kind, body) in [(b"PLTE", palette), (b"tRNS", clear)] {
        if let Some(body) = body {
            append_chunk(&mut copy, kind, body)?;
        }
    }
    append_chunk(&mut copy, b"IDAT", (!pixels.is_empty()).then_some(&pixels)?)?;
    append_chunk(&mut copy, b"IEND", &[])?;
    Some(copy)
}

/// Whether the pixels of a PNG unfold to their end with the right checksum (RFC 1950): decoders of pictures stop at the
/// last row and do not look. What is larger than `most` bytes is taken for whole.
pub(super) fn png_pixels_are_whole(bytes: &[u8], most: u64) -> bool {
    let mut pixels = Vec::new();
    let mut at = PNG_SIGNATURE;
    while let Some((length, kind)) = png_chunk(bytes, at) {
        let end = (at + 8).saturating_add(length).min(bytes.len());
        if kind == b"IDAT" {
            pixels.extend_from_slice(bytes.get(at + 8..end).unwrap_or_default());
        }
        at = end.saturating_add(4);
    }
    let mut unfolded = flate2::read::ZlibDecoder::new(&pixels[..]).take(most);
    std::io::copy(&mut unfolded, &mut std::io::sink()).is_ok()
}

/// Length and kind of the chunk at `at`; `None` where none begins.
fn png_chunk(bytes: &[u8], at: usize) -> Option<(usize, &[u8])> {
    let length = bytes.get(at..at + 4)?.try_into().map(u32::from_be_bytes).ok()? as usize;
    let kind = bytes.get(at + 4..at + 8)?;
    kind.iter().all(u8::is_ascii_alphabetic).then_some((length, kind))
}

fn append_chunk(copy: &mut Vec<u8>, kind: &[u8], body: &[u8]) -> Option<()> {
    let mut crc = flate2::Crc::new();
    crc.update(kind);
    crc.update(body);
    copy.extend_from_slice(&u32::try_from(body.len()).ok()?.to_be_bytes());
    copy.extend_from_slice(kind);
    copy.extend_from_slice(body);
    copy.extend_from_slice(&crc.sum().to_be_bytes());
    Some(())
}

/// A copy of a JPEG without what stands between the segments before its first scan: markers that carry no length, and
/// bytes that belong to none (ITU-T T.81, B.1.1.2). `None` if there is no scan.
///
/// It has the typical Huffman tables from the start, for the frames of a film (Motion JPEG) come without; its own
/// override them.
pub(super) fn jpeg(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut copy = bytes.get(..2)?.to_vec();
    for (class, lengths, values) in TYPICAL_TABLES {
        let length = u16::try_from(2 + 1 + lengths.len() + values.len()).ok()?;
        copy.extend_from_slice(&[0xff, 0xc4]);
        copy.extend_from_slice(&length.to_be_bytes());
        copy.push(*class);
        copy.extend_from_slice(lengths);
        copy.extend_from_slice(values);
    }
    let mut at = 2;
    loop {
        at += bytes.get(at..)?.iter().position(|&b| b == 0xff)?;
        match *bytes.get(at + 1)? {
            0xff => at += 1,
            0x00..=0xbf | 0xd0..=0xd8 => at += 2,
            0xd9 => return None,
            0xda => break,
            _ => {
                let length = bytes.get(at + 2..at + 4)?.try_into().map(u16::from_be_bytes).ok()?;
                let end = at + 2 + usize::from(length.max(2));
                copy.extend_from_slice(bytes.get(at..end)?);
                at = end;
            }
        }
    }
    copy.extend_from_slice(bytes.get(at..)?);
    Some(copy)
}

/// The typical Huffman tables (ITU-T T.81, tables K.3 to K.6): class and number, codes of each length, values.
const TYPICAL_TABLES: &[(u8, &[u8], &[u8])] = &[
    (0x00, &[0, 1, 5, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0], &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]),
    (0x01, &[0, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0], &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]),
    (
        0x10,
        &[0, 2, 1, 3, 3, 2, 4, 3, 5, 5, 4, 4, 0, 0, 1, 0x7d],
        b"\x01\x02\x03\x00\x04\x11\x05\x12\x21\x31\x41\x06\x13\x51\x61\x07\x22\x71\x14\x32\x81\x91\
          \xa1\x08\x23\x42\xb1\xc1\x15\x52\xd1\xf0\x24\x33\x62\x72\x82\x09\x0a\x16\x17\x18\x19\x1a\
          \x25\x26\x27\x28\x29\x2a\x34\x35\x36\x37\x38\x39\x3a\x43\x44\x45\x46\x47\x48\x49\x4a\x53\
          \x54\x55\x56\x57\x58\x59\x5a\x63\x64\x65\x66\x67\x68\x69\x6a\x73\x74\x75\x76\x77\x78\x79\
          \x7a\x83\x84\x85\x86\x87\x88\x89\x8a\x92\x93\x94\x95\x96\x97\x98\x99\x9a\xa2\xa3\xa4\xa5\
          \xa6\xa7\xa8\xa9\xaa\xb2\xb3\xb4\xb5\xb6\xb7\xb8\xb9\xba\xc2\xc3\xc4\xc5\xc6\xc7\xc8\xc9\
          \xca\xd2\xd3\xd4\xd5\xd6\xd7\xd8\xd9\xda\xe1\xe2\xe3\xe4\xe5\xe6\xe7\xe8\xe9\xea\xf1\xf2\
          \xf3\xf4\xf5\xf6\xf7\xf8\xf9\xfa",
    ),
    (
        0x11,
        &[0, 2, 1, 2, 4, 4, 3, 4, 7, 5, 4, 4, 0, 1, 2, 0x77],
        b"\x00\x01\x02\x03\x11\x04\x05\x21\x31\x06\x12\x41\x51\x07\x61\x71\x13\x22\x32\x81\x08\x14\
          \x42\x91\xa1\xb1\xc1\x09\x23\x33\x52\xf0\x15\x62\x72\xd1\x0a\x16\x24\x34\xe1\x25\xf1\x17\
          \x18\x19\x1a\x26\x27\x28\x29\x2a\x35\x36\x37\x38\x39\x3a\x43\x44\x45\x46\x47\x48\x49\x4a\
          \x53\x54\x55\x56\x57\x58\x59\x5a\x63\x64\x65\x66\x67\x68\x69\x6a\x73\x74\x75\x76\x77\x78\
          \x79\x7a\x82\x83\x84\x85\x86\x87\x88\x89\x8a\x92\x93\x94\x95\x96\x97\x98\x99\x9a\xa2\xa3\
          \xa4\xa5\xa6\xa7\xa8\xa9\xaa\xb2\xb3\xb4\xb5\xb6\xb7\xb8\xb9\xba\xc2\xc3\xc4\xc5\xc6\xc7\
          \xc8\xc9\xca\xd2\xd3\xd4\xd5\xd6\xd7\xd8\xd9\xda\xe2\xe3\xe4\xe5\xe6\xe7\xe8\xe9\xea\xf2\
          \xf3\xf4\xf5\xf6\xf7\xf8\xf9\xfa",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn chunk(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        append_chunk(&mut out, kind, body).unwrap();
        out
    }

    #[test]
    fn a_sound_frame_is_left_alone() {
        let png_file = [b"\x89PNG\r\n\x1a\n".to_vec(), chunk(b"IDAT", b"x"), chunk(b"IEND", b"")].concat();
        assert_eq!(png(&png_file), None);
    }

    #[test]
    fn checksums_lengths_and_the_end_are_made_right() {
        let sound = [b"\x89PNG\r\n\x1a\n".to_vec(), chunk(b"IDAT", b"xyz"), chunk(b"IEND", b"")].concat();
        let end = sound.len() - 12;
        let mut wrong = sound.clone();
        wrong[end - 1] ^= 1;
        assert_eq!(png(&wrong).as_deref(), Some(&sound[..]));
        assert_eq!(png(&sound[..end]).as_deref(), Some(&sound[..]), "no end");
        assert_eq!(png(&sound[..end - 4]).as_deref(), Some(&sound[..]), "cut before the checksum");
        let junk = [&sound[..end], b"\x12\x34\x56\x78}&%\rjunk"].concat();
        assert_eq!(png(&junk).as_deref(), Some(&sound[..]), "what is no chunk ends the picture");
        assert_eq!(png(b"\x89PN"), None);
    }

    #[test]
    fn strays_between_segments_are_left_out_and_typical_tables_come_first() {
        let stray = b"\xff\xd8\xff\xd5\0\x08\xff\xe0\0\x04ab\xff\x02..\xff\xff\xda\0\x02xyz\xff\xd9";
        let mended = jpeg(stray).unwrap();
        assert!(mended.starts_with(b"\xff\xd8\xff\xc4\0\x1f\0"));
        assert!(mended.ends_with(b"\xff\xe0\0\x04ab\xff\xda\0\x02xyz\xff\xd9"));
        assert_eq!(mended.len(), 2 + 2 * 33 + 2 * 183 + 6 + 9);
        for (_, lengths, values) in TYPICAL_TABLES {
            assert_eq!(lengths.iter().map(|n| usize::from(*n)).sum::<usize>(), values.len());
        }
        assert_eq!(jpeg(b"\xff\xd8\xff\xe0\0\x40ab"), None);
    }
}
