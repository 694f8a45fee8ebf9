//! The wire format of protobuf, as far as an ONNX file needs it: fields with numbers, read in order and written.

use crate::error::CutError;

/// One field of a protobuf message.
pub struct Part<'a> {
    /// Its number in the message's definition.
    pub number: u64,
    /// Value of a varint field, else 0.
    pub varint: u64,
    /// Payload of a length-delimited or fixed-size field, else empty.
    pub body: &'a [u8],
    /// Tag and value as they stand in the file.
    pub whole: &'a [u8],
}

/// Iterates over the fields of a message; ends after the first error.
pub struct Message<'a>(pub &'a [u8]);

impl<'a> Iterator for Message<'a> {
    type Item = Result<Part<'a>, CutError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let part = read_part(self.0);
        match &part {
            Ok(part) => self.0 = self.0.get(part.whole.len()..).unwrap_or_default(),
            Err(_) => self.0 = &[],
        }
        Some(part)
    }
}

/// The first field of a number.
///
/// # Errors
/// When the message is malformed before it.
pub fn find(message: &[u8], number: u64) -> Result<Option<Part<'_>>, CutError> {
    Message(message).find(|part| part.as_ref().map_or(true, |p| p.number == number)).transpose()
}

fn read_part(bytes: &[u8]) -> Result<Part<'_>, CutError> {
    let mut at = 0;
    let tag = read_varint(bytes, &mut at)?;
    let (mut varint, mut length) = (0, 0);
    match tag & 7 {
        0 => varint = read_varint(bytes, &mut at)?,
        1 => length = 8,
        2 => {
            length = usize::try_from(read_varint(bytes, &mut at)?).map_err(|_| CutError::Malformed { at })?;
        }
        5 => length = 4,
        _ => return Err(CutError::Malformed { at }),
    }
    let end = at.checked_add(length).ok_or(CutError::Malformed { at })?;
    let body = bytes.get(at..end).ok_or(CutError::Malformed { at })?;
    let whole = bytes.get(..end).ok_or(CutError::Malformed { at })?;
    Ok(Part { number: tag >> 3, varint, body, whole })
}

/// The varint at `at`, which moves behind it.
///
/// # Errors
/// When the bytes end before it does, or it is longer than 64 bits.
pub fn read_varint(bytes: &[u8], at: &mut usize) -> Result<u64, CutError> {
    let mut value = 0_u64;
    for shift in (0..64).step_by(7) {
        let byte = *bytes.get(*at).ok_or(CutError::Malformed { at: *at })?;
        *at += 1;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Ok(value);
        }
    }
    Err(CutError::Malformed { at: *at })
}

/// Appends a varint.
pub fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Appends a length-delimited field.
pub fn put_bytes(out: &mut Vec<u8>, number: u64, body: &[u8]) {
    put_varint(out, number << 3 | 2);
    put_varint(out, body.len() as u64);
    out.extend_from_slice(body);
}
