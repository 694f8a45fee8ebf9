//! A part of a file that holds several documents: one of them.
//!
//! A file sent with three receipts in it becomes three documents. Each is read by itself, from its own pages or its own
//! place on a page; the file itself stays whole, as it was sent.

use serde::{Deserialize, Serialize};

use crate::{
    fields::PageBox,
    reading::{Normalized, PagePixels},
};

/// Parts that one file may be split into. More is a folder, not a file.
pub const MAX_PARTS: usize = 50;
/// Least width and height of a place on a page, as a share of the page.
const LEAST_SIDE: f32 = 0.02;

/// Pages of a file, or a place on one of its pages, that are one document.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Said")]
pub struct Part {
    first_page: u32,
    last_page: u32,
    #[serde(rename = "box", skip_serializing_if = "Option::is_none")]
    bbox: Option<PageBox>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    as_it_came: bool,
}

/// A part as someone says it, unchecked.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Said {
    first_page: u32,
    last_page: Option<u32>,
    #[serde(default, rename = "box")]
    bbox: Option<PageBox>,
    #[serde(default)]
    as_it_came: bool,
}

/// Why something is no part, or parts are no split of a file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PartError {
    /// Pages count from one, upwards.
    #[error("a part has a first_page from 1 on, and a last_page that is not before it")]
    Pages,
    /// A place on a page is a box of fractions, on one page.
    #[error("box: four fractions of one upright page, x0 y0 x1 y1, at least 0.02 apart")]
    Box,
    /// Whole pages lie in no picture.
    #[error("as_it_came: only with a box, which is then a place on the picture as it came")]
    AsItCame,
    /// A file is split into more than one part, and not into too many.
    #[error("name from 2 to {MAX_PARTS} parts")]
    Count,
    /// There is no such page.
    #[error("page {page}: the file has {of}")]
    NoSuchPage {
        /// Named.
        page: u32,
        /// Pages that there are.
        of: u32,
    },
    /// A page belongs to no part: it would be lost.
    #[error("page {0} is in no part; every page must be in one")]
    LeftOut(u32),
    /// What is beside the only box of a page would be lost.
    #[error("page {0} has one box; name two or more, or the whole page")]
    Rest(u32),
    /// A page belongs to two parts.
    #[error("page {0} is in more than one part; to split a page, name a box for each")]
    Twice(u32),
}

impl TryFrom<Said> for Part {
    type Error = PartError;

    fn try_from(said: Said) -> Result<Self, PartError> {
        let last = said.last_page.unwrap_or(said.first_page);
        match said.bbox {
            None if said.as_it_came => Err(PartError::AsItCame),
            None => Self::pages(said.first_page, last),
            Some(_) if last != said.first_page => Err(PartError::Box),
            Some(bbox) => Ok(Self { as_it_came: said.as_it_came, ..Self::place(last, bbox)? }),
        }
    }
}

impl Part {
    /// Whole pages, both ends included, counted from one.
    ///
    /// # Errors
    /// When they do not count from one upwards.
    pub fn pages(first_page: u32, last_page: u32) -> Result<Self, PartError> {
        let sound = first_page >= 1 && first_page <= last_page;
        sound.then_some(Self { first_page, last_page, bbox: None, as_it_came: false }).ok_or(PartError::Pages)
    }

    /// A place on one upright page.
    ///
    /// # Errors
    /// When there is no page zero, or the box is none.
    pub fn place(page: u32, bbox: PageBox) -> Result<Self, PartError> {
        let [x0, y0, x1, y1] = bbox;
        let inside = bbox.iter().all(|v| (0.0..=1.0).contains(v));
        if !inside || x1 - x0 < LEAST_SIDE || y1 - y0 < LEAST_SIDE {
            return Err(PartError::Box);
        }
        Ok(Self { bbox: Some(bbox), ..Self::pages(page, page)? })
    }

    /// Its pages in the file, counted from one.
    #[must_use]
    pub fn range(&self) -> std::ops::RangeInclusive<u32> {
        self.first_page..=self.last_page
    }

    /// Its place, where it is less than a page.
    #[must_use]
    pub fn bbox(&self) -> Option<PageBox> {
        self.bbox
    }

    /// Whether its place is one on the picture as it came, and not on the page that the reader set upright, cut out of it and
    /// set level. What the file itself says of how its picture is to be turned is how it came.
    #[must_use]
    pub fn is_as_it_came(&self) -> bool {
        self.as_it_came
    }

    /// This part of `outer`, itself a part of the file, as a part of the file; `None` inside a cut-out, whose picture
    /// may lie turned.
    #[must_use]
    pub fn within(&self, outer: &Self) -> Option<Self> {
        let before = outer.first_page.checked_sub(1)?;
        let (first, last) = (self.first_page.checked_add(before)?, self.last_page.checked_add(before)?);
        (outer.bbox.is_none() && last <= outer.last_page).then_some(Self {
            first_page: first,
            last_page: last,
            ..*self
        })
    }

    /// Whether these parts split what lies on `pages`: each page in one part, or in places of its own.
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn split(parts: &[Self], pages: std::ops::RangeInclusive<u32>) -> Result<(), PartError> {
        if !(2..=MAX_PARTS).contains(&parts.len()) {
            return Err(PartError::Count);
        }
        for part in parts {
            if let Some(page) = [part.first_page, part.last_page].into_iter().find(|p| !pages.contains(p)) {
                return Err(PartError::NoSuchPage { page, of: *pages.end() });
            }
        }
        for page in pages {
            let here: Vec<&Self> = parts.iter().filter(|part| part.range().contains(&page)).collect();
            match here.as_slice() {
                [] => return Err(PartError::LeftOut(page)),
                [one] if one.bbox.is_none() => {}
                [_] => return Err(PartError::Rest(page)),
                several if several.iter().all(|part| part.bbox.is_some()) => {}
                _ => return Err(PartError::Twice(page)),
            }
        }
        Ok(())
    }

    /// Leaves of a file's pages those of this part, counted from one again. What is attached to the file belongs to no
    /// page, so to none of its parts.
    pub(crate) fn keep_pages(&self, normalized: &mut Normalized) {
        let range = self.range();
        normalized.pages.retain(|page| range.contains(&page.number));
        normalized.layers.retain(|layer| range.contains(&layer.number));
        let before = self.first_page - 1;
        normalized.pages.iter_mut().for_each(|page| page.number -= before);
        normalized.layers.iter_mut().for_each(|layer| layer.number -= before);
        if self.bbox.is_some() {
            // A layer knows nothing of the cut.
            normalized.layers.clear();
        }
        // Of a part that names more pages than there are nothing is counted that is not there.
        normalized.page_count = normalized.page_count.min(self.last_page).saturating_sub(before);
        for attachment in normalized.attachments.drain(..) {
            normalized
                .notes
                .push(format!("{}: attached to the whole file, not to this part.", attachment.name));
        }
        normalized.notes.push(self.to_string());
    }

    /// Cuts its place out of its page, which must be upright, or as it came.
    pub(crate) fn cut(&self, page: &mut PagePixels) {
        let Some([x0, y0, x1, y1]) = self.bbox else { return };
        let (width, height) = page.rgb.dimensions();
        let at = |fraction: f32, side: u32| ((fraction * side as f32) as u32).min(side.saturating_sub(1));
        let (left, top) = (at(x0, width), at(y0, height));
        let (right, bottom) = (at(x1, width).max(left), at(y1, height).max(top));
        page.rgb =
            image::imageops::crop_imm(&page.rgb, left, top, right - left + 1, bottom - top + 1).to_image();
    }
}

impl std::fmt::Display for Part {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.bbox, self.first_page, self.last_page) {
            (Some(_), page, _) => write!(f, "Cut out of page {page} of a file of several documents."),
            (None, page, last) if page == last => write!(f, "Page {page} of a file of several documents."),
            (None, page, last) => write!(f, "Pages {page} to {last} of a file of several documents."),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pages(first: u32, last: u32) -> Part {
        Part::pages(first, last).expect("pages")
    }

    fn place(page: u32, bbox: PageBox) -> Part {
        Part::place(page, bbox).expect("a place")
    }

    #[test]
    fn what_is_no_part_is_refused_where_it_is_read() {
        for said in [
            r#"{"first_page":0}"#,
            r#"{"first_page":3,"last_page":2}"#,
            r#"{"first_page":1,"last_page":2,"box":[0.0,0.0,0.5,1.0]}"#,
            r#"{"first_page":1,"box":[0.5,0.0,0.5,1.0]}"#,
            r#"{"first_page":1,"box":[0.0,0.0,1.5,1.0]}"#,
            r#"{"first_page":1,"pages":2}"#,
            r#"{"last_page":1}"#,
            r#"{"first_page":1,"as_it_came":true}"#,
        ] {
            assert!(serde_json::from_str::<Part>(said).is_err(), "{said}");
        }
        let part: Part = serde_json::from_str(r#"{"first_page":2,"box":[0.0,0.0,0.5,1.0]}"#).expect("a part");
        assert_eq!(part, place(2, [0.0, 0.0, 0.5, 1.0]));
        let drawn = r#"{"first_page":1,"last_page":1,"box":[0.0,0.0,0.5,1.0],"as_it_came":true}"#;
        let part: Part = serde_json::from_str(drawn).expect("a part");
        assert!(part.is_as_it_came() && part != place(1, [0.0, 0.0, 0.5, 1.0]));
        assert_eq!(serde_json::to_string(&part).expect("JSON"), drawn);
        let written = serde_json::to_string(&pages(2, 3)).expect("JSON");
        assert_eq!(written, r#"{"first_page":2,"last_page":3}"#);
    }

    #[test]
    fn a_split_leaves_no_page_out_and_gives_none_twice() {
        let halves = [place(3, [0.0, 0.0, 0.5, 1.0]), place(3, [0.5, 0.0, 1.0, 1.0])];
        assert_eq!(Part::split(&[pages(1, 2), halves[0], halves[1]], 1..=3), Ok(()));
        assert_eq!(Part::split(&[pages(1, 3)], 1..=3), Err(PartError::Count));
        assert_eq!(Part::split(&[pages(1, 1), pages(3, 3)], 1..=3), Err(PartError::LeftOut(2)));
        assert_eq!(Part::split(&[pages(1, 2), pages(2, 3)], 1..=3), Err(PartError::Twice(2)));
        assert_eq!(Part::split(&[pages(1, 3), halves[0]], 1..=3), Err(PartError::Twice(3)));
        assert_eq!(Part::split(&[pages(1, 2), halves[0]], 1..=3), Err(PartError::Rest(3)));
        assert_eq!(
            Part::split(&[pages(1, 2), pages(3, 4)], 1..=3),
            Err(PartError::NoSuchPage { page: 4, of: 3 })
        );
    }

    #[test]
    fn a_part_of_a_part_is_a_part_of_the_file() {
        assert_eq!(pages(2, 2).within(&pages(3, 5)), Some(pages(4, 4)));
        assert_eq!(pages(2, 2).within(&pages(3, 3)), None);
        assert_eq!(pages(1, 1).within(&place(3, [0.0, 0.0, 0.5, 1.0])), None);
        assert_eq!(pages(u32::MAX, u32::MAX).within(&pages(3, 5)), None);
    }
}
