//! The encoding of certificates and signed files (BER, of which DER is a part), read within its bytes.

/// Nesting of one structure.
pub(super) const DEPTH: u8 = 16;

/// One element of BER: its tag, its bytes without head and tail, and all of it.
#[derive(Clone, Copy)]
pub(super) struct Item<'a> {
    pub tag: u8,
    pub body: &'a [u8],
    pub whole: &'a [u8],
}

/// The first element of `bytes`, also of a length that is not said.
pub(super) fn item(bytes: &[u8], depth: u8) -> Option<(Item<'_>, &[u8])> {
    let (tag, first) = (*bytes.first()?, *bytes.get(1)?);
    // Tags of more than one byte stand nowhere in what is read here.
    if depth == 0 || tag & 0x1f == 0x1f {
        return None;
    }
    let (head, length) = match first {
        0x80 => {
            let mut rest = bytes.get(2..)?;
            while !rest.starts_with(&[0, 0]) {
                rest = item(rest, depth - 1)?.1;
            }
            let end = bytes.len() - rest.len();
            let whole = bytes.get(..end + 2)?;
            return Some((Item { tag, body: bytes.get(2..end)?, whole }, rest.get(2..)?));
        }
        short if short < 0x80 => (2, usize::from(short)),
        long => {
            let count = usize::from(long & 0x7f);
            let digits = bytes.get(2..2 + count).filter(|_| count <= 4)?;
            (2 + count, digits.iter().fold(0, |n, b| n << 8 | usize::from(*b)))
        }
    };
    let end = head.checked_add(length)?;
    Some((Item { tag, body: bytes.get(head..end)?, whole: bytes.get(..end)? }, bytes.get(end..)?))
}

/// The elements inside one.
pub(super) fn items(body: &[u8]) -> impl Iterator<Item = Item<'_>> {
    let mut rest = body;
    std::iter::from_fn(move || {
        let (found, behind) = item(rest, DEPTH)?;
        rest = behind;
        Some(found)
    })
}

/// An octet string, whole or in pieces.
pub(super) fn octets(string: Item<'_>, depth: u8) -> Option<Vec<u8>> {
    if string.tag & 0x20 == 0 {
        return Some(string.body.to_vec());
    }
    let pieces = (depth > 0).then(|| items(string.body))?;
    pieces.map(|piece| octets(piece, depth - 1)).collect::<Option<Vec<_>>>().map(|pieces| pieces.concat())
}
