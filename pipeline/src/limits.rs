//! Every cap on what a stranger's file may cost, in one place.
//!
//! Each has a name, a default and a range. The name is what a reason says when the limit is broken, what
//! `acuse doctor` prints, and, in capitals behind `ACUSE_LIMIT_`, the variable that sets it.

use serde::{Deserialize, Serialize};

/// A limit that cannot be set like that.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LimitError {
    /// There is no such limit.
    #[error("there is no such limit; they are {}", Limits::NAMES.join(", "))]
    Unknown,
    /// Not a whole number.
    #[error("is not a whole number (a size may end in KiB, MiB or GiB)")]
    NotANumber,
    /// Too small to read anything, or too large to protect from anything.
    #[error("must be from {least} to {most}")]
    OutOfRange {
        /// Smallest value.
        least: u64,
        /// Largest value.
        most: u64,
    },
}

/// Declares the limits: documentation, name, type, default, range.
macro_rules! limits {
    ($($(#[$about:meta])* $name:ident: $kind:ty = $default:expr, $least:expr => $most:expr;)*) => {
        /// Limits on one file. Configurable; `acuse doctor` prints them.
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct Limits {
            $($(#[$about])* pub $name: $kind,)*
        }

        impl Default for Limits {
            fn default() -> Self {
                Self { $($name: $default,)* }
            }
        }

        impl Limits {
            /// The names of all limits.
            pub const NAMES: &[&str] = &[$(stringify!($name)),*];

            /// Every limit with its name, in the order they are declared.
            #[must_use]
            pub fn all(&self) -> Vec<(&'static str, u64)> {
                vec![$((stringify!($name), self.$name.into())),*]
            }

            /// Sets a limit by its name.
            ///
            /// # Errors
            /// When there is no such limit, or it cannot be that.
            pub fn set(&mut self, name: &str, value: &str) -> Result<(), LimitError> {
                match name {
                    $(stringify!($name) => {
                        let (least, most): (u64, u64) = ($least, $most);
                        let wanted = number(value).ok_or(LimitError::NotANumber)?;
                        let fits = (least..=most).contains(&wanted).then(|| <$kind>::try_from(wanted).ok());
                        self.$name = fits.flatten().ok_or(LimitError::OutOfRange { least, most })?;
                    })*
                    _ => return Err(LimitError::Unknown),
                }
                Ok(())
            }
        }
    };
}

limits! {
    /// Bytes of an original. Meta's own inbound cap is 100 MB.
    original_bytes: u64 = 100 << 20, 1 << 10 => 2 << 30;
    /// Bytes of one normalized page as JPEG.
    page_bytes: u64 = 8 << 20, 64 << 10 => 256 << 20;
    /// Bytes of a thumbnail as JPEG.
    thumbnail_bytes: u64 = 1 << 20, 16 << 10 => 16 << 20;
    /// Pixels of one decoded image, before scaling.
    image_pixels: u64 = 100_000_000, 10_000 => 1_000_000_000;
    /// Longest side of a decoded image, pixels.
    image_side_px: u32 = 30_000, 100 => 65_535;
    /// Pages of a document.
    pages: u32 = 80, 1 => 1_000;
    /// Pictures in one file that are not pages: tiles of a HEIC, directories of a TIFF.
    frames: u32 = 1_024, 1 => 65_536;
    /// Longest side of a normalized page, pixels.
    page_side_px: u32 = 2_000, 200 => 5_000;
    /// Longest side of a thumbnail, pixels.
    thumbnail_side_px: u32 = 320, 16 => 1_024;
    /// Objects in a PDF.
    pdf_objects: u32 = 200_000, 100 => 5_000_000;
    /// Nesting of a PDF's objects or page tree.
    pdf_depth: u32 = 64, 8 => 256;
    /// Bytes one compressed stream may expand to.
    stream_bytes: u64 = 256 << 20, 1 << 20 => 1 << 30;
    /// Expanded over compressed size of a stream, once past 1 MiB.
    stream_ratio: u32 = 1_000, 10 => 100_000;
    /// Characters of text kept from one document.
    text_chars: u32 = 1_000_000, 1_000 => 100_000_000;
    /// Bytes of an embedded or attached XML.
    xml_bytes: u64 = 16 << 20, 16 << 10 => 256 << 20;
    /// Milliseconds of work on one file in the sandbox: by the clock, or by the processor where a busy machine lets the
    /// child wait, up to four times as long. Reading stops to look for more when most of it is spent, so that a long
    /// document ends as what was read of it.
    read_ms: u64 = 29_000, 100 => 600_000;
    /// CPU seconds of one sandboxed child for one file.
    cpu_secs: u64 = 30, 1 => 600;
    /// Address space of one sandboxed child, bytes. The models take some 200 MiB of it, the closest look at a page as much
    /// again and more.
    memory_bytes: u64 = 2 << 30, 768 << 20 => 64 << 30;
    /// Bytes a child may answer with (normalized pages included). The parent holds them all: this is what one file can
    /// make it grow by.
    answer_bytes: u64 = 64 << 20, 1 << 20 => 2 << 30;
}

/// A whole number, underscores allowed, with or without a binary unit.
fn number(text: &str) -> Option<u64> {
    let text = text.trim();
    let units = [("KiB", 10), ("MiB", 20), ("GiB", 30)];
    let unit = units.iter().find_map(|(unit, shift)| Some((text.strip_suffix(unit)?, *shift)));
    let (digits, shift) = unit.unwrap_or((text, 0));
    let value: u64 = digits.trim().replace('_', "").parse().ok()?;
    value.checked_mul(1 << shift)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_default_is_within_its_own_range() {
        for (name, value) in Limits::default().all() {
            let mut limits = Limits::default();
            limits.set(name, &value.to_string()).unwrap_or_else(|e| panic!("{name}: {e}"));
            assert_eq!(limits, Limits::default());
        }
    }

    #[test]
    fn limits_are_set_by_name_with_or_without_units() {
        let mut limits = Limits::default();
        limits.set("memory_bytes", "3 GiB").unwrap();
        limits.set("pages", "7").unwrap();
        limits.set("read_ms", "20_000").unwrap();
        assert_eq!((limits.memory_bytes, limits.pages, limits.read_ms), (3 << 30, 7, 20_000));
    }

    #[test]
    fn what_cannot_be_is_refused() {
        let mut limits = Limits::default();
        assert_eq!(limits.set("page", "7"), Err(LimitError::Unknown));
        assert_eq!(limits.set("pages", "-7"), Err(LimitError::NotANumber));
        assert_eq!(limits.set("pages", "many"), Err(LimitError::NotANumber));
        assert_eq!(limits.set("pages", "0"), Err(LimitError::OutOfRange { least: 1, most: 1_000 }));
        assert_eq!(limits.set("memory_bytes", "18446744073709551615 KiB"), Err(LimitError::NotANumber));
        assert_eq!(limits, Limits::default());
    }
}
