//! The form of a sealed object: a head, then the bytes in pieces that are each encrypted and authenticated by their place,
//! so that a long file is read and written at flat memory, and any part of it by itself.
//!
//! ```text
//! head    16 bytes   "acuse sealed 01\n"
//! salt    16 bytes   random; with the document's key it makes the object's
//! pieces  64 KiB + 16 bytes each, the last one shorter; of an empty file one of 16 bytes
//! ```
//!
//! ChaCha20-Poly1305; a piece's nonce is its number, and whether it is the last: none can be left out, moved or cut off.

use acuse_pipeline::document::DocumentId;
use bytes::{Bytes, BytesMut};
use ring::{
    aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey},
    hmac,
};

const MAGIC: &[u8; 16] = b"acuse sealed 01\n";
/// Of head and salt.
pub(super) const HEAD: usize = 32;
/// Of one piece before it is sealed.
pub(super) const PIECE: usize = 64 << 10;
/// What sealing adds to a piece.
const TAG: usize = 16;
/// Of one piece in the store.
pub(super) const SEALED_PIECE: usize = PIECE + TAG;

/// A sealed object cannot be opened: it was changed, cut, or sealed by another key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Unopened;

/// How long a sealed object is, before and after.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shape {
    /// Of its bytes as they came.
    pub(super) plain: u64,
    /// Its pieces, at least one.
    pub(super) pieces: u64,
}

impl Shape {
    /// Of an object that has so many bytes in the store; none that has no whole last piece.
    pub(super) fn of_stored(stored: u64) -> Option<Self> {
        let body = stored.checked_sub(HEAD as u64)?;
        let pieces = body.div_ceil(SEALED_PIECE as u64).max(1);
        let plain = body.checked_sub(pieces * TAG as u64)?;
        // Only an empty object has an empty last piece.
        let whole = pieces == plain.div_ceil(PIECE as u64).max(1);
        whole.then_some(Self { plain, pieces })
    }
}

/// Whether these are the first bytes of a sealed object.
#[must_use]
pub fn is_sealed(head: &[u8]) -> bool {
    head.len() >= HEAD && head.starts_with(MAGIC)
}

/// The key of one object, and the number of its next piece.
pub(super) struct Cipher {
    key: LessSafeKey,
    next: u64,
}

impl Cipher {
    fn new(document_key: &[u8; 32], salt: &[u8]) -> Result<Self, Unopened> {
        let object = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, document_key), salt);
        let key = UnboundKey::new(&CHACHA20_POLY1305, object.as_ref()).map_err(|_| Unopened)?;
        Ok(Self { key: LessSafeKey::new(key), next: 0 })
    }

    /// Of a sealed object that begins like this, from that piece on.
    pub(super) fn open(document_key: &[u8; 32], head: &[u8], from: u64) -> Result<Self, Unopened> {
        let salt = head.get(MAGIC.len()..HEAD).filter(|_| is_sealed(head)).ok_or(Unopened)?;
        Ok(Self { next: from, ..Self::new(document_key, salt)? })
    }

    fn nonce(&mut self, is_last: bool) -> Nonce {
        let mut nonce = [0; 12];
        nonce[0] = u8::from(is_last);
        nonce[4..].copy_from_slice(&self.next.to_be_bytes());
        self.next += 1;
        Nonce::assume_unique_for_key(nonce)
    }

    /// The bytes of the next piece.
    pub(super) fn open_piece(
        &mut self,
        document: DocumentId,
        mut piece: BytesMut,
        is_last: bool,
    ) -> Result<Bytes, Unopened> {
        let nonce = self.nonce(is_last);
        let plain = self
            .key
            .open_in_place(nonce, Aad::from(document.0.as_bytes()), &mut piece)
            .map_err(|_| Unopened)?;
        let length = plain.len();
        piece.truncate(length);
        Ok(piece.freeze())
    }
}

/// Seals bytes as they come.
pub(super) struct Sealer {
    cipher: Cipher,
    document: DocumentId,
    waiting: BytesMut,
}

impl Sealer {
    /// Begins an object in `out`.
    pub(super) fn begin(
        document: DocumentId,
        document_key: &[u8; 32],
        salt: [u8; 16],
        out: &mut BytesMut,
    ) -> Result<Self, Unopened> {
        out.extend_from_slice(MAGIC);
        out.extend_from_slice(&salt);
        Ok(Self { cipher: Cipher::new(document_key, &salt)?, document, waiting: BytesMut::new() })
    }

    /// Takes bytes; what is whole goes into `out`.
    pub(super) fn push(&mut self, bytes: &[u8], out: &mut BytesMut) -> Result<(), Unopened> {
        self.waiting.extend_from_slice(bytes);
        // One byte more than a piece says that it is not the last.
        while self.waiting.len() > PIECE {
            let piece = self.waiting.split_to(PIECE);
            self.seal(piece, false, out)?;
        }
        Ok(())
    }

    /// Ends the object.
    pub(super) fn end(mut self, out: &mut BytesMut) -> Result<(), Unopened> {
        let piece = std::mem::take(&mut self.waiting);
        self.seal(piece, true, out)
    }

    fn seal(&mut self, mut piece: BytesMut, is_last: bool, out: &mut BytesMut) -> Result<(), Unopened> {
        let nonce = self.cipher.nonce(is_last);
        let aad = Aad::from(self.document.0.as_bytes());
        let tag = self.cipher.key.seal_in_place_separate_tag(nonce, aad, &mut piece).map_err(|_| Unopened)?;
        out.extend_from_slice(&piece);
        out.extend_from_slice(tag.as_ref());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sealed(document: DocumentId, bytes: &[u8]) -> BytesMut {
        let mut out = BytesMut::new();
        let mut sealer = Sealer::begin(document, &[1; 32], [2; 16], &mut out).unwrap();
        for chunk in bytes.chunks(50_000) {
            sealer.push(chunk, &mut out).unwrap();
        }
        sealer.end(&mut out).unwrap();
        out
    }

    fn opened(document: DocumentId, key: &[u8; 32], stored: &[u8]) -> Result<Vec<u8>, Unopened> {
        let shape = Shape::of_stored(stored.len() as u64).ok_or(Unopened)?;
        let mut cipher = Cipher::open(key, &stored[..HEAD], 0)?;
        let mut all = Vec::new();
        let body = &stored[HEAD..];
        for n in 0..shape.pieces {
            let from = n as usize * SEALED_PIECE;
            let piece = &body[from..body.len().min(from + SEALED_PIECE)];
            all.extend_from_slice(&cipher.open_piece(document, piece.into(), n + 1 == shape.pieces)?);
        }
        Ok(all)
    }

    #[test]
    fn what_is_sealed_opens_with_its_key_only() {
        let id = DocumentId::generate();
        for length in [0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE, 3 * PIECE + 7] {
            let bytes: Vec<u8> = (0..length).map(|n| (n % 251) as u8).collect();
            let stored = sealed(id, &bytes);
            let shape = Shape::of_stored(stored.len() as u64).unwrap();
            assert_eq!(shape.plain, length as u64, "{length}");
            assert_eq!(opened(id, &[1; 32], &stored).unwrap(), bytes, "{length}");
            assert_eq!(opened(id, &[3; 32], &stored), Err(Unopened));
            assert_eq!(opened(DocumentId::generate(), &[1; 32], &stored), Err(Unopened));
        }
    }

    #[test]
    fn nothing_can_be_cut_off_moved_or_changed() {
        let id = DocumentId::generate();
        let stored = sealed(id, &vec![7; 3 * PIECE + 100]);
        let cut = &stored[..HEAD + 2 * SEALED_PIECE];
        assert_eq!(opened(id, &[1; 32], cut), Err(Unopened), "a whole piece less");
        let mut swapped = stored.to_vec();
        let (first, rest) = swapped[HEAD..].split_at_mut(SEALED_PIECE);
        first.swap_with_slice(&mut rest[..SEALED_PIECE]);
        assert_eq!(opened(id, &[1; 32], &swapped), Err(Unopened));
        for at in [17, HEAD, HEAD + PIECE + 3, stored.len() - 1] {
            let mut changed = stored.to_vec();
            changed[at] ^= 1;
            assert_eq!(opened(id, &[1; 32], &changed), Err(Unopened), "{at}");
        }
        assert_eq!(Shape::of_stored(31), None);
        assert_eq!(Shape::of_stored((HEAD + 3) as u64), None);
        assert_eq!(
            Shape::of_stored((HEAD + SEALED_PIECE + TAG) as u64),
            None,
            "an empty piece after a full one"
        );
    }
}
