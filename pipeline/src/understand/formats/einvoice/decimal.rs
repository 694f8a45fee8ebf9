//! Amounts of an e-invoice, exact to a millionth.

/// Millionths.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Decimal(i128);

/// One, in millionths.
const ONE: i128 = 1_000_000;

impl Decimal {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// `xs:decimal`: a sign, digits, a point, digits. What lies past a millionth is dropped.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let (sign, digits) = match text.strip_prefix('-') {
            Some(rest) => (-1, rest),
            None => (1, text.strip_prefix('+').unwrap_or(text)),
        };
        let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
        let all_digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
        if whole.len() + part.len() == 0 || whole.len() > 15 || !all_digits(whole) || !all_digits(part) {
            return None;
        }
        let part: String = part.chars().chain("000000".chars()).take(6).collect();
        let digits = format!("{whole}{part}");
        digits.parse::<i128>().ok().map(|millionths| Self(sign * millionths))
    }

    /// A whole number.
    #[must_use]
    pub fn whole(n: i32) -> Self {
        Self(i128::from(n) * ONE)
    }

    /// `hundredths / 100`.
    #[must_use]
    pub fn cents(hundredths: i32) -> Self {
        Self(i128::from(hundredths) * ONE / 100)
    }

    /// Without its sign.
    #[must_use]
    pub fn abs(self) -> Self {
        Self(self.0.abs())
    }

    /// `percent` per cent of it.
    #[must_use]
    pub fn percent(self, percent: Self) -> Self {
        Self(self.0.saturating_mul(percent.0) / ONE / 100)
    }

    /// A hundred of it.
    #[must_use]
    pub fn hundredfold(self) -> Self {
        Self(self.0.saturating_mul(100))
    }

    /// Whether it is below nothing.
    #[must_use]
    pub fn is_negative(self) -> bool {
        self.0 < 0
    }

    /// Whether it is nothing.
    #[must_use]
    pub fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// Whether they differ by at most `by`.
    #[must_use]
    pub fn near(self, other: Self, by: Self) -> bool {
        (self.0 - other.0).abs() <= by.0
    }
}

impl std::ops::Add for Decimal {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl std::ops::Sub for Decimal {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl std::ops::Neg for Decimal {
    type Output = Self;

    fn neg(self) -> Self {
        Self(-self.0)
    }
}

impl std::iter::Sum for Decimal {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::ZERO, |a, b| a + b)
    }
}

/// With a point and at least two places: `100.00`, `1234.567`.
impl std::fmt::Display for Decimal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let (whole, part) = (self.0.abs() / ONE, self.0.abs() % ONE);
        let part = format!("{part:06}");
        let part = part.trim_end_matches('0');
        write!(f, "{sign}{whole}.{part:0<2}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_xml_writes_and_nothing_else() {
        for (text, value) in [
            ("0100.5", "100.50"),
            ("-3", "-3.00"),
            ("+3.10", "3.10"),
            (".5", "0.50"),
            ("1234.5000", "1234.50"),
            ("1.123456789", "1.123456"),
            ("-0.00", "0.00"),
        ] {
            assert_eq!(Decimal::parse(text).map(|d| d.to_string()).as_deref(), Some(value), "{text}");
        }
        for bad in ["1,5", "", ".", "1e9", "1 000", "--1", "9999999999999999", "1.2.3", "NaN"] {
            assert_eq!(Decimal::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_rate_of_a_base() {
        let base = Decimal::parse("804.35").expect("a number");
        assert_eq!(base.percent(Decimal::whole(19)).to_string(), "152.8265");
    }
}
