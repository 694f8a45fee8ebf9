//! HEIC and HEIF: the photos iPhones send as files.
//!
//! [`container`] reads the boxes (ISO/IEC 23008-12) into the primary picture's coded parts and how they are put
//! together; [`decode`] turns those into pixels, tile by tile, and sets them upright.

mod container;
mod decode;

use crate::{
    intake::{Opened, colour, guard, refusal, scale},
    limits::Limits,
    reading::PagePixels,
    reason::Reason,
};

/// Opens the primary picture.
pub(super) fn open(bytes: &[u8], limits: &Limits) -> Result<Opened, Reason> {
    guard::caught("HEIC", || {
        let recipe = container::read(bytes)?;
        let tiles = recipe.tiles.len() as u64;
        if tiles > limits.frames.into() {
            return Err(refusal::too_large("tiles", "frames", limits.frames.into(), tiles));
        }
        let canvas = decode::picture(&recipe, limits)?;
        let small = scale::shrink(canvas, limits.page_side_px)?;
        let rgb = decode::upright(colour::to_srgb(small, recipe.icc), &recipe.turns);
        Ok(Opened { page_count: 1, pages: vec![PagePixels { number: 1, rgb }], ..Opened::default() })
    })
}
