//! The words with which intake refuses, so that each reads alike and carries limit and size.

use crate::reason::{Reason, ReasonCode};

/// Longest decoder message kept in a reason.
const ERROR_CHARS: usize = 200;

/// The content is damaged: `what` names the format, `error` what the decoder said.
pub(super) fn corrupt(what: &str, error: &str) -> Reason {
    Reason::new(ReasonCode::Corrupt, format!("The {what} is damaged and cannot be opened."))
        .with("detected", what)
        .with("error", error.chars().take(ERROR_CHARS).collect::<String>())
}

/// We do not read files of this type, whatever they are called.
pub(super) fn unsupported(detected: &str) -> Reason {
    Reason::new(ReasonCode::UnsupportedType, format!("Files of this type are not read: {detected}."))
        .with("detected", detected)
}

/// The file is two things at once.
pub(super) fn two_faced(first: &str, second: &str) -> Reason {
    Reason::new(ReasonCode::TypeMismatch, format!("The file is a {first} and at the same time {second}."))
        .with("detected", first)
        .with("also", second)
}

/// `what` (with its unit) is over the limit that `Limits` calls `name`.
pub(super) fn too_large(what: &str, name: &str, limit: u64, size: u64) -> Reason {
    Reason::new(ReasonCode::TooLarge, format!("Too large: {size} {what}, the limit is {limit}."))
        .with("what", what)
        .with("limit_name", name)
        .with("limit", limit)
        .with("size", size)
}

/// A small file that would unfold past the limit that `Limits` calls `name`.
pub(super) fn bomb(what: &str, name: &str, limit: u64, size: u64) -> Reason {
    Reason::new(
        ReasonCode::DecompressionBomb,
        format!("Would unfold to {size} {what}, the limit is {limit}."),
    )
    .with("what", what)
    .with("limit_name", name)
    .with("limit", limit)
    .with("size", size)
}
