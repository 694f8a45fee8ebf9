//! JPEG, PNG, WebP and GIF: decoded under limits, shrunk, then set upright.

use std::io::Cursor;

use image::{
    AnimationDecoder, DynamicImage, ImageDecoder, ImageError, ImageReader, RgbImage,
    codecs::{gif::GifDecoder, png::PngDecoder, webp::WebPDecoder},
    error::LimitErrorKind,
    metadata::Orientation,
};

use crate::{
    intake::{Format, Opened, guard, refusal, scale},
    limits::Limits,
    reading::PagePixels,
    reason::Reason,
};

/// Opens a picture of one frame; of an animated one, the first.
pub(super) fn open(format: Format, bytes: &[u8], limits: &Limits) -> Result<Opened, Reason> {
    let name = format.name();
    guard::caught(name, || {
        let mut notes = Vec::new();
        if animated(format, bytes) {
            notes.push(format!("An animated {name}: only its first frame is read."));
        }
        let (decoded, orientation) = decode(format, bytes, limits)?;
        let rgb = upright(scale::shrink(flattened(decoded), limits.page_side_px)?, orientation);
        Ok(Opened { page_count: 1, pages: vec![PagePixels { number: 1, rgb }], notes, ..Opened::default() })
    })
}

/// Refuses a canvas over the limits before a pixel is decoded. The long side and the area are bombs alike: no
/// camera makes them, and the file that claims them is small.
pub(super) fn check_canvas(width: u32, height: u32, limits: &Limits) -> Result<(), Reason> {
    let pixels = u64::from(width) * u64::from(height);
    if pixels > limits.image_pixels {
        return Err(refusal::bomb("pixels", limits.image_pixels, pixels));
    }
    let side = width.max(height);
    if side > limits.image_side_px {
        return Err(refusal::bomb("pixels on the long side", limits.image_side_px.into(), side.into()));
    }
    Ok(())
}

fn decode(format: Format, bytes: &[u8], limits: &Limits) -> Result<(DynamicImage, Orientation), Reason> {
    let name = format.name();
    let fail = |error: ImageError| refused(name, &error, limits);
    let Some(codec) = format.codec() else { return Err(refusal::unsupported(name)) };
    let mut decoder = ImageReader::with_format(Cursor::new(bytes), codec).into_decoder().map_err(fail)?;
    let (width, height) = decoder.dimensions();
    check_canvas(width, height, limits)?;
    decoder.set_limits(decoder_limits(limits)).map_err(fail)?;
    // A broken EXIF block is no reason to refuse the picture.
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let decoded = DynamicImage::from_decoder(decoder).map_err(fail)?;
    Ok((decoded, orientation))
}

/// Half of the child's memory may go into one decode; the rest is for scaling and reading.
pub(super) fn decoder_limits(limits: &Limits) -> image::Limits {
    let mut caps = image::Limits::no_limits();
    caps.max_image_width = Some(limits.image_side_px);
    caps.max_image_height = Some(limits.image_side_px);
    caps.max_alloc = Some(limits.memory_bytes / 2);
    caps
}

/// Sorts a decoder's error: a broken limit, something it cannot do, or damage.
pub(super) fn refused(name: &str, error: &ImageError, limits: &Limits) -> Reason {
    match error {
        ImageError::Limits(limit) => match limit.kind() {
            LimitErrorKind::InsufficientMemory => {
                refusal::bomb("bytes of memory or more", limits.memory_bytes / 2, limits.memory_bytes / 2)
            }
            _ => refusal::bomb(
                "pixels on the long side or more",
                limits.image_side_px.into(),
                limits.image_side_px.into(),
            ),
        },
        ImageError::Unsupported(what) => refusal::unsupported(&format!("{name} ({what})")),
        other => refusal::corrupt(name, &other.to_string()),
    }
}

/// Eight-bit RGB; what is transparent shows white, as paper would.
pub(super) fn flattened(decoded: DynamicImage) -> RgbImage {
    match decoded {
        DynamicImage::ImageRgb8(rgb) => rgb,
        opaque if !opaque.color().has_alpha() => opaque.into_rgb8(),
        see_through => {
            let rgba = see_through.into_rgba8();
            let on_white = |sample: u8, alpha: u8| {
                let (sample, alpha) = (u32::from(sample), u32::from(alpha));
                ((sample * alpha + 255 * (255 - alpha) + 127) / 255) as u8
            };
            let mut rgb = RgbImage::new(rgba.width(), rgba.height());
            for (to, from) in rgb.pixels_mut().zip(rgba.pixels()) {
                let [r, g, b, a] = from.0;
                to.0 = [on_white(r, a), on_white(g, a), on_white(b, a)];
            }
            rgb
        }
    }
}

fn upright(rgb: RgbImage, orientation: Orientation) -> RgbImage {
    let mut turned = DynamicImage::ImageRgb8(rgb);
    turned.apply_orientation(orientation);
    turned.into_rgb8()
}

fn animated(format: Format, bytes: &[u8]) -> bool {
    let from = Cursor::new(bytes);
    match format {
        Format::Png => PngDecoder::new(from).and_then(|d| d.is_apng()).unwrap_or(false),
        Format::Webp => WebPDecoder::new(from).is_ok_and(|d| d.has_animation()),
        Format::Gif => {
            GifDecoder::new(from).is_ok_and(|d| d.into_frames().take(2).filter(Result::is_ok).count() > 1)
        }
        _ => false,
    }
}
