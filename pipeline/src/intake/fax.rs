//! Fax pages in a TIFF: Huffman runs and Group 3 (ITU-T T.4; TIFF 6.0, sections 10 and 11), which the decoder of all
//! other pages lacks.

use hayro_ccitt::{DecodeSettings, Decoder, DecoderContext, EncodingMode, decode};
use image::{DynamicImage, GrayImage, Luma, RgbImage, imageops, metadata::Orientation};

use super::{picture::check_canvas, refusal, scale, tiff::Fields};
use crate::{limits::Limits, reason::Reason};

const WIDTH: u64 = 256;
const HEIGHT: u64 = 257;
const COMPRESSION: u64 = 259;
const PHOTOMETRIC: u64 = 262;
const FILL_ORDER: u64 = 266;
const STRIP_OFFSETS: u64 = 273;
const ORIENTATION: u64 = 274;
const ROWS_PER_STRIP: u64 = 278;
const STRIP_BYTES: u64 = 279;
const X_RESOLUTION: u64 = 282;
const Y_RESOLUTION: u64 = 283;
const GROUP_3_OPTIONS: u64 = 292;

/// Faxes of standard resolution have twice as many dots across as down; more than this is no fax but a mistake.
const MOST_STRETCH: f64 = 4.0;

/// How the rows are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Coding {
    /// Compression 2: runs, each row from a whole byte on.
    Runs,
    /// Compression 3, each row by itself.
    Group3,
    /// Compression 3, rows told by what differs from the one above.
    Group3TwoDimensional,
}

impl Coding {
    /// `None` where the page is not coded so.
    pub(super) fn of(page: &Fields<'_>) -> Option<Self> {
        match page.value(COMPRESSION)? {
            2 => Some(Self::Runs),
            3 if page.value(GROUP_3_OPTIONS).unwrap_or(0) & 1 == 1 => Some(Self::Group3TwoDimensional),
            3 => Some(Self::Group3),
            _ => None,
        }
    }

    fn settings(self, columns: u32, rows: u32) -> DecodeSettings {
        let runs = self == Self::Runs;
        DecodeSettings {
            columns,
            rows,
            end_of_block: !runs,
            end_of_line: !runs,
            rows_are_byte_aligned: runs,
            encoding: match self {
                Self::Runs | Self::Group3 => EncodingMode::Group3_1D,
                Self::Group3TwoDimensional => EncodingMode::Group3_2D,
            },
            strict: false,
        }
    }
}

/// The page upright, long side at most `limits.page_side_px`; and whether all of its rows are there.
pub(super) fn page(page: &Fields<'_>, coding: Coding, limits: &Limits) -> Result<(RgbImage, bool), Reason> {
    let side = |tag| page.value(tag).and_then(|side| u32::try_from(side).ok()).filter(|side| *side > 0);
    let (Some(width), Some(height)) = (side(WIDTH), side(HEIGHT)) else {
        return Err(refusal::corrupt("TIFF", "a fax page without a size"));
    };
    check_canvas(width, height, limits)?;
    let mut rows = Rows { canvas: GrayImage::from_pixel(width, height, Luma([255])), next: 0 };
    let per_strip = side(ROWS_PER_STRIP).unwrap_or(height).min(height);
    let (offsets, lengths) = (page.values(STRIP_OFFSETS), page.values(STRIP_BYTES));
    let mut whole = true;
    for (index, (offset, length)) in (0u32..).zip(offsets.iter().zip(&lengths)) {
        let first = index.saturating_mul(per_strip);
        if first >= height {
            break;
        }
        whole &= rows.next == first;
        rows.next = first;
        let Some(strip) = strip(page, *offset, *length) else {
            whole = false;
            continue;
        };
        let mut context = DecoderContext::new(coding.settings(width, per_strip.min(height - first)));
        whole &= decode(&strip, &mut rows, &mut context).is_ok();
    }
    whole &= rows.next >= height;
    if rows.next == 0 {
        return Err(refusal::corrupt("TIFF", "no row of the fax can be read"));
    }
    let mut canvas = rows.canvas;
    if page.value(PHOTOMETRIC) == Some(1) {
        imageops::invert(&mut canvas);
    }
    let rgb = DynamicImage::ImageLuma8(stretched(page, canvas, limits)?).into_rgb8();
    let mut upright = DynamicImage::ImageRgb8(scale::shrink(rgb, limits.page_side_px)?);
    let orientation = page.value(ORIENTATION).and_then(|tag| u8::try_from(tag).ok());
    upright
        .apply_orientation(orientation.and_then(Orientation::from_exif).unwrap_or(Orientation::NoTransforms));
    Ok((upright.into_rgb8(), whole))
}

/// The bytes of a strip, as far as they are there, the first bit of each the highest.
fn strip(page: &Fields<'_>, offset: u64, length: u64) -> Option<Vec<u8>> {
    let file = page.file();
    let start = usize::try_from(offset).ok()?;
    let end = start.saturating_add(usize::try_from(length).ok()?).min(file.len());
    let mut bytes = file.get(start..end).filter(|bytes| !bytes.is_empty())?.to_vec();
    if page.value(FILL_ORDER) == Some(2) {
        bytes.iter_mut().for_each(|byte| *byte = byte.reverse_bits());
    }
    Some(bytes)
}

/// The page as it looked on paper: as high as its dots are apart.
fn stretched(page: &Fields<'_>, canvas: GrayImage, limits: &Limits) -> Result<GrayImage, Reason> {
    let dots = |tag| match page.values(tag)[..] {
        [dots, of] if dots > 0 && of > 0 => Some(dots as f64 / of as f64),
        _ => None,
    };
    let (Some(across), Some(down)) = (dots(X_RESOLUTION), dots(Y_RESOLUTION)) else { return Ok(canvas) };
    let by = across / down;
    if !(1.2..MOST_STRETCH).contains(&by) {
        return Ok(canvas);
    }
    let (width, height) = (canvas.width(), (f64::from(canvas.height()) * by) as u32);
    check_canvas(width, height, limits)?;
    Ok(imageops::resize(&canvas, width, height, imageops::FilterType::Triangle))
}

/// Rows as they are decoded, black on a white canvas.
struct Rows {
    canvas: GrayImage,
    next: u32,
}

impl Decoder for Rows {
    fn push_row(&mut self, changes: &[u32]) {
        let width = self.canvas.width() as usize;
        let start = self.next as usize * width;
        self.next = self.next.saturating_add(1);
        let Some(row) = self.canvas.as_flat_samples_mut().samples.get_mut(start..start.saturating_add(width))
        else {
            return;
        };
        for run in changes.chunks(2) {
            let from = run.first().map_or(width, |at| *at as usize);
            let to = run.get(1).map_or(width, |at| *at as usize).min(width);
            if let Some(black) = row.get_mut(from..to) {
                black.fill(0);
            }
        }
    }
}
