//! JPEG, PNG, WebP, GIF and BMP: decoded under limits, shrunk, then set upright.

use std::io::Cursor;

use image::{
    AnimationDecoder, DynamicImage, ImageBuffer, ImageDecoder, ImageError, ImageFormat, ImageReader,
    RgbImage,
    codecs::{gif::GifDecoder, png::PngDecoder, webp::WebPDecoder},
    error::LimitErrorKind,
    metadata::Orientation,
};

use crate::{
    intake::{Format, Opened, colour, guard, mend, polyglot, refusal, scale},
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
            Err(reason) if reason.code == ReasonCode::Corrupt => {
                salvaged(format, codec, bytes, limits, &mut opened).ok_or(reason)?
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

/// A picture without its end, or with a hole: what could be decoded is shown, a person decides whether it is enough.
pub(super) fn cut_short(name: &str) -> Reason {
    let message = format!("The {name} is cut short or damaged: part of the picture may be missing.");
    Reason::new(ReasonCode::Corrupt, message).with("detected", name)
}

/// What can still be shown of a damaged picture, with a note or a reason in `opened`; `None` if nothing can.
fn salvaged(
    format: Format,
    codec: ImageFormat,
    bytes: &[u8],
    limits: &Limits,
    opened: &mut Opened,
) -> Option<RgbImage> {
    let name = format.name();
    let mended = match format {
        Format::Jpeg => mend::jpeg(bytes)?,
        Format::Png => mend::png(bytes).unwrap_or_else(|| bytes.to_vec()),
        _ => return None,
    };
    let note = || format!("The {name}'s frame is damaged; the picture could be decoded all the same.");
    if let Ok(rgb) = pixels(name, codec, &mended, limits) {
        if format == Format::Png && !mend::png_pixels_are_whole(&mended, limits.stream_bytes) {
            // Its own checksum of the pixels fails as well: what is seen may not be what was sent.
            opened.reasons.push(cut_short(name));
        } else {
            opened.notes.push(note());
        }
        return Some(rgb);
    }
    if format != Format::Png {
        return None;
    }
    // Chunks that stand twice or out of order: of each the first, in their order.
    let bare = mend::png_bare(bytes).unwrap_or_else(|| mended.clone());
    if let Ok(rgb) = pixels(name, codec, &bare, limits) {
        opened.reasons.push(disordered(name));
        return Some(rgb);
    }
    let rgb = first_rows(&mended, limits).or_else(|| first_rows(&bare, limits))?;
    opened.reasons.push(cut_short(name));
    Some(rgb)
}

/// A picture whose parts stand twice or in the wrong order: readers may show it each in its own way.
fn disordered(name: &str) -> Reason {
    let message = format!(
        "The {name} is damaged: its parts stand twice or out of order. It is shown as far as it can be."
    );
    Reason::new(ReasonCode::Corrupt, message).with("detected", name)
}

/// The rows of a PNG up to the damage, the rest white; `None` if there are none.
fn first_rows(bytes: &[u8], limits: &Limits) -> Option<RgbImage> {
    let mut decoder = PngDecoder::new(Cursor::new(bytes)).ok()?;
    let (width, height) = decoder.dimensions();
    check_canvas(width, height, limits).ok()?;
    let size = decoder.total_bytes();
    if size > limits.memory_bytes / 2 {
        return None;
    }
    decoder.set_limits(decoder_limits(limits)).ok()?;
    let color = decoder.color_type();
    let mut samples = vec![0xff; usize::try_from(size).ok()?];
    // Rows are written as they are decoded, so that those before the error are there.
    decoder.read_image(&mut samples).err()?;
    if color.bytes_per_pixel() > color.channel_count() {
        // 16 bits a sample, still as in the file: the high byte comes first.
        samples = samples.into_iter().step_by(2).collect();
    }
    if samples.iter().all(|&sample| sample == 0xff) {
        return None;
    }
    let decoded = match color.channel_count() {
        1 => DynamicImage::ImageLuma8(ImageBuffer::from_raw(width, height, samples)?),
        2 => DynamicImage::ImageLumaA8(ImageBuffer::from_raw(width, height, samples)?),
        3 => DynamicImage::ImageRgb8(ImageBuffer::from_raw(width, height, samples)?),
        _ => DynamicImage::ImageRgba8(ImageBuffer::from_raw(width, height, samples)?),
    };
    scale::shrink(flattened(decoded), limits.page_side_px).ok()
}

fn codec(format: Format) -> Option<ImageFormat> {
    match format {
        Format::Jpeg => Some(ImageFormat::Jpeg),
        Format::Png => Some(ImageFormat::Png),
        Format::Webp => Some(ImageFormat::WebP),
        Format::Gif => Some(ImageFormat::Gif),
        Format::Bmp => Some(ImageFormat::Bmp),
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
