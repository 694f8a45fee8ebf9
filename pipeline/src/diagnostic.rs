//! What failed while a file was read and cost only a part of it: a page, a code, a layer.
//!
//! The reader is a child without files, sockets or a log. What goes wrong in it is therefore part of its answer: the
//! stage, the page and the cause, never a word of the document. The parent logs it, and it stays with the document.

use std::{
    error::Error,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Mutex,
};

use serde::{Deserialize, Serialize};

/// Diagnostics kept of one file; a hundred pages that fail alike say nothing more.
pub const MOST: usize = 64;
/// Longest cause, characters.
const CAUSE_CHARS: usize = 300;
/// Longest name of a stage, characters.
const STAGE_CHARS: usize = 32;

/// Where the last panic happened, told in place of its message, which may quote the document.
static PANICKED_AT: Mutex<String> = Mutex::new(String::new());

/// One failure on the way, with where and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Diagnostic {
    /// What was being done: `decode`, `layer`, `ocr`, `reread`, `barcode`, `level`.
    pub stage: String,
    /// One-based; `None` where it is of the whole file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page: Option<u32>,
    /// Why, in a machine's words: an error and what caused it, or the place in the code that panicked.
    pub cause: String,
    /// Whether code panicked: whoever ran it should not be asked again.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub panicked: bool,
}

impl Diagnostic {
    /// Something that could not be done, with the whole chain of causes.
    #[must_use]
    pub fn of(stage: &str, page: Option<u32>, error: &(dyn Error + 'static)) -> Self {
        let (mut cause, mut source) = (error.to_string(), error.source());
        while let Some(error) = source.filter(|_| cause.len() < CAUSE_CHARS) {
            cause = format!("{cause}: {error}");
            source = error.source();
        }
        Self { stage: stage.to_owned(), page, cause, panicked: false }.tamed()
    }

    /// The same with nothing in it that a log line cannot hold: it may come from a child that was taken over.
    #[must_use]
    pub fn tamed(mut self) -> Self {
        self.stage.retain(|c| c.is_ascii_lowercase() || c == '_');
        self.stage.truncate(STAGE_CHARS);
        self.cause =
            self.cause.chars().map(|c| if c.is_control() { ' ' } else { c }).take(CAUSE_CHARS).collect();
        self
    }
}

/// In one line, as `--explain` prints it.
impl std::fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.page {
            Some(page) => write!(f, "{} of page {page}: {}", self.stage, self.cause),
            None => write!(f, "{}: {}", self.stage, self.cause),
        }
    }
}

/// Runs what may panic; a panic costs this step and is told with its place.
///
/// # Errors
/// When it panicked.
pub fn guarded<T>(stage: &str, page: Option<u32>, run: impl FnOnce() -> T) -> Result<T, Diagnostic> {
    catch_unwind(AssertUnwindSafe(run)).map_err(|_| {
        let cause = format!("panicked at {}", last_panic());
        Diagnostic { stage: stage.to_owned(), page, cause, panicked: true }.tamed()
    })
}

/// From now on panics print nothing and leave their place in the code for [`last_panic`].
pub fn note_panics() {
    std::panic::set_hook(Box::new(|info| {
        let place = info.location().map(|l| format!("{}:{}", l.file(), l.line())).unwrap_or_default();
        if let Ok(mut at) = PANICKED_AT.lock() {
            *at = place;
        }
    }));
}

/// Where the last panic happened; "an unknown place" where nobody called [`note_panics`].
#[must_use]
pub fn last_panic() -> String {
    let place = PANICKED_AT.lock().map(|at| at.clone()).unwrap_or_default();
    if place.is_empty() { "an unknown place".to_owned() } else { place }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("running the detector")]
    struct Outer(#[source] std::io::Error);

    #[test]
    fn an_error_is_told_with_all_its_causes() {
        let error = Outer(std::io::Error::other("out of\nmemory"));
        let told = Diagnostic::of("ocr", Some(3), &error);
        assert_eq!(told.to_string(), "ocr of page 3: running the detector: out of memory");
        assert!(!told.panicked);
    }

    #[test]
    fn a_panic_is_told_without_its_message() {
        let failed = guarded::<()>("barcode", Some(1), || panic!("the document says: secret"));
        let told = failed.expect_err("it panicked");
        assert!(told.panicked && told.cause.starts_with("panicked at"), "{told:?}");
        assert!(!told.cause.contains("secret"));
    }

    #[test]
    fn what_a_hostile_child_says_fits_in_a_log_line() {
        let said = Diagnostic {
            stage: "OCR\n\u{1b}[31m".repeat(100),
            page: None,
            cause: "a\nb\u{7}".repeat(1_000),
            panicked: false,
        }
        .tamed();
        assert!(said.stage.len() <= STAGE_CHARS && said.cause.chars().count() == CAUSE_CHARS);
        assert!(!said.to_string().contains(|c: char| c.is_control()));
    }
}
