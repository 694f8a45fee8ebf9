//! Within what time something that waits should be decided: hours by reason and kind, as data.

use std::sync::LazyLock;

use acuse_pipeline::{
    document::Kind,
    reason::{Reason, ReasonCode},
};
use time::{Duration, OffsetDateTime};

/// One line of the data.
struct Promise {
    /// None: of every reason.
    reason: Option<ReasonCode>,
    /// None: of every kind.
    kind: Option<Kind>,
    within: Duration,
}

static PROMISES: LazyLock<Vec<Promise>> =
    LazyLock::new(|| include_str!("due.tsv").lines().filter_map(parsed).collect());

/// What is promised where no line says it.
const OTHERWISE: Duration = Duration::DAY;

fn parsed(line: &str) -> Option<Promise> {
    let mut parts = line.split('\t');
    let (reason, kind, hours) = (parts.next()?, parts.next()?, parts.next()?);
    let any = |word: &str| word == "*";
    Some(Promise {
        reason: if any(reason) { None } else { Some(reason.parse().ok()?) },
        kind: if any(kind) { None } else { Some(kind.parse().ok()?) },
        within: Duration::hours(hours.parse().ok()?),
    })
}

fn within(code: ReasonCode, kind: Option<Kind>) -> Duration {
    let fits =
        |p: &&Promise| p.reason.is_none_or(|reason| reason == code) && p.kind.is_none_or(|k| Some(k) == kind);
    PROMISES.iter().find(fits).map_or(OTHERWISE, |p| p.within)
}

/// When something that waits since `opened` for these reasons should be decided.
pub(crate) fn due(reasons: &[Reason], kind: Option<Kind>, opened: OffsetDateTime) -> OffsetDateTime {
    opened + reasons.iter().map(|r| within(r.code, kind)).min().unwrap_or(OTHERWISE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_understood() {
        let lines = include_str!("due.tsv").lines().filter(|l| !l.starts_with('#') && !l.is_empty()).count();
        assert_eq!(PROMISES.len(), lines);
        assert!(lines > 5);
    }

    #[test]
    fn the_soonest_of_several_reasons_counts() {
        let reason = |code| Reason::new(code, "");
        let opened = OffsetDateTime::UNIX_EPOCH;
        let hours = |reasons: &[Reason], kind| (due(reasons, kind, opened) - opened).whole_hours();
        assert_eq!(hours(&[reason(ReasonCode::UnknownCustomer)], None), 24);
        assert_eq!(hours(&[reason(ReasonCode::LowConfidence)], Some(Kind::Id)), 8, "by kind");
        assert_eq!(hours(&[reason(ReasonCode::LowConfidence)], Some(Kind::Receipt)), 24);
        let both = [reason(ReasonCode::PossibleDuplicate), reason(ReasonCode::Malware)];
        assert_eq!(hours(&both, Some(Kind::Invoice)), 4);
        assert_eq!(hours(&[], None), 24);
    }
}
