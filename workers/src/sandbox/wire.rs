//! The words that parent and child exchange, and their caps.
//!
//! Parent to child, once: a [`Setup`]. Then for each file: a [`Request`] header, and the bytes. Child to parent:
//! [`Tag::Ready`] once, then for each file any number of [`Tag::Stage`], one [`Tag::Facts`], the pictures, and
//! [`Tag::Done`]. A frame is one byte of tag, four bytes of length (little-endian), and that many bytes.
//! The parent believes nothing: each frame has a cap by its tag, all together have one by the limits, and
//! memory is taken as bytes arrive, not as they are announced.

use std::io::{self, Read, Write};

use acuse_pipeline::{
    limits::Limits,
    reading::{Declared, Reading},
};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncReadExt};

/// Cap on a JSON header from the parent, bytes.
const HEADER_BYTES: u32 = 1 << 20;
/// Cap on the name of a stage, bytes.
pub const STAGE_BYTES: u32 = 32;
/// Stage announcements one file may make; a reader tells a handful per page.
pub const STAGES: u32 = 4_096;

/// First frame to a new child.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Setup {
    /// Process limits are set from these, for the child's whole life.
    pub limits: Limits,
}

/// What is asked of one file. Its bytes follow.
#[derive(Clone, Serialize, Deserialize)]
pub struct Request {
    /// What the sender said of it.
    pub declared: Declared,
    /// What opens it, where it is locked.
    #[serde(default)]
    pub password: Option<String>,
    /// Bytes that follow.
    pub size_bytes: u64,
}

impl std::fmt::Debug for Request {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // A password belongs in no log.
        f.debug_struct("Request").field("size_bytes", &self.size_bytes).finish_non_exhaustive()
    }
}

/// What a frame from the child is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tag {
    /// Confined and waiting; JSON of the layers.
    Ready,
    /// The models could not be loaded; text for the operator.
    Failed,
    /// The name of what is being done.
    Stage,
    /// The reading as JSON, without pictures.
    Facts,
    /// A page as JPEG, in order.
    Page,
    /// The page before it as it came, before it was cut, as JPEG.
    Received,
    /// The thumbnail as JPEG.
    Thumbnail,
    /// The answer is whole.
    Done,
    /// The reader panicked; the place in the code, never the message (it may quote the document).
    Panicked,
}

impl Tag {
    const ALL: [Self; 9] = [
        Self::Ready,
        Self::Failed,
        Self::Stage,
        Self::Facts,
        Self::Page,
        Self::Received,
        Self::Thumbnail,
        Self::Done,
        Self::Panicked,
    ];

    fn byte(self) -> u8 {
        match self {
            Self::Ready => b'R',
            Self::Failed => b'X',
            Self::Stage => b'S',
            Self::Facts => b'F',
            Self::Page => b'P',
            Self::Received => b'C',
            Self::Thumbnail => b'T',
            Self::Done => b'D',
            Self::Panicked => b'!',
        }
    }

    fn of(byte: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|tag| tag.byte() == byte)
    }
}

/// Writes one frame (child's side).
///
/// # Errors
/// When the pipe is closed, or `payload` is longer than a frame can say.
pub fn send(out: &mut impl Write, tag: Tag, payload: &[u8]) -> io::Result<()> {
    let length = u32::try_from(payload.len()).map_err(|_| io::Error::other("frame longer than 4 GiB"))?;
    let mut head = [tag.byte(), 0, 0, 0, 0];
    head[1..].copy_from_slice(&length.to_le_bytes());
    out.write_all(&head)?;
    out.write_all(payload)
}

/// Writes a whole answer (child's side).
///
/// # Errors
/// When the pipe is closed.
pub fn send_reading(out: &mut impl Write, reading: &Reading) -> io::Result<()> {
    let facts = serde_json::to_vec(reading).map_err(io::Error::other)?;
    send(out, Tag::Facts, &facts)?;
    for page in &reading.pages {
        send(out, Tag::Page, &page.jpeg)?;
        if !page.received.is_empty() {
            send(out, Tag::Received, &page.received)?;
        }
    }
    send(out, Tag::Thumbnail, &reading.thumbnail)?;
    send(out, Tag::Done, &[])?;
    out.flush()
}

/// Frames a JSON header for the child (parent's side).
///
/// # Errors
/// When the header is larger than a child would accept.
pub fn header(value: &impl Serialize) -> io::Result<Vec<u8>> {
    let json = serde_json::to_vec(value).map_err(io::Error::other)?;
    let length = u32::try_from(json.len()).ok().filter(|n| *n <= HEADER_BYTES);
    let length = length.ok_or_else(|| io::Error::other("header larger than 1 MiB"))?;
    let mut framed = length.to_le_bytes().to_vec();
    framed.extend_from_slice(&json);
    Ok(framed)
}

/// Reads a JSON header (child's side). `None` when the parent has closed the pipe.
///
/// # Errors
/// When the pipe breaks midway or the header is not what was agreed.
pub fn read_header<T: for<'de> Deserialize<'de>>(from: &mut impl Read) -> io::Result<Option<T>> {
    let mut length = [0; 4];
    match from.read_exact(&mut length) {
        Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        other => other?,
    }
    let length = u32::from_le_bytes(length);
    if length > HEADER_BYTES {
        return Err(io::Error::other("header larger than 1 MiB"));
    }
    let mut json = Vec::new();
    from.take(u64::from(length)).read_to_end(&mut json)?;
    serde_json::from_slice(&json).map(Some).map_err(io::Error::other)
}

/// What can go wrong with a child's answer.
#[derive(Debug, thiserror::Error)]
pub enum AnswerError {
    /// The child closed its pipe: it is dead or dying.
    #[error("the reader closed its pipe")]
    Closed,
    /// The answer, or a picture in it, grew past its cap.
    #[error("the answer has {size} bytes or more, and {limit} are allowed ({limit_name})")]
    TooLarge {
        /// Which of the limits.
        limit_name: &'static str,
        /// Bytes allowed.
        limit: u64,
        /// Bytes announced, with those before.
        size: u64,
    },
    /// The child said something that a reader never says.
    #[error("the reader spoke nonsense: {0}")]
    Nonsense(String),
    /// The pipe failed.
    #[error("reading from the reader")]
    Pipe(#[source] io::Error),
}

impl AnswerError {
    pub(crate) fn nonsense(what: impl Into<String>) -> Self {
        Self::Nonsense(what.into())
    }
}

/// Receives frames within a budget of bytes (parent's side).
pub struct Frames<'a, R> {
    from: &'a mut R,
    caps: Caps,
    left: u64,
}

/// What an answer may weigh, bytes.
#[derive(Debug, Clone, Copy)]
pub struct Caps {
    /// All frames together.
    pub answer: u64,
    /// One page.
    pub page: u64,
    /// The thumbnail.
    pub thumbnail: u64,
}

impl Caps {
    /// The same for all.
    #[must_use]
    pub fn of(bytes: u64) -> Self {
        Self { answer: bytes, page: bytes, thumbnail: bytes }
    }
}

impl From<&Limits> for Caps {
    fn from(limits: &Limits) -> Self {
        Self { answer: limits.answer_bytes, page: limits.page_bytes, thumbnail: limits.thumbnail_bytes }
    }
}

impl<'a, R: AsyncRead + Unpin> Frames<'a, R> {
    /// Frames within `caps`.
    pub fn new(from: &'a mut R, caps: Caps) -> Self {
        Self { from, caps, left: caps.answer }
    }

    /// The next frame.
    ///
    /// # Errors
    /// When the child closed the pipe, went over its budget, or sent an unknown frame.
    pub async fn next(&mut self) -> Result<(Tag, Vec<u8>), AnswerError> {
        let mut head = [0; 5];
        match self.from.read_exact(&mut head).await {
            Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => return Err(AnswerError::Closed),
            other => other.map_err(AnswerError::Pipe)?,
        };
        let [tag, length @ ..] = head;
        let tag = Tag::of(tag).ok_or_else(|| AnswerError::nonsense(format!("unknown frame {tag:#04x}")))?;
        let length = u64::from(u32::from_le_bytes(length));
        if tag == Tag::Stage && length > u64::from(STAGE_BYTES) {
            return Err(AnswerError::nonsense("a stage with a long name"));
        }
        let (limit_name, limit) = match tag {
            Tag::Page | Tag::Received => ("page_bytes", self.caps.page),
            Tag::Thumbnail => ("thumbnail_bytes", self.caps.thumbnail),
            _ => ("answer_bytes", self.caps.answer),
        };
        if length > limit {
            return Err(AnswerError::TooLarge { limit_name, limit, size: length });
        }
        if length > self.left {
            let (limit, size) = (self.caps.answer, self.caps.answer - self.left + length);
            return Err(AnswerError::TooLarge { limit_name: "answer_bytes", limit, size });
        }
        self.left -= length;
        let mut payload = Vec::new();
        let read =
            (&mut *self.from).take(length).read_to_end(&mut payload).await.map_err(AnswerError::Pipe)?;
        if u64::try_from(read).ok() != Some(length) {
            return Err(AnswerError::Closed);
        }
        Ok((tag, payload))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn framed(frames: &[(Tag, &[u8])]) -> Vec<u8> {
        let mut out = Vec::new();
        for (tag, payload) in frames {
            send(&mut out, *tag, payload).expect("a Vec takes all");
        }
        out
    }

    #[tokio::test]
    async fn frames_come_back_as_sent_and_stop_at_the_budget() {
        let sent = framed(&[(Tag::Stage, b"ocr"), (Tag::Page, &[7; 90]), (Tag::Page, &[7; 90])]);
        let mut from = sent.as_slice();
        let mut frames = Frames::new(&mut from, Caps::of(100));
        assert_eq!(frames.next().await.expect("first"), (Tag::Stage, b"ocr".to_vec()));
        assert_eq!(frames.next().await.expect("second").1.len(), 90);
        let over = frames.next().await;
        assert!(
            matches!(over, Err(AnswerError::TooLarge { limit_name: "answer_bytes", limit: 100, size: 183 })),
            "{over:?}"
        );
    }

    #[tokio::test]
    async fn a_picture_has_a_cap_of_its_own() {
        let sent = framed(&[(Tag::Page, &[7; 60]), (Tag::Thumbnail, &[7; 30])]);
        let mut from = sent.as_slice();
        let mut frames = Frames::new(&mut from, Caps { answer: 1_000, page: 60, thumbnail: 20 });
        assert_eq!(frames.next().await.expect("a page").0, Tag::Page);
        let over = frames.next().await;
        assert!(
            matches!(over, Err(AnswerError::TooLarge { limit_name: "thumbnail_bytes", limit: 20, size: 30 })),
            "{over:?}"
        );
    }

    #[tokio::test]
    async fn an_announced_length_is_not_believed() {
        let mut from: &[u8] = &[b'P', 0xff, 0xff, 0xff, 0x00, 1, 2, 3];
        assert!(matches!(Frames::new(&mut from, Caps::of(u64::MAX)).next().await, Err(AnswerError::Closed)));
        let mut from: &[u8] = &[b'?', 0, 0, 0, 0];
        assert!(matches!(Frames::new(&mut from, Caps::of(10)).next().await, Err(AnswerError::Nonsense(_))));
    }

    #[test]
    fn headers_come_back_and_the_end_is_told_from_a_break() {
        let request = Request { declared: Declared::default(), password: None, size_bytes: 3 };
        let sent = header(&request).expect("small");
        let back: Request = read_header(&mut sent.as_slice()).expect("whole").expect("there");
        assert_eq!(back.size_bytes, 3);
        assert!(read_header::<Request>(&mut [].as_slice()).expect("end").is_none());
        assert!(read_header::<Request>(&mut [255, 255, 255, 255, 1].as_slice()).is_err());
    }
}
