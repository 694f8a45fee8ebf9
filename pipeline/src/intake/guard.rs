//! The boundary around other people's decoders.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::{intake::refusal, reason::Reason};

/// Runs a decoder; if it panics, the file is `corrupt` rather than our process dead.
///
/// The closure's state is thrown away after a panic, so unwind safety is not at stake.
pub(super) fn caught<T>(what: &str, run: impl FnOnce() -> Result<T, Reason>) -> Result<T, Reason> {
    catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|panic| {
        let said = panic
            .downcast_ref::<String>()
            .map(String::as_str)
            .or_else(|| panic.downcast_ref::<&str>().copied())
            .unwrap_or("no message");
        Err(refusal::corrupt(what, &format!("the decoder gave up: {said}")))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reason::ReasonCode;

    #[test]
    fn a_panic_becomes_corrupt() {
        let hush = std::panic::take_hook();
        std::panic::set_hook(Box::new(|_| {}));
        let refused = caught("JPEG", || -> Result<(), Reason> { panic!("index 3 of 2") });
        std::panic::set_hook(hush);
        let reason = refused.unwrap_err();
        assert_eq!(reason.code, ReasonCode::Corrupt);
        assert!(reason.detail["error"].as_str().unwrap().contains("index 3 of 2"));
    }
}
