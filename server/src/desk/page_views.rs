//! A document's pages as the desk shows them: the picture, the fields marked on it, and the documents proposed to be
//! made of it.

use acuse_pipeline::{
    fields::{Field, FieldName, PageBox},
    part::Part,
    reading::SeenWord,
};
use acuse_storage::{Document, documents::StoredPage};

use super::labels;
use crate::content;

/// Below this a field is marked for a second look.
pub const UNSURE: f32 = 0.9;

/// One page.
pub struct Sheet {
    /// One-based.
    pub number: usize,
    /// Where its picture is.
    pub href: String,
    /// Where it is to be seen as it came, where that shows more.
    pub received: Option<String>,
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// The fields on it.
    pub boxes: Vec<Mark>,
    /// The documents proposed on it.
    pub proposed: Vec<Place>,
    /// The one document proposed that it belongs to; empty where there is none.
    pub proposed_in: String,
}

/// A field's rectangle, in pixels of its page.
pub struct Mark {
    /// Which.
    pub field: FieldName,
    /// Its name and value.
    pub label: String,
    /// `low` when it is unsure.
    pub tone: &'static str,
    /// Where.
    pub at: Rect,
}

/// A proposed document's place, with its number.
pub struct Place {
    /// One-based.
    pub number: usize,
    /// Where.
    pub at: Rect,
    /// Where its number is written, and how large.
    pub x: u32,
    /// See `x`.
    pub y: u32,
    /// See `x`.
    pub size: u32,
}

/// Pixels of a page.
pub struct Rect {
    /// Left.
    pub x: u32,
    /// Top.
    pub y: u32,
    /// At least one.
    pub width: u32,
    /// At least one.
    pub height: u32,
}

/// A field's line, cut out of its page.
pub struct Strip {
    /// The page's picture.
    pub href: String,
    /// Pixels of the page.
    pub width: u32,
    /// Pixels of the page.
    pub height: u32,
    /// What is cut out.
    pub at: Rect,
    /// What in it was hard to read: characters, or a word of which no more is known.
    pub doubtful: Vec<Rect>,
}

/// Room around a strip, as a share of the page's longer side.
const STRIP_ROOM: f32 = 0.012;

/// The line of a field that was read from a page, with what was hard to read in it.
#[must_use]
pub fn strip(document: &Document, field: &Field, seen: &[SeenWord]) -> Option<Strip> {
    let number = field.page.unwrap_or(1);
    let page = document.pages.get(number.checked_sub(1)? as usize)?;
    let [x0, y0, x1, y1] = field.bbox?;
    let within = |word: &&SeenWord| {
        let [a, b, c, d] = word.bbox;
        let (x, y) = ((a + c) / 2.0, (b + d) / 2.0);
        word.page == number && (x0..=x1).contains(&x) && (y0..=y1).contains(&y)
    };
    let doubtful = seen.iter().filter(within).flat_map(hard_to_read);
    let href = format!("/pictures/{}?variant=normalized&page={number}", document.id);
    let at = rect([x0, y0, x1, y1], page, STRIP_ROOM);
    let doubtful = doubtful.map(|place| rect(place, page, 0.0)).collect();
    Some(Strip { href, width: page.width, height: page.height, at, doubtful })
}

/// The characters of a word that were hard to read; all of it where it was, and which of them is not known.
fn hard_to_read(word: &SeenWord) -> Vec<PageBox> {
    let [x0, y0, x1, y1] = word.bbox;
    let at = |share: f32| x0 + share * (x1 - x0);
    if word.doubtful.is_empty() && word.confidence < UNSURE {
        return vec![word.bbox];
    }
    word.doubtful.iter().map(|[from, to]| [at(*from), y0, at(*to), y1]).collect()
}

/// The pages of a document, with what is `proposed` to be made of it.
#[must_use]
pub fn sheets(document: &Document, proposed: &[Part]) -> Vec<Sheet> {
    (1..).zip(&document.pages).map(|(number, page)| sheet(document, proposed, number, page)).collect()
}

fn sheet(document: &Document, proposed: &[Part], number: usize, page: &StoredPage) -> Sheet {
    let on_page = |f: &&Field| f.page.map_or(1, |p| p as usize) == number;
    let marks = document.fields.iter().filter(|(_, f)| on_page(f));
    let here = || (1..).zip(proposed).filter(|(_, part)| holds(part, number));
    let places = here().filter_map(|(n, part)| Some(place(n, part.bbox()?, page)));
    let whole = here().find(|(_, part)| part.bbox().is_none());
    Sheet {
        number,
        href: format!("/pictures/{}?variant=normalized&page={number}", document.id),
        received: received(document, number, page),
        width: page.width,
        height: page.height,
        boxes: marks.filter_map(|(name, f)| mark(*name, f, page)).collect(),
        proposed: places.collect(),
        proposed_in: whole.map(|(n, _)| n.to_string()).unwrap_or_default(),
    }
}

/// Where a page is to be seen as it came, which is not as it is shown: it was cut out of a picture, or lies in one, or it was
/// turned or set level. What else was sent is shown by the page itself. Of what was read before
/// pages said so, a note tells of a cut.
fn received(document: &Document, number: usize, page: &StoredPage) -> Option<String> {
    let at = format!("/pictures/{}/received", document.id);
    if content::picture(document).is_none() {
        return page.received.as_ref().map(|_| format!("{at}?page={number}"));
    }
    let is_cut_out = document.part.is_some_and(|part| part.bbox().is_some());
    (is_cut_out || !document.is_shown_as_it_came(number)).then_some(at)
}

fn holds(part: &Part, page: usize) -> bool {
    u32::try_from(page).is_ok_and(|page| part.range().contains(&page))
}

/// A field's rectangle, with a little room around the text.
fn mark(name: FieldName, field: &Field, page: &StoredPage) -> Option<Mark> {
    Some(Mark {
        field: name,
        label: format!("{}: {}", labels::label(name.as_str()), field.value),
        tone: if field.confidence < UNSURE { "low" } else { "" },
        at: rect(field.bbox?, page, 0.003),
    })
}

fn place(number: usize, bbox: PageBox, page: &StoredPage) -> Place {
    let at = rect(bbox, page, 0.0);
    let size = (page.width.min(page.height) / 12).max(12);
    Place { number, x: at.x + size / 2, y: at.y + size, size, at }
}

/// A box in pixels, with `room` around it as a share of the longer side.
fn rect(bbox: PageBox, page: &StoredPage, room: f32) -> Rect {
    let [x0, y0, x1, y1] = bbox.map(|v| v.clamp(0.0, 1.0));
    let (w, h) = (page.width as f32, page.height as f32);
    let room = room * w.max(h);
    let (x, y) = ((x0 * w - room).max(0.0), (y0 * h - room).max(0.0));
    Rect {
        x: x as u32,
        y: y as u32,
        width: (x1 * w + room - x).max(1.0) as u32,
        height: (y1 * h + room - y).max(1.0) as u32,
    }
}
