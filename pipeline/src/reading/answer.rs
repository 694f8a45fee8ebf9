//! What the reader answers about one file.

use serde::{Deserialize, Serialize};

use crate::{
    diagnostic::Diagnostic,
    document::Kind,
    fields::{Fields, PageBox},
    part::Part,
    reason::Reason,
    understand::{proofs::vouched::Doubt, scorer::Signed},
};

/// What the evidence means.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Understanding {
    /// Invoice, receipt, ID or other.
    pub kind: Kind,
    /// Calibrated probability in 0..=1 that `kind` is right.
    pub confidence: f32,
    /// Calibrated probability that it is an ID.
    #[serde(default)]
    pub id_probability: Option<f32>,
    /// ISO 639-1 of the text, where known.
    pub language: Option<String>,
    /// What was read.
    pub fields: Fields,
    /// Empty: may be filed. Otherwise why not, the gravest first.
    pub reasons: Vec<Reason>,
    /// Evidence for the decision, one plain sentence each (`--explain`).
    pub because: Vec<String>,
    /// The documents it holds, where they are several and nobody needs to say which; otherwise empty.
    #[serde(default)]
    pub parts: Vec<Part>,
    /// Calibrated probability that neither the kind nor any field that would be filed is wrong.
    #[serde(default)]
    pub whole: Option<f32>,
    /// What was weighed of the fields that were found, for training.
    #[serde(skip)]
    pub signs: Vec<Signed>,
    /// What is doubtful of a bill's kind, for training.
    #[serde(skip)]
    pub doubts: Vec<Doubt>,
}

/// A word where it stands on a page as it is stored, for whoever points at it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SeenWord {
    /// One-based.
    pub page: u32,
    /// As read.
    pub text: String,
    /// On the stored page.
    #[serde(rename = "box")]
    pub bbox: PageBox,
    /// 0..=1.
    pub confidence: f32,
    /// Characters that were hard to read: from where to where, as shares of its width. None of a PDF's own text, nor of
    /// what was read before they were kept.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub doubtful: Vec<[f32; 2]>,
}

/// Whether the reader would file a document by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Sure enough to file.
    Accepted,
    /// A person decides.
    Review,
}

/// One normalized page as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PagePicture {
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// Whether it is not as it came: cut out of what it lay in, turned upright or set level. What a file itself says of how
    /// its picture is to be turned is how it came.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub changed: bool,
    /// JPEG bytes, upright, without metadata. Travels beside the JSON, not in it.
    #[serde(skip)]
    pub jpeg: Vec<u8>,
    /// The page as it came, as JPEG, where it is `changed`: before it was turned or set level, or upright and before it was
    /// cut. Empty where a browser shows the original itself. Travels beside the JSON too.
    #[serde(skip)]
    pub received: Vec<u8>,
}

/// Perceptual fingerprint of the first page, for "the same picture again".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fingerprint(pub u64);

/// Milliseconds spent in one stage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StageTime {
    /// `sniff`, `decode`, `ocr`, `barcode`, `understand`, `encode`.
    pub stage: String,
    /// Wall-clock milliseconds.
    pub duration_ms: u64,
}

/// All the reader has to say about one file. A file that cannot be read is a `Reading` too: with a reason and no pages.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reading {
    /// What the content is; `application/octet-stream` when nobody knows.
    pub media_type: String,
    /// Accepted or review.
    pub outcome: Outcome,
    /// Why not accepted, the gravest first. Empty exactly when accepted.
    pub reasons: Vec<Reason>,
    /// The documents it holds, where `multiple_documents` is a reason and nobody needs to say which they are; otherwise
    /// empty.
    #[serde(default)]
    pub parts: Vec<Part>,
    /// What it is; `None` when it could not be opened.
    pub kind: Option<Kind>,
    /// Probability of `kind`; 0 when it could not be opened.
    pub confidence: f32,
    /// Probability that it is an ID; `None` when it could not be opened.
    #[serde(default)]
    pub id_probability: Option<f32>,
    /// ISO 639-1.
    pub language: Option<String>,
    /// What was read.
    pub fields: Fields,
    /// Text of all pages, form feed between pages.
    pub text: String,
    /// Its words, each with its place on the normalized pages, in reading order.
    #[serde(default)]
    pub words: Vec<SeenWord>,
    /// Pages of the original (also when some were not rendered).
    pub page_count: u32,
    /// Normalized pages.
    pub pages: Vec<PagePicture>,
    /// JPEG, travels beside the JSON.
    #[serde(skip)]
    pub thumbnail: Vec<u8>,
    /// Of the first page.
    pub fingerprint: Option<Fingerprint>,
    /// Harmless oddities.
    pub notes: Vec<String>,
    /// Evidence for the decision.
    pub because: Vec<String>,
    /// What is doubtful of a bill's kind, for whoever judges it again.
    #[serde(default)]
    pub doubts: Vec<Doubt>,
    /// What failed on the way and cost a part of it.
    #[serde(default)]
    pub diagnostics: Vec<Diagnostic>,
    /// Where the time went.
    pub timings: Vec<StageTime>,
}

impl Reading {
    /// A file that could not be opened or must not be: nothing but the reason.
    #[must_use]
    pub fn refused(media_type: impl Into<String>, reason: Reason) -> Self {
        Self {
            media_type: media_type.into(),
            outcome: Outcome::Review,
            reasons: vec![reason],
            parts: Vec::new(),
            kind: None,
            confidence: 0.0,
            id_probability: None,
            language: None,
            fields: Fields::new(),
            text: String::new(),
            words: Vec::new(),
            page_count: 0,
            pages: Vec::new(),
            thumbnail: Vec::new(),
            fingerprint: None,
            notes: Vec::new(),
            because: Vec::new(),
            doubts: Vec::new(),
            diagnostics: Vec::new(),
            timings: Vec::new(),
        }
    }
}
