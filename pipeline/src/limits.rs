//! Every cap on what a stranger's file may cost, in one place.

use serde::{Deserialize, Serialize};

/// Limits on one file. Configurable; `acuse doctor` prints them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Bytes of an original. Meta's own inbound cap is 100 MB.
    pub original_bytes: u64,
    /// Pixels of one decoded image, before scaling.
    pub image_pixels: u64,
    /// Longest side of a decoded image, pixels.
    pub image_side_px: u32,
    /// Pages of a document.
    pub pages: u32,
    /// Longest side of a normalized page, pixels.
    pub page_side_px: u32,
    /// Longest side of a thumbnail, pixels.
    pub thumbnail_side_px: u32,
    /// Objects in a PDF.
    pub pdf_objects: u32,
    /// Nesting of a PDF's objects or page tree.
    pub pdf_depth: u32,
    /// Bytes one compressed stream may expand to.
    pub stream_bytes: u64,
    /// Expanded over compressed size of a stream, once past 1 MiB.
    pub stream_ratio: u32,
    /// Characters of text kept from one document.
    pub text_chars: u32,
    /// Bytes of an embedded or attached XML.
    pub xml_bytes: u64,
    /// Wall-clock milliseconds of one file in the sandbox.
    pub read_ms: u64,
    /// CPU seconds of one sandboxed child for one file.
    pub cpu_secs: u64,
    /// Address space of one sandboxed child, bytes.
    pub memory_bytes: u64,
    /// Bytes a child may answer with (normalized pages included).
    pub answer_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            original_bytes: 100 << 20,
            image_pixels: 100_000_000,
            image_side_px: 30_000,
            pages: 50,
            page_side_px: 2_000,
            thumbnail_side_px: 320,
            pdf_objects: 200_000,
            pdf_depth: 64,
            stream_bytes: 256 << 20,
            stream_ratio: 1_000,
            text_chars: 1_000_000,
            xml_bytes: 16 << 20,
            read_ms: 120_000,
            cpu_secs: 120,
            memory_bytes: 2 << 30,
            answer_bytes: 128 << 20,
        }
    }
}
