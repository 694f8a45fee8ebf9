//! Identity documents: fields of a machine readable zone, and those behind their printed labels.
//!
//! `spans` finds the `labels`, `printed` the values that belong to them by their `shapes`, `countries` who issued the
//! document.

pub(super) mod codes;
mod countries;
mod glued;
mod holder;
mod labels;
mod names;
pub(crate) mod national;
mod printed;
mod shapes;
mod spans;
mod states;
mod types;
mod unlabelled;
mod whole;
mod words;
mod zone;

use time::Date;

use self::printed::Printed;
pub use self::{
    national::checked,
    types::document_type,
    zone::{from_zone, with_zone},
};
use super::{dates::Order, sheet::Sheet};
use crate::fields::{Field, FieldName, Fields, Source};

/// The most that the number of a passport is believed whose zone was not read.
const WITHOUT_ZONE: f32 = 0.88;

/// Whether the page has a label for an expiry date: then it must have been read, too.
#[must_use]
pub fn says_expiry(sheet: &Sheet, today: Date) -> bool {
    Printed::of(sheet, document_type(sheet), Order::Unknown, today).says_expiry()
}

/// Whether it says in full what only one kind of card says, beside a number of that card's shape.
#[must_use]
pub fn unmistakable(sheet: &Sheet) -> bool {
    sheet.says(&types::ESTABLISHED) && unlabelled::social_security_row(sheet).is_some()
}

/// Fields behind printed labels, each as sure as its label and its print are clear.
#[must_use]
pub fn from_labels(sheet: &Sheet, order: Order, today: Date) -> Fields {
    let kind = document_type(sheet);
    let mut fields = Printed::of(sheet, kind, order, today).fields();
    let source = sheet.rows.first().map_or(Source::Ocr, |r| r.source);
    // A passport has a zone: where none was read the page is cut off or blurred. The American card has one on its back.
    if kind == Some("passport")
        && !sheet.says(&["passport card"])
        && let Some(number) = fields.get_mut(&FieldName::DocumentNumber)
    {
        number.confidence = number.confidence.min(WITHOUT_ZONE);
    }
    let mut put = |name, value: Option<(&str, f32)>| {
        if let Some((value, confidence)) = value {
            let (page, bbox) = (None, None);
            fields.insert(name, Field { value: value.into(), confidence, page, bbox, source });
        }
    };
    put(FieldName::DocumentType, kind.map(|k| (k, types::confidence(sheet, k))));
    put(FieldName::IssuingCountry, countries::issuing(sheet, kind));
    holder::by_print(&mut fields, sheet);
    fields
}

#[cfg(test)]
mod tests;
