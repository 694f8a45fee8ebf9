//! Pages as they came, of files that no browser shows: whoever compares a page with what it was cut out of cannot be shown
//! the original itself, so it is drawn here, where the file is open anyway.

use std::collections::BTreeMap;

use super::{PagePicture, PagePixels};
use crate::{intake, limits::Limits};

/// Keeps a page that is about to be cut, upright as it is by now. A page that is cut once more is kept as it was first.
pub(super) fn keep(received: &mut BTreeMap<u32, Vec<u8>>, media_type: &str, page: &PagePixels) {
    if intake::shown_by_browsers(media_type).is_some() || received.contains_key(&page.number) {
        return;
    }
    // A page that cannot be encoded is told of where it is stored.
    if let Ok(picture) = intake::encode::page(&page.rgb) {
        received.insert(page.number, picture.jpeg);
    }
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
        PagePixels { number, rgb: image::RgbImage::from_pixel(side, side, image::Rgb([120, 92, 70])) }
    }

    #[test]
    fn a_page_is_kept_as_it_came_where_no_browser_shows_the_file() {
        for (media_type, kept) in
            [("image/tiff", 1), ("image/heic", 1), ("application/pdf", 1), ("image/jpeg", 0)]
        {
            let mut received = BTreeMap::new();
            keep(&mut received, media_type, &page(1, 64));
            assert_eq!(received.len(), kept, "{media_type}");
        }
        let mut received = BTreeMap::new();
        keep(&mut received, "image/tiff", &page(1, 64));
        let first = received.clone();
        keep(&mut received, "image/tiff", &page(1, 32));
        assert_eq!(received, first, "before the first cut");
    }

    #[test]
    fn the_pages_themselves_come_first() {
        let of = |jpeg: usize, received: usize| PagePicture {
            width: 1,
            height: 1,
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
