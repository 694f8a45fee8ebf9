//! JPEG 2000: what archives and some scanners write.

use hayro_jpeg2000::{ColorSpace, DecodeSettings, DecoderContext, Image};
use image::{Rgb, RgbImage};

use super::{Opened, colour, guard, picture::check_canvas, refusal, scale};
use crate::{limits::Limits, reading::PagePixels, reason::Reason};

const NAME: &str = "JPEG 2000";
/// Bytes that one sample takes while it is decoded: a float, and its wavelet.
const SAMPLE_BYTES: u64 = 8;

/// Opens the picture; its size is checked before a pixel is decoded.
pub(super) fn open(bytes: &[u8], limits: &Limits) -> Result<Opened, Reason> {
    guard::caught(NAME, || {
        let broken = |error: &dyn std::fmt::Display| refusal::corrupt(NAME, &error.to_string());
        let image = Image::new(bytes, &DecodeSettings::default()).map_err(|error| broken(&error))?;
        let (width, height) = (image.width(), image.height());
        check_canvas(width, height, limits)?;
        let channels = usize::from(image.color_space().num_channels()) + usize::from(image.has_alpha());
        let needed = u64::from(width) * u64::from(height) * channels as u64 * SAMPLE_BYTES;
        if needed > limits.memory_bytes / 2 {
            return Err(refusal::bomb(
                "bytes of memory (half of the limit)",
                "memory_bytes",
                limits.memory_bytes / 2,
                needed,
            ));
        }
        let mut context = DecoderContext::default();
        let samples = image.decode(&mut context).map_err(|error| broken(&error))?.data_u8();
        if samples.len() as u64 != u64::from(width) * u64::from(height) * channels as u64 {
            return Err(refusal::corrupt(NAME, "it was decoded at the wrong size"));
        }
        let rgb = flattened(&samples, (width, height), channels, &image)
            .ok_or_else(|| refusal::unsupported("a JPEG 2000 picture in unusual colours"))?;
        let small = scale::shrink(rgb, limits.page_side_px)?;
        let profile = match image.color_space() {
            ColorSpace::Icc { profile, num_channels: 3 } => Some(profile.as_slice()),
            _ => None,
        };
        let rgb = colour::to_srgb(small, profile);
        Ok(Opened { page_count: 1, pages: vec![PagePixels { number: 1, rgb }], ..Opened::default() })
    })
}

/// Interleaved samples as RGB, what is transparent on white; `None` for colours that are none of these.
fn flattened(
    samples: &[u8],
    (width, height): (u32, u32),
    channels: usize,
    image: &Image<'_>,
) -> Option<RgbImage> {
    let colours = usize::from(image.color_space().num_channels());
    if !matches!(colours, 1 | 3 | 4) {
        return None;
    }
    let mut rgb = RgbImage::new(width, height);
    for (to, from) in rgb.pixels_mut().zip(samples.chunks_exact(channels)) {
        let painted = match *from {
            [grey] | [grey, _] => [grey; 3],
            [r, g, b] => [r, g, b],
            [r, g, b, _] if colours == 3 => [r, g, b],
            [c, m, y, k, ..] => [c, m, y].map(|ink| over(255 - ink, 255 - k)),
            [] => return None,
        };
        let alpha = if image.has_alpha() { *from.last()? } else { 255 };
        *to = Rgb(painted.map(|sample| over(sample, alpha) + (255 - alpha)));
    }
    Some(rgb)
}

/// A share of a sample.
fn over(sample: u8, share: u8) -> u8 {
    ((u32::from(sample) * u32::from(share) + 127) / 255) as u8
}
