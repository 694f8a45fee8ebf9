//! HEVC tiles to one RGB canvas.

use image::{RgbImage, imageops};
use rusty_h265::{Decoder, Error, Frame, nal::unescape, ps::parse_sps};

use super::container::{Recipe, Tile, Turn};
use crate::{
    intake::{encode, picture::check_canvas, refusal},
    limits::Limits,
    reason::Reason,
};

/// HEVC's NAL type of a sequence parameter set (ITU-T H.265, table 7-1).
const SPS: u8 = 33;

/// Decodes every tile into its place.
pub(super) fn picture(recipe: &Recipe<'_>, limits: &Limits) -> Result<RgbImage, Reason> {
    check_canvas(recipe.width, recipe.height, limits)?;
    if recipe.width == 0 || recipe.height == 0 {
        return Err(refusal::corrupt("HEIC", "the picture has no size"));
    }
    let mut canvas = RgbImage::from_pixel(recipe.width, recipe.height, image::Rgb([255; 3]));
    let mut corner = (0, 0);
    for (index, tile) in recipe.tiles.iter().enumerate() {
        let (frame, colours) = frame(tile, recipe, limits)?;
        if index > 0 {
            let row_starts = index % recipe.columns == 0;
            corner =
                if row_starts { (0, corner.1 + frame.height) } else { (corner.0 + frame.width, corner.1) };
        }
        paint(&mut canvas, &frame, corner, &colours);
    }
    Ok(canvas)
}

/// Applies `irot` and `imir` in order.
pub(super) fn upright(mut rgb: RgbImage, turns: &[Turn]) -> RgbImage {
    for turn in turns {
        rgb = match turn {
            Turn::Left(quarters) => encode::rotated(rgb, 4 - quarters % 4),
            Turn::FlipRows => imageops::flip_vertical(&rgb),
            Turn::FlipColumns => imageops::flip_horizontal(&rgb),
        };
    }
    rgb
}

fn frame(tile: &Tile<'_>, recipe: &Recipe<'_>, limits: &Limits) -> Result<(Frame, Colours), Reason> {
    let cut = || refusal::corrupt("HEIC", "a tile is cut short");
    let (length_width, sets) = parameter_sets(tile.config).ok_or_else(cut)?;
    let mut decoder = Decoder::new();
    let mut range = recipe.nclx;
    // Every parameter set is looked at, in band too: a second size would slip past the canvas check.
    let mut feed = |nal: &[u8]| -> Result<(), Reason> {
        if nal_type(nal) == Some(SPS) {
            let sps = parse_sps(&unescape(nal.get(2..).unwrap_or_default()).data).map_err(refused)?;
            check_canvas(sps.width, sps.height, limits)?;
            range =
                range.or_else(|| sps.vui.as_ref().map(|v| (v.matrix_coeffs.into(), v.video_full_range_flag)));
        }
        decoder.push_nal(nal, None).map_err(refused)
    };
    sets.into_iter().try_for_each(&mut feed)?;
    let mut rest: &[u8] = &tile.data;
    while !rest.is_empty() {
        let (length, tail) = rest.split_at_checked(length_width).ok_or_else(cut)?;
        let length = length.iter().fold(0, |n, &b| n << 8 | usize::from(b));
        let (nal, tail) = tail.split_at_checked(length).ok_or_else(cut)?;
        feed(nal)?;
        rest = tail;
    }
    decoder.flush();
    let frame = decoder.next_frame().map_err(refused)?;
    let depth = (frame.picture.bit_depth_luma, frame.picture.bit_depth_chroma);
    Ok((frame, Colours::new(range, depth)))
}

fn nal_type(nal: &[u8]) -> Option<u8> {
    nal.first().map(|b| b >> 1 & 0x3f)
}

/// `HEVCDecoderConfigurationRecord` (ISO/IEC 14496-15, 8.3.3.1): the width of NAL lengths, and the NAL units.
fn parameter_sets(config: &[u8]) -> Option<(usize, Vec<&[u8]>)> {
    let width = usize::from(config.get(21)? & 3) + 1;
    let mut at = 23;
    let mut sets = Vec::new();
    for _ in 0..*config.get(22)? {
        let count = u16::from_be_bytes(config.get(at + 1..at + 3)?.try_into().ok()?);
        at += 3;
        for _ in 0..count {
            let length = usize::from(u16::from_be_bytes(config.get(at..at + 2)?.try_into().ok()?));
            sets.push(config.get(at + 2..at + 2 + length)?);
            at += 2 + length;
        }
    }
    Some((width, sets))
}

fn refused(error: Error) -> Reason {
    match error {
        Error::Unsupported(what) => refusal::unsupported(&format!("a HEIC picture of a rare kind ({what})")),
        Error::Unimplemented(what) => {
            refusal::unsupported(&format!("a HEIC picture of a rare kind ({what})"))
        }
        other => refusal::corrupt("HEIC", &other.to_string()),
    }
}

/// YCbCr to RGB in 16-bit fixed point.
struct Colours {
    luma: i64,
    black: i64,
    red_v: i64,
    green_u: i64,
    green_v: i64,
    blue_u: i64,
    middle: i64,
}

impl Colours {
    /// `range`: matrix coefficients (ITU-T H.273, table 4) and full range; unspecified is taken as BT.601.
    fn new(range: Option<(u16, bool)>, (luma_bits, chroma_bits): (u8, u8)) -> Self {
        let (matrix, full) = range.unwrap_or((6, false));
        let (kr, kb) = match matrix {
            1 => (0.2126, 0.0722),
            9 | 10 => (0.2627, 0.0593),
            _ => (0.299, 0.114),
        };
        let kg = 1.0 - kr - kb;
        let span = |full_span: f64, bits: u8, studio: f64| {
            let unit = f64::from(1u32 << (bits - 8));
            if full { full_span * f64::from((1u32 << bits) - 1) / 255.0 } else { studio * unit }
        };
        let fixed = |x: f64| (x * 65_536.0).round() as i64;
        let luma = 255.0 / span(255.0, luma_bits, 219.0);
        let chroma = 255.0 / span(255.0, chroma_bits, 224.0);
        Self {
            luma: fixed(luma),
            black: if full { 0 } else { 16 << (luma_bits - 8) },
            red_v: fixed(2.0 * (1.0 - kr) * chroma),
            green_u: fixed(-2.0 * kb * (1.0 - kb) / kg * chroma),
            green_v: fixed(-2.0 * kr * (1.0 - kr) / kg * chroma),
            blue_u: fixed(2.0 * (1.0 - kb) * chroma),
            middle: 1 << (chroma_bits - 1),
        }
    }

    fn rgb(&self, y: u16, u: u16, v: u16) -> [u8; 3] {
        let y = (i64::from(y) - self.black) * self.luma + 32_768;
        let (u, v) = (i64::from(u) - self.middle, i64::from(v) - self.middle);
        let byte = |x: i64| (x >> 16).clamp(0, 255) as u8;
        [byte(y + v * self.red_v), byte(y + u * self.green_u + v * self.green_v), byte(y + u * self.blue_u)]
    }
}

/// Paints a frame with its top left at `corner`, as far as the canvas reaches.
fn paint(canvas: &mut RgbImage, frame: &Frame, (left, top): (usize, usize), colours: &Colours) {
    let [luma, cb, cr] = &frame.picture.planes;
    let (crop_x, crop_y, width, height) = frame.picture.crop;
    let (shift_x, shift_y) = match frame.picture.chroma_format_idc {
        1 => (1, 1),
        2 => (1, 0),
        _ => (0, 0),
    };
    let grey = frame.picture.chroma_format_idc == 0;
    let canvas_width = canvas.width() as usize;
    let rows = canvas.chunks_exact_mut(canvas_width * 3).skip(top).take(height);
    for (y, row) in (crop_y..).zip(rows) {
        let samples = luma.row(y);
        let chroma = (!grey).then(|| (cb.row(y >> shift_y), cr.row(y >> shift_y)));
        for (x, pixel) in (crop_x..crop_x + width).zip(row.chunks_exact_mut(3).skip(left)) {
            let (u, v) = chroma.map_or((colours.middle as u16, colours.middle as u16), |(cb, cr)| {
                (cb[x >> shift_x], cr[x >> shift_x])
            });
            pixel.copy_from_slice(&colours.rgb(samples[x], u, v));
        }
    }
}
