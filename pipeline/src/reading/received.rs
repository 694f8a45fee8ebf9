//! Pages that are not shown as they came: cut out of what they lay in, set upright or level. Whoever compares the two is shown
//! the original where a browser shows it; of other files the page is drawn here, where the file is open anyway.

use std::collections::BTreeMap;

use image::RgbImage;

use super::{PagePicture, PagePixels};
use crate::{
    intake::{self, encode},
    limits::Limits,
    page::Levelled,
    reason::Reason,
};

/// What sets a page apart from what came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// It is cut out of what it lies in, which is kept upright: it is looked at for what lies around the page.
    Cut,
    /// It is set level, or was turned by so many quarter turns clockwise, which are taken back: it is looked at for how it lay.
    Turned(u8),
}

impl Change {
    /// What levelling does to a page that was turned by `quarter_turns` before.
    pub(super) fn of(levelled: &Levelled, quarter_turns: u8) -> Self {
        if levelled.cut_out { Self::Cut } else { Self::Turned(quarter_turns) }
    }

    /// The page before it, as JPEG.
    fn undone(self, rgb: &RgbImage) -> Result<Vec<u8>, Reason> {
        let picture = match self {
            Self::Turned(turns) if turns % 4 != 0 => {
                encode::page(&encode::rotated(rgb.clone(), 4 - turns % 4))?
            }
            Self::Turned(_) | Self::Cut => encode::page(rgb)?,
        };
        Ok(picture.jpeg)
    }
}

/// Remembers that a page is about to be changed, and keeps it as it came where no browser shows the file. A page that is changed
/// once more is kept as it was first.
pub(super) fn keep(
    received: &mut BTreeMap<u32, Vec<u8>>,
    media_type: &str,
    page: &PagePixels,
    change: Change,
) {
    if received.contains_key(&page.number) {
        return;
    }
    let is_shown = intake::shown_by_browsers(media_type).is_some();
    // A page that cannot be encoded is told of where it is stored.
    let jpeg = if is_shown { Vec::new() } else { change.undone(&page.rgb).unwrap_or_default() };
    received.insert(page.number, jpeg);
}

/// Leaves of them what there is room for: the pages themselves come first, and half of an answer is theirs alone.
pub(super) fn fit(pages: &mut [PagePicture], limits: &Limits) {
    let size = |jpeg: &[u8]| jpeg.len() as u64;
    let taken: u64 = pages.iter().map(|page| size(&page.jpeg)).sum();
    let mut room = (limits.answer_bytes / 2).saturating_sub(taken);
    for page in pages {
        let needed = size(&page.received);
        if needed > room.min(limits.page_bytes) {
            page.received = Vec::new();
        } else {
            room -= needed;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(number: u32, side: u32) -> PagePixels {
        PagePixels { number, rgb: RgbImage::from_pixel(side, side, image::Rgb([120, 92, 70])) }
    }

    #[test]
    fn a_page_is_kept_as_it_came_where_no_browser_shows_the_file() {
        for (media_type, kept) in
            [("image/tiff", 1), ("image/heic", 1), ("application/pdf", 1), ("image/jpeg", 0)]
        {
            let mut received = BTreeMap::new();
            keep(&mut received, media_type, &page(1, 64), Change::Cut);
            assert_eq!(received.values().filter(|jpeg| !jpeg.is_empty()).count(), kept, "{media_type}");
            assert_eq!(received.len(), 1, "whoever has the original is told that it shows something else");
        }
        let mut received = BTreeMap::new();
        keep(&mut received, "image/tiff", &page(1, 64), Change::Cut);
        let first = received.clone();
        keep(&mut received, "image/tiff", &page(1, 32), Change::Cut);
        assert_eq!(received, first, "before the first cut");
    }

    #[test]
    fn a_page_that_was_turned_is_kept_as_it_lay() {
        let mut page = page(1, 64);
        page.rgb = RgbImage::from_fn(64, 32, |x, y| image::Rgb([x as u8 * 3, y as u8 * 7, 90]));
        for turns in 0..4_u8 {
            // As the reader turned it.
            let upright = PagePixels { number: 1, rgb: encode::rotated(page.rgb.clone(), turns) };
            let mut received = BTreeMap::new();
            keep(&mut received, "image/tiff", &upright, Change::Turned(turns));
            assert_eq!(received.get(&1), Some(&encode::page(&page.rgb).unwrap().jpeg), "{turns}");
        }
    }

    #[test]
    fn the_pages_themselves_come_first() {
        let of = |jpeg: usize, received: usize| PagePicture {
            width: 1,
            height: 1,
            changed: false,
            jpeg: vec![0; jpeg],
            received: vec![0; received],
        };
        let limits = Limits { answer_bytes: 200, page_bytes: 60, ..Limits::default() };
        let mut pages = [of(10, 20), of(10, 61), of(10, 50), of(10, 10)];
        fit(&mut pages, &limits);
        assert_eq!(pages.map(|page| page.received.len()), [20, 0, 0, 10]);
        let mut long = [of(90, 5), of(90, 5)];
        fit(&mut long, &limits);
        assert_eq!(long.map(|page| page.received.len()), [0, 0]);
    }
}
