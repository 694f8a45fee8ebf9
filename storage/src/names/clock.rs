//! Time as rows keep it: microseconds since 1970.

use time::OffsetDateTime;

/// Now by the machine's clock, cut to the microseconds that a row keeps: what a catalog goes by unless it is given
/// another clock.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the one place where the machine is asked")]
pub fn now() -> OffsetDateTime {
    kept(OffsetDateTime::now_utc())
}

/// A time cut to the microseconds that a row keeps.
pub(crate) fn kept(at: OffsetDateTime) -> OffsetDateTime {
    at_or_epoch(micros(at))
}

/// Microseconds since 1970, as rows keep time. Saturates far outside any real date.
pub(crate) fn micros(at: OffsetDateTime) -> i64 {
    i64::try_from(at.unix_timestamp_nanos() / 1_000).unwrap_or(i64::MAX)
}

fn at_or_epoch(micros: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(micros) * 1_000)
        .unwrap_or(OffsetDateTime::UNIX_EPOCH)
}
