//! What is known of a file on its way: what was declared, its upright pixels, the text and codes found on them.
//!
//! [`Evidence`] is serialisable, so understanding can be tried again and again on stored evidence without decoding or
//! OCR.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    diagnostic::Diagnostic,
    fields::{PageBox, Source},
    part::Part,
    reason::Reason,
};

/// Whether a character stands for a glyph that no letter is known for: replacement, private use, an empty box, control.
#[must_use]
pub fn is_unread(c: char) -> bool {
    let own = matches!(c, '\u{e000}'..='\u{f8ff}' | '\u{f0000}'..='\u{10ffff}');
    own || matches!(c, '\u{fffd}' | '\u{25a1}' | '\u{25af}') || (c.is_control() && !c.is_whitespace())
}

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
    /// Pages that were cut, turned or set level, by number: each as it came, as JPEG; empty of a file that a browser shows.
    pub received: BTreeMap<u32, Vec<u8>>,
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
    /// Characters that were hard to read: from where to where, as shares of its width.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub doubtful: Vec<[f32; 2]>,
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
