//! Several documents in one file, at the desk: what the reader proposes, what a reviewer types, and what else came in
//! the file of a part.

use acuse_pipeline::{
    part::Part,
    reason::{Reason, ReasonCode},
};
use acuse_storage::{Document, DocumentId, split::Split};
use serde_json::{Map, Value};

use super::{queue::status_label, session::Person};
use crate::{problem::Problem, state::App};

/// What a reviewer may split a document into.
pub struct Offer {
    /// How many documents are proposed; 0 when none are.
    pub count: usize,
    /// Their pages, as typed; empty when nobody proposes any. On a photo, boxes.
    pub pages: String,
    /// Their places, as the form sends them back; empty where pages are to be typed.
    pub places: String,
    /// Whether documents may be drawn on the picture.
    pub drawable: bool,
    /// Whether they are drawn on it as it came, which is not as its page is shown.
    pub as_it_came: bool,
    /// Whether nothing speaks for several: then it is aside until somebody draws.
    pub aside: bool,
}

impl Offer {
    /// The same with what a person has said in its place; what nobody can read stands there as it was typed.
    #[must_use]
    pub fn or_said(self, text: Option<&str>) -> Self {
        let Some(text) = text.filter(|text| !text.is_empty()) else { return self };
        match said(text) {
            Ok(parts) if text.starts_with('[') => {
                Self { count: parts.len(), places: text.to_owned(), aside: false, ..self }
            }
            Err(_) if text.starts_with('[') => self,
            parts => {
                let count = parts.map_or(0, |parts| parts.len());
                Self { count, pages: text.to_owned(), aside: false, ..self }
            }
        }
    }
}

/// Another document of the same file.
pub struct Sibling {
    /// Its page.
    pub href: String,
    /// Its number in the file.
    pub number: usize,
    /// Where it stands.
    pub status: &'static str,
    /// Whether it is the one that is shown.
    pub is_here: bool,
}

/// What the reader proposes, as far as it can be taken up.
#[must_use]
pub fn proposed(document: &Document) -> Vec<Part> {
    let reason = document.reasons.iter().find(|r| r.code == ReasonCode::MultipleDocuments);
    let listed = reason.and_then(|r| r.detail.get("documents")).and_then(Value::as_array);
    let parts: Option<Vec<Part>> = listed.map(|list| list.iter().map(part).collect()).unwrap_or_default();
    parts.unwrap_or_default()
}

/// Of a proposal what says where it is; it may also say why.
fn part(proposal: &Value) -> Option<Part> {
    let said = proposal.as_object()?;
    let place = ["first_page", "last_page", "box"]
        .iter()
        .filter_map(|key| Some(((*key).to_owned(), said.get(*key)?.clone())));
    serde_json::from_value(Value::Object(place.collect::<Map<_, _>>())).ok()
}

/// What to offer: the pages of a document that has several, and the picture of any to be drawn on where a box on it says
/// something; see [`Split::of_document`].
#[must_use]
pub fn offer(document: &Document, proposed: &[Part]) -> Option<Offer> {
    let whole_pages = document.part.is_none_or(|part| part.bbox().is_none()) && !document.pages.is_empty();
    if !whole_pages {
        return None;
    }
    let says = |reasons: &[Reason]| reasons.iter().any(|r| r.code == ReasonCode::MultipleDocuments);
    let found = says(&document.findings);
    let several = document.page_count.is_some_and(|pages| pages > 1);
    let is_shown = (1..=document.pages.len()).all(|page| document.is_shown_as_it_came(page));
    let as_it_came = !found && !is_shown && document.is_one_picture();
    let placed = proposed.iter().any(|part| part.bbox().is_some());
    let split = || Split::of_document(document, proposed.to_vec()).is_ok();
    let places = serde_json::to_string(proposed).ok().filter(|_| placed && split()).unwrap_or_default();
    let offer = Offer {
        count: proposed.len(),
        pages: if placed { String::new() } else { typed(proposed) },
        places,
        drawable: found || is_shown || as_it_came,
        as_it_came,
        aside: !several && !found && !says(&document.reasons),
    };
    (several || offer.drawable || !offer.places.is_empty()).then_some(offer)
}

/// Whether a text says the parts as they are offered.
#[must_use]
pub fn is_offered(document: &Document, text: &str) -> bool {
    offer(document, &proposed(document)).is_some_and(|offer| text == offer.pages || text == offer.places)
}

/// `1-2, 3`.
fn typed(parts: &[Part]) -> String {
    let range = |part: &Part| match (part.range().start(), part.range().end()) {
        (first, last) if first == last => first.to_string(),
        (first, last) => format!("{first}-{last}"),
    };
    parts.iter().map(range).collect::<Vec<_>>().join(", ")
}

/// What the form says: pages as typed, or the places that it was given.
///
/// # Errors
/// 400 that says how to write them.
pub fn said(text: &str) -> Result<Vec<Part>, Problem> {
    if text.starts_with('[') {
        return serde_json::from_str(text).map_err(|error| Problem::BadRequest(format!("parts: {error}")));
    }
    let range = |range: &str| {
        if let Some((page, place)) = range.split_once('(') {
            return typed_place(page, place);
        }
        let (first, last) = range.split_once(['-', '–']).unwrap_or((range, range));
        Part::pages(first.trim().parse().ok()?, last.trim().parse().ok()?).ok()
    };
    let ranges = text.split([',', ';']).map(str::trim).filter(|range| !range.is_empty());
    let parts: Option<Vec<Part>> = ranges.map(range).collect();
    parts.ok_or_else(|| {
        let form = "parts: write the pages of each document, as 1-2, 3, 4-5; or a page and a box on it in percent, left, \
                    upper, right and lower side, as 1 (0 0 100 50), 1 (0 50 100 100)";
        Problem::BadRequest(form.to_owned())
    })
}

/// `1 (0 0 100 50)`: a box on a page, its left, upper, right and lower side in percent of the page.
fn typed_place(page: &str, place: &str) -> Option<Part> {
    let sides = place.trim().strip_suffix(')')?.split_whitespace();
    let sides: Option<Vec<f32>> =
        sides.map(|side| side.parse::<f32>().ok().map(|side| side / 100.0)).collect();
    Part::place(page.trim().parse().ok()?, sides?.try_into().ok()?).ok()
}

/// The documents that came in the same file, in its order; none where it is the whole file.
///
/// # Errors
/// When the catalog fails.
pub async fn siblings(app: &App, person: &Person, document: &Document) -> Result<Vec<Sibling>, Problem> {
    if document.part.is_none() {
        return Ok(Vec::new());
    }
    let all = app.catalog.of_one_file(document).await?;
    let ids: Vec<DocumentId> = all.iter().map(|d| d.id).collect();
    let seen = app.catalog.seen_of(person.caller.access(), &ids).await?;
    let there = (1..).zip(&all).filter(|(_, other)| seen.contains_key(&other.id));
    Ok(there.map(|(number, other)| sibling(number, other, document.id)).collect())
}

fn sibling(number: usize, other: &Document, here: DocumentId) -> Sibling {
    Sibling {
        href: format!("/documents/{}", other.id),
        number,
        status: status_label(other),
        is_here: other.id == here,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn pages_are_read_as_they_are_written() {
        let parts = said(" 1-2, 3 ; 4 – 5,").unwrap();
        assert_eq!(typed(&parts), "1-2, 3, 4-5");
        assert!(said("").unwrap().is_empty(), "none are refused with what is needed");
        for bad in ["1-", "one", "2-1", "0", "1-2-3", "99999999999"] {
            assert!(said(bad).is_err(), "{bad}");
        }
        let boxes = said("1 (0 0 100 49.5), 1 (0  50 100 100); 2-3").unwrap();
        let sides = [Some([0.0, 0.0, 1.0, 0.495]), Some([0.0, 0.5, 1.0, 1.0]), None];
        assert_eq!(boxes.iter().map(Part::bbox).collect::<Vec<_>>(), sides);
        for bad in
            ["1 (0 0 100)", "1 (0 0 100 x)", "1 (0 0 100 200)", "(0 0 50 50)", "1 (50 0 0 50)", "1 (0 0 9 9"]
        {
            assert!(said(bad).is_err(), "{bad}");
        }
        let places =
            said(r#"[{"first_page":1,"box":[0,0,0.5,1]},{"first_page":1,"box":[0.5,0,1,1]}]"#).unwrap();
        assert_eq!(places.len(), 2);
        assert!(said("[{}]").is_err());
    }

    #[test]
    fn what_somebody_said_stands_in_the_place_of_what_is_proposed() {
        let offer = || Offer {
            count: 2,
            pages: "1, 2".into(),
            places: String::new(),
            drawable: true,
            as_it_came: false,
            aside: true,
        };
        assert_eq!(offer().or_said(None).pages, "1, 2");
        let typed = offer().or_said(Some("1-2, nine"));
        assert_eq!((typed.pages.as_str(), typed.count), ("1-2, nine", 0));
        let drawn = offer().or_said(Some(r#"[{"first_page":1,"box":[0,0,0.5,1]}]"#));
        assert_eq!((drawn.count, drawn.places.is_empty(), drawn.aside), (1, false, false));
    }

    #[test]
    fn a_proposal_may_say_more_than_where() {
        let told = json!({ "first_page": 1, "last_page": 2, "number": "F-17", "why": "its own total" });
        assert_eq!(part(&told), Part::pages(1, 2).ok());
        let told = json!({ "first_page": 1, "last_page": 1, "box": [0.0, 0.0, 0.5, 1.0] });
        assert_eq!(part(&told), Part::place(1, [0.0, 0.0, 0.5, 1.0]).ok());
        assert_eq!(part(&json!({ "first": 1, "last": 2 })), None);
    }
}
