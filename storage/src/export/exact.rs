//! Sums that are exact: decimal texts added up as whole numbers of their smallest place.

use std::fmt;

/// An exact decimal number.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Exact {
    units: i128,
    places: u32,
}

/// Most places after the point that a text may have.
const MOST_PLACES: usize = 12;

impl Exact {
    /// An amount as a field says it: a minus or none, digits, a point, digits.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let (minus, digits) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
        let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
        let all = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
        if whole.is_empty() || whole.len() > 15 || part.len() > MOST_PLACES || !all(whole) || !all(part) {
            return None;
        }
        let units = format!("{whole}{part}").parse::<i128>().ok()?;
        Some(Self { units: if minus { -units } else { units }, places: u32::try_from(part.len()).ok()? })
    }

    /// So many of a decimal place, written with two places where it needs no more.
    #[must_use]
    pub fn of(mut units: i128, mut places: u32) -> Self {
        while places > 2 && units % 10 == 0 {
            units /= 10;
            places -= 1;
        }
        Self { units, places }
    }

    /// Whether it is above nothing.
    #[must_use]
    pub fn is_positive(self) -> bool {
        self.units > 0
    }

    /// How many of its `places`th decimal it is; `None` where it has figures behind that.
    #[must_use]
    pub fn whole(self, places: u32) -> Option<i128> {
        if self.places <= places {
            return Some(self.at(places));
        }
        let one = 10_i128.saturating_pow(self.places - places);
        (self.units % one == 0).then_some(self.units / one)
    }

    fn at(self, places: u32) -> i128 {
        self.units.saturating_mul(10_i128.saturating_pow(places.saturating_sub(self.places)))
    }
}

impl std::ops::Add for Exact {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        let places = self.places.max(other.places);
        Self { units: self.at(places).saturating_add(other.at(places)), places }
    }
}

impl std::ops::Neg for Exact {
    type Output = Self;

    fn neg(self) -> Self {
        Self { units: -self.units, ..self }
    }
}

/// As it was written, with as many places as the longest of what was added up.
impl fmt::Display for Exact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.units < 0 { "-" } else { "" };
        let one = 10_u128.saturating_pow(self.places);
        let (whole, part) = (self.units.unsigned_abs() / one, self.units.unsigned_abs() % one);
        if self.places == 0 {
            return write!(f, "{sign}{whole}");
        }
        write!(f, "{sign}{whole}.{part:0>width$}", width = self.places as usize)
    }
}

impl serde::Serialize for Exact {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Exact {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = String::deserialize(d)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom("not an amount"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_exact_and_signed() {
        let sum = ["0.1", "0.20", "-1000000000000.305", "7"]
            .into_iter()
            .map(|t| Exact::parse(t).unwrap())
            .fold(Exact::default(), |a, b| a + b);
        assert_eq!(sum.to_string(), "-999999999993.005");
        assert_eq!(Exact::parse("-1.500").unwrap().whole(2), Some(-150));
        assert_eq!(
            (Exact::parse("7").unwrap().whole(2), Exact::parse("1.005").unwrap().whole(2)),
            (Some(700), None)
        );
        assert_eq!((-Exact::parse("0.05").unwrap()).to_string(), "-0.05");
        for bad in ["", "-", "1,5", "1e3", ".5", "--1", "1.2.3"] {
            assert_eq!(Exact::parse(bad), None, "{bad:?}");
        }
    }
}
