//! Upright pages → text and codes.
//!
//! The cheapest sure evidence comes first: a PDF page whose own text layer is sound ([`layers`]) is not looked at
//! as a picture. Every other page goes through OCR ([`read_page`]: find runs of text, set the page upright, read
//! the runs, lay them out in lines). Codes are looked for on the first pages. [`gather`] does all of it.

pub mod barcodes;
mod ctc;
mod detect;
mod gather;
pub(crate) mod geometry;
mod layer;
mod layout;
mod models;
mod ocr;
mod onnx;
mod recognize;
mod reread;
mod rest;
mod sharpness;

pub(crate) use gather::looked;
pub use gather::{gather, look_closer};
pub use layer::{layer_is_sound, layers};
pub use models::{DETECTOR_FILE, InferError, Models, ModelsError, RECOGNIZER_FILE};
pub use ocr::{OcrOptions, read_page};
pub use onnx::CutError;
pub use reread::reread;
