//! TIFF: every page of a scan or fax.
//!
//! The decoder opens the first image of a file only; each further page is opened by pointing the header of a copy
//! at that page's directory.

use image::{ImageFormat, RgbImage};

use crate::{
    intake::{Opened, fax, guard, picture, refusal},
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
            let numbered = |reason: Reason| reason.with("page", number);
            let fields = Fields { bytes, layout, directory };
            let rgb = match fax::Coding::of(&fields) {
                Some(coding) => {
                    let (rgb, whole) = fax::page(&fields, coding, limits).map_err(numbered)?;
                    opened.reasons.extend((!whole).then(|| numbered(picture::cut_short("TIFF"))));
                    rgb
                }
                None => other_page(&mut file, layout, directory, limits).map_err(numbered)?,
            };
            opened.pages.push(PagePixels { number, rgb });
        }
        Ok(opened)
    })
}

/// A page by the decoder that knows all codings but those of [`fax`].
fn other_page(file: &mut [u8], layout: Layout, directory: u64, limits: &Limits) -> Result<RgbImage, Reason> {
    layout.point_at(file, directory);
    picture::pixels("TIFF", ImageFormat::Tiff, file, limits)
}

/// Values of one field that are looked at: more strips than a page of the largest size has rows.
const MOST_VALUES: u64 = 65_536;

/// What a page's directory says of it, by tag (TIFF 6.0, section 2).
#[derive(Clone, Copy)]
pub(super) struct Fields<'a> {
    bytes: &'a [u8],
    layout: Layout,
    directory: u64,
}

impl<'a> Fields<'a> {
    /// The whole file.
    pub(super) fn file(&self) -> &'a [u8] {
        self.bytes
    }

    /// The field's only value, or its first.
    pub(super) fn value(&self, tag: u64) -> Option<u64> {
        self.values(tag).first().copied()
    }

    /// All values of a field of whole numbers; of a fraction, numerator and denominator. Empty where it is missing.
    pub(super) fn values(&self, tag: u64) -> Vec<u64> {
        self.lookup(tag).unwrap_or_default()
    }

    fn lookup(&self, tag: u64) -> Option<Vec<u64>> {
        let Self { bytes, layout, directory } = *self;
        let (count_width, entry, offset_width) = if layout.big_tiff { (8, 20, 8) } else { (2, 12, 4) };
        let at = usize::try_from(directory).ok()?;
        let entries = usize::try_from(layout.number(bytes, at, count_width)?).ok()?;
        let start = at.checked_add(count_width)?;
        let field = (0..entries)
            .map_while(|index| start.checked_add(index.checked_mul(entry)?))
            .take_while(|field| field.saturating_add(entry) <= bytes.len())
            .find(|field| layout.number(bytes, *field, 2) == Some(tag))?;
        let (width, of_each) = match layout.number(bytes, field + 2, 2)? {
            1 | 7 => (1, 1),
            3 => (2, 1),
            4 => (4, 1),
            5 => (4, 2),
            16 => (8, 1),
            _ => return None,
        };
        let count = layout.number(bytes, field + 4, offset_width)?.min(MOST_VALUES) * of_each;
        let count = usize::try_from(count).ok()?;
        let inside = field + 4 + offset_width;
        let first = if count * width <= offset_width {
            inside
        } else {
            usize::try_from(layout.number(bytes, inside, offset_width)?).ok()?
        };
        (0..count).map(|index| layout.number(bytes, first.checked_add(index * width)?, width)).collect()
    }
}

/// Byte order and width of offsets.
#[derive(Clone, Copy)]
pub(super) struct Layout {
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
