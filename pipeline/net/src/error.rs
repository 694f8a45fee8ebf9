//! What may be wrong with a model's file.

use thiserror::Error;

/// The file is not the recogniser we know.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum CutError {
    /// Not a protobuf, or cut short.
    #[error("the recogniser's ONNX file is malformed at byte {at}")]
    Malformed {
        /// Offset inside the message being read.
        at: usize,
    },
    /// A part we rely on is not there.
    #[error("the recogniser's ONNX file has no {part}")]
    Missing {
        /// Which part.
        part: &'static str,
    },
    /// A step we do not know, or not in this form.
    #[error("the model holds a step `{op}` that is not known in this form")]
    Unknown {
        /// The name ONNX has for it.
        op: String,
    },
    /// The last layer does not fit the list of characters.
    #[error("the recogniser scores {classes} classes but lists {characters} characters")]
    Shape {
        /// Classes of the last layer.
        classes: usize,
        /// Characters in the metadata, blank and space included.
        characters: usize,
    },
}
