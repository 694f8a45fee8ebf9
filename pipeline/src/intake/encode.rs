//! The stored copies of a page: a JPEG and a thumbnail, drawn from pixels alone.
//!
//! Nothing of the original's metadata (EXIF, GPS, XMP, ICC, comments) can survive, because none of it is ever
//! handed to the encoder.

use image::{RgbImage, imageops};
use jpeg_encoder::{ColorType, Encoder};

use crate::{
    intake::{refusal, scale},
    reading::PagePicture,
    reason::Reason,
};

/// Quality of stored pages: text stays crisp, a 2,000 px page is about half a megabyte.
const PAGE_QUALITY: u8 = 85;
/// Quality of thumbnails, which nobody reads text from.
const THUMBNAIL_QUALITY: u8 = 75;

/// Encodes a page for storage.
///
/// # Errors
/// When the picture has no pixels or a side beyond JPEG's 65,535.
pub fn page(rgb: &RgbImage) -> Result<PagePicture, Reason> {
    Ok(PagePicture {
        width: rgb.width(),
        height: rgb.height(),
        changed: false,
        jpeg: jpeg(rgb, PAGE_QUALITY)?,
        received: Vec::new(),
    })
}

/// Encodes a small picture of a page with long side at most `side_px`.
///
/// # Errors
/// As [`page`].
pub fn thumbnail(rgb: &RgbImage, side_px: u32) -> Result<Vec<u8>, Reason> {
    let (w, h) = scale::fitted(rgb.width(), rgb.height(), side_px);
    let small = scale::resized(rgb.as_raw(), rgb.dimensions(), (w, h), fast_image_resize::PixelType::U8x3)?;
    let small = RgbImage::from_raw(w, h, small)
        .ok_or_else(|| refusal::corrupt("picture", "the thumbnail has the wrong size"))?;
    jpeg(&small, THUMBNAIL_QUALITY)
}

/// Turns a page by quarter turns clockwise (taken modulo four).
#[must_use]
pub fn rotated(rgb: RgbImage, quarter_turns: u8) -> RgbImage {
    match quarter_turns % 4 {
        1 => imageops::rotate90(&rgb),
        2 => imageops::rotate180(&rgb),
        3 => imageops::rotate270(&rgb),
        _ => rgb,
    }
}

fn jpeg(rgb: &RgbImage, quality: u8) -> Result<Vec<u8>, Reason> {
    let fail = |error: String| refusal::corrupt("picture", &error);
    let side = |px: u32| u16::try_from(px).map_err(|e| fail(e.to_string()));
    let mut out = Vec::new();
    Encoder::new(&mut out, quality)
        .encode(rgb.as_raw(), side(rgb.width())?, side(rgb.height())?, ColorType::Rgb)
        .map_err(|e| fail(e.to_string()))?;
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_survives_the_round_trip() {
        let rgb =
            RgbImage::from_fn(64, 32, |x, _| if x < 32 { image::Rgb([250; 3]) } else { image::Rgb([5; 3]) });
        let stored = page(&rgb).unwrap();
        assert_eq!((stored.width, stored.height), (64, 32));
        let back = image::load_from_memory(&stored.jpeg).unwrap().to_rgb8();
        assert!(back.get_pixel(8, 8)[0] > 240 && back.get_pixel(56, 8)[0] < 15);
    }

    #[test]
    fn a_thumbnail_is_small() {
        let jpeg = thumbnail(&RgbImage::new(640, 1280), 320).unwrap();
        let back = image::load_from_memory(&jpeg).unwrap();
        assert_eq!((back.width(), back.height()), (160, 320));
    }

    #[test]
    fn four_quarter_turns_change_nothing() {
        let rgb = RgbImage::from_fn(3, 2, |x, y| image::Rgb([u8::try_from(x * 10 + y).unwrap(), 0, 0]));
        assert_eq!(rotated(rgb.clone(), 1).dimensions(), (2, 3));
        assert_eq!(rotated(rgb.clone(), 1).get_pixel(1, 0), rgb.get_pixel(0, 0));
        let mut turned = rgb.clone();
        for _ in 0..4 {
            turned = rotated(turned, 1);
        }
        assert_eq!(turned, rgb);
    }

    #[test]
    fn no_pixels_is_an_error_not_a_panic() {
        assert!(page(&RgbImage::new(0, 0)).is_err());
        assert!(thumbnail(&RgbImage::new(0, 0), 320).is_err());
    }
}
