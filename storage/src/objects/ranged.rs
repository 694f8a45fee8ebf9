//! Some bytes of an object: what a client asks for that goes on with a download, or looks at the end of a file first.

use std::{fmt, str::FromStr};

use bytes::Bytes;
use futures_util::Stream;

use super::{Flow, Looked, ObjectError, ObjectKey, Objects, failed, flowing, missing};

/// One range of bytes, as RFC 9110 writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ByteRange {
    /// From this one (zero is the first) to that one, or to the end.
    From(u64, Option<u64>),
    /// So many of the last.
    Last(u64),
}

impl ByteRange {
    /// The first and the last byte of it in so many; none where it has none of them.
    pub(super) fn within(self, length: u64) -> Option<(u64, u64)> {
        let end = length.checked_sub(1)?;
        match self {
            Self::From(first, last) if first <= end => Some((first, last.map_or(end, |last| last.min(end)))),
            Self::Last(count) if count > 0 => Some((length.saturating_sub(count), end)),
            _ => None,
        }
    }
}

/// A text that is no single range of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a single range of bytes")]
pub struct NotARange;

impl FromStr for ByteRange {
    type Err = NotARange;

    fn from_str(text: &str) -> Result<Self, NotARange> {
        let number = |digits: &str| {
            let digits = digits.trim();
            // `u64` would take a plus sign.
            let is_number = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
            is_number.then(|| digits.parse().ok()).flatten().ok_or(NotARange)
        };
        let (first, last) =
            text.trim().strip_prefix("bytes=").and_then(|range| range.split_once('-')).ok_or(NotARange)?;
        match (first.trim(), last.trim()) {
            ("", last) => number(last).map(Self::Last),
            (first, "") => Ok(Self::From(number(first)?, None)),
            (first, last) => {
                let (first, last) = (number(first)?, number(last)?);
                if first <= last { Ok(Self::From(first, Some(last))) } else { Err(NotARange) }
            }
        }
    }
}

impl fmt::Display for ByteRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::From(first, Some(last)) => write!(f, "bytes={first}-{last}"),
            Self::From(first, None) => write!(f, "bytes={first}-"),
            Self::Last(count) => write!(f, "bytes=-{count}"),
        }
    }
}

/// A part of an object.
#[derive(Debug)]
pub struct Ranged<S> {
    /// Its length.
    pub size_bytes: u64,
    /// Where it stands, e.g. `bytes 0-99/1234`.
    pub content_range: String,
    /// Its bytes.
    pub stream: S,
}

impl Objects {
    /// Some bytes of an object as a stream. No byte for 30 seconds ends it with an error.
    ///
    /// # Errors
    /// [`ObjectError::NoSuchRange`] where none of them is there; when the object is not there or S3 fails.
    pub async fn get_range(
        &self,
        key: &ObjectKey,
        range: ByteRange,
    ) -> Result<Ranged<impl Stream<Item = Result<Bytes, ObjectError>> + Send + use<>>, ObjectError> {
        if range == ByteRange::Last(0) {
            let size_bytes = self.head(key).await?.ok_or_else(|| ObjectError::Missing(key.to_string()))?;
            return Err(ObjectError::NoSuchRange { size_bytes });
        }
        if self.keys.is_some() {
            match self.looked(key).await? {
                Some(Looked::Sealed { shape, head }) => {
                    return self.opened_range(key, range, shape, &head).await;
                }
                Some(Looked::Plain(_)) => {}
                None => return Err(ObjectError::Missing(key.to_string())),
            }
        }
        self.plain_range(key, range).await
    }

    /// Some bytes as the store has them, both counted.
    pub(super) async fn stored_range(
        &self,
        key: &ObjectKey,
        first: u64,
        last: u64,
    ) -> Result<(u64, Flow), ObjectError> {
        let part = self.plain_range(key, ByteRange::From(first, Some(last))).await?;
        Ok((part.size_bytes, part.stream))
    }

    async fn plain_range(&self, key: &ObjectKey, range: ByteRange) -> Result<Ranged<Flow>, ObjectError> {
        let asked = self.client.get_object().bucket(&self.bucket).key(key.as_str()).range(range.to_string());
        let got = match asked.send().await {
            Ok(got) => got,
            Err(error) if missing(&error) => return Err(ObjectError::Missing(key.to_string())),
            Err(error) if error.raw_response().is_some_and(|r| r.status().as_u16() == 416) => {
                let size_bytes = self.stored_bytes(key).await?.unwrap_or_default();
                return Err(ObjectError::NoSuchRange { size_bytes });
            }
            Err(error) => return Err(failed("getting a part of an object")(error)),
        };
        let content_range = got.content_range().map(str::to_owned).ok_or_else(|| ObjectError::Service {
            doing: "getting a part of an object",
            why: "it answered with all of it".to_owned(),
        })?;
        let size_bytes = got.content_length().and_then(|n| u64::try_from(n).ok()).unwrap_or_default();
        Ok(Ranged { size_bytes, content_range, stream: flowing(got.body) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_of_so_many_bytes() {
        assert_eq!(ByteRange::From(3, Some(99)).within(10), Some((3, 9)));
        assert_eq!(ByteRange::From(9, None).within(10), Some((9, 9)));
        assert_eq!(ByteRange::From(10, None).within(10), None);
        assert_eq!(ByteRange::Last(99).within(10), Some((0, 9)));
        assert_eq!(ByteRange::Last(4).within(10), Some((6, 9)));
        assert_eq!(ByteRange::Last(0).within(10), None);
        assert_eq!(ByteRange::From(0, None).within(0), None);
    }

    #[test]
    fn a_range_is_one_and_comes_back() {
        for text in ["bytes=0-99", "bytes=100-", "bytes=-5"] {
            assert_eq!(text.parse::<ByteRange>().unwrap().to_string(), text);
        }
        for not in
            ["", "bytes=", "bytes=-", "bytes=5-2", "bytes=0-1,3-4", "items=0-1", "bytes=+1-2", "bytes=a-"]
        {
            assert_eq!(not.parse::<ByteRange>(), Err(NotARange), "{not}");
        }
    }
}
