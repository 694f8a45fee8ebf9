//! A decimal amount.

/// A decimal amount: `mantissa / 10^scale`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Amount {
    /// All digits, signed.
    pub mantissa: i64,
    /// Digits after the point, 0..=4.
    pub scale: u32,
}

impl Amount {
    /// In ten-thousandths, for comparing amounts of different scales.
    #[must_use]
    pub fn units(self) -> i64 {
        self.mantissa.saturating_mul(10_i64.pow(4 - self.scale.min(4)))
    }

    /// As a decimal string with a point, at least two decimals when it has any.
    #[must_use]
    pub fn to_decimal(self) -> String {
        let sign = if self.mantissa < 0 { "-" } else { "" };
        let digits = self.mantissa.unsigned_abs().to_string();
        let scale = self.scale as usize;
        if scale == 0 {
            return format!("{sign}{digits}.00");
        }
        let padded = format!("{digits:0>width$}", width = scale + 1);
        let (whole, part) = padded.split_at(padded.len() - scale);
        format!("{sign}{whole}.{part:0<2}")
    }

    /// Whether two amounts differ by at most `tolerance` ten-thousandths.
    #[must_use]
    pub fn near(self, other: Self, tolerance: i64) -> bool {
        (self.units() - other.units()).abs() <= tolerance
    }
}

/// Parses a plain decimal such as XML carries (`1234.5`).
#[must_use]
pub fn plain(text: &str) -> Option<Amount> {
    let text = text.trim();
    let (sign, body) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
    let (whole, part) = body.split_once('.').unwrap_or((body, ""));
    if whole.is_empty() || !whole.chars().chain(part.chars()).all(|c| c.is_ascii_digit()) || whole.len() > 14
    {
        return None;
    }
    let part: String = part.chars().take(4).collect();
    let trimmed = if part.len() > 2 { part.trim_end_matches('0') } else { part.as_str() };
    let mantissa: i64 = format!("{whole}{trimmed}").parse().ok()?;
    Some(Amount { mantissa: sign * mantissa, scale: u32::try_from(trimmed.len()).ok()? })
}
