/// How many people a number may write to first in a rolling day, outside their 24 hours, by Meta's word for its tier
/// (`TIER_250`, `TIER_1K`, `TIER_100K`…); none: as many as it likes, or nobody said.
///
/// Since October 2025 all numbers of a portfolio share it.
#[must_use]
pub fn reach_of(tier: &str) -> Option<u64> {
    let word = tier.trim().strip_prefix("TIER_")?.to_ascii_uppercase();
    let (digits, times) = match word.as_bytes().last()? {
        b'K' => (word.get(..word.len() - 1)?, 1_000),
        b'M' => (word.get(..word.len() - 1)?, 1_000_000),
        _ => (word.as_str(), 1),
    };
    let count: u64 = digits.parse().ok()?;
    count.checked_mul(times).filter(|most| *most > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tier_says_how_many() {
        for (tier, most) in [
            ("TIER_50", Some(50)),
            ("TIER_250", Some(250)),
            ("TIER_1K", Some(1_000)),
            ("TIER_2K", Some(2_000)),
            ("TIER_10K", Some(10_000)),
            ("TIER_100K", Some(100_000)),
            ("TIER_UNLIMITED", None),
            ("TIER_NOT_SET", None),
            ("TIER_", None),
            ("TIER_0", None),
            ("TIER_99999999999999999999K", None),
            ("", None),
        ] {
            assert_eq!(reach_of(tier), most, "{tier}");
        }
    }
}
