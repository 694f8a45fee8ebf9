//! The same photo as the world hands it on: recompressed by WhatsApp, or turned.

use std::io::Cursor;

use image::{
    DynamicImage, ImageDecoder, ImageFormat, ImageReader, RgbImage, codecs::jpeg::JpegEncoder,
    imageops::FilterType,
};

/// What WhatsApp leaves of a photo: long side at most 1,600 px, JPEG quality 70, no EXIF (`whatsapp.md`'s figures).
const WHATSAPP_SIDE_PX: u32 = 1_600;
const WHATSAPP_QUALITY: u8 = 70;
/// High enough that the turn alone is measured.
const TURNED_QUALITY: u8 = 92;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Copy {
    Original,
    Whatsapp,
    Turned(u8),
}

impl Copy {
    pub const ALL: [Self; 5] =
        [Self::Original, Self::Whatsapp, Self::Turned(1), Self::Turned(2), Self::Turned(3)];

    pub fn name(self) -> String {
        match self {
            Self::Original => "original".to_owned(),
            Self::Whatsapp => "whatsapp".to_owned(),
            Self::Turned(quarters) => format!("turned-{}", 90 * u32::from(quarters)),
        }
    }

    /// The copy's bytes; `None` for what is no picture.
    pub fn of(self, bytes: &[u8]) -> Option<Vec<u8>> {
        if self == Self::Original {
            return Some(bytes.to_vec());
        }
        let upright = upright(bytes)?;
        match self {
            Self::Whatsapp => {
                let longest = upright.width().max(upright.height());
                let small = if longest > WHATSAPP_SIDE_PX {
                    upright.resize(WHATSAPP_SIDE_PX, WHATSAPP_SIDE_PX, FilterType::CatmullRom)
                } else {
                    upright
                };
                jpeg(&small.to_rgb8(), WHATSAPP_QUALITY)
            }
            Self::Turned(1) => jpeg(&upright.rotate90().to_rgb8(), TURNED_QUALITY),
            Self::Turned(2) => jpeg(&upright.rotate180().to_rgb8(), TURNED_QUALITY),
            Self::Turned(_) => jpeg(&upright.rotate270().to_rgb8(), TURNED_QUALITY),
            Self::Original => None,
        }
    }
}

fn upright(bytes: &[u8]) -> Option<DynamicImage> {
    let reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format().ok()?;
    if !matches!(reader.format()?, ImageFormat::Jpeg | ImageFormat::Png | ImageFormat::WebP) {
        return None;
    }
    let mut decoder = reader.into_decoder().ok()?;
    let orientation = decoder.orientation().ok()?;
    let mut image = DynamicImage::from_decoder(decoder).ok()?;
    image.apply_orientation(orientation);
    Some(image)
}

fn jpeg(rgb: &RgbImage, quality: u8) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    JpegEncoder::new_with_quality(&mut out, quality).encode_image(rgb).ok()?;
    Some(out)
}
