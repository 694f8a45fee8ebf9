//! The first page with a rectangle around every field that was read, as PNG.

use std::path::Path;

use acuse_pipeline::reading::Reading;
use anyhow::Context;
use image::{Rgb, RgbImage};

const SURE: Rgb<u8> = Rgb([15, 123, 108]);
const UNSURE: Rgb<u8> = Rgb([200, 130, 10]);

/// Draws and writes the picture.
pub fn draw(reading: &Reading, out: &Path) -> anyhow::Result<()> {
    let first = reading.pages.first().context("it was not opened, so there is no picture of it")?;
    let mut page = image::load_from_memory_with_format(&first.jpeg, image::ImageFormat::Jpeg)?.to_rgb8();
    for field in reading.fields.values().filter(|f| f.page.is_none_or(|p| p == 1)) {
        if let Some(bbox) = field.bbox {
            frame(&mut page, bbox, if field.confidence < 0.9 { UNSURE } else { SURE });
        }
    }
    page.save_with_format(out, image::ImageFormat::Png)?;
    Ok(())
}

/// A frame three pixels thick.
fn frame(page: &mut RgbImage, bbox: [f32; 4], colour: Rgb<u8>) {
    let (width, height) = page.dimensions();
    let place =
        |share: f32, side: u32| ((share.clamp(0.0, 1.0) * side as f32) as u32).min(side.saturating_sub(1));
    let (x0, y0) = (place(bbox[0], width), place(bbox[1], height));
    let (x1, y1) = (place(bbox[2], width), place(bbox[3], height));
    for thick in 0..3 {
        let (left, top) = (x0.saturating_sub(thick), y0.saturating_sub(thick));
        let (right, bottom) = ((x1 + thick).min(width - 1), (y1 + thick).min(height - 1));
        for x in left..=right {
            page.put_pixel(x, top, colour);
            page.put_pixel(x, bottom, colour);
        }
        for y in top..=bottom {
            page.put_pixel(left, y, colour);
            page.put_pixel(right, y, colour);
        }
    }
}
