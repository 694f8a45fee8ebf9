//! What a reader's death says about the file it was reading.
//!
//! A decoder that ate all its time or memory was fed a bomb; one that crashed was fed something corrupt; one
//! that was slow in OCR met a page that cannot be read in time. Each reason names the limit and what was met.

use std::{os::unix::process::ExitStatusExt, process::ExitStatus, time::Duration};

use acuse_pipeline::{
    limits::Limits,
    reason::{Reason, ReasonCode},
};

/// How a reader ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Death {
    /// We killed it: the wall-clock limit had passed.
    TimedOut,
    /// The kernel killed it: its CPU time was spent (SIGXCPU).
    CpuSpent,
    /// It asked for more memory than it may have, and aborted.
    OutOfMemory,
    /// Its stack ran over: something was nested too deeply.
    StackSpent,
    /// It crashed: SIGSEGV, SIGBUS, SIGILL, SIGFPE, an abort, an exit of its own.
    Crashed(String),
    /// Rust code panicked; the place in the code.
    Panicked(String),
    /// It tried a system call that reading never needs (SIGSYS): taken over, or a library changed its ways.
    Forbidden,
    /// Its answer was larger than allowed.
    Overran {
        /// Which limit.
        limit_name: &'static str,
        /// Bytes allowed.
        limit: u64,
        /// Bytes it came to, at least.
        size: u64,
    },
    /// It answered what a reader never answers.
    Babbled(String),
    /// Someone else killed it (SIGKILL, SIGTERM): the world failed, not the file.
    Lost(i32),
}

impl Death {
    /// Reads the exit status and the last words on standard error. The words are never shown or logged: they
    /// could quote the document.
    #[must_use]
    pub fn of(status: ExitStatus, last_words: &[u8]) -> Self {
        let said = |words: &[u8]| last_words.windows(words.len()).any(|w| w == words);
        match status.signal() {
            Some(libc::SIGXCPU) => Self::CpuSpent,
            Some(libc::SIGSYS) => Self::Forbidden,
            // Words of Rust's runtime: library/std/src/alloc.rs and sys/pal/unix/stack_overflow.rs.
            Some(libc::SIGABRT) if said(b"memory allocation of") => Self::OutOfMemory,
            Some(libc::SIGABRT | libc::SIGSEGV) if said(b"has overflowed its stack") => Self::StackSpent,
            Some(libc::SIGABRT) => Self::Crashed("aborted".into()),
            Some(signal @ (libc::SIGKILL | libc::SIGTERM | libc::SIGHUP | libc::SIGINT)) => {
                Self::Lost(signal)
            }
            Some(signal) => Self::Crashed(format!("signal {signal}")),
            None => Self::Crashed(format!("exit status {}", status.code().unwrap_or_default())),
        }
    }

    /// The reason for the reviewer. `None`: the file is not to blame, try again.
    #[must_use]
    pub fn reason(&self, stage: &str, limits: &Limits, elapsed: Duration) -> Option<Reason> {
        use ReasonCode::{Corrupt, DecompressionBomb, Unreadable};
        let elapsed_ms = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
        // Until its pages are pixels, a file that costs too much is a bomb; afterwards it is only too hard.
        let too_costly = if understood_by_then(stage) { Unreadable } else { DecompressionBomb };
        let reason = match self {
            Self::TimedOut => Reason::new(too_costly, "Reading took longer than allowed and was stopped.")
                .with("limit", limits.read_ms)
                .with("limit_name", "read_ms")
                .with("size", elapsed_ms),
            Self::CpuSpent => Reason::new(too_costly, "Reading used more processor time than allowed.")
                .with("limit", limits.cpu_secs)
                .with("limit_name", "cpu_secs")
                // All of it was used; how much more it wanted nobody knows.
                .with("size", limits.cpu_secs),
            Self::OutOfMemory => Reason::new(DecompressionBomb, "Opening it needs more memory than allowed.")
                .with("limit", limits.memory_bytes)
                .with("limit_name", "memory_bytes")
                .with("size", limits.memory_bytes),
            Self::Overran { limit_name, limit, size } => {
                Reason::new(DecompressionBomb, "It unfolds into more than may be kept.")
                    .with("limit", *limit)
                    .with("limit_name", *limit_name)
                    .with("size", *size)
            }
            Self::StackSpent => Reason::new(Corrupt, "It is nested too deeply to be read."),
            Self::Crashed(how) => {
                Reason::new(Corrupt, "It broke the program that reads it.").with("how", how.as_str())
            }
            Self::Panicked(at) => {
                Reason::new(Corrupt, "It broke the program that reads it.").with("at", at.as_str())
            }
            Self::Forbidden => {
                Reason::new(Corrupt, "It made the program that reads it try something forbidden.")
                    .with("how", "forbidden system call")
            }
            Self::Babbled(what) => Reason::new(Corrupt, "It made the program that reads it answer nonsense.")
                .with("how", what.as_str()),
            Self::Lost(_) => return None,
        };
        Some(reason.with("stage", stage).with("elapsed_ms", elapsed_ms))
    }

    /// Whether an operator should look: someone may be trying to break out.
    #[must_use]
    pub fn is_alarming(&self) -> bool {
        matches!(self, Self::Forbidden | Self::Babbled(_))
    }
}

/// Stages after decoding, as the reader names them.
fn understood_by_then(stage: &str) -> bool {
    matches!(stage, "text" | "ocr" | "barcode" | "understand" | "encode")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(death: &Death, stage: &str) -> Option<ReasonCode> {
        death.reason(stage, &Limits::default(), Duration::from_secs(3)).map(|reason| reason.code)
    }

    #[test]
    fn signals_and_last_words_tell_how_it_died() {
        let killed_by = |signal: i32, words: &str| Death::of(ExitStatus::from_raw(signal), words.as_bytes());
        assert_eq!(killed_by(libc::SIGXCPU, ""), Death::CpuSpent);
        assert_eq!(killed_by(libc::SIGSYS, ""), Death::Forbidden);
        assert_eq!(killed_by(libc::SIGABRT, "memory allocation of 9 bytes failed"), Death::OutOfMemory);
        assert_eq!(killed_by(libc::SIGABRT, "\nthread 'main' has overflowed its stack"), Death::StackSpent);
        assert_eq!(killed_by(libc::SIGSEGV, ""), Death::Crashed("signal 11".into()));
        assert_eq!(killed_by(libc::SIGKILL, ""), Death::Lost(libc::SIGKILL));
        assert_eq!(Death::of(ExitStatus::from_raw(3 << 8), &[]), Death::Crashed("exit status 3".into()));
    }

    #[test]
    fn a_slow_decoder_met_a_bomb_and_slow_ocr_a_hard_page() {
        assert_eq!(code(&Death::TimedOut, "decode"), Some(ReasonCode::DecompressionBomb));
        assert_eq!(code(&Death::TimedOut, "ocr"), Some(ReasonCode::Unreadable));
        assert_eq!(code(&Death::OutOfMemory, "ocr"), Some(ReasonCode::DecompressionBomb));
        assert_eq!(code(&Death::Forbidden, "decode"), Some(ReasonCode::Corrupt));
        assert_eq!(code(&Death::Lost(9), "decode"), None);
    }

    #[test]
    fn a_breach_names_limit_and_size() {
        let reason = Death::TimedOut
            .reason("decode", &Limits::default(), Duration::from_millis(29_500))
            .expect("the file is to blame");
        assert_eq!(reason.detail.get("limit"), Some(&serde_json::json!(29_000)));
        assert_eq!(reason.detail.get("size"), Some(&serde_json::json!(29_500)));
        assert_eq!(reason.detail.get("stage"), Some(&serde_json::json!("decode")));
    }
}
