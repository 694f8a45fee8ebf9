//! Downscaling and turning pixels.

use fast_image_resize::{
    FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer, images::Image, images::ImageRef,
};
use image::RgbImage;

use crate::{intake::refusal, reason::Reason};

/// The size with long side at most `side`, same aspect, never enlarged and never zero.
pub(super) fn fitted(width: u32, height: u32, side: u32) -> (u32, u32) {
    let long = width.max(height);
    if long <= side || long == 0 {
        return (width, height);
    }
    let shrink = |x: u32| ((u64::from(x) * u64::from(side) + u64::from(long) / 2) / u64::from(long)).max(1);
    // both are at most `side`, which is a u32
    (u32::try_from(shrink(width)).unwrap_or(side), u32::try_from(shrink(height)).unwrap_or(side))
}

/// Shrinks to a long side of at most `side` (Lanczos3); smaller pictures pass unchanged.
pub(crate) fn shrink(rgb: RgbImage, side: u32) -> Result<RgbImage, Reason> {
    let (width, height) = rgb.dimensions();
    let (w, h) = fitted(width, height, side);
    if (w, h) == (width, height) {
        return Ok(rgb);
    }
    let pixels = resized(rgb.as_raw(), (width, height), (w, h), PixelType::U8x3)?;
    RgbImage::from_raw(w, h, pixels)
        .ok_or_else(|| refusal::corrupt("picture", "the scaled picture has the wrong size"))
}

/// Resizes interleaved 8-bit samples.
pub(super) fn resized(
    from: &[u8],
    (width, height): (u32, u32),
    (w, h): (u32, u32),
    kind: PixelType,
) -> Result<Vec<u8>, Reason> {
    let fail = |error: String| refusal::corrupt("picture", &error);
    let source = ImageRef::new(width, height, from, kind).map_err(|e| fail(e.to_string()))?;
    let mut target = Image::new(w, h, kind);
    let options =
        ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::Lanczos3)).use_alpha(false);
    Resizer::new().resize(&source, &mut target, &options).map_err(|e| fail(e.to_string()))?;
    Ok(target.into_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fits_without_enlarging() {
        assert_eq!(fitted(4000, 3000, 2000), (2000, 1500));
        assert_eq!(fitted(3000, 4000, 2000), (1500, 2000));
        assert_eq!(fitted(100, 50, 2000), (100, 50));
        assert_eq!(fitted(30_000, 1, 2000), (2000, 1));
    }

    #[test]
    fn shrinks_and_keeps_colour() {
        let red = RgbImage::from_pixel(400, 100, image::Rgb([200, 10, 20]));
        let small = shrink(red, 100).unwrap();
        assert_eq!(small.dimensions(), (100, 25));
        assert_eq!(small.get_pixel(50, 12), &image::Rgb([200, 10, 20]));
    }
}
