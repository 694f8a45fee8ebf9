//! What a sender can mend, and with what: data, a line a reason.

use acuse_pipeline::knowledge;

use crate::case::Expects;

const OURS: &str = include_str!("mend.tsv");

/// Times that one document is asked for again before a person sees it.
pub const MOST_ASKS: u32 = 3;

/// With what the sender can mend a document that waits for this reason; `None`: only a person can.
#[must_use]
pub fn mended_by(reason: &str) -> Option<Expects> {
    let mut rows = knowledge::lines(OURS).filter_map(|line| line.split_once('\t'));
    rows.find(|(known, _)| *known == reason).and_then(|(_, expects)| Expects::of(expects))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_understood_and_nothing_else_is_mended() {
        for line in knowledge::lines(OURS) {
            let (reason, _) = line.split_once('\t').unwrap();
            assert!(mended_by(reason).is_some(), "{line}");
        }
        for other in ["malware", "possible_duplicate", ""] {
            assert_eq!(mended_by(other), None);
        }
    }
}
