//! What the reader answers about one file, and the evidence between its stages.
//!
//! The road: [`Normalized`] (upright pixels, what the container said) → [`Evidence`] (text and codes found) →
//! [`Reading`] (kind, fields, outcome). `Evidence` is serialisable, so understanding can be tried again and
//! again on stored evidence without decoding or OCR.

use serde::{Deserialize, Serialize};

use crate::{
    diagnostic::Diagnostic,
    document::Kind,
    fields::{Fields, PageBox, Source},
    part::Part,
    reason::Reason,
    understand::{proofs::vouched::Doubt, scorer::Signed},
};

/// What is known of a file before it is opened.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Declared {
    /// MIME type claimed by the sender or the channel. Data, never believed.
    pub media_type: Option<String>,
    /// File name claimed. Never a path.
    pub filename: Option<String>,
    /// What of it is to be read, where it holds several documents; all of it otherwise.
    #[serde(default)]
    pub part: Option<Part>,
    /// Country of the sender's telephone (ISO 3166-1), where it can only be one.
    #[serde(default)]
    pub sender_country: Option<String>,
}

/// One page as pixels: upright for images after EXIF; text may still show it turned.
#[derive(Clone)]
pub struct PagePixels {
    /// One-based.
    pub number: u32,
    /// sRGB, long side at most `Limits::page_side_px`.
    pub rgb: image::RgbImage,
}

/// Number and size only: a document's content never reaches a log.
impl std::fmt::Debug for PagePixels {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (width, height) = self.rgb.dimensions();
        write!(f, "PagePixels {{ number: {}, {width}x{height} }}", self.number)
    }
}

/// A file embedded in the container that may be evidence (an e-invoice's XML).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    /// Name inside the container. Data, never a path.
    pub name: String,
    /// Its bytes, capped by `Limits::xml_bytes`.
    pub bytes: Vec<u8>,
}

/// A file that passed sniffing and structure checks and could be decoded.
#[derive(Debug, Clone)]
pub struct Normalized {
    /// What the content is: `image/jpeg`, `application/pdf`, `application/xml`, …
    pub media_type: String,
    /// Pages of the original, also those that could not be drawn. 0 for pure XML.
    pub page_count: u32,
    /// Decoded pages, in order. Empty for pure XML.
    pub pages: Vec<PagePixels>,
    /// The glyphs of a PDF's own text layer, by page; empty for images.
    pub layers: Vec<PageText>,
    /// Embedded XML and the like.
    pub attachments: Vec<Attachment>,
    /// Harmless oddities worth telling a reviewer ("declared application/pdf, is image/jpeg").
    pub notes: Vec<String>,
    /// Not harmless, though it could be opened (active content, a page that could not be drawn): any entry
    /// sends the document to review, ahead of what understanding finds. The pages themselves are inert pixels.
    pub reasons: Vec<Reason>,
    /// What failed so far and cost a part of it.
    pub diagnostics: Vec<Diagnostic>,
}

/// One word on a page.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Word {
    /// As read.
    pub text: String,
    /// On the upright page.
    #[serde(rename = "box")]
    pub bbox: PageBox,
    /// 0..=1; 1 for a PDF's own text.
    pub confidence: f32,
}

/// Words that stand on one line, left to right.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// The words joined by single spaces.
    pub text: String,
    /// Around all words.
    #[serde(rename = "box")]
    pub bbox: PageBox,
    /// Mean of the words', weighted by length.
    pub confidence: f32,
    /// Its words.
    pub words: Vec<Word>,
}

/// The text of one page, lines top to bottom.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PageText {
    /// One-based.
    pub number: u32,
    /// `Text` (the PDF's layer) or `Ocr`.
    pub source: Source,
    /// Width over height of the upright page.
    pub aspect: f32,
    /// Lines in reading order.
    pub lines: Vec<Line>,
    /// Quarter turns clockwise that set the page upright (0..=3).
    pub quarter_turns: u8,
    /// 0 (hopelessly blurred) ..= 1 (crisp), where pixels were looked at.
    pub sharpness: Option<f32>,
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
}

/// A barcode or two-dimensional code.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Barcode {
    /// One-based.
    pub page: u32,
    /// `qr_code`, `pdf_417`, `code_128`, `ean_13`, …
    pub symbology: String,
    /// Decoded text.
    pub text: String,
    /// Where.
    #[serde(rename = "box")]
    pub bbox: PageBox,
}

/// All that was found on a document, before anyone says what it means.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// What the content is.
    pub media_type: String,
    /// Text by page.
    pub pages: Vec<PageText>,
    /// Codes found.
    pub barcodes: Vec<Barcode>,
    /// Embedded files.
    pub attachments: Vec<Attachment>,
    /// See [`Normalized::notes`].
    pub notes: Vec<String>,
    /// See [`Declared::sender_country`].
    #[serde(default)]
    pub sender_country: Option<String>,
}

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
    /// JPEG bytes, upright, without metadata. Travels beside the JSON, not in it.
    #[serde(skip)]
    pub jpeg: Vec<u8>,
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
