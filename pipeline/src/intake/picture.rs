//! JPEG, PNG, WebP and GIF: decoded under limits, shrunk, then set upright.

use std::io::Cursor;

use image::{
    AnimationDecoder, DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, RgbImage,
    codecs::{gif::GifDecoder, png::PngDecoder, webp::WebPDecoder},
    error::LimitErrorKind,
    metadata::Orientation,
};

use crate::{
    intake::{Format, Opened, colour, guard, polyglot, refusal, scale},
    limits::Limits,
    reading::PagePixels,
    reason::{Reason, ReasonCode},
};

/// Opens a picture of one frame; of an animated one, the first.
pub(super) fn open(format: Format, bytes: &[u8], limits: &Limits) -> Result<Opened, Reason> {
    let name = format.name();
    let Some(codec) = codec(format) else { return Err(refusal::unsupported(name)) };
    guard::caught(name, || {
        let mut opened = Opened { page_count: 1, ..Opened::default() };
        let rgb = match pixels(name, codec, bytes, limits) {
            Err(reason) if format == Format::Png && reason.code == ReasonCode::Corrupt => {
                let mended = checksums_mended(bytes).ok_or(reason)?;
                opened
                    .notes
                    .push("Its checksums are wrong; the picture could be decoded all the same.".to_owned());
                pixels(name, codec, &mended, limits)?
            }
            other => other?,
        };
        opened.pages.push(PagePixels { number: 1, rgb });
        if animated(format, bytes) {
            opened.notes.push(format!("An animated {name}: only its first frame is read."));
        }
        if format == Format::Jpeg && polyglot::end_of(format, bytes).is_none() {
            opened.reasons.push(cut_short(name));
        }
        Ok(opened)
    })
}

/// One frame as upright sRGB, long side at most `limits.page_side_px`.
pub(super) fn pixels(
    name: &str,
    codec: ImageFormat,
    bytes: &[u8],
    limits: &Limits,
) -> Result<RgbImage, Reason> {
    let fail = |error: ImageError| refused(name, &error, limits);
    let mut decoder = ImageReader::with_format(Cursor::new(bytes), codec).into_decoder().map_err(fail)?;
    let (width, height) = decoder.dimensions();
    check_canvas(width, height, limits)?;
    decoder.set_limits(decoder_limits(limits)).map_err(fail)?;
    // A broken EXIF or colour profile is no reason to refuse the picture.
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let profile = decoder.icc_profile().ok().flatten();
    let decoded = DynamicImage::from_decoder(decoder).map_err(fail)?;
    let small = scale::shrink(flattened(decoded), limits.page_side_px)?;
    Ok(upright(colour::to_srgb(small, profile.as_deref()), orientation))
}

/// Refuses a canvas over the limits before a pixel is decoded. The long side and the area are bombs alike: no
/// camera makes them, and the file that claims them is small.
pub(super) fn check_canvas(width: u32, height: u32, limits: &Limits) -> Result<(), Reason> {
    let pixels = u64::from(width) * u64::from(height);
    if pixels > limits.image_pixels {
        return Err(refusal::bomb("pixels", "image_pixels", limits.image_pixels, pixels)
            .with("canvas", format!("{width}x{height}")));
    }
    let side = width.max(height);
    if side > limits.image_side_px {
        return Err(refusal::bomb(
            "pixels on the long side",
            "image_side_px",
            limits.image_side_px.into(),
            side.into(),
        ));
    }
    Ok(())
}

/// A JPEG without its end: what could be decoded is shown, a person decides whether it is enough.
fn cut_short(name: &str) -> Reason {
    Reason::new(ReasonCode::Corrupt, format!("The {name} is cut short: part of the picture may be missing."))
        .with("detected", name)
}

/// A copy of a PNG with every chunk's CRC made right; `None` if none was wrong or a chunk is cut short.
///
/// A wrong checksum over sound pixels is a bad copy or an odd writer, and people's viewers show it. Damage to the
/// pixels themselves still fails in the decoder.
fn checksums_mended(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut copy = bytes.to_vec();
    let mut at = 8;
    while let Some(length) = copy.get(at..at + 4) {
        let length = u32::from_be_bytes(length.try_into().ok()?) as usize;
        let end = at.checked_add(8)?.checked_add(length)?;
        let mut crc = flate2::Crc::new();
        crc.update(copy.get(at + 4..end)?);
        copy.get_mut(end..end + 4)?.copy_from_slice(&crc.sum().to_be_bytes());
        at = end + 4;
    }
    (copy != bytes).then_some(copy)
}

fn codec(format: Format) -> Option<ImageFormat> {
    match format {
        Format::Jpeg => Some(ImageFormat::Jpeg),
        Format::Png => Some(ImageFormat::Png),
        Format::Webp => Some(ImageFormat::WebP),
        Format::Gif => Some(ImageFormat::Gif),
        _ => None,
    }
}

/// Half of the child's memory may go into one decode; the rest is for scaling and reading.
fn decoder_limits(limits: &Limits) -> image::Limits {
    let mut caps = image::Limits::no_limits();
    caps.max_image_width = Some(limits.image_side_px);
    caps.max_image_height = Some(limits.image_side_px);
    caps.max_alloc = Some(limits.memory_bytes / 2);
    caps
}

/// Sorts a decoder's error: a broken limit, something it cannot do, or damage.
fn refused(name: &str, error: &ImageError, limits: &Limits) -> Reason {
    match error {
        ImageError::Limits(limit) => match limit.kind() {
            LimitErrorKind::InsufficientMemory => refusal::bomb(
                "bytes of memory or more (half of the limit)",
                "memory_bytes",
                limits.memory_bytes / 2,
                limits.memory_bytes / 2,
            ),
            _ => refusal::bomb(
                "pixels on the long side or more",
                "image_side_px",
                limits.image_side_px.into(),
                limits.image_side_px.into(),
            ),
        },
        ImageError::Unsupported(what) => refusal::unsupported(&format!("{name} ({what})")),
        other => refusal::corrupt(name, &other.to_string()),
    }
}

/// Eight-bit RGB; what is transparent shows white, as paper would.
fn flattened(decoded: DynamicImage) -> RgbImage {
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
