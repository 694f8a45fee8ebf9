//! TIFF: every page of a scan or fax.
//!
//! The decoder opens the first image of a file only; each further page is opened by pointing the header of a copy
//! at that page's directory.

use image::ImageFormat;

use crate::{
    intake::{Opened, guard, picture, refusal},
    limits::Limits,
    reading::PagePixels,
    reason::Reason,
};

/// `NewSubfileType` (TIFF 6.0, tag 254): bit 0 a thumbnail, bit 2 a transparency mask.
const NOT_A_PAGE: u64 = 0b101;

/// Opens every page.
pub(super) fn open(bytes: &[u8], limits: &Limits) -> Result<Opened, Reason> {
    guard::caught("TIFF", || {
        let layout = Layout::of(bytes).ok_or_else(|| refusal::corrupt("TIFF", "the header is cut short"))?;
        let pages = layout.pages(bytes, limits)?;
        let count = pages.len() as u64;
        if count > limits.pages.into() {
            return Err(refusal::too_large("pages", "pages", limits.pages.into(), count));
        }
        let mut file = bytes.to_vec();
        let mut opened = Opened { page_count: pages.len() as u32, ..Opened::default() };
        for (directory, number) in pages.into_iter().zip(1..) {
            layout.point_at(&mut file, directory);
            let rgb = picture::pixels("TIFF", ImageFormat::Tiff, &file, limits)
                .map_err(|reason| reason.with("page", number))?;
            opened.pages.push(PagePixels { number, rgb });
        }
        Ok(opened)
    })
}

/// Byte order and width of offsets.
#[derive(Clone, Copy)]
struct Layout {
    little: bool,
    big_tiff: bool,
}

impl Layout {
    fn of(bytes: &[u8]) -> Option<Self> {
        let little = bytes.starts_with(b"II");
        let version = bytes.get(2..4)?;
        Some(Self { little, big_tiff: version.contains(&43) })
    }

    fn number(self, bytes: &[u8], at: usize, width: usize) -> Option<u64> {
        let field = bytes.get(at..at.checked_add(width)?)?;
        let fold = |n: u64, b: &u8| n << 8 | u64::from(*b);
        Some(if self.little { field.iter().rev().fold(0, fold) } else { field.iter().fold(0, fold) })
    }

    /// Where the header keeps the first directory's offset, and how wide offsets are.
    fn first(self) -> (usize, usize) {
        if self.big_tiff { (8, 8) } else { (4, 4) }
    }

    /// Offsets of the directories that are pages.
    fn pages(self, bytes: &[u8], limits: &Limits) -> Result<Vec<u64>, Reason> {
        let broken = || refusal::corrupt("TIFF", "a page directory lies outside the file");
        let (first, width) = self.first();
        let mut at = self.number(bytes, first, width).ok_or_else(broken)?;
        let (mut seen, mut pages) = (Vec::new(), Vec::new());
        while at != 0 {
            if seen.contains(&at) {
                return Err(refusal::corrupt("TIFF", "its pages form a circle"));
            }
            seen.push(at);
            if seen.len() as u64 > limits.frames.into() {
                let count = seen.len() as u64;
                return Err(refusal::too_large("directories", "frames", limits.frames.into(), count));
            }
            let (kind, next) = self.directory(bytes, at).ok_or_else(broken)?;
            if kind & NOT_A_PAGE == 0 || pages.is_empty() && next == 0 {
                pages.push(at);
            }
            at = next;
        }
        if pages.is_empty() { Err(refusal::corrupt("TIFF", "it has no page")) } else { Ok(pages) }
    }

    /// `NewSubfileType` of the directory at `at`, and the offset of the next.
    fn directory(self, bytes: &[u8], at: u64) -> Option<(u64, u64)> {
        let at = usize::try_from(at).ok()?;
        let (count_width, entry, value) = if self.big_tiff { (8, 20, 12) } else { (2, 12, 8) };
        let count = usize::try_from(self.number(bytes, at, count_width)?).ok()?;
        let entries = at.checked_add(count_width)?;
        let end = entries.checked_add(count.checked_mul(entry)?)?;
        let mut kind = 0;
        for index in 0..count {
            let field = entries + index * entry;
            if self.number(bytes, field, 2)? == 254 {
                kind = self.number(bytes, field + value, 4)?;
            }
        }
        // Some writers leave out the last directory's "no next".
        Some((kind, self.number(bytes, end, self.first().1).unwrap_or(0)))
    }

    fn point_at(self, file: &mut [u8], directory: u64) {
        let (at, width) = self.first();
        let offset = if self.little { directory.to_le_bytes() } else { directory.to_be_bytes() };
        let offset = if self.little { &offset[..width] } else { &offset[8 - width..] };
        if let Some(field) = file.get_mut(at..at + width) {
            field.copy_from_slice(offset);
        }
    }
}
