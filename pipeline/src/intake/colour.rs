//! From a picture's own colours to sRGB.

use image::RgbImage;
use moxcms::{ColorProfile, DataColorSpace, Layout, TransformOptions};

/// A camera's profile is at most a few kilobytes; printers' reach a megabyte.
const PROFILE_BYTES: usize = 4 << 20;

/// Converts by the picture's ICC profile. Without one, or with one that is broken or not for RGB (the decoder
/// has already turned CMYK and grey into RGB), the pixels are taken to be sRGB.
pub(super) fn to_srgb(mut rgb: RgbImage, profile: Option<&[u8]>) -> RgbImage {
    let Some(icc) = profile.filter(|icc| icc.len() <= PROFILE_BYTES) else { return rgb };
    let Ok(from) = ColorProfile::new_from_slice(icc) else { return rgb };
    if from.color_space != DataColorSpace::Rgb {
        return rgb;
    }
    let options = TransformOptions::default();
    let Ok(transform) =
        from.create_transform_8bit(Layout::Rgb, &ColorProfile::new_srgb(), Layout::Rgb, options)
    else {
        return rgb;
    };
    let mut converted = vec![0; rgb.as_raw().len()];
    if transform.transform(rgb.as_raw(), &mut converted).is_ok() {
        rgb.as_flat_samples_mut().as_mut_slice().copy_from_slice(&converted);
    }
    rgb
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wide_gamut_becomes_srgb() {
        let p3 = ColorProfile::new_display_p3().encode().unwrap();
        let green = RgbImage::from_pixel(2, 2, image::Rgb([120, 200, 120]));
        let [r, g, b] = to_srgb(green.clone(), Some(&p3)).get_pixel(0, 0).0;
        assert!(r < 110 && g >= 200 && b < 120, "P3 green is a stronger sRGB green, got {r} {g} {b}");
        assert_eq!(to_srgb(green.clone(), Some(b"broken")), green);
        assert_eq!(to_srgb(green.clone(), None), green);
    }
}
