//! Upright pages → text and codes.
//!
//! The cheapest sure evidence comes first: a PDF page whose own text layer is sound is not looked at as a picture.
//! Every other page goes through OCR (`detect` → `ocr` sets it upright → `recognize` → `layout`).

mod ctc;
mod detect;
mod geometry;
mod layout;
mod models;
mod ocr;
mod onnx;
mod recognize;
mod sharpness;

pub use models::{DETECTOR_FILE, InferError, Models, ModelsError, RECOGNIZER_FILE};
pub use ocr::{OcrOptions, read_page};
pub use onnx::CutError;
