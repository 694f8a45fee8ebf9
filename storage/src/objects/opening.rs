//! Objects as they are read: whatever is sealed is opened on its way out, and what never was comes as it is.

use std::pin::Pin;

use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt};

use super::{
    ByteRange, ObjectError, ObjectKey, Objects,
    sealed::{Cipher, HEAD, PIECE, SEALED_PIECE, Shape, is_sealed},
};
use crate::{key_file::KeyFile, names::DocumentId};

/// The bytes of an object.
pub(super) type Flow = Pin<Box<dyn Stream<Item = Result<Bytes, ObjectError>> + Send>>;

/// What there is to know of an object before its bytes.
pub(super) enum Looked {
    /// As it came, so long.
    Plain(u64),
    Sealed {
        shape: Shape,
        head: Bytes,
    },
}

fn unopened(key: &ObjectKey) -> ObjectError {
    ObjectError::Unopened { key: key.to_string() }
}

/// Whose it is, and with which key.
pub(super) fn owner(keys: &KeyFile, key: &ObjectKey) -> Result<(DocumentId, [u8; 32]), ObjectError> {
    let document = key.document().ok_or_else(|| unopened(key))?;
    let secret = keys.document_key(document).ok_or_else(|| ObjectError::Erased { key: key.to_string() })?;
    Ok((document, secret))
}

/// What flows from a piece on, opened.
struct Opening {
    key: ObjectKey,
    document: DocumentId,
    cipher: Cipher,
    source: Flow,
    over: BytesMut,
    /// Pieces that are still to come.
    left: u64,
    /// Whether the last of these is the object's last.
    to_end: bool,
}

impl Opening {
    async fn next(&mut self) -> Result<Option<Bytes>, ObjectError> {
        if self.left == 0 {
            return Ok(None);
        }
        while self.over.len() < SEALED_PIECE {
            match self.source.next().await.transpose()? {
                Some(bytes) => self.over.extend_from_slice(&bytes),
                None => break,
            }
        }
        let piece = self.over.split_to(self.over.len().min(SEALED_PIECE));
        self.left -= 1;
        let is_last = self.to_end && self.left == 0;
        self.cipher.open_piece(self.document, piece, is_last).map(Some).map_err(|_| unopened(&self.key))
    }

    fn flow(self) -> Flow {
        Box::pin(futures_util::stream::unfold(Some(self), |opening| async {
            let mut opening = opening?;
            match opening.next().await {
                Ok(Some(bytes)) => Some((Ok(bytes), Some(opening))),
                Ok(None) => None,
                Err(error) => Some((Err(error), None)),
            }
        }))
    }
}

/// A stream whose first bytes were looked at.
async fn looked_at(mut flow: Flow) -> Result<(BytesMut, Flow), ObjectError> {
    let mut first = BytesMut::new();
    while first.len() < HEAD {
        match flow.next().await.transpose()? {
            Some(bytes) => first.extend_from_slice(&bytes),
            None => break,
        }
    }
    Ok((first, flow))
}

impl Objects {
    /// The object as it came, and its length, from what the store has of it.
    pub(super) async fn opened(
        &self,
        key: &ObjectKey,
        stored: u64,
        flow: Flow,
    ) -> Result<(u64, Flow), ObjectError> {
        let Some(keys) = &self.keys else { return Ok((stored, flow)) };
        let (mut first, flow) = looked_at(flow).await?;
        if !is_sealed(&first) {
            let first = futures_util::stream::iter((!first.is_empty()).then(|| Ok(first.freeze())));
            return Ok((stored, Box::pin(first.chain(flow))));
        }
        let (document, secret) = owner(keys, key)?;
        let shape = Shape::of_stored(stored).ok_or_else(|| unopened(key))?;
        let head = first.split_to(HEAD);
        let cipher = Cipher::open(&secret, &head, 0).map_err(|_| unopened(key))?;
        let opening = Opening {
            key: key.clone(),
            document,
            cipher,
            source: flow,
            over: first,
            left: shape.pieces,
            to_end: true,
        };
        Ok((shape.plain, opening.flow()))
    }

    /// The bytes as they came of what the store, or a backup, has of an object.
    ///
    /// # Errors
    /// When it was erased, or does not open.
    pub async fn open_bytes(&self, key: &ObjectKey, stored: Bytes) -> Result<Bytes, ObjectError> {
        let length = stored.len() as u64;
        let flow: Flow = Box::pin(futures_util::stream::iter([Ok(stored)]));
        let (_, mut flow) = self.opened(key, length, flow).await?;
        let mut all = BytesMut::new();
        while let Some(bytes) = flow.next().await.transpose()? {
            all.extend_from_slice(&bytes);
        }
        Ok(all.freeze())
    }

    /// Its first bytes and its length.
    pub(super) async fn looked(&self, key: &ObjectKey) -> Result<Option<Looked>, ObjectError> {
        let Some(stored) = self.stored_bytes(key).await? else { return Ok(None) };
        if self.keys.is_none() || stored < HEAD as u64 {
            return Ok(Some(Looked::Plain(stored)));
        }
        let (_, flow) = self.stored_range(key, 0, HEAD as u64 - 1).await?;
        let (first, _) = looked_at(flow).await?;
        if !is_sealed(&first) {
            return Ok(Some(Looked::Plain(stored)));
        }
        let shape = Shape::of_stored(stored).ok_or_else(|| unopened(key))?;
        Ok(Some(Looked::Sealed { shape, head: first.freeze() }))
    }

    /// Some bytes of a sealed object: the pieces that hold them are opened, and what is too much is cut off.
    pub(super) async fn opened_range(
        &self,
        key: &ObjectKey,
        range: ByteRange,
        shape: Shape,
        head: &[u8],
    ) -> Result<super::Ranged<Flow>, ObjectError> {
        let keys = self.keys.as_ref().ok_or_else(|| unopened(key))?;
        let (document, secret) = owner(keys, key)?;
        let (first, last) =
            range.within(shape.plain).ok_or(ObjectError::NoSuchRange { size_bytes: shape.plain })?;
        let (from, to) = (first / PIECE as u64, last / PIECE as u64);
        let sealed = |piece: u64| HEAD as u64 + piece * SEALED_PIECE as u64;
        let cipher = Cipher::open(&secret, head, from).map_err(|_| unopened(key))?;
        let (_, source) = self.stored_range(key, sealed(from), sealed(to + 1) - 1).await?;
        let opening = Opening {
            key: key.clone(),
            document,
            cipher,
            source,
            over: BytesMut::new(),
            left: to - from + 1,
            to_end: to + 1 == shape.pieces,
        };
        let size_bytes = last - first + 1;
        let content_range = format!("bytes {first}-{last}/{}", shape.plain);
        let stream = cut(opening.flow(), first - from * PIECE as u64, size_bytes);
        Ok(super::Ranged { size_bytes, content_range, stream })
    }
}

/// So many bytes of a stream after so many others.
fn cut(flow: Flow, skip: u64, take: u64) -> Flow {
    Box::pin(futures_util::stream::unfold((flow, skip, take), |(mut flow, mut skip, take)| async move {
        loop {
            if take == 0 {
                return None;
            }
            let mut bytes = match flow.next().await? {
                Ok(bytes) => bytes,
                Err(error) => return Some((Err(error), (flow, 0, 0))),
            };
            let over = usize::try_from(skip).unwrap_or(usize::MAX).min(bytes.len());
            let _skipped = bytes.split_to(over);
            skip -= over as u64;
            bytes.truncate(usize::try_from(take).unwrap_or(usize::MAX));
            if !bytes.is_empty() {
                let left = take - bytes.len() as u64;
                return Some((Ok(bytes), (flow, skip, left)));
            }
        }
    }))
}
